/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/paths.h"

#include <string.h>

#include "base/error.h"
#include "format/policy-find.h"
#include "format/policy-yaml.h"
#include "format/machine/topology-yaml.h"
#include "format/workload-yaml.h"

/* The lists while they grow. */
struct growing {
    GPtrArray *topologies, *workloads, *sets, *plugins, *results;
};

static void add(GPtrArray *dirs, const char *folder, const char *name)
{
    g_ptr_array_add(dirs, g_build_filename(folder, name, NULL));
}

/* Adds @folder, laid out like the tree, but for its plugins. */
static void add_data(struct growing *lists, const char *folder)
{
    add(lists->topologies, folder, "topologies");
    add(lists->workloads, folder, "workloads");
    add(lists->workloads, folder, "workloads" G_DIR_SEPARATOR_S "traces");
    add(lists->sets, folder, "policies");
    add(lists->results, folder, "results");
}

static bool has_folder(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* What belongs to the command in the folder @bin. */
static void add_own(struct growing *lists, const char *bin)
{
    g_autofree char *tree = g_build_filename(bin, "..", "..", NULL);
    g_autofree char *data = g_build_filename(bin, "..", "share", "numasim", NULL);
    g_autofree char *lib = g_build_filename(bin, "..", "lib", "numasim", NULL);
    g_autofree char *folder = NULL;

    if (has_folder(tree, "topologies") && has_folder(bin, "policies")) {
        folder = g_canonicalize_filename(tree, NULL);
        add_data(lists, folder);
        add(lists->plugins, bin, "policies");
    } else if (has_folder(data, "topologies")) {
        g_autofree char *plugins = g_canonicalize_filename(lib, NULL);

        folder = g_canonicalize_filename(data, NULL);
        add_data(lists, folder);
        add(lists->plugins, plugins, "policies");
    } else {
        add_data(lists, NUMASIM_DATADIR);
        add(lists->plugins, NUMASIM_LIBDIR, "policies");
    }
}

static char **finish(GPtrArray *dirs)
{
    g_ptr_array_add(dirs, NULL);
    return (char **)g_ptr_array_free(dirs, FALSE);
}

struct paths *paths_new(const char *exe, const char *extra)
{
    struct growing lists = {g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new(),
                            g_ptr_array_new(), g_ptr_array_new()};
    g_auto(GStrv) folders = g_strsplit(extra != NULL ? extra : "", ":", -1);
    g_autofree char *bin = g_path_get_dirname(exe);
    struct paths *paths = g_new0(struct paths, 1);

    for (size_t i = 0; folders[i] != NULL; i++) {
        if (folders[i][0] != '\0') {
            add_data(&lists, folders[i]);
            add(lists.plugins, folders[i], "policies");
        }
    }
    add_own(&lists, bin);
    paths->topologies = finish(lists.topologies);
    paths->workloads = finish(lists.workloads);
    paths->sets = finish(lists.sets);
    paths->plugins = finish(lists.plugins);
    paths->results = finish(lists.results);
    return paths;
}

void paths_free(struct paths *paths)
{
    if (paths != NULL) {
        g_strfreev(paths->topologies);
        g_strfreev(paths->workloads);
        g_strfreev(paths->sets);
        g_strfreev(paths->plugins);
        g_strfreev(paths->results);
        g_free(paths);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Names                                                                                        */

/* True if the first line that is neither empty nor a comment says `numasim: KIND/...`. The head of
 * the file is enough: a recorded trace is large. */
static bool says_kind(const char *path, const char *kind)
{
    enum { HEAD_BYTES = 64 * 1024 };
    g_autoptr(GMappedFile) file =
        g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_mapped_file_new(path, FALSE, NULL) : NULL;
    g_autofree char *head = NULL;
    g_auto(GStrv) lines = NULL;
    g_autofree char *wanted = g_strconcat(kind, "/", NULL);

    if (file == NULL || g_mapped_file_get_length(file) == 0) {
        return false;
    }
    head = g_strndup(g_mapped_file_get_contents(file),
                     MIN(g_mapped_file_get_length(file), HEAD_BYTES));
    lines = g_strsplit(head, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);

        if (line[0] != '\0' && line[0] != '#' && strcmp(line, "---") != 0) {
            return g_str_has_prefix(line, "numasim:") && strstr(line, wanted) != NULL;
        }
    }
    return false;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **paths_list(char *const *dirs, const char *kind)
{
    GPtrArray *names = g_ptr_array_new();

    for (size_t d = 0; dirs[d] != NULL; d++) {
        g_autoptr(GDir) dir = g_dir_open(dirs[d], 0, NULL);
        const char *file;

        while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
            g_autofree char *path = g_build_filename(dirs[d], file, NULL);
            g_autofree char *name = NULL;

            if (!g_str_has_suffix(file, ".yaml") || !says_kind(path, kind)) {
                continue;
            }
            name = g_strndup(file, strlen(file) - strlen(".yaml"));
            if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL)) {
                g_ptr_array_add(names, g_steal_pointer(&name));
            }
        }
    }
    g_ptr_array_sort(names, compare_names);
    return finish(names);
}

/* NAME.yaml in the first of @dirs that has it, newly allocated, or NULL. */
static char *find_file(char *const *dirs, const char *name)
{
    for (size_t d = 0; dirs[d] != NULL; d++) {
        g_autofree char *file = g_strconcat(name, ".yaml", NULL);
        g_autofree char *path = g_build_filename(dirs[d], file, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

bool paths_check_any(char *const *dirs, const char *kind, char *const *names, GError **error)
{
    g_autofree char *looked = g_strjoinv(", ", (char **)(guintptr)dirs);
    bool regular = !g_str_has_suffix(kind, "y"); /* study, policy, topology */

    if (names[0] != NULL) {
        return true;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                "no %.*s%s found; looked in %s; expected the command where it was built or "
                "installed, or NUMASIM_PATH=FOLDER with topologies/, workloads/ and policies/",
                (int)strlen(kind) - !regular, kind, regular ? "s" : "ies", looked);
    return false;
}

char *paths_find(char *const *dirs, const char *kind, const char *name, GError **error)
{
    g_auto(GStrv) names = NULL;
    g_autofree char *hint = NULL;
    bool given = policy_set_is_path(name) && g_file_test(name, G_FILE_TEST_EXISTS);
    g_autofree char *shipped = given ? NULL : find_file(dirs, name);
    const char *nearest;

    if (shipped != NULL) {
        return g_steal_pointer(&shipped);
    }
    if (policy_set_is_path(name)) {
        return g_strdup(name);
    }
    names = paths_list(dirs, kind);
    if (!paths_check_any(dirs, kind, names, error)) {
        return NULL;
    }
    nearest = error_nearest(name, (const char *const *)names);
    hint = nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "no %s '%s'; expected one that `numasim %s list` shows, or a path%s", kind, name,
                kind, hint);
    return NULL;
}

struct machine *paths_read_topology(const struct paths *paths, const char *name, GError **error)
{
    g_autofree char *path = paths_find(paths->topologies, "topology", name, error);

    return path != NULL ? topology_read_yaml(path, error) : NULL;
}

struct workload *paths_read_workload(const struct paths *paths, const char *name, GError **error)
{
    g_autofree char *path = paths_find(paths->workloads, "workload", name, error);

    return path != NULL ? workload_read_yaml(path, error) : NULL;
}

/* True if @name is a plugin's, so that the message can say how one is used. */
static bool names_plugin(const struct paths *paths, const char *name)
{
    g_autofree char *path =
        policy_plugin_find(name, (const char *const *)paths->plugins, NULL, NULL);

    return path != NULL && !g_str_has_suffix(name, ".yaml");
}

struct policy_set *paths_read_set(const struct paths *paths, const char *name, GError **error)
{
    const char *const *sets = (const char *const *)paths->sets;
    g_autofree char *path = NULL;

    if (g_str_has_suffix(name, ".so") || !policy_set_is_path(name)) {
        g_autofree char *shipped = policy_set_find_in(name, sets);

        if (shipped == NULL && names_plugin(paths, name)) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "'%s' is one plugin; expected a policy set, such as -p linux-6.12 --set "
                        "ROLE=%s",
                        name, name);
            return NULL;
        }
    }
    path = policy_set_find(name, sets, error);
    return path != NULL ? policy_set_read_yaml(path, sets, error) : NULL;
}

struct policy_stack *paths_load_stack(const struct paths *paths, const struct policy_set *set,
                                      GError **error)
{
    return policy_stack_load(set, (const char *const *)paths->plugins, error);
}

char *paths_skeleton(const struct paths *paths, GError **error)
{
    for (size_t d = 0; paths->sets[d] != NULL; d++) {
        g_autofree char *path = g_build_filename(paths->sets[d], "skeleton.c", NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&path);
        }
    }
    g_set_error(
        error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
        "no skeleton.c in the folders of policies; expected the tree of the sources, or what "
        "`make install` puts down");
    return NULL;
}
