/* jsonout.c - see jsonout.h for the contract. */
#include "spillway/jsonout.h"

#include <stdio.h>

#include "spillway/buf.h"
#include "spillway/json.h"

cJSON *jsonout_text(struct text text)
{
    auto_buf struct buf out = { 0 };

    if (!text.data)
        return cJSON_CreateNull();
    json_write_string(&out, text);
    return out.failed ? NULL : cJSON_CreateRaw(out.data);
}

void jsonout_add(cJSON *object, const char *key, struct text text)
{
    (void)cJSON_AddItemToObject(object, key, jsonout_text(text));
}

void jsonout_append(cJSON *array, struct text text)
{
    (void)cJSON_AddItemToArray(array, jsonout_text(text));
}

void jsonout_add_count(cJSON *object, const char *key, size_t count)
{
    (void)cJSON_AddNumberToObject(object, key, (double)count);
}

bool jsonout_print(cJSON *root, struct error *err)
{
    char *text = cJSON_Print(root);

    cJSON_Delete(root);
    if (!text)
        return error_no_memory(err);
    printf("%s\n", text);
    cJSON_free(text);
    return true;
}
