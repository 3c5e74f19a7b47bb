/*
 * xml.h - text from outside, in XML 1.0.
 */
#ifndef SPILLWAY_XML_H
#define SPILLWAY_XML_H

#include "spillway/text.h"

struct buf;

/*
 * Append a text so that it can stand in an attribute in double quotes or
 * between tags, and is read back as it was, tabs and line ends too.  What XML
 * 1.0 has no way to write (other control characters, U+FFFE, U+FFFF, bytes that
 * are not UTF-8) becomes U+FFFD.
 */
void xml_add(struct buf *out, struct text text);

#endif
