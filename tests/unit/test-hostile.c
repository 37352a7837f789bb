/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies that answer at random. The lawful one does all that numasim-policy.h allows, at every
 * callback where it may: the run has to end without a fault, with every invariant kept at every
 * step. The lawless one also answers what it may not: it may end with a fault, never with a crash.
 */
#include "engine-fixture.h"
#include "hostile-chance.h"
#include "kernel-invariants.h"
#include "torture.h"

#include "base/time.h"

#define MS NSEC_PER_MSEC

enum { QUEUE_SIZE = 256, MAX_DEPTH = 3, MAX_MOVES = 20 };

#ifndef SEEDS
#define SEEDS 3
#endif

struct bag {
    struct numasim_entity *at[QUEUE_SIZE];
    uint32_t nr;
};

/* ------------------------------------------------------------------------------------------- */
/* Queue                                                                                        */

static void bag_enqueue(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, uint32_t flags)
{
    struct bag *bag = q->state;

    (void)flags;
    g_assert_true(bag->nr == q->nr_queued || lawless(self));
    g_assert_cmpuint(bag->nr, <, QUEUE_SIZE);
    if (!errs(self)) {
        bag->at[bag->nr++] = se;
    }
}

static bool bag_dequeue(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, uint32_t flags)
{
    struct bag *bag = q->state;
    bool may_delay = se->is_task && (flags & NUMASIM_DEQUEUE_SLEEP) != 0 &&
                     (flags & NUMASIM_DEQUEUE_DELAYED) == 0;

    if ((may_delay && one_in(self, 3)) || errs(self)) {
        return false;
    }
    for (uint32_t i = 0; i < bag->nr; i++) {
        if (bag->at[i] == se) {
            bag->at[i] = bag->at[--bag->nr];
            return true;
        }
    }
    g_assert_true(lawless(self));
    return true;
}

static void bag_requeue_delayed(struct numasim_self *self, struct numasim_queue *q,
                                struct numasim_entity *se)
{
    (void)self;
    g_assert_true(se->queued && !se->delayed && se->queue == q);
}

static struct numasim_entity *bag_pick(struct numasim_self *self, struct numasim_queue *q)
{
    const struct bag *bag = q->state;

    if (errs(self) || bag->nr == 0) {
        g_assert_true(lawless(self));
        return NULL;
    }
    return bag->at[below(self, bag->nr)];
}

static void bag_current(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se)
{
    (void)se;
    if (one_in(self, 3)) {
        numasim_set_slice_timer(self->host, q,
                                numasim_now(self->host) + (int64_t)below(self, 2000000));
    }
}

static void bag_yield(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    (void)self;
    g_assert_true(q->curr == se);
}

static bool bag_account(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, int64_t delta_ns)
{
    g_assert_true(q->curr == se && se->queued && delta_ns > 0);
    return one_in(self, 10);
}

static bool bag_tick(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    g_assert_true(q->curr == se && se->queued);
    return one_in(self, 3);
}

static bool bag_wakeup_preempt(struct numasim_self *self, struct numasim_queue *q,
                               struct numasim_entity *se, uint32_t wake_flags,
                               struct numasim_decision *d)
{
    (void)wake_flags;
    (void)d;
    g_assert_true(q->curr != NULL && q->curr != se && se->queued);
    return one_in(self, 2);
}

static const struct numasim_queue_ops bag_ops = {
    .enqueue = bag_enqueue,
    .dequeue = bag_dequeue,
    .requeue_delayed = bag_requeue_delayed,
    .pick = bag_pick,
    .set_current = bag_current,
    .put_current = bag_current,
    .account = bag_account,
    .tick = bag_tick,
    .slice_timer = bag_tick,
    .wakeup_preempt = bag_wakeup_preempt,
    .yield = bag_yield,
};

/* ------------------------------------------------------------------------------------------- */
/* Balance                                                                                      */

static int32_t any_cpu(struct numasim_self *self)
{
    if (errs(self)) {
        return (int32_t)below(self, 1000) - 500;
    }
    return (int32_t)below(self, (uint64_t)numasim_nr_cpus(self->host));
}

/* A valid CPU even of the lawless: what is asked about it has no error. */
static struct numasim_task *any_waiting(struct numasim_self *self)
{
    int32_t cpu = (int32_t)below(self, (uint64_t)numasim_nr_cpus(self->host));
    struct numasim_task *t = numasim_first_waiting(self->host, cpu);

    while (t != NULL && one_in(self, 2)) {
        struct numasim_task *next = numasim_next_waiting(self->host, t);

        t = next != NULL ? next : t;
    }
    return t;
}

static void move_any(struct numasim_self *self)
{
    struct numasim_task *t = any_waiting(self);
    int32_t to = any_cpu(self);
    struct chance *c = self->state;

    if (t == NULL || c->moves >= MAX_MOVES) {
        return;
    }
    c->moves++;
    int32_t from = t->cpu;
    bool may = numasim_may_run(self->host, t, to);
    bool moved = numasim_move_task(self->host, t, to);

    g_assert_true(!moved || (may && from != to) || c->depth > 1 || lawless(self));
}

/* One of the things that a balance or numa policy may do at any of its callbacks. */
static void do_something(struct numasim_self *self)
{
    struct chance *c = self->state;
    struct numasim_host *host = self->host;

    if (c->last_ns != numasim_now(host)) {
        c->last_ns = numasim_now(host);
        c->moves = 0;
    }
    if (c->depth >= MAX_DEPTH || one_in(self, 2)) {
        return;
    }
    c->depth++;
    int32_t from = any_cpu(self);
    int32_t to = any_cpu(self);

    switch (below(self, 6)) {
    case 0:
    case 1:
        move_any(self);
        break;
    case 2:
        numasim_push_running(host, from, to);
        break;
    case 3:
        if (c->moves++ < MAX_MOVES) {
            numasim_resched(host, to);
        }
        break;
    case 4:
        if (c->moves++ < MAX_MOVES) {
            numasim_kick(host, from, to);
        }
        break;
    default:
        numasim_charge(host, to, errs(self) ? -5 : (int64_t)below(self, 3000));
        break;
    }
    c->depth--;
}

static int32_t random_select_cpu(struct numasim_self *self, struct numasim_task *task,
                                 int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                                 struct numasim_decision *d)
{
    (void)flags;
    (void)d;
    g_assert_cmpint(task->cpu, ==, prev_cpu);
    g_assert_true(waker_cpu >= 0 && waker_cpu < numasim_nr_cpus(self->host));
    do_something(self);
    for (int tries = 0; tries < 8; tries++) {
        int32_t cpu = any_cpu(self);

        if (errs(self) || numasim_may_run(self->host, task, cpu)) {
            return cpu;
        }
    }
    return prev_cpu;
}

static int32_t random_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    struct numasim_task *t = any_waiting(self);

    (void)d;
    do_something(self);
    if (t != NULL && t->cpu != cpu) {
        numasim_move_task(self->host, t, cpu);
    }
    return (int32_t)below(self, 3);
}

static int64_t random_tick(struct numasim_self *self, int32_t cpu)
{
    int64_t now_ns = numasim_now(self->host);

    numasim_cpu_load(self->host, cpu);
    do_something(self);
    switch (below(self, 4)) {
    case 0:
        return NUMASIM_TIME_NEVER - (int64_t)below(self, 3);
    case 1:
        return INT64_MIN;
    default:
        return now_ns + (int64_t)below(self, 20000000);
    }
}

static void random_kicked(struct numasim_self *self, int32_t cpu)
{
    (void)cpu;
    do_something(self);
}

static void random_idle_changed(struct numasim_self *self, int32_t cpu, bool idle)
{
    g_assert_true(numasim_cpu(self->host, cpu)->idle == idle);
    do_something(self);
}

static void random_migrated(struct numasim_self *self, struct numasim_task *task, int32_t from,
                            int32_t to)
{
    g_assert_true(from != to && task->cpu == to);
    numasim_task_load(self->host, task);
    do_something(self);
    /* It is between two queues. */
    g_assert_false(numasim_move_task(self->host, task, from));
}

static const struct numasim_balance_ops random_ops = {
    .select_cpu = random_select_cpu,
    .newidle = random_newidle,
    .tick = random_tick,
    .kicked = random_kicked,
    .idle_changed = random_idle_changed,
    .migrated = random_migrated,
};

/* ------------------------------------------------------------------------------------------- */
/* NUMA and tier                                                                                */

static void migrate_any(struct numasim_self *self, struct numasim_task *task)
{
    struct chance *c = self->state;
    int32_t nr_nodes = numasim_nr_nodes(self->host);

    if (task->process == NULL || numasim_nr_regions(task->process) == 0 || c->depth >= MAX_DEPTH) {
        return;
    }
    int32_t region = (int32_t)below(self, (uint64_t)numasim_nr_regions(task->process));
    int32_t from = errs(self) ? -1 : (int32_t)below(self, (uint64_t)nr_nodes);
    int32_t to = errs(self) ? nr_nodes : (int32_t)below(self, (uint64_t)nr_nodes);
    int32_t cpu = any_cpu(self);
    int64_t nr_pages = (int64_t)below(self, 5000) - 10;

    c->depth++;
    numasim_migrate_pages(self->host, cpu, task->process, region, from, to, nr_pages);
    c->depth--;
}

static int32_t any_node(struct numasim_self *self)
{
    return (int32_t)below(self, (uint64_t)numasim_nr_nodes(self->host));
}

static void numa_work(struct numasim_self *self, struct numasim_task *task)
{
    int32_t nr = task->process != NULL ? numasim_nr_regions(task->process) : 0;

    if (nr > 0) {
        int32_t region = (int32_t)below(self, (uint64_t)nr) + (errs(self) ? nr : 0);
        uint64_t skip[4] = {below(self, 4)};

        numasim_protect_range(self->host, task, region, (int64_t)below(self, 3000) - 100,
                              (int64_t)below(self, 3000) - 100, skip,
                              one_in(self, 2) ? skip : NULL);
    }
    do_something(self);
}

static void numa_fault(struct numasim_self *self, struct numasim_fault *f,
                       struct numasim_decision *d)
{
    (void)d;
    g_assert_true(f->nr_faults > 0 && f->pages.protected_ns >= 0 && f->task->cpu == f->cpu);
    g_assert_cmpint(f->pages.nr_pages * 4096, ==, f->nr_faults * f->pages.page_bytes);
    f->target = errs(self) ? 99 : any_node(self) - (int32_t)below(self, 2);
    f->nr_move = (int64_t)below(self, (uint64_t)f->nr_faults + 1) + errs(self);
    f->set_last_cpu = one_in(self, 3) ? f->cpu : (errs(self) ? -7 : -1);
    f->set_last_pid = errs(self) ? 300 : (int32_t)below(self, 257) - 1;
    f->set_tag = (uint32_t)below(self, 3);
}

static void numa_fault_done(struct numasim_self *self, const struct numasim_fault *f)
{
    g_assert_true(f->nr_moved >= 0 && f->nr_moved <= f->nr_move);
    numasim_resched(self->host, f->cpu);
}

static int64_t numa_tick(struct numasim_self *self, struct numasim_task *task)
{
    if (one_in(self, 2)) {
        numasim_task_work(self->host, task);
    }

    int32_t node = (int32_t)below(self, (uint64_t)numasim_nr_nodes(self->host) + 1) - 1;

    numasim_set_preferred_node(self->host, task, errs(self) ? 99 : node);
    migrate_any(self, task);
    return random_tick(self, task->cpu);
}

static void numa_accessed(struct numasim_self *self, struct numasim_task *task, int32_t cpu_node,
                          const uint64_t *accesses, const uint64_t *writes)
{
    (void)cpu_node;
    (void)accesses;
    (void)writes;
    do_something(self);
    migrate_any(self, task);
}

static void numa_moved(struct numasim_self *self, struct numasim_task *task, int32_t from_node,
                       int32_t to_node)
{
    g_assert_cmpint(from_node, !=, to_node);
    migrate_any(self, task);
    do_something(self);
}

static int32_t numa_locality(struct numasim_self *self, const struct numasim_task *task,
                             int32_t src, int32_t dst)
{
    (void)task;
    (void)src;
    (void)dst;
    return (int32_t)below(self, 3) - 1;
}

static const struct numasim_numa_ops numa_ops = {
    .tick = numa_tick,
    .task_work = numa_work,
    .hint_fault = numa_fault,
    .fault_done = numa_fault_done,
    .accessed = numa_accessed,
    .moved = numa_moved,
    .locality = numa_locality,
};

static void tier_alloc(struct numasim_self *self, struct numasim_alloc *a,
                       struct numasim_decision *d)
{
    int64_t page = 4096, units = a->got_page_bytes / page;
    int32_t node = (int32_t)below(self, (uint64_t)numasim_nr_nodes(self->host));

    (void)d;
    if (one_in(self, 5000)) {
        a->failed = true;
        return;
    }
    if (numasim_node(self->host, node)->free_bytes < a->got_page_bytes) {
        node = a->cpu_node;
    }
    if (one_in(self, 3)) { /* base pages, where huge ones were asked for */
        a->got_page_bytes = page;
        units = 1;
    }
    a->nr = (1 + (int64_t)below(self, (uint64_t)(a->nr_pages / units))) * units;
    a->nr = MIN(a->nr, numasim_node(self->host, node)->free_bytes / page / units * units);
    if (a->nr == 0) {
        a->failed = true;
        return;
    }
    a->nr_by_node[errs(self) ? numasim_nr_nodes(self->host) - 1 : node] = a->nr;
    a->nr += errs(self);
    a->got_page_bytes = errs(self) ? 12345 : a->got_page_bytes;
}

static void tier_low_memory(struct numasim_self *self, int32_t node)
{
    g_assert_true(node >= 0 && node < numasim_nr_nodes(self->host));
    numasim_wake_daemon(self->host, errs(self) ? -1 : node,
                        numasim_now(self->host) + (int64_t)below(self, 2000000) - 1000000);
    do_something(self);
}

/* One of the things that may be done to pages that an iteration gave. */
static void do_to_pages(struct numasim_self *self, const struct numasim_pages *pages, int32_t cpu)
{
    struct numasim_host *host = self->host;
    int64_t nr = (int64_t)below(self, (uint64_t)pages->nr_pages + 3) - 1;
    int32_t to = errs(self) ? -1 : any_node(self);

    switch (below(self, 6)) {
    case 0:
        numasim_move_pages(host, errs(self) ? -3 : cpu, pages, nr, to, 0);
        numasim_transact_pages(host, cpu, pages, nr, to, 0, 2, one_in(self, 2));
        break;
    case 1:
        numasim_demote_pages(host, cpu, pages, nr, to, (int64_t)below(self, 1 << 30));
        break;
    case 2:
        numasim_split_pages(host, cpu, pages, nr);
        break;
    case 3:
        numasim_drop_pages(host, cpu, pages, nr);
        break;
    default:
        numasim_tag_pages(host, pages, nr, (uint32_t)below(self, 5));
        break;
    }
}

static int64_t tier_daemon(struct numasim_self *self, int32_t node)
{
    struct numasim_pages pages = {0};
    int32_t only = one_in(self, 2) ? -1 : any_node(self),
            cpu = numasim_daemon_cpu(self->host, node);
    int64_t again_ns = numasim_now(self->host) + (int64_t)below(self, 5000000);

    g_assert_true(cpu >= 0 && cpu < numasim_nr_cpus(self->host));
    for (int i = 0; i < 200 && numasim_next_pages(self->host, NULL, only, &pages); i++) {
        g_assert_true(pages.nr_pages > 0 && (only < 0 || pages.node == only));
        if (one_in(self, 2)) {
            do_to_pages(self, &pages, cpu);
        }
    }
    return one_in(self, 3) ? NUMASIM_TIME_NEVER : one_in(self, 10) ? INT64_MIN : again_ns;
}

static const struct numasim_tier_ops tier_ops = {.alloc = tier_alloc,
                                                 .low_memory = tier_low_memory,
                                                 .daemon = tier_daemon,
                                                 .daemon_name = "hostile"};

/* Every node's daemon is awake from the first task on. */
static void tier_task_init(struct numasim_self *self, struct numasim_task *task,
                           struct numasim_task *parent)
{
    struct chance *c = self->state;

    (void)parent;
    if (task->kthread || c->woken) {
        return;
    }
    c->woken = true;
    for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
        numasim_wake_daemon(self->host, n, 0);
    }
}

static bool lawless_init(struct numasim_self *self, char *error, size_t size)
{
    (void)error;
    (void)size;
    ((struct chance *)self->state)->lawless = true;
    return true;
}

#define HOSTILE(policy_name, init_function)                                                        \
    {                                                                                              \
        .abi = NUMASIM_POLICY_ABI, .name = policy_name, .summary = "answers at random",            \
        .version = "1", .state_size = sizeof(struct chance),                                       \
        .queue_state_size = sizeof(struct bag), .task_state_size = 8, .domain_state_size = 16,     \
        .group_state_size = 16, .init = init_function, .task_init = tier_task_init,                \
        .queue = &bag_ops, .balance = &random_ops, .numa = &numa_ops, .tier = &tier_ops            \
    }

static const struct numasim_policy lawful_policy = HOSTILE("lawful", NULL);
static const struct numasim_policy lawless_policy = HOSTILE("lawless", lawless_init);

/* ------------------------------------------------------------------------------------------- */

static struct engine *hostile_engine(const char *topology, const char *workload,
                                     const struct numasim_policy *p,
                                     const struct kernel_config *config)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {p, p, p, p, NULL};

    return engine_new_with(topology, workload, by_role, config);
}

static const char *const machines[] = {"teach-uma-4", "teach-numa-2x4", "epyc-7763-2s-nps4",
                                       "xeon-spr-2s-2cxl", "kunpeng-920-2s"};
static const char *const loads[] = {torture_steps, torture_admin,  "db-server",
                                    "hackbench",   "numa-process", "fork-join"};

static void test_lawful(gconstpointer data)
{
    const char *topology = data;

    for (gsize w = 0; w < G_N_ELEMENTS(loads); w++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct kernel_config config = {.seed = seed, .all_ticks = seed % 3 == 0};
            g_autoptr(GError) error = NULL;
            struct engine *e = hostile_engine(topology, loads[w], &lawful_policy, &config);

            if (!kernel_run_checked(e->kernel, 80 * MS, MS, &error)) {
                g_autofree char *dump = kernel_dump(e->kernel);

                g_error("load %zu, seed %u: %s\n%s", w, (unsigned)seed, error->message, dump);
            }
            engine_free(e);
        }
    }
}

static void test_lawless(gconstpointer data)
{
    const char *topology = data;
    int faults = 0;

    for (gsize w = 0; w < G_N_ELEMENTS(loads); w++) {
        for (uint64_t seed = 1; seed <= 8; seed++) {
            struct kernel_config config = {.seed = seed, .watchdog_ns = 10 * MS};
            g_autoptr(GError) error = NULL;
            struct engine *e = hostile_engine(topology, loads[w], &lawless_policy, &config);

            if (!kernel_run(e->kernel, 80 * MS, &error)) {
                g_autofree char *dump = kernel_dump(e->kernel);

                g_assert_nonnull(strstr(error->message, "lawless"));
                g_assert_nonnull(strstr(dump, "simulated time:"));
                faults++;
            }
            engine_free(e);
        }
    }
    g_assert_cmpint(faults, >, 12);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
        g_autofree char *lawful_path = g_strdup_printf("/hostile/lawful/%s", machines[i]);
        g_autofree char *lawless_path = g_strdup_printf("/hostile/lawless/%s", machines[i]);

        g_test_add_data_func(lawful_path, machines[i], test_lawful);
        g_test_add_data_func(lawless_path, machines[i], test_lawless);
    }
    return g_test_run();
}
