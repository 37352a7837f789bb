/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot-inputs.h"

#include <string.h>

#include "base/error.h"
#include "cli/result-path.h"

char *plot_input_name(const struct plot_input *inputs, int32_t nr, int32_t i)
{
    const struct result *r = inputs[i].result;
    bool policies = true, workloads = true, machines = true;

    for (int32_t a = 0; a < nr; a++) {
        for (int32_t b = 0; b < a; b++) {
            const struct result *x = inputs[a].result, *y = inputs[b].result;

            g_autofree char *of_x = result_workload_name(x), *of_y = result_workload_name(y);

            policies = policies && strcmp(x->policy.name, y->policy.name) != 0;
            machines = machines && strcmp(x->topology.name, y->topology.name) != 0;
            workloads = workloads && strcmp(of_x, of_y) != 0;
        }
    }
    if (policies) {
        return g_strdup(r->policy.name);
    }
    return workloads ? result_workload_name(r)
                     : g_strdup(machines ? r->topology.name : inputs[i].path);
}

bool plot_labels_check(char *const *labels, int32_t nr, GError **error)
{
    int32_t nr_labels = (int32_t)g_strv_length((char **)(guintptr)labels);
    const char *problem = NULL;

    for (int32_t i = 0; i < nr_labels; i++) {
        for (const char *c = labels[i]; *c != '\0'; c++) {
            problem = g_ascii_iscntrl(*c) ? "it has a control character" : problem;
        }
        problem = labels[i][0] == '\0' ? "it is empty" : problem;
    }
    if (problem != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "--label: %s; expected one line of text", problem);
    } else if (nr_labels > 0 && nr_labels != nr) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "--label: %d for %d result%s; expected one for each", nr_labels, nr,
                    nr == 1 ? "" : "s");
        return false;
    }
    return problem == NULL;
}

bool plot_inputs_read(struct plot_input *inputs, int32_t nr, char *const *paths,
                      char *const *labels, GError **error)
{
    if (nr > PLOT_MAX_RESULTS) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %d results; expected at most %d in one picture", nr, PLOT_MAX_RESULTS);
        return false;
    }
    if (!plot_labels_check(labels, nr, error)) {
        g_prefix_error(error, "plot: ");
        return false;
    }
    for (int32_t i = 0; i < nr; i++) {
        inputs[i].path = result_path(paths[i], error);
        inputs[i].result = inputs[i].path != NULL ? result_read(inputs[i].path, error) : NULL;
        if (inputs[i].result == NULL) {
            return false;
        }
    }
    for (int32_t i = 0; i < nr; i++) {
        inputs[i].label = labels[0] != NULL ? g_strdup(labels[i]) : plot_input_name(inputs, nr, i);
    }
    return true;
}

void plot_inputs_release(struct plot_input *inputs, int32_t nr)
{
    for (int32_t i = 0; i < nr; i++) {
        result_free(inputs[i].result);
        g_free(inputs[i].label);
        g_free(inputs[i].path);
    }
}
