/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy set: which plugin serves each role, and what its parameters are set to. Plain data that a
 * reader fills (format/policy-yaml.h) and the loader checks against the plugins (policy/loader.h):
 * names and values are still text here, each with the place that said it.
 */
#ifndef NUMASIM_POLICY_SET_H
#define NUMASIM_POLICY_SET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/numasim-policy.h"

/* Where something was said. */
struct policy_place {
    char *file;            /* a path, or "--set ROLE.PARAM=VALUE"; owned; NULL: nowhere */
    uint32_t line, column; /* 1-based; 0 where a file has no lines */
};

/* One parameter's value. */
struct policy_value {
    char *param; /* owned, as are the others */
    char *text;
    char *source;       /* where the value comes from, or NULL */
    bool unverified;    /* the source was not checked against a kernel or machine */
    char *inherited;    /* the set below that said it; NULL: this one, or --set */
    bool other_release; /* said for another release than the set's, and not checked for this one */
    struct policy_place param_at, text_at;
};

/* What a set says of one role. */
struct policy_role {
    char *plugin; /* a name, or a path if it holds a '/'; NULL: left to the engine's default */
    char *source; /* where the choice comes from, or NULL */
    struct policy_place plugin_at;
    char *inherited;    /* the set below that chose it; NULL: this one, or --set */
    bool other_release; /* and for another release, so that the plugin's defaults are unverified */
    uint32_t nr_values;
    struct policy_value *values; /* each parameter at most once, in the order of the files */
    uint32_t nr_confirmed;
    struct policy_value *confirmed; /* whose default was checked for the release; no text */
};

/* The release whose rules apply where neither the set nor anybody else names one. */
#define POLICY_SET_KERNEL "6.12"

/* The host's own parameters (policy/host.h) stand behind the roles, as those of a plugin "host" that
 * every set has. */
enum { POLICY_HOST = NUMASIM_NR_ROLES, POLICY_NR_PARTS };

struct policy_set {
    char *name;
    char *path;        /* of the file that it was read from, or NULL */
    char *description; /* or NULL */
    char *kernel;      /* release whose sched_domains rules apply, "6.12"; NULL: the default */
    char *digest;      /* of the bytes of the file and of those it extends, or NULL */
    char **extends;    /* names of the sets below, nearest first; NULL-terminated, never NULL */
    char **below;      /* the files of these, likewise */
    char **sources;    /* of this set and those below; NULL-terminated, never NULL */
    struct policy_role roles[POLICY_NR_PARTS];
};

/* An empty set: no role has a plugin. */
struct policy_set *policy_set_new(const char *name);
struct policy_set *policy_set_copy(const struct policy_set *set);
void policy_set_free(struct policy_set *set); /* accepts NULL */
typedef struct policy_set policy_set_t;       /* for g_autoptr(policy_set_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_set_t, policy_set_free)

/* The release whose sched_domains go with @set: its own or POLICY_SET_KERNEL. Borrowed. */
const char *policy_set_kernel(const struct policy_set *set);

/* "queue", "balance", "numa", "tier", "placement"; "host" for POLICY_HOST. */
const char *policy_role_name(enum numasim_role role);
/* The same as a NULL-terminated table in the order of the enum. */
const char *const *policy_role_names(void);

/*
 * Gives @role to @plugin (NULL: to nobody). The role's values are dropped unless the plugin stays
 * the same. @at is copied.
 */
void policy_set_plugin(struct policy_set *set, enum numasim_role role, const char *plugin,
                       const char *source, struct policy_place at);
/* Adds a copy of @value to @role, or replaces the value of the same parameter. Its name may be in
 * capitals, as the kernel spells those of sched features. */
void policy_set_value(struct policy_set *set, enum numasim_role role,
                      const struct policy_value *value);

/* Whatever @set says was said by the set @below: what a reader calls before it reads over it. */
void policy_set_inherit(struct policy_set *set, const char *below);
/* @set is about another release from here on: what it has inherited is not known to hold there. */
void policy_set_change_release(struct policy_set *set);
/* Whatever value the parameter that @confirmed names has was checked for the set's release, by
 * confirmed->source. */
void policy_set_confirm(struct policy_set *set, enum numasim_role role,
                        const struct policy_value *confirmed);

/*
 * Takes a `--set` apart: the role, and in *@ret_param the parameter in small letters, newly
 * allocated; NULL for ROLE=PLUGIN. False with NUMASIM_ERROR_INPUT on bad syntax and unknown roles.
 */
bool policy_assignment_parse(const char *assignment, enum numasim_role *ret_role, char **ret_param,
                             GError **error);

/*
 * Applies `--set`: "ROLE.PARAM=VALUE" sets a parameter of the role's plugin (for a plugin that
 * serves several roles, whatever role it is named by) or of the host ("host.PARAM=VALUE"),
 * "ROLE=PLUGIN" names another plugin.
 * Whether parameter and value are any good, the loader says. False with NUMASIM_ERROR_INPUT, and
 * @set unchanged, on bad syntax, an unknown role, or a role that has no plugin.
 */
bool policy_set_override(struct policy_set *set, const char *assignment, GError **error);

/* "FILE:LINE:COLUMN: ", "FILE: ", or "" for nowhere; newly allocated. */
char *policy_place_prefix(const struct policy_place *at);

#endif
