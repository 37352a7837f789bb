/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan of a measurement. For each memory node one buffer is made there; then each CPU node's
 * first CPU follows a chain through it, all its cores read it, and the nearest cores write it.
 * The time that is left is divided among the pairs that are left.
 */
#include "cli/measure.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/time.h"
#include "cli/measure-buffer.h"
#include "cli/measure-loops.h"

#define MIB INT64_C(1048576)

enum {
    LATENCY_PASSES = 7,
    STREAM_PASSES = 3,
    LLC_FACTOR = 4, /* the buffer is so many times the LLCs of a node */
    MIN_BUFFER_MIB = 64,
    MAX_BUFFER_MIB = 1024,
    DEFAULT_BUFFER_MIB = 256, /* where the size of the LLC is unknown */
    DEFAULT_LINE_BYTES = 64,
    MAX_LINE_BYTES = 4096,
    RATE_STEP = 10000000, /* bytes a second: rates are told in steps of it */
    /* How fast a chain is made in a busy virtual machine, the slowest that was tried. */
    CHAIN_MIB_PER_S = 256,
    /* Of the time for one memory node, in percent: making the buffer; the rest measures. */
    CHAIN_PERCENT = 20,
};
/* More time for one pair makes it no better. */
static const int64_t max_pair_ns = 1500 * NSEC_PER_MSEC;

/* A node that has CPUs that this process may use, or memory. */
struct place {
    int32_t id;
    GArray *cpus; /* int32_t: one of each core */
    int64_t llc_bytes;
    bool memory;
};

struct measuring {
    struct facts *f;
    GArray *places; /* struct place, ascending by id */
    struct measure_rights rights;
    bool progress;
    int64_t begun_ns, budget_ns;
    int nr_sources, nr_memories;       /* places with CPUs, with memory */
    int memories_left;                 /* whose pairs were not begun */
    int steps, steps_done;             /* for progress */
    int skipped;                       /* pairs, for lack of time */
    int latencies, bandwidths;         /* pairs that have one */
    int64_t buffer_bytes, least_bytes; /* of the largest and the smallest that was used */
    int64_t line_bytes;
};

/* --- What there is to measure ------------------------------------------------------------------ */

static void place_clear(gpointer data)
{
    g_array_unref(((struct place *)data)->cpus);
}

static struct place *place_of(struct measuring *m, int32_t id)
{
    struct place place = {.id = id};
    guint at = 0;

    while (at < m->places->len && g_array_index(m->places, struct place, at).id < id) {
        at++;
    }
    if (at == m->places->len || g_array_index(m->places, struct place, at).id != id) {
        place.cpus = g_array_new(FALSE, FALSE, sizeof(int32_t));
        g_array_insert_val(m->places, at, place);
    }
    return &g_array_index(m->places, struct place, at);
}

/* Adds @key to @seen; false if it was there. An unknown key is always new. */
static bool is_new(GHashTable *seen, int32_t key)
{
    return key == FACTS_UNKNOWN || g_hash_table_add(seen, GINT_TO_POINTER(key));
}

static void find_cpus(struct measuring *m)
{
    g_autoptr(GHashTable) cores = g_hash_table_new(NULL, NULL), llcs = g_hash_table_new(NULL, NULL);
    int refused = 0;

    for (guint i = 0; i < m->f->cpus->len; i++) {
        const struct facts_cpu *cpu = &g_array_index(m->f->cpus, struct facts_cpu, i);
        const int32_t node = cpu->group[FACTS_NODE];
        struct place *place;

        if (cpu->offline) {
            continue;
        }
        if (!measure_may_run(&m->rights, cpu->id)) {
            refused++;
            continue;
        }
        /* Without nodes there is one. */
        if (node == FACTS_UNKNOWN && m->f->nodes->len > 1) {
            continue;
        }
        place = place_of(m, MAX(node, 0));
        if (is_new(cores, cpu->group[FACTS_CORE])) {
            g_array_append_val(place->cpus, cpu->id);
        }
        if (cpu->group[FACTS_L3] != FACTS_UNKNOWN && is_new(llcs, cpu->group[FACTS_L3])) {
            place->llc_bytes += cpu->l3_bytes;
        }
    }
    if (refused > 0) {
        facts_note(m->f, "measuring: this process may not run on %d of the CPUs: left out",
                   refused);
    }
}

static void find_memory(struct measuring *m)
{
    if (m->f->nodes->len == 0) {
        place_of(m, 0)->memory = true;
    }
    for (guint i = 0; i < m->f->nodes->len; i++) {
        const struct facts_node *node = &g_array_index(m->f->nodes, struct facts_node, i);

        if (node->memory_bytes == 0) {
            continue;
        }
        if (!measure_may_have(&m->rights, node->id)) {
            facts_note(m->f, "measuring: this process may not have memory of node %d: left out",
                       node->id);
            continue;
        }
        place_of(m, node->id)->memory = true;
    }
}

/* A chain, latency and reads of each pair, writes. */
static int steps_of_round(const struct measuring *m)
{
    return 2 * m->nr_sources + 2;
}

static void find_places(struct measuring *m)
{
    find_cpus(m);
    find_memory(m);
    for (guint i = 0; i < m->places->len; i++) {
        const struct place *place = &g_array_index(m->places, struct place, i);

        m->nr_sources += place->cpus->len > 0;
        m->nr_memories += place->memory;
    }
    m->memories_left = m->nr_memories;
    m->steps = m->nr_memories * steps_of_round(m);
}

/* --- Time and progress ------------------------------------------------------------------------- */

static int64_t left_ns(const struct measuring *m)
{
    return m->begun_ns + m->budget_ns - measure_now_ns();
}

/* One of the steps begins: what it is, a bar, and how long the rest would take at this pace. */
static void show(struct measuring *m, const char *what, int32_t from, int32_t to)
{
    enum { WIDTH = 24 };
    const int64_t elapsed_ns = measure_now_ns() - m->begun_ns;
    const int filled = m->steps_done * WIDTH / m->steps;

    if (m->progress) {
        fprintf(stderr, "\r\033[K[%.*s%*s] %d %%", filled,
                "========================", WIDTH - filled, "", m->steps_done * 100 / m->steps);
        if (m->steps_done > 0) {
            fprintf(stderr, ", %" G_GINT64_FORMAT " s left",
                    elapsed_ns / m->steps_done * (m->steps - m->steps_done) / NSEC_PER_SEC + 1);
        }
        fprintf(stderr, ": %s, CPUs of node %d, memory of node %d", what, from, to);
        fflush(stderr);
    }
    m->steps_done++;
}

/* --- One memory node --------------------------------------------------------------------------- */

/* What is measured with one buffer. */
struct round {
    struct measuring *m;
    const struct place *memory;
    struct measure_buffer buffer;
    void *at;        /* of the chain */
    int64_t pair_ns; /* for latency and bandwidth of one pair */
    int32_t near;    /* the index of the place that reads fastest, -1: none */
    int64_t near_rate;
};

static int64_t buffer_bytes(const struct measuring *m, int32_t node)
{
    const int64_t for_chain_ns = left_ns(m) / m->memories_left * CHAIN_PERCENT / 100;
    int64_t llc_bytes = 0, bytes;

    for (guint i = 0; i < m->places->len; i++) {
        llc_bytes = MAX(llc_bytes, g_array_index(m->places, struct place, i).llc_bytes);
    }
    bytes = llc_bytes == 0
                ? DEFAULT_BUFFER_MIB * MIB
                : CLAMP(LLC_FACTOR * llc_bytes, MIN_BUFFER_MIB * MIB, MAX_BUFFER_MIB * MIB);
    bytes = MIN(bytes, for_chain_ns / NSEC_PER_MSEC * CHAIN_MIB_PER_S * MIB / 1000);
    bytes = MIN(bytes, measure_spare_bytes(node));
    if (bytes < 2 * llc_bytes) {
        facts_note(
            m->f,
            "measuring: %d MiB of node %d is less than twice the LLC: the numbers are partly "
            "those of the cache",
            (int)(bytes / MIB), node);
    }
    return bytes;
}

static const struct place *first_source(const struct measuring *m)
{
    for (guint i = 0; i < m->places->len; i++) {
        const struct place *place = &g_array_index(m->places, struct place, i);

        if (place->cpus->len > 0) {
            return place;
        }
    }
    return NULL;
}

/* Where mbind() is refused, memory still comes from the node of the CPU that touches it first. */
static bool map_buffer(struct round *r, int64_t bytes)
{
    struct measuring *m = r->m;
    const int32_t node = r->memory->id;
    const bool bind = m->rights.numa && m->places->len > 1;

    if (measure_buffer_init(&r->buffer, (size_t)bytes, bind, node)) {
        return true;
    }
    facts_note(m->f, "measuring: memory of node %d was refused (%s)%s", node, g_strerror(errno),
               r->memory->cpus->len > 0 ? ": took what its CPUs touch first" : ": left out");
    return r->memory->cpus->len > 0 && measure_buffer_init(&r->buffer, (size_t)bytes, false, node);
}

/* False: nothing is held, and a note says why. */
static bool make_buffer(struct round *r)
{
    struct measuring *m = r->m;
    const int32_t node = r->memory->id;
    const struct place *toucher = r->memory->cpus->len > 0 ? r->memory : first_source(m);
    int32_t stray;

    if (!m->rights.numa && m->places->len > 1 && r->memory->cpus->len == 0) {
        facts_note(m->f, "measuring: memory of node %d cannot be asked for: left out", node);
        return false;
    }
    show(m, "making a chain", toucher->id, node);
    if (!map_buffer(r, buffer_bytes(m, node))) {
        return false;
    }
    if (!measure_chain(g_array_index(toucher->cpus, int32_t, 0), r->buffer.start, r->buffer.size,
                       (size_t)m->line_bytes)) {
        facts_note(m->f, "measuring: no thread for memory of node %d: %s", node, g_strerror(errno));
        measure_buffer_release(&r->buffer);
        return false;
    }
    stray = m->places->len > 1 ? measure_buffer_stray(&r->buffer, node) : -1;
    if (stray >= 0) {
        facts_note(m->f, "measuring: memory of node %d came from node %d: left out", node, stray);
        measure_buffer_release(&r->buffer);
        return false;
    }
    r->at = r->buffer.start;
    m->buffer_bytes = MAX(m->buffer_bytes, (int64_t)r->buffer.size);
    m->least_bytes = MIN(m->least_bytes, (int64_t)r->buffer.size);
    return true;
}

static void note_refused_cpu(struct measuring *m, const struct place *from)
{
    facts_note(m->f, "measuring: no thread on the CPUs of node %d: %s", from->id,
               g_strerror(errno));
}

static void measure_latency(struct round *r, const struct place *from)
{
    struct measuring *m = r->m;
    int64_t load_ns[LATENCY_PASSES];

    show(m, "latency", from->id, r->memory->id);
    if (!measure_chase(g_array_index(from->cpus, int32_t, 0), &r->at, LATENCY_PASSES,
                       r->pair_ns / 2 / LATENCY_PASSES, load_ns)) {
        note_refused_cpu(m, from);
        return;
    }
    facts_pair_set(m->f, FACTS_LATENCY_NS, from->id, r->memory->id,
                   measure_median(load_ns, LATENCY_PASSES));
    m->latencies++;
}

/* Bytes a second, 0 if it was refused. */
static int64_t measure_rate(struct round *r, const struct place *from, bool write)
{
    int64_t rates[STREAM_PASSES], rate;

    show(r->m, write ? "writes" : "reads", from->id, r->memory->id);
    if (!measure_stream((const int32_t *)(const void *)from->cpus->data, from->cpus->len,
                        r->buffer.start, r->buffer.size, write, STREAM_PASSES,
                        r->pair_ns / 2 / STREAM_PASSES, rates)) {
        note_refused_cpu(r->m, from);
        return 0;
    }
    rate = measure_median(rates, STREAM_PASSES);
    /* Passes differ by more than that. */
    return MAX(rate / RATE_STEP * RATE_STEP, 1);
}

static void measure_reads(struct round *r, guint index)
{
    const struct place *from = &g_array_index(r->m->places, struct place, index);
    const int64_t rate = measure_rate(r, from, false);

    if (rate > 0) {
        facts_pair_set(r->m->f, FACTS_BANDWIDTH_BYTES_PER_S, from->id, r->memory->id, rate);
        r->m->bandwidths++;
    }
    if (rate > r->near_rate) {
        r->near = (int32_t)index;
        r->near_rate = rate;
    }
}

/* The memory's own bandwidth: from its own CPUs, or those that read fastest if it has none. */
static void measure_node(struct round *r)
{
    struct facts_node *node = facts_find_node(r->m->f, r->memory->id);
    const struct place *near;
    int64_t own;

    if (r->near < 0) {
        return;
    }
    near =
        r->memory->cpus->len > 0 ? r->memory : &g_array_index(r->m->places, struct place, r->near);
    own = facts_pair_get(r->m->f, FACTS_BANDWIDTH_BYTES_PER_S, near->id, r->memory->id);
    if (node != NULL) {
        node->read_bandwidth_bytes_per_s = own;
        node->write_bandwidth_bytes_per_s = measure_rate(r, near, true);
    }
}

/* For each pair of this memory and for its own bandwidth; the chains still to make have theirs. */
static int64_t share_ns(const struct measuring *m)
{
    const int64_t chains_ns =
        m->budget_ns / m->nr_memories * CHAIN_PERCENT / 100 * (m->memories_left - 1);
    const int64_t node_ns = MAX(left_ns(m) - chains_ns, 0) / m->memories_left;

    return CLAMP(node_ns / (m->nr_sources + 1), NSEC_PER_MSEC, max_pair_ns);
}

static void measure_pairs(struct round *r)
{
    struct measuring *m = r->m;

    r->pair_ns = share_ns(m);
    for (guint i = 0; i < m->places->len; i++) {
        const struct place *from = &g_array_index(m->places, struct place, i);

        if (from->cpus->len > 0 && left_ns(m) > 0) {
            measure_latency(r, from);
        } else {
            m->skipped += from->cpus->len > 0;
        }
    }
    for (guint i = 0; i < m->places->len && left_ns(m) > 0; i++) {
        if (g_array_index(m->places, struct place, i).cpus->len > 0) {
            measure_reads(r, i);
        }
    }
    /* Writing is last: it destroys the chain. */
    measure_node(r);
}

static void measure_round(struct measuring *m, const struct place *memory)
{
    struct round r = {.m = m, .memory = memory, .near = -1};
    const int steps_after = m->steps_done + steps_of_round(m);

    if (left_ns(m) <= 0) {
        m->skipped += m->nr_sources;
    } else if (make_buffer(&r)) {
        measure_pairs(&r);
        measure_buffer_release(&r.buffer);
    }
    m->memories_left--;
    m->steps_done = steps_after;
}

/* --- All of it --------------------------------------------------------------------------------- */

static void state_sources(struct measuring *m)
{
    g_autofree char *size = m->least_bytes == m->buffer_bytes
                                ? g_strdup_printf("%d MiB", (int)(m->buffer_bytes / MIB))
                                : g_strdup_printf("%d to %d MiB", (int)(m->least_bytes / MIB),
                                                  (int)(m->buffer_bytes / MIB));
    g_autofree char *latency = g_strdup_printf(
        "measured on this machine (pointer chase, %s, %d passes)", size, LATENCY_PASSES);
    g_autofree char *bandwidth =
        g_strdup_printf("measured on this machine (reads of one thread a core, %s, %d passes)",
                        size, STREAM_PASSES);

    if (m->latencies > 0) {
        facts_state(m->f, MACHINE_LATENCY, latency);
    }
    if (m->bandwidths > 0) {
        facts_state(m->f, MACHINE_BANDWIDTH, bandwidth);
    }
    if (m->skipped > 0) {
        facts_note(m->f, "measuring: no time was left for %d of %d pairs of nodes", m->skipped,
                   m->nr_sources * m->nr_memories);
    }
}

static void measure_all(struct measuring *m)
{
    if (!m->rights.numa && m->places->len > 1) {
        facts_note(m->f, "measuring: no memory policies here: took what each node's CPUs touch "
                         "first");
    }
    for (guint i = 0; i < m->places->len && m->nr_sources > 0; i++) {
        const struct place *place = &g_array_index(m->places, struct place, i);

        if (place->memory) {
            measure_round(m, place);
        }
    }
    if (m->progress) {
        fputs("\r\033[K", stderr);
    }
    state_sources(m);
}

bool measure_memory(struct facts *f, const struct measure_options *options, GError **error)
{
    const int64_t budget_ns =
        options->budget_ns > 0 ? options->budget_ns : MEASURE_DEFAULT_BUDGET_NS;
    const guint nr_notes = f->notes->len;
    struct measuring m = {.f = f,
                          .progress = options->progress,
                          .begun_ns = measure_now_ns(),
                          .budget_ns = budget_ns,
                          .least_bytes = G_MAXINT64,
                          .line_bytes = f->cache_line_bytes};

    if (budget_ns > MEASURE_MAX_BUDGET_NS) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "at most %d s of measuring",
                    (int)(MEASURE_MAX_BUDGET_NS / NSEC_PER_SEC));
        return false;
    }
    if (m.line_bytes < (int64_t)sizeof(void *) || m.line_bytes > MAX_LINE_BYTES ||
        m.line_bytes % (int64_t)sizeof(void *) != 0) {
        m.line_bytes = DEFAULT_LINE_BYTES;
    }
    m.places = g_array_new(FALSE, FALSE, sizeof(struct place));
    g_array_set_clear_func(m.places, place_clear);
    measure_rights_init(&m.rights);
    find_places(&m);
    measure_all(&m);
    measure_rights_release(&m.rights);
    g_array_unref(m.places);
    if (m.latencies == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "nothing could be measured here: %s",
                    f->notes->len > nr_notes ? (char *)f->notes->pdata[nr_notes]
                                             : "no node has CPUs or memory for this process");
        return false;
    }
    return true;
}
