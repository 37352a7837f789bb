/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands around the processes: cgroups, arrivals. */
#include <string.h>

#include "base/bitmap.h"
#include "base/time.h"
#include "format/workload-private.h"
#include "machine/machine.h"

enum { PART_NAME_MAX = 64, NO_NICE = 100 };

/* ------------------------------------------------------------------------------------------- */
/* cgroups                                                                                     */

struct cgroup_spec {
    const struct yaml_node *parent, *cpus, *nodes;
    int64_t weight, weight_nice, quota_ns, period_ns, burst_ns;
    const struct yaml_node *memory_max, *memory_high;
    int64_t memory_low, memory_min, reservation;
    int partition;
    bool idle;
};

static const char *const partition_words[] = {"member", "root", "isolated", NULL};

#define MEMORY_KEY(name, member, text)                                                             \
    {                                                                                              \
        .key = name, .type = YAML_TYPE_INT, .offset = offsetof(struct cgroup_spec, member),        \
        .unit = UNIT_BYTES, .max = INT64_C(1) << 50, .help = text                                  \
    }

/* Bounds: Documentation/admin-guide/cgroup-v2.rst, cpu.weight; kernel/sched/core.c,
 * min_cfs_quota_period and max_cfs_quota_period. */
static const struct yaml_field cgroup_fields[] = {
    {.key = "parent",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct cgroup_spec, parent),
     .help = "a cgroup that stands before this one"},
    {.key = "weight",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct cgroup_spec, weight),
     .min = 1,
     .max = 10000,
     .help = "cpu.weight"},
    {.key = "weight.nice",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct cgroup_spec, weight_nice),
     .min = -20,
     .max = 19,
     .help = "cpu.weight.nice: the weight of a task of that nice value, instead"},
    {.key = "quota",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct cgroup_spec, quota_ns),
     .unit = UNIT_NS,
     .min = NSEC_PER_MSEC,
     .max = INT64_MAX / 2,
     .help = "cpu.max: CPU time in each period"},
    {.key = "period",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct cgroup_spec, period_ns),
     .unit = UNIT_NS,
     .min = NSEC_PER_MSEC,
     .max = NSEC_PER_SEC,
     .help = "cpu.max: the period"},
    {.key = "burst",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct cgroup_spec, burst_ns),
     .unit = UNIT_NS,
     .max = INT64_MAX / 2,
     .help = "cpu.max.burst: what may be saved up, at most the quota"},
    {.key = "idle",
     .type = YAML_TYPE_BOOL,
     .offset = offsetof(struct cgroup_spec, idle),
     .help = "cpu.idle: what is left by others, instead of a weight"},
    {.key = "cpus",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct cgroup_spec, cpus),
     .help = "cpuset.cpus"},
    {.key = "nodes",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct cgroup_spec, nodes),
     .help = "cpuset.mems"},
    {.key = "memory.max",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct cgroup_spec, memory_max),
     .help = "the most it may be charged, or 'max'; reclaim, then the OOM killer keep it there"},
    {.key = "memory.high",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct cgroup_spec, memory_high),
     .help = "above it who allocates is reclaimed from and sleeps; or 'max'"},
    MEMORY_KEY("memory.low", memory_low, "reclaimed only if nothing else is left"),
    MEMORY_KEY("mem_reservation", reservation, "memory.low, as container engines call it"),
    MEMORY_KEY("memory.min", memory_min, "never reclaimed"),
    {.key = "partition",
     .type = YAML_TYPE_CHOICE,
     .offset = offsetof(struct cgroup_spec, partition),
     .names = partition_words,
     .help = "cpuset.cpus.partition"},
    {.key = NULL},
};

/* The CPUs of @c, whose list is well-formed, as a new bitmap of MACHINE_MAX_CPUS. */
static uint64_t *cgroup_cpus(const struct workload_cgroup *c)
{
    uint64_t *map = bitmap_new(MACHINE_MAX_CPUS);

    /* What lies beyond is refused where the list meets the machine. */
    (void)bitmap_parse_list(c->cpus, map, MACHINE_MAX_CPUS, NULL);
    return map;
}

/*
 * What cgroup v2 asks of a partition root (kernel/cgroup/cpuset.c: update_prstate()): CPUs, a
 * parent that is one as well, and CPUs of that parent only.
 */
static bool check_partition(const struct workload_reader *r, const struct yaml_node *node,
                            const struct cgroup_spec *spec, const struct workload_cgroup *c,
                            GError **error)
{
    const struct workload_cgroup *parent = c->parent >= 0 ? &r->w->cgroups[c->parent] : NULL;
    g_autofree uint64_t *own = NULL, *outer = NULL;

    if (c->partition == PARTITION_MEMBER) {
        return true;
    }
    own = c->cpus != NULL ? cgroup_cpus(c) : NULL;
    if (own == NULL || bitmap_empty(own, MACHINE_MAX_CPUS)) {
        return yaml_error(node, error,
                          "the partition '%s' has no CPUs; expected 'cpus' with one at least",
                          c->name);
    }
    if (parent == NULL) {
        return true;
    }
    if (parent->partition == PARTITION_MEMBER) {
        return yaml_error(spec->parent, error,
                          "'%s' is no partition; expected a partition above the partition '%s', "
                          "or the root",
                          parent->name, c->name);
    }
    outer = cgroup_cpus(parent);
    if (!bitmap_subset(own, outer, MACHINE_MAX_CPUS)) {
        return yaml_error(spec->cpus, error,
                          "the partition '%s' has CPUs that its parent lacks; expected some of %s",
                          c->name, parent->cpus);
    }
    return true;
}

/* A partition's CPUs are exclusive: no sibling has any of them. */
static bool check_exclusive(const struct workload *w, const struct yaml_node *map, GError **error)
{
    for (int32_t i = 0; i < w->nr_cgroups; i++) {
        for (int32_t j = 0; j < i; j++) {
            const struct workload_cgroup *a = &w->cgroups[j], *b = &w->cgroups[i];
            g_autofree uint64_t *one = NULL, *two = NULL;

            if (a->parent != b->parent || a->cpus == NULL || b->cpus == NULL ||
                (a->partition == PARTITION_MEMBER && b->partition == PARTITION_MEMBER)) {
                continue;
            }
            one = cgroup_cpus(a);
            two = cgroup_cpus(b);
            if (bitmap_intersects(one, two, MACHINE_MAX_CPUS)) {
                return yaml_error(map->items[i], error,
                                  "'%s' and '%s' share CPUs, and one of them is a partition; "
                                  "expected CPUs that no sibling has",
                                  a->name, b->name);
            }
        }
    }
    return true;
}

/* A limit in bytes, or `max`: none. */
static bool read_limit(const struct yaml_node *node, int64_t *ret_bytes, GError **error)
{
    if (node == NULL || (node->text != NULL && strcmp(node->text, "max") == 0)) {
        *ret_bytes = INT64_MAX;
        return true;
    }
    return yaml_quantity(node, UNIT_BYTES, 0, INT64_C(1) << 50, ret_bytes, error);
}

static bool read_memory(const struct yaml_node *node, const struct cgroup_spec *spec,
                        struct workload_cgroup *c, GError **error)
{
    if (spec->memory_low >= 0 && spec->reservation >= 0) {
        return yaml_error(node->key, error,
                          "'%s' has both 'memory.low' and 'mem_reservation', which are one; "
                          "expected one of them",
                          c->name);
    }
    c->memory_low_bytes = MAX(MAX(spec->memory_low, spec->reservation), 0);
    c->memory_min_bytes = MAX(spec->memory_min, 0);
    c->has_memory = spec->memory_max != NULL || spec->memory_high != NULL ||
                    spec->memory_low >= 0 || spec->reservation >= 0 || spec->memory_min >= 0;
    return read_limit(spec->memory_max, &c->memory_max_bytes, error) &&
           read_limit(spec->memory_high, &c->memory_high_bytes, error);
}

static bool read_cgroup(const struct workload_reader *r, const struct yaml_node *node,
                        int32_t index, struct workload_cgroup *c, GError **error)
{
    struct cgroup_spec spec = {.weight_nice = NO_NICE,
                               .period_ns = 100 * NSEC_PER_MSEC,
                               .memory_low = -1,
                               .memory_min = -1,
                               .reservation = -1};

    c->mark = workload_mark(node->key);
    c->parent = -1;
    if (!workload_check_name(node, "cgroup", PART_NAME_MAX, error) ||
        !yaml_read_fields(node, cgroup_fields, &spec, error)) {
        return false;
    }
    c->name = g_strdup(node->key->text);
    c->weight = spec.weight > 0 ? spec.weight : 100;
    c->has_nice = spec.weight_nice != NO_NICE;
    c->nice = c->has_nice ? (int32_t)spec.weight_nice : 0;
    if (c->has_nice && spec.weight > 0) {
        return yaml_error(node->key, error,
                          "'%s' has both 'weight' and 'weight.nice'; expected one of them",
                          c->name);
    }
    c->quota_ns = spec.quota_ns;
    c->period_ns = spec.period_ns;
    c->burst_ns = spec.burst_ns;
    c->idle = spec.idle;
    if (c->burst_ns > c->quota_ns) {
        return yaml_error(node->key, error,
                          "the burst of '%s' is larger than its quota; expected at most that",
                          c->name);
    }
    if (spec.parent != NULL &&
        !workload_lookup(spec.parent, "cgroup", r->cgroups, &c->parent, error)) {
        return false;
    }
    if (c->parent >= index) {
        c->parent = -1;
        return yaml_error(spec.parent, error,
                          "'%s' stands after its child; expected the parent before it",
                          spec.parent->text);
    }
    c->partition = (enum cgroup_partition)spec.partition;
    return (spec.cpus == NULL || workload_cpulist(spec.cpus, &c->cpus, error)) &&
           (spec.nodes == NULL || workload_cpulist(spec.nodes, &c->nodes, error)) &&
           read_memory(node, &spec, c, error) && check_partition(r, node, &spec, c, error);
}

bool workload_read_cgroups(struct workload_reader *r, const struct yaml_node *map, GError **error)
{
    r->w->cgroups = g_new0(struct workload_cgroup, map->nr_items + 1);
    r->w->nr_cgroups = (int32_t)map->nr_items;
    for (int32_t i = 0; i < r->w->nr_cgroups; i++) {
        if (!read_cgroup(r, map->items[i], i, &r->w->cgroups[i], error)) {
            return false;
        }
    }
    return check_exclusive(r->w, map, error);
}

/* ------------------------------------------------------------------------------------------- */
/* Arrivals                                                                                    */

struct arrival_spec {
    const struct yaml_node *poisson, *fixed, *burst;
    int64_t size, start_ns, stop_ns, limit;
};

#define ARRIVAL_TIME(member, word)                                                                 \
    {                                                                                              \
        .key = word, .type = YAML_TYPE_INT, .offset = offsetof(struct arrival_spec, member),       \
        .unit = UNIT_NS                                                                            \
    }

static const struct yaml_field arrival_fields[] = {
    {.key = "poisson", .type = YAML_TYPE_NODE, .offset = offsetof(struct arrival_spec, poisson)},
    {.key = "fixed", .type = YAML_TYPE_NODE, .offset = offsetof(struct arrival_spec, fixed)},
    {.key = "burst", .type = YAML_TYPE_NODE, .offset = offsetof(struct arrival_spec, burst)},
    {.key = "size",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct arrival_spec, size),
     .min = 1,
     .max = 1000000},
    ARRIVAL_TIME(start_ns, "start"),
    ARRIVAL_TIME(stop_ns, "stop"),
    {.key = "limit",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct arrival_spec, limit),
     .min = 1,
     .max = INT64_MAX},
    {.key = NULL},
};

/* A rate (`500/s`) or the time from one arrival to the next (`2ms`). */
static bool read_interval(const struct yaml_node *node, int64_t *ret_ns, GError **error)
{
    int64_t milli_per_s = 0;

    if (node->kind != YAML_KIND_SCALAR || strchr(node->text, '/') == NULL) {
        return yaml_quantity(node, UNIT_NS, 1, INT64_MAX, ret_ns, error);
    }
    if (!yaml_quantity(node, UNIT_PER_S, 1, 1000 * NSEC_PER_SEC, &milli_per_s, error)) {
        return false;
    }
    *ret_ns = (1000 * NSEC_PER_SEC + milli_per_s / 2) / milli_per_s;
    return true;
}

static bool read_arrival(const struct yaml_node *node, struct workload_arrival *a, GError **error)
{
    struct arrival_spec spec = {.size = 0};
    const struct yaml_node *rate;

    a->mark = workload_mark(node->key);
    if (!workload_check_name(node, "arrival", PART_NAME_MAX, error) ||
        !yaml_read_fields(node, arrival_fields, &spec, error)) {
        return false;
    }
    if ((spec.poisson != NULL) + (spec.fixed != NULL) + (spec.burst != NULL) != 1) {
        return yaml_error(node, error,
                          "'%s' arrives in no one way; expected one of 'poisson', 'fixed' and "
                          "'burst', as in {poisson: 500/s}",
                          node->key->text);
    }
    if ((spec.burst != NULL) != (spec.size > 0)) {
        return yaml_error(node, error, "%s; expected {burst: 10ms, size: 32}",
                          spec.burst != NULL ? "a 'burst' without 'size'"
                                             : "'size' without a 'burst'");
    }
    a->name = g_strdup(node->key->text);
    a->kind = spec.poisson != NULL ? ARRIVAL_POISSON
              : spec.fixed != NULL ? ARRIVAL_FIXED
                                   : ARRIVAL_BURST;
    rate = spec.poisson != NULL ? spec.poisson : spec.fixed != NULL ? spec.fixed : spec.burst;
    a->burst = spec.burst != NULL ? (int32_t)spec.size : 1;
    a->start_ns = spec.start_ns;
    a->stop_ns = spec.stop_ns;
    a->limit = spec.limit;
    return read_interval(rate, &a->interval_ns, error);
}

bool workload_read_arrivals(struct workload_reader *r, const struct yaml_node *map, GError **error)
{
    r->w->arrivals = g_new0(struct workload_arrival, map->nr_items + 1);
    r->w->nr_arrivals = (int32_t)map->nr_items;
    for (int32_t i = 0; i < r->w->nr_arrivals; i++) {
        if (!read_arrival(map->items[i], &r->w->arrivals[i], error)) {
            return false;
        }
    }
    return true;
}
