/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/machine/write.h"

static const struct machine_writer *const writers[] = {
    &machine_hwloc_xml, &machine_numactl, &machine_lscpu, &machine_qemu, NULL,
};

const struct machine_writer *const *machine_writers(void)
{
    return writers;
}
