/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/slab.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* Objects are zeroed, aligned, do not overlap, and stay where they are when more are made. */
static void test_objects(gconstpointer data)
{
    size_t size = GPOINTER_TO_SIZE(data);
    struct slab *slab = slab_new(size);
    enum { COUNT = 5000 };
    char *objects[COUNT];

    for (int i = 0; i < COUNT; i++) {
        objects[i] = slab_alloc(slab);
        g_assert_cmpuint((uintptr_t)objects[i] % 64, ==, 0);
        for (size_t at = 0; at < size; at++) {
            g_assert_cmpint(objects[i][at], ==, 0);
        }
        memset(objects[i], 1 + i % 100, size);
    }
    for (int i = 0; i < COUNT; i++) {
        g_assert_cmpint(objects[i][0], ==, 1 + i % 100);
        g_assert_cmpint(objects[i][size - 1], ==, 1 + i % 100);
    }
    g_assert_cmpuint(slab_stride(slab), >=, size);
    slab_free(slab);
}

static void test_larger_than_a_chunk(void)
{
    size_t size = (size_t)5 << 20;
    struct slab *slab = slab_new(size);
    char *a = slab_alloc(slab), *b = slab_alloc(slab);

    memset(a, 1, size);
    memset(b, 2, size);
    g_assert_cmpint(a[size - 1], ==, 1);
    slab_free(slab);
    slab_free(slab_new(8));
    slab_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/slab/objects/1", GSIZE_TO_POINTER(1), test_objects);
    g_test_add_data_func("/slab/objects/64", GSIZE_TO_POINTER(64), test_objects);
    g_test_add_data_func("/slab/objects/1000", GSIZE_TO_POINTER(1000), test_objects);
    g_test_add_func("/slab/larger-than-a-chunk", test_larger_than_a_chunk);
    return g_test_run();
}
