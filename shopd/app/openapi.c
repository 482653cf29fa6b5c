/* SPDX-License-Identifier: MIT */
/* The published form of the contract: an OpenAPI 3.1 document made from the route table and the types of libshop. */
#include "openapi.h"

#include <stdio.h>
#include <string.h>

#define TYPES_MAX 128
#define NAME_MAX_BYTES 96

#define USE_WHOLE 1u /* as the type is */
#define USE_PARTIAL 2u /* an input of which nothing is required: PATCH */
#define USE_PAGE 4u /* a page of such things */

/* The types that routes use, each once. */
typedef struct used_type {
    const shop_type *type;
    unsigned uses;
} used_type;

typedef struct document {
    json_out *out;
    const router *routes;
    used_type used[TYPES_MAX];
    size_t used_count;
    int failed;
} document;

/* ------------------------------------------------------------------------------------------------ which types */

static int is_input(const shop_type *type)
{
    const char *name = shop_type_name(type);
    size_t length = strlen(name);
    return length > 6 && strcmp(name + length - 6, "_input") == 0;
}

static void use_type(document *d, const shop_type *type, unsigned use)
{
    for (size_t i = 0; i < d->used_count; i++) {
        if (d->used[i].type == type) {
            d->used[i].uses |= use;
            return;
        }
    }
    if (type == NULL || d->used_count == TYPES_MAX) {
        d->failed = 1;
        return;
    }
    d->used[d->used_count].type = type;
    d->used[d->used_count].uses = use;
    d->used_count++;
    for (size_t i = 0; i < shop_type_field_count(type); i++) {
        const shop_type *of = shop_field_of(shop_type_field(type, i));
        if (of != NULL) {
            use_type(d, of, USE_WHOLE);
        }
    }
}

static int is_list(const char *response)
{
    size_t length = strlen(response);
    return length > 2 && strcmp(response + length - 2, "[]") == 0;
}

/* A response is a media type (served as it is) when it has a slash. */
static int is_media_type(const char *response)
{
    return strchr(response, '/') != NULL;
}

static const shop_type *response_type(const char *response)
{
    char name[NAME_MAX_BYTES];
    size_t length = strlen(response) - (is_list(response) ? 2 : 0);
    if (length >= sizeof name) {
        return NULL;
    }
    memcpy(name, response, length);
    name[length] = '\0';
    return shop_type_find(name);
}

/* A route without an operation's name is served, but not published. */
static int is_published(const route *r)
{
    return r->operation != NULL;
}

static void collect_types(document *d)
{
    for (size_t i = 0; i < router_count(d->routes); i++) {
        const route *r = router_at(d->routes, i);
        if (!is_published(r)) {
            continue;
        }
        if (r->request != NULL) {
            use_type(d, shop_type_find(r->request), r->method == HTTP_PATCH ? USE_PARTIAL : USE_WHOLE);
        }
        if (r->response != NULL && !is_media_type(r->response)) {
            const shop_type *type = response_type(r->response);
            use_type(d, type, USE_WHOLE | (is_list(r->response) ? USE_PAGE : 0u));
        }
        if (r->query != NULL && shop_type_find(r->query) == NULL) {
            d->failed = 1;
        }
    }
}

/* ------------------------------------------------------------------------------------------------ schemas */

static void put_reference(json_out *out, const char *key, const char *kind, const char *name, const char *suffix)
{
    char text[NAME_MAX_BYTES * 2];
    snprintf(text, sizeof text, "#/components/%s/%s%s", kind, name, suffix);
    json_out_object(out, key);
    json_out_text(out, "$ref", text);
    json_out_end_object(out);
}

static const char *kind_name(int32_t kind)
{
    switch (kind) {
    case SHOP_KIND_INT:
        return "integer";
    case SHOP_KIND_BOOL:
        return "boolean";
    case SHOP_KIND_LIST:
    case SHOP_KIND_WORDS:
        return "array";
    default:
        return "string";
    }
}

static void put_type_name(json_out *out, const char *name, int nullable)
{
    if (!nullable) {
        json_out_text(out, "type", name);
        return;
    }
    json_out_array(out, "type");
    json_out_text(out, NULL, name);
    json_out_text(out, NULL, "null");
    json_out_end_array(out);
}

static void put_limit(json_out *out, const char *key, int64_t limit)
{
    if (limit != SHOP_UNSET) {
        json_out_int(out, key, limit);
    }
}

static void put_words(json_out *out, const shop_field *field, int nullable)
{
    if (shop_field_word(field, 0) == NULL) {
        return;
    }
    json_out_array(out, "enum");
    for (size_t i = 0; shop_field_word(field, i) != NULL; i++) {
        json_out_text(out, NULL, shop_field_word(field, i));
    }
    if (nullable) {
        json_out_null(out, NULL);
    }
    json_out_end_array(out);
}

static void put_text_rules(json_out *out, const shop_field *field, int input)
{
    int secret = (shop_field_flags(field) & SHOP_FIELD_SECRET) != 0;
    int blank = (shop_field_flags(field) & SHOP_FIELD_BLANK) != 0;
    if (input && secret) {
        json_out_text(out, "format", "password");
        json_out_bool(out, "writeOnly", 1);
    }
    if (input && shop_field_word(field, 0) == NULL) {
        int64_t least = shop_field_min(field);
        put_limit(out, "minLength", least == SHOP_UNSET && !blank ? 1 : least);
        put_limit(out, "maxLength", shop_field_max(field));
    }
}

static void put_list_rules(json_out *out, const shop_field *field)
{
    const shop_type *of = shop_field_of(field);
    if (of != NULL) {
        put_reference(out, "items", "schemas", shop_type_name(of), "");
        return;
    }
    json_out_object(out, "items");
    json_out_text(out, "type", "string");
    json_out_end_object(out);
}

/* The members of a schema that say what values a field takes. */
static void put_field_rules(json_out *out, const shop_field *field, int input)
{
    int32_t kind = shop_field_kind(field);
    int nullable = (shop_field_flags(field) & SHOP_FIELD_NULLABLE) != 0;
    put_type_name(out, kind_name(kind), nullable);
    if (kind == SHOP_KIND_INT) {
        json_out_text(out, "format", "int64");
        put_limit(out, "minimum", shop_field_min(field));
        put_limit(out, "maximum", shop_field_max(field));
    } else if (kind == SHOP_KIND_TIME) {
        json_out_text(out, "format", "date-time");
    } else if (kind == SHOP_KIND_MONEY) {
        json_out_text(out, "format", "decimal");
        json_out_text(out, "pattern", "^-?[0-9]+(\\.[0-9]+)?$");
    } else if (kind == SHOP_KIND_TEXT) {
        put_text_rules(out, field, input);
        put_words(out, field, nullable);
    } else {
        if (kind != SHOP_KIND_BOOL) {
            put_list_rules(out, field);
        }
    }
}

static void put_doc(json_out *out, const char *doc)
{
    if (doc != NULL && doc[0] != '\0') {
        json_out_text(out, "description", doc);
    }
}

static void put_object_field(json_out *out, const shop_field *field)
{
    char of[NAME_MAX_BYTES * 2];
    snprintf(of, sizeof of, "#/components/schemas/%s", shop_type_name(shop_field_of(field)));
    json_out_object(out, shop_field_name(field));
    put_doc(out, shop_field_doc(field));
    if ((shop_field_flags(field) & SHOP_FIELD_NULLABLE) == 0) {
        json_out_text(out, "$ref", of);
    } else {
        json_out_array(out, "anyOf");
        put_reference(out, NULL, "schemas", shop_type_name(shop_field_of(field)), "");
        json_out_object(out, NULL);
        json_out_text(out, "type", "null");
        json_out_end_object(out);
        json_out_end_array(out);
    }
    json_out_end_object(out);
}

static void put_field(json_out *out, const shop_field *field, int input)
{
    if (shop_field_kind(field) == SHOP_KIND_OBJECT) {
        put_object_field(out, field);
        return;
    }
    json_out_object(out, shop_field_name(field));
    put_doc(out, shop_field_doc(field));
    put_field_rules(out, field, input);
    json_out_end_object(out);
}

static int field_is_required(const shop_field *field, int input)
{
    int32_t flags = shop_field_flags(field);
    return input ? (flags & SHOP_FIELD_REQUIRED) != 0 : (flags & SHOP_FIELD_OPTIONAL) == 0;
}

static void put_required(json_out *out, const shop_type *type, int input)
{
    int open = 0;
    for (size_t i = 0; i < shop_type_field_count(type); i++) {
        const shop_field *field = shop_type_field(type, i);
        if (!field_is_required(field, input)) {
            continue;
        }
        if (!open) {
            json_out_array(out, "required");
            open = 1;
        }
        json_out_text(out, NULL, shop_field_name(field));
    }
    if (open) {
        json_out_end_array(out);
    }
}

static void put_type(json_out *out, const shop_type *type, int partial)
{
    char name[NAME_MAX_BYTES];
    int input = is_input(type);
    snprintf(name, sizeof name, "%s%s", shop_type_name(type), partial ? "_partial" : "");
    json_out_object(out, name);
    json_out_text(out, "type", "object");
    put_doc(out, shop_type_doc(type));
    if (!partial) {
        put_required(out, type, input);
    }
    json_out_object(out, "properties");
    for (size_t i = 0; i < shop_type_field_count(type); i++) {
        put_field(out, shop_type_field(type, i), input);
    }
    json_out_end_object(out);
    if (input) {
        json_out_bool(out, "additionalProperties", 0);
    }
    json_out_end_object(out);
}

static void put_plain_property(json_out *out, const char *name, const char *type, const char *format, int nullable,
                               const char *doc)
{
    json_out_object(out, name);
    put_type_name(out, type, nullable);
    if (format != NULL) {
        json_out_text(out, "format", format);
    }
    put_doc(out, doc);
    json_out_end_object(out);
}

static void put_names(json_out *out, const char *key, const char *const *names)
{
    json_out_array(out, key);
    for (size_t i = 0; names[i] != NULL; i++) {
        json_out_text(out, NULL, names[i]);
    }
    json_out_end_array(out);
}

static void put_page_type(json_out *out, const shop_type *type)
{
    static const char *const required[] = {"next", "previous", "results", NULL};
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "%s_page", shop_type_name(type));
    json_out_object(out, name);
    json_out_text(out, "type", "object");
    put_names(out, "required", required);
    json_out_object(out, "properties");
    put_plain_property(out, "count", "integer", "int64", 0, "How many there are in all; absent when paged by ?cursor=.");
    put_plain_property(out, "next", "string", "uri", 1, "URL of the next page.");
    put_plain_property(out, "previous", "string", "uri", 1, "URL of the previous page.");
    json_out_object(out, "results");
    json_out_text(out, "type", "array");
    put_reference(out, "items", "schemas", shop_type_name(type), "");
    json_out_end_object(out);
    json_out_end_object(out);
    json_out_end_object(out);
}

static void put_problem_type(json_out *out)
{
    static const char *const required[] = {"type", "title", "status", "detail", "code", "request_id", NULL};
    json_out_object(out, "problem");
    json_out_text(out, "type", "object");
    json_out_text(out, "description", "What went wrong, as RFC 9457 has it.");
    put_names(out, "required", required);
    json_out_object(out, "properties");
    put_plain_property(out, "type", "string", "uri", 0, "urn:shop:problem: and the code.");
    put_plain_property(out, "title", "string", NULL, 0, "The status in words.");
    put_plain_property(out, "status", "integer", NULL, 0, "The HTTP status.");
    put_plain_property(out, "detail", "string", NULL, 0, "A sentence for a person.");
    put_plain_property(out, "code", "string", NULL, 0, "A stable word for programs: insufficient_stock, invalid_token, …");
    put_plain_property(out, "decline_code", "string", NULL, 0, "With 402: the bank's word: insufficient_funds, lost_card, …");
    put_plain_property(out, "reason", "string", NULL, 0,
                       "Of /readyz: why storage cannot be had: unreachable, overload, standby, …");
    json_out_object(out, "errors");
    json_out_text(out, "type", "object");
    json_out_text(out, "description", "What is wrong with each field, on validation.");
    json_out_object(out, "additionalProperties");
    json_out_text(out, "type", "array");
    json_out_object(out, "items");
    json_out_text(out, "type", "string");
    json_out_end_object(out);
    json_out_end_object(out);
    json_out_end_object(out);
    put_plain_property(out, "request_id", "string", NULL, 0, "To be named when asking for help; also in X-Request-Id.");
    json_out_end_object(out);
    json_out_end_object(out);
}

static void put_words_type(json_out *out, const char *name)
{
    const char *const required[] = {name, NULL};
    json_out_object(out, name);
    json_out_text(out, "type", "object");
    put_names(out, "required", required);
    json_out_object(out, "properties");
    put_plain_property(out, name, "string", NULL, 0, "A sentence for a person.");
    json_out_end_object(out);
    json_out_end_object(out);
}

static void put_schemas(document *d)
{
    json_out_object(d->out, "schemas");
    for (size_t i = 0; i < d->used_count; i++) {
        const used_type *used = &d->used[i];
        if ((used->uses & USE_WHOLE) != 0) {
            put_type(d->out, used->type, 0);
        }
        if ((used->uses & USE_PARTIAL) != 0) {
            put_type(d->out, used->type, 1);
        }
        if ((used->uses & USE_PAGE) != 0) {
            put_page_type(d->out, used->type);
        }
    }
    put_words_type(d->out, "message");
    put_words_type(d->out, "detail");
    put_problem_type(d->out);
    json_out_end_object(d->out);
}

/* ------------------------------------------------------------------------------------------------ errors */

static int is_service(const route *r)
{
    return strcmp(r->tag, "service") == 0;
}

static int is_unsafe(const route *r)
{
    return r->method != HTTP_GET && r->method != HTTP_HEAD && r->method != HTTP_OPTIONS;
}

static int takes_body(const route *r)
{
    return r->request != NULL || (r->flags & (ROUTE_RAW_BODY | ROUTE_OPTIONAL_BODY)) != 0;
}

static int takes_key(const route *r)
{
    return r->method == HTTP_POST && r->access != ACCESS_GATEWAY;
}

static int takes_if_match(const route *r)
{
    return r->method == HTTP_PUT || r->method == HTTP_PATCH || r->method == HTTP_DELETE;
}

static int needs_user(const route *r)
{
    return r->access == ACCESS_USER || r->access == ACCESS_STAFF;
}

/* Any request may be malformed. */
static int may_be_invalid(const route *r)
{
    return r != NULL;
}

static int may_be_unauthenticated(const route *r)
{
    return !is_service(r) && r->access != ACCESS_GATEWAY;
}

static int may_be_forbidden(const route *r)
{
    return !is_service(r) && r->access != ACCESS_GATEWAY &&
           (is_unsafe(r) || r->access == ACCESS_STAFF || needs_user(r) || r->query != NULL);
}

static int names_others(const char *request)
{
    const shop_type *type = request == NULL ? NULL : shop_type_find(request);
    for (size_t i = 0; type != NULL && i < shop_type_field_count(type); i++) {
        const char *name = shop_field_name(shop_type_field(type, i));
        size_t length = strlen(name);
        if (length > 3 && strcmp(name + length - 3, "_id") == 0) {
            return 1;
        }
    }
    return 0;
}

static int may_be_missing(const route *r)
{
    return strchr(r->pattern, '{') != NULL || (r->response != NULL && is_list(r->response)) || names_others(r->request);
}

static int may_conflict(const route *r)
{
    return is_unsafe(r) && !is_service(r);
}

static int may_call_gateway(const route *r)
{
    return (r->flags & ROUTE_GATEWAY) != 0;
}

static int may_be_declined(const route *r)
{
    return may_call_gateway(r) && strcmp(r->tag, "payments") == 0 && r->access != ACCESS_GATEWAY;
}

static int may_be_unavailable(const route *r)
{
    return !is_service(r) || strcmp(r->pattern, "/readyz") == 0;
}

/* Which errors a route may answer, and what they are called among the components. */
static const struct error_row {
    int status;
    const char *name;
    const char *doc;
    int (*applies)(const route *r);
} error_rows[] = {
    {400, "Invalid", "Malformed, or against a rule; `errors` names the fields.", may_be_invalid},
    {401, "Unauthenticated", "Nobody is logged in, or the token or password is not good.", may_be_unauthenticated},
    {402, "Declined", "The customer's bank declined; `decline_code` is its word.", may_be_declined},
    {403, "Forbidden", "Known, but not allowed; or the CSRF check failed.", may_be_forbidden},
    {404, "NotFound", "There is no such thing for this caller.", may_be_missing},
    {409, "Conflict",
     "The state of the shop does not allow it, or a request with this key is still running; with Retry-After: try again.",
     may_conflict},
    {412, "PreconditionFailed", "If-Match did not match: it was changed meanwhile.", takes_if_match},
    {413, "TooLarge", "The body is larger than the server takes.", takes_body},
    {415, "UnsupportedMediaType", "The body is not application/json.", takes_body},
    {422, "KeyReused", "The Idempotency-Key was used for another request.", takes_key},
    {502, "BadGateway", "The payment gateway does not take the shop's requests; a case for its operator.", may_call_gateway},
    {503, "Unavailable", "Too busy, or storage or the payment gateway cannot be reached; nothing is lost; try again.",
     may_be_unavailable},
};

#define ERROR_ROWS (sizeof error_rows / sizeof error_rows[0])

static void put_error_responses(json_out *out)
{
    json_out_object(out, "responses");
    for (size_t i = 0; i < ERROR_ROWS; i++) {
        json_out_object(out, error_rows[i].name);
        json_out_text(out, "description", error_rows[i].doc);
        json_out_object(out, "headers");
        put_reference(out, "X-Request-Id", "headers", "RequestId", "");
        if (error_rows[i].status == 409 || error_rows[i].status == 503) {
            put_reference(out, "Retry-After", "headers", "RetryAfter", "");
        }
        if (error_rows[i].status == 401) {
            put_reference(out, "WWW-Authenticate", "headers", "Authenticate", "");
        }
        json_out_end_object(out);
        json_out_object(out, "content");
        json_out_object(out, "application/problem+json");
        put_reference(out, "schema", "schemas", "problem", "");
        json_out_end_object(out);
        json_out_end_object(out);
        json_out_end_object(out);
    }
    json_out_end_object(out);
}

/* ------------------------------------------------------------------------------------------------ headers, parameters */

static const struct header_row {
    const char *component;
    const char *name;
    const char *doc;
    const char *type;
} response_headers[] = {
    {"RequestId", "X-Request-Id", "Names this request in the server's log.", "string"},
    {"ETag", "ETag", "The entity tag of this answer, for If-None-Match and If-Match.", "string"},
    {"Location", "Location", "Where the new object is.", "string"},
    {"Replayed", "Idempotency-Replayed", "true when this is the first answer again.", "string"},
    {"ShopPosition", "Shop-Position",
     "Only where the shop's database has replicas: stands for this change. Sent with later reads (as a header, or the cookie "
     "that came with it), they show at least this change.",
     "string"},
    {"RetryAfter", "Retry-After", "Seconds after which to try again.", "integer"},
    {"Authenticate", "WWW-Authenticate", "Bearer, and why a token was refused.", "string"},
};

static const struct header_row request_headers[] = {
    {"IdempotencyKey", "Idempotency-Key",
     "1 to 255 visible ASCII characters, chosen by the client for one change: sent again with the same request, "
     "the first answer comes again and nothing is done twice. Kept 24 hours.",
     "string"},
    {"IfMatch", "If-Match", "Change only while the object's ETag is one of these; else 412.", "string"},
    {"IfNoneMatch", "If-None-Match", "Answer 304 when the ETag still is one of these.", "string"},
    {"ShopPosition", "Shop-Position", "What an earlier change was answered with: this read shows at least that change.",
     "string"},
    {"StripeSignature", "Stripe-Signature", "Signature of the raw body: t=…,v1=….", "string"},
};

static void put_header_components(json_out *out)
{
    json_out_object(out, "headers");
    for (size_t i = 0; i < sizeof response_headers / sizeof response_headers[0]; i++) {
        const struct header_row *row = &response_headers[i];
        json_out_object(out, row->component);
        json_out_text(out, "description", row->doc);
        json_out_object(out, "schema");
        json_out_text(out, "type", row->type);
        json_out_end_object(out);
        json_out_end_object(out);
    }
    json_out_end_object(out);
    json_out_object(out, "parameters");
    for (size_t i = 0; i < sizeof request_headers / sizeof request_headers[0]; i++) {
        const struct header_row *row = &request_headers[i];
        json_out_object(out, row->component);
        json_out_text(out, "name", row->name);
        json_out_text(out, "in", "header");
        json_out_text(out, "description", row->doc);
        json_out_object(out, "schema");
        json_out_text(out, "type", row->type);
        json_out_end_object(out);
        json_out_end_object(out);
    }
    json_out_end_object(out);
}

static int ends_with_id(const char *name, size_t length)
{
    return (length == 2 || (length > 3 && name[length - 3] == '_')) && memcmp(name + length - 2, "id", 2) == 0;
}

static void put_path_parameter(json_out *out, const char *name, size_t length)
{
    char text[NAME_MAX_BYTES];
    snprintf(text, sizeof text, "%.*s", (int)length, name);
    json_out_object(out, NULL);
    json_out_text(out, "name", text);
    json_out_text(out, "in", "path");
    json_out_bool(out, "required", 1);
    json_out_object(out, "schema");
    if (ends_with_id(name, length)) {
        json_out_text(out, "type", "integer");
        json_out_text(out, "format", "int64");
        json_out_int(out, "minimum", 1);
    } else {
        json_out_text(out, "type", "string");
    }
    json_out_end_object(out);
    json_out_end_object(out);
}

static void put_path_parameters(json_out *out, const char *pattern)
{
    const char *open = strchr(pattern, '{');
    while (open != NULL) {
        const char *close = strchr(open, '}');
        if (close == NULL) {
            return;
        }
        put_path_parameter(out, open + 1, (size_t)(close - open - 1));
        open = strchr(close, '{');
    }
}

static void put_query_parameters(json_out *out, const char *query)
{
    const shop_type *type = query == NULL ? NULL : shop_type_find(query);
    for (size_t i = 0; type != NULL && i < shop_type_field_count(type); i++) {
        const shop_field *field = shop_type_field(type, i);
        json_out_object(out, NULL);
        json_out_text(out, "name", shop_field_name(field));
        json_out_text(out, "in", "query");
        put_doc(out, shop_field_doc(field));
        if (field_is_required(field, 1)) {
            json_out_bool(out, "required", 1);
        }
        json_out_object(out, "schema");
        put_field_rules(out, field, 1);
        json_out_end_object(out);
        json_out_end_object(out);
    }
}

static void put_cookie_parameter(json_out *out)
{
    json_out_object(out, NULL);
    json_out_text(out, "name", "use_cookies");
    json_out_text(out, "in", "query");
    json_out_text(out, "description", "true: the tokens come as cookies (access_token, refresh_token) and not in the answer.");
    json_out_object(out, "schema");
    json_out_text(out, "type", "boolean");
    json_out_bool(out, "default", 0);
    json_out_end_object(out);
    json_out_end_object(out);
}

static int has_etag(const route *r)
{
    return r->method == HTTP_GET && (!is_service(r) || strncmp(r->pattern, "/api/", 5) == 0);
}

/* What libshop may read from a replica. */
static int may_be_stale(const route *r)
{
    return r->method == HTTP_GET && r->access == ACCESS_PUBLIC && strcmp(r->tag, "catalogue") == 0;
}

static void put_parameters(json_out *out, const route *r)
{
    json_out_array(out, "parameters");
    put_path_parameters(out, r->pattern);
    put_query_parameters(out, r->query);
    if ((r->flags & ROUTE_COOKIES) != 0) {
        put_cookie_parameter(out);
    }
    if (takes_key(r)) {
        put_reference(out, NULL, "parameters", "IdempotencyKey", "");
    }
    if (takes_if_match(r)) {
        put_reference(out, NULL, "parameters", "IfMatch", "");
    }
    if (has_etag(r)) {
        put_reference(out, NULL, "parameters", "IfNoneMatch", "");
    }
    if (may_be_stale(r)) {
        put_reference(out, NULL, "parameters", "ShopPosition", "");
    }
    if (r->access == ACCESS_GATEWAY) {
        put_reference(out, NULL, "parameters", "StripeSignature", "");
    }
    json_out_end_array(out);
}

/* ------------------------------------------------------------------------------------------------ operations */

static void put_content_start(json_out *out, const char *media_type)
{
    json_out_object(out, "content");
    json_out_object(out, media_type);
}

static void put_content_end(json_out *out)
{
    json_out_end_object(out);
    json_out_end_object(out);
}

static void put_plain_schema(json_out *out, const char *type)
{
    json_out_object(out, "schema");
    json_out_text(out, "type", type);
    json_out_end_object(out);
}

static void put_request_body(json_out *out, const route *r)
{
    if (!takes_body(r)) {
        return;
    }
    json_out_object(out, "requestBody");
    json_out_bool(out, "required", (r->flags & (ROUTE_OPTIONAL_BODY | ROUTE_NO_BODY)) == 0);
    put_content_start(out, "application/json");
    if (r->request != NULL) {
        put_reference(out, "schema", "schemas", r->request, r->method == HTTP_PATCH ? "_partial" : "");
    } else {
        put_plain_schema(out, "object");
    }
    put_content_end(out);
    json_out_end_object(out);
}

static void put_success_headers(json_out *out, const route *r)
{
    json_out_object(out, "headers");
    put_reference(out, "X-Request-Id", "headers", "RequestId", "");
    if (has_etag(r)) {
        put_reference(out, "ETag", "headers", "ETag", "");
    }
    if (r->status == 201) {
        put_reference(out, "Location", "headers", "Location", "");
    }
    if (takes_key(r)) {
        put_reference(out, "Idempotency-Replayed", "headers", "Replayed", "");
    }
    if (may_conflict(r) && r->access != ACCESS_GATEWAY) {
        put_reference(out, "Shop-Position", "headers", "ShopPosition", "");
    }
    json_out_end_object(out);
}

static void put_success_content(json_out *out, const route *r)
{
    if (r->status == 204) {
        return;
    }
    if (r->response != NULL && is_media_type(r->response)) {
        put_content_start(out, r->response);
        put_plain_schema(out, strcmp(r->response, "application/json") == 0 ? "object" : "string");
        put_content_end(out);
        return;
    }
    put_content_start(out, "application/json");
    if (r->response == NULL) {
        put_reference(out, "schema", "schemas", strcmp(r->tag, "accounts") == 0 ? "detail" : "message", "");
    } else {
        const shop_type *type = response_type(r->response);
        put_reference(out, "schema", "schemas", shop_type_name(type), is_list(r->response) ? "_page" : "");
    }
    put_content_end(out);
}

static void put_responses(json_out *out, const route *r)
{
    char status[8];
    json_out_object(out, "responses");
    snprintf(status, sizeof status, "%d", r->status);
    json_out_object(out, status);
    json_out_text(out, "description", r->status == 201 ? "Made." : r->status == 204 ? "Done." : "The answer.");
    put_success_headers(out, r);
    put_success_content(out, r);
    json_out_end_object(out);
    if (has_etag(r)) {
        json_out_object(out, "304");
        json_out_text(out, "description", "Not changed.");
        json_out_end_object(out);
    }
    for (size_t i = 0; i < ERROR_ROWS; i++) {
        if (error_rows[i].applies(r)) {
            snprintf(status, sizeof status, "%d", error_rows[i].status);
            put_reference(out, status, "responses", error_rows[i].name, "");
        }
    }
    json_out_end_object(out);
}

static void put_scheme(json_out *out, const char *scheme)
{
    json_out_object(out, NULL);
    if (scheme != NULL) {
        json_out_array(out, scheme);
        json_out_end_array(out);
    }
    json_out_end_object(out);
}

/* Public lists may show more to staff: a token is welcome there, not needed. */
static void put_security(json_out *out, const route *r)
{
    json_out_array(out, "security");
    if (needs_user(r) || (r->access == ACCESS_PUBLIC && r->method == HTTP_GET && !is_service(r))) {
        if (!needs_user(r)) {
            put_scheme(out, NULL);
        }
        put_scheme(out, "bearer");
        put_scheme(out, "cookie");
    }
    json_out_end_array(out);
}

static const char *method_key(int method)
{
    switch (method) {
    case HTTP_GET:
        return "get";
    case HTTP_POST:
        return "post";
    case HTTP_PUT:
        return "put";
    case HTTP_PATCH:
        return "patch";
    default:
        return "delete";
    }
}

static void put_operation(json_out *out, const route *r)
{
    json_out_object(out, method_key(r->method));
    json_out_text(out, "operationId", r->operation);
    json_out_text(out, "summary", r->summary);
    json_out_array(out, "tags");
    json_out_text(out, NULL, r->tag);
    json_out_end_array(out);
    put_security(out, r);
    put_parameters(out, r);
    put_request_body(out, r);
    put_responses(out, r);
    json_out_end_object(out);
}

/* Published without the optional trailing slash. */
static void put_path(document *d, size_t first)
{
    const char *pattern = router_at(d->routes, first)->pattern;
    json_out_object(d->out, pattern);
    for (size_t i = first; i < router_count(d->routes); i++) {
        const route *r = router_at(d->routes, i);
        if (is_published(r) && strcmp(r->pattern, pattern) == 0) {
            put_operation(d->out, r);
        }
    }
    json_out_end_object(d->out);
}

static int is_first_of_path(const document *d, size_t i)
{
    for (size_t before = 0; before < i; before++) {
        if (is_published(router_at(d->routes, before)) &&
            strcmp(router_at(d->routes, before)->pattern, router_at(d->routes, i)->pattern) == 0) {
            return 0;
        }
    }
    return 1;
}

/* ------------------------------------------------------------------------------------------------ the document */

static void put_info(json_out *out)
{
    json_out_object(out, "info");
    json_out_text(out, "title", "shopd");
    json_out_text(out, "version", shop_version());
    json_out_text(out, "summary", "A whole shop behind one small server.");
    json_out_text(
        out, "description",
        "Every path is served under /api/v1 and without it, with or without a trailing slash; links and Location have it. HEAD "
        "is answered wherever "
        "GET is. Money is a decimal text with the currency's own digits; times are RFC 3339 in UTC. Errors are "
        "application/problem+json; only what is refused before there is a whole request may be another short answer. "
        "A public route ignores a bad access_token cookie and refuses a bad Authorization header; register, login and "
        "refresh look at neither. Callers known by cookie pass a CSRF check on unsafe methods: Origin or Sec-Fetch-Site of "
        "the same origin, or X-CSRF-Token equal to the csrf_token cookie.");
    json_out_object(out, "license");
    json_out_text(out, "name", "MIT");
    json_out_text(out, "identifier", "MIT");
    json_out_end_object(out);
    json_out_end_object(out);
    json_out_array(out, "servers");
    json_out_object(out, NULL);
    json_out_text(out, "url", "/api/v1");
    json_out_end_object(out);
    json_out_end_array(out);
}

static const struct tag_row {
    const char *name;
    const char *doc;
} tag_rows[] = {
    {"accounts", "Who somebody is, and the sessions that prove it."},
    {"catalogue", "Products, their images and categories."},
    {"cart", "What a customer means to buy."},
    {"orders", "What was bought, and how far it has come."},
    {"payments", "Money: intents, refunds, and the gateway's word."},
    {"service", "About the service itself."},
};

static const char *tag_doc(const char *tag)
{
    for (size_t i = 0; i < sizeof tag_rows / sizeof tag_rows[0]; i++) {
        if (strcmp(tag_rows[i].name, tag) == 0) {
            return tag_rows[i].doc;
        }
    }
    return tag;
}

static void put_tags(document *d)
{
    json_out_array(d->out, "tags");
    for (size_t i = 0; i < router_count(d->routes); i++) {
        const char *tag = router_at(d->routes, i)->tag;
        size_t before = 0;
        while (strcmp(router_at(d->routes, before)->tag, tag) != 0) {
            before++;
        }
        if (before == i) {
            json_out_object(d->out, NULL);
            json_out_text(d->out, "name", tag);
            json_out_text(d->out, "description", tag_doc(tag));
            json_out_end_object(d->out);
        }
    }
    json_out_end_array(d->out);
}

static void put_security_schemes(json_out *out)
{
    json_out_object(out, "securitySchemes");
    json_out_object(out, "bearer");
    json_out_text(out, "type", "http");
    json_out_text(out, "scheme", "bearer");
    json_out_text(out, "bearerFormat", "JWT");
    json_out_text(out, "description", "Authorization: Bearer and the access token.");
    json_out_end_object(out);
    json_out_object(out, "cookie");
    json_out_text(out, "type", "apiKey");
    json_out_text(out, "in", "cookie");
    json_out_text(out, "name", "access_token");
    json_out_text(out, "description", "Set by ?use_cookies=true; unsafe methods must pass the CSRF check.");
    json_out_end_object(out);
    json_out_end_object(out);
}

int openapi_write(json_out *out, const router *routes)
{
    document d;
    memset(&d, 0, sizeof d);
    d.out = out;
    d.routes = routes;
    collect_types(&d);
    if (d.failed) {
        return 0;
    }
    json_out_object(out, NULL);
    json_out_text(out, "openapi", "3.1.0");
    put_info(out);
    put_tags(&d);
    json_out_object(out, "paths");
    for (size_t i = 0; i < router_count(routes); i++) {
        if (is_published(router_at(routes, i)) && is_first_of_path(&d, i)) {
            put_path(&d, i);
        }
    }
    json_out_end_object(out);
    json_out_object(out, "components");
    put_security_schemes(out);
    put_header_components(out);
    put_error_responses(out);
    put_schemas(&d);
    json_out_end_object(out);
    json_out_end_object(out);
    return !out->failed;
}
