/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the busy time of CPUs went to, summed for each command: rate-clock.h divides it. */
#include "observe/metrics-private.h"

static const char *const part_names[NR_RATE_PARTS] = {
    [RATE_FULL] = "time.full_ns",           [RATE_SMT] = "time.smt_ns",
    [RATE_COLD] = "time.cold_ns",           [RATE_REMOTE] = "time.remote_ns",
    [RATE_BANDWIDTH] = "time.bandwidth_ns", [RATE_TLB] = "time.tlb_ns",
};

void rates_spent(const struct rate_stretch *s, void *data)
{
    struct metrics *m = data;

    rates_merge(m->groups[metrics_task(m, s->task)->group].counts.rate_ns, s->parts);
}

void rates_merge(int64_t *into, const int64_t *rate_ns)
{
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        into[i] += rate_ns[i];
    }
}

void rates_report(struct result *r, const char *prefix, const int64_t *rate_ns, bool zeroes)
{
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        if (zeroes || rate_ns[i] > 0) {
            g_autofree char *name = g_strconcat(prefix, part_names[i], NULL);

            result_add(r, name, RESULT_NS, rate_ns[i]);
        }
    }
}
