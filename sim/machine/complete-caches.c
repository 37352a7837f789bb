/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes of caches and clocks, where a description is silent or its CPUs disagree. */
#include "machine/complete-private.h"

/* How many cores use the LLC @llc. */
static int32_t cores_of_llc(const struct machine *m, int32_t llc)
{
    g_autofree bool *seen = g_new0(bool, (size_t)m->nr_cores);
    int32_t cores = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (m->cpus[cpu].llc == llc && !seen[m->cpus[cpu].core]) {
            seen[m->cpus[cpu].core] = true;
            cores++;
        }
    }
    return cores;
}

static int64_t llc_bytes_per_core(const struct machine *like)
{
    int64_t bytes = 0;

    for (int32_t llc = 0; llc < like->nr_llcs; llc++) {
        bytes += like->llcs[llc].size_bytes;
    }
    return bytes / like->nr_cores;
}

/* What a CPU says of its cache goes before what is said of all. */
static int64_t stated(int64_t cpu_bytes, int64_t each_bytes)
{
    return cpu_bytes > 0 ? cpu_bytes : each_bytes;
}

/* The size of the cache that is @cpu's last one; where it names none, the machine's last one. */
static int64_t stated_llc(const struct facts *f, const struct facts_cpu *cpu)
{
    const bool named = cpu->group[FACTS_L3] >= 0 || cpu->l3_bytes > 0;
    const bool silent = cpu->group[FACTS_L2] < 0 && cpu->l2_bytes == 0 && f->l3_bytes > 0;

    return named || silent ? stated(cpu->l3_bytes, f->l3_bytes)
                           : stated(cpu->l2_bytes, f->l2_bytes);
}

static void complete_llcs(struct completion *c)
{
    struct machine *m = c->m;
    int32_t filled = 0;

    m->llcs = g_new0(struct machine_llc, (size_t)m->nr_llcs);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct machine_llc *llc = &m->llcs[m->cpus[cpu].llc];

        llc->size_bytes = MAX(llc->size_bytes, stated_llc(c->f, c->cpus[cpu]));
    }
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        if (m->llcs[llc].size_bytes == 0) {
            m->llcs[llc].size_bytes = llc_bytes_per_core(c->like) * cores_of_llc(m, llc);
            filled++;
        }
    }
    if (filled > 0) {
        completion_say(
            c, "the size of %d LLC%s is not stated: %" G_GINT64_FORMAT " KiB a core, as %s", filled,
            filled == 1 ? "" : "s", llc_bytes_per_core(c->like) >> 10, c->like->name);
    }
}

/* Fills what is 0 of the @nr sizes with the likened machine's first. */
static void fill_sizes(struct completion *c, int64_t *sizes, int32_t nr, const int64_t *like,
                       const char *what)
{
    int32_t filled = 0;

    for (int32_t i = 0; i < nr && like != NULL && like[0] > 0; i++) {
        if (sizes[i] == 0) {
            sizes[i] = like[0];
            filled++;
        }
    }
    if (filled > 0) {
        completion_say(c, "the size of the %s is not stated: %" G_GINT64_FORMAT " KiB, as %s", what,
                       like[0] >> 10, c->like->name);
    }
}

static void complete_clock(struct completion *c)
{
    int64_t base = 0, max = 0, lowest = INT64_MAX;

    for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
        const int64_t hz = c->cpus[cpu]->base_hz;

        base = MAX(base, hz);
        lowest = hz > 0 ? MIN(lowest, hz) : lowest;
        max = MAX(max, c->cpus[cpu]->max_hz);
    }
    c->m->core_hz = base > 0 ? base : max;
    if (base == 0 && max > 0) {
        completion_say(c, "the base frequency is not stated: the highest one stands for it");
    }
    if (base > 0 && lowest < base) {
        completion_say(c, "CPUs differ in base frequency: the highest one stands for all");
    }
    if (c->m->core_hz > 0) {
        completion_source(c, MACHINE_FREQUENCY,
                          c->f->block_sources[MACHINE_FREQUENCY] != NULL ? NULL : c->f->source);
    }
}

void complete_caches(struct completion *c)
{
    struct machine *m = c->m;
    g_autofree char *source =
        g_strdup_printf("as of %s: %s", c->like->name, c->like->block_sources[MACHINE_CACHES]);
    const guint before = c->lines->len;

    m->l1d_bytes = g_new0(int64_t, (size_t)m->nr_cores);
    m->l2_bytes = g_new0(int64_t, (size_t)m->nr_l2s);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        int64_t *l1d = &m->l1d_bytes[m->cpus[cpu].core], *l2 = &m->l2_bytes[m->cpus[cpu].l2];

        *l1d = MAX(*l1d, stated(c->cpus[cpu]->l1d_bytes, c->f->l1d_bytes));
        *l2 = MAX(*l2, stated(c->cpus[cpu]->l2_bytes, c->f->l2_bytes));
    }
    complete_llcs(c);
    fill_sizes(c, m->l2_bytes, m->nr_l2s, c->like->l2_bytes, "L2");
    fill_sizes(c, m->l1d_bytes, m->nr_cores, c->like->l1d_bytes, "L1d");
    completion_source(c, MACHINE_CACHES, c->lines->len > before ? source : NULL);
    complete_clock(c);
}
