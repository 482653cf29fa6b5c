/* SPDX-License-Identifier: MIT */
/* Taking our parameters out of a URL. */
#include "address.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <string.h>

#include "../../core/mem.h"
#include "../check.h"

#define POOL_DEFAULT 16u
#define POOL_MAX 1000u

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

static const char *read_pool(const char *text, size_t length, shop_pg_address *address)
{
    uint32_t number = 0;
    for (size_t i = 0; i < length && number <= POOL_MAX; i++) {
        if (text[i] < '0' || text[i] > '9')
            return "url: shop_pool is not a number";
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    if (number < 1 || number > POOL_MAX)
        return "url: shop_pool is not in 1 to 1000";
    address->pool = number;
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

/* libpq's complaint may quote the URL, password and all: it is not passed on. */
static const char *try_to_parse(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (!options)
        return "url: not one that libpq understands";
    PQconninfoFree(options);
    return NULL;
}

int32_t shop_pg_address_read(const char *url, shop_pg_address *address, shop_fault *fault)
{
    *address = (shop_pg_address){.pool = POOL_DEFAULT, .prepare = true};
    address->url = shop_mem_strdup(url);
    if (!address->url)
        return shop_fault_set(fault, SHOP_STORAGE_NO_MEMORY, 0, "out of memory");
    const char *defect = split(url, address);
    if (!defect)
        defect = try_to_parse(address->url);
    return defect ? shop_fault_set(fault, SHOP_STORAGE_INVALID, 0, defect) : SHOP_STORAGE_OK;
}

void shop_pg_address_free(shop_pg_address *address)
{
    if (address->url)
        sodium_memzero(address->url, strlen(address->url));
    shop_mem_free(address->url);
    address->url = NULL;
}
