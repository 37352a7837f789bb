/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/extent.h"

#include <glib.h>
#include <string.h>

#include "base/fixed.h"

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
           a->tagged_x256 == b->tagged_x256 && a->memcg == b->memcg && a->copies == b->copies;
}

/* ------------------------------------------------------------------------------------------- */
/* The kinds of an extent: an array, and a hash table of their places (+ 1) once there are many         */

enum { SEARCHED_KINDS = 8 };

static uint32_t kind_hash(const struct mm_kind *kind)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t h = (uint64_t)(uint32_t)kind->last_cpu << 32 | (uint16_t)kind->last_pid;

    h = (h ^ (uint64_t)(uint16_t)kind->node << 16 ^ (uint64_t)kind->memcg << 32 ^
         (uint64_t)kind->copies << 48 ^ (uint64_t)kind->order << 56) *
        odd;
    h = (h ^ h >> 29 ^ (uint64_t)kind->protected_ns) * odd;
    h = (h ^ h >> 29 ^ kind->tag ^ kind->tagged_x256 << 7) * odd;
    return (uint32_t)(h >> 32);
}

/* Where the table has @kind, or room for it. */
static uint32_t table_slot(const struct mm_extent *e, const struct mm_kind *kind)
{
    uint32_t at = kind_hash(kind) & e->table_mask;

    while (e->table[at] != 0 && !kind_same(&e->kinds[e->table[at] - 1], kind)) {
        at = (at + 1) & e->table_mask;
    }
    return at;
}

static void table_rebuild(struct mm_extent *e)
{
    uint32_t size = 4 * SEARCHED_KINDS;

    g_free(e->table);
    e->table = NULL;
    if (e->size <= SEARCHED_KINDS) {
        return;
    }
    while (size < 2 * (uint32_t)e->size) {
        size *= 2;
    }
    e->table = g_new0(int32_t, size);
    e->table_mask = size - 1;
    for (int32_t i = 0; i < e->nr_kinds; i++) {
        e->table[table_slot(e, &e->kinds[i])] = i + 1;
    }
}

/* Takes the entry at @at out; those that it kept from their own places move up. */
static void table_remove(struct mm_extent *e, uint32_t at)
{
    uint32_t next = at;

    for (;;) {
        next = (next + 1) & e->table_mask;
        if (e->table[next] == 0) {
            break;
        }
        uint32_t home = kind_hash(&e->kinds[e->table[next] - 1]) & e->table_mask;

        if (((next - home) & e->table_mask) >= ((next - at) & e->table_mask)) {
            e->table[at] = e->table[next];
            at = next;
        }
    }
    e->table[at] = 0;
}

int32_t extent_find(const struct mm_extent *e, const struct mm_kind *kind)
{
    if (e->table != NULL) {
        return e->table[table_slot(e, kind)] - 1;
    }
    for (int32_t i = 0; i < e->nr_kinds; i++) {
        if (kind_same(&e->kinds[i], kind)) {
            return i;
        }
    }
    return -1;
}

static void kinds_resize(struct mm_extent *e, int32_t size)
{
    e->size = size;
    e->kinds = g_renew(struct mm_kind, e->kinds, (gsize)size);
    table_rebuild(e);
}

static void kinds_free(struct mm_extent *e)
{
    g_free(e->kinds);
    g_free(e->table);
}

/* Counts @pages more of @kind in @e, or less. */
static void extent_count(struct mm_extent *e, const struct mm_kind *kind, int64_t pages)
{
    if (kind->protected_ns != MM_NOT_PROTECTED) {
        e->protected += pages;
    }
    if (kind->node == MM_UNTOUCHED) {
        e->untouched += pages;
    }
}

/* Adds @pages like @kind. */
static void extent_add(struct mm_extent *e, const struct mm_kind *kind, int64_t pages)
{
    int32_t index = extent_find(e, kind);

    extent_count(e, kind, pages);
    if (index >= 0) {
        g_assert(index < e->nr_kinds);
        e->kinds[index].pages += pages;
        return;
    }
    if (e->nr_kinds == e->size) {
        kinds_resize(e, MAX(2 * e->size, 2));
    }
    if (e->table != NULL) {
        e->table[table_slot(e, kind)] = e->nr_kinds + 1;
    }
    e->kinds[e->nr_kinds] = *kind;
    e->kinds[e->nr_kinds++].pages = pages;
}

/* Takes @pages of kind @index; one that is used up makes way for the last. */
static void extent_take(struct mm_extent *e, int32_t index, int64_t pages)
{
    struct mm_kind *kind = &e->kinds[index], *last = &e->kinds[e->nr_kinds - 1];

    extent_count(e, kind, -pages);
    kind->pages -= pages;
    if (kind->pages > 0) {
        return;
    }
    if (e->table != NULL) {
        table_remove(e, table_slot(e, kind));
        if (kind != last) {
            e->table[table_slot(e, last)] = index + 1;
        }
    }
    *kind = *last;
    e->nr_kinds--;
    if (e->size > 2 * SEARCHED_KINDS && 4 * e->nr_kinds < e->size) {
        kinds_resize(e, e->size / 2);
    }
}

/* ------------------------------------------------------------------------------------------- */

static struct mm_extent extent_of_one(int64_t first, int64_t nr, const struct mm_kind *kind)
{
    struct mm_extent e = {.first = first, .nr = nr};

    extent_add(&e, kind, nr);
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
        kinds_free(&p->extents[i]);
    }
    g_free(p->extents);
    *p = (struct mm_part){0};
}

/* ------------------------------------------------------------------------------------------- */
/* Cutting and joining                                                                          */

/* Moves the share of @right's kinds that belongs to its first @left_pages pages to @left, whole pages
 * of each; returns how many that came to be. */
static int64_t share_out(struct mm_extent *left, struct mm_extent *right, int64_t left_pages)
{
    int64_t total = right->nr, seen = 0, given = 0;
    struct mm_extent rest = {.first = right->first, .nr = right->nr};

    for (int32_t i = 0; i < right->nr_kinds; i++) {
        const struct mm_kind *kind = &right->kinds[i];

        seen += kind->pages;
        int64_t upto = (int64_t)mul_div_u64((uint64_t)left_pages, (uint64_t)seen, (uint64_t)total);
        int64_t pages = upto - given, unit = INT64_C(1) << kind->order;

        pages = MIN((pages + unit - 1) / unit * unit, kind->pages);
        pages = MAX(pages, 0);
        given += pages;
        if (pages > 0) {
            extent_add(left, kind, pages);
        }
        if (pages < kind->pages) {
            extent_add(&rest, kind, kind->pages - pages);
        }
    }
    kinds_free(right);
    *right = rest;
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
    if (left.nr == p->extents[at].nr) { /* its last huge page was across: all of it is left */
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
    return e->protected == 0 && e->untouched == 0;
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
        kinds_free(b);
    }
    p->touched_extents = MIN(p->touched_extents, MAX(from - 1, 0));
    if (last >= kept + 1) {
        memmove(&p->extents[kept + 1], &p->extents[last + 1],
                sizeof(*p->extents) * (size_t)(p->nr_extents - last - 1));
        p->nr_extents -= last - kept;
    }
}

/* ------------------------------------------------------------------------------------------- */

static void part_count(struct mm_part *p, const struct mm_kind *kind, int64_t pages)
{
    if (kind->protected_ns != MM_NOT_PROTECTED) {
        p->protected += pages;
        p->protected_by_order[kind->order] += pages;
    }
    if (kind->node == MM_UNTOUCHED) {
        p->untouched += pages;
    } else {
        p->touched_by_order[kind->order] += pages;
    }
    if (kind->copies != 0) {
        p->copied += pages;
    }
}

void extent_change(struct mm_part *p, struct mm_extent *e, int32_t index, int64_t pages,
                   const struct mm_kind *as)
{
    struct mm_kind from = e->kinds[index], to = *as;

    if (pages <= 0 || kind_same(&from, &to)) {
        return;
    }
    part_count(p, &from, -pages);
    part_count(p, &to, pages);
    if (to.node == MM_UNTOUCHED) {
        p->touched_extents = 0;
    }
    extent_take(e, index, pages);
    extent_add(e, &to, pages);
}
