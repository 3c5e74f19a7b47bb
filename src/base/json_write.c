/* json_write.c - the writer of json.h. */
#include "spillway/buf.h"
#include "spillway/json.h"

/* Bytes that may stand in a JSON string as they are. */
static size_t plain_length(struct text text)
{
    static const bool special[256] = {
        [0 ... 0x1F] = true, ['"'] = true, ['\\'] = true, [0x7F ... 0xFF] = true
    };
    size_t i = 0;

    while (i < text.len && !special[(unsigned char)text.data[i]])
        i++;
    return i;
}

/* The character of a UTF-8 sequence of `len` bytes. */
static unsigned code_point(const char *at, size_t len)
{
    unsigned code = (unsigned char)at[0];

    if (len > 1)
        code &= 0x7Fu >> len;
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    return code;
}

/* Characters that a terminal or an editor acts upon: controls, line
 * separators, and what turns the direction of writing. */
static bool is_acted_upon(unsigned code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) ||
           (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* Write the character at the start of `text`, which is not plain; returns how
 * many bytes it had. */
static size_t write_special(struct buf *out, struct text text)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    unsigned char c = (unsigned char)text.data[0];
    const char *found = c ? strchr(escaped, c) : NULL;
    size_t len = text_utf8_sequence(text.data, text.len);
    unsigned code = len ? code_point(text.data, len) : 0xFFFD;

    if (found)
        buf_printf(out, "\\%c", letters[found - escaped]);
    else if (len > 0 && is_acted_upon(code))
        buf_printf(out, "\\u%04x", code);
    else if (len == 0)
        buf_add_string(out, "\xEF\xBF\xBD"); /* U+FFFD */
    else
        buf_add(out, text.data, len);
    return len ? len : 1;
}

void json_write_string(struct buf *out, struct text value)
{
    buf_add_char(out, '"');
    while (value.len) {
        size_t len = plain_length(value);

        buf_add(out, value.data, len);
        value = (struct text){ value.data + len, value.len - len };
        if (!value.len)
            break;
        len = write_special(out, value);
        value = (struct text){ value.data + len, value.len - len };
    }
    buf_add_char(out, '"');
}

/* True when some byte is a space or a control character. */
static bool has_blank(struct text text)
{
    const uint64_t ones = 0x0101010101010101;
    size_t i = 0;

    for (; text.len - i >= 8; i += 8) {
        uint64_t word;

        /* The top bit of a byte is set when it is below 0x21; a borrow from
         * such a byte may set it for another, too. */
        memcpy(&word, text.data + i, sizeof(word));
        if ((word - ones * 0x21) & ~word & (ones * 0x80))
            return true;
    }
    while (i < text.len && (unsigned char)text.data[i] > ' ')
        i++;
    return i < text.len;
}

/* Repeat validated bytes without the white space between tokens. */
static void write_raw(struct buf *out, struct text raw)
{
    bool quoted = false;
    size_t from = 0;

    if (!has_blank(raw)) {
        buf_add_text(out, raw);
        return;
    }
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted &&
                   (c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
            buf_add(out, raw.data + from, i - from);
            from = i + 1;
        }
    }
    buf_add(out, raw.data + from, raw.len - from);
}

static void write_scalar(struct buf *out, const struct json *value)
{
    if (value->raw.data)
        buf_add_text(out, value->raw);
    else if (value->type == JSON_STRING)
        json_write_string(out, value->string);
    else if (value->type == JSON_NUMBER)
        buf_add_text(out, value->string);
    else if (value->type == JSON_BOOL)
        buf_add_string(out, value->truth ? "true" : "false");
    else
        buf_add_string(out, "null");
}

static void write_break(struct buf *out, int indent, int level)
{
    if (indent < 0)
        return;
    buf_printf(out, "\n%*s", indent * level, "");
}

/* `indent` below 0 writes everything on one line. */
static void write_value(struct buf *out, const struct json *value, int indent,
                        int level)
{
    bool object = value->type == JSON_OBJECT;

    if (!object && value->type != JSON_ARRAY) {
        write_scalar(out, value);
        return;
    }
    if (value->raw.data && (indent < 0 || value->opaque)) {
        write_raw(out, value->raw);
        return;
    }
    buf_add_char(out, object ? '{' : '[');
    for (const struct json *e = value->child; e; e = e->next) {
        write_break(out, indent, level + 1);
        if (object) {
            json_write_string(out, e->key);
            buf_add_string(out, indent < 0 ? ":" : ": ");
        }
        write_value(out, e, indent, level + 1);
        if (e->next)
            buf_add_char(out, ',');
    }
    if (value->child)
        write_break(out, indent, level);
    buf_add_char(out, object ? '}' : ']');
}

bool json_is_compact(const struct json *value)
{
    return value->raw.data && !has_blank(value->raw);
}

void json_write(struct buf *out, const struct json *value)
{
    write_value(out, value, -1, 0);
}

void json_write_pretty(struct buf *out, const struct json *value, int indent)
{
    write_value(out, value, indent, 0);
}
