/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the CPUs of a machine stand in the even grid of QEMU's -smp. */
#ifndef NUMASIM_FORMAT_MACHINE_QEMU_PLACE_H
#define NUMASIM_FORMAT_MACHINE_QEMU_PLACE_H

#include "machine/machine.h"

/* What -smp calls the level between sockets and cores. */
enum qemu_middle {
    QEMU_MIDDLE_LLC, /* dies=: x86 CPUs of QEMU's have an L3 in each die, so that an LLC is one */
    QEMU_MIDDLE_CLUSTER, /* clusters= */
    QEMU_MIDDLE_NONE
};

/*
 * A place for every thread of a grid as wide as the widest socket, die and core. Numbered with the
 * threads of a core next to each other; those of a machine with uneven cores are partly empty.
 */
struct qemu_grid {
    enum qemu_middle middle;
    int32_t sockets, middles, cores, threads; /* the last three in one of the level above */
    int32_t nr_places;
    int32_t *cpu;     /* [nr_places], index in the machine or -1; owned */
    int32_t nr_first; /* the places before the first empty one */
};

/* The grid of @m, released with qemu_grid_clear(). False if it has more than @max places. */
bool qemu_grid_init(struct qemu_grid *grid, const struct machine *m, int32_t max);
void qemu_grid_clear(struct qemu_grid *grid);

#endif
