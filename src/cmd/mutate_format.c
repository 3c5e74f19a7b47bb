/* mutate_format.c - see mutate.h for the contract. */
#include "spillway/mutate.h"

#include <string.h>

#include "spillway/diff.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/summary.h"
#include "spillway/yaml.h"

static bool add_response(struct mutate_output *output,
                         struct document *document,
                         const struct admission *admission, struct arena *arena,
                         struct error *err)
{
    (void)document;
    (void)arena;
    buf_add_text(&output->buf, admission->response);
    return buf_ok(&output->buf, err);
}

static bool add_patch(struct mutate_output *output, struct document *document,
                      const struct admission *admission, struct arena *arena,
                      struct error *err)
{
    const struct json *patch = document_patch(document, admission, arena, err);

    if (!patch)
        return false;
    json_write(&output->buf, patch);
    buf_add_char(&output->buf, '\n');
    return buf_ok(&output->buf, err);
}

/* One line, whatever the layout of a review that was given. */
static bool add_review(struct mutate_output *output, struct document *document,
                       const struct admission *admission, struct arena *arena,
                       struct error *err)
{
    (void)admission;
    (void)arena;
    if (document->kind == DOCUMENT_REVIEW)
        json_write(&output->buf, document->root);
    else
        buf_add_text(&output->buf, document->review);
    buf_add_char(&output->buf, '\n');
    return buf_ok(&output->buf, err);
}

/* The object is only changed here: a List is printed when all of its items are
 * done. */
static bool change_object(struct mutate_output *output,
                          struct document *document,
                          const struct admission *admission,
                          struct arena *arena, struct error *err)
{
    const struct json *patch = document_patch(document, admission, arena, err);

    (void)output;
    return patch && document_apply(document, patch, arena, err);
}

static bool add_object(struct mutate_output *output, const struct json *root,
                       bool is_json, struct error *err)
{
    const struct json *object = root;
    auto_buf struct buf text = { 0 };

    if (text_is(json_string(root, "kind"), "AdmissionReview"))
        object = json_get(json_get(root, "request"), "object");
    if (!object)
        return true; /* a DELETE has none */
    if (!is_json) {
        output->has_yaml = true;
        if (!yaml_write(&text, object, err))
            return false;
    } else {
        json_write_pretty(&text, object, 4);
        buf_add_char(&text, '\n');
    }
    if (output->printed++ || is_json)
        buf_add_string(&output->buf, "---\n");
    buf_add_text(&output->buf, buf_text(&text));
    if (!output->has_yaml)
        buf_add_text(&output->json, buf_text(&text));
    return buf_ok(&text, err) && buf_ok(&output->buf, err) &&
           buf_ok(&output->json, err);
}

/* JSON beside YAML makes a YAML stream, which begins with a separator so that
 * it is not taken for JSON; JSON alone has none. */
static struct text finish_objects(const struct mutate_output *output)
{
    return buf_text(output->has_yaml ? &output->buf : &output->json);
}

/* --- the diff ---------------------------------------------------------- */

static void add_line(struct mutate_output *output, const struct buf *line,
                     const char *colour)
{
    if (output->colour)
        buf_add_string(&output->buf, colour);
    summary_wrap(&output->buf, buf_text(line), output->width);
    buf_add_string(&output->buf, output->colour ? "\033[m\n" : "\n");
}

static void add_warnings(struct mutate_output *output,
                         const struct admission *admission)
{
    for (size_t i = 0; i < admission->n_warnings; i++) {
        auto_buf struct buf line = { 0 };

        if (admission->decision == DECISION_SHADOWED)
            break; /* they are counted, and not sent */
        buf_printf(&line, "  warning: %s", admission->warnings[i].text);
        add_line(output, &line, "\033[33m");
    }
}

static bool add_changes(struct mutate_output *output,
                        const struct document *document,
                        const struct buf *before, const struct buf *after,
                        struct error *err)
{
    auto_buf struct buf old_name = { 0 }, new_name = { 0 };
    struct diff_style style = { .colour = output->colour };

    summary_name(&old_name, document);
    summary_name(&new_name, document);
    buf_add_string(&old_name, ", received");
    buf_add_string(&new_name, ", mutated");
    if (!buf_ok(&old_name, err) || !buf_ok(&new_name, err))
        return false;
    style.before = old_name.data;
    style.after = new_name.data;
    return diff_write(&output->buf, buf_text(before), buf_text(after), &style,
                      err);
}

static bool add_diff(struct mutate_output *output, struct document *document,
                     const struct admission *admission, struct arena *arena,
                     struct error *err)
{
    const struct json *patch = document_patch(document, admission, arena, err);
    const struct json *old = NULL;
    auto_buf struct buf before = { 0 }, after = { 0 }, summary = { 0 };

    if (!patch)
        return false;
    if (patch->child) {
        old = json_clone(arena, document->object);
        if (!old)
            return error_no_memory(err);
        if (!document_apply(document, patch, arena, err) ||
            !yaml_write(&before, old, err) ||
            !yaml_write(&after, document->object, err))
            return false;
    }
    summary_write(&summary, document, admission,
                  document_pod_spec(document, old ? old : document->object),
                  document_pod_spec(document, document->object));
    if (!buf_ok(&summary, err))
        return false;
    /* A blank line around every diff. */
    if (output->printed++ && (output->after_diff || patch->child))
        buf_add_char(&output->buf, '\n');
    output->after_diff = patch->child != NULL;
    add_line(output, &summary, "\033[1m");
    add_warnings(output, admission);
    return add_changes(output, document, &before, &after, err);
}

/* --- all of them ------------------------------------------------------- */

const struct mutate_format *mutate_format_find(const char *name)
{
    /* clang-format off */
    static const struct mutate_format formats[] = {
        { "diff",     add_diff,      NULL,       NULL           },
        { "response", add_response,  NULL,       NULL           },
        { "patch",    add_patch,     NULL,       NULL           },
        { "object",   change_object, add_object, finish_objects },
        { "review",   add_review,    NULL,       NULL           },
    };
    /* clang-format on */

    for (size_t i = 0; i < array_len(formats); i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    }
    return NULL;
}
