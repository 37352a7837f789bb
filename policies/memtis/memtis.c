/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memtis - hot is what the fast tier has room for: a histogram of how often pages are accessed, by powers
 * of two, gives the threshold.
 *
 * IDEA. The processor records one access in 199 (PEBS). Each page has a count of its samples; a base page
 * weighs as much as a huge one with 512 times as many, so that they compare by area. Pages fall into 16
 * bins by the logarithm. The bins that fit the fast tier together, hottest first, are hot; if they leave a
 * quarter of it empty, the next is warm. Every 2,000,000 samples all counts are halved. Twice a second hot
 * pages on slow memory move to fast memory, for which others make room, the coldest first; and while
 * less than 2 % of it are free, those leave that are neither hot nor warm.
 *
 * A huge page few of whose base pages are hot wastes fast memory. What the hit ratio of fast memory would
 * be by base pages (eHR) is estimated from a second histogram; while it is above the real one (rHR), so
 * many huge pages are split as would make up for it, those of the greatest skewness first (sum of the
 * squares of their base pages' counts over the square of how many of these are hot).
 *
 * SOURCE. Lee et al., MEMTIS: Efficient Memory Tiering with Dynamic Page Classification and Page Size
 * Determination, SOSP 2023; github.com/cosmoss-jigu/memtis, mm/htmm_core.c (update_pginfo(),
 * __adjust_active_threshold(), set_memcg_nr_split()), htmm_migrater.c, mm/mempolicy.c for the constants.
 *
 * FITS. Two tiers, memory of one or a few processes.
 *
 * DOES NOT FIT. All pages of a stretch are accessed alike here, so that the base pages of a huge one
 * differ by the chance of sampling alone: counts of base pages are estimated as Poisson's, nothing is
 * gained by splitting but where that is so by chance, and no base pages are made huge again. Counts are
 * kept to an eighth. The sampling period does not adapt to a share of a CPU. Stores are not told apart.
 * The first node of each tier only.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(populations) every period.
 */
#include "memtis.h"

#include "memcg-reclaim.h"

enum param {
    PARAM_PERIOD,
    PARAM_SAMPLE_PERIOD,
    PARAM_COOLING_PERIOD,
    PARAM_MIGRATE_RATE,
    PARAM_SPLIT
};

static const struct numasim_param params[] = {
    {.name = "period",
     .type = NUMASIM_PARAM_NS,
     .def = 500000000,
     .min = 1000000,
     .max = INT64_C(60000000000),
     .doc = "How often pages are looked at and moved.",
     .source = "MEMTIS, mm/mempolicy.c: htmm_promotion_period_in_ms, htmm_demotion_period_in_ms"},
    {.name = "sample_period",
     .type = NUMASIM_PARAM_INT,
     .def = 199,
     .min = 1,
     .max = 1000000000,
     .doc = "One access in so many is sampled.",
     .source = "MEMTIS, mm/mempolicy.c: htmm_sample_period"},
    {.name = "cooling_period",
     .type = NUMASIM_PARAM_INT,
     .def = 2000000,
     .min = 1,
     .max = INT64_C(1) << 40,
     .doc = "After so many samples all counts are halved.",
     .source = "MEMTIS, mm/mempolicy.c: htmm_cooling_period"},
    {.name = "migrate_rate",
     .type = NUMASIM_PARAM_BYTES,
     .def = INT64_C(2048) << 20,
     .min = 1,
     .max = INT64_C(1) << 50,
     .doc = "Bytes moved in a second, at most.",
     .source = "MEMTIS, include/linux/htmm.h: 2048 MB/s"},
    {.name = "split",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "Split huge pages with few hot base pages.",
     .source = "MEMTIS, mm/mempolicy.c: htmm_thres_split"},
    {.name = NULL},
};

static const char *const reasons[] = {PAGE_ALLOC_REASONS, NULL};

static const char daemon_name[] = "kmigraterd";

/* ------------------------------------------------------------------------------------------- */
/* Sampling                                                                                     */

/* @nr of @pages (whole ones, still with their old tag) have got @samples; counts between two tags are
 * rounded by chance. */
static void add_samples(struct numasim_self *self, const struct numasim_pages *pages, int64_t nr,
                        int64_t samples)
{
    struct memtis *own = self->state;
    int64_t count = count_of(pages->tag) + samples;
    uint32_t tag = tag_of(count);
    int64_t up = 0;

    own->samples += nr * samples;
    own->samples_for_split += nr * samples;
    if (tag < TAG_MAX && count > count_of(tag)) {
        int64_t gap = count_of(tag + 1) - count_of(tag);

        up = numasim_binomial(self->host, DRAW_ROUND, own->draws++, nr,
                              (uint32_t)((count - count_of(tag)) * 1000000 / gap));
    }
    if (up > 0) {
        numasim_tag_pages(self->host, pages, up * unit_of(own, pages), tag + 1);
    }
    if (nr > up) {
        numasim_tag_pages(self->host, pages, (nr - up) * unit_of(own, pages), tag);
    }
}

static void sample(struct numasim_self *self)
{
    struct memtis *own = self->state;
    struct numasim_pages pages = {0};
    int64_t with[SAMPLES_MAX + 1];

    while (next_managed(self, -1, &pages)) {
        int64_t nr = pages.nr_pages / unit_of(own, &pages);
        uint64_t mean = samples_mean(self->host, &pages, self->param[PARAM_SAMPLE_PERIOD]);

        if (mean >> SAMPLES_SHIFT >= MANY) {
            uint64_t each = mean >> SAMPLES_SHIFT;

            add_samples(self, &pages, nr, each < (1 << 20) ? (int64_t)each : 1 << 20);
        } else if (mean > 0) {
            samples_draw(self->host, DRAW_SAMPLES, &own->draws, nr, mean, SAMPLES_MAX, with);
            for (int32_t i = SAMPLES_MAX; i >= 0; i--) {
                if (with[i] > 0) {
                    add_samples(self, &pages, with[i], i);
                }
            }
        }
    }
}

static void cool(struct numasim_self *self)
{
    struct numasim_pages pages = {0};

    while (next_managed(self, -1, &pages)) {
        if (pages.tag > 0) {
            numasim_tag_pages(self->host, &pages, pages.nr_pages, half_tag(pages.tag));
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Thresholds                                                                                   */

/* The least bin of those that fit @room base pages, hottest first; *@ret_fill is what they hold. */
static int64_t threshold(const int64_t *hist, int64_t room, int64_t *ret_fill)
{
    int64_t fill = 0;
    int32_t bin = NR_BINS - 1;

    for (; bin >= 0 && fill + hist[bin] <= room; bin--) {
        fill += hist[bin];
    }
    *ret_fill = fill;
    bin = bin < NR_BINS - 1 ? bin + 1 : bin;
    return bin > MIN_HOT ? bin : MIN_HOT;
}

/* Base pages of fast memory that hot pages may fill: what others do not. */
static int64_t fast_room(struct numasim_self *self)
{
    const struct memtis *own = self->state;
    struct numasim_pages pages = {0};
    int64_t room = numasim_node(self->host, own->tiers.fast)->free_bytes / own->base_bytes;

    while (next_managed(self, own->tiers.fast, &pages)) {
        room += pages.nr_pages;
    }
    return room - room * RESERVE_PERCENT / 100;
}

void base_bins(int64_t count, int64_t huge, int64_t nr, int64_t *bins)
{
    uint64_t mean = ((uint64_t)count << SAMPLES_SHIFT) / (uint64_t)huge, p = samples_none(mean);
    int64_t left = nr;

    for (int32_t i = 0; i < NR_BINS; i++) {
        bins[i] = 0;
    }
    for (int32_t c = 0; c < MOST_SAMPLES && left > 0 && p > 0; c++) {
        int64_t with = (int64_t)(((uint64_t)nr * p) >> SAMPLES_ONE_SHIFT);

        with = with < left ? with : left;
        bins[bin_of((int64_t)c * huge)] += with;
        left -= with;
        p = (p * mean >> SAMPLES_SHIFT) / (uint64_t)(c + 1);
    }
    bins[bin_of((int64_t)(mean >> SAMPLES_SHIFT) * huge)] += left;
}

void memtis_adjust(struct numasim_self *self)
{
    struct memtis *own = self->state;
    struct numasim_pages pages = {0};
    int64_t bins[NR_BINS], room = fast_room(self), fill;

    for (int32_t i = 0; i < NR_BINS; i++) {
        own->hist[i] = own->base_hist[i] = 0;
    }
    while (next_managed(self, -1, &pages)) {
        own->hist[bin_of_pages(own, &pages)] += pages.nr_pages;
        if (unit_of(own, &pages) < own->huge) {
            own->base_hist[bin_of_pages(own, &pages)] += pages.nr_pages;
            continue;
        }
        base_bins(count_of(pages.tag) * own->huge / unit_of(own, &pages), own->huge, pages.nr_pages,
                  bins);
        for (int32_t i = 0; i < NR_BINS; i++) {
            own->base_hist[i] += bins[i];
        }
    }
    own->base_hot = threshold(own->base_hist, room, &fill);
    own->hot = threshold(own->hist, room, &fill);
    own->warm = fill < room * WARM_PERCENT / 100 ? own->hot - 1 : own->hot;
}

/* ------------------------------------------------------------------------------------------- */
/* Moving                                                                                       */

/* Moves pages of @node in @bin to @to, at most @bytes; returns bytes moved. */
static int64_t move_bin(struct numasim_self *self, int32_t cpu, int32_t node, int32_t to,
                        int64_t bin, int64_t bytes)
{
    const struct memtis *own = self->state;
    struct numasim_pages pages = {0};
    int64_t moved = 0;

    while (moved < bytes && next_managed(self, node, &pages)) {
        int64_t nr = (bytes - moved) / pages.page_bytes * unit_of(own, &pages);

        if (bin_of_pages(own, &pages) == bin && nr > 0) {
            nr = nr < pages.nr_pages ? nr : pages.nr_pages;
            moved += numasim_move_pages(self->host, cpu, &pages, nr, to, 0) * own->base_bytes;
        }
    }
    return moved;
}

/* Pages of bins below @end leave fast memory, coldest first, until @bytes are free or @budget is used up;
 * returns what it used. */
static int64_t demote(struct numasim_self *self, int32_t cpu, int64_t end, int64_t bytes,
                      int64_t budget)
{
    const struct memtis *own = self->state;
    struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);
    int64_t used = 0;

    for (int64_t bin = 0; bin < end && fast->free_bytes < bytes && used < budget; bin++) {
        int64_t most = bytes - fast->free_bytes + HUGE_BYTES - 1;
        int64_t moved = move_bin(self, cpu, own->tiers.fast, own->tiers.slow, bin,
                                 most < budget - used ? most : budget - used);

        fast->vmstat[NUMASIM_PGDEMOTE_PROACTIVE] += (uint64_t)(moved / own->base_bytes);
        used += moved;
    }
    return used;
}

static void migrate(struct numasim_self *self, int32_t cpu)
{
    const struct memtis *own = self->state;
    struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);
    int64_t budget = self->param[PARAM_MIGRATE_RATE] / 1000000 * (self->param[PARAM_PERIOD] / 1000);
    int64_t spare = fast->total_bytes / 100 * FREE_PERCENT, wanted = 0;
    struct numasim_pages pages = {0};

    while (next_managed(self, own->tiers.slow, &pages)) {
        wanted += bin_of_pages(own, &pages) >= own->hot ? pages.nr_pages * own->base_bytes : 0;
    }
    wanted = wanted < budget / 2 ? wanted : budget / 2;
    /* Warm pages leave for hot ones alone. */
    budget -= demote(self, cpu, own->warm, spare, budget);
    budget -= demote(self, cpu, own->hot, wanted, budget);
    for (int64_t bin = NR_BINS - 1; bin >= own->hot && budget > 0; bin--) {
        int64_t moved = move_bin(self, cpu, own->tiers.slow, own->tiers.fast, bin, budget);

        fast->vmstat[NUMASIM_PGPROMOTE_SUCCESS] += (uint64_t)(moved / own->base_bytes);
        budget -= moved;
    }
}

static int64_t daemon_runs(struct numasim_self *self, int32_t node)
{
    struct memtis *own = self->state;
    int32_t cpu = two_tier_cpu(self->host, daemon_name, node);
    bool cooled = false;

    if (node != own->tiers.fast) {
        return NUMASIM_TIME_NEVER;
    }
    sample(self);
    for (; own->samples >= self->param[PARAM_COOLING_PERIOD];
         own->samples -= self->param[PARAM_COOLING_PERIOD]) {
        cool(self);
        cooled = true;
    }
    memtis_adjust(self);
    if (cooled && self->param[PARAM_SPLIT]) {
        memtis_split(self, cpu);
    }
    migrate(self, cpu);
    return numasim_now(self->host) + self->param[PARAM_PERIOD];
}

/* ------------------------------------------------------------------------------------------- */

static bool init(struct numasim_self *self, char *error, size_t size)
{
    struct memtis *own = self->state;

    (void)error;
    (void)size;
    own->tiers = two_tier_find(self->host);
    own->base_bytes = numasim_page_bytes(self->host);
    own->huge = HUGE_BYTES / own->base_bytes;
    own->hot = own->warm = own->base_hot = MIN_HOT;
    return true;
}

static void task_init(struct numasim_self *self, struct numasim_task *task,
                      struct numasim_task *parent)
{
    struct memtis *own = self->state;

    (void)parent;
    two_tier_task_init(self, &own->tiers, task);
}

static const struct numasim_tier_ops tier = {
    .alloc = two_tier_alloc,
    .daemon = daemon_runs,
    .daemon_name = daemon_name,
    .reclaim = memcg_reclaim_cache,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "memtis",
    .summary = "a histogram of accesses says what is hot: as much as the fast tier has room for",
    .version = "1",
    .essay =
        "One access in 199 is sampled. Pages fall into 16 bins by the logarithm of their samples;\n"
        "the hottest bins that fit the fast tier together are hot, and the next one is warm if a\n"
        "quarter of it stays empty. Counts are halved every 2,000,000 samples. Twice a second hot\n"
        "pages move to fast memory and cold ones away, at most 2 GiB/s. Huge pages with few hot\n"
        "base pages are split, as many as the hit ratio by base pages would pay for; as all pages\n"
        "of a stretch are accessed alike here, they differ by chance alone. Source: MEMTIS, SOSP\n"
        "2023, and its published code. O(populations) every period.\n",
    .params = params,
    .reasons = reasons,
    .state_size = sizeof(struct memtis),
    .init = init,
    .task_init = task_init,
    .tier = &tier,
};
