/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of CPUs they are: the names that tools have for it, and what Linux makes of that. */
#include <string.h>

#include "machine/facts.h"

/* `uname -m` and its relatives, by what they begin with. */
static const struct {
    const char *prefix;
    enum machine_arch arch;
    bool modelled; /* else it only comes nearest */
} archs[] = {
    {"x86_64", ARCH_X86_64, true}, {"amd64", ARCH_X86_64, true},  {"aarch64", ARCH_ARM64, true},
    {"arm64", ARCH_ARM64, true},   {"ppc", ARCH_PPC64, true},     {"powerpc", ARCH_PPC64, true},
    {"ia64", ARCH_IA64, true},     {"riscv", ARCH_RISCV64, true}, {"i386", ARCH_X86_64, false},
    {"i486", ARCH_X86_64, false},  {"i586", ARCH_X86_64, false},  {"i686", ARCH_X86_64, false},
    {"x86", ARCH_X86_64, false},   {"arm", ARCH_ARM64, false},
};

void facts_take_arch(struct facts *f, const char *name)
{
    if (name == NULL || *name == '\0') {
        return;
    }
    g_clear_pointer(&f->other_arch, g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(archs); i++) {
        if (g_str_has_prefix(name, archs[i].prefix)) {
            f->arch = (int32_t)archs[i].arch;
            f->other_arch = archs[i].modelled ? NULL : g_strdup(name);
            return;
        }
    }
    /* Its levels are those of kernel/sched/topology.c: default_topology[], as most others' are. */
    f->arch = ARCH_ARM64;
    f->other_arch = g_strdup(name);
}

const char *facts_vendor_name(const char *vendor)
{
    static const struct {
        const char *id, *name;
    } vendors[] = {{"GenuineIntel", "Intel"}, {"AuthenticAMD", "AMD"}, {"HygonGenuine", "Hygon"}};

    for (size_t i = 0; vendor != NULL && i < G_N_ELEMENTS(vendors); i++) {
        if (strcmp(vendor, vendors[i].id) == 0) {
            return vendors[i].name;
        }
    }
    return vendor;
}

bool facts_is_zen(const struct facts *f)
{
    static const char *const names[] = {"EPYC", "Ryzen", "Threadripper", "Dhyana"};
    enum { FIRST_ZEN_FAMILY = 0x17 };
    const char *vendor = facts_vendor_name(f->vendor);

    if (vendor != NULL && strcmp(vendor, "AMD") != 0) {
        return strcmp(vendor, "Hygon") == 0;
    }
    if (vendor != NULL && f->cpu_family > 0) {
        return f->cpu_family >= FIRST_ZEN_FAMILY;
    }
    for (size_t i = 0; f->model != NULL && i < G_N_ELEMENTS(names); i++) {
        if (strstr(f->model, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

int32_t facts_reclaim_distance(const struct facts *f, enum machine_arch arch)
{
    switch (arch) {
    case ARCH_X86_64:
        return facts_is_zen(f) ? 32 : 30;
    case ARCH_PPC64:
        return 10;
    case ARCH_IA64:
        return 15;
    default:
        return 30;
    }
}
