/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the workload reader share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_WORKLOAD_PRIVATE_H
#define NUMASIM_FORMAT_WORKLOAD_PRIVATE_H

#include "format/workload-yaml.h"
#include "format/yaml.h"

/* A declaration under `objects:`: one object, or an array of them with consecutive indices. */
struct object_decl {
    const char *name;
    enum object_kind kind;
    int32_t first, count; /* indices into the workload's objects */
    bool array;           /* referred to as NAME.INDEX, NAME.thread or NAME.each */
};

/* The state of reading one file. Names are borrowed from the document. */
struct workload_reader {
    struct workload *w;     /* being filled */
    GArray *objects;        /* struct object_decl */
    GPtrArray *metrics;     /* names owned by it, in order of first use */
    int32_t nr_steps;       /* so far, against WORKLOAD_MAX_STEPS */
    const char **processes; /* NULL-terminated, by index */
    const char **cgroups, **arrivals;
    /* While the programs of a process are read: */
    const struct workload_process *process;
    const char **groups;  /* NULL-terminated */
    int32_t *group_first; /* the index that the group of that name got */
    const char **regions;
    int32_t thread; /* which thread of a group that mentions `.thread` is being read, or -1 */
    int32_t each;   /* the turn of the innermost `foreach`, or -1 */
};

struct workload_mark workload_mark(const struct yaml_node *node);

/* The values' keys of the mapping @map as a NULL-terminated array, g_free(); NULL map: empty. */
const char **workload_keys(const struct yaml_node *map);
/* The key of @node must be a name: 1 to @max_length letters, digits, '-' and '_'. */
bool workload_check_name(const struct yaml_node *node, const char *what, size_t max_length,
                         GError **error);
/* The scalar @node must be one of @names; its index. @what as in "region". */
bool workload_lookup(const struct yaml_node *node, const char *what, const char *const *names,
                     int32_t *ret_index, GError **error);
/*
 * The scalar @node must name an object of one of the kinds whose bits stand in @kinds: NAME,
 * NAME.INDEX, or NAME.thread and NAME.each where these mean something.
 */
bool workload_object_ref(const struct workload_reader *r, const struct yaml_node *node,
                         unsigned kinds, int32_t *ret_index, GError **error);
/* The declaration that the scalar @node names, or NULL with @error. */
const struct object_decl *workload_object_decl(const struct workload_reader *r,
                                               const struct yaml_node *node, GError **error);
/* The scalar @node as a cpulist, kept as text; what it replaces is freed. */
bool workload_cpulist(const struct yaml_node *node, char **member, GError **error);
/* The index of the metric @name, which is added if it is new. */
int32_t workload_metric(struct workload_reader *r, const char *name);

/* How a region's choices are spelt, by enum page_kind, access_pattern and first_toucher. */
extern const char *const workload_page_words[], *const workload_pattern_words[],
                                                    *const workload_touch_words[];
/* Modes of memory policies, by enum numasim_mpol. */
extern const char *const workload_mpol_words[];
/* What stands under `policy` or `numactl` (NULL: it does not). What was read so far belongs to the
 * caller, also on failure. */
bool workload_read_mempolicy(const struct yaml_node *policy, const struct yaml_node *numactl,
                             bool of_region, struct workload_mempolicy *p, GError **error);
/* Regions by name. What was read so far belongs to the caller, also on failure. */
bool workload_read_regions(const struct yaml_node *map, struct workload_region **regions,
                           int32_t *nr_regions, GError **error);
bool workload_read_objects(struct workload_reader *r, const struct yaml_node *map, GError **error);
bool workload_read_cgroups(struct workload_reader *r, const struct yaml_node *map, GError **error);
bool workload_read_arrivals(struct workload_reader *r, const struct yaml_node *map, GError **error);
bool workload_read_processes(struct workload_reader *r, const struct yaml_node *map,
                             GError **error);
bool workload_read_admin(struct workload_reader *r, const struct yaml_node *list, GError **error);
/* A program or a body; on success the caller owns *@ret_steps (workload_steps_free()). */
bool workload_read_steps(struct workload_reader *r, const struct yaml_node *list,
                         struct step **ret_steps, int32_t *ret_nr, GError **error);

/* One word of the language. Rows whose @read is NULL are written out by the step reader itself. */
struct step_word {
    const char *word;
    enum step_kind kind;
    bool bare; /* may stand without a value */
    /* Fills @step, whose kind and mark are set, from @arg (NULL: the bare word). */
    bool (*read)(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                 GError **error);
    const char *example; /* "run: 2ms" */
};

/* The words about objects that threads meet at; ends with a row whose word is NULL. */
extern const struct step_word workload_sync_words[];

#endif
