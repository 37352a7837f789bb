/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/pelt.h"

enum {
    PELT_PERIOD_US = 1024,
    PELT_HALF_LIFE = 32,  /* periods; LOAD_AVG_PERIOD */
    PELT_SUM_MAX = 47742, /* LOAD_AVG_MAX: the sum of 1024 * y^n */
    PELT_CAPACITY_SHIFT = 10,
    PELT_EST_MARGIN = 10, /* UTIL_EST_MARGIN: 1 % of 1024 */
    PELT_EST_SHIFT = 2,   /* UTIL_EST_WEIGHT_SHIFT: a new sample counts a quarter */
};

/* floor(2^32 * y^k), y^32 = 1/2; entry 0 is 2^32 - 1, as the kernel has it. */
static const uint32_t pelt_y_pow[PELT_HALF_LIFE] = {
    0xffffffff, 0xfa83b2db, 0xf5257d15, 0xefe4b99b, 0xeac0c6e7, 0xe5b906e7, 0xe0ccdeec, 0xdbfbb797,
    0xd744fcca, 0xd2a81d91, 0xce248c15, 0xc9b9bd86, 0xc5672a11, 0xc12c4cca, 0xbd08a39f, 0xb8fbaf47,
    0xb504f333, 0xb123f581, 0xad583eea, 0xa9a15ab4, 0xa5fed6a9, 0xa2704303, 0x9ef53260, 0x9b8d39b9,
    0x9837f051, 0x94f4efa8, 0x91c3d373, 0x8ea4398b, 0x8b95c1e3, 0x88980e80, 0x85aac367, 0x82cd8698};

/* y^n as a shift and a factor over 2^32, for several sums. */
struct decay {
    uint32_t shift, factor;
};

static inline struct decay decay_of(uint64_t n)
{
    if (n > PELT_HALF_LIFE * 63) {
        return (struct decay){0, 0};
    }
    return (struct decay){(uint32_t)n / PELT_HALF_LIFE, pelt_y_pow[n % PELT_HALF_LIFE]};
}

static inline uint64_t decayed(uint64_t val, struct decay d)
{
    __extension__ typedef unsigned __int128 wide;

    return (uint64_t)((wide)(val >> d.shift) * d.factor >> 32);
}

uint64_t pelt_decay(uint64_t val, uint64_t n)
{
    return decayed(val, decay_of(n));
}

static uint32_t pelt_divider(const struct pelt *p)
{
    return PELT_SUM_MAX - 1024 + p->period_contrib;
}

/* Averages from sums: three divisions by one number. */
static void pelt_average(struct pelt *p, uint64_t weight)
{
    uint64_t load = weight * p->load_sum, divider = pelt_divider(p);

    /* m = ceil(2^64 / d), d < 2^16 and no power of two: x * m = x * 2^64 / d + x * e / d with e < d, so
     * that the high word is floor(x / d) as long as x * e < 2^64. */
    if (((load | p->runnable_sum | p->util_sum) >> 48) == 0) {
        __extension__ typedef unsigned __int128 wide;
        uint64_t m = UINT64_MAX / divider + 1;

        p->load_avg = (uint64_t)((wide)load * m >> 64);
        p->runnable_avg = (uint64_t)((wide)p->runnable_sum * m >> 64);
        p->util_avg = (uint64_t)((wide)p->util_sum * m >> 64);
    } else {
        p->load_avg = load / divider;
        p->runnable_avg = p->runnable_sum / divider;
        p->util_avg = p->util_sum / divider;
    }
}

bool pelt_update(struct pelt *p, int64_t now_ns, uint64_t load, uint64_t runnable, bool running,
                 uint64_t weight)
{
    if (now_ns <= p->last_update_ns) {
        return false;
    }
    uint64_t delta_us = (uint64_t)(now_ns - p->last_update_ns) >> 10;

    if (delta_us == 0) {
        return false;
    }
    p->last_update_ns += (int64_t)(delta_us << 10);
    if (load == 0) {
        runnable = 0;
        running = false;
    }
    uint64_t total_us = delta_us + p->period_contrib, periods = total_us / PELT_PERIOD_US;
    uint64_t rest_us = total_us % PELT_PERIOD_US;
    uint64_t contribution = delta_us; /* 3.3: p = 0, p > 0 */

    if (periods > 0) {
        struct decay d = decay_of(periods);

        contribution = decayed(PELT_PERIOD_US - p->period_contrib, d) +
                       (PELT_SUM_MAX - decayed(PELT_SUM_MAX, d) - 1024) + rest_us;
        p->load_sum = decayed(p->load_sum, d);
        p->runnable_sum = decayed(p->runnable_sum, d);
        p->util_sum = decayed(p->util_sum, d);
    }
    p->period_contrib = (uint32_t)rest_us;
    p->load_sum += load * contribution;
    p->runnable_sum += (runnable * contribution) << PELT_CAPACITY_SHIFT;
    if (running) {
        p->util_sum += contribution << PELT_CAPACITY_SHIFT;
    }
    if (periods > 0) {
        pelt_average(p, weight);
    }
    return periods > 0;
}

uint64_t pelt_util_est(uint64_t util_est, const struct pelt *se, uint64_t capacity, bool waited)
{
    if (util_est <= se->util_avg) {
        return se->util_avg;
    }
    uint64_t less = util_est - se->util_avg;

    if (less < PELT_EST_MARGIN || se->util_avg > capacity ||
        (waited && se->util_avg + PELT_EST_MARGIN < se->runnable_avg)) {
        return util_est;
    }
    return ((util_est << PELT_EST_SHIFT) - less) >> PELT_EST_SHIFT;
}

static void sub_positive(uint64_t *from, uint64_t amount)
{
    *from = *from > amount ? *from - amount : 0;
}

void pelt_attach(struct pelt *cfs, struct pelt *se, uint64_t weight)
{
    uint32_t divider = pelt_divider(cfs);

    se->last_update_ns = cfs->last_update_ns;
    se->period_contrib = cfs->period_contrib;
    se->util_sum = se->util_avg * divider;
    se->runnable_sum = se->runnable_avg * divider;
    se->load_sum = se->load_avg * divider;
    se->load_sum = weight < se->load_sum ? se->load_sum / weight : 1;
    cfs->load_avg += se->load_avg;
    cfs->load_sum += weight * se->load_sum;
    cfs->util_avg += se->util_avg;
    cfs->util_sum += se->util_sum;
    cfs->runnable_avg += se->runnable_avg;
    cfs->runnable_sum += se->runnable_sum;
}

/* A sum may not fall below what its average stands for. */
static void raise_sums(struct pelt *cfs)
{
    uint64_t divider_min = PELT_SUM_MAX - 1024;

    if (cfs->util_sum < cfs->util_avg * divider_min) {
        cfs->util_sum = cfs->util_avg * divider_min;
    }
    if (cfs->runnable_sum < cfs->runnable_avg * divider_min) {
        cfs->runnable_sum = cfs->runnable_avg * divider_min;
    }
    if (cfs->load_sum < cfs->load_avg * divider_min) {
        cfs->load_sum = cfs->load_avg * divider_min;
    }
}

void pelt_detach(struct pelt *cfs, const struct pelt *se, uint64_t weight)
{
    sub_positive(&cfs->load_avg, se->load_avg);
    sub_positive(&cfs->load_sum, weight * se->load_sum);
    sub_positive(&cfs->util_avg, se->util_avg);
    sub_positive(&cfs->util_sum, se->util_sum);
    sub_positive(&cfs->runnable_avg, se->runnable_avg);
    sub_positive(&cfs->runnable_sum, se->runnable_sum);
    raise_sums(cfs);
}

void pelt_remove(struct pelt_removed *removed, const struct pelt *se)
{
    removed->load_avg += se->load_avg;
    removed->runnable_avg += se->runnable_avg;
    removed->util_avg += se->util_avg;
}

int64_t pelt_take_removed(struct pelt *cfs, struct pelt_removed *removed)
{
    uint32_t divider = pelt_divider(cfs);
    int64_t sum = (int64_t)(removed->runnable_avg * divider >> PELT_CAPACITY_SHIFT);

    sub_positive(&cfs->load_avg, removed->load_avg);
    sub_positive(&cfs->load_sum, removed->load_avg * divider);
    sub_positive(&cfs->util_avg, removed->util_avg);
    sub_positive(&cfs->util_sum, removed->util_avg * divider);
    sub_positive(&cfs->runnable_avg, removed->runnable_avg);
    sub_positive(&cfs->runnable_sum, removed->runnable_avg * divider);
    raise_sums(cfs);
    *removed = (struct pelt_removed){0};
    return sum;
}

void pelt_reweight(struct pelt *cfs, struct pelt *se, uint64_t old_weight, uint64_t weight)
{
    sub_positive(&cfs->load_avg, se->load_avg);
    sub_positive(&cfs->load_sum, old_weight * se->load_sum);
    se->load_avg = weight * se->load_sum / pelt_divider(se);
    cfs->load_avg += se->load_avg;
    cfs->load_sum += weight * se->load_sum;
}

/* Adds @delta, which may be negative, to a sum that stays at 0 or above. */
static void add_positive(uint64_t *to, int64_t delta)
{
    if (delta < 0) {
        sub_positive(to, (uint64_t)-delta);
    } else {
        *to += (uint64_t)delta;
    }
}

/* @avg and @sum of an entity become @new_avg; those of the queue that it is in follow. */
static void follow(uint64_t *avg, uint64_t *sum, uint64_t new_avg, uint32_t divider,
                   uint64_t *cfs_avg, uint64_t *cfs_sum)
{
    uint64_t new_sum = new_avg * divider, least;

    if (new_avg == *avg) {
        return;
    }
    add_positive(cfs_avg, (int64_t)(new_avg - *avg));
    add_positive(cfs_sum, (int64_t)(new_sum - *sum));
    least = *cfs_avg * (PELT_SUM_MAX - 1024);
    *cfs_sum = *cfs_sum > least ? *cfs_sum : least;
    *avg = new_avg;
    *sum = new_sum;
}

/* How long, as a load_sum, the entity was runnable: the sum of its members', at most always; when
 * some left, no more than what the average of those that stay says, and no less than it ran. */
static uint64_t group_runnable(const struct pelt *se, const struct pelt *group, int64_t load_sum,
                               uint64_t group_weight, uint32_t divider)
{
    uint64_t runnable, ran = se->util_sum >> PELT_CAPACITY_SHIFT;

    if (load_sum >= 0) {
        runnable = se->load_sum + (uint64_t)load_sum;
        runnable = runnable < divider ? runnable : divider;
    } else {
        runnable = group_weight > 0 ? group->load_sum / group_weight : 0;
        runnable = runnable < se->load_sum ? runnable : se->load_sum;
    }
    return runnable > ran ? runnable : ran;
}

void pelt_propagate(struct pelt *cfs, struct pelt *se, const struct pelt *group, int64_t load_sum,
                    uint64_t weight, uint64_t group_weight)
{
    uint32_t divider = pelt_divider(cfs);

    follow(&se->util_avg, &se->util_sum, group->util_avg, divider, &cfs->util_avg, &cfs->util_sum);
    follow(&se->runnable_avg, &se->runnable_sum, group->runnable_avg, divider, &cfs->runnable_avg,
           &cfs->runnable_sum);
    if (load_sum == 0) {
        return;
    }
    uint64_t runnable = group_runnable(se, group, load_sum, group_weight, divider);
    uint64_t load_avg = weight * runnable / divider, least;

    if (load_avg == se->load_avg) {
        return;
    }
    add_positive(&cfs->load_avg, (int64_t)(load_avg - se->load_avg));
    add_positive(&cfs->load_sum, (int64_t)(weight * runnable) - (int64_t)(weight * se->load_sum));
    least = cfs->load_avg * (PELT_SUM_MAX - 1024);
    cfs->load_sum = cfs->load_sum > least ? cfs->load_sum : least;
    se->load_sum = runnable;
    se->load_avg = load_avg;
}

void pelt_init_task(struct pelt *se, const struct pelt *cfs, uint64_t weight, uint64_t capacity,
                    bool by_load, int64_t now_ns)
{
    int64_t cap = ((int64_t)capacity - (int64_t)cfs->util_avg) / 2;

    *se = (struct pelt){.last_update_ns = now_ns, .load_avg = weight};
    if (cap > 0) {
        uint64_t util = (uint64_t)cap;

        if (by_load && cfs->util_avg != 0) {
            uint64_t share = cfs->util_avg * weight / (cfs->load_avg + 1);

            util = share < util ? share : util;
        }
        se->util_avg = util;
    }
    se->runnable_avg = se->util_avg;
}

static int64_t clock_raw_ns(const struct pelt_clock *clock, uint32_t capacity, int64_t now_ns)
{
    if (!clock->busy) {
        return now_ns;
    }
    int64_t by_capacity_ns = ((now_ns - clock->at_ns) * capacity) >> PELT_CAPACITY_SHIFT;

    return clock->pelt_ns + ((by_capacity_ns * clock->freq) >> PELT_CAPACITY_SHIFT);
}

int64_t pelt_clock_ns(const struct pelt_clock *clock, uint32_t capacity, int64_t now_ns)
{
    return clock->scaled ? clock_raw_ns(clock, capacity, now_ns) - clock->lost_ns : now_ns;
}

void pelt_clock_run(struct pelt_clock *clock, uint32_t capacity, uint32_t freq, int64_t now_ns)
{
    clock->pelt_ns = clock_raw_ns(clock, capacity, now_ns);
    clock->at_ns = now_ns;
    clock->freq = freq;
    clock->busy = true;
}

void pelt_clock_idle(struct pelt_clock *clock, uint32_t capacity, uint64_t util_sum, int64_t now_ns)
{
    /* Within a period of the most that a sum can be: there was no idle time. */
    uint64_t full = ((uint64_t)(PELT_SUM_MAX - 1024) << PELT_CAPACITY_SHIFT) - PELT_SUM_MAX;

    if (util_sum >= full) {
        clock->lost_ns += now_ns - clock_raw_ns(clock, capacity, now_ns);
    }
    clock->busy = false;
}
