/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/bound.h"

#include "base/bitmap.h"
#include "base/fixed.h"

/* Affinities beyond so many different ones are not held against their sets: that only weakens the
 * bound. Speeds are parts per million of one CPU alone at its nominal frequency. */
enum { MAX_SETS = 256, PPM = 1000000 };

/* What @threads of one core do together at most: one alone, or all of them (kernel/pace.c). */
static uint64_t core_ppm(const struct machine *m, int32_t threads)
{
    int64_t gain_ppm = 2 * (int64_t)m->costs.smt_pace_ppm - PPM;

    return (uint64_t)(PPM + MAX(gain_ppm, 0) * (threads - 1));
}

/* The most that @cores of a package do together, as a multiple of one at nominal frequency, x PPM. */
static uint64_t package_ppm(const struct machine *m, int32_t cores)
{
    uint64_t best = m->nr_frequencies == 0 ? (uint64_t)cores * PPM : 0;

    for (int32_t i = 0; i < m->nr_frequencies; i++) {
        bool last = i + 1 == m->nr_frequencies;
        int32_t active = last ? cores : MIN(cores, m->frequencies[i].active_cores);

        best = MAX(best, mul_div_ceil_u64((uint64_t)active * PPM, (uint64_t)m->frequencies[i].hz,
                                          (uint64_t)m->core_hz));
    }
    return best;
}

struct package {
    int32_t cores;
    uint64_t core_ppm; /* of the best core, x capacity / 1024 */
};

/* What the CPUs of @set do together at most. */
static uint64_t set_ppm(const struct machine *m, const uint64_t *set)
{
    g_autofree int32_t *threads = g_new0(int32_t, (gsize)m->nr_cores);
    g_autofree struct package *packages = g_new0(struct package, (gsize)m->nr_packages);
    uint64_t sum = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (bitmap_test(set, (uint32_t)cpu)) {
            const struct machine_cpu *c = &m->cpus[cpu];
            struct package *p = &packages[c->package];

            p->cores += threads[c->core]++ == 0;
            p->core_ppm = MAX(p->core_ppm, mul_div_ceil_u64(core_ppm(m, threads[c->core]),
                                                            (uint64_t)c->capacity, 1024));
        }
    }
    for (int32_t i = 0; i < m->nr_packages; i++) {
        if (packages[i].cores > 0) {
            sum += mul_div_ceil_u64(package_ppm(m, packages[i].cores), packages[i].core_ppm, PPM);
        }
    }
    return sum;
}

static bool is_within(const uint64_t *inner, const uint64_t *outer, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        if ((inner[i] & ~outer[i]) != 0) {
            return false;
        }
    }
    return true;
}

static int64_t bound_of_set(const struct kernel *k, const uint64_t *set)
{
    const struct machine *m = kernel_machine(k);
    uint32_t words = BITMAP_WORDS(m->nr_cpus);
    uint128 work_ns = 0;
    uint64_t ppm = set_ppm(m, set);

    for (int32_t i = 0; i < kernel_nr_tasks(k); i++) {
        struct task *t = kernel_task(k, i);

        if (is_within(task_pub(t)->allowed, set, words)) {
            work_ns += (uint64_t)kernel_task_work_done_ns(k, t);
        }
    }
    return ppm > 0 ? (int64_t)MIN(work_ns * PPM / ppm, (uint128)INT64_MAX) : 0;
}

int64_t bound_completion_ns(const struct kernel *k, bool affinities)
{
    uint32_t words = BITMAP_WORDS(kernel_machine(k)->nr_cpus);
    g_autofree uint64_t *all = g_new(uint64_t, words);
    const uint64_t *sets[MAX_SETS] = {all};
    int32_t nr_sets = 1;
    int64_t bound_ns = 0;

    memset(all, 0xff, words * sizeof(*all));
    for (int32_t i = 0; affinities && i < kernel_nr_tasks(k) && nr_sets < MAX_SETS; i++) {
        const uint64_t *allowed = task_pub(kernel_task(k, i))->allowed;
        int32_t known = 0;

        while (known < nr_sets && memcmp(sets[known], allowed, words * sizeof(*all)) != 0) {
            known++;
        }
        if (known == nr_sets) {
            sets[nr_sets++] = allowed;
        }
    }
    for (int32_t i = 0; i < nr_sets; i++) {
        bound_ns = MAX(bound_ns, bound_of_set(k, sets[i]));
    }
    return bound_ns;
}
