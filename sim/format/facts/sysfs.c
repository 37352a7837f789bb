/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysfs and proc, of this machine or of a snapshot. Each file is as the kernel's Documentation/ABI
 * describes it, and any may be missing: from old kernels, in containers, on odd machines.
 */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/facts/sysfs-private.h"

/* What makes a folder the root of such a tree; the next where only /sys was given, or less. */
static const char *const landmarks[] = {"sys/devices/system/cpu", "devices/system/cpu",
                                        "cpu/possible", "cpu/cpu0/topology", "proc/cpuinfo"};

static bool is_landmark(const char *path)
{
    for (gsize i = 0; i < G_N_ELEMENTS(landmarks); i++) {
        const char *at = strstr(path, landmarks[i]);

        if (at != NULL && (at == path || at[-1] == '/')) {
            return true;
        }
    }
    return false;
}

static bool enter(struct facts_tree *tree)
{
    for (gsize i = 0; i < G_N_ELEMENTS(landmarks); i++) {
        if (facts_tree_enter(tree, landmarks[i])) {
            if (g_str_has_prefix(landmarks[i], "devices/")) {
                facts_tree_strip(tree, "sys/");
            } else if (g_str_has_prefix(landmarks[i], "cpu/")) {
                facts_tree_strip(tree, "sys/devices/system/");
            }
            return true;
        }
    }
    return false;
}

static bool recognises(const struct facts_input *in)
{
    g_autoptr(facts_tree_t) tree = NULL;

    if (in->folder == NULL) {
        return facts_tree_peek(in, is_landmark);
    }
    tree = facts_tree_open(in, NULL);
    return tree != NULL && enter(tree);
}

/* What was passed over, in two lines, however often. */
static void tell_oddities(struct sysfs *s)
{
    if (s->malformed->len > 0) {
        facts_note(s->f, "%u files are not as Linux writes them, the first is %s: passed over",
                   s->malformed->len, (const char *)g_ptr_array_index(s->malformed, 0));
    }
    if (!bitmap_empty(s->strangers, FACTS_MAX_CPU_ID)) {
        g_autofree char *list = bitmap_to_list(s->strangers, FACTS_MAX_CPU_ID);

        facts_note(s->f, "CPUs %s stand in lists, and there are no such CPUs: left out", list);
    }
}

static bool read_all(struct sysfs *s, const struct facts_input *in, GError **error)
{
    const bool live = g_strcmp0(in->folder, "/") == 0;

    if (!sysfs_find_cpus(s, in->name, error)) {
        return false;
    }
    s->f->lists_all_online = true;
    sysfs_read_whole(s, live);
    sysfs_read_groups(s);
    sysfs_read_caches(s);
    sysfs_read_nodes(s);
    sysfs_read_memory_kinds(s);
    sysfs_read_speeds(s);
    tell_oddities(s);
    return true;
}

static struct facts *read_sysfs(const struct facts_input *in, GError **error)
{
    const bool live = g_strcmp0(in->folder, "/") == 0;
    g_autoptr(facts_tree_t) tree = facts_tree_open(in, error);
    g_autoptr(facts_t) f =
        live ? facts_new("sysfs of this machine") : facts_new_of("sysfs", in->name);
    struct sysfs s = {.tree = tree, .f = f, .family = -1, .model = -1};
    bool ok;

    if (tree == NULL) {
        return NULL;
    }
    if (!enter(tree)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: holds neither sys/devices/system/cpu nor proc/cpuinfo; expected a "
                    "snapshot of /sys and /proc",
                    in->name);
        return NULL;
    }
    s.node_ids = bitmap_new(FACTS_MAX_NODE_ID);
    s.strangers = bitmap_new(FACTS_MAX_CPU_ID);
    s.malformed = g_ptr_array_new_with_free_func(g_free);
    ok = read_all(&s, in, error);
    g_free(s.node_ids);
    g_free(s.strangers);
    g_ptr_array_unref(s.malformed);
    g_free(s.ids);
    g_free(s.index);
    g_free(s.online);
    return ok ? g_steal_pointer(&f) : NULL;
}

const struct facts_reader facts_sysfs = {
    .name = "sysfs",
    .summary = "a folder or tar archive with sys/devices/system/",
    .recognises = recognises,
    .read = read_sysfs,
};
