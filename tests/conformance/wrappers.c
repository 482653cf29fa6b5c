/* SPDX-License-Identifier: MIT */
/* A mask over the memory backend, and the emulation over the mask. */
#include "wrappers.h"

#include <stdbool.h>
#include <stdlib.h>

#include "../../libshop/storage/emulate.h"
#include "../../libshop/storage/memory/memory.h"

typedef struct instance {
    void *inner;
    const shop_schema *schema;
} instance;

static shop_storage_vtable masked;
static shop_storage_vtable emulated;
static shop_storage_vtable shared;

static int32_t wrapper_open(const char *url, const shop_schema *schema, const shop_storage_host *host, void **self,
                            shop_fault *fault)
{
    instance *made = calloc(1, sizeof *made);
    if (!made) {
        *fault = (shop_fault){.outcome = SHOP_STORAGE_NO_MEMORY};
        return SHOP_STORAGE_NO_MEMORY;
    }
    made->schema = schema;
    int32_t outcome = shop_storage_memory()->open(url, schema, host, &made->inner, fault);
    if (outcome == SHOP_STORAGE_OK)
        *self = made;
    else
        free(made);
    return outcome;
}

static void wrapper_close(void *self)
{
    instance *me = self;
    shop_storage_memory()->close(me->inner);
    free(me);
}

static bool needs_only(const shop_read *read, uint32_t capabilities)
{
    bool pages = read->order_count || read->after || read->limit != -1 || read->offset != 0;
    if ((pages && !(capabilities & SHOP_CAN_ORDER)) || (read->aggregate_count && !(capabilities & SHOP_CAN_AGGREGATE)))
        return false;
    for (uint16_t i = 0; i < read->order_count; i++) {
        if (read->order[i].by_rank && !(capabilities & SHOP_CAN_RANK))
            return false;
    }
    for (uint16_t i = 0; i < read->pred_count; i++) {
        if ((read->preds[i].op == SHOP_PRED_MATCH && !(capabilities & SHOP_CAN_MATCH)) ||
            (read->preds[i].op == SHOP_PRED_IN_READ && !(capabilities & SHOP_CAN_IN_READ)))
            return false;
    }
    return true;
}

static int32_t masked_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count, shop_rows *rows,
                            shop_fault *fault)
{
    instance *me = self;
    for (uint32_t i = 0; i < count && count <= 16; i++) {
        if (!needs_only(&reads[i], masked.capabilities)) {
            *fault = (shop_fault){.outcome = SHOP_STORAGE_INVALID, .op = i, .detail = "needs what was not claimed"};
            return SHOP_STORAGE_INVALID;
        }
    }
    return shop_storage_memory()->query(me->inner, call, reads, count, rows, fault);
}

static int32_t emulated_query(void *self, const shop_storage_call *call, const shop_read *reads, uint32_t count,
                              shop_rows *rows, shop_fault *fault)
{
    instance *me = self;
    return shop_emulate_query(&masked, me, call, me->schema, reads, count, rows, fault);
}

static int32_t wrapper_apply(void *self, const shop_storage_call *call, const shop_op_list *list, shop_fault *fault)
{
    instance *me = self;
    return shop_storage_memory()->apply(me->inner, call, list, fault);
}

static int32_t wrapper_allocate(void *self, uint32_t table, uint32_t count, int64_t *first, shop_fault *fault)
{
    instance *me = self;
    return shop_storage_memory()->allocate(me->inner, table, count, first, fault);
}

static int32_t wrapper_ping(void *self, shop_fault *fault)
{
    instance *me = self;
    return shop_storage_memory()->ping(me->inner, fault);
}

static shop_storage_vtable wrapper(uint32_t capabilities)
{
    return (shop_storage_vtable){
        .struct_size = sizeof(shop_storage_vtable),
        .version = SHOP_STORAGE_VERSION,
        .capabilities = capabilities,
        .name = "memory",
        .open = wrapper_open,
        .close = wrapper_close,
        .query = masked_query,
        .apply = wrapper_apply,
        .allocate = wrapper_allocate,
        .ping = wrapper_ping,
    };
}

const shop_storage_vtable *masked_memory(uint32_t capabilities)
{
    masked = wrapper(shop_storage_memory()->capabilities & capabilities);
    return &masked;
}

const shop_storage_vtable *emulated_memory(uint32_t capabilities)
{
    (void)masked_memory(capabilities);
    emulated = wrapper(shop_storage_memory()->capabilities);
    emulated.query = emulated_query;
    return &emulated;
}

const shop_storage_vtable *shared_memory(void)
{
    shared = *shop_storage_memory();
    shared.capabilities |= SHOP_CAN_SHARE;
    return &shared;
}
