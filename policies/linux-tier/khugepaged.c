/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * khugepaged: goes round the processes that use regions for transparent huge pages, by address, 8 places
 * of 2 MiB each 10 s, and where base pages stand it makes a huge page of them, on the node that most of
 * them are on (mm/khugepaged.c, 6.12: khugepaged_do_scan(), khugepaged_scan_mm_slot(),
 * hpage_collapse_scan_pmd(), hpage_collapse_find_target_node()).
 *
 * Left out: that a page must have been accessed since reclaim last looked, shmem and files, the lock that
 * keeps a process from page faults meanwhile, and that a cgroup at its limit is reclaimed for it. When it
 * first wakes is drawn: where enabled=always, it has had processes to scan since boot.
 */
#include "linux-tier.h"

#define MSEC_NS      INT64_C(1000000)
#define PHASE_ENTITY UINT64_C(0x6b687567657061) /* of the boot stream: its own */

enum scan_result { SCAN_NOTHING, SCAN_COLLAPSED, SCAN_NO_CHARGE, SCAN_NO_MEMORY };

static struct tier_process *own(const struct numasim_self *self, const struct numasim_process *p)
{
    return p->state[self->slot];
}

/* thp_vma_allowable_order(): private anonymous memory that wants huge pages. */
static bool allowed(const struct numasim_region *r)
{
    return r->page_bytes == PAGE_ALLOC_THP && !r->hugetlb && !r->file && !r->shared;
}

/* Those that have ended go (__khugepaged_exit()). */
static void collect(struct numasim_self *self)
{
    struct khugepaged *k = &tier_of(self)->khugepaged;
    struct numasim_process *next, *last = NULL;

    for (struct numasim_process *p = k->first; p != NULL; p = next) {
        next = own(self, p)->next;
        if (p->nr_threads > 0) {
            last = p;
            continue;
        }
        if (last != NULL) {
            own(self, last)->next = next;
        } else {
            k->first = next;
        }
        if (k->at == p) {
            k->at = next;
            k->region = 0;
            k->page = 0;
        }
        own(self, p)->entered = false;
    }
    k->last = last;
}

/* When it would wake anyway: each scan_sleep_millisecs since boot, as if scanning took no time. */
static int64_t next_wake_ns(const struct numasim_self *self)
{
    int64_t now_ns = numasim_now(self->host), every_ns = self->param[TIER_COLLAPSE_SLEEP] * MSEC_NS;

    if (every_ns == 0) {
        return now_ns;
    }
    int64_t phase_ns =
        (int64_t)numasim_boot_random(self->host, PHASE_ENTITY, 0, (uint64_t)every_ns);

    return now_ns <= phase_ns ? phase_ns
                              : phase_ns + (now_ns - phase_ns + every_ns - 1) / every_ns * every_ns;
}

void tier_khugepaged_enter(struct numasim_self *self, struct numasim_process *process,
                           const struct numasim_region *region)
{
    struct khugepaged *k = &tier_of(self)->khugepaged;

    if (self->param[TIER_THP] == 0 || !allowed(region) || own(self, process)->entered) {
        return;
    }
    collect(self);
    *own(self, process) = (struct tier_process){.entered = true};
    if (k->last == NULL) {
        k->first = process;
        if (!k->scanning) {
            numasim_wake_thread(self->host, next_wake_ns(self));
        }
    } else {
        own(self, k->last)->next = process;
    }
    k->last = process;
}

/* hpage_collapse_scan_abort(): with node_reclaim, of nodes near each other only. */
static bool too_far(const struct numasim_self *self, const int64_t *nr_by_node)
{
    int32_t nr = numasim_nr_nodes(self->host);

    for (int32_t a = 0; a < nr && self->param[TIER_RECLAIM_MODE] != 0; a++) {
        for (int32_t b = 0; b < a && nr_by_node[a] > 0; b++) {
            if (nr_by_node[b] > 0 &&
                numasim_distance(self->host, a, b) > tier_of(self)->alloc.reclaim_distance) {
                return true;
            }
        }
    }
    return false;
}

/* The node of those with the most pages, lowest first, that has room for a huge page above its low, or
 * @below_low its min watermark; -1: none. */
static int32_t target(const struct numasim_self *self, const int64_t *nr_by_node, bool below_low)
{
    int64_t most = 0;

    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        most = watermark_most(most, nr_by_node[n]);
    }
    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        const struct numasim_node *node = numasim_node(self->host, n);
        int64_t floor_bytes = below_low ? node->min_bytes : node->low_bytes;

        if (nr_by_node[n] == most && node->free_bytes - floor_bytes >= PAGE_ALLOC_THP) {
            return n;
        }
    }
    return -1;
}

/* alloc_charge_folio(): which node gives a huge page; -1: none, also not after reclaim. */
static int32_t allocate(struct numasim_self *self, int32_t cpu, const int64_t *nr_by_node)
{
    int32_t node = target(self, nr_by_node, false), full = 0;

    node = node < 0 ? target(self, nr_by_node, true) : node;
    if (node >= 0) {
        return node;
    }
    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        full = nr_by_node[n] > nr_by_node[full] ? n : full;
    }
    if (self->param[TIER_COLLAPSE_DEFRAG] != 0 &&
        tier_reclaim(self, full, cpu, PAGE_ALLOC_THP) > 0) {
        node = target(self, nr_by_node, true);
    }
    if (node < 0) {
        numasim_node(self->host, full)->vmstat[NUMASIM_THP_COLLAPSE_ALLOC_FAILED]++;
    }
    return node;
}

/* hpage_collapse_scan_pmd() of the place where it stands. */
static enum scan_result scan_place(struct numasim_self *self, const struct khugepaged *k,
                                   const struct numasim_region *r)
{
    struct numasim_host *host = self->host;
    int64_t nr_by_node[INTERLEAVE_MAX_NODES];
    struct numasim_huge_place place = {.nr_by_node = nr_by_node};
    int32_t cpu = numasim_thread_cpu(host);

    if (!numasim_scan_place(host, cpu, k->at, r->id, k->page, &place) || place.huge ||
        place.nr_none > self->param[TIER_COLLAPSE_MAX_NONE] || !r->writable ||
        too_far(self, nr_by_node)) {
        return SCAN_NOTHING;
    }
    int32_t node = allocate(self, cpu, nr_by_node);

    if (node < 0) {
        return SCAN_NO_MEMORY;
    }
    uint64_t *vmstat = numasim_node(host, node)->vmstat;

    vmstat[NUMASIM_NUMA_HIT]++;
    vmstat[numasim_cpu(host, cpu)->node == node ? NUMASIM_NUMA_LOCAL : NUMASIM_NUMA_OTHER]++;
    return numasim_collapse_place(host, cpu, k->at, r->id, k->page, node, 0) ? SCAN_COLLAPSED
                                                                             : SCAN_NO_CHARGE;
}

/* khugepaged_scan_mm_slot(): goes on until something was to be done, @pages have been looked at, or the
 * process has no more; adds to progress. */
static enum scan_result scan_process(struct numasim_self *self, struct khugepaged *k, int64_t pages)
{
    int64_t unit = PAGE_ALLOC_THP / numasim_page_bytes(self->host), progress = 1;
    enum scan_result result = SCAN_NOTHING;

    while (k->region < numasim_nr_regions(k->at)) {
        const struct numasim_region *r = numasim_region(k->at, k->region);

        if (!allowed(r)) {
            progress++;
        }
        while (allowed(r) && k->page + unit <= r->nr_pages) {
            result = scan_place(self, k, r);
            k->page += unit;
            progress += unit;
            if (result != SCAN_NOTHING || progress >= pages) {
                k->progress += progress;
                return result;
            }
        }
        k->region++;
        k->page = 0;
    }
    k->progress += progress;
    k->at = own(self, k->at)->next;
    k->region = 0;
    return result;
}

int64_t tier_khugepaged(struct numasim_self *self)
{
    struct khugepaged *k = &tier_of(self)->khugepaged;
    int64_t now_ns = numasim_now(self->host), pages = self->param[TIER_COLLAPSE_PAGES];

    if (!k->scanning) {
        k->scanning = true;
        k->waited = false;
        k->progress = 0;
        k->passes = 0;
    }
    collect(self);
    while (k->progress < pages) {
        k->passes += k->at == NULL;
        if (k->first == NULL || k->passes > 1) {
            break;
        }
        if (k->at == NULL) {
            k->at = k->first;
            k->region = 0;
            k->page = 0;
        }
        enum scan_result result = scan_process(self, k, pages - k->progress);

        if (k->progress >= pages || (result == SCAN_NO_MEMORY && k->waited)) {
            break;
        }
        if (result == SCAN_NO_MEMORY) {
            k->waited = true;
            return now_ns + self->param[TIER_COLLAPSE_ALLOC_SLEEP] * MSEC_NS;
        }
        if (result == SCAN_COLLAPSED) {
            return now_ns; /* after what that cost */
        }
    }
    k->scanning = false;
    return k->first != NULL ? now_ns + self->param[TIER_COLLAPSE_SLEEP] * MSEC_NS
                            : NUMASIM_TIME_NEVER;
}
