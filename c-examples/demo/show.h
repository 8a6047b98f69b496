/* What the demo needs besides the library: its scene (what to read, and what to call it) and its tables. */
#ifndef SHOW_H
#define SHOW_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_ENTRIES = 16, NAME_SIZE = 48, HEX_SIZE = 67, NUMBER_SIZE = 112 };

/* An account by its address, or a slot of the contract; `unit` names what a slot counts in 10^-18, or is empty. */
typedef struct {
    char name[NAME_SIZE], hex[HEX_SIZE], unit[NAME_SIZE];
} Entry;

/* accounts[0] is the contract. */
typedef struct {
    Entry accounts[MAX_ENTRIES], slots[MAX_ENTRIES];
    size_t account_count, slot_count;
} Scene;

/* Reads lines of the form `contract NAME ADDRESS`, `account NAME ADDRESS`, `slot NAME SLOT [UNIT]`; 0 on success. */
int scene_read(Scene *scene, const char *path);

/* `value_hex` in words: `1,234.5 ETH` with a unit, else a short number in decimal and anything else as shortened hex. */
const char *amount(char out[NUMBER_SIZE], const char *value_hex, const char *unit);

/* 0x… text without leading zeros as bytes, most significant first; what does not fit is cut off at the front. */
void hex_to_bytes(const char *hex, uint8_t *out, size_t size);
void bytes_to_hex(const uint8_t *bytes, size_t size, char *out);

/* A headline, an empty line, a line of text. */
void headline(const char *title);
void gap(void);
void say(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* The JSON of state_manager_get_changes as a table. */
void show_changes(const Scene *scene, const char *json);

#endif
