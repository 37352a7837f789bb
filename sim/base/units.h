/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantities with units, as text: `90ns`, `2ms`, `64GiB`, `38.4GB/s`, `250Hz`, `12.5%`, `3/ms`. A bare
 * number where a unit is needed is an error. Decimal fractions are read exactly (no double).
 */
#ifndef NUMASIM_BASE_UNITS_H
#define NUMASIM_BASE_UNITS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum unit {
    UNIT_NONE,        /* a bare integer */
    UNIT_NS,          /* ns us ms s min h d -> nanoseconds */
    UNIT_BYTES,       /* B KiB MiB GiB TiB, kB MB GB TB (decimal) -> bytes */
    UNIT_BYTES_PER_S, /* B/s ... GB/s, GiB/s -> bytes per second */
    UNIT_HZ,          /* Hz kHz MHz GHz -> hertz */
    UNIT_PPM,         /* % or a bare fraction 0.25 -> parts per million */
    UNIT_PER_S,       /* /s /ms /us -> events per second x 1000 (milli-hertz, so 0.5/s is exact) */
};

/* Parses @text as a quantity of @unit. False with @error on bad syntax, a missing or foreign unit,
 * a value that is negative, not an exact integer of the base unit, or beyond int64. */
bool units_parse(const char *text, enum unit unit, int64_t *ret_value, GError **error);
/* The shortest exact form (`2ms`, `64GiB`), newly allocated. */
char *units_format(int64_t value, enum unit unit);
/* For people: 3-4 significant digits (`1.53ms`, `12.4GB/s`), newly allocated. */
char *units_format_human(int64_t value, enum unit unit);
/* Examples for error messages: "90ns, 2ms". */
const char *units_examples(enum unit unit);

#endif
