/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a run is, as text. Whoever shows it reads the clock; nothing here does. */
#ifndef NUMASIM_OBSERVE_PROGRESS_H
#define NUMASIM_OBSERVE_PROGRESS_H

#include <stdint.h>

/*
 * "42 %, 2.1 s of 5 s simulated, 3 s left": one line without its end, newly allocated. Simulated
 * @now_ns of @end_ns (0 or less: the end is not known) after @elapsed_ns of wall clock. What is left
 * is told once a hundredth of the run, and one second of wall clock, lie behind.
 */
char *progress_text(int64_t now_ns, int64_t end_ns, int64_t elapsed_ns);

#endif
