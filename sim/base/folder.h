/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of output, whole or absent: filled under another name (output.h has which, and how what a
 * process that was killed left behind is known and removed), renamed when it is whole. A signal waits
 * until then, so what fills it takes moments: the work is done before.
 */
#ifndef NUMASIM_BASE_FOLDER_H
#define NUMASIM_BASE_FOLDER_H

#include <glib.h>
#include <stdbool.h>

struct folder;

/*
 * Makes an empty folder beside @output, and the folders above it where they are missing. NULL with
 * NUMASIM_ERROR_IO.
 */
struct folder *folder_begin(const char *output, GError **error);
/* Where to put the files; belongs to @f. */
const char *folder_path(const struct folder *f);
/*
 * @f becomes its output, and is released. What stands there is replaced at once and removed if
 * @replaces, and an error (NUMASIM_ERROR_IO) otherwise, in which case nothing is left of @f.
 */
bool folder_finish(struct folder *f, bool replaces, GError **error);
/* Removes it. Accepts NULL. */
void folder_abandon(struct folder *f);
typedef struct folder folder_t; /* for g_autoptr(folder_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(folder_t, folder_abandon)

/*
 * Whether folder_begin(@output) may be expected to work, before much is done for it: nothing is made.
 * False with NUMASIM_ERROR_USAGE.
 */
bool folder_check(const char *output, GError **error);

/*
 * Opens the folder @path for this process alone, which lets go of it by closing what is returned, or
 * by its end and that of its children. -1 with errno: ENOENT, there is none; EWOULDBLOCK, it is another's;
 * else it cannot be opened or locked.
 */
int folder_lock(const char *path);
/* Removes what is in a folder. */
void folder_empty(const char *path);
/* Removes a file, or a folder with all that is in it; links are removed, not followed. */
void folder_remove(const char *path);
/* NUMASIM_ERROR_IO "PATH: cannot WHAT: why", as errno says. Always false. */
bool folder_fail(const char *path, const char *what, GError **error);

#endif
