/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two runs' differences for people and for machines. */
#include "base/time.h"
#include "base/units.h"
#include "observe/diff.h"
#include "observe/json.h"
#include "observe/text-table.h"

/* "+1.53ms", "-20us", "0" */
static char *signed_time(int64_t ns)
{
    g_autofree char *text = units_format_human(ns < 0 ? -ns : ns, UNIT_NS);

    return ns == 0 ? g_strdup("0") : g_strconcat(ns < 0 ? "-" : "+", text, NULL);
}

/* ------------------------------------------------------------------------------------------- */
/* The parting                                                                                  */

static void append_side(GString *out, const char *label, const struct schedule_event *e)
{
    if (e == NULL) {
        g_string_append_printf(out, "  %s\n    nothing more happens\n", label);
        return;
    }
    g_string_append_printf(out, "  %s\n    %" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT "s  %s\n",
                           label, e->time_ns / NSEC_PER_SEC, e->time_ns % NSEC_PER_SEC, e->text);
    g_auto(GStrv) decisions =
        g_strsplit(e->decisions != NULL
                       ? e->decisions
                       : "by no policy (an event of the workload, a cost, or the engine's default)",
                   "\n", -1);

    for (size_t i = 0; decisions[i] != NULL; i++) {
        g_string_append_printf(out, "    %s %s\n", i == 0 ? "decided:" : "        ", decisions[i]);
    }
    g_string_append_printf(out, "    then:    %s\n", e->queues);
}

static void append_parting(GString *out, const struct diff *d, const char *const labels[2])
{
    if (d->same) {
        g_string_append(out, "The schedules are the same: not one event differs.\n\n");
        return;
    }
    g_string_append_printf(
        out, "The schedules part at event %" G_GUINT64_FORMAT "%s\n", d->position + 1,
        d->later ? ": the same, at another time: a cost or a speed differs before "
                   "any decision"
                 : "");
    append_side(out, labels[0], d->events[0]);
    append_side(out, labels[1], d->events[1]);
    g_string_append_c(out, '\n');
}

/* ------------------------------------------------------------------------------------------- */
/* Where the time went                                                                          */

static bool kind_changes(const struct diff *d, int kind)
{
    for (guint i = 0; i < d->groups->len; i++) {
        const struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);

        if (g->kinds[0][kind] != g->kinds[1][kind]) {
            return true;
        }
    }
    return false;
}

static struct text_table begin_table(const struct diff *d, const char *first, const char *second)
{
    int32_t nr = 3;

    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        nr += kind_changes(d, kind);
    }
    struct text_table table = text_table_new(nr);

    text_table_add(&table, g_strdup(first));
    text_table_add(&table, g_strdup(second));
    text_table_add(&table, g_strdup("time"));
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        if (kind_changes(d, kind)) {
            text_table_add(&table, g_strdup(account_kind_name((enum account_kind)kind)));
        }
    }
    return table;
}

/* Takes @name and @second. */
static void add_row(struct text_table *table, const struct diff *d, char *name, char *second,
                    const int64_t time_ns[2], const int64_t kinds[2][NR_ACCOUNT_KINDS])
{
    text_table_add(table, name);
    text_table_add(table, second);
    text_table_add(table, signed_time(time_ns[1] - time_ns[0]));
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        if (kind_changes(d, kind)) {
            text_table_add(table, signed_time(kinds[1][kind] - kinds[0][kind]));
        }
    }
}

static void append_groups(GString *out, const struct diff *d)
{
    struct text_table table = begin_table(d, "tasks of", "number");

    g_string_append(
        out, "Where the time went, new less base, up to the same place in each task's work; the "
             "kinds add up to `time`:\n");
    for (guint i = 0; i < d->groups->len; i++) {
        const struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);

        add_row(&table, d, g_strdup(g->name), g_strdup_printf("%d", g->nr_tasks), g->time_ns,
                g->kinds);
    }
    text_table_finish(&table, out);
    g_string_append_c(out, '\n');
}

static char *position_text(const struct diff_task *t)
{
    if (t->position != DIFF_END) {
        return g_strdup_printf("sleep %" G_GINT64_FORMAT, t->position);
    }
    return g_strdup(t->ended[0] && t->ended[1] ? "end" : "end of run");
}

static void append_tasks(GString *out, const struct diff *d, int32_t nr)
{
    struct text_table table = begin_table(d, "task", "up to its");

    nr = MIN(nr, (int32_t)d->tasks->len);
    g_string_append_printf(out, "The %d tasks that differ most:\n", nr);
    for (int32_t i = 0; i < nr; i++) {
        const struct diff_task *t = &g_array_index(d->tasks, struct diff_task, (guint)i);

        add_row(&table, d, g_strdup(t->name), position_text(t), t->time_ns, t->kinds);
    }
    text_table_finish(&table, out);
    g_string_append_c(out, '\n');
}

static void append_blockers(GString *out, const struct diff *d)
{
    struct text_table table = text_table_new(5);
    static const char *const heads[] = {"blocked tasks of", "until woken by", "base", "new",
                                        "change"};
    bool any = false;

    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        text_table_add(&table, g_strdup(heads[i]));
    }
    for (guint i = 0; i < d->groups->len; i++) {
        const struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);

        for (guint b = 0; b < g->blockers->len; b++) {
            const struct diff_blocker *blocker = g->blockers->pdata[b];
            const int64_t *ns = blocker->blocked_ns;

            if (ns[0] != ns[1]) {
                any = true;
                text_table_add(&table, g_strdup(g->name));
                text_table_add(&table, g_strdup(blocker->name));
                text_table_add(&table, units_format_human(ns[0], UNIT_NS));
                text_table_add(&table, units_format_human(ns[1], UNIT_NS));
                text_table_add(&table, signed_time(ns[1] - ns[0]));
            }
        }
    }
    if (any) {
        g_string_append(out, "Who was waited for:\n");
        text_table_finish(&table, out);
        g_string_append_c(out, '\n');
    } else {
        g_ptr_array_unref(table.cells);
    }
}

static void append_only(GString *out, const struct diff *d, const char *const labels[2])
{
    for (int side = 0; side < 2; side++) {
        if (d->only[side]->len > 0) {
            g_string_append_printf(out, "Only under %s: %u tasks (%s%s)\n", labels[side],
                                   d->only[side]->len, (char *)d->only[side]->pdata[0],
                                   d->only[side]->len > 1 ? ", ..." : "");
        }
    }
}

char *diff_text(const struct diff *d, const char *const labels[2], int32_t nr_tasks)
{
    GString *out = g_string_new(NULL);

    append_parting(out, d, labels);
    append_groups(out, d);
    append_blockers(out, d);
    append_tasks(out, d, nr_tasks);
    append_only(out, d, labels);
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* For machines                                                                                 */

static void json_event(struct json_out *out, const char *name, const struct schedule_event *e)
{
    json_object_begin(out, name, false);
    if (e != NULL) {
        json_int(out, "time_ns", e->time_ns);
        json_int(out, "cpu", e->cpu);
        if (e->task != NULL) {
            json_string(out, "task", e->task);
        }
        json_string(out, "event", e->text);
        if (e->decisions != NULL) {
            g_auto(GStrv) decisions = g_strsplit(e->decisions, "\n", -1);

            json_strings(out, "decisions", decisions);
        }
        json_string(out, "queues", e->queues);
    }
    json_object_end(out);
}

static void json_kinds(struct json_out *out, const char *name, int64_t time_ns,
                       const int64_t *kinds)
{
    json_object_begin(out, name, true);
    json_int(out, "time_ns", time_ns);
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        g_autofree char *member =
            g_strconcat(account_kind_name((enum account_kind)kind), "_ns", NULL);

        json_int(out, member, kinds[kind]);
    }
    json_object_end(out);
}

char *diff_json(const struct diff *d, const char *const labels[2])
{
    struct json_out out = json_out_new();

    json_object_begin(&out, NULL, false);
    json_string(&out, "schema", "numasim-diff/1");
    json_string(&out, "base", labels[0]);
    json_string(&out, "new", labels[1]);
    json_bool(&out, "same_schedule", d->same);
    if (!d->same) {
        json_int(&out, "parting_event", (int64_t)d->position);
        json_bool(&out, "same_but_later", d->later);
        json_event(&out, "base_event", d->events[0]);
        json_event(&out, "new_event", d->events[1]);
    }
    json_array_begin(&out, "tasks", false);
    for (guint i = 0; i < d->tasks->len; i++) {
        const struct diff_task *t = &g_array_index(d->tasks, struct diff_task, i);
        g_autofree char *position = position_text(t);

        json_object_begin(&out, NULL, false);
        json_string(&out, "task", t->name);
        json_string(&out, "up_to", position);
        json_kinds(&out, "base", t->time_ns[0], t->kinds[0]);
        json_kinds(&out, "new", t->time_ns[1], t->kinds[1]);
        json_object_end(&out);
    }
    json_array_end(&out);
    json_array_begin(&out, "blocked", false);
    for (guint i = 0; i < d->groups->len; i++) {
        const struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);

        for (guint b = 0; b < g->blockers->len; b++) {
            const struct diff_blocker *blocker = g->blockers->pdata[b];

            json_object_begin(&out, NULL, true);
            json_string(&out, "tasks", g->name);
            json_string(&out, "woken_by", blocker->name);
            json_int(&out, "base_ns", blocker->blocked_ns[0]);
            json_int(&out, "new_ns", blocker->blocked_ns[1]);
            json_object_end(&out);
        }
    }
    json_array_end(&out);
    json_object_end(&out);
    return json_out_finish(&out, NULL);
}
