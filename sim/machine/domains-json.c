/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/cpulist.h"
#include "machine/domains-text.h"

/* cpulists are made once for each set, as most domains share theirs. */
struct json {
    const struct machine *m;
    const struct sched_domains *sds;
    GString *out;
    GHashTable *lists; /* set -> its cpulist, owned */
};

/* The cpulist of a set that lives as long as the domains. Borrowed from @p. */
static const char *span_list(struct json *p, uint64_t *map)
{
    char *list = g_hash_table_lookup(p->lists, map);

    if (!list) {
        list = machine_cpulist(p->m, map);
        g_hash_table_insert(p->lists, map, list);
    }
    return list;
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

static void json_groups(struct json *p, const struct sched_domain *sd)
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

static void json_domain(struct json *p, const struct sched_domain *sd)
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

static void json_cpu(struct json *p, uint32_t cpu)
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
    struct json p = {.m = m,
                     .sds = sds,
                     .out = g_string_new(NULL),
                     .lists = g_hash_table_new_full(NULL, NULL, NULL, g_free)};
    bool first = true;
    uint32_t i, cpu;

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
        if (machine_cpu_online(m, (int32_t)cpu)) {
            g_string_append(p.out, first ? "\n" : ",\n");
            json_cpu(&p, cpu);
            first = false;
        }
    }
    g_string_append(p.out, "]}\n");
    g_hash_table_unref(p.lists);
    return g_string_free(p.out, FALSE);
}
