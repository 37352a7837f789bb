/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flows over links that many nodes share, in a running kernel: two rings of four sockets without
 * glue between them (the shape of xeon-8s-288), and one ring of four (xeon-4s-ring), with links of round
 * numbers. Eight threads on one node read another's memory, and would take 100 GB/s if they could.
 */
#include "event-log.h"

#include "base/time.h"

#define MS NSEC_PER_MSEC

enum { LINE_BYTES = 64, LINES_PER_US = 200, NR_THREADS = 8, MAX_FLOWS = 4, TIME_MS = 100 };

/* 20 GB/s within a ring, 10 between them: 0-4, 1-5, 2-6, 3-7. */
#define LINK(from, to, gb)                                                                         \
    "    - {from: " #from ", to: " #to ", bandwidth: " #gb "GB/s, latency: 37ns}\n"                \
    "    - {from: " #to ", to: " #from ", bandwidth: " #gb "GB/s, latency: 37ns}\n"
#define RING(a, b, c, d) LINK(a, b, 20) LINK(b, c, 20) LINK(c, d, 20) LINK(d, a, 20)

/* A machine: text, and how its CPUs are numbered: in blocks of so many to a node, 0: in turn. */
struct shape {
    const char *topology;
    int32_t block, nr_nodes;
};

/* Reads of @memory's memory by threads on @cpus' node, and what they get, in MB/s. */
struct flow {
    int32_t cpus, memory;
    int64_t mb;
};

/* The shipped machine with @links in place of what each pair has, and nodes that give @node_bandwidth. */
static char *topology_of(const char *name, const char *nodes, const char *nodes_with,
                         const char *links)
{
    g_autofree char *text = topology_with(name, nodes, nodes_with);
    char *from = strstr(text, "bandwidth:\n  by-distance");
    char *end = from != NULL ? strstr(from, "\n\n") : NULL;

    g_assert_nonnull(end);
    *from = '\0';
    return g_strconcat(text, links, end, NULL);
}

/* Of each thread, of which a microsecond is LINES_PER_US. */
static int64_t work_ns(int64_t mb)
{
    return mb * 1000 * TIME_MS / LINE_BYTES * 1000 / NR_THREADS / LINES_PER_US;
}

/* CPUs for the threads of flow @i, each on a core of its own. */
static char *cpus_of(const struct shape *shape, const struct flow *flows, int32_t i)
{
    int32_t first = 0, node = flows[i].cpus;

    for (int32_t n = 0; n < i; n++) {
        first += flows[n].cpus == node ? NR_THREADS : 0;
    }
    if (shape->block > 0) {
        first += shape->block * node;
        return g_strdup_printf("%d-%d", first, first + NR_THREADS - 1);
    }
    first = shape->nr_nodes * first + node;
    return g_strdup_printf("'%d-%d:1/%d'", first, first + shape->nr_nodes * (NR_THREADS - 1),
                           shape->nr_nodes);
}

static char *workload_of(const struct shape *shape, const struct flow *flows)
{
    GString *s = g_string_new("numasim: workload/1\ncgroups:\n");

    for (int32_t i = 0; i < MAX_FLOWS && flows[i].mb > 0; i++) {
        g_string_append_printf(s, "  c%d: {nodes: %d}\n", i, flows[i].memory);
    }
    g_string_append(s, "duration: 1s\nprocesses:\n");
    for (int32_t i = 0; i < MAX_FLOWS && flows[i].mb > 0; i++) {
        g_autofree char *cpus = cpus_of(shape, flows, i);

        g_string_append_printf(
            s,
            "  p%d:\n    cgroup: c%d\n    regions: {r: {size: 4MiB, touch: first}}\n"
            "    threads: {f%d: {count: %d, cpus: %s, spread: true, program: [access: {misses: {r: "
            "200/us}, "
            "mlp: "
            "100}, run: %" G_GINT64_FORMAT "ns]}}\n",
            i, i, i, NR_THREADS, cpus, work_ns(flows[i].mb));
    }
    return g_string_free(s, FALSE);
}

/* Every flow's threads, who have as much to do as its share lets them, end together, within 1 %. */
static void must_flow(const struct shape *shape, const struct flow *flows)
{
    g_autofree char *text = workload_of(shape, flows);
    struct engine *e =
        engine_new(shape->topology, text, "fifo+none", &(struct kernel_config){.seed = 1});
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, NSEC_PER_SEC);
    for (int32_t i = 0; i < MAX_FLOWS && flows[i].mb > 0; i++) {
        g_autofree char *comm = g_strdup_printf("f%d", i);

        for (int32_t n = 0; n < NR_THREADS; n++) {
            int32_t id = task_pub(engine_task(e, comm, n))->id;
            int64_t took_ns = event_log_time(log, TP_SCHED_PROCESS_EXIT, id, 0);

            g_test_message("%d reads %d: %" G_GINT64_FORMAT " us", flows[i].cpus, flows[i].memory,
                           took_ns / 1000);
            g_assert_cmpint(took_ns, >=, TIME_MS * MS * 99 / 100);
            g_assert_cmpint(took_ns, <=, TIME_MS * MS * 101 / 100);
        }
    }
    engine_free(e);
}

/* Ways are the shortest, and of these begin with the link listed first. */
static void test_glueless(void)
{
    static const struct flow cases[][MAX_FLOWS] = {
        /* One hop, alone: what the link has. */
        {{0, 4, 10000}, {2, 3, 20000}, {0, 0, 0}},
        {{1, 0, 20000}, {0, 0, 0}},
        /* By way of 4 over the link that 4's own take, and each gets half. The other direction is free. */
        {{0, 4, 5000}, {0, 5, 5000}, {4, 0, 10000}, {0, 0, 0}},
        /* Two hops by way of 1; what 1 reads comes over the first link alone, and gets as much. */
        {{0, 2, 10000}, {1, 2, 10000}, {0, 0, 0}},
        /* Both rings, each with a way of its own between them: nobody is in the way. */
        {{0, 4, 10000}, {1, 5, 10000}, {6, 7, 20000}, {0, 0, 0}},
        /* By way of 7, where the link on to 3 holds it to half of 10: the rest of 20 is for 7. */
        {{3, 4, 5000}, {3, 7, 5000}, {7, 4, 15000}, {0, 0, 0}},
    };
    g_autofree char *topology =
        topology_of("xeon-8s-288", "size: 64GiB}", "size: 64GiB, read-bandwidth: 61GB/s}",
                    "links:\n  list:\n" RING(0, 1, 2, 3) RING(4, 5, 6, 7) LINK(0, 4, 10)
                        LINK(1, 5, 10) LINK(2, 6, 10) LINK(3, 7, 10) "  source: for a test\n");
    const struct shape shape = {topology, 18, 8};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        must_flow(&shape, cases[i]);
    }
}

static void test_ring(void)
{
    static const struct flow cases[][MAX_FLOWS] = {
        {{1, 0, 20000}, {0, 0, 0}},
        /* Opposite nodes meet halfway. */
        {{0, 2, 20000}, {0, 0, 0}},
        {{0, 2, 10000}, {1, 2, 10000}, {0, 0, 0}},
        {{0, 2, 20000}, {2, 0, 20000}, {0, 0, 0}},
        {{0, 1, 20000}, {1, 2, 20000}, {2, 3, 20000}, {3, 0, 20000}},
    };
    g_autofree char *topology =
        topology_of("xeon-4s-ring", "MiB}", "MiB, read-bandwidth: 61GB/s}",
                    "links:\n  list:\n" RING(0, 1, 2, 3) "  source: for a test\n");
    const struct shape shape = {topology, 0, 4};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        must_flow(&shape, cases[i]);
    }
}

/* Boards of two sockets with one trunk between them (0-2): what crosses it shares it, however far it
 * comes. */
static void test_trunk(void)
{
    static const struct flow cases[][MAX_FLOWS] = {
        {{1, 3, 10000}, {0, 0, 0}},
        {{1, 3, 5000}, {0, 2, 5000}, {0, 1, 20000}, {0, 0, 0}},
        {{1, 3, 3333}, {0, 2, 3333}, {0, 3, 3333}, {2, 0, 10000}},
    };
    g_autofree char *topology = topology_of("xeon-4s-ring", "MiB}", "MiB, read-bandwidth: 61GB/s}",
                                            "links:\n  list:\n" LINK(0, 1, 20) LINK(2, 3, 20)
                                                LINK(0, 2, 10) "  source: for a test\n");
    const struct shape shape = {topology, 0, 4};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        must_flow(&shape, cases[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/links/glueless", test_glueless);
    g_test_add_func("/links/ring", test_ring);
    g_test_add_func("/links/trunk", test_trunk);
    return g_test_run();
}
