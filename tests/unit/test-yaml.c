/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/yaml.h"

static struct yaml_doc *load(const char *text, GError **error)
{
    return yaml_load_buffer("t.yaml", text, strlen(text), error);
}

static struct yaml_doc *load_ok(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct yaml_doc *doc = load(text, &error);

    g_assert_no_error(error);
    return doc;
}

static void test_tree(void)
{
    g_autoptr(yaml_doc_t) doc = load_ok("# comment\n"
                                        "a: 1\n"
                                        "b:\n"
                                        "  - x\n"
                                        "  - {source: \"a quote\", c: [1, 2]}\n"
                                        "source: here\n");
    const struct yaml_node *root = yaml_doc_root(doc), *b = yaml_map_get(root, "b");
    const struct yaml_node *map;

    g_assert_cmpint(root->kind, ==, YAML_KIND_MAPPING);
    g_assert_cmpuint(root->nr_items, ==, 3);
    g_assert_cmpstr(yaml_map_get(root, "a")->text, ==, "1");
    g_assert_cmpuint(yaml_map_get(root, "a")->line, ==, 2);
    g_assert_cmpuint(yaml_map_get(root, "a")->column, ==, 4);
    g_assert_cmpuint(yaml_map_get(root, "a")->key->column, ==, 1);
    g_assert_cmpuint(b->nr_items, ==, 2);
    g_assert_null(b->items[0]->key);
    map = b->items[1];
    g_assert_true(yaml_map_get(map, "source")->quoted);
    g_assert_cmpuint(yaml_map_get(map, "c")->nr_items, ==, 2);
    g_assert_null(yaml_map_get(map, "d"));
    g_assert_null(yaml_map_get(b, "d"));
    g_assert_cmpstr(yaml_doc_sources(doc)[0], ==, "a quote");
    g_assert_cmpstr(yaml_doc_sources(doc)[1], ==, "here");
    g_assert_null(yaml_doc_sources(doc)[2]);
    g_assert_cmpuint(strlen(yaml_doc_digest(doc)), ==, 32);
    g_assert_cmpstr(yaml_doc_name(doc), ==, "t.yaml");
}

/* What is refused, and the whole message. */
static const struct {
    const char *text, *message;
} refused[] = {
    {"", "t.yaml:1:1: the file is empty; expected a mapping"},
    {"a: 1\na: 2\n", "t.yaml:2:1: duplicate key 'a'; expected each key once\n    a: 2\n    ^"},
    {"a: &x 1\n", "t.yaml:1:4: an anchor; expected a value without '&'\n    a: &x 1\n       ^"},
    {"a: *x\n", "t.yaml:1:4: an alias; expected the value itself\n    a: *x\n       ^"},
    {"a: !!int 1\n", "t.yaml:1:4: a tag; expected a value without '!'\n    a: !!int 1\n       ^"},
    {"a: 1\n---\nb: 1\n",
     "t.yaml:2:1: a second document; expected the end of the file\n    ---\n    ^"},
    {"a:\n\t- 1\n", "t.yaml:2:1: a tab in the indentation; expected spaces\n     - 1\n    ^"},
    {"a: \001\n",
     "t.yaml:1:4: a control character; expected printable text\n    a: \001\n       ^"},
    {"{[1]: 2}\n",
     "t.yaml:1:2: a key that is no scalar; expected 'key: value'\n    {[1]: 2}\n     ^"},
    {"a: \"x\\0y\"\n", "t.yaml:1:4: an escaped NUL; expected text\n    a: \"x\\0y\"\n       ^"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(load(refused[i].text, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_cmpstr(error->message, ==, refused[i].message);
    }
}

static void test_bytes(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(yaml_load_buffer("t", "a: 1\nb\0: 2", 10, &error));
    g_assert_true(g_str_has_prefix(error->message, "t:2:2: a NUL byte; expected UTF-8 text"));
    g_clear_error(&error);
    g_assert_null(yaml_load_buffer("t", "a: \xff\n", 5, &error));
    g_assert_true(g_str_has_prefix(error->message, "t:1:4: a byte that is not UTF-8"));
    g_clear_error(&error);
    g_assert_null(load("a: [1\n", &error));
    g_assert_true(g_str_has_prefix(error->message, "t.yaml:2:1: not valid YAML: "));
    g_clear_error(&error);
    g_assert_null(yaml_load("/nowhere/at/all.yaml", &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

static void test_depth(void)
{
    g_autoptr(GString) text = g_string_new("a: ");
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 70; i++) {
        g_string_append_c(text, '[');
    }
    for (int i = 0; i < 70; i++) {
        g_string_append_c(text, ']');
    }
    g_assert_null(load(text->str, &error));
    g_assert_nonnull(strstr(error->message, ": nested too deeply; expected at most 64 levels"));
}

/* More keys than are compared one by one. */
static void test_many_keys(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 1000; i++) {
        g_string_append_printf(text, "key%d: %d\n", i, i);
    }
    yaml_doc_free(load_ok(text->str));
    g_string_append(text, "key500: 1\n");
    g_assert_null(load(text->str, &error));
    g_assert_true(g_str_has_prefix(error->message, "t.yaml:1001:1: duplicate key 'key500'"));
}

static void test_schema(void)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"a: 1\n", "no 'numasim' key; expected 'numasim: study/2'"},
        {"numasim: topology/1\n", "'numasim' is topology/1; expected 'study/2'"},
        {"numasim: study/x\n", "'numasim' is study/x; expected 'study/2'"},
        {"numasim: study/3\n", "'study/3' is newer than this numasim; expected 'study/2' or older"},
        {"- 1\n", "the file is a sequence; expected a mapping"},
    };
    g_autoptr(yaml_doc_t) doc = load_ok("numasim: study/1\n");
    int version = 0;

    g_assert_true(yaml_check_schema(doc, "study", 2, &version, NULL));
    g_assert_cmpint(version, ==, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(yaml_doc_t) d = load_ok(bad[i].text);
        g_autoptr(GError) error = NULL;

        g_assert_false(yaml_check_schema(d, "study", 2, NULL, &error));
        g_assert_nonnull(strstr(error->message, bad[i].message));
    }
}

static const char *const colours[] = {"red", "green", NULL};

struct thing {
    int64_t count, time_ns;
    int32_t nice;
    bool flag;
    char *name;
    int colour;
    struct dist dist;
    const struct yaml_node *node, *list;
};

#define ROW(member, t, ...)                                                                        \
    {                                                                                              \
        .key = #member, .type = YAML_TYPE_##t, .offset = offsetof(struct thing, member),           \
        __VA_ARGS__                                                                                \
    }

static const struct yaml_field fields[] = {
    ROW(count, INT, .required = true),       ROW(time_ns, INT, .unit = UNIT_NS, .max = 1000),
    ROW(nice, INT32, .min = -20, .max = 19), ROW(flag, BOOL, .help = "a flag"),
    ROW(name, STRING, .help = "a name"),     ROW(colour, CHOICE, .names = colours),
    ROW(dist, DIST, .unit = UNIT_NS),        ROW(node, NODE, .help = "anything"),
    ROW(list, LIST, .help = "a list"),       {.key = NULL},
};

static void test_fields(void)
{
    g_autoptr(yaml_doc_t) doc = load_ok("{count: 7, time_ns: 90ns, nice: -5, flag: yes, name: n, "
                                        "colour: green, dist: {uniform: [1us, 2us]}, node: [x]}");
    struct thing t = {.name = g_strdup("old"), .list = NULL};
    g_autoptr(GError) error = NULL;

    g_assert_true(yaml_read_fields(yaml_doc_root(doc), fields, &t, &error));
    g_assert_no_error(error);
    g_assert_cmpint(t.count, ==, 7);
    g_assert_cmpint(t.time_ns, ==, 90);
    g_assert_cmpint(t.nice, ==, -5);
    g_assert_true(t.flag);
    g_assert_cmpstr(t.name, ==, "n");
    g_assert_cmpint(t.colour, ==, 1);
    g_assert_cmpint(t.dist.kind, ==, DIST_UNIFORM);
    g_assert_cmpint(t.dist.b, ==, 2000);
    g_assert_cmpint(t.node->kind, ==, YAML_KIND_SEQUENCE);
    g_assert_null(t.list);
    g_free(t.name);
    dist_release(&t.dist);
}

static void test_bad_fields(void)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"{cuont: 7}", "t.yaml:1:2: unknown key 'cuont'; expected one of count, time_ns, nice, "
                       "flag, name, colour, dist, node, list (did you mean 'count'?)"},
        {"{nice: 1}", "t.yaml:1:1: the file has no 'count'; expected integer from 0"},
        {"{count: x}", "t.yaml:1:9: 'count' is 'x'; expected an integer of at least 0"},
        {"{count: -1}", "t.yaml:1:9: 'count' is -1; expected an integer of at least 0"},
        {"{count: [1]}", "t.yaml:1:9: 'count' is a sequence; expected a scalar"},
        {"{nice: 20}", "t.yaml:1:8: 'nice' is 20; expected an integer in -20..19"},
        {"{flag: maybe}", "t.yaml:1:8: 'flag' is 'maybe'; expected true or false"},
        {"{name: ~}", "t.yaml:1:8: 'name' is empty; expected text"},
        {"{colour: gren}", "t.yaml:1:10: unknown value of 'colour' 'gren'; expected one of red, "
                           "green (did you mean 'green'?)"},
        {"{time_ns: 2us}", "t.yaml:1:11: 'time_ns' is 2us; expected at most 1us"},
        {"{list: {a: 1}}", "t.yaml:1:8: 'list' is a mapping; expected a sequence"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(yaml_doc_t) doc = load_ok(bad[i].text);
        g_autoptr(GError) error = NULL;
        struct thing t = {0};
        g_auto(GStrv) lines = NULL;

        g_assert_false(yaml_read_fields(yaml_doc_root(doc), fields, &t, &error));
        lines = g_strsplit(error->message, "\n", 2);
        g_assert_cmpstr(lines[0], ==, bad[i].message);
        g_free(t.name);
    }
}

static void test_units(void)
{
    g_autoptr(yaml_doc_t) doc = load_ok("{a: 90, b: 90MB, c: 2ms}");
    const struct yaml_node *root = yaml_doc_root(doc);
    g_autoptr(GError) error = NULL;
    int64_t value = 5;

    g_assert_false(yaml_quantity(yaml_map_get(root, "a"), UNIT_NS, 0, INT64_MAX, &value, &error));
    g_assert_true(g_str_has_prefix(error->message, "t.yaml:1:5: 'a': "));
    g_clear_error(&error);
    g_assert_false(yaml_quantity(yaml_map_get(root, "b"), UNIT_NS, 0, INT64_MAX, &value, &error));
    g_assert_true(g_str_has_prefix(error->message, "t.yaml:1:12: 'b': "));
    g_assert_cmpint(value, ==, 5);
    g_assert_true(yaml_quantity(yaml_map_get(root, "c"), UNIT_NS, 0, INT64_MAX, &value, NULL));
    g_assert_cmpint(value, ==, 2000000);
}

static void test_cpulist(void)
{
    g_autoptr(yaml_doc_t) doc = load_ok("{a: \"0-2,5\", b: 0-9}");
    g_autoptr(GError) error = NULL;
    uint64_t map[1] = {0};

    g_assert_true(yaml_cpulist(yaml_map_get(yaml_doc_root(doc), "a"), map, 8, NULL));
    g_assert_cmphex(map[0], ==, 0x27);
    g_assert_false(yaml_cpulist(yaml_map_get(yaml_doc_root(doc), "b"), map, 8, &error));
    g_assert_true(g_str_has_prefix(error->message, "t.yaml:1:17: 'b': "));
    g_assert_cmphex(map[0], ==, 0x27);
}

static void test_dist(void)
{
    static const struct {
        const char *text;
        enum dist_kind kind;
        int64_t a, b;
    } good[] = {
        {"d: 2ms", DIST_FIXED, 2000000, 0},
        {"d: {fixed: 2ms}", DIST_FIXED, 2000000, 0},
        {"d: {exponential: 1ms}", DIST_EXPONENTIAL, 1000000, 0},
        {"d: {normal: [1ms, 10us]}", DIST_NORMAL, 1000000, 10000},
        {"d: {lognormal: [1ms, 0.5]}", DIST_LOGNORMAL, 1000000, 500000},
        {"d: {empirical: {1ms: 3, 2ms: 1}}", DIST_EMPIRICAL, 0, 0},
    };
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"d: {uniform: [2ms, 1ms]}", "the high end is below the low end 2ms"},
        {"d: {uniform: 1ms}", "'uniform' is no pair; expected [LOW, HIGH]"},
        {"d: {exp: 1ms}", "unknown distribution 'exp'; expected one of fixed, uniform"},
        {"d: {fixed: 1ms, uniform: [1ms, 2ms]}", "'d' has 2 keys; expected one distribution"},
        {"d: {empirical: {1ms: 0}}", "'empirical' weighs nothing"},
        {"d: [1ms]", "'d' is a sequence; expected a mapping"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(yaml_doc_t) doc = load_ok(good[i].text);
        g_autoptr(GError) error = NULL;
        struct dist d = {0};

        yaml_dist(yaml_map_get(yaml_doc_root(doc), "d"), UNIT_NS, &d, &error);
        g_assert_no_error(error);
        g_assert_cmpint(d.kind, ==, good[i].kind);
        g_assert_cmpint(d.a, ==, good[i].a);
        g_assert_cmpint(d.b, ==, good[i].b);
        if (d.kind == DIST_EMPIRICAL) {
            g_assert_cmpuint(d.nr_values, ==, 2);
            g_assert_cmpint(d.values[1], ==, 2000000);
            g_assert_cmpuint(d.cum_weights[1], ==, 4);
        }
        dist_release(&d);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(yaml_doc_t) doc = load_ok(bad[i].text);
        g_autoptr(GError) error = NULL;
        struct dist d = {0};

        g_assert_false(yaml_dist(yaml_map_get(yaml_doc_root(doc), "d"), UNIT_NS, &d, &error));
        g_assert_nonnull(strstr(error->message, bad[i].message));
    }
}

/* A long line is shown as a window, with the caret still under its place. */
static void test_long_line(void)
{
    g_autoptr(GString) text = g_string_new("a: [");
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) lines = NULL;

    for (int i = 0; i < 200; i++) {
        g_string_append(text, "1, ");
    }
    g_string_append(text, "*x]\n");
    g_assert_null(load(text->str, &error));
    lines = g_strsplit(error->message, "\n", 3);
    g_assert_cmpuint(strlen(lines[1]), <, 120);
    g_assert_cmpint(lines[1][strlen(lines[2]) - 1], ==, '*');
}

static void test_describe(void)
{
    static const struct {
        struct yaml_field field;
        const char *text;
    } cases[] = {
        {{.type = YAML_TYPE_INT}, "integer from 0"},
        {{.type = YAML_TYPE_INT32, .min = 1, .max = 9}, "integer 1..9"},
        {{.type = YAML_TYPE_BOOL}, "true or false"},
        {{.type = YAML_TYPE_CHOICE, .names = colours}, "one of red, green"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = yaml_field_describe(&cases[i].field);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/yaml/tree", test_tree);
    g_test_add_func("/yaml/refused", test_refused);
    g_test_add_func("/yaml/bytes", test_bytes);
    g_test_add_func("/yaml/depth", test_depth);
    g_test_add_func("/yaml/many-keys", test_many_keys);
    g_test_add_func("/yaml/schema", test_schema);
    g_test_add_func("/yaml/fields", test_fields);
    g_test_add_func("/yaml/bad-fields", test_bad_fields);
    g_test_add_func("/yaml/units", test_units);
    g_test_add_func("/yaml/cpulist", test_cpulist);
    g_test_add_func("/yaml/dist", test_dist);
    g_test_add_func("/yaml/long-line", test_long_line);
    g_test_add_func("/yaml/describe", test_describe);
    return g_test_run();
}
