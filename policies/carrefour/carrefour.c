/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carrefour - traffic management: pages go where the memory controllers and links are least congested,
 * which is not always where they are near.
 *
 * IDEA. Once a second, counters say how the nodes' memory is used. Nothing is done below 50 accesses a
 * microsecond. Replication is on while at most 25 % of the machine's memory is in use and 95 % of the accesses
 * read; interleaving while some access is remote and the controllers' loads differ by more than 35 %
 * (standard deviation over mean); co-location while less than 80 % of the accesses are local. Sampled
 * accesses say which nodes use a page. One that several used and none stored to gets a copy on every
 * node, which its CPUs read. One that a single node used goes there, if co-location or interleaving is on.
 * One that several used is interleaved: it leaves its node with a probability that is the node's part of
 * all accesses, for one that is drawn by how little of them it gets.
 *
 * SOURCE. Dashti et al., Traffic Management: A Holistic Approach to Memory Placement on NUMA Systems,
 * ASPLOS 2013. Thresholds: github.com/Carrefour/carrefour-runtime, carrefour.c ("default options are
 * those we used for the ASPLOS paper"). Fate of a page: carrefour-module, src/carrefour.c,
 * decide_page_fate(); what may be replicated: its kernel's mm/replicate.c, rep_update_pages().
 *
 * FITS. Machines of several alike nodes; programs that last many seconds.
 *
 * DOES NOT FIT. Samples come from hint faults instead of IBS: in each second a piece of every process is
 * protected four times, and who met a page in these is what is known of it; so a page is judged by two
 * samples or more even where the module takes one. Read accesses are those to memory, of which lines written
 * back stand for stores, where Carrefour counts refills of the data cache that were modified.
 * A page with replicas that is stored to loses them and gets none again; the published kernel lets the one that
 * was stored to go on as a replicated page, and gives up later. Its page tables for each node, and the
 * copy that a replicated page leaves unused, take no memory here. The module's later option that
 * leaves replication out by default (ENABLE_REPLICATION 0) is replicate: off. Huge pages move whole.
 * Does not replicate what its kernel refuses, by mapping in rep_update_pages() and by page in rep_find_page():
 * a mapping without VM_WRITE (`readonly: true`, an array that is only read as well), with a file, shared, of
 * hugetlbfs or with VM_HUGEPAGE. It takes anonymous, private, writable memory alone.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(nodes) a second, O(1) for each batch of faults.
 */
#include "carrefour.h"

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
    {.name = "replicate",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "Copy shared pages that are only read to every node.",
     .source = "carrefour-runtime, carrefour.c: carrefour_replication_enabled"},
    {.name = "max_usage",
     .type = NUMASIM_PARAM_INT,
     .def = 25,
     .min = 0,
     .max = 100,
     .doc = "While more of the machine's memory is in use, in percent, nothing is replicated.",
     .source = "carrefour-runtime, carrefour.c: MEMORY_USAGE_MAX"},
    {.name = "min_read_ratio",
     .type = NUMASIM_PARAM_INT,
     .def = 95,
     .min = 0,
     .max = 100,
     .doc = "While less of the accesses read, in percent, nothing is replicated.",
     .source = "carrefour-runtime, carrefour.c: 100 - DCRM_MAX"},
    {.name = "min_orders",
     .type = NUMASIM_PARAM_INT,
     .def = 500,
     .min = 1,
     .max = 1000000,
     .doc = "The first pages are replicated when so many of one period are fit for it.",
     .source = "carrefour-module, src/carrefour.c: min_nr_orders_enable_replication"},
    {.name = NULL},
};

static const char *const reasons[] = {"sampled", "co-located", "interleaved",
                                      "stays",   "replicated", NULL};

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

/* ------------------------------------------------------------------------------------------- */

static const struct numasim_numa_ops numa = {.tick = tick,
                                             .task_work = task_work,
                                             .hint_fault = hint_fault,
                                             .collapsed = collapsed,
                                             .accessed = accessed};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "carrefour",
    .summary =
        "pages replicated, interleaved or co-located, by how congested memory controllers are",
    .version = "1",
    .essay =
        "Once a second: with 50 accesses to memory a microsecond or more, pages that several "
        "nodes\n"
        "only read are copied to every node while at most 25 % of the memory is in use and 95 % "
        "of\n"
        "the accesses read; pages that several nodes use are interleaved while the controllers'\n"
        "loads differ by more than 35 %, and pages that one node uses go there while that holds "
        "or\n"
        "less than 80 % of the accesses are local. Who uses a page is sampled by hint faults "
        "where\n"
        "Carrefour has IBS. Source: Dashti et al., ASPLOS 2013; carrefour-runtime and\n"
        "carrefour-module. A replicated page that is stored to loses its copies for good.\n"
        "Does not replicate, as its kernel (mm/replicate.c): mappings without PROT_WRITE\n"
        "(`readonly: true`), files, shared memory, huge pages; interleaved they may be.\n"
        "O(nodes) a second.\n",
    .params = params,
    .reasons = reasons,
    .state_size = sizeof(struct carrefour),
    .node_state_size = sizeof(struct carrefour_node),
    .process_state_size = sizeof(struct carrefour_process),
    .numa = &numa,
};
