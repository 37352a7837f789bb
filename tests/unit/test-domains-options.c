/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains under options: partitions, the order of hot-plug, and rules that single releases have. */
#include <string.h>

#include "base/bitmap.h"
#include "domains-fixture.h"

static const int32_t two_nodes[] = {10, 20, 20, 10};

static struct machine *finished(const struct shape *s)
{
    struct machine *m = machine_of(s);
    g_autoptr(GError) error = NULL;

    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

/* Eight CPUs of one LLC in two parts: each is a machine of its own, with an LLC id of its own. */
static void test_partition(void)
{
    const struct shape shape = {1, 8, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = finished(&shape);
    uint64_t part = 0xe0; /* 5-7 */
    const struct sched_partition partition = {&part, true};
    struct sched_domains_options options = sched_domains_defaults(KERNEL_6_12);
    g_autoptr(sched_domains_t) sds = NULL, newest = NULL;

    options.partitions = &partition;
    options.nr_partitions = 1;
    sds = sched_domains_new_with(m, &options);
    assert_domain(sds, 0, 0, "MC", "0-4", "{0}{1}{2}{3}{4}");
    assert_domain(sds, 6, 0, "MC", "5-7", "{6}{7}{5}");
    /* The intervals come from the mask before the partition narrows it. */
    g_assert_cmpuint(domain(sds, 6, 0)->min_interval, ==, 8);
    g_assert_cmpint(sds->sd_llc_id[0], ==, 0);
    g_assert_cmpint(sds->sd_llc_id[6], ==, 5);
    g_assert_cmpint(sds->sd_llc_size[6], ==, 3);
    options.release = KERNEL_7_3;
    newest = sched_domains_new_with(m, &options);
    g_assert_cmpuint(domain(newest, 6, 0)->min_interval, ==, 3);
    g_assert_cmpint(newest->sd_llc_id[6], ==, 0);
    g_assert_cmpint(newest->sd_llc_size[6], ==, 3);
}

/* A partition within a node has no NUMA level; one across both has. */
static void test_partition_of_nodes(void)
{
    const struct shape shape = {2, 4, 1, 1, 1, two_nodes, ARCH_X86_64};
    g_autoptr(machine_t) m = finished(&shape);
    uint64_t inside = 0x03, across = 0x44; /* 0-1; 2,6 */
    const struct sched_partition partitions[] = {{&inside, true}, {&across, true}};
    struct sched_domains_options options = sched_domains_defaults(KERNEL_6_1);
    g_autoptr(sched_domains_t) sds = NULL;

    options.partitions = partitions;
    options.nr_partitions = G_N_ELEMENTS(partitions);
    sds = sched_domains_new_with(m, &options);
    assert_stack(sds, 0, "MC");
    assert_stack(sds, 2, "NUMA");
    assert_domain(sds, 2, 0, "NUMA", "2,6", "{2}{6}");
    assert_stack(sds, 4, "MC NUMA");
    assert_stack(sds, 3, "NUMA");
    assert_domain(sds, 3, 0, "NUMA", "3-5,7", "{3}{4-5,7}");
}

/* An isolated partition: no domains, each CPU an LLC of its own. */
static void test_isolated_partition(void)
{
    const struct shape shape = {1, 4, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = finished(&shape);
    uint64_t part = 0x6;
    const struct sched_partition partition = {&part, false};
    struct sched_domains_options options = sched_domains_defaults(KERNEL_6_12);
    g_autoptr(sched_domains_t) sds = NULL;

    options.partitions = &partition;
    options.nr_partitions = 1;
    sds = sched_domains_new_with(m, &options);
    assert_stack(sds, 1, "");
    assert_domain(sds, 0, 0, "MC", "0,3", "{0}{3}");
    g_assert_cmpint(sds->sd_llc_id[2], ==, 2);
    g_assert_cmpint(sds->sd_llc_size[2], ==, 1);
}

static uint32_t min_interval_after(const struct machine *m, enum kernel_release release,
                                   const int32_t *offlined, uint32_t nr)
{
    struct sched_domains_options options = sched_domains_defaults(release);
    g_autoptr(sched_domains_t) sds = NULL;

    options.offlined = offlined;
    options.nr_offlined = nr;
    sds = sched_domains_new_with(m, &options);
    return domain(sds, 0, 0)->min_interval;
}

/*
 * CPUs 2 and 7 of eight are offline, 7 is also isolated. When 7 goes nothing is built anew, so the
 * mask that counts is that of when 2 went; 6.12 still counts the leaving CPU then.
 */
static void test_hot_plug_order(void)
{
    static const int32_t isolated_last[] = {2, 7}, isolated_first[] = {7, 2};
    const struct shape shape = {1, 8, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(GError) error = NULL;

    bitmap_set(m->offline, 2);
    bitmap_set(m->offline, 7);
    bitmap_set(m->isolated, 7);
    machine_finish(m, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(min_interval_after(m, KERNEL_6_1, isolated_last, 2), ==, 7);
    g_assert_cmpuint(min_interval_after(m, KERNEL_6_1, isolated_first, 2), ==, 6);
    g_assert_cmpuint(min_interval_after(m, KERNEL_6_12, isolated_last, 2), ==, 8);
    g_assert_cmpuint(min_interval_after(m, KERNEL_6_12, isolated_first, 2), ==, 7);
    g_assert_cmpuint(min_interval_after(m, KERNEL_6_12, isolated_first, 0), ==, 6);
    g_assert_cmpuint(min_interval_after(m, KERNEL_6_12, NULL, 0), ==, 8);
    g_assert_cmpuint(min_interval_after(m, KERNEL_7_3, NULL, 0), ==, 6);
}

/* The last CPU of a node takes the node's distance with it, also in the masks of 6.12. */
static void test_last_of_a_node(void)
{
    static const int32_t distances[] = {10, 20, 40, 20, 10, 40, 40, 40, 10};
    static const int32_t offlined[] = {4, 5};
    const struct shape shape = {3, 2, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;
    struct sched_domains_options options = sched_domains_defaults(KERNEL_6_12);
    g_autoptr(GError) error = NULL;

    bitmap_set(m->offline, 4);
    bitmap_set(m->offline, 5);
    machine_finish(m, &error);
    g_assert_no_error(error);
    options.offlined = offlined;
    options.nr_offlined = 2;
    sds = sched_domains_new_with(m, &options);
    g_assert_cmpuint(sds->nr_numa_levels, ==, 2);
    assert_stack(sds, 0, "MC NUMA");
    g_assert_cmpuint(domain(sds, 0, 1)->min_interval, ==, 4);
}

/* arch_sched_node_distance(): two packages of three nodes; between packages 21 to 28, mean 24. */
static void test_granite_rapids(void)
{
    static const int32_t distances[] = {
        10, 15, 17, 21, 28, 26, 15, 10, 15, 23, 26, 23, 17, 15, 10, 26, 23, 21,
        21, 28, 26, 10, 15, 17, 23, 26, 23, 15, 10, 15, 26, 23, 21, 17, 15, 10,
    };
    const struct shape shape = {6, 2, 1, 1, 3, distances, ARCH_X86_64};
    static const char *const models[] = {"Intel(R) Xeon(R) 6972P", "Granite Rapids-AP",
                                         "Intel Xeon 6990E+"};
    static const char *const others[] = {"Intel(R) Xeon(R) 6780E", "Intel Xeon Platinum 8480+",
                                         "Intel(R) Xeon(R) CPU E5-2697 v4"};
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autoptr(machine_t) m = machine_of(&shape);
        g_autoptr(sched_domains_t) newest = NULL, older = NULL;

        m->vendor = g_strdup("GenuineIntel");
        m->model = g_strdup(models[i]);
        newest = domains_of(m, KERNEL_7_3);
        older = sched_domains_new(m, KERNEL_6_12);
        g_assert_cmpuint(newest->nr_numa_levels, ==, 4); /* 10 15 17 24 */
        g_assert_cmpint(newest->numa_levels[3], ==, 24);
        g_assert_cmpint(newest->max_distance, ==, 28);
        assert_stack(newest, 0, "MC NUMA NUMA NUMA");
        assert_domain(newest, 0, 3, "NUMA", "0-11", "{0-5}{6-11}");
        g_assert_cmpuint(older->nr_numa_levels, ==, 7); /* 10 15 17 21 23 26 28 */
    }
    for (i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(machine_t) m = machine_of(&shape);
        g_autoptr(sched_domains_t) sds = NULL;

        m->vendor = g_strdup("GenuineIntel");
        m->model = g_strdup(others[i]);
        sds = domains_of(m, KERNEL_7_3);
        g_assert_cmpuint(sds->nr_numa_levels, ==, 7);
    }
}

/* 6.1 has no CLS for hybrid parts, but DIE even where a package holds several nodes. */
static void test_hybrid(void)
{
    const struct shape shape = {2, 4, 1, 2, 2, two_nodes, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) old = NULL, new = NULL;

    m->hybrid = true;
    old = domains_of(m, KERNEL_6_1);
    new = sched_domains_new(m, KERNEL_6_12);
    assert_stack(old, 0, "MC DIE NUMA");
    assert_stack(new, 0, "MC NODE NUMA");
    g_assert_cmpuint(domain(old, 0, 0)->tl_level, ==, 1);
    g_assert_cmpuint(domain(new, 0, 0)->tl_level, ==, 2);
}

/* Ranked CPUs: which levels pack, by release. */
static void test_packing(void)
{
    const struct shape shape = {1, 4, 2, 2, 1, NULL, ARCH_X86_64};
    static const char *const packing[NR_KERNEL_RELEASES] = {
        [KERNEL_4_3] = "",         [KERNEL_5_3] = "SMT MC ",  [KERNEL_5_9] = "SMT MC ",
        [KERNEL_5_10] = "SMT MC ", [KERNEL_5_17] = "SMT MC ", [KERNEL_5_18] = "SMT MC ",
        [KERNEL_6_1] = "SMT MC ",  [KERNEL_6_12] = "MC PKG ", [KERNEL_6_14] = "MC PKG ",
        [KERNEL_7_3] = "MC PKG ",
    };
    int32_t release;
    uint32_t i;

    for (release = 0; release < NR_KERNEL_RELEASES; release++) {
        g_autoptr(machine_t) m = machine_of(&shape);
        g_autoptr(sched_domains_t) sds = NULL;
        g_autoptr(GString) names = g_string_new(NULL);

        m->cpus[1].priority = 5;
        sds = domains_of(m, (enum kernel_release)release);
        g_assert_cmpuint(sds->nr_domains[0], ==, 3);
        for (i = 0; i < 3; i++) {
            if (domain(sds, 0, i)->flags & SD_ASYM_PACKING) {
                g_string_append_printf(names, "%s ", domain(sds, 0, i)->name);
            }
        }
        g_assert_cmpstr(names->str, ==, packing[release]);
    }
}

/* Which domains have a sched_domain_shared: all with an LLC, or in 7.3 the topmost. */
static void test_shared(void)
{
    const struct shape shape = {2, 4, 2, 1, 1, two_nodes, ARCH_X86_64};
    g_autoptr(machine_t) m = finished(&shape);
    g_autoptr(sched_domains_t) old = sched_domains_new(m, KERNEL_6_12);
    g_autoptr(sched_domains_t) newest = sched_domains_new(m, KERNEL_7_3);

    assert_stack(newest, 0, "SMT MC NUMA");
    g_assert_true(domain(old, 0, 0)->has_shared);
    g_assert_true(domain(old, 0, 1)->has_shared);
    g_assert_false(domain(newest, 0, 0)->has_shared);
    g_assert_true(domain(newest, 0, 1)->has_shared);
    g_assert_false(domain(newest, 0, 2)->has_shared);
}

/* NODE sets that overlap without being the same: the kernel builds nothing. */
static void test_insane(void)
{
    static const int32_t distances[] = {10, 10, 20, 10, 10, 10, 20, 10, 10};
    const struct shape shape = {3, 1, 1, 1, 1, distances, ARCH_ARM64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;

    m->irregular_distances = true;
    sds = domains_of(m, KERNEL_6_12);
    g_assert_cmpuint(sds->nr_domains[0] + sds->nr_domains[1] + sds->nr_domains[2], ==, 0);
}

/* All distances 10, as firmware reports that knows none: one NODE over everything. */
static void test_all_local(void)
{
    static const int32_t distances[] = {10, 10, 10, 10};
    const struct shape shape = {2, 2, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;

    m->irregular_distances = true;
    sds = domains_of(m, KERNEL_6_12);
    assert_stack(sds, 0, "MC NODE");
    assert_domain(sds, 0, 1, "NODE", "0-3", "{0-1}{2-3}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domains/options/partition", test_partition);
    g_test_add_func("/domains/options/partition-of-nodes", test_partition_of_nodes);
    g_test_add_func("/domains/options/isolated-partition", test_isolated_partition);
    g_test_add_func("/domains/options/hot-plug-order", test_hot_plug_order);
    g_test_add_func("/domains/options/last-of-a-node", test_last_of_a_node);
    g_test_add_func("/domains/options/granite-rapids", test_granite_rapids);
    g_test_add_func("/domains/options/hybrid", test_hybrid);
    g_test_add_func("/domains/options/packing", test_packing);
    g_test_add_func("/domains/options/shared", test_shared);
    g_test_add_func("/domains/options/insane", test_insane);
    g_test_add_func("/domains/options/all-local", test_all_local);
    return g_test_run();
}
