/* The host does the I/O. A read never blocks: it gives RPC_PENDING and leaves a request, which the program carries with
 * whatever it has (here libcurl), and which it need not understand. This is how an event loop uses the library.
 *
 *     fork_host URL [CONTRACT]
 */
#include "example.h"
#include "http_post.h"

/* Carries everything that is queued: bodies go out as they are, answers come back as they are. */
static void serve(ForkBackendHandle fork, const char *url) {
    static char body[1 << 16]; /* one that does not fit stays queued: OUTPUT_TOO_SMALL, with its length in `len` */
    uint64_t batch;
    size_t len, count;
    for (;;) {
        int status = fork_backend_next_batch(fork, 0, &batch, body, sizeof body, &len, &count);
        Answer answer;
        if (status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST) return;
        check(fork, status);
        printf("  POST with %zu request%s\n", count, count == 1 ? "" : "s");
        answer = http_post(url, body, len, 10000);
        if (answer.body != NULL && answer.http_status == 200) {
            status = fork_backend_continue_batch(fork, batch, (const uint8_t *)answer.body, answer.len);
        } else {
            /* What may pass is queued again; what may not, and the last attempt, is the next read's error. */
            const char *why = answer.body != NULL ? "not 200" : answer.error;
            status = fork_backend_fail_batch(fork, batch, answer.http_status, why);
        }
        check(fork, status);
        free(answer.body);
    }
}

/* Whether a read has to be repeated. */
static int waits(StateManagerHandle state, int status) {
    if (status == STATE_MANAGER_ERROR_RPC_PENDING) return 1;
    check(state, status);
    return 0;
}

int main(int argc, char **argv) {
    const char *contract = argc > 2 ? argv[2] : "0x5fbdb2315678afecb367f032d93f642f64180aa3";
    const char *slots[] = {"0x0", "0x1", "0x2"};
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT; /* neither url nor callbacks: the host carries */
    ForkBackendHandle fork;
    StateManagerHandle states[3];
    char text[67], balance[67];
    int i, waiting, round;

    if (argc < 2) return fprintf(stderr, "usage: fork_host URL [CONTRACT]\n"), 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    check(NULL, fork_backend_open(&options, &fork));
    for (i = 0; i < 3; i++) states[i] = check_handle(state_manager_create_with_fork(fork));

    /* Three states read before anything is served: what they want goes out together. */
    for (round = 1, waiting = 3; waiting > 0 && round < 10; round++) {
        for (i = 0, waiting = 0; i < 3; i++) {
            int slot = waits(states[i], state_manager_get_storage_sync(states[i], contract, slots[i], text, sizeof text));
            int account = waits(states[i], state_manager_get_balance_sync(states[i], contract, balance, sizeof balance));
            waiting += slot || account;
        }
        printf("round %d: %d of 3 states wait\n", round, waiting);
        serve(fork, argv[1]);
    }

    for (i = 0; i < 3; i++) {
        check(states[i], state_manager_get_storage_sync(states[i], contract, slots[i], text, sizeof text));
        printf("state %d reads slot %s: %s\n", i, slots[i], text);
        state_manager_destroy(states[i]);
    }
    fork_backend_destroy(fork);
    curl_global_cleanup();
    return 0;
}
