/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loops that are timed, each on threads that are pinned to CPUs. */
#ifndef NUMASIM_CLI_MEASURE_LOOPS_H
#define NUMASIM_CLI_MEASURE_LOOPS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEASURE_MAX_PASSES = 7 };

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t measure_now_ns(void);

/* Median of @n values, which it sorts. */
int64_t measure_median(int64_t *values, size_t n);

/*
 * On @cpu: makes of the @size bytes at @start one cycle through all their lines of @line_bytes in
 * random order, and drops them from the caches. It is the first touch of the memory. False with
 * errno if no thread may run there.
 */
bool measure_chain(int32_t cpu, void *start, size_t size, size_t line_bytes);

/*
 * On @cpu: follows the cycle from *@at, where a later call goes on, for @passes times @pass_ns;
 * ns a load, of each pass, to @load_ns. False with errno if no thread may run there.
 */
bool measure_chase(int32_t cpu, void **at, int passes, int64_t pass_ns, int64_t *load_ns);

/*
 * On each of @nr_cpus CPUs @cpus at the same time: reads (or writes) its part of the @size bytes at
 * @start again and again for @passes times @pass_ns; bytes a second of all together, of each pass,
 * to @rates. False with errno if a thread may not run there.
 */
bool measure_stream(const int32_t *cpus, size_t nr_cpus, void *start, size_t size, bool write,
                    int passes, int64_t pass_ns, int64_t *rates);

#endif
