/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/list.h"

#include <glib.h>

struct item {
    int before; /* so that the links are not at offset 0 */
    struct list links;
};

static void assert_items(const struct list *head, const int *values, size_t n)
{
    const struct list *l = head->next;

    for (size_t i = 0; i < n; i++, l = l->next) {
        g_assert_cmpint(container_of(l, struct item, links)->before, ==, values[i]);
        g_assert_true(l->next->prev == l);
    }
    g_assert_true(l == head);
}

static void test_list(void)
{
    struct list head;
    struct item a = {.before = 1}, b = {.before = 2}, c = {.before = 3};

    list_init(&head);
    g_assert_true(list_empty(&head));
    assert_items(&head, NULL, 0);
    list_add_tail(&head, &b.links);
    list_add_tail(&head, &c.links);
    list_add_head(&head, &a.links);
    assert_items(&head, (const int[]){1, 2, 3}, 3);
    g_assert_false(list_empty(&head));
    list_del(&b.links);
    assert_items(&head, (const int[]){1, 3}, 2);
    g_assert_true(list_empty(&b.links));
    list_del(&b.links); /* twice is harmless */
    list_del(&a.links);
    list_insert_between(&b.links, &c.links, &head);
    assert_items(&head, (const int[]){3, 2}, 2);
    list_del(&b.links);
    list_del(&c.links);
    g_assert_true(list_empty(&head));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/list/list", test_list);
    return g_test_run();
}
