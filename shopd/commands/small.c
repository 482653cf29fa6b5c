/* SPDX-License-Identifier: MIT */
/* The small commands: openapi, version, help; and the list of all. */
#include <stdlib.h>
#include <string.h>

#include "../app/app.h"
#include "../app/openapi.h"
#include "commands.h"

static const command commands[] = {
    {"serve", command_serve, NULL, "listen demo", "serve the shop over HTTP (the default)",
     "Prints `shopd: listening on URL` when it is ready; SIGTERM or SIGINT ends it gracefully.\n"
     "  --listen ADDR:PORT   where (default 127.0.0.1:8000; port 0: a free one)\n"
     "  --demo               fill an empty shop with demo goods and make an administrator\n"},
    {"migrate", command_migrate, NULL, "from to", "make or upgrade the database; with --from and --to: copy a shop",
     "Makes or upgrades the tables of --database, then ends.\n"
     "  --from URL --to URL  instead: copy the whole shop at the first URL into the empty database at the second, whatever\n"
     "                       backends they are: shopd migrate --from sqlite:shop.db --to postgresql://shop@host/shop\n"
     "\n"
     "End every shopd that uses the source before. It is only read. The target must be empty, and no shopd opens it before "
     "the\n"
     "copy is finished. At the end both sides are read again and compared, rows and checksums.\n"
     "A copy that was interrupted, even by kill -9 or a crash of the server, is continued by the same command. One that goes\n"
     "wrong is given up by emptying the target. A target that does not answer is waited for, a minute at a time.\n"
     "Passwords are better kept out of the command line: libpq reads PGPASSWORD, or ~/.pgpass.\n"
     "Everything is in the database, except the SECRET_KEY: give the new shopd the same one, or everybody must log in again.\n"
     "Pictures of products are links; what they lead to stays where it is.\n"},
    {"create-admin", command_create_admin, "EMAIL", "password-stdin", "make an administrator, or give one a new password",
     "Asks for the password on a terminal; without one makes a password and prints it once.\n"
     "  --password-stdin     take the first line of standard input as the password\n"},
    {"load-demo", command_load_demo, NULL, "", "fill the shop with demo goods; what is there stays", ""},
    {"openapi", command_openapi, NULL, "yaml", "print the OpenAPI document", "  --yaml               as YAML\n"},
    {"jobs", command_jobs, NULL, "watch", "do what is due: expire orders, finish payments, drop old keys",
     "A serving shopd does this by itself.\n"
     "  --watch              go on until SIGTERM or SIGINT\n"},
    {"version", command_version, NULL, "", "print the version", ""},
    {"help", command_help, "[CMD]", "", "explain a command; `help config`: every setting; `help exit`: every exit code", ""},
};

const command *command_at(size_t i)
{
    return i < sizeof commands / sizeof commands[0] ? &commands[i] : NULL;
}

const command *command_find(const char *name)
{
    for (size_t i = 0; command_at(i) != NULL; i++) {
        if (strcmp(command_at(i)->name, name) == 0) {
            return command_at(i);
        }
    }
    return NULL;
}

int command_openapi(command_line *line)
{
    char error[256];
    struct app app;
    memset(&app, 0, sizeof app);
    int code = EXIT_DONE;
    if (!app_open(&app, &line->settings, error, sizeof error)) {
        code = command_fail(EXIT_FAILED, "%s", error);
    } else {
        const document_text *document = line->yaml ? &app.openapi_yaml : &app.openapi_json;
        if (fwrite(document->data, 1, document->length, stdout) != document->length || putchar('\n') == EOF) {
            code = command_fail(EXIT_FAILED, "standard output cannot be written");
        }
    }
    app_close(&app);
    return code;
}

int command_version(command_line *line)
{
    (void)line;
    printf("shopd %d.%d.%d (libshop %s)\n", SHOP_VERSION_MAJOR, SHOP_VERSION_MINOR, SHOP_VERSION_PATCH, shop_version());
    return EXIT_DONE;
}

static void print_overview(void)
{
    puts("usage: shopd [COMMAND] [--database URL] [--config FILE] …\n");
    for (size_t i = 0; command_at(i) != NULL; i++) {
        printf("  %-14s %s\n", command_at(i)->name, command_at(i)->summary);
    }
    puts("\nEvery command takes\n"
         "  --database URL       sqlite:PATH (default sqlite:shop.db), memory:, or another backend's\n"
         "  --config FILE        KEY=VALUE lines; flags beat the environment, which beats FILE, which beats .env\n"
         "\n`shopd help config` lists the settings, `shopd help exit` the exit codes.");
}

int command_help(command_line *line)
{
    if (line->word == NULL) {
        print_overview();
        return EXIT_DONE;
    }
    if (strcmp(line->word, "config") == 0) {
        puts("Settings, from the environment, --config FILE, or .env:\n");
        config_print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(line->word, "exit") == 0) {
        exit_print_help(stdout);
        return EXIT_DONE;
    }
    const command *c = command_find(line->word);
    if (c == NULL) {
        return command_fail(EXIT_USAGE, "there is no command %s; `shopd help` lists them", line->word);
    }
    printf("shopd %s%s%s: %s\n%s", c->name, c->word != NULL ? " " : "", c->word != NULL ? c->word : "", c->summary, c->help);
    return EXIT_DONE;
}
