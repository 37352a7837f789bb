/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run-record.h"

#include <string.h>

#include "base/time.h"
#include "observe/occupancy.h"

struct run_record {
    struct occupancy *occupancy;
    const struct machine *machine;
    GPtrArray *comms; /* of the tasks by id, as they were at the end */
};

struct run_record *run_record_new(struct kernel *k)
{
    struct run_record *record = g_new0(struct run_record, 1);

    record->machine = kernel_machine(k);
    record->comms = g_ptr_array_new_with_free_func(g_free);
    record->occupancy = occupancy_new(record->machine->nr_cpus, 0, TIME_NEVER_NS, 1, NULL, NULL);
    kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH, occupancy_event, record->occupancy);
    return record;
}

void run_record_finish(struct run_record *record, const struct kernel *k)
{
    occupancy_finish(record->occupancy, kernel_now_ns(k));
    for (int32_t id = 0; id < kernel_nr_tasks(k); id++) {
        const struct numasim_task *task = task_pub(kernel_task(k, id));

        g_ptr_array_add(record->comms, g_strdup(task->comm));
    }
}

void run_record_free(struct run_record *record)
{
    if (record != NULL) {
        occupancy_free(record->occupancy);
        g_ptr_array_unref(record->comms);
        g_free(record);
    }
}

/* @comm as a field of CSV: quoted where a comma, a quote or an end of line is in it (RFC 4180). */
static void append_field(GString *csv, const char *comm)
{
    if (strpbrk(comm, ",\"\r\n") == NULL) {
        g_string_append(csv, comm);
        return;
    }
    g_string_append_c(csv, '"');
    for (const char *p = comm; *p != '\0'; p++) {
        g_string_append(csv, *p == '"' ? "\"\"" : "");
        if (*p != '"') {
            g_string_append_c(csv, *p);
        }
    }
    g_string_append_c(csv, '"');
}

char *run_record_to_csv(const struct run_record *record)
{
    GString *csv = g_string_new("cpu,start_ns,end_ns,task,comm\n");

    for (int32_t cpu = 0; cpu < record->machine->nr_cpus; cpu++) {
        int32_t nr;
        const struct occupancy_span *spans = occupancy_spans(record->occupancy, cpu, &nr);

        for (int32_t i = 0; i < nr; i++) {
            if (spans[i].owner < 0) {
                continue;
            }
            g_string_append_printf(csv, "%d,%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%d,",
                                   record->machine->cpus[cpu].os_id, spans[i].start_ns,
                                   spans[i].end_ns, spans[i].owner);
            append_field(csv, record->comms->pdata[spans[i].owner]);
            g_string_append_c(csv, '\n');
        }
    }
    return g_string_free(csv, FALSE);
}
