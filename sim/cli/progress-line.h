/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a run is, in one line of standard error that is written anew a few times a second. */
#ifndef NUMASIM_CLI_PROGRESS_LINE_H
#define NUMASIM_CLI_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct progress_line {
    char *what; /* stands before the numbers, or NULL */
    int64_t begun_us, shown_us;
};

/* A run begins. Takes @what, as in "run 3 of 20"; it may be NULL. */
void progress_line_begin(struct progress_line *line, char *what);
/* Simulated @now_ns of @end_ns; shows it, if the last time was long enough ago. */
void progress_line_update(struct progress_line *line, int64_t now_ns, int64_t end_ns);
/* Shows @text, which it takes, if the last time was long enough ago. */
void progress_line_show(struct progress_line *line, char *text);
/* The run has ended: erases the line, if there is one. */
void progress_line_end(struct progress_line *line);

#endif
