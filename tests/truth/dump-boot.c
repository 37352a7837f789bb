/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump-boot.h"

#include <string.h>

#include "base/bitmap.h"

bool dump_read_list(const char *text, uint64_t *map, int32_t nr_cpus)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);
    g_autofree char *last = g_strdup_printf("%d", nr_cpus - 1);
    g_autofree uint64_t *item = bitmap_new((uint32_t)nr_cpus);
    guint i;

    memset(map, 0, BITMAP_WORDS(nr_cpus) * sizeof(*map));
    for (i = 0; items[i]; i++) {
        g_autoptr(GString) plain = g_string_new(g_strstrip(items[i]));

        if (g_ascii_strncasecmp(plain->str, "all", 3) == 0) {
            g_string_erase(plain, 0, 3);
            g_string_prepend(plain, last);
            g_string_prepend(plain, "0-");
        }
        g_string_replace(plain, "N", last, 0);
        if (!*plain->str) {
            continue;
        }
        if (!bitmap_parse_list(plain->str, item, (uint32_t)nr_cpus, NULL)) {
            memset(map, 0, BITMAP_WORDS(nr_cpus) * sizeof(*map));
            return false;
        }
        bitmap_or(map, map, item, (uint32_t)nr_cpus);
    }
    return true;
}

/* The text after "@key=" if @word says that, else NULL. */
static const char *value_of(const char *word, const char *key)
{
    const size_t length = strlen(key);

    return g_str_has_prefix(word, key) && word[length] == '=' ? word + length + 1 : NULL;
}

/* The last number that one of @words gives for @key, or @otherwise. */
static int32_t number_of(char *const *words, const char *key, int32_t otherwise)
{
    for (; *words; words++) {
        const char *text = value_of(*words, key);

        if (text) {
            otherwise = (int32_t)g_ascii_strtoll(text, NULL, 0);
        }
    }
    return otherwise;
}

/*
 * kernel/sched/isolation.c: housekeeping_isolcpus_setup(): flags come first, each ended by a comma;
 * without any, and with "domain", the CPUs leave the domains. A flag that is not known is skipped.
 */
static bool read_isolcpus(const char *text, uint64_t *map, int32_t nr_cpus)
{
    bool any = false, domain = false;

    while (g_ascii_isalpha(*text)) {
        const size_t length = strcspn(text, ",");

        any |= g_str_has_prefix(text, "nohz,") || g_str_has_prefix(text, "managed_irq,") ||
               g_str_has_prefix(text, "domain,");
        domain |= g_str_has_prefix(text, "domain,");
        if (text[length] == '\0') {
            return false;
        }
        text += length + 1;
    }
    return (domain || !any) && dump_read_list(text, map, nr_cpus);
}

/*
 * The first isolcpus= that isolates domains counts; housekeeping_setup() keeps the boot CPU if no
 * CPU that may come up would be left.
 */
static void set_isolated(struct dump_boot *boot, char *const *words, int32_t nr_cpus)
{
    const int32_t possible =
        CLAMP(MIN(number_of(words, "nr_cpus", nr_cpus), number_of(words, "possible_cpus", nr_cpus)),
              1, nr_cpus);
    const int32_t max_cpus = number_of(words, "maxcpus", nr_cpus);
    int32_t cpu;

    boot->isolated = bitmap_new((uint32_t)nr_cpus);
    for (; *words; words++) {
        const char *text = value_of(*words, "isolcpus");

        if (text && read_isolcpus(text, boot->isolated, possible)) {
            break;
        }
    }
    for (cpu = 0; cpu < possible && bitmap_test(boot->isolated, (uint32_t)cpu); cpu++) {
    }
    if (cpu >= possible || cpu >= MAX(max_cpus, 1)) {
        bitmap_clear(boot->isolated, 0);
    }
}

/* The guest's init takes CPUs down one by one, as the list names them. */
static void set_offlined(struct dump_boot *boot, char *const *words, int32_t nr_cpus)
{
    g_autofree uint64_t *map = bitmap_new((uint32_t)nr_cpus);

    boot->offlined = g_array_new(FALSE, FALSE, sizeof(int32_t));
    for (; *words; words++) {
        const char *text = value_of(*words, "offline");
        g_auto(GStrv) items = g_strsplit(text ? text : "", ",", -1);
        guint i;

        for (i = 0; items[i]; i++) {
            int32_t cpu;

            dump_read_list(items[i], map, nr_cpus);
            for (cpu = 0; cpu < nr_cpus; cpu++) {
                if (bitmap_test(map, (uint32_t)cpu)) {
                    g_array_append_val(boot->offlined, cpu);
                }
            }
        }
    }
}

void dump_boot_init(struct dump_boot *boot, const char *append, int32_t nr_cpus)
{
    g_auto(GStrv) words = g_strsplit_set(append ? append : "", " \t\n", -1);
    guint i;

    memset(boot, 0, sizeof(*boot));
    for (i = 0; words[i]; i++) {
        const char *numa = value_of(words[i], "numa");

        if (numa) {
            boot->numa_off |= strcmp(numa, "off") == 0 || strcmp(numa, "noacpi") == 0;
        }
    }
    boot->relax_domain_level = number_of(words, "relax_domain_level", -1);
    set_isolated(boot, words, nr_cpus);
    set_offlined(boot, words, nr_cpus);
}

void dump_boot_release(struct dump_boot *boot)
{
    g_clear_pointer(&boot->isolated, g_free);
    g_clear_pointer(&boot->offlined, g_array_unref);
}
