/* SPDX-License-Identifier: MIT */
/* The settings of shopd: sources, precedence, and what is refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../shopd/config/config.h"
#include "../../shopd/config/secret.h"

#define GOOD_KEY "8f1d3b5a7c9e2460b1d3f5a7c9e8642013579bdfeca86420f0e1d2c3b4a59687"

static config settings;
static char folder[] = "/tmp/shopd-config-XXXXXX";
static char file[64];

static void begin(void)
{
    config_init(&settings);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/file", folder);
}

static void end(void)
{
    config_free(&settings);
    unlink(file);
    rmdir(folder);
}

TestSuite(config, .init = begin, .fini = end, .timeout = 10);
TestSuite(secret, .init = begin, .fini = end, .timeout = 10);

static void write_file(const char *text)
{
    FILE *to = fopen(file, "w");
    cr_assert_not_null(to);
    fputs(text, to);
    fclose(to);
}

static int environment(const char *line)
{
    char *lines[] = {strdup(line), NULL};
    int ok = config_read_environment(&settings, lines);
    free(lines[0]);
    return ok;
}

Test(config, defaults_are_fit_for_development)
{
    cr_assert(config_finish(&settings));
    cr_expect_str_eq(settings.database, "sqlite:shop.db");
    cr_expect_str_eq(settings.listen_address, "127.0.0.1");
    cr_expect_eq(settings.listen_port, 8000);
    cr_expect_eq(settings.access_ttl, 300);
    cr_expect_eq(settings.refresh_ttl, 604800);
    cr_expect_eq(settings.order_ttl, 1800);
    cr_expect_not(config_is_production(&settings));
    cr_expect_not(config_cookies_are_secure(&settings));
    cr_expect(config_check_serve(&settings));
}

Test(config, the_stronger_source_wins)
{
    write_file("SHOP_ACCESS_TTL=3\nSHOP_REFRESH_TTL=3\nSHOP_ORDER_TTL=3\n");
    cr_assert(config_set(&settings, "SHOP_ACCESS_TTL", "1", "flag"));
    cr_assert(environment("SHOP_ACCESS_TTL=2"));
    cr_assert(environment("SHOP_REFRESH_TTL=2"));
    cr_assert(config_read_file(&settings, file, 1, 1));
    cr_assert(config_finish(&settings));
    cr_expect_eq(settings.access_ttl, 1);
    cr_expect_eq(settings.refresh_ttl, 2);
    cr_expect_eq(settings.order_ttl, 3);
}

Test(config, an_empty_value_is_not_given)
{
    cr_assert(environment("STRIPE_CURRENCY="));
    cr_assert(config_finish(&settings));
    cr_expect_str_eq(settings.currency, "usd");
}

Test(config, files_may_have_quotes_comments_and_export)
{
    write_file("# a comment\n\n  export DATABASE_URL = \"sqlite:a b.db\"  \nSTRIPE_CURRENCY='eur'\nSHOP_WORKERS=3 # three\r\n");
    cr_assert(config_read_file(&settings, file, 1, 1), "%s", settings.error);
    cr_assert(config_finish(&settings));
    cr_expect_str_eq(settings.database, "sqlite:a b.db");
    cr_expect_str_eq(settings.currency, "eur");
    cr_expect_eq(settings.workers, 3);
}

Test(config, unknown_keys_of_ours_are_refused_by_name)
{
    cr_expect_not(environment("SHOP_WROKERS=3"));
    cr_expect_not_null(strstr(settings.error, "SHOP_WROKERS"));
    cr_expect(environment("PATH=/bin"));
}

Test(config, what_kubernetes_and_tests_set_is_not_ours)
{
    cr_expect(environment("SHOP_SERVICE_HOST=10.0.0.1"));
    cr_expect(environment("SHOP_PORT_8000_TCP=tcp://10.0.0.1:8000"));
    cr_expect(environment("SHOP_TEST_DATABASE=memory:"));
}

Test(config, a_config_file_is_stricter_than_a_shared_one)
{
    write_file("COMPOSE_PROJECT_NAME=x\n");
    cr_expect(config_read_file(&settings, file, 0, 1));
    cr_expect_not(config_read_file(&settings, file, 1, 1));
    cr_expect_not_null(strstr(settings.error, "line 1"));
}

Test(config, broken_files_are_told_with_their_line)
{
    static const char *const broken[] = {"\nnonsense\n", "\n=x\n", "\nSECRET_KEY=\"open\n"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        write_file(broken[i]);
        cr_expect_not(config_read_file(&settings, file, 0, 1), "%s", broken[i]);
        cr_expect_not_null(strstr(settings.error, "line 2"), "%s", settings.error);
    }
}

Test(config, a_missing_file_matters_only_when_it_was_named)
{
    cr_expect(config_read_file(&settings, "/nonexistent/.env", 0, 0));
    cr_expect_not(config_read_file(&settings, "/nonexistent/conf", 1, 1));
}

Test(config, numbers_switches_and_words_are_strict)
{
    static const char *const bad[] = {"SHOP_ACCESS_TTL=5m",
                                      "SHOP_ACCESS_TTL=-1",
                                      "SHOP_ACCESS_TTL=0",
                                      "SHOP_ACCESS_TTL= 5",
                                      "SHOP_WORKERS=99999999999999999999",
                                      "SHOP_RATE_LIMIT=maybe",
                                      "SHOP_ENV=prod",
                                      "SHOP_ENV=development production",
                                      "SHOP_LOG_FORMAT=xml"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(environment(bad[i]), "%s", bad[i]);
    }
}

Test(config, a_weaker_value_is_checked_though_it_is_not_used)
{
    cr_assert(config_set(&settings, "SHOP_WORKERS", "4", "flag"));
    cr_expect_not(environment("SHOP_WORKERS=many"));
}

Test(config, a_secret_is_never_part_of_an_error)
{
    write_file("SECRET_KEY=\"hunter2hunter2\n");
    cr_expect_not(config_read_file(&settings, file, 1, 1));
    cr_expect_null(strstr(settings.error, "hunter2"));
}

Test(config, database_parts_make_a_url)
{
    cr_assert(environment("DB_HOST=db.example"));
    cr_assert(environment("DB_USER=shop"));
    cr_assert(environment("DB_PASSWORD=p@ss/word"));
    cr_assert(environment("DB_NAME=till"));
    cr_assert(config_finish(&settings));
    cr_expect_str_eq(settings.database, "postgresql://shop:p%40ss%2Fword@db.example:5432/till");
}

static const char *url_of_host(const char *line)
{
    config_free(&settings);
    config_init(&settings);
    cr_assert(environment(line));
    cr_assert(config_finish(&settings));
    return settings.database;
}

Test(config, hosts_of_every_kind_fit_into_the_url)
{
    cr_expect_str_eq(url_of_host("DB_HOST=::1"), "postgresql://[::1]:5432/shop");
    cr_expect_str_eq(url_of_host("DB_HOST=[::1]"), "postgresql://[::1]:5432/shop");
    cr_expect_str_eq(url_of_host("DB_HOST=one.example,two.example"), "postgresql://one.example,two.example:5432/shop");
    cr_expect_str_eq(url_of_host("DB_HOST=/run/postgresql"), "postgresql://%2Frun%2Fpostgresql:5432/shop");
}

Test(config, a_database_url_beats_its_parts)
{
    cr_assert(environment("DB_HOST=db.example"));
    cr_assert(environment("DATABASE_URL=memory:"));
    cr_assert(config_finish(&settings));
    cr_expect_str_eq(settings.database, "memory:");
}

static int listens(const char *text, const char *address, int64_t port)
{
    config_free(&settings);
    config_init(&settings);
    if (!config_set(&settings, "SHOP_LISTEN", text, "flag") || !config_finish(&settings)) {
        return 0;
    }
    return strcmp(settings.listen_address, address) == 0 && settings.listen_port == port;
}

Test(config, listen_takes_addresses_of_both_families)
{
    cr_expect(listens("0.0.0.0:80", "0.0.0.0", 80));
    cr_expect(listens("[::1]:8000", "::1", 8000));
    cr_expect(listens(":9000", "0.0.0.0", 9000));
    cr_expect(listens("9000", "127.0.0.1", 9000));
    cr_expect(listens("127.0.0.1:0", "127.0.0.1", 0));
    cr_expect_not(listens("127.0.0.1:", "127.0.0.1", 0));
    cr_expect_not(listens("127.0.0.1:65536", "127.0.0.1", 65536));
    cr_expect_not(listens("::1:8000", "::1", 8000));
}

Test(config, an_unknown_currency_is_refused)
{
    cr_assert(config_set(&settings, "STRIPE_CURRENCY", "zzz", "flag"));
    cr_expect_not(config_finish(&settings));
}

/* A production that starts; each test then breaks one thing. */
static void set_production(const char *key)
{
    cr_assert(config_set(&settings, "SHOP_ENV", "production", "test"));
    cr_assert(config_set(&settings, "ALLOWED_HOSTS", "shop.example", "test"));
    cr_assert(config_set(&settings, "SECRET_KEY", key, "test"));
}

Test(config, production_starts_with_a_sound_key)
{
    set_production(GOOD_KEY);
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
    cr_expect(config_cookies_are_secure(&settings));
}

Test(config, production_refuses_weak_keys)
{
    static const char *const weak[] = {"",
                                       "short",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                       "abababababababababababababababababab",
                                       "django-insecure-k3y-8f1d3b5a7c9e2460b1d3f5a7",
                                       "please-changeme-8f1d3b5a7c9e2460b1d3f5a7c9"};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        config_free(&settings);
        config_init(&settings);
        set_production(weak[i]);
        cr_expect_not(config_finish(&settings) && config_check_serve(&settings), "%s", weak[i]);
        cr_expect_not_null(strstr(settings.error, "SECRET_KEY"));
    }
}

Test(config, production_refuses_cheap_passwords)
{
    set_production(GOOD_KEY);
    cr_assert(config_set(&settings, "SHOP_PASSWORD_MEMORY_KIB", "8", "test"));
    cr_assert(config_finish(&settings));
    cr_expect_not(config_check_serve(&settings));
}

static void give(const char *key, const char *value)
{
    cr_assert(config_set(&settings, key, value, "test"), "%s", settings.error);
}

/* A production with a Stripe account. */
static void set_stripe_production(const char *key)
{
    set_production(GOOD_KEY);
    give("STRIPE_SECRET_KEY", key);
    give("STRIPE_PUBLISHABLE_KEY", "pk_live_x");
    give("STRIPE_WEBHOOK_SECRET", "whsec_one,whsec_two");
}

/* A warning that has this text in it; NULL: none. No warning has a secret in it. */
static const char *warning_with(const char *text)
{
    const char *found = NULL;
    for (size_t i = 0; config_gateway_warning(&settings, i) != NULL; i++) {
        const char *warning = config_gateway_warning(&settings, i);
        cr_expect_null(strstr(warning, "sk_"), "%s", warning);
        cr_expect_null(strstr(warning, "whsec_"), "%s", warning);
        found = found == NULL && strstr(warning, text) != NULL ? warning : found;
    }
    return found;
}

Test(config, production_takes_money_with_a_live_key_and_a_webhook_secret)
{
    set_stripe_production("sk_live_x");
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
    cr_expect(config_has_stripe(&settings));
    cr_expect_null(config_gateway_warning(&settings, 0), "%s", config_gateway_warning(&settings, 0));
}

Test(config, production_refuses_to_hear_of_no_payment)
{
    set_production(GOOD_KEY);
    give("STRIPE_SECRET_KEY", "sk_live_x");
    cr_assert(config_finish(&settings));
    cr_expect_not(config_check_serve(&settings));
    cr_expect_not_null(strstr(settings.error, "STRIPE_WEBHOOK_SECRET"));
    cr_expect_null(strstr(settings.error, "sk_live_x"));
    cr_expect_not(config_check_gateway(&settings));
}

Test(config, production_speaks_only_https_with_stripe)
{
    static const char *const bases[] = {"http://127.0.0.1:9000", "ftp://a.example", "https:/a.example", "a.example"};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        config_free(&settings);
        config_init(&settings);
        set_stripe_production("sk_live_x");
        give("STRIPE_API_BASE", bases[i]);
        cr_assert(config_finish(&settings));
        cr_expect_not(config_check_serve(&settings), "%s", bases[i]);
        cr_expect_not_null(strstr(settings.error, "STRIPE_API_BASE"));
    }
    config_free(&settings);
    config_init(&settings);
    set_stripe_production("sk_live_x");
    give("STRIPE_API_BASE", "HTTPS://stripe.example");
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
}

Test(config, production_with_a_key_for_trying_out_is_warned)
{
    static const char *const keys[] = {"sk_test_x", "rk_test_x"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        config_free(&settings);
        config_init(&settings);
        set_stripe_production(keys[i]);
        cr_assert(config_finish(&settings));
        cr_expect(config_check_serve(&settings), "%s", settings.error);
        cr_expect_not_null(warning_with("no money moves"), "%s", keys[i]);
    }
}

Test(config, development_with_a_live_key_is_warned)
{
    give("STRIPE_WEBHOOK_SECRET", "whsec_one");
    give("STRIPE_SECRET_KEY", "rk_live_x");
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
    cr_expect_not_null(warning_with("real money moves"));
    cr_expect_not_null(warning_with("STRIPE_PUBLISHABLE_KEY"));
    cr_expect_null(warning_with("STRIPE_WEBHOOK_SECRET"));
}

Test(config, development_may_go_without_webhooks_and_is_warned)
{
    give("STRIPE_SECRET_KEY", "sk_test_x");
    give("STRIPE_PUBLISHABLE_KEY", "pk_test_x");
    give("STRIPE_API_BASE", "http://127.0.0.1:9000");
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
    cr_expect_not_null(warning_with("STRIPE_WEBHOOK_SECRET"));
    cr_expect_null(config_gateway_warning(&settings, 1));
}

Test(config, without_a_stripe_key_the_test_gateway_serves)
{
    set_production(GOOD_KEY);
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
    cr_expect_not(config_has_stripe(&settings));
    cr_expect_null(config_gateway_warning(&settings, 0));
    give("STRIPE_API_BASE", "http://127.0.0.1:9000");
    cr_expect_not_null(warning_with("STRIPE_API_BASE"));
}

Test(config, the_gateway_has_threads_a_queue_and_a_time_limit)
{
    static const char *const bad[] = {"SHOP_GATEWAY_WORKERS=257", "SHOP_GATEWAY_QUEUE=0", "SHOP_GATEWAY_TIMEOUT_MS=99",
                                      "SHOP_GATEWAY_TIMEOUT_MS=120001"};
    cr_assert(config_finish(&settings));
    cr_expect_eq(settings.gateway_workers, 0);
    cr_expect_eq(settings.gateway_queue, 64);
    cr_expect_eq(settings.gateway_timeout_ms, 20000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(environment(bad[i]), "%s", bad[i]);
    }
}

Test(config, production_needs_its_hosts)
{
    cr_assert(config_set(&settings, "SHOP_ENV", "production", "test"));
    cr_assert(config_set(&settings, "SECRET_KEY", GOOD_KEY, "test"));
    cr_assert(config_finish(&settings));
    cr_expect_not(config_check_serve(&settings));
    cr_expect_not_null(strstr(settings.error, "ALLOWED_HOSTS"));
}

Test(config, cors_origins_are_origins)
{
    static const char *const bad[] = {"*", "front.example", "https://front.example/", "https://*.example", "https://"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config_free(&settings);
        config_init(&settings);
        cr_assert(config_set(&settings, "CORS_ALLOWED_ORIGINS", bad[i], "test"));
        cr_assert(config_finish(&settings));
        cr_expect_not(config_check_serve(&settings), "%s", bad[i]);
    }
    config_free(&settings);
    config_init(&settings);
    cr_assert(config_set(&settings, "CORS_ALLOWED_ORIGINS", "https://a.example, http://b.example:3000", "test"));
    cr_assert(config_finish(&settings));
    cr_expect(config_check_serve(&settings), "%s", settings.error);
}

static int names(const char *list, const char *host)
{
    return config_list_has_host(list, host, strlen(host));
}

Test(config, host_lists_take_names_subdomains_and_everything)
{
    cr_expect(names("a.example, b.example", "B.example"));
    cr_expect_not(names("a.example", "xa.example"));
    cr_expect_not(names("a.example", "a.example.evil"));
    cr_expect(names(".example.com", "example.com"));
    cr_expect(names(".example.com", "x.example.com"));
    cr_expect_not(names(".example.com", "badexample.com"));
    cr_expect(names("*", "anything"));
    cr_expect_not(names("", "a"));
    cr_expect_not(names(NULL, "a"));
}

Test(secret, a_key_is_made_once_and_kept_private)
{
    char *first = NULL;
    char *second = NULL;
    struct stat about;
    cr_assert(secret_load_or_make(file, &first));
    cr_assert(secret_load_or_make(file, &second));
    cr_expect_str_eq(first, second);
    cr_expect_eq(strlen(first), 64);
    cr_expect_null(secret_weakness(first));
    cr_assert_eq(stat(file, &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0600);
    secret_free(first);
    secret_free(second);
}

Test(secret, a_damaged_key_file_is_not_replaced)
{
    char *key = NULL;
    write_file("short");
    cr_expect_not(secret_load_or_make(file, &key));
    cr_expect_null(key);
}

Test(secret, equal_compares_length_and_bytes)
{
    cr_expect(secret_equal("abc", 3, "abc", 3));
    cr_expect_not(secret_equal("abc", 3, "abd", 3));
    cr_expect_not(secret_equal("abc", 3, "abcd", 4));
}
