/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colloid's rule: hot memory lies where an access takes less time under the present load. */
#include "tier-fixture.h"

#include "base/time.h"

/* Slow memory is hardly slower, and fast memory three times slower than alone when all of it is used. */
#define LOADED_MACHINE                                                                             \
    TIER_MACHINE_WITH("130ns", "load: {latency: [{use: 50%, factor: 110%}, {use: 90%, factor: "    \
                               "200%}, {use: 100%, factor: 300%}], source: chosen}\n")

/* Two threads that use up fast memory for some ten seconds, and @threads with 32 MiB of their own. */
#define WORKLOAD(threads)                                                                          \
    "numasim: workload/1\nduration: 40s\nprocesses:\n"                                             \
    "  load:\n    numactl: --membind=0\n    regions: {buffer: {size: 16MiB, touch: first}}\n"      \
    "    threads:\n      s: {count: 2, program: [access: {misses: {buffer: 1000/us}, mlp: 60}, "   \
    "loop: {count: 1600, do: [run: 1ms]}]}\n"                                                      \
    "  p:\n    regions: {heap: {size: 32MiB, touch: first}}\n"                                     \
    "    threads:\n      t: {count: " threads ", program: [access: {misses: {heap: 100/us}, mlp: " \
    "10}, forever: [run: 10ms]]}\n"

static struct engine *begun(const char *machine, const char *threads, const char *set)
{
    g_autofree char *workload = g_strdup_printf(WORKLOAD("%s"), threads);

    return engine_new(machine, workload, set, &(struct kernel_config){.seed = 1});
}

/* Away from a node under load, and back when the load is gone. */
static void test_both_ways(gconstpointer set)
{
    struct engine *e = begun(LOADED_MACHINE, "2", set);

    engine_run(e, 6000 * MS);
    g_assert_cmpint(task_pub(engine_task(e, "s", 0))->task_state, !=, NUMASIM_TASK_DEAD);
    g_assert_cmpint(tier_bytes(e, "t", 1), >, 30 * MIB);
    engine_run(e, 29000 * MS);
    g_assert_cmpint(task_pub(engine_task(e, "s", 0))->task_state, ==, NUMASIM_TASK_DEAD);
    g_assert_cmpint(tier_bytes(e, "t", 0), >, 24 * MIB);
    engine_free(e);
}

static void stays(const char *machine, const char *threads, const char *set)
{
    struct engine *e = begun(machine, threads, set);

    engine_run(e, 6000 * MS);
    g_assert_cmpint(tier_bytes(e, "t", 0), ==, 32 * MIB);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_NUMA_PAGES_MIGRATED), ==, 0);
    engine_free(e);
}

/* Without the rule, where slow memory is the slower one under any load, or where latency does not rise. */
static void test_stays(void)
{
    stays(LOADED_MACHINE, "2", "tpp-colloid numa.colloid=off");
    stays(LOADED_MACHINE, "2", "hemem");
    stays(TIER_MACHINE_WITH("310ns", "load: {latency: [{use: 100%, factor: 300%}], source: "
                                     "chosen}\n"),
          "2", "tpp-colloid");
    stays(TIER_MACHINE, "2", "tpp-colloid");
}

/* The authors' kernel, too, does not protect what lies where a process's only thread runs
 * (mm/mprotect.c: change_pte_range()), so that such memory is never met, and stays. */
static void test_single_thread(void)
{
    stays(LOADED_MACHINE, "1", "tpp-colloid");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/tier-colloid/both-ways/tpp", "tpp-colloid", test_both_ways);
    g_test_add_data_func("/tier-colloid/both-ways/hemem", "hemem-colloid", test_both_ways);
    g_test_add_func("/tier-colloid/stays", test_stays);
    g_test_add_func("/tier-colloid/single-thread", test_single_thread);
    return g_test_run();
}
