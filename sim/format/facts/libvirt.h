/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of libvirt's two XML formats share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_FACTS_LIBVIRT_H
#define NUMASIM_FORMAT_FACTS_LIBVIRT_H

#include "format/facts/qemu-guest.h"

struct libvirt;

/* An element that means something, by its path from "/domain" or "/capabilities" on. */
struct libvirt_element {
    const char *path;
    /* At its start, with its attributes (libvirt_attribute()); may be NULL, as the next. */
    bool (*start)(struct libvirt *x, GError **error);
    /* At its end, with the text in it, without blanks around. */
    bool (*end)(struct libvirt *x, const char *text, GError **error);
};

/* A document while it is read, and what is put together from several of its elements. */
struct libvirt {
    const struct facts_input *in;
    GMarkupParseContext *context; /* borrowed */
    struct qemu_place place;      /* of the tag that is being read */
    GString *path, *text;
    int depth, nr_sets;
    const struct libvirt_element *elements; /* of this kind of document; ends with a NULL path */
    const char **keys, **values;            /* of the element that starts */
    /* A domain. */
    struct qemu_guest *guest;
    GPtrArray *arguments; /* struct qemu_word *, of qemu:commandline */
    uint64_t *vcpu_set;   /* host CPUs of all vCPUs, or NULL; bitmap of FACTS_MAX_CPU_ID */
    char *memory_nodes;   /* host nodes of all memory, or NULL */
    bool has_topology, told_of_pins, is_dimm;
    int64_t current_cpus, current_bytes, unit; /* the unit of the element that is open */
    int64_t dimm_bytes, dimm_node;
    /* Capabilities. */
    struct facts *facts;
    GHashTable *shared; /* "socket/die" -> lowest CPU + 1 */
    int32_t node;
    int64_t page_bytes;
};

/* The elements of a domain and of capabilities. */
extern const struct libvirt_element libvirt_domain_elements[], libvirt_caps_elements[];

/* Turns what the document said into facts, which the caller then owns. */
struct facts *libvirt_domain_finish(struct libvirt *x, GError **error);
struct facts *libvirt_caps_finish(struct libvirt *x, GError **error);

/* Where the tag begins that is being read. */
struct qemu_place libvirt_place(const struct libvirt *x);
/* The value of an attribute of the element that starts, or NULL. */
const char *libvirt_attribute(const struct libvirt *x, const char *key);
/* The same as an integer of @min..@max; *ret_value stays if it is absent, unless it is @needed. */
bool libvirt_integer(const struct libvirt *x, const char *key, bool needed, int64_t min,
                     int64_t max, int64_t *ret_value, GError **error);
/* @text, what @key is, as an integer of @min..@max. */
bool libvirt_number(const struct libvirt *x, const char *key, const char *text, int64_t min,
                    int64_t max, int64_t *ret_value, GError **error);
/*
 * The bytes in a unit as libvirt names it: "b", "bytes", "KB" (1000), "k" or "KiB" (1024) and so
 * on, either case; KiB for NULL (libvirt's formatdomain: memory, unit).
 */
bool libvirt_unit(const struct libvirt *x, const char *unit, int64_t *ret_bytes, GError **error);
/* @text of @unit bytes each. */
bool libvirt_bytes(const struct libvirt *x, const char *text, int64_t unit, int64_t *ret_bytes,
                   GError **error);
/* libvirt's lists "0-7,^3" as a bitmap of @nr_bits. NULL with @error. */
uint64_t *libvirt_set(struct libvirt *x, const char *text, uint32_t nr_bits, GError **error);

#endif
