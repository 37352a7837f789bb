/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The domains as text: for people, as Linux prints them, and for Graphviz. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "machine/cpulist.h"
#include "machine/domains-debugfs.h"
#include "machine/domains-text.h"
#include "machine/dot.h"
#include "machine/schedstat.h"
#include "machine/show.h"

/* @cores cores of @threads threads in @nodes nodes on one LLC each; CPU c is the c-th of its kind,
 * numbered @stride apart in the outside. Nodes form a ring: 10, 20 beside, 30 across. */
static struct machine *ring_new(int32_t nodes, int32_t cores, int32_t threads, int32_t stride)
{
    struct machine *m = machine_new();
    g_autoptr(GError) error = NULL;

    m->name = g_strdup("ring");
    m->nr_nodes = m->nr_llcs = m->nr_dies = m->nr_packages = nodes;
    m->nr_cores = m->nr_clusters = m->nr_l2s = nodes * cores;
    m->nr_cpus = m->nr_cores * threads;
    m->cpus = g_new0(struct machine_cpu, (gsize)m->nr_cpus);
    m->llcs = g_new0(struct machine_llc, (gsize)nodes);
    m->nodes = g_new0(struct machine_node, (gsize)nodes);
    m->distances = g_new0(int32_t, (gsize)(nodes * nodes));
    m->latency_ns = g_new0(int64_t, (gsize)(nodes * nodes));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(nodes * nodes));
    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    m->online_all = true;
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct machine_cpu *c = &m->cpus[cpu];

        c->os_id = cpu * stride;
        c->core = c->cluster = c->l2 = cpu / threads;
        c->node = c->llc = c->die = c->package = c->core / cores;
        c->capacity = 1024;
    }
    for (int32_t a = 0; a < nodes; a++) {
        m->nodes[a].os_id = m->nodes[a].package = a;
        m->nodes[a].memory_bytes = 1 << 30;
        for (int32_t b = 0; b < nodes; b++) {
            int32_t hops = MIN(ABS(a - b), nodes - ABS(a - b));

            m->distances[a * nodes + b] = 10 * (hops + 1);
            m->latency_ns[a * nodes + b] = 100 * (hops + 1);
        }
    }
    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

/* True iff @text has @line as a whole line. */
static bool has_line(const char *text, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    return g_strv_contains((const gchar *const *)lines, line);
}

#define assert_line(text, line)                                                                    \
    do {                                                                                           \
        if (!has_line(text, line)) {                                                               \
            g_error("no line '%s' in:\n%s", line, text);                                           \
        }                                                                                          \
    } while (0)

static char *boot_schedstat(const struct machine *m, enum kernel_release release)
{
    g_autoptr(sched_domains_t) sds = sched_domains_new(m, release);
    const struct schedstat nothing = {.jiffies = schedstat_boot_jiffies(m)};

    return schedstat_to_text(m, sds, &nothing);
}

/*
 * Two nodes of two cores of two threads: eight CPUs, so a mask has two digits; the counters that
 * follow a domain are 36, in version 17 45 (Documentation/scheduler/sched-stats.rst).
 */
static void test_schedstat_text(void)
{
    g_autoptr(machine_t) m = ring_new(2, 2, 2, 1);
    g_autofree char *old = boot_schedstat(m, KERNEL_6_1), *mid = boot_schedstat(m, KERNEL_6_12),
                    *since = boot_schedstat(m, KERNEL_6_14), *new = boot_schedstat(m, KERNEL_7_3);
    g_autofree char *zeros = NULL;
    GString *z = g_string_new(NULL);

    /* HZ 250: 2^32 - 300 * 250. */
    g_assert_true(g_str_has_prefix(old, "version 15\ntimestamp 4294892296\n"
                                        "cpu0 0 0 0 0 0 0 0 0 0\n"
                                        "domain0 03 0 0 "));
    g_assert_true(g_str_has_prefix(mid, "version 16\ntimestamp 4294892296\ncpu0 0 "));
    g_assert_true(g_str_has_prefix(since, "version 17\ntimestamp 4294892296\ncpu0 0 "));
    g_assert_true(g_str_has_prefix(new, "version 17\ntimestamp 4294892296\ncpu0 0 "));
    for (int i = 0; i < 36; i++) {
        g_string_append(z, " 0");
    }
    zeros = g_string_free(z, FALSE);
    for (int i = 0; i < 3; i++) {
        static const char *const masks[] = {"domain0 03", "domain1 0f", "domain2 ff"};
        static const char *const named[] = {"domain0 SMT 03", "domain1 MC 0f", "domain2 NUMA ff"};
        g_autofree char *line = g_strconcat(masks[i], zeros, NULL);
        g_autofree char *line17 = g_strconcat(named[i], zeros, " 0 0 0 0 0 0 0 0 0", NULL);

        assert_line(old, line);
        assert_line(mid, line);
        assert_line(new, line17);
    }
    g_assert_nonnull(strstr(mid, "\ncpu7 0 0 0 0 0 0 0 0 0\ndomain0 c0 0 "));
    g_assert_true(g_str_has_suffix(mid, " 0\n"));
}

/* Two head lines, and of each CPU its line and three domains: groups of 32 bits from the left. */
static void test_schedstat_masks(void)
{
    g_autoptr(machine_t) sixteen = ring_new(4, 4, 1, 1), wide = ring_new(2, 35, 1, 1),
                         full = ring_new(2, 32, 1, 1), sparse = ring_new(2, 2, 1, 4);
    g_autofree char *a = boot_schedstat(sixteen, KERNEL_6_12),
                    *b = boot_schedstat(wide, KERNEL_6_12), *c = boot_schedstat(full, KERNEL_6_12),
                    *d = boot_schedstat(sparse, KERNEL_6_12);

    g_assert_nonnull(strstr(a, "\ndomain0 000f 0 "));
    g_assert_nonnull(strstr(a, "\ndomain0 f000 0 "));
    /* 70 CPUs: 70 mod 32 = 6 bits in the first group, two digits. */
    g_assert_nonnull(strstr(b, "\ndomain0 00,00000007,ffffffff 0 "));
    g_assert_nonnull(strstr(b, "\ndomain0 3f,fffffff8,00000000 0 "));
    /* A multiple of 32 fills the first group. */
    g_assert_nonnull(strstr(c, "\ndomain0 00000000,ffffffff 0 "));
    /* CPUs 0,4,8,12: 13 bits, four digits. */
    g_assert_nonnull(strstr(d, "\ncpu4 0 0 0 0 0 0 0 0 0\ndomain0 0011 0 "));
    g_assert_nonnull(strstr(d, "\ncpu12 0 0 0 0 0 0 0 0 0\ndomain0 1100 0 "));
}

/* An isolated CPU has its line and no domains, an offline one nothing. */
static void test_schedstat_offline(void)
{
    g_autoptr(machine_t) m = ring_new(1, 4, 1, 1);
    g_autofree char *text = NULL;

    bitmap_set(m->isolated, 1);
    bitmap_set(m->offline, 2);
    m->online_all = false;
    text = boot_schedstat(m, KERNEL_6_12);
    g_assert_nonnull(
        strstr(text, "\ncpu1 0 0 0 0 0 0 0 0 0\ncpu3 0 0 0 0 0 0 0 0 0\ndomain0 9 0 "));
}

/* Every counter has a number of its own; the expected lines were written by the field lists. */
static void test_schedstat_counters(void)
{
    g_autoptr(machine_t) m = ring_new(1, 2, 1, 1);
    static const struct schedstat_cpu cpus[2] = {
        {1, 3, 4, 5, 6, UINT64_C(7000000000), UINT64_C(8000000000), 9}, {0}};
    static const struct schedstat_domain one = {
        .lb_count = {100, 200, 300},
        .lb_balanced = {101, 201, 301},
        .lb_failed = {102, 202, 302},
        .lb_imbalance_load = {103, 203, 303},
        .lb_imbalance_util = {1000, 2000, 3000},
        .lb_imbalance_task = {10000, 20000, 30000},
        .lb_imbalance_misfit = {100000, 200000, 300000},
        .lb_gained = {104, 204, 304},
        .lb_hot_gained = {105, 205, 305},
        .lb_nobusyq = {106, 206, 306},
        .lb_nobusyg = {107, 207, 307},
        .alb_count = 1,
        .alb_failed = 2,
        .alb_pushed = 3,
        .sbe_count = 4,
        .sbe_balanced = 5,
        .sbe_pushed = 6,
        .sbf_count = 7,
        .sbf_balanced = 8,
        .sbf_pushed = 9,
        .ttwu_wake_remote = 10,
        .ttwu_move_affine = 11,
        .ttwu_move_balance = 12,
    };
    const struct schedstat_domain zero = {.alb_count = 0}, *const domains[2] = {&one, &zero};
    const struct schedstat counted = {.jiffies = 77, .cpus = cpus, .domains = domains};
    static const char *const expected[] = {
        /* Busy, idle, newly idle are 1xx, 2xx, 3xx; 15 has idle first. */
        "domain0 3 200 201 202 222203 204 205 206 207 100 101 102 111103 104 105 106 107 "
        "300 301 302 333303 304 305 306 307 1 2 3 4 5 6 7 8 9 10 11 12",
        "domain0 3 100 101 102 111103 104 105 106 107 200 201 202 222203 204 205 206 207 "
        "300 301 302 333303 304 305 306 307 1 2 3 4 5 6 7 8 9 10 11 12",
        "domain0 MC 3 100 101 102 103 1000 10000 100000 104 105 106 107 "
        "200 201 202 203 2000 20000 200000 204 205 206 207 "
        "300 301 302 303 3000 30000 300000 304 305 306 307 1 2 3 4 5 6 7 8 9 10 11 12"};

    for (int release = 0; release < NR_KERNEL_RELEASES; release++) {
        g_autoptr(sched_domains_t) sds = sched_domains_new(m, (enum kernel_release)release);
        g_autofree char *text = schedstat_to_text(m, sds, &counted);

        assert_line(text, "timestamp 77");
        assert_line(text, "cpu0 1 0 3 4 5 6 7000000000 8000000000 9");
        assert_line(text, expected[schedstat_version((enum kernel_release)release) - 15]);
    }
}

/* The files of each release, in the order in which register_sd() makes them. */
static void test_debugfs(void)
{
    g_autoptr(machine_t) m = ring_new(2, 1, 2, 3);
    g_autoptr(sched_domains_t) old = sched_domains_new(m, KERNEL_6_1);
    g_autoptr(sched_domains_t) mid = sched_domains_new(m, KERNEL_6_12);
    g_autofree char *text = domains_debugfs_to_text(m, old), *text12 = NULL;
    const char *first = "cpu0/domain0/min_interval:2\n"
                        "cpu0/domain0/max_interval:4\n"
                        "cpu0/domain0/max_newidle_lb_cost:0\n"
                        "cpu0/domain0/busy_factor:16\n"
                        "cpu0/domain0/imbalance_pct:110\n"
                        "cpu0/domain0/cache_nice_tries:0\n"
                        "cpu0/domain0/name:SMT\n"
                        "cpu0/domain0/flags:SD_BALANCE_NEWIDLE SD_BALANCE_EXEC SD_BALANCE_FORK "
                        "SD_WAKE_AFFINE SD_SHARE_CPUCAPACITY SD_SHARE_%s ";
    g_autofree char *first1 = g_strdup_printf(first, "PKG_RESOURCES");
    g_autofree char *first12 = g_strdup_printf(first, "LLC");

    g_assert_true(g_str_has_prefix(text, first1));
    g_assert_null(strstr(text, "groups_flags"));
    g_assert_null(strstr(text, "/level"));
    g_assert_nonnull(strstr(text, "\ncpu9/domain1/name:NUMA\n"));
    text12 = domains_debugfs_to_text(m, mid);
    g_assert_true(g_str_has_prefix(text12, first12));
    /* The groups of SMT are single CPUs; NUMA stands behind SMT, CLS, MC, PKG and NODE. */
    g_assert_nonnull(strstr(text12, "\ncpu0/domain0/groups_flags:\ncpu0/domain0/level:0\n"
                                    "cpu0/domain1/min_interval:4\n"));
    g_assert_nonnull(strstr(text12, "\ncpu9/domain1/level:5\n"));
    g_assert_null(strstr(text12, "group_asym_prefer_cpu"));
}

/* ITMT ranks: packing goes to the highest; 7.3 says which CPU of the first group that is. */
static void test_debugfs_packing(void)
{
    g_autoptr(machine_t) m = ring_new(1, 2, 2, 1);
    g_autoptr(sched_domains_t) sds = NULL;
    g_autofree char *text = NULL;

    m->arch = ARCH_X86_64;
    m->cpus[0].priority = m->cpus[1].priority = 30;
    m->cpus[2].priority = m->cpus[3].priority = 40;
    sds = sched_domains_new(m, KERNEL_7_3);
    text = domains_debugfs_to_text(m, sds);
    assert_line(text, "cpu0/domain1/name:MC");
    assert_line(text, "cpu0/domain1/group_asym_prefer_cpu:0");
    assert_line(text, "cpu2/domain1/group_asym_prefer_cpu:2");
    g_assert_null(strstr(text, "cpu0/domain0/group_asym_prefer_cpu"));
}

struct count {
    uint32_t folders, files;
};

static bool count_until_five(const char *path, const char *contents, void *data, GError **error)
{
    struct count *count = data;

    g_assert_true(g_str_has_prefix(path, "cpu"));
    if (contents == NULL) {
        count->folders++;
        return true;
    }
    count->files++;
    if (count->files == 5) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "full");
    }
    return count->files < 5;
}

/* An offline CPU has an empty folder; an error ends the walk. */
static void test_debugfs_walk(void)
{
    g_autoptr(machine_t) m = ring_new(1, 2, 1, 1);
    g_autoptr(sched_domains_t) sds = NULL;
    g_autoptr(GError) error = NULL;
    struct count count = {0, 0};

    g_assert_nonnull(m);
    sds = sched_domains_new(m, KERNEL_6_12);
    g_assert_false(domains_debugfs_walk(m, sds, count_until_five, &count, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_cmpuint(count.folders, ==, 2);
    g_assert_cmpuint(count.files, ==, 5);
    bitmap_set(m->offline, 1);
    m->online_all = false;
    sched_domains_free(sds);
    sds = sched_domains_new(m, KERNEL_6_12);
    count = (struct count){0, 0};
    g_assert_true(domains_debugfs_walk(m, sds, count_until_five, &count, NULL));
    g_assert_cmpuint(count.folders, ==, 2);
    g_assert_cmpuint(count.files, ==, 0);
}

/* What is alike is folded: of the second node nothing is drawn but its span. */
static void test_tree_folds(void)
{
    g_autoptr(machine_t) m = ring_new(2, 2, 2, 1);
    g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_6_12);
    g_autoptr(GString) out = g_string_new(NULL);

    domains_append_tree(out, m, sds);
    g_assert_cmpstr(
        out->str, ==,
        "sched_domains of Linux 6.12; NUMA levels 10 20, NUMA_DIRECT\n"
        "  NUMA distance <= 20, 8 CPUs: 0-7\n"
        "  |  BALANCE_NEWIDLE BALANCE_EXEC BALANCE_FORK WAKE_AFFINE SERIALIZE OVERLAP NUMA\n"
        "  `- 2 x MC, 4 CPUs each: 0-3 | 4-7\n"
        "     |  BALANCE_NEWIDLE BALANCE_EXEC BALANCE_FORK WAKE_AFFINE SHARE_LLC PREFER_SIBLING\n"
        "     `- 2 x SMT in each, 2 CPUs each: 0-1 | 2-3 | ...\n"
        "           BALANCE_NEWIDLE BALANCE_EXEC BALANCE_FORK WAKE_AFFINE SHARE_CPUCAPACITY "
        "SHARE_LLC\n"
        "             PREFER_SIBLING\n");
}

/* On a ring of four a node does not see the one across: each node's domains stand for themselves,
 * and each ring of overlapping groups (kernel/sched/topology.c: build_overlap_sched_groups()). */
static void test_text_of_ring(void)
{
    g_autoptr(machine_t) m = ring_new(4, 2, 1, 1);
    g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_6_12);
    g_autofree char *text = domains_to_text(m, sds);

    g_assert_true(g_str_has_prefix(text, "ring: sched_domains of Linux 6.12\n"
                                         "NUMA levels 10 20 30, NUMA_GLUELESS_MESH, "
                                         "node_reclaim_distance 30\n\n"
                                         "NUMA distance <= 30, 8 CPUs: 0-7\n"));
    assert_line(text, "|  2 groups from CPU 0 on: 0-3,6-7 (balanced by 0-1) | "
                      "2-7 (balanced by 4-5)");
    assert_line(text, "|  2 groups from CPU 2 on: 0-5 (balanced by 2-3) | "
                      "0-1,4-7 (balanced by 6-7)");
    assert_line(text, "|- NUMA distance <= 20, 6 CPUs: 0-3,6-7 (for 0-1)");
    assert_line(text, "|  |  3 groups: 0-1 | 2-3 | 6-7");
    assert_line(text, "|  `- MC, 2 CPUs, sd_llc: 0-1");
    assert_line(text, "`- NUMA distance <= 20, 6 CPUs: 0-1,4-7 (for 6-7)");
}

/* Interleaved numbers make long lists: nodes stand for them, and the text says what they are. */
static void test_text_names_nodes(void)
{
    g_autoptr(machine_t) m = ring_new(2, 12, 1, 2);
    g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_6_12);
    g_autofree char *text = domains_to_text(m, sds);

    assert_line(text, "Node 0  0,2,4,6,8,10,12,14,16,18,20,22");
    assert_line(text, "|  2 groups: node 0 | node 1");
    assert_line(text, "`- 2 x MC, 12 CPUs each, sd_llc: node 0 | node 1");
}

/* CPUs without domains are named, and why; partitions are trees of their own. */
static void test_text_of_partitions(void)
{
    g_autoptr(machine_t) m = ring_new(1, 8, 1, 1);
    g_autofree uint64_t *part = bitmap_new(8);
    const struct sched_partition partition = {.cpus = part, .load_balance = true};
    struct sched_domains_options how = sched_domains_defaults(KERNEL_6_12);
    g_autoptr(sched_domains_t) sds = NULL;
    g_autofree char *text = NULL, *dot = NULL;

    bitmap_set(part, 0);
    bitmap_set(part, 1);
    bitmap_set(m->isolated, 7);
    bitmap_set(m->offline, 6);
    m->online_all = false;
    how.partitions = &partition;
    how.nr_partitions = 1;
    sds = sched_domains_new_with(m, &how);
    text = domains_to_text(m, sds);
    assert_line(text, "MC, 2 CPUs, sd_llc: 0-1");
    assert_line(text, "MC, 4 CPUs, sd_llc: 2-5");
    assert_line(text, "Without domains: CPUs 7");
    assert_line(text, "Offline: CPUs 6");
    dot = domains_to_dot(m, sds);
    g_assert_nonnull(strstr(dot, "without domains\\n7"));
}

/* Cores of one and of two threads: the former have no SMT domain. */
static void test_text_of_mixed_cores(void)
{
    g_autoptr(machine_t) m = ring_new(1, 3, 2, 1);
    g_autoptr(sched_domains_t) sds = NULL;
    g_autoptr(GString) out = g_string_new(NULL);

    bitmap_set(m->offline, 5);
    m->online_all = false;
    sds = sched_domains_new(m, KERNEL_6_12);
    domains_append_tree(out, m, sds);
    assert_line(out->str, "  |- 2 x SMT, 2 CPUs each: 0-1 | 2-3");
    assert_line(out->str, "  `- CPUs without it: 4");
}

/*
 * A check of what Graphviz would take (https://graphviz.org/doc/info/lang.html) that knows as much
 * of the language as the pictures use: nested braces, statements that end in ';', attribute lists,
 * names, and strings with their escapes.
 */
static const char *skip_string(const char *c)
{
    for (c++; *c != '"'; c++) {
        g_assert_true((unsigned char)*c >= 0x20); /* also no end of the text */
        if (*c == '\\') {
            c++;
            g_assert_true(*c == '"' || *c == '\\' || *c == 'n');
        }
    }
    return c;
}

static void assert_dot(const char *text)
{
    int depth = 0, lists = 0;
    char last = ';';

    g_assert_true(g_str_has_prefix(text, "digraph "));
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '"':
            c = skip_string(c);
            break;
        case '{':
            g_assert_cmpint(lists, ==, 0);
            depth++;
            break;
        case '}':
            g_assert_true(last == ';' || last == '}' || last == '{');
            g_assert_cmpint(--depth, >=, 0);
            break;
        case '[':
            g_assert_cmpint(++lists, ==, 1);
            break;
        case ']':
            g_assert_cmpint(--lists, ==, 0);
            break;
        default:
            g_assert_true(g_ascii_isalnum(*c) || strchr(" \n_=,;->.", *c) != NULL);
        }
        last = g_ascii_isspace(*c) ? last : *c;
    }
    g_assert_cmpint(depth, ==, 0);
    g_assert_cmpint(lists, ==, 0);
}

static void test_dot_quotes(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    dot_append_quoted(out, "a \"b\" \\n\nc\td\xff");
    g_assert_cmpstr(out->str, ==, "\"a \\\"b\\\" \\\\n\\nc d\xef\xbf\xbd\"");
}

/* A hostile name; small and large machines; every level of the tree is there. */
static void test_dot(void)
{
    static const int32_t shapes[][3] = {{2, 2, 2}, {4, 2, 1}, {8, 40, 2}};

    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autoptr(machine_t) m = ring_new(shapes[i][0], shapes[i][1], shapes[i][2], 1);
        g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_6_12);
        g_autofree char *machine = NULL, *domains = NULL;

        g_free(m->name);
        m->name = g_strdup("a \"b\\\n]};");
        machine = machine_to_dot(m);
        domains = domains_to_dot(m, sds);
        assert_dot(machine);
        assert_dot(domains);
        g_assert_nonnull(strstr(machine, "label=\"a \\\"b\\\\\\n]};\""));
        g_assert_nonnull(strstr(machine, "n0 -> n1 [label=\"20\", dir=none]"));
        g_assert_nonnull(strstr(domains, "label=\"NUMA distance <= 20\\n"));
    }
}

/* Across the ring one goes over a neighbour: no edge. 40 SMT domains alike: one box. */
static void test_dot_stays_small(void)
{
    g_autoptr(machine_t) m = ring_new(4, 40, 2, 1);
    g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_6_12);
    g_autofree char *machine = machine_to_dot(m), *domains = domains_to_dot(m, sds);

    g_assert_null(strstr(machine, "n0 -> n2"));
    g_assert_nonnull(strstr(machine, "CPUs 0-79"));
    g_assert_nonnull(strstr(domains, "40 x SMT\\n2 CPUs each\\n0-1\\n2-3\\n4-5\\n6-7\\n..."));
}

static void test_cpulists(void)
{
    g_autoptr(machine_t) m = ring_new(1, 4, 1, 10);
    uint64_t set[1] = {0};
    g_autofree char *list = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(machine_nr_cpu_ids(m), ==, 31);
    g_assert_true(machine_parse_cpulist(m, "10,30", set, &error));
    g_assert_cmpuint(set[0], ==, 0xa);
    list = machine_cpulist(m, set);
    g_assert_cmpstr(list, ==, "10,30");
    g_assert_false(machine_parse_cpulist(m, "0-10", set, &error));
    g_assert_cmpstr(error->message, ==,
                    "'0-10': the machine has no CPU 1-9; expected some of 0,10,20,30");
    g_assert_cmpuint(set[0], ==, 0xa);
    g_clear_error(&error);
    g_assert_false(machine_parse_cpulist(m, "99", set, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
}

/* The domains stand between the matrices and the costs. */
static void test_show(void)
{
    g_autoptr(machine_t) m = ring_new(2, 2, 2, 1);
    g_autoptr(sched_domains_t) sds = sched_domains_new(m, KERNEL_7_3);
    g_autofree char *with = machine_show(m, sds), *without = machine_show(m, NULL);
    const char *domains = strstr(with, "\n\nsched_domains of Linux 7.3; NUMA levels 10 20, ");

    g_assert_nonnull(domains);
    g_assert_nonnull(strstr(domains, "\n\nCosts\n"));
    g_assert_null(strstr(without, "sched_domains"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domains-text/cpulists", test_cpulists);
    g_test_add_func("/domains-text/schedstat", test_schedstat_text);
    g_test_add_func("/domains-text/schedstat-masks", test_schedstat_masks);
    g_test_add_func("/domains-text/schedstat-offline", test_schedstat_offline);
    g_test_add_func("/domains-text/schedstat-counters", test_schedstat_counters);
    g_test_add_func("/domains-text/debugfs", test_debugfs);
    g_test_add_func("/domains-text/debugfs-packing", test_debugfs_packing);
    g_test_add_func("/domains-text/debugfs-walk", test_debugfs_walk);
    g_test_add_func("/domains-text/tree-folds", test_tree_folds);
    g_test_add_func("/domains-text/ring", test_text_of_ring);
    g_test_add_func("/domains-text/names-nodes", test_text_names_nodes);
    g_test_add_func("/domains-text/partitions", test_text_of_partitions);
    g_test_add_func("/domains-text/mixed-cores", test_text_of_mixed_cores);
    g_test_add_func("/domains-text/dot-quotes", test_dot_quotes);
    g_test_add_func("/domains-text/dot", test_dot);
    g_test_add_func("/domains-text/dot-stays-small", test_dot_stays_small);
    g_test_add_func("/domains-text/show", test_show);
    return g_test_run();
}
