/* SPDX-License-Identifier: MIT */
/* shopd: reads the command line, settles the settings, and runs one command. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/log.h"
#include "commands/commands.h"

#define ENV_FILE ".env"

/* Flags that every command takes have no name of a command's own list. */
static const struct flag_row {
    const char *name;
    const char *setting; /* the setting that it gives; NULL: a switch, or one with a text of its own (text_place) */
    int for_all;
} flag_rows[] = {
    {"database", "DATABASE_URL", 1},
    {"config", NULL, 1},
    {"listen", "SHOP_LISTEN", 0},
    {"demo", NULL, 0},
    {"password-stdin", NULL, 0},
    {"yaml", NULL, 0},
    {"watch", NULL, 0},
    {"from", NULL, 0},
    {"to", NULL, 0},
};

static int has_word(const char *words, const char *word, size_t length)
{
    const char *at = words;
    while (*at != '\0') {
        size_t here = strcspn(at, " ");
        if (here == length && strncmp(at, word, length) == 0) {
            return 1;
        }
        at += here;
        at += strspn(at, " ");
    }
    return 0;
}

static const struct flag_row *find_flag(const command *c, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof flag_rows / sizeof flag_rows[0]; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (strlen(row->name) == length && strncmp(row->name, name, length) == 0 &&
            (row->for_all || has_word(c->flags, name, length))) {
            return row;
        }
    }
    return NULL;
}

static void set_switch(command_line *line, const char *name)
{
    line->settings.demo |= strcmp(name, "demo") == 0;
    line->password_stdin |= strcmp(name, "password-stdin") == 0;
    line->yaml |= strcmp(name, "yaml") == 0;
    line->watch |= strcmp(name, "watch") == 0;
}

/* Where the text of a flag goes that is neither a setting nor a switch; NULL: it is one of these. */
static const char **text_place(command_line *line, const char *name, const char **config_file)
{
    if (strcmp(name, "from") == 0) {
        return &line->from;
    }
    if (strcmp(name, "to") == 0) {
        return &line->to;
    }
    return strcmp(name, "config") == 0 ? config_file : NULL;
}

/* Takes the flag at arguments[*i], and its value behind "=" or in the next argument. */
static int take_flag(command_line *line, const command *c, char **arguments, int *i, const char **config_file)
{
    const char *name = arguments[*i] + 2;
    size_t length = strcspn(name, "=");
    const struct flag_row *row = find_flag(c, name, length);
    if (row == NULL) {
        return command_fail(EXIT_USAGE, "%s takes no %s; `shopd help %s` says more", c->name, arguments[*i], c->name);
    }
    const char **place = text_place(line, row->name, config_file);
    if (row->setting == NULL && place == NULL) {
        if (name[length] == '=') {
            return command_fail(EXIT_USAGE, "--%s takes no value", row->name);
        }
        set_switch(line, row->name);
        return EXIT_DONE;
    }
    const char *value = name[length] == '=' ? name + length + 1 : arguments[++*i];
    if (value == NULL || value[0] == '\0') {
        return command_fail(EXIT_USAGE, "--%s needs a value", row->name);
    }
    if (place != NULL) {
        *place = value;
        return EXIT_DONE;
    }
    if (!config_set(&line->settings, row->setting, value, arguments[*i])) {
        return command_fail(EXIT_USAGE, "%s", line->settings.error);
    }
    return EXIT_DONE;
}

static int take_word(command_line *line, const command *c, const char *word)
{
    if (c->word == NULL || line->word != NULL) {
        return command_fail(EXIT_USAGE, "%s does not take '%s'; `shopd help %s` says more", c->name, word, c->name);
    }
    line->word = word;
    return EXIT_DONE;
}

static int read_arguments(command_line *line, const command *c, char **arguments, const char **config_file)
{
    int code = EXIT_DONE;
    for (int i = 0; code == EXIT_DONE && arguments[i] != NULL; i++) {
        int is_flag = strncmp(arguments[i], "--", 2) == 0;
        code = is_flag ? take_flag(line, c, arguments, &i, config_file) : take_word(line, c, arguments[i]);
    }
    if (code == EXIT_DONE && c->word != NULL && c->word[0] != '[' && line->word == NULL) {
        return command_fail(EXIT_USAGE, "usage: shopd %s %s", c->name, c->word);
    }
    return code;
}

static int read_settings(command_line *line, const char *config_file)
{
    config *settings = &line->settings;
    int ok = config_read_environment(settings, environ) &&
             (config_file == NULL || config_read_file(settings, config_file, 1, 1)) &&
             config_read_file(settings, ENV_FILE, 0, 0) && config_finish(settings);
    return ok ? EXIT_DONE : command_fail(EXIT_USAGE, "%s", settings->error);
}

/* `shopd --version`, `--help`, `-h` are understood as the commands. */
static const char *command_name(const char *first)
{
    if (first == NULL) {
        return "serve";
    }
    if (strcmp(first, "--version") == 0) {
        return "version";
    }
    return strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ? "help" : first;
}

static int needs_settings(const command *c)
{
    return c->run != command_help && c->run != command_version;
}

static int run(command_line *line, char **arguments)
{
    const char *config_file = NULL;
    const char *name = command_name(arguments[0]);
    int is_flag = strncmp(name, "--", 2) == 0;
    const command *c = command_find(is_flag ? "serve" : name);
    if (c == NULL) {
        return command_fail(EXIT_USAGE, "there is no command %s; `shopd help` lists them", name);
    }
    int code = read_arguments(line, c, arguments + (is_flag || arguments[0] == NULL ? 0 : 1), &config_file);
    if (code == EXIT_DONE && needs_settings(c)) {
        code = read_settings(line, config_file);
        if (code == EXIT_DONE) {
            log_open(log_level_of(line->settings.log_level), strcmp(line->settings.log_format, "json") == 0);
        }
    }
    return code == EXIT_DONE ? c->run(line) : code;
}

int main(int count, char **arguments)
{
    command_line line;
    (void)count;
    mallopt(M_ARENA_MAX, 8); /* memory that one thread frees serves the others: a small process stays small */
    memset(&line, 0, sizeof line);
    config_init(&line.settings);
    int code = run(&line, arguments + 1);
    config_free(&line.settings);
    return code;
}
