/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/policy-yaml.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "files-fixture.h"
#include "format/policy-find.h"
#include "policy/loader.h"

/* A folder of files that goes away with the test. */
struct fixture {
    char *dir;
    const char *dirs[2];
};

static void set_up(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    f->dir = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    f->dirs[0] = f->dir;
    f->dirs[1] = NULL;
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    files_remove(f->dir);
    g_free(f->dir);
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(f->dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static struct policy_set *read_set(const struct fixture *f, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = policy_set_find(name, f->dirs, &error);
    struct policy_set *set = policy_set_read_yaml(path, f->dirs, &error);

    g_assert_no_error(error);
    return set;
}

static const char base_text[] = "# A set.\n"
                                "numasim: policy-set/1\n"
                                "description: below\n"
                                "queue:\n"
                                "  plugin: eevdf\n"
                                "  source: a paper\n"
                                "  params:\n"
                                "    base_slice: 0.70ms\n"
                                "    delay: {value: off, source: a book, unverified: true}\n"
                                "balance: random\n"
                                "numa: ./mine.so\n"
                                "sources: [first, second]\n";

static void test_read(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = NULL;
    const struct policy_role *queue;
    g_autofree char *mine = g_build_filename(f->dir, "./mine.so", NULL);

    (void)unused;
    write_file(f, "base.yaml", base_text);
    set = read_set(f, "base");
    queue = &set->roles[NUMASIM_ROLE_QUEUE];
    g_assert_cmpstr(set->name, ==, "base");
    g_assert_cmpstr(set->description, ==, "below");
    g_assert_null(set->extends[0]);
    g_assert_cmpuint(strlen(set->digest), ==, 32);
    g_assert_cmpstr(queue->plugin, ==, "eevdf");
    g_assert_cmpstr(queue->source, ==, "a paper");
    g_assert_cmpuint(queue->plugin_at.line, ==, 5);
    g_assert_cmpuint(queue->plugin_at.column, ==, 11);
    g_assert_cmpuint(queue->nr_values, ==, 2);
    g_assert_cmpstr(queue->values[0].param, ==, "base_slice");
    g_assert_cmpstr(queue->values[0].text, ==, "0.70ms");
    g_assert_null(queue->values[0].source);
    g_assert_cmpuint(queue->values[0].param_at.line, ==, 8);
    g_assert_cmpuint(queue->values[0].param_at.column, ==, 5);
    g_assert_cmpuint(queue->values[0].text_at.column, ==, 17);
    g_assert_cmpstr(queue->values[1].text, ==, "off");
    g_assert_cmpstr(queue->values[1].source, ==, "a book");
    g_assert_true(queue->values[1].unverified);
    g_assert_cmpstr(set->roles[NUMASIM_ROLE_BALANCE].plugin, ==, "random");
    g_assert_cmpstr(set->roles[NUMASIM_ROLE_NUMA].plugin, ==, mine);
    g_assert_null(set->roles[NUMASIM_ROLE_TIER].plugin);
    g_assert_cmpstr(set->sources[0], ==, "first");
    g_assert_cmpstr(set->sources[1], ==, "second");
    g_assert_cmpstr(set->sources[2], ==, "a paper");
    g_assert_cmpstr(set->sources[3], ==, "a book");
    g_assert_null(set->sources[4]);
}

static void test_extends(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = NULL;
    g_autoptr(policy_set_t) base = NULL;
    const struct policy_role *queue;

    (void)unused;
    write_file(f, "base.yaml", base_text);
    write_file(f, "middle.yaml",
               "numasim: policy-set/1\n"
               "extends: base\n"
               "queue: {params: {base_slice: 3ms, extra: 1}}\n"
               "numa: ~\n");
    write_file(f, "top.yaml",
               "numasim: policy-set/1\n"
               "extends: middle.yaml\n"
               "description: top\n"
               "balance: {plugin: none}\n");
    set = read_set(f, "top");
    base = read_set(f, "base");
    queue = &set->roles[NUMASIM_ROLE_QUEUE];
    g_assert_cmpstr(set->name, ==, "top");
    g_assert_cmpstr(set->description, ==, "top");
    g_assert_cmpstr(set->extends[0], ==, "middle");
    g_assert_cmpstr(set->extends[1], ==, "base");
    g_assert_null(set->extends[2]);
    g_assert_cmpstr(set->digest, !=, base->digest);
    g_assert_cmpstr(queue->plugin, ==, "eevdf");
    g_assert_cmpuint(queue->nr_values, ==, 3);
    g_assert_cmpstr(queue->values[0].text, ==, "3ms");
    g_assert_true(g_str_has_suffix(queue->values[0].text_at.file, "/middle.yaml"));
    g_assert_cmpstr(queue->values[1].text, ==, "off");
    g_assert_true(g_str_has_suffix(queue->values[1].text_at.file, "/base.yaml"));
    g_assert_cmpstr(queue->values[2].param, ==, "extra");
    g_assert_cmpstr(set->roles[NUMASIM_ROLE_BALANCE].plugin, ==, "none");
    g_assert_null(set->roles[NUMASIM_ROLE_NUMA].plugin);
}

/* A set's release is its own, else that of the sets below, else the default. */
static void test_kernel(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) none = NULL;
    g_autoptr(policy_set_t) same = NULL;
    g_autoptr(policy_set_t) other = NULL;
    g_autoptr(policy_set_t) copy = NULL;

    (void)unused;
    write_file(f, "base.yaml", base_text);
    write_file(f, "old.yaml", "numasim: policy-set/1\nextends: base\nkernel: 6.1\n");
    write_file(f, "same.yaml", "numasim: policy-set/1\nextends: old\n");
    write_file(f, "other.yaml", "numasim: policy-set/1\nextends: old\nkernel: 6.10\n");
    none = read_set(f, "base");
    same = read_set(f, "same");
    other = read_set(f, "other");
    copy = policy_set_copy(other);
    g_assert_null(none->kernel);
    g_assert_cmpstr(policy_set_kernel(none), ==, "6.12");
    g_assert_cmpstr(policy_set_kernel(same), ==, "6.1");
    g_assert_cmpstr(policy_set_kernel(other), ==, "6.10");
    g_assert_cmpstr(policy_set_kernel(copy), ==, "6.10");
}

/* What a set of another release leaves as it was is unverified, until it says where it was seen. */
static void test_inherited(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) same = NULL;
    g_autoptr(policy_set_t) newer = NULL;
    g_autoptr(policy_set_t) newest = NULL;
    const struct policy_role *role;

    (void)unused;
    write_file(f, "base.yaml", base_text);
    write_file(f, "same.yaml",
               "numasim: policy-set/1\nextends: base\nqueue: {params: {extra: 1}}\n");
    write_file(f, "newer.yaml",
               "numasim: policy-set/1\n"
               "extends: same\n"
               "kernel: 6.18\n"
               "queue: {params: {extra: 2}}\n"
               "verified:\n"
               "  - {source: its source, params: [queue.DELAY, queue.other, host.autogroup]}\n");
    write_file(f, "newest.yaml", "numasim: policy-set/1\nextends: newer\nkernel: 7.3\n");
    same = read_set(f, "same");
    role = &same->roles[NUMASIM_ROLE_QUEUE];
    g_assert_cmpstr(role->values[0].inherited, ==, "base");
    g_assert_false(role->values[0].other_release);
    g_assert_null(role->values[2].inherited);
    g_assert_false(role->other_release);

    newer = read_set(f, "newer");
    role = &newer->roles[NUMASIM_ROLE_QUEUE];
    g_assert_cmpstr(role->inherited, ==, "base");
    g_assert_true(role->other_release);
    g_assert_cmpstr(role->values[0].inherited, ==, "base"); /* base_slice */
    g_assert_true(role->values[0].other_release);
    g_assert_cmpstr(role->values[1].inherited, ==, "base"); /* delay */
    g_assert_cmpstr(role->values[1].source, ==, "its source");
    g_assert_false(role->values[1].other_release);
    g_assert_false(role->values[1].unverified);
    g_assert_null(role->values[2].inherited); /* extra */
    g_assert_false(role->values[2].other_release);
    g_assert_cmpuint(role->nr_confirmed, ==, 1);
    g_assert_cmpstr(role->confirmed[0].param, ==, "other");
    g_assert_cmpuint(role->confirmed[0].param_at.line, ==, 6);
    g_assert_cmpstr(newer->roles[POLICY_HOST].confirmed[0].param, ==, "autogroup");

    newest = read_set(f, "newest");
    role = &newest->roles[NUMASIM_ROLE_QUEUE];
    g_assert_cmpuint(role->nr_confirmed, ==, 0);
    g_assert_cmpstr(role->values[2].inherited, ==, "newer");
    for (uint32_t i = 0; i < role->nr_values; i++) {
        g_assert_true(role->values[i].other_release);
    }
}

static void test_other_plugin_drops_values(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = NULL;

    (void)unused;
    write_file(f, "base.yaml", base_text);
    write_file(f, "top.yaml", "numasim: policy-set/1\nextends: base\nqueue: fifo\n");
    set = read_set(f, "top");
    g_assert_cmpstr(set->roles[NUMASIM_ROLE_QUEUE].plugin, ==, "fifo");
    g_assert_cmpuint(set->roles[NUMASIM_ROLE_QUEUE].nr_values, ==, 0);
    g_assert_null(set->description);
}

static void test_too_deep(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->dir, "s0.yaml", NULL);

    (void)unused;
    for (int i = 0; i <= POLICY_YAML_MAX_EXTENDS; i++) {
        g_autofree char *name = g_strdup_printf("s%d.yaml", i);
        g_autofree char *text = g_strdup_printf("numasim: policy-set/1\nextends: s%d\n", i + 1);

        write_file(f, name, text);
    }
    g_assert_null(policy_set_read_yaml(path, f->dirs, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "/s15.yaml:2:10: too many sets below one another; "
                                            "expected at most 16"));
}

static void test_find(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    g_auto(GStrv) names = NULL;

    (void)unused;
    write_file(f, "linux-6.12.yaml", base_text);
    write_file(f, "other.yaml", "numasim: topology/1\n");
    write_file(f, "broken.yaml", "\tnumasim\n");
    names = policy_set_list(f->dirs);
    g_assert_cmpstr(names[0], ==, "linux-6.12");
    g_assert_null(names[1]);
    path = policy_set_find("some/where", f->dirs, NULL);
    g_assert_cmpstr(path, ==, "some/where");
    g_assert_null(policy_set_find("linux-6.13", f->dirs, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==,
                    "no policy set 'linux-6.13'; expected one that `numasim policy list` shows, "
                    "or a path (did you mean 'linux-6.12'?)");
}

static void test_no_file(struct fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(f->dir, "none.yaml", NULL);

    (void)unused;
    g_assert_null(policy_set_read_yaml(path, f->dirs, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

/* Every shipped set can be read; whether its plugins load, the command's tests say. */
static void test_shipped(struct fixture *f, gconstpointer unused)
{
    g_autofree char *dir = g_test_build_filename(G_TEST_DIST, "policies", NULL);
    const char *dirs[] = {dir, NULL};
    g_auto(GStrv) names = policy_set_list(dirs);

    (void)f, (void)unused;
    g_assert_nonnull(names[0]);
    for (size_t i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = policy_set_find(names[i], dirs, &error);
        g_autoptr(policy_set_t) set = policy_set_read_yaml(path, dirs, &error);

        g_assert_no_error(error);
        g_assert_nonnull(set->roles[NUMASIM_ROLE_QUEUE].plugin);
        g_assert_nonnull(set->description);
    }
}

/* Reads and loads @path; what is said about it, without the folder @plugins. */
static char *complaint(const char *path, const char *plugins)
{
    const char *set_dirs[] = {".", NULL}, *plugin_dirs[] = {plugins, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(policy_set_t) set = policy_set_read_yaml(path, set_dirs, &error);
    g_autoptr(policy_stack_t) stack = NULL;
    GString *text;

    if (set != NULL) {
        stack = policy_stack_load(set, plugin_dirs, &error);
    }
    text = g_string_new(error != NULL ? error->message : "no complaint");
    g_string_replace(text, plugins, "PLUGINS", 0);
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

/* Each tests/bad/policy/NAME.yaml is refused with the text of NAME.expect. */
static void test_bad(struct fixture *f, gconstpointer unused)
{
    g_autofree char *dir = g_test_build_filename(G_TEST_DIST, "tests", "bad", "policy", NULL);
    g_autofree char *built = g_test_build_filename(G_TEST_BUILT, "..", "plugins", NULL);
    g_autofree char *plugins = g_canonicalize_filename(built, NULL);
    g_autofree char *before = g_get_current_dir();
    g_autoptr(GPtrArray) paths = files_in("tests/bad/policy", ".yaml");

    (void)f, (void)unused;
    g_assert_cmpint(g_chdir(dir), ==, 0);
    g_assert_cmpuint(paths->len, >, 0);
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *name = g_path_get_basename(g_ptr_array_index(paths, i));
        g_autofree char *seen = complaint(name, plugins);

        g_assert_cmpstr(seen, !=, "no complaint\n");
        files_check_expected(name, seen);
    }
    g_assert_cmpint(g_chdir(before), ==, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(struct fixture *f, gconstpointer unused);
    } tests[] = {
        {"/policy-yaml/read", test_read},
        {"/policy-yaml/extends", test_extends},
        {"/policy-yaml/kernel", test_kernel},
        {"/policy-yaml/inherited", test_inherited},
        {"/policy-yaml/other-plugin-drops-values", test_other_plugin_drops_values},
        {"/policy-yaml/too-deep", test_too_deep},
        {"/policy-yaml/find", test_find},
        {"/policy-yaml/no-file", test_no_file},
        {"/policy-yaml/shipped", test_shipped},
        {"/policy-yaml/bad", test_bad},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
