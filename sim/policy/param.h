/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of a plugin's parameters as text, by the type in its table. */
#ifndef NUMASIM_POLICY_PARAM_H
#define NUMASIM_POLICY_PARAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/numasim-policy.h"

/* Rows in @params, which may be NULL. */
uint32_t policy_param_count(const struct numasim_param *params);
/* "int", "bool", "time", "size", "share", "choice"; NULL for a type that does not exist. */
const char *policy_param_type_name(enum numasim_param_type type);
/*
 * Reads @text as a value of @param into *@ret_value. False, with nothing set, unless it is one and
 * lies in the range; policy_param_expected() says what was wanted.
 */
bool policy_param_parse(const struct numasim_param *param, const char *text, int64_t *ret_value);
/* @value as the shortest text that policy_param_parse() reads back; newly allocated. */
char *policy_param_format(const struct numasim_param *param, int64_t value);
/* "100us..1s", "true or false", "one of a, b"; newly allocated. */
char *policy_param_range(const struct numasim_param *param);
/* For messages: "a time in 100us..1s, such as 2ms"; newly allocated. */
char *policy_param_expected(const struct numasim_param *param);

#endif
