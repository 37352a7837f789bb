/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which levels survive: kernel/sched/topology.c: sd_degenerate(), sd_parent_degenerate(),
 * cpu_attach_domain().
 */
#include "machine/domains-internal.h"

/* Flags that mean something only with several groups: all but SD_WAKE_AFFINE (sd_flags.h). */
static const uint32_t needs_groups =
    SD_BALANCE_NEWIDLE | SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_BALANCE_WAKE | SD_ASYM_CPUCAPACITY |
    SD_ASYM_CPUCAPACITY_FULL | SD_SHARE_CPUCAPACITY | SD_CLUSTER | SD_SHARE_LLC | SD_SERIALIZE |
    SD_ASYM_PACKING | SD_PREFER_SIBLING | SD_OVERLAP | SD_NUMA | SD_LOAD_BALANCE;

static bool degenerate(const struct build_domain *d)
{
    if (d->span->weight == 1) {
        return true;
    }
    if ((d->flags & needs_groups) && d->ring->nr_groups > 1) {
        return false;
    }
    return !(d->flags & SD_WAKE_AFFINE);
}

static bool parent_degenerate(const struct build_domain *child, const struct build_domain *parent)
{
    uint32_t parent_flags = parent->flags;

    if (degenerate(parent)) {
        return true;
    }
    if (child->span != parent->span) {
        return false;
    }
    if (parent->ring->nr_groups == 1) {
        parent_flags &= ~needs_groups;
    }
    return !(parent_flags & ~child->flags);
}

uint32_t builder_attach(struct builder *b, uint32_t cpu, uint32_t *levels)
{
    const uint32_t height = b->height[cpu];
    uint32_t i, nr = 0;

    if (!height) {
        return 0;
    }
    levels[nr++] = 0;
    for (i = 1; i < height; i++) {
        struct build_domain *child = builder_domain(b, cpu, levels[nr - 1]);
        struct build_domain *parent = builder_domain(b, cpu, i);

        if (!parent_degenerate(child, parent)) {
            levels[nr++] = i;
            continue;
        }
        if (b->release >= KERNEL_6_12 && i + 1 < height) {
            builder_domain(b, cpu, i + 1)->first_group_flags = child->flags;
        }
        child->flags |= parent->flags & SD_PREFER_SIBLING;
        if (b->release >= KERNEL_7_3) {
            child->has_shared |= parent->has_shared;
        }
    }
    if (degenerate(builder_domain(b, cpu, levels[0]))) {
        nr--;
        for (i = 0; i < nr; i++) {
            levels[i] = levels[i + 1];
        }
        if (nr) {
            builder_domain(b, cpu, levels[0])->first_group_flags = 0;
        }
    }
    return nr;
}
