/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tasks are called so that those of two runs can be told to be the same: "server/worker#2" is the
 * third task of that process and name that a workload begins with, "server/main#0>worker#2" the third of
 * those that main forks. Which of two parents forks first is up to the policy; the order in which one
 * forks its children is the workload's. Of a long line of ancestors the first ones are one number.
 */
#ifndef NUMASIM_OBSERVE_TASK_NAMES_H
#define NUMASIM_OBSERVE_TASK_NAMES_H

#include <stdint.h>

#include "kernel/kernel.h"

struct task_names;

/* Asks @k, which must last as long as names are asked for that were not before. */
struct task_names *task_names_new(const struct kernel *k);
void task_names_free(struct task_names *n); /* accepts NULL */

/* The name of task @id, as it was made; borrowed. Ask no later than at its first event. */
const char *task_names_get(struct task_names *n, int32_t id);
/* "server/worker": the same without the number; borrowed. */
const char *task_names_group(struct task_names *n, int32_t id);
/* A number that is the same in every run for the same name. */
uint64_t task_names_hash(struct task_names *n, int32_t id);
/* Tasks that have a name. */
int32_t task_names_nr(const struct task_names *n);

/* A throttled_path_fn; @k is the struct kernel. */
int32_t task_cgroups(int32_t id, int32_t *ret, int32_t max, void *k);

#endif
