/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root of a topology file: who the machine is, and its blocks in the order they need. */
#include "format/machine/topology-yaml.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/machine/topology-private.h"

struct root {
    char *name, *vendor, *model, *description; /* owned */
    int arch;
    int32_t hz, reclaim_distance;
    int64_t page_size_bytes;
    bool sparse, hybrid;
    const struct yaml_node *cpus, *memory, *distances, *caches, *latency, *bandwidth, *costs;
    const struct yaml_node *frequency, *links, *load, *tlb, *offline, *isolated;
};

static const char *const arch_names[] = {
    [ARCH_X86_64] = "x86_64", [ARCH_ARM64] = "aarch64",   [ARCH_PPC64] = "ppc64le",
    [ARCH_IA64] = "ia64",     [ARCH_RISCV64] = "riscv64", NULL};

#define ROW(member, k, t, ...)                                                                     \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct root, member), __VA_ARGS__    \
    }

static const struct yaml_field root_fields[] = {
    ROW(name, "name", STRING, .help = "name of the machine; default: the file's name"),
    ROW(vendor, "vendor", STRING, .help = "who makes the CPUs"),
    ROW(model, "model", STRING, .help = "the CPUs' model"),
    ROW(description, "description", STRING, .help = "a line about this machine"),
    ROW(arch, "arch", CHOICE, .names = arch_names, .required = true, .help = "as in uname -m"),
    ROW(hz, "hz", INT32, .min = 24, .max = 10000, .help = "CONFIG_HZ of its kernel; default 250"),
    ROW(reclaim_distance, "reclaim-distance", INT32, .min = 10, .max = 255,
        .help = "node_reclaim_distance; default 30, AMD Zen: 32"),
    ROW(page_size_bytes, "page-size", INT, .unit = UNIT_BYTES, .min = 4096, .max = 1 << 20,
        .help = "base page; default 4KiB"),
    ROW(hybrid, "hybrid", BOOL, .help = "an x86 with several types of core"),
    ROW(sparse, "sparse", BOOL, .help = "CPU or node numbers have gaps"),
    ROW(memory, "memory", MAP, .required = true, .help = "the nodes and their memory"),
    ROW(cpus, "cpus", MAP, .required = true, .help = "the CPUs, compact or listed"),
    ROW(distances, "distances", MAP, .required = true, .help = "the SLIT"),
    ROW(latency, "latency", MAP, .required = true, .help = "idle load latency by node pair"),
    ROW(bandwidth, "bandwidth", MAP, .help = "bandwidth by node pair"),
    ROW(caches, "caches", MAP, .required = true, .help = "sizes of the caches"),
    ROW(costs, "costs", MAP, .required = true, .help = "what kernel actions cost"),
    ROW(frequency, "frequency", MAP, .help = "clock frequencies"),
    ROW(links, "links", MAP, .help = "links between nodes"),
    ROW(load, "load", MAP, .help = "what memory does under load"),
    ROW(tlb, "tlb", MAP, .help = "what the TLB reaches"),
    ROW(offline, "offline", NODE, .help = "CPUs offline at boot, a cpulist"),
    ROW(isolated, "isolated", NODE, .help = "CPUs of isolcpus=domain, a cpulist"),
    {.key = NULL},
};

static const struct topology_yaml_block blocks[] = {
    {"", "the file", root_fields},
    {"memory", "the nodes and their memory", topology_memory_fields},
    {"memory.nodes[]", "one node, or several alike", topology_memory_node_fields},
    {"memory.nodes[].hmat", "what firmware says of a node's memory", topology_hmat_fields},
    {"cpus", "the CPUs, compact form: a regular machine", topology_cpus_compact_fields},
    {"cpus", "the CPUs, explicit form", topology_cpus_explicit_fields},
    {"cpus.list[]", "CPUs that belong together", topology_cpus_entry_fields},
    {"distances", "the SLIT", topology_distances_fields},
    {"latency", "idle load latency; `bandwidth` has the same keys, with bandwidths",
     topology_pairs_fields},
    {"caches", "sizes of the caches", topology_caches_fields},
    {"costs", "what kernel actions cost, in simulated time", topology_costs_fields},
    {"costs.wakeup-ipi, costs.migration", "a cost by the nearest level that two CPUs share",
     topology_reach_fields},
    {"frequency", "clock frequencies", topology_frequency_fields},
    {"frequency.active[]", "one step of the table", topology_frequency_step_fields},
    {"links", "links between nodes", topology_links_fields},
    {"links.list[]", "one link", topology_link_fields},
    {"load", "what memory does under load", topology_load_fields},
    {"load.latency[], load.tiers.TIER[]", "one point of a loaded-latency curve",
     topology_load_point_fields},
    {"tlb", "what the TLB of a core reaches", topology_tlb_fields},
    {NULL, NULL, NULL},
};

const struct topology_yaml_block *topology_yaml_blocks(void)
{
    return blocks;
}

int32_t topology_node_index(const struct machine *m, int32_t os_id)
{
    for (int32_t n = 0; n < m->nr_nodes; n++) {
        if (m->nodes[n].os_id == os_id) {
            return n;
        }
    }
    return -1;
}

bool topology_read_source(const struct yaml_node *source, enum machine_block block,
                          struct machine *m, GError **error)
{
    const char *text = NULL;

    if (!yaml_string(source, &text, error)) {
        return false;
    }
    if (strspn(text, " \t\n") == strlen(text)) {
        return yaml_error(source, error, "'source' is blank; expected where the numbers come from");
    }
    g_free(m->block_sources[block]);
    m->block_sources[block] = g_strdup(text);
    return true;
}

bool topology_read_cpu_set(const struct yaml_node *node, const struct machine *m,
                           uint64_t **ret_set, GError **error)
{
    uint32_t last = (uint32_t)m->cpus[m->nr_cpus - 1].os_id + 1;
    g_autofree uint64_t *outside = bitmap_new(last);
    g_autofree uint64_t *set = bitmap_new((uint32_t)m->nr_cpus);

    if (!yaml_cpulist(node, outside, last, error)) {
        return false;
    }
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        uint32_t os_id = (uint32_t)m->cpus[cpu].os_id;

        if (bitmap_test(outside, os_id)) {
            bitmap_set(set, (uint32_t)cpu);
            bitmap_clear(outside, os_id);
        }
    }
    if (!bitmap_empty(outside, last)) {
        return yaml_error(node, error, "there is no CPU %u; expected CPUs of this machine",
                          bitmap_next(outside, last, 0));
    }
    g_free(*ret_set);
    *ret_set = g_steal_pointer(&set);
    return true;
}

/* The packages are known only when the CPUs are. */
static bool check_node_packages(const struct yaml_node *memory, const struct machine *m,
                                GError **error)
{
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        if (m->nodes[node].package >= m->nr_packages) {
            return yaml_error(memory->key, error,
                              "node %d is on package %d; expected one of the CPUs' packages, 0..%d",
                              m->nodes[node].os_id, m->nodes[node].package, m->nr_packages - 1);
        }
    }
    return true;
}

static bool read_blocks(const struct root *r, struct machine *m, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!topology_read_memory(r->memory, r->sparse, m, error) ||
        !topology_read_cpus(r->cpus, r->sparse, m, error) ||
        !check_node_packages(r->memory, m, error) ||
        !topology_read_distances(r->distances, m, error) ||
        !topology_read_latency(r->latency, m, error) ||
        !topology_read_caches(r->caches, m, error) || !topology_read_costs(r->costs, m, error)) {
        return false;
    }
    if ((r->bandwidth != NULL && !topology_read_bandwidth(r->bandwidth, m, error)) ||
        (r->frequency != NULL && !topology_read_frequency(r->frequency, m, error)) ||
        (r->links != NULL && !topology_read_links(r->links, m, error)) ||
        (r->load != NULL && !topology_read_load(r->load, m, error)) ||
        (r->tlb != NULL && !topology_read_tlb(r->tlb, m, error)) ||
        (r->offline != NULL && !topology_read_cpu_set(r->offline, m, &m->offline, error)) ||
        (r->isolated != NULL && !topology_read_cpu_set(r->isolated, m, &m->isolated, error))) {
        return false;
    }
    if (!machine_finish(m, &cause)) {
        return yaml_error(r->cpus->key, error, "%s", cause->message);
    }
    return true;
}

/* The file's name without folders and without ".yaml". */
static char *default_name(const char *path)
{
    char *name = g_path_get_basename(path);

    if (g_str_has_suffix(name, ".yaml")) {
        name[strlen(name) - strlen(".yaml")] = '\0';
    }
    return name;
}

static bool read_root(const struct yaml_doc *doc, struct root *r, struct machine *m, GError **error)
{
    if (!yaml_check_schema(doc, "topology", TOPOLOGY_YAML_VERSION, NULL, error) ||
        !yaml_read_fields(yaml_doc_root(doc), root_fields, r, error)) {
        return false;
    }
    if ((r->page_size_bytes & (r->page_size_bytes - 1)) != 0) {
        return yaml_error(yaml_map_get(yaml_doc_root(doc), "page-size"), error,
                          "'page-size' is no power of two; expected 4KiB, 16KiB, 64KiB");
    }
    m->arch = (enum machine_arch)r->arch;
    m->hybrid = r->hybrid;
    m->hz = r->hz;
    m->reclaim_distance = r->reclaim_distance;
    m->page_size_bytes = r->page_size_bytes;
    m->name = r->name != NULL ? g_steal_pointer(&r->name) : default_name(yaml_doc_name(doc));
    m->vendor = g_steal_pointer(&r->vendor);
    m->model = g_steal_pointer(&r->model);
    m->description = g_steal_pointer(&r->description);
    m->sources = g_strdupv((char **)(guintptr)yaml_doc_sources(doc));
    m->input_digest = g_strdup(yaml_doc_digest(doc));
    return read_blocks(r, m, error);
}

static struct machine *read_doc(const struct yaml_doc *doc, GError **error)
{
    g_autoptr(machine_t) m = machine_new();
    struct root r = {
        .hz = m->hz,
        .reclaim_distance = m->reclaim_distance,
        .page_size_bytes = m->page_size_bytes,
    };
    bool ok = read_root(doc, &r, m, error);

    g_free(r.name);
    g_free(r.vendor);
    g_free(r.model);
    g_free(r.description);
    return ok ? g_steal_pointer(&m) : NULL;
}

struct machine *topology_read_yaml(const char *path, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load(path, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}

struct machine *topology_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                          GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer(name, bytes, size, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}
