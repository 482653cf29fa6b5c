/* SPDX-License-Identifier: MIT */
/* The two places of a copy: their names, opening them, and what is refused. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../../core/mem.h"
#include "copy.h"

#define FILE_SCHEME "sqlite:"
#define HIDDEN "***"

/* ------------------------------------------------------------------------------------------------ names */

static bool is_file(const char *url)
{
    return strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0;
}

/* The path in full. The file itself may not be there yet: its folder is. */
static bool full_path(const char *path, char full[PATH_MAX])
{
    if (realpath(path, full))
        return true;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char folder[PATH_MAX];
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length >= sizeof folder)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    if (!realpath(slash ? (length ? folder : "/") : ".", full))
        return false;
    size_t used = strlen(full);
    if (used + 1 + strlen(name) >= PATH_MAX)
        return false;
    full[used++] = '/';
    memcpy(full + used, name, strlen(name) + 1);
    return true;
}

static char *name_of_file(const char *url)
{
    char full[PATH_MAX];
    if (!full_path(url + strlen(FILE_SCHEME), full))
        return shop_mem_strdup(url);
    size_t length = strlen(full);
    char *name = shop_mem_alloc(strlen(FILE_SCHEME) + length + 1);
    if (!name)
        return NULL;
    memcpy(name, FILE_SCHEME, strlen(FILE_SCHEME));
    memcpy(name + strlen(FILE_SCHEME), full, length + 1);
    return name;
}

static bool is_secret(const char *parameter, size_t length)
{
    static const char *const words[] = {"password", "passwd", "secret", "token"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i]);
        for (size_t at = 0; at + size <= length; at++) {
            if (strncasecmp(parameter + at, words[i], size) == 0)
                return true;
        }
    }
    return false;
}

/* Copies the parameters of a URL, those that are secret without their values. */
static char *copy_parameters(char *to, const char *from)
{
    while (*from) {
        size_t length = strcspn(from, "&");
        size_t name = strcspn(from, "=&");
        size_t kept = name < length && is_secret(from, name) ? name + 1 : length;
        memcpy(to, from, kept);
        to += kept;
        if (kept < length) {
            memcpy(to, HIDDEN, strlen(HIDDEN));
            to += strlen(HIDDEN);
        }
        from += length;
        if (*from)
            *to++ = *from++;
    }
    return to;
}

/* The colon behind the user's name, if a password may follow: an @ comes later. */
static const char *find_password(const char *url)
{
    const char *user = strstr(url, "://");
    if (!user)
        return NULL;
    user += strlen("://");
    user += strcspn(user, ":@/?");
    return *user == ':' && strchr(user, '@') ? user : NULL;
}

/* Where the URL goes on behind the password: what hides too much hides no less than it. */
static const char *skip_password(const char *password)
{
    const char *at = strrchr(password, '@');
    const char *question = strchr(password, '?');
    return question && question < at ? "" : at; /* an @ among the parameters: which one ended the password? */
}

static char *name_of_address(const char *url)
{
    char *name = shop_mem_alloc(strlen(url) * (1 + strlen(HIDDEN)) + strlen(HIDDEN) + 1);
    if (!name)
        return NULL;
    char *to = name;
    const char *rest = url;
    const char *password = find_password(url);
    if (password) {
        size_t before = (size_t)(password + 1 - url);
        memcpy(to, url, before);
        memcpy(to + before, HIDDEN, strlen(HIDDEN));
        to += before + strlen(HIDDEN);
        rest = skip_password(password);
    }
    size_t plain = strcspn(rest, "?");
    plain += rest[plain] ? 1 : 0;
    memcpy(to, rest, plain);
    to = copy_parameters(to + plain, rest + plain);
    *to = '\0';
    return name;
}

char *shop_copy_name(const char *url)
{
    return is_file(url) ? name_of_file(url) : name_of_address(url);
}

/* ------------------------------------------------------------------------------------------------ opening */

static bool is_same_file(const char *a, const char *b)
{
    struct stat first;
    struct stat second;
    return is_file(a) && is_file(b) && stat(a + strlen(FILE_SCHEME), &first) == 0 &&
           stat(b + strlen(FILE_SCHEME), &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static shop_status name_place(shop_copy_place *place, const char *url)
{
    place->url = url;
    place->name = shop_copy_name(url);
    if (!place->name)
        return shop_copy_fail_no_memory();
    place->vt = shop_storage_find(url);
    if (!place->vt) {
        shop_reason_note(SHOP_REASON_URL);
        return shop_copy_fail(SHOP_INVALID, "no storage backend is known for %s", place->name);
    }
    return SHOP_OK;
}

static int32_t try_to_open(const shop_copy_job *job, shop_copy_place *place, uint32_t flags, shop_fault *fault)
{
    place->host =
        (shop_storage_host){.struct_size = sizeof place->host, .log = job->in->log, .user = job->in->log_user, .flags = flags};
    *fault = (shop_fault){.outcome = SHOP_STORAGE_OK};
    int32_t outcome = place->vt->open(place->url, job->schema, &place->host, &place->self, fault);
    if (outcome != SHOP_STORAGE_OK)
        place->self = NULL;
    return outcome;
}

static shop_status fail_open(const shop_copy_place *place, int32_t outcome, const shop_fault *fault)
{
    shop_reason_note_fault(fault);
    switch (outcome) {
    case SHOP_STORAGE_NO_MEMORY:
        return shop_copy_fail_no_memory();
    case SHOP_STORAGE_INVALID:
        return shop_copy_fail(SHOP_INVALID, "%s is not a URL that can be used: %s", place->name, fault->detail);
    case SHOP_STORAGE_FOREIGN:
    case SHOP_STORAGE_NEWER:
        return shop_copy_fail(SHOP_CONFLICT, "%s is not a shop of this version: %s", place->name, fault->detail);
    case SHOP_STORAGE_ABSENT:
        shop_reason_note(SHOP_REASON_NONE);
        return shop_copy_fail(SHOP_CONFLICT, "there is no shop at %s", place->name);
    default:
        return shop_copy_fail(SHOP_UNAVAILABLE, "%s cannot be opened: %s", place->name, fault->detail);
    }
}

static shop_status open_source(shop_copy_job *job)
{
    shop_fault fault;
    int32_t outcome = try_to_open(job, &job->from, SHOP_STORAGE_READ_ONLY, &fault);
    if (outcome == SHOP_STORAGE_OLDER)
        return shop_copy_fail(SHOP_CONFLICT,
                              "%s is a shop of an older version: upgrade it first (shopd migrate --database …), then copy it",
                              job->from.name);
    return outcome == SHOP_STORAGE_OK ? SHOP_OK : fail_open(&job->from, outcome, &fault);
}

/* Opening for writing would upgrade an older shop: so it is looked at first. A backend that cannot tell then says so itself. */
static shop_status open_target(shop_copy_job *job)
{
    shop_fault fault;
    int32_t outcome = try_to_open(job, &job->to, SHOP_STORAGE_READ_ONLY, &fault);
    if (outcome == SHOP_STORAGE_OK) {
        job->to.vt->close(job->to.self);
        job->to.self = NULL;
    } else if (outcome == SHOP_STORAGE_OLDER) {
        return shop_copy_fail(SHOP_CONFLICT, "%s is a shop of an older version, and not empty: give an empty place",
                              job->to.name);
    } else if (outcome != SHOP_STORAGE_ABSENT && outcome != SHOP_STORAGE_UNAVAILABLE) {
        return fail_open(&job->to, outcome, &fault);
    }
    outcome = try_to_open(job, &job->to, 0, &fault);
    return outcome == SHOP_STORAGE_OK ? SHOP_OK : fail_open(&job->to, outcome, &fault);
}

shop_status shop_copy_open_places(shop_copy_job *job)
{
    shop_status status = name_place(&job->from, job->in->from);
    if (status == SHOP_OK)
        status = name_place(&job->to, job->in->to);
    if (status != SHOP_OK)
        return status;
    if (strcmp(job->from.url, job->to.url) == 0 || strcmp(job->from.name, job->to.name) == 0 ||
        is_same_file(job->from.url, job->to.url))
        return shop_copy_fail(SHOP_INVALID, "source and target are the same place: %s", job->from.name);
    status = open_source(job);
    return status == SHOP_OK ? open_target(job) : status;
}

static void close_place(shop_copy_place *place)
{
    if (place->self)
        place->vt->close(place->self);
    place->self = NULL;
    shop_mem_free(place->name);
    place->name = NULL;
}

void shop_copy_close_places(shop_copy_job *job)
{
    close_place(&job->to);
    close_place(&job->from);
}
