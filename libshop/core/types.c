/* SPDX-License-Identifier: MIT */
/* Every type that clients and bindings may ask for by name, domain by domain. */
#include "type.h"

extern const shop_type shop_user_type, shop_tokens_type, shop_session_type, shop_register_input_type, shop_login_input_type,
    shop_refresh_input_type, shop_password_input_type, shop_profile_input_type;
extern const shop_type shop_category_type, shop_shelf_item_type, shop_category_detail_type, shop_category_input_type,
    shop_category_filter_type, shop_category_view_type, shop_image_type, shop_image_input_type, shop_product_type,
    shop_product_brief_type, shop_product_input_type, shop_product_filter_type;
extern const shop_type shop_cart_type, shop_cart_item_type, shop_cart_item_input_type, shop_cart_quantity_input_type;
extern const shop_type shop_order_type, shop_order_brief_type, shop_order_item_type, shop_order_input_type,
    shop_order_status_input_type, shop_order_filter_type, shop_order_admin_filter_type;
extern const shop_type shop_payment_type, shop_payment_brief_type, shop_intent_type, shop_payment_config_type,
    shop_payment_statistics_type, shop_payment_filter_type, shop_intent_input_type, shop_confirm_input_type,
    shop_sync_input_type, shop_payment_cancel_input_type, shop_refund_input_type;

const shop_type *const shop_types[] = {
    &shop_user_type,
    &shop_tokens_type,
    &shop_session_type,
    &shop_register_input_type,
    &shop_login_input_type,
    &shop_refresh_input_type,
    &shop_password_input_type,
    &shop_profile_input_type,
    &shop_category_type,
    &shop_shelf_item_type,
    &shop_category_detail_type,
    &shop_category_input_type,
    &shop_category_filter_type,
    &shop_category_view_type,
    &shop_image_type,
    &shop_image_input_type,
    &shop_product_type,
    &shop_product_brief_type,
    &shop_product_input_type,
    &shop_product_filter_type,
    &shop_cart_type,
    &shop_cart_item_type,
    &shop_cart_item_input_type,
    &shop_cart_quantity_input_type,
    &shop_order_type,
    &shop_order_brief_type,
    &shop_order_item_type,
    &shop_order_input_type,
    &shop_order_status_input_type,
    &shop_order_filter_type,
    &shop_order_admin_filter_type,
    &shop_payment_type,
    &shop_payment_brief_type,
    &shop_intent_type,
    &shop_payment_config_type,
    &shop_payment_statistics_type,
    &shop_payment_filter_type,
    &shop_intent_input_type,
    &shop_confirm_input_type,
    &shop_sync_input_type,
    &shop_payment_cancel_input_type,
    &shop_refund_input_type,
    NULL,
};
