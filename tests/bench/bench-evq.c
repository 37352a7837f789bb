/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue in the hold model (pop the first, add it again later), against a bare one: a
 * wheel whose entries are a time and a link, without ties, classes, cancelling or a limit to pop
 * up to. CPU time, best of three. At 100,000 pending the ratio is one of memory: our entries are
 * 40 bytes and leave a cache of 2 MiB, the bare ones are 16 and stay in it; with equal entries the
 * ratio is that of the smaller sizes.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/dist.h"
#include "base/evq.h"
#include "base/rng.h"
#include "base/time.h"

enum {
    NR_EVENTS = 4000000,
    NR_RUNS = 3,
    NR_DELTAS = 1 << 16, /* drawn before, so that drawing is not measured */
    DELTA_MASK = NR_DELTAS - 1,
};

/* --- A bare wheel: 64 x 8 levels, singly linked slots, last in first out -------------------- */

enum { WHEEL_BITS = 6, WHEEL_SLOTS = 1 << WHEEL_BITS, WHEEL_LEVELS = 8 };

struct wheel_entry {
    uint64_t time_ns;
    struct wheel_entry *next;
};

struct wheel {
    uint64_t now_ns;
    uint32_t used_levels;
    uint64_t used_slots[WHEEL_LEVELS];
    struct wheel_entry *slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

static inline void wheel_add(struct wheel *w, struct wheel_entry *e)
{
    uint32_t level =
        (63u - (uint32_t)__builtin_clzll((e->time_ns ^ w->now_ns) | 1)) / (uint32_t)WHEEL_BITS;
    uint32_t slot = (uint32_t)(e->time_ns >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);

    e->next = w->slots[level][slot];
    w->slots[level][slot] = e;
    w->used_slots[level] |= UINT64_C(1) << slot;
    w->used_levels |= 1u << level;
}

static inline struct wheel_entry *wheel_pop(struct wheel *w)
{
    for (;;) {
        uint32_t level = (uint32_t)__builtin_ctz(w->used_levels);
        uint32_t slot = (uint32_t)__builtin_ctzll(w->used_slots[level]);
        struct wheel_entry *e = w->slots[level][slot];
        uint32_t shift = level * WHEEL_BITS;
        struct wheel_entry *next = e->next;

        w->slots[level][slot] = level ? NULL : next;
        if (level || !next) {
            w->used_slots[level] &= w->used_slots[level] - 1;
            w->used_levels &= ~((uint32_t)!w->used_slots[level] << level);
        }
        if (level == 0 || !next) {
            w->now_ns = e->time_ns;
            return e;
        }
        w->now_ns = e->time_ns >> shift << shift;
        for (; e; e = next) {
            next = e->next;
            wheel_add(w, e);
        }
    }
}

static double run_wheel(uint32_t pending, const uint32_t *deltas_ns)
{
    g_autofree struct wheel *w = g_new0(struct wheel, 1);
    g_autofree struct wheel_entry *entries = g_new0(struct wheel_entry, pending);
    clock_t start;

    for (uint32_t i = 0; i < pending; i++) {
        entries[i].time_ns = deltas_ns[i & DELTA_MASK];
        wheel_add(w, &entries[i]);
    }
    start = clock();
    for (uint32_t i = 0; i < NR_EVENTS; i++) {
        struct wheel_entry *e = wheel_pop(w);

        e->time_ns += deltas_ns[i & DELTA_MASK];
        wheel_add(w, e);
    }
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* --- Ours ----------------------------------------------------------------------------------- */

static double run_evq(uint32_t pending, const uint32_t *deltas_ns)
{
    struct evq *q = evq_new();
    g_autofree struct evq_entry *entries = g_new0(struct evq_entry, pending);
    clock_t start;
    double seconds;

    for (uint32_t i = 0; i < pending; i++) {
        evq_add(q, &entries[i], deltas_ns[i & DELTA_MASK]);
    }
    start = clock();
    for (uint32_t i = 0; i < NR_EVENTS; i++) {
        struct evq_entry *e = evq_pop(q, TIME_NEVER_NS);

        evq_add(q, e, e->time_ns + deltas_ns[i & DELTA_MASK]);
    }
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    evq_free(q);
    return seconds;
}

/* --- The table ------------------------------------------------------------------------------ */

struct mix {
    const char *name;
    uint32_t tick_percent; /* deltas of exactly 1 ms; the others are exponential */
    int64_t mean_ns;
};

static void draw_deltas(const struct mix *mix, uint32_t *deltas_ns)
{
    struct rng rng = rng_init(1, RNG_WORKLOAD), which = rng_entity(&rng, 1);
    struct dist exponential = {.kind = DIST_EXPONENTIAL, .a = mix->mean_ns};

    for (uint32_t i = 0; i < NR_DELTAS; i++) {
        deltas_ns[i] = rng_below(&which, i, 100) < mix->tick_percent
                           ? (uint32_t)NSEC_PER_MSEC
                           : (uint32_t)dist_draw(&exponential, &rng, i);
    }
}

/* Millions of events a second, in the best of the runs. */
static double best_rate(double (*run)(uint32_t, const uint32_t *), uint32_t pending,
                        const uint32_t *deltas_ns)
{
    double best = 1e9;

    for (int i = 0; i < NR_RUNS; i++) {
        double seconds = run(pending, deltas_ns);

        best = MIN(best, seconds);
    }
    return NR_EVENTS / best / 1e6;
}

int main(void)
{
    static const struct mix mixes[] = {
        {"exponential 1 ms", 0, NSEC_PER_MSEC},
        {"60 % ticks of 1 ms, rest exp. 50 us", 60, 50 * NSEC_PER_USEC},
    };
    static const uint32_t pendings[] = {1000, 10000, 100000};
    g_autofree uint32_t *deltas_ns = g_new(uint32_t, NR_DELTAS);

    printf("%-36s %8s %8s %8s %6s\n", "event queue, hold model; M events/s", "pending", "bare",
           "ours", "ratio");
    for (size_t m = 0; m < G_N_ELEMENTS(mixes); m++) {
        draw_deltas(&mixes[m], deltas_ns);
        for (size_t p = 0; p < G_N_ELEMENTS(pendings); p++) {
            double bare = best_rate(run_wheel, pendings[p], deltas_ns);
            double ours = best_rate(run_evq, pendings[p], deltas_ns);

            printf("%-36s %8u %8.1f %8.1f %6.2f\n", mixes[m].name, pendings[p], bare, ours,
                   ours / bare);
        }
    }
    return EXIT_SUCCESS;
}
