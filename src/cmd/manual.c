/*
 * manual.c - man pages from the tables of the commands, in roff.
 *
 * Details are plain text.  Lines that begin with blanks stay as they are,
 * except that "  WORD  explanation" becomes an item with a hanging indent.
 */
#include "spillway/help.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "spillway/commands.h"
#include "spillway/macros.h"
#include "spillway/version.h"

/* --- text --------------------------------------------------------------- */

/* What roff would read as something else, or print as another character. */
/* clang-format off */
static const struct escape {
    char from;
    const char *to;
} escapes[] = {
    { '\\', "\\e" },
    { '-', "\\-" },
    { '\'', "\\(aq" },
    { '`', "\\(ga" },
    { '^', "\\(ha" },
    { '~', "\\(ti" },
};
/* clang-format on */

static void print_escaped(struct text text)
{
    for (size_t at = 0; at < text.len; at++) {
        size_t i = 0;

        while (i < array_len(escapes) && escapes[i].from != text.data[at])
            i++;
        if (i < array_len(escapes))
            printf("%s", escapes[i].to);
        else
            (void)putchar(text.data[at]);
    }
}

/* A line of text, which is no request though it may begin with a dot. */
static void print_line(struct text line)
{
    if (line.len > 0 && line.data[0] == '.')
        printf("\\&");
    print_escaped(line);
    printf("\n");
}

static void print_string(const char *string)
{
    print_escaped(text_of(string));
}

/* --- details ------------------------------------------------------------ */

/* What the lines before were, in which order they may follow each other. */
enum layout {
    LAYOUT_NONE,    /* a paragraph begins */
    LAYOUT_FILLED,  /* of a paragraph */
    LAYOUT_ITEM,    /* of an item's explanation */
    LAYOUT_EXAMPLE, /* as it is */
};

static size_t blanks_at(struct text line)
{
    size_t count = 0;

    while (count < line.len && line.data[count] == ' ')
        count++;
    return count;
}

/* The length of WORD in "  WORD  explanation", else 0. */
static size_t item_len(struct text line)
{
    const char *end;
    size_t len;

    if (blanks_at(line) != 2)
        return 0;
    end = memmem(line.data + 2, line.len - 2, "  ", 2);
    len = end ? (size_t)(end - line.data) - 2 : 0;
    return len > 0 && !memchr(line.data + 2, ' ', len) ? len : 0;
}

static struct text behind(struct text line, size_t offset)
{
    return (struct text){ line.data + offset, line.len - offset };
}

static enum layout print_item(struct text line, size_t len)
{
    struct text rest = behind(line, 2 + len);

    printf(".TP\n\\fB");
    print_escaped((struct text){ line.data + 2, len });
    printf("\\fR\n");
    print_line(behind(rest, blanks_at(rest)));
    return LAYOUT_ITEM;
}

static enum layout end_layout(enum layout layout)
{
    if (layout == LAYOUT_EXAMPLE)
        printf(".EE\n");
    return LAYOUT_NONE;
}

/* Print one line behind others that were laid out so. */
static enum layout print_detail(struct text line, enum layout layout)
{
    size_t blanks = blanks_at(line);
    size_t item = layout == LAYOUT_EXAMPLE ? 0 : item_len(line);

    if (line.len == 0)
        return end_layout(layout);
    if (item > 0)
        return print_item(line, item);
    if (blanks > 0 && layout == LAYOUT_ITEM) {
        print_line(behind(line, blanks));
        return layout;
    }
    if (blanks > 0) {
        if (layout != LAYOUT_EXAMPLE)
            printf(".PP\n.EX\n");
        print_line(behind(line, blanks > 2 ? 2 : blanks));
        return LAYOUT_EXAMPLE;
    }
    if (layout != LAYOUT_FILLED) {
        (void)end_layout(layout);
        printf(".PP\n");
    }
    print_line(line);
    return LAYOUT_FILLED;
}

static void print_details(const char *details)
{
    enum layout layout = LAYOUT_NONE;

    while (*details) {
        size_t len = strcspn(details, "\n");

        layout = print_detail((struct text){ details, len }, layout);
        details += len + (details[len] == '\n');
    }
    (void)end_layout(layout);
}

/* --- parts of a page ---------------------------------------------------- */

/* "spillway-certs-issue", in print. */
static void print_page_name(const char *name)
{
    printf("spillway");
    if (*name)
        printf("\\-");
    for (; *name; name++) {
        if (*name == ' ')
            printf("\\-");
        else
            print_escaped((struct text){ name, 1 });
    }
}

/* Titles stand in capitals. */
static void print_title(const char *name)
{
    printf(".TH SPILLWAY");
    if (*name)
        printf("\\-");
    for (; *name; name++) {
        if (*name == ' ' || *name == '-')
            printf("\\-");
        else
            (void)putchar(toupper((unsigned char)*name));
    }
    printf(" 1 \"\" \"Spillway %s\" \"Spillway Manual\"\n", SPILLWAY_VERSION);
    /* Names of files are not hyphenated. */
    printf(".nh\n.ad l\n");
}

static void print_option(const struct option *option)
{
    printf(".TP\n");
    if (option->letter)
        printf("\\fB\\-%c\\fR, ", option->letter);
    printf("\\fB\\-\\-");
    print_string(option->name);
    printf("\\fR");
    if (option->argument) {
        printf(" \\fI");
        print_string(option->argument);
        printf("\\fR");
    }
    printf("\n");
    print_line(text_of(option->help));
}

static void print_exits(const char *exits)
{
    printf(".SH EXIT STATUS\n");
    while (*exits) {
        size_t number = strcspn(exits, " ");
        size_t len = strcspn(exits, "\n");

        printf(".TP\n\\fB%.*s\\fR\n", (int)number, exits);
        print_line((struct text){ exits + number + 1, len - number - 1 });
        exits += len + (exits[len] == '\n');
    }
}

static void print_reference(const char *name, const char *after)
{
    printf(".BR ");
    print_page_name(name);
    printf(" (1)%s\n", after);
}

/* The program's page and those of the same group. */
static void print_see_also(const struct command *command)
{
    char group[64];
    bool in_group = strchr(command->name, ' ') != NULL;
    size_t last = n_commands;

    (void)snprintf(group, sizeof(group), "%.*s",
                   (int)strcspn(command->name, " "), command->name);
    for (size_t i = 0; in_group && i < n_commands; i++) {
        if (commands[i] != command && commands_name_in(commands[i], group))
            last = i;
    }
    printf(".SH SEE ALSO\n");
    print_reference("", last < n_commands ? "," : "");
    for (size_t i = 0; last < n_commands && i <= last; i++) {
        if (commands[i] != command && commands_name_in(commands[i], group))
            print_reference(commands[i]->name, i < last ? "," : "");
    }
}

/* --- pages -------------------------------------------------------------- */

static void print_command(const struct command *command)
{
    print_title(command->name);
    printf(".SH NAME\n");
    print_page_name(command->name);
    printf(" \\- ");
    print_line(text_of(command->summary));
    printf(".SH SYNOPSIS\n\\fBspillway %s\\fR%s", command->name,
           command->n_options ? " [\\fIOPTION\\fR]..." : "");
    printf("%s", *command->operands ? " " : "");
    print_line(text_of(command->operands));
    printf(".SH DESCRIPTION\n");
    print_string(command->summary);
    printf(".\n");
    if (command->details)
        print_details(command->details);
    printf(".SH OPTIONS\n");
    for (size_t i = 0; i < command->n_options; i++)
        print_option(&command->options[i]);
    printf(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow help on one screen\n");
    print_exits(help_exits(command));
    print_see_also(command);
}

static void print_program(void)
{
    print_title("");
    printf(".SH NAME\nspillway \\- mutating admission webhook for gateway pods "
           "that spill over\n"
           ".SH SYNOPSIS\n"
           "\\fBspillway\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.br\n"
           "\\fBspillway help\\fR [\\fB\\-\\-man\\fR] [\\fICOMMAND\\fR]\n.br\n"
           "\\fBspillway \\-\\-version\\fR\n"
           ".SH DESCRIPTION\n"
           "Lets gateway pods run on the nodes set apart for them and spill "
           "over to virtual nodes.\n"
           ".SH COMMANDS\n");
    for (size_t i = 0; i < n_commands; i++) {
        printf(".TP\n\\fB%s\\fR\n", commands[i]->name);
        print_line(text_of(commands[i]->summary));
    }
    print_exits("0 yes, or done\n1 it ran, and the answer is no\n"
                "2 it could not run: bad arguments, or input that cannot be "
                "read\n3 (test) no case was found");
    printf(".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\n"
           "when it is set and not empty, nothing is printed in colour; nor is "
           "it when\n\\fBTERM\\fR is dumb\n"
           ".SH FILES\n"
           ".TP\n\\fIpolicy.yaml\\fR\na policy, or one of those in a "
           "directory, for \\fB\\-\\-policy\\fR\n"
           ".TP\n\\fIca.crt\\fR, \\fIca.key\\fR, \\fItls.crt\\fR, "
           "\\fItls.key\\fR\nwhat \\fBspillway certs issue\\fR writes\n"
           ".TP\n\\fIreview.json\\fR, \\fIpod.yaml\\fR, \\fIexpect.yaml\\fR\n"
           "a case for \\fBspillway test\\fR\n"
           ".SH SEE ALSO\n");
    for (size_t i = 0; i < n_commands; i++)
        print_reference(commands[i]->name, i + 1 < n_commands ? "," : "");
}

void manual_print(const struct command *command)
{
    if (command)
        print_command(command);
    else
        print_program();
}
