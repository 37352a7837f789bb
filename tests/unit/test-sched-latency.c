/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `trace -f latency` counts: of whole runs and delays, and of those that the recording cuts. */
#include <glib.h>
#include <string.h>

#include "format/trace/sched-latency.h"

#define MS INT64_C(1000000)

static struct ftrace_task who(int32_t pid)
{
    static const char *const comms[] = {"swapper", "first", "second", "third"};

    return (struct ftrace_task){.comm = comms[pid], .pid = pid, .prio = 120};
}

static void wakes(struct sched_latency *l, int64_t now_ns, int32_t cpu, int32_t pid)
{
    struct ftrace_event e = {.time_ns = now_ns,
                             .cpu = cpu,
                             .kind = FTRACE_WAKEUP,
                             .task = who(pid),
                             .orig_cpu = -1,
                             .dest_cpu = cpu};

    sched_latency_event(l, &e, true);
}

static void switches(struct sched_latency *l, int64_t now_ns, int32_t cpu, int32_t from, int32_t to,
                     bool counted)
{
    struct ftrace_event e = {.time_ns = now_ns,
                             .cpu = cpu,
                             .kind = FTRACE_SWITCH,
                             .task = who(from),
                             .other = who(to),
                             .task_state = FTRACE_STATE_SLEEP,
                             .orig_cpu = -1,
                             .dest_cpu = -1};

    sched_latency_event(l, &e, counted);
}

/* That the table has a line of @comm that begins with @text. */
static void has_line(const struct sched_latency *l, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    sched_latency_append(l, NULL, NULL, out);
    if (strstr(out->str, text) == NULL) {
        g_test_message("%s", out->str);
        g_error("no line '%s'", text);
    }
}

static void has_no(const struct sched_latency *l, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    sched_latency_append(l, NULL, NULL, out);
    g_assert_null(strstr(out->str, text));
}

/* One runs from 2 ms to the end at 10, one waits from 4 ms on, one ended before. */
static struct sched_latency *recording(int64_t from_ns)
{
    struct sched_latency *l = sched_latency_new(from_ns);

    wakes(l, 0, 0, 3);
    switches(l, 0, 0, 0, 3, from_ns <= 0);
    wakes(l, 1 * MS, 0, 1);
    switches(l, 2 * MS, 0, 3, 1, from_ns <= 2 * MS);
    wakes(l, 4 * MS, 0, 2);
    return l;
}

static void test_tail(void)
{
    struct sched_latency *l = recording(0);

    sched_latency_finish(l, 10 * MS, NULL, NULL);
    has_line(l, "  first:1               |      8.000 ms |        1 | avg:   1.000 ms");
    has_line(l,
             "  second:2              |      0.000 ms |        1 | avg:   6.000 ms | max:   6.000 "
             "ms | max start:     0.004000 s | max end:     0.010000 s");
    has_line(l, "  third:3               |      2.000 ms |        1 | avg:   0.000 ms");
    has_line(l, "  TOTAL:                |     10.000 ms |        3 |");
    sched_latency_free(l);
}

/* Of a run that began before the part that is shown, the rest counts. */
static void test_part(void)
{
    struct sched_latency *l = recording(5 * MS);

    sched_latency_finish(l, 10 * MS, NULL, NULL);
    has_line(l,
             "  first:1               |      5.000 ms |        0 | avg:   0.000 ms | max:   0.000 "
             "ms | max start:     0.000000 s | max end:     0.000000 s");
    has_line(l, "  second:2              |      0.000 ms |        1 | avg:   6.000 ms");
    has_no(l, "third");
    sched_latency_free(l);
}

static bool is_cpu_1(int32_t cpu, void *data)
{
    (void)data;
    return cpu == 1;
}

/* What waits, waits where it was moved to; what runs is counted where it runs. */
static void test_cpus(void)
{
    struct sched_latency *l = recording(0);
    struct ftrace_event moved = {.time_ns = 7 * MS,
                                 .cpu = 1,
                                 .kind = FTRACE_MIGRATE,
                                 .task = who(2),
                                 .orig_cpu = 0,
                                 .dest_cpu = 1};

    sched_latency_event(l, &moved, true);
    sched_latency_finish(l, 10 * MS, is_cpu_1, NULL);
    has_line(l, "  second:2              |      0.000 ms |        1 | avg:   6.000 ms");
    has_line(l, "  first:1               |      0.000 ms |        1 | avg:   1.000 ms");
    sched_latency_free(l);
}

static void test_nothing(void)
{
    struct sched_latency *l = sched_latency_new(0);

    sched_latency_finish(l, 10 * MS, NULL, NULL);
    has_line(l, "  TOTAL:                |      0.000 ms |        0 |");
    sched_latency_free(l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sched-latency/tail", test_tail);
    g_test_add_func("/sched-latency/part", test_part);
    g_test_add_func("/sched-latency/cpus", test_cpus);
    g_test_add_func("/sched-latency/nothing", test_nothing);
    return g_test_run();
}
