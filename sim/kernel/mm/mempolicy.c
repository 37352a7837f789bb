/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/mempolicy.h"

#include "base/bitmap.h"
#include "base/error.h"

void mempolicy_init(struct mempolicy *m)
{
    *m = (struct mempolicy){.pub = {.mode = NUMASIM_MPOL_DEFAULT, .home_node = -1}};
}

void mempolicy_release(struct mempolicy *m)
{
    g_free(m->nodes);
    g_free(m->user);
    g_free(m->mems);
    mempolicy_init(m);
}

/* ------------------------------------------------------------------------------------------- */
/* Ordinals                                                                                     */

/* The @n-th member of @set, counted from 0. */
static uint32_t nth(const uint64_t *set, uint32_t nr, uint32_t n)
{
    uint32_t node = bitmap_next(set, nr, 0);

    for (; n > 0; n--) {
        node = bitmap_next(set, nr, node + 1);
    }
    return node;
}

static uint32_t ordinal(const uint64_t *set, uint32_t node)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < node; i++) {
        n += bitmap_test(set, i);
    }
    return n;
}

uint32_t node_remap(uint32_t node, const uint64_t *from, const uint64_t *to, uint32_t nr)
{
    uint32_t weight = bitmap_weight(to, nr);

    if (weight == 0 || !bitmap_test(from, node)) {
        return node;
    }
    return nth(to, nr, ordinal(from, node) % weight);
}

static void nodes_remap(uint64_t *out, const uint64_t *nodes, const uint64_t *from,
                        const uint64_t *to, uint32_t nr)
{
    for (uint32_t n = bitmap_next(nodes, nr, 0); n < nr; n = bitmap_next(nodes, nr, n + 1)) {
        bitmap_set(out, node_remap(n, from, to, nr));
    }
}

/* mpol_relative_nodemask(): @user folded round the weight of @mems, then as ordinals of @mems. */
static void nodes_relative(uint64_t *out, const uint64_t *user, const uint64_t *mems, uint32_t nr)
{
    uint32_t weight = bitmap_weight(mems, nr);

    for (uint32_t n = bitmap_next(user, nr, 0); n < nr && weight > 0;
         n = bitmap_next(user, nr, n + 1)) {
        bitmap_set(out, nth(mems, nr, n % weight));
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Setting                                                                                      */

static bool einval(GError **error, const char *what)
{
    g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, what);
    return false;
}

/* mpol_new(), sanitize_mpol_flags(), do_set_mempolicy() */
static bool check_asked(const struct numasim_mempolicy *asked, bool has_nodes, GError **error)
{
    const uint32_t user_flags = NUMASIM_MPOL_F_STATIC_NODES | NUMASIM_MPOL_F_RELATIVE_NODES;
    bool filters = asked->mode == NUMASIM_MPOL_BIND || asked->mode == NUMASIM_MPOL_PREFERRED_MANY;

    if ((asked->flags & user_flags) == user_flags) {
        return einval(error, "a memory policy of nodes both static and relative; expected one");
    }
    if ((asked->flags & NUMASIM_MPOL_F_NUMA_BALANCING) != 0 && !filters) {
        return einval(error, "MPOL_F_NUMA_BALANCING goes with bind and preferred-many alone; "
                             "expected it left out");
    }
    if (asked->home_node >= 0 && !filters) {
        return einval(error, "a home node goes with bind and preferred-many alone; expected it "
                             "left out");
    }
    switch ((enum numasim_mpol)asked->mode) {
    case NUMASIM_MPOL_DEFAULT:
    case NUMASIM_MPOL_LOCAL:
        return (!has_nodes && (asked->flags & user_flags) == 0) ||
               einval(error, "a memory policy without nodes was given some, or flags about them; "
                             "expected none");
    case NUMASIM_MPOL_PREFERRED:
        return has_nodes || (asked->flags & user_flags) == 0 ||
               einval(error, "flags about the nodes of a policy that has none; expected nodes");
    default:
        return has_nodes ||
               einval(error, "the memory policy has no node; expected at least one with memory");
    }
}

bool mempolicy_set(struct mempolicy *m, const struct numasim_mempolicy *asked, const uint64_t *mems,
                   uint32_t nr, GError **error)
{
    bool has_nodes = asked->nodes != NULL && !bitmap_empty(asked->nodes, nr);
    g_autofree uint64_t *nodes = NULL;

    if (!check_asked(asked, has_nodes, error)) {
        return false;
    }
    if (has_nodes) {
        nodes = bitmap_new(nr);
        if (asked->flags & NUMASIM_MPOL_F_RELATIVE_NODES) {
            nodes_relative(nodes, asked->nodes, mems, nr);
        } else {
            bitmap_and(nodes, asked->nodes, mems, nr);
        }
        if (bitmap_empty(nodes, nr)) {
            return einval(error, "none of the memory policy's nodes has memory within the cpuset; "
                                 "expected at least one");
        }
    }
    mempolicy_release(m);
    m->pub = *asked;
    m->pub.nodes = NULL;
    if (!has_nodes) {
        m->pub.mode =
            asked->mode == NUMASIM_MPOL_PREFERRED ? (uint8_t)NUMASIM_MPOL_LOCAL : asked->mode;
        return true;
    }
    m->user = bitmap_new(nr);
    bitmap_copy(m->user, asked->nodes, nr);
    m->mems = bitmap_new(nr);
    /* The kernel keeps the user's nodes where any flag is set, and reads them as the cpuset's. */
    bitmap_copy(m->mems, asked->flags != 0 ? asked->nodes : mems, nr);
    m->nodes = g_steal_pointer(&nodes);
    m->pub.nodes = m->nodes;
    return true;
}

static uint64_t *copy_of(const uint64_t *map, uint32_t nr)
{
    uint64_t *copy = NULL;

    if (map != NULL) {
        copy = bitmap_new(nr);
        bitmap_copy(copy, map, nr);
    }
    return copy;
}

void mempolicy_inherit(struct mempolicy *to, const struct mempolicy *from, uint32_t nr)
{
    mempolicy_release(to);
    to->pub = from->pub;
    to->nodes = copy_of(from->nodes, nr);
    to->user = copy_of(from->user, nr);
    to->mems = copy_of(from->mems, nr);
    to->pub.nodes = to->nodes;
}

void mempolicy_rebind(struct mempolicy *m, const uint64_t *mems, uint32_t nr)
{
    bool remaps = m->pub.mode == NUMASIM_MPOL_BIND || m->pub.mode == NUMASIM_MPOL_INTERLEAVE ||
                  m->pub.mode == NUMASIM_MPOL_WEIGHTED_INTERLEAVE;

    if (m->nodes == NULL || !remaps || (m->pub.flags == 0 && bitmap_equal(m->mems, mems, nr))) {
        return;
    }
    g_autofree uint64_t *nodes = bitmap_new(nr);

    if (m->pub.flags & NUMASIM_MPOL_F_STATIC_NODES) {
        bitmap_and(nodes, m->user, mems, nr);
    } else if (m->pub.flags & NUMASIM_MPOL_F_RELATIVE_NODES) {
        nodes_relative(nodes, m->user, mems, nr);
    } else {
        nodes_remap(nodes, m->nodes, m->mems, mems, nr);
        bitmap_copy(m->mems, mems, nr);
    }
    /* In place: the policies hold on to pub.nodes. */
    bitmap_copy(m->nodes, bitmap_empty(nodes, nr) ? mems : nodes, nr);
}
