/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory policies of regions, thread groups and processes: `policy:`, and numactl's options. */
#include <string.h>

#include "base/bitmap.h"
#include "format/workload-private.h"
#include "machine/machine.h"
#include "workload/numactl.h"

const char *const workload_mpol_words[] = {
    "default",        "preferred",           "bind", "interleave", "local",
    "preferred-many", "weighted-interleave", NULL};

/* ------------------------------------------------------------------------------------------- */
/* policy: {mode: bind, nodes: 0-1, flags: [static], home: 0}                                   */

struct policy_spec {
    int mode;
    const struct yaml_node *nodes, *flags;
    int64_t home_node;
};

static const struct yaml_field policy_fields[] = {
    {.key = "mode",
     .type = YAML_TYPE_CHOICE,
     .offset = offsetof(struct policy_spec, mode),
     .names = workload_mpol_words,
     .required = true,
     .help = "MPOL_BIND and its like"},
    {.key = "nodes",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct policy_spec, nodes),
     .help = "list of nodes"},
    {.key = "flags",
     .type = YAML_TYPE_LIST,
     .offset = offsetof(struct policy_spec, flags),
     .help = "of static, relative, balancing"},
    {.key = "home",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct policy_spec, home_node),
     .max = MACHINE_MAX_NODES,
     .help = "set_mempolicy_home_node(2)"},
    {.key = NULL},
};

static bool read_flags(const struct yaml_node *list, uint32_t *flags, GError **error)
{
    static const char *const words[] = {"balancing", "relative", "static", NULL};
    static const uint32_t bits[] = {NUMASIM_MPOL_F_NUMA_BALANCING, NUMASIM_MPOL_F_RELATIVE_NODES,
                                    NUMASIM_MPOL_F_STATIC_NODES};

    for (uint32_t i = 0; list != NULL && i < list->nr_items; i++) {
        int word = 0;

        if (!yaml_choice(list->items[i], words, &word, error)) {
            return false;
        }
        *flags |= bits[word];
    }
    return true;
}

/* What set_mempolicy(2) refuses whatever the machine is. */
static bool check_policy(const struct yaml_node *node, const struct workload_mempolicy *p,
                         GError **error)
{
    const uint32_t both = NUMASIM_MPOL_F_RELATIVE_NODES | NUMASIM_MPOL_F_STATIC_NODES;
    bool has_none = p->mode == NUMASIM_MPOL_DEFAULT || p->mode == NUMASIM_MPOL_LOCAL;
    bool filters = p->mode == NUMASIM_MPOL_BIND || p->mode == NUMASIM_MPOL_PREFERRED_MANY;
    const char *word = workload_mpol_words[p->mode];

    if (has_none && (p->nodes != NULL || (p->flags & both) != 0)) {
        return yaml_error(node, error,
                          "'%s' has no nodes; expected neither 'nodes' nor flags "
                          "about them",
                          word);
    }
    if (!has_none && p->mode != NUMASIM_MPOL_PREFERRED && p->nodes == NULL) {
        return yaml_error(node, error, "'%s' without 'nodes'; expected at least one", word);
    }
    if ((p->flags & both) == both) {
        return yaml_error(node, error, "nodes both 'static' and 'relative'; expected one");
    }
    if (!filters && ((p->flags & NUMASIM_MPOL_F_NUMA_BALANCING) != 0 || p->home_node >= 0)) {
        return yaml_error(node, error,
                          "'balancing' or 'home' with '%s'; expected 'bind' or "
                          "'preferred-many'",
                          word);
    }
    return true;
}

static bool read_policy(const struct yaml_node *node, struct workload_mempolicy *p, GError **error)
{
    struct policy_spec spec = {.home_node = -1};

    if (node->kind == YAML_KIND_SCALAR) {
        if (!yaml_choice(node, workload_mpol_words, &spec.mode, error)) {
            return false;
        }
    } else if (!yaml_read_fields(node, policy_fields, &spec, error) ||
               !read_flags(spec.flags, &p->flags, error) ||
               (spec.nodes != NULL && !workload_cpulist(spec.nodes, &p->nodes, error))) {
        return false;
    }
    p->mode = (uint8_t)spec.mode;
    p->home_node = (int32_t)spec.home_node;
    return check_policy(node, p, error);
}

/* ------------------------------------------------------------------------------------------- */
/* numactl: --cpunodebind=0 --membind=0                                                         */

struct numactl_option {
    const char *name; /* long */
    char letter;
    bool has_list;
    int mode; /* the policy, -1: none */
};

enum { NO_POLICY = -1, NOT_SIMULATED = -2 };

static const struct numactl_option numactl_options[] = {
    {"all", 'a', false, NO_POLICY},
    {"balancing", 'b', false, NO_POLICY},
    {"interleave", 'i', true, NUMASIM_MPOL_INTERLEAVE},
    {"weighted-interleave", 'w', true, NUMASIM_MPOL_WEIGHTED_INTERLEAVE},
    {"preferred", 'p', true, NUMASIM_MPOL_PREFERRED},
    {"preferred-many", 'P', true, NUMASIM_MPOL_PREFERRED_MANY},
    {"membind", 'm', true, NUMASIM_MPOL_BIND},
    {"localalloc", 'l', false, NUMASIM_MPOL_LOCAL},
    {"cpunodebind", 'N', true, NO_POLICY},
    {"cpubind", 'c', true, NO_POLICY},
    {"physcpubind", 'C', true, NO_POLICY},
    {"show", 's', false, NOT_SIMULATED},
    {"hardware", 'H', false, NOT_SIMULATED},
    {"version", '\0', false, NOT_SIMULATED},
    {"cpu-compress", '\0', false, NOT_SIMULATED},
    {"shm", 'S', true, NOT_SIMULATED},
    {"file", 'f', true, NOT_SIMULATED},
    {"length", 'L', true, NOT_SIMULATED},
    {"offset", 'o', true, NOT_SIMULATED},
    {"shmmode", 'M', true, NOT_SIMULATED},
    {"shmid", 'I', true, NOT_SIMULATED},
    {"huge", 'u', false, NOT_SIMULATED},
    {"touch", 'T', false, NOT_SIMULATED},
    {"strict", 't', false, NOT_SIMULATED},
    {"dump", 'd', false, NOT_SIMULATED},
    {"dump-nodes", 'D', false, NOT_SIMULATED},
    {.name = NULL},
};

/* The words of one `numactl:`, and where reading stands. */
struct numactl_words {
    const struct yaml_node *node;
    char **word;
    bool has_policy, has_list;
};

/* The option that *@at begins with, which goes on to what follows; its value, if it stands in the same
 * word, goes to *@ret_value. NULL with @error. */
static const struct numactl_option *next_option(struct numactl_words *w, const char **ret_value,
                                                GError **error)
{
    const char *word = *w->word;
    bool is_long = g_str_has_prefix(word, "--");
    const char *equals = is_long ? strchr(word, '=') : NULL;
    gsize length = equals != NULL ? (gsize)(equals - word) - 2 : strlen(word) - (is_long ? 2 : 0);

    *ret_value = equals != NULL ? equals + 1 : NULL;
    for (const struct numactl_option *o = numactl_options; o->name != NULL; o++) {
        if (is_long && strlen(o->name) == length && strncmp(o->name, word + 2, length) == 0) {
            return o;
        }
        if (!is_long && word[0] == '-' && word[1] == o->letter && word[1] != '\0') {
            *ret_value = word[2] != '\0' ? word + 2 : NULL;
            return o;
        }
    }
    if (word[0] == '-') {
        yaml_error(w->node, error,
                   "numactl has no option '%s'; expected one such as --membind=0, "
                   "--cpunodebind=0, --interleave=all",
                   word);
    } else {
        yaml_error(w->node, error,
                   "'%s' is no option of numactl; expected options alone: what runs is the "
                   "'program' of the threads",
                   word);
    }
    return NULL;
}

/* Syntax alone: what the numbers mean is seen on the machine. */
static bool check_list(const struct numactl_words *w, const char *list, bool of_cpus,
                       uint32_t *ret_weight, GError **error)
{
    uint32_t nr = of_cpus ? MACHINE_MAX_CPUS : MACHINE_MAX_NODES;
    g_autofree uint64_t *all = bitmap_new(nr), *map = bitmap_new(nr);
    g_autoptr(GError) cause = NULL;

    bitmap_fill(all, nr);
    if (!numactl_list_parse(list, of_cpus ? "cpu" : "node", all, all, nr, map, &cause)) {
        return yaml_error(w->node, error, "%s", cause->message);
    }
    *ret_weight = bitmap_weight(map, nr);
    return true;
}

static bool add_policy(struct numactl_words *w, const struct numactl_option *o, const char *list,
                       uint32_t weight, struct workload_mempolicy *p, GError **error)
{
    if (w->has_policy) {
        return yaml_error(w->node, error,
                          "numactl: Conflicting policies: '--%s' is a second one; expected one",
                          o->name);
    }
    if (o->has_list) {
        if (o->mode == NUMASIM_MPOL_PREFERRED && weight != 1 && list[0] != '!') {
            return yaml_error(w->node, error, "'--preferred' of %u nodes; expected exactly one",
                              weight);
        }
        if (weight == 0) {
            return yaml_error(w->node, error, "'--%s' of no node; expected at least one", o->name);
        }
    }
    if ((p->flags & NUMASIM_MPOL_F_NUMA_BALANCING) != 0 && o->mode != NUMASIM_MPOL_BIND) {
        return yaml_error(w->node, error, "'--balancing' before '--%s'; expected '--membind'",
                          o->name);
    }
    w->has_policy = true;
    p->mode = (uint8_t)o->mode;
    p->nodes = g_strdup(list);
    return true;
}

static bool add_binding(struct numactl_words *w, const struct numactl_option *o, const char *list,
                        struct workload_mempolicy *p, GError **error)
{
    char **member = o->letter == 'C' ? &p->cpus : &p->cpu_nodes;

    if (w->node->key != NULL && p->of_region) {
        return yaml_error(w->node, error,
                          "'--%s' for a region, which runs nowhere; expected a memory policy",
                          o->name);
    }
    g_free(*member); /* the last one holds */
    *member = g_strdup(list);
    return true;
}

static bool add_switch(struct numactl_words *w, const struct numactl_option *o,
                       struct workload_mempolicy *p, GError **error)
{
    if (o->letter == 'b') {
        p->flags |= NUMASIM_MPOL_F_NUMA_BALANCING;
        return !w->has_policy ||
               yaml_error(w->node, error,
                          "numactl: Conflicting policies: '--balancing' after a policy; expected "
                          "it before '--membind'");
    }
    p->all = true;
    return !w->has_list || yaml_error(w->node, error,
                                      "'--all' after a list, which it does not reach; expected it "
                                      "first");
}

static bool read_option(struct numactl_words *w, struct workload_mempolicy *p, GError **error)
{
    const char *list = NULL;
    const struct numactl_option *o = next_option(w, &list, error);
    uint32_t weight = 0;

    if (o == NULL) {
        return false;
    }
    w->word++;
    if (o->mode == NOT_SIMULATED) {
        return yaml_error(w->node, error,
                          "'--%s' of numactl is not simulated; expected options about where to "
                          "run and to allocate",
                          o->name);
    }
    if (!o->has_list) {
        if (list != NULL) {
            return yaml_error(w->node, error, "'--%s' takes no value; expected it alone", o->name);
        }
        return o->mode == NO_POLICY ? add_switch(w, o, p, error)
                                    : add_policy(w, o, NULL, 0, p, error);
    }
    if (list == NULL && *w->word != NULL) {
        list = *w->word++;
    }
    if (list == NULL) {
        return yaml_error(w->node, error, "'--%s' without a value; expected '--%s=0'", o->name,
                          o->name);
    }
    w->has_list = true;
    if (!check_list(w, list, o->letter == 'C', &weight, error)) {
        return false;
    }
    return o->mode == NO_POLICY ? add_binding(w, o, list, p, error)
                                : add_policy(w, o, list, weight, p, error);
}

static bool read_numactl(const struct yaml_node *node, struct workload_mempolicy *p, GError **error)
{
    const char *text = NULL;
    g_auto(GStrv) words = NULL;
    struct numactl_words w = {.node = node};

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    g_autofree char *spaced = g_strstrip(g_strdup(text));
    g_autoptr(GRegex) blank = g_regex_new("[ \t\n]+", 0, 0, NULL);

    words = g_regex_split(blank, spaced, 0);
    w.word = words;
    while (*w.word != NULL && **w.word != '\0' && strcmp(*w.word, "--") != 0) {
        if (!read_option(&w, p, error)) {
            return false;
        }
    }
    p->numactl = true;
    if ((p->flags & NUMASIM_MPOL_F_NUMA_BALANCING) != 0 && !w.has_policy) {
        return yaml_error(node, error, "'--balancing' without '--membind'; expected both");
    }
    if (!w.has_policy && p->cpus == NULL && p->cpu_nodes == NULL) {
        return yaml_error(node, error,
                          "numactl without a policy or a binding; expected one such as "
                          "--membind=0");
    }
    return true;
}

bool workload_read_mempolicy(const struct yaml_node *policy, const struct yaml_node *numactl,
                             bool of_region, struct workload_mempolicy *p, GError **error)
{
    *p = (struct workload_mempolicy){.home_node = -1, .of_region = of_region};
    if (policy == NULL && numactl == NULL) {
        return true;
    }
    if (policy != NULL && numactl != NULL) {
        return yaml_error(numactl, error, "'numactl' beside 'policy'; expected one of them");
    }
    p->is_set = true;
    p->mark = workload_mark(policy != NULL ? policy : numactl);
    return policy != NULL ? read_policy(policy, p, error) : read_numactl(numactl, p, error);
}
