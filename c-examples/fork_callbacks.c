/* The library asks, a function of ours answers, blocking: for programs that have an HTTP client, with its proxies and
 * certificates, and want the library to use it.
 *
 *     fork_callbacks URL [CONTRACT]
 */
#include "example.h"
#include "http_post.h"

/* Whatever the callback needs. It comes along as the first argument. */
typedef struct Client {
    const char *url;
    int posts;
} Client;

/* Leaves the node's answer, or why there is none. Retries are the library's business. With several threads reading, it
 * is called by several at once: this program has one. */
static int send_body(void *rpc_client, const char *body, size_t body_len, uint64_t timeout_ms, ForkReplyHandle reply) {
    Client *client = rpc_client;
    Answer answer = http_post(client->url, body, body_len, (long)timeout_ms);
    client->posts++;
    if (answer.body == NULL) {
        fork_reply_fail(reply, 0, 0, answer.error);
    } else if (answer.http_status != 200) {
        fork_reply_fail(reply, (uint16_t)answer.http_status, 0, "not 200");
    } else {
        fork_reply_body(reply, (const uint8_t *)answer.body, answer.len);
    }
    free(answer.body);
    return 0;
}

int main(int argc, char **argv) {
    const char *contract = argc > 2 ? argv[2] : "0x5fbdb2315678afecb367f032d93f642f64180aa3";
    Client client = {NULL, 0};
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork;
    StateManagerHandle state;
    char text[67];
    int status;

    if (argc < 2) return fprintf(stderr, "usage: fork_callbacks URL [CONTRACT]\n"), 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client.url = argv[1];
    vtable.send = send_body;
    options.rpc_client = &client; /* stays ours; must live until fork and states are destroyed */
    options.rpc_vtable = &vtable; /* copied */
    options.max_attempts = 2;
    check(NULL, fork_backend_open(&options, &fork));
    state = check_handle(state_manager_create_with_fork(fork));
    fork_backend_destroy(fork); /* the state keeps what is behind the handle */

    check(state, state_manager_get_storage_sync(state, contract, "0x0", text, sizeof text));
    printf("slot 0   %s\n", text);
    check(state, state_manager_get_balance_sync(state, contract, text, sizeof text));
    printf("balance  %s\n", text);
    printf("posts    %d\n", client.posts);

    /* When the node is out of reach the read fails, and nothing of the failure stays behind. */
    client.url = "http://127.0.0.1:1";
    status = state_manager_get_storage_sync(state, contract, "0x1", text, sizeof text);
    printf("no node  %s after %d posts\n", worldstate_error_name(status), client.posts);
    client.url = argv[1];
    check(state, state_manager_get_storage_sync(state, contract, "0x1", text, sizeof text));
    printf("slot 1   %s\n", text);

    state_manager_destroy(state);
    curl_global_cleanup();
    return 0;
}
