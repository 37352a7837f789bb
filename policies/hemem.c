/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hemem - hot pages by sampled accesses, packed into the fast tier; or, with colloid, placed by how long
 * an access takes under the present load.
 *
 * IDEA. The processor records one access in 5,000 with its address (PEBS). A page with so many samples
 * is hot; when any page has many, all counts are halved. A thread wakes every 10 ms: hot pages on slow
 * memory move to fast memory, for which cold ones make room, at no more than 10 GB/s.
 *
 * With colloid, the latency of both tiers is measured (occupancy and inserts of the memory queues, by
 * Little's law). While the fast tier is slower than the slow one, because others load it, its hottest
 * pages move away until both take as long; else pages are packed as without. How much moves follows
 * from halving the interval in which the point must lie.
 *
 * SOURCE. HeMem: Raybuck et al., SOSP 2021, constants of its published code. Colloid: Vuppalapati and
 * Agarwal, SOSP 2024, and github.com/host-architecture/colloid (colloid-mon.c: smoothing, smallest
 * difference 5 %, 1 % for an interval that has lost the point).
 *
 * FITS. Two tiers, memory of one or a few processes.
 *
 * DOES NOT FIT. Loads and stores are one here, since populations count accesses: HeMem asks for 8
 * sampled loads or 4 stores. Its lists are first in, first out; here the coldest page makes room. All
 * memory is managed, in pages as they are mapped; HeMem leaves small mappings to the kernel. The first
 * node of each tier only. Its threads cost what moving costs.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(populations) every period, some 20 of them to a part of a
 * region.
 */
#include "memcg-reclaim.h"
#include "samples.h"
#include "two-tier.h"

enum param {
    PARAM_COLLOID,
    PARAM_PERIOD,
    PARAM_SAMPLE_PERIOD,
    PARAM_HOT,
    PARAM_COOL,
    PARAM_MIGRATE_RATE
};

static const struct numasim_param params[] = {
    {.name = "colloid",
     .type = NUMASIM_PARAM_BOOL,
     .def = 0,
     .doc = "Place hot pages by loaded latency instead of packing them into the fast tier.",
     .source = "Vuppalapati and Agarwal, SOSP 2024"},
    {.name = "period",
     .type = NUMASIM_PARAM_NS,
     .def = 10000000,
     .min = 1000000,
     .max = INT64_C(10000000000),
     .doc = "How often pages are looked at and moved.",
     .source = "HeMem's policy thread, every 10 ms (Raybuck et al., SOSP 2021)"},
    {.name = "sample_period",
     .type = NUMASIM_PARAM_INT,
     .def = 5000,
     .min = 1,
     .max = 1000000000,
     .doc = "One access in so many is sampled.",
     .source = "HeMem's PEBS period (Raybuck et al., SOSP 2021)"},
    {.name = "hot",
     .type = NUMASIM_PARAM_INT,
     .def = 8,
     .min = 1,
     .max = SAMPLES_MAX,
     .doc = "A page with so many samples is hot.",
     .source = "HeMem: 8 loads, or 4 stores, which are not told apart here (SOSP 2021)"},
    {.name = "cool",
     .type = NUMASIM_PARAM_INT,
     .def = 18,
     .min = 1,
     .max = SAMPLES_MAX,
     .doc = "When a page has so many, all counts are halved.",
     .source = "HeMem's cooling threshold (SOSP 2021)"},
    {.name = "migrate_rate",
     .type = NUMASIM_PARAM_BYTES,
     .def = INT64_C(10000000000),
     .min = 1,
     .max = INT64_C(1) << 50,
     .doc = "Bytes moved in a second, at most.",
     .source = "HeMem's limit of 10 GB/s (SOSP 2021)"},
    {.name = NULL},
};

static const char *const reasons[] = {PAGE_ALLOC_REASONS, NULL};

static const char daemon_name[] = "hemem";

enum { DRAW_SAMPLES = 0x68656d /* an entity of draws of its own */ };

struct hemem {
    struct two_tier tiers;
    struct two_tier_colloid colloid;
    uint64_t draws;
    int64_t weight[2]; /* accesses since the last look, x 256, on fast and on slow memory */
    int64_t samples;   /* in tags, over all pages */
    bool cool;
};

/* Base pages of one of @pages. */
static int64_t unit_of(const struct numasim_self *self, const struct numasim_pages *pages)
{
    return pages->page_bytes / numasim_page_bytes(self->host);
}

static bool is_managed(const struct hemem *own, const struct numasim_pages *pages)
{
    return (pages->node == own->tiers.fast || pages->node == own->tiers.slow) &&
           !two_tier_is_bound(pages);
}

/* ------------------------------------------------------------------------------------------- */
/* Sampling                                                                                     */

/* Adds the samples that @pages got to their tags. */
static void sample_pages(struct numasim_self *self, const struct numasim_pages *pages)
{
    struct hemem *own = self->state;
    int32_t max = (int32_t)self->param[PARAM_COOL];
    int64_t unit = unit_of(self, pages), with[SAMPLES_MAX + 1];
    uint32_t most = (uint32_t)max;
    uint64_t mean = samples_mean(self->host, pages, self->param[PARAM_SAMPLE_PERIOD]);

    own->weight[pages->node == own->tiers.slow] += (int64_t)pages->accesses_x256 * pages->nr_pages;
    samples_draw(self->host, DRAW_SAMPLES, &own->draws, pages->nr_pages / unit, mean, max, with);
    /* The largest first: each call takes its pages out of those that still have the old tag. */
    for (int32_t i = max; i >= 0; i--) {
        uint32_t tag = pages->tag + (uint32_t)i < most ? pages->tag + (uint32_t)i : most;

        if (with[i] > 0) {
            numasim_tag_pages(self->host, pages, with[i] * unit, tag);
            own->samples += with[i] * (int64_t)tag;
            own->cool = own->cool || tag >= most;
        }
    }
}

static void sample(struct numasim_self *self)
{
    struct hemem *own = self->state;
    struct numasim_pages pages = {0};

    own->weight[0] = own->weight[1] = own->samples = 0;
    own->cool = false;
    while (numasim_next_pages(self->host, NULL, -1, &pages)) {
        if (is_managed(own, &pages)) {
            sample_pages(self, &pages);
        }
    }
}

static void cool(struct numasim_self *self)
{
    struct hemem *own = self->state;
    struct numasim_pages pages = {0};

    own->samples = 0;
    while (numasim_next_pages(self->host, NULL, -1, &pages)) {
        if (is_managed(own, &pages)) {
            own->samples += pages.nr_pages / unit_of(self, &pages) * (pages.tag / 2);
            if (pages.tag > 0) {
                numasim_tag_pages(self->host, &pages, pages.nr_pages, pages.tag / 2);
            }
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Moving                                                                                       */

/* What one period may move. */
struct batch {
    int32_t cpu;
    int64_t bytes; /* left of the rate's limit */
    int64_t
        samples; /* left of what colloid wants to move, in samples of the pages; INT64_MAX: no end */
};

/* Moves pages of @node with tag @tag to @to within @b and @most bytes; returns bytes moved. */
static int64_t move_tag(struct numasim_self *self, struct batch *b, int32_t node, int32_t to,
                        uint32_t tag, int64_t most)
{
    struct numasim_pages pages = {0};
    int64_t moved_bytes = 0;

    while (b->bytes > 0 && b->samples > 0 && moved_bytes < most &&
           numasim_next_pages(self->host, NULL, node, &pages)) {
        int64_t left = b->bytes < most - moved_bytes ? b->bytes : most - moved_bytes;
        int64_t units = left / pages.page_bytes;

        if (pages.tag != tag || units <= 0 || two_tier_is_bound(&pages)) {
            continue;
        }
        if (b->samples != INT64_MAX && units > b->samples / (tag > 0 ? tag : 1)) {
            units = b->samples / (tag > 0 ? tag : 1) + 1;
        }
        int64_t base = units * unit_of(self, &pages);

        base = base < pages.nr_pages ? base : pages.nr_pages;
        base = numasim_move_pages(self->host, b->cpu, &pages, base, to, 0);
        moved_bytes += base * numasim_page_bytes(self->host);
        if (b->samples != INT64_MAX) {
            b->samples -= base / unit_of(self, &pages) * (int64_t)tag;
        }
    }
    b->bytes -= moved_bytes;
    return moved_bytes;
}

/* Pages colder than @hot make room on fast memory for @bytes. */
static void make_room(struct numasim_self *self, struct batch *b, uint32_t hot, int64_t bytes)
{
    const struct hemem *own = self->state;
    struct batch room = {b->cpu, b->bytes, INT64_MAX};
    int64_t left = bytes - numasim_node(self->host, own->tiers.fast)->free_bytes;

    for (uint32_t tag = 0; tag < hot && left > 0; tag++) {
        int64_t moved = move_tag(self, &room, own->tiers.fast, own->tiers.slow, tag, left);

        numasim_node(self->host, own->tiers.fast)->vmstat[NUMASIM_PGDEMOTE_PROACTIVE] +=
            (uint64_t)(moved / numasim_page_bytes(self->host));
        left -= moved;
    }
    b->bytes = room.bytes;
}

/* Bytes of pages on @node with @tag. */
static int64_t bytes_of(struct numasim_self *self, int32_t node, uint32_t tag)
{
    struct numasim_pages pages = {0};
    int64_t nr = 0;

    while (numasim_next_pages(self->host, NULL, node, &pages)) {
        nr += pages.tag == tag && !two_tier_is_bound(&pages) ? pages.nr_pages : 0;
    }
    return nr * numasim_page_bytes(self->host);
}

/* The hottest pages of slow memory, down to tag @hot, go to fast memory. */
static void pack(struct numasim_self *self, struct batch *b, uint32_t hot)
{
    const struct hemem *own = self->state;
    struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);

    for (uint32_t tag = (uint32_t)self->param[PARAM_COOL]; tag >= hot && tag > 0; tag--) {
        int64_t bytes = bytes_of(self, own->tiers.slow, tag);

        if (bytes == 0 || b->bytes <= 0 || b->samples <= 0) {
            continue;
        }
        bytes = bytes < b->bytes ? bytes : b->bytes;
        make_room(self, b, hot < tag ? hot : tag, bytes);
        bytes = move_tag(self, b, own->tiers.slow, own->tiers.fast, tag, bytes);
        fast->vmstat[NUMASIM_PGPROMOTE_SUCCESS] +=
            (uint64_t)(bytes / numasim_page_bytes(self->host));
    }
}

/* The hottest pages of fast memory go to slow memory, as far as @b goes. */
static void spread(struct numasim_self *self, struct batch *b)
{
    const struct hemem *own = self->state;
    struct numasim_node *fast = numasim_node(self->host, own->tiers.fast);

    for (uint32_t tag = (uint32_t)self->param[PARAM_COOL]; tag > 0; tag--) {
        int64_t bytes = move_tag(self, b, own->tiers.fast, own->tiers.slow, tag, INT64_MAX);

        fast->vmstat[NUMASIM_PGDEMOTE_PROACTIVE] +=
            (uint64_t)(bytes / numasim_page_bytes(self->host));
    }
}

/* Colloid: moves what part of the accesses should change sides. */
static void balance_latency(struct numasim_self *self, struct batch *b)
{
    struct hemem *own = self->state;
    int64_t all = own->weight[0] + own->weight[1];
    int64_t p_ppm = all > 0 ? own->weight[0] / (all / 1000000 + 1) : 0;

    two_tier_look(self->host, own->tiers, &own->colloid);
    int64_t shift_ppm = all > 0 ? two_tier_shift_ppm(&own->colloid, p_ppm) : 0;

    if (shift_ppm > 0) {
        b->samples = own->samples * shift_ppm / 1000000 + 1;
        pack(self, b, (uint32_t)self->param[PARAM_HOT]);
    } else if (shift_ppm < 0) {
        b->samples = own->samples * -shift_ppm / 1000000 + 1;
        spread(self, b);
    }
}

static int64_t daemon_runs(struct numasim_self *self, int32_t node)
{
    struct hemem *own = self->state;
    int64_t period_ns = self->param[PARAM_PERIOD];
    struct batch b = {
        .cpu = two_tier_cpu(self->host, daemon_name, node),
        .bytes = self->param[PARAM_MIGRATE_RATE] / 1000000 * (period_ns / 1000),
        .samples = INT64_MAX,
    };

    if (node != own->tiers.fast) {
        return NUMASIM_TIME_NEVER;
    }
    sample(self);
    if (own->cool) {
        cool(self);
    }
    if (self->param[PARAM_COLLOID]) {
        balance_latency(self, &b);
    } else {
        pack(self, &b, (uint32_t)self->param[PARAM_HOT]);
    }
    return numasim_now(self->host) + period_ns;
}

/* ------------------------------------------------------------------------------------------- */

static bool init(struct numasim_self *self, char *error, size_t size)
{
    struct hemem *own = self->state;

    (void)error;
    (void)size;
    own->tiers = two_tier_find(self->host);
    return true;
}

static void task_init(struct numasim_self *self, struct numasim_task *task,
                      struct numasim_task *parent)
{
    struct hemem *own = self->state;

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
    .name = "hemem",
    .summary = "hot pages by sampled accesses into the fast tier; with colloid, by loaded latency",
    .version = "1",
    .essay =
        "One access in 5,000 is sampled. A page with 8 samples is hot; when one has 18, all "
        "counts\n"
        "are halved. Every 10 ms hot pages of slow memory move to fast memory, for which the\n"
        "coldest make room, at most 10 GB/s. With colloid, while an access to fast memory takes\n"
        "longer under the present load than one to slow memory, the hottest pages move away until\n"
        "both take as long. Memory is taken near first, as far as there is some, within what\n"
        "memory policies leave. Source: HeMem (SOSP 2021), Colloid (SOSP 2024) and its published\n"
        "code. Does not tell loads from stores. O(populations) every period.\n",
    .params = params,
    .reasons = reasons,
    .state_size = sizeof(struct hemem),
    .init = init,
    .task_init = task_init,
    .tier = &tier,
};
