/* A small chain, every value of which follows from its place:
 *   balance of A         = the last 8 bytes of A
 *   nonce of A           = the last 2 bytes of A
 *   code of every A      = 0x6001600255
 *   slot S of A          = the 20 bytes of A, then the last 12 bytes of S
 *   hash of block N      = 0xb10c…, with N in its last 8 bytes
 * Chain id 0x7e57; the latest block is 100. */
#ifndef WORLD_H
#define WORLD_H

#include "worldstate.h"

#include <stddef.h>
#include <stdint.h>

#define WORLD_CODE_LEN 5
extern const uint8_t WORLD_CODE[WORLD_CODE_LEN];
#define WORLD_CHAIN_ID 0x7e57u
#define WORLD_BLOCK 100u

/* The JSON result of a request, to be freed. */
char *world_result(const char *method, const char *params);
/* A whole JSON-RPC answer to a request object or batch, in reverse order, to be freed. */
char *world_answer(const char *body);

/* What the chain has. */
void world_address(unsigned number, uint8_t address[20]);
void world_slot(unsigned number, uint8_t slot[32]);
void world_value(const uint8_t address[20], const uint8_t slot[32], uint8_t value[32]);
void world_balance(const uint8_t address[20], uint8_t balance[32]);
uint64_t world_nonce(const uint8_t address[20]);

/* Answers one request of a fork whose host is the test: next_request, continue. Whether there was one. */
int world_serve_one(ForkBackendHandle fork);

/* Callbacks that answer from the world; rpc_client is NULL or an unsigned that counts the calls. */
int world_request(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply);
int world_send(void *rpc_client, const char *body, size_t body_len, uint64_t timeout_ms, ForkReplyHandle reply);
extern const ForkRpcVtable WORLD_REQUEST, WORLD_SEND;

/* A fork pinned to the latest block of the world. */
ForkBackendHandle world_open(const ForkRpcVtable *vtable, void *rpc_client);

#endif
