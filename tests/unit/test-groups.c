/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroups of the fair class: shares in a tree of queues and in one flat queue, and their modes. */
#include "engine-fixture.h"
#include "kernel-invariants.h"

#include "base/time.h"
#include "kernel/internal.h"
#include "torture.h"

#define MS NSEC_PER_MSEC

static struct engine *engine_for(const char *policies, const char *text, const int64_t *flat,
                                 const int64_t *mode, const struct kernel_config *config)
{
    struct policy_stack *stack = fixture_stack(policies);

    if (flat != NULL) {
        stack->host->params[HOST_FLAT_QUEUE] = *flat;
    }
    if (mode != NULL) {
        stack->host->params[HOST_CGROUP_MODE] = *mode;
    }
    return engine_new_stack("teach-uma-4", text, stack, config);
}

/*
 * One CPU, three levels. At the root a (3072), b (1024) and a task (1024): 3/5, 1/5, 1/5. In a, a1 has
 * 2/3, which is 2/5 of the CPU, for two tasks of nice 0 and 5 (1024 and 335), and a2 1/5. Every
 * group may use CPU 0 only, so that concur multiplies by 1.
 */
static const char nested[] = "numasim: workload/1\n"
                             "duration: 1000s\n"
                             "cgroups:\n"
                             "  a: {weight: 300, cpus: 0}\n"
                             "  a1: {parent: a, weight: 100}\n"
                             "  a2: {parent: a, weight: 50}\n"
                             "  b: {cpus: 0}\n"
                             "processes:\n"
                             "  p1: {cgroup: a1, threads: {x: {program: [forever: [run: 1ms]]},\n"
                             "       y: {nice: 5, program: [forever: [run: 1ms]]}}}\n"
                             "  p2: {cgroup: a2, threads: {z: {program: [forever: [run: 1ms]]}}}\n"
                             "  p3: {cgroup: b, threads: {u: {nice: 10, program: [forever: [run: "
                             "1ms]]}}}\n"
                             "  p4: {threads: {v: {cpus: 0, program: [forever: [run: 1ms]]}}}\n";

static void test_nested(gconstpointer policies)
{
    static const struct {
        const char *comm;
        double due;
    } tasks[] = {
        {"x", 0.4 * 1024 / 1359}, {"y", 0.4 * 335 / 1359}, {"z", 0.2}, {"u", 0.2}, {"v", 0.2}};
    const int64_t until_ns = 60 * NSEC_PER_SEC;
    struct engine *e = engine_for(policies, nested, NULL, NULL, &(struct kernel_config){.seed = 2});

    engine_run(e, until_ns);
    for (gsize i = 0; i < G_N_ELEMENTS(tasks); i++) {
        int64_t got_ns = kernel_task_cpu_ns(e->kernel, engine_task(e, tasks[i].comm, 0));
        int64_t due_ns = (int64_t)(tasks[i].due * (double)until_ns);

        g_test_message("%s: %.4f, due %.4f", tasks[i].comm, (double)got_ns / (double)until_ns,
                       tasks[i].due);
        g_assert_cmpint(ABS(got_ns - due_ns), <=, until_ns / 1000);
    }
    kernel_check(e->kernel);
    engine_free(e);
}

/*
 * g with one task on CPU 0 and three on CPU 1, and h with one on CPU 0. A quarter of g's load is on
 * CPU 0. Of four tasks three count as runnable: what CPUs told is up to 1/64 short of 1024 for each
 * (update_tg_load_avg()), and the quotient is truncated (tg_tasks()).
 */
static const char split[] = "numasim: workload/1\n"
                            "duration: 1000s\n"
                            "cgroups: {g: {cpus: 0-1}, h: {}}\n"
                            "processes:\n"
                            "  g: {cgroup: g, threads: {g0: {cpus: 0, program: [forever: [run: "
                            "1ms]]}, g1: {cpus: 1, count: 3, program: [forever: [run: 1ms]]}}}\n"
                            "  h: {cgroup: h, threads: {h0: {cpus: 0, program: [forever: [run: "
                            "1ms]]}}}\n";

static void test_modes(void)
{
    static const struct {
        enum host_cgroup_mode mode;
        int64_t g, h; /* what they weigh on CPU 0 */
    } cases[] = {{CGROUP_MODE_UP, 1024, 1024},
                 {CGROUP_MODE_SMP, 1024 / 4, 1024},
                 {CGROUP_MODE_CONCUR, 2 * 1024 / 4, 1024}, /* two CPUs are less than three tasks */
                 {CGROUP_MODE_MAX, 2 * 1024 / 4, 4 * 1024},
                 {CGROUP_MODE_TASKS, 3 * 1024 / 4, 1024}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (int64_t flat = 0; flat < 2; flat++) {
            struct engine *e =
                engine_for("linux-6.12", split, &flat, &(const int64_t){cases[i].mode},
                           &(struct kernel_config){.seed = 1});
            engine_run(e, 2000 * MS); /* the averages have settled */
            struct task *t = engine_task(e, "g0", 0);
            int64_t before_ns = kernel_task_cpu_ns(e->kernel, t);

            engine_run(e, 12000 * MS);
            int64_t got_ns = kernel_task_cpu_ns(e->kernel, t) - before_ns;

            g_test_message("mode %d flat %d: %.4f", (int)cases[i].mode, (int)flat,
                           (double)got_ns / 1e10);
            int64_t due_ns = 10000 * MS * cases[i].g / (cases[i].g + cases[i].h);

            g_assert_cmpint(ABS(got_ns - due_ns), <=, 100 * MS);
            engine_free(e);
        }
    }
}

/* The load that a CPU shows is what its root queue's entities weigh: three quarters of a
 * group there, and a third of that for each of its tasks. */
static void test_load(void)
{
    struct engine *e =
        engine_for("linux-6.12", split, NULL, NULL, &(struct kernel_config){.seed = 1});
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;

    engine_run(e, 3000 * MS);
    uint64_t load = numasim_cpu_load(host, 1).load_avg;
    uint64_t task = numasim_task_h_load(host, task_pub(engine_task(e, "g1", 0)));

    g_assert_cmpuint(load, >=, 750);
    g_assert_cmpuint(load, <=, 780);
    g_assert_cmpuint(task, >=, 245);
    g_assert_cmpuint(task, <=, 262);
    g_assert_cmpuint(numasim_task_load(host, task_pub(engine_task(e, "g1", 0))).load_avg, >=, 1000);
    engine_free(e);
}

/* cpu.weight.nice: kernel/sched/core.c: sched_prio_to_weight[]. */
static void test_weight_nice(void)
{
    struct engine *e = engine_for("linux-6.12",
                                  "numasim: workload/1\nduration: 1000s\n"
                                  "cgroups: {g: {weight.nice: 5}, h: {weight.nice: -3}}\n"
                                  "processes:\n"
                                  "  g: {cgroup: g, threads: {g: {cpus: 0, count: 2, program: "
                                  "[forever: [run: 1ms]]}}}\n"
                                  "  h: {cgroup: h, threads: {h: {cpus: 0, program: [forever: "
                                  "[run: 1ms]]}}}\n",
                                  NULL, NULL, &(struct kernel_config){.seed = 1});

    engine_run(e, 30000 * MS);
    int64_t got_ns = kernel_task_cpu_ns(e->kernel, engine_task(e, "h", 0));

    g_assert_cmpint(ABS(got_ns - 30000 * MS * 1991 / (1991 + 335)), <=, 30 * MS);
    engine_free(e);
}

/* Everything at once in one queue, whoever orders it, with and without skipped ticks. */
static void test_torture(gconstpointer policies)
{
    const int64_t flat = 1;

    for (uint64_t seed = 1; seed <= 4; seed++) {
        char *digest[2];

        for (int all = 0; all < 2; all++) {
            g_autoptr(GError) error = NULL;
            struct engine *e =
                engine_for(policies, torture_admin, &flat, &(const int64_t){CGROUP_MODE_CONCUR},
                           &(struct kernel_config){.seed = seed, .all_ticks = all != 0});

            if (!kernel_run_checked(e->kernel, 100 * MS, MS, &error)) {
                g_autofree char *dump = kernel_dump(e->kernel);

                g_error("seed %u: %s\n%s", (unsigned)seed, error->message, dump);
            }
            digest[all] = kernel_digest(e->kernel);
            engine_free(e);
        }
        g_assert_cmpstr(digest[0], ==, digest[1]);
        g_free(digest[0]);
        g_free(digest[1]);
    }
}

/* A group with a quota in a flat queue: over any ten periods no more than the quotas, and what
 * the CPUs had taken before. */
static void test_quota(void)
{
    struct engine *e = engine_for("linux-7.3",
                                  "numasim: workload/1\nduration: 60s\n"
                                  "cgroups: {g: {quota: 30ms, period: 100ms}, h: {}}\n"
                                  "processes:\n"
                                  "  g: {cgroup: g, threads: {g: {count: 6, program: [forever: "
                                  "[run: {exponential: 2ms}, sleep: 100us]]}}}\n"
                                  "  h: {cgroup: h, threads: {h: {count: 4, program: [forever: "
                                  "[run: 1ms]]}}}\n",
                                  NULL, NULL, &(struct kernel_config){.seed = 4});
    const int64_t slices_ns = 4 * 5 * MS + 4 * 4 * MS; /* and a tick on each CPU */
    int64_t before_ns = 0;

    for (int i = 1; i <= 10; i++) {
        int64_t used_ns = 0;

        engine_run(e, i * 1000 * MS);
        kernel_check(e->kernel);
        for (int t = 0; t < 6; t++) {
            used_ns += kernel_task_cpu_ns(e->kernel, engine_task(e, "g", t));
        }
        g_assert_cmpint(used_ns - before_ns, <=, 11 * 30 * MS + slices_ns);
        g_assert_cmpint(used_ns - before_ns, >=, 9 * 30 * MS - slices_ns);
        before_ns = used_ns;
    }
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/groups/nested/linux-6.12", "linux-6.12", test_nested);
    g_test_add_data_func("/groups/nested/linux-6.1", "linux-6.1", test_nested);
    g_test_add_data_func("/groups/nested/linux-7.3", "linux-7.3", test_nested);
    g_test_add_func("/groups/modes", test_modes);
    g_test_add_func("/groups/load", test_load);
    g_test_add_func("/groups/weight-nice", test_weight_nice);
    g_test_add_func("/groups/quota", test_quota);
    g_test_add_data_func("/groups/torture/eevdf", "linux-7.3", test_torture);
    g_test_add_data_func("/groups/torture/cfs", "linux-6.1", test_torture);
    g_test_add_data_func("/groups/torture/fifo", "fifo-none", test_torture);
    g_test_add_data_func("/groups/torture/rr", "rr-none", test_torture);
    return g_test_run();
}
