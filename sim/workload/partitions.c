/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload/partitions.h"

#include "base/bitmap.h"
#include "base/error.h"

static bool fail(const struct workload *w, const struct workload_cgroup *cg, const char *what,
                 GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u:%u: partition '%s' %s",
                w->path != NULL ? w->path : w->name, cg->mark.line, cg->mark.column, cg->name,
                what);
    return false;
}

/* Adds cgroup @i of @w; @taken: CPUs of all partitions below the root so far. */
static bool add(struct workload_partitions *p, const struct workload *w, int32_t i,
                const struct machine *m, uint64_t *taken, GError **error)
{
    const struct workload_cgroup *cg = &w->cgroups[i];
    const uint32_t nr = (uint32_t)m->nr_cpus;
    uint64_t *cpus = bitmap_new(nr);

    g_ptr_array_add(p->sets, cpus);
    if (!bitmap_parse_list(cg->cpus, cpus, nr, error)) {
        g_prefix_error(error, "%s:%u:%u: partition '%s': ", w->path != NULL ? w->path : w->name,
                       cg->mark.line, cg->mark.column, cg->name);
        return false;
    }
    if (w->replicas > 1) {
        return fail(w, cg, "would be made by each replica; expected replicas: 1", error);
    }
    if (cg->parent < 0 && bitmap_intersects(taken, cpus, nr)) {
        return fail(w, cg, "has CPUs of another workload's partition; expected CPUs of its own",
                    error);
    }
    if (cg->parent < 0) {
        bitmap_or(taken, taken, cpus, nr);
    }
    p->partitions[p->nr_partitions++] =
        (struct sched_partition){cpus, cg->partition == PARTITION_ROOT};
    return true;
}

static bool add_all(struct workload_partitions *p, const struct workload *w,
                    const struct machine *m, uint64_t *taken, GError **error)
{
    g_autofree uint64_t *left = bitmap_new((uint32_t)m->nr_cpus);

    /* Children stand behind their parents. */
    for (int32_t i = w->nr_cgroups; i-- > 0;) {
        if (w->cgroups[i].partition == PARTITION_MEMBER) {
            continue;
        }
        if (!add(p, w, i, m, taken, error)) {
            return false;
        }
        bitmap_fill(left, (uint32_t)m->nr_cpus);
        bitmap_andnot(left, left, m->offline, (uint32_t)m->nr_cpus);
        bitmap_andnot(left, left, taken, (uint32_t)m->nr_cpus);
        if (bitmap_empty(left, (uint32_t)m->nr_cpus)) {
            return fail(w, &w->cgroups[i], "leaves no online CPU outside; expected one at least",
                        error);
        }
    }
    return true;
}

bool workload_partitions_init(struct workload_partitions *p,
                              const struct workload *const *workloads, uint32_t nr_workloads,
                              const struct machine *m, GError **error)
{
    g_autofree uint64_t *taken = bitmap_new((uint32_t)m->nr_cpus);
    int32_t nr_cgroups = 0;

    for (uint32_t i = 0; i < nr_workloads; i++) {
        nr_cgroups += workloads[i]->nr_cgroups;
    }
    *p = (struct workload_partitions){
        .partitions = g_new0(struct sched_partition, (size_t)nr_cgroups),
        .sets = g_ptr_array_new_with_free_func(g_free),
    };
    for (uint32_t i = 0; i < nr_workloads; i++) {
        if (!add_all(p, workloads[i], m, taken, error)) {
            workload_partitions_release(p);
            return false;
        }
    }
    return true;
}

void workload_partitions_release(struct workload_partitions *p)
{
    g_clear_pointer(&p->partitions, g_free);
    g_clear_pointer(&p->sets, g_ptr_array_unref);
    p->nr_partitions = 0;
}
