/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buddy.h - whom a queue would rather run next: its buddy, which is picked before its turn where it is
 * eligible (pick_buddy).
 */
#ifndef EEVDF_BUDDY_H
#define EEVDF_BUDDY_H

#include "vtime.h"

/* set_next_buddy(): @se, which is queued, at each level, up to a cgroup with cpu.idle. */
static inline void eevdf_set_next_buddy(const struct numasim_entity *se)
{
    for (; se != NULL && se->queued && !se->idle_policy; se = se->queue->parent) {
        struct eevdf_queue *eq = se->queue->state;

        eq->next = se->state;
    }
}

/* clear_buddies(): @se at its level, and the cgroups above it as far as they are buddies too. */
static inline void eevdf_clear_buddies(const struct numasim_entity *se)
{
    for (; se != NULL; se = se->queue->parent) {
        struct eevdf_queue *eq = se->queue->state;

        if (eq->next != se->state) {
            return;
        }
        eq->next = NULL;
    }
}

#endif
