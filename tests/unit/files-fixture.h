/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of files: the repository's own, and one that goes away with the test. */
#ifndef NUMASIM_TESTS_UNIT_FILES_FIXTURE_H
#define NUMASIM_TESTS_UNIT_FILES_FIXTURE_H

#include <glib.h>
#include <stdbool.h>

/* The paths of the files in @folder (relative to the repository) that end in @ending, sorted. */
GPtrArray *files_in(const char *folder, const char *ending);

/*
 * Each NAME@ending in @folder, of which there are @at_least, is refused by @read as bad input, with
 * the message that NAME.expect holds. @read returns true where it took the text for good.
 */
void files_check_refused(const char *folder, const char *ending, guint at_least,
                         bool (*read)(const char *name, const char *bytes, gsize size,
                                      GError **error));
/* Holds @seen against NAME.expect beside @path; writes it anew when golden files are updated. */
void files_check_expected(const char *path, const char *seen);

/* Removes @folder with the files in it; it holds no folders. */
void files_remove(const char *folder);

#endif
