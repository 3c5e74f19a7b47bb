/* help.h - what the program and its commands say about themselves. */
#ifndef SPILLWAY_HELP_H
#define SPILLWAY_HELP_H

#include <stdio.h>

#include "spillway/cmd.h"

/* List all commands, or those of a group.  Returns `status`, or STATUS_USAGE
 * when what should be on stdout could not be written. */
int help_program(FILE *out, int status);
int help_group(FILE *out, const char *group, int status);

/* Say on stderr that the words, at least one, name no command: STATUS_USAGE. */
int help_unknown(int argc, char *argv[]);

/* Print what --help does, to stdout: usage, options and exit statuses, on one
 * screen. */
void help_screen(const struct command *command);

/* The same with the details, which may be long. */
void help_all(const struct command *command);

/* Print a man page, in the macros of man(7), to stdout: that of one command, or
 * of the program when it is NULL. */
void manual_print(const struct command *command);

/* A command's exit statuses, one a line: "0 done\n2 could not run". */
const char *help_exits(const struct command *command);

#endif
