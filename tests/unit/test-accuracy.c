/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of accuracy, from outcomes made by hand; and how far off a number is. */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "observe/accuracy.h"
#include "observe/study.h"

/* The outcome of a study @name with @verdicts. */
static char *outcome(const char *name, const char *verdicts)
{
    return g_strdup_printf(
        "{\"schema\": \"numasim-study/1\", \"study\": \"%s\", \"question\": \"Is "
        "it so?\", \"sources\": [\"A|B, 1999\", \"C\"], \"passed\": true, "
        "\"cells\": [], \"expectations\": [%s]}",
        name, verdicts);
}

#define HELD(off)                                                                                  \
    "{\"title\": \"t\", \"measured\": \"1\", \"expected\": \"1\", \"off_ppm\": " off               \
    ", \"passed\": true}"
#define MISS(title, why)                                                                           \
    "{\"title\": \"" title "\", \"measured\": \"1ms\", \"expected\": \"at most 0\", \"passed\": "  \
    "false, \"known_miss\": {\"measured\": \"2ms\", \"why\": \"" why "\", \"moved\": true}}"

static bool add(struct accuracy *a, const char *name, const char *verdicts)
{
    g_autofree char *text = outcome(name, verdicts);
    g_autoptr(GError) error = NULL;

    return accuracy_add_study(a, name, text, strlen(text), &error);
}

static void add_test(struct accuracy *a, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;

    accuracy_add_test(a, name, name, text, &error);
    g_assert_no_error(error);
}

static struct accuracy *some(void)
{
    struct accuracy *a = accuracy_new();

    g_assert_true(add(a, "two", HELD("150000") ", " HELD("500") ", " HELD("12000001")));
    g_assert_true(add(
        a, "one", HELD("0") ", " MISS("x_y", "late") ", " MISS("z", "late") ", " MISS("w", "*")));
    add_test(
        a, "real",
        "# kernel 1.0: 2 of 2 machines agree\n# noise\nok 1 - a\nok 2 - b # SKIP a known miss: "
        "c\nok 3 # SKIP no such file\nnot ok 4 - d\n1..4\n");
    return a;
}

static void assert_page(struct accuracy *a, const char *page, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = accuracy_page(a, "p.in", page, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, expected);
}

#define HEAD                                                                                       \
    "| study | held against | holds | known misses | numbers | typically off | at worst |\n"       \
    "| --- | --- | --- | --- | --- | --- | --- |\n"
#define ROW_ONE                                                                                    \
    "| [one](studies/one.yaml): Is it so? | A\\|B, 1999; C | 1 of 4 | 3, 3 moved | 1 | 0.0 % | "   \
    "0.0 % |\n"
#define ROW_TWO                                                                                    \
    "| [two](studies/two.yaml): Is it so? | A\\|B, 1999; C | 3 of 3 |  | 3 | 15 % | 13x |\n"
#define MISSES                                                                                     \
    "\n<details><summary>What misses, and why (3)</summary>\n\n"                                   \
    "- one, x_y: 1ms, expected at most 0 (and 1 more). late\n"                                     \
    "- one, w: 1ms, expected at most 0. \\*\n\n</details>\n"
#define TESTS                                                                                      \
    "| test | holds | known misses | what it says |\n| --- | --- | --- | --- |\n"                  \
    "| real | 1 of 3 | 1, **1 not known** | kernel 1.0: 2 of 2 machines agree |\n"

static void test_page(void)
{
    g_autoptr(accuracy_t) a = some();

    assert_page(a,
                "# Title\n<!-- left out -->\n<!-- tests: r* -->\n<!-- studies: t* -->\n\n"
                "<!-- studies: * -->\n<!-- studies -->\n<!-- total -->\nend",
                "# Title\n" TESTS HEAD ROW_TWO "\n" HEAD ROW_ONE MISSES
                "None.\n4 of 7 expectations of 2 studies hold; 3 are known misses, each explained "
                "below; 0 fail otherwise. 1 of 3 tests against real kernels pass.\nend\n");
}

/* The order in which outcomes come does not matter. */
static void test_order(void)
{
    g_autoptr(accuracy_t) a = some();
    static const char page[] = "<!-- studies -->\n<!-- tests: * -->\n";

    assert_page(a, page, HEAD ROW_ONE ROW_TWO MISSES TESTS);
}

static void test_missing(void)
{
    static const char *const all[] = {"a", "one", "three", "two", NULL};
    g_autoptr(accuracy_t) a = accuracy_new();

    a->all_studies = g_strdupv((char **)(guintptr)all);
    g_assert_true(add(a, "one", HELD("0")) && add(a, "two", HELD("0")) && add(a, "a", HELD("0")));
    g_autofree char *text = accuracy_page(a, "p.in", "<!-- missing -->\n<!-- studies -->\n", NULL);

    g_assert_true(g_str_has_prefix(text, "Not run for this page: [three](studies/three.yaml).\n"));
    g_assert_true(add(a, "three", HELD("0")));
    assert_page(
        a, "<!-- missing -->\n<!-- studies: t*e -->\n<!-- x -->\n",
        "All studies were run for this page.\n" HEAD
        "| [three](studies/three.yaml): Is it so? | A\\|B, 1999; C | 1 of 1 |  | 1 | 0.0 % | "
        "0.0 % |\n");
}

static void assert_page_fails(const char *page, const char *message)
{
    g_autoptr(accuracy_t) a = some();
    g_autoptr(GError) error = NULL;

    g_assert_null(accuracy_page(a, "p.in", page, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_bad_page(void)
{
    assert_page_fails("\n<!-- studies: one three -->\n",
                      "p.in:2: no outcome of a study that is named 'three'");
    assert_page_fails("<!-- tests: x* -->\n", "p.in:1: no outcome of a test that is named 'x*'");
    assert_page_fails("<!-- studies: one -->\n",
                      "p.in:1: a line <!-- studies --> is missing; nothing shows the study 'two'");
    assert_page_fails("<!-- studies -->\n", "p.in:1: a line <!-- tests: NAME --> is missing; "
                                            "nothing shows the test 'real'");
}

static void assert_study_fails(const char *text, const char *message)
{
    g_autoptr(accuracy_t) a = some();
    g_autoptr(GError) error = NULL;

    g_assert_false(accuracy_add_study(a, "s.json", text, strlen(text), &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, message));
}

static void test_bad_outcomes(void)
{
    g_autofree char *again = outcome("one", HELD("1")), *half = outcome("x", "{\"title\": \"t\"}");
    g_autofree char *odd = outcome("x", "3");
    g_autoptr(accuracy_t) a = accuracy_new();
    g_autoptr(GError) error = NULL;

    assert_study_fails("{", "s.json:1:");
    assert_study_fails("", "s.json:1:1: not JSON: it is empty");
    assert_study_fails("[]", "s.json: not a study's outcome; expected numasim-study/1");
    assert_study_fails("{\"schema\": \"numasim-result/1\"}", "s.json: not a study's outcome");
    assert_study_fails(half, "s.json: not a study's outcome");
    assert_study_fails(odd, "s.json: not a study's outcome");
    assert_study_fails(again, "s.json: a second outcome of the study 'one'; expected one to each");
    g_assert_false(accuracy_add_test(a, "t", "t.tap", "ok 1 # SKIP nothing\n1..1\n", &error));
    g_assert_cmpstr(error->message, ==,
                    "t.tap: no test in it that was not skipped; expected TAP, lines that begin "
                    "with ok or not ok");
}

static void test_off(void)
{
    struct rational r[] = {{90, 1}, {330, 3}}, half = {1, 2};

    g_assert_cmpint(study_off_ppm((struct rational){100, 1}, r, 1, false), ==, 100000);
    g_assert_cmpint(study_off_ppm((struct rational){80, 1}, r, 2, false), ==, 375000);
    g_assert_cmpint(study_off_ppm((struct rational){-100, 1}, r, 1, false), ==, 1900000);
    g_assert_cmpint(study_off_ppm((struct rational){100, 1}, r, 2, true), ==, 0);
    g_assert_cmpint(study_off_ppm((struct rational){80, 1}, r, 2, true), ==, 125000);
    g_assert_cmpint(study_off_ppm((struct rational){0, 1}, r, 2, false), ==, -1);
    g_assert_cmpint(study_off_ppm((struct rational){1, INT64_MAX}, &half, 1, false), ==, INT64_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accuracy/page", test_page);
    g_test_add_func("/accuracy/order", test_order);
    g_test_add_func("/accuracy/missing", test_missing);
    g_test_add_func("/accuracy/page/bad", test_bad_page);
    g_test_add_func("/accuracy/outcomes/bad", test_bad_outcomes);
    g_test_add_func("/accuracy/off", test_off);
    return g_test_run();
}
