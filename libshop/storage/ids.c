/* SPDX-License-Identifier: MIT */
/* Blocks of ids, one a table, refilled from the backend. */
#include "ids.h"

#include "store.h"
#include "wait.h"

/* Small tables get small blocks: a lost rest should not make their ids jump far. */
#define BLOCK_BUSY 256
#define BLOCK_QUIET 16

typedef struct id_block {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    int is_filling; /* somebody asks the backend, who may be slow: the others wait, each until its own deadline */
    int64_t next;
    int64_t end;
} id_block;

struct shop_ids {
    id_block blocks[TABLE_COUNT];
};

static void destroy(struct shop_ids *ids, int conditions)
{
    for (int i = 0; i < TABLE_COUNT; i++)
        pthread_mutex_destroy(&ids->blocks[i].lock);
    for (int i = 0; i < conditions; i++)
        pthread_cond_destroy(&ids->blocks[i].filled);
    shop_mem_free(ids);
}

struct shop_ids *shop_ids_new(void)
{
    struct shop_ids *ids = shop_mem_zalloc(1, sizeof *ids);
    if (!ids)
        return NULL;
    for (int i = 0; i < TABLE_COUNT; i++)
        pthread_mutex_init(&ids->blocks[i].lock, NULL);
    int made = 0;
    while (made < TABLE_COUNT && shop_cond_init(&ids->blocks[made].filled) == 0)
        made++;
    if (made == TABLE_COUNT)
        return ids;
    destroy(ids, made);
    return NULL;
}

void shop_ids_free(struct shop_ids *ids)
{
    if (ids)
        destroy(ids, TABLE_COUNT);
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

/* With the lock held, which is left while the backend is asked. */
static void fill(struct shop *s, uint16_t table, id_block *block, shop_fault *fault)
{
    uint32_t count = block_size(table);
    int64_t first = 0;
    block->is_filling = 1;
    pthread_mutex_unlock(&block->lock);
    fault->outcome = s->storage->allocate(s->storage_self, table, count, &first, fault);
    pthread_mutex_lock(&block->lock);
    block->is_filling = 0;
    if (fault->outcome == SHOP_STORAGE_OK) {
        block->next = first;
        block->end = first + count;
    }
    pthread_cond_broadcast(&block->filled);
}

int64_t shop_new_id(shop_ctx *cx, uint16_t table)
{
    struct shop *s = cx->shop;
    id_block *block = &s->ids->blocks[table];
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    int64_t id = SHOP_UNSET;
    int late = 0;
    pthread_mutex_lock(&block->lock);
    while (block->next == block->end && fault.outcome == SHOP_STORAGE_OK && !late) {
        if (block->is_filling)
            late = shop_cond_wait(&block->filled, &block->lock, shop_ctx_deadline(cx));
        else
            fill(s, table, block, &fault);
    }
    if (block->next < block->end)
        id = block->next++;
    pthread_mutex_unlock(&block->lock);
    if (id == SHOP_UNSET) {
        shop_trouble_note(s, "allocation of ids", &fault);
        if (late || fault.outcome != SHOP_STORAGE_UNAVAILABLE)
            shop_log(s, SHOP_LOG_ERROR, "storage: no id of table %u, outcome %d: %s", table, (int)fault.outcome,
                     late ? "timeout: the deadline passed" : fault.detail);
        shop_fail(cx, SHOP_UNAVAILABLE, "storage_unavailable", "The shop's storage cannot be reached right now.");
    }
    return id;
}
