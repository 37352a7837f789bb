/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel command line says of the machine it boots on
 * (Documentation/admin-guide/kernel-parameters.txt, 6.12).
 */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/qemu-guest.h"

/* One option of the kernel's and where it stands. */
struct parameter {
    struct qemu_guest *guest;
    const char *value; /* behind the '=', or "" */
    const struct qemu_place *places;
};

/* The flags before the list, which is returned; those that the kernel knows end in a comma. */
static const char *read_flags(const struct parameter *p, bool *ret_domain)
{
    static const char *const flags[] = {"domain,", "nohz,", "managed_irq,"};
    bool known[G_N_ELEMENTS(flags)] = {false};
    const char *list = p->value;

    while (g_ascii_isalpha(*list)) {
        const size_t length = strcspn(list, ",");
        size_t flag = 0;

        while (flag < G_N_ELEMENTS(flags) && !g_str_has_prefix(list, flags[flag])) {
            flag++;
        }
        if (flag < G_N_ELEMENTS(flags)) {
            known[flag] = true;
        } else {
            facts_note(p->guest->facts,
                       "isolcpus=%s: the kernel takes %.*s for a flag that it "
                       "does not know, and skips it",
                       p->value, (int)length, list);
        }
        list += length + (list[length] == ',');
    }
    *ret_domain = known[0] || (!known[1] && !known[2]);
    return list;
}

/*
 * `isolcpus=[flags,]list` (kernel/sched/isolation.c: housekeeping_isolcpus_setup(), 6.12): without a
 * flag `domain` is meant, and only that one takes CPUs out of the domains. The first such list
 * stands, and one that differs from it is ignored (housekeeping_setup()).
 */
static void read_isolcpus(const struct parameter *p)
{
    struct qemu_boot *const boot = &p->guest->boot;
    bool domain;
    const char *const list = read_flags(p, &domain);

    if (!domain) {
        facts_note(p->guest->facts,
                   "isolcpus=%s isolates from the tick or interrupts alone: the "
                   "CPUs stay in the domains",
                   p->value);
    } else if (boot->isolated_list == NULL) {
        boot->isolated_list = g_strdup(list);
        boot->isolated_flags = g_strndup(p->value, (gsize)(list - p->value));
        boot->isolated_place = p->places[list - p->value];
    } else if (strcmp(boot->isolated_list, list) != 0) {
        facts_note(p->guest->facts, "isolcpus=%s: the kernel ignores it, for the first, %s, stands",
                   p->value, boot->isolated_list);
    }
}

/* @list with each number N, which is the last possible CPU, written out. */
static char *expand_last(const char *list, int32_t nr_possible)
{
    GString *text = g_string_new(NULL);

    for (; *list != '\0'; list++) {
        if (*list == 'N') {
            g_string_append_printf(text, "%d", nr_possible - 1);
        } else {
            g_string_append_c(text, *list);
        }
    }
    return g_string_free(text, FALSE);
}

/* The kernel keeps a CPU for housekeeping (kernel/sched/isolation.c: housekeeping_setup()). */
static void keep_one_housekeeper(struct qemu_guest *guest)
{
    struct facts *const f = guest->facts;

    for (guint i = 0; i < f->cpus->len; i++) {
        const int32_t id = g_array_index(f->cpus, struct facts_cpu, i).id;

        if (!bitmap_test(guest->boot.isolated, (uint32_t)id)) {
            return;
        }
    }
    bitmap_clear(guest->boot.isolated, 0);
    facts_note(f, "all CPUs are isolated: the kernel keeps CPU 0 out of that");
}

bool qemu_guest_isolate(struct qemu_guest *guest, int32_t nr_possible, GError **error)
{
    struct qemu_boot *const boot = &guest->boot;
    g_autofree uint64_t *isolated = bitmap_new(FACTS_MAX_CPU_ID);
    g_autoptr(GError) why = NULL;
    g_autofree char *list = NULL;

    if (boot->isolated_list == NULL) {
        return true;
    }
    list = expand_last(boot->isolated_list, nr_possible);
    if (!bitmap_parse_list(list, isolated, FACTS_MAX_CPU_ID, &why)) {
        return qemu_error(guest->in, boot->isolated_place, error,
                          "isolcpus=%s%s: %s; expected a list such as 2-3,8", boot->isolated_flags,
                          boot->isolated_list, why->message);
    }
    if (bitmap_next(isolated, FACTS_MAX_CPU_ID, (uint32_t)nr_possible) < FACTS_MAX_CPU_ID) {
        facts_note(guest->facts,
                   "isolcpus=%s%s goes beyond the last possible CPU, %d: the kernel ignores it",
                   boot->isolated_flags, boot->isolated_list, nr_possible - 1);
        return true;
    }
    boot->isolated = g_steal_pointer(&isolated);
    keep_one_housekeeper(guest);
    return true;
}

static bool read_count(const struct parameter *p, int64_t *ret_count, GError **error)
{
    struct qemu_pair pair = {(char *)(guintptr) "the number of CPUs", (char *)(guintptr)p->value,
                             p->places[0], p->places[0]};

    return qemu_integer(p->guest->in, &pair, 0, INT32_MAX, ret_count, error);
}

/* Several limits: the least holds. `mem=nopentium` is no size. */
static bool read_mem(const struct parameter *p, GError **error)
{
    struct qemu_boot *const boot = &p->guest->boot;
    struct qemu_pair pair = {(char *)(guintptr) "mem", (char *)(guintptr)p->value, p->places[0],
                             p->places[0]};
    int64_t bytes;

    if (strcmp(p->value, "nopentium") == 0) {
        return true;
    }
    if (!qemu_size(p->guest->in, &pair, 1, &bytes, error)) {
        return false;
    }
    if (bytes == 0) {
        return qemu_error(p->guest->in, p->places[0], error,
                          "mem=%s leaves no memory; expected a size such as 512M", p->value);
    }
    boot->memory_bytes = boot->memory_bytes < 0 ? bytes : MIN(boot->memory_bytes, bytes);
    facts_note(p->guest->facts, "mem=%s: the kernel uses that much of the guest's memory",
               p->value);
    return true;
}

/* `numa=off`, `noacpi`, `nohmat`, `fake=` (arch/x86/mm/numa.c: numa_setup(), 6.12). */
static void read_numa(const struct parameter *p)
{
    struct qemu_boot *const boot = &p->guest->boot;

    if (strcmp(p->value, "off") == 0 || strcmp(p->value, "noacpi") == 0) {
        boot->numa_off = true;
    } else if (strcmp(p->value, "nohmat") == 0) {
        boot->no_hmat = true;
        facts_note(p->guest->facts, "numa=nohmat: the kernel reads no latency and no bandwidth");
    } else if (g_str_has_prefix(p->value, "fake=")) {
        facts_note(p->guest->facts,
                   "numa=%s: the kernel's made-up nodes are not modelled: left out", p->value);
    }
}

static bool read_parameter(const struct parameter *p, const char *name, GError **error)
{
    struct qemu_boot *const boot = &p->guest->boot;

    if (strcmp(name, "isolcpus") == 0) {
        read_isolcpus(p);
        return true;
    }
    if (strcmp(name, "mem") == 0) {
        return read_mem(p, error);
    }
    if (strcmp(name, "maxcpus") == 0) {
        return read_count(p, &boot->max_cpus, error);
    }
    if (strcmp(name, "nr_cpus") == 0) {
        return read_count(p, &boot->nr_cpus, error);
    }
    if (strcmp(name, "nosmp") == 0) {
        boot->max_cpus = 0;
    } else if (strcmp(name, "nosmt") == 0) {
        boot->nosmt = true;
    } else if (strcmp(name, "numa") == 0) {
        read_numa(p);
    } else if (strcmp(name, "acpi") == 0 && strcmp(p->value, "off") == 0) {
        boot->acpi_off = true;
    } else if (strcmp(name, "relax_domain_level") == 0) {
        facts_note(p->guest->facts,
                   "relax_domain_level=%s is a setting of the scheduler, not of the machine: "
                   "left out",
                   p->value);
    }
    return true;
}

bool qemu_guest_boot(struct qemu_guest *guest, const struct qemu_word *word, GError **error)
{
    const char *text = word->text;

    while (*text != '\0') {
        const size_t length = strcspn(text, " \t\n");
        g_autofree char *option = g_strndup(text, length);
        char *const equals = strchr(option, '=');
        const size_t skip = equals != NULL ? (size_t)(equals - option) + 1 : length;
        const struct parameter p = {.guest = guest,
                                    .value = option + skip,
                                    .places = word->places + (text - word->text) + skip};

        if (equals != NULL) {
            *equals = '\0';
        }
        /* What follows belongs to init. */
        if (strcmp(option, "--") == 0) {
            return true;
        }
        if (!read_parameter(&p, option, error)) {
            return false;
        }
        text += length;
        text += strspn(text, " \t\n");
    }
    return true;
}
