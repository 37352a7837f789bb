/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/internal.h"

enum { BLOCK_MASK = (1 << LOAD_BLOCK_CPUS) - 1, WORD_BLOCKS = 64 / LOAD_BLOCK_CPUS };

/* How long the averages of an idle CPU may go without being updated: LOAD_AVG_PERIOD, in ms, as
 * nohz.next_blocked has it (kernel/sched/fair.c: _nohz_idle_balance(), 6.12). */
#define BLOCKED_UPDATE_NS (32 * NSEC_PER_MSEC)

void load_sums_new(struct load_sums *s, int32_t nr_cpus)
{
    gsize nr_words = BITMAP_WORDS(nr_cpus);

    s->changed = g_new(uint64_t, nr_words);
    s->words = g_new0(struct load_sum, nr_words);
    s->blocks = g_new0(struct load_sum, nr_words * WORD_BLOCKS);
    for (gsize word = 0; word < nr_words; word++) {
        s->changed[word] = UINT64_MAX;
    }
}

void load_sums_free(struct load_sums *s)
{
    g_free(s->changed);
    g_free(s->words);
    g_free(s->blocks);
}

static bool is_stale(const struct kernel *k, const struct rq *rq)
{
    return rq->curr == NULL && rq_clock_pelt_ns(k, rq) - rq->avg.last_update_ns > BLOCKED_UPDATE_NS;
}

void load_refresh(struct kernel *k, struct rq *rq)
{
    if (rq->next_tick_ns <= k->now_ns) {
        tick_catch_up(k, rq);
    }
    /* A wakeup alone, which takes load away, updates nothing. */
    if (is_stale(k, rq)) {
        rq_update_blocked(k, rq);
    } else if (rq->pub.id == k->acting_cpu && !rq->fair->has_removed) {
        rq_update_load(k, rq);
    }
}

static void add(struct numasim_load *to, const struct numasim_load *load)
{
    to->load_avg += load->load_avg;
    to->runnable_avg += load->runnable_avg;
    to->util_avg += load->util_avg;
    to->util_est += load->util_est;
}

static void add_cpu(struct kernel *k, struct numasim_load *to, struct rq *rq)
{
    uint64_t capacity = (uint64_t)rq->pub.capacity;

    load_refresh(k, rq);
    to->load_avg += rq->avg.load_avg;
    to->runnable_avg += rq->avg.runnable_avg;
    to->util_avg += MIN(rq->avg.util_avg, capacity);
    to->util_est += MIN(MAX(rq->avg.util_avg, rq->util_est), capacity);
}

/* The last instant at which reading @rq's averages, refreshed now, has no effect. */
static int64_t quiet_until_ns(const struct kernel *k, const struct rq *rq)
{
    int64_t until_ns = rq->next_tick_ns - 1;

    if (rq->curr == NULL) {
        int64_t age_ns = rq_clock_pelt_ns(k, rq) - rq->avg.last_update_ns;

        until_ns = MIN(until_ns, k->now_ns + BLOCKED_UPDATE_NS - age_ns);
    }
    return until_ns;
}

/* The sum of a block whose CPUs are all asked for. */
static const struct load_sum *sum_block(struct kernel *k, uint32_t block)
{
    struct load_sum *sum = &k->loads.blocks[block];
    uint32_t word = block / WORD_BLOCKS;
    uint64_t *changed = &k->loads.changed[word];
    uint64_t bits = (uint64_t)BLOCK_MASK << (block % WORD_BLOCKS * LOAD_BLOCK_CPUS);

    if ((*changed & bits) == 0 && k->now_ns <= sum->until_ns) {
        return sum;
    }
    *sum = (struct load_sum){.until_ns = INT64_MAX};
    for (uint32_t i = 0; i < LOAD_BLOCK_CPUS; i++) {
        struct rq *rq = cpu_rq(k, (int32_t)(block * LOAD_BLOCK_CPUS + i));
        int64_t until_ns;

        add_cpu(k, &sum->load, rq);
        until_ns = quiet_until_ns(k, rq);
        sum->until_ns = MIN(sum->until_ns, until_ns);
    }
    *changed &= ~bits;
    k->loads.words[word].until_ns = INT64_MIN; /* it is the sum of what was there */
    return sum;
}

/* The same of the 64 CPUs of a word. */
static const struct load_sum *sum_word(struct kernel *k, uint32_t word)
{
    struct load_sum *sum = &k->loads.words[word];

    if (k->loads.changed[word] == 0 && k->now_ns <= sum->until_ns) {
        return sum;
    }
    struct load_sum fresh = {.until_ns = INT64_MAX};

    for (uint32_t i = 0; i < WORD_BLOCKS; i++) {
        const struct load_sum *block = sum_block(k, word * WORD_BLOCKS + i);

        add(&fresh.load, &block->load);
        fresh.until_ns = MIN(fresh.until_ns, block->until_ns);
    }
    *sum = fresh;
    return sum;
}

/* Adds those of the CPUs @bits of @word. */
static void add_bits(struct kernel *k, struct numasim_load *to, uint32_t word, uint64_t bits)
{
    while (bits != 0) {
        uint32_t first = (uint32_t)__builtin_ctzll(bits), shift = first & ~(LOAD_BLOCK_CPUS - 1u);

        if ((bits >> shift & BLOCK_MASK) == BLOCK_MASK) {
            add(to, &sum_block(k, word * WORD_BLOCKS + shift / LOAD_BLOCK_CPUS)->load);
            bits &= ~((uint64_t)BLOCK_MASK << shift);
        } else {
            add_cpu(k, to, cpu_rq(k, (int32_t)(word * 64 + first)));
            bits &= bits - 1;
        }
    }
}

struct numasim_load numasim_sum_loads(struct numasim_host *host, const uint64_t *cpus,
                                      const uint64_t *only)
{
    struct kernel *k = (struct kernel *)(void *)host;
    struct numasim_load sum = {0};

    if (k->acting_cpu >= 0) {
        load_sums_changed(&k->loads, k->acting_cpu); /* asking brings it up to now */
    }
    for (uint32_t word = 0; word < BITMAP_WORDS(k->nr_cpus); word++) {
        uint64_t bits = cpus[word] & (only != NULL ? only[word] : UINT64_MAX);

        if (bits == UINT64_MAX) {
            add(&sum, &sum_word(k, word)->load);
        } else {
            add_bits(k, &sum, word, bits);
        }
    }
    return sum;
}
