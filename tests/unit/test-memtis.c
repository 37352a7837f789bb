/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MEMTIS: counts, bins and thresholds, to the number; and what becomes of hot and cold memory on a small
 * machine. */
/* The plugins that it runs beside have these, too. */
#define numasim_policy             memtis_policy
#define numasim_policy_source_hash memtis_source_hash
#include "../../policies/memtis/memtis.c"
#include "../../policies/memtis/split.c"

#include "tier-fixture.h"

#include "base/time.h"

/* ------------------------------------------------------------------------------------------- */
/* Rules                                                                                        */

static void test_bins(void)
{
    const struct memtis own = {.base_bytes = 4096, .huge = 512};
    static const struct {
        int64_t hotness;
        int32_t bin;
    } cases[] = {{0, 0},     {1, 1},      {2, 1},      {3, 2},      {6, 2},
                 {7, 3},     {62, 5},     {63, 6},     {512, 9},    {1022, 9},
                 {1023, 10}, {16383, 14}, {32766, 14}, {32767, 15}, {1 << 30, 15}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(bin_of(cases[i].hotness), ==, cases[i].bin);
    }
    /* One sample of a base page weighs what 512 of a huge one do. */
    struct numasim_pages base = {.page_bytes = 4096, .tag = 1};
    struct numasim_pages huge = {.page_bytes = 2097152, .tag = tag_of(512)};

    g_assert_cmpint(bin_of_pages(&own, &base), ==, 9);
    g_assert_cmpint(bin_of_pages(&own, &huge), ==, 9);
}

/* Tags keep counts to an eighth; halving them is exact. */
static void test_tags(void)
{
    for (int64_t count = 0; count < 70000; count += 1 + count / 50) {
        int64_t kept = count_of(tag_of(count));

        g_assert_cmpint(kept, <=, count);
        g_assert_true(count - kept <= count / 5 || count > count_of(TAG_MAX));
    }
    for (uint32_t tag = 0; tag <= TAG_MAX; tag++) {
        g_assert_cmpuint(tag_of(count_of(tag)), ==, tag);
        g_assert_cmpint(count_of(half_tag(tag)), ==, count_of(tag) / 2);
    }
}

static void test_threshold(void)
{
    static const struct {
        int64_t hist[NR_BINS], room, hot, fill;
    } cases[] = {
        {{[0] = 900, [5] = 50, [9] = 50}, 100, 1, 100},
        {{[0] = 900, [5] = 50, [9] = 50}, 99, 6, 50},
        {{[0] = 900, [5] = 51, [9] = 50}, 100, 6, 50},
        {{[0] = 900, [15] = 200}, 100, 15, 0}, /* more than fits is of the hottest bin */
        {{[0] = 50}, 100, MIN_HOT, 50},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t fill;

        g_assert_cmpint(threshold(cases[i].hist, cases[i].room, &fill), ==, cases[i].hot);
        g_assert_cmpint(fill, ==, cases[i].fill);
    }
}

/* 512 samples over 512 base pages: 0.368 of these have none, 0.368 one, 0.245 two or three. */
static void test_base_bins(void)
{
    int64_t bins[NR_BINS], sum = 0;

    base_bins(512, 512, 1000000, bins);
    for (int32_t i = 0; i < NR_BINS; i++) {
        sum += bins[i];
    }
    g_assert_cmpint(sum, ==, 1000000);
    g_assert_cmpint(ABS(bins[0] - 367879), <, 10);
    g_assert_cmpint(ABS(bins[9] - 367879), <, 10);
    g_assert_cmpint(ABS(bins[10] - 245253), <, 10);

    /* As many samples to each of 32 of 64 KiB are in the bins of as large a part. */
    base_bins(32, 32, 1000000, bins);
    g_assert_cmpint(ABS(bins[0] - 367879), <, 10);
    g_assert_cmpint(ABS(bins[5] - 367879), <, 10);
    g_assert_cmpint(ABS(bins[6] - 245253), <, 10);
    /* Of two of 1 MiB with five on average, four to seven fall in one bin. */
    base_bins(10, 2, 1000000, bins);
    g_assert_cmpint(ABS(bins[3] - 601602), <, 100);

    base_bins(0, 512, 1000, bins);
    g_assert_cmpint(bins[0], ==, 1000);
}

/* (eHR x 0.95 - rHR) x pages x (270 - 80) / 80 x 0.4 */
static void test_nr_to_split(void)
{
    const struct hit_ratios gains = {1000000, 500000, 1000};
    const struct hit_ratios even = {526315, 500000, 1000};

    g_assert_cmpint(nr_to_split(&gains, 80, 270), ==, 427);
    g_assert_cmpint(nr_to_split(&even, 80, 270), ==, 0);
    g_assert_cmpint(nr_to_split(&gains, 100, 100), ==, 0);
}

/* The same samples on fewer hot base pages are more skewed; base pages and very hot ones are none. */
static void test_skewness(void)
{
    struct memtis own = {.base_hot = 9, .base_bytes = 4096, .huge = 512};
    struct numasim_pages few = {.page_bytes = 2097152, .tag = tag_of(16)};
    struct numasim_pages many = {.page_bytes = 2097152, .tag = tag_of(512)};
    struct numasim_pages base = {.page_bytes = 4096, .tag = 3};
    struct numasim_pages hottest = {.page_bytes = 2097152, .tag = tag_of(16384)};

    g_assert_cmpint(hot_in_each(&own, &few), ==, 15); /* 512 x (1 - exp(-1 / 32)) = 15.8 */
    g_assert_cmpint(skewness(&own, &few), >, skewness(&own, &many));
    g_assert_cmpint(skewness(&own, &many), >, 0);
    g_assert_cmpint(skewness(&own, &base), ==, 0);
    g_assert_cmpint(skewness(&own, &hottest), ==, 0);

    /* The same huge page of 32 base pages. */
    const struct memtis own_64k = {.base_hot = 5, .base_bytes = 65536, .huge = 32};

    g_assert_cmpint(hot_in_each(&own_64k, &few), ==, 12); /* 32 x (1 - exp(-1 / 2)) = 12.6 */
    g_assert_cmpint(skewness(&own_64k, &few), ==, (16 * 32 * 32 + 16 * 16 * 32) / (12 * 12));
}

/* ------------------------------------------------------------------------------------------- */
/* Pages                                                                                        */

static int64_t region_bytes(struct engine *e, int32_t region, int32_t node)
{
    return numasim_region(task_pub(engine_task(e, "t", 0))->process, region)->bytes_by_node[node];
}

/* Cold memory has filled the fast node before hot memory came: they change places. */
static void test_swaps(gconstpointer page)
{
    g_autofree char *workload = g_strdup_printf(
        "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n    regions:\n"
        "      cold: {size: 400MiB, touch: first, page: %s}\n"
        "      hot: {size: 100MiB, touch: first, page: %s}\n"
        "    threads:\n      t: {program: [access: {misses: {hot: 100/us, cold: 2/us}, mlp: 10}, "
        "forever: [run: 10ms]]}\n",
        (const char *)page, (const char *)page);
    struct engine *e =
        engine_new(TIER_MACHINE, workload, "memtis", &(struct kernel_config){.seed = 1});

    engine_run(e, 20 * MS);
    while (region_bytes(e, 0, 0) + region_bytes(e, 0, 1) + region_bytes(e, 1, 1) < 500 * MIB) {
        engine_run(e, kernel_now_ns(e->kernel) + 50 * MS);
        g_assert_cmpint(kernel_now_ns(e->kernel), <, 3000 * MS);
    }
    g_assert_cmpint(region_bytes(e, 1, 0), ==, 0);
    engine_run(e, 8000 * MS);
    g_assert_cmpint(region_bytes(e, 1, 0), >, 95 * MIB);
    g_assert_cmpint(region_bytes(e, 0, 0), >, 100 * MIB);
    uint64_t moved = tier_vmstat(e, NUMASIM_PGMIGRATE_SUCCESS);

    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGPROMOTE_SUCCESS), >=, 95 * 256);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGDEMOTE_PROACTIVE), >=, 90 * 256);
    /* And there it ends: what remains is noise. */
    engine_run(e, 10000 * MS);
    g_assert_cmpuint(tier_vmstat(e, NUMASIM_PGMIGRATE_SUCCESS) - moved, <, 100 * 256);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memtis/bins", test_bins);
    g_test_add_func("/memtis/tags", test_tags);
    g_test_add_func("/memtis/threshold", test_threshold);
    g_test_add_func("/memtis/base-bins", test_base_bins);
    g_test_add_func("/memtis/nr-to-split", test_nr_to_split);
    g_test_add_func("/memtis/skewness", test_skewness);
    g_test_add_data_func("/memtis/swaps/base", "base", test_swaps);
    g_test_add_data_func("/memtis/swaps/huge", "2MiB", test_swaps);
    return g_test_run();
}
