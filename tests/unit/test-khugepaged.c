/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * khugepaged of linux-tier, on teach-numa-2x4 (two nodes of 8 GiB, CPUs 0-3 on node 0): its pace, which
 * places it makes huge and on which node, what it needs, and what comes of it (mm/khugepaged.c, 6.12).
 */
#include <string.h>

#include "engine-fixture.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"
#include "kernel/procfs.h"

#include "base/time.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define SEC NSEC_PER_SEC

/* One that is always awake: all places at once. */
#define EAGER " tier.khugepaged_scan_sleep_millisecs=10"

/* @region (its keys) of a process of one thread on CPU 0 with @program, which then sleeps. */
static struct engine *begun(const char *policy, const char *region, const char *program)
{
    g_autofree char *text = g_strdup_printf(
        "numasim: workload/1\ncgroups: {box: {memory.max: 1GiB}}\n"
        "processes: {p: {cgroup: box, regions: {r: {%s}}, threads: {t: {cpus: 0, program: [%s, "
        "sleep: 1000s]}}}}\n",
        region, program);

    return engine_new("teach-numa-2x4", text, policy, &(struct kernel_config){.seed = 1});
}

static uint64_t sum(const struct engine *e, enum numasim_vm_item item)
{
    uint64_t all = 0;

    for (int32_t n = 0; n < e->kernel->nr_nodes; n++) {
        all += e->kernel->nodes[n].vmstat[item];
    }
    return all;
}

static int64_t bytes_on(struct engine *e, int32_t node)
{
    return task_pub(engine_task(e, "t", 0))->process->bytes_by_node[node];
}

/* What a line of /proc/vmstat says. */
static int64_t vmstat(const struct engine *e, const char *name)
{
    g_autofree char *text = kernel_vmstat_text(e->kernel);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        if (g_str_has_prefix(*line, name) && (*line)[strlen(name)] == ' ') {
            return g_ascii_strtoll(*line + strlen(name), NULL, 10);
        }
    }
    g_error("no %s in vmstat", name);
}

static bool has_thread(const struct engine *e)
{
    for (int32_t i = 0; i < e->kernel->nr_tasks; i++) {
        if (strcmp(e->kernel->tasks[i]->comm, "khugepaged") == 0) {
            return true;
        }
    }
    return false;
}

/* 64 MiB of base pages become huge 8 places each 10 s after MADV_HUGEPAGE, and then no more. */
static void test_pace(void)
{
    struct engine *e = begun("linux-6.12", "size: 64MiB",
                             "touch: r, sleep: 1s, madvise: {region: r, advice: hugepage}");
    uint64_t last = 0;
    int32_t nr_wakes = 0;

    for (int64_t now_ns = 0; now_ns < 60 * SEC; now_ns += SEC / 10) {
        engine_run(e, now_ns);
        uint64_t collapsed = sum(e, NUMASIM_THP_COLLAPSE_ALLOC);

        g_assert_cmpuint(collapsed - last, <=, 8);
        g_assert_true(now_ns > SEC || collapsed == 0);
        nr_wakes += collapsed > last;
        last = collapsed;
        g_assert_cmpint(vmstat(e, "nr_anon_transparent_hugepages"), ==, (int64_t)collapsed);
    }
    kernel_check(e->kernel);
    g_assert_cmpuint(last, ==, 32);
    g_assert_cmpint(nr_wakes, >=, 4);
    g_assert_cmpint(nr_wakes, <=, 8); /* one may fall across two tenths of a second */
    g_assert_cmpint(vmstat(e, "thp_collapse_alloc"), ==, 32);
    g_assert_cmpint(bytes_on(e, 0), ==, 64 * MIB);
    engine_free(e);
}

/* Not where nobody asks, where huge pages are off, where it was told not to; not of files or shared memory. */
static void test_not(void)
{
    static const char *const cases[][3] = {
        {"linux-6.12" EAGER, "size: 64MiB", "touch: r"},
        {"linux-6.12 tier.thp=off" EAGER, "size: 64MiB",
         "touch: r, madvise: {region: r, advice: hugepage}"},
        {"linux-6.12" EAGER, "size: 64MiB",
         "touch: r, madvise: {region: r, advice: hugepage}, madvise: {region: r, advice: "
         "nohugepage}"},
        {"linux-6.12" EAGER, "size: 64MiB, file: true",
         "touch: r, madvise: {region: r, advice: hugepage}"},
        {"linux-6.12" EAGER, "size: 64MiB, mapped: shared",
         "touch: r, madvise: {region: r, advice: hugepage}"},
        {"linux-6.12" EAGER, "size: 64MiB, readonly: true",
         "touch: r, madvise: {region: r, advice: hugepage}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e = begun(cases[i][0], cases[i][1], cases[i][2]);

        g_test_message("%s; %s; %s", cases[i][0], cases[i][1], cases[i][2]);
        engine_run(e, 20 * SEC);
        kernel_check(e->kernel);
        g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, 0);
        g_assert_true(has_thread(e) == (i == 2 || i == 5));
        engine_free(e);
    }
}

/* On the node with the most pages; with as many on both, on the first. */
static void test_node(void)
{
    static const struct {
        const char *policy;
        int64_t mib[2];
    } cases[] = {
        {"{mode: bind, nodes: 1}", {0, 64}},
        {"{mode: interleave, nodes: 0-1}", {64, 0}},
        {"{mode: weighted-interleave, nodes: 0-1}", {0, 64}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *region =
            g_strdup_printf("size: 64MiB, pattern: %s, policy: %s",
                            i % 2 == 0 ? "random" : "sequential", cases[i].policy);
        struct engine *e = begun("linux-6.12 tier.weighted_interleave_node1=2" EAGER, region,
                                 "touch: r, madvise: {region: r, advice: hugepage}");
        const struct numasim_memcg *mc = numasim_memcg((struct numasim_host *)(void *)e->kernel, 1);

        engine_run(e, 20 * SEC);
        kernel_check(e->kernel);
        g_test_message("%s", cases[i].policy);
        g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, 32);
        g_assert_cmpint(bytes_on(e, 0), ==, cases[i].mib[0] * MIB);
        g_assert_cmpint(bytes_on(e, 1), ==, cases[i].mib[1] * MIB);
        g_assert_cmpint(mc->usage_bytes, ==, 64 * MIB);
        engine_free(e);
    }
}

/* Of 7 MiB touched, three places are full, one is by half, and twelve hold nothing: max_ptes_none. */
static void test_none(void)
{
    static const struct {
        const char *policy;
        uint64_t collapsed;
        int64_t mib;
    } cases[] = {
        {"linux-6.12" EAGER, 4, 8},
        {"linux-6.12 tier.khugepaged_max_ptes_none=256" EAGER, 4, 8},
        {"linux-6.12 tier.khugepaged_max_ptes_none=255" EAGER, 3, 7},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e =
            begun(cases[i].policy, "size: 32MiB, pattern: sequential",
                  "touch: {region: r, bytes: 7MiB}, madvise: {region: r, advice: hugepage}");

        engine_run(e, 20 * SEC);
        kernel_check(e->kernel);
        g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, cases[i].collapsed);
        g_assert_cmpint(bytes_on(e, 0), ==, cases[i].mib * MIB);
        engine_free(e);
    }
}

/* Splits every other huge page, as far as pages that are alike have an order. */
static void split_half(struct engine *e)
{
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;
    struct numasim_pages pages = {0};

    while (numasim_next_pages(host, NULL, -1, &pages)) {
        if (pages.page_bytes == 2 * MIB) {
            numasim_split_pages(host, 0, &pages, pages.nr_pages / 2 / 512 * 512);
        }
    }
}

/* Huge pages that were split are made anew, wherever they stand among others. */
static void test_split(void)
{
    static const char *const patterns[] = {"random", "sequential"};

    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autofree char *region =
            g_strdup_printf("size: 256MiB, page: 2MiB, pattern: %s", patterns[i]);
        struct engine *e = begun("linux-6.12" EAGER, region, "touch: r");

        engine_run(e, SEC);
        g_assert_cmpint(vmstat(e, "nr_anon_transparent_hugepages"), ==, 128);
        split_half(e);
        g_assert_cmpint(vmstat(e, "nr_anon_transparent_hugepages"), ==, 64);
        engine_run(e, 20 * SEC);
        kernel_check(e->kernel);
        g_assert_cmpint(vmstat(e, "nr_anon_transparent_hugepages"), ==, 128);
        g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, 64);
        g_assert_cmpuint(sum(e, NUMASIM_THP_FAULT_ALLOC), ==, 128);
        engine_free(e);
    }
}

/* Pages of 64 KiB become huge, and a few base pages among them stop nothing, whichever came first. */
static void test_sizes(void)
{
    struct engine *e = begun("linux-6.12" EAGER, "size: 64MiB, page: 64KiB",
                             "touch: r, sleep: 1s, madvise: {region: r, advice: hugepage}");
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;
    struct numasim_pages pages = {0};

    engine_run(e, SEC / 2);
    g_assert_true(numasim_next_pages(host, NULL, -1, &pages));
    g_assert_cmpint(pages.page_bytes, ==, 65536);
    numasim_split_pages(host, 0, &pages, 48);
    engine_run(e, 20 * SEC);
    kernel_check(e->kernel);
    g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, 32);
    g_assert_cmpint(bytes_on(e, 0), ==, 64 * MIB);
    engine_free(e);
}

/* No place of a process that has ended can become huge. */
static void test_ended(void)
{
    static const char text[] =
        "numasim: workload/1\nduration: 5s\nprocesses:\n"
        "  p: {regions: {r: {size: 4MiB}}, threads: {t: {program: [touch: r]}}}\n"
        "  q: {threads: {q: {program: [forever: [run: 1ms]]}}}\n";
    struct engine *e =
        engine_new("teach-numa-2x4", text, "linux-6.12", &(struct kernel_config){.seed = 1});
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;
    int64_t nr_by_node[2];
    struct numasim_huge_place place = {.nr_by_node = nr_by_node};

    engine_run(e, SEC);
    struct numasim_process *p = &e->kernel->processes[0]->pub;

    g_assert_cmpint(p->nr_threads, ==, 0);
    g_assert_false(numasim_scan_place(host, 0, p, 0, 0, &place));
    g_assert_false(numasim_collapse_place(host, 0, p, 0, 0, 0, 0));
    kernel_check(e->kernel);
    engine_free(e);
}

/* A full cgroup, or a node without room for a huge page, keeps its base pages. */
static void test_no_memory(void)
{
    struct engine *e =
        begun("linux-6.12" EAGER, "size: 1GiB", "touch: r, madvise: {region: r, advice: hugepage}");

    engine_run(e, 20 * SEC);
    kernel_check(e->kernel);
    g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, 0);
    engine_free(e);

    e = engine_new("teach-numa-2x4",
                   "numasim: workload/1\n"
                   "processes: {p: {numactl: -m 0, regions: {r: {size: 64MiB}, rest: {size: "
                   "8083MiB}}, threads: {t: {cpus: 0, program: [touch: r, touch: rest, madvise: "
                   "{region: r, advice: hugepage}, sleep: 1000s]}}}}\n",
                   "linux-6.12", &(struct kernel_config){.seed = 1});
    engine_run(e, 200 * SEC);
    kernel_check(e->kernel);
    /* Two attempts, 60 s apart, in each scan. */
    g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), ==, 0);
    g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC_FAILED), >=, 4);
    g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC_FAILED), <=, 6);
    g_assert_cmpuint(sum(e, NUMASIM_OOM_KILL), ==, 0);
    engine_free(e);
}

/* The TLB reaches what is huge: the same work takes less time, and all of it does as with huge pages from
 * the start. */
static void test_tlb(void)
{
    static const char *const ways[] = {"sleep: 1s", "madvise: {region: r, advice: hugepage}",
                                       "sleep: 1s"};
    int64_t took_ns[3];

    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autofree char *text = g_strdup_printf(
            "numasim: workload/1\nprocesses: {p: {regions: {r: {size: 1GiB, page: %s}}, threads: "
            "{t: {cpus: 0, program: [touch: r, access: {misses: {r: 10/us}, mlp: 1}, %s, sleep: "
            "100s, run: 1s]}}}}\n",
            i == 2 ? "2MiB" : "base", ways[i]);
        struct engine *e = engine_new("epyc-7763-2s-nps1", text, "linux-6.12" EAGER,
                                      &(struct kernel_config){.seed = 1});
        struct task *t = engine_task(e, "t", 0);

        engine_run(e, 100 * SEC);
        took_ns[i] = -(int64_t)task_pub(t)->se.sum_exec_ns;
        engine_run(e, 200 * SEC);
        took_ns[i] += (int64_t)task_pub(t)->se.sum_exec_ns;
        g_assert_cmpint(task_pub(t)->task_state, ==, NUMASIM_TASK_DEAD);
        engine_free(e);
    }
    /* 10 million walks of 40 ns, and how long the rest takes: 1 us and ten misses. */
    g_assert_cmpint(took_ns[0] - took_ns[1], >, 350 * NSEC_PER_MSEC);
    g_assert_cmpint(ABS(took_ns[1] - took_ns[2]), <, NSEC_PER_MSEC);
}

/* With threads that touch, use and move pages meanwhile, under balancing and with slices and hot parts. */
static void test_mixed(void)
{
    static const char text[] =
        "numasim: workload/1\n"
        "processes:\n"
        "  p:\n    regions:\n      a: {size: 100MiB, shared: false}\n"
        "      b: {size: 61MiB, hot: {size: 9MiB, share: 90%, at: start}}\n"
        "      c: {size: 64MiB, page: 64KiB, pattern: sequential}\n"
        "    threads:\n      t: {count: 3, program: [madvise: {region: a, advice: hugepage}, "
        "touch: {region: c, bytes: 3MiB}, madvise: {region: c, advice: hugepage}, access: "
        "{misses: {a: 2/us, b: 1/us, c: 3/us}}, loop: {for: 4s, do: [run: 3ms, sleep: 1ms]}, "
        "madvise: {region: b, advice: hugepage}, loop: {for: 16s, do: [run: 3ms, sleep: 1ms]}]}\n"
        "  q: {count: 3, regions: {r: {size: 4MiB, page: 2MiB}}, threads: {q: {start: 1s, program: "
        "[touch: r, loop: {for: 3s, do: [run: 1ms, sleep: 1ms]}]}}}\n"
        "admin: [{at: 6s, migratepages: {process: p, from: 0, to: 1}}]\n";

    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct engine *e = engine_new("teach-numa-2x4", text, "linux-6.12" EAGER,
                                      &(struct kernel_config){.seed = seed});

        for (int64_t now_ns = SEC; now_ns <= 20 * SEC; now_ns += SEC) {
            engine_run(e, now_ns);
            kernel_check(e->kernel);
        }
        g_assert_cmpuint(sum(e, NUMASIM_THP_COLLAPSE_ALLOC), >, 50);
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/khugepaged/pace", test_pace);
    g_test_add_func("/khugepaged/not", test_not);
    g_test_add_func("/khugepaged/node", test_node);
    g_test_add_func("/khugepaged/none", test_none);
    g_test_add_func("/khugepaged/split", test_split);
    g_test_add_func("/khugepaged/sizes", test_sizes);
    g_test_add_func("/khugepaged/ended", test_ended);
    g_test_add_func("/khugepaged/no-memory", test_no_memory);
    g_test_add_func("/khugepaged/tlb", test_tlb);
    g_test_add_func("/khugepaged/mixed", test_mixed);
    return g_test_run();
}
