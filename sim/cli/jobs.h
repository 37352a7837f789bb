/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs in processes of their own, so many at once. A job that crashes costs nobody else; what it answers
 * comes back through a pipe. Which runs first does not depend on anything; which ends first does, so
 * that whoever keeps answers keeps them by their index.
 */
#ifndef NUMASIM_CLI_JOBS_H
#define NUMASIM_CLI_JOBS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct jobs {
    int32_t nr;          /* jobs 0 .. nr - 1, begun in this order */
    int32_t max_running; /* >= 1 */
    /* In this process, before the job's begins, which has its memory as it is then. *@ret_skip: there is
     * nothing to do. False with @error ends everything. */
    bool (*prepare)(int32_t index, bool *ret_skip, void *data, GError **error);
    /* In the job's process: does it, writes the answer to @fd; what it returns is the exit status. */
    int (*run)(int32_t index, int fd, void *data);
    /* In this process, once for each job that ran: its whole answer, and its status as of waitpid(). False
     * with @error ends everything. */
    bool (*ended)(int32_t index, const GString *answer, int status, void *data, GError **error);
    /* Now and then while jobs run. Optional. */
    void (*tick)(int32_t nr_running, void *data);
    void *data;
};

/* Carries out all jobs. False with the error of a callback or NUMASIM_ERROR_IO; jobs that still ran were
 * killed then. */
bool jobs_run(const struct jobs *jobs, GError **error);

/* How many CPUs this process may use. */
int32_t jobs_default(void);

/* Writes all of @bytes to @fd. */
bool jobs_write(int fd, const void *bytes, gsize size);

#endif
