/*
 * names.h - the syntax of Kubernetes names (k8s.io/apimachinery validation).
 */
#ifndef SPILLWAY_NAMES_H
#define SPILLWAY_NAMES_H

#include <stdbool.h>

#include "spillway/text.h"

/* RFC 1123 label: at most 63 of [a-z0-9-], alphanumeric at both ends. */
bool names_is_dns_label(struct text name);

/* RFC 1123 subdomain: at most 253, labels joined by dots. */
bool names_is_dns_subdomain(struct text name);

/* A label or annotation key: an optional subdomain and '/', then at most 63 of
 * [A-Za-z0-9_.-], alphanumeric at both ends. */
bool names_is_label_key(struct text key);

/* A label value: empty, or at most 63 as in the name part of a key. */
bool names_is_label_value(struct text value);

/*
 * The one of `count` names that `word` was most likely meant to be; NULL when
 * none is close enough.
 */
const char *names_suggest(struct text word, const char *const *names,
                          size_t count);

#endif
