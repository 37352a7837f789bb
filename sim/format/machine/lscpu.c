/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine as `lscpu -p` prints it (util-linux, sys-utils/lscpu.c: print_cpus_parsable()). The usual
 * columns come first, so that what reads them by place reads them; those for clusters and offline
 * CPUs follow where there are such.
 */
#include "base/bitmap.h"
#include "format/machine/write.h"

struct columns {
    bool l3, cluster, online;
};

static bool same_set(const struct machine *m, const uint64_t *a, const uint64_t *b)
{
    return bitmap_equal(a, b, (uint32_t)m->nr_cpus);
}

/* The CPUs of @cpu's L2. */
static uint64_t *l2_cpus(const struct machine *m, int32_t l2)
{
    uint64_t *set = bitmap_new((uint32_t)m->nr_cpus);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (m->cpus[cpu].l2 == l2) {
            bitmap_set(set, (uint32_t)cpu);
        }
    }
    return set;
}

/* For each CPU whether its last cache is one beyond its L2; newly allocated [nr_cpus]. */
static bool *find_l3s(const struct machine *m)
{
    bool *has = g_new0(bool, (size_t)m->nr_cpus);

    for (int32_t l2 = 0; l2 < m->nr_l2s; l2++) {
        g_autofree uint64_t *set = l2_cpus(m, l2);

        for (uint32_t cpu = bitmap_next(set, (uint32_t)m->nr_cpus, 0); cpu < (uint32_t)m->nr_cpus;
             cpu = bitmap_next(set, (uint32_t)m->nr_cpus, cpu + 1)) {
            has[cpu] = !same_set(m, set, machine_llc_cpus(m, m->cpus[cpu].llc));
        }
    }
    return has;
}

static void write_header(const struct columns *c, GString *text)
{
    g_string_append(text, "# The following is the parsable format, which can be fed to other\n"
                          "# programs. Each different item in every column has an unique ID\n"
                          "# starting usually from zero.\n");
    g_string_append_printf(text, "# CPU,Core,Socket,Node,,L1d,L1i,L2%s%s%s\n", c->l3 ? ",L3" : "",
                           c->cluster ? ",Cluster" : "", c->online ? ",Online" : "");
}

static void write_cpu(const struct machine *m, const struct columns *c, int32_t id, bool l3,
                      GString *text)
{
    const struct machine_cpu *cpu = &m->cpus[id];

    g_string_append_printf(text, "%d,%d,%d,%d,,%d,%d,%d", cpu->os_id, cpu->core, cpu->package,
                           m->nodes[cpu->node].os_id, cpu->core, cpu->core, cpu->l2);
    /* lscpu leaves out a cache that a CPU does not have. */
    if (l3) {
        g_string_append_printf(text, ",%d", cpu->llc);
    }
    if (c->cluster) {
        g_string_append_printf(text, ",%d", cpu->cluster);
    }
    if (c->online) {
        g_string_append(text, bitmap_test(m->offline, (uint32_t)id) ? ",N" : ",Y");
    }
    g_string_append_c(text, '\n');
}

static void write_notes(const struct machine *m, GPtrArray *notes)
{
    bool capacities = false, isolated = false;

    g_ptr_array_add(notes, g_strdup("lscpu -p says nothing of memory and distances: "
                                    "`--format numactl` writes them"));
    g_ptr_array_add(notes, g_strdup("lscpu -p says nothing of sizes of caches, frequencies, "
                                    "latencies, bandwidths and costs"));
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        capacities = capacities || m->cpus[cpu].capacity != m->cpus[0].capacity ||
                     m->cpus[cpu].priority != m->cpus[0].priority;
        isolated = isolated || bitmap_test(m->isolated, (uint32_t)cpu);
    }
    if (m->nr_dies != m->nr_packages) {
        g_ptr_array_add(notes, g_strdup("lscpu -p says nothing of dies"));
    }
    if (capacities) {
        g_ptr_array_add(notes, g_strdup("lscpu -p says nothing of capacities and priorities"));
    }
    if (isolated) {
        g_ptr_array_add(notes, g_strdup("lscpu -p does not say which CPUs are isolated"));
    }
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        if (bitmap_empty(machine_node_cpus(m, node), (uint32_t)m->nr_cpus)) {
            g_ptr_array_add(notes, g_strdup("lscpu -p names no node without CPUs"));
            break;
        }
    }
}

static char *write_lscpu(const struct machine *m, GPtrArray *notes, GError **error)
{
    g_autofree bool *l3 = find_l3s(m);
    struct columns c = {.cluster = m->nr_clusters != m->nr_cores, .online = !m->online_all};
    GString *text = g_string_new(NULL);

    (void)error; /* every machine can be written */
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        c.l3 = c.l3 || l3[cpu];
    }
    write_header(&c, text);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        write_cpu(m, &c, cpu, l3[cpu], text);
    }
    write_notes(m, notes);
    return g_string_free(text, FALSE);
}

const struct machine_writer machine_lscpu = {
    .name = "lscpu",
    .summary = "as `lscpu -p` prints CPUs, cores, sockets, nodes and caches",
    .write = write_lscpu,
};
