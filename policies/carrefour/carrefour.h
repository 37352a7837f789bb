/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carrefour: what its files share: what counters say, and samples of pages. The essay is in carrefour.c. */
#ifndef NUMASIM_CARREFOUR_H
#define NUMASIM_CARREFOUR_H

#include "two-tier.h"

enum param {
    PARAM_PERIOD,
    PARAM_MAPTU,
    PARAM_LAR,
    PARAM_IMBALANCE,
    PARAM_SAMPLE_SIZE,
    PARAM_INTERLEAVE,
    PARAM_MIGRATE,
    PARAM_REPLICATE,
    PARAM_USAGE,
    PARAM_READ_RATIO,
    PARAM_ORDERS
};

enum reason {
    REASON_SAMPLED, /* the first of a page's accesses, or one before the last */
    REASON_CO_LOCATED,
    REASON_INTERLEAVED,
    REASON_STAYS,
    REASON_REPLICATED
};

/* What a page remembers of its samples, in last_pid. */
enum {
    SEVERAL = 1,  /* nodes used it */
    WRITTEN = 2,  /* one of them stored to it */
    PING_PONG = 4 /* it had replicas until somebody stored to it */
};

enum {
    ROUNDS = 4, /* a piece is protected so often in a period */
    DRAW_LEAVES = 0x636172,
    DRAW_WHERE,
    DRAW_STORES
};

struct carrefour {
    int64_t evaluated_ns;        /* when counters were read last */
    uint64_t local, all, writes; /* accesses since, and lines written back */
    bool enabled, interleave, migrate, replicate;
    int64_t orders;  /* pages of this period that are fit to be replicated */
    bool replicates; /* enough of them were, once */
    uint64_t draws;
    uint64_t nodes[INTERLEAVE_MAX_NODES / 64]; /* where replicas go: scratch */
};

struct carrefour_node {
    uint64_t accesses; /* since counters were read */
    int32_t part;      /* of all accesses before that, in percent */
};

struct carrefour_process {
    int64_t next_ns, first_ns, last_ns; /* rounds */
    int32_t round, region, from_region;
    int64_t page, from_page;
};

static inline struct carrefour_node *load_of(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->state[self->slot];
}

/* True if memory of @node takes part. */
static inline bool takes_part(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->total_bytes > 0 &&
           numasim_node(self->host, node)->nr_cpus > 0;
}

/* counters.c */
/* Sample standard deviation over mean of @x[0..nr), in percent. */
int64_t imbalance_percent(const uint64_t *x, int32_t nr);
/* Memory in use on all nodes, in percent. */
int64_t usage_percent(const struct numasim_self *self);
/* What the counters of @period_ns allow, with loads so different and so much memory in use. */
void judge(struct numasim_self *self, int64_t period_ns, int64_t imbalance, int64_t usage);
/* Reads the counters: a period is over. */
void evaluate(struct numasim_self *self);
/* numasim_numa_ops.accessed */
void accessed(struct numasim_self *self, struct numasim_task *task, int32_t cpu_node,
              const uint64_t *accesses, const uint64_t *writes);

/* fate.c */
/* numasim_numa_ops.hint_fault and .collapsed */
void hint_fault(struct numasim_self *self, struct numasim_fault *f, struct numasim_decision *d);
void collapsed(struct numasim_self *self, struct numasim_fault *f);

#endif
