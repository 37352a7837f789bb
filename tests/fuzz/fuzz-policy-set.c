/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as a policy set, and each of its values as a `--set`. Only the reader and its structures. */
#include <stddef.h>
#include <stdint.h>

#include "format/policy-yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void override_all(struct policy_set *set)
{
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        const struct policy_role *role = &set->roles[r];

        for (uint32_t i = 0; i < role->nr_values; i++) {
            g_autofree char *text =
                g_strdup_printf("%s.%s=%s", policy_role_name((enum numasim_role)r),
                                role->values[i].param, role->values[i].text);

            policy_set_override(set, text, NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const no_dirs[] = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(policy_set_t) set =
        policy_set_read_yaml_buffer("fuzz/set.yaml", (const char *)data, size, no_dirs, &error);

    if ((set == NULL) != (error != NULL)) {
        __builtin_trap();
    }
    if (set != NULL) {
        g_autoptr(policy_set_t) copy = policy_set_copy(set);

        override_all(copy);
    }
    return 0;
}
