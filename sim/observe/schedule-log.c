/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/schedule-log.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/time.h"

enum { NR_DECISIONS = 8, MAX_DECISIONS = 6, MAX_QUEUES = 8 };

/* A decision of the last so many. */
struct heard {
    int64_t time_ns;
    char *text;
};

struct schedule_log {
    struct kernel *kernel;
    struct task_names *names;
    int64_t block; /* to keep; -1 none */
    uint64_t chain, nr_events;
    GArray *blocks; /* uint64_t */
    GArray *kept;   /* struct schedule_event */
    uint64_t first_kept;
    struct heard heard[NR_DECISIONS];
    uint32_t nr_heard, heard_before; /* ever; up to the event before */
};

/* ------------------------------------------------------------------------------------------- */
/* Hashes                                                                                       */

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ (h >> 32);
}

static uint64_t hash_of_task(struct schedule_log *l, int32_t id)
{
    return id >= 0 ? task_names_hash(l->names, id) : 0;
}

/* What @e says but for its time. */
static uint64_t what_of(struct schedule_log *l, const struct tp_event *e)
{
    uint64_t h = mix(mix(1, e->type), (uint64_t)(uint32_t)e->cpu);

    switch ((enum tracepoint)e->type) {
    case TP_SCHED_SWITCH:
        h = mix(mix(h, hash_of_task(l, e->task)), hash_of_task(l, e->other));
        return mix(h, (uint64_t)e->a);
    case TP_SCHED_WAKING:
        return mix(mix(h, hash_of_task(l, e->task)), (uint64_t)e->b);
    case TP_SCHED_MIGRATE_TASK:
        h = mix(mix(h, hash_of_task(l, e->task)), (uint64_t)(uint32_t)e->other);
        return mix(h, (uint64_t)e->a);
    case TP_MM_MIGRATE_PAGES:
        h = mix(mix(h, (uint64_t)(uint32_t)e->other), (uint64_t)e->a);
        return mix(mix(h, (uint64_t)e->b), (uint64_t)e->c);
    default:
        return mix(h, hash_of_task(l, e->task));
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Words                                                                                        */

static const char *name_of(struct schedule_log *l, int32_t id)
{
    return id >= 0 ? task_names_get(l->names, id) : "idle";
}

static char *text_of(struct schedule_log *l, const struct tp_event *e)
{
    static const char *const leaves[] = {"",       "was preempted", "blocked",
                                         "exited", "yielded",       "was throttled"};
    static const char *const reasons[] = {"wakeup", "fork",     "exec",   "balance",
                                          "active", "affinity", "hotplug"};
    const char *point = tracepoint_name((enum tracepoint)e->type);

    switch ((enum tracepoint)e->type) {
    case TP_SCHED_SWITCH:
        return e->other >= 0
                   ? g_strdup_printf("%s: CPU %d runs %s after %s, which %s", point, e->cpu,
                                     name_of(l, e->task), name_of(l, e->other), leaves[e->a])
                   : g_strdup_printf("%s: CPU %d runs %s", point, e->cpu, name_of(l, e->task));
    case TP_SCHED_WAKING:
        return g_strdup_printf("%s: %s wakes %s for CPU %d", point,
                               e->other >= 0 ? name_of(l, e->other) : "a timer",
                               name_of(l, e->task), (int)e->b);
    case TP_SCHED_MIGRATE_TASK:
        return g_strdup_printf("%s: %s moves from CPU %d to CPU %d, by %s", point,
                               name_of(l, e->task), e->cpu, e->other, reasons[e->a]);
    case TP_MM_MIGRATE_PAGES:
        return g_strdup_printf("%s: %d pages of a region move from node %d to node %d", point,
                               (int)e->c, (int)e->a, (int)e->b);
    default:
        return g_strdup_printf("%s: %s on CPU %d", point, name_of(l, e->task), e->cpu);
    }
}

/* "balance.select_cpu of linux-balance for p/t#0 on CPU 1 chose 3 (idle-core); nr_idle=2" */
static char *decision_text(struct schedule_log *l, const struct tp_event *e)
{
    const struct tp_decision *d = (const struct tp_decision *)(uintptr_t)e->a;
    GString *s = g_string_new(NULL);

    g_string_append_printf(s, "%s of %s", d->callback, d->plugin);
    if (e->task >= 0) {
        g_string_append_printf(s, " for %s", name_of(l, e->task));
    }
    g_string_append_printf(s, " on CPU %d", e->cpu);
    if (strcmp(d->callback, "queue.pick") != 0 && strcmp(d->callback, "balance.left") != 0) {
        g_string_append_printf(s, " chose %d", d->record.chosen);
    }
    if (d->reason != NULL) {
        g_string_append_printf(s, " (%s)", d->reason);
    }
    for (uint32_t i = 0; i < d->record.nr_quantities; i++) {
        g_string_append_printf(s, "%s %s=%" G_GINT64_FORMAT, i == 0 ? ";" : ",",
                               d->record.quantities[i].name, d->record.quantities[i].value);
    }
    return g_string_free(s, FALSE);
}

/* "idle 0-2; waiting on CPU 4: 2, ..." */
static char *queues_text(struct schedule_log *l)
{
    int32_t nr_cpus = kernel_machine(l->kernel)->nr_cpus, shown = 0, more = 0;
    uint64_t *idle = bitmap_new((uint32_t)nr_cpus);
    GString *s = g_string_new("idle CPUs: ");

    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        if (kernel_cpu(l->kernel, cpu)->nr_running == 0) {
            bitmap_set(idle, (uint32_t)cpu);
        }
    }
    g_autofree char *list = bitmap_to_list(idle, (uint32_t)nr_cpus);

    g_string_append(s, list[0] != '\0' ? list : "none");
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        uint32_t nr = kernel_cpu(l->kernel, cpu)->nr_running;

        if (nr > 1 && shown++ < MAX_QUEUES) {
            g_string_append_printf(s, "%s %u on CPU %d", shown == 1 ? "; tasks:" : ",", nr, cpu);
        }
        more += nr > 1 && shown > MAX_QUEUES;
    }
    if (more > 0) {
        g_string_append_printf(s, " and %d CPUs more with several", more);
    }
    g_free(idle);
    return g_string_free(s, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

static bool is_kept(const struct schedule_log *l)
{
    int64_t block = (int64_t)(l->nr_events / SCHEDULE_BLOCK);

    return l->block >= 0 && (block == l->block || block == l->block - 1);
}

static void hear(struct schedule_log *l, const struct tp_event *e)
{
    struct heard *h = &l->heard[l->nr_heard++ % NR_DECISIONS];

    g_free(h->text);
    *h = (struct heard){e->time_ns, decision_text(l, e)};
}

/* What was decided since the event before, in order, one to a line and no more than the last MAX_DECISIONS;
 * those of another time than @e's with it. Newly allocated, or NULL. */
static char *decisions_before(const struct schedule_log *l, const struct tp_event *e)
{
    uint32_t nr = MIN(l->nr_heard - l->heard_before, MAX_DECISIONS);
    GString *s = g_string_new(NULL);

    for (uint32_t back = nr; back > 0; back--) {
        const struct heard *h = &l->heard[(l->nr_heard - back) % NR_DECISIONS];

        g_string_append_printf(s, "%s%s", s->len > 0 ? "\n" : "", h->text);
        if (h->time_ns != e->time_ns) {
            g_string_append_printf(s, ", at %" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT "s",
                                   h->time_ns / NSEC_PER_SEC, h->time_ns % NSEC_PER_SEC);
        }
    }
    return g_string_free(s, nr == 0);
}

static void keep(struct schedule_log *l, const struct tp_event *e, uint64_t hash, uint64_t what)
{
    struct schedule_event kept = {
        .hash = hash,
        .what = what,
        .time_ns = e->time_ns,
        .cpu = e->cpu,
        .task =
            e->task >= 0 && e->type != TP_MM_MIGRATE_PAGES ? g_strdup(name_of(l, e->task)) : NULL,
        .text = text_of(l, e),
        .decisions = decisions_before(l, e),
        .queues = queues_text(l),
    };

    if (l->kept->len == 0) {
        l->first_kept = l->nr_events;
    }
    g_array_append_val(l->kept, kept);
}

static void log_event(const struct tp_event *e, void *data)
{
    struct schedule_log *l = data;

    if (e->type == TP_DECISION) {
        if (is_kept(l)) {
            hear(l, e);
        }
        return;
    }
    uint64_t what = what_of(l, e), hash = mix(what, (uint64_t)e->time_ns);

    if (is_kept(l)) {
        keep(l, e, hash, what);
    }
    l->heard_before = l->nr_heard;
    l->chain = mix(l->chain, hash);
    if (++l->nr_events % SCHEDULE_BLOCK == 0) {
        g_array_append_val(l->blocks, l->chain);
    }
}

struct schedule_log *schedule_log_new(struct kernel *k, struct task_names *names, int64_t block)
{
    struct schedule_log *l = g_new0(struct schedule_log, 1);
    uint64_t mask = UINT64_C(1) << TP_SCHED_SWITCH | UINT64_C(1) << TP_SCHED_WAKING |
                    UINT64_C(1) << TP_SCHED_WAKEUP_NEW | UINT64_C(1) << TP_SCHED_MIGRATE_TASK |
                    UINT64_C(1) << TP_SCHED_MOVE_NUMA | UINT64_C(1) << TP_MM_MIGRATE_PAGES;

    *l = (struct schedule_log){.kernel = k, .names = names, .block = block};
    l->blocks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    l->kept = g_array_new(FALSE, FALSE, sizeof(struct schedule_event));
    kernel_listen(k, mask | (block >= 0 ? UINT64_C(1) << TP_DECISION : 0), log_event, l);
    return l;
}

void schedule_log_free(struct schedule_log *l)
{
    if (l == NULL) {
        return;
    }
    for (guint i = 0; i < l->kept->len; i++) {
        struct schedule_event *e = &g_array_index(l->kept, struct schedule_event, i);

        g_free(e->task);
        g_free(e->text);
        g_free(e->decisions);
        g_free(e->queues);
    }
    for (int i = 0; i < NR_DECISIONS; i++) {
        g_free(l->heard[i].text);
    }
    g_array_unref(l->kept);
    g_array_unref(l->blocks);
    g_free(l);
}

const GArray *schedule_log_finish(struct schedule_log *l)
{
    if (l->nr_events % SCHEDULE_BLOCK != 0) {
        g_array_append_val(l->blocks, l->chain);
    }
    return l->blocks;
}

uint64_t schedule_log_nr_events(const struct schedule_log *l)
{
    return l->nr_events;
}

const struct schedule_event *schedule_log_events(const struct schedule_log *l, uint32_t *ret_nr,
                                                 uint64_t *ret_first)
{
    *ret_nr = l->kept->len;
    *ret_first = l->first_kept;
    return (const struct schedule_event *)(void *)l->kept->data;
}
