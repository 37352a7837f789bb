/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/protobuf.h"

#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
static void put_varint(GString *m, uint64_t value)
{
    char bytes[10];
    gssize nr = 0;

    while (value >= 128) {
        bytes[nr++] = (char)(unsigned char)(128 | (value & 127));
        value >>= 7;
    }
    bytes[nr++] = (char)value;
    g_string_append_len(m, bytes, nr);
}

static void put_key(GString *m, int field, enum wire wire)
{
    put_varint(m, (uint64_t)field << 3 | (uint64_t)wire);
}

void protobuf_uint(GString *m, int field, uint64_t value)
{
    put_key(m, field, WIRE_VARINT);
    put_varint(m, value);
}

void protobuf_int(GString *m, int field, int64_t value)
{
    protobuf_uint(m, field, (uint64_t)value);
}

void protobuf_fixed64(GString *m, int field, uint64_t value)
{
    put_key(m, field, WIRE_FIXED64);
    for (int i = 0; i < 64; i += 8) {
        g_string_append_c(m, (char)(unsigned char)(value >> i & 255));
    }
}

static void put_bytes(GString *m, int field, const char *bytes, size_t size)
{
    put_key(m, field, WIRE_BYTES);
    put_varint(m, size);
    g_string_append_len(m, bytes, (gssize)size);
}

void protobuf_string(GString *m, int field, const char *text)
{
    put_bytes(m, field, text, strlen(text));
}

void protobuf_message(GString *m, int field, const GString *inner)
{
    put_bytes(m, field, inner->str, inner->len);
}
