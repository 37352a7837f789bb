/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/oom.h"

#include "kernel/mm/memcg.h"
#include "kernel/mm/stall.h"

/* Among whom a victim is looked for (struct oom_control). */
struct oom_control {
    const struct task *by;
    int32_t memcg;         /* -1: memory of nodes is short */
    const uint64_t *nodes; /* of MPOL_BIND, NULL: another policy */
    int64_t total_pages;
};

/* Memory on @nodes (NULL: on all) in base pages, what is in huge page pools apart. */
static int64_t pages_of(const struct kernel *k, const struct process *p, const uint64_t *nodes)
{
    int64_t bytes = 0;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (nodes != NULL ? bitmap_test(nodes, (uint32_t)n) : node_allowed(p, n)) {
            bytes += k->nodes[n].total_bytes;
        }
    }
    return bytes / k->machine->page_size_bytes;
}

/* constrained_alloc() */
static struct oom_control control(const struct kernel *k, const struct task *t,
                                  const struct mm_region *r, int32_t memcg)
{
    const struct numasim_mempolicy *policy =
        r->pub.mempolicy != NULL ? r->pub.mempolicy : &t->mempolicy.pub;
    struct oom_control oc = {.by = t, .memcg = memcg};

    if (memcg >= 0) {
        oc.total_pages = k->cgroups[memcg]->memcg->pub.max_bytes / k->machine->page_size_bytes;
        return oc;
    }
    oc.nodes = policy->mode == NUMASIM_MPOL_BIND ? policy->nodes : NULL;
    oc.total_pages = pages_of(k, task_process(t), oc.nodes);
    return oc;
}

/* oom_cpuset_eligible() for one thread. */
static bool thread_eligible(const struct kernel *k, const struct task *t,
                            const struct oom_control *oc)
{
    const struct process *by = task_process(oc->by), *p = task_process(t);
    uint32_t nr = (uint32_t)k->nr_nodes;

    if (oc->nodes != NULL) {
        return t->mempolicy.pub.mode != NUMASIM_MPOL_BIND ||
               bitmap_intersects(t->mempolicy.pub.nodes, oc->nodes, nr);
    }
    return by->allowed_nodes == NULL || p->allowed_nodes == NULL ||
           bitmap_intersects(by->allowed_nodes, p->allowed_nodes, nr);
}

static bool eligible(const struct kernel *k, const struct process *p, const struct oom_control *oc)
{
    if (p->pub.nr_threads == 0) {
        return false;
    }
    if (oc->memcg >= 0) {
        return cgroup_below(k, p->cgroup, oc->memcg);
    }
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        const struct task *t = k->tasks[i];

        if (task_process(t) == p && t->pub.task_state != NUMASIM_TASK_DEAD &&
            thread_eligible(k, t, oc)) {
            return true;
        }
    }
    return false;
}

/* oom_badness(), without page tables; INT64_MIN: never. */
static int64_t badness(const struct kernel *k, const struct process *p,
                       const struct oom_control *oc)
{
    int64_t bytes = 0;

    if (p->oom_score_adj == OOM_SCORE_ADJ_MIN) {
        return INT64_MIN;
    }
    for (int32_t i = 0; i < p->nr_regions; i++) {
        for (int32_t n = 0; n < k->nr_nodes && !p->regions[i]->pub.hugetlb; n++) {
            bytes += p->regions[i]->bytes_by_node[n];
        }
    }
    return bytes / k->machine->page_size_bytes + oc->total_pages / 1000 * p->oom_score_adj;
}

/* select_bad_process(). NULL: none may be killed; *@ret_waits: an earlier one still exits. */
static struct process *choose(const struct kernel *k, const struct oom_control *oc, bool *ret_waits)
{
    struct process *chosen = NULL;
    int64_t most = INT64_MIN;

    *ret_waits = false;
    for (int32_t i = 0; i < k->nr_processes; i++) {
        struct process *p = k->processes[i];

        if (!eligible(k, p, oc)) {
            continue;
        }
        if (p->oom_victim) {
            *ret_waits = true;
            return NULL;
        }
        int64_t points = badness(k, p, oc);

        if (points != INT64_MIN && points >= most) { /* of equals the last */
            most = points;
            chosen = p;
        }
    }
    return chosen;
}

static struct task *first_thread(const struct kernel *k, const struct process *p)
{
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        if (task_process(k->tasks[i]) == p && k->tasks[i]->pub.task_state != NUMASIM_TASK_DEAD) {
            return k->tasks[i];
        }
    }
    return NULL;
}

/* Kills @p, of which @by may be a thread. */
static void kill_process(struct kernel *k, struct process *p, struct task *by,
                         const struct mm_region *r)
{
    bool own = task_process(by) == p;
    const struct task *t = own ? by : first_thread(k, p);

    emit(k, TP_OOM_KILL, t->pub.id, t->pub.cpu, own ? r->pub.id : -1, 0, 0, 0);
    p->oom_victim = true;
    process_kill(k, p, own ? by : NULL);
}

bool oom_kill(struct kernel *k, struct task *t, const struct mm_region *r, int32_t memcg)
{
    struct oom_control oc = control(k, t, r, memcg);
    bool waits;
    struct process *victim = choose(k, &oc, &waits);

    if (memcg >= 0 && !waits) {
        k->cgroups[memcg]->memcg->pub.events[NUMASIM_MEMCG_OOM]++;
    }
    if (victim != NULL) {
        struct mm_region any = {.pub = {.hugetlb = false}};
        struct memcg *mc = k->cgroups[memcg_of(k, victim, &any)]->memcg;

        k->nodes[task_rq(k, t)->pub.node].vmstat[NUMASIM_OOM_KILL]++;
        if (mc != NULL) {
            mc->pub.events[NUMASIM_MEMCG_OOM_KILL]++;
        }
        kill_process(k, victim, t, r);
        if (victim == task_process(t)) {
            return true;
        }
    } else if (!waits && memcg < 0) {
        kernel_fail(k, "out of memory, and no process may be killed: every oom_score_adj is -1000");
        return true;
    }
    stall_for(t, k->tick_ns);
    return false;
}

void oom_sigbus(struct kernel *k, struct task *t, const struct mm_region *r)
{
    kill_process(k, task_process(t), t, r);
}
