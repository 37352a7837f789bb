/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugins run in this process, and may crash it or leave it. While a guard stands, a signal that
 * means a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT) and a call of exit() both end with
 * a line on standard error and the exit status CLI_FAULT. A debugger sees the signal first.
 *
 * Built with a sanitizer, signals are left to it, whose report says more.
 */
#ifndef NUMASIM_CLI_CRASH_H
#define NUMASIM_CLI_CRASH_H

#include <glib.h>

#include "policy/loader.h"

/* Puts up the guard; @doing follows "while" in the message ("loading linux-6.12"). One at a time. */
void crash_guard_begin(const char *doing);
/* The same for a simulation under @stack, whose plugins it names. @also: more to say, or NULL. */
void crash_guard_begin_run(const struct policy_stack *stack, guint64 seed, const char *also);
void crash_guard_end(void); /* does nothing where none stands */

#endif
