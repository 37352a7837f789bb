/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "base/bitmap.h"
#include "base/rng.h"
#include "observe/waste.h"

enum { CPUS = 9, MASKS = 7, STEPS = 20000, MAX_WAITING = 4 };

static void test_by_hand(void)
{
    struct waste *w = waste_new(4);
    int32_t all = waste_class(w, &(uint64_t){0xf});
    int32_t first = waste_class(w, &(uint64_t){0x1});

    g_assert_cmpint(waste_class(w, &(uint64_t){0xf}), ==, all);
    g_assert_true(waste_class_matches(w, first, &(uint64_t){0x1}));
    /* 0..10: a task waits, nothing is idle. */
    waste_wait_begin(w, all);
    waste_advance(w, 10);
    g_assert_cmpint(waste_total_ns(w), ==, 0);
    /* 10..30: CPU 1 idles, too: one wasted CPU, 20 ns. */
    waste_cpu_idle(w, 1);
    waste_advance(w, 30);
    g_assert_cmpint(waste_total_ns(w), ==, 20);
    /* 30..40: two more wait for CPU 0 alone, which is busy: still one. 10 ns. */
    waste_wait_begin(w, first);
    waste_wait_begin(w, first);
    waste_advance(w, 40);
    g_assert_cmpint(waste_total_ns(w), ==, 30);
    /* 40..50: CPU 0 idles: one of the two could run there, the first on CPU 1. 2 x 10 ns. */
    waste_cpu_idle(w, 0);
    waste_advance(w, 50);
    g_assert_cmpint(waste_total_ns(w), ==, 50);
    /* 50..60: CPU 1 is taken: whatever was matched to CPU 0 before, one. 10 ns. */
    waste_cpu_busy(w, 1);
    waste_advance(w, 60);
    g_assert_cmpint(waste_total_ns(w), ==, 60);
    /* 60..70: CPUs 2 and 3 idle; three could run on 0, 2 and 3, but only one of them may leave 0. */
    waste_cpu_idle(w, 2);
    waste_cpu_idle(w, 3);
    waste_cpu_idle(w, 3);
    waste_advance(w, 70);
    g_assert_cmpint(waste_total_ns(w), ==, 80);
    g_assert_cmpint(waste_nr_idle(w), ==, 3);
    g_assert_cmpint(waste_nr_waiting(w), ==, 3);
    waste_free(w);
}

/* Waking on an idle CPU leaves nothing behind: both changes come at one instant. */
static void test_instants_count_nothing(void)
{
    struct waste *w = waste_new(1);
    int32_t all = waste_class(w, &(uint64_t){1});

    waste_cpu_idle(w, 0);
    for (int64_t now = 1; now < 100; now++) {
        waste_advance(w, now);
        waste_wait_begin(w, all);
        waste_advance(w, now);
        waste_wait_end(w, all);
        waste_cpu_busy(w, 0);
        waste_advance(w, ++now);
        waste_cpu_idle(w, 0);
    }
    g_assert_cmpint(waste_total_ns(w), ==, 0);
    waste_free(w);
}

/* The plain way to a maximum matching: for each waiting task, a path to an idle CPU (Kuhn). */
static bool place(int32_t task, const uint64_t *mask_of, uint64_t idle, uint64_t *tried,
                  int32_t *owner)
{
    for (int32_t cpu = 0; cpu < CPUS; cpu++) {
        uint64_t bit = UINT64_C(1) << cpu;

        if (!(mask_of[task] & idle & bit) || (*tried & bit)) {
            continue;
        }
        *tried |= bit;
        if (owner[cpu] < 0 || place(owner[cpu], mask_of, idle, tried, owner)) {
            owner[cpu] = task;
            return true;
        }
    }
    return false;
}

static int32_t plain_matching(const uint64_t *masks, const int32_t *waiting, uint64_t idle)
{
    uint64_t mask_of[MASKS * MAX_WAITING];
    int32_t owner[CPUS], nr = 0, size = 0;

    for (int32_t cpu = 0; cpu < CPUS; cpu++) {
        owner[cpu] = -1;
    }
    for (int32_t i = 0; i < MASKS; i++) {
        for (int32_t n = 0; n < waiting[i]; n++) {
            mask_of[nr++] = masks[i];
        }
    }
    for (int32_t task = 0; task < nr; task++) {
        uint64_t tried = 0;

        size += place(task, mask_of, idle, &tried, owner);
    }
    return size;
}

/* Random changes, several to an instant, against the plain way. */
static void test_against_plain(void)
{
    struct rng r = rng_init(7, RNG_WORKLOAD);
    struct waste *w = waste_new(CPUS);
    uint64_t masks[MASKS], idle = 0;
    int32_t classes[MASKS], waiting[MASKS] = {0};
    int64_t now = 0, expected = 0;

    for (uint64_t i = 0; i < MASKS; i++) {
        masks[i] = i < 3 ? UINT64_C(1) << (2 * i) : 1 + rng_below(&r, i, (1 << CPUS) - 1);
        classes[i] = waste_class(w, &masks[i]);
    }
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t index = 100 + 4 * step;
        uint64_t i = rng_below(&r, index, MASKS), cpu = rng_below(&r, index + 1, CPUS);

        switch (rng_below(&r, index + 2, 4)) {
        case 0:
            if (waiting[i] < MAX_WAITING) {
                waste_wait_begin(w, classes[i]);
                waiting[i]++;
            }
            break;
        case 1:
            if (waiting[i] > 0) {
                waste_wait_end(w, classes[i]);
                waiting[i]--;
            }
            break;
        case 2:
            waste_cpu_idle(w, (int32_t)cpu);
            idle |= UINT64_C(1) << cpu;
            break;
        default:
            waste_cpu_busy(w, (int32_t)cpu);
            idle &= ~(UINT64_C(1) << cpu);
            break;
        }
        int64_t delta = (int64_t)rng_below(&r, index + 3, 3);

        now += delta;
        expected += delta * plain_matching(masks, waiting, idle);
        waste_advance(w, now);
        g_assert_cmpint(waste_total_ns(w), ==, expected);
    }
    g_assert_cmpint(expected, >, 0);
    waste_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/waste/by-hand", test_by_hand);
    g_test_add_func("/waste/instants-count-nothing", test_instants_count_nothing);
    g_test_add_func("/waste/against-plain", test_against_plain);
    return g_test_run();
}
