/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/simulation.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/crash.h"
#include "format/policy-find.h"
#include "format/machine/topology-yaml.h"
#include "format/workload-yaml.h"
#include "workload/partitions.h"

static void free_workload(gpointer workload)
{
    workload_free(workload);
}

static void free_policy(gpointer data)
{
    struct simulation_policy *policy = data;

    policy_stack_free(policy->stack);
    policy_set_free(policy->set);
    g_strfreev(policy->overrides);
    if (policy->own_sds != NULL) {
        sched_domains_free(policy->own_sds);
    }
    g_free(policy);
}

struct simulation *simulation_new(const struct paths *paths, const char *topology,
                                  const char *kernel, GError **error)
{
    g_autoptr(simulation_t) s = g_new0(struct simulation, 1);
    enum kernel_release release;
    char *path;

    s->paths = paths;
    s->workloads = g_ptr_array_new_with_free_func(free_workload);
    s->policies = g_ptr_array_new_with_free_func(free_policy);
    s->files = g_ptr_array_new_with_free_func(g_free);
    s->texts = g_array_new(FALSE, FALSE, sizeof(struct result_file));
    s->kernel = g_strdup(kernel);
    if (kernel != NULL && !kernel_release_parse(kernel, &release, error)) {
        g_prefix_error(error, "--kernel: ");
        return NULL;
    }
    path = paths_find(paths->topologies, "topology", topology, error);
    if (path == NULL) {
        return NULL;
    }
    g_ptr_array_add(s->files, path);
    s->machine = topology_read_yaml(path, error);
    if (s->machine == NULL) {
        return NULL;
    }
    return g_steal_pointer(&s);
}

void simulation_free(struct simulation *s)
{
    if (s != NULL) {
        g_ptr_array_unref(s->policies);
        g_ptr_array_unref(s->workloads);
        g_ptr_array_unref(s->files);
        simulation_copies_free(s->texts);
        for (int i = 0; i < NR_KERNEL_RELEASES; i++) {
            if (s->sds[i] != NULL) {
                sched_domains_free(s->sds[i]);
            }
        }
        g_free(s->kernel);
        if (s->machine != NULL) {
            machine_free(s->machine);
        }
        g_free(s);
    }
}

/* "NAME:replicas=3" into its parts; *@ret_replicas is 0 where nothing is said. */
static bool split_workload(const char *text, char **ret_name, int64_t *ret_replicas, GError **error)
{
    static const char word[] = "replicas=";
    const char *slash = strrchr(text, '/');
    const char *colon = strrchr(slash != NULL ? slash : text, ':');
    gint64 replicas;

    if (colon == NULL || strchr(colon, '=') == NULL) {
        *ret_name = g_strdup(text);
        *ret_replicas = 0;
        return true;
    }
    if (!g_str_has_prefix(colon + 1, word) ||
        !g_ascii_string_to_signed(colon + 1 + strlen(word), 10, 1, WORKLOAD_MAX_COUNT, &replicas,
                                  NULL)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "--workload: '%s' is no way to start a workload; expected NAME or "
                    "NAME:replicas=N with N in 1..%d",
                    text, WORKLOAD_MAX_COUNT);
        return false;
    }
    *ret_name = g_strndup(text, (gsize)(colon - text));
    *ret_replicas = replicas;
    return true;
}

bool simulation_add_workload(struct simulation *s, const char *text, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *path = NULL;
    int64_t replicas;
    struct workload *w;

    if (!split_workload(text, &name, &replicas, error)) {
        return false;
    }
    path = paths_find(s->paths->workloads, "workload", name, error);
    w = path != NULL ? workload_read_yaml(path, error) : NULL;
    if (w == NULL) {
        return false;
    }
    if (replicas > 0) {
        w->replicas = (int32_t)replicas;
    }
    g_ptr_array_add(s->workloads, w);
    g_ptr_array_add(s->files, g_steal_pointer(&path));
    return true;
}

bool simulation_add_workload_text(struct simulation *s, const char *name, const char *text,
                                  int32_t replicas, GError **error)
{
    struct workload *w = workload_read_yaml_buffer(name, text, strlen(text), error);
    struct result_file file;

    if (w == NULL) {
        return false;
    }
    if (replicas > 0) {
        w->replicas = replicas;
    }
    g_ptr_array_add(s->workloads, w);
    file.name = g_strconcat(name, ".yaml", NULL);
    for (char *c = (char *)file.name; *c != '\0'; c++) {
        *c = g_ascii_isalnum(*c) || strchr("-_.", *c) != NULL ? *c : '_';
    }
    file.bytes = g_strdup(text);
    file.size = strlen(text);
    g_array_append_val(s->texts, file);
    return true;
}

/* The domains under @options, in the partitions that the workloads make. NULL with @error. */
static struct sched_domains *build_domains(const struct simulation *s,
                                           struct sched_domains_options options, GError **error)
{
    struct workload_partitions parts;
    struct sched_domains *sds;

    if (!workload_partitions_init(&parts, (const struct workload *const *)s->workloads->pdata,
                                  s->workloads->len, s->machine, error)) {
        return NULL;
    }
    if (parts.nr_partitions > 0) {
        options.partitions = parts.partitions;
        options.nr_partitions = parts.nr_partitions;
    }
    sds = sched_domains_new_with(s->machine, &options);
    workload_partitions_release(&parts);
    return sds;
}

/*
 * The domains by the rules of release @kernel; built when first asked for, after the last workload.
 * NULL with @error.
 */
static const struct sched_domains *domains_of(struct simulation *s, const char *kernel,
                                              GError **error)
{
    enum kernel_release release;

    if (!kernel_release_parse(kernel, &release, error)) {
        return NULL;
    }
    if (s->sds[release] == NULL) {
        s->sds[release] = build_domains(s, sched_domains_defaults(release), error);
    }
    return s->sds[release];
}

/* The value of @plugin's parameter @name, which follows an enum of @nr; 0 if it has none. */
static int rule_of(const struct policy_plugin *plugin, const char *name, int nr)
{
    int32_t row = plugin != NULL ? policy_plugin_param(plugin, name) : -1;

    return row >= 0 ? (int)CLAMP(plugin->params[row], 0, nr - 1) : 0;
}

/*
 * Rules of the domains that the balance plugin has as parameters, under the names that
 * numasim-policy.h gives: then the policy gets domains of its own.
 */
static bool change_domains(const struct simulation *s, struct simulation_policy *policy,
                           GError **error)
{
    const struct policy_plugin *balance = policy_stack_plugin(policy->stack, NUMASIM_ROLE_BALANCE);
    struct sched_domains_options options = sched_domains_defaults(policy->sds->release);

    options.overlap_groups =
        (enum overlap_groups)rule_of(balance, "overlap_groups", NR_OVERLAP_GROUPS);
    options.hotplug_drops_numa =
        (enum hotplug_drops_numa)rule_of(balance, "hotplug_drops_numa", NR_HOTPLUG_DROPS_NUMA);
    if (options.overlap_groups == OVERLAP_GROUPS_OF_RELEASE &&
        options.hotplug_drops_numa == HOTPLUG_DROPS_NUMA_OF_RELEASE) {
        return true;
    }
    policy->own_sds = build_domains(s, options, error);
    policy->sds = policy->own_sds;
    return policy->own_sds != NULL;
}

bool simulation_add_policy(struct simulation *s, const char *name, char *const *overrides,
                           GError **error)
{
    g_autoptr(policy_set_t) set = paths_read_set(s->paths, name, error);
    const struct sched_domains *sds;
    struct simulation_policy *policy;
    struct policy_stack *stack;
    g_autofree char *doing = NULL;

    if (set == NULL) {
        return false;
    }
    for (guint i = 0; i < s->policies->len; i++) {
        policy = s->policies->pdata[i];
        if (strcmp(policy->set->name, set->name) == 0) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                        "--policy: '%s' is given twice; expected sets of different names",
                        set->name);
            return false;
        }
    }
    for (size_t i = 0; overrides[i] != NULL; i++) {
        if (!policy_set_override(set, overrides[i], error)) {
            return false;
        }
    }
    sds = domains_of(s, s->kernel != NULL ? s->kernel : policy_set_kernel(set), error);
    if (sds == NULL) {
        return false;
    }
    doing = g_strconcat("loading the plugins of ", set->name, NULL);
    crash_guard_begin(doing);
    stack = paths_load_stack(s->paths, set, error);
    crash_guard_end();
    if (stack == NULL) {
        return false;
    }
    policy = g_new0(struct simulation_policy, 1);
    policy->set = g_steal_pointer(&set);
    policy->stack = stack;
    policy->sds = sds;
    policy->overrides = g_strdupv((char **)(guintptr)overrides);
    g_ptr_array_add(s->policies, policy);
    return change_domains(s, policy, error);
}

/* ------------------------------------------------------------------------------------------- */
/* Copies of the inputs                                                                         */

static bool has_file(const GArray *files, const char *name)
{
    for (guint i = 0; i < files->len; i++) {
        if (strcmp(g_array_index(files, struct result_file, i).name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Of two files of one name, a workload and a topology perhaps, the later gets a number. */
static char *free_name(const GArray *files, const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *name = g_strdup(base);

    for (int n = 2; has_file(files, name); n++) {
        g_free(name);
        name = g_strdup_printf("%d-%s", n, base);
    }
    return name;
}

static bool copy_file(GArray *files, const char *path, GError **error)
{
    struct result_file file;
    char *bytes;

    if (!file_read(path, G_MAXINT32, &bytes, &file.size, error)) {
        return false;
    }
    file.name = free_name(files, path);
    file.bytes = bytes;
    g_array_append_val(files, file);
    return true;
}

void simulation_copies_free(GArray *files)
{
    for (guint i = 0; files != NULL && i < files->len; i++) {
        struct result_file *file = &g_array_index(files, struct result_file, i);

        g_free((char *)file->name);
        g_free((char *)file->bytes);
    }
    if (files != NULL) {
        g_array_unref(files);
    }
}

static bool copy_sets(GArray *files, const struct policy_set *set, GError **error)
{
    bool good = set->path == NULL || copy_file(files, set->path, error);

    for (size_t i = 0; good && set->below[i] != NULL; i++) {
        good = copy_file(files, set->below[i], error);
    }
    return good;
}

GArray *simulation_copies(const struct simulation *s, const struct simulation_policy *policy,
                          GError **error)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(struct result_file));
    /* Sets keep their names, by which they are found again; the others are found by digest. */
    bool good = copy_sets(files, policy->set, error);

    for (guint i = 0; good && i < s->files->len; i++) {
        good = copy_file(files, s->files->pdata[i], error);
    }
    for (guint i = 0; good && i < s->texts->len; i++) {
        const struct result_file *text = &g_array_index(s->texts, struct result_file, i);
        struct result_file file = {free_name(files, text->name), g_memdup2(text->bytes, text->size),
                                   text->size};

        g_array_append_val(files, file);
    }
    if (!good) {
        simulation_copies_free(files);
        return NULL;
    }
    return files;
}

static bool is_same_file(const char *a, const char *b)
{
    GStatBuf of_a, of_b;

    return g_stat(a, &of_a) == 0 && g_stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

bool simulation_reads(const struct simulation *s, const char *path)
{
    bool found = false;

    for (guint i = 0; !found && i < s->files->len; i++) {
        found = is_same_file(path, s->files->pdata[i]);
    }
    for (guint i = 0; !found && i < s->policies->len; i++) {
        const struct simulation_policy *policy = s->policies->pdata[i];
        const struct policy_set *set = policy->set;

        found = set->path != NULL && is_same_file(path, set->path);
        for (size_t j = 0; !found && set->below[j] != NULL; j++) {
            found = is_same_file(path, set->below[j]);
        }
    }
    return found;
}
