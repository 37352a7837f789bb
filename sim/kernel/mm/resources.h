/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory side of a machine as resources that tasks share: each node's controller, each link, each
 * LLC; and which of them an access passes.
 */
#ifndef NUMASIM_KERNEL_MM_RESOURCES_H
#define NUMASIM_KERNEL_MM_RESOURCES_H

#include <stdbool.h>

#include "kernel/mm/contend.h"
#include "machine/machine.h"

struct resources;

struct resources *resources_new(const struct machine *m);
void resources_free(struct resources *r);

/* The table for contend_new(), and its length. Borrowed. */
const struct contend_resource *resources_table(const struct resources *r, int32_t *ret_nr);

/* The controller of @node, or its memory-side cache; of a full duplex one, that of its reads. */
int32_t resources_node(const struct resources *r, int32_t node);
/* The links that data goes along from node @from to node @to, in order; none where they are one, or
 * nothing limits it. Borrowed. */
const int32_t *resources_links(const struct resources *r, int32_t from, int32_t to,
                               int32_t *ret_nr);
/* True if @resource is the controller of a node (*@ret_from -1) or a link between two. Where a node has a
 * memory-side cache, that counts as its controller: it is what all accesses go to. */
bool resources_is_way(const struct resources *r, int32_t resource, int32_t *ret_from,
                      int32_t *ret_to);

/*
 * Adds to @uses[], which holds *@nr entries of other resources and has room for one of each, what
 * @misses_milli lines read, @side_milli of which the node's memory-side cache does not have (0 where
 * there is none), and @writes_milli lines written back each second, x 1000, by a CPU of
 * @llc (-1: whichever) on @cpu_node mean to the resources on the way to @node. Resources without a limit
 * are left out.
 */
void resources_add_uses(const struct resources *r, int32_t llc, int32_t cpu_node, int32_t node,
                        uint64_t misses_milli, uint64_t side_milli, uint64_t writes_milli,
                        struct contend_use *uses, int32_t *nr);

#endif
