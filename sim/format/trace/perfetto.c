/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/perfetto.h"

#include <string.h>

#include "format/trace/protobuf.h"

/* Field numbers, by message. */
enum { TRACE_PACKET = 1 };
enum {
    PACKET_FTRACE_EVENTS = 1,
    PACKET_TIMESTAMP = 8,
    PACKET_SEQUENCE_ID = 10,
    PACKET_TRACK_EVENT = 11,
    PACKET_INTERNED_DATA = 12,
    PACKET_SEQUENCE_FLAGS = 13,
    PACKET_TRACK_DESCRIPTOR = 60
};
enum { SEQ_INCREMENTAL_STATE_CLEARED = 1, SEQ_NEEDS_INCREMENTAL_STATE = 2 };
enum { SEQUENCE_FTRACE = 1, SEQUENCE_TRACKS = 2 };
enum { BUNDLE_CPU = 1, BUNDLE_EVENT = 2 };
enum { INTERNED_EVENT_NAMES = 2, INTERNED_ANNOTATION_NAMES = 3, NAME_IID = 1, NAME_TEXT = 2 };
enum {
    DESCRIPTOR_UUID = 1,
    DESCRIPTOR_NAME = 2,
    DESCRIPTOR_PROCESS = 3,
    DESCRIPTOR_THREAD = 4,
    DESCRIPTOR_PARENT = 5,
    DESCRIPTOR_COUNTER = 8
};
enum { PROCESS_PID = 1, PROCESS_NAME = 6, THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum { COUNTER_UNIT_NAME = 6 };
enum {
    EVENT_ANNOTATIONS = 4,
    EVENT_TYPE = 9,
    EVENT_NAME_IID = 10,
    EVENT_TRACK = 11,
    EVENT_COUNTER_VALUE = 30,
    EVENT_FLOWS = 47,
    EVENT_TERMINATING_FLOWS = 48
};
enum { TYPE_SLICE_BEGIN = 1, TYPE_SLICE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };
enum { ANNOTATION_NAME_IID = 1, ANNOTATION_INT = 4 };
enum { FTRACE_TIMESTAMP = 1, FTRACE_PID = 2 };

enum { PACKET_SYSTEM_INFO = 45, SYSTEM_UTSNAME = 1, UTSNAME_SYSNAME = 1, UTSNAME_RELEASE = 3 };

enum { BUNDLE_BYTES = 16384 };

enum names { NAMES_OF_EVENTS, NAMES_OF_ANNOTATIONS, NR_NAMES };

struct perfetto {
    GString *out;
    int32_t nr_cpus;
    GString **bundles;           /* [nr_cpus] events not written yet */
    GHashTable *names[NR_NAMES]; /* static strings -> iid */
    GHashTable *processes;
    GString *packet, *inner, *part, *interned; /* being built */
    bool begun;                                /* the sequence of tracks has had its first packet */
};

/* What the bits of a task's state mean depends on the release; these are those of state_bits(). */
static void write_system(struct perfetto *p)
{
    g_autoptr(GString) utsname = g_string_new(NULL);
    g_autoptr(GString) system = g_string_new(NULL);

    protobuf_string(utsname, UTSNAME_SYSNAME, "Linux");
    protobuf_string(utsname, UTSNAME_RELEASE, "6.12.0");
    protobuf_message(system, SYSTEM_UTSNAME, utsname);
    protobuf_int(p->packet, PACKET_SEQUENCE_ID, SEQUENCE_FTRACE);
    protobuf_message(p->packet, PACKET_SYSTEM_INFO, system);
    protobuf_message(p->out, TRACE_PACKET, p->packet);
}

struct perfetto *perfetto_new(int32_t nr_cpus, GString *out)
{
    struct perfetto *p = g_new0(struct perfetto, 1);

    p->out = out;
    p->nr_cpus = nr_cpus;
    p->bundles = g_new0(GString *, (gsize)nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        p->bundles[cpu] = g_string_new(NULL);
    }
    for (int i = 0; i < NR_NAMES; i++) {
        p->names[i] = g_hash_table_new(g_str_hash, g_str_equal);
    }
    p->processes = g_hash_table_new(g_direct_hash, g_direct_equal);
    p->packet = g_string_new(NULL);
    p->inner = g_string_new(NULL);
    p->part = g_string_new(NULL);
    p->interned = g_string_new(NULL);
    write_system(p);
    return p;
}

void perfetto_free(struct perfetto *p)
{
    if (p == NULL) {
        return;
    }
    for (int32_t cpu = 0; cpu < p->nr_cpus; cpu++) {
        g_string_free(p->bundles[cpu], TRUE);
    }
    g_free(p->bundles);
    for (int i = 0; i < NR_NAMES; i++) {
        g_hash_table_unref(p->names[i]);
    }
    g_hash_table_unref(p->processes);
    g_string_free(p->packet, TRUE);
    g_string_free(p->inner, TRUE);
    g_string_free(p->part, TRUE);
    g_string_free(p->interned, TRUE);
    g_free(p);
}

/* ------------------------------------------------------------------------------------------- */
/* Ftrace                                                                                       */

static void write_bundle(struct perfetto *p, int32_t cpu)
{
    GString *bundle = p->bundles[cpu];

    if (bundle->len == 0) {
        return;
    }
    g_string_truncate(p->inner, 0);
    protobuf_int(p->inner, BUNDLE_CPU, cpu);
    g_string_append_len(p->inner, bundle->str, (gssize)bundle->len);
    g_string_truncate(p->packet, 0);
    protobuf_int(p->packet, PACKET_SEQUENCE_ID, SEQUENCE_FTRACE);
    protobuf_message(p->packet, PACKET_FTRACE_EVENTS, p->inner);
    protobuf_message(p->out, TRACE_PACKET, p->packet);
    g_string_truncate(bundle, 0);
}

void perfetto_finish(struct perfetto *p)
{
    for (int32_t cpu = 0; cpu < p->nr_cpus; cpu++) {
        write_bundle(p, cpu);
    }
}

/* A task's state as the bits of the kernel's trace (include/linux/sched.h, 6.12: TASK_REPORT_MAX). */
static int64_t state_bits(const struct ftrace_event *e)
{
    switch (e->task_state) {
    case FTRACE_STATE_SLEEP:
        return 1;
    case FTRACE_STATE_DISK:
        return 2;
    case FTRACE_STATE_DEAD:
        return 16;
    case FTRACE_STATE_IDLE:
        return 128;
    case FTRACE_STATE_RUNNABLE:
        break;
    }
    return e->preempted ? 256 : 0;
}

static void put_task(GString *m, int field, const struct ftrace_task *t, bool prio)
{
    protobuf_string(m, field, t->comm != NULL ? t->comm : "");
    protobuf_int(m, field + 1, t->pid);
    if (prio) {
        protobuf_int(m, field + 2, t->prio);
    }
}

/* The fields of each message, in the order in which the kernel has them; returns the event's number. */
static int put_fields(GString *m, const struct ftrace_event *e)
{
    switch (e->kind) {
    case FTRACE_SWITCH:
        put_task(m, 1, &e->task, true);
        protobuf_int(m, 4, state_bits(e));
        put_task(m, 5, &e->other, true);
        return 4;
    case FTRACE_WAKING:
    case FTRACE_WAKEUP:
    case FTRACE_WAKEUP_NEW:
        put_task(m, 1, &e->task, true);
        protobuf_int(m, 4, 1);
        protobuf_int(m, 5, e->dest_cpu);
        return e->kind == FTRACE_WAKING ? 20 : e->kind == FTRACE_WAKEUP ? 17 : 114;
    case FTRACE_MIGRATE:
        put_task(m, 1, &e->task, true);
        protobuf_int(m, 4, e->orig_cpu);
        protobuf_int(m, 5, e->dest_cpu);
        return 491;
    case FTRACE_FORK:
        put_task(m, 1, &e->task, false);
        put_task(m, 3, &e->other, false);
        return 239;
    case FTRACE_EXEC:
        put_task(m, 1, &e->task, false);
        protobuf_int(m, 3, e->task.pid);
        return 237;
    case FTRACE_EXIT:
        put_task(m, 1, &e->task, false);
        protobuf_int(m, 3, e->task.tgid);
        protobuf_int(m, 4, e->task.prio);
        return 238;
    case NR_FTRACE_KINDS:
        break;
    }
    return 0;
}

void perfetto_ftrace(struct perfetto *p, const struct ftrace_event *e)
{
    int number;

    g_string_truncate(p->part, 0);
    number = put_fields(p->part, e);
    g_string_truncate(p->inner, 0);
    protobuf_int(p->inner, FTRACE_TIMESTAMP, e->time_ns);
    protobuf_int(p->inner, FTRACE_PID, e->printer.pid);
    protobuf_message(p->inner, number, p->part);
    protobuf_message(p->bundles[e->cpu], BUNDLE_EVENT, p->inner);
    if (p->bundles[e->cpu]->len >= BUNDLE_BYTES) {
        write_bundle(p, e->cpu);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Tracks                                                                                       */

static void begin_packet(struct perfetto *p)
{
    g_string_truncate(p->packet, 0);
    protobuf_int(p->packet, PACKET_SEQUENCE_ID, SEQUENCE_TRACKS);
    protobuf_int(p->packet, PACKET_SEQUENCE_FLAGS,
                 SEQ_NEEDS_INCREMENTAL_STATE | (p->begun ? 0 : SEQ_INCREMENTAL_STATE_CLEARED));
    p->begun = true;
}

static void write_descriptor(struct perfetto *p)
{
    begin_packet(p);
    protobuf_message(p->packet, PACKET_TRACK_DESCRIPTOR, p->inner);
    protobuf_message(p->out, TRACE_PACKET, p->packet);
}

static void begin_descriptor(struct perfetto *p, uint64_t uuid, uint64_t parent, const char *name)
{
    g_string_truncate(p->inner, 0);
    g_string_truncate(p->part, 0);
    protobuf_uint(p->inner, DESCRIPTOR_UUID, uuid);
    if (name != NULL) {
        protobuf_string(p->inner, DESCRIPTOR_NAME, name);
    }
    if (parent != 0) {
        protobuf_uint(p->inner, DESCRIPTOR_PARENT, parent);
    }
}

/* A process is told once, by a track of its own whose uuid no caller uses. */
static void tell_process(struct perfetto *p, int32_t pid, const char *name)
{
    if (g_hash_table_add(p->processes, GINT_TO_POINTER(pid))) {
        begin_descriptor(p, (UINT64_C(1) << 63) | (uint64_t)pid, 0, NULL);
        protobuf_int(p->part, PROCESS_PID, pid);
        protobuf_string(p->part, PROCESS_NAME, name);
        protobuf_message(p->inner, DESCRIPTOR_PROCESS, p->part);
        write_descriptor(p);
    }
}

void perfetto_thread(struct perfetto *p, uint64_t uuid, const struct ftrace_task *who,
                     const char *process)
{
    tell_process(p, who->tgid, process);
    begin_descriptor(p, uuid, 0, NULL);
    protobuf_int(p->part, THREAD_PID, who->tgid);
    protobuf_int(p->part, THREAD_TID, who->pid);
    protobuf_string(p->part, THREAD_NAME, who->comm);
    protobuf_message(p->inner, DESCRIPTOR_THREAD, p->part);
    write_descriptor(p);
}

void perfetto_counter_track(struct perfetto *p, uint64_t uuid, uint64_t parent, const char *name,
                            const char *unit)
{
    begin_descriptor(p, uuid, parent, name);
    if (unit != NULL) {
        protobuf_string(p->part, COUNTER_UNIT_NAME, unit);
    }
    protobuf_message(p->inner, DESCRIPTOR_COUNTER, p->part);
    write_descriptor(p);
}

void perfetto_group_track(struct perfetto *p, uint64_t uuid, const char *name)
{
    begin_descriptor(p, uuid, 0, name);
    write_descriptor(p);
}

/* The number of @name, which the packet that uses it first explains. */
static uint64_t intern(struct perfetto *p, const char *name, enum names kind)
{
    uint64_t iid = GPOINTER_TO_SIZE(g_hash_table_lookup(p->names[kind], name));

    if (iid == 0) {
        g_autoptr(GString) entry = g_string_new(NULL);

        iid = g_hash_table_size(p->names[kind]) + 1;
        g_hash_table_insert(p->names[kind], (gpointer)name, GSIZE_TO_POINTER(iid));
        protobuf_uint(entry, NAME_IID, iid);
        protobuf_string(entry, NAME_TEXT, name);
        protobuf_message(p->interned,
                         kind == NAMES_OF_EVENTS ? INTERNED_EVENT_NAMES : INTERNED_ANNOTATION_NAMES,
                         entry);
    }
    return iid;
}

/* Begins the packet of an event of @type on the track @uuid; @name NULL: none. */
static void begin_event(struct perfetto *p, uint64_t uuid, int64_t now_ns, int type,
                        const char *name)
{
    begin_packet(p);
    protobuf_int(p->packet, PACKET_TIMESTAMP, now_ns);
    g_string_truncate(p->inner, 0);
    g_string_truncate(p->interned, 0);
    protobuf_int(p->inner, EVENT_TYPE, type);
    protobuf_uint(p->inner, EVENT_TRACK, uuid);
    if (name != NULL) {
        protobuf_uint(p->inner, EVENT_NAME_IID, intern(p, name, NAMES_OF_EVENTS));
    }
}

static void write_event(struct perfetto *p)
{
    if (p->interned->len > 0) {
        protobuf_message(p->packet, PACKET_INTERNED_DATA, p->interned);
    }
    protobuf_message(p->packet, PACKET_TRACK_EVENT, p->inner);
    protobuf_message(p->out, TRACE_PACKET, p->packet);
}

void perfetto_counter(struct perfetto *p, uint64_t uuid, int64_t now_ns, int64_t value)
{
    begin_event(p, uuid, now_ns, TYPE_COUNTER, NULL);
    protobuf_int(p->inner, EVENT_COUNTER_VALUE, value);
    write_event(p);
}

void perfetto_slice(struct perfetto *p, uint64_t uuid, int64_t from_ns, int64_t to_ns,
                    const char *name, const struct perfetto_note *notes, int32_t nr_notes,
                    uint64_t flow)
{
    begin_event(p, uuid, from_ns, TYPE_SLICE_BEGIN, name);
    for (int32_t i = 0; i < nr_notes; i++) {
        g_string_truncate(p->part, 0);
        protobuf_uint(p->part, ANNOTATION_NAME_IID, intern(p, notes[i].name, NAMES_OF_ANNOTATIONS));
        protobuf_int(p->part, ANNOTATION_INT, notes[i].value);
        protobuf_message(p->inner, EVENT_ANNOTATIONS, p->part);
    }
    if (flow != 0) {
        protobuf_fixed64(p->inner, EVENT_TERMINATING_FLOWS, flow);
    }
    write_event(p);
    begin_event(p, uuid, to_ns, TYPE_SLICE_END, NULL);
    write_event(p);
}

void perfetto_instant(struct perfetto *p, uint64_t uuid, int64_t now_ns, const char *name,
                      uint64_t flow)
{
    begin_event(p, uuid, now_ns, TYPE_INSTANT, name);
    protobuf_fixed64(p->inner, EVENT_FLOWS, flow);
    write_event(p);
}
