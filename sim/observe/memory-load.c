/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bandwidth, use and latency of nodes' controllers and of the links between them. */
#include "observe/metrics-private.h"

void load_init(struct metrics *m)
{
    int32_t nr;

    m->resources = resources_new(m->config.machine);
    resources_table(m->resources, &nr);
    m->loads = g_new0(struct mload, (gsize)nr);
}

void load_release(struct metrics *m)
{
    resources_free(m->resources);
    g_free(m->loads);
}

static void advance(struct mload *l, int64_t now_ns)
{
    l->wait_ps_ns += (uint128)(uint64_t)l->wait_ps * (uint64_t)(now_ns - l->since_ns);
    l->since_ns = now_ns;
}

void load_event(struct metrics *m, const struct tp_event *e)
{
    struct mload *l = &m->loads[e->task];

    advance(l, e->time_ns);
    l->wait_ps = e->b;
}

void load_reset(struct metrics *m)
{
    int32_t nr;

    resources_table(m->resources, &nr);
    for (int32_t i = 0; i < nr; i++) {
        m->loads[i].wait_ps_ns = 0;
        m->loads[i].since_ns = m->reset_ns;
    }
}

/* What goes over one resource, in lines of the whole window. */
struct use {
    uint64_t loads, reads, writes; /* loads: weighted, as its capacity counts */
};

/* Sums what the accesses of each pair of nodes mean to each resource. */
static struct use *sum_uses(const struct metrics *m, int32_t nr_resources)
{
    struct use *uses = g_new0(struct use, (gsize)nr_resources);
    g_autofree struct contend_use *on = g_new(struct contend_use, (gsize)nr_resources);

    for (int32_t pair = 0; pair < m->nr_nodes * m->nr_nodes; pair++) {
        int32_t cpu = pair / m->nr_nodes, node = pair % m->nr_nodes, nr = 0;
        struct use *own = &uses[resources_node(m->resources, node)];

        resources_add_uses(m->resources, -1, cpu, node, m->accesses[pair], 0, m->writes[pair], on,
                           &nr);
        for (int32_t i = 0; i < nr; i++) {
            uses[on[i].resource].loads += on[i].load_milli;
        }
        own->reads += m->accesses[pair];
        own->writes += m->writes[pair];
    }
    return uses;
}

static int64_t bytes_per_s(const struct metrics *m, uint64_t lines, int64_t window_ns)
{
    uint128 bytes = (uint128)lines * (uint64_t)m->config.machine->cache_line_bytes;

    return (int64_t)(bytes * (uint64_t)NSEC_PER_SEC / (uint64_t)window_ns);
}

static void add(struct result *r, const char *stem, const char *what, enum result_unit unit,
                int64_t value)
{
    g_autofree char *name = g_strdup_printf("bandwidth.%s.%s", stem, what);

    result_add(r, name, unit, value);
}

static void report_one(struct metrics *m, int32_t resource, const struct use *u, int64_t window_ns,
                       struct result *r)
{
    const struct machine_node *nodes = m->config.machine->nodes;
    int32_t nr, from, to;
    const struct contend_resource *spec = &resources_table(m->resources, &nr)[resource];
    struct mload *l = &m->loads[resource];
    g_autofree char *stem = NULL;

    if (!resources_is_way(m->resources, resource, &from, &to) ||
        u->reads + u->writes + u->loads == 0) {
        return;
    }
    if (from < 0) {
        stem = g_strdup_printf("node%d", nodes[to].os_id);
        add(r, stem, "read_bytes_per_s", RESULT_BYTES_PER_S, bytes_per_s(m, u->reads, window_ns));
        add(r, stem, "write_bytes_per_s", RESULT_BYTES_PER_S, bytes_per_s(m, u->writes, window_ns));
    } else {
        stem = g_strdup_printf("link%d-%d", nodes[from].os_id, nodes[to].os_id);
        add(r, stem, "bytes_per_s", RESULT_BYTES_PER_S, bytes_per_s(m, u->loads, window_ns));
    }
    if (spec->capacity_milli > 0) {
        uint128 full = (uint128)spec->capacity_milli * (uint64_t)window_ns;

        add(r, stem, "utilisation", RESULT_RATIO,
            (int64_t)((uint128)u->loads * 1000 * (uint64_t)NSEC_PER_SEC * 1000000 / full));
    }
    add(r, stem, "latency_ns", RESULT_NS,
        spec->idle_ns + (int64_t)(l->wait_ps_ns / 1000 / (uint64_t)window_ns));
}

void load_report(struct metrics *m, int64_t now_ns, struct result *r)
{
    int64_t window_ns = now_ns - m->reset_ns;
    int32_t nr;

    resources_table(m->resources, &nr);
    g_autofree struct use *uses = sum_uses(m, nr);

    for (int32_t i = 0; window_ns > 0 && i < nr; i++) {
        advance(&m->loads[i], now_ns);
        report_one(m, i, &uses[i], window_ns, r);
    }
}
