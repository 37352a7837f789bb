/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 6.12: update_sd_lb_stats(), sched_balance_find_src_group() and _src_rq(). */
#include "linux-balance.h"

static uint64_t less_or_zero(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* cpu_util(): of CPU @cpu, with the averages @load. */
static uint64_t cpu_util(const struct numasim_self *self, int32_t cpu, struct numasim_load load)
{
    uint64_t capacity = (uint64_t)numasim_cpu(self->host, cpu)->capacity;
    uint64_t util = lb_util(self, load);

    return util < capacity ? util : capacity;
}

void lb_group_add_load(const struct numasim_self *self, struct lb_group *g, int32_t cpu,
                       const struct numasim_load *without)
{
    struct numasim_load load = numasim_cpu_load(self->host, cpu);

    if (without != NULL) {
        load.load_avg = less_or_zero(load.load_avg, without->load_avg);
        load.runnable_avg = less_or_zero(load.runnable_avg, without->runnable_avg);
        load.util_avg = less_or_zero(load.util_avg, without->util_avg);
        load.util_est = less_or_zero(load.util_est, without->util_est);
    }
    g->load += load.load_avg;
    g->util += cpu_util(self, cpu, load);
    g->runnable += load.runnable_avg;
}

uint32_t lb_nr_fair(const struct numasim_self *self, const struct numasim_cpu *c)
{
    return self->param[LB_PARAM_COUNT_DELAYED] ? c->nr_fair : c->nr_fair - c->nr_delayed;
}

/* The load of the task on @c, if it is too big for that CPU. */
static void add_misfit(const struct lb_env *env, const struct numasim_cpu *c, struct lb_group *g,
                       bool *overloaded)
{
    uint64_t load = lb_misfit_load(env->self, c);

    g->misfit_load = load > g->misfit_load ? load : g->misfit_load;
    *overloaded |= load > 0;
}

/* Sets *@overloaded if a task of @group is too big for its CPU. */
static void add_misfits(const struct lb_env *env, const struct numasim_group *group,
                        struct lb_group *g, bool *overloaded)
{
    const struct lb_sgc *sgc = lb_sgc(env->self, group);

    for (int32_t word = sgc->first_word; word < sgc->end_word; word++) {
        uint64_t bits = group->span[word] & env->cpus[word] & ~lb_state(env->self)->idle[word];

        for (; bits != 0; bits &= bits - 1) {
            add_misfit(env, numasim_cpu(env->host, word * 64 + __builtin_ctzll(bits)), g,
                       overloaded);
        }
    }
}

/* By the word, and CPUs that are neither idle nor have one task one by one. */
bool lb_group_add_counts(const struct numasim_self *self, struct lb_group *g,
                         const struct numasim_group *group, const uint64_t *only)
{
    const struct lb_state *state = lb_state(self);
    const struct lb_sgc *sgc = lb_sgc(self, group);
    bool overloaded = false;

    for (int32_t word = sgc->first_word; word < sgc->end_word; word++) {
        uint64_t bits = group->span[word] & only[word];
        uint64_t idle = bits & state->idle[word], single = bits & state->single[word];
        uint32_t nr_single = lb_weight(single);

        g->idle_cpus += lb_weight(idle);
        g->nr_running += nr_single;
        g->nr_fair += nr_single;
        for (bits &= ~(idle | single); bits != 0; bits &= bits - 1) {
            const struct numasim_cpu *c =
                numasim_cpu(self->host, word * 64 + __builtin_ctzll(bits));

            g->nr_running += c->nr_running;
            g->nr_fair += lb_nr_fair(self, c);
            overloaded |= c->nr_running > 1;
        }
    }
    return overloaded;
}

void lb_group_add_loads(const struct numasim_self *self, struct lb_group *g,
                        const struct numasim_group *group, const uint64_t *only)
{
    struct numasim_load sum = numasim_sum_loads(self->host, group->span, only);

    g->load += sum.load_avg;
    g->util += self->param[LB_PARAM_UTIL_EST] ? sum.util_est : sum.util_avg;
    g->runnable += sum.runnable_avg;
}

/* CPUs that real-time tasks leave so little of that their one fair task should go elsewhere
 * (sched_reduced_capacity()). */
static void add_reduced(const struct lb_env *env, const struct numasim_group *group,
                        struct lb_group *g)
{
    const struct lb_sgc *sgc = lb_sgc(env->self, group);

    for (int32_t word = sgc->first_word; word < sgc->end_word; word++) {
        uint64_t bits = group->span[word] & env->cpus[word] & ~lb_state(env->self)->idle[word];

        for (; bits != 0; bits &= bits - 1) {
            int32_t cpu = word * 64 + __builtin_ctzll(bits);

            if (lb_is_reduced(env->self, env->sd, cpu) &&
                lb_nr_fair(env->self, numasim_cpu(env->host, cpu)) == 1) {
                uint64_t load = numasim_cpu_load(env->host, cpu).load_avg;

                g->misfit_load = load > g->misfit_load ? load : g->misfit_load;
            }
        }
    }
}

/* Averages, of idle CPUs, too, if nobody has added them up yet: most decisions need none. */
static void add_loads(const struct lb_env *env, const struct numasim_group *group,
                      struct lb_group *g)
{
    if (!g->loaded) {
        g->loaded = true;
        lb_group_add_loads(env->self, g, group, env->cpus);
    }
}

/* update_sg_lb_stats(). @loads: its averages are needed, whatever its type. */
static struct lb_group group_stats(const struct lb_env *env, const struct numasim_group *group,
                                   bool local, bool loads, bool *overloaded)
{
    const struct lb_sgc *sgc = lb_sgc(env->self, group);
    bool smt_pull = !local && env->idle != LB_BUSY && lb_state(env->self)->rules.smt_balance;
    bool misfits = !local && (env->sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY) != 0;
    struct lb_group g = {.capacity = sgc->capacity,
                         .min_capacity = sgc->min_capacity,
                         .max_capacity = sgc->max_capacity,
                         .prefer_priority = sgc->prefer_priority,
                         .weight = group->weight,
                         .cores = group->cores,
                         .smt = (group->flags & NUMASIM_SD_SHARE_CPUCAPACITY) != 0};

    *overloaded |= lb_group_add_counts(env->self, &g, group, env->cpus);
    if (misfits) {
        add_misfits(env, group, &g, overloaded);
    } else if (!local && env->idle != LB_BUSY && lb_state(env->self)->capacity_changes &&
               env->self->param[LB_PARAM_REDUCED_CAPACITY]) {
        add_reduced(env, group, &g);
    }
    g.nr_prefer_dst = local || g.nr_fair == 0 ? 0 : lb_llc_pull(env, group);
    g.packs =
        !local && (env->sd->flags & NUMASIM_SD_ASYM_PACKING) != 0 && lb_packs_group(env, group, &g);
    if (loads || lb_type_needs_load(&g)) {
        add_loads(env, group, &g);
    }
    g.type = lb_group_type(&g, lb_imbalance_pct(env->self, env->sd), sgc->imbalanced, smt_pull);
    if (g.type == LB_OVERLOADED) {
        g.avg_load = g.load * 1024 / g.capacity;
    }
    return g;
}

/* True iff balancing @env's domain shows how much room its LLC has. */
static bool shows_room(const struct lb_env *env)
{
    return env->idle != LB_NEWLY_IDLE &&
           env->sd->span_weight == lb_cpu(env->self, env->dst_cpu)->llc_weight;
}

static void update_idle_scan(const struct lb_env *env, uint64_t sum_util)
{
    struct lb_cpu *dst = lb_cpu(env->self, env->dst_cpu);

    dst->llc->nr_idle_scan =
        lb_nr_idle_scan(sum_util, dst->llc_weight, lb_imbalance_pct(env->self, env->sd));
}

static void update_overload(const struct lb_env *env, bool overloaded)
{
    struct lb_state *state = lb_state(env->self);

    if (env->sd->parent == NULL) {
        state->overload = overloaded;
        state->overload_seen = numasim_nr_overloads(env->host);
    }
}

/* The loads that lb_find_imbalance() will look at. */
static void complete_loads(const struct lb_env *env, struct lb_domain_stats *sds,
                           const struct numasim_group *local)
{
    if (lb_needs_local_load(sds)) {
        add_loads(env, local, &sds->local);
    }
    if (!lb_needs_total_load(sds)) {
        return;
    }
    for (uint32_t i = 0; i < env->sd->nr_groups; i++) {
        struct lb_group g = {0};

        add_loads(env, &env->sd->groups[i], &g);
        sds->total_load += g.load;
    }
}

/* SD_PREFER_SIBLING of the level below: as the busiest group has it, or the own child domain. */
static bool prefer_sibling(const struct lb_env *env, const struct numasim_group *busiest)
{
    const struct numasim_domain *child = env->sd->child;
    uint32_t flags = lb_state(env->self)->rules.prefer_sibling_busiest ? busiest->flags
                     : child != NULL                                   ? child->flags
                                                                       : 0;

    return (flags & NUMASIM_SD_PREFER_SIBLING) != 0;
}

/* fbq_classify_group(), fbq_classify_rq() */
static enum lb_fbq classify(uint32_t nr_running, uint32_t nr_numa, uint32_t nr_preferred)
{
    return nr_running > nr_numa        ? LB_FBQ_REGULAR
           : nr_running > nr_preferred ? LB_FBQ_REMOTE
                                       : LB_FBQ_ALL;
}

static enum lb_fbq classify_group(const struct lb_env *env, const struct numasim_group *group)
{
    int32_t nr_cpus = numasim_nr_cpus(env->host);
    uint32_t nr_running = 0, nr_numa = 0, nr_preferred = 0;

    if (!(env->sd->flags & NUMASIM_SD_NUMA) || !numasim_has_numa(env->host)) {
        return LB_FBQ_ALL;
    }
    for (int32_t cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(env->host, cpu);

        nr_running += lb_nr_fair(env->self, c);
        nr_numa += c->nr_numa_running;
        nr_preferred += c->nr_preferred_running;
    }
    return classify(nr_running, nr_numa, nr_preferred);
}

const struct numasim_group *lb_find_busiest_group(struct lb_env *env)
{
    const struct numasim_domain *sd = env->sd;
    const struct numasim_group *busiest = NULL, *local_group = &sd->groups[0];
    struct lb_domain_stats sds = {
        .rules = &lb_state(env->self)->rules,
        .numa = (sd->flags & NUMASIM_SD_NUMA) != 0,
        .share_llc = (sd->flags & NUMASIM_SD_SHARE_LLC) != 0,
        .idle = env->idle,
        .imbalance_pct = lb_imbalance_pct(env->self, sd),
        .imb_numa_nr = sd->imb_numa_nr,
        .asym_capacity = (sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY) != 0,
        .dst_capacity = lb_capacity_of(env->self, env->dst_cpu),
    };
    bool overloaded = false, room = shows_room(env), records = lb_llc_records(env);
    uint64_t sum_util = 0;

    lb_update_capacity(env);
    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        const struct numasim_group *group = &sd->groups[i];
        bool local = numasim_mask_test(group->span, env->dst_cpu);
        struct lb_group g = group_stats(env, group, local, room || records, &overloaded);

        if (records) {
            lb_llc_record(env, group, &g);
        }

        if (local) {
            sds.local = g; /* where groups overlap, the last one that holds the CPU */
            local_group = group;
        } else if (!lb_wrong_capacity(&sds, &g, busiest != NULL) &&
                   lb_busier(sds.rules, &g, &sds.busiest, busiest != NULL)) {
            sds.busiest = g;
            busiest = group;
        }
        sds.total_capacity += g.capacity;
        sum_util += g.util;
    }
    if (room) {
        update_idle_scan(env, sum_util);
    }
    update_overload(env, overloaded);
    if (busiest == NULL) {
        lb_left(env->self, env->dst_cpu, NULL, LB_REASON_BALANCED);
        return NULL;
    }
    sds.has_busiest = true;
    sds.prefer_sibling = prefer_sibling(env, busiest);
    complete_loads(env, &sds, local_group);
    env->fbq = classify_group(env, busiest);
    env->imbalance = lb_find_imbalance(&sds);
    if (env->imbalance.amount <= 0) {
        lb_left(env->self, env->dst_cpu, NULL,
                env->imbalance.numa_allowed ? LB_REASON_NUMA_ALLOWANCE : LB_REASON_SMALL_IMBALANCE);
        return NULL;
    }
    return busiest;
}

/* True iff the one task of @c has a CPU at least as large or ranked above the destination. */
static bool is_well_placed(const struct lb_env *env, const struct numasim_cpu *c)
{
    if ((env->sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY) &&
        !lb_capacity_greater(lb_capacity_of(env->self, env->dst_cpu),
                             lb_capacity_of(env->self, c->id))) {
        return true;
    }
    return (env->sd->flags & NUMASIM_SD_ASYM_PACKING) != 0 &&
           lb_packs(env->self, env->sd, c->id, env->dst_cpu);
}

/* Whether @c may be the source, and by what it is compared with others. */
static bool source_score(const struct lb_env *env, const struct numasim_cpu *c, uint64_t *ret_score)
{
    struct numasim_load load;

    if (classify(c->nr_running, c->nr_numa_running, c->nr_preferred_running) > env->fbq ||
        (c->nr_running == 1 && is_well_placed(env, c))) {
        return false;
    }
    switch (env->imbalance.migration) {
    case LB_MIGRATE_TASK:
        *ret_score = lb_nr_fair(env->self, c);
        return true;
    case LB_MIGRATE_MISFIT:
        *ret_score = lb_misfit_load(env->self, c);
        return true;
    case LB_MIGRATE_LLC_TASK:
        *ret_score =
            lb_llc_nr_preferring(env->self, c->id, lb_cpu(env->self, env->dst_cpu)->llc_first);
        return true;
    case LB_MIGRATE_UTIL:
        if (lb_nr_fair(env->self, c) <= 1) {
            return false;
        }
        load = numasim_cpu_load(env->host, c->id);
        if (env->self->param[LB_PARAM_UTIL_BOOST] && load.runnable_avg > load.util_avg) {
            load.util_avg = load.runnable_avg;
        }
        *ret_score = cpu_util(env->self, c->id, load);
        return true;
    default:
        load = numasim_cpu_load(env->host, c->id);
        if (lb_nr_fair(env->self, c) == 1 && (int64_t)load.load_avg > env->imbalance.amount &&
            !lb_is_reduced(env->self, env->sd, c->id)) {
            return false;
        }
        *ret_score = load.load_avg * 1024 / lb_capacity_of(env->self, c->id);
        return true;
    }
}

/* The CPU of @group with the highest score, its first one, or -1; not one with a single task unless
 * @singles. Nothing scores above @enough. */
static int32_t best_source(const struct lb_env *env, const struct numasim_group *group,
                           bool singles, uint64_t enough, uint64_t *ret_most)
{
    const struct lb_state *state = lb_state(env->self);
    const struct lb_sgc *sgc = lb_sgc(env->self, group);
    int32_t best = -1;

    *ret_most = 0;
    for (int32_t word = sgc->first_word; word < sgc->end_word && *ret_most < enough; word++) {
        uint64_t bits = group->span[word] & env->cpus[word] & ~state->idle[word];

        for (bits &= singles ? UINT64_MAX : ~state->single[word]; bits != 0 && *ret_most < enough;
             bits &= bits - 1) {
            const struct numasim_cpu *c = numasim_cpu(env->host, word * 64 + __builtin_ctzll(bits));
            uint64_t score;

            if (lb_nr_fair(env->self, c) > 0 && source_score(env, c, &score) && score > *ret_most) {
                *ret_most = score;
                best = c->id;
            }
        }
    }
    return best;
}

/* A CPU with one task is no source of utilisation, and one of tasks where no CPU has two. */
int32_t lb_find_busiest_cpu(const struct lb_env *env, const struct numasim_group *group)
{
    bool tasks = env->imbalance.migration == LB_MIGRATE_TASK;
    uint64_t most;

    if (tasks || env->imbalance.migration == LB_MIGRATE_UTIL) {
        int32_t crowded = best_source(env, group, false, UINT64_MAX, &most);

        if (!tasks || most > 1) {
            return crowded;
        }
    }
    return best_source(env, group, true, tasks ? 1 : UINT64_MAX, &most);
}
