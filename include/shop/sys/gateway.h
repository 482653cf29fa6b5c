/* SPDX-License-Identifier: MIT */
/*
 * The payment gateway interface: what a gateway author implements.
 *
 * A gateway moves money and knows no shop. libshop keeps what was intended in its own storage before it calls, and what came of it
 * afterwards; between the two it holds no lock and no transaction. So every call may be made again after a crash, and every call
 * that changes something carries an idempotency key: one key makes one thing happen, however often it is called.
 *
 * The words are Stripe's, because everybody knows them: a payment is an "intent"; its statuses are requires_payment_method,
 * requires_confirmation, requires_action, processing, requires_capture, succeeded, canceled. Amounts are in the currency's minor units
 * of ISO 4217 on this side; what the gateway makes of them is its own affair.
 *
 * Words: "must" binds every gateway; "may" is its freedom. Every function of the table must be safe to call from many threads at once,
 * except open and close.
 *
 * Versions: the table starts with its size and version and grows only at its end; libshop refuses a table that lacks a required slot.
 */
#ifndef SHOP_SYS_GATEWAY_H
#define SHOP_SYS_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

#include <shop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ outcomes */

#define SHOP_GATEWAY_OK 0
#define SHOP_GATEWAY_DECLINED 1 /* the customer's bank said no: code, decline_code and message (for the customer) are set */
#define SHOP_GATEWAY_REFUSED 2 /* the gateway will not do it as things stand: wrong state, more than is left */
#define SHOP_GATEWAY_NOT_FOUND 3 /* it knows no such object */
#define SHOP_GATEWAY_BUSY 4 /* too many calls, or one with the same key is under way; again later, with the same key */
#define SHOP_GATEWAY_AWAY 5 /* no usable answer: it may have happened or not; the same key tells, later */
#define SHOP_GATEWAY_KEY_SPENT 6 /* this key only brings back an old failure: look what there is, then use another key */
#define SHOP_GATEWAY_MISCONFIGURED 7 /* the shop's credentials, rights or requests are at fault: a case for the operator */
#define SHOP_GATEWAY_NO_MEMORY 8

/* What went wrong. Filled for every outcome but SHOP_GATEWAY_OK; texts always NUL-terminated UTF-8, "" when there is none. */
typedef struct shop_gateway_fault {
    int32_t outcome;
    int32_t retry_after; /* seconds the gateway asks to wait; 0: it does not say */
    char code[64]; /* the gateway's word: "card_declined", "expired_card" */
    char decline_code[64]; /* DECLINED: the bank's word: "insufficient_funds" */
    char message[256]; /* DECLINED, REFUSED: a sentence for a person */
    char detail[256]; /* for the log: no secrets */
} shop_gateway_fault;

/* ------------------------------------------------------------------------------------------------ objects */

/* A payment at the gateway. Texts live in the call's arena; never NULL unless it says so. */
typedef struct shop_gateway_intent {
    const char *id;
    const char *client_secret; /* what the customer's browser pays with; NULL where the gateway does not tell it again */
    const char *status;
    int64_t amount;
    const char *currency; /* three lower-case letters */
    const char *failure_message; /* of the last attempt, for the customer; "" when there is none */
} shop_gateway_intent;

/* Money going back. Statuses: pending, requires_action, succeeded, failed, canceled. */
typedef struct shop_gateway_refund {
    const char *id;
    const char *intent;
    const char *status;
    const char
        *tag; /* what libshop gave when it asked for it; NULL when somebody else did (a person at the gateway's own site) */
    int64_t amount;
} shop_gateway_refund;

typedef struct shop_gateway_refunds {
    const shop_gateway_refund *items;
    size_t count;
} shop_gateway_refunds;

/* A payer's complaint with the bank. Statuses: warning_needs_response, warning_under_review, warning_closed (no money moves),
   needs_response, under_review, won, lost, prevented. */
typedef struct shop_gateway_dispute {
    const char *id;
    const char *intent;
    const char *status;
    int64_t amount;
} shop_gateway_dispute;

#define SHOP_GATEWAY_ABOUT_NOTHING 0 /* nothing that libshop follows: acknowledged, and that is all */
#define SHOP_GATEWAY_ABOUT_INTENT 1
#define SHOP_GATEWAY_ABOUT_REFUND 2 /* money of `intent` went back, or did not after all */
#define SHOP_GATEWAY_ABOUT_DISPUTE 3

/* A message of the gateway. It says that something happened; how things stand libshop asks. */
typedef struct shop_gateway_event {
    const char *id;
    const char *type; /* the gateway's word, for records */
    int32_t about; /* SHOP_GATEWAY_ABOUT_… */
    const char *intent; /* NULL when it does not say */
    const char *object; /* id of the refund or dispute; NULL otherwise */
} shop_gateway_event;

/* What can be charged in a currency, in its minor units. */
typedef struct shop_gateway_money {
    int64_t step; /* every amount must be a multiple of it; 1 or more */
    int64_t least; /* to be charged at once; 0: no rule */
    int64_t most;
} shop_gateway_money;

/* ------------------------------------------------------------------------------------------------ calls */

/* How one call gets memory for its results, which key it has, and how long it may take. */
typedef struct shop_gateway_call {
    size_t struct_size;
    void *(*alloc)(void *arena, size_t size); /* 16-byte aligned; lives until the caller drops its arena; NULL: out of memory */
    void *arena;
    int64_t deadline; /* shop_monotonic_now() microseconds after which to give up with AWAY, retries included */
    const char *key; /* idempotency key, 1..255 visible ASCII; NULL: the call only reads */
} shop_gateway_call;

/* What is to be paid. */
typedef struct shop_gateway_order {
    int64_t amount;
    const char *currency; /* three lower-case letters */
    int64_t order; /* kept with the intent, for people who look at the gateway's own site */
    int64_t user;
    const char *tag; /* kept with the intent, so that `find` finds it; 1..64 visible ASCII */
    int64_t since; /* before this time (microseconds since 1970 UTC) nothing was made under this tag */
} shop_gateway_order;

/* What is to go back. */
typedef struct shop_gateway_return {
    const char *intent;
    int64_t amount;
    const char *currency;
    const char *reason; /* duplicate, fraudulent, requested_by_customer; NULL: none */
    const char *tag; /* kept with the refund */
} shop_gateway_return;

/* What a gateway gets when it is opened. Lives as long as the instance. */
typedef struct shop_gateway_host {
    size_t struct_size;
    shop *owner; /* whose gateway it is; its storage is open. Contexts of it may be made in calls, not in open */
    const char *secret; /* options.gateway_secret; NULL when it was not given. Never to be logged */
    const char *url; /* options.gateway_url; NULL: the gateway's own place */
    const char *webhook_secrets; /* comma-separated; "" when there are none. Never to be logged */
    const char *return_url; /* options.payment_return_url; NULL when it was not given */
    int64_t timeout_ms; /* options.gateway_timeout_ms: how long one exchange may take */
    void (*log)(void *user, int32_t level, const char *message); /* SHOP_LOG_*; any thread */
    void *user;
} shop_gateway_host;

#define SHOP_GATEWAY_VERSION 1u

/*
 * Each function returns the outcome, which it also writes to fault->outcome (fault is never NULL). `self` is what open made.
 */
typedef struct shop_gateway_vtable {
    size_t struct_size;
    uint32_t version;
    uint32_t flags; /* 0 */
    const char *name; /* what options.gateway says: "stripe" */

    /* Required. Makes an instance; calls nobody. MISCONFIGURED when the host's settings cannot work (message says why, for a person). */
    int32_t (*open)(const shop_gateway_host *host, void **self, shop_gateway_fault *fault);
    /* Required. The caller has no call under way. */
    void (*close)(void *self);
    /* Required. What can be charged in a currency; REFUSED when nothing can. */
    int32_t (*money)(void *self, const char *currency, shop_gateway_money *out, shop_gateway_fault *fault);

    /* Required. Makes an intent that takes the whole amount as soon as it is confirmed. */
    int32_t (*create)(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                      shop_gateway_fault *fault);
    /* Required. The intent that was made for this order under its tag, whatever the key; NOT_FOUND. Must see what was just made. */
    int32_t (*find)(void *self, const shop_gateway_call *call, const shop_gateway_order *order, shop_gateway_intent *out,
                    shop_gateway_fault *fault);
    /* Required. */
    int32_t (*retrieve)(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                        shop_gateway_fault *fault);
    /* Required. Pays with a payment method. DECLINED: *out still describes the intent (id NULL when it cannot). */
    int32_t (*confirm)(void *self, const shop_gateway_call *call, const char *intent, const char *method,
                       shop_gateway_intent *out, shop_gateway_fault *fault);
    /* Required. Takes the whole amount of an intent that is requires_capture. */
    int32_t (*capture)(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                       shop_gateway_fault *fault);
    /* Required. After it no money can come any more; REFUSED when it is too late for that. */
    int32_t (*cancel)(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_intent *out,
                      shop_gateway_fault *fault);
    /* Required. REFUSED, also when less is left than is to go back. */
    int32_t (*refund)(void *self, const shop_gateway_call *call, const shop_gateway_return *what, shop_gateway_refund *out,
                      shop_gateway_fault *fault);
    /* Required. All refunds of an intent, whoever asked for them. Must see what was just made. */
    int32_t (*refunds)(void *self, const shop_gateway_call *call, const char *intent, shop_gateway_refunds *out,
                       shop_gateway_fault *fault);
    /* Required. */
    int32_t (*dispute)(void *self, const shop_gateway_call *call, const char *dispute, shop_gateway_dispute *out,
                       shop_gateway_fault *fault);

    /* Required. OK when `header` proves that these very bytes come from the gateway, and not too long before `now` (microseconds since
       1970 UTC); else REFUSED. Compares in constant time. */
    int32_t (*verify)(void *self, const void *body, size_t length, const char *header, int64_t now, shop_gateway_fault *fault);
    /* Required. Reads a message; REFUSED when it is none. An event of a kind that is not known must be read as one about nothing. */
    int32_t (*decode)(void *self, const shop_gateway_call *call, const char *body, size_t length, shop_gateway_event *out,
                      shop_gateway_fault *fault);
    /* Optional. Work of its own that is due (shop_jobs_run calls it): at most `limit` things, *done of them were done. */
    int32_t (*work)(void *self, const shop_gateway_call *call, int64_t limit, int64_t *done, shop_gateway_fault *fault);
    /* ---- end of version 1 ---- */
} shop_gateway_vtable;

/*
 * Makes a gateway known under its name for every later shop_open in this process. The table must outlive all shops.
 * SHOP_OK; SHOP_INVALID when a required slot is missing, the version is unknown, or the name is taken. Thread-safe.
 */
SHOP_API shop_status shop_gateway_register(const shop_gateway_vtable *vtable);

/* The gateway registered (or built in: "test", "stripe") under a name, or NULL. Thread-safe. */
SHOP_API const shop_gateway_vtable *shop_gateway_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif
