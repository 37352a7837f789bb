/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of output, whole or absent. A file is filled without a name (open(2), O_TMPFILE) and gets its
 * own when it is whole, so that a process that is killed leaves nothing; on a file system that cannot do
 * this, and for a moment where an earlier file is replaced, it is called ".NAME.numasim-1" (or -2, ...
 * where others write the same at once). A lock tells what is being filled from what was left behind,
 * which the next writer of that name removes.
 *
 * What stands behind symbolic links is replaced, not the links. A FIFO, a device, a descriptor of
 * this process (/dev/stdout, /dev/fd/N) and "-", standard output, are written to as they are.
 */
#ifndef NUMASIM_BASE_OUTPUT_H
#define NUMASIM_BASE_OUTPUT_H

#include <glib.h>
#include <signal.h>
#include <stdbool.h>

struct output;

/*
 * Begins the file @path. NULL with NUMASIM_ERROR_IO, "PATH: cannot be written: WHY". A FIFO waits here
 * for its reader.
 */
struct output *output_open(const char *path, GError **error);
/* To write to; it belongs to @o. */
int output_fd(const struct output *o);
/* The file is whole: it is put on the disk and gets its name. Releases @o, also where it is false. */
bool output_finish(struct output *o, GError **error);
/* Nothing is left of it. Accepts NULL. */
void output_abandon(struct output *o);
typedef struct output output_t; /* for g_autoptr(output_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(output_t, output_abandon)

/*
 * Whether output_open(@path) may be expected to work, before much is done for it: nothing is made or
 * opened. False with NUMASIM_ERROR_USAGE.
 */
bool output_check(const char *path, GError **error);
/* True if @path is not a file to be replaced: it is written to as it is. */
bool output_is_stream(const char *path);

/* Writes @size bytes to @path, as above: output_open() to output_finish(). */
gboolean file_write_atomic(const char *path, const char *bytes, gsize size, GError **error);

/* ------------------------------------------------------------------------------------------- */
/* For what else is filled under another name                                                   */

/* The name number @n, from 1 on, for @path while it is being filled; newly allocated. */
char *output_slot(const char *path, int n);
/*
 * Locks @fd, opened at @path. False with errno EWOULDBLOCK if another process does, or if something else
 * has that name now; with another errno where the file system has no locks: flock(2).
 */
bool output_lock(int fd, const char *path);
enum { OUTPUT_SLOTS_SWEPT = 8 }; /* that are looked at for what was left behind */

/*
 * Lets SIGINT, SIGTERM and SIGHUP wait until output_signals_resume() with *@before, while something is
 * under a name that is not its own. For moments.
 */
void output_signals_wait(sigset_t *before);
void output_signals_resume(const sigset_t *before);

#endif
