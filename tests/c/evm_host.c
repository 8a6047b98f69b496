#include "evm_host.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t opcode;
} OPCODES[] = {
    {"STOP", 0x00},     {"ADD", 0x01},          {"SUB", 0x03},      {"ISZERO", 0x15},      {"BALANCE", 0x31},
    {"CALLVALUE", 0x34}, {"CALLDATALOAD", 0x35}, {"EXTCODESIZE", 0x3b}, {"EXTCODECOPY", 0x3c}, {"RETURNDATASIZE", 0x3d},
    {"RETURNDATACOPY", 0x3e}, {"EXTCODEHASH", 0x3f}, {"BLOCKHASH", 0x40}, {"NUMBER", 0x43}, {"SELFBALANCE", 0x47},
    {"POP", 0x50},      {"MLOAD", 0x51},        {"MSTORE", 0x52},   {"SLOAD", 0x54},       {"SSTORE", 0x55},
    {"JUMP", 0x56},     {"JUMPI", 0x57},        {"GAS", 0x5a},      {"JUMPDEST", 0x5b},    {"TLOAD", 0x5c},
    {"TSTORE", 0x5d},   {"DUP1", 0x80},         {"DUP2", 0x81},     {"SWAP1", 0x90},       {"LOG0", 0xa0},
    {"LOG1", 0xa1},     {"LOG2", 0xa2},         {"CREATE", 0xf0},   {"CALL", 0xf1},        {"RETURN", 0xf3},
    {"DELEGATECALL", 0xf4}, {"STATICCALL", 0xfa}, {"REVERT", 0xfd}, {"INVALID", 0xfe},     {"SELFDESTRUCT", 0xff},
};

static void push(struct code *code, const uint8_t *bytes, size_t count) {
    code->bytes[code->length++] = (uint8_t)(0x5f + count);
    memcpy(code->bytes + code->length, bytes, count);
    code->length += count;
}

static void push_number(struct code *code, uint64_t number) {
    uint8_t bytes[8];
    size_t first = 7;
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
        if (bytes[i] != 0 && (size_t)i < first) first = (size_t)i;
    }
    push(code, bytes + first, 8 - first);
}

struct code assemble(const char *text) {
    struct code code = {{0}, 0};
    uint8_t address[20];
    char word[32];
    int used;
    for (; sscanf(text, "%31s%n", word, &used) == 1; text += used) {
        if (code.length + 33 > CODE_MAX) break;
        if (word[0] == '@') {
            world_address((unsigned)strtoul(word + 1, NULL, 0), address);
            push(&code, address, 20);
        } else if (isdigit((unsigned char)word[0])) {
            push_number(&code, strtoull(word, NULL, 0));
        } else {
            size_t i = 0, count = sizeof OPCODES / sizeof OPCODES[0];
            while (i < count && strcmp(OPCODES[i].name, word) != 0) i++;
            CHECKF(i < count, "no opcode %s", word);
            if (i < count) code.bytes[code.length++] = OPCODES[i].opcode;
        }
    }
    return code;
}

void word_of(uint64_t number, uint8_t word[32]) {
    memset(word, 0, 32);
    for (int i = 0; i < 8; i++) word[31 - i] = (uint8_t)(number >> (8 * i));
}

uint64_t low_number(const uint8_t word[32]) {
    uint64_t number = 0;
    for (int i = 24; i < 32; i++) number = number << 8 | word[i];
    return number;
}

static void make_local(StateManagerHandle state, unsigned account, const char *program) {
    uint8_t address[20], balance[32];
    struct code code = assemble(program);
    world_address(account, address);
    world_balance(address, balance);
    OK(state_manager_set_balance_bytes(state, address, balance));
    OK(state_manager_set_nonce_bytes(state, address, world_nonce(address)));
    OK(state_manager_set_code_bytes(state, address, code.bytes, code.length));
}

EvmHandle evm_over(StateManagerHandle state, uint32_t flags) {
    EvmOptions options = EVM_OPTIONS_INIT;
    options.flags = flags;
    EvmHandle handle = evm_create(state, &options);
    CHECKF(handle != NULL, "%s", last_error_of(NULL));
    return handle;
}

struct evm evm_with(const char *program, const EvmOptions *options) {
    EvmOptions own = EVM_OPTIONS_INIT;
    if (options != NULL) own = *options;
    own.flags |= EVM_ASK_HOST;
    struct evm evm = {state_manager_create(), NULL};
    make_local(evm.state, SENDER, "");
    make_local(evm.state, CONTRACT, program);
    evm.handle = evm_create(evm.state, &own);
    CHECKF(evm.handle != NULL, "%s", last_error_of(NULL));
    OK(evm_set_block(evm.handle, EVM_HOST_BLOCK));
    set_call(evm.handle, 10000000);
    return evm;
}

struct evm evm_remote(const EvmOptions *options) {
    EvmOptions own = EVM_OPTIONS_INIT;
    if (options != NULL) own = *options;
    own.flags |= EVM_ASK_HOST;
    struct evm evm = {state_manager_create(), NULL};
    evm.handle = evm_create(evm.state, &own);
    CHECKF(evm.handle != NULL, "%s", last_error_of(NULL));
    OK(evm_set_block(evm.handle, EVM_HOST_BLOCK));
    set_call(evm.handle, 10000000);
    return evm;
}

void evm_end(struct evm *evm) {
    evm_destroy(evm->handle);
    state_manager_destroy(evm->state);
}

size_t pending_count(EvmHandle handle) {
    size_t count = 999;
    OK(evm_pending(handle, NULL, 0, &count));
    return count;
}

void set_call(EvmHandle handle, uint64_t gas) {
    uint8_t caller[20], to[20];
    EvmMessage message = EVM_MESSAGE_INIT;
    world_address(SENDER, caller);
    world_address(CONTRACT, to);
    message.caller = caller;
    message.to = to;
    message.gas = gas;
    OK(evm_set_message(handle, &message));
}

size_t world_payload(const AsyncRequest *need, const struct program *programs, uint8_t payload[PAYLOAD_MAX], uint8_t *type) {
    *type = need->output_type;
    memcpy(payload, need->address, 20);
    switch (need->output_type) {
        case EVM_OUTPUT_NEED_STORAGE:
            memcpy(payload + 20, need->slot, 32);
            world_value(need->address, need->slot, payload + 52);
            return 84;
        case EVM_OUTPUT_NEED_BALANCE: world_balance(need->address, payload + 20); return 52;
        case EVM_OUTPUT_NEED_CODE: {
            uint8_t address[20];
            for (; programs->text != NULL; programs++) {
                world_address(programs->account, address);
                if (memcmp(address, need->address, 20) != 0) continue;
                struct code code = assemble(programs->text);
                memcpy(payload + 20, code.bytes, code.length);
                return 20 + code.length;
            }
            return 20;
        }
        case EVM_OUTPUT_NEED_NONCE: {
            uint8_t word[32];
            word_of(world_nonce(need->address), word);
            memcpy(payload + 20, word + 24, 8);
            *type = EVM_CONTINUE_WITH_NONCE;
            return 28;
        }
        case EVM_OUTPUT_NEED_BLOCK_HASH:
            memcpy(payload, need->slot + 24, 8);
            memset(payload + 8, 0, 24);
            payload[8] = 0xb1;
            payload[9] = 0x0c;
            memcpy(payload + 32, need->slot + 24, 8);
            return 40;
        default: CHECKF(0, "output type %u is no need", need->output_type); return 0;
    }
}

int is_need(const AsyncRequest *request) {
    uint8_t type = request->output_type;
    return (type >= EVM_OUTPUT_NEED_STORAGE && type <= EVM_OUTPUT_NEED_NONCE) || type == EVM_OUTPUT_NEED_BLOCK_HASH ||
           type == EVM_OUTPUT_NEED_PRECOMPILE;
}

int serve_need(EvmHandle handle, const struct program *programs, AsyncRequest *request) {
    uint8_t payload[PAYLOAD_MAX], type;
    size_t length = world_payload(request, programs, payload, &type);
    return evm_continue_ffi(handle, type, payload, length, request);
}

unsigned serve_all(EvmHandle handle, const struct program *programs, AsyncRequest *request) {
    unsigned count = 0;
    for (; is_need(request) && count < 100000; count++) {
        if (!OK(serve_need(handle, programs, request))) {
            CHECKF(0, "%s", last_error_of(handle));
            break;
        }
    }
    return count;
}

void run_to_precompile(EvmHandle handle, AsyncRequest *request) {
    if (!OK(evm_call_ffi(handle, request))) return;
    while (is_need(request) && request->output_type != EVM_OUTPUT_NEED_PRECOMPILE) {
        if (!OK(serve_need(handle, NO_PROGRAMS, request))) break;
    }
    CHECKF(request->output_type == EVM_OUTPUT_NEED_PRECOMPILE, "came to %u", request->output_type);
}

unsigned run_to_end(EvmHandle handle, const struct program *programs) {
    AsyncRequest request = {0};
    if (!OK(evm_call_ffi(handle, &request))) CHECKF(0, "%s", last_error_of(handle));
    unsigned count = serve_all(handle, programs, &request);
    CHECKF(request.output_type == EVM_OUTPUT_READY_TO_COMMIT, "ended with %u", request.output_type);
    return count;
}

int is_request(const AsyncRequest *request, uint8_t type, const uint8_t *address, const uint8_t *slot) {
    static const uint8_t nothing[32] = {0};
    return request->output_type == type && memcmp(request->address, address == NULL ? nothing : address, 20) == 0 &&
           memcmp(request->slot, slot == NULL ? nothing : slot, 32) == 0;
}

char *text_of(EvmHandle handle, text_getter *getter) {
    size_t length = 0;
    OK(getter(handle, NULL, 0, &length));
    char *text = allocate(length + 1);
    text[0] = '\0';
    OK(getter(handle, text, length + 1, &length));
    CHECK(strlen(text) == length);
    return text;
}

char *all_of(EvmHandle handle) {
    char *result = text_of(handle, evm_get_result_json), *changes = text_of(handle, evm_get_state_changes);
    size_t length = strlen(result), more = strlen(changes);
    char *all = allocate(length + more + 2);
    memcpy(all, result, length);
    all[length] = '\n';
    memcpy(all + length + 1, changes, more + 1);
    free(result);
    free(changes);
    return all;
}

uint64_t output_number(EvmHandle handle) {
    EvmResult result = EVM_RESULT_INIT;
    uint8_t word[32] = {0};
    OK(evm_get_result(handle, &result));
    CHECKF(result.status == EVM_STATUS_SUCCESS && result.output_len == 32, "status %u with %zu bytes", result.status,
           result.output_len);
    if (result.output_len == 32) OK(evm_get_output(handle, word, 32));
    return low_number(word);
}

/* The output is a sum, so that every answer counts. */
const char TOUR[] = "1 SLOAD 2 SLOAD ADD 5 9 SSTORE 9 SLOAD ADD @6 BALANCE ADD @7 EXTCODESIZE ADD @1 BALANCE ADD "
                    "7 BLOCKHASH ADD "
                    "32 0 0 0 3 @8 500000 CALL ADD 0 MLOAD ADD "
                    "32 0 0 0 @9 500000 DELEGATECALL ADD 0 MLOAD ADD "
                    "0 0 0 CREATE ADD "
                    "DUP1 3 SSTORE DUP1 0 MSTORE 77 32 0 LOG1 32 0 RETURN";
const struct program TOUR_PROGRAMS[] = {
    {7, "1 2 ADD STOP"},
    {8, "4 SLOAD SELFBALANCE ADD 32 32 0 0 @10 100000 STATICCALL ADD 32 MLOAD ADD DUP1 5 SSTORE 0 MSTORE 32 0 RETURN"},
    {9, "6 SLOAD 2 SLOAD ADD 0 MSTORE 32 0 RETURN"},
    {10, "@11 EXTCODEHASH 8 SLOAD ADD 0 MSTORE 32 0 RETURN"},
    {0, NULL},
};
const struct program NO_PROGRAMS[] = {{0, NULL}};
