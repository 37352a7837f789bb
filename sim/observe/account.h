/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each task's time went: every ns from the start of the run to the task's end belongs to exactly
 * one kind, so that the kinds add up to the time at which it ended.
 *
 * A listener on tracepoints, as metrics.h. It tells spans as they end, for whoever wants them in order,
 * and sums them for each task.
 *
 * A span of running is divided by the components of its pace (rate-clock.h), and by what the kernel took;
 * all others are of one kind. Tasks are as they are told: one that is woken while it stands on its CPU to
 * block does not sleep.
 */
#ifndef NUMASIM_OBSERVE_ACCOUNT_H
#define NUMASIM_OBSERVE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/rate-clock.h"
#include "observe/throttled.h"

/* In the order in which time is attributed: first the components of a pace in theirs. */
enum account_kind {
    ACCOUNT_FULL, /* = RATE_FULL, and so on */
    ACCOUNT_SMT,
    ACCOUNT_COLD,
    ACCOUNT_REMOTE,
    ACCOUNT_BANDWIDTH,
    ACCOUNT_TLB,
    ACCOUNT_KERNEL,    /* on its CPU: switches, faults, what else the kernel does there */
    ACCOUNT_WAITING,   /* could run, and another did, or its CPU was not there yet */
    ACCOUNT_THROTTLED, /* waits, and its cgroup's quota is used up */
    ACCOUNT_COMING,    /* from sched_waking to sched_wakeup: the IPI, the way out of idle */
    ACCOUNT_BLOCKED,   /* slept until somebody, or a timer, woke it */
    ACCOUNT_UNBORN,    /* did not exist yet, or had not been started */
    NR_ACCOUNT_KINDS
};

/* "full", "smt", ... "unborn"; and for people: "waiting for a CPU". */
const char *account_kind_name(enum account_kind kind);
const char *account_kind_phrase(enum account_kind kind);

enum account_state {
    ACCOUNT_IS_UNBORN,
    ACCOUNT_IS_BLOCKED,
    ACCOUNT_IS_COMING,
    ACCOUNT_IS_WAITING,
    ACCOUNT_IS_THROTTLED,
    ACCOUNT_IS_RUNNING,
    ACCOUNT_IS_DEAD,
};

struct account_span {
    int32_t task;
    enum account_state state; /* never DEAD */
    int32_t cpu;              /* where it ran, waited or last was; -1 nowhere yet */
    int32_t by; /* BLOCKED: who woke it, -1 a timer or nobody; WAITING: who ran there when it ended,
                   -1 nobody; else -1 */
    int64_t from_ns, to_ns;
    int64_t kinds[NR_ACCOUNT_KINDS]; /* add up to its length */
};

struct account_config {
    int32_t nr_cpus;
    throttled_path_fn cgroups; /* NULL: none */
    void *cgroups_data;
    /* Told of each span as it ends, in order of their ends; those of length 0 are left out. Optional. */
    void (*span)(const struct account_span *s, void *data);
    /* Told when task @id comes to be in another state, or waits on another CPU; after its span. Optional. */
    void (*state)(int32_t id, enum account_state from, enum account_state to, int32_t cpu,
                  int64_t now_ns, void *data);
    void *data;
};

struct account;

struct account *account_new(const struct account_config *config);
void account_free(struct account *a); /* accepts NULL */

/* The events that account_event() wants, as kernel_listen() takes them. */
uint64_t account_mask(void);
/* A tp_listener_fn; @data is the struct account. */
void account_event(const struct tp_event *event, void *data);

/* Ends every span at @now_ns, not before the last event; @times are those of each CPU now. What comes
 * later begins new ones. */
void account_cut(struct account *a, int64_t now_ns, const struct cpu_times *times);

/* Tasks seen so far: 0 .. account_nr_tasks() - 1; one of them may have had no event of its own. */
int32_t account_nr_tasks(const struct account *a);
/* [NR_ACCOUNT_KINDS], borrowed: the time of task @id up to its end or the last cut. */
const int64_t *account_kinds(const struct account *a, int32_t id);
/* When it ended; -1: it has not. */
int64_t account_end_ns(const struct account *a, int32_t id);

#endif
