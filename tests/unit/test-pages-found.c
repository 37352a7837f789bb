/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tier policy that lives here and does, step by step in its daemon, all that may be done to pages that
 * numasim_next_pages() gives: tagging, moving, demoting, splitting, dropping. On teach-numa-2x4.
 */
#include "faulty-policies.h"
#include "kernel-invariants.h"

#include "kernel/internal.h"

enum { ANON, HUGE, FILE_PAGES, NR_STEPS = 6, MIB_PAGES = 256 };

static const char workload[] =
    "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    regions:\n"
    "      anon: {size: 8MiB, touch: first}\n"
    "      huge: {size: 8MiB, touch: first, page: 2MiB}\n"
    "      file: {size: 4MiB, touch: first, file: true, readonly: true}\n"
    "    threads:\n      t: {cpus: 1, program: [run: 60ms, access: {misses: {file: 50/us}, mlp: "
    "1}, "
    "forever: [run: 1ms]]}\n";

struct worker {
    int32_t step;
    int64_t at_ns[NR_STEPS + 1];
    bool woken;
};

/* How many pages on @node (-1: any) are in @region, with @tag, in pages of @page_bytes (0: any). */
static int64_t count(struct numasim_self *self, int32_t node, int32_t region, int32_t tag,
                     int64_t page_bytes)
{
    struct numasim_pages pages = {0};
    int64_t nr = 0;

    while (numasim_next_pages(self->host, NULL, node, &pages)) {
        g_assert_true(node < 0 || pages.node == node);
        if (pages.region == region && (tag < 0 || (int32_t)pages.tag == tag) &&
            (page_bytes == 0 || pages.page_bytes == page_bytes)) {
            nr += pages.nr_pages;
        }
    }
    return nr;
}

/* The first population of node 0 in @region with @tag. */
static struct numasim_pages find(struct numasim_self *self, int32_t region, uint32_t tag)
{
    struct numasim_pages pages = {0};

    while (numasim_next_pages(self->host, NULL, 0, &pages)) {
        if (pages.region == region && pages.tag == tag) {
            return pages;
        }
    }
    g_error("no pages of region %d with tag %u", region, tag);
}

/* In order of region and address, each once, all that there are. */
static void look(struct numasim_self *self)
{
    struct numasim_pages pages = {0};
    int64_t nr[3] = {0}, end = 0;
    int32_t region = 0;

    while (numasim_next_pages(self->host, NULL, -1, &pages)) {
        g_assert_cmpint(pages.region, >=, region);
        end = pages.region > region ? 0 : end;
        region = pages.region;
        g_assert_cmpint(pages.first, >=, end);
        g_assert_cmpint(pages.nr_pages, <=, pages.span);
        end = pages.first;
        nr[region] += pages.nr_pages;
        g_assert_cmpint(pages.node, ==, 0);
        g_assert_cmpint(pages.tag, ==, 0);
        g_assert_cmpint(pages.last_cpu, ==, -1);
        g_assert_cmpint(pages.protected_ns, ==, -1);
    }
    g_assert_cmpint(nr[ANON], ==, 8 * MIB_PAGES);
    g_assert_cmpint(nr[HUGE], ==, 8 * MIB_PAGES);
    g_assert_cmpint(nr[FILE_PAGES], ==, 4 * MIB_PAGES);
    g_assert_false(numasim_next_pages(self->host, NULL, 1, &(struct numasim_pages){0}));
}

/* What was tagged does not come again in that iteration. */
static void tag(struct numasim_self *self)
{
    struct numasim_pages pages = find(self, ANON, 0);

    numasim_tag_pages(self->host, &pages, 100, 5);
    g_assert_cmpint(count(self, -1, ANON, 5, 4096), ==, 100);
    g_assert_cmpint(count(self, -1, ANON, 0, 4096), ==, 8 * MIB_PAGES - 100);
    g_assert_cmpuint(find(self, ANON, 5).accesses_x256, ==, 0);

    /* A huge page is tagged whole or not at all. */
    pages = find(self, HUGE, 0);
    numasim_tag_pages(self->host, &pages, 1000, 9);
    g_assert_cmpint(count(self, -1, HUGE, 9, 2 << 20), ==, 512);

    int32_t nr = 0;

    for (pages = (struct numasim_pages){0}; numasim_next_pages(self->host, NULL, -1, &pages);) {
        nr++;
        numasim_tag_pages(self->host, &pages, pages.nr_pages / 2, 77);
        g_assert_cmpint(nr, <, 20);
    }
    for (pages = (struct numasim_pages){0}; numasim_next_pages(self->host, NULL, -1, &pages);) {
        if (pages.tag == 77) {
            numasim_tag_pages(self->host, &pages, pages.nr_pages,
                              pages.region == ANON   ? 5
                              : pages.region == HUGE ? 9
                                                     : 0);
        }
    }
}

static void move(struct numasim_self *self)
{
    int32_t cpu = numasim_daemon_cpu(self->host, 0);
    struct numasim_node *there = numasim_node(self->host, 1);
    struct numasim_pages pages = find(self, ANON, 5);
    int64_t tagged = pages.nr_pages, free_bytes = there->free_bytes;

    g_assert_cmpint(numasim_move_pages(self->host, cpu, &pages, 50, 1, 0), ==, 50);
    g_assert_cmpint(there->free_bytes, ==, free_bytes - 50 * 4096);
    g_assert_cmpint(count(self, 1, ANON, 5, 4096), ==, 50);
    /* No room above the floor, then for half of them; more than there are. */
    pages = find(self, ANON, 5);
    g_assert_cmpint(numasim_move_pages(self->host, cpu, &pages, 20, 1, there->free_bytes), ==, 0);
    g_assert_cmpint(
        numasim_move_pages(self->host, cpu, &pages, 20, 1, there->free_bytes - 10 * 4096), ==, 10);
    g_assert_cmpint(numasim_move_pages(self->host, cpu, &pages, 1 << 30, 1, 0), ==, tagged - 60);
    g_assert_cmpint(numasim_move_pages(self->host, cpu, &pages, 1, 1, 0), ==, 0);
    /* Less than a huge page is nothing. Demoted, they are pages that nobody looked at. */
    pages = find(self, HUGE, 9);
    g_assert_cmpint(numasim_move_pages(self->host, cpu, &pages, 511, 1, 0), ==, 0);
    g_assert_cmpint(numasim_demote_pages(self->host, cpu, &pages, 1023, 1, 0), ==, 512);
    g_assert_cmpint(count(self, 1, HUGE, 9, 2 << 20), ==, 0);
    g_assert_cmpint(count(self, 1, HUGE, 0, 2 << 20), ==, 512);
}

static void split(struct numasim_self *self)
{
    struct numasim_pages pages = {0};
    int64_t huge = count(self, -1, HUGE, -1, 2 << 20);

    while (numasim_next_pages(self->host, NULL, 1, &pages) && pages.region != HUGE) {
    }
    numasim_split_pages(self->host, numasim_daemon_cpu(self->host, 0), &pages, 512);
    g_assert_cmpint(count(self, 1, HUGE, 0, 4096), ==, 512);
    g_assert_cmpint(count(self, -1, HUGE, -1, 2 << 20), ==, huge - 512);
    g_assert_cmpuint(numasim_node(self->host, 1)->vmstat[NUMASIM_THP_MIGRATION_SPLIT], ==, 1);
}

/* Clean pages of files alone. */
static void drop(struct numasim_self *self)
{
    struct numasim_pages pages = find(self, FILE_PAGES, 0), anon = find(self, ANON, 0);
    int32_t cpu = numasim_daemon_cpu(self->host, 0);
    int64_t resident = pages.process->resident_bytes;

    g_assert_cmpint(numasim_drop_pages(self->host, cpu, &anon, 10), ==, 0);
    g_assert_cmpint(numasim_drop_pages(self->host, cpu, &pages, 300), ==, 300);
    g_assert_cmpint(pages.process->resident_bytes, ==, resident - 300 * 4096);
    g_assert_cmpint(count(self, -1, FILE_PAGES, -1, 0), ==, 4 * MIB_PAGES - 300);
}

static int64_t worker_daemon(struct numasim_self *self, int32_t node)
{
    static void (*const steps[])(struct numasim_self *) = {look, tag, move, split, drop};
    struct worker *w = self->state;

    g_assert_cmpint(node, ==, 0);
    g_assert_cmpint(w->step, <, NR_STEPS);
    w->at_ns[w->step] = numasim_now(self->host);
    if (w->step < (int32_t)G_N_ELEMENTS(steps)) {
        steps[w->step](self);
    }
    w->step++;
    return w->step < NR_STEPS ? numasim_now(self->host) + 5 * MS : NUMASIM_TIME_NEVER;
}

static void worker_task_init(struct numasim_self *self, struct numasim_task *task,
                             struct numasim_task *parent)
{
    struct worker *w = self->state;

    (void)parent;
    if (!w->woken && !task->kthread) {
        w->woken = true;
        g_assert_cmpint(numasim_daemon_cpu(self->host, 0), ==, -1);
        numasim_wake_daemon(self->host, 0, 20 * MS);
        numasim_wake_daemon(self->host, 0, 30 * MS); /* later than it wakes anyway */
    }
}

static const struct numasim_tier_ops worker_ops = {.daemon = worker_daemon,
                                                   .daemon_name = "worker"};

static const struct numasim_policy worker = {.abi = NUMASIM_POLICY_ABI,
                                             .name = "worker",
                                             .summary = "for a test",
                                             .version = "1",
                                             .state_size = sizeof(struct worker),
                                             .task_init = worker_task_init,
                                             .tier = &worker_ops};

static void test_steps(void)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_TIER] = &worker};
    struct engine *e =
        engine_new_with("teach-numa-2x4", workload, by_role, &(struct kernel_config){.seed = 1});
    const struct worker *w = e->kernel->roles[NUMASIM_ROLE_TIER].self->state;
    const struct task *t = engine_task(e, "t", 0);

    for (int ms = 1; ms <= 60; ms++) {
        engine_run(e, ms * MS);
        kernel_check(e->kernel);
    }
    g_assert_cmpint(w->step, ==, NR_STEPS);
    g_assert_cmpint(w->at_ns[0], >=, 20 * MS);
    for (int i = 1; i < NR_STEPS; i++) {
        g_assert_cmpint(w->at_ns[i], >=, w->at_ns[i - 1] + 5 * MS);
    }
    /* Its work cost it CPU time on a CPU of its node: 1,124 pages at 2 us and more. */
    const struct task *daemon = engine_task(e, "worker0", 0);

    g_assert_cmpint(numasim_cpu((struct numasim_host *)(void *)e->kernel, daemon->pub.cpu)->node,
                    ==, 0);
    g_assert_cmpint(daemon->pub.se.sum_exec_ns + w->at_ns[3] - w->at_ns[2], >, 5 * MS);
    g_assert_cmpint(task_pub((struct task *)(gsize)t)->process->resident_bytes, ==,
                    (20 * MIB_PAGES - 300) * 4096);
    /* The next accesses read what was dropped again. */
    engine_run(e, 200 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(task_pub((struct task *)(gsize)t)->process->resident_bytes, ==,
                    20 * MIB_PAGES * 4096);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pages-found/steps", test_steps);
    return g_test_run();
}
