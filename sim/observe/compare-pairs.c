/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/compare-pairs.h"

#include <string.h>

#include "base/error.h"

static char *policy_name(const struct result *r)
{
    g_autofree char *overrides = g_strjoinv(" ", r->overrides);

    return overrides[0] == '\0' ? g_strdup(r->policy.name)
                                : g_strdup_printf("%s (%s)", r->policy.name, overrides);
}

int compare_item_places(const struct compare_item *a, const struct compare_item *b, bool by_policy)
{
    int order = strcmp(a->result->topology.name, b->result->topology.name);

    order = order != 0 ? order : strcmp(a->workload, b->workload);
    return order != 0 || !by_policy ? order : strcmp(a->policy, b->policy);
}

static int compare_items(const void *pa, const void *pb, gpointer by_policy)
{
    const struct compare_item *a = pa, *b = pb;
    int order = compare_item_places(a, b, *(bool *)by_policy);

    if (order == 0) {
        order = (a->result->seed > b->result->seed) - (a->result->seed < b->result->seed);
    }
    return order;
}

static void release_item(gpointer p)
{
    struct compare_item *item = p;

    g_free(item->workload);
    g_free(item->policy);
}

GArray *compare_items_new(const struct compare_side *side)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(struct compare_item));

    g_array_set_clear_func(items, release_item);
    for (uint32_t i = 0; i < side->nr; i++) {
        struct compare_item item = {side->results[i], side->paths[i],
                                    result_workload_name(side->results[i]),
                                    policy_name(side->results[i])};

        g_array_append_val(items, item);
    }
    return items;
}

struct compare_item *compare_item_at(GArray *items, guint i)
{
    return &g_array_index(items, struct compare_item, i);
}

bool compare_items_differ(GArray *items)
{
    for (guint i = 1; i < items->len; i++) {
        if (strcmp(compare_item_at(items, i)->policy, compare_item_at(items, 0)->policy) != 0) {
            return true;
        }
    }
    return false;
}

static char *describe(const struct compare_item *item, bool by_policy)
{
    return g_strdup_printf("topology %s, workload %s%s%s, seed %" G_GUINT64_FORMAT,
                           item->result->topology.name, item->workload,
                           by_policy ? ", policy " : "", by_policy ? item->policy : "",
                           item->result->seed);
}

/* Sorts @items, of which no two may be of one run. */
bool compare_items_sort(GArray *items, bool by_policy, GError **error)
{
    g_array_sort_with_data(items, compare_items, &by_policy);
    for (guint i = 1; i < items->len; i++) {
        const struct compare_item *a = compare_item_at(items, i - 1),
                                  *b = compare_item_at(items, i);

        if (compare_items(a, b, &by_policy) == 0) {
            g_autofree char *what = describe(b, by_policy);

            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: a second result of %s, after %s; expected one", b->path, what,
                        a->path);
            return false;
        }
    }
    return true;
}

static bool is_same_work(const struct compare_item *a, const struct compare_item *b)
{
    bool same = a->result->duration_ns == b->result->duration_ns &&
                a->result->warmup_ns == b->result->warmup_ns &&
                a->result->nr_workloads == b->result->nr_workloads;

    for (int32_t i = 0; same && i < a->result->nr_workloads; i++) {
        same = strcmp(a->result->workloads[i].digest, b->result->workloads[i].digest) == 0;
    }
    return same;
}

bool compare_items_check(GArray *base, GArray *new_, const struct compare_side *base_side,
                         const struct compare_side *new_side, bool by_policy, GError **error)
{
    for (guint i = 0; i < base->len || i < new_->len; i++) {
        struct compare_item *a = i < base->len ? compare_item_at(base, i) : NULL;
        struct compare_item *b = i < new_->len ? compare_item_at(new_, i) : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : compare_items(a, b, &by_policy);

        if (order != 0) {
            g_autofree char *what = describe(order < 0 ? a : b, by_policy);

            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s has no result of %s, as %s; expected the same runs on both sides",
                        order < 0 ? new_side->label : base_side->label, what,
                        order < 0 ? a->path : b->path);
            return false;
        }
        if (!is_same_work(a, b)) {
            g_autofree char *what = describe(a, by_policy);

            g_set_error(
                error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s and %s did other work, though both are %s: durations, warmups or workload "
                "files differ; expected runs that differ in machine or policy alone",
                a->path, b->path, what);
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* What has no partner                                                                          */

/* Describes @item in @texts: the cell once, with all its seeds; @last is the item described before. */
static void note(GPtrArray *texts, const struct compare_item *item, bool by_policy,
                 struct compare_item *last)
{
    if (last->result == NULL || compare_item_places(last, item, by_policy) != 0) {
        g_ptr_array_add(texts, describe(item, by_policy));
    } else {
        char *more = g_strdup_printf("%s, %" G_GUINT64_FORMAT, (char *)texts->pdata[texts->len - 1],
                                     item->result->seed);

        g_free(texts->pdata[texts->len - 1]);
        texts->pdata[texts->len - 1] = more;
    }
    *last = *item;
}

/* Of @items, those in @kept (copies that own nothing) stay. */
static void keep_only(GArray *items, const GArray *kept)
{
    guint nr = 0;

    for (guint i = 0; i < items->len; i++) {
        struct compare_item *item = compare_item_at(items, i);
        bool stays =
            nr < kept->len && g_array_index(kept, struct compare_item, nr).result == item->result;

        if (stays) {
            /* What it swaps with goes in the end. */
            struct compare_item other = *compare_item_at(items, nr);

            *compare_item_at(items, nr++) = *item;
            *item = other;
        }
    }
    g_array_set_size(items, nr);
}

void compare_items_take_unpaired(GArray *base, GArray *new_, bool by_policy,
                                 struct compare_unpaired *ret)
{
    struct compare_item dropped = {0}, added = {0}, changed = {0};
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(struct compare_item));
    g_autoptr(GArray) b = g_array_new(FALSE, FALSE, sizeof(struct compare_item));

    for (guint i = 0, j = 0; i < base->len || j < new_->len;) {
        struct compare_item *x = i < base->len ? compare_item_at(base, i) : NULL;
        struct compare_item *y = j < new_->len ? compare_item_at(new_, j) : NULL;
        int order = x == NULL ? 1 : y == NULL ? -1 : compare_items(x, y, &by_policy);

        if (order < 0) {
            note(ret->dropped, x, by_policy, &dropped);
        } else if (order > 0) {
            note(ret->added, y, by_policy, &added);
        } else if (!is_same_work(x, y)) {
            note(ret->changed, y, by_policy, &changed);
        } else {
            g_array_append_val(a, *x);
            g_array_append_val(b, *y);
        }
        i += order <= 0;
        j += order >= 0;
    }
    keep_only(base, a);
    keep_only(new_, b);
}
