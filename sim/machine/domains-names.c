/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/domains-names.h"

#include <string.h>

#include "base/bitmap.h"
#include "machine/cpulist.h"

/* Where no domain's cpulist has more characters, cpulists are short enough. */
enum { SHORT_LIST = 24 };

struct cpu_set_names {
    const struct machine *m;
    uint64_t *covered; /* CPUs that have domains, owned */
    GHashTable *made;  /* set -> its name, owned */
    bool prefer_nodes; /* some cpulist is long */
    bool has_nodes;
};

/* True iff some domain of @sds has a cpulist that is tedious to read. */
static bool any_long_list(const struct machine *m, const struct sched_domains *sds)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        for (uint32_t i = 0; i < sds->nr_domains[cpu]; i++) {
            g_autofree char *list = NULL;

            if (!g_hash_table_add(seen, sds->domains[cpu][i].span)) {
                continue;
            }
            list = machine_cpulist(m, sds->domains[cpu][i].span);
            if (strlen(list) > SHORT_LIST) {
                return true;
            }
        }
    }
    return false;
}

struct cpu_set_names *cpu_set_names_new(const struct machine *m, const struct sched_domains *sds)
{
    struct cpu_set_names *names = g_new0(struct cpu_set_names, 1);

    names->m = m;
    names->covered = bitmap_new((uint32_t)m->nr_cpus);
    names->prefer_nodes = any_long_list(m, sds);
    names->made = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (sds->nr_domains[cpu] > 0) {
            bitmap_set(names->covered, (uint32_t)cpu);
        }
    }
    return names;
}

void cpu_set_names_free(struct cpu_set_names *names)
{
    if (names != NULL) {
        g_hash_table_unref(names->made);
        g_free(names->covered);
        g_free(names);
    }
}

static uint32_t nr_node_ids(const struct machine *m)
{
    uint32_t ids = 0;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        ids = MAX(ids, (uint32_t)m->nodes[node].os_id + 1);
    }
    return ids;
}

/* "node 3", "nodes 0-1,3", or NULL where @set is no union of nodes. */
static char *node_list(const struct cpu_set_names *names, const uint64_t *set)
{
    const struct machine *m = names->m;
    const uint32_t n = (uint32_t)m->nr_cpus;
    const uint32_t ids = nr_node_ids(m);
    g_autofree uint64_t *nodes = bitmap_new(ids), *one = bitmap_new(n);
    g_autofree char *list = NULL;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        bitmap_and(one, machine_node_cpus(m, node), names->covered, n);
        if (bitmap_empty(one, n) || !bitmap_intersects(one, set, n)) {
            continue;
        }
        if (!bitmap_subset(one, set, n)) {
            return NULL;
        }
        bitmap_set(nodes, (uint32_t)m->nodes[node].os_id);
    }
    list = bitmap_to_list(nodes, ids);
    return g_strconcat(bitmap_weight(nodes, ids) == 1 ? "node " : "nodes ", list, NULL);
}

char *cpu_set_name_new(struct cpu_set_names *names, const uint64_t *set)
{
    char *list = machine_cpulist(names->m, set);

    if (names->prefer_nodes && strchr(list, ',') != NULL) {
        char *nodes = node_list(names, set);

        if (nodes != NULL) {
            names->has_nodes = true;
            g_free(list);
            return nodes;
        }
        g_free(nodes);
    }
    return list;
}

const char *cpu_set_name(struct cpu_set_names *names, const uint64_t *set)
{
    char *name = g_hash_table_lookup(names->made, set);

    if (name == NULL) {
        name = cpu_set_name_new(names, set);
        g_hash_table_insert(names->made, (gpointer)(uintptr_t)set, name);
    }
    return name;
}

bool cpu_set_names_has_nodes(const struct cpu_set_names *names)
{
    return names->has_nodes;
}
