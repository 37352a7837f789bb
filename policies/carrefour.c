/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carrefour - traffic management: pages go where the memory controllers and links are least congested,
 * which is not always where they are near.
 *
 * IDEA. Once a second, counters say how the nodes' memory is used. Nothing is done below 50 accesses a
 * microsecond. Interleaving is on while some access is remote and the controllers' loads differ by more
 * than 35 % (standard deviation over mean); co-location while less than 80 % of the accesses are local.
 * Sampled accesses say which nodes use a page. One that a single node used goes there, if co-location or
 * interleaving is on. One that several used is interleaved: it leaves its node with a probability that
 * is the node's part of all accesses, for one that is drawn by how little of them it gets.
 *
 * SOURCE. Dashti et al., Traffic Management: A Holistic Approach to Memory Placement on NUMA Systems,
 * ASPLOS 2013. Thresholds: github.com/Carrefour/carrefour-runtime, carrefour.c ("default options are
 * those we used for the ASPLOS paper"). Fate of a page: carrefour-module, src/carrefour.c,
 * decide_page_fate().
 *
 * FITS. Machines of several alike nodes; programs that last many seconds.
 *
 * DOES NOT FIT. Replication is left out: a page lies on one node here, and what a copy on each would
 * need (which to read, writes that collapse them, a page table for each node) is no policy's. Such pages
 * are interleaved, as the published module does by default (ENABLE_REPLICATION 0). Samples come from
 * hint faults instead of IBS: in each second a piece of every process is protected four times, and who
 * met a page in these is what is known of it; so a page is judged by two samples or more even where the
 * module takes one. Huge pages move whole.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(nodes) a second, O(1) for each batch of faults.
 */
#include "two-tier.h"

enum param {
    PARAM_PERIOD,
    PARAM_MAPTU,
    PARAM_LAR,
    PARAM_IMBALANCE,
    PARAM_SAMPLE_SIZE,
    PARAM_INTERLEAVE,
    PARAM_MIGRATE
};

static const struct numasim_param params[] = {
    {.name = "period",
     .type = NUMASIM_PARAM_NS,
     .def = INT64_C(1000000000),
     .min = 10000000,
     .max = INT64_C(60000000000),
     .doc = "How often counters are read and a piece of each process is sampled.",
     .source = "carrefour-runtime, carrefour.c: sleep_time"},
    {.name = "min_maptu",
     .type = NUMASIM_PARAM_INT,
     .def = 50,
     .min = 0,
     .max = 1000000,
     .doc = "Fewer accesses to memory a microsecond, and nothing is done.",
     .source = "carrefour-runtime, carrefour.c: MAPTU_MIN"},
    {.name = "max_local",
     .type = NUMASIM_PARAM_INT,
     .def = 80,
     .min = 0,
     .max = 100,
     .doc = "While less of the accesses are local, in percent, pages are co-located.",
     .source = "carrefour-runtime, carrefour.c: MAX_LOCALITY_MIGRATION"},
    {.name = "min_imbalance",
     .type = NUMASIM_PARAM_INT,
     .def = 35,
     .min = 0,
     .max = 10000,
     .doc = "While controllers differ by more, in percent of their mean, pages are interleaved.",
     .source = "carrefour-runtime, carrefour.c: MIN_IMBALANCE"},
    {.name = "sample_size",
     .type = NUMASIM_PARAM_BYTES,
     .def = INT64_C(256) << 20,
     .min = 4096,
     .max = INT64_C(1) << 40,
     .doc = "Memory of each process that is sampled in a period.",
     .source = "an assumption: what automatic NUMA balancing scans at once, for IBS"},
    {.name = "interleave", .type = NUMASIM_PARAM_BOOL, .def = 1, .doc = "Interleave shared pages."},
    {.name = "migrate", .type = NUMASIM_PARAM_BOOL, .def = 1, .doc = "Co-locate private pages."},
    {.name = NULL},
};

enum reason {
    REASON_SAMPLED, /* the first of a page's accesses, or one before the last */
    REASON_CO_LOCATED,
    REASON_INTERLEAVED,
    REASON_STAYS
};

static const char *const reasons[] = {"sampled", "co-located", "interleaved", "stays", NULL};

enum {
    ROUNDS = 4, /* a piece is protected so often in a period */
    ONE_NODE = 0,
    SEVERAL = 1, /* what a page remembers of its samples, in last_pid */
    DRAW_LEAVES = 0x636172,
    DRAW_WHERE
};

struct carrefour {
    int64_t evaluated_ns; /* when counters were read last */
    uint64_t local, all;  /* accesses since */
    bool enabled, interleave, migrate;
    uint64_t draws;
};

struct carrefour_node {
    uint64_t accesses; /* since counters were read */
    int32_t part;      /* of all accesses before that, in percent */
};

struct carrefour_process {
    int64_t next_ns, first_ns, last_ns; /* rounds */
    int32_t round, region, from_region;
    int64_t page, from_page;
};

static struct carrefour_node *load_of(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->state[self->slot];
}

/* True if memory of @node takes part. */
static bool takes_part(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->total_bytes > 0 &&
           numasim_node(self->host, node)->nr_cpus > 0;
}

/* ------------------------------------------------------------------------------------------- */
/* Counters                                                                                     */

/* Sample standard deviation over mean of @x[0..nr), in percent. */
static int64_t imbalance_percent(const uint64_t *x, int32_t nr)
{
    uint64_t sum = 0;
    int64_t squares = 0;

    for (int32_t i = 0; i < nr; i++) {
        sum += x[i];
    }
    if (sum < (uint64_t)nr || nr < 2) {
        return 0;
    }
    for (int32_t i = 0; i < nr; i++) {
        int64_t off = (int64_t)(x[i] * 1000 / (sum / (uint64_t)nr)) - 1000;

        squares += off * off;
    }
    return watermark_root(squares / (nr - 1)) / 10;
}

/* What the counters of @period_ns allow. */
static void judge(struct numasim_self *self, int64_t period_ns, int64_t imbalance)
{
    struct carrefour *own = self->state;
    uint64_t maptu = own->all / (uint64_t)(period_ns / 1000 > 0 ? period_ns / 1000 : 1);
    int64_t local = own->all > 0 ? (int64_t)(own->local * 100 / own->all) : 100;

    own->enabled = own->all > 0 && (int64_t)maptu >= self->param[PARAM_MAPTU];
    own->interleave = self->param[PARAM_INTERLEAVE] && own->local < own->all &&
                      imbalance > self->param[PARAM_IMBALANCE];
    own->migrate = self->param[PARAM_MIGRATE] && local < self->param[PARAM_LAR];
    own->enabled = own->enabled && (own->interleave || own->migrate);
}

static void evaluate(struct numasim_self *self)
{
    struct carrefour *own = self->state;
    int64_t now_ns = numasim_now(self->host);
    uint64_t by_node[INTERLEAVE_MAX_NODES];
    int32_t nr = 0;

    for (int32_t n = 0; n < numasim_nr_nodes(self->host) && nr < INTERLEAVE_MAX_NODES; n++) {
        struct carrefour_node *node = load_of(self, n);

        if (takes_part(self, n)) {
            by_node[nr++] = node->accesses;
        }
        node->part = own->all > 0 ? (int32_t)(node->accesses * 100 / own->all) : 100;
        node->accesses = 0;
    }
    judge(self, now_ns - own->evaluated_ns, imbalance_percent(by_node, nr));
    own->evaluated_ns = now_ns;
    own->local = own->all = 0;
}

static void accessed(struct numasim_self *self, struct numasim_task *task, int32_t cpu_node,
                     const uint64_t *accesses, const uint64_t *writes)
{
    struct carrefour *own = self->state;

    (void)task;
    (void)writes;
    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        load_of(self, n)->accesses += accesses[n];
        own->all += accesses[n];
        own->local += n == cpu_node ? accesses[n] : 0;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Samples                                                                                      */

static int64_t tick(struct numasim_self *self, struct numasim_task *task)
{
    const struct carrefour_process *p = task->process->state[self->slot];
    const struct carrefour *own = self->state;
    int64_t period_ns = self->param[PARAM_PERIOD], now_ns = numasim_now(self->host);

    if (now_ns - own->evaluated_ns >= period_ns) {
        evaluate(self);
    }
    if (own->enabled && now_ns >= p->next_ns) {
        numasim_task_work(self->host, task);
    }
    int64_t next_ns = own->evaluated_ns + period_ns;

    return own->enabled && p->next_ns < next_ns ? p->next_ns : next_ns;
}

/* Protects the piece that the period is about; the next period's begins where it ends. */
static void task_work(struct numasim_self *self, struct numasim_task *task)
{
    struct carrefour_process *p = task->process->state[self->slot];
    int32_t nr = numasim_nr_regions(task->process);
    int64_t now_ns = numasim_now(self->host), page = numasim_page_bytes(self->host);
    int64_t left = (self->param[PARAM_SAMPLE_SIZE] + page - 1) / page;

    if (now_ns < p->next_ns) {
        return;
    }
    p->next_ns = now_ns + self->param[PARAM_PERIOD] / ROUNDS;
    if (p->round == 0) {
        p->from_region = p->region;
        p->from_page = p->page;
        p->first_ns = now_ns;
    }
    p->region = p->from_region;
    p->page = p->from_page;
    for (int32_t i = 0; i <= nr && left > 0; i++) {
        p->region = p->region < nr ? p->region : 0;

        const struct numasim_region *region = numasim_region(task->process, p->region);
        int64_t there = region->nr_pages - p->page, pages = there < left ? there : left;

        if (!two_tier_region_is_bound(task->process, region)) {
            numasim_protect_pages(self->host, task, p->region, p->page, pages, NULL);
            left -= pages;
        }
        p->page += pages;
        if (p->page >= region->nr_pages) {
            p->region++;
            p->page = 0;
        }
    }
    p->round = (p->round + 1) % ROUNDS;
    p->last_ns = p->round == 0 ? now_ns : -1;
}

/* A node drawn by how little it is used; -1: none takes part. */
static int32_t quiet_node(struct numasim_self *self, const struct numasim_process *process,
                          uint64_t draw)
{
    int32_t nr_nodes = numasim_nr_nodes(self->host), chosen = -1;
    int64_t seen = 0;

    /* Each in turn takes the place of the one before with its part of what has been seen. */
    for (int32_t n = 0; n < nr_nodes; n++) {
        int64_t weight = 100 - load_of(self, n)->part;

        if (!takes_part(self, n) || weight <= 0 ||
            (process->allowed_nodes != NULL && !numasim_mask_test(process->allowed_nodes, n))) {
            continue;
        }
        seen += weight;
        if (numasim_binomial(self->host, DRAW_WHERE, draw * INTERLEAVE_MAX_NODES + (uint64_t)n, 1,
                             (uint32_t)(weight * 1000000 / seen)) > 0) {
            chosen = n;
        }
    }
    return chosen;
}

/* The fate of a page that @node has just met, after @several nodes or none but it. */
static void decide_fate(struct numasim_self *self, struct numasim_fault *f, int32_t node,
                        bool several, struct numasim_decision *d)
{
    struct carrefour *own = self->state;
    int32_t from = f->pages.node;

    if (several && own->interleave) {
        int64_t part = load_of(self, from)->part;
        int32_t to = quiet_node(self, f->task->process, own->draws++);
        /* rand() % 101 <= part */
        int64_t nr = numasim_binomial(self->host, DRAW_LEAVES, own->draws++, f->nr_faults,
                                      (uint32_t)((part + 1) * 1000000 / 101));

        if (to >= 0 && to != from && nr > 0) {
            f->target = to;
            f->nr_move = nr;
            numasim_decide(d, to, REASON_INTERLEAVED);
            numasim_compared(d, "part_percent", part);
            return;
        }
    } else if (!several && node != from && takes_part(self, node)) {
        f->target = node;
        numasim_decide(d, node, REASON_CO_LOCATED);
        return;
    }
    numasim_decide(d, -1, REASON_STAYS);
}

static void hint_fault(struct numasim_self *self, struct numasim_fault *f,
                       struct numasim_decision *d)
{
    const struct carrefour_process *p = f->task->process->state[self->slot];
    const struct carrefour *own = self->state;
    int32_t node = numasim_cpu(self->host, f->cpu)->node;
    int32_t before = f->pages.last_cpu;
    bool several = false;

    /* What is protected since the period's first round has not been met in it. */
    if (before >= 0 && f->pages.protected_ns > p->first_ns) {
        several = f->pages.last_pid == SEVERAL || numasim_cpu(self->host, before)->node != node;
    }
    /* The node's first CPU stands for it, so that fewer pages differ. */
    f->set_last_cpu = numasim_mask_next(numasim_node(self->host, node)->cpus, NULL,
                                        numasim_nr_cpus(self->host), 0);
    f->set_last_pid = several ? SEVERAL : ONE_NODE;
    if (before < 0 || f->pages.protected_ns != p->last_ns || !own->enabled) {
        numasim_decide(d, -1, REASON_SAMPLED);
        return;
    }
    decide_fate(self, f, node, several, d);
}

/* ------------------------------------------------------------------------------------------- */

static const struct numasim_numa_ops numa = {
    .tick = tick, .task_work = task_work, .hint_fault = hint_fault, .accessed = accessed};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "carrefour",
    .summary = "pages interleaved or co-located, by how congested memory controllers are",
    .version = "1",
    .essay =
        "Once a second: with 50 accesses to memory a microsecond or more, pages that several "
        "nodes\n"
        "use are interleaved while the controllers' loads differ by more than 35 %, and pages "
        "that\n"
        "one node uses go there while that holds or less than 80 % of the accesses are local. Who\n"
        "uses a page is sampled by hint faults where Carrefour has IBS. Source: Dashti et al.,\n"
        "ASPLOS 2013; carrefour-runtime and carrefour-module. Replication is left out: pages lie\n"
        "on one node here. O(nodes) a second.\n",
    .params = params,
    .reasons = reasons,
    .state_size = sizeof(struct carrefour),
    .node_state_size = sizeof(struct carrefour_node),
    .process_state_size = sizeof(struct carrefour_process),
    .numa = &numa,
};
