/* manifest.c - how the `manifest` commands print; see manifest.h. */
#include "spillway/manifest.h"

#include <stdio.h>

#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/yaml.h"

/* --- printing ---------------------------------------------------------- */

int manifest_print(const char *comment, const struct json *object)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    buf_add_string(&out, comment);
    if (!yaml_write(&out, object, &err))
        return command_fail(&err);
    (void)fwrite(out.data, 1, out.len, stdout);
    return command_done(STATUS_OK);
}
