/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the YAML reader share; nobody else includes it. */
#ifndef NUMASIM_FORMAT_YAML_PRIVATE_H
#define NUMASIM_FORMAT_YAML_PRIVATE_H

#include "format/yaml.h"

struct yaml_doc {
    char *name;
    const char *bytes; /* owned; kept to quote the line of an error */
    size_t size;
    char *digest;
    struct yaml_node *root;
    GPtrArray *sources; /* borrowed texts, NULL-terminated when complete */
    GPtrArray *blocks;  /* the arena of nodes, their texts and item arrays */
    size_t block_used, block_size;
    uint32_t nr_nodes;
};

/* Sets @error to "NAME:LINE:COLUMN: @message" with the line and a caret; returns false. */
bool yaml_error_at(const struct yaml_doc *doc, uint32_t line, uint32_t column, GError **error,
                   const char *message);
/* "'KEY'" of the value @node, "this item" of a sequence's member; newly allocated. */
char *yaml_describe(const struct yaml_node *node);
/* "a scalar", "a sequence", "a mapping". */
const char *yaml_kind_name(enum yaml_kind kind);
/* Checks that @doc->bytes is text that the rest may rely on; the error is at the bad byte. */
bool yaml_check_text(const struct yaml_doc *doc, GError **error);

#endif
