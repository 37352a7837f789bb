/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every reader of facts must stand: any bytes give an error, or facts that agree with
 * themselves and of which a machine can be made, written and read again, or not made with an error.
 */
#ifndef NUMASIM_TESTS_FUZZ_FACTS_TARGET_H
#define NUMASIM_TESTS_FUZZ_FACTS_TARGET_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/facts/read.h"
#include "format/machine/write.h"
#include "format/machine/topology-write.h"
#include "format/machine/topology-yaml.h"
#include "machine/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The machine that fills gaps; read once, for it is not what is tried. */
static const struct machine *facts_target_like(void)
{
    static const char text[] =
        "numasim: topology/1\n"
        "name: like\n"
        "arch: x86_64\n"
        "cpus: {packages: 2, cores-per-llc: 2, threads-per-core: 2, source: made up}\n"
        "memory: {nodes: [{nodes: 0-1, size: 4GiB}], source: made up}\n"
        "distances: {matrix: [[10, 20], [20, 10]], source: made up}\n"
        "latency: {local: 80ns, rule: distance, source: made up}\n"
        "bandwidth: {local: 40GB/s, rule: distance, source: made up}\n"
        "caches: {l1d: 32KiB, l2: 1MiB, llc: 8MiB, source: made up}\n"
        "costs: {context-switch: 1us, wakeup: 0us, idle-exit: 0us, fork: 10us, exit: 10us, tick: "
        "0us,\n"
        "  wakeup-ipi: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 2us},\n"
        "  migration: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 2us},\n"
        "  balance-pass: 0us, balance-cpu: 0us, page-fault: 1us, page-zero: 0B/s, page-move: 2us,\n"
        "  page-move-copy: 10GB/s, hint-fault: 1us, smt-pace: 60%, source: made up}\n";
    static struct machine *like;

    if (like == NULL) {
        g_autoptr(GError) error = NULL;

        like = topology_read_yaml_buffer("like", text, strlen(text), &error);
        g_assert_no_error(error);
    }
    return like;
}

/* @m as YAML says the same machine: written again it is the same text. */
static inline void facts_target_write(const struct machine *m)
{
    g_autofree char *text = topology_write_yaml(m, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) again = topology_read_yaml_buffer("again", text, strlen(text), &error);
    g_autofree char *second = NULL;

    g_assert_no_error(error);
    second = topology_write_yaml(again, NULL);
    g_assert_true(g_str_equal(text, second));
}

/* @m as other tools say it: what is written is recognised and read, with all online CPUs. */
static inline void facts_target_export(const struct machine *m)
{
    const uint32_t nr_cpus = (uint32_t)m->nr_cpus;
    const uint32_t online = nr_cpus - bitmap_weight(m->offline, nr_cpus);

    for (const struct machine_writer *const *writer = machine_writers(); *writer != NULL;
         writer++) {
        g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = (*writer)->write(m, notes, &error);
        g_autoptr(facts_t) f = NULL;

        g_assert((text == NULL) == (error != NULL));
        if (text != NULL) {
            f = facts_read_bytes("exported", text, strlen(text), NULL, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(f->cpus->len, >=, online);
        }
    }
}

/* @data as @reader takes it: with a NUL behind it. NULL if it is refused. */
static inline struct facts *facts_target_read(const struct facts_reader *reader,
                                              const uint8_t *data, size_t size)
{
    g_autofree char *bytes = g_malloc(size + 1);
    const struct facts_input in = {.name = "fuzz", .bytes = bytes, .size = size};
    g_autoptr(GError) error = NULL;
    struct facts *f;

    if (size > 0) {
        memcpy(bytes, data, size);
    }
    bytes[size] = '\0';
    (void)reader->recognises(&in);
    f = reader->read(&in, &error);
    g_assert((f == NULL) == (error != NULL));
    if (f == NULL) {
        g_assert_true(g_error_matches(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT));
        g_assert_true(g_str_has_prefix(error->message, "fuzz"));
    }
    return f;
}

static inline void facts_target(const struct facts_reader *reader, const uint8_t *data, size_t size)
{
    g_autoptr(facts_t) f = facts_target_read(reader, data, size), same = NULL;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = NULL;

    /* Thousands of CPUs take seconds behind the reader, and show nothing more. */
    if (f == NULL || f->cpus->len > 512) {
        return;
    }
    same = facts_target_read(reader, data, size);
    g_assert_nonnull(same);
    facts_merge(f, same, &error);
    g_assert_no_error(error);
    m = machine_complete(f, facts_target_like(), NULL, lines, &error);
    g_assert((m == NULL) == (error != NULL));
    if (m != NULL) {
        /* Without one it would be that of the file, which differs. */
        m->name = m->name != NULL ? m->name : g_strdup("fuzz");
        facts_target_write(m);
        facts_target_export(m);
    }
}

#endif
