/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/result-set.h"

#include "cli/result-path.h"

static void free_result(gpointer r)
{
    result_free(r);
}

struct result_set *result_set_read(const char *path, GError **error)
{
    g_autoptr(result_set_t) set = g_new0(struct result_set, 1);

    set->results = g_ptr_array_new_with_free_func(free_result);
    set->paths = result_paths(path, error);
    if (set->paths == NULL) {
        return NULL;
    }
    for (guint i = 0; i < set->paths->len; i++) {
        struct result *r = result_read(set->paths->pdata[i], error);

        if (r == NULL) {
            return NULL;
        }
        g_ptr_array_add(set->results, r);
    }
    return g_steal_pointer(&set);
}

void result_set_free(struct result_set *set)
{
    if (set != NULL) {
        g_clear_pointer(&set->results, g_ptr_array_unref);
        g_clear_pointer(&set->paths, g_ptr_array_unref);
        g_free(set);
    }
}
