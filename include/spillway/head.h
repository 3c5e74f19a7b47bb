/*
 * head.h - the head of a request, read out of libmicrohttpd.
 */
#ifndef SPILLWAY_HEAD_H
#define SPILLWAY_HEAD_H

#include <microhttpd.h>

#include "spillway/refusal.h"

/* Fill in what the headers say.  Method, path and version are the caller's to
 * set; texts are borrowed from the connection, for as long as the request. */
void head_read(struct MHD_Connection *connection, struct request_head *head);

#endif
