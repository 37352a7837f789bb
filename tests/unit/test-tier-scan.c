/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tier-scan.h: what is demoted where pages are of several sizes. */
#include <glib.h>

/* A host of a few populations, all on the fast node, that demotes what it is told to. */
#define numasim_next_pages   fake_next_pages
#define numasim_page_bytes   fake_page_bytes
#define numasim_node         fake_node
#define numasim_region       fake_region
#define numasim_demote_pages fake_demote_pages
#include "tier-scan.h"

#define PAGE INT64_C(4096)

struct numasim_host {
    struct numasim_process process; /* first */
    struct numasim_region region;
    struct numasim_node *fast;
    struct numasim_pages pages[4];
};

int64_t numasim_page_bytes(const struct numasim_host *host)
{
    (void)host;
    return PAGE;
}

struct numasim_node *numasim_node(const struct numasim_host *host, int32_t node)
{
    (void)node;
    return host->fast;
}

struct numasim_region *numasim_region(const struct numasim_process *process, int32_t region)
{
    (void)region;
    return &((struct numasim_host *)(uintptr_t)process)->region;
}

bool numasim_next_pages(struct numasim_host *host, struct numasim_process *process, int32_t node,
                        struct numasim_pages *pages)
{
    uint64_t at = pages->cookie[0];

    (void)process;
    (void)node;
    if (at == G_N_ELEMENTS(host->pages)) {
        return false;
    }
    *pages = host->pages[at];
    pages->process = &host->process;
    pages->cookie[0] = at + 1;
    return true;
}

int64_t numasim_demote_pages(struct numasim_host *host, int32_t cpu,
                             const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                             int64_t floor_bytes)
{
    (void)cpu;
    (void)to;
    (void)floor_bytes;
    host->pages[pages->cookie[0] - 1].nr_pages -= nr_pages;
    host->fast->free_bytes += nr_pages * PAGE;
    return nr_pages;
}

/* One huge page is more than is due of the first population: so much less comes from those after it. */
static void test_sizes(void)
{
    uint64_t vmstat[NUMASIM_NR_VM_ITEMS] = {0};
    struct numasim_node fast = {.vmstat = vmstat};
    struct numasim_host host = {.fast = &fast,
                                .pages = {{.nr_pages = 1024, .page_bytes = 512 * PAGE},
                                          {.nr_pages = 10, .page_bytes = PAGE},
                                          {.nr_pages = 10, .page_bytes = PAGE},
                                          {.nr_pages = 4096, .page_bytes = 512 * PAGE}}};
    struct numasim_self self = {.host = &host};
    const struct two_tier tiers = {.fast = 0, .slow = 1};

    tier_demote(&self, &tiers, 0, 2000 * PAGE - PAGE);
    g_assert_cmpint(host.pages[0].nr_pages, ==, 512);
    g_assert_cmpint(host.pages[1].nr_pages, ==, 10);
    g_assert_cmpint(host.pages[2].nr_pages, ==, 10);
    g_assert_cmpint(host.pages[3].nr_pages, ==, 4096 - 1536);
    g_assert_cmpuint(vmstat[NUMASIM_PGDEMOTE_KSWAPD], ==, 2048);
    g_assert_cmpint(fast.free_bytes, ==, 2048 * PAGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tier-scan/sizes", test_sizes);
    return g_test_run();
}
