/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines written as YAML and read back: those that are shipped, odd ones made at random. */
#include <glib.h>
#include <string.h>

#include "base/bitmap.h"
#include "format/machine/topology-write.h"
#include "format/machine/topology-yaml.h"
#include "machine-equal.h"
#include "machine/machine.h"

enum { RANDOM_MACHINES = 400 };

/* Reads @yaml, which must be a machine equal to @m in all. */
static void assert_reads_back(const struct machine *m, const char *yaml)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) back = topology_read_yaml_buffer("back", yaml, strlen(yaml), &error);
    g_autofree char *difference = NULL;

    if (back == NULL) {
        g_error("%s\n%s", error->message, yaml);
    }
    if (!machine_equal(m, back, SAME_ALL, &difference)) {
        g_error("%s\n%s", difference, yaml);
    }
}

static void test_shipped(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "topologies", NULL);
    g_autoptr(GError) error = NULL;
    GDir *dir = g_dir_open(folder, 0, &error);
    const char *name;
    int32_t machines = 0, compact = 0;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".yaml")) {
            g_autofree char *path = g_build_filename(folder, name, NULL), *bytes = NULL;
            g_autofree char *yaml = NULL;
            g_autoptr(machine_t) m = topology_read_yaml(path, &error);

            g_assert_no_error(error);
            yaml = topology_write_yaml(m, NULL);
            assert_reads_back(m, yaml);
            g_assert_true(g_file_get_contents(path, &bytes, NULL, NULL));
            /* What people wrote in the compact form comes back in it. */
            g_assert_true((strstr(bytes, "cores-per-llc") == NULL) ==
                          (strstr(yaml, "cores-per-llc") == NULL));
            machines++;
            compact += strstr(yaml, "cores-per-llc") != NULL;
        }
    }
    g_dir_close(dir);
    g_assert_cmpint(machines, >=, 20);
    g_assert_cmpint(compact, >=, 15);
}

/* --- Machines made at random ----------------------------------------------------------------- */

static int32_t pick(GRand *rand, int32_t below)
{
    return g_rand_int_range(rand, 0, below);
}

static int64_t pick_of(GRand *rand, const int64_t *values, int32_t nr)
{
    return values[pick(rand, nr)];
}

/* A core, while the machine is being made. Numbers of nodes are indices. */
struct core {
    int32_t cluster, l2, llc, die, package, node, nr_threads;
};

/* Cores with what contains them: clusters and L2s within LLCs within packages. */
static GArray *make_cores(GRand *rand, struct machine *m)
{
    GArray *cores = g_array_new(FALSE, FALSE, sizeof(struct core));
    bool uneven = pick(rand, 3) == 0, hybrid = pick(rand, 4) == 0, shared_node = pick(rand, 6) == 0;
    int32_t threads = pick(rand, 10) == 0 ? 18 : 1 + pick(rand, 4), per_llc = 1 + pick(rand, 5);
    int32_t llcs = 1 + pick(rand, 3), l2_cores = 1 + pick(rand, 3);

    m->nr_packages = 1 + pick(rand, 4);
    for (int32_t package = 0; package < m->nr_packages; package++) {
        int32_t first_node = package == 0 || !shared_node ? m->nr_nodes++ : m->nr_nodes - 1;

        for (int32_t i = 0; i < (uneven ? 1 + pick(rand, 3) : llcs); i++, m->nr_llcs++) {
            int32_t nr_cores = uneven ? 1 + pick(rand, 6) : per_llc;

            m->nr_nodes += i > 0 && pick(rand, 2) == 0;
            for (int32_t c = 0; c < nr_cores; c++) {
                struct core core = {.llc = m->nr_llcs, .package = package};
                bool fresh = c % l2_cores == 0;

                m->nr_clusters += fresh;
                m->nr_l2s += fresh || hybrid;
                core.cluster = m->nr_clusters - 1;
                core.l2 = m->nr_l2s - 1;
                core.node = MAX(first_node, m->nr_nodes - 1);
                core.die = m->nr_packages + package; /* numbered below */
                core.nr_threads = hybrid && c % 2 == 1 ? 1 : threads;
                g_array_append_val(cores, core);
            }
        }
    }
    m->hybrid = hybrid;
    m->nr_cores = (int32_t)cores->len;
    return cores;
}

static void shuffle(GRand *rand, int32_t *values, int32_t nr)
{
    for (int32_t i = nr - 1; i > 0; i--) {
        int32_t j = pick(rand, i + 1), kept = values[i];

        values[i] = values[j];
        values[j] = kept;
    }
}

/* Gives each thread of each core its CPU; interleaved, adjacent or without order. */
static void make_cpus(GRand *rand, struct machine *m, const GArray *cores)
{
    bool dies = pick(rand, 2) == 0, sparse = pick(rand, 3) == 0, capacities = pick(rand, 4) == 0;
    bool mixed = pick(rand, 5) == 0, clusters = pick(rand, 2) == 0;
    g_autofree int32_t *order = NULL;
    int32_t nr = 0, most = 0, os_id = pick(rand, 2) * sparse, way = pick(rand, 3);

    for (guint core = 0; core < cores->len; core++) {
        m->nr_cpus += g_array_index(cores, struct core, core).nr_threads;
        most = MAX(most, g_array_index(cores, struct core, core).nr_threads);
    }
    order = g_new(int32_t, (size_t)m->nr_cpus);
    for (int32_t i = 0; i < m->nr_cores * most; i++) {
        int32_t core = way == 0 ? i % m->nr_cores : i / most;
        int32_t thread = way == 0 ? i / m->nr_cores : i % most;

        if (thread < g_array_index(cores, struct core, core).nr_threads) {
            order[nr++] = core;
        }
    }
    if (way == 2) {
        shuffle(rand, order, nr);
    }
    m->cpus = g_new0(struct machine_cpu, (size_t)nr);
    for (int32_t cpu = 0; cpu < nr; cpu++) {
        const struct core *core = &g_array_index(cores, struct core, order[cpu]);

        m->cpus[cpu] = (struct machine_cpu){.os_id = os_id,
                                            .core = order[cpu],
                                            .cluster = clusters ? core->cluster : order[cpu],
                                            .l2 = core->l2,
                                            .llc = core->llc,
                                            .die = dies ? order[cpu] : core->package,
                                            .package = core->package,
                                            .node = core->node,
                                            .capacity = capacities ? 512 + order[cpu] % 3 : 1024,
                                            .priority = capacities ? core->llc : 0};
        m->cpus[cpu].capacity -= mixed ? pick(rand, 2) : 0;
        os_id += 1 + (sparse ? pick(rand, 200) : 0);
    }
    m->nr_dies = dies ? m->nr_cores : m->nr_packages;
    m->nr_clusters = clusters ? m->nr_clusters : m->nr_cores;
}

static void make_nodes(GRand *rand, struct machine *m)
{
    static const int64_t sizes[] = {0, INT64_C(1) << 30, 64167 * INT64_C(1048576), 12345};
    bool sparse = pick(rand, 3) == 0;
    int32_t os_id = sparse * pick(rand, 3), with_cpus = m->nr_nodes;

    m->nr_nodes += pick(rand, 4);
    m->nodes = g_new0(struct machine_node, (size_t)m->nr_nodes);
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        struct machine_node *n = &m->nodes[i];

        n->os_id = os_id;
        n->memory_bytes = pick_of(rand, sizes, G_N_ELEMENTS(sizes));
        n->package = i < with_cpus ? -1 : pick(rand, m->nr_packages + 1) - 1;
        n->tier = (enum machine_tier)(i < with_cpus ? TIER_DRAM : pick(rand, NR_TIERS));
        if (n->tier == TIER_HBM) {
            n->subtype = g_strdup("MCDRAM, \"flat\"");
            n->read_bandwidth_bytes_per_s = 400000000001;
            n->hugetlb_1g_pages = 3;
            n->hmat = (struct machine_coordinates){110, 111 + pick(rand, 2), 400000000000, 1000000};
        } else if (n->tier == TIER_PMEM) {
            n->side_cache_bytes = pick(rand, 2) * INT64_C(34359738368);
            n->write_bandwidth_bytes_per_s = 1000;
            n->side_cache_bandwidth_bytes_per_s = n->side_cache_bytes / 2;
            n->side_cache_miss_ns = 224;
            n->full_duplex = pick(rand, 2) == 0;
            n->abstract_distance = pick(rand, 2) * 4608;
            n->hugetlb_2m_pages = pick(rand, 2);
        }
        os_id += 1 + (sparse ? pick(rand, 30) : 0);
    }
    m->nodes[0].memory_bytes = MAX(m->nodes[0].memory_bytes, 1);
}

static void make_distances(GRand *rand, struct machine *m)
{
    int32_t n = m->nr_nodes;
    bool asymmetric = pick(rand, 3) == 0;

    m->irregular_distances = pick(rand, 4) == 0;
    m->distances = g_new(int32_t, (size_t)(n * n));
    for (int32_t at = 0; at < n * n; at++) {
        int32_t from = at / n, to = at % n;

        m->distances[at] = from == to ? 10 : 11 + pick(rand, 3) * 10;
        if (m->irregular_distances && pick(rand, 3) == 0) {
            m->distances[at] = pick(rand, 256);
        }
        if (!asymmetric && to < from) {
            m->distances[at] = m->distances[to * n + from];
        }
    }
}

/* By distance as the rule has it, by distance otherwise, or of no rule; 0 where unknown. */
static int64_t *make_pairs(GRand *rand, const struct machine *m, int64_t unknown)
{
    int32_t n = m->nr_nodes, way = pick(rand, 3);
    int64_t *values = g_new(int64_t, (size_t)(n * n));

    for (int32_t at = 0; at < n * n; at++) {
        int64_t distance = m->distances[at];

        values[at] = way == 0   ? MAX(100 * distance / 10, 1)
                     : way == 1 ? 1000 + distance * distance
                                : 70 + pick(rand, 300);
        if (way == 2 && pick(rand, 5) == 0) {
            values[at] = unknown;
        }
    }
    return values;
}

static void make_caches(GRand *rand, struct machine *m)
{
    static const int64_t sizes[] = {0, 32768, 49152, 1310720};
    bool uneven = pick(rand, 2) == 0;
    int64_t all = pick_of(rand, sizes, G_N_ELEMENTS(sizes));

    m->l1d_bytes = g_new(int64_t, (size_t)m->nr_cores);
    m->l2_bytes = g_new(int64_t, (size_t)m->nr_l2s);
    m->llcs = g_new0(struct machine_llc, (size_t)m->nr_llcs);
    for (int32_t i = 0; i < m->nr_cores; i++) {
        m->l1d_bytes[i] = uneven ? pick_of(rand, sizes, G_N_ELEMENTS(sizes)) : all;
    }
    for (int32_t i = 0; i < m->nr_l2s; i++) {
        m->l2_bytes[i] = uneven ? pick_of(rand, sizes, G_N_ELEMENTS(sizes)) : all;
    }
    for (int32_t i = 0; i < m->nr_llcs; i++) {
        m->llcs[i].size_bytes = uneven ? pick_of(rand, sizes, G_N_ELEMENTS(sizes)) : 2 * all;
    }
    m->cache_line_bytes = pick(rand, 2) == 0 ? 64 : 128;
}

static void make_sets(GRand *rand, struct machine *m)
{
    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    for (int32_t cpu = 1; cpu < m->nr_cpus; cpu++) {
        if (pick(rand, 9) == 0) {
            bitmap_set(m->offline, (uint32_t)cpu);
        } else if (pick(rand, 9) == 0) {
            bitmap_set(m->isolated, (uint32_t)cpu);
        }
    }
}

/* Curves of all tiers alike, of some, or none; and perhaps a TLB. */
static void make_load(GRand *rand, struct machine *m)
{
    int32_t way = pick(rand, 3);

    for (int tier = 0; tier < NR_TIERS && way > 0; tier++) {
        struct machine_curve *curve = &m->curves[tier];

        curve->nr_points = way == 1 ? 2 : pick(rand, 3);
        curve->points = g_new(struct machine_curve_point, 3);
        for (int32_t i = 0; i < curve->nr_points; i++) {
            curve->points[i] =
                (struct machine_curve_point){(uint32_t)i * 200001, 1000000 + (uint32_t)i * 130000};
        }
        m->block_sources[MACHINE_LOAD] =
            m->block_sources[MACHINE_LOAD] != NULL || curve->nr_points == 0
                ? m->block_sources[MACHINE_LOAD]
                : g_strdup("MLC");
    }
    if (pick(rand, 3) == 0) {
        for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
            m->llcs[llc].bandwidth_bytes_per_s = 300000000000;
        }
        g_free(m->block_sources[MACHINE_LOAD]);
        m->block_sources[MACHINE_LOAD] = g_strdup("a measurement");
    }
    if (pick(rand, 2) == 0) {
        m->tlb = (struct machine_tlb){1536, pick(rand, 2) * 1536, 16 * pick(rand, 2), 30};
        m->block_sources[MACHINE_TLB] = g_strdup("cpuid");
    }
}

static void make_rest(GRand *rand, struct machine *m)
{
    m->arch = (enum machine_arch)pick(rand, NR_ARCHS);
    m->hz = 100 + pick(rand, 900);
    m->reclaim_distance = 20 + pick(rand, 20);
    m->page_size_bytes = pick(rand, 2) == 0 ? 4096 : 65536;
    m->costs.context_switch_ns = pick(rand, 3000);
    m->costs.resched_ns = pick(rand, 2) * 700;
    m->costs.pte_scan_ns = pick(rand, 2) * 150;
    m->costs.tlb_shootdown_ns = pick(rand, 2) * 2000;
    m->costs.tlb_shootdown_cpu_ns = pick(rand, 2) * 200;
    m->costs.migration_ns[REACH_REMOTE] = pick(rand, 1000);
    m->costs.wakeup_ipi_ns[REACH_LLC] = pick(rand, 1000);
    m->costs.page_zero_bytes_per_s = 123456789;
    m->costs.smt_pace_ppm = 1 + pick(rand, 1000000);
    m->costs_fitted = pick(rand, 2) == 0;
    if (pick(rand, 2) == 0) {
        m->core_hz = 2450000000 + pick(rand, 2);
        m->nr_frequencies = pick(rand, 3);
        m->frequency_idle_ns = m->nr_frequencies > 0 ? 1000 + pick(rand, 1000000) : 0;
        m->frequencies = g_new0(struct machine_frequency, 3);
        for (int32_t i = 0; i < m->nr_frequencies; i++) {
            m->frequencies[i] = (struct machine_frequency){1 + 2 * i, 3500000000 - i};
        }
    }
    if (m->nr_nodes > 1) {
        m->nr_links = pick(rand, 3);
        m->links = g_new0(struct machine_link, 3);
        for (int32_t i = 0; i < m->nr_links; i++) {
            m->links[i] = (struct machine_link){i % 2, 1 - i % 2, 25600000000, 50 * i};
        }
    }
    for (int block = 0; block < NR_MACHINE_BLOCKS; block++) {
        bool present = block == MACHINE_BANDWIDTH   ? m->bandwidth_bytes_per_s != NULL
                       : block == MACHINE_FREQUENCY ? m->core_hz > 0
                       : block == MACHINE_LINKS     ? m->nr_links > 0
                       : block == MACHINE_LOAD      ? false /* make_load() */
                       : block == MACHINE_TLB       ? false
                                                    : true;

        if (present) {
            m->block_sources[block] = g_strdup_printf("random %d", pick(rand, 100));
        }
    }
}

static struct machine *make_machine(guint32 seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    struct machine *m = machine_new();
    g_autoptr(GArray) cores = make_cores(rand, m);
    g_autoptr(GError) error = NULL;

    m->name = g_strdup_printf("random-%u", seed);
    make_cpus(rand, m, cores);
    make_nodes(rand, m);
    make_distances(rand, m);
    m->latency_ns = make_pairs(rand, m, 1);
    m->bandwidth_bytes_per_s = pick(rand, 3) > 0 ? make_pairs(rand, m, 0) : NULL;
    make_caches(rand, m);
    make_sets(rand, m);
    make_rest(rand, m);
    make_load(rand, m);
    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

static void test_random(void)
{
    int32_t compact = 0;

    for (guint32 seed = 0; seed < RANDOM_MACHINES; seed++) {
        g_autoptr(machine_t) m = make_machine(seed);
        g_autofree char *yaml = topology_write_yaml(m, NULL);

        assert_reads_back(m, yaml);
        compact += strstr(yaml, "cores-per-llc") != NULL;
    }
    g_assert_cmpint(compact, >, 0);
}

/* --- Texts ----------------------------------------------------------------------------------- */

static struct machine *small_machine(void)
{
    struct machine *m = make_machine(0);

    g_free(m->name);
    m->name = g_strdup("small");
    return m;
}

static void test_texts(void)
{
    static const char *const texts[] = {
        "",
        " ",
        "null",
        "~",
        "true",
        "12",
        "1.5e3",
        "a: b",
        "a:",
        "#a",
        "a #b",
        "a#b",
        "- a",
        "---",
        "...",
        "[a, b]",
        "{a: b}",
        "'a'",
        "\"a\"",
        "a\\b",
        "a\nb",
        "a\n",
        "\n",
        " a",
        "a ",
        "a  b",
        "a\tb",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">-",
        "?",
        "? a",
        "Größe",
        "日本語",
        "\U0001f600",
        "a\xe2\x80\xa8"
        "b",
        "\xef\xbb\xbf"
        "a",
        "a\xc2\xa0"
        "b",
        "0B",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(machine_t) m = small_machine();
        g_autofree char *yaml = NULL;

        m->vendor = g_strdup(texts[i]);
        m->description = g_strdup_printf("%s%0200d %s", texts[i], 1, texts[i]);
        m->model = g_strdup_printf("%s and many words that are folded over more than one line, %s "
                                   "as sources are that say all they know and no less than that",
                                   texts[i], texts[i]);
        m->nodes[0].subtype = g_strdup(texts[i]);
        yaml = topology_write_yaml(m, NULL);
        assert_reads_back(m, yaml);
    }
}

/* What is no text comes back as text: not equal, but read without complaint. */
static void test_no_text(void)
{
    g_autoptr(machine_t) m = small_machine();
    g_autoptr(machine_t) back = NULL;
    g_autoptr(GPtrArray) comment = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *yaml = NULL;

    m->vendor = g_strdup("a\x01\x7f\xc2\x85z");
    m->model = g_strdup("\xff\xfe latin \xe9");
    g_free(m->block_sources[MACHINE_COSTS]);
    m->block_sources[MACHINE_COSTS] = g_strdup(" ");
    g_ptr_array_add(comment, (gpointer)(guintptr) "one\ntwo: \xe2\x80\xa8three\x02");
    g_ptr_array_add(comment, (gpointer)(guintptr) "");
    yaml = topology_write_yaml(m, comment);
    g_assert_true(
        g_str_has_prefix(yaml, "# one two:  three\xef\xbf\xbd\n#\nnumasim: topology/1\n"));
    back = topology_read_yaml_buffer("back", yaml, strlen(yaml), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(back->vendor, ==, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
    g_assert_cmpstr(back->block_sources[MACHINE_COSTS], ==, "not stated");
}

/* --- Form ------------------------------------------------------------------------------------ */

static void assert_has(const char *yaml, const char *part)
{
    if (strstr(yaml, part) == NULL) {
        g_error("there is no '%s' in\n%s", part, yaml);
    }
}

static char *rewrite_shipped(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "topologies", name, NULL);
    g_autoptr(machine_t) m = topology_read_yaml(path, NULL);

    g_assert_nonnull(m);
    return topology_write_yaml(m, NULL);
}

static void test_form(void)
{
    g_autofree char *opteron = rewrite_shipped("opteron-6276-4s.yaml");
    g_autofree char *cxl = rewrite_shipped("epyc-9224-2s-nps2-cxl.yaml");
    g_autofree char *explicit = rewrite_shipped("xeon-8269cy-2s-snc2.yaml");

    assert_has(opteron, "description: \"4x Opteron 6276 (Bulldozer): eight nodes");
    assert_has(opteron, "\ncpus:\n  packages: 4\n  dies-per-package: 2\n");
    assert_has(opteron, "    - {nodes: \"1-4,6\", size: 16GiB}\n");
    assert_has(opteron, "\nlatency:\n  local: 100ns\n  rule: distance\n  source: >-\n    An est");
    assert_has(cxl, "  asymmetric: true\n");
    assert_has(cxl, "      tier: CXL\n");
    assert_has(cxl, "17.6GB/s");
    assert_has(cxl, "      full-duplex: true\n");
    assert_has(explicit, "    - cpus: \"0-3,7-9,13-15,20-22,52-55,59-61,65-67,72-74\"\n"
                         "      core: 0\n      threads-per-core: 2\n      llc: 0\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topology-write/shipped", test_shipped);
    g_test_add_func("/topology-write/random", test_random);
    g_test_add_func("/topology-write/texts", test_texts);
    g_test_add_func("/topology-write/no-text", test_no_text);
    g_test_add_func("/topology-write/form", test_form);
    return g_test_run();
}
