/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of `numactl --hardware`, read and written. */
#include <string.h>

#include "base/error.h"
#include "facts-fixture.h"
#include "format/machine/write.h"
#include "format/machine/topology-yaml.h"

static struct facts_input input(const char *text)
{
    return (struct facts_input){.name = "n.txt", .bytes = text, .size = strlen(text)};
}

static struct facts *read_text(const char *text)
{
    const struct facts_input in = input(text);

    g_assert_true(facts_numactl.recognises(&in));
    return facts_text(&facts_numactl, "n.txt", text);
}

static void refuse(const char *text, const char *message)
{
    facts_text_refused(&facts_numactl, "n.txt", text, message);
}

static void test_two_nodes(void)
{
    g_autoptr(facts_t) f = read_text("available: 2 nodes (0-1)\n"
                                     "node 0 cpus: 0 1 4 5\n"
                                     "node 0 size: 31987 MB\n"
                                     "node 0 free: 812 MB\n"
                                     "node 1 cpus: 2 3 6 7\n"
                                     "node 1 size: 32253 MB\n"
                                     "node 1 free: 30101 MB\n"
                                     "node distances:\n"
                                     "node   0   1 \n"
                                     "  0:  10  21 \n"
                                     "  1:  22  10 \n");

    g_assert_cmpuint(f->cpus->len, ==, 8);
    g_assert_cmpuint(f->nodes->len, ==, 2);
    g_assert_cmpint(facts_find_cpu(f, 5)->group[FACTS_NODE], ==, 0);
    g_assert_cmpint(facts_find_cpu(f, 6)->group[FACTS_NODE], ==, 1);
    g_assert_cmpint(facts_find_cpu(f, 6)->group[FACTS_CORE], ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, INT64_C(31987) << 20);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 1), ==, 21);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 0), ==, 22);
    g_assert_cmpuint(f->notes->len, ==, 0);
    g_assert_cmpstr(f->source, ==, "numactl --hardware in n.txt");
}

/* Sparse numbers, a node without CPUs, one without memory, broken lines, a prompt, CR LF. */
static void test_odd_machine(void)
{
    g_autoptr(facts_t) f = read_text("$ numactl -H\r\n"
                                     "available: 3 nodes (0,8,250)\r\n"
                                     "node 0 cpus: 0 1 2 3\r\n"
                                     " 64 65\r\n"
                                     "node 0 size: 0 MB\r\n"
                                     "node 0 free: 0 MB\r\n"
                                     "node 8 cpus: 4-7,70\r\n"
                                     "node 8 size: 1000 MB\r\n"
                                     "node 8 free: 1 MB\r\n"
                                     "node 250 cpus:\r\n"
                                     "node 250 size: <not available>\r\n"
                                     "node 250 free: <not available>\r\n"
                                     "node distances:\r\n"
                                     "node   0   8  250 \r\n"
                                     "  0:  10  40  80 \r\n"
                                     "  8:  40  10  80 \r\n"
                                     " 250:  80  80  10 \r\n"
                                     "\r\n"
                                     "$ exit\r\n");

    g_assert_cmpuint(f->cpus->len, ==, 11);
    g_assert_cmpint(facts_find_cpu(f, 65)->group[FACTS_NODE], ==, 0);
    g_assert_cmpint(facts_find_cpu(f, 70)->group[FACTS_NODE], ==, 8);
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, 0);
    g_assert_cmpint(facts_find_node(f, 250)->memory_bytes, ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 250, 8), ==, 80);
}

static void test_no_distances(void)
{
    g_autoptr(facts_t) f = read_text("available: 1 nodes (0)\n"
                                     "node 0 cpus: 0\n"
                                     "node 0 size: 16222 MB\n"
                                     "node 0 free: 15681 MB\n"
                                     "No distance information available.\n");

    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 0), ==, 0);
    g_assert_null(f->block_sources[MACHINE_DISTANCES]);
    g_assert_true(facts_noted(f, "no distances are known"));
}

/* A version that prints nodes that are not there, with distance 0, and hides one that is. */
static void test_hidden_nodes(void)
{
    g_autoptr(facts_t) f = read_text("available: 4 nodes (0-3)\n"
                                     "node 0 cpus: 0\n"
                                     "node 0 size: 100 MB\n"
                                     "node 3 cpus: 1 0\n"
                                     "node 3 size: 100 MB\n"
                                     "node distances:\n"
                                     "node   0   1   2   3\n"
                                     "  0:  10   0  20  30\n"
                                     "  1:   0   0   0   0\n"
                                     "  2:  20   0  10  20\n"
                                     "  3:  30   0  20  10\n");

    g_assert_null(facts_find_node(f, 1));
    g_assert_nonnull(facts_find_node(f, 2));
    g_assert_cmpint(facts_find_cpu(f, 0)->group[FACTS_NODE], ==, 0);
    g_assert_true(facts_noted(f, "4 nodes are available, and lists 2"));
    g_assert_true(facts_noted(f, "node 2 has distances but no line"));
    g_assert_true(facts_noted(f, "on several nodes, 1 times"));
}

static void test_errors(void)
{
    refuse("nothing\n", "n.txt:1:1: no output of numactl --hardware; expected 'available: N nodes "
                        "(0-M)'");
    refuse("available: 1 nodes (0)\n", "n.txt:1:1: no node is listed; expected 'node N cpus:'");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0 x1\n",
           "n.txt:2:16: 'x1' is no CPU number; expected 0..65535");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 65536\n",
           "n.txt:2:14: '65536' is no CPU number; expected 0..65535");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 3-1\n",
           "n.txt:2:16: this range of CPUs has no end; expected one below 65536");
    refuse("available: 1 nodes (0)\nnode 1024 cpus: 0\n",
           "n.txt:2:1: no line of a node; expected 'node N cpus:', N below 1024");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0\nnode 0 cpus: 1\n",
           "n.txt:3:6: node 0 stands twice");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0\nnode 0 size: 5 GB\n",
           "n.txt:3:14: '5' begins no size of memory; expected one like '64502 MB'");
    refuse("available: 1 nodes (0)\nnode 0 size: 5 MB\n",
           "n.txt:2:8: 'size:' of node 0; expected 'cpus:' and then 'size:' and 'free:'");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0\nnode distances:\nnode 0\n 0: 256\n",
           "n.txt:5:5: '256' is no distance; expected 0..255");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0\nnode distances:\nnode 0 1\n 0: 10\n",
           "n.txt:5:7: node 0 has 1 distances; expected 2, one for each node of the header");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0\nnode distances:\nnode 0\n 0: 10 20\n",
           "n.txt:5:8: one distance too many; expected 1");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0-65535 0-65535 7\n",
           "n.txt:2:30: CPUs are listed again and again; expected each on one node");
    refuse("available: 1 nodes (0)\nnode 0 cpus: 0\nhello there\n",
           "n.txt:3:1: not a line of numactl --hardware; expected 'node N cpus:', 'size:' or "
           "'free:', or distances");
}

static void test_recognises(void)
{
    static const char *const others[] = {
        "", "available: many nodes\n", "NUMA node(s): 2\n", "# CPU,Core,Socket,Node\n0,0,0,0\n",
        "policy: default\npreferred node: current\nphyscpubind: 0 1\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        const struct facts_input in = input(others[i]);

        g_assert_false(facts_numactl.recognises(&in));
    }
    g_assert_false(facts_numactl.recognises(&(struct facts_input){.name = "d", .folder = "d"}));
}

static void test_write(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("G_TEST_SRCDIR"), "topologies", "teach-numa-2x4.yaml", NULL);
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(machine_t) m = topology_read_yaml(path, NULL);
    g_autofree char *text = NULL;

    g_assert_nonnull(m);
    m->nodes[1].os_id = 4;
    m->nodes[0].memory_bytes = (INT64_C(8) << 30) + 1;
    text = machine_numactl.write(m, notes, NULL);
    g_assert_true(g_str_has_prefix(text, "available: 2 nodes (0,4)\n"
                                         "node 0 cpus: 0 1 2 3\n"
                                         "node 0 size: 8192 MB\n"
                                         "node 0 free: 8192 MB\n"
                                         "node 4 cpus: 4 5 6 7\n"));
    g_assert_nonnull(strstr(text, "node distances:\nnode   0   4 \n  0:  10  "));
    g_assert_cmpuint(notes->len, ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numactl/two-nodes", test_two_nodes);
    g_test_add_func("/numactl/odd-machine", test_odd_machine);
    g_test_add_func("/numactl/no-distances", test_no_distances);
    g_test_add_func("/numactl/hidden-nodes", test_hidden_nodes);
    g_test_add_func("/numactl/errors", test_errors);
    g_test_add_func("/numactl/recognises", test_recognises);
    g_test_add_func("/numactl/write", test_write);
    return g_test_run();
}
