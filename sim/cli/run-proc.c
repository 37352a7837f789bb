/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run-proc.h"

#include "base/error.h"
#include "base/time.h"
#include "base/units.h"
#include "kernel/procfs.h"

const char *const run_formats[] = {
    "table", "json", "schedstat", "sched", "vmstat", "numa_maps", "meminfo", "numactl-H", "memcg",
    /* numastat with these options */
    "numastat", "numastat-c", "numastat-n", "numastat-m", "numastat-cm", "numastat-mz",
    "numastat-cmz", "numastat-p", "numastat-cp", "numastat-ps", "numastat-pv", NULL};

char *run_proc_text(const struct kernel *k, int format)
{
    static char *(*const texts[])(const struct kernel *) = {
        kernel_schedstat_text, kernel_sched_text,   kernel_vmstat_text, kernel_numa_maps_text,
        kernel_meminfo_text,   kernel_numactl_text, kernel_memcg_text,
    };
    const char *const numastat = "numastat", *name = run_formats[format];

    if (g_str_has_prefix(name, numastat)) {
        const char *options = name + strlen(numastat);

        return kernel_numastat_text(k, options[0] == '-' ? options + 1 : options);
    }
    g_assert(format - RUN_FORMAT_PROC < (int)G_N_ELEMENTS(texts));
    return texts[format - RUN_FORMAT_PROC](k);
}

void run_proc_append(const struct kernel *k, int format, int64_t now_ns, GString *out)
{
    g_autofree char *text = run_proc_text(k, format);
    g_autofree char *now = units_format(now_ns, UNIT_NS);

    g_string_append_printf(out, "%s==> %s at %s <==\n%s", out->len > 0 ? "\n" : "",
                           run_formats[format], now, text);
}

static int compare_times(gconstpointer pa, gconstpointer pb)
{
    int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

    return a < b ? -1 : a > b;
}

GArray *run_proc_times(char *const *texts, int format, GError **error)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(int64_t));

    if (texts[0] != NULL && !run_format_is_proc(format)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "run: --snapshot needs something to show; expected --format with one of the "
                    "kernel's, as in --format vmstat");
        return NULL;
    }
    for (size_t i = 0; texts[i] != NULL; i++) {
        g_autoptr(GError) why = NULL;
        int64_t ns = 0;

        if (!units_parse(texts[i], UNIT_NS, &ns, &why) || ns <= 0) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                        "run: --snapshot: '%s' is no time of a run%s%s; expected one like 5s or "
                        "250ms",
                        texts[i], why != NULL ? ": " : "", why != NULL ? why->message : "");
            return NULL;
        }
        g_array_append_val(times, ns);
    }
    g_array_sort(times, compare_times);
    for (guint i = times->len; i-- > 1;) {
        if (g_array_index(times, int64_t, i) == g_array_index(times, int64_t, i - 1)) {
            g_array_remove_index(times, i);
        }
    }
    return g_steal_pointer(&times);
}
