/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs there are, what they are, how fast; and the machine as a whole. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/facts/sysfs-private.h"

/* Enough of proc/cpuinfo for the first CPU's block. */
enum { CPUINFO_HEAD_BYTES = 16 << 10 };

/* --- Which CPUs ---------------------------------------------------------------------------------- */

static void add_cpus_of_folders(const struct sysfs *s, uint64_t *set)
{
    g_autoptr(GPtrArray) names = facts_tree_list(s->tree, SYSFS_CPU);

    for (guint i = 0; i < names->len; i++) {
        const int32_t id = sysfs_number_of(g_ptr_array_index(names, i), "cpu", FACTS_MAX_CPU_ID);

        if (id >= 0) {
            bitmap_set(set, (uint32_t)id);
        }
    }
}

static void add_cpus_of_cpuinfo(const struct sysfs *s, uint64_t *set)
{
    g_autofree char *text = facts_tree_text(s->tree, "proc/cpuinfo");

    for (const char *at = text; at != NULL; at = strstr(at, "\nprocessor")) {
        g_autofree char *value = NULL;
        int32_t id;

        at += *at == '\n';
        value = sysfs_cpuinfo_value(at, "processor");
        id = value != NULL ? sysfs_number_of(value, "", FACTS_MAX_CPU_ID) : -1;
        if (id >= 0) {
            bitmap_set(set, (uint32_t)id);
        }
    }
}

/* Where no file numbers the CPUs, one may still count them; a machine that runs has one at least. */
static void add_cpus_of_count(const struct sysfs *s, uint64_t *set)
{
    g_autofree char *info = facts_tree_text(s->tree, "proc/hwloc-nofile-info");
    g_autofree char *cpuinfo = facts_tree_head(s->tree, CPUINFO_HEAD_BYTES, "proc/cpuinfo");
    g_autofree char *stated = sysfs_cpuinfo_value(info, "FallbackNbProcessors");
    int32_t count;

    if (stated == NULL) {
        stated = sysfs_cpuinfo_value(cpuinfo, "cpus detected"); /* arch/alpha */
    }
    count = stated != NULL ? sysfs_number_of(stated, "", MACHINE_MAX_CPUS + 1) : -1;
    for (int32_t id = 0; id < MAX(count, cpuinfo != NULL && *cpuinfo != '\0'); id++) {
        bitmap_set(set, (uint32_t)id);
    }
}

/*
 * cpuN/online where there is one (a CPU that cannot go offline has none), else the list of all that
 * are. Old kernels have neither for every CPU, but no topology of an offline one.
 */
static void find_online(struct sysfs *s)
{
    g_autofree uint64_t *online = bitmap_new(FACTS_MAX_CPU_ID);
    const bool listed = sysfs_list(s, online, FACTS_MAX_CPU_ID, SYSFS_CPU "/online");
    bool any_topology = false;

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        any_topology =
            any_topology || facts_tree_exists(s->tree, SYSFS_CPU "/cpu%d/topology", s->ids[cpu]);
    }
    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        int64_t state;

        if (sysfs_int(s, &state, SYSFS_CPU "/cpu%d/online", s->ids[cpu])) {
            s->online[cpu] = state != 0;
        } else if (listed) {
            s->online[cpu] = bitmap_test(online, (uint32_t)s->ids[cpu]);
        } else {
            s->online[cpu] = !any_topology ||
                             facts_tree_exists(s->tree, SYSFS_CPU "/cpu%d/topology", s->ids[cpu]);
        }
    }
}

static void add_cpu_facts(struct sysfs *s)
{
    g_autofree uint64_t *isolated = bitmap_new(FACTS_MAX_CPU_ID);
    const bool listed = sysfs_list(s, isolated, FACTS_MAX_CPU_ID, SYSFS_CPU "/isolated");

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        struct facts_cpu *c = facts_cpu(s->f, s->ids[cpu]);

        c->offline = !s->online[cpu];
        c->isolated = listed && bitmap_test(isolated, (uint32_t)c->id);
    }
}

bool sysfs_find_cpus(struct sysfs *s, const char *name, GError **error)
{
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_CPU_ID);
    int32_t at = 0;
    uint32_t id;

    add_cpus_of_folders(s, set);
    if (bitmap_empty(set, FACTS_MAX_CPU_ID)) {
        add_cpus_of_cpuinfo(s, set);
        facts_note(s->f, SYSFS_CPU " names no CPUs: taken from proc/cpuinfo");
    }
    if (bitmap_empty(set, FACTS_MAX_CPU_ID)) {
        add_cpus_of_count(s, set);
    }
    s->nr = (int32_t)bitmap_weight(set, FACTS_MAX_CPU_ID);
    if (s->nr < 1 || s->nr > MACHINE_MAX_CPUS) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: %s and proc/cpuinfo name %d CPUs; expected 1..%d", name, SYSFS_CPU, s->nr,
                    MACHINE_MAX_CPUS);
        return false;
    }
    s->ids = g_new(int32_t, (gsize)s->nr);
    s->online = g_new0(bool, (gsize)s->nr);
    s->index = g_new(int32_t, FACTS_MAX_CPU_ID);
    memset(s->index, 0xff, FACTS_MAX_CPU_ID * sizeof(*s->index));
    for (id = bitmap_next(set, FACTS_MAX_CPU_ID, 0); id < FACTS_MAX_CPU_ID;
         id = bitmap_next(set, FACTS_MAX_CPU_ID, id + 1)) {
        s->index[id] = at;
        s->ids[at++] = (int32_t)id;
    }
    find_online(s);
    add_cpu_facts(s);
    return true;
}

/* --- What they are ------------------------------------------------------------------------------- */

/* Each architecture words proc/cpuinfo in its own way. */
static int32_t arch_of_cpuinfo(const char *cpuinfo)
{
    static const struct {
        const char *key, *value; /* @value: what it begins with; NULL: anything */
        enum machine_arch arch;
    } shapes[] = {{"arch", "IA-64", ARCH_IA64},
                  {"CPU implementer", NULL, ARCH_ARM64},
                  {"isa", "rv64", ARCH_RISCV64},
                  {"cpu", "POWER", ARCH_PPC64},
                  {"cpuid level", NULL, ARCH_X86_64}};

    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autofree char *value = sysfs_cpuinfo_value(cpuinfo, shapes[i].key);

        if (value != NULL &&
            (shapes[i].value == NULL || g_str_has_prefix(value, shapes[i].value))) {
            return (int32_t)shapes[i].arch;
        }
    }
    return FACTS_UNKNOWN;
}

/* hwloc's collector of snapshots adds a file of what no file in sysfs or proc says. */
static void read_snapshot_info(struct sysfs *s)
{
    g_autofree char *info = facts_tree_text(s->tree, "proc/hwloc-nofile-info");
    g_autofree char *arch = sysfs_cpuinfo_value(info, "Architecture");
    g_autofree char *page = sysfs_cpuinfo_value(info, "PageSize");

    facts_take_arch(s->f, arch);
    if (page != NULL) {
        s->f->page_size_bytes = sysfs_size(page);
    }
}

static void ask_this_kernel(struct sysfs *s)
{
    const long page = sysconf(_SC_PAGESIZE);
    struct utsname names;

    if (uname(&names) == 0) {
        facts_take_arch(s->f, names.machine);
        s->f->name = g_strdup(names.nodename);
    }
    s->f->page_size_bytes = page > 0 ? page : 0;
}

static int32_t small_number(const char *cpuinfo, const char *key)
{
    g_autofree char *value = sysfs_cpuinfo_value(cpuinfo, key);

    return value != NULL ? sysfs_number_of(value, "", 1 << 16) : -1;
}

/* "2.40GHz", "3864.000000MHz" in Hz; 0 if it is none. No floating point, no locale. */
static int64_t parse_hz(const char *text)
{
    char *end;
    int64_t value = g_ascii_strtoll(text, &end, 10), unit;

    if (end == text || value < 0 || value > 100000) {
        return 0;
    }
    value *= 1000000;
    if (*end == '.') {
        int64_t digit = 100000;

        for (end++; g_ascii_isdigit(*end); end++, digit /= 10) {
            value += (*end - '0') * digit;
        }
    }
    unit = g_str_has_prefix(end, "GHz") ? 1000 : g_str_has_prefix(end, "MHz") ? 1 : 0;
    return value * unit;
}

static void read_names(struct sysfs *s, const char *cpuinfo)
{
    static const char *const vendor_keys[] = {"vendor_id", "vendor", NULL};
    static const char *const model_keys[] = {"model name", "cpu", NULL};
    g_autofree char *clock = sysfs_cpuinfo_value(cpuinfo, "clock");
    const char *at;

    for (int i = 0; vendor_keys[i] != NULL && s->f->vendor == NULL; i++) {
        s->f->vendor = sysfs_cpuinfo_value(cpuinfo, vendor_keys[i]);
    }
    for (int i = 0; model_keys[i] != NULL && s->f->model == NULL; i++) {
        s->f->model = sysfs_cpuinfo_value(cpuinfo, model_keys[i]);
    }
    s->family = small_number(cpuinfo, "cpu family");
    s->model = small_number(cpuinfo, "model");
    /* Intel's names end in the base frequency; POWER's cpuinfo has a line for it. */
    at = s->f->model != NULL ? strstr(s->f->model, "@ ") : NULL;
    s->nominal_hz = at != NULL ? parse_hz(at + 2) : clock != NULL ? parse_hz(clock) : 0;
}

static void describe(struct sysfs *s)
{
    g_autofree char *vendor = facts_tree_head(s->tree, 128, "sys/class/dmi/id/sys_vendor");
    g_autofree char *product = facts_tree_head(s->tree, 128, "sys/class/dmi/id/product_name");

    if (vendor != NULL && product != NULL && g_utf8_validate(vendor, -1, NULL) &&
        g_utf8_validate(product, -1, NULL)) {
        s->f->description = g_strdup_printf("%s %s", vendor, product);
    }
}

void sysfs_read_whole(struct sysfs *s, bool live)
{
    g_autofree char *cpuinfo = facts_tree_head(s->tree, CPUINFO_HEAD_BYTES, "proc/cpuinfo");

    if (cpuinfo != NULL && !g_utf8_validate(cpuinfo, -1, NULL)) {
        g_free(cpuinfo);
        cpuinfo = NULL;
    }
    if (live) {
        ask_this_kernel(s);
    } else {
        read_snapshot_info(s);
    }
    read_names(s, cpuinfo);
    if (s->f->arch < 0) {
        s->f->arch = arch_of_cpuinfo(cpuinfo);
    }
    s->f->cpu_family = s->f->arch == ARCH_X86_64 ? MAX(s->family, 0) : 0;
    describe(s);
}

/* --- How fast ------------------------------------------------------------------------------------ */

/* The first of these files that has a number of Hz in it, in its own unit. */
static int64_t read_hz(const struct sysfs *s, int32_t id, const char *file, int64_t unit)
{
    int64_t value;

    return sysfs_int(s, &value, SYSFS_CPU "/cpu%d/%s", id, file) && value > 0 && value < 1000000000
               ? value * unit
               : 0;
}

/*
 * A hybrid x86 has a PMU for each type of core (arch/x86/events/intel/core.c); a snapshot without
 * them still shows cores with different L1d.
 */
static bool is_hybrid(const struct sysfs *s)
{
    int64_t first = 0;

    if (facts_tree_exists(s->tree, "sys/devices/cpu_core") ||
        facts_tree_exists(s->tree, "sys/devices/cpu_atom")) {
        return facts_tree_exists(s->tree, "sys/devices/cpu_core") &&
               facts_tree_exists(s->tree, "sys/devices/cpu_atom");
    }
    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        const int64_t bytes = facts_cpu(s->f, s->ids[cpu])->l1d_bytes;

        if (bytes > 0 && first > 0 && bytes != first) {
            return true;
        }
        first = first > 0 ? first : bytes;
    }
    return false;
}

/* Ranks that are all the same rank nobody. */
static void drop_equal_ranks(const struct sysfs *s)
{
    bool differ = false;

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        differ = differ || (s->online[cpu] && facts_cpu(s->f, s->ids[cpu])->priority !=
                                                  facts_cpu(s->f, s->ids[0])->priority);
    }
    for (int32_t cpu = 0; !differ && cpu < s->nr; cpu++) {
        facts_cpu(s->f, s->ids[cpu])->priority = 0;
    }
}

void sysfs_read_speeds(struct sysfs *s)
{
    bool any = false;

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        struct facts_cpu *c = facts_cpu(s->f, s->ids[cpu]);
        int64_t value;

        if (!s->online[cpu]) {
            continue;
        }
        if (sysfs_int(s, &value, SYSFS_CPU "/cpu%d/cpu_capacity", c->id)) {
            c->capacity = (int32_t)CLAMP(value, 0, 1024);
        }
        /* The ranks of asymmetric packing: arch/x86/kernel/itmt.c; no other kernel uses them so. */
        if (s->f->arch == ARCH_X86_64 &&
            sysfs_int(s, &value, SYSFS_CPU "/cpu%d/acpi_cppc/highest_perf", c->id)) {
            c->priority = (int32_t)CLAMP(value, 0, 1 << 20);
        }
        c->base_hz = read_hz(s, c->id, "cpufreq/base_frequency", 1000);
        if (c->base_hz == 0) {
            c->base_hz = read_hz(s, c->id, "acpi_cppc/nominal_freq", 1000000);
        }
        c->base_hz = c->base_hz > 0 ? c->base_hz : s->nominal_hz;
        c->max_hz = read_hz(s, c->id, "cpufreq/cpuinfo_max_freq", 1000);
        any = any || c->base_hz > 0 || c->max_hz > 0;
    }
    if (any) {
        facts_state(s->f, MACHINE_FREQUENCY, s->f->source);
    }
    drop_equal_ranks(s);
    s->f->hybrid = s->f->arch == ARCH_X86_64 ? is_hybrid(s) : 0;
}
