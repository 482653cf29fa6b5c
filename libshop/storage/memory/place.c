/* SPDX-License-Identifier: MIT */
/* Places and the search in them: the tree that promises the fewest rows is walked, and every row of it is tested in full. */
#include "place.h"

#include <string.h>

#include "../../core/mem.h"
#include "../eval.h"

#define DEADLINE_EVERY 1024u /* rows */

/* ------------------------------------------------------------------------------------------------ making */

static bool begins_with(const shop_memory_table *table, uint16_t column)
{
    for (uint32_t i = 0; i < table->tree_count; i++) {
        if (table->trees[i].columns[0] == column)
            return true;
    }
    return false;
}

static shop_tree *add_tree(shop_memory_table *table, uint32_t index)
{
    shop_tree *tree = &table->trees[table->tree_count];
    *tree = (shop_tree){.slot = table->tree_count, .index = index, .column_count = 1};
    table->tree_count++;
    return tree;
}

static bool make_table(shop_memory_table *made, const shop_table *table)
{
    *made = (shop_memory_table){.column_count = table->column_count, .next_id = 1};
    made->trees = shop_mem_zalloc(1 + (size_t)table->index_count + table->column_count, sizeof *made->trees);
    if (!made->trees)
        return false;
    add_tree(made, SHOP_NO_COLUMN)->unique = 1;
    for (uint32_t i = 0; i < table->index_count; i++) {
        const shop_index *index = &table->indexes[i];
        if (index->flags & SHOP_INDEX_WORDS)
            continue;
        shop_tree *tree = add_tree(made, i);
        tree->unique = (index->flags & SHOP_INDEX_UNIQUE) != 0;
        tree->column_count = index->column_count;
        memcpy(tree->columns, index->columns, sizeof tree->columns);
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].references != SHOP_NO_TABLE && !begins_with(made, (uint16_t)i))
            add_tree(made, SHOP_NO_COLUMN)->columns[0] = (uint16_t)i;
    }
    return true;
}

static size_t count_references(const shop_schema *schema)
{
    size_t count = 0;
    for (uint32_t t = 0; t < schema->table_count; t++) {
        for (uint32_t c = 0; c < schema->tables[t].column_count; c++)
            count += schema->tables[t].columns[c].references != SHOP_NO_TABLE;
    }
    return count;
}

static void add_references(shop_memory_place *place, const shop_schema *schema, uint16_t table)
{
    for (uint16_t c = 0; c < schema->tables[table].column_count; c++) {
        uint16_t to = schema->tables[table].columns[c].references;
        if (to == SHOP_NO_TABLE)
            continue;
        uint16_t tree = 0;
        while (place->tables[table].trees[tree].columns[0] != c)
            tree++;
        place->references[place->reference_count++] =
            (shop_memory_reference){.from = table, .column = c, .to = to, .tree = tree};
    }
}

static bool fill_place(shop_memory_place *place, const shop_schema *schema, const char *name)
{
    place->version = schema->version;
    place->tables = shop_mem_zalloc(schema->table_count, sizeof *place->tables);
    place->references = shop_mem_zalloc(count_references(schema), sizeof *place->references);
    place->name = shop_mem_strdup(name);
    if (!place->tables || !place->references || (name && !place->name))
        return false;
    for (; place->table_count < schema->table_count; place->table_count++) {
        if (!make_table(&place->tables[place->table_count], &schema->tables[place->table_count]))
            return false;
        add_references(place, schema, (uint16_t)place->table_count);
    }
    return true;
}

/* Readers one after the other must not keep a writer waiting for ever. */
static bool make_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    if (pthread_rwlockattr_init(&attributes) != 0)
        return false;
#ifdef __GLIBC__
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    bool made = pthread_rwlock_init(lock, &attributes) == 0;
    (void)pthread_rwlockattr_destroy(&attributes);
    return made;
}

shop_memory_place *shop_memory_place_new(const shop_schema *schema, const char *name)
{
    shop_memory_place *place = shop_mem_zalloc(1, sizeof *place);
    if (!place)
        return NULL;
    if (!make_lock(&place->lock)) {
        shop_mem_free(place);
        return NULL;
    }
    if (!fill_place(place, schema, name)) {
        shop_memory_place_free(place);
        return NULL;
    }
    return place;
}

void shop_memory_place_free(shop_memory_place *place)
{
    for (uint32_t i = 0; i < place->table_count; i++) {
        shop_tree_free_rows(&place->tables[i].trees[0]);
        shop_mem_free(place->tables[i].trees);
    }
    shop_mem_free(place->tables);
    shop_mem_free(place->references);
    shop_mem_free(place->name);
    (void)pthread_rwlock_destroy(&place->lock);
    shop_mem_free(place);
}

bool shop_memory_place_fits(const shop_memory_place *place, const shop_schema *schema)
{
    if (place->version != schema->version || place->table_count != schema->table_count)
        return false;
    for (uint32_t i = 0; i < place->table_count; i++) {
        if (place->tables[i].column_count != schema->tables[i].column_count)
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------ rows */

shop_row *shop_memory_find(const shop_memory_place *place, uint16_t table, int64_t id)
{
    const shop_tree *tree = &place->tables[table].trees[0];
    const shop_value key = {.type = SHOP_VALUE_INT, .num = id};
    shop_row *row = shop_tree_seek(tree, &key, 1);
    return row && shop_tree_is_at(tree, row, &key, 1) ? row : NULL;
}

void shop_memory_hang(shop_memory_table *table, shop_row *row)
{
    for (uint32_t i = 0; i < table->tree_count; i++)
        shop_tree_insert(&table->trees[i], row);
    table->row_count++;
}

void shop_memory_take_down(shop_memory_table *table, shop_row *row)
{
    for (uint32_t i = 0; i < table->tree_count; i++)
        shop_tree_remove(&table->trees[i], row);
    table->row_count--;
}

/* ------------------------------------------------------------------------------------------------ searching */

/* Which part of a tree to walk: rows with the fixed key, the next column being one of `in`, or between two bounds. */
typedef struct plan {
    const shop_tree *tree;
    shop_value key[SHOP_MAX_KEY];
    uint32_t fixed;
    const shop_pred *in;
    const shop_pred *lower;
    const shop_pred *upper;
    size_t cost; /* rows to be seen, roughly */
} plan;

static bool is_plain(const shop_pred *pred)
{
    return pred->other == SHOP_NO_COLUMN && pred->value_count == 1 && pred->values[0].type != SHOP_VALUE_NULL;
}

/* EQ over a plain value, or nothing. */
static const shop_pred *equal_to(const shop_pred *preds, uint32_t count, uint16_t column)
{
    for (uint32_t i = 0; i < count; i++) {
        if (preds[i].column == column && preds[i].op == SHOP_PRED_EQ && is_plain(&preds[i]))
            return &preds[i];
    }
    return NULL;
}

static void bound_next_column(plan *p, const shop_pred *preds, uint32_t count, uint16_t column)
{
    for (uint32_t i = 0; i < count; i++) {
        const shop_pred *pred = &preds[i];
        if (pred->column != column)
            continue;
        if (pred->op == SHOP_EVAL_IN_SORTED)
            p->in = pred;
        else if ((pred->op == SHOP_PRED_GT || pred->op == SHOP_PRED_GE) && is_plain(pred))
            p->lower = pred;
        else if ((pred->op == SHOP_PRED_LT || pred->op == SHOP_PRED_LE) && is_plain(pred))
            p->upper = pred;
    }
}

/* Guesses: an equality leaves one row in 64, a range one in 4, a whole unique key one. */
static size_t guess_cost(const plan *p, size_t rows)
{
    uint32_t given = p->fixed + (p->in ? 1u : 0u);
    bool whole = p->tree->unique && given == p->tree->column_count;
    size_t cost = whole ? 1 : rows >> (6 * (given < 8 ? given : 8));
    if (p->in)
        cost = (cost + 1) * p->in->value_count;
    else if (p->lower || p->upper)
        cost /= 4;
    return cost;
}

static plan plan_for_tree(const shop_tree *tree, size_t rows, const shop_pred *preds, uint32_t count)
{
    plan p = {.tree = tree};
    const shop_pred *equal = NULL;
    while (p.fixed < tree->column_count && (equal = equal_to(preds, count, tree->columns[p.fixed])))
        p.key[p.fixed++] = equal->values[0];
    if (p.fixed < tree->column_count)
        bound_next_column(&p, preds, count, tree->columns[p.fixed]);
    p.cost = guess_cost(&p, rows);
    return p;
}

static plan best_plan(const shop_memory_table *table, const shop_pred *preds, uint32_t count)
{
    plan best = plan_for_tree(&table->trees[0], table->row_count, preds, count);
    for (uint32_t i = 1; i < table->tree_count; i++) {
        plan p = plan_for_tree(&table->trees[i], table->row_count, preds, count);
        if (p.cost < best.cost)
            best = p;
    }
    return best;
}

static bool add_found(shop_memory_list *found, const shop_value *row)
{
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? found->capacity * 2 : 64;
        void *grown = shop_mem_realloc(found->rows, capacity * sizeof *found->rows);
        if (!grown)
            return false;
        found->rows = grown;
        found->capacity = capacity;
    }
    found->rows[found->count++] = row;
    return true;
}

/* What a walk needs besides its plan. */
typedef struct search {
    const shop_pred *preds;
    uint32_t pred_count;
    uint32_t seen;
    int64_t deadline;
    shop_memory_list *found;
} search;

/* Tests the rows from `row` on that have the key, up to the plan's upper bound. */
static int32_t walk(const plan *p, search *s, shop_row *row, const shop_value *key, uint32_t key_count)
{
    for (; row && shop_tree_is_at(p->tree, row, key, key_count); row = shop_tree_next(p->tree, row)) {
        if (++s->seen % DEADLINE_EVERY == 0 && s->deadline && shop_monotonic_now() >= s->deadline)
            return SHOP_STORAGE_UNAVAILABLE;
        if (p->upper && shop_eval_compare(&row->values[p->upper->column], &p->upper->values[0]) > 0)
            break;
        if (shop_eval_passes(row->values, s->preds, s->pred_count) && !add_found(s->found, row->values))
            return SHOP_STORAGE_NO_MEMORY;
    }
    return SHOP_STORAGE_OK;
}

static int32_t walk_range(const plan *p, search *s)
{
    shop_value from[SHOP_MAX_KEY + 1];
    uint32_t count = p->fixed;
    memcpy(from, p->key, sizeof p->key);
    if (p->lower)
        from[count++] = p->lower->values[0];
    else if (p->upper) /* NULLs come first and never pass: begin behind them */
        from[count++] = (shop_value){.type = p->upper->values[0].type, .num = INT64_MIN, .data = ""};
    return walk(p, s, shop_tree_seek(p->tree, from, count), p->key, p->fixed);
}

static int32_t walk_each(plan *p, search *s)
{
    const shop_pred *in = p->in;
    int32_t outcome = SHOP_STORAGE_OK;
    p->upper = NULL;
    for (uint32_t i = 0; i < in->value_count && outcome == SHOP_STORAGE_OK; i++) {
        p->key[p->fixed] = in->values[i];
        outcome = walk(p, s, shop_tree_seek(p->tree, p->key, p->fixed + 1), p->key, p->fixed + 1);
    }
    return outcome;
}

int32_t shop_memory_scan(const shop_memory_table *table, const shop_pred *preds, uint32_t pred_count, int64_t deadline,
                         shop_memory_list *found)
{
    plan p = best_plan(table, preds, pred_count);
    search s = {.preds = preds, .pred_count = pred_count, .deadline = deadline, .found = found};
    return p.in ? walk_each(&p, &s) : walk_range(&p, &s);
}
