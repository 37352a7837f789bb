/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-balance-old - the load balancer of Linux as it was until the rework of 5.5.
 *
 * IDEA. One number per CPU, the load of its runnable tasks: weight times the share of time they are
 * runnable, and the weight of a cgroup divided among its threads wherever they run. Groups of CPUs
 * are compared by their average load; whoever is below the average pulls, until it is no longer worth
 * a task. A task that wakes looks for an idle CPU under one LLC only.
 *
 * What goes wrong with it is told by Lozi, Lepers, Funston, Gaud, Quema and Fedorova, "The Linux
 * Scheduler: a Decade of Wasted Cores", EuroSys 2016. Each of the four defects is a parameter here,
 * and so is what stood against it:
 *   group_imbalance      an average hides an idle CPU behind a heavy neighbour
 *   overlap_groups       nodes that are in all groups of each other's domains never balance; a rule
 *                        of the domains
 *   wake_search          a wakeup does not see idle CPUs outside one LLC
 *   hotplug_drops_numa   a CPU that comes online again costs the machine its NUMA levels; a rule of
 *                        the domains
 *
 * SOURCE. kernel/sched/fair.c and kernel/sched/topology.c (until 4.12 core.c) of 3.19 and 4.1 to 4.3;
 * the patches of the paper, https://github.com/jplozi/wastedcores. The defaults are those of 4.3.
 *
 * FITS. Symmetric machines, fair tasks, cgroups.
 *
 * DOES NOT FIT. Capacity asymmetry and packing, NUMA balancing's hooks (which tasks of a queue, how
 * many), CPUs that RT or interrupts take away. Tasks leave a queue least recently run first; before
 * 4.15 it was most recently queued first. Of the scan for an idle CPU that came with 4.8 the limit (SIS_PROP) is left out.
 *
 * PARAMETERS. See old_params[].
 *
 * COMPLEXITY. A wakeup: O(CPUs of the LLC); with longest-idle O(CPUs). A tick: O(tasks on the CPU). A
 * balance of a domain: O(its CPUs and their tasks).
 */
#include <string.h>

#include "balance.h"
#include "old.h"

static const char *const group_imbalances[] = {"old", "fixed", NULL};
static const char *const affines[] = {"load", "idle", NULL};
static const char *const searches[] = {"llc", "longest-idle", NULL};
static const char *const siblings[] = {"groups", "scan", NULL};
static const char *const overlaps[] = {"of-release", "from-cpu0", "from-self", "from-self-3hop",
                                       NULL};
static const char *const drops[] = {"of-release", "off", "on", NULL};

static const struct numasim_param old_params[] = {
    [OLD_PARAM_MIGRATION_COST] = {.name = "migration_cost",
                                  .type = NUMASIM_PARAM_NS,
                                  .def = 500000,
                                  .max = 100000000,
                                  .doc = "A task that ran less long ago is cache-hot and is left.",
                                  .knob = "/proc/sys/kernel/sched_migration_cost_ns",
                                  .source = "kernel/sched/fair.c: sysctl_sched_migration_cost"},
    [OLD_PARAM_NR_MIGRATE] = {.name = "nr_migrate",
                              .type = NUMASIM_PARAM_INT,
                              .def = 32,
                              .min = 1,
                              .max = 128,
                              .doc = "Tasks that one balance looks at, at most.",
                              .knob = "/proc/sys/kernel/sched_nr_migrate",
                              .source = "kernel/sched/core.c: sysctl_sched_nr_migrate"},
    [OLD_PARAM_LB_BIAS] = {.name = "lb_bias",
                           .type = NUMASIM_PARAM_BOOL,
                           .def = 1,
                           .doc = "Loads are smoothed by their history, against moving (to 4.19).",
                           .knob = "/sys/kernel/debug/sched_features: LB_BIAS",
                           .source = "kernel/sched/features.h, 4.3"},
    [OLD_PARAM_GROUP_IMBALANCE] = {.name = "group_imbalance",
                                   .type = NUMASIM_PARAM_ENUM,
                                   .values = group_imbalances,
                                   .doc = "Groups are compared by average load, or by the load of "
                                          "their least loaded CPU (fixed).",
                                   .source = "EuroSys'16 patch group_imbalance, against 4.1"},
    [OLD_PARAM_IDLE_TAKES_SURPLUS] = {.name = "idle_takes_surplus",
                                      .type = NUMASIM_PARAM_BOOL,
                                      .def = 0,
                                      .doc = "Not only a newly idle CPU pulls from a full group "
                                             "whatever the averages say.",
                                      .source = "kernel/sched/fair.c: find_busiest_group()"},
    [OLD_PARAM_WAKE_AFFINE] = {.name = "wake_affine",
                               .type = NUMASIM_PARAM_ENUM,
                               .values = affines,
                               .doc = "Waking or previous CPU: by load, or first by which idles.",
                               .source = "kernel/sched/fair.c: wake_affine(), 4.3"},
    [OLD_PARAM_WAKE_SEARCH] = {.name = "wake_search",
                               .type = NUMASIM_PARAM_ENUM,
                               .values = searches,
                               .doc = "A wakeup looks under one LLC, or takes the CPU that has "
                                      "idled longest of all.",
                               .source = "EuroSys'16 patch overload_on_wakeup, against 4.1"},
    [OLD_PARAM_IDLE_SIBLING] = {.name = "idle_sibling",
                                .type = NUMASIM_PARAM_ENUM,
                                .values = siblings,
                                .doc = "Under the LLC only groups that idle as a whole are taken, "
                                       "or any idle CPU (scan).",
                                .source = "kernel/sched/fair.c: select_idle_sibling(), 4.3"},
    [OLD_PARAM_NOHZ_BALANCE] = {.name = "nohz_balance",
                                .type = NUMASIM_PARAM_BOOL,
                                .def = 1,
                                .doc = "Busy CPUs kick an idle one to balance for all idle ones.",
                                .source = "kernel/sched/fair.c: nohz_kick_needed(), 4.3"},
    [OLD_PARAM_OVERLAP_GROUPS] = {.name = "overlap_groups",
                                  .type = NUMASIM_PARAM_ENUM,
                                  .values = overlaps,
                                  .doc = "From whose view the groups of NUMA levels are made; a "
                                         "rule of the domains.",
                                  .source = "kernel/sched/topology.c: "
                                            "build_overlap_sched_groups(), by release"},
    [OLD_PARAM_HOTPLUG_DROPS_NUMA] = {.name = "hotplug_drops_numa",
                                      .type = NUMASIM_PARAM_ENUM,
                                      .values = drops,
                                      .doc = "A CPU that comes online costs all levels above MC, "
                                             "where packages hold several nodes; a rule of the "
                                             "domains.",
                                      .source = "arch/x86/kernel/smpboot.c: "
                                                "primarily_use_numa_for_topology(), by release"},
    [OLD_PARAM_SMT_GAIN] = {.name = "smt_gain",
                            .type = NUMASIM_PARAM_INT,
                            .def = 1178,
                            .max = 8192,
                            .doc = "Capacity of a core whose threads share it, 1024 being that of "
                                   "a core without SMT; 0: each thread has 1024.",
                            .source = "include/linux/topology.h: SD_SIBLING_INIT, 3.x; "
                                      "kernel/sched/topology.c: sd_init(), 4.20: the same in both"},
    [OLD_PARAM_CACHE_HOT_BUDDY] = {.name = "cache_hot_buddy",
                                   .type = NUMASIM_PARAM_BOOL,
                                   .def = 1,
                                   .doc = "Whom its queue would pick out of turn counts as "
                                          "cache-hot while the destination has work.",
                                   .knob = "/sys/kernel/debug/sched_features: CACHE_HOT_BUDDY",
                                   .source = "kernel/sched/features.h, 4.3"},
    [OLD_PARAM_LB_MIN] = {.name = "lb_min",
                          .type = NUMASIM_PARAM_BOOL,
                          .doc = "After no failure, tasks with a load below 16 are not moved.",
                          .knob = "/sys/kernel/debug/sched_features: LB_MIN",
                          .source = "kernel/sched/features.h, 4.3"},
    {.name = NULL},
};

static const char *const old_reasons[] = {
    [OLD_REASON_TARGET_IDLE] = "target-idle",
    [OLD_REASON_PREV_IDLE] = "prev-idle",
    [OLD_REASON_IDLE_GROUP] = "idle-group",
    [OLD_REASON_IDLE_CORE] = "idle-core",
    [OLD_REASON_IDLE_CPU] = "idle-cpu",
    [OLD_REASON_LONGEST_IDLE] = "longest-idle",
    [OLD_REASON_NO_IDLE] = "no-idle-found",
    [OLD_REASON_NOT_ALLOWED] = "not-allowed-there",
    [OLD_REASON_IDLEST] = "idlest-group",
    [OLD_REASON_STAY] = "local-group",
    [OLD_REASON_NO_DOMAIN] = "no-domain",
    [OLD_REASON_NO_OVERLOAD] = "no-cpu-has-two",
    [OLD_REASON_SHORT_IDLE] = "idle-too-short",
    [OLD_REASON_PULLED] = "pulled",
    [OLD_REASON_BALANCED] = "balanced",
    [OLD_REASON_NOT_DUE] = "interval-not-due",
    [OLD_REASON_OTHER_BALANCES] = "another-cpu-balances",
    [OLD_REASON_SERIALIZED] = "another-domain-balances",
    [OLD_REASON_SMALL_IMBALANCE] = "imbalance-below-threshold",
    [OLD_REASON_NO_SOURCE] = "no-cpu-to-take-from",
    [OLD_REASON_PINNED] = "affinity",
    [OLD_REASON_CACHE_HOT] = "cache-hot",
    [OLD_REASON_TOO_BIG] = "larger-than-the-imbalance",
    [OLD_REASON_TOO_SMALL] = "load-below-lb-min",
    NULL,
};

/* The schedules of a CPU's domains begin at phases that differ from boot to boot. */
static void start_domains(struct numasim_self *self, const struct numasim_cpu *c, int64_t now_j)
{
    const struct numasim_host *host = self->host;

    for (struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        struct old_domain *own = old_domain(self, sd);
        int64_t idle_j = balance_interval_jiffies(sd->min_interval, sd->busy_factor, false, false,
                                                  numasim_tick_ns(host), numasim_nr_online(host));

        own->last_balance_j = now_j - (int64_t)numasim_boot_random(host, (uint64_t)c->id, sd->level,
                                                                   (uint64_t)idle_j);
        own->cost_decayed_j = now_j;
        own->balance_interval_ms = sd->min_interval;
    }
}

static void start_cpu(struct numasim_self *self, const struct numasim_cpu *c, int64_t now_j)
{
    const struct numasim_domain *llc = c->llc_domain;
    struct old_cpu *own = old_cpu(self, c->id);

    own->next_balance_j = now_j;
    own->history_j = own->history_j > 0 ? own->history_j : now_j;
    own->max_idle_cost_ns = self->param[OLD_PARAM_MIGRATION_COST];
    own->llc_first =
        llc != NULL ? numasim_mask_next(llc->span, NULL, numasim_nr_cpus(self->host), 0) : c->id;
    own->llc_weight = llc != NULL ? llc->span_weight : 1;
    own->nohz = c->online && c->idle;
    start_domains(self, c, now_j);
}

/* arch_scale_cpu_capacity(), 4.3: of a core that is shared each thread has its part. */
static uint32_t capacity_of(const struct numasim_self *self, const struct numasim_cpu *c)
{
    const struct numasim_domain *sd = c->domain;

    if (self->param[OLD_PARAM_SMT_GAIN] == 0 || sd == NULL || sd->span_weight <= 1 ||
        !(sd->flags & NUMASIM_SD_SHARE_CPUCAPACITY)) {
        return (uint32_t)c->capacity;
    }
    return (uint32_t)self->param[OLD_PARAM_SMT_GAIN] / sd->span_weight;
}

/* The capacity of each group, once that of each CPU is known. */
static void start_groups(const struct numasim_self *self, const struct numasim_cpu *c)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (const struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        for (uint32_t i = 0; i < sd->nr_groups; i++) {
            const struct numasim_group *group = &sd->groups[i];
            struct old_sgc *sgc = group->state[self->slot];
            bool known = sgc->capacity != 0; /* groups of many domains share one record */

            for (int32_t cpu = known ? nr_cpus : numasim_mask_next(group->span, NULL, nr_cpus, 0);
                 cpu < nr_cpus; cpu = numasim_mask_next(group->span, NULL, nr_cpus, cpu + 1)) {
                sgc->capacity += old_cpu(self, cpu)->capacity;
            }
        }
    }
}

static void old_domains_built(struct numasim_self *self)
{
    struct numasim_host *host = self->host;
    struct old_state *state = old_state(self);
    int32_t nr_cpus = numasim_nr_cpus(host);

    state->nohz_next_j = numasim_jiffies(host);
    state->nr_nohz = 0;
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        old_cpu(self, cpu)->nr_busy = 0;
        old_cpu(self, cpu)->capacity = capacity_of(self, numasim_cpu(host, cpu));
    }
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        const struct numasim_cpu *c = numasim_cpu(host, cpu);
        struct old_cpu *own = old_cpu(self, cpu);

        start_cpu(self, c, numasim_jiffies(host));
        start_groups(self, c);
        state->nr_nohz += own->nohz;
        old_cpu(self, own->llc_first)->nr_busy += c->online && !own->nohz;
    }
}

static bool old_init(struct numasim_self *self, char *error, size_t size)
{
    static const char too_many[] = "more CPUs than it was built for (OLD_MAX_CPUS)";
    struct old_state *state = old_state(self);
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    if (nr_cpus > OLD_MAX_CPUS) {
        strncpy(error, too_many, size - 1);
        error[size - 1] = '\0';
        return false;
    }
    state->nr_words = (nr_cpus + 63) / 64;
    state->hz = INT64_C(1000000000) / numasim_tick_ns(self->host);
    return true;
}

static void old_task_init(struct numasim_self *self, struct numasim_task *task,
                          struct numasim_task *parent)
{
    (void)parent;
    old_task(self, task)->wakee.decayed_j = numasim_jiffies(self->host);
}

static const struct numasim_balance_ops old_balance_ops = {
    .domains_built = old_domains_built,
    .select_cpu = old_select_cpu,
    .newidle = old_newidle,
    .tick = old_tick,
    .kicked = old_kicked,
    .idle_changed = old_idle_changed,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "linux-balance-old",
    .summary = "the load balancer of Linux before the rework of 5.5, with four known defects",
    .version = "1",
    .essay =
        "One number per CPU, the load of its runnable tasks, with the weight of a cgroup divided\n"
        "among its threads. Groups of CPUs are compared by their average load; whoever is below\n"
        "the average pulls. A task that wakes looks under one LLC only. The four defects told of\n"
        "in \"The Linux Scheduler: a Decade of Wasted Cores\" (EuroSys 2016) are parameters, with\n"
        "what stood against each: group_imbalance, overlap_groups, wake_search,\n"
        "hotplug_drops_numa. Source: kernel/sched/fair.c of 3.19 to 4.3, and the paper's patches\n"
        "(github.com/jplozi/wastedcores). Fits symmetric machines, fair tasks, cgroups. Does not\n"
        "model capacity asymmetry, packing, NUMA balancing's hooks. A wakeup costs\n"
        "O(CPUs of the LLC), a tick O(tasks on the CPU), a balance O(CPUs and tasks below it).\n",
    .params = old_params,
    .reasons = old_reasons,
    .state_size = sizeof(struct old_state),
    .task_state_size = sizeof(struct old_task),
    .cpu_state_size = sizeof(struct old_cpu),
    .domain_state_size = sizeof(struct old_domain),
    .group_state_size = sizeof(struct old_sgc),
    .init = old_init,
    .task_init = old_task_init,
    .balance = &old_balance_ops,
};
