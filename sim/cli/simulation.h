/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From names on the command line to what simulate() wants, and copies of the files they came from. */
#ifndef NUMASIM_CLI_SIMULATION_H
#define NUMASIM_CLI_SIMULATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/paths.h"
#include "machine/domains.h"
#include "observe/result.h"

/* A policy set with its plugins. */
struct simulation_policy {
    struct policy_set *set;
    struct policy_stack *stack;
    const struct sched_domains *sds; /* by the rules of its release; the simulation's, or own_sds */
    struct sched_domains *own_sds;   /* by rules that the balance plugin's parameters change */
    char **overrides;                /* what was applied to the set; NULL-terminated */
};

/* What one command simulates: each policy on one machine with the same workloads. All owned. */
struct simulation {
    struct machine *machine;
    char *kernel; /* the release for all policies; NULL: each set's own */
    struct sched_domains *sds[NR_KERNEL_RELEASES]; /* those that a policy asked for */
    GPtrArray *workloads;                          /* struct workload * */
    GPtrArray *policies;                           /* struct simulation_policy * */
    GPtrArray *files;                              /* char *: paths of topology and workloads */
    GArray *texts; /* struct result_file: workloads that are no files */
    const struct paths *paths;
};

/*
 * Reads the machine @topology. Its domains are built by the rules of @kernel ("6.12") or, with NULL,
 * of the release that each policy set names (policy_set_kernel()).
 */
struct simulation *simulation_new(const struct paths *paths, const char *topology,
                                  const char *kernel, GError **error);
void simulation_free(struct simulation *s); /* accepts NULL */
typedef struct simulation simulation_t;     /* for g_autoptr(simulation_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(simulation_t, simulation_free)

/* Adds a workload: a name or path, with ":replicas=N" behind it or without. */
bool simulation_add_workload(struct simulation *s, const char *text, GError **error);
/* Adds the workload whose file would hold @text; @name stands for the path in messages, and names the
 * copy. @replicas 0: as it says. */
bool simulation_add_workload_text(struct simulation *s, const char *name, const char *text,
                                  int32_t replicas, GError **error);
/* Adds the policy set @name with @overrides (NULL-terminated) applied. A name that is there already
 * is an error. */
bool simulation_add_policy(struct simulation *s, const char *name, char *const *overrides,
                           GError **error);

/*
 * Copies of the input files for result_write(): the set and the sets it extends, topology, workloads,
 * under their own names; of two with one name the later gets a number. (element-type struct
 * result_file), transfer full, with the bytes.
 */
GArray *simulation_copies(const struct simulation *s, const struct simulation_policy *policy,
                          GError **error);
void simulation_copies_free(GArray *files); /* accepts NULL */
/* True if the file @path is one of those that simulation_copies() reads. */
bool simulation_reads(const struct simulation *s, const char *path);

#endif
