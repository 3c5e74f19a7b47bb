/* version.h - what this build calls itself; the one place where it stands. */
#ifndef SPILLWAY_VERSION_H
#define SPILLWAY_VERSION_H

#define SPILLWAY_VERSION "0.1.0"

#endif
