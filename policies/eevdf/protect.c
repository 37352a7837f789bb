/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protect.c - how long the current entity runs undisturbed.
 */
#include "protect.h"

int64_t eevdf_shortest_slice_ns(const struct eevdf_queue *eq)
{
    int64_t shortest = eq->running != NULL ? eq->running->node.slice_ns : INT64_MAX;

    int64_t waits = timeline_shortest_ns(&eq->waiting);

    return waits < shortest ? waits : shortest;
}

static bool has_vprot(const struct numasim_self *self)
{
    return self->param[EEVDF_SLICE_PROTECTION] == EEVDF_PROTECT_VPROT;
}

bool eevdf_is_protected(const struct numasim_self *self, const struct eevdf_entity *es)
{
    return has_vprot(self) ? es->node.vruntime < es->protected_till
                           : es->protected_till == es->node.key;
}

/* Where @es, which is counted, has the others' average: beyond it, it is ahead of V. */
static int64_t parity(const struct eevdf_queue *eq, const struct eevdf_entity *es)
{
    int64_t weight = (int64_t)es->load.weight, load = eq->load - weight;

    if (load == 0) {
        return INT64_MAX;
    }
    return eq->zero +
           eevdf_floor(eq->sum - (weight_wide)(es->node.vruntime - eq->zero) * weight, load);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void eevdf_protect(const struct numasim_self *self, const struct eevdf_queue *eq,
                   struct eevdf_entity *es)
{
    int64_t shortest = eevdf_shortest_slice_ns(eq);

    es->protected_till = es->node.key;
    if (has_vprot(self) && shortest < es->node.slice_ns) {
        int64_t till = eevdf_has(self, EEVDF_PREEMPT_SHORT)
                           ? parity(eq, es)
                           : es->node.vruntime + weight_vdelta(&es->load, shortest);

        es->protected_till = earlier(es->protected_till, till);
    }
}

void eevdf_unprotect(const struct numasim_self *self, struct eevdf_entity *es)
{
    es->protected_till = has_vprot(self) ? es->node.vruntime : es->node.key - 1;
}

void eevdf_shorten_protection(const struct numasim_self *self, const struct eevdf_queue *eq,
                              struct eevdf_entity *es)
{
    if (has_vprot(self)) {
        int64_t from = earlier(es->node.vruntime, eevdf_average(eq));
        int64_t slice = weight_vdelta(&es->load, eevdf_shortest_slice_ns(eq));

        es->protected_till = earlier(es->protected_till, from + slice);
    }
}
