/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text as json-glib's nodes, with what json-glib lets pass as an error: integers of more than 64
 * bits, which it reads as others, and brackets so deep that its parser runs out of stack.
 */
#ifndef NUMASIM_BASE_JSON_LOAD_H
#define NUMASIM_BASE_JSON_LOAD_H

#include <glib.h>
#include <json-glib/json-glib.h>

enum { JSON_LOAD_MAX_DEPTH = 64 };

/*
 * Parses @size bytes; its nodes are those of the parser, immutable. NULL with NUMASIM_ERROR_INPUT
 * "PATH:LINE:COLUMN: what is wrong".
 */
JsonParser *json_load(const char *path, const char *text, gsize size, GError **error);

/*
 * What @cause, an error of json-glib's parser, says, without its "<data>:LINE:COLUMN: " in front, and
 * these two, 0 where it does not have them. Borrowed from @cause.
 */
const char *json_load_cause(const GError *cause, guint *ret_line, guint *ret_column);

#endif
