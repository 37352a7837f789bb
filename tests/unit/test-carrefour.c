/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrefour: its thresholds, to the number; and what becomes of shared and private pages on teach-numa-2x4,
 * where CPUs 0-3 are on node 0. */
/* The plugins that it runs beside have these, too. */
#define numasim_policy             carrefour_policy
#define numasim_policy_source_hash carrefour_source_hash
#include "../../policies/carrefour.c"

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
        uint64_t local, all; /* of a second */
        int64_t imbalance;
        bool enabled, interleave, migrate;
    } cases[] = {
        {0, 49999999, 200, false, true, true}, /* 49 a microsecond */
        {0, 50000000, 200, true, true, true},
        {40000000, 50000000, 35, false, false, false}, /* 80 % local, and balanced enough */
        {40000000, 50000000, 36, true, true, false},
        {39500000, 50000000, 35, true, false, true}, /* 79 % */
        {50000000, 50000000, 200, false, false, false},
        {0, 0, 0, false, false, false},
    };
    int64_t param[] = {1000000000, 50, 80, 35, 1 << 28, 1, 1};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct carrefour own = {.local = cases[i].local, .all = cases[i].all};
        struct numasim_self self = {.state = &own, .param = param};

        judge(&self, 1000000000, cases[i].imbalance);
        g_assert_cmpint(own.enabled, ==, cases[i].enabled);
        if (own.enabled) {
            g_assert_cmpint(own.interleave, ==, cases[i].interleave);
            g_assert_cmpint(own.migrate, ==, cases[i].migrate);
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

static struct engine *run(const char *workload)
{
    struct engine *e =
        engine_new("teach-numa-2x4", workload, "carrefour", &(struct kernel_config){.seed = 1});

    engine_run(e, 10000 * MS);
    return e;
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/carrefour/imbalance", test_imbalance);
    g_test_add_func("/carrefour/judge", test_judge);
    g_test_add_func("/carrefour/interleaves", test_interleaves);
    g_test_add_func("/carrefour/co-locates", test_co_locates);
    g_test_add_func("/carrefour/stays", test_stays);
    return g_test_run();
}
