/*
 * main.c - choose a command and run it.
 *
 * The table below is the program: the dispatcher and `spillway help` both read
 * it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "spillway/cmd.h"
#include "spillway/macros.h"
#include "spillway/version.h"

static const struct command *const commands[] = {
    &cmd_serve,
    &cmd_mutate,
    &cmd_test,
    &cmd_certs_issue,
    &cmd_certs_rotate,
    &cmd_certs_inspect,
    &cmd_manifest_policy,
    &cmd_manifest_tls,
    &cmd_manifest_webhook,
    &cmd_manifest_companion,
};

static int show_help(FILE *out, int status)
{
    (void)fprintf(out,
                  "Usage: spillway COMMAND [OPTION]...\n"
                  "       spillway help COMMAND\n"
                  "       spillway --version\n\n"
                  "Lets gateway pods run on the nodes set apart for them and "
                  "spill over to virtual nodes.\n\n"
                  "Commands:\n");
    for (size_t i = 0; i < array_len(commands); i++)
        (void)fprintf(out, "  %-20s%s\n", commands[i]->name,
                      commands[i]->summary);
    return status == STATUS_OK ? command_done(status) : status;
}

/* How many of the words make up `name`: 0 when they do not. */
static int words_of(const char *name, int argc, char *argv[])
{
    int words = 0;

    while (*name) {
        size_t len = strcspn(name, " ");

        if (words == argc || strlen(argv[words]) != len ||
            memcmp(argv[words], name, len) != 0)
            return 0;
        words++;
        name += len + (name[len] == ' ');
    }
    return words;
}

static const struct command *find_command(int argc, char *argv[], int *words)
{
    for (size_t i = 0; i < array_len(commands); i++) {
        *words = words_of(commands[i]->name, argc, argv);
        if (*words > 0)
            return commands[i];
    }
    return NULL;
}

/* The rest of a command's name behind the word `group`, like `certs`; NULL when
 * it does not belong there. */
static const char *name_in_group(const struct command *command,
                                 const char *group)
{
    size_t len = strlen(group);

    return strncmp(command->name, group, len) == 0 && command->name[len] == ' '
               ? command->name + len + 1
               : NULL;
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < array_len(commands); i++) {
        if (name_in_group(commands[i], word))
            return true;
    }
    return false;
}

static int show_group(FILE *out, const char *group, int status)
{
    (void)fprintf(out, "Usage: spillway %s COMMAND [OPTION]...\n\nCommands:\n",
                  group);
    for (size_t i = 0; i < array_len(commands); i++) {
        const char *name = name_in_group(commands[i], group);

        if (name)
            (void)fprintf(out, "  %-18s%s\n", name, commands[i]->summary);
    }
    return status == STATUS_OK ? command_done(status) : status;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
           strcmp(word, "help") == 0;
}

/* `certs --help` is answered; `certs` and `certs nonsense` are mistakes. */
static int unknown_command(int argc, char *argv[])
{
    if (!is_group(argv[0])) {
        (void)fprintf(stderr,
                      "spillway: no command '%s' (see `spillway help`)\n",
                      argv[0]);
        return STATUS_USAGE;
    }
    if (argc > 1 && asks_for_help(argv[1]))
        return show_group(stdout, argv[0], STATUS_OK);
    if (argc > 1)
        (void)fprintf(stderr, "spillway: no command '%s %s'\n", argv[0],
                      argv[1]);
    return show_group(stderr, argv[0], STATUS_USAGE);
}

static int help_for(int argc, char *argv[])
{
    int words;
    const struct command *command;

    if (argc == 0)
        return show_help(stdout, STATUS_OK);
    command = find_command(argc, argv, &words);
    if (!command && argc == 1 && is_group(argv[0]))
        return show_group(stdout, argv[0], STATUS_OK);
    if (!command)
        return unknown_command(argc, argv);
    command_help(command);
    return command_done(STATUS_OK);
}

int main(int argc, char *argv[])
{
    const struct command *command;
    int words;

    /* A reader that goes away is seen as EPIPE, a peer likewise. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return show_help(stderr, STATUS_USAGE);
    if (asks_for_help(argv[1]))
        return help_for(argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0) {
        printf("spillway %s\n", SPILLWAY_VERSION);
        return command_done(STATUS_OK);
    }
    command = find_command(argc - 1, argv + 1, &words);
    if (!command)
        return unknown_command(argc - 1, argv + 1);
    return command->run(command, argc - 1 - words, argv + 1 + words);
}
