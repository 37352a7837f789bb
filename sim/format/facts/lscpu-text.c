/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `lscpu` without options: lines "Field: value", indented on a terminal. In English alone. */
#include "format/facts/lscpu-summary.h"

/* "Field: value"; false if the line has no colon, as the rest of a long list of flags. */
static bool split(struct piece line, struct piece *field, struct piece *value)
{
    struct piece rest = piece_trim(line);

    piece_next_cell(&rest, ':', field);
    if (rest.begin == NULL) {
        return false;
    }
    *value = piece_trim(rest);
    return true;
}

static bool recognises(const struct facts_input *in)
{
    enum { MAX_LINES = 80 };
    struct lines l;
    bool cpus = false, others = false;

    if (in->bytes == NULL) {
        return false;
    }
    l = lines_of(in);
    for (int i = 0; i < MAX_LINES && lines_next_filled(&l); i++) {
        struct piece field, value;

        if (split(l.line, &field, &value)) {
            cpus = cpus || piece_is(field, "CPU(s)");
            others = others || lscpu_is_field(field);
        }
    }
    return cpus && others;
}

static bool read_fields(struct lscpu_summary *s, const struct facts_input *in, GError **error)
{
    struct lines l = lines_of(in);

    while (lines_next_filled(&l)) {
        struct piece field, value;
        g_autofree char *what = NULL;

        if (split(l.line, &field, &value) && !lscpu_summary_take(s, field, value, &what)) {
            return lines_fail(&l, value.begin, error, "%s", what);
        }
    }
    return true;
}

static struct facts *read_lscpu_text(const struct facts_input *in, GError **error)
{
    struct lscpu_summary s;
    struct facts *f = NULL;

    lscpu_summary_init(&s);
    if (read_fields(&s, in, error)) {
        f = lscpu_summary_finish(&s, in->name, "lscpu", error);
    }
    lscpu_summary_clear(&s);
    return f;
}

const struct facts_reader facts_lscpu_text = {
    .name = "lscpu",
    .summary = "the text of `lscpu`",
    .recognises = recognises,
    .read = read_lscpu_text,
};
