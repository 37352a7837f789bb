/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of machine_complete() share; nobody else includes it. */
#ifndef NUMASIM_MACHINE_COMPLETE_PRIVATE_H
#define NUMASIM_MACHINE_COMPLETE_PRIVATE_H

#include "machine/facts.h"

/* Filling the gaps of @f into @m. Indices of @m's CPUs and nodes follow the outside's order. */
struct completion {
    const struct facts *f;
    const struct machine *like, *host; /* host may be NULL */
    struct machine *m;
    const struct facts_cpu **cpus;   /* [m->nr_cpus], those that stayed */
    const struct facts_node **nodes; /* [m->nr_nodes], NULL where only CPUs name the node */
    GPtrArray *lines;
    GError **error;
};

/* What a file says in words: valid UTF-8 without control characters, newly allocated; NULL of NULL. */
char *completion_text(const char *text);
/* Adds a line for people. */
void completion_say(const struct completion *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Sets the block's source: what the facts say of it, @otherwise (may be NULL), or what was read. */
void completion_source(const struct completion *c, enum machine_block block, const char *otherwise);
/* "0-3,8" of the CPUs whose entry in @chosen [nr_cpus] is true, in the outside's numbers. */
char *completion_cpulist(const struct completion *c, const bool *chosen);

/* complete-groups.c: m->cpus with dense ids of every group, from c->cpus. */
bool complete_groups(struct completion *c);
/* ACPI's SLIT is of bytes. */
enum { COMPLETE_MAX_DISTANCE = 255 };
/* complete-memory.c: what the nodes have, and their distances. After the groups. */
void complete_nodes(struct completion *c);
void complete_distances(struct completion *c);
/* complete-pairs.c: latency and bandwidth, after the distances. */
void complete_pairs(struct completion *c);
/* complete-caches.c: sizes of the caches, and clocks. */
void complete_caches(struct completion *c);

#endif
