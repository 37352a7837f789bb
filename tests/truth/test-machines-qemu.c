/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a QEMU command line to sched_domains: the machine that import makes of the options with
 * which a dump was booted equals the machine that the booted kernel found, and the domains built
 * on it equal the kernel's. Reads this folder's domains/, or the folder that NUMASIM_TRUTH names.
 */
#include <string.h>

#include "base/bitmap.h"
#include "dump.h"
#include "format/facts/read.h"
#include "format/machine/topology-yaml.h"
#include "machine/domains.h"

enum { MAX_COMPLAINTS = 12 };

/* A dump and the machine imported from its command line. */
struct comparison {
    const char *name;
    JsonObject *dump;
    const struct machine *m;
    struct dump_boot boot;
    uint32_t nr_differences, nr_domains;
};

static void complain(struct comparison *c, const char *where, const char *kernel, const char *ours)
{
    if (g_strcmp0(kernel, ours) != 0 && c->nr_differences++ < MAX_COMPLAINTS) {
        g_test_message("%s: %s: the kernel says '%s', the import '%s'", c->name, where, kernel,
                       ours);
    }
}

static void complain_int(struct comparison *c, const char *where, int64_t kernel, int64_t ours)
{
    g_autofree char *a = g_strdup_printf("%" G_GINT64_FORMAT, kernel);
    g_autofree char *b = g_strdup_printf("%" G_GINT64_FORMAT, ours);

    complain(c, where, a, b);
}

/* The kernel lists online CPUs alone. */
static void compare_set(struct comparison *c, const char *where, const char *kernel,
                        const uint64_t *ours)
{
    const uint32_t nr = (uint32_t)c->m->nr_cpus;
    g_autofree uint64_t *online = bitmap_new(nr);
    g_autofree char *text = NULL;

    bitmap_andnot(online, ours, c->m->offline, nr);
    text = bitmap_to_list(online, nr);
    complain(c, where, kernel, text);
}

/* The CPUs whose id at @offset of struct machine_cpu is that of @cpu. */
static void compare_group(struct comparison *c, uint32_t cpu, const char *what, const char *kernel,
                          size_t offset)
{
    g_autofree char *where = g_strdup_printf("CPU %u %s", cpu, what);
    g_autofree uint64_t *set = bitmap_new((uint32_t)c->m->nr_cpus);

    for (int32_t other = 0; other < c->m->nr_cpus; other++) {
        if (memcmp((const char *)&c->m->cpus[other] + offset,
                   (const char *)&c->m->cpus[cpu] + offset, sizeof(int32_t)) == 0) {
            bitmap_set(set, (uint32_t)other);
        }
    }
    compare_set(c, where, kernel, set);
}

static void compare_cpu(struct comparison *c, JsonObject *cpu, uint32_t id)
{
    static const struct {
        const char *member;
        size_t offset;
        bool cache;
    } groups[] = {
        {"core_cpus_list", offsetof(struct machine_cpu, core), false},
        {"cluster_cpus_list", offsetof(struct machine_cpu, cluster), false},
        {"die_cpus_list", offsetof(struct machine_cpu, die), false},
        {"package_cpus_list", offsetof(struct machine_cpu, package), false},
        {"L2", offsetof(struct machine_cpu, l2), true},
        {"L3", offsetof(struct machine_cpu, llc), true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        JsonObject *holder =
            groups[i].cache ? json_object_get_object_member(cpu, groups[i].member) : cpu;

        compare_group(
            c, id, groups[i].member,
            json_object_get_string_member(holder, groups[i].cache ? "cpus" : groups[i].member),
            groups[i].offset);
        if (groups[i].cache) {
            const int64_t bytes = strcmp(groups[i].member, "L2") == 0
                                      ? c->m->l2_bytes[c->m->cpus[id].l2]
                                      : c->m->llcs[c->m->cpus[id].llc].size_bytes;

            complain_int(c, groups[i].member,
                         g_ascii_strtoll(json_object_get_string_member(holder, "size"), NULL, 10) *
                             1024,
                         bytes);
        }
    }
    complain_int(c, "capacity", json_object_get_int_member(cpu, "cpu_capacity"),
                 c->m->cpus[id].capacity);
}

static void compare_cpus(struct comparison *c)
{
    JsonObject *cpus = json_object_get_object_member(c->dump, "cpus");
    const uint32_t nr = (uint32_t)c->m->nr_cpus;
    g_autofree uint64_t *all = bitmap_new(nr);

    bitmap_fill(all, nr);
    compare_set(c, "online CPUs", json_object_get_string_member(c->dump, "online_cpus"), all);
    for (uint32_t cpu = 0; cpu < nr; cpu++) {
        g_autofree char *name = g_strdup_printf("%u", cpu);

        if (json_object_has_member(cpus, name)) {
            compare_cpu(c, json_object_get_object_member(cpus, name), cpu);
        }
    }
}

/* What the kernel read from its firmware: CPUs, distances, and about the memory asked for. */
static void compare_node(struct comparison *c, JsonObject *node, int32_t id, int64_t asked_mb)
{
    JsonArray *row = json_object_get_array_member(node, "distance");
    g_autofree char *where = g_strdup_printf("node %d CPUs", id);

    compare_set(c, where, json_object_get_string_member(node, "cpus"), machine_node_cpus(c->m, id));
    complain_int(c, "node memory", asked_mb << 20, c->m->nodes[id].memory_bytes);
    complain_int(c, "length of a row of distances", json_array_get_length(row), c->m->nr_nodes);
    for (int32_t to = 0; to < MIN((int32_t)json_array_get_length(row), c->m->nr_nodes); to++) {
        complain_int(c, "distance", json_array_get_int_element(row, (guint)to),
                     machine_distance(c->m, id, to));
    }
}

static void compare_hmat(struct comparison *c)
{
    JsonObject *spec = json_object_get_object_member(c->dump, "spec");
    JsonArray *hmat;

    if (!json_object_has_member(spec, "hmat")) {
        return;
    }
    hmat = json_object_get_array_member(spec, "hmat");
    for (guint i = 0; i < json_array_get_length(hmat); i++) {
        JsonArray *row = json_array_get_array_element(hmat, i);
        const int32_t from = (int32_t)json_array_get_int_element(row, 0);
        const int32_t to = (int32_t)json_array_get_int_element(row, 1);
        const char *bandwidth = json_array_get_string_element(row, 3);

        complain_int(c, "latency", json_array_get_int_element(row, 2),
                     machine_latency_ns(c->m, from, to));
        complain_int(c, "bandwidth", g_ascii_strtoll(bandwidth, NULL, 10) << 30,
                     c->m->bandwidth_bytes_per_s[from * c->m->nr_nodes + to]);
    }
}

static void compare_nodes(struct comparison *c)
{
    JsonObject *spec = json_object_get_object_member(c->dump, "spec");
    JsonObject *nodes = json_object_get_object_member(c->dump, "nodes");
    JsonNode *asked = json_object_get_member(c->dump, "spec_nodes");
    JsonArray *list = JSON_NODE_HOLDS_ARRAY(asked) ? json_node_get_array(asked) : NULL;
    const guint nr_asked = list != NULL ? json_array_get_length(list) : 0;
    int64_t total_mb = 0;

    for (guint i = 0; i < nr_asked; i++) {
        total_mb += json_object_get_int_member(json_array_get_object_element(list, i), "mem_mb");
    }
    total_mb = nr_asked > 0 ? total_mb : json_object_get_int_member(spec, "mem_mb");
    complain_int(c, "number of nodes", json_object_get_size(nodes), c->m->nr_nodes);
    for (int32_t id = 0; id < c->m->nr_nodes; id++) {
        g_autofree char *name = g_strdup_printf("%d", id);
        int64_t mb = total_mb;

        if (!json_object_has_member(nodes, name)) {
            complain(c, "node", "none", name);
            continue;
        }
        if (nr_asked > 0 && !c->boot.numa_off) {
            mb = json_object_get_int_member(json_array_get_object_element(list, (guint)id),
                                            "mem_mb");
        }
        compare_node(c, json_object_get_object_member(nodes, name), id, mb);
    }
    compare_hmat(c);
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

static void compare_domain(struct comparison *c, JsonObject *kernel,
                           const struct sched_domain *ours, enum kernel_release release)
{
    JsonArray *flags = json_object_get_array_member(kernel, "flags");
    g_autoptr(GPtrArray) theirs_names = g_ptr_array_new(), ours_names = g_ptr_array_new();
    g_autofree char *span = bitmap_to_list(ours->span, (uint32_t)c->m->nr_cpus);
    g_autofree char *theirs_flags = NULL, *ours_flags = NULL;

    for (guint i = 0; i < json_array_get_length(flags); i++) {
        add_name(json_array_get_string_element(flags, i), theirs_names);
    }
    sd_flags_foreach(ours->flags, release, add_name, ours_names);
    theirs_flags = join_sorted(theirs_names);
    ours_flags = join_sorted(ours_names);
    complain(c, "domain", json_object_get_string_member(kernel, "name"), ours->name);
    complain(c, "span", json_object_get_string_member(kernel, "span"), span);
    complain(c, "flags", theirs_flags, ours_flags);
    complain_int(c, "imb_numa_nr", json_object_get_int_member(kernel, "imb_numa_nr"),
                 ours->imb_numa_nr);
    complain_int(c, "number of groups",
                 json_array_get_length(json_object_get_array_member(kernel, "groups")),
                 ours->nr_groups);
    c->nr_domains++;
}

static void compare_domains(struct comparison *c)
{
    JsonObject *cpus = json_object_get_object_member(c->dump, "cpus");
    struct sched_domains_options options = {0};
    g_autoptr(sched_domains_t) sds = NULL;
    g_autoptr(GError) error = NULL;
    enum kernel_release release;

    kernel_release_parse(json_object_get_string_member(c->dump, "kernel"), &release, &error);
    g_assert_no_error(error);
    options = sched_domains_defaults(release);
    options.relax_level = c->boot.relax_domain_level;
    sds = sched_domains_new_with(c->m, &options);
    for (uint32_t cpu = 0; cpu < (uint32_t)c->m->nr_cpus; cpu++) {
        g_autofree char *name = g_strdup_printf("%u", cpu);
        JsonArray *domains;

        if (!json_object_has_member(cpus, name)) {
            continue;
        }
        domains =
            json_object_get_array_member(json_object_get_object_member(cpus, name), "domains");
        complain_int(c, "number of domains", json_array_get_length(domains), sds->nr_domains[cpu]);
        for (uint32_t i = 0; i < MIN(json_array_get_length(domains), sds->nr_domains[cpu]); i++) {
            compare_domain(c, json_array_get_object_element(domains, i), &sds->domains[cpu][i],
                           release);
        }
    }
}

/* CPUs that were taken offline behind the boot, by a word that is not the kernel's. */
static void take_offline(struct facts *f, const char *append)
{
    const char *list = strstr(append, "offline=");
    g_autofree uint64_t *offline = bitmap_new(FACTS_MAX_CPU_ID);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (list == NULL) {
        return;
    }
    text = g_strndup(list + strlen("offline="), strcspn(list + strlen("offline="), " "));
    bitmap_parse_list(text, offline, FACTS_MAX_CPU_ID, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < f->cpus->len; i++) {
        struct facts_cpu *cpu = &g_array_index(f->cpus, struct facts_cpu, i);

        cpu->offline = cpu->offline || bitmap_test(offline, (uint32_t)cpu->id);
    }
}

static struct machine *import_machine(JsonObject *dump, const struct machine *like)
{
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    const char *append = json_object_get_string_member_with_default(spec, "append", "");
    g_autofree char *command = g_strdup_printf("qemu-system-x86_64 %s -append 'console=ttyS0 %s'",
                                               json_object_get_string_member(dump, "qemu"), append);
    const struct facts_input in = {.name = "text", .bytes = command, .size = strlen(command)};
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) f = NULL;
    struct machine *m;

    g_assert_true(facts_qemu.recognises(&in));
    f = facts_qemu.read(&in, &error);
    g_assert_no_error(error);
    take_offline(f, append);
    m = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    return m;
}

static void test_dump(gconstpointer path)
{
    g_autofree char *shipped =
        g_test_build_filename(G_TEST_DIST, "topologies", "teach-numa-2x4.yaml", NULL);
    g_autoptr(JsonParser) parser = dump_load(path);
    g_autoptr(machine_t) like = NULL;
    g_autoptr(machine_t) m = NULL;
    g_autoptr(machine_t) asked = NULL;
    g_autoptr(GError) error = NULL;
    struct comparison c = {.dump = json_node_get_object(json_parser_get_root(parser))};

    c.name = json_object_get_string_member(c.dump, "name");
    like = topology_read_yaml(shipped, &error);
    g_assert_no_error(error);
    asked = dump_machine(c.dump, &c.boot);
    c.m = m = import_machine(c.dump, like);
    complain_int(&c, "number of CPUs", asked->nr_cpus, m->nr_cpus);
    complain_int(&c, "numa in package",
                 json_object_get_int_member(c.dump, "x86_has_numa_in_package"), m->numa_in_package);
    if (c.nr_differences == 0) {
        compare_cpus(&c);
        compare_nodes(&c);
        compare_domains(&c);
    }
    if (c.nr_differences > 0) {
        g_test_message("%s: %u differences", c.name, c.nr_differences);
        g_test_fail();
    }
    g_test_message("%s: %d CPUs, %u domains", c.name, m->nr_cpus, c.nr_domains);
    dump_boot_release(&c.boot);
}

static void add_dumps(const char *prefix, const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".json") || g_str_has_suffix(name, ".json.gz")) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_assert_cmpuint(names->len, >, 0);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        const char *file = g_ptr_array_index(names, i);
        g_autofree char *stem = g_strndup(file, (gsize)(strstr(file, ".json") - file));
        g_autofree char *path = g_strdup_printf("%s/%s", prefix, stem);

        g_test_add_data_func_full(path, g_build_filename(folder, file, NULL), test_dump, g_free);
    }
}

int main(int argc, char **argv)
{
    const char *named = g_getenv("NUMASIM_TRUTH");
    g_autofree char *shipped = NULL, *beside = NULL;

    g_test_init(&argc, &argv, NULL);
    shipped = g_test_build_filename(G_TEST_DIST, "tests", "truth", "domains", NULL);
    beside = g_test_build_filename(G_TEST_DIST, "..", "shared", "truth", "domains", NULL);
    add_dumps("/truth/machines-qemu", named ? named : shipped);
    if (!named && g_file_test(beside, G_FILE_TEST_IS_DIR)) {
        add_dumps("/truth/machines-qemu-beside", beside);
    }
    return g_test_run();
}
