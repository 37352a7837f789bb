/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim diff: where two runs of one workload and seed part, and where the time went. */
#include <string.h>

#include "base/error.h"
#include "cli/again.h"
#include "cli/cli.h"
#include "cli/result-path.h"
#include "observe/diff.h"

struct diff_options {
    int format;
    int64_t nr_tasks;
};
#define AT(member) offsetof(struct diff_options, member)

static const struct cli_option diff_options[] = {
    {.name = "tasks",
     .letter = 'n',
     .type = CLI_INT,
     .offset = AT(nr_tasks),
     .arg = "N",
     .initial = "10",
     .min = 0,
     .max = 1000000,
     .help = "show so many of the tasks that differ most"},
    CLI_FORMAT_ROW(AT(format), cli_formats_text, "text"),
    {.name = NULL},
};

/* A side while it is simulated. */
struct side {
    char *path;
    struct result *result;
    struct simulation *simulation;
    const struct diff_wants *wants;
    struct diff_pass *pass;
};

static void attach(struct kernel *k, void *data)
{
    struct side *side = data;

    side->pass = diff_pass_new(k, side->wants);
}

static void finished(const struct kernel *k, void *data)
{
    diff_pass_finish(((struct side *)data)->pass, k);
}

static bool open_side(struct cli *cli, struct side *side, const char *path, GError **error)
{
    side->path = result_path(path, error);
    side->result = side->path != NULL ? result_read(side->path, error) : NULL;
    if (side->result == NULL) {
        return false;
    }
    side->simulation = again_open(cli->paths, side->path, side->result, error);
    return side->simulation != NULL;
}

static void close_side(struct side *side)
{
    diff_pass_free(side->pass);
    simulation_free(side->simulation);
    result_free(side->result);
    g_free(side->path);
}

/* The same work was asked for on both. */
static bool check_pair(const struct side *base, const struct side *new_, GError **error)
{
    const struct result *a = base->result, *b = new_->result;
    bool same = a->nr_workloads == b->nr_workloads && a->seed == b->seed &&
                a->duration_ns == b->duration_ns;

    for (int32_t i = 0; same && i < a->nr_workloads; i++) {
        same = strcmp(a->workloads[i].digest, b->workloads[i].digest) == 0 &&
               a->workloads[i].replicas == b->workloads[i].replicas;
    }
    if (!same) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s and %s are of different workloads, seeds or durations; expected runs that "
                    "differ in machine or policy alone",
                    base->path, new_->path);
    }
    return same;
}

/* Simulates @side with what @wants (NULL: the first pass) asks for. */
static bool pass(struct side *side, const struct diff_wants *wants, GError **error)
{
    g_clear_pointer(&side->pass, diff_pass_free);
    side->wants = wants;
    return again_run(side->simulation, side->path, side->result, attach, finished, side, error);
}

/* "linux-6.12", or with what tells the sides apart if they are of one policy. */
static char *label_of(const struct side *side, const struct side *other)
{
    const struct result *a = side->result, *b = other->result;
    g_autofree char *overrides = g_strjoinv(" ", a->overrides);

    if (strcmp(a->policy.name, b->policy.name) != 0) {
        return g_strdup(a->policy.name);
    }
    if (strcmp(a->topology.name, b->topology.name) != 0) {
        return g_strdup_printf("%s on %s", a->policy.name, a->topology.name);
    }
    return g_strdup_printf("%s %s", a->policy.name, overrides[0] != '\0' ? overrides : side->path);
}

static int run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct diff_options *o = data;
    struct side base = {0}, new_ = {0};
    struct diff_wants wants = {0};
    bool ok = open_side(cli, &base, args[0], error) && open_side(cli, &new_, args[1], error) &&
              check_pair(&base, &new_, error) && pass(&base, NULL, error) &&
              pass(&new_, NULL, error);

    if (ok) {
        wants = diff_wants_of(base.pass, new_.pass);
        ok = pass(&base, &wants, error) && pass(&new_, &wants, error);
    }
    if (ok) {
        struct diff *d = diff_new(base.pass, new_.pass, &wants);
        char *labels[2] = {label_of(&base, &new_), label_of(&new_, &base)};
        const char *const named[2] = {labels[0], labels[1]};

        cli_print(cli, o->format == CLI_FORMAT_JSON ? diff_json(d, named)
                                                    : diff_text(d, named, (int32_t)o->nr_tasks));
        g_free(labels[0]);
        g_free(labels[1]);
        diff_free(d);
    }
    close_side(&base);
    close_side(&new_);
    diff_wants_release(&wants);
    return CLI_DONE;
}

static const char *const examples[] = {
    "numasim run -t teach-numa-2x4 -w schbench -p linux-6.1 -o before",
    "numasim run -t teach-numa-2x4 -w schbench -p linux-6.12 -o after",
    "numasim diff before after # the first decision in which they part, and what it led to",
    NULL,
};

const struct subcommand cmd_diff = {
    .name = "diff",
    .summary = "show where two runs part, and where the time went",
    .args = "BASE NEW",
    .min_args = 2,
    .max_args = 2,
    .complete = CLI_COMPLETE_DIR,
    .options = diff_options,
    .options_size = sizeof(struct diff_options),
    .description =
        "BASE and NEW are results of one workload and seed on two machines or under two "
        "policies. Both "
        "are simulated again, twice, with listeners: a result holds no events.\n\n"
        "First comes the event in which the schedules part (a switch, a wakeup, a "
        "migration), with the "
        "decision of each policy that led to it, what it compared, and who had how much "
        "to do. Then, for "
        "each task that both have, the time that it took up to the same place in its "
        "work, new less "
        "base, by what it was spent on: running at full speed, slowed by SMT siblings "
        "(smt), a cold "
        "cache (cold), remote memory (remote), bandwidth or TLB misses; the kernel; "
        "waiting for a CPU; "
        "throttled; coming (on its way to a CPU after a wakeup); blocked, with whom it "
        "waited for; not "
        "started (unborn). Slowdown is attributed in that order, and the kinds add up "
        "to the difference "
        "exactly.\n\n"
        "The same place is the task's end, or as often as it went to sleep on both "
        "sides; a task that "
        "did neither, or was awake for longer after its last such sleep than before, is compared "
        "at "
        "the end of the run, where it took as long and may have done more. Tasks are the same if "
        "process, "
        "name and number "
        "are; those that a task forks, by that task and their number among its children.",
    .examples = examples,
    .run = run,
};
