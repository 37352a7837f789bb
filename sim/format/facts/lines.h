/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that other people's tools print, line by line and word by word, with places for messages.
 * Nothing is copied: pieces point into the text, which need not end with a NUL and may hold any
 * byte.
 */
#ifndef NUMASIM_FORMAT_FACTS_LINES_H
#define NUMASIM_FORMAT_FACTS_LINES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/facts/read.h"

/* A part of a text, borrowed: from @begin up to and without @end. */
struct piece {
    const char *begin, *end;
};

/* A text while it is read. */
struct lines {
    const char *name;     /* for messages */
    const char *at, *end; /* what is left */
    struct piece line;    /* the current line, without its end, or empty before the first */
    int number;           /* of the current line, from 1 */
};

/* Before the first line of @in, which has bytes. */
struct lines lines_of(const struct facts_input *in);
/* Goes to the next line; false at the end. The line's end (LF or CR LF) is no part of it. */
bool lines_next(struct lines *l);
/* Goes to the next line that holds more than blanks; false at the end. */
bool lines_next_filled(struct lines *l);
/* Always false, with NUMASIM_ERROR_INPUT "name:line:column: ..."; @at lies in the current line. */
bool lines_fail(const struct lines *l, const char *at, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Takes the first word (between blanks) off @rest into *@word; false if only blanks are left. */
bool piece_next_word(struct piece *rest, struct piece *word);
/*
 * Takes what stands before the next @separator off @rest into *@cell, without blanks around it.
 * The text "a,,b" has three cells and "" has one. False after the last; @rest->begin is then NULL.
 */
bool piece_next_cell(struct piece *rest, char separator, struct piece *cell);
/* @p without blanks at both ends. */
struct piece piece_trim(struct piece p);
/* True iff @p is, or begins with, @text; upper and lower case of ASCII are the same. */
bool piece_is(struct piece p, const char *text);
bool piece_starts(struct piece p, const char *text);
/* The whole of @p as a decimal number of 0..@max; false (and *@ret as it was) if it is none. */
bool piece_number(struct piece p, int64_t max, int64_t *ret);
/* Takes a decimal number of 0..@max off the front of @p; false if none stands there. */
bool piece_take_number(struct piece *p, int64_t max, int64_t *ret);
/* A decimal number of megahertz ("3707.8120", and "1984,0000" as some locales print) in Hz. */
bool piece_mhz(struct piece p, int64_t *ret_hz);
/* @p for a message: at most 40 bytes, printable ASCII; newly allocated. */
char *piece_quote(struct piece p);

#endif
