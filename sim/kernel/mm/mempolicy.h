/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory policies of tasks and regions: which of the user's nodes are in effect under a cpuset, and
 * what becomes of them when that changes (mm/mempolicy.c, 6.12: mpol_set_nodemask(),
 * mpol_rebind_policy()). What a policy makes of an allocation is the tier role's business.
 *
 * Bitmaps are of nodes. Plain data, no kernel.
 */
#ifndef NUMASIM_KERNEL_MM_MEMPOLICY_H
#define NUMASIM_KERNEL_MM_MEMPOLICY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/numasim-policy.h"

struct mempolicy {
    struct numasim_mempolicy pub; /* its nodes point at @nodes */
    uint64_t *nodes;              /* in effect; NULL: the mode has none */
    uint64_t *user;               /* as they were asked for */
    uint64_t *mems;               /* the cpuset that ordinals count from */
};

/* Sets @m to MPOL_DEFAULT; it owns nothing then. */
void mempolicy_init(struct mempolicy *m);
void mempolicy_release(struct mempolicy *m);

/*
 * Sets @m, which was initialised, to what set_mempolicy(2) or mbind(2) make of @asked (its nodes are
 * the user's) in a cpuset of @mems, which are nodes with memory; @nr nodes in all. PREFERRED without
 * nodes is LOCAL. False with NUMASIM_ERROR_INPUT where the calls say EINVAL: the message has no place.
 */
bool mempolicy_set(struct mempolicy *m, const struct numasim_mempolicy *asked, const uint64_t *mems,
                   uint32_t nr, GError **error);
/* @to, initialised, becomes what a child inherits from @from. */
void mempolicy_inherit(struct mempolicy *to, const struct mempolicy *from, uint32_t nr);
/* The cpuset's nodes are @mems from now on. */
void mempolicy_rebind(struct mempolicy *m, const uint64_t *mems, uint32_t nr);

/* Where page migration takes what lies on @node when @from becomes @to: to the node of the same ordinal,
 * counted round; a node outside of @from stays itself (lib/bitmap.c: bitmap_bitremap()). */
uint32_t node_remap(uint32_t node, const uint64_t *from, const uint64_t *to, uint32_t nr);

#endif
