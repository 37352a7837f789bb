/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/again.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "cli/crash.h"
#include "observe/simulate.h"

static char *folder_of(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR) ? g_strdup(path) : g_path_get_dirname(path);
}

/* The file in @folder whose bytes have the digest of @input. Newly allocated. */
static char *find_copy(const char *folder, const struct result_input *input, const char *what,
                       GError **error)
{
    GDir *entries = g_dir_open(folder, 0, NULL);
    const char *name;
    char *found = NULL;

    while (entries != NULL && found == NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *digest =
            g_str_has_suffix(name, ".yaml") && g_file_test(path, G_FILE_TEST_IS_REGULAR)
                ? digest_of_file(path)
                : NULL;

        if (g_strcmp0(digest, input->digest) == 0) {
            found = g_steal_pointer(&path);
        }
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
    if (found == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no copy of the %s '%s' as it was; expected the folder as `numasim run -o` "
                    "wrote it",
                    folder, what, input->name);
    }
    return found;
}

static bool add_workloads(struct simulation *s, const char *folder, const struct result *r,
                          GError **error)
{
    for (int32_t i = 0; i < r->nr_workloads; i++) {
        g_autofree char *path = find_copy(folder, &r->workloads[i], "workload", error);
        g_autofree char *text = NULL;

        if (path == NULL) {
            return false;
        }
        text = g_strdup_printf("%s:replicas=%d", path, MAX(r->workloads[i].replicas, 1));
        if (!simulation_add_workload(s, text, error)) {
            return false;
        }
    }
    return true;
}

struct simulation *again_open(const struct paths *paths, const char *path, const struct result *r,
                              GError **error)
{
    g_autofree char *folder = folder_of(path);
    g_autofree char *topology = find_copy(folder, &r->topology, "topology", error);
    g_autofree char *file = g_strconcat(r->policy.name, ".yaml", NULL);
    g_autofree char *set = g_build_filename(folder, file, NULL);
    g_autoptr(simulation_t) s =
        topology != NULL ? simulation_new(paths, topology, r->kernel, error) : NULL;

    if (s == NULL || !add_workloads(s, folder, r, error) ||
        !simulation_add_policy(s, set, r->overrides, error)) {
        return NULL;
    }
    return g_steal_pointer(&s);
}

bool again_run(const struct simulation *s, const char *path, const struct result *r,
               void (*attach)(struct kernel *k, void *data),
               void (*finished)(const struct kernel *k, void *data), void *data, GError **error)
{
    const struct simulation_policy *policy = s->policies->pdata[0];
    struct simulate_options options = simulate_options_default();
    g_autoptr(result_t) result = NULL;

    options.seed = r->seed;
    options.duration_ns = r->duration_ns;
    options.warmup_ns = r->warmup_ns;
    options.tie_break_insertion = r->tie_break_insertion;
    options.no_metrics = true;
    options.attach = attach;
    options.finished = finished;
    options.data = data;
    crash_guard_begin_run(policy->stack, options.seed, NULL);
    result = simulate(s->machine, policy->sds, (const struct workload *const *)s->workloads->pdata,
                      s->workloads->len, policy->stack, &options, NULL, error);
    crash_guard_end();
    if (result == NULL) {
        return false;
    }
    if (strcmp(result->digest, r->digest) != 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: simulated again it gives the digest %s, not %s: numasim (then %s) or a "
                    "plugin has changed; expected a result of the present ones: run it anew",
                    path, result->digest, r->digest, r->version);
        return false;
    }
    return true;
}
