/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts-fixture.h"

#include <string.h>

#include "base/error.h"

static struct facts *read_text(const struct facts_reader *reader, const char *name,
                               const char *text, GError **error)
{
    const struct facts_input in = {.name = name, .bytes = text, .size = strlen(text)};

    return reader->read(&in, error);
}

struct facts *facts_text(const struct facts_reader *reader, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    struct facts *f = read_text(reader, name, text, &error);

    g_assert_no_error(error);
    return f;
}

void facts_text_refused(const struct facts_reader *reader, const char *name, const char *text,
                        const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(read_text(reader, name, text, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, message);
}

int32_t facts_key(const struct facts *f, int32_t cpu, enum facts_group group)
{
    const struct facts_cpu *found = facts_find_cpu(f, cpu);

    g_assert_nonnull(found);
    return found->group[group];
}

guint facts_nr_keys(const struct facts *f, enum facts_group group)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < f->cpus->len; i++) {
        g_hash_table_add(keys,
                         GINT_TO_POINTER(g_array_index(f->cpus, struct facts_cpu, i).group[group]));
    }
    return g_hash_table_size(keys);
}

bool facts_noted(const struct facts *f, const char *part)
{
    for (guint i = 0; i < f->notes->len; i++) {
        if (strstr(g_ptr_array_index(f->notes, i), part) != NULL) {
            return true;
        }
    }
    return false;
}
