// A program to trace: does a known number of known things, and can say how many and how long.
//
//   target getppid N            N getppid system calls
//   target write N SIZE         N writes of SIZE bytes to /dev/null; prints "COUNT TOTAL_NS" to the report
//   target read SIZE...         one read of each size from /dev/zero
//   target faults N             touches N fresh pages
//   target spin MS              burns MS ms of CPU time in spin_outer -> spin_inner
//   target call N [MS]          calls counted_function(i, "call-i") for i in 0..N, then lives on for MS ms
//   target short PATH...        runs each program once, by fork and exec
//   target copies N             N children, each a copy that calls counted_function once and ends
//   target programs N           N children, each of which runs this program anew, for one getppid, and ends
//   target family N [WAIT]     N children: here, in each child, in a thread of it, and in a program that it starts, one
//                              getppid each; here and in each child one call of counted_function. With WAIT it waits
//                              for a byte of standard input first
//   target compat N             N getppid by int 0x80, whose number is that of semget in the table of 64 bits
//   target blink                one getppid, and the end
//   target gate N               waits for a byte of standard input, then N calls of counted_function
//   target nap N                sleeps N times 1 ms
//   target hostile              renames itself to bytes that are neither text nor safe, then 10 getppid
//   target watch N              N writes and N reads of watched_value here, then N writes in a thread that starts then
//   target facts             one getppid in a thread "td_thread" of another user, on the last processor; reports what that
//                            thread knows of itself, a NAME VALUE on each line
//   target letter            calls counted_function(0, "before", which can be written to); reports the text afterwards
//   target wait MODE...         waits for a byte of standard input, then does what the rest says
//   target threadfaults N       touches N fresh pages in a thread that starts then
//   target keys N               N calls of counted_function with N different arguments
//
// The report goes to the file named by TARGET_REPORT, so that standard output stays the tracer's.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static volatile unsigned long sink;

__attribute__((noinline)) void spin_inner(void) {
    for (int i = 0; i < 100000; i++) sink += i;
}

__attribute__((noinline)) void spin_outer(long milliseconds) {
    long long end = now(CLOCK_PROCESS_CPUTIME_ID) + milliseconds * 1000000LL;
    while (now(CLOCK_PROCESS_CPUTIME_ID) < end) spin_inner();
    sink++;
}

__attribute__((noinline)) long counted_function(long number, const char *text) {
    sink += number + text[0];
    return number * 2;
}

// Not zero: the kernel clears what is, when it starts the program.
volatile long watched_value __attribute__((aligned(8))) = 7;

static void *write_watched(void *count) {
    for (long i = 0; i < (long)count; i++) watched_value = 1000 + i;
    return NULL;
}

static void *touch_pages(void *count) {
    long page = sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, (long)count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    madvise(memory, (long)count * page, MADV_NOHUGEPAGE);
    for (long i = 0; i < (long)count; i++) memory[i * page] = 1;
    return memory;
}

static void *call_getppid(void *unused) {
    syscall(SYS_getppid);
    return unused;
}

static void report(const char *format, long long a, long long b) {
    const char *path = getenv("TARGET_REPORT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, format, a, b);
    fclose(file);
}

static void *state_facts(void *argument) {
    (void)argument;
    const char *path = getenv("TARGET_REPORT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return NULL;
    prctl(PR_SET_NAME, "td_thread");
    cpu_set_t last;
    CPU_ZERO(&last);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
    sched_setaffinity(0, sizeof last, &last);
    unsigned cpu, node;
    syscall(SYS_getcpu, &cpu, &node, NULL);
    // Of this thread alone: the other one stays who it was.
    if (syscall(SYS_setresgid, 4321, -1, -1) || syscall(SYS_setresuid, 65534, -1, -1)) return NULL;
    long long boot = now(CLOCK_BOOTTIME), monotonic = now(CLOCK_MONOTONIC), tai = now(CLOCK_TAI), wall = now(CLOCK_REALTIME);
    long parent = syscall(SYS_getppid);
    fprintf(file, "boot_after %lld\nmonotonic_after %lld\ntai_after %lld\nwall_after %lld\n", now(CLOCK_BOOTTIME),
            now(CLOCK_MONOTONIC), now(CLOCK_TAI), now(CLOCK_REALTIME));
    fprintf(file, "boot_before %lld\nmonotonic_before %lld\ntai_before %lld\nwall_before %lld\n", boot, monotonic, tai, wall);
    fprintf(file, "pid %d\ntid %ld\nppid %ld\nuid 65534\ngid 4321\ncpu %u\nnumaid %u\nncpus %ld\n", getpid(),
            syscall(SYS_gettid), parent, cpu, node, sysconf(_SC_NPROCESSORS_CONF));
    fclose(file);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "wait")) {
        char byte;
        if (read(0, &byte, 1) != 1) return 1;
        argv[1] = argv[0];
        argv++, argc--;
    }
    const char *mode = argc > 1 ? argv[1] : "";
    long n = argc > 2 ? atol(argv[2]) : 0;

    if (!strcmp(mode, "getppid")) {
        for (long i = 0; i < n; i++) syscall(SYS_getppid);
    } else if (!strcmp(mode, "write")) {
        size_t size = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
        char *data = calloc(1, size ? size : 1);
        int fd = open("/dev/null", O_WRONLY);
        long long total = 0;
        for (long i = 0; i < n; i++) {
            long long start = now(CLOCK_MONOTONIC);
            if (write(fd, data, size) != (ssize_t)size) return 1;
            total += now(CLOCK_MONOTONIC) - start;
        }
        report("%lld %lld\n", n, total);
    } else if (!strcmp(mode, "read")) {
        static char data[1 << 20];
        int fd = open("/dev/zero", O_RDONLY);
        for (int i = 2; i < argc; i++)
            if (read(fd, data, strtoul(argv[i], NULL, 10)) < 0) return 1;
    } else if (!strcmp(mode, "faults")) {
        if (!touch_pages((void *)n)) return 1;
    } else if (!strcmp(mode, "threadfaults")) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, touch_pages, (void *)n)) return 1;
        pthread_join(thread, NULL);
    } else if (!strcmp(mode, "spin")) {
        spin_outer(n);
    } else if (!strcmp(mode, "call")) {
        char text[32];
        for (long i = 0; i < n; i++) {
            snprintf(text, sizeof text, "call-%ld", i);
            counted_function(i, text);
        }
        if (argc > 3) usleep(atol(argv[3]) * 1000);
    } else if (!strcmp(mode, "watch")) {
        for (long i = 0; i < n; i++) {
            watched_value = i;
            sink += watched_value;
        }
        pthread_t thread;
        if (pthread_create(&thread, NULL, write_watched, (void *)n)) return 1;
        pthread_join(thread, NULL);
    } else if (!strcmp(mode, "facts")) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, state_facts, NULL)) return 1;
        pthread_join(thread, NULL);
    } else if (!strcmp(mode, "letter")) {
        static char text[] = "before";
        counted_function(0, text);
        const char *path = getenv("TARGET_REPORT");
        FILE *file = path ? fopen(path, "w") : NULL;
        if (!file || fputs(text, file) < 0 || fclose(file)) return 1;
    } else if (!strcmp(mode, "keys")) {
        for (long i = 0; i < n; i++) counted_function(i, "key");
    } else if (!strcmp(mode, "short")) {
        for (int i = 2; i < argc; i++) {
            pid_t pid = fork();
            if (pid == 0) {
                execl(argv[i], argv[i], (char *)NULL);
                _exit(127);
            }
            waitpid(pid, NULL, 0);
        }
    } else if (!strcmp(mode, "copies") || !strcmp(mode, "programs")) {
        for (long i = 0; i < n; i++) {
            pid_t pid = fork();
            if (pid == 0) {
                if (!strcmp(mode, "programs")) execl(argv[0], argv[0], "blink", (char *)NULL);
                counted_function(i, "copy");
                _exit(0);
            }
            waitpid(pid, NULL, 0);
        }
    } else if (!strcmp(mode, "family")) {
        char byte;
        if (argc > 3 && read(0, &byte, 1) != 1) return 1;
        for (long i = 0; i < n; i++) {
            syscall(SYS_getppid);
            counted_function(i, "parent");
            pid_t pid = fork();
            if (pid == 0) {
                syscall(SYS_getppid);
                counted_function(i, "child");
                pthread_t thread;
                if (pthread_create(&thread, NULL, call_getppid, NULL)) _exit(1);
                pthread_join(thread, NULL);
                pid_t grandchild = fork();
                if (grandchild == 0) {
                    execl(argv[0], argv[0], "blink", (char *)NULL);
                    _exit(127);
                }
                waitpid(grandchild, NULL, 0);
                _exit(0);
            }
            waitpid(pid, NULL, 0);
        }
    } else if (!strcmp(mode, "gate")) {
        char byte;
        if (read(0, &byte, 1) != 1) return 1;
        for (long i = 0; i < n; i++) counted_function(i, "gate");
    } else if (!strcmp(mode, "compat")) {
#ifdef __x86_64__
        for (long i = 0; i < n; i++) {
            long parent = 64;
            __asm__ volatile("int $0x80" : "+a"(parent) : : "memory", "cc", "r8", "r9", "r10", "r11");
            if (parent != getppid()) return 1;
        }
#endif
    } else if (!strcmp(mode, "blink")) {
        syscall(SYS_getppid);
        _exit(0);
    } else if (!strcmp(mode, "nap")) {
        for (long i = 0; i < n; i++) usleep(1000);
    } else if (!strcmp(mode, "hostile")) {
        prctl(PR_SET_NAME, "<b>\x1b[31m\xff\xc3\n\"");
        for (int i = 0; i < 10; i++) syscall(SYS_getppid);
    } else {
        fprintf(stderr, "target: unknown mode '%s'\n", mode);
        return 2;
    }
    return 0;
}
