/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hint fault: mpol_misplaced(), should_numa_migrate_memory(), migrate_misplaced_folio_prepare(). What a
 * batch of faults alike would each be told, all of them are.
 */
#include "linux-numa.h"

/* NUMA groups spread over nodes: ACTIVE_NODE_FRACTION, and a hysteresis of 3 to 4. */
enum { ACTIVE_FRACTION = 3, SPREAD_HIGH = 4, SPREAD_LOW = 3 };

static const struct numasim_region *region_of(const struct numasim_fault *f)
{
    return numasim_region(f->pages.process, f->pages.region);
}

static bool is_large(const struct numasim_self *self, const struct numasim_fault *f)
{
    return f->pages.page_bytes > numasim_page_bytes(self->host) &&
           f->pages.page_bytes < INT64_C(2097152);
}

/* Where @task's group runs, and where its memory is. */
static int64_t group_cpu(const struct numasim_self *self, const struct numa_task *own, int32_t node)
{
    return numa_sum(self, own->group->faults, NUMA_CPU, node);
}

static int64_t group_mem(const struct numasim_self *self, const struct numa_task *own, int32_t node)
{
    return numa_sum(self, own->group->faults, NUMA_MEM, node);
}

/* should_numa_migrate_memory() from the exchange of last_cpupid on. */
static bool should_migrate(const struct numasim_self *self, const struct numasim_fault *f,
                           int32_t dst, enum numa_reason *reason)
{
    const struct numa_task *own = numa_task(self, f->task);
    int32_t src = f->pages.node, pid = numa_pid(f->task) & NUMA_PID_MASK;
    bool set = f->pages.last_cpu >= 0 && f->pages.last_pid != NUMA_PID_UNSET;

    if (!numa_mode(self, NUMA_MODE_TIERING) && !numasim_node(self->host, src)->top_tier &&
        f->pages.last_cpu < 0) {
        *reason = NUMA_REASON_STALE;
        return false;
    }
    *reason = NUMA_REASON_FIRST;
    if ((f->task->preferred_node < 0 || own->scan_seq <= 4) && (!set || f->pages.last_pid == pid)) {
        return true;
    }
    *reason = NUMA_REASON_FILTER;
    if (set && numasim_cpu(self->host, f->pages.last_cpu)->node != dst) {
        return false;
    }
    *reason = NUMA_REASON_PRIVATE;
    if (set && f->pages.last_pid == pid) {
        return true;
    }
    *reason = NUMA_REASON_NO_GROUP;
    if (own->group == NULL) {
        return true;
    }
    *reason = NUMA_REASON_GROUP_CPU;
    if (group_cpu(self, own, dst) > group_cpu(self, own, src) * ACTIVE_FRACTION) {
        return true;
    }
    bool spreads = group_cpu(self, own, dst) * group_mem(self, own, src) * SPREAD_LOW >
                   group_cpu(self, own, src) * group_mem(self, own, dst) * SPREAD_HIGH;

    *reason = spreads ? NUMA_REASON_GROUP_SPREAD : NUMA_REASON_GROUP_STAYS;
    return spreads;
}

/* How many of the faults' pages @dst has room for above its high watermark
 * (migrate_balanced_pgdat()). */
static int64_t room(const struct numasim_self *self, const struct numasim_fault *f, int32_t dst)
{
    const struct numasim_node *node = numasim_node(self->host, dst);
    int64_t pages = (node->free_bytes - node->high_bytes) / f->pages.page_bytes;

    return pages < 0 ? 0 : pages;
}

/* Asks for @nr of the faults' pages to be moved to @dst. */
static void move(struct numasim_self *self, struct numasim_fault *f, int32_t dst, int64_t nr,
                 enum numa_reason reason, struct numasim_decision *d)
{
    int64_t fit = room(self, f, dst);

    numasim_compared(d, "room", fit);
    if (fit < nr && numa_mode(self, NUMA_MODE_TIERING)) {
        numasim_wake_daemon(self->host, dst, numasim_now(self->host));
    }
    f->target = dst;
    f->nr_move = fit < nr ? fit : nr;
    numasim_decide(d, dst, fit > 0 ? reason : NUMA_REASON_FULL);
}

/* @dst, which the policy allows, is where the faults are. */
static void to_where_it_runs(struct numasim_self *self, struct numasim_fault *f, int32_t dst,
                             struct numasim_decision *d)
{
    enum numa_reason reason;

    if (self->param[NUMA_PARAM_CHECK_MEMORY] != 0 &&
        numasim_node(self->host, dst)->total_bytes == 0) {
        numasim_decide(d, -1, NUMA_REASON_NO_MEMORY);
        return;
    }
    if (numa_mode(self, NUMA_MODE_TIERING) && !numasim_node(self->host, f->pages.node)->top_tier) {
        int64_t nr = numa_promotable(self, f, dst, d);

        if (nr > 0 && dst != f->pages.node) {
            f->set_last_cpu = f->set_last_pid = -1;
            move(self, f, dst, nr, NUMA_REASON_HOT, d);
        }
        return;
    }
    if (numa_colloid(self) && !numa_mode(self, NUMA_MODE_NORMAL)) {
        numasim_decide(d, -1, NUMA_REASON_LOCAL);
        return;
    }
    f->set_last_cpu = f->cpu;
    f->set_last_pid = numa_pid(f->task) & NUMA_PID_MASK;
    if (should_migrate(self, f, dst, &reason) && dst != f->pages.node) {
        move(self, f, dst, f->nr_faults, reason, d);
    } else {
        numasim_decide(d, -1, reason);
    }
}

void numa_hint_fault(struct numasim_self *self, struct numasim_fault *f, struct numasim_decision *d)
{
    struct numasim_region *region = numasim_region(f->pages.process, f->pages.region);
    const struct numasim_mempolicy *policy =
        region->mempolicy != NULL ? region->mempolicy : f->task->mempolicy;
    int32_t here = numasim_cpu(self->host, f->cpu)->node;

    numa_vma_accessed(self, f->task, region);
    if (is_large(self, f) && self->param[NUMA_PARAM_LARGE_FOLIOS] == 0) {
        numasim_decide(d, -1, NUMA_REASON_POLICY);
        return;
    }
    if (!numa_follows_faults(self, f->task, region) ||
        (policy->mode != NUMASIM_MPOL_DEFAULT && !numasim_mask_test(policy->nodes, here))) {
        numasim_decide(d, -1, NUMA_REASON_POLICY);
        return;
    }
    if (policy->mode == NUMASIM_MPOL_DEFAULT && f->pages.node == here) {
        int32_t away = numa_colloid(self) ? numa_away_target(self, f, d) : -1;

        if (away >= 0) {
            f->set_last_cpu = f->set_last_pid = -1;
            move(self, f, away, f->nr_faults, NUMA_REASON_AWAY, d);
        } else {
            numasim_decide(d, -1, NUMA_REASON_LOCAL);
        }
        return;
    }
    to_where_it_runs(self, f, here, d);
}

static void count_promoted(struct numasim_self *self, const struct numasim_fault *f, int64_t pages)
{
    struct numasim_node *dst;

    if (pages == 0 || (self->param[NUMA_PARAM_PROMOTE_COUNT] == NUMA_PROMOTE_COUNT_TIERING &&
                       !numa_mode(self, NUMA_MODE_TIERING))) {
        return;
    }
    dst = numasim_node(self->host, f->target);
    if (dst->top_tier && !numasim_node(self->host, f->pages.node)->top_tier) {
        dst->vmstat[NUMASIM_PGPROMOTE_SUCCESS] += (uint64_t)pages;
    }
}

void numa_fault_done(struct numasim_self *self, const struct numasim_fault *f)
{
    const struct numasim_region *region = region_of(f);
    int32_t here = numasim_cpu(self->host, f->cpu)->node;
    int64_t each = f->pages.nr_pages / f->nr_faults;
    int64_t wanted = f->target >= 0 ? f->nr_move : 0;
    bool slow =
        numa_mode(self, NUMA_MODE_TIERING) && !numasim_node(self->host, f->pages.node)->top_tier;
    struct numa_accounted a = {
        .cpu_node = here,
        .last_cpu = slow ? -1 : f->pages.last_cpu,
        .last_pid = slow ? -1 : f->pages.last_pid,
        .local = f->pages.node == here,
        .no_group = !region->writable,
        .shared_file = region->shared,
    };

    if (is_large(self, f) && self->param[NUMA_PARAM_LARGE_FOLIOS] == 0) {
        return;
    }
    count_promoted(self, f, f->nr_moved * each);
    if (f->nr_moved > 0) {
        a.mem_node = f->target;
        a.pages = f->nr_moved * each;
        a.migrated = true;
        numa_account_fault(self, f->task, &a);
    }
    if (f->nr_moved < f->nr_faults) {
        a.mem_node = f->pages.node;
        a.pages = (f->nr_faults - f->nr_moved) * each;
        a.migrated = false;
        /* Whatever was to go to the target and did not, for want of room or otherwise. */
        a.failed = f->target >= 0 && f->target != f->pages.node &&
                   (f->nr_moved < wanted || room(self, f, f->target) == 0);
        numa_account_fault(self, f->task, &a);
    }
}
