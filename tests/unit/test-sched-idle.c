/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs whose tasks are all of SCHED_IDLE: the balancer takes them for as good as idle. */
#include "engine-fixture.h"

#include "base/time.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"

#define MS NSEC_PER_MSEC

/* A hog on CPU 0, another of @hog_policy on each of CPUs 1 to 3; and a sleeper of @policy, @body. */
static struct engine *machine_full(const char *hog_policy, const char *policy, const char *set,
                                   const char *body)
{
    bool group = g_str_equal(hog_policy, "cgroup");
    const char *own = g_str_equal(hog_policy, "idle") ? "sched: idle," : "";
    g_autofree char *text =
        g_strdup_printf("numasim: workload/1\n"
                        "%s"
                        "processes:\n"
                        "  h:\n"
                        "    threads:\n"
                        "      hog: {cpus: 0, program: [{run: 100s}]}\n"
                        "  o:\n"
                        "%s"
                        "    threads:\n"
                        "      one: {cpus: 1, %s program: [{run: 100s}]}\n"
                        "      two: {cpus: 2, %s program: [{run: 100s}]}\n"
                        "      three: {cpus: 3, %s program: [{run: 100s}]}\n"
                        "  s:\n"
                        "    threads:\n"
                        "      sleeper: {%s program: [%s]}\n",
                        group ? "cgroups:\n  lesser: {idle: true}\n" : "",
                        group ? "    cgroup: lesser\n" : "", own, own, own, policy, body);

    return engine_new("teach-uma-4", text, set, &(struct kernel_config){.seed = 1});
}

static int64_t ran_ns(struct engine *e, const char *comm)
{
    return engine_task(e, comm, 0)->pub.se.sum_exec_ns;
}

#define WAKES "{loop: {count: 200, do: [{sleep: 3ms}, {run: 2ms}]}}"

/* Whoever wakes or is born finds them, and leaves the CPU of a task like itself alone. */
static void test_wakes_there(gconstpointer data)
{
    static const char *const sets[] = {"linux-6.1", "linux-6.12", "linux-7.3"};

    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        struct engine *e = machine_full(data, "", sets[i], WAKES);
        const struct kernel *k = e->kernel;

        engine_run(e, 100 * MS);
        kernel_check(e->kernel);
        g_assert_nonnull(k->sched_idle);
        g_assert_cmpint(k->nr_sched_idle, >=, 2);
        engine_run(e, 1000 * MS);
        kernel_check(e->kernel);
        /* It waited for nobody: 200 rounds of 5 ms in a second, but for switches and ticks. */
        g_assert_cmpint(ran_ns(e, "sleeper"), >=, 390 * MS);
        g_assert_cmpint(ran_ns(e, "hog"), >=, 990 * MS);
        engine_free(e);
    }
}

/* Beside tasks like itself it is no different from any other: the CPUs share what there is. */
static void test_control(void)
{
    struct engine *e = machine_full("other", "", "linux-6.1", WAKES);

    engine_run(e, 1000 * MS);
    g_assert_cmpint(e->kernel->nr_sched_idle, ==, 0);
    g_assert_cmpint(ran_ns(e, "hog") + ran_ns(e, "one") + ran_ns(e, "two") + ran_ns(e, "three"), <=,
                    4000 * MS - ran_ns(e, "sleeper"));
    engine_free(e);
}

/* A SCHED_IDLE task that wakes is content with such a CPU, up to 7.3. */
static void test_idle_wakee(void)
{
    struct engine *e = machine_full("idle", "sched: idle,", "linux-6.12", WAKES);

    engine_run(e, 1000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(ran_ns(e, "hog"), >=, 990 * MS);
    engine_free(e);
}

/* Balances that CPU 1 began. */
static uint32_t balances(const struct engine *e)
{
    uint32_t sum = 0;

    for (int idle = 0; idle < NUMASIM_NR_LB_IDLE; idle++) {
        sum += e->kernel->domains[1][0].counters->lb[idle][NUMASIM_LB_COUNT];
    }
    return sum;
}

/*
 * A CPU that is left to a task of SCHED_IDLE is not newly idle, but balances at its next tick, and not when
 * its interval as a busy one is over, 28 ms at most: within two ticks, whenever it is left.
 */
static void test_balances_early(gconstpointer set)
{
    for (int i = 0; i < 4; i++) {
        int64_t end_ns = (500 + 7 * i) * MS;
        g_autofree char *text = g_strdup_printf(
            "numasim: workload/1\nduration: 10s\nprocesses:\n"
            "  h: {threads: {hog: {count: 3, cpus: 0, program: [forever: [run: 1ms]]}}}\n"
            "  o: {threads: {end: {cpus: 1, nice: -20, start: 1ms, program: [loop: {for: %dms, do: "
            "[run: 1ms]}]},\n"
            "                idle: {cpus: 1, sched: idle, program: [forever: [run: 1ms]]}}}\n",
            (int)(end_ns / MS));
        struct engine *e =
            engine_new("epyc-2cpu-vm", text, set, &(struct kernel_config){.seed = 1});
        const struct numasim_task *end = task_pub(engine_task(e, "end", 0));

        while (end->task_state != NUMASIM_TASK_DEAD) {
            end_ns += MS / 2;
            engine_run(e, end_ns);
        }
        uint32_t before = balances(e);

        engine_run(e, end_ns + 2 * e->kernel->tick_ns);
        g_assert_cmpuint(balances(e), >, before);
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/sched-idle/policy", "idle", test_wakes_there);
    g_test_add_data_func("/sched-idle/cgroup", "cgroup", test_wakes_there);
    g_test_add_func("/sched-idle/control", test_control);
    g_test_add_func("/sched-idle/idle-wakee", test_idle_wakee);
    g_test_add_data_func("/sched-idle/balances-early-6.1", "linux-6.1", test_balances_early);
    g_test_add_data_func("/sched-idle/balances-early-6.12", "linux-6.12", test_balances_early);
    return g_test_run();
}
