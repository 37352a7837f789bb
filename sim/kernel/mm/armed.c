/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/armed.h"

#include "kernel/structures.h"

static bool before(const struct armed_task *a, const struct armed_task *b)
{
    return a->end != b->end ? a->end < b->end : a->task->pub.id < b->task->pub.id;
}

static void put(struct armed *a, int32_t at, const struct armed_task *x)
{
    a->tasks[at] = *x;
    x->task->rate_index = at;
}

static void sift(struct armed *a, int32_t at, struct armed_task x)
{
    while (at > 0 && before(&x, &a->tasks[(at - 1) / 2])) {
        put(a, at, &a->tasks[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        int32_t child = 2 * at + 1;

        if (child + 1 < a->nr && before(&a->tasks[child + 1], &a->tasks[child])) {
            child++;
        }
        if (child >= a->nr || !before(&a->tasks[child], &x)) {
            break;
        }
        put(a, at, &a->tasks[child]);
        at = child;
    }
    put(a, at, &x);
}

void armed_put(struct armed *a, struct task *t, struct rq *rq)
{
    if (t->rate_index < 0) {
        if (a->nr == a->size) {
            a->size = MAX(2 * a->size, 4);
            a->tasks = g_renew(struct armed_task, a->tasks, (gsize)a->size);
        }
        t->rate_index = a->nr++;
    }
    sift(a, t->rate_index, (struct armed_task){t->rate_end, t, rq});
}

void armed_remove(struct armed *a, struct task *t)
{
    int32_t at = t->rate_index;
    struct armed_task last = a->tasks[--a->nr];

    t->rate_index = -1;
    if (last.task != t) {
        sift(a, at, last);
    }
}
