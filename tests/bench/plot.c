/* plot.c - see plot.h for the contract. */
#include "plot.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "process.h"
#include "spillway/macros.h"

enum {
    WIDTH = 720,
    HEIGHT = 400,
    LEFT = 80,
    RIGHT = 110,
    TOP = 44,
    BOTTOM = 56,
    MOST = 16, /* points of a curve */
};

struct axis {
    const char *title;
    double from, to;
    bool is_log;
};

struct curve {
    const char *name, *colour;
    double x[MOST], y[MOST];
    size_t count;
};

static double place(const struct axis *axis, double value)
{
    return axis->is_log ? log(value / axis->from) / log(axis->to / axis->from)
                        : (value - axis->from) / (axis->to - axis->from);
}

static double x_of(const struct axis *axis, double value)
{
    return LEFT + place(axis, value) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axis *axis, double value)
{
    return HEIGHT - BOTTOM - place(axis, value) * (HEIGHT - TOP - BOTTOM);
}

/* 1500 as 1.5k. */
static void print_short(double value)
{
    if (value >= 1e6)
        printf("%gM", value / 1e6);
    else if (value >= 1e3)
        printf("%gk", value / 1e3);
    else
        printf("%g", value);
}

/* The next place for a line: powers of ten, or round steps. */
static double next_tick(const struct axis *axis, double value)
{
    double step = pow(10, floor(log10(axis->to - axis->from)));

    if (axis->is_log)
        return value * 10;
    if ((axis->to - axis->from) / step < 3)
        step /= 2;
    return value + step;
}

static double first_tick(const struct axis *axis)
{
    return axis->is_log ? pow(10, ceil(log10(axis->from) - 1e-9)) : axis->from;
}

static void draw_axes(const char *title, const struct axis *x,
                      const struct axis *y)
{
    printf("<text x=\"%d\" y=\"24\" class=\"title\">%s</text>\n", LEFT, title);
    for (double v = first_tick(y); v <= y->to * 1.0001; v = next_tick(y, v)) {
        printf("<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" "
               "class=\"grid\"/><text x=\"%d\" y=\"%.1f\" "
               "text-anchor=\"end\">",
               LEFT, WIDTH - RIGHT, y_of(y, v), y_of(y, v), LEFT - 8,
               y_of(y, v) + 4);
        print_short(v);
        printf("</text>\n");
    }
    for (double v = first_tick(x); v <= x->to * 1.0001; v = next_tick(x, v)) {
        printf("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" "
               "class=\"grid\"/><text x=\"%.1f\" y=\"%d\" "
               "text-anchor=\"middle\">",
               x_of(x, v), x_of(x, v), TOP, HEIGHT - BOTTOM, x_of(x, v),
               HEIGHT - BOTTOM + 18);
        print_short(v);
        printf("</text>\n");
    }
    printf("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
           (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x->title);
    printf("<text transform=\"translate(20 %d) rotate(-90)\" "
           "text-anchor=\"middle\">%s</text>\n",
           (TOP + HEIGHT - BOTTOM) / 2, y->title);
}

static void draw_curve(const struct curve *curve, const struct axis *x,
                       const struct axis *y)
{
    size_t last = curve->count - 1;

    printf("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
           "points=\"",
           curve->colour);
    for (size_t i = 0; i < curve->count; i++)
        printf("%.1f,%.1f ", x_of(x, curve->x[i]), y_of(y, curve->y[i]));
    printf("\"/>\n");
    for (size_t i = 0; i < curve->count; i++)
        printf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
               x_of(x, curve->x[i]), y_of(y, curve->y[i]), curve->colour);
    printf("<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n",
           x_of(x, curve->x[last]) + 10, y_of(y, curve->y[last]) + 4,
           curve->colour, curve->name);
}

static int draw(const char *title, const struct axis *x, const struct axis *y,
                const struct curve *curves, size_t count)
{
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
           "font-family=\"sans-serif\" font-size=\"13\" fill=\"#777\">\n"
           "<style>.grid{stroke:#8884}.title{font-size:15px;"
           "font-weight:bold}</style>\n",
           WIDTH, HEIGHT);
    draw_axes(title, x, y);
    for (size_t i = 0; i < count; i++) {
        if (curves[i].count > 0)
            draw_curve(&curves[i], x, y);
    }
    printf("</svg>\n");
    return 0;
}

/* FAMILY/NUMBER/LAST, in the order of the document. */
static void collect(const cJSON *document, const char *family, const char *last,
                    double factor, struct curve *curve)
{
    const cJSON *figure;

    cJSON_ArrayForEach(figure, cJSON_GetObjectItem(document, "figures"))
    {
        const char *name = figure_text(figure, "name");
        size_t len = strlen(family);
        char *end;
        double x;

        if (strncmp(name, family, len) != 0 || curve->count == MOST)
            continue;
        x = strtod(name + len, &end);
        if (end == name + len || strcmp(end, last) != 0)
            continue;
        curve->x[curve->count] = x;
        curve->y[curve->count++] = figure_number(figure, "median") * factor;
    }
}

static double largest(const struct curve *curves, size_t count, bool of_y)
{
    double most = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < curves[i].count; j++) {
            double value = of_y ? curves[i].y[j] : curves[i].x[j];

            most = value > most ? value : most;
        }
    }
    return most;
}

int plot_latency(const cJSON *document)
{
    struct curve curves[2] = { { .name = "p50", .colour = "#2a7ab8" },
                               { .name = "p99", .colour = "#c2571a" } };
    struct curve rates = { 0 };
    struct axis x = { "requests a second, 100 connections", 0, 0, false };
    struct axis y = { "microseconds until the answer", 10, 0, true };

    collect(document, "latency/", "/rate", 1, &rates);
    collect(document, "latency/", "/p50", 1, &curves[0]);
    collect(document, "latency/", "/p99", 1, &curves[1]);
    if (rates.count == 0 || rates.count != curves[0].count)
        die("there are no latencies in that file");
    for (size_t i = 0; i < rates.count; i++)
        curves[0].x[i] = curves[1].x[i] = rates.y[i];
    x.to = largest(&rates, 1, true) * 1.02;
    y.to = pow(10, ceil(log10(largest(curves, 2, true))));
    return draw("Latency against rate, one thread", &x, &y, curves, 2);
}

int plot_size(const cJSON *document)
{
    struct curve curves[2] = { { .name = "decision", .colour = "#2a7ab8" },
                               { .name = "request", .colour = "#c2571a" } };
    struct axis x = { "bytes of the review", 1e4, 0, true };
    struct axis y = { "microseconds", 1, 0, true };

    collect(document, "engine/size/", "/ns", 1e-3, &curves[0]);
    collect(document, "size/", "/cpu", 1, &curves[1]);
    if (curves[0].count == 0)
        die("there are no sizes in that file");
    x.to = pow(10, ceil(log10(largest(curves, 2, false))));
    y.to = pow(10, ceil(log10(largest(curves, 2, true))));
    return draw("Processor time against size, of a decision and a request", &x,
                &y, curves, 2);
}
