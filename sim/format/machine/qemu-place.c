/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/machine/qemu-place.h"

/* A CPU and what decides its place, outermost first. */
struct placed {
    int32_t key[4]; /* package, middle, core, CPU */
    int32_t at[4];  /* place within the level above */
};

static gint compare_placed(gconstpointer a, gconstpointer b)
{
    const struct placed *const x = a, *const y = b;

    for (int i = 0; i < 4; i++) {
        if (x->key[i] != y->key[i]) {
            return x->key[i] < y->key[i] ? -1 : 1;
        }
    }
    return 0;
}

static enum qemu_middle choose_middle(const struct machine *m)
{
    if (m->arch == ARCH_X86_64) {
        return QEMU_MIDDLE_LLC;
    }
    return m->arch == ARCH_ARM64 && m->nr_clusters < m->nr_cores && m->nr_clusters > m->nr_packages
               ? QEMU_MIDDLE_CLUSTER
               : QEMU_MIDDLE_NONE;
}

static int32_t middle_of(const struct machine_cpu *cpu, enum qemu_middle middle)
{
    switch (middle) {
    case QEMU_MIDDLE_LLC:
        return cpu->llc;
    case QEMU_MIDDLE_CLUSTER:
        return cpu->cluster;
    case QEMU_MIDDLE_NONE:
        break;
    }
    return cpu->package;
}

/* Counts each CPU's place at every level from that of the CPU before, and the widest of each. */
static void count_places(struct placed *order, int32_t nr, int32_t widest[4])
{
    for (int32_t i = 0; i < nr; i++) {
        int changed = i == 0 ? -1 : 0;

        while (changed >= 0 && order[i].key[changed] == order[i - 1].key[changed]) {
            changed++;
        }
        for (int level = 0; level < 4; level++) {
            order[i].at[level] =
                changed < 0 || level > changed ? 0 : order[i - 1].at[level] + (level == changed);
            widest[level] = MAX(widest[level], order[i].at[level] + 1);
        }
    }
}

bool qemu_grid_init(struct qemu_grid *grid, const struct machine *m, int32_t max)
{
    g_autofree struct placed *order = g_new0(struct placed, (size_t)m->nr_cpus);
    int32_t widest[4] = {0};
    int64_t nr_places;

    *grid = (struct qemu_grid){.middle = choose_middle(m)};
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        const struct machine_cpu *const c = &m->cpus[cpu];

        order[cpu] = (struct placed){{c->package, middle_of(c, grid->middle), c->core, cpu}, {0}};
    }
    qsort(order, (size_t)m->nr_cpus, sizeof(*order), compare_placed);
    count_places(order, m->nr_cpus, widest);
    nr_places = (int64_t)widest[0] * widest[1];
    nr_places = nr_places <= max ? nr_places * widest[2] : nr_places;
    nr_places = nr_places <= max ? nr_places * widest[3] : nr_places;
    if (nr_places > max) {
        return false;
    }
    grid->sockets = widest[0];
    grid->middles = widest[1];
    grid->cores = widest[2];
    grid->threads = widest[3];
    grid->nr_places = (int32_t)nr_places;
    grid->cpu = g_new(int32_t, (size_t)nr_places);
    for (int32_t place = 0; place < grid->nr_places; place++) {
        grid->cpu[place] = -1;
    }
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        const int32_t *const at = order[i].at;

        grid->cpu[((at[0] * widest[1] + at[1]) * widest[2] + at[2]) * widest[3] + at[3]] =
            order[i].key[3];
    }
    while (grid->nr_first < grid->nr_places && grid->cpu[grid->nr_first] >= 0) {
        grid->nr_first++;
    }
    return true;
}

void qemu_grid_clear(struct qemu_grid *grid)
{
    g_free(grid->cpu);
    grid->cpu = NULL;
}
