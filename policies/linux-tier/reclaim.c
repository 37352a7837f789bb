/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reclaim: kswapd and direct reclaim look at a node's pages in order; those not accessed since the last
 * look go to a slower tier, where there is one and demotion is on, and page cache is dropped
 * otherwise (mm/vmscan.c, 6.12: balance_pgdat(), shrink_folio_list(), demote_folio_list()).
 *
 * The LRU lists are these looks: pages nobody looked at before are kept once, as the accessed bit of
 * their first touch keeps them. Between two looks at a node HZ/10 pass, as kswapd sleeps when it gets
 * nowhere; the kernel scans as fast as its lists and priorities let it.
 */
#include "linux-tier.h"
#include "memcg-protect.h"

enum {
    NEVER_LOOKED = 0,         /* a tag; else it is the pass that looked last */
    SWAP_CLUSTER_MAX = 32,    /* include/linux/swap.h */
    MAX_RECLAIM_RETRIES = 16, /* mm/internal.h */
    BATCH_PAGES = 512,        /* to one turn of kswapd */
};
#define KSWAPD_SLEEP_NS INT64_C(100000000) /* HZ/10: kswapd_try_to_sleep() */

/* What one look does. */
struct scan {
    struct numasim_self *self;
    int32_t node, cpu;
    int64_t want;   /* base pages */
    bool file_only; /* node_reclaim() */
    bool direct;
    int32_t target;    /* the cgroup whose memory is reclaimed, 0: any */
    bool low_too;      /* nothing else is left: what memory.low protects, too */
    bool low_was_left; /* there was some */
    int64_t base_bytes, scanned, freed;
    int32_t cgroup; /* last looked at */
    bool low_counted;
    struct memcg_protection kept;
};

/* ------------------------------------------------------------------------------------------- */
/* Demotion targets                                                                             */

static int32_t tier_id(const struct numasim_host *host, int32_t node)
{
    return numasim_node(host, node)->abstract_distance / 128;
}

void tier_set_targets(struct numasim_self *self)
{
    struct numasim_host *host = self->host;
    int32_t nr = numasim_nr_nodes(host);

    for (int32_t i = 0; i < nr; i++) {
        struct tier_node *own = tier_node(self, i);
        int32_t next = INT32_MAX, nearest = INT32_MAX;

        for (int32_t n = 0; n < nr; n++) {
            if (numasim_node(host, n)->total_bytes > 0 && tier_id(host, n) > tier_id(host, i) &&
                tier_id(host, n) < next) {
                next = tier_id(host, n);
            }
        }
        own->nr_targets = 0;
        for (int32_t n = 0; n < nr; n++) {
            if (numasim_node(host, n)->total_bytes == 0 || tier_id(host, n) != next) {
                continue;
            }
            int32_t distance = numasim_distance(host, i, n);

            if (distance < nearest) {
                nearest = distance;
                own->nr_targets = 0;
            }
            if (distance == nearest) {
                own->targets[own->nr_targets++] = (int16_t)n;
            }
        }
    }
}

/* Up to @nr of @pages to @target; what it has no room for to any slower node, nearest to it first. */
static int64_t demote(struct scan *s, const struct numasim_pages *pages, int64_t nr)
{
    struct numasim_self *self = s->self;
    struct numasim_host *host = self->host;
    struct tier_node *own = tier_node(self, s->node);
    bool anywhere = self->param[TIER_DEMOTION_CPUSET] == 0;
    int64_t moved = 0;

    if (own->nr_targets == 0) {
        return 0;
    }
    int32_t target = own->targets[numasim_random(host, (uint64_t)s->node, tier_of(self)->draws++,
                                                 (uint64_t)own->nr_targets)];
    const int32_t *order = numasim_fallback(host, target);

    for (int32_t i = 0; i < numasim_nr_nodes(host) && moved < nr; i++) {
        struct numasim_node *to = numasim_node(host, order[i]);
        int64_t got = 0;

        if (to->total_bytes == 0 || tier_id(host, to->id) <= tier_id(host, s->node)) {
            continue;
        }
        if (to->free_bytes < to->low_bytes) {
            tier_wake_kswapd(self, to->id);
        }
        got = anywhere
                  ? numasim_demote_pages(host, s->cpu, pages, nr - moved, to->id, to->min_bytes)
                  : numasim_move_pages(host, s->cpu, pages, nr - moved, to->id, to->min_bytes);
        moved += got;
    }
    numasim_node(host, s->node)
        ->vmstat[s->direct ? NUMASIM_PGDEMOTE_DIRECT : NUMASIM_PGDEMOTE_KSWAPD] += (uint64_t)moved;
    return moved;
}

/* ------------------------------------------------------------------------------------------- */
/* Looking                                                                                      */

/* e^(-x/256) in parts per million. */
static uint32_t unaccessed_ppm(uint64_t x256)
{
    uint64_t factor = UINT64_C(4278222805), power = UINT64_C(1) << 32; /* e^(-1/256) x 2^32 */

    if (x256 >= 16 * 256) {
        return 0;
    }
    for (; x256 > 0; x256 >>= 1) {
        if (x256 & 1) {
            power = (power * (factor >> 1)) >> 31;
        }
        factor = ((factor >> 1) * (factor >> 1)) >> 30;
    }
    return (uint32_t)((power * 1000000) >> 32);
}

/* Looks at @nr pages of a population: returns how many of it are free then. */
static int64_t look(struct scan *s, const struct numasim_pages *pages, int64_t nr)
{
    struct numasim_self *self = s->self;
    struct numasim_host *host = self->host;
    const struct numasim_region *r = numasim_region(pages->process, pages->region);
    int64_t unit = pages->page_bytes / s->base_bytes, units = nr / unit, freed = 0;
    struct numasim_pages rest = *pages;
    uint32_t pass = tier_node(self, s->node)->pass;

    if (pages->tag == NEVER_LOOKED) {
        numasim_tag_pages(host, pages, units * unit, pass);
        return 0;
    }
    int64_t idle = numasim_binomial(host, (uint64_t)s->node, tier_of(self)->draws++, units,
                                    unaccessed_ppm(pages->accesses_x256)) *
                   unit;

    /* First: moving accounts accesses, after which these would be other pages. */
    if (units * unit > idle) {
        numasim_tag_pages(host, pages, units * unit - idle, pass);
    }
    if (idle > 0 && self->param[TIER_DEMOTION] != 0 && !s->file_only) {
        freed = demote(s, pages, idle);
    }
    if (freed < idle && r->file) {
        rest.nr_pages -= freed;
        freed += numasim_drop_pages(host, s->cpu, &rest, idle - freed);
    }
    return freed;
}

/*
 * How many of the @nr pages of a cgroup that has been charged for them a look may reclaim
 * (shrink_node_memcgs(), get_scan_count()): none below memory.min, none below memory.low unless nothing
 * else is left, else by what of its usage is not protected.
 */
static int64_t unprotected(struct scan *s, int32_t cgroup, int64_t nr)
{
    struct numasim_host *host = s->self->host;
    struct numasim_memcg *mc = numasim_memcg(host, cgroup);

    if (mc == NULL) {
        return nr;
    }
    if (s->target != 0 && !memcg_below(host, cgroup, s->target)) {
        return 0;
    }
    if (cgroup != s->cgroup) {
        s->kept =
            memcg_protection(host, s->target, cgroup, s->self->param[TIER_RECURSIVEPROT] != 0);
        s->cgroup = cgroup;
        s->low_counted = false;
    }
    uint64_t usage = (uint64_t)(mc->usage_bytes / s->base_bytes);
    uint64_t kept = s->low_too || s->kept.min > s->kept.low ? s->kept.min : s->kept.low;

    if (s->kept.min == 0 && s->kept.low == 0) {
        return nr;
    }
    if (s->kept.min >= usage) {
        return 0;
    }
    if (s->kept.low >= usage) {
        if (!s->low_too) {
            s->low_was_left = true;
            return 0;
        }
        mc->events[NUMASIM_MEMCG_LOW] += !s->low_counted;
        s->low_counted = true;
    }
    int64_t part = nr - (int64_t)((uint64_t)nr * kept / (usage + 1));

    return watermark_least(nr, watermark_most(part, SWAP_CLUSTER_MAX));
}

static void begin_pass(struct numasim_self *self, int32_t node)
{
    struct tier_node *own = tier_node(self, node);

    own->pass += own->pass == UINT32_MAX ? 2 : 1;
    own->pass_ns = numasim_now(self->host);
}

/* Looks at the pages of a node that this pass has not looked at, until enough are free. */
static void shrink_node(struct scan *s)
{
    struct numasim_host *host = s->self->host;
    struct numasim_pages pages = {.process = NULL};
    uint32_t pass = tier_node(s->self, s->node)->pass;

    s->base_bytes = numasim_page_bytes(host);

    while (s->freed < s->want && numasim_next_pages(host, NULL, s->node, &pages)) {
        const struct numasim_region *r = numasim_region(pages.process, pages.region);
        bool can = r->file || (s->self->param[TIER_DEMOTION] != 0 &&
                               tier_node(s->self, s->node)->nr_targets > 0);

        if (!can || r->hugetlb || (s->file_only && !r->file) || pages.tag == pass) {
            continue;
        }
        int64_t unit = pages.page_bytes / s->base_bytes;
        int64_t there = unprotected(s, pages.cgroup, pages.nr_pages);

        there = (there + unit - 1) / unit * unit;
        if (there == 0) {
            continue;
        }
        int64_t nr = pages.tag == NEVER_LOOKED
                         ? there
                         : watermark_least(there, (s->want - s->freed + unit - 1) / unit * unit *
                                                      (s->target != 0 ? 1 : 2));

        s->scanned += nr;
        s->freed += look(s, &pages, nr);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Who reclaims                                                                                 */

/* Whoever waits for memory does not wait for accesses: two more passes at once, as priorities rise. */
static void shrink_in_need(struct scan *s)
{
    for (int32_t i = 0; i < 3 && s->freed == 0; i++) {
        if (i > 0 || tier_node(s->self, s->node)->pass == 0) {
            begin_pass(s->self, s->node);
        }
        shrink_node(s);
    }
    if (s->freed == 0 && s->low_was_left && !s->low_too) {
        s->low_too = true;
        shrink_in_need(s);
    }
}

int64_t tier_reclaim(struct numasim_self *self, int32_t node, int32_t cpu, int64_t bytes)
{
    struct scan s = {.self = self,
                     .node = node,
                     .cpu = cpu,
                     .want =
                         watermark_most(bytes / numasim_page_bytes(self->host), SWAP_CLUSTER_MAX),
                     .direct = true};
    uint64_t *vmstat = numasim_node(self->host, node)->vmstat;

    shrink_in_need(&s);
    vmstat[NUMASIM_PGSCAN_DIRECT] += (uint64_t)s.scanned;
    vmstat[NUMASIM_PGSTEAL_DIRECT] += (uint64_t)s.freed;
    return s.freed * numasim_page_bytes(self->host);
}

/* Each node in turn, near ones first, until there is enough of the cgroup's. */
static void shrink_cgroup(struct scan *s)
{
    struct numasim_host *host = s->self->host;
    const int32_t *order = numasim_fallback(host, numasim_cpu(host, s->cpu)->node);

    for (int32_t i = 0; i < 3 && s->freed == 0; i++) {
        for (int32_t n = 0; n < numasim_nr_nodes(host) && s->freed < s->want; n++) {
            s->node = order[n];
            if (i > 0 || tier_node(s->self, s->node)->pass == 0) {
                begin_pass(s->self, s->node);
            }
            shrink_node(s);
        }
    }
    if (s->freed == 0 && s->low_was_left && !s->low_too) {
        s->low_too = true;
        shrink_cgroup(s);
    }
}

int64_t tier_reclaim_cgroup(struct numasim_self *self, int32_t cgroup, int32_t cpu, int64_t bytes)
{
    struct scan s = {.self = self,
                     .cpu = cpu,
                     .target = cgroup,
                     .want =
                         watermark_most(bytes / numasim_page_bytes(self->host), SWAP_CLUSTER_MAX),
                     .direct = true};

    shrink_cgroup(&s);
    return s.freed * numasim_page_bytes(self->host);
}

int64_t tier_node_reclaim(struct numasim_self *self, int32_t node, int32_t cpu, int64_t bytes)
{
    struct numasim_host *host = self->host;
    struct numasim_pages pages = {.process = NULL};
    int64_t file = 0;

    while (numasim_next_pages(host, NULL, node, &pages)) {
        file += numasim_region(pages.process, pages.region)->file ? pages.nr_pages : 0;
    }
    if (file * numasim_page_bytes(host) * 100 <=
        numasim_node(host, node)->total_bytes * self->param[TIER_MIN_UNMAPPED]) {
        return -1; /* NODE_RECLAIM_FULL: not counted */
    }
    struct scan s = {.self = self,
                     .node = node,
                     .cpu = cpu,
                     .want = watermark_most(bytes / numasim_page_bytes(host), SWAP_CLUSTER_MAX),
                     .file_only = true,
                     .direct = true};

    shrink_in_need(&s);
    numasim_node(host, node)->vmstat[NUMASIM_PGSTEAL_DIRECT] += (uint64_t)s.freed;
    return s.freed * numasim_page_bytes(self->host);
}

/* True if kswapd has given up on @node, and nothing was freed since. */
static bool is_hopeless(const struct numasim_self *self, int32_t node)
{
    struct tier_node *own = tier_node(self, node);

    if (own->failures >= MAX_RECLAIM_RETRIES &&
        numasim_node(self->host, node)->free_bytes > own->free_at_failure) {
        own->failures = 0;
    }
    return own->failures >= MAX_RECLAIM_RETRIES;
}

void tier_wake_kswapd(struct numasim_self *self, int32_t node)
{
    if (!is_hopeless(self, node)) {
        numasim_wake_daemon(self->host, node, numasim_now(self->host));
    }
}

int64_t tier_kswapd(struct numasim_self *self, int32_t node)
{
    struct numasim_host *host = self->host;
    struct numasim_node *n = numasim_node(host, node);
    struct tier_node *own = tier_node(self, node);
    int64_t goal = self->param[TIER_TIERING] ? n->promo_bytes : n->high_bytes;
    int64_t page = numasim_page_bytes(host), now_ns = numasim_now(host);
    struct scan s = {.self = self, .node = node, .cpu = numasim_daemon_cpu(host, node)};

    if (n->free_bytes >= goal || is_hopeless(self, node)) {
        return NUMASIM_TIME_NEVER;
    }
    if (own->pass == 0) {
        begin_pass(self, node);
    }
    s.want = watermark_least((goal - n->free_bytes + page - 1) / page, BATCH_PAGES);
    s.low_too = own->low_too;
    shrink_node(&s);
    n->vmstat[NUMASIM_PGSCAN_KSWAPD] += (uint64_t)s.scanned;
    n->vmstat[NUMASIM_PGSTEAL_KSWAPD] += (uint64_t)s.freed;
    if (s.freed > 0) {
        own->failures = 0;
        own->low_too &= n->free_bytes < goal;
        return n->free_bytes >= goal ? NUMASIM_TIME_NEVER : now_ns;
    }
    if (now_ns - own->pass_ns < KSWAPD_SLEEP_NS) {
        return own->pass_ns + KSWAPD_SLEEP_NS;
    }
    begin_pass(self, node);
    own->failures++;
    own->low_too |= own->failures > 1 && s.low_was_left;
    own->free_at_failure = n->free_bytes;
    return own->failures >= MAX_RECLAIM_RETRIES ? NUMASIM_TIME_NEVER : now_ns;
}
