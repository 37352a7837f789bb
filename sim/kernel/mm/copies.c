/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/copies.h"

#include "kernel/mm/fault.h"
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"

/* ------------------------------------------------------------------------------------------- */
/* Sets                                                                                         */

void copies_free(struct kernel *k)
{
    for (int32_t i = 1; k->copies != NULL && i <= k->copies->nr_sets; i++) {
        g_free(k->copies->sets[i]->nodes);
        g_free(k->copies->sets[i]->replicas);
        g_free(k->copies->sets[i]);
    }
    g_free(k->copies);
}

const struct numasim_copies *copies_of(const struct kernel *k, uint8_t set)
{
    return set != 0 ? &k->copies->sets[set]->pub : NULL;
}

bool copies_find(const struct kernel *k, const struct numasim_copies *copies, uint8_t *ret_set)
{
    *ret_set = 0;
    for (int32_t i = 1; copies != NULL && k->copies != NULL && i <= k->copies->nr_sets; i++) {
        if (&k->copies->sets[i]->pub == copies) {
            *ret_set = (uint8_t)i;
        }
    }
    return copies == NULL || *ret_set != 0;
}

bool copies_on(const struct kernel *k, uint8_t set, int32_t node)
{
    return set != 0 && bitmap_test(k->copies->sets[set]->nodes, (uint32_t)node);
}

/* A number for a set that is to be: a new one, else that of one without pages; 0: there is none. */
static int32_t set_number(struct kernel *k)
{
    if (k->copies->nr_sets < MAX_COPY_SETS - 1) {
        struct copy_set *set = g_new0(struct copy_set, 1);

        set->pub.nodes = set->nodes = bitmap_new((uint32_t)k->nr_nodes);
        set->pub.replicas = set->replicas = bitmap_new((uint32_t)k->nr_nodes);
        k->copies->sets[++k->copies->nr_sets] = set;
        return k->copies->nr_sets;
    }
    for (int32_t i = 1; i <= k->copies->nr_sets; i++) {
        if (k->copies->sets[i]->pages == 0) {
            return i;
        }
    }
    return 0;
}

/* The set of copies on @nodes, of which @replicas are; 0 for none at all, or if there is no number left. */
static uint8_t set_of(struct kernel *k, const uint64_t *nodes, const uint64_t *replicas)
{
    uint32_t nr = (uint32_t)k->nr_nodes;

    if (bitmap_empty(nodes, nr)) {
        return 0;
    }
    if (k->copies == NULL) {
        k->copies = g_new0(struct copies, 1);
    }
    for (int32_t i = 1; i <= k->copies->nr_sets; i++) {
        const struct copy_set *set = k->copies->sets[i];

        if (bitmap_equal(set->nodes, nodes, nr) && bitmap_equal(set->replicas, replicas, nr)) {
            return (uint8_t)i;
        }
    }
    int32_t number = set_number(k);

    if (number > 0) {
        struct copy_set *set = k->copies->sets[number];

        bitmap_copy(set->nodes, nodes, nr);
        bitmap_copy(set->replicas, replicas, nr);
        set->pub.nr = (int32_t)bitmap_weight(nodes, nr);
    }
    return (uint8_t)number;
}

/* Newly allocated maps of where @set has copies, and replicas. */
static void set_maps(const struct kernel *k, uint8_t set, uint64_t **ret_nodes,
                     uint64_t **ret_replicas)
{
    *ret_nodes = bitmap_new((uint32_t)k->nr_nodes);
    *ret_replicas = bitmap_new((uint32_t)k->nr_nodes);
    if (set != 0) {
        bitmap_copy(*ret_nodes, k->copies->sets[set]->nodes, (uint32_t)k->nr_nodes);
        bitmap_copy(*ret_replicas, k->copies->sets[set]->replicas, (uint32_t)k->nr_nodes);
    }
}

uint8_t copies_without(struct kernel *k, uint8_t set, const uint64_t *nodes)
{
    g_autofree uint64_t *on = NULL, *replicas = NULL;

    if (nodes == NULL || set == 0) {
        return 0;
    }
    set_maps(k, set, &on, &replicas);
    bitmap_andnot(on, on, nodes, (uint32_t)k->nr_nodes);
    bitmap_andnot(replicas, replicas, nodes, (uint32_t)k->nr_nodes);
    return set_of(k, on, replicas);
}

uint8_t copies_after_move(struct kernel *k, uint8_t set, int32_t from, int32_t to, bool shadow)
{
    g_autofree uint64_t *on = NULL, *replicas = NULL;

    if (!shadow && !copies_on(k, set, to)) {
        return set;
    }
    set_maps(k, set, &on, &replicas);
    bitmap_clear(on, (uint32_t)to);
    bitmap_clear(replicas, (uint32_t)to);
    if (shadow) {
        bitmap_set(on, (uint32_t)from);
    }
    return set_of(k, on, replicas);
}

/* ------------------------------------------------------------------------------------------- */
/* Memory                                                                                       */

void slice_copies_free(struct mm_slice *s)
{
    if (s->copies != NULL) {
        g_free(s->copies->by_node);
        g_free(s->copies->told_from);
        g_free(s->copies);
        s->copies = NULL;
    }
}

/* @pages pages of copies come to @node, or go (negative). */
static void count_node(struct kernel *k, const struct copies_place *at, uint16_t memcg,
                       int32_t node, int64_t pages)
{
    int64_t bytes = pages * k->machine->page_size_bytes;

    at->s->copies->by_node[node] += pages;
    node_take(k, at->r, node, bytes);
    k->nodes[node].copy_bytes += bytes;
    memcg_charge(k, memcg, at->r, node, pages);
    k->nodes[node].vmstat[pages > 0 ? NUMASIM_PGALLOC : NUMASIM_PGFREE] += (uint64_t)ABS(pages);
}

void copies_count(struct kernel *k, const struct copies_place *at, uint16_t memcg, uint8_t from,
                  uint8_t to, int64_t pages, enum copies_end why)
{
    if (from == to || pages == 0) {
        return;
    }
    if (at->s->copies == NULL) {
        at->s->copies = g_new0(struct slice_copies, 1);
        at->s->copies->by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        bool had = copies_on(k, from, n), has = copies_on(k, to, n);

        if (had && !has) {
            emit(k, TP_DROP_COPIES, at->p->pub.id, k->acting_cpu, at->r->pub.id, why, n, pages);
            count_node(k, at, memcg, n, -pages);
        } else if (has && !had) {
            bool replica = bitmap_test(k->copies->sets[to]->replicas, (uint32_t)n);

            emit(k, TP_COPY_PAGES, at->p->pub.id, k->acting_cpu, at->r->pub.id, replica, n, pages);
            count_node(k, at, memcg, n, pages);
        }
    }
    if (from != 0) {
        k->copies->sets[from]->pages -= pages;
        at->s->copies->pages -= pages;
    }
    if (to != 0) {
        k->copies->sets[to]->pages += pages;
        at->s->copies->pages += pages;
    }
    slice_moved(at->p, at->s, pages);
}

int64_t region_copies(const struct mm_region *r, int32_t node)
{
    int64_t pages = 0;

    for (int32_t i = 0; i < r->nr_slices; i++) {
        pages += r->slices[i].copies != NULL ? r->slices[i].copies->by_node[node] : 0;
    }
    return pages;
}

/* ------------------------------------------------------------------------------------------- */
/* Making and dropping                                                                          */

/* How many pages all of the nodes with a copy in @to that have none in @from can take above their high
 * watermarks, and their cgroup within its limit; 0 where they may not lie. *@ret_new: how many nodes
 * that is. */
static int64_t copies_room(const struct kernel *k, const struct copies_place *at, uint16_t memcg,
                           uint8_t from, uint8_t to, int32_t *ret_new)
{
    int64_t room = INT64_MAX;

    *ret_new = 0;
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (!copies_on(k, to, n) || copies_on(k, from, n)) {
            continue;
        }
        const struct numasim_node *node = &k->nodes[n];
        int64_t bytes = MAX(node->free_bytes - node->high_bytes, 0);

        room = MIN(room, node_allowed(at->p, n) ? bytes / k->machine->page_size_bytes : 0);
        ++*ret_new;
    }
    return *ret_new > 0 ? MIN(room, memcg_margin_pages(k, memcg) / *ret_new) : room;
}

int64_t copies_add(struct kernel *k, const struct copies_place *at, struct mm_part *part,
                   struct mm_extent *e, int32_t index, int64_t pages, const uint64_t *nodes,
                   const struct mm_kind *as, int64_t *ret_cost_ns)
{
    g_autofree uint64_t *on = NULL, *replicas = NULL;
    struct mm_kind kind = *as;
    int32_t nr_new;

    *ret_cost_ns = 0;
    if (at->r->pub.hugetlb || kind.node == MM_UNTOUCHED) {
        return 0;
    }
    set_maps(k, as->copies, &on, &replicas);
    for (int32_t n = 0; n < k->nr_nodes; n++) { /* what a bitmap has beyond is nothing */
        if (n != kind.node && bitmap_test(nodes, (uint32_t)n)) {
            bitmap_set(on, (uint32_t)n);
            bitmap_set(replicas, (uint32_t)n);
        }
    }
    kind.copies = set_of(k, on, replicas);
    if (kind.copies == as->copies || kind.copies == 0) {
        return 0;
    }
    pages = MIN(pages, copies_room(k, at, kind.memcg, as->copies, kind.copies, &nr_new));
    pages = MIN(pages, e->kinds[index].pages) >> kind.order << kind.order;
    if (pages <= 0) {
        return 0;
    }
    extent_change(part, e, index, pages, &kind);
    copies_count(k, at, kind.memcg, as->copies, kind.copies, pages, COPIES_REMAPPED);
    *ret_cost_ns = nr_new * pages_move_cost_ns(k, pages, kind.order);
    return pages;
}

int64_t copies_drop(struct kernel *k, const struct copies_place *at, struct mm_part *part,
                    struct mm_extent *e, int32_t index, int64_t pages, const uint64_t *nodes,
                    enum copies_end why)
{
    struct mm_kind kind = e->kinds[index];
    uint8_t had = kind.copies;

    kind.copies = copies_without(k, had, nodes);
    pages = MIN(pages, kind.pages) >> kind.order << kind.order;
    if (pages <= 0 || kind.copies == had) {
        return 0;
    }
    extent_change(part, e, index, pages, &kind);
    copies_count(k, at, kind.memcg, had, kind.copies, pages, why);
    return pages;
}

/* ------------------------------------------------------------------------------------------- */
/* Going through those of a slice                                                               */

struct copies_walk {
    const struct copies_place *at;
    struct mm_part *part;
    struct mm_extent *e;
    int32_t index;
};

/* @fn for each kind of @at's slice that has copies, until it returns false. From the last of an extent to
 * the first: it may change them. */
static void for_copied(struct kernel *k, const struct copies_place *at,
                       bool (*fn)(struct kernel *k, const struct copies_walk *w, void *data),
                       void *data)
{
    struct copies_walk w = {.at = at};

    for (int32_t p = 0; p < at->s->nr_parts; p++) {
        w.part = &at->s->parts[p];
        for (int32_t i = 0; w.part->copied > 0 && i < w.part->nr_extents; i++) {
            w.e = &w.part->extents[i];
            for (w.index = w.e->nr_kinds - 1; w.index >= 0; w.index--) {
                if (w.e->kinds[w.index].copies != 0 && !fn(k, &w, data)) {
                    return;
                }
            }
        }
    }
}

static bool release_kind(struct kernel *k, const struct copies_walk *w, void *data)
{
    const struct mm_kind *kind = &w->e->kinds[w->index];

    (void)data;
    copies_count(k, w->at, kind->memcg, kind->copies, 0, kind->pages, COPIES_FREED);
    return true;
}

void copies_release(struct kernel *k, const struct copies_place *at)
{
    if (at->s->copies != NULL && at->s->copies->pages > 0) {
        for_copied(k, at, release_kind, NULL);
    }
}

struct reclaim {
    const uint64_t *nodes;
    int32_t memcg;
    int64_t left, freed;
};

static bool reclaim_kind(struct kernel *k, const struct copies_walk *w, void *data)
{
    struct reclaim *r = data;
    const struct mm_kind *kind = &w->e->kinds[w->index];
    int32_t had = k->copies->sets[kind->copies]->pub.nr;
    int64_t unit = INT64_C(1) << kind->order;
    int32_t left = 0;

    if (r->memcg >= 0 && !cgroup_below(k, kind->memcg, r->memcg)) {
        return true;
    }
    uint8_t rest = copies_without(k, kind->copies, r->nodes);

    if (rest == kind->copies) {
        return true;
    }
    left = rest != 0 ? k->copies->sets[rest]->pub.nr : 0;

    int64_t pages = (r->left / (had - left) + unit - 1) / unit * unit;
    int64_t done = copies_drop(k, w->at, w->part, w->e, w->index, MAX(pages, unit), r->nodes,
                               COPIES_RECLAIMED);

    r->freed += done * (had - left);
    r->left -= done * (had - left);
    return r->left > 0;
}

/* True if @s has copies on any of @nodes (NULL: all nodes). */
static bool has_copies_on(const struct kernel *k, const struct mm_slice *s, const uint64_t *nodes)
{
    for (int32_t n = 0; s->copies != NULL && n < k->nr_nodes; n++) {
        if (s->copies->by_node[n] > 0 && (nodes == NULL || bitmap_test(nodes, (uint32_t)n))) {
            return true;
        }
    }
    return false;
}

int64_t copies_reclaim(struct kernel *k, int32_t node, const uint64_t *allowed, int32_t memcg,
                       int64_t pages)
{
    g_autofree uint64_t *one = bitmap_new((uint32_t)k->nr_nodes);
    struct reclaim r = {.nodes = allowed, .memcg = memcg, .left = pages};

    if (node >= 0) {
        bitmap_set(one, (uint32_t)node);
        r.nodes = one;
    }
    for (int32_t i = 0; k->copies != NULL && i < k->nr_processes && r.left > 0; i++) {
        struct process *p = k->processes[i];
        int64_t before = r.freed;

        for (int32_t j = 0; j < p->nr_regions && r.left > 0; j++) {
            struct mm_region *region = p->regions[j];

            for (int32_t n = 0; region_counts(region) && n < region->nr_slices && r.left > 0; n++) {
                struct copies_place at = {p, region, &region->slices[n]};

                if (has_copies_on(k, at.s, r.nodes)) {
                    for_copied(k, &at, reclaim_kind, &r);
                }
            }
        }
        if (r.freed > before) {
            pages_changed(k, p);
        }
    }
    return r.freed;
}

/* ------------------------------------------------------------------------------------------- */
/* What follows for those who run                                                               */

static bool tell_kind(struct kernel *k, const struct copies_walk *w, void *data)
{
    const struct mm_kind *kind = &w->e->kinds[w->index];
    const struct copy_set *set = k->copies->sets[kind->copies];
    struct mm_slice *s = w->at->s;
    gsize nr = (gsize)k->nr_nodes;
    int64_t told = slice_told(s, w->part, kind->pages);

    (void)data;
    for (gsize n = 0; n < nr; n++) {
        if (!bitmap_test(set->replicas, (uint32_t)n)) {
            continue;
        }
        if (s->copies->told_from == NULL) {
            s->copies->told_from = g_new(int64_t, nr * nr);
            for (gsize i = 0; i < nr; i++) {
                memcpy(s->copies->told_from + i * nr, s->told_by_node, sizeof(int64_t) * nr);
            }
        }
        s->copies->told_from[n * nr + (gsize)kind->node] -= told;
        s->copies->told_from[n * nr + n] += told;
    }
    return true;
}

void copies_tell(struct kernel *k, struct mm_slice *s)
{
    struct copies_place at = {.s = s};

    if (s->copies != NULL) {
        g_clear_pointer(&s->copies->told_from, g_free);
        for_copied(k, &at, tell_kind, NULL);
    }
}

/* Of the running tasks of @p, those that store to @s. */
static void writers_expect(struct kernel *k, struct process *p, const struct mm_slice *s)
{
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);
        bool writes = false;

        for (int32_t i = 0; i < t->mix->nr_entries; i++) {
            writes |= t->access[i].slice == s && t->mix->entries[i].writes_ppm > 0;
        }
        if (!writes) {
            continue;
        }
        settle(k, task_rq(k, t));
        access_account(k, task_rq(k, t), t);
        for (int32_t i = 0; i < t->mix->nr_entries; i++) {
            collapse_more_copies(t, i);
        }
        fault_plan(k, t);
        if (k->acting != t) {
            segment_arm(k, task_rq(k, t));
        }
    }
}

void copies_expected(struct kernel *k, struct process *p, struct mm_slice *s)
{
    if (s->object == NULL) {
        writers_expect(k, p, s);
        return;
    }
    for (int32_t i = 0; i < s->object->nr_mappings; i++) {
        if (s->object->mappings[i].process != NULL) {
            writers_expect(k, s->object->mappings[i].process, s);
        }
    }
}
