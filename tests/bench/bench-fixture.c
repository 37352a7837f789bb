/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench-fixture.h"

#include <string.h>
#include <time.h>

#include "format/workload-yaml.h"

enum { CPUS_PER_LLC = 16, CPUS_PER_NODE = 64, NODES_PER_PACKAGE = 2, NR_SLOW_NODES = 2 };

/* With @nr_slow nodes more that have no CPUs, one to each package; its tables are to be finished. */
static struct machine *machine_of(int32_t nr_cpus, int32_t nr_slow)
{
    struct machine *m = machine_new();
    int32_t nr_fast = MAX(nr_cpus / CPUS_PER_NODE, 1), nr_nodes = nr_fast + nr_slow;

    m->name = g_strdup_printf("bench-%d", nr_cpus);
    m->reclaim_distance = 32; /* as the kernel has it on Zen */
    m->nr_cpus = nr_cpus;
    m->nr_cores = m->nr_clusters = m->nr_l2s = nr_cpus / 2;
    m->nr_llcs = MAX(nr_cpus / CPUS_PER_LLC, 1);
    m->nr_nodes = nr_nodes;
    m->nr_packages = m->nr_dies = MAX(nr_fast / NODES_PER_PACKAGE, 1);
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
        m->nodes[i] = (struct machine_node){
            .os_id = i,
            .memory_bytes = INT64_C(64) << 30,
            .tier = i < nr_fast ? TIER_DRAM : TIER_CXL,
            .package = i < nr_fast ? i / NODES_PER_PACKAGE : MIN(i - nr_fast, m->nr_packages - 1)};
    }
    for (int32_t i = 0; i < nr_nodes * nr_nodes; i++) {
        int32_t from = i / nr_nodes, to = i % nr_nodes;
        bool near = m->nodes[from].package == m->nodes[to].package;
        bool slow = from >= nr_fast || to >= nr_fast;

        m->distances[i] = from == to ? 10 : near ? 12 : 32;
        m->latency_ns[i] = from == to ? 100 : near ? 120 : 200;
        if (slow && from != to) {
            m->distances[i] += 8;
            m->latency_ns[i] += 150;
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
    return m;
}

static struct machine *finished(struct machine *m)
{
    g_autoptr(GError) error = NULL;

    if (!machine_finish(m, &error)) {
        g_error("%s", error->message);
    }
    return m;
}

struct machine *bench_machine(int32_t nr_cpus)
{
    return finished(machine_of(nr_cpus, 0));
}

static struct policy_set *set_of(const char *queue, const char *balance)
{
    struct policy_set *set = policy_set_new("bench");

    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, queue, NULL, (struct policy_place){0});
    policy_set_plugin(set, NUMASIM_ROLE_BALANCE, balance, NULL, (struct policy_place){0});
    return set;
}

static struct policy_stack *loaded(struct policy_set *set, const char *dir)
{
    const char *dirs[] = {dir, NULL};
    g_autoptr(GError) error = NULL;
    struct policy_stack *stack = policy_stack_load(set, dirs, &error);

    if (stack == NULL) {
        g_error("%s", error->message);
    }
    policy_set_free(set);
    return stack;
}

struct policy_stack *bench_stack(const char *queue, const char *balance, const char *dir)
{
    return loaded(set_of(queue, balance), dir);
}

struct policy_stack *bench_linux(const char *const *overrides, const char *dir)
{
    struct policy_set *set = set_of("eevdf", "linux-balance");
    g_autoptr(GError) error = NULL;

    policy_set_plugin(set, NUMASIM_ROLE_NUMA, "linux-numa", NULL, (struct policy_place){0});
    policy_set_plugin(set, NUMASIM_ROLE_TIER, "linux-tier", NULL, (struct policy_place){0});
    for (; *overrides != NULL; overrides++) {
        if (!policy_set_override(set, *overrides, &error)) {
            g_error("%s", error->message);
        }
    }
    return loaded(set, dir);
}

/* ------------------------------------------------------------------------------------------- */

static const struct machine_curve_point curve[] = {{200000, 1130000}, {400000, 1190000},
                                                   {500000, 1250000}, {750000, 1450000},
                                                   {850000, 1570000}, {990000, 2500000}};

struct machine *bench_memory_machine(int32_t nr_cpus, int64_t node_bytes, int64_t slow_bytes)
{
    struct machine *m = machine_of(nr_cpus, slow_bytes > 0 ? NR_SLOW_NODES : 0);

    for (int32_t i = 0; i < m->nr_nodes * m->nr_nodes; i++) {
        int32_t distance = m->distances[i];

        m->bandwidth_bytes_per_s[i] = (distance == 10   ? INT64_C(100)
                                       : distance == 12 ? INT64_C(50)
                                                        : INT64_C(30)) *
                                      1000000000;
    }
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        m->nodes[i].memory_bytes = m->nodes[i].tier == TIER_DRAM ? node_bytes : slow_bytes;
    }
    m->curves[TIER_DRAM].points = g_memdup2(curve, sizeof(curve));
    m->curves[TIER_DRAM].nr_points = G_N_ELEMENTS(curve);
    m->costs.page_fault_ns = 250;
    m->costs.page_zero_bytes_per_s = INT64_C(20) * 1000000000;
    m->costs.page_move_ns = 2000;
    m->costs.page_move_bytes_per_s = INT64_C(11) * 1000000000;
    m->costs.hint_fault_ns = 800;
    m->costs.pte_scan_ns = 150;
    m->costs.tlb_shootdown_ns = 2000;
    m->costs.tlb_shootdown_cpu_ns = 200;
    return finished(m);
}

struct bench bench_begin(const struct machine *machine, const struct policy_stack *stack,
                         const char *text)
{
    const struct kernel_config config = {.seed = 1};
    g_autoptr(GError) error = NULL;
    struct bench b = {.domains = sched_domains_new(machine, KERNEL_6_12)};
    const struct workload *w = b.workload =
        workload_read_yaml_buffer("bench", text, strlen(text), &error);

    b.kernel = w != NULL ? kernel_new(machine, b.domains, stack, &config, &error) : NULL;
    b.interp = b.kernel != NULL ? interp_new(b.kernel, &w, 1, &error) : NULL;
    if (b.interp == NULL) {
        g_error("%s", error->message);
    }
    return b;
}

double bench_run(struct bench *b, int64_t until_ns)
{
    g_autoptr(GError) error = NULL;
    clock_t from = clock();

    if (!kernel_run(b->kernel, until_ns, &error)) {
        g_error("%s", error->message);
    }
    return (double)(clock() - from) / CLOCKS_PER_SEC;
}

void bench_end(struct bench *b)
{
    interp_free(b->interp);
    kernel_free(b->kernel);
    workload_free(b->workload);
    sched_domains_free(b->domains);
}
