/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bitmap.h"
#include "machine/domains-internal.h"

static guint span_hash(gconstpointer key)
{
    const struct span *span = key;
    uint64_t hash = 0;
    uint32_t i;

    for (i = 0; i < span->nr_words; i++) {
        hash = (hash ^ span->map[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return (guint)(hash ^ (hash >> 32));
}

static gboolean span_equal(gconstpointer a, gconstpointer b)
{
    const struct span *one = a, *two = b;

    return bitmap_equal(one->map, two->map, one->nr_words * 64);
}

static void span_free(gpointer data)
{
    struct span *span = data;

    g_free(span->map);
    g_free(span);
}

void span_table_init(struct span_table *t, uint32_t nr_cpus)
{
    t->nr_cpus = nr_cpus;
    t->nr_words = BITMAP_WORDS(nr_cpus);
    t->by_map = g_hash_table_new_full(span_hash, span_equal, span_free, NULL);
}

void span_table_release(struct span_table *t)
{
    g_clear_pointer(&t->by_map, g_hash_table_unref);
}

struct span *span_intern(struct span_table *t, const uint64_t *map)
{
    struct span key = {.nr_words = t->nr_words}, *span;

    /* Only looked at by the lookup. */
    key.map = (uint64_t *)(uintptr_t)map;
    span = g_hash_table_lookup(t->by_map, &key);
    if (span) {
        return span;
    }
    span = g_new0(struct span, 1);
    span->map = bitmap_new(t->nr_cpus);
    bitmap_copy(span->map, map, t->nr_cpus);
    span->nr_words = t->nr_words;
    span->weight = bitmap_weight(map, t->nr_cpus);
    span->first = bitmap_next(map, t->nr_cpus, 0);
    g_hash_table_add(t->by_map, span);
    return span;
}
