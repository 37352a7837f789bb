/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-numa - automatic NUMA balancing.
 *
 * IDEA. What a process accesses cannot be seen, but its pages can be unmapped by and by, and each one's
 * next access is a fault that tells who wanted it from where. From the faults follow a preferred node
 * for each task, and for tasks that share pages one for all of them; pages go where they are wanted
 * from twice in a row, tasks go where their pages are, if need be in exchange for another.
 *
 * SOURCE. kernel/sched/fair.c, task_tick_numa() to task_numa_migrate(); mm/mempolicy.c,
 * mpol_misplaced(); mm/mprotect.c, change_pte_range(); mm/migrate.c, migrate_misplaced_folio(); of 6.1,
 * 6.6, 6.11, 6.12 and 7.3. For the second mode Huang Ying, "NUMA balancing: optimize memory placement
 * for memory tiering system" (5.18).
 *
 * FITS. Long-running programs whose threads have memory of their own, or few groups that fit a node.
 *
 * DOES NOT FIT. Programs larger than 150 GiB, for which the least scan period of 100 ms is also the
 * largest, so that it cannot adapt; short ones, that end before a pass does; memory that all nodes
 * share evenly, which is spread at best.
 *
 * SIMPLER HERE. Faults alike come in batches and are told the same, statistics between them apart. What
 * other lists hold pages back (the LRU's, writeback, pins, mapped by several processes) is not known:
 * pages of a shared file count as dirty, all others can be moved. A claim of a CPU by a task that is on
 * its way holds for that instant. Pages of 16 and 64 KiB that a release leaves alone are counted as
 * hint faults by the host.
 *
 * PARAMETERS. See params.c. COMPLEXITY. A tick O(1); a scan O(extents); a fault O(1), O(nodes) once a
 * pass, O(CPUs) where a task looks for a place.
 */
#include "linux-numa.h"

#include <stdlib.h>

enum { STAMP_TICKS = 2 };

static bool numa_init(struct numasim_self *self, char *error, size_t size)
{
    struct numa_state *state = numa_state(self);

    (void)error;
    (void)size;
    state->knobs = (struct numa_knobs){
        .scan_delay_ms = self->param[NUMA_PARAM_SCAN_DELAY],
        .scan_period_min_ms = self->param[NUMA_PARAM_PERIOD_MIN],
        .scan_period_max_ms = self->param[NUMA_PARAM_PERIOD_MAX],
        .scan_size_mb = self->param[NUMA_PARAM_SCAN_SIZE],
    };
    state->hz = INT64_C(1000000000) / numasim_tick_ns(self->host);
    numa_find_topology(self);
    return true;
}

static void numa_fini(struct numasim_self *self)
{
    struct numa_state *state = numa_state(self);

    for (struct numa_task *t = state->tasks; t != NULL; t = t->next) {
        free(t->faults);
    }
    for (struct numa_group *g = state->groups, *next; g != NULL; g = next) {
        next = g->next;
        free(g);
    }
}

/* init_numa_balancing() */
static void numa_task_init(struct numasim_self *self, struct numasim_task *task,
                           struct numasim_task *parent)
{
    struct numa_state *state = numa_state(self);
    struct numa_task *own = numa_task(self, task);
    struct numa_mm *mm;

    if (task->process == NULL) {
        return;
    }
    mm = numa_mm(self, task->process);
    own->period_ms = self->param[NUMA_PARAM_SCAN_DELAY];
    if (!mm->begun) {
        mm->begun = true;
        mm->next_scan_j = numasim_jiffies(self->host) +
                          numa_ms_to_jiffies(self, self->param[NUMA_PARAM_SCAN_DELAY]);
    } else { /* a thread; the kernel adds milliseconds as if they were nanoseconds */
        const struct numa_task *creator =
            parent != NULL && parent->process == task->process ? numa_task(self, parent) : own;
        struct numa_sharing sharing = numa_sharing_of(self, creator);
        int64_t max = numa_scan_max_ms(&state->knobs, numa_rss_pages(self, task), &sharing);
        uint32_t spread = (uint32_t)((uint64_t)creator->period_ms *
                                     (uint64_t)task->process->nr_threads * 1000000);

        own->node_stamp_ns = (max < (int64_t)spread ? max : (int64_t)spread) +
                             STAMP_TICKS * numasim_tick_ns(self->host);
    }
    own->scan_seq = mm->scan_seq;
}

/* Takes @own's counts out of the list, and frees them. */
static void forget_faults(struct numasim_self *self, struct numa_task *own)
{
    if (own->faults == NULL) {
        return;
    }
    numa_leave_group(self, own);
    if (own->prev != NULL) {
        own->prev->next = own->next;
    } else {
        numa_state(self)->tasks = own->next;
    }
    if (own->next != NULL) {
        own->next->prev = own->prev;
    }
    free(own->faults);
    own->prev = own->next = NULL;
    own->faults = NULL;
}

/* task_numa_free() */
static void numa_task_exit(struct numasim_self *self, struct numasim_task *task)
{
    forget_faults(self, numa_task(self, task));
}

/* The same at an exec: the node, the period and the stamp stay, and the new address space waits for its
 * first scan. */
static void numa_exec(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    struct numa_mm *mm = numa_mm(self, task->process);

    forget_faults(self, own);
    own->total = 0;
    *mm = (struct numa_mm){.begun = true};
    numa_publish(self, task);
}

/* migrate_degrades_locality() asks the group first. */
static int32_t numa_locality(struct numasim_self *self, const struct numasim_task *task,
                             int32_t src, int32_t dst)
{
    int32_t distance = numasim_distance(self->host, src, dst);

    if (task->process == NULL) {
        return 0;
    }
    if (numa_task(self, task)->group != NULL) {
        return (int32_t)(numa_group_weight(self, task, dst, distance) -
                         numa_group_weight(self, task, src, distance));
    }
    return (int32_t)(numa_task_weight(self, task, dst, distance) -
                     numa_task_weight(self, task, src, distance));
}

static const struct numasim_numa_ops numa_ops = {
    .tick = numa_tick,
    .task_work = numa_task_work,
    .hint_fault = numa_hint_fault,
    .fault_done = numa_fault_done,
    .moved = numa_moved,
    .exec = numa_exec,
    .locality = numa_locality,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "linux-numa",
    .summary = "automatic NUMA balancing: hint faults, preferred nodes, tasks and pages that move",
    .version = "2",
    .essay =
        "Each thread that has used its scan period's CPU time protects the next 256 MB of its\n"
        "process; the next access to each page is a hint fault, which costs time and tells who\n"
        "wanted the page from which node. A page moves when a task without a preferred node\n"
        "first wants it, or when two faults in a row come from one node. Faults are averaged,\n"
        "the past counting half with each pass; the node with most of them is the task's\n"
        "preferred node, that of its group if it shares pages, and it moves there if the loads\n"
        "allow, or changes places with a task that loses less. The period shrinks while shared\n"
        "faults are remote, and grows else. Mode 2 promotes pages of slow memory that are\n"
        "accessed soon after a scan. Source: kernel/sched/fair.c, mm/mempolicy.c, mm/migrate.c,\n"
        "6.1 to 7.3; parameters that name a release switch between them.\n"
        "\n"
        "Fits long-running programs with threads that have memory of their own. Does not fit\n"
        "short ones, and those beyond 150 GiB, where the period can no longer adapt. Simpler\n"
        "here: faults alike are decided on as a batch; pages that are pinned, under writeback or\n"
        "mapped by several processes are not known. O(1) a fault, O(nodes) a pass and task,\n"
        "O(CPUs) where a task looks for a place.\n",
    .params = numa_params,
    .reasons = numa_reasons,
    .state_size = sizeof(struct numa_state),
    .task_state_size = sizeof(struct numa_task),
    .cpu_state_size = sizeof(struct numa_cpu),
    .node_state_size = sizeof(struct numa_node),
    .process_state_size = sizeof(struct numa_mm),
    .region_state_size = sizeof(struct numa_vma),
    .init = numa_init,
    .fini = numa_fini,
    .task_init = numa_task_init,
    .task_exit = numa_task_exit,
    .numa = &numa_ops,
};
