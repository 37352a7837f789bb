/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faulty policies: each ends the run with a fault that names plugin, callback, task and simulated
 * time, and leaves a simulation that can still be dumped and freed.
 */
#include "faulty-policies.h"

static const char two_sleepers[] =
    "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
    "      sleeper: {count: 2, program: [forever: [run: 1ms, sleep: 1ms]]}\n";

/* ------------------------------------------------------------------------------------------- */
/* Queues                                                                                       */

/* The second task is never stored. */
static void losing_enqueue(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se, uint32_t flags)
{
    if (numasim_entity_task(se)->id != 1) {
        good_enqueue(self, q, se, flags);
    }
}

static const struct numasim_queue_ops losing_ops = {
    .enqueue = losing_enqueue, .dequeue = good_dequeue, .pick = good_pick};
POLICY(loses, .queue = &losing_ops);

static void test_lost(void)
{
    run_faulty(two_sleepers, &loses, NUMASIM_ROLE_QUEUE, NULL, "queue.pick", "task 1 (sleeper)",
               "left idle");
}

/* A task that comes and goes on the same CPU does not keep a lost one from being found. */
static void test_lost_beside_wakeups(void)
{
    static const char pinned[] =
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
        "      one: {cpus: 0, program: [forever: [run: 1ms, sleep: 1ms]]}\n"
        "      two: {cpus: 0, program: [forever: [run: 1ms]]}\n";

    run_faulty(pinned, &loses, NUMASIM_ROLE_QUEUE, NULL, "queue.pick", "task 1 (two)",
               "waits on CPU 0");
}

/* Wakeups that it does not see keep coming, one every 3 ms. */
static struct numasim_entity *blind_pick(struct numasim_self *self, struct numasim_queue *q)
{
    (void)self;
    (void)q;
    return NULL;
}

static const struct numasim_queue_ops blind_ops = {
    .enqueue = good_enqueue, .dequeue = good_dequeue, .pick = blind_pick};
POLICY(blind, .queue = &blind_ops);

static void test_blind(void)
{
    static const char stream[] =
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
        "      late: {count: 40, cpus: 0, start: {uniform: [0ms, 200ms]}, program: [run: 1ms]}\n";

    run_faulty(stream, &blind, NUMASIM_ROLE_QUEUE, NULL, "queue.pick", "(late)", "20000000 ns");
}

/* Remembers the first task for ever, and picks it when it sleeps. */
static struct numasim_entity *stale_pick(struct numasim_self *self, struct numasim_queue *q)
{
    struct numasim_entity **first = self->state;
    struct numasim_entity *se = good_pick(self, q);

    if (*first == NULL) {
        *first = se;
    }
    return *first;
}

static const struct numasim_queue_ops stale_ops = {
    .enqueue = good_enqueue, .dequeue = good_dequeue, .pick = stale_pick};
POLICY(stale, .queue = &stale_ops);

static void test_pick_not_queued(void)
{
    static const char pinned[] =
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
        "      a: {cpus: 0, program: [forever: [run: 1ms, sleep: 100ms]]}\n"
        "      b: {cpus: 0, program: [forever: [run: 10ms]]}\n";

    run_faulty(pinned, &stale, NUMASIM_ROLE_QUEUE, NULL, "queue.pick", "task 0 (a)",
               "not queued there");
}

static void test_pick_of_another_cpu(void)
{
    static const char pinned[] =
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
        "      a: {cpus: 0, program: [forever: [run: 1ms]]}\n"
        "      b: {cpus: 1, start: 1ms, program: [forever: [run: 10ms]]}\n";

    run_faulty(pinned, &stale, NUMASIM_ROLE_QUEUE, NULL, "queue.pick", "task 0 (a)", "CPU 1");
}

/* An exit may not be put off. */
static bool clinging_dequeue(struct numasim_self *self, struct numasim_queue *q,
                             struct numasim_entity *se, uint32_t flags)
{
    (void)self;
    (void)q;
    (void)se;
    (void)flags;
    return false;
}

static void no_requeue(struct numasim_self *self, struct numasim_queue *q,
                       struct numasim_entity *se)
{
    (void)self;
    (void)q;
    (void)se;
}

static const struct numasim_queue_ops clinging_ops = {.enqueue = good_enqueue,
                                                      .dequeue = clinging_dequeue,
                                                      .requeue_delayed = no_requeue,
                                                      .pick = good_pick};
POLICY(clings, .queue = &clinging_ops);

static const struct numasim_queue_ops unprepared_ops = {
    .enqueue = good_enqueue, .dequeue = clinging_dequeue, .pick = good_pick};
POLICY(unprepared, .queue = &unprepared_ops);

static void test_dequeue_refused(void)
{
    static const char exits[] = "numasim: workload/1\nprocesses:\n  p:\n    threads:\n      "
                                "mayfly: {program: [run: 1ms]}\n";
    static const char sleeps[] =
        "numasim: workload/1\nprocesses:\n  p:\n    threads:\n"
        "      napper: {cpus: 0, program: [run: 1ms, sleep: 10ms, run: 1ms]}\n"
        "      hog: {cpus: 0, program: [run: 50ms]}\n";

    run_faulty(exits, &clings, NUMASIM_ROLE_QUEUE, NULL, "queue.dequeue", "task 0 (mayfly)",
               "refused");
    run_faulty(sleeps, &clings, NUMASIM_ROLE_QUEUE, NULL, "queue.dequeue", "(napper)", "refused");
    /* It may put a sleep off only if it can take the task back. */
    run_faulty(sleeps, &unprepared, NUMASIM_ROLE_QUEUE, NULL, "queue.dequeue", "(napper)",
               "requeue_delayed");
}

/* ------------------------------------------------------------------------------------------- */
/* Balancers                                                                                    */

/* Where select_cpu sends task 1; -2: to CPU 7, which the workload forbids it. */
#define SELECTS(name, cpu)                                                                         \
    static int32_t name##_select(struct numasim_self *self, struct numasim_task *task,             \
                                 int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,              \
                                 struct numasim_decision *d)                                       \
    {                                                                                              \
        (void)self;                                                                                \
        (void)waker_cpu;                                                                           \
        (void)flags;                                                                               \
        numasim_decide(d, prev_cpu, 0);                                                            \
        return task->id == 1 ? (cpu) : prev_cpu;                                                   \
    }                                                                                              \
    static const struct numasim_balance_ops name##_ops = {.select_cpu = name##_select};            \
    POLICY(name, .balance = &name##_ops)

SELECTS(outside, 7);
SELECTS(negative, -1);
SELECTS(toolarge, 8);
SELECTS(absurd, INT32_MIN);
SELECTS(far, INT32_MAX);

static const char narrow[] =
    "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
    "      a: {program: [forever: [run: 1ms, sleep: 1ms]]}\n"
    "      b: {cpus: 1-3, start: 2ms, program: [forever: [run: 1ms, sleep: 1ms]]}\n"
    "admin: [{at: 50ms, offline: 2}]\n";

static void test_select_cpu(void)
{
    static const struct numasim_policy *const policies[] = {&outside, &negative, &toolarge, &absurd,
                                                            &far};

    for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
        run_faulty(narrow, NULL, NUMASIM_ROLE_BALANCE, policies[i], "balance.select_cpu (fork)",
                   "task 1 (b)", "outside the affinity 1-3");
    }
}

SELECTS(stubborn, 2);

static void test_select_cpu_offline(void)
{
    run_faulty(narrow, NULL, NUMASIM_ROLE_BALANCE, &stubborn, "balance.select_cpu", "task 1 (b)",
               "CPU 2 was chosen, which is offline");
}

/* Moves whatever it sees to a CPU that does not exist. */
static int32_t exiler_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    (void)d;
    for (int32_t from = 0; from < numasim_nr_cpus(self->host); from++) {
        struct numasim_task *t = numasim_first_waiting(self->host, from);

        if (t != NULL) {
            return numasim_move_task(self->host, t, cpu + 100);
        }
    }
    return 0;
}

static const struct numasim_balance_ops exiler_ops = {.newidle = exiler_newidle};
POLICY(exiler, .balance = &exiler_ops);

static const char crowd[] = "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
                            "      pinned: {count: 3, cpus: 0, program: [forever: [run: 5ms]]}\n"
                            "      napper: {cpus: 1, program: [forever: [run: 1ms, sleep: 1ms]]}\n";

static void test_move_out_of_range(void)
{
    run_faulty(crowd, NULL, NUMASIM_ROLE_BALANCE, &exiler, "numasim_move_task()", "(pinned)",
               "no CPU 101");
}

/* Forbidden moves are refused, and the run goes on. */
static int32_t greedy_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    struct numasim_host *host = self->host;
    struct numasim_task *running = numasim_cpu(host, 0)->curr;

    (void)d;
    for (struct numasim_task *t = numasim_first_waiting(host, 0); t != NULL;
         t = numasim_next_waiting(host, t)) {
        g_assert_false(numasim_may_run(host, t, cpu));
        g_assert_false(numasim_move_task(host, t, cpu));
        g_assert_cmpint(t->cpu, ==, 0);
    }
    g_assert_true(running == NULL || !numasim_move_task(host, running, 0));
    g_assert_false(numasim_push_running(host, 0, cpu));
    return 12345; /* what it says it pulled is only counted */
}

static const struct numasim_balance_ops greedy_ops = {.newidle = greedy_newidle};
POLICY(greedy, .balance = &greedy_ops);

static void test_forbidden_moves(void)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {&good, &greedy};
    struct engine *e =
        engine_new_with("teach-numa-2x4", crowd, by_role, &(struct kernel_config){.seed = 1});

    engine_run(e, 50 * MS);
    g_assert_cmpuint(kernel_counters(e->kernel)->newidle_calls, >, 10);
    g_assert_cmpuint(kernel_counters(e->kernel)->migrations, <=, 4);
    engine_free(e);
}

/* A tick that is replayed is in the past: nothing can be sent from there. */
static bool sending_tick(struct numasim_self *self, struct numasim_queue *q,
                         struct numasim_entity *se)
{
    numasim_charge(self->host, q->cpu, 1);
    return se == NULL;
}

static const struct numasim_queue_ops sending_queue = {GOOD_QUEUE, .tick = sending_tick};
POLICY(sending, .queue = &sending_queue);

static void test_act_in_replay(void)
{
    run_faulty(two_sleepers, &sending, NUMASIM_ROLE_QUEUE, NULL, "numasim_charge()", "at ",
               "replayed");
}

/* Each of the functions that name a CPU, with one that there is not. */
#define CALLS(name, call)                                                                          \
    static int64_t name##_tick(struct numasim_self *self, int32_t cpu)                             \
    {                                                                                              \
        (void)cpu;                                                                                 \
        (void)(call);                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    static void name##_kicked(struct numasim_self *self, int32_t cpu)                              \
    {                                                                                              \
        (void)self;                                                                                \
        (void)cpu;                                                                                 \
    }                                                                                              \
    static const struct numasim_balance_ops name##_ops = {.tick = name##_tick,                     \
                                                          .kicked = name##_kicked};                \
    POLICY(name, .balance = &name##_ops)

CALLS(pushesfrom, numasim_push_running(self->host, -1, 0));
CALLS(pushesto, numasim_push_running(self->host, 0, 64));
CALLS(kicksto, numasim_kick(self->host, 0, 8));
CALLS(kicksfrom, numasim_kick(self->host, -5, 0));
CALLS(rescheds, (numasim_resched(self->host, 1000000), 0));
CALLS(charges, (numasim_charge(self->host, -1, 10), 0));
CALLS(chargesless, (numasim_charge(self->host, 0, -10), 0));
CALLS(looksbeyond, (numasim_cpu(self->host, 8), 0));
CALLS(looksbelow, numasim_node(self->host, -1)->id);
CALLS(measures, numasim_distance(self->host, 0, 2));
CALLS(givesup, (numasim_fault(self, "the moon is in the way"), 0));

static void test_host_calls(void)
{
    static const struct {
        const struct numasim_policy *policy;
        const char *callback, *what;
    } cases[] = {
        {&pushesfrom, "numasim_push_running()", "no CPU -1"},
        {&pushesto, "numasim_push_running()", "no CPU 64"},
        {&kicksto, "numasim_kick()", "no CPU 8"},
        {&kicksfrom, "numasim_kick()", "no CPU -5"},
        {&rescheds, "numasim_resched()", "no CPU 1000000"},
        {&charges, "numasim_charge()", "no CPU -1"},
        {&chargesless, "numasim_charge()", "-10 ns"},
        {&givesup, "gives up", "the moon is in the way"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        run_faulty(crowd, NULL, NUMASIM_ROLE_BALANCE, cases[i].policy, cases[i].callback, "at ",
                   cases[i].what);
    }
}

/* Who asks for what there is not is not known: any role may. */
static void test_host_objects(void)
{
    const struct numasim_policy *const cases[] = {&looksbeyond, &looksbelow, &measures};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {&good, cases[i]};
        struct engine *e =
            engine_new_with("teach-numa-2x4", crowd, by_role, &(struct kernel_config){.seed = 1});

        engine_run_fault(e, 200 * MS, "a policy calls numasim_", ", and there are 0-", NULL);
        engine_free(e);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* No time passes                                                                               */

static void eager_kicked(struct numasim_self *self, int32_t cpu)
{
    numasim_kick(self->host, cpu, cpu);
}

static int64_t eager_tick(struct numasim_self *self, int32_t cpu)
{
    numasim_kick(self->host, cpu, cpu);
    return 0;
}

static const struct numasim_balance_ops eager_ops = {.tick = eager_tick, .kicked = eager_kicked};
POLICY(eager, .balance = &eager_ops);

static bool spinning_timer(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se)
{
    (void)se;
    numasim_set_slice_timer(self->host, q, numasim_now(self->host));
    return false;
}

static void spinning_current(struct numasim_self *self, struct numasim_queue *q,
                             struct numasim_entity *se)
{
    (void)se;
    numasim_set_slice_timer(self->host, q, 0);
}

static const struct numasim_queue_ops spinning_ops = {GOOD_QUEUE, .set_current = spinning_current,
                                                      .slice_timer = spinning_timer};
POLICY(spinning, .queue = &spinning_ops);

static void test_no_time_passes(void)
{
    const struct numasim_policy *cases[2][NUMASIM_NR_ROLES] = {{&good, &eager}, {&spinning}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e =
            engine_new_with("teach-numa-2x4", crowd, cases[i], &(struct kernel_config){.seed = 1});

        engine_run_fault(e, 50 * MS, "without time passing", NULL);
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel-checks/lost", test_lost);
    g_test_add_func("/kernel-checks/lost-beside-wakeups", test_lost_beside_wakeups);
    g_test_add_func("/kernel-checks/blind", test_blind);
    g_test_add_func("/kernel-checks/pick-not-queued", test_pick_not_queued);
    g_test_add_func("/kernel-checks/pick-of-another-cpu", test_pick_of_another_cpu);
    g_test_add_func("/kernel-checks/dequeue-refused", test_dequeue_refused);
    g_test_add_func("/kernel-checks/select-cpu", test_select_cpu);
    g_test_add_func("/kernel-checks/select-cpu-offline", test_select_cpu_offline);
    g_test_add_func("/kernel-checks/move-out-of-range", test_move_out_of_range);
    g_test_add_func("/kernel-checks/act-in-replay", test_act_in_replay);
    g_test_add_func("/kernel-checks/forbidden-moves", test_forbidden_moves);
    g_test_add_func("/kernel-checks/host-calls", test_host_calls);
    g_test_add_func("/kernel-checks/host-objects", test_host_objects);
    g_test_add_func("/kernel-checks/no-time-passes", test_no_time_passes);
    return g_test_run();
}
