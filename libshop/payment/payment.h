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

#define GATEWAY_KEY_LIFE (INT64_C(23) * 3600 * 1000000) /* gateways forget keys after a day */
#define PORTION_TIME INT64_C(1000000) /* a job that asks a slow gateway stops then, and goes on when it is called again */

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
    const char *dispute_status; /* NULL: nobody complains */
    int64_t due_at;
    int64_t looks;
    int64_t is_expiring;
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

/* 1 when the last complaint keeps the money from being given back: it is the bank's to decide, or gone already. */
int shop_dispute_holds(const char *status);

/* ------------------------------------------------------------------------------------------------ changing */

/* The gateway's messages, each recorded once: whether it was, and recording it in a batch. `event` may be NULL: none. */
shop_status shop_event_is_known(shop_ctx *cx, const shop_gateway_event *event, int *known);
shop_status shop_event_add(shop_ctx *cx, shop_batch *b, const shop_gateway_event *event);

/* Begins an update of exactly this version of the payment; sets version and updated_at. Returns that time. */
int64_t shop_payment_update(shop_ctx *cx, shop_batch *b, const shop_payment *p);

/* Shows the payment's order with the status that the batch gives it. The payment must be this attempt's own. */
shop_status shop_payment_show_order(shop_ctx *cx, shop_payment *p, const char *status);

/* When the reconciler is to look after `looks` looks in vain: sooner at first, then ever later. */
int64_t shop_payment_due(const shop_ctx *cx, int64_t looks);

/*
 * The gateway's key for one step with a payment: equal for equal steps from the same version. A step that needs another key (its
 * old one brings back an old failure) first raises the version: shop_payment_touch.
 */
const char *shop_payment_step_key(shop_ctx *cx, const shop_payment *p, const char *step);
shop_status shop_payment_touch(shop_ctx *cx, shop_payment **p);

/*
 * Takes how the gateway says that a payment stands: recorded, forward only, the order moved with it in the same batch; then what
 * follows is done (money to take, money to give back). What of that cannot be done now is left to the reconciler. `event`: the message that
 * brought it, recorded in the same batch; NULL: none. *out (may be NULL) is the payment afterwards. Uses no idempotency key.
 */
shop_status shop_payment_take_state(shop_ctx *cx, int64_t id, const shop_gateway_intent *intent,
                                    const shop_gateway_event *event, shop_payment **out);

/* The last step of a change: the payment as it is now, kept as the answer under the request's idempotency key. */
shop_status shop_payment_give_answer(shop_ctx *cx, int64_t id, const shop_payment **out);

/* Asks the gateway how a payment stands, and takes that. */
shop_status shop_payment_fetch_state(shop_ctx *cx, const shop_payment *p, const shop_gateway_event *event, shop_payment **out);

/* Cancels at the gateway; when it is too late for that, what the gateway says is taken. *p is the payment afterwards. */
shop_status shop_payment_cancel_there(shop_ctx *cx, shop_payment **p);

/* Makes the intent of a payment that has none, or finds the one that was made. *p is the payment afterwards. */
shop_status shop_payment_make_intent(shop_ctx *cx, shop_payment **p);

/* Records the intent that was made for a payment and never recorded. SHOP_NOT_FOUND (no error told): none was. */
shop_status shop_payment_adopt(shop_ctx *cx, shop_payment **p);

/* A payment that nobody wants any more: cancelled at the gateway, or forgotten where that knows nothing of it. */
shop_status shop_payment_give_up(shop_ctx *cx, shop_payment **p);

/* ------------------------------------------------------------------------------------------------ giving back */

/* Adds to a batch: all that is left of a captured payment is reserved to go back. */
shop_status shop_refund_reserve_rest(shop_ctx *cx, shop_batch *b, const shop_payment *p);

/* Sends all of a payment that is reserved to go back and not yet asked for; reserves the rest first when its order is cancelled. */
shop_status shop_refund_settle(shop_ctx *cx, const shop_payment *p);

#define SHOP_REFUNDS_OVERLAP "refunds_overlap" /* code: with what is reserved here it would be more than was paid */

/*
 * Takes what the gateway says of a payment's refunds: ours move, those that somebody asked for elsewhere are added, what failed is free
 * again; the payment, its order and the stock follow in the same batch. `event` as in shop_payment_take_state.
 */
shop_status shop_refund_take(shop_ctx *cx, int64_t payment, const shop_gateway_refunds *refunds,
                             const shop_gateway_event *event);

/* Asks the gateway for a payment's refunds, and takes them. */
shop_status shop_refund_fetch(shop_ctx *cx, int64_t payment, const char *intent, const shop_gateway_event *event);

/* The name under which the gateway keeps a refund of ours. In the arena; NULL when memory is out. */
const char *shop_refund_tag(shop_ctx *cx, int64_t refund, const char *key);

/* Gateway or storage is away: there is no use in asking for others right now. */
int shop_payment_is_away(shop_status status);

/* Job: carries on refunds that are due. */
shop_status shop_refund_reconcile(shop_ctx *cx, int64_t limit, int64_t *done);

#endif
