/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded traces in workload files, and overlay files that give them memory. The format is
 * described in workloads/traces/README.md. In short:
 *
 *     numasim: workload/1
 *     trace:
 *       span: 349976us
 *       tasks:
 *         - {comm: postgres, pid: 10780, prio: 120, starts: running, steps: "r120 y3 b r4.5 x"}
 *         - {comm: child, pid: 10781, prio: 120, parent: 0, steps: "r80 u5000 r10 s100"}
 *       memory:                              # of a command, if an overlay gave it
 *         postgres:
 *           regions: {buffers: {size: 128MiB, working-set: 24MiB}}
 *           misses: {buffers: 90/ms}
 *           mlp: 2
 *
 * A step is a letter and a number; times are microseconds with up to three decimals:
 *     rTIME run   wTASK wake   yTASK wake, blocking next   b block   uTIME block until then
 *     sTIME sleep   fTASK fork   x exit
 */
#ifndef NUMASIM_FORMAT_TRACE_YAML_H
#define NUMASIM_FORMAT_TRACE_YAML_H

#include <glib.h>
#include <stdbool.h>

#include "format/yaml.h"
#include "workload/workload.h"

/*
 * Reads the mapping @node, the value of `trace:`. Checks that task numbers exist, that a task with a
 * parent is forked by it once, that nothing follows an exit. On success the caller owns *@ret.
 */
bool workload_trace_read(const struct yaml_node *node, struct workload_trace **ret, GError **error);
void workload_trace_free(struct workload_trace *trace); /* accepts NULL */

/*
 * The text of a workload file for @w, which is a trace; newly allocated. Each of @comments
 * (NULL-terminated, may be NULL) becomes a comment line at its head.
 */
char *workload_trace_to_yaml(const struct workload *w, const char *const *comments);

/* The memory of commands, as an overlay file gives it. */
struct trace_overlay {
    char *path;
    struct trace_memory *memory;
    int32_t nr_memory;
    char **sources; /* every `source:` of the file, in order, NULL-terminated */
};

/* Reads the overlay file (`numasim: overlay/1`) at @path. NULL with @error. */
struct trace_overlay *trace_overlay_read(const char *path, GError **error);
struct trace_overlay *trace_overlay_read_buffer(const char *name, const char *bytes, size_t size,
                                                GError **error);
void trace_overlay_free(struct trace_overlay *overlay); /* accepts NULL */
typedef struct trace_overlay trace_overlay_t;           /* for g_autoptr(trace_overlay_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(trace_overlay_t, trace_overlay_free)

/*
 * Moves the memory of @overlay into @w's trace and its sources, leaving @overlay empty. An entry
 * whose command is not in the trace is an error (NUMASIM_ERROR_INPUT) that names the nearest one.
 */
bool trace_overlay_apply(struct trace_overlay *overlay, struct workload *w, GError **error);

/* --- between yaml.c and memory.c ------------------------------------------------- */

enum { TRACE_MAX_TASKS = 1000000, TRACE_COMM_MAX = 15 /* TASK_COMM_LEN - 1 */ };

/* The mapping @map of commands to memory; @need_source: each must say its `source:`. On success the
 * caller owns *@ret_memory. */
bool trace_memory_read(const struct yaml_node *map, bool need_source,
                       struct trace_memory **ret_memory, int32_t *ret_nr, GError **error);
void trace_memory_free(struct trace_memory *memory, int32_t nr);
/* Writes one command, indented by four spaces. */
void trace_memory_write(GString *yaml, const struct trace_memory *memory);
/* @text as a YAML scalar in double quotes. */
void trace_write_quoted(GString *yaml, const char *text);

#endif
