/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON as text in the order in which it is said, so that equal data are equal bytes: objects
 * one member to a line, indented by one space a level; arrays on one line.
 */
#ifndef NUMASIM_OBSERVE_JSON_H
#define NUMASIM_OBSERVE_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_out {
    GString *text; /* owned */
    int32_t depth;
    int32_t flat; /* objects and arrays open on one line */
    bool first;   /* the next member is its parent's first */
};

struct json_out json_out_new(void);
/* The text, with a newline at its end; @out is released. */
char *json_out_finish(struct json_out *out, gsize *ret_size);

/* @name: the member's, or NULL inside an array. @flat: all of it on one line. */
void json_object_begin(struct json_out *out, const char *name, bool flat);
void json_object_end(struct json_out *out);
/* Arrays whose elements are objects that are not flat stand one element to a line. */
void json_array_begin(struct json_out *out, const char *name, bool flat);
void json_array_end(struct json_out *out);

void json_string(struct json_out *out, const char *name, const char *value);
void json_int(struct json_out *out, const char *name, int64_t value);
void json_bool(struct json_out *out, const char *name, bool value);
/* Begins a value that the caller appends to out->text as JSON. */
void json_raw(struct json_out *out, const char *name);
void json_strings(struct json_out *out, const char *name, char *const *values);

#endif
