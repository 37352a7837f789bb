/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the tracepoints of a run, for tests that know when each has to come. */
#ifndef NUMASIM_TESTS_EVENT_LOG_H
#define NUMASIM_TESTS_EVENT_LOG_H

#include "engine-fixture.h"

/* Begins to keep every event of @e but decisions. Free with g_array_unref(). */
GArray *event_log_new(struct engine *e);
/* The @n-th event of @type about @task (-1: any), or NULL. */
const struct tp_event *event_log_find(const GArray *log, enum tracepoint type, int32_t task, int n);
/* When the @n-th such event came; its absence ends the test program. */
int64_t event_log_time(const GArray *log, enum tracepoint type, int32_t task, int n);
/* The last one of any task, or NULL. */
const struct tp_event *event_log_last(const GArray *log, enum tracepoint type);
/* How many there are. */
int event_log_count(const GArray *log, enum tracepoint type, int32_t task);
/* Sum of their fields a, with @cpu and @other as given (-1: any). */
int64_t event_log_sum(const GArray *log, enum tracepoint type, int32_t cpu, int32_t other);

/* A shipped topology's text with @old replaced by @new_, which has to occur; newly allocated. */
char *topology_with(const char *name, const char *old, const char *new_);

#endif
