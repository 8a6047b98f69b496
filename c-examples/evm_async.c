/* The program holds the state and the library asks for it: a call that needs something returns, and goes on from the same
 * opcode once it is answered. Nothing blocks, so the answers may come from anywhere: a database, a peer, an event loop. */
#include "example.h"

#include <string.h>

/* Slot 0 + slot 1 + the balance of the caller; stored in slot 2 and returned. */
static const char sum[] = "\x5f\x54\x60\x01\x54\x01\x33\x31\x01\x80\x60\x02\x55\x5f\x52\x60\x20\x5f\xf3";

/* The store of this program: one contract, and two slots of it. Everything else has a balance and nothing more. */
static int is_contract(const uint8_t *address) { return address[18] == 0xff && address[19] == 0xee; }

/* What evm_continue_ffi and evm_answer take: the question's own number says what `payload` holds. Returns its length. */
static size_t look_up(const AsyncRequest *need, uint8_t payload[128]) {
    memset(payload, 0, 128);
    memcpy(payload, need->address, 20);
    switch (need->output_type) {
        case EVM_OUTPUT_NEED_STORAGE: /* address, slot, value */
            memcpy(payload + 20, need->slot, 32);
            payload[83] = need->slot[31] == 0 ? 10 : need->slot[31] == 1 ? 20 : 0;
            return 84;
        case EVM_OUTPUT_NEED_BALANCE: /* address, balance */
            payload[51] = is_contract(need->address) ? 0 : 7;
            return 52;
        case EVM_OUTPUT_NEED_CODE: /* address, code */
            if (!is_contract(need->address)) return 20;
            memcpy(payload + 20, sum, sizeof sum - 1);
            return 20 + sizeof sum - 1;
        case EVM_OUTPUT_NEED_NONCE: /* address, nonce as 8 bytes */
            payload[27] = is_contract(need->address) ? 1 : 0;
            return 28;
        default: fprintf(stderr, "unexpected question %u\n", need->output_type); exit(1);
    }
}

static const char *name_of(uint8_t output_type) {
    static const char *const names[] = {"result", "storage", "balance", "code", "nonce", "ready to commit"};
    return output_type < 6 ? names[output_type] : "?";
}

static void print_output(EvmHandle evm) {
    uint8_t output[32];
    check(evm, evm_get_output(evm, output, sizeof output));
    printf("  returned %u\n", output[31]);
}

int main(void) {
    static const uint8_t caller[20] = {0x0a, 0x11, 0xce}, contract[20] = {[18] = 0xff, [19] = 0xee}, slot_2[32] = {[31] = 2};
    EvmOptions options = EVM_OPTIONS_INIT;
    EvmMessage message = EVM_MESSAGE_INIT;
    AsyncRequest request, pending[32];
    uint8_t payload[128];
    size_t len, count, i;
    EvmHandle evm;

    StateManagerHandle state = check_handle(state_manager_create()); /* empty: local writes would come before the store */
    options.flags = EVM_ASK_HOST;
    evm = check_handle(evm_create(state, &options));
    message.caller = caller;
    message.to = contract;
    message.gas = 100000;
    check(evm, evm_set_message(evm, &message));

    printf("one at a time\n");
    check(evm, evm_call_ffi(evm, &request));
    while (request.output_type != EVM_OUTPUT_READY_TO_COMMIT) {
        printf("  %s of 0x%02x..%02x", name_of(request.output_type), request.address[0], request.address[19]);
        if (request.output_type == EVM_OUTPUT_NEED_STORAGE) printf(", slot %u", request.slot[31]);
        printf("\n");
        len = look_up(&request, payload);
        check(evm, evm_continue_ffi(evm, request.output_type, payload, len, &request));
    }
    /* Nothing is in the state yet. EVM_CONTINUE_AFTER_COMMIT would write it; this run only wants to know. */
    print_output(evm);
    check(evm, evm_discard(evm));
    evm_destroy(evm);

    /* The same, with all that is wanted in one go: run-ahead finds out what that is. */
    options.run_ahead = EVM_RUN_AHEAD_ON;
    evm = check_handle(evm_create(state, &options));
    check(evm, evm_set_message(evm, &message));
    printf("in batches\n");
    check(evm, evm_call_ffi(evm, &request));
    while (request.output_type != EVM_OUTPUT_READY_TO_COMMIT) {
        check(evm, evm_pending(evm, pending, 32, &count));
        if (count > 32) count = 32; /* what is left is asked for again */
        printf("  %zu question%s\n", count, count == 1 ? "" : "s");
        for (i = 0; i < count; i++) { /* in any order */
            len = look_up(&pending[i], payload);
            check(evm, evm_answer(evm, pending[i].output_type, payload, len));
        }
        check(evm, evm_resume(evm, &request));
    }
    print_output(evm);
    check(evm, evm_continue_ffi(evm, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &request));
    check(state, state_manager_get_storage_bytes(state, contract, slot_2, payload));
    printf("%s: slot 2 is %u in the state\n", name_of(request.output_type), payload[31]);

    evm_destroy(evm);
    state_manager_destroy(state);
    return 0;
}
