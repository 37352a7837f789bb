/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cache-aware balancing of 7.3: the threads of a process under one LLC, as long as they fit there. */
#include "engine-fixture.h"

#include "base/time.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"
#include "occupancy.h"

#define MS NSEC_PER_MSEC

/*
 * A process of @count threads that run for ever, on an EPYC with 8 LLCs to a package. Two hogs on two
 * cores of one LLC of the other package see that somebody balances at all: a CPU asks for that only
 * if more than one is busy under its LLC (nohz_balancer_kick()).
 */
static struct engine *spinners(int count, const char *policies)
{
    g_autofree char *text =
        g_strdup_printf("numasim: workload/1\n"
                        "processes:\n"
                        "  p:\n"
                        "    threads:\n"
                        "      t: {count: %d, cpus: 0-63, program: [{run: 100s}]}\n"
                        "  a:\n"
                        "    threads:\n"
                        "      a: {cpus: 64, program: [{run: 100s}]}\n"
                        "  b:\n"
                        "    threads:\n"
                        "      b: {cpus: 65, program: [{run: 100s}]}\n",
                        count);

    return engine_new("epyc-7763-2s-nps1", text, policies, &(struct kernel_config){.seed = 3});
}

/* LLCs under which threads of process p are. */
static int nr_llcs(struct engine *e, int count)
{
    const struct machine *m = e->machine;
    g_autofree bool *seen = g_new0(bool, (gsize)m->nr_llcs);
    int nr = 0;

    for (int i = 0; i < count; i++) {
        int32_t llc = m->cpus[engine_task(e, "t", i)->pub.cpu].llc;

        nr += !seen[llc];
        seen[llc] = true;
    }
    return nr;
}

/* Four threads, which fork spreads over LLCs, come together under one, each with a core of its own. */
static void test_gathers(void)
{
    struct engine *e = spinners(4, "linux-7.3");

    engine_run(e, 20 * MS);
    g_assert_cmpint(nr_llcs(e, 4), ==, 4);
    engine_run(e, 8000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(nr_llcs(e, 4), ==, 1);
    g_assert_cmpint(engine_task(e, "t", 0)->pub.se.sum_exec_ns, >=, 7900 * MS);
    engine_free(e);
}

/* Before 7.3 they stay where they were put. */
static void test_control(void)
{
    struct engine *e = spinners(4, "linux-6.18");

    engine_run(e, 8000 * MS);
    g_assert_cmpint(nr_llcs(e, 4), ==, 4);
    engine_free(e);
}

/* Thirty-two do not fit under an LLC of eight cores: they stay spread. */
static void test_too_many(void)
{
    struct engine *e = spinners(32, "linux-7.3");

    engine_run(e, 8000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(nr_llcs(e, 32), >=, 6);
    engine_free(e);
}

/* What ran counts for the processes' shares; each epoch halves it. */
static void test_occupancy(void)
{
    struct occupancy o = {0};

    occupancy_add(&o, 0, 7, 3000);
    occupancy_add(&o, 0, 8, 1000);
    g_assert_cmpuint(occupancy_of(&o, 0, 7), ==, (UINT64_C(3000) << 20) / 4001);
    g_assert_cmpuint(occupancy_of(&o, 0, 9), ==, 0);
    occupancy_add(&o, 1, 8, 1000);
    g_assert_cmpuint(o.runtime_ns, ==, 3000);
    g_assert_cmpuint(occupancy_of(&o, 1, 7), ==, (UINT64_C(1500) << 20) / 3001);
    g_assert_cmpuint(occupancy_of(&o, 1, 8), ==, (UINT64_C(1500) << 20) / 3001);
    g_assert_cmpuint(occupancy_of(&o, 100, 8), ==, 0);
    g_assert_cmpuint(o.runtime_ns, ==, 0);
    g_assert_true(occupancy_outweighs(1, 0));
    g_assert_false(occupancy_outweighs(200, 100));
    g_assert_true(occupancy_outweighs(201, 100));
    /* More processes than are kept: the least of them goes. */
    for (int32_t id = 0; id <= OCCUPANCY_SLOTS; id++) {
        occupancy_add(&o, 101, id, 100 + id);
    }
    g_assert_cmpuint(occupancy_of(&o, 101, 0), ==, 0);
    g_assert_cmpuint(occupancy_of(&o, 101, OCCUPANCY_SLOTS), >, 0);
}

static char *digest(bool all_ticks)
{
    struct kernel_config config = {.seed = 7, .all_ticks = all_ticks};
    struct engine *e = engine_new("epyc-7763-2s-nps1", "schbench", "linux-7.3", &config);

    return engine_run_digest(e, 200 * MS);
}

/* It looks at an epoch's first tick only: the ticks that are skipped make no difference. */
static void test_ticks(void)
{
    g_autofree char *some = digest(false), *all = digest(true);

    g_assert_cmpstr(some, ==, all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/llc-balance/occupancy", test_occupancy);
    g_test_add_func("/llc-balance/gathers", test_gathers);
    g_test_add_func("/llc-balance/control", test_control);
    g_test_add_func("/llc-balance/too-many", test_too_many);
    g_test_add_func("/llc-balance/ticks", test_ticks);
    return g_test_run();
}
