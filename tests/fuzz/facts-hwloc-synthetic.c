/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an hwloc synthetic string. */
#include "facts-target.h"

const char *__lsan_default_suppressions(void);

/* hwloc 2.9 loses the "[numa]" levels of a string that it refuses further on. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhwloc\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    facts_target(&facts_hwloc_synthetic, data, size);
    return 0;
}
