/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory-side caches: how much of the used memory they hold, and what that does to rates. */
#include "event-log.h"
#include "kernel-invariants.h"

#include "base/time.h"

/* Memory of 100 ns behind a cache of 1 MiB, which misses take 100 ns more to pass; nothing else costs. */
static const char machine[] =
    "numasim: topology/1\narch: x86_64\n"
    "cpus: {packages: 1, cores-per-llc: 2, source: s}\n"
    "memory: {nodes: [{nodes: 0, size: 1GiB, side-cache: 1MiB, side-cache-miss: 100ns}], source: "
    "s}\n"
    "distances: {matrix: [[10]], source: s}\n"
    "latency: {matrix: [[100ns]], source: s}\n"
    "caches: {llc: 0B, source: s}\n"
    "costs:\n"
    "  {context-switch: 0us, wakeup: 0us, idle-exit: 0us, fork: 0us, exit: 0us, tick: 0us,\n"
    "   wakeup-ipi: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
    "   balance-pass: 0us, balance-cpu: 0us, page-fault: 0us, page-zero: 0B/s, page-move: 0us,\n"
    "   migration: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
    "   page-move-copy: 0B/s, hint-fault: 0us, smt-pace: 100%, source: s}\n";

#define WORKER(size)                                                                               \
    "  worker:\n    regions: {heap: {size: " size ", touch: first}}\n"                             \
    "    threads: {worker: {cpus: 0, program: [access: {misses: {heap: 5/us}}, run: 1ms]}}\n"

static int64_t worker_ends_us(const char *processes)
{
    g_autofree char *workload = g_strconcat("numasim: workload/1\nprocesses:\n", processes, NULL);
    struct engine *e =
        engine_new(machine, workload, "fifo+none", &(struct kernel_config){.seed = 1});
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 100 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    int64_t ns = event_log_time(log, TP_SCHED_PROCESS_EXIT, 0, 0);

    engine_free(e);
    return ns / NSEC_PER_USEC;
}

/* 1 ms of work with 5000 misses, one at a time. */
static void test_share(void)
{
    g_assert_cmpint(worker_ends_us(WORKER("512KiB")), ==, 1500);
    g_assert_cmpint(worker_ends_us(WORKER("1MiB")), ==, 1500);
    g_assert_cmpint(worker_ends_us(WORKER("2MiB")), ==, 1500 + 250);
    g_assert_cmpint(worker_ends_us(WORKER("4MiB")), ==, 1500 + 375);
}

/*
 * After 750 us the worker has half its work behind it; another process then uses 3 MiB beside its 1 MiB,
 * of which the cache has a quarter: the other half takes 750 + 2500 * 75 ns.
 */
static void test_others(void)
{
    int64_t us = worker_ends_us(
        WORKER("1MiB") "  other:\n    regions: {heap: {size: 3MiB}}\n    threads:\n"
                       "      other: {cpus: 1, start: 750us, program: [touch: heap,\n"
                       "        sleep: 10ms]}\n");

    /* Rates follow within host.rate_step, 20 us. */
    g_assert_cmpint(us, >=, 750 + 937 - 20);
    g_assert_cmpint(us, <=, 750 + 938);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/side-cache/share", test_share);
    g_test_add_func("/side-cache/others", test_others);
    return g_test_run();
}
