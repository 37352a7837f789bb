/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving all pages of a process from some nodes to others (mm/mempolicy.c, 6.12: do_migrate_pages()),
 * as a kernel worker does it for a cpuset and migratepages(8) for a user: a task like others, in
 * batches, at the cost of a CPU.
 */
#include "kernel/mm/memory.h"

/* NR_MAX_BATCHED_MIGRATION: 512 base pages to a TLB flush (mm/migrate.c, 6.12). */
enum { BATCH_PAGES = 512 };

struct mover {
    struct process *process;
    uint64_t *from, *to;
    uint64_t *left; /* nodes of @from whose turn is to come */
    int32_t source, dest;
    int32_t region;
    struct pages_place at; /* in it */
};

static void mover_free(struct mover *m)
{
    g_free(m->from);
    g_free(m->to);
    g_free(m->left);
    g_free(m);
}

void mover_start(struct kernel *k, struct process *p, const char *comm, const uint64_t *from,
                 const uint64_t *to)
{
    uint32_t nr = (uint32_t)k->nr_nodes;
    struct task_params params = {.comm = comm};
    struct mover *m = g_new0(struct mover, 1);
    struct task *t = kernel_task_new(k, &params, NULL);

    m->process = p;
    m->from = bitmap_new(nr);
    m->to = bitmap_new(nr);
    m->left = bitmap_new(nr);
    bitmap_copy(m->from, from, nr);
    bitmap_copy(m->to, to, nr);
    bitmap_copy(m->left, from, nr);
    m->source = -1;
    t->mover = m;
    k->nr_alive--; /* a run does not wait for it */
    kernel_task_start(k, t, NULL);
}

void mover_release(struct task *t)
{
    if (t->mover != NULL) {
        mover_free(t->mover);
        t->mover = NULL;
    }
}

/*
 * The next pair: one whose destination is no source still to come, if there is one, so that no page is
 * moved twice. With as many nodes on both sides each takes the place of another; else pages that lie
 * on a node of @to stay. False: that was all.
 */
static bool next_pair(const struct kernel *k, struct mover *m)
{
    uint32_t nr = (uint32_t)k->nr_nodes;
    bool swaps = bitmap_weight(m->from, nr) == bitmap_weight(m->to, nr);

    m->source = -1;
    for (uint32_t s = bitmap_next(m->left, nr, 0); s < nr; s = bitmap_next(m->left, nr, s + 1)) {
        uint32_t d = node_remap(s, m->from, m->to, nr);

        if ((!swaps && bitmap_test(m->to, s)) || s == d) {
            continue;
        }
        m->source = (int32_t)s;
        m->dest = (int32_t)d;
        if (!bitmap_test(m->left, d)) {
            break;
        }
    }
    if (m->source < 0) {
        return false;
    }
    bitmap_clear(m->left, (uint32_t)m->source);
    m->region = 0;
    m->at = (struct pages_place){0};
    return true;
}

void mover_advance(struct kernel *k, struct task *t)
{
    struct mover *m = t->mover;

    while (m->process->pub.nr_threads > 0 && (m->source >= 0 || next_pair(k, m))) {
        while (m->region < m->process->nr_regions) {
            int64_t unit =
                m->process->regions[m->region]->pub.page_bytes / k->machine->page_size_bytes;
            int64_t moved = pages_migrate_some(k, t->pub.cpu, m->process, m->region, m->source,
                                               m->dest, MAX(BATCH_PAGES, unit), &m->at);

            if (moved > 0) {
                task_run(k, t, 0);
                return;
            }
            m->region++;
            m->at = (struct pages_place){0};
        }
        m->source = -1;
    }
    task_exit(k, t);
}
