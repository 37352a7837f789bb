/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The measured parts of a topology file: caches, costs, frequencies, links. */
#include <string.h>

#include "base/error.h"
#include "format/machine/topology-private.h"

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }

struct caches {
    int64_t line_bytes, l1d_bytes, l2_bytes, llc_bytes;
    const struct yaml_node *source;
};

#define SIZE(member, k, ...) ROW(caches, member, k, INT, .unit = UNIT_BYTES, __VA_ARGS__)

const struct yaml_field topology_caches_fields[] = {
    SIZE(line_bytes, "line", .min = 8, .max = 4096, .help = "default 64B"),
    SIZE(l1d_bytes, "l1d", .help = "level 1 data cache of a core"),
    SIZE(l2_bytes, "l2", .help = "each level 2 cache"),
    SIZE(llc_bytes, "llc", .required = true, .help = "each last-level cache"),
    ROW(caches, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

/* Sizes that the CPUs' entries did not state are those of the block. */
static void fill_sizes(int64_t *sizes, int32_t nr, int64_t bytes)
{
    for (int32_t i = 0; i < nr; i++) {
        sizes[i] = sizes[i] == TOPOLOGY_NO_SIZE ? bytes : sizes[i];
    }
}

bool topology_read_caches(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct caches b = {.line_bytes = m->cache_line_bytes};

    if (!yaml_read_fields(block, topology_caches_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_CACHES, m, error)) {
        return false;
    }
    m->cache_line_bytes = b.line_bytes;
    fill_sizes(m->l1d_bytes, m->nr_cores, b.l1d_bytes);
    fill_sizes(m->l2_bytes, m->nr_l2s, b.l2_bytes);
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        fill_sizes(&m->llcs[llc].size_bytes, 1, b.llc_bytes);
    }
    return true;
}

struct costs {
    struct machine_costs costs;
    const struct yaml_node *wakeup_ipi, *migration, *source;
    bool fitted;
};

/* One second is far above any of these costs; a larger value is a slip of the unit. */
#define COST_MAX_NS INT64_C(1000000000)
#define COST(member, k, ...)                                                                       \
    ROW(costs, costs.member, k, INT, .unit = UNIT_NS, .min = 0, .max = COST_MAX_NS,                \
        .required = true, __VA_ARGS__)
/* 0, free, where it is left out. */
#define OPTIONAL(member, k, ...)                                                                   \
    ROW(costs, costs.member, k, INT, .unit = UNIT_NS, .min = 0, .max = COST_MAX_NS, __VA_ARGS__)
#define SPEED(member, k, ...)                                                                      \
    ROW(costs, costs.member, k, INT, .unit = UNIT_BYTES_PER_S, .required = true, __VA_ARGS__)

const struct yaml_field topology_costs_fields[] = {
    COST(context_switch_ns, "context-switch", .help = "from one task to another"),
    COST(wakeup_ns, "wakeup", .help = "the waker's own time"),
    ROW(costs, wakeup_ipi, "wakeup-ipi", MAP, .required = true,
        .help = "from the waker's call until the target CPU reacts"),
    COST(idle_exit_ns, "idle-exit", .help = "from joining the queue of an idle CPU to the switch"),
    OPTIONAL(resched_ns, "resched", .help = "from asking a busy CPU to pick again to the switch"),
    COST(fork_ns, "fork", .help = "the parent's own time"),
    COST(exit_ns, "exit", .help = "the task's own time"),
    COST(tick_ns, "tick", .help = "the tick's work on a busy CPU"),
    COST(balance_pass_ns, "balance-pass", .help = "one pass over one sched_domain, fixed part"),
    COST(balance_cpu_ns, "balance-cpu", .help = "and for each CPU that it looks at"),
    ROW(costs, migration, "migration", MAP, .required = true,
        .help = "the kernel's own work to move a task"),
    COST(page_fault_ns, "page-fault", .help = "first touch of a page, without zeroing"),
    SPEED(page_zero_bytes_per_s, "page-zero", .help = "zeroing of a fresh page; 0B/s: free"),
    COST(page_move_ns, "page-move", .help = "migrating a base page, fixed part"),
    SPEED(page_move_bytes_per_s, "page-move-copy", .help = "and its copy"),
    COST(hint_fault_ns, "hint-fault", .help = "one NUMA hint fault"),
    OPTIONAL(pte_scan_ns, "pte-scan", .help = "looking at a present page to protect it"),
    OPTIONAL(tlb_shootdown_ns, "tlb-shootdown", .help = "flushing other CPUs' TLBs, fixed part"),
    OPTIONAL(tlb_shootdown_cpu_ns, "tlb-shootdown-cpu", .help = "and for each of those CPUs"),
    ROW(costs, costs.smt_pace_ppm, "smt-pace", INT32, .unit = UNIT_PPM, .min = 1, .max = 1000000,
        .required = true, .help = "a thread's speed while its sibling is busy; 100%: alone"),
    ROW(costs, fitted, "fitted", BOOL, .help = "fitted to a recording, which `source` names"),
    ROW(costs, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

struct reaches {
    int64_t ns[NR_REACHES];
};

#define REACH(level, k, ...)                                                                       \
    ROW(reaches, ns[level], k, INT, .unit = UNIT_NS, .min = 0, .max = COST_MAX_NS,                 \
        .required = true, __VA_ARGS__)

const struct yaml_field topology_reach_fields[] = {
    REACH(REACH_SELF, "self", .help = "the same CPU"),
    REACH(REACH_CORE, "core", .help = "SMT siblings"),
    REACH(REACH_LLC, "llc", .help = "the same LLC"),
    REACH(REACH_NODE, "node", .help = "the same node, another LLC"),
    REACH(REACH_PACKAGE, "package", .help = "the same package, another node"),
    REACH(REACH_REMOTE, "remote", .help = "another package"),
    {.key = NULL},
};

static bool read_reaches(const struct yaml_node *block, int64_t *ret_ns, GError **error)
{
    struct reaches b = {{0}};

    if (!yaml_read_fields(block, topology_reach_fields, &b, error)) {
        return false;
    }
    memcpy(ret_ns, b.ns, sizeof(b.ns));
    return true;
}

bool topology_read_costs(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct costs b = {.costs = m->costs};

    if (!yaml_read_fields(block, topology_costs_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_COSTS, m, error) ||
        !read_reaches(b.wakeup_ipi, b.costs.wakeup_ipi_ns, error) ||
        !read_reaches(b.migration, b.costs.migration_ns, error)) {
        return false;
    }
    m->costs = b.costs;
    m->costs_fitted = b.fitted;
    return true;
}

/* No core of today does 100 times its base frequency, or a hundredth: such a number is a slip. */
enum { FREQUENCY_RANGE = 100 };

struct frequency {
    int64_t nominal_hz, idle_ns;
    const struct yaml_node *active, *source;
};

const struct yaml_field topology_frequency_fields[] = {
    ROW(frequency, nominal_hz, "nominal", INT, .unit = UNIT_HZ, .min = 1, .max = INT64_MAX,
        .required = true, .help = "the base frequency"),
    ROW(frequency, active, "active", LIST, .help = "frequency by active cores of a package"),
    ROW(frequency, idle_ns, "idle-after", INT, .unit = UNIT_NS, .min = 0, .max = COST_MAX_NS,
        .help = "a core counts as active until it has idled for so long; default 600us"),
    ROW(frequency, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

const struct yaml_field topology_frequency_step_fields[] = {
    ROW(machine_frequency, active_cores, "cores", INT32, .min = 1, .max = MACHINE_MAX_CPUS,
        .required = true, .help = "with up to this many active"),
    ROW(machine_frequency, hz, "frequency", INT, .unit = UNIT_HZ, .min = 1, .max = INT64_MAX,
        .required = true, .help = "they run at this"),
    {.key = NULL},
};

bool topology_read_frequency(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct frequency b = {.idle_ns = MACHINE_FREQUENCY_IDLE_NS};
    uint32_t nr;

    if (!yaml_read_fields(block, topology_frequency_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_FREQUENCY, m, error)) {
        return false;
    }
    m->core_hz = b.nominal_hz;
    nr = b.active != NULL ? b.active->nr_items : 0;
    m->frequencies = g_new0(struct machine_frequency, nr + 1);
    for (uint32_t i = 0; i < nr; i++) {
        struct machine_frequency *f = &m->frequencies[i];

        if (!yaml_read_fields(b.active->items[i], topology_frequency_step_fields, f, error)) {
            return false;
        }
        if (i > 0 && f->active_cores <= f[-1].active_cores) {
            return yaml_error(yaml_map_get(b.active->items[i], "cores"), error,
                              "'cores' is %d after %d; expected more with each step",
                              f->active_cores, f[-1].active_cores);
        }
        if (f->hz / FREQUENCY_RANGE > m->core_hz || m->core_hz / FREQUENCY_RANGE > f->hz) {
            return yaml_error(yaml_map_get(b.active->items[i], "frequency"), error,
                              "a step of the table is more than %d times faster or slower than "
                              "'nominal'; expected frequencies of one core",
                              FREQUENCY_RANGE);
        }
    }
    m->nr_frequencies = (int32_t)nr;
    m->frequency_idle_ns = nr > 0 ? b.idle_ns : 0;
    return true;
}

struct links {
    const struct yaml_node *list, *source;
};

const struct yaml_field topology_links_fields[] = {
    ROW(links, list, "list", LIST, .required = true, .help = "all links, one for each direction"),
    ROW(links, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

const struct yaml_field topology_link_fields[] = {
    ROW(machine_link, from, "from", INT32, .required = true, .help = "a node"),
    ROW(machine_link, to, "to", INT32, .required = true, .help = "another node"),
    ROW(machine_link, bandwidth_bytes_per_s, "bandwidth", INT, .unit = UNIT_BYTES_PER_S, .min = 1,
        .max = INT64_MAX, .required = true, .help = "in this direction"),
    ROW(machine_link, latency_ns, "latency", INT, .unit = UNIT_NS, .help = "of one hop"),
    {.key = NULL},
};

static bool read_link_end(const struct yaml_node *item, const char *key, const struct machine *m,
                          int32_t *end, GError **error)
{
    int32_t index = topology_node_index(m, *end);

    if (index < 0) {
        return yaml_error(yaml_map_get(item, key), error,
                          "'%s' is node %d; expected a node of 'memory'", key, *end);
    }
    *end = index;
    return true;
}

bool topology_read_links(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct links b = {0};

    if (!yaml_read_fields(block, topology_links_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_LINKS, m, error)) {
        return false;
    }
    m->links = g_new0(struct machine_link, b.list->nr_items + 1);
    for (uint32_t i = 0; i < b.list->nr_items; i++) {
        const struct yaml_node *item = b.list->items[i];
        struct machine_link *link = &m->links[i];

        if (!yaml_read_fields(item, topology_link_fields, link, error) ||
            !read_link_end(item, "from", m, &link->from, error) ||
            !read_link_end(item, "to", m, &link->to, error)) {
            return false;
        }
        if (link->from == link->to) {
            return yaml_error(item, error, "a link from a node to itself; expected two nodes");
        }
    }
    m->nr_links = (int32_t)b.list->nr_items;
    return true;
}
