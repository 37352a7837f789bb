/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages in the hands of policies that live here: hint faults, task_work, daemons, and what is done to
 * populations. On teach-numa-2x4, where memory of the other node takes twice as long.
 */
#include "event-log.h"
#include "kernel-invariants.h"

#include <string.h>

#include "base/draw.h"
#include "base/time.h"
#include "kernel/mm/fault.h"

#define MS NSEC_PER_MSEC

/* ------------------------------------------------------------------------------------------- */
/* A queue, first come first served                                                             */

enum { FIFO_SIZE = 64 };

struct fifo {
    struct numasim_entity *at[FIFO_SIZE];
    uint32_t nr;
};

static void fifo_enqueue(struct numasim_self *self, struct numasim_queue *q,
                         struct numasim_entity *se, uint32_t flags)
{
    struct fifo *f = q->state;

    (void)self;
    (void)flags;
    g_assert_cmpuint(f->nr, <, FIFO_SIZE);
    f->at[f->nr++] = se;
}

static bool fifo_dequeue(struct numasim_self *self, struct numasim_queue *q,
                         struct numasim_entity *se, uint32_t flags)
{
    struct fifo *f = q->state;

    (void)self;
    (void)flags;
    for (uint32_t i = 0; i < f->nr; i++) {
        if (f->at[i] == se) {
            memmove(&f->at[i], &f->at[i + 1], sizeof(f->at[0]) * (--f->nr - i));
            break;
        }
    }
    return true;
}

static struct numasim_entity *fifo_pick(struct numasim_self *self, struct numasim_queue *q)
{
    const struct fifo *f = q->state;

    (void)self;
    return q->curr != NULL ? q->curr : f->nr > 0 ? f->at[0] : NULL;
}

static const struct numasim_queue_ops fifo_ops = {
    .enqueue = fifo_enqueue, .dequeue = fifo_dequeue, .pick = fifo_pick};

/* ------------------------------------------------------------------------------------------- */
/* A numa policy: every 10 ms protects all of region 0, and moves what faults to where it faults  */

struct mover {
    int64_t next_ns;
    int64_t works, faults, done, moved;
    int64_t last_first; /* of the last population that faulted */
    bool ordered;
};

static bool mover_init(struct numasim_self *self, char *error, size_t size)
{
    (void)error;
    (void)size;
    *(struct mover *)self->state = (struct mover){.ordered = true};
    return true;
}

static int64_t mover_tick(struct numasim_self *self, struct numasim_task *task)
{
    struct mover *m = self->state;
    int64_t now_ns = numasim_now(self->host);

    if (now_ns >= m->next_ns) {
        m->next_ns = now_ns + 10 * MS;
        numasim_task_work(self->host, task);
    }
    return m->next_ns;
}

static void mover_work(struct numasim_self *self, struct numasim_task *task)
{
    struct mover *m = self->state;

    m->works++;
    m->last_first = -1;
    numasim_protect_pages(self->host, task, 0, 0, INT64_MAX, NULL);
}

static void mover_fault(struct numasim_self *self, struct numasim_fault *f,
                        struct numasim_decision *d)
{
    struct mover *m = self->state;

    numasim_decide(d, 0, 0);
    g_assert_cmpint(f->pages.protected_ns, <=, numasim_now(self->host));
    g_assert_cmpint(f->pages.nr_pages * 4096, ==, f->nr_faults * f->pages.page_bytes);
    m->faults += f->nr_faults;
    m->ordered = m->ordered && f->pages.first > m->last_first;
    m->last_first = f->pages.first;
    f->target = numasim_cpu(self->host, f->cpu)->node;
    f->set_last_cpu = f->cpu;
    f->set_last_pid = f->task->id & 255;
}

static void mover_done(struct numasim_self *self, const struct numasim_fault *f)
{
    struct mover *m = self->state;

    m->done += f->nr_faults;
    m->moved += f->nr_moved;
}

static const struct numasim_numa_ops mover_ops = {.tick = mover_tick,
                                                  .task_work = mover_work,
                                                  .hint_fault = mover_fault,
                                                  .fault_done = mover_done};

static const struct numasim_policy mover_policy = {.abi = NUMASIM_POLICY_ABI,
                                                   .name = "mover",
                                                   .summary = "for a test",
                                                   .version = "1",
                                                   .state_size = sizeof(struct mover),
                                                   .queue_state_size = sizeof(struct fifo),
                                                   .init = mover_init,
                                                   .queue = &fifo_ops,
                                                   .numa = &mover_ops};

/* Two threads on node 1, a GiB a second each, over memory that a third one touched on node 0. */
#define READERS(pattern, page)                                                                     \
    "numasim: workload/1\nduration: 1s\n"                                                          \
    "processes:\n  p:\n    regions: {heap: {size: 32MiB, page: " page ", touch: first" pattern     \
    "}}\n    threads:\n      owner: {cpus: 0, program: [run: 1ms, sleep: 10s]}\n"                  \
    "      reader: {count: 2, cpus: 4-5, spread: true, start: 1ms, program: [access: {misses: "    \
    "{heap: 16/us}, mlp: 10}, forever: [run: 700us, sleep: 100us]]}\n"

static struct engine *new_mover(const char *workload, const struct kernel_config *config)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &mover_policy, [NUMASIM_ROLE_NUMA] = &mover_policy};

    return engine_new_with("teach-numa-2x4", workload, by_role, config);
}

static struct mover *mover_of(const struct engine *e)
{
    return e->kernel->roles[NUMASIM_ROLE_NUMA].self->state;
}

static uint64_t vmstat(const struct engine *e, enum numasim_vm_item item)
{
    uint64_t sum = 0;

    for (int32_t n = 0; n < e->kernel->nr_nodes; n++) {
        sum += e->kernel->nodes[n].vmstat[item];
    }
    return sum;
}

static void test_moves(gconstpointer data)
{
    static const struct kernel_config config = {.seed = 1};
    struct engine *e = new_mover(data, &config);
    const struct mover *m = mover_of(e);
    bool huge = strstr(data, "page: 2MiB") != NULL;
    int64_t nr = huge ? 16 : 8192;

    for (int ms = 10; ms <= 400; ms += 10) {
        engine_run(e, ms * MS);
        kernel_check(e->kernel);
    }
    const struct numasim_process *p = task_pub(engine_task(e, "reader", 0))->process;

    g_assert_cmpint(m->works, >, 20);
    g_assert_cmpint(m->faults, ==, m->done);
    g_assert_cmpint(m->moved, ==, nr); /* each once: then they are local */
    g_assert_cmpint(p->bytes_by_node[0], ==, 0);
    g_assert_cmpint(p->bytes_by_node[1], ==, 32 << 20);
    g_assert_cmpuint(vmstat(e, NUMASIM_NUMA_HINT_FAULTS), ==, (uint64_t)m->faults);
    g_assert_cmpuint(vmstat(e, NUMASIM_NUMA_HINT_FAULTS_LOCAL), ==, (uint64_t)(m->faults - nr));
    g_assert_cmpuint(vmstat(e, NUMASIM_NUMA_PAGES_MIGRATED), ==, 8192);
    g_assert_cmpuint(vmstat(e, NUMASIM_PGMIGRATE_SUCCESS), ==, 8192);
    g_assert_cmpuint(vmstat(e, NUMASIM_THP_MIGRATION_SUCCESS), ==, huge ? 16 : 0);
    g_assert_cmpuint(vmstat(e, NUMASIM_NUMA_PTE_UPDATES), >=,
                     (uint64_t)m->faults * (huge ? 512 : 1));
    engine_free(e);
}

/* One thread, in order: what faults is what it passed, each page once a scan, lowest first. */
static void test_in_order(void)
{
    static const struct kernel_config config = {.seed = 1};
    struct engine *e = new_mover(
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    regions: {heap: {size: 1MiB, "
        "touch: first, pattern: sequential}}\n    threads:\n      t: {cpus: 4, program: [access: "
        "{misses: {heap: 16/us}, mlp: 10}, run: 2500us, sleep: 10s]}\n",
        &config);
    struct mover *m = mover_of(e);

    engine_run(e, 500 * MS);
    kernel_check(e->kernel);
    /* 40,000 lines are 625 pages, 2.4 rounds; the first tick finds nothing protected before it. */
    g_assert_cmpint(m->faults, >, 0);
    g_assert_cmpint(m->faults, <=, 256);
    g_assert_true(m->ordered || m->faults == 256);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* The draws, against one for each page                                                         */

struct sums {
    double mean, variance;
};

static struct sums sums_of(const int64_t *x, int32_t n)
{
    struct sums s = {0};

    for (int32_t i = 0; i < n; i++) {
        s.mean += (double)x[i] / n;
    }
    for (int32_t i = 0; i < n; i++) {
        s.variance += ((double)x[i] - s.mean) * ((double)x[i] - s.mean) / (n - 1);
    }
    return s;
}

/* How many of @pages pages (in @units of them, if huge) are met by some @accesses, page by
 * page: they come as a Poisson process. */
static int64_t page_by_page(struct rng *r, uint64_t *index, int64_t pages, int64_t unit,
                            uint64_t accesses)
{
    g_autofree bool *met = g_new0(bool, (gsize)(pages / unit));
    int64_t nr = 0, come = draw_poisson(accesses << 32, rng_u64(r, (*index)++));

    for (int64_t i = 0; i < come; i++) {
        uint64_t at = rng_below(r, (*index)++, (uint64_t)pages) / (uint64_t)unit;

        nr += !met[at];
        met[at] = true;
    }
    return nr;
}

static void test_draws(gconstpointer data)
{
    enum { ROUNDS = 400 };
    static const uint64_t accesses[] = {3, 40, 250, 4000, 20000};
    bool huge = strstr(data, "page: 2MiB") != NULL;
    struct rng r = rng_init(5, RNG_WORKLOAD);
    uint64_t index = 0;

    for (gsize a = 0; a < G_N_ELEMENTS(accesses); a++) {
        int64_t ours[ROUNDS], theirs[ROUNDS];
        struct engine *e = new_mover(data, &(struct kernel_config){.seed = a});
        struct mover *m = mover_of(e);
        struct task *t = engine_task(e, "reader", 0);

        m->next_ns = INT64_C(1) << 60; /* no scan of its own */
        engine_run(e, 200 * MS);
        while (t->pub.task_state != NUMASIM_TASK_RUNNING) {
            engine_run(e, kernel_now_ns(e->kernel) + 10000);
        }
        for (int32_t i = 0; i < ROUNDS; i++) {
            mover_work(e->kernel->roles[NUMASIM_ROLE_NUMA].self, &t->pub);
            m->faults = 0;
            t->access[0].accesses = accesses[a];
            t->access[0].earlier = 0;
            task_faults(e->kernel, task_rq(e->kernel, t), t);
            ours[i] = m->faults;
            theirs[i] = page_by_page(&r, &index, 8192, huge ? 512 : 1, accesses[a]);
            /* What was not met is protected still: end this round. */
            t->access[0].accesses = UINT64_C(1) << 40;
            task_faults(e->kernel, task_rq(e->kernel, t), t);
        }
        kernel_check(e->kernel);

        struct sums x = sums_of(ours, ROUNDS), y = sums_of(theirs, ROUNDS);
        double error = (x.variance + y.variance) / ROUNDS;

        /* Four standard errors of the means; variances of the same size. */
        g_assert_cmpfloat((x.mean - y.mean) * (x.mean - y.mean), <=, 16 * error + 0.01 * y.mean);
        g_assert_cmpfloat(x.variance, <, 1.6 * y.variance + 0.1);
        g_assert_cmpfloat(x.variance, >, 0.6 * y.variance - 0.1);
        engine_free(e);
    }
}

/* Accesses from before a page was protected do not meet it. */
static void test_earlier(void)
{
    struct engine *e = new_mover(READERS("", "base"), &(struct kernel_config){.seed = 1});
    struct mover *m = mover_of(e);
    struct task *t = engine_task(e, "reader", 0);
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;

    m->next_ns = INT64_C(1) << 60;
    engine_run(e, 200 * MS);
    while (t->pub.task_state != NUMASIM_TASK_RUNNING) {
        engine_run(e, kernel_now_ns(e->kernel) + 10000);
    }
    t->access[0].accesses = 1000000;
    numasim_protect_pages(host, &t->pub, 0, 0, 4096, NULL);
    g_assert_cmpuint(t->access[0].accesses, ==, 0);
    /* A moment ago: */
    task_process(t)->regions[0]->slices[0].parts[0].extents[0].kinds[0].protected_ns--;
    t->access[0].accesses = 1 << 30; /* meets all that is protected now... */
    numasim_protect_pages(host, &t->pub, 0, 4096, 4096, NULL);
    g_assert_cmpuint(t->fault_work, ==, 0); /* ... at once, ... */
    task_faults(e->kernel, task_rq(e->kernel, t), t);
    g_assert_cmpint(m->faults, ==, 4096); /* ... and nothing else */
    g_assert_cmpint(task_process(t)->regions[0]->slices[0].parts[0].protected, ==, 4096);
    kernel_check(e->kernel);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */

static char *run_digest(const struct kernel_config *config, bool listened, bool cut)
{
    struct engine *e = new_mover(READERS("", "base"), config);
    g_autoptr(GArray) log = listened ? event_log_new(e) : NULL;

    (void)log;

    for (int ms = 5; cut && ms < 300; ms += 7) {
        engine_run(e, ms * MS);
        numasim_task_bytes((struct numasim_host *)(void *)e->kernel,
                           task_pub(engine_task(e, "reader", 0)));
    }
    return engine_run_digest(e, 300 * MS);
}

static void test_same(void)
{
    g_autofree char *plain = run_digest(&(struct kernel_config){.seed = 9}, false, false);
    g_autofree char *all =
        run_digest(&(struct kernel_config){.seed = 9, .all_ticks = true}, false, false);
    g_autofree char *listened = run_digest(&(struct kernel_config){.seed = 9}, true, false);
    g_autofree char *cut = run_digest(&(struct kernel_config){.seed = 9}, false, true);

    g_assert_cmpstr(plain, ==, all);
    g_assert_cmpstr(plain, ==, listened);
    g_assert_cmpstr(plain, ==, cut);

    /* Two at once do not know of each other. */
    static const struct kernel_config config = {.seed = 9};
    struct engine *a = new_mover(READERS("", "base"), &config);
    struct engine *b = new_mover(READERS("", "base"), &config);

    for (int ms = 10; ms <= 300; ms += 10) {
        engine_run(a, ms * MS);
        engine_run(b, ms * MS);
    }
    g_autofree char *of_a = kernel_digest(a->kernel), *of_b = kernel_digest(b->kernel);

    g_assert_cmpstr(plain, ==, of_a);
    g_assert_cmpstr(plain, ==, of_b);
    engine_free(a);
    engine_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/pages/moves/random", READERS("", "base"), test_moves);
    g_test_add_data_func("/pages/moves/huge", READERS("", "2MiB"), test_moves);
    g_test_add_func("/pages/in-order", test_in_order);
    g_test_add_data_func("/pages/draws/base", READERS("", "base"), test_draws);
    g_test_add_data_func("/pages/draws/huge", READERS("", "2MiB"), test_draws);
    g_test_add_func("/pages/earlier", test_earlier);
    g_test_add_func("/pages/same", test_same);
    return g_test_run();
}
