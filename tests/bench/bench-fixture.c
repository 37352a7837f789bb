/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench-fixture.h"

enum { CPUS_PER_LLC = 16, CPUS_PER_NODE = 64, NODES_PER_PACKAGE = 2 };

struct machine *bench_machine(int32_t nr_cpus)
{
    struct machine *m = machine_new();
    int32_t nr_nodes = MAX(nr_cpus / CPUS_PER_NODE, 1);

    m->name = g_strdup_printf("bench-%d", nr_cpus);
    m->reclaim_distance = 32; /* as the kernel has it on Zen */
    m->nr_cpus = nr_cpus;
    m->nr_cores = m->nr_clusters = m->nr_l2s = nr_cpus / 2;
    m->nr_llcs = MAX(nr_cpus / CPUS_PER_LLC, 1);
    m->nr_nodes = nr_nodes;
    m->nr_packages = m->nr_dies = MAX(nr_nodes / NODES_PER_PACKAGE, 1);
    m->cpus = g_new0(struct machine_cpu, (gsize)nr_cpus);
    m->llcs = g_new0(struct machine_llc, (gsize)m->nr_llcs);
    m->nodes = g_new0(struct machine_node, (gsize)nr_nodes);
    m->distances = g_new0(int32_t, (gsize)(nr_nodes * nr_nodes));
    m->latency_ns = g_new0(int64_t, (gsize)(nr_nodes * nr_nodes));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(nr_nodes * nr_nodes));
    for (int32_t c = 0; c < nr_cpus; c++) {
        int32_t node = c / CPUS_PER_NODE;
        int32_t package = node / NODES_PER_PACKAGE;

        m->cpus[c] = (struct machine_cpu){.os_id = c,
                                          .core = c / 2,
                                          .cluster = c / 2,
                                          .l2 = c / 2,
                                          .llc = c / CPUS_PER_LLC,
                                          .die = package,
                                          .package = package,
                                          .node = node,
                                          .capacity = 1024};
    }
    for (int32_t i = 0; i < nr_nodes; i++) {
        m->nodes[i] = (struct machine_node){.os_id = i,
                                            .memory_bytes = INT64_C(64) << 30,
                                            .tier = TIER_DRAM,
                                            .package = i / NODES_PER_PACKAGE};
        for (int32_t j = 0; j < nr_nodes; j++) {
            bool near = i / NODES_PER_PACKAGE == j / NODES_PER_PACKAGE;

            m->distances[i * nr_nodes + j] = i == j ? 10 : near ? 12 : 32;
            m->latency_ns[i * nr_nodes + j] = i == j ? 100 : near ? 120 : 200;
        }
    }
    for (int32_t i = 0; i < m->nr_llcs; i++) {
        m->llcs[i].size_bytes = INT64_C(32) << 20;
    }
    m->costs = (struct machine_costs){.context_switch_ns = 1000,
                                      .wakeup_ns = 500,
                                      .wakeup_ipi_ns = {0, 500, 800, 1000, 1200, 2000},
                                      .idle_exit_ns = 1000,
                                      .fork_ns = 50000,
                                      .exit_ns = 20000,
                                      .tick_ns = 1000,
                                      .balance_pass_ns = 500,
                                      .balance_cpu_ns = 20,
                                      .migration_ns = {0, 500, 500, 600, 800, 1000},
                                      .smt_pace_ppm = 600000};
    g_autoptr(GError) error = NULL;

    if (!machine_finish(m, &error)) {
        g_error("%s", error->message);
    }
    return m;
}

struct policy_stack *bench_stack(const char *queue, const char *balance, const char *dir)
{
    const char *dirs[] = {dir, NULL};
    g_autoptr(GError) error = NULL;
    struct policy_set *set = policy_set_new("bench");

    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, queue, NULL, (struct policy_place){0});
    policy_set_plugin(set, NUMASIM_ROLE_BALANCE, balance, NULL, (struct policy_place){0});
    struct policy_stack *stack = policy_stack_load(set, dirs, &error);

    if (stack == NULL) {
        g_error("%s", error->message);
    }
    policy_set_free(set);
    return stack;
}
