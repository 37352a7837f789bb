/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines in other people's formats: hwloc XML, sysfs, lscpu, numactl, QEMU, libvirt. Each format
 * is a reader with one row in the table of read.c; none knows of another.
 */
#ifndef NUMASIM_FORMAT_FACTS_READ_H
#define NUMASIM_FORMAT_FACTS_READ_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "machine/facts.h"

/* What was given to an importer: a folder, or bytes. */
struct facts_input {
    const char *name;   /* for messages and sources: the path, or "text" */
    const char *folder; /* path of the folder, or NULL: then the bytes count */
    const char *bytes;  /* NUL-terminated, though NULs may stand inside; NULL for a folder */
    size_t size;        /* without that NUL */
};

struct facts_reader {
    const char *name;    /* for --from: "hwloc-xml" */
    const char *summary; /* "hwloc XML, version 2", for --help and errors */
    /* True iff the input is surely of this format; looks at little of it, never fails. */
    bool (*recognises)(const struct facts_input *in);
    /* What the input says. NULL with NUMASIM_ERROR_INPUT: "name:line:column: what; expected". */
    struct facts *(*read)(const struct facts_input *in, GError **error);
};

/* One to a file, sim/format/facts/NAME.c. */
extern const struct facts_reader facts_hwloc_xml, facts_hwloc_synthetic, facts_sysfs, facts_cpuid,
    facts_numactl, facts_lscpu_p, facts_lscpu_e, facts_lscpu_json, facts_lscpu_text, facts_qemu,
    facts_libvirt;

/* All readers in the order in which they are asked, NULL-terminated. */
const struct facts_reader *const *facts_readers(void);

/*
 * Reads @argument: a file, a pipe to its end, a folder, or, if no such path exists, text itself (an hwloc synthetic
 * string, a QEMU command line). @format names a reader, or is NULL: then each is asked. NULL with
 * NUMASIM_ERROR_INPUT, naming what was looked for, if none knows it or its reader refuses it.
 */
struct facts *facts_read(const char *argument, const char *format, GError **error);
/* The same of all that @fd still holds, which stays open; NUMASIM_ERROR_IO if that fails. */
struct facts *facts_read_fd(const char *name, int fd, const char *format, GError **error);
/* The same of @size bytes that were read already, with a NUL behind them; @name is for messages. */
struct facts *facts_read_bytes(const char *name, const char *bytes, size_t size, const char *format,
                               GError **error);

#endif
