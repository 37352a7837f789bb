/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/internal.h"

static const char *const tracepoint_names[NR_TRACEPOINTS] = {
    [TP_SCHED_SWITCH] = "sched_switch",
    [TP_SCHED_WAKING] = "sched_waking",
    [TP_SCHED_WAKEUP] = "sched_wakeup",
    [TP_SCHED_WAKEUP_NEW] = "sched_wakeup_new",
    [TP_SCHED_MIGRATE_TASK] = "sched_migrate_task",
    [TP_SCHED_PROCESS_FORK] = "sched_process_fork",
    [TP_SCHED_PROCESS_EXIT] = "sched_process_exit",
    [TP_SCHED_RATE] = "numasim_rate",
    [TP_RATE_CPU] = "numasim_rate_cpu",
    [TP_RATE_MEMORY] = "numasim_rate_memory",
    [TP_SCHED_MOVE_NUMA] = "sched_move_numa",
    [TP_MM_PAGE_ALLOC] = "mm_page_alloc",
    [TP_MM_PAGE_FREE] = "mm_page_free",
    [TP_MM_MIGRATE_PAGES] = "mm_migrate_pages",
    [TP_NUMA_HINT_FAULT] = "numasim_hint_fault",
    [TP_MEM_ACCESS] = "numasim_access",
    [TP_CGROUP_THROTTLE] = "numasim_throttle",
    [TP_REQUEST_ARRIVE] = "numasim_request_arrive",
    [TP_REQUEST_DONE] = "numasim_request_done",
    [TP_COUNT] = "numasim_count",
    [TP_MEASURE] = "numasim_measure",
    [TP_CPU_HOTPLUG] = "cpuhp_state",
    [TP_OOM_KILL] = "oom_kill",
    [TP_CGROUP_PERIOD] = "cgroup_period",
    [TP_MEM_LOAD] = "numasim_mem_load",
    [TP_COPY_PAGES] = "numasim_copy_pages",
    [TP_DROP_COPIES] = "numasim_drop_copies",
    [TP_MM_COLLAPSE] = "mm_collapse_huge_page",
    [TP_MM_TRANSACT_PAGES] = "numasim_transact_pages",
    [TP_DECISION] = "numasim_decision",
};

const char *tracepoint_name(enum tracepoint type)
{
    return tracepoint_names[type];
}

void kernel_listen(struct kernel *k, uint64_t mask, tp_listener_fn fn, void *data)
{
    g_assert(k->nr_listeners < G_N_ELEMENTS(k->listeners));
    k->listeners[k->nr_listeners++] = (struct listener){mask, fn, data};
    k->listen_mask |= mask;
}

void kernel_hash_events(struct kernel *k)
{
    digest_update(k->digest, k->events_to_hash, k->nr_events_to_hash * sizeof(struct tp_event));
    k->nr_events_to_hash = 0;
}

void kernel_tell_listeners(struct kernel *k, const struct tp_event *event)
{
    for (uint32_t i = 0; i < k->nr_listeners; i++) {
        const struct listener *l = &k->listeners[i];

        if ((l->mask >> event->type) & 1) {
            l->fn(event, l->data);
        }
    }
}

void kernel_emit(struct kernel *k, enum tracepoint type, int32_t task, int32_t cpu, int32_t other,
                 int64_t a, int64_t b, int64_t c)
{
    emit(k, type, task, cpu, other, a, b, c);
}

uint32_t kernel_waking_flags(const struct kernel *k)
{
    return k->waking_flags;
}

char *kernel_digest(const struct kernel *k)
{
    return digest_hex(k->digest);
}

struct numasim_decision *decision_begin(struct kernel *k, struct numasim_decision *record)
{
    if (!kernel_listens(k, TP_DECISION)) {
        return NULL;
    }
    *record = (struct numasim_decision){0};
    return record;
}

/* The name of reason @reason, or NULL where the plugin has none for it. */
static const char *reason_name(const struct numasim_policy *policy, uint32_t reason)
{
    if (policy->reasons == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; policy->reasons[i] != NULL; i++) {
        if (i == reason) {
            return policy->reasons[i];
        }
    }
    return NULL;
}

void decision_end(struct kernel *k, enum numasim_role role, const char *callback, int32_t task,
                  int32_t cpu, const struct numasim_decision *record)
{
    if (!kernel_listens(k, TP_DECISION)) {
        return;
    }
    const struct numasim_policy *policy = k->roles[role].policy;
    struct tp_decision decision = {
        .callback = callback,
        .plugin = policy->name,
        .reason = reason_name(policy, record->reason),
        .record = *record,
    };

    struct tp_event event = {k->now_ns,
                             TP_DECISION,
                             cpu,
                             task,
                             k->roles[role].self->slot,
                             (int64_t)(intptr_t)&decision,
                             0,
                             0};

    kernel_tell_listeners(k, &event);
}

void decision_pick(struct kernel *k, int32_t cpu, const struct task *t, uint32_t nr_queued)
{
    struct numasim_decision record = {.chosen = t->pub.id, .reason = UINT32_MAX};

    numasim_compared(&record, "nr_queued", nr_queued);
    decision_end(k, NUMASIM_ROLE_QUEUE, "queue.pick", t->pub.id, cpu, &record);
}
