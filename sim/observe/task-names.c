/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/task-names.h"

#include <glib.h>
#include <string.h>

#include "base/rng.h"

enum { MAX_ANCESTORS = 64 }; /* bytes of a name that are those of its parent */

struct named {
    char *name;
    const char *group; /* a key of groups */
    uint64_t hash;
};

struct task_names {
    const struct kernel *kernel;
    GHashTable *groups; /* char *, each once; only looked up */
    GHashTable *seen;   /* name without its number, char * -> how many so far; only looked up */
    struct named *tasks;
    int32_t nr, size;
};

struct task_names *task_names_new(const struct kernel *k)
{
    struct task_names *n = g_new0(struct task_names, 1);

    n->kernel = k;
    n->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
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
    g_hash_table_unref(n->groups);
    g_hash_table_unref(n->seen);
    g_free(n);
}

/* @group, taken, or the same that there is already. */
static const char *intern(struct task_names *n, char *group)
{
    gpointer key;

    if (g_hash_table_lookup_extended(n->groups, group, &key, NULL)) {
        g_free(group);
        return key;
    }
    g_hash_table_add(n->groups, group);
    return group;
}

/* How many tasks had the name @stem before. */
static int32_t count(struct task_names *n, const char *stem)
{
    int32_t nr = GPOINTER_TO_INT(g_hash_table_lookup(n->seen, stem));

    g_hash_table_insert(n->seen, g_strdup(stem), GINT_TO_POINTER(nr + 1));
    return nr;
}

/* The name of the task @t, which @parent made, without its number. */
static char *stem_of(const struct named *parent, const struct numasim_task *t, bool same_process,
                     const char *group)
{
    if (parent == NULL) {
        return g_strdup(group);
    }
    g_autofree char *number = g_strdup_printf("~%016" G_GINT64_MODIFIER "x", parent->hash);
    const char *before = strlen(parent->name) <= MAX_ANCESTORS ? parent->name : number;

    return g_strconcat(before, ">", same_process ? t->comm : group, NULL);
}

static void add(struct task_names *n, int32_t id)
{
    const struct numasim_task *t = task_pub(kernel_task(n->kernel, id));
    int32_t by = task_parent(kernel_task(n->kernel, id));
    const struct named *parent = by >= 0 ? &n->tasks[by] : NULL;
    bool same_process = by >= 0 && task_pub(kernel_task(n->kernel, by))->process == t->process;
    struct named *named = &n->tasks[id];

    named->group = intern(
        n, g_strdup_printf("%s/%s", t->process != NULL ? t->process->name : "kernel", t->comm));
    g_autofree char *stem = stem_of(parent, t, same_process, named->group);

    named->name = g_strdup_printf("%s#%d", stem, count(n, stem));
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
