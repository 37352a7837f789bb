/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Summaries of traces from their JSON. */
#include <json-glib/json-glib.h>

#include "base/error.h"
#include "base/json-load.h"
#include "base/time.h"
#include "format/trace/summary.h"

/* The integer @member of @object, 0 if there is none; *@ok becomes false where it is no count. */
static int64_t get_count(JsonObject *object, const char *member, bool *ok)
{
    JsonNode *node = json_object_get_member(object, member);

    if (node == NULL) {
        return 0;
    }
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < 0 || json_node_get_int(node) > INT64_MAX / NSEC_PER_USEC) {
        *ok = false;
        return 0;
    }
    return json_node_get_int(node);
}

static JsonObject *get_object(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static void read_latency(JsonObject *object, struct trace_latency *l, bool *ok)
{
    l->n = (uint64_t)get_count(object, "n", ok);
    l->p50_ns = get_count(object, "p50", ok) * NSEC_PER_USEC;
    l->p90_ns = get_count(object, "p90", ok) * NSEC_PER_USEC;
    l->p99_ns = get_count(object, "p99", ok) * NSEC_PER_USEC;
    l->max_ns = get_count(object, "max", ok) * NSEC_PER_USEC;
}

static bool read_command(JsonObject *object, struct trace_command *c)
{
    JsonObject *latency = get_object(object, "wakeup_latency_us");
    bool ok = true;

    c->tasks = get_count(object, "tasks", &ok);
    c->run_ns = get_count(object, "run_us", &ok) * NSEC_PER_USEC;
    c->switch_in = get_count(object, "switch_in", &ok);
    c->preempted = get_count(object, "preempted", &ok);
    c->blocked = get_count(object, "blocked", &ok);
    c->wakeups = get_count(object, "wakeups", &ok);
    c->migrations = get_count(object, "migrations", &ok);
    if (latency != NULL) {
        read_latency(latency, &c->wakeup_latency, &ok);
    }
    return ok;
}

static struct trace_summary *read_root(const char *path, JsonObject *root, GError **error)
{
    g_autoptr(trace_summary_t) summary = g_new0(struct trace_summary, 1);
    JsonObject *commands = get_object(root, "by_comm");
    g_autoptr(GList) names = commands != NULL ? json_object_get_members(commands) : NULL;
    bool ok = true;

    if (names == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no commands; expected them under 'by_comm'", path);
        return NULL;
    }
    summary->span_ns = get_count(root, "span_us", &ok) * NSEC_PER_USEC;
    summary->commands = g_new0(struct trace_command, g_list_length(names));
    for (GList *name = names; name != NULL; name = name->next) {
        struct trace_command *c = &summary->commands[summary->nr_commands++];
        JsonObject *object = get_object(commands, name->data);

        c->comm = g_strdup(name->data);
        if (!ok || object == NULL || !read_command(object, c)) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: by_comm.%s: expected an object of counts", path, c->comm);
            return NULL;
        }
        summary->run_ns += c->run_ns;
    }
    return g_steal_pointer(&summary);
}

struct trace_summary *trace_summary_read_json(const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = NULL;
    g_autofree char *text = NULL;
    gsize size;
    JsonNode *root;

    if (!file_read(path, G_MAXINT32, &text, &size, error)) {
        return NULL;
    }
    parser = json_load(path, text, size, error);
    if (parser == NULL) {
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: expected an object", path);
        return NULL;
    }
    return read_root(path, json_node_get_object(root), error);
}
