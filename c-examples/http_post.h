/* For the examples that carry requests themselves: one POST with libcurl. */
#ifndef HTTP_POST_H
#define HTTP_POST_H

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

typedef struct Answer {
    char *body; /* to be freed by the caller; NULL when the connection failed */
    size_t len;
    long http_status;
    char error[CURL_ERROR_SIZE];
} Answer;

static size_t append(char *piece, size_t size, size_t count, void *to) {
    Answer *answer = to;
    char *grown = realloc(answer->body, answer->len + size * count + 1);
    if (grown == NULL) return 0;
    memcpy(grown + answer->len, piece, size * count);
    answer->body = grown;
    answer->len += size * count;
    return size * count;
}

/* POSTs `len` bytes of JSON. `timeout_ms` 0 stands for none. */
static Answer http_post(const char *url, const char *json, size_t len, long timeout_ms) {
    Answer answer = {0};
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer.error);
    if (curl_easy_perform(curl) == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.http_status);
    } else {
        free(answer.body);
        answer.body = NULL;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return answer;
}

#endif
