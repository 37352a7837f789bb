/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/metrics-private.h"

#include <string.h>

#include "base/bitmap.h"

struct metrics *metrics_new(const struct metrics_config *config)
{
    struct metrics *m = g_new0(struct metrics, 1);

    m->config = *config;
    m->nr_cpus = config->machine->nr_cpus;
    m->nr_nodes = config->machine->nr_nodes;
    m->group_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->all_cpus = bitmap_new((uint32_t)m->nr_cpus);
    bitmap_fill(m->all_cpus, (uint32_t)m->nr_cpus);
    cpu_init(m);
    balanced_init(m);
    memory_init(m);
    load_init(m);
    requests_init(m);
    /* The names are copied by now; do not keep pointers that may go. */
    m->config.arrivals = m->config.counters = NULL;
    return m;
}

void counts_release(struct mcounts *c)
{
    for (int i = 0; i < NR_LATENCIES; i++) {
        hist_release(&c->latency[i]);
    }
    *c = (struct mcounts){0};
}

void metrics_free(struct metrics *m)
{
    if (m == NULL) {
        return;
    }
    for (int32_t i = 0; i < m->nr_groups; i++) {
        g_free(m->groups[i].comm);
        g_free(m->groups[i].process);
        counts_release(&m->groups[i].counts);
    }
    throttled_free(m->throttled);
    balanced_release(m);
    cpu_release(m);
    memory_release(m);
    load_release(m);
    bandwidth_release(m);
    rate_clock_free(m->rate_clock);
    requests_release(m);
    g_hash_table_unref(m->group_ids);
    g_free(m->groups);
    g_free(m->tasks);
    g_free(m->all_cpus);
    g_free(m);
}

/* ------------------------------------------------------------------------------------------- */
/* Tasks                                                                                        */

static int32_t group_of(struct metrics *m, const char *process, const char *comm)
{
    g_autofree char *key = g_strdup_printf("%s\n%s", process, comm);
    int32_t id = GPOINTER_TO_INT(g_hash_table_lookup(m->group_ids, key)) - 1;

    if (id < 0) {
        id = m->nr_groups++;
        m->groups = g_renew(struct mgroup, m->groups, (gsize)m->nr_groups);
        m->groups[id] = (struct mgroup){.comm = g_strdup(comm), .process = g_strdup(process)};
        g_hash_table_insert(m->group_ids, g_steal_pointer(&key), GINT_TO_POINTER(id + 1));
    }
    return id;
}

static void task_first_seen(struct metrics *m, struct mtask *t, int32_t id)
{
    struct metrics_task_info info = {0};

    m->config.task(id, &info, m->config.data);
    t->group = group_of(m, info.process != NULL ? info.process : "kernel", info.comm);
    t->allowed = info.allowed != NULL ? info.allowed : m->all_cpus;
    t->class_ = waste_class(m->waste, t->allowed);
    t->wakeup_ns = t->waking_ns = t->woken_ns = -1;
    m->groups[t->group].tasks++;
}

struct mtask *metrics_task(struct metrics *m, int32_t id)
{
    if (id >= m->tasks_size) {
        int32_t from = m->tasks_size;

        m->tasks_size = MAX(MAX(64, id + 1), from * 2);
        m->tasks = g_renew(struct mtask, m->tasks, (gsize)m->tasks_size);
        for (int32_t i = from; i < m->tasks_size; i++) {
            m->tasks[i] = (struct mtask){.group = -1, .ran_cpu = -1};
        }
    }
    struct mtask *t = &m->tasks[id];

    if (t->group < 0) {
        task_first_seen(m, t, id);
    }
    return t;
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

uint64_t metrics_mask(void)
{
    static const uint8_t wanted[] = {
        TP_SCHED_SWITCH,     TP_SCHED_WAKING,       TP_SCHED_WAKEUP,
        TP_SCHED_WAKEUP_NEW, TP_SCHED_MIGRATE_TASK, TP_SCHED_PROCESS_FORK,
        TP_MM_PAGE_ALLOC,    TP_MM_MIGRATE_PAGES,   TP_MEM_ACCESS,
        TP_REQUEST_ARRIVE,   TP_REQUEST_DONE,       TP_COUNT,
        TP_MEASURE,          TP_CPU_HOTPLUG,        TP_SCHED_PROCESS_EXIT,
        TP_OOM_KILL,         TP_CGROUP_THROTTLE,    TP_CGROUP_PERIOD,
        TP_MEM_LOAD,         TP_NUMA_HINT_FAULT,    TP_MM_PAGE_FREE,
        TP_SCHED_RATE,       TP_RATE_CPU,           TP_RATE_MEMORY,
        TP_COPY_PAGES,       TP_DROP_COPIES,
    };
    uint64_t mask = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        mask |= UINT64_C(1) << wanted[i];
    }
    return mask;
}

/* What memory has to do with. */
static void memory_event(struct metrics *m, const struct tp_event *e)
{
    switch ((enum tracepoint)e->type) {
    case TP_MM_PAGE_ALLOC:
        memory_alloc(m, e);
        break;
    case TP_MM_PAGE_FREE:
        memory_free(m, e);
        break;
    case TP_NUMA_HINT_FAULT:
        memory_fault(m, e);
        break;
    case TP_MM_MIGRATE_PAGES:
        memory_moved(m, e);
        break;
    case TP_MEM_ACCESS:
        memory_access(m, e);
        break;
    case TP_COPY_PAGES:
    case TP_DROP_COPIES:
        memory_copies(m, e);
        break;
    case TP_MEM_LOAD:
        load_event(m, e);
        break;
    case TP_SCHED_RATE:
    case TP_RATE_CPU:
    case TP_RATE_MEMORY:
        rate_clock_event(m->rate_clock, e);
        break;
    case TP_OOM_KILL:
        m->oom_kills++;
        break;
    default:
        break;
    }
}

void metrics_event(const struct tp_event *e, void *data)
{
    struct metrics *m = data;

    switch ((enum tracepoint)e->type) {
    case TP_SCHED_SWITCH:
        rate_clock_event(m->rate_clock, e);
        wakeup_switch(m, e);
        balanced_update(m, e->cpu, e->time_ns);
        break;
    case TP_SCHED_WAKING:
        wakeup_waking(m, e);
        cpu_waking(m, e);
        break;
    case TP_SCHED_WAKEUP_NEW:
        balanced_new_task(m, metrics_task(m, e->task));
        cpu_wakeup_new(m, e);
        G_GNUC_FALLTHROUGH;
    case TP_SCHED_WAKEUP:
        wakeup_wakeup(m, e);
        balanced_update(m, e->cpu, e->time_ns);
        break;
    case TP_SCHED_MIGRATE_TASK:
        cpu_migrate(m, e);
        balanced_update(m, e->cpu, e->time_ns);
        balanced_update(m, e->other, e->time_ns);
        break;
    case TP_SCHED_PROCESS_FORK:
        metrics_task(m, e->task);
        m->forks++;
        break;
    case TP_SCHED_PROCESS_EXIT:
        wakeup_exit(m, e);
        balanced_update(m, e->cpu, e->time_ns);
        break;
    case TP_REQUEST_ARRIVE:
        requests_arrive(m, e);
        break;
    case TP_REQUEST_DONE:
        requests_done(m, e);
        break;
    case TP_COUNT:
        requests_count(m, e);
        break;
    case TP_MEASURE:
        requests_measure(m, e);
        break;
    case TP_CPU_HOTPLUG:
        cpu_hotplug(m, e);
        balanced_update(m, e->cpu, e->time_ns);
        break;
    case TP_CGROUP_THROTTLE:
        waiting_throttle(m, e);
        bandwidth_throttle(m, e);
        balanced_update(m, e->cpu, e->time_ns);
        break;
    case TP_CGROUP_PERIOD:
        bandwidth_period(m, e);
        break;
    default:
        memory_event(m, e);
        break;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Reporting                                                                                    */

void metrics_reset(struct metrics *m, int64_t now_ns, const struct cpu_times *times)
{
    waste_advance(m->waste, now_ns);
    m->reset_ns = now_ns;
    rate_clock_cut(m->rate_clock, now_ns, times);
    wakeup_reset(m);
    cpu_reset(m, times);
    balanced_reset(m);
    memory_reset(m);
    load_reset(m);
    bandwidth_reset(m);
    requests_reset(m);
}

void metrics_finish(struct metrics *m, int64_t now_ns, const struct cpu_times *times,
                    struct result *r)
{
    waste_advance(m->waste, now_ns);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct mcpu *c = &m->cpus[cpu];

        if (c->curr >= 0) {
            m->tasks[c->curr].run_ns += now_ns - c->since_ns;
            m->groups[m->tasks[c->curr].group].counts.run_ns += now_ns - c->since_ns;
        }
        c->since_ns = now_ns;
    }
    rate_clock_cut(m->rate_clock, now_ns, times);
    wakeup_report(m, now_ns, r);
    cpu_report(m, times, now_ns, r);
    balanced_report(m, now_ns, r);
    memory_report(m, r);
    load_report(m, now_ns, r);
    bandwidth_report(m, now_ns, r);
    requests_report(m, now_ns - m->reset_ns, r);
}

void report_latency(struct result *r, const char *name, const struct hist *h)
{
    static const struct {
        const char *suffix;
        uint32_t ppm;
        uint64_t needs; /* samples: one of them must lie above the percentile */
    } percentiles[] = {
        {"p50", 500000, 2}, {"p90", 900000, 10}, {"p99", 990000, 100}, {"p99.9", 999000, 1000}};
    g_autoptr(GString) full = g_string_new(name);
    gsize stem;

    g_string_append_c(full, '.');
    stem = full->len;
    report_count(r, g_string_append(full, "count")->str, h->count);
    if (h->count == 0) {
        return;
    }
    g_string_truncate(full, stem);
    result_add(r, g_string_append(full, "mean")->str, RESULT_NS, hist_mean(h));
    g_string_truncate(full, stem);
    result_add(r, g_string_append(full, "max")->str, RESULT_NS, h->max);
    for (size_t i = 0; i < G_N_ELEMENTS(percentiles) && h->count >= percentiles[i].needs; i++) {
        g_string_truncate(full, stem);
        result_add(r, g_string_append(full, percentiles[i].suffix)->str, RESULT_NS,
                   hist_percentile(h, percentiles[i].ppm));
    }
}

void report_histogram(struct result *r, const char *name, const struct hist *h)
{
    if (h->count == 0) {
        return;
    }
    struct result_histogram *out = result_add_histogram(r, name, RESULT_NS);
    uint32_t used = 0;

    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        used += h->buckets[i] > 0;
    }
    out->count = h->count;
    out->min = h->min;
    out->mean = hist_mean(h);
    out->max = h->max;
    out->buckets = g_new(struct result_bucket, used);
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        if (h->buckets[i] > 0) {
            out->buckets[out->nr_buckets++] =
                (struct result_bucket){hist_bucket_bound(i), h->buckets[i]};
        }
    }
}

void metrics_totals(struct metrics *m, int64_t now_ns, struct metrics_totals *ret)
{
    waste_advance(m->waste, now_ns);
    *ret = (struct metrics_totals){
        .switches = m->switches,
        .wasted_ns = waste_total_ns(m->waste) - m->base_wasted_ns,
        .nr_idle = waste_nr_idle(m->waste),
        .nr_waiting = waste_nr_waiting(m->waste),
        .migrations = m->migrations,
        .hint_faults = m->hint_faults,
        .local_hint_faults = m->local_hint_faults,
        .fault_moved_pages = m->fault_moved_pages,
    };
    for (int32_t i = 0; i < m->nr_groups; i++) {
        ret->wakeups += m->groups[i].counts.wakeups;
        ret->accesses += m->groups[i].counts.accesses;
        ret->local_accesses += m->groups[i].counts.local_accesses;
    }
    for (int32_t i = 0; i < m->nr_sources; i++) {
        ret->requests_done += m->sources[i].done;
    }
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        ret->max_waiting = MAX(ret->max_waiting, m->cpus[cpu].nr_waiting);
    }
}

int32_t metrics_nr_levels(const struct metrics *m)
{
    return m->nr_levels;
}

const char *metrics_level_name(const struct metrics *m, int32_t level)
{
    return m->level_names[level];
}
