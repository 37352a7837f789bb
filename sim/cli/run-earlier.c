/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run-earlier.h"

#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "observe/result.h"

/* True for the copy of the topology or of a workload of @r. */
static bool is_copy(const struct result *r, const char *path)
{
    g_autofree char *digest = digest_of_file(path);
    bool found = g_strcmp0(digest, r->topology.digest) == 0;

    for (int32_t i = 0; i < r->nr_workloads; i++) {
        found = found || g_strcmp0(digest, r->workloads[i].digest) == 0;
    }
    return digest != NULL && found;
}

static void add_copies(GPtrArray *files, const char *folder, const struct result *r)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_str_has_suffix(name, ".yaml") && g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
            is_copy(r, path)) {
            g_ptr_array_add(files, g_steal_pointer(&path));
        }
    }
}

/* The policy set and those below it; the digest is of all of them. */
static void add_sets(GPtrArray *files, const struct paths *paths, const char *folder,
                     const struct result *r)
{
    g_autofree char *name = g_strconcat(r->policy.name, ".yaml", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(policy_set_t) set =
        g_file_test(path, G_FILE_TEST_IS_REGULAR) ? paths_read_set(paths, path, NULL) : NULL;

    if (set == NULL || strcmp(set->digest, r->policy.digest) != 0) {
        return;
    }
    g_ptr_array_add(files, g_steal_pointer(&path));
    for (size_t i = 0; set->below[i] != NULL; i++) {
        g_autofree char *base = g_path_get_basename(set->below[i]);
        g_autofree char *beside = g_build_filename(folder, base, NULL);

        /* It may have been found where it was shipped. */
        if (g_file_test(beside, G_FILE_TEST_IS_REGULAR) && strcmp(beside, set->below[i]) == 0) {
            g_ptr_array_add(files, g_steal_pointer(&beside));
        }
    }
}

/* A table that `run` wrote, by its head line. */
static void add_table(GPtrArray *files, const char *folder, const char *name, const char *head)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    gsize size;

    if (file_read(path, strlen(head), &text, &size, NULL) && g_str_has_prefix(text, head)) {
        g_ptr_array_add(files, g_steal_pointer(&path));
    }
}

/* The result in @folder itself, if one is there; @policy: only one of this. @s as in the header. */
static void remove_result(const struct paths *paths, const char *folder, const char *policy,
                          const struct simulation *s)
{
    g_autofree char *json = g_build_filename(folder, "result.json", NULL);
    g_autoptr(result_t) r =
        g_file_test(json, G_FILE_TEST_IS_REGULAR) ? result_read(json, NULL) : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

    if (r == NULL || (policy != NULL && strcmp(policy, r->policy.name) != 0)) {
        return;
    }
    add_copies(files, folder, r);
    add_sets(files, paths, folder, r);
    add_table(files, folder, "series.csv", "end_ns,");
    add_table(files, folder, "occupancy.csv", "cpu,start_ns,end_ns,task,comm\n");
    g_unlink(json); /* first, so that no half of a result is taken for one */
    for (guint i = 0; i < files->len; i++) {
        if (s == NULL || !simulation_reads(s, files->pdata[i])) {
            g_unlink(files->pdata[i]);
        }
    }
}

void run_earlier_remove_result(const struct paths *paths, const char *folder)
{
    remove_result(paths, folder, NULL, NULL);
}

static bool is_seed(const char *name)
{
    return g_str_has_prefix(name, "seed-") &&
           g_ascii_string_to_unsigned(name + strlen("seed-"), 10, 0, G_MAXUINT64, NULL, NULL);
}

/* Folders in @path, but for links. */
static GPtrArray *folders_in(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (g_file_test(below, G_FILE_TEST_IS_DIR) && !g_file_test(below, G_FILE_TEST_IS_SYMLINK)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    return names;
}

void run_earlier_remove(const struct simulation *s, const char *output)
{
    g_autoptr(GPtrArray) policies = folders_in(output);

    remove_result(s->paths, output, NULL, s);
    for (guint i = 0; i < policies->len; i++) {
        g_autofree char *below = g_build_filename(output, policies->pdata[i], NULL);
        g_autoptr(GPtrArray) seeds = folders_in(below);
        bool any = false;

        for (guint j = 0; j < seeds->len; j++) {
            g_autofree char *folder = g_build_filename(below, seeds->pdata[j], NULL);

            if (is_seed(seeds->pdata[j])) {
                remove_result(s->paths, folder, policies->pdata[i], s);
                g_rmdir(folder); /* where it is empty */
                any = true;
            }
        }
        if (any) {
            g_rmdir(below);
        }
    }
}
