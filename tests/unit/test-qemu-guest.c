/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest of a QEMU command line makes of its caches and of its kernel's options. */
#include <string.h>

#include "base/bitmap.h"
#include "facts-fixture.h"

static struct facts *read_good(const char *text)
{
    return facts_text(&facts_qemu, "vm", text);
}

/* What of the kernel's command line changes its memory and nodes, and which isolcpus= stands. */
static void test_boot_limits(void)
{
    static const char nodes[] = "-smp 4 -numa node,mem=1G,cpus=0-1 -numa node,mem=1G,cpus=2-3 "
                                "-numa node,mem=1G -append '%s'";
    static const struct {
        const char *append, *note;
        guint nodes;
        int64_t memory_0, memory_last; /* MiB */
        const char *isolated;
    } cases[] = {
        {"mem=512M", "mem=512M: the kernel uses", 2, 512, 0, ""},
        {"mem=1536M mem=4G", "mem=1536M", 2, 1024, 512, ""},
        {"mem=64G", "mem=64G", 3, 1024, 1024, ""},
        {"acpi=off", "acpi=off: the kernel sees one node", 1, 3072, 3072, ""},
        {"acpi=off mem=1G", "neither SRAT nor SLIT", 1, 1024, 1024, ""},
        {"numa=noacpi", "sees one node", 1, 3072, 3072, ""},
        {"numa=fake=4", "numa=fake=4: the kernel's made-up nodes", 3, 1024, 1024, ""},
        {"isolcpus=2 isolcpus=3", "isolcpus=3: the kernel ignores it", 3, 1024, 1024, "2"},
        {"isolcpus=nohz,1 isolcpus=3", "stay in the domains", 3, 1024, 1024, "3"},
        {"isolcpus=2-N", NULL, 3, 1024, 1024, "2-3"},
        {"isolcpus=N", "takes N for a flag that it does not know", 3, 1024, 1024, ""},
        {"isolcpus=2,99", "goes beyond the last possible CPU, 3", 3, 1024, 1024, ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(nodes);
        g_autofree uint64_t *isolated = bitmap_new(4);
        g_autofree char *list = NULL;
        g_autoptr(facts_t) f = NULL;
        guint last;

        g_string_replace(text, "%s", cases[i].append, 1);
        f = read_good(text->str);
        last = f->nodes->len - 1;
        for (int32_t cpu = 0; cpu < 4; cpu++) {
            if (facts_find_cpu(f, cpu)->isolated) {
                bitmap_set(isolated, (uint32_t)cpu);
            }
        }
        list = bitmap_to_list(isolated, 4);
        g_test_message("%s", cases[i].append);
        g_assert_cmpuint(f->nodes->len, ==, cases[i].nodes);
        g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, cases[i].memory_0 << 20);
        g_assert_cmpint(g_array_index(f->nodes, struct facts_node, last).memory_bytes, ==,
                        cases[i].memory_last << 20);
        g_assert_cmpstr(list, ==, cases[i].isolated);
        g_assert_true(cases[i].note == NULL || facts_noted(f, cases[i].note));
    }
}

/* hw/core/machine-smp.c, QEMU 10.0: a cache may be that of any level, a module's as well. */
static void test_smp_cache(void)
{
    g_autoptr(facts_t) l3 = read_good("-M q35,smp-cache.0.cache=l3,smp-cache.0.topology=module "
                                      "-smp 8,sockets=2,modules=2,cores=2,threads=1");
    g_autoptr(facts_t) l2 = read_good("-M q35,smp-cache.0.cache=l2,smp-cache.0.topology=module "
                                      "-smp 8,sockets=2,modules=2,cores=2,threads=1");
    g_autoptr(facts_t) plain = read_good("-M q35,smp-cache.0.cache=l3,smp-cache.0.topology=default "
                                         "-smp 8,sockets=2,modules=2,cores=2,threads=1");

    g_assert_cmpuint(facts_nr_keys(l3, FACTS_L3), ==, 4);
    g_assert_cmpuint(facts_nr_keys(l3, FACTS_L2), ==, 8);
    g_assert_cmpuint(facts_nr_keys(l2, FACTS_L2), ==, 4);
    g_assert_cmpuint(facts_nr_keys(l2, FACTS_L3), ==, 2);
    g_assert_cmpuint(facts_nr_keys(plain, FACTS_L3), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu-guest/boot-limits", test_boot_limits);
    g_test_add_func("/qemu-guest/smp-cache", test_smp_cache);
    return g_test_run();
}
