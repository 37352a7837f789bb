/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `policy show` says of a plugin and of a set, as text and as JSON. */
#ifndef NUMASIM_POLICY_DESCRIBE_H
#define NUMASIM_POLICY_DESCRIBE_H

#include <glib.h>
#include <json-glib/json-glib.h>

#include "policy/loader.h"
#include "policy/plugin.h"
#include "policy/set.h"

/* Name, version, roles, summary, each parameter (value, range, default, what it stands for,
 * sources) and the essay. Newly allocated, ends with a line feed. */
char *policy_describe(const struct policy_plugin *plugin);
/* The same as a JSON object; values both in the base unit and as text. Transfer full. */
JsonNode *policy_describe_json(const struct policy_plugin *plugin);

/* A set: which plugin serves each role, then each plugin with the set's values. */
char *policy_stack_describe(const struct policy_set *set, const struct policy_stack *stack);
JsonNode *policy_stack_describe_json(const struct policy_set *set,
                                     const struct policy_stack *stack);

#endif
