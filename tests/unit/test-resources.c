/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which resources an access passes, and what it costs them. */
#include "domains-fixture.h"
#include "kernel/mm/resources.h"

#define GB INT64_C(1000000000)

/* Three nodes of one CPU with 100 GB/s each; to the next one 30, and to the one after 20 GB/s. */
static struct machine *three_nodes(void)
{
    static const int32_t distances[] = {10, 20, 30, 20, 10, 20, 30, 20, 10};
    static const int64_t gb[] = {100, 30, 20, 30, 100, 30, 20, 30, 100};
    const struct shape shape = {3, 1, 1, 1, 1, distances, ARCH_X86_64};
    struct machine *m = machine_of(&shape);

    for (int i = 0; i < 9; i++) {
        m->bandwidth_bytes_per_s[i] = gb[i] * GB;
    }
    return m;
}

static struct resources *resources_of(struct machine *m)
{
    g_autoptr(GError) error = NULL;

    machine_finish(m, &error);
    g_assert_no_error(error);
    return resources_new(m);
}

static int64_t capacity(const struct resources *r, int32_t resource)
{
    int32_t nr;

    return (int64_t)(resources_table(r, &nr)[resource].capacity_milli / 1000 * 64);
}

static uint64_t load_of(const struct contend_use *uses, int32_t nr, int32_t resource)
{
    for (int32_t i = 0; i < nr; i++) {
        if (uses[i].resource == resource) {
            return uses[i].load_milli;
        }
    }
    return 0;
}

static void test_pairs(void)
{
    g_autoptr(machine_t) m = three_nodes();
    struct resources *r = resources_of(m);
    struct contend_use uses[16];
    int32_t nr = 0, nr_links, from, to;
    const int32_t *in = resources_links(r, 2, 0, &nr_links);

    g_assert_cmpint(nr_links, ==, 1);
    g_assert_cmpint(capacity(r, in[0]), ==, 20 * GB);
    g_assert_cmpint(capacity(r, resources_node(r, 2)), ==, 100 * GB);
    g_assert_true(resources_is_way(r, in[0], &from, &to));
    g_assert_cmpint(from, ==, 2);
    g_assert_cmpint(to, ==, 0);
    resources_links(r, 1, 1, &nr_links);
    g_assert_cmpint(nr_links, ==, 0);

    /* A CPU of node 0 reads 1000 lines of node 2 and writes 10 back. */
    resources_add_uses(r, 0, 0, 2, 1000, 0, 10, uses, &nr);
    g_assert_cmpint(nr, ==, 3);
    g_assert_cmpuint(load_of(uses, nr, resources_node(r, 2)), ==, 1010);
    g_assert_cmpuint(load_of(uses, nr, in[0]), ==, 1000);
    g_assert_cmpuint(load_of(uses, nr, resources_links(r, 0, 2, &nr_links)[0]), ==, 10);
    resources_free(r);
}

/* What CPUs of a node read is that way's bandwidth; writes have it where nobody reads that way. */
static void test_asymmetric(void)
{
    g_autoptr(machine_t) m = three_nodes();
    int32_t nr;

    m->bandwidth_bytes_per_s[0 * 3 + 1] = 40 * GB;
    m->bandwidth_bytes_per_s[0 * 3 + 2] = 100 * GB;
    struct resources *r = resources_of(m);

    g_assert_cmpint(capacity(r, resources_links(r, 1, 0, &nr)[0]), ==, 40 * GB);
    g_assert_cmpint(capacity(r, resources_links(r, 0, 1, &nr)[0]), ==, 30 * GB);
    /* Node 0 reads from node 2 as fast as that can: nothing holds what goes that way. */
    resources_links(r, 2, 0, &nr);
    g_assert_cmpint(nr, ==, 0);
    resources_links(r, 0, 2, &nr);
    g_assert_cmpint(nr, ==, 1);
    resources_free(r);

    /* Node 2 has no CPUs that could read: it is written to as it is read from. */
    g_autoptr(machine_t) cxl = three_nodes();

    cxl->bandwidth_bytes_per_s[2 * 3 + 0] = 0;
    r = resources_of(cxl);
    g_assert_cmpint(capacity(r, resources_links(r, 0, 2, &nr)[0]), ==, 20 * GB);
    resources_free(r);
}

static void test_links(void)
{
    g_autoptr(machine_t) m = three_nodes();
    struct contend_use uses[16];
    int32_t nr = 0, nr_links;

    m->nr_links = 4;
    m->links = g_new0(struct machine_link, 4);
    m->links[0] = (struct machine_link){0, 1, 50 * GB, 60};
    m->links[1] = (struct machine_link){1, 0, 50 * GB, 60};
    m->links[2] = (struct machine_link){1, 2, 45 * GB, 60};
    m->links[3] = (struct machine_link){2, 1, 45 * GB, 60};
    struct resources *r = resources_of(m);
    const int32_t *way = resources_links(r, 2, 0, &nr_links);

    /* By way of node 1. */
    g_assert_cmpint(nr_links, ==, 2);
    g_assert_cmpint(capacity(r, way[0]), ==, 45 * GB);
    g_assert_cmpint(capacity(r, way[1]), ==, 50 * GB);
    resources_add_uses(r, 0, 0, 2, 1000, 0, 0, uses, &nr);
    resources_add_uses(r, 0, 0, 1, 500, 0, 0, uses, &nr);
    g_assert_cmpint(nr, ==, 4);
    g_assert_cmpuint(load_of(uses, nr, way[0]), ==, 1000);
    g_assert_cmpuint(load_of(uses, nr, way[1]), ==, 1500);
    resources_free(r);
}

static void test_writes(void)
{
    g_autoptr(machine_t) m = three_nodes();
    struct contend_use uses[16];
    int32_t nr = 0;

    m->nodes[0].read_bandwidth_bytes_per_s = 100 * GB;
    m->nodes[0].write_bandwidth_bytes_per_s = 50 * GB;
    m->nodes[1].read_bandwidth_bytes_per_s = 100 * GB;
    m->nodes[1].write_bandwidth_bytes_per_s = 50 * GB;
    m->nodes[1].full_duplex = true;
    struct resources *r = resources_of(m);

    /* A line written takes as long as two that are read. */
    resources_add_uses(r, 0, 0, 0, 1000, 0, 100, uses, &nr);
    g_assert_cmpuint(load_of(uses, nr, resources_node(r, 0)), ==, 1200);
    /* And nothing from reads, where both ways have their own. */
    nr = 0;
    resources_add_uses(r, 1, 1, 1, 1000, 0, 100, uses, &nr);
    g_assert_cmpint(nr, ==, 2);
    g_assert_cmpuint(load_of(uses, nr, resources_node(r, 1)), ==, 1000);
    g_assert_cmpuint(uses[1].load_milli, ==, 100);
    g_assert_cmpint(capacity(r, uses[1].resource), ==, 50 * GB);
    g_assert_cmpuint(uses[1].stall_milli, ==, 0);
    resources_free(r);
}

/* All goes to the cache, with fills; what it misses, and as much of the writes, to the memory behind. */
static void test_side_cache(void)
{
    g_autoptr(machine_t) m = three_nodes();
    struct contend_use uses[16];
    int32_t nr = 0, from, to;

    m->nodes[0].side_cache_bytes = 1 << 20;
    m->nodes[0].side_cache_bandwidth_bytes_per_s = 400 * GB;
    m->nodes[0].side_cache_miss_ns = 80;
    struct resources *r = resources_of(m);
    int32_t side = resources_node(r, 0);

    g_assert_cmpint(capacity(r, side), ==, 400 * GB);
    g_assert_true(resources_is_way(r, side, &from, &to));
    g_assert_cmpint(to, ==, 0);
    resources_add_uses(r, 0, 0, 0, 1000, 250, 400, uses, &nr);
    g_assert_cmpint(nr, ==, 2);
    g_assert_cmpuint(load_of(uses, nr, side), ==, 1000 + 250 + 400);
    g_assert_cmpuint(uses[1].load_milli, ==, 250 + 100);
    g_assert_cmpuint(uses[1].stall_milli, ==, 250);
    g_assert_cmpint(capacity(r, uses[1].resource), ==, 100 * GB);
    g_assert_false(resources_is_way(r, uses[1].resource, &from, &to));
    resources_free(r);
}

static void test_llc(void)
{
    g_autoptr(machine_t) m = three_nodes();
    struct contend_use uses[16];
    int32_t nr = 0, from, to;

    m->llcs[2].bandwidth_bytes_per_s = 60 * GB;
    struct resources *r = resources_of(m);

    resources_add_uses(r, 2, 2, 2, 1000, 0, 100, uses, &nr);
    g_assert_cmpint(nr, ==, 2);
    g_assert_cmpint(capacity(r, uses[1].resource), ==, 60 * GB);
    g_assert_cmpuint(uses[1].load_milli, ==, 1100);
    g_assert_false(resources_is_way(r, uses[1].resource, &from, &to));
    nr = 0;
    resources_add_uses(r, -1, 2, 2, 1000, 0, 100, uses, &nr);
    g_assert_cmpint(nr, ==, 1);
    resources_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resources/pairs", test_pairs);
    g_test_add_func("/resources/asymmetric", test_asymmetric);
    g_test_add_func("/resources/links", test_links);
    g_test_add_func("/resources/writes", test_writes);
    g_test_add_func("/resources/side-cache", test_side_cache);
    g_test_add_func("/resources/llc", test_llc);
    return g_test_run();
}
