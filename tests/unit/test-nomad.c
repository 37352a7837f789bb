/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nomad: who pays for promotion, what becomes of shadows, and that little free memory stops nothing. */
#include "tier-fixture.h"

#include "kernel/mm/copies.h"
#include "kernel/procfs.h"
#include "kernel-invariants.h"

/* One thread on a heap of which the slow node holds what does not fit the fast one. */
#define HEAP(size, touch, writes)                                                                  \
    "numasim: workload/1\nduration: 60s\nprocesses:\n  p:\n"                                       \
    "    regions: {heap: {size: " size ", touch: first" touch "}}\n"                               \
    "    threads:\n      t: {program: [access: {misses: {heap: 20/us}, writes: " writes            \
    ", mlp: 4}, forever: [run: 1ms, count: turns]]}\n"

static struct engine *start(const char *workload)
{
    return engine_new(TIER_MACHINE, workload, "nomad", &(struct kernel_config){.seed = 1});
}

static uint64_t promoted(const struct engine *e)
{
    return tier_vmstat(e, NUMASIM_PGPROMOTE_SUCCESS);
}

static uint64_t demoted(const struct engine *e)
{
    return tier_vmstat(e, NUMASIM_PGDEMOTE_KSWAPD);
}

static int64_t cpu_ns(struct engine *e, const char *comm)
{
    return engine_task(e, comm, 0)->pub.se.sum_exec_ns;
}

/* 100 MiB on the slow node, which all fit the fast one: they come, one fault for each, and stay. */
static void test_promotes(void)
{
    struct engine *e = start(HEAP("100MiB", ", policy: {mode: preferred, nodes: 1}", "0%"));

    engine_run(e, 10 * MS);
    g_autofree char *early = kernel_vmstat_text(e->kernel);
    g_assert_null(strstr(early, "pgtransact"));
    g_assert_cmpint(tier_bytes(e, "t", 0), ==, 0);
    engine_run(e, 10000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(tier_bytes(e, "t", 0), ==, 100 * MIB);
    g_assert_cmpuint(promoted(e), ==, 25600);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGTRANSACT_SUCCESS), ==, 25600);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_NUMA_PAGES_MIGRATED), ==, 0);
    g_assert_cmpuint(demoted(e), ==, 0);
    g_autofree char *text = kernel_vmstat_text(e->kernel);
    g_assert_nonnull(strstr(text, "\npgtransact_success 25600\npgtransact_abort 0\n"));
    /* Their shadows are there still; the thread that copied has paid, 2.4 us for each. */
    g_assert_cmpint(e->kernel->nodes[1].copy_bytes, ==, 100 * MIB);
    g_assert_cmpint(cpu_ns(e, "knomad1"), >=, 25600 * INT64_C(2409));
    engine_free(e);
}

/* Half of what is read lies on the slow node: pages come and go, and to go they need no copying. */
static void test_comes_and_goes(void)
{
    struct engine *e = start(HEAP("400MiB", "", "0%"));

    engine_run(e, 4000 * MS);
    uint64_t before = promoted(e), gone = demoted(e);
    int64_t by_ns = cpu_ns(e, "knomad0");

    engine_run(e, 8000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpuint(promoted(e) - before, >, 10000);
    g_assert_cmpuint(demoted(e) - gone, >, (promoted(e) - before) * 9 / 10);
    g_assert_cmpuint(demoted(e) - gone, <, (promoted(e) - before) * 11 / 10);
    /* Of most of them 2 us of 2.4, as there is a shadow; and some time to look for them. */
    g_assert_cmpint(cpu_ns(e, "knomad0") - by_ns, <, (int64_t)(demoted(e) - gone) * 2300);
    engine_free(e);
}

/* All is written: shadows go soon, and what is demoted is copied. */
static void test_writes(void)
{
    struct engine *e = start(HEAP("400MiB", "", "100%"));

    engine_run(e, 4000 * MS);
    uint64_t gone = demoted(e);
    int64_t by_ns = cpu_ns(e, "knomad0");

    engine_run(e, 8000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpuint(demoted(e) - gone, >, 10000);
    g_assert_cmpint(e->kernel->nodes[1].copy_bytes, <, 10 * MIB);
    g_assert_cmpint(cpu_ns(e, "knomad0") - by_ns, >, (int64_t)(demoted(e) - gone) * 2390);
    engine_free(e);
}

/* Both nodes are nearly full: shadows make room for what is demoted, and everything is there. */
static void test_pressure(void)
{
    struct engine *e = start(HEAP("1180MiB", "", "10%"));

    for (int s = 1; s <= 8; s++) {
        engine_run(e, s * 1000 * MS);
        kernel_check(e->kernel);
        g_assert_cmpint(tier_bytes(e, "t", 0) + tier_bytes(e, "t", 1), ==, 1180 * MIB);
        g_assert_cmpint(e->kernel->nodes[1].copy_bytes, <=, 100 * MIB);
    }
    g_assert_cmpuint(promoted(e), >, 10000);
    g_assert_cmpuint(demoted(e), >, 10000);
    engine_free(e);
}

/* File and shared memory stays where it is, as do pages that somebody bound there. */
static void test_stays(gconstpointer how)
{
    g_autofree char *workload = g_strdup_printf(
        HEAP("50MiB", ", policy: {mode: preferred, nodes: 1}%s", "0%%"), (const char *)how);
    struct engine *e = start(workload);

    engine_run(e, 5000 * MS);
    g_assert_cmpint(tier_bytes(e, "t", 1), ==, 50 * MIB);
    g_assert_cmpuint(promoted(e), ==, 0);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nomad/promotes", test_promotes);
    g_test_add_func("/nomad/comes-and-goes", test_comes_and_goes);
    g_test_add_func("/nomad/writes", test_writes);
    g_test_add_func("/nomad/pressure", test_pressure);
    g_test_add_data_func("/nomad/stays/file", ", file: true", test_stays);
    g_test_add_data_func("/nomad/stays/shared", ", mapped: shared", test_stays);
    return g_test_run();
}
