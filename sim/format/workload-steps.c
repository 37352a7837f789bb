/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: lists of steps, each a bare word or a mapping of one word to its value. */
#include <string.h>

#include "format/workload-private.h"

enum { METRIC_NAME_MAX = 64, MLP_MAX_PPM = 1000 * 1000000 };

/* A step of a name or a mapping and a number. */
struct pair_spec {
    const struct yaml_node *node;
    int64_t value;
};

struct body_spec {
    const struct yaml_node *body, *from, *name, *object;
    const struct yaml_node *for_; /* a distribution, read when it is there */
    int64_t count;
};

#define BODY_FIELD(member, word, must)                                                             \
    {                                                                                              \
        .key = word, .type = YAML_TYPE_NODE, .offset = offsetof(struct body_spec, member),         \
        .required = must                                                                           \
    }
#define COUNT_FIELD                                                                                \
    {                                                                                              \
        .key = "count", .type = YAML_TYPE_INT, .offset = offsetof(struct body_spec, count),        \
        .min = 1, .max = INT64_C(1) << 50                                                          \
    }

static bool read_body(struct workload_reader *r, const struct yaml_node *list, struct step *step,
                      GError **error)
{
    return workload_read_steps(r, list, &step->body, &step->nr_body, error);
}

/* ------------------------------------------------------------------------------------------- */
/* One thread's own steps                                                                      */

static bool read_work(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    (void)r;
    step->has_work = true;
    return yaml_dist(arg, UNIT_NS, &step->work, error);
}

static bool read_timer(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                       GError **error)
{
    (void)r;
    return yaml_quantity(arg, UNIT_NS, 1, INT64_MAX, &step->count, error);
}

static bool read_nothing(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                         GError **error)
{
    (void)r;
    if (arg != NULL && !yaml_is_null(arg)) {
        return yaml_error(arg, error, "a value for '%s'; expected the word alone",
                          step_kind_name(step->kind));
    }
    return true;
}

static bool read_nice(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    (void)r;
    return yaml_int(arg, -20, 19, &step->count, error);
}

static bool read_touch(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                       GError **error)
{
    static const struct yaml_field fields[] = {
        {.key = "region",
         .type = YAML_TYPE_NODE,
         .offset = offsetof(struct pair_spec, node),
         .required = true},
        {.key = "bytes",
         .type = YAML_TYPE_INT,
         .offset = offsetof(struct pair_spec, value),
         .unit = UNIT_BYTES,
         .min = 1,
         .max = INT64_MAX},
        {.key = NULL},
    };
    struct pair_spec spec = {.node = arg, .value = 0};

    if (arg->kind != YAML_KIND_SCALAR && !yaml_read_fields(arg, fields, &spec, error)) {
        return false;
    }
    step->bytes = spec.value;
    return workload_lookup(spec.node, "region", r->regions, &step->object, error);
}

struct madvise_spec {
    const struct yaml_node *region;
    int advice;
};

static bool read_madvise(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                         GError **error)
{
    static const char *const advices[] = {"nohugepage", "hugepage", NULL};
    static const struct yaml_field fields[] = {
        {.key = "region",
         .type = YAML_TYPE_NODE,
         .offset = offsetof(struct madvise_spec, region),
         .required = true},
        {.key = "advice",
         .type = YAML_TYPE_CHOICE,
         .offset = offsetof(struct madvise_spec, advice),
         .names = advices,
         .required = true},
        {.key = NULL},
    };
    struct madvise_spec spec = {0};

    if (!yaml_read_fields(arg, fields, &spec, error)) {
        return false;
    }
    step->count = spec.advice;
    return workload_lookup(spec.region, "region", r->regions, &step->object, error);
}

struct access_spec {
    const struct yaml_node *misses, *references, *writes;
    int64_t mlp_ppm;
};

/* Adds what @map (region: rate) says to @mix. */
static bool read_rates(struct workload_reader *r, const struct yaml_node *map, bool references,
                       struct access_mix *mix, GError **error)
{
    if (map == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < map->nr_items; i++) {
        const struct yaml_node *node = map->items[i];
        struct access_entry *e = &mix->entries[mix->nr_entries];

        /* At most one miss each picosecond of work: far beyond any machine. */
        e->references = references;
        if (!workload_lookup(node->key, "region", r->regions, &e->region, error) ||
            !yaml_quantity(node, UNIT_PER_S, 0, INT64_C(1000000000000000), &e->per_s_milli,
                           error)) {
            return false;
        }
        mix->nr_entries++;
    }
    return true;
}

/* Of the lines of @entry that miss, @ppm are written back, as @value says. */
static bool set_writes(const struct workload_reader *r, const struct yaml_node *value,
                       struct access_entry *entry, int64_t ppm, GError **error)
{
    const struct workload_region *region = &r->process->regions[entry->region];

    if (ppm > 0 && region->readonly) {
        return yaml_error(value, error,
                          "writes to '%s', which is 'readonly: true'; expected 0%% of it, or "
                          "'writes: {REGION: PART}' of others alone",
                          region->name);
    }
    entry->writes_ppm = (uint32_t)ppm;
    return true;
}

/* Lines written back for each that misses: of all regions, or by region. */
static bool read_writes(struct workload_reader *r, const struct yaml_node *node,
                        struct access_mix *mix, GError **error)
{
    bool by_region = node != NULL && node->kind == YAML_KIND_MAPPING;

    for (uint32_t i = 0; node != NULL && i < (by_region ? node->nr_items : 1); i++) {
        const struct yaml_node *value = by_region ? node->items[i] : node;
        int32_t region = -1;
        int64_t ppm = 0;
        bool found = false;

        if ((by_region && !workload_lookup(value->key, "region", r->regions, &region, error)) ||
            !yaml_quantity(value, UNIT_PPM, 0, 1000000, &ppm, error)) {
            return false;
        }
        for (int32_t e = 0; e < mix->nr_entries; e++) {
            if (region >= 0 && mix->entries[e].region != region) {
                continue;
            }
            if (!set_writes(r, value, &mix->entries[e], ppm, error)) {
                return false;
            }
            found = true;
        }
        if (!found) {
            return yaml_error(value->key, error,
                              "writes to '%s', which this step does not access; expected one of "
                              "its 'misses' or 'references'",
                              value->key->text);
        }
    }
    return true;
}

static bool read_access(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                        GError **error)
{
    static const struct yaml_field fields[] = {
        {.key = "misses", .type = YAML_TYPE_MAP, .offset = offsetof(struct access_spec, misses)},
        {.key = "references",
         .type = YAML_TYPE_MAP,
         .offset = offsetof(struct access_spec, references)},
        {.key = "writes", .type = YAML_TYPE_NODE, .offset = offsetof(struct access_spec, writes)},
        {.key = "mlp",
         .type = YAML_TYPE_INT,
         .offset = offsetof(struct access_spec, mlp_ppm),
         .unit = UNIT_PPM,
         .min = 1000000,
         .max = MLP_MAX_PPM},
        {.key = NULL},
    };
    struct access_spec spec = {.mlp_ppm = 1000000};
    struct access_mix *mix = &step->mix;

    mix->mlp_ppm = (int32_t)spec.mlp_ppm;
    if (arg->kind == YAML_KIND_SCALAR && arg->text != NULL && strcmp(arg->text, "none") == 0) {
        return true;
    }
    if (!yaml_read_fields(arg, fields, &spec, error)) {
        return false;
    }
    if (spec.misses == NULL && spec.references == NULL) {
        return yaml_error(arg, error,
                          "'access' without 'misses' and 'references'; expected one of them, or "
                          "'access: none'");
    }
    mix->mlp_ppm = (int32_t)spec.mlp_ppm;
    mix->entries = g_new0(struct access_entry,
                          (spec.misses != NULL ? spec.misses->nr_items : 0) +
                              (spec.references != NULL ? spec.references->nr_items : 0) + 1);
    return read_rates(r, spec.misses, false, mix, error) &&
           read_rates(r, spec.references, true, mix, error) &&
           read_writes(r, spec.writes, mix, error);
}

static bool read_metric(struct workload_reader *r, const struct yaml_node *node, struct step *step,
                        GError **error)
{
    const char *name = NULL;

    if (!yaml_string(node, &name, error)) {
        return false;
    }
    if (name[0] == '\0' || strlen(name) > METRIC_NAME_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz"
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != strlen(name)) {
        return yaml_error(node, error,
                          "'%s' is no name of a metric; expected 1 to %d letters, digits, '-' "
                          "and '_'",
                          name, METRIC_NAME_MAX);
    }
    step->metric = workload_metric(r, name);
    return true;
}

static bool read_fork(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    static const struct yaml_field fields[] = {
        {.key = "group",
         .type = YAML_TYPE_NODE,
         .offset = offsetof(struct pair_spec, node),
         .required = true},
        {.key = "count",
         .type = YAML_TYPE_INT,
         .offset = offsetof(struct pair_spec, value),
         .min = 1,
         .max = WORKLOAD_MAX_COUNT},
        {.key = NULL},
    };
    struct pair_spec spec = {.node = arg, .value = 1};
    int32_t group = 0;

    if (arg->kind != YAML_KIND_SCALAR && !yaml_read_fields(arg, fields, &spec, error)) {
        return false;
    }
    if (!workload_lookup(spec.node, "thread group", r->groups, &group, error)) {
        return false;
    }
    if (r->group_first[group + 1] - r->group_first[group] > 1) {
        return yaml_error(spec.node, error,
                          "'%s' speaks of '.thread', so a fork cannot start it; expected a group "
                          "of threads that are all alike",
                          spec.node->text);
    }
    step->other = r->group_first[group];
    step->count = spec.value;
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Steps that contain steps                                                                    */

/* `count` or `for` of a loop or a phase; a phase may have neither and runs once. */
static bool set_repeats(const struct yaml_node *map, const struct body_spec *spec,
                        struct step *step, GError **error)
{
    if ((spec->count > 0) == (spec->for_ != NULL)) {
        return yaml_error(map, error, "a loop with %s; expected one of 'count' and 'for'",
                          spec->count > 0 ? "both 'count' and 'for'" : "no end");
    }
    step->count = spec->count;
    step->has_work = spec->for_ != NULL;
    return spec->for_ == NULL || yaml_dist(spec->for_, UNIT_NS, &step->work, error);
}

static bool read_loop(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                      GError **error)
{
    static const struct yaml_field fields[] = {
        BODY_FIELD(body, "do", true), BODY_FIELD(for_, "for", false), COUNT_FIELD, {.key = NULL}};
    struct body_spec spec = {.count = 0};

    return yaml_read_fields(arg, fields, &spec, error) && set_repeats(arg, &spec, step, error) &&
           read_body(r, spec.body, step, error);
}

static bool read_forever(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                         GError **error)
{
    step->count = -1;
    return read_body(r, arg, step, error);
}

static bool read_serve(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                       GError **error)
{
    static const struct yaml_field fields[] = {
        BODY_FIELD(from, "from", true), BODY_FIELD(body, "do", true), {.key = NULL}};
    struct body_spec spec = {.count = 0};

    return yaml_read_fields(arg, fields, &spec, error) &&
           workload_lookup(spec.from, "arrival", r->arrivals, &step->other, error) &&
           read_body(r, spec.body, step, error);
}

static bool read_measure(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                         GError **error)
{
    static const struct yaml_field fields[] = {
        BODY_FIELD(name, "name", true), BODY_FIELD(body, "do", true), {.key = NULL}};
    struct body_spec spec = {.count = 0};

    return yaml_read_fields(arg, fields, &spec, error) && read_metric(r, spec.name, step, error) &&
           read_body(r, spec.body, step, error);
}

/* A phase is a measure, whose body is a loop where it says so. */
static bool read_phase(struct workload_reader *r, const struct yaml_node *arg, struct step *step,
                       GError **error)
{
    static const struct yaml_field fields[] = {BODY_FIELD(name, "name", true),
                                               BODY_FIELD(body, "do", true),
                                               BODY_FIELD(for_, "for", false),
                                               COUNT_FIELD,
                                               {.key = NULL}};
    struct body_spec spec = {.count = 0};

    if (!yaml_read_fields(arg, fields, &spec, error) || !read_metric(r, spec.name, step, error)) {
        return false;
    }
    if (spec.count == 0 && spec.for_ == NULL) {
        return read_body(r, spec.body, step, error);
    }
    step->body = g_new0(struct step, 1);
    step->nr_body = 1;
    *step->body = (struct step){
        .kind = STEP_LOOP, .mark = step->mark, .object = -1, .other = -1, .metric = -1};
    return set_repeats(arg, &spec, step->body, error) && read_body(r, spec.body, step->body, error);
}

static const struct step_word own_words[] = {
    {"run", STEP_RUN, false, read_work, "run: 2ms"},
    {"sleep", STEP_SLEEP, false, read_work, "sleep: 2ms"},
    {"timer", STEP_TIMER, false, read_timer, "timer: 10ms"},
    {"access", STEP_ACCESS, false, read_access, "access: {misses: {REGION: 20/us}, mlp: 4}"},
    {"touch", STEP_TOUCH, false, read_touch, "touch: REGION"},
    {"madvise", STEP_MADVISE, false, read_madvise, "madvise: {region: REGION, advice: hugepage}"},
    {"fork", STEP_FORK, false, read_fork, "fork: {group: NAME, count: 4}"},
    {"join", STEP_JOIN, true, read_nothing, "join"},
    {"exit", STEP_EXIT, true, read_nothing, "exit"},
    {"yield", STEP_YIELD, true, read_nothing, "yield"},
    {"cputime", STEP_CPUTIME, true, read_nothing, "cputime"},
    {"exec", STEP_EXEC, true, read_nothing, "exec"},
    {"nice", STEP_NICE, false, read_nice, "nice: 5"},
    {"count", STEP_COUNT, false, read_metric, "count: NAME"},
    {"loop", STEP_LOOP, false, read_loop, "loop: {count: 10, do: [...]}"},
    {"forever", STEP_LOOP, false, read_forever, "forever: [...]"},
    {"serve", STEP_SERVE, false, read_serve, "serve: {from: ARRIVAL, do: [...]}"},
    {"measure", STEP_MEASURE, false, read_measure, "measure: {name: NAME, do: [...]}"},
    {"phase", STEP_MEASURE, false, read_phase, "phase: {name: NAME, for: 5s, do: [...]}"},
    {"foreach", STEP_LOOP, false, NULL, "foreach: {object: NAME, do: [...]}"},
    {.word = NULL},
};

/* ------------------------------------------------------------------------------------------- */
/* Lists                                                                                       */

static bool append_steps(struct workload_reader *r, const struct yaml_node *list, GArray *steps,
                         GError **error);

static bool unknown_step(const struct yaml_node *word, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();

    for (const struct step_word *w = own_words; w->word != NULL; w++) {
        g_ptr_array_add(known, (gpointer)(guintptr)w->word);
    }
    for (const struct step_word *w = workload_sync_words; w->word != NULL; w++) {
        g_ptr_array_add(known, (gpointer)(guintptr)w->word);
    }
    g_ptr_array_add(known, NULL);
    return yaml_error_unknown(word, "step", (const char *const *)known->pdata, error);
}

static const struct step_word *find_word(const char *text)
{
    const struct step_word *const tables[] = {own_words, workload_sync_words};

    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const struct step_word *w = tables[t]; w->word != NULL; w++) {
            if (strcmp(w->word, text) == 0) {
                return w;
            }
        }
    }
    return NULL;
}

/* The body once for each member of an array, one after the other, with `.each` as its number. */
static bool append_foreach(struct workload_reader *r, const struct yaml_node *arg, GArray *steps,
                           GError **error)
{
    static const struct yaml_field fields[] = {
        BODY_FIELD(object, "object", true), BODY_FIELD(body, "do", true), {.key = NULL}};
    struct body_spec spec = {.count = 0};
    const struct object_decl *decl;
    int32_t outer = r->each;
    bool ok = true;

    if (!yaml_read_fields(arg, fields, &spec, error)) {
        return false;
    }
    decl = workload_object_decl(r, spec.object, error);
    if (decl == NULL) {
        return false;
    }
    if (!decl->array) {
        return yaml_error(spec.object, error, "'%s' is no array; expected an object with 'count'",
                          decl->name);
    }
    for (r->each = 0; ok && r->each < decl->count; r->each++) {
        ok = append_steps(r, spec.body, steps, error);
    }
    r->each = outer;
    return ok;
}

static bool append_step(struct workload_reader *r, const struct yaml_node *node, GArray *steps,
                        GError **error)
{
    const struct yaml_node *arg =
        node->kind == YAML_KIND_MAPPING && node->nr_items > 0 ? node->items[0] : NULL;
    const struct yaml_node *place = arg != NULL ? arg->key : node;
    const struct step_word *word;
    struct step step = {.object = -1, .other = -1, .metric = -1};

    if (node->kind == YAML_KIND_SEQUENCE || (node->kind == YAML_KIND_MAPPING && arg == NULL)) {
        return yaml_error(node, error, "this is no step; expected one such as 'run: 2ms'");
    }
    if (node->nr_items > 1 && node->kind == YAML_KIND_MAPPING) {
        return yaml_error(node->items[1]->key, error,
                          "'%s' beside '%s' in one step; expected it in braces as part of that "
                          "step, or as a step of its own that starts with '- '",
                          node->items[1]->key->text, place->text);
    }
    word = find_word(place->text);
    if (word == NULL) {
        return unknown_step(place, error);
    }
    if (!word->bare && (arg == NULL || yaml_is_null(arg))) {
        return yaml_error(place, error, "'%s' without a value; expected '%s'", word->word,
                          word->example);
    }
    if (++r->nr_steps > WORKLOAD_MAX_STEPS) {
        return yaml_error(place, error, "too many steps; expected at most %d in all",
                          WORKLOAD_MAX_STEPS);
    }
    if (word->read == NULL) {
        return append_foreach(r, arg, steps, error);
    }
    step.kind = word->kind;
    step.mark = workload_mark(place);
    if (!word->read(r, arg, &step, error)) {
        step_release(&step);
        return false;
    }
    g_array_append_val(steps, step);
    return true;
}

static bool append_steps(struct workload_reader *r, const struct yaml_node *list, GArray *steps,
                         GError **error)
{
    g_autofree char *what =
        list->key != NULL ? g_strdup_printf("'%s'", list->key->text) : g_strdup("a program");

    if (!yaml_check_kind(list, YAML_KIND_SEQUENCE, what, error)) {
        return false;
    }
    if (list->nr_items == 0) {
        return yaml_error(list, error, "%s is empty; expected steps", what);
    }
    for (uint32_t i = 0; i < list->nr_items; i++) {
        if (!append_step(r, list->items[i], steps, error)) {
            return false;
        }
    }
    return true;
}

static void clear_step(gpointer step)
{
    step_release(step);
}

bool workload_read_steps(struct workload_reader *r, const struct yaml_node *list,
                         struct step **ret_steps, int32_t *ret_nr, GError **error)
{
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(struct step));

    g_array_set_clear_func(steps, clear_step);
    if (!append_steps(r, list, steps, error)) {
        return false;
    }
    *ret_nr = (int32_t)steps->len;
    *ret_steps = (struct step *)g_array_steal(steps, NULL);
    return true;
}
