/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/explain-private.h"

#include <string.h>

struct xtask *explain_task(struct explain *x, int32_t id)
{
    if (id >= x->nr_tasks) {
        int32_t from = x->nr_tasks;

        x->nr_tasks = MAX(id + 1, MAX(64, 2 * from));
        x->tasks = g_renew(struct xtask, x->tasks, (gsize)x->nr_tasks);
        for (int32_t i = from; i < x->nr_tasks; i++) {
            x->tasks[i] = (struct xtask){.woken_ns = -1, .wait_cpu = -1, .next = -1, .prev = -1};
        }
    }
    return &x->tasks[id];
}

static int32_t number_of(struct explain *x, const char *group)
{
    int32_t number = GPOINTER_TO_INT(g_hash_table_lookup(x->group_ids, group)) - 1;

    if (number < 0) {
        number = (int32_t)x->groups->len;
        g_ptr_array_add(x->groups, (gpointer)group);
        g_hash_table_insert(x->group_ids, (gpointer)group, GINT_TO_POINTER(number + 1));
    }
    return number;
}

int32_t explain_group(struct explain *x, int32_t id)
{
    return id < 0 ? 0 : number_of(x, task_names_group(x->names, id));
}

/* ------------------------------------------------------------------------------------------- */
/* Listening: first what was is ended, then what is follows                                     */

static void on_span(const struct account_span *s, void *data)
{
    latency_span(data, s);
}

static void on_state(int32_t id, enum account_state from, enum account_state to, int32_t cpu,
                     int64_t now_ns, void *data)
{
    waste_state(data, id, from, to, now_ns);
    latency_state(data, id, from, to, cpu, now_ns);
}

static void listen(const struct tp_event *e, void *data)
{
    struct explain *x = data;

    if (e->type == TP_DECISION) {
        waste_decision(x, e);
        return;
    }
    waste_until(x, e->time_ns);
    if (e->type == TP_SCHED_SWITCH) {
        latency_switch(x, e);
        waste_switch(x, e);
    }
    account_event(e, x->account);
    if (e->type == TP_CPU_HOTPLUG) {
        waste_hotplug(x, e);
    } else if (e->type == TP_REQUEST_DONE) {
        latency_request(x, e);
    }
}

struct explain *explain_new(struct kernel *k, const struct result *r, const char *const *sources)
{
    struct explain *x = g_new0(struct explain, 1);
    int32_t nr_cpus = kernel_machine(k)->nr_cpus;

    x->kernel = k;
    x->nr_cpus = nr_cpus;
    x->from_ns = r->warmup_ns;
    x->names = task_names_new(k);
    x->group_ids = g_hash_table_new(g_str_hash, g_str_equal);
    x->groups = g_ptr_array_new();
    number_of(x, "idle");
    x->cpus = g_new0(struct xcpu, (gsize)nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        x->cpus[cpu] = (struct xcpu){.curr = -1, .online = true};
    }
    x->account = account_new(&(struct account_config){.nr_cpus = nr_cpus,
                                                      .cgroups = task_cgroups,
                                                      .cgroups_data = k,
                                                      .span = on_span,
                                                      .state = on_state,
                                                      .data = x});
    latency_init(x, r, sources);
    waste_init(x);
    kernel_listen(k,
                  account_mask() | UINT64_C(1) << TP_REQUEST_DONE | UINT64_C(1) << TP_CPU_HOTPLUG |
                      UINT64_C(1) << TP_DECISION,
                  listen, x);
    return x;
}

void explain_finish(struct explain *x, const struct kernel *k)
{
    int32_t nr_cpus = kernel_machine(k)->nr_cpus;
    g_autofree struct cpu_times *times = g_new(struct cpu_times, (gsize)nr_cpus);

    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        times[cpu] = kernel_cpu_times(k, cpu);
    }
    waste_until(x, kernel_now_ns(k));
    account_cut(x->account, kernel_now_ns(k), times);
}

void explain_free(struct explain *x)
{
    if (x == NULL) {
        return;
    }
    for (int32_t i = 0; i < x->nr_tasks; i++) {
        latency_task_release(&x->tasks[i]);
    }
    for (int32_t cpu = 0; cpu < x->nr_cpus; cpu++) {
        g_free(x->cpus[cpu].ran_ns);
    }
    latency_release(x);
    waste_release(x);
    account_free(x->account);
    task_names_free(x->names);
    g_hash_table_unref(x->group_ids);
    g_ptr_array_unref(x->groups);
    g_free(x->tasks);
    g_free(x->cpus);
    g_free(x);
}
