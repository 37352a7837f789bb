/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/gate-yaml.h"

#include "format/study-private.h"
#include "format/yaml.h"

struct root_spec {
    const struct yaml_node *gates;
};

static const struct yaml_field root_fields[] = {
    {.key = "gates",
     .type = YAML_TYPE_LIST,
     .offset = offsetof(struct root_spec, gates),
     .required = true,
     .help = "what may change how much"},
    {.key = NULL},
};

struct rule_spec {
    char *metric, *topology, *workload, *why;
    const struct yaml_node *rise, *fall;
};
#define AT(member) offsetof(struct rule_spec, member)

static const struct yaml_field rule_fields[] = {
    {.key = "metric",
     .type = YAML_TYPE_STRING,
     .offset = AT(metric),
     .required = true,
     .help = "name of a metric, or a pattern with * and ?"},
    {.key = "topology",
     .type = YAML_TYPE_STRING,
     .offset = AT(topology),
     .help = "on which topologies; * unless it says"},
    {.key = "workload",
     .type = YAML_TYPE_STRING,
     .offset = AT(workload),
     .help = "under which workloads; * unless it says"},
    {.key = "why", .type = YAML_TYPE_STRING, .offset = AT(why), .help = "for people"},
    {.key = "may-rise",
     .type = YAML_TYPE_LIST,
     .offset = AT(rise),
     .help = "[SHARE, AMOUNT]: more than both is too much"},
    {.key = "may-fall", .type = YAML_TYPE_LIST, .offset = AT(fall), .help = "the same downwards"},
    {.key = NULL},
};

/* `[5%, 20us]` */
static bool read_allowance(const struct yaml_node *list, struct gate_allowance *ret, GError **error)
{
    struct study_number relative;

    if (list == NULL) {
        return true;
    }
    if (list->nr_items != 2) {
        return yaml_error(list, error,
                          "'%s' has %u members; expected a share and an amount, like [5%%, 20us]",
                          list->key->text, list->nr_items);
    }
    if (!study_read_number(list->items[0], false, &relative, error) ||
        !study_read_number(list->items[1], false, &ret->absolute, error)) {
        return false;
    }
    if (relative.kind != STUDY_PERCENT) {
        return yaml_error(list->items[0], error,
                          "'%s' is no percentage; expected a share of the base's mean, like 5%%",
                          list->items[0]->text);
    }
    ret->relative_ppm = relative.value;
    ret->stated = true;
    return true;
}

static bool read_rule(const struct yaml_node *node, struct gate_rule *rule, GError **error)
{
    struct rule_spec spec = {0};
    bool ok = yaml_check_kind(node, YAML_KIND_MAPPING, "a gate", error) &&
              yaml_read_fields(node, rule_fields, &spec, error) &&
              read_allowance(spec.rise, &rule->rise, error) &&
              read_allowance(spec.fall, &rule->fall, error);

    rule->mark = study_mark(node);
    rule->metric = spec.metric;
    rule->topology = spec.topology != NULL ? spec.topology : g_strdup("*");
    rule->workload = spec.workload != NULL ? spec.workload : g_strdup("*");
    rule->why = spec.why;
    if (ok && !rule->rise.stated && !rule->fall.stated) {
        return yaml_error(node, error, "nothing is forbidden; expected may-rise or may-fall");
    }
    return ok;
}

static struct gate *read_doc(const struct yaml_doc *doc, GError **error)
{
    g_autoptr(gate_t) g = g_new0(struct gate, 1);
    struct root_spec spec = {0};

    if (!yaml_check_schema(doc, "gate", GATE_YAML_VERSION, NULL, error) ||
        !yaml_read_fields(yaml_doc_root(doc), root_fields, &spec, error)) {
        return NULL;
    }
    if (spec.gates->nr_items == 0) {
        yaml_error(spec.gates, error, "'gates' is empty; expected one at least");
        return NULL;
    }
    g->path = g_strdup(yaml_doc_name(doc));
    g->rules = g_new0(struct gate_rule, spec.gates->nr_items);
    for (uint32_t i = 0; i < spec.gates->nr_items; i++) {
        g->nr_rules++;
        if (!read_rule(spec.gates->items[i], &g->rules[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&g);
}

struct gate *gate_read_yaml(const char *path, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load(path, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}

struct gate *gate_read_yaml_buffer(const char *name, const char *bytes, size_t size, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer(name, bytes, size, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}
