/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/stall.h"

#include "kernel/mm/memory.h"

static struct stall *stall_of(struct task *t)
{
    if (t->stall == NULL) {
        t->stall = g_new0(struct stall, 1);
        t->stall->task = t;
        t->stall->later = g_array_new(FALSE, FALSE, sizeof(struct touch_later));
    }
    return t->stall;
}

void stall_for(struct task *t, int64_t delay_ns)
{
    stall_of(t)->delay_ns += delay_ns;
}

bool task_stalled(const struct task *t)
{
    return t->stall != NULL && t->stall->delay_ns > 0;
}

void stall_touch_later(struct task *t, const struct touch_later *later)
{
    g_array_append_vals(stall_of(t)->later, later, 1);
}

static void expired(struct kernel *k, struct ktimer *timer)
{
    kernel_wake(k, container_of(timer, struct stall, timer)->task, NULL, 0);
}

void stall_begin(struct kernel *k, struct task *t)
{
    struct stall *s = t->stall;

    if (s->delay_ns == 0 || t->action != ACTION_RUN || t->oom_killed || k->failed) {
        return;
    }
    s->work_left = t->work_left;
    s->waits = true;
    s->timer.fn = expired;
    /* Once what it did so far is paid for. */
    kernel_timer_set(k, &s->timer, MAX(task_rq(k, t)->segment_start_ns, k->now_ns) + s->delay_ns);
    s->delay_ns = 0;
    task_block(k, t);
}

void stall_end(struct kernel *k, struct task *t)
{
    struct stall *s = t->stall;
    GArray *later = s->later;

    s->waits = false;
    t->action = ACTION_RUN;
    t->work_left = s->work_left;
    s->later = g_array_new(FALSE, FALSE, sizeof(struct touch_later));
    touch_go_on(k, t, (const struct touch_later *)(const void *)later->data, later->len);
    g_array_free(later, TRUE);
}

void stall_cancel(struct kernel *k, struct task *t)
{
    if (t->stall != NULL && t->stall->waits) {
        kernel_timer_cancel(k, &t->stall->timer);
        t->stall->waits = false;
    }
}

void stall_free(struct kernel *k, struct task *t)
{
    if (t->stall != NULL) {
        stall_cancel(k, t);
        g_array_free(t->stall->later, TRUE);
        g_free(t->stall);
    }
}
