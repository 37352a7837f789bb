/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/progress-line.h"

#include <glib.h>
#include <stdio.h>

#include "base/time.h"
#include "observe/progress.h"

#define ERASE "\r\033[K"

void progress_line_begin(struct progress_line *line, char *what)
{
    g_free(line->what);
    line->what = what;
    line->begun_us = g_get_monotonic_time();
}

/* Whether it is time to write again. */
static bool is_due(struct progress_line *line, int64_t now_us)
{
    enum { INTERVAL_US = 200000 };

    if (now_us - line->shown_us < INTERVAL_US) {
        return false;
    }
    line->shown_us = now_us;
    return true;
}

void progress_line_show(struct progress_line *line, char *text)
{
    if (is_due(line, g_get_monotonic_time())) {
        fprintf(stderr, ERASE "%s", text);
    }
    g_free(text);
}

void progress_line_update(struct progress_line *line, int64_t now_ns, int64_t end_ns)
{
    int64_t now_us = g_get_monotonic_time();
    g_autofree char *text = NULL;

    if (!is_due(line, now_us)) {
        return;
    }
    text = progress_text(now_ns, end_ns, (now_us - line->begun_us) * NSEC_PER_USEC);
    fprintf(stderr, ERASE "%s%s%s", line->what != NULL ? line->what : "",
            line->what != NULL ? ": " : "", text);
}

void progress_line_end(struct progress_line *line)
{
    if (line->shown_us != 0) {
        fputs(ERASE, stderr);
    }
    g_clear_pointer(&line->what, g_free);
    line->shown_us = 0;
}
