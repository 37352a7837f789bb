/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs by time: who runs where. The run is simulated again with a record of its switches. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/again.h"
#include "cli/plot.h"
#include "observe/occupancy.h"
#include "observe/result-table.h"

enum {
    COLUMNS = 760,  /* slices of time: about one to a point of the picture */
    MAX_OWNERS = 7, /* that have a colour of their own; the rest share one */
    OTHERS = MAX_OWNERS + 1,
};

struct map {
    const struct machine *machine;
    struct occupancy *occupancy;
    int64_t from_ns, slice_ns;
    int32_t nr_columns;
    GPtrArray *names;     /* of the tasks by id: what they are shown as; owned */
    int32_t *colors;      /* [tasks] 1..OTHERS */
    char *owners[OTHERS]; /* names of the colours 1.. */
    int32_t nr_owners;
};

static void attach(struct kernel *k, void *data)
{
    struct map *map = data;

    kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH, occupancy_event, map->occupancy);
}

/* What a task is shown as: its command; where all have one command, its process, or else itself. */
static void finished(const struct kernel *k, void *data)
{
    struct map *map = data;
    int32_t nr = kernel_nr_tasks(k);
    bool comms = false, processes = false;
    const struct numasim_task *first = nr > 0 ? task_pub(kernel_task(k, 0)) : NULL;

    occupancy_finish(map->occupancy, kernel_now_ns(k));
    for (int32_t id = 1; id < nr; id++) {
        const struct numasim_task *t = task_pub(kernel_task(k, id));

        comms = comms || strcmp(t->comm, first->comm) != 0;
        processes = processes || t->process != first->process;
    }
    for (int32_t id = 0; id < nr; id++) {
        const struct numasim_task *t = task_pub(kernel_task(k, id));

        if (comms) {
            g_ptr_array_add(map->names, g_strdup(t->comm));
        } else if (processes && t->process != NULL) {
            g_ptr_array_add(map->names, g_strdup_printf("%s %d", t->comm, t->process->id));
        } else {
            g_ptr_array_add(map->names, g_strdup_printf("%s %d", t->comm, id));
        }
    }
}

struct owner {
    const char *name;
    int64_t run_ns;
};

static int compare_owners(const void *a, const void *b)
{
    const struct owner *x = *(struct owner *const *)a, *y = *(struct owner *const *)b;

    return x->run_ns != y->run_ns ? (x->run_ns < y->run_ns ? 1 : -1) : strcmp(x->name, y->name);
}

static void count_time(const struct map *map, GHashTable *owners)
{
    for (int32_t cpu = 0; cpu < map->machine->nr_cpus; cpu++) {
        int32_t nr;
        const struct occupancy_span *spans = occupancy_spans(map->occupancy, cpu, &nr);

        for (int32_t i = 0; i < nr; i++) {
            struct owner *owner =
                spans[i].owner >= 0 ? g_hash_table_lookup(owners, map->names->pdata[spans[i].owner])
                                    : NULL;

            if (owner != NULL) {
                owner->run_ns += spans[i].end_ns - spans[i].start_ns;
            }
        }
    }
}

/* Colours go to those that run most; one more than there are colours share the last. */
static void choose_colors(struct map *map)
{
    g_autoptr(GHashTable) owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    g_autoptr(GPtrArray) order = g_ptr_array_new();

    for (guint id = 0; id < map->names->len; id++) {
        if (!g_hash_table_contains(owners, map->names->pdata[id])) {
            struct owner *owner = g_new0(struct owner, 1);

            owner->name = map->names->pdata[id];
            g_hash_table_insert(owners, map->names->pdata[id], owner);
            g_ptr_array_add(order, owner);
        }
    }
    count_time(map, owners);
    g_ptr_array_sort(order, compare_owners);
    for (guint i = 0; i < order->len && i < OTHERS; i++) {
        const struct owner *owner = order->pdata[i];
        bool shared = i == MAX_OWNERS && order->len > OTHERS;

        map->owners[i] =
            shared ? g_strdup_printf("%u others", order->len - MAX_OWNERS) : g_strdup(owner->name);
        map->nr_owners++;
    }
    map->colors = g_new0(int32_t, map->names->len);
    for (guint id = 0; id < map->names->len; id++) {
        guint at;

        g_ptr_array_find(order, g_hash_table_lookup(owners, map->names->pdata[id]), &at);
        map->colors[id] = (int32_t)MIN(at, MAX_OWNERS) + 1;
    }
}

/* By node, LLC and core, so that neighbours in the machine are neighbours in the picture. */
static int compare_cpus(const void *a, const void *b)
{
    const struct machine_cpu *x = *(struct machine_cpu *const *)a;
    const struct machine_cpu *y = *(struct machine_cpu *const *)b;

    if (x->node != y->node) {
        return x->node - y->node;
    }
    if (x->llc != y->llc) {
        return x->llc - y->llc;
    }
    return x->core != y->core ? x->core - y->core : x->os_id - y->os_id;
}

static const struct machine_cpu **order_cpus(const struct machine *m)
{
    const struct machine_cpu **cpus = g_new(const struct machine_cpu *, (gsize)m->nr_cpus);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        cpus[cpu] = &m->cpus[cpu];
    }
    qsort(cpus, (size_t)m->nr_cpus, sizeof(*cpus), compare_cpus);
    return cpus;
}

static void append_row(struct plot *p, const struct map *map, int32_t cpu)
{
    g_autofree char *row = g_malloc((gsize)map->nr_columns * 2);
    int32_t nr;
    const struct occupancy_span *spans = occupancy_spans(map->occupancy, cpu, &nr);

    for (int32_t column = 0; column < map->nr_columns; column++) {
        row[column * 2] = '0';
        row[column * 2 + 1] = ' ';
    }
    for (int32_t i = 0; i < nr; i++) {
        int64_t first = (spans[i].start_ns - map->from_ns) / map->slice_ns;
        int64_t last = (spans[i].end_ns - map->from_ns + map->slice_ns - 1) / map->slice_ns;

        for (int64_t c = first; spans[i].owner >= 0 && c < last && c < map->nr_columns; c++) {
            row[c * 2] = (char)('0' + map->colors[spans[i].owner]);
        }
    }
    row[map->nr_columns * 2 - 1] = '\n';
    g_string_append_len(p->script, row, map->nr_columns * 2);
}

/* Where each node's CPUs begin and end among the rows. */
static void append_nodes(struct plot *p, const struct machine *m,
                         const struct machine_cpu *const *cpus)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) last = g_string_new(NULL);

    for (int32_t i = 0; i < m->nr_cpus; i++) {
        if (i == 0 || cpus[i]->node != cpus[i - 1]->node) {
            g_string_append_printf(names, " %d", m->nodes[cpus[i]->node].os_id);
            g_string_append_printf(first, " %d", i);
        }
        if (i + 1 == m->nr_cpus || cpus[i + 1]->node != cpus[i]->node) {
            g_string_append_printf(last, " %d", i);
        }
    }
    plot_set_text(p, "node_names", names->str);
    plot_set_text(p, "node_first", first->str);
    plot_set_text(p, "node_last", last->str);
}

static void append_cells(struct plot *p, const struct map *map)
{
    const struct machine *m = map->machine;
    g_autofree const struct machine_cpu **cpus = order_cpus(m);

    append_nodes(p, m, cpus);
    g_string_append(p->script, "$cells << EOD\n");
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        append_row(p, map, (int32_t)(cpus[i] - m->cpus));
    }
    g_string_append(p->script, "EOD\n");
    plot_set_int(p, "owners", map->nr_owners);
    for (int32_t i = 0; i < map->nr_owners; i++) {
        g_autofree char *name = g_strdup_printf("owner%d", i + 1);

        plot_set_text(p, name, map->owners[i]);
    }
}

static void describe(struct plot *p, const struct map *map)
{
    const struct result *r = p->inputs[0].result;
    const struct result_metric *busy = result_metric(r, "cpu.busy_ns");
    const struct result_metric *moves = result_metric(r, "migrations.total");
    int64_t span_ns = MAX(r->end_ns - r->warmup_ns, 1);
    int64_t tenths = busy != NULL ? (busy->value * 10 + span_ns / 2) / span_ns : 0;
    g_autofree char *slice = result_value_human(RESULT_NS, map->slice_ns);

    g_string_append_printf(p->finding,
                           "%s with %s: %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT
                           " of %d CPUs busy, %" G_GINT64_FORMAT " migrations",
                           r->nr_workloads > 0 ? r->workloads[0].name : "", r->policy.name,
                           tenths / 10, tenths % 10, map->machine->nr_cpus,
                           moves != NULL ? moves->value : 0);
    g_string_append_printf(p->detail,
                           "who runs where on %s; a cell shows whoever had the CPU for the longest "
                           "part of %s",
                           r->topology.name, slice);
}

static bool set_range(struct plot *p, struct map *map, GError **error)
{
    const struct result *r = p->inputs[0].result;
    int64_t from_ns = MAX(p->from_ns, 0);
    int64_t to_ns = p->to_ns < 0 ? r->end_ns : MIN(p->to_ns, r->end_ns);

    if (from_ns >= to_ns) {
        g_set_error(
            error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
            "plot: the run has nothing between --from and --to; it ended at %" G_GINT64_FORMAT
            " ns",
            r->end_ns);
        return false;
    }
    map->from_ns = from_ns;
    map->slice_ns = MAX((to_ns - from_ns + COLUMNS - 1) / COLUMNS, 1);
    map->nr_columns = (int32_t)((to_ns - from_ns + map->slice_ns - 1) / map->slice_ns);
    g_string_append_printf(p->script,
                           "from = %" G_GINT64_FORMAT ".0e-9\nslice = %" G_GINT64_FORMAT ".0e-9\n",
                           map->from_ns, map->slice_ns);
    map->occupancy =
        occupancy_new(map->machine->nr_cpus, from_ns, to_ns, map->slice_ns, NULL, NULL);
    return true;
}

static void map_release(struct map *map)
{
    for (int32_t i = 0; i < map->nr_owners; i++) {
        g_free(map->owners[i]);
    }
    g_free(map->colors);
    g_ptr_array_unref(map->names);
    occupancy_free(map->occupancy);
}

bool plot_occupancy(struct plot *p, GError **error)
{
    const struct plot_input *input = &p->inputs[0];
    g_autoptr(simulation_t) s = NULL;
    struct map map = {0};
    bool ok;

    if (p->nr_inputs != 1) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %d results; expected one for the kind 'occupancy'", p->nr_inputs);
        return false;
    }
    s = again_open(p->paths, input->path, input->result, error);
    if (s == NULL) {
        return false;
    }
    map.machine = s->machine;
    map.names = g_ptr_array_new_with_free_func(g_free);
    ok = set_range(p, &map, error) &&
         again_run(s, input->path, input->result, attach, finished, &map, error);
    if (ok) {
        choose_colors(&map);
        append_cells(p, &map);
        describe(p, &map);
        plot_set_int(p, "columns", map.nr_columns);
        plot_set_int(p, "cpus", map.machine->nr_cpus);
        p->width = 960;
        p->height = CLAMP(map.machine->nr_cpus * 12, 160, 620) + 190;
    }
    map_release(&map);
    return ok;
}
