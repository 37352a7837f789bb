/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `virsh capabilities`: the host itself, as <host><topology> and <host><cache> tell it. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/facts/libvirt.h"

static bool end_arch(struct libvirt *x, const char *text, GError **error)
{
    (void)error;
    for (int arch = 0; arch < NR_ARCHS; arch++) {
        if (strcmp(text, machine_arch_name((enum machine_arch)arch)) == 0) {
            x->facts->arch = arch;
        }
    }
    return true;
}

static bool end_model(struct libvirt *x, const char *text, GError **error)
{
    (void)error;
    g_free(x->facts->model);
    x->facts->model = g_strdup(text);
    return true;
}

static bool end_vendor(struct libvirt *x, const char *text, GError **error)
{
    (void)error;
    g_free(x->facts->vendor);
    x->facts->vendor = g_strdup(text);
    return true;
}

static bool start_cell(struct libvirt *x, GError **error)
{
    int64_t id;

    if (!libvirt_integer(x, "id", true, 0, FACTS_MAX_NODE_ID - 1, &id, error)) {
        return false;
    }
    x->node = (int32_t)id;
    facts_node(x->facts, x->node);
    return true;
}

static bool start_unit(struct libvirt *x, GError **error)
{
    return libvirt_unit(x, libvirt_attribute(x, "unit"), &x->unit, error);
}

static bool end_memory(struct libvirt *x, const char *text, GError **error)
{
    facts_state(x->facts, MACHINE_MEMORY, "virsh capabilities");
    return libvirt_bytes(x, text, x->unit, &facts_node(x->facts, x->node)->memory_bytes, error);
}

static bool start_pages(struct libvirt *x, GError **error)
{
    int64_t unit, size;

    return libvirt_unit(x, libvirt_attribute(x, "unit"), &unit, error) &&
           libvirt_integer(x, "size", true, 1, INT32_MAX, &size, error) &&
           (!__builtin_mul_overflow(size, unit, &x->page_bytes) ||
            qemu_error(x->in, libvirt_place(x), error, "a page is too large"));
}

static bool end_pages(struct libvirt *x, const char *text, GError **error)
{
    struct facts_node *node = facts_node(x->facts, x->node);
    int64_t pages;

    if (!libvirt_number(x, "pages", text, 0, INT64_MAX, &pages, error)) {
        return false;
    }
    if (x->page_bytes == 1 << 21) {
        node->hugetlb_2m_pages = pages;
    } else if (x->page_bytes == 1 << 30) {
        node->hugetlb_1g_pages = pages;
    } else if (x->facts->page_size_bytes == 0 || x->page_bytes < x->facts->page_size_bytes) {
        x->facts->page_size_bytes = x->page_bytes;
    }
    return true;
}

static bool start_sibling(struct libvirt *x, GError **error)
{
    int64_t to, distance;

    if (!libvirt_integer(x, "id", true, 0, FACTS_MAX_NODE_ID - 1, &to, error) ||
        !libvirt_integer(x, "value", true, 1, 255, &distance, error)) {
        return false;
    }
    facts_pair_set(x->facts, FACTS_DISTANCE, x->node, (int32_t)to, distance);
    facts_state(x->facts, MACHINE_DISTANCES, "virsh capabilities");
    return true;
}

/* The lowest CPU that was found with the same @kind of thing of the same ids. */
static int32_t lowest_sharer(struct libvirt *x, const char *kind, int64_t a, int64_t b, int64_t c,
                             int32_t cpu)
{
    g_autofree char *key = g_strdup_printf(
        "%s %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, kind, a, b, c);
    const int32_t known = GPOINTER_TO_INT(g_hash_table_lookup(x->shared, key));

    if (known > 0) {
        return known - 1;
    }
    g_hash_table_insert(x->shared, g_steal_pointer(&key), GINT_TO_POINTER(cpu + 1));
    return cpu;
}

static bool start_cpu(struct libvirt *x, GError **error)
{
    const char *const siblings = libvirt_attribute(x, "siblings");
    int64_t id, socket = -1, die = 0, cluster = -1, core = -1;
    g_autofree uint64_t *set = NULL;
    struct facts_cpu *cpu;

    if (!libvirt_integer(x, "id", true, 0, FACTS_MAX_CPU_ID - 1, &id, error) ||
        !libvirt_integer(x, "socket_id", false, 0, INT32_MAX, &socket, error) ||
        !libvirt_integer(x, "die_id", false, 0, INT32_MAX, &die, error) ||
        !libvirt_integer(x, "cluster_id", false, 0, INT32_MAX, &cluster, error) ||
        !libvirt_integer(x, "core_id", false, 0, INT32_MAX, &core, error)) {
        return false;
    }
    if (x->facts->cpus->len >= 2 * MACHINE_MAX_CPUS) {
        return qemu_error(x->in, libvirt_place(x), error, "more than %d CPUs",
                          2 * MACHINE_MAX_CPUS);
    }
    if (siblings != NULL && (set = libvirt_set(x, siblings, FACTS_MAX_CPU_ID, error)) == NULL) {
        return false;
    }
    cpu = facts_cpu(x->facts, (int32_t)id);
    cpu->group[FACTS_NODE] = x->node;
    cpu->offline = socket < 0 && core < 0;
    if (set != NULL && bitmap_test(set, (uint32_t)id)) {
        cpu->group[FACTS_CORE] = (int32_t)bitmap_next(set, FACTS_MAX_CPU_ID, 0);
    } else if (core >= 0) {
        cpu->group[FACTS_CORE] = lowest_sharer(x, "core", socket, die, core, cpu->id);
    }
    if (socket >= 0) {
        cpu->group[FACTS_PACKAGE] = lowest_sharer(x, "package", socket, 0, 0, cpu->id);
        cpu->group[FACTS_DIE] = lowest_sharer(x, "die", socket, die, 0, cpu->id);
    }
    if (cluster >= 0) {
        cpu->group[FACTS_CLUSTER] = lowest_sharer(x, "cluster", socket, die, cluster, cpu->id);
    }
    facts_state(x->facts, MACHINE_CPUS, "virsh capabilities");
    return true;
}

/* <bank id='0' level='3' type='both' size='16' unit='MiB' cpus='0-7'/>; instructions are passed. */
static bool start_bank(struct libvirt *x, GError **error)
{
    const char *const cpus = libvirt_attribute(x, "cpus"), *const type =
                                                               libvirt_attribute(x, "type");
    int64_t level, size, unit;
    g_autofree uint64_t *set = NULL;

    if (!libvirt_integer(x, "level", true, 1, 8, &level, error) ||
        !libvirt_integer(x, "size", true, 0, INT32_MAX, &size, error) ||
        !libvirt_unit(x, libvirt_attribute(x, "unit"), &unit, error)) {
        return false;
    }
    set = libvirt_set(x, cpus != NULL ? cpus : "", FACTS_MAX_CPU_ID, error);
    if (set == NULL) {
        return false;
    }
    if (unit > INT64_MAX / MAX(size, 1)) {
        return qemu_error(x->in, libvirt_place(x), error, "the cache is too large");
    }
    for (guint i = 0; g_strcmp0(type, "code") != 0 && i < x->facts->cpus->len; i++) {
        struct facts_cpu *cpu = &g_array_index(x->facts->cpus, struct facts_cpu, i);

        if (!bitmap_test(set, (uint32_t)cpu->id)) {
            continue;
        }
        if (level == 1) {
            cpu->l1d_bytes = size * unit;
        } else {
            cpu->group[level == 2 ? FACTS_L2 : FACTS_L3] =
                (int32_t)bitmap_next(set, FACTS_MAX_CPU_ID, 0);
            *(level == 2 ? &cpu->l2_bytes : &cpu->l3_bytes) = size * unit;
        }
    }
    facts_state(x->facts, MACHINE_CACHES, "virsh capabilities");
    return true;
}

const struct libvirt_element libvirt_caps_elements[] = {
    {"/capabilities/host/cpu/arch", NULL, end_arch},
    {"/capabilities/host/cpu/model", NULL, end_model},
    {"/capabilities/host/cpu/vendor", NULL, end_vendor},
    {"/capabilities/host/topology/cells/cell", start_cell, NULL},
    {"/capabilities/host/topology/cells/cell/memory", start_unit, end_memory},
    {"/capabilities/host/topology/cells/cell/pages", start_pages, end_pages},
    {"/capabilities/host/topology/cells/cell/distances/sibling", start_sibling, NULL},
    {"/capabilities/host/topology/cells/cell/cpus/cpu", start_cpu, NULL},
    {"/capabilities/host/cache/bank", start_bank, NULL},
    {0},
};

struct facts *libvirt_caps_finish(struct libvirt *x, GError **error)
{
    if (x->facts->cpus->len == 0) {
        qemu_error(x->in, (struct qemu_place){1, 1}, error,
                   "the capabilities tell no CPU; expected <host><topology><cells><cell><cpus>");
        return NULL;
    }
    return g_steal_pointer(&x->facts);
}
