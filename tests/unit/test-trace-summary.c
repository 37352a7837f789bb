/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Summaries of the recorded traces against those that came with them. */
#include <glib.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "format/trace/summary.h"

/* Our JSON has each member of theirs, equal; theirs also has a note on the kernel. */
static void check_equal(const char *at, JsonNode *ours, JsonNode *theirs)
{
    if (JSON_NODE_HOLDS_OBJECT(theirs)) {
        JsonObject *object = json_node_get_object(theirs);
        g_autoptr(GList) members = json_object_get_members(object);

        for (GList *m = members; m != NULL; m = m->next) {
            g_autofree char *path = g_strdup_printf("%s/%s", at, (const char *)m->data);

            if (strcmp(path, "/kernel") == 0) {
                continue;
            }
            if (!json_object_has_member(json_node_get_object(ours), m->data)) {
                g_error("%s is missing", path);
            }
            check_equal(path, json_object_get_member(json_node_get_object(ours), m->data),
                        json_object_get_member(object, m->data));
        }
        return;
    }
    if (!json_node_equal(ours, theirs)) {
        g_autofree char *a = json_to_string(ours, FALSE), *b = json_to_string(theirs, FALSE);

        g_error("%s is %s; the trace's summary says %s", at, a, b);
    }
}

static void test_recorded(gconstpointer name)
{
    g_autofree char *base = g_test_build_filename(G_TEST_DIST, "workloads", "traces", name, NULL);
    g_autofree char *trace = g_strconcat(base, ".ftrace.txt.gz", NULL);
    g_autofree char *truth = g_strconcat(base, ".summary.json", NULL);
    g_autofree char *json = NULL;
    g_autoptr(JsonParser) theirs = json_parser_new();
    g_autoptr(JsonNode) ours = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(ftrace_text_t) text = ftrace_text_load(trace, &error);
    g_autoptr(trace_summary_t) summary = NULL;

    g_assert_no_error(error);
    summary = trace_summary_new(text);
    json = trace_summary_to_json(summary, name);
    ours = json_from_string(json, &error);
    g_assert_no_error(error);
    json_parser_load_from_file(theirs, truth, &error);
    g_assert_no_error(error);
    check_equal("", ours, json_parser_get_root(theirs));
    g_assert_null(trace_summary_find(summary, "no such command"));
    g_assert_nonnull(trace_summary_find(summary, "rcu_preempt"));
}

/*
 * x(1) is woken at 10 and runs from 14 to 20, woken again at 22 and from 30 to 31: latencies 4 and
 * 8, so every percentile from p50 on is 8 (sample number floor(2 * 50 / 100) = 1). Its burst before
 * the first switch is not counted.
 */
static void test_by_hand(void)
{
#define SWITCH(us, prev, state, next)                                                              \
    "  t-1 [000] d..2. 1.0000" us ": sched_switch: prev_comm=c prev_pid=" prev                     \
    " prev_prio=120 prev_state=" state " ==> next_comm=c next_pid=" next " next_prio=120\n"
#define WAKEUP(us)                                                                                 \
    "  t-1 [000] d..2. 1.0000" us ": sched_wakeup: comm=c pid=1 prio=120 target_cpu=000\n"
    static const char text[] = SWITCH("05", "1", "S", "0") WAKEUP("10") SWITCH("14", "0", "R", "1")
        SWITCH("20", "1", "R", "0") WAKEUP("22") SWITCH("30", "0", "R", "1")
            SWITCH("31", "1", "S", "0");
    g_autoptr(GError) error = NULL;
    g_autoptr(ftrace_text_t) t = ftrace_text_load_buffer("t", text, strlen(text), &error);
    g_autoptr(trace_summary_t) summary = NULL;
    const struct trace_command *c;

    g_assert_no_error(error);
    summary = trace_summary_new(t);
    c = trace_summary_find(summary, "c");
    g_assert_cmpint(c->tasks, ==, 1);
    g_assert_cmpint(c->run_ns, ==, 7000);
    g_assert_cmpint(c->switch_in, ==, 2);
    g_assert_cmpint(c->preempted, ==, 1);
    g_assert_cmpint(c->blocked, ==, 2);
    g_assert_cmpint(c->wakeups, ==, 2);
    g_assert_cmpuint(c->wakeup_latency.n, ==, 2);
    g_assert_cmpint(c->wakeup_latency.p50_ns, ==, 8000);
    g_assert_cmpint(c->wakeup_latency.sum_ns, ==, 12000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace-summary/by-hand", test_by_hand);
    g_test_add_data_func("/trace-summary/make-j4", "make-j4", test_recorded);
    g_test_add_data_func("/trace-summary/nginx-wrk", "nginx-wrk", test_recorded);
    g_test_add_data_func("/trace-summary/pgbench-select", "pgbench-select", test_recorded);
    g_test_add_data_func("/trace-summary/rt-app", "rt-app", test_recorded);
    return g_test_run();
}
