/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hwloc XML made safe for libhwloc: read with GMarkup, checked, and written anew. */
#include "format/facts/hwloc-private.h"

#include <string.h>

#include "base/error.h"

enum {
    MAX_DEPTH = 128, /* of objects: hwloc reads them by recursion */
    MAX_INFOS = 64,
    MAX_PAGE_TYPES = 16,
    MAX_INFO_TEXT = 1024,
    NEWEST_VERSION = 3,
};

enum element {
    ELEMENT_TOPOLOGY,
    ELEMENT_OBJECT,
    ELEMENT_INFO,
    ELEMENT_PAGE_TYPE,
    ELEMENT_DISTANCES2,
    ELEMENT_INDEXES,
    ELEMENT_U64VALUES,
    ELEMENT_DISTANCES,
    ELEMENT_LATENCY,
    ELEMENT_MEMATTR,
    ELEMENT_MEMATTR_VALUE,
    ELEMENT_CPUKIND,
    NR_ELEMENTS,
    ELEMENT_NONE = NR_ELEMENTS
};

#define IN(element) (1u << ELEMENT_##element)

/* What is read, and in what it stands; anything else is skipped with all that is in it. */
static const struct {
    const char *name;
    unsigned parents;
} elements[NR_ELEMENTS] = {
    [ELEMENT_TOPOLOGY] = {"topology", 1u << ELEMENT_NONE},
    [ELEMENT_OBJECT] = {"object", IN(TOPOLOGY) | IN(OBJECT)},
    [ELEMENT_INFO] = {"info", IN(TOPOLOGY) | IN(OBJECT) | IN(CPUKIND)},
    [ELEMENT_PAGE_TYPE] = {"page_type", IN(OBJECT)},
    [ELEMENT_DISTANCES2] = {"distances2", IN(TOPOLOGY)},
    [ELEMENT_INDEXES] = {"indexes", IN(DISTANCES2)},
    [ELEMENT_U64VALUES] = {"u64values", IN(DISTANCES2)},
    [ELEMENT_DISTANCES] = {"distances", IN(OBJECT)},
    [ELEMENT_LATENCY] = {"latency", IN(DISTANCES)},
    [ELEMENT_MEMATTR] = {"memattr", IN(TOPOLOGY)},
    [ELEMENT_MEMATTR_VALUE] = {"memattr_value", IN(MEMATTR)},
    [ELEMENT_CPUKIND] = {"cpukind", IN(TOPOLOGY)},
};

struct clean {
    const char *name;
    GMarkupParseContext *context;
    GString *text;
    GPtrArray *infos; /* of the topology */
    int version;
    GArray *open;    /* enum element */
    GArray *objects; /* struct facts_hwloc_object, the open ones */
    struct facts_hwloc_seen seen;
    bool had_root;
    unsigned skipping;        /* open elements since one was skipped */
    GString *indexes, *words; /* of the open <distances2> */
    guint nr_wanted;          /* numbers of the open distances */
    guint nr_values;
};

G_GNUC_PRINTF(3, 4)
static void fail(const struct clean *c, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    int line, column;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_markup_parse_context_get_position(c->context, &line, &column);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%d:%d: %s", c->name, line, column,
                what);
}

bool facts_hwloc_reads_info(const char *name)
{
    static const char *const names[] = {
        "Architecture",     "Backend",         "CPUFamilyNumber",
        "CPUModel",         "CPUVendor",       "CoreType",
        "DAXType",          "DMIProductName",  "DMISysVendor",
        "FrequencyBaseMHz", "FrequencyMaxMHz", "HostName",
        "LinuxCapacity",    "MemoryTier",      "PlatformModel",
        "PlatformName",     "hwlocVersion",    FACTS_HWLOC_NODE_CPUS,
        FACTS_HWLOC_CLUSTER};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static struct facts_hwloc_object *innermost(const struct clean *c)
{
    return c->objects->len > 0
               ? &g_array_index(c->objects, struct facts_hwloc_object, c->objects->len - 1)
               : NULL;
}

/* Handlers return false to skip the element; an error ends the reading. */
static bool begin_topology(struct clean *c, const char **names, const char **values, GError **error)
{
    const char *version = facts_hwloc_get(names, values, "version");
    guint64 major = 1;

    if (version != NULL) {
        g_autofree char *text = g_strndup(version, strcspn(version, "."));

        if (!g_ascii_string_to_unsigned(text, 10, 1, 1000, &major, NULL)) {
            fail(c, error, "topology version '%.20s'; expected 1, 2 or 3", version);
            return false;
        }
    }
    if (major > NEWEST_VERSION) {
        fail(c, error, "topology version %.20s is newer than this reader; expected 1, 2 or 3",
             version);
        return false;
    }
    c->version = (int)major;
    g_string_append(c->text, major == 1 ? "<!DOCTYPE topology SYSTEM \"hwloc.dtd\">\n<topology>\n"
                                        : "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
                                          "<topology version=\"2.0\">\n");
    return true;
}

static bool begin_object(struct clean *c, const char **names, const char **values, GError **error)
{
    struct facts_hwloc_object object, *parent = innermost(c);
    g_autofree char *wrong = NULL;

    if (parent == NULL && c->had_root) {
        fail(c, error, "a second outermost object; expected one of type Machine");
        return false;
    }
    if (c->objects->len == MAX_DEPTH) {
        fail(c, error, "objects nested deeper than %d; expected fewer levels", MAX_DEPTH);
        return false;
    }
    wrong = facts_hwloc_object(c->version, names, values, parent, &c->seen, c->text, &object);
    if (wrong != NULL) {
        fail(c, error, "%s", wrong);
        return false;
    }
    if (object.kind == OBJECT_DROPPED) {
        return false;
    }
    c->had_root = true;
    g_array_append_val(c->objects, object);
    return true;
}

static bool begin_info(struct clean *c, const char **names, const char **values,
                       enum element parent)
{
    const char *name = facts_hwloc_get(names, values, "name");
    const char *value = facts_hwloc_get(names, values, "value");
    struct facts_hwloc_object *object = innermost(c);
    g_autofree char *text = NULL;

    if (name == NULL || value == NULL || !facts_hwloc_reads_info(name)) {
        return false;
    }
    text = g_utf8_make_valid(value, (gssize)MIN(strlen(value), MAX_INFO_TEXT));
    if (parent == ELEMENT_TOPOLOGY) {
        if (c->infos->len < 2 * MAX_INFOS) {
            g_ptr_array_add(c->infos, g_strdup(name));
            g_ptr_array_add(c->infos, g_steal_pointer(&text));
        }
        return false;
    }
    if (parent == ELEMENT_OBJECT && object->nr_infos++ >= MAX_INFOS) {
        return false;
    }
    g_string_append(c->text, "<info");
    facts_hwloc_attribute(c->text, "name", name);
    facts_hwloc_attribute(c->text, "value", text);
    g_string_append(c->text, "/>\n");
    return true;
}

/* Writes the start tag with those of @wanted (NULL-terminated) that are there and numbers. */
static void write_numbers(struct clean *c, const char *tag, const char *const *wanted,
                          const char **names, const char **values)
{
    g_string_append_printf(c->text, "<%s", tag);
    for (int i = 0; wanted[i] != NULL; i++) {
        const char *value = facts_hwloc_get(names, values, wanted[i]);

        if (value != NULL && facts_hwloc_number(value, INT64_MAX)) {
            facts_hwloc_attribute(c->text, wanted[i], value);
        }
    }
}

static bool begin_page_type(struct clean *c, const char **names, const char **values)
{
    static const char *const wanted[] = {"size", "count", NULL};

    if (innermost(c)->nr_page_types++ >= MAX_PAGE_TYPES) {
        return false;
    }
    write_numbers(c, "page_type", wanted, names, values);
    g_string_append(c->text, "/>\n");
    return true;
}

/* Of the matrices only those between nodes are read; hwloc 2 counts @nbobjs, and so does 1. */
static bool begin_matrix(struct clean *c, const char **names, const char **values, bool v1,
                         GError **error)
{
    static const char *const v1_wanted[] = {"nbobjs", "relative_depth", NULL};
    static const char *const wanted[] = {"nbobjs", "kind", NULL};
    const char *nr_objects = facts_hwloc_get(names, values, "nbobjs");
    const char *type = facts_hwloc_get(names, values, "type");
    const char *name = facts_hwloc_get(names, values, "name");
    const char *indexing = facts_hwloc_get(names, values, "indexing");

    if (v1 != (c->version == 1) || (!v1 && g_strcmp0(type, "NUMANode") != 0)) {
        return false;
    }
    if (nr_objects == NULL || !facts_hwloc_number(nr_objects, FACTS_MAX_NODE_ID)) {
        if (v1) { /* distances between CPUs or cores, which are not read */
            return false;
        }
        fail(c, error, "distances of '%.20s' objects; expected a number up to %d",
             nr_objects != NULL ? nr_objects : "", FACTS_MAX_NODE_ID);
        return false;
    }
    c->nr_wanted = (guint)g_ascii_strtoull(nr_objects, NULL, 10);
    c->nr_values = 0;
    g_string_truncate(c->indexes, 0);
    g_string_truncate(c->words, 0);
    write_numbers(c, v1 ? "distances" : "distances2", v1 ? v1_wanted : wanted, names, values);
    if (v1) {
        const char *base = facts_hwloc_get(names, values, "latency_base");

        facts_hwloc_attribute(c->text, "latency_base", base != NULL ? base : "1.0");
    } else {
        facts_hwloc_attribute(c->text, "type", "NUMANode");
        facts_hwloc_attribute(c->text, "indexing", g_strcmp0(indexing, "gp") == 0 ? "gp" : "os");
    }
    if (!v1 && name != NULL) {
        facts_hwloc_attribute(c->text, "name", name);
    }
    g_string_append(c->text, ">\n");
    return true;
}

static bool begin_latency(struct clean *c, const char **names, const char **values, GError **error)
{
    const char *value = facts_hwloc_get(names, values, "value");

    if (value == NULL || value[0] == '\0' || strlen(value) > 32 ||
        strspn(value, "0123456789.eE+") != strlen(value)) {
        fail(c, error, "latency '%.40s'; expected a number", value != NULL ? value : "");
        return false;
    }
    c->nr_values++;
    g_string_append(c->text, "<latency");
    facts_hwloc_attribute(c->text, "value", value);
    g_string_append(c->text, "/>\n");
    return true;
}

static bool begin_memattr(struct clean *c, const char **names, const char **values)
{
    static const char *const read[] = {"Bandwidth",   "Latency",      "ReadBandwidth",
                                       "ReadLatency", "WriteLatency", "WriteBandwidth",
                                       NULL};
    static const char *const numbers[] = {"flags", NULL};
    const char *name = facts_hwloc_get(names, values, "name");

    if (name == NULL || !g_strv_contains(read, name) ||
        facts_hwloc_get(names, values, "flags") == NULL) {
        return false;
    }
    write_numbers(c, "memattr", numbers, names, values);
    facts_hwloc_attribute(c->text, "name", name);
    g_string_append(c->text, ">\n");
    return true;
}

static bool begin_memattr_value(struct clean *c, const char **names, const char **values)
{
    static const char *const numbers[] = {"target_obj_gp_index", "value", NULL};
    const char *type = facts_hwloc_get(names, values, "target_obj_type");
    const char *target = facts_hwloc_get(names, values, "target_obj_gp_index");
    const char *value = facts_hwloc_get(names, values, "value");
    const char *cpus = facts_hwloc_get(names, values, "initiator_cpuset");
    hwloc_bitmap_t set = cpus != NULL ? facts_hwloc_set(cpus, FACTS_MAX_CPU_ID) : NULL;
    bool ok = set != NULL && hwloc_bitmap_weight(set) > 0 && g_strcmp0(type, "NUMANode") == 0;

    hwloc_bitmap_free(set);
    ok = ok && target != NULL && facts_hwloc_number(target, INT64_MAX);
    if (!ok || value == NULL || !facts_hwloc_number(value, INT64_MAX)) {
        return false;
    }
    write_numbers(c, "memattr_value", numbers, names, values);
    facts_hwloc_attribute(c->text, "target_obj_type", "NUMANode");
    facts_hwloc_attribute(c->text, "initiator_cpuset", cpus);
    g_string_append(c->text, "/>\n");
    return true;
}

static bool begin_cpukind(struct clean *c, const char **names, const char **values)
{
    static const char *const numbers[] = {"forced_efficiency", NULL};
    const char *cpus = facts_hwloc_get(names, values, "cpuset");
    hwloc_bitmap_t set = cpus != NULL ? facts_hwloc_set(cpus, FACTS_MAX_CPU_ID) : NULL;
    const bool ok = set != NULL && hwloc_bitmap_weight(set) > 0;

    hwloc_bitmap_free(set);
    if (!ok) {
        return false;
    }
    write_numbers(c, "cpukind", numbers, names, values);
    facts_hwloc_attribute(c->text, "cpuset", cpus);
    g_string_append(c->text, ">\n");
    return true;
}

static bool begin(struct clean *c, enum element element, enum element parent, const char **names,
                  const char **values, GError **error)
{
    switch (element) {
    case ELEMENT_TOPOLOGY:
        return begin_topology(c, names, values, error);
    case ELEMENT_OBJECT:
        return begin_object(c, names, values, error);
    case ELEMENT_INFO:
        return begin_info(c, names, values, parent);
    case ELEMENT_PAGE_TYPE:
        return begin_page_type(c, names, values);
    case ELEMENT_DISTANCES2:
        return begin_matrix(c, names, values, false, error);
    case ELEMENT_DISTANCES:
        return begin_matrix(c, names, values, true, error);
    case ELEMENT_LATENCY:
        return begin_latency(c, names, values, error);
    case ELEMENT_MEMATTR:
        return begin_memattr(c, names, values);
    case ELEMENT_MEMATTR_VALUE:
        return begin_memattr_value(c, names, values);
    case ELEMENT_CPUKIND:
        return begin_cpukind(c, names, values);
    default:
        return true; /* indexes and values are written when all are there */
    }
}

static void on_start(GMarkupParseContext *context, const char *name, const char **names,
                     const char **values, gpointer data, GError **error)
{
    struct clean *c = data;
    const enum element parent =
        c->open->len > 0 ? g_array_index(c->open, enum element, c->open->len - 1) : ELEMENT_NONE;
    enum element element = 0;
    GError *wrong = NULL;

    (void)context;
    if (c->skipping > 0) {
        c->skipping++;
        return;
    }
    while (element < NR_ELEMENTS && strcmp(elements[element].name, name) != 0) {
        element++;
    }
    if (parent == ELEMENT_NONE && element != ELEMENT_TOPOLOGY) {
        fail(c, error, "the outermost element is <%.40s>; expected <topology> of hwloc", name);
        return;
    }
    if (element == NR_ELEMENTS || (elements[element].parents & (1u << parent)) == 0 ||
        !begin(c, element, parent, names, values, &wrong)) {
        c->skipping = 1;
        if (wrong != NULL) {
            g_propagate_error(error, wrong);
        }
        return;
    }
    g_array_append_val(c->open, element);
}

/* Appends the numbers of @from as one child element, with the length that hwloc wants. */
static guint write_words(struct clean *c, const char *tag, const GString *from)
{
    g_auto(GStrv) words = g_strsplit_set(from->str, " \t\r\n", -1);
    g_autoptr(GString) content = g_string_new(NULL);
    guint nr = 0;

    for (char **word = words; *word != NULL; word++) {
        if ((*word)[0] == '\0') {
            continue;
        }
        if (!facts_hwloc_number(*word, INT64_MAX)) {
            return 0;
        }
        g_string_append_printf(content, "%s ", *word);
        nr++;
    }
    g_string_append_printf(c->text, "<%s length=\"%" G_GSIZE_FORMAT "\">%s</%s>\n", tag,
                           content->len, content->str, tag);
    return nr;
}

static void end_matrix(struct clean *c, bool v1, GError **error)
{
    const guint wanted = c->nr_wanted * c->nr_wanted;
    const guint nr_indexes = v1 ? c->nr_wanted : write_words(c, "indexes", c->indexes);
    const guint nr_values = v1 ? c->nr_values : write_words(c, "u64values", c->words);

    if (nr_indexes != c->nr_wanted || nr_values != wanted) {
        fail(c, error, "distances of %u objects with %u indexes and %u values; expected %u and %u",
             c->nr_wanted, nr_indexes, nr_values, c->nr_wanted, wanted);
    }
}

static void end_object(struct clean *c, GError **error)
{
    if (innermost(c)->empty_cache) {
        fail(c, error, "a memory-side cache without a NUMANode in it");
    }
    facts_hwloc_object_clear(innermost(c));
    g_array_set_size(c->objects, c->objects->len - 1);
}

/* Their tags are written whole when they begin, or with the element around them. */
static bool leaf(enum element element)
{
    static const unsigned leaves =
        IN(INFO) | IN(PAGE_TYPE) | IN(LATENCY) | IN(MEMATTR_VALUE) | IN(INDEXES) | IN(U64VALUES);

    return (leaves & (1u << element)) != 0;
}

static void on_end(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
    struct clean *c = data;
    enum element element;

    (void)context;
    if (c->skipping > 0) {
        c->skipping--;
        return;
    }
    element = g_array_index(c->open, enum element, c->open->len - 1);
    g_array_set_size(c->open, c->open->len - 1);
    if (leaf(element)) {
        return;
    }
    if (element == ELEMENT_DISTANCES2 || element == ELEMENT_DISTANCES) {
        end_matrix(c, element == ELEMENT_DISTANCES, error);
    } else if (element == ELEMENT_OBJECT) {
        end_object(c, error);
    }
    g_string_append_printf(c->text, "</%s>\n", name);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize size, gpointer data,
                    GError **error)
{
    struct clean *c = data;
    enum element element;

    (void)context;
    (void)error;
    if (c->skipping > 0 || c->open->len == 0) {
        return;
    }
    element = g_array_index(c->open, enum element, c->open->len - 1);
    if (element == ELEMENT_INDEXES || element == ELEMENT_U64VALUES) {
        GString *into = element == ELEMENT_INDEXES ? c->indexes : c->words;

        g_string_append_len(into, text, (gssize)size);
        g_string_append_c(into, ' ');
    }
}

/* GMarkup says "Error on line 3 char 7: what"; ours begin with the position. */
static void explain(const struct clean *c, GError *wrong, GError **error)
{
    const char *what;

    if (wrong->domain == NUMASIM_ERROR) {
        g_propagate_error(error, wrong);
        return;
    }
    what = strstr(wrong->message, ": ");
    fail(c, error, "%s; expected XML as hwloc writes it",
         g_str_has_prefix(wrong->message, "Error on line") && what != NULL ? what + 2
                                                                           : wrong->message);
    g_error_free(wrong);
}

static bool run(struct clean *c, const struct facts_input *in, GError **error)
{
    GError *wrong = NULL;

    if (!g_markup_parse_context_parse(c->context, in->bytes, (gssize)in->size, &wrong) ||
        !g_markup_parse_context_end_parse(c->context, &wrong)) {
        explain(c, wrong, error);
        return false;
    }
    if (!c->had_root || hwloc_bitmap_iszero(c->seen.pus)) {
        fail(c, error, "no object of type PU; expected a machine with CPUs");
        return false;
    }
    return true;
}

char *facts_hwloc_clean(const struct facts_input *in, GPtrArray *infos, GError **error)
{
    static const GMarkupParser parser = {on_start, on_end, on_text, NULL, NULL};
    struct clean c = {.name = in->name, .infos = infos};
    bool ok;

    c.text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    c.open = g_array_new(FALSE, FALSE, sizeof(enum element));
    c.objects = g_array_new(FALSE, FALSE, sizeof(struct facts_hwloc_object));
    c.indexes = g_string_new(NULL);
    c.words = g_string_new(NULL);
    c.seen = (struct facts_hwloc_seen){hwloc_bitmap_alloc(), hwloc_bitmap_alloc(), 0, 0};
    c.context = g_markup_parse_context_new(&parser, 0, &c, NULL);
    ok = run(&c, in, error);

    g_markup_parse_context_free(c.context);
    for (guint i = 0; i < c.objects->len; i++) {
        facts_hwloc_object_clear(&g_array_index(c.objects, struct facts_hwloc_object, i));
    }
    g_array_unref(c.open);
    g_array_unref(c.objects);
    g_string_free(c.indexes, TRUE);
    g_string_free(c.words, TRUE);
    hwloc_bitmap_free(c.seen.pus);
    hwloc_bitmap_free(c.seen.nodes);
    return g_string_free(c.text, !ok);
}
