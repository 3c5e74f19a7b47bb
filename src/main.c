/* main.c - choose a command and run it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "spillway/commands.h"
#include "spillway/help.h"
#include "spillway/version.h"

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* `certs --help` is answered; `certs` and `certs nonsense` are mistakes. */
static int unknown_command(int argc, char *argv[])
{
    if (argc > 1 && commands_is_group(argv[0]) &&
        (asks_for_help(argv[1]) || strcmp(argv[1], "help") == 0))
        return help_group(stdout, argv[0], STATUS_OK);
    return help_unknown(argc, argv);
}

int main(int argc, char *argv[])
{
    const struct command *command;
    int words;

    /* A reader that goes away is seen as EPIPE, a peer likewise. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return help_program(stderr, STATUS_USAGE);
    if (asks_for_help(argv[1]))
        return cmd_help.run(&cmd_help, argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0) {
        printf("spillway %s\n", SPILLWAY_VERSION);
        return command_done(STATUS_OK);
    }
    command = commands_find(argc - 1, argv + 1, &words);
    if (!command)
        return unknown_command(argc - 1, argv + 1);
    return command->run(command, argc - 1 - words, argv + 1 + words);
}
