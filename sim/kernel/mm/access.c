/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses to memory, counted from the work that was done. */
#include "kernel/mm/copies.h"
#include "kernel/mm/internal.h"
#include "kernel/mm/rate.h"

/* Adds @lines of pages of @s to by_node[], by where @told_by_node says the pages lie. */
static void spread_lines(struct kernel *k, const struct mm_slice *s, const int64_t *told_by_node,
                         int32_t cpu_node, uint64_t lines, uint64_t *by_node)
{
    uint64_t pages = (uint64_t)s->told_pages, seen = 0, given = 0;

    if (lines == 0) {
        return;
    }
    if (pages == 0) {
        by_node[cpu_node] += lines;
        return;
    }
    for (int32_t n = 0; n < k->nr_nodes && seen < pages; n++) {
        if (told_by_node[n] == 0) {
            continue;
        }
        seen += (uint64_t)told_by_node[n];
        uint64_t upto = seen == pages ? lines : mul_div_u64(lines, seen, pages);

        by_node[n] += upto - given;
        given = upto;
    }
}

/* Accesses to a sliced fall on its parts by their weight, and within a part on all pages alike. */
static void parts_accessed(struct mm_slice *s, uint64_t accesses)
{
    for (int32_t i = 0; i < s->nr_parts; i++) {
        struct mm_part *part = &s->parts[i];
        uint128 x = ((uint128)accesses << 8) * part->weight_ppm + part->carry;
        uint64_t divisor = (uint64_t)part->nr * 1000000;

        part->accesses_x256 += (uint64_t)(x / divisor);
        part->carry = (uint64_t)(x % divisor);
    }
}

void access_account(struct kernel *k, struct rq *rq, struct task *t)
{
    const struct mm_mix *mix = t->mix;
    uint64_t warm_work = t->stretch_work;

    t->stretch_work = 0;
    if (mix == NULL || warm_work == 0) {
        return;
    }
    uint64_t cold_work = t->stretch_cold_work;

    t->stretch_cold_work = 0;
    memset(k->accesses, 0, sizeof(*k->accesses) * (size_t)k->nr_nodes);
    memset(k->writes, 0, sizeof(*k->writes) * (size_t)k->nr_nodes);
    for (int32_t i = 0; i < mix->nr_entries; i++) {
        const struct mm_mix_entry *e = &mix->entries[i];
        struct task_access *own = &t->access[i];
        uint64_t more, misses = pace_misses_milli(k, rq, t, e, &more);
        uint128 x = (uint128)warm_work * misses + (uint128)cold_work * more + own->miss_carry;
        uint128 all = (uint128)warm_work * (uint64_t)e->milli + own->carry;

        uint64_t lines = div_rest_u128(x, MILLI_PER_UNIT, &own->miss_carry);
        uint64_t accesses = div_rest_u128(all, MILLI_PER_UNIT, &own->carry);
        uint128 writes = (uint128)lines * e->writes_ppm + own->write_carry;
        uint64_t lines_written = div_rest_u128(writes, 1000000, &own->write_carry);
        struct mm_slice *s = own->slice;

        spread_lines(k, s, copies_told(k, s, rq->pub.node), rq->pub.node, lines, k->accesses);
        spread_lines(k, s, s->told_by_node, rq->pub.node, lines_written, k->writes);
        own->accesses += accesses;
        if (s->copies != NULL) {
            collapse_stored(t, i, accesses);
        }
        if (k->counts_accesses) {
            parts_accessed(s, accesses);
        }
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (k->accesses[n] > 0 || k->writes[n] > 0) {
            emit(k, TP_MEM_ACCESS, t->pub.id, rq->pub.node, n, (int64_t)k->accesses[n],
                 rates_latency_ns(k, rq->pub.node, n), (int64_t)k->writes[n]);
        }
    }
    if (k->nops != NULL && k->nops->accessed != NULL) {
        k->nops->accessed(k->nself, &t->pub, rq->pub.node, k->accesses, k->writes);
    }
}
