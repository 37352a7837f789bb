/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frequency of each package by the number of its active cores, where the machine has a table.
 *
 * A core is active while a task runs on one of its CPUs, and from then on until it has idled for
 * machine->frequency_idle_ns: the hardware counts a core as active until it sleeps deeply enough to
 * give its share of the power away. All active cores of a package run at the same frequency, the
 * table's; what a frequency does to a task stands in pace.c.
 *
 * Whoever runs in the package changes pace where the count passes from one step of the table to the
 * next, and at no other time: a change of the count costs O(1), a change of step O(running CPUs of
 * the package). Without a table nothing of this exists, and the price is one test of a pointer when a
 * CPU begins or ends to run.
 */
#include "kernel/internal.h"

struct frequency_core {
    struct evq_entry rest; /* it has idled for long enough, unless it ran meanwhile */
    int64_t idle_since_ns;
    int32_t package;
    bool active;
};

struct frequency_package {
    uint64_t *cpus; /* bitmap */
    int32_t active; /* cores */
    int32_t step;   /* of the table */
};

struct frequency {
    struct frequency_core *cores;       /* [nr_cores] */
    struct frequency_package *packages; /* [nr_packages] */
};

void frequency_new(struct kernel *k)
{
    const struct machine *m = k->machine;

    if (m->nr_frequencies == 0 || m->core_hz <= 0) {
        return;
    }
    k->frequency = g_new0(struct frequency, 1);
    k->frequency->cores = g_new0(struct frequency_core, (gsize)m->nr_cores);
    k->frequency->packages = g_new0(struct frequency_package, (gsize)m->nr_packages);
    for (int32_t i = 0; i < m->nr_packages; i++) {
        k->frequency->packages[i].cpus = g_new0(uint64_t, BITMAP_WORDS(m->nr_cpus));
    }
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct frequency_core *core = &k->frequency->cores[m->cpus[cpu].core];

        core->package = m->cpus[cpu].package;
        event_init(&core->rest, EVENT_REST, CLASS_LAST, cpu_rq(k, cpu)->rank);
        bitmap_set(k->frequency->packages[core->package].cpus, (uint32_t)cpu);
    }
}

void frequency_free(struct kernel *k)
{
    if (k->frequency == NULL) {
        return;
    }
    for (int32_t i = 0; i < k->machine->nr_packages; i++) {
        g_free(k->frequency->packages[i].cpus);
    }
    g_free(k->frequency->packages);
    g_free(k->frequency->cores);
    g_free(k->frequency);
}

int64_t frequency_hz(const struct kernel *k, const struct rq *rq)
{
    return k->machine->frequencies[k->frequency->packages[rq->pub.package].step].hz;
}

/* Xeons' own frequency table, as arch/x86/kernel/cpu/aperfmperf.c reads it (6.12,
 * intel_set_max_freq_ratio(): skx_set_max_freq_ratio(..., 4)): 1024 is the turbo of four cores, and
 * what is above that counts no more. */
#define FULL_SCALE_CORES 4

uint32_t frequency_scale(const struct kernel *k, const struct rq *rq)
{
    const struct machine *m = k->machine;
    int32_t step = 0;

    while (step + 1 < m->nr_frequencies && m->frequencies[step].active_cores < FULL_SCALE_CORES) {
        step++;
    }
    int64_t scale = frequency_hz(k, rq) * 1024 / m->frequencies[step].hz;

    return (uint32_t)CLAMP(scale, 1, 1024);
}

/* Whoever runs in @p runs at another pace from now on, and the clocks of its averages pass at it. A CPU
 * that switches just now computes its own pace. */
static void refresh(struct kernel *k, const struct frequency_package *p)
{
    for (uint32_t word = 0; word < BITMAP_WORDS(k->nr_cpus); word++) {
        for (uint64_t bits = p->cpus[word] & ~k->idle[word]; bits != 0; bits &= bits - 1) {
            struct rq *rq = cpu_rq(k, (int32_t)(word * 64) + __builtin_ctzll(bits));

            if (rq->curr == NULL) {
                continue;
            }
            tick_catch_up(k, rq);
            pelt_clock_run(&rq->pelt_clock, (uint32_t)rq->pub.capacity, frequency_scale(k, rq),
                           k->now_ns);
            if (!rq->in_schedule) {
                pace_change(k, rq);
            }
        }
    }
}

/* The number of active cores of @p changes by @change, which is 1 or -1. */
static void count(struct kernel *k, struct frequency_package *p, int32_t change)
{
    const struct machine *m = k->machine;
    int32_t step = p->step;

    p->active += change;
    /* More cores than the last step names run as it says. */
    while (step + 1 < m->nr_frequencies && p->active > m->frequencies[step].active_cores) {
        step++;
    }
    while (step > 0 && p->active <= m->frequencies[step - 1].active_cores) {
        step--;
    }
    if (step != p->step) {
        p->step = step;
        refresh(k, p);
    }
}

static void rest(struct kernel *k, struct frequency_core *core)
{
    core->active = false;
    count(k, &k->frequency->packages[core->package], -1);
}

void frequency_core_runs(struct kernel *k, int32_t core_id, bool runs)
{
    struct frequency_core *core = &k->frequency->cores[core_id];
    int64_t idle_ns = k->machine->frequency_idle_ns;

    if (runs) {
        core->idle_since_ns = TIME_NEVER_NS;
        if (!core->active) {
            core->active = true;
            count(k, &k->frequency->packages[core->package], 1);
        }
    } else if (idle_ns == 0) {
        rest(k, core);
    } else {
        core->idle_since_ns = k->now_ns;
        /* One on its way will find that it came too early: cheaper than moving it each time. */
        if (!evq_entry_queued(&core->rest)) {
            event_set(k, &core->rest, k->now_ns + idle_ns);
        }
    }
}

void frequency_rest_event(struct kernel *k, struct evq_entry *e)
{
    struct frequency_core *core = container_of(e, struct frequency_core, rest);
    int64_t idle_ns = k->machine->frequency_idle_ns;

    if (core->idle_since_ns == TIME_NEVER_NS || !core->active) {
        return;
    }
    if (core->idle_since_ns > k->now_ns - idle_ns) {
        event_set(k, &core->rest, core->idle_since_ns + idle_ns);
        return;
    }
    rest(k, core);
}
