/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When pages are protected, and which: task_tick_numa(), task_numa_work(). */
#include "linux-numa.h"

#include <string.h>

enum {
    HUGE_BYTES = 2097152, /* to which a piece is rounded */
    MB_BYTES = 1048576,
    VIRT_FACTOR = 8,    /* of the budget, in address space that need not be there */
    RESET_DELAYS = 4,   /* VMA_PID_RESET_PERIOD, in scan delays */
    STAMP_TICKS = 2,    /* after a scan, so that another thread scans next */
    OVERHEAD_LIMIT = 32 /* a scan waits for as many times its own length */
};

#define NSEC_PER_MSEC INT64_C(1000000)

/* ------------------------------------------------------------------------------------------- */
/* Periods                                                                                      */

int64_t numa_rss_pages(const struct numasim_self *self, const struct numasim_task *task)
{
    (void)self;
    return task->process->resident_bytes / 4096;
}

struct numa_sharing numa_sharing_of(const struct numasim_self *self, const struct numa_task *own)
{
    struct numa_sharing sharing = {0};

    if (own->group == NULL) {
        return sharing;
    }
    sharing.nr_tasks = own->group->nr_tasks;
    for (int32_t n = 0; n < numa_state(self)->nr_nodes; n++) {
        sharing.shared += *numa_count(self, own->group->faults, NUMA_MEM, n, false);
        sharing.private += *numa_count(self, own->group->faults, NUMA_MEM, n, true);
    }
    return sharing;
}

static int64_t scan_start_ms(const struct numasim_self *self, const struct numasim_task *task)
{
    struct numa_sharing sharing = numa_sharing_of(self, numa_task(self, task));

    return numa_scan_start_ms(&numa_state(self)->knobs, numa_rss_pages(self, task), &sharing);
}

static int64_t scan_max_ms(const struct numasim_self *self, const struct numasim_task *task)
{
    struct numa_sharing sharing = numa_sharing_of(self, numa_task(self, task));

    return numa_scan_max_ms(&numa_state(self)->knobs, numa_rss_pages(self, task), &sharing);
}

int64_t numa_tick(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    struct numa_mm *mm = numa_mm(self, task->process);
    int64_t runtime_ns = task->se.sum_exec_ns, period_ns = own->period_ms * NSEC_PER_MSEC;

    if (self->param[NUMA_PARAM_BALANCING] == 0) {
        return NUMASIM_TIME_NEVER;
    }
    task->numa->scan_seq = mm->scan_seq;
    if (runtime_ns > own->node_stamp_ns + period_ns) {
        if (own->node_stamp_ns == 0) {
            own->period_ms = scan_start_ms(self, task);
        }
        own->node_stamp_ns += period_ns;
        if (numasim_jiffies(self->host) >= mm->next_scan_j) {
            numasim_task_work(self->host, task);
        }
    }
    /* It runs at most as fast as time passes. */
    int64_t left_ns = own->node_stamp_ns + own->period_ms * NSEC_PER_MSEC - runtime_ns;

    return numasim_now(self->host) + (left_ns > 0 ? left_ns : 0) + 1;
}

/* ------------------------------------------------------------------------------------------- */
/* Areas                                                                                        */

bool numa_follows_faults(const struct numasim_self *self, const struct numasim_task *task,
                         const struct numasim_region *region)
{
    const struct numasim_mempolicy *policy =
        region->mempolicy != NULL ? region->mempolicy : task->mempolicy;

    switch (policy->mode) {
    case NUMASIM_MPOL_DEFAULT:
        return true;
    case NUMASIM_MPOL_BIND:
        return (policy->flags & NUMASIM_MPOL_F_NUMA_BALANCING) != 0;
    case NUMASIM_MPOL_PREFERRED_MANY:
        return (policy->flags & NUMASIM_MPOL_F_NUMA_BALANCING) != 0 &&
               self->param[NUMA_PARAM_PREFERRED_MANY] != 0;
    default:
        return false;
    }
}

/* Rules 1 to 3: memory that is never scanned. Written pages of a file that is mapped shared stay dirty
 * here, as nothing writes them back. */
static bool is_scanned(const struct numasim_self *self, const struct numasim_task *task,
                       const struct numasim_region *region)
{
    return numa_follows_faults(self, task, region) && !region->hugetlb &&
           !(region->file && (!region->writable || region->shared));
}

void numa_vma_accessed(const struct numasim_self *self, const struct numasim_task *task,
                       struct numasim_region *region)
{
    struct numa_vma *vma = region->state[self->slot];

    if (vma->begun) {
        vma->pids[0] |= UINT64_C(1) << numa_pid_hash((uint32_t)numa_pid(task));
    }
}

/* vma_is_accessed() */
static bool is_accessed(const struct numasim_self *self, const struct numasim_task *task,
                        const struct numasim_region *region)
{
    const struct numa_vma *vma = region->state[self->slot];
    const struct numa_mm *mm = numa_mm(self, task->process);
    int64_t rule = self->param[NUMA_PARAM_VMA_SCAN];
    uint32_t bit = numa_pid_hash((uint32_t)numa_pid(task));

    if (mm->scan_seq - (rule == NUMA_VMA_PID ? 0 : vma->start_seq) < 2 ||
        ((vma->pids[0] | vma->pids[1]) >> bit & 1) != 0) {
        return true;
    }
    /* Who began with an area need not be who ends with it. */
    if (rule >= NUMA_VMA_SEQ && mm->scan_offset > region->first_vpn) {
        return true;
    }
    return rule >= NUMA_VMA_STARVED && mm->scan_seq > vma->prev_seq + task->process->nr_threads;
}

static void begin_vma(const struct numasim_self *self, struct numa_vma *vma,
                      const struct numa_mm *mm)
{
    int64_t delay_j = numa_ms_to_jiffies(self, self->param[NUMA_PARAM_SCAN_DELAY]);

    vma->begun = true;
    vma->start_seq = mm->scan_seq;
    vma->prev_seq = mm->scan_seq - 1;
    vma->next_scan_j = numasim_jiffies(self->host) + delay_j;
    vma->reset_j = vma->next_scan_j + RESET_DELAYS * delay_j;
}

static void forget_pids(const struct numasim_self *self, struct numa_vma *vma,
                        const struct numa_mm *mm)
{
    if (mm->scan_seq != 0 && numasim_jiffies(self->host) > vma->reset_j) {
        vma->reset_j += RESET_DELAYS * numa_ms_to_jiffies(self, self->param[NUMA_PARAM_SCAN_DELAY]);
        vma->pids[1] = vma->pids[0];
        vma->pids[0] = 0;
    }
}

/* One scan. */
struct scan {
    struct numasim_self *self;
    struct numasim_task *task;
    struct numa_mm *mm;
    int64_t start; /* the page it goes on with */
    int64_t pages, virt;
    bool forced, skipped_by_pid;
    int64_t cost_ns;
    uint64_t skip[4], skip_huge[4]; /* bitmaps of nodes */
};
_Static_assert(sizeof(((struct scan *)NULL)->skip) * 8 >= 256, "as many nodes as there may be");

/* Rules 4 to 8: what a release knows of each area. */
static bool skips_area(struct scan *s, struct numasim_region *region)
{
    const struct numasim_self *self = s->self;
    struct numa_vma *vma = region->state[self->slot];
    int64_t rule = self->param[NUMA_PARAM_VMA_SCAN];

    if (rule == NUMA_VMA_ALL) {
        return false;
    }
    if (!vma->begun) {
        begin_vma(self, vma, s->mm);
    }
    if (s->mm->scan_seq != 0 && numasim_jiffies(self->host) < vma->next_scan_j) {
        return true;
    }
    if (rule >= NUMA_VMA_SEQ) {
        forget_pids(self, vma, s->mm);
        if (vma->prev_seq == s->mm->scan_seq) {
            s->mm->scan_offset = region->first_vpn + region->nr_pages;
            return true;
        }
    }
    if (!s->forced && !is_accessed(self, s->task, region)) {
        s->skipped_by_pid = true;
        return true;
    }
    if (rule == NUMA_VMA_PID) {
        forget_pids(self, vma, s->mm);
    }
    return false;
}

/* ------------------------------------------------------------------------------------------- */
/* A scan                                                                                       */

static bool is_over(const struct scan *s)
{
    return s->pages <= 0 || s->virt <= 0;
}

static void scan_area(struct scan *s, struct numasim_region *region)
{
    int64_t first = region->first_vpn, end = first + region->nr_pages;
    int64_t huge = HUGE_BYTES / numasim_page_bytes(s->self->host);

    s->start = s->start > first ? s->start : first;
    while (s->start < end && !is_over(s)) {
        int64_t upto = (s->start + s->pages + huge - 1) / huge * huge;

        upto = upto < end ? upto : end;
        struct numasim_protected done =
            numasim_protect_range(s->self->host, s->task, region->id, s->start - first,
                                  upto - s->start, s->skip, s->skip_huge);

        s->cost_ns += done.cost_ns;
        if (done.nr_pages > 0) {
            s->pages -= upto - s->start;
        }
        s->virt -= upto - s->start;
        s->start = upto;
    }
}

/* Which nodes' pages need no protection: fast memory if only slow is looked at, which Colloid does not;
 * and the node where the only task is, for Colloid as well (tpp/linux-6.3/mm/mprotect.c of its authors). */
static void choose_nodes(struct scan *s, const struct numasim_region *region)
{
    const struct numasim_self *self = s->self;
    int32_t here = numasim_cpu(self->host, s->task->cpu)->node;
    bool alone = !region->shared && s->task->process->nr_threads == 1;

    memset(s->skip, 0, sizeof(s->skip));
    memset(s->skip_huge, 0, sizeof(s->skip_huge));
    for (int32_t n = 0; n < numa_state(self)->nr_nodes; n++) {
        bool fast = !numa_mode(self, NUMA_MODE_NORMAL) && !numa_colloid(self) &&
                    numasim_node(self->host, n)->top_tier;
        uint64_t bit = UINT64_C(1) << (n & 63);

        if (fast || (alone && n == here)) {
            s->skip[n >> 6] |= bit;
        }
        if (fast || (alone && n == here && self->param[NUMA_PARAM_HUGE_LOCAL_SKIP] != 0)) {
            s->skip_huge[n >> 6] |= bit;
        }
    }
}

/* Goes through the areas from s->start on; true if it ended within one. */
static bool scan_areas(struct scan *s)
{
    struct numasim_process *process = s->task->process;

    for (int32_t i = 0; i < numasim_nr_regions(process); i++) {
        struct numasim_region *region = numasim_region(process, i);
        int64_t end = region->first_vpn + region->nr_pages;

        if (end <= s->start || !is_scanned(s->self, s->task, region) || skips_area(s, region)) {
            continue;
        }
        choose_nodes(s, region);
        scan_area(s, region);
        if (is_over(s)) {
            return true;
        }
        if (s->self->param[NUMA_PARAM_VMA_SCAN] >= NUMA_VMA_SEQ) {
            struct numa_vma *vma = region->state[s->self->slot];

            vma->prev_seq = s->mm->scan_seq;
            if (s->forced) {
                return true;
            }
        }
    }
    return false;
}

static int64_t end_of_areas(const struct numasim_process *process)
{
    int32_t nr = numasim_nr_regions(process);

    if (nr == 0) {
        return 0;
    }
    const struct numasim_region *last = numasim_region(process, nr - 1);

    return last->first_vpn + last->nr_pages;
}

static void begin_pass(struct numa_mm *mm)
{
    mm->scan_seq++;
    mm->scan_offset = 0;
}

static void scan(struct scan *s)
{
    struct numa_mm *mm = s->mm;
    bool inside;

    s->start = mm->scan_offset;
    if (end_of_areas(s->task->process) <= s->start) {
        begin_pass(mm);
        s->start = 0;
    }
    inside = scan_areas(s);
    if (!inside && s->skipped_by_pid && s->self->param[NUMA_PARAM_VMA_SCAN] >= NUMA_VMA_SEQ) {
        s->forced = true;
        s->start = mm->scan_offset;
        inside = scan_areas(s);
    }
    if (inside) {
        mm->scan_offset = s->start;
    } else {
        begin_pass(mm);
    }
}

static bool one_node_only(const struct numasim_self *self, const struct numasim_task *task)
{
    const uint64_t *allowed = task->process->allowed_nodes;
    int32_t nr = numa_state(self)->nr_nodes;

    if (allowed == NULL || self->param[NUMA_PARAM_ONE_NODE_SKIP] == 0) {
        return false;
    }
    int32_t first = numasim_mask_next(allowed, NULL, nr, 0);

    return numasim_mask_next(allowed, NULL, nr, first + 1) >= nr;
}

void numa_task_work(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    struct numa_mm *mm = numa_mm(self, task->process);
    int64_t now_j = numasim_jiffies(self->host), tick_ns = numasim_tick_ns(self->host);
    struct scan s = {.self = self, .task = task, .mm = mm};

    if (one_node_only(self, task)) {
        return;
    }
    if (mm->next_scan_j == 0) {
        mm->next_scan_j = now_j + numa_ms_to_jiffies(self, self->param[NUMA_PARAM_SCAN_DELAY]);
    }
    if (now_j < mm->next_scan_j) {
        return;
    }
    if (own->period_ms == 0) {
        own->period_max_ms = scan_max_ms(self, task);
        own->period_ms = scan_start_ms(self, task);
    }
    mm->next_scan_j = now_j + numa_ms_to_jiffies(self, own->period_ms);
    own->node_stamp_ns += STAMP_TICKS * tick_ns;
    s.pages = self->param[NUMA_PARAM_SCAN_SIZE] * (MB_BYTES / numasim_page_bytes(self->host));
    s.virt = s.pages * VIRT_FACTOR;
    scan(&s);
    /* Only ticks that come meanwhile bring the runtime up to date. */
    own->node_stamp_ns += OVERHEAD_LIMIT * (s.cost_ns / tick_ns * tick_ns);
    task->numa->scan_seq = mm->scan_seq;
}
