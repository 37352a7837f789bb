/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the descriptions are, and how a comparison ends. */
#include <string.h>

#include "neutral.h"

void neutral_judge(const struct neutral_report *report, const char *name)
{
    g_autoptr(GString) line = g_string_new(name);

    for (guint i = 0; i < report->differences->len; i++) {
        g_test_message("%s: %s", name, (const char *)g_ptr_array_index(report->differences, i));
    }
    for (int count = 0; count < NR_NEUTRAL_COUNTS; count++) {
        if (report->agreed[count] > 0) {
            g_string_append_printf(line, ", %u %s", report->agreed[count],
                                   neutral_count_name((enum neutral_count)count));
        }
    }
    g_test_message("%s agree", line->str);
    if (report->differences->len > 0) {
        g_test_fail();
    }
}

char *neutral_folder(const char *kind)
{
    const char *stated = g_getenv("NUMASIM_TRUTH_MACHINES");
    g_autofree char *beside =
        g_test_build_filename(G_TEST_DIST, "..", "shared", "truth", "machines", NULL);
    g_autofree char *folder = g_build_filename(stated != NULL ? stated : beside, kind, NULL);

    return g_file_test(folder, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&folder) : NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *neutral_names(const char *folder, const char *suffix)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *file;

    while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *name = NULL, *json = NULL;

        if (!g_str_has_suffix(file, suffix)) {
            continue;
        }
        name = g_strndup(file, strlen(file) - strlen(suffix));
        json = g_strdup_printf("%s/%s.json", folder, name);
        if (g_file_test(json, G_FILE_TEST_EXISTS)) {
            g_ptr_array_add(names, g_steal_pointer(&name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

JsonParser *neutral_load(const char *folder, const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/%s.json", folder, name);
    JsonParser *parser = json_parser_new_immutable();
    g_autoptr(GError) error = NULL;

    json_parser_load_from_file(parser, path, &error);
    g_assert_no_error(error);
    return parser;
}
