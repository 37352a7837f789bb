/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What numa_maps and numastat say of processes and their regions. */
#ifndef NUMASIM_KERNEL_MM_NUMA_MAPS_H
#define NUMASIM_KERNEL_MM_NUMA_MAPS_H

#include "kernel/internal.h"

/* What numastat tells apart by the words of a line of numa_maps, in its order. */
enum maps_kind { MAPS_HUGE, MAPS_HEAP, MAPS_STACK, MAPS_PRIVATE, NR_MAPS_KINDS };

enum maps_kind maps_kind(const struct mm_region *r);

/* The first thread of each process that is alive, by process; NULL: it is not. Newly allocated. */
const struct task **maps_leaders(const struct kernel *k);

#endif
