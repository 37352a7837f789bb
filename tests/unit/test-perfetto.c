/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wire format by the examples of its documentation, and packets by hand. */
#include <glib.h>
#include <string.h>

#include "format/trace/perfetto.h"
#include "format/trace/protobuf.h"

static void assert_bytes(const GString *got, const char *hex)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < got->len; i++) {
        g_string_append_printf(text, "%02x", (unsigned char)got->str[i]);
    }
    g_assert_cmpstr(text->str, ==, hex);
    g_string_truncate((GString *)(guintptr)got, 0);
}

/* protobuf.dev/programming-guides/encoding: test1, test2, test3, and a negative int32. */
static void test_wire(void)
{
    g_autoptr(GString) m = g_string_new(NULL);
    g_autoptr(GString) inner = g_string_new(NULL);

    protobuf_int(m, 1, 150);
    assert_bytes(m, "089601");
    protobuf_string(m, 2, "testing");
    assert_bytes(m, "120774657374696e67");
    protobuf_int(inner, 1, 150);
    protobuf_message(m, 3, inner);
    assert_bytes(m, "1a03089601");
    protobuf_int(m, 1, -2);
    assert_bytes(m, "08feffffffffffffffff01");
    protobuf_uint(m, 16, 0);
    assert_bytes(m, "800100");
    protobuf_fixed64(m, 47, 0x0102030405060708);
    assert_bytes(m, "f9020807060504030201");
}

static void test_packets(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct perfetto *p = perfetto_new(2, out);
    const struct perfetto_note note = {"cpu", 1};
    struct ftrace_event e = {.time_ns = 5,
                             .cpu = 1,
                             .kind = FTRACE_WAKING,
                             .dest_cpu = 1,
                             .task = {.comm = "a", .pid = 3, .prio = 120},
                             .printer = {.comm = "b", .pid = 4, .prio = 120}};

    /* packet {sequence 1, system_info {utsname {Linux, 6.12.0}}} */
    assert_bytes(out, "0a165001ea02110a0f0a054c696e75781a06362e31322e30");
    /* packet {sequence 2, flags 3, track_descriptor {uuid 7, name, counter {unit_name}}} */
    perfetto_counter_track(p, 7, 0, "n", "u");
    assert_bytes(out, "0a11"
                      "50026803"
                      "e2030a08071201"
                      "6e4203320175");
    perfetto_counter(p, 7, 9, -1);
    /* the value is field 30: f0 01 */
    assert_bytes(out, "0a185002680240095a10"
                      "48045807f001ffffffffffffffffff01");
    perfetto_ftrace(p, &e);
    g_assert_cmpuint(out->len, ==, 0); /* held back */
    perfetto_finish(p);
    assert_bytes(out, "0a1a50010a16"
                      "08011212"
                      "08051004a2010b"
                      "0a016110031878200128"
                      "01");
    perfetto_slice(p, 7, 1, 2, "s", &note, 1, 6);
    g_assert_cmpuint(out->len, >, 0);
    g_string_truncate(out, 0);
    perfetto_slice(p, 7, 2, 3, "s", &note, 1, 0);
    /* what the first has named is not named again */
    assert_bytes(out, "0a14500268024002"
                      "5a0c4801580750012204"
                      "08012001"
                      "0a0c5002680240035a04"
                      "48025807");
    perfetto_free(p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/perfetto/wire", test_wire);
    g_test_add_func("/perfetto/packets", test_packets);
    return g_test_run();
}
