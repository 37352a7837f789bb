/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines written in other people's formats. Each format is a writer with one row in the table of
 * write.c. A format that cannot say something of the machine says so in a note.
 */
#ifndef NUMASIM_FORMAT_MACHINE_WRITE_H
#define NUMASIM_FORMAT_MACHINE_WRITE_H

#include <glib.h>

#include "machine/machine.h"

struct machine_writer {
    const char *name;    /* for --format: "qemu" */
    const char *summary; /* for --help */
    /*
     * @m (finished) as text, newly allocated. Appends to @notes (char *, owned by it) a line for
     * each kind of thing that is lost ("no latencies"). NULL with NUMASIM_ERROR_INPUT if the format
     * cannot hold this machine at all.
     */
    char *(*write)(const struct machine *m, GPtrArray *notes, GError **error);
};

/* One to a file, sim/format/machine/NAME.c. */
extern const struct machine_writer machine_hwloc_xml, machine_qemu, machine_numactl, machine_lscpu;

/* All writers, NULL-terminated. */
const struct machine_writer *const *machine_writers(void);

#endif
