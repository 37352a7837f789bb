/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a run was as it was: what latencies are made of, by how long they were, and which tasks waited while
 * CPUs were idle, and why nobody moved them.
 *
 * A REQUEST is its source's queue (behind other requests, until the worker that takes it has ended the one
 * before), then the worker's time by kinds (account.h), until it is done. A WAKEUP is the time until the task
 * runs, by who ran on its CPU meanwhile. Both are put in buckets by their length: up to the median, and so on;
 * the bounds are those of the result (its histograms), so that buckets hold what their names say.
 *
 * WASTED TIME is that of observe/waste.h: CPUs idle while tasks wait that may run there, counted exactly. It is
 * laid to the tasks that wait longest of those that an idle CPU may run, as many as CPUs are wasted; and to the
 * last reason that a policy gave for leaving the task where it is, or for not looking, since it began to wait
 * (numasim_left(), newidle()). Where none was given, nobody looked.
 */
#ifndef NUMASIM_OBSERVE_EXPLAIN_H
#define NUMASIM_OBSERVE_EXPLAIN_H

#include <glib.h>
#include <stdint.h>

#include "kernel/kernel.h"
#include "observe/account.h"
#include "observe/result.h"

enum { EXPLAIN_NR_BUCKETS = 5 }; /* to p50, p90, p99, p99.9, and beyond */

/* One bucket of one latency. */
struct explain_bucket {
    uint64_t count;
    int64_t sum_ns;                  /* of the latencies; the parts add up to it */
    int64_t queued_ns;               /* of requests: behind others */
    int64_t kinds[NR_ACCOUNT_KINDS]; /* of requests: the worker's; of wakeups: WAITING, THROTTLED */
    GHashTable *behind;              /* of wakeups: char * -> int64_t *: who ran meanwhile */
};

struct explain_latency {
    char *name; /* "request_latency_ns.clients", "wakeup_latency_ns" */
    int64_t bounds_ns[EXPLAIN_NR_BUCKETS - 1];
    struct explain_bucket buckets[EXPLAIN_NR_BUCKETS];
};

struct explain_waste {
    const char *group;  /* "server/worker" */
    const char *reason; /* "cache-hot"; "nobody looked" */
    int64_t wasted_ns;
};

struct explain;

/*
 * Listens to @k. @r is the result of the same run: bounds of the buckets, and from when on it counts.
 * @sources: names of the request sources by index, NULL-terminated.
 */
struct explain *explain_new(struct kernel *k, const struct result *r, const char *const *sources);
/* The run is over. */
void explain_finish(struct explain *x, const struct kernel *k);
void explain_free(struct explain *x); /* accepts NULL */

/* For people, and as JSON, numasim-explain/1; newly allocated. After explain_finish(). */
char *explain_text(const struct explain *x);
char *explain_json(const struct explain *x);

#endif
