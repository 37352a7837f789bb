/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects that plugins see, made from the machine and its sched_domains. */
#include "kernel/internal.h"

#include "machine/tiers.h"

/* The descriptor's size field at @offset: how much state a plugin wants for a kind of object. */
static size_t state_size(const struct numasim_policy *policy, size_t offset)
{
    return *(const size_t *)(const void *)((const char *)policy + offset);
}

void states_new(struct kernel *k, void *state[NUMASIM_NR_ROLES], size_t size_offset)
{
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        size_t size = state_size(k->plugins[slot], size_offset);

        state[slot] = size > 0 ? g_malloc0(size) : NULL;
    }
}

void states_free(struct kernel *k, void *state[NUMASIM_NR_ROLES])
{
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        g_clear_pointer(&state[slot], g_free);
    }
}

#define STATE_OF(kind) offsetof(struct numasim_policy, kind##_state_size)

/* What stands behind a struct rq begins on a cache line. */
enum { RQ_BYTES = (sizeof(struct rq) + 63) / 64 * 64 };

static struct rq *rq_new(struct kernel *k, int32_t cpu)
{
    const struct machine_cpu *mc = &k->machine->cpus[cpu];
    struct rq *rq = slab_alloc(k->rq_slab);

    rq->pub = (struct numasim_cpu){
        .id = cpu,
        .core = mc->core,
        .llc = mc->llc,
        .die = mc->die,
        .package = mc->package,
        .node = mc->node,
        .capacity = mc->capacity,
        .priority = mc->priority,
        .avg_idle_ns = NSEC_PER_MSEC, /* kernel/sched/core.c: sched_init(): 2 * migration cost */
    };
    rq->pelt_clock.scaled =
        mc->capacity != 1024 || (k->machine->nr_frequencies > 0 && k->machine->core_hz > 0);
    list_init(&rq->waiting);
    for (size_t prio = 0; prio < G_N_ELEMENTS(rq->rt); prio++) {
        list_init(&rq->rt[prio]);
    }
    rq->next_tick_ns = TIME_NEVER_NS;
    states_new(k, rq->pub.state, STATE_OF(cpu));
    list_init(&rq->leaf_queues);
    rq->fair = (struct fair_queue *)(void *)((char *)rq + RQ_BYTES);
    fair_queue_init(k, rq->fair, cpu, 0);
    rq->fair->avg = &rq->avg;
    k->bytes_cpus += slab_stride(k->rq_slab);
    return rq;
}

static void llcs_new(struct kernel *k)
{
    const struct machine *m = k->machine;

    k->llcs = g_new0(struct numasim_llc, (gsize)m->nr_llcs);
    for (int32_t i = 0; i < m->nr_llcs; i++) {
        struct numasim_llc *llc = &k->llcs[i];

        llc->id = i;
        llc->cpus = machine_llc_cpus(m, i);
        llc->size_bytes = m->llcs[i].size_bytes;
        llc->nr_cpus = bitmap_weight(llc->cpus, (uint32_t)m->nr_cpus);
        states_new(k, llc->state, STATE_OF(llc));
    }
}

/* The largest r with r * r <= @n. */
static int64_t isqrt(int64_t n)
{
    int64_t r = 0;

    for (int64_t bit = INT64_C(1) << 31; bit > 0; bit >>= 1) {
        if ((r + bit) * (r + bit) <= n) {
            r += bit;
        }
    }
    return r;
}

/*
 * The low watermark of each node (mm/page_alloc.c: calculate_min_free_kbytes(),
 * setup_per_zone_wmarks(); mm/khugepaged.c: set_recommended_min_free_kbytes(), 6.12), with the
 * zones of x86-64: DMA, DMA32 and a NORMAL one on each node with memory; watermark_scale_factor 10.
 */
static void watermarks_new(struct kernel *k)
{
    const struct machine *m = k->machine;
    int64_t total_kib = 0, zones = 2;

    for (int32_t i = 0; i < m->nr_nodes; i++) {
        total_kib += m->nodes[i].memory_bytes >> 10;
        zones += m->nodes[i].memory_bytes > 0;
    }
    int64_t min_free_kib = CLAMP(isqrt(16 * total_kib), 128, 262144);

    min_free_kib = MAX(min_free_kib, 4 * MIN(512 * zones * 11, total_kib / 4 / 20));
    for (int32_t i = 0; i < m->nr_nodes && total_kib > 0; i++) {
        int64_t node_kib = m->nodes[i].memory_bytes >> 10;
        int64_t min_kib = min_free_kib * node_kib / total_kib;

        int64_t gap_kib = MAX(min_kib / 4, node_kib / 1000);

        k->nodes[i].min_bytes = min_kib << 10;
        k->nodes[i].low_bytes = (min_kib + gap_kib) << 10;
        k->nodes[i].high_bytes = (min_kib + 2 * gap_kib) << 10;
        k->nodes[i].promo_bytes = (min_kib + 3 * gap_kib) << 10;
    }
}

/* Top tiers: that of the slowest node with CPUs, and all faster (mm/memory-tiers.c: node_is_toptier()). */
static void tiers_new(struct kernel *k)
{
    g_autofree int32_t *distances = g_new(int32_t, (gsize)k->nr_nodes);
    int32_t slowest = 0;

    machine_abstract_distances(k->machine, distances);
    for (int32_t i = 0; i < k->nr_nodes; i++) {
        k->nodes[i].abstract_distance = distances[i];
        if (k->nodes[i].nr_cpus > 0) {
            slowest = MAX(slowest, distances[i] / MACHINE_TIER_CHUNK);
        }
    }
    for (int32_t i = 0; i < k->nr_nodes; i++) {
        k->nodes[i].top_tier = distances[i] / MACHINE_TIER_CHUNK <= slowest;
    }
}

static void nodes_new(struct kernel *k)
{
    const struct machine *m = k->machine;

    k->nodes = g_new0(struct numasim_node, (gsize)m->nr_nodes);
    k->fallback = g_new0(int32_t, (gsize)m->nr_nodes * (gsize)m->nr_nodes);
    k->accesses = g_new0(uint64_t, (gsize)m->nr_nodes);
    k->writes = g_new0(uint64_t, (gsize)m->nr_nodes);
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        struct numasim_node *node = &k->nodes[i];

        node->id = i;
        node->tier = (int32_t)m->nodes[i].tier;
        node->cpus = machine_node_cpus(m, i);
        node->nr_cpus = bitmap_weight(node->cpus, (uint32_t)m->nr_cpus);
        node->total_bytes = node->free_bytes = m->nodes[i].memory_bytes;
        node->hugetlb_2m_free = m->nodes[i].hugetlb_2m_pages;
        node->hugetlb_1g_free = m->nodes[i].hugetlb_1g_pages;
        node->free_bytes -= (node->hugetlb_2m_free << 21) + (node->hugetlb_1g_free << 30);
        node->read_bytes_per_s = m->nodes[i].read_bandwidth_bytes_per_s;
        node->write_bytes_per_s = m->nodes[i].write_bandwidth_bytes_per_s;
        node->vmstat = g_new0(uint64_t, NUMASIM_NR_VM_ITEMS);
        states_new(k, node->state, STATE_OF(node));
        machine_fallback_order(m, i, k->fallback + (gsize)i * (gsize)m->nr_nodes);
    }
    watermarks_new(k);
    tiers_new(k);
    k->daemons = g_new0(struct node_daemon *, (gsize)m->nr_nodes);
}

static void core_set_idle(struct kernel *k, int32_t core, bool idle)
{
    const uint64_t *cpus = machine_core_cpus(k->machine, core);

    for (int32_t cpu = numasim_mask_next(cpus, k->online, k->nr_cpus, 0); cpu < k->nr_cpus;
         cpu = numasim_mask_next(cpus, k->online, k->nr_cpus, cpu + 1)) {
        if (idle) {
            bitmap_set(k->idle_cores, (uint32_t)cpu);
        } else {
            bitmap_clear(k->idle_cores, (uint32_t)cpu);
        }
    }
}

/* Keeps the masks and counts of idle CPUs, and of cores that are idle as a whole. */
static void idle_account(struct kernel *k, struct rq *rq, bool idle)
{
    uint32_t cpu = (uint32_t)rq->pub.id;
    int32_t core = rq->pub.core;
    struct numasim_llc *llc = &k->llcs[rq->pub.llc];

    rq->pub.idle = idle;
    if (idle) {
        rq->pub.idle_since_ns = k->now_ns;
        bitmap_set(k->idle, cpu);
        llc->nr_idle_cpus++;
        if (++k->core_idle[core] == k->core_online[core]) {
            core_set_idle(k, core, true);
            llc->nr_idle_cores++;
        }
    } else {
        bitmap_clear(k->idle, cpu);
        llc->nr_idle_cpus--;
        if (k->core_idle[core]-- == k->core_online[core]) {
            core_set_idle(k, core, false);
            llc->nr_idle_cores--;
        }
    }
}

void cpu_set_idle(struct kernel *k, struct rq *rq, bool idle)
{
    if (rq->pub.idle == idle) {
        return;
    }
    idle_account(k, rq, idle);
    if (k->bops != NULL && k->bops->idle_changed != NULL) {
        k->bops->idle_changed(k->bself, rq->pub.id, idle);
    }
}

static bool core_is_idle(const struct kernel *k, int32_t core)
{
    return k->core_idle[core] > 0 && k->core_idle[core] == k->core_online[core];
}

void cpu_account_online(struct kernel *k, struct rq *rq, bool online)
{
    uint32_t cpu = (uint32_t)rq->pub.id;
    int32_t core = rq->pub.core;
    bool was_idle = core_is_idle(k, core);

    g_assert(!rq->pub.idle);
    if (online) {
        bitmap_set(k->online, cpu);
    } else {
        bitmap_clear(k->online, cpu);
    }
    k->nr_online += online ? 1 : -1;
    k->core_online[core] += online ? 1 : -1;
    bool is_idle = core_is_idle(k, core);

    if (is_idle != was_idle) { /* the CPU's siblings idle, and it was the one that did not */
        core_set_idle(k, core, is_idle);
        k->llcs[rq->pub.llc].nr_idle_cores += is_idle ? 1 : -1u;
    }
}

static void masks_new(struct kernel *k)
{
    const struct machine *m = k->machine;

    k->online = bitmap_new((uint32_t)m->nr_cpus);
    k->idle = bitmap_new((uint32_t)m->nr_cpus);
    k->sched_idle = bitmap_new((uint32_t)m->nr_cpus);
    k->idle_cores = bitmap_new((uint32_t)m->nr_cpus);
    k->single = bitmap_new((uint32_t)m->nr_cpus);
    load_sums_new(&k->loads, m->nr_cpus);
    k->scratch = bitmap_new((uint32_t)m->nr_cpus);
    k->rt_busy = bitmap_new((uint32_t)m->nr_cpus);
    k->rt_overloaded = bitmap_new((uint32_t)m->nr_cpus);
    k->every_cpu = bitmap_new((uint32_t)m->nr_cpus);
    bitmap_fill(k->every_cpu, (uint32_t)m->nr_cpus);
    k->core_running = g_new0(int32_t, (gsize)m->nr_cores);
    k->core_idle = g_new0(int32_t, (gsize)m->nr_cores);
    k->core_online = g_new0(int32_t, (gsize)m->nr_cores);
    k->resched_cpus = g_new0(int32_t, (gsize)m->nr_cpus);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct rq *rq = cpu_rq(k, cpu);

        if (!bitmap_test(m->offline, (uint32_t)cpu)) {
            rq->pub.online = true;
            cpu_account_online(k, rq, true);
        }
    }
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (cpu_rq(k, cpu)->pub.online) {
            idle_account(k, cpu_rq(k, cpu), true);
        }
    }
}

/* Wall time per work of a lone task without a miss on the fastest CPU at the highest frequency. */
static uint64_t least_pace(const struct kernel *k)
{
    const struct machine *m = k->machine;
    int32_t capacity = 1;
    int64_t hz = m->nr_frequencies > 0 ? 0 : m->core_hz;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        capacity = MAX(capacity, m->cpus[cpu].capacity);
    }
    for (int32_t i = 0; i < m->nr_frequencies; i++) {
        hz = MAX(hz, m->frequencies[i].hz);
    }
    uint64_t pace = k->base_pace * 1024 / (uint64_t)capacity;

    return hz > 0 ? mul_div_u64(pace, (uint64_t)m->core_hz, (uint64_t)hz) : pace;
}

void objects_new(struct kernel *k)
{
    const struct machine *m = k->machine;

    k->nr_cpus = m->nr_cpus;
    k->nr_nodes = m->nr_nodes;
    k->nr_llcs = m->nr_llcs;
    k->rq_slab = slab_new(RQ_BYTES + fair_queue_size(k));
    k->rqs = g_new0(struct rq *, (gsize)m->nr_cpus);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        k->rqs[cpu] = rq_new(k, cpu);
    }
    llcs_new(k);
    nodes_new(k);
    masks_new(k);
    /* The tick takes its share of every busy CPU whether or not it is simulated as an event. */
    int64_t tick_ns = NSEC_PER_SEC / m->hz;

    k->base_pace = mul_div_u64(PACE_ONE, (uint64_t)tick_ns, (uint64_t)(tick_ns - m->costs.tick_ns));
    k->least_pace = least_pace(k);
}

static void domains_detach(struct kernel *k)
{
    for (int32_t cpu = 0; k->domains != NULL && cpu < k->nr_cpus; cpu++) {
        uint32_t nr = cpu_rq(k, cpu)->pub.nr_domains;

        if (nr > 0) {
            g_free(k->domains[cpu][0].counters); /* one block for them all */
        }
        for (uint32_t d = 0; d < nr; d++) {
            states_free(k, k->domains[cpu][d].state);
            g_free(k->domains[cpu][d].groups);
        }
        g_free(k->domains[cpu]);
    }
    g_clear_pointer(&k->domains, g_free);
    for (guint i = 0; k->group_states != NULL && i < k->group_states->len; i++) {
        void **state = g_ptr_array_index(k->group_states, i);

        states_free(k, state);
        g_free(state);
    }
    g_clear_pointer(&k->group_states, g_ptr_array_unref);
}

void objects_free(struct kernel *k)
{
    domains_detach(k);
    g_clear_pointer(&k->rebuilt, sched_domains_free);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct rq *rq = cpu_rq(k, cpu);

        states_free(k, rq->pub.state);
    }
    slab_free(k->rq_slab);
    for (int32_t i = 0; i < k->nr_llcs; i++) {
        states_free(k, k->llcs[i].state);
    }
    for (int32_t i = 0; i < k->nr_nodes; i++) {
        states_free(k, k->nodes[i].state);
        g_free(k->nodes[i].vmstat);
    }
    g_free(k->rqs);
    g_free(k->llcs);
    g_free(k->nodes);
    g_free(k->fallback);
    g_free(k->accesses);
    g_free(k->writes);
    g_free(k->online);
    g_free(k->idle);
    g_free(k->sched_idle);
    g_free(k->idle_cores);
    g_free(k->single);
    load_sums_free(&k->loads);
    g_free(k->scratch);
    g_free(k->rt_busy);
    g_free(k->rt_overloaded);
    for (size_t prio = 0; prio < G_N_ELEMENTS(k->rt_level); prio++) {
        g_free(k->rt_level[prio].cpus);
    }
    g_free(k->every_cpu);
    g_free(k->core_running);
    g_free(k->core_idle);
    g_free(k->core_online);
    g_free(k->resched_cpus);
}

/* The states of a group, shared by every group of its id; made at the first asking. */
static void group_states(struct kernel *k, GHashTable *by_id, struct numasim_group *group)
{
    void **state = g_hash_table_lookup(by_id, GINT_TO_POINTER(group->id + 1));

    if (state == NULL) {
        state = g_new0(void *, NUMASIM_NR_ROLES);
        states_new(k, state, STATE_OF(group));
        g_ptr_array_add(k->group_states, state);
        g_hash_table_insert(by_id, GINT_TO_POINTER(group->id + 1), state);
    }
    memcpy(group->state, state, sizeof(group->state));
}

static void domain_fill(struct kernel *k, struct numasim_domain *sd, const struct sched_domain *src,
                        int32_t cpu, GHashTable *groups_by_id)
{
    *sd = (struct numasim_domain){
        .name = src->name,
        .cpu = cpu,
        .level = src->level,
        .flags = src->flags,
        .span = src->span,
        .span_weight = src->span_weight,
        .imbalance_pct = src->imbalance_pct,
        .min_interval = src->min_interval,
        .max_interval = src->max_interval,
        .busy_factor = src->busy_factor,
        .cache_nice_tries = src->cache_nice_tries,
        .imb_numa_nr = src->imb_numa_nr,
        .nr_groups = src->nr_groups,
        .groups = g_new0(struct numasim_group, src->nr_groups),
    };
    states_new(k, sd->state, STATE_OF(domain));
    for (uint32_t g = 0; g < src->nr_groups; g++) {
        const struct sched_group *from = &src->groups[g];

        sd->groups[g] = (struct numasim_group){
            .span = from->span,
            .balance_mask = from->balance_mask,
            .weight = from->weight,
            .cores = from->cores,
            .flags = from->flags,
            .capacity = from->capacity,
            .id = from->id,
        };
        group_states(k, groups_by_id, &sd->groups[g]);
    }
    k->bytes_cpus +=
        sizeof(*sd) + sizeof(*sd->counters) + src->nr_groups * sizeof(struct numasim_group);
}

void domains_attach(struct kernel *k, const struct sched_domains *sds)
{
    g_autoptr(GHashTable) groups_by_id = g_hash_table_new(NULL, NULL);

    domains_detach(k);
    k->sds = sds;
    k->group_states = g_ptr_array_new();
    k->domains = g_new0(struct numasim_domain *, (gsize)k->nr_cpus);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct numasim_cpu *pub = &cpu_rq(k, cpu)->pub;
        uint32_t nr = sds->nr_domains[cpu];
        struct numasim_domain *stack = g_new0(struct numasim_domain, nr + 1);
        struct numasim_domain_counters *counters =
            nr > 0 ? g_new0(struct numasim_domain_counters, nr) : NULL;

        k->domains[cpu] = stack;
        pub->nr_domains = nr;
        pub->domain = nr > 0 ? stack : NULL;
        pub->llc_domain = NULL;
        for (uint32_t d = 0; d < nr; d++) {
            domain_fill(k, &stack[d], &sds->domains[cpu][d], cpu, groups_by_id);
            stack[d].counters = &counters[d];
            stack[d].child = d > 0 ? &stack[d - 1] : NULL;
            stack[d].parent = d + 1 < nr ? &stack[d + 1] : NULL;
            if ((stack[d].flags & SD_SHARE_LLC) && (d == 0 || pub->llc_domain == &stack[d - 1])) {
                pub->llc_domain = &stack[d];
            }
        }
    }
}
