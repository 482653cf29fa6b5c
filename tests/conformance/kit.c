/* SPDX-License-Identifier: MIT */
/* Builders of reads and batches, expectations, and the run over all chapters. */
#include "kit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAINTS_TOLD 12u /* of one requirement */

/* ------------------------------------------------------------------------------------------------ memory */

typedef struct block {
    struct block *next;
    uint64_t unused; /* keeps what follows aligned */
} block;

static void *take_block(void *arena, size_t size)
{
    kit_memory *m = arena;
    block *made = size < SIZE_MAX - sizeof *made ? calloc(1, sizeof *made + size) : NULL;
    if (!made)
        return NULL;
    made->next = m->blocks;
    m->blocks = made;
    return made + 1;
}

void kit_memory_init(kit_memory *m)
{
    *m = (kit_memory){.call = {.struct_size = sizeof m->call, .alloc = take_block, .arena = m}};
}

void *kit_take(kit_memory *m, size_t size)
{
    void *p = take_block(m, size);
    if (!p) {
        fputs("the conformance kit is out of memory\n", stderr);
        exit(2);
    }
    return p;
}

void kit_memory_free(kit_memory *m)
{
    block *b = m->blocks;
    while (b) {
        block *next = b->next;
        free(b);
        b = next;
    }
    m->blocks = NULL;
}

/* ------------------------------------------------------------------------------------------------ values */

shop_value value_int(int64_t number)
{
    return (shop_value){.type = SHOP_VALUE_INT, .num = number};
}

shop_value value_text(const char *text)
{
    return (shop_value){.type = SHOP_VALUE_TEXT, .size = (uint32_t)strlen(text), .data = text};
}

shop_value value_blob(const void *data, uint32_t size)
{
    return (shop_value){.type = SHOP_VALUE_BLOB, .size = size, .data = data};
}

shop_value value_null(void)
{
    return (shop_value){.type = SHOP_VALUE_NULL};
}

shop_value value_ref(uint32_t op, uint32_t column)
{
    return (shop_value){.type = SHOP_VALUE_REF, .size = column, .num = op};
}

/* ------------------------------------------------------------------------------------------------ predicates */

static shop_pred *add_pred(kit_where *w, uint16_t column, uint16_t op)
{
    if (w->count == KIT_PREDS) {
        fputs("the conformance kit has too many predicates\n", stderr);
        exit(2);
    }
    shop_pred *pred = &w->preds[w->count++];
    *pred = (shop_pred){.column = column, .op = op, .other = SHOP_NO_COLUMN};
    return pred;
}

void where_value(kit_where *w, uint16_t column, uint16_t op, shop_value value)
{
    shop_pred *pred = add_pred(w, column, op);
    shop_value *slot = &w->values[pred - w->preds];
    *slot = value;
    pred->values = slot;
    pred->value_count = 1;
}

void where_int(kit_where *w, uint16_t column, uint16_t op, int64_t number)
{
    where_value(w, column, op, value_int(number));
}

void where_text(kit_where *w, uint16_t column, uint16_t op, const char *text)
{
    where_value(w, column, op, value_text(text));
}

void where_null(kit_where *w, uint16_t column, uint16_t op)
{
    add_pred(w, column, op);
}

void where_in(kit_where *w, uint16_t column, const shop_value *values, uint32_t count)
{
    shop_pred *pred = add_pred(w, column, SHOP_PRED_IN);
    pred->values = values;
    pred->value_count = count;
}

void where_in_read(kit_where *w, uint16_t column, uint16_t read, uint16_t other)
{
    shop_pred *pred = add_pred(w, column, SHOP_PRED_IN_READ);
    pred->read = read;
    pred->other = other;
}

void where_column(kit_where *w, uint16_t column, uint16_t op, uint16_t other, shop_value plus)
{
    where_value(w, column, op, plus);
    w->preds[w->count - 1].other = other;
}

void where_ref(kit_where *w, uint16_t column, uint16_t pred, uint32_t op, uint32_t other)
{
    where_value(w, column, pred, value_ref(op, other));
}

/* ------------------------------------------------------------------------------------------------ reads */

kit_read *read_of(kit_memory *m, uint16_t table)
{
    kit_read *r = kit_take(m, sizeof *r);
    r->read = (shop_read){.table = table, .group_by = SHOP_NO_COLUMN, .limit = -1, .columns = UINT64_MAX};
    r->read.order = r->order;
    r->read.preds = r->where.preds;
    r->read.aggregates = r->aggregates;
    if (table < KIT_TABLES_2)
        r->read.columns >>= 64 - kit_schema_2()->tables[table].column_count;
    return r;
}

void order_by(kit_read *r, uint16_t column, bool descending)
{
    r->order[r->read.order_count++] = (shop_order_by){.column = column, .descending = descending};
}

void order_by_rank(kit_read *r, uint16_t column, bool descending)
{
    order_by(r, column, descending);
    r->order[r->read.order_count - 1].by_rank = 1;
}

void aggregate(kit_read *r, uint16_t fn, uint16_t column)
{
    r->aggregates[r->read.aggregate_count++] = (shop_aggregate){.fn = fn, .column = column};
}

/* ------------------------------------------------------------------------------------------------ shapes */

/* FNV-1a over what may not differ between calls of equal shape. */
static void mix(uint64_t *shape, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        *shape = (*shape ^ ((number >> (8 * i)) & 0xff)) * UINT64_C(0x100000001b3);
}

static void mix_value(uint64_t *shape, const shop_value *value)
{
    mix(shape, value->type);
    if (value->type == SHOP_VALUE_REF) {
        mix(shape, value->size);
        mix(shape, (uint64_t)value->num);
    }
}

static void mix_preds(uint64_t *shape, const shop_pred *preds, uint16_t count)
{
    mix(shape, count);
    for (uint16_t i = 0; i < count; i++) {
        mix(shape, preds[i].column);
        mix(shape, preds[i].op);
        mix(shape, preds[i].other);
        mix(shape, preds[i].read);
        mix(shape, preds[i].value_count);
        for (uint32_t v = 0; preds[i].values && v < preds[i].value_count; v++)
            mix_value(shape, &preds[i].values[v]);
    }
}

static uint64_t shape_of_read(const shop_read *read)
{
    uint64_t shape = UINT64_C(0xcbf29ce484222325);
    mix(&shape, read->table);
    mix(&shape, read->group_by);
    mix(&shape, read->columns);
    mix_preds(&shape, read->preds, read->pred_count);
    mix(&shape, read->order_count);
    mix(&shape, read->after != NULL);
    for (uint16_t i = 0; i < read->order_count; i++) {
        mix(&shape, read->order[i].column);
        mix(&shape, read->order[i].descending);
        mix(&shape, read->order[i].by_rank);
        if (read->after)
            mix_value(&shape, &read->after[i]);
    }
    for (uint16_t i = 0; i < read->aggregate_count; i++) {
        mix(&shape, read->aggregates[i].fn);
        mix(&shape, read->aggregates[i].column);
    }
    return shape;
}

static uint64_t shape_of_op(const shop_op *op)
{
    uint64_t shape = UINT64_C(0xcbf29ce484222325);
    mix(&shape, op->kind);
    mix(&shape, op->table);
    mix(&shape, (uint64_t)op->expect);
    mix(&shape, op->set_count);
    for (uint16_t i = 0; i < op->set_count; i++) {
        mix(&shape, op->sets[i].column);
        mix(&shape, op->sets[i].how);
        mix_value(&shape, &op->sets[i].value);
    }
    mix_preds(&shape, op->preds, op->pred_count);
    return shape;
}

int32_t kit_query(const shop_storage_vtable *vt, void *self, kit_memory *m, kit_read *const *reads, uint32_t count,
                  shop_rows *rows, shop_fault *fault)
{
    shop_read *sent = kit_take(m, (count + 1) * sizeof *sent);
    for (uint32_t i = 0; i < count; i++) {
        reads[i]->read.pred_count = reads[i]->where.count;
        reads[i]->read.shape = shape_of_read(&reads[i]->read);
        sent[i] = reads[i]->read;
    }
    memset(fault, 0xAA, sizeof *fault);
    return vt->query(self, &m->call, sent, count, rows, fault);
}

/* ------------------------------------------------------------------------------------------------ batches */

kit_batch *batch_new(kit_memory *m)
{
    kit_batch *b = kit_take(m, sizeof *b);
    b->memory = m;
    return b;
}

uint32_t batch_op(kit_batch *b, uint16_t kind, uint16_t table, int64_t expected)
{
    if (b->count == KIT_OPS) {
        fputs("the conformance kit has too many operations\n", stderr);
        exit(2);
    }
    kit_op *op = kit_take(b->memory, sizeof *op);
    op->kind = kind;
    op->table = table;
    op->expect = expected;
    b->ops[b->count] = op;
    return b->count++;
}

kit_where *guard(kit_batch *b)
{
    return &b->ops[b->count - 1]->where;
}

void set_value(kit_batch *b, uint16_t column, uint16_t how, shop_value value)
{
    kit_op *op = b->ops[b->count - 1];
    for (uint16_t i = 0; i < op->set_count; i++) {
        if (op->sets[i].column == column) {
            op->sets[i] = (shop_set){.column = column, .how = how, .value = value};
            return;
        }
    }
    op->sets[op->set_count++] = (shop_set){.column = column, .how = how, .value = value};
}

void set_int(kit_batch *b, uint16_t column, int64_t number)
{
    set_value(b, column, SHOP_SET_TO, value_int(number));
}

void set_add(kit_batch *b, uint16_t column, int64_t number)
{
    set_value(b, column, SHOP_SET_ADD, value_int(number));
}

void set_text(kit_batch *b, uint16_t column, const char *text)
{
    set_value(b, column, SHOP_SET_TO, value_text(text));
}

void set_null(kit_batch *b, uint16_t column)
{
    set_value(b, column, SHOP_SET_TO, value_null());
}

void set_ref(kit_batch *b, uint16_t column, uint32_t op, uint32_t other)
{
    set_value(b, column, SHOP_SET_TO, value_ref(op, other));
}

void insert_row(kit_batch *b, uint16_t table, int64_t id)
{
    batch_op(b, SHOP_OP_INSERT, table, 1);
    set_int(b, 0, id);
}

void update_one(kit_batch *b, uint16_t table, int64_t id, int64_t expected)
{
    batch_op(b, SHOP_OP_UPDATE, table, expected);
    where_int(guard(b), 0, SHOP_PRED_EQ, id);
}

void delete_one(kit_batch *b, uint16_t table, int64_t id, int64_t expected)
{
    batch_op(b, SHOP_OP_DELETE, table, expected);
    where_int(guard(b), 0, SHOP_PRED_EQ, id);
}

void check_one(kit_batch *b, uint16_t table, int64_t id, int64_t expected)
{
    batch_op(b, SHOP_OP_CHECK, table, expected);
    where_int(guard(b), 0, SHOP_PRED_EQ, id);
}

const shop_op_list *kit_list(kit_memory *m, const kit_batch *b)
{
    shop_op *ops = kit_take(m, (b->count + 1) * sizeof *ops);
    shop_op_list *list = kit_take(m, sizeof *list);
    *list = (shop_op_list){.count = b->count, .ops = ops, .shape = UINT64_C(0xcbf29ce484222325)};
    for (uint32_t i = 0; i < b->count; i++) {
        const kit_op *op = b->ops[i];
        ops[i] = (shop_op){.kind = op->kind, .table = op->table, .expect = op->expect};
        ops[i].set_count = op->set_count;
        ops[i].sets = op->sets;
        ops[i].pred_count = op->where.count;
        ops[i].preds = op->where.preds;
        ops[i].shape = shape_of_op(&ops[i]);
        mix(&list->shape, ops[i].shape);
    }
    return list;
}

int32_t kit_apply(const shop_storage_vtable *vt, void *self, kit_memory *m, const kit_batch *b, shop_fault *fault)
{
    memset(fault, 0xAA, sizeof *fault);
    return vt->apply(self, &m->call, kit_list(m, b), fault);
}

/* ------------------------------------------------------------------------------------------------ expectations */

const char *outcome_name(int32_t outcome)
{
    static const char *const names[] = {"OK",      "GUARD",   "UNIQUE",    "REFERENCE", "CONSTRAINT", "CONFLICT", "UNAVAILABLE",
                                        "UNKNOWN", "INVALID", "NO_MEMORY", "FOREIGN",   "NEWER",      "OLDER",    "ABSENT"};
    return outcome >= 0 && outcome <= SHOP_STORAGE_ABSENT ? names[outcome] : "an unknown outcome";
}

bool expect(kit *k, bool holds, const char *format, ...)
{
    if (holds)
        return true;
    pthread_mutex_lock(&k->lock);
    if (!k->broken)
        fprintf(k->report, "FAILED  %s\n", k->requirement);
    k->broken = true;
    if (k->complaints++ < COMPLAINTS_TOLD) {
        fputs("            ", k->report);
        va_list args;
        va_start(args, format);
        vfprintf(k->report, format, args);
        va_end(args);
        fputc('\n', k->report);
    }
    pthread_mutex_unlock(&k->lock);
    return false;
}

void skip(kit *k, const char *why)
{
    k->skip = true;
    fprintf(k->report, "skipped %s: %s\n", k->requirement, why);
}

bool has_slot(const kit *k, size_t place)
{
    void (*slot)(void) = NULL;
    if (k->vt->struct_size >= place + sizeof slot)
        memcpy(&slot, (const char *)k->vt + place, sizeof slot);
    return slot != NULL;
}

static bool outcome_is(kit *k, int32_t outcome, const shop_fault *fault, int32_t expected, const char *verb)
{
    bool terminated = memchr(fault->detail, '\0', sizeof fault->detail) != NULL;
    expect(k, fault->outcome == outcome, "%s returned %s and put %d into the fault", verb, outcome_name(outcome),
           (int)fault->outcome);
    expect(k, terminated, "%s left the fault's detail without its NUL", verb);
    return expect(k, outcome == expected, "%s: %s instead of %s (op %u: %s)", verb, outcome_name(outcome),
                  outcome_name(expected), (unsigned)fault->op, terminated ? fault->detail : "?");
}

bool apply_expecting(kit *k, const kit_batch *b, int32_t outcome, shop_fault *fault)
{
    shop_fault own;
    if (!fault)
        fault = &own;
    int32_t got = kit_apply(k->vt, k->self, &k->memory, b, fault);
    for (int i = 0; i < 50 && got == SHOP_STORAGE_CONFLICT; i++)
        got = kit_apply(k->vt, k->self, &k->memory, b, fault);
    return outcome_is(k, got, fault, outcome, "apply");
}

bool apply_ok(kit *k, const kit_batch *b)
{
    return apply_expecting(k, b, SHOP_STORAGE_OK, NULL);
}

bool apply_failing(kit *k, const kit_batch *b, int32_t outcome, uint32_t op, shop_fault *fault)
{
    shop_fault own;
    if (!fault)
        fault = &own;
    return apply_expecting(k, b, outcome, fault) && expect(k, fault->op == op, "operation %u is blamed for %s instead of %u",
                                                           (unsigned)fault->op, outcome_name(outcome), (unsigned)op);
}

shop_rows read_rows(kit *k, kit_read *r)
{
    shop_rows rows = {.count = 0};
    shop_fault fault;
    int32_t outcome = kit_query(k->vt, k->self, &k->memory, &r, 1, &rows, &fault);
    if (!outcome_is(k, outcome, &fault, SHOP_STORAGE_OK, "query"))
        return (shop_rows){.count = 0};
    return rows;
}

const shop_value *read_row(kit *k, uint16_t table, int64_t id)
{
    kit_read *r = read_of(&k->memory, table);
    where_int(&r->where, 0, SHOP_PRED_EQ, id);
    shop_rows rows = read_rows(k, r);
    expect(k, rows.count <= 1, "%u rows have id %lld", (unsigned)rows.count, (long long)id);
    return rows.count ? rows.values : NULL;
}

int64_t count_rows(kit *k, uint16_t table)
{
    kit_read *r = read_of(&k->memory, table);
    return read_rows(k, r).count;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool expect_ids(kit *k, const shop_rows *rows, bool sorted, const char *ids)
{
    int64_t *got = kit_take(&k->memory, (rows->count + 1) * sizeof *got);
    for (uint32_t i = 0; i < rows->count; i++)
        got[i] = rows->values[(size_t)i * rows->width].num;
    if (sorted)
        qsort(got, rows->count, sizeof *got, compare_ids);
    size_t size = (size_t)rows->count * 24 + 1;
    size_t at = 0;
    char *text = kit_take(&k->memory, size);
    for (uint32_t i = 0; i < rows->count; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%" PRId64, i ? " " : "", got[i]);
    return expect(k, strcmp(text, ids) == 0, "rows (%.200s) instead of (%s)", text, ids);
}

bool values_equal(const shop_value *a, const shop_value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == SHOP_VALUE_INT)
        return a->num == b->num;
    if (a->type == SHOP_VALUE_NULL)
        return true;
    return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

bool expect_value(kit *k, const shop_value *got, shop_value wanted, const char *what)
{
    if (!expect(k, got->type == wanted.type, "%s: a value of type %u instead of %u", what, (unsigned)got->type,
                (unsigned)wanted.type))
        return false;
    if (wanted.type == SHOP_VALUE_INT)
        return expect(k, got->num == wanted.num, "%s: %" PRId64 " instead of %" PRId64, what, got->num, wanted.num);
    if (wanted.type == SHOP_VALUE_TEXT)
        expect(k, got->data && got->data[got->size] == '\0', "%s: a text without a NUL behind it", what);
    return expect(k, values_equal(got, &wanted), "%s: %u bytes that differ from the %u expected", what, (unsigned)got->size,
                  (unsigned)wanted.size);
}

/* ------------------------------------------------------------------------------------------------ rows to begin with */

void insert_maker(kit_batch *b, int64_t id, const char *name)
{
    insert_row(b, MAKER, id);
    set_text(b, MAKER_NAME, name);
}

void insert_item(kit_batch *b, int64_t id, const char *sku)
{
    insert_row(b, ITEM, id);
    set_int(b, ITEM_MAKER, 1);
    set_text(b, ITEM_SKU, sku);
    set_null(b, ITEM_PARENT);
    set_null(b, ITEM_SHELF);
    set_null(b, ITEM_CODE);
    set_null(b, ITEM_SOLD);
    set_null(b, ITEM_EXTRA);
    set_null(b, ITEM_NOTE);
    set_text(b, ITEM_KIND, "plain");
    set_value(b, ITEM_DATA, SHOP_SET_TO, value_blob("", 0));
    set_text(b, ITEM_WORDS, "");
}

void insert_counter(kit_batch *b, int64_t id, int64_t value, int64_t left, const char *label)
{
    insert_row(b, COUNTER, id);
    set_int(b, COUNTER_VALUE, value);
    set_int(b, COUNTER_LEFT, left);
    if (label)
        set_text(b, COUNTER_LABEL, label);
    else
        set_null(b, COUNTER_LABEL);
}

void seed_items(kit *k, int count)
{
    kit_batch *b = batch_new(&k->memory);
    insert_maker(b, 1, "one");
    for (int i = 1; i <= count; i++) {
        char *sku = kit_take(&k->memory, 24);
        (void)snprintf(sku, 24, "sku-%02d", i);
        insert_item(b, i, sku);
    }
    apply_ok(k, b);
}

/* ------------------------------------------------------------------------------------------------ places */

static void ignore_log(void *user, int32_t level, const char *message)
{
    (void)user;
    (void)level;
    (void)message;
}

void *open_place(kit *k, const shop_schema *schema, uint32_t flags, int32_t expected)
{
    shop_storage_host *host = kit_take(&k->memory, sizeof *host);
    *host = (shop_storage_host){.struct_size = sizeof *host, .log = ignore_log, .flags = flags};
    shop_fault fault;
    memset(&fault, 0xAA, sizeof fault);
    void *self = NULL;
    int32_t outcome = k->vt->open(k->url, schema, host, &self, &fault);
    outcome_is(k, outcome, &fault, expected, "open");
    expect(k, (self != NULL) == (outcome == SHOP_STORAGE_OK), "open said %s and %s an instance", outcome_name(outcome),
           self ? "set" : "did not set");
    return self;
}

void close_place(kit *k, void *self)
{
    if (self)
        k->vt->close(self);
}

/* ------------------------------------------------------------------------------------------------ the run */

static const char *name_of_missing(uint32_t missing)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {SHOP_CAN_ORDER, "SHOP_CAN_ORDER is not claimed"},     {SHOP_CAN_MATCH, "SHOP_CAN_MATCH is not claimed"},
        {SHOP_CAN_RANK, "SHOP_CAN_RANK is not claimed"},       {SHOP_CAN_AGGREGATE, "SHOP_CAN_AGGREGATE is not claimed"},
        {SHOP_CAN_IN_READ, "SHOP_CAN_IN_READ is not claimed"}, {SHOP_CAN_PERSIST, "SHOP_CAN_PERSIST is not claimed"},
        {SHOP_CAN_SHARE, "SHOP_CAN_SHARE is not claimed"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (missing & names[i].bit)
            return names[i].name;
    }
    return "a capability is not claimed";
}

static void check_in_fresh_place(kit *k, const kit_requirement *requirement)
{
    const shop_conformance_options *o = k->options;
    if (!expect(k, o->fresh(o->user, k->url, sizeof k->url) == 0, "no fresh place"))
        return;
    bool opens = !(requirement->flags & KIT_UNOPENED);
    k->self = opens ? open_place(k, kit_schema(), 0, SHOP_STORAGE_OK) : NULL;
    if (k->self || !opens)
        requirement->check(k);
    close_place(k, k->self);
    k->self = NULL;
    if (o->remove)
        o->remove(o->user, k->url);
}

static void run_requirement(kit *k, const kit_requirement *requirement)
{
    if (k->options->only && !strstr(requirement->name, k->options->only))
        return;
    k->requirement = requirement->name;
    k->broken = false;
    k->skip = false;
    k->complaints = 0;
    kit_memory_init(&k->memory);
    uint32_t missing = requirement->capabilities & ~k->vt->capabilities;
    if (missing)
        skip(k, name_of_missing(missing));
    else
        check_in_fresh_place(k, requirement);
    kit_memory_free(&k->memory);
    if (k->complaints > COMPLAINTS_TOLD)
        fprintf(k->report, "            … and %u more\n", k->complaints - COMPLAINTS_TOLD);
    if (k->broken)
        k->failed++;
    else if (k->skip)
        k->skipped++;
    else
        k->passed++;
    if (k->options->verbose && !k->broken && !k->skip)
        fprintf(k->report, "passed  %s\n", requirement->name);
    fflush(k->report);
}

static bool is_complete(const shop_storage_vtable *vt)
{
    return vt && vt->struct_size >= offsetof(shop_storage_vtable, watch) && vt->version >= 1 && vt->name && vt->open &&
           vt->close && vt->query && vt->apply && vt->allocate && vt->ping;
}

int shop_conformance_run(const shop_conformance_options *options)
{
    static const kit_chapter *const chapters[] = {&kit_values, &kit_queries, &kit_batches,    &kit_malformed,
                                                  &kit_places, &kit_crowds,  &kit_comparisons};
    kit k = {.options = options, .vt = options->backend, .report = options->report ? options->report : stdout};
    if (options->struct_size < sizeof *options || !is_complete(options->backend) || !options->fresh) {
        fputs("FAILED  the table of the backend is complete\n", k.report);
        return 1;
    }
    pthread_mutex_init(&k.lock, NULL);
    for (size_t c = 0; c < sizeof chapters / sizeof chapters[0]; c++) {
        for (size_t i = 0; i < chapters[c]->count; i++)
            run_requirement(&k, &chapters[c]->requirements[i]);
    }
    pthread_mutex_destroy(&k.lock);
    fprintf(k.report, "%d passed, %d failed, %d skipped\n", k.passed, k.failed, k.skipped);
    return k.failed;
}
