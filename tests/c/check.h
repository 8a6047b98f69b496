/* What every C test uses: checks, fenced buffers, timing. */
#ifndef CHECK_H
#define CHECK_H

#include "worldstate.h"

#include <stddef.h>
#include <stdint.h>

struct test_case {
    const char *name;
    void (*run)(void);
};

/* Each suite is an array that ends with a case without name. */
extern const struct test_case matrix_cases[], value_cases[], handle_cases[], callback_cases[], host_cases[], kept_cases[], struct_cases[],
    panic_cases[], evm_call_cases[], evm_result_cases[], evm_fault_cases[], thread_cases[];

/* A failed check is printed and counted, and the case goes on; from any thread. */
#define CHECK(condition) check_that((condition) != 0, __FILE__, __LINE__, "%s", #condition)
#define CHECKF(condition, ...) check_that((condition) != 0, __FILE__, __LINE__, __VA_ARGS__)
/* The call's status. */
#define CHECK_STATUS(call, status) check_status((call), (status), #call, __FILE__, __LINE__)
#define OK(call) CHECK_STATUS(call, STATE_MANAGER_SUCCESS)
/* The status, and a text in the handle's last error; case does not matter. NULL: this thread's. */
#define FAILS(handle, call, status, text)                                                                              \
    do {                                                                                                               \
        CHECK_STATUS(call, status);                                                                                    \
        check_error_text((handle), (text), __FILE__, __LINE__);                                                        \
    } while (0)
/* Ends the case: nothing after it would make sense. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!CHECK(condition)) return;                                                                                 \
    } while (0)

#if defined(__GNUC__)
#define PRINTF_LIKE(text, rest) __attribute__((format(printf, text, rest)))
#else
#define PRINTF_LIKE(text, rest)
#endif

int check_that(int holds, const char *file, int line, const char *format, ...) PRINTF_LIKE(4, 5);
int check_status(int status, int wanted, const char *call, const char *file, int line);
int check_error_text(const void *handle, const char *text, const char *file, int line);
/* A checked malloc. */
void *allocate(size_t size);
/* Whether `text` has `part` in it, whatever the case of letters. */
int contains(const char *text, const char *part);
/* Text of the last error, in a buffer of this thread. */
const char *last_error_of(const void *handle);

/* Memory of 0xAA between two fences of 0xAA. */
struct fenced {
    unsigned char *data;
    size_t size;
};
struct fenced fenced_new(size_t size);
void fenced_free(struct fenced *buffer);
int fences_intact(const struct fenced *buffer);
/* Fences and buffer are as fenced_new made them. */
int fenced_untouched(const struct fenced *buffer);

/* Seconds since some moment. */
double seconds_now(void);
void sleep_ms(unsigned milliseconds);
/* How much of what takes long is done, from 1 (checkers that slow everything down) to 100: CTESTS_PERCENT. */
unsigned percent(void);
/* How long each test with many threads takes: CTESTS_SECONDS, else 3. */
double seconds(void);
/* Threads one after the other or at once, checked. */
void run_threads(unsigned count, void (*body)(void *), void **arguments);

/* Of a library built for tests: panics in a call without handle, or in one on a state manager or fork. */
int worldstate_test_panic(const void *handle);

#define ADDRESS_A "0x00000000000000000000000000000000000000Aa"
#define ADDRESS_B "0xBbBBBbBBbbBBBbbbBBbBBBBbBBBBbBBbbBBBbb01"
#define MAX_HEX "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
extern const uint8_t BYTES_A[20], BYTES_B[20], WORD_0[32], WORD_1[32], WORD_MAX[32];

#define DIGITS_64(last) "0x00000000000000000000000000000000000000000000000000000000000000" last

#endif
