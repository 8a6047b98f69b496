#include "world.h"
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint8_t WORLD_CODE[WORLD_CODE_LEN] = {0x60, 0x01, 0x60, 0x02, 0x55};
const ForkRpcVtable WORLD_REQUEST = {sizeof(ForkRpcVtable), world_request, NULL};
const ForkRpcVtable WORLD_SEND = {sizeof(ForkRpcVtable), NULL, world_send};

static char code_hash[67];
static pthread_once_t code_hash_once = PTHREAD_ONCE_INIT;

/* The library's own keccak: the tests in Rust check it against fixtures. */
static void find_code_hash(void) {
    StateManagerHandle state = state_manager_create();
    OK(state_manager_set_code(state, ADDRESS_A, WORLD_CODE, WORLD_CODE_LEN));
    OK(state_manager_get_code_hash(state, ADDRESS_A, code_hash, sizeof code_hash));
    state_manager_destroy(state);
}

struct text {
    char *start;
    size_t length, capacity;
};

static void add(struct text *text, const char *part, size_t length) {
    if (text->length + length + 1 > text->capacity) {
        text->capacity = 2 * (text->length + length + 1);
        char *larger = allocate(text->capacity);
        if (text->start != NULL) memcpy(larger, text->start, text->length);
        free(text->start);
        text->start = larger;
    }
    memcpy(text->start + text->length, part, length);
    text->length += length;
    text->start[text->length] = '\0';
}

static void add_text(struct text *text, const char *part) { add(text, part, strlen(part)); }

/* The address of a params array, without quotes and 0x. */
static const char *address_in(const char *params) {
    const char *address = strstr(params, "\"0x");
    return address != NULL && strlen(address) > 43 ? address + 3 : "0000000000000000000000000000000000000000";
}

static void add_proof(struct text *result, const char *params) {
    const char *address = address_in(params);
    char part[512];
    snprintf(part, sizeof part, "{\"address\":\"0x%.40s\",\"balance\":\"0x%.16s\",\"nonce\":\"0x%.4s\",\"codeHash\":\"%s\",", address,
             address + 24, address + 36, code_hash);
    add_text(result, part);
    add_text(result, "\"storageHash\":\"" MAX_HEX "\",\"accountProof\":[],\"storageProof\":[");
    const char *slots = strchr(params + 1, '['), *end = slots == NULL ? NULL : strchr(slots, ']');
    const char *before = "";
    for (const char *slot = slots; end != NULL && (slot = strstr(slot, "\"0x")) != NULL && slot < end; slot += 68) {
        snprintf(part, sizeof part, "%s{\"key\":\"0x%.64s\",\"value\":\"0x%.40s%.24s\",\"proof\":[]}", before, slot + 3, address,
                 slot + 3 + 40);
        add_text(result, part);
        before = ",";
    }
    add_text(result, "]}");
}

char *world_result(const char *method, const char *params) {
    pthread_once(&code_hash_once, find_code_hash);
    struct text result = {NULL, 0, 0};
    char part[256];
    if (strcmp(method, "eth_getProof") == 0) {
        add_proof(&result, params);
    } else if (strcmp(method, "eth_chainId") == 0) {
        add_text(&result, "\"0x7e57\"");
    } else if (strcmp(method, "eth_blockNumber") == 0) {
        add_text(&result, "\"0x64\"");
    } else if (strcmp(method, "eth_getCode") == 0) {
        add_text(&result, "\"0x6001600255\"");
    } else if (strcmp(method, "eth_getBlockByNumber") == 0) {
        const char *number = strstr(params, "\"0x");
        unsigned long long block = number == NULL ? WORLD_BLOCK : strtoull(number + 3, NULL, 16);
        snprintf(part, sizeof part, "{\"number\":\"0x%llx\",\"hash\":\"0xb10c%044x%016llx\"}", block, 0u, block);
        add_text(&result, part);
    } else {
        add_text(&result, "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32601,\"message\":\"method not found\"}}");
    }
    return result.start;
}

/* The end of a JSON array, which begins here and has no brackets in its strings. */
static const char *array_end(const char *array) {
    int depth = 0;
    for (; *array != '\0'; array++) {
        depth += *array == '[';
        depth -= *array == ']';
        if (depth == 0) return array + 1;
    }
    return array;
}

char *world_answer(const char *body) {
    struct text answer = {NULL, 0, 0};
    int is_batch = body[0] == '[';
    const char *request = body;
    while ((request = strstr(request, "\"id\":")) != NULL) {
        unsigned long long id = strtoull(request + 5, NULL, 10);
        char method[64] = "";
        const char *name = strstr(request, "\"method\":\""), *params = strstr(request, "\"params\":");
        if (name == NULL || params == NULL) break;
        snprintf(method, sizeof method, "%.*s", (int)strcspn(name + 10, "\""), name + 10);
        params += 9;
        const char *end = array_end(params);
        struct text copy = {NULL, 0, 0};
        add(&copy, params, (size_t)(end - params));
        char *result = world_result(method, copy.start);
        struct text next = {NULL, 0, 0};
        char head[64];
        snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"result\":", id);
        add_text(&next, head);
        add_text(&next, result);
        add_text(&next, "}");
        if (answer.start != NULL) {
            add_text(&next, ",");
            add(&next, answer.start, answer.length);
        }
        free(answer.start);
        answer = next;
        free(result);
        free(copy.start);
        request = end;
    }
    if (is_batch) {
        struct text batch = {NULL, 0, 0};
        add_text(&batch, "[");
        if (answer.start != NULL) add(&batch, answer.start, answer.length);
        add_text(&batch, "]");
        free(answer.start);
        answer = batch;
    }
    return answer.start;
}

void world_address(unsigned number, uint8_t address[20]) {
    memset(address, 0x11, 20);
    for (int i = 0; i < 4; i++) address[16 + i] = (uint8_t)(number >> (24 - 8 * i));
}

void world_slot(unsigned number, uint8_t slot[32]) {
    memset(slot, 0, 32);
    for (int i = 0; i < 4; i++) slot[28 + i] = (uint8_t)(number >> (24 - 8 * i));
}

void world_value(const uint8_t address[20], const uint8_t slot[32], uint8_t value[32]) {
    memcpy(value, address, 20);
    memcpy(value + 20, slot + 20, 12);
}

void world_balance(const uint8_t address[20], uint8_t balance[32]) {
    memset(balance, 0, 32);
    memcpy(balance + 24, address + 12, 8);
}

uint64_t world_nonce(const uint8_t address[20]) { return (uint64_t)address[18] << 8 | address[19]; }

int world_serve_one(ForkBackendHandle fork) {
    static const size_t params_size = 1 << 16;
    uint64_t id;
    size_t method_len, params_len;
    char method[64], *params = allocate(params_size);
    int status =
        fork_backend_next_request(fork, &id, method, sizeof method, &method_len, params, params_size, &params_len);
    if (status == STATE_MANAGER_SUCCESS) {
        char *result = world_result(method, params);
        OK(fork_backend_continue(fork, id, (const uint8_t *)result, strlen(result)));
        free(result);
    } else {
        CHECK_STATUS(status, STATE_MANAGER_ERROR_NO_PENDING_REQUEST);
    }
    free(params);
    return status == STATE_MANAGER_SUCCESS;
}

static void count_call(void *rpc_client) {
    if (rpc_client != NULL) __atomic_fetch_add((unsigned *)rpc_client, 1, __ATOMIC_RELAXED);
}

int world_request(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    count_call(rpc_client);
    char *result = world_result(method, params);
    int status = fork_reply_body(reply, (const uint8_t *)result, strlen(result));
    free(result);
    return status;
}

int world_send(void *rpc_client, const char *body, size_t body_len, uint64_t timeout_ms, ForkReplyHandle reply) {
    count_call(rpc_client);
    CHECK(strlen(body) == body_len && timeout_ms > 0);
    char *answer = world_answer(body);
    int status = fork_reply_body(reply, (const uint8_t *)answer, strlen(answer));
    free(answer);
    return status;
}

ForkBackendHandle world_open(const ForkRpcVtable *vtable, void *rpc_client) {
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork = NULL;
    options.rpc_vtable = vtable;
    options.rpc_client = rpc_client;
    OK(fork_backend_open(&options, &fork));
    return fork;
}
