/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workloads as text: heads, objects, regions, groups, traces. Programs: show-steps.c. */
#include "workload/show.h"

#include "base/fixed.h"
#include "base/time.h"
#include "base/units.h"
#include "workload/show-private.h"

void show_quantity(GString *out, int64_t value, enum unit unit)
{
    g_autofree char *text = units_format_human(value, unit);

    g_string_append(out, text);
}

static void show_head(GString *out, const struct workload *w)
{
    g_string_append(out, w->name != NULL ? w->name : "workload");
    if (w->description != NULL && w->description[0] != '\0') {
        g_autofree char *text = g_strstrip(g_strdelimit(g_strdup(w->description), "\n", ' '));

        g_string_append_printf(out, ": %s", text);
    }
    g_string_append(out, "\n  ");
    if (w->duration_ns > 0) {
        g_string_append(out, "runs for ");
        show_quantity(out, w->duration_ns, UNIT_NS);
    } else {
        g_string_append(out, "runs until all of it has ended");
    }
    if (w->warmup_ns > 0) {
        g_string_append(out, ", of which ");
        show_quantity(out, w->warmup_ns, UNIT_NS);
        g_string_append(out, " warm-up");
    }
    if (w->replicas > 1) {
        g_string_append_printf(out, ", %d replicas of all that follows", w->replicas);
    }
    g_string_append_c(out, '\n');
}

/* Arrays of objects are shown as one: "to.0..19". */
static int32_t array_length(const struct workload *w, int32_t first)
{
    const char *dot = strchr(w->objects[first].name, '.');
    int32_t n = 1;

    if (dot == NULL) {
        return 1;
    }
    while (first + n < w->nr_objects && strncmp(w->objects[first].name, w->objects[first + n].name,
                                                (size_t)(dot - w->objects[first].name) + 1) == 0) {
        n++;
    }
    return n;
}

static void show_objects(GString *out, const struct workload *w)
{
    for (int32_t i = 0, n; i < w->nr_objects; i += n) {
        const struct workload_object *o = &w->objects[i];

        n = array_length(w, i);
        g_string_append_printf(out, "  %s %s", object_kind_name(o->kind), o->name);
        if (n > 1) {
            g_string_append_printf(out, "..%d", n - 1);
        }
        if (o->kind == OBJECT_SEMAPHORE) {
            g_string_append_printf(out, " starts with %" G_GINT64_FORMAT, o->initial);
        } else if (o->kind == OBJECT_PIPE) {
            g_string_append(out, " holds ");
            show_quantity(out, o->initial, UNIT_BYTES);
        } else if (o->kind == OBJECT_BARRIER) {
            g_string_append_printf(out, " of %" G_GINT64_FORMAT " threads%s", o->initial,
                                   o->spin ? ", which spin" : "");
        }
        g_string_append_c(out, '\n');
    }
}

static void show_memory(GString *out, const struct workload_cgroup *c)
{
    const struct {
        const char *name;
        int64_t bytes, none;
    } keys[] = {{"max", c->memory_max_bytes, INT64_MAX},
                {"high", c->memory_high_bytes, INT64_MAX},
                {"low", c->memory_low_bytes, 0},
                {"min", c->memory_min_bytes, 0}};

    for (gsize i = 0; c->has_memory && i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].bytes != keys[i].none) {
            g_string_append_printf(out, ", memory.%s ", keys[i].name);
            show_quantity(out, keys[i].bytes, UNIT_BYTES);
        }
    }
}

static void show_cgroups(GString *out, const struct workload *w)
{
    for (int32_t i = 0; i < w->nr_cgroups; i++) {
        const struct workload_cgroup *c = &w->cgroups[i];

        g_string_append_printf(out, "  cgroup %s weight %" G_GINT64_FORMAT, c->name, c->weight);
        if (c->parent >= 0) {
            g_string_append_printf(out, " below %s", w->cgroups[c->parent].name);
        }
        if (c->quota_ns > 0) {
            g_string_append(out, ", at most ");
            show_quantity(out, c->quota_ns, UNIT_NS);
            g_string_append(out, " of CPU in each ");
            show_quantity(out, c->period_ns, UNIT_NS);
        }
        if (c->burst_ns > 0) {
            g_string_append(out, ", and a burst of ");
            show_quantity(out, c->burst_ns, UNIT_NS);
        }
        g_string_append(out, c->idle ? ", idle" : "");
        if (c->cpus != NULL) {
            g_string_append_printf(out, ", CPUs %s", c->cpus);
        }
        if (c->partition != PARTITION_MEMBER) {
            g_string_append(out, c->partition == PARTITION_ROOT ? ", a partition of its own"
                                                                : ", an isolated partition");
        }
        if (c->nodes != NULL) {
            g_string_append_printf(out, ", memory of nodes %s", c->nodes);
        }
        show_memory(out, c);
        g_string_append_c(out, '\n');
    }
}

static void show_arrivals(GString *out, const struct workload *w)
{
    static const char *const kinds[] = {
        [ARRIVAL_POISSON] = "Poisson", [ARRIVAL_FIXED] = "evenly", [ARRIVAL_BURST] = "bursts"};

    for (int32_t i = 0; i < w->nr_arrivals; i++) {
        const struct workload_arrival *a = &w->arrivals[i];
        int64_t load_ppm = show_offered_load_ppm(w, i);

        g_string_append_printf(out, "  requests %s arrive ", a->name);
        if (a->kind == ARRIVAL_BURST) {
            g_string_append_printf(out, "%d at once", a->burst);
        } else {
            g_string_append(out, kinds[a->kind]);
        }
        g_string_append(out, ", every ");
        show_quantity(out, a->interval_ns, UNIT_NS);
        if (a->kind == ARRIVAL_POISSON) {
            g_string_append(out, " in the mean");
        }
        if (a->limit > 0) {
            g_string_append_printf(out, ", %" G_GINT64_FORMAT " in all", a->limit);
        }
        g_string_append_printf(out,
                               ": offered load %" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT " CPUs\n",
                               load_ppm / 1000000, load_ppm % 1000000 / 10000);
    }
}

static void show_mempolicy(GString *out, const struct workload_mempolicy *p)
{
    static const char *const modes[NUMASIM_NR_MPOLS] = {
        "default",        "preferred",          "bind", "interleave", "local",
        "preferred-many", "weighted interleave"};

    if (!p->is_set) {
        return;
    }
    if (p->cpus != NULL || p->cpu_nodes != NULL) {
        g_string_append_printf(out, ", bound to %s %s", p->cpus != NULL ? "CPUs" : "CPUs of nodes",
                               p->cpus != NULL ? p->cpus : p->cpu_nodes);
    }
    if (p->numactl && p->mode == NUMASIM_MPOL_DEFAULT) {
        return;
    }
    g_string_append_printf(out, ", memory %s%s%s%s", modes[p->mode],
                           p->flags & NUMASIM_MPOL_F_STATIC_NODES ? " static" : "",
                           p->flags & NUMASIM_MPOL_F_RELATIVE_NODES ? " relative" : "",
                           p->flags & NUMASIM_MPOL_F_NUMA_BALANCING ? " balancing" : "");
    if (p->nodes != NULL) {
        g_string_append_printf(out, " %s", p->nodes);
    }
    if (p->home_node >= 0) {
        g_string_append_printf(out, " home %d", p->home_node);
    }
}

static void show_regions(GString *out, const struct workload_process *p)
{
    static const char *const pages[] = {[PAGE_BASE] = "base pages",
                                        [PAGE_16K] = "16 KiB pages",
                                        [PAGE_64K] = "64 KiB pages",
                                        [PAGE_2M] = "2 MiB pages",
                                        [PAGE_1G] = "1 GiB pages"};
    static const char *const touches[] = {[TOUCH_USER] = "whoever uses a page first",
                                          [TOUCH_FIRST] = "the first thread",
                                          [TOUCH_EACH] = "each thread its slice"};

    for (int32_t i = 0; i < p->nr_regions; i++) {
        const struct workload_region *r = &p->regions[i];

        g_string_append_printf(out, "    region %s ", r->name);
        show_quantity(out, r->size_bytes, UNIT_BYTES);
        g_string_append_printf(out, " in %s, %s, %s, touched first by %s", pages[r->page],
                               r->pattern == PATTERN_RANDOM ? "random" : "sequential",
                               r->shared ? "shared by all threads" : "a slice to each thread",
                               touches[r->touch]);
        if (r->object != NULL) {
            g_string_append_printf(out, ", shm %s", r->object);
        }
        if (r->working_set_bytes > 0) {
            g_string_append(out, ", working set ");
            show_quantity(out, r->working_set_bytes, UNIT_BYTES);
        }
        g_string_append_printf(out, "%s%s%s%s", r->hugetlb ? ", hugetlb" : "",
                               r->file ? ", file" : "", r->mapped_shared ? ", MAP_SHARED" : "",
                               r->readonly ? ", read-only" : "");
        if (r->hot.size_bytes > 0) {
            g_string_append_printf(out, ", %s ", r->hot.at_end ? "the last" : "the first");
            show_quantity(out, r->hot.size_bytes, UNIT_BYTES);
            g_string_append(out, " get ");
            show_quantity(out, r->hot.share_ppm, UNIT_PPM);
            g_string_append(out, " of the accesses");
        }
        show_mempolicy(out, &r->policy);
        g_string_append_c(out, '\n');
    }
}

static void show_group(GString *out, const struct workload *w, const struct workload_process *p,
                       const struct thread_group *g)
{
    static const char *const classes[] = {[SCHED_KIND_OTHER] = "",
                                          [SCHED_KIND_BATCH] = ", SCHED_BATCH",
                                          [SCHED_KIND_IDLE] = ", SCHED_IDLE",
                                          [SCHED_KIND_FIFO] = ", SCHED_FIFO",
                                          [SCHED_KIND_RR] = ", SCHED_RR"};

    if (g->count > 0) {
        g_string_append_printf(out, "    %d x %s", g->count, g->name);
    } else {
        g_string_append_printf(out, "    forked %s", g->name);
    }
    g_string_append(out, classes[g->sched]);
    if (g->rt_priority > 0) {
        g_string_append_printf(out, " %d", g->rt_priority);
    }
    if (g->nice != 0) {
        g_string_append_printf(out, ", nice %d", g->nice);
    }
    if (g->custom_slice_ns > 0) {
        g_string_append(out, ", slice ");
        show_quantity(out, g->custom_slice_ns, UNIT_NS);
    }
    if (g->cpus != NULL) {
        g_string_append_printf(out, ", %sCPUs %s", g->spread ? "one to each of " : "", g->cpus);
    }
    if (g->nodes != NULL) {
        g_string_append_printf(out, ", CPUs of nodes %s", g->nodes);
    }
    show_mempolicy(out, &g->policy);
    if (dist_mean(&g->start) > 0) {
        g_string_append(out, ", starts after ");
        show_dist(out, &g->start);
    }
    g_string_append_c(out, '\n');
    show_steps(out, w, p, g->steps, g->nr_steps, 6);
}

/* Groups that differ only in which member of an array they use are shown once. */
static int32_t alike(const struct workload_process *p, int32_t first)
{
    int32_t n = 1;

    while (first + n < p->nr_groups &&
           p->groups[first + n].mark.line == p->groups[first].mark.line &&
           p->groups[first].mark.line > 0) {
        n++;
    }
    return n;
}

static void show_process(GString *out, const struct workload *w, const struct workload_process *p)
{
    g_string_append_printf(out, "  process %s", p->name);
    if (p->count > 1) {
        g_string_append_printf(out, " x %d", p->count);
    }
    if (p->cgroup >= 0) {
        g_string_append_printf(out, " in cgroup %s", w->cgroups[p->cgroup].name);
    }
    if (p->oom_score_adj != 0) {
        g_string_append_printf(out, " oom_score_adj %d", p->oom_score_adj);
    }
    if (p->session != NULL) {
        g_string_append_printf(out, " of session %s", p->session);
    }
    show_mempolicy(out, &p->policy);
    g_string_append_c(out, '\n');
    show_regions(out, p);
    for (int32_t i = 0, n; i < p->nr_groups; i += n) {
        n = alike(p, i);
        show_group(out, w, p, &p->groups[i]);
        if (n > 1) {
            g_string_append_printf(out, "    and %d more %s, each with a member of its own\n",
                                   n - 1, p->groups[i].name);
        }
    }
}

static void show_admin(GString *out, const struct workload *w)
{
    for (int32_t i = 0; i < w->nr_admin; i++) {
        const struct workload_admin *a = &w->admin[i];

        g_string_append(out, "  at ");
        show_quantity(out, a->at_ns, UNIT_NS);
        switch (a->kind) {
        case ADMIN_CPU_OFFLINE:
        case ADMIN_CPU_ONLINE:
            g_string_append_printf(out, " CPU %d goes %s\n", a->cpu,
                                   a->kind == ADMIN_CPU_OFFLINE ? "offline" : "online");
            break;
        case ADMIN_CPUSET:
            g_string_append_printf(out, " cgroup %s gets CPUs %s\n", w->cgroups[a->cgroup].name,
                                   a->cpus);
            break;
        case ADMIN_WEIGHT:
            g_string_append_printf(out, " cgroup %s gets weight %" G_GINT64_FORMAT "\n",
                                   w->cgroups[a->cgroup].name, a->value);
            break;
        case ADMIN_QUOTA:
            g_string_append_printf(out, " cgroup %s gets the quota ", w->cgroups[a->cgroup].name);
            if (a->value == 0) {
                g_string_append(out, "max\n");
                break;
            }
            show_quantity(out, a->value, UNIT_NS);
            g_string_append(out, " of each ");
            show_quantity(out, a->period_ns, UNIT_NS);
            if (a->burst_ns > 0) {
                g_string_append(out, ", burst ");
                show_quantity(out, a->burst_ns, UNIT_NS);
            }
            g_string_append_c(out, '\n');
            break;
        case ADMIN_AFFINITY:
            g_string_append_printf(out, " process %s gets CPUs %s\n", w->processes[a->process].name,
                                   a->cpus);
            break;
        case ADMIN_MEMS:
            g_string_append_printf(out, " cgroup %s gets memory of nodes %s, pages %s\n",
                                   w->cgroups[a->cgroup].name, a->nodes,
                                   a->migrate ? "follow" : "stay");
            break;
        case ADMIN_MOVE:
            g_string_append_printf(
                out, " process %s moves to cgroup %s, pages %s\n", w->processes[a->process].name,
                a->cgroup >= 0 ? w->cgroups[a->cgroup].name : "/", a->migrate ? "follow" : "stay");
            break;
        case ADMIN_MIGRATEPAGES:
            g_string_append_printf(out, " pages of process %s go from nodes %s to %s\n",
                                   w->processes[a->process].name, a->nodes, a->to_nodes);
            break;
        }
    }
}

static void show_trace(GString *out, const struct workload_trace *trace)
{
    int64_t run_ns = 0, wakes = 0;

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        for (int32_t s = 0; s < trace->tasks[i].nr_steps; s++) {
            enum trace_op op = trace_step_op(trace->tasks[i].steps[s]);

            run_ns += op == TRACE_RUN ? trace_step_arg(trace->tasks[i].steps[s]) : 0;
            wakes += op == TRACE_WAKE || op == TRACE_WAKE_SYNC;
        }
    }
    g_string_append(out, "  recorded trace of ");
    show_quantity(out, trace->span_ns, UNIT_NS);
    g_string_append_printf(out, ": %d tasks, ", trace->nr_tasks);
    show_quantity(out, run_ns, UNIT_NS);
    g_string_append_printf(out, " of CPU, %" G_GINT64_FORMAT " wakeups by tasks\n", wakes);
    for (int32_t i = 0; i < trace->nr_memory; i++) {
        g_string_append_printf(out, "  memory of %s: %d regions\n", trace->memory[i].comm,
                               trace->memory[i].nr_regions);
    }
}

char *workload_show(const struct workload *w)
{
    GString *out = g_string_new(NULL);

    show_head(out, w);
    show_objects(out, w);
    show_cgroups(out, w);
    show_arrivals(out, w);
    for (int32_t i = 0; i < w->nr_processes; i++) {
        show_process(out, w, &w->processes[i]);
    }
    show_admin(out, w);
    if (w->trace != NULL) {
        show_trace(out, w->trace);
    }
    for (char **s = w->sources; s != NULL && *s != NULL; s++) {
        g_string_append_printf(out, "  source: %s\n", *s);
    }
    return g_string_free(out, FALSE);
}
