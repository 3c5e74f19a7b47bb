/*
 * signals.h - signals as events: blocked in every thread, read from a
 * descriptor by one.
 */
#ifndef SPILLWAY_SIGNALS_H
#define SPILLWAY_SIGNALS_H

#include "spillway/error.h"
#include "spillway/macros.h"

/*
 * Block SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 in the caller, which must
 * be the only thread, and return a signalfd(2) that tells of them; the caller
 * closes it.  -1 with *err SYSTEM.
 */
int signals_open(struct error *err) must_check;

/* The number of the next signal, or 0 when there is none. */
int signals_read(int fd);

#endif
