/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a study (workload/study.h): runs its matrix through simulate(), and holds the metrics
 * of the runs against what it expects. Every comparison is one of exact fractions of integers.
 *
 * HOW SEEDS BECOME ONE NUMBER. A value, or the ratio or difference of two runs with the same seed, is
 * one reading. `over: mean` is the sum of readings by their number, for a ratio the sum of the upper
 * sides by the sum of the lower ones; `median` the reading in the middle of all, of two in the middle
 * the lower; `min` and `max` the extremes; with `each`, every reading must pass; with `range`, some
 * value between the least and the largest must. The sides of an order are put together each for
 * itself, except with `each`.
 */
#ifndef NUMASIM_OBSERVE_STUDY_H
#define NUMASIM_OBSERVE_STUDY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rational.h"
#include "observe/result.h"
#include "observe/simulate.h"
#include "workload/study.h"

/* What one cell stands for; everything is borrowed. */
struct study_inputs {
    const struct machine *machine;
    const struct sched_domains *sds;
    const struct workload *const *workloads;
    guint nr_workloads;
    const struct policy_stack *stack;
    const char *policy_digest;
};

/* What somebody wants of a run besides its result, as in struct simulate_options; all optional. */
struct study_hooks {
    void (*progress)(int64_t now_ns, int64_t end_ns, void *data);
    void (*attach)(struct kernel *k, void *data);
    void *data;
};

/* The run of @cell, whose inputs are @in, with the seed of index @seed. NULL with the error of simulate(),
 * which names the cell and seed. @ret_dump as there. */
struct result *study_run_one(const struct study *study, const struct study_inputs *in, int32_t cell,
                             int32_t seed, const struct study_hooks *hooks, char **ret_dump,
                             GError **error);

/* The results of @study: that of (cell, seed) is at cell * nr_seeds + seed. All owned. */
struct study_results {
    struct result **results; /* NULL: there is none, and failures[] says why */
    char **failures;         /* one line each, or NULL */
    int32_t nr_results;      /* places in both */
};

/* With places for all runs, empty. */
struct study_results *study_results_new(const struct study *study);
void study_results_free(struct study_results *r); /* accepts NULL */
typedef struct study_results study_results_t;     /* for g_autoptr(study_results_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(study_results_t, study_results_free)

/* That @result has the metrics that @study expects of @cell, in units that its bounds fit. */
bool study_verify(const struct study *study, int32_t cell, const struct result *result,
                  GError **error);

/* True if a number of @kind can be compared with metrics in @unit. */
bool study_kind_fits(enum result_unit unit, enum study_number_kind kind);

/* A number as it is written that can be compared with metrics in @unit: "2ms". */
const char *study_bound_example(enum result_unit unit);

/* What came of one comparison (struct study_check). */
struct study_verdict {
    int32_t expectation; /* index */
    int32_t *cells;      /* [nr_sides], owned */
    bool passed;
    bool lost;                     /* a run that it needs failed: nothing was compared */
    char *measured, *expected;     /* for people: "1.53ms", "at most 2ms" */
    char *exact;                   /* readings as fractions of integers: "3060123/2" */
    char *note;                    /* why it failed where that is not plain, or NULL */
    const struct study_miss *miss; /* the study's: known not to hold; else NULL */
    bool moved; /* and does not, but by another number than the study says (study_miss_moved()) */
    /* Of `equals:` a number other than 0: study_off_ppm() of the readings; else -1. */
    int64_t off_ppm;
};

/*
 * How far @readings (@nr > 0 of them) are from @number: of the farthest, |reading - number| / |number| in
 * parts per million, at most INT64_MAX; -1 where @number is 0. With @range they are the least and the
 * largest, and the nearest point between them counts.
 */
int64_t study_off_ppm(struct rational number, const struct rational *readings, int32_t nr,
                      bool range);

/*
 * True if @miss states one number, or two with " to " between, and what came out is more than a tenth
 * of it away, and more than half of its last digit: one number from the nearest of the readings from
 * @least to @most, two each from its end. @scale: of the metric's integers to one.
 */
bool study_miss_moved(const struct study_miss *miss, struct rational least, struct rational most,
                      int64_t scale);

/* The verdicts of all comparisons of @study, in order (element-type struct study_verdict); free with
 * study_verdicts_free(). Those results that there are have passed study_verify(). */
GArray *study_judge(const struct study *study, const struct study_results *results);
void study_verdicts_free(GArray *verdicts); /* accepts NULL */
/* False if one fails that is not known to. */
bool study_passed(GArray *verdicts);

/* "wakeup_latency_ns.p99: linux-6.12 / fifo-none": what @verdict is about. Newly allocated. */
char *study_verdict_title(const struct study *study, const struct study_verdict *verdict);

/* The study as text: the cells with the metrics that are expected of them, then each comparison with
 * its verdict. UTF-8, newly allocated. */
char *study_table(const struct study *study, const struct study_results *results, GArray *verdicts);
/* The same as JSON, numasim-study/1. */
char *study_to_json(const struct study *study, const struct study_results *results,
                    GArray *verdicts, gsize *ret_size);

/* The folder of a run within a study's: "TOPOLOGY/WORKLOAD/POLICY/seed-N", with characters that do not
 * belong in a file's name replaced by '_'. Newly allocated. */
char *study_run_folder(const struct study *study, int32_t cell, int32_t seed);

#endif
