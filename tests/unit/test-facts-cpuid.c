/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID answers written by hand, one processor of each way to number CPUs and caches. */
#include <string.h>

#include "base/error.h"
#include "format/facts/read.h"
#include "tree-fixture.h"

/* Vendor strings in the order EBX, ECX, EDX, and a maximum leaf. */
#define INTEL "1 0 0 0 0 => 1f 756e6547 6c65746e 49656e69\n"
#define AMD   "1 0 0 0 0 => 10 68747541 444d4163 69746e65\n"

static struct facts *read_tar(const struct tree_fixture *fixture, GError **error)
{
    g_autoptr(GBytes) bytes = tree_fixture_tar(fixture, "xz");
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    const struct facts_input in = {.name = "dump.tar", .bytes = data, .size = size};

    g_assert_true(facts_cpuid.recognises(&in));
    g_assert_false(facts_sysfs.recognises(&in));
    return facts_cpuid.read(&in, error);
}

static struct facts *read_well(const struct tree_fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    struct facts *f = read_tar(fixture, &error);

    g_assert_no_error(error);
    return f;
}

static void expect_groups(const struct facts *f, enum facts_group group, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < f->cpus->len; i++) {
        const int32_t key = g_array_index(f->cpus, struct facts_cpu, i).group[group];

        g_string_append_printf(text, "%s%d", i > 0 ? " " : "", key);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void add_pu(struct tree_fixture *fixture, int pu, const char *text)
{
    g_autofree char *path = g_strdup_printf("dump/pu%d", pu);

    tree_fixture_add(fixture, path, text);
}

/* Leaf 1FH: thread bit 0, core bit 1, die bit 2, package above; an L3 for each die. */
static void test_levels(void)
{
    static const int apics[] = {0, 1, 2, 4, 8};
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;
    const struct facts_cpu *cpu;

    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf(
            "# mask e[abcd]x => e[abcd]x\n" INTEL "1 1 0 0 0 => 50654 %x00800 7ffefbff bfebfbff\n"
            "5 4 0 0 0 => 121 1c0003f 3f 0\n5 4 0 1 0 => 4122 1c0003f 3f 0\n"
            "5 4 0 2 0 => 4143 3c0003f 3ff 0\n5 4 0 3 0 => 8163 280003f 8fff 4\n"
            "5 4 0 4 0 => 0 0 0 0\n5 7 0 0 0 => 0 0 0 8000\n1 16 0 0 0 => 898 e74 64 0\n"
            "5 1f 0 0 0 => 1 2 100 %x\n5 1f 0 1 0 => 2 4 201 %x\n5 1f 0 2 0 => 3 8 502 %x\n"
            "5 1f 0 3 0 => 0 0 3 %x\n"
            "1 80000002 0 0 0 => 6564614d 2070552 0 0\n",
            apics[i], apics[i], apics[i], apics[i], apics[i]);

        add_pu(fixture, i, text);
    }
    f = read_well(fixture);
    cpu = facts_find_cpu(f, 0);
    expect_groups(f, FACTS_CORE, "0 0 1 2 4");
    expect_groups(f, FACTS_DIE, "0 0 0 1 2");
    expect_groups(f, FACTS_PACKAGE, "0 0 0 0 1");
    expect_groups(f, FACTS_L2, "0 0 1 2 4");
    expect_groups(f, FACTS_L3, "0 0 0 1 2");
    g_assert_cmpint(cpu->l1d_bytes, ==, 32 << 10);
    g_assert_cmpint(cpu->l2_bytes, ==, 1 << 20);
    g_assert_cmpint(cpu->l3_bytes, ==, 11 * 64 * 36864);
    g_assert_cmpint(cpu->base_hz, ==, 2200000000);
    g_assert_cmpint(f->hybrid, ==, 1);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 30);
    g_assert_cmpstr(f->vendor, ==, "GenuineIntel");
}

/* An early Zen: APIC ids skip the cores that are fused off, 6 threads of 8 ids share an L3. */
static void test_zen(void)
{
    static const int apics[] = {0, 1, 4, 8, 64};
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf(
            AMD "1 1 0 0 0 => 800f12 %x300800 7ed8320b 178bfbff\n5 b 0 0 0 => 0 0 0 0\n"
                "1 80000001 0 0 0 => 0 0 35c233ff 0\n5 8000001d 0 0 0 => 4121 1c0003f 3f 0\n"
                "5 8000001d 0 2 0 => 4143 1c0003f 3ff 2\n"
                "5 8000001d 0 1 0 => 4122 c0003f ff 0\n5 8000001d 0 3 0 => 14163 3c0003f 1fff 1\n"
                "1 8000001e 0 0 0 => %x 100 300 0\n",
            apics[i], apics[i]);

        add_pu(fixture, i, text);
    }
    f = read_well(fixture);
    expect_groups(f, FACTS_CORE, "0 0 2 4 32");
    expect_groups(f, FACTS_PACKAGE, "0 0 0 0 1");
    expect_groups(f, FACTS_L3, "0 0 0 1 8");
    expect_groups(f, FACTS_NODE, "-1 -1 -1 -1 -1");
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 8 << 20);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 32);
}

/* A Magny-Cours: 12 cores in 16 APIC ids, and an L3 for each of the two dies. */
static void test_old_amd(void)
{
    static const int apics[] = {0, 5, 6, 11, 16};
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf(
            AMD "1 1 0 0 0 => 100f91 %02x0c0800 802009 178bfbff\n"
                "1 80000001 0 0 0 => 0 0 0 0\n1 80000005 0 0 0 => 0 0 40020140 0\n"
                "1 80000006 0 0 0 => 0 0 2008140 60b140\n1 80000008 0 0 0 => 0 0 400b 0\n",
            apics[i]);

        add_pu(fixture, i, text);
    }
    f = read_well(fixture);
    expect_groups(f, FACTS_CORE, "0 5 6 11 16");
    expect_groups(f, FACTS_PACKAGE, "0 0 0 0 1");
    expect_groups(f, FACTS_L3, "0 0 1 1 2");
    g_assert_cmpint(facts_find_cpu(f, 0)->l1d_bytes, ==, 64 << 10);
    g_assert_cmpint(facts_find_cpu(f, 0)->l2_bytes, ==, 512 << 10);
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 6 << 20);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 30);
}

/* Before leaf 0BH: two cores of two threads, numbered by counts alone. */
static void test_counts(void)
{
    static const int apics[] = {0, 1, 2, 4};
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    for (int i = 0; i < 4; i++) {
        g_autofree char *text = g_strdup_printf(INTEL "1 1 0 0 0 => 6f7 %x040800 4e3bd bfebfbff\n"
                                                      "5 4 0 0 0 => 4004121 1c0003f 3f 0\n"
                                                      "5 4 0 1 0 => 400c143 3c0003f fff 0\n",
                                                apics[i]);

        add_pu(fixture, i, text);
    }
    f = read_well(fixture);
    expect_groups(f, FACTS_CORE, "0 0 1 2");
    expect_groups(f, FACTS_PACKAGE, "0 0 0 1");
    expect_groups(f, FACTS_L2, "0 0 0 1");
    expect_groups(f, FACTS_L3, "-1 -1 -1 -1");
}

static void test_errors(void)
{
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(GError) error = NULL;

    add_pu(fixture, 0, "# mask\n1 0 0 0 0 => 1 2 3\n");
    g_assert_null(read_tar(fixture, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, "dump.tar/pu0:2:1: is no answer of CPUID"));
}

/* Nothing but zeros and ones: whatever a CPU answers, it gets some place. */
static void test_senseless(void)
{
    static const char *const texts[] = {"", "4 0 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n",
                                        "0 b 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n",
                                        INTEL "5 4 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n"
                                              "0 1 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n",
                                        AMD
                                        "0 80000001 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n"
                                        "0 8000001d 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n"
                                        "0 80000006 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n"
                                        "0 8000001e 0 0 0 => ffffffff ffffffff ffffffff ffffffff\n"
                                        "0 1 0 0 0 => 600f12 ffffffff ffffffff ffffffff\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
        g_autoptr(facts_t) f = NULL;

        add_pu(fixture, 0, texts[i]);
        f = read_well(fixture);
        g_assert_cmpuint(f->cpus->len, ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-cpuid/levels", test_levels);
    g_test_add_func("/facts-cpuid/zen", test_zen);
    g_test_add_func("/facts-cpuid/old-amd", test_old_amd);
    g_test_add_func("/facts-cpuid/counts", test_counts);
    g_test_add_func("/facts-cpuid/errors", test_errors);
    g_test_add_func("/facts-cpuid/senseless", test_senseless);
    return g_test_run();
}
