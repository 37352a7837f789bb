/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wasted CPU time: CPUs that run no task while tasks wait that may run there.
 *
 * At any instant the number of wasted CPUs is the size of a maximum matching between the idle CPUs
 * and the waiting tasks, with an edge where a task's affinity allows the CPU: the number of waiting
 * tasks that a perfect scheduler could set running at once. Where all affinities are the same it is
 * min(idle, waiting). The wasted time is the integral of that number over time.
 *
 * The count is exact. Tasks of one affinity form a class; the matching is kept between changes, and
 * each change costs at most one search for an augmenting path from the CPU or class that changed
 * (Berge's theorem: after one vertex is added to a graph with a maximum matching, an augmenting path
 * begins at that vertex). Searches are put off until time moves on while both an idle CPU and a
 * waiting task exist: changes that undo one another at one instant, and all changes of a machine
 * that is wholly busy or has nothing waiting, cost a few instructions.
 */
#ifndef NUMASIM_OBSERVE_WASTE_H
#define NUMASIM_OBSERVE_WASTE_H

#include <stdbool.h>
#include <stdint.h>

struct waste;

/* No CPU is idle and no task waits yet; the clock stands at 0. */
struct waste *waste_new(int32_t nr_cpus);
void waste_free(struct waste *w); /* accepts NULL */

/* The class of the affinity @allowed (bitmap of nr_cpus bits, copied); made at first sight. */
int32_t waste_class(struct waste *w, const uint64_t *allowed);
/* True iff @class_ is the class of @allowed. */
bool waste_class_matches(const struct waste *w, int32_t class_, const uint64_t *allowed);

/* A task of @class_ begins or ceases to wait; as many cease as began. */
void waste_wait_begin(struct waste *w, int32_t class_);
void waste_wait_end(struct waste *w, int32_t class_);
/* @cpu begins or ceases to be idle. Saying what is so already changes nothing. */
void waste_cpu_idle(struct waste *w, int32_t cpu);
void waste_cpu_busy(struct waste *w, int32_t cpu);

/* Counts the time up to @now_ns as things stand; before each change at a later time. */
void waste_advance(struct waste *w, int64_t now_ns);
/* CPU time wasted so far, up to the last waste_advance(), in ns. */
int64_t waste_total_ns(const struct waste *w);
/* CPUs idle and tasks waiting now. */
int32_t waste_nr_idle(const struct waste *w);
int64_t waste_nr_waiting(const struct waste *w);

#endif
