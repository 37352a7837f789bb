/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 6.12: sched_balance_domains(), sched_balance_newidle(), sched_balance_trigger(),
 * nohz_balancer_kick(), _nohz_idle_balance().
 *
 * One difference is deliberate. In the kernel every tick of every busy CPU checks whether idle CPUs
 * need a kick, and several find the same. Here CPUs with one task take turns (next_turn()), so that
 * their ticks in between change nothing and may be skipped. A CPU with two or more checks at every
 * tick, as in the kernel.
 */
#include "linux-balance.h"
#include "nohz.h"

enum {
    NOHZ_NEXT_MAX_S = 60,     /* how far ahead a schedule reaches at most */
    NEWIDLE_CALLS = 1024,     /* after these the success ratio is taken anew */
    COST_DECAY_PER_256 = 253, /* of max_newidle_lb_cost, a second */
};

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* True iff @cpu, found @idle or not, balances as rarely as a busy one: not with SCHED_IDLE tasks alone. */
static bool counts_as_busy(const struct numasim_self *self, int32_t cpu, enum lb_idle idle)
{
    const uint64_t *sched_idle = numasim_sched_idle_mask(self->host);

    return idle == LB_BUSY && (sched_idle == NULL || !numasim_mask_test(sched_idle, cpu));
}

static int64_t interval_j(const struct numasim_self *self, const struct numasim_domain *sd,
                          bool busy)
{
    return lb_interval_jiffies(lb_domain(self, sd)->balance_interval_ms, lb_busy_factor(self, sd),
                               busy, self->param[LB_PARAM_BUSY_MINUS_ONE] != 0,
                               numasim_tick_ns(self->host), numasim_nr_online(self->host));
}

/* --- Newidle ------------------------------------------------------------------------------------- */

/* update_newidle_cost(). True if a second has passed and the cost was let decay. */
static bool update_newidle_cost(const struct numasim_self *self, struct lb_domain *own,
                                int64_t cost_ns, int64_t now_j)
{
    if (cost_ns > own->max_newidle_cost_ns) {
        own->max_newidle_cost_ns = cost_ns;
        own->cost_decayed_j = now_j;
    } else if (now_j > own->cost_decayed_j + lb_state(self)->hz) {
        own->max_newidle_cost_ns = own->max_newidle_cost_ns * COST_DECAY_PER_256 / 256;
        own->cost_decayed_j = now_j;
        return true;
    }
    return false;
}

/* update_newidle_stats(). */
static void count_newidle(const struct numasim_self *self, struct lb_domain *own, uint32_t success)
{
    int64_t now_ns = numasim_now(self->host);

    own->newidle_call++;
    own->newidle_success += success;
    if (own->newidle_call >= NEWIDLE_CALLS) {
        own->newidle_ratio =
            self->param[LB_PARAM_NI_RATE]
                ? lb_newidle_ratio(own->newidle_success, now_ns - own->newidle_since_ns)
                : own->newidle_success;
        own->newidle_since_ns = now_ns;
        own->newidle_call /= 2;
        own->newidle_success /= 2;
    }
}

/* One domain of a newidle balance: skipped at random in proportion to how rarely it pulls. */
static uint32_t newidle_domain(struct lb_pass *pass, struct lb_cpu *own_cpu,
                               struct numasim_domain *sd, int64_t now_j, bool *go_on)
{
    struct numasim_self *self = pass->self;
    struct lb_domain *own = lb_domain(self, sd);
    int64_t before_ns = pass->elapsed_ns;
    uint32_t weight = 1, pulled;

    if (self->param[LB_PARAM_NI_RANDOM] &&
        !(self->param[LB_PARAM_NI_RATE] && own->newidle_ratio >= 1024)) {
        uint64_t draw = numasim_random(self->host, (uint64_t)pass->cpu, own_cpu->nr_draws++, 1024);
        uint32_t ratio = 1 + own->newidle_ratio;

        if (draw > ratio) {
            count_newidle(self, own, 0);
            return 0;
        }
        weight = (1024 + ratio / 2) / ratio;
    }
    pulled = lb_balance_domain(pass, pass->cpu, sd, LB_NEWLY_IDLE, go_on);
    count_newidle(self, own, pulled > 0 ? weight : 0);
    update_newidle_cost(self, own, pass->elapsed_ns - before_ns, now_j);
    return pulled;
}

/* The gate before any work: whether a newidle balance may pay. */
static bool newidle_pays(struct numasim_self *self, const struct numasim_cpu *c,
                         struct numasim_decision *d)
{
    struct lb_state *state = lb_state(self);
    int64_t least_ns;

    if (c->domain == NULL) {
        numasim_decide(d, 0, LB_REASON_NO_DOMAIN);
        return false;
    }
    if (!state->overload && numasim_nr_overloads(self->host) == state->overload_seen) {
        numasim_decide(d, 0, LB_REASON_NO_OVERLOAD);
        return false;
    }
    numasim_compared(d, "avg_idle_ns", c->avg_idle_ns);
    least_ns = self->param[LB_PARAM_NEWIDLE_GATE] == LB_GATE_MIGRATION_COST
                   ? self->param[LB_PARAM_MIGRATION_COST]
                   : lb_domain(self, c->domain)->max_newidle_cost_ns;
    numasim_compared(d, "least_idle_ns", least_ns);
    if (c->avg_idle_ns < least_ns) {
        numasim_decide(d, 0, LB_REASON_SHORT_IDLE);
        return false;
    }
    return true;
}

int32_t lb_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
    struct lb_cpu *own = lb_cpu(self, cpu);
    struct lb_pass pass = {.self = self, .cpu = cpu};
    int64_t now_j = numasim_jiffies(self->host);
    int64_t next_j = now_j + lb_state(self)->hz;
    bool pays = newidle_pays(self, c, d), go_on = true;
    uint32_t pulled = 0;

    for (struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        const struct lb_domain *seen = lb_domain(self, sd);

        next_j = min64(next_j, seen->last_balance_j + interval_j(self, sd, false));
        if (!pays || c->avg_idle_ns < pass.elapsed_ns + seen->max_newidle_cost_ns) {
            break;
        }
        if (sd->flags & NUMASIM_SD_BALANCE_NEWIDLE) {
            pulled = newidle_domain(&pass, own, sd, now_j, &go_on);
        }
        if (pulled > 0 || !go_on) {
            break;
        }
    }
    own->max_idle_cost_ns =
        pass.elapsed_ns > own->max_idle_cost_ns ? pass.elapsed_ns : own->max_idle_cost_ns;
    own->next_balance_j = min64(own->next_balance_j, next_j);
    if (pays) {
        numasim_compared(d, "cost_ns", pass.elapsed_ns);
        numasim_decide(d, (int32_t)pulled, pulled > 0 ? LB_REASON_PULLED : LB_REASON_BALANCED);
    }
    return (int32_t)pulled;
}

/* --- Periodic ------------------------------------------------------------------------------------ */

/* Balances @sd if it is due. False: another CPU balances such a domain now, and it stays due. */
static bool balance_if_due(struct lb_pass *pass, int32_t cpu, struct numasim_domain *sd,
                           enum lb_idle *idle, int64_t now_j, bool *go_on)
{
    struct numasim_self *self = pass->self;
    struct lb_state *state = lb_state(self);
    struct lb_domain *own = lb_domain(self, sd);
    bool serialize = (sd->flags & NUMASIM_SD_SERIALIZE) != 0 &&
                     self->param[LB_PARAM_SERIALIZE] == LB_SERIALIZE_PERIODIC;
    int64_t now_ns = numasim_now(self->host);

    if (now_j < own->last_balance_j + interval_j(self, sd, counts_as_busy(self, cpu, *idle))) {
        lb_left(self, cpu, NULL, LB_REASON_NOT_DUE);
        return true;
    }
    if (serialize && now_ns + pass->elapsed_ns < state->serialize_until_ns) {
        lb_left(self, cpu, NULL, LB_REASON_SERIALIZED);
        return false;
    }
    if (lb_balance_domain(pass, cpu, sd, *idle, go_on) > 0) {
        *idle = numasim_cpu(self->host, cpu)->idle ? LB_IDLE : LB_BUSY;
    }
    if (serialize) {
        state->serialize_until_ns = now_ns + pass->elapsed_ns;
    }
    own->last_balance_j = now_j;
    return true;
}

static void balance_domains(struct lb_pass *pass, int32_t cpu, enum lb_idle idle, int64_t now_j)
{
    struct numasim_self *self = pass->self;
    struct lb_cpu *own = lb_cpu(self, cpu);
    int64_t next_j = now_j + NOHZ_NEXT_MAX_S * lb_state(self)->hz, cost_ns = 0;
    bool go_on = true, decayed = false;

    for (struct numasim_domain *sd = numasim_cpu(self->host, cpu)->domain; sd != NULL;
         sd = sd->parent) {
        struct lb_domain *domain = lb_domain(self, sd);

        decayed = update_newidle_cost(self, domain, 0, now_j);
        cost_ns += domain->max_newidle_cost_ns;
        if (!go_on) {
            if (decayed) {
                continue;
            }
            break;
        }
        balance_if_due(pass, cpu, sd, &idle, now_j, &go_on);
        next_j = min64(next_j, domain->last_balance_j +
                                   interval_j(self, sd, counts_as_busy(self, cpu, idle)));
    }
    if (decayed) {
        int64_t least_ns = self->param[LB_PARAM_MIGRATION_COST];

        own->max_idle_cost_ns = cost_ns > least_ns ? cost_ns : least_ns;
    }
    own->next_balance_j = next_j;
}

/* --- Nohz ---------------------------------------------------------------------------------------- */

void lb_idle_changed(struct numasim_self *self, int32_t cpu, bool idle)
{
    struct lb_state *state = lb_state(self);
    struct lb_cpu *own = lb_cpu(self, cpu);

    if (!idle) {
        return; /* it counts as idle until its first tick, as in the kernel */
    }
    if (!own->nohz) {
        own->nohz = true;
        state->nr_nohz++;
        own->llc->nr_busy--;
    }
    if (state->smt_active && !own->llc->has_idle_cores &&
        numasim_mask_test(numasim_idle_core_mask(self->host), cpu)) {
        own->llc->has_idle_cores = true;
    }
    state->nohz_next_j = min64(state->nohz_next_j, own->next_balance_j);
}

/* nohz_balance_exit_idle(), at the first tick of a CPU that works again. */
static void exit_idle(struct numasim_self *self, struct lb_cpu *own)
{
    if (own->nohz) {
        own->nohz = false;
        own->kick_check_j = 0;
        lb_state(self)->nr_nohz--;
        own->llc->nr_busy++;
    }
}

static int32_t find_idle_balancer(const struct numasim_self *self, int32_t cpu)
{
    int32_t found = -1;

    if (self->param[LB_PARAM_NOHZ_ILB] == LB_ILB_CORE) {
        found = nohz_first_balancer(self->host, numasim_idle_core_mask(self->host), cpu);
    }
    return found >= 0 ? found : nohz_first_balancer(self->host, numasim_idle_mask(self->host), cpu);
}

/* When a CPU with one task next checks: as often as its LLC balances while idle, each CPU of a row
 * at another tick. */
static int64_t next_turn(const struct numasim_self *self, const struct numasim_cpu *c,
                         int64_t now_j)
{
    const struct numasim_domain *sd = c->llc_domain != NULL ? c->llc_domain : c->domain;
    int64_t every_j =
        lb_interval_jiffies(sd->min_interval, 1, false, false, numasim_tick_ns(self->host),
                            numasim_nr_online(self->host));

    return now_j + every_j - (now_j + c->id) % every_j;
}

/* Whether idle CPUs could do something for a CPU with one task. */
static bool needs_help(const struct numasim_self *self, const struct numasim_cpu *c)
{
    if ((c->nr_fair > 0 && lb_is_reduced(self, c->domain, c->id)) || lb_kick_to_pack(self, c)) {
        return true;
    }
    if (lb_state(self)->asym_capacity && lb_is_asym_capacity(c)) {
        return lb_misfit_load(self, c) > 0;
    }
    return c->llc_domain != NULL && lb_cpu(self, c->id)->llc->nr_busy > 1;
}

/* nohz_balancer_kick(): wakes an idle CPU to balance for all of them. */
static void check_kick(struct numasim_self *self, const struct numasim_cpu *c, int64_t now_j)
{
    struct lb_state *state = lb_state(self);
    struct lb_cpu *own = lb_cpu(self, c->id);
    bool crowded = c->nr_running >= 2;

    if (!crowded && now_j < own->kick_check_j) {
        return;
    }
    own->kick_check_j = next_turn(self, c, now_j);
    if (state->nr_nohz == 0 || now_j < state->nohz_next_j) {
        return;
    }
    if (crowded || needs_help(self, c)) {
        int32_t balancer = find_idle_balancer(self, c->id);

        state->nohz_next_j = now_j + 1;
        if (balancer >= 0) {
            numasim_kick(self->host, c->id, balancer);
        }
    }
}

/* _nohz_idle_balance(): for each idle CPU that is due, from the next one round, itself last. */
void lb_kicked(struct numasim_self *self, int32_t cpu)
{
    struct lb_state *state = lb_state(self);
    struct lb_pass pass = {.self = self, .cpu = cpu};
    struct nohz_walk walk = nohz_walk_from(self->host, cpu);
    int64_t now_j = numasim_jiffies(self->host), next_j = now_j + NOHZ_NEXT_MAX_S * state->hz;

    for (int32_t i = nohz_walk_next(&walk); i >= 0; i = nohz_walk_next(&walk)) {
        const struct lb_cpu *own = lb_cpu(self, i);

        if (now_j >= own->next_balance_j) {
            balance_domains(&pass, i, LB_IDLE, now_j);
        }
        next_j = min64(next_j, own->next_balance_j);
    }
    if (!walk.got_work) {
        state->nohz_next_j = next_j;
    }
}

/*
 * Jiffies as the tick of @cpu sees them. All CPUs have their ticks at the same instant, in any order,
 * and one that is not idle advances jiffies, here the lowest: half of the times another comes first.
 */
static int64_t seen_jiffies(const struct numasim_self *self, int32_t cpu)
{
    const struct numasim_host *host = self->host;
    const uint64_t *online = numasim_online_mask(host), *idle = numasim_idle_mask(host);
    int64_t now_j = numasim_jiffies(host);
    int32_t word = 0;

    if (!self->param[LB_PARAM_TICK_RACE]) {
        return now_j;
    }
    while (word < cpu >> 6 && (online[word] & ~idle[word]) == 0) {
        word++;
    }
    uint64_t busy = online[word] & ~idle[word];

    if (busy == 0 || word * 64 + __builtin_ctzll(busy) >= cpu) {
        return now_j;
    }
    return now_j - (int64_t)numasim_boot_random(
                       host, (uint64_t)numasim_nr_cpus(host) + (uint64_t)cpu, (uint64_t)now_j, 2);
}

/* dequeue_entities(): a CPU that is left to SCHED_IDLE tasks looks for others at its next tick. */
static void note_sched_idle(const struct numasim_self *self, struct lb_cpu *own, int32_t cpu,
                            int64_t now_j)
{
    const uint64_t *mask = numasim_sched_idle_mask(self->host);
    bool sched_idle = mask != NULL && numasim_mask_test(mask, cpu);

    if (sched_idle && !own->sched_idle) {
        own->next_balance_j = min64(own->next_balance_j, now_j);
    }
    own->sched_idle = sched_idle;
}

/*
 * The tick. What it does depends on nothing that another CPU can bring about before the time that it
 * returns: the balances of this CPU have their times, the nohz check has kick_check_j.
 */
int64_t lb_tick(struct numasim_self *self, int32_t cpu)
{
    struct numasim_host *host = self->host;
    const struct numasim_cpu *c = numasim_cpu(host, cpu);
    struct lb_cpu *own = lb_cpu(self, cpu);
    int64_t true_j = numasim_jiffies(host), now_j = seen_jiffies(self, cpu), next_j;

    exit_idle(self, own);
    note_sched_idle(self, own, cpu, now_j);
    if (c->domain == NULL) {
        return NUMASIM_TIME_NEVER;
    }
    if (self->param[LB_PARAM_NOHZ_BALANCE]) {
        check_kick(self, c, now_j);
    }
    if (now_j >= own->next_balance_j) {
        struct lb_pass pass = {.self = self, .cpu = cpu};

        balance_domains(&pass, cpu, c->idle ? LB_IDLE : LB_BUSY, now_j);
    }
    next_j = own->next_balance_j;
    if (self->param[LB_PARAM_NOHZ_BALANCE]) {
        next_j = min64(next_j, own->kick_check_j);
    }
    if (lb_state(self)->cache_active) {
        next_j = min64(next_j, lb_llc_tick(self, c));
    }
    /* That jiffy may begin as early as this; a tick too early does nothing. What is due by now, but
     * not by the jiffies seen, is for the next tick. */
    next_j = next_j > true_j ? next_j : true_j + 1;
    return numasim_now(host) + (next_j - true_j - 1) * numasim_tick_ns(host) + 1;
}
