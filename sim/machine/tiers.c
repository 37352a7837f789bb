/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/tiers.h"

#include "base/bitmap.h"
#include "base/fixed.h"

static bool has_cpus(const struct machine *m, int32_t node)
{
    return !bitmap_empty(machine_node_cpus(m, node), (uint32_t)m->nr_cpus);
}

/* The kernel keeps bandwidths in MiB/s, so that a node's may be 0 there. */
static uint64_t mib(int64_t bytes)
{
    return MAX((uint64_t)bytes >> 20, 1);
}

int32_t machine_perf_to_adistance(const struct machine_coordinates *perf,
                                  const struct machine_coordinates *dram)
{
    uint64_t latency = (uint64_t)(perf->read_latency_ns + perf->write_latency_ns);
    uint64_t dram_latency = (uint64_t)(dram->read_latency_ns + dram->write_latency_ns);
    uint64_t bandwidth =
        mib(perf->read_bandwidth_bytes_per_s) + mib(perf->write_bandwidth_bytes_per_s);
    uint64_t dram_bandwidth =
        mib(dram->read_bandwidth_bytes_per_s) + mib(dram->write_bandwidth_bytes_per_s);
    uint64_t distance = MACHINE_ADISTANCE_DRAM * latency / dram_latency;

    distance = mul_div_u64(distance, dram_bandwidth, bandwidth);
    return (int32_t)CLAMP(distance, 1, (uint64_t)INT32_MAX);
}

/* What the machine's own numbers of @node are for the CPUs that reach it fastest; false if unknown. */
static bool measured(const struct machine *m, int32_t node, struct machine_coordinates *ret)
{
    const struct machine_node *n = &m->nodes[node];
    int64_t best_ns = 0, bytes = n->read_bandwidth_bytes_per_s;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        int64_t ns = machine_latency_ns(m, from, node);

        if (!has_cpus(m, from) || ns <= 0) {
            continue;
        }
        best_ns = best_ns == 0 ? ns : MIN(best_ns, ns);
        if (n->read_bandwidth_bytes_per_s == 0 && m->bandwidth_bytes_per_s != NULL) {
            bytes = MAX(bytes, m->bandwidth_bytes_per_s[from * m->nr_nodes + node]);
        }
    }
    *ret = (struct machine_coordinates){best_ns, best_ns, bytes, bytes};
    return best_ns > 0 && bytes > 0;
}

/* hmat_update_target_access(): more than a tenth apart. */
static bool apart(int64_t a, int64_t b)
{
    return ABS(a - b) * 10 > b;
}

/* The first DRAM node with CPUs that firmware speaks of, -1 if none; *@ret_differ if others of them
 * are not like it. */
static int32_t reference(const struct machine *m, bool *ret_differ)
{
    const struct machine_coordinates *first = NULL;
    int32_t found = -1;

    *ret_differ = false;
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        const struct machine_coordinates *own = &m->nodes[i].hmat;

        if (m->nodes[i].tier != TIER_DRAM || !has_cpus(m, i) || own->read_latency_ns == 0) {
            continue;
        }
        if (first == NULL) {
            first = own;
            found = i;
        } else if (apart(own->read_latency_ns, first->read_latency_ns) ||
                   apart(own->write_latency_ns, first->write_latency_ns) ||
                   apart(own->read_bandwidth_bytes_per_s, first->read_bandwidth_bytes_per_s) ||
                   apart(own->write_bandwidth_bytes_per_s, first->write_bandwidth_bytes_per_s)) {
            *ret_differ = true;
        }
    }
    return found;
}

/* HBM that no firmware describes, by what the machine's DRAM and it do. */
static int32_t hbm_distance(const struct machine *m, int32_t node)
{
    struct machine_coordinates hbm, dram;

    for (int32_t i = 0; i < m->nr_nodes && measured(m, node, &hbm); i++) {
        if (m->nodes[i].tier == TIER_DRAM && has_cpus(m, i) && measured(m, i, &dram)) {
            return machine_perf_to_adistance(&hbm, &dram);
        }
    }
    return MACHINE_ADISTANCE_DRAM;
}

void machine_abstract_distances(const struct machine *m, int32_t *ret)
{
    bool differ;
    int32_t dram = reference(m, &differ);

    for (int32_t i = 0; i < m->nr_nodes; i++) {
        const struct machine_node *n = &m->nodes[i];

        if (n->abstract_distance > 0) {
            ret[i] = n->abstract_distance;
        } else if (has_cpus(m, i)) {
            ret[i] = MACHINE_ADISTANCE_DRAM;
        } else if (n->hmat.read_latency_ns > 0 && dram >= 0 && !differ) {
            ret[i] = machine_perf_to_adistance(&n->hmat, &m->nodes[dram].hmat);
        } else if (n->tier == TIER_HBM && n->hmat.read_latency_ns == 0) {
            ret[i] = hbm_distance(m, i);
        } else {
            ret[i] = n->tier == TIER_DRAM ? MACHINE_ADISTANCE_DRAM : MACHINE_ADISTANCE_DAX;
        }
    }
}
