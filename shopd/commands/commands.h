/* SPDX-License-Identifier: MIT */
/* The commands of shopd: each takes a command line and returns the exit code. */
#ifndef SHOPD_COMMANDS_H
#define SHOPD_COMMANDS_H

#include <signal.h>
#include <stdio.h>

#include <shop/base.h>

#include "../config/config.h"

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_DATABASE 3 /* cannot be opened, is not ours, or newer */
#define EXIT_ADDRESS 4 /* cannot listen there */
/* A database server, when starting again later may help … */
#define EXIT_UNREACHABLE 10
#define EXIT_NAME 11
#define EXIT_STANDBY 12
#define EXIT_OVERLOAD 13
/* … and when a person must act. */
#define EXIT_URL 20
#define EXIT_LOGIN 21
#define EXIT_NO_DATABASE 22
#define EXIT_RIGHT 23
#define EXIT_TLS 24
#define EXIT_VERSION 25
#define EXIT_ENCODING 26
#define EXIT_SCHEMA 27

/* The code of a reason why the database cannot be opened, and what a person can do about it, or "". */
int exit_code_of(shop_reason reason);
const char *exit_advice(shop_reason reason);
/* Prints every code with its meaning. */
void exit_print_help(FILE *to);

typedef struct command_line {
    config settings;
    const char *word; /* the one word behind the command: an e-mail, a command to explain; or NULL */
    const char *from; /* URLs of a copy; or NULL */
    const char *to;
    int password_stdin;
    int yaml;
    int watch;
    const sigset_t *ends; /* blocked signals that end a wait for the database; NULL: none is */
} command_line;

int command_serve(command_line *line);
int command_migrate(command_line *line);
int command_create_admin(command_line *line);
int command_load_demo(command_line *line);
int command_openapi(command_line *line);
int command_jobs(command_line *line);
int command_version(command_line *line);
int command_help(command_line *line);

typedef struct command {
    const char *name;
    int (*run)(command_line *line);
    const char *word; /* what the word is; NULL: none is taken; "[…]": may be left out */
    const char *flags; /* space-separated names of its own flags, beside --database and --config */
    const char *summary;
    const char *help; /* more, for `shopd help CMD`; may be "" */
} command;

/* The command of that name, or NULL. All commands: command_at, NULL beyond the end. */
const command *command_find(const char *name);
const command *command_at(size_t i);

/* Says what is wrong on standard error and returns `code`. */
int command_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Opens the shop of the settings; waits for a database that is away, for as long as they say. `webhook_url`: where the test gateway posts
 * if it serves, or NULL. EXIT_DONE, or another code after the reason was said. EXIT_DONE with *out NULL: one of line->ends came, and is
 * still pending.
 */
int command_open_shop(command_line *line, const char *webhook_url, shop **out);

/* A context that acts as the system; NULL after it was said that memory is out. */
shop_ctx *command_context(shop *s);

/* Says what a call on the context failed with; EXIT_FAILED. */
int command_fail_call(const shop_ctx *cx, const char *what);

/* Loads the demo shop; what is there already stays. *made: how many products were new. SHOP_OK, or the error that is in the context. */
shop_status demo_load(shop_ctx *cx, int64_t *made, FILE *progress);

/* 1: no product is there; 0; or -1 when that cannot be read. */
int demo_shop_is_empty(shop_ctx *cx);

#endif
