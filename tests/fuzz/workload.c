/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a workload file: an error or a workload that can be shown, never a crash. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "format/workload-yaml.h"
#include "workload/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(workload_t) w = workload_read_yaml_buffer("fuzz", (const char *)data, size, &error);

    if (w != NULL) {
        g_autofree char *text = workload_show(w);

        g_assert(text[0] != '\0');
    } else {
        g_assert(error != NULL);
    }
    return 0;
}
