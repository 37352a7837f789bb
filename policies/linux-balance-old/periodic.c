/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 4.3: rebalance_domains(), idle_balance(), trigger_load_balance(),
 * nohz_kick_needed(), nohz_idle_balance(). A busy CPU wants every tick: each of them goes into the
 * history of its load, and each looks whether idle CPUs need a kick.
 */
#include "balance.h"
#include "nohz.h"
#include "old.h"

enum {
    NOHZ_NEXT_MAX_S = 60,     /* how far ahead a schedule reaches at most */
    COST_DECAY_PER_256 = 253, /* of max_newidle_lb_cost, a second */
};

static int64_t interval_j(const struct numasim_self *self, const struct numasim_domain *sd,
                          bool busy)
{
    return balance_interval_jiffies(old_domain(self, sd)->balance_interval_ms, sd->busy_factor,
                                    busy, false, numasim_tick_ns(self->host),
                                    numasim_nr_online(self->host));
}

/* --- Newidle ------------------------------------------------------------------------------------ */

/* The gate before any work: whether a newidle balance may pay. */
static bool newidle_pays(struct numasim_self *self, const struct numasim_cpu *c,
                         struct numasim_decision *d)
{
    struct old_state *state = old_state(self);

    if (c->domain == NULL) {
        numasim_decide(d, 0, OLD_REASON_NO_DOMAIN);
        return false;
    }
    if (!state->overload && numasim_nr_overloads(self->host) == state->overload_seen) {
        numasim_decide(d, 0, OLD_REASON_NO_OVERLOAD);
        return false;
    }
    numasim_compared(d, "avg_idle_ns", c->avg_idle_ns);
    if (c->avg_idle_ns < self->param[OLD_PARAM_MIGRATION_COST]) {
        numasim_decide(d, 0, OLD_REASON_SHORT_IDLE);
        return false;
    }
    return true;
}

int32_t old_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
    struct old_cpu *own = old_cpu(self, cpu);
    struct old_pass pass = {.self = self, .cpu = cpu};
    int64_t now_j = numasim_jiffies(self->host);
    int64_t next_j = now_j + old_state(self)->hz;
    bool pays = newidle_pays(self, c, d), go_on = true;
    uint32_t pulled = 0;

    for (struct numasim_domain *sd = c->domain; sd != NULL && pulled == 0; sd = sd->parent) {
        struct old_domain *domain = old_domain(self, sd);
        int64_t before_ns = pass.elapsed_ns;

        next_j = old_min64(next_j, domain->last_balance_j + interval_j(self, sd, false));
        if (!pays || c->avg_idle_ns < pass.elapsed_ns + domain->max_newidle_cost_ns) {
            break;
        }
        if (sd->flags & NUMASIM_SD_BALANCE_NEWIDLE) {
            pulled = old_balance_domain(&pass, cpu, sd, OLD_NEWLY_IDLE, &go_on);
            if (pass.elapsed_ns - before_ns > domain->max_newidle_cost_ns) {
                domain->max_newidle_cost_ns = pass.elapsed_ns - before_ns;
            }
        }
    }
    own->max_idle_cost_ns =
        pass.elapsed_ns > own->max_idle_cost_ns ? pass.elapsed_ns : own->max_idle_cost_ns;
    own->next_balance_j = old_min64(own->next_balance_j, next_j);
    if (pays) {
        numasim_decide(d, (int32_t)pulled, pulled > 0 ? OLD_REASON_PULLED : OLD_REASON_BALANCED);
    }
    return (int32_t)pulled;
}

/* --- Periodic ----------------------------------------------------------------------------------- */

/* Balances @sd if it is due. */
static void balance_if_due(struct old_pass *pass, int32_t cpu, struct numasim_domain *sd,
                           enum old_idle *idle, int64_t now_j, bool *go_on)
{
    struct numasim_self *self = pass->self;
    struct old_state *state = old_state(self);
    struct old_domain *own = old_domain(self, sd);
    bool serialize = (sd->flags & NUMASIM_SD_SERIALIZE) != 0;
    int64_t now_ns = numasim_now(self->host);

    if (now_j < own->last_balance_j + interval_j(self, sd, *idle == OLD_BUSY)) {
        old_left(self, cpu, NULL, OLD_REASON_NOT_DUE);
        return;
    }
    if (serialize && now_ns + pass->elapsed_ns < state->serialize_until_ns) {
        old_left(self, cpu, NULL, OLD_REASON_SERIALIZED);
        return;
    }
    if (old_balance_domain(pass, cpu, sd, *idle, go_on) > 0) {
        *idle = numasim_cpu(self->host, cpu)->idle ? OLD_IDLE : OLD_BUSY;
    }
    if (serialize) {
        state->serialize_until_ns = now_ns + pass->elapsed_ns;
    }
    own->last_balance_j = now_j;
}

static bool decay_cost(const struct numasim_self *self, struct old_domain *domain, int64_t now_j)
{
    if (now_j <= domain->cost_decayed_j + old_state(self)->hz) {
        return false;
    }
    domain->max_newidle_cost_ns = domain->max_newidle_cost_ns * COST_DECAY_PER_256 / 256;
    domain->cost_decayed_j = now_j;
    return true;
}

static void balance_domains(struct old_pass *pass, int32_t cpu, enum old_idle idle)
{
    struct numasim_self *self = pass->self;
    struct old_cpu *own = old_cpu(self, cpu);
    int64_t now_j = numasim_jiffies(self->host);
    int64_t next_j = now_j + NOHZ_NEXT_MAX_S * old_state(self)->hz, cost_ns = 0;
    bool go_on = true, decayed = false;

    for (struct numasim_domain *sd = numasim_cpu(self->host, cpu)->domain; sd != NULL;
         sd = sd->parent) {
        struct old_domain *domain = old_domain(self, sd);

        decayed = decay_cost(self, domain, now_j);
        cost_ns += domain->max_newidle_cost_ns;
        if (!go_on) {
            if (decayed) {
                continue;
            }
            break;
        }
        balance_if_due(pass, cpu, sd, &idle, now_j, &go_on);
        next_j = old_min64(next_j, domain->last_balance_j + interval_j(self, sd, idle == OLD_BUSY));
    }
    if (decayed) {
        int64_t least_ns = self->param[OLD_PARAM_MIGRATION_COST];

        own->max_idle_cost_ns = cost_ns > least_ns ? cost_ns : least_ns;
    }
    own->next_balance_j = next_j;
}

/* --- Nohz --------------------------------------------------------------------------------------- */

static int32_t *nr_busy_of(const struct numasim_self *self, const struct old_cpu *own)
{
    return &old_cpu(self, own->llc_first)->nr_busy;
}

void old_idle_changed(struct numasim_self *self, int32_t cpu, bool idle)
{
    struct old_state *state = old_state(self);
    struct old_cpu *own = old_cpu(self, cpu);

    if (!idle) {
        old_load_end_idle(self, cpu);
        return; /* it counts as idle until its first tick, as in the kernel */
    }
    if (!own->nohz) {
        own->nohz = true;
        state->nr_nohz++;
        --*nr_busy_of(self, own);
    }
    state->nohz_next_j = old_min64(state->nohz_next_j, own->next_balance_j);
}

/* nohz_balance_exit_idle(), at the first tick of a CPU that works again. */
static void exit_idle(struct numasim_self *self, struct old_cpu *own)
{
    if (own->nohz) {
        own->nohz = false;
        old_state(self)->nr_nohz--;
        ++*nr_busy_of(self, own);
    }
}

/* nohz_kick_needed(): wakes an idle CPU to balance for all of them. Several busy CPUs under an LLC are
 * reason enough, if there is anything beyond that LLC (sd_busy). */
static void check_kick(struct numasim_self *self, const struct numasim_cpu *c, int64_t now_j)
{
    struct old_state *state = old_state(self);
    struct old_cpu *own = old_cpu(self, c->id);
    bool several =
        c->llc_domain != NULL && c->llc_domain->parent != NULL && *nr_busy_of(self, own) > 1;

    if (state->nr_nohz == 0 || now_j < state->nohz_next_j) {
        return;
    }
    if (c->nr_running >= 2 || several) {
        int32_t balancer = nohz_first_balancer(self->host, numasim_idle_mask(self->host), c->id);

        state->nohz_next_j = now_j + 1;
        if (balancer >= 0) {
            numasim_kick(self->host, c->id, balancer);
        }
    }
}

void old_kicked(struct numasim_self *self, int32_t cpu)
{
    struct old_state *state = old_state(self);
    struct old_pass pass = {.self = self, .cpu = cpu};
    struct nohz_walk walk = nohz_walk_from(self->host, cpu);
    int64_t now_j = numasim_jiffies(self->host), next_j = now_j + NOHZ_NEXT_MAX_S * state->hz;

    for (int32_t i = nohz_walk_next(&walk); i >= 0; i = nohz_walk_next(&walk)) {
        const struct old_cpu *own = old_cpu(self, i);

        if (now_j >= own->next_balance_j) {
            balance_domains(&pass, i, OLD_IDLE);
        }
        next_j = old_min64(next_j, own->next_balance_j);
    }
    if (!walk.got_work) {
        state->nohz_next_j = next_j;
    }
}

int64_t old_tick(struct numasim_self *self, int32_t cpu)
{
    struct numasim_host *host = self->host;
    const struct numasim_cpu *c = numasim_cpu(host, cpu);
    struct old_cpu *own = old_cpu(self, cpu);
    int64_t now_j = numasim_jiffies(host);

    exit_idle(self, own);
    old_load_tick(self, cpu);
    if (c->domain != NULL) {
        if (self->param[OLD_PARAM_NOHZ_BALANCE]) {
            check_kick(self, c, now_j);
        }
        if (now_j >= own->next_balance_j) {
            struct old_pass pass = {.self = self, .cpu = cpu};

            balance_domains(&pass, cpu, c->idle ? OLD_IDLE : OLD_BUSY);
        }
    }
    return numasim_now(host);
}
