/* harness.h - cmocka with the headers that it forgets to include (before 2.0).
 */
#ifndef SPILLWAY_TESTS_HARNESS_H
#define SPILLWAY_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
