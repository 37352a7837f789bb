/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Life of a workload, and the names of its parts. */
#include "workload/workload.h"

const char *step_kind_name(enum step_kind kind)
{
    static const char *const names[] = {
        [STEP_RUN] = "run",
        [STEP_ACCESS] = "access",
        [STEP_TOUCH] = "touch",
        [STEP_SLEEP] = "sleep",
        [STEP_TIMER] = "timer",
        [STEP_WAIT] = "wait",
        [STEP_SIGNAL] = "signal",
        [STEP_READ] = "read",
        [STEP_WRITE] = "write",
        [STEP_BARRIER] = "barrier",
        [STEP_LOCK] = "lock",
        [STEP_UNLOCK] = "unlock",
        [STEP_COND_WAIT] = "cond-wait",
        [STEP_COND_SIGNAL] = "cond-signal",
        [STEP_COND_BROADCAST] = "cond-broadcast",
        [STEP_FORK] = "fork",
        [STEP_JOIN] = "join",
        [STEP_EXIT] = "exit",
        [STEP_YIELD] = "yield",
        [STEP_CPUTIME] = "cputime",
        [STEP_NICE] = "nice",
        [STEP_LOOP] = "loop",
        [STEP_SERVE] = "serve",
        [STEP_MEASURE] = "measure",
        [STEP_COUNT] = "count",
        [STEP_MADVISE] = "madvise",
        [STEP_EXEC] = "exec",
    };

    return names[kind];
}

const char *object_kind_name(enum object_kind kind)
{
    static const char *const names[] = {
        [OBJECT_SEMAPHORE] = "semaphore", [OBJECT_PIPE] = "pipe",
        [OBJECT_BARRIER] = "barrier",     [OBJECT_MUTEX] = "mutex",
        [OBJECT_SPINLOCK] = "spinlock",   [OBJECT_CONDITION] = "condition",
    };

    return names[kind];
}

void step_release(struct step *step)
{
    dist_release(&step->work);
    g_free(step->mix.entries);
    workload_steps_free(step->body, step->nr_body);
    *step = (struct step){0};
}

void workload_steps_free(struct step *steps, int32_t nr_steps)
{
    for (int32_t i = 0; i < nr_steps; i++) {
        step_release(&steps[i]);
    }
    g_free(steps);
}

static void mempolicy_free(struct workload_mempolicy *p)
{
    g_free(p->nodes);
    g_free(p->cpus);
    g_free(p->cpu_nodes);
}

void workload_regions_free(struct workload_region *regions, int32_t nr_regions)
{
    for (int32_t i = 0; i < nr_regions; i++) {
        g_free(regions[i].name);
        g_free(regions[i].object);
        mempolicy_free(&regions[i].policy);
    }
    g_free(regions);
}

static void process_release(struct workload_process *p)
{
    g_free(p->session);
    g_free(p->name);
    mempolicy_free(&p->policy);
    workload_regions_free(p->regions, p->nr_regions);
    for (int32_t i = 0; i < p->nr_groups; i++) {
        struct thread_group *g = &p->groups[i];

        g_free(g->name);
        g_free(g->cpus);
        g_free(g->nodes);
        mempolicy_free(&g->policy);
        dist_release(&g->start);
        workload_steps_free(g->steps, g->nr_steps);
    }
    g_free(p->groups);
}

static void trace_free(struct workload_trace *trace)
{
    if (trace == NULL) {
        return;
    }
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        g_free(trace->tasks[i].comm);
        g_free(trace->tasks[i].steps);
    }
    g_free(trace->tasks);
    for (int32_t i = 0; i < trace->nr_memory; i++) {
        g_free(trace->memory[i].comm);
        workload_regions_free(trace->memory[i].regions, trace->memory[i].nr_regions);
        g_free(trace->memory[i].mix.entries);
    }
    g_free(trace->memory);
    g_free(trace);
}

void workload_free(struct workload *w)
{
    if (w == NULL) {
        return;
    }
    for (int32_t i = 0; i < w->nr_objects; i++) {
        g_free(w->objects[i].name);
    }
    for (int32_t i = 0; i < w->nr_cgroups; i++) {
        g_free(w->cgroups[i].name);
        g_free(w->cgroups[i].cpus);
        g_free(w->cgroups[i].nodes);
    }
    for (int32_t i = 0; i < w->nr_processes; i++) {
        process_release(&w->processes[i]);
    }
    for (int32_t i = 0; i < w->nr_arrivals; i++) {
        g_free(w->arrivals[i].name);
    }
    for (int32_t i = 0; i < w->nr_admin; i++) {
        g_free(w->admin[i].cpus);
        g_free(w->admin[i].nodes);
        g_free(w->admin[i].to_nodes);
    }
    g_free(w->objects);
    g_free(w->cgroups);
    g_free(w->processes);
    g_free(w->arrivals);
    g_free(w->admin);
    trace_free(w->trace);
    g_strfreev(w->metrics);
    g_strfreev(w->sources);
    g_free(w->name);
    g_free(w->description);
    g_free(w->path);
    g_free(w->input_digest);
    g_free(w);
}
