/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/account.h"

#include <glib.h>

static const struct {
    const char *name, *phrase;
} kind_texts[NR_ACCOUNT_KINDS] = {
    [ACCOUNT_FULL] = {"full", "running at full speed"},
    [ACCOUNT_SMT] = {"smt", "slowed by SMT siblings"},
    [ACCOUNT_COLD] = {"cold", "slowed by cold caches"},
    [ACCOUNT_REMOTE] = {"remote", "slowed by remote memory"},
    [ACCOUNT_BANDWIDTH] = {"bandwidth", "slowed by memory bandwidth"},
    [ACCOUNT_TLB] = {"tlb", "slowed by TLB misses"},
    [ACCOUNT_KERNEL] = {"kernel", "in the kernel"},
    [ACCOUNT_WAITING] = {"waiting", "waiting for a CPU"},
    [ACCOUNT_THROTTLED] = {"throttled", "throttled by a quota"},
    [ACCOUNT_COMING] = {"coming", "on the way to a CPU"},
    [ACCOUNT_BLOCKED] = {"blocked", "blocked"},
    [ACCOUNT_UNBORN] = {"unborn", "not started"},
};

struct task_state {
    enum account_state state;
    int32_t cpu;
    int32_t next, prev; /* among those that wait on its CPU, throttled or not; -1 ends */
    int64_t since_ns, end_ns;
    int64_t kinds[NR_ACCOUNT_KINDS];
};

struct account {
    struct account_config config;
    struct rate_clock *clock;
    struct throttled *throttled;
    struct task_state *tasks; /* [tasks_size] */
    int32_t nr_tasks, tasks_size;
    int32_t *first_waiting; /* [nr_cpus] task, -1 none */
};

const char *account_kind_name(enum account_kind kind)
{
    return kind_texts[kind].name;
}

const char *account_kind_phrase(enum account_kind kind)
{
    return kind_texts[kind].phrase;
}

/* ------------------------------------------------------------------------------------------- */
/* Spans                                                                                        */

static struct task_state *task_of(struct account *a, int32_t id)
{
    if (id >= a->tasks_size) {
        int32_t from = a->tasks_size;

        a->tasks_size = MAX(id + 1, MAX(64, 2 * from));
        a->tasks = g_renew(struct task_state, a->tasks, (gsize)a->tasks_size);
        for (int32_t i = from; i < a->tasks_size; i++) {
            a->tasks[i] = (struct task_state){.state = ACCOUNT_IS_UNBORN, .cpu = -1, .end_ns = -1};
        }
    }
    a->nr_tasks = MAX(a->nr_tasks, id + 1);
    return &a->tasks[id];
}

static void tell(struct account *a, struct task_state *t, const struct account_span *s)
{
    if (s->to_ns > s->from_ns) {
        for (int i = 0; i < NR_ACCOUNT_KINDS; i++) {
            t->kinds[i] += s->kinds[i];
        }
        if (a->config.span != NULL) {
            a->config.span(s, a->config.data);
        }
    }
}

/* A stretch of running ended. */
static void ran(const struct rate_stretch *r, void *data)
{
    struct account *a = data;
    struct task_state *t = task_of(a, r->task);
    struct account_span s = {.task = r->task,
                             .state = ACCOUNT_IS_RUNNING,
                             .cpu = r->cpu,
                             .by = -1,
                             .from_ns = r->from_ns,
                             .to_ns = r->to_ns};

    for (int i = 0; i < NR_RATE_PARTS; i++) {
        s.kinds[ACCOUNT_FULL + i] = r->parts[i];
    }
    s.kinds[ACCOUNT_KERNEL] = r->overhead_ns;
    t->since_ns = r->to_ns;
    tell(a, t, &s);
}

/* What @t is ends at @now_ns; the clock of rates tells of what ran. */
static void end_span(struct account *a, struct task_state *t, int64_t now_ns, int32_t by)
{
    static const enum account_kind kinds[] = {
        [ACCOUNT_IS_UNBORN] = ACCOUNT_UNBORN,       [ACCOUNT_IS_BLOCKED] = ACCOUNT_BLOCKED,
        [ACCOUNT_IS_COMING] = ACCOUNT_COMING,       [ACCOUNT_IS_WAITING] = ACCOUNT_WAITING,
        [ACCOUNT_IS_THROTTLED] = ACCOUNT_THROTTLED,
    };
    struct account_span s = {.task = (int32_t)(t - a->tasks),
                             .state = t->state,
                             .cpu = t->cpu,
                             .by = by,
                             .from_ns = t->since_ns,
                             .to_ns = now_ns};

    if (t->state == ACCOUNT_IS_RUNNING || t->state == ACCOUNT_IS_DEAD) {
        return;
    }
    s.kinds[kinds[t->state]] = now_ns - t->since_ns;
    t->since_ns = now_ns;
    tell(a, t, &s);
}

/* ------------------------------------------------------------------------------------------- */
/* Those that wait on a CPU                                                                     */

static bool waits(const struct task_state *t)
{
    return t->state == ACCOUNT_IS_WAITING || t->state == ACCOUNT_IS_THROTTLED;
}

static void tell_state(struct account *a, const struct task_state *t, enum account_state state,
                       int32_t cpu, int64_t now_ns)
{
    if (a->config.state != NULL) {
        a->config.state((int32_t)(t - a->tasks), t->state, state, cpu, now_ns, a->config.data);
    }
}

static void set_state(struct account *a, struct task_state *t, enum account_state state,
                      int32_t cpu, int64_t now_ns, int32_t by)
{
    end_span(a, t, now_ns, by);
    if (waits(t)) {
        if (t->prev >= 0) {
            a->tasks[t->prev].next = t->next;
        } else {
            a->first_waiting[t->cpu] = t->next;
        }
        if (t->next >= 0) {
            a->tasks[t->next].prev = t->prev;
        }
    }
    tell_state(a, t, state, cpu, now_ns);
    t->state = state;
    t->cpu = cpu;
    t->since_ns = now_ns;
}

/* @t, which waits nowhere, waits on @cpu from now on. */
static void wait_on(struct account *a, struct task_state *t, int32_t cpu, int64_t now_ns,
                    int32_t by)
{
    int32_t id = (int32_t)(t - a->tasks);

    set_state(a, t,
              throttled_holds(a->throttled, id, cpu) ? ACCOUNT_IS_THROTTLED : ACCOUNT_IS_WAITING,
              cpu, now_ns, by);
    t->prev = -1;
    t->next = a->first_waiting[cpu];
    if (t->next >= 0) {
        a->tasks[t->next].prev = id;
    }
    a->first_waiting[cpu] = id;
}

static void throttle(struct account *a, const struct tp_event *e)
{
    if (!throttled_event(a->throttled, e)) {
        return;
    }
    for (int32_t id = a->first_waiting[e->cpu]; id >= 0; id = a->tasks[id].next) {
        struct task_state *t = &a->tasks[id];
        enum account_state state =
            throttled_holds(a->throttled, id, e->cpu) ? ACCOUNT_IS_THROTTLED : ACCOUNT_IS_WAITING;

        if (state != t->state) {
            end_span(a, t, e->time_ns, -1);
            tell_state(a, t, state, e->cpu, e->time_ns);
            t->state = state;
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

static void leave(struct account *a, struct task_state *t, const struct tp_event *e)
{
    switch ((enum task_leave)e->a) {
    case LEAVE_BLOCKED:
        set_state(a, t, ACCOUNT_IS_BLOCKED, e->cpu, e->time_ns, -1);
        break;
    case LEAVE_EXITED:
        set_state(a, t, ACCOUNT_IS_DEAD, e->cpu, e->time_ns, -1);
        t->end_ns = e->time_ns;
        break;
    case LEAVE_PREEMPTED:
    case LEAVE_YIELDED:
    case LEAVE_THROTTLED:
        wait_on(a, t, e->cpu, e->time_ns, -1);
        break;
    case LEAVE_IDLE:
        break;
    }
}

static void switched(struct account *a, const struct tp_event *e)
{
    rate_clock_event(a->clock, e);
    if (e->other >= 0) {
        leave(a, task_of(a, e->other), e);
    }
    if (e->task >= 0) {
        struct task_state *t = task_of(a, e->task);

        set_state(a, t, ACCOUNT_IS_RUNNING, e->cpu, e->time_ns, e->other);
    }
}

static void migrated(struct account *a, const struct tp_event *e)
{
    struct task_state *t = task_of(a, e->task);

    if (waits(t)) {
        wait_on(a, t, e->other, e->time_ns, -1);
    } else if (t->state == ACCOUNT_IS_BLOCKED || t->state == ACCOUNT_IS_COMING) {
        t->cpu = e->other;
    }
}

static void waking(struct account *a, const struct tp_event *e)
{
    struct task_state *t = task_of(a, e->task);

    if (t->state == ACCOUNT_IS_BLOCKED) {
        set_state(a, t, ACCOUNT_IS_COMING, (int32_t)e->b, e->time_ns, e->other);
    }
}

static void woken(struct account *a, const struct tp_event *e)
{
    struct task_state *t = task_of(a, e->task);

    if (t->state == ACCOUNT_IS_BLOCKED || t->state == ACCOUNT_IS_COMING ||
        t->state == ACCOUNT_IS_UNBORN) {
        wait_on(a, t, e->cpu, e->time_ns, -1);
    }
}

uint64_t account_mask(void)
{
    return rate_clock_mask() | UINT64_C(1) << TP_SCHED_WAKING | UINT64_C(1) << TP_SCHED_WAKEUP |
           UINT64_C(1) << TP_SCHED_WAKEUP_NEW | UINT64_C(1) << TP_SCHED_MIGRATE_TASK |
           UINT64_C(1) << TP_SCHED_PROCESS_FORK | UINT64_C(1) << TP_CGROUP_THROTTLE;
}

void account_event(const struct tp_event *e, void *data)
{
    struct account *a = data;

    switch ((enum tracepoint)e->type) {
    case TP_SCHED_SWITCH:
        switched(a, e);
        break;
    case TP_SCHED_WAKING:
        waking(a, e);
        break;
    case TP_SCHED_WAKEUP:
    case TP_SCHED_WAKEUP_NEW:
        woken(a, e);
        break;
    case TP_SCHED_MIGRATE_TASK:
        migrated(a, e);
        break;
    case TP_SCHED_PROCESS_FORK:
        task_of(a, e->task);
        break;
    case TP_CGROUP_THROTTLE:
        throttle(a, e);
        break;
    default:
        rate_clock_event(a->clock, e);
        break;
    }
}

/* ------------------------------------------------------------------------------------------- */

struct account *account_new(const struct account_config *config)
{
    struct account *a = g_new0(struct account, 1);

    a->config = *config;
    a->clock = rate_clock_new(config->nr_cpus, ran, a);
    a->throttled = throttled_new(config->nr_cpus, config->cgroups, config->cgroups_data);
    a->first_waiting = g_new(int32_t, (gsize)config->nr_cpus);
    for (int32_t i = 0; i < config->nr_cpus; i++) {
        a->first_waiting[i] = -1;
    }
    return a;
}

void account_free(struct account *a)
{
    if (a != NULL) {
        rate_clock_free(a->clock);
        throttled_free(a->throttled);
        g_free(a->tasks);
        g_free(a->first_waiting);
        g_free(a);
    }
}

void account_cut(struct account *a, int64_t now_ns, const struct cpu_times *times)
{
    rate_clock_cut(a->clock, now_ns, times);
    for (int32_t i = 0; i < a->nr_tasks; i++) {
        end_span(a, &a->tasks[i], now_ns, -1);
    }
}

int32_t account_nr_tasks(const struct account *a)
{
    return a->nr_tasks;
}

const int64_t *account_kinds(const struct account *a, int32_t id)
{
    return a->tasks[id].kinds;
}

int64_t account_end_ns(const struct account *a, int32_t id)
{
    return a->tasks[id].end_ns;
}
