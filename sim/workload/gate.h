/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gate as plain data: which metrics may change how much from one set of results to another. The reader
 * in format/ fills it, observe/gate-judge.h holds a comparison against it. results/README.md describes
 * the language.
 */
#ifndef NUMASIM_WORKLOAD_GATE_H
#define NUMASIM_WORKLOAD_GATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "workload/study.h"

/* A change beyond both is too much. */
struct gate_allowance {
    bool stated;
    int64_t relative_ppm; /* of the base's mean */
    struct study_number absolute;
};

struct gate_rule {
    struct workload_mark mark;
    char *metric, *topology, *workload; /* globs with * and ? */
    char *why;                          /* or NULL */
    struct gate_allowance rise, fall;   /* one of them at least is stated */
};

struct gate {
    char *path;
    struct gate_rule *rules;
    uint32_t nr_rules; /* > 0 */
};

void gate_free(struct gate *g); /* accepts NULL and half-filled ones */
typedef struct gate gate_t;     /* for g_autoptr(gate_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gate_t, gate_free)

#endif
