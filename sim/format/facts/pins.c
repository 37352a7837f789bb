/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/facts/pins.h"

#include "base/bitmap.h"
#include "base/error.h"

/* The host's numbers of CPUs or nodes. */
static uint64_t *host_numbers(const struct machine *host, bool nodes)
{
    uint64_t *set = bitmap_new(FACTS_MAX_CPU_ID);

    for (int32_t i = 0; i < (nodes ? host->nr_nodes : host->nr_cpus); i++) {
        bitmap_set(set, (uint32_t)(nodes ? host->nodes[i].os_id : host->cpus[i].os_id));
    }
    return set;
}

static bool check_pin(const struct facts *f, const struct facts_pin *pin,
                      const struct machine *host, const uint64_t *there, GError **error)
{
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_CPU_ID);
    g_autofree char *beyond = NULL, *range = NULL;

    if (!bitmap_parse_list(pin->host, set, FACTS_MAX_CPU_ID, error)) {
        g_prefix_error(error, "%s: the pin of %s %d: ", f->source, pin->memory ? "node" : "CPU",
                       pin->id);
        return false;
    }
    bitmap_andnot(set, set, there, FACTS_MAX_CPU_ID);
    if (bitmap_empty(set, FACTS_MAX_CPU_ID)) {
        return true;
    }
    beyond = bitmap_to_list(set, FACTS_MAX_CPU_ID);
    range = bitmap_to_list(there, FACTS_MAX_CPU_ID);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s: %s %d is pinned to %s %s of the host; expected some of %s, which %s has",
                f->source, pin->memory ? "node" : "CPU", pin->id, pin->memory ? "nodes" : "CPUs",
                beyond, range, host->name);
    return false;
}

/* Where some CPUs are pinned, says which are not. */
static void tell_unpinned(const struct facts *f, GPtrArray *lines)
{
    g_autofree uint64_t *pinned = bitmap_new(FACTS_MAX_CPU_ID);
    g_autofree uint64_t *rest = bitmap_new(FACTS_MAX_CPU_ID);
    g_autofree char *list = NULL;

    for (guint i = 0; i < f->pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(f->pins, i);

        if (!pin->memory) {
            bitmap_set(pinned, (uint32_t)pin->id);
        }
    }
    if (bitmap_empty(pinned, FACTS_MAX_CPU_ID)) {
        return;
    }
    for (guint i = 0; i < f->cpus->len; i++) {
        bitmap_set(rest, (uint32_t)g_array_index(f->cpus, struct facts_cpu, i).id);
    }
    bitmap_andnot(rest, rest, pinned, FACTS_MAX_CPU_ID);
    if (!bitmap_empty(rest, FACTS_MAX_CPU_ID)) {
        list = bitmap_to_list(rest, FACTS_MAX_CPU_ID);
        g_ptr_array_add(lines,
                        g_strdup_printf("CPUs %s are pinned to no CPU of the host: where their "
                                        "node is, the others say",
                                        list));
    }
}

bool facts_check_pins(const struct facts *f, const struct machine *host, GPtrArray *lines,
                      GError **error)
{
    g_autofree uint64_t *cpus = NULL, *nodes = NULL;

    if (host == NULL) {
        if (f->pins->len > 0) {
            g_ptr_array_add(lines,
                            g_strdup("the guest is pinned to a host, which --host would name:"
                                     " left out"));
        }
        return true;
    }
    if (f->pins->len == 0) {
        g_set_error(
            error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
            "--host: %s pins nothing to a host; expected libvirt's <cputune> or <numatune>, "
            "or host-nodes= of QEMU",
            f->source);
        return false;
    }
    cpus = host_numbers(host, false);
    nodes = host_numbers(host, true);
    for (guint i = 0; i < f->pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(f->pins, i);

        if (!check_pin(f, pin, host, pin->memory ? nodes : cpus, error)) {
            return false;
        }
    }
    tell_unpinned(f, lines);
    return true;
}
