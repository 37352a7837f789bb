/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden cases in time, small enough to be worked out by hand: each says how long before it checks.
 * The machine is teach-uma-4 with costs that cannot be mistaken for one another.
 */
#include "event-log.h"
#include "kernel-invariants.h"

#include "base/time.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* switch 1 us, the waker's part 3 us, IPI 5 us, leaving idle 7 us, fork 10 us, exit 20 us. */
static char *machine_text(void)
{
    g_autofree char *text = topology_with("teach-uma-4", "idle-exit: 0us", "idle-exit: 7us");
    g_auto(GStrv) parts = g_strsplit(text, "  wakeup: 0us\n", 2);
    g_autofree char *with_wakeup = g_strjoinv("  wakeup: 3us\n", parts);
    g_auto(GStrv) ipi = g_strsplit(with_wakeup, "wakeup-ipi: {self: 0us, core: 1us, llc: 1us", 2);
    g_autofree char *with_ipi = g_strjoinv("wakeup-ipi: {self: 0us, core: 5us, llc: 5us", ipi);
    g_auto(GStrv) exits = g_strsplit(with_ipi, "  exit: 10us", 2);

    return g_strjoinv("  exit: 20us", exits);
}

struct hand {
    struct engine *e;
    GArray *log;
};

static struct hand start(const char *workload, const char *policies)
{
    g_autofree char *topology = machine_text();
    g_autofree char *text = g_strdup_printf("numasim: workload/1\nduration: 10s\n%s", workload);
    struct hand h;

    h.e = engine_new(topology, text, policies, &(struct kernel_config){.seed = 1});
    h.log = event_log_new(h.e);
    return h;
}

static void end(struct hand *h)
{
    kernel_check(h->e->kernel);
    g_array_unref(h->log);
    engine_free(h->e);
}

static void run(struct hand *h, int64_t until_ns)
{
    engine_run(h->e, until_ns);
}

/* The n-th time at which @task got CPU time, that is, the switch to it. */
static int64_t switch_to(const struct hand *h, int32_t task, int n)
{
    return event_log_time(h->log, TP_SCHED_SWITCH, task, n);
}

static int64_t exit_at(const struct hand *h, int32_t task)
{
    return event_log_time(h->log, TP_SCHED_PROCESS_EXIT, task, 0);
}

static int64_t cpu_ns(const struct hand *h, const char *comm)
{
    return kernel_task_cpu_ns(h->e->kernel, engine_task(h->e, comm, 0));
}

#define THREADS "processes:\n  p:\n    threads:\n"

/* ------------------------------------------------------------------------------------------- */
/* Starting and waking                                                                          */

/*
 * A thread on CPU 0 leaves idle for 7 us, is switched to for 1 us, works 100 us, exits in 20 us.
 * One on CPU 1, started from CPU 0, is told by an IPI first.
 */
static void test_start(void)
{
    struct hand h = start(THREADS "      a: {cpus: 0, program: [run: 100us]}\n"
                                  "      b: {cpus: 1, program: [run: 100us]}\n",
                          "fifo+none");

    run(&h, MS);
    g_assert_cmpint(switch_to(&h, 0, 0), ==, 7 * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (7 + 1 + 100 + 20) * US);
    g_assert_cmpint(switch_to(&h, 1, 0), ==, (5 + 7) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (5 + 7 + 1 + 100 + 20) * US);
    struct cpu_times times = kernel_cpu_times(h.e->kernel, 0);

    g_assert_cmpint(times.busy_ns, ==, 100 * US);
    g_assert_cmpint(times.overhead_ns, ==, 21 * US);
    end(&h);
}

/*
 * B sleeps from 12 + 1 us on CPU 1; A signals after 100 us of work, at 108 us. The IPI takes 5 us: B
 * joins its queue at 113 us, its CPU leaves idle for 7 us, the switch takes 1. A pays 3 us for the
 * wakeup and works on: 108 + 3 + 50, and 20 to exit. B works 10 us.
 */
static void test_wakeup_across_cpus(void)
{
    struct hand h = start("objects: {s: {semaphore: 0}}\n" THREADS
                          "      a: {cpus: 0, program: [run: 100us, signal: s, run: 50us]}\n"
                          "      b: {cpus: 1, program: [wait: s, run: 10us]}\n",
                          "fifo+none");

    run(&h, MS);
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKING, 1, 0), ==, 108 * US);
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKEUP, 1, 0), ==, 113 * US);
    g_assert_cmpint(switch_to(&h, 1, 1), ==, 120 * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (121 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (111 + 50 + 20) * US);
    end(&h);
}

/* The same on one CPU: B joins at once, and waits until A, which fifo lets run on, has exited. */
static void test_wakeup_on_one_cpu(void)
{
    struct hand h = start("objects: {s: {semaphore: 0}}\n" THREADS
                          "      b: {cpus: 0, program: [wait: s, run: 10us]}\n"
                          "      a: {cpus: 0, program: [run: 100us, signal: s, run: 50us]}\n",
                          "fifo+none");

    run(&h, MS);
    /* b runs first and blocks at 8 us; a is switched to until 9, works until 109. */
    g_assert_cmpint(switch_to(&h, 1, 0), ==, 8 * US);
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKEUP, 0, 0), ==, 109 * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (109 + 3 + 50 + 20) * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (182 + 1 + 10 + 20) * US);
    g_assert_cmpuint(kernel_counters(h.e->kernel)->preemptions, ==, 0);
    end(&h);
}

/* A signal that comes before the wait: nobody sleeps, and nothing but the work takes time. */
static void test_wakeup_before_sleep(void)
{
    struct hand h = start("objects: {s: {semaphore: 0}}\n" THREADS
                          "      a: {cpus: 0, program: [signal: s, run: 10us]}\n"
                          "      b: {cpus: 1, program: [run: 50us, wait: s, run: 10us]}\n",
                          "fifo+none");

    run(&h, MS);
    g_assert_cmpint(exit_at(&h, 0), ==, (8 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (13 + 60 + 20) * US);
    g_assert_cmpuint(kernel_counters(h.e->kernel)->blocks, ==, 0);
    g_assert_cmpuint(kernel_counters(h.e->kernel)->wakeups, ==, 0);
    end(&h);
}

/*
 * A wake that meets a task on its way to sleep. A takes the lock; B waits for it from 13 us on; A
 * gives it back at 108 us, which wakes B and costs A 3 us; when those are paid A waits for the
 * semaphore that B signals as soon as it runs, at 121 us.
 */
static void test_block_and_wake(void)
{
    struct hand h =
        start("objects: {s: {semaphore: 0}, m: {mutex: ~}}\n" THREADS
              "      a: {cpus: 0, program: [lock: m, run: 100us, unlock: m, wait: s, run: 10us]}\n"
              "      b: {cpus: 1, program: [lock: m, signal: s, run: 10us, unlock: m]}\n",
              "fifo+none");

    run(&h, MS);
    /* a sleeps at 111; b runs at 121 and wakes it: at 126 it joins, at 133 it is switched to. */
    g_assert_cmpint(switch_to(&h, 0, 1), ==, 133 * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (134 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (121 + 3 + 10 + 20) * US);
    end(&h);
}

/* The parent pays 10 us for each; the child starts when its CPU has heard of it. */
static void test_fork(void)
{
    struct hand h =
        start(THREADS "      parent: {cpus: 0, program: [run: 50us, fork: child, run: 30us, join, "
                      "run: 10us]}\n      child: {count: 0, cpus: 1, program: [run: 200us]}\n",
              "fifo+none");

    run(&h, MS);
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_PROCESS_FORK, 1, 0), ==, 58 * US);
    g_assert_cmpint(switch_to(&h, 1, 0), ==, (58 + 5 + 7) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (71 + 200 + 3 + 20) * US);
    /* The child wakes the parent, which sleeps since 98 us, when it begins to exit, at 271 us. */
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKEUP, 0, 0), ==, 276 * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (276 + 7 + 1 + 10 + 20) * US);
    end(&h);
}

/* ------------------------------------------------------------------------------------------- */
/* Meeting                                                                                      */

/* The mutex goes to who came first, though another could run at once: handing it over is exact. */
static void test_mutex(void)
{
    struct hand h =
        start("objects: {m: {mutex: ~}}\n" THREADS
              "      a: {cpus: 0, program: [lock: m, run: 100us, unlock: m, lock: m, run: 1us, "
              "unlock: m]}\n"
              "      b: {cpus: 1, program: [lock: m, run: 10us, unlock: m]}\n",
              "fifo+none");

    run(&h, MS);
    /* a gives it at 108 to b, pays until 111, and asks again; b holds it from 121 to 131. */
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKING, 0, 0), ==, 131 * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (131 + 12 + 1 + 1 + 20) * US);
    end(&h);
}

/* Three come at 108, 213 and 313 us; spinning costs CPU and no wakeup, sleeping the reverse. */
static void test_barrier(void)
{
    static const char program[] =
        "objects: {meet: {barrier: 3%s}}\n" THREADS
        "      a: {cpus: 0, program: [run: 100us, barrier: meet, run: 10us]}\n"
        "      b: {cpus: 1, program: [run: 200us, barrier: meet, run: 10us]}\n"
        "      c: {cpus: 2, program: [run: 300us, barrier: meet, run: 10us]}\n";
    g_autofree char *spinning = g_strdup_printf(program, ", spin: true");
    g_autofree char *blocking = g_strdup_printf(program, "");
    struct hand h = start(spinning, "fifo+none");

    run(&h, MS);
    for (int32_t task = 0; task < 3; task++) {
        g_assert_cmpint(exit_at(&h, task), ==, (313 + 10 + 20) * US);
    }
    g_assert_cmpint(kernel_cpu_times(h.e->kernel, 0).busy_ns, ==, (100 + 205 + 10) * US);
    g_assert_cmpuint(kernel_counters(h.e->kernel)->wakeups, ==, 0);
    end(&h);
    h = start(blocking, "fifo+none");
    run(&h, MS);
    g_assert_cmpint(exit_at(&h, 0), ==, (313 + 5 + 7 + 1 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (313 + 5 + 7 + 1 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 2), ==, (313 + 2 * 3 + 10 + 20) * US);
    g_assert_cmpint(kernel_cpu_times(h.e->kernel, 0).busy_ns, ==, 110 * US);
    end(&h);
}

/* Room for two messages of 40 bytes in 100: the third write waits for the first read. */
static void test_pipe(void)
{
    struct hand h = start(
        "objects: {p: {pipe: 100B}}\n" THREADS
        "      w: {cpus: 0, program: [loop: {count: 3, do: [write: {pipe: p, bytes: 40B}, run: "
        "10us]}]}\n"
        "      r: {cpus: 1, program: [run: 100us, loop: {count: 3, do: [read: {pipe: p, bytes: "
        "40B}, run: 10us]}]}\n",
        "fifo+none");

    run(&h, MS);
    /* w: two writes and runs, 8..28, then it sleeps. r reads at 113 and wakes it, for 3 us; reads
     * on at 126; the third message was written for w at 113. */
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKING, 0, 0), ==, 113 * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (113 + 12 + 1 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (113 + 3 + 30 + 20) * US);
    g_assert_cmpuint(kernel_counters(h.e->kernel)->wakeups, ==, 1);
    end(&h);
}

/* cond-wait gives the mutex back, a signal under the mutex wakes nobody until it is free. */
static void test_condition(void)
{
    struct hand h = start(
        "objects: {m: {mutex: ~}, c: {condition: ~}}\n" THREADS
        "      w: {cpus: 0, program: [lock: m, cond-wait: {condition: c, mutex: m}, run: 10us, "
        "unlock: m]}\n"
        "      s: {cpus: 1, program: [run: 100us, lock: m, cond-signal: c, run: 50us, unlock: m, "
        "run: 10us]}\n",
        "fifo+none");

    run(&h, MS);
    g_assert_cmpint(event_log_time(h.log, TP_SCHED_WAKING, 0, 0), ==, 163 * US);
    g_assert_cmpint(exit_at(&h, 0), ==, (163 + 12 + 1 + 10 + 20) * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (163 + 3 + 10 + 20) * US);
    end(&h);
}

/* ------------------------------------------------------------------------------------------- */
/* Classes and preemption                                                                       */

/* A real-time task preempts a fair one at once, a higher priority a lower, and none its equal. */
static void test_fifo_class(void)
{
    struct hand h = start(
        THREADS "      fair: {cpus: 0, program: [run: 1ms]}\n"
                "      low: {cpus: 0, sched: fifo, priority: 1, start: 100us, program: [run: "
                "300us]}\n"
                "      high: {cpus: 0, sched: fifo, priority: 2, start: 200us, program: [run: "
                "100us]}\n"
                "      equal: {cpus: 0, sched: fifo, priority: 1, start: 250us, program: [run: "
                "50us]}\n",
        "fifo+none");

    run(&h, 10 * MS);
    g_assert_cmpint(switch_to(&h, 1, 0), ==, 100 * US);
    g_assert_cmpint(switch_to(&h, 2, 0), ==, 200 * US);
    g_assert_cmpint(exit_at(&h, 2), ==, (201 + 100 + 20) * US);
    /* low had 99 us; preempted, it is still before its equal. 201 are left. */
    g_assert_cmpint(switch_to(&h, 1, 1), ==, 321 * US);
    g_assert_cmpint(exit_at(&h, 1), ==, (322 + 201 + 20) * US);
    g_assert_cmpint(exit_at(&h, 3), ==, (544 + 50 + 20) * US);
    /* fair: 92 us from 8 to 100, the rest after 614 us. */
    g_assert_cmpint(exit_at(&h, 0), ==, (615 + 908 + 20) * US);
    g_assert_cmpuint(kernel_counters(h.e->kernel)->preemptions, ==, 2);
    end(&h);
}

/* SCHED_RR takes turns of 100 ms, noticed at ticks of 4 ms; SCHED_FIFO of that priority does not. */
static void test_rr_class(void)
{
    struct hand h =
        start(THREADS "      a: {cpus: 0, sched: rr, priority: 1, program: [run: 1s]}\n"
                      "      b: {cpus: 0, sched: rr, priority: 1, program: [run: 1s]}\n",
              "fifo+none");

    run(&h, 2000 * MS);
    for (int n = 1; n < 5; n++) {
        int64_t turn_ns = switch_to(&h, 0, n) - switch_to(&h, 1, n - 1);

        g_assert_cmpint(turn_ns, >=, 100 * MS);
        g_assert_cmpint(turn_ns, <=, 104 * MS);
    }
    end(&h);
    h = start(THREADS "      a: {cpus: 0, sched: fifo, priority: 1, program: [run: 1s]}\n"
                      "      b: {cpus: 0, sched: rr, priority: 1, program: [run: 1s]}\n",
              "fifo+none");
    run(&h, 2500 * MS);
    g_assert_cmpint(switch_to(&h, 1, 0), ==, exit_at(&h, 0));
    end(&h);
}

/* Each hands the CPU to the other: a switch of 1 us for 10 us of work. */
static void test_yield(void)
{
    static const char *const kinds[] = {"other", "fifo, priority: 1", "rr, priority: 1"};

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *text = g_strdup_printf(
            THREADS "      t: {count: 2, cpus: 0, sched: %s, program: [loop: {count: 3, do: [run: "
                    "10us, yield]}]}\n",
            kinds[i]);
        struct hand h = start(text, "fifo+none");

        run(&h, MS);
        for (int n = 0; n < 3; n++) {
            g_assert_cmpint(switch_to(&h, 0, n), ==, (7 + 22 * n) * US);
            g_assert_cmpint(switch_to(&h, 1, n), ==, (7 + 11 + 22 * n) * US);
        }
        g_assert_cmpuint(kernel_counters(h.e->kernel)->yields, ==, 6);
        g_assert_cmpuint(kernel_counters(h.e->kernel)->preemptions, ==, 0);
        end(&h);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Administration                                                                               */

/* Two tasks of CPU 1 go to CPU 0 when it goes down, with what they had left to do, and one comes
 * back with it, for its affinity says so. */
static void test_hotplug(void)
{
    struct hand h = start(THREADS "      a: {cpus: 1, program: [run: 300us]}\n"
                                  "      b: {cpus: 0-1, program: [sleep: 1us, run: 300us]}\n"
                                  "      c: {cpus: 1, start: 50us, program: [run: 300us]}\n"
                                  "admin: [{at: 113us, offline: 1}, {at: 213us, online: 1}]\n",
                          "fifo+none");

    run(&h, 113 * US);
    kernel_check(h.e->kernel);
    g_assert_false(kernel_cpu(h.e->kernel, 1)->online);
    g_assert_cmpint(task_pub(engine_task(h.e, "a", 0))->cpu, ==, 0);
    g_assert_cmpint(task_pub(engine_task(h.e, "c", 0))->cpu, ==, 0);
    run(&h, 250 * US);
    kernel_check(h.e->kernel);
    g_assert_cmpint(task_pub(engine_task(h.e, "a", 0))->cpu, ==, 1);
    g_assert_cmpint(task_pub(engine_task(h.e, "c", 0))->cpu, ==, 1);
    run(&h, 10 * MS);
    /* No work is lost or done twice. */
    struct cpu_times zero = kernel_cpu_times(h.e->kernel, 0);
    struct cpu_times one = kernel_cpu_times(h.e->kernel, 1);

    g_assert_cmpint(zero.busy_ns + one.busy_ns, ==, 900 * US);
    end(&h);
}

/* The running task goes at once, a waiting and a sleeping one, too. */
static void test_affinity(void)
{
    struct hand h = start(
        "cgroups: {box: {cpus: 0-1}}\n"
        "processes:\n  p:\n    cgroup: box\n    threads:\n"
        "      a: {program: [run: 500us]}\n      b: {program: [run: 500us]}\n"
        "      c: {program: [sleep: 200us, run: 500us]}\n"
        "admin: [{at: 108us, affinity: {process: p, cpus: 1-2}}, {at: 308us, cpuset: {cgroup: box, "
        "cpus: 2-3}}]\n",
        "fifo+none");

    run(&h, 110 * US);
    kernel_check(h.e->kernel);
    for (int32_t i = 0; i < 2; i++) {
        g_assert_cmpint(task_pub(kernel_task(h.e->kernel, i))->cpu, ==, 1);
    }
    run(&h, 305 * US);
    g_assert_cmpint(task_pub(engine_task(h.e, "c", 0))->cpu, ==, 1);
    run(&h, 310 * US);
    kernel_check(h.e->kernel);
    for (int32_t i = 0; i < 3; i++) {
        g_assert_cmpint(task_pub(kernel_task(h.e->kernel, i))->cpu, ==, 2);
    }
    run(&h, 10 * MS);
    int64_t busy_ns = 0;

    for (int32_t cpu = 0; cpu < 4; cpu++) {
        busy_ns += kernel_cpu_times(h.e->kernel, cpu).busy_ns;
    }
    g_assert_cmpint(busy_ns, ==, 1500 * US);
    end(&h);
}

static void assert_share(int64_t part_ns, int64_t whole_ns, int64_t ppm)
{
    g_assert_cmpint(ABS(part_ns * 1000000 / whole_ns - ppm), <=, 10000);
}

/* Weights 100 and 300 share a CPU 1:3, whatever is in them; within a second the error is small. */
static void test_cgroup_weights(void)
{
    struct hand h = start("cgroups: {one: {weight: 100}, three: {weight: 300}}\n"
                          "processes:\n"
                          "  p:\n    cgroup: one\n    threads:\n"
                          "      a: {cpus: 0, program: [forever: [run: 1ms]]}\n"
                          "      b: {cpus: 0, program: [forever: [run: 1ms]]}\n"
                          "  q:\n    cgroup: three\n    threads:\n"
                          "      c: {cpus: 0, nice: 19, program: [forever: [run: 1ms]]}\n"
                          "admin: [{at: 4s, weight: {cgroup: one, weight: 300}}]\n",
                          "linux-6.12");
    const int64_t all_ns = 4000 * MS;

    run(&h, all_ns);
    kernel_check(h.e->kernel);
    assert_share(cpu_ns(&h, "a"), all_ns, 125000);
    assert_share(cpu_ns(&h, "b"), all_ns, 125000);
    assert_share(cpu_ns(&h, "c"), all_ns, 750000);
    int64_t before_ns = cpu_ns(&h, "c");

    run(&h, 2 * all_ns);
    assert_share(cpu_ns(&h, "c") - before_ns, all_ns, 500000);
    end(&h);
}

/* A nice value changes what is to come: 1024:1024, then 1024:335. */
static void test_nice(void)
{
    struct hand h = start(
        THREADS "      a: {cpus: 0, program: [forever: [run: 1ms]]}\n"
                "      b: {cpus: 0, program: [loop: {for: 2s, do: [run: 1ms]}, nice: 5, forever: "
                "[run: 1ms]]}\n",
        "linux-6.12");

    run(&h, 2000 * MS);
    int64_t before_ns = cpu_ns(&h, "b");

    assert_share(before_ns, 2000 * MS, 500000);
    run(&h, 6000 * MS);
    assert_share(cpu_ns(&h, "b") - before_ns, 4000 * MS, 335 * INT64_C(1000000) / (1024 + 335));
    end(&h);
}

/* A quota of 20 ms in 100 ms lets a hog on an idle CPU run a fifth of the time. */
static void test_quota(void)
{
    struct hand h = start("cgroups: {slow: {quota: 20ms, period: 100ms}}\n"
                          "processes:\n  p:\n    cgroup: slow\n    threads:\n"
                          "      a: {cpus: 0, program: [forever: [run: 1ms]]}\n",
                          "linux-6.12");

    run(&h, 4000 * MS);
    kernel_check(h.e->kernel);
    assert_share(cpu_ns(&h, "a"), 4000 * MS, 200000);
    end(&h);
}

/*
 * Under eevdf a task that sleeps after it had more than its share stays queued until its lag is
 * paid: beside a hog it is delayed, and woken meanwhile it just goes on, on its own CPU, without
 * an IPI (event field a = 1).
 */
static void test_delayed_dequeue(void)
{
    struct hand h = start(
        THREADS "      hog: {cpus: 0, program: [forever: [run: 1ms]]}\n"
                "      nap: {cpus: 0-3, start: 50ms, program: [forever: [run: {exponential: 3ms}, "
                "sleep: 100us]]}\n"
                "admin: [{at: 20ms, affinity: {process: p, cpus: 0}}]\n",
        "eevdf+none");
    int delayed = 0, woken = 0;

    for (int64_t at_ns = 0; at_ns < 2000 * MS; at_ns += 100 * US) {
        run(&h, at_ns);
        delayed += task_pub(engine_task(h.e, "nap", 0))->task_state == NUMASIM_TASK_DELAYED;
    }
    for (int n = 0; event_log_find(h.log, TP_SCHED_WAKEUP, 1, n) != NULL; n++) {
        const struct tp_event *wakeup = event_log_find(h.log, TP_SCHED_WAKEUP, 1, n);

        woken += wakeup->a == 1;
        g_assert_cmpint(wakeup->cpu, ==, 0);
    }
    g_assert_cmpint(delayed, >, 10);
    g_assert_cmpint(woken, >, 10);
    end(&h);
}

/*
 * Every 48 ms nap wakes on CPU 0, and hog there 0.1 ms later, less than 0.1 ms behind nap. After a millisecond
 * nap sleeps: it is 0.9 ms ahead of hog, half of that ahead of both's average, and so it stays queued,
 * delayed, while hog runs, protected for its slice of 0.7 ms * (1 + log2 4), till 3.1 ms. At 2 ms CPU 1,
 * where gap ran for 50 us, is out of work; CPU 0 has two in its queue, and nap last ran 1 ms ago, twice the
 * migration cost. From 1.9 ms on nap is allowed on CPU 1. Nobody else looks for work: gap is too short for
 * a tick, and idle CPUs are not kicked, which would find nothing but pinned tasks on CPU 0 and take it
 * for no overload. Returns in how many of @rounds nap is on CPU 1 at 2.1 ms.
 */
static int pulled_asleep(const char *policies, int rounds)
{
    static const uint64_t first = 1, both = 3;
    struct hand h =
        start(THREADS "      nap: {cpus: 0, program: [forever: [timer: 48ms, run: 1ms]]}\n"
                      "      hog: {cpus: 0, start: 100us, program: [forever: [timer: 48ms, run: "
                      "10ms]]}\n"
                      "      gap: {cpus: 1, start: 1950us, program: [forever: [timer: 48ms, run: "
                      "50us]]}\n",
              policies);
    struct task *nap = engine_task(h.e, "nap", 0);
    int pulled = 0;

    for (int round = 1; round <= rounds; round++) {
        int64_t began_ns = round * 48 * MS;

        run(&h, began_ns + 1900 * US);
        g_assert_true(task_pub(nap)->se.delayed);
        g_assert_cmpint(task_pub(nap)->cpu, ==, 0);
        kernel_task_set_cpus(h.e->kernel, nap, &both);
        run(&h, began_ns + 2100 * US);
        pulled += task_pub(nap)->cpu == 1;
        g_assert_cmpint(task_pub(nap)->se.delayed, ==, task_pub(nap)->cpu == 0);
        kernel_task_set_cpus(h.e->kernel, nap, &first);
        kernel_check(h.e->kernel);
    }
    end(&h);
    return pulled;
}

/*
 * Till 6.13 CPU 1 takes the one that sleeps, picks it, and so lets it leave: in each of the ten rounds,
 * as newidle is not to skip the only domain. From 6.14 on such a one moves with load alone, and CPUs of one
 * LLC count tasks.
 */
static void test_delayed_pulled(void)
{
    const char *alone = "balance.ni_random=off balance.nohz_balance=off";
    g_autofree char *any = g_strdup_printf("linux-6.12 %s", alone);
    g_autofree char *load = g_strdup_printf("linux-6.18 %s", alone);

    g_assert_cmpint(pulled_asleep(any, 10), ==, 10);
    g_assert_cmpint(pulled_asleep(load, 10), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel-hand/start", test_start);
    g_test_add_func("/kernel-hand/wakeup-across-cpus", test_wakeup_across_cpus);
    g_test_add_func("/kernel-hand/wakeup-on-one-cpu", test_wakeup_on_one_cpu);
    g_test_add_func("/kernel-hand/wakeup-before-sleep", test_wakeup_before_sleep);
    g_test_add_func("/kernel-hand/block-and-wake", test_block_and_wake);
    g_test_add_func("/kernel-hand/fork", test_fork);
    g_test_add_func("/kernel-hand/mutex", test_mutex);
    g_test_add_func("/kernel-hand/barrier", test_barrier);
    g_test_add_func("/kernel-hand/pipe", test_pipe);
    g_test_add_func("/kernel-hand/condition", test_condition);
    g_test_add_func("/kernel-hand/fifo-class", test_fifo_class);
    g_test_add_func("/kernel-hand/rr-class", test_rr_class);
    g_test_add_func("/kernel-hand/yield", test_yield);
    g_test_add_func("/kernel-hand/hotplug", test_hotplug);
    g_test_add_func("/kernel-hand/affinity", test_affinity);
    g_test_add_func("/kernel-hand/cgroup-weights", test_cgroup_weights);
    g_test_add_func("/kernel-hand/nice", test_nice);
    g_test_add_func("/kernel-hand/quota", test_quota);
    g_test_add_func("/kernel-hand/delayed-dequeue", test_delayed_dequeue);
    g_test_add_func("/kernel-hand/delayed-pulled", test_delayed_pulled);
    return g_test_run();
}
