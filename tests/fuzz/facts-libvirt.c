/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as libvirt domain XML. */
#include "facts-target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    facts_target(&facts_libvirt, data, size);
    return 0;
}
