/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From facts to a machine: who stays, in which order, and what the whole machine is. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "machine/complete-private.h"

char *completion_text(const char *text)
{
    g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;
    GString *out;

    if (valid == NULL) {
        return NULL;
    }
    out = g_string_new(NULL);
    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        const gunichar character = g_utf8_get_char(at);

        g_string_append_unichar(out, g_unichar_iscntrl(character) ? ' ' : character);
    }
    return g_string_free(out, FALSE);
}

void completion_say(const struct completion *c, const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(c->lines, completion_text(line));
}

void completion_source(const struct completion *c, enum machine_block block, const char *otherwise)
{
    const char *stated = c->f->block_sources[block];
    g_autofree char *both = NULL;

    if (stated != NULL && otherwise != NULL) {
        both = g_strconcat(stated, "; the rest: ", otherwise, NULL);
    } else {
        both = g_strdup(stated != NULL ? stated : (otherwise != NULL ? otherwise : c->f->source));
    }
    g_free(c->m->block_sources[block]);
    c->m->block_sources[block] = completion_text(both);
}

char *completion_cpulist(const struct completion *c, const bool *chosen)
{
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_CPU_ID);

    for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
        if (chosen[cpu]) {
            bitmap_set(set, (uint32_t)c->cpus[cpu]->id);
        }
    }
    return bitmap_to_list(set, FACTS_MAX_CPU_ID);
}

/*
 * The CPUs that stay: an offline one whose core nobody states would have one made up for it, for
 * its package or node alone does not tell its siblings.
 */
static bool choose_cpus(struct completion *c)
{
    g_autofree uint64_t *dropped = bitmap_new(FACTS_MAX_CPU_ID);
    const GArray *cpus = c->f->cpus;

    c->cpus = g_new0(const struct facts_cpu *, (size_t)cpus->len + 1);
    for (guint i = 0; i < cpus->len; i++) {
        const struct facts_cpu *cpu = &g_array_index(cpus, struct facts_cpu, i);

        if (cpu->offline && cpu->group[FACTS_CORE] < 0) {
            bitmap_set(dropped, (uint32_t)cpu->id);
        } else {
            c->cpus[c->m->nr_cpus++] = cpu;
        }
    }
    if (!bitmap_empty(dropped, FACTS_MAX_CPU_ID)) {
        g_autofree char *list = bitmap_to_list(dropped, FACTS_MAX_CPU_ID);

        completion_say(c, "CPUs %s are offline and nothing says in which cores: left out", list);
    }
    if (c->m->nr_cpus < 1 || c->m->nr_cpus > MACHINE_MAX_CPUS) {
        g_set_error(c->error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s describes %d CPUs; expected 1..%d", c->f->source, c->m->nr_cpus,
                    MACHINE_MAX_CPUS);
        return false;
    }
    return true;
}

/* All nodes that the facts describe or a CPU names; one if there is none. */
static bool choose_nodes(struct completion *c)
{
    g_autofree uint64_t *ids = bitmap_new(FACTS_MAX_NODE_ID);
    uint32_t id;

    for (guint i = 0; i < c->f->nodes->len; i++) {
        bitmap_set(ids, (uint32_t)g_array_index(c->f->nodes, struct facts_node, i).id);
    }
    for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
        if (c->cpus[cpu]->group[FACTS_NODE] >= 0) {
            bitmap_set(ids, (uint32_t)c->cpus[cpu]->group[FACTS_NODE]);
        }
    }
    if (bitmap_empty(ids, FACTS_MAX_NODE_ID)) {
        completion_say(c, "no NUMA node is stated: all CPUs are on node 0");
        bitmap_set(ids, 0);
    }
    c->m->nr_nodes = (int32_t)bitmap_weight(ids, FACTS_MAX_NODE_ID);
    if (c->m->nr_nodes > MACHINE_MAX_NODES) {
        g_set_error(c->error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s describes %d nodes; expected 1..%d", c->f->source, c->m->nr_nodes,
                    MACHINE_MAX_NODES);
        return false;
    }
    c->nodes = g_new0(const struct facts_node *, (size_t)c->m->nr_nodes);
    c->m->nodes = g_new0(struct machine_node, (size_t)c->m->nr_nodes);
    id = bitmap_next(ids, FACTS_MAX_NODE_ID, 0);
    for (int32_t node = 0; node < c->m->nr_nodes; node++) {
        c->m->nodes[node].os_id = (int32_t)id;
        c->nodes[node] = facts_find_node(c->f, (int32_t)id);
        id = bitmap_next(ids, FACTS_MAX_NODE_ID, id + 1);
    }
    return true;
}

static void complete_states(struct completion *c)
{
    struct machine *m = c->m;

    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (c->cpus[cpu]->offline) {
            bitmap_set(m->offline, (uint32_t)cpu);
        }
        if (c->cpus[cpu]->isolated) {
            bitmap_set(m->isolated, (uint32_t)cpu);
        }
    }
}

/* What @f says, or 0 if that cannot be: beyond @least..@most, or no @power of two. */
static int64_t plausible(struct completion *c, const char *what, int64_t value, int64_t least,
                         int64_t most, bool power)
{
    if (value <= 0) {
        return 0;
    }
    if (value < least || value > most || (power && (value & (value - 1)) != 0)) {
        completion_say(c, "%s of %" G_GINT64_FORMAT " cannot be: left out", what, value);
        return 0;
    }
    return value;
}

/* The integers that describe the whole machine, each told where it is a default. */
static void complete_whole(struct completion *c)
{
    const struct facts *f = c->f;
    struct machine *m = c->m;
    int64_t hz, reclaim, page, line;

    m->name = completion_text(f->name);
    m->vendor = completion_text(facts_vendor_name(f->vendor));
    m->model = completion_text(f->model);
    m->description = completion_text(f->description);
    m->arch = f->arch >= 0 ? (enum machine_arch)f->arch : c->like->arch;
    if (f->other_arch != NULL) {
        completion_say(c, "architecture %s is not modelled: taken as %s, whose rules come nearest",
                       f->other_arch, machine_arch_name(m->arch));
    } else if (f->arch < 0) {
        completion_say(c, "the architecture is not stated: %s", machine_arch_name(m->arch));
    }
    m->hybrid = f->hybrid == 1;
    hz = plausible(c, "a HZ", f->hz, 24, 10000, false);
    reclaim = plausible(c, "a reclaim distance", f->reclaim_distance, 10, 255, false);
    page = plausible(c, "a page size", f->page_size_bytes, 4096, 1 << 20, true);
    line = plausible(c, "a cache line", f->cache_line_bytes, 8, 4096, true);
    if (hz > 0) {
        m->hz = (int32_t)hz;
    } else {
        completion_say(c, "the kernel's HZ is not stated: %d", m->hz);
    }
    if (reclaim > 0) {
        m->reclaim_distance = (int32_t)reclaim;
    } else {
        m->reclaim_distance = facts_reclaim_distance(f, m->arch);
        completion_say(c, "the reclaim distance is not stated: %d, Linux's default for %s%s",
                       m->reclaim_distance, machine_arch_name(m->arch),
                       m->reclaim_distance == 32 ? " of AMD Zen" : "");
    }
    m->page_size_bytes = page > 0 ? page : m->page_size_bytes;
    m->cache_line_bytes = line > 0 ? line : m->cache_line_bytes;
}

static void complete_costs(struct completion *c)
{
    g_autofree char *source =
        g_strdup_printf("as of %s: %s", c->like->name, c->like->block_sources[MACHINE_COSTS]);

    c->m->costs = c->like->costs;
    completion_source(c, MACHINE_COSTS, source);
    completion_say(c, "what kernel actions cost is not stated: as of %s", c->like->name);
}

/* How memory behaves under load, and TLBs: no description says any of it. */
static void complete_load(struct completion *c)
{
    const struct machine *like = c->like;
    static const enum machine_block blocks[] = {MACHINE_LOAD, MACHINE_TLB};
    bool any = false;

    for (int tier = 0; tier < NR_TIERS; tier++) {
        const struct machine_curve *curve = &like->curves[tier];

        c->m->curves[tier].nr_points = curve->nr_points;
        c->m->curves[tier].points =
            g_memdup2(curve->points, sizeof(*curve->points) * (size_t)curve->nr_points);
    }
    for (int32_t llc = 0; llc < c->m->nr_llcs; llc++) {
        c->m->llcs[llc].bandwidth_bytes_per_s = like->llcs[0].bandwidth_bytes_per_s;
    }
    c->m->full_queues = like->full_queues;
    c->m->tlb = like->tlb;
    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
        if (like->block_sources[blocks[i]] != NULL) {
            g_autofree char *source =
                g_strdup_printf("as of %s: %s", like->name, like->block_sources[blocks[i]]);

            completion_source(c, blocks[i], source);
            any = true;
        }
    }
    if (any) {
        completion_say(c, "latency under load and the reach of TLBs are not stated: as of %s",
                       like->name);
    }
}

static bool complete(struct completion *c)
{
    if (!choose_cpus(c) || !choose_nodes(c) || !complete_groups(c)) {
        return false;
    }
    complete_states(c);
    complete_whole(c);
    complete_nodes(c);
    complete_distances(c);
    complete_pairs(c);
    complete_caches(c);
    complete_costs(c);
    complete_load(c);
    if (!machine_finish(c->m, c->error)) {
        g_prefix_error(c->error, "%s: ", c->f->source);
        return false;
    }
    return true;
}

struct machine *machine_complete(const struct facts *f, const struct machine *like,
                                 const struct machine *host, GPtrArray *lines, GError **error)
{
    g_autoptr(machine_t) m = machine_new();
    struct completion c = {
        .f = f, .like = like, .host = host, .m = m, .lines = lines, .error = error};
    bool ok;

    for (guint i = 0; i < f->notes->len; i++) {
        g_ptr_array_add(lines, completion_text(g_ptr_array_index(f->notes, i)));
    }
    ok = complete(&c);
    g_free(c.cpus);
    g_free(c.nodes);
    return ok ? g_steal_pointer(&m) : NULL;
}
