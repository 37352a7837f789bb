/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that means nothing to Markdown (GitHub's: github.github.com/gfm), in a line or in a table's cell. */
#ifndef NUMASIM_OBSERVE_MARKDOWN_H
#define NUMASIM_OBSERVE_MARKDOWN_H

#include <glib.h>

/* Appends @text as it is read: its line breaks are spaces, and what Markdown would take is escaped. */
void markdown_append(GString *out, const char *text);
/* Appends @text as code: "`a`", with more backticks around one that has some, and no cell ends in it. */
void markdown_append_code(GString *out, const char *text);

#endif
