/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as a QEMU command line whose guest finds it (QEMU 6.2 and later). */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/machine/qemu-place.h"
#include "format/machine/write.h"

/* QEMU's bounds; more CPUs than an 8-bit APIC id or a GICv2 counts need what counts further. */
enum { QEMU_MAX_NODES = 128, MAX_XAPIC_CPUS = 255, MAX_GICV2_CPUS = 8 };

/* QEMU wants whole pages, of an ARM kernel too; and HMAT bandwidths in MiB/s of 16 bits. */
static const int64_t memory_unit = INT64_C(64) << 10;
static const int64_t bandwidth_unit = INT64_C(1) << 20, max_bandwidth_units = 65534;
/* Beyond, 40 bits of physical address, QEMU's default, may not hold memory and devices. */
static const int64_t max_40_bit_memory = INT64_C(512) << 30;

struct writer {
    const struct machine *m;
    struct qemu_grid grid;
    GPtrArray *groups; /* char *, one group of options to a line */
    GPtrArray *notes;
    bool hmat;
};

/* How QEMU makes a machine of an architecture; no program, no such machine. */
static const struct {
    const char *program, *machine, *cpu;
} systems[NR_ARCHS] = {
    [ARCH_X86_64] = {"qemu-system-x86_64", "q35", "Skylake-Server"},
    [ARCH_ARM64] = {"qemu-system-aarch64", "virt", "max"},
    [ARCH_PPC64] = {"qemu-system-ppc64", "pseries", "power9"},
    [ARCH_RISCV64] = {"qemu-system-riscv64", "virt", "rv64"},
};

static void add(struct writer *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(struct writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(w->groups, g_strdup_vprintf(format, args));
    va_end(args);
}

static void say(struct writer *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(struct writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(w->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

/* "64G", "1536M": the largest unit that is exact. */
static char *size_text(int64_t bytes)
{
    static const char suffixes[] = "BKMGT";
    int power = 0;

    while (power < 4 && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        power++;
    }
    return g_strdup_printf("%" G_GINT64_FORMAT "%c", bytes, suffixes[power]);
}

static int64_t node_memory(const struct machine *m, int32_t node)
{
    return m->nodes[node].memory_bytes / memory_unit * memory_unit;
}

static int64_t total_memory(const struct machine *m)
{
    int64_t bytes = 0;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        bytes += node_memory(m, node);
    }
    return bytes;
}

static bool has_cpus(const struct machine *m, int32_t node)
{
    return !bitmap_empty(machine_node_cpus(m, node), (uint32_t)m->nr_cpus);
}

/* Whether @vendor begins with one of the two names, that of people and that of CPUID. */
static bool is_made_by(const struct machine *m, const char *name, const char *cpuid)
{
    return m->vendor != NULL &&
           (g_str_has_prefix(m->vendor, name) || g_str_has_prefix(m->vendor, cpuid));
}

static bool is_hygon(const struct machine *m)
{
    return is_made_by(m, "Hygon", "HygonGenuine");
}

/* An EPYC model shows the L3 of a die and has the kernel's reclaim distance of Zen. */
static bool is_zen(const struct machine *m)
{
    return m->arch == ARCH_X86_64 && m->reclaim_distance == 32 &&
           (is_made_by(m, "AMD", "AuthenticAMD") || is_hygon(m));
}

static const char *cpu_model(const struct machine *m)
{
    if (is_zen(m)) {
        return is_hygon(m) ? "Dhyana" : "EPYC-Rome";
    }
    return systems[m->arch].cpu;
}

static void add_machine(struct writer *w)
{
    const struct machine *const m = w->m;
    const bool many = m->arch == ARCH_X86_64 && w->grid.nr_places > MAX_XAPIC_CPUS;
    const bool gic_v3 = m->arch == ARCH_ARM64 && w->grid.nr_places > MAX_GICV2_CPUS;
    const bool large = m->arch == ARCH_X86_64 && total_memory(m) > max_40_bit_memory;

    add(w, "-machine %s%s%s%s", systems[m->arch].machine, w->hmat ? ",hmat=on" : "",
        many ? ",kernel-irqchip=split" : "", gic_v3 ? ",gic-version=3" : "");
    add(w, "-cpu %s%s%s", cpu_model(m), is_zen(m) ? ",topoext=on" : "",
        large ? ",phys-bits=52" : "");
    if (many) {
        add(w, "-device intel-iommu,intremap=on,eim=on");
        say(w, "more than %d CPUs need KVM, and more than 288 a QEMU later than 8.1",
            MAX_XAPIC_CPUS);
    }
    if (is_zen(m)) {
        say(w, "an EPYC guest sees the L3 of its dies under KVM, not under emulation");
    } else if (m->arch == ARCH_X86_64 && m->vendor != NULL &&
               !is_made_by(m, "Intel", "GenuineIntel")) {
        say(w, "the guest's CPUs are Intel's, which show the L3 of a die: the vendor %s is lost",
            m->vendor);
    }
    if (large) {
        say(w, "phys-bits=52 for much memory: under KVM the host needs as many");
    }
}

/* -smp, and the CPUs that stand behind an empty place. */
static void add_cpus(struct writer *w)
{
    const struct qemu_grid *const g = &w->grid;
    const char *const middle = g->middle == QEMU_MIDDLE_NONE      ? NULL
                               : g->middle == QEMU_MIDDLE_CLUSTER ? "clusters"
                                                                  : "dies";
    g_autofree char *maxcpus = NULL;
    g_autofree char *middles = NULL;

    if (g->nr_first < g->nr_places) {
        maxcpus = g_strdup_printf(",maxcpus=%d", g->nr_places);
        say(w, "cores or packages are not all alike: -device adds the CPUs behind the gaps");
    }
    if (middle != NULL) {
        middles = g_strdup_printf(",%s=%d", middle, g->middles);
    }
    add(w, "-smp %d%s,sockets=%d%s,cores=%d,threads=%d", g->nr_first,
        maxcpus != NULL ? maxcpus : "", g->sockets, middles != NULL ? middles : "", g->cores,
        g->threads);
    for (int32_t place = g->nr_first; place < g->nr_places; place++) {
        const int32_t core = place / g->threads, in = core / g->cores;

        if (g->cpu[place] >= 0) {
            add(w, "-device %s-x86_64-cpu,socket-id=%d,die-id=%d,core-id=%d,thread-id=%d",
                cpu_model(w->m), in / g->middles, in % g->middles, core % g->cores,
                place % g->threads);
        }
    }
}

/* The node of each place; an empty one is given to that of the place before. */
static int32_t *nodes_of_places(const struct writer *w)
{
    int32_t *nodes = g_new(int32_t, (size_t)w->grid.nr_places);
    int32_t node = 0;

    for (int32_t place = 0; place < w->grid.nr_places; place++) {
        const int32_t cpu = w->grid.cpu[place];

        node = cpu >= 0 ? w->m->cpus[cpu].node : node;
        nodes[place] = node;
    }
    return nodes;
}

/* ",cpus=0-3,cpus=8-11" of the places with @node. */
static void append_cpus(GString *text, const int32_t *nodes, int32_t nr, int32_t node)
{
    for (int32_t place = 0; place < nr; place++) {
        int32_t last = place;

        if (nodes[place] != node) {
            continue;
        }
        while (last + 1 < nr && nodes[last + 1] == node) {
            last++;
        }
        g_string_append_printf(text, last > place ? ",cpus=%d-%d" : ",cpus=%d", place, last);
        place = last;
    }
}

/* The node whose CPUs are nearest to one that has none: of its package, then by latency. */
static int32_t initiator_of(const struct machine *m, int32_t node)
{
    int32_t best = -1;
    bool best_in_package = false;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        const bool in_package = m->nodes[node].package >= 0 && has_cpus(m, from) &&
                                bitmap_intersects(machine_node_cpus(m, from),
                                                  machine_package_cpus(m, m->nodes[node].package),
                                                  (uint32_t)m->nr_cpus);

        if (!has_cpus(m, from) || (best_in_package && !in_package)) {
            continue;
        }
        if (best < 0 || (in_package && !best_in_package) ||
            machine_latency_ns(m, from, node) < machine_latency_ns(m, best, node)) {
            best = from;
            best_in_package = in_package;
        }
    }
    return best;
}

static void add_nodes(struct writer *w)
{
    const struct machine *const m = w->m;
    g_autofree char *total = size_text(total_memory(m));
    g_autofree int32_t *nodes = nodes_of_places(w);
    bool rounded = false;

    add(w, "-m %s", total);
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *size = size_text(node_memory(m, node));

        rounded = rounded || node_memory(m, node) != m->nodes[node].memory_bytes;
        if (node_memory(m, node) > 0) {
            g_string_append_printf(text, "-object memory-backend-ram,id=m%d,size=%s,reserve=off ",
                                   node, size);
        }
        g_string_append_printf(text, "-numa node,nodeid=%d", node);
        append_cpus(text, nodes, w->grid.nr_places, node);
        if (node_memory(m, node) > 0) {
            g_string_append_printf(text, ",memdev=m%d", node);
        }
        if (w->hmat && !has_cpus(m, node)) {
            g_string_append_printf(text, ",initiator=%d", initiator_of(m, node));
        }
        add(w, "%s", text->str);
    }
    if (rounded) {
        say(w, "sizes of memory are rounded down to 64 KiB");
    }
}

/* Both directions where they differ; one says both otherwise. */
static void add_distances(struct writer *w)
{
    const struct machine *const m = w->m;
    bool symmetric = true, odd = false;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        odd = odd || machine_distance(m, from, from) != MACHINE_LOCAL_DISTANCE;
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            symmetric = symmetric && machine_distance(m, from, to) == machine_distance(m, to, from);
            odd = odd || machine_distance(m, from, to) < MACHINE_LOCAL_DISTANCE;
        }
    }
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (int32_t to = symmetric ? from + 1 : 0; to < m->nr_nodes; to++) {
            if (to != from) {
                g_string_append_printf(text, "%s-numa dist,src=%d,dst=%d,val=%d",
                                       text->len > 0 ? " " : "", from, to,
                                       MAX(machine_distance(m, from, to), MACHINE_LOCAL_DISTANCE));
            }
        }
        if (text->len > 0) {
            add(w, "%s", text->str);
        }
    }
    if (odd) {
        say(w, "distances below 10, and other than 10 of a node to itself, are lost");
    }
}

/* 0 if unknown. */
static int64_t bandwidth_of(const struct machine *m, int32_t from, int32_t to)
{
    return m->bandwidth_bytes_per_s != NULL ? m->bandwidth_bytes_per_s[from * m->nr_nodes + to] : 0;
}

/* The unit in which 16 bits hold the largest bandwidth. */
static int64_t common_bandwidth_unit(const struct machine *m)
{
    int64_t unit = bandwidth_unit;

    for (int32_t i = 0; i < m->nr_nodes * m->nr_nodes; i++) {
        while (bandwidth_of(m, i / m->nr_nodes, i % m->nr_nodes) / unit >= max_bandwidth_units) {
            unit *= 2;
        }
    }
    return unit;
}

static int64_t round_to(int64_t value, int64_t unit)
{
    return MAX((value + unit / 2) / unit, 1) * unit;
}

static void add_latencies(struct writer *w)
{
    const struct machine *const m = w->m;
    const int64_t unit = common_bandwidth_unit(m);
    bool rounded = false;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (int32_t to = 0; has_cpus(m, from) && to < m->nr_nodes; to++) {
            const int64_t bandwidth = bandwidth_of(m, from, to);
            const int64_t written = round_to(bandwidth, unit);
            g_autofree char *size = size_text(written);

            g_string_append_printf(text,
                                   "%s-numa hmat-lb,initiator=%d,target=%d,hierarchy=memory,"
                                   "data-type=access-latency,latency=%" G_GINT64_FORMAT,
                                   text->len > 0 ? " " : "", from, to,
                                   machine_latency_ns(m, from, to));
            if (bandwidth > 0) {
                rounded = rounded || written != bandwidth;
                g_string_append_printf(text,
                                       " -numa hmat-lb,initiator=%d,target=%d,hierarchy=memory,"
                                       "data-type=access-bandwidth,bandwidth=%s",
                                       from, to, size);
            }
        }
        if (text->len > 0) {
            add(w, "%s", text->str);
        }
    }
    if (rounded) {
        say(w, "bandwidths are rounded to %" G_GINT64_FORMAT " MiB/s", unit >> 20);
    }
}

/* QEMU takes a memory-side cache only of a node whose bandwidth it knows. */
static void add_side_caches(struct writer *w)
{
    const struct machine *const m = w->m;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        const int64_t bytes = m->nodes[node].side_cache_bytes;
        g_autofree char *size = size_text(bytes);
        bool known = false;

        for (int32_t from = 0; from < m->nr_nodes; from++) {
            known = known || (has_cpus(m, from) && bandwidth_of(m, from, node) > 0);
        }
        if (bytes > 0 && known) {
            add(w,
                "-numa hmat-cache,node-id=%d,size=%s,level=1,associativity=direct,"
                "policy=write-back,line=%" G_GINT64_FORMAT,
                node, size, m->cache_line_bytes > 0 ? m->cache_line_bytes : INT64_C(64));
        } else if (bytes > 0) {
            say(w, "the memory-side cache of node %d is lost: its bandwidth is unknown", node);
        }
    }
}

/* CPUs and nodes that the guest will know by other numbers. */
static void note_numbers(struct writer *w)
{
    const struct machine *const m = w->m;
    g_autofree uint64_t *moved = bitmap_new((uint32_t)m->nr_cpus);
    g_autofree char *list = NULL;
    int32_t number = 0, example = -1;

    for (int32_t place = 0; place < w->grid.nr_places; place++) {
        const int32_t cpu = w->grid.cpu[place];

        if (cpu >= 0 && m->cpus[cpu].os_id != number++) {
            bitmap_set(moved, (uint32_t)number - 1);
            example = example < 0 ? m->cpus[cpu].os_id : example;
        }
    }
    if (example >= 0) {
        list = bitmap_to_list(moved, (uint32_t)m->nr_cpus);
        say(w,
            "QEMU numbers the threads of a core next to each other: CPUs %s of the guest have "
            "other numbers (%u is CPU %d here)",
            list, bitmap_next(moved, (uint32_t)m->nr_cpus, 0), example);
    }
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        if (m->nodes[node].os_id != node) {
            say(w, "QEMU numbers nodes without gaps: node %d is %d in the guest",
                m->nodes[node].os_id, node);
        }
    }
}

/* Whether several cores share an L2, and whether CPUs differ. */
static void note_cpus(struct writer *w)
{
    const struct machine *const m = w->m;
    bool uneven = false;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        uneven = uneven || m->cpus[cpu].capacity != m->cpus[0].capacity ||
                 m->cpus[cpu].priority != m->cpus[0].priority;
    }
    if (uneven || m->hybrid) {
        say(w, "all CPUs of the guest are alike: capacities and priorities are lost");
    }
    if (m->arch == ARCH_X86_64 && m->nr_l2s != m->nr_cores) {
        say(w, "QEMU gives each core its own L2: which CPUs share one is lost");
    }
    if (w->grid.middle == QEMU_MIDDLE_LLC && m->nr_llcs != m->nr_dies) {
        say(w, "each LLC is a die of the guest, for QEMU has an L3 in each die: dies are lost");
    } else if (m->arch != ARCH_X86_64) {
        say(w, "this QEMU machine shows no caches: who shares an LLC is lost");
    }
}

static void note_states(struct writer *w)
{
    const struct machine *const m = w->m;
    g_autofree uint64_t *isolated = bitmap_new((uint32_t)m->nr_cpus);
    g_autofree char *list = NULL;
    int32_t number = 0;

    for (int32_t place = 0; place < w->grid.nr_places; place++) {
        const int32_t cpu = w->grid.cpu[place];

        if (cpu >= 0 && bitmap_test(m->isolated, (uint32_t)cpu)) {
            bitmap_set(isolated, (uint32_t)number);
        }
        number += cpu >= 0;
    }
    if (!bitmap_empty(isolated, (uint32_t)m->nr_cpus)) {
        list = bitmap_to_list(isolated, (uint32_t)m->nr_cpus);
        say(w, "isolated CPUs are the guest kernel's: boot it with -append isolcpus=%s", list);
    }
    if (!m->online_all) {
        say(w, "offline CPUs are online in the guest until it takes them down");
    }
    say(w, "sizes of caches, frequencies, tiers of memory, huge pages and kernel costs are lost");
}

static bool check(const struct machine *m, GError **error)
{
    if (systems[m->arch].program == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: QEMU has no %s machine; expected x86_64, aarch64, ppc64 or riscv64",
                    m->name, machine_arch_name(m->arch));
        return false;
    }
    if (m->nr_nodes > QEMU_MAX_NODES) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: %d nodes; expected at most %d, as QEMU has", m->name, m->nr_nodes,
                    QEMU_MAX_NODES);
        return false;
    }
    return true;
}

static char *write_machine(const struct machine *m, GPtrArray *notes, GError **error)
{
    struct writer w = {.m = m, .notes = notes};
    g_autofree char *text = NULL;

    if (!check(m, error)) {
        return NULL;
    }
    if (!qemu_grid_init(&w.grid, m, MACHINE_MAX_CPUS) ||
        (w.grid.nr_first < w.grid.nr_places && m->arch != ARCH_X86_64)) {
        qemu_grid_clear(&w.grid);
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: its packages and cores are too uneven; expected about as many CPUs in "
                    "each, as -smp makes them",
                    m->name);
        return NULL;
    }
    /* The others have no ACPI. */
    w.hmat = m->arch == ARCH_X86_64 || m->arch == ARCH_ARM64;
    w.groups = g_ptr_array_new_with_free_func(g_free);
    add(&w, "%s", systems[m->arch].program);
    add_machine(&w);
    add_cpus(&w);
    add_nodes(&w);
    add_distances(&w);
    if (w.hmat) {
        add_latencies(&w);
        add_side_caches(&w);
    } else {
        say(&w, "this QEMU machine has no HMAT: latencies and bandwidths are lost");
    }
    note_numbers(&w);
    note_cpus(&w);
    note_states(&w);
    g_ptr_array_add(w.groups, NULL);
    text = g_strjoinv(" \\\n    ", (char **)w.groups->pdata);
    g_ptr_array_unref(w.groups);
    qemu_grid_clear(&w.grid);
    return g_strconcat(text, "\n", NULL);
}

const struct machine_writer machine_qemu = {
    .name = "qemu",
    .summary = "a QEMU command line whose guest finds this machine",
    .write = write_machine,
};
