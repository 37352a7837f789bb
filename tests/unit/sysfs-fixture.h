/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small snapshot of sysfs, to which a test adds what is odd. */
#ifndef NUMASIM_TESTS_UNIT_SYSFS_FIXTURE_H
#define NUMASIM_TESTS_UNIT_SYSFS_FIXTURE_H

#include <stdbool.h>

#include "machine/facts.h"
#include "tree-fixture.h"

#define CPU  "sys/devices/system/cpu"
#define NODE "sys/devices/system/node"

/* Adds @text as the file whose path is the printf of the rest. */
#define PUT(fixture, text, ...)                                                                    \
    do {                                                                                           \
        g_autofree char *put_path = g_strdup_printf(__VA_ARGS__);                                  \
        tree_fixture_add(fixture, put_path, text);                                                 \
    } while (0)

/* Adds the list "first-last" as a file below a CPU's folder. */
void sysfs_fixture_list(struct tree_fixture *fixture, int cpu, const char *file, int first,
                        int last);
/* 8 CPUs: 2 packages, each a node of 1 GiB and an L3, of 2 cores with 2 neighbouring threads. */
struct tree_fixture *sysfs_fixture_new(void);

/* The facts of the fixture as an archive "snap.tar"; the other one must succeed. */
struct facts *sysfs_fixture_read(const struct tree_fixture *fixture, GError **error);
struct facts *sysfs_fixture_facts(const struct tree_fixture *fixture);

#endif
