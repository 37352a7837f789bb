/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of lscpu's summary (util-linux, sys-utils/lscpu.c: print_summary()). */
#include <string.h>

#include "format/facts/lscpu-summary.h"

void lscpu_summary_init(struct lscpu_summary *s)
{
    *s = (struct lscpu_summary){.cpus = FACTS_UNKNOWN,
                                .threads = FACTS_UNKNOWN,
                                .cores = FACTS_UNKNOWN,
                                .sockets = FACTS_UNKNOWN,
                                .family = FACTS_UNKNOWN,
                                .nodes = g_array_new(FALSE, FALSE, sizeof(struct lscpu_node_cpus))};
}

void lscpu_summary_clear(struct lscpu_summary *s)
{
    for (guint i = 0; i < s->nodes->len; i++) {
        g_free(g_array_index(s->nodes, struct lscpu_node_cpus, i).list);
    }
    g_array_unref(s->nodes);
    g_free(s->arch);
    g_free(s->vendor);
    g_free(s->model);
    g_free(s->online);
    g_free(s->offline);
}

bool lscpu_is_field(struct piece field)
{
    return piece_is(field, "Thread(s) per core") || piece_starts(field, "On-line CPU(s) ");
}

/* "KiB", "K", "M", "" (bytes): the unit's size, 0 if it is none. */
static int64_t unit_of(struct piece text)
{
    static const char letters[] = "KMGT";
    const int64_t size = text.end - text.begin;

    if (size == 0) {
        return 1;
    }
    for (int i = 0; letters[i] != '\0'; i++) {
        if (g_ascii_toupper(*text.begin) == letters[i] &&
            (size == 1 || (size == 2 && text.begin[1] == 'B') ||
             (size == 3 && memcmp(text.begin + 1, "iB", 2) == 0))) {
            return INT64_C(1) << (10 * (i + 1));
        }
    }
    return 0;
}

/* "(6 instances)" */
static int64_t instances_of(struct piece rest)
{
    struct piece word;
    int64_t instances;

    if (!piece_next_word(&rest, &word) || *word.begin != '(') {
        return 0;
    }
    word.begin++;
    return piece_number(word, FACTS_MAX_CPU_ID, &instances) ? instances : 0;
}

/*
 * util-linux rounds to one decimal (lib/strutils.c: size_to_human_string()); "1 MiB" may be 0.05 MiB
 * more or less. Before 2.34 the size was of one cache, as sysfs prints it: "32K", without a blank.
 */
bool lscpu_parse_size(struct piece text, struct lscpu_cache_size *ret)
{
    enum { MAX_WHOLE = 1 << 30 };
    struct piece number, rest = text, unit;
    int64_t whole, tenths = 0, digits = 0, scale;

    if (!piece_next_word(&rest, &number) || !piece_take_number(&number, MAX_WHOLE, &whole)) {
        return false;
    }
    if (number.begin < number.end && (*number.begin == '.' || *number.begin == ',')) {
        for (number.begin++; number.begin < number.end && g_ascii_isdigit(*number.begin);
             number.begin++) {
            tenths = digits++ == 0 ? *number.begin - '0' : tenths;
        }
    }
    ret->single = number.begin < number.end;
    unit = number;
    if (!ret->single && rest.begin < rest.end && piece_next_word(&rest, &unit) &&
        *unit.begin == '(') {
        rest.begin = unit.begin;
        unit.end = unit.begin;
    }
    scale = unit_of(unit);
    ret->bytes = whole * scale + tenths * scale / 10;
    ret->rounding = scale / 20;
    ret->instances = instances_of(rest);
    return scale > 0 && ret->bytes > 0;
}

int64_t lscpu_size_of_one(const struct lscpu_cache_size *s, int64_t instances)
{
    const int64_t low = (s->bytes - s->rounding + instances - 1) / instances;
    const int64_t high = (s->bytes + s->rounding) / instances;
    const int64_t middle = s->bytes / instances;

    for (int64_t step = INT64_C(1) << 40; step >= 1 << 10; step >>= 1) {
        const int64_t nearest = (middle + step / 2) / step * step;

        if (nearest >= low && nearest <= high && nearest > 0) {
            return nearest;
        }
        if (low > 0 && (low + step - 1) / step * step <= high) {
            return (low + step - 1) / step * step;
        }
    }
    return 0;
}

/* "L1d cache", or "L1d" below "Caches (sum of all)": true with the cache that it is. */
static bool is_cache(struct piece field, enum lscpu_cache *ret, int *ret_level)
{
    struct piece word, more;
    int64_t size;

    if (!piece_next_word(&field, &word) ||
        (piece_next_word(&field, &more) && !piece_is(more, "cache"))) {
        return false;
    }
    size = word.end - word.begin;
    if (size < 2 || size > 3 || *word.begin != 'L' || word.begin[1] < '1' || word.begin[1] > '9' ||
        (size == 3 && word.begin[2] != 'd')) {
        return false;
    }
    *ret_level = word.begin[1] - '0';
    *ret = *ret_level == 1 ? LSCPU_L1D : *ret_level == 2 ? LSCPU_L2 : LSCPU_L3;
    return true;
}

/* lscpu prints "-" for an unknown value, and nothing for an empty list. */
static bool says_nothing(struct piece value)
{
    return value.begin == value.end || piece_is(value, "-");
}

static bool take_cache(struct lscpu_summary *s, enum lscpu_cache cache, int level,
                       struct piece value)
{
    struct lscpu_cache_size size = {.level = level};

    if (says_nothing(value)) {
        return true;
    }
    if (!lscpu_parse_size(value, &size)) {
        return false;
    }
    if (level >= s->caches[cache].level) {
        s->caches[cache] = size;
    }
    return true;
}

/* A count. "-" says nothing; another type of CPU may have another. */
static bool take_count(struct lscpu_summary *s, int64_t *count, struct piece value)
{
    int64_t number;

    if (says_nothing(value)) {
        return true;
    }
    if (!piece_number(value, FACTS_MAX_CPU_ID, &number)) {
        return false;
    }
    s->uneven = s->uneven || (*count >= 0 && *count != number);
    *count = number;
    return true;
}

static void take_text(char **text, struct piece value)
{
    if (*text == NULL && !piece_is(value, "-")) {
        *text = g_strndup(value.begin, (size_t)(value.end - value.begin));
    }
}

/* "NUMA node0 CPU(s)" */
static bool take_node(struct lscpu_summary *s, struct piece field, struct piece value)
{
    struct lscpu_node_cpus node = {.list = NULL};
    int64_t id;

    field.begin += strlen("NUMA node");
    if (!piece_take_number(&field, FACTS_MAX_NODE_ID - 1, &id)) {
        return false;
    }
    for (guint i = 0; i < s->nodes->len; i++) {
        if (g_array_index(s->nodes, struct lscpu_node_cpus, i).id == (int32_t)id) {
            return false;
        }
    }
    node.id = (int32_t)id;
    take_text(&node.list, says_nothing(value) ? (struct piece){value.end, value.end} : value);
    g_array_append_val(s->nodes, node);
    return true;
}

static bool take(struct lscpu_summary *s, struct piece field, struct piece value)
{
    enum lscpu_cache cache;
    int level;
    int64_t hz;

    if (piece_is(field, "Architecture")) {
        take_text(&s->arch, value);
    } else if (piece_is(field, "Vendor ID")) {
        take_text(&s->vendor, value);
    } else if (piece_is(field, "Model name")) {
        s->nr_types++;
        take_text(&s->model, value);
    } else if (piece_is(field, "CPU family")) {
        piece_number(value, 1 << 16, &s->family); /* Arm's and RISC-V's are hexadecimal */
    } else if (piece_is(field, "CPU(s)")) {
        return take_count(s, &s->cpus, value);
    } else if (piece_is(field, "Thread(s) per core")) {
        return take_count(s, &s->threads, value);
    } else if (piece_is(field, "Core(s) per socket") || piece_is(field, "Core(s) per cluster")) {
        return take_count(s, &s->cores, value);
    } else if (piece_is(field, "Socket(s)") || piece_is(field, "CPU socket(s)") ||
               piece_is(field, "Cluster(s)")) {
        return take_count(s, &s->sockets, value);
    } else if (piece_starts(field, "On-line CPU(s) ")) {
        s->masks = piece_is(field, "On-line CPU(s) mask");
        take_text(&s->online, value);
    } else if (piece_starts(field, "Off-line CPU(s) ")) {
        take_text(&s->offline, value);
    } else if (piece_is(field, "CPU max MHz")) {
        if (piece_mhz(value, &hz)) {
            s->max_hz = MAX(s->max_hz, hz);
        }
    } else if (piece_starts(field, "NUMA node") && !piece_is(field, "NUMA node(s)")) {
        return take_node(s, field, value);
    } else if (is_cache(field, &cache, &level)) {
        return take_cache(s, cache, level, value);
    }
    return true;
}

bool lscpu_summary_take(struct lscpu_summary *s, struct piece field, struct piece value,
                        char **what)
{
    g_autofree char *name = NULL, *quote = NULL;

    if (take(s, field, value)) {
        return true;
    }
    name = piece_quote(field);
    quote = piece_quote(value);
    *what = g_strdup_printf("%s is '%s'; expected what lscpu prints there, each field once", name,
                            quote);
    return false;
}
