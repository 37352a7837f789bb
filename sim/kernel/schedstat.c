/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/schedstat of a simulation: the counters that need more than a line where they count, and all
 * of them as text. Those of the CPUs are in struct rq, those of the domains with the domains.
 */
#include "kernel/internal.h"

/* The lowest domain of CPU @cpu that holds CPU @other, too; NULL if none does. */
static const struct numasim_domain *common_domain(const struct kernel *k, int32_t cpu,
                                                  int32_t other)
{
    const struct numasim_domain *sd = cpu_rq(k, cpu)->pub.domain;

    while (sd != NULL && !bitmap_test(sd->span, (uint32_t)other)) {
        sd = sd->parent;
    }
    return sd;
}

/* kernel/sched/core.c: ttwu_stat(), 6.12. */
void count_wakeup(struct kernel *k, struct task *t, int32_t prev_cpu, int32_t waker_cpu,
                  uint32_t flags)
{
    struct schedstat_cpu *stats = &cpu_rq(k, waker_cpu)->stats;

    stats->ttwu_count++;
    if (t->stats != NULL) {
        bool local = t->pub.cpu == waker_cpu;

        t->stats->nr_wakeups++;
        t->stats->nr_wakeups_sync += (flags & NUMASIM_WAKE_SYNC) != 0;
        t->stats->nr_wakeups_migrate += t->pub.cpu != prev_cpu;
        t->stats->nr_wakeups_local += local;
        t->stats->nr_wakeups_remote += !local;
    }
    if (t->pub.cpu == waker_cpu) {
        stats->ttwu_local++;
        return;
    }
    const struct numasim_domain *sd = common_domain(k, waker_cpu, t->pub.cpu);

    if (sd != NULL) {
        sd->counters->ttwu_wake_remote++;
    }
}

/* kernel/sched/fair.c: active_load_balance_cpu_stop(), detach_one_task(), 6.12. */
void count_push(struct kernel *k, int32_t from_cpu, int32_t to_cpu, bool moved)
{
    const struct numasim_domain *sd = common_domain(k, to_cpu, from_cpu);

    if (sd == NULL) {
        return;
    }
    sd->counters->alb_count++;
    if (moved) {
        sd->counters->alb_pushed++;
        numasim_count_lb(sd, NUMASIM_LB_IDLE, NUMASIM_LB_GAINED, 1);
    } else {
        sd->counters->alb_failed++;
    }
}

static struct schedstat_domain domain_stats(const struct numasim_domain_counters *c)
{
    struct schedstat_domain stats = {
        .alb_count = c->alb_count,
        .alb_failed = c->alb_failed,
        .alb_pushed = c->alb_pushed,
        .ttwu_wake_remote = c->ttwu_wake_remote,
        .ttwu_move_affine = c->ttwu_move_affine,
    };

    G_STATIC_ASSERT((int)NUMASIM_NR_LB_IDLE == (int)NR_SCHEDSTAT_IDLE_TYPES);
    for (int type = 0; type < NUMASIM_NR_LB_IDLE; type++) {
        const uint32_t *lb = c->lb[type];

        stats.lb_count[type] = lb[NUMASIM_LB_COUNT];
        stats.lb_balanced[type] = lb[NUMASIM_LB_BALANCED];
        stats.lb_failed[type] = lb[NUMASIM_LB_FAILED];
        stats.lb_imbalance_load[type] = lb[NUMASIM_LB_IMBALANCE_LOAD];
        stats.lb_imbalance_util[type] = lb[NUMASIM_LB_IMBALANCE_UTIL];
        stats.lb_imbalance_task[type] = lb[NUMASIM_LB_IMBALANCE_TASK];
        stats.lb_imbalance_misfit[type] = lb[NUMASIM_LB_IMBALANCE_MISFIT];
        stats.lb_gained[type] = lb[NUMASIM_LB_GAINED];
        stats.lb_hot_gained[type] = lb[NUMASIM_LB_HOT_GAINED];
        stats.lb_nobusyq[type] = lb[NUMASIM_LB_NOBUSYQ];
        stats.lb_nobusyg[type] = lb[NUMASIM_LB_NOBUSYG];
    }
    return stats;
}

char *kernel_schedstat_text(const struct kernel *k)
{
    const struct numasim_host *host = (const struct numasim_host *)(const void *)k;
    g_autofree struct schedstat_cpu *cpus = g_new0(struct schedstat_cpu, (gsize)k->nr_cpus);
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    g_autofree uint64_t *all = bitmap_new((uint32_t)k->nr_cpus);
    g_autofree uint64_t *offline = bitmap_new((uint32_t)k->nr_cpus);
    struct machine present = *k->machine; /* borrows all but the set of offline CPUs */

    bitmap_fill(all, (uint32_t)k->nr_cpus);
    bitmap_andnot(offline, all, k->online, (uint32_t)k->nr_cpus);
    present.offline = offline;
    present.online_all = k->nr_online == k->nr_cpus;
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        uint32_t nr = cpu_rq(k, cpu)->pub.nr_domains;
        struct schedstat_domain *domains = g_new0(struct schedstat_domain, nr + 1);

        cpus[cpu] = cpu_rq(k, cpu)->stats;
        for (uint32_t d = 0; d < nr; d++) {
            domains[d] = domain_stats(k->domains[cpu][d].counters);
        }
        g_ptr_array_add(owned, domains);
    }
    struct schedstat counted = {
        .jiffies = schedstat_boot_jiffies(k->machine) + (uint64_t)numasim_jiffies(host),
        .cpus = cpus,
        .domains = (const struct schedstat_domain *const *)owned->pdata,
    };

    return schedstat_to_text(&present, k->sds, &counted);
}
