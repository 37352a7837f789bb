/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary that `lscpu` prints as lines "Field: value" and `lscpu -J` as JSON. It counts threads,
 * cores and sockets and lists each node's CPUs, but does not say which CPUs are siblings.
 */
#ifndef NUMASIM_FORMAT_FACTS_LSCPU_SUMMARY_H
#define NUMASIM_FORMAT_FACTS_LSCPU_SUMMARY_H

#include "format/facts/lines.h"

/* The caches whose size and number are of use, in the order of struct facts_cpu. */
enum lscpu_cache { LSCPU_L1D, LSCPU_L2, LSCPU_L3, LSCPU_NR_CACHES };

struct lscpu_cache_size {
    int64_t bytes, rounding; /* of all, give or take; 0 unknown */
    int64_t instances;       /* 0: of one cache if @single, else nobody says of how many */
    int level;
    bool single;
};

struct lscpu_node_cpus {
    int32_t id;
    char *list; /* owned */
};

struct lscpu_summary {
    char *arch, *vendor, *model;                   /* owned, or NULL */
    int64_t cpus, threads, cores, sockets, family; /* FACTS_UNKNOWN; cores of each socket */
    bool uneven;                                   /* several types of CPU differ in these */
    int nr_types;                                  /* how often a model is named */
    char *online, *offline;                        /* CPU lists, or NULL */
    bool masks;                                    /* all lists are hexadecimal masks */
    GArray *nodes;                                 /* struct lscpu_node_cpus */
    int64_t max_hz;                                /* 0 unknown */
    struct lscpu_cache_size caches[LSCPU_NR_CACHES];
};

void lscpu_summary_init(struct lscpu_summary *s);
void lscpu_summary_clear(struct lscpu_summary *s);
/* True iff @field is one that only lscpu prints ("Thread(s) per core", "On-line CPU(s) list"). */
bool lscpu_is_field(struct piece field);
/* Takes one field, without its colon; unknown ones are let pass. False with *@what (newly
 * allocated) if the value cannot be read. */
bool lscpu_summary_take(struct lscpu_summary *s, struct piece field, struct piece value,
                        char **what);
/* "48K", "1.3M", "35.8 MiB (1 instance)", "98304 (2 instances)". */
bool lscpu_parse_size(struct piece text, struct lscpu_cache_size *ret);
/* The most even size of one of @instances caches that have @s together; 0 if none is even enough. */
int64_t lscpu_size_of_one(const struct lscpu_cache_size *s, int64_t instances);
/* What the fields say, and what arithmetic leaves no choice about. NULL with NUMASIM_ERROR_INPUT. */
struct facts *lscpu_summary_finish(const struct lscpu_summary *s, const char *name,
                                   const char *tool, GError **error);

/* Facts while counts are made into groups (lscpu-placing.c). */
struct lscpu_placing {
    const struct lscpu_summary *s;
    struct facts *f;
    GArray *cpus;        /* int32_t: the online ones by node and number */
    GArray *node_starts; /* guint: where each node that has CPUs begins in it */
    int64_t nr_cores;    /* 0 until siblings are known */
    bool packages;       /* are known */
};

/* Fills @cpus and @node_starts from the facts. */
void lscpu_order_cpus(struct lscpu_placing *p);
/* The CPU at @place of @cpus. */
struct facts_cpu *lscpu_cpu_at(const struct lscpu_placing *p, guint place);
/* Which CPUs are siblings, then which share a package, then which share a cache. */
void lscpu_take_cores(struct lscpu_placing *p);
void lscpu_take_packages(struct lscpu_placing *p);
void lscpu_take_sharing(struct lscpu_placing *p, enum lscpu_cache cache, enum facts_group group);

#endif
