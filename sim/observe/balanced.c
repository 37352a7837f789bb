/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether runnable tasks are spread evenly: no online CPU has two more of them than another. */
#include "observe/metrics-private.h"

static void grow(struct mbalanced *b, int32_t nr)
{
    int32_t from = b->size;

    if (nr < from) {
        return;
    }
    b->size = MAX(nr + 1, from * 2);
    b->cpus_with = g_renew(int32_t, b->cpus_with, (gsize)b->size);
    for (int32_t i = from; i < b->size; i++) {
        b->cpus_with[i] = 0;
    }
}

void balanced_init(struct metrics *m)
{
    struct mbalanced *b = &m->balanced;

    grow(b, 15);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct mcpu *c = &m->cpus[cpu];

        c->nr_counted = c->online ? 0 : -1;
        b->cpus_with[0] += c->online ? 1 : 0;
    }
}

void balanced_release(struct metrics *m)
{
    g_free(m->balanced.cpus_with);
}

/* The extremes of what the online CPUs have, of which there is at least one. */
static void find_extremes(struct mbalanced *b, int32_t nr)
{
    if (nr >= 0) {
        b->least = MIN(b->least, nr);
        b->most = MAX(b->most, nr);
    }
    while (b->least + 1 < b->size && b->cpus_with[b->least] == 0) {
        b->least++;
    }
    while (b->most > 0 && b->cpus_with[b->most] == 0) {
        b->most--;
    }
}

void balanced_update(struct metrics *m, int32_t cpu, int64_t now_ns)
{
    struct mbalanced *b = &m->balanced;
    struct mcpu *c = &m->cpus[cpu];
    int32_t nr = c->online ? (int32_t)c->nr_waiting + (c->curr >= 0 ? 1 : 0) : -1;

    if (nr == c->nr_counted) {
        return;
    }
    if (c->nr_counted >= 0) {
        b->cpus_with[c->nr_counted]--;
    }
    if (nr >= 0) {
        grow(b, nr);
        b->cpus_with[nr]++;
    }
    c->nr_counted = nr;
    find_extremes(b, nr);

    bool even = b->most - b->least <= 1;

    if (even) {
        b->since_ns = b->since_ns < 0 ? now_ns : b->since_ns;
        b->first_ns = b->first_ns < 0 ? now_ns : b->first_ns;
    } else if (b->since_ns >= 0) {
        b->balanced_ns += now_ns - b->since_ns;
        b->since_ns = -1;
    }
}

/* It is not yet queued: what its arrival makes of the spread counts from the next update on. */
void balanced_new_task(struct metrics *m)
{
    m->balanced.first_ns = -1;
}

void balanced_reset(struct metrics *m)
{
    struct mbalanced *b = &m->balanced;

    b->balanced_ns = 0;
    b->since_ns = b->most - b->least <= 1 ? m->reset_ns : -1;
    b->first_ns = b->since_ns;
}

void balanced_report(const struct metrics *m, int64_t now_ns, struct result *r)
{
    const struct mbalanced *b = &m->balanced;
    int64_t window_ns = now_ns - m->reset_ns;
    int64_t balanced_ns = b->balanced_ns + (b->since_ns >= 0 ? now_ns - b->since_ns : 0);

    result_add(r, "balanced.first_ns", RESULT_NS,
               b->first_ns >= 0 ? b->first_ns - m->reset_ns : window_ns);
    result_add(r, "balanced.last_ns", RESULT_NS,
               b->since_ns >= 0 ? b->since_ns - m->reset_ns : window_ns);
    result_add_ratio(r, "balanced.ratio", balanced_ns, window_ns);
}
