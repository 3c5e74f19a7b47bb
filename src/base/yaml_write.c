/*
 * yaml_write.c - the writer of yaml.h.
 *
 * Written by hand and not with libyaml's emitter, which breaks long lines and
 * has its own mind about block scalars; what is printed here is meant to be
 * read, compared line by line, and read back to the same tree.
 */
#include "spillway/yaml.h"

#include <stdint.h>

#include "spillway/buf.h"
#include "spillway/scalar.h"

enum {
    INDENT = 2,
    /* A key must end within 1024 characters of its line; one that might not,
     * every byte escaped, is written behind a `?`. */
    KEY_MAX = 200,
};

/* --- characters -------------------------------------------------------- */

/* What stands in the way of writing a string in one style or another. */
struct traits {
    bool unprintable; /* needs escapes */
    bool has_newline, has_tab;
    bool colon, comment; /* ": ", " #": would end a plain scalar */
    bool space_first, space_last;
    bool blank_line; /* a line of nothing but white space */
};

/* The code point of a valid UTF-8 sequence. */
static uint32_t decode(const char *at, size_t len)
{
    static const unsigned char masks[] = { 0x7F, 0x1F, 0x0F, 0x07 };
    uint32_t code = (unsigned char)at[0] & masks[len - 1];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    return code;
}

/* What YAML 1.1 lets stand as it is, and what does not break lines. */
static bool is_printable(uint32_t code)
{
    if (code < 0x80)
        return (code >= 0x20 && code < 0x7F) || code == '\n' || code == '\t';
    return code >= 0xA0 && code != 0x2028 && code != 0x2029 && code != 0xFEFF &&
           code != 0xFFFE && code != 0xFFFF;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The byte there; behind the end, a blank. */
static char byte_at(struct text text, size_t i)
{
    if (i < text.len)
        return text.data[i];
    return ' ';
}

static void look_at(struct traits *traits, struct text text, size_t i,
                    size_t len)
{
    char c = text.data[i];
    char next = byte_at(text, i + 1);

    if (len == 0 || !is_printable(decode(text.data + i, len)))
        traits->unprintable = true;
    traits->has_newline |= c == '\n';
    traits->has_tab |= c == '\t';
    traits->colon |= c == ':' && (is_space(next) || next == '\n');
    traits->comment |= is_space(c) && next == '#';
}

static bool has_blank_line(struct text text)
{
    bool blank = true, spaces = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n') {
            if (blank && spaces)
                return true;
            blank = true;
            spaces = false;
        } else if (is_space(text.data[i])) {
            spaces = true;
        } else {
            blank = false;
        }
    }
    return blank && spaces;
}

static struct traits traits_of(struct text text)
{
    struct traits traits = { 0 };

    for (size_t i = 0; i < text.len;) {
        size_t len = text_utf8_sequence(text.data + i, text.len - i);

        look_at(&traits, text, i, len);
        i += len ? len : 1;
    }
    if (text.len) {
        traits.space_first = is_space(text.data[0]);
        traits.space_last = is_space(text.data[text.len - 1]);
        traits.blank_line = traits.has_newline && has_blank_line(text);
    }
    return traits;
}

/* --- strings ----------------------------------------------------------- */

/* Characters that mean something where a scalar begins. */
static bool begins_plain(struct text text)
{
    char next = byte_at(text, 1);

    if (text_has_prefix(text, "---") || text_has_prefix(text, "..."))
        return false;
    if (strchr("-?:", text.data[0]))
        return !is_space(next);
    return !strchr(",[]{}#&*!|>'\"%@`", text.data[0]);
}

static bool is_plain(struct text text, const struct traits *traits)
{
    return text.len > 0 && !traits->unprintable && !traits->has_newline &&
           !traits->has_tab && !traits->colon && !traits->comment &&
           !traits->space_first && !traits->space_last && begins_plain(text) &&
           scalar_is_plain_string(text);
}

/* Quoted because of its meaning ("yes", "80", "") and not of its characters:
 * kubectl takes double quotes for the former, single ones for the latter. */
static bool wants_double_quotes(struct text text, const struct traits *traits)
{
    return text.len == 0 || traits->unprintable || traits->has_newline ||
           traits->has_tab || !scalar_is_plain_string(text);
}

static void write_single_quoted(struct buf *out, struct text text)
{
    buf_add_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, text.data[i]);
    }
    buf_add_char(out, '\'');
}

static void write_escape(struct buf *out, uint32_t code)
{
    static const char escaped[] = "\a\b\t\n\v\f\r\x1B\"\\",
                      letters[] = "abtnvfre\"\\";
    const char *found = code && code < 0x80 ? strchr(escaped, (int)code) : NULL;

    if (found)
        buf_printf(out, "\\%c", letters[found - escaped]);
    else if (code == 0)
        buf_add_string(out, "\\0");
    else if (code <= 0xFF)
        buf_printf(out, "\\x%02X", code);
    else if (code <= 0xFFFF)
        buf_printf(out, "\\u%04X", code);
    else
        buf_printf(out, "\\U%08X", code);
}

static bool needs_escape(uint32_t code)
{
    return !is_printable(code) || code == '\n' || code == '\t' || code == '"' ||
           code == '\\';
}

static void write_double_quoted(struct buf *out, struct text text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t len = text_utf8_sequence(text.data + i, text.len - i);
        uint32_t code = len ? decode(text.data + i, len) : 0xFFFD;

        if (needs_escape(code))
            write_escape(out, code);
        else if (len)
            buf_add(out, text.data + i, len);
        else
            buf_add_string(out, "\xEF\xBF\xBD"); /* U+FFFD */
        i += len ? len : 1;
    }
    buf_add_char(out, '"');
}

/* `|`, with what must be said about the first and the last lines. */
static void write_literal(struct buf *out, struct text text, int indent)
{
    size_t tail = 0;

    while (tail < text.len && text.data[text.len - 1 - tail] == '\n')
        tail++;
    buf_add_char(out, '|');
    if (text.data[0] == '\n' || text.data[0] == ' ')
        buf_printf(out, "%d", INDENT);
    if (tail == 0)
        buf_add_char(out, '-');
    else if (tail > 1 || tail == text.len)
        buf_add_char(out, '+');
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;

        buf_add_char(out, '\n');
        if (len)
            buf_printf(out, "%*s", indent, "");
        buf_add(out, text.data, len);
        len += end != NULL;
        text = (struct text){ text.data + len, text.len - len };
    }
}

/* A string as a value; `indent` is where the lines of a block would stand. */
static void write_string(struct buf *out, struct text text, int indent)
{
    struct traits traits = traits_of(text);

    if (is_plain(text, &traits))
        buf_add_text(out, text);
    else if (traits.has_newline && !traits.unprintable && !traits.blank_line &&
             !traits.space_last && text.data[0] != '\t')
        write_literal(out, text, indent);
    else if (wants_double_quotes(text, &traits))
        write_double_quoted(out, text);
    else
        write_single_quoted(out, text);
}

/* --- values ------------------------------------------------------------ */

static void write_block(struct buf *out, const struct json *value, int indent);

static void write_scalar(struct buf *out, const struct json *value, int indent)
{
    switch (value->type) {
    case JSON_NULL:
        buf_add_string(out, "null");
        break;
    case JSON_BOOL:
        buf_add_string(out, value->truth ? "true" : "false");
        break;
    case JSON_NUMBER:
        buf_add_text(out, value->string);
        break;
    case JSON_STRING:
        write_string(out, value->string, indent);
        break;
    case JSON_ARRAY:
        buf_add_string(out, "[]");
        break;
    case JSON_OBJECT:
        buf_add_string(out, "{}");
        break;
    }
}

/* Whether a value fits behind its key: scalars, and containers that are empty
 * or known by their bytes only (JSON is YAML, too). */
static bool is_inline(const struct json *value)
{
    return (value->type != JSON_ARRAY && value->type != JSON_OBJECT) ||
           value->opaque || !value->child;
}

static void write_inline(struct buf *out, const struct json *value, int indent)
{
    if (value->opaque)
        json_write(out, value);
    else
        write_scalar(out, value, indent);
}

static void write_key(struct buf *out, struct text key, int indent)
{
    struct traits traits = traits_of(key);
    bool explicit = key.len > KEY_MAX;

    if (explicit)
        buf_add_string(out, "? ");
    if (is_plain(key, &traits))
        buf_add_text(out, key);
    else if (wants_double_quotes(key, &traits))
        write_double_quoted(out, key);
    else
        write_single_quoted(out, key);
    if (explicit)
        buf_printf(out, "\n%*s", indent, "");
    buf_add_char(out, ':');
}

static void write_member(struct buf *out, const struct json *member, int indent)
{
    write_key(out, member->key, indent);
    if (is_inline(member)) {
        buf_add_char(out, ' ');
        write_inline(out, member, indent + INDENT);
        buf_add_char(out, '\n');
        return;
    }
    /* Sequences stand as far left as their key. */
    if (member->type == JSON_OBJECT)
        indent += INDENT;
    buf_printf(out, "\n%*s", indent, "");
    write_block(out, member, indent);
}

static void write_element(struct buf *out, const struct json *element,
                          int indent)
{
    buf_add_string(out, "- ");
    if (is_inline(element)) {
        write_inline(out, element, indent + INDENT);
        buf_add_char(out, '\n');
        return;
    }
    write_block(out, element, indent + INDENT);
}

/* A container that is not empty; the cursor stands at column `indent`. */
static void write_block(struct buf *out, const struct json *value, int indent)
{
    for (const struct json *e = value->child; e; e = e->next) {
        if (e != value->child)
            buf_printf(out, "%*s", indent, "");
        if (value->type == JSON_OBJECT)
            write_member(out, e, indent);
        else
            write_element(out, e, indent);
    }
}

bool yaml_write(struct buf *out, const struct json *value, struct error *err)
{
    if (is_inline(value)) {
        write_inline(out, value, INDENT);
        buf_add_char(out, '\n');
    } else {
        write_block(out, value, 0);
    }
    return buf_ok(out, err);
}
