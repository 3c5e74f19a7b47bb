/* test_manual.c - man pages from tables of commands (help.h). */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/commands.h"
#include "spillway/help.h"
#include "spillway/macros.h"
#include "spillway/version.h"

#include "capture.h"

static int print(const struct command *command, int argc, char *argv[])
{
    (void)argv;
    manual_print(argc ? NULL : command);
    return STATUS_OK;
}

static const struct option options[] = {
    { .name = "dry-run",
      .letter = 'd',
      .kind = OPTION_FLAG,
      .help = ".dots lead no request" },
    { .name = "to",
      .kind = OPTION_STRING,
      .argument = "FILE|DIR",
      .help = "'where' to" },
};

static const struct command command = {
    .name = "try out",
    .operands = "[FILE]...",
    .summary = "Try",
    .details = "Text with a \\ and\n.a dot.\n"
               "\n"
               "  one    the first\n"
               "         of two\n"
               "  two    the second\n"
               "\n"
               "Example:\n"
               "  spillway try out \\\n"
               "      --dry-run `x` ~ ^\n",
    .exits = "0 well\n1 not so",
    .options = options,
    .n_options = array_len(options),
    .run = print,
};

static const char page[] =
    ".TH SPILLWAY\\-TRY\\-OUT 1 \"\" \"Spillway " SPILLWAY_VERSION
    "\" \"Spillway Manual\"\n"
    ".nh\n"
    ".ad l\n"
    ".SH NAME\n"
    "spillway\\-try\\-out \\- Try\n"
    ".SH SYNOPSIS\n"
    "\\fBspillway try out\\fR [\\fIOPTION\\fR]... [FILE]...\n"
    ".SH DESCRIPTION\n"
    "Try.\n"
    ".PP\n"
    "Text with a \\e and\n"
    "\\&.a dot.\n"
    ".TP\n"
    "\\fBone\\fR\n"
    "the first\n"
    "of two\n"
    ".TP\n"
    "\\fBtwo\\fR\n"
    "the second\n"
    ".PP\n"
    "Example:\n"
    ".PP\n"
    ".EX\n"
    "spillway try out \\e\n"
    "    \\-\\-dry\\-run \\(gax\\(ga \\(ti \\(ha\n"
    ".EE\n"
    ".SH OPTIONS\n"
    ".TP\n"
    "\\fB\\-d\\fR, \\fB\\-\\-dry\\-run\\fR\n"
    "\\&.dots lead no request\n"
    ".TP\n"
    "\\fB\\-\\-to\\fR \\fIFILE|DIR\\fR\n"
    "\\(aqwhere\\(aq to\n"
    ".TP\n"
    "\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"
    "show help on one screen\n"
    ".SH EXIT STATUS\n"
    ".TP\n"
    "\\fB0\\fR\n"
    "well\n"
    ".TP\n"
    "\\fB1\\fR\n"
    "not so\n"
    ".SH SEE ALSO\n"
    ".BR spillway (1)\n";

static void test_command(void **state)
{
    auto_capture struct capture run_of = { 0 };

    (void)state;
    capture_run(&run_of, &command, WORDS(NULL));
    assert_string_equal(run_of.out, page);
}

static void test_program(void **state)
{
    auto_capture struct capture run_of = { 0 };

    (void)state;
    capture_run(&run_of, &command, WORDS("all"));
    for (size_t i = 0; i < n_commands; i++) {
        char entry[128];

        (void)snprintf(entry, sizeof(entry), ".TP\n\\fB%s\\fR\n%s",
                       commands[i]->name, commands[i]->summary);
        assert_non_null(strstr(run_of.out, entry));
    }
    assert_non_null(strstr(run_of.out, ".SH EXIT STATUS\n"));
    assert_non_null(strstr(run_of.out, ".BR spillway\\-certs\\-issue (1),\n"));
}

static void test_group(void **state)
{
    auto_capture struct capture run_of = { 0 };

    (void)state;
    capture_run(&run_of, &cmd_help, WORDS("--man", "certs", "issue"));
    assert_int_equal(run_of.status, STATUS_OK);
    assert_non_null(strstr(run_of.out, ".SH SEE ALSO\n"
                                       ".BR spillway (1),\n"
                                       ".BR spillway\\-certs\\-rotate (1),\n"
                                       ".BR spillway\\-certs\\-inspect (1)\n"));
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        { "a page keeps what it is made of", test_command, NULL, NULL, NULL },
        { "the program's page names every command", test_program, NULL, NULL, NULL },
        { "pages of a group name each other", test_group, NULL, NULL, NULL },
    };
    /* clang-format on */

    return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
