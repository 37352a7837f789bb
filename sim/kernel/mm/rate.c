/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes are found by hashing what makes tasks alike. One without members stays for a while, because
 * the same tasks come back at the next switch.
 */
#include "kernel/internal.h"

#include "kernel/mm/armed.h"
#include "kernel/mm/contend.h"
#include "kernel/mm/rate.h"
#include "kernel/mm/resources.h"

/* Classes without members that are kept. */
enum { MAX_IDLE_CLASSES = 1024 };

struct rate_class {
    struct rate_key key; /* first, with flows[]: what is hashed */
    struct rate_flow *flows;
    int32_t id;      /* in contend */
    uint64_t serial; /* among all that there were, from 1 */
    int32_t nr_members;
    struct pace pace;
    uint64_t idle_pace; /* where no memory is loaded */

    /* Virtual work: @work units were done at @since_ns, and @carry of the next, over pace.total. */
    uint64_t work, carry;
    int64_t since_ns;

    struct armed armed;   /* members that have work to do */
    struct list starting; /* of them, those that were in kernel overhead when they were armed */
    struct evq_entry done;
    struct list idle; /* in rates->idle while it has no member */
};

struct rates {
    struct resources *resources;
    struct contend *contend;
    GHashTable *by_key;
    GPtrArray *by_id;
    uint64_t nr_ever;
    struct list idle; /* classes without members, oldest first */
    int32_t nr_idle;
    struct evq_entry solve;
    int64_t solved_ns;        /* when rates were last found */
    bool all_moved;           /* every running task is to be looked at with the next rates */
    struct contend_use *uses; /* scratch */
};

/* ------------------------------------------------------------------------------------------- */
/* Finding a class                                                                              */

static guint key_hash(gconstpointer p)
{
    const struct rate_class *c = p;
    uint64_t h = c->key.core * UINT64_C(0x9E3779B97F4A7C15) + c->key.smt;

    h = (h ^ (c->key.cold + c->key.tlb)) * UINT64_C(0x9E3779B97F4A7C15);
    h = (h ^ (uint64_t)(uint32_t)c->key.llc) * UINT64_C(0x9E3779B97F4A7C15);
    h = (h ^ (uint64_t)(uint32_t)c->key.mlp_ppm) * UINT64_C(0x9E3779B97F4A7C15);
    for (int32_t i = 0; i < c->key.nr_flows; i++) {
        const struct rate_flow *f = &c->flows[i];

        h = (h ^ ((uint64_t)(uint32_t)f->node + f->misses_milli)) * UINT64_C(0x9E3779B97F4A7C15);
        h = (h ^ (f->writes_milli + f->side_milli)) * UINT64_C(0x9E3779B97F4A7C15);
    }
    return (guint)(h >> 32);
}

static gboolean key_equal(gconstpointer pa, gconstpointer pb)
{
    const struct rate_class *a = pa, *b = pb;

    if (a->key.core != b->key.core || a->key.smt != b->key.smt || a->key.cold != b->key.cold ||
        a->key.tlb != b->key.tlb || a->key.llc != b->key.llc ||
        a->key.cpu_node != b->key.cpu_node || a->key.mlp_ppm != b->key.mlp_ppm ||
        a->key.nr_flows != b->key.nr_flows) {
        return FALSE;
    }
    for (int32_t i = 0; i < a->key.nr_flows; i++) {
        if (a->flows[i].node != b->flows[i].node ||
            a->flows[i].misses_milli != b->flows[i].misses_milli ||
            a->flows[i].side_milli != b->flows[i].side_milli ||
            a->flows[i].writes_milli != b->flows[i].writes_milli) {
            return FALSE;
        }
    }
    return TRUE;
}

static void class_free(struct kernel *k, struct rate_class *c)
{
    event_cancel(k, &c->done);
    contend_class_remove(k->rates->contend, c->id);
    g_free(c->flows);
    g_free(c->armed.tasks);
    g_free(c);
}

void rates_new(struct kernel *k)
{
    struct rates *r = g_new0(struct rates, 1);
    int32_t nr;

    r->resources = resources_new(k->machine);
    const struct contend_resource *table = resources_table(r->resources, &nr);

    r->contend = contend_new(table, nr);
    r->uses = g_new(struct contend_use, (gsize)nr);
    r->by_key = g_hash_table_new(key_hash, key_equal);
    r->by_id = g_ptr_array_new();
    list_init(&r->idle);
    r->solved_ns = -k->host[HOST_RATE_STEP];
    event_init(&r->solve, EVENT_RATES, CLASS_RATES, 0);
    k->rates = r;
}

void rates_free(struct kernel *k)
{
    struct rates *r = k->rates;

    if (r == NULL) {
        return;
    }
    for (guint i = 0; i < r->by_id->len; i++) {
        struct rate_class *c = g_ptr_array_index(r->by_id, i);

        if (c != NULL) {
            class_free(k, c);
        }
    }
    g_hash_table_destroy(r->by_key);
    g_ptr_array_free(r->by_id, TRUE);
    contend_free(r->contend);
    resources_free(r->resources);
    g_free(r->uses);
    g_free(r);
}

/* ------------------------------------------------------------------------------------------- */
/* Paces                                                                                        */

/* Stall in pace units for @misses_milli a second of @latency_ns each, @mlp_ppm at once. */
static uint64_t stall_pace(uint64_t misses_milli, int64_t latency_ns, int32_t mlp_ppm)
{
    uint128 ns = (uint128)misses_milli * (uint64_t)latency_ns;

    return (uint64_t)((ns << PACE_SHIFT) / (UINT64_C(1000000) * (uint64_t)mlp_ppm));
}

/* What the parts of @c's pace are where no memory is loaded. */
static void class_idle_pace(const struct kernel *k, struct rate_class *c)
{
    const struct rate_key *key = &c->key;
    int64_t best_ns = node_best_latency_ns(k, key->cpu_node);
    uint64_t near = 0; /* what all misses cost where memory is nearest, a cold cache's too */
    struct pace *p = &c->pace;

    *p = (struct pace){.smt = key->smt, .tlb = key->tlb};
    for (int32_t i = 0; i < key->nr_flows; i++) {
        const struct rate_flow *f = &c->flows[i];
        int64_t ns = machine_latency_ns(k->machine, key->cpu_node, f->node);
        uint64_t best = stall_pace(f->misses_milli, best_ns, key->mlp_ppm);
        uint64_t stall = stall_pace(f->misses_milli, ns, key->mlp_ppm);

        near += best;
        p->remote +=
            stall - MIN(best, stall) +
            stall_pace(f->side_milli, k->machine->nodes[f->node].side_cache_miss_ns, key->mlp_ppm);
    }
    p->cold = MIN(key->cold, near);
    p->full = key->core + near - p->cold;
    c->idle_pace = p->full + p->smt + p->cold + p->remote + p->tlb;
}

static void class_set_total(struct rate_class *c, uint64_t total)
{
    c->pace.total = total;
    c->pace.bandwidth = total - c->idle_pace;
}

static void emit_pace(struct kernel *k, const struct rate_class *c)
{
    emit(k, TP_RATE_CPU, -1, -1, c->id, (int64_t)c->pace.full, (int64_t)c->pace.smt,
         (int64_t)c->pace.cold);
    emit(k, TP_RATE_MEMORY, -1, -1, c->id, (int64_t)c->pace.remote, (int64_t)c->pace.bandwidth,
         (int64_t)c->pace.tlb);
}

static struct rate_class *class_new(struct kernel *k, const struct rate_class *like)
{
    struct rates *r = k->rates;
    struct rate_class *c = g_new0(struct rate_class, 1);
    uint64_t lines_milli = 0;
    int32_t nr = 0;

    c->key = like->key;
    c->flows = g_memdup2(like->flows, sizeof(*c->flows) * (gsize)c->key.nr_flows);
    class_idle_pace(k, c);
    for (int32_t i = 0; i < c->key.nr_flows; i++) {
        const struct rate_flow *f = &c->flows[i];

        lines_milli += f->misses_milli + f->writes_milli;
        resources_add_uses(r->resources, c->key.llc, c->key.cpu_node, f->node, f->misses_milli,
                           f->side_milli, f->writes_milli, r->uses, &nr);
    }
    c->id = contend_class_new(r->contend, c->idle_pace, c->key.mlp_ppm, lines_milli, r->uses, nr);
    c->serial = ++r->nr_ever;
    c->since_ns = evq_now_ns(k->events);
    event_init(&c->done, EVENT_RATE_DONE, CLASS_SEGMENT, 0);
    list_init(&c->starting);
    list_init(&c->idle);
    if ((guint)c->id >= r->by_id->len) {
        g_ptr_array_set_size(r->by_id, c->id + 1);
    }
    r->by_id->pdata[c->id] = c;
    g_hash_table_add(r->by_key, c);
    class_set_total(c, contend_pace(r->contend, c->id));
    emit_pace(k, c);
    return c;
}

static void forget_oldest_idle(struct kernel *k)
{
    struct rates *r = k->rates;
    struct rate_class *c = container_of(r->idle.next, struct rate_class, idle);

    list_del(&c->idle);
    r->nr_idle--;
    g_hash_table_remove(r->by_key, c);
    r->by_id->pdata[c->id] = NULL;
    class_free(k, c);
}

/* ------------------------------------------------------------------------------------------- */
/* Virtual work                                                                                 */

enum { WALL_SHIFT = WORK_SHIFT + PACE_SHIFT };

/* Brings the virtual work of @c, at its pace so far, up to @at_ns. */
static void class_advance(struct rate_class *c, int64_t at_ns)
{
    uint128 units = ((uint128)(uint64_t)(at_ns - c->since_ns) << WALL_SHIFT) + c->carry;

    if (at_ns > c->since_ns) {
        c->work += (uint64_t)(units / c->pace.total);
        c->carry = (uint64_t)(units % c->pace.total);
        c->since_ns = at_ns;
    }
}

/* Where it stands at @at_ns, not before since_ns, if the pace stays. */
static uint64_t class_work_at(const struct rate_class *c, int64_t at_ns)
{
    uint64_t wall_ns = (uint64_t)(at_ns - c->since_ns);

    if (wall_ns >> (63 - WALL_SHIFT) == 0) {
        return c->work + ((wall_ns << WALL_SHIFT) + c->carry) / c->pace.total;
    }
    uint128 units = ((uint128)wall_ns << WALL_SHIFT) + c->carry;

    return c->work + (uint64_t)(units / c->pace.total);
}

/* When it will have come to @work. */
static int64_t class_time_of(const struct rate_class *c, uint64_t work)
{
    if (work <= c->work) {
        return c->since_ns;
    }
    uint128 units = (uint128)(work - c->work) * c->pace.total;
    uint128 left = units > c->carry ? units - c->carry : 0;
    uint128 unit = (uint128)1 << WALL_SHIFT;

    return time_add_ns(c->since_ns, (int64_t)MIN((left + unit - 1) / unit, (uint128)INT64_MAX));
}

/* ------------------------------------------------------------------------------------------- */
/* Members that are armed                                                                       */

static void class_arm(struct kernel *k, struct rate_class *c)
{
    int64_t at_ns = TIME_NEVER_NS;

    if (c->armed.nr > 0) {
        at_ns = MAX(class_time_of(c, c->armed.tasks[0].end), evq_now_ns(k->events));
    }
    if (evq_entry_queued(&c->done) && c->done.time_ns == at_ns) {
        return;
    }
    event_set(k, &c->done, at_ns);
}

void rate_disarm(struct kernel *k, struct task *t)
{
    struct rate_class *c = t->rate;

    list_del(&t->rate_starting);
    if (c != NULL && t->rate_index >= 0) {
        bool first = t->rate_index == 0;

        armed_remove(&c->armed, t);
        if (first) {
            class_arm(k, c);
        }
    }
}

void rate_arm(struct kernel *k, struct task *t, int64_t from_ns, uint64_t work)
{
    struct rate_class *c = t->rate;
    bool first = t->rate_index == 0;

    list_del(&t->rate_starting);
    if (from_ns > evq_now_ns(k->events)) {
        t->rate_start_ns = from_ns;
        list_add_tail(&c->starting, &t->rate_starting);
    }
    t->rate_from = class_work_at(c, MAX(from_ns, c->since_ns));
    t->rate_end = t->rate_from + work;
    armed_put(&c->armed, t, task_rq(k, t));
    if (first || t->rate_index == 0) {
        class_arm(k, c);
    }
}

void rate_done_event(struct kernel *k, struct evq_entry *e)
{
    struct rate_class *c = container_of(e, struct rate_class, done);
    uint64_t work = class_work_at(c, evq_now_ns(k->events));

    while (c->armed.nr > 0 && c->armed.tasks[0].end <= work) {
        struct armed_task first = c->armed.tasks[0];

        armed_remove(&c->armed, first.task);
        event_set(k, &first.rq->segment, evq_now_ns(k->events));
    }
    class_arm(k, c);
}

const struct task *rate_next(const struct evq_entry *e, const struct rq **ret_rq)
{
    const struct rate_class *c = container_of(e, const struct rate_class, done);

    if (c->armed.nr == 0) {
        return NULL;
    }
    *ret_rq = c->armed.tasks[0].rq;
    return c->armed.tasks[0].task;
}

/* ------------------------------------------------------------------------------------------- */
/* Membership                                                                                   */

static void solve_later(struct kernel *k)
{
    struct rates *r = k->rates;

    if (!evq_entry_queued(&r->solve)) {
        event_set(k, &r->solve, MAX(evq_now_ns(k->events), r->solved_ns + k->host[HOST_RATE_STEP]));
    }
}

static void count_member(struct kernel *k, struct rate_class *c, int32_t by)
{
    struct rates *r = k->rates;

    if (c->nr_members == 0 && !list_empty(&c->idle)) {
        list_del(&c->idle);
        r->nr_idle--;
    }
    c->nr_members += by;
    contend_class_count(r->contend, c->id, by);
    if (c->nr_members == 0) {
        list_add_tail(&r->idle, &c->idle);
        if (++r->nr_idle > MAX_IDLE_CLASSES) {
            forget_oldest_idle(k);
        }
    }
    if (contend_dirty(r->contend)) {
        solve_later(k);
    }
}

void rate_leave(struct kernel *k, struct task *t)
{
    struct rate_class *c = t->rate;

    if (c == NULL) {
        return;
    }
    rate_disarm(k, t);
    t->rate = NULL;
    count_member(k, c, -1);
}

/* @t, which has left its class, becomes a member of @c. */
static void enter_class(struct kernel *k, struct task *t, struct rate_class *c)
{
    t->rate = c;
    t->rate_index = -1;
    t->last_class = c->id;
    t->last_class_serial = c->serial;
    count_member(k, c, 1);
    if (contend_pace(k->rates->contend, c->id) != c->pace.total) { /* nobody was in it meanwhile */
        c->carry = 0;
        c->since_ns = evq_now_ns(k->events);
        class_set_total(c, contend_pace(k->rates->contend, c->id));
        emit_pace(k, c);
    }
    t->rate_from = class_work_at(c, MAX(evq_now_ns(k->events), c->since_ns));
}

bool rate_join(struct kernel *k, struct task *t, const struct rate_key *key,
               const struct rate_flow *flows)
{
    struct rate_class wanted = {.key = *key, .flows = (struct rate_flow *)(void *)flows};
    struct rate_class *c = t->rate;

    if (c != NULL && key_equal(c, &wanted)) {
        return false;
    }
    rate_leave(k, t);
    c = g_hash_table_lookup(k->rates->by_key, &wanted);
    enter_class(k, t, c != NULL ? c : class_new(k, &wanted));
    return true;
}

bool rate_rejoin(struct kernel *k, struct task *t, bool *ret_other)
{
    *ret_other = t->rate == NULL || t->rate->serial != t->last_class_serial;
    if (!*ret_other) {
        return true;
    }
    rate_leave(k, t);
    struct rate_class *c = g_ptr_array_index(k->rates->by_id, (guint)t->last_class);

    if (c == NULL || c->serial != t->last_class_serial) {
        return false;
    }
    enter_class(k, t, c);
    return true;
}

uint64_t rate_pace(const struct task *t)
{
    return t->rate->pace.total;
}

int32_t rate_class_id(const struct task *t)
{
    return t->rate != NULL ? t->rate->id : -1;
}

uint64_t rate_progress(struct kernel *k, struct task *t, uint64_t limit)
{
    uint64_t now = class_work_at(t->rate, evq_now_ns(k->events));
    uint64_t done = now > t->rate_from ? MIN(now - t->rate_from, limit) : 0;

    t->rate_from += done;
    return done;
}

/* ------------------------------------------------------------------------------------------- */
/* Rates                                                                                        */

/*
 * Where the work of a member begins that is in kernel overhead yet depends on how far its class comes
 * until then, which has changed.
 */
static void shift_starts(struct kernel *k, struct rate_class *c)
{
    struct list *l, *next;

    for (l = c->starting.next; l != &c->starting; l = next) {
        struct task *t = container_of(l, struct task, rate_starting);
        uint64_t work = t->rate_end - t->rate_from;

        next = l->next;
        if (t->rate_start_ns <= evq_now_ns(k->events)) {
            list_del(l);
            continue;
        }
        t->rate_from = class_work_at(c, t->rate_start_ns);
        t->rate_end = t->rate_from + work;
        armed_put(&c->armed, t, task_rq(k, t));
    }
}

static void pace_changes(int32_t class_id, uint64_t old_pace, uint64_t new_pace, void *data)
{
    struct kernel *k = data;
    struct rate_class *c = g_ptr_array_index(k->rates->by_id, (guint)class_id);

    class_advance(c, evq_now_ns(k->events));
    c->carry = mul_div_u64(c->carry, new_pace, old_pace);
    class_set_total(c, new_pace);
    emit_pace(k, c);
    shift_starts(k, c);
    class_arm(k, c);
}

void rates_refresh_all(struct kernel *k)
{
    k->rates->all_moved = true;
    solve_later(k);
}

/* Whoever runs and accesses memory may be of another class. */
static void refresh_all(struct kernel *k)
{
    k->rates->all_moved = false;
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct rq *rq = cpu_rq(k, cpu);

        if (rq->curr != NULL && rq->curr->mix != NULL) {
            pace_change(k, rq);
        }
    }
}

void rates_event(struct kernel *k)
{
    struct rates *r = k->rates;
    int32_t nr;

    if (r->all_moved) {
        refresh_all(k);
    }
    r->solved_ns = evq_now_ns(k->events);
    contend_solve(r->contend, pace_changes, k);
    const int32_t *moved = contend_moved(r->contend, &nr);

    for (int32_t i = 0; i < nr; i++) {
        int32_t from, to;

        if (resources_is_way(r->resources, moved[i], &from, &to)) {
            emit(k, TP_MEM_LOAD, moved[i], from, to,
                 contend_step_ppm(contend_step(r->contend, moved[i])),
                 contend_wait_ps(r->contend, moved[i]), contend_saturated(r->contend, moved[i]));
        }
    }
}

int64_t rates_latency_ns(const struct kernel *k, int32_t cpu_node, int32_t node)
{
    int64_t ps = contend_wait_ps(k->rates->contend, resources_node(k->rates->resources, node));
    int32_t nr;
    const int32_t *links = resources_links(k->rates->resources, node, cpu_node, &nr);

    for (int32_t i = 0; i < nr; i++) {
        ps += contend_wait_ps(k->rates->contend, links[i]);
    }
    return machine_latency_ns(k->machine, cpu_node, node) + ps / 1000;
}

int32_t rates_utilisation_ppm(const struct kernel *k, int32_t node)
{
    return contend_step_ppm(
        contend_step(k->rates->contend, resources_node(k->rates->resources, node)));
}
