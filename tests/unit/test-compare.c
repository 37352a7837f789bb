/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparisons and gates of results made by hand. */
#include <string.h>

#include "format/gate-yaml.h"
#include "observe/compare-print.h"

enum { MAX_RESULTS = 64 };

struct set {
    struct result *results[MAX_RESULTS];
    const char *paths[MAX_RESULTS];
    uint32_t nr;
};

static struct result *add(struct set *s, const char *topology, const char *policy, uint64_t seed)
{
    struct result *r = result_new();

    r->topology.name = (g_free(r->topology.name), g_strdup(topology));
    r->policy.name = (g_free(r->policy.name), g_strdup(policy));
    r->nr_workloads = 1;
    r->workloads = g_new0(struct result_input, 1);
    r->workloads[0] = (struct result_input){g_strdup("db"), g_strdup(""), 2};
    r->seed = seed;
    s->results[s->nr] = r;
    s->paths[s->nr++] = "somewhere";
    return r;
}

/* A result with one latency, which is @p99, and one that counts up. */
static void add_run(struct set *s, const char *topology, uint64_t seed, int64_t p99)
{
    struct result *r = add(s, topology, "linux-6.12", seed);

    result_add(r, "request_latency_ns.clients.p99", RESULT_NS, p99);
    result_add(r, "throughput.clients_per_s", RESULT_PER_S, 1000000 + p99);
    result_add(r, "context_switches", RESULT_COUNT, 7);
    result_sort(r);
}

static void release(struct set *s)
{
    for (uint32_t i = 0; i < s->nr; i++) {
        result_free(s->results[i]);
    }
}

static struct comparison *compare(const struct set *base, const struct set *new_,
                                  const char *const *patterns, GError **error)
{
    struct compare_side a = {"old", (const struct result *const *)base->results, base->paths,
                             base->nr};
    struct compare_side b = {"new", (const struct result *const *)new_->results, new_->paths,
                             new_->nr};

    return compare_results(&a, &b, patterns, error);
}

static const struct compare_metric *metric(const struct compare_group *g, const char *name)
{
    for (uint32_t i = 0; i < g->nr_metrics; i++) {
        if (strcmp(g->metrics[i].name, name) == 0) {
            return &g->metrics[i];
        }
    }
    g_error("no metric %s", name);
}

/* One seed: any difference is one, and its direction follows from the metric. */
static void test_exact(void)
{
    struct set base = {0}, new_ = {0};

    add_run(&base, "epyc", 1, 1000);
    add_run(&new_, "epyc", 1, 1001);
    g_autoptr(comparison_t) c = compare(&base, &new_, NULL, NULL);

    g_assert_true(c->exact);
    g_assert_cmpuint(c->nr_groups, ==, 1);
    g_assert_cmpstr(c->groups[0].topology, ==, "epyc");
    g_assert_cmpstr(c->groups[0].workload, ==, "db:2");
    g_assert_null(c->groups[0].policy);
    g_assert_cmpint(metric(c->groups, "request_latency_ns.clients.p99")->verdict, ==,
                    COMPARE_WORSE);
    g_assert_cmpint(metric(c->groups, "throughput.clients_per_s")->verdict, ==, COMPARE_BETTER);
    g_assert_cmpint(metric(c->groups, "context_switches")->verdict, ==, COMPARE_SAME);
    g_assert_cmpfloat(metric(c->groups, "request_latency_ns.clients.p99")->low, ==, 1);
    release(&base);
    release(&new_);
}

/*
 * Twelve seeds, paired though the sets stand in other orders. All are 100 worse: p is 2 of 4096, times
 * the two metrics that differ. Seeds differ by far more, which pairing takes out.
 */
static void test_paired(void)
{
    struct set base = {0}, new_ = {0};

    for (uint64_t seed = 1; seed <= 12; seed++) {
        add_run(&base, "epyc", seed, 10000 + 5000 * (int64_t)(seed % 5));
        add_run(&new_, "epyc", 13 - seed, 10100 + 5000 * (int64_t)((13 - seed) % 5));
    }
    g_autoptr(comparison_t) c = compare(&base, &new_, NULL, NULL);
    const struct compare_metric *m = metric(c->groups, "request_latency_ns.clients.p99");

    g_assert_false(c->exact);
    g_assert_cmpuint(c->groups[0].nr_seeds, ==, 12);
    g_assert_cmpfloat(m->difference, ==, 100);
    g_assert_cmpfloat(m->low, ==, 100);
    g_assert_cmpfloat(m->high, ==, 100);
    g_assert_cmpfloat(ABS(m->p - 2 * 2.0 / 4096), <, 1e-12);
    g_assert_cmpint(m->verdict, ==, COMPARE_WORSE);
    g_assert_cmpint(metric(c->groups, "context_switches")->verdict, ==, COMPARE_SAME);
    release(&base);
    release(&new_);
}

/* Five seeds cannot tell; a change within 1 % is none; one that goes both ways is unclear. */
static void test_unclear(void)
{
    static const int64_t changes[][10] = {
        {200, 200, 200, 200, 200},
        {3, -2, 4, -1, 2, 1, -3, 5, 2, -2},
        {900, -800, 700, -600, 900, -500, 300, -900, 800, -100},
    };
    static const uint32_t nr[] = {5, 10, 10};
    static const enum compare_verdict wanted[] = {COMPARE_UNCLEAR, COMPARE_SAME, COMPARE_UNCLEAR};

    for (size_t i = 0; i < G_N_ELEMENTS(nr); i++) {
        struct set base = {0}, new_ = {0};

        for (uint32_t seed = 0; seed < nr[i]; seed++) {
            add_run(&base, "epyc", seed, 10000);
            add_run(&new_, "epyc", seed, 10000 + changes[i][seed]);
        }
        g_autoptr(comparison_t) c = compare(&base, &new_, NULL, NULL);

        g_assert_cmpint(metric(c->groups, "request_latency_ns.clients.p99")->verdict, ==,
                        wanted[i]);
        release(&base);
        release(&new_);
    }
}

/* Two topologies, twice and eight times the latency: four times in the geometric mean. */
static void test_groups(void)
{
    struct set base = {0}, new_ = {0};

    add_run(&base, "epyc", 1, 1000);
    add_run(&base, "xeon", 1, 1000);
    add_run(&new_, "xeon", 1, 8000);
    add_run(&new_, "epyc", 1, 2000);
    g_autoptr(comparison_t) c = compare(&base, &new_, (const char *const[]){"*.p99", NULL}, NULL);

    g_assert_cmpuint(c->nr_groups, ==, 2);
    g_assert_cmpuint(c->groups[0].nr_metrics, ==, 1);
    g_assert_cmpuint(c->nr_means, ==, 1);
    g_assert_cmpfloat(ABS(c->means[0].ratio - 4), <, 1e-12);
    g_assert_true(comparison_has(c, "request*", NULL));
    GError *error = NULL;

    g_assert_false(comparison_has(c, "request_latency", &error));
    g_assert_nonnull(strstr(error->message, "no metric is called 'request_latency'"));
    g_error_free(error);
    release(&base);
    release(&new_);
}

/* By policy where a side has several. */
static void test_policies(void)
{
    struct set base = {0}, new_ = {0};
    GError *error = NULL;

    result_add(add(&base, "epyc", "a", 1), "completion.time_ns", RESULT_NS, 1);
    result_add(add(&base, "epyc", "b", 1), "completion.time_ns", RESULT_NS, 2);
    result_add(add(&new_, "epyc", "b", 1), "completion.time_ns", RESULT_NS, 2);
    g_assert_null(compare(&base, &new_, NULL, &error));
    g_assert_nonnull(strstr(error->message, "new has no result of topology epyc, workload db:2, "
                                            "policy a, seed 1, as somewhere"));
    g_clear_error(&error);
    result_add(add(&new_, "epyc", "a", 1), "completion.time_ns", RESULT_NS, 3);
    g_autoptr(comparison_t) c = compare(&base, &new_, NULL, NULL);

    g_assert_cmpuint(c->nr_groups, ==, 2);
    g_assert_cmpstr(c->groups[0].policy, ==, "a");
    g_assert_cmpint(c->groups[0].metrics[0].verdict, ==, COMPARE_WORSE);
    g_assert_cmpint(c->groups[1].metrics[0].verdict, ==, COMPARE_SAME);
    release(&base);
    release(&new_);
}

static void test_bad_sets(void)
{
    struct set base = {0}, new_ = {0};
    GError *error = NULL;

    add_run(&base, "epyc", 1, 1);
    g_assert_null(compare(&base, &new_, NULL, &error));
    g_assert_nonnull(strstr(error->message, "new: no result in it"));
    g_clear_error(&error);
    add_run(&new_, "epyc", 1, 1);
    add_run(&new_, "epyc", 1, 2);
    g_assert_null(compare(&base, &new_, NULL, &error));
    g_assert_nonnull(strstr(error->message, "a second result of topology epyc"));
    g_clear_error(&error);
    release(&base);
    release(&new_);
}

/* ------------------------------------------------------------------------------------------- */
/* Gates                                                                                        */

static struct gate *gate_of(const char *rules)
{
    g_autofree char *text = g_strconcat("numasim: gate/1\ngates:\n", rules, NULL);
    GError *error = NULL;
    struct gate *gate = gate_read_yaml_buffer("gate.yaml", text, strlen(text), &error);

    g_assert_no_error(error);
    return gate;
}

/* A latency of 1000 that rises by @change, under a gate with @allowance. */
static void assert_gate(int64_t change, const char *allowance, bool fails)
{
    struct set base = {0}, new_ = {0};
    g_autofree char *rules = g_strdup_printf("  - {metric: '*.p99', %s}\n", allowance);
    g_autoptr(gate_t) gate = gate_of(rules);

    add_run(&base, "epyc", 1, 1000);
    add_run(&new_, "epyc", 1, 1000 + change);
    g_autoptr(comparison_t) c = compare(&base, &new_, NULL, NULL);
    GError *error = NULL;
    g_autoptr(GArray) findings = gate_judge(gate, c, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(findings->len, ==, 1);
    g_assert_cmpuint(gate_nr_failed(findings), ==, fails ? 1 : 0);
    release(&base);
    release(&new_);
}

/* Both the share and the amount must be exceeded, in the direction that is bounded. */
static void test_gate(void)
{
    assert_gate(51, "may-rise: [5%, 50ns]", true);
    assert_gate(50, "may-rise: [4%, 50ns]", false);
    assert_gate(50, "may-rise: [5%, 40ns]", false);
    assert_gate(-900, "may-rise: [5%, 50ns]", false);
    assert_gate(-51, "may-fall: [5%, 50ns]", true);
    assert_gate(1, "may-rise: [0%, 0ns], may-fall: [0%, 0ns]", true);
    assert_gate(0, "may-rise: [0%, 0ns], may-fall: [0%, 0ns]", false);
}

/* A mean 10 % worse whose interval holds 0 does not fail. */
static void test_gate_interval(void)
{
    struct set base = {0}, new_ = {0};
    g_autoptr(gate_t) gate = gate_of("  - {metric: '*.p99', may-rise: [5%, 10ns]}\n");

    for (uint64_t seed = 1; seed <= 10; seed++) {
        add_run(&base, "epyc", seed, 1000);
        add_run(&new_, "epyc", seed, seed == 1 ? 2000 : 1000);
    }
    g_autoptr(comparison_t) c = compare(&base, &new_, (const char *const[]){"*.p99", NULL}, NULL);
    g_autoptr(GArray) findings = gate_judge(gate, c, NULL);

    g_assert_cmpfloat(c->groups[0].metrics[0].difference, ==, 100);
    g_assert_cmpuint(gate_nr_failed(findings), ==, 0);
    release(&base);
    release(&new_);
}

static void assert_gate_refused(const char *rules, const char *message)
{
    struct set base = {0}, new_ = {0};
    g_autoptr(gate_t) gate = gate_of(rules);
    GError *error = NULL;

    add_run(&base, "epyc", 1, 1000);
    add_run(&new_, "epyc", 1, 1000);
    g_autoptr(comparison_t) c = compare(&base, &new_, NULL, NULL);

    g_assert_null(gate_judge(gate, c, &error));
    g_assert_cmpstr(error->message, ==, message);
    g_error_free(error);
    release(&base);
    release(&new_);
}

static void test_gate_refused(void)
{
    assert_gate_refused("  - {metric: nonsense, may-rise: [5%, 50ns]}\n",
                        "gate.yaml:3:5: no metric of epyc, db:2 is called 'nonsense'; expected one "
                        "of result.json's");
    assert_gate_refused("  - {metric: '*.p99', may-rise: [5%, 50KiB]}\n",
                        "gate.yaml:3:5: 'request_latency_ns.clients.p99' is measured in ns; "
                        "expected an amount like 2ms");
    assert_gate_refused("  - {metric: '*.p99', topology: 'xeon*', may-rise: [5%, 50ns]}\n",
                        "gate.yaml:3:5: no gate is about a topology and a workload of these "
                        "results; expected one at least");
}

static void test_bad_gates(void)
{
    static const char *const cases[][2] = {
        {"numasim: gate/1\n", "'gates'"},
        {"numasim: gate/1\ngates: []\n", "'gates' is empty"},
        {"numasim: gate/1\ngates: [x]\n", "expected a mapping"},
        {"numasim: gate/1\ngates: [{metric: a}]\n", "expected may-rise or may-fall"},
        {"numasim: gate/1\ngates: [{metric: a, may-rise: [5%]}]\n", "has 1 members"},
        {"numasim: gate/1\ngates: [{metric: a, may-rise: [5, 5]}]\n", "'5' is no percentage"},
        {"numasim: gate/1\ngates: [{metric: a, may-rise: [5%, lots]}]\n", "'lots' is no number"},
        {"numasim: gate/1\ngates: [{metric: a, may-raise: [5%, 1]}]\n", "may-rise"},
        {"numasim: gate/1\ngates: [{may-rise: [5%, 1]}]\n", "'metric'"},
        {"numasim: gate/2\ngates: [{metric: a, may-rise: [5%, 1]}]\n", "gate/"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;

        g_assert_null(gate_read_yaml_buffer("gate.yaml", cases[i][0], strlen(cases[i][0]), &error));
        if (strstr(error->message, cases[i][1]) == NULL ||
            !g_str_has_prefix(error->message, "gate.yaml:")) {
            g_error("case %zu: %s", i, error->message);
        }
        g_error_free(error);
    }
}

/*
 * What one side alone has: a counter that is written only where it moved is 0 on the other; a time is
 * shown without a verdict, and fails a gate; what neither has in every run is no gate's affair.
 */
static void test_lone(void)
{
    static const char *const patterns[] = {"*", NULL};
    struct set base = {0}, new_ = {0};
    g_autoptr(gate_t) gate = gate_of("  - {metric: 'memory.copy*', may-rise: [5%, 1KiB]}\n"
                                     "  - {metric: 'completion.*', may-rise: [5%, 50ns]}\n");
    g_autoptr(gate_t) other = gate_of("  - {metric: 'measure_ns.*', may-rise: [5%, 50ns]}\n");
    GError *error = NULL;

    for (uint64_t seed = 1; seed <= 2; seed++) {
        add_run(&base, "epyc", seed, 1000);
        add_run(&new_, "epyc", seed, 1000);
        result_add(base.results[seed - 1], "completion.time_ns", RESULT_NS, 5000);
        result_add(new_.results[seed - 1], "memory.copy_bytes", RESULT_BYTES, 4096);
    }
    result_add(new_.results[0], "vmstat.pgtransact_success", RESULT_PAGES, 8);
    result_add(new_.results[0], "measure_ns.x.p99", RESULT_NS, 8);
    for (uint32_t i = 0; i < 2; i++) {
        result_sort(base.results[i]);
        result_sort(new_.results[i]);
    }
    g_autoptr(comparison_t) c = compare(&base, &new_, patterns, NULL);

    g_assert_cmpfloat(metric(c->groups, "memory.copy_bytes")->base_mean, ==, 0);
    g_assert_cmpfloat(metric(c->groups, "memory.copy_bytes")->new_mean, ==, 4096);
    g_assert_cmpfloat(metric(c->groups, "vmstat.pgtransact_success")->new_mean, ==, 4);
    g_assert_cmpuint(c->groups[0].nr_lone, ==, 2);
    g_assert_cmpstr(c->groups[0].lone[0].name, ==, "completion.time_ns");
    g_assert_true(c->groups[0].lone[0].has[0] && !c->groups[0].lone[0].has[1]);
    g_assert_cmpfloat(c->groups[0].lone[0].mean[0], ==, 5000);
    g_assert_false(c->groups[0].lone[1].has[0] || c->groups[0].lone[1].has[1]);
    g_assert_true(comparison_has(c, "completion.time_ns", NULL));
    g_assert_false(comparison_has(c, "memory.copy_byte", &error));
    g_assert_nonnull(strstr(error->message, "did you mean 'memory.copy_bytes'?"));
    g_clear_error(&error);

    g_autoptr(GArray) findings = gate_judge(gate, c, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(findings->len, ==, 2);
    g_assert_cmpuint(gate_nr_failed(findings), ==, 2);
    g_autofree char *text = compare_text(c, findings), *junit = compare_junit(c, findings),
                    *json = compare_json(c, findings), *posted = compare_mmtests(c, findings);

    g_assert_nonnull(strstr(text, "FAIL  completion.time_ns on epyc, db:2: 5us under old, but "
                                  "not there in every run of new; it may rise by 5% and 50ns\n"));
    g_assert_nonnull(strstr(junit, "failures=\"2\""));
    g_assert_nonnull(strstr(junit, "name=\"completion.time_ns\">\n      <failure "));
    g_assert_nonnull(strstr(json, "\"not_compared\": {"));
    g_assert_nonnull(strstr(posted, "completion.time_ns: in runs of old only\n"));
    g_assert_nonnull(strstr(posted, "measure_ns.x.p99: not in every run\n"));
    g_assert_null(gate_judge(other, c, &error));
    g_assert_nonnull(strstr(error->message, "no metric of epyc, db:2"));
    g_error_free(error);
    release(&base);
    release(&new_);
}

/* ------------------------------------------------------------------------------------------- */

/* Every form says each metric that it is asked for, and the same each time. */
static void test_forms(void)
{
    struct set base = {0}, new_ = {0};

    for (uint64_t seed = 1; seed <= 3; seed++) {
        add_run(&base, "<epyc>", seed, 1000 + (int64_t)seed);
        add_run(&new_, "<epyc>", seed, 1200);
    }
    g_autoptr(gate_t) gate = gate_of("  - {metric: '*.p99', may-rise: [5%, 50ns]}\n");
    g_autoptr(comparison_t) c = compare(&base, &new_, (const char *const[]){"*", NULL}, NULL);
    g_autoptr(GArray) findings = gate_judge(gate, c, NULL);
    char *forms[] = {compare_text(c, findings), compare_markdown(c, findings),
                     compare_json(c, findings), compare_junit(c, findings),
                     compare_mmtests(c, NULL),  compare_benchstat(c, NULL)};

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_assert_nonnull(strstr(forms[i], "request_latency_ns.clients.p99"));
        g_assert_nonnull(strstr(forms[i], "throughput.clients_per_s"));
        g_assert_true(g_utf8_validate(forms[i], -1, NULL));
    }
    g_assert_true(g_str_has_prefix(forms[0],
                                   "FAIL  request_latency_ns.clients.p99 on <epyc>, db:2: "
                                   "1.00us to 1.20us, +19.8% "));
    g_assert_nonnull(strstr(forms[3], "classname=\"&lt;epyc&gt;, db:2\""));
    g_assert_nonnull(strstr(forms[3], "failures=\"1\""));
    g_assert_nonnull(strstr(forms[4], "Amean     request_latency_ns.clients.p99"));
    g_assert_nonnull(strstr(forms[5], "1.002µ"));
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_free(forms[i]);
    }
    release(&base);
    release(&new_);
}

/* Names that mean something to Markdown stay names, and no cell more than there are columns. */
static void test_markdown(void)
{
    struct set base = {0}, new_ = {0};

    result_add(add(&base, "epyc|7`x`", "linux-6.12", 1), "latency_ns.a|`b`.p99", RESULT_NS, 1);
    result_add(add(&new_, "epyc|7`x`", "linux-6.12", 1), "latency_ns.a|`b`.p99", RESULT_NS, 2);
    struct compare_side a = {"old|*one*", (const struct result *const *)base.results, base.paths,
                             base.nr};
    struct compare_side b = {"<new>\n# one", (const struct result *const *)new_.results, new_.paths,
                             new_.nr};
    g_autoptr(comparison_t) c = compare_results(&a, &b, (const char *const[]){"*", NULL}, NULL);
    g_autofree char *text = compare_markdown(c, NULL);

    g_assert_nonnull(strstr(text, "## numasim: \\<new\\> # one against old\\|\\*one\\*\n"));
    g_assert_nonnull(strstr(text, "### epyc\\|7\\`x\\`, db:2\n"));
    g_assert_nonnull(
        strstr(text, "| metric | old\\|\\*one\\* | \\<new\\> # one | change | verdict |\n"));
    g_assert_nonnull(strstr(text, "| `` latency_ns.a\\|`b`.p99 `` | 1ns | 2ns | "));
    release(&base);
    release(&new_);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compare/exact", test_exact);
    g_test_add_func("/compare/paired", test_paired);
    g_test_add_func("/compare/unclear", test_unclear);
    g_test_add_func("/compare/groups", test_groups);
    g_test_add_func("/compare/policies", test_policies);
    g_test_add_func("/compare/bad-sets", test_bad_sets);
    g_test_add_func("/compare/gate", test_gate);
    g_test_add_func("/compare/gate-interval", test_gate_interval);
    g_test_add_func("/compare/gate-refused", test_gate_refused);
    g_test_add_func("/compare/bad-gates", test_bad_gates);
    g_test_add_func("/compare/lone", test_lone);
    g_test_add_func("/compare/forms", test_forms);
    g_test_add_func("/compare/markdown", test_markdown);
    return g_test_run();
}
