/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes to a tree of nodes, over libyaml's events. Nothing here knows any schema. */
#include "format/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/yaml-private.h"

enum { ARENA_BLOCK_BYTES = 64 * 1024, LINEAR_KEYS = 16 };

struct loader {
    struct yaml_doc *doc;
    yaml_parser_t parser;
    GError **error;
};

static void *arena_alloc(struct yaml_doc *doc, size_t size)
{
    char *p;

    size = (size + 15) & ~(size_t)15;
    if (doc->block_used + size > doc->block_size) {
        doc->block_size = MAX((size_t)ARENA_BLOCK_BYTES, size);
        doc->block_used = 0;
        g_ptr_array_add(doc->blocks, g_malloc(doc->block_size));
    }
    p = (char *)g_ptr_array_index(doc->blocks, doc->blocks->len - 1) + doc->block_used;
    doc->block_used += size;
    return p;
}

static bool fail_mark(struct loader *l, yaml_mark_t mark, const char *message)
{
    return yaml_error_at(l->doc, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1, l->error,
                         message);
}

static bool next_event(struct loader *l, yaml_event_t *event)
{
    const yaml_parser_t *p = &l->parser;
    g_autofree char *message = NULL;

    if (yaml_parser_parse(&l->parser, event)) {
        return true;
    }
    if (p->context != NULL && p->context_mark.line != p->problem_mark.line) {
        message = g_strdup_printf("not valid YAML: %s (%s that starts in line %zu)", p->problem,
                                  p->context, p->context_mark.line + 1);
    } else {
        message = g_strdup_printf("not valid YAML: %s", p->problem);
    }
    return fail_mark(l, p->problem_mark, message);
}

static struct yaml_node *node_new(struct loader *l, enum yaml_kind kind, const yaml_event_t *event)
{
    struct yaml_node *node;

    if (++l->doc->nr_nodes > YAML_MAX_NODES) {
        g_autofree char *message =
            g_strdup_printf("the file is too large; expected at most %d values", YAML_MAX_NODES);

        fail_mark(l, event->start_mark, message);
        return NULL;
    }
    node = arena_alloc(l->doc, sizeof(*node));
    *node = (struct yaml_node){
        .doc = l->doc,
        .kind = kind,
        .line = (uint32_t)event->start_mark.line + 1,
        .column = (uint32_t)event->start_mark.column + 1,
    };
    return node;
}

/* Anchors, aliases and tags: whatever they are for, a file of ours does without. */
static bool check_plain(struct loader *l, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_mark(l, event->start_mark, "an alias; expected the value itself");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        return fail_mark(l, event->start_mark, "an anchor; expected a value without '&'");
    }
    if (tag != NULL) {
        return fail_mark(l, event->start_mark, "a tag; expected a value without '!'");
    }
    return true;
}

static struct yaml_node *scalar_new(struct loader *l, const yaml_event_t *event)
{
    struct yaml_node *node = node_new(l, YAML_KIND_SCALAR, event);
    size_t length = event->data.scalar.length;
    char *text;

    if (node == NULL) {
        return NULL;
    }
    if (memchr(event->data.scalar.value, '\0', length) != NULL) {
        fail_mark(l, event->start_mark, "an escaped NUL; expected text");
        return NULL;
    }
    text = arena_alloc(l->doc, length + 1);
    memcpy(text, event->data.scalar.value, length);
    text[length] = '\0';
    node->text = text;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static void adopt_items(struct loader *l, struct yaml_node *node, const GPtrArray *items)
{
    node->nr_items = items->len;
    if (items->len > 0) {
        node->items = arena_alloc(l->doc, items->len * sizeof(*node->items));
        memcpy(node->items, items->pdata, items->len * sizeof(*node->items));
    }
}

static struct yaml_node *parse_node(struct loader *l, yaml_event_t *event, int depth);

static struct yaml_node *parse_sequence(struct loader *l, const yaml_event_t *start, int depth)
{
    struct yaml_node *node = node_new(l, YAML_KIND_SEQUENCE, start);
    g_autoptr(GPtrArray) items = g_ptr_array_new();

    while (node != NULL) {
        yaml_event_t event;
        struct yaml_node *item;

        if (!next_event(l, &event)) {
            return NULL;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        item = parse_node(l, &event, depth + 1);
        if (item == NULL) {
            return NULL;
        }
        g_ptr_array_add(items, item);
    }
    if (node != NULL) {
        adopt_items(l, node, items);
    }
    return node;
}

/* True iff @key is new in the mapping of the values @items; @seen is made once they are many. */
static bool key_is_new(const GPtrArray *items, GHashTable **seen, const struct yaml_node *key)
{
    if (items->len < LINEAR_KEYS) {
        for (guint i = 0; i < items->len; i++) {
            const struct yaml_node *value = g_ptr_array_index(items, i);

            if (strcmp(value->key->text, key->text) == 0) {
                return false;
            }
        }
        return true;
    }
    if (*seen == NULL) {
        *seen = g_hash_table_new(g_str_hash, g_str_equal);
        for (guint i = 0; i < items->len; i++) {
            const struct yaml_node *value = g_ptr_array_index(items, i);

            g_hash_table_add(*seen, (gpointer)(guintptr)value->key->text);
        }
    }
    return g_hash_table_add(*seen, (gpointer)(guintptr)key->text);
}

static struct yaml_node *parse_key(struct loader *l, yaml_event_t *event)
{
    struct yaml_node *key = NULL;

    if (!check_plain(l, event)) {
        return NULL;
    }
    if (event->type != YAML_SCALAR_EVENT) {
        fail_mark(l, event->start_mark, "a key that is no scalar; expected 'key: value'");
        return NULL;
    }
    key = scalar_new(l, event);
    return key;
}

static struct yaml_node *parse_mapping(struct loader *l, const yaml_event_t *start, int depth)
{
    struct yaml_node *node = node_new(l, YAML_KIND_MAPPING, start);
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    g_autoptr(GHashTable) seen = NULL;

    while (node != NULL) {
        yaml_event_t event;
        struct yaml_node *key, *value;

        if (!next_event(l, &event)) {
            return NULL;
        }
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        key = parse_key(l, &event);
        yaml_event_delete(&event);
        if (key == NULL) {
            return NULL;
        }
        if (!key_is_new(items, &seen, key)) {
            yaml_error(key, l->error, "duplicate key '%s'; expected each key once", key->text);
            return NULL;
        }
        if (!next_event(l, &event)) {
            return NULL;
        }
        value = parse_node(l, &event, depth + 1);
        if (value == NULL) {
            return NULL;
        }
        value->key = key;
        if (strcmp(key->text, "source") == 0 && value->kind == YAML_KIND_SCALAR) {
            g_ptr_array_add(l->doc->sources, (gpointer)(guintptr)value->text);
        }
        g_ptr_array_add(items, value);
    }
    if (node != NULL) {
        adopt_items(l, node, items);
    }
    return node;
}

/* Takes @event. */
static struct yaml_node *parse_node(struct loader *l, yaml_event_t *event, int depth)
{
    struct yaml_node *node = NULL;

    if (depth > YAML_MAX_DEPTH) {
        fail_mark(l, event->start_mark, "nested too deeply; expected at most 64 levels");
    } else if (check_plain(l, event)) {
        if (event->type == YAML_SCALAR_EVENT) {
            node = scalar_new(l, event);
        } else if (event->type == YAML_SEQUENCE_START_EVENT) {
            node = parse_sequence(l, event, depth);
        } else {
            node = parse_mapping(l, event, depth);
        }
    }
    yaml_event_delete(event);
    return node;
}

static bool parse_end(struct loader *l)
{
    yaml_event_t event;
    bool ok;

    if (!next_event(l, &event)) { /* DOCUMENT-END */
        return false;
    }
    yaml_event_delete(&event);
    if (!next_event(l, &event)) {
        return false;
    }
    ok = event.type == YAML_STREAM_END_EVENT;
    if (!ok) {
        fail_mark(l, event.start_mark, "a second document; expected the end of the file");
    }
    yaml_event_delete(&event);
    return ok;
}

static bool parse_document(struct loader *l)
{
    yaml_event_t event;

    if (!next_event(l, &event)) { /* STREAM-START */
        return false;
    }
    yaml_event_delete(&event);
    if (!next_event(l, &event)) {
        return false;
    }
    if (event.type == YAML_STREAM_END_EVENT) {
        fail_mark(l, event.start_mark, "the file is empty; expected a mapping");
        yaml_event_delete(&event);
        return false;
    }
    yaml_event_delete(&event);
    if (!next_event(l, &event)) {
        return false;
    }
    l->doc->root = parse_node(l, &event, 1);
    return l->doc->root != NULL && parse_end(l);
}

/* Takes @bytes. */
static struct yaml_doc *load(const char *name, char *bytes, size_t size, GError **error)
{
    g_autoptr(yaml_doc_t) doc = g_new0(struct yaml_doc, 1);
    struct loader l = {.doc = doc, .error = error};
    bool ok;

    doc->name = g_strdup(name);
    doc->bytes = bytes;
    doc->size = size;
    doc->sources = g_ptr_array_new();
    doc->blocks = g_ptr_array_new_with_free_func(g_free);
    if (size > YAML_MAX_BYTES) {
        yaml_error_at(doc, 1, 1, error, "the file is too large; expected at most 64 MiB");
        return NULL;
    }
    if (!yaml_check_text(doc, error)) {
        return NULL;
    }
    if (!yaml_parser_initialize(&l.parser)) {
        g_error("out of memory");
    }
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, (const unsigned char *)bytes, size);
    ok = parse_document(&l);
    yaml_parser_delete(&l.parser);
    if (!ok) {
        return NULL;
    }
    g_ptr_array_add(doc->sources, NULL);
    doc->digest = digest_of(bytes, size);
    return g_steal_pointer(&doc);
}

struct yaml_doc *yaml_load_buffer(const char *name, const char *bytes, size_t size, GError **error)
{
    char *copy = g_malloc(size + 1);

    memcpy(copy, bytes, size);
    copy[size] = '\0';
    return load(name, copy, size, error);
}

struct yaml_doc *yaml_load(const char *path, GError **error)
{
    char *bytes;
    size_t size;

    return file_read(path, YAML_MAX_BYTES, &bytes, &size, error) ? load(path, bytes, size, error)
                                                                 : NULL;
}

void yaml_doc_free(struct yaml_doc *doc)
{
    if (doc == NULL) {
        return;
    }
    g_ptr_array_unref(doc->sources);
    g_ptr_array_unref(doc->blocks);
    g_free(doc->name);
    g_free((gpointer)(guintptr)doc->bytes);
    g_free(doc->digest);
    g_free(doc);
}

const struct yaml_node *yaml_doc_root(const struct yaml_doc *doc)
{
    return doc->root;
}

const char *yaml_doc_name(const struct yaml_doc *doc)
{
    return doc->name;
}

const char *yaml_doc_digest(const struct yaml_doc *doc)
{
    return doc->digest;
}

const char *const *yaml_doc_sources(const struct yaml_doc *doc)
{
    return (const char *const *)doc->sources->pdata;
}
