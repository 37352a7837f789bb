/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugins of a policy set, loaded and ready for a simulation: which plugin serves each role,
 * and every parameter as a number.
 *
 * A plugin that is named for several roles is loaded once and has one table of parameters. The slot
 * of a plugin is its place in plugins[], in the order in which the roles first name them; it is the
 * index of the policy's state in the objects of numasim-policy.h.
 */
#ifndef NUMASIM_POLICY_LOADER_H
#define NUMASIM_POLICY_LOADER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/numasim-policy.h"
#include "policy/plugin.h"
#include "policy/set.h"

struct policy_stack {
    char *name;                                      /* of the set */
    uint32_t nr_plugins;                             /* = slots in use */
    struct policy_plugin *plugins[NUMASIM_NR_ROLES]; /* owned; by slot */
    struct policy_plugin *host;                      /* owned; parameters only: policy/host.h */
    int32_t slot[NUMASIM_NR_ROLES]; /* by role; -1: the role is left to the engine's default */
    /* The operations of each role's plugin; NULL where the slot is -1, but queue is never NULL. */
    const struct numasim_queue_ops *queue;
    const struct numasim_balance_ops *balance;
    const struct numasim_numa_ops *numa;
    const struct numasim_tier_ops *tier;
    const struct numasim_placement_ops *placement;
};

/*
 * Loads the plugins of @set, looked for as DIR/NAME.so in the NULL-terminated @search_dirs in
 * order, and gives them the set's values. @set may be freed afterwards. NULL with an error that
 * names the place in the set: NUMASIM_ERROR_PLUGIN for a plugin that is missing, broken or lacks
 * the role; NUMASIM_ERROR_INPUT for a value, for two roles that give one plugin different values,
 * and for a set without a queue.
 */
struct policy_stack *policy_stack_load(const struct policy_set *set, const char *const *search_dirs,
                                       GError **error);
/*
 * The same from descriptors in this process, by role (NULL: left to the default), with the
 * parameters' defaults. The descriptors must outlive the result. For tests of the engine.
 */
struct policy_stack *
policy_stack_from_descriptors(const struct numasim_policy *const by_role[NUMASIM_NR_ROLES],
                              GError **error);
void policy_stack_free(struct policy_stack *stack); /* accepts NULL */
typedef struct policy_stack policy_stack_t;         /* for g_autoptr(policy_stack_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_stack_t, policy_stack_free)

/* The plugin of @role, or NULL. */
const struct policy_plugin *policy_stack_plugin(const struct policy_stack *stack,
                                                enum numasim_role role);

/*
 * The file of the plugin @name: itself if it holds a '/', else the first DIR/@name.so that exists.
 * Newly allocated. NULL with NUMASIM_ERROR_PLUGIN, naming the nearest that there is. @at (may be
 * NULL) begins the message.
 */
char *policy_plugin_find(const char *name, const char *const *search_dirs,
                         const struct policy_place *at, GError **error);

/* One plugin that can be found. */
struct policy_listing {
    char *name, *path;
    char *summary, *version, *roles; /* NULL if it cannot be loaded */
    bool test_only;
    char *problem; /* why it cannot be loaded, or NULL */
};

/* The plugins in @search_dirs by name, of equal names the first; (element-type policy_listing),
 * transfer full. Folders that cannot be read count as empty. */
GPtrArray *policy_list_available(const char *const *search_dirs);

#endif
