/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event-log.h"

static void keep(const struct tp_event *event, void *data)
{
    GArray *log = data;

    g_array_append_val(log, *event);
}

GArray *event_log_new(struct engine *e)
{
    GArray *log = g_array_new(FALSE, FALSE, sizeof(struct tp_event));

    kernel_listen(e->kernel, ~(UINT64_C(1) << TP_DECISION) & ((UINT64_C(1) << NR_TRACEPOINTS) - 1),
                  keep, log);
    return log;
}

const struct tp_event *event_log_find(const GArray *log, enum tracepoint type, int32_t task, int n)
{
    for (guint i = 0; i < log->len; i++) {
        const struct tp_event *event = &g_array_index(log, struct tp_event, i);

        if (event->type == (uint32_t)type && (task < 0 || event->task == task) && n-- == 0) {
            return event;
        }
    }
    return NULL;
}

int64_t event_log_time(const GArray *log, enum tracepoint type, int32_t task, int n)
{
    const struct tp_event *event = event_log_find(log, type, task, n);

    if (event == NULL) {
        g_error("there is no %s number %d of task %d", tracepoint_name(type), n, task);
    }
    return event->time_ns;
}

int event_log_count(const GArray *log, enum tracepoint type, int32_t task)
{
    int n = 0;

    while (event_log_find(log, type, task, n) != NULL) {
        n++;
    }
    return n;
}

const struct tp_event *event_log_last(const GArray *log, enum tracepoint type)
{
    int count = event_log_count(log, type, -1);

    return count > 0 ? event_log_find(log, type, -1, count - 1) : NULL;
}

int64_t event_log_sum(const GArray *log, enum tracepoint type, int32_t cpu, int32_t other)
{
    int64_t sum = 0;

    for (guint i = 0; i < log->len; i++) {
        const struct tp_event *event = &g_array_index(log, struct tp_event, i);

        if (event->type == (uint32_t)type && (cpu < 0 || event->cpu == cpu) &&
            (other < 0 || event->other == other)) {
            sum += event->a;
        }
    }
    return sum;
}

char *topology_with(const char *name, const char *old, const char *new_)
{
    g_autofree char *path = g_strdup_printf("topologies/%s.yaml", name);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(text, old));
    g_auto(GStrv) parts = g_strsplit(text, old, -1);

    return g_strjoinv(new_, parts);
}
