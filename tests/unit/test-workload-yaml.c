/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workload reader over the shipped files, over one text with every word of the language, and
 * over tests/bad/workload, where each NAME.yaml has its whole message in NAME.expect.
 */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "files-fixture.h"
#include "format/workload-yaml.h"
#include "workload/show.h"

static struct workload *read_file(const char *folder, const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, folder, name, NULL);
    g_autoptr(GError) error = NULL;
    struct workload *w = workload_read_yaml(path, &error);

    g_assert_no_error(error);
    return w;
}

static void check_shipped(const char *folder, guint at_least)
{
    g_autoptr(GPtrArray) paths = files_in(folder, ".yaml");

    g_assert_cmpuint(paths->len, >=, at_least);
    for (guint i = 0; i < paths->len; i++) {
        if (g_str_has_suffix(g_ptr_array_index(paths, i), ".overlay.yaml")) {
            continue;
        }
        g_autoptr(GError) error = NULL;
        g_autoptr(workload_t) w = workload_read_yaml(g_ptr_array_index(paths, i), &error);
        g_autofree char *text = NULL, *base = g_path_get_basename(g_ptr_array_index(paths, i));

        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(base, w->name));
        g_assert_nonnull(w->description);
        g_assert_nonnull(w->input_digest);
        g_assert_nonnull(w->sources[0]);
        text = workload_show(w);
        g_assert_true(g_str_has_prefix(text, w->name));
    }
}

static void test_shipped(void)
{
    check_shipped("workloads", 10);
    check_shipped("workloads/traces", 0);
}

static void test_server(void)
{
    g_autoptr(workload_t) w = read_file("workloads", "db-server.yaml");
    g_autofree char *text = workload_show(w);
    const struct thread_group *g = &w->processes[0].groups[0];
    const struct step *serve = &g->steps[1].body[0];

    g_assert_cmpint(w->duration_ns, ==, 5000000000);
    g_assert_cmpint(w->arrivals[0].kind, ==, ARRIVAL_POISSON);
    g_assert_cmpint(w->arrivals[0].interval_ns, ==, 20000);
    g_assert_cmpint(g->steps[0].kind, ==, STEP_ACCESS);
    g_assert_cmpint(g->steps[0].mix.entries[0].per_s_milli, ==, 8000000000);
    g_assert_cmpint(g->steps[0].mix.mlp_ppm, ==, 1500000);
    g_assert_cmpint(g->steps[1].count, ==, -1);
    g_assert_cmpint(serve->kind, ==, STEP_SERVE);
    g_assert_cmpint(serve->other, ==, 0);
    g_assert_cmpint(serve->body[0].work.kind, ==, DIST_LOGNORMAL);
    g_assert_cmpint(serve->body[0].work.a, ==, 33000);
    g_assert_cmpint(serve->body[0].work.b, ==, 530000);
    g_assert_cmpstr(w->metrics[0], ==, "transactions");
    /* 50,000/s times 33 us * exp(0.53^2 / 2) = 37.97 us. */
    g_assert_nonnull(strstr(text, "offered load 1.89 CPUs"));
}

/* `.thread` makes one group to a thread, and foreach one copy of its body to a member. */
static void test_arrays(void)
{
    g_autoptr(workload_t) w = read_file("workloads", "hackbench.yaml");
    const struct workload_process *p = &w->processes[0];
    const struct step *round = &p->groups[0].steps[1];

    g_assert_cmpint(w->nr_objects, ==, 21);
    g_assert_cmpstr(w->objects[20].name, ==, "to.19");
    g_assert_cmpint(p->nr_groups, ==, 21);
    g_assert_cmpint(p->groups[0].count, ==, 20);
    g_assert_cmpint(round->nr_body, ==, 40);
    for (int32_t i = 0; i < 20; i++) {
        const struct thread_group *receiver = &p->groups[1 + i];

        g_assert_cmpint(round->body[2 * i + 1].object, ==, 1 + i);
        g_assert_cmpstr(receiver->name, ==, "receiver");
        g_assert_cmpint(receiver->count, ==, 1);
        g_assert_cmpint(receiver->steps[1].body[0].kind, ==, STEP_READ);
        g_assert_cmpint(receiver->steps[1].body[0].object, ==, 1 + i);
        g_assert_cmpint(receiver->steps[1].body[0].count, ==, 100);
    }
}

static void test_whole_parts(void)
{
    g_autoptr(workload_t) w = read_file("tests/fuzz/corpus/workload", "whole.yaml");
    const struct workload_region *heap = &w->processes[0].regions[0];

    g_assert_cmpint(w->replicas, ==, 3);
    g_assert_cmpint(w->warmup_ns, ==, 100000000);
    g_assert_cmpint(w->objects[1].initial, ==, 0);
    g_assert_cmpint(w->objects[2].initial, ==, 4096);
    g_assert_true(w->objects[5].spin);
    g_assert_cmpint(w->cgroups[0].quota_ns, ==, 50000000);
    g_assert_cmpint(w->cgroups[1].parent, ==, 0);
    g_assert_cmpint(w->cgroups[1].weight, ==, 100);
    g_assert_cmpint(w->arrivals[1].interval_ns, ==, 2000000);
    g_assert_cmpint(w->arrivals[2].burst, ==, 4);
    g_assert_cmpint(w->arrivals[0].limit, ==, 10);
    g_assert_cmpint(w->processes[0].cgroup, ==, 1);
    g_assert_cmpint(heap->page, ==, PAGE_2M);
    g_assert_cmpint(heap->pattern, ==, PATTERN_SEQUENTIAL);
    g_assert_cmpint(heap->touch, ==, TOUCH_EACH);
    g_assert_false(heap->shared);
    g_assert_cmpint(w->nr_admin, ==, 5);
    g_assert_cmpint(w->admin[0].cpu, ==, 3);
    g_assert_cmpstr(w->admin[2].cpus, ==, "0-1");
    g_assert_cmpint(w->admin[3].cgroup, ==, 1);
    g_assert_cmpint(w->admin[3].value, ==, 50);
    g_assert_cmpint(w->admin[4].process, ==, 0);
}

static void test_memory(void)
{
    g_autoptr(workload_t) w = read_file("tests/fuzz/corpus/workload", "memory.yaml");
    const struct workload_region *r = w->processes[0].regions;
    const struct step *s = w->processes[0].groups[0].steps;
    const struct workload_mempolicy *two = &w->processes[1].policy;

    g_assert_cmpint(w->processes[0].policy.mode, ==, NUMASIM_MPOL_INTERLEAVE);
    g_assert_cmpuint(w->processes[0].policy.flags, ==, NUMASIM_MPOL_F_STATIC_NODES);
    g_assert_cmpstr(w->processes[0].policy.nodes, ==, "0-1");
    g_assert_cmpint(r[0].policy.mode, ==, NUMASIM_MPOL_LOCAL);
    g_assert_cmpint(r[1].policy.home_node, ==, 1);
    g_assert_true(r[2].policy.numactl);
    g_assert_cmpstr(r[2].policy.nodes, ==, "all");
    g_assert_cmpuint(w->processes[0].groups[1].policy.flags, ==, NUMASIM_MPOL_F_NUMA_BALANCING);
    g_assert_cmpstr(w->processes[0].groups[1].policy.cpu_nodes, ==, "0");
    g_assert_true(two->all);
    g_assert_cmpint(two->mode, ==, NUMASIM_MPOL_PREFERRED_MANY);
    g_assert_cmpstr(two->cpus, ==, "0-1");
    g_assert_cmpint(w->admin[0].kind, ==, ADMIN_MEMS);
    g_assert_false(w->admin[0].migrate);
    g_assert_true(w->admin[1].migrate);
    g_assert_cmpint(w->admin[2].cgroup, ==, -1);
    g_assert_cmpstr(w->admin[3].to_nodes, ==, "1");
    r += 3;
    g_assert_false(w->processes[0].regions[0].policy.numactl);
    g_assert_cmpint(w->processes[0].regions[0].page, ==, PAGE_64K);
    g_assert_cmpint(w->processes[0].regions[0].hot.size_bytes, ==, 256 << 20);
    g_assert_cmpint(w->processes[0].regions[0].hot.share_ppm, ==, 900000);
    g_assert_true(w->processes[0].regions[0].hot.at_end);
    g_assert_false(r[0].hot.at_end);
    g_assert_true(r[1].hugetlb && r[1].mapped_shared);
    g_assert_true(r[2].file && r[2].readonly && !r[2].mapped_shared);
    g_assert_cmpint(s[0].mix.nr_entries, ==, 3);
    g_assert_false(s[0].mix.entries[0].references);
    g_assert_true(s[0].mix.entries[2].references);
    g_assert_cmpint(s[0].mix.entries[2].writes_ppm, ==, 500000);
    g_assert_cmpint(s[2].mix.entries[0].writes_ppm, ==, 250000);
    g_assert_cmpint(s[2].mix.entries[1].writes_ppm, ==, 0);
    g_assert_cmpint(s[2].mix.mlp_ppm, ==, 1000000);
}

static void test_whole_program(void)
{
    g_autoptr(workload_t) w = read_file("tests/fuzz/corpus/workload", "whole.yaml");
    const struct workload_process *p = &w->processes[0];
    const struct thread_group *main_group = &p->groups[0], *rt = &p->groups[4];
    const struct step *s = main_group->steps;

    g_assert_cmpint(p->nr_groups, ==, 6);
    g_assert_cmpint(main_group->nice, ==, -5);
    g_assert_cmpint(main_group->sched, ==, SCHED_KIND_BATCH);
    g_assert_cmpint(main_group->custom_slice_ns, ==, 3000000);
    g_assert_cmpint(main_group->start.b, ==, 1000000);
    g_assert_cmpint(s[0].mix.entries[1].per_s_milli, ==, 500000);
    g_assert_cmpint(s[1].bytes, ==, 1 << 20);
    g_assert_cmpint(s[2].object, ==, 1);
    g_assert_cmpint(s[2].bytes, ==, 0);
    g_assert_cmpint(s[3].other, ==, 5);
    g_assert_cmpint(s[3].count, ==, 2);
    g_assert_cmpint(s[5].kind, ==, STEP_JOIN);
    g_assert_cmpint(s[6].count, ==, 5);
    g_assert_cmpint(s[10].kind, ==, STEP_COND_WAIT);
    g_assert_cmpint(w->objects[s[10].other].kind, ==, OBJECT_MUTEX);
    g_assert_true(s[13].has_work);
    g_assert_cmpint(s[14].kind, ==, STEP_MEASURE);
    g_assert_cmpint(s[14].body[0].kind, ==, STEP_LOOP);
    g_assert_cmpint(s[14].body[0].count, ==, 2);
    g_assert_cmpint(s[15].body[0].kind, ==, STEP_RUN);
    g_assert_cmpuint(s[12].mark.line, ==, 50);
    g_assert_cmpint(rt->sched, ==, SCHED_KIND_FIFO);
    g_assert_cmpint(rt->rt_priority, ==, 50);
    g_assert_true(rt->spread);
    g_assert_cmpstr(rt->cpus, ==, "0-1");
    g_assert_cmpint(p->groups[5].count, ==, 0);
}

/* The same bytes give the same workload; the name comes from the path where the file has none. */
static void test_buffer(void)
{
    static const char text[] = "numasim: workload/1\n"
                               "processes: {p: {threads: {t: {program: [run: 1ms]}}}}\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(workload_t) w =
        workload_read_yaml_buffer("some/where/tiny.yaml", text, strlen(text), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(w->name, ==, "tiny");
    g_assert_cmpint(w->replicas, ==, 1);
    g_assert_cmpint(w->processes[0].groups[0].count, ==, 1);
    g_assert_null(w->metrics[0]);
    g_assert_null(workload_read_yaml("no/such/file.yaml", &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

/* A workload built in memory with indices out of range is refused, not followed. */
static void test_check(void)
{
    g_autoptr(workload_t) w = read_file("workloads", "db-server.yaml");
    g_autoptr(GError) error = NULL;

    g_assert_true(workload_check(w, &error));
    w->processes[0].groups[0].steps[1].body[0].other = 1;
    g_assert_false(workload_check(w, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_clear_error(&error);
    w->processes[0].groups[0].steps[1].body[0].other = 0;
    w->processes[0].groups[0].steps[0].mix.entries[0].region = 7;
    g_assert_false(workload_check(w, NULL));
    w->processes[0].groups[0].steps[0].mix.entries[0].region = 0;
    w->replicas = 0;
    g_assert_false(workload_check(w, NULL));
    workload_free(NULL);
}

static bool read_bytes(const char *name, const char *bytes, gsize size, GError **error)
{
    g_autoptr(workload_t) w = workload_read_yaml_buffer(name, bytes, size, error);

    return w != NULL;
}

static void test_bad(void)
{
    files_check_refused("tests/bad/workload", ".yaml", 50, read_bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/workload-yaml/memory", test_memory);
    g_test_add_func("/workload-yaml/shipped", test_shipped);
    g_test_add_func("/workload-yaml/server", test_server);
    g_test_add_func("/workload-yaml/arrays", test_arrays);
    g_test_add_func("/workload-yaml/whole-parts", test_whole_parts);
    g_test_add_func("/workload-yaml/whole-program", test_whole_program);
    g_test_add_func("/workload-yaml/buffer", test_buffer);
    g_test_add_func("/workload-yaml/check", test_check);
    g_test_add_func("/workload-yaml/bad", test_bad);
    return g_test_run();
}
