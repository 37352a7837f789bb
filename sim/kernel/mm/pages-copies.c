/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of pages for plugins. */
#include "kernel/mm/copies.h"

static struct kernel *kernel_of(struct numasim_host *host)
{
    return (struct kernel *)(void *)host;
}

static bool cpu_valid(struct kernel *k, const char *call, int32_t cpu)
{
    if (cpu < 0 || cpu >= k->nr_cpus) {
        kernel_fault(k, pages_blamed(k), call, NULL, "there is no CPU %d", cpu);
        return false;
    }
    return true;
}

int64_t numasim_copy_pages(struct numasim_host *host, int32_t cpu,
                           const struct numasim_pages *pages, int64_t nr_pages,
                           const uint64_t *nodes)
{
    const char *const call = "numasim_copy_pages()";
    struct kernel *k = kernel_of(host);
    struct pages_found f;
    int64_t cost_ns;

    if (!cpu_valid(k, call, cpu) || !pages_find(k, call, pages, &f)) {
        return 0;
    }
    if (nodes == NULL) {
        kernel_fault(k, pages_blamed(k), call, NULL, "it names no nodes");
        return 0;
    }
    const struct copies_place at = {f.p, f.r, f.s};
    struct mm_kind kind = f.e->kinds[f.kind];
    int64_t done = copies_add(k, &at, f.part, f.e, f.kind, nr_pages, nodes, &kind, &cost_ns);

    if (done > 0) {
        rq_charge(k, cpu_rq(k, cpu), cost_ns);
        copies_expected(k, f.p, f.s);
        pages_changed(k, f.p);
    }
    return done;
}

int64_t numasim_move_pages_shadowed(struct numasim_host *host, int32_t cpu,
                                    const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                                    int64_t floor_bytes)
{
    return pages_move_found(kernel_of(host), "numasim_move_pages_shadowed()", cpu, pages, nr_pages,
                            to, floor_bytes, true);
}

int64_t numasim_drop_copies(struct numasim_host *host, int32_t cpu,
                            const struct numasim_pages *pages, int64_t nr_pages,
                            const uint64_t *nodes)
{
    const char *const call = "numasim_drop_copies()";
    struct kernel *k = kernel_of(host);
    struct pages_found f;

    if (!cpu_valid(k, call, cpu) || !pages_find(k, call, pages, &f)) {
        return 0;
    }
    const struct copies_place at = {f.p, f.r, f.s};
    int64_t done = copies_drop(k, &at, f.part, f.e, f.kind, nr_pages, nodes, COPIES_RECLAIMED);

    pages_changed(k, f.p);
    return done;
}

int64_t numasim_reclaim_copies(struct numasim_host *host, int32_t cpu, int32_t node,
                               int64_t nr_pages)
{
    const char *const call = "numasim_reclaim_copies()";
    struct kernel *k = kernel_of(host);

    if (!cpu_valid(k, call, cpu) || !pages_free(k, call, false)) {
        return 0;
    }
    if (node < 0 || node >= k->nr_nodes) {
        kernel_fault(k, pages_blamed(k), call, NULL, "there is no node %d", node);
        return 0;
    }
    return copies_reclaim(k, node, NULL, -1, nr_pages);
}
