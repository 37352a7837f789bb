/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The YAML door that every reader uses (topology, workload, policy set, study): a file becomes a
 * tree of nodes with their places, and tables of fields turn a mapping into a plain struct.
 *
 * What is accepted is a strict part of YAML: one document of mappings, sequences and scalars in
 * UTF-8. Anchors, aliases and tags are refused (so there are no alias bombs), as are duplicate
 * keys, keys that are not scalars, control characters, tabs for indentation, a second document,
 * nesting beyond YAML_MAX_DEPTH, and files beyond YAML_MAX_BYTES or YAML_MAX_NODES.
 *
 * Every error is NUMASIM_ERROR_INPUT (unreadable files: NUMASIM_ERROR_IO) and reads
 *
 *     FILE:LINE:COLUMN: what is wrong; what was expected (did you mean 'x'?)
 *         the line of the file
 *             ^
 *
 * Functions that fail return false or NULL and set nothing but @error.
 */
#ifndef NUMASIM_FORMAT_YAML_H
#define NUMASIM_FORMAT_YAML_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dist.h"
#include "base/units.h"

enum { YAML_MAX_DEPTH = 64, YAML_MAX_BYTES = 64 * 1024 * 1024, YAML_MAX_NODES = 4 * 1024 * 1024 };

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_SEQUENCE, YAML_KIND_MAPPING };

struct yaml_doc; /* see yaml.c; owns its nodes and all their text */

/* Read it, never change it; valid as long as its document. */
struct yaml_node {
    const struct yaml_doc *doc;
    enum yaml_kind kind;
    uint32_t line, column;       /* 1-based; the column counts characters */
    bool quoted;                 /* a scalar in quotes or a block scalar */
    const char *text;            /* SCALAR, else NULL; valid UTF-8 without NUL */
    const struct yaml_node *key; /* the key (a scalar node) it stands under in a mapping, or NULL */
    uint32_t nr_items;           /* SEQUENCE: members; MAPPING: pairs */
    const struct yaml_node **items; /* members, or values; a value's ->key is its key */
};

/* Reads the file at @path. NULL with @error. */
struct yaml_doc *yaml_load(const char *path, GError **error);
/* Reads @size bytes; @name stands in messages where a file's path would. */
struct yaml_doc *yaml_load_buffer(const char *name, const char *bytes, size_t size, GError **error);
void yaml_doc_free(struct yaml_doc *doc); /* accepts NULL */
typedef struct yaml_doc yaml_doc_t;       /* for g_autoptr(yaml_doc_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(yaml_doc_t, yaml_doc_free)

const struct yaml_node *yaml_doc_root(const struct yaml_doc *doc); /* never NULL */
const char *yaml_doc_name(const struct yaml_doc *doc);             /* path or display name */
const char *yaml_doc_digest(const struct yaml_doc *doc);           /* digest_of() the bytes */
/* The text of every `source:` in the document, in order, NULL-terminated; borrowed. */
const char *const *yaml_doc_sources(const struct yaml_doc *doc);

/*
 * The root must be a mapping that says `numasim: KIND/N` with 1 <= N <= @version; N goes to
 * @ret_version (may be NULL). That key is known in every root mapping and needs no table row.
 */
bool yaml_check_schema(const struct yaml_doc *doc, const char *kind, int version, int *ret_version,
                       GError **error);

/* Sets @error to a message at the place of @node; returns false, for `return yaml_error(...)`. */
bool yaml_error(const struct yaml_node *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The same for a name that is none of @known (NULL-terminated): "unknown WHAT 'text'; expected one
 * of ... (did you mean 'x'?)". @node is a scalar; @what as in "policy", "region". */
bool yaml_error_unknown(const struct yaml_node *node, const char *what, const char *const *known,
                        GError **error);

/* The value under @key, or NULL; @map may be of any kind. */
const struct yaml_node *yaml_map_get(const struct yaml_node *map, const char *key);
/* The same, but a missing key is an error at @map. */
const struct yaml_node *yaml_map_need(const struct yaml_node *map, const char *key, GError **error);
/* @node must be of @kind; "WHAT must be a mapping, not a sequence". @what: as in "'costs'". */
bool yaml_check_kind(const struct yaml_node *node, enum yaml_kind kind, const char *what,
                     GError **error);
/* @map must be a mapping, with no key but those of @known (NULL-terminated). */
bool yaml_check_keys(const struct yaml_node *map, const char *const *known, GError **error);
/* True for `~`, `null` and an empty plain scalar. */
bool yaml_is_null(const struct yaml_node *node);

/*
 * The scalar @node as ...; the error is at the node and names its key.
 */
bool yaml_string(const struct yaml_node *node, const char **ret_text, GError **error);
/* ... a bare integer in @min..@max. */
bool yaml_int(const struct yaml_node *node, int64_t min, int64_t max, int64_t *ret_value,
              GError **error);
/* ... a quantity with a unit in @min..@max of the base unit (units.h); UNIT_NONE: as yaml_int(). */
bool yaml_quantity(const struct yaml_node *node, enum unit unit, int64_t min, int64_t max,
                   int64_t *ret_value, GError **error);
/* ... `true`/`yes`/`on` or `false`/`no`/`off`. */
bool yaml_bool(const struct yaml_node *node, bool *ret_value, GError **error);
/* ... one of @names (NULL-terminated); its index. */
bool yaml_choice(const struct yaml_node *node, const char *const *names, int *ret_index,
                 GError **error);
/* ... a cpulist ("0-3,8"), into @map of @nr_bits bits. */
bool yaml_cpulist(const struct yaml_node *node, uint64_t *map, uint32_t nr_bits, GError **error);
/*
 * A distribution over quantities of @unit: a scalar is a fixed value; else a mapping of one pair:
 *     {fixed: 2ms}  {uniform: [1ms, 3ms]}  {exponential: 1ms}  {normal: [MEAN, STDDEV]}
 *     {lognormal: [MEDIAN, SIGMA]}         {empirical: {1ms: 3, 2ms: 1}}     value: weight
 * On success the caller owns what *@ret_dist holds (dist_release()).
 */
bool yaml_dist(const struct yaml_node *node, enum unit unit, struct dist *ret_dist, GError **error);

/*
 * A table of the keys of one mapping. The same rows make the schema pages of the documentation, so
 * @help is one line for people. A table ends with a row whose key is NULL.
 */
enum yaml_type {
    YAML_TYPE_INT,    /* int64_t: a bare integer, or a quantity where unit is not UNIT_NONE */
    YAML_TYPE_INT32,  /* int32_t: the same */
    YAML_TYPE_BOOL,   /* bool */
    YAML_TYPE_STRING, /* char *, newly allocated; the old value is freed */
    YAML_TYPE_CHOICE, /* int: index into names */
    YAML_TYPE_DIST,   /* struct dist of quantities of unit; the old value is released */
    YAML_TYPE_NODE,   /* const struct yaml_node *: the caller reads it; any kind */
    YAML_TYPE_MAP,    /* const struct yaml_node *: checked to be a mapping */
    YAML_TYPE_LIST,   /* const struct yaml_node *: checked to be a sequence */
};

struct yaml_field {
    const char *key;
    enum yaml_type type;
    size_t offset; /* of the member in the object */
    enum unit unit;
    int64_t min, max;         /* INT types; both 0: 0 up to the type's maximum */
    const char *const *names; /* CHOICE: NULL-terminated */
    bool required;
    const char *help;
};

/*
 * Fills @object from the mapping @map by @fields. Keys that are not in the table, and missing
 * required ones, are errors. Members whose key is absent keep their value, so set defaults first;
 * pointers that a failed call has set are owned by @object as after success.
 */
bool yaml_read_fields(const struct yaml_node *map, const struct yaml_field *fields, void *object,
                      GError **error);
/* The value type of a row for people: "time (90ns, 2ms)", "integer 0..19", "one of a, b".
 * Newly allocated. */
char *yaml_field_describe(const struct yaml_field *field);

#endif
