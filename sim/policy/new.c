/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/new.h"

#include <string.h>

#include "base/error.h"
#include "base/output.h"
#include "policy/plugin.h"

static bool in_identifier(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/* What a place in C source is: only code must hold identifiers, elsewhere the name reads better. */
enum place { PLACE_CODE, PLACE_STRING, PLACE_COMMENT };

/* The place of what follows @p[0], which is at @place. */
static enum place place_after(enum place place, const char *text, const char *p)
{
    bool escaped = p > text && p[-1] == '\\';

    switch (place) {
    case PLACE_CODE:
        return *p == '"' ? PLACE_STRING : p[0] == '/' && p[1] == '*' ? PLACE_COMMENT : PLACE_CODE;
    case PLACE_STRING:
        return *p == '"' && !escaped ? PLACE_CODE : PLACE_STRING;
    case PLACE_COMMENT:
        return p > text && p[-1] == '*' && *p == '/' ? PLACE_CODE : PLACE_COMMENT;
    }
    return place;
}

/* @text with each "skeleton" (and "SKELETON") renamed; newly allocated. */
static char *rename_skeleton(const char *text, const char *name)
{
    static const char lower_word[] = "skeleton", upper_word[] = "SKELETON";
    const size_t size = strlen(lower_word);
    g_autofree char *lower = g_strdup(name);
    g_autofree char *upper = NULL;
    enum place place = PLACE_CODE;
    GString *out = g_string_new(NULL);

    g_strdelimit(lower, "-.", '_');
    upper = g_ascii_strup(lower, -1);
    for (const char *p = text; *p != '\0';) {
        bool begins = p == text || !in_identifier(p[-1]);

        if (begins && strncmp(p, upper_word, size) == 0) {
            g_string_append(out, upper);
            p += size;
        } else if (begins && strncmp(p, lower_word, size) == 0) {
            g_string_append(out, place == PLACE_CODE || p[size] == '_' ? lower : name);
            p += size;
        } else {
            place = place_after(place, text, p);
            g_string_append_c(out, *p++);
        }
    }
    return g_string_free(out, FALSE);
}

/* @path in single quotes if a shell would read it otherwise; newly allocated. */
static char *shell_word(const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        if (!g_ascii_isalnum(*p) && strchr("/._-+", *p) == NULL) {
            return g_shell_quote(path);
        }
    }
    return g_strdup(path);
}

/* The tree's folder of the public header, seen from a folder of policies; NULL if there is none. */
static char *header_dir(const char *policies)
{
    g_autofree char *dir = g_build_filename(policies, "..", "sim", "policy", NULL);
    g_autofree char *header = g_build_filename(dir, "numasim-policy.h", NULL);

    return g_file_test(header, G_FILE_TEST_IS_REGULAR) ? g_canonicalize_filename(dir, NULL) : NULL;
}

/* @dir/@name@suffix as a word for a shell, with a slash in it; newly allocated. */
static char *file_word(const char *dir, const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_build_filename(dir, file, NULL);

    if (strchr(path, '/') == NULL || (path[0] != '/' && path[0] != '.')) {
        g_autofree char *here = g_strconcat("./", path, NULL);

        return shell_word(here);
    }
    return shell_word(path);
}

static char *advice(const char *name, const char *dir, const char *skeleton_path)
{
    g_autofree char *own_header = header_dir(dir);
    g_autofree char *skeleton_dir = g_path_get_dirname(skeleton_path);
    g_autofree char *tree_header = header_dir(skeleton_dir);
    g_autofree char *source = file_word(dir, name, ".c");
    g_autofree char *object = file_word(dir, name, ".so");
    g_autofree char *flags = NULL;

    if (own_header != NULL) {
        return g_strdup_printf("build:  make\n"
                               "check:  build/numasim policy validate %s\n"
                               "run:    build/numasim run ... -p linux-6.12 --set balance=%s\n",
                               name, name);
    }
    if (tree_header != NULL) {
        g_autofree char *word = shell_word(tree_header);

        flags = g_strconcat("-I", word, NULL);
    } else {
        flags = g_strdup("$(pkg-config --cflags numasim)");
    }
    return g_strdup_printf("build:  cc -std=c17 -Wall -O2 -fPIC -shared %s -o %s %s\n"
                           "check:  numasim policy validate %s\n"
                           "run:    numasim run ... -p linux-6.12 --set balance=%s\n",
                           flags, object, source, object, object);
}

bool policy_new(const char *name, const char *dir, const char *skeleton_path, char **ret_path,
                char **ret_advice, GError **error)
{
    g_autofree char *file = g_strconcat(name, ".c", NULL);
    g_autofree char *path = g_build_filename(dir, file, NULL);
    g_autofree char *skeleton = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;

    if (!policy_name_valid(name)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "'%s' is no name for a policy; expected a lower-case letter, then letters, "
                    "digits, dots and dashes",
                    name);
        return false;
    }
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                    "%s: exists already; expected a name that is free", path);
        return false;
    }
    if (!g_file_get_contents(skeleton_path, &skeleton, NULL, &cause)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot be read: %s", skeleton_path,
                    cause->message);
        return false;
    }
    text = rename_skeleton(skeleton, name);
    if (!file_write_atomic(path, text, strlen(text), error)) {
        return false;
    }
    *ret_path = g_steal_pointer(&path);
    *ret_advice = advice(name, dir, skeleton_path);
    return true;
}
