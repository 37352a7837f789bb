/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim compare: two sets of results, metric by metric, and gates. */
#include <string.h>

#include "base/error.h"
#include "cli/baseline.h"
#include "cli/cli.h"
#include "cli/result-set.h"
#include "format/gate-yaml.h"
#include "observe/compare-print.h"

enum format {
    FORMAT_TEXT,
    FORMAT_MARKDOWN,
    FORMAT_JSON,
    FORMAT_JUNIT,
    FORMAT_MMTESTS,
    FORMAT_BENCHSTAT
};
static const char *const formats[] = {"text",    "markdown",  "json", "junit",
                                      "mmtests", "benchstat", NULL};

struct compare_options {
    int format;
    char *gate, *output;
    char **metrics, **labels;
    bool update_baseline;
};
#define AT(member) offsetof(struct compare_options, member)

static const struct cli_option compare_options[] = {
    {.name = "gate",
     .letter = 'g',
     .type = CLI_STRING,
     .offset = AT(gate),
     .arg = "GATE.yaml",
     .complete = CLI_COMPLETE_FILE,
     .help = "hold the changes against this file; exit status 1 if one is too much"},
    {.name = "metric",
     .letter = 'm',
     .type = CLI_STRINGS,
     .offset = AT(metrics),
     .arg = "NAME",
     .help = "show this metric, or those that fit a pattern with * and ?; otherwise those of the "
             "gate, or else latencies, throughput, CPU time, migrations, locality"},
    {.name = "label",
     .letter = 'l',
     .type = CLI_STRINGS,
     .offset = AT(labels),
     .arg = "TEXT",
     .help = "what to call BASE, and given twice NEW too; otherwise their policies"},
    {.name = "update-baseline",
     .type = CLI_FLAG,
     .offset = AT(update_baseline),
     .help = "replace BASE by the metrics of NEW when that is compared, unless a gate fails; what "
             "only one side has is named, and BASE need not exist"},
    CLI_FORMAT_ROW(AT(format), formats, "text"),
    CLI_OUTPUT_ROW(AT(output), "FILE", CLI_COMPLETE_FILE, "write to this file instead"),
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------- */
/* Labels                                                                                       */

/* The one policy of @set with its overrides, or NULL. */
static char *policy_of(const struct result_set *set)
{
    const struct result *first = set->results->pdata[0];
    g_autofree char *overrides = g_strjoinv(" ", first->overrides);

    for (guint i = 1; i < set->results->len; i++) {
        const struct result *r = set->results->pdata[i];
        g_autofree char *other = g_strjoinv(" ", r->overrides);

        if (strcmp(r->policy.name, first->policy.name) != 0 || strcmp(other, overrides) != 0) {
            return NULL;
        }
    }
    return g_strconcat(first->policy.name, overrides[0] != '\0' ? " " : "", overrides, NULL);
}

/* What each side is called: as asked for, else by its policy where these differ, else by its path. */
static void choose_labels(const struct result_set *const sets[2], char *const *paths,
                          char *const *asked, char *ret[2])
{
    g_autofree char *base = policy_of(sets[0]);
    g_autofree char *new_ = policy_of(sets[1]);
    bool by_policy = base != NULL && new_ != NULL && strcmp(base, new_) != 0;
    guint nr_asked = g_strv_length((char **)asked);

    ret[0] = g_strdup(nr_asked > 0 ? asked[0] : by_policy ? base : paths[0]);
    ret[1] = g_strdup(nr_asked > 1 ? asked[1] : by_policy ? new_ : paths[1]);
}

/* ------------------------------------------------------------------------------------------- */

static char *print(const struct comparison *c, const GArray *findings, int format)
{
    switch ((enum format)format) {
    case FORMAT_MARKDOWN:
        return compare_markdown(c, findings);
    case FORMAT_JSON:
        return compare_json(c, findings);
    case FORMAT_JUNIT:
        return compare_junit(c, findings);
    case FORMAT_MMTESTS:
        return compare_mmtests(c, findings);
    case FORMAT_BENCHSTAT:
        return compare_benchstat(c, findings);
    case FORMAT_TEXT:
        break;
    }
    return compare_text(c, findings);
}

static struct compare_side side_of(const struct result_set *set, const char *label)
{
    return (struct compare_side){.label = label,
                                 .results = (const struct result *const *)set->results->pdata,
                                 .paths = (const char *const *)set->paths->pdata,
                                 .nr = set->results->len};
}

/* What to show: what is asked for, and what the gate is about. NULL-terminated; free with g_free(). */
static const char **patterns_of(const struct compare_options *o, const struct gate *gate)
{
    g_autoptr(GPtrArray) patterns = g_ptr_array_new();

    for (size_t i = 0; o->metrics[i] != NULL; i++) {
        g_ptr_array_add(patterns, o->metrics[i]);
    }
    for (uint32_t i = 0; gate != NULL && i < gate->nr_rules; i++) {
        g_ptr_array_add(patterns, gate->rules[i].metric);
    }
    g_ptr_array_add(patterns, NULL);
    return (const char **)g_ptr_array_free(g_steal_pointer(&patterns), FALSE);
}

static bool check_metrics(const struct comparison *c, char *const *metrics, GError **error)
{
    for (size_t i = 0; metrics[i] != NULL; i++) {
        if (!comparison_has(c, metrics[i], error)) {
            return false;
        }
    }
    return true;
}

/* Tells on standard error what an update changes in which runs there are. */
static void tell_unpaired(const struct compare_unpaired *u)
{
    const struct {
        const GPtrArray *texts;
        const char *what;
    } kinds[] = {{u->dropped, "no more in the baseline"},
                 {u->added, "new in the baseline"},
                 {u->changed, "not compared, for its work is another now"}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (guint j = 0; j < kinds[i].texts->len; j++) {
            cli_warn("%s: %s", kinds[i].what, (const char *)kinds[i].texts->pdata[j]);
        }
    }
}

/* Judges and prints @c; the exit status. */
static int finish(struct cli *cli, const struct compare_options *o, const struct comparison *c,
                  const struct gate *gate, GError **error)
{
    if (!check_metrics(c, o->metrics, error)) {
        return CLI_BAD_INPUT;
    }
    g_autoptr(GArray) findings = gate != NULL ? gate_judge(gate, c, error) : NULL;

    if ((gate != NULL && findings == NULL) ||
        !cli_write(cli, o->output, print(c, findings, o->format), error)) {
        return CLI_BAD_INPUT;
    }
    return findings != NULL && gate_nr_failed(findings) > 0 ? CLI_FAILED : CLI_DONE;
}

/* Holds @sets against each other; the exit status. */
static int compare_sets(struct cli *cli, const struct compare_options *o,
                        const struct result_set *const sets[2], char *const *labels,
                        const struct gate *gate, GError **error)
{
    struct compare_side base = side_of(sets[0], labels[0]), new_ = side_of(sets[1], labels[1]);
    g_autofree const char **patterns = patterns_of(o, gate);
    g_autoptr(comparison_t) c = compare_results(&base, &new_, patterns, error);

    return c != NULL ? finish(cli, o, c, gate, error) : CLI_BAD_INPUT;
}

/* The same of what both have, and then BASE becomes NEW. */
static int update(struct cli *cli, const struct compare_options *o,
                  const struct result_set *const sets[2], char *const *labels, const char *folder,
                  const struct gate *gate, GError **error)
{
    struct compare_side base = side_of(sets[0], labels[0]), new_ = side_of(sets[1], labels[1]);
    g_autofree const char **patterns = patterns_of(o, gate);
    struct compare_unpaired unpaired;
    g_autoptr(comparison_t) c = compare_common(&base, &new_, patterns, &unpaired, error);
    int status = CLI_BAD_INPUT;

    if (c == NULL) {
        return status;
    }
    if (c->nr_groups > 0) {
        status = finish(cli, o, c, gate, error);
    } else if (gate != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s and %s have no run in common for a gate to judge; expected one at least, "
                    "or no --gate",
                    base.label, new_.label);
    } else {
        status = CLI_DONE;
    }
    if (status == CLI_FAILED) {
        cli_warn("the gate failed: %s stays as it was; without --gate it is replaced", folder);
    } else if (status == CLI_DONE && baseline_write(sets[1], folder, error)) {
        tell_unpaired(&unpaired);
    }
    compare_unpaired_release(&unpaired);
    return status;
}

/* That labels are at most two, and no line breaks in what is a line. */
static bool check_labels(char *const *labels, GError **error)
{
    for (size_t i = 0; labels[i] != NULL; i++) {
        if (labels[i][0] == '\0') {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                        "--label: it is empty; expected one line of text");
            return false;
        }
        for (const char *c = labels[i]; *c != '\0'; c++) {
            if (g_ascii_iscntrl(*c)) {
                g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                            "--label: it has a control character; expected one line of text");
                return false;
            }
        }
        if (i >= 2) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                        "--label: '%s' is the third; expected one for BASE, and one for NEW",
                        labels[i]);
            return false;
        }
    }
    return true;
}

static int run(struct cli *cli, const void *options, char **args, GError **error)
{
    const struct compare_options *o = options;
    g_autoptr(gate_t) gate = o->gate != NULL ? gate_read_yaml(o->gate, error) : NULL;

    if ((o->gate != NULL && gate == NULL) || !check_labels(o->labels, error)) {
        return CLI_BAD_INPUT;
    }
    if (args[0][0] == '\0' || args[1][0] == '\0') {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "%s is empty; expected a folder",
                    args[0][0] == '\0' ? "BASE" : "NEW");
        return CLI_BAD_INPUT;
    }
    g_autoptr(result_set_t) new_ = result_set_read(args[1], error);

    if (new_ == NULL || (o->update_baseline && !baseline_check(args[0], error))) {
        return CLI_BAD_INPUT;
    }
    if (o->update_baseline && baseline_is_none(args[0])) {
        return baseline_write(new_, args[0], error) ? CLI_DONE : CLI_BAD_INPUT;
    }
    g_autoptr(result_set_t) base = result_set_read(args[0], error);

    if (base == NULL) {
        return CLI_BAD_INPUT;
    }
    const struct result_set *sets[2] = {base, new_};
    char *labels[2];

    choose_labels(sets, args, o->labels, labels);
    int status = o->update_baseline ? update(cli, o, sets, labels, args[0], gate, error)
                                    : compare_sets(cli, o, sets, labels, gate, error);

    g_free(labels[0]);
    g_free(labels[1]);
    return status;
}

static const char *const examples[] = {
    "numasim run -t epyc-7763-2s-nps4 -w db-server -p linux-6.1 --runs 12 -o runs/before",
    "numasim run -t epyc-7763-2s-nps4 -w db-server -p linux-6.12 --runs 12 -o runs/after",
    "numasim compare runs/before runs/after # what the release changed",
    "numasim compare -m 'request_latency_ns.*' --format markdown runs/before runs/after # for a "
    "pull "
    "request",
    "numasim compare --gate gate.yaml results/baselines/ci runs/after # in CI",
    NULL,
};

const struct subcommand cmd_compare = {
    .name = "compare",
    .summary = "hold two sets of results against each other, and against a gate",
    .args = "BASE NEW",
    .min_args = 2,
    .max_args = 2,
    .complete = CLI_COMPLETE_DIR,
    .options = compare_options,
    .options_size = sizeof(struct compare_options),
    .description =
        "BASE and NEW are results, or folders with results below them: of `run`, of `study`, or a "
        "baseline. They are paired by topology, workload and seed, and by policy where a side has "
        "several; a run without a partner is an error.\n\n"
        "Runs of one seed asked for the same work, so a pair's difference is the policy's. With "
        "one "
        "seed the comparison is exact. With several, the mean difference is shown with its "
        "bootstrap "
        "interval and the p of a sign-flip test, corrected by Holm over all metrics that differ in "
        "some run. "
        "`better` "
        "and `worse` (`different` where neither direction is) mean p <= 0.05 and an interval "
        "without 0, however small the change; else `same` means that no pair differs, or that the "
        "interval lies within 1 % of BASE, and `unclear` the rest. Of n seeds no p is below 2^(1 - "
        "n), times those metrics: take 12 or "
        "more, or choose metrics with -m.\n\n"
        "A counter that a run writes only where it moved (results/METRICS.md) is 0 where it is "
        "missing. Any other metric that is not in every run of a side has `-` there and no "
        "verdict.\n\n"
        "A gate lists metrics with an allowed change (results/README.md); one with `-` on one side "
        "fails. What fails is printed first, and the exit status is 1. --update-baseline then "
        "leaves "
        "BASE as it was; with runs that only one side has it compares the others, and names those.",
    .examples = examples,
    .run = run,
};
