/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the reading of Stripe's answers: a byte that says which status it came with, then the body. What is read is whole, what is not is
 * not said to be, and no fault shows a key or a text that is no text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../libshop/core/arena.h"
#include "../../libshop/core/text.h"
#include "../../libshop/gateway/stripe/stripe_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const long statuses[] = {200, 201, 302, 400, 401, 402, 403, 404, 409, 424, 429, 500, 502, 503};

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    require(length < size && shop_text_is_line(text, length) && !strstr(text, "sk_live_") && !strstr(text, "rk_test_"));
}

static void check_fault(const shop_gateway_fault *fault, int32_t outcome)
{
    require(fault->outcome == outcome);
    check_text(fault->code, sizeof fault->code);
    check_text(fault->decline_code, sizeof fault->decline_code);
    check_text(fault->message, sizeof fault->message);
    check_text(fault->detail, sizeof fault->detail);
}

static void check_objects(const shop_gateway_call *call, const shop_json_value *document)
{
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_gateway_intent intent;
    shop_gateway_refund refund;
    shop_gateway_dispute dispute;
    shop_stripe_list list;
    int32_t outcome = shop_stripe_read_intent(call, document, &intent, &fault);
    check_fault(&fault, outcome);
    require(outcome == SHOP_GATEWAY_AWAY ||
            (intent.id[0] && intent.status && intent.currency && intent.amount >= 0 && intent.failure_message));
    outcome = shop_stripe_read_refund(call, document, &refund, &fault);
    check_fault(&fault, outcome);
    require(outcome == SHOP_GATEWAY_AWAY || (refund.id[0] && refund.status && refund.intent[0] && refund.amount >= 0));
    outcome = shop_stripe_read_dispute(call, document, &dispute, &fault);
    check_fault(&fault, outcome);
    require(outcome == SHOP_GATEWAY_AWAY || (dispute.id[0] && dispute.status && dispute.intent && dispute.amount >= 0));
    fault.outcome = SHOP_GATEWAY_OK;
    outcome = shop_stripe_read_list(document, &list, &fault);
    check_fault(&fault, outcome);
    require(outcome == SHOP_GATEWAY_AWAY || !list.has_more || (list.count > 0 && list.last));
    for (size_t i = 0; outcome == SHOP_GATEWAY_OK && i < list.count; i++) {
        (void)shop_stripe_has_tag(shop_json_at(list.data, i), "tag-1");
        (void)shop_stripe_read_intent(call, shop_json_at(list.data, i), &intent, &fault);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static shop_arena *arena;
    if (size < 1 || (!arena && !(arena = shop_arena_new())))
        return 0;
    shop_arena_reset(arena);
    shop_gateway_call call = {.struct_size = sizeof call, .alloc = shop_arena_alloc_for_storage, .arena = arena};
    shop_stripe_answer answer = {.status = statuses[data[0] % (sizeof statuses / sizeof statuses[0])],
                                 .is_replay = data[0] & 0x80,
                                 .request_id = "req_1"};
    shop_gateway_fault fault = {.outcome = SHOP_GATEWAY_OK};
    shop_json_value *document = NULL;
    int32_t outcome = shop_stripe_read_document((const char *)data + 1, size - 1, &document, &fault);
    check_fault(&fault, outcome);
    require((outcome == SHOP_GATEWAY_OK) == (document != NULL));
    if (document)
        check_objects(&call, document);
    if (answer.status >= 300) {
        outcome = shop_stripe_read_error(&answer, document, &fault);
        check_fault(&fault, outcome);
        require(outcome != SHOP_GATEWAY_OK && outcome != SHOP_GATEWAY_NO_MEMORY);
        require(outcome != SHOP_GATEWAY_DECLINED || answer.status < 500);
    }
    shop_json_free(document);
    return 0;
}
