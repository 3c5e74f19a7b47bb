/* test_help.c - what every command says about itself (help.h). */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/commands.h"
#include "spillway/help.h"
#include "spillway/macros.h"

#include "capture.h"

enum { COLUMNS = 80, SHORT_LINES = 24, LONG_LINES = 40 };

/* As many options as leave room for the rest on the smaller screen. */
enum { FEW_OPTIONS = 14 };

static void assert_has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("'%s' is not in:\n%s", what, text);
}

static void assert_fits(const char *text, size_t most)
{
    size_t lines = 0;

    while (*text) {
        size_t len = strcspn(text, "\n");

        if (len > COLUMNS)
            fail_msg("%zu columns: %.*s", len, (int)len, text);
        text += len + (text[len] == '\n');
        lines++;
    }
    assert_in_range(lines, 1, most);
}

/* `spillway help` with the words of a command's name. */
static void run_help(struct capture *run_of, const struct command *command,
                     const char *option)
{
    char name[64];
    const char *words[8] = { 0 };
    size_t count = 0;
    char *rest = NULL;

    (void)snprintf(name, sizeof(name), "%s", command->name);
    if (option)
        words[count++] = option;
    for (char *word = strtok_r(name, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    capture_run(run_of, &cmd_help, words);
    assert_int_equal(run_of->status, STATUS_OK);
    assert_string_equal(run_of->err, "");
}

static void test_screen(void **state)
{
    for (size_t i = 0; i < n_commands; i++) {
        const struct command *command = commands[i];
        auto_capture struct capture run_of = { 0 };
        char last[128];

        capture_run(&run_of, command, WORDS("--help"));
        assert_int_equal(run_of.status, STATUS_OK);
        assert_fits(run_of.out, command->n_options <= FEW_OPTIONS ? SHORT_LINES
                                                                  : LONG_LINES);
        assert_has(run_of.out, command->summary);
        assert_has(run_of.out, "\nExit status: 0 ");
        for (size_t o = 0; o < command->n_options; o++) {
            char label[64];

            (void)snprintf(label, sizeof(label), " --%s ",
                           command->options[o].name);
            assert_has(run_of.out, label);
            assert_has(run_of.out, command->options[o].help);
        }
        (void)snprintf(last, sizeof(last), "\n`spillway help %s` tells more.\n",
                       command->name);
        assert_has(run_of.out, last);
    }
    (void)state;
}

static void test_all(void **state)
{
    for (size_t i = 0; i < n_commands; i++) {
        const struct command *command = commands[i];
        auto_capture struct capture run_of = { 0 };

        run_help(&run_of, command, NULL);
        assert_fits(run_of.out, SIZE_MAX);
        assert_non_null(command->details);
        assert_has(run_of.out, command->details);
        assert_null(strstr(command->details, "Exit status"));
        assert_has(run_of.out, "\nExit status: 0 ");
        for (size_t o = 0; o < command->n_options; o++)
            assert_has(run_of.out, command->options[o].name);
    }
    (void)state;
}

static void test_program(void **state)
{
    auto_capture struct capture run_of = { 0 };

    (void)state;
    capture_run(&run_of, &cmd_help, WORDS(NULL));
    assert_int_equal(run_of.status, STATUS_OK);
    assert_fits(run_of.out, SHORT_LINES + 4);
    for (size_t i = 0; i < n_commands; i++)
        assert_has(run_of.out, commands[i]->name);
}

static void test_group(void **state)
{
    auto_capture struct capture run_of = { 0 };

    (void)state;
    capture_run(&run_of, &cmd_help, WORDS("certs"));
    assert_int_equal(run_of.status, STATUS_OK);
    assert_has(run_of.out, "\n  issue ");
    assert_null(strstr(run_of.out, "manifest"));
}

/* --- mistakes ------------------------------------------------------------ */

struct mistake {
    const char *name, *words[4], *err;
};

static struct mistake mistakes[] = {
    { "an unknown command is refused",
      { "nonsense" },
      "no command 'nonsense'" },
    { "an unknown word of a group is refused",
      { "certs", "nonsense" },
      "no command 'certs nonsense'" },
    { "a word too many is refused",
      { "serve", "now" },
      "'serve' is all of a command's name" },
    { "a group has no page", { "--man", "certs" }, "Usage: spillway certs" },
    { "a name plays no tricks", { "a\033[31m" }, "no command 'a?[31m'" },
};

static void test_mistake(void **state)
{
    const struct mistake *mistake = *state;
    auto_capture struct capture run_of = { 0 };

    capture_run(&run_of, &cmd_help, mistake->words);
    assert_int_equal(run_of.status, STATUS_USAGE);
    assert_string_equal(run_of.out, "");
    assert_has(run_of.err, mistake->err);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest others[] = {
        { "--help fits a screen and names every option", test_screen, NULL, NULL, NULL },
        { "help prints the details as well", test_all, NULL, NULL, NULL },
        { "help lists every command", test_program, NULL, NULL, NULL },
        { "help lists the commands of a group", test_group, NULL, NULL, NULL },
    };
    /* clang-format on */
    struct CMUnitTest tests[array_len(mistakes) + array_len(others)];

    for (size_t i = 0; i < array_len(mistakes); i++)
        tests[i] = (struct CMUnitTest){ mistakes[i].name, test_mistake, NULL,
                                        NULL, &mistakes[i] };
    memcpy(tests + array_len(mistakes), others, sizeof(others));
    return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
