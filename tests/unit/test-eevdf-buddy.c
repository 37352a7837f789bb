/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-eevdf-buddy.c - whom eevdf's queue would rather run next, and what a new weight does by the rule
 * of 6.13. Against vectors derived by hand; times in the comments are in ms.
 */
#include "fake-host.h"
#include "vtime.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

/* The state of the policy, which the test may look at. */
static const struct eevdf_entity *state_of(const struct fake_task *t)
{
    return t->task.se.state;
}

static struct fake_task *forked(struct numasim_host *host, uint32_t weight)
{
    struct fake_task *t = fake_task_new(host, weight);

    fake_fork(host, t);
    return t;
}

/*
 * NEXT_BUDDY: C wakes beside A, which runs on, and B, whose deadline is earlier; when A has had its
 * request, C is next all the same, unless PICK_BUDDY is off.
 */
static void test_next_buddy(void)
{
    for (int mask = 0; mask < 4; mask++) {
        bool next = mask & 1, pick = mask & 2;
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a, *b, *c;

        fake_set_param(host, "next_buddy", next);
        fake_set_param(host, "pick_buddy", pick);
        a = forked(host, 1024);
        b = forked(host, 1024);
        c = fake_task_new(host, 1024);
        fake_run(host, 1 * MS);
        g_assert_false(fake_wake(host, c));
        g_assert_true(fake_current(host) == a);
        g_assert_true(((struct eevdf_queue *)host->queue.state)->next ==
                      (next ? state_of(c) : NULL));
        while (fake_current(host) == a) {
            fake_run(host, 100 * US);
        }
        g_assert_true(fake_current(host) == (next && pick ? c : b));
        g_assert_true(((struct eevdf_queue *)host->queue.state)->next ==
                      (next && !pick ? state_of(c) : NULL));
        fake_host_free(host);
    }
}

/* A request served, or a yield: who runs is no buddy any more, and with it the cgroup above. */
static void test_buddy_served(void)
{
    for (int yields = 0; yields < 2; yields++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct eevdf_queue above = {0};
        struct eevdf_entity state = {0};
        struct numasim_queue root = {.state = &above};
        struct numasim_entity cgroup = {
            .weight = 1024, .queued = true, .queue = &root, .state = &state};
        struct fake_task *a;

        a = forked(host, 1024);
        forked(host, 1024);
        fake_run(host, 1 * MS);
        g_assert_true(fake_current(host) == a);
        host->queue.parent = &cgroup;
        above.next = &state;
        ((struct eevdf_queue *)host->queue.state)->next = a->task.se.state;
        if (yields) {
            fake_yield(host);
        } else {
            fake_run(host, 3 * MS);
        }
        g_assert_null(((struct eevdf_queue *)host->queue.state)->next);
        g_assert_null(above.next);
        fake_host_free(host);
    }
}

/* One that sleeps beside others of its cgroup leaves it the buddy above; not one that stays, delayed. */
static void test_cgroup_buddy(void)
{
    for (int delayed = 0; delayed < 2; delayed++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct eevdf_queue above = {0};
        struct eevdf_entity state = {0};
        struct numasim_queue root = {.state = &above};
        struct numasim_entity cgroup = {
            .weight = 1024, .queued = true, .queue = &root, .state = &state};
        struct fake_task *a;

        fake_set_param(host, "delay_dequeue", delayed);
        host->queue.parent = &cgroup;
        a = forked(host, 1024);
        forked(host, 1024);
        fake_run(host, 1 * MS);
        g_assert_true(fake_current(host) == a);
        g_assert_true(fake_block(host, a) == !delayed);
        g_assert_true(above.next == (delayed ? NULL : &state));
        fake_host_free(host);
    }
}

/*
 * A runs 1 beside B, so that V is 0.5; A's deadline is 1.05, half of 2.1. At twice the weight A owes 0.25,
 * and has 0.025 left. 6.13 counts it meanwhile: V is 2/3, and to owe 0.25 beside 3072 it is put another
 * 0.25 * (3072 + 2048) / 3072 ahead. B, which waits, is owed 0.25, and put that much times 3 before A.
 */
static void test_reweight_placed(void)
{
    static const struct {
        int64_t rule, b, v_ns, key_ns;
    } cases[] = {{0, 0, 750000, 775000},
                 {1, 0, 1083332, 1108332},
                 {0, 1, 250000, 775000},
                 {1, 1, 250000, 775000}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *tasks[2];

        fake_set_param(host, "reweight", cases[c].rule);
        tasks[0] = forked(host, 1024);
        tasks[1] = forked(host, 1024);
        fake_run(host, 1 * MS);
        g_assert_true(fake_current(host) == tasks[0]);
        int64_t zero = state_of(tasks[1])->node.vruntime;

        g_assert_cmpint(state_of(tasks[0])->node.vruntime, ==, zero + 1 * MS);
        fake_reweight(host, tasks[cases[c].b], 2048);
        g_assert_cmpint(state_of(tasks[cases[c].b])->node.vruntime, ==, zero + cases[c].v_ns);
        g_assert_cmpint(state_of(tasks[cases[c].b])->node.key, ==, zero + cases[c].key_ns);
        fake_host_free(host);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eevdf/next-buddy", test_next_buddy);
    g_test_add_func("/eevdf/buddy-served", test_buddy_served);
    g_test_add_func("/eevdf/cgroup-buddy", test_cgroup_buddy);
    g_test_add_func("/eevdf/reweight-placed", test_reweight_placed);
    return g_test_run();
}
