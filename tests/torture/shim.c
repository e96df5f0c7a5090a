/* Preloaded into a program under test. It does two things, both told by the environment.
 *
 * It ends the program at a chosen step: what changes a file or leaves on a socket is counted, and
 * before the TORTURE_KILL_AT-th of these calls the program kills itself as `kill -9` would. Writes
 * that follow each other into one file are one step: nothing outside can tell them apart. Counting
 * starts at once with TORTURE_ARMED, else at SIGUSR1. Paths below TORTURE_IGNORE do not count.
 *
 * It makes things go wrong below TORTURE_TROUBLED, between two SIGUSR2: with TORTURE_TROUBLE=full
 * nothing grows and nothing is made, with readonly nothing is made, removed or renamed.
 *
 * It keeps a record of what a power cut may take: every write, truncation and sync of the watched
 * database and its log (TORTURE_WATCH), and every acknowledgement, in the order they happened.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 4096
#define NAME 48

enum kind { UNKNOWN = 0, COUNTED, IGNORED, DATABASE, LOG };
enum { WRITE = 1, SYNC, TRUNCATE, ACKNOWLEDGE = 9 };

static char names[MOST_FILES][NAME];
static unsigned char kinds[MOST_FILES], below[MOST_FILES];
static atomic_long taken;
static atomic_int armed;
static long kill_at;
static int record_to = -1, steps_to = -1;
static const char *ignored, *watched, *troubled;
static int full;
static atomic_int trouble;
static __thread int last_written = -1, written_when;

static int open_for_us(const char *variable) {
    const char *path = getenv(variable);
    if (!path) return -1;
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    /* Out of the way of the numbers the program gets. */
    int high = syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, file);
    return high;
}

static void toggle(int signal) {
    (void)signal;
    atomic_fetch_xor(&trouble, 1);
}

static void arm(int signal) {
    (void)signal;
    atomic_store(&armed, 1);
}

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("TORTURE_KILL_AT");
    kill_at = at ? atol(at) : 0;
    ignored = getenv("TORTURE_IGNORE");
    watched = getenv("TORTURE_WATCH");
    record_to = open_for_us("TORTURE_RECORD");
    steps_to = open_for_us("TORTURE_STEPS");
    atomic_store(&armed, getenv("TORTURE_ARMED") != NULL);
    struct sigaction action = {.sa_handler = arm, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = toggle;
    sigaction(SIGUSR2, &action, NULL);
    const char *kind = getenv("TORTURE_TROUBLE");
    full = kind && strcmp(kind, "full") == 0;
    troubled = getenv("TORTURE_TROUBLED");
    kinds[1] = kinds[2] = IGNORED;
    unsetenv("LD_PRELOAD");
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static int is_ignored(const char *path) {
    return ignored && strncmp(path, ignored, strlen(ignored)) == 0;
}

/* Whether a name below this path may not be made, or (if nothing is full) removed. */
static int is_barred(const char *path) {
    return troubled && atomic_load(&trouble) && strncmp(path, troubled, strlen(troubled)) == 0;
}

static int barred(void) {
    errno = full ? ENOSPC : EROFS;
    return -1;
}

/* Whether this file may not grow to this length. */
static int is_too_long(int file, off_t end) {
    struct stat found;
    if (!full || !atomic_load(&trouble) || file < 0 || file >= MOST_FILES || !below[file]) return 0;
    return fstat(file, &found) == 0 && end > found.st_size;
}

static int below_trouble(int file) { return file >= 0 && file < MOST_FILES && below[file]; }

/* One step. It does not come back if this is where the program is to end. */
static void step(const char *what, const char *on) {
    if (!atomic_load(&armed)) return;
    long number = atomic_fetch_add(&taken, 1) + 1;
    int ends = kill_at > 0 && number == kill_at;
    if (steps_to >= 0 && (ends || kill_at == 0)) {
        char line[128];
        int length = snprintf(line, sizeof line, "%ld %s %s\n", number, what, on);
        syscall(SYS_write, steps_to, line, (size_t)length);
    }
    if (ends) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        for (;;) pause();
    }
    if (kill_at > 0 && number > kill_at)
        for (;;) pause();
}

static void step_on_path(const char *what, const char *path) {
    last_written = -1;
    if (!is_ignored(path)) step(what, last_part(path));
}

static int kind_of(int file) { return file >= 0 && file < MOST_FILES ? kinds[file] : UNKNOWN; }

static const char *name_of(int file) {
    return file >= 0 && file < MOST_FILES && names[file][0] ? names[file] : "socket";
}

static void step_on_file(const char *what, int file) {
    last_written = -1;
    if (kind_of(file) == UNKNOWN || kind_of(file) == IGNORED) return;
    step(what, name_of(file));
}

static void step_on_write(int file) {
    if (kind_of(file) == IGNORED) return;
    if (file == last_written && written_when == atomic_load(&armed)) return;
    if (kind_of(file) == UNKNOWN) {
        /* Only what leaves the program: pipes to ourselves wake threads and mean nothing. */
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        if (getpeername(file, (struct sockaddr *)&address, &length) != 0) return;
        if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return;
    }
    if (kind_of(file) == UNKNOWN) {
        last_written = -1;
        step("send", "socket");
        return;
    }
    last_written = file;
    written_when = atomic_load(&armed);
    step("write", name_of(file));
}

static void record(int type, int class, int port, int64_t offset, const void *data, uint32_t length) {
    if (record_to < 0) return;
    size_t size = 16 + (size_t)length;
    unsigned char *entry = malloc(size);
    uint16_t port16 = (uint16_t)port;
    entry[0] = (unsigned char)type;
    entry[1] = (unsigned char)class;
    memcpy(entry + 2, &port16, 2);
    memcpy(entry + 4, &offset, 8);
    memcpy(entry + 12, &length, 4);
    if (length) memcpy(entry + 16, data, length);
    syscall(SYS_write, record_to, entry, size);
    free(entry);
}

static int is_watched(int file) { return kind_of(file) == DATABASE || kind_of(file) == LOG; }

/* An answer that says "it is on the disk" is recorded before it leaves. */
static void record_answer(int file, const void *data, size_t length) {
    if (record_to < 0) return;
    if (file == 1) {
        record(ACKNOWLEDGE, 0, 0, 0, data, (uint32_t)length);
        return;
    }
    if (kind_of(file) != UNKNOWN || length < 12 || memcmp(data, "HTTP/1.1 200", 12) != 0) return;
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    if (getpeername(file, (struct sockaddr *)&address, &size) != 0) return;
    record(ACKNOWLEDGE, 0, ntohs(address.sin_port), 0, NULL, 0);
}

static void remember(int file, int folder, const char *path, int flags) {
    if (file < 0 || file >= MOST_FILES) return;
    kinds[file] = COUNTED;
    below[file] = troubled && strncmp(path, troubled, strlen(troubled)) == 0;
    (void)folder;
    if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_DIRECTORY)) {
        struct stat found;
        int is_folder = fstat(file, &found) == 0 && S_ISDIR(found.st_mode);
        if (!is_folder) kinds[file] = IGNORED;
    }
    if (is_ignored(path)) kinds[file] = IGNORED;
    if (watched && strlen(watched) < NAME) {
        char log[NAME + 8];
        snprintf(log, sizeof log, "%s-wal", watched);
        if (ends_with(path, watched)) kinds[file] = DATABASE;
        if (ends_with(path, log)) kinds[file] = LOG;
    }
    strncpy(names[file], last_part(path), NAME - 1);
}

static int opened(int folder, const char *path, int flags, mode_t mode) {
    if ((flags & O_CREAT) && (flags & O_ACCMODE) != O_RDONLY && !is_ignored(path)) {
        struct stat found;
        int is_new = fstatat(folder, path, &found, 0) != 0;
        if (is_new && is_barred(path)) return barred();
        if ((flags & O_TRUNC) || is_new) step_on_path("create", path);
    }
    int file = syscall(SYS_openat, folder, path, flags, mode);
    remember(file, folder, path, flags);
    return file;
}

#define MODE(flags)                                                                                \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }

int close(int file) {
    if (file >= 0 && file < MOST_FILES && file > 2) {
        kinds[file] = UNKNOWN;
        below[file] = 0;
        names[file][0] = 0;
    }
    if (file == last_written) last_written = -1;
    return syscall(SYS_close, file);
}

static ssize_t positioned(int file, const void *data, size_t length, off_t offset) {
    step_on_write(file);
    if (is_too_long(file, offset + (off_t)length)) return barred();
    ssize_t done = syscall(SYS_pwrite64, file, data, length, offset);
    if (done > 0 && is_watched(file))
        record(WRITE, kind_of(file), 0, offset, data, (uint32_t)done);
    return done;
}
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return positioned(file, data, length, offset); }
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) { return positioned(file, data, length, offset); }

ssize_t write(int file, const void *data, size_t length) {
    step_on_write(file);
    if (below_trouble(file) && is_too_long(file, lseek(file, 0, SEEK_CUR) + (off_t)length)) return barred();
    record_answer(file, data, length);
    return syscall(SYS_write, file, data, length);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    step_on_write(file);
    if (count > 0) record_answer(file, parts[0].iov_base, parts[0].iov_len);
    return syscall(SYS_writev, file, parts, count);
}
ssize_t send(int file, const void *data, size_t length, int flags) {
    step_on_write(file);
    record_answer(file, data, length);
    return syscall(SYS_sendto, file, data, length, flags, NULL, 0);
}
ssize_t sendto(int file, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    step_on_write(file);
    record_answer(file, data, length);
    return syscall(SYS_sendto, file, data, length, flags, to, size);
}
ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    step_on_write(file);
    if (message->msg_iovlen > 0)
        record_answer(file, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return syscall(SYS_sendmsg, file, message, flags);
}

static int synced(int number, int file) {
    step_on_file("sync", file);
    int done = syscall(number, file);
    if (done == 0 && is_watched(file)) record(SYNC, kind_of(file), 0, 0, NULL, 0);
    return done;
}
int fsync(int file) { return synced(SYS_fsync, file); }
int fdatasync(int file) { return synced(SYS_fdatasync, file); }

static int cut(int file, off_t length) {
    step_on_file("truncate", file);
    int done = syscall(SYS_ftruncate, file, length);
    if (done == 0 && is_watched(file)) record(TRUNCATE, kind_of(file), 0, length, NULL, 0);
    return done;
}
int ftruncate(int file, off_t length) { return cut(file, length); }
int ftruncate64(int file, off64_t length) { return cut(file, length); }

int unlink(const char *path) {
    if (!full && is_barred(path)) return barred();
    step_on_path("unlink", path);
    return syscall(SYS_unlink, path);
}
int unlinkat(int folder, const char *path, int flags) {
    if (!full && troubled && atomic_load(&trouble)) return barred();
    step_on_path("unlink", path);
    return syscall(SYS_unlinkat, folder, path, flags);
}
int rmdir(const char *path) {
    if (!full && is_barred(path)) return barred();
    step_on_path("rmdir", path);
    return syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}
int rename(const char *from, const char *to) {
    if (!full && is_barred(to)) return barred();
    step_on_path("rename", to);
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int mkdir(const char *path, mode_t mode) {
    struct stat found;
    if (is_barred(path) && stat(path, &found) != 0) return barred();
    step_on_path("mkdir", path);
    return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
