/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs of a guest: how QEMU numbers them, and which caches their model shows. */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/qemu-guest.h"

/* The places for CPUs, each with its id at every level. */
struct slots {
    int64_t nr;
    int64_t unit[NR_QEMU_LEVELS]; /* CPUs in one of the level */
    int32_t *node;                /* [nr], -1: none yet */
    bool *present;                /* [nr] */
};

/* Threads are numbered next to each other, then cores, and so on outwards. */
static void init_slots(struct slots *s, const struct qemu_guest *guest)
{
    int64_t unit = 1;

    for (int level = NR_QEMU_LEVELS; level-- > 0;) {
        s->unit[level] = unit;
        unit *= guest->smp[level];
    }
    s->nr = unit;
    s->node = g_new(int32_t, (size_t)s->nr);
    s->present = g_new0(bool, (size_t)s->nr);
    for (int64_t cpu = 0; cpu < s->nr; cpu++) {
        s->node[cpu] = -1;
        s->present[cpu] = cpu < guest->smp[QEMU_CPUS];
    }
}

/* The id that `-numa cpu` calls the slot by, counted within the next level outwards. */
static int64_t slot_id(const struct qemu_guest *guest, const struct slots *s, int64_t slot,
                       int level)
{
    /* hw/ppc/spapr.c: spapr_possible_cpu_arch_ids(): a core's id is its first CPU. */
    if (guest->arch == ARCH_PPC64 && level == QEMU_CORES) {
        return slot - slot % s->unit[QEMU_CORES];
    }
    return slot / s->unit[level] % guest->smp[level];
}

static bool matches(const struct qemu_guest *guest, const struct slots *s, int64_t slot,
                    const struct qemu_assignment *a)
{
    if (a->first >= 0) {
        return slot >= a->first && slot <= a->last;
    }
    for (int level = 0; level < NR_QEMU_LEVELS; level++) {
        if (a->id[level] >= 0 && a->id[level] != slot_id(guest, s, slot, level)) {
            return false;
        }
    }
    return true;
}

static bool assign(const struct qemu_guest *guest, struct slots *s, const struct qemu_assignment *a,
                   GError **error)
{
    int64_t nr_found = 0;

    if (a->first >= 0 && a->last >= s->nr) {
        return qemu_error(guest->in, a->place, error,
                          "CPU %d of node %d; expected one below maxcpus, %" G_GINT64_FORMAT,
                          a->last, a->node, s->nr);
    }
    for (int64_t slot = 0; slot < s->nr; slot++) {
        if (!matches(guest, s, slot, a)) {
            continue;
        }
        if (s->node[slot] >= 0 && s->node[slot] != a->node) {
            return qemu_error(guest->in, a->place, error,
                              "CPU %" G_GINT64_FORMAT " for node %d; expected none that node %d "
                              "has",
                              slot, a->node, s->node[slot]);
        }
        s->node[slot] = a->node;
        nr_found++;
    }
    return nr_found > 0 || qemu_error(guest->in, a->place, error,
                                      "-smp makes no CPU with these ids; expected one it makes");
}

/*
 * CPUs that no -numa names: if none is named, whole sockets in turn (hw/i386/x86-common.c:
 * x86_get_default_cpu_node_id(), hw/arm/virt.c: virt_get_default_cpu_node_id()), else node 0
 * (hw/core/machine.c: machine_numa_finish_cpu_init()).
 */
static void assign_rest(const struct qemu_guest *guest, struct slots *s)
{
    const bool none_named = guest->assignments->len == 0;
    g_autofree uint64_t *rest = bitmap_new((uint32_t)s->nr);

    for (int64_t slot = 0; slot < s->nr; slot++) {
        const int64_t nth = slot / s->unit[QEMU_SOCKETS] % MAX(guest->nodes->len, 1u);

        if (s->node[slot] >= 0) {
            continue;
        }
        bitmap_set(rest, (uint32_t)slot);
        s->node[slot] = 0;
        if (none_named && guest->nodes->len > 0) {
            s->node[slot] = g_array_index(guest->nodes, struct qemu_node, nth).id;
        }
    }
    if (guest->nodes->len > 1 && none_named) {
        facts_note(guest->facts,
                   "no CPU is given to a node: QEMU gives them whole sockets in turn");
    } else if (guest->nodes->len > 0 && !bitmap_empty(rest, (uint32_t)s->nr)) {
        g_autofree char *list = bitmap_to_list(rest, (uint32_t)s->nr);

        facts_note(guest->facts, "CPUs %s are given to no node: QEMU gives them to node 0", list);
    }
}

static bool plug(const struct qemu_guest *guest, struct slots *s, GError **error)
{
    for (guint i = 0; i < guest->plugged->len; i++) {
        const struct qemu_assignment *a = &g_array_index(guest->plugged, struct qemu_assignment, i);
        int64_t slot = 0;

        while (slot < s->nr && (s->present[slot] || !matches(guest, s, slot, a))) {
            slot++;
        }
        if (slot == s->nr) {
            return qemu_error(guest->in, a->place, error,
                              "a CPU device without a free place; expected ids within -smp "
                              "maxcpus=%" G_GINT64_FORMAT,
                              s->nr);
        }
        s->present[slot] = true;
    }
    return true;
}

/*
 * One CPU of the guest. A modern kernel shows no die on ARM and no clusters on x86, where the
 * cluster is the cores that share an L2.
 */
static void make_cpu(struct qemu_guest *guest, const struct slots *s, int64_t slot, int32_t id)
{
    struct facts_cpu *cpu = facts_cpu(guest->facts, id);

    cpu->group[FACTS_CORE] = (int32_t)(slot / s->unit[QEMU_CORES]);
    cpu->group[FACTS_DIE] = (int32_t)(slot / s->unit[QEMU_DIES]);
    cpu->group[FACTS_PACKAGE] = (int32_t)(slot / s->unit[QEMU_SOCKETS]);
    if (guest->smp[QEMU_CLUSTERS] > 1) {
        cpu->group[FACTS_CLUSTER] = (int32_t)(slot / s->unit[QEMU_CLUSTERS]);
    }
    cpu->group[FACTS_NODE] = guest->boot.numa_off ? 0 : s->node[slot];
    g_array_append_val(guest->places, slot);
    /* maxcpus=0 leaves the boot CPU, as maxcpus=1 does. */
    cpu->offline = (guest->boot.max_cpus >= 0 && id >= MAX(guest->boot.max_cpus, 1)) ||
                   (guest->boot.nosmt && slot % s->unit[QEMU_CORES] != 0);
}

static bool isolate(struct qemu_guest *guest, int32_t nr_possible, GError **error)
{
    if (!qemu_guest_isolate(guest, nr_possible, error)) {
        return false;
    }
    for (guint i = 0; guest->boot.isolated != NULL && i < guest->facts->cpus->len; i++) {
        struct facts_cpu *cpu = &g_array_index(guest->facts->cpus, struct facts_cpu, i);

        cpu->isolated = bitmap_test(guest->boot.isolated, (uint32_t)cpu->id);
    }
    return true;
}

bool qemu_guest_make_cpus(struct qemu_guest *guest, GError **error)
{
    struct slots s;
    int32_t id = 0;
    bool ok = true;

    init_slots(&s, guest);
    for (guint i = 0; ok && i < guest->assignments->len; i++) {
        ok =
            assign(guest, &s, &g_array_index(guest->assignments, struct qemu_assignment, i), error);
    }
    ok = ok && plug(guest, &s, error);
    if (ok) {
        assign_rest(guest, &s);
        /* The firmware lists the places in order, and the kernel numbers those with a CPU. */
        for (int64_t slot = 0; slot < s.nr; slot++) {
            if (s.present[slot] && (guest->boot.nr_cpus < 0 || id < MAX(guest->boot.nr_cpus, 1))) {
                make_cpu(guest, &s, slot, id++);
            }
        }
        if (id < s.nr) {
            facts_note(guest->facts,
                       "of %" G_GINT64_FORMAT " possible CPUs %d are there at boot: "
                       "the others are left out",
                       s.nr, id);
        }
        memcpy(guest->unit, s.unit, sizeof(guest->unit));
        ok = isolate(
            guest, (int32_t)(guest->boot.nr_cpus >= 0 ? CLAMP(guest->boot.nr_cpus, 1, s.nr) : s.nr),
            error);
    }
    g_free(s.node);
    g_free(s.present);
    return ok;
}

/* The makers of QEMU's x86 models that are not Intel's, and which of them are Zen. */
static const struct {
    const char *prefix, *vendor;
    bool zen;
} makers[] = {
    {"EPYC", "AMD", true},          {"Dhyana", "Hygon", true}, {"Opteron", "AMD", false},
    {"athlon", "AMD", false},       {"phenom", "AMD", false},  {"qemu64", "AMD", false},
    {"YongFeng", "Zhaoxin", false},
};

/* Data cache of a core, L2 and L3 as QEMU's models show them (target/i386/cpu.c, 8.2). */
static const struct {
    const char *prefix;
    int32_t l1d_kib, l2_kib, l3_kib;
} sizes[] = {
    {"EPYC-Genoa", 32, 1024, 32768}, {"EPYC-Milan", 32, 512, 32768}, {"EPYC-Rome", 32, 512, 16384},
    {"EPYC", 32, 512, 8192},         {"Opteron", 64, 512, 16384},    {"athlon", 64, 512, 16384},
    {"phenom", 64, 512, 16384},      {"qemu64", 64, 512, 16384},     {"Dhyana", 32, 512, 8192},
    {"", 32, 4096, 16384},
};

static void make_sizes(struct qemu_guest *guest, const char *model)
{
    size_t row = 0;

    while (!g_str_has_prefix(model, sizes[row].prefix)) {
        row++;
    }
    for (guint i = 0; i < guest->facts->cpus->len; i++) {
        struct facts_cpu *cpu = &g_array_index(guest->facts->cpus, struct facts_cpu, i);

        cpu->l1d_bytes = INT64_C(1024) * sizes[row].l1d_kib;
        cpu->l2_bytes = INT64_C(1024) * sizes[row].l2_kib;
        cpu->l3_bytes = guest->l3_cache ? INT64_C(1024) * sizes[row].l3_kib : 0;
    }
    facts_state(guest->facts, MACHINE_CACHES, "QEMU's CPU model");
}

/* Who shares the L2: the core, unless smp-cache says otherwise. */
static enum qemu_smp l2_level(const struct qemu_guest *guest)
{
    return guest->cache_level[0] != NR_QEMU_LEVELS ? guest->cache_level[0] : QEMU_CORES;
}

/*
 * Who shares the L3: the die. A model of AMD tells that by leaf 0x8000001D, which a guest believes
 * only with topoext; KVM gives it to EPYC models, emulation does not, and then it is the package.
 */
static enum qemu_smp l3_level(const struct qemu_guest *guest, bool amd, bool zen)
{
    const bool topoext = guest->topoext || (zen && guest->kvm && !guest->topoext_off);

    if (guest->cache_level[1] != NR_QEMU_LEVELS) {
        return guest->cache_level[1];
    }
    if (amd && !topoext && guest->smp[QEMU_DIES] > 1) {
        facts_note(guest->facts, "a CPU model of AMD's without topoext: one L3 for a package");
        return QEMU_SOCKETS;
    }
    return QEMU_DIES;
}

/* CPUs in one and the same of a level of -smp share a cache. */
static void share_caches(struct qemu_guest *guest, enum qemu_smp l2, enum qemu_smp l3)
{
    for (guint i = 0; i < guest->facts->cpus->len; i++) {
        struct facts_cpu *cpu = &g_array_index(guest->facts->cpus, struct facts_cpu, i);
        const int64_t place = g_array_index(guest->places, int64_t, i);

        cpu->group[FACTS_L2] = (int32_t)(place / guest->unit[l2]);
        if (guest->l3_cache) {
            cpu->group[FACTS_L3] = (int32_t)(place / guest->unit[l3]);
        }
    }
}

void qemu_guest_make_caches(struct qemu_guest *guest)
{
    const char *const model = guest->cpu_model != NULL ? guest->cpu_model : "qemu64";
    const bool any = g_str_has_prefix(model, "host") || g_str_has_prefix(model, "max");
    const char *vendor = "Intel";
    bool zen = false;

    guest->facts->model = g_strdup(guest->cpu_model);
    if (guest->arch != ARCH_X86_64) {
        if (guest->cache_level[1] != NR_QEMU_LEVELS) {
            share_caches(guest, l2_level(guest), guest->cache_level[1]);
        }
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(makers); i++) {
        if (g_str_has_prefix(model, makers[i].prefix)) {
            vendor = makers[i].vendor;
            zen = makers[i].zen;
        }
    }
    if (!any) {
        guest->facts->vendor = g_strdup(vendor);
        /* arch/x86/kernel/cpu/amd.c and hygon.c set it on Zen, 6.12. */
        guest->facts->reclaim_distance = zen ? 32 : 30;
    }
    if (guest->host_cache) {
        facts_note(guest->facts, "host-cache-info=on: the caches are the host's, which the command "
                                 "line does not tell");
        return;
    }
    share_caches(guest, l2_level(guest), l3_level(guest, !any && strcmp(vendor, "AMD") == 0, zen));
    make_sizes(guest, model);
}
