/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/policy-find.h"

#include <string.h>

#include "base/error.h"

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* True if the first line that is no comment says that the file is a policy set. */
static bool says_policy_set(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
        !g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);

        if (line[0] != '\0' && line[0] != '#' && strcmp(line, "---") != 0) {
            return g_str_has_prefix(line, "numasim:") && strstr(line, "policy-set/") != NULL;
        }
    }
    return false;
}

char **policy_set_list(const char *const *search_dirs)
{
    GPtrArray *names = g_ptr_array_new();

    for (size_t d = 0; search_dirs[d] != NULL; d++) {
        g_autoptr(GDir) dir = g_dir_open(search_dirs[d], 0, NULL);
        const char *file;

        while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
            g_autofree char *path = g_build_filename(search_dirs[d], file, NULL);
            g_autofree char *name = NULL;

            if (!g_str_has_suffix(file, ".yaml") || !says_policy_set(path)) {
                continue;
            }
            name = g_strndup(file, strlen(file) - strlen(".yaml"));
            if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL)) {
                g_ptr_array_add(names, g_steal_pointer(&name));
            }
        }
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

char *policy_set_find_in(const char *name, const char *const *search_dirs)
{
    g_autofree char *file = g_strconcat(name, ".yaml", NULL);

    for (size_t d = 0; search_dirs[d] != NULL; d++) {
        g_autofree char *path = g_build_filename(search_dirs[d], file, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

bool policy_set_is_path(const char *name)
{
    return strchr(name, '/') != NULL || g_str_has_suffix(name, ".yaml");
}

char *policy_set_missing(const char *name, const char *const *search_dirs)
{
    g_auto(GStrv) names = policy_set_list(search_dirs);
    const char *nearest = error_nearest(name, (const char *const *)names);
    g_autofree char *hint =
        nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");

    return g_strdup_printf(
        "no policy set '%s'; expected one that `numasim policy list` shows, or a "
        "path%s",
        name, hint);
}

char *policy_set_find(const char *name, const char *const *search_dirs, GError **error)
{
    char *path = policy_set_is_path(name) ? g_strdup(name) : policy_set_find_in(name, search_dirs);

    if (path == NULL) {
        g_autofree char *message = policy_set_missing(name, search_dirs);

        g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, message);
    }
    return path;
}
