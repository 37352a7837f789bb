/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a command line, cut into words and those into options, each letter with the place in
 * the file that it came from. Knows shell quoting and QEMU's `key=value,...` form, no option.
 */
#ifndef NUMASIM_FORMAT_FACTS_QEMU_TEXT_H
#define NUMASIM_FORMAT_FACTS_QEMU_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/facts/read.h"

/* A place in the input; both count from 1. */
struct qemu_place {
    int32_t line, column;
};

/* One word without its quotes. */
struct qemu_word {
    char *text;                /* owned */
    struct qemu_place *places; /* [length + 1], owned; the last is behind the word */
};

/* One `key=value`; a key alone has no value, and the first value may stand without its key. */
struct qemu_pair {
    char *key, *value; /* owned; value may be NULL */
    struct qemu_place key_place, value_place;
};

/* A word of @text, all of it at @place. */
struct qemu_word *qemu_word_new(const char *text, struct qemu_place place);
void qemu_word_free(struct qemu_word *word);

/*
 * The words (struct qemu_word *, owned by the array) of a command line in one of three forms: as a
 * shell reads it (quotes, backslashes, comments), separated by NUL (/proc/PID/cmdline), or one to
 * a line. NULL with NUMASIM_ERROR_INPUT for a quote that is not closed.
 */
GPtrArray *qemu_words(const struct facts_input *in, GError **error);

/*
 * The options (struct qemu_pair) of @word: `a,b=c`, `,,` in a value for one comma, or a JSON
 * object. A first one without `=` is the value of @implied, if that is not NULL.
 */
GArray *qemu_pairs(const struct facts_input *in, const struct qemu_word *word, const char *implied,
                   GError **error);
/* The last value of @key, or NULL. */
const struct qemu_pair *qemu_pairs_find(const GArray *pairs, const char *key);

/* Sets NUMASIM_ERROR_INPUT "name:line:column: ..."; returns false. */
bool qemu_error(const struct facts_input *in, struct qemu_place place, GError **error,
                const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The value as an integer of @min..@max, decimal or 0x. */
bool qemu_integer(const struct facts_input *in, const struct qemu_pair *pair, int64_t min,
                  int64_t max, int64_t *ret_value, GError **error);
/*
 * The value as bytes, with QEMU's suffixes B, K, M, G, T, P, E (powers of 1024, either case) and
 * decimal fractions; a bare number counts in @unit bytes (util/cutils.c: do_strtosz(), 8.2).
 */
bool qemu_size(const struct facts_input *in, const struct qemu_pair *pair, int64_t unit,
               int64_t *ret_bytes, GError **error);

#endif
