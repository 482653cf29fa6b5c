/* SPDX-License-Identifier: MIT */
/*
 * Payments: one an order, made at a payment gateway.
 *
 * The gateway is never called while storage is being changed. What is intended is recorded first, with the key under which the
 * gateway is asked; then the gateway is called; then its answer is recorded. Whatever a crash leaves in between is finished by
 * shop_jobs_run. A payment only moves forward:
 *
 *   pending → processing → succeeded → partially_refunded → refunded;  pending, processing → failed → (tried again);  → cancelled
 *
 * Customers see their own payments, staff and SHOP_ACTOR_SYSTEM all of them; others' are SHOP_NOT_FOUND ("payment_not_found").
 *
 * All functions: handles and texts they return live in the context. Besides what is said with each they return SHOP_MISUSE
 * (wrong struct_size), SHOP_UNAUTHENTICATED, SHOP_NO_MEMORY, SHOP_UNAVAILABLE (storage or gateway: the same call continues where it
 * stopped), SHOP_GATEWAY, SHOP_BUSY. Changes take an idempotency key. A context is used by one thread at a time; accessors may be
 * called by any thread.
 */
#ifndef SHOP_PAYMENT_H
#define SHOP_PAYMENT_H

#include <shop/base.h>
#include <shop/type.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct shop_payment shop_payment;
typedef struct shop_intent shop_intent;
typedef struct shop_payment_config shop_payment_config;
typedef struct shop_payment_statistics shop_payment_statistics;

/* ------------------------------------------------------------------------------------------------ a payment */

SHOP_API int64_t shop_payment_id(const shop_payment *payment);
SHOP_API int64_t shop_payment_order_id(const shop_payment *payment);
SHOP_API const char *shop_payment_order_status(const shop_payment *payment);
/* The gateway's name of it; NULL before it was created there. */
SHOP_API const char *shop_payment_intent_id(const shop_payment *payment);
SHOP_API const char *shop_payment_status(const shop_payment *payment);
SHOP_API int64_t shop_payment_amount(const shop_payment *payment); /* minor units of its currency */
SHOP_API int64_t shop_payment_amount_refunded(const shop_payment *payment); /* given back, or on its way back */
SHOP_API const char *shop_payment_currency(const shop_payment *payment); /* three lower-case letters */
SHOP_API const char *shop_payment_failure_message(const shop_payment *payment); /* for the customer; "" when there is none */
/* How the payer's last complaint with the bank stands, in the gateway's words ("needs_response", "won", …); NULL when there is none. */
SHOP_API const char *shop_payment_dispute_status(const shop_payment *payment);
SHOP_API int64_t shop_payment_created_at(const shop_payment *payment);
SHOP_API int64_t shop_payment_updated_at(const shop_payment *payment);

/* SHOP_NOT_FOUND. */
SHOP_API shop_status shop_payment_get(shop_ctx *cx, int64_t id, const shop_payment **out);

/* The payment of an order; SHOP_NOT_FOUND also when it has none. */
SHOP_API shop_status shop_payment_of_order(shop_ctx *cx, int64_t order_id, const shop_payment **out);

typedef struct shop_payment_filter {
    size_t struct_size;
    const char *status;
    int64_t page;
    int64_t page_size;
    const char *cursor;
} shop_payment_filter;

#define SHOP_PAYMENT_FILTER_INIT                                                                                               \
    {                                                                                                                          \
        sizeof(shop_payment_filter), NULL, SHOP_UNSET, SHOP_UNSET, NULL                                                        \
    }
SHOP_API void shop_payment_filter_init(shop_payment_filter *filter);

/* Payments, newest first: the actor's own, or everybody's for staff. SHOP_INVALID, SHOP_NOT_FOUND ("page_not_found"). */
SHOP_API shop_status shop_payment_list(shop_ctx *cx, const shop_payment_filter *filter, const shop_page **out);

/* Item i of a page of payments; NULL beyond the end. */
SHOP_API const shop_payment *shop_payment_at(const shop_page *page, size_t i);

/* ------------------------------------------------------------------------------------------------ paying */

SHOP_API const shop_payment *shop_intent_payment(const shop_intent *intent);
SHOP_API const char *shop_intent_client_secret(const shop_intent *intent);
SHOP_API const char *shop_intent_publishable_key(const shop_intent *intent);

typedef struct shop_intent_input {
    size_t struct_size;
    int64_t order_id;
    const char *currency; /* must be the order's, when given */
    const char *
        idempotency_key; /* as shop_ctx_set_idempotency_key, for clients that cannot send a header; ignored when that was called */
} shop_intent_input;

#define SHOP_INTENT_INPUT_INIT                                                                                                 \
    {                                                                                                                          \
        sizeof(shop_intent_input), SHOP_UNSET, NULL, NULL                                                                      \
    }
SHOP_API void shop_intent_input_init(shop_intent_input *in);

/*
 * Begins to pay an own, pending order: makes the payment at the gateway, or returns the one that is open.
 * SHOP_INVALID ("nothing_to_pay" for an order over nothing); SHOP_NOT_FOUND ("order_not_found"); SHOP_CONFLICT ("already_paid",
 * "order_not_payable").
 */
SHOP_API shop_status shop_payment_create_intent(shop_ctx *cx, const shop_intent_input *in, const shop_intent **out);

typedef struct shop_confirm_input {
    size_t struct_size;
    int64_t payment_id; /* this one … */
    const char *payment_intent_id; /* … or this one must be given */
    const char *payment_method; /* confirm with it; NULL: only ask the gateway how it stands */
} shop_confirm_input;

#define SHOP_CONFIRM_INPUT_INIT                                                                                                \
    {                                                                                                                          \
        sizeof(shop_confirm_input), SHOP_UNSET, NULL, NULL                                                                     \
    }
SHOP_API void shop_confirm_input_init(shop_confirm_input *in);

/*
 * Confirms a payment at the gateway, or fetches its state. SHOP_INVALID; SHOP_NOT_FOUND; SHOP_DECLINED ("card_declined", with the
 * message for the customer; the payment is failed and may be tried again); SHOP_CONFLICT ("payment_not_ready").
 */
SHOP_API shop_status shop_payment_confirm(shop_ctx *cx, const shop_confirm_input *in, const shop_payment **out);

typedef struct shop_sync_input {
    size_t struct_size;
    const char *payment_intent_id; /* "pi_…" */
} shop_sync_input;

#define SHOP_SYNC_INPUT_INIT                                                                                                   \
    {                                                                                                                          \
        sizeof(shop_sync_input), NULL                                                                                          \
    }
SHOP_API void shop_sync_input_init(shop_sync_input *in);

/* Fetches a payment's state from the gateway and applies it. SHOP_INVALID, SHOP_NOT_FOUND. */
SHOP_API shop_status shop_payment_sync(shop_ctx *cx, const shop_sync_input *in, const shop_payment **out);

/* ------------------------------------------------------------------------------------------------ giving up, giving back */

typedef struct shop_payment_cancel_input {
    size_t struct_size;
    int64_t payment_id;
} shop_payment_cancel_input;

#define SHOP_PAYMENT_CANCEL_INPUT_INIT                                                                                         \
    {                                                                                                                          \
        sizeof(shop_payment_cancel_input), SHOP_UNSET                                                                          \
    }
SHOP_API void shop_payment_cancel_input_init(shop_payment_cancel_input *in);

/*
 * Cancels an own payment that is not made yet, at the gateway, and its order with it; the stock comes back. Once more does no harm.
 * SHOP_INVALID; SHOP_NOT_FOUND; SHOP_FORBIDDEN (staff: cancel the order instead); SHOP_CONFLICT ("payment_not_cancellable").
 */
SHOP_API shop_status shop_payment_cancel(shop_ctx *cx, const shop_payment_cancel_input *in, const shop_payment **out);

typedef struct shop_refund_input {
    size_t struct_size;
    int64_t payment_id;
    int64_t amount; /* minor units, from 1; SHOP_UNSET: all that is left */
    const char *reason; /* duplicate, fraudulent, requested_by_customer */
} shop_refund_input;

#define SHOP_REFUND_INPUT_INIT                                                                                                 \
    {                                                                                                                          \
        sizeof(shop_refund_input), SHOP_UNSET, SHOP_UNSET, NULL                                                                \
    }
SHOP_API void shop_refund_input_init(shop_refund_input *in);

/*
 * Gives money back: staff; the customer too where options.owner_refunds is set. Partial refunds add up and never exceed the amount: it is
 * reserved before the gateway is asked. SHOP_FORBIDDEN; SHOP_INVALID (field amount when it is more than is left); SHOP_NOT_FOUND;
 * SHOP_CONFLICT ("payment_not_refundable").
 */
SHOP_API shop_status shop_payment_refund(shop_ctx *cx, const shop_refund_input *in, const shop_payment **out);

/* ------------------------------------------------------------------------------------------------ the rest */

/* What a client needs to talk to the gateway. */
SHOP_API shop_status shop_payment_config_get(shop_ctx *cx, const shop_payment_config **out);
SHOP_API const char *shop_payment_config_publishable_key(const shop_payment_config *config);

/* The actor's own payments, counted. */
SHOP_API shop_status shop_payment_statistics_get(shop_ctx *cx, const shop_payment_statistics **out);
SHOP_API int64_t shop_payment_statistics_total_payments(const shop_payment_statistics *statistics);
/* Paid and not given back, in minor units. */
SHOP_API int64_t shop_payment_statistics_total_spent(const shop_payment_statistics *statistics);

/*
 * Takes a message of the gateway: `length` raw bytes and the value of its Stripe-Signature header. Each event is applied once, whatever
 * the order and number of its deliveries. Needs no actor. SHOP_INVALID ("invalid_signature", "invalid_event"); any other error: nothing
 * was recorded, the gateway should send it again.
 */
SHOP_API shop_status shop_payment_webhook(shop_ctx *cx, const char *body, size_t length, const char *signature);

#ifdef __cplusplus
}
#endif

#endif
