#define _POSIX_C_SOURCE 200809L
#include "show.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int scene_read(Scene *scene, const char *path) {
    char line[256], kind[16];
    FILE *file = fopen(path, "r");
    if (file == NULL) return -1;
    memset(scene, 0, sizeof *scene);
    while (fgets(line, sizeof line, file) != NULL) {
        Entry entry = {"", "", ""};
        int fields = sscanf(line, "%15s %47s %66s %47s", kind, entry.name, entry.hex, entry.unit);
        if (fields < 3) continue;
        if (strcmp(kind, "slot") == 0) {
            if (scene->slot_count < MAX_ENTRIES) scene->slots[scene->slot_count++] = entry;
        } else if (scene->account_count < MAX_ENTRIES) {
            scene->accounts[scene->account_count++] = entry;
        }
    }
    fclose(file);
    return scene->account_count > 0 && scene->slot_count > 0 ? 0 : -1;
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 0;
}

void hex_to_bytes(const char *hex, uint8_t *out, size_t size) {
    const char *digits = strncmp(hex, "0x", 2) == 0 ? hex + 2 : hex;
    size_t length = strlen(digits);
    memset(out, 0, size);
    for (size_t i = 0; i < length && i / 2 < size; i++) {
        out[size - 1 - i / 2] |= (uint8_t)(digit(digits[length - 1 - i]) << (i % 2 * 4));
    }
}

void bytes_to_hex(const uint8_t *bytes, size_t size, char *out) {
    out += sprintf(out, "0x");
    for (size_t i = 0; i < size; i++) out += sprintf(out, "%02x", bytes[i]);
}

/* The decimal digits of a 32-byte number, least significant first, at least `least` of them; returns how many. */
static size_t decimal(uint8_t number[32], char digits[96], size_t least) {
    size_t count = 0;
    for (int rest = 1; rest || count < least;) {
        unsigned remainder = 0;
        rest = 0;
        for (size_t i = 0; i < 32; i++) {
            unsigned part = remainder * 256 + number[i];
            number[i] = (uint8_t)(part / 10);
            remainder = part % 10;
            rest |= number[i];
        }
        digits[count++] = (char)('0' + remainder);
    }
    return count;
}

const char *amount(char out[NUMBER_SIZE], const char *value_hex, const char *unit) {
    uint8_t number[32];
    char digits[96], *end = out;
    size_t decimals = unit[0] ? 18 : 0, places = 4, count;
    hex_to_bytes(value_hex, number, sizeof number);
    count = decimal(number, digits, decimals + 1);
    if (!unit[0] && count > 18) {
        const char *text = strncmp(value_hex, "0x", 2) == 0 ? value_hex + 2 : value_hex;
        size_t length = strlen(text);
        if (length > 16) sprintf(out, "0x%.6s..%s", text, text + length - 6);
        else sprintf(out, "0x%s", text);
        return out;
    }
    for (size_t i = count; i-- > decimals;) {
        *end++ = digits[i];
        if (i > decimals && (i - decimals) % 3 == 0) *end++ = ',';
    }
    while (decimals && places > 0 && digits[decimals - places] == '0') places--;
    if (decimals && places > 0) {
        *end++ = '.';
        for (size_t i = 1; i <= places; i++) *end++ = digits[decimals - i];
    }
    sprintf(end, unit[0] ? " %s" : "%s", unit);
    return out;
}

static int coloured(void) {
    const char *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

void headline(const char *title) {
    printf(coloured() ? "\n\033[1;36m%s\033[0m\n" : "\n%s\n", title);
}

void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("  ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

void gap(void) {
    putchar('\n');
}

static const Entry *find(const Entry *entries, size_t count, const char *hex) {
    uint8_t wanted[32], have[32];
    hex_to_bytes(hex, wanted, sizeof wanted);
    for (size_t i = 0; i < count; i++) {
        hex_to_bytes(entries[i].hex, have, sizeof have);
        if (memcmp(wanted, have, sizeof have) == 0) return &entries[i];
    }
    return NULL;
}

/* One entry of one list: its fields in the order in which they stand. */
static void show_change(const Scene *scene, const char *list, char fields[4][HEX_SIZE], size_t code_length) {
    char before[NUMBER_SIZE], after[NUMBER_SIZE], what[2 * NAME_SIZE];
    const Entry *account = find(scene->accounts, scene->account_count, fields[0]);
    const char *name = account ? account->name : fields[0];
    if (strcmp(list, "storage") == 0) {
        const Entry *slot = find(scene->slots, scene->slot_count, fields[1]);
        const char *unit = slot ? slot->unit : "";
        say("%-10s %-22s %16s  ->  %s", name, slot ? slot->name : fields[1], amount(before, fields[2], unit),
            amount(after, fields[3], unit));
    } else if (strcmp(list, "balances") == 0) {
        say("%-10s %-22s %16s  ->  %s", name, "balance", amount(before, fields[1], "ETH"), amount(after, fields[2], "ETH"));
    } else if (strcmp(list, "nonces") == 0) {
        say("%-10s %-22s %16s  ->  %s", name, "nonce", amount(before, fields[1], ""), amount(after, fields[2], ""));
    } else if (strcmp(list, "codes") == 0) {
        say("%-10s %-22s %16s  ->  %zu bytes", name, "code", "", code_length);
    } else {
        snprintf(what, sizeof what, "(%s)", list);
        say("%-10s %s", name, what);
    }
}

/* Knows this JSON only: lists of objects of hex texts, or of hex texts, without escapes. */
void show_changes(const Scene *scene, const char *json) {
    char list[NAME_SIZE] = "", fields[4][HEX_SIZE];
    size_t count = 0, code_length = 0, shown = 0;
    int in_object = 0;
    for (const char *at = json; *at; at++) {
        if (*at == '{' && at != json) {
            in_object = 1;
            count = 0;
        } else if (*at == '}' && in_object) {
            show_change(scene, list, fields, code_length);
            in_object = 0;
            shown++;
        } else if (*at == '"') {
            size_t length = strcspn(at + 1, "\"");
            const char *text = at + 1, *next = text + length + 1;
            at = text + length;
            if (*next == ':') {
                if (!in_object) snprintf(list, sizeof list, "%.*s", (int)length, text);
                continue;
            }
            if (!in_object) count = 0;
            if (count < 4) snprintf(fields[count++], HEX_SIZE, "%.*s", (int)length, text);
            code_length = length < 2 ? 0 : length / 2 - 1;
            if (!in_object) {
                show_change(scene, list, fields, 0);
                shown++;
            }
        }
    }
    if (shown == 0) say("nothing");
}
