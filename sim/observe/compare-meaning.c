/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What metrics mean: which direction is good, and which of them people ask for first. */
#include "observe/compare.h"

/* The first pattern that fits decides. */
static const struct {
    const char *pattern;
    enum compare_goodness goodness;
    bool usual;
} meanings[] = {
    {"comm.*", COMPARE_NEUTRAL, false},
    {"process.*", COMPARE_NEUTRAL, false},
    {"*.count", COMPARE_NEUTRAL, false},
    {"timeslice_ns.*", COMPARE_NEUTRAL, false},
    {"waking_latency_ns.*", COMPARE_LOWER, false},
    {"response_ns.*", COMPARE_LOWER, false},
    {"request_latency_ns.*", COMPARE_LOWER, true},
    {"request_wait_ns.*", COMPARE_LOWER, false},
    {"measure_ns.*", COMPARE_LOWER, true},
    {"wakeup_latency_ns.*", COMPARE_LOWER, true},
    {"run_delay_ns.*", COMPARE_LOWER, false},
    {"completion.time_ns", COMPARE_LOWER, true},
    {"completion.bound_ratio", COMPARE_HIGHER, false},
    {"throughput.*", COMPARE_HIGHER, true},
    {"cpu.wasted_ratio", COMPARE_LOWER, true},
    {"cpu.overhead_ratio", COMPARE_LOWER, true},
    {"cpu.utilisation", COMPARE_NEUTRAL, true},
    {"cpu.wasted_ns", COMPARE_LOWER, false},
    {"cpu.overhead_ns", COMPARE_LOWER, false},
    {"balanced.ratio", COMPARE_HIGHER, false},
    {"balanced.*", COMPARE_LOWER, false},
    {"context_switches", COMPARE_NEUTRAL, true},
    {"migrations.total", COMPARE_NEUTRAL, true},
    {"memory.local_access_ratio", COMPARE_HIGHER, true},
    {"memory.latency_ns.mean", COMPARE_LOWER, true},
    {"memory.pages_migrated", COMPARE_NEUTRAL, true},
    {"memory.oom_kills", COMPARE_LOWER, true},
    {"memory.followed_ns.*", COMPARE_LOWER, false},
    {"bandwidth.*.latency_ns", COMPARE_LOWER, false},
    {"time.full_ns", COMPARE_NEUTRAL, false},
    {"time.*", COMPARE_LOWER, true},
    {"throttlings", COMPARE_NEUTRAL, true},
    {"cgroup.*.throttled_ns", COMPARE_LOWER, false},
};

/* What vmstat.c, memory.c, memory-load.c, wakeup.c, rates.c and simulate.c leave out where it is 0. */
static const char *const absent_zeros[] = {
    "vmstat.*",
    "memory.pages_replicated",
    "memory.pages_shadowed",
    "memory.copies_*",
    "memory.copy_bytes",
    "memory.first_touch_bytes.*",
    "memory.accesses",
    "comm.*.memory.accesses",
    "process.*.memory.accesses",
    "comm.*.time.*_ns",
    "process.*.time.*_ns",
    "bandwidth.*bytes_per_s",
    "bandwidth.*.utilisation",
    "policy.oracle_queries",
};

static int meaning_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++) {
        if (g_pattern_match_simple(meanings[i].pattern, name)) {
            return (int)i;
        }
    }
    return -1;
}

enum compare_goodness compare_goodness(const char *name)
{
    int i = meaning_of(name);

    return i >= 0 ? meanings[i].goodness : COMPARE_NEUTRAL;
}

bool compare_absent_is_zero(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(absent_zeros); i++) {
        if (g_pattern_match_simple(absent_zeros[i], name)) {
            return true;
        }
    }
    return false;
}

bool compare_is_usual(const char *name)
{
    int i = meaning_of(name);

    return i >= 0 && meanings[i].usual;
}
