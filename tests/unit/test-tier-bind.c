/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a user binds memory it stays, whatever a tiering policy thinks of it. */
#include "tier-fixture.h"

#include "base/time.h"

/* Hot memory that lies on the slow node, because its policy @bind says so, or for want of one because a
 * thread touched it there. */
#define HOT(process, region)                                                                       \
    "numasim: workload/1\nduration: 10s\nprocesses:\n"                                             \
    "  p:\n" process "    regions: {heap: {size: 8MiB, touch: first" region "}}\n"                 \
    "    threads:\n      t: {program: [access: {misses: {heap: 200/us}, mlp: 10}, "                \
    "forever: [run: 10ms]]}\n"

/* Cold memory that fills the fast node, and then some. */
#define COLD(process, region)                                                                      \
    "numasim: workload/1\nduration: 10s\nprocesses:\n"                                             \
    "  p:\n" process "    regions: {heap: {size: 250MiB, touch: first" region "}}\n"               \
    "    threads:\n      t: {program: [forever: [run: 10ms]]}\n"

static const char *const sets[] = {"tpp",           "tpp-colloid", "hemem",
                                   "hemem-colloid", "memtis",      "nomad"};

static void check(const char *set, const char *workload, int32_t node, bool stays)
{
    struct engine *e = engine_new(TIER_MACHINE, workload, set, &(struct kernel_config){.seed = 1});

    engine_run(e, 50 * MS);
    int64_t bytes = tier_bytes(e, "t", node);

    g_assert_cmpint(bytes, >, 7 * MIB);
    engine_run(e, 6000 * MS);
    if (stays) {
        g_assert_cmpint(tier_bytes(e, "t", node), ==, bytes);
    } else {
        g_assert_cmpint(tier_bytes(e, "t", node), <, bytes);
    }
    engine_free(e);
}

static void test_stays(gconstpointer data)
{
    check(data, HOT("    numactl: --membind=1\n", ""), 1, true);
    check(data, HOT("", ", policy: {mode: bind, nodes: 1}"), 1, true);
    check(data, COLD("    numactl: --membind=0\n", ""), 0, true);
    check(data, COLD("", ", policy: {mode: bind, nodes: 0}"), 0, true);
}

/* What is merely preferred there, the policy moves; so does a region's own policy that precedes a bound
 * thread's. Not so Linux' own tiering, for which preferred memory is no business of faults
 * (mm/mempolicy.c: vma_policy_mof()). */
static void test_moves(gconstpointer data)
{
    check(data, HOT("    numactl: --preferred=1\n", ""), 1, false);
    check(data, HOT("    numactl: --membind=1\n", ", policy: {mode: preferred, nodes: 1}"), 1,
          false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autofree char *stays = g_strdup_printf("/tier-bind/stays/%s", sets[i]);
        g_autofree char *moves = g_strdup_printf("/tier-bind/moves/%s", sets[i]);

        g_test_add_data_func(stays, sets[i], test_stays);
        /* Of nomad test-nomad.c has it: it is quicker than this test looks. */
        if (!g_str_equal(sets[i], "tpp-colloid") && !g_str_equal(sets[i], "nomad")) {
            g_test_add_data_func(moves, sets[i], test_moves);
        }
    }
    return g_test_run();
}
