/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two sets of results held against each other, metric by metric.
 *
 * Results are paired by topology, workloads and seed; and by policy, too, where either set has several.
 * Runs of one seed asked for the same work (common random numbers), so each pair gives a difference that
 * is the policy's. A set that lacks one of a pair is an error.
 *
 * HOW IT IS JUDGED. With one seed on both sides the comparison is exact: the simulator has no noise, and
 * any difference is one. With several, the mean difference has a bootstrap interval of 95 % and a p by
 * sign flips (base/significance.h), corrected by Holm over all metrics that differ in some run. The verdict is
 *
 *   same      no pair differs
 *   better, worse, different
 *             p is at most 0.05 and the interval leaves 0 out, however small the change; different where
 *             neither direction is good
 *   same      else, where the interval lies within 1 % of the base's mean on both sides
 *   unclear   else
 *
 * Few seeds cannot say more than "unclear": the least p of n pairs is 2^(1 - n), times the metrics.
 */
#ifndef NUMASIM_OBSERVE_COMPARE_H
#define NUMASIM_OBSERVE_COMPARE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "observe/result.h"

/* A set of results of one side. Everything is borrowed as long as the comparison. */
struct compare_side {
    const char *label; /* for messages and tables: "linux-6.12", "runs/before" */
    const struct result *const *results;
    const char *const *paths; /* where each is from */
    uint32_t nr;
};

enum compare_goodness { COMPARE_NEUTRAL, COMPARE_LOWER, COMPARE_HIGHER };
/* Which direction of the metric @name is the good one. */
enum compare_goodness compare_goodness(const char *name);

enum compare_verdict {
    COMPARE_SAME,
    COMPARE_BETTER,
    COMPARE_WORSE,
    COMPARE_DIFFERENT,
    COMPARE_UNCLEAR
};
const char *compare_verdict_name(enum compare_verdict verdict);

struct compare_metric {
    char *name;
    enum result_unit unit;
    enum compare_goodness goodness;
    int64_t *base, *new_; /* [nr_seeds of the group] as result_metric.value */
    double base_mean, new_mean, difference;
    double low, high; /* of the difference; both equal to it where it is exact */
    double p;         /* corrected; 1 where it is exact */
    enum compare_verdict verdict;
};

/*
 * A metric that can not be compared: at least one side has it not in each of its runs, and its absence does
 * not mean 0.
 */
struct compare_lone {
    char *name;
    enum result_unit unit;
    bool has[2];    /* base, new: in each of its runs */
    double mean[2]; /* of a side that has it */
};

/* One topology with one set of workloads, and one policy where that tells results apart. */
struct compare_group {
    char *topology, *workload;
    char *policy; /* NULL: the sets have one each */
    uint64_t *seeds;
    uint32_t nr_seeds;
    struct compare_metric *metrics; /* in the order of their names */
    uint32_t nr_metrics;
    struct compare_lone *lone; /* in the order of their names */
    uint32_t nr_lone;
};

struct comparison {
    char *base_label, *new_label;
    bool exact;         /* every group has one seed */
    bool chosen;        /* metrics were asked for by name */
    uint32_t nr_tested; /* metrics that p was corrected over */
    char **names;       /* of all metrics that some group has, shown or not; NULL-terminated */
    struct compare_group *groups; /* by topology, workload, policy */
    uint32_t nr_groups;
    /* Where there are several groups: metrics that are > 0 on both sides of at least two. */
    struct compare_mean {
        char *name;
        enum result_unit unit;
        enum compare_goodness goodness;
        uint32_t nr_groups;
        double ratio; /* geometric mean of new to base, of the groups' means */
    } * means;
    uint32_t nr_means;
};

/*
 * @patterns: globs (GPatternSpec: * and ?) of the metrics to show, NULL-terminated; NULL or empty: those
 * that people ask for first (compare_is_usual()). A metric that is written only where there was something
 * to count is 0 where it is missing (compare_absent_is_zero()); another one that some run does not have is in
 * `lone`. NULL with NUMASIM_ERROR_INPUT where a set is empty, two results of a set are of the same seed, or
 * results have no partner.
 */
struct comparison *compare_results(const struct compare_side *base, const struct compare_side *new_,
                                   const char *const *patterns, GError **error);

/* Runs without a partner, a cell to a text: "topology epyc, workload db, seed 1, 2". */
struct compare_unpaired {
    GPtrArray *dropped; /* char *: of the base alone */
    GPtrArray *added;   /* of the new side alone */
    GPtrArray *changed; /* of both, but they did other work */
};
/* The same of the runs that both sides have, which may be none; of the others *@ret, to be released. */
struct comparison *compare_common(const struct compare_side *base, const struct compare_side *new_,
                                  const char *const *patterns, struct compare_unpaired *ret,
                                  GError **error);
void compare_unpaired_release(struct compare_unpaired *u); /* accepts what is released */

void comparison_free(struct comparison *c); /* accepts NULL */
typedef struct comparison comparison_t;     /* for g_autoptr(comparison_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(comparison_t, comparison_free)

/* " (did you mean 'cpu.utilisation'?)", or "" where no metric's name is near @name. Newly allocated. */
char *comparison_suggest(const struct comparison *c, const char *name);
/* That a metric of @c, be it of one side, fits @pattern; else NUMASIM_ERROR_INPUT. */
bool comparison_has(const struct comparison *c, const char *pattern, GError **error);

/* True for counters that a run writes only where they moved: a result without @name counted 0 of it. */
bool compare_absent_is_zero(const char *name);

/* True for metrics of the whole run by which it is judged: latencies, throughput, waste, migrations,
 * locality, where time went. */
bool compare_is_usual(const char *name);

/* "epyc, db-server" or "epyc, db-server, linux-6.12". Newly allocated. */
char *compare_group_title(const struct compare_group *g);
/* That no pair differs. */
bool compare_is_equal(const struct compare_metric *m, uint32_t nr_seeds);
/* (new - base) / base as 0.05 for 5 %; 0 where both are 0. False where only base is 0. */
bool compare_change(const struct compare_metric *m, double *ret);

#endif
