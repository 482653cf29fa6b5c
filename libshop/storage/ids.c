/* SPDX-License-Identifier: MIT */
/* Blocks of ids, one a table, refilled from the backend. */
#include "ids.h"

#include "store.h"

/* Small tables get small blocks: a lost rest should not make their ids jump far. */
#define BLOCK_BUSY 256
#define BLOCK_QUIET 16

typedef struct id_block {
    pthread_mutex_t lock;
    int64_t next;
    int64_t end;
} id_block;

struct shop_ids {
    id_block blocks[TABLE_COUNT];
};

struct shop_ids *shop_ids_new(void)
{
    struct shop_ids *ids = shop_mem_zalloc(1, sizeof *ids);
    if (!ids)
        return NULL;
    for (int i = 0; i < TABLE_COUNT; i++)
        pthread_mutex_init(&ids->blocks[i].lock, NULL);
    return ids;
}

void shop_ids_free(struct shop_ids *ids)
{
    if (!ids)
        return;
    for (int i = 0; i < TABLE_COUNT; i++)
        pthread_mutex_destroy(&ids->blocks[i].lock);
    shop_mem_free(ids);
}

static uint32_t block_size(uint16_t table)
{
    switch (table) {
    case TABLE_CATEGORY:
    case TABLE_PRODUCT:
    case TABLE_PRODUCT_IMAGE:
    case TABLE_USER:
        return BLOCK_QUIET;
    default:
        return BLOCK_BUSY;
    }
}

int64_t shop_new_id(shop_ctx *cx, uint16_t table)
{
    struct shop *s = cx->shop;
    id_block *block = &s->ids->blocks[table];
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    int64_t id = SHOP_UNSET;
    pthread_mutex_lock(&block->lock);
    if (block->next == block->end) {
        uint32_t count = block_size(table);
        int64_t first = 0;
        fault.outcome = s->storage->allocate(s->storage_self, table, count, &first, &fault);
        if (fault.outcome == SHOP_STORAGE_OK) {
            block->next = first;
            block->end = first + count;
        }
    }
    if (block->next < block->end)
        id = block->next++;
    pthread_mutex_unlock(&block->lock);
    if (id == SHOP_UNSET) {
        shop_trouble_note(s, "allocation of ids", &fault);
        if (fault.outcome != SHOP_STORAGE_UNAVAILABLE)
            shop_log(s, SHOP_LOG_ERROR, "storage: no id of table %u, outcome %d: %s", table, (int)fault.outcome, fault.detail);
        shop_fail(cx, SHOP_UNAVAILABLE, "storage_unavailable", "The shop's storage cannot be reached right now.");
    }
    return id;
}
