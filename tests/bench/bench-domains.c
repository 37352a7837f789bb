/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the domains of large machines: 4096 CPUs with few and with many distances, and the same
 * per CPU and level against a machine of 512 CPUs. CPU time, best of three.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "machine/domains.h"

enum { NR_RUNS = 3 };

struct size {
    const char *name;
    int32_t nr_cpus, nr_nodes;
    int32_t (*distance)(int32_t from, int32_t to, int32_t nr_nodes);
};

static int32_t flat(int32_t from, int32_t to, int32_t nr_nodes)
{
    (void)nr_nodes;
    return from == to ? 10 : 20;
}

/* Steps in a grid of eight columns. */
static int32_t mesh(int32_t from, int32_t to, int32_t nr_nodes)
{
    (void)nr_nodes;
    return 10 + 5 * (abs(from / 8 - to / 8) + abs(from % 8 - to % 8));
}

/* Every distance from the last node to the first is a level of its own. */
static int32_t line(int32_t from, int32_t to, int32_t nr_nodes)
{
    (void)nr_nodes;
    return MIN(10 + abs(from - to), 254);
}

/* Pairs at one hop, blocks of four, eight... at more, like a machine of many chassis. */
static int32_t tree(int32_t from, int32_t to, int32_t nr_nodes)
{
    int32_t d = 10;

    (void)nr_nodes;
    for (; from != to; from /= 2, to /= 2) {
        d += 12;
    }
    return d;
}

/* Two threads a core, four LLCs a node, a package a node. */
static struct machine *machine_of(const struct size *s)
{
    struct machine *m = machine_new();
    const int32_t per_node = s->nr_cpus / s->nr_nodes, per_llc = MAX(per_node / 4, 2);
    const int32_t n = s->nr_nodes;
    g_autoptr(GError) error = NULL;

    m->name = g_strdup(s->name);
    m->nr_cpus = s->nr_cpus;
    m->nr_nodes = m->nr_packages = m->nr_dies = n;
    m->nr_cores = m->nr_clusters = m->nr_l2s = s->nr_cpus / 2;
    m->nr_llcs = s->nr_cpus / per_llc;
    m->cpus = g_new0(struct machine_cpu, (gsize)s->nr_cpus);
    m->llcs = g_new0(struct machine_llc, (gsize)m->nr_llcs);
    m->nodes = g_new0(struct machine_node, (gsize)n);
    m->distances = g_new0(int32_t, (gsize)(n * n));
    m->latency_ns = g_new0(int64_t, (gsize)(n * n));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(n * n));
    for (int32_t cpu = 0; cpu < s->nr_cpus; cpu++) {
        struct machine_cpu *c = &m->cpus[cpu];

        c->os_id = cpu;
        c->core = c->cluster = c->l2 = cpu / 2;
        c->llc = cpu / per_llc;
        c->die = c->package = c->node = cpu / per_node;
        c->capacity = 1024;
    }
    for (int32_t i = 0; i < n * n; i++) {
        m->nodes[i % n].memory_bytes = 1 << 30;
        m->nodes[i % n].os_id = i % n;
        m->distances[i] = s->distance(i / n, i % n, n);
        m->latency_ns[i] = 100;
    }
    if (!machine_finish(m, &error)) {
        g_error("%s: %s", s->name, error->message);
    }
    return m;
}

static double build_ms(const struct machine *m)
{
    double best = 1e9;

    for (int i = 0; i < NR_RUNS; i++) {
        const clock_t start = clock();
        struct sched_domains *sds = sched_domains_new(m, KERNEL_6_12);
        const double ms = (double)(clock() - start) * 1e3 / (double)CLOCKS_PER_SEC;

        sched_domains_free(sds);
        best = MIN(best, ms);
    }
    return best;
}

int main(void)
{
    static const struct size sizes[] = {
        {"512 CPUs, 8 nodes, flat", 512, 8, flat},
        {"4096 CPUs, 64 nodes, flat", 4096, 64, flat},
        {"4096 CPUs, 64 nodes, mesh 8x8", 4096, 64, mesh},
        {"4096 CPUs, 64 nodes in a line", 4096, 64, line},
        {"4096 CPUs, 256 nodes, tree", 4096, 256, tree},
        {"4096 CPUs, 256 nodes in a line", 4096, 256, line},
    };
    double base_us = 0;

    printf("%-36s %8s %8s %10s %6s\n", "sched_domains", "levels", "ms", "us a CPU", "ratio");
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(machine_t) m = machine_of(&sizes[i]);
        g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_6_12);
        const double ms = build_ms(m), us = ms * 1e3 / sizes[i].nr_cpus;

        base_us = i == 0 ? us : base_us;
        printf("%-36s %8u %8.1f %10.2f %6.1f\n", sizes[i].name, sds->nr_numa_levels, ms, us,
               us / base_us);
    }
    return EXIT_SUCCESS;
}
