/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/static-data.h"

#include <elf.h>
#include <string.h>

#include "base/error.h"

enum { MAX_BYTES = 256 << 20 };

/* A file of which nothing is believed before its bounds have been looked at. */
struct object {
    const char *bytes;
    uint64_t size;
    Elf64_Ehdr head;
};

/* Copies @size bytes at @offset; false if there are none. */
static bool take(const struct object *o, uint64_t offset, void *ret, uint64_t size)
{
    if (size > o->size || offset > o->size - size) {
        return false;
    }
    memcpy(ret, o->bytes + offset, size);
    return true;
}

static bool take_section(const struct object *o, uint64_t index, Elf64_Shdr *ret)
{
    return index < o->head.e_shnum && o->head.e_shentsize == sizeof(*ret) &&
           take(o, o->head.e_shoff + index * sizeof(*ret), ret, sizeof(*ret));
}

/* The string at @offset of the string table @table; "" if it does not end in there. */
static const char *string_at(const struct object *o, const Elf64_Shdr *table, uint64_t offset)
{
    if (table->sh_type != SHT_STRTAB || table->sh_size > o->size ||
        table->sh_offset > o->size - table->sh_size || offset >= table->sh_size ||
        memchr(o->bytes + table->sh_offset + offset, '\0', table->sh_size - offset) == NULL) {
        return "";
    }
    return o->bytes + table->sh_offset + offset;
}

static bool take_head(struct object *o)
{
    const int order = G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;

    return take(o, 0, &o->head, sizeof(o->head)) && memcmp(o->head.e_ident, ELFMAG, SELFMAG) == 0 &&
           o->head.e_ident[EI_CLASS] == ELFCLASS64 && o->head.e_ident[EI_DATA] == order;
}

/* The name of the section @index if it is a place for variables, else NULL. */
static const char *variables_section(const struct object *o, uint64_t index)
{
    static const char *const names[] = {".data", ".bss", ".tdata", ".tbss"};
    Elf64_Shdr section, strings;
    const char *name;

    if (!take_section(o, index, &section) || !(section.sh_flags & SHF_WRITE) ||
        !take_section(o, o->head.e_shstrndx, &strings)) {
        return NULL;
    }
    name = string_at(o, &strings, section.sh_name);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        size_t length = strlen(names[i]);

        if (strncmp(name, names[i], length) == 0 && (name[length] == '\0' || name[length] == '.') &&
            !g_str_has_prefix(name, ".data.rel.ro")) {
            return name;
        }
    }
    return NULL;
}

/* Appends what of the symbol table @table is a variable to @found. */
static void look_at_symbols(const struct object *o, const Elf64_Shdr *table, GString *found)
{
    Elf64_Shdr strings;
    Elf64_Sym symbol;

    if (!take_section(o, table->sh_link, &strings)) {
        return;
    }
    for (uint64_t i = 0; i < table->sh_size / sizeof(symbol) &&
                         take(o, table->sh_offset + i * sizeof(symbol), &symbol, sizeof(symbol));
         i++) {
        int type = ELF64_ST_TYPE(symbol.st_info);
        const char *name = string_at(o, &strings, symbol.st_name), *section;

        if ((type != STT_OBJECT && type != STT_TLS) || symbol.st_size == 0 ||
            g_str_has_prefix(name, "__") || g_str_has_prefix(name, "completed.")) {
            continue;
        }
        section = variables_section(o, symbol.st_shndx);
        if (section != NULL) {
            g_string_append_printf(found, "%s'%s' (%" G_GUINT64_FORMAT " bytes in %s)",
                                   found->len > 0 ? ", " : "", name, (guint64)symbol.st_size,
                                   section);
        }
    }
}

bool policy_check_static_data(const char *path, GError **error)
{
    g_autoptr(GString) found = g_string_new(NULL);
    g_autofree char *bytes = NULL;
    struct object o = {0};
    Elf64_Shdr table;
    gsize size;

    if (!file_read(path, MAX_BYTES, &bytes, &size, error)) {
        return false;
    }
    o.bytes = bytes;
    o.size = size;
    if (!take_head(&o)) {
        return true;
    }
    for (uint64_t i = 0; take_section(&o, i, &table); i++) {
        if (table.sh_type == SHT_SYMTAB && table.sh_entsize == sizeof(Elf64_Sym)) {
            look_at_symbols(&o, &table, found);
        }
    }
    if (found->len == 0) {
        return true;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                "%s: it keeps static data: %s; expected none that can be written, for two "
                "simulations may run in one process (the host keeps a policy's state)",
                path, found->str);
    return false;
}
