/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When accesses to memory were made. An event tells those of a stretch when it ends; this finds where it
 * began: at the task's last switch to a CPU, or where it was last told of.
 */
#ifndef NUMASIM_CLI_PLOT_STRETCH_H
#define NUMASIM_CLI_PLOT_STRETCH_H

#include <stdint.h>

#include "kernel/kernel.h"

struct plot_accesses {
    int32_t cpu, from_node, to_node; /* the CPU's node, the memory's */
    int64_t begin_ns, end_ns;
    uint64_t reads, writes; /* lines */
};

struct plot_stretch;

struct plot_stretch *plot_stretch_new(void (*told)(const struct plot_accesses *a, void *data),
                                      void *data);
void plot_stretch_free(struct plot_stretch *s); /* accepts NULL */
void plot_stretch_listen(struct plot_stretch *s, struct kernel *k);

#endif
