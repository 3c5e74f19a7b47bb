/* xml.c - see xml.h for the contract. */
#include "spillway/xml.h"

#include "spillway/buf.h"

/* How a byte of ASCII is written; NULL: as it is. */
static const char *escape(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return c < 0x20 ? "\xEF\xBF\xBD" : NULL;
    }
}

/* U+FFFE and U+FFFF are no characters of XML. */
static bool is_forbidden(const char *at, size_t len)
{
    return len == 3 && (memcmp(at, "\xEF\xBF\xBE", 3) == 0 ||
                        memcmp(at, "\xEF\xBF\xBF", 3) == 0);
}

void xml_add(struct buf *out, struct text text)
{
    for (size_t i = 0; i < text.len;) {
        const char *at = text.data + i;
        size_t len = text_utf8_sequence(at, text.len - i);
        const char *escaped = len == 1 ? escape((unsigned char)*at) : NULL;

        if (len == 0 || is_forbidden(at, len))
            escaped = "\xEF\xBF\xBD";
        if (escaped)
            buf_add_string(out, escaped);
        else
            buf_add(out, at, len);
        i += len ? len : 1;
    }
}
