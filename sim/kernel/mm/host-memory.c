/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of numasim-memory.h that are about tasks, rates and draws; pages are in pages.c. */
#include "kernel/mm/memory.h"

#include "base/draw.h"
#include "kernel/mm/rate.h"

static struct kernel *kernel_of(struct numasim_host *host)
{
    return (struct kernel *)(void *)host;
}

void numasim_task_work(struct numasim_host *host, struct numasim_task *task)
{
    (void)host;
    task_of(task)->wants_task_work = true;
}

int64_t numasim_loaded_latency_ns(struct numasim_host *host, int32_t from, int32_t to)
{
    struct kernel *k = kernel_of(host);

    return rates_latency_ns(k, host_index(host, "numasim_loaded_latency_ns()", from, k->nr_nodes),
                            host_index(host, "numasim_loaded_latency_ns()", to, k->nr_nodes));
}

int32_t numasim_utilisation_ppm(struct numasim_host *host, int32_t node)
{
    struct kernel *k = kernel_of(host);

    return rates_utilisation_ppm(k,
                                 host_index(host, "numasim_utilisation_ppm()", node, k->nr_nodes));
}

static uint64_t draw(const struct numasim_host *host, uint64_t entity, uint64_t index)
{
    const struct kernel *k = (const struct kernel *)(const void *)host;
    struct rng r = rng_entity(&k->policy, entity);

    return rng_u64(&r, index);
}

int64_t numasim_binomial(const struct numasim_host *host, uint64_t entity, uint64_t index,
                         int64_t n, uint32_t ppm)
{
    uint64_t p = ((uint64_t)MIN(ppm, 1000000) << 32) / 1000000;

    return draw_binomial(n, p, draw(host, entity, index));
}

int64_t numasim_poisson(const struct numasim_host *host, uint64_t entity, uint64_t index,
                        uint64_t mean_x256)
{
    return draw_poisson(MIN(mean_x256, UINT64_C(1) << 38) << 24, draw(host, entity, index));
}

int64_t numasim_page_bytes(const struct numasim_host *host)
{
    return ((const struct kernel *)(const void *)host)->machine->page_size_bytes;
}

struct numasim_task *numasim_task_by_id(struct numasim_host *host, int32_t task)
{
    struct kernel *k = kernel_of(host);

    if (task < 0 || task >= k->nr_tasks || k->tasks[task]->pub.task_state == NUMASIM_TASK_DEAD) {
        return NULL;
    }
    return &k->tasks[task]->pub;
}

bool numasim_swap_tasks(struct numasim_host *host, struct numasim_task *a, struct numasim_task *b)
{
    struct kernel *k = kernel_of(host);
    struct rq *from = task_rq(k, task_of(a)), *to = task_rq(k, task_of(b));

    if (!policy_may_act(k, "numasim_swap_tasks()") || from == to || from->curr != task_of(a) ||
        to->curr != task_of(b) || evq_entry_queued(&from->push) || evq_entry_queued(&to->push) ||
        !numasim_may_run(host, a, b->cpu) || !numasim_may_run(host, b, a->cpu)) {
        return false;
    }
    return numasim_push_running(host, from->pub.id, to->pub.id) &&
           numasim_push_running(host, to->pub.id, from->pub.id);
}
