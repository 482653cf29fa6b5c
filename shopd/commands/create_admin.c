/* SPDX-License-Identifier: MIT */
/* create-admin: makes an account that is staff, or gives one a new password. */
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <shop/account.h>

#include "../config/secret.h"
#include "commands.h"

#define PASSWORD 1100 /* a little more than the longest that is taken */

/* Reads one line without its end; 0 when there is none or it is too long. */
static int read_line(char *text, size_t size)
{
    if (fgets(text, (int)size, stdin) == NULL) {
        return 0;
    }
    size_t length = strcspn(text, "\r\n");
    int whole = text[length] != '\0' || feof(stdin);
    text[length] = '\0';
    return whole && length > 0;
}

/* Asks on the terminal, without showing what is typed. */
static int prompt(const char *question, char *text, size_t size)
{
    struct termios shown;
    if (tcgetattr(STDIN_FILENO, &shown) != 0) {
        return 0;
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0) {
        return 0;
    }
    fputs(question, stderr);
    int ok = read_line(text, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return ok;
}

/* Where the password comes from: standard input, the terminal (asked twice), or made here and to be shown once. */
static int find_password(const command_line *line, char *password, size_t size, int *made)
{
    char again[PASSWORD];
    *made = 0;
    if (line->password_stdin) {
        return read_line(password, size) ? EXIT_DONE
                                         : command_fail(EXIT_USAGE, "standard input has no password on its first line");
    }
    if (!isatty(STDIN_FILENO)) {
        *made = 1;
        return secret_random_hex(password, size, 12) ? EXIT_DONE : command_fail(EXIT_FAILED, "no random numbers");
    }
    if (!prompt("New password: ", password, size) || !prompt("The same again: ", again, sizeof again)) {
        return command_fail(EXIT_USAGE, "no password was typed");
    }
    int same = strcmp(password, again) == 0;
    secret_wipe(again, sizeof again);
    return same ? EXIT_DONE : command_fail(EXIT_USAGE, "the two passwords differ");
}

static int create(shop *s, const char *email, const char *password)
{
    const shop_user *user = NULL;
    shop_ctx *cx = command_context(s);
    if (cx == NULL) {
        return EXIT_FAILED;
    }
    int code = EXIT_DONE;
    if (shop_account_create_admin(cx, email, password, &user) != SHOP_OK) {
        code = command_fail_call(cx, "the administrator cannot be made");
    }
    shop_ctx_free(cx);
    return code;
}

int command_create_admin(command_line *line)
{
    char password[PASSWORD];
    shop *s = NULL;
    int made = 0;
    int code = command_open_shop(line, NULL, &s);
    if (code == EXIT_DONE) {
        code = find_password(line, password, sizeof password, &made);
    }
    if (code == EXIT_DONE) {
        code = create(s, line->word, password);
    }
    if (code == EXIT_DONE) {
        printf("%s is an administrator now\n", line->word);
    }
    if (code == EXIT_DONE && made) {
        printf("password (shown only now): %s\n", password);
    }
    secret_wipe(password, sizeof password);
    shop_close(s);
    return code;
}
