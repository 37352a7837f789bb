/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory as the kernel's files and numactl's tools show it. */
#include <string.h>

#include "engine-fixture.h"

#include "base/time.h"
#include "kernel/procfs.h"
#include "observe/vmstat.h"

#define MS NSEC_PER_MSEC

/* Counters of @node, which may be written. */
static uint64_t *vmstat(struct engine *e, int32_t node)
{
    return numasim_node((const struct numasim_host *)(const void *)e->kernel, node)->vmstat;
}

/* On CPU 0 of teach-numa-2x4, 8 GiB a node. */
static struct engine *engine(const char *regions, const char *program)
{
    g_autofree char *text =
        g_strdup_printf("numasim: workload/1\nduration: 60s\nprocesses:\n  app:\n    regions:\n%s"
                        "    threads:\n      t: {cpus: 0, program: [%s]}\n",
                        regions, program);

    return engine_new("teach-numa-2x4", text, "fifo+none",
                      &(struct kernel_config){.seed = 1, .task_stats = true});
}

static void assert_line(const char *text, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    if (!g_strv_contains((const char *const *)lines, line)) {
        g_error("no line '%s' in\n%s", line, text);
    }
}

static void set_counters(struct engine *e, const uint64_t values[][2])
{
    static const enum numasim_vm_item items[] = {
        NUMASIM_NUMA_HIT,        NUMASIM_NUMA_MISS,  NUMASIM_NUMA_FOREIGN,
        NUMASIM_NUMA_INTERLEAVE, NUMASIM_NUMA_LOCAL, NUMASIM_NUMA_OTHER,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        for (int32_t n = 0; n < 2; n++) {
            vmstat(e, n)[items[i]] = values[i][n];
        }
    }
}

/* The sample of numastat(8). */
static void test_numastat(void)
{
    static const uint64_t values[][2] = {
        {76557759, 92126519}, {30772308, 30827638}, {30827638, 30772308},
        {106507, 103832},     {76502227, 92086995}, {30827840, 30867162},
    };
    struct engine *e = engine("      a: {size: 4KiB}\n", "run: 1us");

    set_counters(e, values);
    g_autofree char *text = kernel_numastat_text(e->kernel, "");

    g_assert_cmpstr(text, ==,
                    "                           node0           node1\n"
                    "numa_hit                76557759        92126519\n"
                    "numa_miss               30772308        30827638\n"
                    "numa_foreign            30827638        30772308\n"
                    "interleave_hit            106507          103832\n"
                    "local_node              76502227        92086995\n"
                    "other_node              30827840        30867162\n");
    engine_free(e);
}

/* What numastat -n printed on a server of two nodes, from pages that give it. */
static void test_numastat_n(void)
{
    static const uint64_t values[][2] = {
        {1318055234413, 1254862294449}, {62117777, 33350046787},
        {33350046786, 62117778},        {24827, 24480},
        {1318051641206, 1254839570428}, {65710983, 33372770806},
    };
    struct engine *e = engine("      a: {size: 4KiB}\n", "run: 1us");

    set_counters(e, values);
    g_autofree char *text = kernel_numastat_text(e->kernel, "n");

    g_assert_cmpstr(text, ==,
                    "\nPer-node numastat info (in MBs):\n"
                    "                          Node 0          Node 1           Total\n"
                    "                 --------------- --------------- ---------------\n"
                    "Numa_Hit           5148653259.43   4901805837.69  10050459097.12\n"
                    "Numa_Miss              242647.57    130273620.26    130516267.83\n"
                    "Numa_Foreign        130273620.26       242647.57    130516267.83\n"
                    "Interleave_Hit             96.98           95.62          192.61\n"
                    "Local_Node         5148639223.46   4901717071.98  10050356295.45\n"
                    "Other_Node             256683.53    130362385.96    130619069.49\n");
    engine_free(e);
}

/* The same of numastat -c on another, whose total shows that it rounds a sum and does not add what it
 * has rounded; with -z, without the rows of zeros; with -s, the largest first. */
static void test_numastat_c(void)
{
    static const uint64_t values[][2] = {
        {19984480897, 10214766464}, {0, 0},         {0, 0}, {64384, 64769},
        {19984446081, 10214686720}, {34433, 79872},
    };
    struct engine *e = engine("      a: {size: 4KiB}\n", "run: 1us");

    set_counters(e, values);
    g_autofree char *text = kernel_numastat_text(e->kernel, "c");
    g_autofree char *sorted = kernel_numastat_text(e->kernel, "csz");

    g_assert_cmpstr(text, ==,
                    "\nPer-node numastat info (in MBs):\n"
                    "                  Node 0   Node 1     Total\n"
                    "                -------- -------- ---------\n"
                    "Numa_Hit        78064379 39901432 117965810\n"
                    "Numa_Miss              0        0         0\n"
                    "Numa_Foreign           0        0         0\n"
                    "Interleave_Hit       252      253       505\n"
                    "Local_Node      78064243 39901120 117965363\n"
                    "Other_Node           135      312       447\n");
    g_assert_cmpstr(sorted, ==,
                    "\nPer-node numastat info (in MBs):\n"
                    "                  Node 0   Node 1     Total\n"
                    "                -------- -------- ---------\n"
                    "Numa_Hit        78064379 39901432 117965810\n"
                    "Local_Node      78064243 39901120 117965363\n"
                    "Interleave_Hit       252      253       505\n"
                    "Other_Node           135      312       447\n");
    memset(vmstat(e, 0), 0, sizeof(uint64_t) * NUMASIM_NR_VM_ITEMS);
    memset(vmstat(e, 1), 0, sizeof(uint64_t) * NUMASIM_NR_VM_ITEMS);
    g_autofree char *nothing = kernel_numastat_text(e->kernel, "nz");

    g_assert_cmpstr(nothing, ==,
                    "\nPer-node numastat info (in MBs):\nTable has no non-zero data.\n");
    engine_free(e);
}

/* The rows of numastat -m in its order, which is not that of the file; huge pages as MB. */
static void test_numastat_m(void)
{
    struct engine *e = engine("      heap: {size: 64MiB, touch: first, page: 2MiB}\n"
                              "      text: {size: 3MiB, touch: first, file: true}\n",
                              "run: 1us, sleep: 50s");

    engine_run(e, NSEC_PER_SEC);
    g_autofree char *text = kernel_numastat_text(e->kernel, "mc");
    g_autofree char *zeros = kernel_numastat_text(e->kernel, "mz");

    g_assert_true(g_str_has_prefix(text, "\nPer-node system memory usage (in MBs):\n"
                                         "                 Node 0 Node 1 Total\n"
                                         "                 ------ ------ -----\n"
                                         "MemTotal           8192   8192 16384\n"
                                         "MemFree            8125   8192 16317\n"
                                         "MemUsed              67      0    67\n"
                                         "Active                0      0     0\n"));
    g_assert_true(g_str_has_suffix(text, "AnonHugePages        64      0    64\n"
                                         "ShmemHugePages        0      0     0\n"
                                         "ShmemPmdMapped        0      0     0\n"
                                         "HugePages_Total       0      0     0\n"
                                         "HugePages_Free        0      0     0\n"
                                         "HugePages_Surp        0      0     0\n"
                                         "KReclaimable          0      0     0\n"));
    g_assert_null(strstr(text, "SecPageTables"));
    g_assert_cmpstr(zeros, ==,
                    "\nPer-node system memory usage (in MBs):\n"
                    "                          Node 0          Node 1           Total\n"
                    "                 --------------- --------------- ---------------\n"
                    "MemTotal                 8192.00         8192.00        16384.00\n"
                    "MemFree                  8125.00         8192.00        16317.00\n"
                    "MemUsed                    67.00            0.00           67.00\n"
                    "Inactive                   67.00            0.00           67.00\n"
                    "Inactive(anon)             64.00            0.00           64.00\n"
                    "Inactive(file)              3.00            0.00            3.00\n"
                    "FilePages                   3.00            0.00            3.00\n"
                    "Mapped                      3.00            0.00            3.00\n"
                    "AnonPages                  64.00            0.00           64.00\n"
                    "AnonHugePages              64.00            0.00           64.00\n");
    engine_free(e);
}

static void test_vmstat_releases(void)
{
    static const struct {
        enum kernel_release release;
        const char *has, *lacks;
    } cases[] = {
        {KERNEL_6_1, "pgsteal_direct 0\npgdemote_kswapd 7\npgdemote_direct 0\npgscan_kswapd 0\n",
         "pgdemote_khugepaged"},
        {KERNEL_6_12,
         "pgpromote_success 0\npgpromote_candidate 0\npgdemote_kswapd 7\npgdemote_direct 0\n"
         "pgdemote_khugepaged 0\npgalloc_normal 0\n",
         "pgpromote_candidate_nrl"},
        {KERNEL_7_3,
         "pgpromote_candidate 0\npgpromote_candidate_nrl 0\npgdemote_kswapd 7\npgdemote_direct "
         "0\npgdemote_khugepaged 0\npgdemote_proactive 0\n",
         "numa_task_migrated"},
        {KERNEL_5_3, "numa_pages_migrated 0\npgmigrate_success 0\npgmigrate_fail 0\nhtlb",
         "pgpromote"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e = engine("      a: {size: 4KiB}\n", "run: 1us");

        e->domains->release = cases[i].release;

        vmstat(e, 0)[NUMASIM_PGDEMOTE_KSWAPD] = 3;
        vmstat(e, 1)[NUMASIM_PGDEMOTE_KSWAPD] = 4;
        g_autofree char *text = kernel_vmstat_text(e->kernel);

        g_assert_nonnull(strstr(text, cases[i].has));
        g_assert_null(strstr(text, cases[i].lacks));
        g_assert_true(g_str_has_prefix(text, "nr_free_pages 4194304\nnuma_hit 0\nnuma_miss 0\n"));
        engine_free(e);
    }
}

/* 10 GiB from CPU 0: 8 are on its node; 2 spill to the other, by an allocation for each page. */
static void test_spill(void)
{
    struct engine *e = engine("      a: {size: 10GiB, touch: first}\n", "run: 1us, sleep: 50s");
    const uint64_t gib = 262144;

    engine_run(e, 20 * NSEC_PER_SEC);
    g_assert_cmpuint(vmstat(e, 0)[NUMASIM_NUMA_HIT], ==, 8 * gib);
    g_assert_cmpuint(vmstat(e, 0)[NUMASIM_NUMA_LOCAL], ==, 8 * gib);
    g_assert_cmpuint(vmstat(e, 0)[NUMASIM_NUMA_FOREIGN], ==, 2 * gib);
    g_assert_cmpuint(vmstat(e, 1)[NUMASIM_NUMA_MISS], ==, 2 * gib);
    g_assert_cmpuint(vmstat(e, 1)[NUMASIM_NUMA_OTHER], ==, 2 * gib);
    for (int32_t n = 0; n < 2; n++) {
        const uint64_t *v = vmstat(e, n);

        g_assert_cmpuint(v[NUMASIM_NUMA_HIT] + v[NUMASIM_NUMA_MISS], ==,
                         v[NUMASIM_NUMA_LOCAL] + v[NUMASIM_NUMA_OTHER]);
    }
    g_autofree char *numactl = kernel_numactl_text(e->kernel);
    g_autofree char *meminfo = kernel_meminfo_text(e->kernel);

    g_assert_cmpstr(numactl, ==,
                    "available: 2 nodes (0-1)\n"
                    "node 0 cpus: 0 1 2 3\nnode 0 size: 8192 MB\nnode 0 free: 0 MB\n"
                    "node 1 cpus: 4 5 6 7\nnode 1 size: 8192 MB\nnode 1 free: 6144 MB\n"
                    "node distances:\nnode   0   1 \n  0:  10  20 \n  1:  20  10 \n");
    assert_line(meminfo, "Node 0 MemTotal:        8388608 kB");
    assert_line(meminfo, "Node 0 MemFree:               0 kB");
    assert_line(meminfo, "Node 1 MemUsed:         2097152 kB");
    assert_line(meminfo, "Node 1 AnonPages:       2097152 kB");
    assert_line(meminfo, "Node 1 ShmemPmdMapped:        0 kB");
    assert_line(meminfo, "Node 1 HugePages_Free:      0");
    engine_free(e);
}

/* A huge page is one allocation, and 512 pages in all else. */
static void test_huge(void)
{
    struct engine *e =
        engine("      heap: {size: 64MiB, touch: first, page: 2MiB}\n", "run: 1us, sleep: 50s");

    engine_run(e, NSEC_PER_SEC);
    g_assert_cmpuint(vmstat(e, 0)[NUMASIM_NUMA_HIT], ==, 32);
    g_autofree char *text = kernel_vmstat_text(e->kernel);
    g_autofree char *meminfo = kernel_meminfo_text(e->kernel);
    g_autofree char *maps = kernel_numa_maps_text(e->kernel);
    g_autofree char *numastat = kernel_numastat_text(e->kernel, "p");

    assert_line(text, "nr_anon_pages 16384");
    assert_line(text, "nr_anon_transparent_hugepages 32");
    assert_line(meminfo, "Node 0 AnonHugePages:     65536 kB");
    assert_line(maps, "7f0000000000 default heap anon=16384 dirty=16384 active=0 N0=16384 "
                      "kernelpagesize_kB=4");
    g_assert_cmpstr(numastat, ==,
                    "\nPer-node process memory usage (in MBs) for PID 0 (t)\n"
                    "                           Node 0          Node 1           Total\n"
                    "                  --------------- --------------- ---------------\n"
                    "Huge                         0.00            0.00            0.00\n"
                    "Heap                        64.00            0.00           64.00\n"
                    "Stack                        0.00            0.00            0.00\n"
                    "Private                      0.00            0.00            0.00\n"
                    "----------------  --------------- --------------- ---------------\n"
                    "Total                       64.00            0.00           64.00\n");
    engine_free(e);
}

/* Two processes are a row each; one that has exited is gone, and so are its pages. 1 page is
 * 0.00390625 MB, 3 pages are 0.01171875. */
static void test_processes(void)
{
    struct engine *e =
        engine_new("teach-numa-2x4",
                   "numasim: workload/1\nduration: 10s\nprocesses:\n"
                   "  one:\n    regions: {a: {size: 12KiB, touch: first}, b: {size: 4KiB}}\n"
                   "    threads: {t: {cpus: 0, program: [run: 1us, sleep: 5s]}}\n"
                   "  two:\n    regions: {a: {size: 4KiB, touch: first}}\n"
                   "    threads: {with-a-long-nam: {cpus: 4, program: [run: 1us, sleep: 1s]}}\n"
                   "  three:\n    regions: {a: {size: 4KiB, touch: first}}\n"
                   "    threads: {u: {cpus: 4, program: [run: 1us]}}\n",
                   "fifo+none", &(struct kernel_config){.seed = 1, .task_stats = true});

    engine_run(e, 500 * MS);
    g_autofree char *text = kernel_numastat_text(e->kernel, "p");
    g_autofree char *sorted = kernel_numastat_text(e->kernel, "pcsv");
    g_autofree char *maps = kernel_numa_maps_text(e->kernel);

    g_assert_cmpstr(text, ==,
                    "\nPer-node process memory usage (in MBs)\n"
                    "PID                           Node 0          Node 1           Total\n"
                    "-------------------  --------------- --------------- ---------------\n"
                    "0 (t)                           0.01            0.00            0.01\n"
                    "1 (with-a-long-nam)             0.00            0.00            0.00\n"
                    "-------------------  --------------- --------------- ---------------\n"
                    "Total                           0.01            0.00            0.02\n");
    g_assert_true(g_str_has_prefix(sorted,
                                   "\nPer-node process memory usage (in MBs) for PID 0 (t)\n"
                                   "         Node 0 Node 1 Total\n"
                                   "         ------ ------ -----\n"
                                   "Private       0      0     0\n"));
    g_assert_nonnull(strstr(sorted, "-------  ------ ------ -----\n"
                                    "Total         0      0     0\n"
                                    "\nPer-node process memory usage (in MBs) for PID 1 "));
    g_assert_cmpstr(maps, ==,
                    "==> /proc/0/numa_maps <==\n"
                    "7f0000000000 default anon=3 dirty=3 active=0 N0=3 kernelpagesize_kB=4\n"
                    "7f0080000000 default\n"
                    "\n==> /proc/1/numa_maps <==\n"
                    "7f0000000000 default anon=1 dirty=1 active=0 N1=1 kernelpagesize_kB=4\n");
    engine_free(e);
}

static void assert_metric(const struct result *r, const char *name, int64_t value)
{
    const struct result_metric *metric = result_metric(r, name);

    if (metric == NULL || metric->value != value) {
        g_error("%s is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT, name,
                metric != NULL ? metric->value : -1, value);
    }
}

/* As metrics: what came after @before, of the nodes together and of each. */
static void test_metrics(void)
{
    struct engine *e = engine("      a: {size: 64KiB, touch: first}\n", "run: 1us, sleep: 50s");
    g_autofree uint64_t *before = g_new(uint64_t, (gsize)2 * NUMASIM_NR_VM_ITEMS);
    g_autofree uint64_t *now = g_new(uint64_t, (gsize)2 * NUMASIM_NR_VM_ITEMS);
    g_autoptr(result_t) none = result_new(), r = result_new();

    vmstat_read(e->kernel, before);
    vmstat_report(e->machine, before, before, none);
    g_assert_cmpint(none->nr_metrics, ==, 0);
    engine_run(e, NSEC_PER_SEC);
    vmstat_read(e->kernel, before);
    vmstat(e, 0)[NUMASIM_NUMA_HINT_FAULTS] += 30;
    vmstat(e, 1)[NUMASIM_NUMA_HINT_FAULTS] += 10;
    vmstat(e, 1)[NUMASIM_NUMA_HINT_FAULTS_LOCAL] += 10;
    vmstat(e, 1)[NUMASIM_NUMA_HIT] += 5;
    vmstat(e, 1)[NUMASIM_PGDEMOTE_KSWAPD] += 7;
    vmstat_read(e->kernel, now);
    vmstat_report(e->machine, before, now, r);
    result_sort(r);
    assert_metric(r, "numa.hint_faults", 40);
    assert_metric(r, "numa.hint_faults_local", 10);
    assert_metric(r, "numa.hint_faults_local_ratio", 250000);
    assert_metric(r, "numa.pte_updates", 0);
    assert_metric(r, "numa.hit", 5);
    assert_metric(r, "numa.hit.node0", 0);
    assert_metric(r, "numa.hit.node1", 5);
    assert_metric(r, "vmstat.pgdemote_kswapd.node1", 7);
    assert_metric(r, "vmstat.numa_hint_faults", 40);
    assert_metric(r, "vmstat.pgalloc_normal", 0);
    g_assert_null(result_metric(r, "vmstat.pgpromote_success"));
    engine_free(e);
}

/* Reading at any time changes nothing. */
static void test_reading_changes_nothing(void)
{
    char *digests[2] = {NULL, NULL};
    static char *(*const reads[])(const struct kernel *) = {
        kernel_vmstat_text,    kernel_meminfo_text,   kernel_numactl_text,
        kernel_numa_maps_text, kernel_schedstat_text, kernel_sched_text,
    };

    for (int i = 0; i < 2; i++) {
        struct engine *e = engine_new("teach-numa-2x4", "numa-process", "linux-6.12",
                                      &(struct kernel_config){.seed = 1, .task_stats = true});

        for (int64_t at_ns = 7 * MS; i == 1 && at_ns < 200 * MS; at_ns += 7 * MS) {
            engine_run(e, at_ns);
            for (size_t r = 0; r < G_N_ELEMENTS(reads); r++) {
                g_autofree char *text = reads[r](e->kernel);

                g_assert_cmpuint(strlen(text), >, 0);
            }
            g_autofree char *numastat = kernel_numastat_text(e->kernel, "mnpv");

            g_assert_cmpuint(strlen(numastat), >, 0);
        }
        digests[i] = engine_run_digest(e, 200 * MS);
    }
    g_assert_cmpstr(digests[0], ==, digests[1]);
    g_free(digests[0]);
    g_free(digests[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/procfs/numastat", test_numastat);
    g_test_add_func("/procfs/numastat -n", test_numastat_n);
    g_test_add_func("/procfs/numastat -c", test_numastat_c);
    g_test_add_func("/procfs/numastat -m", test_numastat_m);
    g_test_add_func("/procfs/vmstat of releases", test_vmstat_releases);
    g_test_add_func("/procfs/spill", test_spill);
    g_test_add_func("/procfs/huge pages", test_huge);
    g_test_add_func("/procfs/processes", test_processes);
    g_test_add_func("/procfs/metrics", test_metrics);
    g_test_add_func("/procfs/reading changes nothing", test_reading_changes_nothing);
    return g_test_run();
}
