/* SPDX-License-Identifier: MIT */
/*
 * Remembered counts, and why they are right.
 *
 * A count is a function of the rows of its table and of the columns in its predicates. Each (table, column) has a tally; the tally of
 * column 0, the id, which never changes, stands for the coming and going of rows. The one writer makes the tallies of what a
 * transaction changed odd before its COMMIT and even again after it. So while all tallies of a count are even, and equal at two
 * moments, no commit of ours that matters became visible between the two.
 *
 * Commits of other processes (or instances) are seen in the WAL index: every commit that wrote adds one to its iChange, a counter in
 * the memory that all connections share (sqlite.org/walformat.html, 2.1). The writer knows the counter's value after its own last
 * commit and announces it, with the number of commits of others until then: what the counter is beyond that was done by others. The
 * sum, `foreign`, is the number of all commits of others: equal at two moments, none came between. Before its COMMIT the writer, who
 * holds the write lock then, announces what others did meanwhile, and that a commit is under way: until it has announced how that
 * ended, a reader trusts only the counter's old value, since nobody can tell yet whose the new one is. (It need not be ours: a
 * COMMIT that found nothing to write leaves the counter alone.)
 *
 * A reader takes the stamp (tallies and foreign) before its snapshot begins, and again within it. Equal and settled, the snapshot is
 * the state that the stamp names, and a count kept under an equal stamp is the count of that state. Otherwise the count is made
 * from the snapshot and not kept. A state is never named by two stamps that differ, nor two states (as far as the count is concerned)
 * by one.
 *
 * If the WAL index cannot be read, or its counter ran backwards (SQLite rebuilds it after a crash of another process), nothing is
 * found and nothing kept.
 */
#include "counts.h"

#include <pthread.h>
#include <string.h>

#include "../../core/mem.h"

#define SETS 64u
#define WAYS 4u
#define KEY_SIZE_MAX 128u

#define WAL_INDEX_PAGE 32768
#define WAL_INDEX_VERSION 3007000u

typedef struct entry {
    uint64_t shape;
    uint64_t own;
    uint64_t used;
    int64_t count;
    uint32_t foreign;
    uint32_t key_size; /* 0: free */
    unsigned char key[KEY_SIZE_MAX];
} entry;

/* The first words of the WAL index. */
typedef struct wal_index {
    uint32_t version;
    uint32_t unused;
    uint32_t changes; /* iChange */
} wal_index;

struct shop_sqlite_counts {
    const shop_schema *schema;
    wal_index *index; /* shared memory; NULL when it cannot be read */
    uint64_t **tallies;
    uint64_t *dirty; /* the writer's: columns of each table that the transaction changed */
    uint64_t announced; /* see pack */
    pthread_mutex_t lock; /* of the entries */
    uint64_t clock;
    entry entries[SETS][WAYS];
};

/* ------------------------------------------------------------------------------------------------ making */

static wal_index *find_index(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    void volatile *page = NULL;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods ||
        file->pMethods->iVersion < 2)
        return NULL;
    if (file->pMethods->xShmMap(file, 0, WAL_INDEX_PAGE, 0, &page) != SQLITE_OK || !page)
        return NULL;
    wal_index *index = (wal_index *)(uintptr_t)page;
    return __atomic_load_n(&index->version, __ATOMIC_ACQUIRE) == WAL_INDEX_VERSION ? index : NULL;
}

static uint64_t **make_tallies(const shop_schema *schema)
{
    size_t total = 0;
    for (uint32_t i = 0; i < schema->table_count; i++)
        total += schema->tables[i].column_count;
    uint64_t **tallies = shop_mem_zalloc(schema->table_count + 1, sizeof *tallies);
    uint64_t *all = shop_mem_zalloc(total + 1, sizeof *all);
    if (!tallies || !all) {
        shop_mem_free(all);
        shop_mem_free(tallies);
        return NULL;
    }
    tallies[schema->table_count] = all; /* where to free them, even when there is no table */
    for (uint32_t i = 0; i < schema->table_count; i++) {
        tallies[i] = all;
        all += schema->tables[i].column_count;
    }
    if (schema->table_count)
        tallies[schema->table_count] = tallies[0];
    return tallies;
}

void shop_sqlite_counts_free(shop_sqlite_counts *counts)
{
    if (!counts)
        return;
    if (counts->tallies)
        shop_mem_free(counts->tallies[counts->schema->table_count]);
    shop_mem_free(counts->tallies);
    shop_mem_free(counts->dirty);
    pthread_mutex_destroy(&counts->lock);
    shop_mem_free(counts);
}

/* Commits of others, is one of ours under way, the value of iChange: in one word, to be read and written at once. */
static uint64_t pack(uint32_t foreign, bool under_way, uint32_t changes)
{
    return (uint64_t)foreign << 33 | (uint64_t)under_way << 32 | changes;
}

static uint32_t foreign_in(uint64_t announced)
{
    return (uint32_t)(announced >> 33);
}

static bool under_way_in(uint64_t announced)
{
    return (announced >> 32) & 1;
}

/* How far the counter is beyond the announced value. */
static int32_t distance(uint32_t changes, uint64_t announced)
{
    return (int32_t)(changes - (uint32_t)announced);
}

static uint32_t changes_now(const shop_sqlite_counts *counts)
{
    return counts->index ? __atomic_load_n(&counts->index->changes, __ATOMIC_SEQ_CST) : 0;
}

shop_sqlite_counts *shop_sqlite_counts_new(const shop_schema *schema, sqlite3 *db)
{
    shop_sqlite_counts *counts = shop_mem_zalloc(1, sizeof *counts);
    if (!counts)
        return NULL;
    counts->schema = schema;
    pthread_mutex_init(&counts->lock, NULL);
    counts->tallies = make_tallies(schema);
    counts->dirty = shop_mem_zalloc(schema->table_count + 1, sizeof *counts->dirty);
    counts->index = find_index(db);
    counts->announced = pack(0, false, changes_now(counts));
    if (!counts->tallies || !counts->dirty) {
        shop_sqlite_counts_free(counts);
        return NULL;
    }
    return counts;
}

/* ------------------------------------------------------------------------------------------------ the writer's side */

void shop_sqlite_counts_touch(shop_sqlite_counts *counts, uint16_t table, uint64_t columns)
{
    counts->dirty[table] |= columns ? columns : 1;
}

void shop_sqlite_counts_forget(shop_sqlite_counts *counts)
{
    memset(counts->dirty, 0, counts->schema->table_count * sizeof *counts->dirty);
}

static void turn_tallies(shop_sqlite_counts *counts)
{
    for (uint32_t t = 0; t < counts->schema->table_count; t++) {
        for (uint64_t left = counts->dirty[t]; left; left &= left - 1)
            __atomic_fetch_add(&counts->tallies[t][__builtin_ctzll(left)], 1, __ATOMIC_SEQ_CST);
    }
}

void shop_sqlite_counts_begin(shop_sqlite_counts *counts)
{
    turn_tallies(counts);
    uint64_t announced = __atomic_load_n(&counts->announced, __ATOMIC_SEQ_CST);
    uint32_t changes = changes_now(counts);
    int32_t others = distance(changes, announced);
    if (others < 0) /* the counter was rebuilt: no stamp of before may fit again */
        others = 1 << 16;
    __atomic_store_n(&counts->announced, pack(foreign_in(announced) + (uint32_t)others, true, changes), __ATOMIC_SEQ_CST);
}

void shop_sqlite_counts_end(shop_sqlite_counts *counts, shop_sqlite_commit how)
{
    uint64_t announced = __atomic_load_n(&counts->announced, __ATOMIC_SEQ_CST);
    uint32_t foreign = foreign_in(announced) + (how == SHOP_SQLITE_COMMIT_FAILED);
    uint32_t changes = (uint32_t)announced + (how == SHOP_SQLITE_COMMIT_WROTE);
    __atomic_store_n(&counts->announced, pack(foreign, false, changes), __ATOMIC_SEQ_CST);
    turn_tallies(counts);
    shop_sqlite_counts_forget(counts);
}

/* ------------------------------------------------------------------------------------------------ stamps */

static bool has_only_values(const shop_pred *pred)
{
    return pred->op != SHOP_PRED_IN_READ;
}

bool shop_sqlite_counts_can(const shop_read *read)
{
    if (read->aggregate_count != 1 || read->aggregates[0].fn != SHOP_AGGREGATE_COUNT || read->group_by != SHOP_NO_COLUMN)
        return false;
    bool can = true;
    for (uint16_t i = 0; i < read->pred_count && can; i++)
        can = has_only_values(&read->preds[i]);
    return can;
}

static void add_tally(const shop_sqlite_counts *counts, uint16_t table, uint16_t column, shop_sqlite_stamp *stamp)
{
    uint64_t tally = __atomic_load_n(&counts->tallies[table][column], __ATOMIC_SEQ_CST);
    stamp->own += tally; /* tallies only grow: equal sums are of equal tallies */
    stamp->settled = stamp->settled && !(tally & 1);
}

/* Looks twice at what is announced: the counter must be held against what was announced when it was read. */
static void add_foreign(const shop_sqlite_counts *counts, shop_sqlite_stamp *stamp)
{
    uint64_t announced = __atomic_load_n(&counts->announced, __ATOMIC_SEQ_CST);
    int32_t others = distance(changes_now(counts), announced);
    bool same = __atomic_load_n(&counts->announced, __ATOMIC_SEQ_CST) == announced;
    bool trusted = under_way_in(announced) ? others == 0 : others >= 0;
    stamp->settled = stamp->settled && counts->index && same && trusted;
    stamp->foreign = foreign_in(announced) + (uint32_t)others;
}

shop_sqlite_stamp shop_sqlite_counts_stamp(shop_sqlite_counts *counts, const shop_read *read)
{
    shop_sqlite_stamp stamp = {.settled = true};
    add_foreign(counts, &stamp);
    add_tally(counts, read->table, 0, &stamp);
    for (uint16_t i = 0; i < read->pred_count; i++) {
        const shop_pred *pred = &read->preds[i];
        add_tally(counts, read->table, pred->column, &stamp);
        if (pred->other != SHOP_NO_COLUMN && pred->op <= SHOP_PRED_GE)
            add_tally(counts, read->table, pred->other, &stamp);
    }
    return stamp;
}

bool shop_sqlite_counts_holds(const shop_sqlite_stamp *before, const shop_sqlite_stamp *now)
{
    return before->settled && now->settled && before->own == now->own && before->foreign == now->foreign;
}

/* ------------------------------------------------------------------------------------------------ entries */

typedef struct key {
    uint32_t size;
    unsigned char bytes[KEY_SIZE_MAX];
} key;

static bool add_bytes(key *k, const void *bytes, size_t size)
{
    if (size > KEY_SIZE_MAX - k->size)
        return false;
    if (size)
        memcpy(k->bytes + k->size, bytes, size);
    k->size += (uint32_t)size;
    return true;
}

static bool add_value(key *k, const shop_value *value)
{
    unsigned char type = (unsigned char)value->type;
    if (!add_bytes(k, &type, 1))
        return false;
    if (value->type == SHOP_VALUE_INT)
        return add_bytes(k, &value->num, sizeof value->num);
    if (value->type == SHOP_VALUE_NULL)
        return true;
    return add_bytes(k, &value->size, sizeof value->size) && add_bytes(k, value->data, value->size);
}

/* The values, one behind the other; the shape says what they are for. False: too long to remember. */
static bool make_key(const shop_read *read, key *k)
{
    k->size = 0;
    bool fits = add_bytes(k, &read->table, sizeof read->table);
    for (uint16_t i = 0; i < read->pred_count && fits; i++) {
        const shop_pred *pred = &read->preds[i];
        fits = add_bytes(k, &pred->value_count, sizeof pred->value_count);
        for (uint32_t v = 0; v < pred->value_count && fits; v++)
            fits = add_value(k, &pred->values[v]);
    }
    return fits;
}

static uint64_t hash_of(uint64_t shape, const key *k)
{
    uint64_t h = shape;
    for (uint32_t i = 0; i < k->size; i++)
        h = (h ^ k->bytes[i]) * UINT64_C(1099511628211);
    return h ^ (h >> 32);
}

static entry *find_entry(entry *set, uint64_t shape, const key *k)
{
    for (uint32_t way = 0; way < WAYS; way++) {
        if (set[way].key_size == k->size && set[way].shape == shape && memcmp(set[way].key, k->bytes, k->size) == 0)
            return &set[way];
    }
    return NULL;
}

static entry *oldest_entry(entry *set)
{
    entry *oldest = set;
    for (uint32_t way = 1; way < WAYS; way++) {
        if (set[way].used < oldest->used)
            oldest = &set[way];
    }
    return oldest;
}

bool shop_sqlite_counts_find(shop_sqlite_counts *counts, const shop_read *read, const shop_sqlite_stamp *stamp, int64_t *count)
{
    key k;
    if (!stamp->settled || !make_key(read, &k))
        return false;
    entry *set = counts->entries[hash_of(read->shape, &k) % SETS];
    pthread_mutex_lock(&counts->lock);
    entry *found = find_entry(set, read->shape, &k);
    bool fresh = found && found->own == stamp->own && found->foreign == stamp->foreign;
    if (fresh) {
        found->used = ++counts->clock;
        *count = found->count;
    }
    pthread_mutex_unlock(&counts->lock);
    return fresh;
}

void shop_sqlite_counts_keep(shop_sqlite_counts *counts, const shop_read *read, const shop_sqlite_stamp *stamp, int64_t count)
{
    key k;
    if (!make_key(read, &k))
        return;
    entry *set = counts->entries[hash_of(read->shape, &k) % SETS];
    pthread_mutex_lock(&counts->lock);
    entry *place = find_entry(set, read->shape, &k);
    if (!place)
        place = oldest_entry(set);
    place->shape = read->shape;
    place->own = stamp->own;
    place->foreign = stamp->foreign;
    place->count = count;
    place->used = ++counts->clock;
    place->key_size = k.size;
    memcpy(place->key, k.bytes, k.size);
    pthread_mutex_unlock(&counts->lock);
}
