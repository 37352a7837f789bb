/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Studies in YAML (`numasim: study/1`): the language that results/README.md describes. */
#ifndef NUMASIM_FORMAT_STUDY_YAML_H
#define NUMASIM_FORMAT_STUDY_YAML_H

#include <glib.h>
#include <stddef.h>

#include "format/yaml.h"
#include "workload/study.h"

enum {
    STUDY_YAML_VERSION = 1,
    STUDY_MAX_SEEDS = 100000,
    STUDY_MAX_CELLS = 100000,
    STUDY_MAX_RUNS = 1000000,
};

/*
 * Reads the study in the file at @path. References that are paths are seen from the file's folder.
 * What it names is not looked for: whether a topology exists, the caller finds. NULL with
 * NUMASIM_ERROR_INPUT (the message starts with file, line and column) or NUMASIM_ERROR_IO; free with
 * study_free().
 */
struct study *study_read_yaml(const char *path, GError **error);
/* The same from @size bytes; @name stands for the path. */
struct study *study_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                     GError **error);

#endif
