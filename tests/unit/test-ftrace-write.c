/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writer of ftrace text writes is what the reader reads, in every kind of event. */
#include <glib.h>
#include <string.h>

#include "format/trace/ftrace-write.h"

static const struct ftrace_task nobody = {.prio = INT32_MIN};

/* @e with a printer, written and read back; the comms live in @strings. */
static struct ftrace_event there_and_back(struct ftrace_event e, GStringChunk *strings)
{
    g_autoptr(GString) line = g_string_new(NULL);
    struct ftrace_event got;
    const char *why = NULL;

    e.printer = (struct ftrace_task){.comm = "a b", .pid = 7, .prio = 120};
    ftrace_write_event(line, &e);
    g_assert_cmpint(line->str[line->len - 1], ==, '\n');
    g_assert_cmpint(ftrace_line_read(line->str, line->len - 1, strings, &got, &why), ==,
                    FTRACE_LINE_EVENT);
    g_assert_cmpint(got.time_ns, ==, e.time_ns);
    g_assert_cmpint(got.cpu, ==, e.cpu);
    g_assert_cmpint(got.kind, ==, e.kind);
    g_assert_cmpint(got.context, ==, e.context);
    g_assert_cmpint(got.printer.pid, ==, 7);
    g_assert_cmpstr(got.printer.comm, ==, "a b");
    g_assert_cmpint(got.task.pid, ==, e.task.pid);
    return got;
}

static void test_switch(void)
{
    static const enum ftrace_state states[] = {FTRACE_STATE_RUNNABLE, FTRACE_STATE_SLEEP,
                                               FTRACE_STATE_DISK, FTRACE_STATE_IDLE,
                                               FTRACE_STATE_DEAD};
    GStringChunk *strings = g_string_chunk_new(64);

    for (size_t i = 0; i < 2 * G_N_ELEMENTS(states); i++) {
        struct ftrace_event e = {.time_ns = 12345678901234,
                                 .cpu = 511,
                                 .kind = FTRACE_SWITCH,
                                 .context = FTRACE_CONTEXT_TASK,
                                 .task_state = states[i / 2],
                                 .preempted = i == 0,
                                 .task = {.comm = "x-1 [y]", .pid = 1, .prio = 139},
                                 .other = {.comm = "swapper/511", .pid = 0, .prio = 120}};
        struct ftrace_event got = there_and_back(e, strings);

        g_assert_cmpint(got.task_state, ==, e.task_state);
        g_assert_cmpint(got.preempted, ==, e.preempted);
        g_assert_cmpstr(got.task.comm, ==, "x-1 [y]");
        g_assert_cmpint(got.task.prio, ==, 139);
        g_assert_cmpstr(got.other.comm, ==, "swapper/511");
        g_assert_cmpint(got.other.pid, ==, 0);
    }
    g_string_chunk_free(strings);
}

static void test_wakes(void)
{
    static const enum ftrace_kind kinds[] = {FTRACE_WAKING, FTRACE_WAKEUP, FTRACE_WAKEUP_NEW};
    GStringChunk *strings = g_string_chunk_new(64);

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (int sync = 0; sync < 3; sync++) {
            struct ftrace_event e = {.time_ns = 9,
                                     .cpu = 3,
                                     .kind = kinds[i],
                                     .context =
                                         i == 1 ? FTRACE_CONTEXT_HARDIRQ : FTRACE_CONTEXT_SOFTIRQ,
                                     .sync = (enum ftrace_sync)sync,
                                     .dest_cpu = 12,
                                     .task = {.comm = "x", .pid = 2, .prio = 0},
                                     .other = nobody};
            struct ftrace_event got = there_and_back(e, strings);

            g_assert_cmpint(got.dest_cpu, ==, 12);
            g_assert_cmpint(got.sync, ==, i == 0 ? e.sync : FTRACE_SYNC_NOT_TOLD);
        }
    }
    g_string_chunk_free(strings);
}

static void test_others(void)
{
    GStringChunk *strings = g_string_chunk_new(64);
    struct ftrace_event e = {.time_ns = INT64_C(1000000000),
                             .kind = FTRACE_MIGRATE,
                             .context = FTRACE_CONTEXT_TASK,
                             .orig_cpu = 4,
                             .dest_cpu = 5,
                             .task = {.comm = "x", .pid = 2, .prio = 98},
                             .other = {.comm = "child", .pid = 3, .prio = 120}};
    struct ftrace_event got = there_and_back(e, strings);

    g_assert_cmpint(got.orig_cpu, ==, 4);
    g_assert_cmpint(got.dest_cpu, ==, 5);
    e.kind = FTRACE_FORK;
    got = there_and_back(e, strings);
    g_assert_cmpint(got.other.pid, ==, 3);
    g_assert_cmpstr(got.other.comm, ==, "child");
    e.kind = FTRACE_EXEC;
    there_and_back(e, strings);
    e.kind = FTRACE_EXIT;
    there_and_back(e, strings);
    g_string_chunk_free(strings);
}

/* Nothing of what else is written hinders reading it. */
static void test_whole(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(ftrace_text_t) got = NULL;
    g_autoptr(GError) error = NULL;
    struct ftrace_event e = {.kind = FTRACE_WAKEUP,
                             .task = {.comm = "x", .pid = 2, .prio = 120},
                             .printer = {.comm = "swapper/0", .pid = 0, .prio = 120}};

    ftrace_write_header(text, 8);
    ftrace_write_event(text, &e);
    ftrace_write_other(text, &e, "sched_stat_runtime", "comm=x pid=2 runtime=5 [ns]");
    got = ftrace_text_load_buffer("t", text->str, text->len, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(got->nr_events, ==, 1);
    g_assert_cmpuint(got->unknown_events, ==, 1);
    g_assert_cmpuint(ftrace_text_warnings(got), ==, 0);
    g_assert_false(got->tells_sync);
    g_assert_nonnull(strstr(text->str, "          <idle>-0       [000] d..2.     0.000000000: "
                                       "sched_wakeup: comm=x pid=2 prio=120 target_cpu=000\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ftrace-write/switch", test_switch);
    g_test_add_func("/ftrace-write/wakes", test_wakes);
    g_test_add_func("/ftrace-write/others", test_others);
    g_test_add_func("/ftrace-write/whole", test_whole);
    return g_test_run();
}
