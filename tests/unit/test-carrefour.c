/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrefour: its thresholds, to the number; and what becomes of shared and private pages on teach-numa-2x4,
 * where CPUs 0-3 are on node 0. */
/* The plugins that it runs beside have these, too. */
#define numasim_policy             carrefour_policy
#define numasim_policy_source_hash carrefour_source_hash
#include "../../policies/carrefour/carrefour.c"
#include "../../policies/carrefour/counters.c"
#include "../../policies/carrefour/fate.c"

#include "tier-fixture.h"

#include "base/time.h"

/* ------------------------------------------------------------------------------------------- */
/* Thresholds                                                                                   */

static void test_imbalance(void)
{
    static const struct {
        uint64_t x[4];
        int32_t nr;
        int64_t percent;
    } cases[] = {
        {{400, 0, 0, 0}, 4, 200}, /* all on one of four: sqrt(12 / 3) */
        {{100, 100, 100, 100}, 4, 0}, {{135, 65}, 2, 49},
        {{1000, 0}, 2, 141},          {{125, 75}, 2, 35}, /* 35.36 */
        {{0, 0, 0, 0}, 4, 0},         {{7}, 1, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(imbalance_percent(cases[i].x, cases[i].nr), ==, cases[i].percent);
    }
}

static void test_judge(void)
{
    static const struct {
        uint64_t local, all, writes; /* of a second */
        int64_t imbalance, usage;
        bool enabled, interleave, migrate, replicate;
    } cases[] = {
        {0, 49999999, 0, 200, 0, false, true, true, true}, /* 49 a microsecond */
        {0, 50000000, 0, 200, 26, true, true, true, false},
        {0, 50000000, 0, 200, 25, true, true, true, true},
        {0, 50000000, 2500000, 200, 25, true, true, true, true}, /* 95 % read */
        {0, 50000000, 2500001, 200, 25, true, true, true, false},
        {40000000, 50000000, 0, 35, 26, false, false, false, false}, /* 80 % local, balanced */
        {40000000, 50000000, 0, 35, 25, true, false, false, true},
        {40000000, 50000000, 0, 36, 26, true, true, false, false},
        {39500000, 50000000, 0, 35, 26, true, false, true, false}, /* 79 % */
        {50000000, 50000000, 0, 200, 26, false, false, false, false},
        {0, 0, 0, 0, 0, false, false, false, true},
    };
    int64_t param[] = {1000000000, 50, 80, 35, 1 << 28, 1, 1, 1, 25, 95, 500};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct carrefour own = {
            .local = cases[i].local, .all = cases[i].all, .writes = cases[i].writes};
        struct numasim_self self = {.state = &own, .param = param};

        judge(&self, 1000000000, cases[i].imbalance, cases[i].usage);
        g_assert_cmpint(own.enabled, ==, cases[i].enabled);
        if (own.enabled) {
            g_assert_cmpint(own.interleave, ==, cases[i].interleave);
            g_assert_cmpint(own.migrate, ==, cases[i].migrate);
            g_assert_cmpint(own.replicate, ==, cases[i].replicate);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Pages                                                                                        */

/* A master touches it all on node 0; eight threads use it, @shared or each its slice. */
#define PROGRAM(shared, region, rate)                                                              \
    "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n"                                       \
    "    regions: {heap: {size: 64MiB, touch: first, shared: " shared region "}}\n"                \
    "    threads:\n      master: {cpus: 0, program: [run: 1ms, sleep: 100s]}\n"                    \
    "      t: {count: 8, cpus: 0-7, spread: true, start: 1ms, program: [access: {misses: "         \
    "{heap: " rate "}, mlp: 4}, forever: [run: 10ms]]}\n"

static struct engine *run_with(const char *workload, const char *policies)
{
    struct engine *e =
        engine_new("teach-numa-2x4", workload, policies, &(struct kernel_config){.seed = 1});

    engine_run(e, 10000 * MS);
    return e;
}

static struct engine *run(const char *workload)
{
    return run_with(workload, "carrefour numa.replicate=off");
}

static void test_interleaves(void)
{
    struct engine *e = run(PROGRAM("true", "", "40/us"));
    int64_t there = tier_bytes(e, "t", 1);

    /* Until the loads differ by less than 35 %, which is 62.5 to 37.5. */
    g_assert_cmpint(there, >, 20 * MIB);
    g_assert_cmpint(there, <, 40 * MIB);
    engine_free(e);
}

/* The slices of the threads on node 1 come to them, and nothing else; the master's own is the first. */
static void test_co_locates(void)
{
    struct engine *e = run(PROGRAM("false", "", "40/us"));
    int64_t there = tier_bytes(e, "t", 1);

    g_assert_cmpint(there, >, 24 * MIB);
    g_assert_cmpint(there, <=, 33 * MIB);
    engine_free(e);
}

static void assert_still(const char *workload, int32_t node)
{
    struct engine *e = run(workload);

    g_assert_cmpint(tier_bytes(e, "t", node), >=, 64 * MIB);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGMIGRATE_SUCCESS), ==, 0);
    engine_free(e);
}

/* Five accesses a microsecond in all are not worth it; what is bound, stays. */
static void test_stays(void)
{
    assert_still(PROGRAM("true", "", "0.6/us"), 0);
    assert_still(PROGRAM("true", ", policy: {mode: bind, nodes: 0}", "40/us"), 0);
}

/* What all of a shared array's pages have on node 1, if it is read alone; and what stands against it. */
static void test_replicates(void)
{
    static const struct {
        const char *program, *policies;
        int64_t mib;
    } cases[] = {
        {PROGRAM("true", "", "40/us"), "carrefour", 64},
        {PROGRAM("false", "", "40/us"), "carrefour", 0},            /* each its own */
        {PROGRAM("true", ", page: 2MiB", "40/us"), "carrefour", 0}, /* and huge pages, files, */
        {PROGRAM("true", ", file: true", "40/us"), "carrefour", 0},
        {PROGRAM("true", ", mapped: shared", "40/us"), "carrefour", 0},
        {PROGRAM("true", ", readonly: true", "40/us"), "carrefour", 0},
        {PROGRAM("true", "", "0.6/us"), "carrefour", 0},
        {PROGRAM("true", "", "40/us"), "carrefour numa.max_usage=0", 0},
        {PROGRAM("true", "", "40/us"), "carrefour numa.min_orders=1000000", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e = run_with(cases[i].program, cases[i].policies);

        g_assert_cmpint(e->kernel->nodes[1].copy_bytes + e->kernel->nodes[0].copy_bytes, ==,
                        cases[i].mib * MIB);
        engine_free(e);
    }
}

/* By 8 % of the accesses, nothing is replicated; by 2 % pages are, lose their copies, and get none again. */
static void test_stores(void)
{
    static const char *const text =
        "numasim: workload/1\nduration: 20s\nprocesses:\n  p:\n"
        "    regions: {heap: {size: 64MiB, touch: first}}\n"
        "    threads:\n      master: {cpus: 0, program: [run: 1ms, sleep: 100s]}\n"
        "      t: {count: 8, cpus: 0-7, spread: true, start: 1ms, program: [access: {misses: "
        "{heap: 40/us}, writes: %s, mlp: 4}, forever: [run: 10ms]]}\n";
    g_autofree char *few = g_strdup_printf(text, "2%"), *many = g_strdup_printf(text, "8%");
    struct engine *e = run_with(many, "carrefour");

    g_assert_null(e->kernel->copies);
    engine_free(e);
    e = run_with(few, "carrefour");
    g_assert_nonnull(e->kernel->copies);
    g_assert_cmpint(e->kernel->nodes[0].copy_bytes + e->kernel->nodes[1].copy_bytes, ==, 0);

    uint64_t copied = tier_vmstat(e, NUMASIM_PGALLOC) - 64 * MIB / 4096;

    g_assert_cmpuint(copied, >, 0);
    g_assert_cmpuint(copied, <=, 64 * MIB / 4096);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/carrefour/imbalance", test_imbalance);
    g_test_add_func("/carrefour/judge", test_judge);
    g_test_add_func("/carrefour/interleaves", test_interleaves);
    g_test_add_func("/carrefour/co-locates", test_co_locates);
    g_test_add_func("/carrefour/stays", test_stays);
    g_test_add_func("/carrefour/replicates", test_replicates);
    g_test_add_func("/carrefour/stores", test_stores);
    return g_test_run();
}
