/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `numasim run --format` prints of one run as the kernel's files and tools have it. */
#ifndef NUMASIM_CLI_RUN_PROC_H
#define NUMASIM_CLI_RUN_PROC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"

/* The values of --format, NULL-terminated; the first two are numasim's own. */
enum {
    RUN_FORMAT_TABLE,
    RUN_FORMAT_JSON,
    RUN_FORMAT_PROC,                       /* the first of them, schedstat */
    RUN_FORMAT_SCHED = RUN_FORMAT_PROC + 1 /* which needs the tasks' statistics */
};
extern const char *const run_formats[];

static inline bool run_format_is_proc(int format)
{
    return format >= RUN_FORMAT_PROC;
}

/* The text of @format, which is a file of the kernel's or a tool's, as of now; newly allocated. */
char *run_proc_text(const struct kernel *k, int format);

/* Appends it to @out, below a line that says of what and when it is: "==> vmstat at 5s <==". */
void run_proc_append(const struct kernel *k, int format, int64_t now_ns, GString *out);

/*
 * Reads the times of --snapshot into an ascending array of int64_t without repetitions; newly allocated.
 * NULL with NUMASIM_ERROR_USAGE where one is no time, or @format has nothing to show then.
 */
GArray *run_proc_times(char *const *texts, int format, GError **error);

#endif
