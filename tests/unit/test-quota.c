/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.max by hand and by its exact bound. No queue has more than a slice in hand, and none overruns
 * what it has by more than a tick (and the time of a pick), so in any n periods a cgroup uses at most
 * n quotas, what was saved up, and a slice and a tick for each CPU.
 */
#include "event-log.h"
#include "kernel-invariants.h"

#include <string.h>

#include "base/digest.h"
#include "base/time.h"
#include "kernel/internal.h"

#define MS   NSEC_PER_MSEC
#define TICK (4 * MS)

static struct engine *start(const char *workload, uint64_t seed, enum host_param param,
                            int64_t value)
{
    struct policy_stack *stack = fixture_stack("linux-6.12");
    g_autofree char *text = g_strdup_printf("numasim: workload/1\nduration: 60s\n%s", workload);

    stack->host->params[param] = value;
    struct kernel_config config = {.seed = seed, .task_stats = true};

    return engine_new_stack("teach-uma-4", text, stack, &config);
}

static struct engine *start_plain(const char *workload, uint64_t seed)
{
    return start(workload, seed, HOST_CFS_BANDWIDTH_SLICE, 5 * MS);
}

/* As 6.18 throttles. */
static struct engine *start_tasks(const char *workload, uint64_t seed)
{
    return start(workload, seed, HOST_CFS_THROTTLE_TASKS, 1);
}

static struct kernel_cgroup *cgroup_named(const struct engine *e, const char *name)
{
    for (int32_t i = 1; i < e->kernel->nr_cgroups; i++) {
        if (strcmp(e->kernel->cgroups[i]->name, name) == 0) {
            return e->kernel->cgroups[i];
        }
    }
    g_assert_not_reached();
}

/* CPU time of the tasks of @cg and of the cgroups below it. */
static int64_t used_ns(const struct engine *e, const struct kernel_cgroup *cg)
{
    int64_t sum_ns = 0;

    for (int32_t i = 0; i < kernel_nr_tasks(e->kernel); i++) {
        const struct task *t = kernel_task(e->kernel, i);
        int32_t id = t->cgroup;

        while (id > 0 && id != cg->id) {
            id = e->kernel->cgroups[id]->parent;
        }
        sum_ns += id == cg->id ? kernel_task_cpu_ns(e->kernel, t) : 0;
    }
    return sum_ns;
}

/* ------------------------------------------------------------------------------------------- */
/* The bound                                                                                    */

#define CROWD                                                                                      \
    "processes:\n  p:\n    cgroup: inner\n    threads:\n"                                          \
    "      hog: {count: 3, program: [forever: [run: 1ms]]}\n"                                      \
    "      nap: {count: 9, program: [forever: [run: {exponential: 700us}, sleep: {exponential: "   \
    "5ms}]]}\n"                                                                                    \
    "  q:\n    cgroup: outer\n    threads:\n"                                                      \
    "      rest: {count: 2, program: [forever: [run: {exponential: 30ms}, sleep: {exponential: "   \
    "150ms}]]}\n"

struct bound_case {
    const char *name, *cgroups;
    int64_t outer_ns, inner_ns, outer_period_ns, inner_period_ns, inner_burst_ns;
};

static const struct bound_case bound_cases[] = {
    {"one", "  outer: {}\n  inner: {parent: outer, quota: 60ms, period: 50ms}\n", 0, 60, 0, 50, 0},
    {"small", "  outer: {}\n  inner: {parent: outer, quota: 3ms, period: 20ms}\n", 0, 3, 0, 20, 0},
    {"burst", "  outer: {}\n  inner: {parent: outer, quota: 40ms, period: 30ms, burst: 35ms}\n", 0,
     40, 0, 30, 35},
    {"nested",
     "  outer: {quota: 70ms, period: 70ms}\n"
     "  inner: {parent: outer, quota: 50ms, period: 40ms}\n",
     70, 50, 70, 40, 0},
    {"nested-tight",
     "  outer: {quota: 20ms, period: 100ms}\n"
     "  inner: {parent: outer, quota: 90ms, period: 100ms}\n",
     20, 90, 100, 100, 0},
};

enum { MAX_SAMPLES = 4096 };

static void check_bound(const int64_t *used, int nr, int64_t quota_ns, int64_t burst_ns)
{
    const int64_t carried_ns = 4 * (5 * MS + TICK + 100 * NSEC_PER_USEC);

    for (int i = 0; quota_ns > 0 && i < nr; i++) {
        for (int j = i + 1; j < nr; j++) {
            /* A window that lies anyhow meets one refill more than it has periods. */
            g_assert_cmpint(used[j] - used[i], <=, quota_ns * (j - i + 1) + burst_ns + carried_ns);
        }
    }
    /* From the very start the first refill is the pool's first filling. */
    for (int j = 1; quota_ns > 0 && j < nr; j++) {
        g_assert_cmpint(used[j] - used[0], <=, quota_ns * (j + 1) + carried_ns);
    }
}

/* With hogs that always want more, no period's quota is lost either: all is used but what is at
 * present in pool and queues. */
static void test_bound(gconstpointer data)
{
    const struct bound_case *c = data;
    g_autofree char *text = g_strdup_printf("cgroups:\n%s%s", c->cgroups, CROWD);

    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct engine *e = seed <= 3 ? start_plain(text, seed) : start_tasks(text, seed);
        const struct kernel_cgroup *inner = cgroup_named(e, "inner");
        const struct kernel_cgroup *outer = cgroup_named(e, "outer");
        int64_t used_inner[MAX_SAMPLES], used_outer[MAX_SAMPLES];
        int64_t step_ns = c->inner_period_ns * MS;
        int nr = (int)(4000 * MS / step_ns);

        for (int i = 0; i < nr; i++) {
            engine_run(e, i * step_ns);
            used_inner[i] = used_ns(e, inner);
        }
        kernel_check(e->kernel);
        check_bound(used_inner, nr, c->inner_ns * MS, c->inner_burst_ns * MS);
        if (c->outer_ns == 0) {
            int64_t due_ns = c->inner_ns * MS * (nr - 2);

            g_assert_cmpint(used_inner[nr - 1], >=, MIN(due_ns, 3 * 3900 * MS) - 20 * MS);
        } else {
            for (int i = 0; i < 20; i++) {
                engine_run(e, 4000 * MS + i * c->outer_period_ns * MS);
                used_outer[i] = used_ns(e, outer);
            }
            check_bound(used_outer, 20, c->outer_ns * MS, 0);
        }
        engine_free(e);
    }
}

/* What was taken is somewhere: used, in the pool, or in a queue, or lost where the pool was full. */
static void test_conservation(void)
{
    struct engine *e = start_plain("cgroups:\n  outer: {}\n"
                                   "  inner: {parent: outer, quota: 25ms, period: 20ms}\n" CROWD,
                                   7);
    const struct kernel_cgroup *cg = cgroup_named(e, "inner");

    for (int64_t at_ns = 0; at_ns < 3000 * MS; at_ns += 777777) {
        engine_run(e, at_ns);
        int64_t sum_ns = used_ns(e, cg) + cg->pool_ns;

        for (int32_t cpu = 0; cpu < 4; cpu++) {
            const struct fair_queue *q = cg->queues[cpu];
            const struct task *curr = e->kernel->rqs[cpu]->curr;

            sum_ns += q != NULL ? q->runtime_left_ns : 0;
            if (curr != NULL && curr->cgroup == cg->id) {
                /* Not yet accounted. */
                sum_ns -= kernel_now_ns(e->kernel) - curr->pub.exec_start_ns;
            }
        }
        g_assert_cmpint(sum_ns, <=, cg->quota_ns * (int64_t)(cg->nr_refills + 1));
    }
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* By hand                                                                                      */

#define ONE_HOG                                                                                    \
    "processes:\n  p:\n    cgroup: g\n    threads:\n"                                              \
    "      hog: {cpus: 0, program: [forever: [run: 1ms]]}\n"

/* A hog on an idle CPU gets quota/period: over 20 periods within a slice and a tick. */
static void test_share(void)
{
    struct engine *e = start_plain("cgroups: {g: {quota: 20ms, period: 100ms}}\n" ONE_HOG, 1);
    int64_t before_ns;

    engine_run(e, 1000 * MS);
    before_ns = used_ns(e, cgroup_named(e, "g"));
    engine_run(e, 3000 * MS);
    g_assert_cmpint(used_ns(e, cgroup_named(e, "g")) - before_ns, >=, 400 * MS - TICK);
    g_assert_cmpint(used_ns(e, cgroup_named(e, "g")) - before_ns, <=, 400 * MS + TICK);
    engine_free(e);
}

/* Nobody runs from 300 ms on: one period finds the pool untouched, and the timer stops. */
static void test_timer_stops(void)
{
    struct engine *e = start_plain("cgroups: {g: {quota: 20ms, period: 50ms}}\nprocesses:\n  p:\n"
                                   "    cgroup: g\n    threads:\n"
                                   "      a: {cpus: 0, program: [loop: {count: 30, do: [run: 1ms, "
                                   "sleep: 9ms]}, sleep: 20s, run: 5ms, sleep: 1s]}\n",
                                   1);
    g_autoptr(GArray) log = event_log_new(e);
    int nr;

    engine_run(e, 500 * MS);
    nr = event_log_count(log, TP_CGROUP_PERIOD, -1);
    g_assert_cmpint(nr, >=, 6);
    g_assert_cmpint(nr, <=, 8);
    engine_run(e, 20000 * MS);
    g_assert_cmpint(event_log_count(log, TP_CGROUP_PERIOD, -1), ==, nr);
    g_assert_cmpint(event_log_count(log, TP_CGROUP_THROTTLE, -1), ==, 0);
    engine_run(e, 21000 * MS);
    g_assert_cmpint(event_log_count(log, TP_CGROUP_PERIOD, -1), >, nr);
    engine_free(e);
}

/* After a long rest a hog with a burst of 30 ms gets quota and burst at once: 50 ms in a row, where
 * without it would be 20. It wakes in the middle of a period whose pool is full. */
static void test_burst(void)
{
    static const struct {
        const char *burst;
        int64_t most_ns, least_ns;
    } cases[] = {{"", 40, 20}, {", burst: 20ms", 60, 40}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "cgroups: {g: {quota: 20ms, period: 100ms%s}}\nprocesses:\n  p:\n    cgroup: g\n"
            "    threads:\n      a: {cpus: 0, program: [run: 1ms, sleep: 95ms, run: 1ms, sleep: "
            "95ms, run: 1ms, sleep: 95ms, forever: [run: 1ms]]}\n",
            cases[i].burst);
        struct engine *e = start_plain(text, 3);
        int64_t before_ns;

        engine_run(e, 280 * MS);
        before_ns = used_ns(e, cgroup_named(e, "g"));
        engine_run(e, 390 * MS);
        /* A hundred ms hold one refill, or two. */
        int64_t used = used_ns(e, cgroup_named(e, "g")) - before_ns;

        g_assert_cmpint(used, >=, cases[i].least_ns * MS - TICK);
        g_assert_cmpint(used, <=, cases[i].most_ns * MS + TICK);
        engine_free(e);
    }
}

/*
 * Who is throttled first gets time first. Quota 2 ms in 100: one queue's overrun uses up more than
 * one period's; the order in which queues are let go is that in which they were throttled.
 */
static void test_first_come(void)
{
    struct engine *e =
        start_plain("cgroups: {g: {quota: 2ms, period: 100ms}}\nprocesses:\n  p:\n    cgroup: g\n"
                    "    threads:\n      hog: {count: 4, cpus: 0-3, spread: true, program: "
                    "[forever: [run: 1ms]]}\n",
                    1);
    g_autoptr(GArray) log = event_log_new(e);
    g_autofree int32_t *line = g_new(int32_t, 100000);
    int head = 0, tail = 0;

    engine_run(e, 10000 * MS);
    for (int n = 0;; n++) {
        const struct tp_event *event = event_log_find(log, TP_CGROUP_THROTTLE, -1, n);

        if (event == NULL) {
            break;
        }
        if (event->a != 0) {
            line[tail++] = event->cpu;
        } else {
            g_assert_cmpint(head, <, tail);
            g_assert_cmpint(event->cpu, ==, line[head++]);
        }
    }
    g_assert_cmpint(head, >, 30);
    engine_free(e);
}

/*
 * Three naps take 5 ms each of 15, so that the hog, which starts 10 us later, is throttled at once. The
 * naps sleep after 100 us and give 4 ms back each. With the second of them there is more than a
 * slice: 5 ms later, and not at the next period, the hog runs.
 */
static void test_slack(void)
{
    struct engine *e =
        start_plain("cgroups: {g: {quota: 15ms, period: 1s}}\nprocesses:\n  p:\n    cgroup: g\n"
                    "    threads:\n"
                    "      nap: {count: 3, cpus: 1-3, spread: true, program: [run: 100us, sleep: "
                    "30s]}\n"
                    "      hog: {cpus: 0, start: 10us, program: [forever: [run: 1ms]]}\n",
                    1);
    g_autoptr(GArray) log = event_log_new(e);
    int64_t refill_ns = cgroup_named(e, "g")->period.time_ns;

    g_assert_cmpint(refill_ns, >, 20 * MS);
    engine_run(e, 20 * MS);
    const struct tp_event *on = event_log_find(log, TP_CGROUP_THROTTLE, -1, 0);
    const struct tp_event *off = event_log_find(log, TP_CGROUP_THROTTLE, -1, 1);

    g_assert_cmpint(on->cpu, ==, 0);
    g_assert_cmpint(on->time_ns, <=, 20 * NSEC_PER_USEC);
    g_assert_cmpint(off->a, ==, 0);
    g_assert_cmpint(off->time_ns, >=, 5 * MS + 100 * NSEC_PER_USEC);
    g_assert_cmpint(off->time_ns, <=, 5 * MS + 120 * NSEC_PER_USEC);
    kernel_check(e->kernel);
    engine_free(e);
}

/* With slices that expire, three CPUs' naps of 1 us leave a hog far less than its quota of 6 ms. */
static void test_expiry(void)
{
    const char *text =
        "cgroups: {g: {quota: 6ms, period: 100ms}}\nprocesses:\n  p:\n    cgroup: g\n"
        "    threads:\n"
        "      nap: {count: 3, cpus: 1-3, spread: true, program: [forever: [run: "
        "1us, sleep: 10ms]]}\n"
        "      hog: {cpus: 0, start: 1ms, program: [forever: [run: 1ms]]}\n";
    int64_t hog_ns[2];

    for (int expiry = 0; expiry < 2; expiry++) {
        struct engine *e = start(text, 1, HOST_CFS_SLICE_EXPIRY, expiry);

        engine_run(e, 5000 * MS);
        hog_ns[expiry] = kernel_task_cpu_ns(e->kernel, engine_task(e, "hog", 0));
        g_assert_cmpint(used_ns(e, cgroup_named(e, "g")), <=, 51 * 6 * MS + 4 * TICK);
        engine_free(e);
    }
    /* A nap uses 2 us of a millisecond that it keeps; at the end of each period the rest is lost. */
    g_assert_cmpint(hog_ns[0], >=, 50 * 6 * MS - 3 * 5 * MS - TICK);
    g_assert_cmpint(hog_ns[1], <=, 51 * 6 * MS - 48 * 3 * 9 * MS / 10 + TICK);
}

/* A larger slice lets a queue take more at once: with 50 ms one CPU of two gets the whole quota. */
static void test_slice(void)
{
    struct engine *e = start("cgroups: {g: {quota: 20ms, period: 100ms}}\n" ONE_HOG, 1,
                             HOST_CFS_BANDWIDTH_SLICE, 50 * MS);

    engine_run(e, 1 * MS);
    engine_run(e, 5 * MS);
    g_assert_cmpint(cgroup_named(e, "g")->pool_ns, ==, 0);
    engine_free(e);
}

/* A live change lets all run again; without a quota for good. */
static void test_change(void)
{
    struct engine *e = start_plain("cgroups: {g: {quota: 5ms, period: 1s}}\n" ONE_HOG, 1);
    struct kernel_cgroup *cg = cgroup_named(e, "g");
    int64_t before_ns;

    engine_run(e, 100 * MS);
    before_ns = used_ns(e, cg);
    g_assert_true(cg->queues[0]->throttled);
    kernel_cgroup_set_bandwidth(e->kernel, cg->id, 0, 0, 0);
    engine_run(e, 200 * MS);
    g_assert_cmpint(used_ns(e, cg) - before_ns, >=, 99 * MS);
    kernel_cgroup_set_bandwidth(e->kernel, cg->id, 10 * MS, 100 * MS, 0);
    before_ns = used_ns(e, cg);
    engine_run(e, 1200 * MS);
    g_assert_cmpint(used_ns(e, cg) - before_ns, <=, 11 * 10 * MS + TICK);
    kernel_check(e->kernel);
    engine_free(e);
}

/*
 * By the workload: none until 100 ms, then 10 ms of each 50 ms, which begin with a full pool, then none
 * again. A tick and a slice are what a queue may be over or short.
 */
static void test_admin(void)
{
    struct engine *e =
        start_plain("cgroups: {g: {}}\n"
                    "admin:\n"
                    "  - {at: 100ms, quota: {cgroup: g, quota: 10ms, period: 50ms}}\n"
                    "  - {at: 1100ms, quota: {cgroup: g, quota: max}}\n" ONE_HOG,
                    1);
    const struct kernel_cgroup *cg = cgroup_named(e, "g");
    int64_t at_100_ns, at_1100_ns;

    engine_run(e, 100 * MS);
    at_100_ns = used_ns(e, cg);
    g_assert_cmpint(at_100_ns, >=, 99 * MS);
    g_assert_cmpint(cg->quota_ns, ==, 10 * MS);
    engine_run(e, 1100 * MS);
    at_1100_ns = used_ns(e, cg);
    g_assert_cmpint(at_1100_ns - at_100_ns, >=, 20 * 10 * MS - TICK);
    g_assert_cmpint(at_1100_ns - at_100_ns, <=, 21 * 10 * MS + TICK);
    g_assert_cmpint(cg->quota_ns, ==, 0);
    engine_run(e, 1200 * MS);
    g_assert_cmpint(used_ns(e, cg) - at_1100_ns, >=, 99 * MS);
    kernel_check(e->kernel);
    engine_free(e);
}

/*
 * 6.18: what is picked is taken off, one by one; who sleeps sleeps, and is taken off when it wakes. All
 * run again when the period begins. The affinity of one that is held can change: it then waits there.
 */
static void test_tasks(void)
{
    struct engine *e =
        start_tasks("cgroups: {g: {quota: 10ms, period: 1s}}\n"
                    "processes:\n  p:\n    cgroup: g\n    threads:\n"
                    "      hog: {count: 2, cpus: 0, program: [forever: [run: 1ms]]}\n"
                    "      nap: {cpus: 0, program: [sleep: 150ms, run: 9s]}\n",
                    1);
    const struct kernel_cgroup *cg = cgroup_named(e, "g");
    const struct rq *rq = e->kernel->rqs[0];
    struct task *nap = engine_task(e, "nap", 0), *hog = engine_task(e, "hog", 0);
    uint64_t second = 2;

    engine_run(e, 100 * MS);
    g_assert_true(cg->queues[0]->spent);
    g_assert_false(cg->queues[0]->throttled);
    g_assert_true(task_held(hog));
    g_assert_true(task_held(engine_task(e, "hog", 1)));
    g_assert_cmpint(nap->pub.task_state, ==, NUMASIM_TASK_BLOCKED);
    g_assert_cmpuint(rq->pub.nr_running, ==, 0);
    g_assert_cmpuint(cg->queues[0]->pub.nr_queued, ==, 0);
    engine_run(e, 200 * MS);
    g_assert_true(task_held(nap));
    g_assert_cmpint(used_ns(e, cg), <=, 10 * MS + TICK);
    kernel_task_set_cpus(e->kernel, hog, &second);
    g_assert_cmpint(hog->pub.cpu, ==, 1);
    engine_run(e, 210 * MS);
    g_assert_true(task_held(hog)); /* the pool is empty there, too */
    kernel_check(e->kernel);
    int64_t held_from_ns = hog->runnable_since_ns;

    g_assert_cmpint(held_from_ns, <, 210 * MS);
    kernel_cgroup_set_bandwidth(e->kernel, cg->id, 0, 0, 0);
    g_assert_false(task_held(hog));
    engine_run(e, 300 * MS);
    g_assert_cmpint(used_ns(e, cg), >=, 10 * MS + 2 * 89 * MS);
    kernel_check(e->kernel);
    engine_free(e);
}

/* 6.18: one that is about to sleep is in the kernel, and does so, out of runtime or not. */
static void test_tasks_in_kernel(void)
{
    struct engine *e =
        start_tasks("cgroups: {g: {quota: 5ms, period: 1s}}\n"
                    "processes:\n  p:\n    cgroup: g\n    threads:\n"
                    "      a: {cpus: 0, program: [forever: [run: 2ms, sleep: 3ms]]}\n",
                    1);
    struct task *a = engine_task(e, "a", 0);

    engine_run(e, 500 * MS);
    g_assert_true(task_held(a));
    g_assert_cmpint(used_ns(e, cgroup_named(e, "g")), <=, 5 * MS + TICK);
    g_assert_cmpuint(a->stats->nr_involuntary, ==, 1);
    g_assert_cmpuint(a->stats->nr_wakeups, ==, a->stats->nr_voluntary);
    engine_free(e);
}

/* Skipped ticks and the order of acting do not change what a quota does. */
static void test_all_ticks(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        char *digest[2];

        for (int all = 0; all < 2; all++) {
            struct engine *e = engine_new(
                "teach-uma-4",
                "numasim: workload/1\nduration: 60s\n"
                "cgroups:\n  outer: {quota: 70ms, period: 70ms}\n"
                "  inner: {parent: outer, quota: 50ms, period: 40ms, burst: 30ms}\n" CROWD,
                "linux-6.12", &(struct kernel_config){.seed = seed, .all_ticks = all != 0});

            digest[all] = engine_run_digest(e, 1000 * MS);
        }
        g_assert_cmpstr(digest[0], ==, digest[1]);
        g_free(digest[0]);
        g_free(digest[1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(bound_cases); i++) {
        g_autofree char *path = g_strdup_printf("/quota/bound/%s", bound_cases[i].name);

        g_test_add_data_func(path, &bound_cases[i], test_bound);
    }
    g_test_add_func("/quota/conservation", test_conservation);
    g_test_add_func("/quota/share", test_share);
    g_test_add_func("/quota/timer-stops", test_timer_stops);
    g_test_add_func("/quota/burst", test_burst);
    g_test_add_func("/quota/first-come", test_first_come);
    g_test_add_func("/quota/slack", test_slack);
    g_test_add_func("/quota/expiry", test_expiry);
    g_test_add_func("/quota/slice", test_slice);
    g_test_add_func("/quota/change", test_change);
    g_test_add_func("/quota/admin", test_admin);
    g_test_add_func("/quota/tasks", test_tasks);
    g_test_add_func("/quota/tasks-in-kernel", test_tasks_in_kernel);
    g_test_add_func("/quota/all-ticks", test_all_ticks);
    return g_test_run();
}
