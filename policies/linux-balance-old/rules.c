/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool old_has_capacity(const struct old_group *g, uint32_t imbalance_pct)
{
    return g->nr_running < g->weight || g->capacity * 100 > g->util * imbalance_pct;
}

void old_group_finish(struct old_group *g, uint32_t imbalance_pct, bool imbalanced)
{
    g->avg_load = g->load * OLD_SCALE / g->capacity;
    g->load_per_task = g->nr_running > 0 ? g->weighted / g->nr_running : 0;
    g->no_capacity = g->nr_running > g->weight && g->capacity * 100 < g->util * imbalance_pct;
    g->type = g->no_capacity ? OLD_OVERLOADED : imbalanced ? OLD_IMBALANCED : OLD_OTHER;
}

bool old_busier(const struct old_group *g, const struct old_group *busiest, bool has_busiest,
                bool by_min_load)
{
    if (!has_busiest) {
        /* The kernel begins with a busiest group of type other and load 0. */
        return g->type != OLD_OTHER || g->avg_load > 0;
    }
    if (g->type != busiest->type) {
        return g->type > busiest->type;
    }
    if (by_min_load && g->min_load != busiest->min_load) {
        return g->min_load > busiest->min_load;
    }
    return g->avg_load > busiest->avg_load;
}

/* Where no share of the load fits: one task, if that evens out or gains throughput
 * (fix_small_imbalance()). */
static uint64_t small_imbalance(const struct old_domain_stats *sds)
{
    const struct old_group *local = &sds->local, *busiest = &sds->busiest;
    uint64_t local_task = local->nr_running > 0 ? local->load_per_task : sds->dst_load_per_task;
    uint64_t parts = local->nr_running > 0 && busiest->load_per_task > local_task ? 1 : 2;
    uint64_t scaled = busiest->load_per_task * OLD_SCALE / busiest->capacity;
    uint64_t now, moved = 0, added;

    if (busiest->avg_load + scaled >= local->avg_load + scaled * parts) {
        return busiest->load_per_task;
    }
    now = (busiest->capacity * min_u64(busiest->load_per_task, busiest->avg_load) +
           local->capacity * min_u64(local_task, local->avg_load)) /
          OLD_SCALE;
    if (busiest->avg_load > scaled) {
        moved = busiest->capacity * min_u64(busiest->load_per_task, busiest->avg_load - scaled);
    }
    added = min_u64(busiest->avg_load * busiest->capacity, busiest->load_per_task * OLD_SCALE) /
            local->capacity;
    moved += local->capacity * min_u64(local_task, local->avg_load + added);
    return moved / OLD_SCALE > now ? busiest->load_per_task : 0;
}

static uint64_t calculate_imbalance(struct old_domain_stats *sds, uint64_t average)
{
    struct old_group *local = &sds->local, *busiest = &sds->busiest;
    uint64_t above = UINT64_MAX, pull, imbalance;

    if (busiest->type == OLD_IMBALANCED) {
        busiest->load_per_task = min_u64(busiest->load_per_task, average);
    }
    if (busiest->avg_load <= average || local->avg_load >= average) {
        return small_imbalance(sds);
    }
    if (busiest->type == OLD_OVERLOADED && local->type == OLD_OVERLOADED) {
        uint64_t load = (uint64_t)busiest->nr_running * OLD_SCALE;

        above = load > busiest->capacity ? load - busiest->capacity : UINT64_MAX;
    }
    pull = min_u64(busiest->avg_load - average, above);
    imbalance = min_u64(pull * busiest->capacity, (average - local->avg_load) * local->capacity) /
                OLD_SCALE;
    return imbalance < busiest->load_per_task ? small_imbalance(sds) : imbalance;
}

/* The patch of the paper: what the least loaded CPUs carry counts, not what the average does. */
static uint64_t imbalance_by_min_load(const struct old_domain_stats *sds)
{
    return sds->local.min_load >= sds->busiest.max_load
               ? 0
               : (sds->busiest.max_load - sds->local.min_load) / 2;
}

static bool loads_balanced(const struct old_domain_stats *sds, uint64_t average)
{
    const struct old_group *local = &sds->local, *busiest = &sds->busiest;

    if (sds->by_min_load) {
        return local->min_load >= busiest->min_load;
    }
    if (local->avg_load >= busiest->avg_load || local->avg_load >= average) {
        return true;
    }
    if (sds->idle == OLD_IDLE) {
        return busiest->type != OLD_OVERLOADED && local->idle_cpus <= busiest->idle_cpus + 1;
    }
    return 100 * busiest->avg_load <= sds->imbalance_pct * local->avg_load;
}

int64_t old_find_imbalance(const struct old_domain_stats *given, bool *ret_balanced)
{
    struct old_domain_stats sds = *given;
    uint64_t average = sds.total_load * OLD_SCALE / sds.total_capacity;
    bool surplus =
        (sds.idle == OLD_NEWLY_IDLE || (sds.idle == OLD_IDLE && sds.idle_takes_surplus)) &&
        old_has_capacity(&sds.local, sds.imbalance_pct) && sds.busiest.no_capacity;

    *ret_balanced = true;
    if (!sds.has_busiest || sds.busiest.nr_running == 0) {
        return 0;
    }
    if (sds.busiest.type != OLD_IMBALANCED && !surplus && loads_balanced(&sds, average)) {
        return 0;
    }
    *ret_balanced = false;
    return (int64_t)(sds.by_min_load ? imbalance_by_min_load(&sds)
                                     : calculate_imbalance(&sds, average));
}

void old_decay_history(uint64_t *history, uint64_t load, int64_t ticks)
{
    enum { FORGOTTEN = 512 }; /* ticks after which nothing of cpu_load[4] is left */

    for (int64_t tick = ticks < FORGOTTEN ? 0 : ticks - FORGOTTEN; tick < ticks; tick++) {
        for (uint32_t i = 1; i <= 4; i++) {
            uint64_t old = history[i - 1], scale = UINT64_C(1) << i;
            uint64_t new = load > old ? load + scale - 1 : load;

            history[i - 1] = (old * (scale - 1) + new) >> i;
        }
    }
}

uint32_t old_load_idx(bool share_capacity, bool share_llc, bool numa, enum old_idle idle)
{
    if (idle == OLD_NEWLY_IDLE || share_capacity) {
        return 0;
    }
    if (share_llc) {
        return idle == OLD_BUSY ? 2 : 0;
    }
    if (numa) {
        return idle == OLD_BUSY ? 3 : 2;
    }
    return idle == OLD_BUSY ? 2 : 1;
}

bool old_wake_affine(uint64_t this_load, uint64_t prev_load, uint64_t task_load,
                     uint32_t this_capacity, uint32_t prev_capacity, uint32_t imbalance_pct)
{
    uint64_t here = UINT64_C(100) * prev_capacity;
    uint64_t there = UINT64_C(100) + (imbalance_pct - 100) / 2;

    there *= this_capacity;
    if (this_load > 0) {
        here *= this_load + task_load;
        there *= prev_load;
    }
    return here <= there;
}
