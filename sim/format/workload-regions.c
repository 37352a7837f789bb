/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions of memory, as processes of a workload and commands of a trace declare them. */
#include <string.h>

#include "format/workload-private.h"

enum { REGION_NAME_MAX = 64 };

struct region_spec {
    int64_t size_bytes, working_set_bytes;
    int page, pattern, touch, mapped;
    bool shared, hugetlb, file, readonly;
    const struct yaml_node *hot, *policy, *numactl, *object;
};

struct hot_spec {
    int64_t size_bytes, share_ppm;
    int at;
};

const char *const workload_page_words[] = {"base", "16KiB", "64KiB", "2MiB", "1GiB", NULL};
const char *const workload_pattern_words[] = {"random", "sequential", NULL};
const char *const workload_touch_words[] = {"user", "first", "each", NULL};
static const char *const mapped_words[] = {"private", "shared", NULL};
static const char *const at_words[] = {"start", "end", NULL};

#define ROW_OF(s, member, k, t, ...)                                                               \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }
#define ROW(member, k, t, ...) ROW_OF(region_spec, member, k, t, __VA_ARGS__)

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
    ROW(hugetlb, "hugetlb", BOOL, .help = "pages from a node's pool; default false"),
    ROW(file, "file", BOOL, .help = "page cache instead of anonymous memory; default false"),
    ROW(mapped, "mapped", CHOICE, .names = mapped_words, .help = "default private"),
    ROW(object, "shm", NODE, .help = "a name: all regions of that name are the same pages"),
    ROW(readonly, "readonly", BOOL, .help = "mapped without PROT_WRITE; default false"),
    ROW(policy, "policy", NODE, .help = "mbind(2)"),
    ROW(numactl, "numactl", NODE, .help = "the same in numactl's options"),
    ROW(hot, "hot", MAP, .help = "part of it that gets a share of the accesses of its own"),
    {.key = NULL},
};

static const struct yaml_field hot_fields[] = {
    ROW_OF(hot_spec, size_bytes, "size", INT, .unit = UNIT_BYTES, .min = 1, .max = INT64_C(1) << 50,
           .required = true, .help = "of the part"),
    ROW_OF(hot_spec, share_ppm, "share", INT, .unit = UNIT_PPM, .min = 1, .max = 1000000,
           .required = true, .help = "of the region's accesses"),
    ROW_OF(hot_spec, at, "at", CHOICE, .names = at_words, .help = "default start"),
    {.key = NULL},
};

static bool read_hot(const struct yaml_node *node, int64_t region_bytes, struct workload_hot *hot,
                     GError **error)
{
    struct hot_spec spec = {.at = 0};

    if (node == NULL) {
        return true;
    }
    if (!yaml_read_fields(node, hot_fields, &spec, error)) {
        return false;
    }
    if (spec.size_bytes >= region_bytes) {
        return yaml_error(yaml_map_get(node, "size"), error,
                          "the hot part is as large as the region; expected less");
    }
    *hot = (struct workload_hot){spec.size_bytes, (uint32_t)spec.share_ppm, spec.at == 1};
    return true;
}

/* hugetlbfs has pages of 2 MiB and 1 GiB; a file's pages here are base pages. */
static bool check_kind(const struct yaml_node *node, const struct region_spec *spec, GError **error)
{
    if (spec->hugetlb && spec->page != PAGE_2M && spec->page != PAGE_1G) {
        return yaml_error(yaml_map_get(node, "hugetlb"), error,
                          "'hugetlb' with pages of '%s'; expected 'page: 2MiB' or '1GiB'",
                          workload_page_words[spec->page]);
    }
    if (spec->page == PAGE_1G && !spec->hugetlb) {
        return yaml_error(yaml_map_get(node, "page"), error,
                          "pages of 1GiB come from a pool alone; expected 'hugetlb: true' as well");
    }
    if (spec->hugetlb && spec->file) {
        return yaml_error(yaml_map_get(node, "file"), error,
                          "'file' beside 'hugetlb', whose pages are no page cache; expected one");
    }
    return true;
}

static bool read_object(const struct yaml_node *node, const struct region_spec *spec,
                        struct workload_region *ret, GError **error)
{
    const char *name = NULL;

    if (spec->object == NULL) {
        return true;
    }
    if (!yaml_string(spec->object, &name, error)) {
        return false;
    }
    if (name[0] == '\0' || strlen(name) > REGION_NAME_MAX || strchr(name, '/') != NULL) {
        return yaml_error(spec->object, error,
                          "'%s' is no name of shared memory; expected 1 to %d characters other "
                          "than '/'",
                          name, REGION_NAME_MAX);
    }
    if (!spec->shared || (spec->mapped == 0 && yaml_map_get(node, "mapped") != NULL)) {
        return yaml_error(spec->object, error,
                          "'shm' of a region that is not shared; expected neither 'shared: false' "
                          "nor 'mapped: private'");
    }
    ret->object = g_strdup(name);
    ret->mapped_shared = true;
    return true;
}

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
    if (!check_kind(node, &spec, error)) {
        return false;
    }
    *ret = (struct workload_region){
        .name = g_strdup(node->key->text),
        .size_bytes = spec.size_bytes,
        .page = (enum page_kind)spec.page,
        .pattern = (enum access_pattern)spec.pattern,
        .touch = (enum first_toucher)spec.touch,
        .shared = spec.shared,
        .working_set_bytes = spec.working_set_bytes,
        .hugetlb = spec.hugetlb,
        .file = spec.file,
        .mapped_shared = spec.mapped == 1,
        .readonly = spec.readonly,
    };
    return read_object(node, &spec, ret, error) &&
           read_hot(spec.hot, spec.size_bytes, &ret->hot, error) &&
           workload_read_mempolicy(spec.policy, spec.numactl, true, &ret->policy, error);
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
