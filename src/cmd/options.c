/*
 * options.c - what the option tables mean to the parser.
 *
 * getopt_long() is not used because one table must serve the parser, the help
 * text and the reference; what is accepted is the same.
 */
#include "spillway/cmd.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/help.h"
#include "spillway/units.h"

enum { MESSAGE_MAX = 1024 }; /* bytes, with what comes from the outside */

int command_usage(const struct command *command, const char *fmt, ...)
{
    auto_buf struct buf message = { 0 }, shown = { 0 };
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&message, fmt, ap);
    va_end(ap);
    buf_add_shown(&shown, buf_text(&message), MESSAGE_MAX);
    (void)fprintf(stderr, "spillway %s: %s (see `spillway %s --help`)\n",
                  command->name, shown.failed ? "out of memory" : shown.data,
                  command->name);
    return STATUS_USAGE;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);

    for (const char *at = choices; *at; at += *at == '|') {
        size_t width = strcspn(at, "|");

        if (width == len && memcmp(at, value, len) == 0)
            return true;
        at += width;
    }
    return false;
}

static bool list_add(struct option_list *list, const char *value)
{
    const char **items =
        realloc(list->items, (list->count + 1) * sizeof(*items));

    if (!items)
        return false;
    list->items = items;
    list->items[list->count++] = value;
    return true;
}

void option_list_done(struct option_list *list)
{
    free(list->items);
    *list = (struct option_list){ 0 };
}

static bool parse_unsigned(const struct option *option, const char *value,
                           unsigned *out)
{
    long long number;

    if (!isdigit((unsigned char)*value) ||
        !text_parse_integer(text_of(value), &number) || number < option->min ||
        number > option->max)
        return false;
    *out = (unsigned)number;
    return true;
}

/* Store one value, or of a pair both.  Returns what would be right when it is
 * not, else NULL. */
static const char *option_store(const struct option *option, void *settings,
                                const char *value, const char *second)
{
    void *place = (char *)settings + option->offset;

    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return NULL;
    case OPTION_STRING:
        *(const char **)place = value;
        return *value ? NULL : "something that is not empty";
    case OPTION_LIST:
        if (!*value)
            return "something that is not empty";
        return list_add(place, value) ? NULL : "less: memory is short";
    case OPTION_UNSIGNED:
        return parse_unsigned(option, value, place) ? NULL : "a number";
    case OPTION_DURATION:
        return units_parse_duration(value, place)
                   ? NULL
                   : "a duration such as 500ms, 15s, 1m30s or 30d";
    case OPTION_SIZE:
        return units_parse_size(value, place)
                   ? NULL
                   : "a number of bytes such as 65536, 64Ki or 8Mi";
    case OPTION_CHOICE:
        *(const char **)place = value;
        return is_choice(option->choices, value) ? NULL : option->choices;
    case OPTION_PAIR:
        ((const char **)place)[0] = value;
        ((const char **)place)[1] = second;
        return *value && *second ? NULL : "two words that are not empty";
    }
    return NULL;
}

static const struct option *find_long(const struct command *command,
                                      const char *name, size_t len)
{
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *option = &command->options[i];

        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
            return option;
    }
    return NULL;
}

static const struct option *find_letter(const struct command *command,
                                        char letter)
{
    for (size_t i = 0; i < command->n_options; i++) {
        if (command->options[i].letter == letter)
            return &command->options[i];
    }
    return NULL;
}

static int bad_value(const struct command *command, const struct option *option,
                     const char *value, const char *right)
{
    if (option->kind == OPTION_UNSIGNED)
        return command_usage(command,
                             "--%s: '%s' is not a number from %u to %u",
                             option->name, value, option->min, option->max);
    return command_usage(command, "--%s: '%s' is not valid; give %s",
                         option->name, value, right);
}

/*
 * Handle the option word argv[*i] and its argument.  Returns STATUS_OK, or
 * STATUS_USAGE after the mistake was reported.
 */
static int parse_word(const struct command *command, int argc, char *argv[],
                      int *i, void *settings)
{
    const char *word = argv[*i], *value = NULL, *second = NULL, *right;
    const struct option *option;

    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");

        option = find_long(command, word + 2, len);
        if (word[2 + len] == '=')
            value = word + 2 + len + 1;
    } else {
        option = find_letter(command, word[1]);
        if (word[2])
            value = word + 2;
    }
    if (!option)
        return command_usage(command, "unknown option '%s'", word);
    if (option->kind == OPTION_FLAG && value)
        return command_usage(command, "--%s takes no value", option->name);
    if (option->kind != OPTION_FLAG && !value) {
        if (*i + 1 >= argc)
            return command_usage(command, "--%s needs %s", option->name,
                                 option->argument);
        value = argv[++*i];
    }
    if (option->kind == OPTION_PAIR) {
        if (*i + 1 >= argc)
            return command_usage(command, "--%s needs %s", option->name,
                                 option->argument);
        second = argv[++*i];
    }
    right = option_store(option, settings, value, second);
    return right ? bad_value(command, option, value, right) : STATUS_OK;
}

int options_parse(const struct command *command, int argc, char *argv[],
                  void *settings, int *status)
{
    int operands = 0;
    bool options_end = false, failed = false;

    for (int i = 0; i < argc; i++) {
        if (options_end || argv[i][0] != '-' || !argv[i][1]) {
            argv[operands++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (strcmp(argv[i], "--help") == 0 ||
                   strcmp(argv[i], "-h") == 0) {
            help_screen(command);
            *status = command_done(STATUS_OK);
            return -1;
        } else if (parse_word(command, argc, argv, &i, settings) != STATUS_OK) {
            failed = true; /* go on, so that every mistake is said */
        }
    }
    *status = failed ? STATUS_USAGE : STATUS_OK;
    return failed ? -1 : operands;
}
