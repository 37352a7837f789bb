/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/memcg.h"

#include <string.h>

static const struct numasim_memcg *memcg_at(const struct kernel *k, int32_t cgroup)
{
    return numasim_memcg((struct numasim_host *)(uintptr_t)k, cgroup);
}

static bool came_before(const struct kernel *k, int32_t cgroup)
{
    for (int32_t c = 1; c < cgroup; c++) {
        if (memcg_at(k, c) != NULL &&
            strcmp(kernel_cgroup_name(k, c), kernel_cgroup_name(k, cgroup)) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct result *r, const char *cgroup, const char *what, enum result_unit unit,
                int64_t value)
{
    g_autofree char *name = g_strdup_printf("cgroup.%s.memory.%s", cgroup, what);

    result_add(r, name, unit, value);
}

void memcg_report(const struct kernel *k, struct result *r)
{
    static const char *const events[NUMASIM_NR_MEMCG_EVENTS] = {
        [NUMASIM_MEMCG_LOW] = "events.low",
        [NUMASIM_MEMCG_HIGH] = "events.high",
        [NUMASIM_MEMCG_MAX] = "events.max",
        [NUMASIM_MEMCG_OOM] = "events.oom",
        [NUMASIM_MEMCG_OOM_KILL] = "events.oom_kill"};

    for (int32_t c = 1; c < kernel_nr_cgroups(k); c++) {
        const char *name = kernel_cgroup_name(k, c);
        struct numasim_memcg sum = {.cgroup = c};

        if (memcg_at(k, c) == NULL || came_before(k, c)) {
            continue;
        }
        for (int32_t same = c; same < kernel_nr_cgroups(k); same++) {
            const struct numasim_memcg *mc = memcg_at(k, same);

            if (mc == NULL || strcmp(kernel_cgroup_name(k, same), name) != 0) {
                continue;
            }
            sum.usage_bytes += mc->usage_bytes;
            sum.peak_bytes += mc->peak_bytes;
            for (int i = 0; i < NUMASIM_NR_MEMCG_EVENTS; i++) {
                sum.events[i] += mc->events[i];
            }
        }
        add(r, name, "current", RESULT_BYTES, sum.usage_bytes);
        add(r, name, "peak", RESULT_BYTES, sum.peak_bytes);
        for (int i = 0; i < NUMASIM_NR_MEMCG_EVENTS; i++) {
            add(r, name, events[i], RESULT_COUNT, (int64_t)sum.events[i]);
        }
    }
}
