/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tpp - transparent page placement: pages that are met twice are promoted, pages that nobody meets are
 * demoted before memory runs out.
 *
 * IDEA. Only slow memory is protected, piece by piece, so that its next access is a hint fault. The first
 * fault marks a page active, the next one promotes it. Allocation and reclaim have watermarks of their
 * own: while less than 2 % of fast memory are free, a thread moves pages that were not accessed to slow
 * memory, so that new pages find room there.
 *
 * This is TPP as it was published. What became of it in the kernel, promotion by the latency of hint
 * faults, is linux-numa with numa_balancing=2.
 *
 * SOURCE. Maruf et al., TPP, ASPLOS 2023. Scanning: kernel/sched/fair.c: task_numa_work(), 6.3.
 *
 * FITS. Two tiers; long runs, as a scan goes over 256 MiB a second.
 *
 * DOES NOT FIT. The scan has one period, which does not adapt. The LRU lists are one bit for each page,
 * set anew every second. The first node of each tier only.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(populations) a second, O(1) for each batch of faults.
 */
#include "memcg-reclaim.h"
#include "tier-scan.h"

enum param { PARAM_SCAN_PERIOD, PARAM_SCAN_SIZE, PARAM_DEMOTE_SCALE, PARAM_LRU_PERIOD };

static const struct numasim_param params[] = {
    TIER_SCAN_PARAMS("6.3"),
    {.name = "demote_scale_factor",
     .type = NUMASIM_PARAM_INT,
     .def = 200,
     .min = 1,
     .max = 3000,
     .doc = "Fast memory that demotion keeps free, in 1/10000 of it.",
     .knob = "vm.demote_scale_factor",
     .source = "Maruf et al., ASPLOS 2023: 2 % of the node"},
    TIER_LRU_PARAM,
    {.name = NULL},
};

enum reason { REASON_ACTIVATED = PAGE_ALLOC_FULL + 1, REASON_PROMOTED, REASON_STAYS };

static const char *const reasons[] = {PAGE_ALLOC_REASONS, "first-fault", "second-fault", "stays",
                                      NULL};

static const char daemon_name[] = "kdemoted";

enum { DRAW_LRU = 0x747070 };

struct tpp {
    struct two_tier tiers;
    uint64_t draws, skip_fast[INTERLEAVE_MAX_NODES / 64];
    int64_t aged_ns;
};

/* ------------------------------------------------------------------------------------------- */
/* Scanning                                                                                     */

static int64_t tick(struct numasim_self *self, struct numasim_task *task)
{
    const struct tpp *own = self->state;

    return own->tiers.slow < 0 ? NUMASIM_TIME_NEVER
                               : tier_scan_tick(self, task, task->process->state[self->slot]);
}

static void task_work(struct numasim_self *self, struct numasim_task *task)
{
    const struct tpp *own = self->state;
    struct tier_scan_rules rules = {self->param[PARAM_SCAN_PERIOD], self->param[PARAM_SCAN_SIZE],
                                    own->skip_fast};

    tier_scan_work(self, task, task->process->state[self->slot], &rules);
}

/* ------------------------------------------------------------------------------------------- */
/* Faults                                                                                       */

static void hint_fault(struct numasim_self *self, struct numasim_fault *f,
                       struct numasim_decision *d)
{
    struct tpp *own = self->state;

    f->set_last_cpu = f->cpu;
    if (f->pages.node != own->tiers.slow) {
        numasim_decide(d, -1, REASON_STAYS);
    } else if (f->pages.last_cpu < 0) {
        numasim_decide(d, -1, REASON_ACTIVATED);
    } else {
        f->target = own->tiers.fast;
        f->set_tag = TIER_PAGE_ACTIVE; /* as its page is (mm/migrate.c: migrate_page_states()) */
        numasim_node(self->host, own->tiers.fast)->vmstat[NUMASIM_PGPROMOTE_CANDIDATE] +=
            (uint64_t)f->pages.nr_pages;
        numasim_decide(d, f->target, REASON_PROMOTED);
    }
}

static void fault_done(struct numasim_self *self, const struct numasim_fault *f)
{
    const struct tpp *own = self->state;

    if (f->target >= 0) {
        numasim_node(self->host, own->tiers.fast)->vmstat[NUMASIM_PGPROMOTE_SUCCESS] +=
            (uint64_t)(f->nr_moved * (f->pages.page_bytes / numasim_page_bytes(self->host)));
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Demotion                                                                                     */

static int64_t daemon_runs(struct numasim_self *self, int32_t node)
{
    struct tpp *own = self->state;
    const struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);
    int32_t cpu = two_tier_cpu(self->host, daemon_name, node);
    int64_t now_ns = numasim_now(self->host);

    tier_demote(self, &own->tiers, cpu,
                fast->total_bytes / 10000 * self->param[PARAM_DEMOTE_SCALE]);
    if (now_ns - own->aged_ns >= self->param[PARAM_LRU_PERIOD]) {
        own->aged_ns = now_ns;
        tier_age(self, own->tiers.fast, DRAW_LRU, &own->draws);
    }
    return now_ns + self->param[PARAM_LRU_PERIOD] / 10;
}

/* ------------------------------------------------------------------------------------------- */

static bool init(struct numasim_self *self, char *error, size_t size)
{
    struct tpp *own = self->state;

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
    struct tpp *own = self->state;

    (void)parent;
    two_tier_task_init(self, &own->tiers, task);
}

static const struct numasim_numa_ops numa = {
    .tick = tick, .task_work = task_work, .hint_fault = hint_fault, .fault_done = fault_done};
static const struct numasim_tier_ops tier = {
    .alloc = two_tier_alloc,
    .daemon = daemon_runs,
    .daemon_name = daemon_name,
    .reclaim = memcg_reclaim_cache,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "tpp",
    .summary = "pages met twice are promoted, pages not met are demoted before memory runs out",
    .version = "1",
    .essay =
        "Slow memory is protected piece by piece. The first hint fault marks a page active, the\n"
        "next one promotes it. While less than 2 % of fast memory are free, a thread moves pages\n"
        "that were not accessed to slow memory. Fills the roles numa and tier. Source: TPP\n"
        "(ASPLOS 2023). The scan's period does not adapt. O(populations) a second.\n",
    .params = params,
    .reasons = reasons,
    .state_size = sizeof(struct tpp),
    .process_state_size = sizeof(struct tier_scan),
    .init = init,
    .task_init = task_init,
    .numa = &numa,
    .tier = &tier,
};
