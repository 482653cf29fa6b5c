/* SPDX-License-Identifier: MIT */
/* Payments from within: handles, and what the domain's files share. */
#ifndef SHOP_PAYMENT_PAYMENT_H
#define SHOP_PAYMENT_PAYMENT_H

#include <shop/payment.h>

#include "../gateway/gateway.h"
#include "../order/order_parts.h"
#include "../storage/page.h"
#include "../storage/store.h"
#include "payment_parts.h"

#define PAYMENT_PENDING "pending"
#define PAYMENT_PROCESSING "processing"
#define PAYMENT_SUCCEEDED "succeeded"
#define PAYMENT_FAILED "failed"
#define PAYMENT_CANCELLED "cancelled"
#define PAYMENT_PARTIALLY_REFUNDED "partially_refunded"
#define PAYMENT_REFUNDED_ALL "refunded"

#define QUIET_TIME (INT64_C(60) * 1000000) /* what is younger is somebody's work right now */

#define REFUND_PENDING "pending"
#define REFUND_SUCCEEDED "succeeded"
#define REFUND_FAILED "failed"

struct shop_payment {
    int64_t id;
    const shop_order_brief *order;
    const char *intent_id;
    const char *status;
    const char *status_display;
    int64_t amount;
    int64_t amount_refunded;
    const char *currency_code;
    const char *failure_message;
    int64_t is_successful;
    int64_t is_pending;
    int64_t is_failed;
    int64_t can_be_refunded;
    int64_t created_at;
    int64_t updated_at;
    const shop_currency *currency;
    int64_t user;
    int64_t version;
    const char *client_secret;
    const char *gateway_key;
};

struct shop_intent {
    const shop_payment *payment;
    const char *client_secret;
    const char *publishable_key;
};

struct shop_payment_config {
    const char *publishable_key;
};

struct shop_payment_statistics {
    int64_t total_payments;
    int64_t total_spent;
    int64_t pending;
    int64_t processing;
    int64_t succeeded;
    int64_t failed;
    int64_t cancelled;
    int64_t partially_refunded;
    int64_t refunded;
};

extern const shop_type shop_payment_type;
extern const shop_type shop_intent_type;
extern const shop_type shop_payment_config_type;
extern const shop_type shop_payment_statistics_type;
extern const shop_type shop_payment_filter_type;
extern const shop_type shop_intent_input_type;
extern const shop_type shop_confirm_input_type;
extern const shop_type shop_sync_input_type;
extern const shop_type shop_payment_cancel_input_type;
extern const shop_type shop_refund_input_type;

/* ------------------------------------------------------------------------------------------------ reading */

/* Which payment: one of the three. */
typedef struct payment_key {
    int64_t id;
    int64_t order;
    const char *intent;
} payment_key;

/* Reads a payment with its order, whoever asks. SHOP_NOT_FOUND. */
shop_status shop_payment_read(shop_ctx *cx, const payment_key *key, shop_payment **out);

/* The same, if the actor may see it. */
shop_status shop_payment_read_visible(shop_ctx *cx, const payment_key *key, shop_payment **out);

/* Sets what follows from status and amounts: status_display, is_…, can_be_refunded. */
void shop_payment_derive(shop_payment *p);

shop_status shop_payment_not_found(shop_ctx *cx);

/* ------------------------------------------------------------------------------------------------ changing */

/* The gateway's messages, each recorded once: whether it was, and recording it in a batch. */
shop_status shop_event_is_known(shop_ctx *cx, const char *event, int *known);
shop_status shop_event_add(shop_ctx *cx, shop_batch *b, const char *event, const char *type);

/* Begins an update of exactly this version of the payment; sets version and updated_at. */
void shop_payment_update(shop_ctx *cx, shop_batch *b, const shop_payment *p);

/*
 * Records how the gateway says that a payment stands: forward only, the order moves with it. `event`/`event_type`: the message that
 * brought it, recorded once; NULL: none. *out is the payment afterwards. Uses no idempotency key.
 */
shop_status shop_payment_record(shop_ctx *cx, int64_t id, const shop_gateway_intent *intent, const char *event,
                                const char *event_type, shop_payment **out);

/* After a record: what the new state asks for (an order to cancel, money to give back). Errors are left to the reconciler. */
void shop_payment_follow_up(shop_ctx *cx, const shop_payment *p);

/* Adds to a batch: all that is left of a captured payment is reserved to go back, under the key by which it is settled. */
shop_status shop_refund_reserve_rest(shop_ctx *cx, shop_batch *b, const shop_payment *p);

/* Gives back what shop_refund_reserve_rest reserved, or reserves it now. */
shop_status shop_refund_settle(shop_ctx *cx, const shop_payment *p);

/* Finishes refunds that were left between reservation and answer. */
shop_status shop_refund_reconcile(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
