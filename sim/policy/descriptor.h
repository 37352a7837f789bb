/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks of a descriptor, before anything of it is used. */
#ifndef NUMASIM_POLICY_DESCRIPTOR_H
#define NUMASIM_POLICY_DESCRIPTOR_H

#include <glib.h>
#include <stdbool.h>

#include "policy/numasim-policy.h"

/*
 * Checks all of @desc that can be checked without calling it. @where begins the message: a path, or
 * the like. @name is the name that it must have, or NULL. False with NUMASIM_ERROR_PLUGIN.
 */
bool policy_descriptor_check(const struct numasim_policy *desc, const char *where, const char *name,
                             GError **error);

#endif
