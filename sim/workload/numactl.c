/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload/numactl.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"

struct list {
    const char *text, *what;
    const uint64_t *allowed;
    uint32_t nr;
    bool relative;
};

static bool invalid(const struct list *l, GError **error, const char *why)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "<%s> is invalid: %s; expected a list such as 0-1,3, +0, !2 or all", l->text, why);
    return false;
}

/* The @n-th allowed one where numbers are ordinals, else @n; @nr if there is none. */
static uint32_t resolve(const struct list *l, uint64_t n)
{
    if (!l->relative) {
        return n < l->nr && bitmap_test(l->allowed, (uint32_t)n) ? (uint32_t)n : l->nr;
    }
    uint32_t bit = bitmap_next(l->allowed, l->nr, 0);

    for (; n > 0 && bit < l->nr; n--) {
        bit = bitmap_next(l->allowed, l->nr, bit + 1);
    }
    return bit;
}

static bool read_number(const struct list *l, const char **at, uint32_t *ret_bit, GError **error)
{
    char *end = NULL;

    if (!g_ascii_isdigit(**at)) {
        return invalid(l, error, "a number is missing");
    }
    uint64_t n = g_ascii_strtoull(*at, &end, 0);

    *at = end;
    *ret_bit = resolve(l, n);
    if (*ret_bit == l->nr) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s argument %" G_GUINT64_FORMAT " is out of range; <%s> is invalid; expected "
                    "what the machine has and the cpuset allows",
                    l->what, n, l->text);
        return false;
    }
    return true;
}

/* netdev:, file: and their like ask the machine's firmware and drivers. */
static bool is_affinity(const char *at)
{
    static const char *const words[] = {"netdev:", "file:", "ip:", "block:", "pci:"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(at, words[i])) {
            return true;
        }
    }
    return false;
}

static bool read_items(const struct list *l, const char *at, uint64_t *map, GError **error)
{
    for (;;) {
        uint32_t first, last;

        if (g_str_has_prefix(at, "all")) { /* ends the list, whatever follows */
            bitmap_or(map, map, l->allowed, l->nr);
            return at[3] == '\0' || at[3] == ',' || invalid(l, error, "more than 'all'");
        }
        if (is_affinity(at)) {
            return invalid(l, error, "devices and files are not simulated");
        }
        if (!read_number(l, &at, &first, error)) {
            return false;
        }
        last = first;
        if (*at == '-') {
            at++;
            if (!read_number(l, &at, &last, error)) {
                return false;
            }
            if (last < first) {
                return invalid(l, error, "a range that goes down");
            }
        }
        for (uint32_t bit = first; bit <= last; bit++) {
            if (bitmap_test(l->allowed, bit)) {
                bitmap_set(map, bit);
            }
        }
        if (*at == '\0') {
            return true;
        }
        if (*at++ != ',') {
            return invalid(l, error, "numbers and ranges stand apart by commas");
        }
    }
}

bool numactl_list_parse(const char *text, const char *what, const uint64_t *configured,
                        const uint64_t *allowed, uint32_t nr, uint64_t *map, GError **error)
{
    struct list l = {.text = text, .what = what, .allowed = allowed, .nr = nr};
    const char *at = text;
    bool inverted = *at == '!';

    memset(map, 0, BITMAP_WORDS(nr) * sizeof(*map));
    if (*at == '\0') {
        return true;
    }
    at += inverted;
    l.relative = *at == '+';
    at += l.relative;
    if (!read_items(&l, at, map, error)) {
        return false;
    }
    if (inverted) {
        bitmap_andnot(map, configured, map, nr);
    }
    return true;
}
