/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers and the writer of hwloc's formats share. */
#ifndef NUMASIM_FORMAT_FACTS_HWLOC_PRIVATE_H
#define NUMASIM_FORMAT_FACTS_HWLOC_PRIVATE_H

#include <glib.h>
#include <hwloc.h>
#include <stdbool.h>

#include "format/facts/read.h"

/*
 * What our own export adds in information attributes, for hwloc has no word for it: the CPUs of a
 * node ("none", or a list) that are not just those it is near to, and that the CPUs of an object are
 * those of a cluster, whose Group libhwloc drops where another object has the same CPUs.
 */
#define FACTS_HWLOC_NODE_CPUS "numasimCPUs"
#define FACTS_HWLOC_CLUSTER   "numasimCluster"

/* The information attributes that are read, from any object; hwloc's documentation names them. */
bool facts_hwloc_reads_info(const char *name);

/*
 * hwloc XML written anew with only what is read here, checked so that libhwloc can trust it: known
 * objects nested as hwloc nests them, CPU and node sets that fit into one another, numbers within
 * bounds. What libhwloc gets is the same for either of its XML parsers. Files of hwloc 3 come out
 * as version 2; their information attributes of the topology are appended to @infos (char *, name
 * and value in turn). NULL with NUMASIM_ERROR_INPUT, "name:line:column: ...".
 */
char *facts_hwloc_clean(const struct facts_input *in, GPtrArray *infos, GError **error);

/* Appends ` name="value"`, escaped in the way that both of hwloc's parsers know. */
void facts_hwloc_attribute(GString *text, const char *name, const char *value);

enum facts_hwloc_kind { OBJECT_ROOT, OBJECT_NORMAL, OBJECT_MEMORY, OBJECT_PU, OBJECT_DROPPED };

/* One object of a file, for the checks of an object against the one around it. */
struct facts_hwloc_object {
    enum facts_hwloc_kind kind;
    const char *type;              /* static */
    hwloc_bitmap_t cpus, nodes;    /* or NULL: not stated */
    hwloc_bitmap_t children;       /* the CPUs of its normal children so far */
    int nr_infos, nr_page_types;   /* so far */
    bool empty_cache, has_content; /* a memory-side cache without memory; anything inside */
};

/* What every object of a file must not repeat. */
struct facts_hwloc_seen {
    hwloc_bitmap_t pus, nodes;
    guint nr_objects, nr_pus;
};

/*
 * Checks an object's attributes (@names and @values as GMarkup gives them, of a file of @version)
 * against its @parent, or NULL for the root, and writes its start tag to @text. Returns what is
 * wrong, newly allocated, or NULL; then *@ret is set and must be cleared. OBJECT_DROPPED writes
 * nothing: the object and all in it is not read.
 */
char *facts_hwloc_object(int version, const char **names, const char **values,
                         struct facts_hwloc_object *parent, struct facts_hwloc_seen *seen,
                         GString *text, struct facts_hwloc_object *ret);
void facts_hwloc_object_clear(struct facts_hwloc_object *object);

/* The value of attribute @name, or NULL. */
const char *facts_hwloc_get(const char **names, const char **values, const char *name);
/* True iff @text is a decimal number of at most @max. */
bool facts_hwloc_number(const char *text, uint64_t max);
/* Reads hwloc's text of a set; NULL if it is none or has finite bits at or above @bits. */
hwloc_bitmap_t facts_hwloc_set(const char *text, int bits);

/*
 * A topology that takes nothing of the computer it runs on, before its source is set. hwloc's own
 * complaints to stderr are off: the readers report by GError. That is an environment variable of
 * hwloc, set here unless the user has set it, so call this before there are threads.
 */
hwloc_topology_t facts_hwloc_topology(void);

/* What a loaded topology says; @name (a file's) goes into the sources. Never NULL. */
struct facts *facts_hwloc_of(hwloc_topology_t topology, const char *name);

/* Parts of facts_hwloc_of(): each wants the CPUs and their nodes known. */
void facts_hwloc_infos(hwloc_topology_t topology, struct facts *f);
void facts_hwloc_distances(hwloc_topology_t topology, struct facts *f);
void facts_hwloc_memory_attributes(hwloc_topology_t topology, struct facts *f);
void facts_hwloc_cpu_kinds(hwloc_topology_t topology, struct facts *f);
/* The first object's value of information attribute @name, or NULL: packages, then the machine. */
const char *facts_hwloc_info(hwloc_topology_t topology, const char *name);

#endif
