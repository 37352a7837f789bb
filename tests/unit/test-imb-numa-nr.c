/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many tasks two nodes may differ by, on the machines of the patches that brought imb_numa_nr:
 * "sched/fair: Adjust the allowed NUMA imbalance when SD_NUMA spans multiple LLCs" (e496132ebedd,
 * 5.18) and "sched/numa: Adjust imb_numa_nr to a better approximation of memory channels"
 * (026b98a93bbd, 6.0). The 25 % of 5.11 to 5.17 are the balancer's: test-linux-balance-releases.c.
 */
#include "domains-fixture.h"

static const int32_t two[] = {10, 32, 32, 10};
static const int32_t nps2[] = {10, 12, 32, 32, 12, 10, 32, 32, 32, 32, 10, 12, 32, 32, 12, 10};
static const int32_t nps4[] = {
    10, 12, 12, 12, 32, 32, 32, 32, 12, 10, 12, 12, 32, 32, 32, 32, 12, 12, 10, 12, 32, 32,
    32, 32, 12, 12, 12, 10, 32, 32, 32, 32, 32, 32, 32, 32, 10, 12, 12, 12, 32, 32, 32, 32,
    12, 10, 12, 12, 32, 32, 32, 32, 12, 12, 10, 12, 32, 32, 32, 32, 12, 12, 12, 10,
};

/* Two sockets of 64 cores with two threads each, an LLC to eight cores. */
static const struct shape zen3_nps1 = {2, 64, 2, 8, 1, two, ARCH_X86_64};
static const struct shape zen3_nps2 = {4, 32, 2, 4, 2, nps2, ARCH_X86_64};
static const struct shape zen3_nps4 = {8, 16, 2, 2, 4, nps4, ARCH_X86_64};
/* Two sockets of 24 cores with two threads each, and one LLC. */
static const struct shape skylake = {2, 24, 2, 1, 1, two, ARCH_X86_64};

static const struct {
    const struct shape *shape;
    enum kernel_release release;
    const char *stack, *spans, *allowed; /* of each surviving domain: CPUs, and imb_numa_nr */
} rows[] = {
    {&zen3_nps1, KERNEL_5_18, "SMT MC DIE NUMA", "2 16 128 256", "0 0 8 8"},
    {&zen3_nps1, KERNEL_6_1, "SMT MC DIE NUMA", "2 16 128 256", "0 0 8 8"},
    {&zen3_nps1, KERNEL_6_12, "SMT MC PKG NUMA", "2 16 128 256", "0 0 8 8"},
    {&zen3_nps1, KERNEL_7_3, "SMT MC PKG NUMA", "2 16 128 256", "0 0 8 8"},
    {&zen3_nps2, KERNEL_5_18, "SMT MC NODE NUMA NUMA", "2 16 64 128 256", "0 0 4 4 8"},
    {&zen3_nps2, KERNEL_6_1, "SMT MC NODE NUMA NUMA", "2 16 64 128 256", "0 0 4 4 8"},
    {&zen3_nps2, KERNEL_7_3, "SMT MC NODE NUMA NUMA", "2 16 64 128 256", "0 0 4 4 8"},
    {&zen3_nps4, KERNEL_5_18, "SMT MC NODE NUMA NUMA", "2 16 32 128 256", "0 0 2 2 4"},
    {&zen3_nps4, KERNEL_6_1, "SMT MC NODE NUMA NUMA", "2 16 32 128 256", "0 0 2 2 4"},
    {&zen3_nps4, KERNEL_7_3, "SMT MC NODE NUMA NUMA", "2 16 32 128 256", "0 0 2 2 4"},
    {&skylake, KERNEL_5_18, "SMT MC NUMA", "2 48 96", "0 0 12"},
    {&skylake, KERNEL_6_1, "SMT MC NUMA", "2 48 96", "0 0 6"},
    {&skylake, KERNEL_6_12, "SMT MC NUMA", "2 48 96", "0 0 6"},
    {&skylake, KERNEL_7_3, "SMT MC NUMA", "2 48 96", "0 0 6"},
    /* No such field before. */
    {&zen3_nps1, KERNEL_5_17, "SMT MC DIE NUMA", "2 16 128 256", "0 0 0 0"},
    {&skylake, KERNEL_5_10, "SMT MC NUMA", "2 48 96", "0 0 0"},
};

static void assert_row(const struct sched_domains *sds, int32_t cpu, size_t row)
{
    g_autoptr(GString) spans = g_string_new(NULL), allowed = g_string_new(NULL);

    assert_stack(sds, cpu, rows[row].stack);
    for (uint32_t i = 0; i < sds->nr_domains[cpu]; i++) {
        const struct sched_domain *sd = domain(sds, cpu, i);

        g_string_append_printf(spans, i ? " %u" : "%u", sd->span_weight);
        g_string_append_printf(allowed, i ? " %u" : "%u", sd->imb_numa_nr);
    }
    g_assert_cmpstr(spans->str, ==, rows[row].spans);
    g_assert_cmpstr(allowed->str, ==, rows[row].allowed);
}

static void test_published(void)
{
    for (size_t row = 0; row < G_N_ELEMENTS(rows); row++) {
        g_autoptr(machine_t) m = machine_of(rows[row].shape);
        g_autoptr(sched_domains_t) sds = NULL;

        m->reclaim_distance = 32;
        sds = domains_of(m, rows[row].release);
        for (int32_t cpu = 0; cpu < sds->nr_cpus; cpu++) {
            assert_row(sds, cpu, row);
        }
    }
}

/* A node of two CPUs: 5.18 allowed nothing, 6.0 one task. */
static void test_at_least_one(void)
{
    static const struct shape small = {2, 2, 1, 1, 1, two, ARCH_X86_64};
    g_autoptr(machine_t) m = machine_of(&small);
    g_autoptr(sched_domains_t) older = domains_of(m, KERNEL_5_18);
    g_autoptr(sched_domains_t) newer = sched_domains_new(m, KERNEL_6_1);

    assert_stack(older, 0, "MC NUMA");
    g_assert_cmpuint(domain(older, 0, 1)->imb_numa_nr, ==, 0);
    g_assert_cmpuint(domain(newer, 0, 1)->imb_numa_nr, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imb-numa-nr/published", test_published);
    g_test_add_func("/imb-numa-nr/at-least-one", test_at_least_one);
    return g_test_run();
}
