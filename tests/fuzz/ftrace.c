/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as ftrace text: an error, or a trace that can be built, written and read again. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/trace/build.h"
#include "format/trace/summary.h"
#include "format/trace/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_workload(const struct workload *w)
{
    g_autofree char *yaml = workload_trace_to_yaml(w, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer("fuzz", yaml, strlen(yaml), &error);
    struct workload_trace *again = NULL;

    g_assert_no_error(error);
    workload_trace_read(yaml_map_get(yaml_doc_root(doc), "trace"), &again, &error);
    g_assert_no_error(error);
    g_assert_cmpint(again->nr_tasks, ==, w->trace->nr_tasks);
    workload_trace_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_import_options options = {.relative_timers = size % 2 == 1};
    g_autoptr(GError) error = NULL;
    g_autoptr(ftrace_text_t) text =
        ftrace_text_load_buffer("fuzz", (const char *)data, size, &error);
    g_autoptr(trace_summary_t) summary = NULL;
    g_autoptr(workload_t) w = NULL;
    struct trace_import import;

    if (text == NULL) {
        g_assert_nonnull(error);
        return 0;
    }
    summary = trace_summary_new(text);
    w = trace_build(text, "fuzz", &options, &import, &error);
    if (w != NULL) {
        g_auto(GStrv) lines = trace_import_describe(&import, text);

        g_assert_nonnull(lines[0]);
        check_workload(w);
        trace_import_release(&import);
    }
    return 0;
}
