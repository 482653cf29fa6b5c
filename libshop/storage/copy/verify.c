/* SPDX-License-Identifier: MIT */
/* Comparing a table of both sides: how many rows there are, and a checksum over all columns of all rows in the order of ids. */
#include <sodium.h>
#include <string.h>

#include "copy.h"

/* Type, and number or size: so that no two rows of values have the same bytes. */
static void add_value(crypto_generichash_state *state, const shop_value *value)
{
    unsigned char head[9];
    uint64_t word = value->type == SHOP_VALUE_INT ? (uint64_t)value->num : value->type == SHOP_VALUE_NULL ? 0 : value->size;
    head[0] = (unsigned char)value->type;
    for (int i = 0; i < 8; i++)
        head[1 + i] = (unsigned char)(word >> (8 * i));
    (void)crypto_generichash_update(state, head, sizeof head);
    bool has_bytes = value->type == SHOP_VALUE_TEXT || value->type == SHOP_VALUE_BLOB;
    if (has_bytes && value->size)
        (void)crypto_generichash_update(state, (const unsigned char *)value->data, value->size);
}

static shop_status sum_up(shop_copy_job *job, const shop_copy_place *place, uint16_t table, int64_t *count,
                          unsigned char digest[SHOP_COPY_DIGEST])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, SHOP_COPY_DIGEST);
    shop_copy_cursor c;
    shop_status status = shop_copy_cursor_open(&c, job, place, table, shop_copy_columns(job->schema, table), 0);
    *count = 0;
    if (status == SHOP_OK)
        status = shop_copy_cursor_next(&c);
    while (status == SHOP_OK && c.rows.count) {
        for (size_t i = 0; i < (size_t)c.rows.count * c.rows.width; i++)
            add_value(&state, &c.rows.values[i]);
        *count += c.rows.count;
        job->progress.done += c.rows.count;
        status = shop_copy_tell(job);
        if (status == SHOP_OK)
            status = shop_copy_cursor_next(&c);
    }
    shop_copy_cursor_close(&c);
    (void)crypto_generichash_final(&state, digest, SHOP_COPY_DIGEST);
    return status;
}

static shop_status tell_equal(shop_copy_job *job, const unsigned char digest[SHOP_COPY_DIGEST])
{
    char text[2 * SHOP_COPY_DIGEST + 1];
    job->progress.checksum = sodium_bin2hex(text, sizeof text, digest, SHOP_COPY_DIGEST);
    shop_status status = shop_copy_tell(job);
    job->progress.checksum = NULL;
    return status;
}

shop_status shop_copy_verify(shop_copy_job *job, uint16_t table, int64_t *count)
{
    unsigned char digests[2][SHOP_COPY_DIGEST];
    const char *name = job->schema->tables[table].name;
    int64_t copied = 0;
    int64_t highest;
    job->progress.phase = SHOP_COPY_VERIFY;
    job->progress.table = name;
    job->progress.done = 0;
    shop_status status = shop_copy_look(job, &job->from, table, count, &highest);
    job->progress.total = 2 * *count;
    if (status == SHOP_OK)
        status = sum_up(job, &job->from, table, count, digests[0]);
    if (status == SHOP_OK)
        status = sum_up(job, &job->to, table, &copied, digests[1]);
    if (status != SHOP_OK)
        return status;
    if (*count != copied)
        return shop_copy_fail(SHOP_CONFLICT, "the table %s has %lld rows in the source and %lld in the target", name,
                              (long long)*count, (long long)copied);
    if (memcmp(digests[0], digests[1], SHOP_COPY_DIGEST) != 0)
        return shop_copy_fail(SHOP_CONFLICT, "rows of the table %s differ between source and target", name);
    return tell_equal(job, digests[0]);
}
