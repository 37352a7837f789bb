/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timed administrative steps: CPUs going off and on, cpusets, weights, quotas, affinities. */
#include "workload/interp-private.h"

static void set_affinity(struct instance *in, const struct workload_admin *spec,
                         const uint64_t *cpus)
{
    const struct workload_process *process = &in->spec->processes[spec->process];

    for (guint i = 0; i < in->interp->threads->len; i++) {
        struct thread *th = g_ptr_array_index(in->interp->threads, i);

        if (th->instance == in && th->process != NULL && th->process->spec == process &&
            !th->ended) {
            kernel_task_set_cpus(in->interp->kernel, th->task, cpus);
        }
    }
}

/* What is done to each instance of the process that the step names. */
static void for_processes(struct instance *in, const struct workload_admin *spec,
                          const struct admin_timer *admin)
{
    struct kernel *k = in->interp->kernel;

    for (int32_t i = 0; i < in->nr_processes; i++) {
        struct process_instance *p = &in->processes[i];

        if (p->spec != &in->spec->processes[spec->process] || p->process->pub.nr_threads == 0) {
            continue;
        }
        if (spec->kind == ADMIN_MOVE) {
            p->cgroup = spec->cgroup >= 0 ? in->cgroups[spec->cgroup] : 0;
            kernel_process_set_cgroup(k, p->process, p->cgroup, spec->migrate);
        } else {
            kernel_process_migrate_pages(k, p->process, admin->nodes, admin->to_nodes);
        }
    }
}

static void carry_out(struct kernel *k, struct ktimer *timer)
{
    struct admin_timer *admin = container_of(timer, struct admin_timer, timer);
    const struct workload_admin *spec = admin->spec;
    struct instance *in = admin->instance;

    switch (spec->kind) {
    case ADMIN_CPU_OFFLINE:
    case ADMIN_CPU_ONLINE:
        if (!kernel_cpu_set_online(k, spec->cpu, spec->kind == ADMIN_CPU_ONLINE)) {
            kernel_fail(k, "CPU %d is the last one online and cannot be taken down", spec->cpu);
        }
        break;
    case ADMIN_CPUSET:
        kernel_cgroup_set_cpus(k, in->cgroups[spec->cgroup], admin->cpus);
        break;
    case ADMIN_WEIGHT:
        kernel_cgroup_set_weight(k, in->cgroups[spec->cgroup], (uint32_t)spec->value);
        break;
    case ADMIN_QUOTA:
        kernel_cgroup_set_bandwidth(k, in->cgroups[spec->cgroup], spec->value, spec->period_ns,
                                    spec->burst_ns);
        break;
    case ADMIN_AFFINITY:
        set_affinity(in, spec, admin->cpus);
        break;
    case ADMIN_MEMS:
        kernel_cgroup_set_nodes(k, in->cgroups[spec->cgroup], admin->nodes, spec->migrate);
        break;
    case ADMIN_MOVE:
    case ADMIN_MIGRATEPAGES:
        for_processes(in, spec, admin);
        break;
    }
}

bool admin_new(struct instance *in, GError **error)
{
    const struct workload *w = in->spec;
    struct interp *it = in->interp;

    in->admin = g_new0(struct admin_timer, (gsize)w->nr_admin);
    for (int32_t i = 0; i < w->nr_admin; i++) {
        const struct workload_admin *spec = &w->admin[i];
        struct admin_timer *admin = &in->admin[i];
        const char *path = w->path != NULL ? w->path : w->name;
        g_autofree char *where =
            g_strdup_printf("%s:%u:%u", path, spec->mark.line, spec->mark.column);

        admin->spec = spec;
        admin->instance = in;
        admin->timer.fn = carry_out;
        if (!interp_parse_cpus(it, spec->cpus, NULL, where, &admin->cpus, error) ||
            !interp_parse_nodes(it, spec->nodes, where, &admin->nodes, error) ||
            !interp_parse_nodes(it, spec->to_nodes, where, &admin->to_nodes, error)) {
            return false;
        }
        if ((spec->kind == ADMIN_CPU_OFFLINE || spec->kind == ADMIN_CPU_ONLINE) &&
            spec->cpu >= kernel_machine(it->kernel)->nr_cpus) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: machine '%s' has no CPU %d; it has CPUs 0-%d", where,
                        kernel_machine(it->kernel)->name, spec->cpu,
                        kernel_machine(it->kernel)->nr_cpus - 1);
            return false;
        }
        kernel_timer_set(it->kernel, &admin->timer, spec->at_ns);
    }
    return true;
}
