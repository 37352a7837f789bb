/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/jobs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { TICK_MS = 200, READ_BYTES = 65536 };

struct job {
    int32_t index; /* -1: this place is free */
    pid_t pid;
    int fd;
    GString *answer;
};

struct pool {
    const struct jobs *jobs;
    struct job *places;    /* [max_running] */
    struct pollfd *polled; /* [max_running] */
    int32_t nr_running;
};

int32_t jobs_default(void)
{
    return (int32_t)g_get_num_processors();
}

bool jobs_write(int fd, const void *bytes, gsize size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t wrote = write(fd, at, size);

        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        if (wrote > 0) {
            at += wrote;
            size -= (gsize)wrote;
        }
    }
    return true;
}

static bool fail(const char *what, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "cannot %s: %s", what, g_strerror(errno));
    return false;
}

/* The job's own process: nothing of what this one has buffered may be written twice. */
static _Noreturn void be_job(const struct pool *pool, int32_t index, int fd, pid_t parent)
{
    for (int32_t i = 0; i < pool->jobs->max_running; i++) {
        if (pool->places[i].index >= 0) {
            close(pool->places[i].fd);
        }
    }
    /* Whoever asked for the answer is gone: so may the job be. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(0);
    }
    _exit(pool->jobs->run(index, fd, pool->jobs->data));
}

static bool begin(struct pool *pool, int32_t index, GError **error)
{
    struct job *job = pool->places;
    pid_t parent = getpid();
    int ends[2];

    while (job->index >= 0) {
        job++;
    }
    if (pipe(ends) != 0) {
        return fail("make a pipe", error);
    }
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();

    if (pid < 0) {
        fail("start a process", error);
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (pid == 0) {
        close(ends[0]);
        be_job(pool, index, ends[1], parent);
    }
    close(ends[1]);
    *job = (struct job){index, pid, ends[0], g_string_new(NULL)};
    pool->nr_running++;
    return true;
}

static int reap(struct pool *pool, struct job *job)
{
    int status = 0;

    close(job->fd);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR) {
    }
    job->index = -1;
    pool->nr_running--;
    return status;
}

/* More of an answer, or its end. */
static bool receive(struct pool *pool, struct job *job, GError **error)
{
    char buffer[READ_BYTES];
    ssize_t got = read(job->fd, buffer, sizeof(buffer));

    if (got < 0 && errno == EINTR) {
        return true;
    }
    if (got > 0) {
        g_string_append_len(job->answer, buffer, got);
        return true;
    }
    int32_t index = job->index;
    g_autoptr(GString) answer = job->answer;
    int status = reap(pool, job);

    return pool->jobs->ended(index, answer, status, pool->jobs->data, error);
}

static bool wait_for_some(struct pool *pool, GError **error)
{
    nfds_t nr = 0;

    for (int32_t i = 0; i < pool->jobs->max_running; i++) {
        /* A place that is free is passed over by poll(). */
        pool->polled[nr++] = (struct pollfd){
            .fd = pool->places[i].index >= 0 ? pool->places[i].fd : -1, .events = POLLIN};
    }
    if (poll(pool->polled, nr, TICK_MS) < 0 && errno != EINTR) {
        return fail("wait for runs", error);
    }
    for (nfds_t i = 0; i < nr; i++) {
        if (pool->polled[i].fd >= 0 && pool->polled[i].revents != 0 &&
            !receive(pool, &pool->places[i], error)) {
            return false;
        }
    }
    if (pool->jobs->tick != NULL) {
        pool->jobs->tick(pool->nr_running, pool->jobs->data);
    }
    return true;
}

static bool run_all(struct pool *pool, GError **error)
{
    for (int32_t next = 0; next < pool->jobs->nr || pool->nr_running > 0;) {
        bool skip = false;

        if (next == pool->jobs->nr || pool->nr_running == pool->jobs->max_running) {
            if (!wait_for_some(pool, error)) {
                return false;
            }
            continue;
        }
        if (!pool->jobs->prepare(next, &skip, pool->jobs->data, error) ||
            (!skip && !begin(pool, next, error))) {
            return false;
        }
        next++;
    }
    return true;
}

bool jobs_run(const struct jobs *jobs, GError **error)
{
    struct pool pool = {.jobs = jobs,
                        .places = g_new0(struct job, (gsize)jobs->max_running),
                        .polled = g_new0(struct pollfd, (gsize)jobs->max_running)};

    for (int32_t i = 0; i < jobs->max_running; i++) {
        pool.places[i].index = -1;
    }
    bool ok = run_all(&pool, error);

    for (int32_t i = 0; i < jobs->max_running; i++) {
        if (pool.places[i].index >= 0) {
            kill(pool.places[i].pid, SIGKILL);
            reap(&pool, &pool.places[i]);
            g_string_free(pool.places[i].answer, TRUE);
        }
    }
    g_free(pool.places);
    g_free(pool.polled);
    return ok;
}
