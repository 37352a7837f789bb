/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 6.12: select_idle_sibling() and what it calls. The kernel walks CPU by CPU;
 * here idle CPUs come from the host's bitmaps a word at a time, and the CPUs that the kernel would
 * have looked at before are counted, so that its limit cuts at the same place.
 *
 * A queue of SCHED_IDLE tasks alone counts as busy here; in the kernel it counts as idle.
 */
#include "linux-balance.h"

/* A bitmap search among the CPUs of one LLC that the task may use. */
struct scan {
    const uint64_t *span, *allowed;
    int32_t first_word, last_word; /* that hold the span */
};

static struct scan scan_llc(const struct numasim_self *self, const struct numasim_domain *llc,
                            const struct numasim_task *task, int32_t target)
{
    struct scan s = {.span = llc->span, .allowed = task->allowed};

    s.first_word = lb_cpu(self, target)->llc_first >> 6;
    s.last_word = s.first_word;
    /* The span's weight ends the search for its last word. */
    for (uint32_t seen = (uint32_t)__builtin_popcountll(s.span[s.first_word]);
         seen < llc->span_weight; seen += (uint32_t)__builtin_popcountll(s.span[s.last_word])) {
        s.last_word++;
    }
    return s;
}

/* First candidate in @mask from CPU @from to the span's end, or -1. */
static int32_t scan_from(const struct scan *s, const uint64_t *mask, int32_t from)
{
    int32_t word = from >> 6;
    uint64_t keep = UINT64_MAX << (from & 63);

    if (word < s->first_word) {
        word = s->first_word;
        keep = UINT64_MAX;
    }
    for (; word <= s->last_word; word++, keep = UINT64_MAX) {
        uint64_t bits = s->span[word] & s->allowed[word] & mask[word] & keep;

        if (bits != 0) {
            return word * 64 + __builtin_ctzll(bits);
        }
    }
    return -1;
}

/* The same from @start upwards and round again to @start. */
static int32_t scan_wrap(const struct scan *s, const uint64_t *mask, int32_t start)
{
    int32_t found = scan_from(s, mask, start);

    return found >= 0 ? found : scan_from(s, mask, 0);
}

/* Candidates, idle or not, below CPU @end. */
static uint32_t count_below(const struct scan *s, int32_t end)
{
    uint32_t count = 0;

    for (int32_t word = s->first_word; word <= s->last_word && word * 64 < end; word++) {
        uint64_t bits = s->span[word] & s->allowed[word];

        if (end < word * 64 + 64) {
            bits &= (UINT64_C(1) << (end & 63)) - 1;
        }
        count += (uint32_t)__builtin_popcountll(bits);
    }
    return count;
}

/* Candidates that a walk from @start looks at to get to @cpu, that one included. */
static uint32_t count_walked(const struct scan *s, int32_t start, int32_t cpu)
{
    uint32_t to_cpu = count_below(s, cpu + 1), to_start = count_below(s, start);

    if (cpu >= start) {
        return to_cpu - to_start;
    }
    return count_below(s, (s->last_word + 1) * 64) - to_start + to_cpu;
}

/*
 * What a walk for an idle core remembers when there is none: of the first core it visits that has an
 * idle thread, the lowest one. Rare: `has_idle_cores` was wrong, and is corrected after this.
 */
static int32_t first_idle_thread(const struct numasim_self *self, const struct scan *s,
                                 int32_t start)
{
    const uint64_t *idle = numasim_idle_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host), best = -1;
    uint32_t best_at = UINT32_MAX;

    for (int32_t cpu = scan_from(s, idle, 0); cpu >= 0; cpu = scan_from(s, idle, cpu + 1)) {
        const uint64_t *siblings = numasim_siblings(self->host, cpu);

        for (int32_t i = numasim_mask_next(siblings, s->allowed, nr_cpus, 0); i < nr_cpus;
             i = numasim_mask_next(siblings, s->allowed, nr_cpus, i + 1)) {
            uint32_t at = numasim_mask_test(s->span, i) ? count_walked(s, start, i) : UINT32_MAX;

            if (at < best_at) {
                best_at = at;
                best = cpu;
            }
        }
    }
    return best;
}

/* select_idle_cpu(): -1 if none was found within the limit. */
static int32_t select_idle_cpu(const struct numasim_self *self, const struct scan *s,
                               int32_t target, bool has_idle_core, struct numasim_decision *d)
{
    struct lb_llc *llc = lb_cpu(self, target)->llc;
    bool limited = self->param[LB_PARAM_SIS_UTIL] != 0;
    int32_t found;

    numasim_compared(d, "nr_idle_scan", llc->nr_idle_scan);
    if (limited && llc->nr_idle_scan == 0) {
        numasim_decide(d, target, LB_REASON_SCAN_FORBIDDEN);
        return -1;
    }
    if (has_idle_core) {
        found = scan_wrap(s, numasim_idle_core_mask(self->host), target + 1);
        if (found >= 0) {
            numasim_decide(d, found, LB_REASON_IDLE_CORE);
            return found;
        }
        llc->has_idle_cores = false;
        found = first_idle_thread(self, s, target + 1);
    } else {
        found = scan_wrap(s, numasim_idle_mask(self->host), target + 1);
        if (found >= 0 && limited && count_walked(s, target + 1, found) > llc->nr_idle_scan) {
            found = -1;
        }
    }
    numasim_decide(d, found >= 0 ? found : target,
                   found >= 0 ? LB_REASON_IDLE_SCAN : LB_REASON_NO_IDLE);
    return found;
}

/* select_idle_smt(): an idle sibling of @prev within the LLC. */
static int32_t select_idle_smt(const struct numasim_self *self, const struct scan *s, int32_t prev)
{
    const uint64_t *siblings = numasim_siblings(self->host, prev);
    const uint64_t *idle = numasim_idle_mask(self->host);

    for (int32_t word = s->first_word; word <= s->last_word; word++) {
        uint64_t bits = siblings[word] & idle[word] & s->span[word] & s->allowed[word];

        if (word == prev >> 6) {
            bits &= ~(UINT64_C(1) << (prev & 63));
        }
        if (bits != 0) {
            return word * 64 + __builtin_ctzll(bits);
        }
    }
    return -1;
}

/* The steps that look at one CPU each; -1 if none of them settles it. */
static int32_t select_near(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                           int32_t target, int32_t waker, struct numasim_decision *d)
{
    struct numasim_host *host = self->host;
    struct lb_task *own = lb_task(self, task);
    const struct numasim_cpu *waking;
    int32_t recent;

    if (numasim_cpu(host, target)->idle) {
        numasim_decide(d, target, LB_REASON_TARGET_IDLE);
        return target;
    }
    if (prev != target && numasim_cpu(host, prev)->idle && lb_share_cache(self, prev, target)) {
        numasim_decide(d, prev, LB_REASON_PREV_IDLE);
        return prev;
    }
    waking = numasim_cpu(host, waker);
    if (prev == waker && waking->nr_running <= 1 && waking->curr != NULL && waking->curr->kthread &&
        waking->curr->nr_allowed == 1) {
        numasim_decide(d, prev, LB_REASON_KTHREAD_WAKER);
        return prev;
    }
    recent = own->recent_used_cpu;
    own->recent_used_cpu = prev;
    if (recent != prev && recent != target && numasim_cpu(host, recent)->idle &&
        lb_share_cache(self, recent, target) && numasim_mask_test(task->allowed, recent)) {
        numasim_decide(d, recent, LB_REASON_RECENT_IDLE);
        return recent;
    }
    return -1;
}

int32_t lb_select_idle_sibling(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                               int32_t target, int32_t waker, struct numasim_decision *d)
{
    int32_t cpu = select_near(self, task, prev, target, waker, d);
    const struct numasim_domain *llc;
    bool has_idle_core = false;
    struct scan s;

    if (cpu >= 0) {
        return cpu;
    }
    llc = numasim_cpu(self->host, target)->llc_domain;
    if (llc == NULL) {
        numasim_decide(d, target, LB_REASON_NO_DOMAIN);
        return target;
    }
    s = scan_llc(self, llc, task, target);
    if (lb_state(self)->smt_active) {
        has_idle_core = lb_cpu(self, target)->llc->has_idle_cores;
        if (!has_idle_core && lb_share_cache(self, prev, target)) {
            cpu = select_idle_smt(self, &s, prev);
            if (cpu >= 0) {
                numasim_decide(d, cpu, LB_REASON_IDLE_SIBLING);
                return cpu;
            }
        }
    }
    cpu = select_idle_cpu(self, &s, target, has_idle_core, d);
    return cpu >= 0 ? cpu : target;
}
