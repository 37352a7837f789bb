/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/machine-json.h"

#include "base/bitmap.h"
#include "machine/tiers.h"

static void optional_string(struct json_out *out, const char *name, const char *value)
{
    if (value != NULL) {
        json_string(out, name, value);
    }
}

static void append_counts(struct json_out *out, const struct machine *m)
{
    json_object_begin(out, "counts", true);
    json_int(out, "cpus", m->nr_cpus);
    json_int(out, "cores", m->nr_cores);
    json_int(out, "clusters", m->nr_clusters);
    json_int(out, "l2s", m->nr_l2s);
    json_int(out, "llcs", m->nr_llcs);
    json_int(out, "dies", m->nr_dies);
    json_int(out, "packages", m->nr_packages);
    json_int(out, "nodes", m->nr_nodes);
    json_object_end(out);
}

static void append_cpus(struct json_out *out, const struct machine *m)
{
    json_array_begin(out, "cpus", false);
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        const struct machine_cpu *cpu = &m->cpus[i];

        json_object_begin(out, NULL, true);
        json_int(out, "cpu", cpu->os_id);
        json_int(out, "core", cpu->core);
        json_int(out, "thread", cpu->thread);
        json_int(out, "cluster", cpu->cluster);
        json_int(out, "l2", cpu->l2);
        json_int(out, "llc", cpu->llc);
        json_int(out, "die", cpu->die);
        json_int(out, "package", cpu->package);
        json_int(out, "node", m->nodes[cpu->node].os_id);
        json_int(out, "capacity", cpu->capacity);
        json_int(out, "priority", cpu->priority);
        json_object_end(out);
    }
    json_array_end(out);
}

/* The CPUs of @set, by the numbers that the outside uses. */
static void append_cpu_set(struct json_out *out, const char *name, const struct machine *m,
                           const uint64_t *set)
{
    uint32_t nr = (uint32_t)m->nr_cpus;

    json_array_begin(out, name, true);
    for (uint32_t cpu = bitmap_next(set, nr, 0); cpu < nr; cpu = bitmap_next(set, nr, cpu + 1)) {
        json_int(out, NULL, m->cpus[cpu].os_id);
    }
    json_array_end(out);
}

static void append_sizes(struct json_out *out, const char *name, const int64_t *bytes, int32_t nr)
{
    json_array_begin(out, name, true);
    for (int32_t i = 0; i < nr; i++) {
        json_int(out, NULL, bytes[i]);
    }
    json_array_end(out);
}

static void append_caches(struct json_out *out, const struct machine *m)
{
    json_object_begin(out, "caches", false);
    json_int(out, "line_bytes", m->cache_line_bytes);
    append_sizes(out, "l1d_bytes", m->l1d_bytes, m->nr_cores);
    append_sizes(out, "l2_bytes", m->l2_bytes, m->nr_l2s);
    json_array_begin(out, "llc_bytes", true);
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        json_int(out, NULL, m->llcs[llc].size_bytes);
    }
    json_array_end(out);
    json_int(out, "llc_bandwidth_bytes_per_s", m->llcs[0].bandwidth_bytes_per_s);
    json_object_end(out);
}

/* What firmware says of a node's memory, where it says anything. */
static void append_hmat(struct json_out *out, const struct machine_coordinates *hmat)
{
    if (hmat->read_latency_ns == 0) {
        return;
    }
    json_object_begin(out, "hmat", true);
    json_int(out, "read_latency_ns", hmat->read_latency_ns);
    json_int(out, "write_latency_ns", hmat->write_latency_ns);
    json_int(out, "read_bandwidth_bytes_per_s", hmat->read_bandwidth_bytes_per_s);
    json_int(out, "write_bandwidth_bytes_per_s", hmat->write_bandwidth_bytes_per_s);
    json_object_end(out);
}

static void append_nodes(struct json_out *out, const struct machine *m)
{
    g_autofree int32_t *distances = g_new(int32_t, (gsize)m->nr_nodes);

    machine_abstract_distances(m, distances);
    json_array_begin(out, "nodes", false);
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        const struct machine_node *node = &m->nodes[i];

        json_object_begin(out, NULL, true);
        json_int(out, "node", node->os_id);
        json_string(out, "tier", machine_tier_name(node->tier));
        append_cpu_set(out, "cpus", m, machine_node_cpus(m, i));
        optional_string(out, "subtype", node->subtype);
        json_int(out, "memory_bytes", node->memory_bytes);
        json_int(out, "side_cache_bytes", node->side_cache_bytes);
        json_int(out, "side_cache_bandwidth_bytes_per_s", node->side_cache_bandwidth_bytes_per_s);
        json_int(out, "side_cache_miss_ns", node->side_cache_miss_ns);
        json_int(out, "package", node->package);
        json_int(out, "read_bandwidth_bytes_per_s", node->read_bandwidth_bytes_per_s);
        json_int(out, "write_bandwidth_bytes_per_s", node->write_bandwidth_bytes_per_s);
        json_bool(out, "full_duplex", node->full_duplex);
        append_hmat(out, &node->hmat);
        json_int(out, "abstract_distance", distances[i]);
        json_object_end(out);
    }
    json_array_end(out);
}

/* A matrix of nr_nodes rows; @values32 or @values64 holds it, if either does. */
static void append_matrix(struct json_out *out, const char *name, const struct machine *m,
                          const int32_t *values32, const int64_t *values64)
{
    if (values32 == NULL && values64 == NULL) {
        return; /* nothing is known of it */
    }
    json_array_begin(out, name, true);
    for (int32_t row = 0; row < m->nr_nodes; row++) {
        json_array_begin(out, NULL, true);
        for (int32_t column = 0; column < m->nr_nodes; column++) {
            int32_t at = row * m->nr_nodes + column;

            json_int(out, NULL, values32 != NULL ? values32[at] : values64[at]);
        }
        json_array_end(out);
    }
    json_array_end(out);
}

static void append_by_reach(struct json_out *out, const char *name, const int64_t *values)
{
    json_object_begin(out, name, true);
    for (int reach = 0; reach < NR_REACHES; reach++) {
        json_int(out, machine_reach_name((enum machine_reach)reach), values[reach]);
    }
    json_object_end(out);
}

static void append_costs(struct json_out *out, const struct machine_costs *costs)
{
    json_object_begin(out, "costs", false);
    json_int(out, "context_switch_ns", costs->context_switch_ns);
    json_int(out, "wakeup_ns", costs->wakeup_ns);
    append_by_reach(out, "wakeup_ipi_ns", costs->wakeup_ipi_ns);
    json_int(out, "idle_exit_ns", costs->idle_exit_ns);
    json_int(out, "resched_ns", costs->resched_ns);
    json_int(out, "fork_ns", costs->fork_ns);
    json_int(out, "exit_ns", costs->exit_ns);
    json_int(out, "tick_ns", costs->tick_ns);
    json_int(out, "balance_pass_ns", costs->balance_pass_ns);
    json_int(out, "balance_cpu_ns", costs->balance_cpu_ns);
    append_by_reach(out, "migration_ns", costs->migration_ns);
    json_int(out, "page_fault_ns", costs->page_fault_ns);
    json_int(out, "page_zero_bytes_per_s", costs->page_zero_bytes_per_s);
    json_int(out, "page_move_ns", costs->page_move_ns);
    json_int(out, "page_move_bytes_per_s", costs->page_move_bytes_per_s);
    json_int(out, "hint_fault_ns", costs->hint_fault_ns);
    json_int(out, "pte_scan_ns", costs->pte_scan_ns);
    json_int(out, "tlb_shootdown_ns", costs->tlb_shootdown_ns);
    json_int(out, "tlb_shootdown_cpu_ns", costs->tlb_shootdown_cpu_ns);
    json_int(out, "smt_pace_ppm", costs->smt_pace_ppm);
    json_object_end(out);
}

/* The loaded-latency curves by tier, and what the TLB reaches. */
static void append_load(struct json_out *out, const struct machine *m)
{
    json_object_begin(out, "load", false);
    for (int tier = 0; tier < NR_TIERS; tier++) {
        json_array_begin(out, machine_tier_name((enum machine_tier)tier), true);
        for (int32_t i = 0; i < m->curves[tier].nr_points; i++) {
            json_object_begin(out, NULL, true);
            json_int(out, "utilisation_ppm", m->curves[tier].points[i].utilisation_ppm);
            json_int(out, "factor_ppm", m->curves[tier].points[i].factor_ppm);
            json_object_end(out);
        }
        json_array_end(out);
    }
    json_object_end(out);
    json_object_begin(out, "tlb", true);
    json_int(out, "entries_base", m->tlb.entries_base);
    json_int(out, "entries_2m", m->tlb.entries_2m);
    json_int(out, "entries_1g", m->tlb.entries_1g);
    json_int(out, "walk_ns", m->tlb.walk_ns);
    json_object_end(out);
}

void machine_to_json(struct json_out *out, const struct machine *m)
{
    json_object_begin(out, NULL, false);
    json_string(out, "name", m->name);
    optional_string(out, "vendor", m->vendor);
    optional_string(out, "model", m->model);
    optional_string(out, "description", m->description);
    json_string(out, "arch", machine_arch_name(m->arch));
    json_bool(out, "hybrid", m->hybrid);
    json_int(out, "hz", m->hz);
    json_int(out, "reclaim_distance", m->reclaim_distance);
    json_int(out, "page_size_bytes", m->page_size_bytes);
    append_counts(out, m);
    append_cpus(out, m);
    append_cpu_set(out, "offline", m, m->offline);
    append_cpu_set(out, "isolated", m, m->isolated);
    json_int(out, "nominal_hz", m->core_hz);
    append_caches(out, m);
    append_nodes(out, m);
    append_matrix(out, "distances", m, m->distances, NULL);
    append_matrix(out, "latency_ns", m, NULL, m->latency_ns);
    append_matrix(out, "bandwidth_bytes_per_s", m, NULL, m->bandwidth_bytes_per_s);
    append_load(out, m);
    append_costs(out, &m->costs);
    json_object_begin(out, "block_sources", false);
    for (int block = 0; block < NR_MACHINE_BLOCKS; block++) {
        optional_string(out, machine_block_name((enum machine_block)block),
                        m->block_sources[block]);
    }
    json_object_end(out);
    json_strings(out, "sources", m->sources);
    json_object_end(out);
}
