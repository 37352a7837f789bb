/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/task-names.h"

#include <glib.h>

#include "base/rng.h"

struct named {
    char *name;
    const char *group; /* a key of seen */
    uint64_t hash;
};

struct task_names {
    const struct kernel *kernel;
    GHashTable *seen; /* char * -> how many so far; only looked up */
    struct named *tasks;
    int32_t nr, size;
};

struct task_names *task_names_new(const struct kernel *k)
{
    struct task_names *n = g_new0(struct task_names, 1);

    n->kernel = k;
    n->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return n;
}

void task_names_free(struct task_names *n)
{
    if (n == NULL) {
        return;
    }
    for (int32_t i = 0; i < n->nr; i++) {
        g_free(n->tasks[i].name);
    }
    g_free(n->tasks);
    g_hash_table_unref(n->seen);
    g_free(n);
}

static void add(struct task_names *n, int32_t id)
{
    const struct numasim_task *t = task_pub(kernel_task(n->kernel, id));
    char *group =
        g_strdup_printf("%s/%s", t->process != NULL ? t->process->name : "kernel", t->comm);
    gpointer key = NULL, value = NULL;

    if (g_hash_table_lookup_extended(n->seen, group, &key, &value)) {
        /* The table keeps the key that it has, and frees the one that it is given. */
        g_hash_table_insert(n->seen, group, GINT_TO_POINTER(GPOINTER_TO_INT(value) + 1));
    } else {
        key = group;
        g_hash_table_insert(n->seen, group, GINT_TO_POINTER(1));
    }
    struct named *named = &n->tasks[id];

    named->group = key;
    named->name = g_strdup_printf("%s#%d", named->group, GPOINTER_TO_INT(value));
    named->hash = rng_name_id(named->name);
}

/* All up to @id, in the order in which they were made. */
static struct named *get(struct task_names *n, int32_t id)
{
    while (n->nr <= id) {
        if (n->nr == n->size) {
            n->size = MAX(64, 2 * n->size);
            n->tasks = g_renew(struct named, n->tasks, (gsize)n->size);
        }
        add(n, n->nr);
        n->nr++;
    }
    return &n->tasks[id];
}

const char *task_names_get(struct task_names *n, int32_t id)
{
    return get(n, id)->name;
}

const char *task_names_group(struct task_names *n, int32_t id)
{
    return get(n, id)->group;
}

uint64_t task_names_hash(struct task_names *n, int32_t id)
{
    return get(n, id)->hash;
}

int32_t task_names_nr(const struct task_names *n)
{
    return n->nr;
}

/* A queue stands in the one above it through an entity. */
int32_t task_cgroups(int32_t id, int32_t *ret, int32_t max, void *k)
{
    const struct numasim_queue *q = task_pub(kernel_task(k, id))->se.queue;
    int32_t nr = 0;

    while (q != NULL && q->parent != NULL && nr < max) {
        ret[nr++] = q->cgroup;
        q = q->parent->queue;
    }
    return nr;
}
