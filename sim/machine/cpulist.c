/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/cpulist.h"

#include "base/bitmap.h"
#include "base/error.h"

uint32_t machine_nr_cpu_ids(const struct machine *m)
{
    uint32_t ids = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        ids = MAX(ids, (uint32_t)m->cpus[cpu].os_id + 1);
    }
    return ids;
}

uint64_t *machine_outside_set(const struct machine *m, const uint64_t *cpus)
{
    const uint32_t n = (uint32_t)m->nr_cpus;
    uint64_t *outside = bitmap_new(machine_nr_cpu_ids(m));

    for (uint32_t cpu = bitmap_next(cpus, n, 0); cpu < n; cpu = bitmap_next(cpus, n, cpu + 1)) {
        bitmap_set(outside, (uint32_t)m->cpus[cpu].os_id);
    }
    return outside;
}

char *machine_cpulist(const struct machine *m, const uint64_t *cpus)
{
    g_autofree uint64_t *outside = machine_outside_set(m, cpus);

    return bitmap_to_list(outside, machine_nr_cpu_ids(m));
}

bool machine_parse_cpulist(const struct machine *m, const char *text, uint64_t *cpus,
                           GError **error)
{
    const uint32_t n = (uint32_t)m->nr_cpus, ids = machine_nr_cpu_ids(m);
    g_autofree uint64_t *outside = bitmap_new(ids), *inside = bitmap_new(n);

    if (!bitmap_parse_list(text, outside, ids, error)) {
        return false;
    }
    for (uint32_t cpu = 0; cpu < n; cpu++) {
        if (bitmap_test(outside, (uint32_t)m->cpus[cpu].os_id)) {
            bitmap_set(inside, cpu);
            bitmap_clear(outside, (uint32_t)m->cpus[cpu].os_id);
        }
    }
    if (!bitmap_empty(outside, ids)) {
        g_autofree uint64_t *all = bitmap_new(n);
        g_autofree char *missing = bitmap_to_list(outside, ids), *known = NULL;

        bitmap_fill(all, n);
        known = machine_cpulist(m, all);
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "'%s': the machine has no CPU %s; expected some of %s", text, missing, known);
        return false;
    }
    bitmap_copy(cpus, inside, n);
    return true;
}
