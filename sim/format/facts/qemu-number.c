/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and sizes of a QEMU option. */
#include <string.h>

#include "format/facts/qemu-text.h"

bool qemu_integer(const struct facts_input *in, const struct qemu_pair *pair, int64_t min,
                  int64_t max, int64_t *ret_value, GError **error)
{
    const char *const text = pair->value != NULL ? pair->value : "";
    const bool hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");
    const char *const digits = hex ? text + 2 : text;
    char *end = NULL;
    guint64 value;

    value = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
    if (!g_ascii_isxdigit(*digits) || end == digits || *end != '\0' || value < (guint64)min ||
        value > (guint64)max) {
        return qemu_error(in, pair->value_place, error,
                          "'%s' for %s; expected an integer of %" G_GINT64_FORMAT
                          "..%" G_GINT64_FORMAT,
                          text, pair->key, min, max);
    }
    *ret_value = (int64_t)value;
    return true;
}

/* The power of 1024 of a suffix, -1 if it is none. */
static int suffix_power(char suffix)
{
    static const char suffixes[] = "BKMGTPE";
    const char *const found = strchr(suffixes, g_ascii_toupper(suffix));

    return suffix == '\0' || found == NULL ? -1 : (int)(found - suffixes);
}

/* The @length digits behind a point as a share of @unit, rounded down; from the last one on. */
static int64_t fraction_of(const char *digits, size_t length, int64_t unit)
{
    guint64 bytes = 0;

    while (length-- > 0) {
        bytes = ((guint64)(digits[length] - '0') * (guint64)unit + bytes) / 10;
    }
    return (int64_t)bytes;
}

bool qemu_size(const struct facts_input *in, const struct qemu_pair *pair, int64_t unit,
               int64_t *ret_bytes, GError **error)
{
    const char *const text = pair->value != NULL ? pair->value : "";
    const bool hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");
    const char *fraction = "";
    size_t nr_digits = 0;
    const char *rest;
    char *end = NULL;
    guint64 whole;
    int64_t bytes, part;
    int power;

    whole = g_ascii_strtoull(hex ? text + 2 : text, &end, hex ? 16 : 10);
    rest = end;
    if (!hex && *rest == '.') {
        fraction = ++rest;
        nr_digits = strspn(rest, "0123456789");
        rest += nr_digits;
    }
    power = suffix_power(*rest);
    if (power >= 0 && rest[1] == '\0') {
        unit = INT64_C(1) << (10 * power);
        rest++;
    }
    if (!g_ascii_isxdigit(hex ? text[2] : text[0]) || *rest != '\0') {
        return qemu_error(in, pair->value_place, error, "'%s' for %s; expected a size such as 512M",
                          text, pair->key);
    }
    part = fraction_of(fraction, nr_digits, unit);
    if (whole > (guint64)INT64_MAX || __builtin_mul_overflow((int64_t)whole, unit, &bytes) ||
        __builtin_add_overflow(bytes, part, &bytes)) {
        return qemu_error(in, pair->value_place, error, "'%s' for %s is too large; expected < 8E",
                          text, pair->key);
    }
    *ret_bytes = bytes;
    return true;
}
