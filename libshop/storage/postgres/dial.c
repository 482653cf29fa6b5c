/* SPDX-License-Identifier: MIT */
/*
 * libpq's blocking call keeps its own time, in whole seconds and for each host anew; its other call keeps none, and goes to the next host
 * only when one refuses. So each host is dialled by itself.
 */
#include "dial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"

#define PARAMETERS_MAX 24
#define NAME_SIZE 256
#define PATIENCE INT64_C(5) /* seconds for a host, where the URL says nothing */

/* What the URL says; texts live in `all`. */
typedef struct hosts {
    PQconninfoOption *all;
    const char *host;
    const char *address;
    const char *port;
    size_t count;
    int64_t patience; /* microseconds */
    bool prefers_standby; /* two rounds: one for a standby, one for anything */
} hosts;

static const char *said(const PQconninfoOption *all, const char *keyword)
{
    while (all->keyword && strcmp(all->keyword, keyword) != 0)
        all++;
    return all->keyword && all->val && *all->val ? all->val : NULL;
}

static size_t count_items(const char *list)
{
    size_t count = list ? 1 : 0;
    for (; list && *list; list++)
        count += *list == ',';
    return count;
}

static bool read_hosts(const char *url, hosts *h)
{
    *h = (hosts){.count = 1, .patience = PATIENCE * 1000000};
    if (!url)
        return true;
    h->all = PQconninfoParse(url, NULL);
    if (!h->all)
        return false;
    h->host = said(h->all, "host");
    h->address = said(h->all, "hostaddr");
    h->port = said(h->all, "port");
    h->count = count_items(h->host ? h->host : h->address);
    if (count_items(h->port) > 1 && count_items(h->port) != h->count)
        h->count = 1; /* libpq will say that they do not match */
    const char *attributes = said(h->all, "target_session_attrs");
    h->prefers_standby = attributes && strcmp(attributes, "prefer-standby") == 0;
    const char *timeout = said(h->all, "connect_timeout");
    int64_t seconds = timeout ? strtoll(timeout, NULL, 10) : PATIENCE;
    h->patience = seconds > 0 && seconds < 3600 ? seconds * 1000000 : INT64_C(3600000000);
    return true;
}

/* The item of a list; of a list of one it is everybody's. False: it is too long. */
static bool copy_item(const char *list, size_t index, char *out)
{
    out[0] = '\0';
    if (!list)
        return true;
    if (count_items(list) > 1) {
        for (; index > 0 && strchr(list, ','); index--)
            list = strchr(list, ',') + 1;
    }
    size_t length = strcspn(list, ",");
    if (length >= NAME_SIZE)
        return false;
    memcpy(out, list, length);
    out[length] = '\0';
    return true;
}

/* False: the time is over. */
static bool drive(PGconn *pg, int64_t until)
{
    PostgresPollingStatusType next = PQstatus(pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
        int64_t left = until - shop_monotonic_now();
        if (left <= 0)
            return false;
        struct pollfd waiting = {.fd = PQsocket(pg), .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int ready = poll(&waiting, 1, left > INT64_C(60000000) ? 60000 : (int)(left / 1000 + 1));
        if (ready > 0)
            next = PQconnectPoll(pg);
        else if (ready < 0 && errno != EINTR)
            return false;
    }
    return true;
}

static PGconn *dial_one(const char *const *names, const char *const *values, int64_t until, bool *late)
{
    PGconn *pg = PQconnectStartParams(names, values, 1);
    *late = pg && !drive(pg, until);
    return pg;
}

/* One of several hosts, in a round. NULL: out of memory. */
static PGconn *dial_host(const char *const *names, const char *const *values, const hosts *h, size_t turn, int64_t until,
                         bool *late)
{
    const char *all_names[PARAMETERS_MAX + 5];
    const char *all_values[PARAMETERS_MAX + 5];
    char host[NAME_SIZE];
    char address[NAME_SIZE];
    char port[NAME_SIZE];
    size_t count = 0;
    size_t index = turn % h->count;
    if (!copy_item(h->host, index, host) || !copy_item(h->address, index, address) || !copy_item(h->port, index, port))
        return dial_one(names, values, until, late); /* libpq will say what is wrong with it */
    for (; names[count] && count < PARAMETERS_MAX; count++) {
        all_names[count] = names[count];
        all_values[count] = values[count];
    }
    const char *wanted = !h->prefers_standby ? NULL : turn < h->count ? "standby" : "any";
    const char *const own_names[] = {"host", "hostaddr", "port", "target_session_attrs", NULL};
    const char *const own_values[] = {host, address, port, wanted, NULL};
    for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++, count++) {
        all_names[count] = own_names[i];
        all_values[count] = own_values[i];
    }
    return dial_one(all_names, all_values, until, late);
}

static int64_t share(int64_t deadline, size_t turns, int64_t patience)
{
    int64_t now = shop_monotonic_now();
    int64_t part = (deadline - now) / (int64_t)turns;
    return now + (part < patience ? part : patience);
}

PGconn *shop_pg_dial(const char *const *names, const char *const *values, const char *url, int64_t deadline, bool *late)
{
    hosts h;
    *late = false;
    if (!read_hosts(url, &h))
        return NULL;
    PGconn *pg = NULL;
    size_t turns = h.count <= 1 ? 1 : h.prefers_standby ? 2 * h.count : h.count;
    for (size_t turn = 0; turn < turns; turn++) {
        PQfinish(pg);
        int64_t until = share(deadline, turns - turn, h.patience);
        pg = turns == 1 ? dial_one(names, values, until, late) : dial_host(names, values, &h, turn, until, late);
        if (!pg || (!*late && PQstatus(pg) == CONNECTION_OK))
            break;
    }
    PQconninfoFree(h.all);
    return pg;
}

bool shop_pg_dial_again(PGconn *pg, int64_t deadline)
{
    return PQresetStart(pg) && drive(pg, deadline);
}
