/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the memory side of the kernel offers its scheduling side:
 *
 *   mm.c          address spaces and where their pages lie
 *   object.c      pages that several processes map
 *   memcg.c       memory of cgroups; stall.c tasks that wait for some; oom.c
 *   touch.c       first touch: allocation; mempolicy.c and mems.c: on which nodes
 *   llc.c         shares of an LLC, and whose it is warm for; side-cache.c in front of memory
 *   access.c      accesses to memory, counted
 *   rate.c        those that run alike, and how far they come; by contend.c and resources.c
 *   fault.c       which accesses meet protected pages, and what follows
 *   pages.c       pages as plugins see, protect and move them; pages-found.c
 *   huge.c        base pages that become huge ones
 *   daemon.c      kernel threads of nodes, and one of none; mover.c moves a process's pages
 *   vmstat.c, numa-maps.c  what the kernel prints of it
 */
#ifndef NUMASIM_KERNEL_MM_INTERNAL_H
#define NUMASIM_KERNEL_MM_INTERNAL_H

#include "kernel/structures.h"

/* llc.c: who shares an LLC, and what it holds for whom */
void llc_shares_new(struct kernel *k);
void llc_shares_free(struct kernel *k);
/* @t, which has a mix, begins or ends to run on @rq. */
void llc_enter(struct kernel *k, struct rq *rq, struct task *t);
void llc_leave(struct kernel *k, struct rq *rq, struct task *t);
/* Of @working_set_bytes, how much @rq's LLC holds for each of those that use it now. */
int64_t llc_share_bytes(const struct kernel *k, const struct rq *rq, int64_t working_set_bytes);
/* No LLC is @t's own any more. */
void llc_forget(struct kernel *k, struct task *t);

/* mm.c */
/* @t, which has a mix, begins or ends to run: it is among the users of its slices meanwhile. */
void slices_enter(struct task *t);
void slices_leave(struct task *t);

/* fault.c */
/* @t, which has a mix, begins to run, or has ended to: its accesses are accounted. */
void fault_enter(struct kernel *k, struct task *t);
void fault_leave(struct kernel *k, struct task *t);
/* The hint faults of what @t, which runs on @rq, accessed since the last time; it is settled. */
void task_faults(struct kernel *k, struct rq *rq, struct task *t);

/* daemon.c */
void daemons_free(struct kernel *k);
void daemon_event(struct kernel *k, struct evq_entry *e);
void daemon_advance(struct kernel *k, struct task *t);

/* mover.c */
/* Starts a kernel thread that moves the pages of @p on nodes of @from to those of @to. */
void mover_start(struct kernel *k, struct process *p, const char *comm, const uint64_t *from,
                 const uint64_t *to);
void mover_advance(struct kernel *k, struct task *t);
void mover_release(struct task *t);

/* copies.c */
void copies_free(struct kernel *k);

/* access.c */
/* Turns the work done since the last call into accesses by node. */
void access_account(struct kernel *k, struct rq *rq, struct task *t);

/* mm.c */
/* The pages and the regions' policies of @t's process, which has no other task, go. */
void mm_exec(struct kernel *k, struct task *t);
void process_free(struct kernel *k, struct process *p);
/* Gives the pages of @p, which has no task left, back to their nodes. */
void process_release_pages(struct kernel *k, struct process *p, int32_t cpu);

#endif
