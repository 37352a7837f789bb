/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"

#include "base/error.h"

static void test_parse(void)
{
    static const struct {
        const char *text;
        enum unit unit;
        int64_t value;
    } good[] = {
        {"0", UNIT_NONE, 0},
        {"9223372036854775807", UNIT_NONE, INT64_MAX},
        {"12.000", UNIT_NONE, 12},
        {"90ns", UNIT_NS, 90},
        {"2ms", UNIT_NS, 2000000},
        {"1.5us", UNIT_NS, 1500},
        {"0.000000001s", UNIT_NS, 1},
        {"0.1s", UNIT_NS, 100000000}, /* no double is exactly that */
        {"1.000000000000000000000000000000s", UNIT_NS, 1000000000},
        {"3min", UNIT_NS, INT64_C(180000000000)},
        {"0.5min", UNIT_NS, INT64_C(30000000000)},
        {"1h", UNIT_NS, INT64_C(3600000000000)},
        {"30d", UNIT_NS, INT64_C(2592000000000000)},
        {"512B", UNIT_BYTES, 512},
        {"4KiB", UNIT_BYTES, 4096},
        {"1.5GiB", UNIT_BYTES, INT64_C(1610612736)},
        {"64GiB", UNIT_BYTES, INT64_C(68719476736)},
        {"2TiB", UNIT_BYTES, INT64_C(2199023255552)},
        {"0.0009765625KiB", UNIT_BYTES, 1},
        {"1kB", UNIT_BYTES, 1000},
        {"38.4GB/s", UNIT_BYTES_PER_S, INT64_C(38400000000)},
        {"1GiB/s", UNIT_BYTES_PER_S, INT64_C(1073741824)},
        {"250Hz", UNIT_HZ, 250},
        {"2.45GHz", UNIT_HZ, INT64_C(2450000000)},
        {"12.5%", UNIT_PPM, 125000},
        {"0.25", UNIT_PPM, 250000},
        {"1", UNIT_PPM, 1000000},
        {"0.0001%", UNIT_PPM, 1},
        {"3/ms", UNIT_PER_S, 3000000},
        {"0.5/s", UNIT_PER_S, 500},
        {"2/us", UNIT_PER_S, INT64_C(2000000000)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        GError *error = NULL;
        int64_t value = -1;
        bool ok = units_parse(good[i].text, good[i].unit, &value, &error);

        g_assert_no_error(error);
        g_assert_true(ok);
        g_assert_cmpint(value, ==, good[i].value);
    }
}

static void test_bad(void)
{
    static const struct {
        const char *text;
        enum unit unit;
        const char *message;
    } bad[] = {
        {"", UNIT_NS, "'': it does not begin with a digit; expected a time like 90ns, 2ms"},
        {"90", UNIT_NS, "'90': the unit is missing; expected a time like 90ns, 2ms"},
        {"-5ms", UNIT_NS, "'-5ms': it must not be negative; expected a time like 90ns, 2ms"},
        {"+5ms", UNIT_NS, "'+5ms': it does not begin with a digit; expected a time like 90ns, 2ms"},
        {".5ms", UNIT_NS, "'.5ms': it does not begin with a digit; expected a time like 90ns, 2ms"},
        {"5.ms", UNIT_NS,
         "'5.ms': digits are missing after the point; expected a time like 90ns, 2ms"},
        {"1.2.3s", UNIT_NS, "'1.2.3s': unknown unit '.3s'; expected a time like 90ns, 2ms"},
        {"2MS", UNIT_NS,
         "'2MS': unknown unit 'MS' (did you mean 'ms'?); expected a time like 90ns, 2ms"},
        {"2 ms", UNIT_NS,
         "'2 ms': unknown unit ' ms' (did you mean 'ms'?); expected a time like 90ns, 2ms"},
        {"1e3ns", UNIT_NS, "'1e3ns': unknown unit 'e3ns'; expected a time like 90ns, 2ms"},
        {"64GiB", UNIT_NS, "'64GiB': unknown unit 'GiB'; expected a time like 90ns, 2ms"},
        {"0.5ns", UNIT_NS,
         "'0.5ns': it is not a whole number of nanoseconds; expected a time like 90ns, 2ms"},
        {"1.0000000001s", UNIT_NS,
         "'1.0000000001s': it is not a whole number of nanoseconds; expected a time like 90ns, "
         "2ms"},
        {"0.00000000000000000001s", UNIT_NS,
         "'0.00000000000000000001s': it has too many decimals; expected a time like 90ns, 2ms"},
        {"9223372037s", UNIT_NS, "'9223372037s': it is too large; expected a time like 90ns, 2ms"},
        {"99999999999999999999ns", UNIT_NS,
         "'99999999999999999999ns': it is too large; expected a time like 90ns, 2ms"},
        {"9223372036854775808", UNIT_NONE,
         "'9223372036854775808': it is too large; expected a whole number like 0, 12"},
        {"1.5", UNIT_NONE, "'1.5': it is not whole; expected a whole number like 0, 12"},
        {"12ms", UNIT_NONE, "'12ms': it takes no unit; expected a whole number like 0, 12"},
        {"64Gib", UNIT_BYTES,
         "'64Gib': unknown unit 'Gib' (did you mean 'GiB'?); expected a size like 512KiB, 64GiB"},
        {"4GB", UNIT_BYTES_PER_S,
         "'4GB': unknown unit 'GB'; expected a bandwidth like 38.4GB/s, 800MB/s"},
        {"0.5B", UNIT_BYTES,
         "'0.5B': it is not a whole number of bytes; expected a size like 512KiB, 64GiB"},
        {"0.00001%", UNIT_PPM,
         "'0.00001%': it is not a whole number of parts per million; expected a share like 12.5%, "
         "0.25"},
        {"0.0001/s", UNIT_PER_S,
         "'0.0001/s': it is finer than one in 1000 seconds; expected a rate like 200/s, 3/ms"},
        {"250", UNIT_HZ, "'250': the unit is missing; expected a frequency like 250Hz, 2.45GHz"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        int64_t value = -1;

        g_assert_false(units_parse(bad[i].text, bad[i].unit, &value, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_cmpstr(error->message, ==, bad[i].message);
        g_assert_cmpint(value, ==, -1);
    }
}

static void test_format(void)
{
    static const struct {
        int64_t value;
        enum unit unit;
        const char *exact, *human;
    } cases[] = {
        {0, UNIT_NS, "0ns", "0ns"},
        {90, UNIT_NS, "90ns", "90ns"},
        {2000000, UNIT_NS, "2ms", "2ms"},
        {1500000, UNIT_NS, "1.5ms", "1.50ms"},
        {1534000, UNIT_NS, "1534us", "1.53ms"},
        {100000000, UNIT_NS, "100ms", "100ms"},
        {999499, UNIT_NS, "999499ns", "999us"},
        {999500, UNIT_NS, "999.5us", "1.00ms"},
        {9994999, UNIT_NS, "9994999ns", "9.99ms"},
        {9995000, UNIT_NS, "9995us", "10.0ms"},
        {INT64_C(30000000000), UNIT_NS, "30s", "30s"},
        {INT64_C(120000000000), UNIT_NS, "2min", "120s"},
        {INT64_C(86400000000000), UNIT_NS, "1d", "1d"},
        {INT64_MAX, UNIT_NS, "9223372036.854775807s", "106752d"},
        {INT64_C(68719476736), UNIT_BYTES, "64GiB", "64GiB"},
        {INT64_C(1099511627776), UNIT_BYTES, "1TiB", "1TiB"},
        {1023 * 1024 + 1, UNIT_BYTES, "1047553B", "1023KiB"},
        {INT64_C(12400000000), UNIT_BYTES_PER_S, "12.4GB/s", "12.4GB/s"},
        {INT64_C(12445000000), UNIT_BYTES_PER_S, "12445MB/s", "12.4GB/s"},
        {250, UNIT_HZ, "250Hz", "250Hz"},
        {INT64_C(2450000000), UNIT_HZ, "2.45GHz", "2.45GHz"},
        {125000, UNIT_PPM, "12.5%", "12.5%"},
        {1000000, UNIT_PPM, "100%", "100%"},
        {1, UNIT_PPM, "0.0001%", "0.0001%"},
        {500, UNIT_PER_S, "0.5/s", "0.5/s"},
        {3000000, UNIT_PER_S, "3/ms", "3/ms"},
        {12, UNIT_NONE, "12", "12"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *exact = units_format(cases[i].value, cases[i].unit);
        g_autofree char *human = units_format_human(cases[i].value, cases[i].unit);

        g_assert_cmpstr(exact, ==, cases[i].exact);
        g_assert_cmpstr(human, ==, cases[i].human);
    }
}

/* What is printed is read back as the same value, and the examples are themselves right. */
static void test_round_trip(void)
{
    for (enum unit unit = UNIT_NONE; unit <= UNIT_PER_S; unit++) {
        g_auto(GStrv) examples = g_strsplit(units_examples(unit), ", ", -1);
        int64_t value = 1, back;

        for (uint32_t i = 0; i < 60; i++) {
            g_autofree char *text = units_format(value, unit);

            g_assert_true(units_parse(text, unit, &back, NULL));
            g_assert_cmpint(back, ==, value);
            value = i % 3 ? value * 2 + 1 : value / 10 * 13 + i;
        }
        for (char **example = examples; *example; example++) {
            g_assert_true(units_parse(*example, unit, &back, NULL));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/units/parse", test_parse);
    g_test_add_func("/units/bad", test_bad);
    g_test_add_func("/units/format", test_format);
    g_test_add_func("/units/round-trip", test_round_trip);
    return g_test_run();
}
