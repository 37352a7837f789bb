/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as hwloc XML. */
#include "facts-target.h"

const char *__lsan_default_suppressions(void);

/* hwloc 2.9 loses an object that it cannot insert; a topology that we lose is still found. */
const char *__lsan_default_suppressions(void)
{
    return "leak:hwloc_alloc_setup_object\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    facts_target(&facts_hwloc_xml, data, size);
    return 0;
}
