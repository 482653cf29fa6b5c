/* SPDX-License-Identifier: MIT */
/* The settings of shopd: flags beat the environment, which beats --config FILE, which beats .env. One table describes them. */
#ifndef SHOPD_CONFIG_H
#define SHOPD_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Every text is owned by the config; NULL or "" where nothing was given. */
typedef struct config {
    char *database; /* DATABASE_URL, or made of DB_HOST, …; set after config_finish */
    char *db_host;
    char *db_port;
    char *db_name;
    char *db_user;
    char *db_password;
    int64_t database_wait; /* seconds */
    char *secret_key;
    char *environment; /* "development" or "production" */
    char *listen; /* "ADDR:PORT" */
    char *listen_address;
    int64_t listen_port;
    int64_t listeners; /* 0: chosen by the number of cores */
    int64_t workers; /* likewise */
    int64_t queue;
    int64_t max_connections;
    int64_t max_body;
    int64_t drain_seconds;
    int64_t gateway_workers; /* 0: chosen */
    int64_t gateway_queue;
    int64_t gateway_timeout_ms;
    int64_t payment_retry;
    char *payment_return_url;
    char *allowed_hosts;
    char *cors_origins;
    int64_t trust_proxy;
    char *cookie_secure; /* "auto": yes in production */
    char *currency;
    char *stripe_secret_key;
    char *stripe_publishable_key;
    char *stripe_webhook_secret;
    char *stripe_api_base;
    char *email_host;
    int64_t email_port;
    char *email_user;
    char *email_password;
    int64_t email_tls;
    char *email_from;
    int64_t rate_limit;
    int64_t access_ttl;
    int64_t refresh_ttl;
    int64_t order_ttl;
    int64_t idempotency_ttl;
    int64_t call_timeout_ms;
    int64_t owner_refunds;
    int64_t password_memory_kib;
    int64_t password_passes;
    int64_t password_threads;
    char *log_level;
    char *log_format;
    int demo; /* --demo */
    char error[512]; /* why the last config_… call failed, one line for a person, without any secret */
} config;

/* Defaults. config_free wipes and frees; both are fine on a zeroed struct. */
int config_init(config *settings);
void config_free(config *settings);

/*
 * Sources, to be read from the strongest to the weakest: a setting that is given stays. Each returns 1, or 0 with `error`
 * set: an unknown key (SHOP_… in the environment and .env; any in --config), or a value that does not fit.
 */
int config_set(config *settings, const char *key, const char *value, const char *source);
int config_read_environment(config *settings, char *const *environment);
int config_read_file(config *settings, const char *path, int strict, int must_exist);

/* Fills what is left with defaults, puts DATABASE_URL together, and checks what only shows in whole. 1, or 0 with `error`. */
int config_finish(config *settings);

/* Additional checks of a server: production refuses what is only fit for trying out. 1, or 0 with `error`. */
int config_check_serve(config *settings);

/* Of these, those about payments: for every program that calls the gateway. */
int config_check_gateway(config *settings);

/* What the operator should know about how payments are set up: sentence i, without any secret; NULL beyond the last. */
const char *config_gateway_warning(const config *settings, size_t i);

/* Whether money moves: a Stripe account is named. Without one the test gateway serves. */
int config_has_stripe(const config *settings);

int config_is_production(const config *settings);
int config_cookies_are_secure(const config *settings);

/* Whether a comma-separated list of hosts ("shop.example", ".example" with all below it, "*") names the host (no port). */
int config_list_has_host(const char *list, const char *host, size_t length);

/* Whether a comma-separated list has exactly this item. */
int config_list_has(const char *list, const char *item, size_t length);

/* Prints every variable with its default and meaning. */
void config_print_help(FILE *to);

#endif
