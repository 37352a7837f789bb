/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What latencies are made of, and who waited while CPUs were idle: against the metrics of the same run. */
#include <string.h>

#include "engine-fixture.h"
#include "event-log.h"

#include "base/time.h"
#include "observe/explain-private.h"
#include "observe/simulate.h"

struct explaining {
    const struct result *result;
    const char *const *sources;
    struct explain *explain;
};

static void attach(struct kernel *k, void *data)
{
    struct explaining *x = data;

    x->explain = explain_new(k, x->result, x->sources);
}

static void finished(const struct kernel *k, void *data)
{
    explain_finish(((struct explaining *)data)->explain, k);
}

/* Runs it twice, the second time with explanations. @ret_result: of the first. */
static struct explain *explain(const char *topology, const char *workload, const char *policies,
                               const char *const *sources, struct result **ret_result)
{
    struct engine *e = engine_new(topology, workload, policies, &(struct kernel_config){.seed = 1});
    const struct workload *workloads[] = {e->workload};
    struct simulate_options options = simulate_options_default();
    struct explaining x = {.sources = sources};
    GError *error = NULL;

    options.duration_ns = 400 * NSEC_PER_MSEC;
    options.warmup_ns = 50 * NSEC_PER_MSEC;
    *ret_result = simulate(e->machine, e->domains, workloads, 1, e->stack, &options, NULL, &error);
    g_assert_no_error(error);
    x.result = *ret_result;
    options.attach = attach;
    options.finished = finished;
    options.data = &x;
    result_free(simulate(e->machine, e->domains, workloads, 1, e->stack, &options, NULL, &error));
    g_assert_no_error(error);
    engine_free(e);
    return x.explain;
}

/* Wasted time is the metric's, all of it laid to somebody; latencies are as many as the metrics', and their
 * parts add up. */
static void assert_agrees(const char *topology, const char *workload, const char *policies,
                          const char *source)
{
    const char *const sources[] = {source, NULL};
    struct result *r;
    struct explain *x = explain(topology, workload, policies, sources, &r);
    int64_t laid_ns = 0;

    g_assert_cmpint(x->wasted_ns, ==, result_metric(r, "cpu.wasted_ns")->value);
    for (guint i = 0; i < x->wastes->len; i++) {
        laid_ns += g_array_index(x->wastes, struct explain_waste, i).wasted_ns;
    }
    g_assert_cmpint(laid_ns, ==, x->wasted_ns);
    for (int32_t i = 0; i < x->nr_latencies; i++) {
        const struct explain_latency *l = &x->latencies[i];
        g_autofree char *name = g_strconcat(l->name, ".count", NULL);
        g_autofree char *mean = g_strconcat(l->name, ".mean", NULL);
        const struct result_metric *count = result_metric(r, name);
        uint64_t nr = 0;
        int64_t sum_ns = 0;

        for (int b = 0; b < EXPLAIN_NR_BUCKETS; b++) {
            const struct explain_bucket *bucket = &l->buckets[b];
            int64_t parts_ns = bucket->queued_ns;

            g_assert_cmpint(bucket->queued_ns, >=, 0);
            for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
                g_assert_cmpint(bucket->kinds[kind], >=, 0);
                parts_ns += bucket->kinds[kind];
            }
            g_assert_cmpint(parts_ns, ==, bucket->sum_ns);
            nr += bucket->count;
            sum_ns += bucket->sum_ns;
        }
        g_assert_cmpint((int64_t)nr, ==, count != NULL ? count->value : 0);
        if (nr > 0) {
            g_assert_cmpint(sum_ns / (int64_t)nr, ==, result_metric(r, mean)->value);
        }
    }
    explain_free(x);
    result_free(r);
}

static void test_agrees(void)
{
    assert_agrees("teach-numa-2x4", "schbench", "linux-6.12", "nobody");
    assert_agrees("teach-numa-2x4", "numa-process", "linux-6.1", "nobody");
    assert_agrees("teach-uma-4", "teach-mmc", "fifo-none", "customers");
    assert_agrees("teach-numa-2x4", "db-server", "linux-6.12", "clients");
}

static const struct explain_waste *waste_because(const struct explain *x, const char *reason)
{
    for (guint i = 0; i < x->wastes->len; i++) {
        const struct explain_waste *w = &g_array_index(x->wastes, struct explain_waste, i);

        if (strcmp(w->reason, reason) == 0) {
            return w;
        }
    }
    return NULL;
}

/* Three hogs on CPU 0 of four while nobody balances: two wait all the time, and nobody looked. */
static void test_nobody(void)
{
    struct result *r;
    struct explain *x =
        explain("teach-uma-4",
                "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
                "      t: {count: 3, program: [run: 1s]}\n",
                "fifo-none", NULL, &r);
    const struct explain_waste *w = waste_because(x, "nobody looked");

    g_assert_nonnull(w);
    g_assert_cmpstr(w->group, ==, "p/t");
    g_assert_cmpint(w->wasted_ns, ==, 2 * 350 * NSEC_PER_MSEC);
    g_autofree char *text = explain_text(x);
    g_autofree char *json = explain_json(x);

    g_assert_nonnull(strstr(text, "CPU time wasted: 700ms"));
    g_assert_nonnull(strstr(json, "\"schema\": \"numasim-explain/1\""));
    explain_free(x);
    result_free(r);
}

/* What Linux says as it looks, where sleepers and hogs leave CPUs idle for moments. */
static void test_reasons(void)
{
    static const char *const known[] = {"balanced",
                                        "interval-not-due",
                                        "another-cpu-balances",
                                        "imbalance-below-threshold",
                                        "numa-imbalance-allowed",
                                        "no-cpu-to-take-from",
                                        "affinity",
                                        "dequeue-pending",
                                        "not-its-turn",
                                        "numa-locality",
                                        "cache-hot",
                                        "larger-than-the-imbalance",
                                        "idle-too-short",
                                        "no-cpu-has-two",
                                        "nobody looked"};
    struct result *r;
    struct explain *x =
        explain("teach-numa-2x4",
                "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
                "      hog: {count: 5, program: [forever: [run: 10ms]]}\n"
                "      nap: {count: 16, program: [forever: [run: 500us, sleep: {uniform: [100us, "
                "2ms]}]]}\n",
                "linux-6.12", NULL, &r);

    g_assert_cmpuint(x->wastes->len, >, 2);
    for (guint i = 0; i < x->wastes->len; i++) {
        const char *reason = g_array_index(x->wastes, struct explain_waste, i).reason;
        bool found = false;

        for (size_t k = 0; k < G_N_ELEMENTS(known); k++) {
            found = found || strcmp(reason, known[k]) == 0;
        }
        if (!found) {
            g_error("reason '%s'", reason);
        }
    }
    g_assert_nonnull(waste_because(x, "cache-hot"));
    explain_free(x);
    result_free(r);
}

/* Reasons for which tasks, or all that waited, were left: interned strings. */
static void note_left(const struct tp_event *e, void *data)
{
    const struct tp_decision *d = (const struct tp_decision *)(uintptr_t)e->a;

    if (strcmp(d->callback, "balance.left") == 0) {
        g_assert_nonnull(d->reason);
        g_hash_table_add(data, (gpointer)g_intern_string(d->reason));
    }
}

static GHashTable *left_under(const char *policies)
{
    static const char *const workload =
        "numasim: workload/1\nduration: 1s\ndescription: naps\nsources: [chosen]\nprocesses:\n  "
        "p:\n"
        "    threads:\n"
        "      hog: {count: 5, program: [forever: [run: 10ms]]}\n"
        "      pin: {count: 3, cpus: 4-5, program: [forever: [run: 700us, sleep: {uniform: [100us, "
        "1ms]}]]}\n"
        "      nap: {count: 16, program: [forever: [run: 500us, sleep: {uniform: [100us, "
        "2ms]}]]}\n";
    struct engine *e =
        engine_new("teach-numa-2x4", workload, policies, &(struct kernel_config){.seed = 1});
    GHashTable *reasons = g_hash_table_new(g_str_hash, g_str_equal);

    kernel_listen(e->kernel, UINT64_C(1) << TP_DECISION, note_left, reasons);
    engine_run(e, 300 * NSEC_PER_MSEC);
    engine_free(e);
    return reasons;
}

/* Each shipped policy that looks for work says of what it leaves why, as it does. */
static void test_policies_say(void)
{
    static const char *const cases[][8] = {
        {"linux-4.3", "affinity", "cache-hot", "interval-not-due", "imbalance-below-threshold",
         "larger-than-the-imbalance", "another-cpu-balances"},
        {"linux-5.3", "affinity", "cache-hot", "interval-not-due", "imbalance-below-threshold"},
        {"linux-6.12", "affinity", "cache-hot", "interval-not-due", "imbalance-below-threshold"},
        {"nest", "affinity", "another was taken"},
        {"work-conserving", "affinity", "another was taken", "no idle CPU"},
        {"cache-aware", "affinity", "another was taken"},
        {"oracle", "affinity", "another has more left", "no idle CPU"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GHashTable) reasons = left_under(cases[i][0]);

        for (size_t k = 1; k < G_N_ELEMENTS(cases[i]) && cases[i][k] != NULL; k++) {
            if (!g_hash_table_contains(reasons, cases[i][k])) {
                g_autofree char *said = NULL;
                g_autofree gpointer *keys = g_hash_table_get_keys_as_array(reasons, NULL);

                said = g_strjoinv(", ", (char **)keys);
                g_test_message("%s does not say '%s', but: %s", cases[i][0], cases[i][k], said);
                g_test_fail();
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain/agrees", test_agrees);
    g_test_add_func("/explain/nobody", test_nobody);
    g_test_add_func("/explain/reasons", test_reasons);
    g_test_add_func("/explain/policies-say", test_policies_say);
    return g_test_run();
}
