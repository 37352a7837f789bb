/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/study-find.h"

#include "cli/table.h"
#include "format/study-yaml.h"
#include "observe/json.h"

/* Folders that hold studies; transfer full. */
static char **study_dirs(const struct cli *cli)
{
    GPtrArray *dirs = g_ptr_array_new();

    for (char **dir = cli->paths->results; *dir != NULL; dir++) {
        g_ptr_array_add(dirs, g_strdup(*dir));
        g_ptr_array_add(dirs, g_build_filename(*dir, "studies", NULL));
    }
    g_ptr_array_add(dirs, NULL);
    return (char **)g_ptr_array_free(dirs, FALSE);
}

char *study_find(const struct cli *cli, const char *name, GError **error)
{
    g_auto(GStrv) dirs = study_dirs(cli);

    return paths_find(dirs, "study", name, error);
}

char **study_names(const struct cli *cli)
{
    g_auto(GStrv) dirs = study_dirs(cli);

    return paths_list(dirs, "study");
}

/* The study @name as a row and as an object; false, told on standard error, if it cannot be read. */
static bool list_one(const struct cli *cli, const char *name, struct table *table,
                     struct json_out *json)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = study_find(cli, name, &cause);
    g_autoptr(study_t) study = path != NULL ? study_read_yaml(path, &cause) : NULL;

    if (study == NULL) {
        cli_warn("%s", cause->message);
        return false;
    }
    table_add(table, name);
    table_add(table, study->question);
    json_object_begin(json, NULL, true);
    json_string(json, "name", name);
    json_string(json, "question", study->question);
    json_object_end(json);
    return true;
}

int study_list(struct cli *cli, enum cli_format format, GError **error)
{
    static const char *const heads[] = {"STUDY", "QUESTION", NULL};
    g_auto(GStrv) dirs = study_dirs(cli);
    g_auto(GStrv) names = paths_list(dirs, "study");
    g_autoptr(table_t) table = table_new(heads);
    struct json_out json;
    bool good = true;

    if (!paths_check_any(dirs, "study", names, error)) {
        return CLI_BAD_INPUT;
    }
    if (format == CLI_FORMAT_NAMES) {
        cli_print_names(cli, names);
        return CLI_DONE;
    }
    json = json_out_new();
    json_array_begin(&json, NULL, false);
    for (size_t i = 0; names[i] != NULL; i++) {
        good = list_one(cli, names[i], table, &json) && good;
    }
    json_array_end(&json);
    if (format == CLI_FORMAT_JSON) {
        cli_print_json(cli, &json);
    } else {
        g_string_free(json.text, TRUE);
        table_append(table, cli->out);
    }
    return good ? CLI_DONE : CLI_BAD_INPUT;
}
