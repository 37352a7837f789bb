/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's XML: the domain of a virtual machine (`virsh dumpxml`) and the capabilities of a host
 * (`virsh capabilities`).
 */
#include "format/facts/libvirt.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"

/* A document of either kind has some hundred KiB; its elements nest less than ten deep. */
enum { MAX_XML_BYTES = 16 << 20, MAX_DEPTH = 64, MAX_TEXT_BYTES = 1 << 20, LOOK_BYTES = 1 << 16 };

/* Lists of CPUs: some for each CPU of the largest machine. */
enum { MAX_SETS = 8 * MACHINE_MAX_CPUS };

struct qemu_place libvirt_place(const struct libvirt *x)
{
    return x->place;
}

const char *libvirt_attribute(const struct libvirt *x, const char *key)
{
    for (size_t i = 0; x->keys[i] != NULL; i++) {
        if (strcmp(x->keys[i], key) == 0) {
            return x->values[i];
        }
    }
    return NULL;
}

bool libvirt_number(const struct libvirt *x, const char *key, const char *text, int64_t min,
                    int64_t max, int64_t *ret_value, GError **error)
{
    const struct qemu_place place = libvirt_place(x);
    char *end = NULL;
    const guint64 value = g_ascii_strtoull(text, &end, 10);

    if (!g_ascii_isdigit(*text) || *end != '\0' || value < (guint64)min || value > (guint64)max) {
        return qemu_error(x->in, place, error,
                          "'%s' for %s; expected an integer of %" G_GINT64_FORMAT
                          "..%" G_GINT64_FORMAT,
                          text, key, min, max);
    }
    *ret_value = (int64_t)value;
    return true;
}

bool libvirt_integer(const struct libvirt *x, const char *key, bool needed, int64_t min,
                     int64_t max, int64_t *ret_value, GError **error)
{
    const char *const text = libvirt_attribute(x, key);

    if (text == NULL) {
        return !needed ||
               qemu_error(x->in, libvirt_place(x), error, "<%s> without %s; expected %s='N'",
                          g_markup_parse_context_get_element(x->context), key, key);
    }
    return libvirt_number(x, key, text, min, max, ret_value, error);
}

bool libvirt_unit(const struct libvirt *x, const char *unit, int64_t *ret_bytes, GError **error)
{
    static const char letters[] = "KMGTPE";
    const char *letter;
    bool decimal;
    int64_t bytes = 1;

    if (unit == NULL) {
        unit = "KiB";
    }
    if (g_ascii_strcasecmp(unit, "b") == 0 || g_ascii_strcasecmp(unit, "byte") == 0 ||
        g_ascii_strcasecmp(unit, "bytes") == 0) {
        *ret_bytes = 1;
        return true;
    }
    letter = *unit != '\0' ? strchr(letters, g_ascii_toupper(*unit)) : NULL;
    decimal = letter != NULL && g_ascii_strcasecmp(unit + 1, "B") == 0;
    if (letter == NULL ||
        (!decimal && unit[1] != '\0' && g_ascii_strcasecmp(unit + 1, "iB") != 0)) {
        return qemu_error(x->in, libvirt_place(x), error,
                          "unit '%s'; expected b, KB, KiB, MB, MiB, GB, GiB, ...", unit);
    }
    for (const char *l = letters; l <= letter; l++) {
        bytes *= decimal ? 1000 : 1024;
    }
    *ret_bytes = bytes;
    return true;
}

bool libvirt_bytes(const struct libvirt *x, const char *text, int64_t unit, int64_t *ret_bytes,
                   GError **error)
{
    int64_t value = 0;

    if (!libvirt_number(x, "a size", text, 0, INT64_MAX, &value, error)) {
        return false;
    }
    if (__builtin_mul_overflow(value, unit, ret_bytes)) {
        return qemu_error(x->in, libvirt_place(x), error, "%s is too large; expected < 8 EiB",
                          text);
    }
    return true;
}

/* One of "3", "0-7", "^3" into @set. Moves @text behind it; false if it is none of them. */
static bool apply_range(const char **text, uint64_t *set, uint32_t nr_bits)
{
    const bool without = **text == '^';
    const char *at = *text + without;
    char *end = NULL;
    guint64 first, last;

    first = last = g_ascii_strtoull(at, &end, 10);
    if (g_ascii_isdigit(*at) && *end == '-' && g_ascii_isdigit(end[1])) {
        last = g_ascii_strtoull(end + 1, &end, 10);
    }
    if (!g_ascii_isdigit(*at) || first > last || last >= nr_bits) {
        return false;
    }
    for (guint64 bit = first; bit <= last; bit++) {
        if (without) {
            bitmap_clear(set, (uint32_t)bit);
        } else {
            bitmap_set(set, (uint32_t)bit);
        }
    }
    *text = end;
    return true;
}

uint64_t *libvirt_set(struct libvirt *x, const char *text, uint32_t nr_bits, GError **error)
{
    g_autofree uint64_t *set = NULL;
    const char *at = text;

    if (++x->nr_sets > MAX_SETS) {
        qemu_error(x->in, libvirt_place(x), error, "more than %d lists of CPUs or nodes", MAX_SETS);
        return NULL;
    }
    set = bitmap_new(nr_bits);

    at += strspn(at, " \t\n");
    while (*at != '\0') {
        bool good = apply_range(&at, set, nr_bits);

        at += strspn(at, " \t\n");
        if (good && *at == ',') {
            at += 1 + strspn(at + 1, " \t\n");
            good = *at != '\0';
        } else if (*at != '\0') {
            good = false;
        }
        if (!good) {
            qemu_error(x->in, libvirt_place(x), error,
                       "'%s' is no list; expected numbers below %u such as 0-7,^3", text, nr_bits);
            return NULL;
        }
    }
    return g_steal_pointer(&set);
}

static const struct libvirt_element *find_element(const struct libvirt *x)
{
    for (const struct libvirt_element *e = x->elements; e != NULL && e->path != NULL; e++) {
        if (strcmp(e->path, x->path->str) == 0) {
            return e;
        }
    }
    return NULL;
}

/* A domain may stand in a snapshot or a status file. */
static void start_document(struct libvirt *x, const char *name)
{
    g_autofree char *domain = g_strdup_printf("libvirt domain %s", x->in->name);
    g_autofree char *host = g_strdup_printf("virsh capabilities %s", x->in->name);

    if (strcmp(name, "domain") == 0) {
        x->elements = libvirt_domain_elements;
        x->guest = qemu_guest_new(x->in, domain);
    } else if (strcmp(name, "capabilities") == 0) {
        x->elements = libvirt_caps_elements;
        x->facts = facts_new(host);
    }
}

static void start_element(GMarkupParseContext *context, const gchar *name, const gchar **keys,
                          const gchar **values, gpointer data, GError **error)
{
    struct libvirt *x = data;
    const struct libvirt_element *element;

    (void)context;
    if (++x->depth > MAX_DEPTH) {
        qemu_error(x->in, libvirt_place(x), error, "more than %d elements in one another",
                   MAX_DEPTH);
        return;
    }
    if (x->elements == NULL) {
        start_document(x, name);
        if (x->elements == NULL) {
            return;
        }
        x->depth = 1;
    }
    g_string_append_printf(x->path, "/%s", name);
    g_string_truncate(x->text, 0);
    element = find_element(x);
    if (element != NULL && element->start != NULL) {
        x->keys = keys;
        x->values = values;
        element->start(x, error);
    }
}

static void end_element(GMarkupParseContext *context, const gchar *name, gpointer data,
                        GError **error)
{
    struct libvirt *x = data;
    const struct libvirt_element *element = x->path->len > 0 ? find_element(x) : NULL;

    (void)context;
    x->depth--;
    if (x->path->len == 0) {
        return;
    }
    if (element != NULL && element->end != NULL) {
        g_strstrip(x->text->str);
        if (!element->end(x, x->text->str, error)) {
            return;
        }
    }
    g_string_truncate(x->text, 0);
    g_string_truncate(x->path, x->path->len - strlen(name) - 1);
}

static void take_text(GMarkupParseContext *context, const gchar *text, gsize size, gpointer data,
                      GError **error)
{
    struct libvirt *x = data;

    (void)context;
    if (x->text->len + size > MAX_TEXT_BYTES) {
        qemu_error(x->in, libvirt_place(x), error, "more than %d bytes of text in an element",
                   MAX_TEXT_BYTES);
        return;
    }
    g_string_append_len(x->text, text, (gssize)size);
}

/*
 * GMarkup's own complaints stand behind "Error on line 3 char 5: ", a place that is wrong
 * where a line ends with a tag, as these are given it one by one.
 */
static void place_error(const struct libvirt *x, GError **error)
{
    g_autoptr(GError) own = NULL;
    const char *message;

    if ((*error)->domain != G_MARKUP_ERROR) {
        return;
    }
    own = g_steal_pointer(error);
    message = strstr(own->message, ": ");
    message = g_str_has_prefix(own->message, "Error on line") && message != NULL ? message + 2
                                                                                 : own->message;
    qemu_error(x->in, x->place, error, "no XML: %s", message);
}

/* Moves @at over @size bytes; x->place becomes that of the last '<' in them. */
static void move_place(struct libvirt *x, struct qemu_place *at, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '<') {
            x->place = *at;
        }
        at->column++;
        if (bytes[i] == '\n') {
            *at = (struct qemu_place){at->line + 1, 1};
        }
    }
}

/*
 * Gives GMarkup one tag at a time: it tells where it has got to, which is behind the tag and
 * perhaps in the next line, and not where the tag began.
 */
static bool parse_tags(struct libvirt *x, GError **error)
{
    const char *bytes = x->in->bytes, *const end = bytes + x->in->size;
    struct qemu_place at = {1, 1};

    while (bytes < end) {
        const char *const close = memchr(bytes, '>', (size_t)(end - bytes));
        const size_t size = close != NULL ? (size_t)(close - bytes) + 1 : (size_t)(end - bytes);

        move_place(x, &at, bytes, size);
        if (!g_markup_parse_context_parse(x->context, bytes, (gssize)size, error)) {
            return false;
        }
        bytes += size;
    }
    return g_markup_parse_context_end_parse(x->context, error);
}

static bool parse(struct libvirt *x, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = start_element, .end_element = end_element, .text = take_text};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, x, NULL);
    g_autoptr(GError) why = NULL;
    bool ok;

    x->context = context;
    ok = parse_tags(x, &why);
    if (!ok) {
        place_error(x, &why);
        g_propagate_error(error, g_steal_pointer(&why));
    }
    x->context = NULL;
    return ok;
}

static void free_word(gpointer word)
{
    qemu_word_free(word);
}

static void clear(struct libvirt *x)
{
    g_string_free(x->path, TRUE);
    g_string_free(x->text, TRUE);
    g_ptr_array_unref(x->arguments);
    g_hash_table_unref(x->shared);
    g_free(x->vcpu_set);
    g_free(x->memory_nodes);
    qemu_guest_free(x->guest);
    facts_free(x->facts);
}

static struct facts *read_xml(const struct facts_input *in, GError **error)
{
    struct libvirt x = {.in = in, .place = {1, 1}, .unit = 1024};
    struct facts *f = NULL;

    if (in->bytes == NULL || in->size > MAX_XML_BYTES) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no libvirt XML; expected a file of at most %d MiB", in->name,
                    MAX_XML_BYTES >> 20);
        return NULL;
    }
    x.path = g_string_new(NULL);
    x.text = g_string_new(NULL);
    x.arguments = g_ptr_array_new_with_free_func(free_word);
    x.shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (parse(&x, error)) {
        if (x.guest != NULL) {
            f = libvirt_domain_finish(&x, error);
        } else if (x.facts != NULL) {
            f = libvirt_caps_finish(&x, error);
        } else {
            qemu_error(in, (struct qemu_place){1, 1}, error,
                       "neither <domain> nor <capabilities>; expected what virsh dumpxml or virsh "
                       "capabilities prints");
        }
    }
    clear(&x);
    return f;
}

static bool recognises(const struct facts_input *in)
{
    const gssize look = (gssize)MIN(in->size, (size_t)LOOK_BYTES);

    if (in->bytes == NULL || in->size == 0 || in->bytes[strspn(in->bytes, " \t\r\n")] != '<') {
        return false;
    }
    return g_strstr_len(in->bytes, look, "<domain type=") != NULL ||
           g_strstr_len(in->bytes, look, "<domain>") != NULL ||
           g_strstr_len(in->bytes, look, "<domain ") != NULL ||
           g_strstr_len(in->bytes, look, "<capabilities>") != NULL;
}

const struct facts_reader facts_libvirt = {
    .name = "libvirt",
    .summary = "libvirt XML, of a domain or a host's capabilities",
    .recognises = recognises,
    .read = read_xml,
};
