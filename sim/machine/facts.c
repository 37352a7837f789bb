/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts: life, look-up by the outside's numbers, and what is told to people. */
#include "machine/facts.h"

#include <string.h>

static const char *const group_names[NR_FACTS_GROUPS] = {
    [FACTS_CORE] = "core", [FACTS_CLUSTER] = "cluster", [FACTS_L2] = "L2",    [FACTS_L3] = "LLC",
    [FACTS_DIE] = "die",   [FACTS_PACKAGE] = "package", [FACTS_NODE] = "node"};

const char *facts_group_name(enum facts_group group)
{
    return group_names[group];
}

static void node_clear(gpointer data)
{
    g_free(((struct facts_node *)data)->subtype);
}

static void pin_free(gpointer data)
{
    struct facts_pin *pin = data;

    g_free(pin->host);
    g_free(pin);
}

struct facts *facts_new(const char *source)
{
    struct facts *f = g_new0(struct facts, 1);

    f->arch = FACTS_UNKNOWN;
    f->hybrid = FACTS_UNKNOWN;
    f->cpus = g_array_new(FALSE, FALSE, sizeof(struct facts_cpu));
    f->nodes = g_array_new(FALSE, FALSE, sizeof(struct facts_node));
    g_array_set_clear_func(f->nodes, node_clear);
    for (int pair = 0; pair < NR_FACTS_PAIRS; pair++) {
        f->pairs[pair] = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    }
    f->source = g_strdup(source);
    f->notes = g_ptr_array_new_with_free_func(g_free);
    f->pins = g_ptr_array_new_with_free_func(pin_free);
    return f;
}

struct facts *facts_new_of(const char *what, const char *path)
{
    g_autofree char *file = g_path_get_basename(path);
    g_autofree char *source = g_strdup_printf("%s in %s", what, file);

    return facts_new(source);
}

void facts_free(struct facts *f)
{
    if (f == NULL) {
        return;
    }
    g_free(f->name);
    g_free(f->vendor);
    g_free(f->model);
    g_free(f->description);
    g_free(f->other_arch);
    g_free(f->source);
    g_array_unref(f->cpus);
    g_array_unref(f->nodes);
    for (int pair = 0; pair < NR_FACTS_PAIRS; pair++) {
        g_hash_table_unref(f->pairs[pair]);
    }
    for (int block = 0; block < NR_MACHINE_BLOCKS; block++) {
        g_free(f->block_sources[block]);
    }
    g_ptr_array_unref(f->notes);
    g_ptr_array_unref(f->pins);
    g_free(f);
}

/* Both kinds of entries begin with their id, so that one search serves them. */
G_STATIC_ASSERT(offsetof(struct facts_cpu, id) == 0);
G_STATIC_ASSERT(offsetof(struct facts_node, id) == 0);

static int32_t id_at(const GArray *array, guint index)
{
    const guint size = g_array_get_element_size((GArray *)(guintptr)array);

    return *(const int32_t *)(const void *)(array->data + (gsize)index * size);
}

/* The place of @id in @array, or where it belongs; files name CPUs mostly in ascending order. */
static guint find_place(const GArray *array, int32_t id)
{
    guint low = 0, high = array->len;

    if (high > 0 && id_at(array, high - 1) < id) {
        return high;
    }
    while (low < high) {
        const guint middle = low + (high - low) / 2;

        if (id_at(array, middle) < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct facts_cpu *facts_find_cpu(const struct facts *f, int32_t id)
{
    const guint at = find_place(f->cpus, id);

    return at < f->cpus->len && id_at(f->cpus, at) == id
               ? &g_array_index(f->cpus, struct facts_cpu, at)
               : NULL;
}

struct facts_node *facts_find_node(const struct facts *f, int32_t id)
{
    const guint at = find_place(f->nodes, id);

    return at < f->nodes->len && id_at(f->nodes, at) == id
               ? &g_array_index(f->nodes, struct facts_node, at)
               : NULL;
}

struct facts_cpu *facts_cpu(struct facts *f, int32_t id)
{
    const guint at = find_place(f->cpus, id);
    struct facts_cpu cpu = {.id = id};

    g_assert(id >= 0 && id < FACTS_MAX_CPU_ID);
    if (at == f->cpus->len || id_at(f->cpus, at) != id) {
        for (int group = 0; group < NR_FACTS_GROUPS; group++) {
            cpu.group[group] = FACTS_UNKNOWN;
        }
        g_array_insert_val(f->cpus, at, cpu);
    }
    return &g_array_index(f->cpus, struct facts_cpu, at);
}

struct facts_node *facts_node(struct facts *f, int32_t id)
{
    const guint at = find_place(f->nodes, id);
    struct facts_node node = {
        .id = id, .memory_bytes = FACTS_UNKNOWN, .tier = FACTS_UNKNOWN, .near_cpu = FACTS_UNKNOWN};

    g_assert(id >= 0 && id < FACTS_MAX_NODE_ID);
    if (at == f->nodes->len || id_at(f->nodes, at) != id) {
        g_array_insert_val(f->nodes, at, node);
    }
    return &g_array_index(f->nodes, struct facts_node, at);
}

static gint64 pair_key(int32_t from, int32_t to)
{
    return (gint64)from * FACTS_MAX_NODE_ID + to;
}

int64_t facts_pair_get(const struct facts *f, enum facts_pair pair, int32_t from, int32_t to)
{
    const gint64 key = pair_key(from, to);
    const gint64 *value = g_hash_table_lookup(f->pairs[pair], &key);

    return value != NULL ? *value : 0;
}

void facts_pair_set(struct facts *f, enum facts_pair pair, int32_t from, int32_t to, int64_t value)
{
    gint64 *key = g_new(gint64, 1), *copy = g_new(gint64, 1);

    *key = pair_key(from, to);
    *copy = value;
    g_hash_table_replace(f->pairs[pair], key, copy);
}

void facts_state(struct facts *f, enum machine_block block, const char *source)
{
    char **text = &f->block_sources[block];
    char *old = *text;

    if (old == NULL) {
        *text = g_strdup(source);
    } else if (strstr(old, source) == NULL) {
        *text = g_strconcat(old, "; ", source, NULL);
        g_free(old);
    }
}

void facts_note(struct facts *f, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(f->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

void facts_pin(struct facts *f, bool memory, int32_t id, const char *host)
{
    struct facts_pin *pin = g_new(struct facts_pin, 1);

    *pin = (struct facts_pin){memory, id, g_strdup(host)};
    g_ptr_array_add(f->pins, pin);
}
