/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel command line says of the machine it boots on
 * (Documentation/admin-guide/kernel-parameters.txt, 6.12).
 */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts-qemu-guest.h"

/* One option of the kernel's and where it stands. */
struct parameter {
    struct qemu_guest *guest;
    const char *value; /* behind the '=', or "" */
    const struct qemu_place *places;
};

/*
 * `isolcpus=[flags,]list` (kernel/sched/isolation.c: housekeeping_isolcpus_setup()): without a flag
 * `domain` is meant, and only that one takes CPUs out of the domains.
 */
static bool read_isolcpus(const struct parameter *p, GError **error)
{
    g_autofree uint64_t *isolated = bitmap_new(FACTS_MAX_CPU_ID);
    g_autoptr(GError) why = NULL;
    bool any_flag = false, domain = false;
    const char *list = p->value;

    while (g_ascii_isalpha(*list) && strcmp(list, "all") != 0) {
        const size_t length = strcspn(list, ",");

        if (strncmp(list, "domain", MAX(length, 6)) == 0) {
            any_flag = domain = true;
        } else if (strncmp(list, "nohz", MAX(length, 4)) == 0 ||
                   strncmp(list, "managed_irq", MAX(length, 11)) == 0) {
            any_flag = true;
        }
        list += length + (list[length] == ',');
    }
    if (any_flag && !domain) {
        facts_note(p->guest->facts,
                   "isolcpus=%s isolates from the tick or interrupts alone: the "
                   "CPUs stay in the domains",
                   p->value);
        return true;
    }
    if (strcmp(list, "all") == 0) {
        bitmap_fill(isolated, FACTS_MAX_CPU_ID);
    } else if (!bitmap_parse_list(list, isolated, FACTS_MAX_CPU_ID, &why)) {
        return qemu_error(p->guest->in, p->places[list - p->value], error,
                          "isolcpus=%s: %s; expected a list such as 2-3,8", p->value, why->message);
    }
    g_free(p->guest->boot.isolated);
    p->guest->boot.isolated = g_steal_pointer(&isolated);
    return true;
}

static bool read_count(const struct parameter *p, int64_t *ret_count, GError **error)
{
    struct qemu_pair pair = {(char *)(guintptr) "the number of CPUs", (char *)(guintptr)p->value,
                             p->places[0], p->places[0]};

    return qemu_integer(p->guest->in, &pair, 0, INT32_MAX, ret_count, error);
}

static bool read_parameter(const struct parameter *p, const char *name, GError **error)
{
    struct qemu_boot *const boot = &p->guest->boot;

    if (strcmp(name, "isolcpus") == 0) {
        return read_isolcpus(p, error);
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
    } else if (strcmp(name, "numa") == 0 && strcmp(p->value, "off") == 0) {
        boot->numa_off = true;
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
