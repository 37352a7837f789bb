/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload/gate.h"

void gate_free(struct gate *g)
{
    if (g == NULL) {
        return;
    }
    for (uint32_t i = 0; i < g->nr_rules; i++) {
        g_free(g->rules[i].metric);
        g_free(g->rules[i].topology);
        g_free(g->rules[i].workload);
        g_free(g->rules[i].why);
    }
    g_free(g->rules);
    g_free(g->path);
    g_free(g);
}
