/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ftrace reader over single lines, small texts, the recorded traces, and tests/bad/trace, where
 * each NAME.txt has its whole message in NAME.expect.
 */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "files-fixture.h"
#include "format/trace/ftrace-text.h"

#define HEAD  "  sh-7   [001] d..2.    10.000001: "
#define EVENT HEAD "sched_waking: comm=sh pid=7 prio=120 target_cpu=001\n"

static struct ftrace_text *read_text(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct ftrace_text *t = ftrace_text_load_buffer("t", text, strlen(text), &error);

    g_assert_no_error(error);
    return t;
}

/* The event of a single @line, whose comms live in @strings. */
static struct ftrace_event read_line(const char *line, GStringChunk *strings)
{
    struct ftrace_event e;
    const char *why = NULL;

    g_assert_cmpint(ftrace_line_read(line, strlen(line), strings, &e, &why), ==, FTRACE_LINE_EVENT);
    return e;
}

static void test_switch(void)
{
    GStringChunk *strings = g_string_chunk_new(64);
    struct ftrace_event e =
        read_line("     kworker/1:1H-44      [001] dNs5.  6790.022934: sched_switch: "
                  "prev_comm=make a-b prev_pid=10484 prev_prio=100 prev_state=R+ ==> "
                  "next_comm=migration/1 next_pid=21 next_prio=0",
                  strings);

    g_assert_cmpint(e.time_ns, ==, 6790022934000);
    g_assert_cmpint(e.cpu, ==, 1);
    g_assert_cmpint(e.kind, ==, FTRACE_SWITCH);
    g_assert_cmpint(e.context, ==, FTRACE_CONTEXT_SOFTIRQ);
    g_assert_cmpstr(e.printer.comm, ==, "kworker/1:1H");
    g_assert_cmpint(e.printer.pid, ==, 44);
    g_assert_cmpstr(e.task.comm, ==, "make a-b");
    g_assert_cmpint(e.task.pid, ==, 10484);
    g_assert_cmpint(e.task.prio, ==, 100);
    g_assert_cmpint(e.task_state, ==, FTRACE_STATE_RUNNABLE);
    g_assert_cmpstr(e.other.comm, ==, "migration/1");
    g_assert_cmpint(e.other.pid, ==, 21);
    g_assert_cmpint(e.other.prio, ==, 0);
    g_string_chunk_free(strings);
}

static void test_other_kinds(void)
{
    GStringChunk *strings = g_string_chunk_new(64);
    struct ftrace_event e;

    e = read_line(HEAD "sched_migrate_task: comm=x pid=3 prio=120 orig_cpu=1 dest_cpu=0", strings);
    g_assert_cmpint(e.kind, ==, FTRACE_MIGRATE);
    g_assert_cmpint(e.orig_cpu, ==, 1);
    g_assert_cmpint(e.dest_cpu, ==, 0);
    e = read_line(HEAD "sched_process_fork: comm=x pid=3 child_comm=y z child_pid=4", strings);
    g_assert_cmpint(e.task.pid, ==, 3);
    g_assert_cmpstr(e.other.comm, ==, "y z");
    g_assert_cmpint(e.other.pid, ==, 4);
    e = read_line(HEAD "sched_process_exec: filename=/a pid=9 b pid=3 old_pid=8", strings);
    g_assert_cmpint(e.task.pid, ==, 3);
    e = read_line(HEAD "sched_process_exit: comm=x pid=3 prio=120 group_dead=true", strings);
    g_assert_cmpint(e.kind, ==, FTRACE_EXIT);
    e = read_line(HEAD "sched_wakeup_new: comm=x pid=3 prio=120 target_cpu=007", strings);
    g_assert_cmpint(e.kind, ==, FTRACE_WAKEUP_NEW);
    g_assert_cmpint(e.dest_cpu, ==, 7);
    g_string_chunk_free(strings);
}

/* Old kernels and trace-cmd: no flags, nine digits, numbers for states, the plugin's short form. */
static void test_layouts(void)
{
    GStringChunk *strings = g_string_chunk_new(64);
    struct ftrace_event e;

    e = read_line("<idle>-0     [002]    76.211523123: sched_switch:          prev_comm=swapper/2 "
                  "prev_pid=0 prev_prio=120 prev_state=0 next_comm=sh next_pid=1642 next_prio=120",
                  strings);
    g_assert_cmpint(e.time_ns, ==, 76211523123);
    g_assert_cmpint(e.context, ==, FTRACE_CONTEXT_UNKNOWN);
    g_assert_cmpint(e.task_state, ==, FTRACE_STATE_RUNNABLE);
    e = read_line("a [1] -0 ( 1234) [002] d.h1.   76.5: sched_wakeup: sh -x:1642 [120] success=1 "
                  "CPU:003",
                  strings);
    g_assert_cmpstr(e.printer.comm, ==, "a [1] ");
    g_assert_cmpint(e.context, ==, FTRACE_CONTEXT_HARDIRQ);
    g_assert_cmpint(e.time_ns, ==, 76500000000);
    g_assert_cmpstr(e.task.comm, ==, "sh -x");
    g_assert_cmpint(e.task.pid, ==, 1642);
    g_assert_cmpint(e.dest_cpu, ==, 3);
    e = read_line(HEAD "sched_switch: sh -x:7 [120] S ==> kworker/0:1:46 [100]", strings);
    g_assert_cmpstr(e.task.comm, ==, "sh -x");
    g_assert_cmpint(e.task_state, ==, FTRACE_STATE_SLEEP);
    g_assert_cmpstr(e.other.comm, ==, "kworker/0:1");
    g_assert_cmpint(e.other.pid, ==, 46);
    g_assert_cmpint(e.other.prio, ==, 100);
    g_string_chunk_free(strings);
}

static void test_states(void)
{
    static const struct {
        const char *text;
        enum ftrace_state state;
    } cases[] = {
        {"R", FTRACE_STATE_RUNNABLE}, {"R+", FTRACE_STATE_RUNNABLE},   {"S", FTRACE_STATE_SLEEP},
        {"D|K", FTRACE_STATE_DISK},   {"I", FTRACE_STATE_IDLE},        {"Z", FTRACE_STATE_DEAD},
        {"X", FTRACE_STATE_DEAD},     {"4096", FTRACE_STATE_RUNNABLE}, {"1", FTRACE_STATE_SLEEP},
        {"130", FTRACE_STATE_DISK},   {"1026", FTRACE_STATE_IDLE},     {"64", FTRACE_STATE_DEAD},
    };
    GStringChunk *strings = g_string_chunk_new(64);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line =
            g_strdup_printf(HEAD "sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=%s "
                                 "==> next_comm=b next_pid=2 next_prio=120",
                            cases[i].text);

        g_assert_cmpint(read_line(line, strings).task_state, ==, cases[i].state);
    }
    g_string_chunk_free(strings);
}

/* Every kind of gap is counted, and what is left is read. */
static void test_counts(void)
{
    g_autoptr(ftrace_text_t) t = read_text(
        "version = 6\ncpus=2\n# entries-in-buffer/entries-written: 20/99   #P:2\n"
        "##### CPU 1 buffer started ####\n\n" EVENT
        "CPU:1 [LOST 123 EVENTS]\nCPU:0 [7 EVENTS DROPPED]\nCPU:0 [EVENTS DROPPED]\n" EVENT
        "  sh-7   [000] .....    10.000500: sched_pi_setprio: comm=x pid=1\n"
        "  sh-7   [000] .....    10.000500: sched_wakeup: comm=x pid=1 prio=120 success=0 "
        "target_cpu=000\n"
        "no line of ftrace\n"
        "  sh-7   [000] .....    10.000499: sched_waking: comm=x pid=1 prio=120 "
        "target_cpu=000\n" EVENT EVENT EVENT EVENT EVENT EVENT EVENT
        "  sh-7   [000] .....    10.000100: sched_waking: comm=x pid=1 prio=120 target_cpu=000");

    g_assert_cmpuint(t->nr_events, ==, 10);
    g_assert_cmpint(t->nr_cpus, ==, 2);
    g_assert_cmpuint(t->unknown_events, ==, 2);
    g_assert_cmpuint(t->malformed_lines, ==, 1);
    g_assert_cmpuint(t->lost_markers, ==, 3);
    g_assert_cmpuint(t->lost_events, ==, 130);
    g_assert_cmpuint(t->late_buffers, ==, 1);
    g_assert_cmpuint(t->reordered_lines, ==, 7);
    g_assert_cmpuint(t->unfinished_lines, ==, 1);
    /* 10 events, 2 others, 1 unreadable, 1 unfinished of 20. */
    g_assert_cmpuint(t->missing_entries, ==, 6);
    g_assert_cmpuint(t->messages->len, ==, 14);
    g_assert_cmpstr(g_ptr_array_index(t->messages, 1), ==, "t:7: CPU 1 lost 123 events here");
    for (size_t i = 1; i < t->nr_events; i++) {
        g_assert_cmpint(t->events[i - 1].time_ns, <=, t->events[i].time_ns);
    }
}

/* A comm may hold what no other format carries. */
static void test_comm_bytes(void)
{
    g_autoptr(ftrace_text_t) t =
        read_text(HEAD "sched_waking: comm=\xff\x01\xc2\x85z pid=7 prio=120 target_cpu=001\n");

    g_assert_true(g_utf8_validate(t->events[0].task.comm, -1, NULL));
    g_assert_nonnull(strchr(t->events[0].task.comm, 'z'));
    for (const char *c = t->events[0].task.comm; *c != '\0'; c++) {
        g_assert_cmpint((unsigned char)*c, >=, 0x20);
    }
}

static void test_bad_gzip(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "workloads", "traces", "rt-app.ftrace.txt.gz", NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    g_assert_null(ftrace_text_load_buffer("cut.gz", bytes, size / 2, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(
        g_str_has_prefix(error->message, "cut.gz: the compressed file is damaged or cut"));
}

static bool read_bytes(const char *name, const char *bytes, gsize size, GError **error)
{
    g_autoptr(ftrace_text_t) text = ftrace_text_load_buffer(name, bytes, size, error);

    return text != NULL;
}

static void test_bad_files(void)
{
    files_check_refused("tests/bad/trace", ".txt", 5, read_bytes);
}

static void test_missing_file(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(ftrace_text_load("/nonexistent/trace", &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

/* The counts of lines are those of `zgrep -c` over the files. */
static void test_recorded(void)
{
    static const struct {
        const char *name;
        uint64_t events, switches, wakings;
    } traces[] = {
        {"make-j4", 5532, 3202, 952},
        {"nginx-wrk", 50898, 22349, 14114},
        {"pgbench-select", 59210, 22811, 18195},
        {"rt-app", 11968, 5784, 3072},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(traces); i++) {
        g_autofree char *file = g_strdup_printf("%s.ftrace.txt.gz", traces[i].name);
        g_autofree char *path =
            g_test_build_filename(G_TEST_DIST, "workloads", "traces", file, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(ftrace_text_t) t = ftrace_text_load(path, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(t->nr_events, ==, traces[i].events);
        g_assert_cmpuint(t->kind_counts[FTRACE_SWITCH], ==, traces[i].switches);
        g_assert_cmpuint(t->kind_counts[FTRACE_WAKING], ==, traces[i].wakings);
        g_assert_cmpuint(ftrace_text_warnings(t), ==, 0);
        g_assert_cmpint(t->nr_cpus, ==, 2);
        g_assert_true(t->has_flags);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ftrace-text/switch", test_switch);
    g_test_add_func("/ftrace-text/other-kinds", test_other_kinds);
    g_test_add_func("/ftrace-text/layouts", test_layouts);
    g_test_add_func("/ftrace-text/states", test_states);
    g_test_add_func("/ftrace-text/counts", test_counts);
    g_test_add_func("/ftrace-text/comm-bytes", test_comm_bytes);
    g_test_add_func("/ftrace-text/bad-gzip", test_bad_gzip);
    g_test_add_func("/ftrace-text/bad-files", test_bad_files);
    g_test_add_func("/ftrace-text/missing-file", test_missing_file);
    g_test_add_func("/ftrace-text/recorded", test_recorded);
    return g_test_run();
}
