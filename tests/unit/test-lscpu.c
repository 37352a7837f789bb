/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lscpu prints: its tables, its summary, and its JSON. */
#include <string.h>

#include "base/error.h"
#include "facts-fixture.h"

#define P_TABLE                                                                                    \
    "# The following is the parsable format, which can be fed to other\n"                          \
    "# programs. Each different item in every column has an unique ID\n"                           \
    "# starting usually from zero.\n"

static struct facts_input input(const char *name, const char *text)
{
    return (struct facts_input){.name = name, .bytes = text, .size = strlen(text)};
}

/* The text read by the one reader that recognises it, which must be @reader. */
static struct facts *read_as(const struct facts_reader *reader, const char *text)
{
    const struct facts_input in = input("l.txt", text);
    const struct facts_reader *const readers[] = {&facts_lscpu_json, &facts_numactl, &facts_lscpu_p,
                                                  &facts_lscpu_e, &facts_lscpu_text};

    for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
        g_assert_cmpint(readers[i]->recognises(&in), ==, readers[i] == reader);
    }
    return facts_text(reader, "l.txt", text);
}

static void refuse(const struct facts_reader *reader, const char *text, const char *message)
{
    facts_text_refused(reader, "l.txt", text, message);
}

static void assert_share(const struct facts *f, enum facts_group group, int32_t a, int32_t b,
                         bool share)
{
    g_assert_cmpint(facts_key(f, a, group), >=, 0);
    g_assert_cmpint(facts_key(f, b, group), >=, 0);
    g_assert_cmpint(facts_key(f, a, group) == facts_key(f, b, group), ==, share);
}

/* A column of a version to come is passed over, but not silently: it may be a misspelt one. */
static void test_unknown_column(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_e, "CPU Sockt CORE NODE FROBS\n"
                                                   "  0     0    0    0     7\n"
                                                   "  1     1    1    0     7\n");

    g_assert_true(facts_noted(f, "lscpu -e: the column 'Sockt' is not known and passed over (did "
                                 "you mean 'SOCKET'?)"));
    g_assert_true(facts_noted(f, "the column 'FROBS' is not known and passed over"));
    g_assert_cmpuint(f->notes->len, ==, 2);
}

static void test_p(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_p, P_TABLE "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n"
                                                           "0,0,0,0,,0,0,0,0\n"
                                                           "1,1,0,0,,1,1,1,0\n"
                                                           "2,2,1,3,,2,2,2,8\n"
                                                           "3,0,0,0,,0,0,0,0\n"
                                                           "4,,,,,\n");

    g_assert_cmpuint(f->cpus->len, ==, 5);
    assert_share(f, FACTS_CORE, 0, 3, true);
    assert_share(f, FACTS_CORE, 0, 1, false);
    assert_share(f, FACTS_L2, 0, 3, true);
    assert_share(f, FACTS_L3, 0, 1, true);
    assert_share(f, FACTS_L3, 1, 2, false);
    assert_share(f, FACTS_PACKAGE, 1, 2, false);
    g_assert_cmpint(facts_key(f, 2, FACTS_NODE), ==, 3);
    g_assert_cmpint(facts_key(f, 2, FACTS_CLUSTER), ==, FACTS_UNKNOWN);
    g_assert_true(facts_find_cpu(f, 4)->offline);
    g_assert_false(facts_find_cpu(f, 0)->offline);
    g_assert_cmpuint(f->notes->len, ==, 0);
}

/* A list of one's own, in another order, with what is of no use. */
static void test_p_list(void)
{
    g_autoptr(facts_t) f =
        read_as(&facts_lscpu_p, "# Node,Online,CPU,Maxmhz,L1d:L1i:L2,Cluster,Socket,BOGOMIPS\n"
                                "1,Y,0,3000.5000,0:0:0,0,0,48.00\n"
                                "1,Y,1,3000.5000,1:1:0,0,0,48.00\n"
                                "1,N,2,,2:2:1,1,0,\n");

    assert_share(f, FACTS_L2, 0, 1, true);
    assert_share(f, FACTS_L2, 1, 2, false);
    assert_share(f, FACTS_CLUSTER, 0, 1, true);
    assert_share(f, FACTS_CLUSTER, 1, 2, false);
    assert_share(f, FACTS_PACKAGE, 0, 2, true);
    g_assert_cmpint(facts_key(f, 0, FACTS_CORE), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_key(f, 0, FACTS_L3), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(f, 0)->max_hz, ==, 3000500000);
    g_assert_true(facts_find_cpu(f, 2)->offline);
}

/* CPUs that lack caches have short rows; which ones they lack is only sometimes certain. */
static void test_p_missing_caches(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_p, "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3,Online\n"
                                                   "0,0,0,0,,0,0,0,0,Y\n"
                                                   "1,1,0,0,,4,4,8,Y\n"
                                                   "2,2,0,0,,9,0,Y\n"
                                                   "3,3,0,0,,5,5,8,Y\n");

    assert_share(f, FACTS_L2, 1, 3, true);
    assert_share(f, FACTS_L2, 0, 1, false);
    g_assert_cmpint(facts_key(f, 1, FACTS_L3), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_key(f, 2, FACTS_L2), ==, FACTS_UNKNOWN);
    g_assert_true(facts_noted(f, "1 CPUs name fewer caches"));
}

/* `lscpu -y`: cores are numbered in each package, sockets may be "-". */
static void test_p_physical(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_p, "# CPU,Core,Socket,Node\n"
                                                   "0,0,0,0\n"
                                                   "1,8,0,0\n"
                                                   "2,0,36,1\n"
                                                   "3,8,36,1\n"
                                                   "4,0,0,0\n"
                                                   "5,1,-,1\n");

    assert_share(f, FACTS_CORE, 0, 4, true);
    assert_share(f, FACTS_CORE, 0, 2, false);
    assert_share(f, FACTS_PACKAGE, 2, 3, true);
    g_assert_cmpint(facts_key(f, 5, FACTS_PACKAGE), ==, FACTS_UNKNOWN);
    g_assert_true(facts_noted(f, "lscpu -y"));
}

static void test_p_errors(void)
{
    const struct facts_reader *p = &facts_lscpu_p;

    refuse(p, "0,0,0,0\n",
           "l.txt:1:1: no header names the columns; expected '# CPU,Core,Socket,Node,...'");
    refuse(p, "# CPU,Core\n", "l.txt: no row of a CPU; expected what lscpu -p prints");
    refuse(p, "# CPU,Core\n0,0,0\n", "l.txt:2:3: a row of 3 cells; expected 2, as the header has");
    refuse(p, "# CPU,Core\n0\n", "l.txt:2:1: a row of 1 cells; expected 2, as the header has");
    refuse(p, "# CPU,Core\n0,x\n",
           "l.txt:2:3: 'x' does not belong into this column; expected a number that lscpu prints "
           "there, or '-'");
    refuse(p, "# CPU,Core\n65536,0\n",
           "l.txt:2:1: '65536' does not belong into this column; expected a number that lscpu "
           "prints there, or '-'");
    refuse(p, "# CPU,Core\n1,0\n1,0\n", "l.txt: CPU 1 has two rows; expected one");
    refuse(p, "# CPU,Core\n,0\n", "l.txt: a row has no CPU number; expected one in each");
    refuse(p, "# CPU,Core,Core\n", "l.txt:1:12: this column stands twice");
    refuse(p, "# CPU,Core\n0,0\n# CPU,Core\n", "l.txt:3:3: a second header; expected one table");
    refuse(p, "# CPU,L1d:L1i:L2\n0,0:0:0:0\n",
           "l.txt:2:3: 4 caches; expected at most 3, as the header has");
}

static void test_e(void)
{
    g_autoptr(facts_t) f =
        read_as(&facts_lscpu_e, "CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE    MAXMHZ   MINMHZ\n"
                                "  0    0      0    0 0:0:0:0          yes 4100.0000 800.0000\n"
                                "  1    -      -    - -                 no         -        -\n"
                                "  2    0      0    0 0:0:0:0          yes 4100,0000 800,0000\n"
                                " 12    1      1    1 4:4:1:1          yes 3900.0000 800.0000\n");

    g_assert_cmpuint(f->cpus->len, ==, 4);
    assert_share(f, FACTS_CORE, 0, 2, true);
    assert_share(f, FACTS_L3, 0, 12, false);
    g_assert_true(facts_find_cpu(f, 1)->offline);
    g_assert_cmpint(facts_key(f, 1, FACTS_NODE), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(f, 2)->max_hz, ==, 4100000000);
    g_assert_cmpstr(f->block_sources[MACHINE_FREQUENCY], ==, "lscpu -e");
}

/* No ACPI table of an Arm machine: the package is called a cluster. No node, no cache. */
static void test_e_cluster(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_e, "CPU CLUSTER CORE ONLINE\n"
                                                   "0   0       0    oui\n"
                                                   "1   1       1    oui\n"
                                                   "2   -       -    non\n");

    assert_share(f, FACTS_PACKAGE, 0, 1, false);
    g_assert_cmpint(facts_key(f, 0, FACTS_CLUSTER), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_key(f, 0, FACTS_NODE), ==, FACTS_UNKNOWN);
    g_assert_cmpuint(f->nodes->len, ==, 0);
    g_assert_true(facts_find_cpu(f, 2)->offline);
    g_assert_false(facts_find_cpu(f, 1)->offline);
}

/* Books and drawers hold sockets that are counted in each; models have names of several words. */
static void test_e_books(void)
{
    g_autoptr(facts_t) f =
        read_as(&facts_lscpu_e, "CPU MODELNAME NODE DRAWER BOOK SOCKET CORE L1d:L1i:L2d:L2i\n"
                                "0 A Model 9 0 0 0 0 0 0:0:0:0\n"
                                "1 A Model 9 0 0 0 0 1 1:1:1:1\n"
                                "2 A Model 9 0 0 1 0 2 2:2:2:2\n");

    assert_share(f, FACTS_PACKAGE, 0, 1, true);
    assert_share(f, FACTS_PACKAGE, 0, 2, false);
    assert_share(f, FACTS_L2, 0, 1, false);
    g_assert_cmpstr(f->model, ==, "A Model 9");
}

static void test_e_errors(void)
{
    refuse(&facts_lscpu_e, "CPU NODE\n0 0 0\n",
           "l.txt:2:3: a row of 3 cells; expected 2, as the header has");
    refuse(&facts_lscpu_e, "CPU NODE\n0 1024\n",
           "l.txt:2:3: '1024' does not belong into this column; expected a number that lscpu "
           "prints there, or '-'");
    refuse(&facts_lscpu_e, "NODE CORE\n0 0\n",
           "l.txt: no column CPU; expected what lscpu -e prints");
    refuse(&facts_lscpu_e, "", "l.txt: no row of a CPU; expected what lscpu -e prints");
}

/* Two sockets of four cores of two threads, firmware's usual numbers, as a pipe has it. */
static void test_text(void)
{
    g_autoptr(facts_t) f =
        read_as(&facts_lscpu_text, "Architecture:          x86_64\n"
                                   "CPU(s):                16\n"
                                   "On-line CPU(s) list:   0-15\n"
                                   "Thread(s) per core:    2\n"
                                   "Core(s) per socket:    4\n"
                                   "Socket(s):             2\n"
                                   "Vendor ID:             AuthenticAMD\n"
                                   "CPU family:            25\n"
                                   "Model name:            An Engine @ 2.50GHz\n"
                                   "CPU max MHz:           3400.0000\n"
                                   "L1d cache:             256 KiB (8 instances)\n"
                                   "L2 cache:              4 MiB (8 instances)\n"
                                   "L3 cache:              71.5 MiB (4 instances)\n"
                                   "NUMA node0 CPU(s):     0-3,8-11\n"
                                   "NUMA node1 CPU(s):     4-7,12-15\n"
                                   "Vulnerability L1tf:    Not affected\n");

    assert_share(f, FACTS_CORE, 1, 9, true);
    assert_share(f, FACTS_CORE, 4, 12, true);
    assert_share(f, FACTS_CORE, 0, 1, false);
    assert_share(f, FACTS_L2, 1, 9, true);
    assert_share(f, FACTS_L2, 1, 2, false);
    assert_share(f, FACTS_L3, 0, 9, true);
    assert_share(f, FACTS_L3, 1, 2, false);
    assert_share(f, FACTS_PACKAGE, 3, 8, true);
    assert_share(f, FACTS_PACKAGE, 3, 4, false);
    g_assert_cmpint(facts_find_cpu(f, 0)->l1d_bytes, ==, 32 << 10);
    g_assert_cmpint(facts_find_cpu(f, 0)->l2_bytes, ==, 512 << 10);
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 143 << 17); /* 17.875 MiB */
    g_assert_cmpint(facts_find_cpu(f, 0)->base_hz, ==, 2500000000);
    g_assert_cmpint(facts_find_cpu(f, 0)->max_hz, ==, 3400000000);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 32);
    g_assert_cmpint(f->arch, ==, ARCH_X86_64);
    g_assert_cmpstr(facts_vendor_name(f->vendor), ==, "AMD");
    g_assert_true(facts_noted(f, "siblings are not stated: taken as CPUs i and i+N/2"));
    g_assert_true(facts_noted(f, "which CPUs share an LLC"));
}

/* A terminal indents and leaves "cache" out; a guest's siblings follow one another. */
static void test_text_tree(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_text, "Architecture:             x86_64\n"
                                                      "CPU(s):                   8\n"
                                                      "  On-line CPU(s) list:    0-7\n"
                                                      "Vendor ID:                GenuineIntel\n"
                                                      "  Model name:             -\n"
                                                      "    Thread(s) per core:   2\n"
                                                      "    Core(s) per socket:   2\n"
                                                      "    Socket(s):            2\n"
                                                      "    Flags:                fpu vme\n"
                                                      "                          sse: x\n"
                                                      "Caches (sum of all):\n"
                                                      "  L1d:                    192 KiB (4 inst"
                                                      "ances)\n"
                                                      "  L3:                     66 MiB (2 instan"
                                                      "ces)\n"
                                                      "NUMA:\n"
                                                      "  NUMA node(s):           3\n"
                                                      "  NUMA node0 CPU(s):      0-3\n"
                                                      "  NUMA node1 CPU(s):      4-7\n"
                                                      "  NUMA node5 CPU(s):\n");

    assert_share(f, FACTS_CORE, 0, 1, true);
    assert_share(f, FACTS_CORE, 1, 2, false);
    assert_share(f, FACTS_L3, 0, 3, true);
    assert_share(f, FACTS_L3, 3, 4, false);
    assert_share(f, FACTS_PACKAGE, 3, 4, false);
    g_assert_nonnull(facts_find_node(f, 5));
    g_assert_cmpint(facts_find_cpu(f, 0)->l1d_bytes, ==, 48 << 10);
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 33 << 20);
    g_assert_null(f->model);
    g_assert_cmpint(f->reclaim_distance, ==, 0);
}

/* Numbers that tell nothing leave the counts. */
static void test_text_counts(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_text, "Architecture:        aarch64\n"
                                                      "CPU(s):              8\n"
                                                      "On-line CPU(s) list: 0-7\n"
                                                      "Thread(s) per core:  2\n"
                                                      "Core(s) per socket:  2\n"
                                                      "Socket(s):           2\n"
                                                      "L2 cache:            2 MiB (4 instances)\n"
                                                      "NUMA node0 CPU(s):   0-3\n"
                                                      "NUMA node1 CPU(s):   4-7\n");

    g_assert_cmpint(f->threads_per_core, ==, 2);
    g_assert_true(f->lists_all_online);
    g_assert_cmpint(facts_find_cpu(f, 1)->group[FACTS_CORE], ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(f, 1)->group[FACTS_L2], ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(f, 1)->l2_bytes, ==, 512 << 10);
    assert_share(f, FACTS_PACKAGE, 0, 3, true);
    assert_share(f, FACTS_PACKAGE, 3, 4, false);
}

/* Sizes of one cache, as before 2.34; CPUs that are offline; one package of old words. */
static void test_text_old(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_text, "Architecture:          ppc64le\n"
                                                      "CPU(s):                8\n"
                                                      "On-line CPU(s) list:   0,1,4,5\n"
                                                      "Off-line CPU(s) list:  2,3,6,7\n"
                                                      "Thread(s) per core:    2\n"
                                                      "Core(s) per socket:    2\n"
                                                      "CPU socket(s):         1\n"
                                                      "L1d cache:             64K\n"
                                                      "L2 cache:              512K\n"
                                                      "L3 cache:              10240K\n"
                                                      "NUMA node8 CPU(s):     0-7\n");

    assert_share(f, FACTS_CORE, 0, 1, true);
    assert_share(f, FACTS_CORE, 1, 4, false);
    assert_share(f, FACTS_PACKAGE, 0, 5, true);
    g_assert_cmpint(facts_key(f, 0, FACTS_L3), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 10 << 20);
    g_assert_true(facts_find_cpu(f, 2)->offline);
    g_assert_cmpint(f->arch, ==, ARCH_PPC64);
}

/* Counts that leave more than one answer, or do not fit, place nobody. */
static void test_text_unsure(void)
{
    g_autoptr(facts_t) f = read_as(&facts_lscpu_text, "Architecture:        x86_64\n"
                                                      "CPU(s):              6\n"
                                                      "On-line CPU(s) mask: 0x3f\n"
                                                      "Thread(s) per core:  2\n"
                                                      "Core(s) per socket:  4\n"
                                                      "Socket(s):           1\n"
                                                      "L1d cache:           136 KiB (4 instances)\n"
                                                      "L2 cache:            3 MiB\n"
                                                      "NUMA node0 CPU(s):   3f\n");
    g_autoptr(facts_t) alternating = read_as(&facts_lscpu_text, "CPU(s):              4\n"
                                                                "Thread(s) per core:  1\n"
                                                                "Core(s) per socket:  2\n"
                                                                "Socket(s):           2\n");

    g_assert_cmpuint(f->cpus->len, ==, 6);
    g_assert_cmpint(facts_key(f, 0, FACTS_CORE), ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(f, 0)->l1d_bytes, ==, 34 << 10);
    g_assert_cmpint(facts_find_cpu(f, 0)->l2_bytes, ==, 0);
    g_assert_true(facts_noted(f, "do not fit the CPUs that are online"));
    g_assert_true(facts_noted(f, "3072 KiB together"));
    assert_share(alternating, FACTS_CORE, 0, 1, false);
    g_assert_cmpint(facts_key(alternating, 0, FACTS_PACKAGE), ==, FACTS_UNKNOWN);
    g_assert_true(facts_noted(alternating, "2 packages, and which CPUs share one is not stated"));
}

static void test_text_errors(void)
{
    refuse(&facts_lscpu_text, "CPU(s): 2\nThread(s) per core: two\n",
           "l.txt:2:21: Thread(s) per core is 'two'; expected what lscpu prints there, each field "
           "once");
    refuse(&facts_lscpu_text, "CPU(s): 2\nL2 cache: lots\n",
           "l.txt:2:11: L2 cache is 'lots'; expected what lscpu prints there, each field once");
    refuse(&facts_lscpu_text, "NUMA node0 CPU(s): 0\nNUMA node0 CPU(s): 0\n",
           "l.txt:2:20: NUMA node0 CPU(s) is '0'; expected what lscpu prints there, each field "
           "once");
    refuse(&facts_lscpu_text, "CPU(s): 2\nNUMA node0 CPU(s): 0-99999\n",
           "l.txt: '0-99999' is no list of CPUs; expected numbers below 65536");
    refuse(&facts_lscpu_text, "Architecture: x86_64\n",
           "l.txt: no CPU is online; expected 'CPU(s):' or 'On-line CPU(s) list:'");
}

static void test_json_summary(void)
{
    g_autoptr(facts_t) nested =
        read_as(&facts_lscpu_json,
                "{ \"lscpu\": [ {\"field\": \"Architecture:\", \"data\": \"aarch64\"},"
                " {\"field\": \"CPU(s):\", \"data\": \"4\", \"children\":"
                "  [{\"field\": \"On-line CPU(s) list:\", \"data\": \"0-3\"}]},"
                " {\"field\": \"Vendor ID:\", \"data\": \"ARM\", \"children\": ["
                "  {\"field\": \"Model name:\", \"data\": \"Cortex-A72\", \"children\": ["
                "   {\"field\": \"Thread(s) per core:\", \"data\": \"1\"},"
                "   {\"field\": \"Core(s) per cluster:\", \"data\": \"4\"},"
                "   {\"field\": \"Socket(s):\", \"data\": \"-\"},"
                "   {\"field\": \"Cluster(s):\", \"data\": \"1\"}]}]},"
                " {\"field\": \"Caches (sum of all):\", \"data\": null, \"children\":"
                "  [{\"field\": \"L2:\", \"data\": \"1 MiB (1 instance)\"}]},"
                " {\"field\": \"NUMA node1 CPU(s):\", \"data\": null}]}");
    g_autoptr(facts_t) flat =
        read_as(&facts_lscpu_json, "{\"lscpu\":[{\"field\":\"CPU(s):\",\"data\":\"2\"},"
                                   "{\"field\":\"Thread(s) per core:\",\"data\":\"1\"}]}");

    assert_share(nested, FACTS_CORE, 0, 1, false);
    assert_share(nested, FACTS_PACKAGE, 0, 3, true);
    assert_share(nested, FACTS_L2, 0, 3, true);
    g_assert_cmpint(nested->arch, ==, ARCH_ARM64);
    g_assert_nonnull(facts_find_node(nested, 1));
    g_assert_cmpuint(flat->cpus->len, ==, 2);
}

/* util-linux prints a bare '-' where it does not know a number. */
static void test_json_cpus(void)
{
    g_autoptr(facts_t) f =
        read_as(&facts_lscpu_json,
                "{\n  \"cpus\": [\n"
                "    { \"cpu\": 0, \"node\": 0, \"socket\": 0, \"core\": 0,\n"
                "      \"l1d:l1i:l2:l3\": \"0:0:0:0\", \"online\": true,\n"
                "      \"maxmhz\": 3100.5000 },\n"
                "    { \"cpu\": 1, \"node\": 0, \"socket\": 0, \"core\": 0,\n"
                "      \"l1d:l1i:l2:l3\": \"0:0:0:0\", \"online\": true,\n"
                "      \"maxmhz\": 3100.5000 },\n"
                "    { \"cpu\": 2, \"node\": -, \"socket\": -, \"core\": -,\n"
                "      \"l1d:l1i:l2:l3\": \"-\", \"online\": false, \"maxmhz\": - } ] }");

    assert_share(f, FACTS_CORE, 0, 1, true);
    assert_share(f, FACTS_L3, 0, 1, true);
    g_assert_true(facts_find_cpu(f, 2)->offline);
    g_assert_cmpint(facts_find_cpu(f, 0)->max_hz, ==, 3100500000);
}

static void test_json_caches(void)
{
    g_autoptr(facts_t) f =
        read_as(&facts_lscpu_json,
                "{\"caches\":[{\"name\":\"L1d\",\"one-size\":\"48K\",\"coherency-size\":64},"
                "{\"name\":\"L1i\",\"one-size\":\"32K\"},"
                "{\"name\":\"L2\",\"one-size\":\"1.3M\"},"
                "{\"name\":\"L3\",\"one-size\":\"37486592\"}]}");

    g_assert_cmpint(f->l1d_bytes, ==, 48 << 10);
    g_assert_cmpint(f->l2_bytes, ==, 5 << 18);
    g_assert_cmpint(f->l3_bytes, ==, 37486592);
    g_assert_cmpint(f->cache_line_bytes, ==, 64);
}

static void test_json_errors(void)
{
    g_autoptr(GString) deep = g_string_new("{\"lscpu\":");
    g_autoptr(GError) error = NULL;
    struct facts_input in;

    refuse(&facts_lscpu_json, "{}",
           "l.txt: no output of lscpu -J; expected an object with \"lscpu\", \"cpus\" or "
           "\"caches\"");
    refuse(&facts_lscpu_json, "{\"cpus\":[{\"cpu\":\"x\"}]}",
           "l.txt: cpus[0]: 'x' does not belong into this column; expected a number that lscpu "
           "prints there, or '-'");
    refuse(&facts_lscpu_json, "{\"cpus\":[7]}",
           "l.txt: cpus[0] is no CPU; expected {\"cpu\": 0, ...}");
    refuse(&facts_lscpu_json, "{\"lscpu\":[{\"data\":\"1\"}]}",
           "l.txt: a field without a name; expected {\"field\": \"CPU(s):\", ...}");
    refuse(&facts_lscpu_json, "{\"caches\":[{\"name\":\"L2\",\"one-size\":\"big\"}]}",
           "l.txt: 'big' is no size of a cache; expected one like '48K'");
    for (int i = 0; i < 100000; i++) {
        g_string_append_c(deep, '[');
    }
    refuse(&facts_lscpu_json, deep->str,
           "l.txt: more than 1048576 values, or 16 levels; expected what lscpu prints");
    in = input("l.txt", "{\"lscpu\":\n [}");
    g_assert_null(facts_lscpu_json.read(&in, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, "l.txt:2:"));
    g_assert_true(g_str_has_suffix(error->message, "; expected JSON"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lscpu/unknown-column", test_unknown_column);
    g_test_add_func("/lscpu/p", test_p);
    g_test_add_func("/lscpu/p/list", test_p_list);
    g_test_add_func("/lscpu/p/missing-caches", test_p_missing_caches);
    g_test_add_func("/lscpu/p/physical", test_p_physical);
    g_test_add_func("/lscpu/p/errors", test_p_errors);
    g_test_add_func("/lscpu/e", test_e);
    g_test_add_func("/lscpu/e/cluster", test_e_cluster);
    g_test_add_func("/lscpu/e/books", test_e_books);
    g_test_add_func("/lscpu/e/errors", test_e_errors);
    g_test_add_func("/lscpu/text", test_text);
    g_test_add_func("/lscpu/text/tree", test_text_tree);
    g_test_add_func("/lscpu/text/counts", test_text_counts);
    g_test_add_func("/lscpu/text/old", test_text_old);
    g_test_add_func("/lscpu/text/unsure", test_text_unsure);
    g_test_add_func("/lscpu/text/errors", test_text_errors);
    g_test_add_func("/lscpu/json/summary", test_json_summary);
    g_test_add_func("/lscpu/json/cpus", test_json_cpus);
    g_test_add_func("/lscpu/json/caches", test_json_caches);
    g_test_add_func("/lscpu/json/errors", test_json_errors);
    return g_test_run();
}
