/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains of random machines: equal to those that slow-domains.c builds, and what holds for all of
 * them holds. Uneven and CPU-less nodes, scattered CPU numbers, asymmetric matrices, offline and
 * isolated CPUs, partitions, unlike capacities, every release from 5.18 on.
 */
#include <string.h>

#include "base/bitmap.h"
#include "base/rng.h"
#include "machine/domains.h"
#include "slow-domains.h"

enum { NR_MACHINES = 600, MAX_PARTITIONS = 3 };

struct dice {
    struct rng rng;
    uint64_t thrown;
};

static int32_t roll(struct dice *d, int32_t sides)
{
    return (int32_t)rng_below(&d->rng, d->thrown++, (uint64_t)sides);
}

static bool one_in(struct dice *d, int32_t sides)
{
    return roll(d, sides) == 0;
}

/* Fills in CPUs core by core: each core in a node, nodes in packages, LLCs of a few cores. */
static void random_cpus(struct machine *m, struct dice *d, int32_t per_package, int32_t per_l2)
{
    const int32_t llc_cores = 1 + roll(d, 4);
    const bool unlike = one_in(d, 4);
    int32_t node, cpu = 0;

    for (node = 0; node < m->nr_nodes && cpu < m->nr_cpus; node++) {
        const int32_t cores = one_in(d, 6) ? 0 : 1 + roll(d, 5);

        for (int32_t core = 0; core < cores && cpu < m->nr_cpus; core++) {
            const int32_t threads = MIN(m->nr_cpus - cpu, one_in(d, 2) ? 1 : 2);

            for (int32_t thread = 0; thread < threads; thread++, cpu++) {
                struct machine_cpu *c = &m->cpus[cpu];

                c->node = node;
                c->package = node / per_package;
                c->core = m->nr_cores;
                c->cluster = c->core;
                c->l2 = node * 8 + core / per_l2;
                c->llc = node * 8 + core / (per_l2 * llc_cores);
                c->capacity = unlike && core % 2 ? 512 : 1024;
            }
            m->nr_cores++;
        }
    }
    m->nr_cpus = MAX(cpu, 1);
    m->nr_cores = MAX(m->nr_cores, 1);
}

/* Makes the ids at @field dense, in order of CPU; returns how many there are. */
static int32_t make_dense(struct machine *m, size_t field)
{
    int32_t map[SLOW_MAX_CPUS * 8], nr = 0;

    memset(map, 0xff, sizeof(map));
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        int32_t *id = (int32_t *)(void *)((char *)&m->cpus[cpu] + field);

        if (map[*id] < 0) {
            map[*id] = nr++;
        }
        *id = map[*id];
    }
    return nr;
}

static void random_distances(struct machine *m, struct dice *d)
{
    const int32_t kinds = 1 + roll(d, 6);
    const bool asymmetric = one_in(d, 4);

    for (int32_t i = 0; i < m->nr_nodes; i++) {
        for (int32_t j = 0; j <= i; j++) {
            const int32_t there = i == j ? 10 : 15 + 5 * roll(d, kinds);

            m->distances[i * m->nr_nodes + j] = there;
            m->distances[j * m->nr_nodes + i] =
                asymmetric && i != j ? 15 + 5 * roll(d, kinds) : there;
        }
    }
    for (int32_t i = 0; i < m->nr_nodes * m->nr_nodes; i++) {
        m->latency_ns[i] = 100;
    }
}

static void shuffle_cpus(struct machine *m, struct dice *d)
{
    for (int32_t i = m->nr_cpus - 1; i > 0; i--) {
        const int32_t j = roll(d, i + 1);
        const struct machine_cpu other = m->cpus[j];

        m->cpus[j] = m->cpus[i];
        m->cpus[i] = other;
    }
}

static struct machine *random_machine(struct dice *d)
{
    struct machine *m = machine_new();
    g_autoptr(GError) error = NULL;

    m->name = g_strdup("random");
    m->arch = ARCH_X86_64;
    m->hybrid = one_in(d, 8);
    m->reclaim_distance = one_in(d, 2) ? 30 : 32;
    m->nr_nodes = 1 + roll(d, 7);
    m->nr_cpus = 1 + roll(d, SLOW_MAX_CPUS);
    m->cpus = g_new0(struct machine_cpu, SLOW_MAX_CPUS);
    m->cpus[0].capacity = 1024;
    random_cpus(m, d, 1 + roll(d, 3), 1 + roll(d, 2));
    if (one_in(d, 2)) {
        shuffle_cpus(m, d);
    }
    m->nr_cores = make_dense(m, offsetof(struct machine_cpu, core));
    m->nr_clusters = make_dense(m, offsetof(struct machine_cpu, cluster));
    m->nr_l2s = make_dense(m, offsetof(struct machine_cpu, l2));
    m->nr_llcs = make_dense(m, offsetof(struct machine_cpu, llc));
    m->nr_packages = m->nr_dies = make_dense(m, offsetof(struct machine_cpu, package));
    m->llcs = g_new0(struct machine_llc, (gsize)m->nr_llcs);
    m->nodes = g_new0(struct machine_node, (gsize)m->nr_nodes);
    m->distances = g_new0(int32_t, (gsize)(m->nr_nodes * m->nr_nodes));
    m->latency_ns = g_new0(int64_t, (gsize)(m->nr_nodes * m->nr_nodes));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(m->nr_nodes * m->nr_nodes));
    random_distances(m, d);
    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        m->cpus[cpu].os_id = cpu;
        m->cpus[cpu].die = m->cpus[cpu].package;
    }
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        m->nodes[i] = (struct machine_node){.os_id = i, .package = -1, .memory_bytes = 1 << 20};
    }
    for (int32_t i = one_in(d, 2) ? roll(d, 6) : 0; i > 0; i--) {
        bitmap_set(one_in(d, 2) ? m->offline : m->isolated, (uint32_t)roll(d, m->nr_cpus));
    }
    bitmap_clear(m->offline, 0);
    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

/* --- What is checked ------------------------------------------------------------------------- */

static void check_groups(const struct sched_domain *sd, const struct slow_domain *slow, bool whole,
                         uint32_t cpu)
{
    uint64_t covered = 0;

    g_assert_cmpuint(sd->nr_groups, ==, slow->nr_groups);
    g_assert_true(bitmap_test(sd->groups[0].span, cpu));
    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        const struct sched_group *g = &sd->groups[i];

        g_assert_cmphex(g->span[0], ==, slow->groups[i]->span);
        g_assert_cmphex(g->balance_mask[0], ==, slow->groups[i]->balance);
        g_assert_cmphex(g->flags, ==, slow->groups[i]->flags);
        g_assert_cmphex(g->balance_mask[0], !=, 0);
        g_assert_cmphex(g->balance_mask[0] & ~g->span[0], ==, 0);
        covered |= g->span[0];
    }
    g_assert_cmphex(covered & ~sd->span[0], ==, 0);
    g_assert_true(!whole || covered == sd->span[0]);
}

/* @whole: groups cover their domain; where distances are asymmetric the kernel may miss CPUs whose
 * own domains end below that level. */
static void check_cpu(const struct sched_domains *sds, const struct slow_domains *s, uint32_t cpu,
                      bool whole)
{
    const struct slow_domain *slow = s->base[cpu];
    uint64_t below = UINT64_C(1) << cpu;

    for (uint32_t i = 0; i < sds->nr_domains[cpu]; i++, slow = slow->parent) {
        const struct sched_domain *sd = &sds->domains[cpu][i];

        g_assert_nonnull(slow);
        g_assert_cmpstr(sd->name, ==, slow->name);
        g_assert_cmpuint(sd->tl_level, ==, slow->level);
        g_assert_cmphex(sd->flags, ==, slow->flags);
        g_assert_cmphex(sd->span[0], ==, slow->span);
        g_assert_cmpuint(sd->min_interval, ==, slow->min_interval);
        g_assert_cmpuint(sd->imb_numa_nr, ==, slow->imb_numa_nr);
        g_assert_cmphex(below & ~sd->span[0], ==, 0);
        check_groups(sd, slow, whole, cpu);
        below = sd->span[0];
    }
    g_assert_null(slow);
}

/* Two groups have one id iff the kernel gives them one sched_group_capacity. */
static void check_ids(const struct sched_domains *sds, const struct slow_domains *s)
{
    g_autofree uint32_t *key_of = g_new0(uint32_t, sds->nr_group_ids + 1);
    g_autoptr(GHashTable) id_of = g_hash_table_new(NULL, NULL);

    for (uint32_t cpu = 0; cpu < (uint32_t)sds->nr_cpus; cpu++) {
        const struct slow_domain *slow = s->base[cpu];

        for (uint32_t i = 0; i < sds->nr_domains[cpu]; i++, slow = slow->parent) {
            for (uint32_t j = 0; j < slow->nr_groups; j++) {
                const struct slow_group *g = slow->groups[j];
                const uint32_t key = 1 + g->sgc_level * SLOW_MAX_CPUS + g->sgc_cpu;
                const int32_t id = sds->domains[cpu][i].groups[j].id;
                gpointer known = g_hash_table_lookup(id_of, GUINT_TO_POINTER(key));

                g_assert_cmpint(id, <, (int32_t)sds->nr_group_ids);
                g_assert_true(key_of[id] == 0 || key_of[id] == key);
                g_assert_true(known == NULL || GPOINTER_TO_INT(known) == id + 1);
                key_of[id] = key;
                g_hash_table_insert(id_of, GUINT_TO_POINTER(key), GINT_TO_POINTER(id + 1));
            }
        }
    }
}

static bool is_symmetric(const struct machine *m)
{
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        for (int32_t j = 0; j < i; j++) {
            if (machine_distance(m, i, j) != machine_distance(m, j, i)) {
                return false;
            }
        }
    }
    return true;
}

static void test_random(void)
{
    const struct rng parent = rng_init(1, RNG_WORKLOAD);

    for (uint64_t i = 0; i < NR_MACHINES; i++) {
        struct dice d = {.rng = rng_entity(&parent, i)};
        g_autoptr(machine_t) m = random_machine(&d);
        struct sched_partition partitions[MAX_PARTITIONS];
        uint64_t sets[MAX_PARTITIONS] = {0};
        const int32_t none = 0;
        struct sched_domains_options options = sched_domains_defaults(
            (enum kernel_release)(KERNEL_5_18 + roll(&d, NR_KERNEL_RELEASES - KERNEL_5_18)));
        g_autoptr(sched_domains_t) sds = NULL;
        struct slow_domains *slow;

        options.relax_level = one_in(&d, 4) ? roll(&d, 7) : -1;
        options.offlined = &none; /* and none of it */
        options.partitions = partitions;
        options.nr_partitions = one_in(&d, 3) ? 1 + (uint32_t)roll(&d, MAX_PARTITIONS) : 0;
        for (int32_t cpu = 0; cpu < m->nr_cpus && options.nr_partitions; cpu++) {
            sets[roll(&d, (int32_t)options.nr_partitions)] |= (uint64_t)one_in(&d, 2) << cpu;
        }
        for (uint32_t p = 0; p < options.nr_partitions; p++) {
            partitions[p] = (struct sched_partition){&sets[p], !one_in(&d, 3)};
        }
        g_test_message("machine %" G_GUINT64_FORMAT, i);
        sds = sched_domains_new_with(m, &options);
        slow = slow_domains_new(m, &options);
        for (uint32_t cpu = 0; cpu < (uint32_t)m->nr_cpus; cpu++) {
            check_cpu(sds, slow, cpu, is_symmetric(m));
        }
        check_ids(sds, slow);
        slow_domains_free(slow);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domains/random", test_random);
    return g_test_run();
}
