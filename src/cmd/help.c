/* help.c - `spillway help`, `--help`, and what is said of unknown commands. */
#include "spillway/help.h"

#include <stdio.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/commands.h"
#include "spillway/macros.h"
#include "spillway/words.h"

enum { WIDTH = 80 };

/* --- the program -------------------------------------------------------- */

int help_program(FILE *out, int status)
{
    (void)fprintf(out,
                  "Usage: spillway COMMAND [OPTION]...\n"
                  "       spillway help COMMAND\n"
                  "       spillway --version\n\n"
                  "Lets gateway pods run on the nodes set apart for them and "
                  "spill over to virtual\nnodes.\n\n"
                  "Commands:\n");
    for (size_t i = 0; i < n_commands; i++)
        (void)fprintf(out, "  %-20s%s\n", commands[i]->name,
                      commands[i]->summary);
    return status == STATUS_OK ? command_done(status) : status;
}

int help_group(FILE *out, const char *group, int status)
{
    (void)fprintf(out, "Usage: spillway %s COMMAND [OPTION]...\n\nCommands:\n",
                  group);
    for (size_t i = 0; i < n_commands; i++) {
        const char *name = commands_name_in(commands[i], group);

        if (name)
            (void)fprintf(out, "  %-18s%s\n", name, commands[i]->summary);
    }
    return status == STATUS_OK ? command_done(status) : status;
}

int help_unknown(int argc, char *argv[])
{
    bool is_group = commands_is_group(argv[0]);
    auto_buf struct buf name = { 0 };

    words_outside(&name, text_of(argv[0]));
    if (is_group && argc > 1) {
        buf_add_char(&name, ' ');
        words_outside(&name, text_of(argv[1]));
    }
    if (!is_group || argc > 1)
        (void)fprintf(stderr,
                      "spillway: no command '%s' (see `spillway help`)\n",
                      name.data ? name.data : "");
    return is_group ? help_group(stderr, argv[0], STATUS_USAGE) : STATUS_USAGE;
}

/* --- one command -------------------------------------------------------- */

const char *help_exits(const struct command *command)
{
    return command->exits ? command->exits : "0 done\n2 could not run";
}

/* "-o, --output FORMAT": the left column of a row. */
static int option_label(const struct option *option, char *out, size_t size)
{
    char letter[5] = "    ";

    if (option->letter)
        (void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    return snprintf(out, size, "  %s--%s%s%s", letter, option->name,
                    option->argument ? " " : "",
                    option->argument ? option->argument : "");
}

/* Where the phrases begin: two blanks behind the longest label. */
static int phrase_column(const struct command *command)
{
    int column = (int)strlen("  -h, --help");
    char label[WIDTH];

    for (size_t i = 0; i < command->n_options; i++) {
        int len = option_label(&command->options[i], label, sizeof(label));

        if (len > column)
            column = len;
    }
    return column + 2;
}

/* Print text from `column` on, folded between words at the screen's edge. */
static void print_folded(const char *text, int from)
{
    size_t column = (size_t)from;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (column > (size_t)from && column + 1 + word > WIDTH) {
            printf("\n%*s", from, "");
            column = (size_t)from;
        } else if (column > (size_t)from) {
            column += (size_t)printf(" ");
        }
        column += (size_t)printf("%.*s", (int)word, text);
        text += word + (text[word] == ' ');
    }
    printf("\n");
}

static void print_options(const struct command *command)
{
    int column = phrase_column(command);
    char label[WIDTH];

    printf("\nOptions:\n");
    for (size_t i = 0; i < command->n_options; i++) {
        (void)option_label(&command->options[i], label, sizeof(label));
        printf("%-*s", column, label);
        print_folded(command->options[i].help, column);
    }
    printf("%-*s%s\n", column, "  -h, --help", "show help on one screen");
}

/* One paragraph: "Exit status: 0 done, 2 could not run." */
static void print_exits(const struct command *command)
{
    static const char label[] = "Exit status:";
    auto_buf struct buf line = { 0 };

    for (const char *at = help_exits(command); *at; at++) {
        if (*at == '\n')
            buf_add_string(&line, ", ");
        else
            buf_add_char(&line, *at);
    }
    buf_add_char(&line, '.');
    printf("\n%s ", label);
    if (!line.failed)
        print_folded(line.data, (int)sizeof(label));
}

static void print_usage(const struct command *command)
{
    printf("Usage: spillway %s%s%s%s\n\n%s.\n", command->name,
           command->n_options ? " [OPTION]..." : "",
           *command->operands ? " " : "", command->operands, command->summary);
}

void help_screen(const struct command *command)
{
    print_usage(command);
    print_options(command);
    print_exits(command);
    printf("`spillway help %s` tells more.\n", command->name);
}

void help_all(const struct command *command)
{
    print_usage(command);
    print_options(command);
    if (command->details)
        printf("\n%s", command->details);
    print_exits(command);
}

/* --- spillway help ------------------------------------------------------ */

struct help_options {
    bool man;
};

static const struct option options[] = {
    { .name = "man",
      .kind = OPTION_FLAG,
      .offset = offsetof(struct help_options, man),
      .help = "print a man page, as roff for man(1)" },
};

/* What the words, at least one, name. */
static int tell_about(const struct command *help, int argc, char *argv[],
                      bool man)
{
    int words;
    const struct command *command = commands_find(argc, argv, &words);

    if (command && words < argc)
        return command_usage(help, "'%s' is all of a command's name",
                             command->name);
    if (!command && argc == 1 && commands_is_group(argv[0]) && !man)
        return help_group(stdout, argv[0], STATUS_OK);
    if (!command)
        return help_unknown(argc, argv);
    if (man)
        manual_print(command);
    else
        help_all(command);
    return command_done(STATUS_OK);
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct help_options given = { 0 };
    int status, operands = options_parse(command, argc, argv, &given, &status);

    if (operands < 0)
        return status;
    if (operands > 0)
        return tell_about(command, operands, argv, given.man);
    if (!given.man)
        return help_program(stdout, STATUS_OK);
    manual_print(NULL);
    return command_done(STATUS_OK);
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "Tell about the commands, or all about one",
    .details =
        "COMMAND is one of those that `spillway help` lists, like serve or "
        "certs issue.\nOf a group, like certs, the commands are listed.\n\n"
        "Example:\n"
        "  spillway help --man certs issue | man -l -\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
