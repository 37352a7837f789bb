/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-eevdf-random.c - the plugin eevdf in random lives of a queue, against brute force and bounds.
 */
#include "fake-host.h"
#include "vtime.h"

#define US INT64_C(1000)

/* The state of the policy, which the test may look at. */
static const struct eevdf_entity *state_of(const struct fake_task *t)
{
    return t->task.se.state;
}

static const uint32_t weights[] = {88761, 9548, 3121, 1024, 820, 335, 110, 15, 3};

/* Heights, order, minima and count of a subtree. */
static uint32_t check_tree(const struct tree_node *node, const struct tree_node *lower,
                           const struct tree_node *upper)
{
    if (node == NULL) {
        return 0;
    }
    const struct tree_node *before = node->child[0], *after = node->child[1];
    int32_t left = before != NULL ? before->height : 0, right = after != NULL ? after->height : 0;
    int64_t least = node->vruntime, shortest = node->slice_ns;

    for (int side = 0; side < 2; side++) {
        const struct tree_node *child = node->child[side];

        least = child != NULL ? MIN(least, child->min_vruntime) : least;
        shortest = child != NULL ? MIN(shortest, child->min_slice_ns) : shortest;
    }
    g_assert_cmpint(node->height, ==, 1 + MAX(left, right));
    g_assert_cmpint(ABS(left - right), <=, 1);
    g_assert_cmpint(node->min_vruntime, ==, least);
    g_assert_cmpint(node->min_slice_ns, ==, shortest);
    g_assert_true(lower == NULL || lower->key < node->key ||
                  (lower->key == node->key && lower->seq < node->seq));
    g_assert_true(upper == NULL || upper->key > node->key ||
                  (upper->key == node->key && upper->seq > node->seq));
    return 1 + check_tree(before, lower, node) + check_tree(after, node, upper);
}

/* Those that wait: in order in the array, or in the tree. Their number. */
static uint32_t check_timeline(const struct timeline *line)
{
    int64_t shortest = INT64_MAX, longest = INT64_MIN;

    g_assert_true(line->nr_placed == 0 || line->nr_placed == line->nr);
    g_assert_cmpuint(check_tree(line->root, NULL, NULL), ==, line->nr - line->nr_placed);
    for (uint32_t i = 0; i < line->nr_placed; i++) {
        const struct tree_node *node = line->place[i].node;

        g_assert_cmpint(line->place[i].key, ==, node->key);
        g_assert_cmpint(line->place[i].vruntime, ==, node->vruntime);
        g_assert_true(timeline_contains(node));
        g_assert_true(i == 0 || tree_comes_after(node, line->place[i - 1].node));
        shortest = MIN(shortest, node->slice_ns);
        longest = MAX(longest, node->slice_ns);
    }
    if (line->nr_placed > 0) {
        g_assert_cmpint(timeline_shortest_ns(line), ==, shortest);
        g_assert_cmpint(timeline_longest_ns(line), ==, longest);
    }
    return line->nr;
}

/* What must be picked, from the definitions: sums about the first entity's vruntime, no tree. */
static const struct numasim_entity *brute_force_pick(struct numasim_host *host)
{
    const struct eevdf_entity *curr = NULL, *best = NULL;
    int64_t origin = 0, sum = 0, load = 0;
    bool first = true;

    for (uint32_t i = 0; i < host->nr_tasks; i++) {
        const struct eevdf_entity *es = state_of(host->tasks[i]);

        if (es->queued) {
            origin = first ? es->node.vruntime : origin;
            first = false;
            sum += (es->node.vruntime - origin) * (int64_t)es->load.weight;
            load += (int64_t)es->load.weight;
        }
    }
    for (uint32_t i = 0; i < host->nr_tasks; i++) {
        const struct eevdf_entity *es = state_of(host->tasks[i]);

        if (!es->queued || sum < (es->node.vruntime - origin) * load) {
            continue;
        }
        if (es->node.se == host->queue.curr) {
            curr = es;
        } else if (best == NULL || es->node.key < best->node.key ||
                   (es->node.key == best->node.key && es->node.seq < best->node.seq)) {
            best = es;
        }
    }
    if (curr != NULL && (curr->protected_till == curr->node.key || best == NULL ||
                         curr->node.key < best->node.key)) {
        best = curr;
    }
    g_assert_nonnull(best);
    return best->node.se;
}

/* One step of a random life of a queue. */
static void random_step(struct numasim_host *host, GRand *rand)
{
    uint32_t which = (uint32_t)g_rand_int_range(rand, 0, (int32_t)host->nr_tasks);
    struct fake_task *t = host->tasks[which];
    bool away = !t->task.se.queued || t->task.se.delayed;

    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
        if (away) {
            fake_wake(host, t);
        } else if (&t->task.se == host->queue.curr) {
            fake_block(host, t);
            fake_schedule(host);
        }
        break;
    case 1:
        if (!away && &t->task.se != host->queue.curr) {
            fake_leave(host, t);
            fake_run(host, g_rand_int_range(rand, 0, 3000000));
            fake_join(host, t);
        }
        break;
    case 2:
        fake_reweight(host, t, weights[g_rand_int_range(rand, 0, G_N_ELEMENTS(weights))]);
        break;
    default:
        fake_run(host, g_rand_int_range(rand, 1, 9000000));
        break;
    }
}

static void test_brute_force(void)
{
    GRand *rand = g_rand_new_with_seed(1);

    for (int round = 0; round < 60; round++) {
        struct numasim_host *host = fake_host_new("eevdf");
        /* Few; so many that they come to stand in a tree; between these two, there and back. */
        int nr = round % 20 == 19 ? 300
                 : round % 4 == 0 ? g_rand_int_range(rand, 14, 40)
                                  : g_rand_int_range(rand, 2, 12);

        for (int i = 0; i < nr; i++) {
            struct fake_task *t = fake_task_new(host, weights[g_rand_int_range(rand, 0, 9)]);

            t->task.se.custom_slice_ns =
                g_rand_boolean(rand) ? 0 : g_rand_int_range(rand, 1, 20) * 500 * US;
            fake_fork(host, t);
        }
        for (int step = 0; step < 400; step++) {
            const struct eevdf_queue *eq = host->queue.state;

            random_step(host, rand);
            if (host->queue.nr_queued > 0) {
                uint32_t waiting = host->queue.nr_queued - (eq->running != NULL);

                g_assert_cmpuint(check_timeline(&eq->waiting), ==, waiting);
                g_assert_cmpint(eq->load, ==, (int64_t)host->queue.weight_sum);
                g_assert_true(host->ops->pick(&host->self, &host->queue) == brute_force_pick(host));
            }
        }
        fake_host_free(host);
    }
    g_rand_free(rand);
}

/*
 * One that is picked is eligible, lag >= 0, and runs for a slice and at most a tick more: lag > -6.1.
 * What some are owed others have had too much of, so that the sum is zero.
 */
static void test_lag_bounded(void)
{
    GRand *rand = g_rand_new_with_seed(2);

    for (int round = 0; round < 20; round++) {
        struct numasim_host *host = fake_host_new("eevdf");
        int nr = g_rand_int_range(rand, 2, 10);

        for (int i = 0; i < nr; i++) {
            fake_fork(host, fake_task_new(host, weights[g_rand_int_range(rand, 1, 8)]));
        }
        for (int step = 0; step < 1000; step++) {
            int64_t sum = 0;

            fake_run(host, g_rand_int_range(rand, 1, 5000000));
            for (int i = 0; i < nr; i++) {
                int64_t lag = fake_lag(host, host->tasks[i]);

                g_assert_cmpint(lag, >, -6100 * US - 100);
                g_assert_cmpint(lag, <, 6100 * US + 100);
                sum += lag;
            }
            g_assert_cmpint(ABS(sum), <=, 100 * nr); /* V and each lag are rounded */
        }
        fake_host_free(host);
    }
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eevdf/brute-force", test_brute_force);
    g_test_add_func("/eevdf/lag-bounded", test_lag_bounded);
    return g_test_run();
}
