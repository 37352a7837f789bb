/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An archive's entries, in memory. */
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/error.h"
#include "format/facts/tree-private.h"

enum { USTAR_MAGIC_AT = 257, MAX_PEEK_ENTRIES = 200000, MAX_DEPTH = 64 };

typedef struct archive archive_t;

static void archive_close_free(archive_t *a)
{
    if (a != NULL) {
        archive_read_free(a);
    }
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(archive_t, archive_close_free)

bool facts_tree_is_archive(const struct facts_input *in)
{
    static const struct {
        const char *bytes;
        gsize size;
    } magics[] = {{"BZh", 3},
                  {"\x1f\x8b", 2},
                  {"\xfd"
                   "7zXZ",
                   5},
                  {"\x28\xb5\x2f\xfd", 4}};

    for (gsize i = 0; in->folder == NULL && i < G_N_ELEMENTS(magics); i++) {
        if (in->size > magics[i].size && memcmp(in->bytes, magics[i].bytes, magics[i].size) == 0) {
            return true;
        }
    }
    return in->folder == NULL && in->size > USTAR_MAGIC_AT + 5 &&
           memcmp(in->bytes + USTAR_MAGIC_AT, "ustar", 5) == 0;
}

/* The four ways in which tar files are packed, each by a library in this process. */
static archive_t *open_archive(const struct facts_input *in)
{
    g_autoptr(archive_t) a = archive_read_new();

    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    return archive_read_open_memory(a, in->bytes, in->size) == ARCHIVE_OK ? g_steal_pointer(&a)
                                                                          : NULL;
}

static bool next_entry(archive_t *a, struct archive_entry **ret_entry, int *ret_status)
{
    *ret_status = archive_read_next_header(a, ret_entry);
    return *ret_status == ARCHIVE_OK || *ret_status == ARCHIVE_WARN;
}

/* Whether so much would have been unpacked behind this entry that the archive is refused. */
static bool is_too_large(archive_t *a, struct archive_entry *entry)
{
    return archive_filter_bytes(a, 0) > FACTS_TREE_MAX_BYTES ||
           archive_entry_size(entry) > FACTS_TREE_MAX_BYTES - archive_filter_bytes(a, 0);
}

bool facts_tree_peek(const struct facts_input *in, bool (*matches)(const char *path))
{
    g_autoptr(archive_t) a = facts_tree_is_archive(in) ? open_archive(in) : NULL;
    struct archive_entry *entry;
    int status;

    for (int i = 0; a != NULL && i < MAX_PEEK_ENTRIES && next_entry(a, &entry, &status); i++) {
        const char *path = archive_entry_pathname(entry);

        if (path != NULL && matches(path)) {
            return true;
        }
        if (is_too_large(a, entry)) {
            return false;
        }
    }
    return false;
}

/* --- Entries ----------------------------------------------------------------------------------- */

static void entry_free(gpointer data)
{
    struct tree_entry *entry = data;

    g_free(entry->bytes);
    if (entry->names != NULL) {
        g_ptr_array_unref(entry->names);
    }
    g_free(entry);
}

/*
 * @path without "." and double or outer slashes. NULL for what has no place in the tree: nothing at
 * all, "..", or folders nested so deep that they are there to be in the way.
 */
static char *clean_path(const char *path)
{
    g_autoptr(GString) clean = g_string_new(NULL);
    g_auto(GStrv) names = g_strsplit(path, "/", MAX_DEPTH);

    for (gsize i = 0; names[i] != NULL; i++) {
        if (*names[i] == '\0' || strcmp(names[i], ".") == 0) {
            continue;
        }
        if (strcmp(names[i], "..") == 0 || strchr(names[i], '/') != NULL) {
            return NULL;
        }
        g_string_append_printf(clean, "%s%s", clean->len > 0 ? "/" : "", names[i]);
    }
    return clean->len > 0 ? g_string_free(g_steal_pointer(&clean), FALSE) : NULL;
}

/* The entry @path, made together with the folders above it; NULL where a file is in the way. */
static struct tree_entry *make_entry(struct facts_tree *tree, const char *path, enum tree_kind kind)
{
    struct tree_entry *entry = g_hash_table_lookup(tree->entries, path);
    const char *slash = strrchr(path, '/');
    g_autofree char *folder = g_strndup(path, slash != NULL ? (gsize)(slash - path) : 0);
    struct tree_entry *parent;

    if (entry != NULL) {
        return (entry->kind == TREE_FOLDER) == (kind == TREE_FOLDER) ? entry : NULL;
    }
    if (g_hash_table_size(tree->entries) > FACTS_TREE_MAX_ENTRIES) {
        return NULL;
    }
    parent = *path == '\0' ? NULL : make_entry(tree, folder, TREE_FOLDER);
    if (parent == NULL && *path != '\0') {
        return NULL;
    }
    entry = g_new0(struct tree_entry, 1);
    entry->kind = kind;
    entry->names = kind == TREE_FOLDER ? g_ptr_array_new_with_free_func(g_free) : NULL;
    g_hash_table_insert(tree->entries, g_strdup(path), entry);
    if (parent != NULL) {
        g_ptr_array_add(parent->names, g_strdup(slash != NULL ? slash + 1 : path));
    }
    return entry;
}

/* Reads at most FACTS_TREE_MAX_FILE_BYTES of the file at hand; the rest is skipped. */
static int read_contents(archive_t *a, struct tree_entry *entry)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 buffer[4096];
    la_ssize_t got = 0;

    while (bytes->len < FACTS_TREE_MAX_FILE_BYTES &&
           (got = archive_read_data(a, buffer, sizeof(buffer))) > 0) {
        g_byte_array_append(bytes, buffer, (guint)got);
    }
    g_free(entry->bytes);
    entry->size = bytes->len;
    entry->bytes = (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
    return got < 0 ? (int)got : ARCHIVE_OK;
}

static void set_target(struct tree_entry *entry, const char *prefix, const char *target)
{
    g_free(entry->bytes);
    entry->bytes = g_strconcat(prefix, target, NULL);
    entry->size = strlen(entry->bytes);
}

/* Keeps one entry. What is neither folder, file nor link, and what has no place, is passed over. */
static int keep_entry(struct facts_tree *tree, archive_t *a, struct archive_entry *header)
{
    const char *stated = archive_entry_pathname(header);
    const char *hardlink = archive_entry_hardlink(header);
    const char *symlink = archive_entry_symlink(header);
    g_autofree char *path = stated != NULL ? clean_path(stated) : NULL;
    struct tree_entry *entry;

    if (path == NULL) {
        return ARCHIVE_OK;
    }
    if (hardlink != NULL || symlink != NULL) {
        entry = make_entry(tree, path, TREE_LINK);
        if (entry != NULL && entry->kind == TREE_LINK) {
            set_target(entry, hardlink != NULL ? "/" : "", hardlink != NULL ? hardlink : symlink);
        }
    } else if (archive_entry_filetype(header) == AE_IFDIR) {
        make_entry(tree, path, TREE_FOLDER);
    } else if (archive_entry_filetype(header) == AE_IFREG) {
        entry = make_entry(tree, path, TREE_FILE);
        if (entry != NULL && entry->kind == TREE_FILE) {
            return read_contents(a, entry);
        }
    }
    return ARCHIVE_OK;
}

bool facts_tree_load(struct facts_tree *tree, const struct facts_input *in, GError **error)
{
    g_autoptr(archive_t) a = open_archive(in);
    struct archive_entry *header;
    int status = ARCHIVE_OK;

    tree->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    make_entry(tree, "", TREE_FOLDER);
    while (a != NULL && next_entry(a, &header, &status)) {
        if (is_too_large(a, header) || g_hash_table_size(tree->entries) > FACTS_TREE_MAX_ENTRIES) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: unpacks to more than %d MiB or %d files; expected a dump of a machine",
                        in->name, FACTS_TREE_MAX_BYTES >> 20, FACTS_TREE_MAX_ENTRIES);
            return false;
        }
        status = keep_entry(tree, a, header);
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
            break;
        }
    }
    if (a == NULL || status != ARCHIVE_EOF) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: is no whole tar archive (%s); expected one, plain or packed by gzip, "
                    "bzip2, xz or zstd",
                    in->name, a != NULL ? archive_error_string(a) : "it cannot be opened");
        return false;
    }
    return true;
}
