/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs by time: who runs where. The run is simulated again with a record of its switches. */
#include <string.h>

#include "cli/plot-kinds.h"
#include "cli/plot-time.h"
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
    struct plot_axis axis;
    struct occupancy
        *exact;           /* to the nanosecond, for the title of a part; NULL: of the whole run */
    int64_t migrations;   /* in it */
    GPtrArray *names;     /* of the tasks by id: what they are shown as; owned */
    int32_t *colors;      /* [tasks] 1..OTHERS */
    char *owners[OTHERS]; /* names of the colours 1.. */
    int32_t nr_owners;
};

static void count_migration(const struct tp_event *e, void *data)
{
    struct map *map = data;

    map->migrations += e->time_ns >= map->axis.from_ns && e->time_ns < map->axis.to_ns;
}

static void attach(struct kernel *k, void *data)
{
    struct map *map = data;

    kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH, occupancy_event, map->occupancy);
    if (map->exact != NULL) {
        kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH, occupancy_event, map->exact);
        kernel_listen(k, UINT64_C(1) << TP_SCHED_MIGRATE_TASK, count_migration, map);
    }
}

/* What a task is shown as: its command; where all have one command, its process, or else itself. */
static void finished(const struct kernel *k, void *data)
{
    struct map *map = data;
    int32_t nr = kernel_nr_tasks(k);
    bool comms = false, processes = false;
    const struct numasim_task *first = nr > 0 ? task_pub(kernel_task(k, 0)) : NULL;

    occupancy_finish(map->occupancy, kernel_now_ns(k));
    if (map->exact != NULL) {
        occupancy_finish(map->exact, kernel_now_ns(k));
    }
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

static void fill_row(const struct map *map, int32_t cpu, uint8_t *row)
{
    const struct plot_axis *a = &map->axis;
    int32_t nr;
    const struct occupancy_span *spans = occupancy_spans(map->occupancy, cpu, &nr);

    for (int32_t i = 0; i < nr; i++) {
        int64_t first = (spans[i].start_ns - a->from_ns) / a->slice_ns;
        int64_t last = (spans[i].end_ns - a->from_ns + a->slice_ns - 1) / a->slice_ns;

        for (int64_t c = first; spans[i].owner >= 0 && c < last && c < a->nr; c++) {
            row[c] = (uint8_t)map->colors[spans[i].owner];
        }
    }
}

static void set_cells(struct plot *p, const struct map *map)
{
    static const char *const colors[OTHERS] = {"#08306b", "#fd8d3c", "#74c476", "#9e9ac8",
                                               "#a50f15", "#6baed6", "#fdd0a2", "#969696"};
    g_autofree uint8_t *cells = g_new0(uint8_t, (gsize)map->machine->nr_cpus * (gsize)map->axis.nr);

    for (int32_t cpu = 0; cpu < map->machine->nr_cpus; cpu++) {
        fill_row(map, cpu, &cells[(gsize)cpu * (gsize)map->axis.nr]);
    }
    plot_set_cells(p, &map->axis, cells);
    plot_set_legend(p, (const char *const *)map->owners, colors, map->nr_owners, "idle");
}

/* How long tasks had CPUs in the part that is shown. */
static int64_t time_in_use(const struct map *map)
{
    int64_t sum_ns = 0;

    for (int32_t cpu = 0; cpu < map->machine->nr_cpus; cpu++) {
        int32_t nr;
        const struct occupancy_span *spans = occupancy_spans(map->exact, cpu, &nr);

        for (int32_t i = 0; i < nr; i++) {
            sum_ns += spans[i].owner >= 0 ? spans[i].end_ns - spans[i].start_ns : 0;
        }
    }
    return sum_ns;
}

/* Of the whole run the title says what the result does, from the end of the warmup on. */
static void describe(struct plot *p, const struct map *map)
{
    const struct result *r = p->inputs[0].result;
    const struct result_metric *busy = result_metric(r, "cpu.busy_ns");
    const struct result_metric *moves = result_metric(r, "migrations.total");
    bool part = map->exact != NULL;
    int64_t span_ns = part ? map->axis.to_ns - map->axis.from_ns : r->end_ns - r->warmup_ns;
    int64_t busy_ns = part ? time_in_use(map) : busy != NULL ? busy->value : 0;
    int64_t migrations = part ? map->migrations : moves != NULL ? moves->value : 0;
    int64_t tenths = (busy_ns * 10 + span_ns / 2) / MAX(span_ns, 1);
    g_autofree char *subject = plot_subject(p);
    g_autofree char *slice = result_value_human(RESULT_NS, map->axis.slice_ns);

    g_string_append_printf(p->finding,
                           "%s: %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT
                           " of %d CPUs %s, %" G_GINT64_FORMAT " migrations",
                           subject, tenths / 10, tenths % 10, map->machine->nr_cpus,
                           part ? "in use" : "busy", migrations);
    g_string_append_printf(p->detail,
                           "who runs where on %s; a cell shows whoever had the CPU for the longest "
                           "part of %s",
                           r->topology.name, slice);
}

static void map_free(void *data)
{
    struct map *map = data;

    if (map == NULL) {
        return;
    }
    for (int32_t i = 0; i < map->nr_owners; i++) {
        g_free(map->owners[i]);
    }
    g_free(map->colors);
    g_ptr_array_unref(map->names);
    occupancy_free(map->occupancy);
    occupancy_free(map->exact);
    g_free(map);
}

static void *map_new(struct plot *p, GError **error)
{
    struct plot_axis axis;
    struct map *map;

    if (!plot_axis_init(&axis, p, COLUMNS, error)) {
        return NULL;
    }
    map = g_new0(struct map, 1);
    map->axis = axis;
    map->machine = p->machine;
    map->names = g_ptr_array_new_with_free_func(g_free);
    map->occupancy =
        occupancy_new(p->machine->nr_cpus, axis.from_ns, axis.to_ns, axis.slice_ns, NULL, NULL);
    map->exact = plot_is_part(p)
                     ? occupancy_new(p->machine->nr_cpus, axis.from_ns, axis.to_ns, 1, NULL, NULL)
                     : NULL;
    return map;
}

static const struct plot_watch map_watch = {map_new, attach, finished, map_free};

const struct plot_watch *plot_occupancy_watch(const struct plot *p)
{
    return p->color == PLOT_COLOR_LOCAL ? &plot_local_watch : &map_watch;
}

bool plot_occupancy(struct plot *p, GError **error)
{
    struct map *map = p->watch;

    if (p->color == PLOT_COLOR_LOCAL) {
        return plot_local(p, error);
    }
    choose_colors(map);
    set_cells(p, map);
    describe(p, map);
    return true;
}
