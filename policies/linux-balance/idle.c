/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 6.12: select_idle_sibling() and what it calls. The kernel walks CPU by CPU;
 * here idle CPUs come from the host's bitmaps a word at a time, and the CPUs that the kernel would
 * have looked at before are counted, so that its limit cuts at the same place.
 */
#include "linux-balance.h"

/* True iff @task finds its place on @cpu at once: it idles, or all that runs there is SCHED_IDLE
 * (choose_idle_cpu(), 7.3). */
static bool will_do(const struct numasim_self *self, const struct numasim_task *task, int32_t cpu)
{
    const uint64_t *sched_idle = numasim_sched_idle_mask(self->host);

    return numasim_cpu(self->host, cpu)->idle ||
           (sched_idle != NULL && numasim_mask_test(sched_idle, cpu) &&
            (self->param[LB_PARAM_SIS_IDLE_WAKEE] || !task->se.idle_policy));
}

/* The bitmap of such CPUs. */
static const uint64_t *those_that_will_do(const struct numasim_self *self,
                                          const struct numasim_task *task)
{
    const uint64_t *idle = numasim_idle_mask(self->host);
    const uint64_t *sched_idle = numasim_sched_idle_mask(self->host);
    struct lb_state *state = lb_state(self);

    if (sched_idle == NULL || (task->se.idle_policy && !self->param[LB_PARAM_SIS_IDLE_WAKEE])) {
        return idle;
    }
    for (int32_t word = 0; word < state->nr_words; word++) {
        state->will_do[word] = idle[word] | sched_idle[word];
    }
    return state->will_do;
}

/* A bitmap search among the CPUs of one LLC that the task may use. */
struct scan {
    const uint64_t *span, *allowed;
    const uint64_t *idle;           /* the CPUs that are looked for */
    const uint64_t *only, *without; /* a part of the span, or all but a part; NULL: all of it */
    int32_t first_word, last_word;  /* that hold the span */
    int32_t start;                  /* where the walk begins, and round again */
};

static uint64_t candidates(const struct scan *s, int32_t word)
{
    uint64_t bits = s->span[word] & s->allowed[word];

    bits &= s->only != NULL ? s->only[word] : UINT64_MAX;
    return bits & ~(s->without != NULL ? s->without[word] : 0);
}

static struct scan scan_llc(const struct numasim_self *self, const struct numasim_domain *llc,
                            const struct numasim_task *task, int32_t target)
{
    struct scan s = {
        .span = llc->span, .allowed = task->allowed, .idle = those_that_will_do(self, task)};

    s.start = target + (self->param[LB_PARAM_SIS_START] == LB_START_NEXT);
    s.first_word = lb_cpu(self, target)->llc_first >> 6;
    s.last_word = s.first_word;
    /* The span's weight ends the search for its last word. */
    for (uint32_t seen = lb_weight(s.span[s.first_word]); seen < llc->span_weight;
         seen += lb_weight(s.span[s.last_word])) {
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
        uint64_t bits = candidates(s, word) & mask[word] & keep;

        if (bits != 0) {
            return word * 64 + __builtin_ctzll(bits);
        }
    }
    return -1;
}

/* The same from the start upwards and round again to it. */
static int32_t scan_wrap(const struct scan *s, const uint64_t *mask)
{
    int32_t found = scan_from(s, mask, s->start);

    return found >= 0 ? found : scan_from(s, mask, 0);
}

/* Candidates, idle or not, below CPU @end. */
static uint32_t count_below(const struct scan *s, int32_t end)
{
    uint32_t count = 0;

    for (int32_t word = s->first_word; word <= s->last_word && word * 64 < end; word++) {
        uint64_t bits = candidates(s, word);

        if (end < word * 64 + 64) {
            bits &= (UINT64_C(1) << (end & 63)) - 1;
        }
        count += lb_weight(bits);
    }
    return count;
}

static uint32_t count_all(const struct scan *s)
{
    return count_below(s, (s->last_word + 1) * 64);
}

/* Candidates that a walk from the start looks at to get to @cpu, that one included. */
static uint32_t count_walked(const struct scan *s, int32_t cpu)
{
    uint32_t to_cpu = count_below(s, cpu + 1), to_start = count_below(s, s->start);

    return cpu >= s->start ? to_cpu - to_start : count_all(s) - to_start + to_cpu;
}

/*
 * What a walk for an idle core remembers when there is none: of the first core it visits that has an
 * idle thread, the lowest one. Rare: `has_idle_cores` was wrong, and is corrected after this.
 */
static int32_t first_idle_thread(const struct numasim_self *self, const struct scan *s)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host), best = -1;
    uint32_t best_at = UINT32_MAX;

    for (int32_t cpu = scan_from(s, s->idle, 0); cpu >= 0; cpu = scan_from(s, s->idle, cpu + 1)) {
        const uint64_t *siblings = numasim_siblings(self->host, cpu);

        for (int32_t i = numasim_mask_next(siblings, s->allowed, nr_cpus, 0); i < nr_cpus;
             i = numasim_mask_next(siblings, s->allowed, nr_cpus, i + 1)) {
            uint32_t at = numasim_mask_test(s->span, i) ? count_walked(s, i) : UINT32_MAX;

            if (at < best_at) {
                best_at = at;
                best = cpu;
            }
        }
    }
    return best;
}

/* How many CPUs the search may look at; UINT32_MAX without a limit. */
static uint32_t scan_limit(const struct numasim_self *self, const struct numasim_domain *llc,
                           int32_t target, int32_t waker)
{
    if (self->param[LB_PARAM_SIS_UTIL]) {
        return lb_cpu(self, target)->llc->nr_idle_scan;
    }
    if (self->param[LB_PARAM_SIS_PROP]) {
        return lb_nr_idle_scan_prop(numasim_cpu(self->host, waker)->avg_idle_ns,
                                    lb_cpu(self, waker)->avg_scan_cost_ns, llc->span_weight);
    }
    return UINT32_MAX;
}

/* SIS_PROP learns what a search costs: here, what the machine says of a look at a CPU. */
static void note_scan_cost(const struct numasim_self *self, int32_t waker, uint32_t looked_at)
{
    struct lb_cpu *own = lb_cpu(self, waker);
    int64_t each_ns =
        numasim_balance_cost_ns(self->host, 2) - numasim_balance_cost_ns(self->host, 1);

    if (self->param[LB_PARAM_SIS_PROP]) {
        own->avg_scan_cost_ns += (each_ns * looked_at - own->avg_scan_cost_ns) / 8;
    }
}

/* An idle CPU among the first *@limit of the walk, or -1; *@limit falls by those that it passes. */
static int32_t scan_limited(const struct numasim_self *self, const struct scan *s, int32_t waker,
                            uint32_t *limit)
{
    int32_t found = scan_wrap(s, s->idle);
    uint32_t walked;

    if (*limit == UINT32_MAX) {
        return found;
    }
    walked = found >= 0 ? count_walked(s, found) : count_all(s);
    if (walked > *limit) {
        *limit = 0;
        return -1;
    }
    note_scan_cost(self, waker, walked);
    *limit -= walked;
    return found;
}

/* The search proper: for an idle core, or for any idle CPU within *@limit; -1 if there is none. */
static int32_t scan_part(const struct numasim_self *self, const struct scan *s, int32_t waker,
                         bool has_idle_core, uint32_t *limit)
{
    return has_idle_core ? scan_wrap(s, numasim_idle_core_mask(self->host))
                         : scan_limited(self, s, waker, limit);
}

/* The target's cluster at first where there are any, then the rest of the LLC. */
static int32_t scan_llc_parts(const struct numasim_self *self, const struct scan *whole,
                              const struct numasim_domain *llc, int32_t waker, bool has_idle_core,
                              uint32_t limit)
{
    const struct numasim_group *cluster = &llc->groups[0];
    struct scan s = *whole;
    int32_t found;

    if (!lb_state(self)->cluster_active || !(cluster->flags & NUMASIM_SD_CLUSTER)) {
        return scan_part(self, whole, waker, has_idle_core, &limit);
    }
    s.only = cluster->span;
    found = scan_part(self, &s, waker, has_idle_core, &limit);
    if (found >= 0) {
        return found;
    }
    s.only = NULL;
    s.without = cluster->span;
    return scan_part(self, &s, waker, has_idle_core, &limit);
}

/* select_idle_cpu(): -1 if none was found within the limit. */
static int32_t select_idle_cpu(const struct numasim_self *self, const struct scan *s,
                               const struct numasim_domain *llc, int32_t target, int32_t waker,
                               bool has_idle_core, struct numasim_decision *d)
{
    uint32_t limit = scan_limit(self, llc, target, waker);
    bool threads = self->param[LB_PARAM_SIS_SMT] == LB_SMT_FIRST;
    int32_t found;

    numasim_compared(d, "nr_idle_scan", limit);
    if (limit == 0) {
        numasim_decide(d, target, LB_REASON_SCAN_FORBIDDEN);
        return -1;
    }
    found = scan_llc_parts(self, s, llc, waker, has_idle_core, limit);
    if (has_idle_core) {
        if (found >= 0) {
            numasim_decide(d, found, LB_REASON_IDLE_CORE);
            return found;
        }
        lb_cpu(self, target)->llc->has_idle_cores = false;
        found = threads ? first_idle_thread(self, s) : -1;
    }
    numasim_decide(d, found >= 0 ? found : target,
                   found >= 0 ? LB_REASON_IDLE_SCAN : LB_REASON_NO_IDLE);
    return found;
}

/* select_idle_smt(): an idle sibling of @cpu within the LLC. */
static int32_t select_idle_smt(const struct numasim_self *self, const struct scan *s, int32_t cpu)
{
    const uint64_t *siblings = numasim_siblings(self->host, cpu);

    for (int32_t word = s->first_word; word <= s->last_word; word++) {
        uint64_t bits = siblings[word] & s->idle[word] & candidates(s, word);

        if (word == cpu >> 6) {
            bits &= ~(UINT64_C(1) << (cpu & 63));
        }
        if (bits != 0) {
            return word * 64 + __builtin_ctzll(bits);
        }
    }
    return -1;
}

/* What select_near() found that would do if there were nothing nearer; -1 each. */
struct farther {
    int32_t prev, recent;
    uint64_t util; /* of the task, where capacities are not alike */
};

static bool shares_cluster(const struct numasim_self *self, int32_t a, int32_t b)
{
    return !lb_state(self)->cluster_active ||
           lb_cpu(self, a)->share_first == lb_cpu(self, b)->share_first;
}

/* The CPU that @task used before @prev, and its replacement by that one. -1: not it. */
static int32_t select_recent(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                             int32_t target, struct farther *farther)
{
    struct lb_task *own = lb_task(self, task);
    int32_t recent = own->recent_used_cpu;

    if (self->param[LB_PARAM_RECENT_USED] == LB_RECENT_ALWAYS) {
        own->recent_used_cpu = prev;
    }
    if (recent == prev || recent == target || !will_do(self, task, recent) ||
        !lb_share_cache(self, recent, target) || !numasim_mask_test(task->allowed, recent) ||
        !lb_fits_cpu(self, farther->util, recent)) {
        return -1;
    }
    if (!shares_cluster(self, recent, target)) {
        farther->recent = recent;
        return -1;
    }
    own->recent_used_cpu = prev;
    return recent;
}

/* The steps that look at one CPU each; -1 if none of them settles it. */
static int32_t select_near(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                           int32_t target, int32_t waker, struct farther *farther,
                           struct numasim_decision *d)
{
    struct numasim_host *host = self->host;
    const struct numasim_cpu *waking;
    int32_t recent;

    if (will_do(self, task, target) && lb_fits_cpu(self, farther->util, target)) {
        numasim_decide(d, target, LB_REASON_TARGET_IDLE);
        return target;
    }
    if (prev != target && will_do(self, task, prev) && lb_share_cache(self, prev, target) &&
        lb_fits_cpu(self, farther->util, prev)) {
        if (shares_cluster(self, prev, target)) {
            numasim_decide(d, prev, LB_REASON_PREV_IDLE);
            return prev;
        }
        farther->prev = prev;
    }
    waking = numasim_cpu(host, waker);
    if (prev == waker && lb_fits_cpu(self, farther->util, prev) && waking->nr_running <= 1 &&
        waking->curr != NULL && waking->curr->kthread && waking->curr->nr_allowed == 1) {
        numasim_decide(d, prev, LB_REASON_KTHREAD_WAKER);
        return prev;
    }
    recent = select_recent(self, task, prev, target, farther);
    if (recent >= 0) {
        numasim_decide(d, recent, LB_REASON_RECENT_IDLE);
    }
    return recent;
}

/* An idle sibling of @cpu within the LLC, if that is when siblings are looked at. */
static int32_t select_sibling(const struct numasim_self *self, const struct scan *s, int32_t cpu,
                              struct numasim_decision *d)
{
    int32_t found = select_idle_smt(self, s, cpu);

    if (found >= 0) {
        numasim_decide(d, found, LB_REASON_IDLE_SIBLING);
    }
    return found;
}

/* The search of the LLC of @target; -1 if it finds nothing. */
static int32_t select_in_llc(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                             int32_t target, int32_t waker, const struct numasim_domain *llc,
                             struct numasim_decision *d)
{
    bool smt = lb_state(self)->smt_active;
    bool smt_first = self->param[LB_PARAM_SIS_SMT] == LB_SMT_FIRST;
    bool has_idle_core = smt && lb_cpu(self, target)->llc->has_idle_cores;
    struct scan s = scan_llc(self, llc, task, target);
    int32_t cpu = -1;

    if (smt && smt_first && !has_idle_core && lb_share_cache(self, prev, target)) {
        cpu = select_sibling(self, &s, prev, d);
    }
    if (cpu < 0) {
        cpu = select_idle_cpu(self, &s, llc, target, waker, has_idle_core, d);
    }
    if (cpu < 0 && has_idle_core && !smt_first) { /* no core after all: any CPU */
        cpu = select_idle_cpu(self, &s, llc, target, waker, false, d);
    }
    if (cpu < 0 && smt && !smt_first) {
        cpu = select_sibling(self, &s, target, d);
    }
    return cpu;
}

int32_t lb_select_idle_sibling(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                               int32_t target, int32_t waker, struct numasim_decision *d)
{
    struct farther farther = {-1, -1, 0};
    const struct numasim_domain *llc;
    int32_t cpu;

    if (lb_state(self)->asym_capacity) {
        farther.util = lb_util(self, numasim_task_load(self->host, task));
    }
    cpu = select_near(self, task, prev, target, waker, &farther, d);
    if (cpu >= 0) {
        return cpu;
    }
    if (lb_state(self)->asym_capacity) {
        cpu =
            lb_select_by_capacity(self, task, those_that_will_do(self, task), farther.util, target);
        if (cpu >= 0) {
            numasim_decide(d, cpu, LB_REASON_CAPACITY);
            return cpu;
        }
    }
    llc = numasim_cpu(self->host, target)->llc_domain;
    if (llc == NULL) {
        numasim_decide(d, target, LB_REASON_NO_DOMAIN);
        return target;
    }
    cpu = select_in_llc(self, task, prev, target, waker, llc, d);
    if (cpu < 0 && (farther.prev >= 0 || farther.recent >= 0)) {
        cpu = farther.prev >= 0 ? farther.prev : farther.recent;
        numasim_decide(d, cpu, LB_REASON_NEAR_IDLE);
    }
    return cpu >= 0 ? cpu : target;
}
