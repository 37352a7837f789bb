/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memtis: what its files share: counts of samples, as tags of pages, and bins. The essay is in memtis.c. */
#ifndef NUMASIM_MEMTIS_H
#define NUMASIM_MEMTIS_H

#include "samples.h"
#include "two-tier.h"

enum {
    NR_BINS = 16,
    MIN_HOT = 1, /* htmm_thres_hot */
    HUGE_BYTES = 2097152,
    MANY = 16,           /* samples of a page from which on their spread does not matter */
    MOST_SAMPLES = 1024, /* of a base page, far beyond those that samples_none() tells from never */
    TAG_EXACT = 8,       /* counts below are tags; from there on, four tags to a power of two */
    TAG_MAX = 60,
    RESERVE_PERCENT = 3, /* get_memcg_promotion_watermark() */
    FREE_PERCENT = 2,    /* get_memcg_demotion_watermark() */
    WARM_PERCENT = 75,
    VERY_HOT = 13,      /* a huge page of this bin is never split */
    GAMMA_PERCENT = 40, /* htmm_gamma */
    DRAW_SAMPLES = 0x6d656d,
    DRAW_ROUND
};

struct memtis {
    struct two_tier tiers;
    int64_t base_bytes, huge; /* of a base page; how many of them a huge one has */
    uint64_t draws;
    int64_t samples, samples_for_split, split_rhr_ppm; /* the last: when some were split; 0 never */
    int64_t hist[NR_BINS], base_hist[NR_BINS];         /* base pages in each bin */
    int64_t hot, warm, base_hot;                       /* least bins */
    bool no_split;
};

/* The samples that @tag stands for. */
static inline int64_t count_of(uint32_t tag)
{
    return tag < TAG_EXACT ? (int64_t)tag
                           : (int64_t)(TAG_EXACT + 2 * (tag % 4)) << ((tag - TAG_EXACT) / 4);
}

/* The largest tag that stands for no more than @count. */
static inline uint32_t tag_of(int64_t count)
{
    uint32_t tag = TAG_MAX;

    while (count_of(tag) > count) {
        tag--;
    }
    return tag;
}

static inline uint32_t half_tag(uint32_t tag)
{
    return tag < TAG_EXACT ? tag / 2 : tag - 4;
}

/* get_idx(): the logarithm. */
static inline int32_t bin_of(int64_t hotness)
{
    int32_t bin = 0;

    for (int64_t x = (hotness + 1) >> 1; x > 0 && bin < NR_BINS - 1; x >>= 1) {
        bin++;
    }
    return bin;
}

/* Base pages of one of @pages. */
static inline int64_t unit_of(const struct memtis *own, const struct numasim_pages *pages)
{
    return pages->page_bytes / own->base_bytes;
}

/* Of a page as a whole: a base page counts for all those of the huge one that it would be in. */
static inline int32_t bin_of_pages(const struct memtis *own, const struct numasim_pages *pages)
{
    int64_t unit = unit_of(own, pages);

    return bin_of(count_of(pages->tag) * (unit < own->huge ? own->huge / unit : 1));
}

static inline bool is_managed(const struct memtis *own, const struct numasim_pages *pages)
{
    return (pages->node == own->tiers.fast || pages->node == own->tiers.slow) &&
           !two_tier_is_bound(pages);
}

static inline bool next_managed(struct numasim_self *self, int32_t node,
                                struct numasim_pages *pages)
{
    while (numasim_next_pages(self->host, NULL, node, pages)) {
        if (is_managed(self->state, pages)) {
            return true;
        }
    }
    return false;
}

/* How many of @nr base pages of huge ones, which have @huge of them and @count samples, fall in each of
 * @bins, by Poisson's law; @nr is less than 2^32 (16 TiB of 4 KiB). */
void base_bins(int64_t count, int64_t huge, int64_t nr, int64_t *bins);
/* Fills the histograms, and the thresholds from them. */
void memtis_adjust(struct numasim_self *self);

/* split.c */
struct hit_ratios {
    int64_t ehr_ppm, rhr_ppm;
    int64_t nr_useful; /* huge pages with hot base pages */
};

/* set_memcg_nr_split(): huge pages to split, where slow memory takes @slow_ns and fast @fast_ns. */
int64_t nr_to_split(const struct hit_ratios *r, int64_t fast_ns, int64_t slow_ns);
/* After cooling, if there have been samples enough to judge; never again if the last time was in vain.
 * Charged to @cpu. */
void memtis_split(struct numasim_self *self, int32_t cpu);

#endif
