/*
 * completion.h - scripts with which shells complete words of the command line.
 *
 * They are made of the tables of commands and options, and hold all that they
 * need: completing never runs the program.
 */
#ifndef SPILLWAY_COMPLETION_H
#define SPILLWAY_COMPLETION_H

#include <stdbool.h>

#include "spillway/cmd.h"

/* Print the script to stdout. */
void completion_print_bash(void);
void completion_print_zsh(void);

/* What may stand in a place of the command line. */
enum completion {
    COMPLETION_NONE, /* nothing that a shell could know */
    COMPLETION_FILES,
    COMPLETION_DIRS,
    COMPLETION_WORDS,    /* one of several, with a '|' between them */
    COMPLETION_COMMANDS, /* the words of a command's name */
};

/* What an option that is no flag takes; its words are in `choices`. */
enum completion completion_of_option(const struct option *option);

/* What a command takes as operands; its words are `operands`. */
enum completion completion_of_operands(const struct command *command);

#endif
