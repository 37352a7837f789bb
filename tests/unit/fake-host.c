/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host.h"

#include <dlfcn.h>
#include <string.h>

/* --- What a plugin may call --------------------------------------------------------------------- */

int64_t numasim_now(const struct numasim_host *host)
{
    return host->now_ns;
}

int64_t numasim_tick_ns(const struct numasim_host *host)
{
    return host->tick_ns;
}

int64_t numasim_jiffies(const struct numasim_host *host)
{
    return host->now_ns / host->tick_ns;
}

int32_t numasim_nr_cpus(const struct numasim_host *host)
{
    return host->nr_online;
}

int32_t numasim_nr_online(const struct numasim_host *host)
{
    return host->nr_online;
}

/* The one that there is. */
struct numasim_cpu *numasim_cpu(const struct numasim_host *host, int32_t cpu)
{
    struct numasim_host *h = (struct numasim_host *)host;

    g_assert_cmpint(cpu, ==, 0);
    h->cpu.nr_fair = h->queue.nr_queued + h->nr_elsewhere;
    return &h->cpu;
}

void numasim_set_slice_timer(struct numasim_host *host, struct numasim_queue *q, int64_t at_ns)
{
    g_assert_true(q == &host->queue);
    g_assert_cmpint(at_ns, >=, host->now_ns);
    host->slice_timer_ns = at_ns;
}

void numasim_fault(struct numasim_self *self, const char *message)
{
    g_error("%s: %s", self->host->policy->name, message);
}

/* --- Making ------------------------------------------------------------------------------------- */

/* The test stands in BUILD/tests/unit, the plugin in BUILD/policies. */
static void open_plugin(struct numasim_host *host, const char *name)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_assert_nonnull(exe);
    g_autofree char *folder = g_path_get_dirname(exe);
    g_autofree char *path = g_strdup_printf("%s/../../policies/%s.so", folder, name);

    host->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (host->library == NULL) {
        g_error("%s", dlerror());
    }
    host->policy = dlsym(host->library, "numasim_policy");
    g_assert_nonnull(host->policy);
    g_assert_cmpuint(host->policy->abi, ==, NUMASIM_POLICY_ABI);
    g_assert_cmpstr(host->policy->name, ==, name);
    g_assert_nonnull(host->policy->queue);
    host->ops = host->policy->queue;
}

struct numasim_host *fake_host_new(const char *name)
{
    struct numasim_host *host = g_new0(struct numasim_host, 1);

    open_plugin(host, name);
    host->tick_ns = 4000000;
    host->next_tick_ns = host->tick_ns;
    host->slice_timer_ns = NUMASIM_TIME_NEVER;
    host->nr_online = 4;
    for (int i = 0; host->policy->params != NULL && host->policy->params[i].name != NULL; i++) {
        g_assert_cmpint(i, <, FAKE_PARAMS_MAX);
        host->params[i] = host->policy->params[i].def;
    }
    host->self.host = host;
    host->self.param = host->params;
    host->self.state = g_malloc0(host->policy->state_size + 1);
    host->queue.state = g_malloc0(host->policy->queue_state_size + 1);
    if (host->ops->queue_init != NULL) {
        host->ops->queue_init(&host->self, &host->queue);
    }
    return host;
}

void fake_host_free(struct numasim_host *host)
{
    for (uint32_t i = 0; i < host->nr_tasks; i++) {
        g_array_unref(host->tasks[i]->stretches);
        g_free(host->tasks[i]->task.se.state);
        g_free(host->tasks[i]);
    }
    g_free(host->self.state);
    g_free(host->queue.state);
    dlclose(host->library);
    g_free(host);
}

void fake_set_param(struct numasim_host *host, const char *name, int64_t value)
{
    const struct numasim_param *params = host->policy->params;

    for (int i = 0; params[i].name != NULL; i++) {
        if (strcmp(params[i].name, name) == 0) {
            host->params[i] = value;
            return;
        }
    }
    g_error("%s has no parameter %s", host->policy->name, name);
}

struct fake_task *fake_task_new(struct numasim_host *host, uint32_t weight)
{
    struct fake_task *t = g_new0(struct fake_task, 1);

    g_assert_cmpuint(host->nr_tasks, <, FAKE_TASKS_MAX);
    t->task.id = (int32_t)host->nr_tasks;
    t->task.sched_class = NUMASIM_CLASS_FAIR;
    t->task.se.weight = weight;
    t->task.se.is_task = true;
    t->task.se.queue = &host->queue;
    t->task.se.state = g_malloc0(host->policy->entity_state_size + 1);
    t->stretches = g_array_new(FALSE, FALSE, sizeof(int64_t));
    host->tasks[host->nr_tasks++] = t;
    return t;
}

/* --- Running ------------------------------------------------------------------------------------ */

struct fake_task *fake_current(struct numasim_host *host)
{
    return (struct fake_task *)(void *)host->queue.curr;
}

/* Accounts the current task up to now; true if that calls for a new pick. */
static bool account(struct numasim_host *host)
{
    struct fake_task *t = fake_current(host);
    int64_t delta = host->now_ns - host->accounted_ns;

    host->accounted_ns = host->now_ns;
    if (t == NULL || delta == 0) {
        return false;
    }
    t->run_ns += delta;
    t->task.se.sum_exec_ns += delta;
    return host->ops->account != NULL &&
           host->ops->account(&host->self, &host->queue, &t->task.se, delta) &&
           host->queue.nr_queued > 1;
}

static void enqueue(struct numasim_host *host, struct fake_task *t, uint32_t flags)
{
    g_assert_false(t->task.se.queued);
    host->ops->enqueue(&host->self, &host->queue, &t->task.se, flags);
    t->task.se.queued = true;
    t->task.task_state = NUMASIM_TASK_RUNNABLE;
    host->queue.nr_queued++;
    host->queue.weight_sum += t->task.se.weight;
}

/* Ends the stretch of running of the current task, which stops. */
static void switch_out(struct numasim_host *host)
{
    struct fake_task *t = fake_current(host);
    int64_t stretch = host->now_ns - t->switched_in_ns;

    g_array_append_val(t->stretches, stretch);
    host->queue.curr = NULL;
}

static bool dequeue(struct numasim_host *host, struct fake_task *t, uint32_t flags)
{
    g_assert_true(t->task.se.queued);
    bool left = host->ops->dequeue(&host->self, &host->queue, &t->task.se, flags);

    if (left) {
        host->queue.nr_queued--;
        host->queue.weight_sum -= t->task.se.weight;
        t->task.se.queued = false;
        t->task.se.delayed = false;
        t->task.task_state = NUMASIM_TASK_BLOCKED;
    } else {
        g_assert_cmpuint(flags, ==, NUMASIM_DEQUEUE_SLEEP);
        t->task.se.delayed = true;
        t->task.task_state = NUMASIM_TASK_DELAYED;
    }
    if (fake_current(host) == t) {
        switch_out(host);
    }
    return left;
}

static void wakeup_preempt(struct numasim_host *host, struct fake_task *t, uint32_t wake_flags)
{
    struct numasim_decision d = {0};

    if (host->queue.curr != NULL && host->queue.curr != &t->task.se &&
        host->ops->wakeup_preempt != NULL &&
        host->ops->wakeup_preempt(&host->self, &host->queue, &t->task.se, wake_flags, &d)) {
        g_assert_cmpint(d.chosen, ==, 1);
        fake_schedule(host);
    }
}

void fake_fork(struct numasim_host *host, struct fake_task *t)
{
    account(host);
    enqueue(host, t, NUMASIM_ENQUEUE_NEW);
    wakeup_preempt(host, t, NUMASIM_WAKE_FORK);
}

bool fake_wake(struct numasim_host *host, struct fake_task *t)
{
    struct numasim_entity *before = host->queue.curr;

    if (t->task.se.delayed) {
        t->task.se.delayed = false;
        t->task.task_state = NUMASIM_TASK_RUNNABLE;
        host->ops->requeue_delayed(&host->self, &host->queue, &t->task.se);
        account(host);
    } else {
        account(host);
        enqueue(host, t, NUMASIM_ENQUEUE_WAKEUP);
    }
    wakeup_preempt(host, t, host->wake_flags);
    return before != NULL && host->queue.curr != before;
}

bool fake_block(struct numasim_host *host, struct fake_task *t)
{
    account(host);
    return dequeue(host, t, NUMASIM_DEQUEUE_SLEEP);
}

void fake_leave(struct numasim_host *host, struct fake_task *t)
{
    account(host);
    dequeue(host, t, NUMASIM_DEQUEUE_MIGRATE);
}

void fake_join(struct numasim_host *host, struct fake_task *t)
{
    account(host);
    enqueue(host, t, NUMASIM_ENQUEUE_MIGRATED);
    wakeup_preempt(host, t, 0);
}

void fake_reweight(struct numasim_host *host, struct fake_task *t, uint32_t weight)
{
    uint32_t old = t->task.se.weight;

    account(host);
    t->task.se.weight = weight;
    if (t->task.se.queued) {
        host->queue.weight_sum += weight;
        host->queue.weight_sum -= old;
        host->ops->reweight(&host->self, &host->queue, &t->task.se, old);
    }
}

void fake_yield(struct numasim_host *host)
{
    account(host);
    host->ops->yield(&host->self, &host->queue, host->queue.curr);
    fake_schedule(host);
}

struct fake_task *fake_schedule(struct numasim_host *host)
{
    struct numasim_queue *q = &host->queue;
    struct numasim_entity *next = NULL;

    account(host);
    while (q->nr_queued > 0) {
        next = host->ops->pick(&host->self, q);
        g_assert_nonnull(next);
        g_assert_true(next->queued);
        if (!next->delayed) {
            break;
        }
        g_assert_true(dequeue(host, (struct fake_task *)(void *)next, NUMASIM_DEQUEUE_DELAYED));
        next = NULL;
    }
    if (next == q->curr) {
        return fake_current(host);
    }
    if (q->curr != NULL) {
        struct fake_task *last = fake_current(host);

        last->task.task_state = NUMASIM_TASK_RUNNABLE;
        host->ops->put_current(&host->self, q, q->curr);
        switch_out(host);
    }
    host->slice_timer_ns = NUMASIM_TIME_NEVER;
    q->curr = next;
    if (next != NULL) {
        struct fake_task *t = fake_current(host);

        host->nr_switches++;
        t->switched_in_ns = host->now_ns;
        t->task.task_state = NUMASIM_TASK_RUNNING;
        host->ops->set_current(&host->self, q, next);
    }
    return fake_current(host);
}

void fake_run(struct numasim_host *host, int64_t ns)
{
    const struct numasim_queue_ops *ops = host->ops;
    int64_t end = host->now_ns + ns;

    if (host->queue.curr == NULL) {
        fake_schedule(host);
    }
    while (host->now_ns < end) {
        int64_t next = MIN(end, MIN(host->next_tick_ns, host->slice_timer_ns));

        host->now_ns = next;
        bool resched = account(host);

        if (next == host->slice_timer_ns) {
            host->slice_timer_ns = NUMASIM_TIME_NEVER;
            resched = ops->slice_timer(&host->self, &host->queue, host->queue.curr) || resched;
        }
        if (next == host->next_tick_ns) {
            host->next_tick_ns += host->tick_ns;
            if (ops->tick != NULL && host->queue.curr != NULL) {
                resched = ops->tick(&host->self, &host->queue, host->queue.curr) || resched;
            }
        }
        if (resched) {
            fake_schedule(host);
        }
    }
}

/* --- Looking ------------------------------------------------------------------------------------ */

int64_t fake_lag(struct numasim_host *host, struct fake_task *t)
{
    account(host);
    return host->ops->lag(&host->self, &host->queue, &t->task.se);
}

int64_t fake_share_ppm(const struct fake_task *t, int64_t total_ns)
{
    return t->run_ns * 1000000 / total_ns;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

int64_t fake_median_stretch_ns(const struct fake_task *t)
{
    if (t->stretches->len == 0) {
        return 0;
    }
    g_array_sort(t->stretches, compare_ns);
    return g_array_index(t->stretches, int64_t, t->stretches->len / 2);
}
