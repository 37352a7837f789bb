/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces small enough to be turned into steps by hand; the derivation stands beside each. Times in
 * the text below are microseconds behind 10 s: "at 30" is 10.000030. The steps are written as in a
 * workload file: r run, w wake, y wake by one that blocks next, b block, u until, s sleep, f fork,
 * x exit; times in microseconds since the trace's first event.
 */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "format/trace/build.h"
#include "format/trace/yaml.h"

struct built {
    struct ftrace_text *text;
    struct workload *w;
    struct trace_import import;
};

/* One line: microseconds, CPU, flags, printing task, event with fields. */
static void add(GString *text, int us, int cpu, const char *flags, const char *printer,
                const char *event)
{
    g_string_append_printf(text, "  %s [%03d] %s 10.%06d: %s\n", printer, cpu, flags, us, event);
}

static void add_switch(GString *text, int us, int cpu, const char *prev, int prev_pid,
                       const char *state, const char *next, int next_pid)
{
    g_autofree char *printer = g_strdup_printf("%s-%d", prev, prev_pid);
    g_autofree char *event =
        g_strdup_printf("sched_switch: prev_comm=%s prev_pid=%d prev_prio=120 prev_state=%s ==> "
                        "next_comm=%s next_pid=%d next_prio=120",
                        prev, prev_pid, state, next, next_pid);

    add(text, us, cpu, "d..2.", printer, event);
}

static void add_wake(GString *text, int us, int cpu, const char *flags, const char *printer,
                     const char *kind, const char *comm, int pid)
{
    g_autofree char *event =
        g_strdup_printf("sched_%s: comm=%s pid=%d prio=120 target_cpu=000", kind, comm, pid);

    add(text, us, cpu, flags, printer, event);
}

static struct built build_with(GString *text, const struct trace_import_options *options)
{
    g_autoptr(GError) error = NULL;
    struct built b = {0};

    b.text = ftrace_text_load_buffer("hand", text->str, text->len, &error);
    g_assert_no_error(error);
    b.w = trace_build(b.text, "hand", options, &b.import, &error);
    g_assert_no_error(error);
    g_string_free(text, TRUE);
    return b;
}

static struct built build(GString *text, bool relative)
{
    struct trace_import_options options = {.relative_timers = relative};

    return build_with(text, &options);
}

static void release(struct built *b)
{
    trace_import_release(&b->import);
    workload_free(b->w);
    ftrace_text_free(b->text);
}

/* The steps of the task with @pid (the last one under it), as in a workload file. */
static char *steps_of(const struct built *b, int pid)
{
    static const char letters[] = "rwbusfxye";
    GString *steps = g_string_new(NULL);

    for (int32_t i = 0; i < b->w->trace->nr_tasks; i++) {
        const struct trace_task *t = &b->w->trace->tasks[i];

        if (t->pid != pid) {
            continue;
        }
        g_string_truncate(steps, 0);
        for (int32_t s = 0; s < t->nr_steps; s++) {
            enum trace_op op = trace_step_op(t->steps[s]);
            int64_t arg = trace_step_arg(t->steps[s]);
            bool time = op == TRACE_RUN || op == TRACE_BLOCK_UNTIL || op == TRACE_SLEEP;

            g_string_append_printf(steps, "%s%c", s > 0 ? " " : "", letters[op]);
            if (op != TRACE_BLOCK && op != TRACE_EXIT && op != TRACE_EXEC) {
                g_string_append_printf(steps, "%" G_GINT64_FORMAT, time ? arg / 1000 : arg);
            }
        }
    }
    return g_string_free(steps, FALSE);
}

static void check_steps(const struct built *b, int pid, const char *expected)
{
    g_autofree char *steps = steps_of(b, pid);

    g_assert_cmpstr(steps, ==, expected);
}

/*
 * a(1) runs from 0, is preempted by b(2) from 30 to 50, and blocks at 80: one burst of 30 + 30.
 * b was runnable at the start: it runs 20, is preempted at 50, runs again from 80 and blocks at 95.
 */
static GString *preemption_text(void)
{
    GString *text = g_string_new(NULL);

    add_switch(text, 0, 0, "swapper/0", 0, "R", "a", 1);
    add_switch(text, 30, 0, "a", 1, "R", "b", 2);
    add_switch(text, 50, 0, "b", 2, "R+", "a", 1);
    add_switch(text, 80, 0, "a", 1, "S", "b", 2);
    add_switch(text, 95, 0, "b", 2, "D", "swapper/0", 0);
    return text;
}

static void test_preemption_splits(void)
{
    struct built b = build(preemption_text(), false);

    check_steps(&b, 1, "r60 b");
    check_steps(&b, 2, "r35 b");
    g_assert_cmpint(b.w->trace->span_ns, ==, 95000);
    g_assert_true(b.w->trace->tasks[0].runs_at_start && b.w->trace->tasks[1].runs_at_start);
    g_assert_cmpint(b.import.blocked_at_end, ==, 2);
    release(&b);
}

/*
 * The same, where a replay will charge 18 for each switch: of a's runs 12 and 12 are left, of b's 2,
 * and nothing of the one of 15.
 */
static void test_switch_cost(void)
{
    struct trace_import_options options = {.switch_ns = 18000};
    struct built b = build_with(preemption_text(), &options);

    check_steps(&b, 1, "r24 b");
    check_steps(&b, 2, "r2 b");
    release(&b);
}

/*
 * On CPU 0, a(1) runs 10, wakes b(2), runs 10, wakes it no more, blocks. b runs on CPU 1 for 15, then
 * wakes a and blocks 5 later. b slept from before the start: its first step is the block that a ends.
 * a's second run lasts to the end of the record, 40 to 70.
 */
static void test_wakes_by_tasks(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 0, "swapper/0", 0, "R", "a", 1);
    add_wake(text, 10, 0, "d..3.", "a-1", "waking", "b", 2);
    add_wake(text, 12, 1, "dNh2.", "<idle>-0", "wakeup", "b", 2);
    add_switch(text, 14, 1, "swapper/1", 0, "R", "b", 2);
    add_switch(text, 20, 0, "a", 1, "S", "swapper/0", 0);
    add_wake(text, 29, 1, "d..3.", "b-2", "waking", "a", 1);
    add_wake(text, 30, 0, "dNh2.", "<idle>-0", "wakeup", "a", 1);
    add_switch(text, 34, 1, "b", 2, "S", "swapper/1", 0);
    add_switch(text, 40, 0, "swapper/0", 0, "R", "a", 1);
    add_wake(text, 70, 0, "d.h3.", "a-1", "waking", "b", 2);
    b = build(text, false);
    check_steps(&b, 1, "r10 y1 r10 b r30");
    check_steps(&b, 2, "b r15 y0 r5 u70");
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_BY_TASK], ==, 2);
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_HARDIRQ], ==, 1);
    g_assert_cmpint(b.import.blocked_at_start, ==, 1);
    release(&b);
}

/*
 * w(1) runs all the time. A softirq over it wakes n(2) at 1010 and 3010: its wakes. Over idle, the
 * same flags are external.
 */
static void test_softirqs(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 0, "swapper/0", 0, "R", "w", 1);
    add_wake(text, 1010, 0, "d.s3.", "w-1", "waking", "n", 2);
    add_switch(text, 1100, 1, "swapper/1", 0, "R", "n", 2);
    add_switch(text, 1150, 1, "n", 2, "S", "swapper/1", 0);
    add_wake(text, 2000, 1, "d.s3.", "<idle>-0", "waking", "n", 2);
    add_switch(text, 2010, 1, "swapper/1", 0, "R", "n", 2);
    add_switch(text, 2020, 1, "n", 2, "S", "swapper/1", 0);
    add_wake(text, 3010, 0, "dNs3.", "w-1", "waking", "n", 2);
    b = build(text, false);
    check_steps(&b, 1, "r1010 y1 r2000 y1");
    check_steps(&b, 2, "b r50 u2000 r10 b");
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_BY_SOFTIRQ], ==, 2);
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_IDLE], ==, 1);
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_TIMER], ==, 0);
    g_assert_cmpint(b.import.hz, ==, 0);
    release(&b);
}

/*
 * Ticks every 4 ms (HZ 250), seen from five wakes of rcu_preempt(3) by softirqs over w(1), 40 us
 * behind each tick. The same softirqs wake k(4) at the third tick only: a timer. Network wakes of
 * n(2) over w come every 100 us, so 1 in 20 falls into a tick's window by chance: w's wakes all.
 */
static GString *ticking_text(void)
{
    GString *text = g_string_new(NULL);

    add_switch(text, 0, 0, "swapper/0", 0, "R", "w", 1);
    add_switch(text, 1, 1, "swapper/1", 0, "R", "n", 2);
    for (int us = 100; us < 20000; us += 100) {
        add_switch(text, us - 50, 1, "n", 2, "S", "swapper/1", 0);
        add_wake(text, us, 0, "d.s3.", "w-1", "waking", "n", 2);
        add_switch(text, us + 20, 1, "swapper/1", 0, "R", "n", 2);
        if (us % 4000 == 0) {
            add_wake(text, us + 40, 0, "d.s2.", "w-1", "waking", "rcu_preempt", 3);
        }
        if (us == 12000) {
            add_wake(text, us + 42, 0, "d.s2.", "w-1", "waking", "k", 4);
        }
        if (us % 4000 == 0) {
            add_switch(text, us + 44, 0, "w", 1, "R", "rcu_preempt", 3);
            add_switch(text, us + 46, 0, "rcu_preempt", 3, "I", "w", 1);
        }
    }
    return text;
}

static void test_timers(void)
{
    struct built b = build(ticking_text(), false);

    g_assert_cmpint(b.import.hz, ==, 250);
    g_assert_cmpint(b.import.tick_phase_ns, ==, 40000);
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_TIMER], ==, 5);
    g_assert_cmpuint(b.import.wakes[TRACE_WAKE_BY_SOFTIRQ], ==, 199);
    check_steps(&b, 3, "u4040 r2 u8040 r2 u12040 r2 u16040 r2 b");
    check_steps(&b, 4, "u12042");
    release(&b);
    /* Relative to going to sleep: at the start, then at 4046, 8046 and 12046. */
    b = build(ticking_text(), true);
    check_steps(&b, 3, "s4040 r2 s3994 r2 s3994 r2 s3994 r2 b");
    g_assert_cmpuint(b.import.sleeps, ==, 5);
    release(&b);
}

/*
 * b(2) on CPU 1 is waked before its switch-out three times, by a(1) on CPU 0:
 * at 10, and the switch with S comes at 12: that block takes the wake;
 * at 30, and sched_wakeup at 31 finds it still running: the block stands there, at 31;
 * at 50 by a hardirq over b itself, the wakeup at 51.
 * Runs of b: 12 (0 to 12), then from 20 to 31 (11), from 31 to 51 (20), and on to 60 (9).
 */
static void test_races(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 0, "swapper/0", 0, "R", "a", 1);
    add_switch(text, 0, 1, "swapper/1", 0, "R", "b", 2);
    add_wake(text, 10, 0, "d..3.", "a-1", "waking", "b", 2);
    add_switch(text, 12, 1, "b", 2, "S", "swapper/1", 0);
    add_wake(text, 13, 1, "dNh2.", "<idle>-0", "wakeup", "b", 2);
    add_switch(text, 20, 1, "swapper/1", 0, "R", "b", 2);
    add_wake(text, 30, 0, "d..3.", "a-1", "waking", "b", 2);
    add_wake(text, 31, 0, "d..3.", "a-1", "wakeup", "b", 2);
    add_wake(text, 50, 1, "d.h3.", "b-2", "waking", "b", 2);
    add_wake(text, 51, 1, "d.h3.", "b-2", "wakeup", "b", 2);
    add_switch(text, 60, 1, "b", 2, "S", "swapper/1", 0);
    b = build(text, false);
    check_steps(&b, 1, "r10 w1 r20 w1 r30");
    check_steps(&b, 2, "r12 b r11 b r20 u50 r9 b");
    g_assert_cmpuint(b.import.raced, ==, 3);
    g_assert_cmpuint(b.import.spurious, ==, 0);
    release(&b);
}

/*
 * b(2) has been woken at 10 and waits on a busy CPU 0; the wake at 15 finds it there. a(1) wakes
 * itself at 20. Both are left out.
 */
static void test_spurious(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 0, "swapper/0", 0, "R", "a", 1);
    add_wake(text, 10, 0, "d..3.", "a-1", "waking", "b", 2);
    add_wake(text, 11, 0, "d..3.", "a-1", "wakeup", "b", 2);
    add_wake(text, 15, 0, "d..3.", "a-1", "waking", "b", 2);
    add_wake(text, 20, 0, "d..3.", "a-1", "waking", "a", 1);
    add_switch(text, 30, 0, "a", 1, "S", "b", 2);
    b = build(text, false);
    check_steps(&b, 1, "r10 y1 r20 b");
    check_steps(&b, 2, "b");
    g_assert_cmpuint(b.import.spurious, ==, 1);
    g_assert_cmpuint(b.import.self, ==, 1);
    release(&b);
}

/*
 * The recorder lost switches. CPU 1 is idle, b(2) is woken there at 10, and its next sign of life is
 * the wake that it prints at 30: it began at 10 plus the median from wakeup to switch on an idle CPU
 * seen elsewhere (c(3) on CPU 0: 4), so it ran 16 before its wake. At 40 the CPU's line is by d(4),
 * though b never left: b ended at the CPU's last event, 30, and since a wake of it comes at 50, it
 * had blocked. d began at 30.
 */
static void test_missing_switches(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 1, "e", 5, "S", "swapper/1", 0);
    add_switch(text, 0, 0, "e", 6, "S", "swapper/0", 0);
    add_wake(text, 1, 0, "dNh2.", "<idle>-0", "waking", "c", 3);
    add_wake(text, 2, 0, "dNh2.", "<idle>-0", "wakeup", "c", 3);
    add_switch(text, 6, 0, "swapper/0", 0, "R", "c", 3);
    add_wake(text, 9, 0, "d..3.", "c-3", "waking", "b", 2);
    add(text, 10, 1, "dNh2.", "<idle>-0", "sched_wakeup: comm=b pid=2 prio=120 target_cpu=001");
    add_wake(text, 30, 1, "d..3.", "b-2", "waking", "c", 3);
    add_switch(text, 40, 1, "d", 4, "S", "swapper/1", 0);
    add_wake(text, 50, 0, "d..3.", "c-3", "waking", "b", 2);
    b = build(text, false);
    g_assert_cmpint(b.import.idle_switch_ns, ==, 4000);
    g_assert_cmpuint(b.import.missing_switches, ==, 2);
    check_steps(&b, 2, "b r16 y2 b");
    check_steps(&b, 4, "r10 b");
    g_assert_cmpint(b.import.unrecorded_run_ns, ==, 16000 + 10000 + 44000);
    g_assert_cmpint(b.import.nr_unrecorded, ==, 3);
    release(&b);
}

/*
 * p(1) forks c(2) at 10, which runs 15 to 40 under a new comm and exits; p waits for it and is woken
 * by it at 38. Then pid 2 is forked again.
 */
static void test_fork_exec_exit(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 0, "swapper/0", 0, "R", "p", 1);
    add(text, 10, 0, ".....", "p-1", "sched_process_fork: comm=p pid=1 child_comm=p child_pid=2");
    add_wake(text, 11, 0, "d..2.", "p-1", "wakeup_new", "p", 2);
    add_switch(text, 15, 0, "p", 1, "S", "p", 2);
    add(text, 20, 0, ".....", "new-2", "sched_process_exec: filename=/bin/new pid=2 old_pid=2");
    add(text, 30, 0, ".....", "new-2",
        "sched_process_exit: comm=new pid=2 prio=120 group_dead=true");
    add_wake(text, 38, 0, "d..3.", "new-2", "waking", "p", 1);
    add_switch(text, 40, 0, "new", 2, "Z", "p", 1);
    add(text, 50, 0, ".....", "p-1", "sched_process_fork: comm=p pid=1 child_comm=p child_pid=2");
    add_switch(text, 60, 0, "p", 1, "S", "p", 2);
    add_switch(text, 70, 0, "p", 2, "S", "swapper/0", 0);
    b = build(text, false);
    g_assert_cmpint(b.w->trace->nr_tasks, ==, 3);
    check_steps(&b, 1, "r10 f1 r5 b r10 f2 r10 b");
    g_assert_cmpstr(b.w->trace->tasks[1].comm, ==, "new");
    g_assert_cmpint(b.w->trace->tasks[1].parent, ==, 0);
    g_assert_cmpint(b.w->trace->tasks[1].nr_steps, ==, 6); /* r5 e r18 w0 r2 x */
    g_assert_cmpint(trace_step_op(b.w->trace->tasks[1].steps[1]), ==, TRACE_EXEC);
    g_assert_cmpint(trace_step_op(b.w->trace->tasks[1].steps[5]), ==, TRACE_EXIT);
    g_assert_cmpuint(b.import.execs, ==, 1);
    check_steps(&b, 2, "r10 b");
    g_assert_cmpuint(b.import.pids_reused, ==, 1);
    g_assert_cmpint(b.import.exited, ==, 1);
    g_assert_cmpint(b.import.forked, ==, 2);
    release(&b);
}

/*
 * p(1) vforks c(2) at 10. C execs: at 20 it has the stopper of its CPU move it, at 32 it wakes p, which
 * has waited for it, and at 35 the event says that the program is loaded. Then q(4), which is not
 * moved: at 60 it wakes its parent p, and the event comes at 65; so it began before 60. R(5) wakes
 * nobody. No step is left of the stopper.
 */
static void test_exec(void)
{
    static const char fork[] = "sched_process_fork: comm=p pid=1 child_comm=p child_pid=";
    g_autofree char *fork_c = g_strconcat(fork, "2", NULL), *fork_q = g_strconcat(fork, "4", NULL);
    g_autofree char *fork_r = g_strconcat(fork, "5", NULL);
    GString *text = g_string_new(NULL);
    struct built b;

    add_switch(text, 0, 0, "swapper/0", 0, "R", "p", 1);
    add(text, 10, 0, ".....", "p-1", fork_c);
    add_wake(text, 10, 0, "d..2.", "p-1", "wakeup_new", "p", 2);
    add_switch(text, 10, 0, "p", 1, "D", "p", 2);
    add_wake(text, 20, 0, "d..3.", "c-2", "waking", "migration/0", 18);
    add_wake(text, 20, 0, "dN.4.", "c-2", "wakeup", "migration/0", 18);
    add_switch(text, 21, 0, "p", 2, "R+", "migration/0", 18);
    add_switch(text, 23, 0, "migration/0", 18, "S", "swapper/0", 0);
    add_switch(text, 25, 1, "swapper/1", 0, "R", "p", 2);
    add_wake(text, 32, 1, "d..3.", "c-2", "waking", "p", 1);
    add(text, 35, 1, ".....", "c-2", "sched_process_exec: filename=/bin/c pid=2 old_pid=2");
    add_switch(text, 36, 0, "swapper/0", 0, "R", "p", 1);
    add_switch(text, 40, 1, "c", 2, "S", "swapper/1", 0);
    add(text, 46, 0, ".....", "p-1", fork_q);
    add_wake(text, 46, 0, "d..2.", "p-1", "wakeup_new", "p", 4);
    add_switch(text, 46, 0, "p", 1, "D", "p", 4);
    add_wake(text, 60, 0, "d..3.", "q-4", "waking", "p", 1);
    add(text, 65, 0, ".....", "q-4", "sched_process_exec: filename=/bin/q pid=4 old_pid=4");
    add_switch(text, 70, 0, "q", 4, "S", "p", 1);
    add(text, 75, 0, ".....", "p-1", fork_r);
    add_wake(text, 75, 0, "d..2.", "p-1", "wakeup_new", "p", 5);
    add_switch(text, 80, 0, "p", 1, "S", "p", 5);
    add(text, 88, 0, ".....", "r-5", "sched_process_exec: filename=/bin/r pid=5 old_pid=5");
    add_switch(text, 90, 0, "r", 5, "S", "swapper/0", 0);
    b = build(text, false);
    check_steps(&b, 1, "r10 f1 b r10 f3 b r5 f4 r5 b");
    check_steps(&b, 2, "r10 e r8 y0 r8 b");
    check_steps(&b, 4, "r14 e y0 r10 b");
    check_steps(&b, 5, "r8 e r2 b");
    check_steps(&b, 18, "");
    g_assert_cmpuint(b.import.execs, ==, 3);
    g_assert_cmpuint(b.import.stopper, ==, 1);
    release(&b);
}

/* No flags, no sched_waking: over a task its wake, over idle external; both said. */
static void test_old_text(void)
{
    GString *text = g_string_new(NULL);
    struct built b;

    add(text, 0, 0, "", "<idle>-0",
        "sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=0 next_comm=a "
        "next_pid=1 next_prio=120");
    add(text, 10, 0, "", "a-1", "sched_wakeup: comm=b pid=2 prio=120 success=1 target_cpu=1");
    add(text, 11, 1, "", "<idle>-0", "sched_wakeup: comm=c pid=3 prio=120 success=1 target_cpu=1");
    add(text, 20, 0, "", "a-1",
        "sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=1 next_comm=swapper/0 "
        "next_pid=0 next_prio=120");
    b = build(text, false);
    check_steps(&b, 1, "r10 y1 r10 b");
    check_steps(&b, 2, "b");
    check_steps(&b, 3, "u11");
    g_assert_cmpuint(b.import.guessed, ==, 2);
    g_assert_cmpuint(b.import.messages->len, ==, 3); /* no waking, no flags, no tick */
    release(&b);
}

static void test_nothing_runs(void)
{
    struct trace_import_options options = {0};
    GString *text = g_string_new(NULL);
    g_autoptr(ftrace_text_t) t = NULL;
    g_autoptr(GError) error = NULL;
    struct trace_import import;

    add_wake(text, 0, 0, "d.h3.", "<idle>-0", "waking", "b", 2);
    t = ftrace_text_load_buffer("hand", text->str, text->len, &error);
    g_assert_no_error(error);
    g_assert_null(trace_build(t, "hand", &options, &import, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==,
                    "hand: no task ever runs here; expected a trace with sched_switch, "
                    "sched_waking and sched_wakeup");
    g_string_free(text, TRUE);
}

struct recorded {
    const char *name;
    int32_t tasks;
    uint64_t wakes[NR_TRACE_WAKE_KINDS];
};

/* Every wake of the record is accounted for, and each block has at most one. */
static void check_credits(const struct workload_trace *trace)
{
    g_autofree int64_t *credits = g_new0(int64_t, (gsize)trace->nr_tasks);

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        for (int32_t s = 0; s < trace->tasks[i].nr_steps; s++) {
            struct trace_step step = trace->tasks[i].steps[s];

            if (trace_step_op(step) == TRACE_WAKE || trace_step_op(step) == TRACE_WAKE_SYNC) {
                credits[trace_step_arg(step)]++;
            } else if (trace_step_op(step) == TRACE_BLOCK) {
                credits[i]--;
            }
        }
    }
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        const struct trace_task *t = &trace->tasks[i];

        if (credits[i] != 0) {
            g_assert_cmpint(credits[i], ==, -1);
            g_assert_cmpint(trace_step_op(t->steps[t->nr_steps - 1]), ==, TRACE_BLOCK);
        }
    }
}

static void test_recorded(gconstpointer data)
{
    const struct recorded *r = data;
    g_autofree char *file = g_strdup_printf("%s.ftrace.txt.gz", r->name);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "workloads", "traces", file, NULL);
    struct trace_import_options options = {0};
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) lines = NULL;
    struct built b = {0};
    uint64_t sum = 0;

    b.text = ftrace_text_load(path, &error);
    g_assert_no_error(error);
    b.w = trace_build(b.text, r->name, &options, &b.import, &error);
    g_assert_no_error(error);
    g_assert_cmpint(b.w->trace->nr_tasks, ==, r->tasks);
    for (int i = 0; i < NR_TRACE_WAKE_KINDS; i++) {
        g_assert_cmpuint(b.import.wakes[i], ==, r->wakes[i]);
        sum += r->wakes[i];
    }
    g_assert_cmpuint(sum - b.import.without_waking + b.import.spurious + b.import.self +
                         b.import.stopper,
                     ==, b.text->kind_counts[FTRACE_WAKING]);
    g_assert_cmpuint(b.import.missing_wakes, ==, 0);
    g_assert_cmpint(b.import.hz, ==, 250);
    check_credits(b.w->trace);
    lines = trace_import_describe(&b.import, b.text);
    g_assert_cmpuint(g_strv_length(lines), >, 8);
    release(&b);
}

int main(int argc, char **argv)
{
    static const struct recorded recorded[] = {
        {"make-j4", 93, {203, 139, 295, 222, 73}},
        {"nginx-wrk", 15, {0, 13984, 98, 23, 10}},
        {"pgbench-select", 22, {17877, 204, 8, 29, 77}},
        {"rt-app", 27, {20, 11, 35, 993, 2011}},
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace-build/preemption-splits", test_preemption_splits);
    g_test_add_func("/trace-build/switch-cost", test_switch_cost);
    g_test_add_func("/trace-build/wakes-by-tasks", test_wakes_by_tasks);
    g_test_add_func("/trace-build/softirqs", test_softirqs);
    g_test_add_func("/trace-build/timers", test_timers);
    g_test_add_func("/trace-build/races", test_races);
    g_test_add_func("/trace-build/spurious", test_spurious);
    g_test_add_func("/trace-build/missing-switches", test_missing_switches);
    g_test_add_func("/trace-build/fork-exec-exit", test_fork_exec_exit);
    g_test_add_func("/trace-build/exec", test_exec);
    g_test_add_func("/trace-build/old-text", test_old_text);
    g_test_add_func("/trace-build/nothing-runs", test_nothing_runs);
    for (size_t i = 0; i < G_N_ELEMENTS(recorded); i++) {
        g_autofree char *path = g_strdup_printf("/trace-build/recorded/%s", recorded[i].name);

        g_test_add_data_func(path, &recorded[i], test_recorded);
    }
    return g_test_run();
}
