/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/internal.h"
#include "kernel/mm/internal.h"

#include "kernel/mm/rate.h"

static const char *const event_names[] = {
    [EVENT_TICK] = "the tick",
    [EVENT_SEGMENT] = "running",
    [EVENT_KTIMER] = "a timer",
    [EVENT_ARRIVE] = "waking",
    [EVENT_RESCHED] = "picking",
    [EVENT_KICK] = "kicking",
    [EVENT_PUSH] = "pushing",
    [EVENT_SLICE] = "the slice timer",
    [EVENT_WATCHDOG] = "the watchdog",
    [EVENT_QUOTA] = "the quota's period",
    [EVENT_SLACK] = "the quota's slack timer",
    [EVENT_RT_PERIOD] = "the real-time period",
    [EVENT_RT_PUSH] = "pushing real-time tasks",
    [EVENT_FAIR_SERVER] = "the fair server",
    [EVENT_REST] = "a core's rest",
    [EVENT_RATE_DONE] = "running",
    [EVENT_DAEMON] = "a node's kernel thread",
    [EVENT_RATES] = "finding rates",
};

/* Unpacks @stack: one numasim_self per plugin, and the operations of each role. */
static void roles_attach(struct kernel *k, const struct policy_stack *stack)
{
    k->nr_plugins = (int32_t)stack->nr_plugins;
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        const struct policy_plugin *plugin = stack->plugins[slot];

        k->plugins[slot] = plugin->desc;
        k->selves[slot] = (struct numasim_self){
            .host = (struct numasim_host *)k,
            .state = plugin->desc->state_size > 0 ? g_malloc0(plugin->desc->state_size) : NULL,
            .param = plugin->params,
            .slot = slot,
        };
    }
    for (int role = 0; role < NUMASIM_NR_ROLES; role++) {
        int32_t slot = stack->slot[role];

        if (slot >= 0) {
            k->roles[role] = (struct role){&k->selves[slot], k->plugins[slot]};
        }
    }
    k->qops = stack->queue;
    k->qself = k->roles[NUMASIM_ROLE_QUEUE].self;
    k->bops = stack->balance;
    k->bself = k->roles[NUMASIM_ROLE_BALANCE].self;
    k->nops = stack->numa;
    k->nself = k->roles[NUMASIM_ROLE_NUMA].self;
}

/* What differs between two boots of one machine: the phase of the tick, and the CPUs' order. */
static void boot(struct kernel *k)
{
    const struct machine *m = k->machine;

    k->tick_ns = NSEC_PER_SEC / m->hz;
    struct rng phase = rng_entity(&k->boot, BOOT_TICK_PHASE);
    struct rng order = rng_entity(&k->boot, BOOT_CPU_ORDER);
    g_autofree uint32_t *perm = g_new(uint32_t, (gsize)k->nr_cpus);

    k->tick_phase_ns = (int64_t)rng_below(&phase, 0, (uint64_t)k->tick_ns);
    rng_permutation(&order, perm, (uint32_t)k->nr_cpus);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct rq *rq = cpu_rq(k, cpu);
        uint16_t rank = (uint16_t)(k->config.tie_break_insertion ? 0 : perm[cpu] + 1);

        rq->rank = rank;
        event_init(&rq->segment, EVENT_SEGMENT, CLASS_SEGMENT, rank);
        /* Ticks of one instant need an order that does not depend on which of them are skipped. */
        event_init(&rq->tick, EVENT_TICK, CLASS_TICK,
                   (uint16_t)(k->config.tie_break_insertion ? cpu : rank));
        event_init(&rq->resched, EVENT_RESCHED, CLASS_IPI, rank);
        event_init(&rq->kick, EVENT_KICK, CLASS_IPI, rank);
        event_init(&rq->push, EVENT_PUSH, CLASS_IPI, rank);
        event_init(&rq->slice, EVENT_SLICE, CLASS_LAST, rank);
        event_init(&rq->watchdog, EVENT_WATCHDOG, CLASS_LAST, rank);
        event_init(&rq->rt_period, EVENT_RT_PERIOD, CLASS_TIMER, rank);
        event_init(&rq->rt_push, EVENT_RT_PUSH, CLASS_IPI, rank);
        event_init(&rq->fair_server, EVENT_FAIR_SERVER, CLASS_TIMER, rank);
    }
}

static bool plugins_init(struct kernel *k, GError **error)
{
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        const struct numasim_policy *p = k->plugins[slot];
        char message[256] = "no reason given";

        if (p->init != NULL && !p->init(&k->selves[slot], message, sizeof(message))) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                        "policy '%s' refuses to start: %s", p->name, message);
            return false;
        }
        k->nr_inited = slot + 1;
    }
    if (k->bops != NULL && k->bops->domains_built != NULL) {
        k->bops->domains_built(k->bself);
    }
    return true;
}

struct kernel *kernel_new(const struct machine *m, const struct sched_domains *sds,
                          const struct policy_stack *stack, const struct kernel_config *config,
                          GError **error)
{
    struct kernel *k = g_new0(struct kernel, 1);

    k->machine = m;
    k->config = *config;
    k->host = stack->host->params;
    if (k->config.watchdog_ns <= 0) {
        k->config.watchdog_ns = NSEC_PER_SEC;
    }
    k->boot = rng_init(config->seed, RNG_BOOT);
    k->policy = rng_init(config->seed, RNG_POLICY);
    k->workload = rng_init(config->seed, RNG_WORKLOAD);
    k->events = evq_new();
    k->digest = digest_new();
    k->events_to_hash = g_new(struct tp_event, TP_BATCH);
    k->acting_cpu = k->rto_cpu = -1;
    roles_attach(k, stack);
    objects_new(k);
    k->policy_cpus = g_new(struct rng, (gsize)k->nr_cpus);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        k->policy_cpus[cpu] = rng_entity(&k->policy, (uint64_t)cpu);
    }
    /* Apart from what the host itself draws for the boot. */
    k->boot_policies = rng_entity(&k->boot, UINT64_MAX);
    k->boot_cpus = g_new(struct rng, 2 * (gsize)k->nr_cpus);
    for (uint64_t i = 0; i < 2 * (uint64_t)k->nr_cpus; i++) {
        k->boot_cpus[i] = rng_entity(&k->boot_policies, i);
    }
    cgroups_new(k);
    boot(k);
    frequency_new(k);
    paces_new(k);
    domains_attach(k, sds);
    if (!plugins_init(k, error)) {
        kernel_free(k);
        return NULL;
    }
    return k;
}

void kernel_free(struct kernel *k)
{
    if (k == NULL) {
        return;
    }
    for (int32_t slot = 0; slot < k->nr_inited; slot++) {
        if (k->plugins[slot]->fini != NULL) {
            k->plugins[slot]->fini(&k->selves[slot]);
        }
    }
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        task_free(k, k->tasks[i]);
    }
    for (int32_t i = 0; i < k->nr_processes; i++) {
        process_free(k, k->processes[i]);
    }
    daemons_free(k);
    copies_free(k);
    cgroups_free(k);
    paces_free(k);
    frequency_free(k);
    objects_free(k);
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        g_free(k->selves[slot].state);
    }
    evq_free(k->events);
    digest_free(k->digest);
    g_free(k->events_to_hash);
    g_free(k->policy_cpus);
    g_free(k->boot_cpus);
    slab_free(k->task_slab);
    g_free(k->tasks);
    g_free(k->processes);
    g_free(k->failure);
    g_free(k);
}

void kernel_set_driver(struct kernel *k, const struct kernel_driver *driver)
{
    k->driver = *driver;
}

void event_set(struct kernel *k, struct evq_entry *e, int64_t at_ns)
{
    evq_remove(k->events, e);
    if (at_ns != TIME_NEVER_NS) {
        evq_add(k->events, e, at_ns);
    }
}

void event_cancel(struct kernel *k, struct evq_entry *e)
{
    evq_remove(k->events, e);
}

/* The CPU idled beside waiting tasks a watchdog's time ago. A fault if it still does, or if what it
 * ran since was not the one that has waited longest. */
static void watchdog_event(struct kernel *k, struct rq *rq)
{
    struct numasim_task *t = numasim_first_waiting((struct numasim_host *)k, rq->pub.id);
    bool waits = rq->curr == NULL && rq->pub.nr_running > 0;

    if (waits ||
        (t != NULL && task_of(t)->runnable_since_ns <= k->now_ns - k->config.watchdog_ns)) {
        kernel_fault(
            k, NUMASIM_ROLE_QUEUE, "queue.pick", t != NULL ? task_of(t) : NULL,
            "it still waits on CPU %d, which was left idle beside waiting tasks %" G_GINT64_FORMAT
            " ns ago",
            rq->pub.id, k->config.watchdog_ns);
    }
}

static void slice_event(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    if (t == NULL || t->pub.sched_class != NUMASIM_CLASS_FAIR) {
        return;
    }
    k->acting_cpu = rq->pub.id;
    tick_catch_up(k, rq);
    update_curr(k, rq);
    if (fair_slice_timer(k, rq, t)) {
        resched_now(k, rq);
    }
}

static void ktimer_event(struct kernel *k, struct ktimer *timer)
{
    k->nr_timers--;
    k->acting_cpu = -1;
    timer->fn(k, timer);
}

static void dispatch(struct kernel *k, struct evq_entry *e)
{
    switch ((enum event_kind)evq_entry_kind(e)) {
    case EVENT_SEGMENT:
        segment_event(k, container_of(e, struct rq, segment));
        break;
    case EVENT_TICK:
        tick_event(k, container_of(e, struct rq, tick));
        break;
    case EVENT_KTIMER:
        ktimer_event(k, container_of(e, struct ktimer, entry));
        break;
    case EVENT_ARRIVE:
        arrive_event(k, container_of(e, struct task, arrive));
        break;
    case EVENT_RESCHED:
        resched_now(k, container_of(e, struct rq, resched));
        break;
    case EVENT_KICK:
        kick_event(k, container_of(e, struct rq, kick));
        break;
    case EVENT_PUSH:
        push_event(k, container_of(e, struct rq, push));
        break;
    case EVENT_SLICE:
        slice_event(k, container_of(e, struct rq, slice));
        break;
    case EVENT_WATCHDOG:
        watchdog_event(k, container_of(e, struct rq, watchdog));
        break;
    case EVENT_QUOTA:
        quota_event(k, container_of(e, struct kernel_cgroup, period));
        break;
    case EVENT_RT_PERIOD:
        rt_period_event(k, container_of(e, struct rq, rt_period));
        break;
    case EVENT_RT_PUSH:
        rt_push_event(k, container_of(e, struct rq, rt_push));
        break;
    case EVENT_FAIR_SERVER:
        rt_server_event(k, container_of(e, struct rq, fair_server));
        break;
    case EVENT_SLACK:
        slack_event(k, container_of(e, struct kernel_cgroup, slack));
        break;
    case EVENT_REST:
        frequency_rest_event(k, e);
        break;
    case EVENT_RATE_DONE:
        rate_done_event(k, e);
        break;
    case EVENT_DAEMON:
        daemon_event(k, e);
        break;
    case EVENT_RATES:
        rates_event(k);
        break;
    }
}

/* As much of a driver's data is worth prefetching. */
enum { DRIVER_BYTES = 256 };

static void prefetch_segment(const struct rq *rq)
{
    for (const char *at = (const char *)rq; at < (const char *)&rq->kick; at += 64) {
        __builtin_prefetch(at);
    }
    for (const char *at = (const char *)rq->fair; at < (const char *)&rq->fair->own_avg; at += 64) {
        __builtin_prefetch(at);
    }
    if (rq->curr != NULL) {
        task_prefetch(rq->curr);
    }
    for (size_t at = 0; rq->curr_driver != NULL && at < DRIVER_BYTES; at += 64) {
        __builtin_prefetch((const char *)rq->curr_driver + at);
    }
}

/* While one event is carried out, what the next one needs can come from memory: only time depends on
 * it. */
static void prefetch_next(const struct kernel *k)
{
    const struct evq_entry *e = evq_hint(k->events);

    if (e == NULL) {
        return;
    }
    uint32_t kind = evq_entry_kind(e);

    if (kind == EVENT_SEGMENT) {
        const struct rq *rq = container_of(e, const struct rq, segment);

        prefetch_segment(rq);
    } else if (kind == EVENT_RATE_DONE) { /* ends a segment at once */
        const struct rq *rq;
        const struct task *t = rate_next(e, &rq);

        if (t != NULL) {
            task_prefetch_memory(t);
            prefetch_segment(rq);
        }
    } else if (kind == EVENT_ARRIVE) {
        task_prefetch(container_of(e, const struct task, arrive));
    } else if (kind == EVENT_KTIMER && k->driver.prefetch != NULL) {
        k->driver.prefetch(container_of(e, const struct ktimer, entry));
    }
}

bool kernel_finished(const struct kernel *k)
{
    return k->nr_alive == 0 && k->nr_timers == 0;
}

/* An instant has an end, unless a policy or a driver makes new events in it for ever. */
static void check_time_passes(struct kernel *k, const char *what)
{
    const int64_t most = 1000000 + 100 * (int64_t)k->nr_tasks;

    if (++k->nr_at_once > most) {
        kernel_fail(k, "%s goes on for ever without time passing, last on CPU %d", what,
                    k->acting_cpu);
    }
}

/* CPUs that were asked to pick again do so before anything else happens. */
static void resched_pending(struct kernel *k)
{
    while (k->nr_resched > 0 && !k->failed) {
        struct rq *rq = cpu_rq(k, k->resched_cpus[k->resched_head]);

        k->resched_head = k->resched_head + 1 < k->nr_cpus ? k->resched_head + 1 : 0;
        k->nr_resched--;
        rq->resched_listed = false;
        if (rq->need_resched) {
            k->acting_cpu = rq->pub.id;
            schedule(k, rq);
            check_time_passes(k, "picking");
        }
    }
}

bool kernel_quiet(const struct kernel *k)
{
    return evq_size(k->events) == 0;
}

/* True if @e is a timer that a CPU keeps and another of that CPU expires with it: one interrupt brings
 * both, and only then the CPU picks (kernel/time/hrtimer.c: __hrtimer_run_queues()). */
static bool interrupt_goes_on(const struct kernel *k, uint32_t kind, uint32_t rank)
{
    const struct evq_entry *next =
        kind == EVENT_KTIMER && rank != 0 ? evq_peek_now(k->events) : NULL;

    return next != NULL && evq_entry_kind(next) == kind && evq_entry_rank(next) == rank;
}

bool kernel_run(struct kernel *k, int64_t until_ns, GError **error)
{
    resched_pending(k);
    while (!k->failed && !kernel_finished(k)) {
        struct evq_entry *e = evq_pop(k->events, until_ns);

        if (e == NULL) {
            break;
        }
        if (e->time_ns > k->now_ns) {
            k->nr_at_once = 0;
        }
        k->now_ns = e->time_ns;
        uint32_t kind = evq_entry_kind(e), rank = evq_entry_rank(e);

        k->event_class = evq_entry_class(e);
        k->event_rank = rank;
        k->counters.queue_events++;
        check_time_passes(k, event_names[kind]);
        prefetch_next(k);
        dispatch(k, e);
        if (!interrupt_goes_on(k, kind, rank)) {
            resched_pending(k);
        }
    }
    kernel_hash_events(k);
    k->acting_cpu = -1;
    if (k->failed) {
        g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_FAULT, k->failure);
        return false;
    }
    /* The clock stands at the end of what was asked for, so that times read add up to it. */
    if (until_ns != TIME_NEVER_NS && !kernel_finished(k)) {
        k->now_ns = until_ns;
    }
    /* So do the counts of ticks. */
    k->event_class = CLASS_LAST;
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        tick_catch_up(k, cpu_rq(k, cpu));
    }
    return true;
}

int64_t kernel_now_ns(const struct kernel *k)
{
    return k->now_ns;
}

const struct machine *kernel_machine(const struct kernel *k)
{
    return k->machine;
}

const struct rng *kernel_workload_rng(const struct kernel *k)
{
    return &k->workload;
}

static void timer_set(struct kernel *k, struct ktimer *timer, int64_t at_ns, uint16_t rank)
{
    if (evq_entry_queued(&timer->entry)) {
        evq_remove(k->events, &timer->entry);
    } else {
        k->nr_timers++;
    }
    event_init(&timer->entry, EVENT_KTIMER, CLASS_TIMER, rank);
    evq_add(k->events, &timer->entry, at_ns);
}

void kernel_timer_set(struct kernel *k, struct ktimer *timer, int64_t at_ns)
{
    timer_set(k, timer, at_ns, 0);
}

void kernel_timer_set_on(struct kernel *k, struct ktimer *timer, int64_t at_ns, int32_t cpu)
{
    timer_set(k, timer, at_ns, cpu_rq(k, cpu)->rank);
}

void kernel_timer_cancel(struct kernel *k, struct ktimer *timer)
{
    if (evq_remove(k->events, &timer->entry)) {
        k->nr_timers--;
    }
}

const struct kernel_counters *kernel_counters(const struct kernel *k)
{
    return &k->counters;
}

struct numasim_cpu *kernel_cpu(const struct kernel *k, int32_t cpu)
{
    return &cpu_rq(k, cpu)->pub;
}

size_t kernel_bytes_per_task(const struct kernel *k)
{
    return k->nr_tasks > 0 ? k->bytes_tasks / (size_t)k->nr_tasks : 0;
}

size_t kernel_bytes_per_cpu(const struct kernel *k)
{
    return k->bytes_cpus / (size_t)k->nr_cpus;
}
