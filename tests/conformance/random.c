/* SPDX-License-Identifier: MIT */
/*
 * The generator keeps to what the interface decides: no reference dangles for a moment only, no unique key collides for a moment only,
 * limits come with a total order.
 */
#include "random.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { MAKERS = 6, ITEMS = 24, LINES = 40, NOBODY = 60 };

typedef struct generator {
    kit_source *source;
    kit_memory *memory;
    uint32_t capabilities;
    kit_batch *batch;
    uint64_t there[3]; /* bit id: the row is in the table, or inserted by this batch */
    bool ended; /* a reference dangles: nothing may follow that could mend it */
} generator;

/* ------------------------------------------------------------------------------------------------ numbers */

uint32_t pick(kit_source *s, uint32_t n)
{
    if (!s->data) { /* splitmix64 */
        uint64_t x = s->state += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return (uint32_t)((x ^ (x >> 31)) % n);
    }
    return s->at < s->size ? s->data[s->at++] % n : 0;
}

bool is_used_up(const kit_source *s)
{
    return s->data && s->at >= s->size;
}

static bool one_in(generator *g, uint32_t n)
{
    return pick(g->source, n) == n - 1;
}

/* ------------------------------------------------------------------------------------------------ values */

static const shop_column *column_of(uint16_t table, uint16_t column)
{
    return &kit_schema()->tables[table].columns[column];
}

static uint32_t column_count(uint16_t table)
{
    return kit_schema()->tables[table].column_count;
}

static uint32_t kind_of(uint16_t table, uint16_t column)
{
    uint16_t type = column_of(table, column)->type;
    return type == SHOP_COLUMN_TEXT ? SHOP_VALUE_TEXT : type == SHOP_COLUMN_BLOB ? SHOP_VALUE_BLOB : SHOP_VALUE_INT;
}

static shop_value random_text(generator *g, uint16_t table, uint16_t column)
{
    static const char *const keys[] = {"a",  "b",  "c",  "A",  "aa", "",   "\xc3\xa4", "a ",
                                       "zz", "k1", "k2", "k3", "k4", "k5", "k6"};
    static const char *const kinds[] = {"plain", "fancy", "größer"};
    static const char *const notes[] = {"", "a", "b", "\xf0\x9f\x98\x80", "a'b", "long long long long long long note"};
    static const char *const words[] = {"red", "redder", "re", "blue", "grün", "g", "b-l", "x\"y"};
    if (table == ITEM && column == ITEM_KIND)
        return value_text(kinds[pick(g->source, LENGTH(kinds))]);
    if (table == ITEM && column == ITEM_NOTE)
        return value_text(notes[pick(g->source, LENGTH(notes))]);
    if ((table == MAKER && column == MAKER_NAME) || (table == ITEM && column == ITEM_SKU)) {
        char *key = kit_take(g->memory, 16); /* unique columns: seldom the same */
        (void)snprintf(key, 16, "key %u", (unsigned)pick(g->source, 200));
        return value_text(key);
    }
    if (table != ITEM || column != ITEM_WORDS)
        return value_text(keys[pick(g->source, LENGTH(keys))]);
    char *text = kit_take(g->memory, 64);
    size_t at = 0;
    for (uint32_t n = pick(g->source, 4); n > 0; n--)
        at += (size_t)snprintf(text + at, 64 - at, "%s%s", at ? " " : "", words[pick(g->source, LENGTH(words))]);
    return value_text(text);
}

static int64_t random_number(generator *g, uint16_t table, uint16_t column)
{
    static const int64_t amounts[] = {0, 1, 2, 3, 5, 8, 13, 1000, INT64_C(1) << 40, 7};
    if (column == 0 || column_of(table, column)->references != SHOP_NO_TABLE)
        return 1 + pick(g->source, ITEMS);
    if (column_of(table, column)->type == SHOP_COLUMN_BOOL)
        return pick(g->source, 2);
    int64_t amount = amounts[pick(g->source, LENGTH(amounts))];
    bool signs = !(column_of(table, column)->flags & SHOP_COLUMN_NON_NEGATIVE);
    return signs && one_in(g, 3) ? -amount : amount;
}

/* A value of the column's kind that keeps its rule. */
static shop_value random_value(generator *g, uint16_t table, uint16_t column)
{
    static const char bytes[] = {'\0', '\xff', 'a', '\0'};
    if ((column_of(table, column)->flags & SHOP_COLUMN_NULLABLE) && one_in(g, 4))
        return value_null();
    switch (kind_of(table, column)) {
    case SHOP_VALUE_INT:
        return value_int(random_number(g, table, column));
    case SHOP_VALUE_TEXT:
        return random_text(g, table, column);
    default:
        return value_blob(bytes + pick(g->source, 2), pick(g->source, 3));
    }
}

/* ------------------------------------------------------------------------------------------------ predicates */

static void random_in(generator *g, kit_where *w, uint16_t table, uint16_t column)
{
    uint32_t count = pick(g->source, 8);
    shop_value *values = kit_take(g->memory, (count + 1) * sizeof *values);
    for (uint32_t i = 0; i < count; i++)
        values[i] = random_value(g, table, column);
    where_in(w, column, values, count);
}

static void random_pred(generator *g, kit_where *w, uint16_t table)
{
    uint16_t column = (uint16_t)pick(g->source, column_count(table));
    uint16_t op = (uint16_t)(SHOP_PRED_EQ + pick(g->source, 6));
    switch (pick(g->source, 8)) {
    case 0:
        where_null(w, column, one_in(g, 2) ? SHOP_PRED_NULL : SHOP_PRED_NOT_NULL);
        return;
    case 1:
    case 2:
        random_in(g, w, table, column);
        return;
    case 3: {
        uint16_t other = (uint16_t)pick(g->source, column_count(table));
        if (kind_of(table, column) == SHOP_VALUE_INT && kind_of(table, other) == SHOP_VALUE_INT) {
            int64_t plus = one_in(g, 8) ? INT64_MAX : (int64_t)pick(g->source, 9) - 4;
            where_column(w, column, op, other, value_int(plus));
            return;
        }
        break;
    }
    case 4:
        if (table == ITEM && (g->capabilities & SHOP_CAN_MATCH)) {
            shop_value words = random_text(g, ITEM, ITEM_WORDS);
            where_value(w, ITEM_WORDS, SHOP_PRED_MATCH, words.size ? words : value_text("r"));
            return;
        }
        break;
    default:
        break;
    }
    where_value(w, column, op, random_value(g, table, column));
}

static void random_preds(generator *g, kit_where *w, uint16_t table)
{
    if (one_in(g, 2))
        where_int(w, 0, SHOP_PRED_EQ, random_number(g, table, 0));
    for (uint32_t n = pick(g->source, 3); n > 0; n--)
        random_pred(g, w, table);
}

/* ------------------------------------------------------------------------------------------------ batches */

static bool is_there(const generator *g, uint16_t table, int64_t id)
{
    return id > 0 && id < 64 && (g->there[table] >> id & 1);
}

/* An id that is there (or NULL where that may be); seldom one that is not, and then the batch ends here. */
static shop_value random_reference(generator *g, uint16_t to, uint32_t below, bool nullable)
{
    if (nullable && one_in(g, 2))
        return value_null();
    int64_t id = 1 + pick(g->source, below);
    for (uint32_t tries = 0; tries < below && !is_there(g, to, id); tries++)
        id = id % below + 1;
    if (one_in(g, 60) || !is_there(g, to, id)) {
        g->ended = true;
        return value_int(NOBODY);
    }
    return value_int(id);
}

/* An id that is free, or seldom one that is taken; 0 when none is free. */
static int64_t random_new_id(generator *g, uint16_t table, uint32_t count)
{
    int64_t id = 1 + pick(g->source, count);
    if (one_in(g, 30))
        return id;
    for (uint32_t tries = 0; tries < count; tries++) {
        if (!is_there(g, table, id))
            return id;
        id = id % count + 1;
    }
    return 0;
}

static void random_maker(generator *g)
{
    int64_t id = random_new_id(g, MAKER, MAKERS);
    if (!id)
        return;
    insert_row(g->batch, MAKER, id);
    set_value(g->batch, MAKER_NAME, SHOP_SET_TO, random_value(g, MAKER, MAKER_NAME));
    set_value(g->batch, MAKER_RATING, SHOP_SET_TO, random_value(g, MAKER, MAKER_RATING));
    g->there[MAKER] |= UINT64_C(1) << id;
}

/* Parents have smaller ids than their children, so that they can be inserted in that order and deleted in the other. */
static void random_item(generator *g, int64_t id)
{
    kit_batch *b = g->batch;
    insert_item(b, id, "");
    for (uint16_t c = ITEM_SKU; c < ITEM_COLUMNS; c++) {
        if (!one_in(g, 3) || c == ITEM_SKU)
            set_value(b, c, SHOP_SET_TO, random_value(g, ITEM, c));
    }
    if (one_in(g, 60))
        set_int(b, ITEM_STOCK, -1);
    if (one_in(g, 60))
        set_text(b, ITEM_KIND, "odd");
    if (one_in(g, 60))
        set_null(b, ITEM_BALANCE);
    set_value(b, ITEM_MAKER, SHOP_SET_TO, random_reference(g, MAKER, MAKERS, false));
    if (id > 1)
        set_value(b, ITEM_PARENT, SHOP_SET_TO, random_reference(g, ITEM, (uint32_t)id - 1, true));
    g->there[ITEM] |= UINT64_C(1) << id;
}

/* A number out of an earlier insertion of this batch, if there is one. */
static bool random_ref(generator *g, shop_value *ref)
{
    for (uint32_t i = 0; i < g->batch->count; i++) {
        const kit_op *op = g->batch->ops[i];
        if (op->kind == SHOP_OP_INSERT && op->table == ITEM) {
            *ref = value_ref(i, one_in(g, 2) ? ITEM_PRICE : ITEM_STOCK);
            return true;
        }
    }
    return false;
}

static void random_line(generator *g)
{
    kit_batch *b = g->batch;
    shop_value ref;
    bool has_ref = random_ref(g, &ref);
    int64_t id = random_new_id(g, LINE, LINES);
    if (!id)
        return;
    insert_row(b, LINE, id);
    g->there[LINE] |= UINT64_C(1) << id;
    set_value(b, LINE_AMOUNT, SHOP_SET_TO, random_value(g, LINE, LINE_AMOUNT));
    set_value(b, LINE_TOTAL, SHOP_SET_TO, has_ref ? ref : random_value(g, LINE, LINE_TOTAL));
    set_value(b, LINE_MAKER, SHOP_SET_TO, random_reference(g, MAKER, MAKERS, true));
    set_value(b, LINE_ITEM, SHOP_SET_TO, random_reference(g, ITEM, ITEMS, false));
}

static int64_t random_expectation(generator *g)
{
    return one_in(g, 3) ? (int64_t)pick(g->source, 3) : SHOP_EXPECT_ANY;
}

static void random_update(generator *g, uint16_t table)
{
    static const uint16_t columns[][6] = {
        {MAKER_NAME, MAKER_RATING, MAKER_RATING, MAKER_RATING, MAKER_RATING, MAKER_RATING},
        {ITEM_SKU, ITEM_SHELF, ITEM_NOTE, ITEM_WORDS, ITEM_NOTE, ITEM_SOLD},
        {LINE_AMOUNT, LINE_TOTAL, LINE_AMOUNT, LINE_TOTAL, LINE_AMOUNT, LINE_TOTAL},
    };
    static const uint16_t sums[] = {MAKER_RATING, ITEM_STOCK, LINE_AMOUNT};
    kit_batch *b = g->batch;
    shop_value ref;
    bool has_ref = random_ref(g, &ref);
    batch_op(b, SHOP_OP_UPDATE, table, random_expectation(g));
    random_preds(g, guard(b), table);
    uint16_t column = columns[table][pick(g->source, 6)];
    set_value(b, column, SHOP_SET_TO, random_value(g, table, column));
    if (one_in(g, 2))
        set_value(b, sums[table], SHOP_SET_ADD, has_ref && one_in(g, 2) ? ref : value_int((int64_t)pick(g->source, 7) - 3));
    if (table == ITEM && one_in(g, 4))
        set_value(b, ITEM_BALANCE, SHOP_SET_TO, has_ref ? ref : random_value(g, ITEM, ITEM_BALANCE));
    if (table == ITEM && one_in(g, 6))
        set_value(b, ITEM_MAKER, SHOP_SET_TO, random_reference(g, MAKER, MAKERS, false));
}

static void random_middle(generator *g)
{
    uint16_t table = (uint16_t)pick(g->source, 3);
    switch (pick(g->source, 5)) {
    case 0:
        batch_op(g->batch, SHOP_OP_CHECK, table, random_expectation(g));
        random_preds(g, guard(g->batch), table);
        return;
    case 1:
    case 2:
        random_line(g);
        return;
    default:
        random_update(g, table);
        return;
    }
}

/* Lines, then items from the greatest id down, then makers: what is left dangling then stays so. */
static void random_deletions(generator *g)
{
    for (uint32_t n = pick(g->source, 3); n > 0; n--) {
        batch_op(g->batch, SHOP_OP_DELETE, LINE, random_expectation(g));
        random_preds(g, guard(g->batch), LINE);
    }
    for (int64_t id = ITEMS; id > 0; id -= 1 + pick(g->source, ITEMS)) {
        if (one_in(g, 2))
            delete_one(g->batch, ITEM, id, random_expectation(g));
    }
    if (one_in(g, 4))
        delete_one(g->batch, MAKER, 1 + pick(g->source, MAKERS), random_expectation(g));
}

static kit_batch *random_batch(generator *g)
{
    g->batch = batch_new(g->memory);
    for (uint32_t n = pick(g->source, 3); n > 1; n--)
        random_maker(g);
    int64_t id = 0;
    for (uint32_t n = pick(g->source, 4); n > 0 && !g->ended; n--) {
        id += 1 + pick(g->source, ITEMS / 3);
        bool taken = one_in(g, 30);
        while (!taken && is_there(g, ITEM, id))
            id++;
        if (id <= ITEMS)
            random_item(g, id);
    }
    for (uint32_t n = pick(g->source, 4); n > 0 && !g->ended; n--)
        random_middle(g);
    if (!g->ended && one_in(g, 3))
        random_deletions(g);
    return g->batch;
}

/* ------------------------------------------------------------------------------------------------ queries */

static bool has_match(const kit_read *r)
{
    for (uint16_t i = 0; i < r->where.count; i++) {
        if (r->where.preds[i].op == SHOP_PRED_MATCH)
            return true;
    }
    return false;
}

/* The best first or last, and then by id; sometimes only those that come after a rank. */
static void random_rank(generator *g, kit_read *r)
{
    order_by_rank(r, one_in(g, 3) ? ITEM_NOTE : ITEM_WORDS, one_in(g, 2));
    order_by(r, ITEM_ID, one_in(g, 2));
    r->read.limit = (int64_t)pick(g->source, 8) - 1;
    if (!one_in(g, 3))
        return;
    r->after[0] = value_int(pick(g->source, 5));
    r->after[1] = value_int(pick(g->source, ITEMS));
    r->read.after = r->after;
}

static void random_order(generator *g, kit_read *r, uint16_t table)
{
    if (has_match(r) && (g->capabilities & SHOP_CAN_RANK)) {
        random_rank(g, r);
        return;
    }
    for (uint32_t n = pick(g->source, 3); n > 0; n--)
        order_by(r, (uint16_t)(1 + pick(g->source, column_count(table) - 1)), one_in(g, 2));
    bool pages = one_in(g, 3);
    if (pages || one_in(g, 2))
        order_by(r, 0, one_in(g, 2));
    if (pages) {
        r->read.limit = (int64_t)pick(g->source, 8) - 1;
        r->read.offset = pick(g->source, 4);
    }
    if (!r->read.order_count || !one_in(g, 3))
        return;
    for (uint16_t i = 0; i < r->read.order_count; i++) {
        r->after[i] = random_value(g, table, r->order[i].column);
        if (r->after[i].type == SHOP_VALUE_NULL)
            return;
    }
    r->read.after = r->after;
}

static void random_aggregates(generator *g, kit_read *r, uint16_t table)
{
    for (uint32_t n = 1 + pick(g->source, 4); n > 0; n--) {
        uint16_t column = (uint16_t)pick(g->source, column_count(table));
        bool number = kind_of(table, column) == SHOP_VALUE_INT;
        aggregate(r, number ? (uint16_t)(1 + pick(g->source, 4)) : SHOP_AGGREGATE_COUNT, column);
    }
    if (one_in(g, 2))
        r->read.group_by = (uint16_t)pick(g->source, column_count(table));
}

static void random_in_read(generator *g, kit_read **reads, uint16_t number)
{
    uint16_t source = (uint16_t)pick(g->source, number);
    uint16_t table = reads[number]->read.table;
    uint16_t other_table = reads[source]->read.table;
    uint16_t column = (uint16_t)pick(g->source, column_count(table));
    uint16_t other = (uint16_t)pick(g->source, column_count(other_table));
    if (reads[source]->read.aggregate_count || kind_of(table, column) != kind_of(other_table, other))
        return;
    where_in_read(&reads[number]->where, column, source, other);
    reads[source]->read.columns |= UINT64_C(1) << other;
}

static void random_read(generator *g, kit_read **reads, uint16_t number)
{
    uint16_t table = (uint16_t)pick(g->source, 3);
    kit_read *r = reads[number] = read_of(g->memory, table);
    random_preds(g, &r->where, table);
    if (number && one_in(g, 2) && (g->capabilities & SHOP_CAN_IN_READ))
        random_in_read(g, reads, number);
    if ((g->capabilities & SHOP_CAN_AGGREGATE) && one_in(g, 4))
        random_aggregates(g, r, table);
    else if ((g->capabilities & SHOP_CAN_ORDER) && one_in(g, 2))
        random_order(g, r, table);
    if (!r->read.aggregate_count && one_in(g, 4)) {
        r->read.columns &= (UINT64_C(1) << pick(g->source, 20)) * 5 | 1;
        for (uint16_t i = 0; i < r->read.order_count; i++)
            r->read.columns |= UINT64_C(1) << r->order[i].column;
    }
}

/* ------------------------------------------------------------------------------------------------ telling */

static void tell_value(FILE *f, const shop_value *v)
{
    if (v->type == SHOP_VALUE_INT)
        fprintf(f, "%" PRId64, v->num);
    else if (v->type == SHOP_VALUE_TEXT)
        fprintf(f, "\"%.*s\"", (int)v->size, v->data);
    else if (v->type == SHOP_VALUE_REF)
        fprintf(f, "(column %u of operation %" PRId64 ")", (unsigned)v->size, v->num);
    else if (v->type == SHOP_VALUE_BLOB)
        fprintf(f, "(%u bytes)", (unsigned)v->size);
    else
        fputs("NULL", f);
}

static void tell_preds(FILE *f, uint16_t table, const kit_where *w)
{
    static const char *const ops[] = {"?", "=", "<>", "<", "<=", ">", ">=", "in", "is null", "is not null", "in read", "match"};
    for (uint16_t i = 0; i < w->count; i++) {
        const shop_pred *pred = &w->preds[i];
        fprintf(f, "%s %s %s", i ? " and" : " where", column_of(table, pred->column)->name, ops[pred->op]);
        if (pred->op == SHOP_PRED_IN_READ)
            fprintf(f, " %u column %u", (unsigned)pred->read, (unsigned)pred->other);
        else if (pred->other != SHOP_NO_COLUMN)
            fprintf(f, " %s +", column_of(table, pred->other)->name);
        for (uint32_t v = 0; v < pred->value_count; v++) {
            fputc(' ', f);
            tell_value(f, &pred->values[v]);
        }
    }
}

static void tell_batch(FILE *f, const kit_batch *b)
{
    static const char *const kinds[] = {"?", "insert", "update", "delete", "check"};
    for (uint32_t i = 0; i < b->count; i++) {
        const kit_op *op = b->ops[i];
        fprintf(f, "              %u: %s %s", (unsigned)i, kinds[op->kind], kit_schema()->tables[op->table].name);
        for (uint16_t s = 0; s < op->set_count; s++) {
            fprintf(f, " %s%s", column_of(op->table, op->sets[s].column)->name, op->sets[s].how == SHOP_SET_ADD ? "+=" : "=");
            tell_value(f, &op->sets[s].value);
        }
        tell_preds(f, op->table, &op->where);
        fprintf(f, " expect %" PRId64 "\n", op->expect);
    }
}

static void tell_reads(FILE *f, kit_read *const *reads, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const shop_read *r = &reads[i]->read;
        fprintf(f, "              %u: %s", (unsigned)i, kit_schema()->tables[r->table].name);
        tell_preds(f, r->table, &reads[i]->where);
        for (uint16_t o = 0; o < r->order_count; o++)
            fprintf(f, "%s %s%s", o ? "," : " order by", column_of(r->table, r->order[o].column)->name,
                    r->order[o].by_rank      ? r->order[o].descending ? " rank down" : " rank"
                    : r->order[o].descending ? " down"
                                             : "");
        for (uint16_t o = 0; r->after && o < r->order_count; o++) {
            fputs(o ? ", " : " after ", f);
            tell_value(f, &r->after[o]);
        }
        for (uint16_t a = 0; a < r->aggregate_count; a++)
            fprintf(f, " aggregate %u of column %u", (unsigned)r->aggregates[a].fn, (unsigned)r->aggregates[a].column);
        fprintf(f, " group %d limit %" PRId64 " offset %" PRId64 " columns %" PRIx64 "\n",
                r->group_by == SHOP_NO_COLUMN ? -1 : (int)r->group_by, r->limit, r->offset, r->columns);
    }
}

/* ------------------------------------------------------------------------------------------------ holding against each other */

static bool is_rule(int32_t outcome)
{
    return outcome == SHOP_STORAGE_GUARD || outcome == SHOP_STORAGE_UNIQUE || outcome == SHOP_STORAGE_CONSTRAINT;
}

/* Which of several broken rules of one operation is told, and when a dangling reference is found, is the backend's freedom. */
static bool agrees(const kit_batch *b, const shop_fault *model, const shop_fault *got)
{
    if (got->outcome == SHOP_STORAGE_REFERENCE && model->outcome != SHOP_STORAGE_OK)
        return model->outcome == SHOP_STORAGE_REFERENCE || got->op <= model->op;
    if (is_rule(got->outcome) && is_rule(model->outcome) && got->op == model->op && got->op < b->count) {
        const kit_op *op = b->ops[got->op];
        if (got->outcome == model->outcome)
            return got->outcome != SHOP_STORAGE_GUARD || got->touched == model->touched;
        return op->kind == SHOP_OP_UPDATE || (op->kind == SHOP_OP_INSERT && got->outcome != SHOP_STORAGE_GUARD);
    }
    return got->outcome == model->outcome && !is_rule(got->outcome);
}

static bool run_batch(kit_pair *p, kit_memory *m, const kit_batch *b)
{
    shop_fault model;
    shop_fault got;
    kit_apply(p->model, p->model_self, m, b, &model);
    int32_t outcome = kit_apply(p->vt, p->self, m, b, &got);
    for (int i = 0; i < 50 && outcome == SHOP_STORAGE_CONFLICT; i++)
        outcome = kit_apply(p->vt, p->self, m, b, &got);
    if (outcome == got.outcome && agrees(b, &model, &got))
        return true;
    fprintf(p->report,
            "            %s at operation %u (%" PRId64 " rows; %.199s) instead of %s at operation %u (%" PRId64 " rows):\n",
            outcome_name(outcome), (unsigned)got.op, got.touched, got.detail, outcome_name(model.outcome), (unsigned)model.op,
            model.touched);
    tell_batch(p->report, b);
    return false;
}

static int compare_rows_by_id(const void *a, const void *b)
{
    const shop_value *const *x = a;
    const shop_value *const *y = b;
    return ((*x)->num > (*y)->num) - ((*x)->num < (*y)->num);
}

/* The rows, sorted by id where the read leaves their order open. */
static const shop_value **in_order(kit_memory *m, const shop_read *read, const shop_rows *rows)
{
    const shop_value **sorted = kit_take(m, (rows->count + 1) * sizeof *sorted);
    for (uint32_t i = 0; i < rows->count; i++)
        sorted[i] = &rows->values[(size_t)i * rows->width];
    bool total = read->aggregate_count || (read->order_count && read->order[read->order_count - 1].column == 0);
    if (!total)
        qsort(sorted, rows->count, sizeof *sorted, compare_rows_by_id);
    return sorted;
}

static int compare_values(const shop_value *a, const shop_value *b)
{
    if (a->type == SHOP_VALUE_NULL || b->type == SHOP_VALUE_NULL)
        return (b->type == SHOP_VALUE_NULL) - (a->type == SHOP_VALUE_NULL);
    if (a->type == SHOP_VALUE_INT)
        return (a->num > b->num) - (a->num < b->num);
    uint32_t common = a->size < b->size ? a->size : b->size;
    int difference = common ? memcmp(a->data, b->data, common) : 0;
    return difference ? difference : (a->size > b->size) - (a->size < b->size);
}

/* Where the order is not total: does each row come no later than the next? */
static bool keeps_order(const shop_read *read, const shop_rows *rows)
{
    for (uint32_t i = 1; i < rows->count; i++) {
        const shop_value *a = &rows->values[(size_t)(i - 1) * rows->width];
        const shop_value *b = a + rows->width;
        int difference = 0;
        for (uint16_t o = 0; o < read->order_count && !difference; o++) {
            if (read->order[o].by_rank) /* then the order is total, and compared row by row */
                return true;
            difference = compare_values(&a[read->order[o].column], &b[read->order[o].column]);
            difference = read->order[o].descending ? -difference : difference;
        }
        if (difference > 0)
            return false;
    }
    return true;
}

static bool same_rows(kit_pair *p, kit_memory *m, const shop_read *read, const shop_rows *model, const shop_rows *got)
{
    if (model->count != got->count || model->width != got->width) {
        fprintf(p->report, "            %u rows of %u values instead of %u of %u:\n", (unsigned)got->count,
                (unsigned)got->width, (unsigned)model->count, (unsigned)model->width);
        return false;
    }
    const shop_value **a = in_order(m, read, model);
    const shop_value **b = in_order(m, read, got);
    for (uint32_t i = 0; i < model->count; i++) {
        for (uint32_t c = 0; c < model->width; c++) {
            bool wanted = read->aggregate_count || (read->columns >> c & 1);
            if (!wanted || values_equal(&a[i][c], &b[i][c]))
                continue;
            fprintf(p->report, "            row %u (", (unsigned)i);
            tell_value(p->report, &b[i][0]);
            fprintf(p->report, ") value %u is ", (unsigned)c);
            tell_value(p->report, &b[i][c]);
            fputs(" instead of ", p->report);
            tell_value(p->report, &a[i][c]);
            fputs(":\n", p->report);
            return false;
        }
    }
    if (keeps_order(read, got))
        return true;
    fputs("            rows are out of order:\n", p->report);
    return false;
}

static bool run_query(kit_pair *p, kit_memory *m, kit_read **reads, uint32_t count)
{
    shop_rows model[4];
    shop_rows got[4];
    shop_fault fault;
    int32_t wanted = kit_query(p->model, p->model_self, m, reads, count, model, &fault);
    int32_t outcome = kit_query(p->vt, p->self, m, reads, count, got, &fault);
    if (wanted != outcome) {
        fprintf(p->report, "            %s (%.199s) instead of %s:\n", outcome_name(outcome), fault.detail,
                outcome_name(wanted));
        tell_reads(p->report, reads, count);
        return false;
    }
    for (uint32_t i = 0; i < count && outcome == SHOP_STORAGE_OK; i++) {
        if (!same_rows(p, m, &reads[i]->read, &model[i], &got[i])) {
            fprintf(p->report, "            in read %u of\n", (unsigned)i);
            tell_reads(p->report, reads, count);
            return false;
        }
    }
    return true;
}

static bool look_at_all(kit_pair *p, kit_memory *m, const kit_batch *b)
{
    kit_read *reads[3] = {read_of(m, MAKER), read_of(m, ITEM), read_of(m, LINE)};
    if (run_query(p, m, reads, 3))
        return true;
    fputs("            after the batch\n", p->report);
    tell_batch(p->report, b);
    return false;
}

static void see_what_is_there(kit_pair *p, generator *g)
{
    kit_read *reads[3] = {read_of(g->memory, MAKER), read_of(g->memory, ITEM), read_of(g->memory, LINE)};
    shop_rows rows[3];
    shop_fault fault;
    if (kit_query(p->model, p->model_self, g->memory, reads, 3, rows, &fault) != SHOP_STORAGE_OK)
        return;
    for (uint32_t t = 0; t < 3; t++) {
        for (uint32_t i = 0; i < rows[t].count; i++)
            g->there[t] |= UINT64_C(1) << (rows[t].values[(size_t)i * rows[t].width].num & 63);
    }
}

static bool step(kit_pair *p, generator *g)
{
    if (one_in(g, 2)) {
        see_what_is_there(p, g);
        const kit_batch *b = random_batch(g);
        return run_batch(p, g->memory, b) && look_at_all(p, g->memory, b);
    }
    kit_read *reads[4];
    uint16_t count = (uint16_t)(1 + pick(g->source, LENGTH(reads)));
    for (uint16_t i = 0; i < count; i++)
        random_read(g, reads, i);
    return run_query(p, g->memory, reads, count);
}

bool kit_random_step(kit_pair *p, kit_source *s)
{
    kit_memory memory;
    kit_memory_init(&memory);
    generator g = {.source = s, .memory = &memory, .capabilities = p->vt->capabilities};
    bool same = step(p, &g);
    kit_memory_free(&memory);
    return same;
}
