/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comparison held against a gate. A metric fails where its mean changed in a direction that the gate
 * bounds by more than the share and by more than the amount that it allows, and the interval of the
 * difference leaves 0 out; or where only one side has it, and that does not mean 0 on the other.
 */
#ifndef NUMASIM_OBSERVE_GATE_JUDGE_H
#define NUMASIM_OBSERVE_GATE_JUDGE_H

#include "observe/compare.h"
#include "workload/gate.h"

/* One rule on one metric of one group. */
struct gate_finding {
    const struct gate_rule *rule;
    const struct compare_group *group;
    const struct compare_metric *metric; /* NULL: it is @lone, which fails */
    const struct compare_lone *lone;     /* NULL: it is @metric */
    bool failed;
};

/*
 * Every finding, those that failed first, then in the order of the gate's rules (element-type struct
 * gate_finding). NULL with NUMASIM_ERROR_INPUT, "PATH:LINE:COLUMN: ...", where a rule that is about a
 * topology and workload of @c names a metric that nothing there has, or an amount in a foreign unit; and
 * where no rule is about any.
 */
GArray *gate_judge(const struct gate *gate, const struct comparison *c, GError **error);

/* How many of them failed. */
guint gate_nr_failed(const GArray *findings);
/* "may rise by 5% and 20us". Newly allocated. */
char *gate_rule_allows(const struct gate_rule *rule);

#endif
