/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a task runs where it runs.
 *
 * Its pace is wall time per unit of work, x 2^20, as a sum of components in a fixed order:
 *
 *   full    the core's own time (1024 / capacity, nominal / present frequency where the machine has
 *           a table, with the tick's share), and the stalls of its LLC misses if every page lay on
 *           the node with the least latency from this CPU
 *   smt     what a busy sibling costs: the core part again, times (1 / speed - 1)
 *   cold    while its working set is not in the LLC: its misses once more, see refill_work()
 *   remote  what its pages cost by lying where they lie
 *
 * Stalls per unit of work are misses x latency / misses in flight.
 */
#include "kernel/internal.h"

/* Stall in pace units for @misses_per_s_milli at @latency_x / @scale ns each, @mlp_ppm at once. */
static uint64_t stall_pace(int64_t misses_per_s_milli, uint128 latency_x, uint64_t scale,
                           int32_t mlp_ppm)
{
    uint128 misses = (uint64_t)misses_per_s_milli;
    uint128 divisor = UINT64_C(1000000) * (uint64_t)mlp_ppm;
    uint128 numerator = latency_x * misses;

    divisor = divisor * scale;
    numerator = numerator << PACE_SHIFT;
    return (uint64_t)(numerator / divisor);
}

/* The least latency from @node to any memory. */
static int64_t best_latency_ns(const struct kernel *k, int32_t node)
{
    int64_t best_ns = TIME_NEVER_NS;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (k->nodes[n].total_bytes > 0) {
            best_ns = MIN(best_ns, machine_latency_ns(k->machine, node, n));
        }
    }
    return best_ns == TIME_NEVER_NS ? 0 : best_ns;
}

/* Sum over nodes of pages x latency from @node; *@ret_pages the pages that are somewhere. */
static uint128 pages_latency(const struct kernel *k, const struct mm_slice *s, int32_t node,
                             uint64_t *ret_pages)
{
    uint128 sum = 0;

    *ret_pages = (uint64_t)(s->total_pages - s->untouched_pages);
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        uint64_t latency_ns = (uint64_t)machine_latency_ns(k->machine, node, n);

        sum += (uint128)latency_ns * (uint64_t)s->pages_by_node[n];
    }
    return sum;
}

/* Speed of one of @running threads of a core, ppm of a lone one: two give 2 s, each further one
 * adds 2 s - 1, s = smt_pace_ppm. */
static uint64_t smt_speed_ppm(const struct kernel *k, int32_t running)
{
    int64_t gain_ppm = 2 * (int64_t)k->machine->costs.smt_pace_ppm - 1000000;
    int64_t total_ppm = 1000000 + (running - 1) * gain_ppm;

    return (uint64_t)MAX(total_ppm / running, 1);
}

static struct pace compute(const struct kernel *k, const struct rq *rq, const struct task *t)
{
    uint64_t core = k->base_pace;
    struct pace pace = {0};
    int32_t running = k->core_running[rq->pub.core];

    if (rq->pub.capacity != 1024) {
        core = core * 1024 / (uint64_t)rq->pub.capacity;
    }
    if (k->frequency != NULL) {
        uint64_t hz = (uint64_t)frequency_hz(k, rq);

        core = MAX(mul_div_u64(core, (uint64_t)k->machine->core_hz, hz), 1);
    }
    pace.full = core;
    if (running > 1 && k->machine->costs.smt_pace_ppm < 1000000) {
        pace.smt = mul_div_u64(core, 1000000, smt_speed_ppm(k, running)) - core;
    }
    for (int32_t i = 0; t->mix != NULL && i < t->mix->nr_entries; i++) {
        const struct mm_mix_entry *e = &t->mix->entries[i];
        const struct mm_region *r = task_process(t)->regions[e->region];
        int64_t best_ns = best_latency_ns(k, rq->pub.node);
        uint64_t pages;
        uint128 latency_x = pages_latency(k, mm_slice(r, t->slice_index), rq->pub.node, &pages);
        uint64_t best = stall_pace(e->misses_per_s_milli, (uint64_t)best_ns, 1, t->mix->mlp_ppm);

        pace.full += best;
        pace.cold += best;
        if (pages > 0) {
            uint64_t stall = stall_pace(e->misses_per_s_milli, latency_x, pages, t->mix->mlp_ppm);

            pace.remote += stall > best ? stall - best : 0;
        }
    }
    pace.total = pace.full + pace.smt + pace.remote;
    return pace;
}

static void emit_rate(struct kernel *k, const struct rq *rq, const struct task *t)
{
    uint64_t cold = t->cold_work > 0 ? t->pace.cold : 0;

    emit(k, TP_SCHED_RATE, t->pub.id, rq->pub.id, (int32_t)MIN(cold, INT32_MAX),
         (int64_t)t->pace.full, (int64_t)t->pace.smt, (int64_t)t->pace.remote);
}

void pace_refresh(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;
    struct pace pace = compute(k, rq, t);

    if (pace.full == t->pace.full && pace.smt == t->pace.smt && pace.remote == t->pace.remote &&
        pace.cold == t->pace.cold) {
        return;
    }
    /* The remainder keeps its worth in work. */
    uint64_t cold = t->cold_work > 0 ? pace.cold : 0;
    uint64_t cold_before = t->cold_work > 0 ? t->pace.cold : 0;

    t->carry = mul_div_u64(t->carry, pace.total + cold, t->pace.total + cold_before);
    t->pace = pace;
    emit_rate(k, rq, t);
}

/* Some 100 days: far beyond any run, and far from overflow. */
#define MAX_COLD_WORK (UINT64_C(1) << 63)

/*
 * How much work @t does until the LLC holds again what it would hold of its working set. What it
 * shares with other threads of its process is there already if one of them has this LLC for its
 * own. A workload says how often a task misses, not how often it would hit: it is taken to hit as
 * often, so that while cold it misses twice as much, and each miss more brings a line.
 */
static uint64_t refill_work(const struct kernel *k, const struct rq *rq, const struct task *t)
{
    const uint64_t milli_per_unit = UINT64_C(1000) * (uint64_t)NSEC_PER_SEC << WORK_SHIFT;
    const struct process *p = task_process(t);
    bool shared_is_warm = p->warm_threads[rq->pub.llc] > 0;
    int64_t bytes = 0, llc_bytes = k->machine->llcs[rq->pub.llc].size_bytes;
    uint64_t misses_per_s_milli = 0;

    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        const struct mm_region *r = p->regions[t->mix->entries[i].region];

        if (!r->shared || !shared_is_warm) {
            bytes += r->working_set_bytes / r->nr_slices;
        }
        misses_per_s_milli += (uint64_t)t->mix->entries[i].misses_per_s_milli;
    }
    if (llc_bytes > 0) {
        bytes = MIN(bytes, llc_bytes);
    }
    if (misses_per_s_milli == 0) {
        return 0;
    }
    uint128 lines = (uint64_t)(bytes / k->machine->cache_line_bytes);

    lines = lines * milli_per_unit / misses_per_s_milli;
    return lines < MAX_COLD_WORK ? (uint64_t)lines : MAX_COLD_WORK;
}

void pace_forget_llc(struct kernel *k, struct task *t)
{
    (void)k;
    if (t->warm_llc >= 0 && t->pub.process != NULL) {
        task_process(t)->warm_threads[t->warm_llc]--;
    }
    t->warm_llc = -1;
}

/* @t, which has a mix, begins to run under an LLC that is not its own. */
static void change_llc(struct kernel *k, struct rq *rq, struct task *t)
{
    uint64_t was_cold = t->cold_work > 0 ? t->pace.cold : 0;

    t->cold_work = t->warm_llc >= 0 ? refill_work(k, rq, t) : 0;
    t->carry = mul_div_u64(t->carry, t->pace.total + (t->cold_work > 0 ? t->pace.cold : 0),
                           t->pace.total + was_cold);
    if (t->cold_work > 0 || was_cold > 0) {
        emit_rate(k, rq, t);
    }
    pace_forget_llc(k, t);
    t->warm_llc = rq->pub.llc;
    task_process(t)->warm_threads[t->warm_llc]++;
}

void pace_switch_in(struct kernel *k, struct rq *rq, struct task *t)
{
    if (t->mix != NULL) {
        list_add_tail(&task_process(t)->running, &t->running);
        if (t->warm_llc != rq->pub.llc) {
            change_llc(k, rq, t);
        }
    }
    pace_refresh(k, rq);
}

void pace_switch_out(struct kernel *k, struct rq *rq, struct task *t)
{
    pace_account(k, rq, t);
    list_del(&t->running);
}

/* Adds @misses to pages of @s to accesses[], by where the pages lie, exactly. */
static void spread_misses(struct kernel *k, const struct mm_slice *s, int32_t cpu_node,
                          uint64_t misses)
{
    uint64_t pages = (uint64_t)(s->total_pages - s->untouched_pages), seen = 0, given = 0;

    if (pages == 0) {
        k->accesses[cpu_node] += misses;
        return;
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (s->pages_by_node[n] == 0) {
            continue;
        }
        seen += (uint64_t)s->pages_by_node[n];
        uint64_t upto = mul_div_u64(misses, seen, pages);

        k->accesses[n] += upto - given;
        given = upto;
    }
}

void pace_account(struct kernel *k, struct rq *rq, struct task *t)
{
    const uint64_t milli_per_unit = UINT64_C(1000) * (uint64_t)NSEC_PER_SEC << WORK_SHIFT;
    const struct mm_mix *mix = t->mix;
    /* Work done cold misses twice. */
    uint64_t work = t->stretch_work + t->stretch_cold_work;

    t->stretch_work = t->stretch_cold_work = 0;
    if (mix == NULL || work == 0) {
        return;
    }
    memset(k->accesses, 0, sizeof(*k->accesses) * (size_t)k->nr_nodes);
    for (int32_t i = 0; i < mix->nr_entries; i++) {
        const struct mm_region *r = task_process(t)->regions[mix->entries[i].region];
        uint128 x = (uint128)work * (uint64_t)mix->entries[i].misses_per_s_milli + t->miss_carry[i];

        t->miss_carry[i] = (uint64_t)(x % milli_per_unit);
        spread_misses(k, mm_slice(r, t->slice_index), rq->pub.node, (uint64_t)(x / milli_per_unit));
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (k->accesses[n] > 0) {
            emit(k, TP_MEM_ACCESS, t->pub.id, rq->pub.node, n, (int64_t)k->accesses[n],
                 machine_latency_ns(k->machine, rq->pub.node, n), 0);
        }
    }
    if (k->nops != NULL && k->nops->accessed != NULL) {
        k->nops->accessed(k->nself, &t->pub, rq->pub.node, k->accesses);
    }
}

void task_set_mix(struct kernel *k, struct task *t, const struct mm_mix *mix)
{
    struct rq *rq = task_rq(k, t);
    bool running = rq->curr == t;

    if (running) {
        settle(k, rq);
        pace_switch_out(k, rq, t);
    }
    g_free(t->miss_carry);
    t->miss_carry = mix != NULL ? g_new0(uint64_t, (gsize)mix->nr_entries) : NULL;
    t->mix = mix;
    if (running) {
        pace_switch_in(k, rq, t); /* where it takes up a mix, its cache is from here on */
        rq->numa_wants_ns = 0;
        tick_rearm(k, rq);
    }
}

void pace_change(struct kernel *k, struct rq *rq)
{
    settle(k, rq);
    if (rq->curr->mix != NULL) {
        pace_account(k, rq, rq->curr);
    }
    pace_refresh(k, rq);
    segment_arm(k, rq);
}

void pace_siblings_changed(struct kernel *k, struct rq *rq)
{
    const uint64_t *cpus = machine_core_cpus(k->machine, rq->pub.core);

    if (k->core_online[rq->pub.core] == 1 || k->machine->costs.smt_pace_ppm >= 1000000) {
        return;
    }
    for (int32_t cpu = numasim_mask_next(cpus, k->online, k->nr_cpus, 0); cpu < k->nr_cpus;
         cpu = numasim_mask_next(cpus, k->online, k->nr_cpus, cpu + 1)) {
        struct rq *sibling = cpu_rq(k, cpu);

        if (sibling != rq && sibling->curr != NULL) {
            pace_change(k, sibling);
        }
    }
}
