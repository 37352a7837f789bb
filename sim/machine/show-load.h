/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of show.c: memory tiers, loaded latency, TLB. */
#ifndef NUMASIM_MACHINE_SHOW_LOAD_H
#define NUMASIM_MACHINE_SHOW_LOAD_H

#include <glib.h>

#include "machine/machine.h"

/* Appends the kernel's tiers where there are several, and what is known of load and TLBs. */
void machine_show_load(GString *out, const struct machine *m);

#endif
