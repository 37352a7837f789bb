/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the oracle share. */
#ifndef NUMASIM_POLICIES_ORACLE_H
#define NUMASIM_POLICIES_ORACLE_H

#include <numasim-policy.h>

enum oracle_param { ORACLE_PUSH_OVER, ORACLE_SLICE };

/* A member of a ring that begins and ends in the queue's own. */
struct oracle_entity {
    struct oracle_entity *next, *prev;
    struct numasim_entity *se; /* NULL: the queue's own */
};

struct oracle_queue {
    struct oracle_entity queued; /* all, the running one too; who ran last is last */
    int64_t used_ns;             /* of its slice, by the running one */
    bool yielded;                /* by the running one */
};

extern const struct numasim_queue_ops oracle_queue_ops;

#endif
