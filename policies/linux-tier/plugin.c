/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-tier - memory policies, fallback by distance, watermarks, kswapd and demotion.
 *
 * IDEA. Where a page is allocated follows from the memory policy of its region or task: the node of the
 * CPU, a node given, or the one whose turn it is. From there a list of nodes is walked, near ones
 * first, and a node is passed over when it is down to its low watermark; then kswapd is woken and the
 * list is walked again down to the min watermark; then who asks reclaims himself; then there is no
 * memory. kswapd brings a node back to its high watermark: it demotes pages that were not accessed of
 * late to the next slower tier, if demotion is on, and drops page cache. A cgroup at its memory.max or
 * memory.high is reclaimed in the same way, on all nodes; what memory.min and memory.low protect is
 * left alone, or comes last. khugepaged makes huge pages of base pages (khugepaged.c).
 *
 * SOURCE. mm/mempolicy.c, mm/page_alloc.c, mm/vmscan.c, mm/memory-tiers.c, mm/hugetlb.c,
 * mm/khugepaged.c, 6.12;
 * single rules name theirs.
 *
 * FITS. Any Linux, with the switches of its release.
 *
 * DOES NOT FIT. Swap, slab, fragmentation and compaction are left out, each node is one zone, and the
 * LRU lists are looks at all of a node's pages (reclaim.c).
 *
 * PARAMETERS. See tier_params[]. COMPLEXITY. O(nodes^2) for a run of pages; O(populations of a node)
 * for a look of reclaim.
 */
#include <string.h>

#include "linux-tier.h"

static const char *const tier_reasons[] = {PAGE_ALLOC_REASONS, NULL};
static const char *const defrag_words[] = {"madvise", "always", NULL};

#define WEIGHT(n)                                                                                  \
    {                                                                                              \
        .name = "weighted_interleave_node" #n, .type = NUMASIM_PARAM_INT, .max = 255,              \
        .doc = "Weight of node " #n " in weighted interleaving; 0: the default.",                  \
        .knob = "/sys/kernel/mm/mempolicy/weighted_interleave/node" #n,                            \
        .source = "mm/mempolicy.c: get_il_weight()"                                                \
    }

static const struct numasim_param tier_params[] = {
    {.name = "min_free_kbytes",
     .type = NUMASIM_PARAM_INT,
     .max = INT32_MAX,
     .doc = "Kilobytes kept free on all nodes together; 0: what the kernel computes at boot.",
     .knob = "vm.min_free_kbytes",
     .source = "mm/page_alloc.c: calculate_min_free_kbytes()"},
    {.name = "watermark_scale_factor",
     .type = NUMASIM_PARAM_INT,
     .def = 10,
     .max = 3000,
     .doc =
         "Distance from each watermark to the next, in 1/10000 of the node, a quarter of the min "
         "watermark at least; 0: that alone, as before 4.6.",
     .knob = "vm.watermark_scale_factor",
     .source = "mm/page_alloc.c: watermark_scale_factor"},
    {.name = "thp",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "Transparent huge pages, for regions that ask for them; khugepaged raises "
            "min_free_kbytes for them.",
     .knob = "/sys/kernel/mm/transparent_hugepage/enabled",
     .source = "mm/khugepaged.c: set_recommended_min_free_kbytes()"},
    {.name = "thp_defrag",
     .type = NUMASIM_PARAM_ENUM,
     .values = defrag_words,
     .doc = "Whether a huge page fault may reclaim, and then takes one from another node (always), "
            "or falls back to base pages (madvise).",
     .knob = "/sys/kernel/mm/transparent_hugepage/defrag",
     .source = "mm/huge_memory.c: vma_thp_gfp_mask()"},
    {.name = "zone_reclaim_mode",
     .type = NUMASIM_PARAM_INT,
     .max = 7,
     .doc = "Other than 0: page cache of a near node makes way before another node is used.",
     .knob = "vm.zone_reclaim_mode",
     .source = "mm/vmscan.c: node_reclaim()"},
    {.name = "min_unmapped_ratio",
     .type = NUMASIM_PARAM_INT,
     .def = 1,
     .max = 100,
     .doc = "Percentage of a node that must be page cache for zone_reclaim_mode to act.",
     .knob = "vm.min_unmapped_ratio",
     .source = "mm/vmscan.c: node_reclaim()"},
    {.name = "demotion_enabled",
     .type = NUMASIM_PARAM_BOOL,
     .doc = "Reclaim moves pages to a slower tier instead of dropping them.",
     .knob = "/sys/kernel/mm/numa/demotion_enabled",
     .source = "mm/memory-tiers.c: numa_demotion_enabled"},
    {.name = "demotion_cpuset",
     .type = NUMASIM_PARAM_BOOL,
     .doc = "Demotion goes only to nodes of the cpuset, as in 7.3.",
     .source = "mm/vmscan.c: demote_folio_list(), 7.3"},
    {.name = "memory_tiering",
     .type = NUMASIM_PARAM_BOOL,
     .doc = "kswapd frees up to the promo watermark: on with bit 1 of numa_balancing.",
     .knob = "kernel.numa_balancing",
     .source = "mm/vmscan.c: pgdat_balanced()"},
    {.name = "interleave_hit_weighted",
     .type = NUMASIM_PARAM_BOOL,
     .doc = "interleave_hit counts weighted interleaving, too, as in 7.3.",
     .source = "mm/mempolicy.c: alloc_pages_mpol(), 7.3"},
    {.name = "weighted_interleave_auto",
     .type = NUMASIM_PARAM_BOOL,
     .doc = "Weights follow from the nodes' bandwidths, as since 6.16; off: 1 each.",
     .knob = "/sys/kernel/mm/mempolicy/weighted_interleave/auto",
     .source = "mm/mempolicy.c: mempolicy_set_node_perf(), 7.3"},
    {.name = "memory_recursiveprot",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "What of memory.low and memory.min a cgroup's children do not claim protects them all.",
     .knob = "mount -t cgroup2 -o memory_recursiveprot",
     .source = "mm/page_counter.c: effective_protection(); on as systemd mounts it "
               "(src/shared/mount-setup.c)"},
    {.name = "khugepaged_pages_to_scan",
     .type = NUMASIM_PARAM_INT,
     .def = 4096,
     .min = 1,
     .max = INT32_MAX,
     .doc = "khugepaged looks at so many base pages of processes with regions for huge pages "
            "between two sleeps, and makes huge ones of them.",
     .knob = "/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan",
     .source = "mm/khugepaged.c: khugepaged_init()"},
    {.name = "khugepaged_scan_sleep_millisecs",
     .type = NUMASIM_PARAM_INT,
     .def = 10000,
     .max = INT32_MAX,
     .doc = "How long khugepaged sleeps then.",
     .knob = "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
     .source = "mm/khugepaged.c: khugepaged_scan_sleep_millisecs"},
    {.name = "khugepaged_alloc_sleep_millisecs",
     .type = NUMASIM_PARAM_INT,
     .def = 60000,
     .max = INT32_MAX,
     .doc = "How long khugepaged sleeps once where there is no memory for a huge page.",
     .knob = "/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs",
     .source = "mm/khugepaged.c: khugepaged_alloc_sleep_millisecs"},
    {.name = "khugepaged_max_ptes_none",
     .type = NUMASIM_PARAM_INT,
     .def = 511,
     .max = 511,
     .doc = "So many of a huge page's base pages may be missing.",
     .knob = "/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none",
     .source = "mm/khugepaged.c: khugepaged_init()"},
    {.name = "khugepaged_defrag",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "khugepaged reclaims where there is no memory for a huge page.",
     .knob = "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag",
     .source = "mm/huge_memory.c: transparent_hugepage_flags"},
    WEIGHT(0),
    WEIGHT(1),
    WEIGHT(2),
    WEIGHT(3),
    WEIGHT(4),
    WEIGHT(5),
    WEIGHT(6),
    WEIGHT(7),
    WEIGHT(8),
    WEIGHT(9),
    WEIGHT(10),
    WEIGHT(11),
    WEIGHT(12),
    WEIGHT(13),
    WEIGHT(14),
    WEIGHT(15),
    {.name = NULL},
};
_Static_assert(sizeof(tier_params) / sizeof(tier_params[0]) ==
                   (size_t)TIER_WEIGHT + (size_t)TIER_NR_WEIGHTS + 1,
               "enum tier_param is out of step");

static void set_weights(struct numasim_self *self, struct page_alloc *pa)
{
    struct numasim_host *host = self->host;
    int64_t bandwidth[INTERLEAVE_MAX_NODES] = {0};

    for (int32_t n = 0; n < numasim_nr_nodes(host) && self->param[TIER_AUTO_WEIGHTS]; n++) {
        const struct numasim_node *node = numasim_node(host, n);

        bandwidth[n] = watermark_least(node->read_bytes_per_s, node->write_bytes_per_s);
    }
    interleave_weigh(bandwidth, numasim_nr_nodes(host), pa->weights);
    for (int32_t n = 0; n < numasim_nr_nodes(host) && n < TIER_NR_WEIGHTS; n++) {
        if (self->param[TIER_WEIGHT + n] > 0) {
            pa->weights[n] = (uint8_t)self->param[TIER_WEIGHT + n];
        }
    }
}

static bool tier_init(struct numasim_self *self, char *error, size_t size)
{
    static const char too_many[] = "more nodes than it was built for (INTERLEAVE_MAX_NODES)";
    struct page_alloc *pa = &tier_of(self)->alloc;

    if (numasim_nr_nodes(self->host) > INTERLEAVE_MAX_NODES) {
        strncpy(error, too_many, size - 1);
        error[size - 1] = '\0';
        return false;
    }
    *pa = (struct page_alloc){
        .thp = self->param[TIER_THP] != 0,
        .thp_reclaims = self->param[TIER_DEFRAG] != 0,
        .counts_weighted = self->param[TIER_COUNTS_WEIGHTED] != 0,
        .reclaim_mode = (int32_t)self->param[TIER_RECLAIM_MODE],
        .reclaim_distance = 30, /* include/linux/topology.h: RECLAIM_DISTANCE */
        .reclaim = tier_reclaim,
        .node_reclaim = tier_node_reclaim,
        .wake_kswapd = tier_wake_kswapd,
    };
    watermark_set(self->host, self->param[TIER_MIN_FREE], self->param[TIER_SCALE],
                  self->param[TIER_THP] != 0);
    set_weights(self, pa);
    tier_set_targets(self);
    return true;
}

static void tier_alloc(struct numasim_self *self, struct numasim_alloc *a,
                       struct numasim_decision *d)
{
    tier_khugepaged_enter(self, a->task->process, a->region);
    page_alloc(self, &tier_of(self)->alloc, a, d);
}

static const struct numasim_tier_ops tier_ops = {
    .alloc = tier_alloc,
    .daemon = tier_kswapd,
    .daemon_name = "kswapd",
    .reclaim = tier_reclaim_cgroup,
    .thread = tier_khugepaged,
    .thread_name = "khugepaged",
    .thread_nice = 19, /* MAX_NICE */
    .advised = tier_khugepaged_enter,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "linux-tier",
    .summary = "memory policies, fallback, watermarks, kswapd and demotion, as in Linux",
    .version = "2",
    .essay =
        "The memory policy of a region or task says where a page is to lie: on the node of the\n"
        "CPU that touches it first, on nodes given, or on the one whose turn it is by its "
        "address.\n"
        "From there a list of nodes is walked, near ones first, of those as near the ones without\n"
        "CPUs; a node down to its low watermark is passed over, then one down to min, then who\n"
        "asks reclaims himself. kswapd brings a node back to its high watermark: what was not\n"
        "accessed of late goes to the next slower tier (demotion_enabled), page cache is dropped.\n"
        "khugepaged makes huge pages of base pages where a region wants them.\n"
        "Source: mm/mempolicy.c, mm/page_alloc.c, mm/vmscan.c, mm/memory-tiers.c,\n"
        "mm/khugepaged.c, 6.12. Swap,\n"
        "fragmentation and zones are left out. O(nodes^2) for a run of pages.\n",
    .params = tier_params,
    .reasons = tier_reasons,
    .state_size = sizeof(struct tier),
    .node_state_size = sizeof(struct tier_node),
    .process_state_size = sizeof(struct tier_process),
    .init = tier_init,
    .tier = &tier_ops,
};
