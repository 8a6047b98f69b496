/* The whole state as JSON that other tools read: geth's genesis alloc, and the file of anvil. */
#include "example.h"
#include <string.h>

static char *dump(StateManagerHandle state, int format) {
    size_t len;
    char *json;
    check(state, state_manager_dump(state, format, NULL, 0, &len));
    json = malloc(len + 1);
    if (json == NULL) exit(1);
    check(state, state_manager_dump(state, format, json, len + 1, &len));
    return json;
}

static void show_root(StateManagerHandle state, const char *whose) {
    char root[67];
    check(state, state_manager_get_state_root(state, root, sizeof root));
    printf("%-9s %s\n", whose, root);
}

/* dump_load [FILE]: FILE gets the dump for `anvil --load-state FILE`. */
int main(int argc, char **argv) {
    const uint8_t code[] = {0x60, 0x2a, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3};
    const char *flawed = "{\"0x00000000000000000000000000000000000a11ce\": {\"balance\": \"seven\"}}";
    StateManagerHandle state = check_handle(state_manager_create()), copy = check_handle(state_manager_create());
    char *alloc, *anvil, why[256];
    size_t accounts, len;
    int status;

    check(state, state_manager_set_balance(state, "0x00000000000000000000000000000000000a11ce", "1000000000000000000"));
    check(state, state_manager_set_code(state, "0x0000000000000000000000000000000000c0ffee", code, sizeof code));
    check(state, state_manager_set_storage(state, "0x0000000000000000000000000000000000c0ffee", "0x0", "0x2a"));

    alloc = dump(state, STATE_MANAGER_DUMP_GENESIS_ALLOC);
    puts(alloc);
    check(copy, state_manager_load(copy, (const uint8_t *)alloc, strlen(alloc), &accounts));
    printf("%zu accounts loaded\n", accounts);
    show_root(state, "original");
    show_root(copy, "copy");

    anvil = dump(state, STATE_MANAGER_DUMP_ANVIL);
    check(copy, state_manager_reset(copy));
    show_root(copy, "empty");
    check(copy, state_manager_load(copy, (const uint8_t *)anvil, strlen(anvil), &accounts));
    show_root(copy, "by anvil");

    /* A load is all or nothing, and says what is wrong. */
    status = state_manager_load(copy, (const uint8_t *)flawed, strlen(flawed), NULL);
    worldstate_last_error(copy, why, sizeof why, &len);
    printf("%s: %s\n", worldstate_error_name(status), why);

    if (argc > 1) {
        FILE *file = fopen(argv[1], "w");
        if (file == NULL || fputs(anvil, file) < 0 || fclose(file) != 0) return 1;
    }
    free(alloc);
    free(anvil);
    state_manager_destroy(copy);
    state_manager_destroy(state);
    return 0;
}
