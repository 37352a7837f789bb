/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload/interp-private.h"

const char *interp_source_name(const struct interp *it, int32_t source)
{
    return (guint)source < it->source_names->len
               ? g_ptr_array_index(it->source_names, (guint)source)
               : NULL;
}

const char *interp_metric_name(const struct interp *it, int32_t metric)
{
    return (guint)metric < it->metric_names->len
               ? g_ptr_array_index(it->metric_names, (guint)metric)
               : NULL;
}

int32_t interp_nr_sources(const struct interp *it)
{
    return (int32_t)it->source_names->len;
}

int32_t interp_nr_metrics(const struct interp *it)
{
    return (int32_t)it->metric_names->len;
}

/* ------------------------------------------------------------------------------------------- */
/* Affinities                                                                                   */

static bool parse_nodes(const struct machine *m, const char *nodes, uint64_t *cpus, GError **error)
{
    g_autofree uint64_t *set = bitmap_new((uint32_t)m->nr_nodes);

    if (!bitmap_parse_list(nodes, set, (uint32_t)m->nr_nodes, error)) {
        return false;
    }
    for (int32_t n = 0; n < m->nr_nodes; n++) {
        if (bitmap_test(set, (uint32_t)n)) {
            bitmap_or(cpus, cpus, machine_node_cpus(m, n), (uint32_t)m->nr_cpus);
        }
    }
    return true;
}

bool interp_parse_cpus(const struct interp *it, const char *cpus, const char *nodes,
                       const char *where, uint64_t **ret_cpus, GError **error)
{
    const struct machine *m = kernel_machine(it->kernel);
    g_autofree uint64_t *set = NULL;

    *ret_cpus = NULL;
    if (cpus == NULL && nodes == NULL) {
        return true;
    }
    set = bitmap_new((uint32_t)m->nr_cpus);
    bool parsed = cpus != NULL ? bitmap_parse_list(cpus, set, (uint32_t)m->nr_cpus, error)
                               : parse_nodes(m, nodes, set, error);

    if (!parsed) {
        g_prefix_error(error, "%s, on machine '%s': ", where, m->name);
        return false;
    }
    if (bitmap_empty(set, (uint32_t)m->nr_cpus)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: '%s' names no CPU of machine '%s'", where, cpus != NULL ? cpus : nodes,
                    m->name);
        return false;
    }
    *ret_cpus = g_steal_pointer(&set);
    return true;
}

/* "path:line:column: group 'name'" */
static char *where_of(const struct instance *in, struct workload_mark mark, const char *what,
                      const char *name)
{
    const char *path = in->spec->path != NULL ? in->spec->path : in->spec->name;

    return g_strdup_printf("%s:%u:%u: %s '%s'", path, mark.line, mark.column, what, name);
}

/* ------------------------------------------------------------------------------------------- */
/* Threads                                                                                      */

static void start_timer(struct kernel *k, struct ktimer *timer)
{
    struct thread *th = container_of(timer, struct thread, timer);

    kernel_task_start(k, th->task, NULL);
}

static enum numasim_sched_policy sched_policy(enum sched_kind kind)
{
    switch (kind) {
    case SCHED_KIND_BATCH:
        return NUMASIM_SCHED_BATCH;
    case SCHED_KIND_IDLE:
        return NUMASIM_SCHED_IDLE;
    case SCHED_KIND_FIFO:
        return NUMASIM_SCHED_FIFO;
    case SCHED_KIND_RR:
        return NUMASIM_SCHED_RR;
    default:
        return NUMASIM_SCHED_OTHER;
    }
}

/* The @n-th CPU of @cpus, counted round, as the only one. */
static void keep_nth(uint64_t *cpus, int32_t nr_cpus, int32_t n)
{
    uint32_t size = (uint32_t)nr_cpus;
    uint32_t cpu = bitmap_next(cpus, size, 0);

    for (n %= (int32_t)bitmap_weight(cpus, size); n > 0; n--) {
        cpu = bitmap_next(cpus, size, cpu + 1);
    }
    memset(cpus, 0, BITMAP_WORDS(size) * sizeof(*cpus));
    bitmap_set(cpus, cpu);
}

static bool thread_cpus(const struct interp *it, const struct process_instance *p,
                        const struct thread_group *group, int32_t index_in_group,
                        uint64_t **ret_cpus, GError **error)
{
    const struct machine *m = kernel_machine(it->kernel);
    g_autofree char *where = where_of(p->instance, group->mark, "threads", group->name);

    if (!interp_parse_cpus(it, group->cpus, group->nodes, where, ret_cpus, error)) {
        return false;
    }
    if (*ret_cpus == NULL && !interp_numactl_cpus(it, p, &group->policy, ret_cpus, error)) {
        return false;
    }
    if (*ret_cpus == NULL && !interp_numactl_cpus(it, p, &p->spec->policy, ret_cpus, error)) {
        return false;
    }
    if (*ret_cpus != NULL && group->spread) {
        keep_nth(*ret_cpus, m->nr_cpus, index_in_group);
    }
    if (p->cpus != NULL && *ret_cpus == NULL) {
        *ret_cpus = bitmap_new((uint32_t)m->nr_cpus);
        bitmap_copy(*ret_cpus, p->cpus, (uint32_t)m->nr_cpus);
    } else if (p->cpus != NULL && bitmap_intersects(*ret_cpus, p->cpus, (uint32_t)m->nr_cpus)) {
        bitmap_and(*ret_cpus, *ret_cpus, p->cpus, (uint32_t)m->nr_cpus);
    }
    return true;
}

static struct thread *thread_alloc(struct instance *in, struct process_instance *p)
{
    struct thread *th = slab_alloc(in->interp->thread_slab);

    th->instance = in;
    th->process = p;
    th->frames = th->first_frames;
    th->frames_size = G_N_ELEMENTS(th->first_frames);
    list_init(&th->wait);
    g_ptr_array_add(in->interp->threads, th);
    return th;
}

/* Threads that @p begins with. */
static uint64_t first_forked(const struct process_instance *p)
{
    uint64_t nr = 0;

    for (int32_t g = 0; g < p->spec->nr_groups; g++) {
        nr += (uint64_t)p->spec->groups[g].count;
    }
    return nr;
}

/*
 * What a thread of @p, made by @parent (NULL: with the process), draws from. Which of two parents forks first is
 * up to the policy, so a child is known by its parent and its place among that one's children; the children
 * of the first thread are numbered on from those that are there at the start.
 */
static struct rng thread_rng(const struct process_instance *p, struct thread *parent)
{
    struct rng processes = rng_entity(&p->instance->rng, (uint64_t)(p - p->instance->processes));

    if (parent == NULL) {
        return rng_entity(&processes, (uint64_t)p->nr_threads);
    }
    return parent == p->first ? rng_entity(&processes, first_forked(p) + parent->nr_forked++)
                              : rng_entity(&parent->rng, parent->nr_forked++);
}

struct thread *thread_new(struct interp *it, struct process_instance *p,
                          const struct thread_group *group, struct thread *parent, GError **error)
{
    g_autofree uint64_t *cpus = NULL;
    int32_t group_index = (int32_t)(group - p->spec->groups);

    if (!thread_cpus(it, p, group, p->group_threads[group_index]++, &cpus, error)) {
        return NULL;
    }
    struct thread *th = thread_alloc(p->instance, p);
    struct task_params params = {
        .comm = group->name,
        .process = p->process,
        .cgroup = p->cgroup,
        .nice = group->nice,
        .policy = sched_policy(group->sched),
        .rt_priority = group->rt_priority,
        .cpus = cpus,
        .custom_slice_ns = group->custom_slice_ns,
        .slice_index = p->nr_threads,
        .driver_data = th,
    };

    th->group = group;
    th->parent = parent;
    th->rng = thread_rng(p, parent);
    p->nr_threads++;
    if (p->first == NULL) {
        p->first = th;
    }
    th->task = kernel_task_new(it->kernel, &params, parent != NULL ? parent->task : NULL);
    return thread_set_mempolicy(th, error) ? th : NULL;
}

static bool threads_start(struct interp *it, struct process_instance *p, GError **error)
{
    for (int32_t g = 0; g < p->spec->nr_groups; g++) {
        const struct thread_group *group = &p->spec->groups[g];

        for (int32_t i = 0; i < group->count; i++) {
            struct thread *th = thread_new(it, p, group, NULL, error);

            if (th == NULL) {
                return false;
            }
            th->start_ns = thread_draw(th, &group->start);
            th->path_ns = th->start_ns;
            th->timer.fn = start_timer;
            kernel_timer_set(it->kernel, &th->timer, th->start_ns);
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Processes                                                                                    */

/* cpuset.mems of its cgroups, and what a placement policy says. */
static bool process_place(struct interp *it, struct process_instance *p, GError **error)
{
    const struct machine *m = kernel_machine(it->kernel);
    int64_t bytes = 0;

    for (int32_t i = 0; i < p->spec->nr_regions; i++) {
        bytes += p->spec->regions[i].size_bytes;
    }
    struct numasim_container request = {
        .name = p->spec->name, .nr_threads = p->planned_threads, .memory_bytes = bytes};

    p->cpus = bitmap_new((uint32_t)m->nr_cpus);
    return kernel_place(it->kernel, p->process, &request, p->cpus, error) &&
           kernel_process_join(it->kernel, p->process, p->cgroup, error);
}

/* The autogroup of the session of @spec, made at its first process; the root where the kernel has
 * none, and where all are one session, which then has nobody to share with. */
static int32_t session_group(struct instance *in, const struct workload_process *spec)
{
    const char *name = spec->session != NULL ? spec->session : "";
    bool several = false;

    for (int32_t i = 0; i < in->spec->nr_processes; i++) {
        several |= in->spec->processes[i].session != NULL;
    }
    if (!several || !kernel_has_autogroup(in->interp->kernel)) {
        return 0;
    }
    for (int32_t i = 0; i < in->nr_processes; i++) {
        const struct process_instance *p = &in->processes[i];

        if (p->spec != NULL && p->spec->cgroup < 0 && p->cgroup > 0 &&
            g_strcmp0(p->spec->session != NULL ? p->spec->session : "", name) == 0) {
            return p->cgroup;
        }
    }
    g_autofree char *group = g_strdup_printf("autogroup-%s", name);

    return kernel_cgroup_new(in->interp->kernel, group, 0, AUTOGROUP_WEIGHT, 0, 0, NULL, NULL);
}

static bool process_new(struct instance *in, struct process_instance *p,
                        const struct workload_process *spec, GError **error)
{
    struct interp *it = in->interp;

    p->spec = spec;
    p->instance = in;
    list_init(&p->late);
    p->cgroup = spec->cgroup >= 0 ? in->cgroups[spec->cgroup] : session_group(in, spec);
    p->group_threads = g_new0(int32_t, (gsize)spec->nr_groups);
    for (int32_t g = 0; g < spec->nr_groups; g++) {
        p->planned_threads += spec->groups[g].count;
    }
    p->process = kernel_process_new(it->kernel, spec->name);
    p->process->oom_score_adj = spec->oom_score_adj;
    process_add_regions(it, in, p->process, spec->regions, spec->nr_regions, p->planned_threads);
    return process_place(it, p, error) && process_bind_regions(it, p, error) &&
           threads_start(it, p, error);
}

static bool processes_new(struct instance *in, GError **error)
{
    const struct workload *w = in->spec;
    int32_t nr = 0;

    for (int32_t i = 0; i < w->nr_processes; i++) {
        nr += w->processes[i].count;
    }
    in->processes = g_new0(struct process_instance, (gsize)nr);
    for (int32_t i = 0; i < w->nr_processes; i++) {
        for (int32_t n = 0; n < w->processes[i].count; n++) {
            if (!process_new(in, &in->processes[in->nr_processes++], &w->processes[i], error)) {
                return false;
            }
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Instances                                                                                    */

static void objects_new(struct instance *in)
{
    in->objects = g_new0(struct sync_object, (gsize)in->spec->nr_objects);
    for (int32_t i = 0; i < in->spec->nr_objects; i++) {
        struct sync_object *o = &in->objects[i];

        o->spec = &in->spec->objects[i];
        o->level = o->spec->kind == OBJECT_SEMAPHORE ? o->spec->initial : 0;
        list_init(&o->waiters);
        list_init(&o->writers);
    }
}

static bool cgroups_new(struct instance *in, GError **error)
{
    const struct workload *w = in->spec;
    struct interp *it = in->interp;
    int32_t nr_nodes = kernel_machine(it->kernel)->nr_nodes;

    bool accounts = false;

    for (int32_t i = 0; i < w->nr_cgroups; i++) {
        accounts |= w->cgroups[i].has_memory;
    }
    in->cgroups = g_new0(int32_t, (gsize)w->nr_cgroups);
    for (int32_t i = 0; i < w->nr_cgroups; i++) {
        const struct workload_cgroup *cg = &w->cgroups[i];
        g_autofree char *where = where_of(in, cg->mark, "cgroup", cg->name);
        g_autofree uint64_t *cpus = NULL;
        g_autofree uint64_t *nodes = NULL;

        if (!interp_parse_cpus(it, cg->cpus, NULL, where, &cpus, error)) {
            return false;
        }
        if (cg->nodes != NULL) {
            nodes = bitmap_new((uint32_t)nr_nodes);
            if (!bitmap_parse_list(cg->nodes, nodes, (uint32_t)nr_nodes, error)) {
                g_prefix_error(error, "%s: ", where);
                return false;
            }
        }
        in->cgroups[i] =
            kernel_cgroup_new(it->kernel, cg->name, cg->parent >= 0 ? in->cgroups[cg->parent] : 0,
                              (uint32_t)cg->weight, cg->quota_ns, cg->period_ns, cpus, nodes);
        if (accounts) {
            kernel_cgroup_set_memory(it->kernel, in->cgroups[i],
                                     &(struct cgroup_memory){.max_bytes = cg->memory_max_bytes,
                                                             .high_bytes = cg->memory_high_bytes,
                                                             .low_bytes = cg->memory_low_bytes,
                                                             .min_bytes = cg->memory_min_bytes});
        }
        if (cg->burst_ns > 0) {
            kernel_cgroup_set_bandwidth(it->kernel, in->cgroups[i], cg->quota_ns, cg->period_ns,
                                        cg->burst_ns);
        }
        if (cg->has_nice) {
            kernel_cgroup_set_nice(it->kernel, in->cgroups[i], cg->nice);
        }
        if (cg->idle) {
            kernel_cgroup_set_idle(it->kernel, in->cgroups[i]);
        }
        if (cg->partition != PARTITION_MEMBER) {
            kernel_cgroup_make_partition(it->kernel, in->cgroups[i]);
        }
    }
    return true;
}

static bool instance_fill(struct instance *in, GError **error)
{
    const struct workload *w = in->spec;

    in->metric_base = (int32_t)in->interp->metric_names->len;
    for (char **name = w->metrics; name != NULL && *name != NULL; name++) {
        g_ptr_array_add(in->interp->metric_names, g_strdup(*name));
    }
    objects_new(in);
    if (!cgroups_new(in, error)) {
        return false;
    }
    sources_start(in);
    if (w->trace != NULL && !replay_new(in, error)) {
        return false;
    }
    return processes_new(in, error) && admin_new(in, error);
}

static void instance_free(struct instance *in)
{
    for (int32_t i = 0; in->sources != NULL && i < in->spec->nr_arrivals; i++) {
        kernel_timer_cancel(in->interp->kernel, &in->sources[i].timer);
        g_free(in->sources[i].queue);
    }
    for (int32_t i = 0; i < in->nr_processes; i++) {
        g_free(in->processes[i].cpus);
        g_free(in->processes[i].group_threads);
    }
    for (int32_t i = 0; in->admin != NULL && i < in->spec->nr_admin; i++) {
        kernel_timer_cancel(in->interp->kernel, &in->admin[i].timer);
        g_free(in->admin[i].cpus);
        g_free(in->admin[i].nodes);
        g_free(in->admin[i].to_nodes);
    }
    g_free(in->objects);
    g_free(in->sources);
    g_free(in->processes);
    g_free(in->cgroups);
    g_free(in->admin);
    g_free(in->trace_threads);
    g_free(in);
}

/* ------------------------------------------------------------------------------------------- */
/* The driver                                                                                   */

static void driver_advance(struct kernel *k, struct task *t, void *data)
{
    struct thread *th = task_driver_data(t);

    (void)k;
    (void)data;
    if (th->trace != NULL) {
        replay_advance(th);
    } else {
        program_advance(th);
    }
}

/* Nothing that @t waits for may wake it now. One that has not started yet starts, and exits. */
static void driver_killed(struct kernel *k, struct task *t, void *data)
{
    struct thread *th = task_driver_data(t);

    (void)data;
    if (task_pub(t)->task_state == NUMASIM_TASK_NEW) {
        return;
    }
    th->path_ns = 0; /* it does not do what it was given */
    kernel_timer_cancel(k, &th->timer);
    list_del(&th->wait);
    th->waits_for_credit = th->joining = false;
    th->settles = false;
}

/* A task that was killed leaves no timer behind that would wake it, and nobody who joins it. */
static void driver_exited(struct kernel *k, struct task *t, void *data)
{
    struct thread *th = task_driver_data(t);

    (void)data;
    thread_end(th, NULL);
    kernel_timer_cancel(k, &th->timer);
    if (!list_empty(&th->wait)) {
        list_del(&th->wait);
    }
    if (th->trace != NULL) {
        replay_ended(th);
    }
}

static int64_t driver_remaining(struct kernel *k, struct task *t, void *data)
{
    (void)k;
    (void)data;
    return thread_remaining_ns(task_driver_data(t));
}

static void thread_free(gpointer data)
{
    struct thread *th = data;

    g_clear_pointer(&th->partners, g_hash_table_unref);
    g_clear_pointer(&th->owes, g_ptr_array_unref);
    g_clear_pointer(&th->owed_by, g_ptr_array_unref);
    if (th->frames != th->first_frames) {
        g_free(th->frames);
    }
}

static bool add_instances(struct interp *it, const struct workload *w, guint index, GError **error)
{
    struct rng workload = rng_entity(kernel_workload_rng(it->kernel), index);

    for (int32_t replica = 0; replica < MAX(w->replicas, 1); replica++) {
        struct instance *in = g_new0(struct instance, 1);

        in->interp = it;
        in->spec = w;
        in->rng = rng_entity(&workload, (uint64_t)replica);
        it->instances = g_renew(struct instance *, it->instances, it->nr_instances + 1);
        it->instances[it->nr_instances++] = in;
        if (!instance_fill(in, error)) {
            return false;
        }
    }
    return true;
}

struct interp *interp_new(struct kernel *k, const struct workload *const *workloads, guint nr,
                          GError **error)
{
    struct interp *it = g_new0(struct interp, 1);
    struct kernel_driver driver = {driver_advance,   driver_killed,    driver_exited,
                                   driver_remaining, program_prefetch, it};

    it->kernel = k;
    it->thread_slab = slab_new(sizeof(struct thread));
    it->threads = g_ptr_array_new_with_free_func(thread_free);
    it->source_names = g_ptr_array_new_with_free_func(g_free);
    it->metric_names = g_ptr_array_new_with_free_func(g_free);
    it->mixes = interp_mixes_new();
    kernel_set_driver(k, &driver);
    for (guint i = 0; i < nr; i++) {
        if (!add_instances(it, workloads[i], i, error)) {
            interp_free(it);
            return NULL;
        }
    }
    return it;
}

void interp_free(struct interp *it)
{
    if (it == NULL) {
        return;
    }
    for (guint i = 0; i < it->threads->len; i++) {
        struct thread *th = g_ptr_array_index(it->threads, i);

        kernel_timer_cancel(it->kernel, &th->timer);
    }
    for (guint i = 0; i < it->nr_instances; i++) {
        instance_free(it->instances[i]);
    }
    g_free(it->instances);
    g_ptr_array_unref(it->threads);
    slab_free(it->thread_slab);
    g_ptr_array_unref(it->source_names);
    g_ptr_array_unref(it->metric_names);
    g_hash_table_unref(it->mixes);
    g_free(it);
}
