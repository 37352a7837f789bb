/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces for ui.perfetto.dev and trace_processor: a stream of TracePackets in protocol buffers' wire
 * format. Fields and numbers are those of https://github.com/google/perfetto, protos/perfetto/:
 * trace/{trace_packet, ftrace/ftrace_event_bundle, ftrace/ftrace_event, ftrace/sched, interned_data/
 * interned_data, track_event/track_event, track_event/track_descriptor, track_event/process_descriptor,
 * track_event/thread_descriptor, track_event/counter_descriptor, track_event/debug_annotation}.proto and
 * common/system_info.proto. tests/cli/perfetto.proto lists them, and a trace is decoded by it. What the bits
 * of a task's state mean is read off the release in system_info (src/trace_processor/types/task_state.cc).
 *
 * Scheduler events are ftrace events, which give each CPU its track. Everything else is on tracks of our
 * own: slices, instants and counters, with flows from one to another. Times are ns, in the trace's own clock.
 * Packets need not be in the order of their times.
 */
#ifndef NUMASIM_FORMAT_TRACE_PERFETTO_H
#define NUMASIM_FORMAT_TRACE_PERFETTO_H

#include <glib.h>
#include <stdint.h>

#include "format/trace/ftrace-text.h"

struct perfetto;

/* CPU numbers are below @nr_cpus. Packets are appended to @out (borrowed), which the caller may empty
 * between calls. */
struct perfetto *perfetto_new(int32_t nr_cpus, GString *out);
void perfetto_free(struct perfetto *p); /* accepts NULL */
/* Writes what is held back. */
void perfetto_finish(struct perfetto *p);

/* Adds @e to what its CPU's ring buffer holds; that is written when it is full. */
void perfetto_ftrace(struct perfetto *p, const struct ftrace_event *e);

/* The track of the thread @who, of the process @who->tgid named @process. @uuid: any number but 0, one for
 * each track, here and below. Once for each. */
void perfetto_thread(struct perfetto *p, uint64_t uuid, const struct ftrace_task *who,
                     const char *process);
/* A track for counters; @unit is NULL or what is shown behind values. @parent: a track's uuid, or 0. */
void perfetto_counter_track(struct perfetto *p, uint64_t uuid, uint64_t parent, const char *name,
                            const char *unit);
/* A track without events, under which others stand. */
void perfetto_group_track(struct perfetto *p, uint64_t uuid, const char *name);

void perfetto_counter(struct perfetto *p, uint64_t uuid, int64_t now_ns, int64_t value);

/* A number with a name, shown with a slice. */
struct perfetto_note {
    const char *name; /* static: it is remembered */
    int64_t value;
};

/* A slice named @name on the track @uuid; @flow 0: none, else it ends there. Slices of a track do not overlap. */
void perfetto_slice(struct perfetto *p, uint64_t uuid, int64_t from_ns, int64_t to_ns,
                    const char *name, const struct perfetto_note *notes, int32_t nr_notes,
                    uint64_t flow);
/* A point in time at which the flow @flow begins. */
void perfetto_instant(struct perfetto *p, uint64_t uuid, int64_t now_ns, const char *name,
                      uint64_t flow);

#endif
