/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of protocol buffers (protobuf.dev/programming-guides/encoding), appended to text that may hold any
 * byte. */
#ifndef NUMASIM_FORMAT_TRACE_PROTOBUF_H
#define NUMASIM_FORMAT_TRACE_PROTOBUF_H

#include <glib.h>
#include <stdint.h>

void protobuf_uint(GString *m, int field, uint64_t value);
/* int32, int64 and enum: a negative one takes ten bytes. */
void protobuf_int(GString *m, int field, int64_t value);
void protobuf_fixed64(GString *m, int field, uint64_t value);
void protobuf_string(GString *m, int field, const char *text);
/* @inner is the finished message. */
void protobuf_message(GString *m, int field, const GString *inner);

#endif
