/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result of a run as plain data, and `result.json`, schema numasim-result/1.
 *
 * Every number is an integer: ratios are parts per million and rates thousandths per second, and
 * are printed as decimals by integer arithmetic. Metrics, histograms and matrices stand in the order
 * of their names. The same result is the same bytes, on any machine and under any compiler.
 *
 * All pointers are owned by the struct result unless it says otherwise; strings are never NULL but
 * where it says so.
 */
#ifndef NUMASIM_OBSERVE_RESULT_H
#define NUMASIM_OBSERVE_RESULT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What a value is, and how many decimals of it the integer holds. */
enum result_unit {
    RESULT_COUNT,       /* "count" */
    RESULT_NS,          /* "ns" */
    RESULT_BYTES,       /* "bytes" */
    RESULT_PAGES,       /* "pages" */
    RESULT_BYTES_PER_S, /* "bytes_per_s" */
    RESULT_RATIO,       /* "ratio": parts per million, printed with 6 decimals */
    RESULT_PER_S,       /* "per_s": thousandths, printed with 3 decimals */
    NR_RESULT_UNITS
};
const char *result_unit_name(enum result_unit unit);
/* Decimals of @unit (0, 3, 6). */
int32_t result_unit_decimals(enum result_unit unit);
/* 10 to that power: integers to one of @unit. */
int64_t result_unit_scale(enum result_unit unit);

struct result_metric {
    char *name; /* "wakeup_latency_ns.p99" */
    enum result_unit unit;
    int64_t value; /* x 10^decimals */
};

struct result_bucket {
    int64_t bound; /* inclusive upper bound; the bucket's lower end is the bound before it */
    uint64_t count;
};

struct result_histogram {
    char *name;
    enum result_unit unit;
    uint64_t count;
    int64_t min, mean, max; /* 0 without samples */
    struct result_bucket *buckets;
    uint32_t nr_buckets; /* only those that hold samples, ascending */
};

struct result_matrix {
    char *name;
    enum result_unit unit;
    char **rows, **columns; /* labels, NULL-terminated */
    int32_t nr_rows, nr_columns;
    int64_t *values; /* [nr_rows * nr_columns] */
};

/* A time series: one row to an interval. */
struct result_series {
    int64_t interval_ns; /* 0: none was asked for, and the rest is empty */
    struct result_column {
        char *name;
        enum result_unit unit;
    } * columns;
    int32_t nr_columns;
    int64_t *end_ns; /* [nr_rows] end of each interval; the last may be shorter */
    int64_t *values; /* [nr_rows * nr_columns] */
    int32_t nr_rows;
};

struct result_input {
    char *name;
    char *digest;     /* of its files, or "" where it was made in memory */
    int32_t replicas; /* of a workload; 0 for the others */
};

struct result_param {
    char *name, *value; /* as `policy show` prints it, with its unit */
};

struct result_plugin {
    char *name, *version, *source_hash;
    char **roles;                /* those that the set gives it, NULL-terminated */
    struct result_param *params; /* every one, in the order of the plugin's table */
    int32_t nr_params;
};

struct result {
    char *version; /* of numasim */
    char *digest;  /* of the run's events, 32 hex digits */
    char *kernel;  /* release by whose rules the sched_domains were built: "6.12" */
    struct result_input topology, policy;
    struct result_input *workloads;
    int32_t nr_workloads;
    char **overrides; /* --set, as given; NULL-terminated */
    struct result_plugin *plugins;
    int32_t nr_plugins;
    struct result_param *host; /* every parameter of policy/host.h, in its order */
    int32_t nr_host;
    uint64_t seed;
    bool tie_break_insertion;
    int64_t duration_ns; /* as asked for; 0: until every task exited */
    int64_t warmup_ns;   /* metrics count from here */
    int64_t end_ns;      /* simulated time at the end */
    struct result_metric *metrics;
    int32_t nr_metrics;
    struct result_histogram *histograms;
    int32_t nr_histograms;
    struct result_matrix *matrices;
    int32_t nr_matrices;
    struct result_series series;
};

/* An empty result; strings are "" until they are set. */
struct result *result_new(void);
void result_free(struct result *r); /* accepts NULL */
typedef struct result result_t;     /* for g_autoptr(result_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(result_t, result_free)

/* Adders, for the listeners. @name is copied. Values of RATIO and PER_S are scaled already. */
void result_add(struct result *r, const char *name, enum result_unit unit, int64_t value);
/* @part / @whole as a RATIO; nothing is added where @whole is 0. Needs @part, @whole >= 0. */
void result_add_ratio(struct result *r, const char *name, int64_t part, int64_t whole);
struct result_histogram *result_add_histogram(struct result *r, const char *name,
                                              enum result_unit unit);
/* Takes @rows and @columns; values are zeroed. */
struct result_matrix *result_add_matrix(struct result *r, const char *name, enum result_unit unit,
                                        char **rows, char **columns);
/* Puts everything in the order of its name. Names are distinct. */
void result_sort(struct result *r);

/* The workloads' names, with their replicas where there are several: "db-server+phases:2". Newly allocated. */
char *result_workload_name(const struct result *r);

/* The metric, histogram or matrix @name of a sorted result, or NULL. */
const struct result_metric *result_metric(const struct result *r, const char *name);
const struct result_histogram *result_histogram(const struct result *r, const char *name);
const struct result_matrix *result_matrix(const struct result *r, const char *name);

/* @value in @unit as a JSON number: "12", "0.983421"; appended to @out. */
void result_value_append(GString *out, enum result_unit unit, int64_t value);

/* result.json, newly allocated; *@ret_size (may be NULL) its bytes. */
char *result_to_json(const struct result *r, gsize *ret_size);
/* The series as CSV with a head line; newly allocated. */
char *result_series_to_csv(const struct result *r);

/* A file that stands beside result.json: a copy of an input. */
struct result_file {
    const char *name; /* within the folder, no '/' */
    const char *bytes;
    gsize size;
};

/*
 * Writes result.json, series.csv if there is a series, and @files into the folder @dir. A folder that
 * does not exist is there when it is whole (base/folder.h); in one
 * that exists each file is replaced whole, result.json last. False with NUMASIM_ERROR_IO.
 */
bool result_write(const struct result *r, const char *dir, const struct result_file *files,
                  int32_t nr_files, GError **error);

/*
 * Reads a result: @path is the folder or the file. NULL with NUMASIM_ERROR_IO where it cannot be
 * read, NUMASIM_ERROR_INPUT where it is no result: "PATH: metrics.cpu.idle_ns.value: what is wrong".
 * Keys it does not know are errors.
 */
struct result *result_read(const char *path, GError **error);
/* The same from text; @path is for messages. */
struct result *result_parse(const char *path, const char *text, gssize size, GError **error);

#endif
