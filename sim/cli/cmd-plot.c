/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim plot: pictures of results, drawn by gnuplot. */
#include "base/error.h"
#include "base/output.h"
#include "cli/cli.h"
#include "cli/plot-inputs.h"
#include "cli/plot.h"

static const char *const colors[] = {"process", "local", NULL};

static const char *kind_name(size_t i)
{
    return plot_kinds[i].name;
}

struct plot_options {
    int kind, color;
    char *output, *metric;
    char **labels;
    int64_t from_ns, to_ns;
    bool script;
};
#define AT(member) offsetof(struct plot_options, member)

static const struct cli_option plot_options[] = {
    {.name = "kind",
     .letter = 'k',
     .type = CLI_CHOICE,
     .offset = AT(kind),
     .arg = "KIND",
     .initial = "cdf",
     .nth_choice = kind_name,
     .help = "what the picture shows"},
    CLI_OUTPUT_ROW(
        AT(output), "FILE", CLI_COMPLETE_FILE,
        "the picture, its format by its ending: .svg, .png or .pdf, SVG to a pipe; otherwise "
        "KIND.svg"),
    {.name = "metric",
     .letter = 'm',
     .type = CLI_STRING,
     .offset = AT(metric),
     .arg = "NAME",
     .help = "the histogram that cdf and percentiles show, as result.json names it; otherwise "
             "request latency, or "
             "else wakeup latency"},
    {.name = "label",
     .letter = 'l',
     .type = CLI_STRINGS,
     .offset = AT(labels),
     .arg = "TEXT",
     .help = "what to call a result; once for each, in their order"},
    {.name = "from",
     .type = CLI_TIME,
     .offset = AT(from_ns),
     .arg = "TIME",
     .help = "begin the time axis here"},
    {.name = "to",
     .type = CLI_TIME,
     .offset = AT(to_ns),
     .arg = "TIME",
     .help = "end the time axis here"},
    {.name = "color",
     .type = CLI_CHOICE,
     .offset = AT(color),
     .arg = "BY",
     .initial = "process",
     .choices = colors,
     .help = "what occupancy shows of who runs: the process, or the share of its accesses that are "
             "local"},
    {.name = "script",
     .type = CLI_FLAG,
     .offset = AT(script),
     .help = "print the script for gnuplot instead of drawing"},
    {.name = NULL},
};

static bool choose_terminal(const char *output, const char **ret, GError **error)
{
    static const char *const known[][2] = {
        {".svg", "svg"}, {".png", "pngcairo"}, {".pdf", "pdfcairo"}};

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_has_suffix(output, known[i][0])) {
            *ret = known[i][1];
            return true;
        }
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "plot: '%s': unknown kind of picture; expected a name with .svg, .png or .pdf",
                output);
    return false;
}

static bool plot(struct cli *cli, struct plot *p, const struct plot_options *o, GError **error)
{
    g_autofree char *output =
        o->output != NULL ? g_strdup(o->output) : g_strconcat(p->kind->name, ".svg", NULL);
    bool is_stream = output_is_stream(output);
    g_autofree char *picture = NULL;
    const char *terminal = "svg";
    gsize size;

    if (!is_stream &&
        (!choose_terminal(output, &terminal, error) || !output_check(output, error))) {
        return false;
    }
    if (o->script) {
        char *script = plot_script(p, terminal, output, error);

        cli_print(cli, script);
        return script != NULL;
    }
    picture = plot_draw(p, terminal, &size, error);
    if (picture == NULL || !file_write_atomic(output, picture, size, error)) {
        return false;
    }
    if (!is_stream) { /* it may be standard output */
        g_string_append_printf(cli->out, "%s: %s\n", output, p->finding->str);
    }
    return true;
}

/* What would change nothing is not what was meant. */
static bool check_kind(const struct plot_options *o, GError **error)
{
    const struct plot_kind *kind = &plot_kinds[o->kind];
    const char *problem = NULL;

    if ((o->from_ns >= 0 || o->to_ns >= 0) && kind->watch == NULL) {
        problem = "--from and --to are for a time axis; expected the kind occupancy, queues, pages "
                  "or bandwidth";
    } else if (o->metric != NULL && !kind->takes_metric) {
        problem = "--metric is of latencies; expected the kind cdf or percentiles";
    }
    if (problem != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "plot: the kind '%s': %s",
                    kind->name, problem);
    }
    return problem == NULL;
}

static int run_plot(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct plot_options *o = data;
    int32_t nr = (int32_t)g_strv_length(args);
    g_autofree struct plot_input *inputs = g_new0(struct plot_input, (gsize)nr);
    struct plot p;
    bool ok;

    if (!check_kind(o, error)) {
        return CLI_BAD_INPUT;
    }
    p = plot_begin(cli->paths, &plot_kinds[o->kind], inputs, nr);
    p.metric = o->metric;
    p.from_ns = o->from_ns;
    p.to_ns = o->to_ns;
    p.color = (enum plot_color)o->color;
    ok = plot_inputs_read(inputs, nr, args, o->labels, error) && plot(cli, &p, o, error);
    plot_release(&p);
    plot_inputs_release(inputs, nr);
    return ok ? CLI_DONE : CLI_BAD_INPUT;
}

static const char *const examples[] = {
    "numasim plot out/linux-6.12 out/eevdf-random -o latency.svg # after `run -p linux-6.12 -p "
    "eevdf-random -o out`: latencies under both",
    "numasim plot -k access out/linux-6.12 -o access.png # who accesses whose memory",
    "numasim plot -k percentiles out/linux-6.12 out/eevdf-random # and as bars",
    "numasim plot -k pages out/linux-6.12 # where the memory is, and when it moves",
    "numasim plot -k occupancy --from 100ms --to 120ms out/linux-6.12 # 20 ms, CPU by CPU",
    NULL,
};

const struct subcommand cmd_plot = {
    .name = "plot",
    .summary = "draw results: latencies, migrations, queues, memory, bandwidth, who runs where",
    .args = "RESULT...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_DIR,
    .options = plot_options,
    .options_size = sizeof(struct plot_options),
    .description =
        "RESULT is the folder of one run that `numasim run -o DIR` wrote: DIR, or where it ran "
        "several policies or seeds DIR/POLICY/seed-N; any folder with just one such below it will "
        "do. Pictures are drawn by gnuplot, by the templates in results/plots, with lines and "
        "shades that can "
        "be told apart in grey; the title says what is to be seen.\n\n"
        "Of several results: cdf and percentiles (latencies), migrations (of tasks, by the level "
        "of the machine that they cross), access (whose memory is accessed from where).\n\n"
        "Of one: machine (the machine with the load of each CPU and of each node's memory), "
        "occupancy (who runs where over time, or how local its accesses are), queues (tasks that "
        "run or wait on each CPU over time), pages (memory by node over time, with NUMA hint "
        "faults and page migrations), bandwidth (of nodes and links over time).\n\n"
        "A result holds no events: for occupancy, queues, pages and bandwidth it is simulated "
        "again from the copies of its inputs, and the digest must be the same.",
    .examples = examples,
    .run = run_plot,
};
