/* SPDX-License-Identifier: MIT */
/* Building a guarded batch. */
#include "batch.h"

#include <string.h>

#include "shape.h"

#define SETS_MAX 24
#define PREDS_MAX 6
#define FIRST_OPS 16

typedef struct op_builder {
    shop_op op;
    shop_set sets[SETS_MAX];
    shop_pred preds[PREDS_MAX];
    shop_value values[PREDS_MAX];
} op_builder;

struct shop_batch {
    shop_ctx *cx;
    shop_status status;
    uint32_t count;
    uint32_t room;
    op_builder **ops;
};

shop_batch *shop_batch_new(shop_ctx *cx)
{
    shop_batch *b = shop_arena_alloc(cx->arena, sizeof *b);
    if (!b) {
        shop_fail_no_memory(cx);
        return NULL;
    }
    *b = (shop_batch){.cx = cx};
    return b;
}

uint32_t shop_batch_count(const shop_batch *b)
{
    return b->count;
}

shop_status shop_batch_status(const shop_batch *b)
{
    return b->status;
}

static int make_room(shop_batch *b)
{
    if (b->count < b->room)
        return 1;
    uint32_t room = b->room ? b->room * 2 : FIRST_OPS;
    op_builder **ops = shop_arena_alloc(b->cx->arena, room * sizeof(op_builder *));
    if (!ops)
        return 0;
    if (b->count > 0)
        memcpy(ops, b->ops, b->count * sizeof(op_builder *));
    b->ops = ops;
    b->room = room;
    return 1;
}

static int add_op(shop_batch *b, uint16_t kind, uint16_t table, int64_t expect)
{
    if (b->status != SHOP_OK)
        return 0;
    op_builder *o = make_room(b) ? shop_arena_alloc(b->cx->arena, sizeof *o) : NULL;
    if (!o) {
        b->status = SHOP_NO_MEMORY;
        return 0;
    }
    o->op = (shop_op){.kind = kind, .table = table, .expect = expect, .sets = o->sets, .preds = o->preds};
    b->ops[b->count] = o;
    return (int)b->count++;
}

int shop_batch_insert(shop_batch *b, uint16_t table, int64_t id)
{
    int n = add_op(b, SHOP_OP_INSERT, table, 1);
    shop_set_int(b, 0, id);
    return n;
}

int shop_batch_update(shop_batch *b, uint16_t table, int64_t expect)
{
    return add_op(b, SHOP_OP_UPDATE, table, expect);
}

int shop_batch_delete(shop_batch *b, uint16_t table, int64_t expect)
{
    return add_op(b, SHOP_OP_DELETE, table, expect);
}

int shop_batch_check(shop_batch *b, uint16_t table, int64_t expect)
{
    return add_op(b, SHOP_OP_CHECK, table, expect);
}

/* ------------------------------------------------------------------------------------------------ sets */

static void add_set(shop_batch *b, uint16_t column, uint16_t how, shop_value value)
{
    if (b->status != SHOP_OK || b->count == 0)
        return;
    op_builder *o = b->ops[b->count - 1];
    if (o->op.set_count == SETS_MAX) {
        b->status = SHOP_INTERNAL;
        return;
    }
    o->sets[o->op.set_count++] = (shop_set){.column = column, .how = how, .value = value};
}

void shop_set_int(shop_batch *b, uint16_t column, int64_t value)
{
    add_set(b, column, SHOP_SET_TO, (shop_value){.type = SHOP_VALUE_INT, .num = value});
}

void shop_set_text(shop_batch *b, uint16_t column, const char *value)
{
    add_set(b, column, SHOP_SET_TO, shop_value_text(value));
}

void shop_set_blob(shop_batch *b, uint16_t column, const void *data, size_t size)
{
    if (size > UINT32_MAX) {
        b->status = SHOP_INTERNAL;
        return;
    }
    add_set(b, column, SHOP_SET_TO, (shop_value){.type = SHOP_VALUE_BLOB, .size = (uint32_t)size, .data = data});
}

void shop_set_null(shop_batch *b, uint16_t column)
{
    add_set(b, column, SHOP_SET_TO, (shop_value){.type = SHOP_VALUE_NULL});
}

void shop_set_add(shop_batch *b, uint16_t column, int64_t value)
{
    add_set(b, column, SHOP_SET_ADD, (shop_value){.type = SHOP_VALUE_INT, .num = value});
}

void shop_set_ref(shop_batch *b, uint16_t column, int op, uint16_t other)
{
    add_set(b, column, SHOP_SET_TO, (shop_value){.type = SHOP_VALUE_REF, .size = other, .num = op});
}

/* ------------------------------------------------------------------------------------------------ guards */

static void add_guard(shop_batch *b, shop_pred pred, const shop_value *value)
{
    if (b->status != SHOP_OK || b->count == 0)
        return;
    op_builder *o = b->ops[b->count - 1];
    if (o->op.pred_count == PREDS_MAX) {
        b->status = SHOP_INTERNAL;
        return;
    }
    shop_pred *p = &o->preds[o->op.pred_count];
    *p = pred;
    if (value) {
        o->values[o->op.pred_count] = *value;
        p->values = &o->values[o->op.pred_count];
        p->value_count = 1;
    }
    o->op.pred_count++;
}

void shop_guard_int(shop_batch *b, uint16_t column, uint16_t op, int64_t value)
{
    shop_value v = {.type = SHOP_VALUE_INT, .num = value};
    add_guard(b, (shop_pred){.column = column, .op = op, .other = SHOP_NO_COLUMN}, &v);
}

void shop_guard_text(shop_batch *b, uint16_t column, uint16_t op, const char *value)
{
    shop_value v = shop_value_text(value);
    add_guard(b, (shop_pred){.column = column, .op = op, .other = SHOP_NO_COLUMN}, &v);
}

void shop_guard_null(shop_batch *b, uint16_t column, uint16_t op)
{
    add_guard(b, (shop_pred){.column = column, .op = op, .other = SHOP_NO_COLUMN}, NULL);
}

void shop_guard_column(shop_batch *b, uint16_t column, uint16_t op, uint16_t other, int64_t plus)
{
    shop_value v = {.type = SHOP_VALUE_INT, .num = plus};
    add_guard(b, (shop_pred){.column = column, .op = op, .other = other}, &v);
}

/* ------------------------------------------------------------------------------------------------ the list */

shop_op_list shop_batch_list(shop_batch *b)
{
    shop_op *ops = shop_arena_alloc(b->cx->arena, b->count * sizeof *ops);
    if (!ops)
        return (shop_op_list){.count = 0};
    for (uint32_t i = 0; i < b->count; i++) {
        ops[i] = b->ops[i]->op;
        ops[i].shape = shop_shape_of_op(&ops[i]);
    }
    return (shop_op_list){.shape = shop_shape_of_list(ops, b->count), .count = b->count, .ops = ops};
}
