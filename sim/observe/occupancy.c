/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/occupancy.h"

#include <glib.h>

struct share {
    int32_t owner;
    int64_t ns;
};

struct cpu_record {
    int32_t owner; /* has the CPU since settled_ns */
    int64_t settled_ns;
    int64_t cell_ns; /* start of the cell that shares[] is about */
    struct share *shares;
    int32_t nr_shares, shares_size;
    struct occupancy_span *spans;
    int32_t nr_spans, spans_size;
};

struct occupancy {
    int32_t nr_cpus;
    int64_t from_ns, to_ns, resolution_ns;
    int32_t (*owner)(int32_t task, void *data);
    void *data;
    struct cpu_record *cpus;
};

struct occupancy *occupancy_new(int32_t nr_cpus, int64_t from_ns, int64_t to_ns,
                                int64_t resolution_ns, int32_t (*owner)(int32_t task, void *data),
                                void *data)
{
    struct occupancy *o = g_new0(struct occupancy, 1);

    o->nr_cpus = nr_cpus;
    o->from_ns = from_ns;
    o->to_ns = to_ns;
    o->resolution_ns = MAX(resolution_ns, 1);
    o->owner = owner;
    o->data = data;
    o->cpus = g_new0(struct cpu_record, (gsize)nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        o->cpus[cpu].owner = -1;
        o->cpus[cpu].settled_ns = o->cpus[cpu].cell_ns = from_ns;
    }
    return o;
}

void occupancy_free(struct occupancy *o)
{
    if (o == NULL) {
        return;
    }
    for (int32_t cpu = 0; cpu < o->nr_cpus; cpu++) {
        g_free(o->cpus[cpu].shares);
        g_free(o->cpus[cpu].spans);
    }
    g_free(o->cpus);
    g_free(o);
}

static void add_span(struct cpu_record *c, int32_t owner, int64_t start_ns, int64_t end_ns)
{
    if (c->nr_spans > 0 && c->spans[c->nr_spans - 1].owner == owner) {
        c->spans[c->nr_spans - 1].end_ns = end_ns;
        return;
    }
    if (c->nr_spans == c->spans_size) {
        c->spans_size = MAX(64, c->spans_size * 2);
        c->spans = g_renew(struct occupancy_span, c->spans, (gsize)c->spans_size);
    }
    c->spans[c->nr_spans++] = (struct occupancy_span){start_ns, end_ns, owner};
}

static void add_share(struct cpu_record *c, int32_t owner, int64_t ns)
{
    for (int32_t i = 0; i < c->nr_shares; i++) {
        if (c->shares[i].owner == owner) {
            c->shares[i].ns += ns;
            return;
        }
    }
    if (c->nr_shares == c->shares_size) {
        c->shares_size = MAX(8, c->shares_size * 2);
        c->shares = g_renew(struct share, c->shares, (gsize)c->shares_size);
    }
    c->shares[c->nr_shares++] = (struct share){owner, ns};
}

/* Ends the present cell at @end_ns. */
static void close_cell(struct cpu_record *c, int64_t end_ns)
{
    const struct share *best = NULL;

    for (int32_t i = 0; i < c->nr_shares; i++) {
        if (best == NULL || c->shares[i].ns > best->ns) {
            best = &c->shares[i];
        }
    }
    if (best != NULL) {
        add_span(c, best->owner, c->cell_ns, end_ns);
    }
    c->nr_shares = 0;
    c->cell_ns = end_ns;
}

/* The owner has had the CPU up to @now_ns. */
static void settle(const struct occupancy *o, struct cpu_record *c, int64_t now_ns)
{
    now_ns = MIN(now_ns, o->to_ns);
    if (now_ns <= c->settled_ns) {
        return;
    }
    int64_t cell_end_ns = c->cell_ns + o->resolution_ns;

    if (now_ns >= cell_end_ns) {
        add_share(c, c->owner, cell_end_ns - c->settled_ns);
        close_cell(c, cell_end_ns);
        /* The cells that it has wholly are one span. */
        int64_t whole_ns = (now_ns - cell_end_ns) / o->resolution_ns * o->resolution_ns;

        if (whole_ns > 0) {
            add_span(c, c->owner, cell_end_ns, cell_end_ns + whole_ns);
            c->cell_ns = cell_end_ns + whole_ns;
        }
        c->settled_ns = c->cell_ns;
    }
    if (now_ns > c->settled_ns) {
        add_share(c, c->owner, now_ns - c->settled_ns);
        c->settled_ns = now_ns;
    }
}

void occupancy_event(const struct tp_event *e, void *data)
{
    struct occupancy *o = data;

    if (e->type != TP_SCHED_SWITCH) {
        return;
    }
    struct cpu_record *c = &o->cpus[e->cpu];

    settle(o, c, e->time_ns);
    c->owner = e->task < 0 || o->owner == NULL ? e->task : o->owner(e->task, o->data);
}

void occupancy_finish(struct occupancy *o, int64_t now_ns)
{
    for (int32_t cpu = 0; cpu < o->nr_cpus; cpu++) {
        struct cpu_record *c = &o->cpus[cpu];

        settle(o, c, now_ns);
        close_cell(c, c->settled_ns);
    }
}

const struct occupancy_span *occupancy_spans(const struct occupancy *o, int32_t cpu,
                                             int32_t *ret_nr)
{
    *ret_nr = o->cpus[cpu].nr_spans;
    return o->cpus[cpu].spans;
}
