/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to facts-cpuid*.c: what one x86 CPU answers to CPUID. */
#ifndef NUMASIM_FORMAT_FACTS_CPUID_PRIVATE_H
#define NUMASIM_FORMAT_FACTS_CPUID_PRIVATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/facts.h"

enum cpuid_register { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX, NR_CPUID_REGISTERS };

/* One line of a dump: the registers asked with, which of them matter (a mask), and the answer. */
struct cpuid_leaf {
    uint32_t mask, in[NR_CPUID_REGISTERS], out[NR_CPUID_REGISTERS];
};

struct cpuid {
    GArray *leaves; /* struct cpuid_leaf */
};

/* The answer to leaf @eax, subleaf @ecx; four zeros if the dump has none. */
const uint32_t *cpuid_ask(const struct cpuid *c, uint32_t eax, uint32_t ecx);

/* The CPU's name and maker as text, newly allocated. */
char *cpuid_vendor(const struct cpuid *c);
char *cpuid_brand(const struct cpuid *c);
uint32_t cpuid_family(const struct cpuid *c);
uint32_t cpuid_model(const struct cpuid *c);

/* Numbers of the objects that the CPU is in, unique in the machine; UINT32_MAX: not stated. */
struct cpuid_place {
    uint32_t apic, core, cluster, die, package;
    uint32_t l2, l3;
    int64_t l1d_bytes, l2_bytes, l3_bytes;
    uint32_t line_bytes;
};
void cpuid_place(const struct cpuid *c, struct cpuid_place *ret);

#endif
