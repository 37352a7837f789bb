/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 128-bit XXH3 digest over a stream of bytes, buffered. */
#ifndef NUMASIM_BASE_DIGEST_H
#define NUMASIM_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest; /* see digest.c */

struct digest *digest_new(void);
void digest_free(struct digest *d);
void digest_update(struct digest *d, const void *bytes, size_t size);
/* The digest so far as 32 hex digits, newly allocated; @d may be updated further. */
char *digest_hex(const struct digest *d);
/* The digest of one buffer, newly allocated. */
char *digest_of(const void *bytes, size_t size);
/* The digest of a file's bytes, or NULL if it cannot be read. */
char *digest_of_file(const char *path);

#endif
