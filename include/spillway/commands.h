/*
 * commands.h - the table of all commands, and names in it.
 *
 * The table is the program: the dispatcher, the help, the man pages and the
 * completion scripts all read it.  A name has one word or, in a group like
 * `certs`, two.
 */
#ifndef SPILLWAY_COMMANDS_H
#define SPILLWAY_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "spillway/cmd.h"
#include "spillway/text.h"

extern const struct command *const commands[];
extern const size_t n_commands;

/* The command whose name argv begins with, and how many words that takes; NULL
 * when there is none. */
const struct command *commands_find(int argc, char *argv[], int *words);

/* The rest of a command's name behind the word `group`, like `certs`; NULL when
 * it does not belong there.  The group "" is that of all names. */
const char *commands_name_in(const struct command *command, const char *group);

bool commands_is_group(const char *word);

/*
 * The next word that may follow `group` in a command line, each once and in the
 * order of the table.  *at is 0 at first.  *command is the one that the word
 * completes, or NULL when it is a group.  An absent text ends the list.
 */
struct text commands_next(const char *group, size_t *at,
                          const struct command **command);

/* Call `each` with the group "", and then with every other. */
void commands_each_group(void (*each)(const char *group));

#endif
