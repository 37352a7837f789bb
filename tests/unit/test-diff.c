/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where two runs part, and that what is said of their time adds up. */
#include <string.h>

#include "engine-fixture.h"
#include "event-log.h"

#include "base/time.h"
#include "observe/diff.h"
#include "observe/simulate.h"

struct side {
    struct engine *engine;
    const struct diff_wants *wants;
    struct diff_pass *pass;
};

static void attach(struct kernel *k, void *data)
{
    struct side *side = data;

    side->pass = diff_pass_new(k, side->wants);
}

static void finished(const struct kernel *k, void *data)
{
    diff_pass_finish(((struct side *)data)->pass, k);
}

static void simulate_side(struct side *side, int64_t duration_ns, const struct diff_wants *wants)
{
    struct simulate_options options = simulate_options_default();
    const struct workload *workloads[] = {side->engine->workload};
    GError *error = NULL;

    g_clear_pointer(&side->pass, diff_pass_free);
    side->wants = wants;
    options.duration_ns = duration_ns;
    options.warmup_ns = 0;
    options.attach = attach;
    options.finished = finished;
    options.data = side;
    result_free(simulate(side->engine->machine, side->engine->domains, workloads, 1,
                         side->engine->stack, &options, NULL, &error));
    g_assert_no_error(error);
}

struct compared {
    struct side sides[2];
    struct diff_wants wants;
    struct diff *diff;
};

static struct compared compare(const char *topology, const char *workload, const char *base,
                               const char *new_, int64_t duration_ns)
{
    struct compared c = {0};
    const char *policies[] = {base, new_};

    for (int i = 0; i < 2; i++) {
        c.sides[i].engine =
            engine_new(topology, workload, policies[i], &(struct kernel_config){.seed = 1});
        simulate_side(&c.sides[i], duration_ns, NULL);
    }
    c.wants = diff_wants_of(c.sides[0].pass, c.sides[1].pass);
    for (int i = 0; i < 2; i++) {
        /* The copy in the caller's hands has the same table. */
        simulate_side(&c.sides[i], duration_ns, &c.wants);
    }
    c.diff = diff_new(c.sides[0].pass, c.sides[1].pass, &c.wants);
    return c;
}

static void release(struct compared *c)
{
    diff_free(c->diff);
    diff_wants_release(&c->wants);
    for (int i = 0; i < 2; i++) {
        diff_pass_free(c->sides[i].pass);
        engine_free(c->sides[i].engine);
    }
}

/* The kinds of each task are its time, on both sides; those of groups the sums of their tasks'. */
static void assert_adds_up(const struct diff *d)
{
    int64_t tasks_ns[2] = {0, 0}, groups_ns[2] = {0, 0};

    for (int side = 0; side < 2; side++) {
        for (guint i = 0; i < d->tasks->len; i++) {
            const struct diff_task *t = &g_array_index(d->tasks, struct diff_task, i);
            int64_t sum_ns = 0;

            for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
                g_assert_cmpint(t->kinds[side][kind], >=, 0);
                sum_ns += t->kinds[side][kind];
            }
            g_assert_cmpint(sum_ns, ==, t->time_ns[side]);
            tasks_ns[side] += sum_ns;
        }
        for (guint i = 0; i < d->groups->len; i++) {
            const struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);
            int64_t blocked_ns = 0;

            groups_ns[side] += g->time_ns[side];
            for (guint b = 0; b < g->blockers->len; b++) {
                blocked_ns +=
                    ((const struct diff_blocker *)g->blockers->pdata[b])->blocked_ns[side];
            }
            g_assert_cmpint(blocked_ns, ==, g->kinds[side][ACCOUNT_BLOCKED]);
        }
        g_assert_cmpint(groups_ns[side], ==, tasks_ns[side]);
    }
}

static const struct diff_task *task(const struct diff *d, const char *name)
{
    for (guint i = 0; i < d->tasks->len; i++) {
        const struct diff_task *t = &g_array_index(d->tasks, struct diff_task, i);

        if (strcmp(t->name, name) == 0) {
            return t;
        }
    }
    g_error("no task %s", name);
}

static void test_same(void)
{
    struct compared c =
        compare("teach-numa-2x4", "schbench", "linux-6.12", "linux-6.12", 50 * NSEC_PER_MSEC);

    g_assert_true(c.diff->same);
    assert_adds_up(c.diff);
    for (guint i = 0; i < c.diff->tasks->len; i++) {
        const struct diff_task *t = &g_array_index(c.diff->tasks, struct diff_task, i);

        g_assert_cmpint(t->time_ns[0], ==, t->time_ns[1]);
    }
    release(&c);
}

/*
 * Two tasks of 10 ms begin at once on CPU 0. Under fifo without balancing the second waits there; Linux
 * puts it elsewhere. So they part in its first wakeup, and the difference is waiting: 10 ms and the
 * switches, exactly what the kinds say.
 */
static void test_parting(void)
{
    static const char workload[] = "numasim: workload/1\nprocesses:\n  p:\n    threads:\n"
                                   "      a: {program: [run: 10ms]}\n"
                                   "      b: {program: [run: 10ms]}\n";
    struct compared c = compare("teach-uma-4", workload, "linux-6.12", "fifo-none", 0);
    const struct diff_task *b = task(c.diff, "p/b#0");

    g_assert_false(c.diff->same);
    g_assert_false(c.diff->later);
    g_assert_cmpint(c.diff->events[0]->time_ns, ==, 0);
    g_assert_true(g_str_has_prefix(c.diff->events[0]->text, "sched_wakeup_new: p/b#0 on CPU "));
    g_assert_cmpstr(c.diff->events[1]->text, ==, "sched_wakeup_new: p/b#0 on CPU 0");
    g_assert_nonnull(strstr(c.diff->events[0]->decisions, "balance.select_cpu"));
    g_assert_nonnull(strstr(c.diff->events[0]->decisions, " of linux-balance for p/b#0 on CPU "));
    g_assert_nonnull(strstr(c.diff->events[1]->queues, "2 on CPU 0"));
    g_assert_cmpint(b->position, ==, DIFF_END);
    g_assert_true(b->ended[0] && b->ended[1]);
    g_assert_cmpint(b->kinds[0][ACCOUNT_FULL], ==, 10 * NSEC_PER_MSEC);
    g_assert_cmpint(b->kinds[1][ACCOUNT_FULL], ==, 10 * NSEC_PER_MSEC);
    g_assert_cmpint(b->kinds[1][ACCOUNT_WAITING], >=, 10 * NSEC_PER_MSEC);
    g_assert_cmpint(b->kinds[0][ACCOUNT_WAITING], <, NSEC_PER_MSEC);
    assert_adds_up(c.diff);
    const char *const labels[2] = {"linux-6.12", "fifo-none"};
    g_autofree char *text = diff_text(c.diff, labels, 5);
    g_autofree char *json = diff_json(c.diff, labels);

    g_assert_nonnull(strstr(text, "The schedules part at event "));
    g_assert_nonnull(strstr(json, "\"schema\": \"numasim-diff/1\""));
    release(&c);
}

/* A costlier switch: the same events, later; no decision differs. */
static void test_later(void)
{
    static const char workload[] = "numasim: workload/1\nprocesses:\n  p:\n    threads:\n"
                                   "      a: {program: [loop: {count: 5, do: [run: 1ms, sleep: "
                                   "1ms]}]}\n";
    struct compared c = {0};
    g_autofree char *slow =
        topology_with("teach-uma-4", "context-switch: 1us", "context-switch: 3us");
    const char *topologies[] = {"teach-uma-4", slow};

    for (int i = 0; i < 2; i++) {
        c.sides[i].engine =
            engine_new(topologies[i], workload, "linux-6.12", &(struct kernel_config){.seed = 1});
        simulate_side(&c.sides[i], 0, NULL);
    }
    c.wants = diff_wants_of(c.sides[0].pass, c.sides[1].pass);
    for (int i = 0; i < 2; i++) {
        simulate_side(&c.sides[i], 0, &c.wants);
    }
    c.diff = diff_new(c.sides[0].pass, c.sides[1].pass, &c.wants);
    const struct diff_task *a = task(c.diff, "p/a#0");

    g_assert_true(c.diff->later);
    g_assert_cmpint(a->kinds[1][ACCOUNT_KERNEL] - a->kinds[0][ACCOUNT_KERNEL], ==,
                    a->time_ns[1] - a->time_ns[0]);
    assert_adds_up(c.diff);
    release(&c);
}

static void test_adds_up(void)
{
    static const char *const cases[][4] = {
        {"teach-numa-2x4", "schbench", "linux-6.1", "linux-6.12"},
        {"teach-numa-2x4", "numa-process", "linux-6.12", "fifo-none"},
        {"teach-uma-4", "fork-join", "linux-6.12", "linux-4.3"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct compared c =
            compare(cases[i][0], cases[i][1], cases[i][2], cases[i][3], 200 * NSEC_PER_MSEC);

        assert_adds_up(c.diff);
        g_assert_cmpuint(c.diff->tasks->len, >, 0);
        release(&c);
    }
}

/*
 * Two parents on one CPU fork: first come, first served, the one with the long work does so first; sharing,
 * the other. Each child is the same on both sides, and does the same work, for that is its parent's affair;
 * children of children, too, and of however many generations.
 */
static void test_forked(void)
{
    static const char *const workload =
        "numasim: workload/1\ndescription: two parents\nsources: [chosen]\nprocesses:\n  p:\n"
        "    threads:\n"
        "      main: {program: [run: 1us]}\n"
        "      slow: {cpus: 0, program: [run: 20ms, fork: {group: kid, count: 2}]}\n"
        "      fast: {cpus: 0, program: [run: 4ms, fork: {group: kid, count: 2}]}\n"
        "      kid: {count: 0, program: [run: {uniform: [1ms, 9ms]}, fork: grandchild]}\n"
        "      grandchild: {count: 0, program: [run: {uniform: [1ms, 9ms]}, fork: great]}\n"
        "      great: {count: 0, program: [run: {uniform: [1ms, 9ms]}, fork: great-grandkid]}\n"
        "      great-grandkid: {count: 0, program: [fork: {group: great-great-kid, count: 2}]}\n"
        "      great-great-kid: {count: 0, program: [run: {uniform: [1ms, 9ms]}, fork: last]}\n"
        "      last: {count: 0, program: [run: {uniform: [1ms, 9ms]}]}\n";
    static const char *const names[] = {"p/slow#0>kid#0",
                                        "p/slow#0>kid#1",
                                        "p/fast#0>kid#0",
                                        "p/fast#0>kid#1",
                                        "p/slow#0>kid#1>grandchild#0",
                                        "p/fast#0>kid#1>grandchild#0>great#0"};
    struct compared c = compare("teach-uma-4", workload, "linux-6.12", "fifo+none", NSEC_PER_SEC);
    int64_t other_ns = -1;
    int32_t nr_far = 0;

    assert_adds_up(c.diff);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct diff_task *t = task(c.diff, names[i]);

        g_assert_cmpint(t->kinds[0][ACCOUNT_FULL], ==, t->kinds[1][ACCOUNT_FULL]);
        g_assert_cmpint(t->kinds[0][ACCOUNT_FULL], !=, other_ns);
        other_ns = t->kinds[0][ACCOUNT_FULL];
    }
    g_assert_cmpuint(c.diff->only[0]->len + c.diff->only[1]->len, ==, 0);
    for (guint i = 0; i < c.diff->tasks->len; i++) {
        const struct diff_task *t = &g_array_index(c.diff->tasks, struct diff_task, i);

        nr_far += g_str_has_prefix(t->name, "~") && g_str_has_suffix(t->name, ">last#0");
        g_assert_cmpint(t->kinds[0][ACCOUNT_FULL], ==, t->kinds[1][ACCOUNT_FULL]);
    }
    g_assert_cmpint(nr_far, ==, 8);
    release(&c);
}

/*
 * Eight threads on four CPUs sleep once as they begin, and then no more: under fifo half of them wait for ever,
 * of which nothing is to be seen at that sleep. One that goes on sleeping is compared where it last did, and so
 * is one that does not wake again: it did no work since.
 */
static void test_late(void)
{
    static const char workload[] =
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
        "      spin: {count: 8, program: [run: 1us, sleep: 1ms, forever: [run: 1ms]]}\n"
        "      often: {cpus: 0, program: [forever: [run: 10us, sleep: 1ms]]}\n"
        "      once: {cpus: 1, program: [run: 10us, sleep: 10s]}\n";
    struct compared c =
        compare("teach-uma-4", workload, "linux-6.12", "fifo-none", 200 * NSEC_PER_MSEC);
    int64_t change_ns = 0;

    assert_adds_up(c.diff);
    for (guint i = 0; i < c.diff->tasks->len; i++) {
        const struct diff_task *t = &g_array_index(c.diff->tasks, struct diff_task, i);

        if (g_str_has_prefix(t->name, "p/spin#")) {
            g_assert_cmpint(t->position, ==, DIFF_END);
            g_assert_cmpint(t->time_ns[0], ==, t->time_ns[1]);
            change_ns += ABS(t->kinds[1][ACCOUNT_WAITING] - t->kinds[0][ACCOUNT_WAITING]);
        }
    }
    g_assert_cmpint(change_ns, >, 100 * NSEC_PER_MSEC);
    g_assert_cmpint(task(c.diff, "p/once#0")->position, ==, 1);
    release(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diff/same", test_same);
    g_test_add_func("/diff/parting", test_parting);
    g_test_add_func("/diff/later", test_later);
    g_test_add_func("/diff/adds-up", test_adds_up);
    g_test_add_func("/diff/forked", test_forked);
    g_test_add_func("/diff/late", test_late);
    return g_test_run();
}
