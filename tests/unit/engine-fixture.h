/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulation in one call, for tests of the engine. Every failure ends the test program. */
#ifndef NUMASIM_TESTS_ENGINE_FIXTURE_H
#define NUMASIM_TESTS_ENGINE_FIXTURE_H

#include "kernel/kernel.h"
#include "workload/interp.h"
#include "workload/workload.h"

struct engine {
    struct machine *machine;
    struct sched_domains *domains;
    struct workload *workload;
    struct policy_stack *stack;
    struct kernel *kernel;
    struct interp *interp;
};

/* Folder of the plugins built with the tests; newly allocated. */
char *fixture_plugin_dir(void);
/* The stack of a shipped set ("linux-6.12") or of "QUEUE+BALANCE" ("fifo+none"), with what follows after
 * blanks as --set ("linux-6.12 queue.next_buddy=on"). */
struct policy_stack *fixture_stack(const char *name);
/* From shipped names, or, where it holds a line break, the YAML text itself. */
struct engine *engine_new(const char *topology, const char *workload, const char *policies,
                          const struct kernel_config *config);
/* The same; NULL with @error if the workload does not fit the machine. */
struct engine *engine_try_new(const char *topology, const char *workload, const char *policies,
                              const struct kernel_config *config, GError **error);
/* As engine_new() with policies that live in the test; by_role as policy_stack_from_descriptors(). */
struct engine *engine_new_with(const char *topology, const char *workload,
                               const struct numasim_policy *const by_role[NUMASIM_NR_ROLES],
                               const struct kernel_config *config);
/* The same with a stack, which the engine frees. */
struct engine *engine_new_stack(const char *topology, const char *workload,
                                struct policy_stack *stack, const struct kernel_config *config);
void engine_free(struct engine *e);
/* Runs, expecting no fault. */
void engine_run(struct engine *e, int64_t until_ns);
/* Runs and frees @e; its digest, newly allocated. */
char *engine_run_digest(struct engine *e, int64_t until_ns);
/* Runs, expecting a fault whose message holds each of the NULL-terminated words. */
void engine_run_fault(struct engine *e, int64_t until_ns, ...) G_GNUC_NULL_TERMINATED;
/* The task named @comm (the @n-th of that name). */
struct task *engine_task(struct engine *e, const char *comm, int n);

#endif
