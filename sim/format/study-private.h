/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the reader of studies share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_STUDY_PRIVATE_H
#define NUMASIM_FORMAT_STUDY_PRIVATE_H

#include "format/yaml.h"
#include "workload/study.h"

static inline struct workload_mark study_mark(const struct yaml_node *node)
{
    return (struct workload_mark){node->line, node->column};
}

/* Reads the list `expect:` into @s, whose axes are complete. */
bool study_read_expectations(struct study *s, const struct yaml_node *list, GError **error);
/*
 * The scalar @node as a number of whichever kind it is written in. A value below 0 is an error
 * unless @negative.
 */
bool study_read_number(const struct yaml_node *node, bool negative, struct study_number *ret,
                       GError **error);
/* The same of @text; false if it is none. */
bool study_parse_number(const char *text, struct study_number *ret);
/* What `measured:` says in numbers, if it does, into @miss. */
void study_parse_measured(struct study_miss *miss);
/* The bounds that @map states with `at-most:`, `between:` and the like, into @e. @equals, @between:
 * these two keys' values, or NULL. */
bool study_read_bounds(struct study_expectation *e, const struct yaml_node *map,
                       const struct yaml_node *equals, const struct yaml_node *between,
                       GError **error);

/* A reference that is a path is seen from the folder of the study. Newly allocated. */
char *study_resolve_ref(const struct study *s, const char *ref);
/* What a member is called unless it says: its file's name without folder and ending. Newly allocated. */
char *study_short_name(const char *ref);
/* A member of `workloads:`, but for its name if it says one. */
bool study_read_workload(const struct study *s, const struct yaml_node *node,
                         struct study_item *item, GError **error);

#endif
