/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults and dumps: what ends a run with exit status 3, and what stood where. */
#include "kernel/internal.h"

static const char *const role_names[NUMASIM_NR_ROLES] = {"queue", "balance", "numa", "tier",
                                                         "placement"};
static const char *const state_names[] = {"new",       "runnable", "running", "waking",
                                          "throttled", "delayed",  "blocked", "dead"};

static void fail(struct kernel *k, char *message)
{
    if (k->failed) {
        g_free(message); /* the first fault is the one to look at */
        return;
    }
    k->failed = true;
    k->failure = message;
}

void kernel_fault(struct kernel *k, enum numasim_role role, const char *callback,
                  const struct task *t, const char *format, ...)
{
    const struct numasim_policy *policy = k->roles[role].policy;
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *who =
        t != NULL ? g_strdup_printf("task %d (%s)", t->pub.id, t->comm) : g_strdup("no task");

    fail(k, g_strdup_printf("policy '%s' (%s), callback %s, %s, at %" G_GINT64_FORMAT " ns: %s",
                            policy != NULL ? policy->name : "default", role_names[role], callback,
                            who, k->now_ns, what));
}

void kernel_fail(struct kernel *k, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    fail(k, g_strdup_printf("at %" G_GINT64_FORMAT " ns: %s", k->now_ns, what));
}

void numasim_fault(struct numasim_self *self, const char *message)
{
    struct kernel *k = (struct kernel *)(void *)self->host;
    const struct numasim_policy *policy = k->plugins[self->slot];

    fail(k, g_strdup_printf("policy '%s' gives up at %" G_GINT64_FORMAT " ns: %s", policy->name,
                            k->now_ns, message));
}

static void dump_cpu(const struct kernel *k, const struct rq *rq, GString *out)
{
    g_string_append_printf(out, "CPU %d%s: ", rq->pub.id, rq->pub.online ? "" : " (offline)");
    if (rq->curr == NULL) {
        g_string_append(out, "idle");
    } else {
        g_string_append_printf(out, "runs task %d (%s)", rq->curr->pub.id, rq->curr->comm);
    }
    g_string_append_printf(out, "; %u running, %u fair, %u delayed, %u arriving\n",
                           rq->pub.nr_running, rq->pub.nr_fair, rq->pub.nr_delayed,
                           rq->nr_arriving);
    (void)k;
}

static void dump_task(const struct kernel *k, const struct task *t, GString *out)
{
    g_autofree char *allowed = bitmap_to_list(t->allowed, (uint32_t)k->nr_cpus);

    g_string_append_printf(
        out, "task %d (%s): %s on CPU %d, weight %u, may use %s, ran %" G_GINT64_FORMAT " ns%s%s\n",
        t->pub.id, t->comm, state_names[t->pub.task_state], t->pub.cpu, t->pub.se.weight, allowed,
        t->pub.se.sum_exec_ns, t->pub.se.queued ? ", queued" : "", t->on_rq ? ", on_rq" : "");
}

enum { MAX_DUMPED_TASKS = 200 };

char *kernel_dump(const struct kernel *k)
{
    GString *out = g_string_new(NULL);
    int32_t dumped = 0;

    g_string_append_printf(out, "simulated time: %" G_GINT64_FORMAT " ns\n", k->now_ns);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        const struct rq *rq = cpu_rq(k, cpu);

        if (rq->curr != NULL || rq->pub.nr_running > 0 || rq->nr_arriving > 0) {
            dump_cpu(k, rq, out);
        }
    }
    for (int32_t i = 0; i < k->nr_tasks && dumped < MAX_DUMPED_TASKS; i++) {
        const struct task *t = k->tasks[i];

        if (t->pub.task_state != NUMASIM_TASK_BLOCKED && t->pub.task_state != NUMASIM_TASK_DEAD &&
            t->pub.task_state != NUMASIM_TASK_NEW) {
            dump_task(k, t, out);
            dumped++;
        }
    }
    return g_string_free(out, FALSE);
}
