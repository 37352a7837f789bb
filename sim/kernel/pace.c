/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a task runs where it runs.
 *
 * Its pace is wall time per unit of work, x 2^20, as a sum of components in a fixed order:
 *
 *   full       the core's own time (1024 / capacity, nominal / present frequency where the machine
 *              has a table, with the tick's share), and the stalls of its LLC misses if every page
 *              lay on the node with the least latency from this CPU
 *   smt        what a busy sibling costs: the core part again, times (1 / speed - 1)
 *   cold       while its working set is not in the LLC: the misses that it would not have, llc.c
 *   remote     what its pages cost by lying where they lie
 *   bandwidth  what others' use of the same memory costs: waiting, and shares of what is full
 *   tlb        walks for what the TLB does not reach
 *
 * Stalls per unit of work are misses x latency / misses in flight. A task without a mix of accesses
 * has the first two alone, and keeps them itself; one with a mix runs as a member of a class (rate.h).
 */
#include "kernel/internal.h"
#include "kernel/mm/internal.h"

#include "kernel/mm/copies.h"
#include "kernel/mm/rate.h"
#include "kernel/mm/side-cache.h"

/*
 * Where pages lie counts in parts of this: a task's share of accesses to a node moves in such steps, so
 * that moving some pages of many changes no rate.
 */
enum { NODE_PARTS = 256 };

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

int64_t node_best_latency_ns(const struct kernel *k, int32_t node)
{
    return k->best_latency_ns[node];
}

void paces_new(struct kernel *k)
{
    k->best_latency_ns = g_new(int64_t, (gsize)k->nr_nodes);
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        k->best_latency_ns[n] = best_latency_ns(k, n);
    }
    k->flows = g_new(struct rate_flow, (gsize)k->nr_nodes);
    side_caches_new(k);
    rates_new(k);
    llc_shares_new(k);
}

void paces_free(struct kernel *k)
{
    llc_shares_free(k);
    rates_free(k);
    side_caches_free(k);
    g_free(k->flows);
    g_free(k->best_latency_ns);
}

/* ------------------------------------------------------------------------------------------- */
/* The core's part                                                                              */

/* Speed of one of @running threads of a core, ppm of a lone one: two give 2 s, each further one
 * adds 2 s - 1, s = smt_pace_ppm. */
static uint64_t smt_speed_ppm(const struct kernel *k, int32_t running)
{
    int64_t gain_ppm = 2 * (int64_t)k->machine->costs.smt_pace_ppm - 1000000;
    int64_t total_ppm = 1000000 + (running - 1) * gain_ppm;

    return (uint64_t)MAX(total_ppm / running, 1);
}

static uint64_t core_pace(const struct kernel *k, const struct rq *rq, uint64_t *ret_smt)
{
    uint64_t core = k->base_pace;
    int32_t running = k->core_running[rq->pub.core];

    if (rq->pub.capacity != 1024) {
        core = core * 1024 / (uint64_t)rq->pub.capacity;
    }
    if (k->frequency != NULL) {
        uint64_t hz = (uint64_t)frequency_hz(k, rq);

        core = MAX(mul_div_u64(core, (uint64_t)k->machine->core_hz, hz), 1);
    }
    *ret_smt = 0;
    if (running > 1 && k->machine->costs.smt_pace_ppm < 1000000) {
        *ret_smt = mul_div_u64(core, 1000000, smt_speed_ppm(k, running)) - core;
    }
    return core;
}

/* ------------------------------------------------------------------------------------------- */
/* Memory's part                                                                                */

uint64_t pace_misses_milli(const struct kernel *k, const struct rq *rq, const struct task *t,
                           const struct mm_mix_entry *e, uint64_t *ret_cold_milli)
{
    const struct mm_region *r = task_process(t)->regions[e->region];
    uint64_t milli = (uint64_t)e->milli;

    if (!e->references) {
        /* A workload that says how often a task misses does not say how often it would hit: it is
         * taken to hit as often. */
        *ret_cold_milli = milli;
        return milli;
    }
    int64_t set_bytes = mm_working_set_bytes(r);
    int64_t share_bytes = llc_share_bytes(k, rq, set_bytes);
    uint64_t hits = 0;

    if (share_bytes >= set_bytes) {
        hits = milli;
    } else if (
        !r->sequential) { /* what comes round in order is evicted just before it is used again */
        hits = mul_div_u64(milli, (uint64_t)share_bytes, (uint64_t)set_bytes);
    }
    *ret_cold_milli = hits;
    return milli - hits;
}

/* Adds @misses_milli, unless @writes_alone, and what is written back for them to flows[], by where
 * @told_by_node says that the @pages pages lie. */
static void add_told_flows(struct kernel *k, const int64_t *told_by_node, uint64_t pages,
                           int32_t cpu_node, uint64_t misses_milli, uint32_t writes_ppm,
                           bool writes_alone)
{
    uint64_t seen = 0, given_parts = 0;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        uint64_t parts = n == cpu_node ? NODE_PARTS : 0; /* untouched: it will be there */

        if (pages > 0) {
            seen += (uint64_t)told_by_node[n];
            uint64_t upto = (NODE_PARTS * seen + pages / 2) / pages; /* to the nearest part */

            parts = upto - given_parts;
            given_parts = upto;
        }
        if (parts > 0) {
            uint64_t milli = mul_div_u64(misses_milli, parts, NODE_PARTS);

            if (!writes_alone) {
                k->flows[n].misses_milli += milli;
                k->flows[n].side_milli += side_cache_misses(k, n, milli);
            }
            k->flows[n].writes_milli += mul_div_u64(milli, writes_ppm, 1000000);
        }
    }
}

/* Adds @misses_milli to flows[], by where the pages of @s lie: reads go to replicas, writes never. */
static void add_flows(struct kernel *k, const struct mm_slice *s, int32_t cpu_node,
                      uint64_t misses_milli, uint32_t writes_ppm)
{
    const int64_t *read = copies_told(k, s, cpu_node);
    uint64_t pages = (uint64_t)s->told_pages;

    if (read == s->told_by_node) {
        add_told_flows(k, read, pages, cpu_node, misses_milli, writes_ppm, false);
        return;
    }
    add_told_flows(k, read, pages, cpu_node, misses_milli, 0, false);
    add_told_flows(k, s->told_by_node, pages, cpu_node, misses_milli, writes_ppm, true);
}

/* Of @milli accesses, those that the TLB does not reach, in a region of @bytes. */
static uint64_t tlb_misses(const struct kernel *k, const struct mm_region *r, uint64_t milli,
                           int64_t bytes, int64_t entries, int64_t page_bytes)
{
    int64_t reach = entries * page_bytes;

    if (entries == 0 || reach >= bytes) {
        return 0;
    }
    if (r->sequential) { /* one for each page */
        return mul_div_u64(milli, (uint64_t)k->machine->cache_line_bytes, (uint64_t)page_bytes);
    }
    return mul_div_u64(milli, (uint64_t)(bytes - reach), (uint64_t)bytes);
}

/* What the TLB does not reach of a region costs a walk each, as many at once as misses. Of transparent
 * huge pages there are as many as there were when that was last told: entries for them, and for base
 * pages, reach their share of the region each. */
static uint64_t tlb_pace(const struct kernel *k, const struct mm_region *r,
                         const struct mm_slice *s, uint64_t milli, int32_t mlp_ppm)
{
    const struct machine_tlb *tlb = &k->machine->tlb;
    int64_t bytes = mm_working_set_bytes(r), page_bytes = r->pub.page_bytes, huge_bytes = bytes;
    bool huge = page_bytes >= INT64_C(1) << 21;
    uint64_t huge_milli = milli, misses = 0;

    if (page_bytes >= INT64_C(1) << 30) {
        misses = tlb_misses(k, r, milli, bytes, tlb->entries_1g, page_bytes);
    } else {
        if (s->told_pages > 0) { /* else as they will be */
            huge_bytes = (int64_t)mul_div_u64((uint64_t)bytes, (uint64_t)s->told_huge,
                                              (uint64_t)s->told_pages);
            huge_milli = mul_div_u64(milli, (uint64_t)s->told_huge, (uint64_t)s->told_pages);
        } else if (!huge) {
            huge_bytes = 0;
            huge_milli = 0;
        }
        misses = tlb_misses(k, r, huge_milli, huge_bytes, tlb->entries_2m, INT64_C(1) << 21) +
                 tlb_misses(k, r, milli - huge_milli, bytes - huge_bytes, tlb->entries_base,
                            huge ? k->machine->page_size_bytes : page_bytes);
    }
    uint128 ns = (uint128)misses * (uint64_t)tlb->walk_ns;

    return (uint64_t)((ns << PACE_SHIFT) / (UINT64_C(1000000) * (uint64_t)mlp_ppm));
}

static struct pace_inputs inputs_of(const struct kernel *k, const struct rq *rq,
                                    const struct task *t)
{
    struct pace_inputs in = {
        .told = k->nr_side_changes,
        .level_bytes = llc_share_bytes(k, rq, INT64_MAX),
        .llc = rq->pub.llc,
        .cpu_node = rq->pub.node,
        .cold = t->cold_work > 0,
    };

    in.core = core_pace(k, rq, &in.smt);
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        in.told += t->access[i].slice->nr_told;
    }
    return in;
}

/* True if @t's last class followed from just the same. */
static bool same_inputs(const struct task *t, const struct pace_inputs *in)
{
    const struct pace_inputs *last = &t->pace_inputs;

    return t->last_class >= 0 && in->core == last->core && in->smt == last->smt &&
           in->told == last->told && in->level_bytes == last->level_bytes && in->llc == last->llc &&
           in->cpu_node == last->cpu_node && in->cold == last->cold;
}

/* The class that @t is of on @rq: k->flows has its flows, without gaps. */
static struct rate_key make_key(struct kernel *k, struct rq *rq, const struct task *t,
                                const struct pace_inputs *in)
{
    const struct mm_mix *mix = t->mix;
    struct rate_key key = {.core = in->core,
                           .smt = in->smt,
                           .llc = in->llc,
                           .cpu_node = in->cpu_node,
                           .mlp_ppm = mix->mlp_ppm};
    int64_t best_ns = k->best_latency_ns[rq->pub.node];
    uint64_t cold_milli = 0;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        k->flows[n] = (struct rate_flow){.node = n};
    }
    for (int32_t i = 0; i < mix->nr_entries; i++) {
        const struct mm_mix_entry *e = &mix->entries[i];
        const struct mm_region *r = task_process(t)->regions[e->region];
        uint64_t more, misses = pace_misses_milli(k, rq, t, e, &more);

        if (t->cold_work > 0) {
            cold_milli += more;
            misses += more;
        }
        key.tlb += tlb_pace(k, r, t->access[i].slice, (uint64_t)e->milli, mix->mlp_ppm);
        add_flows(k, t->access[i].slice, rq->pub.node, misses, e->writes_ppm);
    }
    /* The misses of a cold cache are its own component, what they would cost near; the way to remote
     * pages is remote's. */
    uint128 cold = (uint128)cold_milli * (uint64_t)best_ns;

    key.cold = (uint64_t)((cold << PACE_SHIFT) / (UINT64_C(1000000) * (uint64_t)mix->mlp_ppm));
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (k->flows[n].misses_milli > 0 || k->flows[n].writes_milli > 0) {
            k->flows[key.nr_flows++] = k->flows[n];
        }
    }
    return key;
}

/* ------------------------------------------------------------------------------------------- */

static void emit_own(struct kernel *k, const struct rq *rq, const struct task *t)
{
    emit(k, TP_SCHED_RATE, t->pub.id, rq->pub.id, -1, (int64_t)t->pace.full, (int64_t)t->pace.smt,
         rq->stretch_overhead_ns);
}

static void refresh_own(struct kernel *k, const struct rq *rq, struct task *t)
{
    struct pace pace = {0};

    pace.full = core_pace(k, rq, &pace.smt);
    pace.total = pace.full + pace.smt;
    if (pace.full == t->pace.full && pace.smt == t->pace.smt) {
        return;
    }
    /* The remainder keeps its worth in work. */
    t->carry = mul_div_u64(t->carry, pace.total, t->pace.total);
    t->pace = pace;
    emit_own(k, rq, t);
}

void pace_refresh(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    if (t->mix == NULL) {
        refresh_own(k, rq, t);
        return;
    }
    struct pace_inputs inputs = inputs_of(k, rq, t);
    bool other;

    if (!same_inputs(t, &inputs) || !rate_rejoin(k, t, &other)) {
        struct rate_key key = make_key(k, rq, t, &inputs);

        other = rate_join(k, t, &key, k->flows);
        t->pace_inputs = inputs;
    }
    if (other) {
        emit(k, TP_SCHED_RATE, t->pub.id, rq->pub.id, rate_class_id(t), 0, 0,
             rq->stretch_overhead_ns);
    }
}

void pace_switch_in(struct kernel *k, struct rq *rq, struct task *t)
{
    if (t->mix != NULL) {
        list_add_tail(&task_process(t)->running, &t->running);
        slices_enter(t);
        llc_enter(k, rq, t);
        fault_enter(k, t);
    }
    pace_refresh(k, rq);
}

void pace_switch_out(struct kernel *k, struct rq *rq, struct task *t)
{
    access_account(k, rq, t);
    if (t->mix != NULL) {
        fault_leave(k, t);
        rate_leave(k, t);
        llc_leave(k, rq, t);
        slices_leave(t);
        list_del(&t->running);
    }
}

void task_set_mix(struct kernel *k, struct task *t, const struct mm_mix *mix)
{
    struct rq *rq = task_rq(k, t);
    bool running = rq->curr == t;

    if (mix == t->mix) {
        return;
    }
    if (running) {
        settle(k, rq);
        pace_switch_out(k, rq, t);
    }
    g_free(t->access);
    t->access = mix != NULL ? g_new0(struct task_access, (gsize)mix->nr_entries) : NULL;
    for (int32_t i = 0; mix != NULL && i < mix->nr_entries; i++) {
        t->access[i].task = t;
        list_init(&t->access[i].user);
        t->access[i].slice =
            mm_slice(task_process(t)->regions[mix->entries[i].region], t->slice_index);
    }
    t->mix = mix;
    t->last_class = -1;
    if (running) {
        pace_switch_in(k, rq, t); /* where it takes up a mix, its cache is from here on */
        if (mix == NULL) {        /* its pace is its own again, be it as it was */
            emit_own(k, rq, t);
        }
        rq->numa_wants_ns = 0;
        tick_rearm(k, rq);
    }
}

void pace_change(struct kernel *k, struct rq *rq)
{
    settle(k, rq);
    if (rq->curr->mix != NULL) {
        access_account(k, rq, rq->curr);
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
