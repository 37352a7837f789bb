/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bits at and beyond a map's size are always zero, so that whole words can be compared. */
#include "base/bitmap.h"

#include <string.h>

#include "base/error.h"

uint64_t *bitmap_new(uint32_t nr_bits)
{
    return g_new0(uint64_t, MAX(BITMAP_WORDS(nr_bits), 1u));
}

void bitmap_fill(uint64_t *map, uint32_t nr_bits)
{
    uint32_t whole = nr_bits / 64;

    memset(map, 0xff, whole * sizeof *map);
    if (nr_bits % 64) {
        map[whole] = (UINT64_C(1) << (nr_bits % 64)) - 1;
    }
}

/* The word of bit @from, without the bits below it. */
static inline uint64_t from_bit(uint64_t word, uint32_t from)
{
    return word & (~UINT64_C(0) << (from % 64));
}

uint32_t bitmap_next(const uint64_t *map, uint32_t nr_bits, uint32_t from)
{
    uint32_t nr_words = BITMAP_WORDS(nr_bits);
    uint64_t word;

    if (from >= nr_bits) {
        return nr_bits;
    }
    word = from_bit(map[from / 64], from);
    for (uint32_t i = from / 64;;) {
        if (word) {
            return MIN(i * 64 + (uint32_t)__builtin_ctzll(word), nr_bits);
        }
        if (++i == nr_words) {
            return nr_bits;
        }
        word = map[i];
    }
}

uint32_t bitmap_next_and(const uint64_t *a, const uint64_t *b, uint32_t nr_bits, uint32_t from)
{
    uint32_t nr_words = BITMAP_WORDS(nr_bits);
    uint64_t word;

    if (from >= nr_bits) {
        return nr_bits;
    }
    word = from_bit(a[from / 64] & b[from / 64], from);
    for (uint32_t i = from / 64;;) {
        if (word) {
            return MIN(i * 64 + (uint32_t)__builtin_ctzll(word), nr_bits);
        }
        if (++i == nr_words) {
            return nr_bits;
        }
        word = a[i] & b[i];
    }
}

uint32_t bitmap_weight(const uint64_t *map, uint32_t nr_bits)
{
    uint32_t weight = 0;

    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        weight += (uint32_t)__builtin_popcountll(map[i]);
    }
    return weight;
}

bool bitmap_equal(const uint64_t *a, const uint64_t *b, uint32_t nr_bits)
{
    return memcmp(a, b, BITMAP_WORDS(nr_bits) * sizeof *a) == 0;
}

bool bitmap_empty(const uint64_t *map, uint32_t nr_bits)
{
    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        if (map[i]) {
            return false;
        }
    }
    return true;
}

bool bitmap_subset(const uint64_t *a, const uint64_t *b, uint32_t nr_bits)
{
    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        if (a[i] & ~b[i]) {
            return false;
        }
    }
    return true;
}

bool bitmap_intersects(const uint64_t *a, const uint64_t *b, uint32_t nr_bits)
{
    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        if (a[i] & b[i]) {
            return true;
        }
    }
    return false;
}

void bitmap_copy(uint64_t *dst, const uint64_t *src, uint32_t nr_bits)
{
    memmove(dst, src, BITMAP_WORDS(nr_bits) * sizeof *dst);
}

void bitmap_and(uint64_t *dst, const uint64_t *a, const uint64_t *b, uint32_t nr_bits)
{
    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        dst[i] = a[i] & b[i];
    }
}

void bitmap_or(uint64_t *dst, const uint64_t *a, const uint64_t *b, uint32_t nr_bits)
{
    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        dst[i] = a[i] | b[i];
    }
}

void bitmap_andnot(uint64_t *dst, const uint64_t *a, const uint64_t *b, uint32_t nr_bits)
{
    for (uint32_t i = 0; i < BITMAP_WORDS(nr_bits); i++) {
        dst[i] = a[i] & ~b[i];
    }
}

char *bitmap_to_list(const uint64_t *map, uint32_t nr_bits)
{
    GString *list = g_string_new(NULL);
    uint32_t first = bitmap_next(map, nr_bits, 0);

    while (first < nr_bits) {
        uint32_t end = first + 1;

        while (end < nr_bits && bitmap_test(map, end)) {
            end++;
        }
        g_string_append_printf(list, "%s%" G_GUINT32_FORMAT, list->len ? "," : "", first);
        if (end - first > 1) {
            g_string_append_printf(list, "-%" G_GUINT32_FORMAT, end - 1);
        }
        first = bitmap_next(map, nr_bits, end);
    }
    return g_string_free(list, FALSE);
}

/* One item of a cpulist: of each @group bits in @first..@last, the first @used. */
struct range {
    uint64_t first, last, used, group;
};

/* Reads a decimal number at *@p; sticks at a value beyond any bit when there are too many digits. */
static bool read_number(const char **p, uint64_t *ret)
{
    const char *s = *p;
    uint64_t value = 0;

    if (!g_ascii_isdigit(*s)) {
        return false;
    }
    for (; g_ascii_isdigit(*s); s++) {
        value = MIN(value * 10 + (uint64_t)(*s - '0'), (uint64_t)UINT32_MAX + 1);
    }
    *p = s;
    *ret = value;
    return true;
}

/* Reads "N", "N-N" or "N-N:N/N", all of @item. */
static bool read_range(const char *item, struct range *range)
{
    const char *p = item;

    if (!read_number(&p, &range->first)) {
        return false;
    }
    range->last = range->first;
    range->used = range->group = 1;
    if (*p == '-') {
        p++;
        if (!read_number(&p, &range->last)) {
            return false;
        }
        if (*p == ':') {
            p++;
            if (!read_number(&p, &range->used) || *p++ != '/' || !read_number(&p, &range->group)) {
                return false;
            }
        }
    }
    return *p == '\0';
}

static bool parse_item(const char *item, uint64_t *map, uint32_t nr_bits, GError **error)
{
    struct range range;

    if (!read_range(item, &range)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "'%s': not a number or a range; expected a list like 0-3,8 or 0-31:2/4", item);
        return false;
    }
    if (range.first > range.last) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "'%s': a range must ascend", item);
        return false;
    }
    if (range.group == 0 || range.used == 0 || range.used > range.group) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "'%s': of a group of bits at least one and at most all can be used", item);
        return false;
    }
    if (range.last >= nr_bits) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "'%s': too large; the largest here is %" G_GINT64_FORMAT, item,
                    (gint64)nr_bits - 1);
        return false;
    }
    for (uint64_t bit = range.first; bit <= range.last; bit++) {
        if ((bit - range.first) % range.group < range.used) {
            bitmap_set(map, (uint32_t)bit);
        }
    }
    return true;
}

bool bitmap_parse_list(const char *text, uint64_t *map, uint32_t nr_bits, GError **error)
{
    g_autofree uint64_t *parsed = bitmap_new(nr_bits);
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    g_auto(GStrv) items = g_strsplit(trimmed, ",", -1);

    for (char **item = items; *item; item++) {
        if (!parse_item(g_strstrip(*item), parsed, nr_bits, error)) {
            return false;
        }
    }
    bitmap_copy(map, parsed, nr_bits);
    return true;
}
