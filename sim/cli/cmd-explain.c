/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim explain: what latencies are made of, and why CPU time was wasted. */
#include "cli/again.h"
#include "cli/cli.h"
#include "cli/result-path.h"
#include "observe/explain.h"
#include "workload/workload.h"

struct explain_options {
    int format;
};

static const struct cli_option explain_options[] = {
    CLI_FORMAT_ROW(offsetof(struct explain_options, format), cli_formats_text, "text"),
    {.name = NULL},
};

struct explaining {
    const struct result *result;
    const char **sources;
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

/* The names of the request sources in the order in which workloads and their replicas begin them; free with
 * g_free(), the names are borrowed. */
static const char **sources_of(const struct simulation *s)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < s->workloads->len; i++) {
        const struct workload *w = s->workloads->pdata[i];

        for (int32_t replica = 0; replica < w->replicas; replica++) {
            for (int32_t a = 0; a < w->nr_arrivals; a++) {
                g_ptr_array_add(names, w->arrivals[a].name);
            }
        }
    }
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static int run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct explain_options *o = data;
    g_autofree char *path = result_path(args[0], error);
    g_autoptr(result_t) r = path != NULL ? result_read(path, error) : NULL;
    g_autoptr(simulation_t) s = r != NULL ? again_open(cli->paths, path, r, error) : NULL;

    if (s == NULL) {
        return CLI_DONE;
    }
    g_autofree const char **sources = sources_of(s);
    struct explaining x = {.result = r, .sources = sources};

    if (again_run(s, path, r, attach, finished, &x, error)) {
        cli_print(cli,
                  o->format == CLI_FORMAT_JSON ? explain_json(x.explain) : explain_text(x.explain));
    }
    explain_free(x.explain);
    return CLI_DONE;
}

static const char *const examples[] = {
    "numasim run -t epyc-7763-2s-nps4 -w db-server:replicas=12 -p linux-6.12 -o out",
    "numasim explain out # what makes the tail, and who waited while CPUs were idle",
    NULL,
};

const struct subcommand cmd_explain = {
    .name = "explain",
    .summary = "show what latencies are made of, and why CPU time was wasted",
    .args = "RESULT",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_DIR,
    .options = explain_options,
    .options_size = sizeof(struct explain_options),
    .description =
        "The run is simulated again with listeners: a result holds no events.\n\n"
        "Latencies of requests and wakeups are put in buckets by the percentiles of the result, "
        "and "
        "each bucket is divided by cause: a request's time in its queue (behind other requests), "
        "and "
        "its worker's by kinds as `numasim diff` names them; a wakeup's by whose tasks ran on its "
        "CPU "
        "meanwhile. The parts add up exactly.\n\n"
        "Wasted CPU time is that of the metric cpu.wasted_ns: CPUs idle while tasks waited that "
        "might "
        "run there. It is laid to the tasks that waited longest, and to the last reason that the "
        "policy "
        "gave as it decided for leaving them where they were (affinity, cache-hot, "
        "imbalance-below-threshold, interval-not-due, numa-imbalance-allowed...); `nobody looked` "
        "where it gave none since the task began to wait.",
    .examples = examples,
    .run = run,
};
