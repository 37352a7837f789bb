/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timed administrative steps: what somebody with a shell does to a run. */
#include <string.h>

#include "base/time.h"
#include "format/workload-private.h"

struct admin_spec {
    int64_t at_ns, weight, period_ns, burst_ns;
    const struct yaml_node *cgroup, *process, *cpus, *quota, *nodes, *from, *to;
    int32_t cpu;
    bool migrate;
};

#define ADMIN_NODE(member)                                                                         \
    {                                                                                              \
        .key = #member, .type = YAML_TYPE_NODE, .offset = offsetof(struct admin_spec, member),     \
        .required = true                                                                           \
    }

static const struct yaml_field cpuset_fields[] = {
    ADMIN_NODE(cgroup), ADMIN_NODE(cpus), {.key = NULL}};
static const struct yaml_field affinity_fields[] = {
    ADMIN_NODE(process), ADMIN_NODE(cpus), {.key = NULL}};
static const struct yaml_field weight_fields[] = {ADMIN_NODE(cgroup),
                                                  {.key = "weight",
                                                   .type = YAML_TYPE_INT,
                                                   .offset = offsetof(struct admin_spec, weight),
                                                   .min = 1,
                                                   .max = 10000,
                                                   .required = true},
                                                  {.key = NULL}};

/* Bounds as those of a cgroup's own keys. */
static const struct yaml_field quota_fields[] = {ADMIN_NODE(cgroup),
                                                 ADMIN_NODE(quota),
                                                 {.key = "period",
                                                  .type = YAML_TYPE_INT,
                                                  .offset = offsetof(struct admin_spec, period_ns),
                                                  .unit = UNIT_NS,
                                                  .min = NSEC_PER_MSEC,
                                                  .max = NSEC_PER_SEC},
                                                 {.key = "burst",
                                                  .type = YAML_TYPE_INT,
                                                  .offset = offsetof(struct admin_spec, burst_ns),
                                                  .unit = UNIT_NS,
                                                  .max = INT64_MAX / 2},
                                                 {.key = NULL}};

#define ADMIN_MIGRATE                                                                              \
    {                                                                                              \
        .key = "migrate", .type = YAML_TYPE_BOOL, .offset = offsetof(struct admin_spec, migrate)   \
    }

static const struct yaml_field mems_fields[] = {
    ADMIN_NODE(cgroup), ADMIN_NODE(nodes), ADMIN_MIGRATE, {.key = NULL}};
static const struct yaml_field move_fields[] = {
    ADMIN_NODE(process), ADMIN_NODE(cgroup), ADMIN_MIGRATE, {.key = NULL}};
static const struct yaml_field migratepages_fields[] = {
    ADMIN_NODE(process), ADMIN_NODE(from), ADMIN_NODE(to), {.key = NULL}};

/* The steps of this version, in the order of enum admin_kind, then those of later ones. */
static const char *const admin_words[] = {"offline", "online", "cpuset", "weight",       "affinity",
                                          "quota",   "mems",   "move",   "migratepages", NULL};
static const char *const later_words[] = {"sysctl",         "mempolicy", "kill",     "frequency",
                                          "memory-offline", "governor",  "isolcpus", NULL};

/* cpu.max is written; what the step does not say stays as the cgroup was made. */
static bool read_quota(const struct workload_reader *r, const struct admin_spec *spec,
                       struct workload_admin *a, GError **error)
{
    const struct workload_cgroup *c = &r->w->cgroups[a->cgroup];
    bool none = spec->quota->text != NULL && strcmp(spec->quota->text, "max") == 0;

    a->value = 0;
    if (!none &&
        !yaml_quantity(spec->quota, UNIT_NS, NSEC_PER_MSEC, INT64_MAX / 2, &a->value, error)) {
        return false;
    }
    a->period_ns = spec->period_ns > 0 ? spec->period_ns : c->period_ns;
    a->burst_ns = spec->burst_ns >= 0 ? spec->burst_ns : c->burst_ns;
    if (none) {
        a->burst_ns = 0;
    }
    return a->burst_ns <= a->value ||
           yaml_error(spec->quota, error,
                      "the burst of '%s' is larger than this quota; expected at most that",
                      c->name);
}

static bool is_root(const struct yaml_node *cgroup)
{
    return cgroup->text != NULL && strcmp(cgroup->text, "/") == 0;
}

static bool read_admin_value(const struct workload_reader *r, const struct yaml_node *arg,
                             struct workload_admin *a, GError **error)
{
    static const struct yaml_field *const tables[] = {[ADMIN_CPUSET] = cpuset_fields,
                                                      [ADMIN_WEIGHT] = weight_fields,
                                                      [ADMIN_AFFINITY] = affinity_fields,
                                                      [ADMIN_QUOTA] = quota_fields,
                                                      [ADMIN_MEMS] = mems_fields,
                                                      [ADMIN_MOVE] = move_fields,
                                                      [ADMIN_MIGRATEPAGES] = migratepages_fields};
    struct admin_spec spec = {.cpu = -1, .burst_ns = -1, .migrate = true};
    int64_t cpu = 0;

    if (a->kind == ADMIN_CPU_OFFLINE || a->kind == ADMIN_CPU_ONLINE) {
        if (!yaml_int(arg, 0, INT32_MAX, &cpu, error)) {
            return false;
        }
        a->cpu = (int32_t)cpu;
        return true;
    }
    if (!yaml_read_fields(arg, tables[a->kind], &spec, error)) {
        return false;
    }
    a->value = spec.weight;
    a->migrate = spec.migrate;
    if (spec.cgroup != NULL && !(a->kind == ADMIN_MOVE && is_root(spec.cgroup)) &&
        !workload_lookup(spec.cgroup, "cgroup", r->cgroups, &a->cgroup, error)) {
        return false;
    }
    if (a->kind == ADMIN_QUOTA && !read_quota(r, &spec, a, error)) {
        return false;
    }
    if (a->kind == ADMIN_CPUSET && spec.cgroup != NULL &&
        r->w->cgroups[a->cgroup].partition != PARTITION_MEMBER) {
        return yaml_error(spec.cgroup, error,
                          "'%s' is a partition, whose CPUs stay; expected a member",
                          spec.cgroup->text);
    }
    return (spec.process == NULL ||
            workload_lookup(spec.process, "process", r->processes, &a->process, error)) &&
           (spec.cpus == NULL || workload_cpulist(spec.cpus, &a->cpus, error)) &&
           (spec.nodes == NULL || workload_cpulist(spec.nodes, &a->nodes, error)) &&
           (spec.from == NULL || workload_cpulist(spec.from, &a->nodes, error)) &&
           (spec.to == NULL || workload_cpulist(spec.to, &a->to_nodes, error));
}

/* The pair of the mapping that is not `at`, or NULL with @error. */
static const struct yaml_node *admin_step(const struct yaml_node *node, GError **error)
{
    const struct yaml_node *found = NULL;

    for (uint32_t i = 0; i < node->nr_items; i++) {
        if (strcmp(node->items[i]->key->text, "at") == 0) {
            continue;
        }
        if (found != NULL) {
            yaml_error(node->items[i]->key, error,
                       "'%s' beside '%s'; expected one step to an item of 'admin'",
                       node->items[i]->key->text, found->key->text);
            return NULL;
        }
        found = node->items[i];
    }
    if (found == NULL) {
        yaml_error(node, error, "no step; expected one such as {at: 2s, offline: 3}");
    }
    return found;
}

static bool read_admin(const struct workload_reader *r, const struct yaml_node *node,
                       struct workload_admin *a, GError **error)
{
    const struct yaml_node *at, *arg;
    int kind = 0;

    a->mark = workload_mark(node);
    a->cpu = a->cgroup = a->process = -1;
    if (!yaml_check_kind(node, YAML_KIND_MAPPING, "an item of 'admin'", error)) {
        return false;
    }
    at = yaml_map_need(node, "at", error);
    if (at == NULL || !yaml_quantity(at, UNIT_NS, 0, INT64_MAX, &a->at_ns, error)) {
        return false;
    }
    arg = admin_step(node, error);
    if (arg == NULL) {
        return false;
    }
    for (size_t i = 0; later_words[i] != NULL; i++) {
        if (strcmp(later_words[i], arg->key->text) == 0) {
            return yaml_error(arg->key, error,
                              "'%s' is not carried out by this version; expected one of offline, "
                              "online, cpuset, weight, affinity, quota, mems, move, migratepages",
                              arg->key->text);
        }
    }
    for (; admin_words[kind] != NULL && strcmp(admin_words[kind], arg->key->text) != 0; kind++) {
    }
    if (admin_words[kind] == NULL) {
        return yaml_error_unknown(arg->key, "administrative step", admin_words, error);
    }
    a->kind = (enum admin_kind)kind;
    return read_admin_value(r, arg, a, error);
}

bool workload_read_admin(struct workload_reader *r, const struct yaml_node *list, GError **error)
{
    r->w->admin = g_new0(struct workload_admin, list->nr_items + 1);
    r->w->nr_admin = (int32_t)list->nr_items;
    for (int32_t i = 0; i < r->w->nr_admin; i++) {
        if (!read_admin(r, list->items[i], &r->w->admin[i], error)) {
            return false;
        }
    }
    return true;
}
