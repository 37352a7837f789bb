/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From lscpu's summary to facts: the lists as they stand, and of the counts what they leave no
 * choice about, or what Linux numbers in one way on one architecture.
 */
#include "format/facts-lscpu-summary.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"

struct placing {
    const struct lscpu_summary *s;
    struct facts *f;
    GArray *cpus;        /* int32_t: the online ones by node and number */
    GArray *node_starts; /* guint: where each node that has CPUs begins in it */
    int64_t nr_cores;    /* 0 until siblings are known */
    bool packages;       /* are known */
};

/* "ff", "0x3,00000000": the mask of `lscpu -x`. */
static bool parse_mask(const char *text, uint64_t *map)
{
    uint32_t bit = 0;

    text += g_str_has_prefix(text, "0x") ? 2 : 0;
    for (size_t i = strlen(text); i-- > 0;) {
        const int digit = g_ascii_xdigit_value(text[i]);

        if (text[i] == ',') {
            continue;
        }
        if (digit < 0) {
            return false;
        }
        for (uint32_t b = 0; b < 4; b++) {
            if (digit >> b & 1) {
                if (bit + b >= FACTS_MAX_CPU_ID) {
                    return false;
                }
                bitmap_set(map, bit + b);
            }
        }
        bit += 4;
    }
    return true;
}

/* The CPUs of @text, or of nothing; NULL with NUMASIM_ERROR_INPUT. */
static uint64_t *parse_cpus(const struct lscpu_summary *s, const char *text, const char *name,
                            GError **error)
{
    g_autofree uint64_t *map = bitmap_new(FACTS_MAX_CPU_ID);
    const struct piece all = {text, text + strlen(text)};

    if (s->masks ? !parse_mask(text, map) : !bitmap_parse_list(text, map, FACTS_MAX_CPU_ID, NULL)) {
        g_autofree char *quote = piece_quote(all);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: '%s' is no %s of CPUs; expected numbers below %d", name, quote,
                    s->masks ? "mask" : "list", FACTS_MAX_CPU_ID);
        return NULL;
    }
    return g_steal_pointer(&map);
}

static bool take_online(struct placing *p, const char *name, GError **error)
{
    g_autofree uint64_t *online = NULL, *offline = NULL;

    online = parse_cpus(p->s, p->s->online != NULL ? p->s->online : "", name, error);
    if (online == NULL) {
        return false;
    }
    offline = parse_cpus(p->s, p->s->offline != NULL ? p->s->offline : "", name, error);
    if (offline == NULL) {
        return false;
    }
    for (uint32_t cpu = 0; cpu < FACTS_MAX_CPU_ID; cpu++) {
        if (bitmap_test(online, cpu) ||
            (p->s->online == NULL && p->s->nodes->len == 0 && cpu < p->s->cpus)) {
            facts_cpu(p->f, (int32_t)cpu);
        } else if (bitmap_test(offline, cpu)) {
            facts_cpu(p->f, (int32_t)cpu)->offline = true;
        }
    }
    return true;
}

static bool take_nodes(struct placing *p, const char *name, GError **error)
{
    for (guint i = 0; i < p->s->nodes->len; i++) {
        const struct lscpu_node_cpus *node = &g_array_index(p->s->nodes, struct lscpu_node_cpus, i);
        g_autofree uint64_t *map = parse_cpus(p->s, node->list, name, error);

        if (map == NULL) {
            return false;
        }
        facts_node(p->f, node->id);
        for (uint32_t id = bitmap_next(map, FACTS_MAX_CPU_ID, 0); id < FACTS_MAX_CPU_ID;
             id = bitmap_next(map, FACTS_MAX_CPU_ID, id + 1)) {
            struct facts_cpu *cpu = facts_cpu(p->f, (int32_t)id);

            if (cpu->group[FACTS_NODE] >= 0) {
                facts_note(p->f,
                           "CPU %d is listed on node %d and on node %d: taken as on the first",
                           cpu->id, cpu->group[FACTS_NODE], node->id);
                continue;
            }
            cpu->group[FACTS_NODE] = node->id;
        }
    }
    return true;
}

static gint by_node(gconstpointer a, gconstpointer b, gpointer facts)
{
    const struct facts_cpu *x = facts_find_cpu(facts, *(const int32_t *)a);
    const struct facts_cpu *y = facts_find_cpu(facts, *(const int32_t *)b);
    const int32_t node_x = x->group[FACTS_NODE], node_y = y->group[FACTS_NODE];

    return node_x != node_y ? (node_x < node_y ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

static void order_cpus(struct placing *p)
{
    int32_t node = INT32_MIN;

    for (guint i = 0; i < p->f->cpus->len; i++) {
        const struct facts_cpu *cpu = &g_array_index(p->f->cpus, struct facts_cpu, i);

        if (!cpu->offline) {
            g_array_append_val(p->cpus, cpu->id);
        }
    }
    g_array_sort_with_data(p->cpus, by_node, p->f);
    for (guint i = 0; i < p->cpus->len; i++) {
        const struct facts_cpu *cpu = facts_find_cpu(p->f, g_array_index(p->cpus, int32_t, i));

        if (cpu->group[FACTS_NODE] != node) {
            node = cpu->group[FACTS_NODE];
            g_array_append_val(p->node_starts, i);
        }
    }
}

static guint node_end(const struct placing *p, guint node)
{
    return node + 1 < p->node_starts->len ? g_array_index(p->node_starts, guint, node + 1)
                                          : p->cpus->len;
}

static struct facts_cpu *cpu_at(const struct placing *p, guint place)
{
    return facts_find_cpu(p->f, g_array_index(p->cpus, int32_t, place));
}

/* True iff each node's CPUs have consecutive numbers. */
static bool consecutive(const struct placing *p)
{
    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node), end = node_end(p, node);

        if (cpu_at(p, end - 1)->id - cpu_at(p, start)->id != (int32_t)(end - 1 - start)) {
            return false;
        }
    }
    return true;
}

/* True iff every node has whole cores and there are as many as the counts say. */
static bool counts_fit(const struct placing *p)
{
    const struct lscpu_summary *s = p->s;

    if (s->threads < 1 || s->cores < 1 || s->sockets < 1 || s->uneven ||
        s->threads * s->cores > FACTS_MAX_CPU_ID ||
        s->threads * s->cores * s->sockets != p->cpus->len) {
        return false;
    }
    for (guint node = 0; node < p->node_starts->len; node++) {
        if ((node_end(p, node) - g_array_index(p->node_starts, guint, node)) % s->threads != 0) {
            return false;
        }
    }
    return true;
}

/*
 * Which CPUs are siblings. If a node's numbers have gaps, firmware told all first threads before
 * all second ones, and a node's k-th CPU is the sibling of that which is a half of its CPUs on. If
 * they have none but there are several nodes, siblings cannot be that far apart: they follow one
 * another. POWER's always do (arch/powerpc/kernel/setup-common.c: smp_setup_cpu_maps()).
 */
static void take_siblings(struct placing *p)
{
    const bool power = p->f->arch == ARCH_PPC64, x86 = p->f->arch == ARCH_X86_64;
    const bool gaps = !consecutive(p);
    const bool apart = !power && (gaps || (x86 && p->node_starts->len == 1));

    if (!counts_fit(p)) {
        facts_note(p->f, "which CPUs are siblings is not stated, and the counts of threads, cores "
                         "and sockets do not fit the CPUs that are online");
        return;
    }
    if (!power && !x86 && !gaps) {
        facts_note(p->f, "which CPUs are siblings is not stated, and the numbers do not tell");
        return;
    }
    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node);
        const guint cores = (node_end(p, node) - start) / (guint)p->s->threads;

        for (guint i = start; i < node_end(p, node); i++) {
            const guint core = apart ? (i - start) % cores : (i - start) / (guint)p->s->threads;
            const guint first = apart ? start + core : start + core * (guint)p->s->threads;

            cpu_at(p, i)->group[FACTS_CORE] = cpu_at(p, first)->id;
        }
        p->nr_cores += cores;
    }
    facts_note(p->f, "which CPUs are siblings is not stated: %s",
               apart ? "CPU i and the one a thread's share of its node's CPUs on are, as firmware "
                       "usually numbers (0 and N/2 of N)"
                     : "those with consecutive numbers are");
}

static void take_cores(struct placing *p)
{
    if (p->s->threads == 1 && !p->s->uneven) {
        for (guint i = 0; i < p->cpus->len; i++) {
            cpu_at(p, i)->group[FACTS_CORE] = cpu_at(p, i)->id;
        }
        p->nr_cores = p->cpus->len;
    } else if (p->s->threads > 1) {
        take_siblings(p);
    }
}

/* The place of @cpu's core among all cores of its node, as far as siblings are known. */
static guint core_place(const struct placing *p, guint place, guint node)
{
    const guint start = g_array_index(p->node_starts, guint, node);
    const guint cores = (node_end(p, node) - start) / (guint)p->s->threads;

    if (p->s->threads > 1 &&
        cpu_at(p, start)->group[FACTS_CORE] == cpu_at(p, start + 1)->group[FACTS_CORE]) {
        return (place - start) / (guint)p->s->threads;
    }
    return (place - start) % cores;
}

/* True iff @place cores before it is where some node begins, or the end. */
static bool is_node_edge(const struct placing *p, guint place)
{
    for (guint node = 0; node < p->node_starts->len; node++) {
        if (g_array_index(p->node_starts, guint, node) == place * (guint)p->s->threads) {
            return true;
        }
    }
    return place == p->nr_cores;
}

/* True iff runs of @cores cores are parts of nodes, or nodes parts of them. */
static bool runs_fit_nodes(const struct placing *p, guint cores)
{
    bool inside = true, around = true;

    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node);

        inside = inside && start / (guint)p->s->threads % cores == 0;
    }
    for (guint place = 0; place <= p->nr_cores; place += cores) {
        around = around && is_node_edge(p, place);
    }
    return inside || around;
}

/* Cuts the cores into @nr runs of consecutive ones and gives each a key of @group. */
static bool cut_cores(struct placing *p, enum facts_group group, int64_t nr)
{
    const guint cores = (guint)(p->nr_cores / nr);
    guint before = 0;

    if (!runs_fit_nodes(p, cores)) {
        return false;
    }
    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node), end = node_end(p, node);

        for (guint i = start; i < end; i++) {
            cpu_at(p, i)->group[group] = (int32_t)((before + core_place(p, i, node)) / cores);
        }
        before += (end - start) / (guint)p->s->threads;
    }
    return true;
}

static void take_all(struct placing *p, enum facts_group group)
{
    for (guint i = 0; i < p->cpus->len; i++) {
        cpu_at(p, i)->group[group] = 0;
    }
}

/* True iff nodes are numbered one package after another, as far as their CPUs' numbers tell. */
static bool nodes_in_order(const struct placing *p)
{
    const guint nodes = p->node_starts->len;

    if (nodes == p->s->sockets) {
        return true;
    }
    for (guint node = 0; node < nodes; node++) {
        const guint start = g_array_index(p->node_starts, guint, node);

        if (node_end(p, node) - start > p->s->threads &&
            cpu_at(p, start + 1)->id != cpu_at(p, start)->id + 1) {
            return false;
        }
    }
    return nodes % p->s->sockets == 0;
}

/*
 * Several nodes of a package follow one another. With fewer nodes than packages the numbers tell
 * nothing: some firmware alternates between packages, some does not.
 */
static void take_packages(struct placing *p)
{
    const int64_t sockets = p->s->sockets;

    if (sockets == 1 && !p->s->uneven) {
        take_all(p, FACTS_PACKAGE);
        p->packages = true;
    } else if (sockets > 1) {
        p->packages = p->nr_cores > 0 && counts_fit(p) && nodes_in_order(p) &&
                      cut_cores(p, FACTS_PACKAGE, sockets);
        if (p->packages) {
            facts_note(p->f,
                       "which CPUs share a package is not stated: those of %d nodes after "
                       "another do",
                       (int)(p->node_starts->len / sockets));
        } else {
            facts_note(p->f, "there are %d packages, and which CPUs share one is not stated",
                       (int)sockets);
        }
    }
}

/* True iff the number of LLCs leaves one answer: they do not span packages. */
static bool divides(const struct placing *p, int64_t nr)
{
    return p->packages && !p->s->uneven && nr % p->s->sockets == 0 && p->nr_cores % nr == 0;
}

/* Which CPUs share a cache: all, each core alone, or, of LLCs, consecutive cores of a package. */
static void take_sharing(struct placing *p, enum lscpu_cache cache, enum facts_group group)
{
    const int64_t nr = p->s->caches[cache].instances;

    if (nr == 1) {
        take_all(p, group);
    } else if (nr < 1 || p->nr_cores == 0) {
        return;
    } else if ((nr == p->nr_cores || (group == FACTS_L3 && divides(p, nr))) &&
               cut_cores(p, group, nr)) {
        if (nr != p->nr_cores && nr != p->s->sockets) {
            facts_note(p->f, "which CPUs share an LLC is not stated: %d cores after another do",
                       (int)(p->nr_cores / nr));
        }
    } else {
        facts_note(p->f,
                   "there are %d caches of level %d for %d cores: which share one is not "
                   "stated",
                   (int)nr, p->s->caches[cache].level, (int)p->nr_cores);
    }
}

/* Of how many caches a stated size is; 0 if that cannot be told. */
static int64_t instances(const struct placing *p, enum lscpu_cache cache)
{
    const struct lscpu_cache_size *size = &p->s->caches[cache];

    if (size->instances > 0 || size->single) {
        return MAX(size->instances, 1);
    }
    /* Sums without a number, of util-linux 2.34 to 2.36: each core has its own L1. */
    return cache == LSCPU_L1D ? p->nr_cores : 0;
}

static void take_sizes(struct placing *p)
{
    int64_t bytes[LSCPU_NR_CACHES] = {0};

    for (int cache = 0; cache < LSCPU_NR_CACHES; cache++) {
        const struct lscpu_cache_size *size = &p->s->caches[cache];
        const int64_t nr = instances(p, (enum lscpu_cache)cache);

        if (size->bytes == 0) {
            continue;
        }
        bytes[cache] = nr > 0 ? lscpu_size_of_one(size, nr) : 0;
        if (bytes[cache] == 0) {
            facts_note(p->f,
                       "the caches of level %d have %" G_GINT64_FORMAT " KiB together, and "
                       "how much each has is not stated",
                       size->level, size->bytes >> 10);
        } else {
            facts_state(p->f, MACHINE_CACHES, "lscpu");
        }
    }
    for (guint i = 0; i < p->cpus->len; i++) {
        struct facts_cpu *cpu = cpu_at(p, i);

        cpu->l1d_bytes = bytes[LSCPU_L1D];
        cpu->l2_bytes = bytes[LSCPU_L2];
        cpu->l3_bytes = bytes[LSCPU_L3];
    }
}

/* "... CPU @ 2.40GHz": Intel's names end with the base frequency. */
static int64_t base_hz(const char *model)
{
    const char *at = model != NULL ? strstr(model, "@ ") : NULL;
    const char *end = at != NULL ? strstr(at, "GHz") : NULL;
    int64_t hz;

    return end != NULL && piece_mhz((struct piece){at + 2, end}, &hz) ? hz * 1000 : 0;
}

static int32_t arch_of(const char *name)
{
    static const struct {
        const char *prefix;
        enum machine_arch arch;
    } archs[] = {{"x86_64", ARCH_X86_64},
                 {"aarch64", ARCH_ARM64},
                 {"ppc64", ARCH_PPC64},
                 {"ia64", ARCH_IA64},
                 {"riscv64", ARCH_RISCV64}};

    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(archs); i++) {
        if (g_str_has_prefix(name, archs[i].prefix)) {
            return (int32_t)archs[i].arch;
        }
    }
    return FACTS_UNKNOWN;
}

static const char *vendor_of(const char *id)
{
    static const struct {
        const char *id, *name;
    } vendors[] = {{"GenuineIntel", "Intel"}, {"AuthenticAMD", "AMD"}, {"HygonGenuine", "Hygon"}};

    for (size_t i = 0; id != NULL && i < G_N_ELEMENTS(vendors); i++) {
        if (strcmp(id, vendors[i].id) == 0) {
            return vendors[i].name;
        }
    }
    return id;
}

static void take_whole(struct placing *p, const char *tool)
{
    enum { AMD_ZEN = 23, ZEN_RECLAIM_DISTANCE = 32 };
    const struct lscpu_summary *s = p->s;
    const int64_t base = base_hz(s->model);
    const char *vendor = vendor_of(s->vendor);

    p->f->vendor = g_strdup(vendor);
    p->f->model = g_strdup(s->model);
    /* arch/x86/kernel/cpu/amd.c and hygon.c: node_reclaim_distance = 32 from Zen on */
    if ((g_strcmp0(vendor, "AMD") == 0 || g_strcmp0(vendor, "Hygon") == 0) &&
        s->family >= AMD_ZEN) {
        p->f->reclaim_distance = ZEN_RECLAIM_DISTANCE;
    }
    for (guint i = 0; i < p->cpus->len; i++) {
        cpu_at(p, i)->base_hz = base;
        cpu_at(p, i)->max_hz = s->nr_types <= 1 ? s->max_hz : 0;
    }
    facts_state(p->f, MACHINE_CPUS, tool);
    if (base > 0 || s->max_hz > 0) {
        facts_state(p->f, MACHINE_FREQUENCY, tool);
    }
}

struct facts *lscpu_summary_finish(const struct lscpu_summary *s, const char *name,
                                   const char *tool, GError **error)
{
    g_autofree char *source = g_strdup_printf("%s (%s)", name, tool);
    g_autoptr(facts_t) f = facts_new(source);
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(int32_t));
    g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint));
    struct placing p = {.s = s, .f = f, .cpus = cpus, .node_starts = starts};

    f->arch = arch_of(s->arch);
    if (!take_online(&p, name, error) || !take_nodes(&p, name, error)) {
        return NULL;
    }
    order_cpus(&p);
    if (cpus->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no CPU is online; expected 'CPU(s):' or 'On-line CPU(s) list:'", name);
        return NULL;
    }
    take_cores(&p);
    take_packages(&p);
    take_sharing(&p, LSCPU_L2, FACTS_L2);
    take_sharing(&p, LSCPU_L3, FACTS_L3);
    take_sizes(&p);
    take_whole(&p, tool);
    return g_steal_pointer(&f);
}
