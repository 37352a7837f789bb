/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of load averages against asking CPU by CPU. */
#include <string.h>

#include "base/bitmap.h"
#include "base/rng.h"
#include "base/time.h"
#include "engine-fixture.h"
#include "kernel-invariants.h"

enum { NR_STEPS = 2000, MAX_WORDS = 8 };

/* Sets of CPUs like those that balancing asks for, and some that are not: whole words, whole LLCs,
 * anything. */
static void draw_cpus(const struct rng *rng, uint64_t index, int32_t nr_cpus, uint64_t *cpus)
{
    int32_t from, to;

    memset(cpus, 0, MAX_WORDS * sizeof(*cpus));
    switch (rng_below(rng, 3 * index, 4)) {
    case 0:
        bitmap_fill(cpus, (uint32_t)nr_cpus);
        break;
    case 1:
        for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
            if (rng_u64(rng, ((index + 1) << 32) + (uint64_t)cpu) & 1) {
                bitmap_set(cpus, (uint32_t)cpu);
            }
        }
        break;
    default:
        from = (int32_t)rng_below(rng, 3 * index + 1, (uint64_t)nr_cpus / 4) * 4;
        to = from + (int32_t)rng_below(rng, 3 * index + 2, (uint64_t)(nr_cpus - from)) + 1;
        for (int32_t cpu = from; cpu < to; cpu++) {
            bitmap_set(cpus, (uint32_t)cpu);
        }
    }
}

static struct numasim_load sum_one_by_one(struct numasim_host *host, const uint64_t *cpus)
{
    struct numasim_load sum = {0};

    for (int32_t cpu = 0; cpu < numasim_nr_cpus(host); cpu++) {
        if (bitmap_test(cpus, (uint32_t)cpu)) {
            struct numasim_load load = numasim_cpu_load(host, cpu);
            uint64_t capacity = (uint64_t)numasim_cpu(host, cpu)->capacity;

            sum.load_avg += load.load_avg;
            sum.runnable_avg += load.runnable_avg;
            sum.util_avg += MIN(load.util_avg, capacity);
            sum.util_est += MIN(MAX(load.util_avg, load.util_est), capacity);
        }
    }
    return sum;
}

/* Two runs alike, one asked for sums and one CPU by CPU: they answer alike, and go on alike. */
static void check_sums(const char *topology, const char *workload, int64_t step_ns)
{
    struct rng boot = rng_init(1, RNG_BOOT), rng = rng_entity(&boot, 1);
    struct kernel_config config = {.seed = 2};
    struct engine *a = engine_new(topology, workload, "linux-6.12", &config);
    struct engine *b = engine_new(topology, workload, "linux-6.12", &config);
    struct numasim_host *summed = (struct numasim_host *)(void *)a->kernel;
    struct numasim_host *asked = (struct numasim_host *)(void *)b->kernel;

    g_assert_cmpint(a->machine->nr_cpus, <=, MAX_WORDS * 64);
    for (uint64_t i = 0; i < NR_STEPS; i++) {
        uint64_t cpus[MAX_WORDS], only[MAX_WORDS];

        engine_run(a, (int64_t)(i + 1) * step_ns);
        engine_run(b, (int64_t)(i + 1) * step_ns);
        draw_cpus(&rng, i, a->machine->nr_cpus, cpus);
        draw_cpus(&rng, i + NR_STEPS, a->machine->nr_cpus, only);
        struct numasim_load x = numasim_sum_loads(summed, cpus, i % 2 == 0 ? only : NULL);

        for (size_t word = 0; i % 2 == 0 && word < MAX_WORDS; word++) {
            cpus[word] &= only[word];
        }
        struct numasim_load y = sum_one_by_one(asked, cpus);

        g_assert_cmpuint(x.load_avg, ==, y.load_avg);
        g_assert_cmpuint(x.runnable_avg, ==, y.runnable_avg);
        g_assert_cmpuint(x.util_avg, ==, y.util_avg);
        g_assert_cmpuint(x.util_est, ==, y.util_est);
        kernel_check(a->kernel);
    }
    g_autofree char *of_sums = kernel_digest(a->kernel), *of_asking = kernel_digest(b->kernel);

    g_assert_cmpstr(of_sums, ==, of_asking);
    engine_free(a);
    engine_free(b);
}

static const char sleepers[] =
    "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n"
    "    threads:\n"
    "      short: {count: 40, program: [loop: {for: 60s, do: [run: 300us, "
    "sleep: 700us]}]}\n"
    "      long: {count: 20, program: [loop: {for: 60s, do: [run: 30ms, "
    "sleep: 90ms]}]}\n";

static void test_sums(void)
{
    check_sums("epyc-7763-2s-nps4", sleepers, 37 * NSEC_PER_USEC);
    check_sums("epyc-7763-2s-nps4", "hackbench", 13 * NSEC_PER_USEC);
}

/* Long enough for averages of idle CPUs to grow old; CPUs of unlike speed; fewer than a word of them. */
static void test_old_averages(void)
{
    check_sums("epyc-7763-2s-nps4", sleepers, 700 * NSEC_PER_USEC);
    check_sums("xeon-6130-2s", sleepers, 300 * NSEC_PER_USEC);
    check_sums("teach-numa-2x4", sleepers, 300 * NSEC_PER_USEC);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/load/sums", test_sums);
    g_test_add_func("/load/old-averages", test_old_averages);
    return g_test_run();
}
