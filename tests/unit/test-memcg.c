/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of cgroups on teach-numa-2x4 (two nodes of 8 GiB): who is charged, what happens at memory.max
 * and memory.high, what memory.low and memory.min protect (mm/memcontrol.c, mm/page_counter.c, 6.12),
 * and whom the OOM killer chooses (mm/oom_kill.c).
 */
#include <string.h>

#include "engine-fixture.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"
#include "kernel/mm/memcg.h"
#include "memcg-protect.h"

#include "base/time.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const struct memcg *memcg(const struct engine *e, const char *name)
{
    for (int32_t i = 0; i < e->kernel->nr_cgroups; i++) {
        if (strcmp(e->kernel->cgroups[i]->name, name) == 0) {
            return e->kernel->cgroups[i]->memcg;
        }
    }
    g_assert_not_reached();
}

static struct engine *begun_under(const char *policy, const char *cgroups, const char *processes,
                                  const char *rest)
{
    g_autofree char *text = g_strdup_printf(
        "numasim: workload/1\ncgroups: {%s}\nprocesses:\n%s\n%s", cgroups, processes, rest);

    return engine_new("teach-numa-2x4", text, policy, &(struct kernel_config){.seed = 1});
}

static struct engine *begun(const char *cgroups, const char *processes, const char *rest)
{
    return begun_under("linux-6.12", cgroups, processes, rest);
}

static bool is_dead(struct engine *e, const char *comm)
{
    return task_pub(engine_task(e, comm, 0))->task_state == NUMASIM_TASK_DEAD;
}

static uint64_t oom_kills(const struct engine *e)
{
    uint64_t sum = 0;

    for (int32_t n = 0; n < e->kernel->nr_nodes; n++) {
        sum += e->kernel->nodes[n].vmstat[NUMASIM_OOM_KILL];
    }
    return sum;
}

/* ------------------------------------------------------------------------------------------- */
/* Charging                                                                                     */

/* Each page in the cgroup of who touched it and in those above; by node and kind; none after exit. */
static void test_charge(void)
{
    struct engine *e = begun("top: {memory.max: 1GiB}, a: {parent: top}, b: {parent: top}",
                             "  p: {cgroup: a, regions: {r: {size: 64MiB}}, threads: {t: {cpus: 0, "
                             "program: [touch: r, run: 1s]}}}\n"
                             "  q: {cgroup: b, regions: {f: {size: 32MiB, file: true}, s: {size: "
                             "16MiB, mapped: shared}, h: {size: 8MiB, page: 2MiB}}, threads: {u: "
                             "{cpus: 4, program: [touch: f, touch: s, touch: h, run: 1s, run: "
                             "1s]}}}\n"
                             "  z: {threads: {z: {program: [run: 9s]}}}",
                             "");
    const struct memcg *a = memcg(e, "a"), *b = memcg(e, "b"), *top = memcg(e, "top");

    engine_run(e, 900 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpint(a->pub.usage_bytes, ==, 64 * MIB);
    g_assert_cmpint(b->pub.usage_bytes, ==, 56 * MIB);
    g_assert_cmpint(top->pub.usage_bytes, ==, 120 * MIB);
    g_assert_cmpint(a->by_node[MEMCG_ANON][0], ==, 64 * MIB >> 12);
    g_assert_cmpint(b->by_node[MEMCG_ANON][1], ==, 8 * MIB >> 12);
    g_assert_cmpint(b->by_node[MEMCG_FILE][1], ==, 48 * MIB >> 12);
    g_assert_cmpint(b->by_node[MEMCG_SHMEM][1], ==, 16 * MIB >> 12);
    engine_run(e, 5 * NSEC_PER_SEC);
    g_assert_cmpint(top->pub.usage_bytes, ==, 0);
    g_assert_cmpint(top->pub.peak_bytes, ==, 120 * MIB);
    g_assert_cmpint(b->by_node[MEMCG_FILE][1], ==, 0);
    engine_free(e);
}

/* A process that moves takes no charges along, and is charged where it is from then on. */
static void test_move(void)
{
    struct engine *e =
        begun("a: {memory.max: 1GiB}, b: {memory.max: 1GiB}",
              "  p: {cgroup: a, regions: {r: {size: 64MiB}}, threads: {t: {cpus: 0, "
              "program: [touch: {region: r, bytes: 16MiB}, run: 200ms, touch: r, run: "
              "1s]}}}\n",
              "admin: [{at: 100ms, move: {process: p, cgroup: b}}]");

    engine_run(e, 900 * NSEC_PER_MSEC);
    g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, ==, 16 * MIB);
    g_assert_cmpint(memcg(e, "b")->pub.usage_bytes, ==, 48 * MIB);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* memory.max                                                                                   */

/* Page cache is dropped to make room: usage stays at the limit, 32 pages at a time. */
static void test_max_file(void)
{
    struct engine *e = begun("a: {memory.max: 64MiB}",
                             "  p: {cgroup: a, regions: {r: {size: 256MiB, file: true}}, threads: "
                             "{t: {cpus: 0, program: [touch: r, run: 1s]}}}\n",
                             "");
    const struct memcg *a = memcg(e, "a");

    engine_run(e, NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpint(a->pub.usage_bytes, <=, 64 * MIB);
    g_assert_cmpint(a->pub.usage_bytes, >, 63 * MIB);
    g_assert_cmpint(a->pub.peak_bytes, ==, 64 * MIB);
    g_assert_cmpuint(a->pub.events[NUMASIM_MEMCG_MAX], ==, (uint64_t)(192 * MIB / 4096 / 32));
    g_assert_cmpuint(a->pub.events[NUMASIM_MEMCG_OOM], ==, 0);
    /* Reclaim for a limit is none of the nodes' (shrink_inactive_list(): cgroup_reclaim()). */
    g_assert_cmpuint(e->kernel->nodes[0].vmstat[NUMASIM_PGSTEAL_DIRECT], ==, 0);
    g_assert_false(is_dead(e, "t"));
    engine_free(e);
}

/* Any release drops page cache, at memory.max as on a full node, before anybody is killed. */
static void test_file_of_release(void)
{
    static const char *const sets[] = {"linux-4.3", "linux-5.3", "linux-5.10", "linux-6.1"};
    static const char *const processes[] = {
        "  p: {cgroup: a, regions: {r: {size: 256MiB, file: true}}, threads: {t: {cpus: 0, "
        "program: [touch: r, run: 9s]}}}\n",
        "  p: {cgroup: b, regions: {r: {size: 9GiB, file: true}}, threads: {t: {cpus: 0, program: "
        "[touch: r, run: 9s]}}}\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(sets) * 2; i++) {
        struct engine *e =
            begun_under(sets[i / 2], "a: {memory.max: 64MiB}, b: {nodes: 0}", processes[i % 2], "");
        const struct memcg *a = memcg(e, "a");
        uint64_t stolen = 0;

        g_test_message("%s, %s", sets[i / 2], i % 2 == 0 ? "at its limit" : "on a full node");
        engine_run(e, 8 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        for (int32_t n = 0; n < e->kernel->nr_nodes; n++) {
            const uint64_t *vmstat = e->kernel->nodes[n].vmstat;

            stolen += vmstat[NUMASIM_PGSTEAL_DIRECT] + vmstat[NUMASIM_PGSTEAL_KSWAPD];
        }
        g_assert_cmpuint(oom_kills(e), ==, 0);
        g_assert_false(is_dead(e, "t"));
        if (i % 2 == 0) {
            g_assert_cmpint(a->pub.usage_bytes, >, 63 * MIB);
            g_assert_cmpuint(a->pub.events[NUMASIM_MEMCG_MAX], ==, 192 * MIB / 4096 / 32);
        } else {
            g_assert_cmpuint(stolen, >=, GIB >> 12);
        }
        engine_free(e);
    }
}

/* Policies of their own for two tiers drop it as well, but for what memory.min protects; with nothing else
 * left, the killer comes. */
static void test_max_file_tiers(void)
{
    static const char *const sets[] = {"tpp", "hemem", "hemem-colloid", "memtis", "nomad"};

    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        struct engine *e = engine_new(
            "teach-numa-2x4",
            "numasim: workload/1\n"
            "cgroups: {top: {memory.max: 64MiB}, a: {parent: top, memory.min: 8MiB}, b: {parent: "
            "top}}\n"
            "processes:\n"
            "  p: {cgroup: a, regions: {r: {size: 8MiB, file: true}}, threads: {t: {cpus: 0, "
            "program: [touch: r, run: 9s]}}}\n"
            "  q: {cgroup: b, regions: {f: {size: 256MiB, file: true}}, threads: {u: {cpus: 1, "
            "program: [sleep: 100ms, touch: f, run: 9s]}}}\n"
            "  x: {cgroup: b, regions: {r: {size: 57MiB}}, threads: {x: {cpus: 4, program: [sleep: "
            "5s, touch: r, run: 9s]}}}\n",
            sets[i], &(struct kernel_config){.seed = 1});
        const struct memcg *top = memcg(e, "top");

        engine_run(e, 4 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        g_assert_cmpint(top->pub.peak_bytes, ==, 64 * MIB);
        g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, ==, 8 * MIB);
        g_assert_cmpint(memcg(e, "b")->pub.usage_bytes, >, 55 * MIB);
        g_assert_cmpuint(top->pub.events[NUMASIM_MEMCG_OOM], ==, 0);
        engine_run(e, 8 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, ==, 8 * MIB);
        g_assert_cmpuint(oom_kills(e), ==, 1);
        g_assert_true(is_dead(e, "x"));
        engine_free(e);
    }
}

/* Anonymous pages have nowhere to go: the killer comes, within the cgroup, and takes the largest. */
static void test_max_oom(void)
{
    struct engine *e = begun("a: {memory.max: 64MiB}",
                             "  big: {regions: {r: {size: 1GiB}}, threads: {o: {program: [touch: "
                             "r, run: 9s]}}}\n"
                             "  p: {cgroup: a, regions: {r: {size: 40MiB}}, threads: {t: {cpus: 0, "
                             "program: [touch: r, run: 9s]}}}\n"
                             "  q: {cgroup: a, regions: {r: {size: 30MiB}}, threads: {u: {cpus: 4, "
                             "program: [sleep: 500ms, touch: r, run: 9s]}}}\n",
                             "");
    const struct memcg *a = memcg(e, "a");

    engine_run(e, 2 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_true(is_dead(e, "t"));
    g_assert_false(is_dead(e, "u"));
    g_assert_false(is_dead(e, "o"));
    g_assert_cmpint(a->pub.usage_bytes, ==, 30 * MIB);
    g_assert_cmpuint(a->pub.events[NUMASIM_MEMCG_OOM], ==, 1);
    g_assert_cmpuint(a->pub.events[NUMASIM_MEMCG_OOM_KILL], ==, 1);
    g_assert_cmpuint(oom_kills(e), ==, 1);
    engine_free(e);
}

/* The limit of an outer cgroup holds for those within it together. */
static void test_max_outer(void)
{
    struct engine *e = begun("top: {memory.max: 64MiB}, a: {parent: top}, b: {parent: top}",
                             "  p: {cgroup: a, regions: {r: {size: 60MiB, file: true}}, threads: "
                             "{t: {cpus: 0, program: [touch: r, run: 9s]}}}\n"
                             "  q: {cgroup: b, regions: {r: {size: 60MiB}}, threads: {u: {cpus: 4, "
                             "program: [sleep: 500ms, touch: r, run: 9s]}}}\n",
                             "");

    engine_run(e, 2 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpint(memcg(e, "b")->pub.usage_bytes, ==, 60 * MIB);
    g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, <=, 4 * MIB);
    g_assert_cmpuint(memcg(e, "top")->pub.events[NUMASIM_MEMCG_MAX], >, 0);
    g_assert_cmpuint(memcg(e, "b")->pub.events[NUMASIM_MEMCG_MAX], ==, 0);
    engine_free(e);
}

/* A huge page that does not fit is none: base pages, up to the limit. */
static void test_max_huge(void)
{
    struct engine *e =
        begun("a: {memory.max: 5MiB}",
              "  p: {cgroup: a, regions: {r: {size: 8MiB, page: 2MiB}}, threads: {t: "
              "{cpus: 0, program: [touch: {region: r, bytes: 5MiB}, run: 1s]}}}\n",
              "");

    engine_run(e, 500 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpuint(e->kernel->nodes[0].vmstat[NUMASIM_THP_FAULT_ALLOC], ==, 2);
    g_assert_cmpuint(memcg(e, "a")->pub.events[NUMASIM_MEMCG_OOM_KILL], ==, 1);
    g_assert_cmpint(memcg(e, "a")->pub.peak_bytes, ==, 5 * MIB);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* memory.high                                                                                  */

/* Above it there is reclaim: page cache stays around it, and nobody sleeps. */
static void test_high_file(void)
{
    struct engine *e = begun("a: {memory.high: 64MiB}",
                             "  p: {cgroup: a, regions: {r: {size: 256MiB, file: true}}, threads: "
                             "{t: {cpus: 0, program: [touch: r, run: 100ms]}}}\n"
                             "  z: {threads: {z: {cpus: 4, program: [run: 9s]}}}",
                             "");

    engine_run(e, 900 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    g_assert_cmpint(memcg(e, "a")->pub.peak_bytes, ==, 64 * MIB + 64 * 4096);
    g_assert_cmpuint(memcg(e, "a")->pub.events[NUMASIM_MEMCG_HIGH], >=,
                     (uint64_t)(192 * MIB / 4096 / 64));
    g_assert_true(is_dead(e, "t"));
    engine_free(e);
}

/* What calculate_high_delay() gives in ms for 64 pages at HZ @hz with @usage of @high MiB. */
static int64_t delay_ms(int64_t hz, int64_t usage_pages, int64_t high_pages)
{
    uint64_t over = ((uint64_t)(usage_pages - high_pages) << 20) / (uint64_t)high_pages;
    int64_t jiffies = (int64_t)(((over * over * (uint64_t)hz) >> 20) >> 14);

    jiffies = MIN(jiffies, 2 * hz);
    return jiffies <= hz / 100 ? 0 : jiffies * 1000 / hz;
}

/* Anonymous pages cannot be reclaimed: the allocator sleeps after each 64 pages, the longer the more. */
static void test_high_anon(void)
{
    struct engine *e = begun("a: {memory.high: 64MiB}",
                             "  p: {cgroup: a, regions: {r: {size: 68MiB}}, threads: {t: {cpus: 0, "
                             "program: [touch: r, run: 10ms]}}}\n"
                             "  z: {threads: {z: {cpus: 4, program: [run: 9s]}}}",
                             "");
    int64_t hz = NSEC_PER_SEC / e->kernel->tick_ns, high = 64 * MIB / 4096, sum_ms = 0;

    for (int64_t pages = high + 64; pages <= 68 * MIB / 4096; pages += 64) {
        sum_ms += delay_ms(hz, pages, high);
    }
    g_assert_cmpint(sum_ms, >, 500);
    engine_run(e, sum_ms * NSEC_PER_MSEC);
    g_assert_false(is_dead(e, "t"));
    g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, ==, 68 * MIB);
    engine_run(e, (sum_ms + 60) * NSEC_PER_MSEC);
    g_assert_true(is_dead(e, "t"));
    kernel_check(e->kernel);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* memory.low and memory.min                                                                    */

static void test_effective(void)
{
    /* Alone: what is used of what is set. */
    g_assert_cmpuint(memcg_effective(100, 100, 60, 1000, 60, false), ==, 60);
    g_assert_cmpuint(memcg_effective(40, 100, 60, 1000, 40, false), ==, 40);
    /* Siblings claim 120 of the parent's 60: half each. */
    g_assert_cmpuint(memcg_effective(100, 200, 60, 60, 120, false), ==, 30);
    /* Nobody claims: all of the parent's goes by usage, if it is recursive. */
    g_assert_cmpuint(memcg_effective(100, 400, 0, 200, 0, false), ==, 0);
    g_assert_cmpuint(memcg_effective(100, 400, 0, 200, 0, true), ==, 50);
    g_assert_cmpuint(memcg_effective(100, 400, 20, 200, 80, true), ==, 20 + 120 * 80 / 320);
}

/* Page cache of both fills node 0, and a third asks for more: the protected one keeps its own. */
static struct engine *pressed(const char *a)
{
    g_autofree char *cgroups = g_strdup_printf("a: {%s}, b: {memory.max: 16GiB}", a);
    struct engine *e = begun(
        cgroups,
        "  p: {cgroup: a, numactl: -m 0, regions: {r: {size: 3GiB, file: true}}, threads: {t: "
        "{cpus: 0, program: [touch: r, sleep: 99s]}}}\n"
        "  q: {cgroup: b, numactl: -m 0, regions: {r: {size: 4GiB, file: true}}, threads: {u: "
        "{cpus: 1, program: [touch: r, sleep: 99s]}}}\n"
        "  x: {numactl: -m 0, regions: {r: {size: 3GiB}}, threads: {x: {cpus: 2, program: "
        "[sleep: 5s, touch: r, run: 99s]}}}",
        "");

    engine_run(e, 15 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpuint(oom_kills(e), ==, 0);
    return e;
}

static void test_protection(void)
{
    static const char *const settings[] = {"memory.min: 3GiB", "memory.low: 3GiB",
                                           "mem_reservation: 3GiB"};

    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        struct engine *e = pressed(settings[i]);

        g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, ==, 3 * GIB);
        g_assert_cmpuint(memcg(e, "a")->pub.events[NUMASIM_MEMCG_LOW], ==, 0);
        g_assert_cmpint(memcg(e, "b")->pub.usage_bytes, <, 3 * GIB);
        engine_free(e);
    }
    struct engine *e = pressed("memory.max: 16GiB");

    g_assert_cmpint(memcg(e, "a")->pub.usage_bytes, <, 3 * GIB);
    engine_free(e);
}

/* More is protected than can stay: low gives way and is counted, min does not and the killer comes. */
static void test_protection_gives_way(void)
{
    static const char *const keys[] = {"low", "min"};

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *cgroup = g_strdup_printf("a: {memory.%s: 6GiB}", keys[i]);
        struct engine *e = begun(
            cgroup,
            "  p: {cgroup: a, numactl: -m 0, regions: {r: {size: 6GiB, file: true}}, "
            "oom_score_adj: -1000, threads: {t: {cpus: 0, program: [touch: r, sleep: 99s]}}}\n"
            "  x: {numactl: -m 0, regions: {r: {size: 3GiB}}, threads: {x: {cpus: 2, program: "
            "[sleep: 5s, touch: r, run: 99s]}}}",
            "");

        engine_run(e, 15 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        g_assert_true((memcg(e, "a")->pub.usage_bytes < 6 * GIB) == (i == 0));
        g_assert_true((memcg(e, "a")->pub.events[NUMASIM_MEMCG_LOW] > 0) == (i == 0));
        g_assert_true(is_dead(e, "x") == (i == 1));
        engine_free(e);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* The OOM killer                                                                               */

struct oom_case {
    const char *one, *two,
        *asks; /* keys of processes with 5 GiB, 2 GiB; and of who asks for 1 GiB */
    const char *dies;
};

static const struct oom_case ooms[] = {
    /* The largest. */
    {"numactl: -m 0", "numactl: -m 0", "numactl: -m 0", "one"},
    /* oom_score_adj is in thousandths of what there is: 5 GiB - 0.8 * 8 GiB < 2 GiB. */
    {"numactl: -m 0, oom_score_adj: -800", "numactl: -m 0", "numactl: -m 0", "two"},
    {"numactl: -m 0, oom_score_adj: -1000", "numactl: -m 0, oom_score_adj: -1000", "numactl: -m 0",
     "asks"},
    /* Bound elsewhere, it could not help. */
    {"numactl: -m 1, oom_score_adj: 500", "numactl: -m 0", "numactl: -m 0", "asks"},
};

static void test_oom_choice(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ooms); i++) {
        const struct oom_case *c = &ooms[i];
        g_autofree char *processes = g_strdup_printf(
            "  one: {%s, regions: {r: {size: 5GiB}}, threads: {one: {cpus: 0, program: [touch: r, "
            "run: 99s]}}}\n"
            "  two: {%s, regions: {r: {size: 2GiB}}, threads: {two: {cpus: 1, program: [touch: r, "
            "run: 99s]}}}\n"
            "  asks: {%s, regions: {r: {size: %s}}, threads: {asks: {cpus: 2, program: [sleep: "
            "6s, touch: r, run: 99s]}}}\n",
            c->one, c->two, c->asks, i == 3 ? "7GiB" : "1GiB");
        static const char *const names[] = {"one", "two", "asks"};
        struct engine *e = begun("", processes, "");

        g_test_message("case %zu", i);
        engine_run(e, 20 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        g_assert_cmpuint(oom_kills(e), ==, 1);
        for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
            g_assert_true(is_dead(e, names[n]) == (strcmp(names[n], c->dies) == 0));
        }
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memcg/charge", test_charge);
    g_test_add_func("/memcg/move", test_move);
    g_test_add_func("/memcg/max/file", test_max_file);
    g_test_add_func("/memcg/max/file-of-release", test_file_of_release);
    g_test_add_func("/memcg/max/file-tiers", test_max_file_tiers);
    g_test_add_func("/memcg/max/oom", test_max_oom);
    g_test_add_func("/memcg/max/outer", test_max_outer);
    g_test_add_func("/memcg/max/huge", test_max_huge);
    g_test_add_func("/memcg/high/file", test_high_file);
    g_test_add_func("/memcg/high/anon", test_high_anon);
    g_test_add_func("/memcg/effective", test_effective);
    g_test_add_func("/memcg/protection", test_protection);
    g_test_add_func("/memcg/protection-gives-way", test_protection_gives_way);
    g_test_add_func("/memcg/oom-choice", test_oom_choice);
    return g_test_run();
}
