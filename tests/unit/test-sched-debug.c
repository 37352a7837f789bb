/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/sched of a run: its lines held against those of real kernels, small cases counted by hand,
 * and what has to hold in any.
 */
#include <string.h>

#include "engine-fixture.h"
#include "torture.h"

#include "base/time.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* `cat /proc/self/sched` of a Linux 6.18 built without UCLAMP_TASK and SCHED_CLASS_EXT, schedstats off;
 * the place of the statistics is marked. The values are what the test replaces. */
static const char real_6_18[] =
    "se.exec_start                                :      21684820.908265\n"
    "se.vruntime                                  :         10218.711556\n"
    "se.sum_exec_runtime                          :             0.000000\n"
    "se.nr_migrations                             :                    0\n"
    "STATISTICS\n"
    "nr_switches                                  :                    0\n"
    "nr_voluntary_switches                        :                    0\n"
    "nr_involuntary_switches                      :                    0\n"
    "se.load.weight                               :              1048576\n"
    "se.avg.load_sum                              :                47492\n"
    "se.avg.runnable_sum                          :             14019588\n"
    "se.avg.util_sum                              :             13939716\n"
    "se.avg.load_avg                              :                 1024\n"
    "se.avg.runnable_avg                          :                  294\n"
    "se.avg.util_avg                              :                  294\n"
    "se.avg.last_update_time                      :       21684820908032\n"
    "se.avg.util_est                              :                    0\n"
    "policy                                       :                    0\n"
    "prio                                         :                  120\n"
    "se.slice                                     :              1400000\n"
    "clock-delta                                  :                   27\n"
    "mm->numa_scan_seq                            :                    0\n"
    "numa_pages_migrated                          :                    0\n"
    "numa_preferred_nid                           :                   -1\n"
    "total_numa_faults                            :                    0\n"
    "current_node=0, numa_group_id=0\n"
    "numa_faults node=0 task_private=0 task_shared=0 group_private=0 group_shared=0\n";

/* The statistics of a task in the mail "sched, rt: support schedstats for RT sched class" (Yafang Shao,
 * linux-kernel, 2021; released in 5.16), and the averages that kernel/sched/debug.c prints behind. */
static const char real_statistics[] =
    "sum_sleep_runtime                            :           972.434535\n"
    "sum_block_runtime                            :           960.433522\n"
    "wait_start                                   :        188510.871584\n"
    "sleep_start                                  :             0.000000\n"
    "block_start                                  :             0.000000\n"
    "sleep_max                                    :            12.001013\n"
    "block_max                                    :           952.660622\n"
    "exec_max                                     :             0.049629\n"
    "slice_max                                    :             0.000000\n"
    "wait_max                                     :             0.018538\n"
    "wait_sum                                     :             0.424340\n"
    "wait_count                                   :                   49\n"
    "iowait_sum                                   :           956.495640\n"
    "iowait_count                                 :                   24\n"
    "nr_migrations_cold                           :                    0\n"
    "nr_failed_migrations_affine                  :                    0\n"
    "nr_failed_migrations_running                 :                    0\n"
    "nr_failed_migrations_hot                     :                    0\n"
    "nr_forced_migrations                         :                    0\n"
    "nr_wakeups                                   :                   49\n"
    "nr_wakeups_sync                              :                    0\n"
    "nr_wakeups_migrate                           :                    0\n"
    "nr_wakeups_local                             :                   49\n"
    "nr_wakeups_remote                            :                    0\n"
    "nr_wakeups_affine                            :                    0\n"
    "nr_wakeups_affine_attempts                   :                    0\n"
    "nr_wakeups_passive                           :                    0\n"
    "nr_wakeups_idle                              :                    0\n"
    "avg_atom                                     :             0.022727\n"
    "avg_per_cpu                                  :             0.000001\n";

/* The text with each value replaced by N, or N.F with six digits: what a line looks like. */
static char *shape(const char *text)
{
    g_autoptr(GRegex) whole = g_regex_new(": *-?[0-9]+$", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GRegex) parts = g_regex_new(": *-?[0-9]+\\.[0-9]{6}$", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *half = g_regex_replace_literal(parts, text, -1, 0, ":N.F", 0, NULL);

    return g_regex_replace_literal(whole, half, -1, 0, ":N", 0, NULL);
}

static const char two_tasks[] = "numasim: workload/1\nduration: 10s\nobjects: {s: {semaphore: 0}}\n"
                                "processes:\n  p:\n    threads:\n"
                                "      b: {cpus: 0, program: [wait: s, run: 10us]}\n"
                                "      a: {cpus: 0, program: [run: 100us, signal: s, run: 50us]}\n";

/* As @release prints it, whatever rules the domains were built by. */
static char *sched_text_of(enum kernel_release release, const char *workload, const char *policies,
                           int64_t until_ns)
{
    struct kernel_config config = {.seed = 1, .task_stats = true};
    struct engine *e = engine_new("teach-uma-4", workload, policies, &config);

    engine_run(e, until_ns);
    e->domains->release = release;
    char *text = kernel_sched_text(e->kernel);

    engine_free(e);
    return text;
}

static char *sched_text(const char *workload, const char *policies, int64_t until_ns)
{
    return sched_text_of(KERNEL_6_12, workload, policies, until_ns);
}

/* The lines of the first task, without its two lines of head. */
static char *first_block(const char *text)
{
    const char *begin = strstr(text, "---\n"), *end;

    g_assert_nonnull(begin);
    begin += strlen("---\n");
    end = strstr(begin, " (1, #threads");
    g_assert_nonnull(end);
    while (end[-1] != '\n') {
        end--;
    }
    return g_strndup(begin, (gsize)(end - begin));
}

static void test_lines_of_6_18(void)
{
    g_autofree char *text = sched_text(two_tasks, "linux-6.18", MS);
    g_autofree char *block = first_block(text);
    g_auto(GStrv) halves = g_strsplit(real_6_18, "STATISTICS\n", -1);
    g_autofree char *real = g_strconcat(halves[0], real_statistics, halves[1], NULL);
    g_autofree char *wanted = shape(real), *got = shape(block);

    g_assert_cmpstr(got, ==, wanted);
    g_assert_true(g_str_has_prefix(text, "b (0, #threads: 1)\n-----------------------------------"
                                         "--------------------------------\nse.exec_start     "));
    /* The width of a line, whatever its value. */
    g_auto(GStrv) lines = g_strsplit(block, "\n", -1);

    for (size_t i = 0; !g_str_has_prefix(lines[i], "current_node"); i++) {
        g_assert_cmpuint(strlen(lines[i]), ==, 45 + 1 + 21);
    }
}

static void test_lines_of_releases(void)
{
    g_autofree char *text_43 = sched_text_of(KERNEL_4_3, two_tasks, "linux-4.3", MS);
    g_autofree char *text_53 = sched_text_of(KERNEL_5_3, two_tasks, "linux-5.3", MS);
    g_autofree char *text_61 = sched_text_of(KERNEL_6_1, two_tasks, "linux-6.1", MS);
    g_autofree char *old = first_block(text_43), *middle = first_block(text_53),
                    *new = first_block(text_61);
    g_autofree char *shape_43 = shape(old), *shape_53 = shape(middle), *shape_61 = shape(new);

    /* Linux 4.3, kernel/sched/debug.c */
    g_assert_nonnull(strstr(shape_43, "se.sum_exec_runtime                          :N.F\n"
                                      "se.statistics.wait_start                     :N.F\n"));
    g_assert_nonnull(strstr(shape_43, "se.statistics.iowait_count                   :N\n"
                                      "se.nr_migrations                             :N\n"
                                      "se.statistics.nr_migrations_cold             :N\n"));
    g_assert_nonnull(strstr(old, "se.load.weight                               :"
                                 "                 1024\n"));
    g_assert_nonnull(strstr(shape_43, "se.avg.load_sum                              :N\n"
                                      "se.avg.util_sum                              :N\n"));
    g_assert_null(strstr(old, "util_est"));
    g_assert_null(strstr(old, "se.slice"));
    /* 5.3 */
    g_assert_nonnull(strstr(shape_53, "se.nr_migrations                             :N\n"
                                      "se.statistics.sum_sleep_runtime              :N.F\n"
                                      "se.statistics.wait_start                     :N.F\n"));
    g_assert_nonnull(strstr(shape_53, "se.runnable_weight                           :N\n"
                                      "se.avg.load_sum                              :N\n"
                                      "se.avg.runnable_load_sum                     :N\n"
                                      "se.avg.util_sum                              :N\n"
                                      "se.avg.load_avg                              :N\n"
                                      "se.avg.runnable_load_avg                     :N\n"));
    /* 6.1 */
    g_assert_nonnull(strstr(shape_61, "se.avg.last_update_time                      :N\n"
                                      "se.avg.util_est.ewma                         :N\n"
                                      "se.avg.util_est.enqueued                     :N\n"
                                      "policy                                       :N\n"
                                      "prio                                         :N\n"
                                      "clock-delta                                  :N\n"));
}

/* ------------------------------------------------------------------------------------------- */

/* The value of line @name of the task @comm, in ns where it has a point. */
static int64_t value_of(const char *text, const char *comm, const char *name)
{
    g_autofree char *head = g_strdup_printf("%s (", comm);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool here = false;

    for (size_t i = 0; lines[i] != NULL; i++) {
        if (strstr(lines[i], "#threads") != NULL) {
            here = g_str_has_prefix(lines[i], head);
        }
        g_auto(GStrv) parts = g_strsplit(lines[i], ":", 2);

        if (here && g_strv_length(parts) == 2 && strcmp(g_strstrip(parts[0]), name) == 0) {
            const char *point = strchr(parts[1], '.');
            int64_t whole = g_ascii_strtoll(g_strstrip(parts[1]), NULL, 10);

            return point == NULL ? whole : whole * MS + g_ascii_strtoll(point + 1, NULL, 10);
        }
    }
    g_error("no line %s of %s in\n%s", name, comm, text);
}

struct expected {
    const char *name;
    int64_t value;
};

static void assert_task(const char *text, const char *comm, const struct expected *expected)
{
    for (; expected->name != NULL; expected++) {
        int64_t value = value_of(text, comm, expected->name);

        if (value != expected->value) {
            g_error("%s: %s is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT, comm,
                    expected->name, value, expected->value);
        }
    }
}

/*
 * teach-uma-4: a switch takes 1 us, an IPI 1 us, an exit 10 us, waking and leaving idle nothing.
 * CPU 0: a runs from 0, signals at 101, exits at 161. CPU 1: b is queued at 0, gets its CPU by an IPI
 * at 1, blocks at 2; woken at 101, it joins at 102, runs at once, and exits at 102 + 1 + 10 + 10.
 */
static void test_remote_by_hand(void)
{
    g_autofree char *text =
        sched_text("numasim: workload/1\nduration: 10s\nobjects: {s: {semaphore: 0}}\n"
                   "processes:\n  p:\n    threads:\n"
                   "      a: {cpus: 0, program: [run: 100us, signal: s, run: 50us]}\n"
                   "      b: {cpus: 1, nice: 5, program: [wait: s, run: 10us]}\n",
                   "fifo+none", MS);

    assert_task(text, "a",
                (const struct expected[]){{"se.exec_start", 161 * US},
                                          {"se.sum_exec_runtime", 161 * US},
                                          {"exec_max", 161 * US},
                                          {"wait_sum", 0},
                                          {"wait_count", 1},
                                          {"nr_wakeups", 0},
                                          {"nr_switches", 1},
                                          {"nr_voluntary_switches", 1},
                                          {"avg_atom", 161 * US},
                                          {"avg_per_cpu", 1},
                                          {"prio", 120},
                                          {NULL, 0}});
    assert_task(text, "b",
                (const struct expected[]){{"se.exec_start", 123 * US},
                                          {"se.sum_exec_runtime", 22 * US},
                                          {"exec_max", 21 * US},
                                          {"sum_sleep_runtime", 100 * US},
                                          {"sleep_max", 100 * US},
                                          {"sleep_start", 0},
                                          {"wait_start", 0},
                                          {"wait_sum", US},
                                          {"wait_max", US},
                                          {"wait_count", 2},
                                          {"nr_wakeups", 1},
                                          {"nr_wakeups_local", 0},
                                          {"nr_wakeups_remote", 1},
                                          {"nr_wakeups_migrate", 0},
                                          {"nr_switches", 2},
                                          {"nr_voluntary_switches", 2},
                                          {"nr_involuntary_switches", 0},
                                          {"se.load.weight", 335 * 1024},
                                          {"prio", 125},
                                          {NULL, 0}});
}

/* On one CPU: b blocks at 1; a waited till then, and signals at 102; b waits till a exits at 162. */
static void test_local_by_hand(void)
{
    g_autofree char *text = sched_text(two_tasks, "fifo+none", MS);

    assert_task(text, "a",
                (const struct expected[]){{"wait_sum", US},
                                          {"wait_max", US},
                                          {"wait_count", 1},
                                          {"slice_max", 0},
                                          {"nr_switches", 1},
                                          {NULL, 0}});
    assert_task(text, "b",
                (const struct expected[]){{"wait_sum", 60 * US},
                                          {"wait_max", 60 * US},
                                          {"wait_count", 2},
                                          {"sum_sleep_runtime", 101 * US},
                                          {"nr_wakeups", 1},
                                          {"nr_wakeups_local", 1},
                                          {"nr_wakeups_remote", 0},
                                          {NULL, 0}});
}

/* Asleep, waiting and running when the run ends, under SCHED_RR, whose statistics came with 5.16. */
static void test_states_by_hand(void)
{
    static const char text_of[] =
        "numasim: workload/1\nduration: 10s\n"
        "processes:\n  p:\n    threads:\n"
        "      s: {cpus: 0, program: [sleep: 1s]}\n"
        "      r: {cpus: 1, sched: fifo, priority: 5, program: [run: 9s]}\n"
        "      w: {cpus: 1, sched: fifo, priority: 5, program: [run: 9s]}\n";
    g_autofree char *text = sched_text(text_of, "linux-6.12", 5 * MS);
    g_autofree char *old = sched_text_of(KERNEL_5_3, text_of, "linux-5.3", 5 * MS);

    g_assert_cmpint(value_of(text, "s", "sleep_start"), ==, US);
    g_assert_cmpint(value_of(text, "r", "policy"), ==, 1);
    g_assert_cmpint(value_of(text, "r", "prio"), ==, 94);
    g_assert_cmpint(value_of(text, "r", "nr_switches"), ==, 0);
    g_assert_cmpint(value_of(text, "r", "wait_count"), ==, 1);
    g_assert_cmpint(value_of(text, "w", "wait_count"), ==, 0);
    g_assert_cmpint(value_of(text, "w", "se.sum_exec_runtime"), ==, 0);
    g_assert_null(strstr(strstr(text, "r (1, "), "se.slice"));
    g_assert_cmpint(value_of(old, "r", "se.statistics.wait_count"), ==, 0);
    g_assert_cmpint(value_of(old, "r", "se.statistics.exec_max"), >, 0);
}

/* Two on one CPU: each turn but the last ends because it is over, and is a slice. */
static void test_slices(void)
{
    g_autofree char *text = sched_text("numasim: workload/1\nduration: 10s\n"
                                       "processes:\n  p:\n    threads:\n"
                                       "      a: {cpus: 0, program: [run: 1s]}\n"
                                       "      b: {cpus: 0, program: [run: 1s]}\n",
                                       "linux-6.12", 100 * MS);

    for (int i = 0; i < 2; i++) {
        const char *comm = i == 0 ? "a" : "b";
        int64_t slice_ns = value_of(text, comm, "se.slice");

        g_assert_cmpint(value_of(text, comm, "nr_voluntary_switches"), ==, 0);
        g_assert_cmpint(value_of(text, comm, "nr_involuntary_switches"), >, 5);
        g_assert_cmpint(value_of(text, comm, "slice_max"), >=, slice_ns);
        g_assert_cmpint(value_of(text, comm, "exec_max"), <=, 4 * MS + 10 * US); /* the tick */
        g_assert_cmpint(value_of(text, comm, "wait_sum"), >, 40 * MS);
    }
}

/* ------------------------------------------------------------------------------------------- */

/* The sum over all tasks of the lines @name. */
static int64_t total(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int64_t sum = 0;

    for (size_t i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(lines[i], ":", 2);

        if (g_strv_length(parts) == 2 && strcmp(g_strstrip(parts[0]), name) == 0) {
            sum += g_ascii_strtoll(g_strstrip(parts[1]), NULL, 10);
        }
    }
    return sum;
}

/* The sum over all CPUs of value @at of the cpu lines of a schedstat, the first being 1. */
static int64_t total_of_cpus(const char *schedstat, guint at)
{
    g_auto(GStrv) lines = g_strsplit(schedstat, "\n", -1);
    int64_t sum = 0;

    for (size_t i = 0; lines[i] != NULL; i++) {
        if (g_str_has_prefix(lines[i], "cpu")) {
            g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

            sum += g_ascii_strtoll(words[at], NULL, 10);
        }
    }
    return sum;
}

/* Tasks and CPUs count the same events, and a tick that is skipped counts as one that is not. */
static void test_against_cpus(void)
{
    static const char *const sets[] = {"linux-5.18", "linux-6.1", "linux-6.12", "linux-6.18"};

    for (size_t s = 0; s < G_N_ELEMENTS(sets); s++) {
        struct kernel_config config = {.seed = 1 + s, .task_stats = true}, all = config;

        all.all_ticks = true;
        struct engine *e = engine_new("teach-numa-2x4", torture_steps, sets[s], &config);
        struct engine *other = engine_new("teach-numa-2x4", torture_steps, sets[s], &all);

        engine_run(e, 100 * MS);
        engine_run(other, 100 * MS);
        g_autofree char *text = kernel_sched_text(e->kernel);
        g_autofree char *same = kernel_sched_text(other->kernel);
        g_autofree char *cpus = kernel_schedstat_text(e->kernel);

        g_assert_cmpstr(text, ==, same);
        g_assert_cmpint(total(text, "nr_wakeups"), ==, total_of_cpus(cpus, 5));
        g_assert_cmpint(total(text, "nr_wakeups_local"), ==, total_of_cpus(cpus, 6));
        g_assert_cmpint(total(text, "nr_wakeups_local") + total(text, "nr_wakeups_remote"), ==,
                        total(text, "nr_wakeups"));
        g_assert_cmpint(total(text, "se.nr_migrations"), ==,
                        (int64_t)kernel_counters(e->kernel)->migrations);
        g_assert_cmpint(
            total(text, "nr_voluntary_switches"), ==,
            (int64_t)(kernel_counters(e->kernel)->blocks + kernel_counters(e->kernel)->exits));
        g_assert_cmpint(total(text, "wait_count"), >=, total_of_cpus(cpus, 9));
        g_assert_cmpint(total(text, "nr_wakeups_affine"), <=,
                        total(text, "nr_wakeups_affine_attempts"));
        engine_free(e);
        engine_free(other);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sched-debug/lines-of-6.18", test_lines_of_6_18);
    g_test_add_func("/sched-debug/lines-of-releases", test_lines_of_releases);
    g_test_add_func("/sched-debug/remote-by-hand", test_remote_by_hand);
    g_test_add_func("/sched-debug/local-by-hand", test_local_by_hand);
    g_test_add_func("/sched-debug/states-by-hand", test_states_by_hand);
    g_test_add_func("/sched-debug/slices", test_slices);
    g_test_add_func("/sched-debug/against-cpus", test_against_cpus);
    return g_test_run();
}
