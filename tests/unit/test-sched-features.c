/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sched features of the balancers and the queues that only a whole machine shows: what each does is
 * seen where everything else that could do the same is excluded.
 */
#include "engine-fixture.h"
#include "kernel-invariants.h"

#include "base/time.h"
#include "kernel/internal.h"

#define MS NSEC_PER_MSEC

/* @processes on two CPUs under @policies, run for @ns. */
static struct engine *simulated(const char *processes, const char *policies, int64_t ns)
{
    g_autofree char *text =
        g_strdup_printf("numasim: workload/1\nduration: 10s\nprocesses:\n%s", processes);
    struct engine *e = engine_new("epyc-2cpu-vm", text, policies,
                                  &(struct kernel_config){.seed = 1, .task_stats = true});

    engine_run(e, ns);
    kernel_check(e->kernel);
    return e;
}

static uint64_t failed_hot(const struct engine *e)
{
    uint64_t sum = 0;

    for (int32_t i = 0; i < e->kernel->nr_tasks; i++) {
        sum += e->kernel->tasks[i]->stats->by_policy[NUMASIM_TASK_FAILED_MIGRATIONS_HOT];
    }
    return sum;
}

/*
 * CACHE_HOT_BUDDY. With migration_cost 0 nobody is cache-hot but a buddy: with next_buddy, who woke
 * and waits.
 */
static void check_hot_buddy(const char *set)
{
    static const char processes[] =
        "  p: {threads: {hog: {count: 3, cpus: 0, program: [forever: [run: 1ms]]},\n"
        "                one: {count: 2, cpus: 1, program: [forever: [run: 1ms]]},\n"
        "                nap: {count: 12, program: [forever: [run: {exponential: 2ms}, sleep: "
        "{exponential: 10ms}]]}}}\n";

    for (int hot = 0; hot < 2; hot++) {
        g_autofree char *policies =
            g_strdup_printf("%s queue.next_buddy=on balance.migration_cost=0ns "
                            "balance.cache_hot_buddy=%s",
                            set, hot ? "on" : "off");
        struct engine *e = simulated(processes, policies, 9000 * MS);

        g_assert_cmpint(failed_hot(e) > 0, ==, hot);
        engine_free(e);
    }
}

static void test_hot_buddy(void)
{
    check_hot_buddy("linux-6.12");
    check_hot_buddy("linux-6.1");
    check_hot_buddy("linux-4.3");
}

/* What balancing counted in the domain of the two CPUs. */
static uint32_t counted(const struct engine *e, enum numasim_lb_counter counter)
{
    uint32_t sum = 0;

    for (int32_t cpu = 0; cpu < 2; cpu++) {
        for (int idle = 0; idle < NUMASIM_NR_LB_IDLE; idle++) {
            sum += e->kernel->domains[cpu][0].counters->lb[idle][counter];
        }
    }
    return sum;
}

/*
 * LB_MIN. Tasks of nice 19 weigh 15. Eight of CPU 1's ten end, and it pulls four from CPU 0, which has
 * eight; pinned ones start late, too, and CPU 0 pulls three: for load, both of them busy, at the first
 * attempt. With lb_min each has to fail once before.
 */
static void test_lb_min(void)
{
    static const char *const sets[] = {"linux-6.12", "linux-6.1", "linux-4.3"};
    static const char processes[] =
        "  p: {threads: {left: {count: 8, nice: 19, program: [forever: [run: 1ms]]},\n"
        "                pin: {count: 2, cpus: 1, nice: 19, program: [forever: [run: 1ms]]},\n"
        "                end: {count: 8, cpus: 1, nice: 19, program: [run: 20ms]}}}\n";

    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        for (int on = 0; on < 2; on++) {
            g_autofree char *policies =
                g_strdup_printf("%s balance.lb_min=%s", sets[i], on ? "on" : "off");
            struct engine *e = simulated(processes, policies, 3000 * MS);

            g_assert_cmpuint(counted(e, NUMASIM_LB_FAILED), ==, on ? 2 : 0);
            g_assert_cmpuint(counted(e, NUMASIM_LB_GAINED), ==, 7);
            engine_free(e);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sched-features/hot-buddy", test_hot_buddy);
    g_test_add_func("/sched-features/lb-min", test_lb_min);
    return g_test_run();
}
