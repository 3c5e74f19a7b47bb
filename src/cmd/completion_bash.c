/*
 * completion_bash.c - the script for bash.
 *
 * It is a fixed frame around four functions that are made of the tables.  They
 * leave in $found what may follow; there, ":files", ":dirs", ":commands" and
 * ":none" stand for themselves.  Nothing but bash is needed, no package of
 * functions for completion.
 */
#include "spillway/completion.h"

#include <stdio.h>
#include <string.h>

#include "spillway/commands.h"

/* clang-format off */
static const char head[] =
"# Completion of spillway's command line for bash.  Printed by\n"
"# `spillway completion bash`.\n"
"\n"
"# _spillway_words NAME: the words of commands that may follow NAME's.\n"
"# _spillway_options COMMAND: its options.\n"
"# _spillway_value COMMAND OPTION: what the option takes; a flag takes nothing.\n"
"# _spillway_operands COMMAND: what it takes beside options.\n";

static const char frame[] =
"\n"
"# Offer those of $found that begin with $1.\n"
"_spillway_offer()\n"
"{\n"
"    case $found in\n"
"    :none) ;;\n"
"    :files) compopt -o default ;;\n"
"    :dirs) compopt -o dirnames ;;\n"
"    *) mapfile -t COMPREPLY < <(compgen -W \"$found\" -- \"$1\") ;;\n"
"    esac\n"
"}\n"
"\n"
"_spillway()\n"
"{\n"
"    local IFS=$' \\t\\n' cur=${COMP_WORDS[COMP_CWORD]}\n"
"    local command= option= operands= only_operands= found= word i\n"
"\n"
"    COMPREPLY=()\n"
"    for ((i = 1; i < COMP_CWORD; i++)); do\n"
"        word=${COMP_WORDS[i]}\n"
"        if [[ $option ]]; then\n"
"            # bash makes three words of --option=value.\n"
"            [[ $word == '=' ]] || option=\n"
"        elif [[ $only_operands || $word != -?* ]]; then\n"
"            _spillway_words \"$command\"\n"
"            if [[ \" $found \" == *\" $word \"* ]]; then\n"
"                command+=${command:+ }$word\n"
"            else\n"
"                operands+=${operands:+ }$word\n"
"            fi\n"
"        elif [[ $word == -- ]]; then\n"
"            only_operands=1\n"
"        else\n"
"            _spillway_value \"$command\" \"$word\"\n"
"            [[ ! $found ]] || option=$word\n"
"        fi\n"
"    done\n"
"    if [[ $option ]]; then\n"
"        _spillway_value \"$command\" \"$option\"\n"
"        _spillway_offer \"${cur#=}\"\n"
"        return\n"
"    fi\n"
"    if [[ $cur == -* && ! $only_operands ]]; then\n"
"        _spillway_options \"$command\"\n"
"        _spillway_offer \"$cur\"\n"
"        return\n"
"    fi\n"
"    _spillway_words \"$command\"\n"
"    if [[ ! $found ]]; then\n"
"        _spillway_operands \"$command\"\n"
"        case $found in\n"
"        :commands) _spillway_words \"$operands\" ;;\n"
"        :none) [[ $only_operands ]] || _spillway_options \"$command\" ;;\n"
"        esac\n"
"    elif [[ $operands ]]; then\n"
"        found=:none\n"
"    fi\n"
"    _spillway_offer \"$cur\"\n"
"}\n"
"\n"
"complete -F _spillway spillway\n";
/* clang-format on */

static void begin(const char *function, const char *what)
{
    printf("\n_spillway_%s()\n{\n    case %s in\n", function, what);
}

static void end(const char *otherwise)
{
    printf("    *) found=%s ;;\n    esac\n}\n", otherwise);
}

/* --- commands ----------------------------------------------------------- */

static void print_words(const char *group)
{
    const struct command *command;
    struct text word;
    size_t at = 0;

    printf("    '%s') found='", group);
    for (size_t i = 0; (word = commands_next(group, &at, &command)).data; i++)
        printf("%s%.*s", i ? " " : "", TEXT_ARG(word));
    printf("' ;;\n");
}

static void print_all_words(void)
{
    begin("words", "$1");
    commands_each_group(print_words);
    end("");
}

/* --- options ------------------------------------------------------------ */

static void print_options(const struct command *command)
{
    printf("    '%s') found='", command->name);
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *option = &command->options[i];

        printf("--%s ", option->name);
        if (option->letter)
            printf("-%c ", option->letter);
    }
    printf("--help -h' ;;\n");
}

/* What is found, in quotes; words with blanks between them. */
static void print_found(enum completion what, const char *words)
{
    static const char *const names[] = {
        [COMPLETION_NONE] = ":none",
        [COMPLETION_FILES] = ":files",
        [COMPLETION_DIRS] = ":dirs",
        [COMPLETION_COMMANDS] = ":commands",
    };

    if (what != COMPLETION_WORDS)
        words = names[what];
    printf("found='");
    for (; *words; words++)
        (void)putchar(*words == '|' ? ' ' : *words);
    printf("' ;;\n");
}

static void print_values(const struct command *command)
{
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *option = &command->options[i];

        if (option->kind == OPTION_FLAG)
            continue;
        printf("    '%s --%s'", command->name, option->name);
        if (option->letter)
            printf(" | '%s -%c'", command->name, option->letter);
        printf(") ");
        print_found(completion_of_option(option), option->choices);
    }
}

static void print_operands(const struct command *command)
{
    printf("    '%s') ", command->name);
    print_found(completion_of_operands(command), command->operands);
}

/* --- the script --------------------------------------------------------- */

static void for_each_command(void (*print)(const struct command *command))
{
    for (size_t i = 0; i < n_commands; i++)
        print(commands[i]);
}

void completion_print_bash(void)
{
    printf("%s", head);
    print_all_words();
    begin("options", "$1");
    printf("    '') found='--help -h --version' ;;\n");
    for_each_command(print_options);
    end("'--help -h'");
    begin("value", "\"$1 $2\"");
    for_each_command(print_values);
    end("");
    begin("operands", "$1");
    for_each_command(print_operands);
    end(":none");
    printf("%s", frame);
}
