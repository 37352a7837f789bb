/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/show.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/units.h"
#include "machine/cpulist.h"
#include "machine/domains-text.h"
#include "machine/show-load.h"

enum { SHOW_COLUMNS = 96 };

static void append_count(GString *out, const char *separator, int32_t count, const char *name,
                         const char *plural)
{
    g_string_append_printf(out, "%s%d %s", separator, count, count == 1 ? name : plural);
}

/* "32KiB" or, for what was not stated, "-". */
static char *size_text(int64_t bytes)
{
    return bytes > 0 ? units_format_human(bytes, UNIT_BYTES) : g_strdup("-");
}

static void show_heading(GString *out, const struct machine *m)
{
    g_string_append(out, m->name != NULL ? m->name : "machine");
    if (m->vendor != NULL || m->model != NULL) {
        g_string_append_printf(out, ": %s%s%s", m->vendor != NULL ? m->vendor : "",
                               m->vendor != NULL && m->model != NULL ? " " : "",
                               m->model != NULL ? m->model : "");
    }
    g_string_append_printf(out, " (%s)\n", machine_arch_name(m->arch));
    if (m->description != NULL) {
        g_autofree char *text = g_strchomp(g_strdup(m->description));

        g_strdelimit(text, "\n", ' ');
        g_string_append_printf(out, "  %s\n", text);
    }
}

/* "512KiB", or "1.25MiB to 2MiB" where the @nr caches differ. */
static char *sizes_text(const int64_t *bytes, int32_t nr)
{
    g_autofree char *least = NULL, *most = NULL;
    int64_t low = bytes[0], high = bytes[0];

    for (int32_t i = 1; i < nr; i++) {
        low = MIN(low, bytes[i]);
        high = MAX(high, bytes[i]);
    }
    least = size_text(low);
    most = size_text(high);
    return low == high ? g_steal_pointer(&least) : g_strdup_printf("%s to %s", least, most);
}

/* " x 2 threads", or " of 1 to 2 threads" where cores differ. */
static void append_threads(GString *out, const struct machine *m)
{
    g_autofree int32_t *threads = g_new0(int32_t, (size_t)m->nr_cores);
    int32_t low = INT32_MAX, high = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        threads[m->cpus[cpu].core]++;
    }
    for (int32_t core = 0; core < m->nr_cores; core++) {
        low = MIN(low, threads[core]);
        high = MAX(high, threads[core]);
    }
    if (low < high) {
        g_string_append_printf(out, " of %d to %d threads", low, high);
    } else if (high > 1) {
        g_string_append_printf(out, " x %d threads", high);
    }
}

static void show_summary(GString *out, const struct machine *m)
{
    g_autofree char *l1d = sizes_text(m->l1d_bytes, m->nr_cores);
    g_autofree char *l2 = sizes_text(m->l2_bytes, m->nr_l2s);
    g_autofree char *memory = NULL;
    int64_t total = 0;

    for (int32_t n = 0; n < m->nr_nodes; n++) {
        total += m->nodes[n].memory_bytes;
    }
    memory = size_text(total);
    append_count(out, "  ", m->nr_cpus, "CPU", "CPUs");
    append_count(out, " = ", m->nr_cores, "core", "cores");
    append_threads(out, m);
    append_count(out, ", ", m->nr_packages, "package", "packages");
    if (m->nr_dies != m->nr_packages) {
        append_count(out, ", ", m->nr_dies, "die", "dies");
    }
    append_count(out, ", ", m->nr_nodes, "node", "nodes");
    append_count(out, ", ", m->nr_llcs, "LLC", "LLCs");
    if (m->nr_clusters != m->nr_cores) {
        append_count(out, ", ", m->nr_clusters, "cluster", "clusters");
    }
    g_string_append_printf(out, ", %s of memory\n", memory);
    g_string_append_printf(out, "  L1d %s, L2 %s", l1d, l2);
    if (m->core_hz > 0) {
        g_autofree char *hz = units_format_human(m->core_hz, UNIT_HZ);

        g_string_append_printf(out, ", %s", hz);
    }
    if (m->nr_frequencies > 0) {
        g_autofree char *few = units_format_human(m->frequencies[0].hz, UNIT_HZ);
        g_autofree char *many =
            units_format_human(m->frequencies[m->nr_frequencies - 1].hz, UNIT_HZ);

        g_string_append_printf(out, " (%s with few active cores, %s with many)", few, many);
    }
    g_string_append_printf(out, "; kernel HZ %d, reclaim distance %d\n", m->hz,
                           m->reclaim_distance);
}

/* True iff all CPUs of LLC @llc are on one node. */
static bool llc_in_one_node(const struct machine *m, int32_t llc)
{
    const uint64_t *cpus = machine_llc_cpus(m, llc);
    uint32_t first = bitmap_next(cpus, (uint32_t)m->nr_cpus, 0);

    return bitmap_subset(cpus, machine_node_cpus(m, m->cpus[first].node), (uint32_t)m->nr_cpus);
}

static void show_llc(GString *out, const struct machine *m, int32_t llc, const char *indent)
{
    g_autofree char *cpus = machine_cpulist(m, machine_llc_cpus(m, llc));
    g_autofree char *size = size_text(m->llcs[llc].size_bytes);

    g_string_append_printf(out, "%sLLC %-3d %-8s CPUs %s\n", indent, llc, size, cpus);
}

static void show_node(GString *out, const struct machine *m, int32_t node, const char *branch,
                      const char *below)
{
    const struct machine_node *n = &m->nodes[node];
    const uint64_t *set = machine_node_cpus(m, node);
    g_autofree char *cpus = machine_cpulist(m, set);
    g_autofree char *memory = size_text(n->memory_bytes);
    g_autoptr(GArray) llcs = g_array_new(FALSE, FALSE, sizeof(int32_t));

    g_string_append_printf(out, "%s Node %-3d %-4s %-8s %s%s", branch, n->os_id,
                           machine_tier_name(n->tier), n->memory_bytes > 0 ? memory : "none",
                           cpus[0] != '\0' ? "CPUs " : "no CPUs", cpus);
    if (n->subtype != NULL) {
        g_string_append_printf(out, ", %s", n->subtype);
    }
    if (n->side_cache_bytes > 0) {
        g_autofree char *cache = size_text(n->side_cache_bytes);

        g_string_append_printf(out, ", behind a memory-side cache of %s", cache);
    }
    g_string_append_c(out, '\n');
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        const uint64_t *llc_set = machine_llc_cpus(m, llc);

        if (llc_in_one_node(m, llc) && bitmap_subset(llc_set, set, (uint32_t)m->nr_cpus)) {
            g_array_append_val(llcs, llc);
        }
    }
    for (guint i = 0; i < llcs->len; i++) {
        g_autofree char *indent = g_strdup_printf("%s  %c- ", below, i + 1 < llcs->len ? '|' : '`');

        show_llc(out, m, g_array_index(llcs, int32_t, i), indent);
    }
}

/* The LLCs of @package (-1: any) that are shared by several nodes, which no node can show. */
static void show_wide_llcs(GString *out, const struct machine *m, int32_t package)
{
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        uint32_t cpu = bitmap_next(machine_llc_cpus(m, llc), (uint32_t)m->nr_cpus, 0);

        if (m->cpus[cpu].package == package && !llc_in_one_node(m, llc)) {
            show_llc(out, m, llc, "|- ");
        }
    }
}

static void show_nodes_of(GString *out, const struct machine *m, int32_t package)
{
    int32_t last = -1;

    for (int32_t n = 0; n < m->nr_nodes; n++) {
        last = m->nodes[n].package == package ? n : last;
    }
    for (int32_t n = 0; n <= last; n++) {
        if (m->nodes[n].package == package) {
            show_node(out, m, n, n < last ? "|-" : "`-", n < last ? "|" : " ");
        }
    }
}

static void show_tree(GString *out, const struct machine *m)
{
    bool elsewhere = false;

    for (int32_t package = 0; package < m->nr_packages; package++) {
        g_autofree char *cpus = machine_cpulist(m, machine_package_cpus(m, package));

        g_string_append_printf(out, "\nPackage %d  CPUs %s\n", package, cpus);
        show_wide_llcs(out, m, package);
        show_nodes_of(out, m, package);
    }
    for (int32_t n = 0; n < m->nr_nodes; n++) {
        elsewhere = elsewhere || m->nodes[n].package < 0;
    }
    if (elsewhere) {
        g_string_append(out, "\nOf no single package\n");
        show_nodes_of(out, m, -1);
    }
}

/* One cell of a matrix, newly allocated. */
typedef char *cell_fn(const struct machine *m, int32_t from, int32_t to);

static char *distance_cell(const struct machine *m, int32_t from, int32_t to)
{
    return g_strdup_printf("%d", machine_distance(m, from, to));
}

static char *latency_cell(const struct machine *m, int32_t from, int32_t to)
{
    int64_t ns = machine_latency_ns(m, from, to);

    return ns > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, ns) : g_strdup("-");
}

static char *bandwidth_cell(const struct machine *m, int32_t from, int32_t to)
{
    int64_t mb = m->bandwidth_bytes_per_s[from * m->nr_nodes + to] / 100000000;

    return mb > 0 ? g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, mb / 10, mb % 10)
                  : g_strdup("-");
}

static void show_matrix(GString *out, const struct machine *m, const char *title, cell_fn *cell)
{
    g_string_append_printf(out, "\n%s\n  from\\to", title);
    for (int32_t to = 0; to < m->nr_nodes; to++) {
        g_string_append_printf(out, " %6d", m->nodes[to].os_id);
    }
    g_string_append_c(out, '\n');
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        g_string_append_printf(out, "  %7d", m->nodes[from].os_id);
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            g_autofree char *text = cell(m, from, to);

            g_string_append_printf(out, " %6s", text);
        }
        g_string_append_c(out, '\n');
    }
}

static void show_cost(GString *out, const char *name, int64_t value, enum unit unit)
{
    g_autofree char *text = units_format_human(value, unit);

    g_string_append_printf(out, "  %-18s %s\n", name, text);
}

static void show_reaches(GString *out, const char *name, const int64_t *ns)
{
    g_string_append_printf(out, "  %-18s", name);
    for (int reach = 0; reach < NR_REACHES; reach++) {
        g_autofree char *text = units_format_human(ns[reach], UNIT_NS);

        g_string_append_printf(out, " %s %s%s", machine_reach_name((enum machine_reach)reach), text,
                               reach + 1 < NR_REACHES ? "," : "\n");
    }
}

static void show_costs(GString *out, const struct machine *m)
{
    const struct machine_costs *c = &m->costs;

    g_string_append_printf(out, "\nCosts%s\n", m->costs_fitted ? " (fitted to a recording)" : "");
    show_cost(out, "context switch", c->context_switch_ns, UNIT_NS);
    show_cost(out, "wakeup", c->wakeup_ns, UNIT_NS);
    show_reaches(out, "wakeup IPI", c->wakeup_ipi_ns);
    show_cost(out, "leaving idle", c->idle_exit_ns, UNIT_NS);
    show_cost(out, "fork", c->fork_ns, UNIT_NS);
    show_cost(out, "exit", c->exit_ns, UNIT_NS);
    show_cost(out, "tick", c->tick_ns, UNIT_NS);
    show_cost(out, "balance pass", c->balance_pass_ns, UNIT_NS);
    show_cost(out, "  and for each CPU", c->balance_cpu_ns, UNIT_NS);
    show_reaches(out, "task migration", c->migration_ns);
    show_cost(out, "page fault", c->page_fault_ns, UNIT_NS);
    show_cost(out, "page zeroing", c->page_zero_bytes_per_s, UNIT_BYTES_PER_S);
    show_cost(out, "page move", c->page_move_ns, UNIT_NS);
    show_cost(out, "  and its copy", c->page_move_bytes_per_s, UNIT_BYTES_PER_S);
    show_cost(out, "NUMA hint fault", c->hint_fault_ns, UNIT_NS);
    show_cost(out, "PTE scan", c->pte_scan_ns, UNIT_NS);
    show_cost(out, "TLB shootdown", c->tlb_shootdown_ns, UNIT_NS);
    show_cost(out, "  and for each CPU", c->tlb_shootdown_cpu_ns, UNIT_NS);
    show_cost(out, "SMT pace", c->smt_pace_ppm, UNIT_PPM);
}

/* Appends @text after "  - ", broken between words so that lines stay within SHOW_COLUMNS. */
static void append_item(GString *out, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
    size_t column = 3;

    g_string_append(out, "  -");
    for (char **word = words; *word != NULL; word++) {
        size_t length = strlen(*word);

        if (length == 0) {
            continue;
        }
        if (column + 1 + length > SHOW_COLUMNS && column > 3) {
            g_string_append(out, "\n   ");
            column = 3;
        }
        g_string_append_printf(out, " %s", *word);
        column += 1 + length;
    }
    g_string_append_c(out, '\n');
}

static void show_sources(GString *out, const struct machine *m)
{
    if (m->sources == NULL || m->sources[0] == NULL) {
        return;
    }
    g_string_append(out, "\nSources\n");
    for (char **s = m->sources; *s != NULL; s++) {
        bool again = false;

        for (char **before = m->sources; before < s; before++) {
            again = again || strcmp(*before, *s) == 0;
        }
        if (!again) {
            append_item(out, *s);
        }
    }
}

char *machine_show(const struct machine *m, const struct sched_domains *sds)
{
    GString *out = g_string_new(NULL);

    show_heading(out, m);
    show_summary(out, m);
    show_tree(out, m);
    show_matrix(out, m, "Distances", distance_cell);
    show_matrix(out, m, "Idle load latency, ns (row: the CPU's node)", latency_cell);
    if (m->bandwidth_bytes_per_s != NULL) {
        show_matrix(out, m, "Bandwidth, GB/s", bandwidth_cell);
    }
    if (sds != NULL) {
        g_string_append_c(out, '\n');
        domains_append_tree(out, m, sds);
    }
    machine_show_load(out, m);
    show_costs(out, m);
    show_sources(out, m);
    return g_string_free(out, FALSE);
}
