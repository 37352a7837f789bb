/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/param.h"

static const char *const modes[] = {"fair", "greedy", NULL};

static const struct numasim_param time_param = {
    .name = "t", .type = NUMASIM_PARAM_NS, .def = 1000, .min = 1000, .max = 2000000, .doc = "."};
static const struct numasim_param int_param = {
    .name = "i", .type = NUMASIM_PARAM_INT, .def = 0, .min = -5, .max = 5, .doc = "."};
static const struct numasim_param bytes_param = {
    .name = "b", .type = NUMASIM_PARAM_BYTES, .def = 4096, .max = INT64_MAX, .doc = "."};
static const struct numasim_param ppm_param = {
    .name = "p", .type = NUMASIM_PARAM_PPM, .def = 0, .max = 1000000, .doc = "."};
static const struct numasim_param bool_param = {
    .name = "o", .type = NUMASIM_PARAM_BOOL, .doc = "."};
static const struct numasim_param enum_param = {
    .name = "e", .type = NUMASIM_PARAM_ENUM, .values = modes, .doc = "."};

static void test_parse(void)
{
    static const struct {
        const struct numasim_param *param;
        const char *text;
        int64_t value; /* INT64_MIN: refused */
    } cases[] = {
        {&time_param, "1us", 1000},
        {&time_param, "2ms", 2000000},
        {&time_param, "0.5ms", 500000},
        {&time_param, "1000", INT64_MIN}, /* no unit */
        {&time_param, "999ns", INT64_MIN},
        {&time_param, "2000001ns", INT64_MIN},
        {&time_param, "2MiB", INT64_MIN},
        {&time_param, "", INT64_MIN},
        {&int_param, "-5", -5},
        {&int_param, "5", 5},
        {&int_param, "-6", INT64_MIN},
        {&int_param, "--5", INT64_MIN},
        {&int_param, "5ns", INT64_MIN},
        {&int_param, "-", INT64_MIN},
        {&bytes_param, "256MiB", 268435456},
        {&bytes_param, "-1B", INT64_MIN},
        {&ppm_param, "12.5%", 125000},
        {&ppm_param, "100%", 1000000},
        {&ppm_param, "101%", INT64_MIN},
        {&bool_param, "true", 1},
        {&bool_param, "off", 0},
        {&bool_param, "1", INT64_MIN},
        {&enum_param, "greedy", 1},
        {&enum_param, "Greedy", INT64_MIN},
        {&enum_param, "1", INT64_MIN},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t value = 77;
        bool ok = policy_param_parse(cases[i].param, cases[i].text, &value);

        g_test_message("%s %s", cases[i].param->name, cases[i].text);
        g_assert_cmpint(ok, ==, cases[i].value != INT64_MIN);
        g_assert_cmpint(value, ==, ok ? cases[i].value : 77);
    }
}

static void test_format_reads_back(void)
{
    static const struct {
        const struct numasim_param *param;
        int64_t value;
    } cases[] = {
        {&time_param, 1000},  {&time_param, 1999999}, {&int_param, -5},  {&int_param, 5},
        {&bytes_param, 4096}, {&bytes_param, 0},      {&ppm_param, 125}, {&ppm_param, 1000000},
        {&bool_param, 1},     {&bool_param, 0},       {&enum_param, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = policy_param_format(cases[i].param, cases[i].value);
        int64_t value = INT64_MIN;

        g_test_message("%s %s", cases[i].param->name, text);
        g_assert_true(policy_param_parse(cases[i].param, text, &value));
        g_assert_cmpint(value, ==, cases[i].value);
    }
}

static void test_expected(void)
{
    static const struct {
        const struct numasim_param *param;
        const char *text;
    } cases[] = {
        {&time_param, "a time in 1us..2ms, such as 2ms"},
        {&int_param, "an integer in -5..5"},
        {&bytes_param, "a size, 0B or more, such as 64MiB"},
        {&ppm_param, "a share in 0%..100%, such as 12.5%"},
        {&bool_param, "true or false"},
        {&enum_param, "one of fair, greedy"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = policy_param_expected(cases[i].param);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_count(void)
{
    const struct numasim_param table[] = {time_param, int_param, {.name = NULL}};

    g_assert_cmpuint(policy_param_count(table), ==, 2);
    g_assert_cmpuint(policy_param_count(NULL), ==, 0);
    g_assert_null(policy_param_type_name((enum numasim_param_type)99));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-param/parse", test_parse);
    g_test_add_func("/policy-param/format-reads-back", test_format_reads_back);
    g_test_add_func("/policy-param/expected", test_expected);
    g_test_add_func("/policy-param/count", test_count);
    return g_test_run();
}
