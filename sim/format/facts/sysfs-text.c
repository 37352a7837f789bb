/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single files of sysfs: numbers, lists, bitmaps, sizes. */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/sysfs-private.h"

/* No file with one value in it is longer, however many CPUs a list names. */
enum { MAX_VALUE_BYTES = 64 << 10 };

/* arch/x86/include/asm/sparsemem.h: MAX_PHYSMEM_BITS, the largest of any architecture here. */
#define MAX_BYTES (INT64_C(1) << 52)

bool sysfs_int(const struct sysfs *s, int64_t *ret, const char *format, ...)
{
    g_autofree char *path = NULL, *text = NULL;
    char *end;
    va_list args;
    int64_t value;

    va_start(args, format);
    path = g_strdup_vprintf(format, args);
    va_end(args);
    text = facts_tree_head(s->tree, MAX_VALUE_BYTES, "%s", path);
    if (text == NULL) {
        return false;
    }
    value = g_ascii_strtoll(text, &end, 10);
    if (end == text) {
        return false;
    }
    *ret = value;
    return true;
}

bool sysfs_list(const struct sysfs *s, uint64_t *map, uint32_t nr_bits, const char *format, ...)
{
    g_autofree char *path = NULL, *text = NULL;
    va_list args;

    va_start(args, format);
    path = g_strdup_vprintf(format, args);
    va_end(args);
    text = facts_tree_head(s->tree, MAX_VALUE_BYTES, "%s", path);
    return text != NULL && bitmap_parse_list(text, map, nr_bits, NULL);
}

bool sysfs_parse_map(const char *text, uint64_t *map, uint32_t nr_bits)
{
    uint32_t bit = 0;

    memset(map, 0, BITMAP_WORDS(nr_bits) * sizeof(*map));
    for (size_t i = strlen(text); i-- > 0;) {
        const int digit = g_ascii_xdigit_value(text[i]);

        if (text[i] == ',') {
            continue;
        }
        if (digit < 0) {
            return false;
        }
        for (uint32_t k = 0; k < 4; k++, bit++) {
            if ((digit >> k) & 1) {
                if (bit >= nr_bits) {
                    return false;
                }
                bitmap_set(map, bit);
            }
        }
    }
    return bit > 0;
}

/* Reads @folder/@file, a map or a list. False if it is not there, or is no such thing, which is told. */
static bool read_cpus(const struct sysfs *s, uint64_t *numbers, const char *folder,
                      const char *file, bool map)
{
    g_autofree char *text = facts_tree_head(s->tree, MAX_VALUE_BYTES, "%s/%s", folder, file);

    if (text == NULL) {
        return false;
    }
    if (map ? sysfs_parse_map(text, numbers, FACTS_MAX_CPU_ID)
            : bitmap_parse_list(text, numbers, FACTS_MAX_CPU_ID, NULL)) {
        return true;
    }
    g_ptr_array_add(s->malformed, g_strdup_printf("%s/%s", folder, file));
    return false;
}

bool sysfs_cpu_set(const struct sysfs *s, uint64_t *set, const char *folder, const char *map,
                   const char *list)
{
    g_autofree uint64_t *numbers = bitmap_new(FACTS_MAX_CPU_ID);
    const bool found =
        read_cpus(s, numbers, folder, map, true) || read_cpus(s, numbers, folder, list, false);

    memset(set, 0, BITMAP_WORDS(s->nr) * sizeof(*set));
    for (uint32_t id = found ? bitmap_next(numbers, FACTS_MAX_CPU_ID, 0) : FACTS_MAX_CPU_ID;
         id < FACTS_MAX_CPU_ID; id = bitmap_next(numbers, FACTS_MAX_CPU_ID, id + 1)) {
        if (s->index[id] >= 0) {
            bitmap_set(set, (uint32_t)s->index[id]);
        } else {
            bitmap_set(s->strangers, id);
        }
    }
    return found;
}

int64_t sysfs_size(const char *text)
{
    char *end = NULL;
    const int64_t number = text != NULL ? g_ascii_strtoll(text, &end, 10) : 0;
    const int shift = number <= 0 ? 0 : *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;

    return number > 0 && number <= MAX_BYTES >> shift ? number << shift : 0;
}

int32_t sysfs_number_of(const char *name, const char *prefix, int32_t max)
{
    const char *digits = name + strlen(prefix);
    char *end;
    int64_t number;

    if (!g_str_has_prefix(name, prefix) || !g_ascii_isdigit(*digits)) {
        return -1;
    }
    number = g_ascii_strtoll(digits, &end, 10);
    return *end == '\0' && number < max ? (int32_t)number : -1;
}

char *sysfs_cpuinfo_value(const char *cpuinfo, const char *key)
{
    for (const char *line = cpuinfo; line != NULL && *line != '\0';) {
        const char *end = line + strcspn(line, "\n");

        if (g_str_has_prefix(line, key)) {
            const char *colon = line + strlen(key);

            colon += strspn(colon, " \t");
            if (*colon == ':') {
                return g_strstrip(g_strndup(colon + 1, (gsize)(end - colon - 1)));
            }
        }
        line = *end == '\n' ? end + 1 : end;
    }
    return NULL;
}
