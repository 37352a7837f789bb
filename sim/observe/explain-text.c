/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explain found, for people and for machines. */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "observe/explain-private.h"
#include "observe/json.h"
#include "observe/text-table.h"

enum { MAX_BEHIND = 3, MAX_WASTES = 20 };

static const char *const bucket_names[EXPLAIN_NR_BUCKETS] = {"up to p50", "to p90", "to p99",
                                                             "to p99.9", "beyond"};

/* ------------------------------------------------------------------------------------------- */
/* Order                                                                                        */

struct behind {
    const char *name;
    int64_t ns;
};

static int compare_behind(const void *pa, const void *pb)
{
    const struct behind *a = pa, *b = pb;

    return a->ns != b->ns ? (a->ns < b->ns ? 1 : -1) : strcmp(a->name, b->name);
}

/* (element-type struct behind), the most first. */
static GArray *behind_of(const struct explain_bucket *b)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct behind));
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, b->behind);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        struct behind one = {key, *(int64_t *)value};

        g_array_append_val(list, one);
    }
    g_array_sort(list, compare_behind);
    return list;
}

static int compare_wastes(const void *pa, const void *pb)
{
    const struct explain_waste *a = pa, *b = pb;
    int order = strcmp(a->group, b->group);

    if (a->wasted_ns != b->wasted_ns) {
        return a->wasted_ns < b->wasted_ns ? 1 : -1;
    }
    return order != 0 ? order : strcmp(a->reason, b->reason);
}

static GArray *wastes_of(const struct explain *x)
{
    GArray *sorted = g_array_copy(x->wastes);

    g_array_sort(sorted, compare_wastes);
    return sorted;
}

static bool has_samples(const struct explain_latency *l)
{
    for (int b = 0; b < EXPLAIN_NR_BUCKETS; b++) {
        if (l->buckets[b].count > 0) {
            return true;
        }
    }
    return false;
}

static bool kind_occurs(const struct explain_latency *l, int kind)
{
    for (int b = 0; b < EXPLAIN_NR_BUCKETS; b++) {
        if (l->buckets[b].kinds[kind] > 0) {
            return true;
        }
    }
    return false;
}

static bool is_request(const struct explain *x, const struct explain_latency *l)
{
    return l != &x->latencies[x->nr_latencies - 1];
}

/* ------------------------------------------------------------------------------------------- */
/* For people                                                                                   */

/* "12.3us 45%" of what @b holds on average. */
static char *part_text(const struct explain_bucket *b, int64_t part_ns)
{
    g_autofree char *mean = units_format_human(part_ns / (int64_t)b->count, UNIT_NS);

    if (part_ns == 0) {
        return g_strdup("-");
    }
    return b->sum_ns > 0 ? g_strdup_printf("%s %3d%%", mean, (int)(part_ns * 100 / b->sum_ns))
                         : g_steal_pointer(&mean);
}

static char *behind_text(const struct explain_bucket *b)
{
    g_autoptr(GArray) list = behind_of(b);
    GString *s = g_string_new(NULL);

    for (guint i = 0; i < list->len && i < MAX_BEHIND; i++) {
        const struct behind *one = &g_array_index(list, struct behind, i);

        g_string_append_printf(s, "%s%s %d%%", i > 0 ? ", " : "", one->name,
                               b->sum_ns > 0 ? (int)(one->ns * 100 / b->sum_ns) : 0);
    }
    if (list->len > MAX_BEHIND) {
        g_string_append(s, ", ...");
    }
    return g_string_free(s, FALSE);
}

static void append_latency(GString *out, const struct explain *x, const struct explain_latency *l)
{
    bool request = is_request(x, l);
    int32_t columns = 4;

    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        columns += kind_occurs(l, kind);
    }
    struct text_table table = text_table_new(columns);

    g_string_append_printf(out, "%s, the mean of each part and its share\n", l->name);
    text_table_add(&table, g_strdup(request ? "requests" : "wakeups"));
    text_table_add(&table, g_strdup("number"));
    text_table_add(&table, g_strdup("mean"));
    if (request) {
        text_table_add(&table, g_strdup("queued"));
    }
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        if (kind_occurs(l, kind)) {
            text_table_add(&table, g_strdup(account_kind_name((enum account_kind)kind)));
        }
    }
    if (!request) {
        text_table_add(&table, g_strdup("while these ran"));
    }
    for (int i = 0; i < EXPLAIN_NR_BUCKETS; i++) {
        const struct explain_bucket *b = &l->buckets[i];

        if (b->count == 0) {
            continue;
        }
        text_table_add(&table, g_strdup(bucket_names[i]));
        text_table_add(&table, g_strdup_printf("%" G_GUINT64_FORMAT, b->count));
        text_table_add(&table, units_format_human(b->sum_ns / (int64_t)b->count, UNIT_NS));
        if (request) {
            text_table_add(&table, part_text(b, b->queued_ns));
        }
        for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
            if (kind_occurs(l, kind)) {
                text_table_add(&table, part_text(b, b->kinds[kind]));
            }
        }
        if (!request) {
            text_table_add(&table, behind_text(b));
        }
    }
    text_table_finish(&table, out);
    g_string_append_c(out, '\n');
}

static void append_wastes(GString *out, const struct explain *x)
{
    static const char *const heads[] = {"waiting tasks of", "not moved because", "CPU time",
                                        "share"};
    g_autofree char *total = units_format_human(x->wasted_ns, UNIT_NS);
    g_autoptr(GArray) wastes = wastes_of(x);

    if (x->wasted_ns == 0) {
        g_string_append(out,
                        "No CPU time was wasted: none was idle while a task waited that might run "
                        "there.\n");
        return;
    }
    g_string_append_printf(
        out, "CPU time wasted: %s, idle while tasks waited that might run there\n", total);
    struct text_table table = text_table_new(G_N_ELEMENTS(heads));

    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        text_table_add(&table, g_strdup(heads[i]));
    }
    for (guint i = 0; i < wastes->len && i < MAX_WASTES; i++) {
        const struct explain_waste *w = &g_array_index(wastes, struct explain_waste, i);

        text_table_add(&table, g_strdup(w->group));
        text_table_add(&table, g_strdup(w->reason));
        text_table_add(&table, units_format_human(w->wasted_ns, UNIT_NS));
        text_table_add(
            &table, g_strdup_printf("%.1f%%", (double)w->wasted_ns * 100 / (double)x->wasted_ns));
    }
    text_table_finish(&table, out);
    if (wastes->len > MAX_WASTES) {
        g_string_append_printf(out, "    and %u more with --format json\n",
                               wastes->len - MAX_WASTES);
    }
}

char *explain_text(const struct explain *x)
{
    GString *out = g_string_new(NULL);

    for (int32_t i = 0; i < x->nr_latencies; i++) {
        if (has_samples(&x->latencies[i])) {
            append_latency(out, x, &x->latencies[i]);
        }
    }
    append_wastes(out, x);
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* For machines                                                                                 */

static void json_bucket(struct json_out *out, const struct explain_bucket *b, const char *name,
                        bool request)
{
    g_autoptr(GArray) list = behind_of(b);

    json_object_begin(out, name, true);
    json_int(out, "count", (int64_t)b->count);
    json_int(out, "sum_ns", b->sum_ns);
    if (request) {
        json_int(out, "queued_ns", b->queued_ns);
    }
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        if (b->kinds[kind] > 0) {
            g_autofree char *member =
                g_strconcat(account_kind_name((enum account_kind)kind), "_ns", NULL);

            json_int(out, member, b->kinds[kind]);
        }
    }
    if (!request) {
        json_object_begin(out, "ran_meanwhile_ns", true);
        for (guint i = 0; i < list->len; i++) {
            const struct behind *one = &g_array_index(list, struct behind, i);

            json_int(out, one->name, one->ns);
        }
        json_object_end(out);
    }
    json_object_end(out);
}

char *explain_json(const struct explain *x)
{
    struct json_out out = json_out_new();
    g_autoptr(GArray) wastes = wastes_of(x);

    json_object_begin(&out, NULL, false);
    json_string(&out, "schema", "numasim-explain/1");
    json_object_begin(&out, "latencies", false);
    for (int32_t i = 0; i < x->nr_latencies; i++) {
        const struct explain_latency *l = &x->latencies[i];

        json_object_begin(&out, l->name, false);
        for (int b = 0; b < EXPLAIN_NR_BUCKETS; b++) {
            if (l->buckets[b].count > 0) {
                json_bucket(&out, &l->buckets[b], bucket_names[b], is_request(x, l));
            }
        }
        json_object_end(&out);
    }
    json_object_end(&out);
    json_int(&out, "wasted_ns", x->wasted_ns);
    json_array_begin(&out, "wasted", false);
    for (guint i = 0; i < wastes->len; i++) {
        const struct explain_waste *w = &g_array_index(wastes, struct explain_waste, i);

        json_object_begin(&out, NULL, true);
        json_string(&out, "tasks", w->group);
        json_string(&out, "reason", w->reason);
        json_int(&out, "wasted_ns", w->wasted_ns);
        json_object_end(&out);
    }
    json_array_end(&out);
    json_object_end(&out);
    return json_out_finish(&out, NULL);
}
