/* commands.c - see commands.h for the contract. */
#include "spillway/commands.h"

#include <string.h>

#include "spillway/macros.h"

const struct command *const commands[] = {
    &cmd_serve,
    &cmd_mutate,
    &cmd_explain,
    &cmd_test,
    &cmd_check,
    &cmd_wrap,
    &cmd_certs_issue,
    &cmd_certs_rotate,
    &cmd_certs_inspect,
    &cmd_manifest_policy,
    &cmd_manifest_tls,
    &cmd_manifest_webhook,
    &cmd_manifest_companion,
    &cmd_completion,
    &cmd_help,
};

const size_t n_commands = array_len(commands);

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

const struct command *commands_find(int argc, char *argv[], int *words)
{
    for (size_t i = 0; i < n_commands; i++) {
        *words = words_of(commands[i]->name, argc, argv);
        if (*words > 0)
            return commands[i];
    }
    return NULL;
}

const char *commands_name_in(const struct command *command, const char *group)
{
    size_t len = strlen(group);

    if (len == 0)
        return command->name;
    return strncmp(command->name, group, len) == 0 && command->name[len] == ' '
               ? command->name + len + 1
               : NULL;
}

bool commands_is_group(const char *word)
{
    for (size_t i = 0; i < n_commands; i++) {
        if (*word && commands_name_in(commands[i], word))
            return true;
    }
    return false;
}

static struct text word_at(size_t i, const char *group)
{
    const char *name = commands_name_in(commands[i], group);

    return name ? (struct text){ name, strcspn(name, " ") }
                : (struct text){ 0 };
}

struct text commands_next(const char *group, size_t *at,
                          const struct command **command)
{
    for (; *at < n_commands; ++*at) {
        struct text word = word_at(*at, group);
        size_t before = 0;

        if (!word.data)
            continue;
        while (before < *at && !text_equal(word_at(before, group), word))
            before++;
        if (before < *at)
            continue;
        *command = word.data[word.len] ? NULL : commands[*at];
        ++*at;
        return word;
    }
    return (struct text){ 0 };
}

void commands_each_group(void (*each)(const char *group))
{
    const struct command *command;
    struct text word;
    size_t at = 0;

    each("");
    while ((word = commands_next("", &at, &command)).data) {
        char group[64];

        (void)snprintf(group, sizeof(group), "%.*s", TEXT_ARG(word));
        if (!command)
            each(group);
    }
}
