/* SPDX-License-Identifier: MIT */
/*
 * A change: read → decide → apply with guards, again while somebody is faster. The first answer of a request that may be
 * sent twice is stored, sealed, in the batch that makes the change: a request that changed nothing leaves no key.
 */
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "../core/json_write.h"
#include "batch.h"
#include "position.h"

#define ATTEMPTS 16 /* at least, … */
#define PATIENCE INT64_C(1500000) /* … and on for so many microseconds: on a slow machine the others need time, too */
#define RESOLVE_TIME INT64_C(1000000) /* microseconds to learn what became of a batch, though the time of its call is over */
#define FIRST_PAUSE_US 100
#define LONGEST_PAUSE_US 50000

/* One change on its way through its attempts. */
typedef struct change {
    shop_ctx *cx;
    const shop_type *type;
    shop_attempt attempt;
    void *args;
    int with_key; /* store the answer under the context's idempotency key */
    int key_is_stale; /* a row with the key is there, but its time is over */
    int64_t mark; /* id of the batch's mark; SHOP_UNSET: none */
    const void *answer;
} change;

/* ------------------------------------------------------------------------------------------------ stored answers */

static shop_status seal(shop_ctx *cx, const char *text, size_t length, const unsigned char **sealed, size_t *size)
{
    *size = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + length;
    unsigned char *out = shop_arena_alloc(cx->arena, *size);
    if (!out)
        return shop_fail_no_memory(cx);
    randombytes_buf(out, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(out + crypto_secretbox_NONCEBYTES, (const unsigned char *)text, length, out, cx->shop->seal_key);
    *sealed = out;
    return SHOP_OK;
}

static shop_status unseal(shop_ctx *cx, const shop_value *sealed, const char **text, size_t *length)
{
    size_t overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    char *out = sealed->size < overhead ? NULL : shop_arena_alloc(cx->arena, sealed->size - overhead + 1);
    const unsigned char *nonce = (const unsigned char *)sealed->data;
    if (!out || crypto_secretbox_open_easy((unsigned char *)out, nonce + crypto_secretbox_NONCEBYTES,
                                           sealed->size - crypto_secretbox_NONCEBYTES, nonce, cx->shop->seal_key) != 0)
        return shop_fail(cx, SHOP_CONFLICT, "idempotency_key_unreadable",
                         "This idempotency key was used under another secret key. Use a new one.");
    *length = sealed->size - overhead;
    out[*length] = '\0';
    *text = out;
    return SHOP_OK;
}

/* Looks for the key's first answer. *found: 0 none, 1 there and *out is it, -1 its time is over. */
static shop_status find_answer(shop_ctx *cx, const shop_type *type, const void **out, int *found)
{
    *found = 0;
    if (!cx->idempotency_key)
        return SHOP_OK;
    shop_query *q = shop_query_new(cx);
    int read = shop_query_read(q, TABLE_IDEMPOTENCY);
    shop_where_int(q, IDEMPOTENCY_USER, SHOP_PRED_EQ, cx->actor);
    shop_where_text(q, IDEMPOTENCY_KEY, SHOP_PRED_EQ, cx->idempotency_key);
    shop_status status = shop_query_run(q);
    if (status != SHOP_OK || shop_query_rows(q, read)->count == 0)
        return status;
    const shop_rows *rows = shop_query_rows(q, read);
    int64_t age = shop_now(cx->shop) - shop_row_int(rows, 0, IDEMPOTENCY_CREATED_AT);
    if (age / 1000000 >= cx->shop->options.idempotency_ttl) {
        *found = -1;
        return SHOP_OK;
    }
    const shop_value *row = shop_row(rows, 0);
    const shop_value *hash = &row[IDEMPOTENCY_REQUEST_HASH];
    if (hash->size != sizeof cx->request_hash || sodium_memcmp(hash->data, cx->request_hash, hash->size) != 0)
        return shop_fail(cx, SHOP_KEY_REUSED, "idempotency_key_reused",
                         "This idempotency key was used for another request. Use a new key for a new request.");
    *found = 1;
    const char *json = NULL;
    size_t length = 0;
    status = unseal(cx, &row[IDEMPOTENCY_ANSWER], &json, &length);
    if (status == SHOP_OK && type)
        status = shop_type_read_handle(cx, type, json, length, out);
    cx->replayed = status == SHOP_OK;
    shop_position_note(cx, 0); /* where the first answer's change is, is not known here */
    return status;
}

static shop_status add_answer(change *c, shop_batch *b)
{
    shop_ctx *cx = c->cx;
    const char *json = "";
    size_t length = 0;
    if (c->type && c->answer) {
        shop_status status = shop_to_json(cx, c->type, c->answer, &json, &length);
        if (status != SHOP_OK)
            return status;
    }
    const unsigned char *sealed = NULL;
    size_t size = 0;
    shop_status status = seal(cx, json, length, &sealed, &size);
    int64_t id = status == SHOP_OK ? shop_new_id(cx, TABLE_IDEMPOTENCY) : SHOP_UNSET;
    if (id == SHOP_UNSET)
        return cx->status;
    if (c->key_is_stale) {
        shop_batch_delete(b, TABLE_IDEMPOTENCY, SHOP_EXPECT_ANY);
        shop_guard_int(b, IDEMPOTENCY_USER, SHOP_PRED_EQ, cx->actor);
        shop_guard_text(b, IDEMPOTENCY_KEY, SHOP_PRED_EQ, cx->idempotency_key);
        shop_guard_int(b, IDEMPOTENCY_CREATED_AT, SHOP_PRED_LE,
                       shop_now(cx->shop) - cx->shop->options.idempotency_ttl * 1000000);
    }
    shop_batch_insert(b, TABLE_IDEMPOTENCY, id);
    shop_set_int(b, IDEMPOTENCY_USER, cx->actor);
    shop_set_text(b, IDEMPOTENCY_KEY, cx->idempotency_key);
    shop_set_blob(b, IDEMPOTENCY_REQUEST_HASH, cx->request_hash, sizeof cx->request_hash);
    shop_set_blob(b, IDEMPOTENCY_ANSWER, sealed, size);
    shop_set_int(b, IDEMPOTENCY_CREATED_AT, shop_now(cx->shop));
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ marks */

static void write_mark(const change *c, shop_batch *b)
{
    shop_batch_insert(b, TABLE_MARK, c->mark);
    shop_set_int(b, MARK_CREATED_AT, shop_now(c->cx->shop));
}

static shop_status add_mark(change *c, shop_batch *b)
{
    c->mark = SHOP_UNSET;
    if (!(c->cx->shop->storage->capabilities & SHOP_MAY_LOSE_LINK))
        return SHOP_OK;
    c->mark = shop_new_id(c->cx, TABLE_MARK);
    if (c->mark == SHOP_UNSET)
        return c->cx->status;
    write_mark(c, b);
    return SHOP_OK;
}

/* ------------------------------------------------------------------------------------------------ attempts */

static void pause_before(int attempt)
{
    if (attempt < 2)
        return; /* the first repetition costs nothing */
    uint32_t longest = FIRST_PAUSE_US;
    while (--attempt > 1 && longest < LONGEST_PAUSE_US)
        longest *= 2;
    struct timespec t = {.tv_nsec = (long)(1 + randombytes_uniform(longest)) * 1000};
    (void)nanosleep(&t, NULL);
}

static int32_t apply_batch(shop_ctx *cx, shop_batch *b, uint64_t *position, shop_fault *fault)
{
    struct shop *s = cx->shop;
    shop_op_list list = shop_batch_list(b);
    if (list.count == 0)
        return SHOP_STORAGE_NO_MEMORY;
    shop_storage_call call = {
        .struct_size = sizeof call,
        .alloc = shop_arena_alloc_for_storage,
        .arena = cx->arena,
        .deadline = shop_ctx_deadline(cx),
        .position = position,
    };
    int32_t outcome = s->storage->apply(s->storage_self, &call, &list, fault);
    shop_trouble_note(s, "batch", fault);
    return outcome;
}

/*
 * The link broke when the batch was on its way: whether it happened is found out, never guessed. That its mark is not there is not
 * enough: the batch may still arrive. So the same mark is written: either it is there already, or the batch can never happen any more.
 */
static int32_t resolve_unknown(const change *c)
{
    shop_batch *b = c->mark == SHOP_UNSET ? NULL : shop_batch_new(c->cx);
    if (!b)
        return SHOP_STORAGE_UNKNOWN;
    int64_t enough = shop_monotonic_now() + RESOLVE_TIME;
    if (c->cx->deadline < enough)
        c->cx->deadline = enough;
    write_mark(c, b);
    uint64_t position = 0;
    shop_fault unwanted = {.outcome = SHOP_STORAGE_OK};
    switch (apply_batch(c->cx, b, &position, &unwanted)) {
    case SHOP_STORAGE_UNIQUE:
        return SHOP_STORAGE_OK;
    case SHOP_STORAGE_OK:
        return SHOP_STORAGE_CONFLICT;
    default:
        return SHOP_STORAGE_UNKNOWN;
    }
}

static int32_t apply(const change *c, shop_batch *b, shop_fault *fault)
{
    uint64_t position = 0;
    int32_t outcome = apply_batch(c->cx, b, &position, fault);
    if (outcome == SHOP_STORAGE_UNKNOWN) {
        outcome = resolve_unknown(c);
        position = 0;
    }
    if (outcome == SHOP_STORAGE_OK || outcome == SHOP_STORAGE_UNKNOWN)
        shop_position_note(c->cx, position);
    return outcome;
}

static int is_lost_race(int32_t outcome)
{
    return outcome == SHOP_STORAGE_GUARD || outcome == SHOP_STORAGE_UNIQUE || outcome == SHOP_STORAGE_CONFLICT ||
           outcome == SHOP_STORAGE_REFERENCE;
}

static shop_status fail_apply(shop_ctx *cx, const shop_fault *fault, int32_t outcome)
{
    if (outcome == SHOP_STORAGE_NO_MEMORY)
        return shop_fail_no_memory(cx);
    if (outcome == SHOP_STORAGE_UNAVAILABLE)
        return shop_fail(cx, SHOP_UNAVAILABLE, "storage_unavailable",
                         "The shop's storage cannot take this right now; nothing was changed.");
    shop_log(cx->shop, SHOP_LOG_ERROR, "storage: batch failed, outcome %d at operation %u: %s", (int)outcome, fault->op,
             fault->detail);
    if (outcome == SHOP_STORAGE_UNKNOWN)
        return shop_fail(cx, SHOP_UNAVAILABLE, "outcome_unknown",
                         "The storage went away while this was being saved. Look whether it happened before trying again.");
    return shop_fail(cx, SHOP_INTERNAL, "internal_error", "Something went wrong on our side; nothing was changed.");
}

/* One attempt: SHOP_OK when applied (or nothing to do), SHOP_BUSY with *again = 1 when somebody was faster, else final. */
static shop_status attempt_once(change *c, int *again)
{
    shop_ctx *cx = c->cx;
    *again = 0;
    c->answer = NULL;
    shop_batch *b = shop_batch_new(cx);
    if (!b)
        return cx->status;
    shop_status status = c->attempt(cx, c->args, b, &c->answer);
    if (status != SHOP_OK || shop_batch_count(b) == 0)
        return status;
    if (c->with_key && cx->idempotency_key)
        status = add_answer(c, b);
    if (status == SHOP_OK)
        status = add_mark(c, b);
    if (status == SHOP_OK && shop_batch_status(b) != SHOP_OK)
        status = shop_batch_status(b) == SHOP_NO_MEMORY
                     ? shop_fail_no_memory(cx)
                     : shop_fail(cx, SHOP_INTERNAL, "internal_error", "A change has too many parts.");
    if (status != SHOP_OK)
        return status;
    shop_fault fault = {.outcome = SHOP_STORAGE_OK};
    int32_t outcome = apply(c, b, &fault);
    if (outcome == SHOP_STORAGE_OK)
        return SHOP_OK;
    if (!is_lost_race(outcome))
        return fail_apply(cx, &fault, outcome);
    *again = 1;
    shop_log(cx->shop, SHOP_LOG_DEBUG, "storage: attempt lost a race, outcome %d at operation %u: %s", (int)outcome, fault.op,
             fault.detail);
    return shop_fail(cx, SHOP_BUSY, "contention", "Too many changes at once. Please try again.");
}

/*
 * After an attempt failed, for whatever reason: perhaps it was the same request that was faster, and its answer is there now. Then
 * the failure (a cart found empty, a name found taken) is that request's doing.
 */
static shop_status take_answer_of_winner(change *c, shop_status failure, int *again)
{
    int found = 0;
    if (!c->with_key || !c->cx->idempotency_key || failure == SHOP_UNAVAILABLE) /* the next look would only wait in vain */
        return failure;
    shop_status status = find_answer(c->cx, c->type, &c->answer, &found);
    c->key_is_stale = found < 0;
    if (status != SHOP_OK || found > 0)
        *again = 0;
    if (status == SHOP_OK && found > 0) {
        shop_ctx_forget(c->cx);
        c->cx->replayed = 1;
        return SHOP_OK;
    }
    return status == SHOP_OK ? failure : status;
}

static shop_status run_attempts(change *c, const void **out)
{
    shop_ctx *cx = c->cx;
    shop_arena_mark mark = shop_arena_set_mark(cx->arena);
    shop_status status = SHOP_BUSY;
    int again = 1;
    int64_t until = shop_monotonic_now() + PATIENCE;
    for (int i = 0; again && (i < ATTEMPTS || shop_monotonic_now() < until); i++) {
        pause_before(i);
        shop_arena_rewind(cx->arena, mark);
        shop_ctx_forget(cx);
        cx->changing = 1;
        status = attempt_once(c, &again);
        cx->changing = 0;
        if (status != SHOP_OK)
            status = take_answer_of_winner(c, status, &again);
    }
    if (status == SHOP_OK && out)
        *out = c->answer;
    return status;
}

/* ------------------------------------------------------------------------------------------------ the verbs */

shop_status shop_change_replay(shop_ctx *cx, const shop_type *type, const void **out, int *replayed)
{
    int found;
    const void *answer = NULL;
    shop_status status = find_answer(cx, type, &answer, &found);
    *replayed = status == SHOP_OK && found > 0;
    if (*replayed && out)
        *out = answer;
    if (*replayed) { /* both are used up: they marked this change, and no other one */
        cx->idempotency_key = NULL;
        cx->if_match = NULL;
    }
    return status;
}

shop_status shop_change_step(shop_ctx *cx, shop_attempt attempt, void *args)
{
    change c = {.cx = cx, .attempt = attempt, .args = args};
    cx->deadline = 0; /* a step of something longer: it has its own time */
    return run_attempts(&c, NULL);
}

shop_status shop_change_run(shop_ctx *cx, const shop_type *type, shop_attempt attempt, void *args, const void **out)
{
    int found;
    const void *answer = NULL;
    shop_status status = find_answer(cx, type, &answer, &found);
    if (status != SHOP_OK || found > 0) {
        if (status == SHOP_OK && out)
            *out = answer;
    } else {
        change c = {.cx = cx, .type = type, .attempt = attempt, .args = args, .with_key = 1, .key_is_stale = found < 0};
        status = run_attempts(&c, out);
    }
    cx->idempotency_key = NULL;
    cx->if_match = NULL;
    return status;
}

/* ------------------------------------------------------------------------------------------------ If-Match */

/* Whether the tag stands in the list of an If-Match header. Weak tags (W/"…") never match, as RFC 9110 wants. */
static int has_etag(const char *list, const char *etag)
{
    size_t length = strlen(etag);
    for (const char *p = list; (p = strstr(p, etag)) != NULL; p += length)
        if (p == list || p[-1] != '/')
            return 1;
    return 0;
}

shop_status shop_if_match(shop_ctx *cx, const shop_type *type, const void *handle)
{
    if (!cx->if_match || strcmp(cx->if_match, "*") == 0)
        return SHOP_OK;
    const char *json = NULL;
    size_t length = 0;
    shop_status status = shop_to_json(cx, type, handle, &json, &length);
    if (status != SHOP_OK)
        return status;
    char etag[SHOP_ETAG_SIZE];
    shop_etag(json, length, etag);
    if (has_etag(cx->if_match, etag))
        return SHOP_OK;
    return shop_fail(cx, SHOP_PRECONDITION, "precondition_failed",
                     "It was changed meanwhile. Read it again and repeat what you want to change.");
}
