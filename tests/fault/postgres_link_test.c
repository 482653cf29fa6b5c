/* SPDX-License-Identifier: MIT */
/*
 * The link to PostgreSQL breaks: before a batch got there, after it was committed, or it goes dumb; servers are ended under load; the
 * whole server crashes and starts again. What was acknowledged is there, once; what was refused is not; and the shop goes on by itself.
 *
 *   postgres_link_test CLUSTER      CLUSTER: tests/postgres/cluster; SHOP_TEST_POSTGRES names a database that may be killed
 */
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../postgres/place.h"
#include "../unit/support.h"

#define BUYERS 6
#define TURNS 8
#define SOCKET_NAME ".s.PGSQL.5432"

extern char **environ;

static int failures;

static void check(int kept, const char *promise)
{
    if (kept)
        return;
    failures++;
    fprintf(stderr, "BROKEN: %s\n", promise);
}

static void need(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "postgres_link_test: %s\n", what);
    exit(2);
}

/* ------------------------------------------------------------------------------------------------ the link */

enum { PASS, CUT_BEFORE, CUT_AFTER, GO_DUMB };

static atomic_int next_fate; /* of the next batch that comes by */
static atomic_int met; /* batches that met it */
static char server_path[108];
static char link_folder[32];
static int link_socket;

typedef struct wire {
    int client;
    int server;
} wire;

static int connect_to_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, server_path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = send(fd, data, size, MSG_NOSIGNAL);
        if (written <= 0)
            return 0;
        data += written;
        size -= (size_t)written;
    }
    return 1;
}

/* Batches are known by their mark; without prepared statements its text goes by each time. */
static int is_batch(const char *data, size_t size)
{
    static const char mark[] = "INSERT INTO \"mark\"";
    return memmem(data, size, mark, sizeof mark - 1) != NULL;
}

/* False: the wire is cut. */
static int pass_request(const wire *w, char *data, size_t size)
{
    int fate = is_batch(data, size) ? atomic_exchange(&next_fate, PASS) : PASS;
    atomic_fetch_add(&met, fate != PASS);
    if (fate == CUT_BEFORE)
        return 0;
    if (fate == GO_DUMB) {
        while (recv(w->client, data, size, 0) > 0) /* until the client has had enough */
            ;
        return 0;
    }
    int passed = write_all(w->server, data, size);
    if (fate == CUT_AFTER) {
        struct pollfd answer = {.fd = w->server, .events = POLLIN};
        (void)poll(&answer, 1, 10000); /* the server has answered: it is committed */
        return 0;
    }
    return passed;
}

static void *run_wire(void *argument)
{
    wire *w = argument;
    char data[65536];
    struct pollfd ends[2] = {{.fd = w->client, .events = POLLIN}, {.fd = w->server, .events = POLLIN}};
    for (int whole = 1; whole && poll(ends, 2, -1) > 0;) {
        if (ends[0].revents) {
            ssize_t got = recv(w->client, data, sizeof data, 0);
            whole = got > 0 && pass_request(w, data, (size_t)got);
        }
        if (whole && ends[1].revents) {
            ssize_t got = recv(w->server, data, sizeof data, 0);
            whole = got > 0 && write_all(w->client, data, (size_t)got);
        }
    }
    close(w->client);
    close(w->server);
    free(w);
    return NULL;
}

static void *accept_wires(void *unused)
{
    (void)unused;
    for (;;) {
        int client = accept4(link_socket, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            return NULL;
        wire *w = malloc(sizeof *w);
        need(w != NULL, "out of memory");
        *w = (wire){.client = client, .server = connect_to_server()};
        pthread_t thread;
        if (w->server < 0 || pthread_create(&thread, NULL, run_wire, w) != 0) {
            close(client);
            free(w);
            continue;
        }
        pthread_detach(thread);
    }
}

static void lay_link(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(server_path, sizeof server_path, "%s/" SOCKET_NAME, folder);
    snprintf(link_folder, sizeof link_folder, "/tmp/shop-link-XXXXXX");
    need(mkdtemp(link_folder) != NULL, "no folder");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/" SOCKET_NAME, link_folder);
    link_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(link_socket >= 0 && bind(link_socket, (struct sockaddr *)&address, sizeof address) == 0 &&
             listen(link_socket, 64) == 0,
         "no socket");
    pthread_t thread;
    need(pthread_create(&thread, NULL, accept_wires, NULL) == 0, "no thread");
    pthread_detach(thread);
}

static void take_up_link(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/" SOCKET_NAME, link_folder);
    (void)unlink(path);
    (void)rmdir(link_folder);
}

/* ------------------------------------------------------------------------------------------------ the shop */

static shop *s;
static char place[512];
static int64_t product;

static void open_shop(const char *url)
{
    shop_options options;
    test_options(&options);
    options.database = url;
    options.call_timeout_ms = 1000;
    s = test_shop_open_with(&options);
}

static int64_t quantity_of(int64_t user)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT coalesce(sum(quantity), 0)::bigint FROM cart_item JOIN cart ON cart.id = cart_id WHERE user_id = %lld",
             (long long)user);
    return postgres_place_run(place, sql);
}

static void cut_once(int64_t user, int fate, const char *promise)
{
    int64_t before = quantity_of(user);
    int met_before = atomic_load(&met);
    shop_ctx *cx = test_ctx(s, user);
    const shop_cart *cart;
    atomic_store(&next_fate, fate);
    shop_status status = shop_cart_add(cx, product, 1, &cart);
    check(status == SHOP_OK, promise);
    if (status != SHOP_OK)
        fprintf(stderr, "  %s\n", shop_ctx_error_detail(cx));
    check(atomic_load(&met) == met_before + 1, "a batch went by, and its fate was met");
    check(quantity_of(user) == before + 1, "an addition happens once, whatever becomes of the link");
    shop_ctx_free(cx);
}

static void cut_links(int64_t user)
{
    for (int i = 0; i < TURNS; i++) {
        cut_once(user, CUT_BEFORE, "a batch that never arrived is sent again");
        cut_once(user, CUT_AFTER, "a batch that was committed is known by its mark");
    }
    cut_once(user, GO_DUMB, "a link that went dumb is left, and the batch sent again");
}

/* ------------------------------------------------------------------------------------------------ under load */

typedef struct buyer {
    int64_t user;
    int64_t done;
    int64_t unknown;
    int64_t odd;
    atomic_bool *stop;
} buyer;

static void *buy(void *argument)
{
    buyer *b = argument;
    while (!atomic_load(b->stop)) {
        shop_ctx *cx = test_ctx(s, b->user);
        const shop_cart *cart;
        shop_status status = shop_cart_add(cx, product, 1, &cart);
        b->done += status == SHOP_OK;
        b->unknown += status != SHOP_OK && strcmp(shop_ctx_error_code(cx), "outcome_unknown") == 0;
        b->odd += status != SHOP_OK && status != SHOP_UNAVAILABLE && status != SHOP_BUSY;
        shop_ctx_free(cx);
    }
    return NULL;
}

static void run_cluster(const char *cluster, const char *command, const char *folder)
{
    char *arguments[] = {strdup(cluster), strdup(command), strdup(folder), NULL};
    pid_t child;
    int status = 1;
    need(posix_spawn(&child, cluster, NULL, NULL, arguments, environ) == 0, "the cluster's script cannot be run");
    need(waitpid(child, &status, 0) == child && status == 0, "the cluster's script failed");
    for (size_t i = 0; arguments[i]; i++)
        free(arguments[i]);
}

static void end_backends(void)
{
    for (int i = 0; i < 40; i++) {
        (void)postgres_place_run(place, "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                                        " WHERE application_name = 'libshop' AND pid <> pg_backend_pid()"
                                        " ORDER BY random() LIMIT 2) AS victims");
        (void)poll(NULL, 0, 25);
    }
}

static void expect_truth(buyer *buyers, const char *when)
{
    int64_t done = 0;
    for (int i = 0; i < BUYERS; i++) {
        int64_t there = quantity_of(buyers[i].user);
        check(there >= buyers[i].done, "what was acknowledged is there");
        check(there <= buyers[i].done + buyers[i].unknown, "what was refused is not there");
        check(buyers[i].odd == 0, "refusals are of the storage's, and say so");
        done += buyers[i].done;
        printf("%s: buyer %d: %lld done, %lld unknown, %lld there\n", when, i, (long long)buyers[i].done,
               (long long)buyers[i].unknown, (long long)there);
    }
    check(done > BUYERS, "the shop went on");
}

static void load(buyer *buyers, void (*harm)(const char *cluster, const char *folder), const char *cluster, const char *folder)
{
    pthread_t threads[BUYERS];
    atomic_bool stop;
    atomic_init(&stop, false);
    for (int i = 0; i < BUYERS; i++) {
        buyers[i].stop = &stop;
        need(pthread_create(&threads[i], NULL, buy, &buyers[i]) == 0, "no thread");
    }
    harm(cluster, folder);
    for (int i = 0; i < BUYERS; i++) { /* each must succeed once more: the shop recovers by itself */
        shop_ctx *cx = test_ctx(s, buyers[i].user);
        const shop_cart *cart;
        shop_status status = SHOP_UNAVAILABLE;
        for (int tries = 0; tries < 200 && status != SHOP_OK; tries++)
            if ((status = shop_cart_get(cx, &cart)) != SHOP_OK)
                (void)poll(NULL, 0, 25);
        check(status == SHOP_OK, "the shop recovers within seconds");
        shop_ctx_free(cx);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < BUYERS; i++)
        pthread_join(threads[i], NULL);
}

static void harm_backends(const char *cluster, const char *folder)
{
    (void)cluster;
    (void)folder;
    end_backends();
}

static void harm_server(const char *cluster, const char *folder)
{
    for (int i = 0; i < 3; i++) {
        (void)poll(NULL, 0, 200);
        run_cluster(cluster, "restart", folder);
    }
    (void)poll(NULL, 0, 200);
}

int main(int argc, char **argv)
{
    const char *database = getenv("SHOP_TEST_POSTGRES");
    const char *host = database ? strstr(database, "host=") : NULL;
    need(argc == 2 && host != NULL, "usage: postgres_link_test CLUSTER, with SHOP_TEST_POSTGRES=postgresql://…?host=FOLDER");
    const char *folder = host + strlen("host=");
    lay_link(folder);
    postgres_place_make(database, place, sizeof place);
    char url[640];
    const char *schema = postgres_place_schema(place);
    snprintf(url, sizeof url, "postgresql://shop@/shop?host=%s&options=-csearch_path%%3D%s&shop_prepare=off", link_folder,
             schema);
    open_shop(url);
    product = test_product(s, 1000000);
    int64_t user = test_user(s, "first@example.com", 0);
    buyer buyers[BUYERS] = {{.user = 0}};
    for (int i = 0; i < BUYERS; i++) {
        char email[32];
        snprintf(email, sizeof email, "buyer-%d@example.com", i);
        buyers[i].user = test_user(s, email, 0);
    }
    cut_once(user, PASS + CUT_BEFORE, "a batch that never arrived is sent again");
    cut_links(user);
    test_shop_close(s);
    open_shop(place); /* prepared statements from here on, and no link between */
    load(buyers, harm_backends, argv[1], folder);
    expect_truth(buyers, "backends ended");
    load(buyers, harm_server, argv[1], folder);
    expect_truth(buyers, "server restarted");
    test_shop_close(s);
    take_up_link();
    if (failures == 0)
        puts("postgres_link_test: all well");
    return failures ? 1 : 0;
}
