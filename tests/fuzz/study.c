/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a study: it is read, or refused with a message that begins with the file's name. */
#include <stddef.h>
#include <stdint.h>

#include "format/study-yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(study_t) s = study_read_yaml_buffer("fuzz.yaml", (const char *)data, size, &error);

    if (s == NULL) {
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, "fuzz.yaml:"));
        return 0;
    }
    g_assert_no_error(error);
    for (int32_t cell = 0; cell < MIN(study_nr_cells(s), 100); cell++) {
        g_autofree char *name = study_cell_name(s, cell);

        g_assert_cmpstr(name, !=, "");
    }
    return 0;
}
