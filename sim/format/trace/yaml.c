/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The `trace:` section of workload files. */
#include "format/trace/yaml.h"

#include <string.h>

#include "base/time.h"

enum { PRIO_MAX = 139, PID_MAX = 4 * 1024 * 1024 /* PID_MAX_LIMIT */, LINE_MAX_BYTES = 98 };

/* By enum trace_op. */
static const char step_letters[] = "rwbusfxye";

struct task_spec {
    char *comm;
    int64_t pid, prio, parent, session;
    int starts;
    const struct yaml_node *steps;
};

enum { STARTS_BLOCKED, STARTS_RUNNING, STARTS_NEW };
static const char *const starts_words[] = {"blocked", "running", "new", NULL};

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }

static const struct yaml_field task_fields[] = {
    ROW(task_spec, comm, "comm", STRING, .required = true, .help = "up to 15 bytes"),
    ROW(task_spec, pid, "pid", INT, .max = PID_MAX, .help = "as recorded"),
    ROW(task_spec, prio, "prio", INT, .min = -1, .max = PRIO_MAX,
        .help = "as recorded: 120 is nice 0, below 100 real-time; default 120"),
    ROW(task_spec, parent, "parent", INT, .max = TRACE_MAX_TASKS,
        .help = "number of the task that forks it; absent: there from the start"),
    ROW(task_spec, session, "session", INT, .max = TRACE_MAX_TASKS,
        .help = "those of one number share a session (setsid), and so an autogroup; absent: none"),
    ROW(task_spec, starts, "starts", CHOICE, .names = starts_words,
        .help = "running (or runnable) or blocked when the trace begins; or new: forked by nobody, "
                "when its first step, u, says; default blocked"),
    ROW(task_spec, steps, "steps", NODE, .required = true, .help = "what it does"),
    {.key = NULL},
};

struct trace_spec {
    int64_t span_ns;
    const struct yaml_node *tasks, *memory;
};

static const struct yaml_field trace_fields[] = {
    ROW(trace_spec, span_ns, "span", INT, .unit = UNIT_NS, .min = 1, .max = INT64_MAX / 16,
        .required = true, .help = "length of the record"),
    ROW(trace_spec, tasks, "tasks", LIST, .required = true, .help = "numbered from 0"),
    ROW(trace_spec, memory, "memory", MAP, .help = "by command, as an overlay gives it"),
    {.key = NULL},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, and where @fraction a point and up to three more: thousandths. Moves *@text behind. */
static bool read_number(const char **text, bool fraction, int64_t *ret_value)
{
    const char *c = *text;
    int64_t value = 0;
    int left = 3;

    if (!is_digit(*c)) {
        return false;
    }
    for (; is_digit(*c); c++) {
        if (c - *text >= 15) {
            return false;
        }
        value = value * 10 + (*c - '0');
    }
    if (fraction && *c == '.') {
        for (c++; is_digit(*c) && left > 0; c++, left--) {
            value = value * 10 + (*c - '0');
        }
    }
    for (; fraction && left > 0; left--) {
        value *= 10;
    }
    *text = c;
    *ret_value = value;
    return true;
}

static bool has_number(enum trace_op op)
{
    return op != TRACE_BLOCK && op != TRACE_EXIT && op != TRACE_EXEC;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* One word of the steps, which *@text is moved behind; false if it cannot be read. */
static bool read_step(const char **text, struct trace_step *ret_step)
{
    const char *letter = strchr(step_letters, **text);
    enum trace_op op;
    int64_t arg = 0;

    if (letter == NULL) {
        return false;
    }
    op = (enum trace_op)(letter - step_letters);
    (*text)++;
    if (has_number(op)) {
        bool task = op == TRACE_WAKE || op == TRACE_WAKE_SYNC || op == TRACE_FORK;

        if (!read_number(text, !task, &arg)) {
            return false;
        }
    }
    *ret_step = TRACE_STEP(op, arg);
    return **text == '\0' || is_space(**text);
}

static bool read_steps(const struct yaml_node *node, struct trace_task *t, GError **error)
{
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(struct trace_step));
    const char *text;
    bool exited = false;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    while (true) {
        const char *word;
        struct trace_step step;

        while (is_space(*text)) {
            text++;
        }
        if (*text == '\0') {
            break;
        }
        word = text;
        if (!read_step(&text, &step)) {
            return yaml_error(node, error,
                              "step %u, '%.*s', cannot be read; expected a letter and what it "
                              "needs: r12.5 w3 y3 b u5000 s100 f7 e x",
                              steps->len, (int)MIN(strcspn(word, " \n\t"), 20), word);
        }
        if (exited) {
            return yaml_error(node, error, "step %u stands behind an exit; expected x to be last",
                              steps->len);
        }
        exited = trace_step_op(step) == TRACE_EXIT;
        g_array_append_val(steps, step);
    }
    t->nr_steps = (int32_t)steps->len;
    t->steps = (struct trace_step *)(void *)g_array_free(g_steal_pointer(&steps), FALSE);
    return true;
}

static bool read_task(const struct yaml_node *node, int64_t nr_tasks, struct trace_task *t,
                      GError **error)
{
    struct task_spec spec = {.prio = 120, .parent = -1};
    bool ok = yaml_read_fields(node, task_fields, &spec, error);

    t->comm = spec.comm;
    t->pid = (int32_t)spec.pid;
    t->prio = (int32_t)spec.prio;
    t->parent = (int32_t)spec.parent;
    t->session = (int32_t)spec.session;
    t->runs_at_start = spec.starts == STARTS_RUNNING;
    t->is_new = spec.starts == STARTS_NEW;
    if (!ok) {
        return false;
    }
    if (strlen(t->comm) > TRACE_COMM_MAX) {
        return yaml_error(yaml_map_get(node, "comm"), error,
                          "'comm' has more than %d bytes; expected at most that", TRACE_COMM_MAX);
    }
    if (spec.parent >= nr_tasks) {
        return yaml_error(yaml_map_get(node, "parent"), error,
                          "there is no task %" G_GINT64_FORMAT "; expected 0 to %" G_GINT64_FORMAT,
                          spec.parent, nr_tasks - 1);
    }
    if (t->parent >= 0 && (t->runs_at_start || t->is_new)) {
        return yaml_error(yaml_map_get(node, "starts"), error,
                          t->is_new ? "a task with a parent is started by it; expected one of the "
                                      "two"
                                    : "a task with a parent cannot run at the start; expected one "
                                      "of the two");
    }
    if (!read_steps(spec.steps, t, error)) {
        return false;
    }
    if (t->is_new && (t->nr_steps == 0 || trace_step_op(t->steps[0]) != TRACE_BLOCK_UNTIL)) {
        return yaml_error(yaml_map_get(node, "starts"), error,
                          "a new task's first step says when it starts; expected steps that begin "
                          "with u, as in u0");
    }
    return true;
}

/* Tasks named in steps exist, and each child is forked once, by its parent. */
static bool check_names(const struct yaml_node *list, const struct workload_trace *trace,
                        GError **error)
{
    g_autofree bool *forked = g_new0(bool, (gsize)trace->nr_tasks + 1);

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        const struct trace_task *t = &trace->tasks[i];
        const struct yaml_node *node = yaml_map_get(list->items[i], "steps");

        for (int32_t s = 0; s < t->nr_steps; s++) {
            enum trace_op op = trace_step_op(t->steps[s]);
            int64_t arg = trace_step_arg(t->steps[s]);

            if (op != TRACE_WAKE && op != TRACE_WAKE_SYNC && op != TRACE_FORK) {
                continue;
            }
            if (arg >= trace->nr_tasks) {
                return yaml_error(node, error,
                                  "step %d names task %" G_GINT64_FORMAT "; expected 0 to %d", s,
                                  arg, trace->nr_tasks - 1);
            }
            if (op == TRACE_FORK && (trace->tasks[arg].parent != i || forked[arg])) {
                return yaml_error(node, error,
                                  "step %d forks task %" G_GINT64_FORMAT
                                  "; expected a task with 'parent: %d' that is forked once",
                                  s, arg, i);
            }
            forked[arg] = forked[arg] || op == TRACE_FORK;
        }
    }
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        if (trace->tasks[i].parent >= 0 && !forked[i]) {
            return yaml_error(list->items[i], error,
                              "task %d is never forked; expected 'f%d' in the steps of its parent",
                              i, i);
        }
    }
    return true;
}

static bool read_trace(const struct yaml_node *node, struct workload_trace *trace, GError **error)
{
    struct trace_spec spec = {0};

    if (!yaml_check_kind(node, YAML_KIND_MAPPING, "'trace'", error) ||
        !yaml_read_fields(node, trace_fields, &spec, error)) {
        return false;
    }
    if (spec.tasks->nr_items == 0 || spec.tasks->nr_items > TRACE_MAX_TASKS) {
        return yaml_error(spec.tasks, error, "%u tasks; expected 1 to %d", spec.tasks->nr_items,
                          TRACE_MAX_TASKS);
    }
    trace->span_ns = spec.span_ns;
    trace->nr_tasks = (int32_t)spec.tasks->nr_items;
    trace->tasks = g_new0(struct trace_task, spec.tasks->nr_items);
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        if (!read_task(spec.tasks->items[i], trace->nr_tasks, &trace->tasks[i], error)) {
            return false;
        }
    }
    return check_names(spec.tasks, trace, error) &&
           (spec.memory == NULL ||
            trace_memory_read(spec.memory, false, &trace->memory, &trace->nr_memory, error));
}

bool workload_trace_read(const struct yaml_node *node, struct workload_trace **ret, GError **error)
{
    struct workload_trace *trace = g_new0(struct workload_trace, 1);

    if (!read_trace(node, trace, error)) {
        workload_trace_free(trace);
        return false;
    }
    *ret = trace;
    return true;
}

void workload_trace_free(struct workload_trace *trace)
{
    if (trace == NULL) {
        return;
    }
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        g_free(trace->tasks[i].comm);
        g_free(trace->tasks[i].steps);
    }
    g_free(trace->tasks);
    trace_memory_free(trace->memory, trace->nr_memory);
    g_free(trace);
}

/* ------------------------------------------------------------------------------------------- */
/* Writing                                                                                     */

void trace_write_quoted(GString *yaml, const char *text)
{
    g_string_append_c(yaml, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(yaml, '\\');
        }
        g_string_append_c(yaml, *c == '\n' ? ' ' : *c);
    }
    g_string_append_c(yaml, '"');
}

/* @step as a word in @word. */
static void format_step(struct trace_step step, GString *word)
{
    enum trace_op op = trace_step_op(step);
    int64_t arg = trace_step_arg(step);

    g_string_truncate(word, 0);
    g_string_append_c(word, step_letters[op]);
    if (op == TRACE_WAKE || op == TRACE_WAKE_SYNC || op == TRACE_FORK) {
        g_string_append_printf(word, "%" G_GINT64_FORMAT, arg);
    } else if (has_number(op)) {
        g_string_append_printf(word, "%" G_GINT64_FORMAT, arg / NSEC_PER_USEC);
        if (arg % NSEC_PER_USEC != 0) {
            g_string_append_printf(word, ".%03" G_GINT64_FORMAT, arg % NSEC_PER_USEC);
        }
    }
}

static void write_task(GString *yaml, int32_t index, const struct trace_task *t)
{
    g_autoptr(GString) word = g_string_new(NULL);
    size_t line = 0;

    g_string_append(yaml, "    - comm: ");
    trace_write_quoted(yaml, t->comm);
    g_string_append_printf(yaml, " # %d\n      pid: %d\n      prio: %d\n", index, t->pid, t->prio);
    if (t->parent >= 0) {
        g_string_append_printf(yaml, "      parent: %d\n", t->parent);
    }
    if (t->session > 0) {
        g_string_append_printf(yaml, "      session: %d\n", t->session);
    }
    if (t->runs_at_start || t->is_new) {
        g_string_append_printf(yaml, "      starts: %s\n",
                               starts_words[t->is_new ? STARTS_NEW : STARTS_RUNNING]);
    }
    g_string_append(yaml, t->nr_steps == 0 ? "      steps: \"\"" : "      steps: >-");
    for (int32_t i = 0; i < t->nr_steps; i++) {
        format_step(t->steps[i], word);
        if (line == 0 || line + 1 + word->len > LINE_MAX_BYTES) {
            g_string_append(yaml, "\n       ");
            line = strlen("       ");
        }
        g_string_append_c(yaml, ' ');
        g_string_append(yaml, word->str);
        line += 1 + word->len;
    }
    g_string_append_c(yaml, '\n');
}

static void write_comments(GString *yaml, const char *const *comments)
{
    for (const char *const *c = comments; c != NULL && *c != NULL; c++) {
        g_auto(GStrv) lines = g_strsplit(*c, "\n", -1);

        if (lines[0] == NULL) {
            g_string_append(yaml, "#\n");
        }
        for (char **line = lines; *line != NULL; line++) {
            g_string_append_printf(yaml, "#%s%s\n", **line != '\0' ? " " : "", *line);
        }
    }
}

char *workload_trace_to_yaml(const struct workload *w, const char *const *comments)
{
    const struct workload_trace *trace = w->trace;
    GString *yaml = g_string_new("numasim: workload/1\n");
    g_autofree char *span = units_format(trace->span_ns, UNIT_NS);

    write_comments(yaml, comments);
    g_string_append(yaml, "name: ");
    trace_write_quoted(yaml, w->name);
    if (w->description != NULL) {
        g_string_append(yaml, "\ndescription: ");
        trace_write_quoted(yaml, w->description);
    }
    g_string_append(yaml, "\n");
    if (w->duration_ns > 0) {
        g_autofree char *duration = units_format(w->duration_ns, UNIT_NS);

        g_string_append_printf(yaml, "duration: %s\n", duration);
    }
    if (w->sources != NULL && w->sources[0] != NULL) {
        g_string_append(yaml, "sources:\n");
        for (char **s = w->sources; *s != NULL; s++) {
            g_string_append(yaml, "  - ");
            trace_write_quoted(yaml, *s);
            g_string_append_c(yaml, '\n');
        }
    }
    g_string_append_printf(yaml, "trace:\n  span: %s\n  tasks:\n", span);
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        write_task(yaml, i, &trace->tasks[i]);
    }
    if (trace->nr_memory > 0) {
        g_string_append(yaml, "  memory:\n");
    }
    for (int32_t i = 0; i < trace->nr_memory; i++) {
        trace_memory_write(yaml, &trace->memory[i]);
    }
    return g_string_free(yaml, FALSE);
}
