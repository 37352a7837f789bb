/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/ticks.h"

#include <string.h>

#include "base/time.h"

struct pair {
    const char *running, *woken; /* interned by the text: equal names are equal pointers */
    int64_t inside, outside;
};

static guint pair_hash(gconstpointer key)
{
    const struct pair *p = key;

    return g_direct_hash(p->running) * 31 + g_direct_hash(p->woken);
}

static gboolean pair_equal(gconstpointer a, gconstpointer b)
{
    const struct pair *x = a, *y = b;

    return x->running == y->running && x->woken == y->woken;
}

static gint by_value(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* May a timer's expiry print @e? (Not in a hardirq, not in task context.) */
static bool in_question(const struct ftrace_event *e, enum ftrace_kind kind)
{
    return e->kind == kind &&
           (e->context == FTRACE_CONTEXT_SOFTIRQ || e->context == FTRACE_CONTEXT_UNKNOWN);
}

static bool inside(const struct trace_ticks *ticks, int64_t time_ns)
{
    int64_t since_ns = (time_ns - ticks->phase_ns) % ticks->period_ns;

    return (since_ns < 0 ? since_ns + ticks->period_ns : since_ns) <= ticks->window_ns;
}

/*
 * Finds the window of the period that holds most of @times_ns; the phase is the first of the times
 * in it. Returns how many it holds.
 */
static uint32_t densest(const GArray *times_ns, int64_t period_ns, int64_t window_ns,
                        int64_t *ret_phase_ns)
{
    g_autoptr(GArray) rests = g_array_new(FALSE, FALSE, sizeof(int64_t));
    uint32_t n = times_ns->len, best = 0;

    for (uint32_t i = 0; i < n; i++) {
        int64_t rest_ns = g_array_index(times_ns, int64_t, i) % period_ns;

        g_array_append_val(rests, rest_ns);
    }
    g_array_sort(rests, by_value);
    for (uint32_t first = 0, end = 0; first < n; first++) {
        int64_t begin_ns = g_array_index(rests, int64_t, first);

        end = MAX(end, first);
        while (end < first + n &&
               g_array_index(rests, int64_t, end % n) + (end >= n ? period_ns : 0) - begin_ns <=
                   window_ns) {
            end++;
        }
        if (end - first > best) {
            best = end - first;
            *ret_phase_ns = begin_ns;
        }
    }
    return best;
}

static void find_phase(struct trace_ticks *ticks, const struct ftrace_text *text,
                       enum ftrace_kind kind, int32_t hz)
{
    static const int32_t known[] = {100, 250, 300, 1000};
    g_autoptr(GArray) times_ns = g_array_new(FALSE, FALSE, sizeof(int64_t));

    for (size_t i = 0; i < text->nr_events; i++) {
        const struct ftrace_event *e = &text->events[i];

        if (in_question(e, kind) && g_str_has_prefix(e->task.comm, "rcu_")) {
            g_array_append_val(times_ns, e->time_ns);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(known) && times_ns->len >= TICK_MIN_WAKES; i++) {
        int32_t tried = hz > 0 ? hz : known[i];
        int64_t period_ns = NSEC_PER_SEC / tried, phase_ns = 0;
        int64_t window_ns = MIN(TICK_WINDOW_NS, period_ns / 10);

        if (densest(times_ns, period_ns, window_ns, &phase_ns) * UINT64_C(100) >=
            times_ns->len * UINT64_C(1) * TICK_MIN_SHARE_PERCENT) {
            ticks->hz = tried;
            ticks->period_ns = period_ns;
            ticks->phase_ns = phase_ns;
            ticks->window_ns = window_ns;
            return;
        }
    }
}

void trace_ticks_init(struct trace_ticks *ticks, const struct ftrace_text *text,
                      enum ftrace_kind kind, int32_t hz)
{
    *ticks = (struct trace_ticks){0};
    ticks->pairs = g_hash_table_new_full(pair_hash, pair_equal, g_free, NULL);
    find_phase(ticks, text, kind, hz);
    if (ticks->hz == 0) {
        return;
    }
    for (size_t i = 0; i < text->nr_events; i++) {
        const struct ftrace_event *e = &text->events[i];
        struct pair key = {.running = e->printer.comm, .woken = e->task.comm};
        struct pair *p;

        if (!in_question(e, kind)) {
            continue;
        }
        p = g_hash_table_lookup(ticks->pairs, &key);
        if (p == NULL) {
            p = g_memdup2(&key, sizeof(key));
            g_hash_table_add(ticks->pairs, p);
        }
        if (inside(ticks, e->time_ns)) {
            p->inside++;
        } else {
            p->outside++;
        }
    }
}

void trace_ticks_release(struct trace_ticks *ticks)
{
    g_clear_pointer(&ticks->pairs, g_hash_table_unref);
}

bool trace_ticks_is_timer(const struct trace_ticks *ticks, const struct ftrace_event *e)
{
    struct pair key = {.running = e->printer.comm, .woken = e->task.comm};
    const struct pair *p;

    if (ticks->hz == 0 || !inside(ticks, e->time_ns)) {
        return false;
    }
    p = g_hash_table_lookup(ticks->pairs, &key);
    /* By chance: outside * window / (period - window). */
    return p != NULL &&
           p->inside * (ticks->period_ns - ticks->window_ns) > 2 * p->outside * ticks->window_ns;
}
