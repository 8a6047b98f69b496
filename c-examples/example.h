/* What all examples share: a failed call prints its status and text, and ends the program. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <worldstate.h>

/* Goes on when `status` is 0. `handle` is the one that was called; NULL for a call that had none. */
static void check(const void *handle, int status) {
    char text[1024] = "";
    size_t len;
    if (status == STATE_MANAGER_SUCCESS) return;
    worldstate_last_error(handle, text, sizeof text, &len);
    fprintf(stderr, "%s: %s\n", worldstate_error_name(status), text);
    exit(1);
}

/* As check, for functions that return a handle. Returns the handle. */
static void *check_handle(void *handle) {
    char text[1024] = "";
    size_t len;
    if (handle != NULL) return handle;
    worldstate_last_error(NULL, text, sizeof text, &len);
    fprintf(stderr, "%s\n", text);
    exit(1);
}

#endif
