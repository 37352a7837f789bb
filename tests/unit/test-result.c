/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "observe/occupancy.h"
#include "observe/progress.h"
#include "observe/result-table.h"
#include "observe/result.h"

static char **strings(const char *text)
{
    return g_strsplit(text, " ", -1);
}

static struct result *result_new_full(void)
{
    struct result *r = result_new();

    g_free(r->digest);
    r->digest = g_strdup("0123456789abcdef0123456789abcdef");
    g_free(r->topology.name);
    r->topology.name = g_strdup("a \"quoted\\\" name\twith \xc3\xa9");
    r->workloads = g_new0(struct result_input, 1);
    r->nr_workloads = 1;
    r->workloads[0] = (struct result_input){g_strdup("w"), g_strdup("d1"), 3};
    r->plugins = g_new0(struct result_plugin, 1);
    r->nr_plugins = 1;
    r->plugins[0] = (struct result_plugin){.name = g_strdup("eevdf"),
                                           .version = g_strdup("1"),
                                           .source_hash = g_strdup("abc"),
                                           .roles = strings("queue")};
    r->plugins[0].params = g_new0(struct result_param, 1);
    r->plugins[0].nr_params = 1;
    r->plugins[0].params[0] = (struct result_param){g_strdup("base_slice_ns"), g_strdup("3ms")};
    r->host = g_new0(struct result_param, 1);
    r->nr_host = 1;
    r->host[0] = (struct result_param){g_strdup("autogroup"), g_strdup("on")};
    r->seed = G_MAXUINT64;
    r->duration_ns = 5000;
    r->end_ns = 5000;
    result_add(r, "z.last", RESULT_NS, G_MAXINT64);
    result_add(r, "throughput.db_per_s", RESULT_PER_S, 1500);
    result_add(r, "cpu.utilisation", RESULT_RATIO, 983421);
    result_add(r, "negative", RESULT_RATIO, -1);
    result_add_ratio(r, "third", 1, 3);
    result_add_ratio(r, "nothing", 1, 0);
    struct result_histogram *h = result_add_histogram(r, "wakeup_latency_ns", RESULT_NS);

    h->count = 3;
    h->min = 5;
    h->mean = 40;
    h->max = 99;
    h->nr_buckets = 2;
    h->buckets = g_new0(struct result_bucket, 2);
    h->buckets[0] = (struct result_bucket){5, 1};
    h->buckets[1] = (struct result_bucket){99, 2};
    struct result_matrix *m =
        result_add_matrix(r, "accesses", RESULT_COUNT, strings("0 1"), strings("0 1 2"));

    m->values[5] = 42;
    r->series.interval_ns = 1000;
    r->series.columns = g_new0(struct result_column, 2);
    r->series.columns[0] = (struct result_column){g_strdup("cpu.utilisation"), RESULT_RATIO};
    r->series.columns[1] = (struct result_column){g_strdup("cpu.idle"), RESULT_COUNT};
    r->series.nr_columns = 2;
    r->series.nr_rows = 1;
    r->series.end_ns = g_new0(int64_t, 1);
    r->series.end_ns[0] = 1000;
    r->series.values = g_new0(int64_t, 2);
    r->series.values[0] = 250000;
    r->series.values[1] = 3;
    result_sort(r);
    return r;
}

static void test_round_trip(void)
{
    g_autoptr(result_t) r = result_new_full();
    g_autofree char *json = result_to_json(r, NULL);
    GError *error = NULL;
    g_autoptr(result_t) back = result_parse("test", json, -1, &error);

    g_assert_no_error(error);
    g_autofree char *again = result_to_json(back, NULL);

    g_assert_cmpstr(json, ==, again);
    g_assert_cmpint(result_metric(back, "z.last")->value, ==, G_MAXINT64);
    g_assert_cmpint(result_metric(back, "third")->value, ==, 333333);
    g_assert_cmpint(result_metric(back, "negative")->value, ==, -1);
    g_assert_null(result_metric(back, "nothing"));
    g_assert_cmpuint(back->seed, ==, G_MAXUINT64);
    g_assert_cmpint(result_matrix(back, "accesses")->values[5], ==, 42);
    g_assert_cmpuint(result_histogram(back, "wakeup_latency_ns")->buckets[1].count, ==, 2);
    g_assert_cmpint(back->series.values[0], ==, 250000);
    g_assert_cmpint(back->nr_host, ==, 1);
    g_assert_cmpstr(back->host[0].value, ==, "on");
    g_assert_nonnull(strstr(json, "\"value\": 0.983421, \"unit\": \"ratio\""));
    g_assert_nonnull(strstr(json, "\"value\": 1.500, \"unit\": \"per_s\""));
    g_assert_nonnull(strstr(json, "\"value\": -0.000001, \"unit\": \"ratio\""));
    g_autofree char *csv = result_series_to_csv(back);

    g_assert_cmpstr(csv, ==, "end_ns,cpu.utilisation,cpu.idle\n1000,0.250000,3\n");
}

/* Replaces @from in a good document by @to, and expects the message @wanted of what is then read. */
static void assert_refused(const char *from, const char *to, const char *wanted)
{
    g_autoptr(result_t) r = result_new_full();
    g_autofree char *json = result_to_json(r, NULL);
    GError *error = NULL;

    g_assert_nonnull(strstr(json, from));
    char *at = strstr(json, from);
    g_autofree char *bad =
        g_strdup_printf("%.*s%s%s", (int)(at - json), json, to, at + strlen(from));

    g_assert_null(result_parse("r.json", bad, -1, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, wanted);
    g_error_free(error);
}

static void test_refused(void)
{
    assert_refused("numasim-result/1", "numasim-result/2",
                   "r.json: schema: expected 'numasim-result/1', found 'numasim-result/2'");
    assert_refused("\"seed\"", "\"sead\"", "r.json: sead: unknown key (did you mean 'seed'?)");
    assert_refused("\"warmup_ns\": 0", "\"warmup_ns\": \"0\"",
                   "r.json: warmup_ns: expected an integer, found a string");
    assert_refused(" \"end_ns\": 5000,\n", "",
                   "r.json: end_ns: expected an integer, found nothing");
    assert_refused("0.983421", "true",
                   "r.json: metrics.cpu.utilisation.value: expected a number, found true or false");
    assert_refused("0.983421", "1e300",
                   "r.json: metrics.cpu.utilisation.value: the number is too large");
    assert_refused("\"unit\": \"per_s\"", "\"unit\": \"furlong\"",
                   "r.json: metrics.throughput.db_per_s.unit: unknown unit 'furlong'; expected "
                   "count, ns, bytes, pages, bytes_per_s, ratio or per_s");
    assert_refused("[0, 0, 42]", "[0, 42]",
                   "r.json: matrices.accesses.values: expected rows of 3 values");
    assert_refused("[[5, 1], [99, 2]]", "[[5, 1], [5, 2]]",
                   "r.json: histograms.wakeup_latency_ns.buckets: bounds must ascend");
    assert_refused("\"18446744073709551615\"", "\"-1\"",
                   "r.json: seed: expected an unsigned integer in quotes, found '-1'");
    assert_refused("[1000, 0.250000, 3]", "[1000, 0.25]",
                   "r.json: series.rows: expected rows of 3 values");
    assert_refused("\"roles\": [\"queue\"]", "\"roles\": [7]",
                   "r.json: inputs.plugins.roles: expected a string, found an integer");
    assert_refused("\"duration_ns\": 5000", "\"duration_ns\": -5",
                   "r.json: duration_ns: -5 is negative; expected 0 or more");
    assert_refused(
        "[5, 1]", "[5, -1]",
        "r.json: histograms.wakeup_latency_ns.buckets: -1 is negative; expected 0 or more");
    assert_refused("\"replicas\": 3", "\"replicas\": -3",
                   "r.json: inputs.workloads.replicas: -3 is negative; expected 0 or more");
}

/* A place is named once. */
static void test_places(void)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"{\n \"x\": 9223372036854775807}", "r.json: schema: expected a string, found nothing"},
        {"{\n \"x\": 18446744073709551615}",
         "r.json:2:7: the integer 18446744073709551615 is too large; expected one of 64 bits, "
         "-9223372036854775808 to 9223372036854775807"},
        {"{\"9\\\"99999999999999999999\": [1,\n\n  -9223372036854775809]}",
         "r.json:3:3: the integer -9223372036854775809 is too large; expected one of 64 bits, "
         "-9223372036854775808 to 9223372036854775807"},
        {"{\n \"x\": 1.5,\n ]", "r.json:2:10: not JSON: *"},
        {"{\n \"x\": NaN}", "r.json:2:*: not JSON: *"},
        {"{\n \"x\": {\"y\": 1,\n \"z",
         "r.json:3:4: not JSON: the file ends early, within 2 brackets"},
        {"{", "r.json:1:2: not JSON: the file ends early, within 1 bracket"},
        {"", "r.json:1:1: not JSON: it is empty; expected an object"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(result_parse("r.json", cases[i].text, -1, &error));
        if (!g_pattern_match_simple(cases[i].wanted, error->message) ||
            strstr(error->message, "<data>") != NULL) {
            g_error("%s", error->message);
        }
    }
}

static void test_no_metrics(void)
{
    g_autoptr(result_t) r = result_new();
    g_autofree char *json = result_to_json(r, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(result_parse("r.json", json, -1, &error));
    g_assert_cmpstr(error->message, ==, "r.json: metrics: is empty; expected the metrics of a run");
}

static void test_not_json(void)
{
    static const char *const texts[] = {"", "[]", "{", "\"x\"", "null"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        GError *error = NULL;

        g_assert_null(result_parse("x", texts[i], -1, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_error_free(error);
    }
}

static void test_folder(void)
{
    g_autoptr(result_t) r = result_new_full();
    g_autofree char *base = g_dir_make_tmp("test-result-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(base, "a", "b", NULL);
    g_autofree char *parent = g_build_filename(base, "a", NULL);
    const struct result_file copy = {"topology.yaml", "numasim: topology/1\n", 20};
    static const char *const names[] = {"result.json", "series.csv", "topology.yaml"};
    GError *error = NULL;

    for (int round = 0; round < 2; round++) {
        result_write(r, dir, &copy, 1, &error);
        g_assert_no_error(error);
        g_autoptr(result_t) back = result_read(dir, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(back->digest, ==, r->digest);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    /* Nothing else was left, neither in the folder nor beside it. */
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_assert_cmpint(g_rmdir(parent), ==, 0);
    g_assert_null(result_read(dir, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_clear_error(&error);
    /* A file stands where a folder should. */
    g_assert_true(g_file_set_contents(parent, "x", 1, NULL));
    g_assert_false(result_write(r, dir, NULL, 0, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_clear_error(&error);
    g_unlink(parent);
    g_assert_cmpint(g_rmdir(base), ==, 0);
}

static void test_human(void)
{
    static const struct {
        enum result_unit unit;
        int64_t value;
        const char *text;
    } rows[] = {
        {RESULT_RATIO, 983421, "98.3%"}, {RESULT_RATIO, 999600, "100.0%"},
        {RESULT_RATIO, 0, "0.0%"},       {RESULT_PER_S, 1500, "1.50/s"},
        {RESULT_PER_S, 1000, "1/s"},     {RESULT_PER_S, 123456789, "123457/s"},
        {RESULT_COUNT, 12345, "12345"},  {RESULT_NS, 2000000, "2ms"},
        {RESULT_NS, -2000000, "-2ms"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = result_value_human(rows[i].unit, rows[i].value);

        g_assert_cmpstr(text, ==, rows[i].text);
    }
    g_autofree char *ratio = result_ratio_human(5, 4);
    g_autofree char *none = result_ratio_human(5, 0);
    g_autofree char *zeroes = result_ratio_human(0, 0);

    g_assert_cmpstr(ratio, ==, "1.25x");
    g_assert_cmpstr(none, ==, "-");
    g_assert_cmpstr(zeroes, ==, "1.00x");
}

static void test_table(void)
{
    g_autoptr(result_t) a = result_new(), b = result_new();
    const struct result *both[] = {a, b};
    const char *const labels[] = {"base", "new"};

    result_add(a, "cpu.utilisation", RESULT_RATIO, 500000);
    result_add(b, "cpu.utilisation", RESULT_RATIO, 250000);
    result_add(a, "wakeup_latency_ns.max", RESULT_NS, 1000);
    result_add(b, "wakeup_latency_ns.max", RESULT_NS, 3000);
    result_add(b, "migrations.MC", RESULT_COUNT, 4);
    result_add(a, "comm.x.run_ns", RESULT_NS, 5);
    result_sort(a);
    result_sort(b);
    g_autofree char *text = result_table(both, 2, labels);

    g_assert_cmpstr(text, ==,
                    "  latency                  base  new  ratio\n"
                    "    wakeup_latency_ns.max   1us  3us  3.00x\n"
                    "\n"
                    "  CPU                 base    new  ratio\n"
                    "    cpu.utilisation  50.0%  25.0%  0.50x\n"
                    "\n"
                    "  migrations       base  new  ratio\n"
                    "    migrations.MC     -    4      -\n");
    g_autofree char *single = result_table(both, 1, labels);

    g_assert_cmpstr(single, ==,
                    "  latency              count  mean  p50  p90  p99  p99.9  max\n"
                    "    wakeup_latency_ns      -     -    -    -    -      -  1us\n"
                    "\n"
                    "  CPU\n"
                    "    cpu.utilisation  50.0%\n"
                    "\n"
                    "  command  tasks  run  switches  preempted  wakeups  migrations  wakeup p50  "
                    "p99  max  local\n"
                    "    x          -  5ns         -          -        -           -           -  "
                    "  -    -      -\n");
}

static void test_progress(void)
{
    static const struct {
        int64_t now_ns, end_ns, elapsed_ns;
        const char *text;
    } rows[] = {
        {0, 5000000000, 100000000, "0 %, 0ns of 5s simulated"},
        {1000000000, 5000000000, 2000000000, "20 %, 1s of 5s simulated, 8 s left"},
        {1000000000, 5000000000, 60000000000, "20 %, 1s of 5s simulated, 4 min 0 s left"},
        {1000000000, 5000000000, 3600000000000, "20 %, 1s of 5s simulated, 4 h 0 min left"},
        {5000000000, 5000000000, 2000000000, "100 %, 5s of 5s simulated, 0 s left"},
        {1000000000, 0, 2000000000, "1s simulated"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = progress_text(rows[i].now_ns, rows[i].end_ns, rows[i].elapsed_ns);

        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

static void feed(struct occupancy *o, int64_t time_ns, int32_t task)
{
    struct tp_event event = {.time_ns = time_ns, .type = TP_SCHED_SWITCH, .cpu = 0, .task = task};

    occupancy_event(&event, o);
}

/*
 * Cells of 10 ns from 100 on. Task 1 has 103..109 of the first, so it is its; 109..127 is idle, of
 * the third cell 7 ns; from 127 on task 2, which has the cells from 130 on.
 */
static void test_occupancy(void)
{
    static const struct occupancy_span expected[] = {{100, 110, 1}, {110, 130, -1}, {130, 155, 2}};
    struct occupancy *o = occupancy_new(1, 100, 1000, 10, NULL, NULL);
    int32_t nr;

    feed(o, 50, 7);
    feed(o, 60, -1);
    feed(o, 103, 1);
    feed(o, 109, -1);
    feed(o, 127, 2);
    occupancy_finish(o, 155);
    const struct occupancy_span *spans = occupancy_spans(o, 0, &nr);

    g_assert_cmpint(nr, ==, G_N_ELEMENTS(expected));
    for (int32_t i = 0; i < nr; i++) {
        g_assert_cmpint(spans[i].start_ns, ==, expected[i].start_ns);
        g_assert_cmpint(spans[i].end_ns, ==, expected[i].end_ns);
        g_assert_cmpint(spans[i].owner, ==, expected[i].owner);
    }
    occupancy_free(o);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/result/round-trip", test_round_trip);
    g_test_add_func("/result/refused", test_refused);
    g_test_add_func("/result/not-json", test_not_json);
    g_test_add_func("/result/places", test_places);
    g_test_add_func("/result/no-metrics", test_no_metrics);
    g_test_add_func("/result/folder", test_folder);
    g_test_add_func("/result/human", test_human);
    g_test_add_func("/result/table", test_table);
    g_test_add_func("/progress/text", test_progress);
    g_test_add_func("/occupancy/cells", test_occupancy);
    return g_test_run();
}
