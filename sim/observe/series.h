/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time series: what changed in each interval, and how things stood at its end. Whoever runs the
 * kernel stops it at multiples of the interval and calls series_sample(); reading changes nothing.
 *
 * Columns, in this order:
 *   cpu.utilisation, cpu.overhead_ratio     of all CPUs over the interval
 *   cpu.wasted_ns                           in the interval (see observe/waste.h)
 *   cpu.idle                                CPUs that run nothing, at its end
 *   queue.waiting, queue.longest            tasks waiting, in all and on the longest run queue
 *   context_switches, wakeups, requests     in the interval
 *   migrations.LEVEL                        in the interval, one to a domain level
 *   memory.accesses, memory.local_access_ratio   in the interval; the ratio 0 without accesses
 *   numa.hint_faults, numa.hint_faults_local, numa.pages_migrated   in the interval; pages moved by
 *                                           hint faults
 *   memory.used_bytes.nodeN                 at its end, one to a node
 *   node.utilisation.nodeN                  of the CPUs of a node, over the interval; for nodes
 *                                           with CPUs
 */
#ifndef NUMASIM_OBSERVE_SERIES_H
#define NUMASIM_OBSERVE_SERIES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/machine.h"
#include "observe/metrics.h"
#include "observe/result.h"

struct series;

/* The most points that a series may have. Each has some dozens of columns, which stay in memory until
 * the run is over: a million are some hundreds of MB. */
enum { SERIES_MAX_POINTS = 1000000 };

/*
 * True if a run of @span_ns has room for a series at @interval_ns > 0; @span_ns may be TIME_NEVER_NS
 * where it is not known. False with NUMASIM_ERROR_INPUT, naming the smallest interval that has.
 */
bool series_check(int64_t interval_ns, int64_t span_ns, GError **error);

/* Everything is borrowed as long as the series. @interval_ns > 0. */
struct series *series_new(const struct machine *machine, struct metrics *metrics,
                          int64_t interval_ns);
void series_free(struct series *s); /* accepts NULL */

/* Begins an interval at @now_ns: at the start, and after metrics_reset(). */
void series_begin(struct series *s, int64_t now_ns, const struct cpu_times *times);
/*
 * Ends the interval at @now_ns and begins the next. @times: by CPU; @used_bytes: by node. Nothing
 * happens if no time has passed.
 */
void series_sample(struct series *s, int64_t now_ns, const struct cpu_times *times,
                   const int64_t *used_bytes);
/* True if it has SERIES_MAX_POINTS. */
bool series_full(const struct series *s);
/* Moves what was sampled into @r. */
void series_finish(struct series *s, struct result *r);

#endif
