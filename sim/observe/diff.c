/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/diff.h"

#include <stdlib.h>
#include <string.h>

/* How far a task came. */
struct progress {
    int64_t slept;    /* times that it went to sleep */
    int64_t awake_ns; /* of its time until then it was awake */
    int64_t wanted;   /* position to keep; -1 none */
    bool kept;        /* it came there */
    int64_t kinds[NR_ACCOUNT_KINDS];
};

struct diff_pass {
    struct task_names *names;
    struct schedule_log *log;
    const GArray *blocks;
    struct account *account;
    const struct diff_wants *wants; /* NULL: the first pass */
    struct progress *tasks;         /* [nr_tasks] */
    int32_t nr_tasks;
    /* group -> (waker's group -> int64_t *), of time up to the position; both by address, which only finds */
    GHashTable *blocked;
    int64_t end_ns;
};

/* ------------------------------------------------------------------------------------------- */
/* Listening                                                                                    */

static struct progress *progress_of(struct diff_pass *p, int32_t id)
{
    if (id >= p->nr_tasks) {
        int32_t from = p->nr_tasks;

        p->nr_tasks = MAX(id + 1, MAX(64, 2 * from));
        p->tasks = g_renew(struct progress, p->tasks, (gsize)p->nr_tasks);
        for (int32_t i = from; i < p->nr_tasks; i++) {
            p->tasks[i] = (struct progress){.wanted = -2};
        }
    }
    struct progress *t = &p->tasks[id];

    if (t->wanted == -2) {
        const int64_t *wanted = p->wants != NULL ? g_hash_table_lookup(p->wants->positions,
                                                                       task_names_get(p->names, id))
                                                 : NULL;

        t->wanted = wanted != NULL ? *wanted : -1;
    }
    return t;
}

/* Of its time so far, how long task @id existed and was not blocked. */
static int64_t awake_ns(const struct diff_pass *p, int32_t id)
{
    const int64_t *kinds = account_kinds(p->account, id);
    int64_t sum_ns = 0;

    for (int kind = 0; kind < ACCOUNT_BLOCKED; kind++) {
        sum_ns += kinds[kind];
    }
    return sum_ns;
}

static void reach(struct diff_pass *p, int32_t id, struct progress *t)
{
    t->kept = true;
    memcpy(t->kinds, account_kinds(p->account, id), sizeof(t->kinds));
}

/* The account has heard of the switch already: its listener came first. */
static void listen(const struct tp_event *e, void *data)
{
    struct diff_pass *p = data;

    if (e->other < 0) {
        return;
    }
    struct progress *t = progress_of(p, e->other);

    if (e->a == LEAVE_BLOCKED) {
        t->slept++;
        t->awake_ns = awake_ns(p, e->other);
    }
    if ((e->a == LEAVE_BLOCKED && t->slept == t->wanted) ||
        (e->a == LEAVE_EXITED && t->wanted == DIFF_END)) {
        reach(p, e->other, t);
    }
}

static const char *group_of(struct diff_pass *p, int32_t id)
{
    return id >= 0 ? task_names_group(p->names, id) : "a timer";
}

static void span(const struct account_span *s, void *data)
{
    struct diff_pass *p = data;

    if (s->state != ACCOUNT_IS_BLOCKED || p->wants == NULL || progress_of(p, s->task)->wanted < 0 ||
        progress_of(p, s->task)->kept) {
        return;
    }
    const char *group = group_of(p, s->task), *waker = group_of(p, s->by);
    GHashTable *wakers = g_hash_table_lookup(p->blocked, group);

    if (wakers == NULL) {
        wakers = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
        g_hash_table_insert(p->blocked, (gpointer)group, wakers);
    }
    int64_t *sum = g_hash_table_lookup(wakers, waker);

    if (sum == NULL) {
        sum = g_new0(int64_t, 1);
        g_hash_table_insert(wakers, (gpointer)waker, sum);
    }
    *sum += s->to_ns - s->from_ns;
}

struct diff_pass *diff_pass_new(struct kernel *k, const struct diff_wants *wants)
{
    struct diff_pass *p = g_new0(struct diff_pass, 1);

    p->wants = wants;
    p->names = task_names_new(k);
    p->blocked = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                       (GDestroyNotify)g_hash_table_unref);
    p->account = account_new(&(struct account_config){.nr_cpus = kernel_machine(k)->nr_cpus,
                                                      .cgroups = task_cgroups,
                                                      .cgroups_data = k,
                                                      .span = span,
                                                      .data = p});
    kernel_listen(k, account_mask(), account_event, p->account);
    kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH, listen, p);
    p->log = schedule_log_new(k, p->names, wants != NULL ? wants->block : -1);
    return p;
}

void diff_pass_finish(struct diff_pass *p, const struct kernel *k)
{
    int32_t nr_cpus = kernel_machine(k)->nr_cpus;
    g_autofree struct cpu_times *times = g_new(struct cpu_times, (gsize)nr_cpus);

    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        times[cpu] = kernel_cpu_times(k, cpu);
    }
    p->end_ns = kernel_now_ns(k);
    account_cut(p->account, p->end_ns, times);
    p->blocks = schedule_log_finish(p->log);
    for (int32_t id = 0; id < account_nr_tasks(p->account); id++) {
        struct progress *t = progress_of(p, id);

        task_names_get(p->names, id);
        if (t->wanted == DIFF_END && !t->kept) {
            reach(p, id, t);
        }
    }
}

void diff_pass_free(struct diff_pass *p)
{
    if (p != NULL) {
        schedule_log_free(p->log);
        account_free(p->account);
        task_names_free(p->names);
        g_hash_table_unref(p->blocked);
        g_free(p->tasks);
        g_free(p);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* From the first pass to the second                                                            */

/* The first block whose hash differs, or -1. */
static int64_t parting_block(const GArray *a, const GArray *b)
{
    for (guint i = 0; i < MAX(a->len, b->len); i++) {
        if (i >= a->len || i >= b->len ||
            g_array_index(a, uint64_t, i) != g_array_index(b, uint64_t, i)) {
            return i;
        }
    }
    return -1;
}

static bool has_ended(const struct diff_pass *p, int32_t id)
{
    return account_end_ns(p->account, id) >= 0;
}

/* That the task was awake for longer since it last slept than until then. */
static bool stayed_awake(const struct diff_pass *p, int32_t id)
{
    return awake_ns(p, id) > 2 * p->tasks[id].awake_ns;
}

/* Where @a's task and @b's of the same name can be compared. */
static int64_t common_position(const struct diff_pass *a, int32_t in_a, const struct diff_pass *b,
                               int32_t in_b)
{
    bool ended_a = has_ended(a, in_a), ended_b = has_ended(b, in_b);
    int64_t slept_a = a->tasks[in_a].slept, slept_b = b->tasks[in_b].slept;

    if (ended_a && ended_b) {
        return DIFF_END;
    }
    /* One that has ended did all of its work: as often as it slept. */
    int64_t common = MIN(slept_a, slept_b);

    /* What came after the last common sleep would not be seen: the end of the run tells more. */
    if (common == 0 || (slept_a == common && stayed_awake(a, in_a)) ||
        (slept_b == common && stayed_awake(b, in_b))) {
        return DIFF_END;
    }
    return common;
}

/* name -> id + 1 */
static GHashTable *ids_of(const struct diff_pass *p)
{
    GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);

    for (int32_t id = 0; id < account_nr_tasks(p->account); id++) {
        g_hash_table_insert(ids, (gpointer)task_names_get(p->names, id), GINT_TO_POINTER(id + 1));
    }
    return ids;
}

struct diff_wants diff_wants_of(const struct diff_pass *base, const struct diff_pass *new_)
{
    g_autoptr(GHashTable) ids = ids_of(new_);
    struct diff_wants wants = {
        .block = parting_block(base->blocks, new_->blocks),
        .positions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };

    for (int32_t id = 0; id < account_nr_tasks(base->account); id++) {
        const char *name = task_names_get(base->names, id);
        int32_t other = GPOINTER_TO_INT(g_hash_table_lookup(ids, name)) - 1;

        if (other >= 0) {
            int64_t *position = g_new(int64_t, 1);

            *position = common_position(base, id, new_, other);
            g_hash_table_insert(wants.positions, g_strdup(name), position);
        }
    }
    return wants;
}

void diff_wants_release(struct diff_wants *wants)
{
    g_clear_pointer(&wants->positions, g_hash_table_unref);
}

/* ------------------------------------------------------------------------------------------- */
/* Where the schedules part                                                                     */

static void find_parting(struct diff *d, const struct diff_pass *base, const struct diff_pass *new_)
{
    uint32_t nr[2];
    uint64_t first[2];
    const struct schedule_event *a = schedule_log_events(base->log, &nr[0], &first[0]);
    const struct schedule_event *b = schedule_log_events(new_->log, &nr[1], &first[1]);

    for (uint32_t i = 0; i < MAX(nr[0], nr[1]); i++) {
        d->events[0] = i < nr[0] ? &a[i] : NULL;
        d->events[1] = i < nr[1] ? &b[i] : NULL;
        if (d->events[0] == NULL || d->events[1] == NULL || a[i].hash != b[i].hash) {
            d->position = (nr[0] > 0 ? first[0] : first[1]) + i;
            d->later = d->events[0] != NULL && d->events[1] != NULL && a[i].what == b[i].what;
            return;
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Where the time went                                                                          */

static int64_t change_of(const int64_t time_ns[2])
{
    int64_t change = time_ns[1] - time_ns[0];

    return change < 0 ? -change : change;
}

/* By how much all kinds changed: what tells apart that which took as long. */
static int64_t changes_of(const int64_t kinds[2][NR_ACCOUNT_KINDS])
{
    int64_t sum_ns = 0;

    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        int64_t change_ns = kinds[1][kind] - kinds[0][kind];

        sum_ns += change_ns < 0 ? -change_ns : change_ns;
    }
    return sum_ns;
}

static int compare_tasks(const void *pa, const void *pb)
{
    const struct diff_task *a = pa, *b = pb;
    int64_t x = change_of(a->time_ns), y = change_of(b->time_ns);

    if (x == y) {
        x = changes_of(a->kinds);
        y = changes_of(b->kinds);
    }
    return x != y ? (x < y ? 1 : -1) : strcmp(a->name, b->name);
}

static int compare_groups(const void *pa, const void *pb)
{
    const struct diff_group *a = pa, *b = pb;
    int64_t x = change_of(a->time_ns), y = change_of(b->time_ns);

    if (x == y) {
        x = changes_of(a->kinds);
        y = changes_of(b->kinds);
    }
    return x != y ? (x < y ? 1 : -1) : strcmp(a->name, b->name);
}

static int compare_blockers(const void *pa, const void *pb)
{
    const struct diff_blocker *a = *(struct diff_blocker *const *)pa;
    const struct diff_blocker *b = *(struct diff_blocker *const *)pb;
    int64_t x = change_of(a->blocked_ns), y = change_of(b->blocked_ns);

    return x != y ? (x < y ? 1 : -1) : strcmp(a->name, b->name);
}

static void take(struct diff_task *t, int side, const struct diff_pass *p, int32_t id)
{
    t->ended[side] = has_ended(p, id);
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        t->kinds[side][kind] = p->tasks[id].kinds[kind];
        t->time_ns[side] += p->tasks[id].kinds[kind];
    }
}

static struct diff_group *group_named(struct diff *d, const char *name)
{
    struct diff_group new_ = {.name = name};

    for (guint i = 0; i < d->groups->len; i++) {
        struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);

        if (strcmp(g->name, name) == 0) {
            return g;
        }
    }
    new_.blockers = g_ptr_array_new_with_free_func(g_free);
    g_array_append_val(d->groups, new_);
    return &g_array_index(d->groups, struct diff_group, d->groups->len - 1);
}

static void add_to_group(struct diff *d, const struct diff_task *t)
{
    struct diff_group *g = group_named(d, t->group);

    g->nr_tasks++;
    for (int side = 0; side < 2; side++) {
        g->time_ns[side] += t->time_ns[side];
        for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
            g->kinds[side][kind] += t->kinds[side][kind];
        }
    }
}

static void find_tasks(struct diff *d, const struct diff_pass *base, const struct diff_pass *new_,
                       const struct diff_wants *wants)
{
    g_autoptr(GHashTable) ids = ids_of(new_);
    g_autoptr(GHashTable) base_ids = ids_of(base);

    for (int32_t id = 0; id < account_nr_tasks(base->account); id++) {
        struct diff_task t = {.name = task_names_get(base->names, id),
                              .group = task_names_group(base->names, id)};
        int32_t other = GPOINTER_TO_INT(g_hash_table_lookup(ids, t.name)) - 1;

        if (other < 0) {
            g_ptr_array_add(d->only[0], (gpointer)t.name);
            continue;
        }
        t.position = *(const int64_t *)g_hash_table_lookup(wants->positions, t.name);
        take(&t, 0, base, id);
        take(&t, 1, new_, other);
        g_array_append_val(d->tasks, t);
        add_to_group(d, &t);
    }
    for (int32_t id = 0; id < account_nr_tasks(new_->account); id++) {
        const char *name = task_names_get(new_->names, id);

        if (!g_hash_table_contains(base_ids, name)) {
            g_ptr_array_add(d->only[1], (gpointer)name);
        }
    }
}

static struct diff_blocker *blocker_named(struct diff_group *g, const char *name)
{
    struct diff_blocker *b;

    for (guint i = 0; i < g->blockers->len; i++) {
        b = g->blockers->pdata[i];
        if (strcmp(b->name, name) == 0) {
            return b;
        }
    }
    b = g_new0(struct diff_blocker, 1);
    b->name = name;
    g_ptr_array_add(g->blockers, b);
    return b;
}

static void find_blockers(struct diff *d, const struct diff_pass *p, int side)
{
    GHashTableIter groups, wakers;
    gpointer group, table, waker, value;

    g_hash_table_iter_init(&groups, p->blocked);
    while (g_hash_table_iter_next(&groups, &group, &table)) {
        for (guint i = 0; i < d->groups->len; i++) {
            struct diff_group *g = &g_array_index(d->groups, struct diff_group, i);

            if (strcmp(g->name, group) != 0) {
                continue;
            }
            g_hash_table_iter_init(&wakers, table);
            while (g_hash_table_iter_next(&wakers, &waker, &value)) {
                blocker_named(g, waker)->blocked_ns[side] += *(int64_t *)value;
            }
        }
    }
}

struct diff *diff_new(const struct diff_pass *base, const struct diff_pass *new_,
                      const struct diff_wants *wants)
{
    struct diff *d = g_new0(struct diff, 1);

    d->same = wants->block < 0;
    d->tasks = g_array_new(FALSE, FALSE, sizeof(struct diff_task));
    d->groups = g_array_new(FALSE, FALSE, sizeof(struct diff_group));
    d->only[0] = g_ptr_array_new();
    d->only[1] = g_ptr_array_new();
    if (!d->same) {
        find_parting(d, base, new_);
    }
    find_tasks(d, base, new_, wants);
    find_blockers(d, base, 0);
    find_blockers(d, new_, 1);
    g_array_sort(d->tasks, compare_tasks);
    g_array_sort(d->groups, compare_groups);
    for (guint i = 0; i < d->groups->len; i++) {
        g_ptr_array_sort(g_array_index(d->groups, struct diff_group, i).blockers, compare_blockers);
    }
    return d;
}

void diff_free(struct diff *d)
{
    if (d == NULL) {
        return;
    }
    for (guint i = 0; i < d->groups->len; i++) {
        g_ptr_array_unref(g_array_index(d->groups, struct diff_group, i).blockers);
    }
    g_array_unref(d->tasks);
    g_array_unref(d->groups);
    g_ptr_array_unref(d->only[0]);
    g_ptr_array_unref(d->only[1]);
    g_free(d);
}
