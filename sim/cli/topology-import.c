/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim topology import: a machine from what the user has at hand. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/measure.h"
#include "cli/topology.h"
#include "format/facts/pins.h"
#include "format/facts/read.h"
#include "format/machine/topology-write.h"
#include "format/machine/topology-yaml.h"

struct import_options {
    char *output, *like, *host, *name, *description;
    int from;
    bool live, measure;
};
#define AT(member) offsetof(struct import_options, member)

static const char *nth_format(size_t i)
{
    const struct facts_reader *const reader = facts_readers()[i];

    return reader != NULL ? reader->name : NULL;
}

static const struct cli_option import_options[] = {
    CLI_OUTPUT_ROW(AT(output), "OUT.yaml", CLI_COMPLETE_FILE,
                   "write the topology to this file; otherwise it is printed"),
    {.name = "live",
     .type = CLI_FLAG,
     .offset = AT(live),
     .help = "describe the machine that this runs on"},
    {.name = "measure",
     .type = CLI_FLAG,
     .offset = AT(measure),
     .help = "with --live: measure latency and bandwidth between its nodes, in under a minute"},
    {.name = "from",
     .type = CLI_CHOICE,
     .offset = AT(from),
     .arg = "FORMAT",
     .nth_choice = nth_format,
     .help = "what the files are; otherwise each is recognised by its content"},
    {.name = "like",
     .type = CLI_STRING,
     .offset = AT(like),
     .arg = "TOPOLOGY",
     .initial = "generic-2s",
     .complete = CLI_COMPLETE_TOPOLOGY,
     .help = "fill what the files do not say from this machine: costs, latencies, sizes"},
    {.name = "host",
     .type = CLI_STRING,
     .offset = AT(host),
     .arg = "TOPOLOGY",
     .complete = CLI_COMPLETE_TOPOLOGY,
     .help = "a guest's pinned CPUs and memory get the latencies of this machine's nodes"},
    {.name = "name",
     .type = CLI_STRING,
     .offset = AT(name),
     .arg = "NAME",
     .help = "the machine's name; otherwise what the files say, or the output's name"},
    {.name = "description",
     .type = CLI_STRING,
     .offset = AT(description),
     .arg = "TEXT",
     .help = "the machine's description"},
    {.name = NULL},
};

/* What an import has at hand. */
struct importing {
    struct cli *cli;
    const struct import_options *options;
    char **files;
    struct facts *facts;
    GPtrArray *lines; /* char *: what was filled in or is unusual */
};

/* Adds @more to what is known so far, and takes it. */
static bool add_facts(struct importing *im, struct facts *more, GError **error)
{
    g_autoptr(facts_t) taken = more;

    if (taken == NULL) {
        return false;
    }
    if (im->facts == NULL) {
        im->facts = g_steal_pointer(&taken);
        return true;
    }
    return facts_merge(im->facts, taken, error);
}

static bool read_live(struct importing *im, GError **error)
{
    const struct facts_input root = {.name = "this machine", .folder = "/"};
    struct measure_options measure = {.progress = im->cli->show_progress};

    if (!add_facts(im, facts_sysfs.read(&root, error), error)) {
        return false;
    }
    return !im->options->measure || measure_memory(im->facts, &measure, error);
}

static bool read_all(struct importing *im, GError **error)
{
    const struct import_options *o = im->options;
    const char *const from = o->from >= 0 ? nth_format((size_t)o->from) : NULL;

    if (!o->live && (im->files[0] == NULL || o->measure)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "%s",
                    o->measure ? "--measure measures this machine; expected --live with it"
                               : "nothing to import; expected files, or --live");
        return false;
    }
    if (o->live && !read_live(im, error)) {
        return false;
    }
    for (size_t i = 0; im->files[i] != NULL; i++) {
        struct facts *read = strcmp(im->files[i], "-") == 0
                                 ? facts_read_fd("standard input", STDIN_FILENO, from, error)
                                 : facts_read(im->files[i], from, error);

        if (!add_facts(im, read, error)) {
            return false;
        }
    }
    return true;
}

static void replace(char **text, char *with)
{
    g_free(*text);
    *text = with;
}

/* The machine's name: as asked for, as stated, as the output's file, or "imported". */
static char *choose_name(const struct importing *im)
{
    const struct import_options *o = im->options;
    char *name;

    if (o->name != NULL) {
        return g_strdup(o->name);
    }
    if (im->facts->name != NULL && im->facts->name[0] != '\0') {
        return g_strdup(im->facts->name);
    }
    if (o->output == NULL) {
        return g_strdup("imported");
    }
    name = g_path_get_basename(o->output);
    if (g_str_has_suffix(name, ".yaml") && strlen(name) > strlen(".yaml")) {
        name[strlen(name) - strlen(".yaml")] = '\0';
    }
    return name;
}

static struct machine *make_machine(struct importing *im, GError **error)
{
    const struct import_options *o = im->options;
    g_autoptr(machine_t) like = paths_read_topology(im->cli->paths, o->like, error);
    g_autoptr(machine_t) host = NULL;
    struct machine *m;

    if (like == NULL) {
        g_prefix_error(error, "--like: ");
        return NULL;
    }
    if (o->host != NULL) {
        host = paths_read_topology(im->cli->paths, o->host, error);
        if (host == NULL) {
            g_prefix_error(error, "--host: ");
            return NULL;
        }
    }
    if (!facts_check_pins(im->facts, host, im->lines, error)) {
        return NULL;
    }
    m = machine_complete(im->facts, like, host, im->lines, error);
    if (m != NULL) {
        replace(&m->name, choose_name(im));
        if (o->description != NULL) {
            replace(&m->description, g_strdup(o->description));
        }
    }
    return m;
}

/* The file's text, read back as a check: what cannot be loaded is not written. */
static char *make_yaml(const struct importing *im, const struct machine *m, GError **error)
{
    g_autoptr(GPtrArray) comment = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *yaml = NULL;
    g_autoptr(machine_t) again = NULL;

    g_ptr_array_add(comment, g_strdup_printf("Imported by `numasim topology import` from %s.",
                                             im->facts->source));
    for (guint i = 0; i < im->lines->len; i++) {
        g_ptr_array_add(comment, g_strdup(g_ptr_array_index(im->lines, i)));
    }
    yaml = topology_write_yaml(m, comment);
    again = topology_read_yaml_buffer(im->facts->source, yaml, strlen(yaml), error);
    return again != NULL ? g_steal_pointer(&yaml) : NULL;
}

/* On standard error: standard output may be the topology. */
static void report(const struct importing *im, const struct machine *m)
{
    const struct {
        int32_t count;
        const char *what;
    } counts[] = {{m->nr_cpus, "CPU"},
                  {m->nr_cores, "core"},
                  {m->nr_llcs, "LLC"},
                  {m->nr_nodes, "node"},
                  {m->nr_packages, "package"}};

    fprintf(stderr, "%s: ", m->name);
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        fprintf(stderr, "%d %s%s, ", counts[i].count, counts[i].what,
                counts[i].count != 1 ? "s" : "");
    }
    fprintf(stderr, "from %s\n", im->facts->source);
    for (guint i = 0; i < im->lines->len; i++) {
        fprintf(stderr, "  %s\n", (const char *)g_ptr_array_index(im->lines, i));
    }
}

/* A name that a path, a list and a comment may hold as it is. */
static bool check_name(const char *name, GError **error)
{
    static const char plain[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.+";

    if (name == NULL || (g_ascii_isalnum(*name) && name[strspn(name, plain)] == '\0')) {
        return true;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "--name: '%s' is no plain name; expected letters, digits, '-', '_', '.' and '+'",
                name);
    return false;
}

static int import_run(struct cli *cli, const void *data, char **args, GError **error)
{
    struct importing im = {.cli = cli, .options = data, .files = args};
    g_autoptr(machine_t) m = NULL;
    g_autofree char *yaml = NULL;

    im.lines = g_ptr_array_new_with_free_func(g_free);
    if (check_name(im.options->name, error) && read_all(&im, error)) {
        m = make_machine(&im, error);
    }
    if (m != NULL) {
        yaml = make_yaml(&im, m, error);
    }
    if (yaml != NULL && cli_write(cli, im.options->output, g_steal_pointer(&yaml), error)) {
        report(&im, m);
    }
    facts_free(im.facts);
    g_ptr_array_unref(im.lines);
    return CLI_DONE;
}

const struct subcommand topology_import = {
    .name = "import",
    .summary = "make a topology of what other tools say of a machine",
    .args = "[FILE...]",
    .min_args = 0,
    .max_args = -1,
    .complete = CLI_COMPLETE_FILE,
    .options = import_options,
    .options_size = sizeof(struct import_options),
    .description =
        "Each FILE is recognised by what is in it: hwloc XML (`lstopo x.xml`) or an hwloc "
        "synthetic "
        "string; a sysfs tree, as a folder or a tar archive; a folder of CPUID dumps; the text of "
        "`numactl --hardware`, `lscpu`, `lscpu -e`, `lscpu -p`, `lscpu -J`; a QEMU command line; "
        "libvirt XML of a domain or of `virsh capabilities`. `-` is standard input; text that "
        "stands "
        "on the command line itself must not begin with a dash (`qemu-system-x86_64 -smp 8`). "
        "Several files "
        "together describe one machine and must not contradict each other.\n\n"
        "What no file says is filled from the machine that --like names, and what is odd is kept "
        "and declared in the topology. Both are told on standard error, a line each, and stand in "
        "the topology as comments.",
    .run = import_run,
};
