/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/sessions.h"

#include <glib.h>
#include <string.h>

enum { SESSION_NONE = 0, SESSION_RECORDING = 1 };

/* Names that kernel threads give themselves; a trailing '*' stands for any rest. */
static const char *const kernel_threads[] = {
    "kworker/*",   "ksoftirqd/*",    "migration/*", "cpuhp/*",   "idle_inject/*", "rcu_*",
    "rcuc/*",      "rcub/*",         "rcuog/*",     "rcuop/*",   "rcuos/*",       "rcu*_gp",
    "irq/*",       "irq_work/*",     "ktimers/*",   "watchdogd", "khungtaskd",    "khugepaged",
    "kcompactd*",  "kswapd*",        "ksmd",        "kthreadd",  "kdevtmpfs",     "kauditd",
    "oom_reaper",  "pool_workqueue", "jbd2/*",      "xfsaild/*", "btrfs-*",       "scsi_eh_*",
    "nvme*-wq",    "psimon",         "kdamond*",    "khvcd",     "hwrng",         "kpsmoused",
    "ext4-rsv-co*"};

struct daemon {
    const char *comm;
    bool each; /* each of its processes */
};

static const struct daemon daemons[] = {
    /* src/backend/utils/init/miscinit.c: InitPostmasterChild(), PostgreSQL 15 */
    {"postgres", true},       {"nginx", false}, /* src/os/unix/ngx_daemon.c: ngx_daemon() */
    {"redis-server", false},                    /* src/server.c: daemonize() */
    {"valkey-server", false},                   /* src/server.c: daemonize() */
    {"memcached", false},                       /* daemon.c: daemonize() */
    {"mysqld", false},                          /* sql-common/my_daemon.cc: mysqld_daemonize() */
    {"mariadbd", false}, /* systemd runs each service in a session: src/core/exec-invoke.c */
    {"apache2", false},  /* apr: threadproc/unix/procsup.c: apr_proc_detach() */
    {"httpd", false},    /* the same */
    {"haproxy", false},  /* src/haproxy.c: setsid() of the daemon mode */
    {"lighttpd", false}, /* src/server.c: daemonize() */
    {"sshd", true},      /* session.c: each login */
    {"sshd-session", true},   {"other", true},
};

static bool matches(const char *pattern, const char *comm)
{
    const char *star = strchr(pattern, '*');

    if (star == NULL) {
        return strcmp(pattern, comm) == 0;
    }
    return strncmp(pattern, comm, (size_t)(star - pattern)) == 0 &&
           g_str_has_suffix(comm + (star - pattern), star + 1);
}

static bool is_kernel_thread(const char *comm)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kernel_threads); i++) {
        if (matches(kernel_threads[i], comm)) {
            return true;
        }
    }
    return false;
}

static const struct daemon *find_daemon(const char *comm)
{
    for (gsize i = 0; i < G_N_ELEMENTS(daemons); i++) {
        if (strcmp(daemons[i].comm, comm) == 0) {
            return &daemons[i];
        }
    }
    return NULL;
}

/* The session of the first task of command @comm before @index, or SESSION_NONE. */
static int32_t session_of_command(const struct workload_trace *trace, int32_t index)
{
    for (int32_t i = 0; i < index; i++) {
        if (trace->tasks[i].parent < 0 &&
            strcmp(trace->tasks[i].comm, trace->tasks[index].comm) == 0) {
            return trace->tasks[i].session;
        }
    }
    return SESSION_NONE;
}

void trace_sessions_assign(struct workload_trace *trace)
{
    int32_t next = SESSION_RECORDING + 1;

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        struct trace_task *t = &trace->tasks[i];
        const struct daemon *d = find_daemon(t->comm);

        if (is_kernel_thread(t->comm)) {
            t->session = SESSION_NONE;
        } else if (t->parent >= 0) {
            t->session = trace->tasks[t->parent].session;
        } else if (d == NULL) {
            t->session = SESSION_RECORDING;
        } else {
            t->session = d->each ? SESSION_NONE : session_of_command(trace, i);
            if (t->session == SESSION_NONE) {
                t->session = next++;
            }
        }
    }
}
