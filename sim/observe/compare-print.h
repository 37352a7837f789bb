/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comparison as text: for a terminal, a pull request, machines, CI, and in the forms that mmtests'
 * compare-mmtests.pl and benchstat print, for people who post those. UTF-8, newly allocated.
 *
 * @findings: of gate_judge(), or NULL. What failed stands first where people read it.
 */
#ifndef NUMASIM_OBSERVE_COMPARE_PRINT_H
#define NUMASIM_OBSERVE_COMPARE_PRINT_H

#include "observe/compare.h"
#include "observe/gate-judge.h"

char *compare_text(const struct comparison *c, const GArray *findings);
char *compare_markdown(const struct comparison *c, const GArray *findings);

/* numasim-compare/1. */
char *compare_json(const struct comparison *c, const GArray *findings);
/* A test suite to a group, a test case to a metric; one that a gate forbids fails. */
char *compare_junit(const struct comparison *c, const GArray *findings);

/* Min, Amean, Stddev and so on are over seeds. A change counts positive where it is for the better. */
char *compare_mmtests(const struct comparison *c, const GArray *findings);
/* A median and half the range of the middle 95 % of the seeds; changes are of the medians, ~ where the verdict
 * is unclear or same. */
char *compare_benchstat(const struct comparison *c, const GArray *findings);
/* "FAIL  ..." for each finding that failed, and how many of all did; nothing where @findings is NULL. */
void compare_append_findings(const struct comparison *c, const GArray *findings, bool markdown,
                             GString *out);

/* For these files: "+5.3%", "-" where there is no telling; "+0.5% to +2.8%"; "0.004"; a mean. */
char *compare_change_text(const struct compare_metric *m);
char *compare_interval_text(const struct compare_metric *m);
char *compare_p_text(const struct compare_metric *m);
char *compare_mean_text(enum result_unit unit, double mean);
/* "request_latency_ns.clients.p99 on epyc, db: 236us to 260us, +10.2% (...); may rise by 5% and 20us" */
char *compare_finding_text(const struct comparison *c, const struct gate_finding *f);
/* Lines about the metrics of @g that can not be compared: "NAME: in runs of LABEL only". */
void compare_append_lone(const struct comparison *c, const struct compare_group *g, GString *out);
/* Which side has @l: its label, or "neither". */
const char *compare_lone_side(const struct comparison *c, const struct compare_lone *l);
/* "3 seeds", "1 seed, exact". */
char *compare_seeds_text(const struct compare_group *g);

#endif
