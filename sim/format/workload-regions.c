/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions of memory, as processes of a workload and commands of a trace declare them. */
#include "format/workload-private.h"

enum { REGION_NAME_MAX = 64 };

struct region_spec {
    int64_t size_bytes, working_set_bytes;
    int page, pattern, touch;
    bool shared;
};

const char *const workload_page_words[] = {"base", "2MiB", "1GiB", NULL};
const char *const workload_pattern_words[] = {"random", "sequential", NULL};
const char *const workload_touch_words[] = {"user", "first", "each", NULL};

#define ROW(member, k, t, ...)                                                                     \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct region_spec, member),         \
        __VA_ARGS__                                                                                \
    }

static const struct yaml_field region_fields[] = {
    ROW(size_bytes, "size", INT, .unit = UNIT_BYTES, .min = 1, .max = INT64_C(1) << 50,
        .required = true, .help = "of the mapping"),
    ROW(page, "page", CHOICE, .names = workload_page_words, .help = "default base"),
    ROW(pattern, "pattern", CHOICE, .names = workload_pattern_words, .help = "default random"),
    ROW(touch, "touch", CHOICE, .names = workload_touch_words,
        .help = "who touches pages first; default user"),
    ROW(shared, "shared", BOOL, .help = "by all threads; default true"),
    ROW(working_set_bytes, "working-set", INT, .unit = UNIT_BYTES, .max = INT64_C(1) << 50,
        .help = "what a warm cache would hold of it"),
    {.key = NULL},
};

static bool read_region(const struct yaml_node *node, struct workload_region *ret, GError **error)
{
    struct region_spec spec = {.shared = true};

    if (!workload_check_name(node, "region", REGION_NAME_MAX, error) ||
        !yaml_read_fields(node, region_fields, &spec, error)) {
        return false;
    }
    if (spec.working_set_bytes > spec.size_bytes) {
        return yaml_error(yaml_map_get(node, "working-set"), error,
                          "'working-set' is larger than the region; expected at most its size");
    }
    *ret = (struct workload_region){
        .name = g_strdup(node->key->text),
        .size_bytes = spec.size_bytes,
        .page = (enum page_kind)spec.page,
        .pattern = (enum access_pattern)spec.pattern,
        .touch = (enum first_toucher)spec.touch,
        .shared = spec.shared,
        .working_set_bytes = spec.working_set_bytes,
    };
    return true;
}

bool workload_read_regions(const struct yaml_node *map, struct workload_region **regions,
                           int32_t *nr_regions, GError **error)
{
    *regions = g_new0(struct workload_region, map->nr_items + 1);
    *nr_regions = (int32_t)map->nr_items;
    for (int32_t i = 0; i < *nr_regions; i++) {
        if (!read_region(map->items[i], &(*regions)[i], error)) {
            return false;
        }
    }
    return true;
}
