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

/* Whether protected_till is a vruntime. */
static bool has_vprot(const struct numasim_self *self)
{
    return self->param[EEVDF_SLICE_PROTECTION] != EEVDF_PROTECT_DEADLINE;
}

bool eevdf_is_protected(const struct numasim_self *self, const struct eevdf_entity *es)
{
    return has_vprot(self) ? es->node.vruntime < es->protected_till
                           : es->protected_till == es->node.key;
}

bool eevdf_runs_on(const struct numasim_self *self, const struct eevdf_entity *es)
{
    return eevdf_is_protected(self, es) &&
           (has_vprot(self) || eevdf_has(self, EEVDF_RUN_TO_PARITY));
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
    bool shortest = self->param[EEVDF_SLICE_PROTECTION] == EEVDF_PROTECT_SHORTEST;
    int64_t slice_ns = eevdf_has(self, EEVDF_RUN_TO_PARITY) ? eevdf_shortest_slice_ns(eq)
                                                            : self->param[EEVDF_BASE_SLICE];

    es->protected_till = es->node.key;
    if (has_vprot(self) && slice_ns < es->node.slice_ns) {
        int64_t till = !shortest && eevdf_has(self, EEVDF_PREEMPT_SHORT)
                           ? parity(eq, es)
                           : es->node.vruntime + weight_vdelta(&es->load, slice_ns);

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
        bool shortest = self->param[EEVDF_SLICE_PROTECTION] == EEVDF_PROTECT_SHORTEST;
        int64_t from = shortest ? es->node.vruntime : earlier(es->node.vruntime, eevdf_average(eq));
        int64_t slice = weight_vdelta(&es->load, eevdf_shortest_slice_ns(eq));

        es->protected_till = earlier(es->protected_till, from + slice);
    }
}
