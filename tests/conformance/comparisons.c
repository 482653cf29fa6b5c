/* SPDX-License-Identifier: MIT */
/* Random batches and queries: the backend does what the model (the memory backend) does, step by step. */
#include "random.h"

#include <inttypes.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define STEPS_A_SEED 500u

static bool compare_from_seed(kit *k, void *model_self, uint64_t seed, uint32_t steps)
{
    kit_pair pair = {
        .vt = k->vt, .self = k->self, .model = shop_storage_find("memory:"), .model_self = model_self, .report = k->report};
    kit_source source = {.state = seed};
    for (uint32_t i = 0; i < steps; i++) {
        if (!kit_random_step(&pair, &source))
            return expect(k, false, "at step %u from seed %" PRIu64, (unsigned)i, seed);
    }
    return true;
}

static void *open_model(kit *k)
{
    static const shop_storage_host host = {.struct_size = sizeof host};
    const shop_storage_vtable *model = shop_storage_find("memory:");
    shop_fault fault;
    void *self = NULL;
    if (model)
        (void)model->open("memory:", kit_schema(), &host, &self, &fault);
    expect(k, self != NULL, "the model cannot be opened");
    return self;
}

static void empty_place(kit *k)
{
    static const uint16_t tables[] = {LINE, ITEM, MAKER};
    kit_batch *b = batch_new(&k->memory);
    batch_op(b, SHOP_OP_UPDATE, ITEM, SHOP_EXPECT_ANY);
    set_null(b, ITEM_PARENT);
    for (size_t i = 0; i < LENGTH(tables); i++)
        batch_op(b, SHOP_OP_DELETE, tables[i], SHOP_EXPECT_ANY);
    apply_ok(k, b);
}

static void does_what_the_model_does(kit *k)
{
    uint32_t rounds = k->options->rounds ? k->options->rounds : 2000;
    uint64_t seed = k->options->seed ? k->options->seed : 1;
    for (bool same = true; same && rounds; seed++) {
        uint32_t steps = rounds < STEPS_A_SEED ? rounds : STEPS_A_SEED;
        void *model_self = open_model(k);
        if (!model_self)
            return;
        same = compare_from_seed(k, model_self, seed, steps);
        shop_storage_find("memory:")->close(model_self);
        empty_place(k);
        rounds -= steps;
    }
}

static const kit_requirement requirements[] = {
    {"random batches and queries do what they do in the model", does_what_the_model_does, 0, 0},
};

const kit_chapter kit_comparisons = {"comparisons", requirements, LENGTH(requirements)};
