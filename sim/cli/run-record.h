/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who ran where in one run, as occupancy.csv has it. */
#ifndef NUMASIM_CLI_RUN_RECORD_H
#define NUMASIM_CLI_RUN_RECORD_H

#include <glib.h>

#include "kernel/kernel.h"

struct run_record;

/* Listens to @k from its start, to the nanosecond. */
struct run_record *run_record_new(struct kernel *k);
/* The run is over; takes what it needs from @k. */
void run_record_finish(struct run_record *record, const struct kernel *k);
void run_record_free(struct run_record *record); /* accepts NULL */

/*
 * "cpu,start_ns,end_ns,task,comm" and a line to each stretch in which one task had a CPU, by CPU and
 * time; idling is left out. CPUs by the numbers that the outside uses. Newly allocated.
 */
char *run_record_to_csv(const struct run_record *record);

#endif
