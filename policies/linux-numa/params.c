/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linux-numa.h"

#define DEBUGFS "/sys/kernel/debug/sched/numa_balancing/"

static const char *const vma_scans[] = {"all", "pid", "pid-seq", "pid-starved", NULL};
static const char *const promote_counts[] = {"always", "tiering", NULL};

const struct numasim_param numa_params[NUMA_NR_PARAMS + 1] = {
    [NUMA_PARAM_BALANCING] =
        {.name = "numa_balancing",
         .type = NUMASIM_PARAM_INT,
         .def = 1,
         .max = 3,
         .doc =
             "0 off; bit 0: tasks and pages are brought together; bit 1: hot pages of slow memory "
             "are promoted.",
         .knob = "kernel.numa_balancing",
         .source = "kernel/sched/core.c: set_numabalancing_state(), 6.12; "
                   "CONFIG_NUMA_BALANCING_DEFAULT_ENABLED"},
    [NUMA_PARAM_SCAN_DELAY] = {.name = "scan_delay_ms",
                               .type = NUMASIM_PARAM_INT,
                               .def = 1000,
                               .max = 1000000,
                               .doc = "Before a new process, or a new area of memory, is scanned.",
                               .knob = DEBUGFS "scan_delay_ms",
                               .source =
                                   "kernel/sched/fair.c: sysctl_numa_balancing_scan_delay, 6.12"},
    [NUMA_PARAM_PERIOD_MIN] =
        {.name = "scan_period_min_ms",
         .type = NUMASIM_PARAM_INT,
         .def = 1000,
         .min = 1,
         .max = 1000000,
         .doc = "Least time of a pass over a process's memory, of which each scan takes its share.",
         .knob = DEBUGFS "scan_period_min_ms",
         .source = "kernel/sched/fair.c: sysctl_numa_balancing_scan_period_min, 6.12"},
    [NUMA_PARAM_PERIOD_MAX] =
        {.name = "scan_period_max_ms",
         .type = NUMASIM_PARAM_INT,
         .def = 60000,
         .min = 1,
         .max = 10000000,
         .doc = "Most time of a pass; also how often the promotion threshold is adapted.",
         .knob = DEBUGFS "scan_period_max_ms",
         .source = "kernel/sched/fair.c: sysctl_numa_balancing_scan_period_max, 6.12"},
    [NUMA_PARAM_SCAN_SIZE] = {.name = "scan_size_mb",
                              .type = NUMASIM_PARAM_INT,
                              .def = 256,
                              .min = 1,
                              .max = 65536,
                              .doc = "Memory that one scan protects.",
                              .knob = DEBUGFS "scan_size_mb",
                              .source =
                                  "kernel/sched/fair.c: sysctl_numa_balancing_scan_size, 6.12"},
    [NUMA_PARAM_HOT_THRESHOLD] =
        {.name = "hot_threshold_ms",
         .type = NUMASIM_PARAM_INT,
         .def = 1000,
         .min = 8,
         .max = 1000000,
         .doc = "A page of slow memory is hot if it is accessed so soon after a scan.",
         .knob = DEBUGFS "hot_threshold_ms",
         .source = "kernel/sched/fair.c: sysctl_numa_balancing_hot_threshold, 6.12"},
    [NUMA_PARAM_PROMOTE_LIMIT] =
        {.name = "numa_balancing_promote_rate_limit_mbps",
         .type = NUMASIM_PARAM_INT,
         .def = 65536,
         .max = 1048576,
         .doc = "MB a second that may be promoted to a node.",
         .knob = "kernel.numa_balancing_promote_rate_limit_MBps",
         .source = "kernel/sched/fair.c: sysctl_numa_balancing_promote_rate_limit, 6.12"},
    [NUMA_PARAM_VMA_SCAN] =
        {.name = "vma_scan",
         .type = NUMASIM_PARAM_ENUM,
         .def = NUMA_VMA_STARVED,
         .values = vma_scans,
         .doc =
             "Areas a thread scans: all (before 6.4); those it accessed lately (pid); also one by "
             "force, and none twice in a pass (pid-seq); also those long left out (pid-starved).",
         .source =
             "kernel/sched/fair.c: task_numa_work(), vma_is_accessed(), 6.1, 6.6, 6.11, 6.12"},
    [NUMA_PARAM_BACK_OFF_CLEARS] =
        {.name = "back_off_clears",
         .type = NUMASIM_PARAM_BOOL,
         .def = 1,
         .doc =
             "When the scan period is doubled, faults are counted anew; failed migrations of long "
             "ago double it again else.",
         .source = "kernel/sched/fair.c: update_task_scan_period(), 6.11 and 6.12"},
    [NUMA_PARAM_LARGE_FOLIOS] = {.name = "large_folio_faults",
                                 .type = NUMASIM_PARAM_BOOL,
                                 .def = 1,
                                 .doc = "Faults on pages of 16 or 64 KiB count and move them.",
                                 .source = "mm/memory.c: do_numa_page(), 6.6 and 6.11"},
    [NUMA_PARAM_CHECK_MEMORY] =
        {.name = "check_memory",
         .type = NUMASIM_PARAM_BOOL,
         .def = 1,
         .doc = "Nothing moves to a node without memory.",
         .source = "kernel/sched/fair.c: should_numa_migrate_memory(), 6.6 and 6.11"},
    [NUMA_PARAM_PREFERRED_MANY] =
        {.name = "preferred_many_balancing",
         .type = NUMASIM_PARAM_BOOL,
         .def = 1,
         .doc = "MPOL_F_NUMA_BALANCING also counts with MPOL_PREFERRED_MANY.",
         .source = "mm/mempolicy.c: sanitize_mpol_flags(), 6.6 and 6.11"},
    [NUMA_PARAM_ONE_NODE_SKIP] =
        {.name = "one_node_skip",
         .type = NUMASIM_PARAM_BOOL,
         .def = 0,
         .doc = "Tasks whose cpuset allows memory of one node are not scanned.",
         .source = "kernel/sched/fair.c: task_numa_work(), 7.3"},
    [NUMA_PARAM_HUGE_LOCAL_SKIP] =
        {.name = "huge_local_skip",
         .type = NUMASIM_PARAM_BOOL,
         .def = 0,
         .doc =
             "Huge pages on the node of a process's only thread are left alone, as small ones are.",
         .source = "mm/mempolicy.c: folio_can_map_prot_numa(), 7.3; mm/huge_memory.c: "
                   "change_huge_pmd(), 6.12"},
    [NUMA_PARAM_CANDIDATE_NRL] =
        {.name = "candidate_nrl",
         .type = NUMASIM_PARAM_BOOL,
         .def = 0,
         .doc = "What is promoted because there is room is counted as pgpromote_candidate_nrl.",
         .source = "kernel/sched/fair.c: should_numa_migrate_memory(), 7.3"},
    [NUMA_PARAM_PROMOTE_COUNT] =
        {.name = "promote_count",
         .type = NUMASIM_PARAM_ENUM,
         .def = NUMA_PROMOTE_COUNT_TIERING,
         .values = promote_counts,
         .doc = "When moves from slow to fast memory count as pgpromote_success.",
         .source = "mm/migrate.c: migrate_misplaced_page(), 6.1, migrate_misplaced_folio(), 6.11"},
    [NUMA_PARAM_SWAP_KTHREADS] = {.name = "swap_kthreads",
                                  .type = NUMASIM_PARAM_BOOL,
                                  .def = 1,
                                  .doc = "A kernel thread may be what a task changes places with.",
                                  .source =
                                      "kernel/sched/fair.c: task_numa_compare(), 6.12 and 7.3"},
    [NUMA_PARAM_COUNT_DELAYED] =
        {.name = "count_delayed",
         .type = NUMASIM_PARAM_BOOL,
         .def = 1,
         .doc = "Tasks that sleep and wait for their lag to be paid count as running.",
         .source = "kernel/sched/fair.c: update_numa_stats(), 6.12 and 7.3"},
    [NUMA_PARAM_COUNT_TIERING] =
        {.name = "count_tiering",
         .type = NUMASIM_PARAM_BOOL,
         .def = 1,
         .doc = "Faults are counted, and the scan period follows them, also without bit 0 of "
                "numa_balancing.",
         .source = "kernel/sched/fair.c: task_numa_fault(), 6.12; off: the same of "
                   "github.com/host-architecture/colloid, tpp/linux-6.3"},
    [NUMA_PARAM_COLLOID] =
        {.name = "colloid",
         .type = NUMASIM_PARAM_BOOL,
         .def = 0,
         .doc = "With bit 1 of numa_balancing: while fast memory takes longer under load than slow "
                "memory, nothing is promoted, and what is hot in fast memory is demoted, but for "
                "private memory of a single thread, which is never protected where it runs.",
         .source = "Vuppalapati and Agarwal, SOSP 2024; github.com/host-architecture/colloid, "
                   "tpp/linux-6.3: NUMA_BALANCING_COLLOID"},
};

const char *const numa_reasons[] = {
    [NUMA_REASON_POLICY] = "policy-keeps-it",
    [NUMA_REASON_LOCAL] = "local",
    [NUMA_REASON_NO_MEMORY] = "node-without-memory",
    [NUMA_REASON_STALE] = "time-for-last-toucher",
    [NUMA_REASON_FIRST] = "first-fault",
    [NUMA_REASON_FILTER] = "last-fault-from-elsewhere",
    [NUMA_REASON_PRIVATE] = "private",
    [NUMA_REASON_NO_GROUP] = "no-group",
    [NUMA_REASON_GROUP_CPU] = "group-runs-there",
    [NUMA_REASON_GROUP_SPREAD] = "group-spreads",
    [NUMA_REASON_GROUP_STAYS] = "group-is-even",
    [NUMA_REASON_FULL] = "node-nearly-full",
    [NUMA_REASON_FREE_SPACE] = "free-space",
    [NUMA_REASON_COLD] = "not-hot",
    [NUMA_REASON_RATE_LIMIT] = "rate-limit",
    [NUMA_REASON_HOT] = "hot",
    [NUMA_REASON_SLOWER] = "fast-tier-slower",
    [NUMA_REASON_AWAY] = "demoted-by-latency",
    NULL,
};
