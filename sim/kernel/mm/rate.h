/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate classes: running tasks alike in rate, and the work that each of them does while they are.
 *
 * A task with a mix of accesses runs as a member of the class of all that need the same of the core,
 * the LLC and each node's memory for a unit of work. A class carries virtual work: what a member does
 * that runs all the time. A member remembers where the virtual work stood when it began, and at which
 * value its own is done; so when a rate changes, the class notes it once, however many members it
 * has, and only the one that is done first has an event.
 *
 * Rates follow from contend.h. They are brought up to date at the end of an instant in which
 * members came or went, but no sooner than host.rate_step after the last time.
 */
#ifndef NUMASIM_KERNEL_MM_RATE_H
#define NUMASIM_KERNEL_MM_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct evq_entry;
struct kernel;
struct rq;
struct task;
struct rate_class;

/* What a unit of work reads from and writes to one node. */
struct rate_flow {
    int32_t node;
    uint64_t misses_milli; /* lines a second of work x 1000, which the task waits for */
    uint64_t side_milli;   /* of them, those that the node's memory-side cache does not have */
    uint64_t writes_milli; /* lines written back, which nobody waits for */
};

/* What makes tasks alike. Paces are wall time per work x 2^20, as in pace.c. */
struct rate_key {
    uint64_t core, smt, cold, tlb; /* parts that do not depend on the load of memory */
    int32_t llc, cpu_node, mlp_ppm;
    int32_t nr_flows;
};

void rates_new(struct kernel *k);
void rates_free(struct kernel *k);

/*
 * @t, which runs, belongs to the class of @key and @flows (by node, ascending) from now on; it has left
 * its former one, with its progress settled. True if it was of another class before.
 */
bool rate_join(struct kernel *k, struct task *t, const struct rate_key *key,
               const struct rate_flow *flows);
/*
 * The same for the class that it joined last, where what makes it a member is as it was then. False, and
 * nothing was done but leaving, if there is no such class any more.
 */
bool rate_rejoin(struct kernel *k, struct task *t, bool *ret_other);
/* The present pace of @t, which has a class: wall ns per ns of work x 2^20. */
uint64_t rate_pace(const struct task *t);
/* The number of its class, for tracepoints; -1 none. */
int32_t rate_class_id(const struct task *t);
/* @t leaves its class, if it has one; its progress is settled. */
void rate_leave(struct kernel *k, struct task *t);

/* Units of work that @t did since the last call, at most what it has left of @limit. */
uint64_t rate_progress(struct kernel *k, struct task *t, uint64_t limit);
/* @t has @work units to do from @from_ns (now or later) on: its CPU's segment ends when they are done.
 * Replaces what was armed. */
void rate_arm(struct kernel *k, struct task *t, int64_t from_ns, uint64_t work);
void rate_disarm(struct kernel *k, struct task *t);

/* Every running task may be of another class: looked at before the next rates are found. */
void rates_refresh_all(struct kernel *k);

/* Events: somebody of a class is done; the counts of classes changed in this instant. */
void rate_done_event(struct kernel *k, struct evq_entry *e);
void rates_event(struct kernel *k);
/* Whose event @e, a class's, will be, and where that task runs; NULL: nobody's. */
const struct task *rate_next(const struct evq_entry *e, const struct rq **ret_rq);

/* Present latency from @cpu_node to memory of @node, its waits included; use of @node's controller. */
int64_t rates_latency_ns(const struct kernel *k, int32_t cpu_node, int32_t node);
int32_t rates_utilisation_ppm(const struct kernel *k, int32_t node);

#endif
