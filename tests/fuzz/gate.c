/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a gate: it is read, or refused with a message that begins with the file's name. */
#include <stddef.h>
#include <stdint.h>

#include "format/gate-yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(gate_t) gate = gate_read_yaml_buffer("fuzz.yaml", (const char *)data, size, &error);

    if (gate == NULL) {
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, "fuzz.yaml:"));
        return 0;
    }
    g_assert_no_error(error);
    for (uint32_t i = 0; i < gate->nr_rules; i++) {
        g_assert_true(gate->rules[i].rise.stated || gate->rules[i].fall.stated);
    }
    return 0;
}
