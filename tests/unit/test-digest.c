/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/digest.h"

#include <glib.h>
#include <glib/gstdio.h>

/* XXH3 of 128 bits of no bytes, as `xxhsum -H2` prints it. */
#define EMPTY "99aa06d3014798d86001c324468d497f"

enum { NR_BYTES = 40000 };

static guchar *some_bytes(void)
{
    guchar *bytes = g_malloc(NR_BYTES);

    for (guint i = 0; i < NR_BYTES; i++) {
        bytes[i] = (guchar)(i * 2654435761u >> 24);
    }
    return bytes;
}

static void test_known_answers(void)
{
    struct digest *d = digest_new();
    g_autofree char *streamed = digest_hex(d), *whole = digest_of("", 0);
    g_autofree char *abc = digest_of("abc", 3);

    g_assert_cmpstr(streamed, ==, EMPTY);
    g_assert_cmpstr(whole, ==, EMPTY);
    g_assert_cmpstr(abc, ==, "06b05ab6733a618578af5f94892f3950");
    digest_free(d);
    digest_free(NULL);
}

/* However the bytes are cut, around the size of the buffer and far beyond it. */
static void test_pieces(void)
{
    static const size_t pieces[] = {1, 7, 40, 4095, 4096, 4097, 9000, NR_BYTES};
    g_autofree guchar *bytes = some_bytes();
    g_autofree char *expected = digest_of(bytes, NR_BYTES);

    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        struct digest *d = digest_new();
        g_autofree char *hex = NULL;

        for (size_t at = 0; at < NR_BYTES; at += pieces[i]) {
            digest_update(d, bytes + at, MIN(pieces[i], NR_BYTES - at));
            digest_update(d, NULL, 0);
        }
        hex = digest_hex(d);
        g_assert_cmpstr(hex, ==, expected);
        digest_free(d);
    }
}

/* Asking for the digest does not end the stream. */
static void test_read_in_between(void)
{
    g_autofree guchar *bytes = some_bytes();
    g_autofree char *half = digest_of(bytes, 100), *all = digest_of(bytes, 5000);
    g_autofree char *hex_half = NULL, *hex_again = NULL, *hex_all = NULL;
    struct digest *d = digest_new();

    digest_update(d, bytes, 100);
    hex_half = digest_hex(d);
    hex_again = digest_hex(d);
    digest_update(d, bytes + 100, 4900);
    hex_all = digest_hex(d);
    g_assert_cmpstr(hex_half, ==, half);
    g_assert_cmpstr(hex_again, ==, half);
    g_assert_cmpstr(hex_all, ==, all);
    g_assert_cmpstr(half, !=, all);
    digest_free(d);
}

static void test_file(void)
{
    g_autofree guchar *bytes = some_bytes();
    g_autofree char *folder = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    g_autofree char *hex = NULL, *expected = digest_of(bytes, NR_BYTES);

    g_assert_null(digest_of_file(path));
    g_assert_true(g_file_set_contents(path, (const char *)bytes, NR_BYTES, NULL));
    hex = digest_of_file(path);
    g_assert_cmpstr(hex, ==, expected);
    g_assert_null(digest_of_file(folder)); /* opens, but cannot be read */
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/digest/known-answers", test_known_answers);
    g_test_add_func("/digest/pieces", test_pieces);
    g_test_add_func("/digest/read-in-between", test_read_in_between);
    g_test_add_func("/digest/file", test_file);
    return g_test_run();
}
