/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far what came out is from what was expected, and from what is known of a miss. */
#include "observe/study.h"

static struct rational absolute(struct rational r)
{
    r.num = r.num < 0 ? -r.num : r.num;
    return r;
}

/* The larger of a tenth of @number and half of its last digit. */
static struct rational tolerance(struct rational number, struct rational half_digit)
{
    struct rational tenth = absolute(number);

    tenth.den *= 10;
    return rational_compare(tenth, half_digit) < 0 ? half_digit : tenth;
}

/* @a - @b, of numbers as small as metrics are. */
static struct rational minus(struct rational a, struct rational b)
{
    return rational_make(a.num * b.den - b.num * a.den, a.den * b.den);
}

bool study_miss_moved(const struct study_miss *miss, struct rational least, struct rational most,
                      int64_t scale)
{
    struct rational low, high, below, above, low_slack, high_slack;

    if (miss->nr_numbers == 0) {
        return false;
    }
    low = study_number_rational(&miss->numbers[0], scale);
    high = study_number_rational(&miss->numbers[1], scale);
    low_slack = tolerance(low, study_number_rational(&miss->half_digit[0], scale));
    high_slack = tolerance(high, study_number_rational(&miss->half_digit[1], scale));
    below = minus(low, least);
    above = minus(most, high);
    if (miss->nr_numbers == 1) { /* nearest: only what lies wholly to one side is away */
        below = minus(low, most);
        above = minus(least, high);
    } else {
        below = absolute(below);
        above = absolute(above);
    }
    return rational_compare(below, low_slack) > 0 || rational_compare(above, high_slack) > 0;
}

/* |@r - @number| as parts per million of |@number|, which is not 0. */
static int64_t off_ppm(struct rational r, struct rational number)
{
    static const int64_t PPM = 1000000, FAR_OFF = INT64_MAX / 1000000;
    struct rational gap = absolute(minus(r, number));

    gap = rational_make(gap.num * number.den, gap.den * absolute(number).num);
    return rational_compare(gap, rational_make(FAR_OFF, 1)) > 0 ? INT64_MAX
                                                                : rational_round(gap, PPM);
}

int64_t study_off_ppm(struct rational number, const struct rational *readings, int32_t nr,
                      bool range)
{
    int64_t worst = 0, nearest = INT64_MAX;

    if (number.num == 0) {
        return -1;
    }
    if (range && rational_compare(readings[0], number) <= 0 &&
        rational_compare(readings[nr - 1], number) >= 0) {
        return 0;
    }
    for (int32_t i = 0; i < nr; i++) {
        int64_t off = off_ppm(readings[i], number);

        worst = MAX(worst, off);
        nearest = MIN(nearest, off);
    }
    return range ? nearest : worst;
}
