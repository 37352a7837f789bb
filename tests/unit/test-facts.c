/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of a machine: merging descriptions, and what is made of gaps and contradictions. */
#include <string.h>

#include "base/error.h"
#include "machine/facts.h"

/* Four CPUs: two cores of two threads, on one package; the caches of an old desktop. */
static struct facts *small_facts(const char *source)
{
    struct facts *f = facts_new(source);

    for (int32_t id = 0; id < 4; id++) {
        struct facts_cpu *cpu = facts_cpu(f, id);

        cpu->group[FACTS_CORE] = id / 2;
        cpu->group[FACTS_PACKAGE] = 0;
        cpu->group[FACTS_L3] = 7;
        cpu->l3_bytes = 8 << 20;
    }
    facts_state(f, MACHINE_CPUS, source);
    return f;
}

/* A complete machine to be likened to: one node of DRAM at 100 ns and one of CXL at 250 ns. */
static struct machine *like_machine(void)
{
    struct machine *m = machine_new();

    m->name = g_strdup("like");
    m->arch = ARCH_ARM64;
    m->nr_cpus = m->nr_cores = m->nr_clusters = m->nr_l2s = 2;
    m->nr_llcs = m->nr_dies = m->nr_packages = 1;
    m->nr_nodes = 2;
    m->cpus = g_new0(struct machine_cpu, 2);
    for (int32_t cpu = 0; cpu < 2; cpu++) {
        m->cpus[cpu] = (struct machine_cpu){
            .os_id = cpu, .core = cpu, .cluster = cpu, .l2 = cpu, .capacity = 1024};
    }
    m->llcs = g_new0(struct machine_llc, 1);
    m->llcs[0].size_bytes = 4 << 20;
    m->l1d_bytes = g_new0(int64_t, 2);
    m->l2_bytes = g_new0(int64_t, 2);
    m->l1d_bytes[0] = m->l1d_bytes[1] = 32 << 10;
    m->l2_bytes[0] = m->l2_bytes[1] = 1 << 20;
    m->nodes = g_new0(struct machine_node, 2);
    m->nodes[0] = (struct machine_node){.memory_bytes = INT64_C(4) << 30, .tier = TIER_DRAM};
    m->nodes[1] =
        (struct machine_node){.os_id = 1, .memory_bytes = 1 << 30, .tier = TIER_CXL, .package = -1};
    m->distances = g_new0(int32_t, 4);
    m->latency_ns = g_new0(int64_t, 4);
    m->bandwidth_bytes_per_s = g_new0(int64_t, 4);
    m->distances[0] = m->distances[3] = 10;
    m->distances[1] = m->distances[2] = 24;
    m->latency_ns[0] = 100;
    m->latency_ns[1] = 250;
    m->bandwidth_bytes_per_s[0] = 100000000000;
    m->bandwidth_bytes_per_s[1] = 20000000000;
    for (int block = 0; block < NR_MACHINE_BLOCKS; block++) {
        m->block_sources[block] = g_strdup("a test");
    }
    g_assert_true(machine_finish(m, NULL));
    return m;
}

static struct machine *complete(const struct facts *f, const struct machine *host, GPtrArray *lines,
                                GError **error)
{
    g_autoptr(machine_t) like = like_machine();

    return machine_complete(f, like, host, lines, error);
}

static bool has_line(const GPtrArray *lines, const char *part)
{
    for (guint i = 0; i < lines->len; i++) {
        if (strstr(g_ptr_array_index(lines, i), part) != NULL) {
            return true;
        }
    }
    return false;
}

static GPtrArray *new_lines(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static void test_fills_gaps(void)
{
    g_autoptr(facts_t) f = small_facts("a file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = complete(f, NULL, lines, &error);

    g_assert_no_error(error);
    g_assert_cmpint(m->nr_cpus, ==, 4);
    g_assert_cmpint(m->nr_cores, ==, 2);
    g_assert_cmpint(m->nr_llcs, ==, 1);
    g_assert_cmpint(m->llcs[0].size_bytes, ==, 8 << 20);
    g_assert_cmpint(m->nr_nodes, ==, 1);
    /* 4 GiB of DRAM for 2 CPUs there, so 2 GiB a CPU here. */
    g_assert_cmpint(m->nodes[0].memory_bytes, ==, INT64_C(8) << 30);
    g_assert_cmpint(m->latency_ns[0], ==, 100);
    g_assert_cmpint(m->arch, ==, ARCH_ARM64);
    g_assert_cmpint(m->l2_bytes[1], ==, 1 << 20);
    g_assert_cmpstr(m->block_sources[MACHINE_CPUS], ==, "a file");
    g_assert_true(has_line(lines, "no NUMA node is stated"));
    g_assert_true(has_line(lines, "what kernel actions cost is not stated: as of like"));
    g_assert_true(has_line(lines, "the memory of node 0 is not stated: 2048 MiB a CPU"));
    g_assert_false(has_line(lines, "LLC"));
}

/* Linux's rule holds for a machine, whichever file tells of it. */
static void test_reclaim_distance(void)
{
    static const struct {
        const char *arch, *vendor, *model;
        int32_t family, expected;
    } machines[] = {
        {"x86_64", "AuthenticAMD", "AMD EPYC 7763", 25, 32},
        {"x86_64", "AMD", "EPYC-Milan", 0, 32},
        {NULL, NULL, "AMD Ryzen 9 5950X", 0, 32},
        {"x86_64", "AMD", "AMD Opteron 6276", 0, 30},
        {"x86_64", "AuthenticAMD", "AMD EPYC", 21, 30},
        {"x86_64", "HygonGenuine", NULL, 0, 32},
        {"x86_64", "GenuineIntel", "Xeon, no EPYC", 6, 30},
        {"ppc64le", NULL, "POWER9", 0, 10},
        {"ppc", NULL, NULL, 0, 10},
        {"ia64", "GenuineIntel", NULL, 0, 15},
        {"aarch64", NULL, NULL, 0, 30},
        {"s390x", "IBM/S390", NULL, 0, 30},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
        g_autoptr(facts_t) f = small_facts("a file");
        g_autoptr(GPtrArray) lines = new_lines();
        g_autoptr(machine_t) m = NULL;

        f->arch = ARCH_X86_64;
        facts_take_arch(f, machines[i].arch);
        f->vendor = g_strdup(machines[i].vendor);
        f->model = g_strdup(machines[i].model);
        f->cpu_family = machines[i].family;
        m = complete(f, NULL, lines, NULL);
        g_assert_nonnull(m);
        g_assert_cmpint(m->reclaim_distance, ==, machines[i].expected);
        g_assert_cmpstr(m->vendor, ==, facts_vendor_name(machines[i].vendor));
    }
}

static void test_other_architectures(void)
{
    g_autoptr(facts_t) f = small_facts("a file"), i686 = small_facts("another");
    g_autoptr(GPtrArray) lines = new_lines(), more = new_lines();
    g_autoptr(machine_t) m = NULL, pc = NULL;

    facts_take_arch(f, "s390x");
    facts_take_arch(i686, "i686");
    m = complete(f, NULL, lines, NULL);
    pc = complete(i686, NULL, more, NULL);
    g_assert_true(has_line(lines, "architecture s390x is not modelled: taken as aarch64"));
    g_assert_false(has_line(lines, "the architecture is not stated"));
    g_assert_cmpint(pc->arch, ==, ARCH_X86_64);
    g_assert_true(has_line(more, "architecture i686 is not modelled: taken as x86_64"));
}

static void test_latency_follows_tier_and_distance(void)
{
    g_autoptr(facts_t) f = small_facts("a file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = NULL;

    for (int32_t id = 0; id < 4; id++) {
        facts_cpu(f, id)->group[FACTS_NODE] = id / 2;
    }
    facts_node(f, 5)->tier = TIER_CXL;
    facts_pair_set(f, FACTS_DISTANCE, 0, 5, 14);
    facts_pair_set(f, FACTS_DISTANCE, 1, 5, 28);
    facts_pair_set(f, FACTS_DISTANCE, 5, 0, 14);
    facts_pair_set(f, FACTS_DISTANCE, 5, 1, 28);
    m = complete(f, NULL, lines, &error);
    g_assert_no_error(error);
    g_assert_cmpint(m->nr_nodes, ==, 3);
    g_assert_cmpint(m->nodes[2].os_id, ==, 5);
    g_assert_cmpint(machine_distance(m, 0, 1), ==, 20);
    g_assert_cmpint(machine_latency_ns(m, 0, 0), ==, 100);
    g_assert_cmpint(machine_latency_ns(m, 0, 1), ==, 200);
    /* The nearest CPUs get the tier's latency; twice the distance, twice of it. */
    g_assert_cmpint(machine_latency_ns(m, 0, 2), ==, 250);
    g_assert_cmpint(machine_latency_ns(m, 1, 2), ==, 500);
    g_assert_true(has_line(lines, "some distances are not stated"));
}

static void test_stated_latency_is_kept_and_scaled(void)
{
    g_autoptr(facts_t) f = small_facts("a file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(machine_t) m = NULL;

    for (int32_t id = 0; id < 4; id++) {
        facts_cpu(f, id)->group[FACTS_NODE] = id / 2;
    }
    facts_pair_set(f, FACTS_LATENCY_NS, 0, 0, 80);
    facts_pair_set(f, FACTS_LATENCY_NS, 0, 1, 130);
    m = complete(f, NULL, lines, NULL);
    g_assert_cmpint(machine_latency_ns(m, 0, 0), ==, 80);
    g_assert_cmpint(machine_latency_ns(m, 0, 1), ==, 130);
    g_assert_cmpint(machine_latency_ns(m, 1, 0), ==, 130);
    g_assert_cmpint(machine_latency_ns(m, 1, 1), ==, 80);
}

/* Two nodes of two CPUs; what is said of one way between them is not made up for the other. */
static struct facts *two_nodes(void)
{
    struct facts *f = small_facts("a file");

    for (int32_t id = 0; id < 4; id++) {
        facts_cpu(f, id)->group[FACTS_NODE] = id / 2;
    }
    return f;
}

static void test_distances_of_one_way(void)
{
    g_autoptr(facts_t) f = two_nodes();
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(machine_t) m = NULL;

    facts_pair_set(f, FACTS_DISTANCE, 0, 0, 10);
    facts_pair_set(f, FACTS_DISTANCE, 0, 1, 310);
    m = complete(f, NULL, lines, NULL);
    g_assert_cmpint(machine_distance(m, 0, 1), ==, 255);
    g_assert_cmpint(machine_distance(m, 1, 0), ==, 255);
    g_assert_true(has_line(lines, "1 distances are stated for the way back alone"));
    g_assert_true(has_line(lines, "distances are above 255"));
    g_assert_false(has_line(lines, "differ between there and back"));
}

/* A tier of which nothing is stated keeps its relation to one of which something is. */
static void test_stated_of_another_tier(void)
{
    g_autoptr(facts_t) f = two_nodes();
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(machine_t) m = NULL;

    facts_node(f, 2)->tier = TIER_CXL;
    facts_pair_set(f, FACTS_LATENCY_NS, 0, 0, 50);
    facts_pair_set(f, FACTS_BANDWIDTH_BYTES_PER_S, 0, 0, 200 << 20);
    m = complete(f, NULL, lines, NULL);
    g_assert_cmpint(machine_latency_ns(m, 1, 1), ==, 50);
    g_assert_cmpint(machine_latency_ns(m, 1, 0), ==, 100);
    g_assert_cmpint(machine_latency_ns(m, 0, 2), ==, 125);
    g_assert_cmpint(m->bandwidth_bytes_per_s[4], ==, 200 << 20);
    g_assert_cmpint(m->bandwidth_bytes_per_s[2], ==, 40 << 20);
}

/* Counts alone make cores of CPUs that follow one another. */
static void test_threads_by_count(void)
{
    g_autoptr(facts_t) f = two_nodes();
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(machine_t) m = NULL;

    for (int32_t id = 0; id < 4; id++) {
        facts_cpu(f, id)->group[FACTS_CORE] = FACTS_UNKNOWN;
    }
    f->threads_per_core = 2;
    m = complete(f, NULL, lines, NULL);
    g_assert_cmpint(m->nr_cores, ==, 2);
    g_assert_cmpint(m->cpus[2].core, ==, m->cpus[3].core);
    g_assert_true(has_line(lines, "no core is stated: 2 CPUs with consecutive numbers are"));
}

static void test_merge_lists_of_online(void)
{
    g_autoptr(facts_t) f = small_facts("one.txt"), other = facts_new("two.txt");
    g_autoptr(GError) error = NULL;

    f->lists_all_online = other->lists_all_online = true;
    for (int32_t id = 0; id < 3; id++) {
        facts_cpu(other, id);
    }
    facts_cpu(other, 3)->offline = true;
    g_assert_false(facts_merge(f, other, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "CPU 3 is online in one.txt alone"));
}

static void test_unusual_distances(void)
{
    g_autoptr(facts_t) f = small_facts("a file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = NULL;

    for (int32_t id = 0; id < 4; id++) {
        facts_cpu(f, id)->group[FACTS_NODE] = id / 2;
    }
    facts_pair_set(f, FACTS_DISTANCE, 0, 1, 10);
    facts_pair_set(f, FACTS_DISTANCE, 1, 0, 12);
    m = complete(f, NULL, lines, &error);
    g_assert_no_error(error);
    g_assert_true(m->irregular_distances);
    g_assert_cmpint(machine_distance(m, 0, 1), ==, 10);
    g_assert_true(has_line(lines, "unusual: some distances differ between there and back"));
    g_assert_true(has_line(lines, "unusual: distances of 10 or less"));
}

static void test_wrong_siblings_are_cut(void)
{
    g_autoptr(facts_t) f = small_facts("a file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = NULL;

    facts_cpu(f, 3)->group[FACTS_PACKAGE] = 1;
    m = complete(f, NULL, lines, &error);
    g_assert_no_error(error);
    g_assert_cmpint(m->nr_packages, ==, 2);
    g_assert_cmpint(m->nr_llcs, ==, 2);
    g_assert_cmpint(m->nr_cores, ==, 3);
    g_assert_true(has_line(lines, "a LLC lies in two packages"));
}

static void test_offline_without_a_place(void)
{
    g_autoptr(facts_t) f = small_facts("a file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(machine_t) m = NULL;

    facts_cpu(f, 9)->offline = true;
    facts_cpu(f, 8)->offline = true;
    facts_cpu(f, 8)->group[FACTS_PACKAGE] = 0;
    facts_cpu(f, 2)->offline = true;
    m = complete(f, NULL, lines, NULL);
    g_assert_cmpint(m->nr_cpus, ==, 4);
    g_assert_true(m->offline[0] == 1u << 2);
    g_assert_true(has_line(lines, "CPUs 8-9 are offline"));
}

static void test_no_cpus(void)
{
    g_autoptr(facts_t) f = facts_new("an empty file");
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(GError) error = NULL;

    g_assert_null(complete(f, NULL, lines, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "an empty file describes 0 CPUs"));
}

static void test_guest_takes_latency_of_host(void)
{
    g_autoptr(facts_t) f = small_facts("a guest");
    g_autoptr(machine_t) host = like_machine();
    g_autoptr(GPtrArray) lines = new_lines();
    g_autoptr(machine_t) m = NULL;

    for (int32_t id = 0; id < 4; id++) {
        facts_cpu(f, id)->group[FACTS_NODE] = 0;
        facts_pin(f, false, id, "0-1");
    }
    facts_node(f, 1)->memory_bytes = 1 << 30;
    facts_node(f, 0)->memory_bytes = 1 << 30;
    facts_pin(f, true, 1, "1");
    m = complete(f, host, lines, NULL);
    g_assert_cmpint(machine_latency_ns(m, 0, 0), ==, 100);
    g_assert_cmpint(machine_latency_ns(m, 0, 1), ==, 250);
    g_assert_cmpint(m->nodes[1].tier, ==, TIER_CXL);
}

static void test_merge_adds(void)
{
    g_autoptr(facts_t) f = small_facts("one.txt");
    g_autoptr(facts_t) other = facts_new("two.txt");
    g_autoptr(GError) error = NULL;

    /* The same cores under other names, and one CPU more of the second core. */
    for (int32_t id = 0; id < 5; id++) {
        facts_cpu(other, id)->group[FACTS_CORE] = id < 2 ? 40 : 30;
        facts_cpu(other, id)->group[FACTS_NODE] = 3;
    }
    facts_node(other, 3)->memory_bytes = 12345;
    facts_state(other, MACHINE_MEMORY, "two.txt");
    g_assert_true(facts_merge(f, other, &error));
    g_assert_no_error(error);
    g_assert_cmpint(facts_find_cpu(f, 4)->group[FACTS_CORE], ==, 1);
    g_assert_cmpint(facts_find_cpu(f, 0)->group[FACTS_NODE], ==, 3);
    g_assert_cmpint(facts_find_node(f, 3)->memory_bytes, ==, 12345);
    g_assert_cmpstr(f->block_sources[MACHINE_MEMORY], ==, "two.txt");
    g_assert_cmpstr(f->source, ==, "one.txt, two.txt");
}

static void check_contradiction(struct facts *other, const char *part)
{
    g_autoptr(facts_t) f = small_facts("one.txt");
    g_autoptr(facts_t) taken = other;
    g_autoptr(GError) error = NULL;

    facts_node(f, 0)->memory_bytes = 1 << 30;
    facts_node(f, 1);
    facts_pair_set(f, FACTS_DISTANCE, 0, 1, 20);
    f->arch = ARCH_X86_64;
    g_assert_false(facts_merge(f, taken, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "one.txt and two.txt contradict each other"));
    if (strstr(error->message, part) == NULL) {
        g_test_message("'%s' lacks '%s'", error->message, part);
        g_test_fail();
    }
}

static void test_merge_contradictions(void)
{
    struct facts *other = facts_new("two.txt");

    facts_cpu(other, 0)->group[FACTS_CORE] = 0;
    facts_cpu(other, 1)->group[FACTS_CORE] = 1;
    check_contradiction(other, "they place CPU 1 in different cores");

    other = facts_new("two.txt");
    facts_node(other, 0)->memory_bytes = INT64_C(3) << 30;
    check_contradiction(other, "node 0 has 1073741824 bytes or 3221225472");

    other = facts_new("two.txt");
    facts_node(other, 0);
    facts_node(other, 1);
    facts_pair_set(other, FACTS_DISTANCE, 0, 1, 21);
    check_contradiction(other, "node 1 is at distance 20 or 21 from node 0");

    other = facts_new("two.txt");
    other->arch = ARCH_IA64;
    check_contradiction(other, "one is of an x86_64 and one of an ia64");
}

/* Tools round memory differently: what is nearly the same is the same, as the first said it. */
static void test_merge_rounding(void)
{
    g_autoptr(facts_t) f = small_facts("one.txt");
    g_autoptr(facts_t) other = facts_new("two.txt");

    facts_node(f, 0)->memory_bytes = 1000000000;
    facts_node(other, 0)->memory_bytes = 1000500000;
    g_assert_true(facts_merge(f, other, NULL));
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, 1000000000);
}

/* CPUs may be named in any order, and stay sorted. */
static void test_order(void)
{
    g_autoptr(facts_t) f = facts_new("x");
    const int32_t ids[] = {5, 1, 9, 0, 5, 7};

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        facts_cpu(f, ids[i])->capacity = ids[i] + 1;
    }
    g_assert_cmpuint(f->cpus->len, ==, 5);
    for (guint i = 1; i < f->cpus->len; i++) {
        g_assert_cmpint(g_array_index(f->cpus, struct facts_cpu, i - 1).id, <,
                        g_array_index(f->cpus, struct facts_cpu, i).id);
    }
    g_assert_cmpint(facts_find_cpu(f, 7)->capacity, ==, 8);
    g_assert_null(facts_find_cpu(f, 6));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts/order", test_order);
    g_test_add_func("/facts/merge/adds", test_merge_adds);
    g_test_add_func("/facts/merge/contradictions", test_merge_contradictions);
    g_test_add_func("/facts/merge/rounding", test_merge_rounding);
    g_test_add_func("/facts/complete/gaps", test_fills_gaps);
    g_test_add_func("/facts/complete/reclaim-distance", test_reclaim_distance);
    g_test_add_func("/facts/complete/other-architectures", test_other_architectures);
    g_test_add_func("/facts/complete/tier", test_latency_follows_tier_and_distance);
    g_test_add_func("/facts/complete/stated", test_stated_latency_is_kept_and_scaled);
    g_test_add_func("/facts/merge/online", test_merge_lists_of_online);
    g_test_add_func("/facts/complete/one-way", test_distances_of_one_way);
    g_test_add_func("/facts/complete/other-tier", test_stated_of_another_tier);
    g_test_add_func("/facts/complete/threads-by-count", test_threads_by_count);
    g_test_add_func("/facts/complete/unusual", test_unusual_distances);
    g_test_add_func("/facts/complete/siblings", test_wrong_siblings_are_cut);
    g_test_add_func("/facts/complete/offline", test_offline_without_a_place);
    g_test_add_func("/facts/complete/no-cpus", test_no_cpus);
    g_test_add_func("/facts/complete/guest", test_guest_takes_latency_of_host);
    return g_test_run();
}
