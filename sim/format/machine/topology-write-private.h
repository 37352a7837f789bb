/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the topology writer share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_MACHINE_TOPOLOGY_WRITE_PRIVATE_H
#define NUMASIM_FORMAT_MACHINE_TOPOLOGY_WRITE_PRIVATE_H

#include <glib.h>

#include "base/units.h"
#include "format/machine/topology-private.h"
#include "format/machine/topology-write.h"

enum { TOPOLOGY_COLUMNS = 100, TOPOLOGY_INDENT = 2 };

/*
 * @text as one YAML scalar that reads back as @text: plain where that is safe (@flow: between
 * braces), else in double quotes. What is no text (bad UTF-8, control characters but newlines and
 * tabs) becomes U+FFFD. Newly allocated.
 */
char *topology_scalar(const char *text, bool flow);
/* "KEY: TEXT" as a line at @indent, folded over several lines if it is long. */
void topology_write_text(GString *out, int indent, const char *key, const char *text);
/* @line as a comment of one or more lines. */
void topology_write_comment(GString *out, const char *line);

/* A mapping being collected: its pairs stand on one line in braces, or a line each if too long. */
struct topology_map {
    GPtrArray *keys, *values; /* char *, owned */
};
void topology_map_init(struct topology_map *map);
/* @value is copied as it is: a plain scalar, as quantities and most lists are. */
void topology_map_add(struct topology_map *map, const char *key, const char *value);
void topology_map_add_int(struct topology_map *map, const char *key, int64_t value);
void topology_map_add_quantity(struct topology_map *map, const char *key, int64_t value,
                               enum unit unit);
/* A text. */
void topology_map_add_text(struct topology_map *map, const char *key, const char *text);
/* A cpulist, in quotes where a comma would end it. */
void topology_map_add_list(struct topology_map *map, const char *key, const char *list);
/* Writes the map under "KEY:" at @indent, or as a list's item where @key is NULL; releases it. */
void topology_map_write(struct topology_map *map, GString *out, int indent, const char *key);

/* The `source:` line of @block. */
void topology_write_source(GString *out, const struct machine *m, enum machine_block block);

/* `hmat` of a node, in braces; newly allocated. */
char *topology_hmat_text(const struct machine_coordinates *hmat);
/* The blocks `load:` and `tlb:`, where the machine has any of it. */
void topology_write_load(GString *out, const struct machine *m);
void topology_write_tlb(GString *out, const struct machine *m);

/* What `caches:` says; entries of `cpus` state only what differs from it. */
struct topology_sizes {
    int64_t l1d_bytes, l2_bytes, llc_bytes;
};
/* The commonest size of each kind of cache. */
struct topology_sizes topology_common_sizes(const struct machine *m);
/* The block `cpus:`. */
void topology_write_cpus(GString *out, const struct machine *m, const struct topology_sizes *sizes);

#endif
