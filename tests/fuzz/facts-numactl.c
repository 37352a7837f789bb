/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as what numactl --hardware prints. */
#include "facts-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    facts_target(&facts_numactl, data, size);
    return 0;
}
