/* json_stream.c - several JSON texts, one behind the other; see json.h. */
#include "spillway/json.h"

#include "spillway/json_scan.h"

/* Number the lines of a tree in the order of its text. */
static void number_lines(struct json *value, const char **at, uint32_t *line)
{
    for (; *at < value->raw.data; (*at)++)
        *line += **at == '\n';
    value->line = *line;
    for (struct json *child = value->child; child; child = child->next)
        number_lines(child, at, line);
}

struct json *json_read_next(struct text *in, const char *start,
                            size_t max_values, struct arena *arena,
                            struct error *err)
{
    struct json_scan scan = {
        start, in->data, in->data + in->len, 0, NULL, err
    };
    struct json_document document;
    const char *at = start;
    struct text value;
    uint32_t line = 1;

    /* Scanning first finds where the value ends. */
    json_scan_space(&scan);
    value.data = scan.at;
    if (!json_scan_value(&scan))
        return NULL;
    value.len = (size_t)(scan.at - value.data);
    json_scan_space(&scan);
    if (!json_read(value, &json_any, max_values, arena, &document, err))
        return NULL;
    *in = (struct text){ scan.at, (size_t)(scan.end - scan.at) };
    number_lines(document.root, &at, &line);
    return document.root;
}

bool json_looks_like(struct text in)
{
    const char *start = in.data ? in.data : "";
    struct json_scan scan = { start, start, start + in.len, 0, NULL, NULL };

    json_scan_space(&scan);
    return scan.at < scan.end && (*scan.at == '{' || *scan.at == '[');
}
