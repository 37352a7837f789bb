/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's domain XML (libvirt.org/formatdomain.html), told to the QEMU guest that libvirt would
 * start: the rules for what is left out are libvirt's where it has some, else QEMU's.
 */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/libvirt.h"

static bool start_domain(struct libvirt *x, GError **error)
{
    (void)error;
    x->guest->kvm = g_strcmp0(libvirt_attribute(x, "type"), "kvm") == 0;
    x->guest->cpus_source = "libvirt <vcpu>, <topology>";
    x->guest->nodes_source = "libvirt <numa>";
    x->current_cpus = -1;
    x->current_bytes = -1;
    return true;
}

static bool end_name(struct libvirt *x, const char *text, GError **error)
{
    (void)error;
    g_free(x->guest->facts->name);
    x->guest->facts->name = g_strdup(text);
    return true;
}

static bool start_unit(struct libvirt *x, GError **error)
{
    return libvirt_unit(x, libvirt_attribute(x, "unit"), &x->unit, error);
}

static bool end_memory(struct libvirt *x, const char *text, GError **error)
{
    return libvirt_bytes(x, text, x->unit, &x->guest->memory_bytes, error);
}

static bool end_current_memory(struct libvirt *x, const char *text, GError **error)
{
    return libvirt_bytes(x, text, x->unit, &x->current_bytes, error);
}

static bool start_vcpu(struct libvirt *x, GError **error)
{
    const char *const cpuset = libvirt_attribute(x, "cpuset");

    if (cpuset != NULL) {
        g_free(x->vcpu_set);
        x->vcpu_set = libvirt_set(x, cpuset, FACTS_MAX_CPU_ID, error);
        if (x->vcpu_set == NULL) {
            return false;
        }
    }
    return libvirt_integer(x, "current", false, 1, MACHINE_MAX_CPUS, &x->current_cpus, error);
}

static bool end_vcpu(struct libvirt *x, const char *text, GError **error)
{
    int64_t *const smp = x->guest->smp;

    x->guest->smp_place = libvirt_place(x);
    if (!libvirt_number(x, "vcpu", text, 1, MACHINE_MAX_CPUS, &smp[QEMU_MAXCPUS], error)) {
        return false;
    }
    smp[QEMU_CPUS] = x->current_cpus > 0 ? x->current_cpus : smp[QEMU_MAXCPUS];
    return true;
}

/* <vcpus> tells each one; the first is always there. */
static bool start_one_vcpu(struct libvirt *x, GError **error)
{
    struct qemu_assignment cpu = {.node = -1, .place = libvirt_place(x)};
    int64_t id;

    if (!libvirt_integer(x, "id", true, 0, MACHINE_MAX_CPUS - 1, &id, error)) {
        return false;
    }
    x->guest->smp[QEMU_CPUS] = 1;
    cpu.first = cpu.last = (int32_t)id;
    if (id > 0 && g_strcmp0(libvirt_attribute(x, "enabled"), "yes") == 0) {
        g_array_append_val(x->guest->plugged, cpu);
    }
    return x->guest->plugged->len < MACHINE_MAX_CPUS ||
           qemu_error(x->in, libvirt_place(x), error, "more than %d vCPUs", MACHINE_MAX_CPUS);
}

static bool start_os_type(struct libvirt *x, GError **error)
{
    const char *const arch = libvirt_attribute(x, "arch"), *const machine =
                                                               libvirt_attribute(x, "machine");

    (void)error;
    for (int a = 0; arch != NULL && a < NR_ARCHS; a++) {
        if (strcmp(arch, machine_arch_name((enum machine_arch)a)) == 0) {
            x->guest->arch = a;
        }
    }
    if (machine != NULL) {
        qemu_guest_machine(x->guest, machine);
    }
    return true;
}

static bool end_cmdline(struct libvirt *x, const char *text, GError **error)
{
    struct qemu_word *word = qemu_word_new(text, libvirt_place(x));
    const bool ok = qemu_guest_boot(x->guest, word, error);

    qemu_word_free(word);
    return ok;
}

static bool start_cpu(struct libvirt *x, GError **error)
{
    const char *const mode = libvirt_attribute(x, "mode");

    (void)error;
    if (mode != NULL && g_str_has_prefix(mode, "host-")) {
        g_free(x->guest->cpu_model);
        x->guest->cpu_model = g_strdup("host");
    } else if (g_strcmp0(mode, "maximum") == 0) {
        g_free(x->guest->cpu_model);
        x->guest->cpu_model = g_strdup("max");
    }
    return true;
}

static bool end_model(struct libvirt *x, const char *text, GError **error)
{
    (void)error;
    if (*text != '\0') {
        g_free(x->guest->cpu_model);
        x->guest->cpu_model = g_strdup(text);
    }
    return true;
}

static bool start_topology(struct libvirt *x, GError **error)
{
    static const enum qemu_smp levels[] = {QEMU_SOCKETS, QEMU_DIES, QEMU_CLUSTERS, QEMU_CORES,
                                           QEMU_THREADS};

    x->has_topology = true;
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        x->guest->smp[levels[i]] = 1;
        if (!libvirt_integer(x, qemu_smp_names[levels[i]], false, 1, MACHINE_MAX_CPUS,
                             &x->guest->smp[levels[i]], error)) {
            return false;
        }
    }
    return true;
}

static bool start_cpu_cache(struct libvirt *x, GError **error)
{
    const char *const mode = libvirt_attribute(x, "mode");

    (void)error;
    x->guest->host_cache = g_strcmp0(mode, "passthrough") == 0;
    x->guest->l3_cache = g_strcmp0(mode, "disable") != 0;
    return true;
}

static bool start_feature(struct libvirt *x, GError **error)
{
    const char *const policy = libvirt_attribute(x, "policy");

    (void)error;
    if (g_strcmp0(libvirt_attribute(x, "name"), "topoext") == 0) {
        x->guest->topoext_off =
            g_strcmp0(policy, "disable") == 0 || g_strcmp0(policy, "forbid") == 0;
        x->guest->topoext = !x->guest->topoext_off;
    }
    return true;
}

/* The CPUs of a cell as ranges. */
static bool add_cell_cpus(struct libvirt *x, const char *list, int32_t node, GError **error)
{
    g_autofree uint64_t *set = libvirt_set(x, list, MACHINE_MAX_CPUS, error);
    uint32_t first;

    if (set == NULL) {
        return false;
    }
    for (first = bitmap_next(set, MACHINE_MAX_CPUS, 0); first < MACHINE_MAX_CPUS;) {
        struct qemu_assignment range = {.node = node, .place = libvirt_place(x)};
        uint32_t last = first;

        while (last + 1 < MACHINE_MAX_CPUS && bitmap_test(set, last + 1)) {
            last++;
        }
        range.first = (int32_t)first;
        range.last = (int32_t)last;
        g_array_append_val(x->guest->assignments, range);
        first = bitmap_next(set, MACHINE_MAX_CPUS, last + 1);
    }
    return true;
}

static bool start_cell(struct libvirt *x, GError **error)
{
    const char *const cpus = libvirt_attribute(x, "cpus"), *const memory =
                                                               libvirt_attribute(x, "memory");
    struct qemu_node node = {.initiator = -1, .place = libvirt_place(x)};
    int64_t id = (int64_t)x->guest->nodes->len, unit;

    if (x->guest->nodes->len >= MACHINE_MAX_NODES) {
        return qemu_error(x->in, node.place, error, "more than %d cells", MACHINE_MAX_NODES);
    }
    if (!libvirt_integer(x, "id", false, 0, FACTS_MAX_NODE_ID - 1, &id, error) ||
        !libvirt_unit(x, libvirt_attribute(x, "unit"), &unit, error)) {
        return false;
    }
    for (guint i = 0; i < x->guest->nodes->len; i++) {
        if (g_array_index(x->guest->nodes, struct qemu_node, i).id == id) {
            return qemu_error(x->in, node.place, error,
                              "cell %" G_GINT64_FORMAT " again; expected each cell once", id);
        }
    }
    if (memory == NULL) {
        return qemu_error(x->in, node.place, error, "<cell> without memory; expected memory='N'");
    }
    if (!libvirt_bytes(x, memory, unit, &node.memory_bytes, error)) {
        return false;
    }
    node.id = (int32_t)id;
    g_array_append_val(x->guest->nodes, node);
    return cpus == NULL || add_cell_cpus(x, cpus, node.id, error);
}

static struct qemu_node *last_cell(struct libvirt *x)
{
    return &g_array_index(x->guest->nodes, struct qemu_node, x->guest->nodes->len - 1);
}

static void add_link(struct libvirt *x, enum facts_pair pair, int64_t from, int64_t to,
                     int64_t value)
{
    const struct qemu_link link = {pair, (int32_t)from, (int32_t)to, value, libvirt_place(x)};

    g_array_append_val(x->guest->links, link);
}

static bool start_sibling(struct libvirt *x, GError **error)
{
    int64_t to, distance;

    if (!libvirt_integer(x, "id", true, 0, FACTS_MAX_NODE_ID - 1, &to, error) ||
        !libvirt_integer(x, "value", true, MACHINE_LOCAL_DISTANCE, 255, &distance, error)) {
        return false;
    }
    if (to == last_cell(x)->id && distance != MACHINE_LOCAL_DISTANCE) {
        return qemu_error(x->in, libvirt_place(x), error,
                          "distance %" G_GINT64_FORMAT " of cell %" G_GINT64_FORMAT
                          " to itself; expected 10",
                          distance, to);
    }
    add_link(x, FACTS_DISTANCE, last_cell(x)->id, to, distance);
    return true;
}

static bool start_side_cache_size(struct libvirt *x, GError **error)
{
    const char *const value = libvirt_attribute(x, "value");
    int64_t unit, bytes;

    if (value == NULL) {
        return qemu_error(x->in, libvirt_place(x), error,
                          "<size> without value; expected value='N'");
    }
    if (!libvirt_unit(x, libvirt_attribute(x, "unit"), &unit, error) ||
        !libvirt_bytes(x, value, unit, &bytes, error)) {
        return false;
    }
    last_cell(x)->side_cache_bytes = MAX(last_cell(x)->side_cache_bytes, bytes);
    return true;
}

/* A number of memory itself, for reads: of its cache, and of writes, the kernel takes none. */
static bool start_interconnect(struct libvirt *x, bool latency, GError **error)
{
    const char *const type = libvirt_attribute(x, "type");
    int64_t from, to, value, unit = 1;

    if (!libvirt_integer(x, "initiator", true, 0, FACTS_MAX_NODE_ID - 1, &from, error) ||
        !libvirt_integer(x, "target", true, 0, FACTS_MAX_NODE_ID - 1, &to, error) ||
        !libvirt_integer(x, "value", true, 0, INT32_MAX, &value, error) ||
        (!latency && !libvirt_unit(x, libvirt_attribute(x, "unit"), &unit, error))) {
        return false;
    }
    if (value == 0 || libvirt_attribute(x, "cache") != NULL || g_strcmp0(type, "write") == 0) {
        return true;
    }
    if (unit > INT64_MAX / value) {
        return qemu_error(x->in, libvirt_place(x), error, "the bandwidth is too large");
    }
    add_link(x, latency ? FACTS_LATENCY_NS : FACTS_BANDWIDTH_BYTES_PER_S, from, to, value * unit);
    return true;
}

static bool start_latency(struct libvirt *x, GError **error)
{
    return start_interconnect(x, true, error);
}

static bool start_bandwidth(struct libvirt *x, GError **error)
{
    return start_interconnect(x, false, error);
}

static bool start_vcpupin(struct libvirt *x, GError **error)
{
    const char *const cpuset = libvirt_attribute(x, "cpuset");
    g_autofree uint64_t *set = NULL;
    g_autofree char *list = NULL;
    int64_t vcpu;

    if (!libvirt_integer(x, "vcpu", true, 0, MACHINE_MAX_CPUS - 1, &vcpu, error)) {
        return false;
    }
    set = libvirt_set(x, cpuset != NULL ? cpuset : "", FACTS_MAX_CPU_ID, error);
    if (set == NULL) {
        return false;
    }
    list = bitmap_to_list(set, FACTS_MAX_CPU_ID);
    if (*list == '\0') {
        return qemu_error(x->in, libvirt_place(x), error,
                          "<vcpupin> of vCPU %" G_GINT64_FORMAT " without a host CPU; expected "
                          "cpuset='LIST'",
                          vcpu);
    }
    facts_pin(x->guest->facts, false, (int32_t)vcpu, list);
    return true;
}

static bool start_other_pin(struct libvirt *x, GError **error)
{
    (void)error;
    if (!x->told_of_pins) {
        facts_note(x->guest->facts, "<%s> pins threads of QEMU's own, no CPU: left out",
                   strrchr(x->path->str, '/') + 1);
    }
    x->told_of_pins = true;
    return true;
}

/* The nodes of an attribute in the host's numbers, as a list; NULL with or without @error. */
static char *read_nodeset(struct libvirt *x, GError **error)
{
    const char *const text = libvirt_attribute(x, "nodeset");
    g_autofree uint64_t *set = text != NULL ? libvirt_set(x, text, FACTS_MAX_NODE_ID, error) : NULL;

    return set != NULL ? bitmap_to_list(set, FACTS_MAX_NODE_ID) : NULL;
}

static bool start_numatune_memory(struct libvirt *x, GError **error)
{
    g_free(x->memory_nodes);
    x->memory_nodes = read_nodeset(x, error);
    return x->memory_nodes != NULL || libvirt_attribute(x, "nodeset") == NULL;
}

static bool start_memnode(struct libvirt *x, GError **error)
{
    g_autofree char *nodes = NULL;
    int64_t cell;

    if (!libvirt_integer(x, "cellid", true, 0, FACTS_MAX_NODE_ID - 1, &cell, error)) {
        return false;
    }
    nodes = read_nodeset(x, error);
    if (nodes == NULL) {
        return libvirt_attribute(x, "nodeset") == NULL;
    }
    facts_pin(x->guest->facts, true, (int32_t)cell, nodes);
    return true;
}

/* Memory that a node gets; an NVDIMM or a device's is none of that by itself. */
static bool start_dimm(struct libvirt *x, GError **error)
{
    const char *const model = libvirt_attribute(x, "model");

    (void)error;
    x->is_dimm = g_strcmp0(model, "dimm") == 0 || g_strcmp0(model, "virtio-mem") == 0;
    if (!x->is_dimm) {
        facts_note(x->guest->facts, "<memory model='%s'> is no memory of a node: left out",
                   model != NULL ? model : "");
    }
    x->dimm_bytes = -1;
    x->dimm_node = 0;
    return true;
}

static bool end_dimm_size(struct libvirt *x, const char *text, GError **error)
{
    return libvirt_bytes(x, text, x->unit, &x->dimm_bytes, error);
}

static bool end_dimm_node(struct libvirt *x, const char *text, GError **error)
{
    return libvirt_number(x, "node", text, 0, FACTS_MAX_NODE_ID - 1, &x->dimm_node, error);
}

static bool end_dimm(struct libvirt *x, const char *text, GError **error)
{
    struct qemu_dimm dimm = {.node = (int32_t)x->dimm_node, .place = libvirt_place(x)};
    struct qemu_backend *backend;

    (void)text;
    (void)error;
    if (x->dimm_bytes < 0 || !x->is_dimm) {
        return true;
    }
    dimm.memdev = g_strdup_printf("<memory> %u", x->guest->dimms->len);
    backend = g_new0(struct qemu_backend, 1);
    backend->size_bytes = x->dimm_bytes;
    g_hash_table_replace(x->guest->backends, g_strdup(dimm.memdev), backend);
    g_array_append_val(x->guest->dimms, dimm);
    return true;
}

static bool start_argument(struct libvirt *x, GError **error)
{
    const char *const value = libvirt_attribute(x, "value");

    (void)error;
    if (value != NULL) {
        g_ptr_array_add(x->arguments, qemu_word_new(value, libvirt_place(x)));
    }
    return true;
}

const struct libvirt_element libvirt_domain_elements[] = {
    {"/domain", start_domain, NULL},
    {"/domain/name", NULL, end_name},
    {"/domain/memory", start_unit, end_memory},
    {"/domain/currentMemory", start_unit, end_current_memory},
    {"/domain/vcpu", start_vcpu, end_vcpu},
    {"/domain/vcpus/vcpu", start_one_vcpu, NULL},
    {"/domain/os/type", start_os_type, NULL},
    {"/domain/os/cmdline", NULL, end_cmdline},
    {"/domain/cpu", start_cpu, NULL},
    {"/domain/cpu/model", NULL, end_model},
    {"/domain/cpu/topology", start_topology, NULL},
    {"/domain/cpu/cache", start_cpu_cache, NULL},
    {"/domain/cpu/feature", start_feature, NULL},
    {"/domain/cpu/numa/cell", start_cell, NULL},
    {"/domain/cpu/numa/cell/distances/sibling", start_sibling, NULL},
    {"/domain/cpu/numa/cell/cache/size", start_side_cache_size, NULL},
    {"/domain/cpu/numa/interconnects/latency", start_latency, NULL},
    {"/domain/cpu/numa/interconnects/bandwidth", start_bandwidth, NULL},
    {"/domain/cputune/vcpupin", start_vcpupin, NULL},
    {"/domain/cputune/emulatorpin", start_other_pin, NULL},
    {"/domain/cputune/iothreadpin", start_other_pin, NULL},
    {"/domain/numatune/memory", start_numatune_memory, NULL},
    {"/domain/numatune/memnode", start_memnode, NULL},
    {"/domain/devices/memory", start_dimm, end_dimm},
    {"/domain/devices/memory/target/size", start_unit, end_dimm_size},
    {"/domain/devices/memory/target/node", NULL, end_dimm_node},
    {"/domain/qemu:commandline/qemu:arg", start_argument, NULL},
    {0},
};
