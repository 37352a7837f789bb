/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be set. The defaults are those of 6.12 (with its stable backports); a parameter that
 * releases differ in says which of them had what, and the sets linux-*.yaml put them together.
 */
#include "linux-balance.h"

#define FAIR    "kernel/sched/fair.c: "
#define FEATURE "/sys/kernel/debug/sched/features: "

#define SWITCH(ID, NAME, DEF, KNOB, SOURCE, DOC)                                                   \
    [LB_PARAM_##ID] = {.name = NAME,                                                               \
                       .type = NUMASIM_PARAM_BOOL,                                                 \
                       .def = DEF,                                                                 \
                       .doc = DOC,                                                                 \
                       .knob = KNOB,                                                               \
                       .source = SOURCE}
#define CHOICE(ID, NAME, DEF, VALUES, SOURCE, DOC)                                                 \
    [LB_PARAM_##ID] = {.name = NAME,                                                               \
                       .type = NUMASIM_PARAM_ENUM,                                                 \
                       .def = DEF,                                                                 \
                       .values = VALUES,                                                           \
                       .doc = DOC,                                                                 \
                       .source = SOURCE}
#define NUMBER(ID, NAME, TYPE, DEF, MIN, MAX, KNOB, SOURCE, DOC)                                   \
    [LB_PARAM_##ID] = {.name = NAME,                                                               \
                       .type = TYPE,                                                               \
                       .def = DEF,                                                                 \
                       .min = MIN,                                                                 \
                       .max = MAX,                                                                 \
                       .doc = DOC,                                                                 \
                       .knob = KNOB,                                                               \
                       .source = SOURCE}

static const char *const scan_starts[] = {"target", "next", NULL};
static const char *const smt_orders[] = {"last", "first", NULL};
static const char *const recent_rules[] = {"used", "always", NULL};
static const char *const gates[] = {"migration-cost", "newidle-cost", NULL};
static const char *const picks[] = {"first", "last", NULL};
static const char *const siblings[] = {"child", "busiest", NULL};
static const char *const numa_rules[] = {"pair", "quarter", "imb-numa-nr", "none", NULL};
static const char *const halves[] = {"half", "whole", NULL};
static const char *const active_rules[] = {"any", "task", NULL};
static const char *const detach_rules[] = {"half", "shift", NULL};
static const char *const detach_util_rules[] = {"exact", "shift", NULL};
static const char *const delayed_rules[] = {"any", "load", NULL};
static const char *const serialize_rules[] = {"periodic", "all", NULL};
static const char *const ilb_rules[] = {"cpu", "core", NULL};

const struct numasim_param lb_params[] = {
    NUMBER(MIGRATION_COST, "migration_cost", NUMASIM_PARAM_NS, 500000, 0, 100000000,
           "/sys/kernel/debug/sched/migration_cost_ns", FAIR "sysctl_sched_migration_cost",
           "A task that ran less long ago is cache-hot and is left."),
    NUMBER(NR_MIGRATE, "nr_migrate", NUMASIM_PARAM_INT, 32, 1, 128,
           "/sys/kernel/debug/sched/nr_migrate", FAIR "SCHED_NR_MIGRATE_BREAK",
           "Tasks that one balance looks at, at most."),
    SWITCH(UTIL_EST, "util_est", 1, FEATURE "UTIL_EST", "kernel/sched/features.h",
           "A utilisation is at least what is known of the tasks from their last sleeps, however "
           "little of it shows yet."),
    /* Placement at wakeup. */
    SWITCH(WA_IDLE, "wa_idle", 1, FEATURE "WA_IDLE", "kernel/sched/features.h",
           "An idle waking or previous CPU settles where to look first."),
    SWITCH(WA_WEIGHT, "wa_weight", 1, FEATURE "WA_WEIGHT", "kernel/sched/features.h",
           "Else the load of the waking and the previous CPU does."),
    SWITCH(WA_BIAS, "wa_bias", 1, FEATURE "WA_BIAS", "kernel/sched/features.h",
           "That comparison favours the waking CPU by half of imbalance_pct."),
    SWITCH(WA_PREV_IDLE, "wa_prev_idle", 1, NULL, FAIR "wake_affine_idle(), 6.1",
           "An idle previous CPU is kept though it shares no cache with the waking one (5.11)."),
    SWITCH(WA_DELAYED, "wa_delayed", 1, NULL, FAIR "wake_affine_idle(), 6.12",
           "A synchronous waker counts as alone beside tasks whose dequeue was put off (6.12)."),
    SWITCH(SIS_UTIL, "sis_util", 1, FEATURE "SIS_UTIL", "kernel/sched/features.h",
           "A busy LLC limits the search for an idle CPU at wakeup (6.0)."),
    SWITCH(SIS_PROP, "sis_prop", 0, FEATURE "SIS_PROP", "kernel/sched/features.h",
           "The waking CPU's idle time and the cost of a look limit that search (till 5.19)."),
    CHOICE(SIS_START, "sis_start", LB_START_NEXT, scan_starts, FAIR "select_idle_cpu(), 6.1",
           "The search begins at the target (5.10) or behind it."),
    CHOICE(SIS_SMT, "sis_smt", LB_SMT_FIRST, smt_orders, FAIR "select_idle_sibling(), 6.1",
           "An idle sibling of the target is taken for want of else (last, 5.10), or one of the "
           "previous CPU before the search unless a core idles (first)."),
    CHOICE(RECENT_USED, "recent_used_cpu", LB_RECENT_ALWAYS, recent_rules,
           FAIR "select_idle_sibling(), 6.1",
           "The CPU used before the previous one is replaced when it is chosen, and by the own CPU "
           "when waking others (used, 5.10), or at each wakeup that gets that far (always)."),
    SWITCH(SIS_CLUSTER, "sis_cluster", 1, NULL, FAIR "select_idle_cpu(), 6.12",
           "The search begins among the CPUs that share the target's cluster (6.7)."),
    SWITCH(SIS_IDLE_WAKEE, "sis_idle_wakee", 1, NULL, FAIR "select_idle_sibling(), 6.12",
           "A CPU of SCHED_IDLE tasks alone is as good as an idle one for a SCHED_IDLE task, too "
           "(not so in 7.3, choose_idle_cpu())."),
    /* New tasks, and what nodes may differ by. */
    CHOICE(
        NUMA_IMBALANCE, "numa_imbalance", LB_NUMA_NR, numa_rules,
        FAIR "adjust_numa_imbalance(), 6.1",
        "What stays on a node: what a source with two tasks has, and new tasks while a CPU idles "
        "(pair, 5.10); a difference of two below a quarter of the CPUs (quarter, 5.11); the same "
        "up to imb_numa_nr tasks (imb-numa-nr, 5.18); nothing but new tasks while a CPU idles "
        "(none, 5.5)."),
    CHOICE(
        NUMA_DIFFERENCE, "numa_difference", 1, halves, FAIR "calculate_imbalance(), 6.1",
        "The allowance is held against the tasks to move, half of the difference, and a new task "
        "goes by the number running only (half, till 5.19); or against the whole difference."),
    SWITCH(NUMA_PINNED, "numa_pinned", 1, NULL, FAIR "sched_balance_find_dst_group(), 6.12",
           "CPUs that a new task may not use do not count for the allowance (6.0)."),
    /* The search for the busiest group. */
    SWITCH(SWB_IDLE_CORE, "swb_idle_core", 1, NULL, FAIR "should_we_balance(), 6.12",
           "A CPU of an idle core balances for its group before one beside a busy sibling (6.6)."),
    SWITCH(SMT_BALANCE, "smt_balance", 1, NULL, FAIR "smt_balance(), 6.12",
           "A core with two tasks is a source for idle CPUs of other cores (6.6)."),
    SWITCH(SIBLING_IMBALANCE, "sibling_imbalance", 1, NULL, FAIR "sibling_imbalance(), 6.12",
           "Tasks are compared by groups' cores, and a busy CPU never pulls for that alone (6.6)."),
    CHOICE(FULLY_BUSY, "fully_busy_pick", 1, picks, FAIR "update_sd_pick_busiest(), 6.12",
           "Of fully busy groups the first is the busiest, or the last that is no SMT core (6.6)."),
    SWITCH(SPARE_SMT, "spare_smt", 1, NULL, FAIR "update_sd_pick_busiest(), 6.12",
           "Among groups with room a core is a source from two tasks on (6.6)."),
    CHOICE(PREFER_SIBLING, "prefer_sibling", 1, siblings, FAIR "update_sd_lb_stats(), 6.12",
           "SD_PREFER_SIBLING is looked for in the child domain, or in the busiest group (6.6)."),
    SWITCH(COUNT_DELAYED, "count_delayed", 1, NULL, FAIR "update_sg_lb_stats(), 6.12.117",
           "Tasks whose dequeue was put off count as fair tasks of a group (not so in 7.3)."),
    SWITCH(EVEN_LOCALITY, "even_locality", 0, NULL, FAIR "migrate_degrades_locality(), 6.12",
           "A task whose memory weighs the same on both nodes may move if its cache is cold (7.3); "
           "else it may move at once."),
    SWITCH(UTIL_BOOST, "util_boost", 1, NULL, FAIR "sched_balance_find_src_rq(), 6.12",
           "A CPU's utilisation, as a source, is at least what waits there (runnable)."),
    SWITCH(UTIL_WITHIN_LLC, "util_within_llc", 0, NULL, FAIR "calculate_imbalance(), 5.10",
           "Room is filled by utilisation within an LLC, too (before 16b0a7a1a0af, 5.10)."),
    SWITCH(ASYM_IDLE_CORE, "asym_idle_core", 1, NULL, FAIR "sched_use_asym_prio(), 6.12",
           "CPUs are packed by rank only where a core is free, and cores with one task (6.6)."),
    SWITCH(MISFIT_BACKOFF, "misfit_backoff", 0, NULL, FAIR "sched_balance_rq(), 6.12",
           "Failing to move a task too big for its CPU counts as a failure, and the domain is "
           "balanced more rarely for it (6.1)."),
    SWITCH(REDUCED_CAPACITY, "reduced_capacity", 1, NULL, FAIR "sched_reduced_capacity(), 6.12",
           "A CPU that real-time tasks leave little of is a source for idle CPUs, even with one "
           "fair task (c82a69629c53, 6.0)."),
    /* Moving tasks. */
    SWITCH(SMT_COLD, "smt_cold", 1, NULL, FAIR "task_hot(), 6.1",
           "No task is cache-hot for another thread of its core (5.10)."),
    SWITCH(CACHE_HOT_BUDDY, "cache_hot_buddy", 1, FEATURE "CACHE_HOT_BUDDY",
           "kernel/sched/features.h",
           "Whom its queue would pick out of turn counts as cache-hot while the destination has "
           "work."),
    SWITCH(LB_MIN, "lb_min", 0, FEATURE "LB_MIN", "kernel/sched/features.h",
           "After no failure, tasks with a load below 16 are not moved for load."),
    CHOICE(DETACH_LOAD, "detach_load", 1, detach_rules, FAIR "detach_tasks(), 5.10",
           "A task is too big if half of its load exceeds the imbalance and few balances failed "
           "(half, till 5.9), or if its load does, halved for each that failed (shift)."),
    CHOICE(
        DETACH_UTIL, "detach_util", LB_DETACH_SHIFT_UTIL, detach_util_rules,
        FAIR "detach_tasks(), 6.12",
        "A task is too big if its utilisation exceeds the room there is (exact, till 6.7), or if "
        "that does, halved for each balance that failed (shift)."),
    SWITCH(
        DETACH_ELIGIBLE, "detach_eligible", 0, NULL, FAIR "can_migrate_task(), 7.3",
        "After no failure, a task that is not eligible stays if the destination has work (7.3)."),
    CHOICE(DETACH_DELAYED, "detach_delayed", LB_DELAYED_ANY, delayed_rules,
           FAIR "can_migrate_task(), 6.12.117",
           "A task that sleeps and whose dequeue was put off moves like one that waits (any), or "
           "only with its load (load, 6.14)."),
    CHOICE(ACTIVE_BALANCE, "active_balance", 1, active_rules, FAIR "need_active_balance(), 6.1",
           "After failures the running task is pushed whatever the imbalance counts, and the "
           "domain is "
           "balanced more rarely for it (any, till 5.11); or only if it counts tasks (task)."),
    /* When. */
    CHOICE(
        NEWIDLE_GATE, "newidle_gate", LB_GATE_NEWIDLE_COST, gates,
        FAIR "sched_balance_newidle(), 6.12",
        "A newidle balance needs an average idle time above migration_cost (till 5.15), or above "
        "what the innermost level cost."),
    SWITCH(NI_RANDOM, "ni_random", 1, FEATURE "NI_RANDOM", "kernel/sched/features.h, 6.12.117",
           "Newidle skips a level as often as it fails to pull there (stable backports, 7.3)."),
    SWITCH(NI_RATE, "ni_rate", 0, FEATURE "NI_RATE", "kernel/sched/features.h, 7.3",
           "And the less so the more rarely it is tried (7.3)."),
    SWITCH(BUSY_MINUS_ONE, "busy_interval_minus_one", 1, NULL,
           FAIR "get_sd_balance_interval(), 5.10",
           "Busy CPUs balance a jiffy early, so that levels do not come due together (5.10)."),
    NUMBER(BUSY_FACTOR, "busy_factor", NUMASIM_PARAM_INT, 0, 0, 1024,
           "/sys/kernel/debug/sched/domains/cpuN/domainM/busy_factor",
           "kernel/sched/topology.c: sd_init()",
           "How much more rarely busy CPUs balance; 0: as the domains say (16; 32 before 5.10)."),
    NUMBER(IMBALANCE_PCT, "imbalance_pct", NUMASIM_PARAM_INT, 0, 0, 1000,
           "/sys/kernel/debug/sched/domains/cpuN/domainM/imbalance_pct",
           "kernel/sched/topology.c: sd_init()",
           "Imbalance between LLCs and above that is left alone, in percent; 0: as the domains say "
           "(117; 125 before 5.10)."),
    CHOICE(
        SERIALIZE, "serialize", 0, serialize_rules, FAIR "sched_balance_domains(), 6.12",
        "One CPU at a time balances between nodes: of those whose time has come, which try again "
        "later (periodic), or newly idle ones as well, which do not (all, 7.3)."),
    SWITCH(
        TICK_RACE, "tick_race", 1, NULL, "kernel/time/tick-sched.c: tick_sched_do_timer(), 6.12",
        "All CPUs have their ticks at once, in any order, and those before the one that advances "
        "jiffies see the old value."),
    SWITCH(NOHZ_BALANCE, "nohz_balance", 1, NULL, FAIR "nohz_balancer_kick()",
           "Busy CPUs kick an idle one to balance for all idle ones."),
    CHOICE(NOHZ_ILB, "nohz_ilb", 0, ilb_rules, FAIR "find_new_ilb(), 6.12",
           "Which: the first that idles (cpu), or the first of an idle core if there is one (core, "
           "7.3)."),
    /* Threads of a process under one LLC (7.3). */
    SWITCH(LLC_BALANCING, "llc_balancing", 0, "/sys/kernel/debug/sched/llc_balancing/enabled",
           FAIR "sched_cache_enabled(), 7.3",
           "Threads of a process are gathered under the LLC where most of it ran, where there are "
           "several."),
    NUMBER(
        LLC_TOLERANCE, "llc_aggr_tolerance", NUMASIM_PARAM_INT, 1, 0, 100,
        "/sys/kernel/debug/sched/llc_balancing/aggr_tolerance", FAIR "llc_aggr_tolerance, 7.3",
        "How many times an LLC's CPUs and, times 256, its bytes a process may need to be gathered "
        "there; 0: never; 100: whatever it needs."),
    NUMBER(LLC_EPOCH, "llc_epoch_period", NUMASIM_PARAM_NS, 10000000, 1000000, 10000000000,
           "/sys/kernel/debug/sched/llc_balancing/epoch_period", FAIR "EPOCH_PERIOD, 7.3",
           "How often what ran is halved and the preferred LLC chosen; whole ticks, rounded down."),
    NUMBER(LLC_TIMEOUT, "llc_epoch_affinity_timeout", NUMASIM_PARAM_INT, 5, 1, 1000,
           "/sys/kernel/debug/sched/llc_balancing/epoch_affinity_timeout",
           FAIR "EPOCH_LLC_AFFINITY_TIMEOUT, 7.3",
           "Epochs without running at a tick after which a process prefers nothing."),
    NUMBER(LLC_OVERAGGR, "llc_overaggr_pct", NUMASIM_PARAM_INT, 50, 0, 1000,
           "/sys/kernel/debug/sched/llc_balancing/overaggr_pct", FAIR "llc_overaggr_pct, 7.3",
           "Utilisation of an LLC, in percent, from which on it attracts less; half as much again "
           "without SMT."),
    NUMBER(LLC_IMB, "llc_imb_pct", NUMASIM_PARAM_INT, 20, 0, 1000,
           "/sys/kernel/debug/sched/llc_balancing/imb_pct", FAIR "llc_imb_pct, 7.3",
           "By how much the preferred LLC may then be busier than another, in percent."),
    {.name = NULL},
};

void lb_read_rules(const struct numasim_self *self, struct lb_rules *rules)
{
    const int64_t *param = self->param;

    *rules = (struct lb_rules){
        .smt_balance = param[LB_PARAM_SMT_BALANCE] != 0,
        .sibling_imbalance = param[LB_PARAM_SIBLING_IMBALANCE] != 0,
        .fully_busy_last = param[LB_PARAM_FULLY_BUSY] != 0,
        .spare_smt = param[LB_PARAM_SPARE_SMT] != 0,
        .prefer_sibling_busiest = param[LB_PARAM_PREFER_SIBLING] != 0,
        .util_within_llc = param[LB_PARAM_UTIL_WITHIN_LLC] != 0,
        .numa_imbalance = (enum lb_numa_rule)param[LB_PARAM_NUMA_IMBALANCE],
        .numa_total = param[LB_PARAM_NUMA_DIFFERENCE] != 0,
    };
}
