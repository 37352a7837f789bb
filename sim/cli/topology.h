/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `numasim topology` share. */
#ifndef NUMASIM_CLI_TOPOLOGY_H
#define NUMASIM_CLI_TOPOLOGY_H

#include "cli/options.h"
#include "machine/domains.h"

/* One to a file, topology-NAME.c; cmd-topology.c lists them. */
extern const struct subcommand topology_domains, topology_import, topology_export;

/* The releases of Linux whose rules differ, as cli_option wants them. */
const char *topology_nth_kernel(size_t i);
/* A row --kernel of a table of options; @member_offset of a string. */
#define TOPOLOGY_KERNEL_ROW(member_offset)                                                         \
    {                                                                                              \
        .name = "kernel", .type = CLI_STRING, .offset = (member_offset), .arg = "RELEASE",         \
        .initial = "6.12", .nth_choice = topology_nth_kernel,                                      \
        .help = "by the rules of this release of Linux"                                            \
    }
/* Reads what --kernel was given; @error names the option. */
bool topology_kernel(const char *text, enum kernel_release *ret_release, GError **error);

#endif
