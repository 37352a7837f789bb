/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* pthread_attr_setaffinity_np(), CPU_ALLOC() */
#include "cli/measure-loops.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "base/time.h"

/* What a compiler must not drop goes here; no one reads it. */
typedef volatile uint64_t sink;

int64_t measure_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

int64_t measure_median(int64_t *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare);
    return values[n / 2];
}

/* --- Threads on CPUs --------------------------------------------------------------------------- */

/* A thread of errno @refusal, or 0, that runs @work on @cpu and nowhere else. */
static int start_on(pthread_t *thread, int32_t cpu, void *(*work)(void *), void *data)
{
    const size_t bytes = CPU_ALLOC_SIZE((size_t)cpu + 1);
    cpu_set_t *cpus = CPU_ALLOC((size_t)cpu + 1);
    pthread_attr_t attr;
    int refusal;

    if (cpus == NULL) {
        return ENOMEM;
    }
    CPU_ZERO_S(bytes, cpus);
    CPU_SET_S((size_t)cpu, bytes, cpus);
    pthread_attr_init(&attr);
    refusal = pthread_attr_setaffinity_np(&attr, bytes, cpus);
    if (refusal == 0) {
        refusal = pthread_create(thread, &attr, work, data);
    }
    pthread_attr_destroy(&attr);
    CPU_FREE(cpus);
    return refusal;
}

static bool run_on(int32_t cpu, void *(*work)(void *), void *data)
{
    pthread_t thread;
    const int refusal = start_on(&thread, cpu, work, data);

    if (refusal != 0) {
        errno = refusal;
        return false;
    }
    pthread_join(thread, NULL);
    return true;
}

/* --- Latency ----------------------------------------------------------------------------------- */

struct chain {
    char *start;
    size_t nr_lines, line_bytes;
};

static void **line_at(const struct chain *c, size_t line)
{
    return (void **)(void *)(c->start + line * c->line_bytes);
}

/* So that the first round finds nothing of what the making left in some cache. */
static void drop_from_caches(const void *line)
{
#if defined(__x86_64__)
    __builtin_ia32_clflush(line);
#elif defined(__aarch64__)
    __asm__ volatile("dc civac, %0" : : "r"(line) : "memory");
#else
    (void)line;
#endif
}

/* Sattolo's algorithm: a random permutation that is one cycle. */
static void *make_chain(void *data)
{
    const struct chain *c = data;
    const struct rng rng = rng_init(1, RNG_BOOT);

    for (size_t i = 0; i < c->nr_lines; i++) {
        *line_at(c, i) = line_at(c, i);
    }
    for (size_t i = c->nr_lines - 1; i > 0; i--) {
        void **a = line_at(c, i), **b = line_at(c, rng_below(&rng, i, i));
        void *next = *a;

        *a = *b;
        *b = next;
    }
    for (size_t i = 0; i < c->nr_lines; i++) {
        drop_from_caches(line_at(c, i));
    }
    return NULL;
}

bool measure_chain(int32_t cpu, void *start, size_t size, size_t line_bytes)
{
    struct chain c = {.start = start, .nr_lines = size / line_bytes, .line_bytes = line_bytes};

    return run_on(cpu, make_chain, &c);
}

struct chase {
    void *at;
    int passes;
    int64_t pass_ns;
    int64_t *load_ns;
};

static void *follow(void *at, int64_t steps)
{
    for (int64_t i = 0; i < steps; i++) {
        at = *(void **)at;
    }
    return at;
}

static void *chase(void *data)
{
    enum { FIRST_STEPS = 500 };
    struct chase *c = data;
    int64_t steps = FIRST_STEPS;
    int64_t begun_ns = measure_now_ns(), took_ns;
    sink end;

    /* How many loads fill a pass; they warm the TLB as well. */
    c->at = follow(c->at, steps);
    took_ns = MAX(measure_now_ns() - begun_ns, 1);
    steps = CLAMP(c->pass_ns / MAX(took_ns / steps, 1), FIRST_STEPS, INT64_C(1) << 28);
    for (int pass = 0; pass < c->passes; pass++) {
        begun_ns = measure_now_ns();
        c->at = follow(c->at, steps);
        end = (uintptr_t)c->at;
        took_ns = measure_now_ns() - begun_ns;
        c->load_ns[pass] = MAX((took_ns + steps / 2) / steps, 1);
    }
    (void)end;
    return NULL;
}

bool measure_chase(int32_t cpu, void **at, int passes, int64_t pass_ns, int64_t *load_ns)
{
    struct chase c = {.at = *at, .passes = passes, .pass_ns = pass_ns, .load_ns = load_ns};

    if (!run_on(cpu, chase, &c)) {
        return false;
    }
    *at = c.at;
    return true;
}

/* --- Bandwidth --------------------------------------------------------------------------------- */

/* A compiler makes of it what vectors the CPU has. */
typedef uint64_t vector __attribute__((vector_size(64), may_alias));
enum { VECTORS = 4, CHUNK_BYTES = 128 * 1024 };

/* What the threads of one measurement share. */
struct stream {
    atomic_int go; /* 0: wait, 1: begin, -1: end without */
    bool write;
    int passes;
    int64_t begin_ns, pass_ns;
};

struct streamer {
    struct stream *stream;
    pthread_t thread;
    char *start;
    size_t size;                       /* a multiple of CHUNK_BYTES */
    int64_t rates[MEASURE_MAX_PASSES]; /* bytes a second */
};

static uint64_t read_chunk(const void *start)
{
    const vector *v = start;
    vector sums[VECTORS] = {0};

    for (size_t i = 0; i < CHUNK_BYTES / sizeof(vector); i += VECTORS) {
        for (size_t j = 0; j < VECTORS; j++) {
            sums[j] ^= v[i + j];
        }
    }
    sums[0] ^= sums[1] ^ sums[2] ^ sums[3];
    return sums[0][0] ^ sums[0][1] ^ sums[0][2] ^ sums[0][3] ^ sums[0][4] ^ sums[0][5] ^
           sums[0][6] ^ sums[0][7];
}

static void write_chunk(void *start, uint64_t value)
{
    vector *v = start;

    for (size_t i = 0; i < CHUNK_BYTES / sizeof(vector); i++) {
        v[i] = (vector){0} + value;
    }
}

static void *stream_part(void *data)
{
    struct streamer *s = data;
    const struct stream *shared = s->stream;
    size_t at = 0;
    sink sum = 0;
    int go;

    while ((go = atomic_load(&s->stream->go)) == 0) {
        sched_yield();
    }
    for (int pass = 0; go > 0 && pass < shared->passes; pass++) {
        const int64_t begun_ns = measure_now_ns();
        const int64_t end_ns = shared->begin_ns + (pass + 1) * shared->pass_ns;
        int64_t now_ns, bytes = 0;

        do {
            if (shared->write) {
                write_chunk(s->start + at, (uint64_t)bytes);
            } else {
                sum ^= read_chunk(s->start + at);
            }
            bytes += CHUNK_BYTES;
            at = at + CHUNK_BYTES < s->size ? at + CHUNK_BYTES : 0;
            now_ns = measure_now_ns();
        } while (now_ns < end_ns);
        s->rates[pass] =
            (int64_t)((double)bytes * NSEC_PER_SEC / (double)MAX(now_ns - begun_ns, 1));
    }
    (void)sum;
    return NULL;
}

bool measure_stream(const int32_t *cpus, size_t nr_cpus, void *start, size_t size, bool write,
                    int passes, int64_t pass_ns, int64_t *rates)
{
    struct stream shared = {.write = write, .passes = passes, .pass_ns = pass_ns};
    const size_t nr = MIN(nr_cpus, size / CHUNK_BYTES);
    g_autofree struct streamer *streamers = g_new0(struct streamer, nr);
    size_t started;
    int refusal = 0;

    atomic_init(&shared.go, 0);
    for (started = 0; started < nr; started++) {
        struct streamer *s = &streamers[started];

        s->stream = &shared;
        s->size = size / nr / CHUNK_BYTES * CHUNK_BYTES;
        s->start = (char *)start + started * s->size;
        refusal = start_on(&s->thread, cpus[started], stream_part, s);
        if (refusal != 0) {
            break;
        }
    }
    shared.begin_ns = measure_now_ns();
    atomic_store(&shared.go, refusal == 0 ? 1 : -1);
    for (int pass = 0; pass < passes; pass++) {
        rates[pass] = 0;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(streamers[i].thread, NULL);
        for (int pass = 0; pass < passes; pass++) {
            rates[pass] += streamers[i].rates[pass];
        }
    }
    errno = refusal;
    return refusal == 0;
}
