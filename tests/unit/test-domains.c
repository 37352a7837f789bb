/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched_domains on machines small enough to derive by hand. Where a machine has one CPU a node,
 * CPU and node numbers are the same, MC and everything below collapses, and domain 0 is NUMA.
 */
#include "machine/domains.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/bitmap.h"
#include "domains-fixture.h"
#include "machine/domains-text.h"

/* Nodes in a square 0-1-2-3-0: neighbours at 20, the opposite corner at 30. */
static void test_ring(void)
{
    static const int32_t distances[] = {10, 20, 30, 20, 20, 10, 20, 30,
                                        30, 20, 10, 20, 20, 30, 20, 10};
    const struct shape shape = {4, 1, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_6_12);

    g_assert_cmpuint(sds->nr_numa_levels, ==, 3);
    g_assert_cmpint(sds->numa_type, ==, NUMA_GLUELESS_MESH);
    g_assert_cmpint(sds->max_distance, ==, 30);
    assert_stack(sds, 0, "NUMA NUMA");
    assert_domain(sds, 0, 0, "NUMA", "0-1,3", "{0}{1}{3}");
    assert_domain(sds, 1, 0, "NUMA", "0-2", "{1}{2}{0}");
    assert_domain(sds, 0, 1, "NUMA", "0-3", "{0-1,3/0}{1-3/2}");
    assert_domain(sds, 1, 1, "NUMA", "0-3", "{0-2/1}{0,2-3/3}");
    assert_domain(sds, 2, 1, "NUMA", "0-3", "{1-3/2}{0-1,3/0}");
    assert_domain(sds, 3, 1, "NUMA", "0-3", "{0,2-3/3}{0-2/1}");
    g_assert_cmpint(domain(sds, 0, 1)->numa_distance, ==, 30);
    /* One sched_group_capacity stands behind a group, whoever looks at it. */
    g_assert_cmpint(domain(sds, 0, 1)->groups[1].id, ==, domain(sds, 2, 1)->groups[0].id);
    g_assert_cmpint(domain(sds, 0, 1)->groups[0].id, !=, domain(sds, 0, 1)->groups[1].id);
}

/* Nodes in a line 0-1-2-3, three hops from end to end: no group may reach out of its domain. */
static void test_line(void)
{
    static const int32_t distances[] = {10, 20, 30, 40, 20, 10, 20, 30,
                                        30, 20, 10, 20, 40, 30, 20, 10};
    const struct shape shape = {4, 1, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_6_1);

    assert_stack(sds, 0, "NUMA NUMA NUMA");
    assert_stack(sds, 1, "NUMA NUMA");
    assert_stack(sds, 2, "NUMA NUMA");
    assert_stack(sds, 3, "NUMA NUMA NUMA");
    assert_domain(sds, 0, 0, "NUMA", "0-1", "{0}{1}");
    assert_domain(sds, 1, 0, "NUMA", "0-2", "{1}{2}{0}");
    assert_domain(sds, 0, 1, "NUMA", "0-2", "{0-1/0}{2}");
    assert_domain(sds, 1, 1, "NUMA", "0-3", "{0-2/1}{2-3/3}");
    assert_domain(sds, 2, 1, "NUMA", "0-3", "{1-3/2}{0-1/0}");
    assert_domain(sds, 3, 1, "NUMA", "1-3", "{2-3/3}{1}");
    assert_domain(sds, 0, 2, "NUMA", "0-3", "{0-2/0}{1-3/3}");
    assert_domain(sds, 3, 2, "NUMA", "0-3", "{1-3/3}{0-2/0}");
}

/* A square without the link 0-3: two nodes see the machine at one hop, two need a second. */
static void test_asymmetric_square(void)
{
    static const int32_t distances[] = {10, 20, 20, 30, 20, 10, 20, 20,
                                        20, 20, 10, 20, 30, 20, 20, 10};
    const struct shape shape = {4, 1, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_6_1);

    assert_stack(sds, 1, "NUMA");
    assert_domain(sds, 1, 0, "NUMA", "0-3", "{1}{2}{3}{0}");
    assert_domain(sds, 0, 0, "NUMA", "0-2", "{0}{1}{2}");
    assert_domain(sds, 0, 1, "NUMA", "0-3", "{0-2/0}{1-3/3}");
    assert_domain(sds, 3, 1, "NUMA", "0-3", "{1-3/3}{0-2/0}");
}

/* Two packages of two nodes with two LLCs each, no SMT: an EPYC in NPS2, cut to 8 CPUs a package. */
static void test_numa_in_package(void)
{
    static const int32_t distances[] = {10, 12, 32, 32, 12, 10, 32, 32,
                                        32, 32, 10, 12, 32, 32, 12, 10};
    const struct shape shape = {4, 4, 1, 2, 2, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;

    m->reclaim_distance = 32;
    sds = domains_of(m, KERNEL_6_12);
    g_assert_true(m->numa_in_package);
    assert_stack(sds, 0, "MC NODE NUMA NUMA");
    g_assert_cmpint(sds->numa_type, ==, NUMA_BACKPLANE);
    assert_domain(sds, 5, 0, "MC", "4-5", "{5}{4}");
    assert_domain(sds, 5, 1, "NODE", "4-7", "{4-5}{6-7}");
    assert_domain(sds, 5, 2, "NUMA", "0-7", "{4-7}{0-3}");
    assert_domain(sds, 5, 3, "NUMA", "0-15", "{0-7}{8-15}");
    g_assert_cmpuint(domain(sds, 5, 1)->tl_level, ==, 3);
    g_assert_cmpint(sds->sd_llc_id[5], ==, 4);
    g_assert_cmpint(sds->sd_llc_size[5], ==, 2);
    /* Zen's node_reclaim_distance is 32: the far level still balances on exec and fork. */
    g_assert_cmphex(domain(sds, 5, 3)->flags, ==,
                    SD_BALANCE_NEWIDLE | SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE |
                        SD_SERIALIZE | SD_OVERLAP | SD_NUMA);
    /* Two LLCs a node, so 2 at the package level, and twice that on twice its span. */
    g_assert_cmpuint(domain(sds, 5, 1)->imb_numa_nr, ==, 2);
    g_assert_cmpuint(domain(sds, 5, 2)->imb_numa_nr, ==, 2);
    g_assert_cmpuint(domain(sds, 5, 3)->imb_numa_nr, ==, 4);
}

static void assert_constants(const struct sched_domain *sd, uint32_t pct, uint32_t min_interval,
                             uint32_t tries, uint32_t imb)
{
    g_assert_cmpuint(sd->imbalance_pct, ==, pct);
    g_assert_cmpuint(sd->min_interval, ==, min_interval);
    g_assert_cmpuint(sd->max_interval, ==, 2 * min_interval);
    g_assert_cmpuint(sd->busy_factor, ==, 16);
    g_assert_cmpuint(sd->cache_nice_tries, ==, tries);
    g_assert_cmpuint(sd->imb_numa_nr, ==, imb);
}

/* Two sockets of 24 cores, SMT, one LLC each: 48 / 8 = 6 tasks of imbalance allowed. */
static void test_two_sockets(void)
{
    static const int32_t distances[] = {10, 31, 31, 10};
    const struct shape shape = {2, 24, 2, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_6_1), newer = NULL;

    assert_stack(sds, 0, "SMT MC NUMA");
    assert_domain(sds, 50, 0, "SMT", "2,50", "{50}{2}");
    assert_constants(domain(sds, 0, 0), 110, 2, 0, 0);
    assert_constants(domain(sds, 0, 1), 117, 48, 1, 0);
    assert_constants(domain(sds, 0, 2), 117, 96, 2, 6);
    g_assert_cmphex(domain(sds, 0, 1)->flags, ==,
                    SD_BALANCE_NEWIDLE | SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE |
                        SD_SHARE_LLC | SD_PREFER_SIBLING);
    /* 31 is farther than the reclaim distance of 30. */
    g_assert_cmphex(domain(sds, 0, 2)->flags, ==,
                    SD_BALANCE_NEWIDLE | SD_SERIALIZE | SD_OVERLAP | SD_NUMA);
    g_assert_cmpuint(domain(sds, 0, 1)->groups[0].cores, ==, 1);
    g_assert_cmpuint(domain(sds, 0, 1)->groups[0].capacity, ==, 2048);
    /* 6.1 leaves the groups the flags of the collapsed CLS; since 6.6 they get those of SMT. */
    g_assert_cmphex(domain(sds, 0, 1)->groups[0].flags & SD_SHARE_CPUCAPACITY, ==, 0);
    newer = sched_domains_new(m, KERNEL_6_12);
    g_assert_cmphex(domain(newer, 0, 1)->groups[0].flags & SD_SHARE_CPUCAPACITY, !=, 0);
    g_assert_cmphex(domain(newer, 0, 1)->groups[5].flags & SD_SHARE_CPUCAPACITY, !=, 0);
    g_assert_cmpuint(domain(sds, 0, 2)->groups[0].cores, ==, 24);
    g_assert_cmpint(sds->sd_llc_id[30], ==, 24);
}

/* One node with two LLCs under every release. */
static void test_releases(void)
{
    const struct shape shape = {1, 4, 1, 2, 1, NULL, ARCH_X86_64};
    uint32_t i;

    for (i = 0; i < NR_KERNEL_RELEASES; i++) {
        g_autoptr(machine_t) m = machine_of(&shape);
        g_autoptr(sched_domains_t) sds = domains_of(m, (enum kernel_release)i);

        assert_stack(sds, 3, i <= KERNEL_6_1 ? "MC DIE" : "MC PKG");
        assert_domain(sds, 3, 1, i <= KERNEL_6_1 ? "DIE" : "PKG", "0-3", "{2-3}{0-1}");
        /* No CLS before 5.16, no SMT without threads from 7.3. */
        g_assert_cmpuint(domain(sds, 3, 0)->tl_level, ==,
                         i < KERNEL_5_17 || i == KERNEL_7_3 ? 1 : 2);
        g_assert_cmpint(sds->sd_llc_id[3], ==, i == KERNEL_7_3 ? 1 : 2);
        g_assert_cmpint(sds->numa_type, ==, NUMA_DIRECT);
        /* MC lost the SMT level below it, and its groups their flags with it. */
        g_assert_cmphex(domain(sds, 3, 0)->groups[0].flags, ==, 0);
        g_assert_cmphex(domain(sds, 3, 0)->groups[1].flags, ==, 0);
    }
}

static void test_no_overlap_flag_in_7_3(void)
{
    static const int32_t distances[] = {10, 20, 20, 10};
    const struct shape shape = {2, 2, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_7_3);

    assert_stack(sds, 0, "MC NUMA");
    g_assert_cmphex(domain(sds, 0, 1)->flags & SD_OVERLAP, ==, 0);
    g_assert_cmpuint(domain(sds, 0, 1)->tl_level, ==, 4);
}

/* CPU 1 offline, CPU 2 isolated, of four in one LLC. Until 7.3 intervals count the isolated one. */
static void test_offline_and_isolated(void)
{
    const struct shape shape = {1, 4, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL, newest = NULL;

    bitmap_set(m->offline, 1);
    bitmap_set(m->isolated, 2);
    m->online_all = false;
    sds = domains_of(m, KERNEL_6_1);
    assert_stack(sds, 1, "");
    assert_stack(sds, 2, "");
    assert_domain(sds, 0, 0, "MC", "0,3", "{0}{3}");
    g_assert_cmpuint(domain(sds, 0, 0)->min_interval, ==, 3);
    g_assert_cmpint(sds->sd_llc_size[0], ==, 2);
    g_assert_cmpint(sds->sd_llc_size[2], ==, 0);
    newest = sched_domains_new(m, KERNEL_7_3);
    g_assert_cmpuint(domain(newest, 0, 0)->min_interval, ==, 2);
}

/* A node whose CPUs are all offline adds no distance; nor does one without CPUs. */
static void test_node_without_cpus(void)
{
    static const int32_t distances[] = {10, 20, 40, 20, 10, 40, 40, 40, 10};
    const struct shape shape = {3, 1, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;

    bitmap_set(m->offline, 2);
    m->online_all = false;
    sds = domains_of(m, KERNEL_6_12);
    g_assert_cmpuint(sds->nr_numa_levels, ==, 2);
    g_assert_cmpint(sds->max_distance, ==, 20);
    assert_domain(sds, 0, 0, "NUMA", "0-1", "{0}{1}");
}

static void test_all_isolated(void)
{
    const struct shape shape = {1, 2, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;

    bitmap_fill(m->isolated, 2);
    sds = domains_of(m, KERNEL_6_12);
    g_assert_cmpuint(sds->nr_domains[0] + sds->nr_domains[1], ==, 0);
}

/* relax_domain_level=4: NODE (4) and NUMA (5) stop balancing newly idle CPUs. */
static void test_relax_domain_level(void)
{
    static const int32_t distances[] = {10, 20, 20, 10};
    const struct shape shape = {2, 2, 1, 1, 1, distances, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) plain = domains_of(m, KERNEL_6_12);
    g_autoptr(sched_domains_t) sds = NULL;
    struct sched_domains_options options = sched_domains_defaults(KERNEL_6_12);

    options.relax_level = 4;
    sds = sched_domains_new_with(m, &options);
    assert_stack(sds, 0, "MC NUMA");
    g_assert_cmphex(domain(plain, 0, 1)->flags & SD_BALANCE_NEWIDLE, !=, 0);
    g_assert_cmphex(domain(sds, 0, 0)->flags & SD_BALANCE_NEWIDLE, !=, 0);
    g_assert_cmphex(domain(sds, 0, 1)->flags & SD_BALANCE_NEWIDLE, ==, 0);
}

/* Two clusters of unlike cores below one LLC: the level that sees both kinds is asymmetric. */
static void test_capacities(void)
{
    const struct shape shape = {1, 4, 1, 1, 1, NULL, ARCH_ARM64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;
    int32_t cpu;

    m->nr_clusters = 2;
    for (cpu = 0; cpu < 4; cpu++) {
        m->cpus[cpu].cluster = cpu / 2;
        m->cpus[cpu].capacity = cpu < 2 ? 446 : 1024;
    }
    sds = domains_of(m, KERNEL_6_12);
    assert_stack(sds, 0, "CLS MC");
    assert_domain(sds, 0, 1, "MC", "0-3", "{0-1}{2-3}");
    g_assert_cmphex(domain(sds, 0, 0)->flags & (SD_CLUSTER | SD_PREFER_SIBLING), ==, SD_CLUSTER);
    g_assert_cmphex(domain(sds, 0, 1)->flags & (SD_ASYM_CPUCAPACITY | SD_ASYM_CPUCAPACITY_FULL), ==,
                    SD_ASYM_CPUCAPACITY | SD_ASYM_CPUCAPACITY_FULL);
    g_assert_cmpuint(domain(sds, 0, 1)->groups[0].capacity, ==, 892);
}

static void test_release_names(void)
{
    static const struct {
        const char *text;
        enum kernel_release release;
    } good[] = {
        {"6.1", KERNEL_6_1},           {"6.11", KERNEL_6_1},  {"6.12", KERNEL_6_12},
        {"6.12.117+deb", KERNEL_6_12}, {"7.0", KERNEL_6_14},  {"7.3", KERNEL_7_3},
        {"7.3.4-rc2", KERNEL_7_3},     {"4.3", KERNEL_4_3},   {"4.19.1", KERNEL_4_3},
        {"5.4", KERNEL_5_3},           {"5.10", KERNEL_5_10}, {"6.0", KERNEL_5_18},
    };
    static const char *const bad[] = {"",    "6",    "6.",   "v6.1", "6.x",     "6.1x",
                                      "4.2", "3.19", "-6.1", "7.4",  "12.1-rc2"};
    enum kernel_release release = KERNEL_6_12;
    guint i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(kernel_release_parse(good[i].text, &release, NULL));
        g_assert_cmpint(release, ==, good[i].release);
    }
    release = KERNEL_6_12;
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(kernel_release_parse(bad[i], &release, &error));
        g_assert_nonnull(error);
        g_assert_cmpint(release, ==, KERNEL_6_12);
    }
    g_assert_cmpstr(kernel_release_name(KERNEL_7_3), ==, "7.3");
}

static void append_name(const char *name, void *data)
{
    g_string_append_printf(data, "%s ", name);
}

static void test_flag_names(void)
{
    g_autoptr(GString) old = g_string_new(NULL), new = g_string_new(NULL);

    sd_flags_foreach(SD_NUMA | SD_SHARE_LLC | SD_BALANCE_NEWIDLE, KERNEL_6_1, append_name, old);
    sd_flags_foreach(SD_NUMA | SD_SHARE_LLC | SD_BALANCE_NEWIDLE, KERNEL_6_12, append_name, new);
    g_assert_cmpstr(old->str, ==, "SD_BALANCE_NEWIDLE SD_SHARE_PKG_RESOURCES SD_NUMA ");
    g_assert_cmpstr(new->str, ==, "SD_BALANCE_NEWIDLE SD_SHARE_LLC SD_NUMA ");
    g_assert_cmpstr(numa_topology_type_name(NUMA_BACKPLANE), ==, "NUMA_BACKPLANE");
}

/* The whole text of two CPUs in one LLC. */
static void test_json_text(void)
{
    const struct shape shape = {1, 2, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = domains_of(m, KERNEL_6_12);
    g_autofree char *json = domains_to_json(m, sds);
    const char *flags = "[\"SD_BALANCE_NEWIDLE\", \"SD_BALANCE_EXEC\", \"SD_BALANCE_FORK\", "
                        "\"SD_WAKE_AFFINE\", \"SD_SHARE_LLC\", \"SD_PREFER_SIBLING\"]";
    const char *zero = "{\"span\": \"0\", \"capacity\": 1024, \"balance_mask\": \"0\"}";
    const char *one = "{\"span\": \"1\", \"capacity\": 1024, \"balance_mask\": \"1\"}";
    const char *constants = "\"imbalance_pct\": 117, \"min_interval\": 2, \"max_interval\": 4, "
                            "\"busy_factor\": 16, \"cache_nice_tries\": 1, \"imb_numa_nr\": 0";
    g_autofree char *expected = g_strdup_printf(
        "{\"machine\": \"test\", \"kernel\": \"6.12\",\n"
        " \"numa\": {\"levels\": [10], \"type\": \"NUMA_DIRECT\", \"reclaim_distance\": 30},\n"
        " \"cpus\": [\n"
        "  {\"cpu\": 0, \"sd_llc_id\": 0, \"sd_llc_size\": 2, \"domains\": [\n"
        "    {\"level\": 0, \"name\": \"MC\", \"span\": \"0-1\", \"flags\": %s, %s, "
        "\"groups\": [%s, %s]}]},\n"
        "  {\"cpu\": 1, \"sd_llc_id\": 0, \"sd_llc_size\": 2, \"domains\": [\n"
        "    {\"level\": 0, \"name\": \"MC\", \"span\": \"0-1\", \"flags\": %s, %s, "
        "\"groups\": [%s, %s]}]}]}\n",
        flags, constants, zero, one, flags, constants, one, zero);

    g_assert_cmpstr(json, ==, expected);
}

/* Any JSON reader takes it, a hostile machine name included; an offline CPU is not listed. */
static void test_json_parses(void)
{
    const struct shape shape = {1, 4, 1, 1, 1, NULL, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&shape);
    g_autoptr(sched_domains_t) sds = NULL;
    g_autofree char *json = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    JsonObject *root;
    JsonArray *cpus;

    g_free(m->name);
    m->name = g_strdup("a \"b\\\n");
    bitmap_set(m->offline, 3);
    bitmap_set(m->isolated, 0);
    m->online_all = false;
    sds = domains_of(m, KERNEL_6_1);
    json = domains_to_json(m, sds);
    json_parser_load_from_data(parser, json, -1, &error);
    g_assert_no_error(error);
    root = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpstr(json_object_get_string_member(root, "machine"), ==, "a \"b\\\n");
    cpus = json_object_get_array_member(root, "cpus");
    g_assert_cmpuint(json_array_get_length(cpus), ==, 3);
    root = json_array_get_object_element(cpus, 0);
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "domains")), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domains/ring", test_ring);
    g_test_add_func("/domains/line", test_line);
    g_test_add_func("/domains/asymmetric-square", test_asymmetric_square);
    g_test_add_func("/domains/numa-in-package", test_numa_in_package);
    g_test_add_func("/domains/two-sockets", test_two_sockets);
    g_test_add_func("/domains/releases", test_releases);
    g_test_add_func("/domains/no-overlap-flag-in-7.3", test_no_overlap_flag_in_7_3);
    g_test_add_func("/domains/offline-and-isolated", test_offline_and_isolated);
    g_test_add_func("/domains/node-without-cpus", test_node_without_cpus);
    g_test_add_func("/domains/all-isolated", test_all_isolated);
    g_test_add_func("/domains/relax-domain-level", test_relax_domain_level);
    g_test_add_func("/domains/capacities", test_capacities);
    g_test_add_func("/domains/release-names", test_release_names);
    g_test_add_func("/domains/flag-names", test_flag_names);
    g_test_add_func("/domains/json-text", test_json_text);
    g_test_add_func("/domains/json-parses", test_json_parses);
    return g_test_run();
}
