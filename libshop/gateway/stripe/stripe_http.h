/* SPDX-License-Identifier: MIT */
/*
 * Exchanges with Stripe over HTTP: kept connections, time limits, and repetitions as Stripe's own clients make them. What the answers
 * mean is told elsewhere (stripe_read.h). Any number of threads may exchange at once.
 */
#ifndef SHOP_GATEWAY_STRIPE_HTTP_H
#define SHOP_GATEWAY_STRIPE_HTTP_H

#include <shop/sys/gateway.h>

typedef struct shop_stripe_client shop_stripe_client;

#define SHOP_STRIPE_API_VERSION "2026-08-26.dahlia"
#define SHOP_STRIPE_ANSWER_MAX (1024u * 1024u)

typedef struct shop_stripe_request {
    const char *path; /* with its query, from "/v1/" on */
    const char *form; /* NULL: a GET */
    const char *key; /* of a POST: 1..255 visible ASCII */
    int64_t deadline; /* as in shop_gateway_call */
} shop_stripe_request;

typedef enum shop_stripe_advice {
    SHOP_STRIPE_NO_ADVICE,
    SHOP_STRIPE_REPEAT,
    SHOP_STRIPE_DO_NOT_REPEAT,
} shop_stripe_advice;

typedef struct shop_stripe_answer {
    long status; /* 0: there was none */
    char *body; /* NUL-terminated; NULL when empty */
    size_t length;
    int is_too_long; /* the body was more than SHOP_STRIPE_ANSWER_MAX, and dropped */
    int is_replay; /* of an earlier answer to the same key */
    shop_stripe_advice advice;
    int32_t retry_after; /* seconds; 0: not said */
    char request_id[64];
    char failure[128]; /* why there was none */
} shop_stripe_answer;

/* Does the host's settings hold? SHOP_GATEWAY_OK, or MISCONFIGURED with a message, or NO_MEMORY. Calls nobody. */
int32_t shop_stripe_client_open(const shop_gateway_host *host, shop_stripe_client **out, shop_gateway_fault *fault);
void shop_stripe_client_close(shop_stripe_client *client); /* NULL is fine */

/*
 * SHOP_GATEWAY_OK: a whole answer, whatever its status. SHOP_GATEWAY_AWAY: none; SHOP_GATEWAY_MISCONFIGURED: the key cannot be sent;
 * answer->failure says why. SHOP_GATEWAY_NO_MEMORY.
 * The answer is to be freed in any case.
 */
int32_t shop_stripe_exchange(shop_stripe_client *client, const shop_stripe_request *request, shop_stripe_answer *answer);
void shop_stripe_answer_free(shop_stripe_answer *answer);

#endif
