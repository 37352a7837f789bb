/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: their regions, their groups of threads, and what each group does. */
#include <string.h>

#include "base/time.h"
#include "format/workload-private.h"

enum { COMM_MAX = 15 /* TASK_COMM_LEN - 1 */, PROCESS_NAME_MAX = 64 };

/* ------------------------------------------------------------------------------------------- */
/* Thread groups                                                                               */

struct group_spec {
    int64_t count, nice, priority, slice_ns;
    int sched;
    const struct yaml_node *cpus, *nodes, *program, *policy, *numactl;
    bool spread;
    struct dist start;
};

static const char *const sched_words[] = {"other", "batch", "idle", "fifo", "rr", NULL};

/* Bounds of the slice: kernel/sched/syscalls.c, __setscheduler_params(), 6.12. */
static const struct yaml_field group_fields[] = {
    {.key = "count",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct group_spec, count),
     .max = WORKLOAD_MAX_COUNT},
    {.key = "nice",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct group_spec, nice),
     .min = -20,
     .max = 19},
    {.key = "sched",
     .type = YAML_TYPE_CHOICE,
     .offset = offsetof(struct group_spec, sched),
     .names = sched_words},
    {.key = "priority",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct group_spec, priority),
     .min = 1,
     .max = 99},
    {.key = "slice",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct group_spec, slice_ns),
     .unit = UNIT_NS,
     .min = NSEC_PER_MSEC / 10,
     .max = 100 * NSEC_PER_MSEC},
    {.key = "cpus", .type = YAML_TYPE_NODE, .offset = offsetof(struct group_spec, cpus)},
    {.key = "nodes", .type = YAML_TYPE_NODE, .offset = offsetof(struct group_spec, nodes)},
    {.key = "spread", .type = YAML_TYPE_BOOL, .offset = offsetof(struct group_spec, spread)},
    {.key = "policy", .type = YAML_TYPE_NODE, .offset = offsetof(struct group_spec, policy)},
    {.key = "numactl", .type = YAML_TYPE_NODE, .offset = offsetof(struct group_spec, numactl)},
    {.key = "start",
     .type = YAML_TYPE_DIST,
     .offset = offsetof(struct group_spec, start),
     .unit = UNIT_NS},
    {.key = "program",
     .type = YAML_TYPE_LIST,
     .offset = offsetof(struct group_spec, program),
     .required = true},
    {.key = NULL},
};

static bool mentions_thread(const struct yaml_node *node)
{
    if (node->kind == YAML_KIND_SCALAR) {
        return node->text != NULL && g_str_has_suffix(node->text, ".thread");
    }
    for (uint32_t i = 0; i < node->nr_items; i++) {
        if (mentions_thread(node->items[i])) {
            return true;
        }
    }
    return false;
}

/* How many groups of the workload one of the file becomes: one to a thread, where its program
 * speaks of `.thread`. */
static bool count_split(const struct yaml_node *node, int32_t *ret_nr, GError **error)
{
    const struct yaml_node *program = yaml_map_get(node, "program");
    const struct yaml_node *count = yaml_map_get(node, "count");
    int64_t nr = 1;

    *ret_nr = 1;
    if (program == NULL || !mentions_thread(program)) {
        return true;
    }
    if (count != NULL && !yaml_int(count, 0, WORKLOAD_MAX_ARRAY, &nr, error)) {
        return false;
    }
    *ret_nr = nr == 0 ? 1 : (int32_t)nr;
    return true;
}

static bool check_class(const struct yaml_node *node, const struct group_spec *spec, GError **error)
{
    bool realtime = spec->sched == SCHED_KIND_FIFO || spec->sched == SCHED_KIND_RR;

    if (realtime != (spec->priority > 0)) {
        return yaml_error(node, error, "'%s' has %s; expected both or neither", node->key->text,
                          realtime ? "a real-time class and no 'priority'"
                                   : "a 'priority' and no real-time class");
    }
    if (spec->spread && spec->cpus == NULL) {
        return yaml_error(node, error, "'spread' without 'cpus'; expected the CPUs to spread over");
    }
    return true;
}

/* numactl would undo the affinity that the group has. */
static bool check_binding(const struct group_spec *spec, const struct workload_mempolicy *p,
                          GError **error)
{
    const struct yaml_node *own = spec->cpus != NULL ? spec->cpus : spec->nodes;

    if (own != NULL && (p->cpus != NULL || p->cpu_nodes != NULL)) {
        return yaml_error(own, error, "'%s' beside a binding by numactl; expected one of them",
                          own->key->text);
    }
    return true;
}

/* Fills @g; on failure what it owns is released with the workload. */
static bool fill_group(struct workload_reader *r, const struct yaml_node *node,
                       struct group_spec *spec, struct thread_group *g, GError **error)
{
    g->name = g_strdup(node->key->text);
    g->mark = workload_mark(node->key);
    g->count = r->thread >= 0 ? 1 : (int32_t)spec->count;
    g->nice = (int32_t)spec->nice;
    g->sched = (enum sched_kind)spec->sched;
    g->rt_priority = (int32_t)spec->priority;
    g->custom_slice_ns = spec->slice_ns;
    g->spread = spec->spread;
    g->start = spec->start;
    spec->start = (struct dist){.kind = DIST_FIXED};
    return workload_read_mempolicy(spec->policy, spec->numactl, false, &g->policy, error) &&
           check_binding(spec, &g->policy, error) &&
           (spec->cpus == NULL || workload_cpulist(spec->cpus, &g->cpus, error)) &&
           (spec->nodes == NULL || workload_cpulist(spec->nodes, &g->nodes, error)) &&
           workload_read_steps(r, spec->program, &g->steps, &g->nr_steps, error);
}

/* The group at @node as @nr groups from @g on. */
static bool read_group(struct workload_reader *r, const struct yaml_node *node, int32_t nr,
                       struct thread_group *g, GError **error)
{
    bool split = nr > 1 || mentions_thread(node);
    bool ok = true;

    for (int32_t i = 0; ok && i < nr; i++) {
        struct group_spec spec = {.count = 1};

        ok = yaml_read_fields(node, group_fields, &spec, error) && check_class(node, &spec, error);
        if (ok && split && spec.spread) {
            ok = yaml_error(yaml_map_get(node, "spread"), error,
                            "'spread' in a group that speaks of '.thread'; expected one of them");
        }
        if (ok) {
            r->thread = split && spec.count > 0 ? i : -1;
            ok = fill_group(r, node, &spec, &g[i], error);
            r->thread = -1;
        }
        dist_release(&spec.start);
    }
    return ok;
}

static bool read_groups(struct workload_reader *r, struct workload_process *p,
                        const struct yaml_node *map, GError **error)
{
    int32_t total = 0, nr = 0;

    r->group_first = g_new0(int32_t, map->nr_items + 1);
    for (uint32_t i = 0; i < map->nr_items; i++) {
        if (!workload_check_name(map->items[i], "thread group", COMM_MAX, error) ||
            !count_split(map->items[i], &nr, error)) {
            return false;
        }
        total += nr;
        r->group_first[i + 1] = total;
        if (total > WORKLOAD_MAX_GROUPS) {
            return yaml_error(map->items[i]->key, error,
                              "too many thread groups; expected at most %d to a process",
                              WORKLOAD_MAX_GROUPS);
        }
    }
    p->groups = g_new0(struct thread_group, (gsize)total + 1);
    p->nr_groups = total;
    for (uint32_t i = 0; i < map->nr_items; i++) {
        int32_t first = r->group_first[i];

        if (!read_group(r, map->items[i], r->group_first[i + 1] - first, &p->groups[first],
                        error)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Processes                                                                                   */

struct process_spec {
    int64_t count, oom_score_adj;
    const struct yaml_node *cgroup, *session, *regions, *threads, *policy, *numactl;
};

static const struct yaml_field process_fields[] = {
    {.key = "count",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct process_spec, count),
     .min = 1,
     .max = WORKLOAD_MAX_COUNT},
    {.key = "cgroup", .type = YAML_TYPE_NODE, .offset = offsetof(struct process_spec, cgroup)},
    {.key = "oom_score_adj",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct process_spec, oom_score_adj),
     .min = -1000,
     .max = 1000,
     .help = "in thousandths of the memory there is; -1000: never killed"},
    {.key = "session", .type = YAML_TYPE_NODE, .offset = offsetof(struct process_spec, session)},
    {.key = "policy", .type = YAML_TYPE_NODE, .offset = offsetof(struct process_spec, policy)},
    {.key = "numactl", .type = YAML_TYPE_NODE, .offset = offsetof(struct process_spec, numactl)},
    {.key = "regions", .type = YAML_TYPE_MAP, .offset = offsetof(struct process_spec, regions)},
    {.key = "threads",
     .type = YAML_TYPE_MAP,
     .offset = offsetof(struct process_spec, threads),
     .required = true},
    {.key = NULL},
};

static bool read_process(struct workload_reader *r, const struct yaml_node *node,
                         struct workload_process *p, GError **error)
{
    struct process_spec spec = {.count = 1};

    p->mark = workload_mark(node->key);
    p->cgroup = -1;
    if (!workload_check_name(node, "process", PROCESS_NAME_MAX, error) ||
        !yaml_read_fields(node, process_fields, &spec, error)) {
        return false;
    }
    p->name = g_strdup(node->key->text);
    p->count = (int32_t)spec.count;
    p->oom_score_adj = (int32_t)spec.oom_score_adj;
    if (spec.cgroup != NULL &&
        !workload_lookup(spec.cgroup, "cgroup", r->cgroups, &p->cgroup, error)) {
        return false;
    }
    if (spec.session != NULL) {
        const char *session;

        if (!yaml_string(spec.session, &session, error)) {
            return false;
        }
        p->session = g_strdup(session);
    }
    if (!workload_read_mempolicy(spec.policy, spec.numactl, false, &p->policy, error)) {
        return false;
    }
    if (spec.regions != NULL &&
        !workload_read_regions(spec.regions, &p->regions, &p->nr_regions, error)) {
        return false;
    }
    r->process = p;
    r->groups = workload_keys(spec.threads);
    r->regions = workload_keys(spec.regions);
    return read_groups(r, p, spec.threads, error);
}

bool workload_read_processes(struct workload_reader *r, const struct yaml_node *map, GError **error)
{
    bool ok = true;

    r->w->processes = g_new0(struct workload_process, map->nr_items + 1);
    r->w->nr_processes = (int32_t)map->nr_items;
    for (int32_t i = 0; ok && i < r->w->nr_processes; i++) {
        ok = read_process(r, map->items[i], &r->w->processes[i], error);
        g_clear_pointer(&r->groups, g_free);
        g_clear_pointer(&r->regions, g_free);
        g_clear_pointer(&r->group_first, g_free);
    }
    return ok;
}
