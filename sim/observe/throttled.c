/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/throttled.h"

#include <glib.h>

#include "base/bitmap.h"

enum { MAX_DEPTH = 64 }; /* cgroups above one another */

struct throttled {
    throttled_path_fn path;
    void *data;
    int32_t nr_cpus;
    uint64_t **cpus; /* [nr_cgroups] by cgroup: bitmap of CPUs, NULL until its first */
    int32_t nr_cgroups;
    int64_t nr_set; /* bits in all of them */
};

struct throttled *throttled_new(int32_t nr_cpus, throttled_path_fn path, void *data)
{
    struct throttled *t = g_new0(struct throttled, 1);

    *t = (struct throttled){.path = path, .data = data, .nr_cpus = nr_cpus};
    return t;
}

void throttled_free(struct throttled *t)
{
    if (t == NULL) {
        return;
    }
    for (int32_t i = 0; i < t->nr_cgroups; i++) {
        g_free(t->cpus[i]);
    }
    g_free(t->cpus);
    g_free(t);
}

static uint64_t *cpus_of(struct throttled *t, int32_t cgroup)
{
    if (cgroup >= t->nr_cgroups) {
        int32_t from = t->nr_cgroups;

        t->nr_cgroups = MAX(cgroup + 1, from * 2);
        t->cpus = g_renew(uint64_t *, t->cpus, (gsize)t->nr_cgroups);
        for (int32_t i = from; i < t->nr_cgroups; i++) {
            t->cpus[i] = NULL;
        }
    }
    if (t->cpus[cgroup] == NULL) {
        t->cpus[cgroup] = bitmap_new((uint32_t)t->nr_cpus);
    }
    return t->cpus[cgroup];
}

bool throttled_event(struct throttled *t, const struct tp_event *e)
{
    uint64_t *cpus = cpus_of(t, e->task);
    bool on = e->a != 0;

    if (bitmap_test(cpus, (uint32_t)e->cpu) == on) {
        return false;
    }
    t->nr_set += on ? 1 : -1;
    if (on) {
        bitmap_set(cpus, (uint32_t)e->cpu);
    } else {
        bitmap_clear(cpus, (uint32_t)e->cpu);
    }
    return true;
}

bool throttled_holds(const struct throttled *t, int32_t id, int32_t cpu)
{
    int32_t path[MAX_DEPTH];

    if (t->nr_set == 0 || t->path == NULL) {
        return false;
    }
    int32_t nr = t->path(id, path, MAX_DEPTH, t->data);

    for (int32_t i = 0; i < nr; i++) {
        if (path[i] < t->nr_cgroups && t->cpus[path[i]] != NULL &&
            bitmap_test(t->cpus[path[i]], (uint32_t)cpu)) {
            return true;
        }
    }
    return false;
}
