/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of a guest: memory, distances, latencies. */
#include "format/facts/qemu-guest.h"

/* The kernel's distance to another node where the firmware has no SLIT (REMOTE_DISTANCE). */
enum { REMOTE_DISTANCE = 20 };

/* `-m` without a value, and where there is none (hw/core/machine.c: default_ram_size). */
static const int64_t default_memory_bytes = INT64_C(128) << 20;

static const struct qemu_backend *find_backend(const struct qemu_guest *guest, const char *id,
                                               struct qemu_place place, GError **error)
{
    const struct qemu_backend *const backend = g_hash_table_lookup(guest->backends, id);

    if (backend == NULL) {
        qemu_error(guest->in, place, error,
                   "memdev=%s is not there; expected an -object memory-backend-ram,id=%s,size=...",
                   id, id);
    }
    return backend;
}

/* One node with all the memory: no -numa at all, or a kernel that takes no notice of it. */
static bool make_one_node(struct qemu_guest *guest, int64_t memory_bytes)
{
    facts_node(guest->facts, 0)->memory_bytes = memory_bytes;
    facts_state(guest->facts, MACHINE_MEMORY, "QEMU -m");
    return true;
}

/* Each node's memory from its backend; notes where that comes from on the host. */
static bool resolve_backends(struct qemu_guest *guest, GError **error)
{
    for (guint i = 0; i < guest->nodes->len; i++) {
        struct qemu_node *node = &g_array_index(guest->nodes, struct qemu_node, i);
        const struct qemu_backend *backend;

        if (node->memdev == NULL) {
            continue;
        }
        backend = find_backend(guest, node->memdev, node->place, error);
        if (backend == NULL) {
            return false;
        }
        node->memory_bytes = backend->size_bytes;
        if (backend->host_nodes != NULL) {
            facts_pin(guest->facts, true, node->id, backend->host_nodes);
        }
    }
    return true;
}

/* Nodes whose memory nobody gives: an even share of -m if none has any, else none. */
static void share_memory(struct qemu_guest *guest, int64_t memory_bytes)
{
    const guint nr = guest->nodes->len;
    int64_t stated = 0;
    bool any = false;

    for (guint i = 0; i < nr; i++) {
        const int64_t bytes = g_array_index(guest->nodes, struct qemu_node, i).memory_bytes;

        any = any || bytes >= 0;
        stated += bytes > 0 && bytes < INT64_MAX - stated ? bytes : 0;
    }
    if (!any) {
        facts_note(guest->facts, "no node's memory is given: each has its share of -m, as QEMU "
                                 "before 5.1 did");
    } else if (guest->memory_bytes >= 0 && stated != guest->memory_bytes) {
        facts_note(guest->facts,
                   "the nodes have %" G_GINT64_FORMAT " bytes and -m says "
                   "%" G_GINT64_FORMAT ": the nodes count",
                   stated, guest->memory_bytes);
    }
    for (guint i = 0; i < nr; i++) {
        struct qemu_node *node = &g_array_index(guest->nodes, struct qemu_node, i);

        if (node->memory_bytes < 0) {
            node->memory_bytes = any ? 0 : memory_bytes / nr;
        }
    }
}

/* The first CPU of node @id, or unknown. */
static int32_t first_cpu_of(const struct facts *f, int32_t id)
{
    for (guint i = 0; i < f->cpus->len; i++) {
        const struct facts_cpu *cpu = &g_array_index(f->cpus, struct facts_cpu, i);

        if (cpu->group[FACTS_NODE] == id) {
            return cpu->id;
        }
    }
    return FACTS_UNKNOWN;
}

static void make_node(struct qemu_guest *guest, const struct qemu_node *node)
{
    struct facts_node *made = facts_node(guest->facts, node->id);

    made->memory_bytes = node->memory_bytes;
    made->side_cache_bytes = node->side_cache_bytes;
    if (node->initiator >= 0 && first_cpu_of(guest->facts, node->id) < 0) {
        made->near_cpu = first_cpu_of(guest->facts, node->initiator);
    }
}

/*
 * `mem=`: what lies beyond is cut off (arch/x86/kernel/e820.c: parse_memopt(), 6.12). Nodes stand
 * in memory one behind the other; the hole below 4 GiB is not counted. A node without CPUs that has
 * nothing left is none.
 */
static void limit_memory(struct qemu_guest *guest)
{
    int64_t left = guest->boot.memory_bytes;

    for (guint i = 0; i < guest->nodes->len; i++) {
        struct qemu_node *node = &g_array_index(guest->nodes, struct qemu_node, i);

        node->memory_bytes = MIN(node->memory_bytes, left);
        left -= node->memory_bytes;
        if (node->memory_bytes == 0 && first_cpu_of(guest->facts, node->id) < 0) {
            g_array_remove_index(guest->nodes, i--);
        }
    }
}

static bool is_node(const struct qemu_guest *guest, int32_t id)
{
    for (guint i = 0; i < guest->nodes->len; i++) {
        if (g_array_index(guest->nodes, struct qemu_node, i).id == id) {
            return true;
        }
    }
    return false;
}

/* Memory of DIMMs, beside what the node has. */
static bool add_dimms(struct qemu_guest *guest, GError **error)
{
    if (guest->boot.memory_bytes >= 0 && guest->dimms->len > 0) {
        facts_note(guest->facts, "mem= keeps the memory of DIMMs out: left out");
        return true;
    }
    for (guint i = 0; i < guest->dimms->len; i++) {
        const struct qemu_dimm *dimm = &g_array_index(guest->dimms, struct qemu_dimm, i);
        const struct qemu_backend *backend = find_backend(guest, dimm->memdev, dimm->place, error);
        struct facts_node *node = facts_find_node(guest->facts, dimm->node);

        if (backend == NULL) {
            return false;
        }
        if (node == NULL) {
            return qemu_error(guest->in, dimm->place, error,
                              "a memory device on node %d; expected a node of -numa", dimm->node);
        }
        if (__builtin_add_overflow(node->memory_bytes, backend->size_bytes, &node->memory_bytes)) {
            return qemu_error(guest->in, dimm->place, error, "node %d has too much memory",
                              dimm->node);
        }
    }
    return true;
}

/*
 * Distances that are not given: 10 to itself, else that of the other direction
 * (hw/core/numa.c: complete_init_numa_distance()), else what the kernel takes without a SLIT.
 */
static void fill_distances(struct qemu_guest *guest)
{
    struct facts *f = guest->facts;
    bool missing = false;

    for (guint i = 0; i < guest->nodes->len; i++) {
        const int32_t from = g_array_index(guest->nodes, struct qemu_node, i).id;

        for (guint j = 0; j <= i; j++) {
            const int32_t to = g_array_index(guest->nodes, struct qemu_node, j).id;
            const int64_t there = facts_pair_get(f, FACTS_DISTANCE, from, to);
            const int64_t back = facts_pair_get(f, FACTS_DISTANCE, to, from);
            const int64_t fallback = from == to   ? MACHINE_LOCAL_DISTANCE
                                     : there != 0 ? there
                                     : back != 0  ? back
                                                  : REMOTE_DISTANCE;

            missing = missing || (from != to && there == 0 && back == 0);
            facts_pair_set(f, FACTS_DISTANCE, from, to, there != 0 ? there : fallback);
            facts_pair_set(f, FACTS_DISTANCE, to, from, back != 0 ? back : fallback);
        }
    }
    if (missing) {
        facts_note(f,
                   "distances that are given in no direction: 20, as the kernel takes it without "
                   "a SLIT");
    }
}

static void make_links(struct qemu_guest *guest)
{
    static const enum machine_block blocks[NR_FACTS_PAIRS] = {[FACTS_DISTANCE] = MACHINE_DISTANCES,
                                                              [FACTS_LATENCY_NS] = MACHINE_LATENCY,
                                                              [FACTS_BANDWIDTH_BYTES_PER_S] =
                                                                  MACHINE_BANDWIDTH};
    bool stated[NR_FACTS_PAIRS] = {[FACTS_DISTANCE] = true};

    for (guint i = 0; i < guest->links->len; i++) {
        const struct qemu_link *link = &g_array_index(guest->links, struct qemu_link, i);

        if (!is_node(guest, link->from) || !is_node(guest, link->to) ||
            (guest->boot.no_hmat && link->pair != FACTS_DISTANCE)) {
            continue;
        }
        facts_pair_set(guest->facts, link->pair, link->from, link->to, link->value);
        stated[link->pair] = true;
    }
    fill_distances(guest);
    for (int pair = 0; pair < NR_FACTS_PAIRS; pair++) {
        if (stated[pair]) {
            facts_state(guest->facts, blocks[pair], guest->nodes_source);
        }
    }
}

bool qemu_guest_make_nodes(struct qemu_guest *guest, GError **error)
{
    const int64_t memory_bytes =
        guest->memory_bytes >= 0 ? guest->memory_bytes : default_memory_bytes;
    const int64_t most = guest->boot.memory_bytes >= 0 ? guest->boot.memory_bytes : INT64_MAX;
    int64_t total = 0;

    if (guest->nodes->len == 0) {
        return make_one_node(guest, MIN(memory_bytes, most)) && add_dimms(guest, error);
    }
    if (!resolve_backends(guest, error)) {
        return false;
    }
    share_memory(guest, memory_bytes);
    for (guint i = 0; i < guest->nodes->len; i++) {
        const struct qemu_node *node = &g_array_index(guest->nodes, struct qemu_node, i);

        if (__builtin_add_overflow(total, node->memory_bytes, &total)) {
            return qemu_error(guest->in, node->place, error, "the nodes have too much memory");
        }
    }
    if (guest->boot.numa_off) {
        facts_note(guest->facts, "%s: the kernel sees one node",
                   guest->boot.acpi_off ? "acpi=off" : "numa=off");
        return make_one_node(guest, MIN(total, most));
    }
    if (total > most) {
        limit_memory(guest);
    }
    for (guint i = 0; i < guest->nodes->len; i++) {
        make_node(guest, &g_array_index(guest->nodes, struct qemu_node, i));
    }
    make_links(guest);
    facts_state(guest->facts, MACHINE_MEMORY, guest->nodes_source);
    return add_dimms(guest, error);
}
