/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/schedstat of a run: small cases counted by hand, and what has to hold in any. */
#include <string.h>

#include "event-log.h"
#include "torture.h"

#include "base/bitmap.h"
#include "base/time.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* Values of a line of the versions 15 and 16, behind its name. */
enum { YIELDS, ZERO, SCHEDS, GOIDLE, TTWU, TTWU_LOCAL, CPU_TIME, RUN_DELAY, PCOUNT, NR_CPU };
enum { COUNT, BALANCED, FAILED, IMBALANCE, GAINED, HOT, NOBUSYQ, NOBUSYG, NR_LB };
enum { NEWIDLE = 2, NR_TYPES };
enum { ALB_COUNT = NR_LB * NR_TYPES, ALB_FAILED, ALB_PUSHED, REMOTE = ALB_PUSHED + 7, AFFINE };
enum { MAX_VALUES = 36 };

/* The values of the line @name ("cpu1"), or of @domain below it ("domain0"); all 0 if there is none. */
static void read_line(const char *text, const char *name, const char *domain, uint64_t *ret)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *prefix = g_strconcat(name, " ", NULL);
    bool here = false;

    memset(ret, 0, MAX_VALUES * sizeof(*ret));
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (g_str_has_prefix(lines[i], "cpu")) {
            here = g_str_has_prefix(lines[i], prefix);
        }
        if (!here || !g_str_has_prefix(lines[i], domain != NULL ? domain : "cpu")) {
            continue;
        }
        g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

        for (size_t at = domain != NULL ? 2 : 1, n = 0; words[at] != NULL; at++, n++) {
            g_assert_cmpuint(n, <, MAX_VALUES);
            ret[n] = g_ascii_strtoull(words[at], NULL, 10);
        }
    }
}

static void assert_cpu(const char *text, const char *name, const uint64_t *expected)
{
    uint64_t values[MAX_VALUES];

    read_line(text, name, NULL, values);
    for (int i = 0; i < NR_CPU; i++) {
        if (values[i] != expected[i]) {
            g_error("%s: value %d is %" G_GUINT64_FORMAT ", expected %" G_GUINT64_FORMAT "\n%s",
                    name, i, values[i], expected[i], text);
        }
    }
}

/*
 * teach-uma-4: a switch takes 1 us, an IPI 1 us, an exit 10 us, waking and leaving idle nothing.
 * CPU 0: a runs from 0, signals at 101, exits at 161. CPU 1: b is queued at 0, gets its CPU by an IPI
 * at 1, blocks at 2; woken, it is there at 102, and exits at 102 + 1 + 10 + 10. CPU 2: c, by an IPI at
 * 1, runs 5 us, yields to nobody, runs 5 us and exits at 1 + 1 + 10 + 10.
 */
static void test_cpus_by_hand(void)
{
    struct engine *e =
        engine_new("teach-uma-4",
                   "numasim: workload/1\nduration: 10s\nobjects: {s: {semaphore: 0}}\n"
                   "processes:\n  p:\n    threads:\n"
                   "      a: {cpus: 0, program: [run: 100us, signal: s, run: 50us]}\n"
                   "      b: {cpus: 1, program: [wait: s, run: 10us]}\n"
                   "      c: {cpus: 2, program: [run: 5us, yield, run: 5us]}\n",
                   "fifo+none", &(struct kernel_config){.seed = 1});

    engine_run(e, MS);
    g_autofree char *text = kernel_schedstat_text(e->kernel);
    uint64_t domain[MAX_VALUES];

    g_assert_true(g_str_has_prefix(text, "version 16\ntimestamp 42948922"));
    assert_cpu(text, "cpu0", (const uint64_t[NR_CPU]){0, 0, 2, 1, 1, 0, 161 * US, 0, 1});
    assert_cpu(text, "cpu1", (const uint64_t[NR_CPU]){0, 0, 4, 2, 0, 0, (1 + 21) * US, US, 2});
    assert_cpu(text, "cpu2", (const uint64_t[NR_CPU]){1, 0, 3, 1, 0, 0, 21 * US, US, 1});
    assert_cpu(text, "cpu3", (const uint64_t[NR_CPU]){0});
    read_line(text, "cpu0", "domain0", domain);
    for (int i = 0; i < MAX_VALUES; i++) {
        g_assert_cmpuint(domain[i], ==, i == REMOTE ? 1 : 0);
    }
    engine_free(e);
}

/* On one CPU: b blocks at 1; a waited till then, and signals at 102; b waits till a exits at 162. */
static void test_waiting_by_hand(void)
{
    struct engine *e =
        engine_new("teach-uma-4",
                   "numasim: workload/1\nduration: 10s\nobjects: {s: {semaphore: 0}}\n"
                   "processes:\n  p:\n    threads:\n"
                   "      b: {cpus: 0, program: [wait: s, run: 10us]}\n"
                   "      a: {cpus: 0, program: [run: 100us, signal: s, run: 50us]}\n",
                   "fifo+none", &(struct kernel_config){.seed = 1});

    engine_run(e, MS);
    g_autofree char *text = kernel_schedstat_text(e->kernel);

    assert_cpu(text, "cpu0",
               (const uint64_t[NR_CPU]){0, 0, 4, 1, 1, 1, (1 + 161 + 21) * US, 61 * US, 3});
    engine_free(e);
}

/*
 * a and b share CPU 0, and may leave from 0.5 ms on. CPU 1 runs out of work at 1 ms and pulls the one
 * that waits, which has never run and is not cache-hot. With this seed the first tick comes later.
 */
static void test_newidle_by_hand(void)
{
    struct engine *e = engine_new("teach-uma-4",
                                  "numasim: workload/1\nduration: 10s\n"
                                  "processes:\n  p:\n    threads:\n"
                                  "      a: {cpus: 0, program: [run: 9ms]}\n"
                                  "      b: {cpus: 0, program: [run: 9ms]}\n"
                                  "      c: {cpus: 1, program: [run: 1ms]}\n",
                                  "linux-5.18", &(struct kernel_config){.seed = 4});
    uint64_t both = 3, domain[MAX_VALUES];
    const uint64_t *newidle = domain + NEWIDLE * NR_LB;
    const uint64_t expected[NR_LB] = {1, 0, 0, 1, 1, 0, 0, 0};

    engine_run(e, MS / 2);
    kernel_task_set_cpus(e->kernel, engine_task(e, "a", 0), &both);
    kernel_task_set_cpus(e->kernel, engine_task(e, "b", 0), &both);
    engine_run(e, 3 * MS);
    g_autofree char *text = kernel_schedstat_text(e->kernel);

    read_line(text, "cpu1", "domain0", domain);
    for (int i = 0; i < NR_LB; i++) {
        if (newidle[i] != expected[i]) {
            g_error("value %d is %" G_GUINT64_FORMAT "\n%s", i, newidle[i], text);
        }
    }
    engine_free(e);
}

static void check_balances(const char *text, const uint64_t *domain)
{
    int idle = g_str_has_prefix(text, "version 15") ? 0 : 1;

    for (int type = 0; type < NR_TYPES; type++) {
        const uint64_t *lb = domain + type * NR_LB;
        uint64_t ended = lb[BALANCED] + lb[FAILED];
        uint64_t pushed = type == idle ? domain[ALB_PUSHED] : 0;

        g_assert_cmpuint(ended, <=, lb[COUNT]);
        g_assert_cmpuint(lb[NOBUSYQ] + lb[NOBUSYG], <=, lb[BALANCED]);
        /* What did not end otherwise moved at least one task, and nothing else moves any. */
        g_assert_cmpuint(lb[GAINED] - pushed, >=, lb[COUNT] - ended);
        g_assert_true(lb[COUNT] > ended || lb[GAINED] == pushed);
        g_assert_cmpuint(lb[HOT], <=, lb[GAINED]);
    }
    g_assert_cmpuint(domain[ALB_COUNT], ==, domain[ALB_FAILED] + domain[ALB_PUSHED]);
}

/* What the tracepoints say of a CPU. */
struct seen {
    uint64_t switches_to_task, switches_to_idle, cpu_time, last_switch_ns;
};

static struct seen count_seen(const GArray *log, int32_t cpu)
{
    struct seen seen = {0};

    for (guint i = 0; i < log->len; i++) {
        const struct tp_event *t = &g_array_index(log, struct tp_event, i);

        if (t->type == TP_SCHED_SWITCH && t->cpu == cpu) {
            seen.switches_to_task += t->task >= 0;
            seen.switches_to_idle += t->task < 0;
            seen.cpu_time += t->other >= 0 ? (uint64_t)t->c : 0;
            seen.last_switch_ns = (uint64_t)t->time_ns;
        }
    }
    return seen;
}

static void check_cpu(const struct engine *e, const GArray *log, const char *text, int32_t cpu)
{
    g_autofree char *name = g_strdup_printf("cpu%d", cpu);
    const struct numasim_cpu *c = kernel_cpu(e->kernel, cpu);
    struct cpu_times times = kernel_cpu_times(e->kernel, cpu);
    struct seen seen = count_seen(log, cpu);
    uint64_t values[MAX_VALUES], domain[MAX_VALUES], remote = 0, affine = 0;
    uint64_t stint = c->curr != NULL ? (uint64_t)kernel_now_ns(e->kernel) - seen.last_switch_ns : 0;

    read_line(text, name, NULL, values);
    g_assert_cmpuint(values[PCOUNT], ==, seen.switches_to_task);
    g_assert_cmpuint(values[GOIDLE], ==, seen.switches_to_idle);
    g_assert_cmpuint(values[SCHEDS], >=, values[PCOUNT] + values[GOIDLE]);
    g_assert_cmpuint(values[CPU_TIME], ==, seen.cpu_time);
    g_assert_cmpuint(values[CPU_TIME] + stint, >=, (uint64_t)times.busy_ns);
    g_assert_cmpuint(values[CPU_TIME] + stint, <=, (uint64_t)(times.busy_ns + times.overhead_ns));
    for (uint32_t d = 0; d < c->nr_domains; d++) {
        g_autofree char *of = g_strdup_printf("domain%u ", d);

        read_line(text, name, of, domain);
        check_balances(text, domain);
        remote += domain[REMOTE];
        affine += domain[AFFINE];
    }
    g_assert_cmpuint(values[TTWU] - values[TTWU_LOCAL], ==, remote);
    g_assert_cmpuint(affine, <=, values[TTWU]);
}

static void test_invariants(void)
{
    static const char *const sets[] = {"linux-4.3", "linux-5.3",  "linux-5.10",
                                       "linux-6.1", "linux-6.12", "rr+none"};
    static const char *const loads[] = {torture_steps, "hackbench", "db-server"};

    for (size_t s = 0; s < G_N_ELEMENTS(sets); s++) {
        for (size_t w = 0; w < G_N_ELEMENTS(loads); w++) {
            struct kernel_config config = {.seed = 1 + s + w};
            struct engine *e = engine_new("teach-numa-2x4", loads[w], sets[s], &config);
            GArray *log = event_log_new(e);

            engine_run(e, 100 * MS);
            g_autofree char *text = kernel_schedstat_text(e->kernel);

            for (int32_t cpu = 0; cpu < e->machine->nr_cpus; cpu++) {
                check_cpu(e, log, text, cpu);
            }
            g_array_unref(log);
            engine_free(e);
        }
    }
}

/* A CPU that is down is not in the file, and those that stay have the domains that are left. */
static void test_hotplug(void)
{
    struct engine *e =
        engine_new("teach-numa-2x4", "db-server", "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 10 * MS);
    g_assert_true(kernel_cpu_set_online(e->kernel, 3, false));
    engine_run(e, 20 * MS);
    g_autofree char *text = kernel_schedstat_text(e->kernel);

    g_assert_null(strstr(text, "cpu3 "));
    g_assert_nonnull(strstr(text, "\ndomain0 07 "));
    g_assert_nonnull(strstr(text, "\ndomain1 f7 "));
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedstat/cpus-by-hand", test_cpus_by_hand);
    g_test_add_func("/schedstat/waiting-by-hand", test_waiting_by_hand);
    g_test_add_func("/schedstat/newidle-by-hand", test_newidle_by_hand);
    g_test_add_func("/schedstat/invariants", test_invariants);
    g_test_add_func("/schedstat/hotplug", test_hotplug);
    return g_test_run();
}
