/* SPDX-License-Identifier: GPL-2.0-or-later */
/* madvise() is no part of POSIX; without huge pages everything works, only slower. */
#define _DEFAULT_SOURCE
#include "base/slab.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, SMALL_CHUNK = 64 << 10, LARGE_CHUNK = 2 << 20 };

struct slab {
    size_t stride;
    char *chunk;       /* the newest */
    size_t used, size; /* of it */
    GPtrArray *chunks;
};

struct slab *slab_new(size_t size)
{
    struct slab *slab = g_new0(struct slab, 1);

    /* An odd number of lines: what is used of each object spreads over all sets of a cache. */
    slab->stride = ((size + LINE - 1) / LINE | 1) * LINE;
    slab->chunks = g_ptr_array_new_with_free_func(free);
    return slab;
}

void slab_free(struct slab *slab)
{
    if (slab == NULL) {
        return;
    }
    g_ptr_array_unref(slab->chunks);
    g_free(slab);
}

/* The first chunk is small, so that a simulation of a few tasks stays one. */
static void add_chunk(struct slab *slab)
{
    size_t size = slab->chunks->len == 0 ? SMALL_CHUNK : LARGE_CHUNK;

    if (size < slab->stride) {
        size = (slab->stride + LARGE_CHUNK - 1) / LARGE_CHUNK * LARGE_CHUNK;
    }
    slab->chunk = aligned_alloc(size < LARGE_CHUNK ? LINE : LARGE_CHUNK, size);
    if (slab->chunk == NULL) {
        g_error("out of memory: %zu bytes", size);
    }
    if (size >= LARGE_CHUNK) {
        madvise(slab->chunk, size, MADV_HUGEPAGE);
    }
    slab->size = size;
    slab->used = 0;
    g_ptr_array_add(slab->chunks, slab->chunk);
}

void *slab_alloc(struct slab *slab)
{
    if (slab->chunk == NULL || slab->used + slab->stride > slab->size) {
        add_chunk(slab);
    }
    void *object = slab->chunk + slab->used;

    slab->used += slab->stride;
    return memset(object, 0, slab->stride);
}

size_t slab_stride(const struct slab *slab)
{
    return slab->stride;
}
