/* SPDX-License-Identifier: MIT */
/* The life of an order: which status may follow which. */
#include "order.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *from;
    const char *to;
} moves[] = {
    {ORDER_PENDING, ORDER_PROCESSING},   {ORDER_PENDING, ORDER_CANCELLED}, {ORDER_PROCESSING, ORDER_SHIPPED},
    {ORDER_PROCESSING, ORDER_CANCELLED}, {ORDER_SHIPPED, ORDER_DELIVERED},
};

#define MOVES (sizeof moves / sizeof moves[0])

int shop_order_may_become(const char *from, const char *to)
{
    for (size_t i = 0; i < MOVES; i++)
        if (strcmp(moves[i].from, from) == 0 && strcmp(moves[i].to, to) == 0)
            return 1;
    return 0;
}

/* "processing or cancelled"; "" when no move is left. */
static void name_moves(const char *from, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < MOVES; i++) {
        if (strcmp(moves[i].from, from) != 0)
            continue;
        int n = snprintf(text + used, size - used, "%s%s", used ? " or " : "", moves[i].to);
        if (n > 0 && (size_t)n < size - used)
            used += (size_t)n;
    }
}

shop_status shop_order_fail_transition(shop_ctx *cx, const char *from, const char *to)
{
    char allowed[64];
    name_moves(from, allowed, sizeof allowed);
    if (allowed[0] == '\0')
        return shop_fail(cx, SHOP_INVALID, "invalid_transition", "A %s order cannot become %s: its status is final.", from, to);
    return shop_fail(cx, SHOP_INVALID, "invalid_transition", "A %s order cannot become %s, only %s.", from, to, allowed);
}
