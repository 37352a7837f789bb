/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a workload: sizes, bounds and references. */
#include "workload/check-private.h"

#include "base/error.h"

bool check_fail(const struct workload *w, struct workload_mark mark, GError **error,
                const char *format, ...)
{
    g_autofree char *message = NULL;
    const char *path = w->path != NULL ? w->path : w->name != NULL ? w->name : "workload";
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (mark.line > 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u:%u: %s", path, mark.line,
                    mark.column, message);
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s", path, message);
    }
    return false;
}

bool check_visit(const struct step *steps, int32_t nr_steps, step_visit_fn visit, void *data,
                 GError **error)
{
    for (int32_t i = 0; i < nr_steps; i++) {
        if (!visit(&steps[i], data, error) ||
            !check_visit(steps[i].body, steps[i].nr_body, visit, data, error)) {
            return false;
        }
    }
    return true;
}

static const struct workload_mark nowhere;

static bool check_head(const struct workload *w, GError **error)
{
    if (w->replicas < 1) {
        return check_fail(w, nowhere, error, "%d replicas; expected at least 1", w->replicas);
    }
    if (w->duration_ns < 0 || w->warmup_ns < 0 ||
        (w->duration_ns > 0 && w->warmup_ns >= w->duration_ns)) {
        return check_fail(w, nowhere, error,
                          "the warm-up is as long as the run or longer; expected it shorter than "
                          "'duration'");
    }
    for (int32_t i = 0; i < w->nr_objects; i++) {
        const struct workload_object *o = &w->objects[i];
        bool counts = o->kind == OBJECT_PIPE || o->kind == OBJECT_BARRIER;

        if (o->initial < (counts ? 1 : 0)) {
            return check_fail(w, nowhere, error,
                              "the %s '%s' starts with %" G_GINT64_FORMAT "; expected at least %d",
                              object_kind_name(o->kind), o->name, o->initial, counts);
        }
    }
    return true;
}

static bool check_cgroups(const struct workload *w, GError **error)
{
    for (int32_t i = 0; i < w->nr_cgroups; i++) {
        const struct workload_cgroup *c = &w->cgroups[i];

        if (c->parent < -1 || c->parent >= i) {
            return check_fail(w, c->mark, error,
                              "the parent of cgroup '%s' does not stand before it; expected "
                              "parents first",
                              c->name);
        }
        if (c->weight < 1 || c->weight > 10000) {
            return check_fail(w, c->mark, error, "weight %" G_GINT64_FORMAT "; expected 1..10000",
                              c->weight);
        }
        if (c->quota_ns < 0 || (c->quota_ns > 0 && c->period_ns <= 0)) {
            return check_fail(w, c->mark, error, "a quota without a period; expected both");
        }
        if (c->burst_ns < 0 || c->burst_ns > c->quota_ns) {
            return check_fail(w, c->mark, error, "a burst beyond the quota; expected at most that");
        }
    }
    return true;
}

static bool check_arrivals(const struct workload *w, GError **error)
{
    for (int32_t i = 0; i < w->nr_arrivals; i++) {
        const struct workload_arrival *a = &w->arrivals[i];

        if (a->interval_ns < 1 || a->burst < 1 || a->limit < 0) {
            return check_fail(w, a->mark, error,
                              "'%s' never arrives; expected a time between arrivals of at least "
                              "1ns",
                              a->name);
        }
        if (a->start_ns < 0 || (a->stop_ns != 0 && a->stop_ns <= a->start_ns)) {
            return check_fail(w, a->mark, error,
                              "'%s' stops before it starts; expected 'stop' "
                              "after 'start'",
                              a->name);
        }
    }
    return true;
}

static bool check_group(const struct workload *w, const struct workload_process *p,
                        const struct thread_group *g, GError **error)
{
    bool realtime = g->sched == SCHED_KIND_FIFO || g->sched == SCHED_KIND_RR;

    if (g->count < 0 || g->nice < -20 || g->nice > 19 ||
        (realtime ? g->rt_priority < 1 || g->rt_priority > 99 : g->rt_priority != 0)) {
        return check_fail(w, g->mark, error,
                          "'%s' has a count, nice value or priority that is out of bounds; "
                          "expected nice -20..19, and priority 1..99 for fifo and rr alone",
                          g->name);
    }
    if (g->nr_steps < 1) {
        return check_fail(w, g->mark, error, "'%s' does nothing; expected steps", g->name);
    }
    return check_references(w, p, g, error) && check_flow(w, g, error);
}

/* The first region of @w that maps the object of @r; @r itself, if nothing before it does. */
static const struct workload_region *first_mapping(const struct workload *w,
                                                   const struct workload_region *r)
{
    for (int32_t p = 0; p < w->nr_processes; p++) {
        for (int32_t i = 0; i < w->processes[p].nr_regions; i++) {
            const struct workload_region *other = &w->processes[p].regions[i];

            if (other->object != NULL && strcmp(other->object, r->object) == 0) {
                return other;
            }
        }
    }
    return r;
}

/* Mappings of one object agree in what its pages are like. */
static bool check_object(const struct workload *w, const struct workload_process *p,
                         const struct workload_region *r, GError **error)
{
    const struct workload_region *first = r->object != NULL ? first_mapping(w, r) : r;

    for (const struct workload_region *other = p->regions; r->object != NULL && other < r;
         other++) {
        if (g_strcmp0(other->object, r->object) == 0) {
            return check_fail(
                w, p->mark, error,
                "process '%s' maps the shm '%s' as '%s' and as '%s'; expected it once", p->name,
                r->object, other->name, r->name);
        }
    }
    if (first->size_bytes == r->size_bytes && first->page == r->page &&
        first->pattern == r->pattern && first->file == r->file && first->hugetlb == r->hugetlb &&
        first->hot.size_bytes == r->hot.size_bytes && first->hot.share_ppm == r->hot.share_ppm &&
        first->hot.at_end == r->hot.at_end) {
        return true;
    }
    return check_fail(w, p->mark, error,
                      "region '%s' of '%s' maps the shm '%s' otherwise than region '%s' does; "
                      "expected the same size, page, pattern, file, hugetlb and hot",
                      r->name, p->name, r->object, first->name);
}

static bool check_process(const struct workload *w, const struct workload_process *p,
                          GError **error)
{
    int64_t threads = 0;

    if (p->count < 1 || p->cgroup < -1 || p->cgroup >= w->nr_cgroups) {
        return check_fail(w, p->mark, error,
                          "process '%s' has no instance or an unknown cgroup; expected at least "
                          "one",
                          p->name);
    }
    for (int32_t i = 0; i < p->nr_regions; i++) {
        const struct workload_region *r = &p->regions[i];

        if (r->size_bytes < 1 || r->working_set_bytes < 0 || r->working_set_bytes > r->size_bytes) {
            return check_fail(w, p->mark, error,
                              "region '%s' has a working set beyond its size; expected it within",
                              r->name);
        }
        if (!check_object(w, p, r, error)) {
            return false;
        }
    }
    for (int32_t i = 0; i < p->nr_groups; i++) {
        threads += p->groups[i].count;
        if (!check_group(w, p, &p->groups[i], error)) {
            return false;
        }
    }
    return threads > 0 ||
           check_fail(w, p->mark, error,
                      "process '%s' starts no thread; expected a group whose count is not 0",
                      p->name);
}

static bool check_admin(const struct workload *w, GError **error)
{
    for (int32_t i = 0; i < w->nr_admin; i++) {
        const struct workload_admin *a = &w->admin[i];
        bool cgroup = a->kind == ADMIN_CPUSET || a->kind == ADMIN_WEIGHT ||
                      a->kind == ADMIN_QUOTA || a->kind == ADMIN_MEMS;
        bool process =
            a->kind == ADMIN_AFFINITY || a->kind == ADMIN_MOVE || a->kind == ADMIN_MIGRATEPAGES;
        bool ok = a->at_ns >= 0;

        if (cgroup) {
            ok = ok && a->cgroup >= 0 && a->cgroup < w->nr_cgroups;
        } else if (process) {
            ok = ok && a->process >= 0 && a->process < w->nr_processes &&
                 (a->kind != ADMIN_MOVE || (a->cgroup >= -1 && a->cgroup < w->nr_cgroups));
        } else {
            ok = ok && a->cpu >= 0;
        }
        if (!ok) {
            return check_fail(w, a->mark, error,
                              "an administrative step on nothing that is there; expected a CPU, "
                              "cgroup or process");
        }
    }
    return true;
}

static bool check_trace_task(const struct workload *w, int32_t index, GError **error)
{
    const struct workload_trace *trace = w->trace;
    const struct trace_task *t = &trace->tasks[index];

    if (t->parent < -1 || t->parent >= trace->nr_tasks || t->parent == index) {
        return check_fail(w, nowhere, error, "task %d of the trace has no parent %d", index,
                          t->parent);
    }
    for (int32_t i = 0; i < t->nr_steps; i++) {
        enum trace_op op = trace_step_op(t->steps[i]);
        int64_t arg = trace_step_arg(t->steps[i]);
        bool names_task = op == TRACE_WAKE || op == TRACE_WAKE_SYNC || op == TRACE_FORK;

        if (names_task && arg >= trace->nr_tasks) {
            return check_fail(w, nowhere, error,
                              "step %d of task %d of the trace names task %" G_GINT64_FORMAT
                              "; expected less than %d",
                              i, index, arg, trace->nr_tasks);
        }
        if (op == TRACE_FORK && trace->tasks[arg].parent != index) {
            return check_fail(w, nowhere, error,
                              "task %d of the trace forks task %" G_GINT64_FORMAT
                              ", whose parent it is not",
                              index, arg);
        }
    }
    return true;
}

static bool check_trace(const struct workload *w, GError **error)
{
    if (w->trace->nr_tasks < 1 || w->trace->span_ns < 1) {
        return check_fail(w, nowhere, error, "the trace is empty; expected tasks");
    }
    for (int32_t i = 0; i < w->trace->nr_tasks; i++) {
        if (!check_trace_task(w, i, error)) {
            return false;
        }
    }
    for (int32_t i = 0; i < w->trace->nr_memory; i++) {
        const struct trace_memory *m = &w->trace->memory[i];

        for (int32_t e = 0; e < m->mix.nr_entries; e++) {
            if (m->mix.entries[e].region < 0 || m->mix.entries[e].region >= m->nr_regions) {
                return check_fail(w, nowhere, error,
                                  "the memory of '%s' misses in a region that it does not have",
                                  m->comm);
            }
        }
    }
    return true;
}

bool workload_check(const struct workload *w, GError **error)
{
    if (!check_head(w, error) || !check_cgroups(w, error) || !check_arrivals(w, error) ||
        !check_admin(w, error)) {
        return false;
    }
    if (w->nr_processes == 0 && w->trace == NULL) {
        return check_fail(w, nowhere, error, "nothing to run; expected processes or a trace");
    }
    for (int32_t i = 0; i < w->nr_processes; i++) {
        if (!check_process(w, &w->processes[i], error)) {
            return false;
        }
    }
    return (w->trace == NULL || check_trace(w, error)) && check_meetings(w, error);
}
