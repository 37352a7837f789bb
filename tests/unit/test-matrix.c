/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every shipped policy set x topology x workload, with the invariants of kernel-invariants.h and
 * one digest for one seed, whether ticks that change nothing are skipped or not. By itself a cover in which every pair of them meets; all of them with
 * NUMASIM_MATRIX=full (make matrix).
 */
#include "engine-fixture.h"
#include "kernel-invariants.h"
#include "torture.h"

#include "base/error.h"
#include "base/time.h"

enum { STEPS = 8 };

struct matrix {
    GPtrArray *policies, *topologies, *workloads;
    int64_t until_ns;
    guint every; /* run so many-th cells a second time, with all ticks */
};

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of FOLDER's .yaml files, sorted. */
static GPtrArray *shipped(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".yaml")) {
            g_ptr_array_add(names, g_strndup(name, strlen(name) - 5));
        }
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

/* The digest of a checked run, or NULL if the workload does not fit the machine. */
static char *checked_run(const char *policy, const char *topology, const char *workload,
                         int64_t until_ns, bool all_ticks)
{
    struct kernel_config config = {.seed = 1, .all_ticks = all_ticks};
    g_autoptr(GError) error = NULL;
    struct engine *e = engine_try_new(topology, workload, policy, &config, &error);

    if (e == NULL) {
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_test_message("%s on %s: %s", workload, topology, error->message);
        return NULL;
    }
    if (!kernel_run_checked(e->kernel, until_ns, until_ns / STEPS, &error)) {
        g_autofree char *dump = kernel_dump(e->kernel);

        g_error("%s, %s, %s: %s\n%s", policy, topology, workload, error->message, dump);
    }
    char *digest = kernel_digest(e->kernel);

    engine_free(e);
    return digest;
}

static void run_cell(const struct matrix *m, guint p, guint t, guint w, guint nr)
{
    const char *policy = g_ptr_array_index(m->policies, p);
    const char *topology = g_ptr_array_index(m->topologies, t);
    const char *workload = g_ptr_array_index(m->workloads, w);
    g_autofree char *digest = checked_run(policy, topology, workload, m->until_ns, false);

    if (digest != NULL && nr % m->every == 0) {
        g_autofree char *again = checked_run(policy, topology, workload, m->until_ns, true);

        g_assert_cmpstr(digest, ==, again);
    }
}

/* One test to a workload: on every topology, with one policy set or all of them. */
struct row {
    const struct matrix *m;
    guint workload;
    bool full;
};

static void test_workload(gconstpointer data)
{
    const struct row *row = data;
    const struct matrix *m = row->m;
    guint nr = row->workload;

    for (guint t = 0; t < m->topologies->len; t++) {
        for (guint p = 0; p < m->policies->len; p++) {
            if (row->full || p == (t + row->workload) % m->policies->len) {
                run_cell(m, p, t, row->workload, nr++);
            }
        }
    }
}

/* The torture under every policy set, on machines of different shapes. */
static void test_torture(gconstpointer data)
{
    static const char *const topologies[] = {"teach-uma-4", "teach-numa-2x4", "xeon-spr-2s-2cxl"};
    const struct matrix *m = data;

    for (guint p = 0; p < m->policies->len; p++) {
        for (gsize t = 0; t < G_N_ELEMENTS(topologies); t++) {
            const char *policy = g_ptr_array_index(m->policies, p);
            const char *const workloads[] = {torture_steps, torture_admin};

            for (gsize w = 0; w < G_N_ELEMENTS(workloads); w++) {
                g_autofree char *a =
                    checked_run(policy, topologies[t], workloads[w], 100 * NSEC_PER_MSEC, false);
                g_autofree char *b =
                    checked_run(policy, topologies[t], workloads[w], 100 * NSEC_PER_MSEC, true);

                g_assert_cmpstr(a, ==, b);
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bool full = g_strcmp0(g_getenv("NUMASIM_MATRIX"), "full") == 0;
    struct matrix m = {
        .policies = shipped("policies"),
        .topologies = shipped("topologies"),
        .workloads = shipped("workloads"),
        .until_ns = full ? 100 * NSEC_PER_MSEC : 40 * NSEC_PER_MSEC,
        .every = full ? 1 : 4,
    };
    g_autofree struct row *rows = g_new0(struct row, m.workloads->len);

    for (guint w = 0; w < m.workloads->len; w++) {
        g_autofree char *path =
            g_strdup_printf("/matrix/%s", (const char *)g_ptr_array_index(m.workloads, w));

        rows[w] = (struct row){&m, w, full};
        g_test_add_data_func(path, &rows[w], test_workload);
    }
    g_test_add_data_func("/matrix/torture", &m, test_torture);
    int status = g_test_run();

    g_ptr_array_unref(m.policies);
    g_ptr_array_unref(m.topologies);
    g_ptr_array_unref(m.workloads);
    return status;
}
