/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

#include "balance.h"

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
    if (g->nr_prefer_dst > 0) {
        return LB_LLC_BALANCE;
    }
    if (imbalanced) {
        return LB_IMBALANCED;
    }
    if (g->packs) {
        return LB_ASYM_PACKING;
    }
    if (smt_pull && g->smt && g->nr_fair > 1) {
        return LB_SMT_BALANCE;
    }
    if (g->misfit_load > 0) {
        return LB_MISFIT_TASK;
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

/* Of two full groups: more load; where that is equal, as it is without overload, the first stays,
 * or the one that is not of SMT siblings keeps being replaced. */
static bool busier_full(const struct lb_rules *rules, const struct lb_group *g,
                        const struct lb_group *busiest)
{
    if (g->avg_load != busiest->avg_load) {
        return g->avg_load > busiest->avg_load;
    }
    return rules->fully_busy_last && !busiest->smt;
}

bool lb_busier(const struct lb_rules *rules, const struct lb_group *g,
               const struct lb_group *busiest, bool has_busiest)
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
    case LB_LLC_BALANCE:
        return g->nr_prefer_dst > busiest->nr_prefer_dst;
    case LB_FULLY_BUSY:
        return busier_full(rules, g, busiest);
    case LB_SMT_BALANCE:
        return g->idle_cpus != 0 || busiest->idle_cpus != 0 ? busier_spare(g, busiest)
                                                            : busier_full(rules, g, busiest);
    case LB_HAS_SPARE:
        if (rules->spare_smt && g->smt != busiest->smt) {
            /* Taking the one task of a core would only make another core idle. */
            return !g->smt || g->nr_fair > 1;
        }
        return busier_spare(g, busiest);
    case LB_ASYM_PACKING:
        return g->prefer_priority < busiest->prefer_priority;
    case LB_MISFIT_TASK:
        return g->misfit_load > busiest->misfit_load;
    default:
        return false; /* the first one stays */
    }
}

bool lb_fits(uint64_t util, uint32_t capacity)
{
    return util * 1280 < (uint64_t)capacity * 1024;
}

bool lb_capacity_greater(uint32_t a, uint32_t b)
{
    return (uint64_t)a * 1024 > (uint64_t)b * 1078;
}

bool lb_wrong_capacity(const struct lb_domain_stats *sds, const struct lb_group *g,
                       bool has_busiest)
{
    enum lb_group_type present = has_busiest ? sds->busiest.type : LB_HAS_SPARE;

    if (!sds->asym_capacity) {
        return false;
    }
    if (g->type == LB_MISFIT_TASK) {
        return !lb_capacity_greater(sds->dst_capacity, g->max_capacity) ||
               sds->local.type != LB_HAS_SPARE;
    }
    return g->type <= LB_FULLY_BUSY && g->type == present &&
           lb_capacity_greater(g->min_capacity, sds->dst_capacity);
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

int64_t lb_allow_numa_imbalance(const struct lb_rules *rules, int64_t imbalance,
                                const struct lb_group *local, const struct lb_group *busiest,
                                uint32_t imb_numa_nr)
{
    switch (rules->numa_imbalance) {
    case LB_NUMA_NONE:
        return imbalance;
    case LB_NUMA_PAIR:
        return busiest->nr_running <= 2 ? 0 : imbalance;
    case LB_NUMA_QUARTER:
        /* As if a quarter less one were allowed to run: "less than a quarter" has work. */
        return busiest->nr_running < busiest->weight / 4 && imbalance <= 2 ? 0 : imbalance;
    default:
        return lb_adjust_numa_imbalance(imbalance, local->nr_running + 1, imb_numa_nr);
    }
}

/* Tasks by which the busiest group exceeds the local one. */
static int64_t task_difference(const struct lb_domain_stats *sds)
{
    return sds->rules->sibling_imbalance
               ? lb_sibling_imbalance(&sds->local, &sds->busiest, sds->idle)
               : less_or_zero(sds->busiest.nr_running, sds->local.nr_running);
}

static uint64_t average(uint64_t load, uint64_t capacity)
{
    return capacity > 0 ? load * 1024 / capacity : 0;
}

/* True iff the room of the local group is filled by utilisation. */
static bool fills_room(const struct lb_domain_stats *sds)
{
    return sds->busiest.type > LB_FULLY_BUSY && (!sds->share_llc || sds->rules->util_within_llc);
}

/* The local group has room: fill it, or even out tasks or idle CPUs. */
static struct lb_imbalance imbalance_to_spare(const struct lb_domain_stats *sds)
{
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;
    int64_t tasks;

    if (fills_room(sds)) {
        int64_t room = max64((int64_t)local->capacity, (int64_t)local->util) - (int64_t)local->util;

        if (room == 0 && sds->idle != LB_BUSY) {
            return (struct lb_imbalance){.migration = LB_MIGRATE_TASK, .amount = 1};
        }
        return (struct lb_imbalance){.migration = LB_MIGRATE_UTIL, .amount = room};
    }
    if (busiest->weight == 1 || sds->prefer_sibling) {
        tasks = task_difference(sds);
    } else {
        tasks = less_or_zero(local->idle_cpus, busiest->idle_cpus);
    }
    if (!sds->rules->numa_total) {
        tasks >>= 1;
    }
    bool any = tasks > 0;

    if (sds->numa) {
        tasks = lb_allow_numa_imbalance(sds->rules, tasks, local, busiest, sds->imb_numa_nr);
    }
    return (struct lb_imbalance){.migration = LB_MIGRATE_TASK,
                                 .amount = sds->rules->numa_total ? tasks >> 1 : tasks,
                                 .numa_allowed = any && tasks == 0};
}

/* calculate_imbalance(). */
static struct lb_imbalance calculate(const struct lb_domain_stats *sds)
{
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;
    uint64_t local_avg = local->avg_load;
    uint64_t domain_avg = average(sds->total_load, sds->total_capacity);

    if (busiest->type == LB_MISFIT_TASK) {
        return sds->asym_capacity
                   ? (struct lb_imbalance){.migration = LB_MIGRATE_MISFIT, .amount = 1}
                   : (struct lb_imbalance){.migration = LB_MIGRATE_LOAD,
                                           .amount = (int64_t)busiest->misfit_load};
    }
    if (busiest->type == LB_ASYM_PACKING) {
        return (struct lb_imbalance){.migration = LB_MIGRATE_TASK, .amount = busiest->nr_fair};
    }
    if (busiest->type == LB_LLC_BALANCE) {
        return (struct lb_imbalance){.migration = LB_MIGRATE_LLC_TASK, .amount = 1};
    }
    if (busiest->type == LB_SMT_BALANCE || busiest->type == LB_IMBALANCED) {
        return (struct lb_imbalance){.migration = LB_MIGRATE_TASK, .amount = 1};
    }
    if (local->type == LB_HAS_SPARE) {
        return imbalance_to_spare(sds);
    }
    if (local->type < LB_OVERLOADED) {
        local_avg = average(local->load, local->capacity);
        if (local_avg >= busiest->avg_load || local_avg >= domain_avg) {
            return (struct lb_imbalance){.migration = LB_MIGRATE_LOAD, .amount = 0};
        }
    }
    int64_t above = ((int64_t)busiest->avg_load - (int64_t)domain_avg) * (int64_t)busiest->capacity;
    int64_t below = ((int64_t)domain_avg - (int64_t)local_avg) * (int64_t)local->capacity;
    return (struct lb_imbalance){.migration = LB_MIGRATE_LOAD,
                                 .amount = max64(0, min64(above, below)) / 1024};
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

bool lb_needs_total_load(const struct lb_domain_stats *sds)
{
    return sds->has_busiest && sds->local.type != LB_HAS_SPARE &&
           sds->local.type <= sds->busiest.type;
}

bool lb_needs_local_load(const struct lb_domain_stats *sds)
{
    return lb_needs_total_load(sds) ||
           (sds->has_busiest && sds->local.type == LB_HAS_SPARE && fills_room(sds));
}

struct lb_imbalance lb_find_imbalance(const struct lb_domain_stats *sds)
{
    const struct lb_imbalance balanced = {.migration = LB_MIGRATE_TASK};
    const struct lb_group *local = &sds->local, *busiest = &sds->busiest;

    if (!sds->has_busiest) {
        return balanced;
    }
    if (busiest->type == LB_MISFIT_TASK || busiest->type == LB_ASYM_PACKING ||
        busiest->type == LB_IMBALANCED) {
        return calculate(sds);
    }
    if (local->type > busiest->type ||
        (local->type == LB_OVERLOADED && local_carries_enough(sds))) {
        return balanced;
    }
    if (sds->prefer_sibling && local->type == LB_HAS_SPARE &&
        (busiest->type == LB_LLC_BALANCE || task_difference(sds) > 1)) {
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
    case LB_MISFIT_TASK:
        return g->max_capacity > idlest->max_capacity;
    default:
        return false;
    }
}

/* True iff a new task stays on its node, for all that the other has more idle CPUs. */
static bool stays_on_node(const struct lb_rules *rules, const struct lb_group *local,
                          const struct lb_group *idlest, const struct lb_fork *domain)
{
    int64_t difference = (int64_t)local->idle_cpus - (int64_t)idlest->idle_cpus;

    switch (rules->numa_imbalance) {
    case LB_NUMA_NONE:
    case LB_NUMA_PAIR:
        return local->idle_cpus > 0;
    case LB_NUMA_QUARTER:
        return local->nr_running < domain->span_weight / 4;
    default:
        if (!rules->numa_total) {
            return local->nr_running + 1 <= domain->imb_numa_nr;
        }
        difference = difference < 0 ? -difference : difference;
        return lb_adjust_numa_imbalance(difference, local->nr_running + 1, domain->imb_numa_nr) ==
               0;
    }
}

bool lb_prefer_idlest(const struct lb_rules *rules, const struct lb_group *local,
                      const struct lb_group *idlest, const struct lb_fork *domain)
{
    uint32_t pct = domain->imbalance_pct;

    if (local->type != idlest->type) {
        return local->type > idlest->type;
    }
    if (local->type == LB_OVERLOADED || local->type == LB_FULLY_BUSY) {
        uint64_t margin = UINT64_C(1024) * (pct - 100) / 100;

        if (domain->numa && idlest->avg_load + margin >= local->avg_load) {
            return false;
        }
        return idlest->avg_load < local->avg_load + margin &&
               100 * local->avg_load > pct * idlest->avg_load;
    }
    if (local->type == LB_MISFIT_TASK) {
        return local->max_capacity < idlest->max_capacity;
    }
    if (local->type != LB_HAS_SPARE ||
        (domain->numa && stays_on_node(rules, local, idlest, domain))) {
        return false;
    }
    return local->idle_cpus < idlest->idle_cpus;
}

uint32_t lb_nr_idle_scan(uint64_t sum_util, uint32_t llc_weight, uint32_t imbalance_pct)
{
    uint64_t x = sum_util / llc_weight;
    uint64_t taken = x * x * imbalance_pct * imbalance_pct / (UINT64_C(10000) * 1024);

    return (uint32_t)((1024 - (taken < 1024 ? taken : 1024)) * llc_weight / 1024);
}

uint32_t lb_nr_idle_scan_prop(int64_t avg_idle_ns, int64_t avg_scan_cost_ns, uint32_t span_weight)
{
    int64_t cost = avg_scan_cost_ns + 1;
    int64_t span_idle = avg_idle_ns / 512 * span_weight;

    /* The kernel stops in front of the last one that it counts. */
    return (uint32_t)(span_idle > 4 * cost ? min64(span_idle / cost, UINT32_MAX) : 4) - 1;
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
                             (100 + (a->bias ? ((int64_t)a->imbalance_pct - 100) / 2 : 0)) *
                             a->this_capacity;
    /* A sync wakeup decides a tie for the waking CPU. */
    return this_effective < prev_effective + (a->sync ? 1 : 0);
}

bool lb_wake_wide(uint32_t waker_flips, uint32_t wakee_flips, uint32_t llc_size)
{
    return balance_wake_wide(waker_flips, wakee_flips, llc_size);
}

int64_t lb_interval_jiffies(uint32_t interval_ms, uint32_t busy_factor, bool busy, bool minus_one,
                            int64_t tick_ns, int32_t nr_online)
{
    return balance_interval_jiffies(interval_ms, busy_factor, busy, minus_one, tick_ns, nr_online);
}

uint32_t lb_newidle_ratio(uint32_t success, int64_t since_ns)
{
    enum { NS_PER_SUCCESS_SHIFT = 22 }; /* about 4 ms: what is rare costs little, and may go on */

    return (uint32_t)min64(1024, success + (since_ns >> NS_PER_SUCCESS_SHIFT));
}
