/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues and shares whose answers are known exactly, on a machine where nothing but the work takes
 * time. Means are held to the formula by batch means: 20 batches of one long run, Student's t with
 * 19 degrees of freedom at 99.9 % (3.883); the interval must hold the exact value and be narrow.
 * Seeds are fixed: these tests give the same numbers wherever they run.
 */
#include "engine-fixture.h"

#include "base/time.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

enum { NR_BATCHES = 20 };

static char *free_machine(void)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents("topologies/teach-uma-4.yaml", &text, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GRegex) cost = g_regex_new("\\b(1|2|10)us", 0, 0, &error);
    char *machine = g_regex_replace(cost, text, -1, 0, "0us", 0, &error);

    g_assert_no_error(error);
    return machine;
}

/* Response times of requests. */
struct responses {
    int64_t begin_ns, batch_ns;
    double sum_ns[NR_BATCHES];
    int64_t nr[NR_BATCHES];
};

static void request_done(const struct tp_event *event, void *data)
{
    struct responses *r = data;
    int64_t response_ns = event->time_ns - event->a;
    int64_t batch = (event->time_ns - r->begin_ns) / r->batch_ns;

    if (event->time_ns >= r->begin_ns && batch < NR_BATCHES) {
        r->sum_ns[batch] += (double)response_ns;
        r->nr[batch]++;
    }
}

/* The square root, without libm. */
static double root(double x)
{
    double y = x > 1 ? x : 1;

    for (int i = 0; i < 200; i++) {
        y = (y + x / y) / 2;
    }
    return y;
}

/* Holds @exact_ns to the batch means; the interval may be @width of it to each side. */
static void check_mean(const struct responses *r, double exact_ns, double width)
{
    double mean = 0, square = 0;

    for (int i = 0; i < NR_BATCHES; i++) {
        g_assert_cmpint(r->nr[i], >, 100);
        mean += r->sum_ns[i] / (double)r->nr[i] / NR_BATCHES;
    }
    for (int i = 0; i < NR_BATCHES; i++) {
        double off = r->sum_ns[i] / (double)r->nr[i] - mean;

        square += off * off / (NR_BATCHES - 1);
    }
    double half = 3.883 * root(square / NR_BATCHES);

    g_test_message("mean %.0f ns +- %.0f, exact %.0f", mean, half, exact_ns);
    g_assert_cmpfloat(half, <, width * exact_ns);
    g_assert_cmpfloat(mean - half, <, exact_ns);
    g_assert_cmpfloat(mean + half, >, exact_ns);
}

/* Runs @workload for @seconds after a tenth of that as warm-up. */
static void measure(const char *workload, struct policy_stack *stack, int64_t seconds,
                    struct responses *r)
{
    g_autofree char *machine = free_machine();
    struct engine *e =
        engine_new_stack(machine, workload, stack, &(struct kernel_config){.seed = 11});

    r->begin_ns = seconds * NSEC_PER_SEC / 10;
    r->batch_ns = seconds * NSEC_PER_SEC / NR_BATCHES;
    kernel_listen(e->kernel, UINT64_C(1) << TP_REQUEST_DONE, request_done, r);
    engine_run(e, seconds * NSEC_PER_SEC * 11 / 10);
    engine_free(e);
}

/*
 * M/M/c: Poisson arrivals, exponential service of 100 us, c workers each alone on its CPU, one
 * queue. The mean response is 100 us + C(c, rho) * 100 us / (c * (1 - rho)), where C is Erlang's
 * probability of waiting (Kleinrock, Queueing Systems, volume 1, 1975, sections 3.2 and 3.5).
 */
static double mmc_ns(int c, double rho)
{
    double offered = c * rho, term = 1, sum = 0;

    for (int k = 0; k < c; k++) {
        sum += term;
        term *= offered / (k + 1);
    }
    double wait = term / (1 - rho) / (sum + term / (1 - rho));

    return 100e3 * (1 + wait / (c * (1 - rho)));
}

static void test_mmc(void)
{
    static const struct {
        int c, percent, seconds;
        double width;
    } cases[] = {{1, 50, 40, 0.04}, {1, 80, 80, 0.08}, {2, 70, 40, 0.04}, {4, 80, 40, 0.04}};

    g_assert_cmpfloat(mmc_ns(1, 0.5), ==, 200e3);
    g_assert_cmpfloat(ABS(mmc_ns(1, 0.8) - 500e3), <, 1e-3);
    g_assert_cmpfloat(ABS(mmc_ns(4, 0.8) - 174.6e3), <, 100);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *workload = g_strdup_printf(
            "numasim: workload/1\nduration: 1000s\narrivals: {in: {poisson: %d/s}}\n"
            "processes:\n  p:\n    threads:\n"
            "      w: {count: %d, cpus: 0-3, spread: true, program: [forever: [serve: {from: in, "
            "do: [run: {exponential: 100us}]}]]}\n",
            cases[i].c * cases[i].percent * 100, cases[i].c);
        struct responses r = {0};

        measure(workload, fixture_stack("fifo+none"), cases[i].seconds, &r);
        check_mean(&r, mmc_ns(cases[i].c, cases[i].percent / 100.0), cases[i].width);
    }
}

/*
 * Processor sharing: a worker for each request, all on one CPU, in turns of 50 us. The mean response
 * is s / (1 - rho), whatever the distribution of services (Kleinrock, volume 2, 1976, section 4.4):
 * here 1 ms / (1 - 0.6). In order of arrival it would be s + rho * s * (1 + c^2) / 2 / (1 - rho) with
 * c^2 of the two lengths 2.43: 3.57 ms (Pollaczek-Khinchin).
 */
static void test_processor_sharing(void)
{
    static const char workload[] =
        "numasim: workload/1\nduration: 1000s\narrivals: {in: {poisson: 600/s}}\n"
        "processes:\n  p:\n    threads:\n"
        "      w: {count: 200, cpus: 0, program: [forever: [serve: {from: in, do: [run: "
        "{empirical: {100us: 3, 3700us: 1}}]}]]}\n";
    struct policy_stack *stack = fixture_stack("rr+none");
    struct policy_plugin *rr = stack->plugins[stack->slot[NUMASIM_ROLE_QUEUE]];
    struct responses shared = {0}, in_order = {0};

    rr->params[policy_plugin_param(rr, "slice")] = 50 * US;
    rr->params[policy_plugin_param(rr, "hrtick")] = 1;
    measure(workload, stack, 120, &shared);
    check_mean(&shared, 2.5e6, 0.12);
    measure(workload, fixture_stack("fifo+none"), 120, &in_order);
    check_mean(&in_order, 1e6 + 0.6 * 1e6 * (1 + 2.43) / 2 / 0.4, 0.12);
}

/*
 * eevdf divides a CPU as the weights. What a task has got differs from its due by no more than the
 * limit of lag and a tick: 2 slices of 2.1 ms (0.7 ms for four CPUs, x 3) of its own weight, and 4
 * ms until a tick ends the other's turn.
 */
static void test_shares(void)
{
    static const struct {
        const char *nices[4];
        int64_t weights[4];
    } cases[] = {{{"0", "0", "0", "0"}, {1024, 1024, 1024, 1024}},
                 {{"0", "5", "10", "-5"}, {1024, 335, 110, 3121}}};
    const int64_t until_ns = 20 * NSEC_PER_SEC;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *workload =
            g_string_new("numasim: workload/1\nduration: 1000s\nprocesses:\n  p:\n    threads:\n");
        g_autofree char *machine = free_machine();
        int64_t sum = 0;

        for (int t = 0; t < 4; t++) {
            g_string_append_printf(workload,
                                   "      t%d: {cpus: 0, nice: %s, program: [forever: [run: "
                                   "1ms]]}\n",
                                   t, cases[i].nices[t]);
            sum += cases[i].weights[t];
        }
        struct engine *e =
            engine_new(machine, workload->str, "linux-6.12", &(struct kernel_config){.seed = 11});

        engine_run(e, until_ns);
        for (int t = 0; t < 4; t++) {
            int64_t got_ns = kernel_task_cpu_ns(e->kernel, kernel_task(e->kernel, t));

            g_assert_cmpint(ABS(got_ns - until_ns / sum * cases[i].weights[t]), <=, 9 * MS);
        }
        engine_free(e);
        g_string_free(workload, TRUE);
    }
}

/* Any nice values: whoever orders the queue, after a minute each has its share within 0.1 % of the
 * CPU, which is 60 ms. (sched_prio_to_weight[], kernel/sched/core.c, 6.12) */
static void test_any_shares(void)
{
    static const int64_t weights[40] = {88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705,
                                        14949, 11916, 9548,  7620,  6100,  4904,  3906,  3121,
                                        2501,  1991,  1586,  1277,  1024,  820,   655,   526,
                                        423,   335,   272,   215,   172,   137,   110,   87,
                                        70,    56,    45,    36,    29,    23,    18,    15};
    static const char *const sets[] = {"linux-6.12", "linux-6.1", "linux-6.6"};
    const int64_t until_ns = 60 * NSEC_PER_SEC;
    GRand *rand = g_rand_new_with_seed(3);
    g_autofree char *machine = free_machine();

    for (int round = 0; round < 12; round++) {
        GString *workload =
            g_string_new("numasim: workload/1\nduration: 1000s\nprocesses:\n  p:\n    threads:\n");
        int64_t due[8], sum = 0;
        int nr = g_rand_int_range(rand, 2, 8);

        for (int t = 0; t < nr; t++) {
            int nice = g_rand_int_range(rand, -20, 20);

            due[t] = weights[nice + 20];
            sum += due[t];
            g_string_append_printf(workload,
                                   "      t%d: {cpus: 0, nice: %d, program: [forever: [run: "
                                   "1ms]]}\n",
                                   t, nice);
        }
        struct engine *e = engine_new(machine, workload->str, sets[round % 3],
                                      &(struct kernel_config){.seed = (uint64_t)round});

        engine_run(e, until_ns);
        for (int t = 0; t < nr; t++) {
            int64_t got_ns = kernel_task_cpu_ns(e->kernel, kernel_task(e->kernel, t));

            g_assert_cmpint(ABS(got_ns - until_ns / sum * due[t]), <=, until_ns / 1000);
        }
        engine_free(e);
        g_string_free(workload, TRUE);
    }
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oracles/mmc", test_mmc);
    g_test_add_func("/oracles/processor-sharing", test_processor_sharing);
    g_test_add_func("/oracles/shares", test_shares);
    g_test_add_func("/oracles/any-shares", test_any_shares);
    return g_test_run();
}
