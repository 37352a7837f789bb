/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures in Graphviz's language (https://graphviz.org/doc/info/lang.html). */
#ifndef NUMASIM_MACHINE_DOT_H
#define NUMASIM_MACHINE_DOT_H

#include "machine/domains.h"

/*
 * The machine @m: packages, nodes with their memory and tier, LLCs and CPUs as nested boxes, and
 * nodes joined by edges with their distance. Cores are boxes of their own where there are few;
 * above that an LLC names its CPUs. An edge between nodes that is no shorter than both legs of a
 * way over a third node is left out, and where all nodes of two packages are equally far, one edge
 * joins the packages. Newly allocated.
 */
char *machine_to_dot(const struct machine *m);

/*
 * The tree of domains of @sds, a box for each with its span and flags; where many are alike, one
 * box with a double frame stands for them and says how many. Newly allocated.
 */
char *domains_to_dot(const struct machine *m, const struct sched_domains *sds);

/* Appends @text as a quoted string; a newline in it becomes a line break of the picture. */
void dot_append_quoted(GString *out, const char *text);

#endif
