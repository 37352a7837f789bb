/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt fills into a domain before it starts QEMU. */
#include "base/bitmap.h"
#include "format/facts/libvirt.h"

static bool is_cell(const struct qemu_guest *guest, int32_t id)
{
    for (guint i = 0; i < guest->nodes->len; i++) {
        if (g_array_index(guest->nodes, struct qemu_node, i).id == id) {
            return true;
        }
    }
    return false;
}

/* Siblings and interconnects may name a cell that stands behind them. */
static bool check_links(struct libvirt *x, GError **error)
{
    for (guint i = 0; i < x->guest->links->len; i++) {
        const struct qemu_link *link = &g_array_index(x->guest->links, struct qemu_link, i);

        if (!is_cell(x->guest, link->from) || !is_cell(x->guest, link->to)) {
            return qemu_error(x->in, link->place, error,
                              "there is no cell %d; expected one of "
                              "<numa>",
                              is_cell(x->guest, link->from) ? link->to : link->from);
        }
    }
    return true;
}

/* A cell without CPUs hangs on the one that reaches it fastest, as libvirt tells QEMU. */
static void choose_initiators(struct qemu_guest *guest)
{
    for (guint i = 0; i < guest->nodes->len; i++) {
        struct qemu_node *node = &g_array_index(guest->nodes, struct qemu_node, i);
        int64_t best_ns = INT64_MAX;

        for (guint j = 0; j < guest->links->len; j++) {
            const struct qemu_link *link = &g_array_index(guest->links, struct qemu_link, j);

            if (link->pair == FACTS_LATENCY_NS && link->to == node->id && link->value < best_ns) {
                best_ns = link->value;
                node->initiator = link->from;
            }
        }
    }
}

/* What stands for all vCPUs or all memory, for those that nothing else is said of. */
static void pin_the_rest(struct libvirt *x)
{
    struct facts *f = x->guest->facts;
    g_autofree uint64_t *pinned = bitmap_new(FACTS_MAX_CPU_ID);
    g_autofree uint64_t *bound = bitmap_new(FACTS_MAX_NODE_ID);
    g_autofree char *cpus =
        x->vcpu_set != NULL ? bitmap_to_list(x->vcpu_set, FACTS_MAX_CPU_ID) : NULL;

    for (guint i = 0; i < f->pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(f->pins, i);

        bitmap_set(pin->memory ? bound : pinned, (uint32_t)pin->id);
    }
    for (int32_t cpu = 0; cpus != NULL && cpu < x->guest->smp[QEMU_MAXCPUS]; cpu++) {
        if (!bitmap_test(pinned, (uint32_t)cpu)) {
            facts_pin(f, false, cpu, cpus);
        }
    }
    for (guint i = 0; x->memory_nodes != NULL && i < MAX(x->guest->nodes->len, 1u); i++) {
        const int32_t id =
            x->guest->nodes->len > 0 ? g_array_index(x->guest->nodes, struct qemu_node, i).id : 0;

        if (!bitmap_test(bound, (uint32_t)id)) {
            facts_pin(f, true, id, x->memory_nodes);
        }
    }
}

/* libvirt passes over pins of vCPUs and cells that the guest does not have. */
static void drop_pins_of_nothing(struct libvirt *x)
{
    struct qemu_guest *const guest = x->guest;
    GPtrArray *const pins = guest->facts->pins;

    for (guint i = 0; i < pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(pins, i);
        const bool there = pin->memory ? guest->nodes->len == 0 || is_cell(guest, pin->id)
                                       : pin->id < guest->smp[QEMU_MAXCPUS];

        if (!there) {
            facts_note(guest->facts, "%s %d is pinned and not there: left out",
                       pin->memory ? "cell" : "vCPU", pin->id);
            g_ptr_array_remove_index(pins, i--);
        }
    }
}

struct facts *libvirt_domain_finish(struct libvirt *x, GError **error)
{
    struct qemu_guest *guest = x->guest;
    int64_t *const smp = guest->smp;
    struct facts *f;

    /* libvirt's defaults: one vCPU, and each a socket of its own. */
    smp[QEMU_MAXCPUS] = MAX(smp[QEMU_MAXCPUS], 1);
    if (!x->has_topology) {
        smp[QEMU_SOCKETS] = smp[QEMU_MAXCPUS];
        smp[QEMU_CORES] = smp[QEMU_THREADS] = 1;
        facts_note(guest->facts, "no <topology>: libvirt makes each vCPU a socket");
    }
    if (guest->nodes->len > 0 && guest->assignments->len == 0) {
        const struct qemu_assignment all = {.node =
                                                g_array_index(guest->nodes, struct qemu_node, 0).id,
                                            .last = (int32_t)smp[QEMU_MAXCPUS] - 1,
                                            .place = guest->smp_place};

        g_array_append_val(guest->assignments, all);
    }
    if (guest->nodes->len > 0) {
        /* libvirt takes the sum of the cells for <memory>. */
        guest->memory_bytes = FACTS_UNKNOWN;
    }
    if (x->current_bytes >= 0 && x->current_bytes < guest->memory_bytes) {
        facts_note(guest->facts, "<currentMemory> is less than <memory>: a balloon holds the rest, "
                                 "which counts here");
    }
    if (!qemu_guest_options(guest, x->arguments, error) || !check_links(x, error)) {
        return NULL;
    }
    choose_initiators(guest);
    drop_pins_of_nothing(x);
    pin_the_rest(x);
    f = qemu_guest_finish(guest, error);
    return f;
}
