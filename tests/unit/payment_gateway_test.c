/* SPDX-License-Identifier: MIT */
/* Gateways that others write: who is let in, what is told of a gateway that cannot work, and what it can charge. */
#include <string.h>

#include "../../libshop/gateway/gateway.h"
#include "payment_support.h"

TestSuite(payment_gateway, .init = payment_shop_open, .fini = payment_shop_close, .timeout = 60);

/* ------------------------------------------------------------------------------------------------ the registry */

static shop_gateway_vtable named(const char *name)
{
    shop_gateway_vtable copy = *shop_gateway_find("mock");
    copy.name = name;
    return copy;
}

Test(payment_gateway, a_table_that_lacks_a_required_slot_is_refused)
{
    static const size_t slots[] = {
        offsetof(shop_gateway_vtable, open),    offsetof(shop_gateway_vtable, close),   offsetof(shop_gateway_vtable, money),
        offsetof(shop_gateway_vtable, create),  offsetof(shop_gateway_vtable, find),    offsetof(shop_gateway_vtable, retrieve),
        offsetof(shop_gateway_vtable, confirm), offsetof(shop_gateway_vtable, capture), offsetof(shop_gateway_vtable, cancel),
        offsetof(shop_gateway_vtable, refund),  offsetof(shop_gateway_vtable, refunds), offsetof(shop_gateway_vtable, dispute),
        offsetof(shop_gateway_vtable, verify),  offsetof(shop_gateway_vtable, decode),
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        shop_gateway_vtable holed = named("holed");
        memset((char *)&holed + slots[i], 0, sizeof(void (*)(void)));
        cr_expect_eq(shop_gateway_register(&holed), SHOP_INVALID, "slot %zu", i);
        cr_expect_null(shop_gateway_find("holed"));
    }
    cr_expect_eq(shop_gateway_register(NULL), SHOP_INVALID);
}

Test(payment_gateway, a_table_without_the_optional_slot_is_let_in)
{
    static shop_gateway_vtable old;
    old = named("old");
    old.struct_size = offsetof(shop_gateway_vtable, work); /* as one that was built before there was such a slot */
    cr_expect_eq(shop_gateway_register(&old), SHOP_OK);
    cr_expect_eq(shop_gateway_find("old"), &old);
}

Test(payment_gateway, a_wrong_size_version_or_name_is_refused)
{
    shop_gateway_vtable bad = named("bad");
    bad.struct_size = offsetof(shop_gateway_vtable, work) - 1;
    cr_expect_eq(shop_gateway_register(&bad), SHOP_INVALID);
    bad = named("bad");
    bad.version = SHOP_GATEWAY_VERSION + 1;
    cr_expect_eq(shop_gateway_register(&bad), SHOP_INVALID);
    bad.version = 0;
    cr_expect_eq(shop_gateway_register(&bad), SHOP_INVALID);
    bad = named("");
    cr_expect_eq(shop_gateway_register(&bad), SHOP_INVALID);
    bad = named(NULL);
    cr_expect_eq(shop_gateway_register(&bad), SHOP_INVALID);
}

Test(payment_gateway, a_name_is_given_once)
{
    static const char *const taken[] = {"mock", "test", "stripe"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        shop_gateway_vtable second = named(taken[i]);
        cr_expect_eq(shop_gateway_register(&second), SHOP_INVALID);
        cr_expect_neq(shop_gateway_find(taken[i]), &second);
    }
    cr_expect_null(shop_gateway_find("nobody"));
    cr_expect_null(shop_gateway_find(NULL));
}

/* ------------------------------------------------------------------------------------------------ opening */

static shop_status try_open(const char *gateway, const char *currency)
{
    shop_options options;
    shop *other = NULL;
    test_options(&options);
    options.gateway = gateway;
    options.currency = currency;
    shop_status status = shop_open(&options, &other);
    cr_expect_eq(status == SHOP_OK, other != NULL);
    shop_close(other);
    return status;
}

Test(payment_gateway, a_shop_on_a_gateway_that_nobody_knows_is_not_opened)
{
    cr_assert_eq(try_open("nobody", NULL), SHOP_INVALID);
    cr_assert_not_null(strstr(shop_open_error(), "gateway"));
    cr_assert_eq(try_open("mock", NULL), SHOP_OK);
    cr_assert_str_eq(shop_open_error(), "");
}

Test(payment_gateway, a_gateway_that_cannot_work_says_why_the_shop_is_not_opened)
{
    mock_open_fails("its key is missing");
    cr_assert_eq(try_open("mock", NULL), SHOP_INVALID);
    cr_assert_not_null(strstr(shop_open_error(), "its key is missing"));
}

Test(payment_gateway, a_shop_in_a_currency_that_cannot_be_charged_is_not_opened)
{
    mock_refuse_currency("jpy");
    cr_assert_eq(try_open("mock", "JPY"), SHOP_INVALID);
    cr_assert_not_null(strstr(shop_open_error(), "currency"));
}

/* ------------------------------------------------------------------------------------------------ what can be charged */

/* The rules are read when a shop is opened. */
static void set_rules(shop_options *options)
{
    (void)options;
    mock_set_money("usd", 10, 500, 2000);
}

static void open_with_rules(void)
{
    payment_shop_open_with(set_rules);
}

TestSuite(payment_money, .init = open_with_rules, .fini = payment_shop_close, .timeout = 60);

Test(payment_money, a_price_that_the_gateway_cannot_express_is_refused)
{
    const shop_product *made;
    shop_product_input in = SHOP_PRODUCT_INPUT_INIT;
    in.price = 1005;
    cr_assert_eq(shop_product_update(system_cx, "cup", &in, 0, &made), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(system_cx, 0), "price");
    in.price = 1010;
    ok(system_cx, shop_product_update(system_cx, "cup", &in, 0, &made));
    in.price = 1005;
    in.name = in.slug = "mug";
    in.description = "";
    in.stock_quantity = 1;
    in.category_id = 1;
    cr_assert_eq(shop_product_create(system_cx, &in, &made), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(system_cx, 0), "price");
}

static void is_not_asked_for(int64_t order, const char *code)
{
    refused(ann, try_create(ann, order, NULL), SHOP_INVALID, code);
    cr_assert_eq(mock_total(), 0, "the gateway is not even asked");
    const shop_payment *p;
    cr_assert_eq(shop_payment_of_order(ann, order, &p), SHOP_NOT_FOUND);
}

Test(payment_money, an_amount_below_the_least_is_refused_before_the_call)
{
    is_not_asked_for(place_order_of(make_product("pin", 490), 1), "amount_too_small");
    (void)begin(place_order_of(make_product("pen", 500), 1));
}

Test(payment_money, an_amount_above_the_most_is_refused_before_the_call)
{
    is_not_asked_for(place_order_of(cup, 3), "amount_too_large");
    (void)begin(place_order_of(cup, 2));
}

/* The price was made when the gateway still took it: on the database of a shop that was opened before with other rules. */
Test(payment_money, an_amount_that_cannot_be_expressed_is_refused_before_the_call)
{
    int64_t order = place_order_of(make_product("odd", 1010), 1);
    test_shop->gateway->money.step = 100;
    is_not_asked_for(order, "amount_not_chargeable");
}

Test(payment_money, a_refund_is_a_multiple_of_what_the_gateway_can_express)
{
    int64_t payment = paid(place_order());
    cr_assert_eq(try_refund(payment, 15), SHOP_INVALID);
    cr_assert_str_eq(shop_ctx_error_field(sue, 0), "amount");
    cr_assert_eq(mock_count(MOCK_REFUND), 0);
    stands(payment, "succeeded", 0);
    ok(sue, try_refund(payment, 20));
    stands(payment, "partially_refunded", 20);
}
