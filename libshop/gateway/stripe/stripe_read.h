/* SPDX-License-Identifier: MIT */
/*
 * Reading Stripe's answers. Unknown members and words are let be; an answer that is not what was asked for is no answer:
 * SHOP_GATEWAY_AWAY, and fault->detail says what is wrong. Texts are copied into the call's memory.
 */
#ifndef SHOP_GATEWAY_STRIPE_READ_H
#define SHOP_GATEWAY_STRIPE_READ_H

#include <shop/sys/gateway.h>

#include "../../core/json_read.h"
#include "stripe_http.h"

/* Parses a body. *document NULL and AWAY when it is no JSON object; NO_MEMORY. To be freed with shop_json_free. */
int32_t shop_stripe_read_document(const char *body, size_t length, shop_json_value **document, shop_gateway_fault *fault);

int32_t shop_stripe_read_intent(const shop_gateway_call *call, const shop_json_value *object, shop_gateway_intent *out,
                                shop_gateway_fault *fault);
int32_t shop_stripe_read_refund(const shop_gateway_call *call, const shop_json_value *object, shop_gateway_refund *out,
                                shop_gateway_fault *fault);
int32_t shop_stripe_read_dispute(const shop_gateway_call *call, const shop_json_value *object, shop_gateway_dispute *out,
                                 shop_gateway_fault *fault);

typedef struct shop_stripe_list {
    const shop_json_value *data; /* an array; lives as the document */
    size_t count;
    int has_more;
    const char *last; /* id of the last one, to go on from; NULL when there are none */
} shop_stripe_list;

int32_t shop_stripe_read_list(const shop_json_value *object, shop_stripe_list *out, shop_gateway_fault *fault);

/* Whether an object of the list was made under this tag. */
int shop_stripe_has_tag(const shop_json_value *object, const char *tag);

/* What an answer means that is no success: fills the fault and returns its outcome. `document` may be NULL. */
int32_t shop_stripe_read_error(const shop_stripe_answer *answer, const shop_json_value *document, shop_gateway_fault *fault);

#endif
