/* A transaction on a state that is all here: no questions, one call, and what it did is in the state. */
#include "example.h"

/* slot 0 += input; emits and returns the new value. */
static const uint8_t counter[] = "\x5f\x35\x5f\x54\x01\x80\x5f\x55\x5f\x52\x60\x01\x60\x20\x5f\xa1\x60\x20\x5f\xf3";

int main(void) {
    const char *alice = "0x00000000000000000000000000000000000a11ce", *contract = "0x0000000000000000000000000000000000c0ffee";
    EvmResult result = EVM_RESULT_INIT;
    EvmHandle evm;
    uint8_t output[32], address[20], topics[4][32], data[32];
    size_t topic_count, len;
    char text[67];
    int i;

    StateManagerHandle state = check_handle(state_manager_create());
    check(state, state_manager_set_balance(state, alice, "1000000000000000000"));
    check(state, state_manager_set_code(state, contract, counter, sizeof counter - 1));
    check(state, state_manager_set_storage(state, contract, "0x0", "0x28"));

    /* NULL: the newest hardfork, chain 1. The transaction is as eth_call takes it; without a fee, gas is free. */
    evm = check_handle(evm_create(state, NULL));
    check(evm, evm_set_transaction_json(evm, "{\"from\":\"0x00000000000000000000000000000000000a11ce\","
                                             "\"to\":\"0x0000000000000000000000000000000000c0ffee\",\"gas\":100000,"
                                             "\"input\":\"0x0000000000000000000000000000000000000000000000000000000000000002\"}"));
    for (i = 1; i <= 2; i++) {
        check(evm, evm_execute(evm));
        check(evm, evm_get_result(evm, &result));
        check(evm, evm_get_output(evm, output, sizeof output));
        printf("run %d        %s, %llu gas, returned %u\n", i, result.status == EVM_STATUS_SUCCESS ? "success" : "failure",
               (unsigned long long)result.gas_used, output[31]);
    }

    check(evm, evm_get_log(evm, 0, address, topics[0], &topic_count, data, sizeof data, &len));
    printf("log          %zu topic, %zu bytes of data, the last %u\n", topic_count, len, data[31]);
    check(state, state_manager_get_storage_sync(state, contract, "0x0", text, sizeof text));
    printf("slot 0       %s\n", text);

    /* The executor works on the state and does not own it. */
    evm_destroy(evm);
    state_manager_destroy(state);
    return 0;
}
