/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs share what, from counts alone: only what leaves no choice, or what Linux numbers in one
 * way on one architecture; each with a note.
 */
#include "format/facts/lscpu-summary.h"

static gint by_node(gconstpointer a, gconstpointer b, gpointer facts)
{
    const struct facts_cpu *x = facts_find_cpu(facts, *(const int32_t *)a);
    const struct facts_cpu *y = facts_find_cpu(facts, *(const int32_t *)b);
    const int32_t node_x = x->group[FACTS_NODE], node_y = y->group[FACTS_NODE];

    return node_x != node_y ? (node_x < node_y ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

void lscpu_order_cpus(struct lscpu_placing *p)
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

static guint node_end(const struct lscpu_placing *p, guint node)
{
    return node + 1 < p->node_starts->len ? g_array_index(p->node_starts, guint, node + 1)
                                          : p->cpus->len;
}

struct facts_cpu *lscpu_cpu_at(const struct lscpu_placing *p, guint place)
{
    return facts_find_cpu(p->f, g_array_index(p->cpus, int32_t, place));
}

/* True iff each node's CPUs have consecutive numbers. */
static bool consecutive(const struct lscpu_placing *p)
{
    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node), end = node_end(p, node);

        if (lscpu_cpu_at(p, end - 1)->id - lscpu_cpu_at(p, start)->id !=
            (int32_t)(end - 1 - start)) {
            return false;
        }
    }
    return true;
}

/* True iff every node has whole cores and there are as many as the counts say. */
static bool counts_fit(const struct lscpu_placing *p)
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
static void take_siblings(struct lscpu_placing *p)
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
        /* Another file may say, so this is no more than what completion does without one. */
        p->f->threads_per_core = (int32_t)p->s->threads;
        p->nr_cores = p->cpus->len / (guint)p->s->threads;
        return;
    }
    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node);
        const guint cores = (node_end(p, node) - start) / (guint)p->s->threads;

        for (guint i = start; i < node_end(p, node); i++) {
            const guint core = apart ? (i - start) % cores : (i - start) / (guint)p->s->threads;
            const guint first = apart ? start + core : start + core * (guint)p->s->threads;

            lscpu_cpu_at(p, i)->group[FACTS_CORE] = lscpu_cpu_at(p, first)->id;
        }
        p->nr_cores += cores;
    }
    if (apart) {
        facts_note(p->f,
                   "siblings are not stated: taken as CPUs i and i+N/%d of a node's N, as "
                   "firmware usually numbers",
                   (int)p->s->threads);
    } else {
        facts_note(p->f, "siblings are not stated: taken as %d CPUs with consecutive numbers",
                   (int)p->s->threads);
    }
}

void lscpu_take_cores(struct lscpu_placing *p)
{
    if (p->s->threads == 1 && !p->s->uneven) {
        for (guint i = 0; i < p->cpus->len; i++) {
            lscpu_cpu_at(p, i)->group[FACTS_CORE] = lscpu_cpu_at(p, i)->id;
        }
        p->nr_cores = p->cpus->len;
    } else if (p->s->threads > 1) {
        take_siblings(p);
    }
}

/* The place of @cpu's core among all cores of its node, as far as siblings are known. */
static guint core_place(const struct lscpu_placing *p, guint place, guint node)
{
    const guint start = g_array_index(p->node_starts, guint, node);
    const guint cores = (node_end(p, node) - start) / (guint)p->s->threads;

    if (p->s->threads > 1 && lscpu_cpu_at(p, start)->group[FACTS_CORE] ==
                                 lscpu_cpu_at(p, start + 1)->group[FACTS_CORE]) {
        return (place - start) / (guint)p->s->threads;
    }
    return (place - start) % cores;
}

/* True iff @place cores before it is where some node begins, or the end. */
static bool is_node_edge(const struct lscpu_placing *p, guint place)
{
    for (guint node = 0; node < p->node_starts->len; node++) {
        if (g_array_index(p->node_starts, guint, node) == place * (guint)p->s->threads) {
            return true;
        }
    }
    return place == p->nr_cores;
}

/* True iff runs of @cores cores are parts of nodes, or nodes parts of them. */
static bool runs_fit_nodes(const struct lscpu_placing *p, guint cores)
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
static bool cut_cores(struct lscpu_placing *p, enum facts_group group, int64_t nr)
{
    const guint cores = (guint)(p->nr_cores / nr);
    guint before = 0;

    if (!runs_fit_nodes(p, cores)) {
        return false;
    }
    for (guint node = 0; node < p->node_starts->len; node++) {
        const guint start = g_array_index(p->node_starts, guint, node), end = node_end(p, node);

        for (guint i = start; i < end; i++) {
            lscpu_cpu_at(p, i)->group[group] = (int32_t)((before + core_place(p, i, node)) / cores);
        }
        before += (end - start) / (guint)p->s->threads;
    }
    return true;
}

static void take_all(struct lscpu_placing *p, enum facts_group group)
{
    for (guint i = 0; i < p->cpus->len; i++) {
        lscpu_cpu_at(p, i)->group[group] = 0;
    }
}

/* True iff nodes are numbered one package after another, as far as their CPUs' numbers tell. */
static bool nodes_in_order(const struct lscpu_placing *p)
{
    const guint nodes = p->node_starts->len;

    if (nodes == p->s->sockets) {
        return true;
    }
    for (guint node = 0; node < nodes; node++) {
        const guint start = g_array_index(p->node_starts, guint, node);

        if (node_end(p, node) - start > p->s->threads &&
            lscpu_cpu_at(p, start + 1)->id != lscpu_cpu_at(p, start)->id + 1) {
            return false;
        }
    }
    return nodes % p->s->sockets == 0;
}

/*
 * Several nodes of a package follow one another. With fewer nodes than packages the numbers tell
 * nothing: some firmware alternates between packages, some does not.
 */
void lscpu_take_packages(struct lscpu_placing *p)
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
                       "which CPUs share a package is not stated: those of %u consecutive node%s "
                       "do",
                       p->node_starts->len / (guint)sockets,
                       p->node_starts->len == sockets ? "" : "s");
        } else {
            facts_note(p->f, "there are %d packages, and which CPUs share one is not stated",
                       (int)sockets);
        }
    }
}

/* True iff the number of LLCs leaves one answer: they do not span packages. */
static bool divides(const struct lscpu_placing *p, int64_t nr)
{
    return p->packages && !p->s->uneven && nr % p->s->sockets == 0 && p->nr_cores % nr == 0;
}

/* Which CPUs share a cache: all, each core alone, or, of LLCs, consecutive cores of a package. */
void lscpu_take_sharing(struct lscpu_placing *p, enum lscpu_cache cache, enum facts_group group)
{
    const int64_t nr = p->s->caches[cache].instances;

    if (nr == 1) {
        take_all(p, group);
    } else if (nr < 1 || p->nr_cores == 0 ||
               (nr == p->nr_cores && p->f->threads_per_core > 0)) { /* as each core is */
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
