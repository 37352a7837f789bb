/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot-stretch.h"

struct runner {
    int32_t cpu;
    int64_t begin_ns, told_ns; /* of the stretch last told of: its begin and its end */
};

struct plot_stretch {
    struct runner *runners; /* by task */
    int32_t nr_runners;
    void (*told)(const struct plot_accesses *a, void *data);
    void *data;
};

struct plot_stretch *plot_stretch_new(void (*told)(const struct plot_accesses *a, void *data),
                                      void *data)
{
    struct plot_stretch *s = g_new0(struct plot_stretch, 1);

    s->told = told;
    s->data = data;
    return s;
}

void plot_stretch_free(struct plot_stretch *s)
{
    if (s != NULL) {
        g_free(s->runners);
        g_free(s);
    }
}

static struct runner *runner_of(struct plot_stretch *s, int32_t task)
{
    if (task >= s->nr_runners) {
        int32_t nr = MAX(task + 1, s->nr_runners * 2);

        s->runners = g_renew(struct runner, s->runners, (gsize)nr);
        for (int32_t i = s->nr_runners; i < nr; i++) {
            s->runners[i] = (struct runner){.cpu = -1};
        }
        s->nr_runners = nr;
    }
    return &s->runners[task];
}

static void event(const struct tp_event *e, void *data)
{
    struct plot_stretch *s = data;

    if (e->task < 0) {
        return;
    }
    struct runner *t = runner_of(s, e->task);

    if (e->type == TP_SCHED_SWITCH) {
        *t = (struct runner){.cpu = e->cpu, .begin_ns = e->time_ns, .told_ns = e->time_ns};
    } else if (t->cpu >= 0) {
        /* Several events tell of one stretch, one to each node. */
        t->begin_ns = e->time_ns != t->told_ns ? t->told_ns : t->begin_ns;
        t->told_ns = e->time_ns;
        s->told(&(struct plot_accesses){.cpu = t->cpu,
                                        .from_node = e->cpu,
                                        .to_node = e->other,
                                        .begin_ns = t->begin_ns,
                                        .end_ns = e->time_ns,
                                        .reads = (uint64_t)e->a,
                                        .writes = (uint64_t)e->c},
                s->data);
    }
}

void plot_stretch_listen(struct plot_stretch *s, struct kernel *k)
{
    kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH | UINT64_C(1) << TP_MEM_ACCESS, event, s);
}
