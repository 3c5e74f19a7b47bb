/* test_options.c - what a table of options means (cmd.h). */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/cmd.h"
#include "spillway/macros.h"

#include "capture.h"

struct settings {
    bool flag;
    const char *text, *choice, *pair[2];
    struct option_list list;
    unsigned number;
    long long duration_ms;
    size_t bytes;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "flag",
      .letter = 'f',
      .kind = OPTION_FLAG,
      .offset = offsetof(struct settings, flag),
      .help = "say yes" },
    { .name = "text",
      .letter = 't',
      .kind = OPTION_STRING,
      .offset = offsetof(struct settings, text),
      .argument = "TEXT",
      .help = "a text" },
    { .name = "list",
      .kind = OPTION_LIST,
      .offset = offsetof(struct settings, list),
      .argument = "ITEM",
      .help = "may be repeated" },
    { .name = "number",
      .kind = OPTION_UNSIGNED,
      .offset = offsetof(struct settings, number),
      .argument = "N",
      .min = 1,
      .max = 64,
      .help = "1 to 64" },
    { .name = "duration",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct settings, duration_ms),
      .argument = "DURATION",
      .help = "how long" },
    { .name = "a-name-that-leaves-no-room",
      .kind = OPTION_SIZE,
      .offset = offsetof(struct settings, bytes),
      .argument = "BYTES",
      .help = "how much" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct settings, choice),
      .argument = "FORMAT",
      .choices = "text|json|junit",
      .help = "which" },
    { .name = "pair",
      .letter = 'p',
      .kind = OPTION_PAIR,
      .offset = offsetof(struct settings, pair),
      .argument = "OLD NEW",
      .help = "both" },
};
/* clang-format on */

/* Print what was understood, so that a row can say it in one line. */
static int run(const struct command *command, int argc, char *argv[])
{
    struct settings s = { .text = "default", .choice = "text", .number = 7 };
    int status = 99;
    int operands = options_parse(command, argc, argv, &s, &status);

    if (operands < 0) {
        option_list_done(&s.list);
        return status;
    }
    printf("%s%s %s %u %lld %zu", s.flag ? "flag " : "", s.text, s.choice,
           s.number, s.duration_ms, s.bytes);
    for (size_t i = 0; i < s.list.count; i++)
        printf(" +%s", s.list.items[i]);
    if (s.pair[0])
        printf(" %s>%s", s.pair[0], s.pair[1]);
    for (int i = 0; i < operands; i++)
        printf(" [%s]", argv[i]);
    option_list_done(&s.list);
    return STATUS_OK;
}

static const struct command command = {
    .name = "try",
    .operands = "[FILE]...",
    .summary = "Try options",
    .details = "More about it.\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};

struct row {
    const char *name;
    const char *words[8];
    const char *out; /* NULL: refused */
    const char *err;
};

/* clang-format off */
static struct row rows[] = {
    { "without options the defaults stand", { 0 }, "default text 7 0 0", "" },
    { "a flag takes nothing", { "--flag", "x" },
      "flag default text 7 0 0 [x]", "" },
    { "a flag has its letter", { "-f" }, "flag default text 7 0 0", "" },
    { "a value may be the next word", { "--text", "a" }, "a text 7 0 0", "" },
    { "a value may follow an equals sign", { "--text=a" }, "a text 7 0 0",
      "" },
    { "a value may hold an equals sign", { "--text=a=b" }, "a=b text 7 0 0",
      "" },
    { "a value may begin with a dash", { "--text", "-f" }, "-f text 7 0 0",
      "" },
    { "a letter's value may be the next word", { "-t", "a" }, "a text 7 0 0",
      "" },
    { "a letter's value may follow at once", { "-ojson" },
      "default json 7 0 0", "" },
    { "the last of two values counts", { "-t", "a", "-t", "b" },
      "b text 7 0 0", "" },
    { "a list keeps all, in order", { "--list", "b", "--list=a" },
      "default text 7 0 0 +b +a", "" },
    { "a pair takes two words", { "--pair", "a", "b", "c" },
      "default text 7 0 0 a>b [c]", "" },
    { "a pair's first word may follow an equals sign", { "--pair=a", "-b" },
      "default text 7 0 0 a>-b", "" },
    { "a pair's first word may follow its letter", { "-pa", "b" },
      "default text 7 0 0 a>b", "" },
    { "half a pair is refused", { "--pair", "a" }, NULL,
      "--pair needs OLD NEW" },
    { "no word of a pair is refused", { "--pair" }, NULL,
      "--pair needs OLD NEW" },
    { "an empty word in a pair is refused", { "--pair", "a", "" }, NULL,
      "two words that are not empty" },
    { "operands and options may mix", { "x", "-t", "a", "y", "-f", "z" },
      "flag a text 7 0 0 [x] [y] [z]", "" },
    { "two dashes end the options", { "-f", "--", "-t", "--", "--help" },
      "flag default text 7 0 0 [-t] [--] [--help]", "" },
    { "one dash is an operand", { "-" }, "default text 7 0 0 [-]", "" },
    { "an empty word is an operand", { "" }, "default text 7 0 0 []", "" },
    { "the smallest number is taken", { "--number", "1" },
      "default text 1 0 0", "" },
    { "the largest number is taken", { "--number", "64" },
      "default text 64 0 0", "" },
    { "a duration has units", { "--duration", "1m30s" },
      "default text 7 90000 0", "" },
    { "a size has units", { "--a-name-that-leaves-no-room=8Mi" },
      "default text 7 0 8388608", "" },

    { "an unknown option is refused", { "--nonsense" }, NULL,
      "unknown option '--nonsense'" },
    { "an unknown option plays no tricks", { "--\033[31m" }, NULL,
      "unknown option '--?[31m'" },
    { "an unknown letter is refused", { "-x" }, NULL, "unknown option '-x'" },
    { "a name is not shortened", { "--tex", "a" }, NULL,
      "unknown option '--tex'" },
    { "a name is not lengthened", { "--textual", "a" }, NULL,
      "unknown option '--textual'" },
    { "a letter is no long name", { "--f" }, NULL, "unknown option '--f'" },
    { "a flag with a value is refused", { "--flag=yes" }, NULL,
      "--flag takes no value" },
    { "letters are not combined", { "-ft" }, NULL, "--flag takes no value" },
    { "a missing value is refused", { "--text" }, NULL, "--text needs TEXT" },
    { "a letter's missing value is refused", { "-o" }, NULL,
      "--output needs FORMAT" },
    { "an empty value is refused", { "--text=" }, NULL, "--text: ''" },
    { "an empty item is refused", { "--list", "" }, NULL, "--list: ''" },
    { "a number below its range is refused", { "--number", "0" }, NULL,
      "'0' is not a number from 1 to 64" },
    { "a number beyond its range is refused", { "--number", "65" }, NULL,
      "'65' is not a number from 1 to 64" },
    { "a number beyond all ranges is refused",
      { "--number", "4294967297" }, NULL, "is not a number from 1 to 64" },
    { "a number with letters is refused", { "--number", "1x" }, NULL,
      "'1x' is not a number" },
    { "a bad duration is refused with an example", { "--duration", "5" }, NULL,
      "give a duration such as 500ms" },
    { "a bad size is refused with an example",
      { "--a-name-that-leaves-no-room", "8M" }, NULL, "64Ki" },
    { "a value that is no choice is refused", { "-o", "yaml" }, NULL,
      "--output: 'yaml' is not valid; give text|json|junit" },
    { "part of a choice is refused", { "-o", "js" }, NULL, "'js'" },
    { "two choices at once are refused", { "-o", "text|json" }, NULL,
      "'text|json'" },
    { "an empty choice is refused", { "-o", "" }, NULL, "''" },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_capture struct capture run_of = { 0 };

    capture_run(&run_of, &command, row->words);
    assert_int_equal(run_of.status, row->out ? STATUS_OK : STATUS_USAGE);
    assert_string_equal(run_of.out, row->out ? row->out : "");
    if (!strstr(run_of.err, row->err))
        fail_msg("'%s' does not say '%s'", run_of.err, row->err);
    if (row->out)
        assert_string_equal(run_of.err, "");
    else
        assert_non_null(strstr(run_of.err, "see `spillway try --help`"));
}

/* --help wins over what follows, prints to stdout, and is not an error. */
static void test_help(void **state)
{
    auto_capture struct capture run_of = { 0 };

    (void)state;
    capture_run(&run_of, &command, WORDS("x", "--help", "--nonsense"));
    assert_int_equal(run_of.status, STATUS_OK);
    assert_string_equal(run_of.err, "");
    assert_non_null(
        strstr(run_of.out,
               "Usage: spillway try [OPTION]... [FILE]...\n\nTry options.\n"));
    assert_null(strstr(run_of.out, "More about it."));
    assert_non_null(strstr(run_of.out, "\n`spillway help try` tells more.\n"));
    for (size_t i = 0; i < array_len(options); i++) {
        char label[64];

        (void)snprintf(label, sizeof(label), "--%s", options[i].name);
        assert_non_null(strstr(run_of.out, label));
        assert_non_null(strstr(run_of.out, options[i].help));
    }
    assert_non_null(strstr(run_of.out, "  -o, --output FORMAT "));
    assert_non_null(strstr(run_of.out, "room BYTES  how much"));
}

static void test_list_done(void **state)
{
    struct option_list list = { 0 };

    (void)state;
    option_list_done(&list);
    assert_null(list.items);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest others[] = {
        { "--help goes to stdout, names every option, spares details", test_help, NULL,
          NULL, NULL },
        { "an empty list can be released", test_list_done, NULL, NULL, NULL },
    };
    /* clang-format on */
    struct CMUnitTest tests[array_len(rows) + array_len(others)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    memcpy(tests + array_len(rows), others, sizeof(others));
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
