/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory: where pages go, what a task's speed follows from, how often it accesses what. On
 * teach-numa-2x4 every number can be added up by hand: memory takes 100 ns from its own node and
 * 200 ns from the other, a page fault 1 us, a switch 1 us, an exit 10 us; CPUs 0-3 are on node 0.
 */
#include "event-log.h"
#include "kernel-invariants.h"

#include <malloc.h>

#include "base/time.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

enum { MIB = 1 << 20 };

static struct engine *new_engine(const char *topology, const char *workload)
{
    return engine_new(topology, workload, "fifo+none", &(struct kernel_config){.seed = 1});
}

static int64_t exit_time(const GArray *log, int32_t task)
{
    return event_log_time(log, TP_SCHED_PROCESS_EXIT, task, 0);
}

static const struct numasim_process *process_of(struct engine *e, const char *comm)
{
    return task_pub(engine_task(e, comm, 0))->process;
}

/* ------------------------------------------------------------------------------------------- */
/* Pace                                                                                         */

/*
 * One task on CPU 0 touches 1 MiB (256 pages, 256 us) and does 1 ms of work with 5 misses a us, one
 * at a time: with 100 ns each that is 0.5 us of stall for 1 us of work. It begins to run at
 * 1 us (switch) + 256 us (faults) = 257 us.
 */
#define WORKER(where, region)                                                                      \
    "numasim: workload/1\n"                                                                        \
    "cgroups: {box: {nodes: " where "}}\n"                                                         \
    "processes:\n  p:\n    cgroup: box\n    regions: {heap: {size: 1MiB, touch: first" region      \
    "}}\n    threads:\n"                                                                           \
    "      worker: {cpus: 0, program: [access: {misses: {heap: 5/us}, mlp: 1}, run: 1ms]}\n"

static void test_local_and_remote(void)
{
    static const struct {
        const char *workload;
        int64_t run_ns;
        int32_t node;
    } cases[] = {{WORKER("0", ""), 1500 * US, 0}, {WORKER("1", ""), 2000 * US, 1}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e = new_engine("teach-numa-2x4", cases[i].workload);
        g_autoptr(GArray) log = event_log_new(e);

        engine_run(e, 10 * MS);
        g_assert_cmpint(exit_time(log, 0), ==, 257 * US + cases[i].run_ns + 10 * US);
        g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, cases[i].node), ==, 5000);
        g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, -1, -1), ==, 5000);
        /* The class that it ran in last: with all of its pages there. */
        const struct tp_event *cpu = event_log_last(log, TP_RATE_CPU);
        const struct tp_event *memory = event_log_last(log, TP_RATE_MEMORY);

        g_assert_cmpint(cpu->a, ==, 3 << 19); /* full: 1.5 */
        g_assert_cmpint(cpu->b, ==, 0);
        g_assert_cmpint(memory->a, ==, (int64_t)cases[i].node << 19); /* remote: 0.5 */
        g_assert_cmpint(memory->b, ==, 0);
        kernel_check(e->kernel);
        engine_free(e);
    }
}

static int64_t move_pages(struct engine *e, int32_t from, int32_t to, int64_t pages)
{
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;

    return numasim_migrate_pages(host, 7, task_pub(engine_task(e, "worker", 0))->process, 0, from,
                                 to, pages);
}

static void test_half_remote(void)
{
    struct engine *e = new_engine("teach-numa-2x4", WORKER("0-1", ""));
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 257 * US);
    g_assert_cmpint(move_pages(e, 0, 1, 128), ==, 128);
    engine_run(e, 10 * MS);
    g_assert_cmpint(exit_time(log, 0), ==, 257 * US + 1750 * US + 10 * US);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 0), ==, 2500);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 1), ==, 2500);
    engine_free(e);
}

/* After 750 us half of the work is done; the other half takes 2 us a us. */
static void test_pages_move_while_it_runs(void)
{
    /* The step at 1007 us changes nothing; it stops the clock of events there. */
    static const char workload[] =
        WORKER("0-1", "") "admin: [{at: 1007us, affinity: {process: p, cpus: 0}}]\n";
    struct engine *e = new_engine("teach-numa-2x4", workload);
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 1007 * US);
    g_assert_cmpint(move_pages(e, 0, 1, 1000), ==, 256);
    engine_run(e, 10 * MS);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, -1, -1), ==, 5000);
    g_assert_cmpint(exit_time(log, 0), ==, 257 * US + 750 * US + 1000 * US + 10 * US);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 0), ==, 2500);
    engine_free(e);
}

/*
 * At 1007 us the task has to go to CPU 4. The move takes 2 us there, and the IPI as long; then a
 * switch, 1 us. Its working set of 1000 lines is not in that LLC: for 1000 / 5 = 200 us of work it
 * misses twice as often, and a us of work takes 1 + 0.5 + 0.5 (cold) + 1 (remote, of both); after
 * that 2 us. 500 us of work are left: 200 * 3 + 300 * 2.
 */
static void test_cold_cache(void)
{
    static const char workload[] =
        WORKER("0", ", working-set: 64000B") "admin: [{at: 1007us, affinity: {process: p, cpus: "
                                             "4}}]\n";
    struct engine *e = new_engine("teach-numa-2x4", workload);
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 10 * MS);
    g_assert_cmpint(exit_time(log, 0), ==, (1007 + 3 + 600 + 600 + 10) * US);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 0), ==, 2500);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 1, 0), ==, 2500 + 1000);
    engine_free(e);
}

/*
 * Two threads of 5 misses a us, 100 ns each, one at a time: 1.5 us for 1 us of work alone. Their node
 * gives what one and a half of them take, so that beside each other each us of work takes 2 us. The
 * kernel takes 100 us of the first one's CPU, and 50 us into that the second one begins: the first does
 * nothing until the 100 us are over, and its work from then on takes 2 us a us.
 */
static void test_rate_changes_in_overhead(void)
{
    static const char workload[] =
        "numasim: workload/1\nprocesses:\n  p:\n    regions: {heap: {size: 1MiB, touch: first}}\n"
        "    threads:\n"
        "      a: {cpus: 0, program: [access: {misses: {heap: 5/us}, mlp: 1}, run: 2ms]}\n"
        "      b: {cpus: 1, start: 1050us, program: [access: {misses: {heap: 5/us}, mlp: 1}, "
        "run: 9ms]}\n"
        "      c: {cpus: 3, start: 1ms, program: [run: 1us]}\n"; /* so that something happens at 1 ms */
    /* One takes 5 lines, 320 bytes, in 1.5 us; 5 lines in 2 us for each of two are 320 MB/s. */
    g_autofree char *topology = topology_with("teach-numa-2x4", "local: 40GB/s", "local: 320MB/s");
    struct engine *e = new_engine(topology, workload);
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 1000 * US);
    numasim_charge((struct numasim_host *)(void *)e->kernel, 0, 100 * US);
    engine_run(e, 30 * MS);
    /* It began at 257 us and did 743 / 1.5 us of its 2000 until 1 ms. */
    int64_t begin_ns = 1100 * US, left_ns = 2 * (2000 * US - 743 * US * 2 / 3);

    g_assert_cmpint(ABS(exit_time(log, 0) - (begin_ns + left_ns + 10 * US)), <=, 10);
    engine_free(e);
}

/*
 * Two threads of one core at 60 % each. A's 600 us of work take 1000 us; with its switch and its
 * exit it is on its CPU until 1011 us. B, started from CPU 0, needs an IPI more and begins at 2 us:
 * by 1011 us it has done 1009 * 0.6 = 605.4 us of work, and does the rest of its 1200 us at full
 * speed, until 1605.6 us, and exits 10 us later. C has another core for itself.
 */
static void test_smt(void)
{
    g_autofree char *text = topology_with("teach-uma-4", "smt-pace: 100%", "smt-pace: 60%");
    g_auto(GStrv) parts = g_strsplit(text, "  cores-per-llc: 4\n", 2);
    g_autofree char *topology =
        g_strjoin("  cores-per-llc: 2\n  threads-per-core: 2\n", parts[0], parts[1], NULL);
    struct engine *e = new_engine(topology, "numasim: workload/1\nprocesses:\n  p:\n    threads:\n"
                                            "      a: {cpus: 0, program: [run: 600us]}\n"
                                            "      b: {cpus: 2, program: [run: 1200us]}\n"
                                            "      c: {cpus: 1, program: [run: 1200us]}\n");
    g_autoptr(GArray) log = event_log_new(e);

    g_assert_cmpint(e->machine->cpus[0].core, ==, e->machine->cpus[2].core);
    engine_run(e, 10 * MS);
    g_assert_cmpint(exit_time(log, 0), ==, 1011 * US);
    g_assert_cmpint(ABS(exit_time(log, 1) - (1615 * US + 600)), <=, 1);
    g_assert_cmpint(exit_time(log, 2), ==, 1212 * US);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* First touch                                                                                  */

/* Where the pages of a region lie after two threads, on nodes 0 and 1, did their steps. */
static void check_touch(const char *region, const char *steps, int64_t on_0, int64_t on_1)
{
    g_autofree char *workload = g_strdup_printf(
        "numasim: workload/1\nprocesses:\n  p:\n    regions: {heap: {size: 8MiB, %s}}\n"
        "    threads:\n"
        "      a: {cpus: 1, program: [%s, sleep: 1s]}\n"
        "      b: {cpus: 5, start: 1us, program: [%s, sleep: 1s]}\n",
        region, steps, steps);
    struct engine *e = new_engine("teach-numa-2x4", workload);

    engine_run(e, 500 * MS);
    kernel_check(e->kernel);
    const int64_t *bytes = process_of(e, "a")->bytes_by_node;

    g_assert_cmpint(bytes[0], ==, on_0);
    g_assert_cmpint(bytes[1], ==, on_1);
    engine_free(e);
}

#define ACCESS "access: {misses: {heap: 1/us}, mlp: 1}, "

static void test_first_touch(void)
{
    /* The first thread all of it, slices or not; each its half. */
    check_touch("touch: first", "run: 1ms", 8 * MIB, 0);
    check_touch("touch: first, shared: false", "run: 1ms", 8 * MIB, 0);
    check_touch("touch: each", "run: 1ms", 4 * MIB, 4 * MIB);
    check_touch("touch: each, shared: false", "run: 1ms", 4 * MIB, 4 * MIB);
    /* As the accesses go: 640 misses of 64 B, one line after the other, are ten pages. */
    check_touch("touch: user, pattern: sequential", ACCESS "run: 640us", 40960, 40960);
    check_touch("touch: user, pattern: sequential, shared: false", ACCESS "run: 640us", 40960,
                40960);
    /* At random nearly each miss is a new page at first: a takes 100 of 2048; then b's 100 misses
     * meet untouched pages with a chance of 1948 / 2048, 96 of them rounded up. */
    check_touch("touch: user", ACCESS "run: 100us", 100 * 4096, 96 * 4096);
    check_touch("touch: user, shared: false", ACCESS "run: 100us", 100 * 4096, 100 * 4096);
    /* By a step; pages are of the size that was asked for. */
    check_touch("touch: user, shared: false", "touch: heap, run: 1us", 4 * MIB, 4 * MIB);
    check_touch("touch: user", "touch: {region: heap, bytes: 5000B}, run: 1us", 8192, 8192);
    check_touch("touch: user, page: 2MiB", "touch: {region: heap, bytes: 5000B}, run: 1us", 2 * MIB,
                2 * MIB);
}

/* A full node's rest goes to the next; where none is left the toucher is killed. */
static void test_full_node(void)
{
    static const char workload[] =
        "numasim: workload/1\nprocesses:\n  p:\n    regions: {heap: {size: %dGiB, touch: first, "
        "page: 2MiB}}\n    threads:\n      t: {cpus: 2, program: [run: 1ms]}\n";
    static const int64_t gib = INT64_C(1) << 30;

    for (int size = 12; size <= 20; size += 8) {
        g_autofree char *text = g_strdup_printf(workload, size);
        struct engine *e = new_engine("teach-numa-2x4", text);
        g_autoptr(GArray) log = event_log_new(e);

        engine_run(e, 1000 * MS);
        kernel_check(e->kernel);
        const struct numasim_process *p = process_of(e, "t");

        g_assert_cmpint(p->bytes_by_node[0], ==, 8 * gib);
        g_assert_cmpint(p->bytes_by_node[1], ==, size == 12 ? 4 * gib : 8 * gib);
        g_assert_cmpint(event_log_count(log, TP_OOM_KILL, 0), ==, size == 20);
        g_assert_cmpint(event_log_count(log, TP_SCHED_PROCESS_EXIT, 0), ==, 1);
        engine_free(e);
    }
}

/* A parent that joins does not wait for ever for a child that was killed. */
static void test_oom_of_a_child(void)
{
    struct engine *e = new_engine(
        "teach-numa-2x4",
        "numasim: workload/1\nprocesses:\n  p:\n    regions: {heap: {size: 20GiB, page: 2MiB}}\n"
        "    threads:\n"
        "      parent: {cpus: 2, program: [fork: child, join, run: 1ms]}\n"
        "      child: {count: 0, program: [touch: heap, run: 1ms]}\n");

    engine_run(e, 1000 * MS);
    g_assert_true(kernel_finished(e->kernel));
    engine_free(e);
}

/* Memory that one process gives back when its last thread exits is there for the next. */
static void test_exit_frees(void)
{
    struct engine *e = new_engine(
        "teach-numa-2x4",
        "numasim: workload/1\nprocesses:\n"
        "  p:\n    regions: {heap: {size: 6GiB, touch: first, page: 2MiB}}\n    threads:\n"
        "      t: {cpus: 0, program: [run: 1ms]}\n"
        "  q:\n    regions: {heap: {size: 6GiB, touch: first, page: 2MiB}}\n    threads:\n"
        "      u: {cpus: 1, start: 5s, program: [run: 1ms, sleep: 10s]}\n");
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 10000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(process_of(e, "t")->resident_bytes, ==, 0);
    g_assert_cmpint(process_of(e, "u")->bytes_by_node[0], ==, INT64_C(6) << 30);
    g_assert_cmpint(event_log_count(log, TP_MM_PAGE_FREE, -1), ==, 1);
    engine_free(e);
}

/* Want of memory ends a process with all its threads, whatever they wait for. */
static void test_oom_ends_process(void)
{
    struct engine *e = new_engine(
        "teach-numa-2x4",
        "numasim: workload/1\nduration: 5s\nobjects: {s: {semaphore: 0}, b: {barrier: 2, spin: "
        "true}}\n"
        "processes:\n  p:\n    regions: {heap: {size: 20GiB, page: 2MiB}}\n    threads:\n"
        "      eater: {cpus: 0, start: 1ms, program: [touch: heap, run: 1ms, signal: s, barrier: "
        "b]}\n"
        "      sleeper: {cpus: 1, program: [sleep: 3600s]}\n"
        "      waiter: {cpus: 2, program: [wait: s, run: 1ms]}\n"
        "      spinner: {cpus: 3, program: [barrier: b, run: 1ms]}\n"
        "      runner: {cpus: 4, program: [run: 3600s]}\n"
        "      late: {cpus: 5, start: 4s, program: [run: 3600s]}\n"
        "  q:\n    threads:\n      other: {cpus: 6, program: [sleep: 4900ms]}\n");
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 4000 * MS);
    engine_run(e, 4500 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(event_log_count(log, TP_SCHED_PROCESS_EXIT, -1), ==, 6);
    g_assert_cmpint(process_of(e, "eater")->nr_threads, ==, 0);
    g_assert_cmpint(process_of(e, "eater")->resident_bytes, ==, 0);
    engine_run(e, 5000 * MS);
    g_assert_true(kernel_finished(e->kernel));
    engine_free(e);
}

static void test_allowed_nodes(void)
{
    /* cpuset.mems: a full node is no reason to leave it. */
    struct engine *e = new_engine(
        "teach-numa-2x4",
        "numasim: workload/1\ncgroups: {outer: {nodes: 0-1}, box: {parent: outer, nodes: 1}}\n"
        "processes:\n  p:\n    cgroup: box\n    regions: {heap: {size: 9GiB, touch: first, page: "
        "2MiB}}\n    threads:\n      t: {cpus: 0, program: [run: 1ms]}\n");

    engine_run(e, 1000 * MS);
    kernel_check(e->kernel);
    const struct numasim_process *p = process_of(e, "t");

    g_assert_cmpint(p->bytes_by_node[0], ==, 0);
    g_assert_cmpint(p->bytes_by_node[1], ==, INT64_C(8) << 30);
    engine_free(e);
}

/* Back and forth, more than there is, to where there is no room: nothing is lost or made. */
static void test_migration_conserves(void)
{
    struct engine *e = new_engine("teach-numa-2x4", WORKER("0-1", ""));
    const struct numasim_node *nodes[2];

    engine_run(e, 257 * US); /* when its first event after the touch comes */
    const struct numasim_process *p = process_of(e, "worker");

    for (int32_t n = 0; n < 2; n++) {
        nodes[n] = numasim_node((struct numasim_host *)(void *)e->kernel, n);
    }
    int64_t used = nodes[0]->total_bytes + nodes[1]->total_bytes - MIB;

    g_assert_cmpint(move_pages(e, 0, 1, 100), ==, 100);
    g_assert_cmpint(move_pages(e, 1, 0, 30), ==, 30);
    g_assert_cmpint(p->bytes_by_node[1], ==, 70 * 4096);
    g_assert_cmpint(move_pages(e, 0, 1, INT64_MAX), ==, 186);
    g_assert_cmpint(move_pages(e, 0, 1, 1), ==, 0);
    g_assert_cmpint(move_pages(e, 1, 1, 1), ==, 0);
    g_assert_cmpint(move_pages(e, 1, 0, 0), ==, 0);
    g_assert_cmpint(move_pages(e, 1, 0, -7), ==, 0);
    g_assert_cmpint(p->bytes_by_node[0], ==, 0);
    g_assert_cmpint(p->bytes_by_node[1], ==, MIB);
    g_assert_cmpint(nodes[0]->free_bytes + nodes[1]->free_bytes, ==, used);
    kernel_check(e->kernel);
    /* CPU 7 paid 2 us and 4 KiB at 10 GB/s (0.4096 us) for each page. */
    engine_run(e, 5 * MS);
    struct cpu_times times = kernel_cpu_times(e->kernel, 7);

    g_assert_cmpint(ABS(times.overhead_ns - 316 * (2 * US + 410)), <=, 316);
    engine_free(e);
}

static void test_a_terabyte(void)
{
    g_autofree char *topology = topology_with("teach-numa-2x4", "size: 8GiB", "size: 2TiB");
    size_t before = mallinfo2().uordblks;
    struct engine *e = new_engine(
        topology, "numasim: workload/1\nprocesses:\n  p:\n"
                  "    regions: {heap: {size: 1TiB}, mine: {size: 1TiB, shared: false, touch: "
                  "each}}\n    threads:\n      t: {count: 64, program: [access: {misses: {heap: "
                  "100/us}, mlp: 10}, run: 10ms]}\n");

    engine_run(e, 1000 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    const struct numasim_process *p = process_of(e, "t");

    g_assert_cmpint(p->resident_bytes, >, INT64_C(1) << 40);
    g_assert_cmpuint(mallinfo2().uordblks - before, <, 2 << 20);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mm/exit-frees", test_exit_frees);
    g_test_add_func("/mm/oom-ends-process", test_oom_ends_process);
    g_test_add_func("/mm/local-and-remote", test_local_and_remote);
    g_test_add_func("/mm/half-remote", test_half_remote);
    g_test_add_func("/mm/pages-move-while-it-runs", test_pages_move_while_it_runs);
    g_test_add_func("/mm/cold-cache", test_cold_cache);
    g_test_add_func("/mm/rate-changes-in-overhead", test_rate_changes_in_overhead);
    g_test_add_func("/mm/smt", test_smt);
    g_test_add_func("/mm/first-touch", test_first_touch);
    g_test_add_func("/mm/full-node", test_full_node);
    g_test_add_func("/mm/oom-of-a-child", test_oom_of_a_child);
    g_test_add_func("/mm/allowed-nodes", test_allowed_nodes);
    g_test_add_func("/mm/migration-conserves", test_migration_conserves);
    g_test_add_func("/mm/a-terabyte", test_a_terabyte);
    return g_test_run();
}
