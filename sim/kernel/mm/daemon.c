/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel threads of the tier policy: one to a node, made when it is first woken, bound to the node's CPUs
 * if it has any; and one of no node, bound to nothing. Each runs when woken or when its time has come; the
 * work it does there is what its policy is charged for.
 */
#include "kernel/mm/memory.h"

struct node_daemon {
    struct kernel *kernel;
    struct task *task;
    struct evq_entry wake;
    int32_t node; /* -1: none */
    bool wanted;  /* woken while it was at work */
};

static struct node_daemon *daemon_new(struct kernel *k, int32_t node,
                                      const struct task_params *params)
{
    struct node_daemon *d = g_new0(struct node_daemon, 1);

    d->kernel = k;
    d->node = node;
    d->task = kernel_task_new(k, params, NULL);
    d->task->node_daemon = d;
    k->nr_alive--; /* a run does not wait for it */
    event_init(&d->wake, EVENT_DAEMON, CLASS_TIMER, 0);
    kernel_task_park(k, d->task);
    return d;
}

static struct node_daemon *daemon_of_node(struct kernel *k, int32_t node)
{
    const struct numasim_tier_ops *ops = k->roles[NUMASIM_ROLE_TIER].policy->tier;

    if (k->daemons[node] == NULL) {
        g_autofree char *comm =
            g_strdup_printf("%s%d", ops->daemon_name != NULL ? ops->daemon_name : "kmem", node);
        struct task_params params = {.comm = comm};

        if (k->nodes[node].nr_cpus > 0) {
            params.cpus = k->nodes[node].cpus;
        }
        k->counts_accesses = true;
        k->daemons[node] = daemon_new(k, node, &params);
    }
    return k->daemons[node];
}

static struct node_daemon *daemon_of_none(struct kernel *k)
{
    const struct numasim_tier_ops *ops = k->roles[NUMASIM_ROLE_TIER].policy->tier;
    struct task_params params = {.comm = ops->thread_name != NULL ? ops->thread_name : "kmemd",
                                 .nice = CLAMP(ops->thread_nice, -20, 19)};

    if (k->thread == NULL) {
        k->thread = daemon_new(k, -1, &params);
    }
    return k->thread;
}

static void daemon_free(struct kernel *k, struct node_daemon *d)
{
    if (d != NULL) {
        event_cancel(k, &d->wake);
        g_free(d);
    }
}

void daemons_free(struct kernel *k)
{
    for (int32_t i = 0; k->daemons != NULL && i < k->nr_nodes; i++) {
        daemon_free(k, k->daemons[i]);
    }
    daemon_free(k, k->thread);
    g_free(k->daemons);
}

static void wake_at(struct node_daemon *d, int64_t at_ns)
{
    if (!evq_entry_queued(&d->wake) || d->wake.time_ns > at_ns) {
        event_set(d->kernel, &d->wake, at_ns);
    }
}

void numasim_wake_daemon(struct numasim_host *host, int32_t node, int64_t at_ns)
{
    struct kernel *k = (struct kernel *)(void *)host;

    if (node < 0 || node >= k->nr_nodes || k->roles[NUMASIM_ROLE_TIER].policy == NULL ||
        k->roles[NUMASIM_ROLE_TIER].policy->tier->daemon == NULL) {
        kernel_fault(k, NUMASIM_ROLE_TIER, "numasim_wake_daemon()", NULL, "node %d has no daemon",
                     node);
        return;
    }
    wake_at(daemon_of_node(k, node), MAX(at_ns, evq_now_ns(k->events)));
}

void numasim_wake_thread(struct numasim_host *host, int64_t at_ns)
{
    struct kernel *k = (struct kernel *)(void *)host;

    if (k->roles[NUMASIM_ROLE_TIER].policy == NULL ||
        k->roles[NUMASIM_ROLE_TIER].policy->tier->thread == NULL) {
        kernel_fault(k, NUMASIM_ROLE_TIER, "numasim_wake_thread()", NULL,
                     "there is no such thread");
        return;
    }
    wake_at(daemon_of_none(k), MAX(at_ns, evq_now_ns(k->events)));
}

int32_t numasim_thread_cpu(const struct numasim_host *host)
{
    const struct kernel *k = (const struct kernel *)(const void *)host;

    return k->thread != NULL ? k->thread->task->pub.cpu : -1;
}

int32_t numasim_daemon_cpu(const struct numasim_host *host, int32_t node)
{
    const struct kernel *k = (const struct kernel *)(const void *)host;

    return node >= 0 && node < k->nr_nodes && k->daemons[node] != NULL
               ? k->daemons[node]->task->pub.cpu
               : -1;
}

void daemon_event(struct kernel *k, struct evq_entry *e)
{
    struct node_daemon *d = container_of(e, struct node_daemon, wake);

    if (d->task->pub.task_state == NUMASIM_TASK_BLOCKED ||
        d->task->pub.task_state == NUMASIM_TASK_DELAYED) {
        d->wanted = true;
        kernel_wake(k, d->task, NULL, 0);
    } else {
        d->wanted = true; /* it is at work: once more */
    }
}

void daemon_advance(struct kernel *k, struct task *t)
{
    struct node_daemon *d = t->node_daemon;
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];

    if (!d->wanted) {
        task_block(k, t);
        return;
    }
    d->wanted = false;
    int64_t again_ns = d->node < 0 ? role->policy->tier->thread(role->self)
                                   : role->policy->tier->daemon(role->self, d->node);

    if (again_ns != NUMASIM_TIME_NEVER) {
        wake_at(d, MAX(again_ns, evq_now_ns(k->events) + 1));
    }
    /* What it was charged lies before whatever it does next. */
    task_run(k, t, 0);
}
