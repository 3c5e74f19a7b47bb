/*
 * completion_zsh.c - the script for zsh.
 *
 * It is a fixed frame around two functions that are made of the tables: the
 * words of commands, for _describe, and what each command takes, for
 * _arguments.
 */
#include "spillway/completion.h"

#include <stdio.h>
#include <string.h>

#include "spillway/commands.h"

/* clang-format off */
static const char head[] =
"#compdef spillway\n"
"# Completion of spillway's command line for zsh.  Printed by\n"
"# `spillway completion zsh`.\n"
"\n"
"# _spillway_words NAME: the words of commands that may follow NAME's, with what\n"
"# they do.\n"
"# _spillway_arguments COMMAND: complete its options and operands.\n";

static const char frame[] =
"\n"
"# Complete a command's name and, with \"arguments\", what is behind it.  $words\n"
"# and $CURRENT are set anew when a function returns, so all is in one.\n"
"_spillway_complete()\n"
"{\n"
"    local command\n"
"    local -a found\n"
"\n"
"    _spillway_words ''\n"
"    while (( CURRENT > 2 )) && [[ -n ${(M)found:#$words[2]:*} ]]; do\n"
"        command+=${command:+ }$words[2]\n"
"        shift words\n"
"        (( CURRENT-- ))\n"
"        _spillway_words $command\n"
"    done\n"
"    if [[ $#found -eq 0 && $1 == arguments ]]; then\n"
"        _spillway_arguments $command\n"
"    elif (( CURRENT > 2 || ! $#found )); then\n"
"        return 1\n"
"    elif [[ $words[CURRENT] != -* ]]; then\n"
"        _describe -t commands command found\n"
"    elif [[ $command ]]; then\n"
"        _arguments '(-h --help)'{-h,--help}'[list the commands]'\n"
"    else\n"
"        _arguments '(-h --help)'{-h,--help}'[list the commands]' \\\n"
"            '--version[print the version]'\n"
"    fi\n"
"}\n"
"\n"
"# The operands of `spillway help`.\n"
"_spillway_commands()\n"
"{\n"
"    words=(help $words)\n"
"    (( CURRENT++ ))\n"
"    _spillway_complete\n"
"}\n"
"\n"
"_spillway()\n"
"{\n"
"    _spillway_complete arguments\n"
"}\n"
"\n"
"# Called at once when autoloaded, else made known.\n"
"if [[ $funcstack[1] == _spillway ]]; then\n"
"    _spillway \"$@\"\n"
"else\n"
"    compdef _spillway spillway\n"
"fi\n";
/* clang-format on */

/* Print text within single quotes, with a backslash before what _arguments and
 * _describe would take as their own. */
static void print_quoted(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", text.data[i]))
            printf("\\%c", text.data[i]);
        else
            (void)putchar(text.data[i]);
    }
}

static void print_string(const char *string)
{
    print_quoted(text_of(string));
}

/* --- commands ----------------------------------------------------------- */

/* Of a group, what its members are called. */
static void print_members(struct text word)
{
    const struct command *command;
    struct text member;
    char group[64];
    size_t at = 0;

    (void)snprintf(group, sizeof(group), "%.*s", TEXT_ARG(word));
    for (size_t i = 0; (member = commands_next(group, &at, &command)).data; i++)
        printf("%s%.*s", i ? ", " : "", TEXT_ARG(member));
}

static void print_words(const char *group)
{
    const struct command *command;
    struct text word;
    size_t at = 0;

    printf("    '%s') found=(\n", group);
    while ((word = commands_next(group, &at, &command)).data) {
        printf("        '%.*s:", TEXT_ARG(word));
        if (command)
            print_string(command->summary);
        else
            print_members(word);
        printf("'\n");
    }
    printf("        ) ;;\n");
}

static void print_all_words(void)
{
    printf("\n_spillway_words()\n{\n    case $1 in\n");
    commands_each_group(print_words);
    printf("    *) found=() ;;\n    esac\n}\n");
}

/* --- arguments ---------------------------------------------------------- */

/* ":MESSAGE:ACTION" of what is taken. */
static void print_action(enum completion what, const char *message,
                         const char *words)
{
    static const char *const actions[] = {
        [COMPLETION_NONE] = " ",
        [COMPLETION_FILES] = "_files",
        [COMPLETION_DIRS] = "_files -/",
    };

    printf(":");
    print_string(message);
    printf(":");
    if (what != COMPLETION_WORDS) {
        printf("%s", actions[what]);
        return;
    }
    printf("(");
    for (; *words; words++)
        (void)putchar(*words == '|' ? ' ' : *words);
    printf(")");
}

/* '(-o --output)'{-o+,--output=}'[help]:FORMAT:(text json)' */
static void print_option(const struct option *option)
{
    bool flag = option->kind == OPTION_FLAG;
    bool list = option->kind == OPTION_LIST;

    printf(" \\\n            '");
    if (list)
        printf("*");
    else if (option->letter)
        printf("(-%c --%s)", option->letter, option->name);
    if (option->letter)
        printf("'{-%c%s,--%s%s}'", option->letter, flag ? "" : "+",
               option->name, flag ? "" : "=");
    else
        printf("--%s%s", option->name, flag ? "" : "=");
    printf("[");
    print_string(option->help);
    printf("]");
    if (!flag)
        print_action(completion_of_option(option), option->argument,
                     option->choices);
    printf("'");
}

static void print_operands(const struct command *command)
{
    enum completion what = completion_of_operands(command);
    const char *operands = command->operands;

    if (!*operands)
        return;
    printf(" \\\n            '");
    if (what == COMPLETION_COMMANDS) {
        printf("*::command:_spillway_commands'");
        return;
    }
    if (strstr(operands, "..."))
        printf("*");
    print_action(what, operands, operands);
    printf("'");
}

static void print_command(const struct command *command)
{
    printf("    '%s')\n        _arguments -S", command->name);
    for (size_t i = 0; i < command->n_options; i++)
        print_option(&command->options[i]);
    printf(" \\\n            '(-h --help)'{-h,--help}'[show help on one "
           "screen]'");
    print_operands(command);
    printf(" ;;\n");
}

void completion_print_zsh(void)
{
    printf("%s", head);
    print_all_words();
    printf("\n_spillway_arguments()\n{\n    case $1 in\n");
    for (size_t i = 0; i < n_commands; i++)
        print_command(commands[i]);
    printf("    esac\n}\n%s", frame);
}
