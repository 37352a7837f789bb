/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel-invariants.c and its part that recounts memory. */
#ifndef NUMASIM_TESTS_KERNEL_INVARIANTS_PRIVATE_H
#define NUMASIM_TESTS_KERNEL_INVARIANTS_PRIVATE_H

#include "kernel/internal.h"

#define MUST(k, condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            violated(k, #condition, g_strdup_printf(__VA_ARGS__));                                 \
        }                                                                                          \
    } while (0)

/* Ends the test program; frees @where. */
void violated(const struct kernel *k, const char *condition, char *where);

/* Pages, their copies, and what cgroups are charged for them. */
void check_memory(const struct kernel *k);

#endif
