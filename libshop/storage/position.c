/* SPDX-License-Identifier: MIT */
/*
 * Positions: of a context, and of users who wrote lately.
 *
 * Users share the places of a small table by their ids. Who shares one with somebody who wrote sees at least that, too: it costs a read of
 * the primary at worst, and nothing is ever forgotten too early.
 */
#include "position.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define PLACES 1024u /* a power of two */
#define KEPT INT64_C(60000000) /* microseconds: longer than any replica that is in use may be behind … */

typedef struct place {
    uint64_t position;
    int64_t until;
} place;

struct shop_positions {
    pthread_mutex_t lock;
    place places[PLACES];
};

/* ------------------------------------------------------------------------------------------------ the backend's replicas */

static bool ask_storage(const struct shop *s, shop_storage_replicas *out)
{
    *out = (shop_storage_replicas){.struct_size = sizeof *out};
    if (!shop_check_slot(s->storage, offsetof(shop_storage_vtable, replicas)))
        return false;
    s->storage->replicas(s->storage_self, out);
    return out->count > 0;
}

int64_t shop_replicas(const shop *s, int32_t what)
{
    shop_storage_replicas found;
    if (!ask_storage(s, &found))
        return 0;
    switch (what) {
    case SHOP_REPLICAS_NAMED:
        return found.count;
    case SHOP_REPLICAS_IN_USE:
        return found.in_use;
    case SHOP_READS_FROM_REPLICA:
        return (int64_t)found.replica_reads;
    case SHOP_READS_FROM_PRIMARY:
        return (int64_t)found.primary_reads;
    default:
        return 0;
    }
}

bool shop_positions_open(struct shop *s)
{
    shop_storage_replicas found;
    if (!ask_storage(s, &found))
        return true;
    s->positions = shop_mem_zalloc(1, sizeof *s->positions);
    if (s->positions)
        pthread_mutex_init(&s->positions->lock, NULL);
    return s->positions != NULL;
}

void shop_positions_free(struct shop_positions *positions)
{
    if (!positions)
        return;
    pthread_mutex_destroy(&positions->lock);
    shop_mem_free(positions);
}

/* ------------------------------------------------------------------------------------------------ who saw what */

static place *place_of(struct shop_positions *positions, int64_t actor)
{
    return &positions->places[((uint64_t)actor * UINT64_C(0x9e3779b97f4a7c15)) >> 54 & (PLACES - 1)];
}

void shop_position_note(shop_ctx *cx, uint64_t position)
{
    struct shop_positions *positions = cx->shop->positions;
    if (!positions)
        return;
    cx->position = position ? position : SHOP_POSITION_LATEST;
    if (cx->actor <= 0)
        return;
    int64_t now = shop_monotonic_now();
    pthread_mutex_lock(&positions->lock);
    place *p = place_of(positions, cx->actor);
    if (now >= p->until || cx->position > p->position)
        p->position = cx->position;
    p->until = now + KEPT;
    pthread_mutex_unlock(&positions->lock);
}

uint64_t shop_position_needed(const shop_ctx *cx)
{
    struct shop_positions *positions = cx->shop->positions;
    uint64_t needed = cx->position;
    if (!positions || cx->actor <= 0)
        return needed;
    pthread_mutex_lock(&positions->lock);
    const place *p = place_of(positions, cx->actor);
    if (p->position > needed && shop_monotonic_now() < p->until)
        needed = p->position;
    pthread_mutex_unlock(&positions->lock);
    return needed;
}

/* ------------------------------------------------------------------------------------------------ as a text */

#define DIGITS 16

const char *shop_ctx_position(shop_ctx *cx)
{
    if (!cx->position)
        return "";
    (void)snprintf(cx->position_text, sizeof cx->position_text, "%016" PRIx64, cx->position);
    return cx->position_text;
}

/* Lower-case hex, all of them; 0 when it is anything else. */
static uint64_t read_position(const char *text)
{
    uint64_t position = 0;
    if (strnlen(text, DIGITS + 1) != DIGITS)
        return 0;
    for (; *text; text++) {
        bool is_digit = *text >= '0' && *text <= '9';
        if (!is_digit && (*text < 'a' || *text > 'f'))
            return 0;
        position = position << 4 | (uint64_t)(is_digit ? *text - '0' : *text - 'a' + 10);
    }
    return position;
}

void shop_ctx_set_position(shop_ctx *cx, const char *position)
{
    cx->position = cx->shop->positions && position ? read_position(position) : 0;
}
