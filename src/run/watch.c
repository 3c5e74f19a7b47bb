/* watch.c - see watch.h for the contract. */
#include "spillway/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "spillway/macros.h"

static const uint32_t interest = IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE |
                                 IN_DELETE | IN_DELETE_SELF | IN_MODIFY |
                                 IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF;

int watch_open(void)
{
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

/* Watching a directory again changes nothing. */
static void watch_directory_of(int fd, const char *path)
{
    const char *slash = strrchr(path, '/');
    auto_free char *directory = NULL;

    if (!slash)
        directory = strdup(".");
    else
        directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (directory)
        (void)inotify_add_watch(fd, directory, interest | IN_ONLYDIR);
}

void watch_path(int fd, const char *path)
{
    auto_free char *target = NULL;

    if (fd < 0)
        return;
    watch_directory_of(fd, path);
    (void)inotify_add_watch(fd, path, interest | IN_ONLYDIR);
    target = realpath(path, NULL);
    if (target)
        watch_directory_of(fd, target);
}

void watch_clear(int fd)
{
    char events[4096]
        __attribute__((aligned(__alignof__(struct inotify_event))));

    if (fd < 0)
        return;
    while (read(fd, events, sizeof(events)) > 0)
        ;
}
