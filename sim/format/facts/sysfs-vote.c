/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of siblings that contradict one another. Every CPU states the whole set that it belongs to,
 * so a partition is stated as often as it has members: the reading that most members share wins,
 * and a few wrong files do no harm.
 */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/sysfs-private.h"

struct sysfs_sets *sysfs_sets_new(int32_t nr)
{
    struct sysfs_sets *sets = g_new0(struct sysfs_sets, 1);

    sets->nr = nr;
    sets->bits = g_new0(uint64_t, (gsize)nr * BITMAP_WORDS(nr));
    sets->stated = g_new0(bool, (gsize)nr);
    return sets;
}

void sysfs_sets_free(struct sysfs_sets *sets)
{
    if (sets != NULL) {
        g_free(sets->bits);
        g_free(sets->stated);
        g_free(sets);
    }
}

uint64_t *sysfs_sets_of(const struct sysfs_sets *sets, int32_t cpu)
{
    return sets->bits + (gsize)cpu * BITMAP_WORDS(sets->nr);
}

/* The distinct sets: of each, the first CPU that states it, and how many members do. */
struct ballot {
    int32_t *first; /* [nr]: of the set that a CPU states, -1 none */
    int32_t *votes; /* [nr]: by that first CPU */
};

static void count(const struct sysfs_sets *sets, struct ballot *ballot)
{
    g_autoptr(GHashTable) distinct =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    const gsize size = BITMAP_WORDS(sets->nr) * sizeof(uint64_t);

    for (int32_t cpu = 0; cpu < sets->nr; cpu++) {
        const uint64_t *set = sysfs_sets_of(sets, cpu);
        GBytes *bytes;
        gpointer known;

        ballot->first[cpu] = -1;
        if (!sets->stated[cpu] || !bitmap_test(set, (uint32_t)cpu)) {
            continue;
        }
        bytes = g_bytes_new_static(set, size);
        known = g_hash_table_lookup(distinct, bytes);
        if (known == NULL) {
            known = GINT_TO_POINTER(cpu + 1);
            g_hash_table_insert(distinct, g_bytes_ref(bytes), known);
        }
        g_bytes_unref(bytes);
        ballot->first[cpu] = GPOINTER_TO_INT(known) - 1;
        ballot->votes[ballot->first[cpu]]++;
    }
}

/* Each CPU's set: the most stated of those that contain it; its own, if that is as good. */
static void choose(const struct sysfs_sets *sets, const struct ballot *ballot, int32_t *chosen)
{
    const uint32_t nr = (uint32_t)sets->nr;

    memcpy(chosen, ballot->first, nr * sizeof(*chosen));
    for (int32_t set = 0; set < sets->nr; set++) {
        const uint64_t *members = sysfs_sets_of(sets, set);

        if (ballot->first[set] != set) {
            continue;
        }
        for (uint32_t cpu = bitmap_next(members, nr, 0); cpu < nr;
             cpu = bitmap_next(members, nr, cpu + 1)) {
            if (chosen[cpu] < 0 || ballot->votes[set] > ballot->votes[chosen[cpu]]) {
                chosen[cpu] = set;
            }
        }
    }
}

/* True iff every CPU that @cpu lists is put where @cpu is. */
static bool agreed(const struct sysfs_sets *sets, const int32_t *chosen, int32_t cpu)
{
    const uint64_t *members = sysfs_sets_of(sets, cpu);
    const uint32_t nr = (uint32_t)sets->nr;

    for (uint32_t i = bitmap_next(members, nr, 0); i < nr; i = bitmap_next(members, nr, i + 1)) {
        if (chosen[i] != chosen[cpu]) {
            return false;
        }
    }
    return true;
}

int32_t sysfs_sets_vote(const struct sysfs_sets *sets, int32_t *keys)
{
    const gsize nr = (gsize)sets->nr;
    g_autofree int32_t *first = g_new0(int32_t, nr), *votes = g_new0(int32_t, nr);
    g_autofree int32_t *chosen = g_new0(int32_t, nr), *lowest = g_new0(int32_t, nr);
    struct ballot ballot = {.first = first, .votes = votes};
    int32_t overruled = 0;

    count(sets, &ballot);
    choose(sets, &ballot, chosen);
    memset(lowest, 0xff, nr * sizeof(*lowest));
    for (int32_t cpu = 0; cpu < sets->nr; cpu++) {
        keys[cpu] = -1;
        if (chosen[cpu] >= 0) {
            if (lowest[chosen[cpu]] < 0) {
                lowest[chosen[cpu]] = cpu;
            }
            keys[cpu] = lowest[chosen[cpu]];
        }
        overruled += sets->stated[cpu] && (chosen[cpu] != first[cpu] || !agreed(sets, chosen, cpu));
    }
    return overruled;
}
