/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages whose base pages are not alike: what splitting them would bring, how many, and which. */
#include "memtis.h"

/* Hot base pages of those in huge pages @pages: of each huge one. */
static int64_t hot_in_each(const struct memtis *own, const struct numasim_pages *pages)
{
    int64_t bins[NR_BINS], hot = 0;

    base_bins(count_of(pages->tag), own->huge, INT64_C(1) << 30, bins);
    for (int64_t i = own->base_hot; i < NR_BINS; i++) {
        hot += bins[i];
    }
    return hot * own->huge >> 30;
}

static struct hit_ratios estimate(struct numasim_self *self)
{
    const struct memtis *own = self->state;
    struct numasim_pages pages = {0};
    struct hit_ratios r = {0};
    int64_t all = 0, fast = 0, hot = 0;

    while (next_managed(self, -1, &pages)) {
        int64_t nr = pages.nr_pages / unit_of(own, &pages), samples = nr * count_of(pages.tag);

        all += samples;
        fast += pages.node == own->tiers.fast ? samples : 0;
        if (unit_of(own, &pages) == own->huge) {
            int64_t each = hot_in_each(own, &pages);

            hot += samples * each / own->huge;
            r.nr_useful += each > 0 ? nr : 0;
        } else if (bin_of_pages(own, &pages) >= own->base_hot) {
            hot += samples;
        }
    }
    r.ehr_ppm = all > 0 ? hot / (all / 1000000 + 1) : 0;
    r.rhr_ppm = all > 0 ? fast / (all / 1000000 + 1) : 0;
    return r;
}

int64_t nr_to_split(const struct hit_ratios *r, int64_t fast_ns, int64_t slow_ns)
{
    int64_t gain_ppm = r->ehr_ppm * 95 / 100 - r->rhr_ppm;

    if (gain_ppm <= 0 || slow_ns <= fast_ns || fast_ns <= 0) {
        return 0;
    }
    return gain_ppm * r->nr_useful / 1000000 * (slow_ns - fast_ns) / fast_ns * GAMMA_PERCENT / 100;
}

/* Sum of the squares of base pages' counts over the square of how many are hot; 0: not to be split. */
static int64_t skewness(const struct memtis *own, const struct numasim_pages *pages)
{
    int64_t count = count_of(pages->tag), hot = hot_in_each(own, pages);

    if (unit_of(own, pages) != own->huge || count == 0 || hot == 0 ||
        bin_of_pages(own, pages) >= VERY_HOT) {
        return 0;
    }
    /* Of Poisson's law: mean and its square, of each base page; a sample is as many of a base page as
     * the huge one has. */
    return (count * own->huge * own->huge + count * count * own->huge) / (hot * hot);
}

static void split_most_skewed(struct numasim_self *self, int32_t cpu, int64_t nr)
{
    const struct memtis *own = self->state;

    while (nr > 0) {
        struct numasim_pages pages = {0}, most = {0};
        int64_t greatest = 0;

        while (next_managed(self, -1, &pages)) {
            int64_t s = skewness(own, &pages);

            if (s > greatest) {
                greatest = s;
                most = pages;
            }
        }
        if (greatest == 0) {
            return;
        }
        int64_t units = most.nr_pages / own->huge < nr ? most.nr_pages / own->huge : nr;

        numasim_split_pages(self->host, cpu, &most, units * own->huge);
        /* Each of the base pages has its part of the count. */
        pages = (struct numasim_pages){0};
        while (next_managed(self, most.node, &pages)) {
            if (pages.first == most.first && pages.region == most.region &&
                pages.process == most.process && unit_of(own, &pages) == 1 &&
                pages.tag == most.tag) {
                uint32_t ppm = (uint32_t)(count_of(most.tag) * 1000000 / own->huge % 1000000);
                uint32_t tag = tag_of(count_of(most.tag) / own->huge);
                int64_t up =
                    numasim_binomial(self->host, DRAW_ROUND,
                                     ((struct memtis *)self->state)->draws++, pages.nr_pages, ppm);

                numasim_tag_pages(self->host, &pages, up, tag + 1);
                numasim_tag_pages(self->host, &pages, pages.nr_pages - up, tag);
            }
        }
        nr -= units;
    }
}

void memtis_split(struct numasim_self *self, int32_t cpu)
{
    struct memtis *own = self->state;
    int64_t enough = 0, fast_pages = 0;

    for (int32_t i = 0; i < NR_BINS; i++) {
        enough += own->hist[i];
    }
    fast_pages = numasim_node(self->host, own->tiers.fast)->total_bytes / own->base_bytes;
    enough = enough / 4 > fast_pages ? enough / 4 : fast_pages;
    if (own->no_split || own->samples_for_split <= enough) {
        return;
    }
    struct hit_ratios r = estimate(self);

    own->samples_for_split = 0;
    if (own->split_rhr_ppm > 0 && r.rhr_ppm < own->split_rhr_ppm * 103 / 100) {
        own->no_split = true;
        return;
    }
    own->split_rhr_ppm = 0;

    int64_t nr = nr_to_split(&r, numasim_latency_ns(self->host, own->tiers.fast, own->tiers.fast),
                             numasim_latency_ns(self->host, own->tiers.fast, own->tiers.slow));

    if (nr > 0) {
        split_most_skewed(self, cpu, nr);
        own->split_rhr_ppm = r.rhr_ppm;
        memtis_adjust(self);
    }
}
