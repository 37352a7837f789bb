/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduler events from ftrace text, as the kernel's `trace` file and `trace-cmd report` print it,
 * plain or gzip-compressed (told by its first bytes):
 *
 *     comm-PID  [CPU] FLAGS  SECONDS.FRACTION: EVENT: FIELDS
 *
 * FLAGS (irqs off, need-resched, hardirq or softirq, preempt depth; Documentation/trace/ftrace.rst)
 * may be missing, a (TGID) may stand before the CPU, a comm may hold spaces, dashes, brackets. Fields
 * are read in the kernel's form (`prev_comm=a prev_pid=1 ...`, with `==>` or without, prev_state as
 * letters or as the number that kernels up to 4.13 print in raw form) and in the short form of
 * trace-cmd's plugin (`a:1 [120] S ==> b:2 [120]`, `b:2 [120] success=1 CPU:001`).
 *
 * Nothing is dropped in silence. Other events are counted; lines that cannot be read, markers of
 * lost events, and lines slightly out of order are counted, and the first of them kept as messages.
 * An error is: no event of ours at all, a file cut in the middle of a line, time running backwards
 * by more than FTRACE_REORDER_NS, more than a tenth of the lines unreadable.
 */
#ifndef NUMASIM_FORMAT_TRACE_FTRACE_TEXT_H
#define NUMASIM_FORMAT_TRACE_FTRACE_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FTRACE_REORDER_NS = 1000000,     /* lines further out of order than this are an error */
    FTRACE_MAX_MESSAGES = 20,        /* warnings kept as text; all are counted */
    FTRACE_MAX_BYTES = 1 << 30,      /* of text, after decompression */
    FTRACE_COMM_MAX = 15,            /* TASK_COMM_LEN - 1; longer ones are cut */
    FTRACE_MAX_CPUS = 4096,          /* CPU numbers from here on are taken for damage */
    FTRACE_MAX_PID = 4 * 1024 * 1024 /* PID_MAX_LIMIT, include/linux/threads.h */
};

enum ftrace_kind {
    FTRACE_SWITCH,     /* task -> other, task_state */
    FTRACE_WAKING,     /* task, dest_cpu: where it was */
    FTRACE_WAKEUP,     /* task, dest_cpu: where it is queued */
    FTRACE_WAKEUP_NEW, /* task, dest_cpu */
    FTRACE_MIGRATE,    /* task, orig_cpu, dest_cpu */
    FTRACE_FORK,       /* task: the parent, other: the child */
    FTRACE_EXEC,       /* task (its comm is not told) */
    FTRACE_EXIT,       /* task */
    NR_FTRACE_KINDS
};
const char *ftrace_kind_name(enum ftrace_kind kind); /* "sched_switch", ... */

/* What the CPU did when it printed the line. */
enum ftrace_context {
    FTRACE_CONTEXT_UNKNOWN, /* the text has no flags */
    FTRACE_CONTEXT_TASK,
    FTRACE_CONTEXT_SOFTIRQ, /* serving one; not merely with softirqs off */
    FTRACE_CONTEXT_HARDIRQ, /* or an NMI */
};

enum ftrace_state {
    FTRACE_STATE_RUNNABLE, /* R, R+: it lost the CPU and goes on wanting it */
    FTRACE_STATE_SLEEP,    /* S and the rarer T, t, P: an interruptible wait */
    FTRACE_STATE_DISK,     /* D: an uninterruptible wait */
    FTRACE_STATE_IDLE,     /* I: a kernel thread waiting for work */
    FTRACE_STATE_DEAD,     /* Z, X */
};

/* If a wake says that its waker is about to sleep (WF_SYNC): " sync=0" or " sync=1" behind the fields
 * that the kernel has, as ftrace-write.h writes it. */
enum ftrace_sync { FTRACE_SYNC_NOT_TOLD, FTRACE_SYNC_NO, FTRACE_SYNC_YES };

/* A task as an event names it. comm is owned by the struct ftrace_text; NULL where not told. */
struct ftrace_task {
    const char *comm;
    int32_t pid;
    int32_t prio; /* INT32_MIN where not told */
    int32_t tgid; /* of its process; 0 where not told, as by every line of text */
};

struct ftrace_event {
    int64_t time_ns;
    uint32_t line; /* 1-based */
    int32_t cpu;   /* that printed it */
    enum ftrace_kind kind;
    enum ftrace_context context;
    enum ftrace_state task_state;
    bool preempted;             /* RUNNABLE: against its will, "R+" */
    enum ftrace_sync sync;      /* of a WAKING */
    int32_t orig_cpu, dest_cpu; /* -1 where not told */
    struct ftrace_task printer; /* the task on whose back the line was printed; pid 0: idle */
    struct ftrace_task task;    /* whom the event is about */
    struct ftrace_task other;   /* SWITCH: next; FORK: child */
};

struct ftrace_text {
    char *name; /* path or display name */
    struct ftrace_event *events;
    size_t nr_events;
    uint64_t kind_counts[NR_FTRACE_KINDS];
    bool tells_sync; /* at least one wake tells if it is synchronous */
    int32_t nr_cpus; /* highest CPU number + 1 */
    bool has_flags;  /* at least one line has them */
    char *digest;    /* digest_of() the file's bytes as they are (compressed or not) */

    uint64_t nr_lines;
    uint64_t unknown_events;  /* well-formed lines of other events */
    uint64_t malformed_lines; /* skipped */
    uint64_t lost_markers;    /* `CPU:1 [LOST 123 EVENTS]` and trace-cmd's `[123 EVENTS DROPPED]` */
    uint64_t lost_events;     /* sum of their numbers */
    uint64_t reordered_lines; /* within FTRACE_REORDER_NS; the events are sorted */
    uint64_t
        late_buffers; /* `##### CPU 1 buffer started ####`: this CPU's earlier events are lost */
    uint64_t missing_entries;  /* fewer lines than the header's entries-in-buffer says */
    uint64_t unfinished_lines; /* 1: the last line lacks its newline; left out, for it may be cut */
    GPtrArray *messages;       /* char *: "NAME:LINE: ..." of the first warnings */
    GStringChunk *strings;     /* owns every comm */
};

/* Reads the file at @path. NULL with @error (NUMASIM_ERROR_INPUT or _IO). */
struct ftrace_text *ftrace_text_load(const char *path, GError **error);
/* Reads @size bytes (text or gzip); @name stands in messages where a path would. */
struct ftrace_text *ftrace_text_load_buffer(const char *name, const char *bytes, size_t size,
                                            GError **error);
void ftrace_text_free(struct ftrace_text *text); /* accepts NULL */
typedef struct ftrace_text ftrace_text_t;        /* for g_autoptr(ftrace_text_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ftrace_text_t, ftrace_text_free)

/* Sum of all that makes the text less than a whole record. */
uint64_t ftrace_text_warnings(const struct ftrace_text *text);

/* What one line is. */
enum ftrace_line {
    FTRACE_LINE_EVENT,
    FTRACE_LINE_OTHER_EVENT, /* well-formed, none of ours, or a wakeup that did not succeed */
    FTRACE_LINE_COMMENT,     /* empty, `#...`, `version = 6`, `cpus=2`, `CPU 0 is empty` */
    FTRACE_LINE_LOST,        /* task.pid is the number of events, 0 if not told; cpu */
    FTRACE_LINE_MALFORMED,
};

/*
 * Reads one line of @size bytes without its newline. Fills *@ret_event (all but line), whose comms
 * go to @strings. @ret_why is set to what is wrong (static text) for FTRACE_LINE_MALFORMED.
 */
enum ftrace_line ftrace_line_read(const char *bytes, size_t size, GStringChunk *strings,
                                  struct ftrace_event *ret_event, const char **ret_why);

#endif
