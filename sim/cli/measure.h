/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far the memory of this machine is from its CPUs: idle load latency and bandwidth from each
 * node's CPUs to each node's memory, measured. The library has no clock; this is why it lives here.
 */
#ifndef NUMASIM_CLI_MEASURE_H
#define NUMASIM_CLI_MEASURE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/facts.h"

#define MEASURE_DEFAULT_BUDGET_NS INT64_C(40000000000)
#define MEASURE_MAX_BUDGET_NS     INT64_C(60000000000)

struct measure_options {
    bool progress;     /* show on standard error how far it is, on one line that is then cleared */
    int64_t budget_ns; /* wall clock for all of it; 0: the default, at most the maximum */
};

/*
 * Measures the machine that this process runs on, which @f describes (CPUs with their nodes, as
 * its sysfs says), and adds to @f:
 *   - the latency of each pair of nodes: loads that depend on one another, in random order over
 *     several times the LLC, from one CPU, median of several passes;
 *   - their bandwidth: one thread on each core of the CPUs' node reads, median of several passes;
 *   - of each memory node, read and write bandwidth from the CPUs that are nearest;
 *   - where both come from.
 * CPUs that this process may not use and memory that it may not have are left out; each refusal and
 * each pair that the time did not suffice for is told in a note of @f. False with NUMASIM_ERROR_IO
 * if nothing could be measured, with the first reason; NUMASIM_ERROR_USAGE if the budget is too
 * large.
 */
bool measure_memory(struct facts *f, const struct measure_options *options, GError **error);

#endif
