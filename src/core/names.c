/* names.c - see names.h for the contract. */
#include "spillway/names.h"

#include "spillway/macros.h"

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alphanumeric(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* [a-z0-9-], alphanumeric at both ends. */
static bool is_label(struct text name)
{
    if (name.len == 0 || !is_lower_or_digit(name.data[0]) ||
        !is_lower_or_digit(name.data[name.len - 1]))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_lower_or_digit(name.data[i]) && name.data[i] != '-')
            return false;
    }
    return true;
}

bool names_is_dns_label(struct text name)
{
    return name.len <= 63 && is_label(name);
}

bool names_is_dns_subdomain(struct text name)
{
    const char *at = name.data, *end = at + name.len;

    if (name.len == 0 || name.len > 253)
        return false;
    for (;;) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        const char *stop = dot ? dot : end;

        /* The parts have no length limit of their own. */
        if (!is_label((struct text){ at, (size_t)(stop - at) }))
            return false;
        if (!dot)
            return true;
        at = dot + 1;
    }
}

/* At most 63 of [A-Za-z0-9_.-], alphanumeric at both ends. */
static bool is_name(struct text name)
{
    if (name.len == 0 || name.len > 63 || !is_alphanumeric(name.data[0]) ||
        !is_alphanumeric(name.data[name.len - 1]))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_alphanumeric(name.data[i]) && !strchr("_.-", name.data[i]))
            return false;
        if (name.data[i] == '\0')
            return false;
    }
    return true;
}

bool names_is_label_key(struct text key)
{
    const char *slash = key.len ? memchr(key.data, '/', key.len) : NULL;
    struct text prefix, name = key;

    if (slash) {
        prefix = (struct text){ key.data, (size_t)(slash - key.data) };
        name = (struct text){ slash + 1, key.len - prefix.len - 1 };
        if (!names_is_dns_subdomain(prefix))
            return false;
    }
    return is_name(name);
}

bool names_is_label_value(struct text value)
{
    return value.len == 0 || is_name(value);
}

/* Edit distance (Levenshtein), for words of fewer than 64 letters. */
static size_t distance(struct text a, struct text b)
{
    size_t row[65];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = diagonal + (a.data[i - 1] != b.data[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b.len];
}

const char *names_suggest(struct text word, const char *const *names,
                          size_t count)
{
    const char *best = NULL;
    size_t least = word.len > 3 ? 3 : 2; /* at most two edits away */

    if (word.len >= 64)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t edits = distance(word, text_of(names[i]));

        if (edits < least) {
            least = edits;
            best = names[i];
        }
    }
    return best;
}
