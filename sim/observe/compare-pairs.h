/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For compare.c: the results of two sides, brought into one order in which partners stand side by side. */
#ifndef NUMASIM_OBSERVE_COMPARE_PAIRS_H
#define NUMASIM_OBSERVE_COMPARE_PAIRS_H

#include "observe/compare.h"

/* One result by what it is paired by. */
struct compare_item {
    const struct result *result;
    const char *path;
    char *workload, *policy;
};

/* struct compare_item of all of @side; they own their names. */
GArray *compare_items_new(const struct compare_side *side);
struct compare_item *compare_item_at(GArray *items, guint i);
/* That they are of several policies. */
bool compare_items_differ(GArray *items);
/* By topology, workload and, @by_policy, policy: < 0, 0 or > 0. */
int compare_item_places(const struct compare_item *a, const struct compare_item *b, bool by_policy);
/* Sorts @items by their places and seeds. False with NUMASIM_ERROR_INPUT where two are of one run. */
bool compare_items_sort(GArray *items, bool by_policy, GError **error);
/* That the sorted @base and @new_ have the same runs, which did the same work; else NUMASIM_ERROR_INPUT. */
bool compare_items_check(GArray *base, GArray *new_, const struct compare_side *base_side,
                         const struct compare_side *new_side, bool by_policy, GError **error);
/* Takes out of the sorted @base and @new_ what they do not share, and describes it in @ret. */
void compare_items_take_unpaired(GArray *base, GArray *new_, bool by_policy,
                                 struct compare_unpaired *ret);

#endif
