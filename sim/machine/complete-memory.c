/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes and what lies between them, where a description is silent. */
#include "base/bitmap.h"
#include "machine/complete-private.h"

/* Between nodes without a SLIT: include/linux/topology.h, REMOTE_DISTANCE. */
enum { REMOTE_DISTANCE = 20 };

static int32_t count_cpus(const struct machine *m, int32_t node)
{
    int32_t count = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        count += m->cpus[cpu].node == node;
    }
    return count;
}

/* The package of the CPU that the outside numbers @id, -1 if it is not there. */
static int32_t package_of(const struct completion *c, int32_t id)
{
    for (int32_t cpu = 0; id >= 0 && cpu < c->m->nr_cpus; cpu++) {
        if (c->cpus[cpu]->id == id) {
            return c->m->cpus[cpu].package;
        }
    }
    return -1;
}

static int64_t memory_per_cpu(const struct machine *like)
{
    int64_t bytes = 0;

    for (int32_t node = 0; node < like->nr_nodes; node++) {
        bytes += like->nodes[node].tier == TIER_DRAM ? like->nodes[node].memory_bytes : 0;
    }
    return bytes / like->nr_cpus;
}

/* A description that says 0 of every node does not know. */
static bool memory_known(const struct completion *c)
{
    for (int32_t node = 0; node < c->m->nr_nodes; node++) {
        if (c->nodes[node] != NULL && c->nodes[node]->memory_bytes > 0) {
            return true;
        }
    }
    return false;
}

/* Says so if a node's memory is more than any machine has. */
static bool memory_possible(struct completion *c, const struct facts_node *stated)
{
    const int64_t most_bytes = INT64_C(1) << 50; /* 1 PiB */

    if (stated->memory_bytes > most_bytes) {
        completion_say(c, "node %d cannot have more than 1 PiB: left out", stated->id);
    }
    return stated->memory_bytes <= most_bytes;
}

/* The memory of @node; one that nothing states joins @unstated, by its number outside. */
static void complete_size(struct completion *c, int32_t node, bool known, uint64_t *unstated)
{
    const struct facts_node *stated = c->nodes[node];
    struct machine_node *n = &c->m->nodes[node];
    const int32_t nr_cpus = count_cpus(c->m, node);

    if (known && stated != NULL && stated->memory_bytes >= 0 && memory_possible(c, stated)) {
        n->memory_bytes = stated->memory_bytes;
        if (n->memory_bytes == 0) {
            completion_say(c, "node %d has no memory", n->os_id);
        }
        return;
    }
    n->memory_bytes = memory_per_cpu(c->like) * MAX(nr_cpus, 1);
    bitmap_set(unstated, (uint32_t)n->os_id);
}

static void complete_tier(struct completion *c, int32_t node)
{
    const struct facts_node *stated = c->nodes[node];
    struct machine_node *n = &c->m->nodes[node];

    n->tier = TIER_DRAM;
    if (stated != NULL && stated->tier >= 0) {
        n->tier = (enum machine_tier)stated->tier;
    } else if (count_cpus(c->m, node) == 0) {
        completion_say(c, "node %d has no CPUs and its kind of memory is not stated: DRAM",
                       n->os_id);
    }
}

void complete_nodes(struct completion *c)
{
    const bool known = memory_known(c);
    g_autofree uint64_t *unstated = bitmap_new(FACTS_MAX_NODE_ID);

    for (int32_t node = 0; node < c->m->nr_nodes; node++) {
        const struct facts_node *stated = c->nodes[node];
        struct machine_node *n = &c->m->nodes[node];

        complete_size(c, node, known, unstated);
        complete_tier(c, node);
        n->package = -1;
        if (stated != NULL) {
            n->package = package_of(c, stated->near_cpu);
            n->subtype = completion_text(stated->subtype);
            n->side_cache_bytes = stated->side_cache_bytes;
            n->read_bandwidth_bytes_per_s = stated->read_bandwidth_bytes_per_s;
            n->write_bandwidth_bytes_per_s = stated->write_bandwidth_bytes_per_s;
            n->hmat = stated->hmat;
            n->hugetlb_2m_pages = stated->hugetlb_2m_pages;
            n->hugetlb_1g_pages = stated->hugetlb_1g_pages;
        }
    }
    if (!bitmap_empty(unstated, FACTS_MAX_NODE_ID)) {
        g_autofree char *list = bitmap_to_list(unstated, FACTS_MAX_NODE_ID);

        completion_say(
            c, "the memory of node%s %s is not stated: %" G_GINT64_FORMAT " MiB a CPU, as %s",
            bitmap_weight(unstated, FACTS_MAX_NODE_ID) == 1 ? "" : "s", list,
            memory_per_cpu(c->like) >> 20, c->like->name);
    }
    completion_source(c, MACHINE_MEMORY,
                      known ? NULL : "not stated; so much a CPU as the machine it was likened to");
}

/* Sets the distances and says what is unusual about them. */
static void judge_distances(struct completion *c)
{
    struct machine *m = c->m;
    bool asymmetric = false;

    for (int32_t from = 0; from < m->nr_nodes; from++) {
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            const int32_t d = machine_distance(m, from, to);

            asymmetric = asymmetric || d != machine_distance(m, to, from);
            m->irregular_distances = m->irregular_distances || (from == to && d != 10) ||
                                     (from != to && d <= MACHINE_LOCAL_DISTANCE);
        }
    }
    if (asymmetric) {
        completion_say(c, "unusual: some distances differ between there and back");
    }
    if (m->irregular_distances) {
        completion_say(c, "unusual: distances of 10 or less to another node, or other than 10 to "
                          "itself");
    }
}

void complete_distances(struct completion *c)
{
    struct machine *m = c->m;
    const size_t n = (size_t)m->nr_nodes;
    int32_t stated = 0, mirrored = 0, clipped = 0;

    m->distances = g_new0(int32_t, n * n);
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            int64_t d =
                facts_pair_get(c->f, FACTS_DISTANCE, m->nodes[from].os_id, m->nodes[to].os_id);

            if (d <= 0) {
                d = facts_pair_get(c->f, FACTS_DISTANCE, m->nodes[to].os_id, m->nodes[from].os_id);
                mirrored += d > 0;
            }
            stated += d > 0;
            clipped += d > COMPLETE_MAX_DISTANCE;
            m->distances[from * m->nr_nodes + to] =
                d > 0 ? (int32_t)MIN(d, COMPLETE_MAX_DISTANCE)
                      : (from == to ? MACHINE_LOCAL_DISTANCE : REMOTE_DISTANCE);
        }
    }
    if (mirrored > 0) {
        completion_say(c, "%d distances are stated for the way back alone: taken as the same there",
                       mirrored);
    }
    if (clipped > 0) {
        completion_say(c, "%d distances are above %d, the most that a SLIT holds: taken as %d",
                       clipped, COMPLETE_MAX_DISTANCE, COMPLETE_MAX_DISTANCE);
    }
    if (stated < m->nr_nodes * m->nr_nodes && m->nr_nodes > 1) {
        completion_say(c,
                       "%s distances are not stated: 10 to itself and 20 to others, Linux's "
                       "default",
                       stated > 0 ? "some" : "the");
    }
    judge_distances(c);
    completion_source(c, MACHINE_DISTANCES,
                      stated < m->nr_nodes * m->nr_nodes
                          ? "include/linux/topology.h: LOCAL_DISTANCE, REMOTE_DISTANCE"
                          : NULL);
}
