/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and folders of output: whole or absent, through links and streams, and nothing left behind. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"

struct scratch {
    char *dir;
};

/* flock(2), and files without a name of open(2), are as on a file system that has neither while this is set. */
static bool plain_file_system;

int open(const char *path, int flags, ...)
{
    unsigned int mode = 0;

    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list args;

        va_start(args, flags);
        mode = va_arg(args, unsigned int);
        va_end(args);
    }
    if (plain_file_system && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int flock(int fd, int operation)
{
    if (plain_file_system) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static void set_up(struct scratch *s, gconstpointer data)
{
    (void)data;
    s->dir = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
}

static void tear_down(struct scratch *s, gconstpointer data)
{
    (void)data;
    folder_remove(s->dir);
    g_assert_false(g_file_test(s->dir, G_FILE_TEST_EXISTS));
    g_free(s->dir);
}

static char *in(const struct scratch *s, const char *name)
{
    return g_build_filename(s->dir, name, NULL);
}

static guint nr_files(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir) != NULL) {
        n++;
    }
    return n;
}

static void assert_contents(const char *path, const char *expected, gsize size)
{
    g_autofree char *contents = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(path, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, size);
    g_assert_true(memcmp(contents, expected, size) == 0);
}

static void write_text(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(file_write_atomic(path, text, strlen(text), &error));
    g_assert_no_error(error);
}

static void test_write(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "result.json");
    GStatBuf st;

    (void)data;
    g_assert_true(file_write_atomic(path, "one\0two", 7, NULL));
    assert_contents(path, "one\0two", 7);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    /* Whoever may read other new files may read this one. */
    g_assert_cmpint(st.st_mode & 0400, ==, 0400);
    write_text(path, "");
    assert_contents(path, "", 0);
    g_assert_cmpuint(nr_files(s->dir), ==, 1);
}

static void test_write_fails(struct scratch *s, gconstpointer data)
{
    g_autofree char *nowhere = in(s, "no/such/file");
    g_autofree char *taken = in(s, "taken");
    g_autofree char *expected =
        g_strdup_printf("%s: cannot be written: No such file or directory", nowhere);
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_false(file_write_atomic(nowhere, "x", 1, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_cmpstr(error->message, ==, expected);
    g_clear_error(&error);
    g_assert_cmpint(g_mkdir(taken, 0700), ==, 0);
    g_assert_false(file_write_atomic(taken, "x", 1, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_true(g_str_has_prefix(error->message, taken));
    g_assert_cmpuint(nr_files(s->dir), ==, 1);
}

static void test_abandon(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "file");
    g_autoptr(output_t) o = output_open(path, NULL);

    (void)data;
    g_assert_cmpint(write(output_fd(o), "half", 4), ==, 4);
    g_clear_pointer(&o, output_abandon);
    g_assert_cmpuint(nr_files(s->dir), ==, 0);
}

/* A file at the end of links is replaced, also one that is not there yet; the links stay. */
static void test_links(struct scratch *s, gconstpointer data)
{
    g_autofree char *below = in(s, "below");
    g_autofree char *target = in(s, "below/target");
    g_autofree char *link = in(s, "link");
    g_autofree char *second = in(s, "second");
    g_autofree char *loop = in(s, "loop");
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_cmpint(g_mkdir(below, 0700), ==, 0);
    g_assert_cmpint(symlink("below/target", link), ==, 0);
    g_assert_cmpint(symlink(link, second), ==, 0);
    for (int i = 0; i < 2; i++) {
        g_assert_true(output_check(second, NULL));
        write_text(second, i == 0 ? "one" : "two");
        assert_contents(target, i == 0 ? "one" : "two", 3);
        g_assert_true(g_file_test(target, G_FILE_TEST_IS_REGULAR));
        g_assert_true(g_file_test(second, G_FILE_TEST_IS_SYMLINK));
        g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
        g_assert_cmpuint(nr_files(below), ==, 1);
    }
    g_assert_cmpint(symlink("loop", loop), ==, 0);
    g_assert_false(output_check(loop, NULL));
    g_assert_false(file_write_atomic(loop, "x", 1, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

static void test_streams(struct scratch *s, gconstpointer data)
{
    g_autofree char *fifo = in(s, "fifo");
    g_autofree char *null = in(s, "null");
    g_autofree char *file = in(s, "file");
    g_autofree char *name = NULL;
    char got[8];
    int fd;

    (void)data;
    write_text("/dev/null", "text");
    g_assert_true(output_is_stream("/dev/null"));
    g_assert_true(output_check("/dev/null", NULL));
    g_assert_cmpint(symlink("/dev/null", null), ==, 0);
    write_text(null, "text");
    g_assert_true(g_file_test(null, G_FILE_TEST_IS_SYMLINK));
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    fd = open(fifo, O_RDONLY | O_NONBLOCK);
    write_text(fifo, "text");
    g_assert_cmpint(read(fd, got, sizeof(got)), ==, 4);
    close(fd);
    /* Behind what is there already. */
    fd = open(file, O_WRONLY | O_CREAT, 0600);
    name = g_strdup_printf("/dev/fd/%d", fd);
    g_assert_true(output_is_stream(name));
    g_assert_true(output_check(name, NULL));
    write_text(name, "one ");
    write_text(name, "two");
    assert_contents(file, "one two", 7);
    close(fd);
    g_assert_false(output_check(name, NULL));
    g_assert_false(file_write_atomic(name, "x", 1, NULL));
    g_assert_false(output_is_stream(file));
    g_assert_true(output_is_stream("-"));
}

static void assert_refused(const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(output_check(path, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, why));
}

static void test_check(struct scratch *s, gconstpointer data)
{
    g_autofree char *nowhere = in(s, "none/x.svg");
    g_autofree char *file = in(s, "file");
    g_autofree char *below_file = in(s, "file/x.svg");
    g_autofree char *folder = in(s, "folder");
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(output_check(file, NULL));
    g_assert_cmpuint(nr_files(s->dir), ==, 0);
    write_text(file, "x");
    g_assert_true(output_check(file, NULL));
    assert_refused(nowhere, "there is no folder");
    assert_refused(below_file, "is no folder");
    assert_refused(s->dir, "it is a folder");
    assert_refused("", "it is no name");
    g_assert_true(folder_check(nowhere, NULL));
    g_assert_true(folder_check(folder, NULL));
    g_assert_true(folder_check(s->dir, NULL));
    g_assert_false(folder_check(file, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE);
    g_assert_false(folder_check(below_file, NULL));
    g_assert_cmpint(symlink("nowhere", folder), ==, 0);
    g_assert_false(folder_check(folder, NULL));
}

/* What a process that is gone has left goes with the next writer; what is being filled stays. */
static void test_left_files(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "file");
    g_autofree char *left = in(s, ".file.numasim-1");
    g_autofree char *live = in(s, ".file.numasim-2");
    g_autofree char *foreign = in(s, ".file.numasim-x");
    int fd;

    (void)data;
    g_assert_true(g_file_set_contents(left, "half", 4, NULL));
    g_assert_true(g_file_set_contents(foreign, "mine", 4, NULL));
    g_assert_true(g_file_set_contents(live, "half", 4, NULL));
    fd = open(live, O_WRONLY);
    g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
    write_text(path, "one");
    write_text(path, "two");
    g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(live, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(foreign, G_FILE_TEST_EXISTS));
    close(fd);
    write_text(path, "three");
    g_assert_false(g_file_test(live, G_FILE_TEST_EXISTS));
}

/* ------------------------------------------------------------------------------------------- */
/* Folders                                                                                      */

static void fill(const struct folder *f, const char *name)
{
    g_autofree char *file = g_build_filename(folder_path(f), name, NULL);

    write_text(file, name);
}

static void test_folder(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "a/b");
    g_autofree char *parent = in(s, "a");
    g_autofree char *first = in(s, "a/b/first");
    g_autofree char *second = in(s, "a/b/second");
    g_autoptr(GError) error = NULL;
    struct folder *f = folder_begin(path, NULL);

    (void)data;
    fill(f, "first");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(folder_finish(f, false, NULL));
    g_assert_true(g_file_test(first, G_FILE_TEST_EXISTS));
    f = folder_begin(path, NULL);
    fill(f, "second");
    g_assert_false(folder_finish(f, false, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_true(g_file_test(first, G_FILE_TEST_EXISTS));
    f = folder_begin(path, NULL);
    fill(f, "second");
    g_assert_true(folder_finish(f, true, NULL));
    g_assert_false(g_file_test(first, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(second, G_FILE_TEST_EXISTS));
    f = folder_begin(path, NULL);
    fill(f, "third");
    folder_abandon(f);
    g_assert_cmpuint(nr_files(parent), ==, 1);
    g_assert_cmpuint(nr_files(path), ==, 1);
}

/* Two at once have a folder each; of a process that was killed, the next has what it left. */
static void test_left_folders(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "out");
    struct folder *live = folder_begin(path, NULL), *f;
    pid_t pid;
    int status;

    (void)data;
    fill(live, "live");
    pid = fork();
    if (pid == 0) {
        f = folder_begin(path, NULL);
        fill(f, "half");
        kill(getpid(), SIGKILL);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpuint(nr_files(s->dir), ==, 2);
    f = folder_begin(path, NULL);
    g_assert_cmpuint(nr_files(s->dir), ==, 2);
    g_assert_cmpuint(nr_files(folder_path(f)), ==, 0);
    g_assert_cmpuint(nr_files(folder_path(live)), ==, 1);
    folder_abandon(f);
    g_assert_true(folder_finish(live, false, NULL));
    g_assert_cmpuint(nr_files(s->dir), ==, 1);
}

/* A file system without locks: files and folders are filled, and nothing is taken for left behind. */
static void test_no_locks(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "out");
    g_autofree char *other = in(s, ".out.numasim-1");
    g_autofree char *file = in(s, "file");
    struct folder *f;

    (void)data;
    g_assert_cmpint(g_mkdir(other, 0700), ==, 0);
    plain_file_system = true;
    f = folder_begin(path, NULL);
    g_assert_nonnull(f);
    fill(f, "whole");
    g_assert_true(folder_finish(f, false, NULL));
    write_text(file, "one");
    write_text(file, "two");
    plain_file_system = false;
    assert_contents(file, "two", 3);
    g_assert_cmpuint(nr_files(path), ==, 1);
    g_assert_true(g_file_test(other, G_FILE_TEST_IS_DIR));
    g_assert_cmpuint(nr_files(s->dir), ==, 3);
}

/* A signal finds a folder that is whole, or none. */
static void test_signal(struct scratch *s, gconstpointer data)
{
    g_autofree char *path = in(s, "out");
    int status;
    pid_t pid = fork();

    (void)data;
    if (pid == 0) {
        struct folder *f = folder_begin(path, NULL);

        kill(getpid(), SIGTERM);
        fill(f, "whole");
        folder_finish(f, false, NULL);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGTERM);
    g_assert_cmpuint(nr_files(s->dir), ==, 1);
    g_assert_cmpuint(nr_files(path), ==, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct scratch *s, gconstpointer data);
    } tests[] = {
        {"/output/write", test_write},
        {"/output/write-fails", test_write_fails},
        {"/output/abandon", test_abandon},
        {"/output/links", test_links},
        {"/output/streams", test_streams},
        {"/output/check", test_check},
        {"/output/left-files", test_left_files},
        {"/output/folder", test_folder},
        {"/output/left-folders", test_left_folders},
        {"/output/no-locks", test_no_locks},
        {"/output/signal", test_signal},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].name, struct scratch, NULL, set_up, tests[i].run, tear_down);
    }
    return g_test_run();
}
