/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ftrace text as a whole: decompression, lines, order, and what the text says is missing. */
#include "format/trace/ftrace-text.h"

#include <gio/gio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"

struct reading {
    struct ftrace_text *text;
    GArray *events;
    int64_t latest_ns;
    uint64_t entries_in_buffer; /* of the kernel's header, 0 if it has none */
};

static void warn(struct ftrace_text *text, uint64_t line, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void warn(struct ftrace_text *text, uint64_t line, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    if (text->messages->len >= FTRACE_MAX_MESSAGES) {
        return;
    }
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(text->messages, line == 0 ? g_strdup_printf("%s: %s", text->name, message)
                                              : g_strdup_printf("%s:%" G_GUINT64_FORMAT ": %s",
                                                                text->name, line, message));
}

static bool input_error(const struct ftrace_text *text, uint64_t line, GError **error,
                        const char *message)
{
    if (line == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s", text->name, message);
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%" G_GUINT64_FORMAT ":1: %s",
                    text->name, line, message);
    }
    return false;
}

/* "# entries-in-buffer/entries-written: 5532/5532   #P:2", "##### CPU 1 buffer started ####" */
static void read_comment(struct reading *r, const char *line, size_t size)
{
    g_autofree char *copy = g_strndup(line, size);
    const char *entries = strstr(copy, "entries-in-buffer/entries-written:");

    if (entries != NULL) {
        r->entries_in_buffer = g_ascii_strtoull(strchr(entries, ':') + 1, NULL, 10);
    } else if (strstr(copy, " buffer started ####") != NULL) {
        r->text->late_buffers++;
        warn(r->text, r->text->nr_lines, "what this CPU did before is lost: %s", copy);
    }
}

static bool take_event(struct reading *r, const struct ftrace_event *e, bool has_flags,
                       GError **error)
{
    struct ftrace_text *text = r->text;

    if (r->events->len > 0 && e->time_ns < r->latest_ns) {
        if (r->latest_ns - e->time_ns > FTRACE_REORDER_NS) {
            return input_error(text, e->line, error,
                               "time runs backwards by more than 1ms; expected lines in the order "
                               "of their times (is this two traces in one file?)");
        }
        text->reordered_lines++;
        warn(text, e->line, "earlier than the line before; sorted");
    }
    r->latest_ns = MAX(r->latest_ns, e->time_ns);
    text->has_flags |= has_flags;
    text->tells_sync |= e->sync != FTRACE_SYNC_NOT_TOLD;
    text->kind_counts[e->kind]++;
    text->nr_cpus = MAX(text->nr_cpus, e->cpu + 1);
    g_array_append_val(r->events, *e);
    return true;
}

/* One line; @finished: it has its newline. */
static bool take_line(struct reading *r, const char *line, size_t size, bool finished,
                      GError **error)
{
    struct ftrace_text *text = r->text;
    const char *why = NULL;
    struct ftrace_event e;
    enum ftrace_line kind = ftrace_line_read(line, size, text->strings, &e, &why);

    text->nr_lines++;
    if (!finished && kind == FTRACE_LINE_MALFORMED) {
        return input_error(text, text->nr_lines, error,
                           "the file ends in the middle of a line; expected a whole trace (was it "
                           "copied completely?)");
    }
    if (!finished && kind == FTRACE_LINE_EVENT) {
        text->unfinished_lines++;
        warn(text, text->nr_lines, "the last line has no newline and may be cut; left out");
        return true;
    }
    switch (kind) {
    case FTRACE_LINE_EVENT:
        e.line = (uint32_t)MIN(text->nr_lines, UINT32_MAX);
        return take_event(r, &e, e.context != FTRACE_CONTEXT_UNKNOWN, error);
    case FTRACE_LINE_OTHER_EVENT:
        text->unknown_events++;
        break;
    case FTRACE_LINE_COMMENT:
        read_comment(r, line, size);
        break;
    case FTRACE_LINE_LOST:
        text->lost_markers++;
        text->lost_events += (uint64_t)e.task.pid;
        if (e.task.pid > 0) {
            warn(text, text->nr_lines, "CPU %d lost %d events here", e.cpu, e.task.pid);
        } else {
            warn(text, text->nr_lines, "CPU %d lost events here; the trace does not say how many",
                 e.cpu);
        }
        break;
    case FTRACE_LINE_MALFORMED:
        text->malformed_lines++;
        warn(text, text->nr_lines, "skipped: %s", why);
        break;
    }
    return true;
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const struct ftrace_event *x = a, *y = b;

    if (x->time_ns != y->time_ns) {
        return x->time_ns < y->time_ns ? -1 : 1;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

/* What can be said only of the whole. */
static bool finish(struct reading *r, GError **error)
{
    struct ftrace_text *text = r->text;
    uint64_t entries =
        r->events->len + text->unknown_events + text->malformed_lines + text->unfinished_lines;

    if (text->malformed_lines > 0 && text->malformed_lines >= entries / 10 + 1) {
        return input_error(text, 0, error,
                           "more than a tenth of the lines cannot be read; expected ftrace text "
                           "('comm-PID [CPU] flags seconds: event: fields')");
    }
    if (r->events->len == 0) {
        return input_error(text, 0, error,
                           "no scheduler event; expected ftrace text with sched_switch, "
                           "sched_waking and sched_wakeup");
    }
    if (entries < r->entries_in_buffer) {
        text->missing_entries = r->entries_in_buffer - entries;
        warn(text, 0,
             "%" G_GUINT64_FORMAT " of the header's %" G_GUINT64_FORMAT
             " entries are missing: the file is cut",
             text->missing_entries, r->entries_in_buffer);
    }
    if (text->reordered_lines > 0) {
        g_array_sort(r->events, by_time);
    }
    text->nr_events = r->events->len;
    return true;
}

static bool read_lines(struct ftrace_text *text, const char *bytes, size_t size, GError **error)
{
    struct reading r = {.text = text};
    bool ok = true;

    r.events = g_array_new(FALSE, FALSE, sizeof(struct ftrace_event));
    while (ok && size > 0) {
        const char *newline = memchr(bytes, '\n', size);
        size_t line = newline == NULL ? size : (size_t)(newline - bytes);

        ok = take_line(&r, bytes, line, newline != NULL, error);
        line += newline == NULL ? 0 : 1;
        bytes += line;
        size -= line;
    }
    ok = ok && finish(&r, error);
    text->events = (struct ftrace_event *)(void *)g_array_free(r.events, FALSE);
    return ok;
}

/* The text inside gzip @bytes, or NULL. */
static GByteArray *gunzip(const char *name, const char *bytes, size_t size, GError **error)
{
    g_autoptr(GConverter) gz = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_data(bytes, (gssize)size, NULL);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(memory, gz);
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_autofree guint8 *chunk = g_malloc(65536);
    GError *cause = NULL;
    gssize got;

    while ((got = g_input_stream_read(stream, chunk, 65536, NULL, &cause)) > 0) {
        g_byte_array_append(text, chunk, (guint)got);
        if (text->len > FTRACE_MAX_BYTES) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: more than 1GiB of text; record less at a time", name);
            return NULL;
        }
    }
    if (got < 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: the compressed file is damaged or cut (%s)", name, cause->message);
        g_error_free(cause);
        return NULL;
    }
    return g_steal_pointer(&text);
}

struct ftrace_text *ftrace_text_load_buffer(const char *name, const char *bytes, size_t size,
                                            GError **error)
{
    g_autoptr(ftrace_text_t) text = g_new0(struct ftrace_text, 1);
    g_autoptr(GByteArray) plain = NULL;

    text->name = g_strdup(name);
    text->messages = g_ptr_array_new_with_free_func(g_free);
    text->strings = g_string_chunk_new(4096);
    text->digest = digest_of(bytes, size);
    if (size >= 2 && (unsigned char)bytes[0] == 0x1f && (unsigned char)bytes[1] == 0x8b) {
        plain = gunzip(name, bytes, size, error);
        if (plain == NULL) {
            return NULL;
        }
        bytes = (const char *)plain->data;
        size = plain->len;
    }
    if (size > FTRACE_MAX_BYTES) {
        input_error(text, 0, error, "more than 1GiB of text; record less at a time");
        return NULL;
    }
    return read_lines(text, bytes, size, error) ? g_steal_pointer(&text) : NULL;
}

struct ftrace_text *ftrace_text_load(const char *path, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize size;

    if (!file_read(path, FTRACE_MAX_BYTES, &bytes, &size, error)) {
        return NULL;
    }
    return ftrace_text_load_buffer(path, bytes, size, error);
}

void ftrace_text_free(struct ftrace_text *text)
{
    if (text == NULL) {
        return;
    }
    g_free(text->name);
    g_free(text->digest);
    g_free(text->events);
    g_clear_pointer(&text->messages, g_ptr_array_unref);
    g_clear_pointer(&text->strings, g_string_chunk_free);
    g_free(text);
}

uint64_t ftrace_text_warnings(const struct ftrace_text *text)
{
    return text->malformed_lines + text->lost_markers + text->reordered_lines + text->late_buffers +
           text->unfinished_lines + (text->missing_entries > 0 ? 1 : 0);
}
