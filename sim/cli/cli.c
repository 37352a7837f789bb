/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/output.h"
#include "observe/json.h"

const char *const cli_formats_text[] = {"text", "json", NULL};
const char *const cli_formats_list[] = {"table", "json", "names", NULL};

void cli_warn(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "numasim: %s\n", text);
}

int cli_validate(struct cli *cli, char **args, const void *data,
                 bool (*is_good)(struct cli *cli, const char *name, const void *data,
                                 GError **error))
{
    int status = CLI_DONE;

    for (size_t i = 0; args[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;

        if (is_good(cli, args[i], data, &cause)) {
            g_string_append_printf(cli->out, "%s: good\n", args[i]);
        } else {
            cli_warn("%s", cause->message);
            status = CLI_BAD_INPUT;
        }
    }
    return status;
}

void cli_print_names(struct cli *cli, char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        g_string_append_printf(cli->out, "%s\n", names[i]);
    }
}

void cli_print(struct cli *cli, char *text)
{
    g_string_append(cli->out, text != NULL ? text : "");
    g_free(text);
}

bool cli_write(struct cli *cli, const char *path, char *text, GError **error)
{
    g_autofree char *taken = text;

    if (path != NULL) {
        return file_write_atomic(path, taken, strlen(taken), error);
    }
    cli_print(cli, g_steal_pointer(&taken));
    return true;
}

void cli_print_json(struct cli *cli, struct json_out *json)
{
    cli_print(cli, json_out_finish(json, NULL));
}
