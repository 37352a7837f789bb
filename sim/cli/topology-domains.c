/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim topology domains: what Linux would make of a machine. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/output.h"
#include "cli/cli.h"
#include "cli/topology.h"
#include "machine/cpulist.h"
#include "machine/domains-debugfs.h"
#include "machine/domains-text.h"
#include "machine/dot.h"
#include "machine/schedstat.h"

enum domains_format { TEXT, JSON, SCHEDSTAT, DEBUGFS, DOT };
static const char *const overlap_names[] = {"of-release", "from-cpu0", "from-self",
                                            "from-self-3hop", NULL};
static const char *const drops_names[] = {"of-release", "off", "on", NULL};
static const char *const formats[] = {"text", "json", "schedstat", "debugfs", "dot", NULL};

struct domains_options {
    int format;
    char *kernel, *output, *isolated, *offline;
    char **partitions;
    int64_t relax_level;
    int overlap_groups, hotplug_drops_numa;
    bool reonlined;
};
#define AT(member) offsetof(struct domains_options, member)

static const struct cli_option options[] = {
    TOPOLOGY_KERNEL_ROW(AT(kernel)),
    CLI_FORMAT_ROW(AT(format), formats, "text"),
    {.name = "output",
     .letter = 'o',
     .type = CLI_STRING,
     .offset = AT(output),
     .arg = "PATH",
     .complete = CLI_COMPLETE_FILE,
     .help = "write to this file; with --format debugfs, make this folder and the files in it"},
    {.name = "partition",
     .type = CLI_STRINGS,
     .offset = AT(partitions),
     .arg = "CPULIST",
     .help = "these CPUs are a cpuset partition root; isolated:CPULIST is a partition without load "
             "balancing"},
    {.name = "isolated",
     .type = CLI_STRING,
     .offset = AT(isolated),
     .arg = "CPULIST",
     .help = "boot with isolcpus=domain,CPULIST, besides what the topology says"},
    {.name = "offline",
     .type = CLI_STRING,
     .offset = AT(offline),
     .arg = "CPULIST",
     .help = "take these CPUs offline, besides what the topology says"},
    {.name = "relax-domain-level",
     .type = CLI_INT,
     .offset = AT(relax_level),
     .arg = "LEVEL",
     .max = G_MAXINT32,
     .help = "boot with relax_domain_level=LEVEL: no newidle balancing from that level on"},
    {.name = "overlap-groups",
     .type = CLI_CHOICE,
     .offset = AT(overlap_groups),
     .arg = "RULE",
     .initial = "of-release",
     .choices = overlap_names,
     .help = "where the groups of overlapping NUMA domains begin, if not as in the release"},
    {.name = "hotplug-drops-numa",
     .type = CLI_CHOICE,
     .offset = AT(hotplug_drops_numa),
     .arg = "WHEN",
     .initial = "of-release",
     .choices = drops_names,
     .help = "whether a CPU that comes online again costs the machine its levels above MC"},
    {.name = "reonlined",
     .type = CLI_FLAG,
     .offset = AT(reonlined),
     .help = "some CPU went offline and came back since boot"},
    {.name = NULL},
};

const char *topology_nth_kernel(size_t i)
{
    return i < NR_KERNEL_RELEASES ? kernel_release_name((enum kernel_release)i) : NULL;
}

bool topology_kernel(const char *text, enum kernel_release *ret_release, GError **error)
{
    if (!kernel_release_parse(text, ret_release, error)) {
        g_prefix_error(error, "--kernel: ");
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* What the options say of CPUs                                                                 */

static bool fail(const char *option, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail(const char *option, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "--%s: %s", option, text);
    return false;
}

/* The CPUs of @list, at least one, or NULL with an error that names @option. */
static uint64_t *parse_cpus(const struct machine *m, const char *option, const char *list,
                            GError **error)
{
    g_autofree uint64_t *cpus = bitmap_new((uint32_t)m->nr_cpus);

    if (!machine_parse_cpulist(m, list, cpus, error)) {
        g_prefix_error(error, "--%s: ", option);
        return NULL;
    }
    if (bitmap_empty(cpus, (uint32_t)m->nr_cpus)) {
        fail(option, error, "no CPU is named; expected at least one");
        return NULL;
    }
    return g_steal_pointer(&cpus);
}

/* Adds the CPUs of @list (NULL: none) to @set. */
static bool add_cpus(const struct machine *m, const char *option, const char *list, uint64_t *set,
                     GError **error)
{
    g_autofree uint64_t *cpus = NULL;

    if (list == NULL) {
        return true;
    }
    cpus = parse_cpus(m, option, list, error);
    if (cpus == NULL) {
        return false;
    }
    bitmap_or(set, set, cpus, (uint32_t)m->nr_cpus);
    return true;
}

/* Boots @m as the options say: they come on top of what its file said. */
static bool change_machine(struct machine *m, const struct domains_options *o, GError **error)
{
    const uint32_t n = (uint32_t)m->nr_cpus;

    if (!add_cpus(m, "isolated", o->isolated, m->isolated, error) ||
        !add_cpus(m, "offline", o->offline, m->offline, error)) {
        return false;
    }
    if (bitmap_weight(m->offline, n) == n) {
        return fail("offline", error, "no CPU is left; expected at least one online");
    }
    m->online_all = bitmap_empty(m->offline, n);
    return true;
}

struct partitions {
    GArray *list;   /* struct sched_partition */
    GPtrArray *own; /* their sets */
};

/* Adds the partition that @text says; @taken holds the CPUs of those before it. */
static bool add_partition(const struct machine *m, const char *text, struct partitions *partitions,
                          uint64_t *taken, GError **error)
{
    const uint32_t n = (uint32_t)m->nr_cpus;
    const bool isolated = g_str_has_prefix(text, "isolated:");
    uint64_t *cpus =
        parse_cpus(m, "partition", isolated ? text + strlen("isolated:") : text, error);
    const struct sched_partition partition = {.cpus = cpus, .load_balance = !isolated};
    uint32_t both;

    if (cpus == NULL) {
        return false;
    }
    g_ptr_array_add(partitions->own, cpus);
    g_array_append_val(partitions->list, partition);
    both = bitmap_next_and(cpus, taken, n, 0);
    if (both < n) {
        return fail("partition", error, "CPU %d is in two partitions; expected it in one",
                    m->cpus[both].os_id);
    }
    bitmap_or(taken, taken, cpus, n);
    return true;
}

static struct sched_domains *build(const struct machine *m, const struct domains_options *o,
                                   enum kernel_release release, GError **error)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct sched_partition));
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
    g_autofree uint64_t *taken = bitmap_new((uint32_t)m->nr_cpus);
    struct partitions partitions = {.list = list, .own = own};
    struct sched_domains_options how = sched_domains_defaults(release);

    for (size_t i = 0; o->partitions[i] != NULL; i++) {
        if (!add_partition(m, o->partitions[i], &partitions, taken, error)) {
            return NULL;
        }
    }
    how.partitions = (const struct sched_partition *)(const void *)list->data;
    how.nr_partitions = list->len;
    how.relax_level = (int32_t)o->relax_level;
    how.overlap_groups = (enum overlap_groups)o->overlap_groups;
    how.hotplug_drops_numa = (enum hotplug_drops_numa)o->hotplug_drops_numa;
    how.reonlined = o->reonlined;
    return sched_domains_new_with(m, &how);
}

/* ------------------------------------------------------------------------------------------- */
/* Printing                                                                                     */

static char *to_text(const struct machine *m, const struct sched_domains *sds, int format)
{
    const struct schedstat nothing = {.jiffies = schedstat_boot_jiffies(m)};

    switch ((enum domains_format)format) {
    case JSON:
        return domains_to_json(m, sds);
    case SCHEDSTAT:
        return schedstat_to_text(m, sds, &nothing);
    case DEBUGFS:
        return domains_debugfs_to_text(m, sds);
    case DOT:
        return domains_to_dot(m, sds);
    case TEXT:
        break;
    }
    return domains_to_text(m, sds);
}

/* A domains_debugfs_fn: the same below the folder @data. */
static bool write_one(const char *path, const char *contents, void *data, GError **error)
{
    g_autofree char *target = g_build_filename(data, path, NULL);
    FILE *file;
    bool good;

    if (contents == NULL) {
        return g_mkdir(target, 0777) == 0 || folder_fail(target, "be made", error);
    }
    file = g_fopen(target, "w");
    if (file == NULL) {
        return folder_fail(target, "be written", error);
    }
    good = fputs(contents, file) >= 0;
    good = fclose(file) == 0 && good;
    return good || folder_fail(target, "be written", error);
}

static bool write_folder(const struct machine *m, const struct sched_domains *sds, const char *path,
                         GError **error)
{
    g_autoptr(folder_t) building = NULL;

    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        return fail("output", error, "%s exists; expected the path of a new folder", path);
    }
    building = folder_begin(path, error);
    return building != NULL &&
           domains_debugfs_walk(m, sds, write_one, (void *)(guintptr)folder_path(building),
                                error) &&
           folder_finish(g_steal_pointer(&building), false, error);
}

static bool check_output(const struct domains_options *o, GError **error)
{
    if (o->output == NULL ||
        (o->format == DEBUGFS ? folder_check(o->output, error) : output_check(o->output, error))) {
        return true;
    }
    g_prefix_error(error, "topology domains: --output: ");
    return false;
}

static int run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct domains_options *o = data;
    enum kernel_release release;
    g_autoptr(machine_t) m = NULL;
    g_autoptr(sched_domains_t) sds = NULL;

    if (!topology_kernel(o->kernel, &release, error) || !check_output(o, error)) {
        return CLI_BAD_INPUT;
    }
    m = paths_read_topology(cli->paths, args[0], error);
    if (m == NULL || !change_machine(m, o, error)) {
        return CLI_BAD_INPUT;
    }
    sds = build(m, o, release, error);
    if (sds == NULL) {
        return CLI_BAD_INPUT;
    }
    if (o->output != NULL && o->format == DEBUGFS) {
        return write_folder(m, sds, o->output, error) ? CLI_DONE : CLI_BAD_INPUT;
    }
    return cli_write(cli, o->output, to_text(m, sds, o->format), error) ? CLI_DONE : CLI_BAD_INPUT;
}

const struct subcommand topology_domains = {
    .name = "domains",
    .summary = "show the sched_domains that Linux would build",
    .args = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_TOPOLOGY,
    .options = options,
    .options_size = sizeof(struct domains_options),
    .description =
        "As kernel/sched/topology.c builds them. The text is a tree, outermost domains first, "
        "each with its groups in ring order; domains alike are shown once, and where spans "
        "overlap, what each node sees. The JSON form has every CPU.\n\n"
        "schedstat prints /proc/schedstat as it reads at boot, in the version of the release "
        "(6.1: 15, 6.12: 16, 7.3: 17). debugfs prints the files of "
        "/sys/kernel/debug/sched/domains as `grep -r '' *` does there, or with --output makes "
        "them. dot is for Graphviz.\n\n"
        "--overlap-groups and --hotplug-drops-numa are parameters of the shipped balance policies, "
        "too, and say the same there: from-cpu0 (Linux up to 4.12) gives each CPU the groups that "
        "the first CPU of its domain sees, from-self begins with the CPU's own node, and "
        "from-self-3hop also keeps groups inside their domain (5.13 on). With hotplug-drops-numa "
        "on (3.19 to 4.9) a machine whose packages hold several nodes has nothing above MC after "
        "--reonlined.\n\n"
        "A CPULIST has the CPU numbers of the topology, as in 0-3,8.",
    .run = run,
};
