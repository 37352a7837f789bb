/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intrusive circular doubly linked lists: a head and links embedded in what is listed. */
#ifndef NUMASIM_BASE_LIST_H
#define NUMASIM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_between(struct list *l, struct list *prev, struct list *next)
{
    l->prev = prev;
    l->next = next;
    prev->next = l;
    next->prev = l;
}

static inline void list_add_head(struct list *head, struct list *l)
{
    list_insert_between(l, head, head->next);
}

static inline void list_add_tail(struct list *head, struct list *l)
{
    list_insert_between(l, head->prev, head);
}

/* Unlinks @l and leaves it empty, so that removing twice is harmless. */
static inline void list_del(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

#endif
