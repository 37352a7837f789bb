/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tar archive made of text, so that what is mutated is the files and not the checksums around
 * them: a line "@path" begins a file, the lines up to the next such line are what is in it.
 */
#ifndef NUMASIM_TESTS_FUZZ_TAR_OF_TEXT_H
#define NUMASIM_TESTS_FUZZ_TAR_OF_TEXT_H

#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TAR_BLOCK = 512, TAR_NAME = 100 };

/* POSIX.1-1988 ustar header: name, mode, uid, gid, size, mtime, checksum, type, magic, version. */
static inline void tar_add_file(GByteArray *tar, const char *name, size_t length, const char *bytes,
                                size_t size)
{
    char header[TAR_BLOCK] = {0};
    unsigned int sum = 0;
    const guint end =
        tar->len + TAR_BLOCK + (guint)((size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);

    memcpy(header, name, MIN(length, TAR_NAME - 1));
    memcpy(header + 100, "0000644", 8);
    memcpy(header + 108, "0000000", 8);
    memcpy(header + 116, "0000000", 8);
    g_snprintf(header + 124, 12, "%011o", (unsigned int)size);
    memcpy(header + 136, "00000000000", 12);
    memset(header + 148, ' ', 8);
    header[156] = '0';
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        sum += (unsigned char)header[i];
    }
    g_snprintf(header + 148, 7, "%06o", sum);
    g_byte_array_append(tar, (const guint8 *)header, TAR_BLOCK);
    g_byte_array_append(tar, (const guint8 *)bytes, (guint)size);
    while (tar->len < end) {
        g_byte_array_append(tar, (const guint8 *)"", 1);
    }
}

/* Newly allocated; the bytes themselves if they do not begin with '@'. */
static inline GByteArray *tar_of_text(const uint8_t *data, size_t size)
{
    GByteArray *tar = g_byte_array_new();
    const char *at = (const char *)data, *end = at + size;
    static const guint8 trailer[2 * TAR_BLOCK];

    if (size == 0 || *at != '@') {
        return g_byte_array_append(tar, data, (guint)size);
    }
    while (at < end) {
        const char *name = at + 1;
        const char *line_end = memchr(name, '\n', (size_t)(end - name));
        const char *next;

        if (line_end == NULL) {
            break;
        }
        next = g_strstr_len(line_end, end - line_end, "\n@");
        next = next == NULL ? end : next + 1;
        tar_add_file(tar, name, (size_t)(line_end - name), line_end + 1,
                     (size_t)(next - line_end - 1));
        at = next;
    }
    return g_byte_array_append(tar, trailer, sizeof(trailer));
}

#endif
