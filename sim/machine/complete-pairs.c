/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Latency and bandwidth between nodes, where a description is silent. */
#include <string.h>

#include "base/bitmap.h"
#include "base/fixed.h"
#include "machine/complete-private.h"

/* The nodes in @m that have CPUs, as flags. */
static bool *cpu_nodes(const struct machine *m)
{
    bool *nodes = g_new0(bool, (size_t)m->nr_nodes);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        nodes[m->cpus[cpu].node] = true;
    }
    return nodes;
}

static bool initiates(const struct completion *c, int32_t node)
{
    g_autofree bool *nodes = cpu_nodes(c->m);

    return nodes[node];
}

/* Which of two such numbers, and where they stand. */
struct pair_kind {
    enum facts_pair pair;
    enum machine_block block;
    const char *what;
    bool falls;   /* with distance */
    int64_t most; /* a second, a petabyte a second: what is more is no machine's */
};

static const int64_t *values_of(const struct machine *m, const struct pair_kind *kind)
{
    return kind->pair == FACTS_LATENCY_NS ? m->latency_ns : m->bandwidth_bytes_per_s;
}

/* @value at the distance @d, if it is @reference's at the distance @d0; more than 0. */
static int64_t scale(const struct pair_kind *kind, int64_t value, int32_t d, int32_t d0)
{
    const int32_t times = kind->falls ? d0 : d, parts = MAX(kind->falls ? d : d0, 1);
    const uint64_t scaled = mul_div_u64((uint64_t)value, (uint64_t)times, (uint64_t)parts);

    return MAX((int64_t)MIN(scaled, (uint64_t)INT64_MAX / 256), 1);
}

/* What the nearest CPUs of @like get from memory of @tier; 0 if it knows none of that tier. */
static int64_t reference_of_tier(const struct machine *like, const struct pair_kind *kind,
                                 enum machine_tier tier)
{
    const int64_t *values = values_of(like, kind);
    g_autofree bool *initiators = cpu_nodes(like);
    int32_t nearest = INT32_MAX;
    int64_t value = 0;

    for (int32_t from = 0; values != NULL && from < like->nr_nodes; from++) {
        for (int32_t to = 0; initiators[from] && to < like->nr_nodes; to++) {
            if (like->nodes[to].tier == tier && machine_distance(like, from, to) < nearest) {
                nearest = machine_distance(like, from, to);
                value = values[from * like->nr_nodes + to];
            }
        }
    }
    return value;
}

/* A distance to divide by: at least 1, whatever a description says. */
static int32_t distance(const struct machine *m, int32_t from, int32_t to)
{
    return MAX(machine_distance(m, from, to), 1);
}

/* Where the values towards one node start from: a stated one, or that of its tier. */
struct reference {
    int64_t value;
    int32_t distance;
};

/* What the facts say of the way from node @from to node @to, 0 if nothing that can be. */
static int64_t stated_value(const struct completion *c, const struct pair_kind *kind, int32_t from,
                            int32_t to)
{
    const int64_t value =
        facts_pair_get(c->f, kind->pair, c->m->nodes[from].os_id, c->m->nodes[to].os_id);

    return value <= kind->most ? value : 0;
}

/* Stated values by what they are of: the first one of each tier and distance. */
struct stated_values {
    int64_t of[NR_TIERS][COMPLETE_MAX_DISTANCE + 1]; /* 0: none */
    enum machine_tier nearest_tier;                  /* of the nearest one, if there is any */
    int32_t nearest;                                 /* its distance, INT32_MAX: none is stated */
};

static void collect_stated(const struct completion *c, const struct pair_kind *kind,
                           struct stated_values *s)
{
    const struct machine *m = c->m;

    memset(s, 0, sizeof(*s));
    s->nearest = INT32_MAX;
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            const int64_t value = stated_value(c, kind, from, to);
            const enum machine_tier tier = m->nodes[to].tier;
            const int32_t d = distance(m, from, to);

            if (value <= 0) {
                continue;
            }
            s->of[tier][d] = s->of[tier][d] > 0 ? s->of[tier][d] : value;
            if (d < s->nearest) {
                s->nearest = d;
                s->nearest_tier = tier;
            }
        }
    }
}

/* The nearest one stated of memory of @tier; value 0 if there is none. */
static struct reference nearest_of_tier(const struct stated_values *s, enum machine_tier tier)
{
    for (int32_t d = 0; d <= COMPLETE_MAX_DISTANCE; d++) {
        if (s->of[tier][d] > 0) {
            return (struct reference){s->of[tier][d], d};
        }
    }
    return (struct reference){0, 0};
}

/* What CPUs next to memory of @tier get on the likened machine, or of DRAM if it has none such. */
static int64_t likened(const struct completion *c, const struct pair_kind *kind,
                       enum machine_tier tier)
{
    const int64_t value = reference_of_tier(c->like, kind, tier);

    return value > 0 ? value : reference_of_tier(c->like, kind, TIER_DRAM);
}

/*
 * Where values towards node @to start from: the nearest that is stated of that node, or of another
 * of its tier; else the likened machine's for its tier, as much more or less as what is stated of
 * another tier differs from that machine's.
 */
static struct reference find_reference(const struct completion *c, const struct pair_kind *kind,
                                       const bool *initiators, const struct stated_values *s,
                                       int32_t to)
{
    const struct machine *m = c->m;
    struct reference own = {0, INT32_MAX}, like = {0, INT32_MAX};
    struct reference other;
    int64_t theirs;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        const int64_t value = stated_value(c, kind, from, to);
        const int32_t d = distance(m, from, to);

        if (initiators[from] && d < like.distance) {
            like.distance = d;
        }
        if (value > 0 && d < own.distance) {
            own = (struct reference){value, d};
        }
    }
    other = nearest_of_tier(s, m->nodes[to].tier);
    if (own.value > 0 || other.value > 0) {
        return own.value > 0 ? own : other;
    }
    like.value = likened(c, kind, m->nodes[to].tier);
    theirs = s->nearest < INT32_MAX ? likened(c, kind, s->nearest_tier) : 0;
    if (theirs > 0) {
        like.value = (int64_t)MIN(mul_div_u64((uint64_t)like.value,
                                              (uint64_t)s->of[s->nearest_tier][s->nearest],
                                              (uint64_t)theirs),
                                  (uint64_t)kind->most);
        like.value = MAX(like.value, 1);
    }
    return like;
}

/* The host's node that holds guest node @node's CPUs, or its memory; -1 if no pin says. */
static int32_t host_node(const struct completion *c, int32_t node, bool memory)
{
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_CPU_ID);

    for (guint i = 0; c->host != NULL && i < c->f->pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(c->f->pins, i);
        const struct facts_cpu *cpu = pin->memory ? NULL : facts_find_cpu(c->f, pin->id);
        int32_t first;

        if (pin->memory != memory ||
            (memory        ? pin->id
             : cpu != NULL ? cpu->group[FACTS_NODE]
                           : -1) != c->m->nodes[node].os_id ||
            !bitmap_parse_list(pin->host, set, FACTS_MAX_CPU_ID, NULL)) {
            continue;
        }
        first = (int32_t)bitmap_next(set, FACTS_MAX_CPU_ID, 0);
        for (int32_t n = 0; memory && n < c->host->nr_nodes; n++) {
            if (c->host->nodes[n].os_id == first) {
                return n;
            }
        }
        for (int32_t h = 0; !memory && h < c->host->nr_cpus; h++) {
            if (c->host->cpus[h].os_id == first) {
                return c->host->cpus[h].node;
            }
        }
    }
    return -1;
}

/* What the host says of the way from guest node @from to guest node @to; 0: nothing. */
static int64_t host_value(const struct completion *c, const struct pair_kind *kind, int32_t from,
                          int32_t to)
{
    const int32_t cpus = host_node(c, from, false);
    int32_t memory = host_node(c, to, true);
    const int64_t *values = c->host != NULL ? values_of(c->host, kind) : NULL;

    /* Memory that nothing binds is where the node's own CPUs first touched it. */
    memory = memory >= 0 ? memory : host_node(c, to, false);
    return values != NULL && cpus >= 0 && memory >= 0 ? values[cpus * c->host->nr_nodes + memory]
                                                      : 0;
}

/* What is stated of this pair, of its way back, or of another as far apart; else scaled. */
static int64_t complete_pair(const struct completion *c, const struct pair_kind *kind,
                             const struct stated_values *s, const struct reference *reference,
                             int32_t from, int32_t to, int32_t *filled)
{
    const struct machine *m = c->m;
    const enum machine_tier tier = m->nodes[to].tier;
    const int32_t d = distance(m, from, to);
    const int64_t stated = stated_value(c, kind, from, to);
    const int64_t back = stated_value(c, kind, to, from);
    const int64_t by_host = host_value(c, kind, from, to);

    if (by_host > 0 || stated > 0) {
        return by_host > 0 ? by_host : stated;
    }
    (*filled)++;
    if (back > 0 && m->nodes[from].tier == tier && distance(m, to, from) == d) {
        return back;
    }
    return s->of[tier][d] > 0 ? s->of[tier][d]
                              : scale(kind, reference->value, d, reference->distance);
}

static void say_impossible(struct completion *c, const struct pair_kind *kind)
{
    const struct machine *m = c->m;
    int32_t count = 0;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            count += facts_pair_get(c->f, kind->pair, m->nodes[from].os_id, m->nodes[to].os_id) >
                     kind->most;
        }
    }
    if (count > 0) {
        completion_say(c, "%s of %d pairs cannot be so large: left out", kind->what, count);
    }
}

static void complete_kind(struct completion *c, const struct pair_kind *kind)
{
    struct machine *m = c->m;
    g_autofree bool *initiators = cpu_nodes(m);
    int64_t *values = g_new0(int64_t, (size_t)m->nr_nodes * (size_t)m->nr_nodes);
    struct stated_values stated;
    int32_t filled = 0;

    collect_stated(c, kind, &stated);
    for (int32_t to = 0; to < m->nr_nodes; to++) {
        const struct reference reference = find_reference(c, kind, initiators, &stated, to);

        for (int32_t from = 0; from < m->nr_nodes; from++) {
            if (initiators[from] && reference.value > 0) {
                values[from * m->nr_nodes + to] =
                    complete_pair(c, kind, &stated, &reference, from, to, &filled);
            }
        }
    }
    say_impossible(c, kind);
    if (filled > 0) {
        g_autofree char *source =
            stated.nearest < INT32_MAX
                ? g_strdup("by distance, from what is stated of other pairs")
                : g_strdup_printf("by distance, from those of each tier of %s: %s", c->like->name,
                                  c->like->block_sources[kind->block]);

        if (stated.nearest < INT32_MAX) {
            completion_say(c, "some %s is not stated: as of other pairs, by distance", kind->what);
        } else {
            completion_say(c, "the %s is not stated: by distance, as %s", kind->what,
                           c->like->name);
        }
        completion_source(c, kind->block, source);
    } else {
        completion_source(c, kind->block, NULL);
    }
    if (kind->pair == FACTS_LATENCY_NS) {
        m->latency_ns = values;
    } else {
        m->bandwidth_bytes_per_s = values;
    }
}

/* Says which nodes the host speaks for: of their memory, their CPUs, or neither. */
static void tell_host(const struct completion *c)
{
    for (int32_t node = 0; node < c->m->nr_nodes; node++) {
        const bool memory = host_node(c, node, true) >= 0, cpus = host_node(c, node, false) >= 0;
        const int32_t id = c->m->nodes[node].os_id;

        if (memory && !cpus && initiates(c, node)) {
            completion_say(c,
                           "node %d: its memory is pinned to nodes of %s, its CPUs are not: the "
                           "tier is the host's, the latency is not",
                           id, c->host->name);
        } else if (!memory && !cpus) {
            completion_say(c, "node %d is not pinned: nothing of it is the host's", id);
        } else {
            completion_say(c, "node %d: latency and tier of where %s has it", id, c->host->name);
        }
    }
}

void complete_pairs(struct completion *c)
{
    static const struct pair_kind kinds[] = {
        {FACTS_LATENCY_NS, MACHINE_LATENCY, "latency between nodes", false, INT64_C(1000000000)},
        {FACTS_BANDWIDTH_BYTES_PER_S, MACHINE_BANDWIDTH, "bandwidth between nodes", true,
         INT64_C(1000000000000000)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        complete_kind(c, &kinds[i]);
    }
    if (c->host != NULL) {
        for (int32_t node = 0; node < c->m->nr_nodes; node++) {
            const int32_t there = host_node(c, node, true);

            if (there >= 0) {
                c->m->nodes[node].tier = c->host->nodes[there].tier;
            }
        }
        tell_host(c);
    }
}
