/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in workloads: objects and arrays of them, and how programs refer to them. */
#include <string.h>

#include "format/workload-private.h"

enum { OBJECT_NAME_MAX = 48, PIPE_DEFAULT_BYTES = 65536 /* pipe(7), "Pipe capacity" */ };

static const char *const object_words[] = {"semaphore", "pipe",      "barrier", "mutex",
                                           "spinlock",  "condition", NULL};

struct workload_mark workload_mark(const struct yaml_node *node)
{
    return (struct workload_mark){.line = node->line, .column = node->column};
}

const char **workload_keys(const struct yaml_node *map)
{
    uint32_t nr = map != NULL ? map->nr_items : 0;
    const char **keys = g_new0(const char *, nr + 1);

    for (uint32_t i = 0; i < nr; i++) {
        keys[i] = map->items[i]->key->text;
    }
    return keys;
}

bool workload_check_name(const struct yaml_node *node, const char *what, size_t max_length,
                         GError **error)
{
    const struct yaml_node *key = node->key;
    size_t length = strlen(key->text);

    if (length == 0 || length > max_length ||
        strspn(key->text, "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != length) {
        return yaml_error(key, error,
                          "'%s' is no name of a %s; expected 1 to %zu letters, digits, '-' and '_'",
                          key->text, what, max_length);
    }
    return true;
}

bool workload_lookup(const struct yaml_node *node, const char *what, const char *const *names,
                     int32_t *ret_index, GError **error)
{
    const char *text = NULL;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    for (int32_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return yaml_error_unknown(node, what, names, error);
}

bool workload_cpulist(const struct yaml_node *node, char **member, GError **error)
{
    enum { NR_BITS = 8192 }; /* any machine's; the interpreter checks against the real one */
    uint64_t map[NR_BITS / 64];
    const char *text = NULL;

    if (!yaml_cpulist(node, map, NR_BITS, error) || !yaml_string(node, &text, error)) {
        return false;
    }
    if (text[0] == '\0') {
        return yaml_error(node, error, "an empty list; expected a list such as 0-3,8");
    }
    g_free(*member);
    *member = g_strdup(text);
    return true;
}

int32_t workload_metric(struct workload_reader *r, const char *name)
{
    for (guint i = 0; i < r->metrics->len; i++) {
        if (strcmp(g_ptr_array_index(r->metrics, i), name) == 0) {
            return (int32_t)i;
        }
    }
    g_ptr_array_add(r->metrics, g_strdup(name));
    return (int32_t)r->metrics->len - 1;
}

/* ------------------------------------------------------------------------------------------- */
/* References                                                                                  */

static bool unknown_object(const struct workload_reader *r, const struct yaml_node *node,
                           GError **error)
{
    g_autofree const char **names = g_new0(const char *, r->objects->len + 1);

    for (guint i = 0; i < r->objects->len; i++) {
        names[i] = g_array_index(r->objects, struct object_decl, i).name;
    }
    return yaml_error_unknown(node, "object", names, error);
}

/* The declaration that @text names up to its '.'; *@ret_index is what follows the dot, or NULL. */
static const struct object_decl *find_decl(const struct workload_reader *r, const char *text,
                                           const char **ret_index)
{
    const char *dot = strchr(text, '.');
    size_t length = dot != NULL ? (size_t)(dot - text) : strlen(text);

    *ret_index = dot != NULL ? dot + 1 : NULL;
    for (guint i = 0; i < r->objects->len; i++) {
        const struct object_decl *d = &g_array_index(r->objects, struct object_decl, i);

        if (strlen(d->name) == length && strncmp(d->name, text, length) == 0) {
            return d;
        }
    }
    return NULL;
}

const struct object_decl *workload_object_decl(const struct workload_reader *r,
                                               const struct yaml_node *node, GError **error)
{
    const char *text = NULL, *index = NULL;
    const struct object_decl *decl;

    if (!yaml_string(node, &text, error)) {
        return NULL;
    }
    decl = find_decl(r, text, &index);
    if (decl == NULL || index != NULL) {
        unknown_object(r, node, error);
        return NULL;
    }
    return decl;
}

static bool member_index(const struct workload_reader *r, const struct yaml_node *node,
                         const struct object_decl *d, const char *index, int64_t *ret_value,
                         GError **error)
{
    guint64 value = 0;

    if (strcmp(index, "thread") == 0 && r->thread >= 0) {
        value = (guint64)r->thread;
    } else if (strcmp(index, "thread") == 0) {
        return yaml_error(node, error,
                          "'%s' in threads that a fork starts; expected a member by its number",
                          node->text);
    } else if (strcmp(index, "each") == 0) {
        if (r->each < 0) {
            return yaml_error(node, error,
                              "'%s' outside of a 'foreach'; expected a member by its number",
                              node->text);
        }
        value = (guint64)r->each;
    } else if (!g_ascii_string_to_unsigned(index, 10, 0, INT32_MAX, &value, NULL)) {
        return yaml_error(node, error,
                          "'%s' names no member; expected '%s.0' to '%s.%d', '%s.thread' or "
                          "'%s.each'",
                          node->text, d->name, d->name, d->count - 1, d->name, d->name);
    }
    if (value >= (guint64)d->count) {
        return yaml_error(node, error, "'%s' is member %d of an array of %d; expected one of 0..%d",
                          node->text, (int)value, d->count, d->count - 1);
    }
    *ret_value = (int64_t)value;
    return true;
}

/* "semaphore", "mutex or spinlock". */
static char *kinds_text(unsigned kinds)
{
    GString *out = g_string_new(NULL);

    for (int k = 0; object_words[k] != NULL; k++) {
        if (kinds & (1u << k)) {
            g_string_append_printf(out, "%s%s", out->len > 0 ? " or " : "", object_words[k]);
        }
    }
    return g_string_free(out, FALSE);
}

bool workload_object_ref(const struct workload_reader *r, const struct yaml_node *node,
                         unsigned kinds, int32_t *ret_index, GError **error)
{
    const char *text = NULL, *index = NULL;
    const struct object_decl *d;
    int64_t member = 0;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    d = find_decl(r, text, &index);
    if (d == NULL) {
        return unknown_object(r, node, error);
    }
    if ((kinds & (1u << d->kind)) == 0) {
        g_autofree char *expected = kinds_text(kinds);

        return yaml_error(node, error, "'%s' is a %s; expected a %s", text, object_words[d->kind],
                          expected);
    }
    if (d->array && index == NULL) {
        return yaml_error(node, error,
                          "'%s' is an array of %d; expected a member: '%s.0', '%s.thread', "
                          "'%s.each'",
                          text, d->count, text, text, text);
    }
    if (!d->array && index != NULL) {
        return yaml_error(node, error, "'%s' is one %s and no array; expected '%s'", d->name,
                          object_words[d->kind], d->name);
    }
    if (d->array && !member_index(r, node, d, index, &member, error)) {
        return false;
    }
    *ret_index = d->first + (int32_t)member;
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Declarations                                                                                */

struct object_spec {
    int64_t semaphore, pipe_bytes, barrier, count;
    const struct yaml_node *plain; /* of the kinds that have no value */
    bool spin;
};

static const struct yaml_field object_fields[] = {
    {.key = "semaphore",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct object_spec, semaphore),
     .max = INT32_MAX,
     .help = "a counting semaphore: what it counts at the start"},
    {.key = "pipe",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct object_spec, pipe_bytes),
     .unit = UNIT_BYTES,
     .min = 1,
     .max = INT64_C(1) << 40,
     .help = "a pipe: how many bytes fit into it"},
    {.key = "barrier",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct object_spec, barrier),
     .min = 1,
     .max = INT32_MAX,
     .help = "a barrier: how many threads it waits for"},
    {.key = "mutex", .type = YAML_TYPE_NODE, .offset = offsetof(struct object_spec, plain)},
    {.key = "spinlock", .type = YAML_TYPE_NODE, .offset = offsetof(struct object_spec, plain)},
    {.key = "condition",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct object_spec, plain),
     .help = "a condition variable"},
    {.key = "spin",
     .type = YAML_TYPE_BOOL,
     .offset = offsetof(struct object_spec, spin),
     .help = "who waits at the barrier burns CPU instead of sleeping"},
    {.key = "count",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct object_spec, count),
     .min = 1,
     .max = WORKLOAD_MAX_ARRAY,
     .help = "makes an array of so many"},
    {.key = NULL},
};

/* Which one kind the mapping names; its value goes to @o. */
static bool pick_kind(const struct yaml_node *node, const struct object_spec *spec,
                      struct workload_object *o, GError **error)
{
    int found = 0;

    for (int k = 0; object_words[k] != NULL; k++) {
        if (yaml_map_get(node, object_words[k]) != NULL) {
            o->kind = (enum object_kind)k;
            found++;
        }
    }
    if (found != 1) {
        g_autofree char *kinds = kinds_text(~0u);

        return yaml_error(node, error, "'%s' is %d kinds of object; expected one of: %s",
                          node->key->text, found, kinds);
    }
    if (o->kind >= OBJECT_MUTEX && !yaml_is_null(yaml_map_get(node, object_words[o->kind]))) {
        return yaml_error(yaml_map_get(node, object_words[o->kind]), error,
                          "a value for '%s'; expected none, as in {%s: ~, count: 4}",
                          object_words[o->kind], object_words[o->kind]);
    }
    if (spec->spin && o->kind != OBJECT_BARRIER) {
        return yaml_error(node, error, "'spin' on a %s; expected it on a barrier%s",
                          object_words[o->kind],
                          o->kind == OBJECT_MUTEX ? " (a mutex that spins is a spinlock)" : "");
    }
    o->spin = spec->spin;
    o->initial = o->kind == OBJECT_SEMAPHORE ? spec->semaphore
                 : o->kind == OBJECT_PIPE    ? spec->pipe_bytes
                 : o->kind == OBJECT_BARRIER ? spec->barrier
                                             : 0;
    return true;
}

static bool read_object(const struct yaml_node *node, struct workload_object *o,
                        struct object_decl *decl, GError **error)
{
    struct object_spec spec = {.count = 0};
    int kind = 0;

    decl->count = 1;
    if (node->kind == YAML_KIND_SCALAR) {
        if (!yaml_choice(node, object_words, &kind, error)) {
            return false;
        }
        if (kind == OBJECT_BARRIER) {
            return yaml_error(node, error, "a barrier of how many?; expected {barrier: 4}");
        }
        o->kind = decl->kind = (enum object_kind)kind;
        o->initial = kind == OBJECT_PIPE ? PIPE_DEFAULT_BYTES : 0;
        return true;
    }
    if (!yaml_read_fields(node, object_fields, &spec, error) || !pick_kind(node, &spec, o, error)) {
        return false;
    }
    decl->kind = o->kind;
    decl->array = spec.count > 0;
    decl->count = decl->array ? (int32_t)spec.count : 1;
    return true;
}

static void add_object(GArray *objects, const struct workload_object *o,
                       const struct object_decl *decl)
{
    for (int32_t i = 0; i < decl->count; i++) {
        struct workload_object copy = *o;

        copy.name = decl->array ? g_strdup_printf("%s.%d", decl->name, i) : g_strdup(decl->name);
        g_array_append_val(objects, copy);
    }
}

bool workload_read_objects(struct workload_reader *r, const struct yaml_node *map, GError **error)
{
    g_autoptr(GArray) objects = g_array_new(FALSE, TRUE, sizeof(struct workload_object));
    bool ok = true;

    for (uint32_t i = 0; ok && i < map->nr_items; i++) {
        struct object_decl decl = {.name = map->items[i]->key->text,
                                   .first = (int32_t)objects->len};
        struct workload_object object = {.kind = OBJECT_SEMAPHORE};

        ok = workload_check_name(map->items[i], "object", OBJECT_NAME_MAX, error) &&
             read_object(map->items[i], &object, &decl, error);
        if (ok) {
            add_object(objects, &object, &decl);
            g_array_append_val(r->objects, decl);
        }
    }
    r->w->nr_objects = (int32_t)objects->len;
    r->w->objects =
        (struct workload_object *)(void *)g_array_free(g_steal_pointer(&objects), FALSE);
    return ok;
}
