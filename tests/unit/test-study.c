/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of studies and their judge, over results made by hand. */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "format/study-yaml.h"
#include "format/workload-yaml.h"
#include "observe/study.h"

#define HEAD "numasim: study/1\nquestion: q\n"
#define AXES "topologies: [t]\nworkloads: [w]\npolicies: [a, b]\n"

static struct study *read(const char *text, GError **error)
{
    return study_read_yaml_buffer("s.yaml", text, strlen(text), error);
}

static struct study *read_ok(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct study *s = read(text, &error);

    g_assert_no_error(error);
    return s;
}

/* Reading @text fails with the message @expected, less the line and the caret below it. */
static void assert_fails(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(read(text, &error));
    g_assert_nonnull(error);
    if (strchr(error->message, '\n') != NULL) {
        *strchr(error->message, '\n') = '\0';
    }
    g_assert_cmpstr(error->message, ==, expected);
}

static void test_matrix(void)
{
    g_autoptr(study_t) s =
        read_ok(HEAD "topologies: [t1, {name: two, topology: dir/t2.yaml}]\n"
                     "workloads:\n"
                     "  - db:replicas=4\n"
                     "  - {name: both, workloads: [db, {workload: hogs, replicas: 2}]}\n"
                     "policies: [a, {name: b, policy: a, set: {balance: none, queue.slice: 1ms}}]\n"
                     "seeds: [3, 7-9]\n"
                     "duration: 2s\nwarmup: 100ms\n"
                     "expect: [{metric: m, at-most: 3}]\n");
    int32_t item[STUDY_NR_AXES] = {1, 0, 1};
    g_autofree char *name = study_cell_name(s, study_cell(s, item));
    g_autofree char *folder = study_run_folder(s, study_cell(s, item), 1);

    g_assert_cmpint(study_nr_cells(s), ==, 8);
    g_assert_cmpstr(name, ==, "two, db:replicas=4, b");
    g_assert_cmpstr(folder, ==, "two/db_replicas=4/b/seed-7");
    study_cell_items(s, study_cell(s, item), item);
    g_assert_cmpint(item[0] * 100 + item[1] * 10 + item[2], ==, 101);
    g_assert_cmpint(s->nr_seeds, ==, 4);
    g_assert_cmpuint(s->seeds[0] * 1000 + s->seeds[3], ==, 3009);
    g_assert_cmpstr(s->axes[STUDY_TOPOLOGY][1].ref, ==, "dir/t2.yaml");
    g_assert_cmpstr(s->axes[STUDY_WORKLOAD][0].loads[0].ref, ==, "db");
    g_assert_cmpint(s->axes[STUDY_WORKLOAD][0].loads[0].replicas, ==, 4);
    g_assert_cmpint(s->axes[STUDY_WORKLOAD][1].nr_loads, ==, 2);
    g_assert_cmpstr(s->axes[STUDY_POLICY][1].overrides[0], ==, "balance=none");
    g_assert_cmpstr(s->axes[STUDY_POLICY][1].overrides[1], ==, "queue.slice=1ms");
    g_assert_cmpint(s->duration_ns, ==, 2000000000);
    g_assert_cmpint(s->warmup_ns, ==, 100000000);
}

static void test_paths(void)
{
    static const char text[] = HEAD "topologies: [teach, ./t.yaml, /abs/u.yaml]\nworkloads: [w]\n"
                                    "policies: [p]\nexpect: [{metric: m, at-most: 3}]\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(study_t) s = study_read_yaml_buffer("some/s.yaml", text, strlen(text), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(s->axes[STUDY_TOPOLOGY][0].ref, ==, "teach");
    g_assert_cmpstr(s->axes[STUDY_TOPOLOGY][1].ref, ==, "some/./t.yaml");
    g_assert_cmpstr(s->axes[STUDY_TOPOLOGY][2].ref, ==, "/abs/u.yaml");
}

static void test_bad(void)
{
    static const struct {
        const char *expect, *message;
    } bad[] = {
        {"[]", "s.yaml:6:9: 'expect' is empty; expected at least one expectation"},
        {"[{at-most: 3}]",
         "s.yaml:6:10: nothing to measure; expected metric, ratio, difference or order"},
        {"[{metric: m}]", "s.yaml:6:10: nothing is expected of it; expected one of at-most, below, "
                          "at-least, above, between, equals"},
        {"[{metric: m, at_most: 3}]",
         "s.yaml:6:22: unknown key 'at_most'; expected one of name, why, metric, ratio, "
         "difference, order, cell, over, misses, at-most, below, at-least, above, between, equals, "
         "within "
         "(did you mean 'at-most'?)"},
        {"[{metric: m, at-most: many}]", "s.yaml:6:31: 'many' is no number; expected one like 12, "
                                         "0.95, 5%, 2ms, 64MiB or 200/s"},
        {"[{metric: m, at-most: 3 ms}]",
         "s.yaml:6:31: '3 ms': unknown unit ' ms' (did you mean 'ms'?); expected a time like 90ns, "
         "2ms"},
        {"[{metric: m, at-most: -3}]",
         "s.yaml:6:31: -3 is below 0; expected a bound of at least 0"},
        {"[{metric: m, between: [3, 2]}]",
         "s.yaml:6:10: no number lies between these bounds; expected the lower one to be lower"},
        {"[{metric: m, above: 2, below: 2}]",
         "s.yaml:6:10: no number lies between these bounds; expected the lower one to be lower"},
        {"[{metric: m, between: [3, 4ms]}]",
         "s.yaml:6:35: one end is a plain number and the other a time; expected both alike"},
        {"[{metric: m, between: [3]}]",
         "s.yaml:6:31: 'between' takes two numbers; expected [LOW, HIGH]"},
        {"[{metric: m, at-most: 3, below: 4}]", "s.yaml:6:34: a second upper bound; expected one"},
        {"[{metric: m, equals: 3, within: 2ms}]",
         "s.yaml:6:41: 'within' is a time; expected a percentage or a plain number"},
        {"[{metric: m, at-most: 3, within: 5%}]",
         "s.yaml:6:34: 'within' without 'equals'; expected both"},
        {"[{metric: m, at-most: 3, cell: {policy: c}}]",
         "s.yaml:6:49: unknown policy 'c'; expected one of a, b"},
        {"[{metric: m, at-most: 3, cell: {policy: []}}]",
         "s.yaml:6:49: 'policy' is empty; expected at least one policy"},
        {"[{metric: m, at-most: 3, over: sum}]",
         "s.yaml:6:40: unknown value of 'over' 'sum'; "
         "expected one of mean, median, min, max, each, range"},
        {"[{metric: [], at-most: 3}]",
         "s.yaml:6:19: 'metric' is empty; expected the name of a metric"},
        {"[{metric: m, ratio: {}, at-most: 3}]",
         "s.yaml:6:22: 'ratio' beside 'metric'; expected one of them"},
        {"[{ratio: {metric: m, of: {policy: a}}, at-most: 3}]",
         "s.yaml:6:11: 'ratio' has no 'to'; expected one"},
        {"[{ratio: {of: {policy: a}, to: {policy: b}}, at-most: 3}]",
         "s.yaml:6:23: no 'metric' here nor for all sides; expected one"},
        {"[{ratio: {metric: m, of: {policy: a}, to: {}}, at-most: 3}]",
         "s.yaml:6:51: this side does not say which policy it means, and another side does; "
         "expected 'policy: a' or the like"},
        {"[{ratio: {metric: m, of: {policy: a}, to: {policy: b}}, at-most: 3ms}]",
         "s.yaml:6:10: the bound of a ratio has a unit; expected a plain number or a percentage"},
        {"[{order: {metric: m, rising: [{policy: a}]}}]",
         "s.yaml:6:38: an order of 1; expected at least two cells"},
        {"[{order: {metric: m}}]",
         "s.yaml:6:18: expected either 'rising' or 'falling', with a list of cells"},
        {"[{order: {metric: m, rising: [{policy: a}, {policy: b}]}, at-most: 3}]",
         "s.yaml:6:67: 'at-most' of an order; expected 'by' inside of it"},
        {"[{order: {metric: m, rising: [{policy: a}, {policy: b}], by: 3}}]",
         "s.yaml:6:70: 'by' is 3; expected a percentage"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(HEAD AXES "expect: %s\n", bad[i].expect);

        assert_fails(text, bad[i].message);
    }
}

static void test_bad_matrix(void)
{
    static const char tail[] = "expect: [{metric: m, at-most: 3}]\n";
    static const struct {
        const char *text, *message;
    } bad[] = {
        {HEAD "topologies: []\nworkloads: [w]\npolicies: [a]\n",
         "s.yaml:3:13: 'topologies' is empty; expected at least one topology"},
        {HEAD "topologies: [t]\nworkloads: [w]\n",
         "s.yaml:1:1: the file has no 'policies'; expected a list of policy sets"},
        {HEAD "topologies: [t]\nworkloads: [w]\npolicies: [a, a]\n",
         "s.yaml:5:15: a second policy named 'a'; expected a name of its own (name: ...)"},
        {HEAD "topologies: [t]\nworkloads: ['w:replicas=0']\npolicies: [a]\n",
         "s.yaml:4:13: 'w:replicas=0': no number of replicas; expected NAME:replicas=N"},
        {HEAD AXES "seeds: []\n", "s.yaml:6:8: 'seeds' is empty; expected at least one seed"},
        {HEAD AXES "seeds: 5-1\n",
         "s.yaml:6:8: '5-1' is no range of seeds; expected FIRST-LAST, at most 100000"},
        {HEAD AXES "seeds: one\n",
         "s.yaml:6:8: 'one' is no seed; expected a number or a range like 1-10"},
        {HEAD AXES "seeds: [1-3, 2]\n", "s.yaml:6:14: seed 2 again; expected each one once"},
        {HEAD AXES "duration: 1s\nwarmup: 1s\n",
         "s.yaml:7:9: 'warmup' is as long as 'duration' or longer; expected it shorter"},
        {HEAD "topologies: [t]\nworkloads: [w]\npolicies: [{policy: a, sets: {}}]\n",
         "s.yaml:5:24: unknown key 'sets'; expected one of name, policy, set (did you mean "
         "'set'?)"},
        {HEAD "topologies: [t]\nworkloads: [{workloads: [a], replicas: 2}]\npolicies: [a]\n",
         "s.yaml:4:25: 'workloads' beside 'workload' or 'replicas'; expected workloads: "
         "[{workload: "
         "NAME, replicas: N}, ...] alone"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strconcat(bad[i].text, tail, NULL);

        assert_fails(text, bad[i].message);
    }
}

/* ------------------------------------------------------------------------------------------- */

/* Results of policies a and b with three seeds each: of a 10, 20, 60 us; of b 20, 10, 30 us. */
static struct study_results *results_new(void)
{
    static const int64_t values[] = {10000, 20000, 60000, 20000, 10000, 30000};
    struct study_results *r = g_new0(struct study_results, 1);

    r->nr_results = G_N_ELEMENTS(values);
    r->results = g_new0(struct result *, G_N_ELEMENTS(values));
    r->failures = g_new0(char *, G_N_ELEMENTS(values));
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        r->results[i] = result_new();
        result_add(r->results[i], "lat_ns", RESULT_NS, values[i]);
        result_add(r->results[i], "wait_ns.count", RESULT_COUNT, 9);
        result_add(r->results[i], "idle_ns", RESULT_NS, 100000 - values[i]);
        result_add(r->results[i], "switches", RESULT_COUNT, 7);
        result_add(r->results[i], "none", RESULT_COUNT, 0);
        result_add(r->results[i], "share", RESULT_RATIO, 697100);
        result_add(r->results[i], "rate_per_s", RESULT_PER_S, 1500500);
        result_sort(r->results[i]);
    }
    return r;
}

/* @expect over those results: one verdict, "ok" or "FAILED", then what was measured. */
static void assert_verdict(const char *expect, const char *verdict, const char *measured)
{
    g_autofree char *text = g_strdup_printf(HEAD AXES "seeds: 1-3\nexpect: [{%s}]\n", expect);
    g_autoptr(study_t) s = read_ok(text);
    g_autoptr(study_results_t) results = results_new();
    g_autoptr(GError) error = NULL;
    GArray *verdicts;
    const struct study_verdict *v;

    g_assert_true(study_verify(s, 0, results->results[0], &error));
    g_assert_no_error(error);
    verdicts = study_judge(s, results);
    v = &g_array_index(verdicts, struct study_verdict, 0);
    g_test_message("%s: %s, expected %s", expect, v->measured, v->expected);
    g_assert_cmpstr(v->passed ? "ok" : "FAILED", ==, verdict);
    g_assert_cmpstr(v->measured, ==, measured);
    study_verdicts_free(verdicts);
}

static void test_values(void)
{
    assert_verdict("metric: lat_ns, cell: {policy: a}, at-most: 30us", "ok", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, below: 30us", "FAILED", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: median, equals: 20us", "ok", "20us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: min, equals: 10us", "ok", "10us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: max, above: 60us", "FAILED", "60us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: each, at-most: 50us", "FAILED",
                   "10us..60us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 29us, within: 5%", "ok", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 28us, within: 5%", "FAILED", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 28us, within: 2us", "ok", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 26us, within: [5%, 4us]", "ok",
                   "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 26us, within: [16%, 3us]", "ok",
                   "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 26us, within: [15%, 3us]", "FAILED",
                   "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 10us, within: 3x", "ok", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 90us, within: 3x", "ok", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, equals: 91us, within: 3x", "FAILED", "30us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: range, equals: 40us", "ok",
                   "10us..60us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: range, equals: 63us, within: 5%", "ok",
                   "10us..60us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: range, above: 60us", "FAILED",
                   "10us..60us");
    assert_verdict("metric: lat_ns, cell: {policy: a}, over: range, between: [60us, 70us]", "ok",
                   "10us..60us");
    assert_verdict("metric: [lat_ns, idle_ns], over: each, equals: 100us", "ok", "100us");
    assert_verdict("metric: switches, equals: 7", "ok", "7");
    assert_verdict("metric: switches, at-least: 7.000001", "FAILED", "7");
    assert_verdict("metric: share, equals: 69.71%", "ok", "69.71%");
    assert_verdict("metric: share, equals: 0.6971", "ok", "0.697");
    assert_verdict("metric: rate_per_s, between: [1500/s, 1500.5/s]", "ok", "1501/s");
}

static void test_pairs(void)
{
    /* (10 + 20 + 60) / (20 + 10 + 30) = 1.5; by seed 0.5, 2 and 2. */
    const char *pair = "ratio: {metric: lat_ns, of: {policy: a}, to: {policy: b}}, %s";
    static const struct {
        const char *rest, *verdict, *measured;
    } ratios[] = {
        {"equals: 1.5", "ok", "1.500"},
        {"over: min, equals: 0.5", "ok", "0.500"},
        {"over: median, equals: 2", "ok", "2.000"},
        {"over: each, above: 0.5", "FAILED", "0.500..2.000"},
        {"equals: 150%", "ok", "150.00%"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(ratios); i++) {
        g_autoptr(GString) text = g_string_new(pair);

        g_string_replace(text, "%s", ratios[i].rest, 1);
        assert_verdict(text->str, ratios[i].verdict, ratios[i].measured);
    }
    assert_verdict(
        "difference: {metric: lat_ns, of: {policy: b}, from: {policy: a}}, equals: -10us", "ok",
        "-10us");
    assert_verdict("ratio: {of: {metric: idle_ns}, to: {metric: lat_ns}}, cell: {policy: b}, "
                   "equals: 4",
                   "ok", "4.000");
    assert_verdict("ratio: {of: {metric: switches}, to: {metric: none}}, at-least: 0", "FAILED",
                   "undefined");
}

static void test_orders(void)
{
    assert_verdict("order: {metric: lat_ns, rising: [{policy: b}, {policy: a}]}", "ok",
                   "20us, 30us");
    assert_verdict("order: {metric: lat_ns, rising: [{policy: b}, {policy: a}], by: 50%}", "ok",
                   "20us, 30us");
    assert_verdict("order: {metric: lat_ns, rising: [{policy: b}, {policy: a}], by: 51%}", "FAILED",
                   "20us, 30us");
    assert_verdict("order: {metric: lat_ns, falling: [{policy: b}, {policy: a}]}", "FAILED",
                   "20us, 30us");
    assert_verdict("order: {metric: lat_ns, rising: [{policy: b}, {policy: a}]}, over: each",
                   "FAILED", "10us..30us, 10us..60us");
    assert_verdict("order: {metric: switches, rising: [{policy: b}, {policy: a}]}", "FAILED",
                   "7, 7");
    assert_verdict("order: {metric: switches, rising: [{policy: b}, {policy: a}], ties: true}",
                   "ok", "7, 7");
}

/* An expectation that names no policy is one comparison to each; a pair stays within a workload. */
static void test_spread(void)
{
    g_autoptr(study_t) s =
        read_ok(HEAD "topologies: [t]\nworkloads: [v, w]\npolicies: [a, b]\nexpect:\n"
                     "  - {metric: m, at-most: 3}\n"
                     "  - {metric: m, at-most: 3, cell: {workload: w}}\n"
                     "  - {ratio: {metric: m, of: {policy: b}, to: {policy: a}}, at-most: 3}\n");
    GArray *checks = study_checks(s, NULL);
    const struct study_check *last = &g_array_index(checks, struct study_check, 7);

    g_assert_cmpuint(checks->len, ==, 4 + 2 + 2);
    g_assert_cmpint(last->cells[0], ==, 3);
    g_assert_cmpint(last->cells[1], ==, 2);
    study_checks_free(checks);
}

/* A table is an expectation to each of its values. */
static void test_table(void)
{
    g_autoptr(study_t) s =
        read_ok(HEAD "topologies: [t]\nworkloads: [v, w]\npolicies: [a, b]\nexpect:\n"
                     "  - {metric: m, within: 5%, equals: {v: {a: 1, b: 2}, w: {b: 3}}}\n"
                     "  - {metric: m, between: {b: [4, 5]}, cell: {workload: w}}\n");
    GArray *checks = study_checks(s, NULL);

    g_assert_cmpint(s->nr_expectations, ==, 4);
    g_assert_cmpuint(checks->len, ==, 4);
    for (int32_t i = 0; i < 3; i++) {
        static const int32_t cells[] = {0, 1, 3};

        g_assert_cmpint(g_array_index(checks, struct study_check, i).cells[0], ==, cells[i]);
        g_assert_cmpint(s->expectations[i].bounds[0].number.value, ==, (i + 1) * 1000000);
        g_assert_cmpint(s->expectations[i].bounds[1].nr_margins, ==, 1);
    }
    g_assert_cmpint(g_array_index(checks, struct study_check, 3).cells[0], ==, 3);
    g_assert_cmpint(s->expectations[3].bounds[1].number.value, ==, 5000000);
    study_checks_free(checks);
}

/* A miss is told and does not fail the study; one that holds is told, too. */
static void test_misses(void)
{
    g_autoptr(study_t) s =
        read_ok(HEAD AXES "seeds: 1-3\nexpect:\n"
                          "  - metric: lat_ns\n    equals: {a: 31us, b: 20us}\n    misses:\n"
                          "      - {cell: {policy: a}, measured: 30us, why: rounding}\n"
                          "      - {cell: {policy: b}, measured: 9us, why: luck}\n"
                          "  - {metric: switches, equals: 7, misses: [{measured: 6, why: w}]}\n");
    g_autoptr(study_results_t) results = results_new();
    GArray *verdicts = study_judge(s, results);
    g_autofree char *text = study_table(s, results, verdicts);
    gsize size;
    g_autofree char *json = study_to_json(s, results, verdicts, &size);

    g_assert_true(study_passed(verdicts));
    g_assert_nonnull(strstr(text, "  miss    lat_ns: a\n          30us, expected 31us\n"
                                  "          known to give 30us: rounding\n"));
    g_assert_nonnull(strstr(text, "  HOLDS   lat_ns: b\n          20us, expected 20us\n"
                                  "          no longer a miss of 9us: luck\n"));
    g_assert_nonnull(strstr(text, "\n3 of 4 expectations hold (6 runs)\n1 known misses\n"
                                  "3 that were known misses hold now\n"));
    g_assert_nonnull(strstr(json, "\"known_miss\": {\"measured\": \"30us\", \"why\": "
                                  "\"rounding\", \"moved\": false}"));
    study_verdicts_free(verdicts);
}

/* Six numbers of one metric in one cell: 30, 30, 30us of a, and 20, 20, 20us of b. */
static bool moved(const char *measured)
{
    g_autofree char *text = g_strdup_printf(HEAD AXES "seeds: 1-3\nexpect:\n"
                                                      "  - metric: lat_ns\n    cell: {policy: a}\n"
                                                      "    equals: 1us\n"
                                                      "    misses: [{measured: '%s', why: w}]\n",
                                            measured);
    g_autoptr(study_t) s = read_ok(text);
    g_autoptr(study_results_t) results = results_new();
    GArray *verdicts = study_judge(s, results);
    g_autofree char *table = study_table(s, results, verdicts);
    bool is = g_array_index(verdicts, struct study_verdict, 0).moved;

    g_assert_true(study_passed(verdicts));
    g_assert_cmpint(strstr(table, "  moved   lat_ns: a\n") != NULL, ==, is);
    g_assert_cmpint(strstr(table, "1 known misses\n1 of them moved: ") != NULL, ==, is);
    study_verdicts_free(verdicts);
    return is;
}

/* A miss by another number than it says is told, and fails nothing: more than a tenth of it away, and
 * more than half of the last digit. What is no number, or one in another unit, is left alone. */
static void test_moved(void)
{
    g_assert_false(moved("30us"));
    g_assert_false(moved("28us"));
    g_assert_true(moved("27us"));
    g_assert_false(moved("33us"));
    g_assert_true(moved("34us"));
    g_assert_false(moved("0.03ms"));
    g_assert_true(moved("0.02ms")); /* the last digit is worth 10us: half of it is 5us */
    g_assert_false(moved("28us to 32us"));
    g_assert_true(moved("20us to 32us"));
    g_assert_true(moved("28us to 40us"));
    g_assert_false(moved("27"));
    g_assert_false(moved("less"));
    g_assert_false(moved("9us to 8us to 7us"));
}

/* A workload of the study's own becomes a file that says the same. */
static void test_own_workload(void)
{
    g_autoptr(study_t) s = read_ok(
        HEAD "topologies: [t]\nworkloads:\n  - name: \"a \\\"b\"\n    workload:\n"
             "      duration: 1s\n      processes:\n        p:\n          threads:\n"
             "            x: {cpus: '0,2', nice: -5, program: [forever: [run: {uniform: [1ms, "
             "2ms]}]]}\n"
             "policies: [a]\nexpect: [{metric: m, at-most: 3}]\n");
    const struct study_load *load = &s->axes[STUDY_WORKLOAD][0].loads[0];
    g_autoptr(GError) error = NULL;
    g_autoptr(workload_t) w =
        workload_read_yaml_buffer("own", load->text, strlen(load->text), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(load->ref, ==, "a \"b");
    g_assert_cmpstr(w->name, ==, "a \"b");
    g_assert_cmpint(w->duration_ns, ==, 1000000000);
    g_assert_cmpstr(load->text, ==,
                    "numasim: workload/1\nname: \"a \\\"b\"\nduration: 1s\n"
                    "processes: {p: {threads: {x: {cpus: \"0,2\", nice: -5, program: [{forever: "
                    "[{run: {uniform: [1ms, 2ms]}}]}]}}}}\n");
    assert_fails(HEAD "topologies: [t]\nworkloads: [{name: n, workload: {processes: {p: {threds: "
                      "{}}}}}]\npolicies: [a]\nexpect: [{metric: m, at-most: 3}]\n",
                 "s.yaml:4:50: unknown key 'threds'; expected one of count, cgroup, "
                 "oom_score_adj, session, policy, numactl, regions, "
                 "threads (did you mean 'threads'?)");
}

static void test_verify(void)
{
    static const struct {
        const char *expect, *message;
    } bad[] = {
        {"metric: lat_ms, at-most: 3us",
         "s.yaml:6:19: no metric 'lat_ms' in the runs of a; expected one that result.json has (did "
         "you mean 'lat_ns'?)"},
        {"metric: switches_per_each_task, at-most: 3",
         "s.yaml:6:19: no metric 'switches_per_each_task' in the runs of a; expected one that "
         "result.json has (did you mean one like 'switches'?)"},
        {"metric: throughput, at-most: 3",
         "s.yaml:6:19: no metric 'throughput' in the runs of a; expected one that result.json has"},
        {"metric: wait_ns.p99.9, at-most: 3us",
         "s.yaml:6:19: too few samples for 'wait_ns.p99.9' in the runs of a; expected a lower "
         "percentile or a longer duration"},
        {"metric: lat_ns, at-most: 3",
         "s.yaml:6:36: 'lat_ns' is measured in ns; expected a bound like 2ms"},
        {"metric: [lat_ns, switches], at-most: 3us",
         "s.yaml:6:19: 'lat_ns' is in ns, 'switches' in count; expected metrics of one unit to be "
         "added up"},
        {"ratio: {of: {metric: lat_ns}, to: {metric: switches}}, at-most: 3",
         "s.yaml:6:45: 'switches' is in count, the side before it in ns; expected sides of one "
         "unit"},
    };
    g_autoptr(study_results_t) results = results_new();

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(HEAD AXES "expect: [{%s}]\n", bad[i].expect);
        g_autoptr(study_t) s = read_ok(text);
        g_autoptr(GError) error = NULL;

        g_assert_false(study_verify(s, 0, results->results[0], &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_cmpstr(error->message, ==, bad[i].message);
    }
}

static void test_text(void)
{
    g_autoptr(study_t) s = read_ok(
        HEAD AXES
        "seeds: 1-3\nexpect:\n"
        "  - {metric: lat_ns, cell: {policy: a}, at-most: 30us}\n"
        "  - {name: share, ratio: {of: {metric: idle_ns}, to: {metric: lat_ns}}, above: 3}\n");
    g_autoptr(study_results_t) results = results_new();
    GArray *verdicts = study_judge(s, results);
    g_autofree char *table = study_table(s, results, verdicts);
    g_autofree char *json = study_to_json(s, results, verdicts, NULL);

    g_assert_nonnull(strstr(table, "ok      lat_ns: a\n          30us, expected at most 30us\n"));
    g_assert_nonnull(strstr(table,
                            "FAILED  share: idle_ns / lat_ns of a\n          2.333, expected "
                            "above 3\n"));
    g_assert_nonnull(strstr(table, "2 of 3 expectations hold (6 runs)\n"));
    g_assert_nonnull(strstr(json, "\"exact\": \"90000/3\""));
    g_assert_nonnull(strstr(json, "\"passed\": false"));
    g_assert_false(study_passed(verdicts));
    study_verdicts_free(verdicts);
}

/* A run that failed costs the expectations that need it, whatever is known of them. */
static void test_lost(void)
{
    g_autoptr(study_t) s =
        read_ok(HEAD AXES "seeds: 1-3\nexpect:\n  - {metric: lat_ns, at-most: 1s}\n");
    g_autoptr(study_results_t) results = results_new();

    result_free(results->results[4]);
    results->results[4] = NULL;
    results->failures[4] = g_strdup("it crashed");
    GArray *verdicts = study_judge(s, results);
    g_autofree char *table = study_table(s, results, verdicts);
    g_autofree char *json = study_to_json(s, results, verdicts, NULL);

    g_assert_cmpuint(verdicts->len, ==, 2);
    g_assert_true(g_array_index(verdicts, struct study_verdict, 0).passed);
    g_assert_true(g_array_index(verdicts, struct study_verdict, 1).lost);
    g_assert_false(study_passed(verdicts));
    g_assert_nonnull(strstr(table, "1 of 2 expectations hold (6 runs)\nfailed runs:\n  it crashed\n"
                                   "1 expectations lost with them\n"));
    g_assert_nonnull(strstr(json, "\"failed\": \"it crashed\""));
    study_verdicts_free(verdicts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/study/matrix", test_matrix);
    g_test_add_func("/study/paths", test_paths);
    g_test_add_func("/study/bad", test_bad);
    g_test_add_func("/study/bad-matrix", test_bad_matrix);
    g_test_add_func("/study/values", test_values);
    g_test_add_func("/study/pairs", test_pairs);
    g_test_add_func("/study/orders", test_orders);
    g_test_add_func("/study/spread", test_spread);
    g_test_add_func("/study/table", test_table);
    g_test_add_func("/study/misses", test_misses);
    g_test_add_func("/study/moved", test_moved);
    g_test_add_func("/study/own-workload", test_own_workload);
    g_test_add_func("/study/verify", test_verify);
    g_test_add_func("/study/text", test_text);
    g_test_add_func("/study/lost", test_lost);
    return g_test_run();
}
