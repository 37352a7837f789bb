/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the topology reader share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_MACHINE_TOPOLOGY_PRIVATE_H
#define NUMASIM_FORMAT_MACHINE_TOPOLOGY_PRIVATE_H

#include "format/machine/topology-yaml.h"

/* Bounds of the numbers that the outside uses: CONFIG_NODES_SHIFT 10, and room for sparse CPUs. */
enum { TOPOLOGY_MAX_NODE_ID = 1024, TOPOLOGY_MAX_CPU_ID = 65536 };

/* The index of the node with the outside's number @os_id, or -1. */
int32_t topology_node_index(const struct machine *m, int32_t os_id);
/* Takes the `source:` of @block, which must be text that is not empty. */
bool topology_read_source(const struct yaml_node *source, enum machine_block block,
                          struct machine *m, GError **error);
/* Reads the CPUs named by the cpulist @node into a new bitmap of @m->nr_cpus indices. */
bool topology_read_cpu_set(const struct yaml_node *node, const struct machine *m,
                           uint64_t **ret_set, GError **error);

/*
 * Each reads one block into @m. They are called in this order: a later one uses the earlier. Cache
 * sizes that no entry of `cpus` stated are TOPOLOGY_NO_SIZE until topology_read_caches().
 */
enum { TOPOLOGY_NO_SIZE = -1 };
bool topology_read_memory(const struct yaml_node *block, bool sparse, struct machine *m,
                          GError **error);
bool topology_read_cpus(const struct yaml_node *block, bool sparse, struct machine *m,
                        GError **error);
bool topology_read_distances(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_latency(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_bandwidth(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_caches(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_costs(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_frequency(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_links(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_load(const struct yaml_node *block, struct machine *m, GError **error);
bool topology_read_tlb(const struct yaml_node *block, struct machine *m, GError **error);
/* `hmat` of a node. */
bool topology_read_hmat(const struct yaml_node *map, struct machine_coordinates *ret,
                        GError **error);

/* Counts what the CPUs belong to, and makes the arrays of caches, without sizes yet. */
void topology_count_objects(struct machine *m);

/* `threads`: which of the CPUs are siblings. */
enum topology_threads { TOPOLOGY_THREADS_INTERLEAVED, TOPOLOGY_THREADS_ADJACENT };
extern const char *const topology_threads_names[];

/* The compact form of `cpus`; topology_cpus_compact_fields says its keys. */
struct topology_compact {
    int32_t packages, dies_per_package, nodes_per_package, llcs_per_node, nodes_per_llc;
    int32_t cores_per_llc, cores_per_cluster, cores_per_l2, threads_per_core;
    int threads, order;
    const struct yaml_node *source;
};
bool topology_read_compact(const struct yaml_node *block, struct machine *m, GError **error);
/* The compact form that makes just the CPUs of @m; false if there is none. */
bool topology_find_compact(const struct machine *m, struct topology_compact *ret);

/* The tables, for the documentation. The integers of `costs` lie in struct machine_costs. */
extern const struct yaml_field topology_memory_fields[], topology_memory_node_fields[];
extern const struct yaml_field topology_cpus_compact_fields[], topology_cpus_explicit_fields[],
    topology_cpus_entry_fields[];
extern const struct yaml_field topology_distances_fields[], topology_pairs_fields[];
extern const struct yaml_field topology_caches_fields[], topology_costs_fields[],
    topology_reach_fields[], topology_frequency_fields[], topology_frequency_step_fields[],
    topology_links_fields[], topology_link_fields[], topology_load_fields[],
    topology_load_point_fields[], topology_tlb_fields[], topology_hmat_fields[];

#endif
