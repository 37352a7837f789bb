/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result stores no events: whoever needs them simulates its inputs again, and checks the digest. */
#ifndef NUMASIM_CLI_AGAIN_H
#define NUMASIM_CLI_AGAIN_H

#include <glib.h>
#include <stdbool.h>

#include "cli/simulation.h"
#include "kernel/kernel.h"
#include "observe/result.h"

/*
 * The inputs of the result @r in the folder @path (or in that of the file @path), from the copies
 * that stand beside it: found by their digests, so under any name. NULL with NUMASIM_ERROR_INPUT
 * where a copy is missing or changed.
 */
struct simulation *again_open(const struct paths *paths, const char *path, const struct result *r,
                              GError **error);

/*
 * Simulates @s, opened for @r, once more; @attach and @finished as in simulate_options. False with
 * the error of simulate(), or with NUMASIM_ERROR_INPUT where the digest is another than that of @r:
 * a plugin or numasim itself has changed.
 */
bool again_run(const struct simulation *s, const char *path, const struct result *r,
               void (*attach)(struct kernel *k, void *data),
               void (*finished)(const struct kernel *k, void *data), void *data, GError **error);

#endif
