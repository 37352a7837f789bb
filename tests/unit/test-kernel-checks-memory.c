/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faulty policies of memory: what they answer or ask for ends the run with a fault that names them. */
#include "faulty-policies.h"

/* ------------------------------------------------------------------------------------------- */
/* Memory                                                                                       */

static const char toucher[] =
    "numasim: workload/1\nduration: 1s\n"
    "cgroups:\n  here: {nodes: 0}\n"
    "processes:\n  p:\n    cgroup: here\n    regions: {heap: {size: 1MiB, touch: first}}\n"
    "    threads:\n      toucher: {program: [access: {misses: {heap: 1/us}, mlp: 1}, "
    "forever: [run: 1ms]]}\n";

/* Answers @pages on @node of its @bytes. */
#define ALLOCATES(name, node, pages, bytes)                                                        \
    static void name##_alloc(struct numasim_self *self, struct numasim_alloc *a,                   \
                             struct numasim_decision *d)                                           \
    {                                                                                              \
        (void)self;                                                                                \
        numasim_decide(d, 0, 0);                                                                   \
        a->nr_by_node[node] = a->nr = (pages);                                                     \
        a->got_page_bytes = (bytes);                                                               \
    }                                                                                              \
    static const struct numasim_tier_ops name##_ops = {.alloc = name##_alloc};                     \
    POLICY(name, .tier = &name##_ops)

ALLOCATES(forbidden, 1, a->nr_pages, 4096);
ALLOCATES(nothing, 0, 0, 4096);
ALLOCATES(minus, 0, -1, 4096);
ALLOCATES(toomany, 0, a->nr_pages + 1, 4096);
ALLOCATES(huge, 0, a->nr_pages, 8192);
ALLOCATES(tiny, 0, a->nr_pages, 2048);
ALLOCATES(pagewise, 0, 1, 4096);

static void wrongsum_alloc(struct numasim_self *self, struct numasim_alloc *a,
                           struct numasim_decision *d)
{
    (void)self;
    numasim_decide(d, 0, 0);
    a->nr = 2;
    a->nr_by_node[0] = 1;
}
static const struct numasim_tier_ops wrongsum_ops = {.alloc = wrongsum_alloc};
POLICY(wrongsum, .tier = &wrongsum_ops);

static void refusing_alloc(struct numasim_self *self, struct numasim_alloc *a,
                           struct numasim_decision *d)
{
    (void)self;
    numasim_decide(d, 0, 0);
    a->failed = true;
}
static const struct numasim_tier_ops refusing_ops = {.alloc = refusing_alloc};
POLICY(refusing, .tier = &refusing_ops);

static void test_alloc(void)
{
    static const struct numasim_policy *const policies[] = {
        &forbidden, &nothing, &minus, &toomany, &huge, &tiny, &wrongsum};

    for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
        run_faulty(toucher, NULL, NUMASIM_ROLE_TIER, policies[i], "tier.alloc", "task 0 (toucher)",
                   "no valid answer");
    }
}

/* One page at a time is slow and right; "nowhere" kills. */
static void test_alloc_good(void)
{
    static const struct numasim_policy *const policies[] = {&pagewise, &refusing};

    for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
        const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
            [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_TIER] = policies[i]};
        struct engine *e =
            engine_new_with("teach-numa-2x4", toucher, by_role, &(struct kernel_config){.seed = 1});
        const struct numasim_task *t = task_pub(engine_task(e, "toucher", 0));

        engine_run(e, 10 * MS);
        g_assert_cmpint(t->task_state, ==, i == 0 ? NUMASIM_TASK_RUNNING : NUMASIM_TASK_DEAD);
        g_assert_cmpint(t->process->bytes_by_node[0], ==, i == 0 ? 1 << 20 : 0);
        engine_free(e);
    }
}

/* Says that it reclaimed what it was asked for. */
static int64_t pretending_reclaim(struct numasim_self *self, int32_t cgroup, int32_t cpu,
                                  int64_t bytes)
{
    (void)self;
    (void)cgroup;
    (void)cpu;
    return bytes;
}
static const struct numasim_tier_ops pretending_ops = {.reclaim = pretending_reclaim};
POLICY(pretending, .tier = &pretending_ops);

#define LIMITED(limit)                                                                             \
    "numasim: workload/1\nduration: 1s\n"                                                          \
    "cgroups:\n  here: {" limit "}\n"                                                              \
    "processes:\n  p:\n    cgroup: here\n    regions: {heap: {size: 64MiB}}\n"                     \
    "    threads:\n      toucher: {program: [touch: heap, forever: [run: 1ms]]}\n"

/* At memory.max and above memory.high it is not asked for ever. */
static void test_reclaim(void)
{
    run_faulty(LIMITED("memory.max: 1MiB"), NULL, NUMASIM_ROLE_TIER, &pretending, "tier.reclaim",
               "'here'", "nothing has changed");
    run_faulty(LIMITED("memory.high: 1MiB"), NULL, NUMASIM_ROLE_TIER, &pretending, "tier.reclaim",
               "'here'", "nothing has changed");
}

/* What a numa policy asks for at its ticks. */
#define NUMA_CALLS(name, call)                                                                     \
    static int64_t name##_tick(struct numasim_self *self, struct numasim_task *task)               \
    {                                                                                              \
        (void)task;                                                                                \
        (void)(call);                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    static const struct numasim_numa_ops name##_ops = {.tick = name##_tick};                       \
    POLICY(name, .numa = &name##_ops)

#define MIGRATES(cpu, region, from, to)                                                            \
    numasim_migrate_pages(self->host, cpu, task->process, region, from, to, 1)

NUMA_CALLS(prefersbeyond, (numasim_set_preferred_node(self->host, task, 2), 0));
NUMA_CALLS(prefersbelow, (numasim_set_preferred_node(self->host, task, -2), 0));
NUMA_CALLS(migratesto, MIGRATES(task->cpu, 0, 0, 2));
NUMA_CALLS(migratesfrom, MIGRATES(task->cpu, 0, -1, 0));
NUMA_CALLS(migratesregion, MIGRATES(task->cpu, 1, 0, 0));
NUMA_CALLS(migrateson, MIGRATES(99, 0, 0, 0));

#define PROTECTS(task, region) numasim_protect_pages(self->host, task, region, 0, 10, NULL)

/* Pages that no iteration gave. */
static int64_t move_foreign(struct numasim_self *self, struct numasim_task *task, int32_t region,
                            int32_t slice, int32_t node)
{
    int32_t cursor[4] = {slice, 0, 0, 0};
    struct numasim_pages pages = {.process = task->process, .region = region, .node = node};

    memcpy(pages.cookie, cursor, sizeof(cursor));
    return numasim_move_pages(self->host, 0, &pages, 1, 0, 0);
}

static int64_t move_nobodys(struct numasim_self *self)
{
    struct numasim_pages pages = {.node = 0};

    return numasim_move_pages(self->host, 0, &pages, 1, 0, 0);
}

static bool next_foreign(struct numasim_self *self, struct numasim_task *task)
{
    struct numasim_pages pages = {.process = task->process, .region = -7};

    return numasim_next_pages(self->host, NULL, -1, &pages);
}

NUMA_CALLS(protectsregion, PROTECTS(task, 1).nr_pages);
NUMA_CALLS(protectsminus, PROTECTS(task, -1).nr_pages);
NUMA_CALLS(protectsnobody, PROTECTS(NULL, 0).nr_pages);
NUMA_CALLS(movesregion, move_foreign(self, task, 3, 0, 0));
NUMA_CALLS(movesslice, move_foreign(self, task, 0, 9, 0));
NUMA_CALLS(movesslicebelow, move_foreign(self, task, 0, -9, 0));
NUMA_CALLS(movesfromnode, move_foreign(self, task, 0, 0, 5));
NUMA_CALLS(movesnobodys, move_nobodys(self));
NUMA_CALLS(iterates, next_foreign(self, task));
NUMA_CALLS(fallsback, numasim_fallback(self->host, 2));
NUMA_CALLS(loads, numasim_loaded_latency_ns(self->host, 0, 7));
NUMA_CALLS(uses, numasim_utilisation_ppm(self->host, -1));

static void test_numa_calls(void)
{
    static const struct {
        const struct numasim_policy *policy;
        const char *callback, *what;
    } cases[] = {
        {&prefersbeyond, "numasim_set_preferred_node()", "no node 2"},
        {&prefersbelow, "numasim_set_preferred_node()", "no node -2"},
        {&migratesto, "numasim_migrate_pages()", "no node 2"},
        {&migratesfrom, "numasim_migrate_pages()", "no node -1"},
        {&migratesregion, "numasim_migrate_pages()", "no region 1"},
        {&migrateson, "numasim_migrate_pages()", "no CPU 99"},
        {&protectsregion, "numasim_protect_pages()", "no region 1"},
        {&protectsminus, "numasim_protect_pages()", "no region -1"},
        {&protectsnobody, "numasim_protect_pages()", "does not run"},
        {&movesregion, "numasim_move_pages()", "no region 3"},
        {&movesslice, "numasim_move_pages()", "not of numasim_next_pages()"},
        {&movesslicebelow, "numasim_move_pages()", "not of numasim_next_pages()"},
        {&movesfromnode, "numasim_move_pages()", "no node 5"},
        {&movesnobodys, "numasim_move_pages()", "no process"},
        {&iterates, "numasim_next_pages()", "nothing there is"},
    };
    static const struct numasim_policy *const unnamed[] = {&fallsback, &loads, &uses};

    for (gsize i = 0; i < G_N_ELEMENTS(unnamed); i++) {
        const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
            [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_NUMA] = unnamed[i]};
        struct engine *e =
            engine_new_with("teach-numa-2x4", toucher, by_role, &(struct kernel_config){.seed = 1});

        engine_run_fault(e, 200 * MS, "there are 0-1", NULL);
        engine_free(e);
    }

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        run_faulty(toucher, NULL, NUMASIM_ROLE_NUMA, cases[i].policy, cases[i].callback, "at ",
                   cases[i].what);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Hint faults                                                                                  */

static int64_t protecting_tick(struct numasim_self *self, struct numasim_task *task)
{
    numasim_task_work(self->host, task);
    return numasim_now(self->host);
}

static void protecting_work(struct numasim_self *self, struct numasim_task *task)
{
    numasim_protect_pages(self->host, task, 0, 0, INT64_MAX, NULL);
}

/* Protects the region at each tick, and does @what when some of it is met. */
#define ANSWERS(name, what)                                                                        \
    static void name##_fault(struct numasim_self *self, struct numasim_fault *f,                   \
                             struct numasim_decision *d)                                           \
    {                                                                                              \
        (void)self;                                                                                \
        numasim_decide(d, 0, 0);                                                                   \
        what;                                                                                      \
    }                                                                                              \
    static const struct numasim_numa_ops name##_ops = {                                            \
        .tick = protecting_tick, .task_work = protecting_work, .hint_fault = name##_fault};        \
    POLICY(name, .numa = &name##_ops)

ANSWERS(tobeyond, f->target = 2);
ANSWERS(tobelow, f->target = -2);
ANSWERS(movesmore, (f->target = 0, f->nr_move = f->nr_faults + 1));
ANSWERS(movesminus, f->nr_move = -1);
ANSWERS(namescpu, f->set_last_cpu = 8);
ANSWERS(namesnocpu, f->set_last_cpu = -2);
ANSWERS(namespid, f->set_last_pid = 256);
ANSWERS(namesnopid, f->set_last_pid = -2);
ANSWERS(protectsthen, numasim_protect_pages(self->host, f->task, 0, 0, 1, NULL));
ANSWERS(tagsthen, numasim_tag_pages(self->host, &f->pages, 1, 7));
ANSWERS(staysput, (f->target = 0, f->nr_move = 0, f->set_last_cpu = -1, f->set_last_pid = 255));

static void test_hint_fault(void)
{
    static const struct numasim_policy *const wrong[] = {&tobeyond,   &tobelow,   &movesmore,
                                                         &movesminus, &namescpu,  &namesnocpu,
                                                         &namespid,   &namesnopid};

    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        run_faulty(toucher, NULL, NUMASIM_ROLE_NUMA, wrong[i], "numa.hint_fault",
                   "task 0 (toucher)", "no valid answer");
    }
    run_faulty(toucher, NULL, NUMASIM_ROLE_NUMA, &protectsthen, "numasim_protect_pages()", "at ",
               "");
    run_faulty(toucher, NULL, NUMASIM_ROLE_NUMA, &tagsthen, "numasim_tag_pages()", "at ", "");
}

/* The extremes of what is allowed. */
static void test_hint_fault_good(void)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_NUMA] = &staysput};
    struct engine *e =
        engine_new_with("teach-numa-2x4", toucher, by_role, &(struct kernel_config){.seed = 1});

    engine_run(e, 200 * MS);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernel-checks/alloc", test_alloc);
    g_test_add_func("/kernel-checks/alloc-good", test_alloc_good);
    g_test_add_func("/kernel-checks/reclaim", test_reclaim);
    g_test_add_func("/kernel-checks/numa-calls", test_numa_calls);
    g_test_add_func("/kernel-checks/hint-fault", test_hint_fault);
    g_test_add_func("/kernel-checks/hint-fault-good", test_hint_fault_good);
    return g_test_run();
}
