/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs by time: how many tasks are on each, the one that runs and those that wait. */
#include "cli/plot-kinds.h"
#include "cli/plot-time.h"
#include "observe/account.h"
#include "observe/result-table.h"
#include "observe/task-names.h"

enum { COLUMNS = 480 };

struct queues {
    struct plot_axis axis;
    struct account *account;
    int32_t nr_cpus;
    uint64_t *waited; /* [nr_cpus * axis.nr] ns x tasks */
    uint64_t *ran;
};

static void span(const struct account_span *s, void *data)
{
    struct queues *q = data;
    uint64_t *cells = s->state == ACCOUNT_IS_WAITING   ? q->waited
                      : s->state == ACCOUNT_IS_RUNNING ? q->ran
                                                       : NULL;

    if (cells != NULL && s->cpu >= 0) {
        plot_axis_spread(&q->axis, s->from_ns, s->to_ns, (uint64_t)(s->to_ns - s->from_ns),
                         &cells[(gsize)s->cpu * (gsize)q->axis.nr]);
    }
}

static void attach(struct kernel *k, void *data)
{
    struct queues *q = data;

    q->account = account_new(&(struct account_config){.nr_cpus = q->nr_cpus,
                                                      .cgroups = task_cgroups,
                                                      .cgroups_data = k,
                                                      .span = span,
                                                      .data = q});
    kernel_listen(k, account_mask(), account_event, q->account);
}

static void finished(const struct kernel *k, void *data)
{
    struct queues *q = data;
    g_autofree struct cpu_times *times = g_new(struct cpu_times, (gsize)q->nr_cpus);

    for (int32_t cpu = 0; cpu < q->nr_cpus; cpu++) {
        times[cpu] = kernel_cpu_times(k, cpu);
    }
    account_cut(q->account, kernel_now_ns(k), times);
}

static void queues_free(void *data)
{
    struct queues *q = data;

    if (q != NULL) {
        account_free(q->account);
        g_free(q->waited);
        g_free(q->ran);
        g_free(q);
    }
}

static void *queues_new(struct plot *p, GError **error)
{
    struct plot_axis axis;
    struct queues *q;

    if (!plot_axis_init(&axis, p, COLUMNS, error)) {
        return NULL;
    }
    q = g_new0(struct queues, 1);
    q->axis = axis;
    q->nr_cpus = p->machine->nr_cpus;
    q->waited = g_new0(uint64_t, (gsize)q->nr_cpus * (gsize)axis.nr);
    q->ran = g_new0(uint64_t, (gsize)q->nr_cpus * (gsize)axis.nr);
    return q;
}

static const struct plot_watch queues_watch = {queues_new, attach, finished, queues_free};

const struct plot_watch *plot_queues_watch(const struct plot *p)
{
    (void)p;
    return &queues_watch;
}

/* Upper ends of the classes, in tasks x 100: what is running, then those that wait with it. A CPU that
 * hardly ever has one to wait counts as having none. */
static const uint64_t classes[] = {5, 105, 200, 400, 800, 1600, UINT64_MAX};

static uint8_t class_of(uint64_t hundredths)
{
    uint8_t i = 0;

    while (hundredths > classes[i]) {
        i++;
    }
    return i;
}

static void describe(struct plot *p, const struct queues *q, uint64_t peak, uint64_t waited_ns)
{
    const struct result *r = p->inputs[0].result;
    const struct result_metric *wasted = result_metric(r, "cpu.wasted_ratio");
    uint64_t span_ns = (uint64_t)(q->axis.to_ns - q->axis.from_ns);
    uint64_t most = (peak + 50) / 100;
    uint64_t tenths = (waited_ns * 10 + span_ns / 2) / span_ns;
    g_autofree char *subject = plot_subject(p);
    g_autofree char *slice = result_value_human(RESULT_NS, q->axis.slice_ns);

    g_string_append_printf(p->finding,
                           "%s: up to %" G_GUINT64_FORMAT " task%s on a CPU, %" G_GUINT64_FORMAT
                           ".%" G_GUINT64_FORMAT " wait on average",
                           subject, most, most == 1 ? "" : "s", tenths / 10, tenths % 10);
    if (wasted != NULL && !plot_is_part(p)) {
        g_autofree char *share = result_value_human(wasted->unit, wasted->value);

        g_string_append_printf(p->finding, ", %s of CPU time wasted", share);
    }
    g_string_append_printf(p->detail,
                           "tasks that run or wait on each CPU of %s; a cell is the mean over %s",
                           r->topology.name, slice);
}

bool plot_queues(struct plot *p, GError **error)
{
    static const char *const names[] = {"one runs",     "up to 1 waits", "up to 3 wait",
                                        "up to 7 wait", "up to 15 wait", "more"};
    static const char *const colors[] = {"#deebf7", "#fdd49e", "#fc8d59",
                                         "#d7301f", "#7f0000", "#000000"};
    const struct queues *q = p->watch;
    gsize nr = (gsize)q->nr_cpus * (gsize)q->axis.nr;
    g_autofree uint8_t *cells = g_new(uint8_t, nr);
    uint64_t peak = 0, waited_ns = 0;

    (void)error;
    for (gsize i = 0; i < nr; i++) {
        uint64_t length = (uint64_t)plot_axis_length_ns(&q->axis, (int32_t)(i % (gsize)q->axis.nr));
        uint64_t hundredths = (q->waited[i] + q->ran[i]) * 100 / length;

        cells[i] = class_of(hundredths);
        peak = MAX(peak, hundredths);
        waited_ns += q->waited[i];
    }
    plot_set_cells(p, &q->axis, cells);
    plot_set_legend(p, names, colors, G_N_ELEMENTS(names), "idle");
    describe(p, q, peak, waited_ns);
    return true;
}
