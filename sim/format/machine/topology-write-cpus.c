/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block `cpus:` of a topology file, compact where the machine is regular. */
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "format/machine/topology-write-private.h"

enum { MAX_THREADS = 16 }; /* of an entry's `threads-per-core` */

/* CPUs of one core that one entry names: all of them, unless they differ among themselves. */
struct piece {
    int32_t nr_threads;
    int32_t cpus[MAX_THREADS]; /* indices, ascending */
};

static bool same_size(const int64_t *sizes, int32_t nr)
{
    for (int32_t i = 1; i < nr; i++) {
        if (sizes[i] != sizes[0]) {
            return false;
        }
    }
    return true;
}

/* Whether one `caches:` says all. */
static bool uniform_caches(const struct machine *m)
{
    for (int32_t llc = 1; llc < m->nr_llcs; llc++) {
        if (m->llcs[llc].size_bytes != m->llcs[0].size_bytes) {
            return false;
        }
    }
    return same_size(m->l1d_bytes, m->nr_cores) && same_size(m->l2_bytes, m->nr_l2s);
}

static void write_compact(GString *out, const struct topology_compact *c)
{
    for (const struct yaml_field *f = topology_cpus_compact_fields; f->key != NULL; f++) {
        const void *member = (const char *)c + f->offset;

        if (f->type == YAML_TYPE_INT32) {
            int32_t count = *(const int32_t *)member;

            if (f->required || count != 1) {
                g_string_append_printf(out, "  %s: %d\n", f->key, count);
            }
        } else if (f->type == YAML_TYPE_CHOICE && *(const int *)member != 0) {
            g_string_append_printf(out, "  %s: %s\n", f->key, f->names[*(const int *)member]);
        }
    }
}

/* What an entry says beside its CPUs and cores is the same for both CPUs. */
static bool alike(const struct machine *m, int32_t a, int32_t b, bool clusters, bool l2s)
{
    const struct machine_cpu *x = &m->cpus[a], *y = &m->cpus[b];

    return x->llc == y->llc && x->die == y->die && x->package == y->package && x->node == y->node &&
           x->capacity == y->capacity && x->priority == y->priority &&
           (!clusters || x->cluster == y->cluster) && (!l2s || x->l2 == y->l2) &&
           m->l1d_bytes[x->core] == m->l1d_bytes[y->core] &&
           m->l2_bytes[x->l2] == m->l2_bytes[y->l2];
}

/* The CPUs in order of their cores, those of a core ascending. Newly allocated. */
static int32_t *by_core(const struct machine *m)
{
    int32_t *order = g_new(int32_t, (size_t)m->nr_cpus);
    int32_t nr = 0;

    for (int32_t core = 0; core < m->nr_cores; core++) {
        const uint64_t *cpus = machine_core_cpus(m, core);
        uint32_t limit = (uint32_t)m->nr_cpus;

        for (uint32_t cpu = bitmap_next(cpus, limit, 0); cpu < limit;
             cpu = bitmap_next(cpus, limit, cpu + 1)) {
            order[nr++] = (int32_t)cpu;
        }
    }
    return order;
}

/* The pieces (struct piece) of all cores, in order of cores. */
static GArray *cut_pieces(const struct machine *m, bool clusters, bool l2s)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
    g_autofree int32_t *order = by_core(m);

    for (int32_t i = 0; i < m->nr_cpus;) {
        struct piece piece = {.nr_threads = 0};
        int32_t core = m->cpus[order[i]].core, end = i;
        bool whole = true;

        for (; end < m->nr_cpus && m->cpus[order[end]].core == core; end++) {
            whole = whole && alike(m, order[i], order[end], clusters, l2s);
        }
        whole = whole && end - i <= MAX_THREADS;
        do {
            piece.cpus[piece.nr_threads++] = order[i++];
        } while (whole && i < end);
        g_array_append_val(pieces, piece);
    }
    return pieces;
}

/* Cores that one entry names so far, and which ways of numbering threads they still follow. */
struct run {
    const struct machine *m;
    bool clusters, l2s; /* stated */
    const struct piece *first, *last;
    bool interleaved, adjacent;
};

/* Adds @p to the run if one entry can say both. */
static bool extend(struct run *r, const struct piece *p)
{
    bool interleaved = r->interleaved, adjacent = r->adjacent;
    int32_t threads = p->nr_threads;

    if (threads != r->last->nr_threads ||
        r->m->cpus[p->cpus[0]].core != r->m->cpus[r->last->cpus[0]].core + 1 ||
        !alike(r->m, p->cpus[0], r->last->cpus[0], r->clusters, r->l2s)) {
        return false;
    }
    for (int32_t t = 0; t < threads; t++) {
        interleaved = interleaved && p->cpus[t] > r->last->cpus[t] &&
                      (t + 1 == threads || p->cpus[t] < r->first->cpus[t + 1]);
    }
    adjacent = adjacent && p->cpus[0] > r->last->cpus[threads - 1];
    if (!interleaved && !adjacent) {
        return false;
    }
    r->interleaved = interleaved;
    r->adjacent = adjacent;
    r->last = p;
    return true;
}

/* The numbers outside of the CPUs of a run, as a cpulist. */
static char *run_list(const struct run *r)
{
    g_autofree uint64_t *set = bitmap_new(TOPOLOGY_MAX_CPU_ID);

    for (const struct piece *p = r->first; p <= r->last; p++) {
        for (int32_t t = 0; t < p->nr_threads; t++) {
            bitmap_set(set, (uint32_t)r->m->cpus[p->cpus[t]].os_id);
        }
    }
    return bitmap_to_list(set, TOPOLOGY_MAX_CPU_ID);
}

static void add_size(struct topology_map *map, const char *key, int64_t bytes, int64_t common)
{
    if (bytes != common) {
        topology_map_add_quantity(map, key, bytes, UNIT_BYTES);
    }
}

/* What is not as in most machines. */
static void add_unusual(struct topology_map *map, const struct machine *m,
                        const struct machine_cpu *cpu, const struct topology_sizes *sizes)
{
    if (cpu->capacity != 1024) {
        topology_map_add_int(map, "capacity", cpu->capacity);
    }
    if (cpu->priority != 0) {
        topology_map_add_int(map, "priority", cpu->priority);
    }
    add_size(map, "l1d-size", m->l1d_bytes[cpu->core], sizes->l1d_bytes);
    add_size(map, "l2-size", m->l2_bytes[cpu->l2], sizes->l2_bytes);
    add_size(map, "llc-size", m->llcs[cpu->llc].size_bytes, sizes->llc_bytes);
}

static void write_run(GString *out, const struct run *r, const struct topology_sizes *sizes)
{
    const struct machine_cpu *cpu = &r->m->cpus[r->first->cpus[0]];
    g_autofree char *list = run_list(r);
    struct topology_map map;

    topology_map_init(&map);
    topology_map_add_list(&map, "cpus", list);
    topology_map_add_int(&map, "core", cpu->core);
    if (r->first->nr_threads > 1) {
        topology_map_add_int(&map, "threads-per-core", r->first->nr_threads);
        if (!r->interleaved) {
            topology_map_add(&map, "threads", topology_threads_names[TOPOLOGY_THREADS_ADJACENT]);
        }
    }
    if (r->clusters) {
        topology_map_add_int(&map, "cluster", cpu->cluster);
    }
    if (r->l2s) {
        topology_map_add_int(&map, "l2", cpu->l2);
    }
    topology_map_add_int(&map, "llc", cpu->llc);
    if (cpu->die != cpu->package) {
        topology_map_add_int(&map, "die", cpu->die);
    }
    topology_map_add_int(&map, "package", cpu->package);
    topology_map_add_int(&map, "node", r->m->nodes[cpu->node].os_id);
    add_unusual(&map, r->m, cpu, sizes);
    topology_map_write(&map, out, 2 * TOPOLOGY_INDENT, NULL);
}

static void write_explicit(GString *out, const struct machine *m,
                           const struct topology_sizes *sizes)
{
    g_autoptr(GArray) pieces = NULL;
    bool clusters = false, l2s = false;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        clusters = clusters || m->cpus[cpu].cluster != m->cpus[cpu].core;
        l2s = l2s || m->cpus[cpu].l2 != m->cpus[cpu].core;
    }
    pieces = cut_pieces(m, clusters, l2s);
    g_string_append(out, "  list:\n");
    for (guint i = 0; i < pieces->len;) {
        const struct piece *first = &g_array_index(pieces, struct piece, i);
        struct run run = {m, clusters, l2s, first, first, true, true};

        for (i++; i < pieces->len && extend(&run, &g_array_index(pieces, struct piece, i)); i++) {
        }
        write_run(out, &run, sizes);
    }
}

void topology_write_cpus(GString *out, const struct machine *m, const struct topology_sizes *sizes)
{
    struct topology_compact compact;

    g_string_append(out, "\ncpus:\n");
    if (uniform_caches(m) && topology_find_compact(m, &compact)) {
        write_compact(out, &compact);
    } else {
        write_explicit(out, m, sizes);
    }
    topology_write_source(out, m, MACHINE_CPUS);
}
