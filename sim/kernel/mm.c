/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: first touch and page migration over populations of pages. */
#include "kernel/internal.h"

struct process *kernel_process_new(struct kernel *k, const char *name)
{
    struct process *p = g_new0(struct process, 1);

    p->pub.id = k->nr_processes;
    p->pub.name = g_strdup(name);
    p->bytes_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    p->pub.bytes_by_node = p->bytes_by_node;
    list_init(&p->running);
    p->warm_threads = g_new0(int32_t, (gsize)k->nr_llcs);
    states_new(k, p->pub.state, offsetof(struct numasim_policy, process_state_size));
    k->processes = g_renew(struct process *, k->processes, (gsize)k->nr_processes + 1);
    k->processes[k->nr_processes++] = p;
    return p;
}

void kernel_process_set_nodes(struct kernel *k, struct process *p, const uint64_t *nodes)
{
    if (p->allowed_nodes == NULL) {
        p->allowed_nodes = bitmap_new((uint32_t)k->nr_nodes);
        p->pub.allowed_nodes = p->allowed_nodes;
    }
    bitmap_copy(p->allowed_nodes, nodes, (uint32_t)k->nr_nodes);
}

bool kernel_place(struct kernel *k, struct process *p, const struct numasim_container *request,
                  uint64_t *cpus, GError **error)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_PLACEMENT];

    bitmap_copy(cpus, k->online, (uint32_t)k->nr_cpus);
    if (role->self == NULL || role->policy->placement->place == NULL) {
        return true;
    }
    g_autofree uint64_t *nodes = bitmap_new((uint32_t)k->nr_nodes);
    struct numasim_placement out = {.cpus = cpus, .nodes = nodes};
    struct numasim_decision record;
    struct numasim_decision *d = decision_begin(k, &record);

    bitmap_fill(nodes, (uint32_t)k->nr_nodes);
    role->policy->placement->place(role->self, request, &out, d);
    decision_end(k, NUMASIM_ROLE_PLACEMENT, "placement.place", -1, -1, &record);
    if (out.refusal == NULL && !bitmap_intersects(cpus, k->online, (uint32_t)k->nr_cpus)) {
        out.refusal = "no online CPU is left to it";
    }
    if (out.refusal != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "policy '%s' does not let process '%s' start: %s", role->policy->name,
                    request->name, out.refusal);
        return false;
    }
    kernel_process_set_nodes(k, p, nodes);
    return true;
}

static void region_free(struct mm_region *r)
{
    for (int32_t i = 0; i < r->nr_slices; i++) {
        g_free(r->slices[i].pages_by_node);
    }
    g_free(r->slices);
    g_free(r->bytes_by_node);
    g_free((char *)r->pub.name);
    g_free(r);
}

void process_free(struct kernel *k, struct process *p)
{
    for (int32_t i = 0; i < p->nr_regions; i++) {
        region_free(p->regions[i]);
    }
    states_free(k, p->pub.state);
    g_free(p->regions);
    g_free(p->bytes_by_node);
    g_free(p->warm_threads);
    g_free(p->allowed_nodes);
    g_free((char *)p->pub.name);
    g_free(p);
}

int32_t kernel_region_new(struct kernel *k, struct process *p, const char *name, int64_t size_bytes,
                          int64_t page_bytes, bool shared, bool sequential,
                          int64_t working_set_bytes, int32_t nr_slices)
{
    struct mm_region *r = g_new0(struct mm_region, 1);
    int64_t pages = (size_bytes + page_bytes - 1) / page_bytes;

    r->bytes_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    r->pub = (struct numasim_region){
        .id = p->nr_regions,
        .name = g_strdup(name),
        .size_bytes = size_bytes,
        .page_bytes = page_bytes,
        .bytes_by_node = r->bytes_by_node,
    };
    r->shared = shared;
    r->sequential = sequential;
    r->working_set_bytes = working_set_bytes;
    r->nr_slices = shared ? 1 : MAX(nr_slices, 1);
    r->slices = g_new0(struct mm_slice, (gsize)r->nr_slices);
    for (int32_t i = 0; i < r->nr_slices; i++) {
        /* Pages that do not divide evenly go to the first slices. */
        r->slices[i].total_pages = pages / r->nr_slices + (i < pages % r->nr_slices);
        r->slices[i].untouched_pages = r->slices[i].total_pages;
        r->slices[i].pages_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    }
    p->regions = g_renew(struct mm_region *, p->regions, (gsize)p->nr_regions + 1);
    p->regions[p->nr_regions++] = r;
    return r->pub.id;
}

/* ------------------------------------------------------------------------------------------- */
/* Where pages lie                                                                              */

/* Accounts what the running tasks of @p accessed while its pages lay where they do now. */
static void pages_will_change(struct kernel *k, struct process *p)
{
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);
        struct rq *rq = task_rq(k, t);

        settle(k, rq);
        access_account(k, rq, t);
    }
}

static void pages_changed(struct kernel *k, struct process *p)
{
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);
        struct rq *rq = task_rq(k, t);

        pace_refresh(k, rq);
        if (k->acting != t) {
            segment_arm(k, rq);
        }
    }
}

static void add_pages(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                      int32_t node, int64_t pages)
{
    int64_t bytes = pages * r->pub.page_bytes;

    s->pages_by_node[node] += pages;
    r->bytes_by_node[node] += bytes;
    p->bytes_by_node[node] += bytes;
    k->nodes[node].free_bytes -= bytes;
}

static bool node_allowed(const struct process *p, int32_t node)
{
    return p->allowed_nodes == NULL || bitmap_test(p->allowed_nodes, (uint32_t)node);
}

/* The engine's default: the nearest allowed node, in fallback order, with room for a page. */
static int32_t default_node(const struct kernel *k, const struct process *p, int32_t cpu_node,
                            int64_t page_bytes)
{
    const int32_t *order = k->fallback + (gsize)cpu_node * (gsize)k->nr_nodes;

    for (int32_t i = 0; i < k->nr_nodes; i++) {
        if (node_allowed(p, order[i]) && k->nodes[order[i]].free_bytes >= page_bytes) {
            return order[i];
        }
    }
    return -1;
}

/* Asks the tier policy where up to @pages go; -1: nowhere. *@ret_pages is how many. */
static int32_t alloc_node(struct kernel *k, struct task *t, const struct mm_region *r,
                          int64_t pages, int64_t *ret_pages)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];
    struct process *p = task_process(t);
    int32_t cpu_node = task_rq(k, t)->pub.node;
    int32_t node;

    *ret_pages = pages;
    if (role->self == NULL || role->policy->tier->alloc == NULL) {
        node = default_node(k, p, cpu_node, r->pub.page_bytes);
    } else {
        struct numasim_decision record;
        struct numasim_decision *d = decision_begin(k, &record);

        node =
            role->policy->tier->alloc(role->self, &t->pub, &r->pub, cpu_node, pages, ret_pages, d);
        decision_end(k, NUMASIM_ROLE_TIER, "tier.alloc", t->pub.id, t->pub.cpu, &record);
        if (node < -1 || node >= k->nr_nodes || (node >= 0 && !node_allowed(p, node)) ||
            (node >= 0 && (*ret_pages < 1 || *ret_pages > pages))) {
            kernel_fault(k, NUMASIM_ROLE_TIER, "tier.alloc", t,
                         "node %d for %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                         " pages is no valid answer",
                         node, *ret_pages, pages);
            return -1;
        }
    }
    if (node >= 0) {
        *ret_pages = MIN(*ret_pages, k->nodes[node].free_bytes / r->pub.page_bytes);
        node = *ret_pages > 0 ? node : -1;
    }
    return node;
}

static int64_t fault_cost_ns(const struct kernel *k, int64_t pages, int64_t page_bytes)
{
    const struct machine_costs *costs = &k->machine->costs;
    int64_t cost_ns = pages * costs->page_fault_ns;

    if (costs->page_zero_bytes_per_s > 0) {
        cost_ns += (int64_t)mul_div_u64((uint64_t)(pages * page_bytes), NSEC_PER_SEC,
                                        (uint64_t)costs->page_zero_bytes_per_s);
    }
    return cost_ns;
}

static void check_low_memory(struct kernel *k, int32_t node)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];

    if (role->self != NULL && role->policy->tier->low_memory != NULL &&
        k->nodes[node].free_bytes < k->nodes[node].low_bytes) {
        role->policy->tier->low_memory(role->self, node);
    }
}

static void touch_pages(struct kernel *k, struct task *t, struct mm_region *r, struct mm_slice *s,
                        int64_t pages)
{
    struct process *p = task_process(t);

    pages = MIN(pages, s->untouched_pages);
    if (pages <= 0) {
        return;
    }
    pages_will_change(k, p);
    while (pages > 0 && !k->failed) {
        int64_t now_pages;
        int32_t node = alloc_node(k, t, r, pages, &now_pages);

        if (node < 0) {
            emit(k, TP_OOM_KILL, t->pub.id, t->pub.cpu, r->pub.id, 0, 0, 0);
            process_kill(k, p, t);
            break;
        }
        add_pages(k, p, r, s, node, now_pages);
        s->untouched_pages -= now_pages;
        p->pub.resident_bytes += now_pages * r->pub.page_bytes;
        pages -= now_pages;
        emit(k, TP_MM_PAGE_ALLOC, t->pub.id, t->pub.cpu, r->pub.id, node, now_pages,
             r->pub.page_bytes);
        task_charge(k, t, fault_cost_ns(k, now_pages, r->pub.page_bytes));
        check_low_memory(k, node);
    }
    pages_changed(k, p);
}

void task_touch(struct kernel *k, struct task *t, int32_t region, int64_t bytes)
{
    struct mm_region *r = task_process(t)->regions[region];
    struct mm_slice *s = mm_slice(r, t->slice_index);

    touch_pages(k, t, r, s,
                bytes > 0 ? (bytes + r->pub.page_bytes - 1) / r->pub.page_bytes
                          : s->untouched_pages);
}

void task_touch_all(struct kernel *k, struct task *t, int32_t region)
{
    struct mm_region *r = task_process(t)->regions[region];

    for (int32_t i = 0; i < r->nr_slices; i++) {
        touch_pages(k, t, r, &r->slices[i], r->slices[i].untouched_pages);
    }
}

void task_touch_for_run(struct kernel *k, struct task *t, int64_t work_ns)
{
    const struct mm_mix *mix = t->mix;

    for (int32_t i = 0; mix != NULL && i < mix->nr_entries; i++) {
        struct mm_region *r = task_process(t)->regions[mix->entries[i].region];
        struct mm_slice *s = mm_slice(r, t->slice_index);

        if (s->untouched_pages == 0) {
            continue;
        }
        uint64_t misses = mul_div_u64((uint64_t)work_ns, (uint64_t)mix->entries[i].milli,
                                      UINT64_C(1000) * (uint64_t)NSEC_PER_SEC);
        uint64_t pages;

        if (r->sequential) {
            pages = mul_div_ceil_u64(misses, (uint64_t)k->machine->cache_line_bytes,
                                     (uint64_t)r->pub.page_bytes);
        } else {
            /* Random accesses meet untouched pages by their share; at most one fault an access. */
            pages =
                mul_div_ceil_u64(misses, (uint64_t)s->untouched_pages, (uint64_t)s->total_pages);
        }
        touch_pages(k, t, r, s, (int64_t)MIN(pages, (uint64_t)s->untouched_pages));
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Moving pages                                                                                 */

/* Faults if an argument of numasim_migrate_pages() names nothing there is. */
static bool migration_valid(struct kernel *k, const struct process *p, int32_t cpu, int32_t region,
                            int32_t from, int32_t to)
{
    const char *const call = "numasim_migrate_pages()";

    if (cpu < 0 || cpu >= k->nr_cpus) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, call, NULL, "there is no CPU %d", cpu);
    } else if (region < 0 || region >= p->nr_regions) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, call, NULL, "process '%s' has no region %d", p->pub.name,
                     region);
    } else if (from < 0 || from >= k->nr_nodes || to < 0 || to >= k->nr_nodes) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, call, NULL, "there is no node %d",
                     from < 0 || from >= k->nr_nodes ? from : to);
    } else {
        return policy_may_act(k, call);
    }
    return false;
}

int64_t numasim_migrate_pages(struct numasim_host *host, int32_t cpu,
                              struct numasim_process *process, int32_t region, int32_t from,
                              int32_t to, int64_t nr_pages)
{
    struct kernel *k = (struct kernel *)(void *)host;
    struct process *p = (struct process *)(void *)process;
    const struct machine_costs *costs = &k->machine->costs;

    if (!migration_valid(k, p, cpu, region, from, to) || from == to || !node_allowed(p, to)) {
        return 0;
    }
    struct mm_region *r = p->regions[region];
    int64_t moved = 0;

    if (nr_pages <= 0 || r->bytes_by_node[from] == 0 ||
        k->nodes[to].free_bytes < r->pub.page_bytes) {
        return 0;
    }
    /* The numa policy, which hears of the accesses so far, may move pages itself. */
    pages_will_change(k, p);
    nr_pages = MIN(nr_pages, k->nodes[to].free_bytes / r->pub.page_bytes);
    for (int32_t i = 0; i < r->nr_slices && moved < nr_pages; i++) {
        int64_t n = MIN(nr_pages - moved, r->slices[i].pages_by_node[from]);

        if (n > 0) {
            add_pages(k, p, r, &r->slices[i], from, -n);
            add_pages(k, p, r, &r->slices[i], to, n);
            moved += n;
        }
    }
    int64_t cost_ns = moved * costs->page_move_ns;

    if (costs->page_move_bytes_per_s > 0) {
        cost_ns += (int64_t)mul_div_u64((uint64_t)(moved * r->pub.page_bytes), NSEC_PER_SEC,
                                        (uint64_t)costs->page_move_bytes_per_s);
    }
    emit(k, TP_MM_MIGRATE_PAGES, p->pub.id, cpu, region, from, to, moved);
    rq_charge(k, cpu_rq(k, cpu), cost_ns);
    pages_changed(k, p);
    return moved;
}

void process_release_pages(struct kernel *k, struct process *p, int32_t cpu)
{
    for (int32_t i = 0; i < p->nr_regions; i++) {
        struct mm_region *r = p->regions[i];

        for (int32_t n = 0; n < k->nr_nodes; n++) {
            int64_t bytes = r->bytes_by_node[n];

            if (bytes > 0) {
                emit(k, TP_MM_PAGE_FREE, p->pub.id, cpu, i, n, bytes / r->pub.page_bytes,
                     r->pub.page_bytes);
                k->nodes[n].free_bytes += bytes;
                p->bytes_by_node[n] -= bytes;
                p->pub.resident_bytes -= bytes;
                r->bytes_by_node[n] = 0;
            }
        }
        for (int32_t s = 0; s < r->nr_slices; s++) {
            r->slices[s].untouched_pages = r->slices[s].total_pages;
            memset(r->slices[s].pages_by_node, 0, sizeof(int64_t) * (size_t)k->nr_nodes);
        }
    }
}

int32_t numasim_nr_regions(const struct numasim_process *process)
{
    return ((const struct process *)(const void *)process)->nr_regions;
}

const struct numasim_region *numasim_region(const struct numasim_process *process, int32_t region)
{
    return &((const struct process *)(const void *)process)->regions[region]->pub;
}

const int64_t *numasim_task_bytes(const struct numasim_host *host, const struct numasim_task *task)
{
    (void)host;
    return task->process != NULL ? task->process->bytes_by_node : NULL;
}
