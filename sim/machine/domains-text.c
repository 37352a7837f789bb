/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/domains-text.h"

#include <string.h>

#include "base/bitmap.h"

/* Groups that the text for people shows of one ring before it gives only their number. */
enum { MAX_SHOWN_GROUPS = 16 };

/* cpulists are made once for each set, as most domains share theirs. */
struct printer {
    const struct machine *m;
    const struct sched_domains *sds;
    GString *out;
    uint32_t nr_os_ids;
    GHashTable *lists; /* set -> its cpulist, owned */
};

static void printer_init(struct printer *p, const struct machine *m,
                         const struct sched_domains *sds)
{
    int32_t cpu;

    p->m = m;
    p->sds = sds;
    p->out = g_string_new(NULL);
    p->lists = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    p->nr_os_ids = 0;
    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        p->nr_os_ids = MAX(p->nr_os_ids, (uint32_t)m->cpus[cpu].os_id + 1);
    }
}

static char *printer_finish(struct printer *p)
{
    g_hash_table_unref(p->lists);
    return g_string_free(p->out, FALSE);
}

/* The cpulist of @map in the outside's numbers, newly allocated. */
static char *os_list(const struct printer *p, const uint64_t *map)
{
    const uint32_t n = (uint32_t)p->m->nr_cpus;
    g_autofree uint64_t *os_map = bitmap_new(p->nr_os_ids);
    uint32_t cpu;

    for (cpu = bitmap_next(map, n, 0); cpu < n; cpu = bitmap_next(map, n, cpu + 1)) {
        bitmap_set(os_map, (uint32_t)p->m->cpus[cpu].os_id);
    }
    return bitmap_to_list(os_map, p->nr_os_ids);
}

/* As os_list() of a set that lives as long as the domains. Borrowed from @p. */
static const char *span_list(struct printer *p, uint64_t *map)
{
    char *list = g_hash_table_lookup(p->lists, map);

    if (!list) {
        list = os_list(p, map);
        g_hash_table_insert(p->lists, map, list);
    }
    return list;
}

static bool cpu_online(const struct machine *m, uint32_t cpu)
{
    return !m->offline || !bitmap_test(m->offline, cpu);
}

static void json_string(GString *out, const char *text)
{
    const char *c;

    g_string_append_c(out, '"');
    for (c = text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_printf(out, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20) {
            g_string_append_printf(out, "\\u%04x", (unsigned int)*c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    g_string_append_c(out, '"');
}

static void json_flag(const char *name, void *data)
{
    GString *out = data;

    g_string_append_printf(out, "%s\"%s\"", out->str[out->len - 1] == '[' ? "" : ", ", name);
}

static void json_groups(struct printer *p, const struct sched_domain *sd)
{
    uint32_t i;

    g_string_append(p->out, "\"groups\": [");
    for (i = 0; i < sd->nr_groups; i++) {
        const struct sched_group *group = &sd->groups[i];

        g_string_append_printf(p->out,
                               "%s{\"span\": \"%s\", \"capacity\": %u, \"balance_mask\": \"%s\"}",
                               i ? ", " : "", span_list(p, group->span), group->capacity,
                               span_list(p, group->balance_mask));
    }
    g_string_append(p->out, "]");
}

static void json_domain(struct printer *p, const struct sched_domain *sd)
{
    g_string_append_printf(p->out, "{\"level\": %u, \"name\": \"%s\", \"span\": \"%s\", ",
                           sd->level, sd->name, span_list(p, sd->span));
    g_string_append(p->out, "\"flags\": [");
    sd_flags_foreach(sd->flags, p->sds->release, json_flag, p->out);
    g_string_append_printf(p->out,
                           "], \"imbalance_pct\": %u, \"min_interval\": %u, "
                           "\"max_interval\": %u, \"busy_factor\": %u, "
                           "\"cache_nice_tries\": %u, \"imb_numa_nr\": %u, ",
                           sd->imbalance_pct, sd->min_interval, sd->max_interval, sd->busy_factor,
                           sd->cache_nice_tries, sd->imb_numa_nr);
    json_groups(p, sd);
    g_string_append(p->out, "}");
}

static void json_cpu(struct printer *p, uint32_t cpu)
{
    uint32_t i;

    g_string_append_printf(p->out,
                           "  {\"cpu\": %d, \"sd_llc_id\": %d, \"sd_llc_size\": %d, "
                           "\"domains\": [",
                           p->m->cpus[cpu].os_id, p->sds->sd_llc_id[cpu], p->sds->sd_llc_size[cpu]);
    for (i = 0; i < p->sds->nr_domains[cpu]; i++) {
        g_string_append(p->out, i ? ",\n    " : "\n    ");
        json_domain(p, &p->sds->domains[cpu][i]);
    }
    g_string_append(p->out, "]}");
}

char *domains_to_json(const struct machine *m, const struct sched_domains *sds)
{
    struct printer p;
    bool first = true;
    uint32_t i, cpu;

    printer_init(&p, m, sds);
    g_string_append(p.out, "{\"machine\": ");
    json_string(p.out, m->name ? m->name : "");
    g_string_append_printf(p.out, ", \"kernel\": \"%s\",\n \"numa\": {\"levels\": [",
                           kernel_release_name(sds->release));
    for (i = 0; i < sds->nr_numa_levels; i++) {
        g_string_append_printf(p.out, "%s%d", i ? ", " : "", sds->numa_levels[i]);
    }
    g_string_append_printf(p.out, "], \"type\": \"%s\", \"reclaim_distance\": %d},\n \"cpus\": [",
                           numa_topology_type_name(sds->numa_type), m->reclaim_distance);
    for (cpu = 0; cpu < (uint32_t)m->nr_cpus; cpu++) {
        if (cpu_online(m, cpu)) {
            g_string_append(p.out, first ? "\n" : ",\n");
            json_cpu(&p, cpu);
            first = false;
        }
    }
    g_string_append(p.out, "]}\n");
    return printer_finish(&p);
}

/* True iff both CPUs have the same domains, apart from which core an SMT level is of. */
static bool same_stack(const struct sched_domains *sds, uint32_t a, uint32_t b)
{
    uint32_t i;

    if (sds->nr_domains[a] != sds->nr_domains[b]) {
        return false;
    }
    for (i = 0; i < sds->nr_domains[a]; i++) {
        const struct sched_domain *one = &sds->domains[a][i], *two = &sds->domains[b][i];
        const bool smt = one->flags & SD_SHARE_CPUCAPACITY;

        if (one->tl_level != two->tl_level || one->flags != two->flags ||
            one->span_weight != two->span_weight || (!smt && one->span != two->span)) {
            return false;
        }
    }
    return true;
}

static void text_flag(const char *name, void *data)
{
    g_string_append_printf(data, " %s", name + strlen("SD_"));
}

static void text_groups(struct printer *p, const struct sched_domain *sd)
{
    uint32_t i;

    g_string_append_printf(p->out, "       %u group%s:", sd->nr_groups,
                           sd->nr_groups == 1 ? "" : "s");
    for (i = 0; i < sd->nr_groups && i < MAX_SHOWN_GROUPS; i++) {
        const struct sched_group *group = &sd->groups[i];

        g_string_append_printf(p->out, "%s%s", i ? " | " : " ", span_list(p, group->span));
        if (group->balance_mask != group->span) {
            g_string_append_printf(p->out, " (balanced by %s)", span_list(p, group->balance_mask));
        }
    }
    g_string_append_printf(p->out, "%s\n", i < sd->nr_groups ? " | ..." : "");
}

/* The distinct spans that CPUs of @members have at domain @index. */
static void text_spans(struct printer *p, const uint64_t *members, uint32_t index)
{
    const uint32_t n = (uint32_t)p->m->nr_cpus;
    uint32_t cpu, shown = 0;

    for (cpu = bitmap_next(members, n, 0); cpu < n; cpu = bitmap_next(members, n, cpu + 1)) {
        struct sched_domain *sd = &p->sds->domains[cpu][index];

        if (bitmap_next_and(sd->span, members, n, 0) != cpu) {
            continue;
        }
        if (shown++ == MAX_SHOWN_GROUPS) {
            g_string_append(p->out, " | ...");
            return;
        }
        g_string_append_printf(p->out, "%s%s", shown > 1 ? " | " : " ", span_list(p, sd->span));
    }
}

static void text_stack(struct printer *p, const uint64_t *members)
{
    const uint32_t cpu = bitmap_next(members, (uint32_t)p->m->nr_cpus, 0);
    g_autofree char *list = os_list(p, members);
    uint32_t i;

    g_string_append_printf(p->out, "\nCPUs %s", list);
    if (!p->sds->nr_domains[cpu]) {
        g_string_append(p->out, ": no domains (isolated or offline)\n");
        return;
    }
    g_string_append_printf(p->out, ", sd_llc_size %d\n", p->sds->sd_llc_size[cpu]);
    for (i = 0; i < p->sds->nr_domains[cpu]; i++) {
        const struct sched_domain *sd = &p->sds->domains[cpu][i];

        g_string_append_printf(p->out, "  %-4u %s", sd->level, sd->name);
        if (sd->numa_distance) {
            g_string_append_printf(p->out, " (distance <= %d)", sd->numa_distance);
        }
        g_string_append_printf(p->out, ", %u CPUs:", sd->span_weight);
        text_spans(p, members, i);
        g_string_append_c(p->out, '\n');
        text_groups(p, sd);
        g_string_append_printf(p->out,
                               "       imbalance_pct %u, interval %u-%u ms, busy_factor %u, "
                               "cache_nice_tries %u, imb_numa_nr %u\n      ",
                               sd->imbalance_pct, sd->min_interval, sd->max_interval,
                               sd->busy_factor, sd->cache_nice_tries, sd->imb_numa_nr);
        sd_flags_foreach(sd->flags, p->sds->release, text_flag, p->out);
        g_string_append_c(p->out, '\n');
    }
}

static void text_header(struct printer *p)
{
    uint32_t i;

    g_string_append_printf(p->out, "%s: sched_domains of Linux %s\nNUMA levels",
                           p->m->name ? p->m->name : "machine",
                           kernel_release_name(p->sds->release));
    for (i = 0; i < p->sds->nr_numa_levels; i++) {
        g_string_append_printf(p->out, " %d", p->sds->numa_levels[i]);
    }
    g_string_append_printf(p->out, ", %s, node_reclaim_distance %d\n",
                           numa_topology_type_name(p->sds->numa_type), p->m->reclaim_distance);
}

char *domains_to_text(const struct machine *m, const struct sched_domains *sds)
{
    const uint32_t n = (uint32_t)m->nr_cpus;
    g_autofree uint64_t *done = bitmap_new(n);
    g_autofree uint64_t *members = bitmap_new(n);
    struct printer p;
    uint32_t cpu, other;

    printer_init(&p, m, sds);
    text_header(&p);
    for (cpu = 0; cpu < n; cpu++) {
        if (bitmap_test(done, cpu)) {
            continue;
        }
        memset(members, 0, BITMAP_WORDS(n) * sizeof(*members));
        for (other = cpu; other < n; other++) {
            if (!bitmap_test(done, other) && same_stack(sds, cpu, other)) {
                bitmap_set(members, other);
                bitmap_set(done, other);
            }
        }
        text_stack(&p, members);
    }
    return printer_finish(&p);
}
