/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One <object> of hwloc XML: is it what hwloc itself would have written there?
 *
 * libhwloc trusts its XML: sets that overlap or objects that nest against their order end in
 * assertions or loops there. So nothing reaches it that was not checked here.
 */
#include "format/facts/hwloc-private.h"

#include <string.h>

enum {
    MAX_OBJECTS = 16 * MACHINE_MAX_CPUS,       /* a core and three caches of each CPU, and more */
    MAX_SET_TEXT = 12 * FACTS_MAX_CPU_ID / 32, /* "0x00000000," of every word */
};

/* Types by version: 1 had memory around CPUs, and other names. I/O is nothing to a scheduler. */
static const struct object_type {
    const char *name;
    enum facts_hwloc_kind kind;
    int version; /* 0: of all */
} object_types[] = {
    {"Machine", OBJECT_ROOT, 0},    {"System", OBJECT_ROOT, 1},     {"Package", OBJECT_NORMAL, 0},
    {"Socket", OBJECT_NORMAL, 1},   {"Die", OBJECT_NORMAL, 2},      {"Group", OBJECT_NORMAL, 0},
    {"Core", OBJECT_NORMAL, 0},     {"Cache", OBJECT_NORMAL, 1},    {"L1Cache", OBJECT_NORMAL, 0},
    {"L2Cache", OBJECT_NORMAL, 0},  {"L3Cache", OBJECT_NORMAL, 0},  {"L4Cache", OBJECT_NORMAL, 0},
    {"L5Cache", OBJECT_NORMAL, 0},  {"L1iCache", OBJECT_NORMAL, 0}, {"L2iCache", OBJECT_NORMAL, 0},
    {"L3iCache", OBJECT_NORMAL, 0}, {"NUMANode", OBJECT_NORMAL, 1}, {"Node", OBJECT_NORMAL, 1},
    {"NUMANode", OBJECT_MEMORY, 2}, {"MemCache", OBJECT_MEMORY, 2}, {"PU", OBJECT_PU, 0},
    {"Misc", OBJECT_DROPPED, 0},    {"Bridge", OBJECT_DROPPED, 0},  {"PCIDev", OBJECT_DROPPED, 0},
    {"OSDev", OBJECT_DROPPED, 0},
};

/* Attributes that are handed on, each if it is a number, a set or a word. */
static const struct object_attribute {
    const char *name;
    enum { ATTRIBUTE_NUMBER, ATTRIBUTE_CPUS, ATTRIBUTE_NODES, ATTRIBUTE_WORD } form;
} object_attributes[] = {
    {"os_index", ATTRIBUTE_NUMBER},        {"gp_index", ATTRIBUTE_NUMBER},
    {"subtype", ATTRIBUTE_WORD},           {"cpuset", ATTRIBUTE_CPUS},
    {"complete_cpuset", ATTRIBUTE_CPUS},   {"online_cpuset", ATTRIBUTE_CPUS},
    {"allowed_cpuset", ATTRIBUTE_CPUS},    {"nodeset", ATTRIBUTE_NODES},
    {"complete_nodeset", ATTRIBUTE_NODES}, {"allowed_nodeset", ATTRIBUTE_NODES},
    {"local_memory", ATTRIBUTE_NUMBER},    {"cache_size", ATTRIBUTE_NUMBER},
    {"depth", ATTRIBUTE_NUMBER},           {"cache_linesize", ATTRIBUTE_NUMBER},
    {"cache_type", ATTRIBUTE_NUMBER},      {"kind", ATTRIBUTE_NUMBER},
    {"subkind", ATTRIBUTE_NUMBER},         {"dont_merge", ATTRIBUTE_NUMBER},
};

const char *facts_hwloc_get(const char **names, const char **values, const char *name)
{
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return values[i];
        }
    }
    return NULL;
}

bool facts_hwloc_number(const char *text, uint64_t max)
{
    guint64 value;

    return text[0] != '\0' && g_ascii_string_to_unsigned(text, 10, 0, max, &value, NULL);
}

hwloc_bitmap_t facts_hwloc_set(const char *text, int bits)
{
    hwloc_bitmap_t set;
    const size_t length = strlen(text);

    /* hwloc 2.9 stops the program at a comma in front. */
    if (length == 0 || length > MAX_SET_TEXT || text[0] == ',' ||
        strspn(text, "0123456789abcdefABCDEFx,.") != length) {
        return NULL;
    }
    set = hwloc_bitmap_alloc();
    if (set == NULL || hwloc_bitmap_sscanf(set, text) < 0 ||
        (hwloc_bitmap_weight(set) >= 0 && hwloc_bitmap_last(set) >= bits)) {
        hwloc_bitmap_free(set);
        return NULL;
    }
    return set;
}

void facts_hwloc_object_clear(struct facts_hwloc_object *object)
{
    hwloc_bitmap_free(object->cpus);
    hwloc_bitmap_free(object->nodes);
    hwloc_bitmap_free(object->children);
}

void facts_hwloc_attribute(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, " %s=\"", name);
    for (const char *at = value; *at != '\0'; at++) {
        switch (*at) {
        case '"':
            g_string_append(text, "&quot;");
            break;
        case '<':
            g_string_append(text, "&lt;");
            break;
        case '>':
            g_string_append(text, "&gt;");
            break;
        case '&':
            g_string_append(text, "&amp;");
            break;
        default:
            g_string_append_c(text, (guchar)*at < ' ' || *at == 0x7f ? ' ' : *at);
        }
    }
    g_string_append_c(text, '"');
}

static const struct object_type *find_type(int version, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(object_types); i++) {
        const struct object_type *type = &object_types[i];

        if ((type->version == 0 || type->version == version) && strcmp(type->name, name) == 0) {
            return type;
        }
    }
    return NULL;
}

/* May an object of @kind stand in @parent? */
static bool may_stand_in(enum facts_hwloc_kind kind, const struct facts_hwloc_object *parent)
{
    if (parent == NULL) {
        return kind == OBJECT_ROOT;
    }
    if (parent->kind == OBJECT_MEMORY) {
        return kind == OBJECT_MEMORY && strcmp(parent->type, "MemCache") == 0;
    }
    return kind != OBJECT_ROOT && parent->kind != OBJECT_PU;
}

/* Reads and writes every known attribute; the result is what is wrong, or NULL. */
static char *take_attributes(const char **names, const char **values, GString *text)
{
    for (guint i = 0; i < G_N_ELEMENTS(object_attributes); i++) {
        const struct object_attribute *attribute = &object_attributes[i];
        const char *value = facts_hwloc_get(names, values, attribute->name);
        const bool cpus = attribute->form == ATTRIBUTE_CPUS;
        hwloc_bitmap_t set;

        if (value == NULL) {
            continue;
        }
        if (attribute->form == ATTRIBUTE_NUMBER && !facts_hwloc_number(value, INT64_MAX)) {
            return g_strdup_printf("attribute %s is '%.40s'; expected a number", attribute->name,
                                   value);
        }
        if (cpus || attribute->form == ATTRIBUTE_NODES) {
            set = facts_hwloc_set(value, cpus ? FACTS_MAX_CPU_ID : FACTS_MAX_NODE_ID);
            if (set == NULL) {
                return g_strdup_printf("attribute %s is '%.40s'; expected a set like 0x0000000f of "
                                       "numbers below %d",
                                       attribute->name, value,
                                       cpus ? FACTS_MAX_CPU_ID : FACTS_MAX_NODE_ID);
            }
            hwloc_bitmap_free(set);
        }
        facts_hwloc_attribute(text, attribute->name, value);
    }
    return NULL;
}

/*
 * Both versions have sets of CPUs in every object, and version 2 sets of nodes; what is complete is
 * at least what there is. Where one is missing, libhwloc 2.9 reads through NULL.
 */
static char *complete_sets(int version, const char **names, const char **values, GString *text)
{
    static const char *const sets[][2] = {{"cpuset", "complete_cpuset"},
                                          {"nodeset", "complete_nodeset"}};

    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        const char *value = facts_hwloc_get(names, values, sets[i][0]);

        if (value == NULL && version < 2 && i > 0) {
            continue; /* a machine without NUMA */
        }
        if (value == NULL) {
            return g_strdup_printf("an object without attribute %s; expected one as hwloc 2 writes",
                                   sets[i][0]);
        }
        if (facts_hwloc_get(names, values, sets[i][1]) == NULL) {
            facts_hwloc_attribute(text, sets[i][1], value);
        }
    }
    return NULL;
}

/* A PU is one CPU and a NUMANode one node; each is there once. */
static char *check_identity(const char *what, const char *index, int bits, hwloc_bitmap_t set,
                            hwloc_bitmap_t seen)
{
    unsigned number;

    if (index == NULL || !facts_hwloc_number(index, (uint64_t)bits - 1)) {
        return g_strdup_printf("%s with os_index '%.20s'; expected a number below %d", what,
                               index != NULL ? index : "", bits);
    }
    number = (unsigned)g_ascii_strtoull(index, NULL, 10);
    if (set != NULL && (hwloc_bitmap_weight(set) != 1 || !hwloc_bitmap_isset(set, number))) {
        return g_strdup_printf(
            "%s %u with the set of something else; expected its own number alone", what, number);
    }
    if (hwloc_bitmap_isset(seen, number)) {
        return g_strdup_printf("%s %u a second time; expected each once", what, number);
    }
    hwloc_bitmap_set(seen, number);
    return NULL;
}

static char *check_place(const struct facts_hwloc_object *object,
                         const struct facts_hwloc_object *parent)
{
    if (parent == NULL) {
        return NULL;
    }
    if (object->cpus != NULL && parent->cpus != NULL &&
        !hwloc_bitmap_isincluded(object->cpus, parent->cpus)) {
        return g_strdup_printf("%s with CPUs that the %s around it does not have", object->type,
                               parent->type);
    }
    if (object->nodes != NULL && parent->nodes != NULL && object->kind == OBJECT_MEMORY &&
        !hwloc_bitmap_isincluded(object->nodes, parent->nodes)) {
        return g_strdup_printf("%s with nodes that the %s around it does not have", object->type,
                               parent->type);
    }
    if (object->cpus != NULL && object->kind != OBJECT_MEMORY) {
        if (hwloc_bitmap_intersects(object->cpus, parent->children)) {
            return g_strdup_printf("%s with CPUs of the one before it; expected each CPU in one",
                                   object->type);
        }
        hwloc_bitmap_or(parent->children, parent->children, object->cpus);
    }
    return NULL;
}

static char *check_object(int version, const char **names, const char **values,
                          struct facts_hwloc_object *object,
                          const struct facts_hwloc_object *parent, struct facts_hwloc_seen *seen)
{
    const char *cpus = facts_hwloc_get(names, values, "cpuset");
    const char *nodes = facts_hwloc_get(names, values, "nodeset");
    const char *index = facts_hwloc_get(names, values, "os_index");
    char *wrong = NULL;

    object->cpus = cpus != NULL ? facts_hwloc_set(cpus, FACTS_MAX_CPU_ID) : NULL;
    object->nodes = nodes != NULL ? facts_hwloc_set(nodes, FACTS_MAX_NODE_ID) : NULL;
    if (object->cpus != NULL && hwloc_bitmap_weight(object->cpus) < 0) {
        return g_strdup("attribute cpuset without an end; expected a set like 0x0000000f");
    }
    if (object->kind == OBJECT_PU) {
        wrong = check_identity("PU", index, FACTS_MAX_CPU_ID, object->cpus, seen->pus);
    } else if (strcmp(object->type, "NUMANode") == 0 || strcmp(object->type, "Node") == 0) {
        wrong = check_identity("NUMANode", index, FACTS_MAX_NODE_ID,
                               version >= 2 ? object->nodes : NULL, seen->nodes);
    }
    return wrong != NULL ? wrong : check_place(object, parent);
}

char *facts_hwloc_object(int version, const char **names, const char **values,
                         struct facts_hwloc_object *parent, struct facts_hwloc_seen *seen,
                         GString *text, struct facts_hwloc_object *ret)
{
    const char *name = facts_hwloc_get(names, values, "type");
    const struct object_type *type = name != NULL ? find_type(MIN(version, 2), name) : NULL;
    struct facts_hwloc_object object = {.kind = OBJECT_DROPPED};
    char *wrong;

    if (type == NULL) {
        return g_strdup_printf("object of type '%.40s'; expected a type of hwloc %d",
                               name != NULL ? name : "", version);
    }
    if (type->kind == OBJECT_DROPPED) {
        *ret = object;
        return NULL;
    }
    if (!may_stand_in(type->kind, parent)) {
        return g_strdup_printf("%s inside %s; hwloc does not nest them so", type->name,
                               parent != NULL ? parent->type : "<topology>");
    }
    if (type->kind == OBJECT_PU && ++seen->nr_pus > MACHINE_MAX_CPUS) {
        return g_strdup_printf("more than %d PUs; expected no more", MACHINE_MAX_CPUS);
    }
    if (++seen->nr_objects > MAX_OBJECTS) {
        return g_strdup_printf("more than %d objects; expected no more", MAX_OBJECTS);
    }
    object.kind = type->kind;
    object.type = type->name;
    object.empty_cache = strcmp(type->name, "MemCache") == 0;
    object.children = hwloc_bitmap_alloc();
    g_string_append(text, "<object");
    facts_hwloc_attribute(text, "type", type->name);
    wrong = take_attributes(names, values, text);
    wrong = wrong != NULL ? wrong : complete_sets(version, names, values, text);
    wrong = wrong != NULL ? wrong : check_object(version, names, values, &object, parent, seen);
    if (wrong != NULL) {
        facts_hwloc_object_clear(&object);
        return wrong;
    }
    g_string_append(text, ">\n");
    if (parent != NULL) {
        parent->empty_cache = false;
    }
    *ret = object;
    return NULL;
}
