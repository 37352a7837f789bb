/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/trace-output.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output.h"

enum { DRAIN_BYTES = 1 << 16 };

struct trace_output {
    char *path;            /* NULL: standard output, where what is said comes at the end */
    struct output *output; /* NULL: so */
    FILE *file;
    GString *buffer;
    int failed; /* errno of the first write that failed */
};

struct trace_output *trace_output_open(const char *path, GError **error)
{
    g_autoptr(trace_output_t) o = g_new0(struct trace_output, 1);

    o->buffer = g_string_sized_new(DRAIN_BYTES + 4096);
    o->path = g_strdup(path);
    if (path != NULL) {
        o->output = output_open(path, error);
        if (o->output == NULL) {
            return NULL;
        }
    }
    o->file = o->output != NULL ? fdopen(dup(output_fd(o->output)), "wb") : tmpfile();
    if (o->file == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot be written: %s",
                    path != NULL ? path : "a temporary file", g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&o);
}

GString *trace_output_buffer(struct trace_output *o)
{
    return o->buffer;
}

static void drain(struct trace_output *o)
{
    if (o->failed == 0 && fwrite(o->buffer->str, 1, o->buffer->len, o->file) != o->buffer->len) {
        o->failed = errno;
    }
    g_string_truncate(o->buffer, 0);
}

void trace_output_drain(struct trace_output *o)
{
    if (o->buffer->len >= DRAIN_BYTES) {
        drain(o);
    }
}

static bool fail(const struct trace_output *o, int why, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot be written: %s",
                o->path != NULL ? o->path : "standard output", g_strerror(why));
    return false;
}

static bool copy_to_stdout(struct trace_output *o, GError **error)
{
    g_autofree char *chunk = g_malloc(DRAIN_BYTES);
    size_t got;

    rewind(o->file);
    while ((got = fread(chunk, 1, DRAIN_BYTES, o->file)) > 0) {
        if (fwrite(chunk, 1, got, stdout) != got) {
            return fail(o, errno, error);
        }
    }
    return fflush(stdout) == 0 || fail(o, errno, error);
}

bool trace_output_finish(struct trace_output *o, GError **error)
{
    drain(o);
    if (o->failed == 0 && fflush(o->file) != 0) {
        o->failed = errno;
    }
    if (o->failed != 0) {
        return fail(o, o->failed, error);
    }
    if (o->path == NULL) {
        return copy_to_stdout(o, error);
    }
    return output_finish(g_steal_pointer(&o->output), error);
}

void trace_output_free(struct trace_output *o)
{
    if (o == NULL) {
        return;
    }
    if (o->file != NULL) {
        fclose(o->file);
    }
    output_abandon(o->output);
    g_free(o->path);
    g_string_free(o->buffer, TRUE);
    g_free(o);
}
