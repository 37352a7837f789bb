/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that readers of machines get, and what they made of them. */
#ifndef NUMASIM_TESTS_UNIT_FACTS_FIXTURE_H
#define NUMASIM_TESTS_UNIT_FACTS_FIXTURE_H

#include <stdbool.h>

#include "format/facts/read.h"
#include "machine/facts.h"

/* What @reader makes of @text, as the file @name; facts_text() must succeed. */
struct facts *facts_text(const struct facts_reader *reader, const char *name, const char *text);
/* It must refuse it as bad input, with @message. */
void facts_text_refused(const struct facts_reader *reader, const char *name, const char *text,
                        const char *message);

/* The key of @cpu, which there is, in @group. */
int32_t facts_key(const struct facts *f, int32_t cpu, enum facts_group group);
/* How many different keys the CPUs have in @group. */
guint facts_nr_keys(const struct facts *f, enum facts_group group);
/* True iff some note has @part in it. */
bool facts_noted(const struct facts *f, const char *part);

#endif
