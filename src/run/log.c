/* log.c - see log.h for the contract. */
#include "spillway/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
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
static struct buf line; /* its memory is used again */

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

/* As RFC 3339 has it.  What takes time is done once a second. */
static void add_time(struct buf *out, const struct timespec *time)
{
    static _Thread_local time_t second = -1;
    static _Thread_local char text[32];
    unsigned ms = (unsigned)(time->tv_nsec / 1000000);
    struct tm utc = { 0 };

    if (time->tv_sec != second) {
        second = time->tv_sec;
        (void)gmtime_r(&time->tv_sec, &utc);
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &utc);
    }
    buf_add_string(out, text);
    buf_add_char(out, (char)('0' + ms / 100));
    buf_add_char(out, (char)('0' + ms / 10 % 10));
    buf_add_char(out, (char)('0' + ms % 10));
    buf_add_char(out, 'Z');
}

/* True when a value can stand in a text line as it is. */
static bool is_plain(struct text value)
{
    static const bool special[256] = {
        [0 ... ' '] = true, ['"'] = true, ['\''] = true,          ['\\'] = true,
        ['='] = true,       ['`'] = true, [0x7F ... 0xFF] = true,
    };

    for (size_t i = 0; i < value.len; i++) {
        if (special[(unsigned char)value.data[i]])
            return false;
    }
    return value.len > 0;
}

static void add_value(struct buf *out, bool json, const struct log_field *field)
{
    struct text value = text_clip(field->text, LOG_VALUE_MAX);

    if (field->is_number)
        buf_add_number(out, field->number);
    else if (!json && is_plain(value))
        buf_add_text(out, value);
    else
        json_write_string(out, value);
}

void log_format(struct buf *out, bool json, const struct timespec *time,
                enum log_level level, const char *message,
                const struct log_field *fields, size_t count)
{
    buf_add_string(out, json ? "{\"time\":\"" : "");
    add_time(out, time);
    buf_add_string(out, json ? "\",\"level\":\"" : " ");
    buf_add_string(out, level_names[level]);
    buf_add_string(out, json ? "\",\"msg\":" : " ");
    if (json)
        json_write_string(out, text_of(message));
    else
        buf_add_string(out, message);
    for (size_t i = 0; i < count; i++) {
        buf_add_string(out, json ? ",\"" : " ");
        buf_add_string(out, fields[i].key);
        buf_add_string(out, json ? "\":" : "=");
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
    static bool is_known, is_file;
    struct stat status;

    if (!is_known) {
        is_file = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
        is_known = true;
    }
    return is_file || poll(&fd, 1, 0) != 0; /* a file takes what it gets */
}

/* Under `writing`, so that nobody fills the pipe in between. */
static void write_out(struct text text)
{
    while (text.len > 0) {
        ssize_t n = write(STDERR_FILENO, text.data, text.len);

        if (n < 0 && errno != EINTR)
            return;
        if (n > 0)
            text = (struct text){ text.data + n, text.len - (size_t)n };
    }
}

void log_write(enum log_level level, const char *message,
               const struct log_field *fields, size_t count)
{
    struct timespec now;

    if (!log_shows(level))
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)pthread_mutex_lock(&writing);
    buf_clear(&line);
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
            write_out(buf_text(&line));
    }
    (void)pthread_mutex_unlock(&writing);
}
