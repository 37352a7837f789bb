/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which reader an input is for. */
#include "format/facts/read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "format/facts/tree.h"

/* A sysfs archive of a large machine is some megabytes; far more is no description of a machine. */
enum { MAX_INPUT_BYTES = 64 << 20, LOOK_BYTES = 1 << 16 };

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

/* "core:8192": what is wrong with such a string its own reader says. */
static bool is_like_synthetic(const char *text)
{
    const char *const colon = strchr(text, ':');
    const char *at = text;

    while (g_ascii_isalnum(*at)) {
        at++;
    }
    return g_ascii_isalpha(*text) && at == colon && g_ascii_isdigit(colon[1]);
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
    /* A broken archive holds perhaps the right thing: what is wrong with it helps more. */
    if (facts_tree_is_archive(in)) {
        g_autoptr(facts_tree_t) tree = facts_tree_open(in, error);

        if (tree == NULL) {
            return NULL;
        }
    }
    if (!is_path && is_like_synthetic(in->bytes)) {
        facts_free(facts_hwloc_synthetic.read(in, error));
        return NULL;
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
    char *valid;

    g_assert(error != NULL);
    valid = g_utf8_make_valid(error->message, -1);

    for (char *at = valid; *at != '\0'; at++) {
        *at = g_ascii_iscntrl(*at) && *at != '\n' ? ' ' : *at;
    }
    g_free(error->message);
    error->message = valid;
}

/*
 * A file of this project's own, which names its schema in a line of its own: nothing is to be
 * imported from it.
 */
static bool is_topology(const struct facts_input *in)
{
    static const char key[] = "numasim:";
    const char *line = in->bytes, *const end = line + MIN(in->size, (size_t)LOOK_BYTES);

    while (line != NULL && line < end) {
        const size_t left = (size_t)(end - line);

        if (left > strlen(key) && memcmp(line, key, strlen(key)) == 0) {
            const char *value = line + strlen(key) + strspn(line + strlen(key), " \"'");

            return g_str_has_prefix(value, "topology/");
        }
        line = memchr(line, '\n', left);
        line = line != NULL ? line + 1 : NULL;
    }
    return false;
}

static struct facts *read_input(const struct facts_input *in, const char *format, bool is_path,
                                GError **error)
{
    const struct facts_reader *reader = NULL;
    GError *why = NULL;
    struct facts *f;

    if (in->bytes != NULL && is_topology(in)) {
        g_set_error(&why, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: is already a topology (numasim: topology/1); expected what another tool "
                    "wrote",
                    in->name);
    } else {
        reader = format != NULL ? find_by_name(format, &why) : recognise(in, is_path, &why);
    }
    f = reader != NULL ? reader->read(in, &why) : NULL;

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

static bool refuse_size(const char *name, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s: more than %d MiB; expected a description of a machine", name,
                MAX_INPUT_BYTES >> 20);
    return false;
}

struct facts *facts_read_fd(const char *name, int fd, const char *format, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char block[8192];
    ssize_t got = 1;

    while (got != 0 && text->len <= MAX_INPUT_BYTES) {
        got = read(fd, block, sizeof(block));
        if (got > 0) {
            g_string_append_len(text, block, got);
        } else if (got < 0 && errno != EINTR) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                        "%s: cannot be read (%s); expected the description of a machine", name,
                        g_strerror(errno));
            return NULL;
        }
    }
    if (text->len > MAX_INPUT_BYTES) {
        refuse_size(name, error);
        return NULL;
    }
    return facts_read_bytes(name, text->str, text->len, format, error);
}

/* What a shell makes of <(command); one that nobody writes to waits, as it does for any reader. */
static struct facts *read_pipe(const char *path, const char *format, GError **error)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct facts *f;

    if (fd < 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot be opened (%s)", path,
                    g_strerror(errno));
        return NULL;
    }
    f = facts_read_fd(path, fd, format, error);
    close(fd);
    return f;
}

struct facts *facts_read(const char *argument, const char *format, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    struct facts_input in = {.name = argument};
    struct stat st;

    if (g_file_test(argument, G_FILE_TEST_IS_DIR)) {
        in.folder = argument;
        return read_input(&in, format, true, error);
    }
    if (stat(argument, &st) == 0) {
        if (S_ISFIFO(st.st_mode)) {
            return read_pipe(argument, format, error);
        }
        if (!file_read(argument, MAX_INPUT_BYTES, &bytes, &size, error)) {
            return NULL;
        }
        if (size > MAX_INPUT_BYTES) {
            refuse_size(argument, error);
            return NULL;
        }
        return facts_read_bytes(argument, bytes, size, format, error);
    }
    in.bytes = argument;
    in.size = strlen(argument);
    return read_input(&in, format, false, error);
}
