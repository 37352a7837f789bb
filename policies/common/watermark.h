/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zone watermarks: how much of a node stays free (mm/page_alloc.c, 6.12: calculate_min_free_kbytes(),
 * __setup_per_zone_wmarks(); mm/khugepaged.c: set_recommended_min_free_kbytes()). Each node is one
 * zone here, the first has two more that count for khugepaged (DMA, DMA32); lowmem reserves and
 * boosted watermarks are left out.
 */
#ifndef NUMASIM_COMMON_WATERMARK_H
#define NUMASIM_COMMON_WATERMARK_H

#include <numasim-policy.h>

enum { WATERMARK_PAGE_KIB = 4 };

static inline int64_t watermark_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t watermark_most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Floor of the square root, by bisection. */
static inline int64_t watermark_root(int64_t x)
{
    int64_t low = 0, high = 3037000499; /* of INT64_MAX */

    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;

        if (middle * middle <= x) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* What the kernel computes at boot of @total_kib on @nr_nodes nodes with memory, in KiB: by the root of
 * memory, and for khugepaged 2 + 9 page blocks of 512 pages a zone, at most a twentieth of memory. */
static inline int64_t watermark_min_free_kib(int64_t total_kib, int64_t nr_nodes, bool thp)
{
    int64_t kib = watermark_least(watermark_most(watermark_root(16 * total_kib), 128), 262144);

    if (thp) {
        int64_t pages =
            watermark_least(512 * (nr_nodes + 2) * (2 + 9), total_kib / WATERMARK_PAGE_KIB / 20);

        kib = watermark_most(kib, pages * WATERMARK_PAGE_KIB);
    }
    return kib;
}

/* Sets min_bytes to promo_bytes of every node. @min_free_kib 0: as at boot; @scale is
 * vm.watermark_scale_factor, in 1/10000 of a node. */
static inline void watermark_set(struct numasim_host *host, int64_t min_free_kib, int64_t scale,
                                 bool thp)
{
    int64_t total_kib = 0, nr_nodes = 0, kib = 1024;

    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        total_kib += numasim_node(host, i)->total_bytes / kib;
        nr_nodes += numasim_node(host, i)->total_bytes > 0;
    }
    if (total_kib == 0) {
        return;
    }
    if (min_free_kib <= 0) {
        min_free_kib = watermark_min_free_kib(total_kib, nr_nodes, thp);
    }
    int64_t min_pages = min_free_kib / WATERMARK_PAGE_KIB;
    int64_t total_pages = total_kib / WATERMARK_PAGE_KIB, page = WATERMARK_PAGE_KIB * kib;

    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        struct numasim_node *node = numasim_node(host, i);
        int64_t pages = node->total_bytes / page;
        int64_t least = min_pages * pages / total_pages;
        int64_t gap = watermark_most(least / 4, pages * scale / 10000);

        node->min_bytes = least * page;
        node->low_bytes = (least + gap) * page;
        node->high_bytes = (least + 2 * gap) * page;
        node->promo_bytes = (least + 3 * gap) * page;
    }
}

#endif
