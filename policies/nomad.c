/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nomad - non-exclusive memory tiering: pages are promoted by a thread of the kernel while they stay mapped,
 * and leave a copy behind.
 *
 * IDEA. TPP makes the task that meets a hot page copy it. Here the hint fault only queues the page, one
 * fault is enough, and a thread promotes what is queued as a transaction: it copies the page, which
 * stays mapped and accessible, and the copy takes its place unless somebody wrote to the page meanwhile.
 * Then the copy was in vain and is made again, up to ten times. So promotion is off the critical path.
 *
 * The old page stays in slow memory as a shadow, until the first store to the new one, which faults for
 * it. While it is there, demotion only maps it again: where fast memory is too small and pages come and
 * go, that is half of the copying less. Shadows take slow memory that nobody needs: who does, gets it.
 *
 * Slow memory is scanned and fast memory demoted as TPP does it.
 *
 * SOURCE. Xiang et al., Nomad, OSDI 2024; github.com/lingfenghsiang/Nomad, commit 0fafe0eff: queue, look-back
 * and shadows in src/nomad_module/async_promote_main.c; passes in nomad_transit_pages(), reclaim of
 * shadows in alloc_demote_page(), both in src/implementation_patches/nomad.patch.
 *
 * FITS. Two tiers, fast memory under pressure, pages that are read more than written.
 *
 * DOES NOT FIT. Anonymous memory alone is promoted, as there; huge pages as a whole. A page is queued at its
 * fault, not when one of the next twenty faults finds that it was accessed again. What was demoted is
 * not protected at once but by the next scan. The first node of each tier only.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(populations of slow memory) for each batch that is promoted,
 * O(populations) a second.
 */
#include "memcg-reclaim.h"
#include "tier-scan.h"

enum param {
    PARAM_SCAN_PERIOD,
    PARAM_SCAN_SIZE,
    PARAM_DEMOTE_SCALE,
    PARAM_LRU_PERIOD,
    PARAM_QUEUE_LEN,
    PARAM_PASSES
};

static const struct numasim_param params[] = {
    TIER_SCAN_PARAMS("5.13"),
    {.name = "demote_scale_factor",
     .type = NUMASIM_PARAM_INT,
     .def = 200,
     .min = 1,
     .max = 3000,
     .doc = "Fast memory that demotion keeps free, in 1/10000 of it; two high watermarks at least.",
     .knob = "vm.demote_scale_factor",
     .source = "Nomad, src/implementation_patches/nomad.patch: demote_scale_factor"},
    TIER_LRU_PARAM,
    {.name = "queue_len",
     .type = NUMASIM_PARAM_INT,
     .def = 512,
     .min = 64,
     .max = 1048576,
     .doc = "Pages that wait for their promotion at most; who meets another stays.",
     .source = "Nomad, src/nomad_module/async_promote_main.c: PROMOTE_QUEUE_LEN"},
    {.name = "passes",
     .type = NUMASIM_PARAM_INT,
     .def = 10,
     .min = 1,
     .max = 100,
     .doc = "Times that a page is copied while it is written to each time.",
     .source = "Nomad, src/implementation_patches/nomad.patch: nomad_transit_pages()"},
    {.name = NULL},
};

enum reason { REASON_QUEUED = PAGE_ALLOC_FULL + 1, REASON_QUEUE_FULL, REASON_STAYS };

static const char *const reasons[] = {PAGE_ALLOC_REASONS, "queued", "queue-full", "stays", NULL};

static const char daemon_name[] = "knomad";

/* A page that waits for its promotion; the other tags are those of tier-scan.h. */
enum { DRAW_LRU = 0x6e6f6d61, TAG_QUEUED = 2 };

struct nomad {
    struct two_tier tiers;
    uint64_t draws, skip_fast[INTERLEAVE_MAX_NODES / 64];
    int64_t queued; /* pages, a huge one as one */
    int64_t aged_ns;
};

/* ------------------------------------------------------------------------------------------- */
/* Scanning                                                                                     */

static int64_t tick(struct numasim_self *self, struct numasim_task *task)
{
    const struct nomad *own = self->state;

    return own->tiers.slow < 0 ? NUMASIM_TIME_NEVER
                               : tier_scan_tick(self, task, task->process->state[self->slot]);
}

static void task_work(struct numasim_self *self, struct numasim_task *task)
{
    const struct nomad *own = self->state;
    struct tier_scan_rules rules = {self->param[PARAM_SCAN_PERIOD], self->param[PARAM_SCAN_SIZE],
                                    own->skip_fast};

    tier_scan_work(self, task, task->process->state[self->slot], &rules);
}

/* ------------------------------------------------------------------------------------------- */
/* Promotion                                                                                    */

static bool may_be_promoted(const struct numasim_self *self, const struct numasim_pages *pages)
{
    const struct nomad *own = self->state;
    const struct numasim_region *region = numasim_region(pages->process, pages->region);

    return pages->node == own->tiers.slow && pages->tag != TAG_QUEUED && !region->file &&
           !region->shared && !two_tier_is_bound(pages);
}

static void hint_fault(struct numasim_self *self, struct numasim_fault *f,
                       struct numasim_decision *d)
{
    struct nomad *own = self->state;

    f->set_last_cpu = f->cpu;
    if (!may_be_promoted(self, &f->pages)) {
        numasim_decide(d, -1, REASON_STAYS);
    } else if (own->queued + f->nr_faults > self->param[PARAM_QUEUE_LEN]) {
        numasim_decide(d, -1, REASON_QUEUE_FULL);
    } else {
        if (own->queued == 0) {
            numasim_wake_daemon(self->host, own->tiers.slow, numasim_now(self->host));
        }
        own->queued += f->nr_faults;
        f->set_tag = TAG_QUEUED;
        numasim_node(self->host, own->tiers.fast)->vmstat[NUMASIM_PGPROMOTE_CANDIDATE] +=
            (uint64_t)f->pages.nr_pages;
        numasim_decide(d, own->tiers.fast, REASON_QUEUED);
    }
}

/* Promotes all that is queued, as far as there is room: no promotion reclaims any. */
static void promote(struct numasim_self *self, int32_t cpu)
{
    struct nomad *own = self->state;
    struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);
    struct numasim_pages pages = {0};

    own->queued = 0;
    while (numasim_next_pages(self->host, NULL, own->tiers.slow, &pages)) {
        if (pages.tag != TAG_QUEUED) {
            continue;
        }
        /* Done with, whatever comes of it; and it was accessed: in fast memory it is active. */
        numasim_tag_pages(self->host, &pages, pages.nr_pages, TIER_PAGE_ACTIVE);
        pages.tag = TIER_PAGE_ACTIVE;
        pages.accesses_x256 = 0;
        fast->vmstat[NUMASIM_PGPROMOTE_SUCCESS] +=
            (uint64_t)numasim_transact_pages(self->host, cpu, &pages, pages.nr_pages,
                                             own->tiers.fast, fast->low_bytes,
                                             (int32_t)self->param[PARAM_PASSES], true)
                .nr_moved;
    }
}

/* ------------------------------------------------------------------------------------------- */

/* Shadows go where so many bytes found no room in slow memory. */
static void make_room(struct numasim_self *self, int32_t cpu, int64_t bytes)
{
    const struct nomad *own = self->state;
    const struct numasim_node *slow = numasim_node(self->host, own->tiers.slow);
    int64_t page = numasim_page_bytes(self->host);

    if (bytes > slow->free_bytes && slow->copy_bytes > 0) {
        numasim_reclaim_copies(self->host, cpu, own->tiers.slow,
                               (bytes - slow->free_bytes + page - 1) / page);
    }
}

/* Bytes that demotion keeps free: no less than two high watermarks. */
static int64_t demote_bytes(const struct numasim_self *self, const struct numasim_node *fast)
{
    int64_t part = fast->total_bytes / 10000 * self->param[PARAM_DEMOTE_SCALE];

    return part > 2 * fast->high_bytes ? part : 2 * fast->high_bytes;
}

/* The slow node's thread promotes, the fast one's demotes. */
static int64_t daemon_runs(struct numasim_self *self, int32_t node)
{
    struct nomad *own = self->state;
    const struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);
    int64_t wanted = demote_bytes(self, fast);
    int64_t now_ns = numasim_now(self->host);
    int32_t cpu = numasim_daemon_cpu(self->host, node);

    if (node == own->tiers.slow) {
        promote(self, cpu);
        return NUMASIM_TIME_NEVER;
    }
    tier_demote(self, &own->tiers, cpu, wanted);
    if (fast->free_bytes < wanted) {
        make_room(self, cpu, wanted - fast->free_bytes);
        tier_demote(self, &own->tiers, cpu, wanted);
    }
    if (now_ns - own->aged_ns >= self->param[PARAM_LRU_PERIOD]) {
        own->aged_ns = now_ns;
        tier_age(self, own->tiers.fast, DRAW_LRU, &own->draws);
    }
    return now_ns + self->param[PARAM_LRU_PERIOD] / 10;
}

static bool init(struct numasim_self *self, char *error, size_t size)
{
    struct nomad *own = self->state;

    (void)error;
    (void)size;
    own->tiers = two_tier_find(self->host);
    if (own->tiers.fast >= 0) {
        own->skip_fast[own->tiers.fast >> 6] |= UINT64_C(1) << (own->tiers.fast & 63);
    }
    return true;
}

static void task_init(struct numasim_self *self, struct numasim_task *task,
                      struct numasim_task *parent)
{
    struct nomad *own = self->state;

    (void)parent;
    two_tier_task_init(self, &own->tiers, task);
}

static const struct numasim_numa_ops numa = {
    .tick = tick, .task_work = task_work, .hint_fault = hint_fault};
static const struct numasim_tier_ops tier = {
    .alloc = two_tier_alloc,
    .daemon = daemon_runs,
    .daemon_name = daemon_name,
    .reclaim = memcg_reclaim_cache,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "nomad",
    .summary = "pages are promoted while they stay mapped, and leave a shadow to be demoted to",
    .version = "1",
    .essay =
        "Slow memory is protected piece by piece. A hint fault queues the page; a thread copies "
        "it\n"
        "while it stays mapped, and the copy takes its place unless it was written meanwhile. "
        "While\n"
        "less than 2 % of fast memory are free, another moves pages that were not accessed to "
        "slow\n"
        "memory. Fills the roles numa and tier. Source: Nomad (OSDI 2024) and its published code.\n"
        "O(populations of slow memory) for each batch of promotions.\n",
    .params = params,
    .reasons = reasons,
    .state_size = sizeof(struct nomad),
    .process_state_size = sizeof(struct tier_scan),
    .init = init,
    .task_init = task_init,
    .numa = &numa,
    .tier = &tier,
};
