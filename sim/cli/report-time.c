/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the time of tasks went, process by process and command by command. */
#include <string.h>

#include "cli/html.h"
#include "cli/report.h"
#include "observe/account.h"
#include "observe/result-table.h"
#include "observe/task-names.h"

enum { MAX_ROWS = 40 };

struct group {
    char *name;
    int32_t tasks;
    int64_t kinds[NR_ACCOUNT_KINDS];
};

struct times {
    int32_t nr_cpus;
    struct account *account;
    struct task_names *names; /* while the kernel stands */
    GPtrArray *groups;        /* struct group, owned; once it has finished */
};

/* The first span of a task comes while its name is that with which it was made. */
static void span(const struct account_span *s, void *data)
{
    task_names_get(((struct times *)data)->names, s->task);
}

static void attach(struct kernel *k, void *data)
{
    struct times *t = data;

    t->names = task_names_new(k);
    t->account = account_new(&(struct account_config){.nr_cpus = t->nr_cpus,
                                                      .cgroups = task_cgroups,
                                                      .cgroups_data = k,
                                                      .span = span,
                                                      .data = t});
    kernel_listen(k, account_mask(), account_event, t->account);
}

static int64_t run_ns(const struct group *g)
{
    int64_t sum = 0;

    for (int i = 0; i <= ACCOUNT_KERNEL; i++) {
        sum += g->kinds[i];
    }
    return sum;
}

/* Time from its birth on. */
static int64_t life_ns(const struct group *g)
{
    int64_t sum = 0;

    for (int i = 0; i < ACCOUNT_UNBORN; i++) {
        sum += g->kinds[i];
    }
    return sum;
}

static int compare_groups(gconstpointer a, gconstpointer b)
{
    const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
    int64_t i = run_ns(x), k = run_ns(y);

    return i != k ? (i < k ? 1 : -1) : strcmp(x->name, y->name);
}

static void finished(const struct kernel *k, void *data)
{
    struct times *t = data;
    g_autofree struct cpu_times *times = g_new(struct cpu_times, (gsize)t->nr_cpus);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);

    for (int32_t cpu = 0; cpu < t->nr_cpus; cpu++) {
        times[cpu] = kernel_cpu_times(k, cpu);
    }
    account_cut(t->account, kernel_now_ns(k), times);
    for (int32_t id = 0; id < MIN(account_nr_tasks(t->account), kernel_nr_tasks(k)); id++) {
        const char *name = task_names_group(t->names, id);
        struct group *g = g_hash_table_lookup(by_name, name);
        const int64_t *kinds = account_kinds(t->account, id);

        if (g == NULL) {
            g = g_new0(struct group, 1);
            g->name = g_strdup(name);
            g_hash_table_insert(by_name, g->name, g);
            g_ptr_array_add(t->groups, g);
        }
        g->tasks++;
        for (int i = 0; i < NR_ACCOUNT_KINDS; i++) {
            g->kinds[i] += kinds[i];
        }
    }
    g_ptr_array_sort(t->groups, compare_groups);
    g_clear_pointer(&t->names, task_names_free);
}

static void group_free(void *data)
{
    g_free(((struct group *)data)->name);
    g_free(data);
}

static void *times_new(struct plot *p, GError **error)
{
    struct times *t = g_new0(struct times, 1);

    (void)error;
    t->nr_cpus = p->machine->nr_cpus;
    t->groups = g_ptr_array_new_with_free_func(group_free);
    return t;
}

static void times_free(void *data)
{
    struct times *t = data;

    if (t != NULL) {
        account_free(t->account);
        task_names_free(t->names);
        g_ptr_array_unref(t->groups);
        g_free(t);
    }
}

static const struct plot_watch times_watch = {times_new, attach, finished, times_free};

static const struct plot_watch *watch(const struct plot *p)
{
    (void)p;
    return &times_watch;
}

const struct plot_kind report_time_kind = {
    .name = "time", .max_results = 1, .needs_machine = true, .watch = watch};

/* ------------------------------------------------------------------------------------------- */

static int64_t ppm_of(int64_t part, int64_t whole)
{
    return whole > 0 ? (int64_t)((double)part / (double)whole * 1e6) : 0;
}

static void append_bar(GString *out, const struct group *g)
{
    int64_t life = life_ns(g);

    g_string_append(out, "<td><span class=\"bar\">");
    for (int i = 0; i < ACCOUNT_UNBORN; i++) {
        int64_t ppm = ppm_of(g->kinds[i], life);

        if (ppm >= 1000) {
            g_string_append_printf(out, "<i class=\"k%d\" style=\"width:%d.%d%%\"></i>", i,
                                   (int)(ppm / 10000), (int)(ppm / 1000 % 10));
        }
    }
    g_string_append(out, "</span></td>");
}

static void append_row(GString *out, const struct group *g, const bool *shown)
{
    int64_t life = life_ns(g);
    g_autofree char *tasks = g_strdup_printf("%d", g->tasks);
    g_autofree char *run = result_value_human(RESULT_NS, run_ns(g));

    g_string_append(out, "<tr>");
    html_cell(out, g->name);
    append_bar(out, g);
    html_cell_number(out, g->tasks, tasks, NULL);
    html_cell_number(out, (double)run_ns(g), run, NULL);
    for (int i = 0; i < ACCOUNT_UNBORN; i++) {
        if (shown[i]) {
            int64_t ppm = ppm_of(g->kinds[i], life);
            g_autofree char *share = result_value_human(RESULT_RATIO, ppm);

            html_cell_number(out, (double)ppm, g->kinds[i] > 0 ? share : "–", NULL);
        }
    }
    g_string_append(out, "</tr>\n");
}

static void append_key(GString *out, const bool *shown)
{
    g_string_append(out, "<p class=\"note key\">Shares of the time that tasks lived:");
    for (int i = 0; i < ACCOUNT_UNBORN; i++) {
        if (shown[i]) {
            const char *name = account_kind_name((enum account_kind)i);
            const char *phrase = account_kind_phrase((enum account_kind)i);

            g_string_append_printf(out, " <span><i class=\"k%d\"></i>", i);
            if (!g_str_has_prefix(phrase, name)) {
                html_text(out, name);
                g_string_append(out, ": ");
            }
            html_text(out, phrase);
            g_string_append(out, "</span>");
        }
    }
    g_string_append(out, "</p>\n");
}

void report_time(GString *out, const struct plot *p)
{
    const struct times *t = p->watch;
    const char *heads[NR_ACCOUNT_KINDS + 5] = {"Process/command", "Time", "Tasks", "Ran"};
    bool shown[NR_ACCOUNT_KINDS] = {false};
    int nr = 4;

    for (guint g = 0; g < t->groups->len; g++) {
        for (int i = 0; i < ACCOUNT_UNBORN; i++) {
            shown[i] = shown[i] || ((struct group *)t->groups->pdata[g])->kinds[i] > 0;
        }
    }
    for (int i = 0; i < ACCOUNT_UNBORN; i++) {
        if (shown[i]) {
            heads[nr++] = account_kind_name((enum account_kind)i);
        }
    }
    append_key(out, shown);
    html_table_begin(out, heads, 2);
    for (guint g = 0; g < t->groups->len && g < MAX_ROWS; g++) {
        append_row(out, t->groups->pdata[g], shown);
    }
    html_table_end(out);
    if (t->groups->len > MAX_ROWS) {
        g_string_append_printf(out, "<p class=\"note\">%u more ran less.</p>\n",
                               t->groups->len - MAX_ROWS);
    }
}
