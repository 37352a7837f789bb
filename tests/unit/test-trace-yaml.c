/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces and their memory in workload and overlay files: there and back, and what is refused. */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "format/trace/yaml.h"
#include "format/workload-yaml.h"

#define HEAD "numasim: workload/1\ntrace:\n  span: 1ms\n  tasks:\n"

static const char whole[] =
    "numasim: workload/1\n"
    "name: small\n"
    "sources:\n"
    "  - made up for this test\n"
    "trace:\n"
    "  span: 1ms\n"
    "  tasks:\n"
    "    - {comm: \"a b\", pid: 7, prio: 98, starts: running, steps: r12.5 w1 f2 y1 b s100 "
    "r0.001}\n"
    "    - {comm: c, steps: \"b r3\\n  u5000 b\"}\n"
    "    - {comm: \"#d: \\\"\", parent: 0, steps: x}\n"
    "  memory:\n"
    "    c:\n"
    "      regions:\n"
    "        heap: {size: 64MiB, working-set: 8MiB, page: 2MiB, touch: first, shared: false}\n"
    "        log: {size: 1GiB, pattern: sequential}\n"
    "      misses: {log: 20/ms, heap: 0.5/s}\n"
    "      mlp: 2.5\n";

static struct workload *read_text(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct workload *w = workload_read_yaml_buffer("t.yaml", text, strlen(text), &error);

    g_assert_no_error(error);
    return w;
}

static void check_whole(const struct workload_trace *trace)
{
    static const struct trace_step steps[] = {
        {(uint64_t)12500 << 4 | TRACE_RUN},
        {1 << 4 | TRACE_WAKE},
        {2 << 4 | TRACE_FORK},
        {1 << 4 | TRACE_WAKE_SYNC},
        {TRACE_BLOCK},
        {(uint64_t)100000 << 4 | TRACE_SLEEP},
        {1 << 4 | TRACE_RUN},
    };
    const struct trace_task *t = trace->tasks;
    const struct trace_memory *m = trace->memory;

    g_assert_cmpint(trace->span_ns, ==, 1000000);
    g_assert_cmpint(trace->nr_tasks, ==, 3);
    g_assert_cmpstr(t[0].comm, ==, "a b");
    g_assert_cmpint(t[0].pid, ==, 7);
    g_assert_cmpint(t[0].prio, ==, 98);
    g_assert_cmpint(t[0].parent, ==, -1);
    g_assert_true(t[0].runs_at_start);
    g_assert_cmpint(t[0].nr_steps, ==, G_N_ELEMENTS(steps));
    g_assert_true(memcmp(t[0].steps, steps, sizeof(steps)) == 0);
    g_assert_cmpint(t[1].nr_steps, ==, 4);
    g_assert_cmpint(t[1].prio, ==, 120);
    g_assert_false(t[1].runs_at_start);
    g_assert_cmpint(trace_step_arg(t[1].steps[2]), ==, 5000000);
    g_assert_cmpstr(t[2].comm, ==, "#d: \"");
    g_assert_cmpint(t[2].parent, ==, 0);
    g_assert_cmpint(trace->nr_memory, ==, 1);
    g_assert_cmpstr(m->comm, ==, "c");
    g_assert_cmpint(m->nr_regions, ==, 2);
    g_assert_cmpint(m->regions[0].page, ==, PAGE_2M);
    g_assert_cmpint(m->regions[0].touch, ==, TOUCH_FIRST);
    g_assert_false(m->regions[0].shared);
    g_assert_true(m->regions[1].shared);
    g_assert_cmpint(m->regions[1].pattern, ==, PATTERN_SEQUENTIAL);
    g_assert_cmpint(m->mix.entries[0].region, ==, 1);
    g_assert_cmpint(m->mix.entries[0].per_s_milli, ==, 20000000);
    g_assert_cmpint(m->mix.entries[1].per_s_milli, ==, 500);
    g_assert_cmpint(m->mix.mlp_ppm, ==, 2500000);
}

static void test_round_trip(void)
{
    static const char *const comments[] = {"first\nsecond", "", NULL};
    g_autoptr(workload_t) w = read_text(whole);
    g_autoptr(workload_t) again = NULL;
    g_autofree char *yaml = NULL, *twice = NULL;

    check_whole(w->trace);
    yaml = workload_trace_to_yaml(w, comments);
    g_assert_true(g_str_has_prefix(yaml, "numasim: workload/1\n# first\n# second\n#\n"));
    again = read_text(yaml);
    check_whole(again->trace);
    g_assert_cmpstr(again->name, ==, "small");
    g_assert_cmpstr(again->sources[0], ==, "made up for this test");
    twice = workload_trace_to_yaml(again, comments);
    g_assert_cmpstr(yaml, ==, twice);
}

/* A long list of steps is folded, and reads back. */
static void test_long_steps(void)
{
    g_autoptr(GString) text = g_string_new(HEAD "    - {comm: a, starts: running, steps: ");
    g_autoptr(workload_t) w = NULL;
    g_autoptr(workload_t) again = NULL;
    g_autofree char *yaml = NULL;
    g_auto(GStrv) lines = NULL;

    for (int i = 0; i < 2000; i++) {
        g_string_append_printf(text, "r%d s%d ", i, 2 * i);
    }
    g_string_append(text, "b}\n");
    w = read_text(text->str);
    g_assert_cmpint(w->trace->tasks[0].nr_steps, ==, 4001);
    yaml = workload_trace_to_yaml(w, NULL);
    lines = g_strsplit(yaml, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_assert_cmpuint(strlen(*line), <=, 100);
    }
    again = read_text(yaml);
    g_assert_cmpint(again->trace->tasks[0].nr_steps, ==, 4001);
    g_assert_true(memcmp(w->trace->tasks[0].steps, again->trace->tasks[0].steps,
                         4001 * sizeof(struct trace_step)) == 0);
}

static void test_bad_traces(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {HEAD "    - {comm: a, steps: r1 q5}\n",
         "t.yaml:5:24: step 1, 'q5', cannot be read; expected a letter and what it needs: r12.5 w3 "
         "y3 b u5000 s100 f7 e x"},
        {HEAD "    - {comm: a, steps: r}\n", "t.yaml:5:24: step 0, 'r', cannot be read"},
        {HEAD "    - {comm: a, steps: w1.5}\n", "t.yaml:5:24: step 0, 'w1.5', cannot be read"},
        {HEAD "    - {comm: a, steps: r1.2345}\n", "t.yaml:5:24: step 0, 'r1.2345', cannot be"},
        {HEAD "    - {comm: a, steps: b3}\n", "t.yaml:5:24: step 0, 'b3', cannot be read"},
        {HEAD "    - {comm: a, steps: x b}\n",
         "t.yaml:5:24: step 1 stands behind an exit; expected x to be last"},
        {HEAD "    - {comm: a, steps: w1}\n", "t.yaml:5:24: step 0 names task 1; expected 0 to 0"},
        {HEAD "    - {comm: a, steps: f0}\n",
         "t.yaml:5:24: step 0 forks task 0; expected a task with 'parent: 0' that is forked once"},
        {HEAD "    - {comm: a, steps: b}\n    - {comm: b, parent: 0, steps: b}\n",
         "t.yaml:6:7: task 1 is never forked; expected 'f1' in the steps of its parent"},
        {HEAD "    - {comm: a, parent: 1, steps: b}\n",
         "t.yaml:5:25: there is no task 1; expected 0 to 0"},
        {HEAD "    - {comm: abcdefghijklmnopq, steps: b}\n",
         "t.yaml:5:14: 'comm' has more than 15 bytes; expected at most that"},
        {HEAD "    - {comm: a, parent: 0, starts: running, steps: b}\n",
         "t.yaml:5:36: a task with a parent cannot run at the start; expected one of the two"},
        {"numasim: workload/1\ntrace:\n  span: 1ms\n  tasks: []\n",
         "t.yaml:4:10: 0 tasks; expected 1 to 1000000"},
        {HEAD "    - {comm: a, steps: b}\n  memory: {a: {regions: {r: {size: 1MiB}}, misses: "
              "{q: 1/ms}}}\n",
         "t.yaml:6:53: unknown region 'q'; expected r"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(
            workload_read_yaml_buffer("t.yaml", cases[i].text, strlen(cases[i].text), &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        if (!g_str_has_prefix(error->message, cases[i].message)) {
            g_assert_cmpstr(error->message, ==, cases[i].message);
        }
    }
}

static struct trace_overlay *read_overlay(const char *text, GError **error)
{
    return trace_overlay_read_buffer("o.yaml", text, strlen(text), error);
}

static void test_overlay(void)
{
    static const char text[] = "numasim: overlay/1\n"
                               "commands:\n"
                               "  c:\n"
                               "    regions: {all: {size: 1MiB}}\n"
                               "    misses: {all: 3/ms}\n"
                               "    source: counted by hand\n";
    g_autoptr(workload_t) w = read_text(whole);
    g_autoptr(GError) error = NULL;
    g_autoptr(trace_overlay_t) overlay = read_overlay(text, &error);

    g_assert_no_error(error);
    g_assert_cmpint(overlay->nr_memory, ==, 1);
    g_assert_true(trace_overlay_apply(overlay, w, &error));
    g_assert_no_error(error);
    g_assert_cmpint(w->trace->nr_memory, ==, 1);
    g_assert_cmpstr(w->trace->memory[0].regions[0].name, ==, "all");
    g_assert_cmpint(w->trace->memory[0].mix.mlp_ppm, ==, 1000000);
    g_assert_cmpstr(w->sources[1], ==, "memory: counted by hand");
    g_assert_null(w->sources[2]);
}

static void test_bad_overlays(void)
{
    g_autoptr(workload_t) w = read_text(whole);
    g_autoptr(GError) error = NULL;
    g_autoptr(trace_overlay_t) overlay =
        read_overlay("numasim: overlay/1\ncommands: {ab: {regions: {r: {size: 1MiB}}, misses: {r: "
                     "1/ms}, source: x}}\n",
                     &error);

    g_assert_no_error(error);
    g_assert_false(trace_overlay_apply(overlay, w, &error));
    g_assert_cmpstr(error->message, ==,
                    "o.yaml: command 'ab' is not in the trace (did you mean 'a b'?)");
    g_assert_cmpint(overlay->nr_memory, ==, 1);
    g_clear_error(&error);
    g_assert_null(read_overlay("numasim: overlay/1\ncommands: {c: {regions: {r: {size: 1MiB}}, "
                               "misses: {r: 1/ms}}}\n",
                               &error));
    g_assert_true(g_str_has_prefix(error->message, "o.yaml:2:15: 'c' has no 'source'; expected "
                                                   "where its numbers come from"));
    g_clear_error(&error);
    g_assert_null(read_overlay("numasim: workload/1\n", &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
}

/* The shipped traces and their overlay. */
static void test_shipped(void)
{
    static const char *const names[] = {"make-j4", "nginx-wrk", "pgbench-select", "rt-app"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = g_strconcat(names[i], ".yaml", NULL);
        g_autofree char *path =
            g_test_build_filename(G_TEST_DIST, "workloads", "traces", file, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(workload_t) w = workload_read_yaml(path, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(w->name, ==, names[i]);
        g_assert_nonnull(w->trace);
        g_assert_nonnull(w->description);
        g_assert_nonnull(w->sources[0]);
    }
}

static void test_shipped_overlay(void)
{
    g_autofree char *base = g_test_build_filename(G_TEST_DIST, "workloads", "traces", NULL);
    g_autofree char *path = g_build_filename(base, "pgbench-select.overlay.yaml", NULL);
    g_autofree char *trace = g_build_filename(base, "pgbench-select.yaml", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(trace_overlay_t) overlay = trace_overlay_read(path, &error);
    g_autoptr(workload_t) w = NULL;

    g_assert_no_error(error);
    w = workload_read_yaml(trace, &error);
    g_assert_no_error(error);
    g_assert_true(trace_overlay_apply(overlay, w, &error));
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace-yaml/round-trip", test_round_trip);
    g_test_add_func("/trace-yaml/long-steps", test_long_steps);
    g_test_add_func("/trace-yaml/bad-traces", test_bad_traces);
    g_test_add_func("/trace-yaml/overlay", test_overlay);
    g_test_add_func("/trace-yaml/bad-overlays", test_bad_overlays);
    g_test_add_func("/trace-yaml/shipped", test_shipped);
    g_test_add_func("/trace-yaml/shipped-overlay", test_shipped_overlay);
    return g_test_run();
}
