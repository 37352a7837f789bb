/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t less_or_zero(uint32_t a, uint32_t b)
{
    return a > b ? (int64_t)a - b : 0;
}

/* --- Groups ------------------------------------------------------------------------------------- */

static bool is_overloaded(const struct lb_group *g, uint32_t pct)
{
    return g->nr_running > g->weight &&
           (g->capacity * 100 < g->util * pct || g->capacity * pct < g->runnable * 100);
}

static bool has_capacity(const struct lb_group *g, uint32_t pct)
{
    if (g->nr_running < g->weight) {
        return true;
    }
    return g->capacity * pct >= g->runnable * 100 && g->capacity * 100 > g->util * pct;
}

enum lb_group_type lb_group_type(const struct lb_group *g, uint32_t imbalance_pct, bool imbalanced,
                                 bool smt_pull)
{
    if (is_overloaded(g, imbalance_pct)) {
        return LB_OVERLOADED;
    }
    if (imbalanced) {
        return LB_IMBALANCED;
    }
    if (smt_pull && g->smt && g->nr_fair > 1) {
        return LB_SMT_BALANCE;
    }
    return has_capacity(g, imbalance_pct) ? LB_HAS_SPARE : LB_FULLY_BUSY;
}

/* Of two groups with room: fewer idle CPUs, then more tasks. */
static bool busier_spare(const struct lb_group *g, const struct lb_group *busiest)
{
    if (g->idle_cpus != busiest->idle_cpus) {
        return g->idle_cpus < busiest->idle_cpus;
    }
    return g->nr_running > busiest->nr_running;
}

/* Of two full groups: more load; where that is equal, the one that is not of SMT siblings keeps
 * being replaced and the other stays. */
static bool busier_full(const struct lb_group *g, const struct lb_group *busiest)
{
    if (g->avg_load != busiest->avg_load) {
        return g->avg_load > busiest->avg_load;
    }
    return !busiest->smt;
}

bool lb_busier(const struct lb_group *g, const struct lb_group *busiest, bool has_busiest)
{
    if (g->nr_fair == 0) {
        return false;
    }
    if (!has_busiest) {
        return true;
    }
    if (g->type != busiest->type) {
        return g->type > busiest->type;
    }
    switch (g->type) {
    case LB_OVERLOADED:
        return g->avg_load > busiest->avg_load;
    case LB_FULLY_BUSY:
        return busier_full(g, busiest);
    case LB_SMT_BALANCE:
        return g->idle_cpus != 0 || busiest->idle_cpus != 0 ? busier_spare(g, busiest)
                                                            : busier_full(g, busiest);
    case LB_HAS_SPARE:
        if (g->smt != busiest->smt) {
            /* Taking the one task of a core would only make another core idle. */
            return !g->smt || g->nr_fair > 1;
        }
        return busier_spare(g, busiest);
    default:
        return false; /* the first one stays */
    }
}

/* --- How much to pull ---------------------------------------------------------------------------- */

int64_t lb_sibling_imbalance(const struct lb_group *local, const struct lb_group *busiest,
                             enum lb_idle idle)
{
    if (idle == LB_BUSY || busiest->nr_running == 0) {
        return 0;
    }
    int64_t nc_local = local->cores, nc_busiest = busiest->cores;

    if (nc_local == nc_busiest) {
        return less_or_zero(busiest->nr_running, local->nr_running);
    }
    int64_t imbalance =
        max64(0, nc_local * busiest->nr_running - nc_busiest * (int64_t)local->nr_running);
    imbalance = (2 * imbalance + nc_local + nc_busiest) / (nc_local + nc_busiest);
    if (imbalance <= 1 && local->nr_running == 0 && busiest->nr_running > 1) {
        imbalance = 2;
    }
    return imbalance;
}

int64_t lb_adjust_numa_imbalance(int64_t imbalance, uint32_t dst_running, uint32_t imb_numa_nr)
{
    enum { NUMA_IMBALANCE_MIN = 2 }; /* so that a pair that talks stays on its node */

    if (dst_running > imb_numa_nr) {
        return imbalance;
    }
    return imbalance <= NUMA_IMBALANCE_MIN ? 0 : imbalance;
}

static uint64_t average(uint64_t load, uint64_t capacity)
{
    return capacity > 0 ? load * 1024 / capacity : 0;
}

/* The local group has room: fill it, or even out tasks or idle CPUs. */
static struct lb_imbalance imbalance_to_spare(const struct lb_domain_stats *sds)
{
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;
    int64_t tasks;

    if (busiest->type > LB_FULLY_BUSY && !sds->share_llc) {
        int64_t room = max64((int64_t)local->capacity, (int64_t)local->util) - (int64_t)local->util;

        if (room == 0 && sds->idle != LB_BUSY) {
            return (struct lb_imbalance){LB_MIGRATE_TASK, 1};
        }
        return (struct lb_imbalance){LB_MIGRATE_UTIL, room};
    }
    if (busiest->weight == 1 || sds->prefer_sibling) {
        tasks = lb_sibling_imbalance(local, busiest, sds->idle);
    } else {
        tasks = less_or_zero(local->idle_cpus, busiest->idle_cpus);
    }
    if (sds->numa) {
        tasks = lb_adjust_numa_imbalance(tasks, local->nr_running + 1, sds->imb_numa_nr);
    }
    return (struct lb_imbalance){LB_MIGRATE_TASK, tasks >> 1};
}

/* calculate_imbalance(). */
static struct lb_imbalance calculate(const struct lb_domain_stats *sds)
{
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;
    uint64_t local_avg = local->avg_load;
    uint64_t domain_avg = average(sds->total_load, sds->total_capacity);

    if (busiest->type == LB_SMT_BALANCE || busiest->type == LB_IMBALANCED) {
        return (struct lb_imbalance){LB_MIGRATE_TASK, 1};
    }
    if (local->type == LB_HAS_SPARE) {
        return imbalance_to_spare(sds);
    }
    if (local->type < LB_OVERLOADED) {
        local_avg = average(local->load, local->capacity);
        if (local_avg >= busiest->avg_load || local_avg >= domain_avg) {
            return (struct lb_imbalance){LB_MIGRATE_LOAD, 0};
        }
    }
    int64_t above = ((int64_t)busiest->avg_load - (int64_t)domain_avg) * (int64_t)busiest->capacity;
    int64_t below = ((int64_t)domain_avg - (int64_t)local_avg) * (int64_t)local->capacity;
    return (struct lb_imbalance){LB_MIGRATE_LOAD, max64(0, min64(above, below)) / 1024};
}

/* True iff an overloaded local group shows that this is not the place to pull to. */
static bool local_carries_enough(const struct lb_domain_stats *sds)
{
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;

    return local->avg_load >= busiest->avg_load ||
           local->avg_load >= average(sds->total_load, sds->total_capacity) ||
           100 * busiest->avg_load <= sds->imbalance_pct * local->avg_load;
}

/* True iff a busiest group that is not overloaded is no reason to pull. */
static bool not_worth_it(const struct lb_domain_stats *sds)
{
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;

    if (sds->idle == LB_BUSY) {
        return true;
    }
    if (busiest->type == LB_SMT_BALANCE && local->smt != busiest->smt) {
        return false;
    }
    return (busiest->weight > 1 && local->idle_cpus <= busiest->idle_cpus + 1) ||
           busiest->nr_fair == 1;
}

struct lb_imbalance lb_find_imbalance(const struct lb_domain_stats *sds)
{
    const struct lb_imbalance balanced = {LB_MIGRATE_TASK, 0};
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;

    if (!sds->has_busiest) {
        return balanced;
    }
    if (busiest->type == LB_IMBALANCED) {
        return calculate(sds);
    }
    if (local->type > busiest->type ||
        (local->type == LB_OVERLOADED && local_carries_enough(sds))) {
        return balanced;
    }
    if (sds->prefer_sibling && local->type == LB_HAS_SPARE &&
        lb_sibling_imbalance(local, busiest, sds->idle) > 1) {
        return calculate(sds);
    }
    if (busiest->type != LB_OVERLOADED && not_worth_it(sds)) {
        return balanced;
    }
    return calculate(sds);
}

/* --- Placing ------------------------------------------------------------------------------------- */

bool lb_idler(const struct lb_group *g, const struct lb_group *idlest)
{
    if (g->type != idlest->type) {
        return g->type < idlest->type;
    }
    switch (g->type) {
    case LB_OVERLOADED:
    case LB_FULLY_BUSY:
        return g->avg_load < idlest->avg_load;
    case LB_HAS_SPARE:
        if (g->idle_cpus != idlest->idle_cpus) {
            return g->idle_cpus > idlest->idle_cpus;
        }
        return g->util < idlest->util;
    default:
        return false;
    }
}

bool lb_prefer_idlest(const struct lb_group *local, const struct lb_group *idlest, bool numa,
                      uint32_t imbalance_pct, uint32_t imb_numa_nr)
{
    if (local->type != idlest->type) {
        return local->type > idlest->type;
    }
    if (local->type == LB_OVERLOADED || local->type == LB_FULLY_BUSY) {
        uint64_t margin = UINT64_C(1024) * (imbalance_pct - 100) / 100;

        if (numa && idlest->avg_load + margin >= local->avg_load) {
            return false;
        }
        return idlest->avg_load < local->avg_load + margin &&
               100 * local->avg_load > imbalance_pct * idlest->avg_load;
    }
    if (local->type != LB_HAS_SPARE) {
        return false;
    }
    if (numa) {
        int64_t difference = (int64_t)local->idle_cpus - (int64_t)idlest->idle_cpus;

        difference = difference < 0 ? -difference : difference;
        if (lb_adjust_numa_imbalance(difference, local->nr_running + 1, imb_numa_nr) == 0) {
            return false;
        }
    }
    return local->idle_cpus < idlest->idle_cpus;
}

uint32_t lb_nr_idle_scan(uint64_t sum_util, uint32_t llc_weight, uint32_t imbalance_pct)
{
    uint64_t x = sum_util / llc_weight;
    uint64_t taken = x * x * imbalance_pct * imbalance_pct / (UINT64_C(10000) * 1024);

    return (uint32_t)((1024 - (taken < 1024 ? taken : 1024)) * llc_weight / 1024);
}

bool lb_affine_by_weight(const struct lb_affine *a)
{
    int64_t this_load = a->this_load;

    if (a->sync) {
        if (a->waker_load > this_load) {
            return true;
        }
        this_load -= a->waker_load;
    }
    int64_t this_effective = (this_load + a->task_load) * 100 * a->prev_capacity;
    int64_t prev_effective = (a->prev_load - a->task_load) *
                             (100 + ((int64_t)a->imbalance_pct - 100) / 2) * a->this_capacity;
    /* A sync wakeup decides a tie for the waking CPU. */
    return this_effective < prev_effective + (a->sync ? 1 : 0);
}

bool lb_wake_wide(uint32_t waker_flips, uint32_t wakee_flips, uint32_t llc_size)
{
    uint32_t more = waker_flips > wakee_flips ? waker_flips : wakee_flips;
    uint32_t fewer = waker_flips > wakee_flips ? wakee_flips : waker_flips;

    return fewer >= llc_size && more >= (uint64_t)fewer * llc_size;
}

int64_t lb_interval_jiffies(uint32_t interval_ms, uint32_t busy_factor, bool busy, int64_t tick_ns,
                            int32_t nr_online)
{
    int64_t ms = (int64_t)interval_ms * (busy ? busy_factor : 1);
    int64_t jiffies = (ms * 1000000 + tick_ns - 1) / tick_ns;
    int64_t longest = INT64_C(1000000000) / tick_ns * nr_online / 10;

    if (busy) {
        jiffies--; /* so that levels do not all come due at the same tick */
    }
    return max64(1, min64(jiffies, max64(1, longest)));
}
