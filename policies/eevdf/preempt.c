/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preempt.c - who is next, and whether one that woke is, by the rules of 6.12, 6.17 and 7.3.
 */
#include "preempt.h"
#include "buddy.h"
#include "protect.h"

struct numasim_entity *eevdf_pick_earliest(const struct numasim_self *self,
                                           const struct numasim_queue *q, bool protect)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *curr = eq->running;

    if (q->nr_queued == 1) {
        return curr != NULL ? curr->node.se : timeline_first(&eq->waiting);
    }
    if (curr != NULL && !eevdf_eligible(eq, curr)) {
        curr = NULL;
    }
    if (curr != NULL && protect && eevdf_runs_on(self, curr)) {
        return curr->node.se;
    }
    /* V is no less than the least vruntime, so that there is always one. */
    struct timeline_place best = timeline_pick(&eq->waiting, eevdf_average(eq));

    if (curr != NULL && (best.node == NULL || curr->node.key < best.key)) {
        return curr->node.se;
    }
    return best.se;
}

struct numasim_entity *eevdf_pick(struct numasim_self *self, struct numasim_queue *q)
{
    const struct eevdf_queue *eq = q->state;

    if (eq->next != NULL && eevdf_has(self, EEVDF_PICK_BUDDY) && eevdf_eligible(eq, eq->next)) {
        return eq->next->node.se;
    }
    return eevdf_pick_earliest(self, q, true);
}

/* Records why, with what was compared. */
static bool decide(struct numasim_decision *d, const struct eevdf_queue *eq,
                   const struct eevdf_entity *es, uint32_t reason, bool preempt)
{
    if (d != NULL) {
        numasim_decide(d, preempt, reason);
        numasim_compared(d, "avg_vruntime", eevdf_average(eq));
        numasim_compared(d, "wakee_vruntime", es->node.vruntime);
        numasim_compared(d, "wakee_deadline", es->node.key);
        numasim_compared(d, "curr_vruntime", eq->running->node.vruntime);
        numasim_compared(d, "curr_deadline", eq->running->node.key);
    }
    return preempt;
}

/* Why a pick did not give es. */
static enum eevdf_reason why_not(const struct numasim_self *self, const struct eevdf_queue *eq,
                                 const struct eevdf_entity *es)
{
    if (!eevdf_eligible(eq, es)) {
        return EEVDF_REASON_NOT_ELIGIBLE;
    }
    return eevdf_is_protected(self, eq->running) && eevdf_eligible(eq, eq->running)
               ? EEVDF_REASON_PROTECTED
               : EEVDF_REASON_LATER_DEADLINE;
}

/* One asked, after what all releases ask first; @shorter: with preempt_short, es has the shorter
 * slice. Its reason goes to @reason. */
typedef bool ask(struct numasim_self *self, struct numasim_queue *q, struct eevdf_entity *es,
                 uint32_t wake_flags, bool shorter, enum eevdf_reason *reason);

/* 6.12: the current one loses its protection to a shorter slice that is due before it, or where it
 * is in debt itself (do_preempt_short()); then a new pick decides. */
static bool ask_earlier(struct numasim_self *self, struct numasim_queue *q, struct eevdf_entity *es,
                        uint32_t wake_flags, bool shorter, enum eevdf_reason *reason)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *curr = eq->running;

    (void)wake_flags;
    if (shorter && eevdf_eligible(eq, es) &&
        (es->node.key < curr->node.key || !eevdf_eligible(eq, curr))) {
        eevdf_unprotect(self, curr);
    }
    if (eevdf_pick_earliest(self, q, true) == es->node.se) {
        *reason = EEVDF_REASON_EARLIEST_DEADLINE;
        return true;
    }
    *reason = why_not(self, eq, es);
    return false;
}

/* 6.17: for a shorter slice the pick looks past the protection, which only its success ends; and
 * otherwise the current one is protected for no longer than that slice. */
static bool ask_picked(struct numasim_self *self, struct numasim_queue *q, struct eevdf_entity *es,
                       uint32_t wake_flags, bool shorter, enum eevdf_reason *reason)
{
    struct eevdf_queue *eq = q->state;
    bool picked = eevdf_pick_earliest(self, q, !shorter) == es->node.se;

    (void)wake_flags;
    *reason = picked ? EEVDF_REASON_EARLIEST_DEADLINE : why_not(self, eq, es);
    if (shorter && picked) {
        eevdf_unprotect(self, eq->running);
    } else if (shorter && eevdf_has(self, EEVDF_RUN_TO_PARITY)) {
        eevdf_shorten_protection(self, eq, eq->running);
    }
    return picked;
}

/* set_preempt_buddy(), 6.19: one whose deadline is earlier stays the buddy. */
static bool becomes_buddy(const struct eevdf_queue *eq, const struct eevdf_entity *es)
{
    if (eq->next != NULL && eq->next->node.key < es->node.key) {
        return false;
    }
    eevdf_set_next_buddy(es->node.se);
    return true;
}

/*
 * 7.3: a shorter slice needs to be eligible only, and is picked next, unless the buddy's is shorter
 * still. After a synchronous wake of a new buddy its waker goes on: it
 * would be preempted after migration_cost of running (preempt_sync(), 6.19), but what is compared
 * is the time since it was last accounted, and that is done in the same call.
 */
static bool ask_eligible(struct numasim_self *self, struct numasim_queue *q,
                         struct eevdf_entity *es, uint32_t wake_flags, bool shorter,
                         enum eevdf_reason *reason)
{
    struct eevdf_queue *eq = q->state;

    if (shorter) {
        if (!eevdf_eligible(eq, es)) {
            *reason = EEVDF_REASON_NOT_ELIGIBLE;
            return false;
        }
        if (eq->next == NULL || eq->next->node.slice_ns >= es->node.slice_ns) {
            eevdf_set_next_buddy(es->node.se);
        }
        *reason = EEVDF_REASON_SHORT;
        return true;
    }
    if (eevdf_has(self, EEVDF_NEXT_BUDDY) && becomes_buddy(eq, es) &&
        (wake_flags & NUMASIM_WAKE_SYNC) != 0) {
        *reason = EEVDF_REASON_SYNC;
        return false;
    }
    bool picked = eevdf_pick(self, q) == es->node.se;

    *reason = picked ? EEVDF_REASON_EARLIEST_DEADLINE : why_not(self, eq, es);
    return picked;
}

/* Those of 7.3 end the protection with any preemption, and shorten it with any other answer but that
 * to a synchronous wake (wakeup_preempt_fair()). */
static bool answer_eligible(struct numasim_self *self, struct eevdf_queue *eq, bool preempts,
                            enum eevdf_reason reason)
{
    if (preempts) {
        eevdf_unprotect(self, eq->running);
    } else if (reason != EEVDF_REASON_SYNC && eevdf_has(self, EEVDF_RUN_TO_PARITY)) {
        eevdf_shorten_protection(self, eq, eq->running);
    }
    return preempts;
}

/* What each release asks first; true if that settles it. */
static bool asked_first(struct numasim_self *self, struct eevdf_queue *eq, struct eevdf_entity *es,
                        enum eevdf_reason *reason)
{
    struct numasim_entity *curr = eq->running->node.se, *se = es->node.se;
    const struct numasim_task *task = numasim_entity_task(se);

    if (curr->idle_policy && !se->idle_policy) {
        eevdf_unprotect(self, eq->running);
        *reason = EEVDF_REASON_IDLE_CURRENT;
    } else if (curr->idle_policy != se->idle_policy) {
        *reason = EEVDF_REASON_IDLE_WAKEE;
    } else if (task != NULL && task->policy != NUMASIM_SCHED_OTHER) {
        *reason = EEVDF_REASON_BATCH;
    } else {
        return false;
    }
    return true;
}

bool eevdf_wakeup_preempt(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, uint32_t wake_flags,
                          struct numasim_decision *d)
{
    static ask *const rules[] = {[EEVDF_SHORT_EARLIER] = ask_earlier,
                                 [EEVDF_SHORT_PICKED] = ask_picked,
                                 [EEVDF_SHORT_ELIGIBLE] = ask_eligible};
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state, *curr = eq->running;
    int64_t rule = self->param[EEVDF_SHORT_WAKEE];
    enum eevdf_reason reason;
    bool preempts = false, late = rule == EEVDF_SHORT_ELIGIBLE;
    bool fork = (wake_flags & NUMASIM_WAKE_FORK) != 0;

    if (curr == NULL || curr == es) {
        return false;
    }
    if (!late && eevdf_has(self, EEVDF_NEXT_BUDDY) && !fork && !se->delayed) {
        eevdf_set_next_buddy(se);
    }
    if (!eevdf_has(self, EEVDF_WAKEUP_PREEMPTION)) {
        return decide(d, eq, es, EEVDF_REASON_OFF, false);
    }
    bool shorter = eevdf_has(self, EEVDF_PREEMPT_SHORT) && es->node.slice_ns < curr->node.slice_ns;

    if (asked_first(self, eq, es, &reason)) {
        preempts = reason == EEVDF_REASON_IDLE_CURRENT;
    } else if (late && se->delayed) {
        reason = EEVDF_REASON_NOT_ELIGIBLE;
    } else if (fork && !shorter && !eevdf_has(self, EEVDF_FORK_PREEMPT)) {
        reason = EEVDF_REASON_FORK;
    } else {
        preempts = rules[rule](self, q, es, wake_flags, shorter, &reason);
    }
    return decide(d, eq, es, reason, late ? answer_eligible(self, eq, preempts, reason) : preempts);
}
