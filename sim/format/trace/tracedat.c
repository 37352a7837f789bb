/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/tracedat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { PAGE_BYTES = 4096, PAGE_HEADER = 16, COMM_BYTES = 16, COMMON_BYTES = 8 };
/* The header of an event: type_len and time_delta. A length is in words of 4 bytes. */
enum { TYPE_BITS = 5, DELTA_BITS = 27, TYPE_TIME_EXTEND = 30 };

enum kind_of_field { FIELD_COMM, FIELD_INT, FIELD_LONG };
struct field {
    const char *name;
    enum kind_of_field kind;
};
enum { MAX_FIELDS = 7 };
static const int field_bytes[] = {[FIELD_COMM] = COMM_BYTES, [FIELD_INT] = 4, [FIELD_LONG] = 8};

/* The events, with numbers of our own: a file says which are its. */
static const struct {
    struct field fields[MAX_FIELDS + 1];
    const char *print;
} formats[NR_FTRACE_KINDS] = {
    [FTRACE_SWITCH] =
        {.fields = {{"prev_comm", FIELD_COMM},
                    {"prev_pid", FIELD_INT},
                    {"prev_prio", FIELD_INT},
                    {"prev_state", FIELD_LONG},
                    {"next_comm", FIELD_COMM},
                    {"next_pid", FIELD_INT},
                    {"next_prio", FIELD_INT}},
         .print =
             "\"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> next_comm=%s next_pid=%d "
             "next_prio=%d\", REC->prev_comm, REC->prev_pid, REC->prev_prio, "
             "(REC->prev_state & 0xff) ? __print_flags(REC->prev_state & 0xff, \"|\", "
             "{ 0x01, \"S\" }, { 0x02, \"D\" }, { 0x10, \"X\" }, { 0x80, \"I\" }) : \"R\", "
             "REC->prev_state & 0x100 ? \"+\" : \"\", REC->next_comm, REC->next_pid, "
             "REC->next_prio"},
    [FTRACE_WAKING] = {.fields = {{"comm", FIELD_COMM},
                                  {"pid", FIELD_INT},
                                  {"prio", FIELD_INT},
                                  {"target_cpu", FIELD_INT}},
                       .print = "\"comm=%s pid=%d prio=%d target_cpu=%03d\", REC->comm, REC->pid, "
                                "REC->prio, REC->target_cpu"},
    [FTRACE_MIGRATE] = {.fields = {{"comm", FIELD_COMM},
                                   {"pid", FIELD_INT},
                                   {"prio", FIELD_INT},
                                   {"orig_cpu", FIELD_INT},
                                   {"dest_cpu", FIELD_INT}},
                        .print = "\"comm=%s pid=%d prio=%d orig_cpu=%d dest_cpu=%d\", REC->comm, "
                                 "REC->pid, REC->prio, REC->orig_cpu, REC->dest_cpu"},
    [FTRACE_FORK] = {.fields = {{"parent_comm", FIELD_COMM},
                                {"parent_pid", FIELD_INT},
                                {"child_comm", FIELD_COMM},
                                {"child_pid", FIELD_INT}},
                     .print = "\"comm=%s pid=%d child_comm=%s child_pid=%d\", REC->parent_comm, "
                              "REC->parent_pid, REC->child_comm, REC->child_pid"},
    [FTRACE_EXIT] = {.fields = {{"comm", FIELD_COMM}, {"pid", FIELD_INT}, {"prio", FIELD_INT}},
                     .print = "\"comm=%s pid=%d prio=%d\", REC->comm, REC->pid, REC->prio"},
};

static enum ftrace_kind format_of(enum ftrace_kind kind)
{
    return kind == FTRACE_WAKEUP || kind == FTRACE_WAKEUP_NEW ? FTRACE_WAKING : kind;
}

struct page {
    int64_t begun_ns, last_ns;
    GString *data;   /* what is behind the page's header */
    GArray *spooled; /* uint64_t: the numbers of this CPU's pages in the spool */
};

struct tracedat {
    int32_t nr_cpus;
    struct page *pages; /* [nr_cpus] */
    FILE *spool;
    uint64_t nr_spooled;
    int failed;        /* errno of the first write that failed */
    GHashTable *comms; /* PID -> comm */
    GString *event;    /* being built */
};

/* ------------------------------------------------------------------------------------------- */

static void put(GString *s, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++) {
        g_string_append_c(s, (char)(unsigned char)(value >> (8 * i) & 255));
    }
}

static void put_comm(GString *s, const char *comm)
{
    char fixed[COMM_BYTES] = "";

    g_strlcpy(fixed, comm != NULL ? comm : "<...>", sizeof(fixed));
    g_string_append_len(s, fixed, sizeof(fixed));
}

static void put_task(GString *s, const struct ftrace_task *t, bool prio)
{
    put_comm(s, t->comm);
    put(s, 4, (uint64_t)t->pid);
    if (prio) {
        put(s, 4, (uint64_t)t->prio);
    }
}

struct tracedat *tracedat_new(int32_t nr_cpus, GError **error)
{
    FILE *spool = tmpfile();

    if (spool == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                    "a temporary file: cannot be written: %s", g_strerror(errno));
        return NULL;
    }
    struct tracedat *d = g_new0(struct tracedat, 1);

    d->nr_cpus = nr_cpus;
    d->spool = spool;
    d->pages = g_new0(struct page, (gsize)nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        d->pages[cpu].data = g_string_sized_new(64);
        d->pages[cpu].spooled = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    }
    d->comms = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    d->event = g_string_new(NULL);
    return d;
}

void tracedat_free(struct tracedat *d)
{
    if (d == NULL) {
        return;
    }
    for (int32_t cpu = 0; cpu < d->nr_cpus; cpu++) {
        g_string_free(d->pages[cpu].data, TRUE);
        g_array_unref(d->pages[cpu].spooled);
    }
    g_free(d->pages);
    fclose(d->spool);
    g_hash_table_unref(d->comms);
    g_string_free(d->event, TRUE);
    g_free(d);
}

/* ------------------------------------------------------------------------------------------- */
/* Pages                                                                                        */

static void spool_page(struct tracedat *d, int32_t cpu)
{
    struct page *p = &d->pages[cpu];
    g_autoptr(GString) page = g_string_sized_new(PAGE_BYTES);

    if (p->data->len == 0) {
        return;
    }
    put(page, 8, (uint64_t)p->begun_ns);
    put(page, 8, p->data->len);
    g_string_append_len(page, p->data->str, (gssize)p->data->len);
    while (page->len < PAGE_BYTES) {
        g_string_append_c(page, '\0');
    }
    if (d->failed == 0 && fwrite(page->str, 1, PAGE_BYTES, d->spool) != PAGE_BYTES) {
        d->failed = errno;
    }
    g_array_append_val(p->spooled, d->nr_spooled);
    d->nr_spooled++;
    g_string_truncate(p->data, 0);
}

/* Appends d->event, whose length is a multiple of 4, to the page of @cpu. */
static void append_event(struct tracedat *d, int32_t cpu, int64_t now_ns)
{
    enum { HEADER = 4, EXTEND = 8 };
    struct page *p = &d->pages[cpu];

    if (p->data->len + EXTEND + HEADER + d->event->len > PAGE_BYTES - PAGE_HEADER) {
        spool_page(d, cpu);
    }
    if (p->data->len == 0) {
        p->begun_ns = p->last_ns = now_ns;
    }
    uint64_t delta = (uint64_t)(now_ns - p->last_ns);

    if (delta >> DELTA_BITS != 0) {
        put(p->data, 4, TYPE_TIME_EXTEND | (delta & ((1U << DELTA_BITS) - 1)) << TYPE_BITS);
        put(p->data, 4, delta >> DELTA_BITS);
        delta = 0;
    }
    put(p->data, 4, d->event->len / 4 | delta << TYPE_BITS);
    g_string_append_len(p->data, d->event->str, (gssize)d->event->len);
    p->last_ns = now_ns;
}

/* As include/linux/sched.h has them (6.12: TASK_REPORT, TASK_REPORT_MAX). */
static uint64_t state_bits(const struct ftrace_event *e)
{
    switch (e->task_state) {
    case FTRACE_STATE_SLEEP:
        return 0x01;
    case FTRACE_STATE_DISK:
        return 0x02;
    case FTRACE_STATE_DEAD:
        return 0x10;
    case FTRACE_STATE_IDLE:
        return 0x80;
    case FTRACE_STATE_RUNNABLE:
        break;
    }
    return e->preempted ? 0x100 : 0;
}

static void note_comm(struct tracedat *d, const struct ftrace_task *t)
{
    gpointer pid = GINT_TO_POINTER(t->pid);

    if (t->pid > 0 && t->comm != NULL && !g_hash_table_contains(d->comms, pid)) {
        g_hash_table_insert(d->comms, pid, g_strdup(t->comm));
    }
}

void tracedat_event(struct tracedat *d, const struct ftrace_event *e)
{
    enum { IRQS_OFF = 0x01, HARDIRQ = 0x08, SOFTIRQ = 0x10 }; /* enum trace_flag_type */
    bool calm = e->kind == FTRACE_FORK || e->kind == FTRACE_EXIT;
    uint64_t flags = calm ? 0 : IRQS_OFF;

    if (e->kind == FTRACE_EXEC || e->kind == NR_FTRACE_KINDS) {
        return;
    }
    flags |= e->context == FTRACE_CONTEXT_HARDIRQ   ? HARDIRQ
             : e->context == FTRACE_CONTEXT_SOFTIRQ ? SOFTIRQ
                                                    : 0;
    g_string_truncate(d->event, 0);
    put(d->event, 2, (uint64_t)e->kind + 1);
    put(d->event, 1, flags);
    put(d->event, 1, calm ? 0 : 2);
    put(d->event, 4, (uint64_t)e->printer.pid);
    put_task(d->event, &e->task, e->kind != FTRACE_FORK);
    if (e->kind == FTRACE_SWITCH) {
        put(d->event, 8, state_bits(e));
    }
    if (e->kind == FTRACE_SWITCH || e->kind == FTRACE_FORK) {
        put_task(d->event, &e->other, e->kind == FTRACE_SWITCH);
    } else if (e->kind == FTRACE_MIGRATE) {
        put(d->event, 4, (uint64_t)e->orig_cpu);
    }
    if (e->kind != FTRACE_SWITCH && e->kind != FTRACE_FORK && e->kind != FTRACE_EXIT) {
        put(d->event, 4, (uint64_t)e->dest_cpu);
    }
    append_event(d, e->cpu, e->time_ns);
    note_comm(d, &e->task);
    note_comm(d, &e->other);
    note_comm(d, &e->printer);
}

/* ------------------------------------------------------------------------------------------- */
/* The file                                                                                     */

static void put_sized(GString *out, int bytes, const GString *text)
{
    put(out, bytes, text->len);
    g_string_append_len(out, text->str, (gssize)text->len);
}

static void put_field(GString *s, const char *declares, int offset, int size, bool is_signed)
{
    g_string_append_printf(s, "\tfield:%s;\toffset:%d;\tsize:%d;\tsigned:%d;\n", declares, offset,
                           size, is_signed);
}

/* As events/sched/NAME/format has it. */
static void put_format(GString *out, enum ftrace_kind kind)
{
    g_autoptr(GString) s = g_string_new(NULL);
    const struct field *f = formats[format_of(kind)].fields;
    int offset = COMMON_BYTES;

    g_string_append_printf(s, "name: %s\nID: %d\nformat:\n", ftrace_kind_name(kind), (int)kind + 1);
    put_field(s, "unsigned short common_type", 0, 2, false);
    put_field(s, "unsigned char common_flags", 2, 1, false);
    put_field(s, "unsigned char common_preempt_count", 3, 1, false);
    put_field(s, "int common_pid", 4, 4, true);
    g_string_append_c(s, '\n');
    for (; f->name != NULL; f++) {
        g_autofree char *declares = g_strdup_printf(f->kind == FIELD_COMM  ? "char %s[16]"
                                                    : f->kind == FIELD_INT ? "int %s"
                                                                           : "long %s",
                                                    f->name);

        put_field(s, declares, offset, field_bytes[f->kind], f->kind != FIELD_COMM);
        offset += field_bytes[f->kind];
    }
    g_string_append_printf(s, "\nprint fmt: %s\n", formats[format_of(kind)].print);
    put_sized(out, 8, s);
}

static void put_headers(GString *out)
{
    g_autoptr(GString) page = g_string_new(NULL);
    g_autoptr(GString) event = g_string_new(
        "# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n"
        "\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n"
        "\ttime_stamp : type == 31\n\tdata max type_len  == 28\n");

    g_string_append_len(out, "\x17\x08\x44tracing6\0", 12);
    put(out, 1, 0); /* little endian */
    put(out, 1, 8); /* bytes of a long */
    put(out, 4, PAGE_BYTES);
    put_field(page, " u64 timestamp", 0, 8, false);
    put_field(page, " local_t commit", 8, 8, true);
    put_field(page, " int overwrite", 8, 1, true);
    put_field(page, " char data", PAGE_HEADER, PAGE_BYTES - PAGE_HEADER, true);
    g_string_append_len(out, "header_page", 12);
    put_sized(out, 8, page);
    g_string_append_len(out, "header_event", 13);
    put_sized(out, 8, event);
}

static gint compare_pids(gconstpointer a, gconstpointer b)
{
    return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void put_comms(const struct tracedat *d, GString *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GList) pids = g_list_sort(g_hash_table_get_keys(d->comms), compare_pids);

    for (const GList *pid = pids; pid != NULL; pid = pid->next) {
        g_string_append_printf(text, "%d %s\n", GPOINTER_TO_INT(pid->data),
                               (const char *)g_hash_table_lookup(d->comms, pid->data));
    }
    put_sized(out, 8, text);
}

/* What stands before the pages, but for where they are. */
static void put_beginning(const struct tracedat *d, GString *out)
{
    uint64_t nr = 0;

    put_headers(out);
    put(out, 4, 0); /* formats of ftrace's own events */
    put(out, 4, 1); /* systems */
    g_string_append_len(out, "sched", 6);
    for (int kind = 0; kind < NR_FTRACE_KINDS; kind++) {
        nr += kind != FTRACE_EXEC;
    }
    put(out, 4, nr);
    for (int kind = 0; kind < NR_FTRACE_KINDS; kind++) {
        if (kind != FTRACE_EXEC) {
            put_format(out, (enum ftrace_kind)kind);
        }
    }
    put(out, 4, 0); /* symbols */
    put(out, 4, 0); /* formats of trace_printk() */
    put_comms(d, out);
    put(out, 4, (uint64_t)d->nr_cpus);
    g_string_append_len(out, "options  ", 10);
    put(out, 2, 0);
    g_string_append_len(out, "flyrecord", 10);
}

static bool copy_pages(struct tracedat *d, int32_t cpu, GString *out, void (*drain)(void *data),
                       void *data)
{
    const GArray *spooled = d->pages[cpu].spooled;
    char page[PAGE_BYTES];

    for (guint i = 0; i < spooled->len; i++) {
        uint64_t number = g_array_index(spooled, uint64_t, i);

        if (fseeko(d->spool, (off_t)(number * PAGE_BYTES), SEEK_SET) != 0 ||
            fread(page, 1, PAGE_BYTES, d->spool) != PAGE_BYTES) {
            d->failed = errno != 0 ? errno : EIO;
            return false;
        }
        g_string_append_len(out, page, PAGE_BYTES);
        drain(data);
    }
    return true;
}

bool tracedat_finish(struct tracedat *d, GString *out, void (*drain)(void *data), void *data,
                     GError **error)
{
    g_autoptr(GString) begin = g_string_new(NULL);

    for (int32_t cpu = 0; cpu < d->nr_cpus; cpu++) {
        spool_page(d, cpu);
    }
    put_beginning(d, begin);
    uint64_t at = begin->len + (uint64_t)d->nr_cpus * 16;

    at = (at + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    uint64_t first = at;

    for (int32_t cpu = 0; cpu < d->nr_cpus; cpu++) {
        uint64_t size = (uint64_t)d->pages[cpu].spooled->len * PAGE_BYTES;

        put(begin, 8, at);
        put(begin, 8, size);
        at += size;
    }
    while (begin->len < first) {
        g_string_append_c(begin, '\0');
    }
    g_string_append_len(out, begin->str, (gssize)begin->len);
    for (int32_t cpu = 0; cpu < d->nr_cpus && d->failed == 0; cpu++) {
        copy_pages(d, cpu, out, drain, data);
    }
    if (d->failed != 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                    "a temporary file: cannot be written or read: %s", g_strerror(d->failed));
    }
    return d->failed == 0;
}
