/* SPDX-License-Identifier: MIT */
/* Every table of the shop: its number and its columns' numbers. schema.c describes them, in the same order. */
#ifndef SHOP_STORAGE_SCHEMA_H
#define SHOP_STORAGE_SCHEMA_H

#include <shop/sys/storage.h>

#define SHOP_DUE_NEVER INT64_C(253402300799000000) /* the end of the year 9999 */

/* Numbers are for ever: append, never reorder. */
enum {
    TABLE_USER,
    TABLE_SESSION,
    TABLE_CATEGORY,
    TABLE_PRODUCT,
    TABLE_PRODUCT_IMAGE,
    TABLE_CART,
    TABLE_CART_ITEM,
    TABLE_ORDER,
    TABLE_ORDER_ITEM,
    TABLE_PAYMENT,
    TABLE_REFUND,
    TABLE_EVENT,
    TABLE_IDEMPOTENCY,
    TABLE_MARK,
    TABLE_TEST_INTENT,
    TABLE_TEST_REFUND,
    TABLE_TEST_EVENT,
    TABLE_COPY,
    TABLE_COUNT
};

enum { /* an account; e-mail is stored folded */
       USER_ID,
       USER_EMAIL,
       USER_FIRST_NAME,
       USER_LAST_NAME,
       USER_PASSWORD_HASH,
       USER_IS_ACTIVE,
       USER_IS_STAFF,
       USER_EMAIL_VERIFIED,
       USER_VERSION,
       USER_DATE_JOINED,
       USER_UPDATED_AT,
       USER_COLUMNS
};
enum { USER_INDEX_EMAIL };

enum { /* a family of refresh tokens: one login; `generation` is the only one that is good */
       SESSION_ID,
       SESSION_USER,
       SESSION_GENERATION,
       SESSION_IS_REVOKED,
       SESSION_EXPIRES_AT,
       SESSION_CREATED_AT,
       SESSION_COLUMNS
};

enum {
    CATEGORY_ID,
    CATEGORY_NAME,
    CATEGORY_SLUG,
    CATEGORY_VERSION,
    CATEGORY_CREATED_AT,
    CATEGORY_UPDATED_AT,
    CATEGORY_COLUMNS
};
enum { CATEGORY_INDEX_SLUG, CATEGORY_INDEX_NAME };

enum {
    PRODUCT_ID,
    PRODUCT_NAME,
    PRODUCT_SLUG,
    PRODUCT_DESCRIPTION,
    PRODUCT_PRICE,
    PRODUCT_STOCK,
    PRODUCT_IS_ACTIVE,
    PRODUCT_CATEGORY,
    PRODUCT_PRIMARY_IMAGE, /* at most one primary image, by construction */
    PRODUCT_SEARCH_WORDS, /* name and description, folded, as words */
    PRODUCT_VERSION,
    PRODUCT_CREATED_AT,
    PRODUCT_UPDATED_AT,
    PRODUCT_NAME_WORDS, /* the name alone, as words; NULL: made by an older version, and not yet seen to */
    PRODUCT_COLUMNS
};
enum { PRODUCT_INDEX_SLUG };

enum { IMAGE_ID, IMAGE_PRODUCT, IMAGE_URL, IMAGE_CREATED_AT, IMAGE_COLUMNS };

enum { CART_ID, CART_USER, CART_VERSION, CART_CREATED_AT, CART_UPDATED_AT, CART_COLUMNS };
enum { CART_INDEX_USER };

enum {
    CART_ITEM_ID,
    CART_ITEM_CART,
    CART_ITEM_PRODUCT,
    CART_ITEM_QUANTITY,
    CART_ITEM_PRICE,
    CART_ITEM_CREATED_AT,
    CART_ITEM_COLUMNS
};
enum { CART_ITEM_INDEX_PRODUCT };

enum {
    ORDER_ID,
    ORDER_USER,
    ORDER_STATUS,
    ORDER_SHIPPING_ADDRESS,
    ORDER_TOTAL,
    ORDER_CURRENCY,
    ORDER_EXPIRES_AT, /* NULL: never */
    ORDER_VERSION,
    ORDER_CREATED_AT,
    ORDER_UPDATED_AT,
    ORDER_COLUMNS
};

enum { /* what was bought, as it was bought: the product may be gone since */
       ORDER_ITEM_ID,
       ORDER_ITEM_ORDER,
       ORDER_ITEM_PRODUCT,
       ORDER_ITEM_NAME,
       ORDER_ITEM_SLUG,
       ORDER_ITEM_QUANTITY,
       ORDER_ITEM_PRICE,
       ORDER_ITEM_CREATED_AT,
       ORDER_ITEM_COLUMNS
};

enum { /* one a order */
       PAYMENT_ID,
       PAYMENT_ORDER,
       PAYMENT_USER,
       PAYMENT_STATUS,
       PAYMENT_AMOUNT,
       PAYMENT_REFUNDED, /* includes what is reserved by refunds under way */
       PAYMENT_CURRENCY,
       PAYMENT_INTENT, /* the gateway's name of it; NULL until it is created there */
       PAYMENT_CLIENT_SECRET,
       PAYMENT_GATEWAY_KEY, /* idempotency key towards the gateway */
       PAYMENT_FAILURE_MESSAGE,
       PAYMENT_VERSION,
       PAYMENT_CREATED_AT,
       PAYMENT_UPDATED_AT,
       PAYMENT_DUE_AT, /* when the reconciler looks at it; SHOP_DUE_NEVER: there is nothing to see to */
       PAYMENT_LOOKS, /* how often it did since something happened: it waits longer each time */
       PAYMENT_IS_EXPIRING, /* the order's time is over: it is cancelled as soon as the gateway says that no money comes */
       PAYMENT_DISPUTE, /* status of the payer's last complaint; "" when there is none */
       PAYMENT_COLUMNS
};
enum { PAYMENT_INDEX_ORDER, PAYMENT_INDEX_INTENT };

enum { /* money on its way back */
       REFUND_ID,
       REFUND_PAYMENT,
       REFUND_AMOUNT,
       REFUND_REASON,
       REFUND_STATUS,
       REFUND_GATEWAY_ID,
       REFUND_GATEWAY_KEY,
       REFUND_CREATED_AT,
       REFUND_UPDATED_AT,
       REFUND_DUE_AT, /* as PAYMENT_DUE_AT */
       REFUND_LOOKS,
       REFUND_ATTEMPT, /* rises when a key is spent: the next request has another one */
       REFUND_COLUMNS
};

enum { EVENT_ID, EVENT_NAME, EVENT_TYPE, EVENT_CREATED_AT, EVENT_COLUMNS }; /* gateway events applied: each once */
enum { EVENT_INDEX_NAME };

enum { /* first answers of requests that may be sent twice; sealed */
       IDEMPOTENCY_ID,
       IDEMPOTENCY_USER,
       IDEMPOTENCY_KEY,
       IDEMPOTENCY_REQUEST_HASH,
       IDEMPOTENCY_ANSWER,
       IDEMPOTENCY_CREATED_AT,
       IDEMPOTENCY_COLUMNS
};
enum { IDEMPOTENCY_INDEX_KEY };

enum { MARK_ID, MARK_CREATED_AT, MARK_COLUMNS }; /* proof that a batch happened, for backends that may lose the link */

enum { /* the test gateway's own memory: its side of the world, not ours */
       TEST_INTENT_ID,
       TEST_INTENT_NAME,
       TEST_INTENT_KEY,
       TEST_INTENT_STATUS,
       TEST_INTENT_AMOUNT,
       TEST_INTENT_REFUNDED,
       TEST_INTENT_CURRENCY,
       TEST_INTENT_CLIENT_SECRET,
       TEST_INTENT_FAILURE_MESSAGE,
       TEST_INTENT_VERSION,
       TEST_INTENT_CREATED_AT,
       TEST_INTENT_TAG,
       TEST_INTENT_COLUMNS
};
enum { TEST_INTENT_INDEX_NAME, TEST_INTENT_INDEX_KEY };

enum {
    TEST_REFUND_ID,
    TEST_REFUND_NAME,
    TEST_REFUND_KEY,
    TEST_REFUND_INTENT,
    TEST_REFUND_AMOUNT,
    TEST_REFUND_CREATED_AT,
    TEST_REFUND_TAG,
    TEST_REFUND_COLUMNS
};
enum { TEST_REFUND_INDEX_NAME, TEST_REFUND_INDEX_KEY };

enum { /* events not yet taken by the webhook */
       TEST_EVENT_ID,
       TEST_EVENT_NAME,
       TEST_EVENT_BODY,
       TEST_EVENT_ATTEMPTS,
       TEST_EVENT_DUE_AT,
       TEST_EVENT_CREATED_AT,
       TEST_EVENT_COLUMNS
};

enum { /* at most one row: this shop is a copy of another. It may be opened when the copy is finished */
       COPY_ID,
       COPY_SOURCE,
       COPY_STARTED_AT,
       COPY_FINISHED_AT, /* NULL: not yet */
       COPY_COLUMNS
};

/* The schema of this libshop. Static. */
const shop_schema *shop_schema_current(void);

#endif
