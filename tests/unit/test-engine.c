/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's promises: skipping ticks is exact, stopping changes nothing, simulations do not
 * know of each other, times add up, and a seed is the whole of chance. */
#include "engine-fixture.h"
#include "torture.h"

#include "base/time.h"

#define MS NSEC_PER_MSEC

struct cell {
    const char *topology, *workload, *policies;
};

/* A pairwise cover of machines, loads and policies. */
static const struct cell cells[] = {
    {"teach-uma-4", "spinners", "linux-6.12"},
    {"teach-uma-4", "hackbench", "fifo-none"},
    {"teach-numa-2x4", "schbench", "linux-6.12"},
    {"teach-numa-2x4", "db-server", "eevdf-random"},
    {"teach-numa-2x4", "numa-process", "rr-none"},
    {"epyc-7763-2s-nps4", "db-server", "linux-6.12"},
    {"epyc-7763-2s-nps4", "numa-process", "linux-6.12"},
    {"epyc-7763-2s-nps4", "spinners", "eevdf-random"},
    {"xeon-4s-ring", "hackbench", "linux-6.12"},
    {"xeon-4s-ring", "stream", "rr-none"},
    {"opteron-6276-4s", "fork-join", "linux-6.12"},
    {"kunpeng-920-2s", "phases", "linux-6.12"},
    {"xeon-spr-2s-2cxl", "stream-local", "linux-6.12"},
};

static char *digest_of_run(const struct cell *c, const struct kernel_config *config,
                           int64_t until_ns, struct kernel_counters *counters)
{
    struct engine *e = engine_new(c->topology, c->workload, c->policies, config);

    engine_run(e, until_ns);
    char *digest = kernel_digest(e->kernel);

    *counters = *kernel_counters(e->kernel);
    engine_free(e);
    return digest;
}

static void test_all_ticks(gconstpointer data)
{
    const struct cell *c = data;
    struct kernel_counters skipping, all;
    g_autofree char *a = digest_of_run(c, &(struct kernel_config){.seed = 3}, 300 * MS, &skipping);
    g_autofree char *b =
        digest_of_run(c, &(struct kernel_config){.seed = 3, .all_ticks = true}, 300 * MS, &all);

    g_assert_cmpstr(a, ==, b);
    g_assert_cmpuint(all.ticks_skipped, ==, 0);
    g_assert_cmpuint(skipping.ticks, ==, all.ticks);
    g_assert_cmpuint(skipping.switches, ==, all.switches);
    g_assert_cmpuint(skipping.migrations, ==, all.migrations);
    g_assert_cmpuint(skipping.wakeups, ==, all.wakeups);
}

static void test_insertion_order(void)
{
    const struct cell c = {"teach-numa-2x4", "spinners", "linux-6.12"};
    struct kernel_counters counters;
    struct kernel_config skipping = {.seed = 1, .tie_break_insertion = true};
    struct kernel_config all = {.seed = 1, .tie_break_insertion = true, .all_ticks = true};
    g_autofree char *a = digest_of_run(&c, &skipping, 200 * MS, &counters);
    g_autofree char *b = digest_of_run(&c, &all, 200 * MS, &counters);

    g_assert_cmpstr(a, ==, b);
}

static void check_load_averages(const char *topology, const char *workload, const char *policies,
                                uint64_t seed)
{
    struct engine *a =
        engine_new(topology, workload, policies, &(struct kernel_config){.seed = seed});
    struct engine *b = engine_new(topology, workload, policies,
                                  &(struct kernel_config){.seed = seed, .all_ticks = true});

    engine_run(a, 150 * MS);
    engine_run(b, 150 * MS);
    for (int32_t cpu = 0; cpu < a->machine->nr_cpus; cpu++) {
        struct numasim_load x = numasim_cpu_load((struct numasim_host *)a->kernel, cpu);
        struct numasim_load y = numasim_cpu_load((struct numasim_host *)b->kernel, cpu);

        g_assert_cmpuint(x.load_avg, ==, y.load_avg);
        g_assert_cmpuint(x.util_avg, ==, y.util_avg);
        g_assert_cmpuint(x.runnable_avg, ==, y.runnable_avg);
        g_assert_cmpuint(x.util_est, ==, y.util_est);
    }
    engine_free(a);
    engine_free(b);
}

/* A task that ran and slept for 200 ms each wakes: little is left of its average, and the estimate is
 * what the average was when it went to sleep. While it sleeps its CPU expects nothing. */
static void check_util_est(const char *policies)
{
    struct engine *e = engine_new("teach-uma-4",
                                  "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n"
                                  "    threads:\n      a: {cpus: 1, program: [loop: {count: 2, "
                                  "do: [run: 200ms, sleep: 200ms]}]}\n",
                                  policies, &(struct kernel_config){.seed = 1});
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;
    struct numasim_task *t = task_pub(engine_task(e, "a", 0));

    engine_run(e, 199 * MS);
    uint64_t before = numasim_task_load(host, t).util_avg;

    g_assert_cmpuint(numasim_cpu_load(host, 1).util_est, ==, 0);
    engine_run(e, 300 * MS);
    uint64_t util_est = numasim_task_load(host, t).util_est;

    g_assert_cmpuint(util_est, >=, before);
    g_assert_cmpuint(util_est, >, 1000);
    g_assert_cmpuint(numasim_cpu_load(host, 1).util_est, ==, 0);
    engine_run(e, 401 * MS);
    g_assert_cmpuint(numasim_task_load(host, t).util_avg, <, 100);
    g_assert_cmpuint(numasim_cpu_load(host, 1).util_est, ==, util_est);
    engine_free(e);
}

static void test_util_est(void)
{
    check_util_est("linux-6.12"); /* one that keeps sleeping tasks queued */
    check_util_est("fifo+none");
}

static void test_load_averages(void)
{
    check_load_averages("epyc-7763-2s-nps4", "spinners", "linux-6.12", 5);
    /* Wakeups that take load from a CPU whose ticks are skipped. */
    for (uint64_t seed = 1; seed <= 8; seed++) {
        check_load_averages("teach-numa-2x4", torture_steps, "eevdf-random", seed);
    }
}

/* Cgroups g and h have the same weight. g's is halved between two CPUs, h's is all on one of them;
 * where they meet, h gets twice as much, whichever came first. */
static const char split_cgroup[] = "numasim: workload/1\n"
                                   "description: one cgroup on two CPUs beside one on one\n"
                                   "cgroups: {g: {}, h: {}}\n"
                                   "processes:\n"
                                   "  g:\n"
                                   "    cgroup: g\n"
                                   "    threads:\n"
                                   "      g0: {cpus: '0', program: [{run: 10s}]}\n"
                                   "      g1: {cpus: '1', start: 1ms, program: [{run: 10s}]}\n"
                                   "  h:\n"
                                   "    cgroup: h\n"
                                   "    threads:\n"
                                   "      h0: {cpus: '0', program: [{run: 10s}]}\n";

static void test_split_cgroup(void)
{
    struct engine *e =
        engine_new("teach-uma-4", split_cgroup, "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 3000 * MS);
    int64_t g_ns = kernel_task_cpu_ns(e->kernel, engine_task(e, "g0", 0));
    int64_t h_ns = kernel_task_cpu_ns(e->kernel, engine_task(e, "h0", 0));

    g_assert_cmpint(ABS(g_ns - 1000 * MS), <, 10 * MS);
    g_assert_cmpint(ABS(h_ns - 2000 * MS), <, 10 * MS);
    engine_free(e);
}

/* Two SCHED_FIFO tasks of one priority on one CPU take turns by yielding only. */
static const char fifo_yield[] =
    "numasim: workload/1\n"
    "description: two polite real-time tasks\n"
    "processes:\n"
    "  p:\n"
    "    threads:\n"
    "      t:\n"
    "        count: 2\n"
    "        cpus: '0'\n"
    "        sched: fifo\n"
    "        priority: 10\n"
    "        program: [{loop: {count: 1000, do: [{run: 1ms}, {yield: }]}}]\n";

static void test_fifo_yield(void)
{
    struct engine *e =
        engine_new("teach-uma-4", fifo_yield, "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 100 * MS);
    for (int n = 0; n < 2; n++) {
        int64_t ns = kernel_task_cpu_ns(e->kernel, engine_task(e, "t", n));

        g_assert_cmpint(ABS(ns - 50 * MS), <, 2 * MS);
    }
    engine_free(e);
}

/* B comes early to wake its partner A, and waits for A to sleep first; A exits instead. */
static const char early_partner[] = "numasim: workload/1\n"
                                    "trace:\n"
                                    "  span: 10ms\n"
                                    "  tasks:\n"
                                    "    - {comm: a, starts: running, steps: r100 w1 r1000 x}\n"
                                    "    - {comm: b, starts: running, steps: r50 w0 r10 x}\n";

static void test_early_partner(void)
{
    struct engine *e =
        engine_new("teach-uma-4", early_partner, "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 100 * MS);
    g_assert_true(kernel_finished(e->kernel));
    engine_free(e);
}

static void test_stop_and_go(void)
{
    const struct cell c = {"epyc-7763-2s-nps4", "db-server", "linux-6.12"};
    struct kernel_config config = {.seed = 9};
    struct kernel_counters counters;
    g_autofree char *whole = digest_of_run(&c, &config, 100 * MS, &counters);
    struct engine *e = engine_new(c.topology, c.workload, c.policies, &config);

    for (int64_t at_ns = 0; at_ns <= 100 * MS; at_ns += 777777) {
        engine_run(e, MIN(at_ns, 100 * MS));
        kernel_cpu_times(e->kernel, 0); /* reading changes nothing */
    }
    engine_run(e, 100 * MS);
    g_autofree char *cut = kernel_digest(e->kernel);

    g_assert_cmpstr(whole, ==, cut);
    engine_free(e);
}

static void test_interleaved(void)
{
    const struct cell c[2] = {{"teach-numa-2x4", "hackbench", "linux-6.12"},
                              {"xeon-4s-ring", "db-server", "linux-6.12"}};
    struct kernel_config config = {.seed = 2};
    struct kernel_counters counters;
    g_autofree char *alone0 = digest_of_run(&c[0], &config, 50 * MS, &counters);
    g_autofree char *alone1 = digest_of_run(&c[1], &config, 50 * MS, &counters);
    struct engine *e[2];

    for (int i = 0; i < 2; i++) {
        e[i] = engine_new(c[i].topology, c[i].workload, c[i].policies, &config);
    }
    for (int64_t at_ns = 0; at_ns <= 50 * MS; at_ns += MS) {
        engine_run(e[0], at_ns);
        engine_run(e[1], at_ns);
    }
    g_autofree char *d0 = kernel_digest(e[0]->kernel);
    g_autofree char *d1 = kernel_digest(e[1]->kernel);

    g_assert_cmpstr(alone0, ==, d0);
    g_assert_cmpstr(alone1, ==, d1);
    engine_free(e[0]);
    engine_free(e[1]);
}

static void test_seeds(void)
{
    const struct cell c = {"teach-numa-2x4", "spinners", "linux-6.12"};
    struct kernel_counters counters;
    g_autofree char *a = digest_of_run(&c, &(struct kernel_config){.seed = 1}, 50 * MS, &counters);
    g_autofree char *b = digest_of_run(&c, &(struct kernel_config){.seed = 1}, 50 * MS, &counters);
    g_autofree char *other =
        digest_of_run(&c, &(struct kernel_config){.seed = 2}, 50 * MS, &counters);

    g_assert_cmpstr(a, ==, b);
    g_assert_cmpstr(a, !=, other);
}

/* Every CPU's busy, idle and overhead times add up to the time that passed, and every task is
 * where its state says. */
static void test_times_add_up(gconstpointer data)
{
    const struct cell *c = data;
    struct engine *e =
        engine_new(c->topology, c->workload, c->policies, &(struct kernel_config){.seed = 4});

    for (int64_t at_ns = 10 * MS; at_ns <= 100 * MS && !kernel_finished(e->kernel);
         at_ns += 10 * MS) {
        engine_run(e, at_ns);
        int64_t now_ns = kernel_now_ns(e->kernel);

        for (int32_t cpu = 0; cpu < e->machine->nr_cpus; cpu++) {
            struct cpu_times t = kernel_cpu_times(e->kernel, cpu);

            g_assert_cmpint(t.busy_ns, >=, 0);
            g_assert_cmpint(t.idle_ns, >=, 0);
            g_assert_cmpint(t.busy_ns + t.idle_ns + t.overhead_ns, ==, now_ns);
        }
        for (int32_t i = 0; i < kernel_nr_tasks(e->kernel); i++) {
            struct numasim_task *t = task_pub(kernel_task(e->kernel, i));
            bool running = t->task_state == NUMASIM_TASK_RUNNING;

            g_assert_cmpint(running, ==, kernel_cpu(e->kernel, t->cpu)->curr == t);
            if (running || t->task_state == NUMASIM_TASK_RUNNABLE) {
                g_assert_true(numasim_mask_test(t->allowed, t->cpu));
            }
        }
    }
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cells); i++) {
        const struct cell *c = &cells[i];
        g_autofree char *ticks =
            g_strdup_printf("/engine/all-ticks/%s/%s/%s", c->topology, c->workload, c->policies);
        g_autofree char *times =
            g_strdup_printf("/engine/times-add-up/%s/%s/%s", c->topology, c->workload, c->policies);

        g_test_add_data_func(ticks, c, test_all_ticks);
        g_test_add_data_func(times, c, test_times_add_up);
    }
    g_test_add_func("/engine/early-partner", test_early_partner);
    g_test_add_func("/engine/fifo-yield", test_fifo_yield);
    g_test_add_func("/engine/split-cgroup", test_split_cgroup);
    g_test_add_func("/engine/all-ticks/insertion-order", test_insertion_order);
    g_test_add_func("/engine/all-ticks/load-averages", test_load_averages);
    g_test_add_func("/engine/util-est", test_util_est);
    g_test_add_func("/engine/stop-and-go", test_stop_and_go);
    g_test_add_func("/engine/interleaved", test_interleaved);
    g_test_add_func("/engine/seeds", test_seeds);
    return g_test_run();
}
