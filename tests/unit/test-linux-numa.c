/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Automatic NUMA balancing on the engine: which pages and tasks end up where, and what is counted. On
 * teach-numa-2x4 CPUs 0-3 and 8 GiB are node 0, CPUs 4-7 and 8 GiB node 1; a tick is 4 ms.
 */
#include "engine-fixture.h"

#include <glib.h>

#include "base/time.h"
#include "kernel/internal.h"
#include "kernel/procfs.h"

#define MS NSEC_PER_MSEC

static struct engine *start(const char *processes, const char *policies)
{
    g_autofree char *text = g_strdup_printf("numasim: workload/1\nduration: 100s\n%s", processes);

    return engine_new("teach-numa-2x4", text, policies, &(struct kernel_config){.seed = 1});
}

static uint64_t vm_event(const struct engine *e, enum numasim_vm_item item)
{
    uint64_t events[NUMASIM_NR_VM_ITEMS];

    kernel_vm_events(e->kernel, events);
    return events[item];
}

static int64_t bytes_on(struct engine *e, const char *comm, int32_t node)
{
    return task_pub(engine_task(e, comm, 0))->process->bytes_by_node[node];
}

/* ------------------------------------------------------------------------------------------- */

/* One thread, its memory on node 0, itself on node 1. Memory of the other node takes two times as long. */
#define MOVED(size, page)                                                                          \
    "processes:\n  p:\n    regions: {heap: {size: " size ", page: " page "}}\n    threads:\n"      \
    "      lone: {cpus: 0, program: [touch: heap, access: {misses: {heap: 20/us}, mlp: 4},"        \
    " forever: [run: 10ms]]}\n"                                                                    \
    "admin: [{at: 900ms, affinity: {process: p, cpus: 4}}]\n"

/*
 * The first scan comes after 1 s of CPU time, the others each 250 ms: 1 GiB has four windows of 256 MiB.
 * What each protects is met and moves; after 3 s all of it is there, and nothing is protected any more,
 * as the process has no other thread.
 */
static void test_follows(void)
{
    static const char *const sets[] = {"linux-6.1", "linux-6.6", "linux-6.12", "linux-7.3"};

    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        struct engine *e = start(MOVED("1GiB", "base"), sets[i]);

        engine_run(e, 1000 * MS);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PTE_UPDATES), ==, 0);
        engine_run(e, 1200 * MS);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PTE_UPDATES), ==, 65536);
        engine_run(e, 10000 * MS);
        g_assert_cmpint(bytes_on(e, "lone", 0), ==, 0);
        g_assert_cmpint(bytes_on(e, "lone", 1), ==, INT64_C(1) << 30);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PTE_UPDATES), ==, 262144);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_HINT_FAULTS), ==, 262144);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_HINT_FAULTS_LOCAL), ==, 0);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PAGES_MIGRATED), ==, 262144);

        const struct numasim_task *t = task_pub(engine_task(e, "lone", 0));

        g_assert_cmpuint(t->numa->pages_migrated, ==, 262144);
        g_assert_cmpint(t->numa->group_id, ==, 0);
        g_assert_cmpint(t->numa->scan_seq, >=, 1);
        engine_free(e);
    }
}

/* Huge pages move whole; before 7.3 the local ones of a lone thread are protected again. */
static void test_huge(void)
{
    static const char *const sets[] = {"linux-6.12", "linux-7.3"};

    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        struct engine *e = start(MOVED("256MiB", "2MiB"), sets[i]);

        engine_run(e, 20000 * MS);
        g_assert_cmpint(bytes_on(e, "lone", 0), ==, 0);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PAGES_MIGRATED), ==, 65536);
        g_assert_cmpuint(vm_event(e, NUMASIM_THP_MIGRATION_SUCCESS), ==, 128);
        if (i == 0) {
            g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_HUGE_PTE_UPDATES), >, 128);
        } else {
            g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_HUGE_PTE_UPDATES), ==, 128);
        }
        engine_free(e);
    }
}

/* A thread that may run anywhere goes to its memory, which need not move. */
static void test_task_moves(void)
{
    struct engine *e =
        start("processes:\n  p:\n    regions: {heap: {size: 64MiB}}\n    threads:\n"
              "      lone: {cpus: 0, program: [touch: heap,"
              " access: {misses: {heap: 20/us}, mlp: 4}, forever: [run: 10ms]]}\n"
              "      helper: {cpus: 0, program: [access: {misses: {heap: 20/us}, mlp: 4},"
              " forever: [run: 10ms]]}\n"
              "admin: [{at: 8s, affinity: {process: p, cpus: 4}},"
              " {at: 8100ms, affinity: {process: p, cpus: 0-7}}]\n",
              "linux-6.12");

    engine_run(e, 8000 * MS);
    g_assert_cmpint(task_pub(engine_task(e, "lone", 0))->preferred_node, ==, 0);
    engine_run(e, 60000 * MS);
    /* Both have ended on one node, and so has most of what they share. */
    int32_t node = task_pub(engine_task(e, "lone", 0))->preferred_node;

    g_assert_cmpint(node, >=, 0);
    g_assert_cmpint(task_pub(engine_task(e, "helper", 0))->preferred_node, ==, node);
    g_assert_cmpint(bytes_on(e, "lone", node), >, INT64_C(48) << 20);
    engine_free(e);
}

/*
 * Two threads on different nodes that use all of one array: each fault's last one came from the other as
 * often as not, so pages move only where two in a row came from one node; the threads form a group.
 */
static void test_shared(void)
{
    struct engine *e =
        start("processes:\n  p:\n    regions: {heap: {size: 64MiB}}\n    threads:\n"
              "      one: {cpus: 0, program: [touch: heap,"
              " access: {misses: {heap: 20/us}, mlp: 4}, forever: [run: 10ms]]}\n"
              "      two: {cpus: 4, program: [access: {misses: {heap: 20/us}, mlp: 4},"
              " forever: [run: 10ms]]}\n",
              "linux-6.12");

    engine_run(e, 60000 * MS);
    const struct numasim_task *one = task_pub(engine_task(e, "one", 0));
    const struct numasim_task *two = task_pub(engine_task(e, "two", 0));

    g_assert_cmpint(one->numa->group_id, !=, 0);
    g_assert_cmpint(one->numa->group_id, ==, two->numa->group_id);
    g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PAGES_MIGRATED), <,
                     vm_event(e, NUMASIM_NUMA_HINT_FAULTS));
    for (int32_t n = 0; n < 2; n++) {
        g_assert_cmpint(bytes_on(e, "one", n), >, INT64_C(4) << 20);
        g_assert_cmpuint(one->numa->group_private[n] + one->numa->group_shared[n], >, 0);
    }
    engine_free(e);
}

/* What is not scanned: bound memory, hugetlb, files that are only read; and nothing at all with
 * numa_balancing=0. */
static void test_left_alone(void)
{
    static const char *const regions[] = {"size: 64MiB, hugetlb: true, page: 2MiB",
                                          "size: 64MiB, file: true, readonly: true",
                                          "size: 64MiB, file: true, mapped: shared"};

    for (gsize i = 0; i < G_N_ELEMENTS(regions); i++) {
        g_autofree char *text = g_strdup_printf(
            "processes:\n  p:\n    regions: {heap: {%s}}\n    threads:\n"
            "      one: {cpus: 0, program: [touch: heap,"
            " access: {misses: {heap: 20/us}, mlp: 4}, forever: [run: 10ms]]}\n"
            "      two: {cpus: 4, program: [access: {misses: {heap: 20/us}, mlp: 4},"
            " forever: [run: 10ms]]}\n",
            regions[i]);
        struct engine *e = start(text, "linux-6.12");

        engine_run(e, 5000 * MS);
        g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_PTE_UPDATES), ==, 0);
        engine_free(e);
    }
}

/* The runqueues' counts of tasks that prefer a node are those of their tasks. */
static void test_counts(void)
{
    struct engine *e =
        start("processes:\n  p:\n    regions: {own: {size: 256MiB, shared: false, touch: each}}\n"
              "    threads:\n"
              "      worker: {count: 12, program: [access: {misses: {own: 20/us}, mlp: 4},"
              " forever: [run: {exponential: 3ms}, sleep: {exponential: 1ms}]]}\n",
              "linux-6.12");

    for (int64_t t = 1; t <= 40; t++) {
        engine_run(e, t * 499 * MS);
        for (int32_t cpu = 0; cpu < 8; cpu++) {
            const struct rq *rq = cpu_rq(e->kernel, cpu);
            uint32_t nr_numa = 0, nr_preferred = 0;

            for (int32_t i = 0; i < e->kernel->nr_tasks; i++) {
                const struct task *task = e->kernel->tasks[i];

                if (task->on_rq && task->pub.cpu == cpu) {
                    nr_numa += task->pub.preferred_node >= 0;
                    nr_preferred += task->pub.preferred_node == rq->pub.node;
                }
            }
            g_assert_cmpuint(rq->pub.nr_numa_running, ==, nr_numa);
            g_assert_cmpuint(rq->pub.nr_preferred_running, ==, nr_preferred);
        }
    }
    g_assert_cmpuint(vm_event(e, NUMASIM_NUMA_HINT_FAULTS), >, 0);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-numa/follows", test_follows);
    g_test_add_func("/linux-numa/huge", test_huge);
    g_test_add_func("/linux-numa/task-moves", test_task_moves);
    g_test_add_func("/linux-numa/shared", test_shared);
    g_test_add_func("/linux-numa/left-alone", test_left_alone);
    g_test_add_func("/linux-numa/counts", test_counts);
    return g_test_run();
}
