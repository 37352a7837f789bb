/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From lscpu's summary to facts: the lists as they stand, and of the counts what they leave no
 * choice about, or what Linux numbers in one way on one architecture.
 */
#include "format/facts/lscpu-summary.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"

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

static bool take_online(struct lscpu_placing *p, const char *name, GError **error)
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

static bool take_nodes(struct lscpu_placing *p, const char *name, GError **error)
{
    uint32_t listed = 0;

    for (guint i = 0; i < p->s->nodes->len; i++) {
        const struct lscpu_node_cpus *node = &g_array_index(p->s->nodes, struct lscpu_node_cpus, i);
        g_autofree uint64_t *map = parse_cpus(p->s, node->list, name, error);

        int again = 0;

        if (map == NULL) {
            return false;
        }
        listed += bitmap_weight(map, FACTS_MAX_CPU_ID);
        if (listed > 2 * FACTS_MAX_CPU_ID) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: nodes list CPUs again and again; expected each on one", name);
            return false;
        }
        facts_node(p->f, node->id);
        for (uint32_t id = bitmap_next(map, FACTS_MAX_CPU_ID, 0); id < FACTS_MAX_CPU_ID;
             id = bitmap_next(map, FACTS_MAX_CPU_ID, id + 1)) {
            /* A node's list may hold CPUs that the machine could have and has not. */
            struct facts_cpu *cpu = p->s->online != NULL ? facts_find_cpu(p->f, (int32_t)id)
                                                         : facts_cpu(p->f, (int32_t)id);

            if (cpu != NULL && cpu->group[FACTS_NODE] >= 0) {
                again++;
            } else if (cpu != NULL) {
                cpu->group[FACTS_NODE] = node->id;
            }
        }
        if (again > 0) {
            facts_note(p->f,
                       "%d CPUs of node %d are listed on a node before it too: taken as there",
                       again, node->id);
        }
    }
    return true;
}

/* Of how many caches a stated size is; 0 if that cannot be told. */
static int64_t instances(const struct lscpu_placing *p, enum lscpu_cache cache)
{
    const struct lscpu_cache_size *size = &p->s->caches[cache];

    if (size->instances > 0 || size->single) {
        return MAX(size->instances, 1);
    }
    /* Sums without a number, of util-linux 2.34 to 2.36: each core has its own L1. */
    return cache == LSCPU_L1D ? p->nr_cores : 0;
}

static void take_sizes(struct lscpu_placing *p)
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
        struct facts_cpu *cpu = lscpu_cpu_at(p, i);

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

static void take_whole(struct lscpu_placing *p, const char *tool)
{
    const struct lscpu_summary *s = p->s;
    const int64_t base = base_hz(s->model);

    p->f->vendor = g_strdup(s->vendor);
    p->f->model = g_strdup(s->model);
    p->f->cpu_family = s->family > 0 ? (int32_t)s->family : 0;
    for (guint i = 0; i < p->cpus->len; i++) {
        lscpu_cpu_at(p, i)->base_hz = base;
        lscpu_cpu_at(p, i)->max_hz = s->nr_types <= 1 ? s->max_hz : 0;
    }
    facts_state(p->f, MACHINE_CPUS, tool);
    if (base > 0 || s->max_hz > 0) {
        facts_state(p->f, MACHINE_FREQUENCY, tool);
    }
}

struct facts *lscpu_summary_finish(const struct lscpu_summary *s, const char *name,
                                   const char *tool, GError **error)
{
    g_autoptr(facts_t) f = facts_new_of(tool, name);
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(int32_t));
    g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint));
    struct lscpu_placing p = {.s = s, .f = f, .cpus = cpus, .node_starts = starts};

    facts_take_arch(f, s->arch);
    if (!take_online(&p, name, error) || !take_nodes(&p, name, error)) {
        return NULL;
    }
    f->lists_all_online = s->online != NULL;
    lscpu_order_cpus(&p);
    if (cpus->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no CPU is online; expected 'CPU(s):' or 'On-line CPU(s) list:'", name);
        return NULL;
    }
    lscpu_take_cores(&p);
    lscpu_take_packages(&p);
    lscpu_take_sharing(&p, LSCPU_L2, FACTS_L2);
    lscpu_take_sharing(&p, LSCPU_L3, FACTS_L3);
    take_sizes(&p);
    take_whole(&p, tool);
    return g_steal_pointer(&f);
}
