/* SPDX-License-Identifier: MIT */
/* The whole public API of libshop. Include this. */
#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H

#include <shop/base.h>
#include <shop/type.h>

#include <shop/account.h>
#include <shop/cart.h>
#include <shop/catalog.h>
#include <shop/jobs.h>
#include <shop/money.h>
#include <shop/order.h>
#include <shop/payment.h>

#endif
