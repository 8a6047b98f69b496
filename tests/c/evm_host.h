/* What the tests of the executor share: programs, and a host that answers everything from the world. */
#ifndef EVM_HOST_H
#define EVM_HOST_H

#include "check.h"
#include "world.h"

enum { CODE_MAX = 1024, PAYLOAD_MAX = 20 + CODE_MAX };

/* The code of `text`: names of opcodes, numbers (pushed), @N (pushes address N of the world), `bytes N` (N ignored bytes). */
struct code {
    uint8_t bytes[CODE_MAX];
    size_t length;
};
struct code assemble(const char *text);

/* Accounts with these codes; every other account of the world has none. Balances, nonces and slots are the world's. */
struct program {
    unsigned account;
    const char *text;
};

/* Number of the account that sends, and of the one that is called. Both are local where evm_on says so. */
enum { SENDER = 1, CONTRACT = 2 };

/* An executor over a new local state with SENDER and CONTRACT, which has the program; what else it needs it asks for. */
struct evm {
    StateManagerHandle state;
    EvmHandle handle;
};
#define EVM_HOST_BLOCK "{\"number\":\"0x64\",\"timestamp\":\"0x65000000\"}"
struct evm evm_with(const char *program, const EvmOptions *options);
/* The same over a state of the caller. */
EvmHandle evm_over(StateManagerHandle state, uint32_t flags);
void evm_end(struct evm *evm);
/* The number of things asked for now. */
size_t pending_count(EvmHandle handle);
/* What is executed next: CONTRACT called by SENDER, with `gas`. */
void set_call(EvmHandle handle, uint64_t gas);
/* The executor with everything remote but what the message itself says. */
struct evm evm_remote(const EvmOptions *options);

/* The answer of the world to one need: its length; the continue type to `type`. `programs` ends with one without text. */
size_t world_payload(const AsyncRequest *need, const struct program *programs, uint8_t payload[PAYLOAD_MAX], uint8_t *type);
/* Answers with it and goes on. */
int serve_need(EvmHandle handle, const struct program *programs, AsyncRequest *request);
/* Whether the request is a question. */
int is_need(const AsyncRequest *request);
/* Answers until nothing is asked: how often that was. */
unsigned serve_all(EvmHandle handle, const struct program *programs, AsyncRequest *request);
/* Begins, and answers until the host's precompiled contract is called. */
void run_to_precompile(EvmHandle handle, AsyncRequest *request);
/* Begins, answers everything, and ends ready to commit. */
unsigned run_to_end(EvmHandle handle, const struct program *programs);

int is_request(const AsyncRequest *request, uint8_t type, const uint8_t *address, const uint8_t *slot);
/* Texts of the executor, to be freed. */
typedef int text_getter(EvmHandle handle, char *buf, size_t buf_size, size_t *out_len);
char *text_of(EvmHandle handle, text_getter *getter);
/* Result and changes in one text, to be freed. */
char *all_of(EvmHandle handle);
/* The first word of the output. */
uint64_t output_number(EvmHandle handle);
/* The number in the last 8 bytes of a word. */
uint64_t low_number(const uint8_t word[32]);
void word_of(uint64_t number, uint8_t word[32]);

/* A program that asks for every kind of value, with calls three deep, and what it calls. */
extern const char TOUR[];
extern const struct program TOUR_PROGRAMS[];
extern const struct program NO_PROGRAMS[];

#endif
