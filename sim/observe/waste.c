/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An idle CPU is in exactly one of three sets: matched (to a class, see match[]), free (known to
 * have no augmenting path), or pending (not looked at yet). A class's waiting tasks are counted the
 * same way. The matching is maximum among all that is not pending; settle_matching() admits what is
 * pending one by one, each with one search.
 */
#include "observe/waste.h"

#include <glib.h>
#include <string.h>

#include "base/bitmap.h"

struct waste_class {
    uint64_t *allowed;                   /* owned */
    uint64_t *own;                       /* CPUs matched to it, owned */
    int32_t only_cpu;                    /* where allowed holds one CPU, else -1 */
    int32_t matched, unmatched, pending; /* waiting tasks */
    int32_t wanting_at;                  /* place in wanting[], -1 none */
    bool in_pending;                     /* stands in pending_classes[] */
    uint32_t seen;                       /* the search that last saw it */
    int32_t via_class, via_cpu;          /* how that search came here */
};

struct waste {
    int32_t nr_cpus;
    uint32_t words;
    int64_t now_ns, total_ns;
    int32_t nr_idle, nr_matched, nr_free, nr_pending_cpus;
    int64_t nr_waiting, nr_unmatched;
    uint64_t *matched, *free, *pending; /* disjoint sets of idle CPUs */
    int32_t *match;                     /* [nr_cpus] class, -1 none */
    struct waste_class *classes;
    int32_t nr_classes;
    int32_t *single;  /* [nr_cpus] the class that allows that CPU alone, -1 none */
    int32_t *wanting; /* classes of several CPUs with unmatched > 0 */
    int32_t nr_wanting;
    int32_t *pending_classes; /* with pending > 0, and some that no longer have */
    int32_t nr_pending_classes;
    uint32_t search; /* number of the present search */
    int32_t *queue;  /* [max(nr_classes, nr_cpus)] scratch of a search */
    int32_t *parent; /* [nr_cpus] scratch */
    uint64_t *seen;  /* CPUs, scratch */
};

struct waste *waste_new(int32_t nr_cpus)
{
    struct waste *w = g_new0(struct waste, 1);

    w->nr_cpus = nr_cpus;
    w->words = BITMAP_WORDS(nr_cpus);
    w->matched = bitmap_new((uint32_t)nr_cpus);
    w->free = bitmap_new((uint32_t)nr_cpus);
    w->pending = bitmap_new((uint32_t)nr_cpus);
    w->seen = bitmap_new((uint32_t)nr_cpus);
    w->match = g_new(int32_t, (gsize)nr_cpus);
    w->single = g_new(int32_t, (gsize)nr_cpus);
    w->parent = g_new(int32_t, (gsize)nr_cpus);
    w->queue = g_new(int32_t, (gsize)nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        w->match[cpu] = w->single[cpu] = -1;
    }
    return w;
}

void waste_free(struct waste *w)
{
    if (w == NULL) {
        return;
    }
    for (int32_t i = 0; i < w->nr_classes; i++) {
        g_free(w->classes[i].allowed);
        g_free(w->classes[i].own);
    }
    g_free(w->classes);
    g_free(w->matched);
    g_free(w->free);
    g_free(w->pending);
    g_free(w->seen);
    g_free(w->match);
    g_free(w->single);
    g_free(w->parent);
    g_free(w->queue);
    g_free(w->wanting);
    g_free(w->pending_classes);
    g_free(w);
}

bool waste_class_matches(const struct waste *w, int32_t class_, const uint64_t *allowed)
{
    return memcmp(w->classes[class_].allowed, allowed, w->words * sizeof(uint64_t)) == 0;
}

int32_t waste_class(struct waste *w, const uint64_t *allowed)
{
    for (int32_t i = 0; i < w->nr_classes; i++) {
        if (waste_class_matches(w, i, allowed)) {
            return i;
        }
    }
    int32_t id = w->nr_classes++;
    gsize size = (gsize)w->nr_classes;

    w->classes = g_renew(struct waste_class, w->classes, size);
    w->wanting = g_renew(int32_t, w->wanting, size);
    w->pending_classes = g_renew(int32_t, w->pending_classes, size);
    w->queue = g_renew(int32_t, w->queue, MAX(size, (gsize)w->nr_cpus));
    struct waste_class *c = &w->classes[id];

    *c = (struct waste_class){
        .allowed = bitmap_new((uint32_t)w->nr_cpus),
        .own = bitmap_new((uint32_t)w->nr_cpus),
        .only_cpu = -1,
        .wanting_at = -1,
    };
    bitmap_copy(c->allowed, allowed, (uint32_t)w->nr_cpus);
    if (bitmap_weight(allowed, (uint32_t)w->nr_cpus) == 1) {
        c->only_cpu = (int32_t)bitmap_next(allowed, (uint32_t)w->nr_cpus, 0);
        w->single[c->only_cpu] = id;
    }
    return id;
}

/* ------------------------------------------------------------------------------------------- */
/* Bookkeeping                                                                                  */

static void class_make_pending(struct waste *w, int32_t class_)
{
    struct waste_class *c = &w->classes[class_];

    c->pending++;
    if (!c->in_pending) {
        c->in_pending = true;
        w->pending_classes[w->nr_pending_classes++] = class_;
    }
}

static void class_add_unmatched(struct waste *w, int32_t class_, int32_t change)
{
    struct waste_class *c = &w->classes[class_];

    c->unmatched += change;
    w->nr_unmatched += change;
    if (c->only_cpu >= 0) {
        return;
    }
    if (c->unmatched > 0 && c->wanting_at < 0) {
        c->wanting_at = w->nr_wanting;
        w->wanting[w->nr_wanting++] = class_;
    } else if (c->unmatched == 0 && c->wanting_at >= 0) {
        int32_t last = w->wanting[--w->nr_wanting];

        w->wanting[c->wanting_at] = last;
        w->classes[last].wanting_at = c->wanting_at;
        c->wanting_at = -1;
    }
}

static void match_set(struct waste *w, int32_t cpu, int32_t class_)
{
    if (w->match[cpu] >= 0) {
        bitmap_clear(w->classes[w->match[cpu]].own, (uint32_t)cpu);
    }
    w->match[cpu] = class_;
    bitmap_set(w->classes[class_].own, (uint32_t)cpu);
}

static void match_clear(struct waste *w, int32_t cpu)
{
    struct waste_class *c = &w->classes[w->match[cpu]];

    bitmap_clear(c->own, (uint32_t)cpu);
    bitmap_clear(w->matched, (uint32_t)cpu);
    w->match[cpu] = -1;
    c->matched--;
    w->nr_matched--;
}

static void cpu_make_pending(struct waste *w, int32_t cpu)
{
    bitmap_set(w->pending, (uint32_t)cpu);
    w->nr_pending_cpus++;
}

void waste_wait_begin(struct waste *w, int32_t class_)
{
    w->nr_waiting++;
    class_make_pending(w, class_);
}

void waste_wait_end(struct waste *w, int32_t class_)
{
    struct waste_class *c = &w->classes[class_];

    w->nr_waiting--;
    if (c->pending > 0) {
        c->pending--;
    } else if (c->unmatched > 0) {
        class_add_unmatched(w, class_, -1);
    } else {
        int32_t cpu = (int32_t)bitmap_next(c->own, (uint32_t)w->nr_cpus, 0);

        match_clear(w, cpu);
        cpu_make_pending(w, cpu);
    }
}

static bool cpu_is_idle(const struct waste *w, int32_t cpu)
{
    uint32_t bit = (uint32_t)cpu;

    return bitmap_test(w->pending, bit) || bitmap_test(w->free, bit) || w->match[cpu] >= 0;
}

void waste_cpu_idle(struct waste *w, int32_t cpu)
{
    if (!cpu_is_idle(w, cpu)) {
        w->nr_idle++;
        cpu_make_pending(w, cpu);
    }
}

void waste_cpu_busy(struct waste *w, int32_t cpu)
{
    if (!cpu_is_idle(w, cpu)) {
        return;
    }
    w->nr_idle--;
    if (bitmap_test(w->pending, (uint32_t)cpu)) {
        bitmap_clear(w->pending, (uint32_t)cpu);
        w->nr_pending_cpus--;
    } else if (bitmap_test(w->free, (uint32_t)cpu)) {
        bitmap_clear(w->free, (uint32_t)cpu);
        w->nr_free--;
    } else {
        int32_t class_ = w->match[cpu];

        match_clear(w, cpu);
        class_make_pending(w, class_);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Searching                                                                                    */

/* Gives the free @cpu to @class_, whose way here the search has noted, and so on back to @root. */
static void shift_from_class(struct waste *w, int32_t root, int32_t class_, int32_t cpu)
{
    bitmap_clear(w->free, (uint32_t)cpu);
    w->nr_free--;
    bitmap_set(w->matched, (uint32_t)cpu);
    w->nr_matched++;
    for (;;) {
        const struct waste_class *c = &w->classes[class_];

        match_set(w, cpu, class_);
        if (class_ == root) {
            break;
        }
        cpu = c->via_cpu;
        class_ = c->via_class;
    }
    w->classes[root].matched++;
}

/* One more task of @root waits: true, and the matching grown, if a CPU can be found for it. */
static bool search_from_class(struct waste *w, int32_t root)
{
    uint32_t nr = (uint32_t)w->nr_cpus;
    int32_t head = 0, tail = 0;

    if (w->nr_free == 0) {
        return false;
    }
    w->classes[root].seen = ++w->search;
    w->queue[tail++] = root;
    while (head < tail) {
        int32_t x = w->queue[head++];
        const uint64_t *allowed = w->classes[x].allowed;
        uint32_t cpu = bitmap_next_and(allowed, w->free, nr, 0);

        if (cpu < nr) {
            shift_from_class(w, root, x, (int32_t)cpu);
            return true;
        }
        for (cpu = bitmap_next_and(allowed, w->matched, nr, 0); cpu < nr;
             cpu = bitmap_next_and(allowed, w->matched, nr, cpu + 1)) {
            struct waste_class *y = &w->classes[w->match[cpu]];

            if (y->seen != w->search) {
                y->seen = w->search;
                y->via_class = x;
                y->via_cpu = (int32_t)cpu;
                w->queue[tail++] = w->match[cpu];
            }
        }
    }
    return false;
}

/* A class that has an unmatched waiting task and allows @cpu, or -1. */
static int32_t wanting_class(const struct waste *w, int32_t cpu)
{
    int32_t single = w->single[cpu];

    if (single >= 0 && w->classes[single].unmatched > 0) {
        return single;
    }
    for (int32_t i = 0; i < w->nr_wanting; i++) {
        if (bitmap_test(w->classes[w->wanting[i]].allowed, (uint32_t)cpu)) {
            return w->wanting[i];
        }
    }
    return -1;
}

/* Gives @cpu to @class_, and the CPU that it held on the way back to the one before, to @root. */
static void shift_from_cpu(struct waste *w, int32_t root, int32_t cpu, int32_t class_)
{
    w->classes[class_].matched++;
    class_add_unmatched(w, class_, -1);
    bitmap_set(w->matched, (uint32_t)root);
    w->nr_matched++;
    for (;;) {
        int32_t before = w->match[cpu];

        match_set(w, cpu, class_);
        if (cpu == root) {
            return;
        }
        class_ = before;
        cpu = w->parent[cpu];
    }
}

/* One more CPU is idle: true, and the matching grown, if a task can be found for it. */
static bool search_from_cpu(struct waste *w, int32_t root)
{
    uint32_t nr = (uint32_t)w->nr_cpus;
    int32_t head = 0, tail = 0;

    if (w->nr_unmatched == 0) {
        return false;
    }
    memset(w->seen, 0, w->words * sizeof(uint64_t));
    w->queue[tail++] = root;
    while (head < tail) {
        int32_t x = w->queue[head++];
        int32_t class_ = wanting_class(w, x);

        if (class_ >= 0) {
            shift_from_cpu(w, root, x, class_);
            return true;
        }
        /* A matched CPU whose task could move here would be free for another task. */
        for (uint32_t cpu = bitmap_next(w->matched, nr, 0); cpu < nr;
             cpu = bitmap_next(w->matched, nr, cpu + 1)) {
            if (!bitmap_test(w->seen, cpu) &&
                bitmap_test(w->classes[w->match[cpu]].allowed, (uint32_t)x)) {
                bitmap_set(w->seen, cpu);
                w->parent[cpu] = x;
                w->queue[tail++] = (int32_t)cpu;
            }
        }
    }
    return false;
}

static void settle_matching(struct waste *w)
{
    uint32_t nr = (uint32_t)w->nr_cpus;

    while (w->nr_pending_classes > 0) {
        int32_t class_ = w->pending_classes[--w->nr_pending_classes];
        struct waste_class *c = &w->classes[class_];

        c->in_pending = false;
        while (c->pending > 0 && search_from_class(w, class_)) {
            c->pending--;
        }
        /* Where one of a class finds no CPU, its like will not either. */
        if (c->pending > 0) {
            class_add_unmatched(w, class_, c->pending);
            c->pending = 0;
        }
    }
    for (uint32_t cpu = 0; w->nr_pending_cpus > 0; cpu++) {
        cpu = bitmap_next(w->pending, nr, cpu);
        bitmap_clear(w->pending, cpu);
        w->nr_pending_cpus--;
        if (!search_from_cpu(w, (int32_t)cpu)) {
            bitmap_set(w->free, cpu);
            w->nr_free++;
        }
    }
}

void waste_advance(struct waste *w, int64_t now_ns)
{
    if (now_ns <= w->now_ns) {
        return;
    }
    if (w->nr_idle > 0 && w->nr_waiting > 0) {
        if (w->nr_pending_classes > 0 || w->nr_pending_cpus > 0) {
            settle_matching(w);
        }
        w->total_ns += w->nr_matched * (now_ns - w->now_ns);
    }
    w->now_ns = now_ns;
}

int64_t waste_total_ns(const struct waste *w)
{
    return w->total_ns;
}

int32_t waste_nr_idle(const struct waste *w)
{
    return w->nr_idle;
}

int64_t waste_nr_waiting(const struct waste *w)
{
    return w->nr_waiting;
}
