/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of one node of this machine, and what of the machine this process may use. */
#ifndef NUMASIM_CLI_MEASURE_BUFFER_H
#define NUMASIM_CLI_MEASURE_BUFFER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct measure_buffer {
    void *start;
    size_t size; /* bytes, a multiple of 2 MiB */
};

/* What this process may use. */
struct measure_rights {
    bool numa;            /* the kernel has memory policies and lets this process ask for them */
    unsigned long *cpus;  /* bitmap of FACTS_MAX_CPU_ID: may run there; owned */
    unsigned long *nodes; /* bitmap of FACTS_MAX_NODE_ID: may have memory there; owned */
};

/* What sched_getaffinity() and get_mempolicy() say; without the latter all nodes are allowed. */
void measure_rights_init(struct measure_rights *rights);
void measure_rights_release(struct measure_rights *rights);
bool measure_may_run(const struct measure_rights *rights, int32_t cpu);
bool measure_may_have(const struct measure_rights *rights, int32_t node);

/*
 * Bytes that may be taken of @node without harm: a quarter of what is free there, of what is
 * available in the machine, and of what the cgroup's limit leaves.
 */
int64_t measure_spare_bytes(int32_t node);

/*
 * Maps @size bytes, in huge pages where the kernel gives them. With @bind all of it will come from
 * @node or not at all; the pages themselves come with the first touch. False with errno: mmap()
 * refused, or mbind() did (EPERM in many containers) and nothing is mapped.
 */
bool measure_buffer_init(struct measure_buffer *buffer, size_t size, bool bind, int32_t node);
void measure_buffer_release(struct measure_buffer *buffer);

/*
 * The number of a node that a sampled page of touched @buffer came from although it is not @node;
 * -1 if there is none, or if the kernel does not tell.
 */
int32_t measure_buffer_stray(const struct measure_buffer *buffer, int32_t node);

#endif
