/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps of CPUID as hwloc-gather-cpuid writes them: a file puN for each CPU, a line for each
 * question, "MASK EAX EBX ECX EDX => EAX EBX ECX EDX" in hex. They say nothing of memory.
 */
#include <string.h>

#include "base/error.h"
#include "format/facts/cpuid-private.h"
#include "format/facts/tree.h"

enum { MAX_DUMP_BYTES = 256 << 10, MAX_LEAVES = 1024, LEAF_BY_ECX = 4 };

/* --- Answers -------------------------------------------------------------------------------------- */

const uint32_t *cpuid_ask(const struct cpuid *c, uint32_t eax, uint32_t ecx)
{
    static const uint32_t nothing[NR_CPUID_REGISTERS];

    for (guint i = 0; i < c->leaves->len; i++) {
        const struct cpuid_leaf *leaf = &g_array_index(c->leaves, struct cpuid_leaf, i);

        if (leaf->in[CPUID_EAX] == eax &&
            ((leaf->mask & LEAF_BY_ECX) == 0 || leaf->in[CPUID_ECX] == ecx)) {
            return leaf->out;
        }
    }
    return nothing;
}

/* Appends the four characters of a register. */
static void append_characters(GString *text, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8) {
        const char character = (char)((value >> shift) & 0x7f);

        if (g_ascii_isprint(character)) {
            g_string_append_c(text, character);
        }
    }
}

char *cpuid_vendor(const struct cpuid *c)
{
    const uint32_t *out = cpuid_ask(c, 0, 0);
    GString *text = g_string_new(NULL);

    append_characters(text, out[CPUID_EBX]);
    append_characters(text, out[CPUID_EDX]);
    append_characters(text, out[CPUID_ECX]);
    return g_strstrip(g_string_free(text, FALSE));
}

char *cpuid_brand(const struct cpuid *c)
{
    GString *text = g_string_new(NULL);

    for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
        for (int i = 0; i < NR_CPUID_REGISTERS; i++) {
            append_characters(text, cpuid_ask(c, leaf, 0)[i]);
        }
    }
    return g_strstrip(g_string_free(text, FALSE));
}

uint32_t cpuid_family(const struct cpuid *c)
{
    const uint32_t eax = cpuid_ask(c, 1, 0)[CPUID_EAX];
    const uint32_t family = (eax >> 8) & 0xf;

    return family == 0xf ? family + ((eax >> 20) & 0xff) : family;
}

uint32_t cpuid_model(const struct cpuid *c)
{
    const uint32_t eax = cpuid_ask(c, 1, 0)[CPUID_EAX];

    return ((eax >> 4) & 0xf) | ((eax >> 12) & 0xf0);
}

/* --- Files ---------------------------------------------------------------------------------------- */

static bool parse_leaf(const char *line, struct cpuid_leaf *leaf)
{
    uint32_t *const fields[] = {&leaf->mask,   &leaf->in[0],  &leaf->in[1],
                                &leaf->in[2],  &leaf->in[3],  &leaf->out[0],
                                &leaf->out[1], &leaf->out[2], &leaf->out[3]};
    const char *at = line;

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        char *end;
        guint64 value;

        at += strspn(at, i == 5 ? " =>" : " ");
        if (!g_ascii_isxdigit(*at)) {
            return false;
        }
        value = g_ascii_strtoull(at, &end, 16);
        if (value > UINT32_MAX) {
            return false;
        }
        *fields[i] = (uint32_t)value;
        at = end;
    }
    return true;
}

static bool parse_dump(const char *name, const char *file, const char *text, struct cpuid *c,
                       GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_LEAVES);

    g_array_set_size(c->leaves, 0);
    for (gsize i = 0; lines[i] != NULL; i++) {
        struct cpuid_leaf leaf;

        g_strstrip(lines[i]);
        if (*lines[i] == '#' || *lines[i] == '\0') {
            continue;
        }
        if (!parse_leaf(lines[i], &leaf)) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s/%s:%zu:1: is no answer of CPUID; expected 'MASK EAX EBX ECX EDX => EAX "
                        "EBX ECX EDX' in hex",
                        name, file, i + 1);
            return false;
        }
        g_array_append_val(c->leaves, leaf);
    }
    return true;
}

/* A key that facts can carry: numbers of a hostile dump may be any. */
static int32_t key(uint32_t number)
{
    return number <= INT32_MAX ? (int32_t)number : FACTS_UNKNOWN;
}

static void add_cpu(struct facts *f, int32_t id, const struct cpuid *c)
{
    struct facts_cpu *cpu = facts_cpu(f, id);
    const uint32_t base_mhz = cpuid_ask(c, 0x16, 0)[CPUID_EAX] & 0xffff;
    const uint32_t max_mhz = cpuid_ask(c, 0x16, 0)[CPUID_EBX] & 0xffff;
    struct cpuid_place p;

    cpuid_place(c, &p);
    cpu->group[FACTS_CORE] = key(p.core);
    cpu->group[FACTS_CLUSTER] = key(p.cluster);
    cpu->group[FACTS_DIE] = key(p.die);
    cpu->group[FACTS_PACKAGE] = key(p.package);
    cpu->group[FACTS_L2] = key(p.l2);
    cpu->group[FACTS_L3] = key(p.l3);
    cpu->l1d_bytes = p.l1d_bytes;
    cpu->l2_bytes = p.l2_bytes;
    cpu->l3_bytes = p.l3_bytes;
    cpu->base_hz = (int64_t)base_mhz * 1000000;
    cpu->max_hz = (int64_t)max_mhz * 1000000;
    if (base_mhz > 0) {
        facts_state(f, MACHINE_FREQUENCY, f->source);
    }
    f->cache_line_bytes = f->cache_line_bytes > 0 ? f->cache_line_bytes : p.line_bytes;
}

/* Names, and what else the first CPU answers for all. */
static void describe(struct facts *f, const struct cpuid *c)
{
    const bool hybrid = (cpuid_ask(c, 7, 0)[CPUID_EDX] & 1u << 15) != 0;

    f->vendor = cpuid_vendor(c);
    f->model = cpuid_brand(c);
    f->arch = ARCH_X86_64;
    f->hybrid = hybrid;
    f->cpu_family = (int32_t)cpuid_family(c);
    facts_state(f, MACHINE_CPUS, f->source);
    facts_state(f, MACHINE_CACHES, f->source);
}

/* N of "puN", -1 of any other name. */
static int32_t number_of_pu(const char *name)
{
    char *end;
    gint64 number;

    if (!g_str_has_prefix(name, "pu") || !g_ascii_isdigit(name[2])) {
        return -1;
    }
    number = g_ascii_strtoll(name + 2, &end, 10);
    return *end == '\0' && number < FACTS_MAX_CPU_ID ? (int32_t)number : -1;
}

static bool read_dumps(struct facts *f, struct facts_tree *tree, const char *name, GError **error)
{
    g_autoptr(GPtrArray) files = facts_tree_list(tree, "%s", "");
    g_autoptr(GArray) leaves = g_array_new(FALSE, FALSE, sizeof(struct cpuid_leaf));
    struct cpuid c = {.leaves = leaves};

    for (guint i = 0; i < files->len; i++) {
        const char *file = g_ptr_array_index(files, i);
        const int32_t id = number_of_pu(file);
        g_autofree char *text = id >= 0 ? facts_tree_head(tree, MAX_DUMP_BYTES, "%s", file) : NULL;

        if (text == NULL) {
            continue;
        }
        if (!parse_dump(name, file, text, &c, error)) {
            return false;
        }
        if (f->cpus->len == 0) {
            describe(f, &c);
        }
        add_cpu(f, id, &c);
    }
    if (f->cpus->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: holds no dump of CPUID; expected files pu0, pu1, ...", name);
        return false;
    }
    return true;
}

/* --- The reader ----------------------------------------------------------------------------------- */

static bool is_dump(const char *path)
{
    return g_str_has_suffix(path, "/pu0") || strcmp(path, "pu0") == 0;
}

static bool recognises(const struct facts_input *in)
{
    g_autoptr(facts_tree_t) tree = NULL;

    if (in->folder == NULL) {
        return facts_tree_peek(in, is_dump);
    }
    tree = facts_tree_open(in, NULL);
    return tree != NULL && facts_tree_enter(tree, "pu0");
}

static struct facts *read_cpuid(const struct facts_input *in, GError **error)
{
    g_autoptr(facts_tree_t) tree = facts_tree_open(in, error);
    g_autoptr(facts_t) f = facts_new_of("a CPUID dump", in->name);

    if (tree == NULL) {
        return NULL;
    }
    facts_tree_enter(tree, "pu0");
    if (!read_dumps(f, tree, in->name, error)) {
        return NULL;
    }
    facts_note(f, "CPUID says nothing of memory, nodes and distances");
    return g_steal_pointer(&f);
}

const struct facts_reader facts_cpuid = {
    .name = "cpuid",
    .summary = "a folder or tar archive of hwloc-gather-cpuid",
    .recognises = recognises,
    .read = read_cpuid,
};
