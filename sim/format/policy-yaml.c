/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/policy-yaml.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/policy-find.h"
#include "machine/domains.h"

/* What a file says, before it is laid over the set below. */
struct set_text {
    char *description;
    const struct yaml_node *extends, *kernel;
    const struct yaml_node *roles[NUMASIM_NR_ROLES];
    const struct yaml_node *host;
    const struct yaml_node *sources;
    const struct yaml_node *verified;
};

/* Parameters that were checked together. */
struct verified_text {
    char *source;
    const struct yaml_node *params;
};

struct role_text {
    char *source;
    const struct yaml_node *plugin;
    const struct yaml_node *params;
};

struct value_text {
    const struct yaml_node *value;
    char *source;
    bool unverified;
};

#define ROLE(NAME, ROLE, HELP)                                                                     \
    {                                                                                              \
        .key = NAME, .type = YAML_TYPE_NODE, .offset = offsetof(struct set_text, roles[ROLE]),     \
        .help = HELP                                                                               \
    }

static const struct yaml_field set_fields[] = {
    {.key = "description",
     .type = YAML_TYPE_STRING,
     .offset = offsetof(struct set_text, description),
     .help = "one line for `policy list`"},
    {.key = "extends",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct set_text, extends),
     .help = "the set that this one changes: a name, or a path that ends with .yaml"},
    {.key = "kernel",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct set_text, kernel),
     .help = "the release of Linux whose sched_domains rules apply, unless --kernel names one"},
    ROLE("queue", NUMASIM_ROLE_QUEUE, "order on one CPU: a plugin, or a mapping (see role)"),
    ROLE("balance", NUMASIM_ROLE_BALANCE, "which CPU; ~ for the engine's default"),
    ROLE("numa", NUMASIM_ROLE_NUMA, "preferred nodes; ~ for the engine's default"),
    ROLE("tier", NUMASIM_ROLE_TIER, "where pages are; ~ for the engine's default"),
    ROLE("placement", NUMASIM_ROLE_PLACEMENT, "what a process gets before it starts"),
    {.key = "host",
     .type = YAML_TYPE_MAP,
     .offset = offsetof(struct set_text, host),
     .help = "parameters of the kernel beside its policies: a value, or a mapping (see value)"},
    {.key = "sources",
     .type = YAML_TYPE_LIST,
     .offset = offsetof(struct set_text, sources),
     .help = "where choices and values come from"},
    {.key = "verified",
     .type = YAML_TYPE_LIST,
     .offset = offsetof(struct set_text, verified),
     .help = "what of the set below, and of the plugins' defaults, was checked for this set's "
             "kernel (see verified)"},
    {.key = NULL},
};

static const struct yaml_field verified_fields[] = {
    {.key = "source",
     .type = YAML_TYPE_STRING,
     .offset = offsetof(struct verified_text, source),
     .required = true,
     .help = "where it was seen"},
    {.key = "params",
     .type = YAML_TYPE_LIST,
     .offset = offsetof(struct verified_text, params),
     .required = true,
     .help = "ROLE.PARAM of each"},
    {.key = NULL},
};

static const struct yaml_field role_fields[] = {
    {.key = "plugin",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct role_text, plugin),
     .help = "the plugin's name, or its path; needed unless the set below names one"},
    {.key = "source",
     .type = YAML_TYPE_STRING,
     .offset = offsetof(struct role_text, source),
     .help = "where the choice comes from"},
    {.key = "params",
     .type = YAML_TYPE_MAP,
     .offset = offsetof(struct role_text, params),
     .help = "parameters of the plugin (`policy show PLUGIN`): a value, or a mapping (see value)"},
    {.key = NULL},
};

static const struct yaml_field value_fields[] = {
    {.key = "value",
     .type = YAML_TYPE_NODE,
     .offset = offsetof(struct value_text, value),
     .required = true,
     .help = "the value, with its unit"},
    {.key = "source",
     .type = YAML_TYPE_STRING,
     .offset = offsetof(struct value_text, source),
     .help = "where it comes from"},
    {.key = "unverified",
     .type = YAML_TYPE_BOOL,
     .offset = offsetof(struct value_text, unverified),
     .help = "true if nobody has checked it against a kernel or machine"},
    {.key = NULL},
};

static const struct policy_yaml_block blocks[] = {
    {"set", "a file", set_fields},
    {"role", "under queue, balance, numa, tier, placement", role_fields},
    {"value", "under a parameter of params or of host", value_fields},
    {"verified", "each of verified", verified_fields},
    {NULL, NULL, NULL},
};

const struct policy_yaml_block *policy_yaml_blocks(void)
{
    return blocks;
}

static struct policy_place place_of(const struct yaml_node *node)
{
    /* The text is borrowed: what keeps a place copies it. */
    return (struct policy_place){.file = (char *)(guintptr)yaml_doc_name(node->doc),
                                 .line = node->line,
                                 .column = node->column};
}

/* --- One file over the set below ------------------------------------------------------------- */

static bool read_value(const struct yaml_node *node, struct policy_set *set, enum numasim_role role,
                       GError **error)
{
    struct value_text text = {.value = node};
    bool ok = node->kind != YAML_KIND_MAPPING || yaml_read_fields(node, value_fields, &text, error);
    const char *scalar = NULL;

    if (ok && yaml_is_null(text.value)) {
        ok = yaml_error(text.value, error, "no value for '%s'; expected one, with its unit",
                        node->key->text);
    }
    if (ok && yaml_string(text.value, &scalar, error)) {
        const struct policy_value value = {
            .param = (char *)(guintptr)node->key->text,
            .text = (char *)(guintptr)scalar,
            .source = text.source,
            .unverified = text.unverified,
            .param_at = place_of(node->key),
            .text_at = place_of(text.value),
        };

        policy_set_value(set, role, &value);
    }
    g_free(text.source);
    return scalar != NULL;
}

/* Reads the parameters in @map. The kernel's capitals are only another spelling: the same name in
 * both is twice the same. */
static bool read_values(const struct yaml_node *map, struct policy_set *set, enum numasim_role role,
                        GError **error)
{
    for (uint32_t i = 0; map != NULL && i < map->nr_items; i++) {
        const struct yaml_node *key = map->items[i]->key;

        for (uint32_t j = 0; j < i; j++) {
            const struct yaml_node *other = map->items[j]->key;

            if (g_ascii_strcasecmp(key->text, other->text) == 0) {
                return yaml_error(key, error,
                                  "'%s' is given a second time; line %u says '%s'; expected one "
                                  "value for each parameter",
                                  key->text, other->line, other->text);
            }
        }
        if (!read_value(map->items[i], set, role, error)) {
            return false;
        }
    }
    return true;
}

/* One "ROLE.PARAM" that was checked. */
static bool read_confirmed(const struct yaml_node *node, char *source, struct policy_set *set,
                           GError **error)
{
    const char *text = NULL, *dot;
    g_autofree char *name = NULL;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    dot = strchr(text, '.');
    name = g_strndup(text, dot != NULL ? (gsize)(dot - text) : strlen(text));
    for (int r = 0; dot != NULL && dot[1] != '\0' && r < POLICY_NR_PARTS; r++) {
        if (strcmp(name, policy_role_name((enum numasim_role)r)) != 0) {
            continue;
        }
        if (set->roles[r].plugin == NULL) {
            return yaml_error(node, error, "role '%s' has no plugin; expected one that has", name);
        }
        const struct policy_value confirmed = {
            .param = (char *)(guintptr)(dot + 1), .source = source, .param_at = place_of(node)};

        policy_set_confirm(set, (enum numasim_role)r, &confirmed);
        return true;
    }
    return yaml_error(node, error,
                      "'%s' names no parameter; expected ROLE.PARAM, such as queue.base_slice or "
                      "host.autogroup",
                      text);
}

static bool read_verified(const struct yaml_node *list, struct policy_set *set, GError **error)
{
    bool ok = true;

    for (uint32_t i = 0; ok && list != NULL && i < list->nr_items; i++) {
        struct verified_text text = {0};

        ok = yaml_read_fields(list->items[i], verified_fields, &text, error);
        for (uint32_t j = 0; ok && j < text.params->nr_items; j++) {
            ok = read_confirmed(text.params->items[j], text.source, set, error);
        }
        g_free(text.source);
    }
    return ok;
}

/* @plugin, or where it is seen from the folder of the file that names it; newly allocated. */
static char *plugin_path(const struct yaml_node *node, const char *plugin)
{
    g_autofree char *dir = NULL;

    if (strchr(plugin, '/') == NULL || g_path_is_absolute(plugin)) {
        return g_strdup(plugin);
    }
    dir = g_path_get_dirname(yaml_doc_name(node->doc));
    return g_build_filename(dir, plugin, NULL);
}

static bool read_plugin(const struct yaml_node *node, const char *source, struct policy_set *set,
                        enum numasim_role role, GError **error)
{
    g_autofree char *plugin = NULL;
    const char *text = NULL;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    if (text[0] == '\0') {
        return yaml_error(node, error, "an empty name; expected a plugin");
    }
    plugin = plugin_path(node, text);
    policy_set_plugin(set, role, plugin, source, place_of(node));
    return true;
}

/* A parameter beside `plugin:`, where it is no key; false with @error where there is one. */
static bool check_role_keys(const struct yaml_node *node, GError **error)
{
    static const char *const keys[] = {"plugin", "params", "source", NULL};

    for (uint32_t i = 0; node->kind == YAML_KIND_MAPPING && i < node->nr_items; i++) {
        const char *key = node->items[i]->key->text;

        if (!g_strv_contains(keys, key) && error_nearest(key, keys) == NULL) {
            return yaml_error(node->items[i]->key, error,
                              "unknown key '%s'; expected plugin, params or source; a parameter of "
                              "the plugin stands in 'params: {%s: ...}'",
                              key, key);
        }
    }
    return true;
}

static bool read_role_mapping(const struct yaml_node *node, struct role_text *text,
                              struct policy_set *set, enum numasim_role role, GError **error)
{
    if (!check_role_keys(node, error) || !yaml_read_fields(node, role_fields, text, error)) {
        return false;
    }
    if (text->plugin != NULL && !read_plugin(text->plugin, text->source, set, role, error)) {
        return false;
    }
    if (set->roles[role].plugin == NULL) {
        return yaml_error(node, error, "role '%s' names no plugin; expected 'plugin: NAME'",
                          policy_role_name(role));
    }
    return read_values(text->params, set, role, error);
}

static bool read_role(const struct yaml_node *node, struct policy_set *set, enum numasim_role role,
                      GError **error)
{
    struct role_text text = {0};
    bool ok;

    if (yaml_is_null(node)) {
        policy_set_plugin(set, role, NULL, NULL, (struct policy_place){0});
        return true;
    }
    if (node->kind == YAML_KIND_SCALAR) {
        return read_plugin(node, NULL, set, role, error);
    }
    ok = read_role_mapping(node, &text, set, role, error);
    g_free(text.source);
    return ok;
}

/* Adds @more behind *@list, which is replaced. */
static void append_strings(char ***list, const char *const *more)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    char **old = *list;

    for (size_t i = 0; old[i] != NULL; i++) {
        g_ptr_array_add(all, old[i]);
    }
    for (size_t i = 0; more[i] != NULL; i++) {
        g_ptr_array_add(all, g_strdup(more[i]));
    }
    g_ptr_array_add(all, NULL);
    g_free(old);
    *list = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

static bool read_sources(const struct yaml_node *list, struct policy_set *set, GError **error)
{
    for (uint32_t i = 0; list != NULL && i < list->nr_items; i++) {
        const char *more[2] = {NULL, NULL};

        if (!yaml_string(list->items[i], &more[0], error)) {
            return false;
        }
        append_strings(&set->sources, more);
    }
    return true;
}

/* Whether anybody knows that release is asked here, where the line is known. */
static bool read_kernel(const struct yaml_node *node, struct policy_set *set, GError **error)
{
    g_autoptr(GError) why = NULL;
    enum kernel_release release;
    const char *text = NULL;

    if (node == NULL) {
        return true;
    }
    if (!yaml_string(node, &text, error)) {
        return false;
    }
    if (!kernel_release_parse(text, &release, &why)) {
        return yaml_error(node, error, "%s", why->message);
    }
    if (set->extends[0] != NULL && strcmp(text, policy_set_kernel(set)) != 0) {
        policy_set_change_release(set);
    }
    g_free(set->kernel);
    set->kernel = g_strdup(text);
    return true;
}

static bool read_over(const struct yaml_doc *doc, const struct set_text *text,
                      struct policy_set *set, GError **error)
{
    g_autofree char *both = NULL;

    g_free(set->path);
    set->path = g_strdup(yaml_doc_name(doc));
    g_free(set->description);
    set->description = g_strdup(text->description);
    if (!read_kernel(text->kernel, set, error)) {
        return false;
    }
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        if (text->roles[r] != NULL &&
            !read_role(text->roles[r], set, (enum numasim_role)r, error)) {
            return false;
        }
    }
    if (!read_values(text->host, set, (enum numasim_role)POLICY_HOST, error) ||
        !read_verified(text->verified, set, error) || !read_sources(text->sources, set, error)) {
        return false;
    }
    append_strings(&set->sources, yaml_doc_sources(doc));
    both = g_strconcat(yaml_doc_digest(doc), set->digest, NULL);
    if (set->digest != NULL) {
        g_free(set->digest);
        set->digest = digest_of(both, strlen(both));
    } else {
        set->digest = g_steal_pointer(&both);
    }
    return true;
}

/* --- The chain of sets ----------------------------------------------------------------------- */

/* The files that are being read, from the first to the one that extends the next. */
struct chain {
    const char *const *search_dirs;
    uint32_t depth;
    const char *paths[POLICY_YAML_MAX_EXTENDS];
};

static struct policy_set *read_doc(const struct yaml_doc *doc, struct chain *chain, GError **error);

/* The set's name: the file's, without folder and ".yaml"; newly allocated. */
static char *name_of(const char *path)
{
    char *name = g_path_get_basename(path);

    if (g_str_has_suffix(name, ".yaml")) {
        name[strlen(name) - strlen(".yaml")] = '\0';
    }
    return name;
}

/* The file that @node, an `extends:`, means; NULL with @error. */
static char *find_below(const struct yaml_node *node, const struct chain *chain, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(yaml_doc_name(node->doc));
    const char *own_dir[] = {dir, NULL};
    const char *name = NULL;
    char *path;

    if (!yaml_string(node, &name, error)) {
        return NULL;
    }
    if (policy_set_is_path(name)) {
        g_autofree char *base = g_path_get_basename(name);
        g_autofree char *beside = g_build_filename(dir, base, NULL);

        path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(dir, name, NULL);
        if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            /* Where a result is, the copies of its inputs stand side by side. */
            if (g_file_test(beside, G_FILE_TEST_IS_REGULAR)) {
                g_free(path);
                return g_steal_pointer(&beside);
            }
            yaml_error(node, error, "no file '%s'; expected a policy set", path);
            g_clear_pointer(&path, g_free);
        }
        return path;
    }
    path = policy_set_find_in(name, own_dir);
    path = path != NULL ? path : policy_set_find_in(name, chain->search_dirs);
    if (path == NULL) {
        g_autofree char *message = policy_set_missing(name, chain->search_dirs);

        yaml_error(node, error, "%s", message);
    }
    return path;
}

static bool check_circle(const struct yaml_node *node, const struct chain *chain, const char *path,
                         GError **error)
{
    g_autofree char *canonical = g_canonicalize_filename(path, NULL);
    g_autoptr(GString) circle = g_string_new(NULL);
    bool inside = false;

    for (uint32_t i = 0; i < chain->depth; i++) {
        g_autofree char *other = g_canonicalize_filename(chain->paths[i], NULL);

        inside = inside || strcmp(other, canonical) == 0;
        if (inside) {
            g_autofree char *name = name_of(chain->paths[i]);

            g_string_append_printf(circle, "%s -> ", name);
        }
    }
    if (inside) {
        g_autofree char *name = name_of(path);

        return yaml_error(node, error, "the set extends itself: %s%s; expected a set below it",
                          circle->str, name);
    }
    if (chain->depth == POLICY_YAML_MAX_EXTENDS) {
        return yaml_error(node, error, "too many sets below one another; expected at most %d",
                          POLICY_YAML_MAX_EXTENDS);
    }
    return true;
}

/* The set that @node names, or an empty one if it is NULL, under the name of the file above. */
static struct policy_set *read_below(const struct yaml_node *node, const char *name,
                                     struct chain *chain, GError **error)
{
    g_autofree char *path = NULL;
    g_autoptr(yaml_doc_t) doc = NULL;
    g_autofree char *below = NULL;
    struct policy_set *set;
    char **chain_above;

    if (node == NULL) {
        return policy_set_new(name);
    }
    path = find_below(node, chain, error);
    if (path == NULL || !check_circle(node, chain, path, error)) {
        return NULL;
    }
    doc = yaml_load(path, error);
    set = doc != NULL ? read_doc(doc, chain, error) : NULL;
    if (set == NULL) {
        return NULL;
    }
    policy_set_inherit(set, set->name);
    below = set->name;
    set->name = g_strdup(name);
    chain_above = g_new0(char *, 2);
    chain_above[0] = g_steal_pointer(&below);
    append_strings(&chain_above, (const char *const *)set->extends);
    g_strfreev(set->extends);
    set->extends = chain_above;
    chain_above = g_new0(char *, 2);
    chain_above[0] = g_canonicalize_filename(path, NULL);
    append_strings(&chain_above, (const char *const *)set->below);
    g_strfreev(set->below);
    set->below = chain_above;
    return set;
}

static struct policy_set *read_doc(const struct yaml_doc *doc, struct chain *chain, GError **error)
{
    struct set_text text = {0};
    g_autofree char *name = name_of(yaml_doc_name(doc));
    g_autoptr(policy_set_t) set = NULL;
    bool ok;

    if (!yaml_check_schema(doc, "policy-set", POLICY_YAML_VERSION, NULL, error)) {
        return NULL;
    }
    chain->paths[chain->depth++] = yaml_doc_name(doc);
    ok = yaml_read_fields(yaml_doc_root(doc), set_fields, &text, error);
    if (ok) {
        set = read_below(text.extends, name, chain, error);
        ok = set != NULL && read_over(doc, &text, set, error);
    }
    chain->depth--;
    g_free(text.description);
    return ok ? g_steal_pointer(&set) : NULL;
}

struct policy_set *policy_set_read_yaml(const char *path, const char *const *search_dirs,
                                        GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load(path, error);
    struct chain chain = {.search_dirs = search_dirs};

    return doc != NULL ? read_doc(doc, &chain, error) : NULL;
}

struct policy_set *policy_set_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                               const char *const *search_dirs, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer(name, bytes, size, error);
    struct chain chain = {.search_dirs = search_dirs};

    return doc != NULL ? read_doc(doc, &chain, error) : NULL;
}
