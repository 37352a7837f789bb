/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/extent.h"

#include <glib.h>
#include <string.h>

#include "base/fixed.h"

static struct mm_extent extent_of_one(int64_t first, int64_t nr, const struct mm_kind *kind)
{
    struct mm_extent e = {.first = first, .nr = nr, .nr_kinds = 1, .size = 1};

    e.kinds = g_new(struct mm_kind, 1);
    e.kinds[0] = *kind;
    e.kinds[0].pages = nr;
    return e;
}

void part_init(struct mm_part *p, int64_t first, int64_t nr, uint32_t weight_ppm)
{
    const struct mm_kind untouched = {
        .protected_ns = MM_NOT_PROTECTED, .last_cpu = -1, .last_pid = -1, .node = MM_UNTOUCHED};

    *p = (struct mm_part){.first = first, .nr = nr, .weight_ppm = weight_ppm, .untouched = nr};
    p->nr_extents = p->size = 1;
    p->extents = g_new(struct mm_extent, 1);
    p->extents[0] = extent_of_one(first, nr, &untouched);
}

void part_release(struct mm_part *p)
{
    for (int32_t i = 0; i < p->nr_extents; i++) {
        g_free(p->extents[i].kinds);
    }
    g_free(p->extents);
    *p = (struct mm_part){0};
}

int32_t part_find(const struct mm_part *p, int64_t page)
{
    int32_t low = 0, high = p->nr_extents - 1;

    while (low < high) {
        int32_t middle = (low + high + 1) / 2;

        if (p->extents[middle].first <= page) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

bool kind_same(const struct mm_kind *a, const struct mm_kind *b)
{
    return a->node == b->node && a->order == b->order && a->protected_ns == b->protected_ns &&
           a->last_cpu == b->last_cpu && a->last_pid == b->last_pid && a->tag == b->tag &&
           a->tagged_x256 == b->tagged_x256;
}

/* Adds @pages like @kind. */
static void extent_add(struct mm_extent *e, const struct mm_kind *kind, int64_t pages)
{
    for (int32_t i = 0; i < e->nr_kinds; i++) {
        if (kind_same(&e->kinds[i], kind)) {
            e->kinds[i].pages += pages;
            return;
        }
    }
    if (e->nr_kinds == e->size) {
        e->size = MAX(2 * e->size, 4);
        e->kinds = g_renew(struct mm_kind, e->kinds, (gsize)e->size);
    }
    e->kinds[e->nr_kinds] = *kind;
    e->kinds[e->nr_kinds++].pages = pages;
}

static void kind_remove(struct mm_extent *e, int32_t index)
{
    memmove(&e->kinds[index], &e->kinds[index + 1],
            sizeof(*e->kinds) * (size_t)(e->nr_kinds - index - 1));
    e->nr_kinds--;
}

/* ------------------------------------------------------------------------------------------- */
/* Cutting and joining                                                                          */

/* Moves the share of @right's kinds that belongs to its first @left_pages pages to @left, whole pages
 * of each; returns how many that came to be. */
static int64_t share_out(struct mm_extent *left, struct mm_extent *right, int64_t left_pages)
{
    int64_t total = right->nr, seen = 0, given = 0;

    for (int32_t i = 0; i < right->nr_kinds;) {
        struct mm_kind *kind = &right->kinds[i];

        seen += kind->pages;
        int64_t upto = (int64_t)mul_div_u64((uint64_t)left_pages, (uint64_t)seen, (uint64_t)total);
        int64_t pages = upto - given, unit = INT64_C(1) << kind->order;

        pages = MIN((pages + unit - 1) / unit * unit, kind->pages);
        pages = MAX(pages, 0);
        given += pages;
        if (pages > 0) {
            extent_add(left, kind, pages);
        }
        kind->pages -= pages;
        if (kind->pages == 0) {
            kind_remove(right, i);
        } else {
            i++;
        }
    }
    return given;
}

int32_t part_cut(struct mm_part *p, int64_t page)
{
    if (page >= p->first + p->nr) {
        return p->nr_extents;
    }
    int32_t at = part_find(p, page);

    if (p->extents[at].first == page) {
        return at;
    }
    struct mm_extent left = {.first = p->extents[at].first};

    left.nr = share_out(&left, &p->extents[at], page - left.first);
    if (left.nr == 0) {
        g_free(left.kinds);
        return at;
    }
    if (p->extents[at].nr_kinds ==
        0) { /* its last huge page was across: all of it is on the left */
        g_free(p->extents[at].kinds);
        p->extents[at] = left;
        return at + 1;
    }
    if (p->nr_extents == p->size) {
        p->size = 2 * p->size;
        p->extents = g_renew(struct mm_extent, p->extents, (gsize)p->size);
    }
    memmove(&p->extents[at + 1], &p->extents[at],
            sizeof(*p->extents) * (size_t)(p->nr_extents - at));
    p->nr_extents++;
    p->extents[at] = left;
    p->extents[at + 1].first += left.nr;
    p->extents[at + 1].nr -= left.nr;
    return at + 1;
}

static bool is_quiet(const struct mm_extent *e)
{
    for (int32_t i = 0; i < e->nr_kinds; i++) {
        if (e->kinds[i].node == MM_UNTOUCHED || e->kinds[i].protected_ns != MM_NOT_PROTECTED) {
            return false;
        }
    }
    return true;
}

static bool joinable(const struct mm_extent *a, const struct mm_extent *b, bool mixed)
{
    if (a->nr_kinds == 1 && b->nr_kinds == 1 && kind_same(&a->kinds[0], &b->kinds[0])) {
        return true;
    }
    return mixed && is_quiet(a) && is_quiet(b);
}

void part_join(struct mm_part *p, int32_t from, int32_t to, bool mixed)
{
    int32_t kept = MAX(from - 1, 0), last = MIN(to, p->nr_extents - 1);

    if (kept >= p->nr_extents) {
        return;
    }
    for (int32_t i = kept + 1; i <= last; i++) {
        struct mm_extent *a = &p->extents[kept], *b = &p->extents[i];

        if (!joinable(a, b, mixed)) {
            p->extents[++kept] = *b;
            continue;
        }
        for (int32_t n = 0; n < b->nr_kinds; n++) {
            extent_add(a, &b->kinds[n], b->kinds[n].pages);
        }
        a->nr += b->nr;
        g_free(b->kinds);
    }
    if (last >= kept + 1) {
        memmove(&p->extents[kept + 1], &p->extents[last + 1],
                sizeof(*p->extents) * (size_t)(p->nr_extents - last - 1));
        p->nr_extents -= last - kept;
    }
}

/* ------------------------------------------------------------------------------------------- */

static void count(struct mm_part *p, const struct mm_kind *kind, int64_t pages)
{
    if (kind->protected_ns != MM_NOT_PROTECTED) {
        p->protected += pages;
    }
    if (kind->node == MM_UNTOUCHED) {
        p->untouched += pages;
    }
}

bool extent_change(struct mm_part *p, struct mm_extent *e, int32_t index, int64_t pages,
                   const struct mm_kind *as)
{
    struct mm_kind *kind = &e->kinds[index], to = *as;
    bool gone = false;

    if (pages == 0 || kind_same(kind, &to)) {
        return false;
    }
    count(p, kind, -pages);
    count(p, &to, pages);
    kind->pages -= pages;
    if (kind->pages == 0) {
        kind_remove(e, index);
        gone = true;
    }
    extent_add(e, &to, pages);
    return gone;
}
