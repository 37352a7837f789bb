/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What NUMA balancing and tiering cost the engine: a run against the same run in which the same threads
 * do the same work without a memory access.
 *
 *   autonumabench, 8 nodes   two processes of 256 threads on 512 CPUs zero 8 GiB each, of which the
 *                            first thread has touched all: pages follow threads
 *   tiering, 1 TiB           128 threads on two nodes, a region of 1 TiB that lies on them and on two
 *                            nodes without CPUs, a tenth of it hot; numa_balancing=2 and demotion
 *   2 TiB, 16 nodes          4000 threads on 1024 CPUs: one process over a table of 1 TiB, and twelve
 *                            with 64 GiB each of their threads' own
 *
 * CPU time by clock(). "ratio": of it for a simulated second; 1 means that memory costs nothing. "MB": of
 * real memory that came with the run; extents, and kinds of pages in them, are what stands for the
 * simulated pages.
 *
 * Usage: bench-memory-balancing [POLICY-DIR [ROW]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "bench-fixture.h"
#include "kernel/internal.h"

#define GIB (INT64_C(1) << 30)

struct row {
    const char *name;
    int32_t nr_cpus;
    int64_t node_bytes, slow_bytes; /* of each node with CPUs; of each of two without, 0: none */
    const char *overrides[4];       /* of the policy set */
    int64_t warm_ms, duration_ms;
    const char *processes; /* %s: where accesses are stated */
    const char *access[2]; /* what stands there, one after the other */
};

static const struct row rows[] = {
    {.name = "autonumabench, 8 nodes",
     .nr_cpus = 512,
     .node_bytes = 64 * GIB,
     .warm_ms = 1500,
     .duration_ms = 10000,
     .processes =
         "  a:\n    count: 2\n"
         "    regions: {r: {size: 8GiB, pattern: sequential, shared: false, touch: first}}\n"
         "    threads: {z: {count: 256, program: [%sforever: [run: 1s]]}}\n",
     .access = {"access: {misses: {r: 100/us}, mlp: 4}, "}},
    {.name = "tiering, 1 TiB",
     .nr_cpus = 128,
     .node_bytes = 256 * GIB,
     .slow_bytes = 512 * GIB,
     .overrides = {"numa.numa_balancing=2", "tier.demotion_enabled=on", "tier.memory_tiering=on"},
     .warm_ms = 2000,
     .duration_ms = 20000,
     .processes = "  a:\n"
                  "    regions: {r: {size: 1TiB, hot: {size: 100GiB, share: 90%%, at: end}, "
                  "touch: each}}\n"
                  "    threads: {z: {count: 128, program: [%sforever: [run: 1s]]}}\n",
     .access = {"access: {misses: {r: 20/us}, mlp: 4}, "}},
    {.name = "2 TiB, 16 nodes",
     .nr_cpus = 1024,
     .node_bytes = 128 * GIB,
     .warm_ms = 3000,
     .duration_ms = 1000,
     .processes = "  db:\n"
                  "    regions: {t: {size: 1TiB, touch: each}}\n"
                  "    threads: {w: {count: 1000, program: [%sforever: [run: {exponential: 1ms}, "
                  "sleep: {exponential: 1ms}]]}}\n"
                  "  hpc:\n    count: 12\n"
                  "    regions: {r: {size: 64GiB, shared: false, touch: each}}\n"
                  "    threads: {z: {count: 250, program: [%sforever: [run: {exponential: 5ms}, "
                  "sleep: {exponential: 10ms}]]}}\n",
     .access = {"access: {misses: {t: 20/us}, mlp: 4}, ",
                "access: {misses: {r: 20/us}, mlp: 4}, "}},
};

struct cost {
    double seconds; /* of CPU time */
    double warm_seconds;
    double megabytes;
    int64_t extents, kinds;
    uint64_t switches, hint_faults, migrated;
};

static double resident_mb(void)
{
    long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f != NULL) {
        if (fscanf(f, "%ld %ld", &total, &resident) != 2) {
            resident = 0;
        }
        fclose(f);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void count_region(const struct mm_region *r, struct cost *cost)
{
    for (int32_t s = 0; s < r->nr_slices; s++) {
        for (int32_t p = 0; p < r->slices[s].nr_parts; p++) {
            const struct mm_part *part = &r->slices[s].parts[p];

            cost->extents += part->nr_extents;
            for (int32_t e = 0; e < part->nr_extents; e++) {
                cost->kinds += part->extents[e].nr_kinds;
            }
        }
    }
}

static void count(const struct kernel *k, struct cost *cost)
{
    cost->switches = kernel_counters(k)->switches;
    for (int32_t p = 0; p < k->nr_processes; p++) {
        for (int32_t i = 0; i < k->processes[p]->nr_regions; i++) {
            count_region(k->processes[p]->regions[i], cost);
        }
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        cost->hint_faults += k->nodes[n].vmstat[NUMASIM_NUMA_HINT_FAULTS];
        cost->migrated += k->nodes[n].vmstat[NUMASIM_PGMIGRATE_SUCCESS];
    }
}

static struct cost measure(const struct row *row, bool memory, const char *dir)
{
    struct machine *m = bench_memory_machine(row->nr_cpus, row->node_bytes, row->slow_bytes);
    struct policy_stack *stack = bench_linux(row->overrides, dir);
    g_autofree char *processes =
        memory ? g_strdup_printf(row->processes, row->access[0], row->access[1])
               : g_strdup_printf(row->processes, "", "");
    g_autofree char *text =
        g_strdup_printf("numasim: workload/1\nduration: 1000s\nprocesses:\n%s", processes);
    struct cost cost = {.megabytes = -resident_mb()};
    struct bench b = bench_begin(m, stack, text);
    int64_t warm_ns = row->warm_ms * NSEC_PER_MSEC;

    cost.warm_seconds = bench_run(&b, warm_ns);
    cost.seconds = bench_run(&b, warm_ns + row->duration_ms * NSEC_PER_MSEC);
    cost.megabytes += resident_mb();
    count(b.kernel, &cost);
    bench_end(&b);
    policy_stack_free(stack);
    machine_free(m);
    return cost;
}

int main(int argc, char **argv)
{
    g_autofree char *own = g_path_get_dirname(argv[0]);
    g_autofree char *beside = g_build_filename(own, "..", "..", "policies", NULL);
    const char *dir = argc > 1 ? argv[1] : beside;
    int only = argc > 2 ? atoi(argv[2]) : -1;

    printf("%-23s %8s %8s %7s %7s %7s %7s %9s %9s %10s %10s\n", "linux-numa, linux-tier", "sim s/s",
           "without", "ratio", "MB", "without", "start s", "extents", "kinds", "faults",
           "migrated");
    for (int i = 0; i < (int)G_N_ELEMENTS(rows); i++) {
        if (only >= 0 && only != i) {
            continue;
        }
        struct cost b = measure(&rows[i], false, dir), a = measure(&rows[i], true, dir);
        double simulated = (double)rows[i].duration_ms / 1000;

        printf("%-23s %8.3f %8.3f %7.2f %7.1f %7.1f %7.2f %9" G_GINT64_FORMAT " %9" G_GINT64_FORMAT
               " %10" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT "\n",
               rows[i].name, simulated / a.seconds, simulated / b.seconds, a.seconds / b.seconds,
               a.megabytes, b.megabytes, a.warm_seconds, a.extents, a.kinds, a.hint_faults,
               a.migrated);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
