/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel and numactl's tools would say of memory now, as text: the files of /proc and /sys and
 * the output of numastat and numactl, in the formats of the release by whose rules the domains are
 * built. Each is newly allocated; reading changes nothing.
 *
 * The numbers are counted from the start of the run on. What a process is is told by the number of its
 * first thread, which stands for its PID; processes all of whose threads have exited are gone.
 *
 * Lines that count what a simulation does not have (slab, page tables, swap, compaction) are 0 where a
 * file has a line for each node, and left out of /proc/vmstat. All memory counts as of zone Normal. A
 * page is on the inactive list, where Linux puts what is new (mm/swap.c: since 5.9), because nothing
 * here ages lists; a process's regions called "heap" and "stack" are its heap and stack.
 */
#ifndef NUMASIM_KERNEL_PROCFS_H
#define NUMASIM_KERNEL_PROCFS_H

#include <stdint.h>

struct kernel;

/* /proc/vmstat (mm/vmstat.c: vmstat_text[]): what of it has a meaning here, in its order. */
char *kernel_vmstat_text(const struct kernel *k);
/* The files nodeN/meminfo, one after the other (drivers/base/node.c: node_read_meminfo()). */
char *kernel_meminfo_text(const struct kernel *k);
/*
 * numastat with @options, a set of the letters c, m, n, p, s, v and z of numastat(8), as version 2.0.16
 * prints it into a file; "": the files nodeN/numastat side by side. 'p' is of every process. Lines of
 * nodeN/meminfo that are younger than it are left out of -m, as are its complaints about them.
 */
char *kernel_numastat_text(const struct kernel *k, const char *options);
/* numactl --hardware, as version 2.0.16 prints it. */
char *kernel_numactl_text(const struct kernel *k);

/* /proc/PID/numa_maps of every process, each below its name as tail(1) prints several files
 * (fs/proc/task_mmu.c: show_numa_map(), mm/mempolicy.c: mpol_to_str()). */
char *kernel_numa_maps_text(const struct kernel *k);

/* memory.current and the other files of each cgroup whose memory is accounted, below its path as tail(1)
 * prints several (Documentation/admin-guide/cgroup-v2.rst, "Memory Interface Files"). */
char *kernel_memcg_text(const struct kernel *k);

/* The sums over the nodes of their vmstat counters: @ret[NUMASIM_NR_VM_ITEMS]. */
void kernel_vm_events(const struct kernel *k, uint64_t *ret);
/* The name of a vmstat counter: "numa_hint_faults". */
const char *vm_item_name(int item);

/* The list ("0-1,4") of @nodes, a bitmap (NULL: all), in the outside's numbers; newly allocated. */
char *kernel_node_list(const struct kernel *k, const uint64_t *nodes);

#endif
