/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/object.h"

static void add_mapping(struct mm_object *o, struct process *p, struct mm_region *r)
{
    o->mappings = g_renew(struct mm_mapping, o->mappings, (gsize)o->nr_mappings + 1);
    o->mappings[o->nr_mappings++] = (struct mm_mapping){p, r};
    o->nr_mapped++;
    p->maps_objects = true;
}

void object_share(struct kernel *k, struct process *owner, struct mm_region *from, const char *name,
                  struct process *p, struct mm_region *r)
{
    struct mm_object *o = region_object(from);

    if (o == NULL) {
        o = g_new0(struct mm_object, 1);
        o->name = g_strdup(name);
        from->slices[0].object = o;
        add_mapping(o, owner, from);
    }
    r->slices = from->slices;
    r->nr_slices = from->nr_slices;
    add_mapping(o, p, r);
    mempolicy_inherit(&r->mempolicy, &from->mempolicy, (uint32_t)k->nr_nodes);
    r->pub.mempolicy = from->pub.mempolicy != NULL ? &r->mempolicy.pub : NULL;
}

static struct mm_mapping *mapping_of(const struct mm_region *r)
{
    struct mm_object *o = region_object(r);

    for (int32_t i = 0; i < o->nr_mappings; i++) {
        if (o->mappings[i].region == r) {
            return &o->mappings[i];
        }
    }
    g_assert_not_reached();
}

bool object_unmap(struct kernel *k, struct process *p, struct mm_region *r)
{
    struct mm_object *o = region_object(r);

    if (o == NULL || o->nr_mapped == 1) {
        return false;
    }
    mapping_of(r)->process = NULL;
    o->nr_mapped--;
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        p->bytes_by_node[n] -= r->bytes_by_node[n];
        p->pub.resident_bytes -= r->bytes_by_node[n];
        r->bytes_by_node[n] = 0;
    }
    return true;
}

bool object_release(struct mm_region *r)
{
    struct mm_object *o = region_object(r);

    if (o == NULL) {
        return true;
    }
    mapping_of(r)->region = NULL;
    for (int32_t i = 0; i < o->nr_mappings; i++) {
        if (o->mappings[i].region != NULL) {
            return false;
        }
    }
    g_free(o->mappings);
    g_free(o->name);
    g_free(o);
    return true;
}

bool region_counts(const struct mm_region *r)
{
    const struct mm_object *o = region_object(r);

    for (int32_t i = 0; o != NULL && i < o->nr_mappings; i++) {
        if (o->mappings[i].process != NULL) {
            return o->mappings[i].region == r;
        }
    }
    return true;
}

bool region_unmapped(const struct mm_region *r)
{
    return region_object(r) != NULL && mapping_of(r)->process == NULL;
}

void region_add_bytes(struct process *p, struct mm_region *r, int32_t node, int64_t bytes)
{
    struct mm_object *o = region_object(r);

    if (o == NULL) {
        r->bytes_by_node[node] += bytes;
        p->bytes_by_node[node] += bytes;
        return;
    }
    for (int32_t i = 0; i < o->nr_mappings; i++) {
        if (o->mappings[i].process != NULL) {
            o->mappings[i].region->bytes_by_node[node] += bytes;
            o->mappings[i].process->bytes_by_node[node] += bytes;
        }
    }
}

void region_add_resident(struct process *p, struct mm_region *r, int64_t bytes)
{
    struct mm_object *o = region_object(r);

    if (o == NULL) {
        p->pub.resident_bytes += bytes;
        return;
    }
    for (int32_t i = 0; i < o->nr_mappings; i++) {
        if (o->mappings[i].process != NULL) {
            o->mappings[i].process->pub.resident_bytes += bytes;
        }
    }
}
