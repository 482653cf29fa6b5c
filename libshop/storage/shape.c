/* SPDX-License-Identifier: MIT */
/* Shapes: a 64-bit hash (FNV-1a over words, mixed at the end) of everything but the values' contents. */
#include "shape.h"

#include <string.h>

#define OFFSET UINT64_C(14695981039346656037)
#define PRIME UINT64_C(1099511628211)

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * PRIME;
    return h ^ (h >> 29);
}

static uint64_t mix_value(uint64_t h, const shop_value *v)
{
    h = mix(h, v->type);
    if (v->type == SHOP_VALUE_REF) /* which row and column it names is structure */
        h = mix(mix(h, v->size), (uint64_t)v->num);
    return h;
}

static uint64_t mix_preds(uint64_t h, const shop_pred *preds, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const shop_pred *p = &preds[i];
        h = mix(h, (uint64_t)p->column << 48 | (uint64_t)p->op << 32 | (uint64_t)p->other << 16 | p->read);
        h = mix(h, p->value_count);
        if (p->value_count > 0 && p->op != SHOP_PRED_IN) /* the values of an IN are all of the column's type */
            h = mix_value(h, p->values);
    }
    return h;
}

uint64_t shop_shape_of_read(const shop_read *r)
{
    uint64_t h = mix(OFFSET, 1);
    h = mix(h, (uint64_t)r->table << 48 | (uint64_t)r->group_by << 32 | (uint64_t)r->pred_count << 16 | r->order_count);
    h = mix(h, (uint64_t)r->aggregate_count << 2 | (r->after ? 2u : 0u) | (r->limit >= 0 ? 1u : 0u));
    h = mix(h, r->columns);
    h = mix_preds(h, r->preds, r->pred_count);
    for (uint32_t i = 0; i < r->order_count; i++) {
        h = mix(h, (uint64_t)r->order[i].column << 16 | (uint64_t)r->order[i].by_rank << 8 | r->order[i].descending);
        if (r->after)
            h = mix(h, r->after[i].type);
    }
    for (uint32_t i = 0; i < r->aggregate_count; i++)
        h = mix(h, (uint64_t)r->aggregates[i].fn << 16 | r->aggregates[i].column);
    return h;
}

uint64_t shop_shape_of_op(const shop_op *op)
{
    uint64_t h = mix(OFFSET, 2);
    h = mix(h, (uint64_t)op->kind << 48 | (uint64_t)op->table << 32 | (uint64_t)op->set_count << 16 | op->pred_count);
    for (uint32_t i = 0; i < op->set_count; i++) {
        h = mix(h, (uint64_t)op->sets[i].column << 16 | op->sets[i].how);
        h = mix_value(h, &op->sets[i].value);
    }
    return mix_preds(h, op->preds, op->pred_count);
}

uint64_t shop_shape_of_list(const shop_op *ops, uint32_t count)
{
    uint64_t h = mix(OFFSET, 3);
    for (uint32_t i = 0; i < count; i++)
        h = mix(h, ops[i].shape);
    return h;
}

shop_value shop_value_text(const char *text)
{
    if (!text)
        return (shop_value){.type = SHOP_VALUE_NULL};
    return (shop_value){.type = SHOP_VALUE_TEXT, .size = (uint32_t)strlen(text), .data = text};
}
