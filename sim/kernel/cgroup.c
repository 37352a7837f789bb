/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroups: their queues, and cpusets, which narrow affinities. Weights are in shares.c, quotas in
 * quota.c.
 */
#include "kernel/internal.h"
#include "kernel/mm/memcg.h"

enum { DEFAULT_WEIGHT = 100 };

static struct kernel_cgroup *cgroup_alloc(struct kernel *k, const char *name, int32_t parent)
{
    struct kernel_cgroup *cg = g_new0(struct kernel_cgroup, 1);

    cg->name = g_strdup(name);
    cg->id = k->nr_cgroups;
    cg->parent = parent;
    cg->kernel = k;
    cg->weight = DEFAULT_WEIGHT;
    list_init(&cg->throttled_queues);
    event_init(&cg->period, EVENT_QUOTA, CLASS_TIMER, 0);
    event_init(&cg->slack, EVENT_SLACK, CLASS_TIMER, 0);
    k->cgroups = g_renew(struct kernel_cgroup *, k->cgroups, (gsize)k->nr_cgroups + 1);
    k->cgroups[k->nr_cgroups++] = cg;
    return cg;
}

void cgroups_new(struct kernel *k)
{
    cgroup_alloc(k, "/", -1);
}

void cgroups_free(struct kernel *k)
{
    for (int32_t i = 0; i < k->nr_cgroups; i++) {
        struct kernel_cgroup *cg = k->cgroups[i];

        for (int32_t cpu = 0; cg->queues != NULL && cpu < k->nr_cpus; cpu++) {
            g_free(cg->queues[cpu]);
        }
        g_free(cg->queues);
        memcg_free(cg->memcg);
        g_free(cg->cpus);
        g_free(cg->nodes);
        g_free(cg->name);
        g_free(cg);
    }
    g_free(k->cgroups);
}

int32_t kernel_cgroup_new(struct kernel *k, const char *name, int32_t parent, uint32_t weight,
                          int64_t quota_ns, int64_t period_ns, const uint64_t *cpus,
                          const uint64_t *nodes)
{
    struct kernel_cgroup *cg = cgroup_alloc(k, name, parent);

    cg->weight = weight;
    cg->queues = g_new0(struct fair_queue *, (gsize)k->nr_cpus);
    kernel_cgroup_set_bandwidth(k, cg->id, quota_ns, period_ns, 0);
    if (cpus != NULL) {
        cg->cpus = bitmap_new((uint32_t)k->nr_cpus);
        bitmap_copy(cg->cpus, cpus, (uint32_t)k->nr_cpus);
    }
    if (nodes != NULL) {
        cg->nodes = bitmap_new((uint32_t)k->nr_nodes);
        bitmap_copy(cg->nodes, nodes, (uint32_t)k->nr_nodes);
    }
    return cg->id;
}

bool kernel_has_autogroup(const struct kernel *k)
{
    return k->host[HOST_AUTOGROUP] != 0;
}

int32_t kernel_nr_cgroups(const struct kernel *k)
{
    return k->nr_cgroups;
}

const char *kernel_cgroup_name(const struct kernel *k, int32_t cgroup)
{
    return k->cgroups[cgroup]->name;
}

/* So that the policy's states, which follow the queue in its block, are aligned for any type. */
static size_t padded(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

size_t fair_queue_size(const struct kernel *k)
{
    const struct numasim_policy *policy = k->roles[NUMASIM_ROLE_QUEUE].policy;

    return padded(sizeof(struct fair_queue)) + padded(policy->queue_state_size) +
           padded(policy->entity_state_size);
}

void fair_queue_init(struct kernel *k, struct fair_queue *q, int32_t cpu, int32_t cgroup)
{
    const struct numasim_policy *policy = k->roles[NUMASIM_ROLE_QUEUE].policy;
    char *state = (char *)q + padded(sizeof(*q));

    q->pub.cpu = cpu;
    q->pub.cgroup = cgroup;
    q->pub.state = policy->queue_state_size > 0 ? state : NULL;
    q->pub.flat = fair_is_flat(k);
    q->entity.weight = 1024;
    q->entity.load = q->shares = NICE_0_LOAD;
    q->avg = &q->own_avg;
    q->entity_avg.last_update_ns = -1;
    list_init(&q->leaf);
    list_init(&q->throttled_tasks);
    list_init(&q->throttled_link);
    q->entity.state = policy->entity_state_size > 0 && cgroup != 0
                          ? state + padded(policy->queue_state_size)
                          : NULL;
    if (cgroup != 0) {
        q->pub.parent = &q->entity;
    }
    if (k->qops->queue_init != NULL) {
        k->qops->queue_init(k->qself, &q->pub);
    }
}

/* The queue of cgroup @id on @cpu, made at first use with those above it. */
static struct fair_queue *cgroup_queue(struct kernel *k, int32_t id, int32_t cpu)
{
    if (id == 0) {
        return cpu_rq(k, cpu)->fair;
    }
    struct kernel_cgroup *cg = k->cgroups[id];

    if (cg->queues[cpu] == NULL) {
        struct fair_queue *q = g_malloc0(fair_queue_size(k));

        fair_queue_init(k, q, cpu, id);
        q->parent = cgroup_queue(k, cg->parent, cpu);
        q->depth = q->parent->depth + 1;
        q->throttle_count = q->parent->throttle_count; /* sync_throttle() */
        q->stopped_ns = rq_clock_pelt_ns(k, cpu_rq(k, cpu));
        q->entity.idle_policy = cg->idle;
        cg->queues[cpu] = q;
    }
    return cg->queues[cpu];
}

struct fair_queue *task_queue(struct kernel *k, const struct task *t, int32_t cpu)
{
    return cgroup_queue(k, t->cgroup, cpu);
}

bool cgroup_below(const struct kernel *k, int32_t cgroup, int32_t ancestor)
{
    while (cgroup > 0 && cgroup != ancestor) {
        cgroup = k->cgroups[cgroup]->parent;
    }
    return cgroup == ancestor;
}

/* True if @id is a partition that @t does not belong to. */
static bool foreign_partition(const struct kernel *k, const struct task *t, int32_t id)
{
    return k->cgroups[id]->partition && !cgroup_below(k, t->cgroup, id);
}

/* True if a cpuset, a partition or its own affinity keeps any CPU from @t. */
static bool is_narrowed(const struct kernel *k, const struct task *t)
{
    bool narrowed = t->own_allowed != NULL;

    for (int32_t id = t->cgroup; id > 0; id = k->cgroups[id]->parent) {
        narrowed |= k->cgroups[id]->cpus != NULL;
    }
    for (int32_t id = 1; id < k->nr_cgroups; id++) {
        narrowed |= foreign_partition(k, t, id);
    }
    return narrowed;
}

/* Takes from @t what partitions of others keep; if nothing is left, its own affinity is void. */
static void leave_partitions(struct kernel *k, struct task *t)
{
    uint32_t nr = (uint32_t)k->nr_cpus;
    g_autofree uint64_t *outside = NULL;

    for (int32_t id = 1; id < k->nr_cgroups; id++) {
        if (foreign_partition(k, t, id)) {
            if (outside == NULL) {
                outside = bitmap_new(nr);
                bitmap_copy(outside, k->every_cpu, nr);
            }
            bitmap_andnot(outside, outside, k->cgroups[id]->cpus, nr);
        }
    }
    if (outside == NULL) {
        return;
    }
    if (bitmap_intersects(t->narrowed, outside, nr)) {
        bitmap_and(t->narrowed, t->narrowed, outside, nr);
        return;
    }
    for (int32_t id = t->cgroup; id > 0; id = k->cgroups[id]->parent) {
        const uint64_t *cpus = k->cgroups[id]->cpus;

        if (cpus != NULL && bitmap_intersects(outside, cpus, nr)) {
            bitmap_and(outside, outside, cpus, nr);
        }
    }
    bitmap_copy(t->narrowed, outside, nr);
}

static void narrow(struct kernel *k, struct task *t)
{
    uint32_t nr = (uint32_t)k->nr_cpus;

    if (t->narrowed == NULL) {
        t->narrowed = bitmap_new(nr);
        k->bytes_tasks += BITMAP_WORDS(nr) * sizeof(uint64_t);
    }
    bitmap_copy(t->narrowed, t->own_allowed != NULL ? t->own_allowed : k->every_cpu, nr);
    for (int32_t id = t->cgroup; id > 0; id = k->cgroups[id]->parent) {
        const uint64_t *cpus = k->cgroups[id]->cpus;

        if (cpus == NULL) {
            continue;
        }
        /* Where nothing would be left, the cpuset wins (cpuset_cpus_allowed()). */
        if (bitmap_intersects(t->narrowed, cpus, nr)) {
            bitmap_and(t->narrowed, t->narrowed, cpus, nr);
        } else {
            bitmap_copy(t->narrowed, cpus, nr);
        }
    }
    leave_partitions(k, t);
}

void task_apply_allowed(struct kernel *k, struct task *t)
{
    t->allowed = k->every_cpu;
    if (is_narrowed(k, t)) {
        narrow(k, t);
        t->allowed = t->narrowed;
    }
    t->pub.allowed = t->allowed;
    t->pub.nr_allowed = (int32_t)bitmap_weight(t->allowed, (uint32_t)k->nr_cpus);
}

void kernel_cgroup_make_partition(struct kernel *k, int32_t cgroup)
{
    k->cgroups[cgroup]->partition = true;
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        task_reapply_allowed(k, k->tasks[i]);
    }
}

void kernel_cgroup_set_cpus(struct kernel *k, int32_t cgroup, const uint64_t *cpus)
{
    struct kernel_cgroup *cg = k->cgroups[cgroup];

    if (cg->cpus == NULL) {
        cg->cpus = bitmap_new((uint32_t)k->nr_cpus);
    }
    bitmap_copy(cg->cpus, cpus, (uint32_t)k->nr_cpus);
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        if (cgroup_below(k, k->tasks[i]->cgroup, cgroup)) {
            task_reapply_allowed(k, k->tasks[i]);
        }
    }
}
