/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What threads meet at. Everything is handed over in order of arrival: whoever releases gives to
 * the first in line, so a thread that wakes has what it waited for.
 */
#include "workload/interp-private.h"

static struct thread *first_of(struct list *waiters)
{
    if (list_empty(waiters)) {
        return NULL;
    }
    return container_of(waiters->next, struct thread, wait);
}

static enum step_result wait_in(struct thread *th, struct list *waiters, bool spins)
{
    list_add_tail(waiters, &th->wait);
    if (spins) {
        task_spin(thread_kernel(th), th->task);
    } else {
        task_block(thread_kernel(th), th->task);
    }
    return STEP_TAKES_TIME;
}

/* Lets @waiter, which is in some list, go on; @by acts. */
static void release(struct thread *waiter, struct thread *by, bool spins, uint32_t flags)
{
    list_del(&waiter->wait);
    if (spins) {
        task_spin_stop(thread_kernel(by), waiter->task);
    } else {
        kernel_wake(thread_kernel(by), waiter->task, by->task, flags);
    }
}

static enum step_result semaphore_down(struct thread *th, struct sync_object *o)
{
    if (o->level > 0) {
        o->level--;
        return STEP_GOES_ON;
    }
    return wait_in(th, &o->waiters, false);
}

static enum step_result semaphore_up(struct thread *th, struct sync_object *o, int64_t count)
{
    bool woke = false;

    for (; count > 0; count--) {
        struct thread *waiter = first_of(&o->waiters);

        if (waiter == NULL) {
            o->level += count;
            break;
        }
        release(waiter, th, false, 0);
        woke = true;
    }
    return woke ? pay(th) : STEP_GOES_ON;
}

/* Room for @bytes: all of it, or, for more than the pipe holds, an empty pipe. */
static bool pipe_has_room(const struct sync_object *o, int64_t bytes)
{
    return o->level + bytes <= o->spec->initial || o->level == 0;
}

/* Gives what is in the pipe to readers and its room to writers, in order, until neither moves. */
static bool pipe_settle(struct thread *th, struct sync_object *o)
{
    bool woke = false;

    for (;;) {
        struct thread *reader = first_of(&o->waiters);
        struct thread *writer = first_of(&o->writers);

        if (reader != NULL && o->level >= reader->wait_amount) {
            o->level -= reader->wait_amount;
            release(reader, th, false, NUMASIM_WAKE_SYNC);
        } else if (writer != NULL && pipe_has_room(o, writer->wait_amount)) {
            o->level += writer->wait_amount;
            release(writer, th, false, NUMASIM_WAKE_SYNC);
        } else {
            return woke;
        }
        woke = true;
    }
}

static enum step_result pipe_read(struct thread *th, struct sync_object *o, int64_t bytes)
{
    if (!list_empty(&o->waiters) || o->level < bytes) {
        th->wait_amount = bytes;
        return wait_in(th, &o->waiters, false);
    }
    o->level -= bytes;
    return pipe_settle(th, o) ? pay(th) : STEP_GOES_ON;
}

static enum step_result pipe_write(struct thread *th, struct sync_object *o, int64_t bytes)
{
    if (!list_empty(&o->writers) || !pipe_has_room(o, bytes)) {
        th->wait_amount = bytes;
        return wait_in(th, &o->writers, false);
    }
    o->level += bytes;
    return pipe_settle(th, o) ? pay(th) : STEP_GOES_ON;
}

static enum step_result barrier(struct thread *th, struct sync_object *o)
{
    struct thread *waiter;

    if (++o->level < o->spec->initial) {
        return wait_in(th, &o->waiters, o->spec->spin);
    }
    o->level = 0;
    while ((waiter = first_of(&o->waiters)) != NULL) {
        release(waiter, th, o->spec->spin, 0);
    }
    return pay(th);
}

static enum step_result lock(struct thread *th, struct sync_object *o)
{
    if (o->owner == NULL) {
        o->owner = th;
        return STEP_GOES_ON;
    }
    return wait_in(th, &o->waiters, o->spec->kind == OBJECT_SPINLOCK);
}

static bool unlock(struct thread *th, struct sync_object *o)
{
    struct thread *next = first_of(&o->waiters);

    o->owner = next;
    if (next == NULL) {
        return false;
    }
    release(next, th, o->spec->kind == OBJECT_SPINLOCK, 0);
    return true;
}

/* A waiter of a condition goes on when it has its mutex again. */
static bool condition_release(struct thread *th, struct sync_object *o)
{
    struct thread *waiter = first_of(&o->waiters);

    if (waiter == NULL) {
        return false;
    }
    struct sync_object *mutex = waiter->cond_mutex;

    if (mutex->owner != NULL) {
        list_del(&waiter->wait);
        list_add_tail(&mutex->waiters, &waiter->wait);
        return false;
    }
    mutex->owner = waiter;
    release(waiter, th, false, 0);
    return true;
}

static enum step_result condition_wait(struct thread *th, struct sync_object *o,
                                       struct sync_object *mutex)
{
    th->cond_mutex = mutex;
    unlock(th, mutex);
    return wait_in(th, &o->waiters, false);
}

static enum step_result condition_broadcast(struct thread *th, struct sync_object *o)
{
    bool woke = false;

    while (!list_empty(&o->waiters)) {
        woke |= condition_release(th, o);
    }
    return woke ? pay(th) : STEP_GOES_ON;
}

enum step_result sync_step(struct thread *th, const struct step *step)
{
    struct sync_object *o = &th->instance->objects[step->object];

    switch (step->kind) {
    case STEP_WAIT:
        return semaphore_down(th, o);
    case STEP_SIGNAL:
        return semaphore_up(th, o, step->count);
    case STEP_READ:
        return pipe_read(th, o, step->count);
    case STEP_WRITE:
        return pipe_write(th, o, step->count);
    case STEP_BARRIER:
        return barrier(th, o);
    case STEP_LOCK:
        return lock(th, o);
    case STEP_UNLOCK:
        return unlock(th, o) ? pay(th) : STEP_GOES_ON;
    case STEP_COND_WAIT:
        return condition_wait(th, o, &th->instance->objects[step->other]);
    case STEP_COND_SIGNAL:
        return condition_release(th, o) ? pay(th) : STEP_GOES_ON;
    case STEP_COND_BROADCAST:
        return condition_broadcast(th, o);
    default:
        g_assert_not_reached();
    }
}
