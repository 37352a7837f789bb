/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU command lines as machines, and machines as QEMU command lines. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "facts-fixture.h"
#include "format/machine/write.h"
#include "format/machine/topology-yaml.h"

static struct facts *read_bytes(const char *bytes, size_t size, GError **error)
{
    const struct facts_input in = {.name = "vm", .bytes = bytes, .size = size};

    return facts_qemu.read(&in, error);
}

static struct facts *read_good(const char *text)
{
    return facts_text(&facts_qemu, "vm", text);
}

static int32_t node_of(const struct facts *f, int32_t cpu)
{
    return facts_key(f, cpu, FACTS_NODE);
}

/* What QEMU makes of an -smp that leaves levels out (hw/core/machine-smp.c). */
static void test_smp(void)
{
    static const struct {
        const char *text;
        guint cpus, cores, dies, packages;
    } good[] = {
        {"-smp 8", 8, 8, 1, 1},
        {"-M q35 -smp 8", 8, 8, 1, 1},
        {"-M pc-q35-6.1 -smp 8", 8, 8, 8, 8},
        {"-M pc-i440fx-6.2 -smp cpus=8", 8, 8, 1, 1},
        {"-smp 8,threads=2", 8, 4, 1, 1},
        {"-smp 8,sockets=2", 8, 8, 2, 2},
        {"-smp 8,sockets=2,cores=2", 8, 4, 2, 2},
        {"-smp 8,cores=2,threads=2", 8, 4, 2, 2},
        {"-M pc-q35-6.1 -smp 8,cores=2", 8, 8, 4, 4},
        {"-M pc-q35-4.2 -smp 8,sockets=2", 8, 8, 2, 2},
        {"-smp 24,sockets=2,dies=3", 24, 24, 6, 2},
        {"-smp sockets=2,cores=3,threads=2", 12, 6, 2, 2},
        {"-smp 2,maxcpus=8,sockets=2", 2, 2, 1, 1},
        {"-smp 1 -smp cpus=4", 4, 4, 1, 1},
        {"-m 1G -numa node", 1, 1, 1, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(facts_t) f = read_good(good[i].text);

        g_test_message("%s", good[i].text);
        g_assert_cmpuint(f->cpus->len, ==, good[i].cpus);
        g_assert_cmpuint(facts_nr_keys(f, FACTS_CORE), ==, good[i].cores);
        g_assert_cmpuint(facts_nr_keys(f, FACTS_DIE), ==, good[i].dies);
        g_assert_cmpuint(facts_nr_keys(f, FACTS_PACKAGE), ==, good[i].packages);
    }
}

/* Siblings stand next to each other. */
static void test_numbering(void)
{
    g_autoptr(facts_t) f = read_good("-smp 8,sockets=2,cores=2,threads=2");

    for (int32_t cpu = 0; cpu < 8; cpu++) {
        g_assert_cmpint(facts_find_cpu(f, cpu)->group[FACTS_CORE], ==, cpu / 2);
        g_assert_cmpint(facts_find_cpu(f, cpu)->group[FACTS_PACKAGE], ==, cpu / 4);
    }
}

static void test_nodes(void)
{
    g_autoptr(facts_t) f =
        read_good("qemu-system-x86_64 -machine q35,hmat=on -m 7G -smp 4,sockets=2,cores=2 \\\n"
                  " -object memory-backend-ram,id=a,size=1.5G,host-nodes=0-1,policy=bind \\\n"
                  " -object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"b\","
                  "\"size\":4294967296}' \\\n"
                  " -object memory-backend-file,id=c,size=1536M,mem-path=/dev/shm/c \\\n"
                  " -numa node,nodeid=0,cpus=0,cpus=2,memdev=a -numa node,nodeid=1,cpus=1,memdev=b,"
                  "cpus=3 -numa node,nodeid=5,memdev=c,initiator=1 \\\n"
                  " -numa dist,src=0,dst=1,val=21 -numa dist,src=5,dst=0,val=0x1e \\\n"
                  " -numa dist,src=1,dst=5,val=14 -numa dist,src=5,dst=1,val=15 \\\n"
                  " -numa hmat-lb,initiator=0,target=5,hierarchy=memory,data-type=read-latency,"
                  "latency=250 \\\n"
                  " -numa hmat-lb,initiator=0,target=5,hierarchy=memory,data-type=write-latency,"
                  "latency=900 \\\n"
                  " -numa hmat-lb,initiator=1,target=5,hierarchy=memory,"
                  "data-type=access-bandwidth,bandwidth=30G \\\n"
                  " -numa hmat-cache,node-id=5,size=64M,level=1,associativity=direct,"
                  "policy=write-back,line=64 # the end\n");

    g_assert_cmpuint(f->nodes->len, ==, 3);
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, INT64_C(1610612736));
    g_assert_cmpint(facts_find_node(f, 1)->memory_bytes, ==, INT64_C(4294967296));
    g_assert_cmpint(facts_find_node(f, 5)->memory_bytes, ==, INT64_C(1610612736));
    g_assert_cmpint(facts_find_node(f, 5)->side_cache_bytes, ==, INT64_C(67108864));
    g_assert_cmpint(facts_find_node(f, 5)->near_cpu, ==, 1);
    g_assert_cmpint(node_of(f, 0), ==, 0);
    g_assert_cmpint(node_of(f, 1), ==, 1);
    g_assert_cmpint(node_of(f, 2), ==, 0);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 0), ==, 10);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 0), ==, 21);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 5), ==, 30);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 5), ==, 14);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 5, 1), ==, 15);
    g_assert_cmpint(facts_pair_get(f, FACTS_LATENCY_NS, 0, 5), ==, 250);
    g_assert_cmpint(facts_pair_get(f, FACTS_BANDWIDTH_BYTES_PER_S, 1, 5), ==, INT64_C(32212254720));
    g_assert_cmpuint(f->pins->len, ==, 1);
    g_assert_cmpstr(((struct facts_pin *)g_ptr_array_index(f->pins, 0))->host, ==, "0-1");
    g_assert_cmpint(f->arch, ==, ARCH_X86_64);
}

/* Nodes without cpus= get whole sockets in turn; what another node leaves goes to node 0. */
static void test_default_nodes(void)
{
    g_autoptr(facts_t) turns = read_good("-smp 8,sockets=4 -numa node -numa node,mem=512");
    g_autoptr(facts_t) rest = read_good("-smp 4 -numa node,mem=1G -numa node,cpus=3,mem=1G");
    g_autoptr(facts_t) by_ids =
        read_good("-smp 8,sockets=2,cores=2,threads=2 -numa node -numa node "
                  "-numa cpu,node-id=1,socket-id=0 -numa cpu,node-id=0,socket-id=1,core-id=0 "
                  "-numa cpu,node-id=1,socket-id=1,core-id=1,thread-id=1 "
                  "-numa cpu,node-id=0,socket-id=1,core-id=1,thread-id=0");
    static const int32_t expected[] = {1, 1, 1, 1, 0, 0, 0, 1};

    g_assert_cmpint(node_of(turns, 1), ==, 0);
    g_assert_cmpint(node_of(turns, 2), ==, 1);
    g_assert_cmpint(node_of(turns, 4), ==, 0);
    g_assert_cmpint(facts_find_node(turns, 0)->memory_bytes, ==, 0);
    g_assert_cmpint(facts_find_node(turns, 1)->memory_bytes, ==, 512 << 20);
    g_assert_cmpint(facts_pair_get(turns, FACTS_DISTANCE, 0, 1), ==, 20);
    g_assert_true(facts_noted(turns, "whole sockets in turn"));
    g_assert_cmpint(node_of(rest, 0), ==, 0);
    g_assert_cmpint(node_of(rest, 3), ==, 1);
    g_assert_true(facts_noted(rest, "CPUs 0-2 are given to no node"));
    for (int32_t cpu = 0; cpu < 8; cpu++) {
        g_assert_cmpint(node_of(by_ids, cpu), ==, expected[cpu]);
    }
}

static void test_caches(void)
{
    g_autoptr(facts_t) intel = read_good("-cpu Skylake-Server -smp 8,dies=2,threads=2");
    g_autoptr(facts_t) none = read_good("-cpu Skylake-Server,l3-cache=off -smp 4");
    g_autoptr(facts_t) host = read_good("-cpu host,host-cache-info=on -smp 4");
    g_autoptr(facts_t) zen = read_good("-enable-kvm -cpu EPYC-Rome -smp 8,dies=2");
    g_autoptr(facts_t) emulated = read_good("-accel tcg -cpu EPYC-Rome -smp 8,dies=2");
    g_autoptr(facts_t) topoext = read_good("-cpu EPYC-Rome,+topoext -smp 8,dies=2");
    g_autoptr(facts_t) arm = read_good("qemu-system-aarch64 -M virt -smp 8,clusters=2");

    g_assert_cmpuint(facts_nr_keys(intel, FACTS_L2), ==, 4);
    g_assert_cmpuint(facts_nr_keys(intel, FACTS_L3), ==, 2);
    g_assert_cmpstr(intel->vendor, ==, "Intel");
    g_assert_cmpint(intel->reclaim_distance, ==, 30);
    g_assert_cmpint(facts_find_cpu(none, 0)->group[FACTS_L3], ==, FACTS_UNKNOWN);
    g_assert_cmpint(facts_find_cpu(none, 0)->group[FACTS_L2], ==, 0);
    g_assert_cmpint(facts_find_cpu(host, 0)->group[FACTS_L2], ==, FACTS_UNKNOWN);
    g_assert_true(facts_noted(host, "host-cache-info=on"));
    g_assert_cmpuint(facts_nr_keys(zen, FACTS_L3), ==, 2);
    g_assert_cmpint(zen->reclaim_distance, ==, 32);
    g_assert_cmpuint(facts_nr_keys(emulated, FACTS_L3), ==, 1);
    g_assert_cmpuint(facts_nr_keys(topoext, FACTS_L3), ==, 2);
    g_assert_cmpint(arm->arch, ==, ARCH_ARM64);
    g_assert_cmpuint(facts_nr_keys(arm, FACTS_CLUSTER), ==, 2);
    g_assert_cmpint(facts_find_cpu(arm, 0)->group[FACTS_L3], ==, FACTS_UNKNOWN);
}

/* The guest kernel's own options. */
static void test_boot(void)
{
    g_autoptr(facts_t) isolated =
        read_good("-smp 8 -append 'quiet isolcpus=domain,managed_irq,2-3,6 -- isolcpus=1'");
    g_autoptr(facts_t) nohz = read_good("-smp 8 -append isolcpus=nohz,2-3");
    g_autoptr(facts_t) bare = read_good("-smp 4 -append quiet isolcpus=1 maxcpus=3 -m 1G");
    g_autoptr(facts_t) all = read_good("-smp 4 -append isolcpus=0-3");
    g_autoptr(facts_t) nosmt = read_good("-smp 4,threads=2 -append nosmt");
    g_autoptr(facts_t) few = read_good("-smp 4 -append nr_cpus=2");
    g_autoptr(facts_t) off =
        read_good("-smp 4 -append 'numa=off relax_domain_level=3' -numa node,mem=1G,cpus=0-1 "
                  "-numa node,mem=1G,cpus=2-3");

    for (int32_t cpu = 0; cpu < 8; cpu++) {
        g_assert_cmpint(facts_find_cpu(isolated, cpu)->isolated, ==,
                        cpu == 2 || cpu == 3 || cpu == 6);
        g_assert_false(facts_find_cpu(nohz, cpu)->isolated);
    }
    g_assert_true(facts_find_cpu(bare, 1)->isolated);
    g_assert_true(facts_find_cpu(bare, 3)->offline);
    g_assert_false(facts_find_cpu(bare, 2)->offline);
    g_assert_cmpint(facts_find_node(bare, 0)->memory_bytes, ==, 1 << 30);
    g_assert_false(facts_find_cpu(all, 0)->isolated);
    g_assert_true(facts_find_cpu(all, 1)->isolated);
    g_assert_true(facts_find_cpu(nosmt, 1)->offline);
    g_assert_false(facts_find_cpu(nosmt, 2)->offline);
    g_assert_cmpuint(few->cpus->len, ==, 2);
    g_assert_cmpuint(off->nodes->len, ==, 1);
    g_assert_cmpint(facts_find_node(off, 0)->memory_bytes, ==, INT64_C(1) << 31);
    g_assert_cmpint(node_of(off, 3), ==, 0);
    g_assert_true(facts_noted(off, "relax_domain_level=3"));
}

static void test_devices(void)
{
    g_autoptr(facts_t) f = read_good(
        "-smp 1,maxcpus=4,sockets=2,cores=2 -object memory-backend-ram,id=d,size=256M "
        "-device qemu64-x86_64-cpu,socket-id=1,core-id=0,thread-id=0 "
        "-numa node,mem=1G,cpus=0-1 -numa node,mem=1G,cpus=2-3 -device pc-dimm,memdev=d,node=1");

    g_assert_cmpuint(f->cpus->len, ==, 2);
    g_assert_cmpint(node_of(f, 1), ==, 1);
    g_assert_cmpint(facts_find_node(f, 1)->memory_bytes, ==, INT64_C(1342177280));
    g_assert_true(facts_noted(f, "of 4 possible CPUs 2 are there"));
}

/* As /proc/PID/cmdline, and as `tr` or an editor leaves it. */
static void test_forms(void)
{
    static const char zeros[] = "qemu-system-aarch64\0-M\0virt\0-smp\0"
                                "4,sockets=2\0-append\0a isolcpus=1\0-numa\0node,cpus=0-3";
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) nul = read_bytes(zeros, sizeof(zeros), &error);
    g_autoptr(facts_t) lines =
        read_good("qemu-system-aarch64\n-M\nvirt\n-smp\n4,sockets=2\n-append\na isolcpus=1\n"
                  "-numa\nnode,cpus=0-3\n");
    g_autoptr(facts_t) quoted =
        read_good("FOO=\"a b\" qemu-system-aarch64 -M virt -smp \"4,\"sock\\\nets='2' -append \"x "
                  "isolcpus=1\"");

    g_assert_no_error(error);
    for (int i = 0; i < 3; i++) {
        const struct facts *f = i == 0 ? nul : i == 1 ? lines : quoted;

        g_assert_cmpint(f->arch, ==, ARCH_ARM64);
        g_assert_cmpuint(f->cpus->len, ==, 4);
        g_assert_cmpuint(facts_nr_keys(f, FACTS_PACKAGE), ==, 2);
        g_assert_true(facts_find_cpu(f, 1)->isolated);
        g_assert_false(facts_find_cpu(f, 0)->isolated);
    }
}

static void test_bad(void)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"-smp 8,sokets=2", "vm:1:8: -smp has no 'sokets'*(did you mean 'sockets'?)"},
        {"-smp 0", "vm:1:6: '0' for cpus; expected an integer of 1..4096"},
        {"-smp 8,cores=x", "vm:1:14: 'x' for cores*"},
        {"-smp 8,cores=99999", "vm:1:14: '99999' for cores*"},
        {"-smp 9,sockets=2,cores=2,threads=2",
         "vm:1:6: sockets, cores and the other levels make 8 CPUs*"},
        {"-smp 4096,sockets=4096,cores=4096,threads=4096", "vm:1:6: sockets, cores*"},
        {"-smp 8,maxcpus=4", "vm:1:6: 8 CPUs; expected at most maxcpus, 4"},
        {"-smp", "vm:1:1: -smp is the last word*"},
        {"-smp 4 \\\n -numa nod,nodeid=0", "vm:2:8: -numa 'nod'; expected node*"},
        {"-smp 4 \\\n  -numa node,nodeid=0,cups=0", "vm:2:23: -numa node has no 'cups'*'cpus'?)"},
        {"-smp 4 -numa node,cpus=2-1", "vm:1:24: '2-1' for cpus*"},
        {"-smp 4 -numa node,cpus=0-7", "vm:1:24: CPU 7 of node 0; expected one below maxcpus, 4"},
        {"-smp 4 -numa node,cpus=0 -numa node,cpus=0-3", "vm:1:42: CPU 0 for node 1*node 0*"},
        {"-smp 4 -numa node,nodeid=1 -numa node,nodeid=1", "vm:1:46: node 1 again*"},
        {"-smp 4 -numa node,nodeid=4000", "vm:1:26: '4000' for nodeid*0..1023"},
        {"-smp 4 -numa node,memdev=m", "vm:1:14: memdev=m is not there*"},
        {"-smp 4 -numa node,mem=1X", "vm:1:23: '1X' for mem; expected a size such as 512M"},
        {"-smp 4 -m 99999999E", "vm:1:11: '99999999E' for size is too large*"},
        {"-smp 4 -numa node -numa dist,src=0,dst=1,val=20", "vm:1:40: dst=1 is no node*"},
        {"-smp 4 -numa node -numa dist,src=0,dst=0,val=20", "vm:1:46: distance 20 from node 0*"},
        {"-smp 4 -numa node -numa dist,src=0,val=20", "vm:1:25: -numa dist without dst*"},
        {"-smp 4 -numa node -numa cpu,node-id=0,socket-id=7", "vm:1:25: -smp makes no CPU*"},
        {"-smp 4 -numa node -numa hmat-lb,initiator=0,target=0,data-type=speed",
         "vm:1:64: data-type 'speed'*"},
        {"-smp 4 -numa node -numa hmat-lb,initiator=0,target=0,data-type=access-latency",
         "vm:1:25: access-latency without its number; expected latency=NS"},
        {"-smp 4 -numa node -numa hmat-cache,node-id=0", "vm:1:25: -numa hmat-cache without size*"},
        {"-smp 4 -object memory-backend-ram,id=a", "vm:1:16: memory-backend-ram without size*"},
        {"-smp 4 -object '{\"qom-type\":'", "vm:1:17: no valid JSON*"},
        {"-smp 4 -append 'x isolcpus=domain,3-1'", "vm:1:35: isolcpus=domain,3-1*"},
        {"-smp 4 -append mem=lots", "vm:1:20: 'lots' for mem*"},
        {"-smp 4 -append mem=0", "vm:1:20: mem=0 leaves no memory*"},
        {"-M q35,smp-cache.0.cache=l3,smp-cache.0.topology=modul -smp 4",
         "vm:1:50: 'modul' for smp-cache.0.topology; expected*"},
        {"node 0 cpus: 0 1", "vm:1:1: no option of QEMU's*"},
        {"-smp 4 \\\n -append 'never closed", "vm:2:10: the quote ' is not closed*"},
        {"-smp 2,maxcpus=2 -device host-x86_64-cpu,socket-id=0", "vm:1:26: a CPU device without*"},
        {"-smp 4 -object memory-backend-ram,id=a,size=1 -device pc-dimm,memdev=a,node=3",
         "vm:1:55: a memory device on node 3*"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        struct facts *f = read_bytes(bad[i].text, strlen(bad[i].text), &error);

        g_assert_null(f);
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        if (!g_pattern_match_simple(bad[i].message, error->message)) {
            g_test_message("%s:\n got '%s'\nnot '%s'", bad[i].text, error->message, bad[i].message);
            g_test_fail();
        }
    }
}

static void test_recognises(void)
{
    static const struct {
        const char *text;
        bool is;
    } texts[] = {
        {"-smp 4", true},
        {"-m 1G -numa node", true},
        {"/usr/bin/qemu-system-x86_64 -m 1G", true},
        {"qemu-system-x86_64 is a program", false},
        {"see -m of lscpu", false},
        {"source: aqemu-system-x86_64 -m 1G", false},
        {"numa: node", false},
        {"<domain> -smp 4", false},
        {"pack:2 core:4", false},
        {"", false},
        {"x-smp 4", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const struct facts_input in = {
            .name = "vm", .bytes = texts[i].text, .size = strlen(texts[i].text)};

        g_assert_cmpint(facts_qemu.recognises(&in), ==, texts[i].is);
    }
}

/* What a written command line and its reading keep. */
struct trip {
    const struct machine *before, *after;
    int32_t *place; /* [nr_cpus], which CPU of @after a CPU of @before is */
};

static gint compare_places(gconstpointer a, gconstpointer b, gpointer data)
{
    const struct machine *m = data;
    const int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    const struct machine_cpu *x = &m->cpus[i], *y = &m->cpus[j];

    if (x->package != y->package) {
        return x->package - y->package;
    }
    if (x->llc != y->llc && m->arch == ARCH_X86_64) {
        return x->llc - y->llc;
    }
    return x->core != y->core ? x->core - y->core : i - j;
}

/* Whether the CPUs share what is at @offset in the same way before and after. */
static void check_group(const struct trip *t, const char *what, size_t offset)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (int32_t cpu = 0; cpu < t->before->nr_cpus; cpu++) {
        int32_t before, after;
        gpointer known;

        memcpy(&before, (const char *)&t->before->cpus[cpu] + offset, sizeof(before));
        memcpy(&after, (const char *)&t->after->cpus[t->place[cpu]] + offset, sizeof(after));
        if (g_hash_table_lookup_extended(seen, GINT_TO_POINTER(before), NULL, &known)) {
            if (GPOINTER_TO_INT(known) != after) {
                g_test_message("%s: CPU %d: other %s", t->before->name, cpu, what);
                g_test_fail();
            }
        } else {
            g_hash_table_insert(seen, GINT_TO_POINTER(before), GINT_TO_POINTER(after));
        }
    }
}

static void check_pairs(const struct trip *t)
{
    const struct machine *a = t->before, *b = t->after;
    const int32_t n = a->nr_nodes;

    for (int32_t i = 0; i < n * n; i++) {
        const bool from_cpus = bitmap_weight(machine_node_cpus(a, i / n), (uint32_t)a->nr_cpus) > 0;

        g_assert_cmpint(a->distances[i], ==, b->distances[i]);
        if (!from_cpus) {
            continue;
        }
        g_assert_cmpint(a->latency_ns[i], ==, b->latency_ns[i]);
        if (a->bandwidth_bytes_per_s != NULL && a->bandwidth_bytes_per_s[i] > 0) {
            const int64_t slack = MAX(a->bandwidth_bytes_per_s[i] / 64, 1 << 20);

            g_assert_cmpint(ABS(a->bandwidth_bytes_per_s[i] - b->bandwidth_bytes_per_s[i]), <=,
                            slack);
        }
    }
}

static void check_trip(const struct trip *t)
{
    const struct machine *a = t->before, *b = t->after;

    check_group(t, "core", offsetof(struct machine_cpu, core));
    check_group(t, "thread", offsetof(struct machine_cpu, thread));
    check_group(t, "package", offsetof(struct machine_cpu, package));
    check_group(t, "node", offsetof(struct machine_cpu, node));
    g_assert_cmpint(a->nr_cores, ==, b->nr_cores);
    g_assert_cmpint(a->nr_packages, ==, b->nr_packages);
    if (a->arch == ARCH_X86_64) {
        check_group(t, "LLC", offsetof(struct machine_cpu, llc));
        g_assert_cmpint(a->nr_llcs, ==, b->nr_llcs);
        g_assert_cmpint(a->numa_in_package, ==, b->numa_in_package);
        g_assert_cmpint(a->reclaim_distance, ==, b->reclaim_distance);
    }
    for (int32_t node = 0; node < a->nr_nodes; node++) {
        g_assert_cmpint(a->nodes[node].memory_bytes / 65536, ==,
                        b->nodes[node].memory_bytes / 65536);
        g_assert_cmpint(a->nodes[node].side_cache_bytes, ==, b->nodes[node].side_cache_bytes);
        if (a->nodes[node].package >= 0 &&
            bitmap_weight(machine_node_cpus(a, node), (uint32_t)a->nr_cpus) == 0) {
            g_assert_cmpint(a->nodes[node].package, ==, b->nodes[node].package);
        }
    }
    check_pairs(t);
}

/* Writes @m, reads that, and compares. */
static void make_trip(const struct machine *m)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = machine_qemu.write(m, notes, &error);
    g_autoptr(facts_t) f = NULL;
    g_autoptr(machine_t) after = NULL;
    g_autofree int32_t *order = g_new(int32_t, (gsize)m->nr_cpus);
    g_autofree int32_t *place = g_new(int32_t, (gsize)m->nr_cpus);
    struct trip t = {m, NULL, place};

    g_assert_no_error(error);
    g_assert_cmpuint(notes->len, >, 0);
    f = read_good(text);
    after = machine_complete(f, m, NULL, lines, &error);
    g_assert_no_error(error);
    g_assert_cmpint(after->nr_cpus, ==, m->nr_cpus);
    g_assert_cmpint(after->nr_nodes, ==, m->nr_nodes);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        order[cpu] = cpu;
    }
    g_qsort_with_data(order, m->nr_cpus, sizeof(*order), compare_places, (gpointer)(guintptr)m);
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        place[order[i]] = i;
    }
    t.after = after;
    check_trip(&t);
}

static void test_shipped(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "topologies", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(machine_t) m = NULL;

        if (!g_str_has_suffix(name, ".yaml")) {
            continue;
        }
        m = topology_read_yaml(path, &error);
        g_assert_no_error(error);
        make_trip(m);
    }
}

static struct machine *complete(const char *text)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "topologies", "teach-numa-2x4.yaml", NULL);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) like = topology_read_yaml(path, &error);
    g_autoptr(facts_t) f = read_good(text);
    struct machine *m;

    g_assert_no_error(error);
    m = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    return m;
}

/* Cores of one and two threads, asymmetric distances, a node of memory alone with a cache. */
static void test_uneven(void)
{
    g_autoptr(machine_t) m = complete(
        "-machine q35,hmat=on -smp 1,maxcpus=8,sockets=2,cores=2,threads=2 "
        "-device Skylake-Server-x86_64-cpu,socket-id=0,core-id=1,thread-id=0 "
        "-device Skylake-Server-x86_64-cpu,socket-id=1,core-id=0,thread-id=0 "
        "-device Skylake-Server-x86_64-cpu,socket-id=1,core-id=0,thread-id=1 "
        "-numa node,mem=1G,cpus=0-3 -numa node,mem=0,cpus=4-7 -numa node,mem=2G,initiator=1 "
        "-numa dist,src=0,dst=1,val=21 -numa dist,src=1,dst=0,val=31 "
        "-numa dist,src=0,dst=2,val=40 -numa dist,src=1,dst=2,val=14 "
        "-numa hmat-lb,initiator=1,target=2,hierarchy=memory,data-type=access-latency,latency=300 "
        "-numa hmat-lb,initiator=1,target=2,hierarchy=memory,data-type=access-bandwidth,"
        "bandwidth=30G -numa hmat-cache,node-id=2,size=64M,level=1,associativity=direct,"
        "policy=write-back,line=64");
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = machine_qemu.write(m, notes, &error);

    g_assert_cmpint(m->nr_cpus, ==, 4);
    g_assert_cmpint(m->nr_cores, ==, 3);
    make_trip(m);
    g_assert_nonnull(strstr(text, "-smp 1,maxcpus=8,sockets=2,dies=1,cores=2,threads=2"));
    g_assert_nonnull(strstr(text, "-numa node,nodeid=1,cpus=4-7 "));
    g_assert_nonnull(strstr(text, "-numa node,nodeid=2,memdev=m2,initiator=1"));
    g_assert_nonnull(strstr(text, "-numa dist,src=1,dst=0,val=31"));
    g_assert_nonnull(strstr(text, "latency=300 -numa hmat-lb,initiator=1,target=2,"
                                  "hierarchy=memory,data-type=access-bandwidth,bandwidth=30G"));
    g_assert_nonnull(strstr(text, "-numa hmat-cache,node-id=2,size=64M,level=1"));
}

static void test_too_uneven(void)
{
    g_autoptr(machine_t) arm =
        complete("qemu-system-aarch64 -M virt -smp 1,maxcpus=4,sockets=2,cores=2 "
                 "-device max-arm-cpu,socket-id=1,core-id=0 "
                 "-device max-arm-cpu,socket-id=1,core-id=1 -numa node,mem=1G,cpus=0-3");
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    g_assert_null(machine_qemu.write(arm, notes, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "too uneven"));
    g_clear_error(&error);
    arm->arch = ARCH_IA64;
    g_assert_null(machine_qemu.write(arm, notes, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/smp", test_smp);
    g_test_add_func("/qemu/numbering", test_numbering);
    g_test_add_func("/qemu/nodes", test_nodes);
    g_test_add_func("/qemu/default-nodes", test_default_nodes);
    g_test_add_func("/qemu/caches", test_caches);
    g_test_add_func("/qemu/boot", test_boot);
    g_test_add_func("/qemu/devices", test_devices);
    g_test_add_func("/qemu/forms", test_forms);
    g_test_add_func("/qemu/bad", test_bad);
    g_test_add_func("/qemu/recognises", test_recognises);
    g_test_add_func("/qemu/write/shipped", test_shipped);
    g_test_add_func("/qemu/write/uneven", test_uneven);
    g_test_add_func("/qemu/write/too-uneven", test_too_uneven);
    return g_test_run();
}
