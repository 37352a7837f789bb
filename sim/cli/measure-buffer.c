/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* sched_getaffinity(), madvise() */
#include "cli/measure-buffer.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/facts.h"

enum { LONG_BITS = 8 * sizeof(unsigned long), HUGE_PAGE_BYTES = 2 * 1024 * 1024, SPARE_PART = 4 };

static bool bit_test(const unsigned long *bits, int32_t bit)
{
    return (bits[bit / LONG_BITS] >> (bit % LONG_BITS) & 1) != 0;
}

void measure_rights_init(struct measure_rights *rights)
{
    const size_t cpu_bytes = FACTS_MAX_CPU_ID / 8, node_bytes = FACTS_MAX_NODE_ID / 8;

    rights->cpus = g_malloc0(cpu_bytes);
    rights->nodes = g_malloc0(node_bytes);
    if (sched_getaffinity(0, cpu_bytes, (cpu_set_t *)(void *)rights->cpus) != 0) {
        memset(rights->cpus, 0xff, cpu_bytes); /* a refusal then names each CPU */
    }
    /* Only the wrappers of the system calls: the rest of libnuma prints, and exits, on errors. */
    rights->numa = numa_available() >= 0 && get_mempolicy(NULL, rights->nodes, FACTS_MAX_NODE_ID,
                                                          NULL, MPOL_F_MEMS_ALLOWED) == 0;
    if (!rights->numa) {
        memset(rights->nodes, 0xff, node_bytes);
    }
}

void measure_rights_release(struct measure_rights *rights)
{
    g_free(rights->cpus);
    g_free(rights->nodes);
}

bool measure_may_run(const struct measure_rights *rights, int32_t cpu)
{
    return bit_test(rights->cpus, cpu);
}

bool measure_may_have(const struct measure_rights *rights, int32_t node)
{
    return bit_test(rights->nodes, node);
}

/* The number behind @key in the file @path, in bytes if "kB" follows; -1 if it is not there. */
static int64_t read_number(const char *path, const char *key)
{
    g_autofree char *text = NULL;
    const char *at;
    char *end;
    guint64 value;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return -1;
    }
    at = strstr(text, key);
    if (at == NULL) {
        return -1;
    }
    at += strlen(key);
    value = g_ascii_strtoull(at, &end, 10);
    if (end == at || value > G_MAXINT64 / 1024) {
        return -1;
    }
    return (int64_t)value * (g_str_has_prefix(end, " kB") ? 1024 : 1);
}

/* Of the cgroup (version 2) that this process is in: what its limit leaves, -1 without a limit. */
static int64_t cgroup_spare_bytes(void)
{
    g_autofree char *text = NULL, *limit_file = NULL, *used_file = NULL;
    const char *path;
    int64_t limit, used;

    if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL)) {
        return -1;
    }
    path = strstr(text, "0::/");
    if (path == NULL) {
        return -1;
    }
    path += strlen("0::");
    limit_file = g_strdup_printf("/sys/fs/cgroup%.*s/memory.max", (int)strcspn(path, "\n"), path);
    used_file =
        g_strdup_printf("/sys/fs/cgroup%.*s/memory.current", (int)strcspn(path, "\n"), path);
    limit = read_number(limit_file, "");
    used = read_number(used_file, "");
    return limit < 0 ? -1 : MAX(limit - MAX(used, 0), 0);
}

int64_t measure_spare_bytes(int32_t node)
{
    g_autofree char *meminfo =
        g_strdup_printf("/sys/devices/system/node/node%" G_GINT32_FORMAT "/meminfo", node);
    const int64_t spare[] = {read_number(meminfo, "MemFree:"),
                             read_number("/proc/meminfo", "MemAvailable:"), cgroup_spare_bytes()};
    int64_t least = G_MAXINT64;

    for (guint i = 0; i < G_N_ELEMENTS(spare); i++) {
        least = spare[i] >= 0 ? MIN(least, spare[i]) : least;
    }
    return least == G_MAXINT64 ? 0 : least / SPARE_PART;
}

bool measure_buffer_init(struct measure_buffer *buffer, size_t size, bool bind, int32_t node)
{
    unsigned long mask[FACTS_MAX_NODE_ID / LONG_BITS] = {0};

    size = MAX(size / HUGE_PAGE_BYTES, 1) * HUGE_PAGE_BYTES;
    buffer->start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer->start == MAP_FAILED) {
        return false;
    }
    buffer->size = size;
    /* A refusal costs accuracy (page walks), and nothing else. */
    (void)madvise(buffer->start, size, MADV_HUGEPAGE);
    mask[node / LONG_BITS] |= 1UL << (node % LONG_BITS);
    if (bind &&
        mbind(buffer->start, size, MPOL_BIND, mask, FACTS_MAX_NODE_ID, MPOL_MF_STRICT) != 0) {
        const int refusal = errno;

        measure_buffer_release(buffer);
        errno = refusal;
        return false;
    }
    return true;
}

void measure_buffer_release(struct measure_buffer *buffer)
{
    munmap(buffer->start, buffer->size);
    buffer->start = NULL;
}

int32_t measure_buffer_stray(const struct measure_buffer *buffer, int32_t node)
{
    enum { SAMPLES = 16 };

    for (size_t i = 0; i < SAMPLES; i++) {
        char *page = (char *)buffer->start + buffer->size / SAMPLES * i;
        int found;

        if (get_mempolicy(&found, NULL, 0, page, MPOL_F_NODE | MPOL_F_ADDR) != 0) {
            return -1;
        }
        if (found != node) {
            return found;
        }
    }
    return -1;
}
