/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as hwloc XML. */
#include "facts-target.h"

const char *__lsan_default_suppressions(void);

/* hwloc 2.9 loses objects that it cannot insert, and distances of version 1. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhwloc\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    facts_target(&facts_hwloc_xml, data, size);
    return 0;
}
