/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that several processes map, on teach-numa-2x4 (CPUs 0-3 on node 0): it is there once, whoever
 * touched it; each process reaches it as the threads of one process would.
 */
#include <string.h>

#include "engine-fixture.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"
#include "kernel/mm/memcg.h"
#include "kernel/procfs.h"

#include "base/time.h"

#define MIB (INT64_C(1) << 20)

static struct engine *begun(const char *processes)
{
    g_autofree char *text = g_strdup_printf("numasim: workload/1\nduration: 60s\n%s", processes);

    return engine_new("teach-numa-2x4", text, "linux-6.12", &(struct kernel_config){.seed = 1});
}

static const struct process *process(const struct engine *e, int32_t i)
{
    return e->kernel->processes[i];
}

static uint64_t count(const struct engine *e, int32_t node, enum numasim_vm_item item)
{
    return e->kernel->nodes[node].vmstat[item];
}

/* Half of it by one process on node 0, the rest by another on node 1; as much as both see of it. */
static void test_once(void)
{
    struct engine *e = begun(
        "processes:\n"
        "  p: {regions: {own: {size: 4MiB}, a: {size: 64MiB, shm: pool}}, threads: {t: {cpus: "
        "0, program: [touch: {region: a, bytes: 32MiB}, run: 1s]}}}\n"
        "  q: {regions: {b: {size: 64MiB, shm: pool}}, threads: {u: {cpus: 4, program: "
        "[sleep: 100ms, touch: b, run: 1s]}}}\n"
        "  r: {count: 3, regions: {c: {size: 64MiB, shm: pool}}, threads: {v: {program: "
        "[sleep: 200ms, touch: c, run: 1s]}}}\n");

    engine_run(e, 500 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpuint(count(e, 0, NUMASIM_PGALLOC), ==, (uint64_t)(32 * MIB >> 12));
    g_assert_cmpuint(count(e, 1, NUMASIM_PGALLOC), ==, (uint64_t)(32 * MIB >> 12));
    for (int32_t i = 0; i < 5; i++) {
        g_assert_cmpint(process(e, i)->pub.resident_bytes, ==, 64 * MIB);
        g_assert_cmpint(process(e, i)->bytes_by_node[0], ==, 32 * MIB);
        g_assert_cmpint(process(e, i)->bytes_by_node[1], ==, 32 * MIB);
    }
    g_autofree char *meminfo = kernel_meminfo_text(e->kernel);
    g_autofree char *maps = kernel_numa_maps_text(e->kernel);

    g_assert_nonnull(strstr(meminfo, "Node 0 Shmem:             32768 kB\n"));
    g_assert_nonnull(
        strstr(maps, " file=/dev/shm/pool dirty=16384 mapmax=5 active=0 N0=8192 N1=8192 "));
    engine_free(e);
}

/* It outlives all but the last of those that map it. */
static void test_exit(void)
{
    struct engine *e = begun(
        "processes:\n"
        "  p: {regions: {a: {size: 64MiB, shm: pool}, own: {size: 1MiB}}, threads: {t: {cpus: "
        "0, program: [touch: a, touch: own, run: 100ms]}}}\n"
        "  q: {regions: {b: {size: 64MiB, shm: pool}}, threads: {u: {cpus: 4, program: [run: "
        "1s]}}}\n"
        "  z: {threads: {z: {program: [run: 9s]}}}\n");

    engine_run(e, 500 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpint(process(e, 0)->pub.resident_bytes, ==, 0);
    g_assert_cmpint(process(e, 1)->bytes_by_node[0], ==, 64 * MIB);
    g_assert_cmpint(e->kernel->nodes[0].total_bytes - e->kernel->nodes[0].free_bytes, ==, 64 * MIB);
    engine_run(e, 2 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpint(process(e, 1)->pub.resident_bytes, ==, 0);
    g_assert_cmpint(e->kernel->nodes[0].free_bytes, ==, e->kernel->nodes[0].total_bytes);
    engine_free(e);
}

/* The policy is the object's, and interleaving goes by the place in it. */
static void test_policy(void)
{
    struct engine *e = begun(
        "processes:\n"
        "  p: {regions: {pad: {size: 1MiB}, a: {size: 64MiB, shm: pool}}, threads: {t: {cpus: "
        "0, program: [touch: {region: a, bytes: 4KiB}, run: 100ms, touch: a, run: 9s]}}}\n"
        "  q: {regions: {b: {size: 64MiB, shm: pool, numactl: --interleave=all}}, threads: {u: "
        "{cpus: 4, program: [sleep: 50ms, touch: {region: b, bytes: 4KiB}, run: 9s]}}}\n");

    engine_run(e, 80 * NSEC_PER_MSEC);
    g_assert_cmpint(process(e, 0)->bytes_by_node[0], ==, 4096);
    g_assert_cmpint(process(e, 0)->bytes_by_node[1], ==, 4096);
    engine_run(e, 500 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpint(process(e, 0)->bytes_by_node[0], ==, 32 * MIB);
    g_assert_cmpint(process(e, 0)->bytes_by_node[1], ==, 32 * MIB);
    engine_free(e);
}

/* Who accesses it is as fast as a thread of the process that touched it, before and after it moves. */
static void test_accesses(void)
{
    static const char *const forms[] = {
        "processes:\n"
        "  p: {policy: {mode: bind, nodes: 0-1}, regions: {a: {size: 64MiB, shm: pool}}, threads: "
        "{t: {cpus: 0, program: [touch: a, sleep: 9s]}}}\n"
        "  q: {policy: {mode: bind, nodes: 0-1}, regions: {b: {size: 64MiB, shm: pool}}, threads: "
        "{u: {cpus: 4, program: [sleep: 100ms, access: {misses: {b: 5/us}}, run: 2s]}}}\n",
        "processes:\n"
        "  p: {policy: {mode: bind, nodes: 0-1}, regions: {a: {size: 64MiB}}, threads: {t: {cpus: "
        "0, program: [touch: a, sleep: 9s]}, u: {cpus: 4, program: [sleep: 100ms, access: {misses: "
        "{a: 5/us}}, run: 2s]}}}\n",
    };
    static const char *const admins[] = {
        "", "admin: [{at: 1s, migratepages: {process: p, from: 0, to: 1}}]\n"};
    int64_t cpu_ns[2][2];

    for (int32_t i = 0; i < 4; i++) {
        g_autofree char *text = g_strconcat(forms[i / 2], admins[i % 2], NULL);
        struct engine *e = begun(text);
        struct task *u = engine_task(e, "u", 0);

        engine_run(e, 1500 * NSEC_PER_MSEC);
        kernel_check(e->kernel);
        g_assert_cmpint(task_process(u)->bytes_by_node[i % 2], ==, 64 * MIB);
        engine_run(e, 30 * NSEC_PER_SEC);
        g_assert_cmpint(task_pub(u)->task_state, ==, NUMASIM_TASK_DEAD);
        cpu_ns[i / 2][i % 2] = kernel_task_cpu_ns(e->kernel, u);
        engine_free(e);
    }
    g_assert_cmpint(cpu_ns[0][0], ==, cpu_ns[1][0]);
    g_assert_cmpint(cpu_ns[0][1], ==, cpu_ns[1][1]);
    g_assert_cmpint(cpu_ns[0][1], <, cpu_ns[0][0]);
}

/* Charged to the cgroup of who touched it, for as long as it is there. */
static void test_charge(void)
{
    struct engine *e =
        begun("cgroups: {one: {memory.max: 1GiB}, two: {memory.max: 1GiB}}\nprocesses:\n"
              "  p: {cgroup: one, regions: {a: {size: 64MiB, shm: pool}}, threads: {t: {cpus: 0, "
              "program: [touch: {region: a, bytes: 16MiB}, run: 100ms]}}}\n"
              "  q: {cgroup: two, regions: {b: {size: 64MiB, shm: pool}}, threads: {u: {cpus: 4, "
              "program: [sleep: 50ms, touch: b, run: 1s]}}}\n"
              "  z: {threads: {z: {program: [run: 9s]}}}\n");
    struct kernel_cgroup **cgroups = e->kernel->cgroups;

    engine_run(e, 500 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpint(cgroups[1]->memcg->pub.usage_bytes, ==, 16 * MIB);
    g_assert_cmpint(cgroups[2]->memcg->pub.usage_bytes, ==, 48 * MIB);
    g_assert_cmpint(cgroups[2]->memcg->by_node[MEMCG_SHMEM][1], ==, 48 * MIB >> 12);
    engine_run(e, 3 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpint(cgroups[1]->memcg->pub.usage_bytes, ==, 0);
    engine_free(e);
}

/* Page cache of several processes is dropped and read again once for all. */
static void test_file(void)
{
    struct engine *e =
        begun("cgroups: {one: {memory.max: 32MiB}}\nprocesses:\n"
              "  p: {cgroup: one, count: 2, regions: {a: {size: 64MiB, file: true, shm: table}}, "
              "threads: {t: {program: [access: {misses: {a: 1/us}}, forever: [run: 1ms]]}}}\n");

    engine_run(e, 2 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpint(process(e, 0)->pub.resident_bytes, ==, process(e, 1)->pub.resident_bytes);
    g_assert_cmpint(process(e, 0)->pub.resident_bytes, <=, 32 * MIB);
    g_assert_cmpuint(e->kernel->cgroups[1]->memcg->pub.events[NUMASIM_MEMCG_MAX], >, 0);
    engine_free(e);
}

/* NUMA balancing over several processes: hint faults of each, on what is there once. */
static void test_balancing(void)
{
    struct engine *e =
        begun("processes:\n"
              "  p: {regions: {a: {size: 256MiB, shm: pool, touch: first}}, threads: {t: {cpus: 0, "
              "program: [access: {misses: {a: 20/us}}, run: 9s]}}}\n"
              "  q: {count: 3, regions: {b: {size: 256MiB, shm: pool}}, threads: {u: {cpus: 4-7, "
              "program: [access: {misses: {b: 20/us}}, run: 9s]}}}\n");

    for (int32_t i = 1; i <= 8; i++) {
        engine_run(e, i * NSEC_PER_SEC);
        kernel_check(e->kernel);
    }
    g_assert_cmpuint(count(e, 0, NUMASIM_NUMA_HINT_FAULTS), >, 1000);
    g_assert_cmpint(process(e, 3)->bytes_by_node[1], >, 0);
    g_assert_cmpint(process(e, 3)->bytes_by_node[1], ==, process(e, 0)->bytes_by_node[1]);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shm/once", test_once);
    g_test_add_func("/shm/exit", test_exit);
    g_test_add_func("/shm/policy", test_policy);
    g_test_add_func("/shm/accesses", test_accesses);
    g_test_add_func("/shm/charge", test_charge);
    g_test_add_func("/shm/file", test_file);
    g_test_add_func("/shm/balancing", test_balancing);
    return g_test_run();
}
