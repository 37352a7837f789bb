/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the trace import share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_TRACE_PRIVATE_H
#define NUMASIM_FORMAT_TRACE_PRIVATE_H

#include "base/error.h"
#include "base/time.h"
#include "format/trace/build.h"
#include "format/trace/task.h"
#include "format/trace/ticks.h"

enum { BUILDING_CPU_UNSEEN = -1 };

struct building_cpu {
    int32_t pid;     /* who runs; 0: idle; BUILDING_CPU_UNSEEN */
    int64_t last_ns; /* its last event */
};

/* The import at work. */
struct building {
    const struct ftrace_text *text;
    struct trace_import_options options;
    struct trace_import *import; /* the counts so far */
    struct trace_ticks ticks;
    enum ftrace_kind waking; /* FTRACE_WAKING, or FTRACE_WAKEUP where the text has no other */
    int64_t start_ns, end_ns;
    GPtrArray *tasks;   /* struct building_task *, by index; owned */
    GHashTable *by_pid; /* the latest task of each pid */
    struct building_cpu *cpus;
};

void building_init(struct building *b, const struct ftrace_text *text,
                   const struct trace_import_options *options, struct trace_import *import);
void building_release(struct building *b);

struct building_task *building_find(const struct building *b, int32_t pid); /* NULL: not seen yet */
/* A new task in state READY, the latest under its pid. */
struct building_task *building_add(struct building *b, const struct ftrace_task *who);
/* The task that prints @e, NULL for the idle task. building_expect() has been called before. */
struct building_task *building_printer(const struct building *b, const struct ftrace_event *e);

/*
 * @who shows that it runs on @cpu. If it is another than the last switch said, the switch between
 * them is not in the record: infers it.
 */
void building_expect(struct building *b, int32_t cpu, const struct ftrace_task *who,
                     int64_t now_ns);
/*
 * @t has been woken, and its CPU idles by the record: then it runs, or has run, and the switch is
 * not in the record. To be asked when a further wake of @t comes.
 */
void building_notice_run(struct building *b, struct building_task *t, int64_t now_ns);
/* @who begins to run on @cpu; @recorded: a switch says so. */
void building_switch_in(struct building *b, int32_t cpu, const struct ftrace_task *who,
                        int64_t now_ns, bool recorded);

/* An early wake of @t has come before its block: puts both at this point of @t's run. */
void building_settle_early_wake(struct building *b, struct building_task *t);

/* Fills in what the import's report says of the whole. */
void building_report(struct building *b, const struct workload *w);

#endif
