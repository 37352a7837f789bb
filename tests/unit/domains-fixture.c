/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains-fixture.h"

#include <string.h>

#include "base/bitmap.h"

/* CPU c's sibling is c + number of cores, as most firmware numbers them. */
static void fill_cpu(struct machine *m, const struct shape *s, int32_t cpu)
{
    const int32_t cores = s->nodes * s->cores_per_node, core = cpu % cores;
    struct machine_cpu *c = &m->cpus[cpu];

    c->os_id = cpu;
    c->core = c->cluster = c->l2 = core;
    c->llc = core / (s->cores_per_node / s->llcs_per_node);
    c->node = core / s->cores_per_node;
    c->die = c->package = c->node / s->nodes_per_package;
    c->capacity = 1024;
}

struct machine *machine_of(const struct shape *s)
{
    struct machine *m = machine_new();
    const int32_t n = s->nodes;
    int32_t i;

    m->name = g_strdup("test");
    m->arch = s->arch;
    m->nr_nodes = n;
    m->nr_cores = m->nr_clusters = m->nr_l2s = n * s->cores_per_node;
    m->nr_cpus = m->nr_cores * s->threads;
    m->nr_llcs = n * s->llcs_per_node;
    m->nr_dies = m->nr_packages = n / s->nodes_per_package;
    m->cpus = g_new0(struct machine_cpu, (gsize)m->nr_cpus);
    m->llcs = g_new0(struct machine_llc, (gsize)m->nr_llcs);
    m->nodes = g_new0(struct machine_node, (gsize)n);
    m->distances = g_new0(int32_t, (gsize)(n * n));
    m->latency_ns = g_new0(int64_t, (gsize)(n * n));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(n * n));
    m->online_all = true;
    g_free(m->offline);
    g_free(m->isolated);
    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    for (i = 0; i < m->nr_cpus; i++) {
        fill_cpu(m, s, i);
    }
    for (i = 0; i < n; i++) {
        m->nodes[i].os_id = i;
        m->nodes[i].memory_bytes = 1 << 30;
        m->nodes[i].tier = TIER_DRAM;
        m->nodes[i].package = i / s->nodes_per_package;
    }
    for (i = 0; i < n * n; i++) {
        m->distances[i] = s->distances ? s->distances[i] : MACHINE_LOCAL_DISTANCE;
        m->latency_ns[i] = 10 * m->distances[i];
    }
    return m;
}

struct sched_domains *domains_of(struct machine *m, enum kernel_release release)
{
    g_autoptr(GError) error = NULL;

    machine_finish(m, &error);
    g_assert_no_error(error);
    return sched_domains_new(m, release);
}

struct sched_domain *domain(const struct sched_domains *sds, int32_t cpu, uint32_t index)
{
    g_assert_cmpuint(index, <, sds->nr_domains[cpu]);
    return &sds->domains[cpu][index];
}

/* "{span}" of each group in ring order; a balance mask that is not the span follows after '/'. */
static char *rings(const struct sched_domains *sds, const struct sched_domain *sd)
{
    GString *out = g_string_new(NULL);
    uint32_t i;

    for (i = 0; i < sd->nr_groups; i++) {
        const struct sched_group *g = &sd->groups[i];
        g_autofree char *span = bitmap_to_list(g->span, (uint32_t)sds->nr_cpus);
        g_autofree char *mask = bitmap_to_list(g->balance_mask, (uint32_t)sds->nr_cpus);

        g_assert_cmpuint(g->weight, ==, bitmap_weight(g->span, (uint32_t)sds->nr_cpus));
        g_string_append_printf(out, strcmp(span, mask) ? "{%s/%s}" : "{%s}", span, mask);
    }
    return g_string_free(out, FALSE);
}

void assert_domain(const struct sched_domains *sds, int32_t cpu, uint32_t index, const char *name,
                   const char *span, const char *groups)
{
    const struct sched_domain *sd = domain(sds, cpu, index);
    g_autofree char *span_text = bitmap_to_list(sd->span, (uint32_t)sds->nr_cpus);
    g_autofree char *groups_text = rings(sds, sd);

    g_assert_cmpstr(sd->name, ==, name);
    g_assert_cmpuint(sd->level, ==, index);
    g_assert_cmpstr(span_text, ==, span);
    g_assert_cmpstr(groups_text, ==, groups);
}

void assert_stack(const struct sched_domains *sds, int32_t cpu, const char *expected)
{
    g_autoptr(GString) names = g_string_new(NULL);
    uint32_t i;

    for (i = 0; i < sds->nr_domains[cpu]; i++) {
        g_string_append_printf(names, "%s%s", i ? " " : "", sds->domains[cpu][i].name);
    }
    g_assert_cmpstr(names->str, ==, expected);
}
