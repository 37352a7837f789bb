/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of processes: regions and access mixes in the kernel's form. */
#include "base/fixed.h"
#include "workload/interp-private.h"
#include "workload/numactl.h"

/* ------------------------------------------------------------------------------------------- */
/* Access mixes                                                                                 */

static void mix_free(gpointer data)
{
    struct mm_mix *mix = data;

    g_free((struct mm_mix_entry *)mix->entries);
    g_free(mix);
}

GHashTable *interp_mixes_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, mix_free);
}

const struct mm_mix *interp_mix(struct interp *it, const void *key, const struct access_mix *mix)
{
    struct mm_mix *made = g_hash_table_lookup(it->mixes, key);

    if (made == NULL && mix->nr_entries > 0) {
        struct mm_mix_entry *entries = g_new(struct mm_mix_entry, (gsize)mix->nr_entries);

        for (int32_t i = 0; i < mix->nr_entries; i++) {
            entries[i] = (struct mm_mix_entry){.region = mix->entries[i].region,
                                               .references = mix->entries[i].references,
                                               .writes_ppm = mix->entries[i].writes_ppm,
                                               .milli = mix->entries[i].per_s_milli};
        }
        made = g_new(struct mm_mix, 1);
        *made = (struct mm_mix){entries, mix->nr_entries, mix->mlp_ppm};
        g_hash_table_insert(it->mixes, (gpointer)key, made);
    }
    return made;
}

/* ------------------------------------------------------------------------------------------- */
/* Regions                                                                                      */

static int64_t page_bytes(const struct machine *m, enum page_kind kind)
{
    switch (kind) {
    case PAGE_16K:
        return INT64_C(16) << 10;
    case PAGE_64K:
        return INT64_C(64) << 10;
    case PAGE_2M:
        return INT64_C(2) << 20;
    case PAGE_1G:
        return INT64_C(1) << 30;
    default:
        return m->page_size_bytes;
    }
}

/* The part that is accessed more or less than the rest, and the rest. */
static int32_t region_bands(const struct workload_region *r, struct mm_band bands[2])
{
    const struct workload_hot *hot = &r->hot;

    if (hot->size_bytes == 0) {
        return 0;
    }
    uint32_t size_ppm =
        (uint32_t)mul_div_u64((uint64_t)hot->size_bytes, 1000000, (uint64_t)r->size_bytes);

    bands[hot->at_end] = (struct mm_band){size_ppm, hot->share_ppm};
    bands[!hot->at_end] = (struct mm_band){1000000 - size_ppm, 1000000 - hot->share_ppm};
    return 2;
}

/* The process of @in that maps the object @name already, and by which region; NULL: none does. */
static struct process *first_mapper(const struct instance *in, const char *name,
                                    int32_t *ret_region)
{
    for (int32_t p = 0; in != NULL && name != NULL && p < in->nr_processes; p++) {
        const struct process_instance *other = &in->processes[p];

        for (int32_t i = 0; other->process != NULL && i < other->process->nr_regions; i++) {
            if (g_strcmp0(other->spec->regions[i].object, name) == 0) {
                *ret_region = i;
                return other->process;
            }
        }
    }
    return NULL;
}

int32_t process_add_regions(struct interp *it, const struct instance *in, struct process *p,
                            const struct workload_region *regions, int32_t nr, int32_t nr_threads)
{
    for (int32_t i = 0; i < nr; i++) {
        const struct workload_region *r = &regions[i];
        int64_t page = page_bytes(kernel_machine(it->kernel), r->page);
        struct mm_band bands[2];
        int32_t nr_bands = region_bands(r, bands), of_region = 0;
        struct process *of = first_mapper(in, r->object, &of_region);

        kernel_region_new(it->kernel, p,
                          &(struct mm_region_spec){
                              .name = r->name,
                              .size_bytes = r->size_bytes,
                              .page_bytes = MAX(page, kernel_machine(it->kernel)->page_size_bytes),
                              .shared = r->shared,
                              .sequential = r->pattern == PATTERN_SEQUENTIAL,
                              .working_set_bytes = r->working_set_bytes,
                              .nr_slices = nr_threads,
                              .hugetlb = r->hugetlb,
                              .file = r->file,
                              .mapped_shared = r->mapped_shared,
                              .readonly = r->readonly,
                              .bands = nr_bands > 0 ? bands : NULL,
                              .nr_bands = nr_bands,
                              .of = of,
                              .of_region = of_region,
                              .object = r->object,
                          });
    }
    return nr;
}

/* ------------------------------------------------------------------------------------------- */
/* Memory policies                                                                              */

static char *where_of(const struct process_instance *p, const struct workload_mempolicy *spec)
{
    const struct workload *w = p->instance->spec;

    return g_strdup_printf("%s:%u:%u", w->path != NULL ? w->path : w->name, spec->mark.line,
                           spec->mark.column);
}

bool interp_parse_nodes(const struct interp *it, const char *nodes, const char *where,
                        uint64_t **ret_nodes, GError **error)
{
    const struct machine *m = kernel_machine(it->kernel);
    g_autofree uint64_t *set = bitmap_new((uint32_t)m->nr_nodes);

    *ret_nodes = NULL;
    if (nodes == NULL) {
        return true;
    }
    if (!bitmap_parse_list(nodes, set, (uint32_t)m->nr_nodes, error)) {
        g_prefix_error(error, "%s, on machine '%s': ", where, m->name);
        return false;
    }
    *ret_nodes = g_steal_pointer(&set);
    return true;
}

/* A list of nodes as @spec writes them: numactl counts those of the cpuset, unless told --all. */
static bool parse_nodes(const struct interp *it, const struct process_instance *p,
                        const struct workload_mempolicy *spec, const char *list,
                        uint64_t **ret_nodes, GError **error)
{
    uint32_t nr = (uint32_t)kernel_machine(it->kernel)->nr_nodes;
    g_autofree char *where = where_of(p, spec);

    if (!spec->numactl) {
        return interp_parse_nodes(it, list, where, ret_nodes, error);
    }
    g_autofree uint64_t *all = bitmap_new(nr), *set = bitmap_new(nr);
    const uint64_t *mems = p->process->pub.allowed_nodes;

    bitmap_fill(all, nr);
    if (!numactl_list_parse(list, "node", all, mems != NULL && !spec->all ? mems : all, nr, set,
                            error)) {
        g_prefix_error(error, "%s: ", where);
        return false;
    }
    *ret_nodes = g_steal_pointer(&set);
    return true;
}

bool interp_numactl_cpus(const struct interp *it, const struct process_instance *p,
                         const struct workload_mempolicy *spec, uint64_t **ret_cpus, GError **error)
{
    const struct machine *m = kernel_machine(it->kernel);
    uint32_t nr = (uint32_t)m->nr_cpus;
    g_autofree char *where = where_of(p, spec);

    *ret_cpus = NULL;
    if (!spec->is_set || (spec->cpus == NULL && spec->cpu_nodes == NULL)) {
        return true;
    }
    g_autofree uint64_t *set = bitmap_new(nr), *all = bitmap_new(nr), *nodes = NULL;

    bitmap_fill(all, nr);
    if (spec->cpus != NULL) {
        if (!numactl_list_parse(spec->cpus, "cpu", all, all, nr, set, error)) {
            g_prefix_error(error, "%s: ", where);
            return false;
        }
    } else {
        if (!parse_nodes(it, p, spec, spec->cpu_nodes, &nodes, error)) {
            return false;
        }
        for (int32_t n = 0; n < m->nr_nodes; n++) {
            if (bitmap_test(nodes, (uint32_t)n)) {
                bitmap_or(set, set, machine_node_cpus(m, n), nr);
            }
        }
    }
    if (bitmap_empty(set, nr)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: numactl binds to no CPU of machine '%s'", where, m->name);
        return false;
    }
    *ret_cpus = g_steal_pointer(&set);
    return true;
}

/* @spec in the kernel's form; @nodes holds what it points at. */
static bool policy_of(const struct interp *it, const struct process_instance *p,
                      const struct workload_mempolicy *spec, struct numasim_mempolicy *ret_policy,
                      uint64_t **nodes, GError **error)
{
    if (spec->nodes != NULL && !parse_nodes(it, p, spec, spec->nodes, nodes, error)) {
        return false;
    }
    *ret_policy = (struct numasim_mempolicy){
        .mode = spec->mode, .flags = spec->flags, .nodes = *nodes, .home_node = spec->home_node};
    return true;
}

static bool names_policy(const struct workload_mempolicy *spec)
{
    return spec->is_set && !(spec->numactl && spec->mode == NUMASIM_MPOL_DEFAULT);
}

bool thread_set_mempolicy(struct thread *th, GError **error)
{
    struct interp *it = th->instance->interp;
    const struct workload_mempolicy *own = &th->group->policy, *all = &th->process->spec->policy;
    const struct workload_mempolicy *spec = names_policy(own) || th->parent != NULL ? own : all;
    g_autofree uint64_t *nodes = NULL;
    struct numasim_mempolicy policy;

    if (!names_policy(spec)) {
        return true;
    }
    if (!policy_of(it, th->process, spec, &policy, &nodes, error)) {
        return false;
    }
    if (!kernel_task_set_mempolicy(it->kernel, th->task, &policy, error)) {
        g_autofree char *where = where_of(th->process, spec);

        g_prefix_error(error, "%s: ", where);
        return false;
    }
    return true;
}

bool process_bind_regions(struct interp *it, struct process_instance *p, GError **error)
{
    for (int32_t i = 0; i < p->spec->nr_regions; i++) {
        const struct workload_mempolicy *spec = &p->spec->regions[i].policy;
        g_autofree uint64_t *nodes = NULL;
        struct numasim_mempolicy policy;

        if (!names_policy(spec)) {
            continue;
        }
        if (!policy_of(it, p, spec, &policy, &nodes, error)) {
            return false;
        }
        if (!kernel_region_set_mempolicy(it->kernel, p->process, i, &policy, error)) {
            g_autofree char *where = where_of(p, spec);

            g_prefix_error(error, "%s: ", where);
            return false;
        }
    }
    return true;
}
