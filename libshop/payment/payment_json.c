/* SPDX-License-Identifier: MIT */
/* Payments, described once: JSON, inputs, accessors. */
#include <stddef.h>

#include "payment.h"

#define NO_LIMIT SHOP_UNSET, SHOP_UNSET, NULL, NULL
#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))
#define COMPUTED SHOP_NO_COLUMN

static const char *const statuses[] = {PAYMENT_PENDING,   PAYMENT_PROCESSING,         PAYMENT_SUCCEEDED,    PAYMENT_FAILED,
                                       PAYMENT_CANCELLED, PAYMENT_PARTIALLY_REFUNDED, PAYMENT_REFUNDED_ALL, NULL};
static const char *const reasons[] = {"duplicate", "fraudulent", "requested_by_customer", NULL};

/* name, kind, flags, column, offset, min, max, words, of, doc */

static const shop_field brief_fields[] = {
    {"id", SHOP_KIND_INT, 0, PAYMENT_ID, offsetof(shop_payment_brief, id), NO_LIMIT, "the payment's id"},
    {"status", SHOP_KIND_TEXT, 0, PAYMENT_STATUS, offsetof(shop_payment_brief, status), SHOP_UNSET, SHOP_UNSET, statuses, NULL,
     "how it stands"},
};

const shop_type shop_payment_brief_type = {"payment_brief",     "A payment as its order shows it.", brief_fields,
                                           COUNT(brief_fields), sizeof(shop_payment_brief),         0};

static const shop_field payment_fields[] = {
    {"id", SHOP_KIND_INT, 0, PAYMENT_ID, offsetof(shop_payment, id), NO_LIMIT, "the payment's id"},
    {"order", SHOP_KIND_OBJECT, 0, COMPUTED, offsetof(shop_payment, order), SHOP_UNSET, SHOP_UNSET, NULL,
     &shop_order_brief_type, "the order that it pays"},
    {"stripe_payment_intent_id", SHOP_KIND_TEXT, SHOP_FIELD_NULLABLE, PAYMENT_INTENT, offsetof(shop_payment, intent_id),
     NO_LIMIT, "the gateway's name of it; null before it was made there"},
    {"status", SHOP_KIND_TEXT, 0, PAYMENT_STATUS, offsetof(shop_payment, status), SHOP_UNSET, SHOP_UNSET, statuses, NULL,
     "how it stands"},
    {"status_display", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_payment, status_display), NO_LIMIT,
     "the status for a person"},
    {"amount", SHOP_KIND_MONEY, 0, PAYMENT_AMOUNT, offsetof(shop_payment, amount), NO_LIMIT, "what is to be paid"},
    {"amount_refunded", SHOP_KIND_MONEY, 0, PAYMENT_REFUNDED, offsetof(shop_payment, amount_refunded), NO_LIMIT,
     "what was given back, or is on its way back"},
    {"currency", SHOP_KIND_TEXT, 0, PAYMENT_CURRENCY, offsetof(shop_payment, currency_code), NO_LIMIT, "ISO 4217, lower case"},
    {"failure_message", SHOP_KIND_TEXT, 0, PAYMENT_FAILURE_MESSAGE, offsetof(shop_payment, failure_message), NO_LIMIT,
     "why the last attempt failed, for the customer; empty when it did not"},
    {"is_successful", SHOP_KIND_BOOL, 0, COMPUTED, offsetof(shop_payment, is_successful), NO_LIMIT, "whether the money came"},
    {"is_pending", SHOP_KIND_BOOL, 0, COMPUTED, offsetof(shop_payment, is_pending), NO_LIMIT, "whether it may still come"},
    {"is_failed", SHOP_KIND_BOOL, 0, COMPUTED, offsetof(shop_payment, is_failed), NO_LIMIT,
     "whether the last attempt failed, or it was cancelled"},
    {"can_be_refunded", SHOP_KIND_BOOL, 0, COMPUTED, offsetof(shop_payment, can_be_refunded), NO_LIMIT,
     "whether some of it can be given back"},
    {"created_at", SHOP_KIND_TIME, 0, PAYMENT_CREATED_AT, offsetof(shop_payment, created_at), NO_LIMIT, "when it was begun"},
    {"updated_at", SHOP_KIND_TIME, 0, PAYMENT_UPDATED_AT, offsetof(shop_payment, updated_at), NO_LIMIT, "when it last changed"},
};

const shop_type shop_payment_type = {"payment",
                                     "A payment of an order.",
                                     payment_fields,
                                     COUNT(payment_fields),
                                     sizeof(shop_payment),
                                     offsetof(shop_payment, currency)};

static const shop_field intent_fields[] = {
    {"payment", SHOP_KIND_OBJECT, 0, COMPUTED, offsetof(shop_intent, payment), SHOP_UNSET, SHOP_UNSET, NULL, &shop_payment_type,
     "the payment"},
    {"client_secret", SHOP_KIND_TEXT, SHOP_FIELD_SECRET, COMPUTED, offsetof(shop_intent, client_secret), NO_LIMIT,
     "with it the customer's browser confirms the payment at the gateway"},
    {"publishable_key", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_intent, publishable_key), NO_LIMIT,
     "the shop's public key at the gateway"},
};

const shop_type shop_intent_type = {
    "payment_intent", "A payment that can be made now.", intent_fields, COUNT(intent_fields), sizeof(shop_intent), 0};

static const shop_field config_fields[] = {
    {"publishable_key", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_payment_config, publishable_key), NO_LIMIT,
     "the shop's public key at the gateway"},
};

const shop_type shop_payment_config_type = {"payment_config",
                                            "What a client needs to talk to the gateway.",
                                            config_fields,
                                            COUNT(config_fields),
                                            sizeof(shop_payment_config),
                                            0};

static const shop_field statistics_fields[] = {
    {"total_payments", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, total_payments), NO_LIMIT,
     "how many there are"},
    {"total_spent", SHOP_KIND_MONEY, 0, COMPUTED, offsetof(shop_payment_statistics, total_spent), NO_LIMIT,
     "paid and not given back"},
    {"pending", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, pending), NO_LIMIT, "payments with this status"},
    {"processing", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, processing), NO_LIMIT,
     "payments with this status"},
    {"succeeded", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, succeeded), NO_LIMIT,
     "payments with this status"},
    {"failed", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, failed), NO_LIMIT, "payments with this status"},
    {"cancelled", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, cancelled), NO_LIMIT,
     "payments with this status"},
    {"partially_refunded", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, partially_refunded), NO_LIMIT,
     "payments with this status"},
    {"refunded", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_statistics, refunded), NO_LIMIT,
     "payments with this status"},
};

const shop_type shop_payment_statistics_type = {"payment_statistics",     "The own payments, counted.",    statistics_fields,
                                                COUNT(statistics_fields), sizeof(shop_payment_statistics), 0};

/* ------------------------------------------------------------------------------------------------ inputs */

static const shop_field filter_fields[] = {
    {"status", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_payment_filter, status), SHOP_UNSET, SHOP_UNSET, statuses, NULL,
     "only these"},
    {"page", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_filter, page), 1, SHOP_UNSET, NULL, NULL, "page number, from 1"},
    {"page_size", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_payment_filter, page_size), 1, SHOP_PAGE_SIZE_MAX, NULL, NULL,
     "items a page"},
    {"cursor", SHOP_KIND_TEXT, SHOP_FIELD_BLANK, COMPUTED, offsetof(shop_payment_filter, cursor), NO_LIMIT,
     "pages by position instead of number; empty for the first page"},
};

const shop_type shop_payment_filter_type = {"payment_filter",     "Which payments.",           filter_fields,
                                            COUNT(filter_fields), sizeof(shop_payment_filter), 0};

static const shop_field intent_input_fields[] = {
    {"order_id", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, COMPUTED, offsetof(shop_intent_input, order_id), 1, SHOP_UNSET, NULL, NULL,
     "id of the order to pay"},
    {"currency", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_intent_input, currency), 3, 3, NULL, NULL,
     "must be the order's, when given"},
    {"idempotency_key", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_intent_input, idempotency_key), 1, 255, NULL, NULL,
     "as the Idempotency-Key header, which goes before it"},
};

const shop_type shop_intent_input_type = {"payment_intent_input",     "What is to be paid.",     intent_input_fields,
                                          COUNT(intent_input_fields), sizeof(shop_intent_input), 0};

static const shop_field confirm_input_fields[] = {
    {"payment_id", SHOP_KIND_INT, 0, COMPUTED, offsetof(shop_confirm_input, payment_id), 1, SHOP_UNSET, NULL, NULL,
     "id of the payment, or"},
    {"payment_intent_id", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_confirm_input, payment_intent_id), 1, 255, NULL, NULL,
     "the gateway's name of it"},
    {"payment_method", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_confirm_input, payment_method), 1, 255, NULL, NULL,
     "confirm with this method of the gateway; without it the state is only fetched"},
};

const shop_type shop_confirm_input_type = {"payment_confirm_input",    "Which payment is confirmed, and with what.",
                                           confirm_input_fields,       COUNT(confirm_input_fields),
                                           sizeof(shop_confirm_input), 0};

static const shop_field sync_input_fields[] = {
    {"payment_intent_id", SHOP_KIND_TEXT, SHOP_FIELD_REQUIRED, COMPUTED, offsetof(shop_sync_input, payment_intent_id), 1, 255,
     NULL, NULL, "the gateway's name of the payment, pi_…"},
};

const shop_type shop_sync_input_type = {"payment_sync_input",     "Which payment is fetched.", sync_input_fields,
                                        COUNT(sync_input_fields), sizeof(shop_sync_input),     0};

static const shop_field cancel_input_fields[] = {
    {"payment_id", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, COMPUTED, offsetof(shop_payment_cancel_input, payment_id), 1, SHOP_UNSET,
     NULL, NULL, "id of the payment"},
};

const shop_type shop_payment_cancel_input_type = {
    "payment_cancel_input",     "Which payment is cancelled.",     cancel_input_fields,
    COUNT(cancel_input_fields), sizeof(shop_payment_cancel_input), 0};

static const shop_field refund_input_fields[] = {
    {"payment_id", SHOP_KIND_INT, SHOP_FIELD_REQUIRED, COMPUTED, offsetof(shop_refund_input, payment_id), 1, SHOP_UNSET, NULL,
     NULL, "id of the payment"},
    {"amount", SHOP_KIND_MONEY, 0, COMPUTED, offsetof(shop_refund_input, amount), 1, SHOP_UNSET, NULL, NULL,
     "how much is given back; left out: all that is left"},
    {"reason", SHOP_KIND_TEXT, 0, COMPUTED, offsetof(shop_refund_input, reason), SHOP_UNSET, SHOP_UNSET, reasons, NULL, "why"},
};

const shop_type shop_refund_input_type = {"payment_refund_input",     "What is given back.",     refund_input_fields,
                                          COUNT(refund_input_fields), sizeof(shop_refund_input), 0};

void shop_payment_filter_init(shop_payment_filter *filter)
{
    *filter = (shop_payment_filter)SHOP_PAYMENT_FILTER_INIT;
}

void shop_intent_input_init(shop_intent_input *in)
{
    *in = (shop_intent_input)SHOP_INTENT_INPUT_INIT;
}

void shop_confirm_input_init(shop_confirm_input *in)
{
    *in = (shop_confirm_input)SHOP_CONFIRM_INPUT_INIT;
}

void shop_sync_input_init(shop_sync_input *in)
{
    *in = (shop_sync_input)SHOP_SYNC_INPUT_INIT;
}

void shop_payment_cancel_input_init(shop_payment_cancel_input *in)
{
    *in = (shop_payment_cancel_input)SHOP_PAYMENT_CANCEL_INPUT_INIT;
}

void shop_refund_input_init(shop_refund_input *in)
{
    *in = (shop_refund_input)SHOP_REFUND_INPUT_INIT;
}

/* ------------------------------------------------------------------------------------------------ accessors */

int64_t shop_payment_id(const shop_payment *payment)
{
    return payment->id;
}

int64_t shop_payment_order_id(const shop_payment *payment)
{
    return payment->order->id;
}

const char *shop_payment_order_status(const shop_payment *payment)
{
    return payment->order->status;
}

const char *shop_payment_intent_id(const shop_payment *payment)
{
    return payment->intent_id;
}

const char *shop_payment_status(const shop_payment *payment)
{
    return payment->status;
}

int64_t shop_payment_amount(const shop_payment *payment)
{
    return payment->amount;
}

int64_t shop_payment_amount_refunded(const shop_payment *payment)
{
    return payment->amount_refunded;
}

const char *shop_payment_currency(const shop_payment *payment)
{
    return payment->currency_code;
}

const char *shop_payment_failure_message(const shop_payment *payment)
{
    return payment->failure_message;
}

const char *shop_payment_dispute_status(const shop_payment *payment)
{
    return payment->dispute_status;
}

int64_t shop_payment_created_at(const shop_payment *payment)
{
    return payment->created_at;
}

int64_t shop_payment_updated_at(const shop_payment *payment)
{
    return payment->updated_at;
}

const shop_payment *shop_payment_at(const shop_page *page, size_t i)
{
    return shop_page_item(page, &shop_payment_type, i);
}

const shop_payment *shop_intent_payment(const shop_intent *intent)
{
    return intent->payment;
}

const char *shop_intent_client_secret(const shop_intent *intent)
{
    return intent->client_secret;
}

const char *shop_intent_publishable_key(const shop_intent *intent)
{
    return intent->publishable_key;
}

const char *shop_payment_config_publishable_key(const shop_payment_config *config)
{
    return config->publishable_key;
}

int64_t shop_payment_statistics_total_payments(const shop_payment_statistics *statistics)
{
    return statistics->total_payments;
}

int64_t shop_payment_statistics_total_spent(const shop_payment_statistics *statistics)
{
    return statistics->total_spent;
}
