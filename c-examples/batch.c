/* Bytes instead of text, many values in one call, and listings in pages: what a program does that cares for speed. */
#include "example.h"
#include <string.h>

enum { SLOTS = 1000, PAGE = 400 };

/* Words are 32 bytes and addresses 20, big-endian, one after another without gaps. */
static uint8_t addresses[SLOTS][20], slots[SLOTS][32], values[SLOTS][32], back[SLOTS][32];

static void put(uint8_t word[32], uint32_t number) {
    word[31] = (uint8_t)number;
    word[30] = (uint8_t)(number >> 8);
}

int main(void) {
    const uint8_t account[20] = {0xaa};
    StateManagerHandle state = check_handle(state_manager_create());
    uint8_t page_slots[PAGE][32], page_values[PAGE][32], root[32];
    const uint8_t *after = NULL; /* NULL: from the first */
    size_t count, total = 0, pages = 0;
    int i;

    for (i = 0; i < SLOTS; i++) {
        memcpy(addresses[i], account, 20);
        put(slots[i], (uint32_t)i);
        put(values[i], (uint32_t)i + 1);
    }
    check(state, state_manager_set_storage_batch(state, addresses[0], slots[0], values[0], SLOTS));
    check(state, state_manager_get_storage_batch(state, addresses[0], slots[0], SLOTS, back[0]));
    printf("%d slots written and read: %s\n", SLOTS, memcmp(values, back, sizeof back) == 0 ? "equal" : "different");

    /* The last key of a page is where the next one begins. A page that is not full is the last. */
    do {
        check(state, state_manager_list_storage(state, account, after, page_slots[0], page_values[0], PAGE, &count));
        total += count;
        pages++;
        if (count > 0) after = page_slots[count - 1];
    } while (count == PAGE);
    printf("%zu slots listed in %zu pages\n", total, pages);

    check(state, state_manager_get_storage_root_bytes(state, account, root));
    printf("storage root 0x");
    for (i = 0; i < 32; i++) printf("%02x", root[i]);
    printf("\n");

    state_manager_destroy(state);
    return 0;
}
