/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms of -numa: nodes, CPUs, distances, latency and bandwidth, memory-side caches. */
#include <string.h>

#include "base/error.h"
#include "format/facts/qemu-guest.h"

/* More of one kind than any machine needs; a file cannot ask for unbounded work. */
enum { MAX_OPTIONS = 4 * MACHINE_MAX_NODES * MACHINE_MAX_NODES };

typedef GArray pairs_t; /* for g_autoptr(pairs_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(pairs_t, g_array_unref)

static struct qemu_node *find_node(const struct qemu_guest *guest, int64_t id)
{
    for (guint i = 0; i < guest->nodes->len; i++) {
        struct qemu_node *node = &g_array_index(guest->nodes, struct qemu_node, i);

        if (node->id == id) {
            return node;
        }
    }
    return NULL;
}

/* A required integer of 0..@max. */
static bool need(const struct qemu_guest *guest, const GArray *pairs, const struct qemu_word *word,
                 const char *key, int64_t max, int64_t *ret_value, GError **error)
{
    const struct qemu_pair *const pair = qemu_pairs_find(pairs, key);

    if (pair == NULL) {
        return qemu_error(guest->in, word->places[0], error, "-numa %s without %s; expected %s=N",
                          g_array_index(pairs, struct qemu_pair, 0).value, key, key);
    }
    return qemu_integer(guest->in, pair, 0, max, ret_value, error);
}

/* The same for the number of a node that stands before. */
static bool need_node(const struct qemu_guest *guest, const GArray *pairs,
                      const struct qemu_word *word, const char *key, int64_t *ret_value,
                      GError **error)
{
    if (!need(guest, pairs, word, key, FACTS_MAX_NODE_ID - 1, ret_value, error)) {
        return false;
    }
    if (find_node(guest, *ret_value) == NULL) {
        return qemu_error(guest->in, qemu_pairs_find(pairs, key)->value_place, error,
                          "%s=%" G_GINT64_FORMAT " is no node; expected a node that an earlier "
                          "-numa node defines",
                          key, *ret_value);
    }
    return true;
}

/* "3" or "0-7", the CPUs of @node. */
static bool read_range(struct qemu_guest *guest, const struct qemu_pair *pair, int32_t node,
                       GError **error)
{
    struct qemu_assignment range = {.node = node, .place = pair->value_place};
    const char *const text = pair->value != NULL ? pair->value : "";
    char *end = NULL;
    guint64 first, last;

    first = last = g_ascii_strtoull(text, &end, 10);
    if (g_ascii_isdigit(*text) && *end == '-' && g_ascii_isdigit(end[1])) {
        last = g_ascii_strtoull(end + 1, &end, 10);
    }
    if (!g_ascii_isdigit(*text) || *end != '\0' || first > last || last >= MACHINE_MAX_CPUS) {
        return qemu_error(guest->in, pair->value_place, error,
                          "'%s' for cpus; expected a CPU or a range a-b below %d", text,
                          MACHINE_MAX_CPUS);
    }
    range.first = (int32_t)first;
    range.last = (int32_t)last;
    g_array_append_val(guest->assignments, range);
    return guest->assignments->len <= 2 * MACHINE_MAX_CPUS ||
           qemu_error(guest->in, pair->value_place, error, "more than %d ranges of CPUs",
                      2 * MACHINE_MAX_CPUS);
}

/* One key of `-numa node`. */
static bool read_node_key(struct qemu_guest *guest, const struct qemu_pair *pair,
                          struct qemu_node *node, GError **error)
{
    static const char *const names[] = {"type",   "nodeid",    "cpus", "mem",
                                        "memdev", "initiator", NULL};
    int64_t value = 0;

    if (strcmp(pair->key, "cpus") == 0) {
        return read_range(guest, pair, node->id, error);
    }
    if (strcmp(pair->key, "mem") == 0) {
        return qemu_size(guest->in, pair, INT64_C(1) << 20, &node->memory_bytes, error);
    }
    if (strcmp(pair->key, "memdev") == 0) {
        g_free(node->memdev);
        node->memdev = g_strdup(pair->value != NULL ? pair->value : "");
    } else if (strcmp(pair->key, "initiator") == 0) {
        if (!qemu_integer(guest->in, pair, 0, FACTS_MAX_NODE_ID - 1, &value, error)) {
            return false;
        }
        node->initiator = (int32_t)value;
    } else if (strcmp(pair->key, "type") != 0 && strcmp(pair->key, "nodeid") != 0) {
        const char *const nearest = error_nearest(pair->key, names);

        return qemu_error(guest->in, pair->key_place, error,
                          "-numa node has no '%s'; expected nodeid, cpus, mem, memdev or "
                          "initiator%s%s%s",
                          pair->key, nearest != NULL ? " (did you mean '" : "",
                          nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
    }
    return true;
}

static bool read_node(struct qemu_guest *guest, const GArray *pairs, const struct qemu_word *word,
                      GError **error)
{
    const struct qemu_pair *const id = qemu_pairs_find(pairs, "nodeid");
    struct qemu_node node = {.memory_bytes = FACTS_UNKNOWN, .initiator = -1};
    int64_t value = (int64_t)guest->nodes->len;
    bool ok = true;

    if (guest->nodes->len >= MACHINE_MAX_NODES) {
        return qemu_error(guest->in, word->places[0], error, "more than %d nodes",
                          MACHINE_MAX_NODES);
    }
    if (id != NULL && !qemu_integer(guest->in, id, 0, FACTS_MAX_NODE_ID - 1, &value, error)) {
        return false;
    }
    if (find_node(guest, value) != NULL) {
        return qemu_error(guest->in, id != NULL ? id->value_place : word->places[0], error,
                          "node %" G_GINT64_FORMAT " again; expected each node once", value);
    }
    node.id = (int32_t)value;
    node.place = word->places[0];
    for (guint i = 0; ok && i < pairs->len; i++) {
        ok = read_node_key(guest, &g_array_index(pairs, struct qemu_pair, i), &node, error);
    }
    if (!ok) {
        g_free(node.memdev);
        return false;
    }
    g_array_append_val(guest->nodes, node);
    return true;
}

static bool read_cpu(struct qemu_guest *guest, const GArray *pairs, const struct qemu_word *word,
                     GError **error)
{
    struct qemu_assignment cpu = {.first = -1, .last = -1, .place = word->places[0]};
    int64_t node = 0;

    if (!need_node(guest, pairs, word, "node-id", &node, error)) {
        return false;
    }
    cpu.node = (int32_t)node;
    for (int level = 0; level < NR_QEMU_LEVELS; level++) {
        g_autofree char *key = g_strdup_printf("%.*s-id", (int)strlen(qemu_smp_names[level]) - 1,
                                               qemu_smp_names[level]);
        const struct qemu_pair *const pair = qemu_pairs_find(pairs, key);
        int64_t id = -1;

        if (pair != NULL && !qemu_integer(guest->in, pair, 0, FACTS_MAX_CPU_ID, &id, error)) {
            return false;
        }
        cpu.id[level] = (int32_t)id;
    }
    if (guest->assignments->len >= 2 * MACHINE_MAX_CPUS) {
        return qemu_error(guest->in, word->places[0], error, "more than %d -numa cpu",
                          2 * MACHINE_MAX_CPUS);
    }
    g_array_append_val(guest->assignments, cpu);
    return true;
}

static bool add_link(struct qemu_guest *guest, const struct qemu_word *word, enum facts_pair pair,
                     int64_t from, int64_t to, int64_t value, GError **error)
{
    const struct qemu_link link = {pair, (int32_t)from, (int32_t)to, value, word->places[0]};

    if (guest->links->len >= MAX_OPTIONS) {
        return qemu_error(guest->in, word->places[0], error, "more than %d distances and latencies",
                          MAX_OPTIONS);
    }
    g_array_append_val(guest->links, link);
    return true;
}

static bool read_dist(struct qemu_guest *guest, const GArray *pairs, const struct qemu_word *word,
                      GError **error)
{
    int64_t from = 0, to = 0, value = 0;

    if (!need_node(guest, pairs, word, "src", &from, error) ||
        !need_node(guest, pairs, word, "dst", &to, error) ||
        !need(guest, pairs, word, "val", 255, &value, error)) {
        return false;
    }
    if (value < MACHINE_LOCAL_DISTANCE || (from == to && value != MACHINE_LOCAL_DISTANCE)) {
        return qemu_error(guest->in, qemu_pairs_find(pairs, "val")->value_place, error,
                          "distance %" G_GINT64_FORMAT " from node %" G_GINT64_FORMAT
                          " to %" G_GINT64_FORMAT "; expected %s",
                          value, from, to, from == to ? "10, as a node is to itself" : "10..255");
    }
    return add_link(guest, word, FACTS_DISTANCE, from, to, value, error);
}

/*
 * HMAT latency or bandwidth. Of reads and writes the reads count, and only those of memory: the
 * kernel too takes no others (drivers/acpi/numa/hmat.c: hmat_parse_locality(), 6.12).
 */
static bool read_hmat_lb(struct qemu_guest *guest, const GArray *pairs,
                         const struct qemu_word *word, GError **error)
{
    const struct qemu_pair *const type = qemu_pairs_find(pairs, "data-type");
    const struct qemu_pair *const hierarchy = qemu_pairs_find(pairs, "hierarchy");
    const char *const kind = type != NULL && type->value != NULL ? type->value : "";
    const bool latency = g_str_has_suffix(kind, "-latency");
    const struct qemu_pair *number;
    int64_t from = 0, to = 0, value = 0;

    if (!need_node(guest, pairs, word, "initiator", &from, error) ||
        !need_node(guest, pairs, word, "target", &to, error)) {
        return false;
    }
    if (!latency && !g_str_has_suffix(kind, "-bandwidth")) {
        return qemu_error(guest->in, type != NULL ? type->value_place : word->places[0], error,
                          "data-type '%s'; expected access-latency, read-latency, write-latency, "
                          "access-bandwidth, read-bandwidth or write-bandwidth",
                          kind);
    }
    number = qemu_pairs_find(pairs, latency ? "latency" : "bandwidth");
    if (number == NULL) {
        return qemu_error(guest->in, word->places[0], error, "%s without its number; expected %s",
                          kind, latency ? "latency=NS" : "bandwidth=BYTES");
    }
    if (latency ? !qemu_integer(guest->in, number, 0, INT32_MAX, &value, error)
                : !qemu_size(guest->in, number, 1, &value, error)) {
        return false;
    }
    if (g_str_has_prefix(kind, "write-") ||
        (hierarchy != NULL && g_strcmp0(hierarchy->value, "memory") != 0) || value == 0) {
        return true;
    }
    return add_link(guest, word, latency ? FACTS_LATENCY_NS : FACTS_BANDWIDTH_BYTES_PER_S, from, to,
                    value, error);
}

/* Of several levels the largest counts: it is the one nearest to the memory. */
static bool read_hmat_cache(struct qemu_guest *guest, const GArray *pairs,
                            const struct qemu_word *word, GError **error)
{
    const struct qemu_pair *const size = qemu_pairs_find(pairs, "size");
    struct qemu_node *node;
    int64_t id = 0, bytes = 0;

    if (!need_node(guest, pairs, word, "node-id", &id, error)) {
        return false;
    }
    if (size == NULL) {
        return qemu_error(guest->in, word->places[0], error,
                          "-numa hmat-cache without size; expected size=BYTES");
    }
    if (!qemu_size(guest->in, size, 1, &bytes, error)) {
        return false;
    }
    node = find_node(guest, id);
    node->side_cache_bytes = MAX(node->side_cache_bytes, bytes);
    return true;
}

bool qemu_guest_numa(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    static const struct {
        const char *name;
        bool (*read)(struct qemu_guest *, const GArray *, const struct qemu_word *, GError **);
    } types[] = {{"node", read_node},
                 {"dist", read_dist},
                 {"cpu", read_cpu},
                 {"hmat-lb", read_hmat_lb},
                 {"hmat-cache", read_hmat_cache}};
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "type", error);
    const struct qemu_pair *type;

    if (pairs == NULL) {
        return false;
    }
    type = qemu_pairs_find(pairs, "type");
    for (size_t i = 0; type != NULL && i < G_N_ELEMENTS(types); i++) {
        if (g_strcmp0(type->value, types[i].name) == 0) {
            return types[i].read(guest, pairs, word, error);
        }
    }
    return qemu_error(guest->in, word->places[0], error,
                      "-numa '%s'; expected node, cpu, dist, hmat-lb or hmat-cache",
                      type != NULL && type->value != NULL ? type->value : "");
}
