/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which nodes a process's pages may lie on: cpuset.mems of its cgroups, what a placement policy left,
 * and the memory policies that follow these (kernel/cgroup/cpuset.c, mm/mempolicy.c, 6.12).
 */
#include "kernel/mm/object.h"

/* The nodes with memory among those allowed to @p, newly allocated. */
static uint64_t *mems_of(const struct kernel *k, const struct process *p)
{
    uint64_t *mems = bitmap_new((uint32_t)k->nr_nodes);

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (node_allowed(p, n) && k->nodes[n].total_bytes > 0) {
            bitmap_set(mems, (uint32_t)n);
        }
    }
    return mems;
}

void kernel_process_set_nodes(struct kernel *k, struct process *p, const uint64_t *nodes)
{
    uint32_t nr = (uint32_t)k->nr_nodes;

    if (p->allowed_nodes == NULL) {
        p->allowed_nodes = bitmap_new(nr);
        p->pub.allowed_nodes = p->allowed_nodes;
    }
    bitmap_copy(p->allowed_nodes, nodes, nr);

    g_autofree uint64_t *mems = mems_of(k, p);

    for (int32_t i = 0; i < k->nr_tasks; i++) {
        if (task_process(k->tasks[i]) == p) {
            mempolicy_rebind(&k->tasks[i]->mempolicy, mems, nr);
        }
    }
    for (int32_t i = 0; i < p->nr_regions; i++) {
        mempolicy_rebind(&p->regions[i]->mempolicy, mems, nr);
    }
}

bool kernel_task_set_mempolicy(struct kernel *k, struct task *t,
                               const struct numasim_mempolicy *policy, GError **error)
{
    struct process *p = task_process(t);
    g_autofree uint64_t *mems = mems_of(k, p);

    if (!mempolicy_set(&t->mempolicy, policy, mems, (uint32_t)k->nr_nodes, error)) {
        return false;
    }
    p->pub.bound = p->pub.bound || t->mempolicy.pub.mode == NUMASIM_MPOL_BIND;
    return true;
}

static bool region_bind(const struct kernel *k, struct mm_region *r,
                        const struct numasim_mempolicy *policy, const uint64_t *mems,
                        GError **error)
{
    if (!mempolicy_set(&r->mempolicy, policy, mems, (uint32_t)k->nr_nodes, error)) {
        return false;
    }
    /* mbind(MPOL_DEFAULT) takes a region's policy away. */
    r->pub.mempolicy = r->mempolicy.pub.mode != NUMASIM_MPOL_DEFAULT ? &r->mempolicy.pub : NULL;
    return true;
}

bool kernel_region_set_mempolicy(struct kernel *k, struct process *p, int32_t region,
                                 const struct numasim_mempolicy *policy, GError **error)
{
    struct mm_region *r = p->regions[region];
    const struct mm_object *o = region_object(r);
    g_autofree uint64_t *mems = mems_of(k, p);

    if (o == NULL) {
        return region_bind(k, r, policy, mems, error);
    }
    for (int32_t i = 0; i < o->nr_mappings; i++) { /* it is the object's */
        if (!region_bind(k, o->mappings[i].region, policy, mems, error)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* cpuset.mems                                                                                  */

/* cpuset.mems.effective of @cgroup into @nodes: what is asked for of the parent's; all of that where
 * nothing is asked for or nothing would be left. */
static void effective_mems(const struct kernel *k, int32_t cgroup, uint64_t *nodes)
{
    uint32_t nr = (uint32_t)k->nr_nodes;

    if (cgroup <= 0) {
        bitmap_fill(nodes, nr);
        return;
    }
    const uint64_t *own = k->cgroups[cgroup]->nodes;

    effective_mems(k, k->cgroups[cgroup]->parent, nodes);
    if (own != NULL && bitmap_intersects(nodes, own, nr)) {
        bitmap_and(nodes, nodes, own, nr);
    }
}

/* What @p may use within @cgroup. False if there is no memory on any of that. */
static bool process_mems(const struct kernel *k, const struct process *p, int32_t cgroup,
                         uint64_t *nodes)
{
    uint32_t nr = (uint32_t)k->nr_nodes;

    effective_mems(k, cgroup, nodes);
    if (p->placed_nodes != NULL && bitmap_intersects(nodes, p->placed_nodes, nr)) {
        bitmap_and(nodes, nodes, p->placed_nodes, nr);
    }
    for (uint32_t n = 0; n < nr; n++) {
        if (bitmap_test(nodes, n) && k->nodes[n].total_bytes > 0) {
            return true;
        }
    }
    return false;
}

bool kernel_process_join(struct kernel *k, struct process *p, int32_t cgroup, GError **error)
{
    g_autofree uint64_t *nodes = bitmap_new((uint32_t)k->nr_nodes);

    if (!process_mems(k, p, cgroup, nodes)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "the cpusets of process '%s' leave it no node with memory", p->pub.name);
        return false;
    }
    p->cgroup = cgroup;
    kernel_process_set_nodes(k, p, nodes);
    return true;
}

/* The cpusets of @p have changed. */
static void mems_changed(struct kernel *k, struct process *p, bool migrate)
{
    g_autofree uint64_t *nodes = bitmap_new((uint32_t)k->nr_nodes);
    g_autofree uint64_t *from = mems_of(k, p);

    if (!process_mems(k, p, p->cgroup, nodes)) {
        kernel_fail(k, "the cpusets of process '%s' leave it no node with memory", p->pub.name);
        return;
    }
    kernel_process_set_nodes(k, p, nodes);
    p->mems_changed = true;

    g_autofree uint64_t *to = mems_of(k, p);

    if (migrate && !bitmap_equal(from, to, (uint32_t)k->nr_nodes)) {
        mover_start(k, p, "kworker/u", from, to);
    }
}

void kernel_cgroup_set_nodes(struct kernel *k, int32_t cgroup, const uint64_t *nodes, bool migrate)
{
    struct kernel_cgroup *cg = k->cgroups[cgroup];

    if (cg->nodes == NULL) {
        cg->nodes = bitmap_new((uint32_t)k->nr_nodes);
    }
    bitmap_copy(cg->nodes, nodes, (uint32_t)k->nr_nodes);
    for (int32_t i = 0; i < k->nr_processes; i++) {
        struct process *p = k->processes[i];

        if (cgroup_below(k, p->cgroup, cgroup) && p->pub.nr_threads > 0) {
            mems_changed(k, p, migrate);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Moving processes                                                                             */

/* sched_move_task(): takes @t off its queue and puts it on that of @cgroup on the same CPU. */
static void task_set_cgroup(struct kernel *k, struct task *t, int32_t cgroup)
{
    struct rq *rq = task_rq(k, t);
    bool queued = t->on_rq;

    if (t->pub.task_state == NUMASIM_TASK_DELAYED) {
        fair_finish_delayed(k, rq, t);
        queued = false;
    }
    if (queued) {
        settle(k, rq);
        if (!dequeue_task(k, rq, t, NUMASIM_DEQUEUE_MIGRATE)) {
            return; /* a fault */
        }
        if (rq->curr == t) {
            t->pub.task_state = NUMASIM_TASK_WAKING;
            schedule(k, rq);
        }
    }
    if (k->failed) {
        return;
    }
    bool has_load =
        t->pub.sched_class == NUMASIM_CLASS_FAIR && t->queue != NULL && t->avg.last_update_ns >= 0;

    if (has_load) {
        task_update_load(k, t);
        task_detach_load(k, rq, t);
    }
    t->cgroup = cgroup;
    t->sched_idle = t->pub.se.idle_policy || cgroup_is_idle(k, cgroup);
    if (t->queue != NULL) {
        t->queue = task_queue(k, t, rq->pub.id);
    }
    if (has_load) {
        task_attach_load(k, rq, t, false);
    }
    if (queued) {
        cpu_set_idle(k, rq, false);
        enqueue_task(k, rq, t, NUMASIM_ENQUEUE_MIGRATED);
        check_preempt(k, rq, t, 0, rq->pub.id);
    }
}

void kernel_process_set_cgroup(struct kernel *k, struct process *p, int32_t cgroup, bool migrate)
{
    p->cgroup = cgroup;
    for (int32_t i = 0; i < k->nr_tasks && !k->failed; i++) {
        struct task *t = k->tasks[i];

        if (task_process(t) == p && t->pub.task_state != NUMASIM_TASK_DEAD) {
            task_set_cgroup(k, t, cgroup);
            task_reapply_allowed(k, t);
        }
    }
    mems_changed(k, p, migrate);
}

void kernel_process_migrate_pages(struct kernel *k, struct process *p, const uint64_t *from,
                                  const uint64_t *to)
{
    mover_start(k, p, "migratepages", from, to);
}
