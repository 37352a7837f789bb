/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/sched-map.h"

struct name {
    char letters[3];
};

struct sched_map {
    int32_t nr_cpus;
    const struct name **curr; /* [nr_cpus]; NULL: nothing is known of it yet */
    GHashTable *names;        /* PID -> struct name */
    char next[2];
};

static const struct name idle_name = {". "};

struct sched_map *sched_map_new(int32_t nr_cpus)
{
    struct sched_map *m = g_new0(struct sched_map, 1);

    m->nr_cpus = nr_cpus;
    m->curr = g_new0(const struct name *, (gsize)nr_cpus);
    m->names = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    m->next[0] = 'A';
    m->next[1] = '0';
    return m;
}

void sched_map_free(struct sched_map *m)
{
    if (m == NULL) {
        return;
    }
    g_free(m->curr);
    g_hash_table_unref(m->names);
    g_free(m);
}

/* A0..Z0, A1..Z9, and A0 again. */
static const struct name *name_of(struct sched_map *m, int32_t pid, bool *ret_new)
{
    struct name *name = g_hash_table_lookup(m->names, GINT_TO_POINTER(pid));

    *ret_new = false;
    if (pid == 0) {
        return &idle_name;
    }
    if (name == NULL) {
        name = g_new0(struct name, 1);
        name->letters[0] = m->next[0];
        name->letters[1] = m->next[1];
        g_hash_table_insert(m->names, GINT_TO_POINTER(pid), name);
        *ret_new = true;
        if (m->next[0] < 'Z') {
            m->next[0]++;
        } else {
            m->next[0] = 'A';
            m->next[1] = (char)(m->next[1] < '9' ? m->next[1] + 1 : '0');
        }
    }
    return name;
}

void sched_map_event(struct sched_map *m, const struct ftrace_event *e, bool shown, GString *out)
{
    bool is_new = false;

    if (e->kind != FTRACE_SWITCH || e->cpu >= m->nr_cpus) {
        return;
    }
    if (shown || e->other.pid == 0) {
        m->curr[e->cpu] = name_of(m, e->other.pid, &is_new);
    }
    if (!shown) {
        return;
    }
    g_string_append(out, "  ");
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_string_append_printf(out, "%c%2s ", cpu == e->cpu ? '*' : ' ',
                               m->curr[cpu] != NULL ? m->curr[cpu]->letters : "");
    }
    g_string_append_printf(out, "  %5" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT " secs ",
                           e->time_ns / 1000000000, e->time_ns / 1000 % 1000000);
    if (is_new) {
        g_string_append_printf(out, "%s => %s:%d", m->curr[e->cpu]->letters,
                               e->other.comm != NULL ? e->other.comm : "", e->other.pid);
    }
    g_string_append_c(out, '\n');
}
