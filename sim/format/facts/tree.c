/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/facts/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/facts/tree-private.h"

/* As many links as Linux follows in one path: include/linux/namei.h, MAXSYMLINKS. */
enum { MAX_LINKS = 40, MAX_PATH_BYTES = 4096, MAX_ENTER_DEPTH = 4 };

void facts_tree_free(struct facts_tree *tree)
{
    if (tree == NULL) {
        return;
    }
    if (tree->entries != NULL) {
        g_hash_table_unref(tree->entries);
    }
    g_hash_table_unref(tree->resolved);
    g_free(tree->folder);
    g_free(tree->root);
    g_free(tree);
}

struct facts_tree *facts_tree_open(const struct facts_input *in, GError **error)
{
    g_autoptr(facts_tree_t) tree = g_new0(struct facts_tree, 1);

    tree->folder = g_strdup(in->folder);
    tree->root = g_strdup("");
    tree->resolved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (in->folder == NULL && !facts_tree_load(tree, in, error)) {
        return NULL;
    }
    return g_steal_pointer(&tree);
}

/* --- One name of one folder, without following anything ---------------------------------------- */

static char *real_path(const struct facts_tree *tree, const char *path)
{
    return g_strconcat(tree->folder, "/", path, NULL);
}

static enum tree_kind look(const struct facts_tree *tree, const char *path)
{
    struct stat st;

    if (*path == '\0') {
        return TREE_FOLDER;
    }
    if (tree->folder == NULL) {
        const struct tree_entry *entry = g_hash_table_lookup(tree->entries, path);

        return entry != NULL ? entry->kind : TREE_NOTHING;
    } else {
        g_autofree char *real = real_path(tree, path);

        if (lstat(real, &st) != 0) {
            return TREE_NOTHING;
        }
    }
    return S_ISLNK(st.st_mode)   ? TREE_LINK
           : S_ISDIR(st.st_mode) ? TREE_FOLDER
           : S_ISREG(st.st_mode) ? TREE_FILE
                                 : TREE_NOTHING;
}

/* Where the link @path points, newly allocated, or NULL. */
static char *link_target(const struct facts_tree *tree, const char *path)
{
    char target[MAX_PATH_BYTES];
    ssize_t length;

    if (tree->folder == NULL) {
        const struct tree_entry *entry = g_hash_table_lookup(tree->entries, path);

        return g_strndup(entry->bytes, entry->size);
    } else {
        g_autofree char *real = real_path(tree, path);

        length = readlink(real, target, sizeof(target));
    }
    return length > 0 && (size_t)length < sizeof(target) ? g_strndup(target, (gsize)length) : NULL;
}

/* --- Paths ------------------------------------------------------------------------------------- */

/* Takes the last name off @path; at the root it stays there, as in a file system's. */
static void go_up(GString *path)
{
    const char *slash = strrchr(path->str, '/');

    g_string_truncate(path, slash != NULL ? (gsize)(slash - path->str) : 0);
}

/* The first name of @rest, taken off it; false if there is none left. */
static bool take_name(const char **rest, char **ret_name)
{
    const char *begin = *rest + strspn(*rest, "/");
    const size_t length = strcspn(begin, "/");

    *rest = begin + length;
    *ret_name = length > 0 ? g_strndup(begin, length) : NULL;
    return length > 0;
}

/* Follows @path from the root of the tree. */
static char *follow(struct facts_tree *tree, const char *path)
{
    g_autoptr(GString) done = g_string_new(NULL);
    g_autofree char *todo = g_strdup(path);
    const char *rest = todo;
    char *next;
    int links = 0;

    while (take_name(&rest, &next)) {
        g_autofree char *name = next;
        enum tree_kind kind;

        if (strcmp(name, ".") == 0) {
            continue;
        }
        if (strcmp(name, "..") == 0) {
            go_up(done);
            continue;
        }
        g_string_append_printf(done, "%s%s", done->len > 0 ? "/" : "", name);
        kind = done->len < MAX_PATH_BYTES ? look(tree, done->str) : TREE_NOTHING;
        if (kind == TREE_LINK && links++ < MAX_LINKS) {
            g_autofree char *target = link_target(tree, done->str);
            char *longer = target != NULL && strlen(target) + strlen(rest) < (size_t)MAX_PATH_BYTES
                               ? g_strconcat(target, "/", rest, NULL)
                               : NULL;

            if (longer == NULL) {
                return NULL;
            }
            go_up(done);
            if (*longer == '/') {
                g_string_truncate(done, 0);
            }
            g_free(todo);
            rest = todo = longer;
        } else if (kind == TREE_NOTHING || kind == TREE_LINK) {
            return NULL;
        }
    }
    return g_string_free(g_steal_pointer(&done), FALSE);
}

/* The same, but remembers where folders are: a reader asks for a hundred files in each. */
static char *resolve(struct facts_tree *tree, const char *path)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *folder = NULL, *full = NULL;
    gpointer known;
    enum tree_kind kind;

    if (slash == NULL) {
        return follow(tree, path);
    }
    folder = g_strndup(path, (gsize)(slash - path));
    if (!g_hash_table_lookup_extended(tree->resolved, folder, NULL, &known)) {
        known = follow(tree, folder);
        g_hash_table_insert(tree->resolved, g_steal_pointer(&folder), known);
    }
    if (known == NULL) {
        return NULL;
    }
    full = g_strconcat(known, *(const char *)known != '\0' ? slash : slash + 1, NULL);
    kind = look(tree, full);
    return kind == TREE_FOLDER || kind == TREE_FILE ? g_steal_pointer(&full) : follow(tree, full);
}

static char *make_path(const struct facts_tree *tree, const char *format, va_list args)
{
    g_autofree char *full = g_strdup_vprintf(format, args);
    const char *path = full;

    if (tree->strip != NULL && g_str_has_prefix(path, tree->strip)) {
        path += strlen(tree->strip);
    }
    return *tree->root != '\0' ? g_strconcat(tree->root, "/", path, NULL) : g_strdup(path);
}

void facts_tree_strip(struct facts_tree *tree, const char *prefix)
{
    tree->strip = prefix;
}

/* --- Contents ---------------------------------------------------------------------------------- */

/* Trusts no size that the file system states: those of sysfs and proc are wrong. */
static char *read_real(const char *path, gsize max)
{
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[8192];
    struct stat st;
    ssize_t got = 0;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return NULL;
    }
    while (text->len < max) {
        got = read(fd, buffer, MIN(sizeof(buffer), max - text->len));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        g_string_append_len(text, buffer, got);
    }
    close(fd);
    return got < 0 ? NULL : g_strdup(text->str);
}

static char *read_text(struct facts_tree *tree, const char *path, gsize max)
{
    g_autofree char *where = resolve(tree, path);
    char *text = NULL;

    if (where == NULL || look(tree, where) != TREE_FILE) {
        return NULL;
    }
    if (tree->folder != NULL) {
        g_autofree char *real = real_path(tree, where);

        text = read_real(real, max);
    } else {
        const struct tree_entry *entry = g_hash_table_lookup(tree->entries, where);

        text = g_strndup(entry->size > 0 ? entry->bytes : "", MIN(entry->size, max));
    }
    return text != NULL ? g_strchomp(text) : NULL;
}

char *facts_tree_text(struct facts_tree *tree, const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = make_path(tree, format, args);
    va_end(args);
    return read_text(tree, path, FACTS_TREE_MAX_FILE_BYTES);
}

char *facts_tree_head(struct facts_tree *tree, gsize max, const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = make_path(tree, format, args);
    va_end(args);
    return read_text(tree, path, max);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_at(struct facts_tree *tree, const char *where)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    if (tree->folder != NULL) {
        g_autofree char *real = real_path(tree, where);
        DIR *dir = opendir(real);
        const struct dirent *entry;

        while (dir != NULL && names->len < FACTS_TREE_MAX_ENTRIES && (entry = readdir(dir))) {
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                g_ptr_array_add(names, g_strdup(entry->d_name));
            }
        }
        if (dir != NULL) {
            closedir(dir);
        }
    } else {
        const struct tree_entry *entry = g_hash_table_lookup(tree->entries, where);

        for (guint i = 0; entry != NULL && entry->names != NULL && i < entry->names->len; i++) {
            g_ptr_array_add(names, g_strdup(g_ptr_array_index(entry->names, i)));
        }
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

GPtrArray *facts_tree_list(struct facts_tree *tree, const char *format, ...)
{
    g_autofree char *path = NULL, *where = NULL;
    va_list args;

    va_start(args, format);
    path = make_path(tree, format, args);
    va_end(args);
    where = resolve(tree, path);
    if (where == NULL || look(tree, where) != TREE_FOLDER) {
        return g_ptr_array_new_with_free_func(g_free);
    }
    return list_at(tree, where);
}

bool facts_tree_exists(struct facts_tree *tree, const char *format, ...)
{
    g_autofree char *path = NULL, *where = NULL;
    va_list args;

    va_start(args, format);
    path = make_path(tree, format, args);
    va_end(args);
    where = resolve(tree, path);
    return where != NULL;
}

char *facts_tree_resolve(struct facts_tree *tree, const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = make_path(tree, format, args);
    va_end(args);
    return resolve(tree, path);
}

/* --- The root ---------------------------------------------------------------------------------- */

/* The only folder in @root, as a path; NULL if there are several or none. */
static char *only_folder(struct facts_tree *tree, const char *root)
{
    g_autoptr(GPtrArray) names = list_at(tree, root);
    g_autofree char *only = NULL;

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path =
            g_strconcat(root, *root != '\0' ? "/" : "", g_ptr_array_index(names, i), NULL);

        if (look(tree, path) == TREE_FOLDER) {
            if (only != NULL) {
                return NULL;
            }
            only = g_steal_pointer(&path);
        }
    }
    return g_steal_pointer(&only);
}

bool facts_tree_enter(struct facts_tree *tree, const char *path)
{
    g_autofree char *root = g_strdup(tree->root);

    for (int depth = 0; root != NULL && depth < MAX_ENTER_DEPTH; depth++) {
        g_autofree char *below = g_strconcat(root, *root != '\0' ? "/" : "", path, NULL);
        g_autofree char *found = resolve(tree, below);
        char *next;

        if (found != NULL) {
            g_free(tree->root);
            tree->root = g_steal_pointer(&root);
            return true;
        }
        next = only_folder(tree, root);
        g_free(root);
        root = next;
    }
    return false;
}
