/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay of tiny traces on machines of one and of four CPUs where nothing but the recorded bursts
 * takes time: causes come before effects, the k-th block ends with the k-th wake, and queueing is
 * what differs between the machines.
 */
#include "event-log.h"
#include "kernel-invariants.h"

#include <string.h>

#include "base/time.h"
#include "format/machine/topology-yaml.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* As TRACE_STEP(), but a constant. */
#define OP(op, arg)                                                                                \
    {                                                                                              \
        ((uint64_t)(arg) << 4) | (uint64_t)(op)                                                    \
    }
#define RUN(us)   OP(TRACE_RUN, (us)*US)
#define WAKE(t)   OP(TRACE_WAKE, t)
#define SYNC(t)   OP(TRACE_WAKE_SYNC, t)
#define BLOCK     OP(TRACE_BLOCK, 0)
#define UNTIL(us) OP(TRACE_BLOCK_UNTIL, (us)*US)
#define SLEEP(us) OP(TRACE_SLEEP, (us)*US)
#define FORK(t)   OP(TRACE_FORK, t)
#define EXIT      OP(TRACE_EXIT, 0)

enum { MAX_STEPS = 12, MAX_TASKS = 5 };

/* Steps end at the first that is 0: a run of no time. */
struct recorded {
    const char *comm;
    int32_t parent;
    bool sleeps; /* before its first step */
    int32_t prio;
    struct trace_step steps[MAX_STEPS];
};

static struct workload *workload_of(const struct recorded *tasks)
{
    struct workload *w = g_new0(struct workload, 1);
    struct workload_trace *trace = g_new0(struct workload_trace, 1);

    w->name = g_strdup("recorded");
    w->replicas = 1;
    w->duration_ns = 10 * MS;
    w->trace = trace;
    trace->span_ns = 10 * MS;
    trace->tasks = g_new0(struct trace_task, MAX_TASKS);
    for (; tasks[trace->nr_tasks].comm != NULL; trace->nr_tasks++) {
        const struct recorded *from = &tasks[trace->nr_tasks];
        struct trace_task *t = &trace->tasks[trace->nr_tasks];

        while (t->nr_steps < MAX_STEPS && from->steps[t->nr_steps].packed != 0) {
            t->nr_steps++;
        }
        t->comm = g_strdup(from->comm);
        t->pid = 100 + trace->nr_tasks;
        t->prio = from->prio != 0 ? from->prio : 120;
        t->parent = from->parent - 1;
        t->runs_at_start = !from->sleeps;
        t->steps = g_memdup2(from->steps, sizeof(from->steps));
    }
    return w;
}

/* Where it was, if that is idle, else the first idle CPU. */
static int32_t first_idle(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                          int32_t waker_cpu, uint32_t flags, struct numasim_decision *d)
{
    const uint64_t *idle = numasim_idle_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host);
    int32_t first = numasim_mask_next(idle, task->allowed, nr_cpus, 0);

    (void)waker_cpu;
    (void)flags;
    (void)d;
    return numasim_mask_test(idle, prev_cpu) || first == nr_cpus ? prev_cpu : first;
}

static const struct numasim_balance_ops first_idle_ops = {.select_cpu = first_idle};

struct replay {
    struct engine e;
    GArray *log;
};

/* On @cpus CPUs, each of which serves in order of arrival; who wakes goes where it is idle. */
static struct replay replay(const struct recorded *tasks, int cpus, int64_t until_ns)
{
    g_autofree char *one = g_strdup_printf("cores-per-llc: %d", cpus);
    g_autofree char *text = topology_with("teach-uma-4", "cores-per-llc: 4", one);
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) cost = g_regex_new("\\b(1|2|10)us", 0, 0, &error);
    g_autofree char *machine = g_regex_replace(cost, text, -1, 0, "0us", 0, &error);
    struct kernel_config config = {.seed = 1};
    struct replay r = {0};
    struct engine *e = &r.e;

    e->machine = topology_read_yaml_buffer("test", machine, strlen(machine), &error);
    g_assert_no_error(error);
    e->workload = workload_of(tasks);
    e->domains = sched_domains_new(e->machine, KERNEL_6_12);
    e->stack = fixture_stack("fifo+none");
    e->stack->balance = &first_idle_ops;
    e->kernel = kernel_new(e->machine, e->domains, e->stack, &config, &error);
    g_assert_no_error(error);
    const struct workload *w = e->workload;

    e->interp = interp_new(e->kernel, &w, 1, &error);
    g_assert_no_error(error);
    r.log = event_log_new(e);
    engine_run(e, until_ns);
    kernel_check(e->kernel);
    return r;
}

static void end(struct replay *r)
{
    interp_free(r->e.interp);
    kernel_free(r->e.kernel);
    policy_stack_free(r->e.stack);
    workload_free(r->e.workload);
    sched_domains_free(r->e.domains);
    machine_free(r->e.machine);
    g_array_unref(r->log);
}

static void check_exit(const struct replay *r, int32_t task, int64_t us)
{
    g_assert_cmpint(event_log_time(r->log, TP_SCHED_PROCESS_EXIT, task, 0), ==, us * US);
}

/* The time from a wakeup to the switch that follows. */
static int64_t latency_us(const struct replay *r, int32_t task)
{
    return (event_log_time(r->log, TP_SCHED_SWITCH, task, 0) -
            event_log_time(r->log, TP_SCHED_WAKING, task, 0)) /
           US;
}

/* One wakes three, of 100 us each, and has 10 us left. On one CPU they wait 10, 110 and 210 us; on
 * four nobody waits. */
static void test_queueing(void)
{
    static const struct recorded tasks[] = {
        {"waker", .steps = {RUN(50), WAKE(1), WAKE(2), WAKE(3), RUN(10), BLOCK}},
        {"a", .sleeps = true, .steps = {BLOCK, RUN(100), EXIT}},
        {"b", .sleeps = true, .steps = {BLOCK, RUN(100), EXIT}},
        {"c", .sleeps = true, .steps = {BLOCK, RUN(100), EXIT}},
        {0}};
    struct replay r = replay(tasks, 1, 5 * MS);

    for (int32_t task = 1; task <= 3; task++) {
        g_assert_cmpint(latency_us(&r, task), ==, 10 + 100 * (task - 1));
        check_exit(&r, task, 60 + 100 * task);
    }
    end(&r);
    r = replay(tasks, 4, 5 * MS);
    for (int32_t task = 1; task <= 3; task++) {
        g_assert_cmpint(latency_us(&r, task), ==, 0);
        check_exit(&r, task, 150);
    }
    end(&r);
}

/* A wake comes when the waker gets there, not when it was recorded: here 300 us late, for another
 * task runs first. */
static void test_causality(void)
{
    static const struct recorded tasks[] = {
        {"other", .steps = {RUN(300), EXIT}},
        {"cause", .steps = {RUN(100), WAKE(2), RUN(50), EXIT}},
        {"effect", .sleeps = true, .steps = {BLOCK, RUN(10), EXIT}},
        {0}};
    struct replay r = replay(tasks, 1, 5 * MS);

    g_assert_cmpint(event_log_time(r.log, TP_SCHED_WAKING, 2, 0), ==, 400 * US);
    check_exit(&r, 1, 450);
    check_exit(&r, 2, 460);
    end(&r);
    r = replay(tasks, 4, 5 * MS);
    g_assert_cmpint(event_log_time(r.log, TP_SCHED_WAKING, 2, 0), ==, 100 * US);
    check_exit(&r, 2, 110);
    end(&r);
}

/* Wakes that come before their blocks are kept: on four CPUs the sleeper never sleeps. On one it
 * has slept twice, once for each wake. */
static void test_credits(void)
{
    static const struct recorded tasks[] = {
        {"sleeper", .steps = {RUN(100), BLOCK, RUN(20), BLOCK, RUN(5), EXIT}},
        {"waker", .steps = {RUN(10), WAKE(0), RUN(10), WAKE(0), RUN(10), EXIT}},
        {0}};
    struct replay r = replay(tasks, 4, 5 * MS);

    check_exit(&r, 0, 125);
    check_exit(&r, 1, 30);
    g_assert_cmpint(event_log_count(r.log, TP_SCHED_WAKING, 0), ==, 0);
    end(&r);
    r = replay(tasks, 1, 5 * MS);
    /* It sleeps at 100; woken at 110 it waits until the waker exits at 130, the second wake kept. */
    check_exit(&r, 1, 130);
    check_exit(&r, 0, 155);
    g_assert_cmpint(event_log_count(r.log, TP_SCHED_WAKING, 0), ==, 1);
    end(&r);
}

/* The k-th block ends with the k-th wake; one too many is no harm. */
static void test_kth_wake(void)
{
    static const struct recorded tasks[] = {
        {"waker", .steps = {RUN(10), WAKE(1), RUN(100), WAKE(1), RUN(100), WAKE(1), EXIT}},
        {"sleeper", .sleeps = true, .steps = {BLOCK, RUN(30), BLOCK, RUN(5), EXIT}},
        {0}};
    struct replay r = replay(tasks, 4, 5 * MS);

    check_exit(&r, 1, 115);
    check_exit(&r, 0, 210);
    end(&r);
}

/* A client and its server take turns on any number of CPUs. */
static void test_partners(void)
{
    static const struct recorded tasks[] = {
        {"client", .steps = {RUN(10), SYNC(1), BLOCK, RUN(10), SYNC(1), BLOCK, EXIT}},
        {"server", .sleeps = true,
         .steps = {BLOCK, RUN(20), SYNC(0), BLOCK, RUN(20), SYNC(0), EXIT}},
        {0}};

    for (int cpus = 1; cpus <= 4; cpus += 3) {
        struct replay r = replay(tasks, cpus, 5 * MS);

        check_exit(&r, 0, 60);
        check_exit(&r, 1, 60);
        end(&r);
    }
}

/*
 * A server that answered while its client was still awake shows no block between its two wakes of
 * it. In the recording (one CPU) the client had slept twice; the second answer waits for that.
 */
static void test_early_answer(void)
{
    static const struct recorded tasks[] = {
        {"client", .steps = {RUN(10), SYNC(1), BLOCK, RUN(40), BLOCK, RUN(10), EXIT}},
        {"server", .sleeps = true, .steps = {BLOCK, RUN(20), SYNC(0), RUN(5), SYNC(0), EXIT}},
        {0}};
    struct replay r = replay(tasks, 4, 5 * MS);

    /* client 0-10, server 10-30, client 30-70; the server, ready at 35, waits until 70. */
    check_exit(&r, 0, 80);
    check_exit(&r, 1, 70);
    end(&r);
}

/* Timers and interrupts have their recorded time; one that has passed is none. */
static void test_times(void)
{
    static const struct recorded tasks[] = {
        {"irq", .sleeps = true, .steps = {UNTIL(500), RUN(10), UNTIL(800), RUN(10), EXIT}},
        {"late", .steps = {RUN(600), UNTIL(400), RUN(10), EXIT}},
        {"sleep", .steps = {RUN(100), SLEEP(50), RUN(10), EXIT}},
        {"rt", .prio = 40, .sleeps = true, .steps = {UNTIL(200), RUN(30), EXIT}},
        {0}};
    struct replay r = replay(tasks, 4, 5 * MS);

    check_exit(&r, 0, 810);
    /* Those that sleep at the start do so on CPUs 0 and 1; rt wakes on CPU 1, which is idle by then,
     * so that late, on CPU 0, need not give way. */
    check_exit(&r, 1, 610);
    check_exit(&r, 2, 160);
    check_exit(&r, 3, 230);
    end(&r);
    r = replay(tasks, 1, 5 * MS);
    /* Real-time preempts: 200-230. late: 0-200, 230-630, on to 640 for its time has passed; sleep,
     * ready since 0, runs 640-740 and sleeps until 790; irq, woken at 500, has 740-750; then sleep
     * 790-800, and irq 800-810. */
    check_exit(&r, 3, 230);
    check_exit(&r, 1, 640);
    check_exit(&r, 2, 800);
    check_exit(&r, 0, 810);
    end(&r);
}

static void test_fork(void)
{
    static const struct recorded tasks[] = {
        {"parent", .steps = {RUN(10), FORK(1), RUN(100), EXIT}},
        {"child", .parent = 1, .steps = {RUN(20), WAKE(2), EXIT}},
        {"friend", .sleeps = true, .steps = {BLOCK, RUN(1), EXIT}},
        {0}};
    struct replay r = replay(tasks, 4, 5 * MS);

    check_exit(&r, 0, 110);
    check_exit(&r, 1, 30);
    check_exit(&r, 2, 31);
    g_assert_true(kernel_finished(r.e.kernel));
    end(&r);
}

/* A record that ends while its task is awake leaves it asleep, and a wake for it is no fault. */
static void test_cut_off(void)
{
    static const struct recorded tasks[] = {
        {"cut", .steps = {RUN(10)}},
        {"waker", .steps = {RUN(100), WAKE(0), RUN(10), WAKE(0), RUN(10), EXIT}},
        {0}};

    for (int cpus = 1; cpus <= 4; cpus += 3) {
        struct replay r = replay(tasks, cpus, 5 * MS);

        check_exit(&r, 1, cpus == 1 ? 130 : 120);
        g_assert_cmpint(task_pub(engine_task(&r.e, "cut", 0))->task_state, ==,
                        NUMASIM_TASK_BLOCKED);
        end(&r);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replay/queueing", test_queueing);
    g_test_add_func("/replay/causality", test_causality);
    g_test_add_func("/replay/credits", test_credits);
    g_test_add_func("/replay/kth-wake", test_kth_wake);
    g_test_add_func("/replay/partners", test_partners);
    g_test_add_func("/replay/early-answer", test_early_answer);
    g_test_add_func("/replay/times", test_times);
    g_test_add_func("/replay/fork", test_fork);
    g_test_add_func("/replay/cut-off", test_cut_off);
    return g_test_run();
}
