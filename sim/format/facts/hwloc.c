/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hwloc's formats: XML as `lstopo file.xml` writes it, versions 1 to 3, and synthetic strings such
 * as "pack:2 numa:2 l3:4 core:8 pu:2". libhwloc reads both; see
 * https://www.open-mpi.org/projects/hwloc/doc/, "Importing and exporting topologies from/to XML
 * files" and "Synthetic topologies".
 */
#include "format/facts/hwloc-private.h"

#include <string.h>

#include "base/error.h"

enum { MAX_SYNTHETIC_TEXT = 4096 };

hwloc_topology_t facts_hwloc_topology(void)
{
    hwloc_topology_t topology = NULL;

    g_setenv("HWLOC_HIDE_ERRORS", "2", FALSE);
    if (hwloc_topology_init(&topology) < 0) {
        g_error("libhwloc cannot allocate a topology");
    }
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(topology, HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE);
    return topology;
}

/* Behind white space, the XML declaration, comments and the document type: the first element. */
static const char *first_element(const char *at)
{
    for (;;) {
        const char *end = NULL;

        at += g_str_has_prefix(at, "\xef\xbb\xbf") ? 3 : 0;
        at += strspn(at, " \t\r\n");
        if (g_str_has_prefix(at, "<?")) {
            end = strstr(at, "?>");
        } else if (g_str_has_prefix(at, "<!--")) {
            end = strstr(at, "-->");
        } else if (g_str_has_prefix(at, "<!")) {
            end = strchr(at, '>');
        } else {
            return at;
        }
        if (end == NULL) {
            return "";
        }
        at = strchr(end, '>') + 1;
    }
}

static bool recognises_xml(const struct facts_input *in)
{
    static const char root[] = "<topology";
    const char *at = in->bytes != NULL ? first_element(in->bytes) : "";

    return g_str_has_prefix(at, root) && strchr(" \t\r\n>/", at[strlen(root)]) != NULL;
}

/* What hwloc 3 says of the topology, versions 1 and 2 say of the machine. */
static void add_infos(hwloc_topology_t topology, const GPtrArray *infos)
{
    for (guint i = 0; i + 1 < infos->len; i += 2) {
        hwloc_obj_add_info(hwloc_get_root_obj(topology), g_ptr_array_index(infos, i),
                           g_ptr_array_index(infos, i + 1));
    }
}

static struct facts *read_xml(const struct facts_input *in, GError **error)
{
    g_autoptr(GPtrArray) infos = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *base = g_path_get_basename(in->name), *text = NULL, *source = NULL;
    hwloc_topology_t topology;
    struct facts *f = NULL;

    if (in->bytes == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: a folder; expected a file with hwloc XML", in->name);
        return NULL;
    }
    text = facts_hwloc_clean(in, infos, error);
    if (text == NULL) {
        return NULL;
    }
    topology = facts_hwloc_topology();
    if (hwloc_topology_set_xmlbuffer(topology, text, (int)strlen(text) + 1) < 0 ||
        hwloc_topology_load(topology) < 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s:1:1: libhwloc cannot load this topology; expected hwloc XML that "
                    "`lstopo -i %s` draws",
                    in->name, base);
    } else {
        add_infos(topology, infos);
        source = g_strdup_printf("hwloc XML in %s", base);
        f = facts_hwloc_of(topology, source);
    }
    hwloc_topology_destroy(topology);
    return f;
}

const struct facts_reader facts_hwloc_xml = {
    "hwloc-xml", "hwloc XML (`lstopo machine.xml`), versions 1 to 3", recognises_xml, read_xml};

/*
 * The levels of a synthetic string: "type:count", each perhaps with "(attributes)", and memory in
 * brackets. NULL and the number of CPUs in *@ret_cpus, or what is wrong at *@ret_at.
 */
static const char *scan_synthetic(const char *text, uint64_t *ret_cpus, const char **ret_at)
{
    uint64_t cpus = 1;
    bool any = false;

    for (const char *at = text; *ret_at = at, *at != '\0';) {
        const bool attached = *at == '[';
        const char *start;

        if (strchr(" \t\r\n", *at) != NULL) {
            at++;
            continue;
        }
        start = at += attached;
        at += g_ascii_isalpha(*at) ? strcspn(at, ":()[] \t\r\n") : 0;
        if (at > start && *at == ':') {
            at++;
        } else if (at > start && !attached) {
            return "a type without a count; expected one like core:8";
        }
        *ret_at = at;
        if (!attached || g_ascii_isdigit(*at)) {
            char *end;
            const uint64_t count = g_ascii_isdigit(*at) ? g_ascii_strtoull(at, &end, 10) : 0;

            if (count == 0 || count > MACHINE_MAX_CPUS || (cpus *= count) > MACHINE_MAX_CPUS) {
                return "a count of 0, or of more than 4096 CPUs; expected levels like core:8";
            }
            at = end;
            any = true;
        }
        if (*at == '(') {
            at += strcspn(at, ")");
            if (*at == '\0') {
                return "attributes without an end; expected ')'";
            }
            at++;
        }
        *ret_at = at;
        if (attached && *at++ != ']') {
            return "memory without an end; expected ']'";
        }
        if (*at != '\0' && strchr(" \t\r\n[", *at) == NULL) {
            return "a letter that does not belong here; expected levels like core:8";
        }
    }
    *ret_cpus = cpus;
    return any ? NULL : "nothing; expected levels like pack:2 core:8 pu:2";
}

static bool recognises_synthetic(const struct facts_input *in)
{
    const char *at;
    uint64_t cpus;

    /* Levels without types are an old form that looks like anything: only --from reads it. */
    return in->bytes != NULL && in->size <= MAX_SYNTHETIC_TEXT && strlen(in->bytes) == in->size &&
           strchr(in->bytes, ':') != NULL && g_ascii_isalpha(in->bytes[strspn(in->bytes, " [")]) &&
           scan_synthetic(in->bytes, &cpus, &at) == NULL;
}

/* Where the string is silent hwloc has values of its own, which describe no machine. */
static void forget_defaults(struct facts *f, const char *text)
{
    const bool memory = strstr(text, "memory=") != NULL, sizes = strstr(text, "size=") != NULL;

    for (guint i = 0; i < f->nodes->len && !memory; i++) {
        g_array_index(f->nodes, struct facts_node, i).memory_bytes = FACTS_UNKNOWN;
    }
    for (guint i = 0; i < f->cpus->len && !sizes; i++) {
        struct facts_cpu *cpu = &g_array_index(f->cpus, struct facts_cpu, i);

        cpu->l1d_bytes = cpu->l2_bytes = cpu->l3_bytes = 0;
    }
    if (!memory) {
        g_clear_pointer(&f->block_sources[MACHINE_MEMORY], g_free);
    }
    if (!sizes) {
        g_clear_pointer(&f->block_sources[MACHINE_CACHES], g_free);
    }
    f->page_size_bytes = 0;
    f->cache_line_bytes = 0;
}

/* Attributes of the string may number CPUs and nodes as they like. */
static bool within_bounds(hwloc_topology_t topology)
{
    const int cpu = hwloc_bitmap_last(hwloc_topology_get_topology_cpuset(topology));
    const int node = hwloc_bitmap_last(hwloc_topology_get_topology_nodeset(topology));

    return cpu >= 0 && cpu < FACTS_MAX_CPU_ID && node < FACTS_MAX_NODE_ID;
}

static struct facts *read_synthetic(const struct facts_input *in, GError **error)
{
    const char *wrong, *at = in->bytes;
    hwloc_topology_t topology;
    struct facts *f = NULL;
    uint64_t cpus;

    wrong = in->bytes == NULL || strlen(in->bytes) != in->size || in->size > MAX_SYNTHETIC_TEXT
                ? "no synthetic string; expected one like pack:2 core:8 pu:2"
                : scan_synthetic(in->bytes, &cpus, &at);
    if (wrong != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:1:%d: %s", in->name,
                    (int)(at - in->bytes) + 1, wrong);
        return NULL;
    }
    topology = facts_hwloc_topology();
    if (hwloc_topology_set_synthetic(topology, in->bytes) < 0 ||
        hwloc_topology_load(topology) < 0 || !within_bounds(topology)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s:1:1: libhwloc cannot make a topology of this; expected a string that "
                    "`lstopo -i` draws",
                    in->name);
    } else {
        g_autofree char *line = g_strstrip(g_strdup(in->bytes));
        g_autofree char *source = g_strdup_printf("hwloc synthetic %s", line);

        f = facts_hwloc_of(topology, source);
        forget_defaults(f, in->bytes);
    }
    hwloc_topology_destroy(topology);
    return f;
}

const struct facts_reader facts_hwloc_synthetic = {"hwloc-synthetic",
                                                   "an hwloc synthetic string (pack:2 core:8 pu:2)",
                                                   recognises_synthetic, read_synthetic};
