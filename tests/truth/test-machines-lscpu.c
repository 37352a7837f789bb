/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `lscpu -e` of real cluster nodes, each against the neutral JSON beside it. */
#include "format/facts/read.h"
#include "format/machine/topology-yaml.h"
#include "neutral.h"

static struct machine *load_like(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path =
        g_build_filename(g_getenv("G_TEST_SRCDIR"), "topologies", "epyc-7763-2s-nps1.yaml", NULL);
    struct machine *like = topology_read_yaml(path, &error);

    g_assert_no_error(error);
    return like;
}

static void check_machine(const char *folder, const char *name, const struct machine *like,
                          uint32_t *agreed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonParser) truth = neutral_load(folder, name);
    g_autofree char *file = g_strconcat(name, ".txt", NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(facts_t) f = facts_read(path, NULL, &error);
    g_autoptr(machine_t) m = NULL;
    g_autoptr(neutral_report_t) report = NULL;

    g_assert_no_error(error);
    m = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    report = neutral_compare(m, json_node_get_object(json_parser_get_root(truth)), NEUTRAL_LSCPU);
    neutral_judge(report, name);
    for (int i = 0; i < NR_NEUTRAL_COUNTS; i++) {
        agreed[i] += report->agreed[i];
    }
}

static void test_all(void)
{
    g_autofree char *folder = neutral_folder("lscpu-e");
    g_autoptr(machine_t) like = NULL;
    g_autoptr(GPtrArray) names = NULL;
    uint32_t agreed[NR_NEUTRAL_COUNTS] = {0};

    if (folder == NULL) {
        g_test_skip("no folder of machine descriptions; NUMASIM_TRUTH_MACHINES names one");
        return;
    }
    like = load_like();
    names = neutral_names(folder, ".txt");
    for (guint i = 0; i < names->len; i++) {
        check_machine(folder, g_ptr_array_index(names, i), like, agreed);
    }
    g_test_message("%u machines of lscpu -e: %u CPUs, %u cores, %u LLCs, %u packages, %u nodes "
                   "agree",
                   names->len, agreed[NEUTRAL_CPUS], agreed[NEUTRAL_CORES], agreed[NEUTRAL_LLCS],
                   agreed[NEUTRAL_PACKAGES], agreed[NEUTRAL_NODES]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machines/lscpu-e", test_all);
    return g_test_run();
}
