/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a topology file: an error or a machine that can be drawn, never a crash. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "format/machine/topology-yaml.h"
#include "machine/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = topology_read_yaml_buffer("fuzz", (const char *)data, size, &error);

    if (m != NULL) {
        g_autofree char *text = machine_show(m, NULL);

        g_assert(text[0] != '\0');
    } else {
        g_assert(error != NULL);
    }
    return 0;
}
