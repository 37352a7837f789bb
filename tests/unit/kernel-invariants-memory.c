/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-invariants-private.h"

#include "kernel/mm/copies.h"
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"

/* Extents without gaps, kinds that differ, and sums that hold; adds its pages to @by_node. */
static void check_part(const struct kernel *k, const struct mm_part *p, int64_t *by_node)
{
    int64_t at = p->first, protected = 0, untouched = 0, touched_by_order[MM_NR_ORDERS] = {0};

    for (int32_t i = 0; i < p->nr_extents; i++) {
        const struct mm_extent *e = &p->extents[i];
        int64_t pages = 0;

        MUST(k, e->first == at && e->nr > 0 && e->nr_kinds > 0, "extent %d", i);
        for (int32_t n = 0; n < e->nr_kinds; n++) {
            const struct mm_kind *kind = &e->kinds[n];

            MUST(k, kind->pages > 0 && kind->pages % (INT64_C(1) << kind->order) == 0,
                 "extent %d, kind %d", i, n);
            for (int32_t other = 0; other < n; other++) {
                MUST(k, !kind_same(kind, &e->kinds[other]), "extent %d, kind %d", i, n);
            }
            pages += kind->pages;
            protected += kind->protected_ns != MM_NOT_PROTECTED ? kind->pages : 0;
            if (kind->node == MM_UNTOUCHED) {
                untouched += kind->pages;
            } else {
                by_node[kind->node] += kind->pages;
                touched_by_order[kind->order] += kind->pages;
            }
        }
        MUST(k, pages == e->nr, "extent %d", i);
        at += e->nr;
    }
    MUST(k, at == p->first + p->nr, "a part of %d extents", p->nr_extents);
    MUST(k, protected == p->protected && untouched == p->untouched, "a part's sums");
    MUST(k, memcmp(touched_by_order, p->touched_by_order, sizeof(touched_by_order)) == 0,
         "a part's sums by order");
}

static void check_slice(const struct kernel *k, const struct mm_slice *s)
{
    g_autofree int64_t *by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    int64_t at = s->first, untouched = 0;

    for (int32_t i = 0; i < s->nr_parts; i++) {
        MUST(k, s->parts[i].first == at, "part %d", i);
        at += s->parts[i].nr;
        untouched += s->parts[i].untouched;
        check_part(k, &s->parts[i], by_node);
    }
    MUST(k, at == s->first + s->total_pages || s->total_pages == 0, "%d parts", s->nr_parts);
    MUST(k, untouched == s->untouched_pages, "%d parts", s->nr_parts);
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        MUST(k, by_node[n] == s->pages_by_node[n], "node %d", n);
    }
}

static void check_region(const struct kernel *k, const struct mm_region *r, int64_t *by_node)
{
    int64_t pages = 0;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        int64_t here = 0;

        for (int32_t i = 0; i < r->nr_slices; i++) {
            MUST(k, r->slices[i].pages_by_node[n] >= 0, "region %s", r->pub.name);
            here += r->slices[i].pages_by_node[n];
        }
        MUST(k,
             r->bytes_by_node[n] == (region_unmapped(r) ? 0 : here * k->machine->page_size_bytes),
             "region %s", r->pub.name);
        by_node[n] += r->bytes_by_node[n];
        pages += here;
    }
    int64_t total = 0, untouched = 0;

    for (int32_t i = 0; i < r->nr_slices; i++) {
        MUST(k, r->slices[i].untouched_pages >= 0, "region %s", r->pub.name);
        total += r->slices[i].total_pages;
        untouched += r->slices[i].untouched_pages;
        check_slice(k, &r->slices[i]);
    }
    MUST(k, pages + untouched == total, "region %s", r->pub.name);
}

/* Copies lie elsewhere than their pages, and are counted where they are; adds to @by_set the pages of each set,
 * to @by_node those of copies. */
static void check_slice_copies(const struct kernel *k, const struct mm_slice *s, int64_t *by_set,
                               int64_t *by_node)
{
    g_autofree int64_t *here = g_new0(int64_t, (gsize)k->nr_nodes);
    int64_t in_slice = 0;

    for (int32_t i = 0; i < s->nr_parts; i++) {
        int64_t in_part = 0;

        for (int32_t e = 0; e < s->parts[i].nr_extents; e++) {
            for (int32_t n = 0; n < s->parts[i].extents[e].nr_kinds; n++) {
                const struct mm_kind *kind = &s->parts[i].extents[e].kinds[n];

                if (kind->copies == 0) {
                    continue;
                }
                MUST(k, kind->node != MM_UNTOUCHED && kind->copies <= k->copies->nr_sets, "part %d",
                     i);
                MUST(k, !copies_on(k, kind->copies, kind->node), "part %d", i);
                in_part += kind->pages;
                by_set[kind->copies] += kind->pages;
                for (int32_t on = 0; on < k->nr_nodes; on++) {
                    here[on] += copies_on(k, kind->copies, on) ? kind->pages : 0;
                }
            }
        }
        MUST(k, in_part == s->parts[i].copied, "part %d", i);
        in_slice += in_part;
    }
    MUST(k, in_slice == (s->copies != NULL ? s->copies->pages : 0), "a slice's copies");
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        MUST(k, here[n] == (s->copies != NULL ? s->copies->by_node[n] : 0), "node %d", n);
        by_node[n] += here[n];
    }
}

static void check_copies(const struct kernel *k)
{
    g_autofree int64_t *by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    int64_t by_set[MAX_COPY_SETS] = {0};
    uint32_t nr = (uint32_t)k->nr_nodes;

    for (int32_t i = 0; i < k->nr_processes; i++) {
        for (int32_t r = 0; r < k->processes[i]->nr_regions; r++) {
            const struct mm_region *region = k->processes[i]->regions[r];

            for (int32_t s = 0; s < region->nr_slices && region_counts(region); s++) {
                check_slice_copies(k, &region->slices[s], by_set, by_node);
            }
        }
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        MUST(k, k->nodes[n].copy_bytes == by_node[n] * k->machine->page_size_bytes, "node %d", n);
    }
    for (int32_t i = 1; k->copies != NULL && i <= k->copies->nr_sets; i++) {
        const struct copy_set *set = k->copies->sets[i];

        MUST(k, set->pages == by_set[i], "set %d", i);
        MUST(k, set->pub.nr == (int32_t)bitmap_weight(set->nodes, nr) && set->pub.nr > 0, "set %d",
             i);
        MUST(k, bitmap_subset(set->replicas, set->nodes, nr), "set %d", i);
    }
}

static void check_pages(const struct kernel *k)
{
    g_autofree int64_t *used = g_new0(int64_t, (gsize)k->nr_nodes);

    for (int32_t i = 0; i < k->nr_processes; i++) {
        const struct process *p = k->processes[i];
        g_autofree int64_t *by_node = g_new0(int64_t, (gsize)k->nr_nodes);
        int64_t resident = 0;

        for (int32_t r = 0; r < p->nr_regions; r++) {
            check_region(k, p->regions[r], by_node);
            for (int32_t n = 0; n < k->nr_nodes && region_counts(p->regions[r]); n++) {
                used[n] += p->regions[r]->pub.hugetlb ? 0 : p->regions[r]->bytes_by_node[n];
            }
        }
        for (int32_t n = 0; n < k->nr_nodes; n++) {
            MUST(k, p->bytes_by_node[n] == by_node[n], "process %d", i);
            MUST(k,
                 by_node[n] == 0 || p->allowed_nodes == NULL || p->mems_changed ||
                     p->maps_objects || bitmap_test(p->allowed_nodes, (uint32_t)n),
                 "process %d, node %d", i, n);
            resident += by_node[n];
        }
        MUST(k, p->pub.resident_bytes == resident, "process %d", i);
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        MUST(k, k->nodes[n].free_bytes >= 0, "node %d", n);
        const struct machine_node *node = &k->machine->nodes[n];
        int64_t pools = (node->hugetlb_2m_pages << 21) + (node->hugetlb_1g_pages << 30);

        MUST(k,
             k->nodes[n].free_bytes ==
                 k->nodes[n].total_bytes - pools - used[n] - k->nodes[n].copy_bytes,
             "node %d", n);
    }
}

/* Base pages of @p that @cgroup itself is charged for. */
static int64_t charged(const struct kernel *k, const struct process *p, int32_t cgroup)
{
    int64_t pages = 0;

    for (int32_t r = 0; r < p->nr_regions; r++) {
        const struct mm_region *region = p->regions[r];

        for (int32_t s = 0; s < region->nr_slices && !region->pub.hugetlb && region_counts(region);
             s++) {
            for (int32_t i = 0; i < region->slices[s].nr_parts; i++) {
                const struct mm_part *part = &region->slices[s].parts[i];

                for (int32_t e = 0; e < part->nr_extents; e++) {
                    for (int32_t n = 0; n < part->extents[e].nr_kinds; n++) {
                        const struct mm_kind *kind = &part->extents[e].kinds[n];

                        const struct numasim_copies *copies = copies_of(k, kind->copies);

                        pages += kind->node != MM_UNTOUCHED && kind->memcg == cgroup
                                     ? kind->pages * (copies != NULL ? 1 + copies->nr : 1)
                                     : 0;
                    }
                }
            }
        }
    }
    return pages;
}

/* What a cgroup is charged is what its pages and those of the cgroups below it add up to. */
static void check_memcg(const struct kernel *k, int32_t cgroup)
{
    const struct memcg *mc = k->cgroups[cgroup]->memcg;
    int64_t own = 0, by_node = 0, usage, low = 0, min = 0;

    if (mc == NULL) {
        return;
    }
    for (int32_t i = 0; i < k->nr_processes; i++) {
        own += charged(k, k->processes[i], cgroup);
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        by_node += mc->by_node[MEMCG_ANON][n] + mc->by_node[MEMCG_FILE][n];
    }
    usage = own * k->machine->page_size_bytes;
    for (int32_t i = 1; i < k->nr_cgroups; i++) {
        const struct memcg *child = k->cgroups[i]->memcg;

        if (child != NULL && child->pub.parent == cgroup) {
            usage += child->pub.usage_bytes;
            low += MIN(child->pub.usage_bytes, child->pub.low_bytes);
            min += MIN(child->pub.usage_bytes, child->pub.min_bytes);
        }
    }
    MUST(k, own == by_node, "cgroup %d", cgroup);
    MUST(k, mc->pub.usage_bytes == usage && usage <= mc->pub.max_bytes, "cgroup %d", cgroup);
    MUST(k, mc->pub.children_low_bytes == low && mc->pub.children_min_bytes == min, "cgroup %d",
         cgroup);
}

void check_memory(const struct kernel *k)
{
    check_pages(k);
    check_copies(k);
    for (int32_t i = 0; i < k->nr_cgroups; i++) {
        check_memcg(k, i);
    }
}
