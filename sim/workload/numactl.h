/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of nodes and CPUs that numactl(8) takes: [!][+]item(,item)*, an item a number, a range or
 * "all" (libnuma.c: __numa_parse_nodestring(), __numa_parse_cpustring(), 2.0.16).
 */
#ifndef NUMASIM_WORKLOAD_NUMACTL_H
#define NUMASIM_WORKLOAD_NUMACTL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Reads @text into @map, overwritten, of @nr bits like @configured (what there is) and @allowed (what the
 * cpuset leaves). '!' takes all configured ones but those; '+' makes the numbers ordinals within
 * @allowed; numbers are as in C, so 0x10 and 010 are 16 and 8. Within a range what is not allowed is left
 * out; a number or an end of a range that is not allowed is an error, as is bad syntax: false with
 * NUMASIM_ERROR_INPUT, in numactl's words. @what: "node" or "cpu". The empty text is the empty set.
 */
bool numactl_list_parse(const char *text, const char *what, const uint64_t *configured,
                        const uint64_t *allowed, uint32_t nr, uint64_t *map, GError **error);

#endif
