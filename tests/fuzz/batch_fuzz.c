/* SPDX-License-Identifier: MIT */
/* Bytes become batches and queries on the conformance kit's tables; SQLite must do what the memory backend does. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../conformance/random.h"

#define MOST_STEPS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char url[128];

static void remove_files(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s%s", url + sizeof "sqlite:" - 1, endings[i]);
        (void)unlink(path);
    }
}

static void *open_fresh(const shop_storage_vtable *vt, const char *place)
{
    static const shop_storage_host host = {.struct_size = sizeof host};
    shop_fault fault;
    void *self = NULL;
    if (!vt || vt->open(place, kit_schema(), &host, &self, &fault) != SHOP_STORAGE_OK)
        abort();
    return self;
}

/* Opening a file is slow beside a step: one place serves all inputs, emptied before each. */
static void empty(const shop_storage_vtable *vt, void *self)
{
    static const uint16_t tables[] = {LINE, ITEM, MAKER};
    kit_memory memory;
    shop_fault fault;
    kit_memory_init(&memory);
    kit_batch *b = batch_new(&memory);
    batch_op(b, SHOP_OP_UPDATE, ITEM, SHOP_EXPECT_ANY);
    set_null(b, ITEM_PARENT);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        batch_op(b, SHOP_OP_DELETE, tables[i], SHOP_EXPECT_ANY);
    if (kit_apply(vt, self, &memory, b, &fault) != SHOP_STORAGE_OK)
        abort();
    kit_memory_free(&memory);
}

static kit_pair pair;

static void close_pair(void)
{
    pair.vt->close(pair.self);
    pair.model->close(pair.model_self);
    remove_files();
}

static void open_pair(void)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(url, sizeof url, "sqlite:%s/batch_fuzz-%ld.db", parent ? parent : "/tmp", (long)getpid());
    remove_files();
    pair.report = stderr;
    pair.model = shop_storage_find("memory:");
    pair.model_self = open_fresh(pair.model, "memory:");
    pair.vt = shop_storage_find("sqlite:");
    pair.self = open_fresh(pair.vt, url);
    (void)atexit(close_pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (!pair.self)
        open_pair();
    empty(pair.vt, pair.self);
    empty(pair.model, pair.model_self);
    kit_source source = {.data = data, .size = size};
    for (int i = 0; i < MOST_STEPS && !is_used_up(&source); i++) {
        if (!kit_random_step(&pair, &source))
            abort();
    }
    return 0;
}
