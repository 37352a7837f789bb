/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains of releases before 6.1: groups of nodes several hops apart as three rules make them,
 * levels that came later, constants that changed, and the two defects of "The Linux Scheduler: a
 * Decade of Wasted Cores" (EuroSys 2016) that are rules of the domains.
 */
#include <string.h>

#include "base/bitmap.h"
#include "domains-fixture.h"

/* One CPU a node, so that spans read as nodes. */
static struct machine *nodes_of(int32_t nodes, const int32_t *distances, int32_t nodes_per_package)
{
    const struct shape shape = {
        nodes, 1, 1, 1, nodes_per_package, distances, ARCH_X86_64,
    };

    return machine_of(&shape);
}

static const int32_t line[] = {10, 20, 30, 40, 20, 10, 20, 30, 30, 20, 10, 20, 40, 30, 20, 10};

/* Three hops from end to end: until 5.12 groups reached out of their domain. */
static void test_line(void)
{
    static const enum kernel_release releases[] = {KERNEL_5_3, KERNEL_5_9, KERNEL_5_10};

    for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
        g_autoptr(machine_t) m = nodes_of(4, line, 1);
        g_autoptr(sched_domains_t) sds = domains_of(m, releases[i]);

        assert_stack(sds, 0, "NUMA NUMA NUMA");
        assert_stack(sds, 1, "NUMA NUMA");
        assert_domain(sds, 0, 0, "NUMA", "0-1", "{0}{1}");
        assert_domain(sds, 1, 0, "NUMA", "0-2", "{1}{2}{0}");
        assert_domain(sds, 0, 1, "NUMA", "0-2", "{0-1/0}{1-3/2}");
        assert_domain(sds, 1, 1, "NUMA", "0-3", "{0-2/1}{2-3/3}");
        assert_domain(sds, 2, 1, "NUMA", "0-3", "{1-3/2}{0-1/0}");
        assert_domain(sds, 3, 1, "NUMA", "1-3", "{2-3/3}{0-2/1}");
        assert_domain(sds, 0, 2, "NUMA", "0-3", "{0-2/0}{1-3/3}");
        assert_domain(sds, 3, 2, "NUMA", "0-3", "{1-3/3}{0-2/0}");
    }
}

/* The rule can be had without its release. */
static void test_line_fixed(void)
{
    g_autoptr(machine_t) m = nodes_of(4, line, 1);
    struct sched_domains_options options = sched_domains_defaults(KERNEL_5_10);
    g_autoptr(sched_domains_t) newer = domains_of(m, KERNEL_5_17), sds = NULL;

    assert_domain(newer, 0, 1, "NUMA", "0-2", "{0-1/0}{2}");
    options.overlap_groups = OVERLAP_GROUPS_FROM_SELF_3HOP;
    sds = sched_domains_new_with(m, &options);
    assert_domain(sds, 0, 1, "NUMA", "0-2", "{0-1/0}{2}");
    assert_domain(sds, 3, 1, "NUMA", "1-3", "{2-3/3}{1}");
}

static void test_ring(void)
{
    static const int32_t ring[] = {10, 20, 30, 20, 20, 10, 20, 30, 30, 20, 10, 20, 20, 30, 20, 10};
    g_autoptr(machine_t) m = nodes_of(4, ring, 1);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_5_10);

    assert_domain(sds, 0, 0, "NUMA", "0-1,3", "{0}{1}{3}");
    assert_domain(sds, 1, 0, "NUMA", "0-2", "{1}{2}{0}");
    assert_domain(sds, 0, 1, "NUMA", "0-3", "{0-1,3/0}{1-3/2}");
    assert_domain(sds, 3, 1, "NUMA", "0-3", "{0,2-3/3}{0-2/1}");
}

/* Eight nodes, two hops at most; the edges of nodes 0 and 3 are those of the paper's machine. */
static const uint8_t paper_edges[8][8] = {
    {1, 2, 4, 6},    {0, 3, 5, 7},    {0, 3, 4, 5, 6, 7}, {1, 2, 4, 5, 7},
    {0, 2, 3, 5, 6}, {1, 2, 3, 4, 7}, {0, 2, 4, 7},       {1, 2, 3, 5, 6},
};
static const uint8_t nr_paper_edges[8] = {4, 4, 6, 5, 5, 5, 4, 5};

static struct machine *paper_machine(void)
{
    int32_t distances[64];

    for (int32_t i = 0; i < 64; i++) {
        distances[i] = i % 9 == 0 ? 10 : 22;
    }
    for (int32_t node = 0; node < 8; node++) {
        for (int32_t i = 0; i < nr_paper_edges[node]; i++) {
            distances[node * 8 + paper_edges[node][i]] = 16;
        }
    }
    return nodes_of(8, distances, 2);
}

/* Up to 4.12 all CPUs see the groups that node 0 sees: nodes 1 and 2 are in both. */
static void test_groups_from_cpu0(void)
{
    static const char *const rings[] = {
        "{0-2,4,6}{1-5,7}", "{0-2,4,6}{1-5,7}", "{0-2,4,6}{1-5,7}", "{1-5,7}{0-2,4,6}",
        "{0-2,4,6}{1-5,7}", "{1-5,7}{0-2,4,6}", "{0-2,4,6}{1-5,7}", "{1-5,7}{0-2,4,6}",
    };
    g_autoptr(machine_t) m = paper_machine();
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_4_3);

    for (int32_t cpu = 0; cpu < 8; cpu++) {
        assert_stack(sds, cpu, "NUMA NUMA");
        /* Node 1 is the lowest CPU of the second group, and so it leads the ring of node 1. */
        assert_domain(sds, cpu, 1, "NUMA", "0-7", cpu == 1 ? "{1-5,7}{0-2,4,6}" : rings[cpu]);
    }
    g_assert_cmpint(domain(sds, 0, 1)->groups[0].id, ==, domain(sds, 3, 1)->groups[1].id);
    g_assert_cmpint(domain(sds, 0, 1)->groups[0].id, !=, domain(sds, 3, 1)->groups[0].id);
}

/* Since 4.13 from each node's own view. */
static void test_groups_from_self(void)
{
    static const char *const spans[8][2] = {
        {"0-2,4,6", "1-5,7"},       {"0-1,3,5,7", "0,2-7"}, {"0,2-7", "0-1,3,5,7"},
        {"1-5,7", "0,2,4,6-7"},     {"0,2-6", "1-3,5-7"},   {"1-5,7", "0,2,4,6-7"},
        {"0,2,4,6-7", "0-1,3,5,7"}, {"1-3,5-7", "0-2,4,6"},
    };
    g_autoptr(machine_t) m = paper_machine();
    struct sched_domains_options options = sched_domains_defaults(KERNEL_4_3);
    g_autoptr(sched_domains_t) newer = domains_of(m, KERNEL_5_3), fixed = NULL;

    options.overlap_groups = OVERLAP_GROUPS_FROM_SELF;
    fixed = sched_domains_new_with(m, &options);
    for (int32_t cpu = 0; cpu < 8; cpu++) {
        const struct sched_domain *const seen[] = {domain(newer, cpu, 1), domain(fixed, cpu, 1)};

        for (int32_t i = 0; i < 2; i++) {
            g_assert_cmpuint(seen[i]->nr_groups, ==, 2);
            for (int32_t group = 0; group < 2; group++) {
                g_autofree char *list = bitmap_to_list(seen[i]->groups[group].span, 8);

                g_assert_cmpstr(list, ==, spans[cpu][group]);
            }
        }
    }
}

/* The SLIT in the comment of sched_init_numa()'s commit: from node 0 three groups, all with nodes 1
 * and 2; another machine's, where the nodes that are in all groups are neighbours. */
static void test_published_slits(void)
{
    static const int32_t amd[] = {
        10, 16, 16, 22, 16, 22, 16, 22, 16, 10, 22, 16, 16, 22, 22, 16, 16, 22, 10, 16, 16, 16,
        16, 16, 22, 16, 16, 10, 16, 16, 22, 22, 16, 16, 16, 16, 10, 16, 16, 22, 22, 22, 16, 16,
        16, 10, 22, 16, 16, 22, 16, 22, 16, 22, 10, 16, 22, 16, 16, 22, 22, 16, 16, 10,
    };
    static const int32_t magny_cours[] = {
        10, 16, 16, 22, 16, 22, 16, 22, 16, 10, 16, 22, 22, 16, 22, 16, 16, 16, 10, 16, 16, 16,
        16, 22, 22, 22, 16, 10, 16, 16, 22, 16, 16, 22, 16, 16, 10, 16, 16, 16, 22, 16, 16, 16,
        16, 10, 22, 22, 16, 22, 16, 22, 16, 22, 10, 16, 22, 16, 22, 16, 16, 22, 16, 10,
    };
    g_autoptr(machine_t) m = nodes_of(8, amd, 2), control = nodes_of(8, magny_cours, 2);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_4_3);
    g_autoptr(sched_domains_t) other = domains_of(control, KERNEL_4_3);

    assert_domain(sds, 0, 1, "NUMA", "0-7", "{0-2,4,6}{1-5}{1-2,5-7}");
    assert_domain(other, 0, 1, "NUMA", "0-7", "{0-2,4,6}{2-5,7}");
}

/* Without levels above MC a returning CPU leaves every node to itself. */
static void test_missing_domains(void)
{
    const struct shape shape = {4, 2, 1, 1, 2, NULL, ARCH_X86_64};
    static const int32_t distances[] = {10, 16, 16, 16, 16, 10, 16, 16,
                                        16, 16, 10, 16, 16, 16, 16, 10};
    struct sched_domains_options options = sched_domains_defaults(KERNEL_4_3);
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) before = NULL, after = NULL, fixed = NULL, newer = NULL;

    memcpy(m->distances, distances, sizeof(distances));
    before = domains_of(m, KERNEL_4_3);
    assert_stack(before, 5, "MC NUMA");
    options.reonlined = true;
    after = sched_domains_new_with(m, &options);
    assert_stack(after, 5, "MC");
    assert_domain(after, 5, 0, "MC", "4-5", "{5}{4}");
    options.hotplug_drops_numa = HOTPLUG_DROPS_NUMA_OFF;
    fixed = sched_domains_new_with(m, &options);
    assert_stack(fixed, 5, "MC NUMA");
    options = sched_domains_defaults(KERNEL_5_3);
    options.reonlined = true;
    newer = sched_domains_new_with(m, &options);
    assert_stack(newer, 5, "MC NUMA");
}

/* A machine of one node to a package never took that table. */
static void test_missing_domains_need_packages(void)
{
    static const int32_t distances[] = {10, 20, 20, 10};
    const struct shape shape = {2, 2, 1, 1, 1, distances, ARCH_X86_64};
    struct sched_domains_options options = sched_domains_defaults(KERNEL_4_3);
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) before = domains_of(m, KERNEL_4_3), after = NULL;

    assert_stack(before, 0, "MC NUMA");
    options.reonlined = true;
    after = sched_domains_new_with(m, &options);
    assert_stack(after, 0, "MC NUMA");
}

/* 4.3 to 5.18 of two nodes with two LLCs each and SMT: names, flags and constants. */
static void test_constants(void)
{
    static const int32_t distances[] = {10, 32, 32, 10};
    const struct shape shape = {2, 4, 2, 2, 1, distances, ARCH_X86_64};

    for (uint32_t r = KERNEL_4_3; r <= KERNEL_5_18; r++) {
        g_autoptr(machine_t) m = machine_of(&shape);
        g_autoptr(sched_domains_t) sds = NULL;
        const bool old = r < KERNEL_5_10;

        m->reclaim_distance = 32;
        sds = domains_of(m, (enum kernel_release)r);
        assert_stack(sds, 0, "SMT MC DIE NUMA");
        g_assert_cmpuint(domain(sds, 0, 0)->imbalance_pct, ==, 110);
        g_assert_cmpuint(domain(sds, 0, 1)->imbalance_pct, ==, 117);
        g_assert_cmpuint(domain(sds, 0, 2)->imbalance_pct, ==, old ? 125 : 117);
        g_assert_cmpuint(domain(sds, 0, 3)->imbalance_pct, ==, old ? 125 : 117);
        g_assert_cmpuint(domain(sds, 0, 2)->busy_factor, ==, old ? 32 : 16);
        /* MC spread its tasks over DIE since 4.20, SMT and DIE always did. */
        g_assert_true(domain(sds, 0, 0)->flags & SD_PREFER_SIBLING);
        g_assert_cmpint(!!(domain(sds, 0, 1)->flags & SD_PREFER_SIBLING), ==, r > KERNEL_4_3);
        g_assert_true(domain(sds, 0, 2)->flags & SD_PREFER_SIBLING);
        g_assert_false(domain(sds, 0, 3)->flags & SD_PREFER_SIBLING);
        g_assert_cmpint(!!(domain(sds, 0, 3)->flags & SD_LOAD_BALANCE), ==, r < KERNEL_5_9);
        /* 32 was too far for Zen until 5.4. */
        g_assert_cmpint(!!(domain(sds, 0, 3)->flags & SD_BALANCE_FORK), ==, r >= KERNEL_5_9);
        g_assert_cmpuint(domain(sds, 0, 3)->tl_level, ==,
                         r == KERNEL_4_3    ? 3
                         : r >= KERNEL_5_17 ? 5
                                            : 4);
    }
}

/* A node of memory alone, nearer to all than they are to each other, adds a level until 5.17. */
static void test_memory_only_node(void)
{
    static const int32_t distances[] = {10, 20, 12, 20, 10, 12, 12, 12, 10};

    for (uint32_t r = KERNEL_4_3; r <= KERNEL_5_18; r++) {
        g_autoptr(machine_t) m = nodes_of(3, distances, 1);
        g_autoptr(sched_domains_t) sds = NULL;

        m->cpus[2].node = 1;
        sds = domains_of(m, (enum kernel_release)r);
        g_assert_cmpuint(sds->nr_numa_levels, ==, r <= KERNEL_5_17 ? 3 : 2);
    }
}

/* relax_domain_level=N spared level N itself until 5.9. */
static void test_relax_level(void)
{
    g_autoptr(machine_t) m = nodes_of(4, line, 1);
    struct sched_domains_options options = sched_domains_defaults(KERNEL_4_3);
    g_autoptr(sched_domains_t) any = domains_of(m, KERNEL_4_3), old = NULL, new = NULL;

    options.relax_level = (int32_t)domain(any, 0, 0)->tl_level;
    old = sched_domains_new_with(m, &options);
    g_assert_true(domain(old, 0, 0)->flags & SD_BALANCE_NEWIDLE);
    g_assert_false(domain(old, 0, 1)->flags & SD_BALANCE_NEWIDLE);
    options.release = KERNEL_5_10;
    new = sched_domains_new_with(m, &options);
    options.relax_level = (int32_t)domain(new, 0, 0)->tl_level;
    sched_domains_free(new);
    new = sched_domains_new_with(m, &options);
    g_assert_false(domain(new, 0, 0)->flags & SD_BALANCE_NEWIDLE);
}

static void append_name(const char *name, void *data)
{
    g_string_append_printf(data, "%s ", name);
}

static void test_flag_names(void)
{
    GString *names = g_string_new(NULL);

    sd_flags_foreach(SD_LOAD_BALANCE | SD_SHARE_LLC | SD_NUMA, KERNEL_5_3, append_name, names);
    g_assert_cmpstr(names->str, ==, "SD_LOAD_BALANCE SD_SHARE_PKG_RESOURCES SD_NUMA ");
    g_string_free(names, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domains/old/line", test_line);
    g_test_add_func("/domains/old/line-fixed", test_line_fixed);
    g_test_add_func("/domains/old/ring", test_ring);
    g_test_add_func("/domains/old/groups-from-cpu0", test_groups_from_cpu0);
    g_test_add_func("/domains/old/groups-from-self", test_groups_from_self);
    g_test_add_func("/domains/old/published-slits", test_published_slits);
    g_test_add_func("/domains/old/missing-domains", test_missing_domains);
    g_test_add_func("/domains/old/missing-need-packages", test_missing_domains_need_packages);
    g_test_add_func("/domains/old/constants", test_constants);
    g_test_add_func("/domains/old/memory-only-node", test_memory_only_node);
    g_test_add_func("/domains/old/relax-level", test_relax_level);
    g_test_add_func("/domains/old/flag-names", test_flag_names);
    return g_test_run();
}
