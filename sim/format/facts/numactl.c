/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `numactl --hardware`: CPUs and memory of each node, and the distances. The format is that of
 * numactl.c: hardware() and print_distances(), numactl 2.0.x. Sizes are in MiB, which it calls MB.
 */
#include <string.h>

#include "format/facts/lines.h"

/* A row of ACPI's SLIT is of bytes. */
enum { MAX_DISTANCE = 255 };

struct numactl {
    struct lines l;
    struct facts *f;
    GArray *columns;     /* int32_t: node numbers of the matrix's header; empty before it */
    int32_t node;        /* whose CPUs the current lines list, or -1 */
    int64_t nr_promised; /* by the line "available:" */
    int32_t nr_listed;   /* nodes with lines of their own */
    int32_t nr_again;    /* CPUs that stood on a node before */
    int32_t *node_of;    /* [FACTS_MAX_CPU_ID], -1 where none lists the CPU */
    bool memory, distances;
    GError **error;
};

/* "available: 2 nodes (0-1)" */
static bool is_available(struct piece line, int64_t *ret_nodes)
{
    struct piece word;
    int64_t nodes;

    if (!piece_next_word(&line, &word) || !piece_is(word, "available:") ||
        !piece_next_word(&line, &word) || !piece_number(word, FACTS_MAX_NODE_ID, &nodes) ||
        !piece_next_word(&line, &word) || !piece_starts(word, "node")) {
        return false;
    }
    *ret_nodes = nodes;
    return true;
}

/* A prompt or a warning of libnuma may stand before it. */
static bool find_available(struct lines *l, int64_t *ret_nodes)
{
    enum { MAX_LINES_BEFORE = 8 };

    for (int i = 0; i < MAX_LINES_BEFORE && lines_next_filled(l); i++) {
        if (is_available(l->line, ret_nodes)) {
            return true;
        }
    }
    return false;
}

static bool recognises(const struct facts_input *in)
{
    struct lines l;
    int64_t nodes;

    if (in->bytes == NULL) {
        return false;
    }
    l = lines_of(in);
    return find_available(&l, &nodes);
}

static bool take_cpu(struct numactl *n, struct piece at, int64_t id)
{
    if (n->node_of[id] < 0) {
        n->node_of[id] = n->node;
        return true;
    }
    return ++n->nr_again <= FACTS_MAX_CPU_ID ||
           lines_fail(&n->l, at.begin, n->error,
                      "CPUs are listed again and again; expected each "
                      "on one node");
}

/* "0 1 2", and ranges and commas, as people shorten long lists. */
static bool take_cpus(struct numactl *n, struct piece list)
{
    struct piece word;

    while (piece_next_word(&list, &word)) {
        struct piece cell;

        while (piece_next_cell(&word, ',', &cell)) {
            const struct piece whole = cell;
            int64_t first, last;

            if (cell.begin == cell.end) {
                continue;
            }
            if (!piece_take_number(&cell, FACTS_MAX_CPU_ID - 1, &first) ||
                (cell.begin < cell.end && *cell.begin++ != '-')) {
                g_autofree char *quote = piece_quote(whole);

                return lines_fail(&n->l, whole.begin, n->error,
                                  "'%s' is no CPU number; expected 0..%d", quote,
                                  FACTS_MAX_CPU_ID - 1);
            }
            last = first;
            if (cell.begin < cell.end &&
                (!piece_number(cell, FACTS_MAX_CPU_ID - 1, &last) || last < first)) {
                return lines_fail(&n->l, cell.begin, n->error,
                                  "this range of CPUs has no end; expected one below %d",
                                  FACTS_MAX_CPU_ID);
            }
            for (int64_t id = first; id <= last; id++) {
                if (!take_cpu(n, whole, id)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* "64502 MB"; a node without memory may have "<not available>". */
static bool take_size(struct numactl *n, struct facts_node *node, struct piece rest)
{
    enum { MAX_MIB = 1 << 30 };
    struct piece word, unit = {NULL, NULL};
    int64_t mib;

    if (!piece_next_word(&rest, &word) || piece_starts(word, "<not")) {
        return true;
    }
    if (!piece_number(word, MAX_MIB, &mib) || !piece_next_word(&rest, &unit) ||
        !piece_is(unit, "MB")) {
        g_autofree char *quote = piece_quote(word);

        return lines_fail(&n->l, word.begin, n->error,
                          "'%s' begins no size of memory; expected one like '64502 MB'", quote);
    }
    node->memory_bytes = mib << 20;
    n->memory = true;
    return true;
}

/* "node 0 cpus: ...", "node 0 size: ...", "node 0 free: ..."; @rest is behind "node". */
static bool take_node_line(struct numactl *n, struct piece rest)
{
    struct piece number, what;
    struct facts_node *node;
    int64_t id;

    if (!piece_next_word(&rest, &number) || !piece_number(number, FACTS_MAX_NODE_ID - 1, &id) ||
        !piece_next_word(&rest, &what)) {
        return lines_fail(&n->l, n->l.line.begin, n->error,
                          "no line of a node; expected 'node N cpus:', N below %d",
                          FACTS_MAX_NODE_ID);
    }
    n->node = -1;
    if (piece_is(what, "cpus:")) {
        if (facts_find_node(n->f, (int32_t)id) != NULL) {
            return lines_fail(&n->l, number.begin, n->error, "node %d stands twice", (int)id);
        }
        facts_node(n->f, (int32_t)id);
        n->nr_listed++;
        n->node = (int32_t)id;
        return take_cpus(n, rest);
    }
    node = facts_find_node(n->f, (int32_t)id);
    if (node != NULL && piece_is(what, "size:")) {
        return take_size(n, node, rest);
    }
    if (node == NULL || !piece_is(what, "free:")) {
        g_autofree char *quote = piece_quote(what);

        return lines_fail(&n->l, what.begin, n->error,
                          "'%s' of node %d; expected 'cpus:' and then 'size:' and 'free:'", quote,
                          (int)id);
    }
    return true;
}

/* "node   0   1": the columns of the matrix. */
static bool take_header(struct numactl *n, struct piece rest)
{
    struct piece word;

    while (piece_next_word(&rest, &word)) {
        int64_t id;
        int32_t node;

        if (!piece_number(word, FACTS_MAX_NODE_ID - 1, &id)) {
            g_autofree char *quote = piece_quote(word);

            return lines_fail(&n->l, word.begin, n->error, "'%s' is no node number; expected 0..%d",
                              quote, FACTS_MAX_NODE_ID - 1);
        }
        node = (int32_t)id;
        if (n->columns->len > 0 &&
            g_array_index(n->columns, int32_t, n->columns->len - 1) >= node) {
            return lines_fail(&n->l, word.begin, n->error, "node %d is out of order", node);
        }
        g_array_append_val(n->columns, node);
    }
    return true;
}

/* One distance. 0 is what numactl prints of a node that does not exist. */
static bool take_distance(struct numactl *n, int32_t from, int32_t to, struct piece word)
{
    int64_t distance;

    if (!piece_number(word, MAX_DISTANCE, &distance)) {
        g_autofree char *quote = piece_quote(word);

        return lines_fail(&n->l, word.begin, n->error, "'%s' is no distance; expected 0..%d", quote,
                          MAX_DISTANCE);
    }
    if (distance > 0) {
        if (facts_find_node(n->f, to) == NULL && from == to) {
            facts_node(n->f, to);
            facts_note(n->f,
                       "node %d has distances but no line of its own: numactl may not "
                       "allocate from it, and does not say what it has",
                       to);
        }
        facts_pair_set(n->f, FACTS_DISTANCE, from, to, distance);
        n->distances = true;
    }
    return true;
}

/* "  0:  10  21 ": @row is what stands before the colon, @rest what is behind it. */
static bool take_row(struct numactl *n, struct piece row, struct piece rest)
{
    struct piece word;
    int64_t from;

    if (!piece_number(row, FACTS_MAX_NODE_ID - 1, &from)) {
        g_autofree char *quote = piece_quote(row);

        return lines_fail(&n->l, row.begin, n->error,
                          "'%s' begins no row of distances; expected a node number and ':'", quote);
    }
    for (guint i = 0; i < n->columns->len; i++) {
        if (!piece_next_word(&rest, &word)) {
            return lines_fail(&n->l, n->l.line.end, n->error,
                              "node %d has %u distances; expected %u, one for each node of the "
                              "header",
                              (int)from, i, n->columns->len);
        }
        if (!take_distance(n, (int32_t)from, g_array_index(n->columns, int32_t, i), word)) {
            return false;
        }
    }
    return !piece_next_word(&rest, &word) ||
           lines_fail(&n->l, word.begin, n->error, "one distance too many; expected %u",
                      n->columns->len);
}

static bool take_line(struct numactl *n)
{
    struct piece rest = piece_trim(n->l.line), word;
    const struct piece line = rest;
    struct piece row;

    piece_next_word(&rest, &word);
    if (piece_is(word, "node") || piece_is(word, "node:")) {
        const struct piece behind = rest;
        struct piece second, third;

        if (piece_next_word(&rest, &second) && piece_is(second, "distances:")) {
            n->node = -1;
            return true;
        }
        /* The header has only numbers; a node's own line says what it lists. */
        return piece_next_word(&rest, &third) && !g_ascii_isdigit(*third.begin)
                   ? take_node_line(n, behind)
                   : take_header(n, behind);
    }
    if (n->columns->len > 0) {
        rest = line;
        piece_next_cell(&rest, ':', &row);
        if (rest.begin == NULL) {
            rest = (struct piece){line.end, line.end};
        }
        return take_row(n, row, rest);
    }
    if (n->node >= 0 && g_ascii_isdigit(*word.begin)) {
        return take_cpus(n, line); /* a long line that was broken */
    }
    if (piece_starts(line, "No distance information")) {
        facts_note(n->f, "numactl says that no distances are known");
        return true;
    }
    return lines_fail(&n->l, line.begin, n->error,
                      "not a line of numactl --hardware; expected 'node N cpus:', 'size:' or "
                      "'free:', or distances");
}

static bool take_all(struct numactl *n)
{
    if (!find_available(&n->l, &n->nr_promised)) {
        return lines_fail(&n->l, n->l.line.begin, n->error,
                          "no output of numactl --hardware; expected 'available: N nodes (0-M)'");
    }
    /* A prompt behind the distances, or another command's output, is no part of it. */
    while (lines_next(&n->l)) {
        const struct piece line = piece_trim(n->l.line);

        if (line.begin == line.end) {
            if (n->distances) {
                break;
            }
            continue;
        }
        if (!take_line(n)) {
            return false;
        }
    }
    return n->nr_listed > 0 || lines_fail(&n->l, n->l.line.begin, n->error,
                                          "no node is listed; expected 'node N cpus:'");
}

static void place_cpus(struct numactl *n)
{
    for (int32_t id = 0; id < FACTS_MAX_CPU_ID; id++) {
        if (n->node_of[id] >= 0) {
            facts_cpu(n->f, id)->group[FACTS_NODE] = n->node_of[id];
        }
    }
}

static struct facts *read_numactl(const struct facts_input *in, GError **error)
{
    g_autoptr(facts_t) f = facts_new_of("numactl --hardware", in->name);
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(int32_t));
    g_autofree int32_t *node_of = g_new(int32_t, FACTS_MAX_CPU_ID);
    struct numactl n = {.l = lines_of(in),
                        .f = f,
                        .columns = columns,
                        .node = -1,
                        .node_of = node_of,
                        .error = error};

    memset(node_of, 0xff, FACTS_MAX_CPU_ID * sizeof(*node_of));
    if (!take_all(&n)) {
        return NULL;
    }
    place_cpus(&n);
    if (n.nr_promised != n.nr_listed) {
        facts_note(f, "numactl says that %d nodes are available, and lists %d", (int)n.nr_promised,
                   n.nr_listed);
    }
    if (n.nr_again > 0) {
        facts_note(f, "CPUs are listed on several nodes, %d times: taken as on the first",
                   n.nr_again);
    }
    f->lists_all_online = true; /* libnuma reads nodes' cpumap, which has no others */
    facts_state(f, MACHINE_CPUS, "numactl --hardware");
    if (n.memory) {
        facts_state(f, MACHINE_MEMORY, "numactl --hardware");
    }
    if (n.distances) {
        facts_state(f, MACHINE_DISTANCES, "numactl --hardware");
    }
    return g_steal_pointer(&f);
}

const struct facts_reader facts_numactl = {
    .name = "numactl",
    .summary = "the text of `numactl --hardware`",
    .recognises = recognises,
    .read = read_numactl,
};
