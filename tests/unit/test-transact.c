/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving pages as transactions: how many of them are written while they are copied, what that costs, and
 * that whoever accesses them goes on. A tier policy that lives here asks for it in its daemon.
 */
#include "faulty-policies.h"
#include "kernel-invariants.h"
#include "tier-fixture.h"

/* One thread that accesses 1 MiB so often, first on the fast node. */
#define WRITER(pattern, misses, writes)                                                            \
    "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n"                                       \
    "    regions: {heap: {size: 1MiB, touch: first" pattern "}}\n"                                 \
    "    threads:\n      t: {cpus: 1, program: [access: {misses: {heap: " misses                   \
    "}, writes: " writes ", mlp: 10}, forever: [run: 10ms]]}\n"

enum { PAGES = 256, ROUNDS = 400 };

/* Copying a page: 2 us and 4 KiB at 10 GB/s. No shootdown costs anything on this machine. */
#define COPY_NS 2409

struct mover {
    int64_t tried, moved, aborted, charged_ns;
    int32_t round, rounds, passes;
    bool woken;
};

static int64_t there_and_back(struct numasim_self *self, int32_t node)
{
    struct mover *m = self->state;

    g_assert_cmpint(node, ==, 0);
    for (int32_t from = 1; from >= 0; from--) {
        struct numasim_pages pages = {0};

        while (numasim_next_pages(self->host, NULL, from, &pages)) {
            int64_t free_bytes = numasim_node(self->host, 1 - from)->free_bytes;
            struct numasim_transaction done =
                numasim_transact_pages(self->host, numasim_daemon_cpu(self->host, 0), &pages,
                                       pages.nr_pages, 1 - from, 0, m->passes, false);

            if (m->passes == 1) {
                g_assert_cmpint(done.nr_moved + done.nr_aborted, ==, pages.nr_pages);
            }
            g_assert_cmpint(numasim_node(self->host, 1 - from)->free_bytes, ==,
                            free_bytes - done.nr_moved * 4096);
            m->tried += done.nr_moved + done.nr_aborted;
            m->moved += done.nr_moved;
            m->aborted += done.nr_aborted;
        }
    }
    m->round++;
    return m->round < m->rounds ? numasim_now(self->host) + MS : NUMASIM_TIME_NEVER;
}

static void wake_first(struct numasim_self *self, struct numasim_task *task,
                       struct numasim_task *parent)
{
    struct mover *m = self->state;

    (void)parent;
    if (!m->woken && !task->kthread) {
        m->woken = true;
        m->rounds = ROUNDS;
        numasim_wake_daemon(self->host, 0, 20 * MS);
    }
}

static const struct numasim_tier_ops mover_ops = {.daemon = there_and_back, .daemon_name = "mover"};
POLICY(mover, .task_init = wake_first, .tier = &mover_ops);

static struct engine *run(const char *workload, int32_t passes)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_TIER] = &mover};
    struct engine *e =
        engine_new_with(TIER_MACHINE, workload, by_role, &(struct kernel_config){.seed = 1});
    struct mover *m = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;

    m->passes = passes;
    for (int s = 1; s <= 5 && m->round < ROUNDS; s++) {
        engine_run(e, s * NSEC_PER_SEC);
        kernel_check(e->kernel);
    }
    g_assert_cmpint(m->round, ==, ROUNDS);
    g_assert_cmpint(m->tried, >=, PAGES * (ROUNDS - 1));
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGTRANSACT_SUCCESS), ==, (uint64_t)m->moved);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGTRANSACT_ABORT), ==, (uint64_t)m->aborted);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGMIGRATE_SUCCESS), ==, (uint64_t)m->moved);
    return e;
}

/* What was in vain is paid for, too, and by nobody but the one who copied. */
static void check_costs(struct engine *e)
{
    const struct mover *m = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;
    const struct task *daemon = engine_task(e, "mover0", 0);

    g_assert_cmpint(daemon->pub.se.sum_exec_ns, >=, m->tried * COPY_NS);
    g_assert_cmpint(daemon->pub.se.sum_exec_ns, <, m->tried * COPY_NS + ROUNDS * 10000);
}

/* 1 - e^-x, for x well below 1. */
static double at_least_one(double x)
{
    return x - x * x / 2 + x * x * x / 6;
}

/* The part that was aborted lies between these two, or not far off for so many draws. */
static void check_share(const struct mover *m, double least, double most)
{
    double share = (double)m->aborted / (double)m->tried;
    double off = share < least ? least - share : share > most ? share - most : 0;

    g_test_message("%f aborted, %f to %f expected", share, least, most);
    g_assert_cmpfloat(off * off * (double)m->tried, <, 16 * most);
}

/* Nobody writes: every page moves. */
static void test_reads(void)
{
    struct engine *e = run(WRITER("", "30/us", "0%"), 1);
    const struct mover *m = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;

    g_assert_cmpint(m->aborted, ==, 0);
    check_costs(e);
    engine_free(e);
}

/*
 * As many as the rate of stores says: a miss at 100 or 300 ns, ten at once, 30 of them for each us of work
 * that takes 1 us and their time: 1 / (1 / 30 + 0.01 .. 0.03) us apart, half of them stores.
 */
static void test_writes(void)
{
    struct engine *e = run(WRITER("", "30/us", "50%"), 1);
    const struct mover *m = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;
    double often = 30 / (1 + 30 * 0.01), seldom = 30 / (1 + 30 * 0.03);
    double most = at_least_one(often * 0.5 * COPY_NS / 1000 / PAGES);
    double least = at_least_one(seldom * 0.5 * COPY_NS / 1000 / PAGES);

    check_share(m, least, most);
    check_costs(e);
    engine_free(e);
}

/* In order: a page is written while the one who walks is on it or comes to it, whatever the rate of the
 * stores to its lines. */
static void test_in_order(void)
{
    struct engine *e = run(WRITER(", pattern: sequential", "30/us", "50%"), 1);
    const struct mover *m = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;
    double lines = 30 * COPY_NS / 1000.0;
    double most = (1 + lines / (1 + 30 * 0.01) / 64) / PAGES;
    double least = (1 + lines / (1 + 30 * 0.03) / 64) / PAGES;

    check_share(m, least, most);
    engine_free(e);
}

/* Copied again and again, hardly any page stays; each copy was as likely to be in vain. */
static void test_passes(void)
{
    struct engine *e = run(WRITER("", "30/us", "50%"), 10);
    const struct mover *m = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;

    g_assert_cmpint(m->moved, >=, (ROUNDS * 2 - 1) * PAGES);
    check_share(m, 0.05, 0.12);
    check_costs(e);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */

/* So many pages from node 0 to node @to above @floor_bytes, in so many passes. */
static int64_t move(struct numasim_self *self, int64_t nr_pages, int32_t to, int64_t floor_bytes,
                    int32_t passes)
{
    struct numasim_pages pages = {0};

    g_assert_true(numasim_next_pages(self->host, NULL, 0, &pages));
    return numasim_transact_pages(self->host, numasim_daemon_cpu(self->host, 0), &pages, nr_pages,
                                  to, floor_bytes, passes, false)
        .nr_moved;
}

/* The answers at the edges; asked once. */
static int64_t ask_edges(struct numasim_self *self, int32_t node)
{
    const struct numasim_node *to = numasim_node(self->host, 1);

    g_assert_cmpint(node, ==, 0);
    /* There already; no room above the floor; room for some; nothing asked for. */
    g_assert_cmpint(move(self, 9, 0, 0, 1), ==, 0);
    g_assert_cmpint(move(self, 9, 1, to->free_bytes, 1), ==, 0);
    g_assert_cmpint(move(self, 9, 1, to->free_bytes - 3 * 4096, 1), ==, 3);
    g_assert_cmpint(move(self, -1, 1, 0, 1), ==, 0);
    g_assert_cmpint(move(self, 9, 1, 0, 0), ==, 0);
    /* No more than there are. */
    g_assert_cmpint(move(self, 1 << 30, 1, 0, 1), ==, PAGES - 3);
    return NUMASIM_TIME_NEVER;
}

static const struct numasim_tier_ops edges_ops = {.daemon = ask_edges, .daemon_name = "edges"};
POLICY(edges, .task_init = wake_first, .tier = &edges_ops);

static void test_edges(void)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_TIER] = &edges};
    struct engine *e = engine_new_with(TIER_MACHINE, WRITER("", "30/us", "0%"), by_role,
                                       &(struct kernel_config){.seed = 1});

    engine_run(e, 50 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(tier_bytes(e, "t", 1), ==, MIB);
    engine_free(e);
}

static int64_t wrong_node(struct numasim_self *self, int32_t node)
{
    move(self, 1, 7, 0, node + 1);
    return NUMASIM_TIME_NEVER;
}

static const struct numasim_tier_ops wrong_ops = {.daemon = wrong_node, .daemon_name = "wrong"};
POLICY(wrong, .task_init = wake_first, .tier = &wrong_ops);

static void test_wrong_node(void)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_TIER] = &wrong};
    struct engine *e = engine_new_with(TIER_MACHINE, WRITER("", "30/us", "0%"), by_role,
                                       &(struct kernel_config){.seed = 1});

    engine_run_fault(e, 50 * MS, "numasim_transact_pages()", "there is no node 7", NULL);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transact/reads", test_reads);
    g_test_add_func("/transact/writes", test_writes);
    g_test_add_func("/transact/in-order", test_in_order);
    g_test_add_func("/transact/passes", test_passes);
    g_test_add_func("/transact/edges", test_edges);
    g_test_add_func("/transact/wrong-node", test_wrong_node);
    return g_test_run();
}
