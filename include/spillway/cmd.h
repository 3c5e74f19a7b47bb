/*
 * cmd.h - the subcommands, their exit statuses and their option tables.
 *
 * Every command is described by one `struct command`.  Its table of options is
 * what parses the command line, what `--help` prints and what man pages, the
 * completion of shells and the README's reference are made of: there is no
 * second list.
 */
#ifndef SPILLWAY_CMD_H
#define SPILLWAY_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/text.h"

enum {
    STATUS_OK = 0,      /* yes, or done */
    STATUS_NO = 1,      /* it ran, and the answer is no */
    STATUS_USAGE = 2,   /* it could not run: arguments, unreadable input */
    STATUS_NO_CASE = 3, /* `test` found no case */
};

enum option_kind {
    OPTION_FLAG,     /* bool, takes no argument */
    OPTION_STRING,   /* const char * */
    OPTION_LIST,     /* struct option_list: may be given several times */
    OPTION_UNSIGNED, /* unsigned, at least `min`, at most `max` */
    OPTION_DURATION, /* long long milliseconds: 1m30s, 500ms, 30d */
    OPTION_SIZE,     /* size_t bytes: 1024, 8Ki, 8Mi */
    OPTION_CHOICE,   /* const char *, one of `choices` (a|b|c) */
    OPTION_PAIR,     /* const char *[2]: this word and the next */
};

struct option_list {
    const char **items; /* borrowed from argv; the array is released with
                           option_list_done() */
    size_t count;
};

/* A row: long name without dashes, one-letter form or 0, what it takes, where
 * it goes (an offset into the command's own struct of settings), and help. */
struct option {
    const char *name;
    char letter;
    enum option_kind kind;
    size_t offset;
    const char *argument; /* what --help calls it: FILE, ADDR:PORT; a FILE or
                             DIR in it is completed by shells, and so are
                             the files of a PAIR */
    const char *help;     /* a phrase that fits the line, with the default
                             where there is one */
    const char *choices;  /* CHOICE: "diff|response|patch" */
    unsigned min, max;    /* UNSIGNED */
};

struct command {
    const char *name;     /* "serve", "certs issue" */
    const char *operands; /* what follows the options: "[FILE]..."; a FILE,
                             PATH or DIR in it is completed by shells, and so
                             are the words of "bash|zsh" */
    const char *summary;  /* one line, for `spillway help` */
    const char *details;  /* paragraphs for `spillway help COMMAND`, or NULL;
                             lines that begin with blanks stay as they are */
    const char *exits;    /* a line for each status, in order: "0 done\n1 no";
                             NULL: 0 when done, 2 when it could not run */
    const struct option *options;
    size_t n_options;
    /* `command` is its own row; argv[0] is the first word after its name. */
    int (*run)(const struct command *command, int argc, char *argv[]);
};

/*
 * Parse options into `settings` (defaults already in place) and move operands
 * to the front of argv.  Accepts `--name=value`, `--name value`, `-n value`,
 * `-nvalue`, and `--` as the end of options.  Returns the number of operands,
 * or -1 when the command should return *status at once: --help was printed
 * (STATUS_OK), or a mistake was reported on stderr (STATUS_USAGE).
 */
int options_parse(const struct command *command, int argc, char *argv[],
                  void *settings, int *status);

void option_list_done(struct option_list *list);

/* Print "spillway: <text>" to stderr and return STATUS_USAGE. */
int command_fail(const struct error *err);

/* Print "spillway COMMAND: <message>" and a pointer to --help; STATUS_USAGE. */
int command_usage(const struct command *command, const char *fmt, ...)
    printf_like(2, 3);

struct buf;

/* Print *err when it is set, else the mistakes, one line each, to stderr, and
 * return STATUS_USAGE. */
int command_mistakes(const struct buf *mistakes, const struct error *err);

/*
 * Load the policy named by --policy (NULL: the built-in one).  NULL after the
 * mistakes were printed to stderr, one line each.
 */
struct policy_set *command_policy(const char *path);

/*
 * Flush stdout.  Returns `status`, or STATUS_USAGE with a message when what
 * was printed could not be written (a full disk is not a success; a reader
 * that went away is told nothing).
 */
int command_done(int status);

/* True when stdout (fd 1) or stderr (fd 2) is a terminal that wants colour. */
bool command_colour(int fd);

extern const struct command cmd_serve;
extern const struct command cmd_mutate;
extern const struct command cmd_explain;
extern const struct command cmd_check;
extern const struct command cmd_test;
extern const struct command cmd_wrap;
extern const struct command cmd_certs_issue;
extern const struct command cmd_certs_inspect;
extern const struct command cmd_certs_rotate;
extern const struct command cmd_manifest_companion;
extern const struct command cmd_manifest_policy;
extern const struct command cmd_manifest_tls;
extern const struct command cmd_manifest_webhook;
extern const struct command cmd_completion;
extern const struct command cmd_help;

#endif
