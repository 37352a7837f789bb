/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which reader an input is for. */
#include "format/facts-read.h"

#include <string.h>

#include "base/error.h"

/* A sysfs archive of a large machine is some megabytes; far more is no description of a machine. */
enum { MAX_INPUT_BYTES = 64 << 20 };

/* Asked in this order: what names itself first, plain text last. */
static const struct facts_reader *const readers[] = {
    &facts_sysfs,           &facts_cpuid,      &facts_libvirt, &facts_hwloc_xml,
    &facts_hwloc_synthetic, &facts_lscpu_json, &facts_numactl, &facts_lscpu_p,
    &facts_lscpu_e,         &facts_lscpu_text, &facts_qemu,    NULL,
};

const struct facts_reader *const *facts_readers(void)
{
    return readers;
}

static const struct facts_reader *find_by_name(const char *format, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest;

    for (size_t i = 0; readers[i] != NULL; i++) {
        if (strcmp(readers[i]->name, format) == 0) {
            return readers[i];
        }
        g_ptr_array_add(names, (gpointer)(guintptr)readers[i]->name);
    }
    g_ptr_array_add(names, NULL);
    nearest = error_nearest(format, (const char *const *)names->pdata);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "there is no format '%s' to import from%s%s%s", format,
                nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "'?)" : "");
    return NULL;
}

/* "hwloc XML, ..., QEMU command line": what could have been given. */
static char *describe_readers(void)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (size_t i = 0; readers[i] != NULL; i++) {
        g_ptr_array_add(texts, (gpointer)(guintptr)readers[i]->summary);
    }
    g_ptr_array_add(texts, NULL);
    return g_strjoinv("; ", (char **)texts->pdata);
}

static const struct facts_reader *recognise(const struct facts_input *in, bool is_path,
                                            GError **error)
{
    g_autofree char *known = NULL;

    for (size_t i = 0; readers[i] != NULL; i++) {
        if (readers[i]->recognises(in)) {
            return readers[i];
        }
    }
    known = describe_readers();
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s; expected one of: %s", in->name,
                is_path ? "describes no machine in a known format"
                        : "there is no such file, and as text it describes no machine",
                known);
    return NULL;
}

/* Messages quote the input, which may be any bytes: makes them text that a terminal may show. */
static void make_text(GError *error)
{
    char *valid = g_utf8_make_valid(error->message, -1);

    for (char *at = valid; *at != '\0'; at++) {
        *at = g_ascii_iscntrl(*at) && *at != '\n' ? ' ' : *at;
    }
    g_free(error->message);
    error->message = valid;
}

static struct facts *read_input(const struct facts_input *in, const char *format, bool is_path,
                                GError **error)
{
    GError *why = NULL;
    const struct facts_reader *reader =
        format != NULL ? find_by_name(format, &why) : recognise(in, is_path, &why);
    struct facts *f = reader != NULL ? reader->read(in, &why) : NULL;

    if (f == NULL) {
        make_text(why);
        g_propagate_error(error, why);
    }
    return f;
}

struct facts *facts_read_bytes(const char *name, const char *bytes, size_t size, const char *format,
                               GError **error)
{
    const struct facts_input in = {.name = name, .bytes = bytes, .size = size};

    return read_input(&in, format, true, error);
}

struct facts *facts_read(const char *argument, const char *format, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    struct facts_input in = {.name = argument};

    if (g_file_test(argument, G_FILE_TEST_IS_DIR)) {
        in.folder = argument;
        return read_input(&in, format, true, error);
    }
    if (g_file_test(argument, G_FILE_TEST_EXISTS)) {
        if (!file_read(argument, MAX_INPUT_BYTES, &bytes, &size, error)) {
            return NULL;
        }
        if (size > MAX_INPUT_BYTES) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: more than %d MiB; expected a description of a machine", argument,
                        MAX_INPUT_BYTES >> 20);
            return NULL;
        }
        return facts_read_bytes(argument, bytes, size, format, error);
    }
    in.bytes = argument;
    in.size = strlen(argument);
    return read_input(&in, format, false, error);
}
