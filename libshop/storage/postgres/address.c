/* SPDX-License-Identifier: MIT */
/* Taking our parameters out of a URL, and asking whether the rest can be right before libpq tells parts of it in its messages. */
#include "address.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../core/mem.h"
#include "../check.h"

#define POOL_DEFAULT 16u
#define POOL_MAX 1000u
#define LAG_DEFAULT 5u
#define LAG_MAX 3600u
#define PORT_MAX 65535u
#define USUAL_PORT "5432"
#define NO_MEMORY "out of memory"

static const char *const schemes[] = {"postgresql://", "postgres://"};

bool shop_pg_address_is(const char *url)
{
    for (size_t i = 0; url && i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            return true;
    }
    return false;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* Digits only; what is beyond `max` is max + 1, and what is no number is 0. */
static uint32_t read_number(const char *text, size_t length, uint32_t max)
{
    uint32_t number = 0;
    for (size_t i = 0; i < length && number <= max; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    return number > max ? max + 1 : number;
}

static const char *read_pool(const char *text, size_t length, shop_pg_address *address)
{
    address->pool = read_number(text, length, POOL_MAX);
    return address->pool < 1 || address->pool > POOL_MAX ? "url: shop_pool is not a number from 1 to 1000" : NULL;
}

static const char *read_lag(const char *text, size_t length, shop_pg_address *address)
{
    address->replica_lag = read_number(text, length, LAG_MAX);
    return address->replica_lag < 1 || address->replica_lag > LAG_MAX
               ? "url: shop_replica_lag is not a number of seconds from 1 to 3600"
               : NULL;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes the percent signs out of a text, in place. False: one is followed by no two hex digits, or by those of NUL. */
static bool decode(char *text)
{
    char *to = text;
    for (; *text; text++, to++) {
        *to = *text;
        if (*text != '%')
            continue;
        int high = digit_of(text[1]);
        int low = high < 0 ? -1 : digit_of(text[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to = (char)(high * 16 + low);
        text += 2;
    }
    *to = '\0';
    return true;
}

/* Takes ":port" off a host. The colons of an address in brackets are its own; the brackets go, too. */
static bool split_port(shop_pg_host *host)
{
    size_t length = strlen(host->name);
    char *end = host->name + length;
    if (*host->name == '[') {
        end = strchr(host->name, ']');
        if (!end)
            return false;
        *end++ = '\0';
        memmove(host->name, host->name + 1, strlen(host->name));
    } else if (strrchr(host->name, ':')) {
        end = strrchr(host->name, ':');
    }
    if (*end == ':') {
        *end++ = '\0';
        uint32_t port = read_number(end, strlen(end), PORT_MAX);
        if (port < 1 || port > PORT_MAX)
            return false;
        (void)snprintf(host->port, sizeof host->port, "%u", (unsigned)port);
    } else if (*end) {
        return false;
    }
    return *host->name != '\0';
}

static const char *read_replicas(const char *text, size_t length, shop_pg_address *address)
{
    for (const char *end = text + length; text <= end;) {
        size_t size = 0;
        while (text + size < end && text[size] != ',')
            size++;
        if (address->replica_count == SHOP_PG_REPLICAS)
            return "url: shop_replicas names more than 8";
        shop_pg_host *host = &address->replicas[address->replica_count++];
        host->name = shop_mem_zalloc(size + 1, 1);
        if (!host->name)
            return NO_MEMORY;
        memcpy(host->name, text, size);
        if (!decode(host->name) || !split_port(host))
            return "url: shop_replicas is not host[:port],…";
        text += size + 1;
    }
    return NULL;
}

static const char *read_prepare(const char *text, size_t length, shop_pg_address *address)
{
    address->prepare = is_word(text, length, "on");
    return address->prepare || is_word(text, length, "off") ? NULL : "url: shop_prepare is neither on nor off";
}

static const struct {
    const char *beginning;
    const char *(*read)(const char *text, size_t length, shop_pg_address *address);
} own[] = {
    {"shop_pool=", read_pool},
    {"shop_prepare=", read_prepare},
    {"shop_replicas=", read_replicas},
    {"shop_replica_lag=", read_lag},
};

/* Is the parameter ours? Then it is read, and *defect says what is wrong with it. */
static bool take_parameter(const char *text, size_t length, shop_pg_address *address, const char **defect)
{
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        size_t size = strlen(own[i].beginning);
        if (length >= size && memcmp(text, own[i].beginning, size) == 0) {
            *defect = own[i].read(text + size, length - size, address);
            return true;
        }
    }
    if (length >= 5 && memcmp(text, "shop_", 5) == 0) {
        *defect = "url: an unknown parameter that begins with shop_";
        return true;
    }
    return false;
}

/* Copies the URL without our parameters into address->url, which has room for all of it. */
static const char *split(const char *url, shop_pg_address *address)
{
    const char *defect = NULL;
    const char *question = strchr(url, '?');
    size_t used = question ? (size_t)(question - url) : strlen(url);
    memcpy(address->url, url, used);
    char joint = '?';
    for (const char *at = question ? question + 1 : ""; *at && !defect;) {
        size_t length = strcspn(at, "&");
        if (!take_parameter(at, length, address, &defect)) {
            address->url[used++] = joint;
            joint = '&';
            memcpy(address->url + used, at, length);
            used += length;
        }
        at += length + (at[length] ? 1 : 0);
    }
    address->url[used] = '\0';
    return defect;
}

/* ------------------------------------------------------------------------------------------------ is it one? */

/*
 * A password with a bare @, / or ? in it ends early: the rest of it would be taken for a host, a port or a database, and told in every
 * message. So an @ may stand only once, before the first / of the rest, and ports are numbers.
 */
static bool password_may_be_cut(const char *url)
{
    const char *rest = strstr(url, "://") + 3;
    const char *path = rest + strcspn(rest, "/?");
    size_t head = strcspn(rest, "?");
    const char *at = memchr(rest, '@', head);
    const char *last = at;
    for (const char *next = at; next; next = memchr(next + 1, '@', head - (size_t)(next + 1 - rest)))
        last = next;
    return at != last || (at && at > path);
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0 && options->val)
            return options->val;
    }
    return "";
}

static const char *find_odd_value(const PQconninfoOption *options)
{
    const char *ports = value_of(options, "port");
    if (strspn(ports, "0123456789,") != strlen(ports))
        return "url: a port is not a number (in user and password @ : / ? # % are written %40 %3A %2F %3F %23 %25)";
    if (strchr(value_of(options, "host"), '@'))
        return "url: there is an @ in the host's name (in user and password it is written %40)";
    return NULL;
}

/* A replica listens where it says, or where the URL's own server does, or at PostgreSQL's usual port. */
static const char *settle_replicas(const PQconninfoOption *options, shop_pg_address *address)
{
    const char *port = value_of(options, "port");
    if (*value_of(options, "hostaddr") && address->replica_count)
        return "url: hostaddr does not go with shop_replicas";
    if (!*port || strchr(port, ','))
        port = USUAL_PORT;
    for (uint32_t i = 0; i < address->replica_count; i++) {
        shop_pg_host *host = &address->replicas[i];
        if (!*host->port)
            (void)snprintf(host->port, sizeof host->port, "%s", port);
    }
    return NULL;
}

/* user@hosts:ports/database, as far as the URL tells them. */
static void write_where(const PQconninfoOption *options, shop_pg_address *address)
{
    const char *user = value_of(options, "user");
    const char *ports = value_of(options, "port");
    (void)snprintf(address->where, sizeof address->where, "%.30s%s%.50s%s%.20s/%.30s", user, *user ? "@" : "",
                   value_of(options, "host"), *ports ? ":" : "", ports, value_of(options, "dbname"));
}

/* libpq looks for a password in the file that the URL names, or PGPASSFILE, or ~/.pgpass; one that others may read it only complains of. */
static char *find_open_passfile(const PQconninfoOption *options)
{
    char path[1024];
    struct stat found;
    const char *named = value_of(options, "passfile");
    const char *chosen = *named ? named : getenv("PGPASSFILE");
    const char *home = getenv("HOME");
    if (chosen && *chosen)
        (void)snprintf(path, sizeof path, "%s", chosen);
    else
        (void)snprintf(path, sizeof path, "%s/.pgpass", home ? home : "");
    bool is_open = stat(path, &found) == 0 && (!S_ISREG(found.st_mode) || (found.st_mode & (S_IRWXG | S_IRWXO)));
    return is_open ? shop_mem_strdup(path) : NULL;
}

/* libpq's complaint may quote the URL, password and all: only the name of an unknown parameter is passed on, and only if it looks like one. */
static int32_t tell_unparsable(const char *url, const char *complaint, shop_fault *fault)
{
    static const char beginning[] = "invalid URI query parameter: \"";
    const char *name = complaint ? strstr(complaint, beginning) : NULL;
    const char *question = strchr(url, '?');
    char detail[120] =
        "url: not one that libpq understands (in user and password @ : / ? # % are written %40 %3A %2F %3F %23 %25)";
    if (name && question && !strchr(question, '@')) {
        name += sizeof beginning - 1;
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
        if (length > 0 && length <= 40 && name[length] == '"')
            (void)snprintf(detail, sizeof detail, "url: there is no parameter \"%.*s\"", (int)length, name);
    }
    return shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, detail);
}

static int32_t parse(shop_pg_address *address, shop_fault *fault)
{
    char *complaint = NULL;
    PQconninfoOption *options = PQconninfoParse(address->url, &complaint);
    int32_t outcome = options ? SHOP_STORAGE_OK : tell_unparsable(address->url, complaint, fault);
    if (complaint)
        sodium_memzero(complaint, strlen(complaint));
    PQfreemem(complaint);
    if (!options)
        return outcome;
    const char *defect = find_odd_value(options);
    if (!defect)
        defect = settle_replicas(options, address);
    if (defect) {
        outcome = shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, defect);
    } else {
        write_where(options, address);
        address->open_passfile = find_open_passfile(options);
    }
    PQconninfoFree(options);
    return outcome;
}

int32_t shop_pg_address_read(const char *url, shop_pg_address *address, shop_fault *fault)
{
    *address = (shop_pg_address){.pool = POOL_DEFAULT, .prepare = true, .replica_lag = LAG_DEFAULT};
    address->url = shop_mem_strdup(url);
    if (!address->url)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, NO_MEMORY);
    const char *defect = split(url, address);
    if (!defect && password_may_be_cut(address->url))
        defect = "url: an @ too many, or behind a / (in user and password they are written %40 and %2F)";
    if (!defect)
        return parse(address, fault);
    bool is_poor = strcmp(defect, NO_MEMORY) == 0;
    return shop_fault_set(fault, is_poor ? SHOP_STORAGE_NO_MEMORY : SHOP_STORAGE_INVALID, 0, defect);
}

void shop_pg_address_free(shop_pg_address *address)
{
    if (address->url)
        sodium_memzero(address->url, strlen(address->url));
    shop_mem_free(address->url);
    address->url = NULL;
    shop_mem_free(address->open_passfile);
    address->open_passfile = NULL;
    while (address->replica_count)
        shop_mem_free(address->replicas[--address->replica_count].name);
}
