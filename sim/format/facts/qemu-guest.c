/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine's life, its type, and what -smp leaves out. */
#include "format/facts/qemu-guest.h"

#include <string.h>

const char *const qemu_smp_names[NR_QEMU_SMP + 1] = {
    [QEMU_DRAWERS] = "drawers", [QEMU_BOOKS] = "books",       [QEMU_SOCKETS] = "sockets",
    [QEMU_DIES] = "dies",       [QEMU_CLUSTERS] = "clusters", [QEMU_MODULES] = "modules",
    [QEMU_CORES] = "cores",     [QEMU_THREADS] = "threads",   [QEMU_CPUS] = "cpus",
    [QEMU_MAXCPUS] = "maxcpus"};

static void clear_node(gpointer node)
{
    g_free(((struct qemu_node *)node)->memdev);
}

static void clear_dimm(gpointer dimm)
{
    g_free(((struct qemu_dimm *)dimm)->memdev);
}

static void free_backend(gpointer data)
{
    struct qemu_backend *backend = data;

    g_free(backend->host_nodes);
    g_free(backend);
}

struct qemu_guest *qemu_guest_new(const struct facts_input *in, const char *source)
{
    struct qemu_guest *guest = g_new0(struct qemu_guest, 1);

    guest->in = in;
    guest->cpus_source = "QEMU -smp";
    guest->nodes_source = "QEMU -numa";
    guest->smp_place = (struct qemu_place){1, 1};
    guest->memory_bytes = FACTS_UNKNOWN;
    guest->arch = FACTS_UNKNOWN;
    guest->l3_cache = true;
    guest->cache_level[0] = guest->cache_level[1] = NR_QEMU_LEVELS;
    guest->nodes = g_array_new(FALSE, FALSE, sizeof(struct qemu_node));
    g_array_set_clear_func(guest->nodes, clear_node);
    guest->backends = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_backend);
    guest->assignments = g_array_new(FALSE, FALSE, sizeof(struct qemu_assignment));
    guest->plugged = g_array_new(FALSE, FALSE, sizeof(struct qemu_assignment));
    guest->links = g_array_new(FALSE, FALSE, sizeof(struct qemu_link));
    guest->dimms = g_array_new(FALSE, FALSE, sizeof(struct qemu_dimm));
    g_array_set_clear_func(guest->dimms, clear_dimm);
    guest->places = g_array_new(FALSE, FALSE, sizeof(int64_t));
    guest->boot.memory_bytes = -1;
    guest->boot.max_cpus = guest->boot.nr_cpus = -1;
    guest->facts = facts_new(source);
    return guest;
}

void qemu_guest_free(struct qemu_guest *guest)
{
    if (guest == NULL) {
        return;
    }
    g_free(guest->machine);
    g_free(guest->cpu_model);
    g_array_unref(guest->nodes);
    g_hash_table_unref(guest->backends);
    g_array_unref(guest->assignments);
    g_array_unref(guest->plugged);
    g_array_unref(guest->links);
    g_array_unref(guest->dimms);
    g_array_unref(guest->places);
    g_free(guest->boot.isolated_list);
    g_free(guest->boot.isolated_flags);
    g_free(guest->boot.isolated);
    facts_free(guest->facts);
    g_free(guest);
}

/* True iff @type ends in "-X.Y", a version before 6.2. */
static bool is_before_6_2(const char *type)
{
    const char *const version = strrchr(type, '-');
    const char *const point = version != NULL ? strchr(version, '.') : NULL;
    guint64 major;

    if (point == NULL || !g_ascii_isdigit(version[1]) || !g_ascii_isdigit(point[1])) {
        return false;
    }
    major = g_ascii_strtoull(version + 1, NULL, 10);
    return major < 6 || (major == 6 && g_ascii_strtoull(point + 1, NULL, 10) < 2);
}

void qemu_guest_machine(struct qemu_guest *guest, const char *type)
{
    g_free(guest->machine);
    guest->machine = g_strdup(type);
    guest->prefer_sockets = is_before_6_2(type);
    if (guest->arch >= 0) {
        return;
    }
    if (g_str_has_prefix(type, "q35") || g_str_has_prefix(type, "pc") ||
        g_str_has_prefix(type, "microvm")) {
        guest->arch = ARCH_X86_64;
    } else if (g_str_has_prefix(type, "virt") || g_str_has_prefix(type, "sbsa")) {
        guest->arch = ARCH_ARM64;
    } else if (g_str_has_prefix(type, "pseries")) {
        guest->arch = ARCH_PPC64;
    }
}

/* How many CPUs the levels make, those not given as 1; -1 if far too many. */
static int64_t product(const struct qemu_guest *guest)
{
    int64_t cpus = 1;

    for (int level = 0; level < NR_QEMU_LEVELS; level++) {
        cpus *= MAX(guest->smp[level], 1);
        if (cpus > FACTS_MAX_CPU_ID) {
            return -1;
        }
    }
    return cpus;
}

/* A level not given takes what the others leave of the CPUs. */
static void divide(struct qemu_guest *guest, enum qemu_smp level)
{
    const int64_t others = product(guest);

    if (guest->smp[level] == 0) {
        guest->smp[level] = others > 0 ? guest->smp[QEMU_MAXCPUS] / others : 0;
    }
}

/* The level to which missing CPUs go: cores since QEMU 6.2, sockets before. */
static enum qemu_smp preferred(const struct qemu_guest *guest)
{
    const int64_t *const smp = guest->smp;

    if (guest->prefer_sockets) {
        return smp[QEMU_SOCKETS] == 0 ? QEMU_SOCKETS
               : smp[QEMU_CORES] == 0 ? QEMU_CORES
                                      : QEMU_THREADS;
    }
    return smp[QEMU_CORES] == 0 ? QEMU_CORES : smp[QEMU_SOCKETS] == 0 ? QEMU_SOCKETS : QEMU_THREADS;
}

bool qemu_guest_complete_smp(struct qemu_guest *guest, GError **error)
{
    int64_t *const smp = guest->smp;
    const bool guessed = smp[QEMU_CORES] == 0 || smp[QEMU_SOCKETS] == 0;
    int64_t total;

    if (smp[QEMU_CPUS] > 0 || smp[QEMU_MAXCPUS] > 0) {
        smp[QEMU_MAXCPUS] = smp[QEMU_MAXCPUS] > 0 ? smp[QEMU_MAXCPUS] : smp[QEMU_CPUS];
        if (guessed && smp[QEMU_MAXCPUS] > 1) {
            facts_note(guest->facts, "-smp names no %s: QEMU %s makes %s of all that is left",
                       smp[QEMU_CORES] == 0 ? "cores" : "sockets",
                       guest->prefer_sockets ? "before 6.2" : "since 6.2",
                       qemu_smp_names[preferred(guest)]);
        }
        divide(guest, preferred(guest));
    }
    for (int level = 0; level < NR_QEMU_LEVELS; level++) {
        smp[level] = MAX(smp[level], 1);
    }
    total = product(guest);
    smp[QEMU_MAXCPUS] = smp[QEMU_MAXCPUS] > 0 ? smp[QEMU_MAXCPUS] : total;
    smp[QEMU_CPUS] = smp[QEMU_CPUS] > 0 ? smp[QEMU_CPUS] : smp[QEMU_MAXCPUS];
    if (total != smp[QEMU_MAXCPUS] || total > MACHINE_MAX_CPUS) {
        return qemu_error(guest->in, guest->smp_place, error,
                          "sockets, cores and the other levels make %" G_GINT64_FORMAT
                          " CPUs; expected maxcpus, %" G_GINT64_FORMAT ", and at most %d",
                          total, smp[QEMU_MAXCPUS], MACHINE_MAX_CPUS);
    }
    if (smp[QEMU_CPUS] > smp[QEMU_MAXCPUS]) {
        return qemu_error(guest->in, guest->smp_place, error,
                          "%" G_GINT64_FORMAT " CPUs; expected at most maxcpus, %" G_GINT64_FORMAT,
                          smp[QEMU_CPUS], smp[QEMU_MAXCPUS]);
    }
    return true;
}

struct facts *qemu_guest_finish(struct qemu_guest *guest, GError **error)
{
    struct facts *f = guest->facts;

    if (guest->arch < 0 && guest->machine == NULL) {
        guest->arch = ARCH_X86_64;
        facts_note(f, "no machine type is named: an x86 PC");
    }
    f->arch = guest->arch;
    f->hybrid = 0;
    if (guest->boot.acpi_off && guest->arch == ARCH_X86_64 && guest->nodes->len > 0) {
        facts_note(f, "acpi=off: the kernel finds neither SRAT nor SLIT");
        guest->boot.numa_off = true;
    }
    if (!qemu_guest_complete_smp(guest, error) || !qemu_guest_make_cpus(guest, error) ||
        !qemu_guest_make_nodes(guest, error)) {
        return NULL;
    }
    qemu_guest_make_caches(guest);
    facts_state(f, MACHINE_CPUS, guest->cpus_source);
    guest->facts = NULL;
    return f;
}
