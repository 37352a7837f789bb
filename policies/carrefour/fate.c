/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carrefour: what becomes of a page that has been sampled. */
#include "carrefour.h"

#include <string.h>

/* A node drawn by how little it is used; -1: none takes part. */
static int32_t quiet_node(struct numasim_self *self, const struct numasim_process *process,
                          uint64_t draw)
{
    int32_t nr_nodes = numasim_nr_nodes(self->host), chosen = -1;
    int64_t seen = 0;

    /* Each in turn takes the place of the one before with its part of what has been seen. */
    for (int32_t n = 0; n < nr_nodes; n++) {
        int64_t weight = 100 - load_of(self, n)->part;

        if (!takes_part(self, n) || weight <= 0 ||
            (process->allowed_nodes != NULL && !numasim_mask_test(process->allowed_nodes, n))) {
            continue;
        }
        seen += weight;
        if (numasim_binomial(self->host, DRAW_WHERE, draw * INTERLEAVE_MAX_NODES + (uint64_t)n, 1,
                             (uint32_t)(weight * 1000000 / seen)) > 0) {
            chosen = n;
        }
    }
    return chosen;
}

/*
 * True if @f's pages, which @flags are known of, are to get replicas. What the kernel's half of it refuses is no
 * candidate: huge pages, files, what several processes share, what is mapped without VM_WRITE, and what it
 * replicated before (rep_update_pages(), rep_find_page()).
 */
static bool to_replicate(struct numasim_self *self, const struct numasim_fault *f, int32_t flags)
{
    const struct numasim_region *r = numasim_region(f->task->process, f->pages.region);
    struct carrefour *own = self->state;

    if (!own->replicate || flags != SEVERAL || r->file || r->shared || r->hugetlb || !r->writable ||
        f->pages.page_bytes > numasim_page_bytes(self->host)) {
        return false;
    }
    own->orders += f->nr_faults;
    own->replicates = own->replicates || own->orders >= self->param[PARAM_ORDERS];
    return own->replicates;
}

/* The nodes where pages of @process get replicas. */
static const uint64_t *replica_nodes(struct numasim_self *self,
                                     const struct numasim_process *process)
{
    struct carrefour *own = self->state;

    memset(own->nodes, 0, sizeof(own->nodes));
    for (int32_t n = 0; n < numasim_nr_nodes(self->host) && n < INTERLEAVE_MAX_NODES; n++) {
        if (takes_part(self, n) &&
            (process->allowed_nodes == NULL || numasim_mask_test(process->allowed_nodes, n))) {
            own->nodes[n / 64] |= UINT64_C(1) << n % 64;
        }
    }
    return own->nodes;
}

/* Pages that several nodes use leave theirs with a chance that is its part of the accesses. */
static bool interleave(struct numasim_self *self, struct numasim_fault *f,
                       struct numasim_decision *d)
{
    struct carrefour *own = self->state;
    int32_t from = f->pages.node, to = quiet_node(self, f->task->process, own->draws++);
    int64_t part = load_of(self, from)->part;
    /* rand() % 101 <= part */
    int64_t nr = numasim_binomial(self->host, DRAW_LEAVES, own->draws++, f->nr_faults,
                                  (uint32_t)((part + 1) * 1000000 / 101));

    if (to < 0 || to == from || nr == 0) {
        return false;
    }
    f->target = to;
    f->nr_move = nr;
    numasim_decide(d, to, REASON_INTERLEAVED);
    numasim_compared(d, "part_percent", part);
    return true;
}

/* The fate of pages that @node has just met, and of which @flags are known. */
static void decide_fate(struct numasim_self *self, struct numasim_fault *f, int32_t node,
                        int32_t flags, struct numasim_decision *d)
{
    const struct carrefour *own = self->state;
    bool several = (flags & SEVERAL) != 0;

    if (f->pages.copies != NULL) { /* they stay as they are */
        numasim_decide(d, -1, REASON_STAYS);
    } else if (to_replicate(self, f, flags)) {
        f->replicate = replica_nodes(self, f->task->process);
        numasim_decide(d, -1, REASON_REPLICATED);
    } else if (!several && node != f->pages.node && takes_part(self, node) &&
               (own->migrate || own->interleave)) {
        f->target = node;
        numasim_decide(d, node, REASON_CO_LOCATED);
    } else if (!several || !own->interleave || !interleave(self, f, d)) {
        numasim_decide(d, -1, REASON_STAYS);
    }
}

/* What is known of @f's pages, which @node has just met: @same by samples of this period, too. Those that are met
 * together are drawn together, as stores or as reads. */
static int32_t sampled(struct numasim_self *self, const struct numasim_fault *f, int32_t node,
                       bool same)
{
    struct carrefour *own = self->state;
    int32_t before = f->pages.last_cpu, known = before >= 0 ? f->pages.last_pid : 0;
    int32_t flags = same ? known : known & PING_PONG;

    if (same && numasim_cpu(self->host, before)->node != node) {
        flags |= SEVERAL;
    }
    if (f->writes_ppm > 0 && own->replicate &&
        numasim_binomial(self->host, DRAW_STORES, own->draws++, 1,
                         f->writes_ppm < 1000000 ? f->writes_ppm : 1000000) > 0) {
        flags |= WRITTEN;
    }
    return flags;
}

/* The node's first CPU stands for it, so that fewer pages differ. */
static int32_t first_cpu(const struct numasim_self *self, int32_t node)
{
    return numasim_mask_next(numasim_node(self->host, node)->cpus, NULL,
                             numasim_nr_cpus(self->host), 0);
}

void hint_fault(struct numasim_self *self, struct numasim_fault *f, struct numasim_decision *d)
{
    const struct carrefour_process *p = f->task->process->state[self->slot];
    const struct carrefour *own = self->state;
    int32_t node = numasim_cpu(self->host, f->cpu)->node;
    /* What is protected since the period's first round has not been met in it. */
    bool same = f->pages.last_cpu >= 0 && f->pages.protected_ns > p->first_ns;
    int32_t flags = sampled(self, f, node, same);

    f->set_last_cpu = first_cpu(self, node);
    f->set_last_pid = flags;
    if (f->pages.last_cpu < 0 || f->pages.protected_ns != p->last_ns || !own->enabled) {
        numasim_decide(d, -1, REASON_SAMPLED);
        return;
    }
    decide_fate(self, f, node, flags, d);
}

void collapsed(struct numasim_self *self, struct numasim_fault *f)
{
    f->set_last_cpu = first_cpu(self, numasim_cpu(self->host, f->cpu)->node);
    f->set_last_pid = WRITTEN | PING_PONG;
}
