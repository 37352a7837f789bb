/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distances as x86 gives them to the scheduler since 7.3: arch/x86/kernel/smpboot.c:
 * arch_sched_node_distance(). On the parts named below the distances between two packages are
 * replaced by their average, so that a package's nodes do not see another one in several steps.
 */
#include <string.h>

#include "base/bitmap.h"
#include "machine/domains-internal.h"

enum { MIN_PACKAGES = 2, MIN_NODES_PER_PACKAGE = 3 };

/* True for "69", "67" or "65", two digits and then @suffix, which ends the word. */
static bool is_xeon6_number(const char *word, const char *suffix)
{
    return word[0] == '6' && strchr("975", word[1]) && word[1] && g_ascii_isdigit(word[2]) &&
           g_ascii_isdigit(word[3]) && g_str_has_prefix(word + 4, suffix);
}

/*
 * INTEL_GRANITERAPIDS_X or INTEL_ATOM_DARKMONT_X. A machine has no CPUID model, so its names
 * decide: vendor "Intel" or "GenuineIntel", and a model that names the part ("Granite Rapids",
 * "Clearwater Forest", "Darkmont"), or is a Xeon of the 6900, 6700 or 6500 series with P cores
 * ("Xeon 6980P") or of the second generation with E cores ("Xeon 6990E+").
 */
static bool is_averaging_part(const struct machine *m)
{
    static const char *const names[] = {"granite rapids", "graniterapids", "clearwater forest",
                                        "clearwaterforest", "darkmont"};
    g_autofree char *vendor = g_ascii_strdown(m->vendor ? m->vendor : "", -1);
    g_autofree char *model = g_ascii_strdown(m->model ? m->model : "", -1);
    g_auto(GStrv) words = NULL;
    size_t i;

    if (!strstr(vendor, "intel") && !strstr(model, "intel")) {
        return false;
    }
    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strstr(model, names[i])) {
            return true;
        }
    }
    words = g_strsplit_set(model, " \t(),", -1);
    for (i = 0; strstr(model, "xeon") && words[i]; i++) {
        if (is_xeon6_number(words[i], "p") || is_xeon6_number(words[i], "e+")) {
            return true;
        }
    }
    return false;
}

/*
 * The nodes that have CPUs, ascending, where each block of *@ret_per_package of them is one
 * package's and no two blocks share one; NULL where that is not so.
 */
static uint32_t *package_blocks(const struct builder *b, uint32_t *ret_nr, uint32_t *ret_unit)
{
    const struct machine *m = b->m;
    g_autofree uint32_t *nodes = g_new(uint32_t, (gsize)m->nr_nodes);
    g_autofree uint64_t *used = bitmap_new((uint32_t)m->nr_packages);
    uint32_t nr = 0, unit, i;

    for (i = 0; i < (uint32_t)m->nr_nodes; i++) {
        const uint64_t *cpus = machine_node_cpus(m, (int32_t)i);

        if (!bitmap_empty(cpus, b->nr_cpus)) {
            nodes[nr++] = i;
        }
    }
    if (m->nr_packages < MIN_PACKAGES || nr % (uint32_t)m->nr_packages) {
        return NULL;
    }
    unit = nr / (uint32_t)m->nr_packages;
    for (i = 0; i < nr; i++) {
        const int32_t package = m->nodes[nodes[i]].package;

        if (package < 0 || (i % unit ? package != m->nodes[nodes[i - 1]].package
                                     : bitmap_test(used, (uint32_t)package))) {
            return NULL;
        }
        bitmap_set(used, (uint32_t)package);
    }
    *ret_nr = nr;
    *ret_unit = unit;
    return g_steal_pointer(&nodes);
}

static bool symmetric_blocks(const struct machine *m, const uint32_t *nodes, uint32_t nr,
                             uint32_t unit)
{
    uint32_t i, j;

    for (i = 0; i < nr; i++) {
        for (j = i - i % unit; j < i; j++) {
            if (machine_distance(m, (int32_t)nodes[i], (int32_t)nodes[j]) !=
                machine_distance(m, (int32_t)nodes[j], (int32_t)nodes[i])) {
                return false;
            }
        }
    }
    return true;
}

/* The average between the blocks that start at @one and @two, both ways. */
static int32_t average(const struct machine *m, const uint32_t *nodes, uint32_t one, uint32_t two,
                       uint32_t unit)
{
    int32_t sum = 0;
    uint32_t i, j;

    for (i = one; i < one + unit; i++) {
        for (j = two; j < two + unit; j++) {
            sum += machine_distance(m, (int32_t)nodes[i], (int32_t)nodes[j]) +
                   machine_distance(m, (int32_t)nodes[j], (int32_t)nodes[i]);
        }
    }
    return sum / (int32_t)(2 * unit * unit);
}

int32_t *builder_level_distances(const struct builder *b)
{
    const struct machine *m = b->m;
    const size_t n = (size_t)m->nr_nodes;
    int32_t *distances = g_memdup2(m->distances, n * n * sizeof(*distances));
    g_autofree uint32_t *nodes = NULL;
    uint32_t nr, unit, i, j;

    if (b->release < KERNEL_7_3 || m->arch != ARCH_X86_64 || !is_averaging_part(m)) {
        return distances;
    }
    nodes = package_blocks(b, &nr, &unit);
    if (!nodes || unit < MIN_NODES_PER_PACKAGE || !symmetric_blocks(m, nodes, nr, unit)) {
        return distances;
    }
    for (i = 0; i < nr; i++) {
        for (j = 0; j < nr; j++) {
            if (i / unit != j / unit) {
                distances[nodes[i] * n + nodes[j]] =
                    average(m, nodes, i - i % unit, j - j % unit, unit);
            }
        }
    }
    return distances;
}
