/* SPDX-License-Identifier: MIT */
/*
 * The limit of the checkout flow on SQLite: the least work, written by hand, that keeps the same promises — no oversell, all or
 * nothing, durable when answered. One writer thread commits all that wait (a savepoint each, one fsync); one reader connection a
 * caller; every statement prepared once. sqlite_limit PATH [CALLERS] [SECONDS] [PRODUCTS] prints one line of JSON.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "closed_loop.h"

#define LINES_MAX 16

enum { ADD, CHECKOUT };

typedef struct request {
    int kind;
    int64_t user;
    int64_t product;
    int64_t quantity;
    int ok;
    int done;
    pthread_cond_t answered;
    struct request *next;
} request;

static const char *path;
static uint32_t products = 10000;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static request *queue_first;
static request *queue_last;
static int closing;

static const char *const schema =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, slug TEXT UNIQUE, description TEXT, price INT, stock INT "
    "CHECK(stock>=0),"
    " active INT, category_id INT, created_at INT) STRICT;"
    "CREATE TABLE cart_item(user_id INT, product_id INT REFERENCES product, quantity INT, price INT, created_at INT,"
    " PRIMARY KEY(user_id, product_id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INT, status INT, total INT, address TEXT, created_at INT) STRICT;"
    "CREATE INDEX orders_user ON orders(user_id, id);"
    "CREATE TABLE order_item(order_id INT REFERENCES orders, product_id INT, quantity INT, price INT,"
    " PRIMARY KEY(order_id, product_id)) STRICT, WITHOUT ROWID;";

static void die(sqlite3 *db)
{
    fprintf(stderr, "sqlite_limit: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static sqlite3 *open_db(void)
{
    sqlite3 *db;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", NULL, NULL, NULL) != SQLITE_OK)
        die(db);
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        die(db);
    return statement;
}

static void create(void)
{
    sqlite3 *db = open_db();
    if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK || sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        die(db);
    sqlite3_stmt *s = prepare(db, "INSERT INTO product VALUES(?1,'Product '||?1,'product-'||?1,"
                                  "'A high-quality product with many features.',(?1%500+1)*100+99,1000000000,1,1,0)");
    for (uint32_t i = 1; i <= products; i++) {
        sqlite3_bind_int64(s, 1, i);
        if (sqlite3_step(s) != SQLITE_DONE)
            die(db);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        die(db);
    sqlite3_close(db);
}

/* ------------------------------------------------------------------------------------------------ the writer */

static sqlite3_stmt *begin, *commit, *savepoint, *release, *rollback_to, *add_item, *cart, *take, *new_order, *new_item,
    *clear_cart;

static int run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

static int run_one(sqlite3 *db, sqlite3_stmt *s)
{
    return run(s) && sqlite3_changes64(db) == 1;
}

static int do_add(sqlite3 *db, const request *r)
{
    sqlite3_bind_int64(add_item, 1, r->user);
    sqlite3_bind_int64(add_item, 2, r->product);
    sqlite3_bind_int64(add_item, 3, r->quantity);
    return run_one(db, add_item);
}

typedef struct line {
    int64_t product, quantity, price;
} line;

static int do_checkout(sqlite3 *db, const request *r)
{
    line lines[LINES_MAX];
    int count = 0;
    int64_t total = 0;
    sqlite3_bind_int64(cart, 1, r->user);
    while (sqlite3_step(cart) == SQLITE_ROW && count < LINES_MAX) {
        line l = {sqlite3_column_int64(cart, 0), sqlite3_column_int64(cart, 1), sqlite3_column_int64(cart, 2)};
        total += l.quantity * l.price;
        lines[count++] = l;
    }
    sqlite3_reset(cart);
    for (int i = 0; i < count; i++) {
        sqlite3_bind_int64(take, 1, lines[i].product);
        sqlite3_bind_int64(take, 2, lines[i].quantity);
        if (!run_one(db, take))
            return 0;
    }
    sqlite3_bind_int64(new_order, 1, r->user);
    sqlite3_bind_int64(new_order, 2, total);
    if (count == 0 || !run_one(db, new_order))
        return 0;
    int64_t order = sqlite3_last_insert_rowid(db);
    for (int i = 0; i < count; i++) {
        sqlite3_bind_int64(new_item, 1, order);
        sqlite3_bind_int64(new_item, 2, lines[i].product);
        sqlite3_bind_int64(new_item, 3, lines[i].quantity);
        sqlite3_bind_int64(new_item, 4, lines[i].price);
        if (!run_one(db, new_item))
            return 0;
    }
    sqlite3_bind_int64(clear_cart, 1, r->user);
    return run(clear_cart);
}

static void write_group(sqlite3 *db, request *group)
{
    if (!run(begin))
        die(db);
    for (request *r = group; r; r = r->next) {
        run(savepoint);
        r->ok = r->kind == ADD ? do_add(db, r) : do_checkout(db, r);
        if (!r->ok)
            run(rollback_to);
        run(release);
    }
    if (!run(commit))
        die(db);
}

static void *writer(void *arg)
{
    sqlite3 *db = open_db();
    (void)arg;
    begin = prepare(db, "BEGIN IMMEDIATE");
    commit = prepare(db, "COMMIT");
    savepoint = prepare(db, "SAVEPOINT s");
    release = prepare(db, "RELEASE s");
    rollback_to = prepare(db, "ROLLBACK TO s");
    add_item = prepare(db, "INSERT INTO cart_item SELECT ?1,id,?3,price,0 FROM product WHERE id=?2 AND active=1 AND stock>=?3"
                           " ON CONFLICT(user_id,product_id) DO UPDATE SET quantity=quantity+excluded.quantity");
    cart = prepare(db, "SELECT product_id,quantity,price FROM cart_item WHERE user_id=?1 ORDER BY product_id");
    take = prepare(db, "UPDATE product SET stock=stock-?2 WHERE id=?1 AND active=1 AND stock>=?2");
    new_order = prepare(db, "INSERT INTO orders(user_id,status,total,address,created_at) VALUES(?1,1,?2,'1 Main St',0)");
    new_item = prepare(db, "INSERT INTO order_item VALUES(?1,?2,?3,?4)");
    clear_cart = prepare(db, "DELETE FROM cart_item WHERE user_id=?1");
    pthread_mutex_lock(&lock);
    while (!closing || queue_first) {
        request *group = queue_first;
        if (!group) {
            pthread_cond_wait(&wake, &lock);
            continue;
        }
        queue_first = queue_last = NULL;
        pthread_mutex_unlock(&lock);
        write_group(db, group);
        pthread_mutex_lock(&lock);
        while (group) {
            request *next = group->next;
            group->done = 1;
            pthread_cond_signal(&group->answered);
            group = next;
        }
    }
    pthread_mutex_unlock(&lock);
    sqlite3_stmt *all[] = {begin, commit, savepoint, release,  rollback_to, add_item,
                           cart,  take,   new_order, new_item, clear_cart};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(db);
    return NULL;
}

static int submit(request *r)
{
    r->done = 0;
    r->next = NULL;
    pthread_mutex_lock(&lock);
    if (queue_last)
        queue_last->next = r;
    else
        queue_first = r;
    queue_last = r;
    pthread_cond_signal(&wake);
    while (!r->done)
        pthread_cond_wait(&r->answered, &lock);
    pthread_mutex_unlock(&lock);
    return r->ok;
}

/* ------------------------------------------------------------------------------------------------ the callers */

typedef struct buyer {
    sqlite3 *db;
    sqlite3_stmt *read_cart;
    request r;
} buyer;

static void *buyer_start(int number, void *args)
{
    (void)args;
    buyer *me = calloc(1, sizeof *me);
    if (!me)
        abort();
    me->db = open_db();
    me->read_cart = prepare(me->db, "SELECT c.product_id,c.quantity,c.price,p.name,p.slug,p.price,p.stock FROM cart_item c"
                                    " JOIN product p ON p.id=c.product_id WHERE c.user_id=?1");
    me->r.user = number + 1;
    pthread_cond_init(&me->r.answered, NULL);
    return me;
}

static void buyer_stop(void *state)
{
    buyer *me = state;
    sqlite3_finalize(me->read_cart);
    sqlite3_close(me->db);
    pthread_cond_destroy(&me->r.answered);
    free(me);
}

static int add(caller *c, int64_t quantity)
{
    buyer *me = c->state;
    me->r.kind = ADD;
    me->r.product = 1 + caller_random(c, products);
    me->r.quantity = quantity;
    int ok = submit(&me->r);
    caller_step(c);
    return ok;
}

static int flow(caller *c)
{
    buyer *me = c->state;
    if (!add(c, 1) || !add(c, 2))
        return 0;
    int rows = 0;
    sqlite3_bind_int64(me->read_cart, 1, me->r.user);
    while (sqlite3_step(me->read_cart) == SQLITE_ROW)
        rows++;
    sqlite3_reset(me->read_cart);
    caller_step(c);
    me->r.kind = CHECKOUT;
    int ok = submit(&me->r);
    caller_step(c);
    return ok && rows > 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: sqlite_limit PATH [CALLERS] [SECONDS] [PRODUCTS]\n");
        return 2;
    }
    path = argv[1];
    products = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 10000;
    create();
    pthread_t thread;
    if (pthread_create(&thread, NULL, writer, NULL) != 0)
        return 1;
    closed_loop loop = {.callers = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 32,
                        .seconds = argc > 3 ? strtod(argv[3], NULL) : 5,
                        .start = buyer_start,
                        .flow = flow,
                        .stop = buyer_stop};
    closed_loop_result r = closed_loop_run(&loop);
    pthread_mutex_lock(&lock);
    closing = 1;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    printf("{\"flows_per_second\": %.1f, \"p50_us\": %lld, \"p99_us\": %lld, \"failures\": %lld}\n", r.flows_per_second,
           (long long)r.p50_us, (long long)r.p99_us, (long long)r.failures);
    return r.failures > 0;
}
