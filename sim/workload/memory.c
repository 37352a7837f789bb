/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of processes: regions and access mixes in the kernel's form. */
#include "base/fixed.h"
#include "workload/interp-private.h"

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

int32_t process_add_regions(struct interp *it, struct process *p,
                            const struct workload_region *regions, int32_t nr, int32_t nr_threads)
{
    for (int32_t i = 0; i < nr; i++) {
        const struct workload_region *r = &regions[i];
        int64_t page = page_bytes(kernel_machine(it->kernel), r->page);
        struct mm_band bands[2];
        int32_t nr_bands = region_bands(r, bands);

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
                          });
    }
    return nr;
}
