/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How near nodes are to each other, and what faults on them weigh: init_numa_topology_type(),
 * score_nearby_nodes(), preferred_group_nid().
 */
#include "linux-numa.h"

enum { LOCAL_DISTANCE = 10, WEIGHT_SCALE = 1000 };

static bool has_cpus(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->nr_cpus > 0;
}

/* True if nodes with CPUs, @from and others, have a distance of @distance. */
static bool distance_exists(const struct numasim_self *self, int32_t distance)
{
    int32_t nr = numa_state(self)->nr_nodes;

    for (int32_t a = 0; a < nr; a++) {
        for (int32_t b = 0; has_cpus(self, a) && b < nr; b++) {
            if (has_cpus(self, b) && numasim_distance(self->host, a, b) == distance) {
                return true;
            }
        }
    }
    return false;
}

/* Is a node nearer than the farthest to both ends of the longest way? */
static enum numa_topology type_of_longest(const struct numasim_self *self, int32_t a, int32_t b)
{
    const struct numa_state *state = numa_state(self);

    for (int32_t c = 0; c < state->nr_nodes; c++) {
        if (has_cpus(self, c) && numasim_distance(self->host, a, c) < state->max_distance &&
            numasim_distance(self->host, b, c) < state->max_distance) {
            return NUMA_TOPO_MESH;
        }
    }
    return NUMA_TOPO_BACKPLANE;
}

void numa_find_topology(struct numasim_self *self)
{
    struct numa_state *state = numa_state(self);
    int32_t nr_distances = 0, largest = LOCAL_DISTANCE;

    state->nr_nodes = numasim_nr_nodes(self->host);
    for (int32_t a = 0; a < state->nr_nodes; a++) {
        state->nr_cpu_nodes += has_cpus(self, a);
        for (int32_t b = 0; has_cpus(self, a) && b < state->nr_nodes; b++) {
            int32_t d = has_cpus(self, b) ? numasim_distance(self->host, a, b) : 0;

            largest = d > largest ? d : largest;
        }
    }
    for (int32_t d = LOCAL_DISTANCE; d <= largest; d++) {
        nr_distances += distance_exists(self, d);
    }
    state->max_distance = largest;
    state->topology = NUMA_TOPO_DIRECT;
    for (int32_t a = 0; nr_distances > 2 && a < state->nr_nodes; a++) {
        for (int32_t b = 0; has_cpus(self, a) && b < state->nr_nodes; b++) {
            if (has_cpus(self, b) && numasim_distance(self->host, a, b) == largest) {
                state->topology = type_of_longest(self, a, b);
                return;
            }
        }
    }
}

int32_t numa_nearest_with_cpus(const struct numasim_host *host, int32_t node)
{
    int32_t nearest = -1;

    if (numasim_node(host, node)->nr_cpus > 0) {
        return node;
    }
    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        if (numasim_node(host, i)->nr_cpus > 0 &&
            (nearest < 0 ||
             numasim_distance(host, node, i) < numasim_distance(host, node, nearest))) {
            nearest = i;
        }
    }
    return nearest;
}

/* score_nearby_nodes() */
static int64_t nearby(const struct numasim_self *self, int64_t *faults, int32_t node,
                      int32_t distance)
{
    const struct numa_state *state = numa_state(self);
    int64_t score = 0;

    if (state->topology == NUMA_TOPO_DIRECT) {
        return 0;
    }
    for (int32_t m = 0; m < state->nr_nodes; m++) {
        int32_t d = numasim_distance(self->host, node, m);

        if (m == node || d >= state->max_distance ||
            (state->topology == NUMA_TOPO_BACKPLANE && d >= distance)) {
            continue;
        }
        int64_t count = numa_sum(self, faults, NUMA_MEM, m);

        if (state->topology == NUMA_TOPO_MESH) {
            count = count * (state->max_distance - d) / (state->max_distance - LOCAL_DISTANCE);
        }
        score += count;
    }
    return score;
}

static int64_t weight(const struct numasim_self *self, int64_t *faults, int64_t total, int32_t node,
                      int32_t distance)
{
    if (faults == NULL || total == 0) {
        return 0;
    }
    return WEIGHT_SCALE *
           (numa_sum(self, faults, NUMA_MEM, node) + nearby(self, faults, node, distance)) / total;
}

int64_t numa_task_weight(const struct numasim_self *self, const struct numasim_task *task,
                         int32_t node, int32_t distance)
{
    const struct numa_task *own = numa_task(self, task);

    return weight(self, own->faults, own->total, node, distance);
}

int64_t numa_group_weight(const struct numasim_self *self, const struct numasim_task *task,
                          int32_t node, int32_t distance)
{
    struct numa_group *group = numa_task(self, task)->group;

    return group != NULL ? weight(self, group->faults, group->total, node, distance) : 0;
}

/* ------------------------------------------------------------------------------------------- */
/* The node of a group                                                                          */

static int32_t node_of_mesh(struct numasim_self *self, struct numasim_task *task, int32_t node)
{
    const struct numa_state *state = numa_state(self);
    int64_t best = 0;

    for (int32_t n = 0; n < state->nr_nodes; n++) {
        int64_t score =
            has_cpus(self, n) ? numa_group_weight(self, task, n, state->max_distance) : 0;

        if (score > best) {
            best = score;
            node = n;
        }
    }
    return node;
}

struct nodes {
    uint64_t bits[4];
};

static bool has_node(const struct nodes *nodes, int32_t n)
{
    return numasim_mask_test(nodes->bits, n);
}

/* Of @nodes those nearer than @distance to the first one that is left in *@rest, from which they go;
 * their faults. */
static int64_t take_neighbours(const struct numasim_self *self, struct numa_group *group,
                               struct nodes *rest, int32_t first, int32_t distance,
                               struct nodes *taken)
{
    int64_t faults = 0;

    *taken = (struct nodes){{0}};
    for (int32_t n = 0; n < numa_state(self)->nr_nodes; n++) {
        if (has_node(rest, n) &&
            (n == first || numasim_distance(self->host, first, n) < distance)) {
            faults += numa_sum(self, group->faults, NUMA_MEM, n);
            taken->bits[n >> 6] |= UINT64_C(1) << (n & 63);
            rest->bits[n >> 6] &= ~(UINT64_C(1) << (n & 63));
        }
    }
    return faults;
}

static int32_t node_of_backplane(struct numasim_self *self, struct numa_group *group, int32_t node)
{
    const struct numa_state *state = numa_state(self);
    struct nodes among = {{0}};

    for (int32_t n = 0; n < state->nr_nodes; n++) {
        among.bits[n >> 6] |= (uint64_t)has_cpus(self, n) << (n & 63);
    }
    for (int32_t d = state->max_distance; d > LOCAL_DISTANCE; d--) {
        struct nodes rest = among, best = {{0}};
        int64_t most = 0;

        if (!distance_exists(self, d)) {
            continue;
        }
        for (int32_t a = 0; a < state->nr_nodes; a++) {
            struct nodes taken;

            if (!has_node(&rest, a)) {
                continue;
            }
            int64_t faults = take_neighbours(self, group, &rest, a, d, &taken);

            if (faults > most) {
                most = faults;
                best = taken;
                node = a;
            }
        }
        if (most == 0) {
            break;
        }
        among = best;
    }
    return node;
}

int32_t numa_group_node(struct numasim_self *self, struct numasim_task *task, int32_t node)
{
    switch (numa_state(self)->topology) {
    case NUMA_TOPO_MESH:
        return node_of_mesh(self, task, node);
    case NUMA_TOPO_BACKPLANE:
        return node_of_backplane(self, numa_task(self, task)->group, node);
    default:
        return node;
    }
}
