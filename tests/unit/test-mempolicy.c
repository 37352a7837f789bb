/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory policies alone: the nodes in effect, what a change of the cpuset makes of them, and numactl's
 * lists. What is expected follows from mm/mempolicy.c, 6.12, and numactl(8).
 */
#include <glib.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "kernel/mm/mempolicy.h"
#include "workload/numactl.h"

enum { NR = 8 };

static uint64_t *set_of(const char *list)
{
    uint64_t *map = bitmap_new(NR);

    g_assert_true(bitmap_parse_list(list, map, NR, NULL));
    return map;
}

static void must_be(const uint64_t *map, const char *list)
{
    g_autofree char *text = bitmap_to_list(map, NR);

    g_assert_cmpstr(text, ==, list);
}

struct rebind_case {
    enum numasim_mpol mode;
    uint32_t flags;
    const char *nodes, *mems, *effective; /* asked for, within, at first */
    const char *then, *after;             /* the cpuset changes to, and it is now */
};

/* By ordinal, round the new set; the user's own nodes where flags say so; never empty. */
static const struct rebind_case rebinds[] = {
    {NUMASIM_MPOL_BIND, 0, "0-1", "0-3", "0-1", "4-7", "4-5"},
    {NUMASIM_MPOL_BIND, 0, "1,3", "0-3", "1,3", "4-5", "5"},
    {NUMASIM_MPOL_INTERLEAVE, 0, "0-3", "0-1", "0-1", "0-1", "0-1"},
    {NUMASIM_MPOL_WEIGHTED_INTERLEAVE, 0, "0-1", "0-1", "0-1", "2", "2"},
    {NUMASIM_MPOL_BIND, NUMASIM_MPOL_F_STATIC_NODES, "1-2", "0-3", "1-2", "2-5", "2"},
    {NUMASIM_MPOL_BIND, NUMASIM_MPOL_F_STATIC_NODES, "1-2", "0-3", "1-2", "4-5", "4-5"},
    {NUMASIM_MPOL_BIND, NUMASIM_MPOL_F_RELATIVE_NODES, "0-1", "4-7", "4-5", "1-3", "1-2"},
    {NUMASIM_MPOL_INTERLEAVE, NUMASIM_MPOL_F_RELATIVE_NODES, "0,5", "2-5", "2-3", "6", "6"},
    {NUMASIM_MPOL_PREFERRED, 0, "1", "0-3", "1", "4-7", "1"},
    {NUMASIM_MPOL_PREFERRED_MANY, 0, "1-2", "0-3", "1-2", "4-7", "1-2"},
    /* The user's nodes stand where the old cpuset should: 1 is the first of {1}. */
    {NUMASIM_MPOL_BIND, NUMASIM_MPOL_F_NUMA_BALANCING, "1", "0-3", "1", "4-7", "4"},
};

static void test_rebind(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rebinds); i++) {
        const struct rebind_case *c = &rebinds[i];
        g_autofree uint64_t *nodes = set_of(c->nodes), *mems = set_of(c->mems);
        g_autofree uint64_t *then = set_of(c->then);
        struct numasim_mempolicy asked = {
            .mode = (uint8_t)c->mode, .flags = c->flags, .nodes = nodes, .home_node = -1};
        struct mempolicy m, child;

        g_test_message("case %zu", i);
        mempolicy_init(&m);
        mempolicy_init(&child);
        g_assert_true(mempolicy_set(&m, &asked, mems, NR, NULL));
        must_be(m.pub.nodes, c->effective);
        mempolicy_inherit(&child, &m, NR);
        mempolicy_rebind(&m, then, NR);
        must_be(m.pub.nodes, c->after);
        must_be(child.pub.nodes, c->effective);
        mempolicy_release(&m);
        mempolicy_release(&child);
    }
}

static void test_refused(void)
{
    static const struct {
        enum numasim_mpol mode;
        uint32_t flags;
        const char *nodes;
        int32_t home;
    } cases[] = {
        {NUMASIM_MPOL_DEFAULT, 0, "0", -1},
        {NUMASIM_MPOL_LOCAL, 0, "0", -1},
        {NUMASIM_MPOL_LOCAL, NUMASIM_MPOL_F_STATIC_NODES, "", -1},
        {NUMASIM_MPOL_BIND, 0, "", -1},
        {NUMASIM_MPOL_INTERLEAVE, 0, "", -1},
        {NUMASIM_MPOL_BIND, 0, "4", -1},
        {NUMASIM_MPOL_BIND, NUMASIM_MPOL_F_STATIC_NODES | NUMASIM_MPOL_F_RELATIVE_NODES, "0", -1},
        {NUMASIM_MPOL_INTERLEAVE, NUMASIM_MPOL_F_NUMA_BALANCING, "0", -1},
        {NUMASIM_MPOL_PREFERRED, 0, "0", 0},
    };
    g_autofree uint64_t *mems = set_of("0-3");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree uint64_t *nodes = set_of(cases[i].nodes);
        g_autoptr(GError) error = NULL;
        struct numasim_mempolicy asked = {.mode = (uint8_t)cases[i].mode,
                                          .flags = cases[i].flags,
                                          .nodes = nodes,
                                          .home_node = cases[i].home};
        struct mempolicy m;

        g_test_message("case %zu", i);
        mempolicy_init(&m);
        g_assert_false(mempolicy_set(&m, &asked, mems, NR, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_null(m.pub.nodes);
    }
}

static void test_preferred_nobody_is_local(void)
{
    g_autofree uint64_t *mems = set_of("0-3"), *none = set_of("");
    struct numasim_mempolicy asked = {
        .mode = NUMASIM_MPOL_PREFERRED, .nodes = none, .home_node = -1};
    struct mempolicy m;

    mempolicy_init(&m);
    g_assert_true(mempolicy_set(&m, &asked, mems, NR, NULL));
    g_assert_cmpint(m.pub.mode, ==, NUMASIM_MPOL_LOCAL);
    mempolicy_release(&m);
}

/* What moves where when {0,1} become {2,3}, {0..3} become {4,5}, {0,1} become {1,2}. */
static void test_remap(void)
{
    g_autofree uint64_t *a = set_of("0-1"), *b = set_of("2-3"), *c = set_of("0-3");
    g_autofree uint64_t *d = set_of("4-5");

    g_assert_cmpuint(node_remap(0, a, b, NR), ==, 2);
    g_assert_cmpuint(node_remap(1, a, b, NR), ==, 3);
    g_assert_cmpuint(node_remap(2, c, d, NR), ==, 4);
    g_assert_cmpuint(node_remap(3, c, d, NR), ==, 5);
    g_assert_cmpuint(node_remap(7, c, d, NR), ==, 7);
}

static void test_numactl_lists(void)
{
    static const struct {
        const char *text, *allowed, *set; /* NULL: refused */
    } cases[] = {
        {"0", "0-3", "0"},         {"0-2,3", "0-3", "0-3"},
        {"", "0-3", ""},           {"all", "1-2", "1-2"},
        {"!0", "0-3", "1-7"},      {"+0", "2-3", "2"},
        {"+0-1", "2,5", "2,5"},    {"0x2", "0-3", "2"},
        {"010", "0-7", NULL},      {"1-3", "1,3", "1,3"},
        {"0-2", "1-2", NULL},      {"4", "0-3", NULL},
        {"!+1", "2-3", "0-2,4-7"}, {"0,", "0-3", NULL},
        {"1;2", "0-3", NULL},      {"netdev:eth0", "0-3", NULL},
        {"2,all", "0-3", "0-3"},   {"allx", "0-3", NULL},
        {"+2", "2-3", NULL},       {"-1", "0-3", NULL},
    };
    g_autofree uint64_t *all = set_of("0-7"), *map = bitmap_new(NR);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree uint64_t *allowed = set_of(cases[i].allowed);
        g_autoptr(GError) error = NULL;
        bool ok = numactl_list_parse(cases[i].text, "node", all, allowed, NR, map, &error);

        g_test_message("'%s'", cases[i].text);
        g_assert_cmpint(ok, ==, cases[i].set != NULL);
        if (ok) {
            must_be(map, cases[i].set);
        } else {
            g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mempolicy/rebind", test_rebind);
    g_test_add_func("/mempolicy/refused", test_refused);
    g_test_add_func("/mempolicy/preferred-nobody", test_preferred_nobody_is_local);
    g_test_add_func("/mempolicy/remap", test_remap);
    g_test_add_func("/mempolicy/numactl-lists", test_numactl_lists);
    return g_test_run();
}
