/* SPDX-License-Identifier: MIT */
/* The gateways that this process knows: the built-in ones, and those that the program registers. */
#include <shop/sys/gateway.h>

#include <pthread.h>
#include <string.h>

#include "stripe/stripe.h"
#include "test/test_gateway.h"

#define REGISTERED_MAX 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const shop_gateway_vtable *registered[REGISTERED_MAX];
static size_t registered_count;

static const shop_gateway_vtable *find_locked(const char *name)
{
    const shop_gateway_vtable *built_in[] = {shop_gateway_test(), shop_gateway_stripe()};
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
        if (strcmp(built_in[i]->name, name) == 0)
            return built_in[i];
    for (size_t i = 0; i < registered_count; i++)
        if (strcmp(registered[i]->name, name) == 0)
            return registered[i];
    return NULL;
}

const shop_gateway_vtable *shop_gateway_find(const char *name)
{
    if (!name)
        return NULL;
    pthread_mutex_lock(&lock);
    const shop_gateway_vtable *found = find_locked(name);
    pthread_mutex_unlock(&lock);
    return found;
}

static int is_complete(const shop_gateway_vtable *v)
{
    return v && v->struct_size >= offsetof(shop_gateway_vtable, work) && v->version >= 1 &&
           v->version <= SHOP_GATEWAY_VERSION && v->name && v->name[0] && v->open && v->close && v->money && v->create &&
           v->find && v->retrieve && v->confirm && v->capture && v->cancel && v->refund && v->refunds && v->dispute &&
           v->verify && v->decode;
}

shop_status shop_gateway_register(const shop_gateway_vtable *vtable)
{
    if (!is_complete(vtable))
        return SHOP_INVALID;
    pthread_mutex_lock(&lock);
    shop_status status = SHOP_INVALID;
    if (registered_count < REGISTERED_MAX && !find_locked(vtable->name)) {
        registered[registered_count++] = vtable;
        status = SHOP_OK;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
