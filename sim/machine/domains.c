/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "machine/domains-internal.h"

/*
 * Values of sd_init() (kernel/sched/topology.c). 5.10 lowered two of them (6e7499135db7,
 * 2208cdaa56c9).
 */
enum {
    BUSY_FACTOR = 16,
    BUSY_FACTOR_5_9 = 32,
    IMBALANCE_PCT = 117,
    IMBALANCE_PCT_5_9 = 125,
    IMBALANCE_PCT_SMT = 110
};

static const char *const release_names[NR_KERNEL_RELEASES] = {
    [KERNEL_4_3] = "4.3",   [KERNEL_5_3] = "5.3",   [KERNEL_5_9] = "5.9", [KERNEL_5_10] = "5.10",
    [KERNEL_5_17] = "5.17", [KERNEL_5_18] = "5.18", [KERNEL_6_1] = "6.1", [KERNEL_6_12] = "6.12",
    [KERNEL_6_14] = "6.14", [KERNEL_7_3] = "7.3",
};

const char *kernel_release_name(enum kernel_release release)
{
    return release_names[release];
}

/* "major.minor" at the start of @text, as one comparable number; false if it is none. */
static bool parse_version(const char *text, uint32_t *ret_version)
{
    uint64_t major, minor;
    gchar *end;

    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    major = g_ascii_strtoull(text, &end, 10);
    if (*end != '.' || !g_ascii_isdigit(end[1])) {
        return false;
    }
    minor = g_ascii_strtoull(end + 1, &end, 10);
    if ((*end && *end != '.' && *end != '-' && *end != '+') || major > 999 || minor > 999) {
        return false;
    }
    *ret_version = (uint32_t)(major * 1000 + minor);
    return true;
}

bool kernel_release_parse(const char *text, enum kernel_release *ret_release, GError **error)
{
    uint32_t version, known, i;

    if (!parse_version(text, &version)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "'%s' is no kernel release; expected one like 4.3, 6.12 or 7.3", text);
        return false;
    }
    if (parse_version(release_names[NR_KERNEL_RELEASES - 1], &known) && version > known) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "kernel release %s is newer than any known here; expected %s or earlier", text,
                    release_names[NR_KERNEL_RELEASES - 1]);
        return false;
    }
    for (i = NR_KERNEL_RELEASES; i-- > 0;) {
        if (parse_version(release_names[i], &known) && version >= known) {
            *ret_release = (enum kernel_release)i;
            return true;
        }
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "kernel release %s is older than any known here; expected %s or later", text,
                release_names[0]);
    return false;
}

static const char *flag_name(uint32_t bit, enum kernel_release release)
{
    switch ((enum sd_flag)bit) {
    case SD_BALANCE_NEWIDLE:
        return "SD_BALANCE_NEWIDLE";
    case SD_BALANCE_EXEC:
        return "SD_BALANCE_EXEC";
    case SD_BALANCE_FORK:
        return "SD_BALANCE_FORK";
    case SD_BALANCE_WAKE:
        return "SD_BALANCE_WAKE";
    case SD_WAKE_AFFINE:
        return "SD_WAKE_AFFINE";
    case SD_ASYM_CPUCAPACITY:
        return "SD_ASYM_CPUCAPACITY";
    case SD_ASYM_CPUCAPACITY_FULL:
        return "SD_ASYM_CPUCAPACITY_FULL";
    case SD_SHARE_CPUCAPACITY:
        return "SD_SHARE_CPUCAPACITY";
    case SD_CLUSTER:
        return "SD_CLUSTER";
    case SD_SHARE_LLC:
        return release <= KERNEL_6_1 ? "SD_SHARE_PKG_RESOURCES" : "SD_SHARE_LLC";
    case SD_SERIALIZE:
        return "SD_SERIALIZE";
    case SD_ASYM_PACKING:
        return "SD_ASYM_PACKING";
    case SD_PREFER_SIBLING:
        return "SD_PREFER_SIBLING";
    case SD_OVERLAP:
        return "SD_OVERLAP";
    case SD_NUMA:
        return "SD_NUMA";
    case SD_LOAD_BALANCE:
        return NULL; /* comes first: sd_flags_foreach() */
    }
    return NULL;
}

void sd_flags_foreach(uint32_t flags, enum kernel_release release,
                      void (*fn)(const char *name, void *data), void *data)
{
    uint32_t bit;

    if (flags & SD_LOAD_BALANCE) {
        fn("SD_LOAD_BALANCE", data);
    }
    for (bit = 1; bit && bit <= flags; bit <<= 1) {
        if (flags & bit && flag_name(bit, release)) {
            fn(flag_name(bit, release), data);
        }
    }
}

const char *numa_topology_type_name(enum numa_topology_type type)
{
    switch (type) {
    case NUMA_DIRECT:
        break;
    case NUMA_GLUELESS_MESH:
        return "NUMA_GLUELESS_MESH";
    case NUMA_BACKPLANE:
        return "NUMA_BACKPLANE";
    }
    return "NUMA_DIRECT";
}

static uint32_t imbalance_pct(enum kernel_release release, uint32_t flags)
{
    if (flags & SD_SHARE_CPUCAPACITY) {
        return IMBALANCE_PCT_SMT;
    }
    return release < KERNEL_5_10 && !(flags & SD_SHARE_LLC) ? IMBALANCE_PCT_5_9 : IMBALANCE_PCT;
}

static uint32_t cache_nice_tries(uint32_t flags)
{
    if (flags & SD_SHARE_CPUCAPACITY) {
        return 0;
    }
    return !(flags & SD_SHARE_LLC) && (flags & SD_NUMA) ? 2 : 1;
}

/* Gives the groups of @ring their final ids: @dense maps provisional ids, -1 where none yet. */
static void number_groups(struct builder *b, struct ring *ring, int32_t *dense)
{
    uint32_t i;

    if (ring->numbered) {
        return;
    }
    for (i = 0; i < ring->nr_groups; i++) {
        int32_t *id = &dense[ring->groups[i].id];

        if (*id < 0) {
            *id = (int32_t)b->sds->nr_group_ids++;
        }
        ring->groups[i].id = *id;
    }
    ring->numbered = true;
}

static void fill_domain(struct builder *b, struct sched_domain *sd, uint32_t cpu, uint32_t level,
                        int32_t *dense)
{
    struct build_domain *d = builder_domain(b, cpu, level);
    struct ring *ring = builder_final_ring(b, level, d);

    number_groups(b, ring, dense);
    sd->name = b->levels[level].name;
    sd->tl_level = level;
    sd->flags = d->flags;
    sd->span = d->span->map;
    sd->span_weight = d->span->weight;
    sd->imbalance_pct = imbalance_pct(b->release, d->flags);
    sd->min_interval = d->mask_weight;
    sd->max_interval = 2 * d->mask_weight;
    sd->busy_factor = b->release < KERNEL_5_10 ? BUSY_FACTOR_5_9 : BUSY_FACTOR;
    sd->cache_nice_tries = cache_nice_tries(d->flags);
    sd->imb_numa_nr = d->imb_numa_nr;
    sd->nr_groups = ring->nr_groups;
    sd->groups = ring->groups;
    sd->numa_distance = b->levels[level].numa_distance;
    sd->has_shared = d->has_shared;
}

/*
 * update_top_cache_domain(): the highest domain up to which every one shares the LLC. A CPU of
 * isolcpus= is never attached and keeps the zeroes of its per-CPU data.
 */
static void set_llc(const struct builder *b, uint32_t cpu)
{
    struct sched_domains *sds = b->sds;
    uint32_t i;

    if (bitmap_test(b->online, cpu) && bitmap_test(b->isolated, cpu)) {
        return;
    }
    sds->sd_llc_id[cpu] = (int32_t)cpu;
    sds->sd_llc_size[cpu] = 1;
    for (i = 0; i < sds->nr_domains[cpu]; i++) {
        const struct sched_domain *sd = &sds->domains[cpu][i];

        if (!(sd->flags & SD_SHARE_LLC)) {
            break;
        }
        sds->sd_llc_id[cpu] = (int32_t)bitmap_next(sd->span, (uint32_t)sds->nr_cpus, 0);
        sds->sd_llc_size[cpu] = (int32_t)sd->span_weight;
    }
}

/*
 * 7.3 numbers LLCs densely by their hardware mask, whatever the partitions, as build_sched_domains()
 * meets them; a CPU that no domains were ever built for, or that is gone, has -1.
 */
static void number_llcs(struct builder *b)
{
    const struct topo_level *mc = NULL;
    g_autofree int32_t *by_first = g_new(int32_t, b->nr_cpus);
    int32_t next = 0;
    uint32_t i, cpu;

    for (i = 0; i < b->nr_levels; i++) {
        if (b->levels[i].flags & SD_SHARE_LLC) {
            mc = &b->levels[i];
        }
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        by_first[cpu] = -1;
    }
    for (cpu = 0; mc && cpu < b->nr_cpus; cpu++) {
        int32_t *id;

        if (!bitmap_test(b->online, cpu) || bitmap_test(b->isolated, cpu)) {
            b->sds->sd_llc_id[cpu] = -1;
            continue;
        }
        id = &by_first[mc->mask[cpu]->first];
        if (*id < 0) {
            *id = next++;
        }
        b->sds->sd_llc_id[cpu] = *id;
    }
}

/* Collapses every CPU's tree, then writes what is left, as group flags depend on all CPUs. */
static void fill_domains(struct builder *b)
{
    struct sched_domains *sds = b->sds;
    const size_t nr_ids = (size_t)b->nr_cpus * b->nr_levels;
    g_autofree uint32_t *survivors = g_new(uint32_t, nr_ids);
    g_autofree int32_t *dense = g_new(int32_t, nr_ids);
    uint32_t cpu, i;

    memset(dense, 0xff, nr_ids * sizeof(*dense));
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        sds->nr_domains[cpu] = builder_attach(b, cpu, &survivors[(size_t)cpu * b->nr_levels]);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        sds->domains[cpu] = g_new0(struct sched_domain, sds->nr_domains[cpu]);
        for (i = 0; i < sds->nr_domains[cpu]; i++) {
            sds->domains[cpu][i].level = i;
            fill_domain(b, &sds->domains[cpu][i], cpu, survivors[(size_t)cpu * b->nr_levels + i],
                        dense);
        }
        set_llc(b, cpu);
    }
}

static void ring_free(gpointer data)
{
    struct ring *ring = data;

    g_free(ring->groups);
    g_free(ring);
}

static struct domains_store *store_new(uint32_t nr_cpus)
{
    struct domains_store *store = g_new0(struct domains_store, 1);

    span_table_init(&store->spans, nr_cpus);
    store->rings = g_ptr_array_new_with_free_func(ring_free);
    return store;
}

static void copy_partitions(struct sched_domains *sds, const struct sched_domains_options *options)
{
    const uint32_t nr_cpus = (uint32_t)sds->nr_cpus;
    uint32_t i;

    sds->nr_partitions = options->nr_partitions;
    sds->partitions = g_new0(struct sched_partition, options->nr_partitions);
    for (i = 0; i < options->nr_partitions; i++) {
        uint64_t *cpus = bitmap_new(nr_cpus);

        bitmap_copy(cpus, options->partitions[i].cpus, nr_cpus);
        sds->partitions[i] = (struct sched_partition){cpus, options->partitions[i].load_balance};
    }
}

struct sched_domains *sched_domains_new_with(const struct machine *m,
                                             const struct sched_domains_options *options)
{
    const uint32_t nr_cpus = (uint32_t)m->nr_cpus;
    struct sched_domains *sds = g_new0(struct sched_domains, 1);
    struct builder b = {
        .m = m,
        .options = options,
        .sds = sds,
        .release = options->release,
        .nr_cpus = nr_cpus,
        .nr_words = BITMAP_WORDS(nr_cpus),
    };

    sds->release = options->release;
    sds->overlap_groups = options->overlap_groups;
    sds->hotplug_drops_numa = options->hotplug_drops_numa;
    sds->nr_cpus = m->nr_cpus;
    sds->nr_domains = g_new0(uint32_t, nr_cpus);
    sds->domains = g_new0(struct sched_domain *, nr_cpus);
    sds->sd_llc_id = g_new0(int32_t, nr_cpus);
    sds->sd_llc_size = g_new0(int32_t, nr_cpus);
    sds->store = b.store = store_new(nr_cpus);
    copy_partitions(sds, options);
    builder_init_partitions(&b);
    builder_init_levels(&b);
    builder_init_domains(&b);
    builder_set_imb_numa_nr(&b);
    builder_init_groups(&b);
    fill_domains(&b);
    if (b.release >= KERNEL_7_3) {
        number_llcs(&b);
    }
    builder_release_levels(&b);
    builder_release_partitions(&b);
    g_free(b.height);
    g_free(b.domains);
    return sds;
}

struct sched_domains *sched_domains_new(const struct machine *m, enum kernel_release release)
{
    const struct sched_domains_options options = sched_domains_defaults(release);

    return sched_domains_new_with(m, &options);
}

void sched_domains_free(struct sched_domains *sds)
{
    int32_t cpu;
    uint32_t i;

    if (!sds) {
        return;
    }
    for (cpu = 0; cpu < sds->nr_cpus; cpu++) {
        g_free(sds->domains[cpu]);
    }
    for (i = 0; i < sds->nr_partitions; i++) {
        g_free((uint64_t *)(uintptr_t)sds->partitions[i].cpus);
    }
    g_free(sds->partitions);
    g_free(sds->domains);
    g_free(sds->nr_domains);
    g_free(sds->sd_llc_id);
    g_free(sds->sd_llc_size);
    g_free(sds->numa_levels);
    span_table_release(&sds->store->spans);
    g_ptr_array_unref(sds->store->rings);
    g_free(sds->store);
    g_free(sds);
}
