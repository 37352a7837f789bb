/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that is written as a run goes on, and is there whole or not at all. */
#ifndef NUMASIM_CLI_TRACE_OUTPUT_H
#define NUMASIM_CLI_TRACE_OUTPUT_H

#include <glib.h>
#include <stdbool.h>

struct trace_output;

/* For the file @path, or NULL: standard output, which gets everything in the end. NULL with
 * NUMASIM_ERROR_IO. */
struct trace_output *trace_output_open(const char *path, GError **error);
/* What is to be written is appended here; trace_output_drain() writes it. Borrowed. */
GString *trace_output_buffer(struct trace_output *o);
/* Writes the buffer where it has grown, and empties it. What fails is told by trace_output_finish(). */
void trace_output_drain(struct trace_output *o);
/* Writes the rest, and puts the file in its place. False with NUMASIM_ERROR_IO, and no file. */
bool trace_output_finish(struct trace_output *o, GError **error);
/* Without trace_output_finish() nothing is left. Accepts NULL. */
void trace_output_free(struct trace_output *o);
typedef struct trace_output trace_output_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(trace_output_t, trace_output_free)

#endif
