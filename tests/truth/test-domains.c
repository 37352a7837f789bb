/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched_domains_new_with() against what real kernels built: every field of every dump in this
 * folder's domains/ and in ../shared/truth/domains beside the checkout, if that exists; or in the
 * folder that NUMASIM_TRUTH names instead. There is no list of exceptions. A last case
 * for each folder reports how much agreed.
 */
#include <string.h>

#include "base/bitmap.h"
#include "dump.h"
#include "machine/domains.h"

enum { MAX_COMPLAINTS = 12 };

/* How much of the dumps of one release was compared, and how much of that agreed. */
struct tally {
    uint32_t machines, cpus, domains, groups, fields;
    uint32_t agreed_machines, agreed_fields;
};

struct dump_case {
    const char *path;
    struct tally *tallies; /* [NR_KERNEL_RELEASES] */
};

struct comparison {
    const struct machine *m;
    const struct sched_domains *sds;
    struct tally *tally;
    const char *where; /* "cpu 3 domain 1" */
    uint32_t nr_differences;
};

static void complain(struct comparison *c, const char *field, const char *kernel, const char *ours)
{
    if (c->nr_differences++ < MAX_COMPLAINTS) {
        g_test_message("%s%s%s: the kernel says '%s', we say '%s'", c->where, *c->where ? " " : "",
                       field, kernel, ours);
    }
}

static void compare_int(struct comparison *c, const char *field, int64_t kernel, int64_t ours)
{
    c->tally->fields++;
    if (kernel == ours) {
        c->tally->agreed_fields++;
    } else {
        g_autofree char *a = g_strdup_printf("%" G_GINT64_FORMAT, kernel);
        g_autofree char *b = g_strdup_printf("%" G_GINT64_FORMAT, ours);

        complain(c, field, a, b);
    }
}

static void compare_text(struct comparison *c, const char *field, const char *kernel,
                         const char *ours)
{
    c->tally->fields++;
    if (g_strcmp0(kernel, ours) == 0) {
        c->tally->agreed_fields++;
    } else {
        complain(c, field, kernel, ours);
    }
}

static void compare_member(struct comparison *c, JsonObject *o, const char *member, int64_t ours)
{
    compare_int(c, member, json_object_get_int_member(o, member), ours);
}

static void compare_set(struct comparison *c, JsonObject *o, const char *member,
                        const uint64_t *map)
{
    g_autofree char *text = bitmap_to_list(map, (uint32_t)c->m->nr_cpus);

    compare_text(c, member, json_object_get_string_member(o, member), text);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(const char *name, void *data)
{
    g_ptr_array_add(data, (gpointer)(uintptr_t)name);
}

static char *join_sorted(GPtrArray *names)
{
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(" ", (gchar **)names->pdata);
}

static void compare_flags(struct comparison *c, JsonArray *kernel, uint32_t flags)
{
    g_autoptr(GPtrArray) theirs = g_ptr_array_new(), ours = g_ptr_array_new();
    g_autofree char *theirs_text = NULL, *ours_text = NULL;
    guint i;

    for (i = 0; i < json_array_get_length(kernel); i++) {
        add_name(json_array_get_string_element(kernel, i), theirs);
    }
    sd_flags_foreach(flags, c->sds->release, add_name, ours);
    theirs_text = join_sorted(theirs);
    ours_text = join_sorted(ours);
    compare_text(c, "flags", theirs_text, ours_text);
}

static void compare_group(struct comparison *c, JsonObject *kernel, const struct sched_group *ours)
{
    c->tally->groups++;
    compare_set(c, kernel, "span", ours->span);
    compare_member(c, kernel, "weight", ours->weight);
    /*
     * Two samples of one value. Time spent in interrupts lowers a sample and nothing raises it,
     * so the larger one is the nearer to the capacity that the kernel started from.
     */
    compare_int(c, "capacity",
                MAX(json_object_get_int_member(kernel, "boot_capacity"),
                    json_object_get_int_member(kernel, "capacity")),
                ours->capacity);
    if (json_object_has_member(kernel, "cores")) {
        compare_member(c, kernel, "cores", ours->cores);
    }
    /* The kernel shows the mask only where it is not the whole span. */
    if (json_object_has_member(kernel, "balance_mask")) {
        compare_set(c, kernel, "balance_mask", ours->balance_mask);
    } else {
        compare_set(c, kernel, "span", ours->balance_mask);
    }
}

static void compare_domain(struct comparison *c, JsonObject *kernel,
                           const struct sched_domain *ours)
{
    JsonArray *groups = json_object_get_array_member(kernel, "groups");
    uint32_t i;

    c->tally->domains++;
    compare_member(c, kernel, "level", ours->level);
    compare_member(c, kernel, "tl_level", ours->tl_level);
    compare_text(c, "name", json_object_get_string_member(kernel, "name"), ours->name);
    compare_flags(c, json_object_get_array_member(kernel, "flags"), ours->flags);
    compare_member(c, kernel, "imbalance_pct", ours->imbalance_pct);
    compare_member(c, kernel, "min_interval", ours->min_interval);
    compare_member(c, kernel, "max_interval", ours->max_interval);
    compare_member(c, kernel, "busy_factor", ours->busy_factor);
    compare_member(c, kernel, "cache_nice_tries", ours->cache_nice_tries);
    compare_member(c, kernel, "imb_numa_nr", ours->imb_numa_nr);
    if (json_object_has_member(kernel, "has_shared")) {
        compare_member(c, kernel, "has_shared", ours->has_shared);
    }
    compare_set(c, kernel, "span", ours->span);
    compare_int(c, "span_weight", ours->span_weight,
                bitmap_weight(ours->span, (uint32_t)c->m->nr_cpus));
    compare_int(c, "number of groups", json_array_get_length(groups), ours->nr_groups);
    for (i = 0; i < MIN(json_array_get_length(groups), ours->nr_groups); i++) {
        compare_group(c, json_array_get_object_element(groups, i), &ours->groups[i]);
    }
}

static void compare_cpu(struct comparison *c, JsonObject *kernel, uint32_t cpu)
{
    g_autofree char *name = g_strdup_printf("cpu %u", cpu);
    JsonArray *domains = json_object_get_array_member(kernel, "domains");
    const uint32_t nr = c->sds->nr_domains[cpu];
    uint32_t i;

    c->where = name;
    c->tally->cpus++;
    compare_member(c, kernel, "sd_llc_id", c->sds->sd_llc_id[cpu]);
    compare_member(c, kernel, "sd_llc_size", c->sds->sd_llc_size[cpu]);
    compare_int(c, "number of domains", json_array_get_length(domains), nr);
    for (i = 0; i < MIN(json_array_get_length(domains), nr); i++) {
        g_autofree char *domain = g_strdup_printf("cpu %u domain %u", cpu, i);

        c->where = domain;
        compare_domain(c, json_array_get_object_element(domains, i), &c->sds->domains[cpu][i]);
    }
    c->where = "";
}

static void compare_numa(struct comparison *c, JsonObject *kernel)
{
    JsonArray *levels = json_object_get_array_member(kernel, "level_distances");
    uint32_t i;

    compare_member(c, kernel, "nr_levels", c->sds->nr_numa_levels);
    compare_int(c, "number of level_distances", json_array_get_length(levels),
                c->sds->nr_numa_levels);
    for (i = 0; i < MIN(json_array_get_length(levels), c->sds->nr_numa_levels); i++) {
        compare_int(c, "level_distances", json_array_get_int_element(levels, i),
                    c->sds->numa_levels[i]);
    }
    compare_text(c, "topology_type", json_object_get_string_member(kernel, "topology_type"),
                 numa_topology_type_name(c->sds->numa_type));
    compare_member(c, kernel, "max_distance", c->sds->max_distance);
    compare_member(c, kernel, "node_reclaim_distance", c->m->reclaim_distance);
}

static void compare_all(struct comparison *c, JsonObject *dump)
{
    JsonObject *cpus = json_object_get_object_member(dump, "cpus");
    uint32_t cpu;

    compare_numa(c, json_object_get_object_member(dump, "numa"));
    compare_member(c, dump, "x86_has_numa_in_package", c->sds->numa_in_package);
    for (cpu = 0; cpu < (uint32_t)c->m->nr_cpus; cpu++) {
        g_autofree char *name = g_strdup_printf("%u", cpu);

        if (json_object_has_member(cpus, name)) {
            compare_cpu(c, json_object_get_object_member(cpus, name), cpu);
        } else {
            compare_int(c, "domains of an offline CPU", 0, c->sds->nr_domains[cpu]);
        }
    }
}

static void test_dump(gconstpointer data)
{
    const struct dump_case *of = data;
    g_autoptr(JsonParser) parser = dump_load(of->path);
    JsonObject *dump = json_node_get_object(json_parser_get_root(parser));
    g_autoptr(sched_domains_t) sds = NULL;
    g_autoptr(machine_t) m = NULL;
    g_autoptr(GError) error = NULL;
    struct sched_domains_options options;
    struct dump_boot boot;
    enum kernel_release release;
    struct comparison c = {.where = ""};

    kernel_release_parse(json_object_get_string_member(dump, "kernel"), &release, &error);
    g_assert_no_error(error);
    options = sched_domains_defaults(release);
    c.m = m = dump_machine(dump, &boot);
    options.relax_level = boot.relax_domain_level;
    options.offlined = (const int32_t *)(void *)boot.offlined->data;
    options.nr_offlined = boot.offlined->len;
    c.sds = sds = sched_domains_new_with(m, &options);
    c.tally = &of->tallies[release];
    compare_all(&c, dump);
    c.tally->machines++;
    c.tally->agreed_machines += c.nr_differences == 0;
    dump_boot_release(&boot);
    if (c.nr_differences) {
        g_test_message("%s: %u differences", m->name, c.nr_differences);
        g_test_fail();
    }
}

static void test_report(gconstpointer data)
{
    const struct tally *tallies = data;
    uint32_t i, machines = 0;

    for (i = 0; i < NR_KERNEL_RELEASES; i++) {
        const struct tally *t = &tallies[i];

        machines += t->machines;
        if (t->machines) {
            g_test_message("kernel %s: %u of %u machines agree, %u CPUs, %u domains, %u groups: "
                           "%u of %u values compared are equal",
                           kernel_release_name((enum kernel_release)i), t->agreed_machines,
                           t->machines, t->cpus, t->domains, t->groups, t->agreed_fields,
                           t->fields);
        }
    }
    g_test_message("compared: sd_llc_id, sd_llc_size and of each domain its name, level, tl_level, "
                   "span, flags, imbalance_pct, min_interval, max_interval, busy_factor, "
                   "cache_nice_tries, imb_numa_nr, has_shared; of each group in ring order its "
                   "span, weight, balance mask, capacity, cores; of the machine the NUMA levels, "
                   "topology type, largest and reclaim distance, NUMA in package");
    if (machines == 0) {
        g_test_skip("no dump was compared");
    }
}

static bool is_dump(const char *name)
{
    return g_str_has_suffix(name, ".json") || g_str_has_suffix(name, ".json.gz");
}

static void dump_case_free(gpointer data)
{
    struct dump_case *of = data;

    g_free((gpointer)(uintptr_t)of->path);
    g_free(of);
}

/* A case "@prefix/NAME" for each dump in @folder; how many there are. */
static guint add_dumps(const char *prefix, const char *folder, struct tally *tallies)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    guint i;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir))) {
        if (is_dump(name)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    for (i = 0; i < names->len; i++) {
        const char *file = g_ptr_array_index(names, i);
        g_autofree char *stem = g_strndup(file, (gsize)(strstr(file, ".json") - file));
        g_autofree char *path = g_strdup_printf("%s/%s", prefix, stem);
        struct dump_case *of = g_new(struct dump_case, 1);

        *of = (struct dump_case){g_build_filename(folder, file, NULL), tallies};
        g_test_add_data_func_full(path, of, test_dump, dump_case_free);
    }
    return names->len;
}

int main(int argc, char **argv)
{
    const char *named = g_getenv("NUMASIM_TRUTH");
    struct tally tallies[2][NR_KERNEL_RELEASES] = {{{0}}};
    g_autofree char *shipped = NULL, *beside = NULL;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions(); /* a dump that differs does not hide the others */
    shipped = g_test_build_filename(G_TEST_DIST, "tests", "truth", "domains", NULL);
    beside = g_test_build_filename(G_TEST_DIST, "..", "shared", "truth", "domains", NULL);
    g_assert_cmpuint(add_dumps("/truth/domains", named ? named : shipped, tallies[0]), >, 0);
    g_test_add_data_func("/truth/report/domains", tallies[0], test_report);
    if (!named && g_file_test(beside, G_FILE_TEST_IS_DIR)) {
        add_dumps("/truth/beside", beside, tallies[1]);
        g_test_add_data_func("/truth/report-beside/domains", tallies[1], test_report);
    }
    return g_test_run();
}
