/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/progress.h"

#include <glib.h>

#include "base/fixed.h"
#include "base/time.h"
#include "base/units.h"

/* Seconds, or minutes and seconds, or hours and minutes: "9 s", "2 min 5 s", "3 h 20 min". */
static void append_left(GString *out, int64_t left_ns)
{
    int64_t seconds = (left_ns + NSEC_PER_SEC - 1) / NSEC_PER_SEC;

    if (seconds < 60) {
        g_string_append_printf(out, ", %" G_GINT64_FORMAT " s left", seconds);
    } else if (seconds < 3600) {
        g_string_append_printf(out, ", %" G_GINT64_FORMAT " min %" G_GINT64_FORMAT " s left",
                               seconds / 60, seconds % 60);
    } else {
        g_string_append_printf(out, ", %" G_GINT64_FORMAT " h %" G_GINT64_FORMAT " min left",
                               seconds / 3600, seconds % 3600 / 60);
    }
}

char *progress_text(int64_t now_ns, int64_t end_ns, int64_t elapsed_ns)
{
    g_autofree char *now = units_format_human(now_ns, UNIT_NS);

    if (end_ns <= 0 || now_ns > end_ns) {
        return g_strdup_printf("%s simulated", now);
    }
    g_autofree char *end = units_format_human(end_ns, UNIT_NS);
    GString *out = g_string_new(NULL);
    uint64_t percent = mul_div_u64((uint64_t)now_ns, 100, (uint64_t)end_ns);

    g_string_append_printf(out, "%" G_GUINT64_FORMAT " %%, %s of %s simulated", percent, now, end);
    if (percent >= 1 && elapsed_ns >= NSEC_PER_SEC) {
        append_left(out, (int64_t)mul_div_u64((uint64_t)elapsed_ns, (uint64_t)(end_ns - now_ns),
                                              (uint64_t)now_ns));
    }
    return g_string_free(out, FALSE);
}
