/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory tiering (numa_balancing=2): a page of slow memory is promoted if it is accessed soon after it
 * was protected, how soon being adapted to the rate at which promoting is allowed. The second half of
 * kernel/sched/fair.c, 6.12: should_numa_migrate_memory() and the functions it calls.
 */
#include "linux-numa.h"

enum {
    /* The time is kept where last_cpupid else is: 8 bits of it for the pid and 13 for NR_CPUS of 8192,
     * as distributions build it (include/linux/page-flags-layout.h). */
    TIME_BITS = 21,
    LIMIT_PERIOD_MS = 1000,
    MB_BYTES = 1048576
};

#define GIB (INT64_C(1) << 30)

/* pgdat_free_space_enough() */
static bool has_free_space(const struct numasim_node *node)
{
    int64_t enough = node->total_bytes / 16;

    return node->free_bytes >= node->promo_bytes + (enough > GIB ? enough : GIB);
}

/* numa_promotion_adjust_threshold() */
static void adjust_threshold(const struct numasim_self *self, struct numa_node *own,
                             uint64_t candidates, int64_t now_ms, int64_t limit)
{
    int64_t period_ms = self->param[NUMA_PARAM_PERIOD_MAX];

    if (now_ms - own->th_start_ms <= period_ms) {
        return;
    }
    own->th_start_ms = now_ms;
    own->threshold_ms = numa_adapt_threshold_ms(
        own->threshold_ms, self->param[NUMA_PARAM_HOT_THRESHOLD],
        (int64_t)(candidates - own->th_candidates), limit * period_ms / 1000);
    own->th_candidates = candidates;
}

/* numa_promotion_rate_limit(), for @nr pages of @each base pages one after the other: how many go. */
static int64_t within_limit(struct numa_node *own, uint64_t *candidates, int64_t now_ms,
                            int64_t limit, int64_t nr, int64_t each)
{
    uint64_t before = *candidates;

    *candidates += (uint64_t)(nr * each);
    if (now_ms - own->rl_start_ms > LIMIT_PERIOD_MS) {
        own->rl_start_ms = now_ms;
        own->rl_candidates = before + (uint64_t)each; /* the first of them included */
    }
    int64_t used = (int64_t)(before - own->rl_candidates);
    int64_t left = (limit - 1 - used) / each;

    return limit - 1 < used ? 0 : left < nr ? left : nr;
}

static int64_t latency_ms(const struct numasim_self *self, const struct numasim_fault *f)
{
    int64_t ms = numasim_now(self->host) / 1000000 - f->pages.protected_ns / 1000000;

    return ms & ((INT64_C(1) << TIME_BITS) - 1);
}

static int64_t threshold_ms(const struct numasim_self *self, const struct numa_node *own)
{
    return own->threshold_ms > 0 ? own->threshold_ms : self->param[NUMA_PARAM_HOT_THRESHOLD];
}

/* next_demotion_node(), of the nearest there is; -1 none. */
static int32_t slower_than(const struct numasim_self *self, int32_t node)
{
    const int32_t *order = numasim_fallback(self->host, node);

    for (int32_t i = 0; i < numa_state(self)->nr_nodes; i++) {
        const struct numasim_node *to = numasim_node(self->host, order[i]);

        if (!to->top_tier && to->total_bytes > 0) {
            return order[i];
        }
    }
    return -1;
}

/* colloid_local_lat_gt_remote: does an access from @node to itself take longer now than one to slow
 * memory? The module polls so often that smoothing is over within a millisecond. */
static bool is_slower(const struct numasim_self *self, int32_t node)
{
    int32_t slow = slower_than(self, node);

    return slow >= 0 && numasim_loaded_latency_ns(self->host, node, node) >
                            numasim_loaded_latency_ns(self->host, node, slow);
}

int32_t numa_away_target(const struct numasim_self *self, const struct numasim_fault *f,
                         struct numasim_decision *d)
{
    int32_t node = f->pages.node;
    const struct numa_node *own = numasim_node(self->host, node)->state[self->slot];

    if (!numasim_node(self->host, node)->top_tier || !is_slower(self, node)) {
        return -1;
    }
    numasim_compared(d, "latency_ms", latency_ms(self, f));
    numasim_compared(d, "threshold_ms", threshold_ms(self, own));
    return latency_ms(self, f) < threshold_ms(self, own) ? slower_than(self, node) : -1;
}

int64_t numa_promotable(struct numasim_self *self, struct numasim_fault *f, int32_t dst,
                        struct numasim_decision *d)
{
    struct numasim_node *node = numasim_node(self->host, dst);
    struct numa_node *own = node->state[self->slot];
    int64_t limit =
        self->param[NUMA_PARAM_PROMOTE_LIMIT] * (MB_BYTES / numasim_page_bytes(self->host));
    int64_t now_ms = numasim_now(self->host) / 1000000;
    int64_t each = f->pages.nr_pages / f->nr_faults;

    if (has_free_space(node)) {
        own->threshold_ms = 0;
        if (numa_colloid(self) && is_slower(self, dst)) {
            numasim_decide(d, -1, NUMA_REASON_SLOWER);
            return 0;
        }
        if (self->param[NUMA_PARAM_CANDIDATE_NRL] != 0) {
            node->vmstat[NUMASIM_PGPROMOTE_CANDIDATE_NRL] += (uint64_t)f->pages.nr_pages;
        }
        numasim_decide(d, dst, NUMA_REASON_FREE_SPACE);
        return f->nr_faults;
    }
    adjust_threshold(self, own, node->vmstat[NUMASIM_PGPROMOTE_CANDIDATE], now_ms, limit);
    numasim_compared(d, "latency_ms", latency_ms(self, f));
    numasim_compared(d, "threshold_ms", threshold_ms(self, own));
    if (latency_ms(self, f) >= threshold_ms(self, own)) {
        numasim_decide(d, -1, NUMA_REASON_COLD);
        return 0;
    }
    if (numa_colloid(self) && is_slower(self, dst)) {
        numasim_decide(d, -1, NUMA_REASON_SLOWER);
        return 0;
    }
    int64_t nr = within_limit(own, &node->vmstat[NUMASIM_PGPROMOTE_CANDIDATE], now_ms, limit,
                              f->nr_faults, each);

    numasim_decide(d, nr > 0 ? dst : -1, nr > 0 ? NUMA_REASON_HOT : NUMA_REASON_RATE_LIMIT);
    return nr;
}
