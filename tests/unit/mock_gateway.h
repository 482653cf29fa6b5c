/* SPDX-License-Identifier: MIT */
/*
 * A payment gateway for tests, written against the public header alone: what anybody could write. It keeps its world in memory and is
 * one for the whole process; a test scripts what its next calls do, and plays the customers, banks and persons on the other side.
 * Its idempotency keys are as Stripe's: the first answer is given again as it was, refusals and faults included.
 */
#ifndef TESTS_UNIT_MOCK_GATEWAY_H
#define TESTS_UNIT_MOCK_GATEWAY_H

#include <shop/sys/gateway.h>

#define MOCK_SECRET "mock_live_secret"
#define MOCK_WEBHOOK_SECRET "mock_webhook_secret"
#define MOCK_HEADER_SIZE 96
#define MOCK_EVENT_SIZE 256

/* The payment methods that it knows; every other one is unknown to it, but pm_long… pays. */
#define MOCK_PAYS "pm_pays"
#define MOCK_DECLINED "pm_declined" /* generic_decline */
#define MOCK_POOR "pm_poor" /* insufficient_funds */
#define MOCK_SLOW "pm_slow" /* processing */
#define MOCK_ASKS "pm_asks" /* requires_action */
#define MOCK_HOLDS "pm_holds" /* requires_capture */
#define MOCK_LONG "pm_long"

typedef enum mock_call {
    MOCK_CREATE,
    MOCK_FIND,
    MOCK_RETRIEVE,
    MOCK_CONFIRM,
    MOCK_CAPTURE,
    MOCK_CANCEL,
    MOCK_REFUND,
    MOCK_REFUNDS,
    MOCK_DISPUTE,
    MOCK_CALLS
} mock_call;

/* What a call does instead of simply working. */
typedef enum mock_turn {
    MOCK_WORKS,
    MOCK_REFUSES,
    MOCK_DECLINES,
    MOCK_BUSY, /* retry_after 7 */
    MOCK_AWAY, /* nothing happened */
    MOCK_LOSES, /* it happened, and the answer got lost */
    MOCK_SPENDS, /* nothing happened, and the key brings back that failure for ever */
    MOCK_WORKS_AND_SPENDS, /* it happened, and the key brings back a failure for ever */
    MOCK_WORKS_AND_REFUSES, /* it happened, and the answer says that it was refused */
    MOCK_MISCONFIGURED,
    MOCK_KNOWS_NOTHING, /* NOT_FOUND */
    MOCK_OTHER_AMOUNT, /* the answer speaks of one unit more */
    MOCK_OTHER_CURRENCY
} mock_turn;

/* Makes it known to libshop under "mock"; again does nothing. */
void mock_register(void);

/* An empty world without scripts, hooks and counts. */
void mock_reset(void);

/* ------------------------------------------------------------------------------------------------ scripts */

/* The next calls of a kind, in this order; then they work again. */
void mock_next(mock_call call, mock_turn turn);

/* All calls of a kind that mock_next says nothing of, until MOCK_WORKS is set. */
void mock_always(mock_call call, mock_turn turn);

/* All of it dies at the call after the next `calls` ones (that one does `turn`), until mock_revive. */
void mock_dies_after(int calls, mock_turn turn);
int mock_is_dead(void);
void mock_revive(void);

/* Calls `happens` once, inside the next call of a kind: before it does its work, or after. No lock is held. */
void mock_meanwhile(mock_call call, void (*happens)(void *arg), void *arg);
void mock_afterwards(mock_call call, void (*happens)(void *arg), void *arg);

void mock_set_money(const char *currency, int64_t step, int64_t least, int64_t most);
void mock_refuse_currency(const char *currency);
void mock_open_fails(const char *message); /* NULL: it opens */
void mock_new_refunds_are(const char *status);

/* As after a day: no key is known any more. */
void mock_forget_keys(void);

/* ------------------------------------------------------------------------------------------------ the other side */

/* The customer pays in the browser, or the bank decides: the intent becomes so, with a message when it failed. */
void mock_becomes(const char *intent, const char *status, const char *message);
void mock_pay(const char *intent);

/* A person gives money back at the gateway's own site. Returns the refund's id; lives until mock_reset. */
const char *mock_refund_by_hand(const char *intent, int64_t amount);
void mock_refund_becomes(const char *refund, const char *status);

/* The payer's complaint, begun or going on. Returns its id; lives until mock_reset. */
const char *mock_complain(const char *intent, const char *status);

/* A message, and the header that signs it at `now`. */
void mock_event(const char *id, const char *type, int32_t about, const char *intent, const char *object,
                char body[static MOCK_EVENT_SIZE]);
void mock_sign(const char *secret, const char *body, int64_t now, char header[static MOCK_HEADER_SIZE]);

/* ------------------------------------------------------------------------------------------------ looking */

int mock_count(mock_call call);
int mock_total(void); /* of all calls */
const char *mock_last_key(mock_call call); /* "" when there was none */
size_t mock_key_count(void); /* keys known */
const char *mock_key_at(size_t i);

size_t mock_intents(void);
const char *mock_intent_at(size_t i);
int mock_live_intents(int64_t order); /* with which money could still come, or has come */
const char *mock_intent_of(int64_t order); /* the last one made; NULL */
const char *mock_status(const char *intent);
int64_t mock_amount(const char *intent);
int64_t mock_given_back(const char *intent); /* what is back or on its way */
int64_t mock_held(int64_t order); /* what the shop has of an order's money */
size_t mock_refund_count(const char *intent);
const char *mock_refund_at(const char *intent, size_t i);

/* What libshop did that no gateway must be asked: a key for two things, one that is too long, a missing one, … NULL: nothing. */
const char *mock_problem(void);

#endif
