/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as what lscpu prints: with -p, -e, -J, or without. */
#include "facts-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct facts_reader *const readers[] = {&facts_lscpu_p, &facts_lscpu_e,
                                                         &facts_lscpu_json, &facts_lscpu_text};

    for (size_t i = 0; i < G_N_ELEMENTS(readers); i++) {
        facts_target(readers[i], data, size);
    }
    return 0;
}
