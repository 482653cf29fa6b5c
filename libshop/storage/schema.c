/* SPDX-License-Identifier: MIT */
/* Every table of the shop, described once. A change here raises SCHEMA_VERSION; columns are only ever appended. */
#include "schema.h"

#define SCHEMA_VERSION 3u

static const char *const order_statuses[] = {"pending", "processing", "shipped", "delivered", "cancelled", NULL};
static const char *const payment_statuses[] = {"pending",   "processing",         "succeeded", "failed",
                                               "cancelled", "partially_refunded", "refunded",  NULL};
static const char *const refund_statuses[] = {"pending", "succeeded", "failed", NULL};

/* name, type, flags, the table it references, the column that bounds it, allowed words, defaults, doc */
static const shop_column user_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"email", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"first_name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"last_name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"password_hash", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"is_active", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"is_staff", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"email_verified", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"date_joined", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index user_indexes[] = {
    {"user_email", SHOP_INDEX_UNIQUE, 1, {USER_EMAIL}},
};

static const shop_column session_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"user_id", SHOP_COLUMN_INT, 0, TABLE_USER, 0, NULL, 0, NULL, NULL},
    {"generation", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"is_revoked", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"expires_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index session_indexes[] = {
    {"session_user", 0, 1, {SESSION_USER}},
    {"session_expiry", 0, 1, {SESSION_EXPIRES_AT}},
};

static const shop_column category_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"slug", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index category_indexes[] = {
    {"category_slug", SHOP_INDEX_UNIQUE, 1, {CATEGORY_SLUG}},
    {"category_name", SHOP_INDEX_UNIQUE, 1, {CATEGORY_NAME}},
};

static const shop_column product_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"slug", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"description", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"price", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"stock", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"is_active", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"category_id", SHOP_COLUMN_INT, 0, TABLE_CATEGORY, 0, NULL, 0, NULL, NULL},
    {"primary_image_id", SHOP_COLUMN_INT, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"search_words", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name_words", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index product_indexes[] = {
    {"product_slug", SHOP_INDEX_UNIQUE, 1, {PRODUCT_SLUG}},
    {"product_words", SHOP_INDEX_WORDS, 1, {PRODUCT_SEARCH_WORDS}},
    {"product_category", 0, 2, {PRODUCT_CATEGORY, PRODUCT_CREATED_AT}},
    {"product_created", 0, 2, {PRODUCT_IS_ACTIVE, PRODUCT_CREATED_AT}},
    {"product_price", 0, 2, {PRODUCT_IS_ACTIVE, PRODUCT_PRICE}},
    {"product_name", 0, 2, {PRODUCT_IS_ACTIVE, PRODUCT_NAME}},
    {"product_name_words", 0, 1, {PRODUCT_NAME_WORDS}},
};

static const shop_column product_image_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"product_id", SHOP_COLUMN_INT, 0, TABLE_PRODUCT, 0, NULL, 0, NULL, NULL},
    {"image_url", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index product_image_indexes[] = {
    {"product_image_product", 0, 1, {IMAGE_PRODUCT}},
};

static const shop_column cart_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"user_id", SHOP_COLUMN_INT, 0, TABLE_USER, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index cart_indexes[] = {
    {"cart_user", SHOP_INDEX_UNIQUE, 1, {CART_USER}},
};

static const shop_column cart_item_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"cart_id", SHOP_COLUMN_INT, 0, TABLE_CART, 0, NULL, 0, NULL, NULL},
    {"product_id", SHOP_COLUMN_INT, 0, TABLE_PRODUCT, 0, NULL, 0, NULL, NULL},
    {"quantity", SHOP_COLUMN_INT, SHOP_COLUMN_POSITIVE, SHOP_NO_TABLE, 0, NULL, 1, NULL, NULL},
    {"price_snapshot", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index cart_item_indexes[] = {
    {"cart_item_product", SHOP_INDEX_UNIQUE, 2, {CART_ITEM_CART, CART_ITEM_PRODUCT}},
    {"cart_item_of_product", 0, 1, {CART_ITEM_PRODUCT}},
};

static const shop_column orders_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"user_id", SHOP_COLUMN_INT, 0, TABLE_USER, 0, NULL, 0, NULL, NULL},
    {"status", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, order_statuses, 0, NULL, NULL},
    {"shipping_address", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"total", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"currency", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"expires_at", SHOP_COLUMN_TIME, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index orders_indexes[] = {
    {"orders_user", 0, 2, {ORDER_USER, ORDER_CREATED_AT}},
    {"orders_created", 0, 1, {ORDER_CREATED_AT}},
    {"orders_status", 0, 2, {ORDER_STATUS, ORDER_CREATED_AT}},
    {"orders_expiry", 0, 1, {ORDER_EXPIRES_AT}},
};

static const shop_column order_item_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"order_id", SHOP_COLUMN_INT, 0, TABLE_ORDER, 0, NULL, 0, NULL, NULL},
    {"product_id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"slug", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"quantity", SHOP_COLUMN_INT, SHOP_COLUMN_POSITIVE, SHOP_NO_TABLE, 0, NULL, 1, NULL, NULL},
    {"price_snapshot", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index order_item_indexes[] = {
    {"order_item_product", SHOP_INDEX_UNIQUE, 2, {ORDER_ITEM_ORDER, ORDER_ITEM_PRODUCT}},
};

static const shop_column payment_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"order_id", SHOP_COLUMN_INT, 0, TABLE_ORDER, 0, NULL, 0, NULL, NULL},
    {"user_id", SHOP_COLUMN_INT, 0, TABLE_USER, 0, NULL, 0, NULL, NULL},
    {"status", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, payment_statuses, 0, NULL, NULL},
    {"amount", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"refunded", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, PAYMENT_AMOUNT, NULL, 0, NULL, NULL},
    {"currency", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"intent", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"client_secret", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"gateway_key", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"failure_message", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"due_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"looks", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"is_expiring", SHOP_COLUMN_BOOL, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"dispute", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index payment_indexes[] = {
    {"payment_order", SHOP_INDEX_UNIQUE, 1, {PAYMENT_ORDER}},       {"payment_intent", SHOP_INDEX_UNIQUE, 1, {PAYMENT_INTENT}},
    {"payment_user", 0, 2, {PAYMENT_USER, PAYMENT_CREATED_AT}},     {"payment_created", 0, 1, {PAYMENT_CREATED_AT}},
    {"payment_status", 0, 2, {PAYMENT_STATUS, PAYMENT_UPDATED_AT}}, {"payment_due", 0, 1, {PAYMENT_DUE_AT}},
};

static const shop_column refund_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"payment_id", SHOP_COLUMN_INT, 0, TABLE_PAYMENT, 0, NULL, 0, NULL, NULL},
    {"amount", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"reason", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"status", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, refund_statuses, 0, NULL, NULL},
    {"gateway_id", SHOP_COLUMN_TEXT, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"gateway_key", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"updated_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"due_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"looks", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"attempt", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index refund_indexes[] = {
    {"refund_payment", 0, 1, {REFUND_PAYMENT}},
    {"refund_gateway_id", SHOP_INDEX_UNIQUE, 1, {REFUND_GATEWAY_ID}},
    {"refund_status", 0, 2, {REFUND_STATUS, REFUND_UPDATED_AT}},
    {"refund_due", 0, 1, {REFUND_DUE_AT}},
};

static const shop_column event_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"type", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index event_indexes[] = {
    {"event_name", SHOP_INDEX_UNIQUE, 1, {EVENT_NAME}},
    {"event_created", 0, 1, {EVENT_CREATED_AT}},
};

static const shop_column idempotency_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"user_id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"request_key", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"request_hash", SHOP_COLUMN_BLOB, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"answer", SHOP_COLUMN_BLOB, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index idempotency_indexes[] = {
    {"idempotency_key", SHOP_INDEX_UNIQUE, 2, {IDEMPOTENCY_USER, IDEMPOTENCY_KEY}},
    {"idempotency_created", 0, 1, {IDEMPOTENCY_CREATED_AT}},
};

static const shop_column mark_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index mark_indexes[] = {
    {"mark_created", 0, 1, {MARK_CREATED_AT}},
};

static const shop_column test_intent_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"request_key", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"status", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"amount", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"refunded", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, TEST_INTENT_AMOUNT, NULL, 0, NULL, NULL},
    {"currency", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"client_secret", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"failure_message", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"version", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"tag", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index test_intent_indexes[] = {
    {"test_intent_name", SHOP_INDEX_UNIQUE, 1, {TEST_INTENT_NAME}},
    {"test_intent_key", SHOP_INDEX_UNIQUE, 1, {TEST_INTENT_KEY}},
    {"test_intent_tag", 0, 1, {TEST_INTENT_TAG}},
};

static const shop_column test_refund_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"request_key", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"intent", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"amount", SHOP_COLUMN_MONEY, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"tag", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index test_refund_indexes[] = {
    {"test_refund_name", SHOP_INDEX_UNIQUE, 1, {TEST_REFUND_NAME}},
    {"test_refund_key", SHOP_INDEX_UNIQUE, 1, {TEST_REFUND_KEY}},
    {"test_refund_intent", 0, 1, {TEST_REFUND_INTENT}},
};

static const shop_column test_event_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"name", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"body", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"attempts", SHOP_COLUMN_INT, SHOP_COLUMN_NON_NEGATIVE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"due_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"created_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};
static const shop_index test_event_indexes[] = {
    {"test_event_due", 0, 1, {TEST_EVENT_DUE_AT}},
};

static const shop_column copy_columns[] = {
    {"id", SHOP_COLUMN_INT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"source", SHOP_COLUMN_TEXT, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"started_at", SHOP_COLUMN_TIME, 0, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
    {"finished_at", SHOP_COLUMN_TIME, SHOP_COLUMN_NULLABLE, SHOP_NO_TABLE, 0, NULL, 0, NULL, NULL},
};

#define TABLE(name, columns, indexes, doc)                                                                                     \
    {                                                                                                                          \
        name, columns, sizeof(columns) / sizeof((columns)[0]), indexes, sizeof(indexes) / sizeof((indexes)[0]), doc            \
    }

static const shop_table tables[TABLE_COUNT] = {
    [TABLE_USER] = TABLE("user", user_columns, user_indexes, "accounts"),
    [TABLE_SESSION] = TABLE("session", session_columns, session_indexes, "families of refresh tokens"),
    [TABLE_CATEGORY] = TABLE("category", category_columns, category_indexes, "shelves of the catalogue"),
    [TABLE_PRODUCT] = TABLE("product", product_columns, product_indexes, "what is sold"),
    [TABLE_PRODUCT_IMAGE] = TABLE("product_image", product_image_columns, product_image_indexes, "pictures of products"),
    [TABLE_CART] = TABLE("cart", cart_columns, cart_indexes, "one a user"),
    [TABLE_CART_ITEM] = TABLE("cart_item", cart_item_columns, cart_item_indexes, "what lies in carts"),
    [TABLE_ORDER] = TABLE("orders", orders_columns, orders_indexes, "orders placed"),
    [TABLE_ORDER_ITEM] = TABLE("order_item", order_item_columns, order_item_indexes, "what was bought, as it was bought"),
    [TABLE_PAYMENT] = TABLE("payment", payment_columns, payment_indexes, "one an order"),
    [TABLE_REFUND] = TABLE("refund", refund_columns, refund_indexes, "money on its way back"),
    [TABLE_EVENT] = TABLE("event", event_columns, event_indexes, "gateway events applied, each once"),
    [TABLE_IDEMPOTENCY] = TABLE("idempotency", idempotency_columns, idempotency_indexes,
                                "first answers of requests that may be sent twice, sealed"),
    [TABLE_MARK] = TABLE("mark", mark_columns, mark_indexes, "proof that a batch happened"),
    [TABLE_TEST_INTENT] = TABLE("test_intent", test_intent_columns, test_intent_indexes, "the test gateway: payment intents"),
    [TABLE_TEST_REFUND] = TABLE("test_refund", test_refund_columns, test_refund_indexes, "the test gateway: refunds"),
    [TABLE_TEST_EVENT] = TABLE("test_event", test_event_columns, test_event_indexes, "the test gateway: events to deliver"),
    [TABLE_COPY] = {"copy", copy_columns, COPY_COLUMNS, NULL, 0, "where this shop was copied from"},
};

_Static_assert(sizeof(user_columns) / sizeof(shop_column) == USER_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(session_columns) / sizeof(shop_column) == SESSION_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(category_columns) / sizeof(shop_column) == CATEGORY_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(product_columns) / sizeof(shop_column) == PRODUCT_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(product_image_columns) / sizeof(shop_column) == IMAGE_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(cart_columns) / sizeof(shop_column) == CART_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(cart_item_columns) / sizeof(shop_column) == CART_ITEM_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(orders_columns) / sizeof(shop_column) == ORDER_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(order_item_columns) / sizeof(shop_column) == ORDER_ITEM_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(payment_columns) / sizeof(shop_column) == PAYMENT_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(refund_columns) / sizeof(shop_column) == REFUND_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(event_columns) / sizeof(shop_column) == EVENT_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(idempotency_columns) / sizeof(shop_column) == IDEMPOTENCY_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(mark_columns) / sizeof(shop_column) == MARK_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(test_intent_columns) / sizeof(shop_column) == TEST_INTENT_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(test_refund_columns) / sizeof(shop_column) == TEST_REFUND_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(test_event_columns) / sizeof(shop_column) == TEST_EVENT_COLUMNS, "schema.h and schema.c disagree");
_Static_assert(sizeof(copy_columns) / sizeof(shop_column) == COPY_COLUMNS, "schema.h and schema.c disagree");

static const shop_schema schema = {SCHEMA_VERSION, TABLE_COUNT, tables};

const shop_schema *shop_schema_current(void)
{
    return &schema;
}
