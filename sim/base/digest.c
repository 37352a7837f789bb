/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thin cover over the streaming XXH3 of libxxhash: small pieces are gathered first, because its
 * update costs far more than the copy of the few bytes of a tracepoint.
 */
#include "base/digest.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { DIGEST_BUFFER_BYTES = 4096, DIGEST_FILE_CHUNK_BYTES = 65536 };

struct digest {
    XXH3_state_t *state; /* owned */
    size_t used;
    unsigned char buffer[DIGEST_BUFFER_BYTES];
};

struct digest *digest_new(void)
{
    struct digest *d = g_new(struct digest, 1);

    /* It has an alignment of its own, which the library's allocation gives it. */
    d->state = XXH3_createState();
    g_assert(d->state);
    d->used = 0;
    (void)XXH3_128bits_reset(d->state);
    return d;
}

void digest_free(struct digest *d)
{
    if (d) {
        (void)XXH3_freeState(d->state);
        g_free(d);
    }
}

void digest_update(struct digest *d, const void *bytes, size_t size)
{
    if (size > sizeof d->buffer - d->used) {
        (void)XXH3_128bits_update(d->state, d->buffer, d->used);
        d->used = 0;
        if (size > sizeof d->buffer) {
            (void)XXH3_128bits_update(d->state, bytes, size);
            return;
        }
    }
    if (size > 0) {
        memcpy(d->buffer + d->used, bytes, size);
        d->used += size;
    }
}

static char *to_hex(XXH128_hash_t hash)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
                           (guint64)hash.high64, (guint64)hash.low64);
}

char *digest_hex(const struct digest *d)
{
    XXH3_state_t *whole = XXH3_createState();
    char *hex;

    g_assert(whole);
    XXH3_copyState(whole, d->state);
    (void)XXH3_128bits_update(whole, d->buffer, d->used);
    hex = to_hex(XXH3_128bits_digest(whole));
    (void)XXH3_freeState(whole);
    return hex;
}

char *digest_of(const void *bytes, size_t size)
{
    return to_hex(XXH3_128bits(bytes, size));
}

char *digest_of_file(const char *path)
{
    g_autofree unsigned char *chunk = g_malloc(DIGEST_FILE_CHUNK_BYTES);
    struct digest *d;
    FILE *file = fopen(path, "rb");
    char *hex;
    size_t size;

    if (!file) {
        return NULL;
    }
    d = digest_new();
    while ((size = fread(chunk, 1, DIGEST_FILE_CHUNK_BYTES, file)) > 0) {
        digest_update(d, chunk, size);
    }
    hex = ferror(file) ? NULL : digest_hex(d);
    digest_free(d);
    (void)fclose(file);
    return hex;
}
