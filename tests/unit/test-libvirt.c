/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's XML as machines: domains, and capabilities of hosts. */
#include <string.h>

#include "base/error.h"
#include "facts-fixture.h"
#include "format/facts/pins.h"

static struct facts *read_text(const char *text, GError **error)
{
    const struct facts_input in = {.name = "vm.xml", .bytes = text, .size = strlen(text)};

    return facts_libvirt.read(&in, error);
}

static struct facts *read_good(const char *text)
{
    return facts_text(&facts_libvirt, "vm.xml", text);
}

/* The host list of a pin, or NULL. */
static const char *pin_of(const struct facts *f, bool memory, int32_t id)
{
    for (guint i = 0; i < f->pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(f->pins, i);

        if (pin->memory == memory && pin->id == id) {
            return pin->host;
        }
    }
    return NULL;
}

static void test_domain(void)
{
    g_autoptr(facts_t) f = read_good(
        "<?xml version='1.0'?>\n<!-- made by hand -->\n"
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "  <name>guest</name><memory unit='GiB'>7</memory>\n"
        "  <vcpu placement='static' cpuset='0-15,^3'>8</vcpu>\n"
        "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
        "  <cputune><vcpupin vcpu='1' cpuset='20-21'/><emulatorpin cpuset='0'/></cputune>\n"
        "  <numatune><memory mode='strict' nodeset='0-1'/>"
        "<memnode cellid='1' mode='strict' nodeset='3'/></numatune>\n"
        "  <cpu mode='custom'><model>Skylake-Server-IBRS</model>\n"
        "    <topology sockets='2' dies='1' cores='2' threads='2'/>\n"
        "    <numa>\n"
        "      <cell id='0' cpus='0-3' memory='2' unit='GiB'><distances>"
        "<sibling id='0' value='10'/><sibling id='1' value='21'/></distances></cell>\n"
        "      <cell id='1' cpus='4-7,^5,5' memory='2097152'/>\n"
        "      <cell id='2' memory='3072' unit='MiB'><distances>"
        "<sibling id='1' value='14'/></distances>"
        "<cache level='1' associativity='direct' policy='writeback'>"
        "<size value='64' unit='MiB'/><line value='64' unit='B'/></cache></cell>\n"
        "      <interconnects>\n"
        "        <latency initiator='0' target='2' type='access' value='400'/>\n"
        "        <latency initiator='1' target='2' type='read' value='250'/>\n"
        "        <latency initiator='1' target='2' cache='1' type='access' value='5'/>\n"
        "        <bandwidth initiator='1' target='2' type='access' value='31457280' unit='KiB'/>\n"
        "      </interconnects>\n"
        "    </numa>\n  </cpu>\n"
        "  <devices><memory model='dimm'><target><size unit='MiB'>512</size><node>1</node>"
        "</target></memory></devices>\n"
        "  <qemu:commandline><qemu:arg value='-append'/><qemu:arg value='isolcpus=2'/>"
        "</qemu:commandline>\n"
        "</domain>\n");

    g_assert_cmpstr(f->name, ==, "guest");
    g_assert_cmpint(f->arch, ==, ARCH_X86_64);
    g_assert_cmpstr(f->vendor, ==, "Intel");
    g_assert_cmpuint(f->cpus->len, ==, 8);
    for (int32_t cpu = 0; cpu < 8; cpu++) {
        g_assert_cmpint(facts_key(f, cpu, FACTS_CORE), ==, cpu / 2);
        g_assert_cmpint(facts_key(f, cpu, FACTS_L2), ==, cpu / 2);
        g_assert_cmpint(facts_key(f, cpu, FACTS_PACKAGE), ==, cpu / 4);
        g_assert_cmpint(facts_key(f, cpu, FACTS_L3), ==, cpu / 4);
        g_assert_cmpint(facts_key(f, cpu, FACTS_NODE), ==, cpu / 4);
        g_assert_cmpint(facts_find_cpu(f, cpu)->isolated, ==, cpu == 2);
    }
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, INT64_C(2) << 30);
    g_assert_cmpint(facts_find_node(f, 1)->memory_bytes, ==,
                    (INT64_C(2) << 30) + (INT64_C(512) << 20));
    g_assert_cmpint(facts_find_node(f, 2)->memory_bytes, ==, INT64_C(3) << 30);
    g_assert_cmpint(facts_find_node(f, 2)->side_cache_bytes, ==, 64 << 20);
    g_assert_cmpint(facts_find_node(f, 2)->near_cpu, ==, 4);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 0), ==, 21);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 2), ==, 14);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 2), ==, 20);
    g_assert_cmpint(facts_pair_get(f, FACTS_LATENCY_NS, 1, 2), ==, 250);
    g_assert_cmpint(facts_pair_get(f, FACTS_BANDWIDTH_BYTES_PER_S, 1, 2), ==, INT64_C(30) << 30);
    g_assert_cmpstr(pin_of(f, false, 0), ==, "0-2,4-15");
    g_assert_cmpstr(pin_of(f, false, 1), ==, "20-21");
    g_assert_cmpstr(pin_of(f, true, 0), ==, "0-1");
    g_assert_cmpstr(pin_of(f, true, 1), ==, "3");
    g_assert_true(facts_noted(f, "<emulatorpin>"));
}

/* What a domain leaves out. */
static void test_defaults(void)
{
    g_autoptr(facts_t) plain =
        read_good("<domain type='qemu'><memory>1048576</memory><vcpu>4</vcpu></domain>");
    g_autoptr(facts_t) current =
        read_good("<domain type='kvm'><memory unit='MB'>1000</memory><vcpu current='2'>4</vcpu>"
                  "<cpu mode='host-passthrough'><cache mode='passthrough'/></cpu></domain>");
    g_autoptr(facts_t) some =
        read_good("<domainsnapshot><name>s</name><domain type='kvm'><vcpu>4</vcpu><vcpus>"
                  "<vcpu id='0' enabled='yes'/><vcpu id='1' enabled='no'/>"
                  "<vcpu id='2' enabled='yes'/><vcpu id='3' enabled='no'/></vcpus>"
                  "<cpu><topology sockets='2' cores='2' threads='1'/>"
                  "<numa><cell memory='1024'/><cell memory='1024'/></numa></cpu>"
                  "</domain></domainsnapshot>");

    g_assert_cmpuint(plain->cpus->len, ==, 4);
    g_assert_cmpint(facts_key(plain, 3, FACTS_PACKAGE), ==, 3);
    g_assert_cmpint(facts_find_node(plain, 0)->memory_bytes, ==, 1 << 30);
    g_assert_true(facts_noted(plain, "each vCPU a socket"));
    g_assert_cmpuint(current->cpus->len, ==, 2);
    g_assert_cmpint(facts_find_node(current, 0)->memory_bytes, ==, 1000000000);
    g_assert_cmpint(facts_key(current, 0, FACTS_L3), ==, FACTS_UNKNOWN);
    g_assert_cmpuint(some->cpus->len, ==, 2);
    g_assert_cmpint(facts_key(some, 1, FACTS_PACKAGE), ==, 1);
    g_assert_cmpint(facts_key(some, 1, FACTS_NODE), ==, 0);
    g_assert_cmpuint(some->nodes->len, ==, 2);
}

static void test_capabilities(void)
{
    g_autoptr(facts_t) f = read_good(
        "<capabilities><host><uuid>x</uuid>"
        "<cpu><arch>x86_64</arch><model>EPYC</model><vendor>AMD</vendor>"
        "<topology sockets='1' dies='1' cores='2' threads='2'/><pages unit='KiB' size='4'/></cpu>"
        "<topology><cells num='2'>"
        "<cell id='0'><memory unit='KiB'>4194304</memory><pages unit='KiB' size='4'>1048576</pages>"
        "<pages unit='KiB' size='2048'>7</pages><pages unit='KiB' size='1048576'>1</pages>"
        "<distances><sibling id='0' value='10'/><sibling id='4' value='32'/></distances>"
        "<cpus num='2'><cpu id='0' socket_id='0' die_id='0' core_id='0' siblings='0,2'/>"
        "<cpu id='2' socket_id='0' die_id='0' core_id='0' siblings='0,2'/></cpus></cell>"
        "<cell id='4'><memory unit='KiB'>0</memory>"
        "<distances><sibling id='0' value='32'/><sibling id='4' value='10'/></distances>"
        "<cpus num='3'><cpu id='1' socket_id='1' die_id='0' core_id='0' siblings='1,3'/>"
        "<cpu id='3' socket_id='1' die_id='0' core_id='0' siblings='1,3'/><cpu id='5'/></cpus>"
        "</cell></cells></topology>"
        "<cache><bank id='0' level='3' type='both' size='8' unit='MiB' cpus='0,2'/>"
        "<bank id='1' level='3' type='both' size='8' unit='MiB' cpus='1,3'/></cache>"
        "</host><guest><arch name='i686'/></guest></capabilities>");

    g_assert_cmpint(f->arch, ==, ARCH_X86_64);
    g_assert_cmpstr(f->vendor, ==, "AMD");
    g_assert_cmpuint(f->cpus->len, ==, 5);
    g_assert_cmpint(facts_key(f, 2, FACTS_CORE), ==, 0);
    g_assert_cmpint(facts_key(f, 3, FACTS_CORE), ==, 1);
    g_assert_cmpint(facts_key(f, 3, FACTS_PACKAGE), ==, 1);
    g_assert_cmpint(facts_key(f, 2, FACTS_L3), ==, 0);
    g_assert_cmpint(facts_key(f, 3, FACTS_NODE), ==, 4);
    g_assert_true(facts_find_cpu(f, 5)->offline);
    g_assert_cmpint(facts_find_cpu(f, 1)->l3_bytes, ==, 8 << 20);
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, INT64_C(4) << 30);
    g_assert_cmpint(facts_find_node(f, 4)->memory_bytes, ==, 0);
    g_assert_cmpint(facts_find_node(f, 0)->hugetlb_2m_pages, ==, 7);
    g_assert_cmpint(facts_find_node(f, 0)->hugetlb_1g_pages, ==, 1);
    g_assert_cmpint(f->page_size_bytes, ==, 4096);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 4, 0), ==, 32);
}

static void test_bad(void)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"<domain type='kvm'>\n<vcpu>4</vcp></domain>", "vm.xml:2:8: no XML: *vcp*"},
        {"<domain type='kvm'>\n <vcpu>four</vcpu>\n</domain>",
         "vm.xml:2:12: 'four' for vcpu; expected an integer of 1..4096"},
        {"<domain><vcpu>99999</vcpu></domain>", "vm.xml:1:*'99999' for vcpu*"},
        {"<domain><memory unit='KiX'>1</memory></domain>", "vm.xml:1:*unit 'KiX'*"},
        {"<domain><memory unit='EiB'>99</memory></domain>", "vm.xml:1:*too large*"},
        {"<domain><vcpu cpuset='3-1'>1</vcpu></domain>", "vm.xml:1:*'3-1' is no list*"},
        {"<domain><vcpu>9</vcpu><cpu><topology sockets='2' cores='2' threads='2'/></cpu></domain>",
         "vm.xml:1:*levels make 8 CPUs*"},
        {"<domain><vcpu>1</vcpu><cpu><numa>\n<cell id='0'/></numa></cpu></domain>",
         "vm.xml:2:*<cell> without memory*"},
        {"<domain><cpu><numa><cell id='0' memory='1'/>\n<cell id='0' memory='1'/></numa></cpu>"
         "</domain>",
         "vm.xml:2:*cell 0 again*"},
        {"<domain><vcpu>1</vcpu><cpu><numa><cell id='0' cpus='0-3' memory='1'/></numa></cpu>"
         "</domain>",
         "vm.xml:1:*CPU 3 of node 0*"},
        {"<domain><cpu><numa><cell id='0' memory='1'>\n<distances><sibling id='3' value='20'/>"
         "</distances></cell></numa></cpu></domain>",
         "vm.xml:2:*there is no cell 3*"},
        {"<domain><cpu><numa><cell id='0' memory='1'>\n<distances><sibling id='0' value='20'/>"
         "</distances></cell></numa></cpu></domain>",
         "vm.xml:2:*distance 20 of cell 0 to itself; expected 10"},
        {"<domain><cputune><vcpupin cpuset='1'/></cputune></domain>",
         "vm.xml:1:*<vcpupin> without vcpu*"},
        {"<domain>\n<cputune><vcpupin vcpu='0' cpuset='0-3,'/></cputune></domain>",
         "vm.xml:2:10: '0-3,' is no list*"},
        {"<domain>\n<cputune><vcpupin vcpu='0' cpuset='0,,3'/></cputune></domain>",
         "vm.xml:2:10: '0,,3' is no list*"},
        {"<domain>\n<cputune><vcpupin vcpu='0'/></cputune></domain>",
         "vm.xml:2:10: <vcpupin> of vCPU 0 without a host CPU*"},
        {"<other/>", "vm.xml:1:1: neither <domain> nor <capabilities>*"},
        {"<capabilities><host/></capabilities>", "vm.xml:1:1: the capabilities tell no CPU*"},
        {"", "vm.xml:1:*no XML*"},
        {"<domain>", "vm.xml:1:*no XML*"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        struct facts *f = read_text(bad[i].text, &error);

        g_assert_null(f);
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        if (!g_pattern_match_simple(bad[i].message, error->message)) {
            g_test_message("%s:\n got '%s'\nnot '%s'", bad[i].text, error->message, bad[i].message);
            g_test_fail();
        }
    }
}

/* Pins of what the guest does not have, and those that do not fit the host. */
static void test_pins(void)
{
    g_autoptr(facts_t) f =
        read_good("<domain><vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset=' 1 , 3'/>"
                  "<vcpupin vcpu='99' cpuset='0'/></cputune></domain>");
    g_autoptr(facts_t) free_guest = read_good("<domain><vcpu>2</vcpu></domain>");
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    struct machine_cpu cpus[2] = {{.os_id = 1}, {.os_id = 3}};
    struct machine_node node = {.os_id = 0};
    struct machine host = {.name = (char *)(guintptr) "host",
                           .cpus = cpus,
                           .nr_cpus = 2,
                           .nodes = &node,
                           .nr_nodes = 1};
    g_autoptr(GError) beyond = NULL, none = NULL;

    g_assert_true(facts_noted(f, "vCPU 99 is pinned and not there"));
    g_assert_cmpuint(f->pins->len, ==, 1);
    g_assert_true(facts_check_pins(f, &host, lines, NULL));
    g_assert_cmpuint(lines->len, ==, 1);
    g_assert_nonnull(strstr(g_ptr_array_index(lines, 0), "CPUs 1 are pinned to no CPU"));
    g_assert_true(facts_check_pins(f, NULL, lines, NULL));
    g_assert_nonnull(strstr(g_ptr_array_index(lines, 1), "--host"));
    cpus[1].os_id = 7;
    g_assert_false(facts_check_pins(f, &host, lines, &beyond));
    g_assert_error(beyond, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(beyond->message, "CPUs 3 of the host; expected some of 1,7"));
    g_assert_false(facts_check_pins(free_guest, &host, lines, &none));
    g_assert_error(none, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(facts_check_pins(free_guest, NULL, lines, NULL));
    g_assert_cmpuint(lines->len, ==, 2);
}

static void test_deep(void)
{
    g_autoptr(GString) text = g_string_new("<domain>");
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 1000; i++) {
        g_string_append(text, "<a>");
    }
    g_assert_null(read_text(text->str, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
}

static void test_recognises(void)
{
    static const struct {
        const char *text;
        bool is;
    } texts[] = {
        {"<domain type='kvm'>", true},
        {"\n<?xml version='1.0'?>\n<capabilities>", true},
        {"<topology version='2.0'>", false},
        {"domain", false},
        {"", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const struct facts_input in = {
            .name = "vm.xml", .bytes = texts[i].text, .size = strlen(texts[i].text)};

        g_assert_cmpint(facts_libvirt.recognises(&in), ==, texts[i].is);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/libvirt/domain", test_domain);
    g_test_add_func("/libvirt/defaults", test_defaults);
    g_test_add_func("/libvirt/capabilities", test_capabilities);
    g_test_add_func("/libvirt/bad", test_bad);
    g_test_add_func("/libvirt/pins", test_pins);
    g_test_add_func("/libvirt/deep", test_deep);
    g_test_add_func("/libvirt/recognises", test_recognises);
    return g_test_run();
}
