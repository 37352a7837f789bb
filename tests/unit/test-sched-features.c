/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sched features of the balancers and the queues that only a whole machine shows: what each does is
 * seen where everything else that could do the same is excluded.
 */
#include "engine-fixture.h"
#include "event-log.h"
#include "kernel-invariants.h"

#include "base/time.h"
#include "kernel/internal.h"

#define MS NSEC_PER_MSEC

/* @workload on @topology under @policies, run for @ns. */
static struct engine *simulated_on(const char *topology, const char *workload, const char *policies,
                                   int64_t ns)
{
    g_autofree char *text = g_strdup_printf("numasim: workload/1\nduration: 10s\n%s", workload);
    struct engine *e = engine_new(topology, text, policies,
                                  &(struct kernel_config){.seed = 1, .task_stats = true});

    engine_run(e, ns);
    kernel_check(e->kernel);
    return e;
}

/* @processes on two CPUs. */
static struct engine *simulated(const char *processes, const char *policies, int64_t ns)
{
    g_autofree char *workload = g_strdup_printf("processes:\n%s", processes);

    return simulated_on("epyc-2cpu-vm", workload, policies, ns);
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

/*
 * smt_cold. Two threads of one core: three hogs wait on CPU 0 when CPU 1's task ends. All ran less than
 * the migration cost of 100 ms ago; whether that counts here is the switch.
 */
static void test_smt_cold(void)
{
    static const char workload[] =
        "processes:\n"
        "  p: {threads: {hog: {count: 4, program: [forever: [run: 1ms]]},\n"
        "                end: {cpus: 1, nice: -10, program: [run: 20ms]}}}\n";
    g_autofree char *topology = topology_with("epyc-2cpu-vm", "cores-per-llc: 2",
                                              "threads-per-core: 2\n  cores-per-llc: 1");

    for (int cold = 0; cold < 2; cold++) {
        g_autofree char *policies = g_strdup_printf(
            "linux-5.10 balance.migration_cost=100ms balance.newidle_gate=newidle-cost "
            "balance.smt_cold=%s",
            cold ? "on" : "off");
        struct engine *e = simulated_on(topology, workload, policies, 1000 * MS);

        g_assert_cmpint(failed_hot(e) == 0, ==, cold);
        engine_free(e);
    }
}

/*
 * wa_prev_idle. A task naps on CPU 5, which idles when it is woken from CPU 0 of the other node, but has the
 * load of one that ran there till 3 ms before. CPU 0 has hardly any, and no room: its waker has the CPU,
 * and one of SCHED_IDLE waits. Since 5.11 the idle CPU is enough; before, the loads were compared, and
 * it was taken to CPU 0's node.
 */
static void test_wa_prev_idle(void)
{
    static const char workload[] =
        "objects: {s: {semaphore: 0}}\n"
        "processes:\n"
        "  p: {threads: {waker: {cpus: 0, start: 43ms, program: [forever: [timer: 60ms, run: "
        "100us, "
        "signal: s]]},\n"
        "                idle: {cpus: 0, sched: idle, program: [forever: [run: 1ms]]},\n"
        "                heavy: {cpus: 5, nice: -10, program: [forever: [timer: 60ms, run: "
        "40ms]]}}}\n"
        "  q: {threads: {nap: {cpus: 5, program: [forever: [wait: s, run: 100us]]}}}\n"
        "admin: [{at: 500ms, affinity: {process: q, cpus: 0-7}}]\n";

    for (int kept = 0; kept < 2; kept++) {
        g_autofree char *policies =
            g_strdup_printf("linux-5.10 balance.wa_prev_idle=%s", kept ? "on" : "off");
        struct engine *e = simulated_on("teach-numa-2x4", workload, policies, 2000 * MS);
        const struct numasim_task *nap = task_pub(engine_task(e, "nap", 0));

        if (kept) {
            g_assert_cmpint(nap->cpu, ==, 5);
        } else {
            g_assert_cmpint(nap->cpu, <, 4);
        }
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sched-features/hot-buddy", test_hot_buddy);
    g_test_add_func("/sched-features/lb-min", test_lb_min);
    g_test_add_func("/sched-features/smt-cold", test_smt_cold);
    g_test_add_func("/sched-features/wa-prev-idle", test_wa_prev_idle);
    return g_test_run();
}
