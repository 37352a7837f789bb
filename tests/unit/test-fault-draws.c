/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hint faults by draws over populations against a page-by-page form: the same accesses, each to a page of
 * its own choice, and each page with its own node, protection and last toucher. What comes out has to
 * have the same distribution: chi-square of two samples, over draws that are the same in every run.
 */
#include "engine-fixture.h"
#include "kernel-invariants.h"

#include "base/draw.h"
#include "base/time.h"
#include "kernel/mm/fault.h"

enum { SAMPLES = 3000, MAX_PAGES = 64, HUGE_PAGES = 512 };

/* ------------------------------------------------------------------------------------------- */
/* A policy that lives here: a page goes where two in a row touched it from                       */

struct filter {
    bool reset;         /* what faults goes back to node 0, as if nobody had touched it */
    int64_t young_ns;   /* pages protected at or after it are young */
    int64_t old, young; /* faults */
};

static void filter_fault(struct numasim_self *self, struct numasim_fault *f,
                         struct numasim_decision *d)
{
    struct filter *own = self->state;
    int32_t here = numasim_cpu(self->host, f->cpu)->node;

    (void)d;
    *(f->pages.protected_ns < own->young_ns ? &own->old : &own->young) += f->nr_faults;
    if (own->reset) {
        f->target = 0;
        f->set_last_cpu = f->set_last_pid = -1;
        return;
    }
    if (f->pages.last_cpu >= 0 && numasim_cpu(self->host, f->pages.last_cpu)->node == here) {
        f->target = here;
    }
    f->set_last_cpu = f->cpu;
}

static const struct numasim_numa_ops filter_ops = {.hint_fault = filter_fault};

/* ------------------------------------------------------------------------------------------- */
/* What is compared                                                                               */

struct machinery {
    struct engine *e;
    struct task *near, *far; /* on node 0, on node 1 */
    struct numasim_self self;
    struct filter filter;
    int64_t nr, unit; /* pages as they fault, and base pages in each */
    struct rng rng;   /* of the page-by-page form */
    uint64_t index;
};

static void machinery_init(struct machinery *m, bool huge)
{
    g_autofree char *text = g_strdup_printf(
        "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    regions: {heap: {size: %s, "
        "touch: first}}\n    threads:\n      near: {cpus: 0, program: [access: {misses: {heap: "
        "1/us}}, forever: [run: 1s]]}\n      far: {cpus: 4, program: [access: {misses: {heap: "
        "1/us}}, forever: [run: 1s]]}\n",
        huge ? "32MiB, page: 2MiB" : "256KiB");

    *m = (struct machinery){.nr = huge ? 16 : MAX_PAGES,
                            .unit = huge ? HUGE_PAGES : 1,
                            .rng = rng_init(7, RNG_WORKLOAD)};
    m->e = engine_new("teach-numa-2x4", text, "fifo+none", &(struct kernel_config){.seed = 3});
    engine_run(m->e, 100 * NSEC_PER_MSEC);
    m->near = engine_task(m->e, "near", 0);
    m->far = engine_task(m->e, "far", 0);
    m->self.host = (struct numasim_host *)(void *)m->e->kernel;
    m->self.state = &m->filter;
    m->e->kernel->nself = &m->self;
    m->e->kernel->nops = &filter_ops;
}

static void machinery_free(struct machinery *m)
{
    kernel_check(m->e->kernel);
    m->e->kernel->nops = NULL;
    engine_free(m->e);
}

static void protect(struct machinery *m, int64_t first, int64_t end)
{
    numasim_protect_pages(m->self.host, &m->near->pub, 0, first * m->unit, (end - first) * m->unit,
                          NULL);
}

/* @t accesses the heap so often, @earlier of them before the young pages were protected. */
static void access_heap(struct machinery *m, struct task *t, uint64_t accesses, uint64_t earlier)
{
    t->access[0].accesses = accesses;
    t->access[0].earlier = earlier;
    t->access[0].earlier_ns = m->filter.young_ns;
    task_faults(m->e->kernel, task_rq(m->e->kernel, t), t);
}

/* All pages are on node 0, touched by nobody, not protected. */
static void reset(struct machinery *m)
{
    m->filter = (struct filter){.reset = true, .young_ns = INT64_MAX};
    m->near->access[0].accesses = m->far->access[0].accesses = 0;
    protect(m, 0, m->nr);
    access_heap(m, m->near, UINT64_C(1) << 40, 0);
    m->filter = (struct filter){.young_ns = INT64_MAX};
}

/* Scans in a history; faults of two threads in it at most. */
enum { ROUNDS = 6, MAX_FAULTS = 2 * ROUNDS * MAX_PAGES };

struct histogram {
    int32_t at[MAX_FAULTS + 1];
};

/* Both are of SAMPLES: their chi-square is not beyond what one in some 10,000 reaches. */
static void must_be_alike(const struct histogram *a, const struct histogram *b)
{
    double chi2 = 0, over;
    int32_t bins = 0, of_a = 0, of_b = 0;

    for (int32_t i = 0; i <= MAX_FAULTS; i++) {
        of_a += a->at[i];
        of_b += b->at[i];
        if (of_a + of_b >= 20 || i == MAX_FAULTS) {
            chi2 += of_a + of_b > 0 ? (double)(of_a - of_b) * (of_a - of_b) / (of_a + of_b) : 0;
            bins++;
            of_a = of_b = 0;
        }
    }
    /* Its mean is the bins less one, its variance twice that: four standard deviations and a bit. */
    over = chi2 - (bins + 3);
    g_test_message("chi-square %.1f with %d bins", chi2, bins);
    g_assert_true(over <= 0 || over * over <= 16 * 2.0 * bins);
}

/* ------------------------------------------------------------------------------------------- */
/* One look                                                                                       */

/* @accesses to single pages, as many as come: those met first. @old ones are met by all accesses, the
 * others not by the @earlier ones. */
static void meet(struct machinery *m, uint64_t accesses, uint64_t earlier, int64_t old, bool *met)
{
    int64_t later = draw_poisson((accesses - earlier) << 32, rng_u64(&m->rng, m->index++));
    int64_t come = later + draw_poisson(earlier << 32, rng_u64(&m->rng, m->index++));

    for (int64_t i = 0; i < come; i++) {
        int64_t at = (int64_t)rng_below(&m->rng, m->index++, (uint64_t)(m->nr * m->unit)) / m->unit;

        met[at] = met[at] || i < later || at < old;
    }
}

/* Half of the pages were protected before @earlier of the accesses, the rest after them. */
static void test_look(bool huge, uint64_t accesses, uint64_t earlier)
{
    struct histogram ours[3] = {{{0}}}, theirs[3] = {{{0}}};
    struct machinery m;

    machinery_init(&m, huge);
    for (int32_t i = 0; i < SAMPLES; i++) {
        bool met[MAX_PAGES] = {false};
        int64_t old = 0, young = 0, half = m.nr / 2;

        reset(&m);
        protect(&m, 0, half);
        struct mm_part *part = &task_process(m.near)->regions[0]->slices[0].parts[0];

        part->extents[0].kinds[0].protected_ns--; /* a moment ago */
        protect(&m, half, m.nr);
        m.filter.young_ns = m.e->kernel->now_ns;
        access_heap(&m, m.far, accesses, earlier);
        ours[0].at[m.filter.old]++;
        ours[1].at[m.filter.young]++;
        ours[2].at[m.filter.old + m.filter.young]++;

        meet(&m, accesses, earlier, half, met);
        for (int64_t p = 0; p < m.nr; p++) {
            *(p < half ? &old : &young) += met[p];
        }
        theirs[0].at[old]++;
        theirs[1].at[young]++;
        theirs[2].at[old + young]++;
    }
    for (int32_t i = 0; i < 3; i++) {
        must_be_alike(&ours[i], &theirs[i]);
    }
    machinery_free(&m);
}

/* Few of the pages are met: places are drawn. Most are: a draw for each kind (fault-anywhere.c). */
static void test_looks(void)
{
    test_look(false, 3, 0);
    test_look(false, 12, 0);
    test_look(false, 12, 8);
    test_look(false, 100, 0);
    test_look(false, 100, 70);
    test_look(true, 3, 2);
    test_look(true, 20, 10);
}

/* ------------------------------------------------------------------------------------------- */
/* Many, with what becomes of the pages                                                           */

/* How often each of the two accesses the heap in a round. */
struct mix {
    uint64_t near, far;
};

/* One page. */
struct page {
    int32_t node, last; /* of those that touched it last, -1 nobody */
    bool protected;
};

static int64_t ours_after(struct machinery *m, struct mix mix)
{
    reset(m);
    for (int32_t i = 0; i < ROUNDS; i++) {
        protect(m, 0, m->nr);
        access_heap(m, m->near, mix.near, 0);
        access_heap(m, m->far, mix.far, 0);
    }
    return task_process(m->near)->bytes_by_node[1] / (4096 * m->unit);
}

static int64_t touch(struct machinery *m, struct page *pages, uint64_t accesses, int32_t node)
{
    bool met[MAX_PAGES] = {false};
    int64_t faults = 0;

    meet(m, accesses, 0, 0, met);
    for (int64_t p = 0; p < m->nr; p++) {
        if (met[p] && pages[p].protected) {
            pages[p].node = pages[p].last == node ? node : pages[p].node;
            pages[p].last = node;
            pages[p].protected = false;
            faults++;
        }
    }
    return faults;
}

static int64_t theirs_after(struct machinery *m, struct mix mix, int64_t *ret_faults)
{
    struct page pages[MAX_PAGES];
    int64_t on_far = 0;

    *ret_faults = 0;
    for (int64_t p = 0; p < m->nr; p++) {
        pages[p] = (struct page){0, -1, false};
    }
    for (int32_t i = 0; i < ROUNDS; i++) {
        for (int64_t p = 0; p < m->nr; p++) {
            pages[p].protected = true;
        }
        *ret_faults += touch(m, pages, mix.near, 0);
        *ret_faults += touch(m, pages, mix.far, 1);
    }
    for (int64_t p = 0; p < m->nr; p++) {
        on_far += pages[p].node == 1;
    }
    return on_far;
}

/* Two threads over the same pages, from two nodes: where the pages lie after six scans, and how many
 * faults that took. */
static void test_histories(gconstpointer data)
{
    static const struct mix mixes[] = {{20, 20}, {10, 60}, {100, 30}};
    bool huge = GPOINTER_TO_INT(data) != 0;

    for (gsize x = 0; x < G_N_ELEMENTS(mixes); x++) {
        struct histogram ours[2] = {{{0}}}, theirs[2] = {{{0}}};
        struct machinery m;
        struct mix mix = mixes[x];

        machinery_init(&m, huge);
        if (huge) {
            mix.near /= 4;
            mix.far /= 4;
        }
        for (int32_t i = 0; i < SAMPLES; i++) {
            int64_t faults;

            ours[0].at[ours_after(&m, mix)]++;
            ours[1].at[m.filter.old + m.filter.young]++;
            theirs[0].at[theirs_after(&m, mix, &faults)]++;
            theirs[1].at[faults]++;
        }
        must_be_alike(&ours[0], &theirs[0]);
        must_be_alike(&ours[1], &theirs[1]);
        machinery_free(&m);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fault-draws/looks", test_looks);
    g_test_add_data_func("/fault-draws/histories/base", GINT_TO_POINTER(0), test_histories);
    g_test_add_data_func("/fault-draws/histories/huge", GINT_TO_POINTER(1), test_histories);
    return g_test_run();
}
