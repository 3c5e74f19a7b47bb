/* re2.c - see re2.h for the contract. */
#include "spillway/re2.h"

#include <assert.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>

enum {
    BYTES = UCHAR_MAX + 1,
    ASCII = 128,
    BRACKET_MAX = 1024,
};

/* What a glob is made of. */
struct item {
    enum { ITEM_BYTE, ITEM_SET, ITEM_STAR } kind;
    unsigned char byte;
    bool has[BYTES]; /* SET: which bytes it takes */
};

/*
 * Sets and stars that stand together.  Their neighbours are whole characters,
 * so such a group takes whole characters too, but inside it a character may
 * begin in one set and end in the next.
 */
struct group {
    size_t sets, stars;
    bool star_first; /* a star before the set */
    struct item set; /* the last one */
};

/* --- reading the glob -------------------------------------------------- */

/* The end of a class, [:NAME:], at `at`; NULL when none begins there.  No
 * class has a z in its name, and to glibc none may. */
static const char *class_end(const char *at)
{
    const char *name = at + 2;
    size_t len = at[0] == '[' && at[1] == ':'
                     ? strspn(name, "abcdefghijklmnopqrstuvwxy")
                     : 0;

    return len > 0 && strncmp(name + len, ":]", 2) == 0 ? name + len + 2 : NULL;
}

/* The end of one character of a bracket, perhaps escaped; NULL when there is
 * none. */
static const char *character_end(const char *at)
{
    at += *at == '\\';
    return *at ? at + 1 : NULL;
}

/* The end of what stands at `at` in a bracket: a class, a character or a
 * range; NULL when it is not finished, or is a range up to a class, which
 * fnmatch() reads in two ways. */
static const char *element_end(const char *at)
{
    const char *end = class_end(at);

    if (end)
        return end;
    end = character_end(at);
    if (!end || *end != '-' || end[1] == ']')
        return end;
    return class_end(end + 1) ? NULL : character_end(end + 1);
}

/*
 * The first byte behind the bracket that begins at `at`.  A bracket that is
 * never closed is the character `[`; one that cannot be read is NULL, for
 * fnmatch() then decides by how far it has come.
 */
static const char *bracket_end(const char *at)
{
    const char *open = at + 1;

    at = open + (*open == '!' || *open == '^');
    do {
        if (!*at)
            return strstr(open, "[:") ? NULL : open;
        at = element_end(at);
        if (!at)
            return NULL;
    } while (*at != ']');
    return at + 1;
}

/* Which bytes a bracket takes is for fnmatch() to say. */
static bool read_bracket(const char *at, const char *end, struct item *item)
{
    char bracket[BRACKET_MAX + 1], value[2] = { 0 };
    size_t len = (size_t)(end - at);

    if (len > BRACKET_MAX)
        return false;
    memcpy(bracket, at, len);
    bracket[len] = '\0';
    item->kind = ITEM_SET;
    for (int byte = 1; byte < BYTES; byte++) {
        value[0] = (char)byte;
        item->has[byte] = fnmatch(bracket, value, 0) == 0;
    }
    item->has[0] = item->has[1]; /* no value holds NUL: what reads better */
    return true;
}

/* Read one item.  Returns what is behind it; NULL when no expression can say
 * it. */
static const char *read_item(const char *at, struct item *item)
{
    const char *end = *at == '[' ? bracket_end(at) : character_end(at);

    if (*at == '[' && end && end > at + 1)
        return read_bracket(at, end, item) ? end : NULL;
    item->kind = *at == '*' ? ITEM_STAR : *at == '?' ? ITEM_SET : ITEM_BYTE;
    memset(item->has, true, sizeof(item->has));
    if (end)
        item->byte = (unsigned char)end[-1];
    return end;
}

/* --- on the value ------------------------------------------------------ */

/* What means something to RE2, outside and inside of a class.  A dot is always
 * escaped, so that one without is the one that matches anything. */
#define SPECIAL "\\.+*?()|[]{}^$"
#define CLASS_SPECIAL "\\.[]^-"

/* Append a character that is to be nothing but itself, where those in
 * `special` are more than that. */
static void write_byte(struct buf *out, unsigned char byte, const char *special)
{
    if (byte < ' ' || byte == 0x7F || byte == '"')
        buf_printf(out, "\\x%02x", byte);
    else if (strchr(special, byte))
        buf_printf(out, "\\%c", byte);
    else
        buf_add_char(out, (char)byte);
}

/* Append the ASCII characters that a set takes (or does not), as ranges. */
static void write_ranges(struct buf *out, const struct item *set, bool taken)
{
    for (int from = 1, to; from < ASCII; from = to + 1) {
        to = from;
        if (set->has[from] != taken)
            continue;
        while (to + 1 < ASCII && set->has[to + 1] == taken)
            to++;
        write_byte(out, (unsigned char)from, CLASS_SPECIAL);
        if (to > from + 1)
            buf_add_char(out, '-');
        if (to > from)
            write_byte(out, (unsigned char)to, CLASS_SPECIAL);
    }
}

static size_t count_bytes(const struct item *set, int from, int to)
{
    size_t count = 0;

    for (int byte = from; byte < to; byte++)
        count += set->has[byte];
    return count;
}

/* Append the characters that a set takes: those of ASCII, and all others or
 * none of them. */
static void write_class(struct buf *out, const struct item *set, bool others)
{
    size_t taken = count_bytes(set, 1, ASCII);

    if (others && taken == ASCII - 1) {
        buf_add_char(out, '.');
    } else if (others) {
        buf_add_string(out, "[^");
        write_ranges(out, set, false);
        buf_add_char(out, ']');
    } else if (taken == 0) {
        buf_add_string(out, "[^\\x00-\\x{10FFFF}]"); /* matches nothing */
    } else {
        buf_add_char(out, '[');
        write_ranges(out, set, true);
        buf_add_char(out, ']');
    }
}

/*
 * Append what a group takes in whole characters.  A set alone takes one byte,
 * so a character of ASCII.  Beside a star it takes the first or the last byte
 * of any other character as well, if it takes them all.  The rest depends on
 * how characters lie across sets: false.
 */
static bool write_group(struct buf *out, const struct group *group)
{
    size_t high = group->sets ? count_bytes(&group->set, ASCII, BYTES) : 0;
    bool star_last = group->stars > (group->star_first ? 1 : 0);

    if (group->sets > 1 ||
        (group->sets && group->stars && high > 0 && high < BYTES - ASCII))
        return false;
    if (group->star_first && (group->sets || group->stars))
        buf_add_string(out, ".*");
    if (group->sets)
        write_class(out, &group->set, group->stars && high);
    if (star_last)
        buf_add_string(out, ".*");
    return true;
}

/* Count an item in; false when it does not belong to a group. */
static bool group_add(struct group *group, const struct item *item)
{
    if (item->kind == ITEM_BYTE)
        return false;
    if (item->kind == ITEM_SET) {
        group->sets++;
        group->set = *item;
    } else if (group->sets == 0) {
        group->star_first = true; /* and two stars are one */
        group->stars = 1;
    } else {
        group->stars = group->star_first + 1;
    }
    return true;
}

/* False when the glob cannot be said in characters. */
static bool write_value(const char *glob, struct buf *out)
{
    struct group group = { 0 };
    struct item item;

    while (*glob) {
        glob = read_item(glob, &item);
        assert(glob); /* check() has read it all */
        if (group_add(&group, &item))
            continue;
        if (!write_group(out, &group))
            return false;
        group = (struct group){ 0 };
        write_byte(out, item.byte, SPECIAL);
    }
    return write_group(out, &group);
}

/* --- on its bytes, in hexadecimal -------------------------------------- */

static bool same_row(const bool *a, const bool *b)
{
    return memcmp(a, b, 16 * sizeof(*a)) == 0;
}

/* Append the digits that are set, as one character or a class. */
static void write_digits(struct buf *out, const bool digits[16])
{
    size_t count = 0;

    for (size_t i = 0; i < 16; i++)
        count += digits[i];
    if (count == 16) {
        buf_add_char(out, '.');
        return;
    }
    if (count > 1)
        buf_add_char(out, '[');
    for (size_t i = 0; i < 16; i++) {
        if (digits[i])
            buf_add_char(out, "0123456789abcdef"[i]);
    }
    if (count > 1)
        buf_add_char(out, ']');
}

/* Append a set as pairs of digits: rows that take the same second digits are
 * written once. */
static void write_hex_set(struct buf *out, const struct item *set)
{
    static const bool none[16] = { false };
    const char *separator = "(?:";

    for (size_t row = 0; row < 16; row++) {
        const bool *second = set->has + row * 16;
        bool first[16] = { false }, seen = same_row(second, none);

        for (size_t other = 0; other < 16; other++) {
            first[other] = same_row(set->has + other * 16, second);
            seen = seen || (other < row && first[other]);
        }
        if (seen)
            continue;
        buf_add_string(out, separator);
        write_digits(out, first);
        write_digits(out, second);
        separator = "|";
    }
    /* Two digits are never one. */
    buf_add_string(out, *separator == '|' ? ")" : "[^\\x00-\\x{10FFFF}]");
}

static void write_hex(const char *glob, struct buf *out)
{
    struct item item;

    while (*glob) {
        glob = read_item(glob, &item);
        assert(glob);
        if (item.kind == ITEM_STAR)
            buf_add_string(out, "(?:..)*");
        else if (item.kind == ITEM_BYTE)
            buf_printf(out, "%02x", item.byte);
        else if (count_bytes(&item, 0, BYTES) == BYTES)
            buf_add_string(out, "..");
        else
            write_hex_set(out, &item);
    }
}

/* --- the whole --------------------------------------------------------- */

/* All of the glob can be read. */
static bool check(const char *glob, struct error *err)
{
    struct item item;

    for (const char *at = glob; *at;) {
        at = read_item(at, &item);
        if (!at)
            return error_set(err, ERROR_INVALID,
                             "glob '%.100s': a bracket or a backslash is "
                             "not finished (for the character itself write "
                             "\\[ or \\\\)",
                             glob);
    }
    return true;
}

static bool has_dot(const char *expression)
{
    const char *at = expression + strcspn(expression, "\\.");

    while (*at == '\\')
        at += 2 + strcspn(at + 2, "\\.");
    return *at == '.';
}

bool re2_from_glob(const char *glob, struct buf *out, enum re2_subject *subject,
                   struct error *err)
{
    auto_buf struct buf text = { 0 };

    if (!check(glob, err))
        return false;
    *subject = RE2_VALUE;
    if (!write_value(glob, &text)) {
        *subject = RE2_HEX;
        buf_clear(&text);
        write_hex(glob, &text);
    }
    buf_add_char(&text, '$');
    if (!buf_ok(&text, err))
        return false;
    /* A dot must match line breaks, too; hexadecimal digits have none. */
    if (*subject == RE2_VALUE && has_dot(text.data))
        buf_add_string(out, "(?s)");
    buf_add_char(out, '^');
    buf_add_text(out, buf_text(&text));
    return buf_ok(out, err);
}
