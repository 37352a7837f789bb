/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs as text, and the load that requests offer. */
#include "base/fixed.h"
#include "workload/show-private.h"

/* Longer bodies of a `foreach` are shown written out. */
enum { MAX_TURN = 64 };

void show_dist(GString *out, const struct dist *d)
{
    switch (d->kind) {
    case DIST_FIXED:
        show_quantity(out, d->a, UNIT_NS);
        break;
    case DIST_UNIFORM:
        show_quantity(out, d->a, UNIT_NS);
        g_string_append(out, "..");
        show_quantity(out, d->b, UNIT_NS);
        break;
    case DIST_EXPONENTIAL:
        g_string_append(out, "exponential ");
        show_quantity(out, d->a, UNIT_NS);
        break;
    case DIST_NORMAL:
        g_string_append(out, "normal ");
        show_quantity(out, d->a, UNIT_NS);
        g_string_append(out, " +- ");
        show_quantity(out, d->b, UNIT_NS);
        break;
    case DIST_LOGNORMAL:
        g_string_append(out, "lognormal ");
        show_quantity(out, d->a, UNIT_NS);
        g_string_append_printf(out, " sigma %" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT,
                               d->b / 1000000, d->b % 1000000 / 10000);
        break;
    case DIST_EMPIRICAL:
        g_string_append_printf(out, "one of %u values, mean ", d->nr_values);
        show_quantity(out, dist_mean(d), UNIT_NS);
        break;
    }
}

static void show_mix(GString *out, const struct workload_process *p, const struct access_mix *mix)
{
    if (mix->nr_entries == 0) {
        g_string_append(out, " none");
    }
    for (int32_t i = 0; i < mix->nr_entries; i++) {
        g_string_append_printf(out, "%s %s ", i > 0 ? "," : "",
                               p->regions[mix->entries[i].region].name);
        show_quantity(out, mix->entries[i].per_s_milli, UNIT_PER_S);
        if (mix->entries[i].references) {
            g_string_append(out, " references");
        }
        if (mix->entries[i].writes_ppm > 0) {
            g_string_append(out, " with ");
            show_quantity(out, mix->entries[i].writes_ppm, UNIT_PPM);
            g_string_append(out, " written back");
        }
    }
    if (mix->mlp_ppm != 1000000) {
        g_string_append_printf(out, ", %d.%d misses at once", mix->mlp_ppm / 1000000,
                               mix->mlp_ppm % 1000000 / 100000);
    }
}

static void show_loop(GString *out, const struct step *s)
{
    if (s->count < 0) {
        g_string_append(out, "for ever:");
    } else if (s->has_work) {
        g_string_append(out, "for ");
        show_dist(out, &s->work);
        g_string_append_c(out, ':');
    } else {
        g_string_append_printf(out, "%" G_GINT64_FORMAT " times:", s->count);
    }
}

/* What follows the step's word. */
static void show_values(GString *out, const struct workload *w, const struct workload_process *p,
                        const struct step *s)
{
    switch (s->kind) {
    case STEP_ACCESS:
        show_mix(out, p, &s->mix);
        break;
    case STEP_TOUCH:
        g_string_append_printf(out, " %s", p->regions[s->object].name);
        break;
    case STEP_MADVISE:
        g_string_append_printf(out, " %s %s", p->regions[s->object].name,
                               s->count != 0 ? "hugepage" : "nohugepage");
        break;
    case STEP_RUN:
    case STEP_SLEEP:
        g_string_append_c(out, ' ');
        show_dist(out, &s->work);
        break;
    case STEP_TIMER:
        g_string_append(out, " every ");
        show_quantity(out, s->count, UNIT_NS);
        break;
    case STEP_READ:
    case STEP_WRITE:
        g_string_append_printf(out, " %s ", w->objects[s->object].name);
        show_quantity(out, s->count, UNIT_BYTES);
        break;
    case STEP_SIGNAL:
        g_string_append_printf(out, " %s", w->objects[s->object].name);
        if (s->count > 1) {
            g_string_append_printf(out, " by %" G_GINT64_FORMAT, s->count);
        }
        break;
    case STEP_COND_WAIT:
        g_string_append_printf(out, " %s with %s", w->objects[s->object].name,
                               w->objects[s->other].name);
        break;
    case STEP_WAIT:
    case STEP_BARRIER:
    case STEP_LOCK:
    case STEP_UNLOCK:
    case STEP_COND_SIGNAL:
    case STEP_COND_BROADCAST:
        g_string_append_printf(out, " %s", w->objects[s->object].name);
        break;
    case STEP_FORK:
        g_string_append_printf(out, " %" G_GINT64_FORMAT " x %s", s->count,
                               p->groups[s->other].name);
        break;
    case STEP_NICE:
        g_string_append_printf(out, " %" G_GINT64_FORMAT, s->count);
        break;
    case STEP_SERVE:
        g_string_append_printf(out, " a request of %s:", w->arrivals[s->other].name);
        break;
    case STEP_MEASURE:
        g_string_append_printf(out, " %s:", w->metrics[s->metric]);
        break;
    case STEP_COUNT:
        g_string_append_printf(out, " %s", w->metrics[s->metric]);
        break;
    case STEP_JOIN:
    case STEP_EXIT:
    case STEP_YIELD:
    case STEP_CPUTIME:
    case STEP_EXEC:
    case STEP_LOOP:
        break;
    }
}

/* How many copies of the steps from @first on follow each other with the same place in the file:
 * the turns of a `foreach`. The length of one turn goes to *@ret_length. */
static int32_t turns(const struct step *steps, int32_t nr_steps, int32_t first, int32_t *ret_length)
{
    const struct workload_mark *mark = &steps[first].mark;
    int32_t length = 1, n = 1;

    while (length < MAX_TURN && first + length < nr_steps &&
           (steps[first + length].mark.line != mark->line ||
            steps[first + length].mark.column != mark->column)) {
        length++;
    }
    while (mark->line > 0 && first + (n + 1) * length <= nr_steps &&
           steps[first + n * length].mark.line == mark->line &&
           steps[first + n * length].mark.column == mark->column) {
        n++;
    }
    *ret_length = n > 1 ? length : 1;
    return n;
}

static void show_step(GString *out, const struct workload *w, const struct workload_process *p,
                      const struct step *s, int indent)
{
    g_string_append_printf(out, "%*s", indent, "");
    if (s->kind == STEP_LOOP) {
        show_loop(out, s);
    } else {
        g_string_append(out, step_kind_name(s->kind));
        show_values(out, w, p, s);
    }
    g_string_append_c(out, '\n');
    show_steps(out, w, p, s->body, s->nr_body, indent + 2);
}

void show_steps(GString *out, const struct workload *w, const struct workload_process *p,
                const struct step *steps, int32_t nr_steps, int indent)
{
    for (int32_t i = 0; i < nr_steps;) {
        int32_t length, n = turns(steps, nr_steps, i, &length);

        for (int32_t k = 0; k < length; k++) {
            show_step(out, w, p, &steps[i + k], indent);
        }
        if (n > 1) {
            g_string_append_printf(out, "%*sand so on for each of %d members\n", indent, "", n);
        }
        i += n * length;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Offered load                                                                                */

/* The mean CPU time of one pass over @steps, as far as their number is stated. */
static int64_t work_ns(const struct step *steps, int32_t nr_steps)
{
    int64_t sum_ns = 0;

    for (int32_t i = 0; i < nr_steps; i++) {
        const struct step *s = &steps[i];
        int64_t one_ns = 0;

        if (s->kind == STEP_RUN) {
            one_ns = dist_mean(&s->work);
        } else if (s->kind == STEP_LOOP && s->count > 0) {
            one_ns = work_ns(s->body, s->nr_body);
            if (__builtin_mul_overflow(one_ns, s->count, &one_ns)) {
                one_ns = INT64_MAX;
            }
        } else if (s->kind == STEP_MEASURE) {
            one_ns = work_ns(s->body, s->nr_body);
        }
        if (__builtin_add_overflow(sum_ns, one_ns, &sum_ns)) {
            sum_ns = INT64_MAX;
        }
    }
    return sum_ns;
}

/* The first step in @steps that serves @arrival, or NULL. */
static const struct step *find_serve(const struct step *steps, int32_t nr_steps, int32_t arrival)
{
    for (int32_t i = 0; i < nr_steps; i++) {
        const struct step *found;

        if (steps[i].kind == STEP_SERVE && steps[i].other == arrival) {
            return &steps[i];
        }
        found = find_serve(steps[i].body, steps[i].nr_body, arrival);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

int64_t show_offered_load_ppm(const struct workload *w, int32_t arrival)
{
    const struct workload_arrival *a = &w->arrivals[arrival];

    for (int32_t i = 0; i < w->nr_processes; i++) {
        for (int32_t g = 0; g < w->processes[i].nr_groups; g++) {
            const struct thread_group *group = &w->processes[i].groups[g];
            const struct step *serve = find_serve(group->steps, group->nr_steps, arrival);
            int64_t load_ppm;

            if (serve == NULL) {
                continue;
            }
            /* A mean beyond a quarter of an hour would overflow, and tells a reader nothing. */
            load_ppm = (int64_t)mul_div_u64(
                (uint64_t)MIN(work_ns(serve->body, serve->nr_body), INT64_C(1000000000000)),
                1000000, (uint64_t)a->interval_ns);
            return __builtin_mul_overflow(load_ppm, a->burst, &load_ppm) ? INT64_MAX : load_ppm;
        }
    }
    return 0;
}
