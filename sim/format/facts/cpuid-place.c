/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a CPU stands, from its APIC id: Intel SDM vol. 3A 9.9.3 (leaves 1, 4, 0BH, 1FH); AMD APM
 * vol. 3 appendix E.4 and AMD's CPUID specification 25481 (80000005H, 6H, 8H, 1DH, 1EH).
 */
#include <string.h>

#include "format/facts/cpuid-private.h"

/* Level types of leaves 0BH and 1FH. */
enum { LEVEL_INVALID, LEVEL_THREAD, LEVEL_CORE, LEVEL_MODULE, LEVEL_TILE, LEVEL_DIE };
#define MAX_CACHE_BYTES (INT64_C(1) << 40)
enum { MAX_LEVELS = 8, TOPOLOGY_EXTENSIONS = 1 << 22, MULTITHREADING = 1 << 28 };

static uint32_t round_up_to_power_of_2(uint32_t n)
{
    uint32_t power = 1;

    while (power < n && power < 1u << 31) {
        power <<= 1;
    }
    return power;
}

static bool is_amd(const struct cpuid *c)
{
    g_autofree char *vendor = cpuid_vendor(c);

    return strcmp(vendor, "AuthenticAMD") == 0 || strcmp(vendor, "HygonGenuine") == 0;
}

/* True iff leaf @leaf enumerates levels by the bits of the APIC id; then @p is placed. */
static bool place_by_levels(const struct cpuid *c, uint32_t leaf, struct cpuid_place *p)
{
    uint32_t below = 0; /* how many bits number what lies within the level at hand */

    if (cpuid_ask(c, leaf, 0)[CPUID_EBX] == 0) {
        return false;
    }
    p->apic = cpuid_ask(c, leaf, 0)[CPUID_EDX];
    for (uint32_t level = 0; level < MAX_LEVELS; level++) {
        const uint32_t *out = cpuid_ask(c, leaf, level);
        const uint32_t type = (out[CPUID_ECX] >> 8) & 0xff;

        if (type == LEVEL_INVALID) {
            break;
        }
        if (type == LEVEL_CORE) {
            p->core = p->apic >> below;
        } else if (type == LEVEL_MODULE) {
            p->cluster = p->apic >> below;
        } else if (type == LEVEL_DIE) {
            p->die = p->apic >> below;
        }
        below = out[CPUID_EAX] & 0x1f;
    }
    p->package = p->apic >> below;
    if (p->core == UINT32_MAX) {
        p->core = p->apic;
    }
    return true;
}

/* CPUs of a package as leaf 1 numbers them: a power of two that may exceed what there is. */
static uint32_t package_width(const struct cpuid *c)
{
    const uint32_t *out = cpuid_ask(c, 1, 0);

    return (out[CPUID_EDX] & MULTITHREADING) != 0
               ? round_up_to_power_of_2((out[CPUID_EBX] >> 16) & 0xff)
               : 1;
}

/* Before leaf 0BH: a package's ids are one block, and each core's are a smaller one. */
static void place_by_counts(const struct cpuid *c, struct cpuid_place *p)
{
    const uint32_t width = package_width(c);
    const uint32_t ecx = cpuid_ask(c, 0x80000008, 0)[CPUID_ECX];
    uint32_t cores = 1;

    p->apic = cpuid_ask(c, 1, 0)[CPUID_EBX] >> 24;
    if (is_amd(c)) {
        cores = ((ecx >> 12) & 0xf) != 0 ? 1u << ((ecx >> 12) & 0xf) : (ecx & 0xff) + 1;
    } else if (cpuid_ask(c, 4, 0)[CPUID_EAX] != 0) {
        cores = (cpuid_ask(c, 4, 0)[CPUID_EAX] >> 26) + 1;
    }
    p->package = p->apic / width;
    p->core = p->apic / MAX(width / round_up_to_power_of_2(cores), 1);
}

/* From Zen on, 8000001EH counts the threads of a core; before, it counted cores of a unit. */
static void place_by_extensions(const struct cpuid *c, struct cpuid_place *p)
{
    const uint32_t *out = cpuid_ask(c, 0x8000001e, 0);
    const uint32_t threads = ((out[CPUID_EBX] >> 8) & 0xff) + 1;

    p->apic = out[CPUID_EAX];
    p->package = p->apic / package_width(c);
    p->core = cpuid_family(c) >= 0x17 ? p->apic / threads : p->apic;
}

/* --- Caches -------------------------------------------------------------------------------------- */

static void set_cache(struct cpuid_place *p, uint32_t level, uint32_t id, int64_t bytes)
{
    if (level == 1) {
        p->l1d_bytes = bytes;
    } else if (level == 2) {
        p->l2 = id;
        p->l2_bytes = bytes;
    } else if (level == 3) {
        p->l3 = id;
        p->l3_bytes = bytes;
    }
}

/*
 * Processors of two dies before Zen (families 10h and 15h) report the package's whole L3, but each
 * die has a half: BIOS and Kernel Developer's Guides 31116 and 42301, "node".
 */
static void halve_l3(const struct cpuid *c, struct cpuid_place *p)
{
    const uint32_t family = cpuid_family(c), width = package_width(c);
    const uint32_t *ext = cpuid_ask(c, 0x8000001e, 0);
    const uint32_t cores = (cpuid_ask(c, 0x80000008, 0)[CPUID_ECX] & 0xff) + 1;

    if (p->l3 == UINT32_MAX) {
        return;
    }
    if (family == 0x15 && ((ext[CPUID_ECX] >> 8) & 7) > 0) {
        p->l3 = ext[CPUID_ECX] & 0xff;
        p->l3_bytes /= ((ext[CPUID_ECX] >> 8) & 7) + 1;
    } else if (family == 0x10 && cpuid_model(c) == 9 && cores >= 8) {
        p->l3 = 2 * (p->apic / width) + (p->apic % width >= cores / 2);
        p->l3_bytes /= 2;
    }
}

/* Ways, partitions and line in EBX, sets in ECX, each less one; 0 if no cache can be so large. */
static int64_t cache_bytes(const uint32_t *out)
{
    const int64_t ways = (int64_t)(out[CPUID_EBX] >> 22) + 1;
    const int64_t partitions = (int64_t)((out[CPUID_EBX] >> 12) & 0x3ff) + 1;
    const int64_t set_bytes = ways * partitions * ((out[CPUID_EBX] & 0xfff) + 1);
    const int64_t sets = (int64_t)out[CPUID_ECX] + 1;

    return sets <= MAX_CACHE_BYTES / set_bytes ? sets * set_bytes : 0;
}

/* Leaf 4, and AMD's 8000001DH of the same shape. False if there is none. */
static bool read_caches(const struct cpuid *c, uint32_t leaf, struct cpuid_place *p)
{
    bool any = false;

    for (uint32_t i = 0; i < MAX_LEVELS; i++) {
        const uint32_t *out = cpuid_ask(c, leaf, i);
        const uint32_t type = out[CPUID_EAX] & 0x1f, level = (out[CPUID_EAX] >> 5) & 7;
        const uint32_t sharers = ((out[CPUID_EAX] >> 14) & 0xfff) + 1;

        if (type == 0) {
            break;
        }
        any = true;
        if (type != 2) { /* instructions alone */
            p->line_bytes = (out[CPUID_EBX] & 0xfff) + 1;
            set_cache(p, level, p->apic / round_up_to_power_of_2(sharers), cache_bytes(out));
        }
    }
    return any;
}

/* AMD before 8000001DH: L1 and L2 are the core's, L3 the package's. */
static void read_old_amd_caches(const struct cpuid *c, struct cpuid_place *p)
{
    const uint32_t l1 = cpuid_ask(c, 0x80000005, 0)[CPUID_ECX];
    const uint32_t l2 = cpuid_ask(c, 0x80000006, 0)[CPUID_ECX];
    const uint32_t l3 = cpuid_ask(c, 0x80000006, 0)[CPUID_EDX];

    p->line_bytes = l1 & 0xff;
    set_cache(p, 1, p->core, (int64_t)(l1 >> 24) << 10);
    if (l2 >> 16 != 0) {
        set_cache(p, 2, p->core, (int64_t)(l2 >> 16) << 10);
    }
    if (l3 >> 18 != 0) {
        set_cache(p, 3, p->package, (int64_t)(l3 >> 18) << 19);
    }
}

void cpuid_place(const struct cpuid *c, struct cpuid_place *ret)
{
    const bool amd = is_amd(c);
    const bool extended =
        amd && (cpuid_ask(c, 0x80000001, 0)[CPUID_ECX] & TOPOLOGY_EXTENSIONS) != 0;

    memset(ret, 0xff, sizeof(*ret));
    ret->l1d_bytes = ret->l2_bytes = ret->l3_bytes = 0;
    ret->line_bytes = 0;
    if (!(!amd && place_by_levels(c, 0x1f, ret)) && !place_by_levels(c, 0xb, ret)) {
        if (extended) {
            place_by_extensions(c, ret);
        } else {
            place_by_counts(c, ret);
        }
    }
    if (amd && !(extended && read_caches(c, 0x8000001d, ret))) {
        read_old_amd_caches(c, ret);
    } else if (!amd) {
        read_caches(c, 4, ret);
    }
    if (amd) {
        halve_l3(c, ret);
    }
}
