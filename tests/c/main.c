/* Runs the C tests: all of them, or those whose names begin with one of the arguments. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FENCE 64
#define FILLING 0xAA

const uint8_t BYTES_A[20] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa};
const uint8_t BYTES_B[20] = {0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb,
                             0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0x01};
const uint8_t WORD_0[32] = {0};
const uint8_t WORD_1[32] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
const uint8_t WORD_MAX[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static pthread_mutex_t report = PTHREAD_MUTEX_INITIALIZER;
static unsigned failures_in_case;

int check_that(int holds, const char *file, int line, const char *format, ...) {
    if (holds) return 1;
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&report);
    if (failures_in_case++ < 20) {
        printf("  %s:%d: ", file, line);
        vprintf(format, arguments);
        printf("\n");
        fflush(stdout);
    }
    pthread_mutex_unlock(&report);
    va_end(arguments);
    return 0;
}

int check_status(int status, int wanted, const char *call, const char *file, int line) {
    return check_that(status == wanted, file, line, "%s: %s instead of %s", call, worldstate_error_name(status),
                      worldstate_error_name(wanted));
}

int check_error_text(const void *handle, const char *text, const char *file, int line) {
    const char *last = last_error_of(handle);
    return check_that(contains(last, text), file, line, "last error is \"%s\", without \"%s\"", last, text);
}

void *allocate(size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        fprintf(stderr, "no memory for a test\n");
        exit(2);
    }
    return memory;
}

int contains(const char *text, const char *part) {
    for (;; text++) {
        size_t i = 0;
        while (part[i] != '\0' && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i])) i++;
        if (part[i] == '\0') return 1;
        if (*text == '\0') return 0;
    }
}

const char *last_error_of(const void *handle) {
    static __thread char text[4096];
    size_t length;
    if (worldstate_last_error(handle, text, sizeof text, &length) != STATE_MANAGER_SUCCESS) return "(no last error)";
    return text;
}

struct fenced fenced_new(size_t size) {
    unsigned char *memory = allocate(size + 2 * FENCE);
    memset(memory, FILLING, size + 2 * FENCE);
    struct fenced buffer = {memory + FENCE, size};
    return buffer;
}

void fenced_free(struct fenced *buffer) {
    if (buffer->data != NULL) free(buffer->data - FENCE);
    buffer->data = NULL;
}

static int filled(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != FILLING) return 0;
    }
    return 1;
}

int fences_intact(const struct fenced *buffer) {
    return filled(buffer->data - FENCE, FENCE) && filled(buffer->data + buffer->size, FENCE);
}

int fenced_untouched(const struct fenced *buffer) { return filled(buffer->data - FENCE, buffer->size + 2 * FENCE); }

double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void sleep_ms(unsigned milliseconds) {
    struct timespec pause = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000L};
    nanosleep(&pause, NULL);
}

unsigned percent(void) {
    const char *given = getenv("CTESTS_PERCENT");
    int number = given == NULL ? 100 : atoi(given);
    return number < 1 ? 1 : number > 100 ? 100 : (unsigned)number;
}

double seconds(void) {
    const char *given = getenv("CTESTS_SECONDS");
    return given == NULL ? 3.0 : atof(given);
}

struct thread_start {
    void (*body)(void *);
    void *argument;
};

static void *thread_main(void *start) {
    ((struct thread_start *)start)->body(((struct thread_start *)start)->argument);
    return NULL;
}

void run_threads(unsigned count, void (*body)(void *), void **arguments) {
    pthread_t threads[64];
    struct thread_start starts[64];
    unsigned started = 0;
    for (; started < count && started < 64; started++) {
        starts[started].body = body;
        starts[started].argument = arguments == NULL ? NULL : arguments[started];
        if (!CHECK(pthread_create(&threads[started], NULL, thread_main, &starts[started]) == 0)) break;
    }
    for (unsigned i = 0; i < started; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static int is_wanted(const char *name, int count, char **prefixes) {
    if (count == 0) return 1;
    for (int i = 0; i < count; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return 1;
    }
    return 0;
}

int main(int count, char **arguments) {
    const struct test_case *suites[] = {matrix_cases, value_cases,  handle_cases, callback_cases,
                                        host_cases,   kept_cases,   struct_cases, panic_cases,  evm_call_cases,
                                        evm_result_cases, evm_fault_cases, thread_cases};
    unsigned passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        for (const struct test_case *test = suites[i]; test->name != NULL; test++) {
            if (!is_wanted(test->name, count - 1, arguments + 1)) continue;
            double start = seconds_now();
            failures_in_case = 0;
            /* Who waits for ever is ended by SIGALRM. */
            alarm(180);
            test->run();
            if (failures_in_case == 0) {
                passed++;
            } else {
                failed++;
            }
            printf("%-7s %s (%.2f s)\n", failures_in_case == 0 ? "ok" : "FAILED", test->name, seconds_now() - start);
            fflush(stdout);
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
