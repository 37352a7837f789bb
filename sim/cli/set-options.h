/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --set beside several policies: which of them each assignment is for. */
#ifndef NUMASIM_CLI_SET_OPTIONS_H
#define NUMASIM_CLI_SET_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "cli/paths.h"

/*
 * Gives each of the sets @policies (names or paths, NULL-terminated) those of the assignments @all
 * that it can take: ROLE=PLUGIN is for all; ROLE.PARAM=VALUE for the sets whose plugin in that role
 * has the parameter and knows the value, or for the only set there is. *@ret_each holds one char **
 * per policy, in their order, transfer full. False where no set takes one (NUMASIM_ERROR_INPUT, with
 * the nearest parameter of theirs), and where a set or its plugins cannot be read.
 */
bool set_options_share(const struct paths *paths, char *const *policies, char *const *all,
                       GPtrArray **ret_each, GError **error);

#endif
