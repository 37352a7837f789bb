/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carrefour: counters, and what they allow. */
#include "carrefour.h"
#include "watermark.h"

int64_t imbalance_percent(const uint64_t *x, int32_t nr)
{
    uint64_t sum = 0;
    int64_t squares = 0;

    for (int32_t i = 0; i < nr; i++) {
        sum += x[i];
    }
    if (sum < (uint64_t)nr || nr < 2) {
        return 0;
    }
    for (int32_t i = 0; i < nr; i++) {
        int64_t off = (int64_t)(x[i] * 1000 / (sum / (uint64_t)nr)) - 1000;

        squares += off * off;
    }
    return watermark_root(squares / (nr - 1)) / 10;
}

int64_t usage_percent(const struct numasim_self *self)
{
    int64_t total = 0, free = 0;

    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        total += numasim_node(self->host, n)->total_bytes;
        free += numasim_node(self->host, n)->free_bytes;
    }
    return total > 0 ? ((total - free) / 1024 * 100 + total / 1024 - 1) / (total / 1024) : 100;
}

void judge(struct numasim_self *self, int64_t period_ns, int64_t imbalance, int64_t usage)
{
    struct carrefour *own = self->state;
    uint64_t maptu = own->all / (uint64_t)(period_ns / 1000 > 0 ? period_ns / 1000 : 1);
    int64_t local = own->all > 0 ? (int64_t)(own->local * 100 / own->all) : 100;

    own->enabled = own->all > 0 && (int64_t)maptu >= self->param[PARAM_MAPTU];
    own->interleave = self->param[PARAM_INTERLEAVE] && own->local < own->all &&
                      imbalance > self->param[PARAM_IMBALANCE];
    own->migrate = self->param[PARAM_MIGRATE] && local < self->param[PARAM_LAR];
    own->replicate =
        self->param[PARAM_REPLICATE] && usage <= self->param[PARAM_USAGE] &&
        own->writes * 100 <= own->all * (uint64_t)(100 - self->param[PARAM_READ_RATIO]);
    own->enabled = own->enabled && (own->interleave || own->migrate || own->replicate);
}

void evaluate(struct numasim_self *self)
{
    struct carrefour *own = self->state;
    int64_t now_ns = numasim_now(self->host);
    uint64_t by_node[INTERLEAVE_MAX_NODES];
    int32_t nr = 0;

    for (int32_t n = 0; n < numasim_nr_nodes(self->host) && nr < INTERLEAVE_MAX_NODES; n++) {
        struct carrefour_node *node = load_of(self, n);

        if (takes_part(self, n)) {
            by_node[nr++] = node->accesses;
        }
        node->part = own->all > 0 ? (int32_t)(node->accesses * 100 / own->all) : 100;
        node->accesses = 0;
    }
    judge(self, now_ns - own->evaluated_ns, imbalance_percent(by_node, nr), usage_percent(self));
    own->evaluated_ns = now_ns;
    own->local = own->all = own->writes = 0;
    own->orders = 0;
}

void accessed(struct numasim_self *self, struct numasim_task *task, int32_t cpu_node,
              const uint64_t *accesses, const uint64_t *writes)
{
    struct carrefour *own = self->state;

    (void)task;
    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        load_of(self, n)->accesses += accesses[n];
        own->all += accesses[n];
        own->writes += writes[n];
        own->local += n == cpu_node ? accesses[n] : 0;
    }
}
