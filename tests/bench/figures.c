/* figures.c - see figures.h for the contract. */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "spillway/buf.h"
#include "spillway/file.h"

void series_add(struct series *series, double value)
{
    if (series->count < MAX_VALUES)
        series->values[series->count++] = value;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The value below which that share of them lies. */
static double quantile(const struct series *series, double share)
{
    struct series sorted = *series;
    double at = share * (double)(series->count - 1);
    size_t low = (size_t)at;

    if (series->count == 0)
        return 0;
    qsort(sorted.values, sorted.count, sizeof(double), compare);
    if (low + 1 >= series->count)
        return sorted.values[series->count - 1];
    return sorted.values[low] +
           (at - (double)low) * (sorted.values[low + 1] - sorted.values[low]);
}

double series_median(const struct series *series)
{
    return quantile(series, 0.5);
}

static void remove_figure(cJSON *list, const char *name)
{
    int i = 0;
    cJSON *figure;

    cJSON_ArrayForEach(figure, list)
    {
        if (strcmp(figure_text(figure, "name"), name) == 0) {
            cJSON_DeleteItemFromArray(list, i);
            return;
        }
        i++;
    }
}

cJSON *figures_add(cJSON *document, const char *name, const char *unit,
                   enum better better, const struct series *series)
{
    static const char *const words[] = { "lower", "higher", "none" };
    cJSON *list = cJSON_GetObjectItem(document, "figures");
    cJSON *figure = cJSON_CreateObject();

    if (!list)
        list = cJSON_AddArrayToObject(document, "figures");
    remove_figure(list, name);
    (void)cJSON_AddStringToObject(figure, "name", name);
    (void)cJSON_AddStringToObject(figure, "unit", unit);
    (void)cJSON_AddStringToObject(figure, "better", words[better]);
    (void)cJSON_AddNumberToObject(figure, "median", series_median(series));
    (void)cJSON_AddNumberToObject(figure, "low", quantile(series, 0.25));
    (void)cJSON_AddNumberToObject(figure, "high", quantile(series, 0.75));
    (void)cJSON_AddItemToObject(
        figure, "values",
        cJSON_CreateDoubleArray(series->values, (int)series->count));
    (void)cJSON_AddItemToArray(list, figure);
    return figure;
}

void figures_add_target(cJSON *document, const char *name, const char *unit,
                        enum better better, const struct series *series,
                        double target)
{
    (void)cJSON_AddNumberToObject(
        figures_add(document, name, unit, better, series), "target", target);
}

const cJSON *figures_find(const cJSON *document, const char *name)
{
    const cJSON *figure;

    cJSON_ArrayForEach(figure, cJSON_GetObjectItem(document, "figures"))
    {
        if (strcmp(figure_text(figure, "name"), name) == 0)
            return figure;
    }
    return NULL;
}

double figure_number(const cJSON *figure, const char *member)
{
    const cJSON *number = cJSON_GetObjectItem(figure, member);

    return cJSON_IsNumber(number) ? number->valuedouble : 0;
}

const char *figure_text(const cJSON *figure, const char *member)
{
    const cJSON *text = cJSON_GetObjectItem(figure, member);

    return cJSON_IsString(text) ? text->valuestring : "";
}

cJSON *figures_read(const char *path)
{
    auto_buf struct buf bytes = { 0 };
    struct error err = { 0 };
    cJSON *document;

    if (!file_read(path, SIZE_MAX, &bytes, &err))
        die("%s", err.text);
    document = cJSON_ParseWithLength(bytes.data, bytes.len);
    if (!cJSON_GetObjectItem(document, "figures"))
        die("%s: not a document of figures", path);
    return document;
}

void figures_write(const cJSON *document, const char *path)
{
    char *text = cJSON_Print(document);
    FILE *file = fopen(path, "w");

    if (!text || !file || fprintf(file, "%s\n", text) < 0 || fclose(file) != 0)
        die("%s cannot be written", path);
    cJSON_free(text);
}
