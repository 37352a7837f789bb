/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of explain share:
 *
 *   explain.c          making, dispatch
 *   explain-latency.c  what latencies are made of
 *   explain-waste.c    who waited while CPUs were idle, and why
 *   explain-text.c     for people and machines
 */
#ifndef NUMASIM_OBSERVE_EXPLAIN_PRIVATE_H
#define NUMASIM_OBSERVE_EXPLAIN_PRIVATE_H

#include "observe/explain.h"
#include "observe/task-names.h"
#include "observe/waste.h"

/* A request that is done, whose worker's last span has not ended yet. */
struct xsample {
    int64_t arrival_ns, done_ns;
    int64_t last_done_ns; /* of the worker's request before */
    int32_t latency;      /* index */
};

struct xtask {
    /* explain-latency.c */
    bool serves;
    int64_t last_done_ns;
    GArray *spans;    /* struct account_span since last_done_ns, NULL until its first request */
    GArray *samples;  /* struct xsample */
    int64_t woken_ns; /* its sched_wakeup, until it runs; -1 none */
    int64_t held_ns;  /* of that time, throttled */
    int32_t wait_cpu; /* where it waits, -1 nowhere */
    int64_t
        *ran_before; /* [nr_ran of that CPU] what each group had run there when the wait began */
    int32_t nr_ran_before;
    GHashTable *behind; /* group -> int64_t *, of this wait so far */

    /* explain-waste.c */
    int32_t class_;     /* of its affinity, while it waits */
    bool waits;         /* and is not throttled */
    int64_t since_ns;   /* runnable since */
    int32_t next, prev; /* among those that wait, by since_ns; -1 ends */
    const char *reason; /* why it was left where it is; NULL: nobody said */
};

/* Who ran on a CPU for how long, by group. */
struct xcpu {
    int32_t curr; /* -1: idle */
    bool online;
    int64_t since_ns;
    int64_t *ran_ns; /* [nr_ran] by number of the group */
    int32_t nr_ran;
};

struct explain {
    const struct kernel *kernel;
    int32_t nr_cpus;
    int64_t from_ns; /* end of the warmup */
    struct task_names *names;
    struct account *account;
    GHashTable *group_ids; /* name -> number + 1 */
    GPtrArray *groups;     /* const char *, by number; 0 is "idle" */
    struct xtask *tasks;
    int32_t nr_tasks;
    struct xcpu *cpus;

    int32_t nr_sources, *latency_of; /* [nr_sources] index of the latency: equal names share one */
    struct explain_latency *latencies; /* requests by source, then the wakeups */
    int32_t nr_latencies;

    struct waste *waste;
    int64_t waste_now_ns, wasted_ns;
    int32_t first_waiting, last_waiting;
    const char *pass_reason; /* the last that a CPU that looked for work gave */
    int64_t pass_ns;
    GArray *wastes; /* struct explain_waste */
};

struct xtask *explain_task(struct explain *x, int32_t id);
/* The number of the group of task @id; 0 for -1. */
int32_t explain_group(struct explain *x, int32_t id);

/* explain-latency.c */
void latency_span(struct explain *x, const struct account_span *s);
void latency_state(struct explain *x, int32_t id, enum account_state from, enum account_state to,
                   int32_t cpu, int64_t now_ns);
void latency_switch(struct explain *x, const struct tp_event *e);
void latency_request(struct explain *x, const struct tp_event *e);
void latency_init(struct explain *x, const struct result *r, const char *const *sources);
void latency_release(struct explain *x);
void latency_task_release(struct xtask *t);

/* explain-waste.c */
void waste_init(struct explain *x);
void waste_release(struct explain *x);
/* Lays the time up to @now_ns to those that wait; before anything changes. */
void waste_until(struct explain *x, int64_t now_ns);
void waste_state(struct explain *x, int32_t id, enum account_state from, enum account_state to,
                 int64_t now_ns);
void waste_switch(struct explain *x, const struct tp_event *e);
void waste_hotplug(struct explain *x, const struct tp_event *e);
void waste_decision(struct explain *x, const struct tp_event *e);

#endif
