/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-balance - the load balancer of Linux, 5.9 to 7.3.
 *
 * IDEA. A task that wakes looks for an idle CPU near the CPU that woke it or the one it ran on, and
 * only there: within one LLC, within a limit that falls as the LLC fills. Everything else is evened
 * out later, by CPUs that pull: one that runs out of work (newidle), one whose time has come
 * (periodic, at ticks), one idle CPU on behalf of all (nohz). They pull along the sched_domains,
 * innermost first and farther ones more rarely, from the group that needs it most.
 *
 * SOURCE. kernel/sched/fair.c and kernel/sched/topology.c of Linux 6.12 (with the stable backport of
 * randomised newidle skipping); each file of this folder names the functions that it stands for.
 * Rules that other releases have instead are parameters, and the sets linux-*.yaml choose.
 *
 * FITS. Machines with SMT, clusters, several LLCs to a node and several nodes, CPUs of unlike
 * capacity or rank; fair tasks.
 *
 * DOES NOT FIT. Energy-aware placement and time that interrupts take are not modelled. asym.c and
 * llc.c say what is simpler there than in the kernel. Averages of sleeping tasks are always up to date, so the
 * kernel's kicks that only update them do not exist. CPUs with one task take turns in checking for
 * nohz kicks instead of doing so at every tick.
 *
 * PARAMETERS. See params.c.
 *
 * COMPLEXITY. A wakeup: O(1) when the target, the previous or the recent CPU idles, else O(words of
 * the LLC's bitmap). A tick with nothing due: O(1). A balance of a domain, only by the CPU that should
 * balance it: O(words of its bitmap and CPUs of it with several tasks), and where loads are asked for
 * O(CPUs of it whose load changed), as the host keeps sums of the others. fork, exec: the same for each
 * level, and O(CPUs that idle, else all) of each group that is chosen.
 */
#include <string.h>

#include "linux-balance.h"

const char *const lb_reasons[] = {
    [LB_REASON_TARGET_IDLE] = "target-idle",
    [LB_REASON_PREV_IDLE] = "prev-idle",
    [LB_REASON_KTHREAD_WAKER] = "kthread-waker",
    [LB_REASON_RECENT_IDLE] = "recent-cpu-idle",
    [LB_REASON_NEAR_IDLE] = "idle-outside-cluster",
    [LB_REASON_CAPACITY] = "by-capacity",
    [LB_REASON_IDLE_CORE] = "idle-core",
    [LB_REASON_IDLE_SIBLING] = "idle-sibling",
    [LB_REASON_IDLE_SCAN] = "idle-scan",
    [LB_REASON_SCAN_FORBIDDEN] = "llc-too-busy-to-scan",
    [LB_REASON_NO_IDLE] = "no-idle-found",
    [LB_REASON_NOT_ALLOWED] = "not-allowed-there",
    [LB_REASON_IDLEST] = "idlest-group",
    [LB_REASON_STAY] = "local-group",
    [LB_REASON_NO_DOMAIN] = "no-domain",
    [LB_REASON_NO_OVERLOAD] = "no-cpu-has-two",
    [LB_REASON_SHORT_IDLE] = "idle-too-short",
    [LB_REASON_PULLED] = "pulled",
    [LB_REASON_BALANCED] = "balanced",
    [LB_REASON_NOT_DUE] = "interval-not-due",
    [LB_REASON_OTHER_BALANCES] = "another-cpu-balances",
    [LB_REASON_SERIALIZED] = "another-domain-balances",
    [LB_REASON_SMALL_IMBALANCE] = "imbalance-below-threshold",
    [LB_REASON_NUMA_ALLOWANCE] = "numa-imbalance-allowed",
    [LB_REASON_NO_SOURCE] = "no-cpu-to-take-from",
    [LB_REASON_PINNED] = "affinity",
    [LB_REASON_SLEEPS] = "dequeue-pending",
    [LB_REASON_NOT_ITS_TURN] = "not-its-turn",
    [LB_REASON_LOCALITY] = "numa-locality",
    [LB_REASON_LLC_PREFERRED] = "preferred-llc",
    [LB_REASON_CACHE_HOT] = "cache-hot",
    [LB_REASON_TOO_BIG] = "larger-than-the-imbalance",
    NULL,
};

int64_t lb_task_h_load(struct numasim_host *host, struct numasim_task *task)
{
    return (int64_t)numasim_task_h_load(host, task);
}

/* The schedules of a CPU's domains begin at phases that differ from boot to boot. */
static void start_domains(struct numasim_self *self, const struct numasim_cpu *c, int64_t now_j)
{
    const struct numasim_host *host = self->host;

    for (struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        struct lb_domain *own = lb_domain(self, sd);
        int64_t idle_j = lb_interval_jiffies(sd->min_interval, 1, false, false,
                                             numasim_tick_ns(host), numasim_nr_online(host));
        uint64_t phase_j = numasim_boot_random(host, (uint64_t)c->id, sd->level, (uint64_t)idle_j);

        for (uint32_t i = 0; i < sd->nr_groups; i++) {
            lb_start_group(self, &sd->groups[i]);
        }
        own->last_balance_j = now_j - (int64_t)phase_j;
        own->cost_decayed_j = now_j;
        own->balance_interval_ms = sd->min_interval;
        own->newidle_call = 512; /* kernel/sched/topology.c: sd_init() */
        own->newidle_success = 256;
        own->newidle_ratio = 512;
        own->newidle_since_ns = numasim_now(host);
    }
}

/* First CPU of the largest domain of @c whose CPUs share a cluster; @otherwise without one. */
static int32_t first_of_cluster(const struct numasim_self *self, const struct numasim_cpu *c,
                                int32_t otherwise)
{
    int32_t first = otherwise;

    for (const struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        if (sd->flags & NUMASIM_SD_CLUSTER) {
            first = numasim_mask_next(sd->span, NULL, numasim_nr_cpus(self->host), 0);
        }
    }
    return first;
}

static void start_cpu(struct numasim_self *self, const struct numasim_cpu *c, int64_t now_j)
{
    const struct numasim_domain *llc = c->llc_domain;
    struct lb_cpu *own = lb_cpu(self, c->id);

    own->next_balance_j = now_j;
    own->kick_check_j = now_j;
    own->max_idle_cost_ns = self->param[LB_PARAM_MIGRATION_COST];
    own->llc_first =
        llc != NULL ? numasim_mask_next(llc->span, NULL, numasim_nr_cpus(self->host), 0) : c->id;
    own->llc_weight = llc != NULL ? llc->span_weight : 1;
    own->llc = &lb_cpu(self, own->llc_first)->shared;
    own->share_first = first_of_cluster(self, c, own->llc_first);
    own->avg_scan_cost_ns = 0;
    own->capacity = (uint32_t)c->capacity;
    own->nohz = c->online && c->idle;
    start_domains(self, c, now_j);
}

/* Several LLCs in one partition make gathering processes under one of them worth the trouble. */
static void start_cache(const struct numasim_self *self, const struct numasim_cpu *c)
{
    const struct numasim_domain *smt = c->domain;
    struct lb_state *state = lb_state(self);

    if (smt != NULL && (smt->flags & NUMASIM_SD_SHARE_CPUCAPACITY) &&
        smt->span_weight > state->threads_per_core) {
        state->threads_per_core = smt->span_weight;
    }
    state->cache_active |= self->param[LB_PARAM_LLC_BALANCING] != 0 && c->llc_domain != NULL &&
                           c->llc_domain->parent != NULL;
}

static void lb_migrated(struct numasim_self *self, struct numasim_task *task, int32_t from,
                        int32_t to)
{
    (void)to;
    lb_llc_account(self, task, from);
}

static void lb_domains_built(struct numasim_self *self)
{
    struct numasim_host *host = self->host;
    struct lb_state *state = lb_state(self);
    int32_t nr_cpus = numasim_nr_cpus(host);
    int64_t now_j = numasim_jiffies(host);

    state->nohz_next_j = now_j;
    state->nr_nohz = 0;
    state->smt_active = false;
    state->cluster_active = false;
    state->cache_active = false;
    state->threads_per_core = 1;
    state->asym_capacity = false;
    state->capacity_changes = false;
    state->max_capacity = 0;
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        lb_cpu(self, cpu)->shared = (struct lb_llc){0};
    }
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        const struct numasim_cpu *c = numasim_cpu(host, cpu);
        struct lb_cpu *own = lb_cpu(self, cpu);

        start_cpu(self, c, now_j);
        state->nr_nohz += own->nohz;
        own->llc->nr_busy += c->online && !own->nohz;
        own->llc->has_idle_cores |= numasim_mask_test(numasim_idle_core_mask(host), cpu);
        if (c->domain != NULL && (c->domain->flags & NUMASIM_SD_SHARE_CPUCAPACITY)) {
            state->smt_active = true;
        }
        start_cache(self, c);
        state->asym_capacity |= lb_is_asym_capacity(c);
        if ((uint32_t)c->capacity > state->max_capacity) {
            state->max_capacity = (uint32_t)c->capacity;
        }
        for (const struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
            state->cluster_active |=
                (sd->flags & NUMASIM_SD_CLUSTER) != 0 && self->param[LB_PARAM_SIS_CLUSTER] != 0;
        }
    }
}

static bool lb_init(struct numasim_self *self, char *error, size_t size)
{
    static const char too_many[] = "more CPUs than it was built for (LB_MAX_CPUS)";
    struct lb_state *state = lb_state(self);
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    if (nr_cpus > LB_MAX_CPUS) {
        strncpy(error, too_many, size - 1);
        error[size - 1] = '\0';
        return false;
    }
    state->nr_words = (nr_cpus + 63) / 64;
    state->idle = numasim_idle_mask(self->host);
    state->single = numasim_single_mask(self->host);
    state->hz = INT64_C(1000000000) / numasim_tick_ns(self->host);
    lb_read_rules(self, &state->rules);
    return true;
}

static void lb_task_init(struct numasim_self *self, struct numasim_task *task,
                         struct numasim_task *parent)
{
    struct lb_task *own = lb_task(self, task);

    own->wakee.decayed_j = numasim_jiffies(self->host);
    own->recent_used_cpu = parent != NULL ? parent->cpu : task->cpu;
    if (own->recent_used_cpu < 0) {
        own->recent_used_cpu = 0;
    }
}

static const struct numasim_balance_ops lb_balance_ops = {
    .domains_built = lb_domains_built,
    .select_cpu = lb_select_cpu,
    .newidle = lb_newidle,
    .tick = lb_tick,
    .kicked = lb_kicked,
    .idle_changed = lb_idle_changed,
    .migrated = lb_migrated,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "linux-balance",
    .summary = "the load balancer of Linux, 5.9 to 7.3",
    .version = "1",
    .essay =
        "A task that wakes looks for an idle CPU near its waker or its previous CPU, within one\n"
        "LLC and within a limit that falls as the LLC fills. The rest is evened out by CPUs that\n"
        "pull: when they run out of work (newidle), when their time has come (periodic), and one\n"
        "idle CPU on behalf of all (nohz); along the sched_domains, far ones more rarely.\n"
        "Source: kernel/sched/fair.c and topology.c, 6.12; what other releases have instead are\n"
        "parameters. Fits CPUs alike or not, and fair tasks.\n"
        "Does not model energy-aware placement, nor time taken by interrupts\n"
        "(so that NONTASK_CAPACITY has nothing to take off); CPUs with one task take "
        "turns in checking for\n"
        "nohz kicks. A wakeup costs O(1) or O(words of the LLC's bitmap), a tick\n"
        "with nothing due O(1), a balance O(CPUs of the domain that have work).\n",
    .params = lb_params,
    .reasons = lb_reasons,
    .state_size = sizeof(struct lb_state),
    .task_state_size = sizeof(struct lb_task),
    .cpu_state_size = sizeof(struct lb_cpu),
    .domain_state_size = sizeof(struct lb_domain),
    .group_state_size = sizeof(struct lb_sgc),
    .process_state_size = sizeof(struct lb_process),
    .init = lb_init,
    .task_init = lb_task_init,
    .balance = &lb_balance_ops,
};
