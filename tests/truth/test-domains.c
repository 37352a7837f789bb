/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched_domains_new() against what real kernels built: every field of every dump in this folder's
 * domains/, or in the folder that NUMASIM_TRUTH names. There is no list of exceptions.
 */
#include <string.h>

#include "base/bitmap.h"
#include "dump.h"
#include "machine/domains.h"

enum { MAX_COMPLAINTS = 12 };

struct comparison {
    const struct machine *m;
    const struct sched_domains *sds;
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
    if (kernel != ours) {
        g_autofree char *a = g_strdup_printf("%" G_GINT64_FORMAT, kernel);
        g_autofree char *b = g_strdup_printf("%" G_GINT64_FORMAT, ours);

        complain(c, field, a, b);
    }
}

static void compare_text(struct comparison *c, const char *field, const char *kernel,
                         const char *ours)
{
    if (g_strcmp0(kernel, ours) != 0) {
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
    g_autoptr(JsonParser) parser = dump_load(data);
    JsonObject *dump = json_node_get_object(json_parser_get_root(parser));
    g_autoptr(sched_domains_t) sds = NULL;
    g_autoptr(machine_t) m = NULL;
    g_autoptr(GError) error = NULL;
    struct dump_boot boot;
    struct sched_domains_options options;
    enum kernel_release release;
    struct comparison c = {.where = ""};

    kernel_release_parse(json_object_get_string_member(dump, "kernel"), &release, &error);
    g_assert_no_error(error);
    c.m = m = dump_machine(dump, &boot);
    options = sched_domains_defaults(release);
    options.relax_level = boot.relax_domain_level;
    c.sds = sds = sched_domains_new_with(m, &options);
    compare_all(&c, dump);
    if (c.nr_differences) {
        g_test_message("%s: %u differences", m->name, c.nr_differences);
        g_test_fail();
    }
}

static void add_dumps(const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    guint i;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".json") || g_str_has_suffix(name, ".json.gz")) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_assert_cmpuint(names->len, >, 0);
    g_ptr_array_sort(names, compare_names);
    for (i = 0; i < names->len; i++) {
        const char *file = g_ptr_array_index(names, i);
        g_autofree char *stem = g_strndup(file, (gsize)(strstr(file, ".json") - file));
        g_autofree char *path = g_strdup_printf("/truth/domains/%s", stem);

        g_test_add_data_func_full(path, g_build_filename(folder, file, NULL), test_dump, g_free);
    }
}

int main(int argc, char **argv)
{
    const char *folder = g_getenv("NUMASIM_TRUTH");
    g_autofree char *shipped = NULL;

    g_test_init(&argc, &argv, NULL);
    if (!folder) {
        folder = shipped = g_test_build_filename(G_TEST_DIST, "tests", "truth", "domains", NULL);
    }
    add_dumps(folder);
    return g_test_run();
}
