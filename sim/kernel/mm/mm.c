/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: processes, regions, slices, and where their pages lie. */
#include "kernel/internal.h"

#include "kernel/mm/copies.h"
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"
#include "kernel/mm/side-cache.h"

struct process *kernel_process_new(struct kernel *k, const char *name)
{
    struct process *p = g_new0(struct process, 1);

    p->pub.id = k->nr_processes;
    p->pub.name = g_strdup(name);
    p->bytes_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    p->pub.bytes_by_node = p->bytes_by_node;
    list_init(&p->running);
    p->warm_threads = g_new0(int32_t, (gsize)k->nr_llcs);
    p->next_vpn = FIRST_VPN;
    states_new(k, p->pub.state, offsetof(struct numasim_policy, process_state_size));
    k->processes = g_renew(struct process *, k->processes, (gsize)k->nr_processes + 1);
    k->processes[k->nr_processes++] = p;
    return p;
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
    p->placed_nodes = g_steal_pointer(&nodes);
    kernel_process_set_nodes(k, p, p->placed_nodes);
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Regions                                                                                      */

static void slice_release(struct mm_slice *s)
{
    for (int32_t i = 0; i < s->nr_parts; i++) {
        part_release(&s->parts[i]);
    }
    g_free(s->parts);
    g_free(s->told_by_node);
    g_free(s->pages_by_node);
    slice_copies_free(s);
}

static void region_free(struct kernel *k, struct mm_region *r)
{
    bool last = object_release(r);

    for (int32_t i = 0; i < r->nr_slices && last; i++) {
        slice_release(&r->slices[i]);
    }
    states_free(k, r->pub.state);
    mempolicy_release(&r->mempolicy);
    if (last) {
        g_free(r->slices);
    }
    g_free(r->bytes_by_node);
    g_free((char *)r->pub.name);
    g_free(r);
}

void process_free(struct kernel *k, struct process *p)
{
    for (int32_t i = 0; i < p->nr_regions; i++) {
        region_free(k, p->regions[i]);
    }
    states_free(k, p->pub.state);
    g_free(p->regions);
    g_free(p->bytes_by_node);
    g_free(p->warm_threads);
    g_free(p->allowed_nodes);
    g_free(p->placed_nodes);
    g_free((char *)p->pub.name);
    g_free(p);
}

/* Cuts @s, whose place is set, into a part for each band, at whole pages of @page_bytes. */
static void slice_parts(struct mm_slice *s, const struct mm_region_spec *spec, int64_t unit_pages)
{
    static const struct mm_band all = {1000000, 1000000};
    const struct mm_band *bands = spec->nr_bands > 0 ? spec->bands : &all;
    int32_t nr = MAX(spec->nr_bands, 1);
    int64_t from = 0, seen_ppm = 0;

    s->parts = g_new0(struct mm_part, (gsize)nr);
    for (int32_t i = 0; i < nr; i++) {
        seen_ppm += bands[i].size_ppm;
        int64_t to = (int64_t)mul_div_u64((uint64_t)s->total_pages, (uint64_t)seen_ppm, 1000000);

        to = i == nr - 1 ? s->total_pages : to / unit_pages * unit_pages;
        if (to > from) {
            part_init(&s->parts[s->nr_parts++], s->first + from, to - from, bands[i].weight_ppm);
        }
        from = MAX(from, to);
    }
}

static void region_slices(struct kernel *k, struct mm_region *r, const struct mm_region_spec *spec)
{
    int64_t unit_pages = spec->page_bytes / k->machine->page_size_bytes;
    int64_t units = (r->pub.nr_pages + unit_pages - 1) / unit_pages, first = 0;

    r->nr_slices = spec->shared ? 1 : MAX(spec->nr_slices, 1);
    r->slices = g_new0(struct mm_slice, (gsize)r->nr_slices);
    for (int32_t i = 0; i < r->nr_slices; i++) {
        struct mm_slice *s = &r->slices[i];

        /* Pages that do not divide evenly go to the first slices. */
        list_init(&s->users);
        s->first = first;
        s->total_pages = (units / r->nr_slices + (i < units % r->nr_slices)) * unit_pages;
        s->untouched_pages = s->total_pages;
        s->pages_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
        s->told_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
        first += s->total_pages;
        slice_parts(s, spec, unit_pages);
    }
}

int32_t kernel_region_new(struct kernel *k, struct process *p, const struct mm_region_spec *spec)
{
    struct mm_region *r = g_new0(struct mm_region, 1);
    int64_t page = k->machine->page_size_bytes;
    int64_t pages =
        (spec->size_bytes + spec->page_bytes - 1) / spec->page_bytes * (spec->page_bytes / page);

    r->bytes_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    r->pub = (struct numasim_region){
        .id = p->nr_regions,
        .name = g_strdup(spec->name),
        .size_bytes = spec->size_bytes,
        .page_bytes = spec->page_bytes,
        .nr_pages = pages,
        .first_vpn = p->next_vpn,
        .hugetlb = spec->hugetlb,
        .file = spec->file,
        .shared = spec->mapped_shared,
        .writable = !spec->readonly,
        .bytes_by_node = r->bytes_by_node,
    };
    /* At whole huge pages of the largest kind, with a gap between. */
    p->next_vpn += (pages + VPN_ALIGN - 1) / VPN_ALIGN * VPN_ALIGN + VPN_ALIGN;
    r->shared = spec->shared;
    r->sequential = spec->sequential;
    r->working_set_bytes = spec->working_set_bytes;
    states_new(k, r->pub.state, offsetof(struct numasim_policy, region_state_size));
    mempolicy_init(&r->mempolicy);
    if (spec->of != NULL) {
        object_share(k, spec->of, spec->of->regions[spec->of_region], spec->object, p, r);
    } else {
        region_slices(k, r, spec);
    }
    p->regions = g_renew(struct mm_region *, p->regions, (gsize)p->nr_regions + 1);
    p->regions[p->nr_regions++] = r;
    return r->pub.id;
}

/* ------------------------------------------------------------------------------------------- */
/* Where pages lie                                                                              */

/* A task's share of accesses to a node may be off by this part of it. */
enum { TOLD_PARTS = 256 };

/* Weights of bands are told in millionths of a slice's accesses, finer by so many bits. */
enum { TOLD_SHIFT = 20 };

int64_t slice_told(const struct mm_slice *s, const struct mm_part *part, int64_t pages)
{
    return s->nr_parts == 1
               ? pages
               : (int64_t)mul_div_u64((uint64_t)part->weight_ppm << TOLD_SHIFT, (uint64_t)pages,
                                      (uint64_t)(part->nr - part->untouched));
}

/* Of the touched pages of @part, those of pages of 2 MiB or more. */
static int64_t huge_pages(const struct kernel *k, const struct mm_part *part)
{
    int64_t huge = 0;

    for (int32_t i = 0; i < MM_NR_ORDERS; i++) {
        huge += pages_are_huge(k, (uint8_t)i) ? part->touched_by_order[i] : 0;
    }
    return huge;
}

/* Adds to told_by_node[] what share of its slice's accesses each touched page of @part gets. */
static void tell_part(const struct kernel *k, struct mm_slice *s, const struct mm_part *part)
{
    int64_t huge = huge_pages(k, part);

    if (huge > 0) {
        s->told_huge += slice_told(s, part, huge);
    }
    for (int32_t i = 0; i < part->nr_extents; i++) {
        const struct mm_extent *e = &part->extents[i];

        for (int32_t n = 0; n < e->nr_kinds; n++) {
            if (e->kinds[n].node != MM_UNTOUCHED) {
                int64_t told = slice_told(s, part, e->kinds[n].pages);

                s->told_by_node[e->kinds[n].node] += told;
                s->told_pages += told;
            }
        }
    }
}

static void tell_slice(struct kernel *k, struct mm_slice *s)
{
    s->moved = 0;
    s->nr_told++;
    if (s->nr_parts == 1) {
        memcpy(s->told_by_node, s->pages_by_node, sizeof(int64_t) * (size_t)k->nr_nodes);
        s->told_pages = s->total_pages - s->untouched_pages;
        s->told_huge = huge_pages(k, &s->parts[0]);
    } else {
        memset(s->told_by_node, 0, sizeof(int64_t) * (size_t)k->nr_nodes);
        s->told_pages = s->told_huge = 0;
        for (int32_t i = 0; i < s->nr_parts; i++) {
            tell_part(k, s, &s->parts[i]);
        }
    }
    copies_tell(k, s);
}

/* Slices that are to be told anew, and those that were just now. */
static bool is_stale(const struct mm_slice *s)
{
    return s->stale;
}

static bool is_told(const struct mm_slice *s)
{
    return s->told;
}

/* True if @t accesses a slice that @is so. */
static bool uses(const struct task *t, bool (*is)(const struct mm_slice *s))
{
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        if (is(t->access[i].slice)) {
            return true;
        }
    }
    return false;
}

void slices_enter(struct task *t)
{
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        struct task_access *own = &t->access[i];
        bool again = false;

        for (int32_t j = 0; j < i; j++) {
            again |= t->access[j].slice == own->slice;
        }
        if (!again) {
            list_add_tail(&own->slice->users, &own->user);
        }
    }
}

void slices_leave(struct task *t)
{
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        list_del(&t->access[i].user);
    }
}

static void account_one(struct kernel *k, struct task *t)
{
    settle(k, task_rq(k, t));
    access_account(k, task_rq(k, t), t);
}

static void refresh_one(struct kernel *k, struct task *t)
{
    pace_refresh(k, task_rq(k, t));
    if (k->acting != t) {
        segment_arm(k, task_rq(k, t));
    }
}

/* What the running tasks of @p accessed so far is accounted, where it depends on what is to be told. */
static void account_running(struct kernel *k, struct process *p)
{
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);

        if (uses(t, is_stale)) {
            account_one(k, t);
        }
    }
}

/* The paces of those among them that use a slice which was told anew follow. */
static void refresh_running(struct kernel *k, struct process *p)
{
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);

        if (uses(t, is_told)) {
            refresh_one(k, t);
        }
    }
}

static struct task *user_of(struct list *l)
{
    return container_of(l, struct task_access, user)->task;
}

/* The same for the one slice that is stale, whose users are known: most often a thread's own, of many. */
static void slice_changed(struct kernel *k, struct process *p, struct mm_slice *s)
{
    for (struct list *l = s->users.next; l != &s->users; l = l->next) {
        account_one(k, user_of(l));
    }
    tell_slice(k, s);
    s->stale = false;
    p->stale = NULL;
    for (struct list *l = s->users.next; l != &s->users; l = l->next) {
        refresh_one(k, user_of(l));
    }
}

/* @fn of @p, and where @shared of all that map what others do, too. */
static void for_mappers(struct kernel *k, struct process *p, bool shared,
                        void (*fn)(struct kernel *k, struct process *p))
{
    if (!shared) {
        fn(k, p);
        return;
    }
    for (int32_t i = 0; i < k->nr_processes; i++) {
        if (k->processes[i] == p || k->processes[i]->maps_objects) {
            fn(k, k->processes[i]);
        }
    }
}

void pages_changed(struct kernel *k, struct process *p)
{
    bool shared = false;

    if (p->stale == NULL) {
        return;
    }
    /* A policy that hears of accesses may make others stale meanwhile. */
    if (p->stale->next_stale == NULL && p->stale->object == NULL &&
        (k->nops == NULL || k->nops->accessed == NULL)) {
        slice_changed(k, p, p->stale);
        return;
    }
    for (const struct mm_slice *s = p->stale; s != NULL; s = s->next_stale) {
        shared |= s->object != NULL;
    }
    for_mappers(k, p, shared, account_running);

    struct mm_slice *told = p->stale; /* NULL: a policy that heard of it moved more, and told all */

    for (struct mm_slice *s = told; s != NULL; s = s->next_stale) {
        tell_slice(k, s);
        s->stale = false;
        s->told = true;
    }
    p->stale = NULL;
    if (told != NULL) {
        for_mappers(k, p, shared, refresh_running);
    }
    for (struct mm_slice *s = told; s != NULL; s = s->next_stale) {
        s->told = false;
    }
}

static void mark_stale(struct process *p, struct mm_slice *s)
{
    if (!s->stale) {
        s->stale = true;
        s->next_stale = p->stale;
        p->stale = s;
    }
}

void node_take(struct kernel *k, const struct mm_region *r, int32_t node, int64_t bytes)
{
    if (!r->pub.hugetlb) {
        k->nodes[node].free_bytes -= bytes;
        side_cache_node_used(k, node);
    } else if (r->pub.page_bytes >= INT64_C(1) << 30) {
        k->nodes[node].hugetlb_1g_free -= bytes >> 30;
    } else {
        k->nodes[node].hugetlb_2m_free -= bytes >> 21;
    }
}

int64_t node_room_bytes(const struct kernel *k, const struct mm_region *r, int32_t node)
{
    if (!r->pub.hugetlb) {
        return k->nodes[node].free_bytes;
    }
    return r->pub.page_bytes >= INT64_C(1) << 30 ? k->nodes[node].hugetlb_1g_free << 30
                                                 : k->nodes[node].hugetlb_2m_free << 21;
}

void slice_moved(struct process *p, struct mm_slice *s, int64_t pages)
{
    s->moved += pages;
    if (s->moved >= (s->total_pages - s->untouched_pages) / TOLD_PARTS) {
        mark_stale(p, s);
    }
}

void pages_count(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                 int32_t node, int64_t pages)
{
    int64_t bytes = pages * k->machine->page_size_bytes;

    s->pages_by_node[node] += pages;
    region_add_bytes(p, r, node, bytes);
    node_take(k, r, node, bytes);
    slice_moved(p, s, ABS(pages));
}

bool pages_free(struct kernel *k, const char *call, bool protect)
{
    if (k->pages_fixed == 0 && (k->pages_kept == 0 || !protect)) {
        return policy_may_act(k, call);
    }
    kernel_fault(k, k->pages_fixed > 0 ? NUMASIM_ROLE_NUMA : NUMASIM_ROLE_TIER, call, NULL,
                 "%s may not change pages by itself",
                 k->pages_fixed > 0 ? "hint_fault(), fault_done() and collapsed()" : "alloc()");
    return false;
}

bool node_allowed(const struct process *p, int32_t node)
{
    return p->allowed_nodes == NULL || bitmap_test(p->allowed_nodes, (uint32_t)node);
}

/* What of @part is charged to cgroups, is no more. */
static void uncharge_part(struct kernel *k, const struct mm_region *r, const struct mm_part *part)
{
    for (int32_t i = 0; i < part->nr_extents; i++) {
        const struct mm_extent *e = &part->extents[i];

        for (int32_t n = 0; n < e->nr_kinds; n++) {
            if (e->kinds[n].node != MM_UNTOUCHED) {
                memcg_charge(k, e->kinds[n].memcg, r, e->kinds[n].node, -e->kinds[n].pages);
            }
        }
    }
}

void process_release_pages(struct kernel *k, struct process *p, int32_t cpu)
{
    for (int32_t i = 0; i < p->nr_regions; i++) {
        struct mm_region *r = p->regions[i];

        /* What others map stays; after an exec it is mapped again. */
        if (region_object(r) != NULL && (p->pub.nr_threads > 0 || object_unmap(k, p, r))) {
            continue;
        }
        for (int32_t n = 0; n < k->nr_nodes; n++) {
            int64_t bytes = r->bytes_by_node[n];

            if (bytes > 0) {
                emit(k, TP_MM_PAGE_FREE, p->pub.id, cpu, i, n, bytes / k->machine->page_size_bytes,
                     k->machine->page_size_bytes);
                node_take(k, r, n, -bytes);
                k->nodes[n].vmstat[NUMASIM_PGFREE] +=
                    (uint64_t)(bytes / k->machine->page_size_bytes);
                p->bytes_by_node[n] -= bytes;
                p->pub.resident_bytes -= bytes;
                r->bytes_by_node[n] = 0;
            }
        }
        for (int32_t s = 0; s < r->nr_slices; s++) {
            struct mm_slice *slice = &r->slices[s];

            copies_release(k, &(struct copies_place){p, r, slice});
            slice->untouched_pages = slice->total_pages;
            memset(slice->pages_by_node, 0, sizeof(int64_t) * (size_t)k->nr_nodes);
            mark_stale(p, slice);
            for (int32_t j = 0; j < slice->nr_parts; j++) {
                struct mm_part *part = &slice->parts[j];
                int64_t first = part->first, nr = part->nr;
                uint32_t weight_ppm = part->weight_ppm;

                uncharge_part(k, r, part);
                part_release(part);
                part_init(part, first, nr, weight_ppm);
            }
        }
    }
}

void mm_exec(struct kernel *k, struct task *t)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_NUMA];
    struct process *p = task_process(t);

    process_release_pages(k, p, t->pub.cpu);
    for (int32_t i = 0; i < p->nr_regions; i++) {
        mempolicy_release(&p->regions[i]->mempolicy);
        p->regions[i]->pub.mempolicy = NULL;
    }
    if (role->self != NULL && role->policy->numa->exec != NULL) {
        role->policy->numa->exec(role->self, &t->pub);
    }
    pages_changed(k, p);
}

int32_t numasim_nr_regions(const struct numasim_process *process)
{
    return ((const struct process *)(const void *)process)->nr_regions;
}

struct numasim_region *numasim_region(const struct numasim_process *process, int32_t region)
{
    const struct process *p = (const struct process *)(const void *)process;

    return region >= 0 && region < p->nr_regions ? &p->regions[region]->pub : NULL;
}

const int64_t *numasim_task_bytes(const struct numasim_host *host, const struct numasim_task *task)
{
    (void)host;
    return task->process != NULL ? task->process->bytes_by_node : NULL;
}

const int32_t *numasim_fallback(const struct numasim_host *host, int32_t node)
{
    const struct kernel *k = (const struct kernel *)(const void *)host;

    return k->fallback +
           (gsize)host_index(host, "numasim_fallback()", node, k->nr_nodes) * (gsize)k->nr_nodes;
}
