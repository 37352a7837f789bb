/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-tier - first touch with fallback by distance, and no tiering.
 *
 * IDEA. A page lies on the node of the CPU that touches it first, if its cpuset allows that node. When that node is down to its low
 * watermark, the next node in a list takes over: near ones first, and of nodes as near those without
 * CPUs, then those less used as a fallback already. When all are down to low, the list is walked
 * again down to the min watermark; after that there is no memory.
 *
 * SOURCE. mm/page_alloc.c, 6.12: find_next_best_node(), build_zonelists(), __setup_per_zone_wmarks(),
 * init_per_zone_wmark_min(); mm/khugepaged.c: set_recommended_min_free_kbytes().
 *
 * FITS. The default policy of a machine whose memory is not under pressure.
 *
 * DOES NOT FIT. Reclaim, demotion and promotion: nothing is ever freed or moved to make room. Each
 * node is one zone; lowmem reserves and boosted watermarks are left out.
 *
 * PARAMETERS. See tier_params[]. COMPLEXITY. O(nodes) for each run of pages on one node; O(nodes^3)
 * once.
 */
#include <string.h>

#include <numasim-policy.h>

enum {
    TIER_MAX_NODES = 128,
    MAX_NUMNODES = 1024, /* CONFIG_NODES_SHIFT=10 of a distribution's x86-64 kernel */
    BASE_PAGE_KIB = 4,
};

enum tier_param { TIER_PARAM_MIN_FREE, TIER_PARAM_SCALE, TIER_PARAM_THP };

enum tier_reason { TIER_LOCAL, TIER_FALLBACK, TIER_BELOW_LOW, TIER_FULL };

static const char *const tier_reasons[] = {"local", "fallback", "below-low-watermark", "no-memory",
                                           NULL};

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
     .min = 1,
     .max = 3000,
     .doc = "Distance from the min to the low watermark, in 1/10000 of the node.",
     .knob = "vm.watermark_scale_factor",
     .source = "mm/page_alloc.c: watermark_scale_factor"},
    {.name = "thp",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "Transparent huge pages are on, for which khugepaged raises min_free_kbytes.",
     .knob = "/sys/kernel/mm/transparent_hugepage/enabled",
     .source = "mm/khugepaged.c: set_recommended_min_free_kbytes()"},
    {.name = NULL},
};

struct tier_node {
    int64_t min_bytes, low_bytes; /* watermarks */
    int32_t nr_order;
    int16_t order[TIER_MAX_NODES]; /* where its CPUs' pages go: nodes with memory */
};

static struct tier_node *tier_node(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->state[self->slot];
}

/* Floor of the square root, by bisection. */
static int64_t square_root(int64_t x)
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

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* calculate_min_free_kbytes(), then khugepaged's minimum: 2 + 9 page blocks of 512 pages a zone,
 * and at most a twentieth of memory. The first node has two more zones (DMA, DMA32). */
static int64_t min_free_kib(const struct numasim_self *self, int64_t total_kib, int64_t nr_nodes)
{
    int64_t kib = self->param[TIER_PARAM_MIN_FREE];

    if (kib > 0) {
        return kib;
    }
    kib = min64(max64(square_root(16 * total_kib), 128), 262144);
    if (self->param[TIER_PARAM_THP]) {
        int64_t pages = min64(512 * (nr_nodes + 2) * (2 + 9), total_kib / BASE_PAGE_KIB / 20);

        kib = max64(kib, pages * BASE_PAGE_KIB);
    }
    return kib;
}

static void set_watermarks(struct numasim_self *self)
{
    struct numasim_host *host = self->host;
    int64_t total_kib = 0, nr_with_memory = 0;

    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        total_kib += numasim_node(host, i)->total_bytes / 1024;
        nr_with_memory += numasim_node(host, i)->total_bytes > 0;
    }
    if (total_kib == 0) {
        return;
    }
    int64_t min_pages = min_free_kib(self, total_kib, nr_with_memory) / BASE_PAGE_KIB;
    int64_t total_pages = total_kib / BASE_PAGE_KIB;
    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        struct tier_node *own = tier_node(self, i);
        int64_t pages = numasim_node(host, i)->total_bytes / 1024 / BASE_PAGE_KIB;
        int64_t least = min_pages * pages / total_pages;
        int64_t gap = max64(least / 4, pages * self->param[TIER_PARAM_SCALE] / 10000);

        own->min_bytes = least * BASE_PAGE_KIB * 1024;
        own->low_bytes = (least + gap) * BASE_PAGE_KIB * 1024;
    }
}

/* find_next_best_node(): of the nodes with memory not yet @used, or -1. */
static int32_t next_best_node(const struct numasim_host *host, int32_t local, const bool *used,
                              const int32_t *node_load)
{
    int32_t best = -1;
    int64_t least = INT64_MAX;

    if (!used[local] && numasim_node(host, local)->total_bytes > 0) {
        return local;
    }
    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        const struct numasim_node *node = numasim_node(host, i);
        int64_t value = numasim_distance(host, local, i) + (i < local) + (node->nr_cpus > 0);

        value = value * MAX_NUMNODES + node_load[i];
        if (!used[i] && node->total_bytes > 0 && value < least) {
            least = value;
            best = i;
        }
    }
    return best;
}

/* build_zonelists() of all nodes in turn: the first of each new distance counts as used once more,
 * so that nodes that are as near to several fall back on different ones. */
static void order_nodes(struct numasim_self *self)
{
    struct numasim_host *host = self->host;
    int32_t node_load[TIER_MAX_NODES] = {0};

    for (int32_t local = 0; local < numasim_nr_nodes(host); local++) {
        struct tier_node *own = tier_node(self, local);
        bool used[TIER_MAX_NODES] = {false};
        int32_t last = local;

        for (;;) {
            int32_t node = next_best_node(host, local, used, node_load);

            if (node < 0) {
                break;
            }
            if (numasim_distance(host, local, node) != numasim_distance(host, local, last)) {
                node_load[node]++;
            }
            own->order[own->nr_order++] = (int16_t)node;
            used[node] = true;
            last = node;
        }
    }
}

static bool tier_init(struct numasim_self *self, char *error, size_t size)
{
    static const char too_many[] = "more nodes than it was built for (TIER_MAX_NODES)";

    if (numasim_nr_nodes(self->host) > TIER_MAX_NODES) {
        strncpy(error, too_many, size - 1);
        error[size - 1] = '\0';
        return false;
    }
    set_watermarks(self);
    order_nodes(self);
    return true;
}

static void tier_alloc(struct numasim_self *self, struct numasim_alloc *a,
                       struct numasim_decision *d)
{
    const struct tier_node *local = tier_node(self, a->cpu_node);
    int64_t base_pages = a->page_bytes / (BASE_PAGE_KIB * 1024);

    for (int below_low = 0; below_low <= 1; below_low++) {
        for (int32_t i = 0; i < local->nr_order; i++) {
            int32_t node = local->order[i];
            const struct tier_node *there = tier_node(self, node);
            int64_t mark_bytes = below_low ? there->min_bytes : there->low_bytes;
            int64_t free_bytes = numasim_node(self->host, node)->free_bytes;
            int64_t units = (free_bytes - mark_bytes) / a->page_bytes;

            if (units <= 0 || (a->allowed != NULL && !numasim_mask_test(a->allowed, node))) {
                continue;
            }
            a->nr = a->nr_by_node[node] = min64(units * base_pages, a->nr_pages);
            numasim_decide(d, node,
                           below_low             ? TIER_BELOW_LOW
                           : node == a->cpu_node ? TIER_LOCAL
                                                 : TIER_FALLBACK);
            numasim_compared(d, "free_bytes", free_bytes);
            numasim_compared(d, "watermark_bytes", mark_bytes);
            return;
        }
    }
    a->failed = true;
    numasim_decide(d, -1, TIER_FULL);
}

static const struct numasim_tier_ops tier_ops = {.alloc = tier_alloc};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "linux-tier",
    .summary = "first touch, then the nearest node with room, as Linux orders them",
    .version = "1",
    .essay =
        "A page lies on the node of the CPU that touches it first. When that node is down to its\n"
        "low watermark the next in a list takes over: near nodes first, of nodes as near those\n"
        "without CPUs, then those less used as a fallback already; when all are down to low, the\n"
        "list is walked again down to the min watermark. Source: mm/page_alloc.c, 6.12. Does not\n"
        "reclaim, demote or promote; each node is one zone. O(nodes) for a run of pages.\n",
    .params = tier_params,
    .reasons = tier_reasons,
    .node_state_size = sizeof(struct tier_node),
    .init = tier_init,
    .tier = &tier_ops,
};
