/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a QEMU command line that make the machine, other than -numa. */
#include <string.h>

#include "base/error.h"
#include "format/facts/qemu-guest.h"

typedef GArray pairs_t; /* for g_autoptr(pairs_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(pairs_t, g_array_unref)

static bool is_on(const struct qemu_pair *pair)
{
    return pair->value == NULL || g_strcmp0(pair->value, "on") == 0 ||
           g_strcmp0(pair->value, "yes") == 0 || g_strcmp0(pair->value, "true") == 0;
}

static bool read_smp(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "cpus", error);

    if (pairs == NULL) {
        return false;
    }
    guest->smp_place = word->places[0];
    for (guint i = 0; i < pairs->len; i++) {
        const struct qemu_pair *pair = &g_array_index(pairs, struct qemu_pair, i);
        int key = 0;

        while (qemu_smp_names[key] != NULL && strcmp(qemu_smp_names[key], pair->key) != 0) {
            key++;
        }
        if (key == NR_QEMU_SMP) {
            const char *const nearest = error_nearest(pair->key, qemu_smp_names);

            return qemu_error(guest->in, pair->key_place, error,
                              "-smp has no '%s'; expected cpus, maxcpus, sockets, dies, clusters, "
                              "modules, cores or threads%s%s%s",
                              pair->key, nearest != NULL ? " (did you mean '" : "",
                              nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
        }
        if (!qemu_integer(guest->in, pair, 1, MACHINE_MAX_CPUS, &guest->smp[key], error)) {
            return false;
        }
    }
    return true;
}

static bool read_memory(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "size", error);
    const struct qemu_pair *size;

    if (pairs == NULL) {
        return false;
    }
    size = qemu_pairs_find(pairs, "size");
    return size == NULL ||
           qemu_size(guest->in, size, INT64_C(1) << 20, &guest->memory_bytes, error);
}

/* "memory-backend-ram,id=m0,size=1G"; the host's nodes say where the memory comes from. */
static bool read_object(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "qom-type", error);
    const struct qemu_pair *type, *id, *size;
    g_autoptr(GString) host_nodes = g_string_new(NULL);
    struct qemu_backend *backend;
    int64_t bytes;

    if (pairs == NULL) {
        return false;
    }
    type = qemu_pairs_find(pairs, "qom-type");
    if (type == NULL || type->value == NULL || !g_str_has_prefix(type->value, "memory-backend-")) {
        return true;
    }
    id = qemu_pairs_find(pairs, "id");
    size = qemu_pairs_find(pairs, "size");
    if (id == NULL || id->value == NULL || size == NULL) {
        return qemu_error(guest->in, word->places[0], error,
                          "%s without %s; expected id= and size=", type->value,
                          id == NULL || id->value == NULL ? "id" : "size");
    }
    if (!qemu_size(guest->in, size, 1, &bytes, error)) {
        return false;
    }
    for (guint i = 0; i < pairs->len; i++) {
        const struct qemu_pair *pair = &g_array_index(pairs, struct qemu_pair, i);

        if (strcmp(pair->key, "host-nodes") == 0 && pair->value != NULL) {
            g_string_append_printf(host_nodes, "%s%s", host_nodes->len > 0 ? "," : "", pair->value);
        }
    }
    backend = g_new0(struct qemu_backend, 1);
    backend->size_bytes = bytes;
    backend->host_nodes = host_nodes->len > 0 ? g_strdup(host_nodes->str) : NULL;
    g_hash_table_replace(guest->backends, g_strdup(id->value), backend);
    return true;
}

/* The level by its singular ("die", "core"); NR_QEMU_LEVELS: none. */
static enum qemu_smp find_level(const char *name)
{
    int level = 0;

    while (level < NR_QEMU_LEVELS && (strlen(name) + 1 != strlen(qemu_smp_names[level]) ||
                                      !g_str_has_prefix(qemu_smp_names[level], name))) {
        level++;
    }
    return (enum qemu_smp)level;
}

/* "smp-cache.0.cache=l3,smp-cache.0.topology=die" (hw/core/machine-smp.c, QEMU 10.0). */
static bool read_smp_caches(struct qemu_guest *guest, const GArray *pairs, GError **error)
{
    for (guint i = 0; i < pairs->len; i++) {
        const struct qemu_pair *const pair = &g_array_index(pairs, struct qemu_pair, i);
        g_autofree char *key = NULL;
        const struct qemu_pair *level;
        enum qemu_smp found;
        const bool l2 = g_strcmp0(pair->value, "l2") == 0, l3 = g_strcmp0(pair->value, "l3") == 0;

        if (!g_str_has_prefix(pair->key, "smp-cache.") || !g_str_has_suffix(pair->key, ".cache") ||
            !(l2 || l3)) {
            continue;
        }
        key = g_strdup_printf("%.*s.topology", (int)(strlen(pair->key) - strlen(".cache")),
                              pair->key);
        level = qemu_pairs_find(pairs, key);
        if (level == NULL || g_strcmp0(level->value, "default") == 0) {
            continue;
        }
        found = find_level(level->value != NULL ? level->value : "");
        if (found == NR_QEMU_LEVELS) {
            return qemu_error(guest->in, level->value_place, error,
                              "'%s' for %s; expected thread, core, module, cluster, die, socket, "
                              "book, drawer or default",
                              level->value != NULL ? level->value : "", key);
        }
        guest->cache_level[l3] = found;
    }
    return true;
}

static bool read_machine(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "type", error);
    const struct qemu_pair *type, *accel;

    if (pairs == NULL) {
        return false;
    }
    type = qemu_pairs_find(pairs, "type");
    accel = qemu_pairs_find(pairs, "accel");
    if (type != NULL && type->value != NULL) {
        qemu_guest_machine(guest, type->value);
    }
    if (accel != NULL && accel->value != NULL) {
        guest->kvm = g_str_has_prefix(accel->value, "kvm");
    }
    return read_smp_caches(guest, pairs, error);
}

static bool read_accel(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    (void)error;
    guest->kvm = guest->kvm || g_str_has_prefix(word->text, "kvm");
    return true;
}

bool qemu_guest_cpu(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "model", error);
    const struct qemu_pair *model;

    if (pairs == NULL) {
        return false;
    }
    model = qemu_pairs_find(pairs, "model");
    if (model != NULL && model->value != NULL) {
        g_free(guest->cpu_model);
        guest->cpu_model = g_strdup(model->value);
    }
    for (guint i = 0; i < pairs->len; i++) {
        const struct qemu_pair *pair = &g_array_index(pairs, struct qemu_pair, i);
        const bool on = pair->key[0] != '-' && is_on(pair);
        const char *const flag = pair->key + (pair->key[0] == '+' || pair->key[0] == '-');

        if (strcmp(flag, "l3-cache") == 0) {
            guest->l3_cache = on;
        } else if (strcmp(flag, "host-cache-info") == 0) {
            guest->host_cache = on;
        } else if (strcmp(flag, "topoext") == 0) {
            guest->topoext = on;
            guest->topoext_off = !on;
        }
    }
    return true;
}

/* A DIMM: memory that its node has beside that of -numa. */
static bool read_dimm(struct qemu_guest *guest, const GArray *pairs, const struct qemu_word *word,
                      GError **error)
{
    const struct qemu_pair *const memdev = qemu_pairs_find(pairs, "memdev");
    const struct qemu_pair *const node = qemu_pairs_find(pairs, "node");
    struct qemu_dimm dimm = {.place = word->places[0]};
    int64_t id = 0;

    if (memdev == NULL || memdev->value == NULL) {
        return qemu_error(guest->in, word->places[0], error,
                          "memory device without memdev; expected memdev=ID of an -object");
    }
    if (node != NULL && !qemu_integer(guest->in, node, 0, FACTS_MAX_NODE_ID - 1, &id, error)) {
        return false;
    }
    dimm.memdev = g_strdup(memdev->value);
    dimm.node = (int32_t)id;
    g_array_append_val(guest->dimms, dimm);
    return true;
}

/* A CPU that is plugged into a place which -smp maxcpus left free. */
static bool read_plugged(struct qemu_guest *guest, const GArray *pairs,
                         const struct qemu_word *word, GError **error)
{
    struct qemu_assignment cpu = {.node = -1, .first = -1, .last = -1, .place = word->places[0]};

    for (int level = 0; level < NR_QEMU_LEVELS; level++) {
        g_autofree char *key = g_strdup_printf("%.*s-id", (int)strlen(qemu_smp_names[level]) - 1,
                                               qemu_smp_names[level]);
        const struct qemu_pair *const pair = qemu_pairs_find(pairs, key);
        int64_t id = -1;

        if (pair != NULL && !qemu_integer(guest->in, pair, 0, MACHINE_MAX_CPUS, &id, error)) {
            return false;
        }
        cpu.id[level] = (int32_t)id;
    }
    if (guest->plugged->len >= MACHINE_MAX_CPUS) {
        return qemu_error(guest->in, word->places[0], error, "more than %d CPU devices",
                          MACHINE_MAX_CPUS);
    }
    g_array_append_val(guest->plugged, cpu);
    return true;
}

static bool read_device(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    g_autoptr(pairs_t) pairs = qemu_pairs(guest->in, word, "driver", error);
    const struct qemu_pair *driver;

    if (pairs == NULL) {
        return false;
    }
    driver = qemu_pairs_find(pairs, "driver");
    if (driver == NULL || driver->value == NULL) {
        return true;
    }
    if (strcmp(driver->value, "pc-dimm") == 0 ||
        g_str_has_prefix(driver->value, "virtio-mem-pci")) {
        return read_dimm(guest, pairs, word, error);
    }
    if (g_str_has_suffix(driver->value, "-x86_64-cpu") ||
        g_str_has_suffix(driver->value, "-arm-cpu")) {
        return read_plugged(guest, pairs, word, error);
    }
    if (strcmp(driver->value, "nvdimm") == 0 || g_str_has_prefix(driver->value, "cxl-type3")) {
        facts_note(guest->facts,
                   "-device %s: no memory of a node until the guest makes it so: "
                   "left out",
                   driver->value);
    }
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct qemu_guest *guest, const struct qemu_word *word, GError **error);
} options[] = {
    {"smp", read_smp},         {"m", read_memory},      {"object", read_object},
    {"machine", read_machine}, {"M", read_machine},     {"cpu", qemu_guest_cpu},
    {"accel", read_accel},     {"device", read_device}, {"numa", qemu_guest_numa},
};

/* The architecture in the name of the program, "/usr/bin/qemu-system-aarch64". */
static void read_program(struct qemu_guest *guest, const char *text)
{
    static const char *const names[NR_ARCHS] = {[ARCH_X86_64] = "x86_64",
                                                [ARCH_ARM64] = "aarch64",
                                                [ARCH_PPC64] = "ppc64",
                                                [ARCH_IA64] = "ia64",
                                                [ARCH_RISCV64] = "riscv64"};
    const char *const system = strstr(text, "qemu-system-");

    for (int arch = 0; system != NULL && arch < NR_ARCHS; arch++) {
        if (strcmp(system + strlen("qemu-system-"), names[arch]) == 0) {
            guest->arch = arch;
        }
    }
}

/*
 * The value of -append and the words behind it that begin no option: `ps` shows it without quotes.
 * Moves @at to the last word used.
 */
static bool read_append(struct qemu_guest *guest, const GPtrArray *words, guint *at, GError **error)
{
    bool ok = qemu_guest_boot(guest, g_ptr_array_index(words, *at), error);

    while (ok && *at + 1 < words->len) {
        const struct qemu_word *const word = g_ptr_array_index(words, *at + 1);

        if (word->text[0] == '-') {
            break;
        }
        ok = qemu_guest_boot(guest, word, error);
        (*at)++;
    }
    return ok;
}

/* The option @name whose value is word @at, which exists. */
static bool read_option(struct qemu_guest *guest, const char *name, const GPtrArray *words,
                        guint *at, GError **error)
{
    if (strcmp(name, "append") == 0) {
        guest->has_option = true;
        return read_append(guest, words, at, error);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(options[i].name, name) == 0) {
            guest->has_option = true;
            return options[i].read(guest, g_ptr_array_index(words, *at), error);
        }
    }
    (*at)--;
    return true;
}

bool qemu_guest_options(struct qemu_guest *guest, const GPtrArray *words, GError **error)
{
    for (guint i = 0; i < words->len; i++) {
        const struct qemu_word *const word = g_ptr_array_index(words, i);
        const char *const name = word->text + strspn(word->text, "-");

        if (word->text[0] != '-') {
            read_program(guest, word->text);
        } else if (strcmp(name, "enable-kvm") == 0) {
            guest->kvm = guest->has_option = true;
        } else if (i + 1 < words->len) {
            i++;
            if (!read_option(guest, name, words, &i, error)) {
                return false;
            }
        } else if (strcmp(name, "smp") == 0 || strcmp(name, "numa") == 0 ||
                   strcmp(name, "m") == 0) {
            return qemu_error(guest->in, word->places[0], error,
                              "-%s is the last word; expected "
                              "its value behind it",
                              name);
        }
    }
    return true;
}
