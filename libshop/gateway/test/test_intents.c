/* SPDX-License-Identifier: MIT */
/* The test gateway's side of the world: cards, intents, refunds, and the events that tell of them. */
#include "test_intents.h"

#include <string.h>

#include "../../core/json_write.h"

/* ------------------------------------------------------------------------------------------------ cards */

static const test_card cards[] = {
    {"pm_card_visa", "succeeded", "", ""},
    {"pm_card_visa_debit", "succeeded", "", ""},
    {"pm_card_mastercard", "succeeded", "", ""},
    {"pm_card_amex", "succeeded", "", ""},
    {"pm_card_discover", "succeeded", "", ""},
    {"pm_usBankAccount_processing", "processing", "", ""},
    {"pm_card_authenticationRequired", "requires_action", "", ""},
    {"pm_card_threeDSecure2Required", "requires_action", "", ""},
    {"pm_card_chargeDeclined", "requires_payment_method", "Your card was declined.", "generic_decline"},
    {"pm_card_chargeDeclinedInsufficientFunds", "requires_payment_method", "Your card has insufficient funds.",
     "insufficient_funds"},
    {"pm_card_chargeDeclinedLostCard", "requires_payment_method", "Your card was declined.", "lost_card"},
    {"pm_card_chargeDeclinedExpiredCard", "requires_payment_method", "Your card has expired.", "expired_card"},
    {"pm_card_chargeDeclinedIncorrectCvc", "requires_payment_method", "Your card's security code is incorrect.",
     "incorrect_cvc"},
    {"pm_card_chargeDeclinedProcessingError", "requires_payment_method",
     "An error occurred while processing your card. Try again in a little bit.", "processing_error"},
};

const test_card *shop_test_find_card(const char *method)
{
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++)
        if (strcmp(cards[i].method, method) == 0)
            return &cards[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ rows and events */

static void load_intent(const shop_rows *rows, test_intent *out)
{
    *out = (test_intent){
        .row = shop_row_int(rows, 0, TEST_INTENT_ID),
        .version = shop_row_int(rows, 0, TEST_INTENT_VERSION),
        .refunded = shop_row_int(rows, 0, TEST_INTENT_REFUNDED),
        .shown = {.id = shop_row_text(rows, 0, TEST_INTENT_NAME),
                  .client_secret = shop_row_text(rows, 0, TEST_INTENT_CLIENT_SECRET),
                  .status = shop_row_text(rows, 0, TEST_INTENT_STATUS),
                  .amount = shop_row_int(rows, 0, TEST_INTENT_AMOUNT),
                  .currency = shop_row_text(rows, 0, TEST_INTENT_CURRENCY),
                  .failure_message = shop_row_text(rows, 0, TEST_INTENT_FAILURE_MESSAGE)},
    };
}

/* Finds an intent by a unique text column; SHOP_NOT_FOUND when there is none. */
shop_status shop_test_find_intent(shop_ctx *cx, uint16_t column, const char *value, test_intent *out)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_TEST_INTENT);
    shop_where_text(q, column, SHOP_PRED_EQ, value);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    if (shop_query_rows(q, read)->count == 0)
        return shop_fail(cx, SHOP_NOT_FOUND, "intent_not_found", "The payment gateway knows no such payment intent.");
    load_intent(shop_query_rows(q, read), out);
    return SHOP_OK;
}

static shop_status write_event(shop_ctx *cx, const char *name, const char *type, const shop_gateway_intent *intent,
                               const char **body)
{
    shop_json_writer *w = &cx->json;
    size_t length;
    int is_charge = strncmp(type, "charge.", 7) == 0;
    shop_json_writer_reset(w);
    shop_json_object_begin(w);
    shop_json_key(w, "id");
    shop_json_write_string(w, name);
    shop_json_key(w, "object");
    shop_json_write_string(w, "event");
    shop_json_key(w, "type");
    shop_json_write_string(w, type);
    shop_json_key(w, "created");
    shop_json_write_int64(w, shop_now(cx->shop) / 1000000);
    shop_json_key(w, "data");
    shop_json_object_begin(w);
    shop_json_key(w, "object");
    shop_json_object_begin(w);
    shop_json_key(w, is_charge ? "payment_intent" : "id");
    shop_json_write_string(w, intent->id);
    shop_json_key(w, "object");
    shop_json_write_string(w, is_charge ? "charge" : "payment_intent");
    shop_json_key(w, "status");
    shop_json_write_string(w, is_charge ? "succeeded" : intent->status);
    shop_json_key(w, "amount");
    shop_json_write_int64(w, intent->amount);
    shop_json_key(w, "currency");
    shop_json_write_string(w, intent->currency);
    shop_json_object_end(w);
    shop_json_object_end(w);
    shop_json_object_end(w);
    return shop_json_take(cx, body, &length);
}

/* What happened is told in the batch that makes it happen. */
static shop_status add_event(shop_ctx *cx, shop_batch *b, const char *type, const shop_gateway_intent *intent)
{
    const char *hex = shop_random_hex(cx, 12);
    const char *name = hex ? shop_arena_printf(cx->arena, "evt_test_%s", hex) : NULL;
    const char *body = NULL;
    int64_t id = name ? shop_new_id(cx, TABLE_TEST_EVENT) : SHOP_UNSET;
    if (id == SHOP_UNSET)
        return name ? cx->status : shop_fail_no_memory(cx);
    shop_status status = write_event(cx, name, type, intent, &body);
    if (status != SHOP_OK)
        return status;
    int64_t now = shop_now(cx->shop);
    shop_batch_insert(b, TABLE_TEST_EVENT, id);
    shop_set_text(b, TEST_EVENT_NAME, name);
    shop_set_text(b, TEST_EVENT_BODY, body);
    shop_set_int(b, TEST_EVENT_ATTEMPTS, 0);
    shop_set_int(b, TEST_EVENT_DUE_AT, now);
    shop_set_int(b, TEST_EVENT_CREATED_AT, now);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ changes */

static void insert_intent(shop_ctx *cx, shop_batch *b, int64_t id, const test_call *c)
{
    const shop_gateway_intent *made = &c->found.shown;
    shop_batch_insert(b, TABLE_TEST_INTENT, id);
    shop_set_text(b, TEST_INTENT_NAME, made->id);
    shop_set_text(b, TEST_INTENT_KEY, c->key);
    shop_set_text(b, TEST_INTENT_STATUS, made->status);
    shop_set_int(b, TEST_INTENT_AMOUNT, made->amount);
    shop_set_int(b, TEST_INTENT_REFUNDED, 0);
    shop_set_text(b, TEST_INTENT_CURRENCY, made->currency);
    shop_set_text(b, TEST_INTENT_CLIENT_SECRET, made->client_secret);
    shop_set_text(b, TEST_INTENT_FAILURE_MESSAGE, "");
    shop_set_int(b, TEST_INTENT_VERSION, 1);
    shop_set_int(b, TEST_INTENT_CREATED_AT, shop_now(cx->shop));
    shop_set_text(b, TEST_INTENT_TAG, c->order->tag);
}

shop_status shop_test_create(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    test_call *c = args;
    (void)answer;
    shop_status status = shop_test_find_intent(cx, TEST_INTENT_KEY, c->key, &c->found);
    if (status != SHOP_NOT_FOUND)
        return status; /* the same key: the same intent */
    shop_ctx_begin(cx);
    const char *name = shop_random_hex(cx, 12);
    const char *secret = shop_random_hex(cx, 12);
    int64_t id = shop_new_id(cx, TABLE_TEST_INTENT);
    if (!name || !secret || id == SHOP_UNSET)
        return id == SHOP_UNSET ? cx->status : shop_fail_no_memory(cx);
    shop_gateway_intent *made = &c->found.shown;
    *made = (shop_gateway_intent){.id = shop_arena_printf(cx->arena, "pi_test_%s", name),
                                  .client_secret = shop_arena_printf(cx->arena, "pi_test_%s_secret_%s", name, secret),
                                  .status = "requires_payment_method",
                                  .amount = c->order->amount,
                                  .currency = c->order->currency,
                                  .failure_message = ""};
    if (!made->id || !made->client_secret)
        return shop_fail_no_memory(cx);
    insert_intent(cx, b, id, c);
    return add_event(cx, b, "payment_intent.created", made);
}

/* Moves an intent to another status, and tells it. */
static shop_status move_intent(shop_ctx *cx, shop_batch *b, test_intent *intent, const char *status, const char *message,
                               const char *event)
{
    intent->shown.status = status;
    intent->shown.failure_message = message;
    shop_batch_update(b, TABLE_TEST_INTENT, 1);
    shop_set_text(b, TEST_INTENT_STATUS, status);
    shop_set_text(b, TEST_INTENT_FAILURE_MESSAGE, message);
    shop_set_add(b, TEST_INTENT_VERSION, 1);
    shop_guard_int(b, TEST_INTENT_ID, SHOP_PRED_EQ, intent->row);
    shop_guard_int(b, TEST_INTENT_VERSION, SHOP_PRED_EQ, intent->version);
    return add_event(cx, b, event, &intent->shown);
}

static int is_confirmable(const char *status)
{
    return strcmp(status, "requires_payment_method") == 0 || strcmp(status, "requires_confirmation") == 0 ||
           strcmp(status, "requires_action") == 0;
}

static const char *event_of(const test_card *card)
{
    if (card->message[0])
        return "payment_intent.payment_failed";
    if (strcmp(card->status, "succeeded") == 0)
        return "payment_intent.succeeded";
    return strcmp(card->status, "processing") == 0 ? "payment_intent.processing" : "payment_intent.requires_action";
}

shop_status shop_test_confirm(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    test_call *c = args;
    (void)answer;
    shop_status status = shop_test_find_intent(cx, TEST_INTENT_NAME, c->intent, &c->found);
    if (status != SHOP_OK || strcmp(c->found.shown.status, "succeeded") == 0)
        return status;
    if (!is_confirmable(c->found.shown.status))
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_confirmable", "This payment is %s and cannot be confirmed.",
                         c->found.shown.status);
    return move_intent(cx, b, &c->found, c->card->status, c->card->message, event_of(c->card));
}

shop_status shop_test_cancel(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    test_call *c = args;
    (void)answer;
    shop_status status = shop_test_find_intent(cx, TEST_INTENT_NAME, c->intent, &c->found);
    if (status != SHOP_OK || strcmp(c->found.shown.status, "canceled") == 0)
        return status;
    if (!is_confirmable(c->found.shown.status))
        return shop_fail(cx, SHOP_CONFLICT, "payment_not_cancellable", "This payment is %s and cannot be cancelled.",
                         c->found.shown.status);
    return move_intent(cx, b, &c->found, "canceled", "", "payment_intent.canceled");
}

void shop_test_load_refund(const shop_rows *rows, uint32_t i, shop_gateway_refund *out)
{
    const char *tag = shop_row_text(rows, i, TEST_REFUND_TAG);
    *out = (shop_gateway_refund){.id = shop_row_text(rows, i, TEST_REFUND_NAME),
                                 .intent = shop_row_text(rows, i, TEST_REFUND_INTENT),
                                 .status = "succeeded",
                                 .tag = tag && tag[0] ? tag : NULL,
                                 .amount = shop_row_int(rows, i, TEST_REFUND_AMOUNT)};
}

static shop_status find_refund(shop_ctx *cx, test_call *c, int *found)
{
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_TEST_REFUND);
    shop_where_text(q, TEST_REFUND_KEY, SHOP_PRED_EQ, c->key);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    *found = rows->count > 0;
    if (*found)
        shop_test_load_refund(rows, 0, &c->refund);
    return SHOP_OK;
}

static void insert_refund(shop_ctx *cx, shop_batch *b, int64_t id, const test_call *c)
{
    shop_batch_insert(b, TABLE_TEST_REFUND, id);
    shop_set_text(b, TEST_REFUND_NAME, c->refund.id);
    shop_set_text(b, TEST_REFUND_KEY, c->key);
    shop_set_text(b, TEST_REFUND_INTENT, c->refund.intent);
    shop_set_int(b, TEST_REFUND_AMOUNT, c->refund.amount);
    shop_set_int(b, TEST_REFUND_CREATED_AT, shop_now(cx->shop));
    shop_set_text(b, TEST_REFUND_TAG, c->refund.tag ? c->refund.tag : "");
    shop_batch_update(b, TABLE_TEST_INTENT, 1);
    shop_set_add(b, TEST_INTENT_REFUNDED, c->refund.amount);
    shop_set_add(b, TEST_INTENT_VERSION, 1);
    shop_guard_int(b, TEST_INTENT_ID, SHOP_PRED_EQ, c->found.row);
    shop_guard_column(b, TEST_INTENT_REFUNDED, SHOP_PRED_LE, TEST_INTENT_AMOUNT, -c->refund.amount);
}

shop_status shop_test_refund(shop_ctx *cx, void *args, shop_batch *b, const void **answer)
{
    test_call *c = args;
    int found = 0;
    (void)answer;
    /* The intent first: whoever spent its money under this key is then found by the key, and never taken for somebody else. */
    shop_status status = shop_test_find_intent(cx, TEST_INTENT_NAME, c->what->intent, &c->found);
    if (status == SHOP_OK)
        status = find_refund(cx, c, &found);
    if (status != SHOP_OK || found)
        return status;
    const shop_gateway_intent *intent = &c->found.shown;
    if (strcmp(intent->status, "succeeded") != 0 || c->what->amount > intent->amount - c->found.refunded)
        return shop_fail(cx, SHOP_CONFLICT, "refund_refused", "The payment gateway has not that much money of this payment.");
    const char *hex = shop_random_hex(cx, 12);
    int64_t id = shop_new_id(cx, TABLE_TEST_REFUND);
    c->refund = (shop_gateway_refund){.id = hex ? shop_arena_printf(cx->arena, "re_test_%s", hex) : NULL,
                                      .intent = c->what->intent,
                                      .status = "succeeded",
                                      .tag = c->what->tag,
                                      .amount = c->what->amount};
    if (!c->refund.id || id == SHOP_UNSET)
        return id == SHOP_UNSET ? cx->status : shop_fail_no_memory(cx);
    insert_refund(cx, b, id, c);
    return add_event(cx, b, "charge.refunded", intent);
}
