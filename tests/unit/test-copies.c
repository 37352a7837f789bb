/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of pages: who reads them, what stores do to them, what memory they take, and whatever comes, that they
 * are conserved. On teach-numa-2x4, where CPUs 0-3 are on node 0 and a page is moved in 2 us and 0.41 us for its
 * copy; and on a machine of eight nodes.
 */
#include "event-log.h"
#include "faulty-policies.h"
#include "kernel-invariants.h"

#include "kernel/mm/copies.h"

#define MIB (INT64_C(1) << 20)

enum { MIB_PAGES = 256, MOVE_NS = 2000, COPY_NS = 409 };

static struct numasim_host *host_of(struct engine *e)
{
    return (struct numasim_host *)(void *)e->kernel;
}

static const struct numasim_policy *const *no_policy(void)
{
    static const struct numasim_policy *by_role[NUMASIM_NR_ROLES];

    by_role[NUMASIM_ROLE_QUEUE] = &good;
    return by_role;
}

/* One process touches @size of heap on node 0 by CPU 0, and then its threads t on CPUs 0 and 4 access it, of which
 * @writes are stores. */
static struct engine *start(const char *size, const char *writes, const char *more)
{
    g_autofree char *text = g_strdup_printf(
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    regions:\n"
        "      heap: {size: %s, touch: first%s}\n"
        "    threads:\n      master: {cpus: 1, program: [run: 1ms, sleep: 1000s]}\n"
        "      near: {cpus: 0, start: 2ms, program: [access: {misses: {heap: 10/us}, writes: %s, "
        "mlp: 4}, forever: [run: 1ms]]}\n"
        "      far: {cpus: 4, start: 2ms, program: [access: {misses: {heap: 10/us}, writes: %s, "
        "mlp: 4}, forever: [run: 1ms]]}\n",
        size, more, writes, writes);
    struct engine *e =
        engine_new_with("teach-numa-2x4", text, no_policy(), &(struct kernel_config){.seed = 1});

    engine_run(e, 10 * MS);
    return e;
}

/* The first population on @node. */
static struct numasim_pages first(struct engine *e, int32_t node)
{
    struct numasim_pages pages = {0};

    g_assert_true(numasim_next_pages(host_of(e), NULL, node, &pages));
    return pages;
}

static const uint64_t node_0 = 1, node_1 = 2, both = 3, every = UINT64_MAX;

static int64_t free_bytes(struct engine *e, int32_t node)
{
    return numasim_node(host_of(e), node)->free_bytes;
}

static int64_t copy_bytes(struct engine *e, int32_t node)
{
    return numasim_node(host_of(e), node)->copy_bytes;
}

/* ------------------------------------------------------------------------------------------- */

/* Half of it, then all. */
static void test_reads(void)
{
    struct engine *e = start("8MiB", "0%", "");
    struct numasim_pages pages = first(e, 0);
    int64_t free = free_bytes(e, 1), half = 4 * MIB_PAGES;
    int64_t resident = pages.process->resident_bytes;

    g_assert_null(pages.copies);
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, half, &both), ==, half);
    g_assert_cmpint(free_bytes(e, 1), ==, free - 4 * MIB);
    g_assert_cmpint(copy_bytes(e, 1), ==, 4 * MIB);
    g_assert_cmpint(copy_bytes(e, 0), ==, 0);
    g_assert_cmpint(pages.process->resident_bytes, ==, resident);
    kernel_check(e->kernel);

    GArray *log = event_log_new(e);

    engine_run(e, 20 * MS);
    /* Accesses of CPUs of node 1: one half each. */
    int64_t local = event_log_sum(log, TP_MEM_ACCESS, 1, 1),
            remote = event_log_sum(log, TP_MEM_ACCESS, 1, 0);

    g_assert_cmpint(local, >, 10000);
    g_assert_cmpint(ABS(local - remote), <=, (local + remote) / 100);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 1), ==, 0);
    pages = first(e, 0);
    if (pages.copies != NULL) { /* the other population is what is left */
        numasim_next_pages(host_of(e), NULL, 0, &pages);
    }
    g_assert_null(pages.copies);
    /* Bits of nodes that are not there count as nothing. */
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1 << 30, &every), ==, half);
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1 << 30, &node_1), ==, 0);
    g_array_set_size(log, 0);
    engine_run(e, 30 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 1, 0), ==, 0);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 1, 1), >, 20000);
    pages = first(e, 0);
    g_assert_cmpint(pages.copies->nr, ==, 1);
    g_assert_cmpuint(pages.copies->nodes[0], ==, node_1);
    g_assert_cmpuint(pages.copies->replicas[0], ==, node_1);
    g_assert_cmpint(event_log_count(log, TP_DROP_COPIES, -1), ==, 0);

    g_assert_cmpint(numasim_drop_copies(host_of(e), 3, &pages, 100, NULL), ==, 100);
    g_assert_cmpint(numasim_reclaim_copies(host_of(e), 3, 1, 1 << 30), ==, 2 * half - 100);
    g_assert_cmpint(free_bytes(e, 1), ==, free);
    kernel_check(e->kernel);
    g_array_unref(log);
    engine_free(e);
}

/* When CPU 3, which is idle, has done what it was charged. */
static int64_t charged_until_ns(const struct engine *e)
{
    return MAX(e->kernel->rqs[3]->segment_start_ns, e->kernel->now_ns);
}

/* What a page costs: for a replica as to move one; to move to where a copy is, no copying. */
static void test_costs(void)
{
    struct engine *e = start("8MiB", "0%", "");
    struct numasim_pages pages = first(e, 0);
    int64_t before_ns = charged_until_ns(e);

    numasim_copy_pages(host_of(e), 3, &pages, 100, &node_1);
    g_assert_cmpint(charged_until_ns(e) - before_ns, >=, 100 * (MOVE_NS + COPY_NS));
    g_assert_cmpint(charged_until_ns(e) - before_ns, <=, 100 * (MOVE_NS + COPY_NS + 1));
    before_ns = charged_until_ns(e);
    pages = (struct numasim_pages){0};
    while (numasim_next_pages(host_of(e), NULL, 0, &pages) && pages.copies == NULL) {
    }
    g_assert_cmpint(numasim_move_pages(host_of(e), 3, &pages, 100, 1, 0), ==, 100);
    g_assert_cmpint(charged_until_ns(e) - before_ns, ==, 100 * MOVE_NS);
    g_assert_cmpint(copy_bytes(e, 1), ==, 0);
    g_assert_null(first(e, 1).copies);
    kernel_check(e->kernel);
    engine_free(e);
}

/* A shadow is not read; it becomes the page again without room for it. */
static void test_shadows(void)
{
    struct engine *e = start("8MiB", "0%", "");
    struct numasim_pages pages = first(e, 0);
    int64_t all = 8 * MIB_PAGES, free = free_bytes(e, 0);

    g_assert_cmpint(numasim_move_pages_shadowed(host_of(e), 3, &pages, all, 1, 0), ==, all);
    g_assert_cmpint(free_bytes(e, 0), ==, free);
    g_assert_cmpint(copy_bytes(e, 0), ==, 8 * MIB);
    pages = first(e, 1);
    g_assert_cmpuint(pages.copies->nodes[0], ==, node_0);
    g_assert_cmpuint(pages.copies->replicas[0], ==, 0);
    kernel_check(e->kernel);

    GArray *log = event_log_new(e);

    engine_run(e, 20 * MS);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 0), ==, 0);
    g_assert_cmpint(event_log_sum(log, TP_MEM_ACCESS, 0, 1), >, 10000);
    /* There is none of the room that it asks for. */
    g_assert_cmpint(numasim_demote_pages(host_of(e), 3, &pages, all - 10, 0, INT64_C(1) << 40), ==,
                    all - 10);
    g_assert_cmpint(free_bytes(e, 0), ==, free);
    g_assert_cmpint(copy_bytes(e, 0), ==, 10 * 4096);
    /* Shadows become replicas where they are. */
    pages = first(e, 1);
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 10, &node_0), ==, 10);
    g_assert_cmpuint(first(e, 1).copies->replicas[0], ==, node_0);
    g_assert_cmpint(free_bytes(e, 0), ==, free);
    kernel_check(e->kernel);
    g_array_unref(log);
    engine_free(e);
}

/*
 * Of 32768 pages with copies, each of W stores that fall anywhere meets one that still has: e^(-W / 32768) of
 * them are left. In order, 64 lines are a page. Within five standard deviations, and a batch of 64 by each
 * thread.
 */
static void check_stores(const char *writes, const char *pattern, int64_t accesses_each)
{
    static const double left_at[] = {0.7788, 0.6065, 0.3679}; /* e^-1/4, e^-1/2, e^-1 */
    static const int64_t quarters[] = {1, 2, 4};
    struct engine *e = start("128MiB", writes, pattern);
    struct numasim_pages pages = first(e, 0);
    int64_t all = 128 * MIB_PAGES, at_ns = 10 * MS;
    uint64_t faults = e->kernel->nodes[0].vmstat[NUMASIM_PGFAULT];
    GArray *log = event_log_new(e);

    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, all, &node_1), ==, all);
    for (gsize i = 0; i < G_N_ELEMENTS(quarters); i++) {
        while (event_log_sum(log, TP_MEM_ACCESS, -1, -1) / accesses_each < all * quarters[i] / 4) {
            at_ns += MS / 10;
            engine_run(e, at_ns);
        }
        kernel_check(e->kernel);
        int64_t left = copy_bytes(e, 1) / 4096;

        g_assert_cmpint(left, >=, (int64_t)(left_at[i] * (double)all) - 5 * 91 - 300);
        g_assert_cmpint(left, <=, (int64_t)(left_at[i] * (double)all) + 5 * 91 + 300);
    }
    const struct tp_event *drop = event_log_last(log, TP_DROP_COPIES);

    g_assert_cmpint(drop->a, ==, COPIES_WRITTEN);
    g_assert_cmpint(drop->b, ==, 1);
    g_assert_cmpuint(e->kernel->nodes[0].vmstat[NUMASIM_PGFAULT] - faults, ==,
                     (uint64_t)(all - copy_bytes(e, 1) / 4096));
    g_array_unref(log);
    engine_free(e);
}

static void test_stores(void)
{
    check_stores("10%", "", 10);
    check_stores("100%", ", pattern: sequential", 64);
}

/* Neither reads nor stores to another region do. */
static void test_read_only(void)
{
    struct engine *e = start("8MiB", "0%", "");
    struct numasim_pages pages = first(e, 0);

    numasim_copy_pages(host_of(e), 3, &pages, 8 * MIB_PAGES, &node_1);
    engine_run(e, 100 * MS);
    g_assert_cmpint(copy_bytes(e, 1), ==, 8 * MIB);
    engine_free(e);
}

/* Above the high watermark of each node, and where the cpuset allows. */
static void test_room(void)
{
    struct engine *e = start("8MiB", "0%", "");
    struct numasim_pages pages = first(e, 0);
    struct numasim_node *there = numasim_node(host_of(e), 1);

    there->high_bytes = there->free_bytes - 100 * 4096;
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1000, &node_1), ==, 100);
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1000, &node_1), ==, 0);
    there->high_bytes = 0;
    kernel_process_set_nodes(e->kernel, e->kernel->processes[0], &node_0);
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1000, &node_1), ==, 0);
    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1000, &node_0), ==, 0);
    engine_free(e);
}

/* What asks for memory gets that of copies, before anybody is killed; those of a process go with it. */
static void test_pressure(void)
{
    static const char text[] =
        "numasim: workload/1\nduration: 1s\nprocesses:\n"
        "  p:\n    regions: {heap: {size: 3GiB, touch: first}}\n    threads:\n"
        "      t: {cpus: 1, program: [run: 4s, sleep: 3s]}\n"
        "  q:\n    regions: {heap: {size: 12GiB, touch: first}}\n    threads:\n"
        "      t: {cpus: 4, start: 2s, program: [run: 1ms, sleep: 100s]}\n";
    struct engine *e =
        engine_new_with("teach-numa-2x4", text, no_policy(), &(struct kernel_config){.seed = 1});

    engine_run(e, 1500 * MS);
    struct numasim_pages pages = first(e, 0);

    g_assert_cmpint(numasim_copy_pages(host_of(e), 3, &pages, 1 << 30, &node_1), ==,
                    3072 * MIB_PAGES);
    engine_run(e, 6000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpuint(e->kernel->nodes[1].vmstat[NUMASIM_OOM_KILL], ==, 0);
    g_assert_cmpint(copy_bytes(e, 1), ==, 1024 * MIB);
    g_assert_cmpint(e->kernel->processes[1]->pub.resident_bytes, ==, 12288 * MIB);
    engine_free(e);
}

static void test_exit(void)
{
    static const char text[] = "numasim: workload/1\nduration: 1s\nprocesses:\n"
                               "  p:\n    regions: {heap: {size: 16MiB, touch: first}}\n"
                               "    threads: {t: {cpus: 1, program: [run: 20ms]}}\n"
                               "  q:\n    threads: {t: {cpus: 2, program: [run: 1s]}}\n";
    struct engine *e =
        engine_new_with("teach-numa-2x4", text, no_policy(), &(struct kernel_config){.seed = 1});

    engine_run(e, 15 * MS);
    struct numasim_pages pages = first(e, 0);

    numasim_copy_pages(host_of(e), 3, &pages, 1 << 30, &node_1);
    g_assert_cmpint(copy_bytes(e, 1), ==, 16 * MIB);
    engine_run(e, 100 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(copy_bytes(e, 1), ==, 0);
    g_assert_cmpint(free_bytes(e, 1), ==, 8192 * MIB);
    g_assert_cmpint(free_bytes(e, 0), ==, 8192 * MIB);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* Whatever comes                                                                               */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void do_anything(struct engine *e, const struct numasim_pages *pages, uint64_t *state)
{
    struct numasim_host *host = host_of(e);
    int32_t nr_nodes = e->kernel->nr_nodes, to = (int32_t)(next_random(state) % (uint64_t)nr_nodes);
    uint64_t nodes = next_random(state) & ((UINT64_C(1) << nr_nodes) - 1);
    int64_t nr = (int64_t)(next_random(state) % (uint64_t)(pages->nr_pages + 3));

    switch (next_random(state) % 8) {
    case 0:
    case 1:
        numasim_copy_pages(host, 0, pages, nr, &nodes);
        break;
    case 2:
        numasim_move_pages_shadowed(host, 0, pages, nr, to, 0);
        break;
    case 3:
        numasim_move_pages(host, 0, pages, nr, to, 0);
        break;
    case 4:
        numasim_demote_pages(host, 0, pages, nr, to, 1 << 20);
        break;
    case 5:
        numasim_drop_copies(host, 0, pages, nr, nodes % 2 == 0 ? &nodes : NULL);
        break;
    case 6:
        numasim_tag_pages(host, pages, nr, (uint32_t)nodes % 3);
        numasim_split_pages(host, 0, pages, nr);
        break;
    default:
        numasim_reclaim_copies(host, 0, to, nr);
        numasim_drop_pages(host, 0, pages, nr / 2);
        break;
    }
}

static const char storm[] =
    "numasim: workload/1\nduration: 1s\ncgroups: {g: {memory.max: 60MiB}}\nprocesses:\n"
    "  p:\n    cgroup: g\n    regions:\n      a: {size: 16MiB, touch: first}\n"
    "      b: {size: 16MiB, page: 2MiB, touch: first}\n"
    "      c: {size: 8MiB, hot: {size: 1MiB, share: 90%, at: start}}\n"
    "      m: {size: 4MiB, shm: both, touch: first}\n"
    "    threads:\n      r: {cpus: 0, program: [access: {misses: {a: 5/us, b: 5/us, c: 5/us, m: "
    "1/us}, mlp: 2}, forever: [run: 1ms, sleep: 1ms]]}\n"
    "      w: {cpus: 5, program: [access: {misses: {a: 1/us, b: 1/us, c: 1/us}, writes: 30%, "
    "mlp: 2}, forever: [run: 1ms]]}\n"
    "  q:\n    regions:\n"
    "      f: {size: 16MiB, touch: first, file: true, readonly: true}\n"
    "      s: {size: 8MiB, touch: first, pattern: sequential}\n"
    "      m: {size: 4MiB, shm: both, touch: first}\n"
    "    threads:\n      t: {cpus: 3, program: [access: {misses: {s: 5/us, f: 1/us, m: 1/us}, "
    "writes: {s: 100%, m: 5%}, mlp: 2}, loop: {for: 60ms, do: [run: 1ms]}]}\n"
    "  r:\n    threads: {t: {cpus: 7, program: [run: 10s]}}\n";

/* Every way in which copies come and go has to occur. */
static void check_log(const GArray *log)
{
    int64_t dropped[COPIES_REMAPPED + 1] = {0}, made[2] = {0};

    for (guint i = 0; i < log->len; i++) {
        const struct tp_event *event = &g_array_index(log, struct tp_event, i);

        if (event->type == TP_DROP_COPIES) {
            dropped[event->a] += event->c;
        } else if (event->type == TP_COPY_PAGES) {
            made[event->a] += event->c;
        }
    }
    for (int i = 0; i <= COPIES_REMAPPED; i++) {
        g_assert_cmpint(dropped[i], >, 100);
    }
    g_assert_cmpint(made[0], >, 100);
    g_assert_cmpint(made[1], >, 100);
}

static char *run_storm(uint64_t seed)
{
    struct engine *e = engine_new_with("opteron-6276-4s", storm, no_policy(),
                                       &(struct kernel_config){.seed = seed});
    GArray *log = event_log_new(e);
    uint64_t state = seed;

    for (int32_t step = 1; step <= 400; step++) {
        struct numasim_pages pages = {0};

        engine_run(e, step * MS / 4);
        while (numasim_next_pages(host_of(e), NULL, -1, &pages)) {
            if (next_random(&state) % 4 == 0) {
                do_anything(e, &pages, &state);
            }
            if (next_random(&state) % 64 == 0) {
                break;
            }
        }
        kernel_check(e->kernel);
    }
    check_log(log);
    g_assert_cmpint(e->kernel->copies->nr_sets, ==, MAX_COPY_SETS - 1);

    char *digest = engine_run_digest(e, 120 * MS);

    g_array_unref(log);
    return digest;
}

static void test_storm(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        g_autofree char *a = run_storm(seed), *b = run_storm(seed);

        g_assert_cmpstr(a, ==, b);
    }
}

static void test_no_nodes(void)
{
    struct engine *e = start("4MiB", "0%", "");
    struct numasim_pages pages = first(e, 0);

    g_assert_cmpint(numasim_copy_pages(host_of(e), 0, &pages, 1, NULL), ==, 0);
    engine_run_fault(e, 20 * MS, "numasim_copy_pages()", "it names no nodes", NULL);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/copies/reads", test_reads);
    g_test_add_func("/copies/costs", test_costs);
    g_test_add_func("/copies/shadows", test_shadows);
    g_test_add_func("/copies/stores", test_stores);
    g_test_add_func("/copies/read-only", test_read_only);
    g_test_add_func("/copies/room", test_room);
    g_test_add_func("/copies/pressure", test_pressure);
    g_test_add_func("/copies/exit", test_exit);
    g_test_add_func("/copies/storm", test_storm);
    g_test_add_func("/copies/no-nodes", test_no_nodes);
    return g_test_run();
}
