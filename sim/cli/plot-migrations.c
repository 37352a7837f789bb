/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migrations of tasks a second, by the domain level that they stay within, of several results. */
#include <string.h>

#include "base/error.h"
#include "base/fixed.h"
#include "base/time.h"
#include "cli/plot-bars.h"
#include "cli/plot-kinds.h"
#include "observe/result-table.h"

static const char stem[] = "migrations.";

/* Domain levels as kernel/sched/topology.c names them, nearest first; migrations across CPUs that share
 * no domain are last. */
static const char *const levels[] = {"SMT", "CLS", "CLUSTER", "MC", "DIE", "PKG", "NODE", "NUMA"};

static size_t rank_of(const char *level)
{
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (strcmp(level, levels[i]) == 0) {
            return i;
        }
    }
    return strcmp(level, "none") == 0 ? G_N_ELEMENTS(levels) + 1 : G_N_ELEMENTS(levels);
}

static int compare_levels(gconstpointer a, gconstpointer b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t i = rank_of(x), k = rank_of(y);

    return i != k ? (i < k ? -1 : 1) : strcmp(x, y);
}

static bool is_level(const char *name)
{
    const char *rest = name + sizeof(stem) - 1;

    return g_str_has_prefix(name, stem) && strchr(rest, '.') == NULL &&
           strcmp(rest, "total") != 0 && strcmp(rest, "per_s") != 0;
}

/* The levels that any result has, nearest first; "none" only where there were some. */
static GPtrArray *find_levels(const struct plot *p)
{
    GPtrArray *found = g_ptr_array_new();

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        const struct result *r = p->inputs[i].result;

        for (int32_t k = 0; k < r->nr_metrics; k++) {
            const char *name = r->metrics[k].name;
            const char *level = name + sizeof(stem) - 1;

            if (is_level(name) && (r->metrics[k].value > 0 || strcmp(level, "none") != 0) &&
                !g_ptr_array_find_with_equal_func(found, level, g_str_equal, NULL)) {
                g_ptr_array_add(found, (gpointer)(guintptr)level);
            }
        }
    }
    g_ptr_array_sort(found, compare_levels);
    return found;
}

/* Thousandths a second of what @name counts; -1: the result has none. */
static int64_t rate_of(const struct result *r, const char *name)
{
    const struct result_metric *m = result_metric(r, name);
    int64_t span_ns = MAX(r->end_ns - r->warmup_ns, 1);

    return m != NULL ? (int64_t)((uint128)(uint64_t)m->value * 1000 * (uint64_t)NSEC_PER_SEC /
                                 (uint64_t)span_ns)
                     : -1;
}

bool plot_migrations(struct plot *p, GError **error)
{
    g_autoptr(GPtrArray) found = find_levels(p);
    gsize nr = found->len;
    g_autofree int64_t *values = g_new(int64_t, nr * (gsize)p->nr_inputs);

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        const struct result *r = p->inputs[i].result;
        int64_t all = rate_of(r, "migrations.total");

        if (nr == 0 || all < 0) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: has no migrations by level; expected a result of `numasim run`",
                        p->inputs[i].path);
            return false;
        }
        g_autofree char *human = result_value_human(RESULT_PER_S, all);

        for (gsize g = 0; g < nr; g++) {
            g_autofree char *name = g_strconcat(stem, (const char *)found->pdata[g], NULL);

            values[(gsize)i * nr + g] = rate_of(r, name);
        }
        g_string_append_printf(p->finding, "%s%s with %s", i > 0 ? ", " : "Migrations: ", human,
                               p->inputs[i].label);
    }
    g_string_append_printf(p->detail,
                           "of tasks between CPUs of %s, by the nearest domain level that has both",
                           p->inputs[0].result->topology.name);
    plot_set_bars(p, &(struct plot_bars){.groups = (const char *const *)found->pdata,
                                         .nr_groups = (int32_t)nr,
                                         .unit = RESULT_PER_S,
                                         .values = values,
                                         .axis = "migrations per second"});
    return true;
}
