/* log.c - see log.h for the contract. */
#include "spillway/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static _Atomic(enum log_level) shown = LOG_LEVEL_INFO;
static _Atomic(bool) as_json = false;

/* Lines not written because stderr was full; under the lock. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long dropped;

void log_configure(const char *level, const char *format)
{
    for (size_t i = 0; i < array_len(level_names); i++) {
        if (strcmp(level, level_names[i]) == 0)
            atomic_store(&shown, (enum log_level)i);
    }
    if (strcmp(format, "json") == 0 || strcmp(format, "text") == 0)
        atomic_store(&as_json, *format == 'j');
}

const char *log_step(int step)
{
    int level = (int)atomic_load(&shown) + step;

    if (level >= LOG_LEVEL_ERROR && level <= LOG_LEVEL_DEBUG)
        atomic_store(&shown, (enum log_level)level);
    return level_names[atomic_load(&shown)];
}

bool log_shows(enum log_level level)
{
    return level <= atomic_load_explicit(&shown, memory_order_relaxed);
}

bool log_is_json(void)
{
    return atomic_load_explicit(&as_json, memory_order_relaxed);
}

static void add_time(struct buf *out, const struct timespec *time)
{
    struct tm utc = { 0 };
    char text[32];

    (void)gmtime_r(&time->tv_sec, &utc);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(out, "%s.%03ldZ", text, time->tv_nsec / 1000000);
}

/* True when a value can stand in a text line as it is. */
static bool is_plain(struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];

        if (c <= ' ' || c > '~' || strchr("\"'\\=`", c))
            return false;
    }
    return value.len > 0;
}

static void add_value(struct buf *out, bool json, const struct log_field *field)
{
    struct text value = text_clip(field->text, LOG_VALUE_MAX);

    if (field->is_number)
        buf_printf(out, "%llu", field->number);
    else if (!json && is_plain(value))
        buf_add_text(out, value);
    else
        json_write_string(out, value);
}

void log_format(struct buf *out, bool json, const struct timespec *time,
                enum log_level level, const char *message,
                const struct log_field *fields, size_t count)
{
    if (json)
        buf_add_string(out, "{\"time\":\"");
    add_time(out, time);
    if (json) {
        buf_printf(out, "\",\"level\":\"%s\",\"msg\":", level_names[level]);
        json_write_string(out, text_of(message));
    } else {
        buf_printf(out, " %s %s", level_names[level], message);
    }
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, json ? ",\"%s\":" : " %s=", fields[i].key);
        add_value(out, json, &fields[i]);
    }
    buf_add_string(out, json ? "}\n" : "\n");
}

/* A reader that has gone to sleep must not stop the service: what does not fit
 * is dropped and counted.  A pipe that can be written to takes PIPE_BUF bytes
 * at once, which is more than a line has. */
static bool can_write(void)
{
    struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

    return poll(&fd, 1, 0) != 0;
}

/* Under `writing`, so that nobody fills the pipe in between. */
static void write_line(struct text line)
{
    while (line.len > 0) {
        ssize_t n = write(STDERR_FILENO, line.data, line.len);

        if (n < 0 && errno != EINTR)
            return;
        if (n > 0)
            line = (struct text){ line.data + n, line.len - (size_t)n };
    }
}

void log_write(enum log_level level, const char *message,
               const struct log_field *fields, size_t count)
{
    auto_buf struct buf line = { 0 };
    struct timespec now;

    if (!log_shows(level))
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)pthread_mutex_lock(&writing);
    if (!can_write()) {
        dropped++;
    } else {
        if (dropped > 0)
            log_format(&line, log_is_json(), &now, LOG_LEVEL_WARN,
                       "dropped log lines that nobody read",
                       (struct log_field[]){ log_number("lines", dropped) }, 1);
        log_format(&line, log_is_json(), &now, level, message, fields, count);
        dropped = 0;
        if (!line.failed)
            write_line(buf_text(&line));
    }
    (void)pthread_mutex_unlock(&writing);
}
