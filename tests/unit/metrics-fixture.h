/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics to be fed with events made by hand: two nodes of two CPUs each, CPUs 0-1 under one LLC on
 * node 0, 2-3 on node 1. Tasks 0 and 1 are "web" of "server", 2 is "log" of "server" in cgroup "inner"
 * of "outer", 3 is a kernel thread on CPU 3. No kernel is needed.
 */
#ifndef NUMASIM_TESTS_UNIT_METRICS_FIXTURE_H
#define NUMASIM_TESTS_UNIT_METRICS_FIXTURE_H

#include <glib.h>

#include "machine/domains.h"
#include "observe/metrics.h"

enum { METRICS_NR_CPUS = 4 };

struct metrics_fixture {
    struct machine *machine;
    struct sched_domains *sds;
    struct metrics *metrics;
    struct cpu_times times[METRICS_NR_CPUS];
};

/* For g_test_add(). */
void metrics_fixture_set_up(struct metrics_fixture *f, gconstpointer data);
void metrics_fixture_tear_down(struct metrics_fixture *f, gconstpointer data);

/* One event; then two of the commonest. */
void metrics_feed(struct metrics_fixture *f, int64_t time_ns, enum tracepoint type, int32_t task,
                  int32_t cpu, int32_t other, int64_t a, int64_t b, int64_t c);
void metrics_feed_wakeup(struct metrics_fixture *f, int64_t time_ns, int32_t task, int32_t cpu);
void metrics_feed_switch(struct metrics_fixture *f, int64_t time_ns, int32_t cpu, int32_t prev,
                         int32_t next, enum task_leave why);

/* The result at @now_ns; and that its metric @name is there and has @value. */
struct result *metrics_end(struct metrics_fixture *f, int64_t now_ns);
void metrics_assert(const struct result *r, const char *name, int64_t value);

#endif
