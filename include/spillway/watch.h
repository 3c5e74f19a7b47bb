/*
 * watch.h - to be told at once when files change, where the kernel can.
 *
 * A hint and no more: events are lost when the queue is full, do not come from
 * network file systems, and a machine can run out of watches.  Who must know
 * looks for himself from time to time.
 */
#ifndef SPILLWAY_WATCH_H
#define SPILLWAY_WATCH_H

/* An inotify(7) descriptor, which becomes readable when something changes;
 * the caller closes it.  -1 when there is none to be had. */
int watch_open(void);

/*
 * Watch a file or directory, and where it is kept, so that a change is seen
 * whether it is rewritten, replaced by a rename, or reached through a symbolic
 * link that is (as the `..data` of a mounted Secret).  To be called again after
 * each change, since the file may be another by then.
 */
void watch_path(int fd, const char *path);

/* Forget what has been told until now. */
void watch_clear(int fd);

#endif
