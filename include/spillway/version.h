/* version.h - what this build calls itself. */
#ifndef SPILLWAY_VERSION_H
#define SPILLWAY_VERSION_H

#ifndef SPILLWAY_VERSION
#define SPILLWAY_VERSION "0.1.0"
#endif

#endif
