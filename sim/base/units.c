/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and printing go through one table per unit: each row is a suffix and how many of the
 * base unit it stands for. Decimal prefixes are those of the SI, binary ones of IEC 80000-13.
 */
#include "base/units.h"

#include <string.h>

#include "base/error.h"
#include "base/fixed.h"

enum {
    SCALE_EXACT = 1 << 0, /* units_format() may use it */
    SCALE_HUMAN = 1 << 1, /* units_format_human() may use it */
    SCALE_BOTH = SCALE_EXACT | SCALE_HUMAN,
    MAX_DECIMALS = 19, /* as many as 64 bits hold */
};

struct scale {
    const char *suffix;
    uint64_t factor; /* base units in one of these */
    uint32_t use;
};

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
#define E3  UINT64_C(1000)
#define E6  UINT64_C(1000000)
#define E9  UINT64_C(1000000000)
#define E12 UINT64_C(1000000000000)

/* Each table ascends and ends with a row without suffix. */
static const struct scale scales_none[] = {{"", 1, SCALE_BOTH}, {0}};
static const struct scale scales_ns[] = {
    {"ns", 1, SCALE_BOTH},         {"us", E3, SCALE_BOTH},
    {"ms", E6, SCALE_BOTH},        {"s", E9, SCALE_BOTH},
    {"min", 60 * E9, SCALE_EXACT}, {"h", 3600 * E9, SCALE_BOTH},
    {"d", 86400 * E9, SCALE_BOTH}, {0},
};
static const struct scale scales_bytes[] = {
    {"B", 1, SCALE_BOTH},     {"kB", E3, SCALE_EXACT},
    {"KiB", KIB, SCALE_BOTH}, {"MB", E6, SCALE_EXACT},
    {"MiB", MIB, SCALE_BOTH}, {"GB", E9, SCALE_EXACT},
    {"GiB", GIB, SCALE_BOTH}, {"TB", E12, SCALE_EXACT},
    {"TiB", TIB, SCALE_BOTH}, {0},
};
static const struct scale scales_bytes_per_s[] = {
    {"B/s", 1, SCALE_BOTH},      {"kB/s", E3, SCALE_BOTH},
    {"KiB/s", KIB, SCALE_EXACT}, {"MB/s", E6, SCALE_BOTH},
    {"MiB/s", MIB, SCALE_EXACT}, {"GB/s", E9, SCALE_BOTH},
    {"GiB/s", GIB, SCALE_EXACT}, {"TB/s", E12, SCALE_BOTH},
    {"TiB/s", TIB, SCALE_EXACT}, {0},
};
static const struct scale scales_hz[] = {
    {"Hz", 1, SCALE_BOTH},
    {"kHz", E3, SCALE_BOTH},
    {"MHz", E6, SCALE_BOTH},
    {"GHz", E9, SCALE_BOTH},
    {0},
};
/* A fraction without suffix is read but never printed: "1" for 100 % would be taken for a count. */
static const struct scale scales_ppm[] = {{"%", 10000, SCALE_BOTH}, {"", E6, 0}, {0}};
static const struct scale scales_per_s[] = {
    {"/s", E3, SCALE_BOTH},
    {"/ms", E6, SCALE_BOTH},
    {"/us", E9, SCALE_BOTH},
    {0},
};

static const struct {
    const struct scale *scales;
    const char *what;
    const char *examples;
    const char *too_fine;
} units[] = {
    [UNIT_NONE] = {scales_none, "a whole number", "0, 12", "it is not whole"},
    [UNIT_NS] = {scales_ns, "a time", "90ns, 2ms", "it is not a whole number of nanoseconds"},
    [UNIT_BYTES] = {scales_bytes, "a size", "512KiB, 64GiB", "it is not a whole number of bytes"},
    [UNIT_BYTES_PER_S] = {scales_bytes_per_s, "a bandwidth", "38.4GB/s, 800MB/s",
                          "it is not a whole number of bytes per second"},
    [UNIT_HZ] = {scales_hz, "a frequency", "250Hz, 2.45GHz", "it is not a whole number of hertz"},
    [UNIT_PPM] = {scales_ppm, "a share", "12.5%, 0.25",
                  "it is not a whole number of parts per million"},
    [UNIT_PER_S] = {scales_per_s, "a rate", "200/s, 3/ms", "it is finer than one in 1000 seconds"},
};

const char *units_examples(enum unit unit)
{
    return units[unit].examples;
}

static bool fail(GError **error, const char *text, enum unit unit, const char *wrong)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "'%s': %s; expected %s like %s", text,
                wrong, units[unit].what, units[unit].examples);
    return false;
}

/* Says which unit the suffix of @text should have been. */
static bool fail_suffix(GError **error, const char *text, enum unit unit, const char *suffix)
{
    const char *names[G_N_ELEMENTS(scales_bytes)];
    const char *nearest;
    const struct scale *s = units[unit].scales;
    size_t n = 0;

    if (*suffix == '\0') {
        return fail(error, text, unit, "the unit is missing");
    }
    if (unit == UNIT_NONE) {
        return fail(error, text, unit, "it takes no unit");
    }
    for (; s->suffix; s++) {
        names[n++] = s->suffix;
    }
    names[n] = NULL;
    nearest = error_nearest(suffix, names);
    if (nearest) {
        g_autofree char *wrong =
            g_strdup_printf("unknown unit '%s' (did you mean '%s'?)", suffix, nearest);

        return fail(error, text, unit, wrong);
    } else {
        g_autofree char *wrong = g_strdup_printf("unknown unit '%s'", suffix);

        return fail(error, text, unit, wrong);
    }
}

/* A decimal number: @whole + @fraction / @one. */
struct decimal {
    uint64_t whole, fraction, one;
};

/*
 * Reads digits with at most one point among them, and sets *@end behind them. What is wrong, or
 * NULL.
 */
static const char *read_decimal(const char *text, struct decimal *ret, const char **end)
{
    const char *p = text;
    struct decimal d = {0, 0, 1};

    if (!g_ascii_isdigit(*p)) {
        return *p == '-' ? "it must not be negative" : "it does not begin with a digit";
    }
    for (; g_ascii_isdigit(*p); p++) {
        if (d.whole > INT64_MAX / 10) {
            return "it is too large";
        }
        d.whole = d.whole * 10 + (uint64_t)(*p - '0');
    }
    if (*p == '.') {
        const char *first = p + 1;
        const char *last;

        for (p = first; g_ascii_isdigit(*p); p++) {
        }
        if (p == first) {
            return "digits are missing after the point";
        }
        /* Zeros at the end say nothing, however many there are. */
        for (last = p; last > first && last[-1] == '0'; last--) {
        }
        if (last - first > MAX_DECIMALS) {
            return "it has too many decimals";
        }
        for (const char *q = first; q < last; q++) {
            d.fraction = d.fraction * 10 + (uint64_t)(*q - '0');
            d.one *= 10;
        }
    }
    *ret = d;
    *end = p;
    return NULL;
}

bool units_parse(const char *text, enum unit unit, int64_t *ret_value, GError **error)
{
    const struct scale *s = units[unit].scales;
    struct decimal d;
    const char *suffix;
    const char *wrong = read_decimal(text, &d, &suffix);
    uint128 value, part;

    if (wrong) {
        return fail(error, text, unit, wrong);
    }
    while (s->suffix && strcmp(s->suffix, suffix) != 0) {
        s++;
    }
    if (!s->suffix) {
        return fail_suffix(error, text, unit, suffix);
    }
    part = (uint128)d.fraction * s->factor;
    if (part % d.one != 0) {
        return fail(error, text, unit, units[unit].too_fine);
    }
    value = (uint128)d.whole * s->factor + part / d.one;
    if (value > INT64_MAX) {
        return fail(error, text, unit, "it is too large");
    }
    *ret_value = (int64_t)value;
    return true;
}

/*
 * @value in units of @s, exactly, or NULL if it has no end in decimals, or too many of them.
 */
static char *format_in(int64_t value, const struct scale *s)
{
    uint64_t whole = (uint64_t)value / s->factor;
    uint64_t rest = (uint64_t)value % s->factor;
    char decimals[MAX_DECIMALS + 2] = ".";
    uint32_t n = 1;

    while (rest > 0) {
        if (n > MAX_DECIMALS) {
            return NULL;
        }
        decimals[n++] = (char)('0' + (int)(rest * 10 / s->factor));
        rest = rest * 10 % s->factor;
    }
    decimals[n == 1 ? 0 : n] = '\0';
    return g_strdup_printf("%" G_GUINT64_FORMAT "%s%s", whole, decimals, s->suffix);
}

char *units_format(int64_t value, enum unit unit)
{
    const struct scale *s = units[unit].scales;
    /* The lowest unit always does; below 1 of it only its own decimals remain. */
    char *best = format_in(value, s);

    for (s++; s->suffix; s++) {
        g_autofree char *text = NULL;

        if (!(s->use & SCALE_EXACT) || (uint64_t)value < s->factor) {
            continue;
        }
        text = format_in(value, s);
        if (text && strlen(text) <= strlen(best)) {
            g_free(best);
            best = g_steal_pointer(&text);
        }
    }
    return best;
}

/* The next row that is used for people, or NULL. */
static const struct scale *next_human(const struct scale *s)
{
    for (s++; s->suffix; s++) {
        if (s->use & SCALE_HUMAN) {
            return s;
        }
    }
    return NULL;
}

char *units_format_human(int64_t value, enum unit unit)
{
    const struct scale *s = units[unit].scales;
    const struct scale *next;
    uint64_t v = (uint64_t)value;
    uint64_t rounded, one;

    while ((next = next_human(s)) && v >= next->factor) {
        s = next;
    }
    /* Below one of the lowest unit, three decimals could leave nothing of the value. */
    if (v < s->factor || v % s->factor == 0) {
        return format_in(value, s);
    }
    /* Three digits: as many decimals as leave the rounded number below 1000. */
    one = 100;
    while ((rounded = (uint64_t)(((uint128)v * one + s->factor / 2) / s->factor)) >= 1000 &&
           one > 1) {
        one /= 10;
    }
    if (one > 1) {
        return g_strdup_printf("%" G_GUINT64_FORMAT ".%0*" G_GUINT64_FORMAT "%s", rounded / one,
                               one == 100 ? 2 : 1, rounded % one, s->suffix);
    }
    if (next && (uint128)rounded * s->factor >= next->factor) {
        return g_strdup_printf("1.00%s", next->suffix);
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT "%s", rounded, s->suffix);
}
