/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an archive of CPUID dumps, and any files in a good archive. */
#include "facts-target.h"
#include "tar-of-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) tar = tar_of_text(data, size);

    facts_target(&facts_cpuid, tar->data, tar->len);
    return 0;
}
