/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sigaltstack() is not in plain POSIX.1-2008. */
#define _DEFAULT_SOURCE
#include "cli/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

enum { DOING_BYTES = 1024, STACK_BYTES = 64 * 1024 };

static const struct crash {
    int signal;
    const char *text;
} crashes[] = {
    {SIGSEGV, "numasim: a plugin or the simulator crashed (SIGSEGV) while "},
    {SIGBUS, "numasim: a plugin or the simulator crashed (SIGBUS) while "},
    {SIGFPE, "numasim: a plugin or the simulator crashed (SIGFPE) while "},
    {SIGILL, "numasim: a plugin or the simulator crashed (SIGILL) while "},
    {SIGTRAP, "numasim: a plugin or the simulator crashed (SIGTRAP) while "},
    {SIGABRT, "numasim: a plugin or the simulator crashed (SIGABRT) while "},
};

/* A handler and what atexit() calls get no argument: this is the one state that they can reach. */
static struct {
    volatile sig_atomic_t stands;
    bool registered;
    char doing[DOING_BYTES]; /* with its newline */
    size_t size;
    struct sigaction before[G_N_ELEMENTS(crashes)];
    /* A plugin that recurses without end has no stack left for a handler. */
    char stack[STACK_BYTES];
    stack_t stack_before;
} guard;

/* Only what a signal handler may call. */
static void say(const char *text)
{
    /* There is nobody left to tell that telling failed. */
    if (write(STDERR_FILENO, text, strlen(text)) < 0 ||
        write(STDERR_FILENO, guard.doing, guard.size) < 0) {
        return;
    }
}

static void on_crash(int signal)
{
    for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++) {
        if (crashes[i].signal == signal) {
            say(crashes[i].text);
        }
    }
    _exit(CLI_FAULT);
}

static void on_exit_called(void)
{
    if (guard.stands) {
        say("numasim: a plugin called exit() while ");
        _exit(CLI_FAULT);
    }
}

static void install_handlers(void)
{
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};
    stack_t stack = {.ss_sp = guard.stack, .ss_size = sizeof(guard.stack)};

    sigemptyset(&action.sa_mask);
    sigaltstack(&stack, &guard.stack_before);
    for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++) {
        sigaction(crashes[i].signal, &action, &guard.before[i]);
    }
}

static void remove_handlers(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++) {
        sigaction(crashes[i].signal, &guard.before[i], NULL);
    }
    sigaltstack(&guard.stack_before, NULL);
}

void crash_guard_begin(const char *doing)
{
    g_assert(!guard.stands);
    g_snprintf(guard.doing, sizeof(guard.doing), "%.*s\n", DOING_BYTES - 2, doing);
    guard.size = strlen(guard.doing);
    if (!guard.registered) {
        guard.registered = atexit(on_exit_called) == 0;
    }
    if (!HAS_SANITIZER) {
        install_handlers();
    }
    guard.stands = 1;
}

void crash_guard_begin_run(const struct policy_stack *stack, guint64 seed, const char *also)
{
    g_autoptr(GString) doing = g_string_new("running ");

    g_string_append_printf(doing, "%s (plugins ", stack->name);
    for (uint32_t i = 0; i < stack->nr_plugins; i++) {
        g_string_append_printf(doing, "%s%s", i > 0 ? ", " : "", stack->plugins[i]->desc->name);
    }
    g_string_append_printf(doing, "), seed %" G_GUINT64_FORMAT, seed);
    if (also != NULL) {
        g_string_append_printf(doing, "; %s", also);
    }
    crash_guard_begin(doing->str);
}

void crash_guard_end(void)
{
    if (guard.stands && !HAS_SANITIZER) {
        remove_handlers();
    }
    guard.stands = 0;
}
