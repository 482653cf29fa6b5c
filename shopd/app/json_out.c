/* SPDX-License-Identifier: MIT */
/* Writes documents of shopd's own (problems, OpenAPI) from one stream of events: as JSON, or as YAML for people. */
#include "json_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_out_init(json_out *out, int format)
{
    memset(out, 0, sizeof *out);
    out->format = format;
}

void json_out_reset(json_out *out)
{
    out->length = 0;
    out->failed = 0;
    out->depth = 0;
}

void json_out_free(json_out *out)
{
    free(out->data);
    json_out_init(out, out->format);
}

/* Makes room for `more` bytes and a NUL. */
static int reserve(json_out *out, size_t more)
{
    if (out->failed || more > JSON_OUT_MAX || out->length + more >= JSON_OUT_MAX) {
        out->failed = 1;
        return 0;
    }
    if (out->length + more < out->capacity) {
        return 1;
    }
    size_t capacity = out->capacity == 0 ? 1024 : out->capacity;
    while (capacity <= out->length + more) {
        capacity *= 2;
    }
    char *data = realloc(out->data, capacity);
    if (data == NULL) {
        out->failed = 1;
        return 0;
    }
    out->data = data;
    out->capacity = capacity;
    return 1;
}

void json_out_raw(json_out *out, const char *bytes, size_t length)
{
    if (reserve(out, length)) {
        memcpy(out->data + out->length, bytes, length);
        out->length += length;
        out->data[out->length] = '\0';
    }
}

void json_out_rawf(json_out *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text) {
        out->failed = 1;
        return;
    }
    json_out_raw(out, text, (size_t)length);
}

static void put(json_out *out, const char *text)
{
    json_out_raw(out, text, strlen(text));
}

/* A JSON string; YAML reads it as well. */
static void put_quoted(json_out *out, const char *text)
{
    put(out, "\"");
    const char *start = text;
    const char *at = text;
    for (; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f) {
            continue;
        }
        json_out_raw(out, start, (size_t)(at - start));
        start = at + 1;
        if (byte == '"' || byte == '\\') {
            json_out_rawf(out, "\\%c", byte);
        } else if (byte == '\n') {
            put(out, "\\n");
        } else {
            json_out_rawf(out, "\\u%04x", (unsigned)byte);
        }
    }
    json_out_raw(out, start, (size_t)(at - start));
    put(out, "\"");
}

static int is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Texts that YAML takes for a text without quotes, whatever its version: a word of letters that is no keyword. */
static int is_plain_in_yaml(const char *text)
{
    static const char *const keywords[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"};
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (!is_name_character(c) && (i == 0 || ((c < '0' || c > '9') && c != '-'))) {
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        const char *word = keywords[i];
        size_t same = 0;
        while (word[same] != '\0' && (text[same] | 0x20) == word[same]) {
            same++;
        }
        if (word[same] == '\0' && text[same] == '\0') {
            return 0;
        }
    }
    return length > 0;
}

static void put_yaml_text(json_out *out, const char *text)
{
    if (is_plain_in_yaml(text)) {
        put(out, text);
    } else {
        put_quoted(out, text);
    }
}

static void indent_yaml(json_out *out)
{
    if (out->length > 0) {
        put(out, "\n");
    }
    for (int i = 1; i < out->depth; i++) {
        put(out, "  ");
    }
}

/* What stands before a value: separator, indentation, key. */
static void begin_value(json_out *out, const char *key)
{
    if (out->depth == 0) {
        return;
    }
    struct json_out_level *level = &out->levels[out->depth - 1];
    if (out->format == JSON_OUT_YAML) {
        indent_yaml(out);
        if (level->is_array) {
            put(out, "-");
        } else {
            put_yaml_text(out, key);
            put(out, ":");
        }
    } else {
        if (!level->is_empty) {
            put(out, ",");
        }
        if (!level->is_array) {
            put_quoted(out, key);
            put(out, ":");
        }
    }
    level->is_empty = 0;
}

static void put_scalar(json_out *out, const char *key, const char *text)
{
    begin_value(out, key);
    if (out->format == JSON_OUT_YAML && out->depth > 0) {
        put(out, " ");
    }
    put(out, text);
}

static void open_level(json_out *out, const char *key, int is_array)
{
    begin_value(out, key);
    if (out->depth >= JSON_OUT_DEPTH) {
        out->failed = 1;
        return;
    }
    out->levels[out->depth].is_array = (char)is_array;
    out->levels[out->depth].is_empty = 1;
    out->depth++;
    if (out->format == JSON_OUT_COMPACT) {
        put(out, is_array ? "[" : "{");
    }
}

static void close_level(json_out *out, int is_array)
{
    if (out->depth == 0) {
        out->failed = 1;
        return;
    }
    out->depth--;
    if (out->format == JSON_OUT_COMPACT) {
        put(out, is_array ? "]" : "}");
    } else if (out->levels[out->depth].is_empty) {
        put(out, is_array ? " []" : " {}");
    }
    if (out->format == JSON_OUT_YAML && out->depth == 0) {
        put(out, "\n");
    }
}

void json_out_object(json_out *out, const char *key)
{
    open_level(out, key, 0);
}

void json_out_end_object(json_out *out)
{
    close_level(out, 0);
}

void json_out_array(json_out *out, const char *key)
{
    open_level(out, key, 1);
}

void json_out_end_array(json_out *out)
{
    close_level(out, 1);
}

void json_out_text(json_out *out, const char *key, const char *text)
{
    begin_value(out, key);
    if (out->format == JSON_OUT_YAML) {
        put(out, out->depth > 0 ? " " : "");
        put_yaml_text(out, text);
    } else {
        put_quoted(out, text);
    }
}

void json_out_int(json_out *out, const char *key, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    put_scalar(out, key, text);
}

void json_out_bool(json_out *out, const char *key, int truth)
{
    put_scalar(out, key, truth ? "true" : "false");
}

void json_out_null(json_out *out, const char *key)
{
    put_scalar(out, key, "null");
}
