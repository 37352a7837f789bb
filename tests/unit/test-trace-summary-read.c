/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "format/trace/summary.h"

static struct trace_summary *read_text(const char *text, GError **error)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("summary-XXXXXX.json", &path, NULL);
    struct trace_summary *summary;

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    summary = trace_summary_read_json(path, error);
    g_unlink(path);
    return summary;
}

static void test_shipped(void)
{
    static const char *const names[] = {"rt-app", "nginx-wrk", "make-j4", "pgbench-select"};
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = g_strconcat(names[i], ".summary.json", NULL);
        g_autofree char *path =
            g_build_filename(g_getenv("G_TEST_SRCDIR"), "workloads", "traces", file, NULL);
        g_autoptr(trace_summary_t) summary = trace_summary_read_json(path, &error);

        g_assert_no_error(error);
        g_assert_cmpint(summary->nr_commands, >, 0);
        g_assert_cmpint(summary->span_ns, >, 0);
    }
    g_autofree char *path = g_build_filename(g_getenv("G_TEST_SRCDIR"), "workloads", "traces",
                                             "rt-app.summary.json", NULL);
    g_autoptr(trace_summary_t) summary = trace_summary_read_json(path, &error);
    const struct trace_command *burst = trace_summary_find(summary, "burst");

    g_assert_cmpint(burst->run_ns, ==, 1816115000);
    g_assert_cmpint(burst->switch_in, ==, 2308);
    g_assert_cmpuint(burst->wakeup_latency.n, ==, 2049);
    g_assert_cmpint(burst->wakeup_latency.p99_ns, ==, 3028000);
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"by_comm\": {}}",
        "{\"by_comm\": {\"a\": 3}}",
        "{\"by_comm\": {\"a\": {\"run_us\": -1}}}",
        "{\"by_comm\": {\"a\": {\"run_us\": \"1\"}}}",
        "{\"by_comm\": {\"a\": {\"run_us\": 9223372036854775807}}}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(read_text(bad[i], &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    }
    g_autoptr(GError) error = NULL;

    g_assert_null(trace_summary_read_json("no/such.json", &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace-summary-read/shipped", test_shipped);
    g_test_add_func("/trace-summary-read/bad", test_bad);
    return g_test_run();
}
