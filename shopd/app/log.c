/* SPDX-License-Identifier: MIT */
/* The log of the server: lines to standard error, as text or JSON. Lines of requests are gathered, others go out at once. */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <shop/base.h>

#define GATHERED 32768
#define LINE 2048

static const char *const level_names[] = {"", "error", "warning", "info", "debug"};

/* The process has one log, as it has one standard error. */
static struct {
    pthread_mutex_t lock;
    int32_t level;
    int as_json;
    size_t length;
    char text[GATHERED];
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = SHOP_LOG_WARNING};

void log_open(int32_t level, int as_json)
{
    the_log.level = level;
    the_log.as_json = as_json;
}

int32_t log_level_of(const char *word)
{
    for (int32_t level = SHOP_LOG_ERROR; level <= SHOP_LOG_DEBUG; level++) {
        if (strcmp(level_names[level], word) == 0) {
            return level;
        }
    }
    return 0;
}

int log_wants(int32_t level)
{
    return level <= the_log.level;
}

static void write_out(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno != EINTR) {
            return; /* nobody reads the log: nothing can be told */
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

static void flush_locked(void)
{
    write_out(the_log.text, the_log.length);
    the_log.length = 0;
}

void log_flush(void)
{
    pthread_mutex_lock(&the_log.lock);
    flush_locked();
    pthread_mutex_unlock(&the_log.lock);
}

static void gather(const char *line, size_t length, int at_once)
{
    pthread_mutex_lock(&the_log.lock);
    if (the_log.length + length > sizeof the_log.text) {
        flush_locked();
    }
    memcpy(the_log.text + the_log.length, line, length);
    the_log.length += length;
    if (at_once) {
        flush_locked();
    }
    pthread_mutex_unlock(&the_log.lock);
}

static void put_time(char *text, size_t size)
{
    struct timespec now;
    struct tm parts;
    char date[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, size, "%s.%03ldZ", date, now.tv_nsec / 1000000);
}

/* Takes what would break a line or a JSON text out of it; quotes are kept when `as_json` is 0. */
static size_t put_clean(char *to, size_t size, const char *text, size_t length, int as_json)
{
    static const char digits[] = "0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < length && used + 8 < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (as_json && (byte == '"' || byte == '\\')) {
            to[used++] = '\\';
            to[used++] = (char)byte;
        } else if (byte < 0x20 || byte == 0x7f) {
            memcpy(to + used, "\\u00", 4);
            to[used + 4] = digits[byte >> 4];
            to[used + 5] = digits[byte & 15];
            used += 6;
        } else {
            to[used++] = (char)byte;
        }
    }
    to[used] = '\0';
    return used;
}

void log_write(int32_t level, const char *format, ...)
{
    if (!log_wants(level)) {
        return;
    }
    char message[LINE / 2];
    char clean[LINE / 2 + 16];
    char when[48];
    char line[LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    put_time(when, sizeof when);
    put_clean(clean, sizeof clean, message, strlen(message), the_log.as_json);
    const char *name = level_names[level < SHOP_LOG_ERROR ? SHOP_LOG_ERROR : level];
    int length = the_log.as_json
                     ? snprintf(line, sizeof line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n", when, name, clean)
                     : snprintf(line, sizeof line, "%s %s %s\n", when, name, clean);
    if (length > 0 && (size_t)length < sizeof line) {
        gather(line, (size_t)length, 1);
    }
}

void log_access(const log_request *r)
{
    static const char text_form[] = "%s info %s %s %d %" PRIu64 "B %" PRId64 "us peer=%s user=%" PRId64 " id=%s\n";
    static const char json_form[] =
        "{\"time\":\"%s\",\"level\":\"info\",\"method\":\"%s\",\"path\":\"%s\",\"status\":%d,\"bytes\":%" PRIu64
        ",\"duration_us\":%" PRId64 ",\"peer\":\"%s\",\"user\":%" PRId64 ",\"request_id\":\"%s\"}\n";
    char path[LINE / 2];
    char when[48];
    char line[LINE];
    put_time(when, sizeof when);
    put_clean(path, sizeof path, r->path, (size_t)r->path_length, the_log.as_json);
    int length = 0;
    if (the_log.as_json) {
        length = snprintf(line, sizeof line, json_form, when, r->method, path, r->status, r->bytes, r->duration_us, r->peer,
                          r->actor, r->request_id);
    } else {
        length = snprintf(line, sizeof line, text_form, when, r->method, path, r->status, r->bytes, r->duration_us, r->peer,
                          r->actor, r->request_id);
    }
    if (length > 0 && (size_t)length < sizeof line) {
        gather(line, (size_t)length, 0);
    }
}
