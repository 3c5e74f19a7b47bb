/* completion.c - `spillway completion`, and what is the same for all shells. */
#include "spillway/completion.h"

#include <stdio.h>
#include <string.h>

#include "spillway/macros.h"

enum completion completion_of_option(const struct option *option)
{
    if (option->kind == OPTION_CHOICE)
        return COMPLETION_WORDS;
    if (option->kind == OPTION_FLAG || !option->argument)
        return COMPLETION_NONE;
    if (option->kind == OPTION_PAIR || strstr(option->argument, "FILE"))
        return COMPLETION_FILES;
    return strstr(option->argument, "DIR") ? COMPLETION_DIRS : COMPLETION_NONE;
}

/* Words to be given as they are; placeholders are in capitals. */
static bool are_words(const char *operands)
{
    return strchr(operands, '|') &&
           strspn(operands, "abcdefghijklmnopqrstuvwxyz0123456789-|") ==
               strlen(operands);
}

enum completion completion_of_operands(const struct command *command)
{
    const char *operands = command->operands;

    if (are_words(operands))
        return COMPLETION_WORDS;
    if (strstr(operands, "COMMAND"))
        return COMPLETION_COMMANDS;
    if (strstr(operands, "FILE") || strstr(operands, "PATH"))
        return COMPLETION_FILES;
    return strstr(operands, "DIR") ? COMPLETION_DIRS : COMPLETION_NONE;
}

/* clang-format off */
static const struct shell {
    const char *name;
    void (*print)(void);
} shells[] = {
    { "bash", completion_print_bash },
    { "zsh", completion_print_zsh },
};
/* clang-format on */

static int run(const struct command *command, int argc, char *argv[])
{
    int status;
    int operands = options_parse(command, argc, argv, NULL, &status);

    if (operands < 0)
        return status;
    for (size_t i = 0; operands == 1 && i < array_len(shells); i++) {
        if (strcmp(argv[0], shells[i].name) == 0) {
            shells[i].print();
            return command_done(STATUS_OK);
        }
    }
    return command_usage(command, "give one shell, bash or zsh");
}

const struct command cmd_completion = {
    .name = "completion",
    .operands = "bash|zsh",
    .summary = "Print a script with which a shell completes commands",
    .details =
        "The script completes commands, options, their choices, and names of "
        "files and\ndirectories. `make install` puts it where shells find "
        "it. Without that, add to\n~/.bashrc, or to ~/.zshrc behind "
        "compinit:\n\n"
        "  source <(spillway completion bash)\n"
        "  source <(spillway completion zsh)\n",
    .run = run,
};
