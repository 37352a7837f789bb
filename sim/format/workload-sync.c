/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a program at which threads meet: semaphores, pipes, barriers, locks, conditions. */
#include "format/workload-private.h"

#define KIND(name) (1u << OBJECT_##name)

#define MAX_SIGNALS    INT64_C(1000000000)
#define MAX_PIPE_BYTES (INT64_C(1) << 40)

struct sync_spec {
    const struct yaml_node *object, *mutex;
    int64_t count, bytes;
};

static const struct yaml_field signal_fields[] = {
    {.key = "sem",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct sync_spec, object),
     .required = true},
    {.key = "count",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct sync_spec, count),
     .min = 1,
     .max = MAX_SIGNALS},
    {.key = NULL},
};

static const struct yaml_field pipe_fields[] = {
    {.key = "pipe",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct sync_spec, object),
     .required = true},
    {.key = "bytes",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct sync_spec, bytes),
     .unit = UNIT_BYTES,
     .min = 1,
     .max = MAX_PIPE_BYTES,
     .required = true},
    {.key = NULL},
};

static const struct yaml_field cond_wait_fields[] = {
    {.key = "condition",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct sync_spec, object),
     .required = true},
    {.key = "mutex",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct sync_spec, mutex),
     .required = true},
    {.key = NULL},
};

static bool read_wait(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    step->count = 1;
    return workload_object_ref(r, arg, KIND(SEMAPHORE), &step->object, error);
}

static bool read_signal(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                        GError **error)
{
    struct sync_spec spec = {.object = arg, .count = 1};

    if (arg->kind != YAML_KIND_SCALAR && !yaml_read_fields(arg, signal_fields, &spec, error)) {
        return false;
    }
    step->count = spec.count;
    return workload_object_ref(r, spec.object, KIND(SEMAPHORE), &step->object, error);
}

static bool read_pipe(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    struct sync_spec spec = {.bytes = 0};

    if (!yaml_read_fields(arg, pipe_fields, &spec, error)) {
        return false;
    }
    step->count = spec.bytes;
    return workload_object_ref(r, spec.object, KIND(PIPE), &step->object, error);
}

static bool read_barrier(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                         GError **error)
{
    return workload_object_ref(r, arg, KIND(BARRIER), &step->object, error);
}

static bool read_lock(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    return workload_object_ref(r, arg, KIND(MUTEX) | KIND(SPINLOCK), &step->object, error);
}

static bool read_condition(struct workload_reader *r, const struct yaml_node *arg,
                           struct step *step, GError **error)
{
    return workload_object_ref(r, arg, KIND(CONDITION), &step->object, error);
}

static bool read_cond_wait(struct workload_reader *r, const struct yaml_node *arg,
                           struct step *step, GError **error)
{
    struct sync_spec spec = {.count = 0};

    return yaml_read_fields(arg, cond_wait_fields, &spec, error) &&
           workload_object_ref(r, spec.object, KIND(CONDITION), &step->object, error) &&
           workload_object_ref(r, spec.mutex, KIND(MUTEX), &step->other, error);
}

const struct step_word workload_sync_words[] = {
    {"wait", STEP_WAIT, false, read_wait, "wait: SEMAPHORE"},
    {"signal", STEP_SIGNAL, false, read_signal, "signal: SEMAPHORE"},
    {"read", STEP_READ, false, read_pipe, "read: {pipe: NAME, bytes: 100B}"},
    {"write", STEP_WRITE, false, read_pipe, "write: {pipe: NAME, bytes: 100B}"},
    {"barrier", STEP_BARRIER, false, read_barrier, "barrier: NAME"},
    {"lock", STEP_LOCK, false, read_lock, "lock: NAME"},
    {"unlock", STEP_UNLOCK, false, read_lock, "unlock: NAME"},
    {"cond-wait", STEP_COND_WAIT, false, read_cond_wait,
     "cond-wait: {condition: NAME, mutex: NAME}"},
    {"cond-signal", STEP_COND_SIGNAL, false, read_condition, "cond-signal: NAME"},
    {"cond-broadcast", STEP_COND_BROADCAST, false, read_condition, "cond-broadcast: NAME"},
    {.word = NULL},
};
