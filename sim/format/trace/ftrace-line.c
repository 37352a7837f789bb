/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of ftrace text. A comm may hold anything, so fields are searched for from the right. */
#include "format/trace/ftrace-text.h"

#include <string.h>

/* A piece of the line: not terminated, not owned. */
struct piece {
    const char *begin, *end;
};

struct columns {
    struct piece comm, flags, event, fields;
    int32_t pid, cpu;
    int64_t time_ns;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece p)
{
    while (p.begin < p.end && is_space(*p.begin)) {
        p.begin++;
    }
    while (p.end > p.begin && is_space(p.end[-1])) {
        p.end--;
    }
    return p;
}

static size_t length(struct piece p)
{
    return (size_t)(p.end - p.begin);
}

static bool equals(struct piece p, const char *text)
{
    return length(p) == strlen(text) && memcmp(p.begin, text, length(p)) == 0;
}

static bool starts(struct piece p, const char *text)
{
    return length(p) >= strlen(text) && memcmp(p.begin, text, strlen(text)) == 0;
}

/* The last @text in @p, or NULL. */
static const char *find_last(struct piece p, const char *text)
{
    size_t size = strlen(text);

    if (length(p) < size) {
        return NULL;
    }
    for (const char *at = p.end - size; at >= p.begin; at--) {
        if (memcmp(at, text, size) == 0) {
            return at;
        }
    }
    return NULL;
}

/* A decimal number that is the whole of @p, possibly negative. */
static bool whole_number(struct piece p, int64_t max, int64_t *ret_value)
{
    bool negative = p.begin < p.end && *p.begin == '-';
    int64_t value = 0;

    p.begin += negative ? 1 : 0;
    if (p.begin == p.end || length(p) > 18) {
        return false;
    }
    for (; p.begin < p.end; p.begin++) {
        if (!is_digit(*p.begin)) {
            return false;
        }
        value = value * 10 + (*p.begin - '0');
    }
    if (value > max) {
        return false;
    }
    *ret_value = negative ? -value : value;
    return true;
}

/* A number from -1 ("none", or a deadline task's prio) to @max. */
static bool small_number(struct piece p, int64_t max, int32_t *ret_value)
{
    int64_t value;

    if (!whole_number(p, max, &value) || value < -1) {
        return false;
    }
    *ret_value = (int32_t)value;
    return true;
}

/* "76.211513" with 1 to 9 digits behind the point. */
static bool read_time(struct piece p, int64_t *ret_ns)
{
    const char *point = memchr(p.begin, '.', length(p));
    int64_t seconds, fraction;

    if (point == NULL || p.end - point < 2 || p.end - point > 10 || !is_digit(point[1]) ||
        !whole_number((struct piece){p.begin, point}, INT64_C(4000000000), &seconds) ||
        seconds < 0 || !whole_number((struct piece){point + 1, p.end}, 999999999, &fraction)) {
        return false;
    }
    for (int64_t digits = p.end - point - 1; digits < 9; digits++) {
        fraction *= 10;
    }
    *ret_ns = seconds * 1000000000 + fraction;
    return true;
}

/* The next word of *@p, which is moved behind it. */
static struct piece next_word(struct piece *p)
{
    struct piece word;

    *p = trim(*p);
    word = (struct piece){p->begin, p->begin};
    while (word.end < p->end && !is_space(*word.end)) {
        word.end++;
    }
    p->begin = word.end;
    return word;
}

/* Splits "FLAGS? TIME: EVENT: FIELDS". */
static bool split_right(struct piece rest, struct columns *c)
{
    struct piece word = next_word(&rest);

    c->flags = (struct piece){word.begin, word.begin};
    for (int i = 0; i < 2; i++) {
        if (length(word) > 1 && word.end[-1] == ':' &&
            read_time((struct piece){word.begin, word.end - 1}, &c->time_ns)) {
            c->event = next_word(&rest);
            c->fields = trim(rest);
            return length(c->event) > 0;
        }
        c->flags = word;
        word = next_word(&rest);
    }
    return false;
}

/* Splits "COMM-PID (TGID)?". */
static bool split_left(struct piece left, struct columns *c)
{
    const char *dash;

    left = trim(left);
    if (length(left) > 0 && left.end[-1] == ')') {
        const char *open = find_last(left, "(");

        if (open == NULL) {
            return false;
        }
        left = trim((struct piece){left.begin, open});
    }
    dash = find_last(left, "-");
    if (dash == NULL ||
        !small_number((struct piece){dash + 1, left.end}, FTRACE_MAX_PID, &c->pid)) {
        return false;
    }
    c->comm = (struct piece){left.begin, dash};
    return true;
}

/* Tries each "[NUMBER]" of the line, for a comm may hold brackets too. */
static bool split_columns(struct piece line, struct columns *c)
{
    for (const char *open = line.begin; open < line.end; open++) {
        const char *close = open + 1;

        if (*open != '[') {
            continue;
        }
        while (close < line.end && is_digit(*close)) {
            close++;
        }
        if (close < line.end && *close == ']' &&
            small_number((struct piece){open + 1, close}, FTRACE_MAX_CPUS - 1, &c->cpu) &&
            split_right((struct piece){close + 1, line.end}, c) &&
            split_left((struct piece){line.begin, open}, c)) {
            return true;
        }
    }
    return false;
}

/* Column 3 of the flags: h, H (inside a softirq) and z, Z (NMI), or s (kernel/trace/trace_output.c:
 * trace_print_lat_fmt(), 6.12). */
static enum ftrace_context read_context(struct piece flags)
{
    if (length(flags) < 3) {
        return FTRACE_CONTEXT_UNKNOWN;
    }
    switch (flags.begin[2]) {
    case 'h':
    case 'H':
    case 'z':
    case 'Z':
        return FTRACE_CONTEXT_HARDIRQ;
    case 's':
        return FTRACE_CONTEXT_SOFTIRQ;
    default:
        return FTRACE_CONTEXT_TASK;
    }
}

/*
 * prev_state. The number is the task's state of kernels up to 4.13 (include/linux/sched.h, 4.9): 1
 * and 2 sleep, 16, 32 and 64 are dead or dying, and a lone bit of 1024, 2048 or 4096 is the
 * TASK_STATE_MAX of its release, set where the task was preempted.
 */
static bool read_state(struct piece p, enum ftrace_state *ret_state)
{
    int64_t number;

    if (whole_number(p, 65535, &number) && number >= 0) {
        *ret_state = number == 0 || number == 1024 || number == 2048 || number == 4096
                         ? FTRACE_STATE_RUNNABLE
                     : (number & (16 | 32 | 64)) != 0 ? FTRACE_STATE_DEAD
                     : (number & 2) == 0              ? FTRACE_STATE_SLEEP
                     : (number & 1024) != 0           ? FTRACE_STATE_IDLE
                                                      : FTRACE_STATE_DISK;
        return true;
    }
    if (length(p) == 0) {
        return false;
    }
    switch (*p.begin) {
    case 'R':
        *ret_state = FTRACE_STATE_RUNNABLE;
        return true;
    case 'D':
        *ret_state = FTRACE_STATE_DISK;
        return true;
    case 'I':
        *ret_state = FTRACE_STATE_IDLE;
        return true;
    case 'Z':
    case 'X':
    case 'x':
        *ret_state = FTRACE_STATE_DEAD;
        return true;
    case 'S':
    case 'T':
    case 't':
    case 'P':
    case 'K':
    case 'W':
        *ret_state = FTRACE_STATE_SLEEP;
        return true;
    default:
        return false;
    }
}

/* A comm as text that every later format can carry: valid UTF-8 without control characters, of at
 * most FTRACE_COMM_MAX bytes. */
static const char *keep_comm(struct piece p, GStringChunk *strings)
{
    g_autofree char *copy = g_strndup(p.begin, length(p));
    g_autofree char *valid = g_utf8_make_valid(copy, -1);

    for (char *c = valid; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    /* U+0080..U+009F, and what make_valid() left of them, are no text either. */
    for (char *c = valid; *c != '\0'; c++) {
        if ((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] < 0xa0) {
            c[0] = c[1] = '?';
        }
    }
    if (strlen(valid) > FTRACE_COMM_MAX) {
        *g_utf8_find_prev_char(valid, valid + FTRACE_COMM_MAX + 1) = '\0';
    }
    return g_string_chunk_insert_const(strings, valid);
}

/* The word behind " KEY=" that stands last in @fields, and where that begins. */
static bool last_field(struct piece fields, const char *key, struct piece *ret_word,
                       const char **ret_at)
{
    const char *at = find_last(fields, key);
    struct piece rest;

    if (at == NULL) {
        return false;
    }
    rest = (struct piece){at + strlen(key), fields.end};
    if (rest.begin < rest.end && is_space(*rest.begin)) {
        return false;
    }
    *ret_word = next_word(&rest);
    if (ret_at != NULL) {
        *ret_at = at;
    }
    return length(*ret_word) > 0;
}

static bool last_number(struct piece fields, const char *key, int64_t max, int32_t *ret_value,
                        const char **ret_at)
{
    struct piece word;

    return last_field(fields, key, &word, ret_at) && small_number(word, max, ret_value);
}

/* "PREFIXcomm=... PREFIXpid=..." with the keys given whole; @p begins with the first key. */
static bool read_task(struct piece p, const char *comm_key, const char *pid_key,
                      GStringChunk *strings, struct ftrace_task *task)
{
    const char *at;

    if (!starts(p, comm_key) || !last_number(p, pid_key, FTRACE_MAX_PID, &task->pid, &at) ||
        task->pid < 0 || at < p.begin + strlen(comm_key)) {
        return false;
    }
    task->comm = keep_comm((struct piece){p.begin + strlen(comm_key), at}, strings);
    return true;
}

/* The short form of trace-cmd's plugin: "comm:PID [PRIO]" is the whole of @p. */
static bool read_short_task(struct piece p, GStringChunk *strings, struct ftrace_task *task)
{
    const char *open = find_last(p, " [");
    const char *colon;

    if (open == NULL || p.end[-1] != ']' ||
        !small_number((struct piece){open + 2, p.end - 1}, 139, &task->prio)) {
        return false;
    }
    p = trim((struct piece){p.begin, open});
    colon = find_last(p, ":");
    if (colon == NULL ||
        !small_number((struct piece){colon + 1, p.end}, FTRACE_MAX_PID, &task->pid) ||
        task->pid < 0) {
        return false;
    }
    task->comm = keep_comm((struct piece){p.begin, colon}, strings);
    return true;
}

/* "a:1 [120] S ==> b:2 [120]" */
static bool read_short_switch(struct piece fields, GStringChunk *strings, struct ftrace_event *e)
{
    const char *arrow = find_last(fields, " ==> ");
    const char *state;
    struct piece prev;

    if (arrow == NULL ||
        !read_short_task(trim((struct piece){arrow + 5, fields.end}), strings, &e->other)) {
        return false;
    }
    prev = trim((struct piece){fields.begin, arrow});
    state = find_last(prev, " ");
    return state != NULL && read_state((struct piece){state + 1, prev.end}, &e->task_state) &&
           read_short_task(trim((struct piece){prev.begin, state}), strings, &e->task);
}

static bool read_switch(struct piece fields, GStringChunk *strings, struct ftrace_event *e)
{
    const char *next = find_last(fields, " next_comm=");
    struct piece prev, state;

    if (!starts(fields, "prev_comm=")) {
        return read_short_switch(fields, strings, e);
    }
    if (next == NULL) {
        return false;
    }
    prev = (struct piece){fields.begin, next};
    e->preempted = last_field(prev, " prev_state=", &state, NULL) && equals(state, "R+");
    return read_task((struct piece){next + 1, fields.end}, "next_comm=", " next_pid=", strings,
                     &e->other) &&
           last_number(fields, " next_prio=", 139, &e->other.prio, NULL) &&
           last_field(prev, " prev_state=", &state, NULL) && read_state(state, &e->task_state) &&
           last_number(prev, " prev_prio=", 139, &e->task.prio, NULL) &&
           read_task(prev, "prev_comm=", " prev_pid=", strings, &e->task);
}

/* waking, wakeup, wakeup_new, migrate_task and exit: "comm=X pid=1 prio=120 ..." */
static bool read_one_task(struct piece fields, GStringChunk *strings, struct ftrace_event *e)
{
    const char *at;
    int32_t sync;

    if (!starts(fields, "comm=")) {
        at = find_last(fields, "] ");
        if (at == NULL || !last_number(fields, " CPU:", FTRACE_MAX_CPUS - 1, &e->dest_cpu, NULL)) {
            return false;
        }
        return read_short_task((struct piece){fields.begin, at + 1}, strings, &e->task);
    }
    if (!read_task(fields, "comm=", " pid=", strings, &e->task) ||
        !last_number(fields, " prio=", 139, &e->task.prio, NULL)) {
        return false;
    }
    switch (e->kind) {
    case FTRACE_EXIT:
        return true;
    case FTRACE_MIGRATE:
        return last_number(fields, " orig_cpu=", FTRACE_MAX_CPUS - 1, &e->orig_cpu, NULL) &&
               last_number(fields, " dest_cpu=", FTRACE_MAX_CPUS - 1, &e->dest_cpu, NULL);
    case FTRACE_WAKING:
        if (last_number(fields, " sync=", 1, &sync, NULL)) {
            e->sync = sync > 0 ? FTRACE_SYNC_YES : FTRACE_SYNC_NO;
        }
        return last_number(fields, " target_cpu=", FTRACE_MAX_CPUS - 1, &e->dest_cpu, NULL);
    default:
        return last_number(fields, " target_cpu=", FTRACE_MAX_CPUS - 1, &e->dest_cpu, NULL);
    }
}

static bool read_fields(struct piece fields, GStringChunk *strings, struct ftrace_event *e)
{
    const char *child;

    switch (e->kind) {
    case FTRACE_SWITCH:
        return read_switch(fields, strings, e);
    case FTRACE_FORK:
        child = find_last(fields, " child_comm=");
        return child != NULL &&
               read_task((struct piece){child + 1, fields.end},
                         "child_comm=", " child_pid=", strings, &e->other) &&
               read_task((struct piece){fields.begin, child}, "comm=", " pid=", strings, &e->task);
    case FTRACE_EXEC:
        return last_number(fields, " pid=", FTRACE_MAX_PID, &e->task.pid, NULL);
    default:
        return read_one_task(fields, strings, e);
    }
}

static bool is_comment(struct piece line)
{
    return length(line) == 0 || *line.begin == '#' || starts(line, "version = ") ||
           starts(line, "version=") || starts(line, "cpus=") ||
           (starts(line, "CPU ") && find_last(line, " is empty") != NULL);
}

/* `CPU:1 [LOST 123 EVENTS]` (kernel/trace/trace.c), `CPU:1 [123 EVENTS DROPPED]` (trace-cmd). */
static bool read_lost(struct piece line, struct ftrace_event *e)
{
    struct piece word;
    int64_t number;

    if (!starts(line, "CPU:") ||
        (find_last(line, "LOST") == NULL && find_last(line, "DROPPED") == NULL)) {
        return false;
    }
    word = next_word(&line);
    if (!small_number((struct piece){word.begin + 4, word.end}, FTRACE_MAX_CPUS - 1, &e->cpu)) {
        return false;
    }
    while (length(line) > 0) {
        word = next_word(&line);
        word.begin += length(word) > 0 && *word.begin == '[' ? 1 : 0;
        if (whole_number(word, INT32_MAX, &number) && number > 0) {
            e->task.pid = (int32_t)number;
        }
    }
    return true;
}

const char *ftrace_kind_name(enum ftrace_kind kind)
{
    static const char *const names[NR_FTRACE_KINDS] = {
        [FTRACE_SWITCH] = "sched_switch",        [FTRACE_WAKING] = "sched_waking",
        [FTRACE_WAKEUP] = "sched_wakeup",        [FTRACE_WAKEUP_NEW] = "sched_wakeup_new",
        [FTRACE_MIGRATE] = "sched_migrate_task", [FTRACE_FORK] = "sched_process_fork",
        [FTRACE_EXEC] = "sched_process_exec",    [FTRACE_EXIT] = "sched_process_exit",
    };
    return names[kind];
}

/* The kind that "sched_switch:" or "sched:sched_switch:" names, or NR_FTRACE_KINDS. */
static enum ftrace_kind read_kind(struct piece event)
{
    int kind = 0;

    if (starts(event, "sched:")) {
        event.begin += strlen("sched:");
    }
    if (length(event) > 0 && event.end[-1] == ':') {
        event.end--;
    }
    while (kind < NR_FTRACE_KINDS && !equals(event, ftrace_kind_name((enum ftrace_kind)kind))) {
        kind++;
    }
    return (enum ftrace_kind)kind;
}

enum ftrace_line ftrace_line_read(const char *bytes, size_t size, GStringChunk *strings,
                                  struct ftrace_event *ret_event, const char **ret_why)
{
    struct piece line = trim((struct piece){bytes, bytes + size});
    struct ftrace_task nobody = {.prio = INT32_MIN};
    struct ftrace_event e = {.orig_cpu = -1, .dest_cpu = -1, .task = nobody, .other = nobody};
    struct columns c;

    e.printer = nobody;
    if (is_comment(line)) {
        return FTRACE_LINE_COMMENT;
    }
    if (read_lost(line, &e)) {
        *ret_event = e;
        return FTRACE_LINE_LOST;
    }
    if (memchr(bytes, '\0', size) != NULL) {
        *ret_why = "a zero byte in the line";
        return FTRACE_LINE_MALFORMED;
    }
    if (!split_columns(line, &c)) {
        *ret_why = "not 'comm-PID [CPU] flags seconds.fraction: event: fields'";
        return FTRACE_LINE_MALFORMED;
    }
    e.kind = read_kind(c.event);
    if (e.kind == NR_FTRACE_KINDS) {
        return FTRACE_LINE_OTHER_EVENT;
    }
    if (!read_fields(c.fields, strings, &e)) {
        *ret_why = "the event's fields cannot be read";
        return FTRACE_LINE_MALFORMED;
    }
    if (e.kind == FTRACE_WAKEUP && find_last(c.fields, " success=0") != NULL) {
        return FTRACE_LINE_OTHER_EVENT;
    }
    e.time_ns = c.time_ns;
    e.cpu = c.cpu;
    e.context = read_context(c.flags);
    e.printer.pid = c.pid;
    e.printer.comm = keep_comm(c.comm, strings);
    *ret_event = e;
    return FTRACE_LINE_EVENT;
}
