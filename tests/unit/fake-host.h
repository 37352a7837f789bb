/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-host.h - one CPU with one queue, to try a queue policy's plugin alone.
 *
 * It stands in for the engine: it defines the functions of numasim-policy.h that a queue policy may
 * call, so a test links either this or the library. Nothing costs time here: no switch, no wakeup.
 * It calls the policy in the order that the header promises and asserts what the header demands.
 */
#ifndef NUMASIM_TESTS_FAKE_HOST_H
#define NUMASIM_TESTS_FAKE_HOST_H

#include "policy/numasim-policy.h"

#include <glib.h>

#define FAKE_TASKS_MAX  512
#define FAKE_PARAMS_MAX 32

struct fake_task {
    struct numasim_task task; /* first */
    int64_t run_ns;           /* CPU time so far */
    int64_t switched_in_ns;
    GArray *stretches; /* int64_t: lengths of uninterrupted running, in order */
};

struct numasim_host {
    int64_t now_ns, tick_ns, next_tick_ns;
    int64_t accounted_ns;   /* the current task has been accounted up to here */
    int64_t slice_timer_ns; /* NUMASIM_TIME_NEVER: none */
    int32_t nr_online;
    uint32_t wake_flags;    /* NUMASIM_WAKE_* of fake_wake() */
    uint32_t nr_elsewhere;  /* fair tasks on the CPU that are in other queues */
    struct numasim_cpu cpu; /* as numasim_cpu() answers */
    void *library;
    const struct numasim_policy *policy;
    const struct numasim_queue_ops *ops;
    struct numasim_self self;
    struct numasim_queue queue;
    int64_t params[FAKE_PARAMS_MAX];
    uint32_t nr_tasks, nr_switches;
    struct fake_task *tasks[FAKE_TASKS_MAX];
};

/* The plugin NAME from the same build as the test, its parameters at their defaults, 4 CPUs online,
 * a tick of 4 ms of which the first comes at 4 ms. Aborts the test if there is none. */
struct numasim_host *fake_host_new(const char *name);
void fake_host_free(struct numasim_host *host);

/* Sets a parameter by its name; aborts if there is none. Before the first task. */
void fake_set_param(struct numasim_host *host, const char *name, int64_t value);

/* A task that is not queued yet, owned by the host; task 0, 1, .. */
struct fake_task *fake_task_new(struct numasim_host *host, uint32_t weight);

/* As the engine would at a fork, a wakeup, and when a task blocks (the current one or not). Each
 * brings accounts up to date first; fork and wake preempt if the policy says so. Picking follows
 * only with fake_schedule() or when time passes. fake_block() returns what dequeue() did. */
void fake_fork(struct numasim_host *host, struct fake_task *t);
bool fake_wake(struct numasim_host *host, struct fake_task *t);
bool fake_block(struct numasim_host *host, struct fake_task *t);

/* Leaves for and comes from another CPU, runnable throughout. */
void fake_leave(struct numasim_host *host, struct fake_task *t);
void fake_join(struct numasim_host *host, struct fake_task *t);

/* Changes a weight, of a queued or a sleeping task. */
void fake_reweight(struct numasim_host *host, struct fake_task *t, uint32_t weight);

/* The current task yields. */
void fake_yield(struct numasim_host *host);

/* Picks, completes put-off dequeues, switches. Returns the current task or NULL. */
struct fake_task *fake_schedule(struct numasim_host *host);
struct fake_task *fake_current(struct numasim_host *host);

/* Lets time pass: ticks and slice timers, and a new pick where the policy asks for one. */
void fake_run(struct numasim_host *host, int64_t ns);

/* Service owed to @t now, in ns of CPU time. */
int64_t fake_lag(struct numasim_host *host, struct fake_task *t);

/* Of CPU time so far: the task's part in parts per million of @total_ns. */
int64_t fake_share_ppm(const struct fake_task *t, int64_t total_ns);
/* The median length of its stretches of running, in ns; 0 without any. */
int64_t fake_median_stretch_ns(const struct fake_task *t);

#endif
