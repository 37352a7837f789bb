/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for many objects of one size that live as long as the slab: carved from large aligned
 * chunks, for which huge pages are asked, so that thousands of objects used in turn cost few TLB
 * misses and start on a cache line.
 */
#ifndef NUMASIM_BASE_SLAB_H
#define NUMASIM_BASE_SLAB_H

#include <stddef.h>

struct slab; /* see slab.c */

/* A slab of objects of @size bytes; nothing is allocated before the first slab_alloc(). */
struct slab *slab_new(size_t size);
/* Frees the slab and every object in it. Accepts NULL. */
void slab_free(struct slab *slab);
/* A zeroed object on a 64-byte boundary; never NULL. Owned by the slab. */
void *slab_alloc(struct slab *slab);
/* Bytes that one object takes. */
size_t slab_stride(const struct slab *slab);

#endif
