/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run-cache.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/output.h"
#include "policy/loader.h"
#include "policy/plugin.h"
#include "workload/workload.h"

struct run_cache {
    char *path;
    char *program;            /* digest of this one */
    GHashTable *file_digests; /* path -> digest, of plugins */
};

struct run_cache *run_cache_new(const char *path)
{
    struct run_cache *c = g_new0(struct run_cache, 1);

    c->path = g_canonicalize_filename(path, NULL);
    c->program = digest_of_file("/proc/self/exe");
    c->file_digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return c;
}

void run_cache_free(struct run_cache *c)
{
    if (c != NULL) {
        g_free(c->path);
        g_free(c->program);
        g_hash_table_unref(c->file_digests);
        g_free(c);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Keys                                                                                         */

/* Each with its length, so that no two lists look alike. */
static void add_bytes(struct digest *d, const void *bytes, gsize size)
{
    guint64 length = size;

    digest_update(d, &length, sizeof(length));
    digest_update(d, bytes, size);
}

static void add_text(struct digest *d, const char *text)
{
    add_bytes(d, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void add_int(struct digest *d, int64_t value)
{
    add_bytes(d, &value, sizeof(value));
}

static const char *digest_of_plugin(struct run_cache *c, const char *path)
{
    const char *found = g_hash_table_lookup(c->file_digests, path);

    if (found == NULL) {
        g_hash_table_insert(c->file_digests, g_strdup(path), digest_of_file(path));
        found = g_hash_table_lookup(c->file_digests, path);
    }
    return found;
}

char *run_cache_inputs(struct run_cache *c, const struct simulation *s,
                       const struct simulation_policy *policy, const char *const *overrides,
                       int64_t duration_ns, int64_t warmup_ns, GError **error)
{
    GArray *files = simulation_copies(s, policy, error);
    struct digest *d;
    char *hex;

    if (files == NULL) {
        return NULL;
    }
    d = digest_new();
    add_text(d, "numasim-run/1");
    add_text(d, c->program);
    for (guint i = 0; i < files->len; i++) {
        const struct result_file *file = &g_array_index(files, struct result_file, i);

        add_text(d, file->name);
        add_bytes(d, file->bytes, file->size);
    }
    for (uint32_t i = 0; i < policy->stack->nr_plugins; i++) {
        const char *path = policy->stack->plugins[i]->path;

        add_text(d, path != NULL ? digest_of_plugin(c, path) : NULL);
    }
    for (guint i = 0; i < s->workloads->len; i++) {
        add_int(d, ((const struct workload *)s->workloads->pdata[i])->replicas);
    }
    for (gsize i = 0; overrides != NULL && overrides[i] != NULL; i++) {
        add_text(d, overrides[i]);
    }
    add_text(d, s->kernel);
    add_text(d, policy->set->digest); /* of the sets that it extends, too, wherever they are */
    add_int(d, duration_ns);
    add_int(d, warmup_ns);
    hex = digest_hex(d);
    digest_free(d);
    simulation_copies_free(files);
    return hex;
}

char *run_cache_folder(const struct run_cache *c, const char *inputs, uint64_t seed)
{
    g_autofree char *name = g_strdup_printf("seed-%" G_GUINT64_FORMAT, seed);

    return g_build_filename(c->path, inputs, name, NULL);
}

/* Beside the folder, which holds the result alone. */
static char *oom_kills_file(const char *folder)
{
    return g_strconcat(folder, ".oom-kills", NULL);
}

bool run_cache_set_oom_kills(const char *folder, guint64 oom_kills, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(folder);
    g_autofree char *file = oom_kills_file(folder);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", oom_kills);

    if (oom_kills == 0) {
        return true;
    }
    if (g_mkdir_with_parents(parent, 0777) != 0) {
        return folder_fail(parent, "be made", error);
    }
    return file_write_atomic(file, text, strlen(text), error);
}

guint64 run_cache_oom_kills(const char *folder)
{
    g_autofree char *file = oom_kills_file(folder);
    g_autofree char *text = NULL;
    gsize size;

    return file_read(file, 64, &text, &size, NULL) ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* ------------------------------------------------------------------------------------------- */
/* Copies                                                                                       */

static bool copy_file(const char *from, const char *to, bool may_link, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize size;

    if (may_link && link(from, to) == 0) {
        return true;
    }
    return file_read(from, G_MAXINT32, &bytes, &size, error) &&
           file_write_atomic(to, bytes, size, error);
}

bool run_cache_copy(const char *from, const char *to, bool may_link, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
    const char *name;
    bool ok = true;

    if (dir == NULL || g_mkdir_with_parents(to, 0777) != 0) {
        return folder_fail(dir == NULL ? from : to, "be copied", error);
    }
    while (ok && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);

        ok = copy_file(source, target, may_link, error);
    }
    return ok;
}
