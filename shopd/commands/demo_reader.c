/* SPDX-License-Identifier: MIT */
/* Reads JSON of our own, the embedded demo shop, from front to back. What it does not expect makes it fail, and stay so. */
#include "demo_reader.h"

#include <stdlib.h>
#include <string.h>

static void skip_space(demo_reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static void expect(demo_reader *r, char wanted)
{
    skip_space(r);
    if (r->failed || *r->at != wanted) {
        r->failed = 1;
        return;
    }
    r->at++;
}

/* 1 when there is more before `bracket`; at the bracket it is passed. */
static int more(demo_reader *r, char bracket)
{
    skip_space(r);
    if (!r->failed && *r->at == ',') {
        r->at++;
        skip_space(r);
    }
    if (r->failed || *r->at == bracket) {
        r->at += r->failed ? 0 : 1;
        return 0;
    }
    return 1;
}

void demo_enter(demo_reader *r, char bracket)
{
    expect(r, bracket);
}

int demo_member(demo_reader *r, char *name, size_t size)
{
    if (!more(r, '}')) {
        return 0;
    }
    demo_text(r, name, size);
    expect(r, ':');
    return !r->failed;
}

int demo_item(demo_reader *r)
{
    return more(r, ']');
}

static char unescaped(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

void demo_text(demo_reader *r, char *text, size_t size)
{
    size_t length = 0;
    expect(r, '"');
    while (!r->failed && *r->at != '"') {
        char c = *r->at++;
        if (c == '\\') {
            c = strchr("\"\\/nt", *r->at) != NULL ? unescaped(*r->at) : '\0';
            r->at++;
        }
        if (c == '\0' || length + 1 >= size) {
            r->failed = 1;
        } else {
            text[length++] = c;
        }
    }
    text[length] = '\0';
    r->at += r->failed ? 0 : 1;
}

void demo_number(demo_reader *r, int64_t *number)
{
    char *end = NULL;
    skip_space(r);
    if (!r->failed) {
        *number = strtoll(r->at, &end, 10);
        r->failed = end == r->at;
        r->at = end;
    }
}

void demo_truth(demo_reader *r, int64_t *truth)
{
    skip_space(r);
    if (!r->failed && strncmp(r->at, "true", 4) == 0) {
        *truth = 1;
        r->at += 4;
    } else if (!r->failed && strncmp(r->at, "false", 5) == 0) {
        *truth = 0;
        r->at += 5;
    } else {
        r->failed = 1;
    }
}

void demo_skip(demo_reader *r)
{
    char name[128];
    char text[4096];
    skip_space(r);
    if (*r->at == '{') {
        demo_enter(r, '{');
        while (demo_member(r, name, sizeof name)) {
            demo_skip(r);
        }
    } else if (*r->at == '[') {
        demo_enter(r, '[');
        while (demo_item(r)) {
            demo_skip(r);
        }
    } else if (*r->at == '"') {
        demo_text(r, text, sizeof text);
    } else {
        size_t length = strcspn(r->at, ",]} \t\r\n");
        r->failed |= length == 0;
        r->at += length;
    }
}
