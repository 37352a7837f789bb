/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each task's time went: by hand, and that it adds up, without gaps, in whole runs. */
#include <string.h>

#include "engine-fixture.h"
#include "torture.h"

#include "base/time.h"
#include "observe/account.h"
#include "observe/simulate.h"

/* ------------------------------------------------------------------------------------------- */
/* By hand                                                                                      */

enum { NR_CPUS = 2 };

struct fixture {
    struct account *account;
    GArray *spans; /* struct account_span */
};

static void keep(const struct account_span *s, void *data)
{
    g_array_append_val((GArray *)data, *s);
}

/* Task 2 is in cgroup 5, which is in 1. */
static int32_t cgroups_of(int32_t id, int32_t *ret, int32_t max, void *data)
{
    (void)data;
    g_assert_cmpint(max, >=, 2);
    ret[0] = 5;
    ret[1] = 1;
    return id == 2 ? 2 : 0;
}

static void set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    f->spans = g_array_new(FALSE, FALSE, sizeof(struct account_span));
    f->account = account_new(&(struct account_config){
        .nr_cpus = NR_CPUS, .cgroups = cgroups_of, .span = keep, .data = f->spans});
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    account_free(f->account);
    g_array_free(f->spans, TRUE);
}

static void feed(struct fixture *f, int64_t time_ns, enum tracepoint type, int32_t task,
                 int32_t cpu, int32_t other, int64_t a, int64_t b, int64_t c)
{
    account_event(&(struct tp_event){time_ns, type, cpu, task, other, a, b, c}, f->account);
}

static void assert_span(const struct fixture *f, guint index, int32_t task,
                        enum account_state state, int32_t cpu, int32_t by, int64_t from_ns,
                        int64_t to_ns)
{
    const struct account_span *s = &g_array_index(f->spans, struct account_span, index);

    g_assert_cmpuint(index, <, f->spans->len);
    g_assert_cmpint(s->task, ==, task);
    g_assert_cmpint(s->state, ==, state);
    g_assert_cmpint(s->cpu, ==, cpu);
    g_assert_cmpint(s->by, ==, by);
    g_assert_cmpint(s->from_ns, ==, from_ns);
    g_assert_cmpint(s->to_ns, ==, to_ns);
}

/*
 * Task 0 begins at 100 and runs from 110 on, 30 ns of its 190 in the kernel and the rest twice as slow
 * by its sibling; it sleeps until task 1 wakes it at 400 for CPU 1, where it arrives at 420, waits for
 * task 1, and exits.
 */
static void test_life(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 0, TP_SCHED_PROCESS_FORK, 0, 0, -1, 0, 0, 0);
    feed(f, 100, TP_SCHED_WAKEUP_NEW, 0, 0, -1, 0, 0, 0);
    feed(f, 110, TP_SCHED_SWITCH, 0, 0, -1, LEAVE_IDLE, 0, 110);
    feed(f, 110, TP_SCHED_RATE, 0, 0, -1, 1000, 1000, 0);
    feed(f, 300, TP_SCHED_SWITCH, -1, 0, 0, LEAVE_BLOCKED, 30, 190);
    feed(f, 350, TP_SCHED_WAKEUP_NEW, 1, 1, -1, 0, 0, 0);
    feed(f, 350, TP_SCHED_SWITCH, 1, 1, -1, LEAVE_IDLE, 0, 350);
    feed(f, 400, TP_SCHED_WAKING, 0, 1, 1, 0, 1, 0);
    feed(f, 420, TP_SCHED_WAKEUP, 0, 1, -1, 0, 0, 0);
    feed(f, 500, TP_SCHED_SWITCH, 0, 1, 1, LEAVE_PREEMPTED, 0, 150);
    feed(f, 520, TP_SCHED_SWITCH, 1, 1, 0, LEAVE_EXITED, 5, 20);
    account_cut(f->account, 600, (struct cpu_times[NR_CPUS]){{0}, {.busy_ns = 245}});

    assert_span(f, 0, 0, ACCOUNT_IS_UNBORN, -1, -1, 0, 100);
    assert_span(f, 1, 0, ACCOUNT_IS_WAITING, 0, -1, 100, 110);
    assert_span(f, 2, 0, ACCOUNT_IS_RUNNING, 0, -1, 110, 300);
    assert_span(f, 3, 1, ACCOUNT_IS_UNBORN, -1, -1, 0, 350);
    assert_span(f, 4, 0, ACCOUNT_IS_BLOCKED, 0, 1, 300, 400);
    assert_span(f, 5, 0, ACCOUNT_IS_COMING, 1, -1, 400, 420);
    assert_span(f, 6, 1, ACCOUNT_IS_RUNNING, 1, -1, 350, 500);
    assert_span(f, 7, 0, ACCOUNT_IS_WAITING, 1, 1, 420, 500);
    assert_span(f, 8, 0, ACCOUNT_IS_RUNNING, 1, -1, 500, 520);
    assert_span(f, 9, 1, ACCOUNT_IS_WAITING, 1, 0, 500, 520);
    assert_span(f, 10, 1, ACCOUNT_IS_RUNNING, 1, -1, 520, 600);
    g_assert_cmpuint(f->spans->len, ==, 11);

    static const int64_t wanted[2][NR_ACCOUNT_KINDS] = {
        {[ACCOUNT_FULL] = 80 + 7,
         [ACCOUNT_SMT] = 80 + 8,
         [ACCOUNT_KERNEL] = 30 + 5,
         [ACCOUNT_WAITING] = 10 + 80,
         [ACCOUNT_COMING] = 20,
         [ACCOUNT_BLOCKED] = 100,
         [ACCOUNT_UNBORN] = 100},
        {[ACCOUNT_FULL] = 150 + 80, [ACCOUNT_WAITING] = 20, [ACCOUNT_UNBORN] = 350},
    };

    for (int32_t task = 0; task < 2; task++) {
        for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
            g_assert_cmpint(account_kinds(f->account, task)[kind], ==, wanted[task][kind]);
        }
    }
    g_assert_cmpint(account_end_ns(f->account, 0), ==, 520);
    g_assert_cmpint(account_end_ns(f->account, 1), ==, -1);
}

/* A quota of the cgroup above holds task 2 from 30 to 60, and on CPU 1, where it moves, until 90. */
static void test_throttled(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 0, TP_SCHED_WAKEUP_NEW, 2, 0, -1, 0, 0, 0);
    feed(f, 0, TP_SCHED_WAKEUP_NEW, 0, 0, -1, 0, 0, 0);
    feed(f, 30, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    feed(f, 60, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    feed(f, 70, TP_CGROUP_THROTTLE, 5, 1, -1, 1, 0, 0);
    feed(f, 80, TP_SCHED_MIGRATE_TASK, 2, 0, 1, MIGRATE_BALANCE, 0, 0);
    feed(f, 90, TP_CGROUP_THROTTLE, 5, 1, -1, 0, 0, 0);
    feed(f, 100, TP_SCHED_SWITCH, 2, 1, -1, LEAVE_IDLE, 0, 100);
    account_cut(f->account, 100, (struct cpu_times[NR_CPUS]){{0}});

    g_assert_cmpint(account_kinds(f->account, 2)[ACCOUNT_THROTTLED], ==, 30 + 10);
    g_assert_cmpint(account_kinds(f->account, 2)[ACCOUNT_WAITING], ==, 30 + 20 + 10);
    g_assert_cmpint(account_kinds(f->account, 0)[ACCOUNT_WAITING], ==, 100);
}

/* ------------------------------------------------------------------------------------------- */
/* Whole runs                                                                                   */

struct whole {
    struct account *account;
    GArray *until; /* int64_t by task: where its last span ended */
    int64_t now_ns;
};

static void check_span(const struct account_span *s, void *data)
{
    struct whole *w = data;
    int64_t sum_ns = 0;

    if ((guint)s->task >= w->until->len) {
        g_array_set_size(w->until, (guint)s->task + 1);
    }
    g_assert_cmpint(g_array_index(w->until, int64_t, s->task), ==, s->from_ns);
    g_array_index(w->until, int64_t, s->task) = s->to_ns;
    g_assert_cmpint(s->to_ns, >, s->from_ns);
    for (int i = 0; i < NR_ACCOUNT_KINDS; i++) {
        g_assert_cmpint(s->kinds[i], >=, 0);
        sum_ns += s->kinds[i];
    }
    g_assert_cmpint(sum_ns, ==, s->to_ns - s->from_ns);
}

static void attach(struct kernel *k, void *data)
{
    struct whole *w = data;

    w->account = account_new(&(struct account_config){
        .nr_cpus = kernel_machine(k)->nr_cpus, .span = check_span, .data = w});
    kernel_listen(k, account_mask(), account_event, w->account);
}

static void finished(const struct kernel *k, void *data)
{
    struct whole *w = data;
    g_autofree struct cpu_times *times = g_new(struct cpu_times, (gsize)kernel_machine(k)->nr_cpus);

    for (int32_t cpu = 0; cpu < kernel_machine(k)->nr_cpus; cpu++) {
        times[cpu] = kernel_cpu_times(k, cpu);
    }
    w->now_ns = kernel_now_ns(k);
    account_cut(w->account, w->now_ns, times);
}

static void assert_adds_up(const char *topology, const char *workload, const char *policies)
{
    struct engine *e = engine_new(topology, workload, policies, &(struct kernel_config){.seed = 1});
    const struct workload *workloads[] = {e->workload};
    struct simulate_options options = simulate_options_default();
    struct whole w = {NULL, g_array_new(FALSE, TRUE, sizeof(int64_t)), 0};
    GError *error = NULL;

    options.duration_ns = 300 * NSEC_PER_MSEC;
    options.warmup_ns = 0;
    options.attach = attach;
    options.finished = finished;
    options.data = &w;
    result_free(simulate(e->machine, e->domains, workloads, 1, e->stack, &options, NULL, &error));

    g_assert_no_error(error);
    g_assert_cmpint(account_nr_tasks(w.account), >, 0);
    for (int32_t task = 0; task < account_nr_tasks(w.account); task++) {
        int64_t end_ns = account_end_ns(w.account, task), sum_ns = 0;

        for (int i = 0; i < NR_ACCOUNT_KINDS; i++) {
            sum_ns += account_kinds(w.account, task)[i];
        }
        g_assert_cmpint(sum_ns, ==, end_ns >= 0 ? end_ns : w.now_ns);
    }
    account_free(w.account);
    g_array_free(w.until, TRUE);
    engine_free(e);
}

static void test_adds_up(void)
{
    assert_adds_up("teach-numa-2x4", "numa-process", "linux-6.12");
    assert_adds_up("teach-numa-2x4", torture_steps, "linux-6.12");
    assert_adds_up("teach-uma-4", torture_steps, "linux-6.1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/account/life", struct fixture, NULL, set_up, test_life, tear_down);
    g_test_add("/account/throttled", struct fixture, NULL, set_up, test_throttled, tear_down);
    g_test_add_func("/account/adds-up", test_adds_up);
    return g_test_run();
}
