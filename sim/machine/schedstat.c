/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/schedstat.h"

#include "base/bitmap.h"
#include "machine/cpulist.h"

enum { MASK_GROUP_BITS = 32, BITS_PER_DIGIT = 4, JIFFIES_BEFORE_WRAP_S = 300 };

static const struct schedstat_cpu no_cpu;
static const struct schedstat_domain no_domain;

int32_t schedstat_version(enum kernel_release release)
{
    return release >= KERNEL_6_14 ? 17 : release >= KERNEL_6_12 ? 16 : 15;
}

uint64_t schedstat_boot_jiffies(const struct machine *m)
{
    return (UINT64_C(1) << 32) - (uint64_t)JIFFIES_BEFORE_WRAP_S * (uint64_t)m->hz;
}

/*
 * The bits of @set as hexadecimal groups of 32, the highest first. All groups have eight digits
 * but the first, which has as many as its bits need.
 */
static void append_mask(GString *out, const uint64_t *set, uint32_t nr_bits)
{
    uint32_t group = (nr_bits + MASK_GROUP_BITS - 1) / MASK_GROUP_BITS;
    uint32_t bits = nr_bits % MASK_GROUP_BITS > 0 ? nr_bits % MASK_GROUP_BITS : MASK_GROUP_BITS;

    while (group-- > 0) {
        uint32_t value = (uint32_t)(set[group / 2] >> (group % 2 * MASK_GROUP_BITS));

        g_string_append_printf(out, "%0*x%s", (int)((bits + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT),
                               value, group > 0 ? "," : "");
        bits = MASK_GROUP_BITS;
    }
}

static void append_number(GString *out, uint32_t number)
{
    g_string_append_printf(out, " %u", number);
}

/* What balancing did for one type of idleness. */
static void append_balancing(GString *out, const struct schedstat_domain *d,
                             enum schedstat_idle type, int32_t version)
{
    append_number(out, d->lb_count[type]);
    append_number(out, d->lb_balanced[type]);
    append_number(out, d->lb_failed[type]);
    if (version >= 17) {
        append_number(out, d->lb_imbalance_load[type]);
        append_number(out, d->lb_imbalance_util[type]);
        append_number(out, d->lb_imbalance_task[type]);
        append_number(out, d->lb_imbalance_misfit[type]);
    } else {
        append_number(out, d->lb_imbalance_load[type] + d->lb_imbalance_util[type] +
                               d->lb_imbalance_task[type] + d->lb_imbalance_misfit[type]);
    }
    append_number(out, d->lb_gained[type]);
    append_number(out, d->lb_hot_gained[type]);
    append_number(out, d->lb_nobusyq[type]);
    append_number(out, d->lb_nobusyg[type]);
}

static void append_counters(GString *out, const struct schedstat_domain *d, int32_t version)
{
    const bool idle_first = version < 16;
    const uint32_t rest[] = {d->alb_count,        d->alb_failed,       d->alb_pushed,
                             d->sbe_count,        d->sbe_balanced,     d->sbe_pushed,
                             d->sbf_count,        d->sbf_balanced,     d->sbf_pushed,
                             d->ttwu_wake_remote, d->ttwu_move_affine, d->ttwu_move_balance};

    append_balancing(out, d, idle_first ? SCHEDSTAT_IDLE : SCHEDSTAT_NOT_IDLE, version);
    append_balancing(out, d, idle_first ? SCHEDSTAT_NOT_IDLE : SCHEDSTAT_IDLE, version);
    append_balancing(out, d, SCHEDSTAT_NEWLY_IDLE, version);
    for (size_t i = 0; i < G_N_ELEMENTS(rest); i++) {
        append_number(out, rest[i]);
    }
    g_string_append_c(out, '\n');
}

static void append_cpu(GString *out, int32_t number, const struct schedstat_cpu *c)
{
    g_string_append_printf(out,
                           "cpu%d %u 0 %u %u %u %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                           " %" G_GUINT64_FORMAT "\n",
                           number, c->yld_count, c->sched_count, c->sched_goidle, c->ttwu_count,
                           c->ttwu_local, c->rq_cpu_time, c->run_delay, c->pcount);
}

/* The text of a span's mask, made once for each span, as most domains share theirs. */
static const char *mask_text(GHashTable *masks, const struct machine *m, uint64_t *span)
{
    char *text = g_hash_table_lookup(masks, span);

    if (text == NULL) {
        g_autofree uint64_t *outside = machine_outside_set(m, span);
        GString *out = g_string_new(NULL);

        append_mask(out, outside, machine_nr_cpu_ids(m));
        text = g_string_free(out, FALSE);
        g_hash_table_insert(masks, span, text);
    }
    return text;
}

char *schedstat_to_text(const struct machine *m, const struct sched_domains *sds,
                        const struct schedstat *counted)
{
    const int32_t version = schedstat_version(sds->release);
    g_autoptr(GHashTable) masks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "version %d\ntimestamp %" G_GUINT64_FORMAT "\n", version,
                           counted->jiffies);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (!machine_cpu_online(m, cpu)) {
            continue;
        }
        append_cpu(out, m->cpus[cpu].os_id, counted->cpus != NULL ? &counted->cpus[cpu] : &no_cpu);
        for (uint32_t i = 0; i < sds->nr_domains[cpu]; i++) {
            const struct sched_domain *sd = &sds->domains[cpu][i];

            g_string_append_printf(out, "domain%u %s%s%s", i, version >= 17 ? sd->name : "",
                                   version >= 17 ? " " : "", mask_text(masks, m, sd->span));
            append_counters(out, counted->domains != NULL ? &counted->domains[cpu][i] : &no_domain,
                            version);
        }
    }
    return g_string_free(out, FALSE);
}
