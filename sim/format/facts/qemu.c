/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU command line: what the guest finds at boot. */
#include <string.h>

#include "base/error.h"
#include "format/facts/qemu-guest.h"

/* Far less than a kernel lets a process have; only /proc/PID/cmdline of a guest is this long. */
enum { MAX_COMMAND_BYTES = 16 << 20, LOOK_BYTES = 1 << 16 };

/* An option that stands for itself in the text: at its start or behind a blank or NUL. */
static bool has_option(const struct facts_input *in, const char *option)
{
    const size_t length = strlen(option);
    const size_t size = MIN(in->size, (size_t)LOOK_BYTES);

    for (size_t i = 0; i + length < size; i++) {
        const char after = in->bytes[i + length];
        const bool starts = i == 0 || g_ascii_isspace(in->bytes[i - 1]) || in->bytes[i - 1] == '\0';

        if (starts && in->bytes[i] == '-' && memcmp(in->bytes + i, option, length) == 0 &&
            (g_ascii_isspace(after) || after == '\0')) {
            return true;
        }
    }
    return false;
}

/* A word of the text that ends in the name of QEMU's program: at its start or behind a '/'. */
static bool has_program(const struct facts_input *in)
{
    static const char *const names[] = {"qemu-system-", "qemu-kvm"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *const found =
            g_strstr_len(in->bytes, (gssize)MIN(in->size, (size_t)LOOK_BYTES), names[i]);

        if (found != NULL && (found == in->bytes || g_ascii_isspace(found[-1]) ||
                              strchr("/'\"", found[-1]) != NULL)) {
            return true;
        }
    }
    return false;
}

static bool recognises(const struct facts_input *in)
{
    static const char *const options[] = {"-m", "-machine", "-M", "-cpu", "-accel", "-append"};
    bool any = false;

    if (in->bytes == NULL || in->size == 0 || in->bytes[0] == '<' || in->bytes[0] == '{') {
        return false;
    }
    if (has_option(in, "-smp") || has_option(in, "-numa")) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        any = any || has_option(in, options[i]);
    }
    return any && has_program(in);
}

static struct facts *read_command(const struct facts_input *in, GError **error)
{
    g_autofree char *source = g_strdup_printf("QEMU command line %s", in->name);
    g_autoptr(qemu_guest_t) guest = NULL;
    g_autoptr(GPtrArray) words = NULL;

    if (in->bytes == NULL || in->size > MAX_COMMAND_BYTES) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no QEMU command line; expected a file of at most %d MiB", in->name,
                    MAX_COMMAND_BYTES >> 20);
        return NULL;
    }
    words = qemu_words(in, error);
    if (words == NULL) {
        return NULL;
    }
    guest = qemu_guest_new(in, source);
    if (!qemu_guest_options(guest, words, error)) {
        return NULL;
    }
    if (!guest->has_option) {
        qemu_error(in, (struct qemu_place){1, 1}, error,
                   "no option of QEMU's; expected a command line with -smp, -numa or -m");
        return NULL;
    }
    return qemu_guest_finish(guest, error);
}

const struct facts_reader facts_qemu = {
    .name = "qemu",
    .summary = "a QEMU command line (-smp, -numa, HMAT)",
    .recognises = recognises,
    .read = read_command,
};
