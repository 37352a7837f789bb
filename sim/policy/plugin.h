/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One plugin: its descriptor, checked, and its parameters with their values. Every error is
 * NUMASIM_ERROR_PLUGIN, or NUMASIM_ERROR_INPUT for a parameter's value.
 */
#ifndef NUMASIM_POLICY_PLUGIN_H
#define NUMASIM_POLICY_PLUGIN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/numasim-policy.h"
#include "policy/set.h"

enum { POLICY_MAX_PARAMS = 1024 }; /* more rows than this: the table has no end */

/* Where a parameter's value comes from; all NULL for the plugin's default. */
struct policy_origin {
    char *source;
    bool unverified;
    bool is_set;        /* the set, or --set, said it */
    char *inherited;    /* the set below that said it, or that chose the plugin with its defaults */
    bool other_release; /* and for another release than the set's */
    struct policy_place at;
};

struct policy_plugin {
    const struct numasim_policy *desc; /* the plugin's own; valid as long as this */
    char *path;                        /* of the shared object, or NULL */
    char *source_hash;                 /* of the plugin's sources as its build says, or "unknown" */
    void *handle;                      /* dlopen()'s, or NULL */
    uint32_t nr_params;
    int64_t *params;               /* [nr_params], in the base unit of each */
    struct policy_origin *origins; /* [nr_params] */
};

/*
 * Loads the shared object at @path and checks its descriptor: ABI number before all else, flags,
 * name (that of the file), roles with their required callbacks, the table of parameters. All symbols
 * are resolved now, so that a missing one is an error here. Parameters have their defaults. Plugins
 * stay mapped after policy_plugin_free() if NUMASIM_NO_DLCLOSE is in the environment, so that a leak
 * checker can name their functions.
 */
struct policy_plugin *policy_plugin_load(const char *path, GError **error);
/* The same for a descriptor in this process, which must outlive the result. For tests. */
struct policy_plugin *policy_plugin_from_descriptor(const struct numasim_policy *desc,
                                                    GError **error);
/* The host's own parameters, with their defaults (policy/host.h). */
struct policy_plugin *policy_plugin_host(void);
void policy_plugin_free(struct policy_plugin *plugin); /* accepts NULL */
typedef struct policy_plugin policy_plugin_t;          /* for g_autoptr(policy_plugin_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_plugin_t, policy_plugin_free)

/* True iff the plugin has operations for @role. */
bool policy_plugin_has_role(const struct policy_plugin *plugin, enum numasim_role role);
/* "queue, balance": the roles it has; newly allocated. */
char *policy_plugin_roles(const struct policy_plugin *plugin);
/*
 * Sets the parameter that @value names. False with NUMASIM_ERROR_INPUT, and nothing changed, if the
 * plugin has no such parameter, or the text is no value of its type or out of its range.
 */
bool policy_plugin_set(struct policy_plugin *plugin, const struct policy_value *value,
                       GError **error);
/* The default of the parameter that @confirmed names was checked for the set's release; false with
 * NUMASIM_ERROR_INPUT if there is no such parameter. */
bool policy_plugin_confirm(struct policy_plugin *plugin, const struct policy_value *confirmed,
                           GError **error);
/* Parameters that nobody has set come with @role's choice of the plugin. */
void policy_plugin_inherit(struct policy_plugin *plugin, const struct policy_role *role);
/* The row of the parameter @name, or -1. */
int32_t policy_plugin_param(const struct policy_plugin *plugin, const char *name);

/* True for names that a plugin may have: a lower-case letter, then letters, digits, dots, dashes. */
bool policy_name_valid(const char *name);

#endif
